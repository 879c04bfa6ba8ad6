"""Factor models of a scale, and the omega coefficients that follow from them.

"Omega" is several numbers, so each function says in its name which one it gives: by maximum likelihood or minres, of
the total or of the general factor, over the variance the model implies or the variance observed.

Own solvers are used where a library has none that serves: statsmodels fits one factor by iterations that need not have
ended, does not tell an improper solution, costs a second to import and takes one matrix at a time, where a bootstrap
has thousands. One factor is fitted here by Newton's method to a whole stack of matrices at once; the tests hold it
against statsmodels. The rotation of several factors is statsmodels' own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special  # the distribution functions, without the second that importing scipy.stats costs

from piloteval.measures.complete import FEWEST_ROWS, INCOMPLETE_ROW, complete_rows
from piloteval.statistic import Statistic

#: Matrices fitted together: the working arrays of a block stay in the processor's cache.
BLOCK = 256

#: Steps with the expected curvature, which leads downhill from anywhere, before those with the exact one.
EXPECTED_STEPS = 4

#: Steps before a fit counts as not converged.
MOST_STEPS = 200

#: A fit has converged when no standardised loading moves by more than this; the next Newton step would square it.
SETTLED = 1e-7

#: Standardised error variances below this count as none: the solution is improper (a Heywood case).
NO_ERROR = 1e-4

#: Standardised loadings below this count as none; three others identify a factor.
NO_LOADING = 1e-6

#: Lowest standardised error variance in a model with several factors, the bound psych and factanal use.
LOWEST_ERROR = 0.005

#: Rotations from random starts beside the one from the unrotated factors, against local minima.
RANDOM_STARTS = 4

#: Totals below this share of the summed item variances are rounding noise.
NEGLIGIBLE = 1e-12

NOT_CONVERGED = "undefined: the factor model did not converge"
IMPROPER = "undefined: improper solution (Heywood case), the model leaves an item or factor no error variance"
NOT_IDENTIFIED = "undefined: fewer than three items load on the factor, it is not identified"
TWO_ITEMS = "undefined: a factor of two items is not identified, see Spearman-Brown"
NO_TOTAL = "undefined: the total score does not vary"


@dataclass(frozen=True)
class ConfirmatoryModel:
    """Fit of a model in which each item belongs to one factor and the factors may correlate.

    Attributes
    ----------
    loadings, error_variances : array, shape (items,)
        Of each item on its factor (factors of variance 1), in units of the item and their square.
    factor_correlations : array, shape (factors, factors)
    implied : array, shape (items, items)
        Covariance matrix of the fitted model.
    converged : bool
        Whether the search ended at a minimum.
    proper : bool
        Whether every error variance is positive and the factor correlations form a correlation matrix.
    chi2, p : float
        Test of the model against any covariance matrix; ``p`` is None for a model without degrees of freedom.
    df : int
    cfi, tli, rmsea, srmr : float
    log_likelihood, aic, bic : float
        Of a multivariate normal distribution.
    ave : array, shape (factors,)
        Average variance extracted: share of the items' variance that is their factor's.
    """

    loadings: np.ndarray
    error_variances: np.ndarray
    factor_correlations: np.ndarray
    implied: np.ndarray
    converged: bool
    proper: bool
    chi2: float
    df: int
    p: float | None
    cfi: float
    tli: float
    rmsea: float
    srmr: float
    log_likelihood: float
    aic: float
    bic: float
    ave: np.ndarray


@dataclass(frozen=True)
class SchmidLeiman:
    """A general factor and group factors, all uncorrelated.

    Attributes
    ----------
    general : array, shape (items,)
        Loadings on the general factor; their sum is not negative.
    groups : array, shape (items, factors)
        Loadings on the group factors; NaN for a factor the general one leaves nothing of.
    uniquenesses : array, shape (items,)
        Variance of each standardised item that no factor explains.
    second_order : array, shape (factors,)
        Loadings of the correlated factors on the general one.
    factor_correlations : array, shape (factors, factors)
        Of the factors the general one was taken from.
    reason : str
        Why the solution is not to be used; empty for a proper one.
    """

    general: np.ndarray
    groups: np.ndarray
    uniquenesses: np.ndarray
    second_order: np.ndarray
    factor_correlations: np.ndarray
    reason: str


# Omega of answers


def omega_total_ml(items: ArrayLike | pd.DataFrame, observed: bool = False) -> Statistic:
    """Omega total of one factor, by maximum likelihood on the covariances, from complete rows.

    Parameters
    ----------
    items : DataFrame or array, shape (people, items)
        Answers, reversed items already turned; missing is NaN.
    observed : bool
        Divide by the observed variance of the total instead of the one the model implies.

    Returns
    -------
    Statistic
        Without interval; `omega_of_draws` serves a bootstrap. Items with a negative loading are noted. Undefined with
        fewer than three items or complete rows, a constant item, a singular covariance matrix, and where the model has
        no proper solution.

    Notes
    -----
    (sum of loadings)^2 / ((sum of loadings)^2 + sum of error variances), in units of the items: the reliability of
    their plain sum when one factor explains all covariance.

    References
    ----------
    McDonald (1999), Test Theory: A Unified Treatment, chapter 6; Jöreskog (1971), Psychometrika 36, 109-133.
    """
    denominator = "observed" if observed else "model-implied"
    complete, record = _complete(items, f"omega total (one factor, ML, {denominator} variance)")
    reason = _why_undefined(complete) or _why_singular(complete)
    if reason:
        return Statistic(None, note=reason, **record)
    covariance = _covariance(complete)
    loadings, uniquenesses, reason = fit_one_factor_ml(covariance)
    if reason:
        return Statistic(None, note=reason, **record)
    omega = omega_from_loadings(loadings, uniquenesses, covariance.sum() if observed else None)
    return _reported(omega, loadings, complete, record)


def omega_total_minres(items: ArrayLike | pd.DataFrame) -> Statistic:
    """Omega total of one factor, by minimum residuals on the correlations, from complete rows.

    Parameters
    ----------
    items : DataFrame or array, shape (people, items)
        Answers, reversed items already turned; missing is NaN.

    Returns
    -------
    Statistic
        Of the sum of the standardised items, without interval. Notes and undefined cases as in `omega_total_ml`; a
        singular correlation matrix is allowed.

    Notes
    -----
    1 - sum of uniquenesses / sum of the observed correlations, as psych reports it.

    References
    ----------
    Revelle & Zinbarg (2009), Psychometrika 74, 145-154.
    """
    complete, record = _complete(items, "omega total (one factor, minres, standardised)")
    reason = _why_undefined(complete)
    if reason:
        return Statistic(None, note=reason, **record)
    correlation = _correlation(complete)
    loadings, reason = fit_one_factor_minres(correlation)
    if loadings is None:
        return Statistic(None, note=reason, **record)
    omega = omega_from_uniquenesses(1 - loadings**2, correlation)
    return _reported(omega, loadings, complete, record)


def omega_hierarchical(items: ArrayLike | pd.DataFrame, n_factors: int = 3) -> Statistic:
    """Share of the variance of the standardised total that one general factor explains, from complete rows.

    Parameters
    ----------
    items : DataFrame or array, shape (people, items)
        Answers, reversed items already turned; missing is NaN.
    n_factors : int
        Group factors, at least 2.

    Returns
    -------
    Statistic
        Without interval. Notes as in `omega_total_ml`. Undefined for its reasons, with two group factors, with too few
        items for the factors, and where the model of the items or the one of the factors is improper.

    Raises
    ------
    ValueError
        If there are fewer than two group factors.

    See Also
    --------
    omegas_of_hierarchy : this coefficient with the total and the asymptotic one.

    References
    ----------
    Zinbarg, Revelle, Yovel & Li (2005), Psychometrika 70, 123-133.
    """
    return omegas_of_hierarchy(items, n_factors)["hierarchical"]


def omegas_of_hierarchy(items: ArrayLike | pd.DataFrame, n_factors: int = 3) -> dict[str, Statistic]:
    """Omega hierarchical, its limit in a very long test, and omega total, of one Schmid-Leiman solution.

    Parameters
    ----------
    items, n_factors
        As in `omega_hierarchical`.

    Returns
    -------
    dict of Statistic
        ``hierarchical``, ``asymptotic`` and ``total``.

    Raises
    ------
    ValueError
        If there are fewer than two group factors.

    References
    ----------
    Zinbarg, Revelle, Yovel & Li (2005), Psychometrika 70, 123-133; Schmid & Leiman (1957), Psychometrika 22, 53-61.
    """
    if n_factors < 2:
        raise ValueError(f"a general factor is taken from at least two group factors, not {n_factors}")
    names = ("hierarchical", "asymptotic", "total")
    described = f"{n_factors} factors, minres, oblimin, Schmid-Leiman, standardised"
    complete, record = _complete(items, "")
    records = {name: {**record, "method": f"omega {name} ({described})"} for name in names}
    reason = _why_undefined(complete) or _why_too_many_factors(complete.shape[1], n_factors)
    if not reason:
        correlation = _correlation(complete)
        solution = schmid_leiman(correlation, n_factors)
        reason = NOT_CONVERGED if solution is None else solution.reason
    if reason:
        return {name: Statistic(None, note=reason, **records[name]) for name in names}
    values = omegas_from_schmid_leiman(solution, correlation)
    return {name: _reported(values[name], solution.general, complete, records[name]) for name in names}


# One factor


def one_factor_minres(correlation: ArrayLike) -> np.ndarray | None:
    """Find the loadings on one factor that leave the smallest squared residual correlations.

    Parameters
    ----------
    correlation : array, shape (items, items)
        Correlation matrix; need not be positive definite.

    Returns
    -------
    array of float, shape (items,), or None
        Their sum is not negative. None with fewer than three items or no proper solution; `fit_one_factor_minres` says
        why.

    References
    ----------
    Harman & Jones (1966), Psychometrika 31, 351-368.
    """
    return fit_one_factor_minres(correlation)[0]


def fit_one_factor_minres(correlation: ArrayLike) -> tuple[np.ndarray | None, str]:
    """Find the loadings of `one_factor_minres`, or why there are none.

    Parameters
    ----------
    correlation : array, shape (items, items)
        Correlation matrix.

    Returns
    -------
    loadings : array of float, shape (items,), or None
    reason : str
        Empty for a proper solution, else beginning with "undefined".
    """
    matrix = _square(correlation)
    if len(matrix) < 3:
        return None, TWO_ITEMS
    loadings, reasons = _fit(matrix[None], _minres)
    return (None, reasons[0]) if reasons[0] else (loadings[0], "")


def minres_of_draws(correlations: ArrayLike) -> np.ndarray:
    """Find the loadings of `one_factor_minres` for many correlation matrices at once.

    Parameters
    ----------
    correlations : array, shape (draws, items, items)
        Correlation matrices of at least three items.

    Returns
    -------
    array of float, shape (draws, items)
        NaN for a draw without a proper solution.
    """
    loadings, reasons = _fit(_stack(correlations), _minres)
    loadings[reasons != ""] = np.nan
    return loadings


def one_factor_ml(covariance: ArrayLike) -> tuple[np.ndarray, np.ndarray, bool] | None:
    """Find the loadings and error variances of one factor with the largest normal likelihood.

    Parameters
    ----------
    covariance : array, shape (items, items)
        Covariance matrix.

    Returns
    -------
    loadings, uniquenesses : array of float, shape (items,)
        In units of the items and their square; the sum of the loadings is not negative.
    converged : bool
        False where no proper solution was found; what is returned is then where the search ended.
    None
        With fewer than three items or a constant one.

    Notes
    -----
    The likelihood equations make the model reproduce the variances of the items, so that on correlations each error
    variance is one less the squared loading, and the search is over the loadings alone.

    References
    ----------
    Jöreskog (1967), Psychometrika 32, 443-482; Lawley & Maxwell (1971), Factor Analysis as a Statistical Method, 2nd
    ed.
    """
    loadings, uniquenesses, reason = fit_one_factor_ml(covariance)
    return None if loadings is None else (loadings, uniquenesses, not reason)


def fit_one_factor_ml(covariance: ArrayLike) -> tuple[np.ndarray | None, np.ndarray | None, str]:
    """Find the solution of `one_factor_ml`, and why it is not to be used.

    Parameters
    ----------
    covariance : array, shape (items, items)
        Covariance matrix.

    Returns
    -------
    loadings, uniquenesses : array of float, shape (items,), or None
    reason : str
        Empty for a proper solution, else beginning with "undefined".
    """
    matrix = _square(covariance)
    if len(matrix) < 3:
        return None, None, TWO_ITEMS
    variance = np.diag(matrix)
    if not (variance > 0).all():
        return None, None, "undefined: a constant item has no loading"
    sd = np.sqrt(variance)
    loadings, reasons = _fit((matrix / np.outer(sd, sd))[None], _likelihood)
    standardised = loadings[0]
    # The sign is chosen in units of the items, because it is their sum that is to have a positive loading.
    raw = standardised * sd * (-1 if standardised @ sd < 0 else 1)
    return raw, (1 - standardised**2) * variance, str(reasons[0])


def omega_of_draws(covariances: ArrayLike) -> np.ndarray:
    """Omega total (one factor, ML, model-implied variance) of many covariance matrices at once.

    Parameters
    ----------
    covariances : array, shape (draws, items, items)
        Covariance matrices of at least three items.

    Returns
    -------
    array of float, shape (draws,)
        NaN for a draw with a constant item or without a proper solution.

    Notes
    -----
    The formula of `omega_total_ml`.
    """
    stack = _stack(covariances)
    variance = np.diagonal(stack, axis1=1, axis2=2)
    varies = (variance > NEGLIGIBLE * variance.sum(axis=1, keepdims=True)).all(axis=1)
    result = np.full(len(stack), np.nan)
    sd = np.sqrt(variance[varies])
    loadings, reasons = _fit(stack[varies] / (sd[:, :, None] * sd[:, None, :]), _likelihood)
    common = (loadings * sd).sum(axis=1) ** 2
    omegas = common / (common + ((1 - loadings**2) * sd**2).sum(axis=1))
    result[varies] = np.where(reasons == "", omegas, np.nan)
    return result


def omega_from_loadings(loadings: ArrayLike, uniquenesses: ArrayLike, total: float | None = None) -> float | None:
    """Omega total of the sum of items that load on one factor.

    Parameters
    ----------
    loadings, uniquenesses : array, shape (items,)
        Loadings and error variances, both standardised or both in units of the items.
    total : float, optional
        Observed variance of the sum; without it, the variance that the model implies.

    Returns
    -------
    float or None
        None when the sum does not vary.

    References
    ----------
    McDonald (1999), Test Theory: A Unified Treatment, chapter 6.
    """
    common, error = np.sum(loadings) ** 2, np.sum(uniquenesses)
    if total is None:
        total = common + error
    return float(common / total) if total > NEGLIGIBLE * (common + error) else None


def omega_from_uniquenesses(uniquenesses: ArrayLike, correlation: ArrayLike) -> float | None:
    """Omega total from what any number of factors leaves unexplained.

    Parameters
    ----------
    uniquenesses : array, shape (items,)
        Error variances.
    correlation : array, shape (items, items)
        Observed correlations; covariances if the error variances are in units of the items.

    Returns
    -------
    float or None
        1 - sum of uniquenesses / sum of the matrix; None when the sum of the items does not vary.

    References
    ----------
    Revelle & Zinbarg (2009), Psychometrika 74, 145-154.
    """
    matrix = _square(correlation)
    total = matrix.sum()
    return float(1 - np.sum(uniquenesses) / total) if total > NEGLIGIBLE * np.trace(matrix) else None


# Several factors


def factors_minres(correlation: ArrayLike, n_factors: int) -> tuple[np.ndarray, np.ndarray, bool]:
    """Unrotated loadings on several factors that leave the smallest squared residual correlations.

    Parameters
    ----------
    correlation : array, shape (items, items)
        Correlation matrix.
    n_factors : int
        Number of factors, at least 1 and fewer than items.

    Returns
    -------
    loadings : array of float, shape (items, factors)
        Largest factor first.
    uniquenesses : array of float, shape (items,)
        At least `LOWEST_ERROR`; at that bound the solution is a Heywood case.
    converged : bool

    Raises
    ------
    ValueError
        If there are not more items than factors.

    Notes
    -----
    Minimises, over the uniquenesses, half the sum of the squares of all but the largest eigenvalues of the correlation
    matrix less the uniquenesses.

    References
    ----------
    Harman & Jones (1966), Psychometrika 31, 351-368; Jöreskog (1977), in Enslein, Ralston & Wilf (eds.), Statistical
    Methods for Digital Computers, 125-153.
    """
    from scipy import optimize  # here, because the one-factor functions do without it

    matrix = _square(correlation)
    k = len(matrix)
    if not 1 <= n_factors < k:
        raise ValueError(f"{n_factors} factors of {k} items cannot be fitted")

    def residual(uniquenesses: np.ndarray) -> tuple[float, np.ndarray]:
        values, vectors = np.linalg.eigh(matrix - np.diag(uniquenesses))
        values, vectors = values[:-n_factors], vectors[:, :-n_factors]
        return float((values**2).sum() / 2), -(vectors**2) @ values

    start = np.full(k, 0.5)
    if np.linalg.matrix_rank(matrix) == k:
        start = np.clip(1 / np.diag(np.linalg.inv(matrix)), LOWEST_ERROR, 1)
    found = optimize.minimize(
        residual,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=[(LOWEST_ERROR, 1)] * k,
        options={"ftol": 1e-16, "gtol": 1e-9, "maxiter": 5000, "maxcor": 20},
    )
    uniquenesses = found.x
    # The line search may give up at the last digits of a minimum; the slope says whether it is one.
    slope = residual(uniquenesses)[1]
    slope = np.where((uniquenesses <= LOWEST_ERROR) & (slope > 0), 0, slope)
    slope = np.where((uniquenesses >= 1) & (slope < 0), 0, slope)
    values, vectors = np.linalg.eigh(matrix - np.diag(uniquenesses))
    loadings = (vectors * np.sqrt(np.maximum(values, 0)))[:, ::-1][:, :n_factors]
    return loadings, uniquenesses, bool(np.abs(slope).max() < 1e-5)


def oblimin(loadings: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Rotate factors to simple structure and let them correlate.

    Parameters
    ----------
    loadings : array, shape (items, factors)
        Unrotated loadings on at least two factors.

    Returns
    -------
    pattern : array of float, shape (items, factors)
        Rotated loadings; each column has a sum that is not negative.
    factor_correlations : array of float, shape (factors, factors)

    Notes
    -----
    Direct oblimin with gamma = 0 and without Kaiser normalisation, as GPArotation has it by default; the best of
    several starts, always the same ones.

    References
    ----------
    Jennrich (2002), Psychometrika 67, 7-19; Bernaards & Jennrich (2005), Educational and Psychological Measurement 65,
    676-696.
    """
    from statsmodels.multivariate.factor_rotation import rotate_factors  # here: it takes a second to import

    unrotated = np.asarray(loadings, dtype=float)
    n_factors = unrotated.shape[1]
    rng = np.random.default_rng(0)
    starts = [np.eye(n_factors)]
    starts += [np.linalg.qr(rng.normal(size=(n_factors, n_factors)))[0] for _ in range(RANDOM_STARTS)]
    best, nearest = np.inf, starts[0]
    for start in starts:  # near enough to tell the minima apart, then the best of them to the end
        rotated, rotation = rotate_factors(unrotated, "oblimin", 0, "oblique", T=start, tol=1e-3, max_tries=200)
        squares = rotated**2
        criterion = (squares.sum(axis=1) ** 2 - (squares**2).sum(axis=1)).sum()
        if criterion < best - 1e-6:
            best, nearest = criterion, rotation
    pattern, rotation = rotate_factors(unrotated, "oblimin", 0, "oblique", T=nearest, tol=1e-7, max_tries=2000)
    sign = np.where(pattern.sum(axis=0) < 0, -1, 1)
    return pattern * sign, rotation.T @ rotation * np.outer(sign, sign)


