"""Decide the level of every institution by the rule of the study, and show what the decision hangs on."""

from piloteval.job import job

with job(snakemake) as this:
    from piloteval.measures import certificates

    tables = {name: this.read(name) for name in ("audits", "applications")}
    files = this.paths("sites", "standards", "levels")
    this.write(**certificates.decide(**tables, **files, decided_on=this.params.decided_on))
