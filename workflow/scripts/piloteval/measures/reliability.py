"""Internal consistency of a scale: alpha and its interval, item statistics, split halves, error of measurement.

Functions on answers take a table of people by items and leave out incomplete rows themselves, so that every number
rests on the same people and says how many. Functions on matrices take a covariance or correlation matrix, however it
was obtained.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special  # the distribution functions, without the second that importing scipy.stats costs

from piloteval.statistic import Statistic

#: Fewest complete rows a coefficient is computed from: with two people every item correlation is +1 or -1.
FEWEST_ROWS = 3

#: Most items all split halves are formed for; 16 items have 6,435 splits, 20 items 92,378.
MOST_ITEMS_SPLIT = 16

#: Variances below this share of the summed item variances are rounding noise.
NEGLIGIBLE = 1e-12

INCOMPLETE_ROW = "at least one item not answered"


def complete_rows(items: ArrayLike | pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Keep the people who answered every item.

    Parameters
    ----------
    items : DataFrame or array, shape (people, items)
        Numeric answers; missing is NaN, None or NA.

    Returns
    -------
    frame : DataFrame of float, shape (complete people, items)
        The complete rows with their index.
    n_dropped : int
        Number of rows left out.

    Raises
    ------
    ValueError
        If an answer is not a number.
    """
    frame = pd.DataFrame(items).astype(float)
    complete = frame.dropna()
    return complete, len(frame) - len(complete)


def cronbach_alpha(items: ArrayLike | pd.DataFrame, confidence: float = 0.95) -> Statistic:
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
    complete, n_dropped = complete_rows(items)
    record = _record(complete, n_dropped, "Cronbach's alpha (raw)")
    reason = _why_undefined(complete)
    if reason:
        return Statistic(None, note=reason, **record)
    n, k = complete.shape
    alpha = alpha_from_covariance(_covariance(complete))
    warnings = _warnings(complete)
    if alpha >= 1 - NEGLIGIBLE:
        return Statistic(alpha, note="; ".join([*warnings, "identical items, no interval"]), **record)
    low, high = feldt_interval(alpha, n, k, confidence)
    return Statistic(
        alpha,
        ci_low=low,
        ci_high=high,
        ci_method=f"Feldt F interval, {100 * confidence:g} %",
        note="; ".join(warnings),
        **record,
    )


def standardised_alpha(items: ArrayLike | pd.DataFrame) -> Statistic:
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
    complete, n_dropped = complete_rows(items)
    record = _record(complete, n_dropped, "Cronbach's alpha (standardised)")
    reason = _why_undefined(complete) or _why_no_correlations(complete)
    if reason:
        return Statistic(None, note=reason, **record)
    alpha = alpha_from_covariance(_correlation(complete))
    if alpha is None:
        return Statistic(None, note="undefined: the standardised total score does not vary", **record)
    return Statistic(alpha, note="; ".join(_warnings(complete)), **record)


def mean_interitem_correlation(items: ArrayLike | pd.DataFrame) -> Statistic:
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
    complete, n_dropped = complete_rows(items)
    record = _record(complete, n_dropped, "mean inter-item correlation (Pearson)")
    reason = _why_undefined(complete) or _why_no_correlations(complete)
    if reason:
        return Statistic(None, note=reason, **record)
    r = off_diagonal(_correlation(complete))
    return Statistic(
        float(r.mean()), note=f"lowest {r.min():.2f}, median {np.median(r):.2f}, highest {r.max():.2f}", **record
    )


def spearman_brown(items: ArrayLike | pd.DataFrame, confidence: float = 0.95) -> Statistic:
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
    complete, n_dropped = complete_rows(items)
    if complete.shape[1] != 2:
        raise ValueError(f"Spearman-Brown needs two columns, not {complete.shape[1]}")
    record = _record(complete, n_dropped, "Spearman-Brown coefficient of two items")
    reason = _why_undefined(complete, needs_varying_total=False)
    if reason:
        return Statistic(None, note=reason, **record)
    r = float(_correlation(complete)[0, 1])
    if r <= -1 + NEGLIGIBLE:
        return Statistic(None, note="undefined: the two items correlate at -1", **record)
    note = "negative correlation of the two items, reversed item suspected" if r < 0 else ""
    n = len(complete)
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