def schmid_leiman(correlation: ArrayLike, n_factors: int = 3) -> SchmidLeiman | None:
    """General factor of correlated factors of the items.

    Parameters
    ----------
    correlation : array, shape (items, items)
        Correlation matrix.
    n_factors : int
        Number of correlated factors, at least 3.

    Returns
    -------
    SchmidLeiman or None
        None when the factors of the items could not be fitted. An improper solution is returned with its reason: a
        Heywood case is what the bound `LOWEST_ERROR` made of it, as psych has it.

    Raises
    ------
    ValueError
        If there are too few or too many factors.

    Notes
    -----
    Minres factors, rotated by `oblimin`; one minres factor of their correlations gives g; the loadings on the general
    factor are pattern * g, on the group factors pattern * sqrt(1 - g^2).

    References
    ----------
    Schmid & Leiman (1957), Psychometrika 22, 53-61.
    """
    matrix = _square(correlation)
    reason = _why_too_many_factors(len(matrix), n_factors)
    if reason or n_factors < 3:
        raise ValueError(reason or f"a general factor is taken from at least three factors, not {n_factors}")
    loadings, uniquenesses, converged = factors_minres(matrix, n_factors)
    if not converged:
        return None
    pattern, factor_correlations = oblimin(loadings)
    second_order, left, second_converged = factors_minres(factor_correlations, 1)
    second_order = second_order[:, 0]
    general = pattern @ second_order
    if general.sum() < 0:
        second_order, general = -second_order, -general
    reason = "" if second_converged else NOT_CONVERGED
    if min(uniquenesses.min(), left.min()) <= LOWEST_ERROR * (1 + 1e-6):
        reason = IMPROPER
    specific = 1 - second_order**2
    groups = pattern * np.sqrt(np.where(specific > 0, specific, np.nan))
    return SchmidLeiman(general, groups, 1 - (loadings**2).sum(axis=1), second_order, factor_correlations, reason)


