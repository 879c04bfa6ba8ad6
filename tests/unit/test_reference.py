"""The package's numbers against numbers that R and published papers give for the same data.

Each row of a reference CSV (columns id, expected, dataset, r_call, implementation, note) is matched by its id to a
family below, which computes the number from the data set with functions of the package. Rows without a family are
counted and reported as not covered. To check another file of this format:

    pytest tests/unit/test_reference.py --reference FILE --data DIR
"""

from __future__ import annotations

import csv
import functools
import math
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from piloteval.measures import agreement, consensus, pg, prepost, reliability

SHIPPED = Path(__file__).resolve().parents[1] / "reference"

#: Rows checked in each shipped file; raise the number when a family is added, never lower it.
FLOOR = {
    "agreement_delphi_expected.csv": 172,
    "extra_expected.csv": 12,
    "more_expected.csv": 1,
    "prepost_expected.csv": 71,
    "reliability_expected.csv": 326,
}

CLOSED_FORM = 1e-6
FIVE_DECIMALS = 5.1e-6  # irrCAC prints coefficients and standard errors with five decimals
NORMAL_975 = 1.959963984540054  # quantile of the normal distribution
THREE_DECIMALS = 5.1e-4  # and limits of intervals with three


@dataclass(frozen=True)
class Row:
    """One expected number."""

    file: str
    id: str
    expected: float
    dataset: str
    r_call: str


@dataclass(frozen=True)
class Data:
    """Folder of the data sets."""

    folder: Path

    @functools.cache  # noqa: B019 - one object for each run
    def frame(self, name: str) -> pd.DataFrame:
        return pd.read_csv(self.folder / name)

    def has(self, row: Row) -> bool:
        return all((self.folder / name).is_file() for name in re.findall(r"[\w-]+\.csv", row.dataset))


@dataclass(frozen=True)
class Family:
    """Rows computed by one function of the package."""

    pattern: str
    compute: Callable[[re.Match, Row, Data], float | None]
    relative: float = CLOSED_FORM
    absolute: float = 0
    applies: Callable[[Row, Data], bool] = lambda row, data: True


FAMILIES: list[Family] = []

#: Families of rows the package does not meet on purpose: pattern, reason and what the other program computed instead.
DISPUTED: list[tuple[str, str, Callable[[re.Match, Row, Data], float]]] = []


def family(pattern: str, **options):
    """Register a function as the one that computes the rows whose whole id matches the pattern."""

    def register(compute):
        FAMILIES.append(Family(pattern, compute, **options))
        return compute

    return register


def disputed(pattern: str, reason: str):
    """Register what another program computed where the package holds its number to be wrong."""

    def register(compute):
        DISPUTED.append((pattern, reason, compute))
        return compute

    return register


# Reliability


def scale(row: Row, data: Data) -> pd.DataFrame:
    """Items of a psych::alpha call: file named in the row; columns, reversed keys and na.omit named in the call."""
    items = data.frame(re.search(r"[\w-]+\.csv", row.dataset)[0])
    columns = re.search(r"\[,(\d+):(\d+)\]", row.r_call)
    if columns:
        items = items.iloc[:, int(columns[1]) - 1 : int(columns[2])]
    keys = re.search(r"keys=(.*)", row.r_call)
    items = reverse(items, [key for key in re.findall(r"'(\w+)'", keys[1]) if key in items] if keys else [])
    return items.dropna() if "na.omit" in row.r_call else items


