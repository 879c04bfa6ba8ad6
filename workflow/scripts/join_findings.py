"""Join measured change and themes in the joint display."""

from piloteval.job import job

with job(snakemake) as this:
    from piloteval.synthesis import joint

    this.write(display=joint.display(this.params.constructs, this.read("outcomes"), this.read("themes")))
