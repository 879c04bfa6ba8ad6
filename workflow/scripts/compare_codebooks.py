"""Tell what a new version of the codebook changes, and in how many sentences."""

from piloteval.job import job

with job(snakemake) as this:
    from piloteval.qualitative import coding
    from piloteval.qualitative.codebook import read_codebook

    old, new = (read_codebook(this.files(name)[0]) for name in ("former", "codebook"))
    this.write(changes=coding.compare_codebooks(old, new, this.read("segments")).assign(note=""))
