"""Polychoric correlations, ordinal alpha and categorical omega beside psych, polycor, lavaan and semTools."""

from __future__ import annotations

import functools
import re

import numpy as np
import pandas as pd
from piloteval.measures import ordinal
from scipy import optimize, special

from families.registry import NORMAL_975, Data, disputed, family
from families.reliability import bfi66, reverse

POLYCHORIC = 1e-4  # every program stops its search at another place
LOADING = 1e-4
OMEGA = 1e-5
STANDARD_ERROR = 1e-4


def answers(name: str, data: Data) -> pd.DataFrame:
    if name == "bfi_C_complete":
        items = data.frame("bfi_25items.csv")[[f"C{i}" for i in range(1, 6)]]
        return reverse(items, ["C4", "C5"]).dropna()
    return bfi66(name, data)


@functools.cache
def polychorics(name: str, data: Data) -> np.ndarray:
    return ordinal.polychoric_matrix(answers(name, data))


@functools.cache
def loadings(name: str, estimator: str, data: Data) -> np.ndarray:
    if estimator == "WLSMV":
        return ordinal.dwls_loadings(answers(name, data), polychorics(name, data))
    return ordinal.one_factor_minres(polychorics(name, data))


@family(r"(?:lavcor_)?polychoric\.(\w+)\.(\w\d)_(\w\d)", relative=POLYCHORIC)
def polychoric_correlation(match, row, data):
    columns = list(answers(match[1], data))
    return polychorics(match[1], data)[columns.index(match[2]), columns.index(match[3])]


@family(r"polychor\.bfi66_C1_C2\.(two_step|ml)(_se)?", relative=POLYCHORIC)
def polychoric_pair(match, row, data):
    items = data.frame("bfi_66x10.csv")
    statistic = ordinal.polychoric(items["C1"], items["C2"], method=match[1].replace("_", "-"))
    if match[2]:
        return (statistic.ci_high - statistic.ci_low) / (2 * NORMAL_975)
    return statistic.estimate


@family(r"tetrachoric\.mcnemar_table", relative=POLYCHORIC)
def tetrachoric(match, row, data):
    both, only_second, only_first, neither = (int(count) for count in re.findall(r"\d+", row.dataset.split(":")[1]))
    counts = [both, only_second, only_first, neither]
    return ordinal.polychoric(np.repeat([0, 1, 0, 1], counts), np.repeat([0, 0, 1, 1], counts)).estimate


@family(r"(?:ordinal_alpha\.(\w+)|cat_omega\.(\w+)\.ordinal_alpha)", relative=OMEGA)
def alpha(match, row, data):
    name = match[1] or match[2]
    return ordinal.ordinal_alpha(answers(name, data), polychorics(name, data)).estimate


@family(r"(?:ordinal_omega_minres\.(\w+)|cat_omega\.(\w+)\.latent_scale)", relative=OMEGA)
def omega_of_normal_variables(match, row, data):
    name, estimator = (match[1], "uls") if match[1] else (match[2], "dwls")
    return ordinal.latent_omega(answers(name, data), estimator, polychorics(name, data)).estimate


@family(
    r"cat_omega\.(?P<name>\w+)\.green_yang|cat_omega2\.(?P<same>\w+)\.(?P<fit>\w+)\.green_yang_(?P<variance>obs|model)",
    relative=OMEGA,
)
def categorical_omega(match, row, data):
    name = match["name"] or match["same"]
    estimator = "uls" if match["fit"] == "ULSMV" else "dwls"
    denominator = "model" if match["variance"] == "model" else "observed"
    return ordinal.green_yang_omega(answers(name, data), estimator, denominator, polychorics(name, data)).estimate


@family(r"cat_omega2?\.(\w+?)(?:\.(WLSMV|ULSMV))?\.loading\.(\w\d)", relative=LOADING)
def one_factor_loading(match, row, data):
    columns = list(answers(match[1], data))
    return loadings(match[1], match[2] or "WLSMV", data)[columns.index(match[3])]


