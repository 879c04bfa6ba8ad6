"""Agreement of raters beside irr, irrCAC, vcd and printed examples."""

from __future__ import annotations

import re

import numpy as np
from piloteval.measures import agreement

from families.registry import FIVE_DECIMALS, NORMAL_975, THREE_DECIMALS, disputed, family, limit

WEIGHTS = {"unweighted": None, "linear": "linear", "quadratic": "quadratic", "ordinal": "ordinal"}
COEFFICIENTS = {
    "gwet_ac": "gwet",
    "ac": "gwet",
    "fleiss_gwet": "fleiss",
    "fleiss": "fleiss",
    "brennan_prediger": "brennan-prediger",
    "bp": "brennan-prediger",
    "kripp_alpha_gwet": "krippendorff",
    "kripp": "krippendorff",
}


@family(r"kripp_alpha\.canonical\.(nominal|ordinal|interval|ratio)")
def krippendorff(match, row, data):
    return agreement.krippendorff_alpha(data.frame("krippendorff_4x12.csv").iloc[:, 1:], match[1]).estimate


@family(r"(gwet_ac|fleiss_gwet|brennan_prediger|kripp_alpha_gwet)\.canonical\.(\w+)\.(pa|pe)")
@family(r"(gwet_ac|fleiss_gwet|brennan_prediger|kripp_alpha_gwet)\.canonical\.(\w+)\.(coef|se)", absolute=FIVE_DECIMALS)
@family(r"irrCAC\.raw4raters\.(ac|fleiss|bp|kripp)\.(\w+)\.(coef|se)", absolute=FIVE_DECIMALS)
def agreement_parts(match, row, data):
    ratings = data.frame(row.dataset).iloc[:, 1:]
    parts = agreement.agreement_parts(ratings, COEFFICIENTS[match[1]], WEIGHTS[match[2]])
    return {
        "coef": parts.coefficient,
        "se": parts.standard_error,
        "pa": parts.observed,
        "pe": parts.expected,
    }[match[3]]


@family(r"irrCAC\.raw4raters\.(ac|fleiss|bp)\.(\w+)\.(lower|upper)", absolute=THREE_DECIMALS)
def agreement_interval(match, row, data):
    ratings = data.frame(row.dataset).iloc[:, 1:]
    function = {
        "ac": agreement.gwet_ac2,
        "fleiss": agreement.fleiss_kappa,
        "bp": agreement.brennan_prediger,
    }[match[1]]
    if match[1] == "ac" and match[2] == "unweighted":
        return limit(agreement.gwet_ac1(ratings), match[3])
    return limit(function(ratings, weights=WEIGHTS[match[2]]), match[3])


@family(r"percent_agreement\.canonical\.coef")
def percent(match, row, data):
    return agreement.percent_agreement(data.frame("krippendorff_4x12.csv").iloc[:, 1:]).estimate


@family(r"percent_agreement\.canonical\.se", absolute=FIVE_DECIMALS)
def percent_error(match, row, data):
    return agreement.agreement_parts(data.frame("krippendorff_4x12.csv").iloc[:, 1:], "percent").standard_error


@family(r"kappa2\.(?:diagnoses12|anxiety12)\.(unweighted|equal|squared)(?:\.kappa)?")
def kappa_of_columns(match, row, data):
    ratings = data.frame(re.search(r"[\w-]+\.csv", row.dataset)[0])
    weights = {"unweighted": None, "equal": "linear", "squared": "quadratic"}[match[1]]
    return agreement.cohen_kappa(ratings.iloc[:, 0], ratings.iloc[:, 1], weights).estimate


@family(r"fleiss\.diagnoses\.kappa")
def fleiss(match, row, data):
    return agreement.fleiss_kappa(data.frame("irr_diagnoses.csv")).estimate


#: Cohen (1968), Psychological Bulletin 70, 213-220, table 1: counts of two raters.
COHEN_1968 = [[88, 14, 18], [10, 40, 10], [2, 6, 12]]


def table(text: str) -> np.ndarray:
    """Table written as '20 5 / 10 15', with words around it."""
    rows = re.findall(r"\d+(?: \d+)+", re.sub(r"^\dx\d:?", "", text).replace(" /", "/").replace("/ ", "/"))
    return np.array([[int(count) for count in counts.split()] for counts in rows])


def both_raters(counts: np.ndarray) -> np.ndarray:
    """One row a unit, as the two raters gave the categories."""
    first, second = np.indices(counts.shape)
    return np.column_stack([np.repeat(first.ravel(), counts.ravel()), np.repeat(second.ravel(), counts.ravel())])


@family(r"cohen_kappa\.cohen1968\.(kappa|wkappa|lower|upper|wlower|wupper)")
def kappa_interval(match, row, data):
    ratings = both_raters(table(row.dataset))
    weights = "quadratic" if match[1].startswith("w") else None
    return limit(agreement.cohen_kappa(ratings[:, 0], ratings[:, 1], weights), match[1])