def reverse(items: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    ends = items.min().min() + items.max().max()
    return items.assign(**{key: ends - items[key] for key in keys})


def scaled(covariance: pd.DataFrame) -> pd.DataFrame:
    """Correlations as psych takes them from pairwise covariances."""
    sd = np.sqrt(np.diag(covariance))
    return covariance / np.outer(sd, sd)


def names_items(row: Row, data: Data) -> bool:
    return ".csv" in row.dataset


def no_answer_missing(row: Row, data: Data) -> bool:
    return names_items(row, data) and not scale(row, data).isna().any(axis=None)


@family(r"alpha\.\w+\.(raw|std|g6smc|avg_r|median_r|snr|ase_duhachek)", applies=names_items)
def alpha_total(match, row, data):
    # psych works from pairwise covariances and counts all rows; on complete data that is this package's listwise rule.
    items = scale(row, data)
    complete = no_answer_missing(row, data)
    covariance, correlation = items.cov(), scaled(items.cov())
    mean_r = reliability.mean_interitem_correlation(items).estimate if complete else None
    if mean_r is None:
        mean_r = reliability.off_diagonal(correlation).mean()
    if match[1] == "raw":
        return reliability.cronbach_alpha(items).estimate if complete else reliability.alpha_from_covariance(covariance)
    if match[1] == "std":
        if complete:
            return reliability.standardised_alpha(items).estimate
        return reliability.alpha_from_covariance(correlation)
    if match[1] == "snr":  # reliable over unreliable variance
        alpha = reliability.alpha_from_covariance(correlation)
        return alpha / (1 - alpha)
    return {
        "g6smc": reliability.guttman_lambdas(correlation)["lambda6"],
        "avg_r": mean_r,
        "median_r": np.median(reliability.off_diagonal(correlation)),
        "ase_duhachek": reliability.alpha_standard_error(covariance, len(items)),
    }[match[1]]


@family(r"alpha\.\w+\.feldt\.(lower|upper)", applies=names_items)
def alpha_interval(match, row, data):
    items = scale(row, data)
    if no_answer_missing(row, data):
        alpha = reliability.cronbach_alpha(items)
        return alpha.ci_low if match[1] == "lower" else alpha.ci_high
    alpha = reliability.alpha_from_covariance(items.cov())
    return reliability.feldt_interval(alpha, *items.shape)[match[1] == "upper"]


@family(r"alpha\.\w+\.if_deleted\.([\w.]+?)-?\.(raw_alpha|std_alpha)", applies=names_items)
def alpha_if_deleted(match, row, data):
    items = scale(row, data)
    if no_answer_missing(row, data):
        column = {"raw_alpha": "alpha_if_deleted", "std_alpha": "standardised_alpha_if_deleted"}[match[2]]
        return reliability.item_statistics(items).set_index("item").loc[match[1], column]
    rest = items.drop(columns=match[1])
    return reliability.alpha_from_covariance(rest.cov() if match[2] == "raw_alpha" else scaled(rest.cov()))


@family(r"alpha\.\w+\.item\.([\w.]+?)-?\.(n|mean|sd)", applies=names_items)
def item_description(match, row, data):
    # psych describes each item by its own answers, whoever left other items out.
    return reliability.item_statistics(scale(row, data)[[match[1]]]).loc[0, match[2]]


@family(r"alpha\.\w+\.item\.([\w.]+?)-?\.(std_r|r_cor|r_drop)", applies=names_items)
def item_correlation(match, row, data):
    items = scale(row, data)
    position = list(items.columns).index(match[1])
    if match[2] == "r_drop" and no_answer_missing(row, data):
        return reliability.item_statistics(items).loc[position, "item_rest"]
    return {
        "std_r": reliability.item_total_correlations(scaled(items.cov())),
        "r_cor": reliability.item_whole_correlations(scaled(items.cov())),
        "r_drop": reliability.item_rest_correlations(items.cov()),
    }[match[2]][position]


@family(r"alpha\.\w+\.item\.([\w.]+?)-?\.raw_r", applies=no_answer_missing)
def item_total(match, row, data):
    return reliability.item_statistics(scale(row, data)).set_index("item").loc[match[1], "item_total"]


@family(r"feldt\.ci\.\w+\.(lower|upper)\.ci")
def feldt_example(match, row, data):
    alpha, n, k, outside = (float(number) for number in re.findall(r"\d*\.?\d+", row.r_call))
    return reliability.feldt_interval(alpha, int(n), int(k), 1 - outside)[match[1] == "upper"]


@family(r"guttman\.attitude\.lambda([1-6])(p?)")
def guttman(match, row, data):
    name = f"lambda{match[1]}" + ("_plus" if match[2] else "")
    return reliability.guttman_lambdas(data.frame("attitude.csv").corr())[name]


@family(r"splithalf\.attitude\.(cor|cov)\.(max_lambda4|min_beta|mean|g6|alpha|lambda2)")
def split_half(match, row, data):
    items = data.frame("attitude.csv")
    matrix = items.corr() if match[1] == "cor" else items.cov()
    lambdas, halves = reliability.guttman_lambdas(matrix), reliability.split_half_coefficients(matrix)
    return {
        "max_lambda4": lambdas["lambda4"],
        "min_beta": halves.min(),
        "mean": halves.mean(),
        "g6": lambdas["lambda6"],
        "alpha": lambdas["lambda3"],
        "lambda2": lambdas["lambda2"],
    }[match[2]]


@disputed(
    r"splithalf\.attitude\.(cor|cov)\.(min_beta|mean)",
    "psych::splitHalf visits half of the splits, which is all of them only for an even number of items: 18 of 35 here, "
    "and divides their sum by 17.5",
)
def half_of_the_splits(match, row, data):
    items = data.frame("attitude.csv")
    halves = reliability.split_half_coefficients(items.corr() if match[1] == "cor" else items.cov())[:18]
    return halves.min() if match[2] == "min_beta" else halves.sum() / 17.5


def bfi66(name: str, data: Data) -> pd.DataFrame:
    first, keys = (0, ["C4", "C5"]) if name == "bfi66_C" else (5, ["E1", "E2"])
    return reverse(data.frame("bfi_66x10.csv").iloc[:, first : first + 5], keys)


@family(r"splithalf\.bfi66_C\.oddeven\.(r|spearman_brown|guttman_l4)")
def odd_even(match, row, data):
    items = bfi66("bfi66_C", data)
    halves = pd.DataFrame({"odd": items.iloc[:, ::2].sum(axis=1), "even": items.iloc[:, 1::2].sum(axis=1)})
    return {
        "r": reliability.mean_interitem_correlation,
        "spearman_brown": reliability.spearman_brown,
        "guttman_l4": reliability.cronbach_alpha,
    }[match[1]](halves).estimate


@family(r"(?:omega|cfa_omega)\.(attitude|attitude_nf1|attitude_nf3|bfi66_C|bfi66_C_nf1|bfi66_E)\.alpha")
def alpha_beside_omega(match, row, data):
    name = re.sub(r"_nf\d", "", match[1])
    items = data.frame("attitude.csv") if name == "attitude" else bfi66(name, data)
    if row.id.startswith("cfa_omega"):
        return reliability.cronbach_alpha(items).estimate
    return reliability.standardised_alpha(items).estimate


@family(r"omega\.(attitude_nf3|thurstone)\.(alpha|g6)")
def matrix_beside_omega(match, row, data):
    if match[1] == "thurstone":
        correlation = data.frame("thurstone_cor.csv").iloc[:, 1:]
    else:
        correlation = data.frame("attitude.csv").corr()
    return reliability.guttman_lambdas(correlation)["lambda3" if match[2] == "alpha" else "lambda6"]


@family(r"cfa_alpha\.holzinger3f\.(visual|textual|speed)")
def holzinger_alpha(match, row, data):
    first = {"visual": 0, "textual": 3, "speed": 6}[match[1]]
    return reliability.cronbach_alpha(data.frame("holzinger_x1_x9.csv").iloc[:, first : first + 3]).estimate


@family(r"sem_mdc\.sd([\d.]+)_rel(\.\d+)\.(sem|sdiff|mdc95)")
def error_of_measurement(match, row, data):
    function = {
        "sem": reliability.standard_error_of_measurement,
        "sdiff": reliability.standard_error_of_difference,
        "mdc95": reliability.minimal_detectable_change,
    }[match[3]]
    return function(float(match[1]), float(match[2]), n=66).estimate


@family(r"rci\.jacobson_truax1991\.(SE|Sdiff)")
def reliable_change(match, row, data):
    sd, r = re.search(r"s=([\d.]+),rxx=(\.\d+)", row.dataset).groups()
    function = {
        "SE": reliability.standard_error_of_measurement,
        "Sdiff": reliability.standard_error_of_difference,
    }[match[1]]
    return function(float(sd), float(r), n=66).estimate


# Before and after


def sleep(data: Data) -> tuple[pd.Series, pd.Series]:
    frame = data.frame("sleep_wide.csv")
    return frame["g1"], frame["g2"]


def limit(statistic, name: str) -> float | None:
    """Estimate or a limit of the interval, by the name the rows use."""
    if name.startswith(("lower", "wlower")):
        return statistic.ci_low
    return statistic.ci_high if name.startswith(("upper", "wupper")) else statistic.estimate


@family(r"ttest\.sleep\.(t|df|p|diff|lower|upper)")
def t_test(match, row, data):
    if match[1] in ("t", "df", "p"):
        return getattr(prepost.paired_t_test(*sleep(data)), match[1])
    return limit(prepost.paired_t(*sleep(data)), match[1])


@family(r"tost_paired\.sleep_bound2\.5\.(lower|upper)90")
def t_interval_90(match, row, data):
    return limit(prepost.paired_t(*sleep(data), confidence=0.9), match[1])


@family(r"(cohens_dz|hedges_gz)\.sleep\.(d|g|lower|upper)")
def standardised_by_change(match, row, data):
    return limit(prepost.d_z(*sleep(data), hedges=match[1] == "hedges_gz"), match[2])


@family(r"d_variants\.sleep\.(d_av|d_av_rms|d_rm|d_pre_glass|r)")
def standardised_variants(match, row, data):
    pre, post = sleep(data)
    return {
        "d_av": lambda: prepost.d_av(pre, post),
        "d_av_rms": lambda: prepost.d_av(pre, post, standardiser="root mean square"),
        "d_rm": lambda: prepost.d_rm(pre, post),
        "d_pre_glass": lambda: prepost.d_pre(pre, post),
        "r": lambda: prepost.pre_post_correlation(pre, post),
    }[match[1]]().estimate


@family(r"effsize_cohen_d_within\.sleep\.(d|lower|upper)")
def standardised_repeated_measures(match, row, data):
    return limit(prepost.d_rm(*sleep(data)), match[1])


def differences(name: str, data: Data) -> pd.Series:
    if name == "hollander":
        frame = data.frame("hollander_depression.csv")
        return frame["x"] - frame["y"]
    frame = data.frame("likert_pairs_ties_zeros.csv")
    return frame["post"] - frame["pre"]


@family(r"wilcoxon_exact\.(hollander)\.(V|p_two|p_greater)")
@family(r"wilcoxon_normal\.(hollander)\.(p_nocc)")
@family(r"wilcoxon_ties\.(likert22)\.(?:exactRankTests|base)\.(V|p|p_nocc)")
@family(r"wilcoxon_ties\.(likert22)\.coin_(?:Pratt|Wilcoxon)\.(Z|p_exact|p_asymp)")
def signed_rank(match, row, data):
    test = prepost.exact_signed_rank(differences(match[1], data), zero="pratt" if "Pratt" in row.id else "wilcox")
    return {
        "V": test.w_plus,
        "Z": test.z,
        "p": test.p,
        "p_two": test.p,
        "p_exact": test.p,
        "p_greater": test.p_greater,
        "p_nocc": test.p_normal,
        "p_asymp": test.p_normal,
    }[match[2]]


@family(r"wilcoxon_exact\.(hollander)\.(HL|lower|upper)")
@family(r"wilcoxon_ties\.(likert22)\.exactRankTests\.(lower|upper)")
@family(r"HL_walsh\.(likert22)\.(median_walsh_all|median_walsh_nonzero)")
def pseudo_median(match, row, data):
    zero = "pratt" if match[2] == "median_walsh_all" else "wilcox"
    return limit(prepost.hodges_lehmann(differences(match[1], data), zero=zero), match[2])


@family(r"rank_biserial\.(hollander|likert22)\.(r|lower|upper)")
def rank_biserial(match, row, data):
    return limit(prepost.matched_rank_biserial(differences(match[1], data)), match[2])


@disputed(
    r"rank_biserial\.likert22\.(lower|upper)",
    "effectsize::rank_biserial counts the answers other than zero, 22, for the standard error of paired data; the "
    "differences other than zero are 15",
)
def answers_other_than_zero(match, row, data):
    n = int((data.frame("likert_pairs_ties_zeros.csv")["post"] != 0).sum())
    z = np.arctanh(prepost.matched_rank_biserial(differences("likert22", data)).estimate)
    half_width = NORMAL_975 * np.sqrt((2 * n**3 + 3 * n**2 + n) / 6) / ((n**2 + n) / 2)
    return np.tanh(z - half_width if match[1] == "lower" else z + half_width)


@family(r"sign_test\.likert22\.(npos|nneg|p|prob_superiority)")
def sign(match, row, data):
    test = prepost.sign_test(differences("likert22", data))
    return {
        "npos": test.n_positive,
        "nneg": test.n_negative,
        "p": test.p,
        "prob_superiority": test.probability_of_superiority,
    }[match[1]]


@family(r"mcnemar\.approval\.p_exact")
def exact_mcnemar(match, row, data):
    stayed_yes, to_no, to_yes, stayed_no = (int(count) for count in re.findall(r"\d+", row.dataset)[2:6])
    return prepost.sign_test(np.repeat([0, -1, 1], [stayed_yes + stayed_no, to_no, to_yes])).p


#: Benjamini & Hochberg (1995), Journal of the Royal Statistical Society B 57, 289-300, section 4.1.
BENJAMINI_HOCHBERG = [
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1,
]  # fmt: skip


@family(r"padjust\.holm\.(set1|benjamini_hochberg1995)\.p(\d+)")
def holm(match, row, data):
    p = BENJAMINI_HOCHBERG if match[1] != "set1" else [float(number) for number in re.findall(r"\.\d+", row.dataset)]
    return prepost.holm(p)[int(match[2]) - 1]


@family(r"power\.paired_n66_d\.35")
def power(match, row, data):
    return prepost.paired_power(0.35, 66)


@family(r"bf10\.sleep")
def bayes_factor(match, row, data):
    return pg.paired_ttest(*sleep(data))["bayes_factor"]


# Agreement

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


# Consensus

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


# The tests


def reference_files(config) -> list[Path]:
    given = config.getoption("--reference")
    return [Path(name) for name in given] if given else sorted(SHIPPED.glob("*_expected.csv"))


@functools.cache
def data_folder(config) -> Data:
    return Data(Path(config.getoption("--data") or SHIPPED / "data"))


@functools.cache
def rows(file: Path) -> tuple[Row, ...]:
    with file.open(encoding="utf-8", newline="") as lines:
        table = csv.DictReader(lines)
        lacking = {"id", "expected", "dataset", "r_call"} - set(table.fieldnames or ())
        if lacking:
            raise pytest.UsageError(f"{file} has no column {', '.join(sorted(lacking))}")
        return tuple(
            Row(file.name, line["id"], float(line["expected"]), line["dataset"], line["r_call"]) for line in table
        )


@functools.cache
def find(row: Row, data: Data) -> tuple[Family, re.Match] | None:
    """Family and match of a row, or None where the package has no function or the folder no data for it."""
    if not data.has(row):
        return None
    for registered in FAMILIES:
        match = re.fullmatch(registered.pattern, row.id)
        if match and registered.applies(row, data):
            return registered, match
    return None


def find_disputed(row: Row) -> tuple[Callable, re.Match] | None:
    for pattern, _, compute in DISPUTED:
        match = re.fullmatch(pattern, row.id)
        if match:
            return compute, match
    return None


def pytest_generate_tests(metafunc):
    if "covered_row" not in metafunc.fixturenames:
        return
    data = data_folder(metafunc.config)
    covered = [row for file in reference_files(metafunc.config) for row in rows(file) if find(row, data)]
    metafunc.parametrize("covered_row", [pytest.param(row, id=row.id) for row in covered])


def test_reference_value(covered_row, pytestconfig):
    data = data_folder(pytestconfig)
    covering, match = find(covered_row, data)
    without_answer = replace(covered_row, expected=math.nan)  # what is computed cannot come from the expected number
    value = covering.compute(match, without_answer, data)
    assert value is not None
    absolute = max(covering.absolute, 1e-9 if covered_row.expected == 0 else 0)
    expected = pytest.approx(covered_row.expected, rel=covering.relative, abs=absolute)
    if find_disputed(covered_row):
        other_program, match = find_disputed(covered_row)
        assert float(other_program(match, without_answer, data)) == expected
        assert float(value) != expected
    else:
        assert float(value) == expected


def test_reference_coverage(pytestconfig, record_property):
    """Count what is checked, tell what is not, and never check fewer of the shipped rows than before."""
    data = data_folder(pytestconfig)
    checked, in_dispute, missing, per_file, below = 0, 0, Counter(), [], []
    for file in reference_files(pytestconfig):
        covered = [row for row in rows(file) if find(row, data)]
        missing.update(row.id.split(".")[0] for row in rows(file) if not find(row, data))
        checked += len(covered)
        in_dispute += sum(find_disputed(row) is not None for row in covered)
        per_file.append(f"{file.name} {len(covered)} of {len(rows(file))}")
        floor = FLOOR.get(file.name, 0) if file.resolve().parent == SHIPPED else 0
        if len(covered) < floor:
            below.append(f"{file.name}: {len(covered)} rows checked, {floor} expected")
    families = ", ".join(f"{name} {count}" for name, count in missing.most_common())
    record_property(
        "reference values",
        f"{checked} checked ({in_dispute} of them in dispute, the other program's slip shown), "
        f"{missing.total()} not covered yet" + (f" ({families})" if families else ""),
    )
    record_property("reference values", "; ".join(per_file))
    assert not below