def omegas_from_schmid_leiman(solution: SchmidLeiman, correlation: ArrayLike) -> dict[str, float | None]:
    """Omega hierarchical, its limit in a very long test, and omega total.

    Parameters
    ----------
    solution : SchmidLeiman
        General factor and uniquenesses.
    correlation : array, shape (items, items)
        The matrix it was fitted to.

    Returns
    -------
    dict
        ``hierarchical``: (sum of general loadings)^2 over the sum of the matrix. ``asymptotic``: the same over the part
        of that sum that any factor explains. ``total``: that part over the sum. None when the total does not vary.

    References
    ----------
    Zinbarg, Revelle, Yovel & Li (2005), Psychometrika 70, 123-133.
    """
    matrix = _square(correlation)
    total = omega_from_uniquenesses(solution.uniquenesses, matrix)
    if total is None or total <= 0:
        return {"hierarchical": None, "asymptotic": None, "total": total}
    hierarchical = float(solution.general.sum() ** 2 / matrix.sum())
    return {"hierarchical": hierarchical, "asymptotic": hierarchical / total, "total": total}


def confirmatory_model(
    covariance: ArrayLike, n: int, clusters: Sequence[Sequence[int]], mean_structure: bool = False
) -> ConfirmatoryModel | None:
    """Fit correlated factors of which each item has one, with uncorrelated errors, by maximum likelihood.

    Parameters
    ----------
    covariance : array, shape (items, items)
        Covariance matrix with divisor ``n``.
    n : int
        Number of people.
    clusters : sequence of sequences of int
        Positions of the items of each factor; every item once.
    mean_structure : bool
        Count the item means, which the model leaves free, among what is described: the parameters of AIC and BIC and
        the residuals SRMR is averaged over, as lavaan does with a mean structure.

    Returns
    -------
    ConfirmatoryModel or None
        None when the model is not identified (a factor alone with fewer than three items, one of several with fewer
        than two) or the covariance matrix is singular. A negative error variance is not prevented: ``proper`` tells.

    Raises
    ------
    ValueError
        If an item has no factor or two.

    Notes
    -----
    chi2 = n F with F = log|Sigma| + tr(S Sigma^-1) - log|S| - k. RMSEA, CFI and TLI as lavaan has them for
    likelihood = "normal", against the model of uncorrelated items; SRMR divides residual covariances by the observed
    standard deviations and counts the variances.

    References
    ----------
    Jöreskog (1969), Psychometrika 34, 183-202; Hu & Bentler (1999), Structural Equation Modeling 6, 1-55; Rosseel
    (2012), Journal of Statistical Software 48(2), 1-36. Average variance extracted: Fornell & Larcker (1981), Journal
    of Marketing Research 18, 39-50.
    """
    matrix = _square(covariance)
    k, q = len(matrix), len(clusters)
    if sorted(item for cluster in clusters for item in cluster) != list(range(k)):
        raise ValueError("every item belongs to exactly one factor")
    fewest = 3 if q == 1 else 2
    variance = np.diag(matrix)
    if min(len(cluster) for cluster in clusters) < fewest or not (variance > 0).all():
        return None
    sd = np.sqrt(variance)
    correlation = matrix / np.outer(sd, sd)
    if np.linalg.matrix_rank(correlation) < k:
        return None
    factor = np.empty(k, dtype=int)
    for number, cluster in enumerate(clusters):
        factor[list(cluster)] = number
    loadings, errors, phi, converged = _fit_clusters(correlation, factor, q)
    sigma = loadings[:, None] * phi[np.ix_(factor, factor)] * loadings + np.diag(errors)
    log_determinant = np.linalg.slogdet(correlation)[1]
    discrepancy = _discrepancy(correlation, sigma)
    chi2 = max(float(n * (discrepancy - log_determinant - k)), 0.0)
    parameters = 2 * k + q * (q - 1) // 2
    df = k * (k + 1) // 2 - parameters
    base_chi2, base_df = -n * log_determinant, k * (k - 1) // 2
    excess, base_excess = max(chi2 - df, 0.0) if df else 0.0, max(base_chi2 - base_df, 0.0)
    worst = max(excess, base_excess)
    residuals = (correlation - sigma)[np.tril_indices(k)]
    counted = len(residuals) + (k if mean_structure else 0)
    parameters += k if mean_structure else 0
    log_likelihood = float(-n / 2 * (k * np.log(2 * np.pi) + discrepancy + np.log(variance).sum()))
    raw_common, raw_error = (loadings * sd) ** 2, errors * variance
    extracted = [raw_common[factor == j].sum() / (raw_common + raw_error)[factor == j].sum() for j in range(q)]
    return ConfirmatoryModel(
        loadings=loadings * sd,
        error_variances=raw_error,
        factor_correlations=phi,
        implied=sigma * np.outer(sd, sd),
        converged=converged,
        proper=bool((errors > NO_ERROR).all() and np.linalg.eigvalsh(phi)[0] > NEGLIGIBLE),
        chi2=chi2,
        df=df,
        p=float(special.chdtrc(df, chi2)) if df else None,
        cfi=float(1 - excess / worst) if worst else 1.0,
        tli=float((base_chi2 / base_df - chi2 / df) / (base_chi2 / base_df - 1)) if df else 1.0,
        rmsea=float(np.sqrt(excess / (n * df))) if df else 0.0,
        srmr=float(np.sqrt((residuals**2).sum() / counted)),
        log_likelihood=log_likelihood,
        aic=-2 * log_likelihood + 2 * parameters,
        bic=-2 * log_likelihood + np.log(n) * parameters,
        ave=np.array(extracted),
    )


