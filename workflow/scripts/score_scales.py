"""Score the questionnaires of admitted participants."""

from piloteval.job import job

with job(snakemake) as this:
    from piloteval.intake.sheet import from_params
    from piloteval.measures import scoring

    people = this.read("pseudonyms"), this.read("participants")
    result = scoring.run(
        from_params(this.params.sources), this.files("instruments"), *people, **this.values("registered", "settings")
    )
    this.write(**result)
