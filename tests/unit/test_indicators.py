"""Indicators of the institutions beside the share of standards met: exact test, interval, power, tables."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from piloteval.measures import indicators, prepost
from scipy import stats

repeated = settings(max_examples=15, deadline=None, derandomize=True, database=None)

tied_pairs = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=4, max_size=6).map(np.transpose)

#: Critical values of Spearman's correlation, two-sided 0.05, as printed: Zar (1972), Journal of the American Statistical
#: Association 67, 578-580, and the textbooks that took its table over.
CRITICAL = {5: 1.0, 6: 0.886, 7: 0.786, 8: 0.738, 9: 0.700, 10: 0.648, 11: 0.618, 12: 0.587}


# Correlation and interval


def test_interval_of_the_example_of_statpsych():
    # ci.spear of the R package statpsych (D. G. Bonett), example of its help page.
    y = [21, 4, 9, 12, 35, 18, 10, 22, 24, 1, 6, 8, 13, 16, 19]
    x = [67, 28, 30, 28, 52, 40, 25, 37, 44, 10, 14, 20, 28, 40, 51]
    found = indicators.spearman(y, x)
    assert (found.estimate, found.ci_low, found.ci_high) == pytest.approx((0.8699639, 0.5840951, 0.9638297), abs=5e-8)
    assert found.ci_method == "Fisher z interval (Bonett-Wright), 95 %" and found.note == ""


@repeated
@given(tied_pairs)
def test_correlation_is_that_of_scipy(pairs):
    first, second = pairs
    found = indicators.spearman(first, second)
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        assert found.estimate is None and found.note == "undefined: one of the two is the same throughout"
        return
    assert found.estimate == pytest.approx(stats.spearmanr(first, second).statistic)
    if abs(found.estimate) < 1:
        assert -1 < found.ci_low < found.estimate < found.ci_high < 1
        assert found.note.endswith("rough guide")


def test_order_that_is_perfect_has_no_interval():
    found = indicators.spearman([1, 2, 3, 4, 5], [0.1, 0.2, 0.3, 0.4, 9])
    assert (found.estimate, found.ci_low, found.note) == (1, None, "perfect order, no interval")
    assert indicators.spearman([1, 1, 2, 3, 4], [9, 9, 5, 4, 0]).estimate == -1


def test_missing_and_too_few():
    found = indicators.spearman([1, 2, np.nan, 3, 5, None], [1, 2, 3, np.nan, 4, None])
    assert (found.n, found.n_dropped, found.dropped_reason) == (3, 3, "a value is missing")
    assert found.note == "undefined: fewer than 4 pairs (n = 3)" and found.estimate is None
    test = indicators.order_test([1, 2, 3], [1, 2, 3])
    assert (test.rho, test.p, test.note) == (None, None, "undefined: fewer than 4 pairs (n = 3)")
    assert indicators.order_test([1, 1, 1, 1], [1, 2, 3, 4]).p is None
    with pytest.raises(ValueError, match="2 and 1 values"):
        indicators.spearman([1, 2], [1])


# Exact test


@repeated
@given(tied_pairs)
def test_exact_p_counts_all_orders(pairs):
    first, second = pairs
    assume(np.ptp(first) > 0 and np.ptp(second) > 0)
    ranks, others = stats.rankdata(first), stats.rankdata(second)
    orders = np.array(list(itertools.permutations(others)))
    distance = np.abs(orders @ (ranks - ranks.mean()))  # Spearman's correlation but for a factor all orders share
    at_least = distance >= distance[0] - 1e-9  # the first order is the one found
    test = indicators.order_test(first, second)
    assert test.p == pytest.approx(at_least.mean())
    assert f"exact, all {math.factorial(len(first))} orders" in test.method


def test_exact_p_is_that_of_scipy():
    rng = np.random.default_rng(4)
    first, second = rng.integers(0, 5, 7), rng.integers(0, 5, 7)
    ranks, others = stats.rankdata(first), stats.rankdata(second)
    centred = ranks - ranks.mean()
    other = stats.permutation_test(
        (others,),
        lambda order, axis: np.abs(np.sum(centred * order, axis=axis)),
        permutation_type="pairings",
        n_resamples=math.inf,
        vectorized=True,
        alternative="greater",
    )
    assert indicators.order_test(first, second).p == pytest.approx(other.pvalue)


@repeated
@given(st.lists(st.integers(0, 6), min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_counts_of_orders_are_all_of_them(first, random):
    second = random.sample(first, len(first))
    counts = indicators.counts_of_orders(first, second)
    assert counts.sum() == math.factorial(len(first))
    mean = sum(first) * sum(second) / len(first)  # the mean over all orders
    assert (counts * np.arange(len(counts))).sum() / counts.sum() == pytest.approx(mean)
    assert counts[-1] > 0  # the largest sum occurs


def test_many_pairs_draw_orders():
    rng = np.random.default_rng(8)
    first = rng.normal(size=40)
    second = 0.3 * first + rng.normal(size=40)
    test = indicators.order_test(first, second)
    assert "9,999 random orders, seed 1" in test.method
    assert test.p == pytest.approx(stats.spearmanr(first, second).pvalue, abs=0.02)
    assert test == indicators.order_test(first, second)
    assert indicators.order_test(first, first, draws=99).p == 1 / 100  # the order found is one of those that count
    exact = indicators.order_test(first[:12], second[:12])
    assert f"{math.factorial(12):,}" in exact.method and 0 < exact.p < 1


# What so few institutions can show


@pytest.mark.parametrize(("n", "printed"), CRITICAL.items())
def test_critical_values_as_printed(n, printed):
    assert indicators.critical_correlation(n) == pytest.approx(printed, abs=5e-4)


def test_critical_value_is_where_the_test_turns():
    assert all(indicators.critical_correlation(n) is None for n in (1, 2, 3, 4))
    assert indicators.critical_correlation(9, 0.01) == pytest.approx(0.833, abs=5e-4)
    assert indicators.critical_correlation(20) == pytest.approx(0.447, abs=0.01)  # printed, here by Student's t


def test_detectable_correlation_has_its_power():
    found = indicators.detectable_correlation(9)
    r = 2 * math.sin(math.pi * found.estimate / 6)  # Pearson's correlation of the normal data
    rng = np.random.default_rng(77)
    data = rng.multivariate_normal([0, 0], [[1, r], [r, 1]], size=(6000, 9))
    first, second = (stats.rankdata(data[..., side], axis=1) - 5 for side in (0, 1))
    correlation = (first * second).sum(axis=1) / 60
    assert (correlation >= CRITICAL[9] - 1e-9).mean() == pytest.approx(0.8, abs=0.025)


def test_detectable_correlation_of_large_samples():
    n = 60
    # Bonett & Wright's variance in the usual formula of the power of Fisher's z.
    r = 0.3
    for _ in range(20):
        spread = stats.norm.ppf(0.975) + stats.norm.ppf(0.8) * math.sqrt(1 + r**2 / 2)
        r = math.tanh(spread / math.sqrt(n - 3))
    assert indicators.detectable_correlation(n).estimate == pytest.approx(r, abs=0.01)
    found = [indicators.detectable_correlation(size).estimate for size in (5, 6, 9, 12, 30)]
    assert found == sorted(found, reverse=True)
    with pytest.raises(ValueError, match="power"):
        indicators.detectable_correlation(9, power=0.01)


def test_sentences():
    assert indicators.in_words(1) == "With 1 institution no correlation is computed."
    assert "not even a perfect order has a p-value under 0.05: so few cannot show an effect" in indicators.in_words(4)
    assert "a rank correlation of almost 1, in either direction," in indicators.in_words(5)
    nine = f"With 9 institutions only a rank correlation of about {indicators.detectable_correlation(9).estimate:.2f}"
    assert indicators.in_words(9).startswith(nine) and "so few cannot show an effect" in indicators.in_words(9)
    assert "so few" not in indicators.in_words(60) and "does not say what caused it" in indicators.in_words(60)
    assert indicators.detectable_correlation(3).note == "undefined: fewer than 4 pairs (n = 3)"
    assert indicators.detectable_correlation(4).note.startswith("undefined: with 4 pairs not even")


# Tables


@pytest.fixture
def pilot():
    sites = [f"s{number}" for number in range(8)]
    shares = [10.0, 20.0, 30.0, 40.0, 50.0, 60.0, np.nan, 80.0]
    institutions = pd.DataFrame(
        {
            "site": sites * 2,
            "name": [f"Institution {site}" for site in sites] * 2,
            "track": "intervention",
            "round": ["external"] * 8 + ["self"] * 8,
            "percent_met": [*shares, *[5.0] * 8],
        }
    )
    before, after = [5.1, 5.2, 5.4, 5.3, 5.6, 5.7, 5.8, np.nan], [5.2, 5.3, 5.5, 5.5, 5.6, 5.6, 5.7, 5.9]
    indicator = pd.concat(
        pd.DataFrame({"site": sites, "period": period, "indicator": "turnover", "value": values})
        for period, values in (("2024", before), ("2025", after))
    )
    elsewhere = pd.DataFrame([{"site": "other", "period": "2024", "indicator": "turnover", "value": 9.9}])
    return pd.concat([indicator, elsewhere]), institutions, before, after, shares


def test_table_of_correlations(pilot):
    indicator, institutions, before, after, shares = pilot
    found = indicators.relate(indicator, institutions, confidence=0.95)
    table, points = found["correlations"], found["points"]
    assert list(table.columns) == list(indicators.CORRELATIONS) and list(points.columns) == list(indicators.POINTS)
    assert table[["measure", "period"]].values.tolist() == [
        ["value", "2024"], ["value", "2025"], ["change", "2024 to 2025"],
    ]  # fmt: skip
    # Left out: one institution without a share, one without a value before; the institution outside the track is none.
    assert table["n"].tolist() == [6, 7, 6] and table["n_dropped"].tolist() == [2, 1, 2]
    assert table["dropped_reason"][0] == "1 without a value; 1 without an applicable standard"
    rows = [0, 1, 2, 3, 4, 5]
    assert table["estimate"][0] == pytest.approx(stats.spearmanr(np.array(before)[rows], np.array(shares)[rows])[0])
    change = np.round(np.array(after)[rows] - np.array(before)[rows], 6)  # 0.1 three times, which floats make unequal
    assert table["estimate"][2] == pytest.approx(stats.spearmanr(change, np.array(shares)[rows])[0])
    assert table["p_adjusted"].tolist() == pytest.approx(prepost.holm(table["p"]))
    assert table["detectable"][0] == indicators.detectable_correlation(6).estimate
    assert table["sentence"][1] == indicators.in_words(7)
    assert table["question"].tolist()[2] == "indicators.intervention.turnover.change.2024_to_2025"
    assert points.groupby("period", sort=False).size().tolist() == [6, 7, 6]
    assert points.iloc[0][["site", "name", "value", "percent_met"]].tolist() == ["s0", "Institution s0", 5.1, 10]


def test_few_or_constant_institutions_have_a_reason(pilot):
    indicator, institutions, *_ = pilot
    few = indicators.relate(indicator, institutions.head(3), confidence=0.95)["correlations"]
    assert few["estimate"].isna().all() and few["p"].isna().all() and few["p_adjusted"].isna().all()
    assert set(few["note"]) == {"undefined: fewer than 4 pairs (n = 3)"} and set(few["p_method"]) == {""}
    same = indicators.relate(indicator.assign(value=3), institutions, confidence=0.95)["correlations"]
    assert set(same["note"]) == {"undefined: one of the two is the same throughout"}
    one = indicator[indicator["period"] == "2025"]
    assert indicators.relate(one, institutions, confidence=0.95)["correlations"]["measure"].tolist() == ["value"]
    for empty in ((indicator.iloc[:0], institutions), (indicator, institutions.iloc[:0])):
        found = indicators.relate(*empty, confidence=0.95)
        assert found["correlations"].empty and found["points"].empty
        assert list(found["correlations"].columns) == list(indicators.CORRELATIONS)
    text = "".join(table.select_dtypes(exclude="number").to_csv(index=False) for table in (few, same))
    assert "None" not in text and "nan" not in text
