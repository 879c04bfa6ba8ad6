"""Make the tables for the public."""

from piloteval.job import job

with job(snakemake) as this:
    from piloteval.release import publish

    released, withheld = publish.publish(this.read_all("tables"), this.tier("release"))
    for path, table in released.items():
        this.write_to(f"results/{path}", table)
    this.write(withheld=withheld)
