"""Bootstrap of people and of units: many draws at once, as matrix products, the same on every run.

A draw of n people with replacement is a row of n whole numbers that say how often each person was drawn. All draws
together are a matrix of such weights, and one product of it with the products of the items gives the covariance matrix
of every draw; with the coincidences of the units it gives the coincidences of every draw. scipy.stats.bootstrap is not
used because it calls the statistic on resampled rows and knows no clusters; the tests hold these functions against it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special  # the distribution functions, without the second that importing scipy.stats costs

from piloteval.measures.complete import FEWEST_ROWS, INCOMPLETE_ROW, complete_rows
from piloteval.statistic import Statistic

#: Draws by default; the limits of a 95 % interval then rest on 50 draws each.
DRAWS = 2000

#: Variances below this share of the largest they could be are rounding noise, and so are differences of draws.
NEGLIGIBLE = 1e-12

#: Largest share of undefined draws an interval is still formed with.
MOST_UNDEFINED = 0.05

#: Numbers held at once while coincidences are summed; 32 megabytes.
LARGEST_BLOCK = 4_000_000

#: Draws whose covariances are finished together.
BLOCK_OF_DRAWS = 400

LEVELS = ("nominal", "ordinal", "interval", "ratio")


# Draws


def weights_of_draws(
    n: int, draws: int, rng: np.random.Generator, clusters: ArrayLike | pd.Series | None = None
) -> np.ndarray:
    """How often each row is in each draw of rows with replacement.

    Parameters
    ----------
    n : int
        Number of rows, at least 1.
    draws : int
        Number of draws, at least 1.
    rng : numpy Generator
        Source of the draws.
    clusters : array, shape (n,), optional
        Cluster of each row, none missing. Whole clusters are drawn then, as many as there are, so that the number of
        rows differs from draw to draw.

    Returns
    -------
    array of float, shape (draws, n)
        Whole numbers; each row sums to n without clusters.

    Raises
    ------
    ValueError
        If ``n`` or ``draws`` is below 1, or the clusters are not one a row.
    """
    if n < 1 or draws < 1:
        raise ValueError(f"at least one row and one draw are needed, not {n} and {draws}")
    if clusters is not None:
        codes, labels = pd.factorize(np.asarray(clusters))
        if len(codes) != n or (codes < 0).any():
            raise ValueError("every row needs one cluster")
        return weights_of_draws(len(labels), draws, rng)[:, codes]
    # Counting drawn indices gives multinomial weights in a quarter of the time of drawing these from their binomials.
    drawn = rng.integers(n, size=(draws, n)) + n * np.arange(draws)[:, None]
    return np.bincount(drawn.ravel(), minlength=draws * n).reshape(draws, n).astype(float)


def covariances_of_draws(values: ArrayLike, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Covariance matrices of people drawn with replacement.

    Parameters
    ----------
    values : array, shape (people, items)
        Complete numeric answers of at least two people.
    draws : int
        Number of draws.
    rng : numpy Generator
        Source of the draws.

    Returns
    -------
    array of float, shape (draws, items, items)
        With divisor people - 1. The variance of an item that is constant in a draw is exactly zero.
    """
    values = _matrix(values)
    return _weighted_covariances(values, weights_of_draws(len(values), draws, rng))


def jackknife_covariances(values: ArrayLike) -> np.ndarray:
    """Covariance matrices with each person left out in turn.

    Parameters
    ----------
    values : array, shape (people, items)
        Complete numeric answers of at least three people.

    Returns
    -------
    array of float, shape (people, items, items)
        With divisor people - 2, because one is left out.
    """
    values = _matrix(values)
    return _weighted_covariances(values, 1 - np.eye(len(values)))


def alphas_of_draws(covariances: ArrayLike) -> np.ndarray:
    """Raw alpha of each draw.

    Parameters
    ----------
    covariances : array, shape (draws, items, items)
        Covariance matrices of at least two items.

    Returns
    -------
    array of float, shape (draws,)
        NaN where the total does not vary.

    References
    ----------
    Cronbach (1951), Psychometrika 16, 297-334.
    """
    covariances = np.asarray(covariances, dtype=float)
    k = covariances.shape[-1]
    trace = np.trace(covariances, axis1=1, axis2=2)
    total = covariances.reshape(len(covariances), -1).sum(axis=1)
    varies = total > NEGLIGIBLE * trace
    return k / (k - 1) * (1 - np.divide(trace, total, out=np.full(len(trace), np.nan), where=varies))


