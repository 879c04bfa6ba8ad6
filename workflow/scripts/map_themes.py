"""Map who speaks of what, what is said together and when nothing new came; lay codes beside the transcripts."""

from piloteval.job import job

with job(snakemake) as this:
    from piloteval.qualitative import overview
    from piloteval.report.coded_page import coded_page

    names = ("suggestions", "counted", "segments", "interviewees")
    tables = {name: this.read(name) for name in names} | this.paths("sites", "codebook")
    values = {"confidence": this.params.confidence, "floor": this.params.tiers["internal_floor"]}
    book, found = overview.run(**tables, **values)
    lay = {name: this.read(name) for name in ("segments", "codings", "suggestions", "final")} | {"codebook": book}
    lay |= {name: this.params.about[name] for name in ("title", "banner")}
    this.write(**found, page=coded_page(this.read("texts"), **lay))
