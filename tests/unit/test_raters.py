"""Agreement of raters all together, agreement on an ordered scale, and equality of alphas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from piloteval.measures import agreement, reliability

repeated = settings(max_examples=20, deadline=None, derandomize=True, database=None)

NOMINAL = [
    "percent agreement",
    "Fleiss' kappa",
    "Conger's kappa",
    "Brennan-Prediger coefficient",
    "Gwet's AC1",
    "Krippendorff's alpha (nominal)",
]
ORDERED_PAIR = [
    "percent agreement",
    "Cohen's kappa (unweighted)",
    "Cohen's kappa (linear weights)",
    "Cohen's kappa (quadratic weights)",
    "Fleiss' kappa",
    "Conger's kappa",
    "Brennan-Prediger coefficient",
    "Gwet's AC1",
    "Fleiss' kappa (quadratic weights)",
    "Conger's kappa (quadratic weights)",
    "Brennan-Prediger coefficient (quadratic weights)",
    "Gwet's AC2 (linear weights)",
    "Gwet's AC2 (quadratic weights)",
    "Krippendorff's alpha (ordinal)",
    "Krippendorff's alpha (nominal)",
]

missing_or_code = st.sampled_from([1.0, 2.0, 3.0, np.nan])
ratings = hnp.arrays(float, st.tuples(st.integers(3, 9), st.integers(2, 4)), elements=missing_or_code)
pairs = hnp.arrays(int, st.tuples(st.integers(3, 20), st.just(2)), elements=st.integers(0, 2))
frequencies = st.lists(st.integers(0, 12), min_size=3, max_size=7).filter(any)


@pytest.fixture
def rated():
    rng = np.random.default_rng(6)
    table = np.clip(rng.integers(1, 6, (30, 1)) + rng.integers(-1, 2, (30, 3)), 1, 5).astype(float)
    table[rng.random((30, 3)) < 0.1] = np.nan
    return pd.DataFrame(table, columns=["first", "second", "third"])


def estimates(found):
    return {name: (np.nan if one.estimate is None else one.estimate) for name, one in found.items()}


# Coefficients


def test_names_and_order(rated):
    assert list(agreement.coefficients(rated, "nominal", draws=20)) == NOMINAL
    assert list(agreement.coefficients(rated[["first", "second"]], "ordinal", draws=20)) == ORDERED_PAIR
    with pytest.raises(ValueError, match="unknown level"):
        agreement.coefficients(rated, "circular")


def test_coefficients_are_those_of_the_single_functions(rated):
    found = agreement.coefficients(rated, "interval")
    assert found["percent agreement"] == agreement.percent_agreement(rated)
    assert found["Gwet's AC2 (linear weights)"] == agreement.gwet_ac2(rated, "linear")
    assert found["Krippendorff's alpha (interval)"] == agreement.krippendorff_alpha(rated, "interval")
    for statistic in found.values():
        assert (statistic.n, statistic.n + statistic.n_dropped) == (rated.notna().sum(axis=1).ge(2).sum(), 30)
        assert -1 <= statistic.ci_low < statistic.estimate < statistic.ci_high <= 1
        assert statistic.ci_method.endswith("95 %")
    assert found["Krippendorff's alpha (interval)"].ci_method == "percentile bootstrap of 2,000 draws of units, 95 %"


@repeated
@given(ratings, st.randoms(use_true_random=False), st.sampled_from(["nominal", "ordinal", "interval", "ratio"]))
def test_order_of_raters_and_units_does_not_matter(table, random, level):
    units, raters = list(range(table.shape[0])), list(range(table.shape[1]))
    random.shuffle(units)
    random.shuffle(raters)
    found = agreement.coefficients(table, level, draws=0)
    moved = agreement.coefficients(table[units][:, raters], level, draws=0)
    assert estimates(moved) == pytest.approx(estimates(found), nan_ok=True)
    assert [one.note for one in moved.values()] == [one.note for one in found.values()]


@repeated
@given(ratings)
def test_names_of_categories_do_not_matter(table):
    renamed = pd.DataFrame(table).replace({1: "z", 2: "m", 3: "a"}).astype(object)
    found = agreement.coefficients(table, "nominal", draws=0)
    assert estimates(agreement.coefficients(renamed, "nominal", draws=0)) == pytest.approx(
        estimates(found), nan_ok=True
    )


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval", "ratio"])
def test_ratings_that_give_no_coefficient(level):
    no_pair = [[1, np.nan], [np.nan, 2], [3, np.nan]]
    for table in (no_pair, np.full((4, 2), np.nan), np.empty((0, 2)), [[2], [1], [1]]):
        for statistic in agreement.coefficients(table, level).values():
            assert statistic.estimate is None and statistic.ci_low is None
            assert statistic.note.startswith("undefined: ") and "rated by at least two raters" in statistic.note
            assert statistic.n == 0
    single = agreement.coefficients([[1, 2, 2]], level)
    assert single["percent agreement"].estimate == pytest.approx(1 / 3)
    assert single["percent agreement"].note == "a single unit, no interval"
    assert all(one.note.startswith("undefined: fewer than two units") for one in list(single.values())[1:])
    constant = agreement.coefficients(np.ones((5, 2)), level)
    assert constant["percent agreement"].estimate == 1
    assert {one.note for one in list(constant.values())[1:]} == {"undefined: agreement 100 %, one category only"}


def test_perfect_agreement():
    found = agreement.coefficients([[1, 1, 1], [2, 2, 2], [3, 3, 3], [1, 1, 1]], "ordinal")
    assert [one.estimate for one in found.values()] == pytest.approx([1] * len(found))
    assert {one.note for one in found.values()} == {"perfect agreement, no interval"}


def test_unanimous_but_one():
    table = np.zeros((40, 2))
    table[7, 1] = 1
    found = agreement.coefficients(table, "nominal")
    # The paradox: 97.5 % agreement, and no more than chance for the coefficients that take the margins as given.
    assert found["percent agreement"].estimate == pytest.approx(0.975)
    assert found["Cohen's kappa (unweighted)"].estimate == pytest.approx(0)
    assert found["Gwet's AC1"].estimate > 0.97
    alpha = found["Krippendorff's alpha (nominal)"]
    assert alpha.estimate == pytest.approx(0) and alpha.ci_low is None
    # A draw without that unit has one category only, as (39 / 40) ** 40 = 36 % of them.
    assert alpha.note.endswith("more than 5 %, no interval")
    undefined = int(alpha.note.split(" of ")[0])
    assert undefined / 2000 == pytest.approx((39 / 40) ** 40, abs=0.04)


def test_category_nobody_used_counts_where_it_is_given(rated):
    found = agreement.coefficients(rated, "ordinal", categories=[1, 2, 3, 4, 5, 6], draws=0)
    fewer = agreement.coefficients(rated, "ordinal", draws=0)
    assert found["Brennan-Prediger coefficient"].estimate > fewer["Brennan-Prediger coefficient"].estimate
    for name in ("percent agreement", "Fleiss' kappa", "Conger's kappa", "Krippendorff's alpha (ordinal)"):
        assert found[name].estimate == pytest.approx(fewer[name].estimate)


# Conger's kappa


@repeated
@given(pairs, st.sampled_from([None, "linear", "quadratic"]))
def test_conger_of_two_raters_is_cohen(table, weights):
    parts = agreement.agreement_parts(table, "conger", weights, [0, 1, 2])
    counts = np.zeros((3, 3))
    np.add.at(counts, tuple(table.T), 1)
    cohen = agreement.kappa_from_table(counts, weights)
    assume(cohen.coefficient is not None)
    assert parts.coefficient == pytest.approx(cohen.coefficient)
    # Both variances are those of the same linear terms, one divided by n - 1 and the other by n.
    n = len(table)
    assert parts.standard_error**2 * (n - 1) / n == pytest.approx(cohen.standard_error**2, abs=1e-9)


def test_conger_is_the_mean_over_pairs_of_raters(rated):
    complete = rated.dropna().astype(int)
    from itertools import combinations

    tables = []
    for one, other in combinations(complete.columns, 2):
        counts = np.zeros((5, 5))
        np.add.at(counts, (complete[one] - 1, complete[other] - 1), 1)
        tables.append(agreement.kappa_from_table(counts))
    observed = np.mean([table.observed for table in tables])
    expected = np.mean([table.expected for table in tables])
    statistic = agreement.conger_kappa(complete, categories=range(1, 6))
    assert statistic.estimate == pytest.approx((observed - expected) / (1 - expected))


def test_conger_leaves_out_a_rater_without_ratings(rated):
    with_nobody = rated.assign(fourth=np.nan)
    assert agreement.conger_kappa(with_nobody) == agreement.conger_kappa(rated)
    weights = 1 - np.abs(np.subtract.outer(range(5), range(5))) / 4
    given_weights = agreement.conger_kappa(rated, weights)
    assert given_weights.method == "Conger's kappa (given weights)"
    assert given_weights.estimate == pytest.approx(agreement.conger_kappa(rated, "linear").estimate)


# Krippendorff's interval


def test_interval_is_the_same_on_every_run_and_follows_the_seed(rated):
    alpha = agreement.krippendorff_alpha(rated, "ordinal")
    assert alpha == agreement.krippendorff_alpha(rated.to_numpy(), "ordinal")
    other = agreement.krippendorff_alpha(rated, "ordinal", seed=2)
    assert alpha.ci_low != other.ci_low
    assert (alpha.ci_low, alpha.ci_high) == pytest.approx((other.ci_low, other.ci_high), abs=0.03)
    assert agreement.krippendorff_alpha(rated, "ordinal", draws=0).ci_method == ""


def test_interval_beside_the_standard_error(rated):
    alpha = agreement.krippendorff_alpha(rated, "interval")
    parts = agreement.agreement_parts(rated, "krippendorff", "quadratic")
    assert (alpha.ci_high - alpha.ci_low) / 3.92 == pytest.approx(parts.standard_error, rel=0.3)


def test_clusters_of_units(rated):
    institutions = np.repeat(["a", "b", "c", "d", "e"], 6)
    alpha = agreement.krippendorff_alpha(rated, "ordinal", clusters=institutions)
    assert alpha.ci_method == "percentile bootstrap of 2,000 draws of clusters of units, 95 %"
    assert alpha.estimate == agreement.krippendorff_alpha(rated, "ordinal").estimate
    assert (
        agreement.krippendorff_alpha(rated, clusters=pd.Series(["a"] * 30)).note
        == "fewer than two clusters, no interval"
    )
    # Units rated once are no units of alpha: their cluster need not be known.
    some = [None if once else name for once, name in zip(rated.notna().sum(axis=1) < 2, institutions, strict=True)]
    assert agreement.krippendorff_alpha(rated, "ordinal", clusters=some).ci_low is not None
    with pytest.raises(ValueError, match="2 clusters for 30 units"):
        agreement.krippendorff_alpha(rated, clusters=["a", "b"])
    with pytest.raises(ValueError, match="unknown level"):
        agreement.krippendorff_alpha(rated, "circular")


# Description


def test_description_of_ratings():
    summary = agreement.describe_ratings([["a", "b"], ["a", None], [None, None]], categories=["a", "b", "c"])
    assert (summary.n_units, summary.n_raters, summary.n_paired) == (3, 2, 1)
    assert (summary.n_ratings, summary.n_missing) == (3, 3)
    assert list(summary.prevalence) == ["a", "b", "c"]
    assert [share.estimate for share in summary.prevalence.values()] == pytest.approx([2 / 3, 1 / 3, 0])
    assert agreement.describe_ratings(np.empty((0, 2))).prevalence == {}


# One panel on an ordered scale


def test_printed_example_of_van_der_eijk():
    # van der Eijk (2001), p. 331 and the two Dutch parties, in tenths of a percent.
    assert agreement.agreement_a([30, 40, 210, 130, 530, 50, 10]).estimate == pytest.approx(0.61, abs=0.005)
    assert agreement.agreement_a([24, 28, 32, 62, 135, 304, 416]).estimate == pytest.approx(0.61, abs=0.005)
    assert agreement.agreement_a([16, 26, 82, 210, 293, 270, 103]).estimate == pytest.approx(0.48, abs=0.005)


@pytest.mark.parametrize("k", [3, 4, 5, 7, 9])
def test_ends_of_the_measures(k):
    together, apart, even = np.eye(k, dtype=int)[1] * 8, np.r_[4, np.zeros(k - 2, dtype=int), 4], np.full(k, 2)
    assert [f(together).estimate for f in (agreement.agreement_a, agreement.consensus_tw, agreement.leik_d)] == [
        1,
        1,
        0,
    ]
    assert [f(apart).estimate for f in (agreement.agreement_a, agreement.consensus_tw, agreement.leik_d)] == [-1, 0, 1]
    assert agreement.agreement_a(even).estimate == 0


@repeated
@given(frequencies, st.integers(2, 9))
def test_direction_of_the_scale_and_size_of_the_panel_do_not_matter(counts, times):
    for function, lowest in ((agreement.agreement_a, -1), (agreement.consensus_tw, 0), (agreement.leik_d, 0)):
        value = function(counts).estimate
        assert lowest - 1e-12 <= value <= 1 + 1e-12
        assert function(counts[::-1]).estimate == pytest.approx(value, abs=1e-12)
        assert function(times * np.array(counts)).estimate == pytest.approx(value, abs=1e-12)
        assert function(counts).n == sum(counts)


def test_scales_too_short_and_panels_without_answers():
    for function in (agreement.agreement_a, agreement.consensus_tw, agreement.leik_d):
        assert function([0, 0, 0]).note == "undefined: no rating"
        assert function([4]).note.startswith("undefined: fewer than t")
        for wrong in ([-1, 2, 3], [0.5, 1, 2], [np.nan, 1, 2], []):
            with pytest.raises(ValueError, match="whole numbers"):
                function(wrong)
    assert agreement.agreement_a([3, 1]).note == "undefined: fewer than three categories"


# Equality of alphas


def test_printed_examples_of_equal_alphas():
    # Charter & Feldt (1996), Perceptual and Motor Skills 82, 763-768.
    w = reliability.equal_alphas_independent([0.78, 0.71], [41, 151])
    assert (round(w.statistic, 3), w.df, round(w.p, 3)) == (1.318, (40, 150), 0.241)
    # Feldt, Woodruff & Salih (1987), Applied Psychological Measurement 11, 93-103.
    chi_square = reliability.equal_alphas_independent([0.784, 0.875, 0.936], [51, 101, 151], [5, 5, 5])
    assert (round(chi_square.statistic, 3), chi_square.df) == (22.926, (2,))


@repeated
@given(
    st.lists(st.tuples(st.floats(-0.5, 0.98), st.integers(12, 200), st.integers(2, 30)), min_size=2, max_size=4),
    st.randoms(use_true_random=False),
)
def test_order_of_groups_does_not_matter(groups, random):
    test = reliability.equal_alphas_independent(*zip(*groups, strict=True))
    random.shuffle(groups)
    moved = reliability.equal_alphas_independent(*zip(*groups, strict=True))
    assert 0 <= test.p <= 1
    assert moved.statistic == pytest.approx(test.statistic)
    assert moved.p == pytest.approx(test.p)


def test_long_scales_need_no_numbers_of_items():
    short, long = [0.8, 0.7], [50, 60]
    assert reliability.equal_alphas_independent(short, long, [10**7, 10**7]).df == pytest.approx((49, 59), rel=1e-4)
    assert (
        reliability.equal_alphas_independent(short, long, [4, 4]).p
        > reliability.equal_alphas_independent(short, long).p
    )


def simulated_alphas(rng, n, k, true_scores):
    answers = true_scores[:, :, None] + rng.normal(size=(*true_scores.shape, k))
    answers -= answers.mean(axis=1, keepdims=True)
    total = answers.sum(axis=2)
    return k / (k - 1) * (1 - (answers**2).sum(axis=(1, 2)) / (total**2).sum(axis=1)), total


def test_share_of_false_differences():
    rng = np.random.default_rng(3)
    samples = 1500
    first, _ = simulated_alphas(rng, 33, 4, rng.normal(size=(samples, 33)))
    second, _ = simulated_alphas(rng, 40, 4, rng.normal(size=(samples, 40)))
    p = [reliability.equal_alphas_independent(pair, (33, 40), (4, 4)).p for pair in zip(first, second, strict=True)]
    assert np.mean(np.array(p) < 0.05) == pytest.approx(0.05, abs=0.02)


def test_alphas_that_cannot_be_compared():
    for alphas, ns, ks, note in (
        ([None, 0.8], [20, 20], None, "an alpha is not defined"),
        ([1, 0.8], [20, 20], [4, 4], "an alpha is 1"),
        ([0.7, 0.8], [5, 20], [4, 4], "a group has too few people for so few items"),
        ([0.7, 0.8], [6, 6], [2, 2], "a group has too few people for so few items"),
        ([0.7, 0.8], [2, 20], None, "a group has fewer than 3 people"),
        ([0.7, 0.8], [20, 20], [1, 4], "a scale has fewer than two items"),
        ([0.7, 0.8, 0.6], [3, 20, 20], [2, 4, 4], "a group has too few people for so few items"),
    ):
        test = reliability.equal_alphas_independent(alphas, ns, ks)
        assert (test.statistic, test.df, test.p, test.note) == (None, (), None, f"undefined: {note}")
    with pytest.raises(ValueError, match="two or more alphas"):
        reliability.equal_alphas_independent([0.8], [20])
    with pytest.raises(ValueError, match="more than two groups"):
        reliability.equal_alphas_independent([0.8, 0.7, 0.6], [20, 20, 20])


# Difference of alphas


@pytest.fixture
def waves():
    rng = np.random.default_rng(9)
    trait = rng.normal(size=(40, 1))
    before = pd.DataFrame(np.round(3 + trait + rng.normal(size=(40, 4))), columns=list("abcd"))
    after = pd.DataFrame(np.round(3 + trait + 0.6 * rng.normal(size=(40, 4))), columns=list("abcd"))
    return before, after


def test_difference_of_alphas(waves):
    before, after = waves
    difference = reliability.alpha_difference(before, after)
    alphas = [reliability.cronbach_alpha(wave).estimate for wave in waves]
    assert difference.estimate == pytest.approx(alphas[1] - alphas[0])
    assert 0 < difference.ci_low < difference.estimate < difference.ci_high
    assert difference == reliability.alpha_difference(before, after)
    assert difference.ci_method == "BCa bootstrap of 2,000 draws of participants, 95 %"
    back = reliability.alpha_difference(after, before)
    assert (back.estimate, back.ci_low, back.ci_high) == pytest.approx(
        (-difference.estimate, -difference.ci_high, -difference.ci_low)
    )


def test_difference_rests_on_people_complete_in_both_waves(waves):
    before, after = waves
    before.iloc[3, 1] = after.iloc[5, 0] = after.iloc[3, 2] = np.nan
    difference = reliability.alpha_difference(before, after, draws=50)
    assert (difference.n, difference.n_dropped, difference.dropped_reason) == (38, 2, "at least one item not answered")
    both = [reliability.cronbach_alpha(wave.drop(index=[3, 5])).estimate for wave in waves]
    assert difference.estimate == pytest.approx(both[1] - both[0])


def test_differences_that_cannot_be_had(waves):
    before, after = waves
    same = reliability.alpha_difference(before, before, draws=50)
    assert (same.estimate, same.note) == (0, "all draws are equal, no interval")
    constant = reliability.alpha_difference(before, after * 0 + 2, draws=50)
    assert constant.note == "undefined: second wave, fewer than two items vary"
    assert reliability.alpha_difference(before[["a"]], after).note == "undefined: first wave, fewer than two items"
    assert reliability.alpha_difference(before.head(2), after.head(2)).note.startswith(
        "undefined: first wave, fewer than 3"
    )
    with pytest.raises(ValueError, match="40 and 39 rows"):
        reliability.alpha_difference(before, after.head(39))
    with pytest.raises(ValueError, match="same order"):
        reliability.alpha_difference(before, after.iloc[::-1])
