"""Reliability of sums of ordered answers: polychoric correlations, ordinal alpha and categorical omega.

An ordered answer is taken as a normal variable cut at thresholds. Ordinal alpha and the omega of the normal variables
describe variables nobody observed; the omega of Green and Yang describes the sum of the answers that is used.
Polychoric correlations take most of the time: compute them once with `polychoric_matrix` and hand them to the others.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special  # the distribution functions, without the second that importing scipy.stats costs

from piloteval.measures.complete import FEWEST_ROWS, INCOMPLETE_ROW, complete_rows
from piloteval.measures.factors import one_factor_minres
from piloteval.measures.reliability import alpha_from_covariance, off_diagonal
from piloteval.statistic import Statistic

#: Most different answers to an item that still count as categories.
MOST_CATEGORIES = 10

#: Fewest items a one-factor model can be fitted to.
FEWEST_ITEMS = 3

#: A polychoric correlation beyond this lies at the bound: the answers do not limit it.
BOUND = 0.9999

#: Stands for an infinite threshold: the normal distribution beyond it is zero in double precision.
BEYOND = 40.0

#: Probabilities of cells are not taken as smaller than this when something is divided by them.
SMALLEST_PROBABILITY = float(np.finfo(float).eps)

#: Eigenvalues of a correlation matrix below the first are replaced by the second when it is smoothed.
SMALLEST_EIGENVALUE, SMOOTHED_EIGENVALUE = 1e-12, 1e-10

LATENT_ONLY = (
    "reliability of the normal variables assumed behind the answers, not of the sum of the answers that is used"
)
SMOOTHED = "polychoric matrix was not positive definite and was smoothed"
NOT_POSITIVE_DEFINITE = "polychoric matrix is not positive definite"
AT_THE_BOUND = f"polychoric correlation at the bound (beyond {BOUND})"
IMPROPER = "undefined: improper one-factor solution, a loading of 1 or beyond"
LOADINGS = {"dwls": "DWLS loadings", "uls": "ULS loadings"}


# Coefficients of a scale


def ordinal_alpha(items: ArrayLike | pd.DataFrame, polychorics: ArrayLike | None = None) -> Statistic:
    """Alpha of the polychoric correlations of the items, from complete rows.

    Parameters
    ----------
    items : DataFrame or array, shape (people, items)
        Ordered answers as numbers, reversed items already turned; missing is NaN.
    polychorics : array, shape (items, items), optional
        What `polychoric_matrix` gives for the items, to save its time.

    Returns
    -------
    Statistic
        Without interval. The note always says that the number does not describe the sum of the answers. Undefined
        with fewer than two items, fewer than three complete rows, a constant item, or an item with more than
        `MOST_CATEGORIES` different answers.

    Notes
    -----
    k r / (1 + (k - 1) r) with r the mean polychoric correlation. A matrix that is not positive definite is smoothed
    first (`smooth_correlation`), which the note says.

    References
    ----------
    Zumbo, Gadermann & Zeisser (2007), Journal of Modern Applied Statistical Methods 6, 21-29. What it is not: Chalmers
    (2018), Educational and Psychological Measurement 78, 1056-1071.
    """
    complete, n_dropped = complete_rows(items)
    record = _record(complete, n_dropped, "ordinal alpha (polychoric correlations)")
    reason = _why_undefined(complete, fewest_items=2)
    if reason:
        return Statistic(None, note=reason, **record)
    raw = _polychorics(complete, polychorics)
    matrix = smooth_correlation(raw)
    alpha = alpha_from_covariance(matrix)
    if alpha is None:
        return Statistic(None, note="undefined: the total of the normal variables does not vary", **record)
    warnings = _warnings(complete, raw, SMOOTHED)
    return Statistic(alpha, note="; ".join([LATENT_ONLY, *warnings]), **record)


def latent_omega(
    items: ArrayLike | pd.DataFrame, loadings: str = "dwls", polychorics: ArrayLike | None = None
) -> Statistic:
    """Omega of the normal variables assumed behind the answers, from complete rows.

    Parameters
    ----------
    items, polychorics
        As in `ordinal_alpha`.
    loadings : {'dwls', 'uls'}
        As in `green_yang_omega`.

    Returns
    -------
    Statistic
        Without interval; notes and undefined cases as in `ordinal_alpha` and `green_yang_omega`.

    Raises
    ------
    ValueError
        If ``loadings`` is unknown.

    Notes
    -----
    With DWLS loadings (sum of loadings)^2 / sum of the polychoric correlations; with ULS loadings 1 - (sum of unique
    variances) / sum of the polychoric correlations.

    References
    ----------
    McDonald (1999), Test Theory: A Unified Treatment; Flora (2020), Advances in Methods and Practices in Psychological
    Science 3, 484-501.
    """
    _, record, matrix, estimated, note = _one_factor(items, "omega of the normal variables", loadings, polychorics)
    if estimated is None:
        return Statistic(None, note=note, **record)
    if loadings == "uls":
        omega = 1 - (1 - estimated**2).sum() / smooth_correlation(matrix).sum()
    else:
        omega = estimated.sum() ** 2 / matrix.sum()
    return Statistic(float(omega), note="; ".join(filter(None, [LATENT_ONLY, note])), **record)


def green_yang_omega(
    items: ArrayLike | pd.DataFrame,
    loadings: str = "dwls",
    denominator: str = "observed",
    polychorics: ArrayLike | None = None,
) -> Statistic:
    """Categorical omega: reliability of the sum of ordered answers under one factor, from complete rows.

    Parameters
    ----------
    items : DataFrame or array, shape (people, items)
        Ordered answers as numbers, reversed items already turned; missing is NaN.
    loadings : {'dwls', 'uls'}
        Loadings by diagonally weighted least squares of the polychoric correlations (lavaan's WLSMV), or by unweighted
        least squares (minres).
    denominator : {'observed', 'model'}
        Variance of the sum from the polychoric correlations themselves, or from those the loadings imply.
    polychorics : array, shape (items, items), optional
        What `polychoric_matrix` gives for the items, to save its time.

    Returns
    -------
    Statistic
        Without interval. The note names reversed items, correlations at the bound and categories nobody chose.
        Undefined with fewer than three items, fewer than three complete rows, a constant item, an item with more than
        `MOST_CATEGORIES` different answers, and an improper solution.

    Raises
    ------
    ValueError
        If ``loadings`` or ``denominator`` is unknown.

    Notes
    -----
    The formula is that of `green_yang`. The answers keep the distances they are scored with: where nobody chose 3
    between 2 and 4, passing from 2 to 4 adds two points to the sum. With answers one apart that is the published
    formula; lavaan would count such a step as one point.

    References
    ----------
    Green & Yang (2009), Psychometrika 74, 155-167; Flora (2020), Advances in Methods and Practices in Psychological
    Science 3, 484-501.
    """
    if denominator not in ("observed", "model"):
        raise ValueError(f"the denominator is 'observed' or 'model', not {denominator!r}")
    name = f"categorical omega (Green & Yang), variance of the sum {denominator}"
    complete, record, matrix, estimated, note = _one_factor(items, name, loadings, polychorics)
    if estimated is None:
        return Statistic(None, note=note, **record)
    levels = [np.unique(column) for column in complete.to_numpy().T]
    omega = green_yang(
        [thresholds(column) for column in complete.to_numpy().T],
        estimated,
        correlation=matrix if denominator == "observed" else None,
        steps=[np.diff(level) for level in levels],
    )
    if omega is None:
        return Statistic(None, note="undefined: the total score does not vary", **record)
    return Statistic(omega, note=note, **record)


# Polychoric correlations


def polychoric(x: ArrayLike, y: ArrayLike, method: str = "two-step", confidence: float = 0.95) -> Statistic:
    """Polychoric correlation of two ordered answers with its normal interval; tetrachoric with two categories each.

    Parameters
    ----------
    x, y : array, shape (people,)
        Ordered answers as numbers; missing is NaN.
    method : {'two-step', 'ml'}
        Thresholds from the margins first and the correlation after, or all of them together by maximum likelihood.
    confidence : float
        Level of the interval.

    Returns
    -------
    Statistic
        ``n`` counts people with both answers. The interval is estimate -+ z * standard error, cut at -1 and 1. That of
        the two-step estimate takes the thresholds as known and is a little too narrow. Without interval at the bound;
        undefined with fewer than three people, a constant answer, or more than `MOST_CATEGORIES` different answers.

    Raises
    ------
    ValueError
        If the method is unknown or the answers differ in number.

    Notes
    -----
    Standard error: 1 / sqrt of the curvature of the log-likelihood in the correlation at the estimate (two-step), or
    from the inverse of the full Hessian (ml). No continuity correction of empty cells.

    References
    ----------
    Olsson (1979), Psychometrika 44, 443-460.
    """
    if method not in ("two-step", "ml"):
        raise ValueError(f"the method is 'two-step' or 'ml', not {method!r}")
    if np.shape(x) != np.shape(y):
        raise ValueError("the two answers differ in number")
    complete, n_dropped = complete_rows(np.column_stack([np.asarray(x, dtype=float), np.asarray(y, dtype=float)]))
    complete.columns = ["first", "second"]
    name = "two-step" if method == "two-step" else "maximum likelihood"
    record = _record(complete, n_dropped, f"polychoric correlation ({name})")
    reason = _why_undefined(complete, fewest_items=2)
    if reason:
        return Statistic(None, note=reason, **record)
    counts = _counts(complete.to_numpy()[:, ::-1])  # the later column stands in the rows
    cuts = [thresholds(column) for column in complete.to_numpy().T]
    rho = float(polychoric_matrix(complete)[1, 0])
    if method == "ml" and abs(rho) <= BOUND:
        rho, error = _maximum_likelihood(counts, cuts, rho)
        if rho is None:
            return Statistic(None, note="undefined: the maximum of the likelihood was not found", **record)
    elif abs(rho) <= BOUND:
        error = _two_step_error(counts, cuts, rho)
    if abs(rho) > BOUND:
        return Statistic(rho, note=f"{AT_THE_BOUND}, no interval", **record)
    if error is None:
        return Statistic(rho, note="the likelihood is flat at the estimate, no interval", **record)
    half_width = special.ndtri((1 + confidence) / 2) * error
    known = ", thresholds taken as known" if method == "two-step" else ""
    return Statistic(
        rho,
        ci_low=float(max(rho - half_width, -1)),
        ci_high=float(min(rho + half_width, 1)),
        ci_method=f"normal interval{known}, {100 * confidence:g} %",
        **record,
    )


def polychoric_matrix(answers: ArrayLike | pd.DataFrame) -> np.ndarray:
    """Two-step polychoric correlations of all pairs of items, from complete rows.

    Parameters
    ----------
    answers : DataFrame or array, shape (people, items)
        Ordered answers as numbers; missing is NaN.

    Returns
    -------
    array of float, shape (items, items)
        As estimated pair by pair, so not always positive definite (`smooth_correlation`). NaN in the row and column
        of a constant item and everywhere without people.

    Notes
    -----
    Each correlation maximises the likelihood of its table with the thresholds of the margins; no continuity correction
    of empty cells. ordinalcorr finds it to about 1e-5.

    References
    ----------
    Olsson (1979), Psychometrika 44, 443-460.
    """
    from ordinalcorr import polychoric as library_polychoric  # imports scipy.stats

    complete, _ = complete_rows(answers)
    values = complete.to_numpy()
    k = values.shape[1]
    if not len(values):
        return np.full((k, k), np.nan)
    codes = np.ascontiguousarray(_codes(values).T)  # one row for each item
    matrix = np.diag(np.where(codes.any(axis=1), 1.0, np.nan))
    for i in range(k):
        for j in range(i):
            both_vary = codes[i].any() and codes[j].any()
            matrix[i, j] = matrix[j, i] = library_polychoric(codes[i], codes[j]) if both_vary else np.nan
    return matrix


def smooth_correlation(matrix: ArrayLike) -> np.ndarray:
    """Nearby positive definite correlation matrix, by lifting the eigenvalues that are not positive.

    Parameters
    ----------
    matrix : array, shape (items, items)
        Symmetric, diagonal 1.

    Returns
    -------
    array of float, shape (items, items)
        The matrix itself when it is positive definite.

    Notes
    -----
    Eigenvalues below 1e-12 become 1e-10 and the result is scaled to diagonal 1, as psych's cor.smooth does.

    References
    ----------
    Bock, Gibbons & Muraki (1988), Applied Psychological Measurement 12, 261-280.
    """
    matrix = np.asarray(matrix, dtype=float)
    if _is_positive_definite(matrix):
        return matrix
    values, vectors = np.linalg.eigh(matrix)
    values = np.where(values < SMALLEST_EIGENVALUE, SMOOTHED_EIGENVALUE, values)
    lifted = (vectors * values) @ vectors.T
    sd = np.sqrt(np.diag(lifted))
    return lifted / np.outer(sd, sd)


def polychoric_variances(answers: ArrayLike | pd.DataFrame, polychorics: ArrayLike | None = None) -> np.ndarray:
    """Large-sample variance of each two-step polychoric correlation, times the number of people.

    Parameters
    ----------
    answers : DataFrame or array, shape (people, items)
        Ordered answers as numbers; missing is NaN.
    polychorics : array, shape (items, items), optional
        What `polychoric_matrix` gives for the answers.

    Returns
    -------
    array of float, shape (items, items)
        The diagonal of lavaan's NACOV in the places of the correlations; 0 on the diagonal. NaN where a correlation is
        NaN or its table does not determine a variance.

    Notes
    -----
    Mean square over people of the influence (s_rho - A21 IF_tau) / A22, with s_rho a person's score in the correlation,
    A22 = mean s_rho^2, A21 = mean s_rho s_tau and IF_tau = (1{answer <= a} - P_a) / phi(tau_a) the influence on the
    threshold. People in one cell of the table share it, so the sums run over cells, for all pairs at once.

    References
    ----------
    Muthén (1984), Psychometrika 49, 115-132; Olsson (1979), Psychometrika 44, 443-460.
    """
    complete, _ = complete_rows(answers)
    values = complete.to_numpy()
    k = values.shape[1]
    result = np.zeros((k, k))
    if not len(values) or k < 2:
        return np.full((k, k), np.nan)
    correlations = off_diagonal(_polychorics(complete, polychorics))
    first, second = np.tril_indices(k, k=-1)
    counts = _counts(values)
    edges = _edges([thresholds(column) for column in values.T], counts.shape[1])
    with np.errstate(divide="ignore", invalid="ignore"):
        cells = _cells(edges[first], edges[second], np.clip(correlations, -1 + 1e-9, 1 - 1e-9))
        probability, slope, of_first, of_second = cells
        per_cell = np.where(counts > 0, 1 / np.maximum(probability, SMALLEST_PROBABILITY), 0)
        share = counts / len(values)
        score = slope * per_cell
        information = (share * score**2).sum(axis=(1, 2))
        cross_first, cross_second = _threshold_sums(share * score * per_cell, of_first, of_second)
        shift = _threshold_influence(edges)
        influence = (
            score
            - np.einsum("pa,pca->pc", cross_first, shift[first])[:, :, None]
            - np.einsum("pa,pca->pc", cross_second, shift[second])[:, None, :]
        ) / information[:, None, None]
        variance = (share * influence**2).sum(axis=(1, 2))
    result[first, second] = result[second, first] = np.where(np.isfinite(variance) & (variance > 0), variance, np.nan)
    return result


# One factor


def dwls_loadings(answers: ArrayLike | pd.DataFrame, polychorics: ArrayLike | None = None) -> np.ndarray | None:
    """Estimate the loadings of one factor on the normal variables behind the answers, as lavaan's WLSMV does.

    Parameters
    ----------
    answers : DataFrame or array, shape (people, items)
        Ordered answers as numbers; missing is NaN.
    polychorics : array, shape (items, items), optional
        What `polychoric_matrix` gives for the answers.

    Returns
    -------
    array of float, shape (items,), or None
        Standardised loadings with a positive sum; one of 1 or beyond is an improper solution. None when a correlation
        or its variance is missing or the fit does not settle.

    Notes
    -----
    Least squares of the polychoric correlations, each weighted by one over its large-sample variance
    (`polychoric_variances`).

    References
    ----------
    Muthén (1984), Psychometrika 49, 115-132.
    """
    complete, _ = complete_rows(answers)
    matrix = _polychorics(complete, polychorics)
    variances = polychoric_variances(complete, matrix)
    return one_factor_weighted(matrix, 1 / (variances + np.eye(len(variances))))


def one_factor_weighted(correlation: ArrayLike, weights: ArrayLike) -> np.ndarray | None:
    """Fit the loadings of one factor by weighted least squares of the correlations.

    Parameters
    ----------
    correlation : array, shape (items, items)
        Correlation matrix, at least three items; it need not be positive definite.
    weights : array, shape (items, items)
        Positive weight of each correlation; the diagonal is not used.

    Returns
    -------
    array of float, shape (items,), or None
        Loadings with a positive sum, not held below 1. None when a number is missing or the fit does not settle.

    Notes
    -----
    Minimum over the loadings l of the sum over pairs of weight * (r_ij - l_i l_j)^2.
    """
    from scipy.optimize import least_squares

    matrix = np.asarray(correlation, dtype=float)
    k = len(matrix)
    first, second = np.tril_indices(k, k=-1)
    r, weight = matrix[first, second], np.asarray(weights, dtype=float)[first, second]
    if k < FEWEST_ITEMS or not (np.isfinite(r).all() and np.isfinite(weight).all() and (weight > 0).all()):
        return None
    root = np.sqrt(weight / weight.mean())  # weights of a common size, so that the stopping rules mean the same
    pairs = np.arange(len(r))

    def residuals(loadings):
        return root * (r - loadings[first] * loadings[second])

    def slopes(loadings):
        jacobian = np.zeros((len(r), k))
        jacobian[pairs, first] = -root * loadings[second]
        jacobian[pairs, second] = -root * loadings[first]
        return jacobian

    values, vectors = np.linalg.eigh(matrix)
    start = vectors[:, -1] * np.sqrt(values[-1])
    fit = least_squares(residuals, start, jac=slopes, method="lm", xtol=1e-12, ftol=1e-14, gtol=1e-12)
    if not fit.success or not np.isfinite(fit.x).all():
        return None
    return fit.x if fit.x.sum() >= 0 else -fit.x


def green_yang(
    cuts: Sequence[ArrayLike],
    loadings: ArrayLike,
    correlation: ArrayLike | None = None,
    steps: Sequence[ArrayLike] | None = None,
) -> float | None:
    """Reliability of the sum of ordered items from thresholds, loadings and correlations.

    Parameters
    ----------
    cuts : sequence of arrays
        Thresholds of each item, rising, in standard deviations of the normal variable.
    loadings : array, shape (items,)
        Standardised loadings on one factor, between -1 and 1.
    correlation : array, shape (items, items), optional
        Polychoric correlations for the variance of the sum; default those the loadings imply.
    steps : sequence of arrays, optional
        Points an item gains at each of its thresholds; default 1.

    Returns
    -------
    float or None
        None when the sum does not vary.

    Notes
    -----
    Covariance of the sums of two administrations with the same factor scores and fresh errors, over the variance of the
    sum. For items i, j and their thresholds a, b with points g, the covariance is the sum of
    g_a g_b (Phi2(a, b; l_i l_j) - Phi(a) Phi(b)). In the variance l_i l_j is replaced by the correlation of the items,
    and Phi2 of two thresholds of one item by min(Phi(a), Phi(b)).

    References
    ----------
    Green & Yang (2009), Psychometrika 74, 155-167.
    """
    loadings = np.asarray(loadings, dtype=float)
    cut = np.concatenate([np.asarray(item, dtype=float) for item in cuts])
    item = np.repeat(np.arange(len(cuts)), [len(item) for item in cuts])
    points = np.ones(len(cut)) if steps is None else np.concatenate([np.asarray(step, dtype=float) for step in steps])
    # Each pair of thresholds once, those off the diagonal counted twice.
    a, b = np.tril_indices(len(cut))
    weight = points[a] * points[b] * np.where(a == b, 1, 2)
    below = special.ndtr(cut)
    by_chance = below[a] * below[b]
    implied = loadings[item[a]] * loadings[item[b]]
    with_implied = bivariate_normal_cdf(cut[a], cut[b], implied)
    if correlation is None:
        together = with_implied
    else:
        together = bivariate_normal_cdf(cut[a], cut[b], np.asarray(correlation, dtype=float)[item[a], item[b]])
    together = np.where(item[a] == item[b], np.minimum(below[a], below[b]), together)
    variance = float((weight * (together - by_chance)).sum())
    if variance <= SMALLEST_PROBABILITY * weight.sum():
        return None
    return float((weight * (with_implied - by_chance)).sum()) / variance


# Normal distribution


def thresholds(answers: ArrayLike) -> np.ndarray:
    """Points that cut a standard normal variable into the shares of the answers.

    Parameters
    ----------
    answers : array, shape (people,)
        Ordered answers as numbers, none missing.

    Returns
    -------
    array of float, shape (different answers - 1,)
        Normal quantiles of the cumulative shares, rising. A category nobody chose has no share and so no threshold of
        its own: between the lowest and the highest answer it is joined with its neighbour. Empty for a constant answer.

    References
    ----------
    Olsson (1979), Psychometrika 44, 443-460.
    """
    _, counts = np.unique(np.asarray(answers, dtype=float), return_counts=True)
    return special.ndtri(np.cumsum(counts)[:-1] / counts.sum())


def bivariate_normal_cdf(h: ArrayLike, k: ArrayLike, rho: ArrayLike) -> np.ndarray:
    """Probability that two standard normal variables with a correlation lie below two limits.

    Parameters
    ----------
    h, k : array
        Limits in standard deviations; may be infinite.
    rho : array
        Correlations from -1 to 1; the three shapes are broadcast.

    Returns
    -------
    array of float, or float when all three are numbers

    Notes
    -----
    (Phi(h) + Phi(k)) / 2 - T(h, (k - rho h) / (h s)) - T(k, (h - rho k) / (k s)) - [h k < 0] / 2, with T Owen's
    function and s = sqrt(1 - rho^2). The same closed form as in ordinalcorr, which takes one correlation in a call; the
    sums of `green_yang` need one for each pair of items.

    References
    ----------
    Owen (1956), Annals of Mathematical Statistics 27, 1075-1090.
    """
    h, k, rho = (np.asarray(value, dtype=float) for value in (h, k, rho))
    # The formula divides by h, k and s: at zero its limit is met to machine precision just beside it.
    h, k = (np.where(np.abs(limit) < 1e-100, 1e-100, np.clip(limit, -BEYOND, BEYOND)) for limit in (h, k))
    inside = np.clip(rho, -1 + 1e-15, 1 - 1e-15)
    s = np.sqrt((1 - inside) * (1 + inside))
    below_h, below_k = special.ndtr(h), special.ndtr(k)
    first = special.owens_t(h, (k - inside * h) / (h * s))
    second = special.owens_t(k, (h - inside * k) / (k * s))
    probability = np.clip((below_h + below_k) / 2 - first - second - np.where(h * k < 0, 0.5, 0), 0, 1)
    probability = np.where(rho >= 1, np.minimum(below_h, below_k), probability)
    probability = np.where(rho <= -1, np.maximum(below_h + below_k - 1, 0), probability)
    return probability[()]


def _codes(values: np.ndarray) -> np.ndarray:
    """Rank of each answer among the different answers to its item, from 0."""
    return np.column_stack([np.unique(column, return_inverse=True)[1] for column in values.T])


def _counts(values: np.ndarray) -> np.ndarray:
    """Tables of all pairs of items, shape (pairs, categories, categories), in the order of `off_diagonal`."""
    codes = _codes(values)
    k, categories = codes.shape[1], codes.max() + 1
    indicator = (codes[:, :, None] == np.arange(categories)).reshape(len(codes), -1).astype(float)
    tables = (indicator.T @ indicator).reshape(k, categories, k, categories)
    first, second = np.tril_indices(k, k=-1)
    return tables[first, :, second, :]


def _edges(cuts: Sequence[np.ndarray], categories: int) -> np.ndarray:
    """Limits of the categories of each item, shape (items, categories + 1); unused ones beyond the highest."""
    edges = np.full((len(cuts), categories + 1), BEYOND)
    edges[:, 0] = -BEYOND
    for row, cut in zip(edges, cuts, strict=True):
        row[1 : len(cut) + 1] = cut
    return edges


def _cells(x: np.ndarray, y: np.ndarray, rho: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Probabilities of the cells of each pair's table with their slopes.

    Parameters
    ----------
    x, y : array, shape (pairs, categories + 1)
        Limits of the categories in rows and columns.
    rho : array, shape (pairs,)

    Returns
    -------
    probability, slope : array, shape (pairs, categories, categories)
        The probability and its slope in rho.
    of_x : array, shape (pairs, categories - 1, categories)
        Slope of the cell above a row threshold in that threshold; that of the cell below it is the negative.
    of_y : array, shape (pairs, categories, categories - 1)
        The same for column thresholds.
    """
    x, y, rho = x[:, :, None], y[:, None, :], rho[:, None, None]
    s = np.sqrt((1 - rho) * (1 + rho))
    corner = bivariate_normal_cdf(x, y, rho)
    density = np.exp(-((x - rho * y) ** 2) / (2 * s**2) - y**2 / 2) / (2 * np.pi * s)

    def difference(table):
        return np.diff(np.diff(table, axis=1), axis=2)

    inner_x, inner_y = x[:, 1:-1, :], y[:, :, 1:-1]
    of_x = _density(inner_x) * np.diff(special.ndtr((y - rho * inner_x) / s), axis=2)
    of_y = _density(inner_y) * np.diff(special.ndtr((x - rho * inner_y) / s), axis=1)
    return difference(corner), difference(density), of_x, of_y


def _density(z: np.ndarray) -> np.ndarray:
    return np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)


