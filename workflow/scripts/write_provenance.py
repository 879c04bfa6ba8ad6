"""Record where the results come from, and check that every row read is accounted for."""

from piloteval.job import job

with job(snakemake) as this:
    from piloteval import provenance

    result = provenance.record(
        this.read_all("ledgers"),
        this.read("rows"),
        **this.paths("results", "catalogues", "program"),
        **this.values("rules", "config", "pins"),
    )
    this.write(**result)
