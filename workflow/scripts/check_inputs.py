"""Check all inputs and tell every problem at once."""

from piloteval.job import job

with job(snakemake) as this:
    from piloteval.intake import check, sheet
    from piloteval.qualitative.codebook import code_names

    result = check.run(
        sheet.read_sheet(this.input.sheet),
        code_names(this.files("codebook")),
        **this.paths("sheet", "sites", "instruments", "standards", "statements"),
        **this.values("pins", "found", "cohorts", "outcomes", "settings"),
    )
    this.write(**result)
