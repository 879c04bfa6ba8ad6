"""Admit participants and interviews: consent, eligibility, withdrawals, pseudonyms."""

from piloteval.job import job

with job(snakemake) as this:
    from piloteval import people
    from piloteval.intake.sheet import from_params

    result = people.run(
        from_params(this.params.sources),
        **this.paths("sites", "instruments", "key"),
        **this.values("cohorts", "criteria", "settings"),
    )
    this.write(**result)