# Solver of one factor, for a stack of correlation matrices

#: Value, gradient and curvature of what is minimised, of each matrix at its loadings; the curvature exact or expected.
Criterion = Callable[[np.ndarray, np.ndarray, bool], tuple[np.ndarray, np.ndarray, np.ndarray]]


def _fit(correlations: np.ndarray, criterion: Criterion) -> tuple[np.ndarray, np.ndarray]:
    """Return the loadings of each matrix, their sum not negative, and why they are not a proper solution."""
    loadings = np.empty(correlations.shape[:2])
    settled = np.empty(len(correlations), dtype=bool)
    for start in range(0, len(correlations), BLOCK):
        block = slice(start, start + BLOCK)
        loadings[block], settled[block] = _fit_block(correlations[block], criterion)
    loadings *= np.where(loadings.sum(axis=1) < 0, -1, 1)[:, None]
    reasons = np.full(len(correlations), "", dtype=object)
    reasons[(np.abs(loadings) > NO_LOADING).sum(axis=1) < 3] = NOT_IDENTIFIED
    reasons[~settled] = NOT_CONVERGED
    reasons[_improper(loadings)] = IMPROPER
    return loadings, reasons


def _fit_block(correlations: np.ndarray, criterion: Criterion) -> tuple[np.ndarray, np.ndarray]:
    loadings, settled = _descend(correlations, criterion, EXPECTED_STEPS)
    done = np.flatnonzero(settled)
    settled[done] = _at_minimum(correlations[done], loadings[done], criterion)
    again = np.flatnonzero(~settled & ~_improper(loadings))
    if len(again):  # the exact curvature led to a saddle: slower, and only downhill
        loadings[again], settled[again] = _descend(correlations[again], criterion, MOST_STEPS)
        done = again[settled[again]]
        settled[done] = _at_minimum(correlations[done], loadings[done], criterion)
    return loadings, settled


