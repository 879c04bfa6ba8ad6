"""Two or more groups of different people: difference of means, of ranks and of proportions, with intervals and tests.

A difference is second minus first, so that a positive number means more in the second group. Missing values are left
out and counted. Nothing is tested with fewer than two people in a group or when nobody differs from anybody.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special  # the distribution functions, without the second that importing scipy.stats costs

from piloteval.measures.agreement import wilson_interval
from piloteval.measures.prepost import hedges_factor, noncentrality_interval
from piloteval.statistic import Statistic

#: Values are compared at this many decimals: 3.2 - 2.8 and 4.4 - 4.0 are tied although their doubles differ.
DECIMALS = 10

#: People in both groups up to which the distribution of the rank sum is counted out.
MOST_EXACT = 200

MISSING = "value missing"
ALL_EQUAL = "undefined: all values are equal"
NO_SPREAD = "undefined: neither group varies"


@dataclass(frozen=True)
class WelchTest:
    """Welch's t test; None when undefined, and then ``note`` gives the reason.

    Attributes
    ----------
    t, df, p : float or None
        Statistic, Welch-Satterthwaite degrees of freedom and two-sided p-value.
    n_first, n_second, n_dropped : int
        People in each group, and people left out for a missing value.
    note : str
        Reason or empty.
    """

    t: float | None
    df: float | None
    p: float | None
    n_first: int
    n_second: int
    n_dropped: int
    note: str = ""


@dataclass(frozen=True)
class MannWhitney:
    """Mann-Whitney test (Wilcoxon rank-sum test); None when undefined, and then ``note`` gives the reason.

    Attributes
    ----------
    u : float or None
        Pairs in which the second group has more, plus half the ties; R's W of ``wilcox.test(second, first)``.
    z : float or None
        Standardised u, with the variance of the ranks as tied, without continuity correction.
    p, p_greater, p_less : float or None
        P-value, two-sided (twice the smaller of the other two), for more and for less in the second group.
    p_normal : float or None
        Two-sided p-value by the normal approximation with correction for ties and continuity.
    n_first, n_second, n_dropped : int
        People in each group, and people left out for a missing value.
    method : str
        Test, and whether exact.
    note : str
        Reason or empty.
    """

    u: float | None
    z: float | None
    p: float | None
    p_greater: float | None
    p_less: float | None
    p_normal: float | None
    n_first: int
    n_second: int
    n_dropped: int
    method: str
    note: str = ""


@dataclass(frozen=True)
class KruskalWallis:
    """Kruskal-Wallis test; None when undefined, and then ``note`` gives the reason.

    Attributes
    ----------
    h, p : float or None
        Statistic corrected for ties, and large-sample p-value.
    df : int
        Degrees of freedom, groups - 1.
    epsilon_squared : float or None
        Share of the variation of the ranks between groups, h / (n - 1).
    n, n_groups, n_dropped : int
        People, groups, and people left out for a missing value or group.
    note : str
        Reason or empty.
    """

    h: float | None
    df: int
    p: float | None
    epsilon_squared: float | None
    n: int
    n_groups: int
    n_dropped: int
    note: str = ""


# Means


def welch_difference(first: ArrayLike, second: ArrayLike, confidence: float = 0.95) -> Statistic:
    """Difference of two means with Welch's interval.

    Parameters
    ----------
    first, second : array, shape (people of the group,)
        Values of different people; missing is NaN.
    confidence : float
        Level of the interval.

    Returns
    -------
    Statistic
        Second minus first, in units of the measurement. Undefined with fewer than two people in a group and when
        neither group varies.

    References
    ----------
    Welch (1947), Biometrika 34, 28-35.
    """
    first, second, n_dropped = _groups(first, second)
    record = _record("difference of means (Welch)", first, second, n_dropped)
    reason = _why_no_means(first, second)
    if reason:
        return Statistic(None, note=reason, **record)
    difference, standard_error, df = _welch(first, second)
    half_width = special.stdtrit(df, (1 + confidence) / 2) * standard_error
    return Statistic(
        difference,
        ci_low=float(difference - half_width),
        ci_high=float(difference + half_width),
        ci_method=f"Welch t interval, {100 * confidence:g} %",
        **record,
    )


def welch_test(first: ArrayLike, second: ArrayLike) -> WelchTest:
    """Welch's t test of equal means, without assuming equal variances.

    Parameters
    ----------
    first, second : array, shape (people of the group,)
        As in `welch_difference`.

    Returns
    -------
    WelchTest
        Undefined with fewer than two people in a group and when neither group varies.

    References
    ----------
    Welch (1947), Biometrika 34, 28-35.
    """
    first, second, n_dropped = _groups(first, second)
    counts = (len(first), len(second), n_dropped)
    reason = _why_no_means(first, second)
    if reason:
        return WelchTest(None, None, None, *counts, reason)
    difference, standard_error, df = _welch(first, second)
    t = difference / standard_error
    return WelchTest(float(t), float(df), float(2 * special.stdtr(df, -abs(t))), *counts)


def hedges_g(first: ArrayLike, second: ArrayLike, confidence: float = 0.95, corrected: bool = True) -> Statistic:
    """Difference of two means in pooled standard deviations.

    Parameters
    ----------
    first, second : array, shape (people of the group,)
        As in `welch_difference`.
    confidence : float
        Level of the interval.
    corrected : bool
        Correct the small-sample bias of estimate and interval (Hedges' g), or not (Cohen's d).

    Returns
    -------
    Statistic
        Interval by inverting the noncentral t distribution, which holds for equal variances. Undefined with fewer than
        two people in a group and when neither group varies.

    References
    ----------
    Hedges (1981), Journal of Educational Statistics 6, 107-128; interval: Steiger & Fouladi (1997), Noncentrality
    interval estimation, in: What If There Were No Significance Tests?
    """
    first, second, n_dropped = _groups(first, second)
    name = "Hedges' g" if corrected else "Cohen's d"
    record = _record(f"{name} (pooled standard deviation)", first, second, n_dropped)
    reason = _why_no_means(first, second)
    if reason:
        return Statistic(None, note=reason, **record)
    df = len(first) + len(second) - 2
    pooled = np.sqrt((_squares(first) + _squares(second)) / df)
    root = np.sqrt(1 / len(first) + 1 / len(second))
    estimate = (second.mean() - first.mean()) / pooled
    factor = hedges_factor(df) if corrected else 1.0
    low, high = (limit * root for limit in noncentrality_interval(estimate / root, df, confidence))
    return Statistic(
        float(factor * estimate),
        ci_low=float(factor * low),
        ci_high=float(factor * high),
        ci_method=f"noncentral t interval, equal variances, {100 * confidence:g} %",
        **record,
    )


# Ranks


def mann_whitney(first: ArrayLike, second: ArrayLike) -> MannWhitney:
    """Mann-Whitney test that neither group tends to higher values, exact with ties.

    Parameters
    ----------
    first, second : array, shape (people of the group,)
        As in `welch_difference`.

    Returns
    -------
    MannWhitney
        Exact up to 200 people in both groups, else by the normal approximation with correction for ties and
        continuity. Undefined with fewer than two people in a group and when all values are equal.

    Notes
    -----
    Under the null hypothesis every choice of as many of the mid-ranks as the group has people is equally likely. The
    ways to reach each rank sum are built up rank by rank for the lower and the upper half of the ranks apart, and put
    together only for the tails asked for. scipy's exact p-values leave out ties, therefore own code.

    References
    ----------
    Mann & Whitney (1947), Annals of Mathematical Statistics 18, 50-60; distribution: Streitberg & Röhmel (1986),
    Statistical Software Newsletter 12, 10-17; normal approximation: Lehmann (1975), Nonparametrics: Statistical
    Methods Based on Ranks.
    """
    first, second, n_dropped = _groups(first, second)
    m, n = len(first), len(second)
    counts = (m, n, n_dropped)
    exact = m + n <= MOST_EXACT
    how = "exact with ties" if exact else "normal approximation with tie and continuity correction"
    method = f"Mann-Whitney test, {how}"
    reason = _why_no_ranks(first, second)
    if reason:
        return MannWhitney(None, None, None, None, None, None, *counts, method, reason)
    rank = pd.Series(np.concatenate([first, second])).rank().to_numpy()
    u = float(rank[m:].sum() - n * (n + 1) / 2)
    centre, sd = m * n / 2, _sd_of_u(rank, m, n)
    nearer = max(abs(u - centre) - 0.5, 0) * np.sign(u - centre)
    p_normal = float(2 * special.ndtr(-abs(nearer) / sd))
    if exact:
        at_most, at_least = _rank_sum_tails(np.sort(np.rint(2 * rank).astype(int)), n)
        doubled = round(2 * rank[m:].sum())
        p_less, p_greater = at_most(doubled), at_least(doubled)
    else:
        p_less, p_greater = special.ndtr((u - centre + 0.5) / sd), special.ndtr((centre - u + 0.5) / sd)
    p = min(1, 2 * min(p_less, p_greater))
    return MannWhitney(
        u, float((u - centre) / sd), float(p), float(p_greater), float(p_less), p_normal, *counts, method
    )


def hodges_lehmann_shift(first: ArrayLike, second: ArrayLike, confidence: float = 0.95) -> Statistic:
    """Median of all differences between a person of the second and one of the first group.

    Parameters
    ----------
    first, second : array, shape (people of the group,)
        As in `welch_difference`.
    confidence : float
        Level of the interval.

    Returns
    -------
    Statistic
        In units of the measurement. The interval is made of two of these differences and holds at least its level,
        with ties more; from the exact distribution up to 200 people in both groups, else from the normal one. Without
        interval when so few people cannot reach the level; undefined with fewer than two people in a group and when
        all values are equal.

    References
    ----------
    Hodges & Lehmann (1963), Annals of Mathematical Statistics 34, 598-611; interval: Hollander & Wolfe (1999),
    Nonparametric Statistical Methods, 2nd ed., section 4.3.
    """
    first, second, n_dropped = _groups(first, second)
    record = _record("Hodges-Lehmann shift", first, second, n_dropped)
    reason = _why_no_ranks(first, second)
    if reason:
        return Statistic(None, note=reason, **record)
    m, n = len(first), len(second)
    shifts = np.sort(np.round(second[:, None] - first, DECIMALS), axis=None)
    estimate = float(np.median(shifts))
    tail = (1 - confidence) / 2
    exact = m + n <= MOST_EXACT
    depth = _depth(m, n, tail) if exact else int(m * n / 2 + special.ndtri(tail) * np.sqrt(m * n * (m + n + 1) / 12))
    if depth < 1:
        too_few = f"{m} and {n} people are too few for a {100 * confidence:g} % interval"
        return Statistic(estimate, note=too_few, **record)
    return Statistic(
        estimate,
        ci_low=float(shifts[depth - 1]),
        ci_high=float(shifts[-depth]),
        ci_method=f"{'exact' if exact else 'normal approximation of the'} rank-sum interval, {100 * confidence:g} %",
        **record,
    )


def cliff_delta(first: ArrayLike, second: ArrayLike, confidence: float = 0.95) -> Statistic:
    """Cliff's delta: chance that the second has more than the first, minus the chance that it has less.

    Parameters
    ----------
    first, second : array, shape (people of the group,)
        As in `welch_difference`.
    confidence : float
        Level of the interval.

    Returns
    -------
    Statistic
        -1 everybody in the second group has less to +1 everybody has more. Asymmetric interval with the unbiased
        variance and the t distribution with n - 2 degrees of freedom; without interval at -1 and +1. Undefined with
        fewer than two people in a group and when all values are equal.

    Notes
    -----
    With d the mean of the signs d_ij of all pairs, S^2 = (n^2 sum (d_i. - d)^2 + m^2 sum (d_.j - d)^2 - sum sum
    (d_ij - d)^2) / (m n (m - 1) (n - 1)), not below (1 - d^2) / (m n - 1), the least it can be. The limits are
    (d - d^3 -/+ t S sqrt((1 - d^2)^2 + t^2 S^2)) / (1 - d^2 + t^2 S^2).

    References
    ----------
    Cliff (1993), Psychological Bulletin 114, 494-509; interval: Feng & Cliff (2004), Journal of Modern Applied
    Statistical Methods 3, 322-332.
    """
    first, second, n_dropped = _groups(first, second)
    return _dominance(first, second, confidence, _record("Cliff's delta", first, second, n_dropped))


def superiority(first: ArrayLike, second: ArrayLike, confidence: float = 0.95) -> Statistic:
    """Chance that a person of the second group has more than one of the first, ties counting half.

    Parameters
    ----------
    first, second : array, shape (people of the group,)
        As in `welch_difference`.
    confidence : float
        Level of the interval.

    Returns
    -------
    Statistic
        0 to 1, 0.5 no difference: (1 + Cliff's delta) / 2, with its interval.

    References
    ----------
    McGraw & Wong (1992), Psychological Bulletin 111, 361-365; with ties: Vargha & Delaney (2000), Journal of
    Educational and Behavioral Statistics 25, 101-132.
    """
    first, second, n_dropped = _groups(first, second)
    record = _record("probability of superiority (common-language effect)", first, second, n_dropped)
    delta = _dominance(first, second, confidence, record)
    if delta.estimate is None:
        return delta
    low, high = (None if limit is None else (1 + limit) / 2 for limit in (delta.ci_low, delta.ci_high))
    name = delta.ci_method and f"from that of Cliff's delta: {delta.ci_method}"
    return Statistic((1 + delta.estimate) / 2, ci_low=low, ci_high=high, ci_method=name, note=delta.note, **record)


def kruskal_wallis(values: ArrayLike, groups: ArrayLike) -> KruskalWallis:
    """Kruskal-Wallis test that no group tends to higher values.

    Parameters
    ----------
    values : array, shape (people,)
        Missing is NaN.
    groups : array, shape (people,)
        Group of each person; missing is NaN or None.

    Returns
    -------
    KruskalWallis
        Undefined with fewer than two groups and when all values are equal. The p-value is that of large samples; the
        note tells of groups with fewer than five people.

    Raises
    ------
    ValueError
        If ``values`` and ``groups`` differ in length.

    References
    ----------
    Kruskal & Wallis (1952), Journal of the American Statistical Association 47, 583-621; epsilon squared: Tomczak &
    Tomczak (2014), Trends in Sport Sciences 21, 19-25.
    """
    values, labels = pd.Series(values).astype(float).to_numpy(), pd.Series(groups).reset_index(drop=True)
    if len(values) != len(labels):
        raise ValueError(f"{len(values)} values and {len(labels)} groups")
    kept = ~(np.isnan(values) | labels.isna().to_numpy())
    n = int(kept.sum())
    codes = pd.factorize(labels[kept])[0]
    size = np.bincount(codes)
    counts = {"n": n, "n_groups": len(size), "n_dropped": len(kept) - n}
    values = np.round(values[kept], DECIMALS)
    reason = f"undefined: fewer than two groups (groups = {len(size)})" if len(size) < 2 else ""
    reason = reason or (ALL_EQUAL if np.ptp(values) == 0 else "")
    if reason:
        return KruskalWallis(None, len(size) - 1, None, None, **counts, note=reason)
    rank = pd.Series(values).rank().to_numpy()
    # The variance of the mid-ranks holds the correction for ties.
    between = (np.bincount(codes, rank - (n + 1) / 2) ** 2 / size).sum()
    h = float(between / rank.var(ddof=1))
    small = int((size < 5).sum())
    note = f"{small} of {len(size)} groups with fewer than five people, p-value approximate" if small else ""
    df = len(size) - 1
    return KruskalWallis(h, df, float(special.chdtrc(df, h)), h / (n - 1), **counts, note=note)


# Proportions


def difference_of_proportions(k_first: int, n_first: int, k_second: int, n_second: int, confidence=0.95) -> Statistic:
    """Difference of the proportions of two groups with Newcombe's interval.

    Parameters
    ----------
    k_first, n_first, k_second, n_second : int
        Number of hits and of people in each group, 0 <= k <= n.
    confidence : float
        Level of the interval.

    Returns
    -------
    Statistic
        Second minus first, -1 to 1; undefined when a group has nobody.

    Raises
    ------
    ValueError
        If a number of hits is outside 0 to its number of people.

    Notes
    -----
    Method 10 of the paper: the distances of each proportion from its Wilson limits are added as squares.

    References
    ----------
    Newcombe (1998), Statistics in Medicine 17, 873-890.
    """
    method = "difference of proportions"
    for k, n in ((k_first, n_first), (k_second, n_second)):
        if not 0 <= k <= n:
            raise ValueError(f"hits and people must fit 0 <= k <= n, not {k} of {n}")
    n = int(n_first + n_second)
    if n_first == 0 or n_second == 0:
        return Statistic(None, n, method, note="undefined: nobody in a group")
    first, second = k_first / n_first, k_second / n_second
    first_low, first_high = wilson_interval(k_first, n_first, confidence)
    second_low, second_high = wilson_interval(k_second, n_second, confidence)
    difference = second - first
    return Statistic(
        difference,
        n,
        method,
        float(difference - np.hypot(second - second_low, first_high - first)),
        float(difference + np.hypot(second_high - second, first - first_low)),
        f"Newcombe hybrid score interval, {100 * confidence:g} %",
    )


def _groups(first: ArrayLike, second: ArrayLike) -> tuple[np.ndarray, np.ndarray, int]:
    given = [pd.Series(values).astype(float).to_numpy() for values in (first, second)]
    kept = [np.round(values[~np.isnan(values)], DECIMALS) for values in given]
    return kept[0], kept[1], sum(map(len, given)) - sum(map(len, kept))


def _record(method: str, first: np.ndarray, second: np.ndarray, n_dropped: int) -> dict:
    return {
        "n": len(first) + len(second),
        "method": method,
        "n_dropped": n_dropped,
        "dropped_reason": MISSING if n_dropped else "",
    }


def _why_too_few(first: np.ndarray, second: np.ndarray) -> str:
    few = min(len(first), len(second)) < 2
    return f"undefined: fewer than two people in a group (n = {len(first)} and {len(second)})" if few else ""


def _why_no_means(first: np.ndarray, second: np.ndarray) -> str:
    reason = _why_too_few(first, second)
    if reason:
        return reason
    return NO_SPREAD if np.ptp(first) == 0 and np.ptp(second) == 0 else ""


def _why_no_ranks(first: np.ndarray, second: np.ndarray) -> str:
    reason = _why_too_few(first, second)
    if reason:
        return reason
    return ALL_EQUAL if np.ptp(np.concatenate([first, second])) == 0 else ""


def _squares(values: np.ndarray) -> float:
    # Exactly zero for a constant: the sum of squares of a repeated decimal such as 0.1 is not.
    return 0.0 if np.ptp(values) == 0 else float(((values - values.mean()) ** 2).sum())


def _welch(first: np.ndarray, second: np.ndarray) -> tuple[float, float, float]:
    """Difference, its standard error and degrees of freedom."""
    m, n = len(first), len(second)
    of_first, of_second = _squares(first) / (m - 1) / m, _squares(second) / (n - 1) / n
    variance = of_first + of_second
    df = variance**2 / (of_first**2 / (m - 1) + of_second**2 / (n - 1))
    return float(second.mean() - first.mean()), float(np.sqrt(variance)), float(df)


def _sd_of_u(rank: np.ndarray, m: int, n: int) -> float:
    """Return the standard deviation of u, for n of these mid-ranks drawn without replacement."""
    return float(np.sqrt(m * n / (m + n) * rank.var(ddof=1)))


def _ways(steps: np.ndarray, most: int) -> np.ndarray:
    """Count the ways to choose c of the rising steps with the sum s, as entry (c, s), for c up to ``most``."""
    size, total = len(steps), int(steps.sum())
    most = min(most, size)
    counted = min(most, size // 2)
    ways = np.zeros((most + 1, total + 1))
    ways[0, 0] = 1
    upto = np.concatenate([[0], np.cumsum(steps)])
    for chosen, step in enumerate(steps, start=1):
        c = min(chosen, counted)
        # No choice of c of the rising steps before this one sums to more than the last c of them.
        reach = int(upto[chosen - 1] - upto[max(chosen - 1 - c, 0)]) + 1
        # numpy reads the overlapping right side before it writes, so that no step is chosen twice.
        ways[1 : c + 1, step : step + reach] += ways[:c, :reach]
    # To choose more than half of the steps is to leave out fewer.
    for chosen in range(counted + 1, most + 1):
        ways[chosen] = ways[size - chosen, ::-1]
    return ways


def _rank_sum_tails(rank: np.ndarray, n: int) -> tuple[Callable[[int], float], Callable[[int], float]]:
    """Chance that n of the ranks, drawn at random, sum to at most, and to at least, a number.

    ``rank`` are whole numbers in rising order, such as doubled mid-ranks.
    """
    start = rank[0]
    # Counted from the lowest and in units of the largest common step: without ties that halves the doubled ranks.
    unit = max(int(np.gcd.reduce(rank - start)), 1)
    rank = (rank - start) // unit
    # The smaller group is counted: the other one has the rest of the rank sum.
    total, size = int(rank.sum()), len(rank)
    other = n > size - n
    counted = size - n if other else n
    half = size // 2
    lower, upper = rank[:half], rank[half:]
    ways_lower, ways_upper = _ways(lower, counted), _ways(upper - upper[0], counted)
    none = np.zeros((len(ways_upper), 1))
    below = np.hstack([none, np.cumsum(ways_upper, axis=1)])  # entry s: ways to a sum below s
    above = np.hstack([np.cumsum(ways_upper[:, ::-1], axis=1)[:, ::-1], none])  # entry s: ways to s or more
    choices = special.binom(size, counted)
    sums = np.arange(ways_lower.shape[1])

    def chance(limit: int, table: np.ndarray, beyond: int) -> float:
        ways = 0.0
        for c in range(max(0, counted - len(ways_upper) + 1), len(ways_lower)):
            rest = limit + beyond - (counted - c) * int(upper[0]) - sums
            ways += ways_lower[c] @ table[counted - c, np.clip(rest, 0, table.shape[1] - 1)]
        return float(min(1.0, ways / choices))

    def at_most_counted(limit: int) -> float:
        return chance(limit, below, 1)

    def at_least_counted(limit: int) -> float:
        return chance(limit, above, 0)

    def at_most(limit: int) -> float:
        reach = (limit - n * start) // unit
        return at_least_counted(total - reach) if other else at_most_counted(reach)

    def at_least(limit: int) -> float:
        reach = -((n * start - limit) // unit) if (limit - n * start) % unit == 0 else (limit - n * start) // unit + 1
        return at_most_counted(total - reach) if other else at_least_counted(reach)

    return at_most, at_least


def _depth(m: int, n: int, tail: float) -> int:
    """Smallest u with a chance of at most u of the tail or more, without ties: the quantile R calls qwilcox."""
    at_most, _ = _rank_sum_tails(np.arange(1, m + n + 1), n)
    lowest = n * (n + 1) // 2
    low, high = 0, m * n
    while low < high:
        middle = (low + high) // 2
        if at_most(lowest + middle) >= tail:
            high = middle
        else:
            low = middle + 1
    return low


def _dominance(first: np.ndarray, second: np.ndarray, confidence: float, record: dict) -> Statistic:
    """Cliff's delta with its interval under the name in the record."""
    reason = _why_no_ranks(first, second)
    if reason:
        return Statistic(None, note=reason, **record)
    m, n = len(first), len(second)
    # Sums of the signs of all pairs by person, from the places in the other group in order: no table of all pairs.
    ordered_first, ordered_second = np.sort(first), np.sort(second)
    of_second = (np.searchsorted(ordered_first, second) + np.searchsorted(ordered_first, second, side="right") - m) / m
    above = np.searchsorted(ordered_second, first, side="right")
    of_first = (n - above - np.searchsorted(ordered_second, first)) / n
    delta = float(of_second.mean())
    if abs(delta) > 1 - 1e-12:
        return Statistic(float(np.sign(delta)), note="the groups do not overlap, no interval", **record)
    untied = n * m - (above - np.searchsorted(ordered_second, first)).sum()
    pairs = untied - m * n * delta**2  # sum of (d_ij - d)^2
    squares = n**2 * ((of_first - delta) ** 2).sum() + m**2 * ((of_second - delta) ** 2).sum()
    variance = (squares - pairs) / (m * n * (m - 1) * (n - 1))
    variance = max(variance, (1 - delta**2) / (m * n - 1))
    quantile = special.stdtrit(m + n - 2, (1 + confidence) / 2)
    spread = quantile * np.sqrt(variance)
    middle, half_width = delta - delta**3, spread * np.hypot(1 - delta**2, spread)
    divisor = 1 - delta**2 + spread**2
    return Statistic(
        delta,
        ci_low=float((middle - half_width) / divisor),
        ci_high=float((middle + half_width) / divisor),
        ci_method=f"Cliff's asymmetric t interval, {100 * confidence:g} %",
        **record,
    )
