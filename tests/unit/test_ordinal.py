"""Ordered answers: rules at the edges, properties that hold for any data, and closed forms."""

from __future__ import annotations

import numpy as np
import ordinalcorr.polytomous
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from piloteval.measures import ordinal
from scipy import stats

repeated = settings(max_examples=60, deadline=None, derandomize=True, database=None)

limits = st.floats(-8, 8).map(lambda limit: round(limit, 6))
SEARCH = 2e-5  # ordinalcorr stops its search within 1e-5


def simulated(n=66, k=4, categories=5, seed=3):
    rng = np.random.default_rng(seed)
    normal = 0.7 * rng.normal(size=(n, 1)) + 0.7 * rng.normal(size=(n, k))
    answers = np.clip(np.round(normal * categories / 4 + (categories + 1) / 2), 1, categories)
    return pd.DataFrame(answers, columns=[f"item{i}" for i in range(1, k + 1)])


@pytest.fixture(scope="module")
def scale():
    return simulated()


@pytest.fixture(scope="module")
def polychorics(scale):
    return ordinal.polychoric_matrix(scale)


def coefficients(items, **options):
    yield ordinal.ordinal_alpha(items, **options)
    for loadings in ("dwls", "uls"):
        yield ordinal.latent_omega(items, loadings, **options)
        for denominator in ("observed", "model"):
            yield ordinal.green_yang_omega(items, loadings, denominator, **options)


def estimates(items, **options):
    return [statistic.estimate for statistic in coefficients(items, **options)]


def assert_undefined(items, reason):
    for statistic in coefficients(items):
        assert statistic.estimate is None
        assert statistic.note.startswith("undefined: ")
        assert reason in statistic.note


# Normal distribution


@settings(repeated, max_examples=40)
@given(limits, limits, st.floats(-0.999, 0.999))
def test_bivariate_normal_beside_scipy(h, k, rho):
    expected = stats.multivariate_normal.cdf([h, k], cov=[[1, rho], [rho, 1]])
    assert ordinal.bivariate_normal_cdf(h, k, rho) == pytest.approx(expected, abs=1e-12)


@repeated
@given(limits, limits, st.floats(-1, 1))
def test_bivariate_normal_beside_ordinalcorr(h, k, rho):
    expected = ordinalcorr.polytomous.bivariate_normal_cdf(h, k, rho)
    assert ordinal.bivariate_normal_cdf(h, k, rho) == pytest.approx(float(expected), abs=1e-6)


def test_bivariate_normal_at_its_edges():
    h = np.array([-1.3, 0, 0.4, np.inf])
    assert ordinal.bivariate_normal_cdf(h, np.inf, 0.3) == pytest.approx(stats.norm.cdf(h))
    assert ordinal.bivariate_normal_cdf(h, -np.inf, 0.3) == pytest.approx(np.zeros(4))
    assert ordinal.bivariate_normal_cdf(h, 0.2, 0) == pytest.approx(stats.norm.cdf(h) * stats.norm.cdf(0.2))
    assert ordinal.bivariate_normal_cdf(h, 0.2, 1) == pytest.approx(stats.norm.cdf(np.minimum(h, 0.2)))
    opposite = np.maximum(stats.norm.cdf(h) + stats.norm.cdf(0.2) - 1, 0)
    assert ordinal.bivariate_normal_cdf(h, 0.2, -1) == pytest.approx(opposite)
    # Sheppard's quadrant formula.
    rho = np.linspace(-1, 1, 9)
    assert ordinal.bivariate_normal_cdf(0, 0, rho) == pytest.approx(0.25 + np.arcsin(rho) / (2 * np.pi))


def test_bivariate_normal_broadcasts_over_all_three():
    h, k, rho = np.linspace(-2, 2, 3)[:, None, None], np.linspace(-1, 1, 4)[:, None], np.linspace(-0.9, 0.9, 5)
    together = ordinal.bivariate_normal_cdf(h, k, rho)
    assert together.shape == (3, 4, 5)
    assert together[2, 1, 3] == ordinal.bivariate_normal_cdf(h[2, 0, 0], k[1, 0], rho[3])


