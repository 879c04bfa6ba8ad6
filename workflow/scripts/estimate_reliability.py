"""Estimate the reliability of every scale in every wave."""

from piloteval.job import job

with job(snakemake) as this:
    from piloteval.config import read_instruments
    from piloteval.measures import scales

    found = scales.estimate(
        this.read("responses"),
        read_instruments(this.files("instruments")),
        floor=this.params.tiers["internal_floor"],
        **this.values("waves", "settings", "confidence", "min_n"),
    )
    this.write(**found)
