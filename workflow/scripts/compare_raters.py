"""Compare the auditors, and the people who rated the standards."""

from piloteval.job import job

with job(snakemake) as this:
    from piloteval.measures import raters

    this.write(
        raters=raters.compare(
            this.read("audits"),
            this.read("ratings"),
            floor=this.params.tiers["internal_floor"],
            **this.values("rating_range", "confidence", "draws"),
        )
    )
