"""Cumulative link models: edges, properties that hold for any data, closed forms and statsmodels."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from piloteval.measures import steps
from scipy import integrate, special, stats

SOURCES = Path(__file__).resolve().parents[2] / "workflow" / "scripts"

repeated = settings(max_examples=15, deadline=None, derandomize=True, database=None)


def answers(n=66, beta=0.8, sd=1.5, categories=5, seed=1):
    """Answers before and after of people who differ with a standard deviation, on a logistic scale."""
    rng = np.random.default_rng(seed)
    person = sd * rng.standard_normal(n)
    cuts = np.linspace(-2.5, 2.5, categories - 1)
    return [1.0 + np.searchsorted(cuts, person + beta * after + rng.logistic(size=n)) for after in (0, 1)]


def both_waves(pre, post):
    n = len(pre)
    return np.concatenate([pre, post]), np.repeat([0.0, 1.0], n)[:, None], np.tile(np.arange(n), 2)


@pytest.fixture(scope="module")
def simulated():
    return both_waves(*answers())


@pytest.fixture(scope="module")
def with_covariate():
    rng = np.random.default_rng(5)
    X = np.column_stack([rng.integers(0, 2, 150), rng.normal(size=150)]).astype(float)
    y = np.searchsorted([-1, 0.5, 2], X @ [0.8, -0.6] + rng.logistic(size=150))
    return y, X


def undefined(result):
    value = result.estimate if hasattr(result, "estimate") else result.log_likelihood
    return value is None and result.note.startswith("undefined: ")


# The fixed model


def test_without_predictors_thresholds_are_those_of_the_shares():
    y = np.repeat([1, 2, 5], [10, 25, 15])
    fit = steps.cumulative_link(y, np.empty((50, 0)))
    share = np.array([10, 35]) / 50
    assert fit.thresholds == pytest.approx(special.logit(share))
    assert fit.standard_errors == pytest.approx(1 / np.sqrt(50 * share * (1 - share)))
    assert fit.log_likelihood == pytest.approx(stats.entropy([0.2, 0.5, 0.3]) * -50)
    assert fit.aic == pytest.approx(4 - 2 * fit.log_likelihood)
    assert fit.categories == (1, 2, 5)


def test_two_categories_are_a_table_of_four():
    y = np.repeat([0, 1, 0, 1], [20, 10, 9, 24])
    after = np.repeat([0.0, 1.0], [30, 33])[:, None]
    fit = steps.cumulative_link(y, after)
    assert fit.coefficients[0] == pytest.approx(np.log(20 * 24 / (10 * 9)))
    assert fit.standard_errors[1] == pytest.approx(np.sqrt(1 / 20 + 1 / 10 + 1 / 9 + 1 / 24))
    assert fit.thresholds[0] == pytest.approx(np.log(20 / 10))


@pytest.mark.parametrize(
    ("link", "distribution"), [("logit", "logit"), ("probit", "probit"), ("cloglog", stats.gumbel_l)]
)
def test_equals_statsmodels(with_covariate, link, distribution):
    from statsmodels.miscmodels.ordinal_model import OrderedModel

    y, X = with_covariate
    groups = np.arange(150) // 3
    model = OrderedModel(y, X, distr=distribution)
    theirs = model.fit(method="bfgs", gtol=1e-8, disp=False, cov_type="cluster", cov_kwds={"groups": groups})
    fit = steps.cumulative_link(y, X, link, clusters=groups)
    assert fit.log_likelihood == pytest.approx(theirs.llf, rel=1e-9)
    assert fit.coefficients == pytest.approx(theirs.params[:2], rel=1e-4)
    assert fit.thresholds == pytest.approx(model.transform_threshold_params(theirs.params)[1:-1], rel=1e-4)
    # statsmodels also multiplies by (n - 1) / (n - parameters).
    assert fit.standard_errors[3:] == pytest.approx(theirs.bse[:2] / np.sqrt(149 / 145), rel=1e-3)


def test_clusters_of_one_give_the_sandwich_of_white(with_covariate):
    y, X = with_covariate
    robust = steps.cumulative_link(y, X, clusters=np.arange(150))
    plain = steps.cumulative_link(y, X)
    assert robust.estimates == pytest.approx(plain.estimates)
    assert robust.standard_errors == pytest.approx(plain.standard_errors, rel=0.3)
    assert not np.allclose(robust.standard_errors, plain.standard_errors, rtol=1e-6)


@pytest.mark.parametrize("link", ["logit", "probit", "cloglog"])
def test_derivatives_of_the_links(link):
    one = steps.LINKS[link]
    x, h = np.linspace(-4, 3, 29), 1e-5
    for function, derivative in ((one.cdf, one.density), (one.density, one.slope), (one.slope, one.curvature)):
        assert derivative(x) == pytest.approx((function(x + h) - function(x - h)) / (2 * h), abs=1e-8)
    assert one.survival(x) == pytest.approx(1 - one.cdf(x))


@repeated
@given(st.integers(0, 10_000), st.sampled_from(["logit", "probit"]))
def test_only_the_order_of_answers_and_not_that_of_rows_counts(seed, link):
    y, X, person = both_waves(*answers(n=25, seed=seed))
    fit = steps.cumulative_link(y, X, link, clusters=person)
    if fit.note:
        return
    order = np.random.default_rng(seed).permutation(len(y))
    mixed_up = steps.cumulative_link(np.exp(y[order]), X[order], link, clusters=person[order])
    assert mixed_up.estimates == pytest.approx(fit.estimates, rel=1e-7, abs=1e-9)
    assert mixed_up.standard_errors == pytest.approx(fit.standard_errors, rel=1e-6)
    # A symmetric link turns with the answers.
    turned = steps.cumulative_link(-y, X, link)
    assert turned.coefficients == pytest.approx(-fit.coefficients, rel=1e-7, abs=1e-9)
    assert turned.thresholds == pytest.approx(-fit.thresholds[::-1], rel=1e-7, abs=1e-9)
    shifted = steps.cumulative_link(y, 10 * X + 3, link)
    assert shifted.coefficients * 10 == pytest.approx(fit.coefficients, rel=1e-7, abs=1e-9)
    assert shifted.log_likelihood == pytest.approx(fit.log_likelihood)


def test_incomplete_rows_are_left_out_and_counted(with_covariate):
    y, X = with_covariate
    y, X = y.astype(float), X.copy()
    y[0], X[1, 0] = np.nan, np.nan
    fit, complete = steps.cumulative_link(y, X), steps.cumulative_link(y[2:], X[2:])
    assert (fit.n, fit.n_dropped) == (148, 2)
    assert fit.estimates == pytest.approx(complete.estimates)
    person = pd.Series(np.arange(150) // 2, dtype=object)
    person[2] = None
    assert steps.cumulative_link(y, X, clusters=person).n_dropped == 3


@pytest.mark.parametrize("link", ["logit", "probit", "cloglog"])
@pytest.mark.parametrize("after", [[3, 3, 4, 3], [2, 3, 4, 4]])  # without overlap, and meeting in one category
def test_separation(link, after):
    y, X, person = both_waves([1, 2, 2, 1], after)
    for result in (
        steps.cumulative_link(y, X, link),
        steps.cumulative_link(y, X, link, clusters=person),
        steps.cumulative_link_mixed(y, X, person, link),
    ):
        assert undefined(result)
        assert "complete separation" in result.note


def test_a_large_effect_is_not_separation():
    y = np.repeat([1, 2, 1, 2], [400, 1, 1, 400])
    fit = steps.cumulative_link(y, np.repeat([0.0, 1.0], 401)[:, None])
    assert fit.coefficients[0] == pytest.approx(2 * np.log(400))


def test_models_that_cannot_be_fitted():
    X = np.array([[0.0], [1], [0], [1]])
    assert steps.cumulative_link([3, 3, 3, 3], X).note == "undefined: one category used"
    assert undefined(steps.cumulative_link([1, 2, 1, 2], np.ones((4, 1))))
    assert undefined(steps.cumulative_link([1, 2, 1, 2], np.hstack([X, 2 * X])))
    assert undefined(steps.cumulative_link([np.nan] * 4, X))
    assert undefined(steps.cumulative_link([1, 2, 2, 1], X, clusters=[1, 1, 1, 1]))
    assert undefined(steps.cumulative_link_mixed([1, 2, 2, 1], X, [1, 1, 1, 1]))
    assert undefined(steps.cumulative_link_mixed([1, 2, 2, 1], X, [1, 2, 3, 4]))
    with pytest.raises(ValueError, match="unknown link"):
        steps.cumulative_link([1, 2, 1, 2], X, "cauchit")
    with pytest.raises(ValueError, match="one row an observation"):
        steps.cumulative_link([1, 2, 1], X)


# The mixed model


@pytest.mark.parametrize("link", ["logit", "probit", "cloglog"])
def test_gradient_of_the_laplace_approximation(simulated, link):
    data, empty = steps._prepared(*simulated[:2], link, simulated[2])
    theta = np.array([-1.4, -0.4, 0.9, 1.8, 0.5, -0.1])
    start = np.zeros(empty.n_groups)
    _, gradient, _ = steps._laplace(theta, data, start)
    numeric = [
        (steps._laplace(theta + h, data, start)[0] - steps._laplace(theta - h, data, start)[0]) / 2e-5
        for h in np.eye(6) * 1e-5
    ]
    assert gradient == pytest.approx(np.array(numeric), abs=1e-6)


def test_many_answers_a_group_make_laplace_exact():
    rng = np.random.default_rng(2)
    groups = np.repeat(np.arange(6), 60)
    X = rng.integers(0, 2, (360, 1)).astype(float)
    y = np.searchsorted([-1, 1], X[:, 0] + np.repeat(rng.normal(size=6), 60) + rng.logistic(size=360))
    fit = steps.cumulative_link_mixed(y, X, groups)

    def density(u, group):
        here = groups == group
        limits = np.concatenate([[-np.inf], fit.thresholds, [np.inf]])
        t = X[here, 0] * fit.coefficients[0] + fit.random_sd * u
        p = special.expit(limits[y[here] + 1] - t) - special.expit(limits[y[here]] - t)
        return np.exp(np.log(p).sum() + 60) * stats.norm.pdf(u)

    exact = sum(
        np.log(integrate.quad(density, -6, 6, args=(group,), points=[0], limit=200)[0]) - 60 for group in range(6)
    )
    assert fit.log_likelihood == pytest.approx(exact, abs=0.02)


@settings(repeated, max_examples=4)
@given(st.integers(0, 1000))
def test_mixed_model_does_not_depend_on_rows_labels_or_direction(seed):
    y, X, person = both_waves(*answers(n=40, seed=seed))
    fit = steps.cumulative_link_mixed(y, X, person)
    order = np.random.default_rng(seed).permutation(len(y))
    again = steps.cumulative_link_mixed(-y[order], X[order], np.char.add("p", person[order].astype(str)))
    assert again.note == fit.note
    assert again.random_sd == pytest.approx(fit.random_sd, rel=1e-4)
    assert again.coefficients == pytest.approx(-fit.coefficients, rel=1e-4, abs=1e-6)
    assert again.log_likelihood == pytest.approx(fit.log_likelihood, rel=1e-8)
    assert fit.log_likelihood >= steps.cumulative_link(y, X).log_likelihood


def test_people_who_do_not_differ_have_no_random_intercept():
    rng = np.random.default_rng(11)
    pre = rng.permutation(np.repeat([1, 2, 3], 20))
    y, X, person = both_waves(pre, np.roll(np.sort(pre), 30)[np.argsort(np.argsort(pre, kind="stable"), kind="stable")])
    fit, fixed = steps.cumulative_link_mixed(y, X, person), steps.cumulative_link(y, X)
    assert fit.random_sd == 0
    assert fit.estimates == pytest.approx(fixed.estimates)
    assert fit.standard_errors == pytest.approx(fixed.standard_errors)
    assert fit.log_likelihood == fixed.log_likelihood
    assert fit.aic == fixed.aic + 2
    assert fit.note == "the groups do not differ beyond chance"


def test_the_intercept_without_bound():
    pre, post = answers(sd=2)
    post = pre.copy()
    post[np.flatnonzero(pre < 5)[:2]] += 1
    assert "without bound" in steps.odds_ratio_after_mixed(pre, post).note
    assert steps.odds_ratio_after(pre, post).estimate > 1


# Before and after


def test_odds_ratios_of_change():
    pre, post = answers(n=400, beta=1.0, sd=2.0, seed=8)
    marginal, conditional = steps.odds_ratio_after(pre, post), steps.odds_ratio_after_mixed(pre, post)
    for one in (marginal, conditional):
        assert one.ci_low < one.estimate < one.ci_high
        assert (one.n, one.n_dropped) == (400, 0)
        assert "5 categories" in one.note
    # The model that made the answers is in the interval, and the odds ratio over people is nearer 1.
    assert conditional.ci_low < np.exp(1.0) < conditional.ci_high
    assert 1 < marginal.estimate < conditional.estimate
    assert marginal.ci_method == "cluster-robust t interval, 95 %"
    back = steps.odds_ratio_after(post, pre)
    assert (back.estimate, back.ci_low) == pytest.approx((1 / marginal.estimate, 1 / marginal.ci_high))
    # Pairing makes the interval narrower than that of as many strangers.
    y, X, _ = both_waves(pre, post)
    assert np.log(marginal.ci_high / marginal.ci_low) < 2 * 1.96 * steps.cumulative_link(y, X).standard_errors[-1]


def test_people_who_answered_once():
    pre, post = answers()
    pre[:4], post[4:10], post[0] = np.nan, np.nan, np.nan
    pairs, everybody = steps.odds_ratio_after(pre, post), steps.odds_ratio_after(pre, post, everybody=True)
    assert (pairs.n, pairs.n_dropped, pairs.dropped_reason) == (56, 10, "before or after missing")
    assert (everybody.n, everybody.n_dropped) == (65, 1)
    assert pairs.estimate == pytest.approx(steps.odds_ratio_after(pre[10:], post[10:]).estimate)
    assert steps.odds_ratio_after_mixed(pre, post, everybody=True).n == 65
    nullable = pd.Series(pre).astype("Int64")
    assert steps.odds_ratio_after(nullable, post).estimate == pytest.approx(pairs.estimate)


@pytest.mark.parametrize("ratio", [steps.odds_ratio_after, steps.odds_ratio_after_mixed])
def test_no_odds_ratio(ratio):
    assert ratio([1, 2], [2, 1]).note == "undefined: fewer than 3 people (n = 2)"
    assert undefined(ratio([], []))
    assert ratio([3, 3, 3], [3, 3, 3]).note == "undefined: one category used"
    assert ratio([1, 2, 3], [1, 2, 3]).note == "undefined: nobody changed"
    assert "complete separation" in ratio([1, 2, 2, 1], [3, 3, 4, 3]).note
    assert undefined(ratio([1, 2, 2, 1], [np.nan] * 4, everybody=True))
    with pytest.raises(ValueError, match="before has 1 and after 2"):
        ratio([1], [1, 2])


def test_starts_without_slow_imports():
    slow = ("statsmodels", "scipy.stats", "scipy.optimize")
    program = (
        "import sys; from piloteval.measures import missing, steps; "
        f"print([name for name in {slow} if name in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=SOURCES, capture_output=True, text=True, check=True, timeout=60
    )
    assert result.stdout.strip() == "[]"
