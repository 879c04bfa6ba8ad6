"""Compare two waves in every outcome."""

from piloteval.job import job

with job(snakemake) as this:
    from piloteval.config import read_instruments, scales_of
    from piloteval.measures import change

    scales = scales_of(read_instruments(this.files("instruments")))
    settings = this.values("outcomes", "comparison", "confidence", "min_n", "registered")
    this.write(**change.compare(this.read("scores"), scales, **settings))