def standardised_alphas_of_draws(covariances: ArrayLike) -> np.ndarray:
    """Standardised alpha of each draw: alpha of its correlation matrix.

    Parameters
    ----------
    covariances : array, shape (draws, items, items)
        Covariance or correlation matrices of at least two items.

    Returns
    -------
    array of float, shape (draws,)
        NaN where an item is constant or the standardised total does not vary.

    Notes
    -----
    The sum of the correlations is the quadratic form of the covariances with one over the standard deviations, so that
    no correlation matrix is formed.

    References
    ----------
    Falk & Savalei (2011), Journal of Personality Assessment 93, 445-453.
    """
    covariances = np.asarray(covariances, dtype=float)
    k = covariances.shape[-1]
    variance = np.diagonal(covariances, axis1=1, axis2=2)
    varies = (variance > NEGLIGIBLE * variance.sum(axis=1, keepdims=True)).all(axis=1)
    scale = 1 / np.sqrt(np.where(varies[:, None], variance, 1))
    total = ((covariances @ scale[:, :, None])[:, :, 0] * scale).sum(axis=1)
    varies &= total > NEGLIGIBLE * k
    return k / (k - 1) * (1 - np.divide(k, total, out=np.full(len(total), np.nan), where=varies))


# Intervals


def percentile_interval(draws: ArrayLike, confidence: float = 0.95) -> tuple[float | None, float | None, str]:
    """Interval between two quantiles of the draws.

    Parameters
    ----------
    draws : array, shape (draws,)
        The statistic of each draw, NaN where it is undefined.
    confidence : float
        Level of the interval.

    Returns
    -------
    low, high : float or None
        None when more than 5 % of the draws are undefined or all are equal.
    note : str
        Why there is no interval, or how many draws were left out.

    References
    ----------
    Efron & Tibshirani (1993), An Introduction to the Bootstrap, chapter 13.
    """
    defined, note, reason = _defined(draws)
    if reason:
        return None, None, reason
    low, high = np.quantile(defined, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high), note


def bca_interval(
    estimate: float, draws: ArrayLike, jackknife: ArrayLike, confidence: float = 0.95
) -> tuple[float | None, float | None, str]:
    """Bias-corrected and accelerated interval from draws and jackknife values.

    Parameters
    ----------
    estimate : float
        The statistic of the sample.
    draws : array, shape (draws,)
        The statistic of each draw, NaN where it is undefined.
    jackknife : array, shape (people,)
        The statistic with each person left out.
    confidence : float
        Level of the interval.

    Returns
    -------
    low, high : float or None
        None when more than 5 % of the draws are undefined, all are equal or all lie on one side of the estimate, when
        the statistic does not exist without one of the people, and when the acceleration is too large.
    note : str
        Why there is no interval, or how many draws were left out.

    Notes
    -----
    The limits are quantiles of the draws at Phi(z0 + (z0 + z) / (1 - a (z0 + z))), with z0 the normal quantile of the
    share of draws below the estimate (a draw equal to it counts half) and a = sum(d^3) / (6 sum(d^2)^1.5), where d is
    the mean of the jackknife values less each of them.

    References
    ----------
    Efron (1987), Journal of the American Statistical Association 82, 171-185; DiCiccio & Efron (1996), Statistical
    Science 11, 189-228.
    """
    defined, note, reason = _defined(draws)
    if reason:
        return None, None, reason
    left_out = np.asarray(jackknife, dtype=float)
    if not np.isfinite(left_out).all():
        return None, None, "undefined when one of them is left out, no interval"
    below = ((defined < estimate).sum() + (defined <= estimate).sum()) / (2 * len(defined))
    if below in (0, 1):
        return None, None, "all draws lie on one side of the estimate, no interval"
    bias = special.ndtri(below)
    deviation = left_out.mean() - left_out
    spread = (deviation**2).sum()
    # Equal jackknife values have no skewness; what rounding leaves of their differences must not make one up.
    equal = spread <= NEGLIGIBLE**2 * max(1, (left_out**2).sum())
    acceleration = 0 if equal else (deviation**3).sum() / (6 * spread**1.5)
    z = bias + special.ndtri([(1 - confidence) / 2, (1 + confidence) / 2])
    if (1 - acceleration * z <= NEGLIGIBLE).any():
        return None, None, "the acceleration is too large for a BCa interval"
    low, high = np.quantile(defined, special.ndtr(bias + z / (1 - acceleration * z)))
    return float(low), float(high), note


