"""Estimate the reliability of every scale in every wave."""

from piloteval.job import job

with job(snakemake) as this:
    from piloteval.config import read_instruments
    from piloteval.measures import scales

    instruments = read_instruments(this.files("instruments"))
    table, items = scales.estimate(this.read("responses"), instruments, **this.values("waves", "confidence", "min_n"))
    this.write(scales=table, item_statistics=items)
