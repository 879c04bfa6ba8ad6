"""Suggest codes for sentences by the cues of the codebook."""

from piloteval.job import job

with job(snakemake) as this:
    from piloteval.qualitative import coding
    from piloteval.qualitative.codebook import read_codebook

    this.write(suggestions=coding.suggest(this.read("segments"), read_codebook(this.files("codebook")[0])))
