"""Map who speaks of what, what is said together and when nothing new came; lay codes beside the transcripts."""

from piloteval.job import job

with job(snakemake) as this:
    from piloteval.qualitative import overview
    from piloteval.report.coded_page import coded_page

    read = {name: this.read(name) for name in ("suggestions", "segments")}
    more = {**this.paths("sites", "codebook"), "confidence": this.params.confidence}
    floor, about = this.params.tiers["internal_floor"], this.params.about
    book, found = overview.run(**read, **more, interviewees=this.read("interviewees"), floor=floor)
    lay = {"codebook": book, **{name: this.read(name) for name in ("codings", "final")}}
    lay |= {name: about[name] for name in ("title", "banner")}
    this.write(**found, page=coded_page(this.read("texts"), **read, **lay))
