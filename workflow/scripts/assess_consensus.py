"""Assess the consensus of the panel on every statement and round."""

from piloteval.job import job

with job(snakemake) as this:
    from piloteval.intake.sheet import from_params
    from piloteval.measures import delphi

    settings = this.values("consensus", "confidence", "settings")
    this.write(**delphi.run(from_params(this.params.sources), this.files("statements"), **settings))