@family(r"cat_omega2\.(\w+)\.threshold\.(\w\d)\|t(\d)")
def threshold(match, row, data):
    return ordinal.thresholds(answers(match[1], data)[match[2]])[int(match[3]) - 1]


@disputed(
    r"polychor\.bfi66_C1_C2\.ml(_se)?",
    "polycor::polychor(ML=TRUE) searches with R's optim, which stops after 500 evaluations of the likelihood: it is "
    "lower there than at this package's estimate, and the standard error is that of the unfinished point",
)
def unfinished_search(match, row, data):
    items = data.frame("bfi_66x10.csv")
    table = pd.crosstab(items["C1"], items["C2"]).to_numpy()
    cuts = [ordinal.thresholds(items[name]) for name in ("C1", "C2")]

    def loss(parameters):
        rows, columns = parameters[1 : len(cuts[0]) + 1], parameters[len(cuts[0]) + 1 :]
        if (np.diff(rows) < 0).any() or (np.diff(columns) < 0).any():
            return np.inf
        x, y = (np.concatenate([[-np.inf], cut, [np.inf]]) for cut in (rows, columns))
        corner = ordinal.bivariate_normal_cdf(x[:, None], y, parameters[0])
        return -special.xlogy(table, np.maximum(np.diff(np.diff(corner, axis=0), axis=1), 0)).sum()

    r_optimise = {"method": "bounded", "bounds": (-1, 1), "options": {"xatol": np.finfo(float).eps ** 0.25}}
    two_step = optimize.minimize_scalar(lambda rho: loss(np.concatenate([[rho], *cuts])), **r_optimise).x
    stopped = nelder_mead(loss, np.concatenate([[two_step], *cuts]), evaluations=500)
    finished = ordinal.polychoric(items["C1"], items["C2"], method="ml").estimate
    fixed = optimize.minimize(lambda at: loss(np.concatenate([[finished], at])), stopped[1:], method="BFGS")
    assert fixed.fun < loss(stopped) - 0.01
    if not match[1]:
        return stopped[0]
    return np.sqrt(np.linalg.inv(numeric_hessian(loss, stopped))[0, 0])


def nelder_mead(function, start: np.ndarray, evaluations: int) -> np.ndarray:
    """Point R's optim(method = "Nelder-Mead") ends at; its first simplex is not that of scipy."""
    size = len(start)
    points = np.vstack([start, start + 0.1 * np.abs(start).max() * np.eye(size)])
    values = np.array([function(point) for point in points])
    used = size + 1

    def evaluate(point):
        nonlocal used
        used += 1
        return function(point)

    while used <= evaluations and np.ptp(values) > 1.5e-8 * values.min():
        best, high = values.argmin(), values.argmax()
        centre = (points.sum(axis=0) - points[high]) / size
        reflected = 2 * centre - points[high]
        value = evaluate(reflected)
        if value < values[best]:
            further = 2 * reflected - centre
            beyond = evaluate(further)
            points[high], values[high] = (further, beyond) if beyond < value else (reflected, value)
            continue
        worse = value >= values[high]
        if not worse:
            points[high], values[high] = reflected, value
        between = (points[high] + centre) / 2
        inside = evaluate(between)
        if inside < values[high]:
            points[high], values[high] = between, inside
        elif worse:
            for other in set(range(size + 1)) - {best}:
                points[other] = (points[other] + points[best]) / 2
                values[other] = evaluate(points[other])
    return points[best]  # optim looks for the best point before a step, not after the last one


def numeric_hessian(function, at: np.ndarray, step: float = 1e-3) -> np.ndarray:
    """Second differences with the steps of R's optim."""
    steps = step * np.eye(len(at))

    def slope(point):
        return np.array([function(point + one) - function(point - one) for one in steps]) / (2 * step)

    hessian = np.array([slope(at + one) - slope(at - one) for one in steps]) / (2 * step)
    return (hessian + hessian.T) / 2