def test_thresholds_are_quantiles_and_empty_categories_are_joined():
    assert ordinal.thresholds([1, 2, 2, 3]) == pytest.approx(stats.norm.ppf([0.25, 0.75]))
    assert ordinal.thresholds([1, 2, 2, 5]) == pytest.approx(ordinal.thresholds([1, 2, 2, 3]))
    assert ordinal.thresholds([4, 4, 4]).size == 0


# Polychoric correlations


def median_split(both, one):
    """Two-category answers with halves at the median: counts of the equal and of the unequal cells."""
    counts = [both, one, one, both]
    return np.repeat([0, 0, 1, 1], counts), np.repeat([0, 1, 0, 1], counts)


@pytest.mark.parametrize(("both", "one"), [(30, 10), (15, 20), (200, 13)])
def test_two_categories_at_the_median_have_a_closed_form(both, one):
    x, y = median_split(both, one)
    share = both / len(x)
    rho = np.sin(2 * np.pi * (share - 0.25))  # Sheppard's quadrant formula
    for method in ("two-step", "ml"):
        assert ordinal.polychoric(x, y, method).estimate == pytest.approx(rho, abs=SEARCH)
    # The differential of the quadrant formula with the margins estimated.
    variance = 2 * np.pi**2 * share * (1 - 2 * share) * (1 - rho**2)
    computed = ordinal.polychoric_variances(np.column_stack([x, y]))
    assert computed[0, 1] == pytest.approx(variance, rel=1e-4)
    by_likelihood = ordinal.polychoric(x, y, "ml")
    half_width = stats.norm.ppf(0.975) * np.sqrt(variance / len(x))
    assert by_likelihood.ci_low == pytest.approx(max(rho - half_width, -1), abs=1e-4)
    assert by_likelihood.ci_high == pytest.approx(min(rho + half_width, 1), abs=1e-4)


def test_correlations_are_those_of_the_library(scale, polychorics):
    for i, j in [(0, 1), (2, 3), (3, 0)]:
        expected = ordinalcorr.polytomous.polychoric(scale.iloc[:, i], scale.iloc[:, j])
        assert polychorics[i, j] == pytest.approx(expected, abs=SEARCH)
    assert (polychorics == polychorics.T).all()
    assert (np.diag(polychorics) == 1).all()


def test_one_pair(scale, polychorics):
    two_step = ordinal.polychoric(scale["item1"], scale["item2"])
    likelihood = ordinal.polychoric(scale["item1"], scale["item2"], "ml")
    assert two_step.estimate == pytest.approx(polychorics[1, 0])
    assert likelihood.estimate == pytest.approx(two_step.estimate, abs=0.05)
    assert two_step.ci_method == "normal interval, thresholds taken as known, 95 %"
    assert (likelihood.method, likelihood.n) == ("polychoric correlation (maximum likelihood)", 66)
    narrow, wide = (ordinal.polychoric(scale["item1"], scale["item2"], confidence=level) for level in (0.9, 0.99))
    assert wide.ci_low < two_step.ci_low < narrow.ci_low < two_step.estimate < narrow.ci_high < wide.ci_high


def test_one_pair_turned(scale):
    x, y = scale["item1"], scale["item2"]
    for method in ("two-step", "ml"):
        expected = ordinal.polychoric(x, y, method)
        for again in (ordinal.polychoric(y, x, method), ordinal.polychoric(-x, -y, method)):
            assert again.estimate == pytest.approx(expected.estimate, abs=SEARCH)
            assert again.ci_high == pytest.approx(expected.ci_high, abs=1e-4)
        assert ordinal.polychoric(-x, y, method).estimate == pytest.approx(-expected.estimate, abs=SEARCH)


def test_one_pair_undefined_or_at_the_bound():
    x = np.array([1, 2, 3, 4, 5, 1, 2, 3])
    for method in ("two-step", "ml"):
        same = ordinal.polychoric(x, x, method)
        assert (same.estimate > ordinal.BOUND, same.ci_low) == (True, None)
        assert same.note == "polychoric correlation at the bound (beyond 0.9999), no interval"
        assert (
            ordinal.polychoric(x, np.ones(8), method).note == "undefined: a constant item has no correlations: second"
        )
        assert "fewer than 3" in ordinal.polychoric(x[:2], x[:2], method).note
        many = ordinal.polychoric(np.arange(20), np.arange(20), method)
        assert "answers are not categories" in many.note
    with pytest.raises(ValueError, match="two-step"):
        ordinal.polychoric(x, x, "pearson")
    with pytest.raises(ValueError, match="differ in number"):
        ordinal.polychoric(x, x[:3])


