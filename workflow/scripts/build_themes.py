"""Count interviews by theme and cohort."""

from piloteval.job import job

with job(snakemake) as this:
    from piloteval.qualitative import reconcile, themes
    from piloteval.qualitative.codebook import read_codebook

    codebook, segments = read_codebook(this.files("codebook")[0]), this.read("segments")
    counted = this.read("counted")
    if counted is None:
        counted = reconcile.counted(this.read("suggestions"), None, None, whole=False)
    floor = this.params.tiers["internal_floor"]
    this.write(**themes.build(counted, segments, codebook, this.read("claims"), floor=floor))
