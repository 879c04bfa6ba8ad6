"""Pilot evaluation: from raw pilot data to reliability, change, certification, themes and the report.

The way through the package is one-way, and a test enforces it::

    intake -> people -> measures -> qualitative -> synthesis -> release -> report

Shared ground, open to every room: ``errors``, ``statistic``, ``tables``, ``tiers``, ``config``.
``job`` is the only module that knows Snakemake; ``plan`` answers the questions a Snakefile asks while it is read.
"""