def test_one_pair_drops_people_without_both_answers(scale):
    x = scale["item1"].copy()
    x[:4] = np.nan
    pair = ordinal.polychoric(x, scale["item2"])
    assert (pair.n, pair.n_dropped, pair.dropped_reason) == (62, 4, "at least one item not answered")


def test_constant_item_has_no_correlations(scale):
    matrix = ordinal.polychoric_matrix(scale.assign(item2=3))
    assert np.isnan(matrix[1]).all()
    assert np.isnan(matrix[:, 1]).all()
    assert np.isfinite(np.delete(np.delete(matrix, 1, 0), 1, 1)).all()
    assert np.isnan(ordinal.polychoric_matrix(scale.head(0))).all()
    variances = ordinal.polychoric_variances(scale.assign(item2=3), matrix)
    assert np.isnan(variances[0, 1])
    assert variances[0, 2] > 0
    assert ordinal.dwls_loadings(scale.assign(item2=3), matrix) is None


def test_smoothing():
    good = np.array([[1, 0.5], [0.5, 1]])
    assert (ordinal.smooth_correlation(good) == good).all()
    impossible = np.array([[1, 0.9, -0.9], [0.9, 1, 0.9], [-0.9, 0.9, 1]])
    smoothed = ordinal.smooth_correlation(impossible)
    assert np.linalg.eigvalsh(smoothed)[0] > 0
    assert np.diag(smoothed) == pytest.approx(1)
    # The nearest matrix of that symmetric form with a zero eigenvalue.
    assert smoothed == pytest.approx(np.array([[1, 0.5, -0.5], [0.5, 1, 0.5], [-0.5, 0.5, 1]]), abs=1e-6)


# One factor


def test_loadings_of_an_exact_one_factor_matrix():
    loadings = np.array([0.8, 0.6, 0.7, 0.5])
    matrix = np.outer(loadings, loadings) + np.diag(1 - loadings**2)
    weights = np.random.default_rng(1).uniform(0.5, 3, size=(4, 4))
    assert ordinal.one_factor_weighted(matrix, weights) == pytest.approx(loadings)
    turned = np.array([1, -1, 1, 1])
    found = ordinal.one_factor_weighted(matrix * np.outer(turned, turned), weights)
    assert found == pytest.approx(loadings * turned)


def test_equal_weights_give_unweighted_least_squares(polychorics):
    weighted = ordinal.one_factor_weighted(polychorics, np.full_like(polychorics, 7))
    assert weighted == pytest.approx(ordinal.one_factor_minres(polychorics), abs=1e-6)


def test_no_loadings_without_numbers():
    assert ordinal.one_factor_weighted(np.eye(2), np.ones((2, 2))) is None
    assert ordinal.one_factor_weighted(np.full((3, 3), np.nan), np.ones((3, 3))) is None
    assert ordinal.one_factor_weighted(np.eye(3), np.full((3, 3), np.nan)) is None


# Coefficients


def reliability_by_integration(cuts, loadings, steps):
    """Variance of the expected sum given the factor, over the variance of the sum, by quadrature over the factor."""
    factor, weight = np.polynomial.hermite_e.hermegauss(120)
    weight = weight / weight.sum()
    mean, error = np.zeros_like(factor), np.zeros_like(factor)
    for cut, loading, step in zip(cuts, loadings, steps, strict=True):
        above = stats.norm.sf((cut[:, None] - loading * factor) / np.sqrt(1 - loading**2))
        points = np.concatenate([[0], np.cumsum(step)])[:, None]
        share = -np.diff(np.vstack([np.ones_like(factor), above, np.zeros_like(factor)]), axis=0)
        mean += (points * share).sum(axis=0)
        error += (points**2 * share).sum(axis=0) - (points * share).sum(axis=0) ** 2
    between = (weight * mean**2).sum() - (weight * mean).sum() ** 2
    return between / (between + (weight * error).sum())


