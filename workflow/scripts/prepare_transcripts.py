"""Prepare the transcripts of interviews that may be heard."""

from piloteval.job import job

with job(snakemake) as this:
    from piloteval.intake.sheet import from_params
    from piloteval.qualitative import segments

    this.write(**segments.run(from_params(this.params.sources), this.read("interviewees"), this.params.settings))
