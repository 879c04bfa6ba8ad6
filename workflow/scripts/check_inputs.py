"""Check all inputs and tell every problem at once."""

from piloteval.job import job

with job(snakemake) as this:
    from piloteval.intake import check, sheet
    from piloteval.qualitative.codebook import code_names

    raw, codes = sheet.read_sheet(this.input.sheet), code_names(this.files("codebook"))
    files = this.paths("sheet", "sites", "instruments", "standards", "statements", "received")
    values = this.values("pins", "found", "cohorts", "outcomes", "settings", "criteria", "about")
    tables, page, problems = check.run(raw, codes, **files, **values, floor=this.params.tiers["internal_floor"])
    this.keep_when_stopped("problems", "page", "values")
    this.write(**tables, page=page)
    check.stop(problems)