def _descend(correlations: np.ndarray, criterion: Criterion, expected: int) -> tuple[np.ndarray, np.ndarray]:
    """Damped Newton steps of all matrices at once; those that are through leave the stack."""
    loadings = _start(correlations)
    settled = np.zeros(len(correlations), dtype=bool)
    active = np.arange(len(correlations))
    matrix, point = correlations, loadings.copy()
    value, gradient, curvature = criterion(matrix, point, False)
    damping = np.full(len(active), 1e-3)
    diagonal = np.arange(correlations.shape[1])
    for number in range(MOST_STEPS):
        if not len(active):
            break
        damped = curvature.copy()
        damped[:, diagonal, diagonal] += damping[:, None] * np.abs(damped[:, diagonal, diagonal]) + 1e-12
        step = -np.linalg.solve(damped, gradient[..., None])[..., 0]
        size = np.abs(step).max(axis=1)
        step *= np.minimum(1, 0.5 / np.maximum(size, NEGLIGIBLE))[:, None]
        if criterion is _likelihood:  # it has no value at a loading of 1: stop at nine tenths of the way
            room = np.where(step > 0, 1 - point, 1 + point)
            step *= np.minimum(1, 0.9 / np.maximum((np.abs(step) / room).max(axis=1), NEGLIGIBLE))[:, None]
        trial = point + step
        trial_value, trial_gradient, trial_curvature = criterion(matrix, trial, number + 1 >= expected)
        better = trial_value <= value + 1e-13 * np.maximum(1, np.abs(value))
        point[better], value[better] = trial[better], trial_value[better]
        gradient[better], curvature[better] = trial_gradient[better], trial_curvature[better]
        damping = np.where(better, damping / 10, np.maximum(damping, 1e-3) * 10)
        damping[damping < 1e-5] = 0
        done = better & (size < SETTLED)
        stopped = done | (damping > 1e6)
        # On its way to no error variance a likelihood goes on rising for ever; a minres loading passes 1 and settles.
        stopped |= (1 - point**2 < NO_ERROR / 100).any(axis=1) & (criterion is _likelihood)
        if stopped.any():
            loadings[active[stopped]] = point[stopped]
            settled[active[done]] = True
            going = ~stopped
            active, matrix, point, value = active[going], matrix[going], point[going], value[going]
            gradient, curvature, damping = gradient[going], curvature[going], damping[going]
    loadings[active] = point
    return loadings, settled


