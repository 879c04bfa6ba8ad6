"""Prepare the transcripts of interviews that may be heard: names out, sentences in."""

from piloteval.job import job

with job(snakemake) as this:
    from piloteval.intake.sheet import from_params
    from piloteval.qualitative import segments

    raw, known = from_params(this.params.sources), this.values("settings", "models", "banner")
    this.write(**segments.run(raw, this.read("interviewees"), this.files("sites"), **known))
