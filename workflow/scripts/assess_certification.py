"""Assess what audits, ratings and indicators say about the certification."""

from piloteval.job import job

with job(snakemake) as this:
    from piloteval.intake.sheet import from_params
    from piloteval.measures import certification

    result = certification.run(
        from_params(this.params.sources),
        **this.paths("sites", "standards"),
        **this.values("agree_from", "bars", "draws", "confidence", "settings"),
        floor=this.params.tiers["internal_floor"],
    )
    this.write(**result)
