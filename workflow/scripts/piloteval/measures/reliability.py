"""Internal consistency of a scale: alpha and its interval, item statistics, split halves, error of measurement.

Functions on answers take a table of people by items and leave out incomplete rows themselves, so that every number
rests on the same people and says how many. Functions on matrices take a covariance or correlation matrix, however it
was obtained.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special  # the distribution functions, without the second that importing scipy.stats costs

from piloteval.measures.complete import (
    FEWEST_ROWS,
    INCOMPLETE_ROW,
    CompleteRows,
    Items,
    prepare,
)
from piloteval.measures.resample import alphas_of_draws, resampled
from piloteval.statistic import Statistic

#: Most items all split halves are formed for; 16 items have 6,435 splits, 20 items 92,378.
MOST_ITEMS_SPLIT = 16

#: Variances below this share of the summed item variances are rounding noise.
NEGLIGIBLE = 1e-12

TOO_FEW_FOR_TEST = "undefined: a group has too few people for so few items"


@dataclass(frozen=True)
class EqualAlphas:
    """Test whether alphas are equal; None when undefined, and then ``note`` gives the reason.

    Attributes
    ----------
    statistic : float or None
        F, chi-square or t.
    df : tuple of float
        Degrees of freedom, two for F; empty when undefined.
    p : float or None
        Two-sided p-value; of chi-square the upper tail.
    method : str
        The test by name.
    note : str
        Reason or empty.
    """

    statistic: float | None
    df: tuple[float, ...]
    p: float | None
    method: str
    note: str = ""


def cronbach_alpha(items: Items, confidence: float = 0.95) -> Statistic:
    """Raw alpha of a scale with the F interval, from complete rows.

    Parameters
    ----------
    items : DataFrame or array, shape (people, items)
        Answers, reversed items already turned; missing is NaN.
    confidence : float
        Level of the interval.

    Returns
    -------
    Statistic
        ``n`` counts complete rows. The note names constant items, items that look reversed, a negative average
        covariance, and for two items gives Spearman-Brown. Undefined with fewer than two items, fewer than three
        complete rows, fewer than two items that vary, or a total score that does not vary.

    Notes
    -----
    alpha = k / (k - 1) * (1 - sum of item variances / variance of the total). A constant item stays in the scale: it
    counts in k and adds no variance.

    References
    ----------
    Cronbach (1951), Psychometrika 16, 297-334. Interval: Feldt, Woodruff & Salih (1987), Applied Psychological
    Measurement 11, 93-103.
    """
    complete = prepare(items)
    record = _record(complete, "Cronbach's alpha (raw)")
    reason = _why_undefined(complete)
    if reason:
        return Statistic(None, note=reason, **record)
    alpha = alpha_from_covariance(complete.covariance)
    warnings = _warnings(complete)
    if alpha >= 1 - NEGLIGIBLE:
        return Statistic(alpha, note="; ".join([*warnings, "identical items, no interval"]), **record)
    low, high = feldt_interval(alpha, complete.n, complete.k, confidence)
    return Statistic(
        alpha,
        ci_low=low,
        ci_high=high,
        ci_method=f"Feldt F interval, {100 * confidence:g} %",
        note="; ".join(warnings),
        **record,
    )


def standardised_alpha(items: Items) -> Statistic:
    """Alpha of the items brought to equal variance, from complete rows.

    Parameters
    ----------
    items : DataFrame or array, shape (people, items)
        Answers; missing is NaN.

    Returns
    -------
    Statistic
        Without interval. Undefined for the reasons of `cronbach_alpha` and when an item is constant, because it then
        has no correlations.

    Notes
    -----
    Alpha of the correlation matrix, k r / (1 + (k - 1) r) with r the mean inter-item correlation.

    References
    ----------
    Falk & Savalei (2011), Journal of Personality Assessment 93, 445-453.
    """
    complete = prepare(items)
    record = _record(complete, "Cronbach's alpha (standardised)")
    reason = _why_undefined(complete) or _why_no_correlations(complete)
    if reason:
        return Statistic(None, note=reason, **record)
    alpha = alpha_from_covariance(complete.correlation)
    if alpha is None:
        return Statistic(None, note="undefined: the standardised total score does not vary", **record)
    return Statistic(alpha, note="; ".join(_warnings(complete)), **record)


def mean_interitem_correlation(items: Items) -> Statistic:
    """Mean Pearson correlation of all pairs of items, from complete rows.

    Parameters
    ----------
    items : DataFrame or array, shape (people, items)
        Answers; missing is NaN.

    Returns
    -------
    Statistic
        Without interval; the note gives lowest, median and highest correlation.

    References
    ----------
    Clark & Watson (1995), Psychological Assessment 7, 309-319.
    """
    complete = prepare(items)
    record = _record(complete, "mean inter-item correlation (Pearson)")
    reason = _why_undefined(complete) or _why_no_correlations(complete)
    if reason:
        return Statistic(None, note=reason, **record)
    r = off_diagonal(complete.correlation)
    return Statistic(
        float(r.mean()), note=f"lowest {_two(r.min())}, median {_two(np.median(r))}, highest {_two(r.max())}", **record
    )


def spearman_brown(items: Items, confidence: float = 0.95) -> Statistic:
    """Reliability of a sum of two items or two halves.

    Parameters
    ----------
    items : DataFrame or array, shape (people, 2)
        The two items, or the sum scores of two halves; missing is NaN.
    confidence : float
        Level of the interval.

    Returns
    -------
    Statistic
        Undefined with fewer than three complete rows, with a constant column and at a correlation of -1.

    Raises
    ------
    ValueError
        If there are not exactly two columns.

    Notes
    -----
    2 r / (1 + r). The interval carries the Fisher-z limits of r through the same formula.

    References
    ----------
    Eisinga, te Grotenhuis & Pelzer (2013), International Journal of Public Health 58, 637-642.
    """
    complete = prepare(items)
    if complete.k != 2:
        raise ValueError(f"Spearman-Brown needs two columns, not {complete.k}")
    record = _record(complete, "Spearman-Brown coefficient of two items")
    reason = _why_undefined(complete, needs_varying_total=False)
    if reason:
        return Statistic(None, note=reason, **record)
    r = float(complete.correlation[0, 1])
    if r <= -1 + NEGLIGIBLE:
        return Statistic(None, note="undefined: the two items correlate at -1", **record)
    note = "negative correlation of the two items, reversed item suspected" if r < 0 else ""
    n = complete.n
    if n < 4 or r >= 1 - NEGLIGIBLE:
        return Statistic(2 * r / (1 + r), note=note, **record)
    half_width = special.ndtri((1 + confidence) / 2) / np.sqrt(n - 3)
    low, high = np.tanh(np.arctanh(r) + np.array([-half_width, half_width]))
    return Statistic(
        2 * r / (1 + r),
        ci_low=float(2 * low / (1 + low)),
        ci_high=float(2 * high / (1 + high)),
        ci_method=f"Fisher z of the correlation, {100 * confidence:g} %",
        note=note,
        **record,
    )


def item_statistics(items: Items) -> pd.DataFrame:
    """Describe each item against the scale, from complete rows.

    Parameters
    ----------
    items : DataFrame or array, shape (people, items)
        Answers; missing is NaN.

    Returns
    -------
    DataFrame, one row per item
        ``item``; ``n``; ``mean`` and ``sd`` in units of the item; ``item_total`` the correlation with the total;
        ``item_rest`` the correlation with the total of the other items; ``alpha_if_deleted`` and
        ``standardised_alpha_if_deleted`` of the scale without the item; ``note``. NaN where undefined, and then
        ``note`` gives the reason. A negative ``item_rest`` is noted as a suspected reversed item.

    References
    ----------
    Nunnally & Bernstein (1994), Psychometric Theory, 3rd ed.
    """
    complete = prepare(items)
    enough = complete.n >= FEWEST_ROWS
    table = pd.DataFrame(
        {
            "item": list(complete.names),
            "n": complete.n,
            "mean": complete.mean,
            "sd": np.sqrt(np.diag(complete.covariance)) if enough else np.nan,
            "item_total": np.nan,
            "item_rest": np.nan,
            "alpha_if_deleted": np.nan,
            "standardised_alpha_if_deleted": np.nan,
            "note": "",
        }
    )
    if not enough:
        return table.assign(note=_too_few_rows(complete.n))
    if complete.k < 2:
        return table.assign(note="a single item has no total to relate to")
    constant, covariance = complete.constant, complete.covariance
    table["item_total"] = np.where(constant, np.nan, item_total_correlations(covariance))
    table["item_rest"] = np.where(constant, np.nan, item_rest_correlations(covariance))
    others_vary = (~constant).sum() - ~constant >= 2
    table["alpha_if_deleted"] = np.where(others_vary, alphas_if_deleted(covariance), np.nan)
    if not constant.any():
        table["standardised_alpha_if_deleted"] = alphas_if_deleted(complete.correlation)
    elif constant.sum() == 1:
        only = int(np.flatnonzero(constant)[0])  # without this one every item varies
        rest = np.delete(np.delete(complete.correlation, only, axis=0), only, axis=1)
        table.loc[only, "standardised_alpha_if_deleted"] = alpha_from_covariance(rest) if len(rest) > 1 else np.nan
    table.loc[table["item_rest"].isna(), "note"] = "the other items have no total that varies"
    table.loc[table["item_rest"] < 0, "note"] = "negative item-rest correlation, reversed item suspected"
    table.loc[constant, "note"] = "constant item, no correlation"
    return table


def standard_error_of_measurement(sd: float, reliability: float, n: int) -> Statistic:
    """Spread of a person's observed scores around the true score.

    Parameters
    ----------
    sd : float
        Standard deviation of the scale score, in units of the scale.
    reliability : float
        Reliability of the scale score.
    n : int
        Number of people ``sd`` and ``reliability`` come from.

    Returns
    -------
    Statistic
        sd * sqrt(1 - reliability), in units of the scale; undefined when the reliability is outside 0 to 1.

    Raises
    ------
    ValueError
        If ``sd`` is negative.

    References
    ----------
    Jacobson & Truax (1991), Journal of Consulting and Clinical Psychology 59, 12-19.
    """
    method = "standard error of measurement"
    reason = _why_no_error(sd, reliability)
    if reason:
        return Statistic(None, n, method, note=reason)
    return Statistic(float(sd * np.sqrt(1 - reliability)), n, method)


def standard_error_of_difference(sd: float, reliability: float, n: int) -> Statistic:
    """Spread of the difference of two measurements of an unchanged person.

    Parameters
    ----------
    sd, reliability, n
        As in `standard_error_of_measurement`.

    Returns
    -------
    Statistic
        sqrt(2) times the standard error of measurement, in units of the scale.

    Raises
    ------
    ValueError
        If ``sd`` is negative.

    References
    ----------
    Jacobson & Truax (1991), Journal of Consulting and Clinical Psychology 59, 12-19.
    """
    method = "standard error of a difference of two measurements"
    reason = _why_no_error(sd, reliability)
    if reason:
        return Statistic(None, n, method, note=reason)
    return Statistic(float(np.sqrt(2) * sd * np.sqrt(1 - reliability)), n, method)


def minimal_detectable_change(sd: float, reliability: float, n: int, z: float = 1.96) -> Statistic:
    """Smallest change of one person that exceeds measurement error.

    Parameters
    ----------
    sd, reliability, n
        As in `standard_error_of_measurement`.
    z : float
        Normal quantile of the level; the published definition rounds it to 1.96 for 95 %.

    Returns
    -------
    Statistic
        z * sqrt(2) * standard error of measurement, in units of the scale.

    Raises
    ------
    ValueError
        If ``sd`` is negative.

    References
    ----------
    Weir (2005), Journal of Strength and Conditioning Research 19, 231-240.
    """
    method = f"minimal detectable change, z = {z:g}"
    difference = standard_error_of_difference(sd, reliability, n)
    if difference.estimate is None:
        return Statistic(None, n, method, note=difference.note)
    return Statistic(z * difference.estimate, n, method)


# Are alphas equal?


def equal_alphas_independent(
    alphas: Sequence[float], ns: Sequence[int], ks: Sequence[int] | None = None
) -> EqualAlphas:
    """Test whether the alphas of different groups of people are equal.

    Parameters
    ----------
    alphas : sequence of float
        Raw alpha of each group, below 1; at least two.
    ns : sequence of int
        People in each group.
    ks : sequence of int, optional
        Items each alpha rests on. Needed for more than two groups. With two groups the degrees of freedom allow for
        the number of items; without it they are those of long scales, people - 1, with which short scales are found to
        differ too often.

    Returns
    -------
    EqualAlphas
        Undefined for an alpha that is missing or 1, groups of fewer than three people or of too few for so few items,
        and scales of one item.

    Raises
    ------
    ValueError
        If there are fewer than two alphas, the sequences differ in length, or ``ks`` lacks for more than two groups.

    Notes
    -----
    Two groups: W = (1 - smaller alpha) / (1 - larger alpha). Under equal alphas it is a product of two independent F
    variables, taken as one F with the same first two moments. More groups: the sum of squared deviations of
    (1 - alpha)^(-1/3) over their mean variance, 2 / (9 (m - 1) (1 - alpha)^(2/3)) with m = n (k - 1) / (k + 1), is
    chi-square with groups - 1 degrees of freedom.

    References
    ----------
    Two groups: Feldt (1969), Psychometrika 34, 363-373. More groups: Hakstian & Whalen (1976), Psychometrika 41,
    219-231, as given by Feldt, Woodruff & Salih (1987), Applied Psychological Measurement 11, 93-103.
    """
    if len(alphas) < 2 or len(ns) != len(alphas) or (ks is not None and len(ks) != len(alphas)):
        raise ValueError("two or more alphas are needed, each with its number of people and of items")
    if ks is None and len(alphas) > 2:
        raise ValueError("the numbers of items are needed for more than two groups")
    error = 1 - np.array([np.nan if alpha is None else alpha for alpha in alphas], dtype=float)
    people = np.asarray(ns, dtype=float)
    items = None if ks is None else np.asarray(ks, dtype=float)
    method = "Feldt's W test of two independent alphas"
    if len(error) > 2:
        method = "Hakstian-Whalen chi-square test of independent alphas"
    reason = _why_not_comparable(error)
    if not reason and (people < FEWEST_ROWS).any():
        reason = f"undefined: a group has fewer than {FEWEST_ROWS} people"
    if not reason and items is not None and (items < 2).any():
        reason = "undefined: a scale has fewer than two items"
    if reason:
        return EqualAlphas(None, (), None, method, reason)
    if len(error) > 2:
        effective = people * (items - 1) / (items + 1)
        if (effective <= 1).any():
            return EqualAlphas(None, (), None, method, TOO_FEW_FOR_TEST)
        root = error ** (-1 / 3)
        variance = 2 / (9 * (effective - 1) * error ** (2 / 3))
        statistic = float(((root - root.mean()) ** 2).sum() / variance.mean())
        return EqualAlphas(statistic, (len(root) - 1,), float(special.chdtrc(len(root) - 1, statistic)), method)
    # The larger alpha comes first; equal ones by size, so that the order in which the groups are given does not matter.
    larger, smaller = np.lexsort((people if items is None else items, people, error))
    statistic = float(error[smaller] / error[larger])
    of_people = people - 1
    if items is None:
        method += " (long scales)"
        df = (float(of_people[larger]), float(of_people[smaller]))
    else:
        of_items = of_people * (items - 1)
        df = _product_of_f(of_people[larger], of_items[larger], of_items[smaller], of_people[smaller])
        if df is None:
            return EqualAlphas(None, (), None, method, TOO_FEW_FOR_TEST)
    p = 2 * min(special.fdtr(*df, statistic), special.fdtrc(*df, statistic))
    return EqualAlphas(statistic, df, float(p), method)


def alpha_difference(
    first: ArrayLike | pd.DataFrame,
    second: ArrayLike | pd.DataFrame,
    confidence: float = 0.95,
    draws: int = 2000,
    seed: int = 1,
) -> Statistic:
    """Difference of the alphas of the same people in two waves, second less first.

    Parameters
    ----------
    first, second : DataFrame or array, shape (people, items)
        Answers of the two waves; row by row the same person, and missing is NaN. The items need not be the same.
    confidence : float
        Level of the interval.
    draws : int
        Number of bootstrap draws of people, each with the answers of both waves.
    seed : int
        Seed of the draws.

    Returns
    -------
    Statistic
        ``n`` counts people complete in both waves, with BCa interval. Undefined for the reasons of `cronbach_alpha` in
        either wave.

    Raises
    ------
    ValueError
        If the waves differ in their number of rows, or both are tables and differ in their index.

    References
    ----------
    Efron (1987), Journal of the American Statistical Association 82, 171-185.
    """
    both = [pd.DataFrame(wave) for wave in (first, second)]
    if len(both[0]) != len(both[1]):
        raise ValueError(f"the waves have {len(both[0])} and {len(both[1])} rows")
    if all(isinstance(wave, pd.DataFrame) for wave in (first, second)) and not both[0].index.equals(both[1].index):
        raise ValueError("the waves do not hold the same people in the same order")
    method = "difference of Cronbach's alpha (raw), second less first wave"
    k = both[0].shape[1]
    joined = np.hstack([wave.astype(float).to_numpy() for wave in both])
    complete = prepare(joined)
    for name, wave in (("first", complete.values[:, :k]), ("second", complete.values[:, k:])):
        reason = _why_undefined(prepare(wave))
        if reason:
            reason = f"undefined: {name} wave, {reason.removeprefix('undefined: ').split(', constant item')[0]}"
            return Statistic(None, note=reason, **_record(complete, method))

    def difference(covariances: np.ndarray) -> np.ndarray:
        return alphas_of_draws(covariances[:, k:, k:]) - alphas_of_draws(covariances[:, :k, :k])

    return resampled(joined, difference, method, confidence, draws, seed)


# Kernels on a matrix or on plain numbers


def alpha_from_covariance(covariance: ArrayLike) -> float | None:
    """Alpha of the scale whose items have this covariance or correlation matrix.

    Parameters
    ----------
    covariance : array, shape (items, items)
        Symmetric, at least two items.

    Returns
    -------
    float or None
        None when the total score has no variance.
    """
    matrix = _square(covariance)
    k = len(matrix)
    total = matrix.sum()
    if total <= NEGLIGIBLE * np.trace(matrix):
        return None
    return float(k / (k - 1) * (1 - np.trace(matrix) / total))


def alphas_if_deleted(covariance: ArrayLike) -> np.ndarray:
    """Alpha of the scale without each of its items.

    Parameters
    ----------
    covariance : array, shape (items, items)
        Covariance or correlation matrix.

    Returns
    -------
    array of float, shape (items,)
        NaN with fewer than two other items, and where the total of the others does not vary.

    Notes
    -----
    Taking an item out takes its variance from the sum of variances, and its row and column from the variance of the
    total, so no matrix is computed anew.
    """
    matrix = _square(covariance)
    k = len(matrix) - 1
    variance = np.diag(matrix)
    trace = variance.sum() - variance
    total = matrix.sum() - 2 * matrix.sum(axis=0) + variance
    result = np.full(len(matrix), np.nan)
    varies = (total > NEGLIGIBLE * trace) & (k > 1)
    result[varies] = k / (k - 1) * (1 - trace[varies] / total[varies]) if k > 1 else np.nan
    return result


def feldt_interval(alpha: float, n: int, k: int, confidence: float = 0.95) -> tuple[float, float]:
    """Interval of alpha from the F distribution of (1 - alpha) / (1 - estimate).

    Parameters
    ----------
    alpha : float
        Estimate.
    n : int
        Number of people, at least 2.
    k : int
        Number of items, at least 2.
    confidence : float
        Level of the interval.

    Returns
    -------
    tuple of float
        Lower and upper limit, at most 1 and without lower bound.

    Raises
    ------
    ValueError
        If ``n`` or ``k`` is below 2.

    References
    ----------
    Feldt, Woodruff & Salih (1987), Applied Psychological Measurement 11, 93-103.
    """
    if n < 2 or k < 2:
        raise ValueError(f"the interval needs two people and two items, not {n} and {k}")
    between, within = n - 1, (n - 1) * (k - 1)
    high_quantile = special.fdtri(between, within, (1 + confidence) / 2)
    low_quantile = special.fdtri(between, within, (1 - confidence) / 2)
    return float(1 - (1 - alpha) * high_quantile), float(1 - (1 - alpha) * low_quantile)


def alpha_standard_error(covariance: ArrayLike, n: int) -> float | None:
    """Large-sample standard error of raw alpha, for use where a standard error is asked for.

    Parameters
    ----------
    covariance : array, shape (items, items)
        Covariance matrix of the items.
    n : int
        Number of people.

    Returns
    -------
    float or None
        None when the total score has no variance.

    References
    ----------
    Duhachek & Iacobucci (2004), Journal of Applied Psychology 89, 792-808.
    """
    matrix = _square(covariance)
    k = len(matrix)
    trace, total = np.trace(matrix), matrix.sum()
    if total <= NEGLIGIBLE * trace:
        return None
    squared = matrix @ matrix
    spread = total * (np.trace(squared) + trace**2) - 2 * trace * squared.sum()
    return float(np.sqrt(2 * k**2 / ((k - 1) ** 2 * total**3) * spread / n))


def guttman_lambdas(covariance: ArrayLike) -> dict[str, float | None]:
    """Guttman's six lower bounds of reliability.

    Parameters
    ----------
    covariance : array, shape (items, items)
        Covariance matrix, or correlation matrix for standardised items; at least two items.

    Returns
    -------
    dict
        ``lambda1`` to ``lambda6``, and ``lambda5_plus`` with the factor k / (k - 1) on the square root of lambda 5.
        ``lambda3`` is alpha, ``lambda4`` the best split half. None where undefined: all of them when the total does
        not vary, ``lambda4`` with too many items to try every split, ``lambda6`` with a singular matrix.

    References
    ----------
    Guttman (1945), Psychometrika 10, 255-282.
    """
    matrix = _square(covariance)
    k = len(matrix)
    names = ("lambda1", "lambda2", "lambda3", "lambda4", "lambda5", "lambda5_plus", "lambda6")
    total = matrix.sum()
    if total <= NEGLIGIBLE * np.trace(matrix):
        return dict.fromkeys(names)
    covariances = matrix - np.diag(np.diag(matrix))
    lambda1 = 1 - np.trace(matrix) / total
    lambda2 = lambda1 + np.sqrt(k / (k - 1) * (covariances**2).sum()) / total
    lambda3 = k / (k - 1) * lambda1
    lambda4 = split_half_coefficients(matrix).max() if k <= MOST_ITEMS_SPLIT else None
    best_item = 2 * np.sqrt((covariances**2).sum(axis=0).max()) / total
    error = _error_variances(matrix)
    lambda6 = None if error is None else 1 - error.sum() / total
    values = (lambda1, lambda2, lambda3, lambda4, lambda1 + best_item, lambda1 + k / (k - 1) * best_item, lambda6)
    return {name: None if value is None else float(value) for name, value in zip(names, values, strict=True)}


def split_half_coefficients(covariance: ArrayLike) -> np.ndarray:
    """Guttman's lambda 4 of every split of the items into two halves.

    Parameters
    ----------
    covariance : array, shape (items, items)
        Covariance or correlation matrix, 2 to 16 items.

    Returns
    -------
    array of float, shape (splits,)
        4 cov(A, B) / variance of the total, for each split into halves A and B; with an odd number of items one half
        has one item more.

    Raises
    ------
    ValueError
        If there are more items than `MOST_ITEMS_SPLIT`, or the total does not vary.
    """
    matrix = _square(covariance)
    k = len(matrix)
    if k > MOST_ITEMS_SPLIT:
        raise ValueError(f"all split halves are formed for at most {MOST_ITEMS_SPLIT} items, not {k}")
    total = matrix.sum()
    if total <= NEGLIGIBLE * np.trace(matrix):
        raise ValueError("the total score does not vary")
    halves = list(combinations(range(k), k // 2))
    if k % 2 == 0:
        halves = halves[: len(halves) // 2]  # the second half of the list holds the complements of the first
    sign = -np.ones((len(halves), k))
    for row, half in enumerate(halves):
        sign[row, list(half)] = 1
    variance_of_difference = np.einsum("si,ij,sj->s", sign, matrix, sign)
    return 1 - variance_of_difference / total


def item_total_correlations(covariance: ArrayLike) -> np.ndarray:
    """Correlation of each item with the total of all items.

    Parameters
    ----------
    covariance : array, shape (items, items)
        Covariance matrix; a correlation matrix gives the correlations with the standardised total.

    Returns
    -------
    array of float, shape (items,)
        NaN for a constant item or a total that does not vary.
    """
    matrix = _square(covariance)
    return _correlation_of(matrix.sum(axis=0), np.diag(matrix), np.full(len(matrix), matrix.sum()))


def item_rest_correlations(covariance: ArrayLike) -> np.ndarray:
    """Correlation of each item with the total of the other items.

    Parameters
    ----------
    covariance : array, shape (items, items)
        Covariance matrix.

    Returns
    -------
    array of float, shape (items,)
        NaN for a constant item or when the other items have no total that varies.
    """
    matrix = _square(covariance)
    with_rest = matrix.sum(axis=0) - np.diag(matrix)
    rest = matrix.sum() - 2 * matrix.sum(axis=0) + np.diag(matrix)
    return _correlation_of(with_rest, np.diag(matrix), rest)


def item_whole_correlations(correlation: ArrayLike) -> np.ndarray | None:
    """Correlation of each item with the standardised total, its own share replaced by what the other items predict.

    Parameters
    ----------
    correlation : array, shape (items, items)
        Correlation matrix.

    Returns
    -------
    array of float, shape (items,), or None
        None when the matrix is singular, because the squared multiple correlations do not exist then.

    References
    ----------
    Revelle & Condon (2019), Psychological Assessment 31, 1395-1411.
    """
    matrix = _square(correlation)
    error = _error_variances(matrix)
    if error is None:
        return None
    shared = matrix - np.diag(error)
    return shared.sum(axis=0) / np.sqrt(shared.sum())


def off_diagonal(matrix: ArrayLike) -> np.ndarray:
    """Each pair of items once: the entries below the diagonal.

    Parameters
    ----------
    matrix : array, shape (items, items)
        Symmetric matrix.

    Returns
    -------
    array of float, shape (items * (items - 1) / 2,)
    """
    matrix = _square(matrix)
    return matrix[np.tril_indices(len(matrix), k=-1)]


def _why_not_comparable(error: np.ndarray) -> str:
    """Why alphas cannot be tested, from 1 - alpha of each."""
    if not np.isfinite(error).all():
        return "undefined: an alpha is not defined"
    if (error <= NEGLIGIBLE).any():
        return "undefined: an alpha is 1"
    return ""


def _product_of_f(df1: float, df2: float, df3: float, df4: float) -> tuple[float, float] | None:
    """Degrees of freedom of the F variable with the first two moments of F(df1, df2) F(df3, df4), None without one."""
    if min(df2, df4) <= 4:
        return None
    mean = df2 / (df2 - 2) * df4 / (df4 - 2)
    square = (df1 + 2) * df2**2 / (df1 * (df2 - 2) * (df2 - 4)) * (df3 + 2) * df4**2 / (df3 * (df4 - 2) * (df4 - 4))
    rest = 2 * square - mean * square - mean**2
    return None if rest <= 0 else (float(2 * mean**2 / rest), float(2 * mean / (mean - 1)))


def _square(matrix: ArrayLike) -> np.ndarray:
    array = np.asarray(matrix, dtype=float)
    if array.ndim != 2 or array.shape[0] != array.shape[1] or len(array) < 2:
        raise ValueError(f"a square matrix of at least two items is needed, not shape {array.shape}")
    return array


def _correlation_of(covariance: np.ndarray, variance: np.ndarray, other_variance: np.ndarray) -> np.ndarray:
    result = np.full(len(covariance), np.nan)
    varies = (variance > 0) & (other_variance > NEGLIGIBLE * variance.sum())
    result[varies] = covariance[varies] / np.sqrt(variance[varies] * other_variance[varies])
    return np.clip(result, -1, 1)


def _error_variances(matrix: np.ndarray) -> np.ndarray | None:
    """Variance of each item that a regression on the other items leaves, or None for a singular matrix."""
    if np.linalg.matrix_rank(matrix) < len(matrix):
        return None
    return 1 / np.diag(np.linalg.inv(matrix))


def _names(complete: CompleteRows, which: np.ndarray) -> str:
    return ", ".join(np.array(complete.names)[which])


def _two(value: float) -> str:
    """Return two decimals without a minus before nothing."""
    return f"{round(float(value), 2) + 0:.2f}"


def _record(complete: CompleteRows, method: str) -> dict:
    return {
        "n": complete.n,
        "method": method,
        "n_dropped": complete.n_dropped,
        "dropped_reason": INCOMPLETE_ROW if complete.n_dropped else "",
    }


def _too_few_rows(n: int) -> str:
    return f"undefined: fewer than {FEWEST_ROWS} complete rows (n = {n})"


def _why_undefined(complete: CompleteRows, needs_varying_total: bool = True) -> str:
    if complete.k < 2:
        return "undefined: fewer than two items"
    if complete.n < FEWEST_ROWS:
        return _too_few_rows(complete.n)
    if complete.k - complete.constant.sum() < 2:
        return f"undefined: fewer than two items vary, constant item: {_names(complete, complete.constant)}"
    if needs_varying_total and complete.covariance.sum() <= NEGLIGIBLE * np.trace(complete.covariance):
        return "undefined: the total score does not vary"
    return ""


def _why_no_correlations(complete: CompleteRows) -> str:
    if not complete.constant.any():
        return ""
    return f"undefined: a constant item has no correlations: {_names(complete, complete.constant)}"


def _why_no_error(sd: float, reliability: float) -> str:
    if sd < 0:
        raise ValueError(f"a standard deviation is not negative: {sd}")
    if not 0 <= reliability <= 1:
        return f"undefined: reliability {reliability:.2f} is outside 0 to 1"
    return ""


def _warnings(complete: CompleteRows) -> list[str]:
    warnings = []
    if complete.constant.any():
        warnings.append(f"constant item: {_names(complete, complete.constant)}")
    if complete.k == 2:
        coefficient = spearman_brown(complete)
        value = coefficient.note if coefficient.estimate is None else f"{coefficient.estimate:.3f}"
        warnings.append(f"two items only, Spearman-Brown: {value}")
    if off_diagonal(complete.covariance).mean() < 0:
        warnings.append("negative average covariance: the items do not form one scale as scored")
    reversed_items = (item_rest_correlations(complete.covariance) < 0) & ~complete.constant
    if reversed_items.any():
        names = _names(complete, reversed_items)
        warnings.append(f"negative item-rest correlation, reversed item suspected: {names}")
    return warnings
