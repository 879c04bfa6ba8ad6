"""Rules at the edges, properties that hold for any data, and agreement with other Python libraries."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from piloteval.measures import agreement, consensus, pg, prepost, reliability

SOURCES = Path(__file__).resolve().parents[2] / "workflow" / "scripts"

# The same examples every time, and none kept on disk: a test that fails for one person fails for everybody.
repeated = settings(max_examples=60, deadline=None, derandomize=True, database=None)

answers = hnp.arrays(int, st.tuples(st.integers(4, 12), st.integers(3, 6)), elements=st.integers(1, 5))
likert_differences = st.lists(st.integers(-3, 3), min_size=2, max_size=10)
codes = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=2, max_size=30)


@pytest.fixture
def scale():
    """Twelve people, four items, the last one worded the other way round."""
    return pd.DataFrame(
        {
            "clear": [4, 5, 3, 2, 4, 5, 1, 3, 4, 2, 5, 3],
            "useful": [4, 4, 3, 2, 5, 5, 2, 3, 4, 1, 4, 3],
            "relevant": [5, 5, 2, 2, 4, 4, 1, 4, 3, 2, 5, 3],
            "tiring": [2, 1, 3, 4, 2, 1, 5, 3, 2, 4, 1, 4],
        }
    )


def undefined(statistic):
    return statistic.estimate is None and statistic.ci_low is None and statistic.note.startswith("undefined")


# Reliability: edges


def test_alpha_drops_incomplete_rows_and_says_so(scale):
    scale = scale.astype(float)
    scale.iloc[[0, 3], 1] = np.nan
    alpha = reliability.cronbach_alpha(scale)
    complete = reliability.cronbach_alpha(scale.dropna())
    assert (alpha.n, alpha.n_dropped, alpha.dropped_reason) == (10, 2, "at least one item not answered")
    assert (alpha.estimate, alpha.ci_low, alpha.ci_high) == (complete.estimate, complete.ci_low, complete.ci_high)
    assert complete.dropped_reason == ""


def test_alpha_reads_nullable_integers(scale):
    scale = scale.astype("Int64")
    scale.iloc[0, 0] = pd.NA
    assert reliability.cronbach_alpha(scale).n == 11


@pytest.mark.parametrize("n", [0, 1, 2])
def test_too_few_rows(scale, n):
    few = scale.head(n)
    assert undefined(reliability.cronbach_alpha(few))
    assert undefined(reliability.standardised_alpha(few))
    assert undefined(reliability.mean_interitem_correlation(few))
    table = reliability.item_statistics(few)
    assert table[["item_rest", "alpha_if_deleted"]].isna().all(axis=None)
    assert table["note"].str.contains("fewer than 3").all()


def test_constant_item_stays_in_the_scale_and_is_named(scale):
    scale["relevant"] = 0.1
    alpha = reliability.cronbach_alpha(scale[["clear", "useful", "relevant"]])
    assert alpha.estimate is not None
    assert "constant item: relevant" in alpha.note
    assert "reversed" not in alpha.note
    assert undefined(reliability.standardised_alpha(scale))
    assert "relevant" in reliability.standardised_alpha(scale).note
    row = reliability.item_statistics(scale).set_index("item").loc["relevant"]
    assert np.isnan(row["item_rest"])
    assert row["note"] == "constant item, no correlation"


def test_fewer_than_two_items_vary(scale):
    assert undefined(reliability.cronbach_alpha(scale[["clear"]]))
    assert undefined(reliability.cronbach_alpha(scale[["clear"]].assign(useful=3)))
    assert undefined(reliability.cronbach_alpha(scale.assign(clear=3, useful=3, relevant=3, tiring=3)))


def test_total_that_does_not_vary(scale):
    mirrored = pd.DataFrame({"one": scale["clear"], "two": 6 - scale["clear"]})
    assert undefined(reliability.cronbach_alpha(mirrored))
    assert undefined(reliability.spearman_brown(mirrored))
    assert set(reliability.guttman_lambdas(mirrored.cov()).values()) == {None}


def test_identical_items_have_alpha_one_without_interval(scale):
    alpha = reliability.cronbach_alpha(pd.concat([scale["clear"]] * 3, axis=1, keys=["a", "b", "c"]))
    assert alpha.estimate == pytest.approx(1)
    assert alpha.ci_low is None
    assert "identical items" in alpha.note


def test_reversed_item_is_named(scale):
    alpha = reliability.cronbach_alpha(scale)
    assert "reversed item suspected: tiring" in alpha.note
    table = reliability.item_statistics(scale).set_index("item")
    assert table.loc["tiring", "note"] == "negative item-rest correlation, reversed item suspected"
    assert table.loc["clear", "note"] == ""


def test_negative_average_covariance_is_told(scale):
    assert "negative average covariance" in reliability.cronbach_alpha(scale[["clear", "tiring"]]).note


def test_two_items_come_with_spearman_brown(scale):
    pair = scale[["clear", "useful"]]
    coefficient = reliability.spearman_brown(pair)
    assert f"Spearman-Brown: {coefficient.estimate:.3f}" in reliability.cronbach_alpha(pair).note
    assert coefficient.estimate == pytest.approx(reliability.standardised_alpha(pair).estimate)
    assert coefficient.ci_low < coefficient.estimate < coefficient.ci_high
    with pytest.raises(ValueError, match="two columns"):
        reliability.spearman_brown(scale)


def test_item_statistics_equal_their_definition(scale):
    table = reliability.item_statistics(scale).set_index("item")
    for item in scale:
        rest = scale.drop(columns=item)
        assert table.loc[item, "item_rest"] == pytest.approx(scale[item].corr(rest.sum(axis=1)))
        assert table.loc[item, "item_total"] == pytest.approx(scale[item].corr(scale.sum(axis=1)))
        assert table.loc[item, "alpha_if_deleted"] == pytest.approx(reliability.cronbach_alpha(rest).estimate)


def test_split_halves_of_an_even_number_of_items_are_not_counted_twice(scale):
    halves = reliability.split_half_coefficients(scale.cov())
    assert len(halves) == 3
    # With an even number of items the mean of all split halves is alpha (Cronbach 1951).
    assert halves.mean() == pytest.approx(reliability.cronbach_alpha(scale).estimate)


def test_lambdas_that_cannot_be_had_are_none(scale):
    many = pd.DataFrame(np.random.default_rng(1).normal(size=(40, 17)))
    assert reliability.guttman_lambdas(many.cov())["lambda4"] is None
    with pytest.raises(ValueError, match="at most 16"):
        reliability.split_half_coefficients(many.cov())
    doubled = scale.assign(again=scale["clear"])
    assert reliability.guttman_lambdas(doubled.cov())["lambda6"] is None
    assert reliability.item_whole_correlations(doubled.corr()) is None


def test_error_of_measurement_needs_a_reliability():
    for function in (reliability.standard_error_of_measurement, reliability.minimal_detectable_change):
        assert undefined(function(7.5, -0.2, 66))
        with pytest.raises(ValueError, match="not negative"):
            function(-1, 0.8, 66)


@repeated
@given(answers, st.randoms(use_true_random=False), st.integers(-3, 3))
def test_alpha_does_not_depend_on_item_order_or_item_means(items, random, shift):
    order = list(range(items.shape[1]))
    random.shuffle(order)
    moved = items.copy()
    moved[:, 0] += shift
    alpha = reliability.cronbach_alpha(items).estimate
    assume(alpha is not None)
    assert reliability.cronbach_alpha(items[:, order]).estimate == pytest.approx(alpha)
    assert reliability.cronbach_alpha(moved).estimate == pytest.approx(alpha)


@repeated
@given(answers)
def test_alpha_lies_in_its_interval(items):
    alpha = reliability.cronbach_alpha(items)
    assume(alpha.ci_low is not None)
    assert alpha.ci_low < alpha.estimate < alpha.ci_high <= 1


# Before and after: edges


def test_nobody_changed_is_undefined():
    before = [3, 4, 2, 5]
    zeros = [0, 0, 0, 0]
    for statistic in (
        prepost.paired_t(before, before),
        prepost.d_z(before, before),
        prepost.d_av(before, before),
        prepost.d_rm(before, before),
        prepost.d_pre(before, before),
        prepost.hodges_lehmann(zeros),
        prepost.matched_rank_biserial(zeros),
    ):
        assert undefined(statistic)
        assert "all differences are zero" in statistic.note
    for test in (prepost.paired_t_test(before, before), prepost.exact_signed_rank(zeros), prepost.sign_test(zeros)):
        assert test.p is None
        assert "all differences are zero" in test.note
    assert prepost.share_improved(zeros).estimate == 0


@pytest.mark.parametrize("n", [0, 1])
def test_fewer_than_two_pairs(n):
    before, after = [3.0][:n], [4.0][:n]
    differences = [1.0][:n]
    for statistic in (
        prepost.paired_t(before, after),
        prepost.d_z(before, after),
        prepost.d_av(before, after),
        prepost.d_rm(before, after),
        prepost.hodges_lehmann(differences),
        prepost.matched_rank_biserial(differences),
        prepost.detectable_dz(n),
    ):
        assert undefined(statistic)
        assert "fewer than" in statistic.note
    for test in (
        prepost.paired_t_test(before, after),
        prepost.exact_signed_rank(differences),
        prepost.sign_test(differences),
    ):
        assert test.p is None


def test_everybody_changed_by_the_same_amount():
    before, after = [3.1, 4.1, 2.1], [3.4, 4.4, 2.4]
    change = prepost.paired_t(before, after)
    assert change.estimate == pytest.approx(0.3)
    assert change.ci_low is None
    assert undefined(prepost.d_z(before, after))
    assert prepost.paired_t_test(before, after).p is None


def test_people_with_one_measurement_are_left_out_and_counted():
    change = prepost.paired_t([3, 4, None, 2, 5], [4, 4, 3, np.nan, 7])
    assert (change.n, change.n_dropped, change.dropped_reason) == (3, 2, "before or after missing")
    assert change.estimate == pytest.approx(1)
    with pytest.raises(ValueError, match="before has"):
        prepost.paired_t([1, 2], [1, 2, 3])


def test_differences_of_decimals_are_tied():
    differences = np.array([3.2 - 2.8, 4.4 - 4.0, 2.1 - 1.7, 1.0 - 1.2])
    assert len(set(differences[:3])) > 1
    assert prepost.exact_signed_rank(differences).w_plus == prepost.exact_signed_rank([4, 4, 4, -2]).w_plus == 9


def test_too_few_differences_for_an_interval():
    statistic = prepost.hodges_lehmann([1, 2, 3, 4, 5])
    assert statistic.estimate == 3
    assert statistic.ci_low is None
    assert "too few" in statistic.note
    assert prepost.hodges_lehmann([1, 2, 3, 4, 5, 6]).ci_low == 1


def test_pseudo_median_tells_whom_it_describes():
    for function in (prepost.hodges_lehmann, prepost.matched_rank_biserial):
        changed = function([0, 0, 1, 2, np.nan])
        assert changed.note.startswith("2 of 4 without change left out")
        assert (changed.n, changed.n_dropped, changed.dropped_reason) == (2, 3, "difference missing or zero")
        everybody = function([0, 0, 1, 2, np.nan], zero="pratt")
        assert (everybody.n, everybody.n_dropped, everybody.dropped_reason) == (4, 1, "difference missing")
    assert "left out" not in prepost.hodges_lehmann([0, 0, 1, 2], zero="pratt").note
    with pytest.raises(ValueError, match="zero differences"):
        prepost.hodges_lehmann([1, 2], zero="drop")


def test_rank_biserial_at_its_end_has_no_interval():
    statistic = prepost.matched_rank_biserial([1, 2, 0, 3])
    assert statistic.estimate == 1
    assert statistic.ci_low is None


def test_hedges_correction_makes_the_effect_smaller():
    before, after = [1, 2, 3, 4, 2, 3], [2, 4, 3, 5, 3, 3]
    for effect in (prepost.d_z, prepost.d_av, prepost.d_rm, prepost.d_pre):
        assert 0 < effect(before, after, hedges=True).estimate < effect(before, after).estimate
    assert undefined(prepost.d_z([1, 2], [2, 5], hedges=True))


def test_noncentral_t_interval_has_its_tails():
    from scipy import stats

    for t, df in [(0.0, 3), (2.5, 11), (-4.0, 20), (12.0, 65), (30.0, 65)]:
        low, high = prepost.noncentrality_interval(t, df)
        assert stats.nct.cdf(t, df, low) == pytest.approx(0.975, abs=1e-5)
        assert stats.nct.cdf(t, df, high) == pytest.approx(0.025, abs=1e-5)


def test_detectable_effect_has_the_power_asked_for():
    for n in (5, 12, 66):
        assert prepost.paired_power(prepost.detectable_dz(n).estimate, n) == pytest.approx(0.8, abs=1e-6)
    with pytest.raises(ValueError, match="power"):
        prepost.detectable_dz(20, power=1)


@repeated
@given(likert_differences, st.sampled_from(["wilcox", "pratt"]))
def test_exact_signed_rank_equals_enumeration_of_all_signs(differences, zero):
    differences = np.array(differences)
    assume(differences.any())
    test = prepost.exact_signed_rank(differences, zero)
    kept = differences[differences != 0] if zero == "wilcox" else differences
    rank = pd.Series(abs(kept)).rank().to_numpy()[kept != 0]
    kept = kept[kept != 0]
    signs = np.array(list(itertools.product([0, 1], repeat=len(kept))))
    sums = signs @ rank
    observed = rank[kept > 0].sum()
    assert test.w_plus == observed
    assert test.p == pytest.approx(np.mean(abs(sums - rank.sum() / 2) >= abs(observed - rank.sum() / 2) - 1e-9))
    assert test.p_greater == pytest.approx(np.mean(sums >= observed))


@repeated
@given(likert_differences)
def test_rank_sum_chances_add_to_one(differences):
    chance = prepost.rank_sum_distribution(pd.Series(np.abs(differences)).rank())
    assert chance.sum() == pytest.approx(1)
    assert chance == pytest.approx(chance[::-1])


@repeated
@given(likert_differences)
def test_swapping_before_and_after_turns_the_sign(differences):
    differences = np.array(differences)
    assume(differences.any())
    forward, back = prepost.matched_rank_biserial(differences), prepost.matched_rank_biserial(-differences)
    assert forward.estimate == pytest.approx(-back.estimate)
    assert prepost.hodges_lehmann(differences).estimate == -prepost.hodges_lehmann(-differences).estimate
    assert prepost.exact_signed_rank(differences).p == pytest.approx(prepost.exact_signed_rank(-differences).p)


@repeated
@given(st.lists(st.one_of(st.none(), st.floats(0, 1)), max_size=12))
def test_holm_keeps_the_order_and_ignores_missing_tests(p):
    adjusted = prepost.holm(p)
    p = np.array(p, dtype=float)
    tested = ~np.isnan(p)
    assert np.array_equal(np.isnan(adjusted), ~tested)
    assert (adjusted[tested] >= p[tested]).all()
    assert (adjusted[tested] <= 1).all()
    assert (np.diff(adjusted[tested][np.argsort(p[tested], kind="stable")]) >= 0).all()
    assert adjusted[tested] == pytest.approx(prepost.holm(p[tested]))


def test_holm_refuses_what_is_no_p_value():
    with pytest.raises(ValueError, match="outside 0 to 1"):
        prepost.holm([0.2, 1.2])


# Agreement: edges


def test_one_category_only():
    both = pd.DataFrame({"first": [1, 1, 1], "second": [1, 1, 1]})
    for statistic in (
        agreement.cohen_kappa(both["first"], both["second"]),
        agreement.cohen_kappa(both["first"], both["second"], categories=[0, 1]),
        agreement.krippendorff_alpha(both),
        agreement.krippendorff_alpha(both, categories=[0, 1]),
        agreement.fleiss_kappa(both),
        agreement.gwet_ac1(both),
        agreement.brennan_prediger(both),
    ):
        assert undefined(statistic)
        assert statistic.note == "undefined: agreement 100 %, one category only"
    assert agreement.percent_agreement(both).estimate == 1


def test_a_code_nobody_used_has_ac1_when_both_answers_are_known():
    nobody = pd.DataFrame({"first": [0, 0, 0], "second": [0, 0, 0]})
    statistic = agreement.gwet_ac1(nobody, categories=[0, 1])
    assert statistic.estimate == 1
    assert statistic.note == "agreement 100 %, one category only, no interval"


def test_no_unit_rated_twice():
    alone = pd.DataFrame({"first": [1, None, 2], "second": [None, 1, None]})
    for function in (
        agreement.percent_agreement,
        agreement.gwet_ac1,
        agreement.fleiss_kappa,
        agreement.brennan_prediger,
        agreement.krippendorff_alpha,
    ):
        statistic = function(alone)
        assert undefined(statistic)
        assert (statistic.n, statistic.n_dropped) == (0, 3)
    assert undefined(agreement.cohen_kappa(alone["first"], alone["second"]))
    assert undefined(agreement.gwet_ac1(alone.head(0)))


def test_perfect_agreement_has_no_interval():
    both = pd.DataFrame({"first": ["yes", "no", "yes"], "second": ["yes", "no", "yes"]})
    for statistic in (
        agreement.cohen_kappa(both["first"], both["second"]),
        agreement.gwet_ac1(both),
        agreement.krippendorff_alpha(both),
    ):
        assert statistic.estimate == pytest.approx(1)
        assert statistic.ci_low is None
        assert statistic.note == "perfect agreement, no interval"


def test_units_with_one_rating_are_counted_as_left_out():
    ratings = pd.DataFrame({"first": [1, 2, 1, 2, None], "second": [1, 2, 2, 2, 1]})
    for function in (agreement.gwet_ac1, agreement.krippendorff_alpha, agreement.percent_agreement):
        assert (function(ratings).n, function(ratings).n_dropped) == (4, 1)
        assert function(ratings).dropped_reason == "rated by fewer than two raters"


def test_unknown_ratings_weights_and_coefficients_are_refused():
    with pytest.raises(ValueError, match="not among the categories"):
        agreement.gwet_ac1([[1, 2]], categories=[0, 1])
    with pytest.raises(ValueError, match="unknown weights"):
        agreement.cohen_kappa([1, 2], [1, 2], weights="cubic")
    with pytest.raises(ValueError, match="unknown coefficient"):
        agreement.agreement_parts([[1, 2], [1, 1]], "scott")
    with pytest.raises(ValueError, match="rated 1 and 2 units"):
        agreement.cohen_kappa([1], [1, 2])


def test_prevalence_counts_ratings():
    statistic = agreement.prevalence([[1, 0], [1, None], [0, 0]], 1)
    assert (statistic.estimate, statistic.n) == (0.4, 5)
    assert undefined(agreement.prevalence([[None, None]], 1))


def test_proportion_without_units():
    assert undefined(agreement.proportion(0, 0))
    with pytest.raises(ValueError, match="hits and units"):
        agreement.wilson_interval(3, 2)


@repeated
@given(codes)
def test_kappa_does_not_depend_on_who_is_first(pairs):
    first, second = np.array(pairs).T
    for weights in (None, "linear", "quadratic"):
        kappa, swapped = (
            agreement.cohen_kappa(one, other, weights) for one, other in ((first, second), (second, first))
        )
        assert kappa.note == swapped.note
        if kappa.estimate is not None:
            assert kappa.estimate == pytest.approx(swapped.estimate)
        if kappa.ci_low is not None:
            assert (kappa.ci_low, kappa.ci_high) == pytest.approx((swapped.ci_low, swapped.ci_high))


@repeated
@given(codes)
def test_kappa_equals_statsmodels(pairs):
    from statsmodels.stats.inter_rater import cohens_kappa, fleiss_kappa

    counts = np.zeros((3, 3))
    np.add.at(counts, tuple(np.array(pairs).T), 1)
    for weights in (None, "linear", "quadratic"):
        parts = agreement.kappa_from_table(counts, weights)
        if parts.coefficient is None:
            continue
        with np.errstate(all="ignore"):  # its z statistics may not exist
            theirs = cohens_kappa(counts, wt=weights)
        assert parts.coefficient == pytest.approx(theirs.kappa)
        assert parts.standard_error**2 == pytest.approx(theirs.var_kappa, abs=1e-9)
    fleiss = agreement.fleiss_kappa(pairs, categories=[0, 1, 2]).estimate
    if fleiss is not None:
        by_unit = (np.array(pairs)[:, :, None] == np.arange(3)).sum(axis=1)
        assert fleiss == pytest.approx(fleiss_kappa(by_unit))


@repeated
@given(codes, st.sampled_from(["nominal", "interval"]))
def test_two_ways_to_krippendorff_alpha_agree(pairs, level):
    alpha = agreement.krippendorff_alpha(pairs, level).estimate
    assume(alpha is not None)
    weights = {"nominal": None, "interval": "quadratic"}[level]
    parts = agreement.agreement_parts(pairs, "krippendorff", weights)
    assert parts.coefficient == pytest.approx(alpha)


@repeated
@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.floats(0.5, 0.999))
def test_intervals_of_a_proportion_contain_it(counts, confidence):
    k, n = counts
    for interval in (agreement.wilson_interval, agreement.clopper_pearson):
        low, high = interval(k, n, confidence)
        assert 0 <= low <= k / n <= high <= 1


# Consensus: edges


def test_unanimous_panel():
    ratings = [7] * 9
    assert consensus.median(ratings).estimate == 7
    assert consensus.quartiles(ratings).iqr == 0
    share = consensus.share_in_agreement(ratings, 7)
    assert (share.estimate, share.ci_high) == (1, 1)
    assert 0 < share.ci_low < 1
    verdict = consensus.ipras_disagreement(ratings)
    assert (verdict.index, verdict.disagreement) == (0, False)
    assert undefined(consensus.kendall_w([[7, 7, 7]] * 4))
    assert consensus.concordance_test([[7, 7, 7]] * 4).p is None


def test_panel_without_ratings():
    nothing = [np.nan, None]
    assert undefined(consensus.median(nothing))
    assert undefined(consensus.share_in_agreement(nothing, 7))
    assert consensus.median(nothing).n_dropped == 2
    assert consensus.quartiles(nothing).median is None
    assert consensus.ipras_disagreement(nothing).disagreement is None


def test_quartiles_name_their_rule():
    assert consensus.quartiles([1, 2, 3, 4]).rule == "linear, R type 7"
    # Hyndman & Fan (1996): definition 7 puts the first quartile at 1 + (n - 1) / 4, definition 6 at (n + 1) / 4.
    assert consensus.quartiles([1, 2, 3, 4]).lower == 1.75
    assert consensus.quartiles([1, 2, 3, 4], rule="weibull").lower == 1.25


@pytest.mark.parametrize(("comparison", "share"), [(">=", 0.75), (">", 0.5), ("<=", 0.5), ("<", 0.25)])
def test_share_in_agreement_compares_as_told(comparison, share):
    assert consensus.share_in_agreement([5, 7, 8, 9], 7, comparison).estimate == share
    with pytest.raises(ValueError, match="unknown comparison"):
        consensus.share_in_agreement([5], 7, "==")


def test_range_that_equals_the_adjusted_one_is_no_disagreement():
    # Percentiles 4 and 7.4: range 3.4, and adjusted range 2.35 + 1.5 * |5 - 5.7| = 3.4.
    assert consensus.ipras_disagreement([4.0, 4.0, 4.0, 7.4, 7.4, 7.4]).disagreement is False
    assert consensus.ipras_disagreement([4.0, 4.0, 4.0, 7.5, 7.5, 7.5]).disagreement is True


def test_rand_ucla_constants_are_for_one_to_nine():
    with pytest.raises(ValueError, match="1 to 9"):
        consensus.ipras_disagreement([1, 2, 3], highest=5)


def test_kendall_w_leaves_out_raters_with_gaps():
    w = consensus.kendall_w([[1, 2, 3], [1, 2, 3], [1, None, 3]])
    assert (w.estimate, w.n, w.n_dropped) == (1, 2, 1)
    assert undefined(consensus.kendall_w([[1, 2, 3]]))


@repeated
@given(hnp.arrays(int, st.tuples(st.integers(3, 8), st.integers(3, 6)), elements=st.integers(1, 5)))
def test_concordance_equals_scipy_friedman(ratings):
    from scipy import stats

    test = consensus.concordance_test(ratings)
    assume(test.chi2 is not None)
    theirs = stats.friedmanchisquare(*ratings.T)
    assert test.chi2 == pytest.approx(theirs.statistic, abs=1e-9)
    assert test.p == pytest.approx(theirs.pvalue)
    assert 0 <= consensus.kendall_w(ratings).estimate <= 1 + 1e-12


# pingouin, and what the kernels may import


@repeated
@given(answers)
def test_alpha_equals_pingouin(items):
    frame = pd.DataFrame(items).add_prefix("item")
    alpha = reliability.cronbach_alpha(frame).estimate
    assume(alpha is not None)
    assert pg.cronbach_alpha(frame) == pytest.approx(alpha)


def test_t_test_and_holm_equal_pingouin():
    before, after = [3, 4, 2, 5, 3, 4], [4, 4, 3, 7, 3, 5]
    ours, theirs = prepost.paired_t_test(before, after), pg.paired_ttest(before, after)
    assert (ours.t, ours.df, ours.p) == pytest.approx((theirs["t"], theirs["df"], theirs["p"]))
    assert isinstance(theirs["bayes_factor"], float)
    p = [0.01, np.nan, 0.03]
    assert prepost.holm(p) == pytest.approx(pg.holm(p), nan_ok=True)


def test_pingouin_is_not_given_what_it_would_miscount(scale):
    scale = scale.astype(float)
    scale.iloc[0, 0] = np.nan
    with pytest.raises(ValueError, match="incomplete rows"):
        pg.cronbach_alpha(scale)
    with pytest.raises(ValueError, match="incomplete pairs"):
        pg.paired_ttest([1, np.nan], [2, 3])
    with pytest.raises(ValueError, match="all differences are equal"):
        pg.paired_ttest([1, 2], [2, 3])


def test_kernels_start_without_slow_imports():
    slow = ("pingouin", "matplotlib", "seaborn", "statsmodels", "scipy.stats")
    program = (
        "import sys; from piloteval.measures import agreement, consensus, pg, prepost, reliability; "
        f"print([name for name in {slow} if name in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=SOURCES, capture_output=True, text=True, check=True, timeout=60
    )
    assert result.stdout.strip() == "[]"
