"""Draw the figures of every tier that somebody reads."""

from piloteval.job import job

with job(snakemake) as this:
    from piloteval.report import figures

    tables = this.read_all("tables")
    for tier, drawn in this.params.figures.items():
        alt = figures.draw_all(tier, drawn, tables, this.params.labels, this.target, this.threads)
        this.write_to(f"results/{tier}/figures/alt.csv", alt)