def test_green_yang_is_the_reliability_of_the_sum():
    cuts = [np.array([-1, 0.2, 1.5]), np.array([0.3]), np.array([-0.5, 0.5]), np.array([-2, -1, 0, 1.0])]
    loadings, ones = [0.7, 0.5, -0.3, 0.8], [np.ones(len(cut)) for cut in cuts]
    assert ordinal.green_yang(cuts, loadings) == pytest.approx(
        reliability_by_integration(cuts, loadings, ones), abs=1e-9
    )
    steps = [np.array([1, 2, 1]), np.array([3]), np.array([0.5, 1]), np.array([1, 1, 2, 1])]
    assert ordinal.green_yang(cuts, loadings, steps=steps) == pytest.approx(
        reliability_by_integration(cuts, loadings, steps), abs=1e-9
    )
    model = np.outer(loadings, loadings)
    assert ordinal.green_yang(cuts, loadings, model) == pytest.approx(ordinal.green_yang(cuts, loadings))
    assert ordinal.green_yang([np.array([]), np.array([])], [0.5, 0.5]) is None


def test_coefficients_say_what_they_are(scale, polychorics):
    for statistic in coefficients(scale, polychorics=polychorics):
        assert 0 < statistic.estimate < 1
        assert (statistic.n, statistic.ci_low, statistic.n_dropped) == (66, None, 0)
        assert statistic.note == ("" if "Green & Yang" in statistic.method else ordinal.LATENT_ONLY)
    methods = [statistic.method for statistic in coefficients(scale, polychorics=polychorics)]
    assert len(set(methods)) == len(methods)
    assert "categorical omega (Green & Yang), variance of the sum model, DWLS loadings" in methods


def test_given_correlations_only_save_time(scale, polychorics):
    assert estimates(scale, polychorics=polychorics) == estimates(scale)
    with pytest.raises(ValueError, match="of 4 items"):
        ordinal.ordinal_alpha(scale, polychorics[:3, :3])


def test_incomplete_rows_are_left_out(scale):
    items = scale.copy()
    items.iloc[[2, 7], 0] = np.nan
    omega = ordinal.green_yang_omega(items)
    assert (omega.n, omega.n_dropped, omega.dropped_reason) == (64, 2, "at least one item not answered")
    assert omega.estimate == ordinal.green_yang_omega(items.dropna()).estimate


def test_names_of_the_categories_do_not_matter(scale):
    expected = estimates(scale)
    assert estimates(scale * 25 - 25) == pytest.approx(expected)  # equal steps stay equal: the sum is the same
    uneven = scale.replace({1: 1, 2: 4, 3: 5, 4: 7, 5: 50})
    assert ordinal.thresholds(uneven["item1"]) == pytest.approx(ordinal.thresholds(scale["item1"]))
    assert ordinal.polychoric_matrix(uneven) == pytest.approx(ordinal.polychoric_matrix(scale))
    assert ordinal.polychoric_variances(uneven) == pytest.approx(ordinal.polychoric_variances(scale))
    assert ordinal.dwls_loadings(uneven) == pytest.approx(ordinal.dwls_loadings(scale))
    assert ordinal.ordinal_alpha(uneven).estimate == pytest.approx(expected[0])
    assert ordinal.latent_omega(uneven).estimate == pytest.approx(ordinal.latent_omega(scale).estimate)


def test_order_of_items_does_not_matter(scale):
    order = [2, 0, 3, 1]
    assert estimates(scale.iloc[:, order]) == pytest.approx(estimates(scale), abs=SEARCH)
    turned = ordinal.dwls_loadings(scale.iloc[:, order])
    assert turned == pytest.approx(ordinal.dwls_loadings(scale)[order], abs=1e-4)


def test_all_items_reversed_changes_nothing(scale):
    assert estimates(6 - scale) == pytest.approx(estimates(scale), abs=SEARCH)


def test_reversed_item_is_named(scale):
    for loadings in ("dwls", "uls"):
        omega = ordinal.green_yang_omega(scale.assign(item3=6 - scale["item3"]), loadings)
        assert omega.note == "negative loading, reversed item suspected: item3"
        assert omega.estimate < ordinal.green_yang_omega(scale, loadings).estimate