def _at_minimum(correlations: np.ndarray, loadings: np.ndarray, criterion: Criterion) -> np.ndarray:
    """Whether the criterion rises in every direction."""
    if not len(loadings):
        return np.zeros(0, dtype=bool)
    inside = np.where(np.abs(loadings) < 1, loadings, 0) if criterion is _likelihood else loadings
    curvature = criterion(correlations, inside, True)[2]
    try:
        np.linalg.cholesky(curvature)
    except np.linalg.LinAlgError:
        return np.linalg.eigvalsh(curvature)[:, 0] > 0
    return np.ones(len(loadings), dtype=bool)


def _improper(loadings: np.ndarray) -> np.ndarray:
    return (1 - loadings**2 < NO_ERROR).any(axis=1)


def _start(correlations: np.ndarray) -> np.ndarray:
    """First principal component, roughly: from the item most related to the others, which also settles the signs."""
    related = (correlations**2).sum(axis=1).argmax(axis=1)
    vector = correlations[np.arange(len(correlations)), :, related]
    size = np.ones((len(correlations), 1))
    for _ in range(6):
        vector = np.matmul(correlations, vector[..., None])[..., 0]
        size = np.sqrt((vector**2).sum(axis=1, keepdims=True))
        vector = vector / np.maximum(size, NEGLIGIBLE)
    return np.clip(vector * np.sqrt(size), -0.9, 0.9)


