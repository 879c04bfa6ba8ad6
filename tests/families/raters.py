"""Conger's kappa, agreement on ordered scales and equality of alphas beside irrCAC, agrmt and cocron."""

from __future__ import annotations

import re

import numpy as np
from piloteval.measures import agreement, reliability

from families.registry import FIVE_DECIMALS, disputed, family


def canonical(data):
    return data.frame("krippendorff_4x12.csv").iloc[:, 1:]


@family(r"conger\.canonical\.(unweighted|linear|quadratic|ordinal)\.(coef|se)", absolute=FIVE_DECIMALS)
def conger(match, row, data):
    weights = None if match[1] == "unweighted" else match[1]
    if match[2] == "coef":
        return agreement.conger_kappa(canonical(data), weights).estimate
    return agreement.agreement_parts(canonical(data), "conger", weights).standard_error


@family(r"kripp_alpha_customary\.canonical\.nominal")
def krippendorff(match, row, data):
    return agreement.krippendorff_alpha(canonical(data), "nominal").estimate


@disputed(
    r"kripp_alpha_customary\.canonical\.nominal",
    "the call does not ask for krippendorffsalpha 2.0's customary method; its default is Hughes's analysis of variance "
    "(arXiv 2210.13265), the intraclass correlation with squared distances in place of squared deviations. irr, the "
    "package krippendorff and the published example give .743 for the same ratings",
)
def hughes(match, row, data):
    counts = (canonical(data).to_numpy()[:, :, None] == np.arange(1, 6)).sum(axis=1)
    ratings = counts.sum(axis=1)  # a unit with one rating counts in the total and as a unit
    n, units = ratings.sum(), len(ratings)
    differing = (ratings**2 - (counts**2).sum(axis=1)) / 2
    paired = ratings > 1
    within = (differing[paired] / (ratings[paired] - 1)).sum() / ratings[paired].sum()
    total = (n**2 - (counts.sum(axis=0) ** 2).sum()) / 2 / n
    between = (total - (n - units) * within) / (units - 1)
    ratings_per_unit = (n - (ratings**2).sum() / n) / (units - 1)
    return (between - within) / (between + (ratings_per_unit - 1) * within)


@family(r"agrmt\.\w+\.(A|consensus_tw|leik)")
def ordered_scale(match, row, data):
    counts = [int(count) for count in row.dataset.split()]
    function = {"A": agreement.agreement_a, "consensus_tw": agreement.consensus_tw, "leik": agreement.leik_d}
    return function[match[1]](counts).estimate


def numbers(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"\d*\.?\d+", text)]


@family(r"cocron\.indep_4\.(chi2|df|p)")
def several_alphas(match, row, data):
    alphas, ns = (numbers(part) for part in row.dataset.split(";"))
    # The script of the reference gives every scale 20 items (r/05_more.R).
    test = reliability.equal_alphas_independent(alphas, ns, [20] * len(alphas))
    return {"chi2": test.statistic, "df": test.df[0], "p": test.p}[match[1]]


@family(r"cocron\.two_indep\.(F|df1|df2|p)")
def two_alphas(match, row, data):
    # cocron takes no numbers of items: the test for long scales.
    alphas, ns = (numbers(part) for part in row.dataset.split(";"))
    test = reliability.equal_alphas_independent(alphas, ns)
    return {"F": test.statistic, "df1": test.df[0], "df2": test.df[1], "p": test.p}[match[1]]
