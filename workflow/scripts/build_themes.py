"""Count interviews and sentences by code, theme and cohort."""

from piloteval.job import job

with job(snakemake) as this:
    from piloteval.qualitative import themes
    from piloteval.qualitative.codebook import read_codebook

    codebook = read_codebook(this.files("codebook")[0])
    said = this.read("suggestions")
    codes, matrix = themes.build(said[said["negated"] != "yes"], this.read("segments"), codebook)
    this.write(codes=codes, themes=matrix)
