"""Suggest codes for sentences by the cues of the codebook."""

from piloteval.job import job

with job(snakemake) as this:
    from piloteval.qualitative import coding, machines
    from piloteval.qualitative.codebook import read_codebook

    segments, book = this.read("segments"), read_codebook(this.files("codebook")[0])
    extra = machines.suggest(segments, book, this.params.machines)
    this.write(suggestions=coding.suggest(segments, book), machines=extra)
