"""Profile the competences of peer supporters, and say what is known of their training."""

from piloteval.job import job

with job(snakemake) as this:
    from piloteval.measures import competences

    tables = {name: this.read(name) for name in ("scores", "responses")}
    files = this.paths("standards", "instruments", "sites")
    settings = this.values("sources", "evaluation", "comparison", "waves", "registered", "confidence")
    this.write(**competences.run(**tables, **files, **settings, floor=this.params.tiers["internal_floor"]))
