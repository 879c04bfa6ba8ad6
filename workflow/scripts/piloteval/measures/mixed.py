"""Mixed models with random intercepts: variance components by restricted maximum likelihood (REML).

Own code, because statsmodels' MixedLM takes crossed effects only as components of one big group, works with dense
matrices of that size and is not sure at the boundary, where a component is zero. Here the groupings may be crossed or
nested in any way, and the largest of them costs next to nothing because its part of the equations is diagonal.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

#: A component is zero when its standard deviation is below this share of the residual's, the rule of lme4.
SINGULAR = 1e-4

#: The residual is zero when it is below this share of the variation the fixed effects leave.
NEGLIGIBLE = 1e-12

#: Largest logarithm of a grouping's signal to noise that is searched; beyond it sums of squares lose their digits.
WIDEST = 18.0

#: Where the deviance is looked at before the search, because in small tables it may have two minima.
STARTS = (0.01, 0.5, 1.5, 3.0, 6.0)

NO_RESIDUAL = "undefined: the groupings leave no residual variation"

#: Largest slope of the deviance, for one unit on the scale of the search, at which the search has arrived.
STEEPEST = 1e-5


@dataclass(frozen=True)
class Components:
    """Variance components of a model with random intercepts.

    Attributes
    ----------
    variances : dict
        Variance of each grouping by its name, in squared units of ``y``; empty when undefined.
    residual : float or None
        Variance within all groupings; None when undefined.
    beta : array, shape (fixed effects,)
        Fixed effects.
    beta_covariance : array, shape (fixed effects, fixed effects)
        Their covariance matrix with the estimated components taken as known.
    log_likelihood : float or None
        Restricted log-likelihood with its constant, as lme4 reports it.
    effects : dict
        Predicted random effect of each level (best linear unbiased prediction), a Series by grouping.
    n : int
        Observations.
    converged : bool
        The slope of the deviance is zero at the solution, or points out of the space where a component is zero.
    at_boundary : bool
        At least one component is zero.
    note : str
        Why the components are undefined, or empty.
    """

    variances: dict[str, float]
    residual: float | None
    beta: np.ndarray
    beta_covariance: np.ndarray
    log_likelihood: float | None
    effects: dict[str, pd.Series]
    n: int
    converged: bool
    at_boundary: bool
    note: str = ""


def reml_components(y: ArrayLike, fixed: ArrayLike, groupings: Mapping[str, ArrayLike]) -> Components:
    """Fit y = fixed effects + a random intercept for each grouping + residual.

    Parameters
    ----------
    y : array, shape (observations,)
        Outcome without missing values.
    fixed : array, shape (observations, fixed effects)
        Design matrix of the fixed effects with its intercept column, of full rank.
    groupings : mapping of str to array, shape (observations,)
        Level each observation has in each grouping. Crossed groupings are given as they are; one that is nested needs
        levels that are its own in every group (one label for site and person, not person 1 of each site).

    Returns
    -------
    Components
        Undefined, with the reason in ``note``: a grouping of a single level, one with a level for every observation,
        two groupings that divide the observations alike, and a residual of zero.

    Raises
    ------
    ValueError
        If the shapes do not fit, a value is missing, there is no grouping, or the fixed effects leave nothing to
        estimate.

    Notes
    -----
    With relative variances g_j = variance_j / residual, V = I + sum of g_j Z_j Z_j' and r the generalised
    least-squares residual, the profiled deviance (n - p) log(r' V^-1 r) + log|V| + log|X' V^-1 X| is minimised over
    g_j >= 0 with its exact gradient. The search runs on log(1 + m_j g_j), m_j the mean size of a group: this scale
    treats small and large variances alike and has a slope at zero, so that the boundary is met exactly.

    References
    ----------
    Patterson & Thompson (1971), Biometrika 58, 545-554; Bates, Maechler, Bolker & Walker (2015), Journal of
    Statistical Software 67(1), 1-48.
    """
    y, fixed, labels = _checked(y, fixed, groupings)
    reason = _why_undefined(labels)
    if reason:
        return _undefined(len(y), reason)
    moments = _moments(y, fixed, labels)
    if moments.nothing_left:
        return _undefined(len(y), "undefined: the fixed effects leave no variation")
    if _falls_for_ever(moments):
        return _undefined(len(y), NO_RESIDUAL)
    relative, converged = _minimise(moments)
    if (moments.scaled(relative) > 0.9 * WIDEST).any():
        return _undefined(len(y), NO_RESIDUAL)
    solution = _profile(relative, moments)
    residual = solution.squares / moments.df
    # The model was fitted to what orthonormal columns of the same space leave of y: taken back to the given columns.
    back = np.linalg.inv(moments.triangle)
    log_determinant = solution.log_determinant + 2 * np.log(np.abs(np.diag(moments.triangle))).sum()
    log_likelihood = -0.5 * (moments.df * (np.log(2 * np.pi * residual) + 1) + log_determinant)
    effects = {
        name: pd.Series(variance * score, index=moments.levels[name], name=name)
        for name, variance, score in zip(moments.names, relative, solution.scores, strict=True)
    }
    variances = dict(zip(moments.names, (residual * relative).tolist(), strict=True))
    return Components(
        variances={name: variances[name] for name in groupings},
        residual=float(residual),
        beta=back @ (moments.shift + solution.beta),
        beta_covariance=residual * back @ solution.inverse @ back.T,
        log_likelihood=float(log_likelihood),
        effects={name: effects[name] for name in groupings},
        n=len(y),
        converged=converged,
        at_boundary=bool((np.sqrt(relative) < SINGULAR).any()),
    )


@dataclass(frozen=True)
class _Moments:
    """All the deviance needs of the data: sums over observations, taken once.

    The first grouping is the one with most levels. ``right`` stands for the columns [other groupings, fixed, y].
    """

    names: list[str]
    levels: dict[str, pd.Index]
    sizes: np.ndarray  # observations of each level of the first grouping
    cross: np.ndarray  # first grouping by right
    outer: np.ndarray  # right by right
    starts: np.ndarray  # column of ``right`` where each other grouping starts, and where they end
    mean_size: np.ndarray  # of a group, by grouping
    triangle: np.ndarray  # R of the QR decomposition of the fixed effects
    shift: np.ndarray  # ordinary least squares estimate that was taken out of y, on orthonormal columns
    df: int
    nothing_left: bool

    def scaled(self, relative: np.ndarray) -> np.ndarray:
        return np.log1p(self.mean_size * relative)

    def relative(self, scaled: np.ndarray) -> np.ndarray:
        return np.expm1(scaled) / self.mean_size


@dataclass(frozen=True)
class _Solution:
    """Deviance, gradient and estimates at given relative variances."""

    deviance: float
    gradient: np.ndarray  # by relative variance
    log_determinant: float  # of V and of X' V^-1 X
    squares: float  # generalised residual sum of squares
    beta: np.ndarray
    inverse: np.ndarray  # (X' V^-1 X)^-1
    scores: list[np.ndarray] = field(default_factory=list)  # Z_j' V^-1 r, by grouping


def _checked(y, fixed, groupings) -> tuple[np.ndarray, np.ndarray, dict[str, pd.Series]]:
    y, fixed = np.asarray(y, dtype=float), np.asarray(fixed, dtype=float)
    labels = {name: pd.Series(np.asarray(values)) for name, values in groupings.items()}
    if y.ndim != 1 or fixed.ndim != 2 or {len(y)} != {len(fixed), *map(len, labels.values())}:
        raise ValueError("outcome, fixed effects and groupings must have one row an observation")
    if not labels:
        raise ValueError("at least one grouping is needed")
    if not (np.isfinite(y).all() and np.isfinite(fixed).all()) or any(
        values.isna().any() for values in labels.values()
    ):
        raise ValueError("drop incomplete observations before fitting")
    if len(y) <= fixed.shape[1] or np.linalg.matrix_rank(fixed) < fixed.shape[1]:
        raise ValueError("the fixed effects need full rank and fewer columns than observations")
    return y, fixed, labels


def _why_undefined(labels: dict[str, pd.Series]) -> str:
    frame = pd.DataFrame(labels)
    n, levels = len(frame), frame.nunique()
    if (levels < 2).any():
        return f"undefined: a single level of {levels.idxmin()}"
    if (levels == n).any():
        return f"undefined: as many levels of {levels.idxmax()} as observations"
    for place, first in enumerate(frame):
        for second in frame.columns[place + 1 :]:
            if levels[first] == levels[second] == len(frame[[first, second]].drop_duplicates()):
                return f"undefined: {first} and {second} divide the observations alike"
    return ""


def _undefined(n: int, reason: str) -> Components:
    return Components({}, None, np.empty(0), np.empty((0, 0)), None, {}, n, False, False, reason)


def _moments(y: np.ndarray, fixed: np.ndarray, labels: dict[str, pd.Series]) -> _Moments:
    from scipy import sparse

    names = sorted(labels, key=lambda name: -labels[name].nunique())
    n, indicators, levels = len(y), [], {}
    for name in names:
        codes, unique = pd.factorize(labels[name], sort=True)
        indicators.append(sparse.csr_array((np.ones(n), (np.arange(n), codes)), shape=(n, len(unique))))
        levels[name] = pd.Index(unique)
    orthonormal, triangle = np.linalg.qr(fixed)
    shift = orthonormal.T @ y
    left = y - orthonormal @ shift
    numbers = sparse.csr_array(np.column_stack([orthonormal, left]))
    first, right = indicators[0], sparse.hstack([*indicators[1:], numbers], format="csr")
    counts = np.array([indicator.shape[1] for indicator in indicators])
    return _Moments(
        names=names,
        levels=levels,
        sizes=np.asarray(first.sum(axis=0)),
        cross=(first.T @ right).toarray(),
        outer=(right.T @ right).toarray(),
        starts=np.concatenate([[0], np.cumsum(counts[1:])]),
        mean_size=n / counts,
        triangle=triangle,
        shift=shift,
        df=n - fixed.shape[1],
        nothing_left=bool(left @ left <= NEGLIGIBLE**2 * (y @ y)),
    )


def _profile(relative: np.ndarray, moments: _Moments) -> _Solution:
    """Eliminate the first grouping, whose equations are diagonal, then the others, then the fixed effects."""
    r = moments.starts[-1]
    shrink = 1 / (1 + relative[0] * moments.sizes)
    shrunk = shrink[:, None] * moments.cross
    outer = moments.outer - relative[0] * moments.cross.T @ shrunk
    others, to_numbers = outer[:r, :r], outer[:r, r:]
    root = np.repeat(np.sqrt(relative[1:]), np.diff(moments.starts))
    factor = np.linalg.cholesky(np.eye(r) + root[:, None] * others * root)
    half = np.linalg.solve(factor, np.diag(root))
    middle = half.T @ half
    numbers = outer[r:, r:] - to_numbers.T @ middle @ to_numbers
    inverse = np.linalg.inv(numbers[:-1, :-1])
    beta = inverse @ numbers[:-1, -1]
    squares = float(numbers[-1, -1] - numbers[:-1, -1] @ beta)
    log_determinant = float(
        -np.log(shrink).sum() + 2 * np.log(np.diag(factor)).sum() + np.linalg.slogdet(numbers[:-1, :-1])[1]
    )
    # Z' V^-1 [X, y] and the diagonal of Z' P Z, for the first grouping and for the others.
    first_numbers = shrunk[:, r:] - shrunk[:, :r] @ (middle @ to_numbers)
    first_diagonal = (
        moments.sizes * shrink - _diagonal(shrunk[:, :r], middle) - _diagonal(first_numbers[:, :-1], inverse)
    )
    other_numbers = to_numbers - others @ (middle @ to_numbers)
    other_diagonal = np.diag(others) - _diagonal(others, middle) - _diagonal(other_numbers[:, :-1], inverse)
    pieces = [slice(start, end) for start, end in zip(moments.starts[:-1], moments.starts[1:], strict=True)]
    diagonals = [first_diagonal, *(other_diagonal[piece] for piece in pieces)]
    other_scores = other_numbers[:, -1] - other_numbers[:, :-1] @ beta
    scores = [first_numbers[:, -1] - first_numbers[:, :-1] @ beta, *(other_scores[piece] for piece in pieces)]
    safe = max(squares, np.finfo(float).tiny)
    gradient = [d.sum() - moments.df * (s @ s) / safe for d, s in zip(diagonals, scores, strict=True)]
    deviance = moments.df * float(np.log(safe)) + log_determinant
    return _Solution(deviance, np.array(gradient), log_determinant, squares, beta, inverse, scores)


def _diagonal(left: np.ndarray, middle: np.ndarray) -> np.ndarray:
    """Diagonal of left @ middle @ left.T."""
    return ((left @ middle) * left).sum(axis=1)


def _slope(scaled: np.ndarray, moments: _Moments) -> tuple[float, np.ndarray]:
    """Deviance and its gradient on the scale of the search."""
    solution = _profile(moments.relative(scaled), moments)
    return solution.deviance, solution.gradient * np.exp(scaled) / moments.mean_size


def _falls_for_ever(moments: _Moments) -> bool:
    """Whether some groupings fit all observations exactly: the more they may vary, the more likely the data are.

    Far out the deviance then falls by the number of observations beyond the rank of groupings and fixed effects, for
    each unit of the scale; it rises by that rank where there is a residual.
    """
    for corner in itertools.product((0.0, WIDEST), repeat=len(moments.names)):
        far = np.array(corner)
        if _slope(far, moments)[1][far > 0].sum() < -0.5:
            return True
    return False


def _minimise(moments: _Moments) -> tuple[np.ndarray, bool]:
    """Relative variances at the least deviance, and whether the search arrived."""
    from scipy import optimize

    def slope(scaled: np.ndarray) -> tuple[float, np.ndarray]:
        return _slope(scaled, moments)

    q = len(moments.names)
    starts = sorted(itertools.product(STARTS, repeat=q), key=lambda start: slope(np.array(start))[0])
    best = None
    for start in starts[:3]:  # the second and third are only needed where the first does not arrive
        found = optimize.minimize(
            slope,
            np.array(start),
            jac=True,
            method="L-BFGS-B",
            bounds=[(0, WIDEST)] * q,
            options={"ftol": 1e-15, "gtol": 1e-9, "maxiter": 1000},
        )
        scaled, steepness = _polish(found.x, slope)
        if best is None or steepness < best[1]:
            best = scaled, steepness
        if steepness <= STEEPEST:
            break
    return moments.relative(best[0]), bool(best[1] <= STEEPEST)


def _polish(scaled: np.ndarray, slope) -> tuple[np.ndarray, float]:
    """Newton steps on the components that are not zero: deviances alone fix a minimum to half their digits only."""
    gradient = slope(scaled)[1]
    steepness = _steepness(scaled, gradient)
    for _ in range(5):
        free = np.flatnonzero(scaled > 0)
        if not len(free) or steepness < 1e-11:
            break
        curvature = np.empty((len(free), len(free)))
        for row, j in enumerate(free):
            step = np.zeros(len(scaled))
            step[j] = min(1e-4, scaled[j] / 2)
            curvature[row] = (slope(scaled + step)[1] - slope(scaled - step)[1])[free] / (2 * step[j])
        candidate = scaled.copy()
        candidate[free] -= np.linalg.lstsq(curvature, gradient[free], rcond=None)[0]
        candidate = np.clip(candidate, 0, WIDEST)
        candidate_gradient = slope(candidate)[1]
        if _steepness(candidate, candidate_gradient) >= steepness:
            break
        scaled, gradient = candidate, candidate_gradient
        steepness = _steepness(scaled, gradient)
    return scaled, steepness


def _steepness(scaled: np.ndarray, gradient: np.ndarray) -> float:
    """Largest slope that is left; one that points below zero at zero counts for nothing."""
    return float(np.abs(np.where(scaled > 0, gradient, np.minimum(gradient, 0))).max())
