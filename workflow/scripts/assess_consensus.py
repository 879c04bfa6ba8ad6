"""Assess the consensus of the panel on every statement and round, and make its feedback for the next one."""

from piloteval.job import job

with job(snakemake) as this:
    from piloteval.intake.sheet import from_params
    from piloteval.measures import delphi
    from piloteval.report import feedback

    settings = {**this.values("consensus", "confidence", "settings", "invited"), "about": this.params.about}
    floor = this.params.tiers["internal_floor"]
    made = delphi.run(from_params(this.params.sources), this.files("statements"), floor=floor, **settings)
    sheets = made.pop("sheets")
    this.write(**made, feedback=feedback.combined(sheets), comments_page=feedback.overview(sheets))
