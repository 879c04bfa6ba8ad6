"""Choose the quotes of every theme among those that people have approved."""

from piloteval.job import job

with job(snakemake) as this:
    from piloteval.intake.sheet import from_params
    from piloteval.qualitative import quotes

    names = ("texts", "segments", "suggestions", "counted", "interviewees")
    tables = {name: this.read(name) for name in names} | {"codebook": this.files("codebook")[0]}
    values = this.values("settings", "roles") | {"floor": this.params.tiers["internal_floor"]}
    this.write(**quotes.run(from_params(this.params.sources), **tables, **values))
