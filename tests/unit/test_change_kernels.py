"""Sites, groups, single people and adjusted p-values: edges, properties, and agreement with other libraries."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from piloteval.measures import clusters, prepost, responders, unpaired
from piloteval.measures.agreement import wilson_interval
from piloteval.measures.reliability import minimal_detectable_change
from scipy import stats

repeated = settings(max_examples=25, deadline=None, derandomize=True, database=None)

likert = st.lists(st.integers(1, 4), min_size=2, max_size=6)
p_values = st.lists(st.integers(0, 1000), min_size=1, max_size=9)


def undefined(found):
    return found.note.startswith("undefined: ")


@pytest.fixture
def nested():
    """Forty people in five sites of unequal size, with a predictor."""
    rng = np.random.default_rng(11)
    site = np.repeat(list("ABCDE"), [14, 10, 8, 5, 3])
    x = rng.normal(size=40)
    y = 0.3 + 0.2 * x + rng.normal(size=5)[pd.factorize(site)[0]] * 0.4 + rng.normal(size=40)
    return y, np.column_stack([np.ones(40), x]), site


# Sites: cluster-robust standard errors


def test_cr0_and_cr1_equal_statsmodels(nested):
    from statsmodels.regression.linear_model import OLS

    y, X, site = nested
    other = OLS(y, X).fit(cov_type="cluster", cov_kwds={"groups": pd.factorize(site)[0], "use_correction": False})
    plain, corrected = clusters.cluster_robust(y, X, site, "CR0"), clusters.cluster_robust(y, X, site, "CR1")
    assert plain.estimate == pytest.approx(other.params)
    assert plain.covariance == pytest.approx(other.cov_params())
    assert corrected.se == pytest.approx(other.bse * np.sqrt(5 / 4))
    assert set(plain.df) == set(corrected.df) == {4}


def test_cr2_equals_its_definition_with_full_matrices(nested):
    y, X, site = nested
    M = np.linalg.inv(X.T @ X)
    rest = np.eye(40) - X @ M @ X.T
    forms = []  # one linear form in y for each coefficient and site
    for name in "ABCDE":
        here = site == name
        values, vectors = np.linalg.eigh(rest[np.ix_(here, here)])
        forms.append(M @ X[here].T @ (vectors / np.sqrt(values)) @ vectors.T @ rest[here])
    forms = np.array(forms)
    fit = clusters.cluster_robust(y, X, site, "CR2")
    assert fit.covariance == pytest.approx(sum(np.outer(form @ y, form @ y) for form in forms))
    for term in range(2):
        products = forms[:, term] @ forms[:, term].T
        assert fit.df[term] == pytest.approx(np.trace(products) ** 2 / (products**2).sum())
        assert products.trace() == pytest.approx(M[term, term])  # unbiased for independent residuals
    assert fit.p == pytest.approx(2 * stats.t.sf(np.abs(fit.t), fit.df))
    assert fit.ci_low == pytest.approx(fit.estimate - stats.t.ppf(0.975, fit.df) * fit.se)


def test_jackknife_equals_refits_without_a_site(nested):
    y, X, site = nested
    full = np.linalg.lstsq(X, y, rcond=None)[0]
    shifts = [np.linalg.lstsq(X[site != name], y[site != name], rcond=None)[0] - full for name in "ABCDE"]
    expected = 4 / 5 * sum(np.outer(shift, shift) for shift in shifts)
    assert clusters.cluster_robust(y, X, site, "CRV3").covariance == pytest.approx(expected)


def test_people_without_sites_give_the_t_interval(nested):
    y, _, _ = nested
    single = clusters.cluster_mean(y, np.arange(40))
    paired = prepost.paired_t(np.zeros(40), y)
    assert (single.estimate, single.ci_low, single.ci_high) == pytest.approx(
        (paired.estimate, paired.ci_low, paired.ci_high)
    )
    assert "40 of 40 sites with one person" in single.note


@repeated
@given(st.integers(2, 6), st.integers(1, 5), st.integers(0, 10**6))
def test_sites_of_equal_size_count_as_their_means(n_sites, size, seed):
    y = np.random.default_rng(seed).normal(size=(n_sites, size))
    means = y.mean(axis=1)
    site = np.repeat(np.arange(n_sites), size)
    for kind in ("CR1", "CR2", "CRV3"):
        fit = clusters.cluster_robust(y.ravel(), np.ones((y.size, 1)), site, kind)
        assert fit.se[0] == pytest.approx(means.std(ddof=1) / np.sqrt(n_sites))
        assert fit.df[0] == pytest.approx(n_sites - 1)
        assert fit.p[0] == pytest.approx(stats.ttest_1samp(means, 0).pvalue)


def test_units_and_order_do_not_matter(nested):
    y, X, site = nested
    order = np.random.default_rng(3).permutation(40)
    one, other = clusters.cluster_robust(y, X, site), clusters.cluster_robust(1000 * y[order], X[order], site[order])
    assert other.se == pytest.approx(1000 * one.se)
    assert other.df == pytest.approx(one.df)


def test_rows_that_miss_anything_are_dropped_and_counted(nested):
    y, X, site = nested
    gaps = y.copy(), X.copy(), site.astype(object)
    gaps[0][0], gaps[1][15, 1], gaps[2][39] = np.nan, np.nan, None
    kept = np.delete(np.arange(40), [0, 15, 39])
    fit, complete = clusters.cluster_robust(*gaps), clusters.cluster_robust(y[kept], X[kept], site[kept])
    assert (fit.n, fit.n_dropped, fit.n_clusters) == (37, 3, 5)
    assert fit.se == pytest.approx(complete.se)
    mean = clusters.cluster_mean(gaps[0], gaps[2])
    assert (mean.n, mean.n_dropped, mean.dropped_reason) == (38, 2, "difference or site missing")


def test_what_sites_cannot_tell_is_undefined(nested):
    y, X, site = nested
    assert undefined(clusters.cluster_robust(y, X, ["A"] * 40))
    assert undefined(clusters.cluster_robust(y, np.column_stack([X, X[:, 0]]), site))
    assert undefined(clusters.cluster_robust(y[:2], X[:2], ["A", "B"]))
    assert undefined(clusters.cluster_robust([], np.ones((0, 1)), []))
    one = clusters.cluster_mean(y, ["A"] * 40)
    assert (one.estimate, one.note) == (None, "undefined: fewer than two sites (sites = 1)")
    alike = clusters.cluster_mean([1, 2, 1, 2, 3, 0], list("AABBCC"))
    assert (alike.estimate, alike.note) == (None, "undefined: all sites changed alike")
    assert undefined(clusters.cluster_mean(np.full(6, 0.1), list("AABBCC")))


def test_an_indicator_of_a_site_has_no_standard_error(nested):
    y, X, site = nested
    with_site = np.column_stack([X, site == "A"])
    for kind in clusters.KINDS:
        fit = clusters.cluster_robust(y, with_site, site, kind)
        assert np.isnan(fit.se).tolist() == [False, False, True]
        assert "no standard error: x2" in fit.note
        assert undefined(fit.statistic(2))
        assert fit.statistic(1).estimate is not None
        assert "rests on one cluster alone" in fit.statistic(2).note
        # The other coefficients are those of the other sites, for the indicator takes up all of the first one's level.
        within = clusters.cluster_robust(y[14:], X[14:, :1], site[14:], kind)
        level = clusters.cluster_robust(y, with_site[:, [0, 2]], site, kind)
        assert level.estimate[0] == pytest.approx(within.estimate[0])
        if kind in ("CR0", "CR2"):
            assert level.se[0] == pytest.approx(within.se[0])
    assert undefined(clusters.cluster_robust(y, site[:, None] == np.array(list("ABCDE")), site))
    assert undefined(clusters.wild_cluster_bootstrap(y, with_site, site, term=2))


def test_few_degrees_of_freedom_are_told(nested):
    y, _, site = nested
    assert "fewer than 4 degrees of freedom" in clusters.cluster_mean(y, site).note
    assert "fewer than 4" not in clusters.cluster_mean(y, np.arange(40) // 4).note


def test_misuse_of_clusters_is_an_error(nested):
    y, X, site = nested
    with pytest.raises(ValueError, match="unknown kind"):
        clusters.cluster_robust(y, X, site, "HC3")
    with pytest.raises(ValueError, match="40 rows of predictors and 39 clusters"):
        clusters.cluster_robust(y, X, site[1:])
    with pytest.raises(ValueError, match="unknown weights"):
        clusters.site_sign_flip(y, site, weights="none")
    with pytest.raises(ValueError, match="unknown weights"):
        clusters.wild_cluster_bootstrap(y, X, site, weights="mammen")
    with pytest.raises(ValueError, match="no term 2"):
        clusters.wild_cluster_bootstrap(y, X, site, term=2)


# Sites: sign flip and wild bootstrap


@repeated
@given(st.lists(st.tuples(st.integers(-4, 4), st.integers(0, 4)), min_size=2, max_size=14))
def test_sign_flip_equals_all_patterns(people):
    difference, site = np.array(people, dtype=float).T
    assume(len(set(site)) > 1 and difference.any())
    names = np.unique(site)
    sums = np.array([difference[site == name].sum() for name in names])
    means = np.array([difference[site == name].mean() for name in names])
    signs = np.array(list(itertools.product([-1, 1], repeat=len(names))))
    for weights, parts in (("people", sums), ("sites", means)):
        test = clusters.site_sign_flip(difference, site, weights)
        expected = (np.abs(signs @ parts) >= abs(parts.sum()) - 1e-9).mean()
        assert test.p == pytest.approx(expected)
        assert test.p >= test.smallest_p == 2 / 2 ** len(names)


def test_sign_flip_over_means_equals_scipy(nested):
    y, _, site = nested
    means = pd.Series(y).groupby(site).mean().to_numpy()
    other = stats.permutation_test((means,), np.mean, permutation_type="samples", n_resamples=np.inf)
    test = clusters.site_sign_flip(y, site, weights="sites")
    assert (test.statistic, test.p) == pytest.approx((other.statistic, other.pvalue))


def test_many_sites_are_sampled_the_same_way_every_time():
    rng = np.random.default_rng(2)
    y, site = rng.normal(0.15, 1, 88), np.arange(88) % 22
    first, second = clusters.site_sign_flip(y, site), clusters.site_sign_flip(y, site)
    assert first == second
    assert "99,999 random patterns" in first.method
    exact = clusters.site_sign_flip(y[site < 20], site[site < 20])
    assert "exact" in exact.method
    # Four standard errors of a share of 99,999 draws beside the share of all patterns, counted by halves.
    sums = np.bincount(site, y)
    halves = [np.array(list(itertools.product([-1, 1], repeat=11))) @ part for part in (sums[:11], sums[11:])]
    ordered, total = np.sort(halves[1]), abs(sums.sum()) - 1e-9
    above = len(ordered) - np.searchsorted(ordered, total - halves[0])
    below = np.searchsorted(ordered, -total - halves[0], side="right")
    share = (above + below).sum() / 2**22
    assert abs(first.p - share) < 4 * np.sqrt(share * (1 - share) / 99_999) + 1e-5


def test_sign_flip_undefined():
    assert undefined(clusters.site_sign_flip([1, 2], ["A", "A"]))
    assert undefined(clusters.site_sign_flip([0, 0, 0], ["A", "B", "C"]))
    assert undefined(clusters.site_sign_flip([np.nan, 1], ["A", "B"]))
    assert clusters.site_sign_flip([1, -1, 2, -2], list("AABB")).p == 1


@pytest.mark.parametrize("term", [0, 1])
def test_wild_bootstrap_equals_refits(nested, term):
    from statsmodels.regression.linear_model import OLS

    y, X, site = nested
    codes = pd.factorize(site)[0]

    def t(response):
        return (
            OLS(response, X).fit(cov_type="cluster", cov_kwds={"groups": codes, "use_correction": False}).tvalues[term]
        )

    other = np.delete(X, term, axis=1)
    fitted = other @ np.linalg.lstsq(other, y, rcond=None)[0]
    drawn = [t(fitted + np.array(signs)[codes] * (y - fitted)) for signs in itertools.product([-1, 1], repeat=5)]
    test = clusters.wild_cluster_bootstrap(y, X, site, term, weights="rademacher")
    assert test.p == pytest.approx(np.mean(np.abs(drawn) >= abs(t(y)) - 1e-9))
    assert test.t == pytest.approx(t(y) * np.sqrt(4 / 5))
    assert test.patterns == 32
    webb = clusters.wild_cluster_bootstrap(y, X, site, term)
    assert webb.patterns == 6**5
    assert 0 < webb.p <= 1


def test_wild_bootstrap_of_many_clusters_is_sampled_and_edges_are_undefined(nested):
    y, X, _ = nested
    many = clusters.wild_cluster_bootstrap(y, X, np.arange(40) // 2, 1, draws=999)
    assert many.patterns == 999
    assert many == clusters.wild_cluster_bootstrap(y, X, np.arange(40) // 2, 1, draws=999)
    assert undefined(clusters.wild_cluster_bootstrap(y, X, ["A"] * 40))
    assert undefined(clusters.wild_cluster_bootstrap([1, 2, 1, 2], np.ones((4, 1)), list("AABB")))


# Groups: means and proportions


def test_welch_equals_scipy(nested):
    y, _, site = nested
    first, second = y[site == "A"], y[site != "A"]
    other = stats.ttest_ind(second, first, equal_var=False)
    test, difference = unpaired.welch_test(first, second), unpaired.welch_difference(first, second)
    assert (test.t, test.df, test.p) == pytest.approx((other.statistic, other.df, other.pvalue))
    assert (difference.ci_low, difference.ci_high) == pytest.approx(tuple(other.confidence_interval()))
    assert difference.estimate == pytest.approx(second.mean() - first.mean())


def test_standardised_difference_follows_from_t(nested):
    y, _, site = nested
    first, second = y[site == "A"], y[site != "A"]
    root = np.sqrt(1 / 14 + 1 / 26)
    t = stats.ttest_ind(second, first).statistic
    d = unpaired.hedges_g(first, second, corrected=False)
    assert d.estimate == pytest.approx(t * root)
    assert stats.nct.sf(t, 38, d.ci_low / root) == pytest.approx(0.025)
    assert stats.nct.cdf(t, 38, d.ci_high / root) == pytest.approx(0.025)
    g = unpaired.hedges_g(first, second)
    assert (
        g.estimate / d.estimate == pytest.approx(g.ci_low / d.ci_low) == pytest.approx(1 - 3 / (4 * 38 - 1), abs=1e-4)
    )


def test_difference_of_proportions_equals_newcombe_and_statsmodels():
    from statsmodels.stats.proportion import confint_proportions_2indep

    found = unpaired.difference_of_proportions(48, 80, 56, 70)
    # Newcombe (1998), table II, method 10, example (a).
    assert (found.estimate, found.ci_low, found.ci_high) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)
    for k1, n1, k2, n2 in ((3, 9, 10, 11), (0, 10, 20, 20), (5, 56, 0, 29)):
        other = confint_proportions_2indep(k2, n2, k1, n1, method="newcomb", compare="diff")
        found = unpaired.difference_of_proportions(k1, n1, k2, n2)
        assert (found.ci_low, found.ci_high) == pytest.approx(other)
    assert undefined(unpaired.difference_of_proportions(0, 0, 1, 2))
    with pytest.raises(ValueError, match="0 <= k <= n"):
        unpaired.difference_of_proportions(3, 2, 1, 2)


# Groups: ranks


@repeated
@given(likert, likert)
def test_exact_mann_whitney_equals_all_choices(first, second):
    assume(len(set(first + second)) > 1)
    rank = stats.rankdata(first + second)
    observed = rank[len(first) :].sum()
    sums = np.array([sum(choice) for choice in itertools.combinations(rank, len(second))])
    test = unpaired.mann_whitney(first, second)
    assert test.p_greater == pytest.approx((sums >= observed).mean())
    assert test.p_less == pytest.approx((sums <= observed).mean())
    assert test.p == pytest.approx(min(1, 2 * min(test.p_greater, test.p_less)))
    other = unpaired.mann_whitney(second, first)
    assert (other.p_less, other.p_greater, other.z) == pytest.approx((test.p_greater, test.p_less, -test.z))


@pytest.mark.parametrize(("m", "n"), [(5, 9), (40, 40), (100, 100), (20, 180)])
def test_mann_whitney_without_ties_equals_scipy(m, n):
    rng = np.random.default_rng(m)
    first, second = rng.normal(size=m), rng.normal(0.5, 1, n)
    test, other = unpaired.mann_whitney(first, second), stats.mannwhitneyu(second, first, method="exact")
    assert (test.u, test.p) == pytest.approx((other.statistic, other.pvalue), rel=1e-8)
    assert "exact" in test.method


def test_small_p_values_keep_their_digits():
    first, second = np.arange(60), np.arange(60) + 100
    one_way = 1 / stats.hypergeom(120, 60, 60).pmf(60) ** -1
    assert unpaired.mann_whitney(first, second).p_greater == pytest.approx(one_way, rel=1e-8)


def test_normal_approximation_equals_scipy():
    rng = np.random.default_rng(5)
    first, second = rng.integers(1, 8, 150), rng.integers(1, 9, 120)
    test = unpaired.mann_whitney(first, second)
    assert "normal approximation" in test.method
    for p, alternative in ((test.p, "two-sided"), (test.p_greater, "greater"), (test.p_less, "less")):
        other = stats.mannwhitneyu(second, first, alternative=alternative, method="asymptotic")
        assert p == pytest.approx(other.pvalue)
    assert test.p_normal == pytest.approx(test.p)
    few = unpaired.mann_whitney(first[:20], second[:20])
    other = stats.mannwhitneyu(second[:20], first[:20], method="asymptotic")
    assert few.p_normal == pytest.approx(other.pvalue)


def test_permeability_of_the_placenta():
    # Hollander & Wolfe (1973), p. 69, as printed by R's help of wilcox.test: W = 35, one-sided p = 0.1272.
    at_term = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46]
    earlier = [1.15, 0.88, 0.90, 0.74, 1.21]
    test = unpaired.mann_whitney(earlier, at_term)
    assert (test.u, round(test.p_greater, 4)) == (35, 0.1272)


@repeated
@given(st.integers(4, 7), st.integers(4, 7), st.integers(0, 10**6))
def test_shift_interval_holds_the_shifts_not_rejected(m, n, seed):
    rng = np.random.default_rng(seed)
    first, second = np.round(rng.normal(size=m), 3), np.round(rng.normal(size=n), 3)
    found = unpaired.hodges_lehmann_shift(first, second)
    differences = np.unique(second[:, None] - first)
    assume(len(differences) == m * n and found.ci_low is not None)
    assert found.estimate == pytest.approx(np.median(differences))
    middle = (differences[1:] + differences[:-1]) / 2
    p = [stats.mannwhitneyu(second - shift, first, method="exact").pvalue for shift in middle]
    inside = (middle > found.ci_low) & (middle < found.ci_high)
    assert (np.array(p) > 0.05 - 1e-12).tolist() == inside.tolist()


def test_shift_of_many_and_of_few_people():
    rng = np.random.default_rng(8)
    first, second = rng.normal(size=140), rng.normal(0.4, 1, 140)
    many = unpaired.hodges_lehmann_shift(first, second)
    exact = unpaired.hodges_lehmann_shift(first[:100], second[:100])
    assert many.ci_low < many.estimate < many.ci_high
    assert "normal approximation" in many.ci_method
    assert "exact" in exact.ci_method
    few = unpaired.hodges_lehmann_shift([1, 2], [3, 5])
    assert (few.estimate, few.ci_low) == (2.5, None)
    assert "too few" in few.note


@repeated
@given(likert, likert)
def test_dominance_equals_all_pairs(first, second):
    assume(len(set(first + second)) > 1)
    sign = np.sign(np.subtract.outer(second, first))
    delta = unpaired.cliff_delta(first, second)
    chance = unpaired.superiority(first, second)
    assert delta.estimate == pytest.approx(sign.mean(), abs=1e-12)
    assert chance.estimate == pytest.approx(unpaired.mann_whitney(first, second).u / sign.size)
    if abs(sign.mean()) == 1:
        assert delta.ci_low is None
        assert "do not overlap" in delta.note
    else:
        assert -1 <= delta.ci_low <= delta.estimate + 1e-12 <= delta.ci_high + 2e-12 <= 1 + 3e-12
        assert (chance.ci_low, chance.ci_high) == pytest.approx(((1 + delta.ci_low) / 2, (1 + delta.ci_high) / 2))
    back = unpaired.cliff_delta(second, first)
    assert back.estimate == pytest.approx(-delta.estimate)
    if delta.ci_low is not None:
        assert (back.ci_low, back.ci_high) == pytest.approx((-delta.ci_high, -delta.ci_low))


def test_kruskal_wallis_equals_scipy(nested):
    y, _, site = nested
    rounded = np.round(2 * y)
    other = stats.kruskal(*(rounded[site == name] for name in "ABCDE"))
    test = unpaired.kruskal_wallis(rounded, site)
    assert (test.h, test.p, test.df) == pytest.approx((other.statistic, other.pvalue, 4))
    assert test.epsilon_squared == pytest.approx(other.statistic / 39)
    assert "1 of 5 groups with fewer than five" in test.note
    two = unpaired.kruskal_wallis(rounded, site == "A")
    assert two.h == pytest.approx(unpaired.mann_whitney(rounded[site == "A"], rounded[site != "A"]).z ** 2)


def test_groups_that_cannot_be_compared_are_undefined():
    functions = (
        unpaired.welch_difference,
        unpaired.welch_test,
        unpaired.hedges_g,
        unpaired.mann_whitney,
        unpaired.hodges_lehmann_shift,
        unpaired.cliff_delta,
        unpaired.superiority,
    )
    for function in functions:
        for first, second in (([], []), ([1], [1, 2]), ([1, np.nan], [1, 2]), ([0.1] * 3, [0.1] * 4)):
            assert undefined(function(first, second))
    assert undefined(unpaired.welch_difference([1, 1], [2, 2]))
    assert not undefined(unpaired.mann_whitney([1, 1], [2, 2]))
    assert undefined(unpaired.kruskal_wallis([1, 2, 3], ["A"] * 3))
    assert undefined(unpaired.kruskal_wallis([1, 1, 1], ["A", "B", "B"]))
    assert undefined(unpaired.kruskal_wallis([], []))
    found = unpaired.welch_difference([1, 2, np.nan], [2, 4, None, None])
    assert (found.n, found.n_dropped, found.dropped_reason) == (4, 3, "value missing")
    with pytest.raises(ValueError, match="2 values and 1 groups"):
        unpaired.kruskal_wallis([1, 2], ["A"])


def test_decimals_that_differ_in_their_doubles_are_tied():
    assert unpaired.mann_whitney([0.1 + 0.2, 1], [0.3, 2]) == unpaired.mann_whitney([0.3, 1], [0.3, 2])


# Pairs


@settings(repeated, max_examples=10)
@given(p_values)
def test_adjusted_p_values_equal_statsmodels(p):
    from statsmodels.stats.multitest import multipletests

    p = np.array(p) / 1000
    names = {"BH": "fdr_bh", "BY": "fdr_by", "hochberg": "simes-hochberg"}
    for method in ("holm", "bonferroni", "hochberg", "hommel", "BH", "BY"):
        adjusted = prepost.adjust(p, method)
        assert adjusted == pytest.approx(multipletests(p, method=names.get(method, method))[1])
        assert (adjusted >= p - 1e-12).all()
        with_gap = prepost.adjust([np.nan, *p], method)
        assert np.isnan(with_gap[0])
        assert with_gap[1:].tolist() == adjusted.tolist()
    assert prepost.adjust(p, "none").tolist() == p.tolist()
    assert (prepost.adjust(p, "hommel") <= prepost.adjust(p, "hochberg") + 1e-12).all()
    assert (prepost.adjust(p, "hochberg") <= prepost.adjust(p, "holm") + 1e-12).all()


def test_misuse_of_adjustment_is_an_error():
    with pytest.raises(ValueError, match="unknown adjustment"):
        prepost.adjust([0.1], "sidak")
    for method in prepost.ADJUSTMENTS:
        assert prepost.adjust([], method).tolist() == []
        assert np.isnan(prepost.adjust([None], method)).all()
        with pytest.raises(ValueError, match="outside 0 to 1"):
            prepost.adjust([1.1], method)


def test_equivalence_equals_statsmodels(nested):
    from statsmodels.stats.weightstats import ttost_paired

    y, X, _ = nested
    test = prepost.paired_equivalence(X[:, 1], y, bound=0.7)
    p, (_, p_lower, _), (_, p_upper, _) = ttost_paired(y, X[:, 1], -0.7, 0.7)
    assert (test.p, test.p_lower, test.p_upper) == pytest.approx((p, p_lower, p_upper))
    assert (test.ci_low, test.ci_high) == pytest.approx(stats.ttest_rel(y, X[:, 1]).confidence_interval(0.9), rel=1e-9)
    for bound in (0.1, 0.4, 0.7, 1.5):
        test = prepost.paired_equivalence(X[:, 1], y, bound)
        assert test.equivalent == (-bound < test.ci_low and test.ci_high < bound)
    assert undefined(prepost.paired_equivalence([1, 2], [2, 3], 1))
    assert undefined(prepost.paired_equivalence([1, np.nan], [2, 3], 1))
    with pytest.raises(ValueError, match="above 0"):
        prepost.paired_equivalence([1, 2], [2, 4], 0)


def test_mcnemar_of_airway_hyper_responsiveness():
    # Fagerland, Lydersen & Laake (2013), table 1: 0.034 asymptotic, 0.077 corrected, 0.070 exact, 0.039 mid-p.
    pre, post = np.repeat([1, 1, 0, 0], [1, 1, 7, 12]), np.repeat([1, 0, 1, 0], [1, 1, 7, 12])
    test = prepost.mcnemar(pre, post)
    found = [round(p, 3) for p in (test.p_chi2, test.p_corrected, test.p_exact, test.p_mid)]
    assert found == [0.034, 0.077, 0.070, 0.039]
    assert (test.to_yes, test.to_no, test.n) == (7, 1, 21)


@repeated
@given(st.integers(0, 12), st.integers(0, 12))
def test_mcnemar_equals_statsmodels_and_the_sign_test(to_yes, to_no):
    from statsmodels.stats.contingency_tables import mcnemar

    assume(to_yes + to_no > 0)
    pre, post = np.repeat([0, 1, 1], [to_yes, to_no, 3]), np.repeat([1, 0, 1], [to_yes, to_no, 3])
    test = prepost.mcnemar(pre.astype(float), post.astype(bool))
    table = [[3, to_no], [to_yes, 0]]
    assert test.p_exact == pytest.approx(mcnemar(table, exact=True).pvalue)
    assert test.p_exact == pytest.approx(prepost.sign_test(post - pre).p)
    assert (test.chi2, test.p_chi2) == pytest.approx(
        (lambda other: (other.statistic, other.pvalue))(mcnemar(table, exact=False, correction=False))
    )
    assert test.p_mid <= test.p_exact
    assert test.p_mid == pytest.approx(prepost.mcnemar(post, pre).p_mid)


def test_mcnemar_edges():
    assert undefined(prepost.mcnemar([1, 0, 1], [1, 0, 1]))
    assert undefined(prepost.mcnemar([], []))
    assert prepost.mcnemar([1, 0, np.nan], [0, 1, 1]).p_exact == 1
    assert prepost.mcnemar([1, 0], [0, 1]).p_corrected == 1
    with pytest.raises(ValueError, match="neither 0 nor 1"):
        prepost.mcnemar([1, 2], [1, 0])


def test_ancova_equals_statsmodels(nested):
    import statsmodels.formula.api as smf

    y, X, site = nested
    frame = pd.DataFrame({"pre": X[:, 1], "post": y, "site": site})
    frame["centred"] = frame["pre"] - frame["pre"].mean()
    full = smf.ols("post ~ centred + site", frame).fit()
    fit = prepost.ancova(frame["pre"], frame["post"], frame["site"])
    limits = full.conf_int()
    for found, name in (
        (fit.intercept, "Intercept"),
        (fit.slope, "centred"),
        (fit.groups["B"], "site[T.B]"),
        (fit.groups["E"], "site[T.E]"),
    ):
        assert found.estimate == pytest.approx(full.params[name])
        assert (found.ci_low, found.ci_high) == pytest.approx(tuple(limits.loc[name]))
    f, p, _ = full.compare_f_test(smf.ols("post ~ centred", frame).fit())
    assert (fit.f, fit.p, fit.df, fit.df_groups) == pytest.approx((f, p, 34, 4))
    predicted = full.get_prediction(pd.DataFrame({"centred": 0, "site": list("ABCDE")})).summary_frame()
    assert [one.estimate for one in fit.adjusted.values()] == pytest.approx(predicted["mean"].tolist())
    assert [one.ci_low for one in fit.adjusted.values()] == pytest.approx(predicted["mean_ci_lower"].tolist())
    alone = prepost.ancova(frame["pre"], frame["post"])
    assert (alone.f, alone.groups, alone.adjusted) == (None, {}, {})


def test_ancova_edges():
    assert undefined(prepost.ancova([1, 2], [1, 3]).slope)
    assert undefined(prepost.ancova([], []).intercept)
    assert undefined(prepost.ancova([np.nan] * 3, [1, 2, 3]).intercept)
    assert undefined(prepost.ancova([2, 2, 2], [1, 3, 4]).slope)
    assert undefined(prepost.ancova([1, 1, 2, 2, 2], [1, 3, 4, 5, 6], list("AABBB")).slope)
    exact = prepost.ancova([1, 2, 3, 4], [2, 4, 6, 8], centre=0)
    assert (exact.intercept.estimate, exact.slope.estimate) == pytest.approx((0, 2), abs=1e-9)
    assert (exact.slope.ci_low, exact.slope.note) == (None, "no residual, no interval")
    gap = prepost.ancova([1, 2, 4, 5, 9], [2, 5, 6, 8, np.nan], ["A", "B", "A", "B", "B"])
    assert (gap.slope.n, gap.slope.n_dropped, gap.centre) == (4, 1, pytest.approx(4.2))
    with pytest.raises(ValueError, match="measurements"):
        prepost.ancova([1, 2], [1])


@repeated
@given(st.lists(st.integers(-3, 3), min_size=3, max_size=20))
def test_normal_signed_rank_equals_scipy(differences):
    assume(any(differences))
    for corrected in (True, False):
        for zero in ("wilcox", "pratt"):
            test = prepost.normal_signed_rank(differences, zero, corrected)
            other = stats.wilcoxon(differences, zero_method=zero, correction=corrected, method="asymptotic")
            # scipy moves the rank sum beyond its mean when it is within half a rank of it.
            if abs(prepost.normal_signed_rank(differences, zero, False).z) > 0.5:
                assert test.p == pytest.approx(other.pvalue)


@repeated
@given(st.lists(st.integers(-3, 4), min_size=8, max_size=25), st.integers(-2, 2))
def test_normal_interval_of_the_pseudo_median(differences, shift):
    assume(len(set(differences)) > 1)
    found = prepost.normal_hodges_lehmann(differences, zero="pratt")
    mirrored = prepost.normal_hodges_lehmann(-np.array(differences), zero="pratt")
    assume(found.ci_low is not None)
    assert found.ci_low <= found.estimate <= found.ci_high
    assert (mirrored.ci_low, mirrored.ci_high) == (-found.ci_high, -found.ci_low)
    moved = np.array(differences) + shift
    if moved.any():
        other = prepost.normal_hodges_lehmann(moved, zero="pratt")
        assert (other.ci_low, other.ci_high) == (found.ci_low + shift, found.ci_high + shift)
    exact = prepost.hodges_lehmann(differences, zero="pratt")
    assert found.estimate == exact.estimate
    # The limits are where the test turns: just inside it does not reject, just outside it does.
    for limit, outwards in ((found.ci_low, -1), (found.ci_high, 1)):
        outside = np.array(differences) - (limit + outwards * 0.01)
        inside = np.array(differences) - (limit - outwards * 0.01)
        assert prepost.normal_signed_rank(outside, corrected=False).p <= 0.05 + 1e-9
        if found.ci_high > found.ci_low:
            assert prepost.normal_signed_rank(inside, corrected=False).p >= 0.05 - 1e-9


def test_normal_ranks_undefined():
    for differences in ([], [1], [0, 0], [np.nan, 2]):
        assert undefined(prepost.normal_signed_rank(differences))
        assert undefined(prepost.normal_hodges_lehmann(differences))
    assert "too few" in prepost.normal_hodges_lehmann([1, 2, 3]).note


@repeated
@given(st.lists(st.integers(-2, 2), min_size=2, max_size=15))
def test_superiority_of_pairs(differences):
    assume(any(differences))
    found = prepost.superiority_of_pairs(differences)
    assert found.estimate == pytest.approx(prepost.sign_test(differences).probability_of_superiority)
    assert 0 <= found.ci_low <= found.estimate <= found.ci_high <= 1
    if 0 not in differences:
        hits = int((np.array(differences) > 0).sum())
        assert (found.ci_low, found.ci_high) == wilson_interval(hits, len(differences))


def test_superiority_of_pairs_edges():
    assert undefined(prepost.superiority_of_pairs([np.nan]))
    same = prepost.superiority_of_pairs([0, 0, np.nan])
    assert (same.estimate, same.n, same.n_dropped) == (0.5, 2, 1)


@pytest.mark.parametrize(("dz", "power"), [(0.35, 0.8), (-0.5, 0.9), (2.0, 0.8), (0.05, 0.95)])
def test_pairs_needed_equals_statsmodels(dz, power):
    from statsmodels.stats.power import TTestPower

    needed = prepost.pairs_needed(dz, power).estimate
    assert prepost.paired_power(dz, needed) == pytest.approx(power)
    # statsmodels counts rejections in the wrong direction too, a millionth at these powers.
    assert needed == pytest.approx(TTestPower().solve_power(abs(dz), power=power, alpha=0.05), rel=1e-5)


def test_pairs_needed_edges():
    assert undefined(prepost.pairs_needed(0))
    assert prepost.pairs_needed(100).estimate == 2
    with pytest.raises(ValueError, match="power"):
        prepost.pairs_needed(0.3, power=1)


# Single people


@pytest.fixture
def scores():
    rng = np.random.default_rng(4)
    pre = rng.normal(30, 6, 50)
    return pre, pre + rng.normal(4, 5, 50)


def test_reliable_change_is_change_beyond_the_detectable(scores):
    pre, post = scores
    found = responders.responders(pre, post, 0.8, relevant=3)
    detectable = minimal_detectable_change(pre.std(ddof=1), 0.8, 50).estimate
    assert found.detectable == pytest.approx(detectable)
    assert found.n_improved == found.n_beyond_detectable == (post - pre > detectable).sum() > 0
    assert found.n_worsened == (pre - post > detectable).sum()
    assert found.n_improved + found.n_unchanged + found.n_worsened == found.n == 50
    assert found.n_beyond_relevant == (post - pre >= 3).sum()
    assert found.note == "the smallest relevant change is within measurement error"
    assert (found.improved.ci_low, found.improved.ci_high) == wilson_interval(found.n_improved, 50)
    assert "Wilson" in found.beyond_relevant.ci_method


def test_direction_of_the_scale(scores):
    pre, post = scores
    higher, lower = (responders.responders(pre, post, 0.8, better, relevant=8) for better in (True, False))
    assert (higher.n_improved, higher.n_worsened) == (lower.n_worsened, lower.n_improved)
    assert lower.n_beyond_relevant == (pre - post >= 8).sum()
    turned = responders.responders(-pre, -post, 0.8, False, relevant=8)
    assert (turned.n_improved, turned.n_unchanged, turned.detectable) == pytest.approx(
        (higher.n_improved, higher.n_unchanged, higher.detectable)
    )


def test_a_change_at_the_limit():
    # sd 2.5, reliability .92: the standard error of a difference is 1, and 1.96 is not beyond 1.96.
    index = responders.reliable_change_index([3.0, 3.0, 3.0], [4.96, 4.97, 1.03], 0.92, sd=2.5)
    assert index == pytest.approx([1.96, 1.97, -1.97])
    assert responders.classify(index).tolist() == [0, 1, -1]
    assert responders.classify(index, higher_is_better=False).tolist() == [0, -1, 1]
    found = responders.responders([3.2, 4.0], [3.6, 4.4], 0.92, relevant=0.4, sd=2.5, detectable=0.4)
    assert (found.n_beyond_relevant, found.n_beyond_detectable) == (2, 0)  # reached, not exceeded


def test_people_without_both_measurements(scores):
    pre, post = (values.copy() for values in scores)
    pre[3] = post[7] = np.nan
    found = responders.responders(pre, post, 0.8)
    complete = responders.responders(np.delete(pre, [3, 7]), np.delete(post, [3, 7]), 0.8)
    assert (found.n, found.n_dropped, found.improved.n_dropped) == (48, 2, 2)
    assert found.improved.estimate == complete.improved.estimate
    assert found.improved.dropped_reason == "before or after missing"
    assert np.isnan(responders.reliable_change_index(pre, post, 0.8)).sum() == 2
    assert found.beyond_relevant is None


@pytest.mark.parametrize("reliability", [1.0, -0.1, 1.2, np.nan])
def test_reliable_change_without_a_usable_reliability(scores, reliability):
    found = responders.responders(*scores, reliability, relevant=3, detectable=9)
    assert undefined(found)
    assert undefined(found.improved)
    assert (found.n_improved, found.improved.estimate) == (None, None)
    assert found.beyond_relevant.estimate is not None
    assert found.beyond_detectable.estimate is not None
    assert undefined(responders.responders(*scores, reliability).beyond_detectable)


def test_reliable_change_undefined():
    for pre, post in (([], []), ([1.0], [2.0]), ([0.1] * 3, [1.0, 2.0, 3.0])):
        found = responders.responders(pre, post, 0.8)
        assert undefined(found)
        assert found.detectable is None
        assert np.isnan(responders.reliable_change_index(pre, post, 0.8)).all()
    with pytest.raises(ValueError, match="before has 1 and after 2"):
        responders.responders([1], [1, 2], 0.8)
    with pytest.raises(ValueError, match="above 0"):
        responders.responders([1, 2], [1, 2], 0.8, relevant=0)
    with pytest.raises(ValueError, match="not negative"):
        responders.reliable_change_index([1, 2], [1, 2], 0.8, sd=-1)


def test_cutoffs_mirror_with_the_scale():
    up, down = responders.clinical_cutoffs(40, 6, 60, 9), responders.clinical_cutoffs(-40, 6, -60, 9)
    assert (up.a, up.b, up.c) == (-down.a, -down.b, -down.c)
    assert (up.c - 40) / 6 == pytest.approx((60 - up.c) / 9)
    with pytest.raises(ValueError, match="different means"):
        responders.clinical_cutoffs(40, 6, 40, 9)
