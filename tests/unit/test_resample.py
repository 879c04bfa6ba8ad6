"""Bootstrap of people and of units: beside scipy, the krippendorff package and resamples formed one by one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from piloteval.measures import reliability, resample

repeated = settings(max_examples=40, deadline=None, derandomize=True, database=None)

answers = hnp.arrays(int, st.tuples(st.integers(3, 9), st.integers(2, 5)), elements=st.integers(1, 5))
counts = hnp.arrays(int, st.tuples(st.integers(2, 8), st.integers(2, 4)), elements=st.integers(0, 3))


@pytest.fixture
def people():
    rng = np.random.default_rng(5)
    return np.clip(np.round(3 + rng.normal(size=(30, 1)) + rng.normal(size=(30, 6))), 1, 5)


@pytest.fixture
def units():
    """Counts of 24 units in four categories, three ratings each, of three for one unit only one."""
    rng = np.random.default_rng(8)
    ratings = np.clip(rng.integers(0, 4, (24, 1)) + rng.integers(-1, 2, (24, 3)), 0, 3)
    table = (ratings[:, :, None] == np.arange(4)).sum(axis=1)
    table[0] = [1, 0, 0, 0]
    return table


def rows_of(weights):
    return np.repeat(np.arange(len(weights)), weights.astype(int))


# Draws of people


def test_weights_count_the_drawn_rows():
    weights = resample.weights_of_draws(7, 50, resample.generator(3))
    drawn = resample.generator(3).integers(7, size=(50, 7))
    assert (weights == [np.bincount(row, minlength=7) for row in drawn]).all()
    assert (weights.sum(axis=1) == 7).all()


def test_weights_of_clusters_draw_whole_clusters():
    clusters = ["b", "a", "b", "c", "a", "b"]
    weights = resample.weights_of_draws(6, 40, resample.generator(2), clusters)
    of_clusters = weights[:, [1, 0, 3]]
    assert (weights == of_clusters[:, [1, 0, 1, 2, 0, 1]]).all()
    assert (of_clusters.sum(axis=1) == 3).all()
    assert len(set(weights.sum(axis=1))) > 1


def test_misuse_of_draws_is_refused():
    with pytest.raises(ValueError, match="at least one row"):
        resample.weights_of_draws(0, 5, resample.generator(1))
    for clusters in ([1, 2], [1, None, 2]):
        with pytest.raises(ValueError, match="one cluster"):
            resample.weights_of_draws(3, 5, resample.generator(1), clusters)
    with pytest.raises(ValueError, match="two people"):
        resample.covariances_of_draws([[1, 2]], 5, resample.generator(1))
    with pytest.raises(ValueError, match="unknown level"):
        resample.krippendorff_of_coincidences(np.ones((1, 2, 2)), "circular")


@repeated
@given(answers, st.sampled_from([1, 0.1]))
def test_draws_equal_resamples_formed_one_by_one(values, unit):
    values = values * unit
    covariances = resample.covariances_of_draws(values, 6, resample.generator(4))
    weights = resample.weights_of_draws(len(values), 6, resample.generator(4))
    alphas, standardised = (
        function(covariances) for function in (resample.alphas_of_draws, resample.standardised_alphas_of_draws)
    )
    for draw in range(6):
        rows = values[rows_of(weights[draw])]
        explicit = np.cov(rows, rowvar=False)
        assert covariances[draw] == pytest.approx(explicit, abs=1e-9 * unit)
        constant = np.ptp(rows, axis=0) == 0
        assert (np.diag(covariances[draw])[constant] == 0).all()
        explicit[constant] = explicit[:, constant] = 0
        alpha = reliability.alpha_from_covariance(explicit) if not constant.all() else None
        assert alphas[draw] == pytest.approx(np.nan if alpha is None else alpha, rel=1e-6, nan_ok=True)
        alpha = None
        if not constant.any():
            alpha = reliability.alpha_from_covariance(np.corrcoef(rows, rowvar=False))
        assert standardised[draw] == pytest.approx(np.nan if alpha is None else alpha, rel=1e-6, nan_ok=True)


@repeated
@given(answers.filter(lambda values: len(values) > 3))
def test_jackknife_equals_brute_force(values):
    covariances = resample.jackknife_covariances(values)
    for person in range(len(values)):
        explicit = np.cov(np.delete(values, person, axis=0), rowvar=False)
        assert covariances[person] == pytest.approx(explicit, abs=1e-9)


# Intervals


@pytest.mark.parametrize("confidence", [0.8, 0.95])
@pytest.mark.parametrize("statistic", [resample.alphas_of_draws, resample.standardised_alphas_of_draws])
def test_bca_equals_scipy_on_the_same_draws(people, statistic, confidence):
    from scipy.stats import bootstrap

    def of_rows(rows):
        return statistic(np.cov(people[rows], rowvar=False)[None])[0]

    theirs = bootstrap(
        (np.arange(len(people)),),
        of_rows,
        n_resamples=299,
        vectorized=False,
        confidence_level=confidence,
        method="BCa",
        rng=np.random.default_rng(1),
    )
    ours = resample.bca_interval(
        of_rows(np.arange(len(people))),
        theirs.bootstrap_distribution,
        statistic(resample.jackknife_covariances(people)),
        confidence,
    )
    assert ours == (pytest.approx(theirs.confidence_interval.low), pytest.approx(theirs.confidence_interval.high), "")


def test_alpha_with_bootstrap(people):
    alpha = resample.resampled(people, resample.alphas_of_draws, "Cronbach's alpha (raw)")
    again = resample.resampled(people.tolist(), resample.alphas_of_draws, "Cronbach's alpha (raw)", seed=1)
    other = resample.resampled(people, resample.alphas_of_draws, "Cronbach's alpha (raw)", seed=2)
    feldt = reliability.cronbach_alpha(people)
    assert alpha == again
    assert alpha.ci_low != other.ci_low
    # Another seed moves the limits by Monte Carlo error only, and another method by little on 30 people.
    assert (alpha.ci_low, alpha.ci_high) == pytest.approx((other.ci_low, other.ci_high), abs=0.02)
    assert (alpha.ci_low, alpha.ci_high) == pytest.approx((feldt.ci_low, feldt.ci_high), abs=0.1)
    assert alpha.estimate == pytest.approx(feldt.estimate)
    assert alpha.ci_method == "BCa bootstrap of 2,000 draws of participants, 95 %"
    assert (alpha.n, alpha.n_dropped, alpha.note) == (30, 0, "")


def test_incomplete_rows_are_left_out(people):
    people[[0, 4], [1, 2]] = np.nan
    alpha = resample.resampled(people, resample.standardised_alphas_of_draws, "standardised", draws=100)
    assert alpha.estimate == pytest.approx(reliability.standardised_alpha(people).estimate)
    assert (alpha.n, alpha.n_dropped, alpha.dropped_reason) == (28, 2, "at least one item not answered")


@pytest.mark.parametrize(
    ("values", "note"),
    [
        (np.ones((9, 1)), "fewer than two items"),
        ([[1, 2], [2, 1]], "fewer than 3 complete rows (n = 2)"),
        (np.full((4, 3), np.nan), "fewer than 3 complete rows (n = 0)"),
        (np.full((9, 3), 0.1), "an item or the total does not vary as it must"),
        ([[1, 2], [2, 1], [3, 0], [1, 2]], "an item or the total does not vary as it must"),
    ],
)
def test_alpha_that_cannot_be_had(values, note):
    alpha = resample.resampled(values, resample.alphas_of_draws, "alpha", draws=50)
    assert (alpha.estimate, alpha.ci_low, alpha.note) == (None, None, f"undefined: {note}")


def test_constant_item_has_raw_but_no_standardised_alpha(people):
    people[:, 0] = 3
    assert resample.resampled(people, resample.alphas_of_draws, "raw", draws=50).estimate is not None
    assert resample.resampled(people, resample.standardised_alphas_of_draws, "standardised", draws=50).estimate is None


def test_one_person_holds_the_item_up():
    rng = np.random.default_rng(2)
    values = rng.integers(1, 6, (20, 4)).astype(float)
    values[:, 0] = [5] + [4] * 19
    # Without that person the item is constant: in more than a third of the draws, and in one jackknife value.
    alpha = resample.resampled(values, resample.standardised_alphas_of_draws, "standardised")
    assert alpha.estimate is not None
    assert alpha.ci_low is None and alpha.ci_method == ""
    assert alpha.note.endswith("of 2,000 draws undefined, left out; more than 5 %, no interval")
    draws = np.random.default_rng(3).normal(size=200)
    assert resample.bca_interval(0, draws, [0.1, np.nan, 0])[2] == "undefined when one of them is left out, no interval"


def test_few_undefined_draws_are_left_out_and_counted():
    draws = np.random.default_rng(1).normal(size=1000)
    holes = np.where(np.arange(1000) % 25 == 0, np.nan, draws)
    jackknife = np.random.default_rng(2).normal(size=20)
    for interval in (lambda d: resample.bca_interval(0, d, jackknife), resample.percentile_interval):
        low, high, note = interval(holes)
        assert (low, high) == interval(holes[np.isfinite(holes)])[:2]
        assert note == "40 of 1,000 draws undefined, left out"


def test_draws_that_give_no_interval():
    assert resample.percentile_interval([0.5] * 9) == (None, None, "all draws are equal, no interval")
    assert resample.percentile_interval([np.nan] * 9)[2].startswith("9 of 9 draws undefined")
    one_side = resample.bca_interval(3, [1, 2, 2.5], [3, 3.1, 2.9])
    assert one_side == (None, None, "all draws lie on one side of the estimate, no interval")
    steep = resample.bca_interval(0, [1] + [-1] * 1999, [0] * 200 + [-9], 0.999)
    assert steep[:2] == (None, None) and "acceleration" in steep[2]


def test_equal_jackknife_values_have_no_skewness():
    draws = np.linspace(-1, 1, 2001)
    low, high, note = resample.bca_interval(0, draws, [0.3] * 12)
    assert (low, high, note) == (pytest.approx(-0.95), pytest.approx(0.95), "")


# Units


@repeated
@given(counts, st.sampled_from(resample.LEVELS))
def test_alpha_of_coincidences_equals_the_package(table, level):
    import krippendorff

    paired = table[table.sum(axis=1) > 1]
    coincidences = resample.unit_coincidences(table)
    assert coincidences.sum(axis=(1, 2)) == pytest.approx(np.where(table.sum(axis=1) > 1, table.sum(axis=1), 0))
    values = np.array([1, 2, 4, 7])[: table.shape[1]]
    ours = resample.krippendorff_of_coincidences(coincidences.sum(axis=0)[None], level, values)[0]
    if (paired.sum(axis=0) > 0).sum() < 2:
        assert np.isnan(ours)
    else:
        theirs = krippendorff.alpha(value_counts=table, value_domain=values, level_of_measurement=level)
        assert ours == pytest.approx(theirs, abs=1e-9)


@pytest.mark.parametrize("level", resample.LEVELS)
def test_draws_of_units_equal_scipy(units, level):
    import krippendorff
    from scipy.stats import bootstrap, ks_2samp

    def of_units(rows):
        return krippendorff.alpha(value_counts=units[rows], level_of_measurement=level)

    def of_coincidences(coincidences):
        return resample.krippendorff_of_coincidences(coincidences, level)

    data = resample.unit_coincidences(units)
    ours = resample.draws_of_units(data, of_coincidences, 2000, 1)
    weights = resample.weights_of_draws(len(units), 2000, resample.generator(1))
    assert ours[:20] == pytest.approx([of_units(rows_of(row)) for row in weights[:20]])
    theirs = bootstrap(
        (np.arange(len(units)),),
        of_units,
        n_resamples=1000,
        vectorized=False,
        method="percentile",
        rng=np.random.default_rng(4),
    )
    assert ks_2samp(ours, theirs.bootstrap_distribution).pvalue > 0.01
    low, high, note = resample.bootstrap_units(data, of_coincidences, 2000, 1)
    assert (low, high) == pytest.approx(tuple(theirs.confidence_interval), abs=0.06)
    assert note == ""
    assert (low, high) == pytest.approx((np.quantile(ours, 0.025), np.quantile(ours, 0.975)))


def test_draws_summed_in_blocks_are_the_same(units, monkeypatch):
    data = resample.unit_coincidences(units)
    whole = resample.draws_of_units(data, resample.krippendorff_of_coincidences, 101, 1)
    monkeypatch.setattr(resample, "LARGEST_BLOCK", 160)
    assert resample.draws_of_units(data, resample.krippendorff_of_coincidences, 101, 1) == pytest.approx(whole)


def test_clusters_of_one_unit_are_units(units):
    data = resample.unit_coincidences(units)
    statistic = resample.krippendorff_of_coincidences
    alone = resample.bootstrap_units(data, statistic, 300, 1)
    assert resample.bootstrap_units(data, statistic, 300, 1, clusters=np.arange(24)) == alone
    whole = resample.bootstrap_units(
        data, statistic, 300, 1, clusters=pd.Series(["a", "b", "c", "d"] * 6, index=range(9, 33))
    )
    assert whole[0] is not None and whole != alone


def test_clusters_that_give_no_interval(units):
    data = resample.unit_coincidences(units)
    statistic = resample.krippendorff_of_coincidences
    assert resample.bootstrap_units(data, statistic, 50, 1, ["a"] * 24)[2] == "fewer than two clusters, no interval"
    unknown = resample.bootstrap_units(data, statistic, 50, 1, ["a", None] * 12)
    assert unknown == (None, None, "a unit belongs to no known cluster, no interval")
