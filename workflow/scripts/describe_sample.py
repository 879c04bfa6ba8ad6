"""Describe who took part and how the scores are distributed."""

from piloteval.job import job

with job(snakemake) as this:
    from piloteval.measures import sample

    people = this.read("screening"), this.read("participants"), this.read("scores")
    result = sample.run(
        *people, **this.paths("sites", "instruments"), **this.values("waves", "countries", "registered")
    )
    this.write(**result)
