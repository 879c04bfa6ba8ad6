"""Consensus of panels beside R and published examples."""

from __future__ import annotations

from piloteval.measures import consensus

from families.registry import family

IPRAS_FIELDS = {
    "p30": "p30",
    "p70": "p70",
    "IPR": "ipr",
    "IPRCP": "central_point",
    "AI": "asymmetry",
    "IPRAS": "ipras",
    "DI": "index",
    "disagree": "disagreement",
}


@family(r"ipras\.\w+?\.(?:(type[67])\.)?(p30|p70|IPR|IPRCP|AI|IPRAS|DI|disagree|median)")
def rand_ucla(match, row, data):
    # '7x5' stands for five ratings of 7.
    counted = [(rating if "x" in rating else f"{rating}x1").split("x") for rating in row.dataset.split(":")[-1].split()]
    ratings = [int(rating) for rating, count in counted for _ in range(int(count))]
    if match[2] == "median":
        return consensus.median(ratings).estimate
    rule = "weibull" if match[1] == "type6" else consensus.PERCENTILE_RULE
    return getattr(consensus.ipras_disagreement(ratings, rule), IPRAS_FIELDS[match[2]])


@family(r"kendall_W\.(anxiety|video)\.ties\.(W|chi2|p)")
def concordance(match, row, data):
    raters = data.frame(f"irr_{match[1]}.csv").T
    if match[2] == "W":
        return consensus.kendall_w(raters).estimate
    return getattr(consensus.concordance_test(raters), match[2])


@family(r"friedman\.sleepstudy\.(chi2|df|p)")
def friedman(match, row, data):
    days = data.frame("sleepstudy.csv").pivot(index="Subject", columns="Days", values="Reaction")
    return getattr(consensus.concordance_test(days), match[1])