def resampled(
    values: ArrayLike | pd.DataFrame,
    statistic_of_covariances: Callable[[np.ndarray], np.ndarray],
    method: str,
    confidence: float = 0.95,
    draws: int = DRAWS,
    seed: int = 1,
) -> Statistic:
    """Estimate with BCa interval of anything that is computed from a covariance matrix, from complete rows.

    Parameters
    ----------
    values : DataFrame or array, shape (people, items)
        Numeric answers; missing is NaN.
    statistic_of_covariances : callable
        From covariance matrices of shape (draws, items, items) to numbers of shape (draws,), NaN where undefined; for
        instance `alphas_of_draws`.
    method : str
        Name of the statistic, for the record.
    confidence : float
        Level of the interval.
    draws : int
        Number of bootstrap draws of people.
    seed : int
        Seed of the draws; the same seed gives the same interval on every run.

    Returns
    -------
    Statistic
        ``n`` counts complete rows. Undefined with fewer than two items or three complete rows, and where the statistic
        is undefined for the sample. The note says when there is no interval, or how many draws were left out.

    References
    ----------
    Efron (1987), Journal of the American Statistical Association 82, 171-185. Bootstrap of people for reliability:
    Kelley & Pornprasertmanit (2016), Psychological Methods 21, 69-92.
    """
    complete, n_dropped = complete_rows(values)
    n, k = complete.shape
    record = {
        "n": n,
        "method": method,
        "n_dropped": n_dropped,
        "dropped_reason": INCOMPLETE_ROW if n_dropped else "",
    }
    if k < 2:
        return Statistic(None, note="undefined: fewer than two items", **record)
    if n < FEWEST_ROWS:
        return Statistic(None, note=f"undefined: fewer than {FEWEST_ROWS} complete rows (n = {n})", **record)
    matrix = complete.to_numpy()
    estimate = float(statistic_of_covariances(_weighted_covariances(matrix, np.ones((1, n))))[0])
    if not np.isfinite(estimate):
        return Statistic(None, note="undefined: an item or the total does not vary as it must", **record)
    of_draws = statistic_of_covariances(covariances_of_draws(matrix, draws, generator(seed)))
    jackknife = statistic_of_covariances(jackknife_covariances(matrix))
    low, high, note = bca_interval(estimate, of_draws, jackknife, confidence)
    ci_method = "" if low is None else f"BCa bootstrap of {draws:,} draws of participants, {100 * confidence:g} %"
    return Statistic(estimate, ci_low=low, ci_high=high, ci_method=ci_method, note=note, **record)


# Units rated by several raters


def unit_coincidences(counts: ArrayLike) -> np.ndarray:
    """Pairs of ratings within each unit, by the two categories.

    Parameters
    ----------
    counts : array, shape (units, categories)
        Number of ratings of each unit in each category.

    Returns
    -------
    array of float, shape (units, categories, categories)
        Each unit's matrix sums to its number of ratings, and to zero with fewer than two ratings. The sum over units
        is Krippendorff's coincidence matrix.

    References
    ----------
    Krippendorff (2004), Content Analysis, 2nd ed., chapter 11.
    """
    counts = np.asarray(counts, dtype=float)
    pairs = counts[:, :, None] * counts[:, None, :]
    categories = np.arange(counts.shape[1])
    pairs[:, categories, categories] -= counts
    ratings = counts.sum(axis=1)
    return pairs * np.divide(1, ratings - 1, out=np.zeros_like(ratings), where=ratings >= 2)[:, None, None]


