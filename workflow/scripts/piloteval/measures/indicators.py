"""Indicators of the institutions beside the share of standards they meet.

A pilot has few institutions, so the test is an exact one over all orders, and every correlation comes with the smallest
one that so many institutions could have shown. A correlation between institutions is no effect of the certification.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special  # the distribution functions, without the second that importing scipy.stats costs

from piloteval.measures.prepost import holm
from piloteval.measures.resample import generator
from piloteval.statistic import Statistic

#: Most pairs all orders are counted for; 12 pairs have 479,001,600.
MOST_EXACT = 12

#: Fewest pairs of a correlation: the interval needs more than three.
FEWEST = 4

#: Orders drawn where not all are counted, and samples simulated for the power.
DRAWS, SAMPLES = 9_999, 10_000

#: Seed of both: the same data give the same numbers.
SEED = 1

#: Above this a detectable correlation is large (Cohen 1988), and the sentence says that so few institutions show no
#: effect.
LARGE = 0.5

VALUE, CHANGE = "value", "change"
NO_VALUE, NO_SHARE = "without a value", "without an applicable standard"
CONSTANT = "undefined: one of the two is the same throughout"
PERFECT = "perfect order, no interval"
ROUGH = "with so few pairs the interval is a rough guide"

#: The interval is called rough under this many pairs.
ENOUGH = 10

CORRELATIONS = (
    *("track", "indicator", "measure", "period", *Statistic(None, 0, "").row("")),
    *("p", "p_method", "p_adjusted", "detectable", "sentence"),
)
POINTS = ("track", "indicator", "measure", "period", "site", "name", "value", "percent_met")


@dataclass(frozen=True)
class OrderTest:
    """Permutation test of Spearman's correlation; None when undefined, and then ``note`` gives the reason.

    Attributes
    ----------
    rho, p : float or None
        Correlation and two-sided p-value.
    n, n_dropped : int
        Pairs, and those left out for a missing value.
    method : str
        Test with the orders it rests on.
    note : str
        Reason or empty.
    """

    rho: float | None
    p: float | None
    n: int
    n_dropped: int
    method: str
    note: str = ""


def spearman(first: ArrayLike, second: ArrayLike, confidence: float = 0.95) -> Statistic:
    """Spearman's rank correlation with the interval of Bonett and Wright.

    Parameters
    ----------
    first, second : array, shape (institutions,)
        The two values of each institution; missing is NaN.
    confidence : float
        Level of the interval.

    Returns
    -------
    Statistic
        -1 to 1. Undefined with fewer than four pairs and when one of the two does not vary; without interval at a
        perfect order.

    Notes
    -----
    Pearson's correlation of the mid-ranks. The interval is that of Fisher's z with variance (1 + r^2 / 2) / (n - 3). It
    rests on a large sample, which the note says of a handful of pairs.

    References
    ----------
    Spearman (1904), American Journal of Psychology 15, 72-101. Interval: Bonett & Wright (2000), Psychometrika 65,
    23-28.
    """
    one, other, n_dropped = _pairs(first, second)
    n = len(one)
    record = {
        "n": n,
        "method": "Spearman's rank correlation",
        "n_dropped": n_dropped,
        "dropped_reason": "a value is missing" if n_dropped else "",
    }
    reason = _why_undefined(one, other)
    if reason:
        return Statistic(None, note=reason, **record)
    rho = _correlation(*_ranks(one, other))
    if abs(rho) == 1:
        return Statistic(rho, note=PERFECT, **record)
    half_width = special.ndtri((1 + confidence) / 2) * math.sqrt((1 + rho**2 / 2) / (n - 3))
    low, high = (math.tanh(math.atanh(rho) + side * half_width) for side in (-1, 1))
    ci_method = f"Fisher z interval (Bonett-Wright), {100 * confidence:g} %"
    note = ROUGH if n < ENOUGH else ""
    return Statistic(rho, ci_low=low, ci_high=high, ci_method=ci_method, note=note, **record)


def order_test(first: ArrayLike, second: ArrayLike, draws: int = DRAWS, seed: int = SEED) -> OrderTest:
    """Permutation test that the two are unrelated, by Spearman's correlation.

    Parameters
    ----------
    first, second : array, shape (institutions,)
        The two values of each institution; missing is NaN.
    draws : int
        Orders drawn with more pairs than all orders are counted for.
    seed : int
        Seed of the draws.

    Returns
    -------
    OrderTest
        Undefined for the reasons of `spearman`.

    Notes
    -----
    p is the share of the n! orders of the second whose correlation is at least as far from 0 as the one found; ties are
    part of every order. Up to 12 pairs all orders are counted (see `counts_of_orders`); with more, orders are drawn,
    and the one found counts as one of them, so that p is never 0.

    References
    ----------
    Pitman (1937), Supplement to the Journal of the Royal Statistical Society 4, 225-232; drawn orders: Phipson & Smyth
    (2010), Statistical Applications in Genetics and Molecular Biology 9, 39.
    """
    one, other, n_dropped = _pairs(first, second)
    n, exact = len(one), len(one) <= MOST_EXACT
    counted = f"exact, all {math.factorial(n):,} orders" if exact else f"{draws:,} random orders, seed {seed}"
    method = f"permutation test of Spearman's correlation ({counted})"
    reason = _why_undefined(one, other)
    if reason:
        return OrderTest(None, None, n, n_dropped, method, reason)
    ranks, others = _ranks(one, other)

    def distance(sums: ArrayLike) -> np.ndarray:
        """Distance of a sum of products of ranks from its mean over all orders, in whole numbers."""
        return np.abs(n * np.asarray(sums) - ranks.sum() * others.sum())

    found = distance(ranks @ others)
    if exact:
        counts = counts_of_orders(ranks, others)
        p = counts[distance(np.arange(len(counts))) >= found].sum() / math.factorial(n)
    else:
        orders = generator(seed).permuted(np.tile(others, (draws, 1)), axis=1)
        p = (1 + (distance(orders @ ranks) >= found).sum()) / (1 + draws)
    return OrderTest(_correlation(ranks, others), float(p), n, n_dropped, method)


def counts_of_orders(first: ArrayLike, second: ArrayLike) -> np.ndarray:
    """Count the orders of the second numbers by the sum of their products with the first.

    Parameters
    ----------
    first, second : array of int, shape (n,)
        Whole numbers from 0, for instance ranks, or mid-ranks times two.

    Returns
    -------
    array of int, shape (largest sum + 1,)
        Entry s counts the orders with sum s; all entries together are n!.

    Notes
    -----
    The first numbers take their partners one after the other. What matters of those who have one is which of the second
    numbers are used up and the sum so far, so 2^n sets with their distributions stand for the n! orders.

    References
    ----------
    Held & Karp (1962), Journal of the Society for Industrial and Applied Mathematics 10, 196-210, for the recursion
    over sets.
    """
    first, second = (np.asarray(numbers, dtype=int) for numbers in (first, second))
    size = int(np.sort(first) @ np.sort(second)) + 1  # no order has a larger sum
    start = np.zeros(size, dtype=np.int64)
    start[0] = 1
    ways = {0: start}
    for number in first:
        longer: dict[int, np.ndarray] = {}
        for used, counts in ways.items():
            for place, partner in enumerate(second):
                if not used >> place & 1:
                    target = longer.setdefault(used | 1 << place, np.zeros(size, dtype=np.int64))
                    target[number * partner :] += counts[: size - number * partner]
        ways = longer
    return next(iter(ways.values()))


def critical_correlation(n: int, alpha: float = 0.05) -> float | None:
    """Smallest Spearman correlation that the two-sided permutation test finds, without ties.

    Parameters
    ----------
    n : int
        Number of pairs, at least 1.
    alpha : float
        Two-sided level.

    Returns
    -------
    float or None
        None when not even a perfect order reaches the level. Exact up to 12 pairs, above by Student's t, which is lower
        by less than 0.01.

    References
    ----------
    Zar (1972), Journal of the American Statistical Association 67, 578-580.
    """
    if n > MOST_EXACT:
        t = special.stdtrit(n - 2, 1 - alpha / 2)
        return float(t / math.sqrt(n - 2 + t**2))
    ranks = np.arange(1, n + 1)
    counts = counts_of_orders(ranks, ranks)[::-1]  # from the perfect order down
    few = np.flatnonzero(2 * np.cumsum(counts) <= alpha * math.factorial(n))
    if not len(few) or n < 2:
        return None
    short = few[counts[few] > 0][-1]  # how far the sum of products is under that of the perfect order
    return float(1 - 12 * short / (n**3 - n))


@functools.cache
def detectable_correlation(n: int, power: float = 0.8, alpha: float = 0.05) -> Statistic:
    """Smallest Spearman correlation in the population that so many pairs find with the given power.

    Parameters
    ----------
    n : int
        Number of pairs.
    power : float
        Wanted chance of detection, above half of ``alpha``.
    alpha : float
        Two-sided level of the permutation test.

    Returns
    -------
    Statistic
        Undefined with fewer than four pairs and when not even a perfect order reaches the level.

    Raises
    ------
    ValueError
        If ``power`` is not between half of ``alpha`` and 1.

    Notes
    -----
    Samples of a bivariate normal distribution are simulated once, and the correlation between their two values is moved
    until the share of samples that reach the critical value of the test, in the direction of the correlation, is the
    power. Normal data with Pearson correlation r have the Spearman correlation 6 / pi * arcsin(r / 2). With 10,000
    samples the second decimal can be one off.

    References
    ----------
    Cohen (1988), Statistical Power Analysis for the Behavioral Sciences, 2nd ed., chapter 3; Spearman's correlation of
    normal data: Pearson (1907), Drapers' Company Research Memoirs, Biometric Series 4.
    """
    if not alpha / 2 < power < 1:
        raise ValueError(f"power {power} is not between {alpha / 2} and 1")
    method = (
        f"smallest detectable Spearman correlation, permutation test, power {100 * power:g} %, two-sided alpha "
        f"{alpha:g}, {SAMPLES:,} simulated normal samples, seed {SEED}"
    )
    if n < FEWEST:
        return Statistic(None, n, method, note=_too_few(n))
    critical = critical_correlation(n, alpha)
    if critical is None:
        note = f"undefined: with {n} pairs not even a perfect order has a p-value under {alpha:g}"
        return Statistic(None, n, method, note=note)
    rng = generator(SEED)
    one, rest = np.sort(rng.standard_normal((SAMPLES, n)), axis=1), rng.standard_normal((SAMPLES, n))
    places = np.arange(1, n + 1)
    needed = (1 - critical) * (n**3 - n) / 6 + 1e-6  # largest sum of squared differences of ranks that is found

    def chance(r: float) -> float:
        other = r * one + math.sqrt(1 - r**2) * rest
        ranks = other.argsort(axis=1).argsort(axis=1) + 1
        return float((((ranks - places) ** 2).sum(axis=1) <= needed).mean())

    low, high = 0.0, 6.0  # in Fisher's z, in which the power rises evenly
    while high - low > 0.002:
        middle = (low + high) / 2
        low, high = (middle, high) if chance(math.tanh(middle)) < power else (low, middle)
    return Statistic(6 / math.pi * math.asin(math.tanh(high) / 2), n, method)


def in_words(n: int, power: float = 0.8, alpha: float = 0.05) -> str:
    """Say what so many institutions can show.

    Parameters
    ----------
    n : int
        Institutions with both values.
    power, alpha : float
        As in `detectable_correlation`.

    Returns
    -------
    str
        One sentence.
    """
    institutions = f"{n} institution{'' if n == 1 else 's'}"
    if n < FEWEST:
        return f"With {institutions} no correlation is computed."
    found = detectable_correlation(n, power, alpha)
    cause = "a correlation between institutions does not say what caused it"
    if found.estimate is None:
        return (
            f"With {institutions} not even a perfect order has a p-value under {alpha:g}: so few cannot show an "
            f"effect, and {cause}."
        )
    about = f"{found.estimate:.2f}"
    size = "of almost 1, in either direction," if about == "1.00" else f"of about {about} or more, in either direction,"
    few = "so few cannot show an effect, and " if found.estimate > LARGE else ""
    return (
        f"With {institutions} only a rank correlation {size} would be found with {100 * power:g} % power at the "
        f"{100 * alpha:g} % level: {few}{cause}."
    )


def relate(
    indicators: pd.DataFrame, institutions: pd.DataFrame, *, confidence: float, audit_round: str = "external"
) -> dict[str, pd.DataFrame]:
    """Set every indicator beside the share of standards met, over the institutions of a track.

    Parameters
    ----------
    indicators : pandas.DataFrame
        One row a value: ``site, period, indicator, value``.
    institutions : pandas.DataFrame
        One row an institution, track and round: ``site, name, track, round, percent_met``.
    confidence : float
        Level of the intervals.
    audit_round : str
        Round whose share is taken.

    Returns
    -------
    dict of pandas.DataFrame
        ``correlations``: one row a track, indicator and period, and one for the change from the first to the last
        period; with Holm's p-value over all rows, the smallest detectable correlation and a plain sentence.
        ``points``: one row an institution of these, with both values.

    Notes
    -----
    Periods are in the order of their names. The institutions that count are those audited in the track; those without
    a value or without an applicable standard are left out and counted.
    """
    audited = institutions[institutions["round"] == audit_round]
    rows: list[dict[str, Any]] = []
    points: list[dict[str, Any]] = []
    for track, here in audited.groupby("track", sort=False):
        places = here.set_index("site")
        for indicator, found in indicators.groupby("indicator", sort=True):
            wide = found.pivot(index="site", columns="period", values="value").astype(float)
            for measure, period, values in _measures(wide):
                about = {"track": track, "indicator": indicator, "measure": measure, "period": period}
                both = pd.DataFrame(
                    {
                        "name": places["name"],
                        "value": values.reindex(places.index),
                        "percent_met": places["percent_met"],
                    }
                ).astype({"value": float, "percent_met": float})
                rows.append(about | _correlated(both, confidence, ".".join(map(_word, about.values()))))
                drawn = both.dropna(subset=["value", "percent_met"]).rename_axis("site").reset_index()
                points += [about | dict(point) for point in drawn.to_dict("records")]
    table = pd.DataFrame(rows, columns=list(CORRELATIONS))
    table["p_adjusted"] = holm(table["p"].astype(float)) if len(table) else None
    return {"correlations": table, "points": pd.DataFrame(points, columns=list(POINTS))}


def _measures(wide: pd.DataFrame) -> list[tuple[str, str, pd.Series]]:
    """Return the values of every period, and the change from the first to the last."""
    periods = sorted(wide.columns)
    found = [(VALUE, str(period), wide[period]) for period in periods]
    for first, last in [(periods[0], periods[-1])] if len(periods) > 1 else []:
        # Rounded, so that two equal changes are tied: 7.1 - 7.2 is not 10.1 - 10.2 to the last digit.
        found.append((CHANGE, f"{first} to {last}", (wide[last] - wide[first]).round(9)))
    return found


def _correlated(both: pd.DataFrame, confidence: float, about: str) -> dict[str, Any]:
    value, share = both["value"], both["percent_met"]
    found, test = spearman(value, share, confidence), order_test(value, share)
    missing = {NO_VALUE: int(value.isna().sum()), NO_SHARE: int((share.isna() & value.notna()).sum())}
    row = found.row(f"indicators.{about}")
    row["n_dropped"] = sum(missing.values())
    row["dropped_reason"] = "; ".join(f"{count} {reason}" for reason, count in missing.items() if count)
    return {
        **row,
        "p": test.p,
        "p_method": test.method if test.p is not None else "",
        "p_adjusted": None,
        "detectable": detectable_correlation(found.n).estimate,
        "sentence": in_words(found.n),
    }


def _pairs(first: ArrayLike, second: ArrayLike) -> tuple[np.ndarray, np.ndarray, int]:
    """Pairs without a missing value, and how many have one."""
    one, other = (pd.Series(values).astype(float).to_numpy() for values in (first, second))
    if len(one) != len(other):
        raise ValueError(f"there are {len(one)} and {len(other)} values")
    complete = ~(np.isnan(one) | np.isnan(other))
    return one[complete], other[complete], int((~complete).sum())


def _why_undefined(one: np.ndarray, other: np.ndarray) -> str:
    if len(one) < FEWEST:
        return _too_few(len(one))
    return CONSTANT if np.ptp(one) == 0 or np.ptp(other) == 0 else ""


def _too_few(n: int) -> str:
    return f"undefined: fewer than {FEWEST} pairs (n = {n})"


def _ranks(one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mid-ranks times two, which are whole numbers also with ties."""
    return tuple(np.rint(2 * pd.Series(values).rank().to_numpy()).astype(int) for values in (one, other))


def _correlation(ranks: np.ndarray, others: np.ndarray) -> float:
    """Pearson's correlation of whole numbers, exactly 1 or -1 where they are in one order."""
    n = len(ranks)
    cross = n * int(ranks @ others) - int(ranks.sum()) * int(others.sum())
    squares = [n * int(one @ one) - int(one.sum()) ** 2 for one in (ranks, others)]
    return cross / squares[0] if squares[0] == squares[1] else cross / math.sqrt(squares[0] * squares[1])


def _word(name: object) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in str(name).lower())