def _threshold_sums(weight: np.ndarray, of_x: np.ndarray, of_y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sum over cells of a weight times the slope of the cell's probability in each threshold of rows and columns."""
    rows = ((weight[:, :-1, :] - weight[:, 1:, :]) * of_x).sum(axis=2)
    columns = ((weight[:, :, :-1] - weight[:, :, 1:]) * of_y).sum(axis=1)
    return rows, columns


def _threshold_influence(edges: np.ndarray) -> np.ndarray:
    """Influence of an answer on each threshold of its item, shape (items, categories, categories - 1)."""
    cut = edges[:, 1:-1]
    at_or_below = np.arange(edges.shape[1] - 1)[:, None] <= np.arange(cut.shape[1])
    influence = (at_or_below - special.ndtr(cut)[:, None, :]) / _density(cut)[:, None, :]
    return np.where(cut[:, None, :] < BEYOND, influence, 0)


def _score(counts: np.ndarray, cuts: Sequence[np.ndarray], rho: float) -> tuple[float, np.ndarray]:
    """Log-likelihood of one table and its slopes in the correlation, the row and the column thresholds."""
    x, y = (np.concatenate([[-BEYOND], cut, [BEYOND]])[None] for cut in cuts)
    counts = counts[:, : x.shape[1] - 1, : y.shape[1] - 1]
    probability, slope, of_x, of_y = _cells(x, y, np.array([rho]))
    probability = np.maximum(probability, SMALLEST_PROBABILITY)
    per_cell = counts / probability
    rows, columns = _threshold_sums(per_cell, of_x, of_y)
    slopes = np.concatenate([[(per_cell * slope).sum()], rows[0], columns[0]])
    return float(special.xlogy(counts, probability).sum()), slopes


def _two_step_error(counts: np.ndarray, cuts: Sequence[np.ndarray], rho: float) -> float | None:
    step = min(1e-5, (1 - abs(rho)) / 2)
    above, below = (_score(counts, cuts, rho + sign * step)[1][0] for sign in (1, -1))
    curvature = (below - above) / (2 * step)
    return float(1 / np.sqrt(curvature)) if curvature > 0 else None


def _maximum_likelihood(
    counts: np.ndarray, cuts: Sequence[np.ndarray], rho: float
) -> tuple[float | None, float | None]:
    """Joint estimate of the correlation with the thresholds, from the two-step estimate on, and its standard error."""
    from scipy.optimize import minimize

    rows = len(cuts[0])

    def split(parameters):
        return [parameters[1 : rows + 1], parameters[rows + 1 :]], np.tanh(parameters[0])

    def loss(parameters):  # in the inverse hyperbolic tangent of the correlation, which has no bounds
        at, correlation = split(parameters)
        if any((np.diff(cut) <= 0).any() for cut in at) or abs(correlation) >= 1:
            return np.inf, np.zeros(len(parameters))
        value, slopes = _score(counts, at, correlation)
        slopes[0] *= 1 - correlation**2
        return -value, -slopes

    fit = minimize(loss, np.concatenate([[np.arctanh(rho)], *cuts]), jac=True, method="BFGS", options={"gtol": 1e-7})
    if not np.isfinite(fit.fun) or np.abs(fit.jac).max() > 1e-4 * counts.sum():
        return None, None
    at, correlation = split(fit.x)
    correlation = float(correlation)
    if abs(correlation) > BOUND:
        return correlation, None
    centre = np.concatenate([[correlation], *at])
    step = min(1e-5, (1 - abs(correlation)) / 2)

    def slopes_at(parameters):
        return _score(counts, [parameters[1 : rows + 1], parameters[rows + 1 :]], parameters[0])[1]

    shifts = step * np.eye(len(centre))
    hessian = np.array([(slopes_at(centre - shift) - slopes_at(centre + shift)) / (2 * step) for shift in shifts])
    hessian = (hessian + hessian.T) / 2
    if np.linalg.eigvalsh(hessian)[0] <= 0:
        return correlation, None
    return correlation, float(np.sqrt(np.linalg.inv(hessian)[0, 0]))


def _is_positive_definite(matrix: np.ndarray) -> bool:
    return bool(np.linalg.eigvalsh(matrix)[0] >= np.finfo(float).eps)


def _polychorics(complete: pd.DataFrame, given: ArrayLike | None) -> np.ndarray:
    if given is None:
        return polychoric_matrix(complete)
    matrix = np.asarray(given, dtype=float)
    if matrix.shape != (complete.shape[1],) * 2:
        raise ValueError(f"polychoric correlations of {complete.shape[1]} items are needed, not shape {matrix.shape}")
    return matrix


def _one_factor(
    items: ArrayLike | pd.DataFrame, name: str, loadings: str, polychorics: ArrayLike | None
) -> tuple[pd.DataFrame, dict, np.ndarray | None, np.ndarray | None, str]:
    """Complete rows, record, polychoric correlations, loadings and note; no loadings and the reason when undefined."""
    if loadings not in LOADINGS:
        raise ValueError(f"loadings are 'dwls' or 'uls', not {loadings!r}")
    complete, n_dropped = complete_rows(items)
    record = _record(complete, n_dropped, f"{name}, {LOADINGS[loadings]}")
    reason = _why_undefined(complete, FEWEST_ITEMS)
    if reason:
        return complete, record, None, None, reason
    matrix = _polychorics(complete, polychorics)
    # DWLS and the formula of Green & Yang take the correlations pair by pair and need no positive definite matrix.
    if loadings == "dwls":
        estimated, warning = dwls_loadings(complete, matrix), NOT_POSITIVE_DEFINITE
    else:
        estimated, warning = one_factor_minres(smooth_correlation(matrix)), SMOOTHED
    warnings = _warnings(complete, matrix, warning)
    if estimated is None:
        return (
            complete,
            record,
            None,
            None,
            "; ".join(["undefined: no proper one-factor solution was found", *warnings]),
        )
    if np.abs(estimated).max() >= 1:
        return complete, record, None, None, "; ".join([IMPROPER, *warnings])
    turned = complete.columns[estimated < 0]
    if len(turned):
        warnings.append(f"negative loading, reversed item suspected: {_names(turned)}")
    return complete, record, matrix, estimated, "; ".join(warnings)


def _record(complete: pd.DataFrame, n_dropped: int, method: str) -> dict:
    return {
        "n": len(complete),
        "method": method,
        "n_dropped": n_dropped,
        "dropped_reason": INCOMPLETE_ROW if n_dropped else "",
    }


def _why_undefined(complete: pd.DataFrame, fewest_items: int) -> str:
    n, k = complete.shape
    if k < fewest_items:
        return f"undefined: fewer than {'two' if fewest_items == 2 else 'three'} items"
    if n < FEWEST_ROWS:
        return f"undefined: fewer than {FEWEST_ROWS} complete rows (n = {n})"
    different = complete.nunique()
    if (different < 2).any():
        constant = complete.columns[(different < 2).to_numpy()]
        return f"undefined: a constant item has no correlations: {_names(constant)}"
    if (different > MOST_CATEGORIES).any():
        many = complete.columns[(different > MOST_CATEGORIES).to_numpy()]
        return f"undefined: answers are not categories, more than {MOST_CATEGORIES} different ones: {_names(many)}"
    return ""


def _warnings(complete: pd.DataFrame, matrix: np.ndarray, not_positive_definite: str) -> list[str]:
    warnings = []
    if not _is_positive_definite(matrix):
        warnings.append(not_positive_definite)
    first, second = np.tril_indices(len(matrix), k=-1)
    bound = np.abs(off_diagonal(matrix)) > BOUND
    if bound.any():
        at_bound = complete.columns[sorted({*first[bound], *second[bound]})]
        warnings.append(f"{AT_THE_BOUND}: {_names(at_bound)}")
    skipped = [column for column in complete if _has_empty_category(complete[column], complete)]
    if skipped:
        warnings.append(f"category that nobody chose, joined with its neighbour: {_names(skipped)}")
    return warnings


def _has_empty_category(answers: pd.Series, scale: pd.DataFrame) -> bool:
    """Whether other items of the scale use an answer that lies between the lowest and highest of this item."""
    used = np.unique(answers)
    of_scale = np.unique(scale.to_numpy())
    between = of_scale[(of_scale > used[0]) & (of_scale < used[-1])]
    return bool(np.setdiff1d(between, used).size)


def _names(columns: Sequence | pd.Index) -> str:
    return ", ".join(str(column) for column in columns)