def test_category_nobody_chose_is_told_and_keeps_its_points(scale):
    items = scale.assign(item1=scale["item1"].replace({3: 2}))
    omega = ordinal.green_yang_omega(items)
    assert omega.note == "category that nobody chose, joined with its neighbour: item1"
    closed_up = items.assign(item1=items["item1"].replace({4: 3, 5: 4}))
    assert ordinal.green_yang_omega(closed_up).estimate != pytest.approx(omega.estimate, abs=1e-4)
    assert ordinal.dwls_loadings(closed_up) == pytest.approx(ordinal.dwls_loadings(items))
    # An answer nobody gave at either end is not between two answers and adds nothing to anyone's sum.
    assert ordinal.ordinal_alpha(scale.assign(item1=scale["item1"].replace({1: 2}))).note == ordinal.LATENT_ONLY


def test_items_of_two_and_of_unequal_categories():
    binary = simulated(n=120, categories=2, seed=5)
    assert all(0 < estimate < 1 for estimate in estimates(binary))
    mixed = simulated(n=120).assign(item4=binary["item4"])
    assert ordinal.dwls_loadings(mixed).shape == (4,)
    assert all(estimate is not None for estimate in estimates(mixed))


def test_undefined_with_the_reason(scale):
    assert_undefined(scale.assign(item2=3), "constant item has no correlations: item2")
    assert_undefined(scale.head(2), "fewer than 3 complete rows (n = 2)")
    assert_undefined(scale.head(0), "fewer than 3 complete rows (n = 0)")
    assert_undefined(
        scale.assign(item2=np.arange(66)), "answers are not categories, more than 10 different ones: item2"
    )
    assert_undefined(scale[["item1"]], "items")
    pair = scale[["item1", "item2"]]
    assert ordinal.green_yang_omega(pair).note == "undefined: fewer than three items"
    rho = ordinal.polychoric_matrix(pair)[0, 1]
    assert ordinal.ordinal_alpha(pair).estimate == pytest.approx(2 * rho / (1 + rho))  # Spearman-Brown
    with pytest.raises(ValueError, match="loadings"):
        ordinal.green_yang_omega(scale, loadings="ml")
    with pytest.raises(ValueError, match="denominator"):
        ordinal.green_yang_omega(scale, denominator="total")


def test_improper_solution_is_undefined(scale):
    # Three items whose correlations need a first loading of sqrt(.8 * .8 / .3) = 1.46.
    matrix = np.array([[1, 0.8, 0.8], [0.8, 1, 0.3], [0.8, 0.3, 1]])
    omega = ordinal.green_yang_omega(scale.iloc[:, :3], polychorics=matrix)
    assert omega.estimate is None
    assert omega.note == "undefined: improper one-factor solution, a loading of 1 or beyond"
    assert ordinal.green_yang_omega(scale.iloc[:, :3], "uls", polychorics=matrix).estimate is None


def test_correlation_at_the_bound_is_told(scale):
    twins = scale.assign(item4=scale["item1"])
    told = "polychoric correlation at the bound (beyond 0.9999): item1, item4"
    for statistic in coefficients(twins):
        assert told in statistic.note


def test_matrix_not_positive_definite_is_told(scale):
    matrix = np.full((4, 4), 0.6) + 0.4 * np.eye(4)
    matrix[0, 1] = matrix[1, 0] = -0.3
    assert np.linalg.eigvalsh(matrix)[0] < 0
    alpha = ordinal.ordinal_alpha(scale, matrix)
    assert alpha.note == f"{ordinal.LATENT_ONLY}; polychoric matrix was not positive definite and was smoothed"
    smoothed = ordinal.smooth_correlation(matrix)
    assert alpha.estimate == ordinal.ordinal_alpha(scale, smoothed).estimate
    assert "polychoric matrix is not positive definite" in ordinal.green_yang_omega(scale, polychorics=matrix).note


@settings(repeated, max_examples=25)
@given(st.data())
def test_any_answers_give_a_number_or_a_reason(data):
    n, k = data.draw(st.integers(3, 10)), data.draw(st.integers(3, 4))
    rows = st.lists(st.lists(st.integers(1, 4), min_size=k, max_size=k), min_size=n, max_size=n)
    items = pd.DataFrame(data.draw(rows))
    matrix = ordinal.polychoric_matrix(items)
    for statistic in coefficients(items, polychorics=matrix):
        if statistic.estimate is None:
            assert statistic.note.startswith("undefined: ")
        else:
            assert np.isfinite(statistic.estimate)
