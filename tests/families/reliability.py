"""Internal consistency beside psych, lavaan and printed examples."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
from piloteval.measures import reliability

from families.registry import Data, Row, disputed, family


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