def krippendorff_of_coincidences(
    coincidences: ArrayLike, level: str = "nominal", values: ArrayLike | None = None
) -> np.ndarray:
    """Krippendorff's alpha of each of many coincidence matrices.

    Parameters
    ----------
    coincidences : array, shape (draws, categories, categories)
        Symmetric coincidence matrices.
    level : {'nominal', 'ordinal', 'interval', 'ratio'}
        Level of measurement. The ordinal metric uses the margins of the draw itself.
    values : array, shape (categories,), optional
        Numbers of the categories in ascending order, for the interval and ratio levels; default 0, 1, 2 ...

    Returns
    -------
    array of float, shape (draws,)
        NaN where only one category occurs.

    Raises
    ------
    ValueError
        If the level is unknown.

    Notes
    -----
    alpha = 1 - (n - 1) * sum(o d) / sum(m m' d), with o the coincidences, m their margins, n their sum and d the
    squared distance of two categories. The ordinal distance is the difference of the mean ranks of the two categories.
    The package krippendorff computes one matrix at a time and is used for the point value.

    References
    ----------
    Krippendorff (2004), Content Analysis, 2nd ed., chapter 11.
    """
    if level not in LEVELS:
        raise ValueError(f"unknown level of measurement: {level}")
    coincidences = np.asarray(coincidences, dtype=float)
    margins = coincidences.sum(axis=2)
    n = margins.sum(axis=1)
    if level == "ordinal":
        rank = np.cumsum(margins, axis=1) - margins / 2
        # Quadratic forms instead of a matrix of distances for each draw: sum(o (r - s)^2) = 2 sum(m r^2) - 2 r'o r.
        square = 2 * (margins * rank**2).sum(axis=1)
        observed = square - 2 * (rank * (coincidences @ rank[:, :, None])[:, :, 0]).sum(axis=1)
        expected = n * square - 2 * (margins * rank).sum(axis=1) ** 2
    else:
        distance = _distance(level, coincidences.shape[1], values)
        observed = coincidences.reshape(len(n), -1) @ distance.ravel()
        expected = (margins @ distance * margins).sum(axis=1)
    several = (margins > NEGLIGIBLE * n[:, None]).sum(axis=1) > 1
    several &= expected > 0
    ratio = np.divide((n - 1) * observed, expected, out=np.full(len(n), np.nan), where=several)
    return 1 - ratio


