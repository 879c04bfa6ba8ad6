"""Describe who took part and how the scores are distributed."""

from piloteval.job import job

with job(snakemake) as this:
    from piloteval.measures import sample

    people = [this.read(name) for name in ("screening", "participants", "scores", "interviewees")]
    known = this.paths("sites", "instruments") | this.values("waves", "countries", "registered")
    this.write(**sample.run(*people, **known, floor=this.params.tiers["internal_floor"]))
