"""Map who speaks of what, what is said together and when nothing new came; lay codes beside the transcripts."""

from piloteval.job import job

with job(snakemake) as this:
    from piloteval.qualitative import overview
    from piloteval.qualitative.codebook import read_codebook
    from piloteval.report.coded_page import coded_page

    book = read_codebook(this.files("codebook")[0])
    read = {name: this.read(name) for name in ("suggestions", "segments")}
    settings = {"confidence": this.params.confidence, "floor": this.params.tiers["internal_floor"]}
    found = overview.run(
        **read, **settings, **this.paths("sites"), codebook=book, interviewees=this.read("interviewees")
    )
    about = {name: this.params.about[name] for name in ("title", "banner")}
    this.write(
        **found, page=coded_page(this.read("texts"), codebook=book, codings=this.read("codings"), **read, **about)
    )
