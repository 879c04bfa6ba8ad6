"""Factor models: edges, invariances, exact recovery of constructed models, and agreement with statsmodels and scipy."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from piloteval.measures import factors
from scipy import stats
from statsmodels.multivariate.factor import Factor

SOURCES = Path(__file__).resolve().parents[2] / "workflow" / "scripts"

repeated = settings(max_examples=12, deadline=None, derandomize=True, database=None)

one_factor_loadings = st.lists(st.integers(30, 90).map(lambda percent: percent / 100), min_size=3, max_size=8)
seeds = st.integers(0, 10_000)

#: One factor would need a loading above 1: .8 * .8 / .5 is more than a correlation can be.
HEYWOOD = np.array([[1, 0.8, 0.8], [0.8, 1, 0.5], [0.8, 0.5, 1]])

ANSWERS = {
    "ml": factors.omega_total_ml,
    "ml, observed": lambda items: factors.omega_total_ml(items, observed=True),
    "minres": factors.omega_total_minres,
    "hierarchical": factors.omega_hierarchical,
}


def of_one_factor(loadings, sd=1.0):
    loadings = np.asarray(loadings)
    correlation = np.outer(loadings, loadings)
    np.fill_diagonal(correlation, 1)
    return correlation * np.outer(sd, sd) if np.ndim(sd) else correlation


def people(seed, n=80, k=6, loading=0.7):
    rng = np.random.default_rng(seed)
    common = loading * rng.normal(size=(n, 1)) + np.sqrt(1 - loading**2) * rng.normal(size=(n, k))
    return pd.DataFrame(common * rng.uniform(0.5, 2, k), columns=[f"q{j + 1}" for j in range(k)])


def grouped(seed, n=200):
    """Nine items of one factor, in three groups of which two share more."""
    items = people(seed, n=n, k=9)
    rng = np.random.default_rng(seed + 1)
    for group in (["q1", "q2", "q3"], ["q4", "q5", "q6"]):
        items[group] += rng.normal(size=(n, 1))
    return items


def with_correlation(correlation, n=40):
    """People whose correlations are exactly the given ones."""
    raw = np.random.default_rng(3).normal(size=(n, len(correlation)))
    raw -= raw.mean(axis=0)
    white = raw @ np.linalg.inv(np.linalg.cholesky(raw.T @ raw / (n - 1))).T
    answers = white @ np.linalg.cholesky(correlation).T
    return pd.DataFrame(answers, columns=[f"q{j + 1}" for j in range(len(correlation))])


def undefined(statistic):
    return statistic.estimate is None and statistic.ci_low is None and statistic.note.startswith("undefined: ")


# Edges


@pytest.mark.parametrize("omega", ANSWERS.values(), ids=ANSWERS)
def test_two_items_do_not_identify_a_factor(omega):
    found = omega(people(1)[["q1", "q2"]])
    assert undefined(found)
    assert "Spearman-Brown" in found.note
    assert undefined(omega(people(1)[["q1"]]))


def test_two_items_on_matrices():
    matrix = of_one_factor([0.7, 0.7])
    assert factors.one_factor_minres(matrix) is None
    assert factors.one_factor_ml(matrix) is None
    assert factors.confirmatory_model(matrix, 50, [[0, 1]]) is None


@pytest.mark.parametrize("omega", ANSWERS.values(), ids=ANSWERS)
@pytest.mark.parametrize("n", [0, 1, 2])
def test_too_few_rows(omega, n):
    found = omega(people(1).head(n))
    assert undefined(found)
    assert "fewer than 3 complete rows" in found.note
    assert found.n == n


@pytest.mark.parametrize("omega", ANSWERS.values(), ids=ANSWERS)
def test_constant_item_is_named(omega):
    found = omega(people(1).assign(q2=0.1))
    assert undefined(found)
    assert found.note.endswith(": q2")


@pytest.mark.parametrize("omega", ANSWERS.values(), ids=ANSWERS)
def test_three_people_never_fail(omega):
    found = omega(people(1).head(3))
    assert found.n == 3
    assert undefined(found) or np.isfinite(found.estimate)


def test_singular_covariance_has_no_likelihood():
    items = people(1)
    found = factors.omega_total_ml(items.assign(q7=items["q1"] + items["q2"]))
    assert undefined(found)
    assert "singular" in found.note


@pytest.mark.parametrize("omega", ["ml", "minres"])
def test_incomplete_rows_are_dropped_and_counted(omega):
    items = people(1)
    items.iloc[[0, 4], 2] = np.nan
    found, complete = ANSWERS[omega](items), ANSWERS[omega](items.dropna())
    assert (found.n, found.n_dropped, found.dropped_reason) == (78, 2, "at least one item not answered")
    assert (found.estimate, complete.n_dropped, complete.dropped_reason) == (complete.estimate, 0, "")


def test_heywood_case_is_undefined():
    assert factors.one_factor_minres(HEYWOOD) is None
    assert factors.fit_one_factor_minres(HEYWOOD)[1] == factors.IMPROPER
    assert factors.one_factor_ml(HEYWOOD)[2] is False
    assert factors.fit_one_factor_ml(HEYWOOD)[2] == factors.IMPROPER
    items = with_correlation(HEYWOOD)
    for omega in (factors.omega_total_ml, factors.omega_total_minres):
        found = omega(items)
        assert undefined(found)
        assert "Heywood" in found.note


def test_confirmatory_model_tells_a_heywood_case():
    model = factors.confirmatory_model(HEYWOOD, 50, [[0, 1, 2]])
    assert model.converged
    assert not model.proper
    assert model.error_variances.min() < 0


@pytest.mark.parametrize("k", [3, 5])
def test_unrelated_items_have_no_factor(k):
    assert factors.one_factor_minres(np.eye(k)) is None
    assert factors.one_factor_ml(np.eye(k))[2] is False
    assert np.isnan(factors.omega_of_draws(np.eye(k)[None])).all()


def test_negative_loading_is_noted_by_name():
    items = people(1).assign(q3=lambda table: -table["q3"])
    for omega in (factors.omega_total_ml, factors.omega_total_minres):
        assert omega(items).note == "negative loading, reversed item suspected: q3"
        assert omega(people(1)).note == ""


def test_not_converged_is_undefined(monkeypatch):
    items, covariance = people(1), people(1).cov().to_numpy()
    monkeypatch.setattr(factors, "MOST_STEPS", 1)
    for omega in (factors.omega_total_ml, factors.omega_total_minres):
        assert omega(items).note == factors.NOT_CONVERGED
    assert factors.one_factor_ml(covariance)[2] is False
    assert np.isnan(factors.omega_of_draws(covariance[None])).all()


def test_hierarchy_that_does_not_converge_is_undefined(monkeypatch):
    fit = factors.factors_minres
    monkeypatch.setattr(factors, "factors_minres", lambda matrix, q: (*fit(matrix, q)[:2], False))
    found = factors.omega_hierarchical(people(1, k=9))
    assert undefined(found)
    assert "converge" in found.note


def test_number_of_group_factors():
    items = people(1, k=9)
    assert "two group factors" in factors.omega_hierarchical(items, 2).note
    assert "too few items" in factors.omega_hierarchical(items.iloc[:, :5], 3).note
    with pytest.raises(ValueError, match="at least two"):
        factors.omega_hierarchical(items, 1)
    with pytest.raises(ValueError, match="two group factors"):
        factors.schmid_leiman(items.corr(), 2)
    with pytest.raises(ValueError, match="cannot be fitted"):
        factors.factors_minres(items.corr(), 9)


def test_misuse_is_refused():
    with pytest.raises(ValueError, match="square"):
        factors.one_factor_minres([[1, 0.5]])
    with pytest.raises(ValueError, match="without gaps"):
        factors.one_factor_ml(np.full((3, 3), np.nan))
    with pytest.raises(ValueError, match="stack"):
        factors.omega_of_draws(np.eye(3))
    with pytest.raises(ValueError, match="exactly one factor"):
        factors.confirmatory_model(np.eye(4), 50, [[0, 1], [1, 2, 3]])


# Constructed models are found again


@repeated
@given(one_factor_loadings, seeds)
def test_one_factor_is_recovered(loadings, seed):
    loadings = np.array(loadings)
    assert factors.one_factor_minres(of_one_factor(loadings)) == pytest.approx(loadings, abs=1e-6)
    sd = np.random.default_rng(seed).uniform(0.2, 5, len(loadings))
    found, uniquenesses, converged = factors.one_factor_ml(of_one_factor(loadings, sd))
    assert converged
    assert found == pytest.approx(loadings * sd, rel=1e-5)
    assert uniquenesses == pytest.approx((1 - loadings**2) * sd**2, rel=1e-4)


def test_reversed_items_are_recovered_with_the_sum_positive():
    loadings = np.array([0.8, -0.7, 0.6, 0.7])
    for sign in (1, -1):
        assert factors.one_factor_minres(of_one_factor(sign * loadings)) == pytest.approx(loadings, abs=1e-6)
        assert factors.one_factor_ml(of_one_factor(sign * loadings))[0] == pytest.approx(loadings, abs=1e-6)


def test_three_items_have_a_closed_form():
    correlation = np.array([[1, 0.5, 0.4], [0.5, 1, 0.3], [0.4, 0.3, 1]])
    expected = np.sqrt([0.5 * 0.4 / 0.3, 0.5 * 0.3 / 0.4, 0.4 * 0.3 / 0.5])
    assert factors.one_factor_minres(correlation) == pytest.approx(expected, abs=1e-7)
    assert factors.one_factor_ml(correlation)[0] == pytest.approx(expected, abs=1e-7)


def test_omega_of_equal_loadings_is_spearman_brown():
    omega = 6 * 0.49 / (1 + 5 * 0.49)
    assert factors.omega_of_draws(of_one_factor([0.7] * 6)[None])[0] == pytest.approx(omega, abs=1e-8)
    assert factors.omega_from_loadings([0.7] * 6, [0.51] * 6) == pytest.approx(omega)
    assert factors.omega_from_uniquenesses([0.51] * 6, of_one_factor([0.7] * 6)) == pytest.approx(omega)
    assert factors.omega_from_loadings([0.7, -0.7, 0.0], [0.0] * 3) is None


def test_hierarchy_is_recovered():
    second_order = np.array([0.8, 0.7, 0.6])
    first_order = np.array([0.8, 0.7, 0.6, 0.75, 0.65, 0.55, 0.7, 0.6, 0.8])
    pattern = np.repeat(np.eye(3), 3, axis=0) * first_order[:, None]
    correlation = pattern @ of_one_factor(second_order) @ pattern.T
    np.fill_diagonal(correlation, 1)
    general = first_order * np.repeat(second_order, 3)
    solution = factors.schmid_leiman(correlation, 3)
    assert solution.reason == ""
    assert solution.general == pytest.approx(general, abs=1e-5)
    assert solution.uniquenesses == pytest.approx(1 - first_order**2, abs=1e-5)
    specific = np.sort(np.abs(solution.groups), axis=1)
    assert specific[:, -1] == pytest.approx(first_order * np.sqrt(1 - np.repeat(second_order, 3) ** 2), abs=1e-5)
    assert specific[:, :-1] == pytest.approx(0, abs=1e-5)
    found = factors.omegas_of_hierarchy(with_correlation(correlation))
    total = 1 - (1 - first_order**2).sum() / correlation.sum()
    assert found["hierarchical"].estimate == pytest.approx(general.sum() ** 2 / correlation.sum(), abs=1e-5)
    assert found["total"].estimate == pytest.approx(total, abs=1e-5)
    assert found["asymptotic"].estimate == pytest.approx(general.sum() ** 2 / correlation.sum() / total, abs=1e-5)


def test_correlated_factors_are_recovered():
    loadings = np.array([0.8, 0.7, 0.6, 0.5, 0.9, 0.7])
    factor = np.array([0, 1, 0, 1, 1, 0])
    phi = np.array([[1, 0.4], [0.4, 1]])
    sd = np.array([1, 2, 0.5, 3, 1, 1.5])
    correlation = np.outer(loadings, loadings) * phi[np.ix_(factor, factor)]
    np.fill_diagonal(correlation, 1)
    model = factors.confirmatory_model(correlation * np.outer(sd, sd), 100, [[0, 2, 5], [1, 3, 4]])
    assert model.converged
    assert model.proper
    assert model.loadings == pytest.approx(loadings * sd, rel=1e-5)
    assert model.error_variances == pytest.approx((1 - loadings**2) * sd**2, rel=1e-4)
    assert model.factor_correlations == pytest.approx(phi, abs=1e-5)
    assert (model.df, model.cfi, model.rmsea) == (8, 1, 0)
    assert model.chi2 == pytest.approx(0, abs=1e-6)
    assert model.p == pytest.approx(1)
    assert model.srmr == pytest.approx(0, abs=1e-5)


def test_just_identified_model_has_no_test():
    model = factors.confirmatory_model(of_one_factor([0.8, 0.7, 0.6]), 100, [[0, 1, 2]])
    assert (model.df, model.p, model.cfi, model.tli, model.rmsea) == (0, None, 1, 1, 0)


def test_confirmatory_likelihood_is_that_of_the_normal_distribution():
    items = people(4)
    n, k = items.shape
    covariance = items.cov() * (n - 1) / n
    model = factors.confirmatory_model(covariance, n, [range(k)])
    expected = stats.multivariate_normal(items.mean(), model.implied).logpdf(items).sum()
    assert model.log_likelihood == pytest.approx(expected)
    assert model.aic == pytest.approx(2 * 2 * k - 2 * expected)
    with_means = factors.confirmatory_model(covariance, n, [range(k)], mean_structure=True)
    assert with_means.bic == pytest.approx(model.bic + k * np.log(n))
    saturated = stats.multivariate_normal(items.mean(), covariance).logpdf(items).sum()
    assert model.chi2 == pytest.approx(2 * (saturated - expected))


# Invariances


@repeated
@given(seeds)
def test_order_and_unit_of_the_items(seed):
    items = people(seed)
    rng = np.random.default_rng(seed)
    turned = items[rng.permutation(items.columns)]
    scaled = items * rng.uniform(0.1, 10, items.shape[1]) + 3
    for omega in (factors.omega_total_ml, factors.omega_total_minres):
        assert omega(turned).estimate == pytest.approx(omega(items).estimate, rel=1e-7)
        assert omega(items * 7 - 2).estimate == pytest.approx(omega(items).estimate, rel=1e-7)
    assert factors.omega_total_minres(scaled).estimate == pytest.approx(factors.omega_total_minres(items).estimate)
    loadings = factors.one_factor_ml(items.cov())[0]
    factor = scaled.std().to_numpy() / items.std().to_numpy()
    assert factors.one_factor_ml(scaled.cov())[0] == pytest.approx(loadings * factor, rel=1e-6)


def test_order_of_the_items_in_a_hierarchy():
    items = grouped(5)
    found = factors.omega_hierarchical(items)
    assert 0 < found.estimate < factors.omegas_of_hierarchy(items)["total"].estimate < 1
    for changed in (items[items.columns[::-1]], items * np.arange(1, 10)):
        assert factors.omega_hierarchical(changed).estimate == pytest.approx(found.estimate, abs=1e-6)


# Many matrices at once


def test_batch_equals_single(monkeypatch):
    monkeypatch.setattr(factors, "BLOCK", 32)  # several blocks, the last one not full
    covariances = np.array([people(seed, n=30, loading=loading).cov() for seed in range(35) for loading in (0.4, 0.8)])
    found = factors.omega_of_draws(covariances)
    for covariance, omega in zip(covariances, found, strict=True):
        loadings, uniquenesses, converged = factors.one_factor_ml(covariance)
        assert converged == np.isfinite(omega)
        if converged:
            assert omega == pytest.approx(factors.omega_from_loadings(loadings, uniquenesses), abs=1e-7)
    assert 0 < np.isnan(found).sum() < 20  # improper solutions are among them
    correlations = np.array([np.corrcoef(people(seed), rowvar=False) for seed in range(20)])
    for correlation, loadings in zip(correlations, factors.minres_of_draws(correlations), strict=True):
        assert factors.one_factor_minres(correlation) == pytest.approx(loadings, abs=1e-7)


def test_a_draw_without_solution_leaves_the_others_alone():
    good, constant = of_one_factor([0.7] * 3), of_one_factor([0.7] * 3)
    constant[0] = constant[:, 0] = 0
    found = factors.omega_of_draws([good, constant, HEYWOOD, np.full((3, 3), np.nan), good])
    assert np.isnan(found).tolist() == [False, True, True, True, False]
    assert found[0] == found[4]
    assert factors.omega_of_draws(np.empty((0, 3, 3))).shape == (0,)


# Beside other libraries


@repeated
@given(seeds, st.integers(4, 10))
def test_one_factor_equals_statsmodels(seed, k):
    correlation = np.corrcoef(people(seed, k=k), rowvar=False)
    beside = Factor(corr=correlation, n_factor=1, method="ml", nobs=80).fit().loadings[:, 0]
    loadings, _, converged = factors.one_factor_ml(correlation)
    assert converged
    assert loadings == pytest.approx(beside * np.sign(beside.sum()), abs=1e-4)
    beside = Factor(corr=correlation, n_factor=1, method="pa", smc=True).fit(maxiter=5000, tol=1e-12).loadings[:, 0]
    assert factors.one_factor_minres(correlation) == pytest.approx(beside * np.sign(beside.sum()), abs=1e-6)


@repeated
@given(seeds)
def test_confirmatory_model_of_one_cluster_is_the_one_factor_model(seed):
    covariance = people(seed).cov()
    model = factors.confirmatory_model(covariance, 80, [range(6)])
    loadings, uniquenesses, _ = factors.one_factor_ml(covariance)
    assert model.loadings == pytest.approx(loadings, rel=1e-5)
    assert model.error_variances == pytest.approx(uniquenesses, rel=1e-5)
    assert model.ave[0] == pytest.approx((loadings**2).sum() / np.trace(covariance), rel=1e-5)


def test_several_factors_equal_statsmodels():
    correlation = np.corrcoef(grouped(5), rowvar=False)
    loadings, uniquenesses, converged = factors.factors_minres(correlation, 3)
    beside = Factor(corr=correlation, n_factor=3, method="pa", smc=True).fit(maxiter=5000, tol=1e-12).loadings
    assert converged
    assert loadings @ loadings.T == pytest.approx(beside @ beside.T, abs=1e-5)
    assert uniquenesses == pytest.approx(1 - (loadings**2).sum(axis=1), abs=1e-6)


def test_heavy_libraries_are_imported_where_they_are_needed():
    seen = "import sys, piloteval.measures.factors; print([m for m in ('statsmodels', 'scipy.stats', 'scipy.optimize') if m in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", seen], capture_output=True, text=True, env={"PYTHONPATH": str(SOURCES)})
    assert ran.stdout.strip() == "[]", ran.stderr