@family(r"cohen_kappa\.cohen1968\.(var_k|var_wk)")
def kappa_variance(match, row, data):
    weights = "quadratic" if match[1] == "var_wk" else None
    return agreement.kappa_from_table(table(row.dataset), weights).standard_error ** 2


@disputed(
    r"cohen_kappa\.cohen1968\.(var_wk|wlower|wupper)",
    "psych::cohen.kappa takes the first rater's share times the sum of the weights where Fleiss, Cohen & Everitt (1969)"
    " take the mean weight over the first rater's categories; statsmodels agrees with the package",
)
def unweighted_mean(match, row, data):
    share = table(row.dataset) / table(row.dataset).sum()
    weight = 1 - np.subtract.outer(range(3), range(3)) ** 2 / 4
    first, second = share.sum(axis=1), share.sum(axis=0)
    observed, expected = (weight * share).sum(), first @ weight @ second
    mean_weight = np.add.outer(weight @ second, first * weight.sum(axis=1))
    spread = (share * (weight * (1 - expected) - mean_weight * (1 - observed)) ** 2).sum()
    variance = spread - (observed * expected - 2 * expected + observed) ** 2
    variance = variance / (table(row.dataset).sum() * (1 - expected) ** 4)
    kappa = (observed - expected) / (1 - expected)
    sign = {"var_wk": 0, "wlower": -1, "wupper": 1}[match[1]]
    return kappa + sign * NORMAL_975 * np.sqrt(variance) if sign else variance


@family(r"cohen_kappa\.cohen1968\.vcd\.(unweighted|ase|weighted_equal|ase_w)")
def kappa_linear(match, row, data):
    weights = "linear" if match[1] in ("weighted_equal", "ase_w") else None
    parts = agreement.kappa_from_table(COHEN_1968, weights)
    return parts.standard_error if match[1].startswith("ase") else parts.coefficient


@family(r"weighted_kappa\.cohen1968_Table1\.(kw|k)")
def kappa_given_weights(match, row, data):
    counts, disagreement = (table(part) for part in row.dataset.split("with disagreement weights"))
    weights = 1 - disagreement / disagreement.max() if match[1] == "kw" else None
    ratings = both_raters(counts)
    return agreement.cohen_kappa(ratings[:, 0], ratings[:, 1], weights).estimate


@family(r"(?:cohen_kappa\.2x2_20_5_10_15|kappa_paradox\.118_5_2_0)\.(kappa|ase|po|pe|pa)")
def kappa_2x2(match, row, data):
    parts = agreement.kappa_from_table(table(row.dataset))
    return {
        "kappa": parts.coefficient,
        "ase": parts.standard_error,
        "po": parts.observed,
        "pa": parts.observed,
        "pe": parts.expected,
    }[match[1]]


@family(r"kappa_paradox\.118_5_2_0\.(ac1|ac1_se)")
def gwet_2x2(match, row, data):
    parts = agreement.agreement_parts(both_raters(table(row.dataset)), "gwet")
    return parts.coefficient if match[1] == "ac1" else parts.standard_error


@disputed(
    r"kappa_paradox\.118_5_2_0\.ac1_se",
    "irrCAC divides by n in gwet.ac1.table and by n - 1 in gwet.ac1.raw; the package divides by n - 1 throughout",
)
def divided_by_n(match, row, data):
    n = table(row.dataset).sum()
    parts = agreement.agreement_parts(both_raters(table(row.dataset)), "gwet")
    return parts.standard_error * np.sqrt((n - 1) / n)


@family(r"char_kappa\.1000_(\d+)_(\d+)_(\d+)_(\d+)\.kappa")
def kappa_of_characters(match, row, data):
    ratings = both_raters(np.array(match.groups(), dtype=int).reshape(2, 2))
    return agreement.cohen_kappa(ratings[:, 0], ratings[:, 1]).estimate


@family(r"nvivo_doc\.percent_agreement")
def percent_of_characters(match, row, data):
    both, one, none = (int(count) for count in re.findall(r"(\d+) (?:both|one|none)", row.dataset))
    return agreement.percent_agreement(both_raters(np.array([[both, one], [0, none]]))).estimate


@family(r"atlasti_doc\.kripp_alpha_binary\.(alpha|pa)")
def atlas_ti(match, row, data):
    ratings = np.array([[int(digit) for digit in coder] for coder in row.dataset.split(" v ")]).T
    function = agreement.krippendorff_alpha if match[1] == "alpha" else agreement.percent_agreement
    return function(ratings).estimate


@family(r"prop_ci\.(\d+)_of_(\d+)\.(p|wilson_l|wilson_u|cp_l|cp_u)")
def proportion_interval(match, row, data):
    k, n = int(match[1]), int(match[2])
    if match[3] == "p":
        return agreement.proportion(k, n).estimate
    function = agreement.wilson_interval if match[3].startswith("wilson") else agreement.clopper_pearson
    return function(k, n)[match[3].endswith("u")]
