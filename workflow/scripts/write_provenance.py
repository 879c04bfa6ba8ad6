"""Record where the results come from, and check that every row read is accounted for."""

from piloteval.job import job

with job(snakemake) as this:
    from piloteval import provenance

    accounting = provenance.accounting(list(this.read_all("ledgers").values()), this.read("files"))
    this.write(
        manifest=provenance.manifest(this.files("results"), this.params.rules),
        software=provenance.software(),
        study=provenance.study_facts(this.params.config, this.files("catalogues"), this.files("code"), this.params.pins),
        accounting=accounting,
        released=accounting,
    )
