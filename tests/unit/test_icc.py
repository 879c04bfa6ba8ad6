"""Intraclass correlations and the mixed model behind them: edges, invariances, other libraries, identities."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from piloteval.measures import icc, mixed, pg

repeated = settings(max_examples=40, deadline=None, derandomize=True, database=None)

tables = hnp.arrays(float, st.tuples(st.integers(2, 8), st.integers(2, 5)), elements=st.integers(1, 9))

#: Shrout & Fleiss (1979), table 2: six targets, four judges.
SHROUT_FLEISS = pd.DataFrame(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]],
    columns=["J1", "J2", "J3", "J4"],
)

SINGLE = ("ICC(1,1)", "ICC(A,1)", "ICC(C,1)")
MEAN = ("ICC(1,k)", "ICC(A,k)", "ICC(C,k)")


@pytest.fixture
def crossed():
    """Twenty units, five raters, one rating in six missing."""
    rng = np.random.default_rng(7)
    ratings = rng.normal(size=(20, 1)) + 0.5 * rng.normal(size=(1, 5)) + 0.7 * rng.normal(size=(20, 5))
    ratings[rng.random(ratings.shape) < 1 / 6] = np.nan
    return pd.DataFrame(ratings)


def long(ratings):
    ratings = np.asarray(ratings, dtype=float)
    unit, rater = np.nonzero(~np.isnan(ratings))
    return ratings[unit, rater], unit, rater


def components(ratings):
    y, unit, rater = long(ratings)
    return mixed.reml_components(y, np.ones((len(y), 1)), {"unit": unit, "rater": rater})


def values(results):
    return {name: (one.estimate, one.ci_low, one.ci_high) for name, one in results.items()}


def same(one, other, forms, **tolerance):
    for form in forms:
        for left, right in zip(values(one)[form], values(other)[form], strict=True):
            assert (left is None) == (right is None), form
            assert left is None or left == pytest.approx(right, **{"rel": 1e-7, "abs": 1e-9, **tolerance}), form


# Printed examples and other libraries


def test_printed_example():
    found = icc.intraclass_correlations(SHROUT_FLEISS)
    assert [round(found[form].estimate, 2) for form in (*SINGLE, *MEAN)] == [0.17, 0.29, 0.71, 0.44, 0.62, 0.91]
    assert "Shrout & Fleiss ICC(2,1)" in found["ICC(A,1)"].method
    assert "two-way random, absolute agreement" in found["ICC(A,1)"].method
    squares = icc.mean_squares(SHROUT_FLEISS)
    assert [round(one, 2) for one in (squares.msr, squares.msw, squares.msc, squares.mse)] == [11.24, 6.26, 32.49, 1.02]
    assert (squares.df_units, squares.df_within, squares.df_raters, squares.df_residual) == (5, 18, 3, 15)


@pytest.mark.parametrize("seed", range(4))
def test_pingouin_has_the_same_values(seed):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.integers(1, 8, (9, 4)) + rng.integers(0, 4, (9, 1)))
    theirs, ours, tests = pg.intraclass_correlations(frame), icc.intraclass_correlations(frame), icc.f_tests(frame)
    assert list(theirs) == [*SINGLE, *MEAN]
    for form, expected in theirs.items():
        test = tests[form]
        found = {"icc": ours[form].estimate, "F": test.f, "df1": test.df1, "df2": test.df2, "p": test.p}
        assert found == pytest.approx(expected)


def test_pingouin_gets_no_missing_rating():
    with pytest.raises(ValueError, match="incomplete units"):
        pg.intraclass_correlations(SHROUT_FLEISS.astype(float).mask(SHROUT_FLEISS == 10))


def test_mixed_model_equals_statsmodels():
    from statsmodels.regression.mixed_linear_model import MixedLM

    rng = np.random.default_rng(3)
    group = rng.integers(0, 12, 90)
    design = np.column_stack([np.ones(90), rng.normal(size=90)])
    y = design @ [2, 1] + rng.normal(size=12)[group] + rng.normal(size=90)
    found = mixed.reml_components(y, design, {"group": group})
    theirs = MixedLM(y, design, group).fit(reml=True, gtol=1e-9)
    assert found.log_likelihood == pytest.approx(theirs.llf, rel=1e-9)
    assert found.beta == pytest.approx(theirs.fe_params, rel=1e-5)
    assert found.variances["group"] == pytest.approx(theirs.cov_re[0, 0], rel=1e-4)
    assert found.residual == pytest.approx(theirs.scale, rel=1e-4)
    assert np.sqrt(np.diag(found.beta_covariance)) == pytest.approx(theirs.bse_fe, rel=1e-4)
    predicted = [float(effect.iloc[0]) for _, effect in sorted(theirs.random_effects.items())]
    assert found.effects["group"].to_numpy() == pytest.approx(predicted, rel=1e-4, abs=1e-6)


# Identities and invariances


@repeated
@given(tables)
def test_sums_of_squares_are_those_of_the_definition(ratings):
    squares = icc.mean_squares(ratings)
    mean, units, raters = ratings.mean(), ratings.mean(axis=1, keepdims=True), ratings.mean(axis=0, keepdims=True)
    n, k = ratings.shape
    expected = [
        k * ((units - mean) ** 2).sum() / (n - 1),
        n * ((raters - mean) ** 2).sum() / (k - 1),
        ((ratings - units - raters + mean) ** 2).sum() / ((n - 1) * (k - 1)),
        ((ratings - units) ** 2).sum() / (n * (k - 1)),
    ]
    assert [squares.msr, squares.msc, squares.mse, squares.msw] == pytest.approx(expected, abs=1e-9)


def test_mean_squares_of_more_units_than_a_block():
    ratings = np.random.default_rng(1).normal(size=(2 * icc.BLOCK + 5, 3))
    squares = icc.mean_squares(ratings)
    assert squares.msw == pytest.approx(ratings.var(axis=1, ddof=1).mean())
    assert squares.msr == pytest.approx(3 * ratings.mean(axis=1).var(ddof=1))
    shifted = icc.mean_squares(np.asfortranarray(ratings) + 1e6)
    assert shifted.mse == pytest.approx(squares.mse, rel=1e-8)


@repeated
@given(tables)
def test_mean_of_raters_by_spearman_brown(ratings):
    k = ratings.shape[1]
    found = icc.intraclass_correlations(ratings)
    for single, mean in zip(SINGLE, MEAN, strict=True):
        for one, many in zip(values(found)[single], values(found)[mean], strict=True):
            if one is not None and many is not None:
                assert many * (1 + (k - 1) * one) == pytest.approx(k * one, abs=1e-7)


@repeated
@given(tables)
def test_interval_contains_the_estimate_and_the_test_fits_it(ratings):
    found = icc.intraclass_correlations(ratings, 0.9)
    for form, one in found.items():
        if one.ci_low is not None:
            assert one.ci_low <= one.estimate <= one.ci_high <= 1
        if form[4] in "1C" and one.ci_low is not None:
            # The lower limit of a 90 % interval passes zero where the test against zero passes 5 %.
            assert (one.ci_low > 0) == (icc.f_tests(ratings)[form].p < 0.05)


@repeated
@given(tables, st.randoms(use_true_random=False), st.integers(-40, 40), st.integers(1, 20))
def test_order_origin_and_unit_of_ratings_do_not_matter(ratings, random, shift, factor):
    n, k = ratings.shape
    moved = (factor * ratings + shift)[random.sample(range(n), n)][:, random.sample(range(k), k)]
    same(icc.intraclass_correlations(ratings), icc.intraclass_correlations(moved), icc.FORMS)


@repeated
@given(tables, st.data())
def test_constants_of_raters_change_agreement_only(ratings, data):
    shift = data.draw(st.lists(st.integers(-50, 50), min_size=ratings.shape[1], max_size=ratings.shape[1]))
    squares, moved = icc.mean_squares(ratings), icc.mean_squares(ratings + shift)
    assert (moved.msr, moved.mse) == pytest.approx((squares.msr, squares.mse), abs=1e-8)
    assume(squares.mse > 0 and squares.msr > 0)
    one, other = icc.intraclass_correlations(ratings), icc.intraclass_correlations(ratings + shift)
    same(one, other, ("ICC(C,1)", "ICC(C,k)"))
    if moved.msc > squares.msc + 1e-9 and one["ICC(A,1)"].estimate > 0:
        assert other["ICC(A,1)"].estimate < one["ICC(A,1)"].estimate
        assert other["ICC(1,1)"].estimate < one["ICC(1,1)"].estimate


@pytest.mark.parametrize("seed", range(12))
def test_reml_of_complete_ratings_is_the_sums_of_squares(seed):
    rng = np.random.default_rng(seed)
    n, k = rng.integers(5, 40), rng.integers(3, 9)
    spread = rng.uniform(0.5, 20, 3)
    ratings = sum(scale * rng.normal(size=shape) for scale, shape in zip(spread, [(n, 1), (1, k), (n, k)], strict=True))
    squares = icc.mean_squares(ratings)
    expected = {"unit": (squares.msr - squares.mse) / k, "rater": (squares.msc - squares.mse) / n}
    if min(expected.values()) <= 0:
        assert components(ratings).at_boundary
        return
    found = components(ratings)
    assert found.converged
    assert not found.at_boundary
    assert found.variances == pytest.approx(expected, rel=1e-6)
    assert found.residual == pytest.approx(squares.mse, rel=1e-6)
    assert found.beta[0] == pytest.approx(ratings.mean())


# Missing ratings


def test_missing_ratings_are_said_and_the_interval_is_called_approximate(crossed):
    found = icc.intraclass_correlations(crossed)
    missing = int(crossed.isna().to_numpy().sum())
    for one in found.values():
        assert one.note == f"{missing} of 100 ratings missing, variance components estimated by REML"
        assert "approximate because ratings are missing" in one.ci_method
        assert one.ci_low < one.estimate < one.ci_high
    assert icc.f_tests(crossed)["ICC(C,1)"].df2 == 76


def test_missing_ratings_do_not_depend_on_order_or_origin(crossed):
    moved = (3 * crossed + 100).iloc[::-1, [4, 2, 0, 1, 3]]
    same(icc.intraclass_correlations(crossed), icc.intraclass_correlations(moved), icc.FORMS, rel=1e-6)


def test_single_ratings_are_left_out(crossed):
    more = pd.concat([crossed, pd.DataFrame([[1.0] + [np.nan] * 4, [np.nan] * 5])], ignore_index=True)
    one, other = icc.intraclass_correlations(crossed), icc.intraclass_correlations(more)
    same(one, other, icc.FORMS)
    left_out = other["ICC(A,1)"]
    assert (left_out.n, left_out.n_dropped, left_out.dropped_reason) == (20, 2, "rated by fewer than two raters")


def test_rater_without_ratings_is_none():
    same(
        icc.intraclass_correlations(SHROUT_FLEISS),
        icc.intraclass_correlations(SHROUT_FLEISS.assign(J5=np.nan)),
        icc.FORMS,
    )


def test_nullable_integers_are_read():
    nullable = SHROUT_FLEISS.astype("Int64")
    nullable.iloc[1, 2] = pd.NA
    with_nan = SHROUT_FLEISS.astype(float)
    with_nan.iloc[1, 2] = np.nan
    assert icc.intraclass_correlations(nullable) == icc.intraclass_correlations(with_nan)


def test_units_that_do_not_differ_are_zero_with_missing_ratings():
    ratings = np.array([[1, 4, 2], [4, 1, 3], [2, 3, np.nan], [3, 2, 2], [1, 3, 3], [4, 2, 2.0]])
    found = icc.intraclass_correlations(ratings)
    assert found["ICC(C,1)"].estimate == 0
    assert "variance of units was estimated as zero" in found["ICC(C,1)"].note
    assert found["ICC(C,1)"].ci_low < 0 < found["ICC(C,1)"].ci_high


def test_perfect_agreement_with_missing_ratings():
    perfect = np.array([[1, 1, np.nan], [2, 2, 2], [5, np.nan, 5], [3, 3, 3]])
    for one in icc.intraclass_correlations(perfect).values():
        assert one.estimate == 1
        assert one.ci_low is None
        assert one.note.endswith("perfect agreement, no interval")
    shifted = icc.intraclass_correlations(perfect + np.array([0, 1, 4]))
    assert shifted["ICC(C,1)"].estimate == 1
    assert "differ by constants only" in shifted["ICC(C,1)"].note
    variance = {"unit": np.var([1, 2, 5, 3], ddof=1), "rater": np.var([0, 1, 4], ddof=1)}
    assert shifted["ICC(A,1)"].estimate == pytest.approx(variance["unit"] / (variance["unit"] + variance["rater"]))


def test_raters_who_share_no_unit():
    nan = np.nan
    apart = np.array([[1, 2, nan, nan], [3, 3, nan, nan], [nan, nan, 5, 2], [nan, nan, 1, 4]])
    assert icc.intraclass_correlations(apart)["ICC(A,1)"].estimate is not None
    exact = np.array([[1, 2, nan, nan], [3, 4, nan, nan], [nan, nan, 5, 2], [nan, nan, 7, 4]])
    assert all(one.note == icc.NOT_LINKED for one in icc.intraclass_correlations(exact).values())
    own = np.array([[1, 2, nan, nan], [nan, nan, 5, 2]])
    assert all(one.note == icc.NOT_SEPARABLE for one in icc.intraclass_correlations(own).values())


# Edges


@pytest.mark.parametrize(
    ("ratings", "reason"),
    [
        (np.empty((0, 3)), icc.NO_UNIT),
        ([[1, 2, 3]], icc.TOO_FEW_UNITS),
        ([[1], [2], [3]], icc.TOO_FEW_RATERS),
        ([[1, np.nan], [np.nan, 2]], icc.NO_UNIT),
        ([[0.1, 0.1], [0.1, 0.1], [0.1, 0.1]], icc.ALL_EQUAL),
        ([[2, 2, np.nan], [2, 2, 2]], icc.ALL_EQUAL),
    ],
)
def test_undefined(ratings, reason):
    for one in icc.intraclass_correlations(ratings).values():
        assert (one.estimate, one.ci_low, one.note) == (None, None, reason)
    test = icc.f_tests(ratings)["ICC(A,1)"]
    assert (test.f, test.p, test.note) == (None, None, reason)


def test_perfect_agreement():
    for one in icc.intraclass_correlations([[1, 1, 1], [2, 2, 2], [4, 4, 4]]).values():
        assert (one.estimate, one.ci_low, one.ci_method) == (1, None, "")
        assert one.note == "perfect agreement, no interval"
    assert icc.f_tests([[1, 1], [2, 2]])["ICC(1,1)"].note.startswith("undefined")


def test_raters_apart_by_constants():
    found = icc.intraclass_correlations([[0.1, 1.1, 0.2], [2.1, 3.1, 2.2], [4.1, 5.1, 4.2], [0.3, 1.3, 0.4]])
    assert found["ICC(C,1)"].estimate == 1
    assert found["ICC(C,1)"].ci_low is None
    assert "differ by constants only" in found["ICC(C,1)"].note
    assert 0 < found["ICC(A,1)"].ci_low < found["ICC(A,1)"].estimate < found["ICC(A,1)"].ci_high < 1


def test_negative_estimates_are_kept_and_said():
    found = icc.intraclass_correlations([[1, 5, 2], [5, 1, 4], [2, 4, 3], [4, 3, 2]])
    for form in SINGLE:
        assert found[form].estimate < 0
        assert found[form].note.startswith("negative estimate")
        assert found[form].ci_low < found[form].estimate


def test_units_without_variance():
    found = icc.intraclass_correlations([[1, 5], [5, 1], [2, 4]])
    assert found["ICC(1,1)"].estimate == pytest.approx(-1)
    assert found["ICC(1,1)"].ci_low is None
    assert found["ICC(1,k)"].estimate is None
    assert found["ICC(1,k)"].note.startswith(icc.NO_TOTAL_OF_MEANS)
    nothing = icc.intraclass_correlations([[0, 1], [1, 0]])
    assert nothing["ICC(A,1)"].note.startswith(icc.NO_TOTAL)


@repeated
@given(tables)
def test_nothing_breaks_when_ratings_go_missing(ratings):
    ratings = np.where(ratings > 7, np.nan, ratings)
    for one in icc.intraclass_correlations(ratings).values():
        assert (one.estimate is None) == one.note.startswith("undefined: ")
        if one.estimate is None:
            assert one.ci_low is None
        else:
            assert np.isfinite(one.estimate)
            assert (one.ci_low is None) == (one.ci_method == "")


def test_kernel_refuses_what_is_no_complete_table():
    with pytest.raises(ValueError, match="missing"):
        icc.mean_squares([[1, np.nan], [2, 3]])
    with pytest.raises(ValueError, match="at least two units"):
        icc.mean_squares([[1, 2]])


# Repeated measurements


def test_retest_in_units_of_the_scale():
    first = np.array([3.0, 4.0, 2.0, 5.0, 3.5, 4.5, np.nan])
    second = np.array([3.5, 4.0, 3.0, 5.5, 3.0, 5.0, 4.0])
    found = icc.retest(first, second)
    pairs = pd.DataFrame({"first": first, "second": second}).dropna()
    difference = pairs["second"] - pairs["first"]
    assert {(one.n, one.n_dropped, one.dropped_reason) for one in found.values()} == {(6, 1, "not measured twice")}
    # Half the variance, and half the mean square, of the differences of two measurements.
    assert found["sem_consistency"].estimate == pytest.approx(np.sqrt(difference.var() / 2))
    assert found["sem_agreement"].estimate == pytest.approx(np.sqrt((difference**2).mean() / 2))
    for kind in ("agreement", "consistency"):
        assert found[f"mdc_{kind}"].estimate == pytest.approx(1.96 * np.sqrt(2) * found[f"sem_{kind}"].estimate)
    assert found["loa_high"].estimate - found["loa_low"].estimate == pytest.approx(3.92 * difference.std())
    from scipy import stats

    low, high = stats.ttest_rel(pairs["second"], pairs["first"]).confidence_interval(0.95)
    assert (found["mean_difference"].ci_low, found["mean_difference"].ci_high) == pytest.approx((low, high))
    width = found["mean_difference"].ci_high - found["mean_difference"].ci_low
    assert found["loa_low"].ci_high - found["loa_low"].ci_low == pytest.approx(np.sqrt(3) * width)
    ratings = icc.intraclass_correlations(pairs)
    assert found["ICC(A,1)"].estimate == ratings["ICC(A,1)"].estimate
    low, high = found["sem_consistency"].ci_low, found["sem_consistency"].ci_high
    assert 5 * difference.var() / 2 / np.array([high, low]) ** 2 == pytest.approx(stats.chi2.ppf([0.025, 0.975], 5))


def test_bland_altman_of_the_peak_flow_meters():
    # Bland & Altman (1986), table: first readings of the Wright and the mini meter, 17 people, l/min; printed mean
    # difference (Wright - mini) -2.1, standard deviation 38.8.
    wright = [494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427]
    mini = [512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451]
    found = icc.retest(mini, wright)
    assert round(found["mean_difference"].estimate, 1) == -2.1
    assert round((found["loa_high"].estimate - found["loa_low"].estimate) / 3.92, 1) == 38.8


def test_retest_edges():
    alone = icc.retest([1.0, np.nan], [2.0, 3.0])
    assert all(one.estimate is None and one.note.startswith("undefined") for one in alone.values())
    assert {(one.n, one.n_dropped) for one in alone.values()} == {(1, 1)}
    equal = icc.retest([2, 2, 2], [2, 2, 2])
    assert equal["sem_agreement"].note == "undefined: all measurements are equal"
    again = icc.retest([1, 2, 4], [1, 2, 4])
    assert (again["ICC(A,1)"].estimate, again["sem_agreement"].estimate, again["mdc_consistency"].estimate) == (1, 0, 0)
    assert "no interval" in again["mean_difference"].note
    shifted = icc.retest([1, 2, 4], [2, 3, 5])
    assert shifted["sem_consistency"].estimate == 0
    assert shifted["sem_agreement"].estimate == pytest.approx(np.sqrt(0.5))
    unbiased = icc.retest([1, 2, 4, 3], [2, 1, 3, 4])
    assert "estimated as negative" in unbiased["sem_agreement"].note
    with pytest.raises(ValueError, match="1 and 2 people"):
        icc.retest([1], [1, 2])


# People within sites


def test_sites_of_one_size_are_the_one_way_form():
    ratings = SHROUT_FLEISS.to_numpy(dtype=float)
    by_site = icc.site_icc(ratings.ravel(), np.repeat(list("ABCDEF"), 4))
    one_way = icc.intraclass_correlations(ratings)["ICC(1,1)"]
    assert (by_site.estimate, by_site.ci_low, by_site.ci_high) == pytest.approx(
        (one_way.estimate, one_way.ci_low, one_way.ci_high)
    )
    assert by_site.ci_method == "Searle F interval, 95 %"
    effect = icc.design_effect(ratings.ravel(), np.repeat(list("ABCDEF"), 4))
    assert (effect.estimate, effect.ci_high) == pytest.approx((1 + 3 * by_site.estimate, 1 + 3 * by_site.ci_high))


def test_sites_of_several_sizes():
    scores = [1, 2, 3, 5, 6, 4, np.nan, 2]
    sites = ["A", "A", "A", "B", "B", "C", "C", None]
    found = icc.site_icc(scores, sites)
    assert (found.n, found.n_dropped, found.dropped_reason) == (6, 2, "score or site missing")
    assert "approximate because sites differ in size" in found.ci_method
    between, within = (3 * (2 - 3.5) ** 2 + 2 * (5.5 - 3.5) ** 2 + (4 - 3.5) ** 2) / 2, 2.5 / 3
    size = (6 - 14 / 6) / 2
    assert found.estimate == pytest.approx((between - within) / (between + (size - 1) * within))
    assert icc.design_effect(scores, sites).estimate == pytest.approx(1 + found.estimate)


def test_site_edges():
    for scores, sites, reason in (
        ([1, 2, 3], ["A", "A", "A"], "undefined: fewer than two sites"),
        ([], [], "undefined: fewer than two sites"),
        ([1, 2, 3], ["A", "B", "C"], "undefined: no site with two people"),
        ([2, 2, 2], ["A", "A", "B"], "undefined: all scores are equal"),
    ):
        for function in (icc.site_icc, icc.design_effect):
            assert (function(scores, sites).estimate, function(scores, sites).note) == (None, reason)
    alike = icc.site_icc([1, 1, 3, 3], ["A", "A", "B", "B"])
    assert (alike.estimate, alike.ci_low) == (1, None)
    negative = icc.site_icc([1, 5, 2, 5], ["A", "A", "B", "B"])
    assert negative.estimate < 0
    assert "negative estimate: the sites differ less" in negative.note
    with pytest.raises(ValueError, match="2 scores and 1 sites"):
        icc.site_icc([1, 2], ["A"])


# Mixed model


def test_component_at_zero_is_the_smaller_model():
    rng = np.random.default_rng(1)
    group, other = np.repeat(np.arange(10), 6), np.tile(np.arange(6), 10)
    y = rng.normal(size=60) + rng.normal(size=10)[group]
    y -= (np.bincount(other, y) / 10)[other]  # the other grouping has no variance at all
    both = mixed.reml_components(y, np.ones((60, 1)), {"group": group, "other": other})
    alone = mixed.reml_components(y, np.ones((60, 1)), {"group": group})
    assert both.variances["other"] == 0
    assert both.at_boundary
    assert both.converged
    assert both.variances["group"] == pytest.approx(alone.variances["group"], rel=1e-6)
    assert both.log_likelihood == pytest.approx(alone.log_likelihood)
    assert (both.effects["other"] == 0).all()


def test_every_component_at_zero_is_least_squares():
    group = np.repeat(np.arange(5), 4)
    y = np.tile([1.0, 2.0, 4.0, 7.0], 5)
    found = mixed.reml_components(y, np.ones((20, 1)), {"group": group})
    assert (found.variances["group"], found.at_boundary) == (0, True)
    assert found.residual == pytest.approx(y.var(ddof=1))
    assert found.beta_covariance[0, 0] == pytest.approx(y.var(ddof=1) / 20)


def dense_log_likelihood(y, design, groupings, variances, residual):
    """Restricted log-likelihood as it is defined, with matrices of one row an observation."""
    v = residual * np.eye(len(y))
    for name, labels in groupings.items():
        v += variances[name] * np.equal.outer(np.asarray(labels), np.asarray(labels))
    inverse = np.linalg.inv(v)
    information = design.T @ inverse @ design
    beta = np.linalg.solve(information, design.T @ inverse @ y)
    rest = y - design @ beta
    log_determinants = np.linalg.slogdet(v)[1] + np.linalg.slogdet(information)[1]
    constant = (len(y) - design.shape[1]) * np.log(2 * np.pi)
    return -0.5 * (constant + log_determinants + rest @ inverse @ rest), beta, np.linalg.inv(information)


def test_three_groupings_by_the_definition():
    rng = np.random.default_rng(5)
    n = 120
    site, rater = rng.integers(0, 6, n), rng.integers(0, 8, n)
    person = site * 100 + rng.integers(0, 6, n)
    design = np.column_stack([np.ones(n), rng.normal(size=n), 2000 + rng.integers(0, 3, n)])
    y = rng.normal(size=6)[site] + 0.6 * rng.normal(size=8)[rater] + rng.normal(size=1000)[person] + rng.normal(size=n)
    groupings = {"site": site, "person": person, "rater": rater}
    found = mixed.reml_components(y, design, groupings)
    assert found.converged
    assert list(found.variances) == list(groupings)
    at, beta, covariance = dense_log_likelihood(y, design, groupings, found.variances, found.residual)
    assert found.log_likelihood == pytest.approx(at)
    assert found.beta == pytest.approx(beta, rel=1e-5)
    assert found.beta_covariance == pytest.approx(covariance, rel=1e-4)
    for name in groupings:  # no step to either side gains
        for factor in (0.99, 1.01):
            moved = found.variances | {name: found.variances[name] * factor}
            assert dense_log_likelihood(y, design, groupings, moved, found.residual)[0] < at


def test_fixed_effects_move_with_the_outcome():
    rng = np.random.default_rng(2)
    group, design = np.repeat(np.arange(8), 5), np.column_stack([np.ones(40), rng.normal(size=40)])
    y = rng.normal(size=8)[group] + rng.normal(size=40)
    plain = mixed.reml_components(y, design, {"group": group})
    moved = mixed.reml_components(10 * y + design @ [1000, 3], design, {"group": [f"g{one}" for one in group]})
    assert moved.beta == pytest.approx(10 * plain.beta + [1000, 3])
    assert moved.variances["group"] == pytest.approx(100 * plain.variances["group"], rel=1e-6)
    assert moved.effects["group"]["g3"] == pytest.approx(10 * plain.effects["group"][3], rel=1e-5)


def test_models_that_cannot_be_told_apart():
    one, y = np.ones((6, 1)), np.array([1.0, 3, 2, 5, 4, 4])
    for groupings, reason in (
        ({"a": [1] * 6}, "a single level of a"),
        ({"a": list(range(6))}, "as many levels of a as observations"),
        ({"a": [1, 1, 2, 2, 3, 3], "b": list("xxyyzz")}, "a and b divide the observations alike"),
    ):
        found = mixed.reml_components(y, one, groupings)
        assert (found.residual, found.log_likelihood, found.converged) == (None, None, False)
        assert found.note == f"undefined: {reason}"
    exact = mixed.reml_components([1, 1, 2, 2, 4, 4], one, {"a": [1, 1, 2, 2, 3, 3]})
    assert exact.note == "undefined: the groupings leave no residual variation"
    constant = mixed.reml_components([0.1] * 6, one, {"a": [1, 1, 2, 2, 3, 3]})
    assert constant.note == "undefined: the fixed effects leave no variation"


def test_misuse_of_the_mixed_model():
    one, group = np.ones((4, 1)), [1, 1, 2, 2]
    for y, design, groupings, message in (
        ([1, 2, 3], one, {"a": group}, "one row an observation"),
        ([1, 2, 3, 4], one, {}, "at least one grouping"),
        ([1, 2, np.nan, 4], one, {"a": group}, "drop incomplete"),
        ([1, 2, 3, 4], one, {"a": [1, 1, None, 2]}, "drop incomplete"),
        ([1, 2, 3, 4], np.ones((4, 2)), {"a": group}, "full rank"),
    ):
        with pytest.raises(ValueError, match=message):
            mixed.reml_components(y, design, groupings)