def draws_of_units(
    units_data: ArrayLike,
    statistic: Callable[[np.ndarray], np.ndarray],
    draws: int = DRAWS,
    seed: int = 1,
    clusters: ArrayLike | pd.Series | None = None,
) -> np.ndarray:
    """Statistic of units, or of whole clusters of units, drawn with replacement.

    Parameters
    ----------
    units_data : array, shape (units, ...)
        What each unit adds to a sum, for instance `unit_coincidences`.
    statistic : callable
        From sums over drawn units, shape (draws, ...), to numbers of shape (draws,), NaN where undefined.
    draws : int
        Number of draws.
    seed : int
        Seed of the draws.
    clusters : array, shape (units,), optional
        Cluster of each unit, for instance the institution; none missing.

    Returns
    -------
    array of float, shape (draws,)

    Raises
    ------
    ValueError
        If the clusters are not one a unit.
    """
    units_data = np.asarray(units_data, dtype=float)
    flat = units_data.reshape(len(units_data), -1)
    weights = weights_of_draws(len(flat), draws, generator(seed), clusters)
    # Scales of many points have large matrices, which are summed some draws at a time.
    block = max(1, LARGEST_BLOCK // max(1, flat.shape[1]))
    parts = [
        statistic((weights[start : start + block] @ flat).reshape(-1, *units_data.shape[1:]))
        for start in range(0, draws, block)
    ]
    return np.concatenate(parts)


def bootstrap_units(
    units_data: ArrayLike,
    statistic: Callable[[np.ndarray], np.ndarray],
    draws: int = DRAWS,
    seed: int = 1,
    clusters: ArrayLike | pd.Series | None = None,
    confidence: float = 0.95,
) -> tuple[float | None, float | None, str]:
    """Percentile interval of a statistic of units, or of whole clusters of units, drawn with replacement.

    Parameters
    ----------
    units_data, statistic, draws, seed, clusters
        As in `draws_of_units`.
    confidence : float
        Level of the interval.

    Returns
    -------
    low, high : float or None
        None for the reasons of `percentile_interval`, with fewer than two clusters and when a unit has no cluster.
    note : str
        Why there is no interval, or how many draws were left out.

    References
    ----------
    Efron & Tibshirani (1993), An Introduction to the Bootstrap, chapter 13. Whole clusters: Davison & Hinkley (1997),
    Bootstrap Methods and their Application, section 3.8.
    """
    if clusters is not None:
        of_units = pd.Series(np.asarray(clusters))
        if of_units.isna().any():
            return None, None, "a unit belongs to no known cluster, no interval"
        if of_units.nunique() < 2:
            return None, None, "fewer than two clusters, no interval"
    return percentile_interval(draws_of_units(units_data, statistic, draws, seed, clusters), confidence)


def generator(seed: int) -> np.random.Generator:
    """Make the generator of the draws; PCG64 named, because numpy's default generator may change.

    Parameters
    ----------
    seed : int
        The same seed gives the same draws.

    Returns
    -------
    numpy Generator
    """
    return np.random.Generator(np.random.PCG64(seed))


def _matrix(values: ArrayLike) -> np.ndarray:
    array = np.asarray(values, dtype=float)
    if array.ndim != 2 or len(array) < 2:
        raise ValueError(f"a table of at least two people is needed, not shape {array.shape}")
    return array


def _weighted_covariances(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    n, k = values.shape
    # From the median the products stay small, and stay whole numbers for whole answers, so that a constant item has
    # variance zero exactly.
    deviation = values - np.median(values, axis=0)
    products = (deviation[:, :, None] * deviation[:, None, :]).reshape(n, k * k)
    size = weights.sum(axis=1)
    sums = weights @ deviation
    means = sums / size[:, None]
    scale = 1 / (size[:, None] - 1)
    covariances = weights @ products
    # A few draws at a time stay in the cache of the processor, which saves half of the time.
    for start in range(0, len(weights), BLOCK_OF_DRAWS):
        block = slice(start, start + BLOCK_OF_DRAWS)
        part = covariances[block]
        part -= (sums[block, :, None] * means[block, None, :]).reshape(len(part), -1)
        part *= scale[block]
    covariances = covariances.reshape(-1, k, k)
    noise = np.diagonal(covariances, axis1=1, axis2=2) <= NEGLIGIBLE * (deviation**2).mean(axis=0)
    if noise.any():
        covariances[noise] = 0
        covariances.transpose(0, 2, 1)[noise] = 0
    return covariances


def _defined(draws: ArrayLike) -> tuple[np.ndarray, str, str]:
    """Draws that are defined, the note on the others, and the reason why there can be no interval."""
    draws = np.asarray(draws, dtype=float)
    defined = draws[np.isfinite(draws)]
    n_undefined = len(draws) - len(defined)
    note = f"{n_undefined:,} of {len(draws):,} draws undefined, left out" if n_undefined else ""
    if n_undefined > MOST_UNDEFINED * len(draws):
        return defined, note, f"{note}; more than {100 * MOST_UNDEFINED:g} %, no interval"
    if len(defined) == 0 or np.ptp(defined) <= NEGLIGIBLE:
        return defined, note, "all draws are equal, no interval"
    return defined, note, ""


def _distance(level: str, q: int, values: ArrayLike | None) -> np.ndarray:
    if level == "nominal":
        return 1 - np.eye(q)
    values = np.arange(q, dtype=float) if values is None else np.asarray(values, dtype=float)
    difference = np.subtract.outer(values, values)
    if level == "interval":
        return difference**2
    total = np.add.outer(values, values)
    return np.divide(difference, total, out=np.zeros_like(total), where=total != 0) ** 2