def item_statistics(items: ArrayLike | pd.DataFrame) -> pd.DataFrame:
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
    complete, _ = complete_rows(items)
    n, k = complete.shape
    table = pd.DataFrame(
        {
            "item": complete.columns,
            "n": n,
            "mean": complete.mean().to_numpy(),
            "sd": complete.std(ddof=1).to_numpy(),
            "item_total": np.nan,
            "item_rest": np.nan,
            "alpha_if_deleted": np.nan,
            "standardised_alpha_if_deleted": np.nan,
            "note": "",
        }
    )
    if n < FEWEST_ROWS:
        return table.assign(sd=np.nan, note=_too_few_rows(n))
    if k < 2:
        return table.assign(note="a single item has no total to relate to")
    constant = _constant(complete)
    covariance = _covariance(complete)
    table["item_total"] = np.where(constant, np.nan, item_total_correlations(covariance))
    table["item_rest"] = np.where(constant, np.nan, item_rest_correlations(covariance))
    for j in range(k):
        without = complete.drop(columns=complete.columns[j])
        if _why_undefined(without):
            continue
        table.loc[j, "alpha_if_deleted"] = alpha_from_covariance(_covariance(without))
        if not _constant(without).any():
            alpha = alpha_from_covariance(_correlation(without))
            table.loc[j, "standardised_alpha_if_deleted"] = np.nan if alpha is None else alpha
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


def _square(matrix: ArrayLike) -> np.ndarray:
    array = np.asarray(matrix, dtype=float)
    if array.ndim != 2 or array.shape[0] != array.shape[1] or len(array) < 2:
        raise ValueError(f"a square matrix of at least two items is needed, not shape {array.shape}")
    return array


def _covariance(complete: pd.DataFrame) -> np.ndarray:
    return np.cov(complete.to_numpy(), rowvar=False, ddof=1)


def _correlation(complete: pd.DataFrame) -> np.ndarray:
    return np.corrcoef(complete.to_numpy(), rowvar=False)


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


def _constant(complete: pd.DataFrame) -> np.ndarray:
    # Compared exactly: the variance of a repeated decimal such as 0.1 is not exactly zero.
    return (complete.max() == complete.min()).to_numpy()


def _names(columns: pd.Index) -> str:
    return ", ".join(str(column) for column in columns)


def _record(complete: pd.DataFrame, n_dropped: int, method: str) -> dict:
    return {
        "n": len(complete),
        "method": method,
        "n_dropped": n_dropped,
        "dropped_reason": INCOMPLETE_ROW if n_dropped else "",
    }


def _too_few_rows(n: int) -> str:
    return f"undefined: fewer than {FEWEST_ROWS} complete rows (n = {n})"


def _why_undefined(complete: pd.DataFrame, needs_varying_total: bool = True) -> str:
    n, k = complete.shape
    if k < 2:
        return "undefined: fewer than two items"
    if n < FEWEST_ROWS:
        return _too_few_rows(n)
    constant = _constant(complete)
    if k - constant.sum() < 2:
        return f"undefined: fewer than two items vary, constant item: {_names(complete.columns[constant])}"
    covariance = _covariance(complete)
    if needs_varying_total and covariance.sum() <= NEGLIGIBLE * np.trace(covariance):
        return "undefined: the total score does not vary"
    return ""


def _why_no_correlations(complete: pd.DataFrame) -> str:
    constant = _constant(complete)
    if not constant.any():
        return ""
    return f"undefined: a constant item has no correlations: {_names(complete.columns[constant])}"


def _why_no_error(sd: float, reliability: float) -> str:
    if sd < 0:
        raise ValueError(f"a standard deviation is not negative: {sd}")
    if not 0 <= reliability <= 1:
        return f"undefined: reliability {reliability:.2f} is outside 0 to 1"
    return ""


def _warnings(complete: pd.DataFrame) -> list[str]:
    constant = _constant(complete)
    covariance = _covariance(complete)
    warnings = []
    if constant.any():
        warnings.append(f"constant item: {_names(complete.columns[constant])}")
    if complete.shape[1] == 2:
        coefficient = spearman_brown(complete)
        value = coefficient.note if coefficient.estimate is None else f"{coefficient.estimate:.3f}"
        warnings.append(f"two items only, Spearman-Brown: {value}")
    if off_diagonal(covariance).mean() < 0:
        warnings.append("negative average covariance: the items do not form one scale as scored")
    reversed_items = (item_rest_correlations(covariance) < 0) & ~constant
    if reversed_items.any():
        names = _names(complete.columns[reversed_items])
        warnings.append(f"negative item-rest correlation, reversed item suspected: {names}")
    return warnings
