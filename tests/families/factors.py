"""Factor models and omega beside psych, lavaan and semTools, and what psych::alpha says of the total score."""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd
from piloteval.measures import factors, reliability

from families.registry import Data, family
from families.reliability import bfi66, names_items, scale

LOADING = 1e-4
OMEGA = 1e-5

HOLZINGER = {"visual": (0, 1, 2), "textual": (3, 4, 5), "speed": (6, 7, 8)}


def items_of(name: str, data: Data) -> pd.DataFrame:
    return data.frame("attitude.csv") if name == "attitude" else bfi66(name, data)


def divided_by_n(items: pd.DataFrame) -> np.ndarray:
    """Covariances as lavaan has them."""
    return items.cov().to_numpy() * (len(items) - 1) / len(items)


@functools.cache
def one_cluster(name: str, data: Data) -> factors.ConfirmatoryModel:
    items = items_of(name, data)
    return factors.confirmatory_model(divided_by_n(items), len(items), [range(items.shape[1])], mean_structure=True)


@functools.cache
def three_clusters(data: Data) -> factors.ConfirmatoryModel:
    items = data.frame("holzinger_x1_x9.csv")
    return factors.confirmatory_model(divided_by_n(items), len(items), list(HOLZINGER.values()))


def measure_of_fit(model: factors.ConfirmatoryModel, name: str) -> float:
    names = {"chisq": "chi2", "pvalue": "p", "logl": "log_likelihood"}
    return getattr(model, names.get(name, name))


@family(r"fa\.(attitude|bfi66_C)\.(minres|ml)1\.loading\.(\w+)", relative=LOADING)
def one_factor_loading(match, row, data):
    correlation = items_of(match[1], data).corr()
    loadings = factors.one_factor_minres(correlation)
    if match[2] == "ml":
        loadings, _, converged = factors.one_factor_ml(correlation)
        assert converged
    return loadings[list(correlation).index(match[3])]


@family(r"omega\.(attitude|bfi66_C|bfi66_E)_nf1\.omega_total", relative=OMEGA)
def omega_minres(match, row, data):
    return factors.omega_total_minres(items_of(match[1], data)).estimate


@functools.cache
def turned_solution(name: str, n_factors: int, data: Data) -> tuple[factors.SchmidLeiman, np.ndarray]:
    """Turn the items that load negatively on the general factor, as psych::omega does before it counts."""
    if name == "thurstone":
        correlation = data.frame("thurstone_cor.csv").iloc[:, 1:].to_numpy()
    else:
        correlation = data.frame({"attitude": "attitude.csv", "bfi25": "bfi_25items.csv"}[name]).corr().to_numpy()
    sign = np.where(factors.schmid_leiman(correlation, n_factors).general < 0, -1, 1)
    turned = correlation * np.outer(sign, sign)
    return factors.schmid_leiman(turned, n_factors), turned


def hierarchy(name: str, n_factors: int, data: Data) -> dict[str, float]:
    omegas = factors.omegas_from_schmid_leiman(*turned_solution(name, n_factors, data))
    names = {"omega_h": "hierarchical", "omega_h_asymp": "asymptotic", "omega_total": "total"}
    return {row: omegas[kind] for row, kind in names.items()}


@family(r"omega\.(thurstone|bfi25_nf5)\.(omega_h|omega_h_asymp|omega_total)", relative=OMEGA)
def omega_of_hierarchy(match, row, data):
    name = match[1].removesuffix("_nf5")
    return hierarchy(name, 5 if name == "bfi25" else 3, data)[match[2]]


@family(r"omega\.bfi25_nf5\.(alpha|g6)")
def turned_matrix_beside_omega(match, row, data):
    correlation = turned_solution("bfi25", 5, data)[1]
    if match[1] == "alpha":
        return reliability.alpha_from_covariance(correlation)
    return reliability.guttman_lambdas(correlation)["lambda6"]


@family(r"omega\.attitude_nf3\.(omega_total)", relative=OMEGA)
def omega_attitude_total(match, row, data):
    return hierarchy("attitude", 3, data)[match[1]]


# The three factors of these items correlate .42, .15 and -.03, which no general factor can bring about: the solution is
# improper, and the package reports no omega hierarchical of these items. The kernels of both programs go on to hold the
# error variance of a factor at the same bound, and differ by 2.3e-4 there. psych's search ends when it gains less than
# 2e-9 of its criterion (optim, factr = 1e7). Its criterion, gradient and rule to stop, run in scipy's L-BFGS-B, leave the
# uniquenesses of the items 8e-5 beside the minimum and this omega 7e-5 above its value there; psych's own number lies
# 1.2e-4 below. So no more than three digits can be asked of it.
@family(r"omega\.attitude_nf3\.(omega_h|omega_h_asymp)", relative=5e-4)
def omega_attitude(match, row, data):
    return hierarchy("attitude", 3, data)[match[1]]


@family(r"cfa_omega\.(attitude|bfi66_C|bfi66_E)\.omega_(model|obs)_var", relative=OMEGA)
def omega_ml(match, row, data):
    return factors.omega_total_ml(items_of(match[1], data), observed=match[2] == "obs").estimate


@family(r"cfa_omega\.(attitude|bfi66_C|bfi66_E)\.AVE", relative=OMEGA)
def variance_extracted(match, row, data):
    return one_cluster(match[1], data).ave[0]


@family(r"cfa_omega\.(attitude|bfi66_C|bfi66_E)\.loading\.(\w+)", relative=LOADING)
def loading_ml(match, row, data):
    position = list(items_of(match[1], data)).index(match[2])
    return one_cluster(match[1], data).loadings[position]


@family(r"cfa_omega\.(attitude|bfi66_C|bfi66_E)\.fit\.(chisq|df|pvalue|cfi|tli|rmsea|srmr|logl|aic|bic)")
def fit_of_one_factor(match, row, data):
    return measure_of_fit(one_cluster(match[1], data), match[2])


@family(r"cfa_omega\.holzinger3f(_obsvar)?\.(visual|textual|speed)", relative=OMEGA)
def omega_of_each_factor(match, row, data):
    model, mine = three_clusters(data), list(HOLZINGER[match[2]])
    observed = divided_by_n(data.frame("holzinger_x1_x9.csv"))[np.ix_(mine, mine)].sum() if match[1] else None
    return factors.omega_from_loadings(model.loadings[mine], model.error_variances[mine], observed)


@family(r"cfa\.holzinger3f\.fit\.(chisq|df|pvalue|cfi|tli|rmsea|srmr|logl|aic|bic)")
def fit_of_three_factors(match, row, data):
    return measure_of_fit(three_clusters(data), match[1])


@family(r"alpha\.\w+\.(mean|sd)", applies=names_items)
def total_score(match, row, data):
    # psych's total is the mean of the items a person answered, however few.
    total = scale(row, data).mean(axis=1).to_frame()
    return reliability.item_statistics(total).loc[0, match[1]]


def has_missing_answers(row, data) -> bool:
    return names_items(row, data) and bool(scale(row, data).isna().any(axis=None))


@family(r"alpha\.\w+\.item\.([\w.]+?)-?\.raw_r", applies=has_missing_answers)
def item_with_mean_of_answered(match, row, data):
    items = scale(row, data)
    pair = pd.DataFrame({"item": items[match[1]], "total": items.mean(axis=1)})
    return reliability.mean_interitem_correlation(pair).estimate
