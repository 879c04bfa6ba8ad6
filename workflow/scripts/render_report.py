"""Render the evaluation report of one tier in one format."""

from piloteval.job import job

with job(snakemake) as this:
    from piloteval.report import build

    build.build(
        this.target(this.output.page),
        this.wildcards.format,
        this.wildcards.tier,
        **this.paths("pages", "tables", "figures", "alt", "instruments"),
        **this.values("facts", "engine"),
    )