def _minres(correlations: np.ndarray, loadings: np.ndarray, exact: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Half the sum, over pairs of items, of (r - l_i l_j)^2, less its constant part."""
    squares = loadings**2
    total = squares.sum(axis=1, keepdims=True)
    image = np.matmul(correlations, loadings[..., None])[..., 0] - loadings
    value = (total[:, 0] ** 2 - (squares**2).sum(axis=1)) / 4 - (image * loadings).sum(axis=1) / 2
    gradient = loadings * (total - squares) - image
    curvature = loadings[:, :, None] * loadings[:, None, :]
    if exact:
        curvature = 2 * curvature - correlations
    diagonal = np.arange(loadings.shape[1])
    curvature[:, diagonal, diagonal] = total - squares
    return value, gradient, curvature


def _likelihood(
    correlations: np.ndarray, loadings: np.ndarray, exact: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """log|Sigma| + tr(R Sigma^-1) of Sigma = l l' + diag(1 - l^2).

    With B = Sigma^-1, Q = B R B and S_i the derivative of Sigma by l_i, the gradient is tr((B - Q) S_i), the expected
    curvature tr(B S_i B S_j), and the exact one tr(Q S_i B S_j) + tr(B S_i Q S_j) - tr(B S_i B S_j) + tr((B - Q) S_ij).
    B is a diagonal less a product of a vector with itself, so that none of this takes a product of two matrices.
    """
    diagonal = np.arange(loadings.shape[1])
    error = 1 - loadings**2
    inside = (error > 0).all(axis=1)
    precision = 1 / np.where(error > 0, error, 1)
    weight = loadings * precision
    scale = 1 + (weight * loadings).sum(axis=1, keepdims=True)
    b_loadings = weight / scale
    image = np.matmul(correlations, weight[..., None])[..., 0]
    explained = (weight * image).sum(axis=1, keepdims=True)
    value = -np.log(precision).sum(axis=1) + np.log(scale[:, 0]) + precision.sum(axis=1) - (explained / scale)[:, 0]
    value = np.where(inside, value, np.inf)
    scaled = precision * image
    q_loadings = (scaled - b_loadings * explained) / scale
    b = -weight[:, :, None] * b_loadings[:, None, :]
    b[:, diagonal, diagonal] += precision
    q_diagonal = precision**2 - 2 * scaled * b_loadings + b_loadings**2 * explained
    gradient = 2 * (b_loadings - q_loadings - (b[:, diagonal, diagonal] - q_diagonal) * loadings)
    b_cross, b_inner = _products(b, b_loadings, loadings)
    expected = b_cross * b_cross.transpose(0, 2, 1) + b * b_inner
    if not exact:
        return value, gradient, 2 * expected
    mixed = scaled[:, :, None] * b_loadings[:, None, :]
    q = precision[:, :, None] * correlations * precision[:, None, :] - mixed - mixed.transpose(0, 2, 1)
    q += (b_loadings * explained)[:, :, None] * b_loadings[:, None, :]
    q_cross, q_inner = _products(q, q_loadings, loadings)
    mixed = q_cross * b_cross.transpose(0, 2, 1)
    rest = b - q
    rest[:, diagonal, diagonal] = 0
    return value, gradient, 2 * (mixed + mixed.transpose(0, 2, 1) + q * b_inner + q_inner * b - expected + rest)


def _products(matrix: np.ndarray, image: np.ndarray, loadings: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """e_i' X v_j and v_i' X v_j of a matrix X with X l = image, where v_i is l without its i-th entry."""
    outer = matrix * loadings[:, None, :]
    share = loadings * image
    inner = share.sum(axis=1)[:, None, None] - share[:, :, None] - share[:, None, :] + outer * loadings[:, :, None]
    return image[:, :, None] - outer, inner


# Solver of the confirmatory model


def _fit_clusters(
    correlation: np.ndarray, factor: np.ndarray, q: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, bool]:
    """Return loadings, error variances and correlations of the factors, and whether they are a minimum."""
    from scipy import optimize  # here, because the one-factor functions do without it

    k = len(correlation)
    first, second = np.tril_indices(q, -1)
    own = np.eye(q)[factor]
    items = np.arange(k)

    def unpacked(point: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        phi = np.eye(q)
        phi[first, second] = phi[second, first] = point[2 * k :]
        return point[:k], point[k : 2 * k], phi

    def implied(point: np.ndarray) -> np.ndarray:
        loadings, errors, phi = unpacked(point)
        pattern = own * loadings[:, None]
        return pattern @ phi @ pattern.T + np.diag(errors)

    def derivatives(point: np.ndarray) -> np.ndarray:
        loadings, _, phi = unpacked(point)
        by = np.zeros((len(point), k, k))
        column = phi[factor][:, factor] * loadings  # how the loading of an item carries to every other
        by[items, items, :] += column
        by[items, :, items] += column
        by[k + items, items, items] = 1
        pattern = own * loadings[:, None]
        cross = np.einsum("if,jf->fij", pattern[:, first], pattern[:, second])
        by[2 * k :] = cross + cross.transpose(0, 2, 1)
        return by

    def value(point: np.ndarray) -> float:
        return _discrepancy(correlation, implied(point))

    def gradient(point: np.ndarray) -> np.ndarray:
        inverse = np.linalg.inv(implied(point))
        return np.einsum("pij,ij->p", derivatives(point), inverse - inverse @ correlation @ inverse)

    def expected_curvature(point: np.ndarray) -> np.ndarray:
        weighted = np.linalg.inv(implied(point)) @ derivatives(point)
        return np.einsum("aij,bji->ab", weighted, weighted)

    start = np.empty(2 * k + len(first))
    for j in range(q):
        members = np.flatnonzero(factor == j)
        values, vectors = np.linalg.eigh(correlation[np.ix_(members, members)])
        start[members] = np.clip(vectors[:, -1] * np.sqrt(values[-1]), -0.9, 0.9)
        start[members] *= -1 if start[members].sum() < 0 else 1
    start[k : 2 * k] = 1 - start[:k] ** 2
    totals = own.T @ correlation @ own
    scale = np.sqrt(np.diag(totals))
    start[2 * k :] = (totals / np.outer(scale, scale))[first, second]
    found = optimize.minimize(
        value,
        start,
        jac=gradient,
        hess=expected_curvature,
        method="trust-exact",
        options={"gtol": 1e-7, "maxiter": 500},
    )
    loadings, errors, phi = unpacked(found.x)
    sign = np.where(own.T @ loadings < 0, -1, 1)
    return loadings * sign[factor], errors, phi * np.outer(sign, sign), bool(np.abs(found.jac).max() < 1e-5)


def _discrepancy(correlation: np.ndarray, sigma: np.ndarray) -> float:
    """log|Sigma| + tr(R Sigma^-1), infinite where Sigma is no covariance matrix."""
    try:
        root = np.linalg.cholesky(sigma)
    except np.linalg.LinAlgError:
        return np.inf
    return float(2 * np.log(np.diag(root)).sum() + np.trace(np.linalg.solve(sigma, correlation)))


# Checks and records


def _square(matrix: ArrayLike) -> np.ndarray:
    array = np.asarray(matrix, dtype=float)
    if array.ndim != 2 or array.shape[0] != array.shape[1] or len(array) < 2 or not np.isfinite(array).all():
        raise ValueError(f"a square matrix of at least two items without gaps is needed, not shape {array.shape}")
    return array


def _stack(matrices: ArrayLike) -> np.ndarray:
    array = np.asarray(matrices, dtype=float)
    if array.ndim != 3 or array.shape[1] != array.shape[2] or array.shape[1] < 3:
        raise ValueError(f"a stack of square matrices of at least three items is needed, not shape {array.shape}")
    return array


def _covariance(complete: pd.DataFrame) -> np.ndarray:
    return np.cov(complete.to_numpy(), rowvar=False, ddof=1)


def _correlation(complete: pd.DataFrame) -> np.ndarray:
    return np.corrcoef(complete.to_numpy(), rowvar=False)


def _complete(items: ArrayLike | pd.DataFrame, method: str) -> tuple[pd.DataFrame, dict]:
    complete, n_dropped = complete_rows(items)
    return complete, {
        "n": len(complete),
        "method": method,
        "n_dropped": n_dropped,
        "dropped_reason": INCOMPLETE_ROW if n_dropped else "",
    }


def _names(columns: pd.Index) -> str:
    return ", ".join(str(column) for column in columns)


def _why_undefined(complete: pd.DataFrame) -> str:
    n, k = complete.shape
    if k < 2:
        return "undefined: fewer than two items"
    if k == 2:
        return TWO_ITEMS
    if n < FEWEST_ROWS:
        return f"undefined: fewer than {FEWEST_ROWS} complete rows (n = {n})"
    # Compared exactly: the variance of a repeated decimal such as 0.1 is not exactly zero.
    constant = (complete.max() == complete.min()).to_numpy()
    if constant.any():
        return f"undefined: a constant item has no loading: {_names(complete.columns[constant])}"
    return ""


def _why_singular(complete: pd.DataFrame) -> str:
    n, k = complete.shape
    if np.linalg.matrix_rank(_correlation(complete)) < k:
        return f"undefined: the covariance matrix is singular ({k} items, n = {n})"
    return ""


def _why_too_many_factors(k: int, n_factors: int) -> str:
    if n_factors == 2:
        return "undefined: two group factors do not identify a general one"
    if k <= n_factors or (k - n_factors) ** 2 <= k + n_factors:  # no degree of freedom left: the fit says nothing
        return "undefined: too few items for so many factors"
    return ""


def _reported(estimate: float | None, loadings: np.ndarray, complete: pd.DataFrame, record: dict) -> Statistic:
    if estimate is None:
        return Statistic(None, note=NO_TOTAL, **record)
    turned = complete.columns[loadings < 0]
    note = f"negative loading, reversed item suspected: {_names(turned)}" if len(turned) else ""
    return Statistic(estimate, note=note, **record)
