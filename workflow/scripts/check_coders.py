"""Check the codings of people against the text and estimate their agreement."""

from piloteval.job import job

with job(snakemake) as this:
    from piloteval.intake.sheet import from_params
    from piloteval.qualitative import coders

    names = ("interviewees", "texts", "replacements", "segments", "suggestions", "machines")
    tables = (this.read(name) for name in names)
    settings = this.values("settings", "confidence", "final_codes")
    settings["floor"] = this.params.tiers["internal_floor"]
    this.write(**coders.run(from_params(this.params.sources), *tables, this.files("codebook")[0], **settings))
