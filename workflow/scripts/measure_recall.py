"""Measure on the labels of a person how much of what identifies people was replaced."""

from piloteval.job import job

with job(snakemake) as this:
    from piloteval.qualitative import recall

    this.write(recall=recall.measure_recall(this.read("labelled"), this.params.confidence))
