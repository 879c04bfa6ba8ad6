"""Linear mixed models: people in sites measured again, raters crossed with units.

Own code, because statsmodels' MixedLM takes crossed effects only as components of one big group, works with dense
matrices of that size, is not sure at the boundary, where a component is zero, and tests fixed effects by the normal
distribution only, which with five sites gives p-values that are far too small. Here the groupings may be crossed or
nested in any way, the largest of them costs next to nothing because its part of the equations is diagonal, and fixed
effects are tested with Satterthwaite's and with Kenward and Roger's degrees of freedom.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special  # the distribution functions, without the second that importing scipy.stats costs

from piloteval.statistic import Statistic

#: A component is zero when its standard deviation is below this share of the residual's, the rule of lme4.
SINGULAR = 1e-4

#: The residual is zero when it is below this share of the variation the fixed effects leave.
NEGLIGIBLE = 1e-12

#: Largest logarithm of a grouping's signal to noise that is searched; beyond it sums of squares lose their digits.
WIDEST = 18.0

#: Where the deviance is looked at before the search, because in small tables it may have two minima.
STARTS = (0.01, 0.5, 1.5, 3.0, 6.0)

#: Most places the deviance is looked at before the search.
MOST_STARTS = 700

NO_RESIDUAL = "undefined: the groupings leave no residual variation"
NO_VARIATION = "undefined: the fixed effects leave no variation"
NOTHING_KNOWN = "undefined: the observations say next to nothing about the variance components"
INCOMPLETE = "outcome, fixed effect, slope or grouping missing"

#: Largest slope of the deviance, for one unit on the scale of the search, at which the search has arrived.
STEEPEST = 1e-5

#: Slope at which nothing better is looked for, and most steps of Newton's method.
ARRIVED, MOST_STEPS = 1e-8, 20

#: Directions in which a matrix has less than this share of its size are taken as those it says nothing about.
NO_INFORMATION = 1e-10


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


@dataclass(frozen=True)
class FixedEffect:
    """One fixed effect with its two small-sample tests.

    Attributes
    ----------
    name : str
        Name of the column.
    estimate, se : float
        Effect and its standard error with the estimated components taken as known, in units of ``y`` for one unit of
        the column.
    t, df, p : float
        Test of no effect with Satterthwaite's degrees of freedom; ``p`` is two-sided.
    kr_se, kr_t, kr_df, kr_p : float or None
        Standard error from the adjusted covariance matrix of Kenward and Roger and the test with it; None for a
        maximum likelihood fit.
    ci_low, ci_high : float
        Limits of the interval.
    ci_method : str
        Name and level of the interval: of Kenward and Roger, for a maximum likelihood fit of Satterthwaite.
    """

    name: str
    estimate: float
    se: float
    t: float
    df: float
    p: float
    kr_se: float | None
    kr_t: float | None
    kr_df: float | None
    kr_p: float | None
    ci_low: float
    ci_high: float
    ci_method: str


@dataclass(frozen=True)
class MixedModel:
    """Linear mixed model. When undefined, ``note`` gives the reason and ``fixed`` is empty.

    Attributes
    ----------
    fixed : dict
        `FixedEffect` by name, in the order of the columns.
    covariance, kr_covariance : array, shape (fixed effects, fixed effects), or None
        Covariance matrix of the fixed effects, with the components taken as known and as adjusted by Kenward and Roger.
    covariances : dict
        Covariance matrix of the random effects of each grouping: its intercept, and its slope where it has one.
    residual : float or None
        Variance within all groupings, in squared units of ``y``.
    log_likelihood : float or None
        With its constant; restricted when ``reml``.
    reml : bool
        Fitted by restricted maximum likelihood, not by maximum likelihood.
    n : int
        Observations.
    levels : dict
        Levels of each grouping among them.
    n_dropped : int
        Observations left out.
    dropped_reason : str
        Why they were left out; empty when none were.
    at_boundary : bool
        At least one component is zero, or intercept and slope of a grouping correlate perfectly.
    method : str
        The model in words.
    note : str
        Warnings, or the reason the model is undefined.
    """

    fixed: dict[str, FixedEffect]
    covariance: np.ndarray | None
    kr_covariance: np.ndarray | None
    covariances: dict[str, np.ndarray]
    residual: float | None
    log_likelihood: float | None
    reml: bool
    n: int
    levels: dict[str, int]
    n_dropped: int
    dropped_reason: str
    at_boundary: bool
    method: str
    note: str = ""

    @property
    def variances(self) -> dict[str, float]:
        """Variance of the intercepts of each grouping, in squared units of ``y``."""
        return {name: float(matrix[0, 0]) for name, matrix in self.covariances.items()}

    def statistic(self, name: str) -> Statistic:
        """Give one fixed effect as the record every statistic is reported in.

        Parameters
        ----------
        name : str
            Name of the column.

        Returns
        -------
        Statistic
            ``n`` counts observations. Undefined when the model is.

        Raises
        ------
        KeyError
            If the model is defined and has no such effect.
        """
        record = {
            "n": self.n,
            "method": self.method,
            "n_dropped": self.n_dropped,
            "dropped_reason": self.dropped_reason,
            "note": self.note,
        }
        if self.residual is None:
            return Statistic(None, **record)
        effect = self.fixed[name]
        limits = {"ci_low": effect.ci_low, "ci_high": effect.ci_high, "ci_method": effect.ci_method}
        return Statistic(effect.estimate, **limits, **record)


def mixed_model(
    y: ArrayLike,
    fixed: ArrayLike | pd.DataFrame,
    groupings: Mapping[str, ArrayLike],
    reml: bool = True,
    slopes: Mapping[str, ArrayLike] | None = None,
    names: Sequence[str] | None = None,
    confidence: float = 0.95,
) -> MixedModel:
    """Fit y = fixed effects + random intercepts (and slopes) of groupings + residual, and test the fixed effects.

    Parameters
    ----------
    y : array, shape (observations,)
        Outcome. People with one measurement only stay in; observations with anything missing are left out and counted.
    fixed : array or DataFrame, shape (observations, fixed effects)
        Design matrix of the fixed effects with its intercept column.
    groupings : mapping of str to array, shape (observations,)
        Level each observation has in each grouping. Crossed groupings are given as they are; one that is nested needs
        levels that are its own in every group (one label for site and person, not person 1 of each site).
    reml : bool
        Restricted maximum likelihood, which small samples need; otherwise maximum likelihood, as comparing models with
        different fixed effects needs.
    slopes : mapping of str to array, shape (observations,), optional
        By grouping, the variable whose effect differs between the levels of the grouping; intercept and slope of a
        level may correlate.
    names : sequence of str, optional
        Names of the fixed effects; by default the columns of a DataFrame, or x1, x2 and so on.
    confidence : float
        Level of the intervals.

    Returns
    -------
    MixedModel
        Undefined, with the reason in ``note``: a grouping of a single level (one site), one with a level for every
        observation, or with as many intercepts and slopes as observations, two groupings that divide the observations
        alike, a grouping or slope the fixed effects already explain, fixed effects that are linear combinations of
        others or as many as observations, a slope variable that does not vary, no variation beyond the fixed effects
        (a constant outcome), no residual variation, so few observations that they say next to nothing about the
        components, and a search that does not arrive.

    Raises
    ------
    ValueError
        If the shapes do not fit, there is no grouping or no fixed effect, a slope belongs to no grouping, or the names
        are not one for each fixed effect.

    Notes
    -----
    V = residual I + sum over groupings of Z_j (I x G_j) Z_j' is estimated as told at `reml_components`, for maximum
    likelihood from the deviance n log(r' V^-1 r) + log|V|. It is linear in its parameters (the distinct elements of
    every G_j, and the residual), with derivatives K_i. With Phi = (X' V^-1 X)^-1, P = V^-1 - V^-1 X Phi X' V^-1, and
    v = l' Phi l the variance of one effect:

    Satterthwaite: df = 2 v^2 / (g' A g), where g_i = l' Phi X' V^-1 K_i V^-1 X Phi l are the derivatives of v and A is
    twice the inverse of the second derivatives of minus twice the log-likelihood (the observed information),
    -tr(P K_i P K_j) + 2 y' P K_i P K_j P y, for maximum likelihood with V^-1 for P in the trace.

    Kenward-Roger: the adjusted covariance is Phi + 2 Phi U Phi with U = sum over i, j of
    W_ij X' V^-1 K_i P K_j V^-1 X, and W twice the inverse of tr(P K_i P K_j), the expected information. For a single
    effect their scale is 1 and their degrees of freedom come to 2 v^2 / (g' W g). Only after a restricted fit.

    None of it needs a matrix of observations by observations: products with the identity follow from V P K P = K P, and
    the grouping with most levels enters by sums over its levels. So there is no limit to the number of observations;
    matrices grow with the levels of the other groupings.

    At the boundary, where a component is zero: Satterthwaite's degrees of freedom are those of the model without it, as
    lmerTest has them, whose parameters are standard deviations, in which v has no slope at zero. Kenward and Roger's
    keep the component among the parameters, as pbkrtest does, because it was estimated and might have been larger. With
    people measured twice whose measurements correlate negatively the first give the change 2 n - 2 degrees of freedom,
    the second n - 1.

    References
    ----------
    Kuznetsova, Brockhoff & Christensen (2017), Journal of Statistical Software 82(13), 1-26; Kenward & Roger (1997),
    Biometrics 53, 983-997; Halekoh & Hojsgaard (2014), Journal of Statistical Software 59(9), 1-32; Satterthwaite
    (1946), Biometrics Bulletin 2, 110-114; Laird & Ware (1982), Biometrics 38, 963-974.
    """
    data = _prepared(y, fixed, groupings, slopes or {}, names)
    kind = "restricted maximum likelihood" if reml else "maximum likelihood"
    by = ", ".join(f"{name} (intercept and slope)" if name in data.slopes else name for name in data.labels)
    record = {
        "reml": reml,
        "n": len(data.y),
        "levels": {name: labels.nunique() for name, labels in data.labels.items()},
        "n_dropped": data.n_dropped,
        "dropped_reason": INCOMPLETE if data.n_dropped else "",
        "method": f"linear mixed model ({kind}), random effects of {by}",
    }
    fit = _why_not_fitted(data) or _why_undefined(data.labels, data.slopes)
    fit = fit or _fit(data.y, data.fixed, data.labels, data.slopes, reml)
    if isinstance(fit, _Fit) and not fit.converged:
        fit = "undefined: the search for the variance components did not arrive"
    if isinstance(fit, _Fit):
        satterthwaite, adjusted, kenward_roger = _degrees_of_freedom(fit)
        # The adjustment adds a positive definite matrix: less than before means that all digits were lost.
        if reml and not (np.diag(adjusted) >= (1 - 1e-6) * np.diag(fit.beta_covariance)).all():
            fit = NOTHING_KNOWN
    if isinstance(fit, str):
        return MixedModel({}, None, None, {}, None, None, at_boundary=False, note=fit, **record)
    effects = {}
    for place, name in enumerate(data.names):
        estimate = float(fit.beta[place])
        se = float(np.sqrt(fit.beta_covariance[place, place]))
        df = float(satterthwaite[place])
        known = (se, estimate / se, df, _two_sided(estimate / se, df))
        small = (None,) * 4
        if reml:
            se, df = float(np.sqrt(adjusted[place, place])), float(kenward_roger[place])
            small = (se, estimate / se, df, _two_sided(estimate / se, df))
        half_width = _quantile(df, confidence) * se
        rule = "Kenward-Roger" if reml else "Satterthwaite"
        effects[name] = FixedEffect(
            name,
            estimate,
            *known,
            *small,
            estimate - half_width,
            estimate + half_width,
            f"t interval, {rule} degrees of freedom, {100 * confidence:g} %",
        )
    return MixedModel(
        effects,
        fit.beta_covariance,
        adjusted,
        {name: fit.residual * fit.relative[name] for name in data.labels},
        fit.residual,
        fit.log_likelihood,
        at_boundary=fit.at_boundary,
        note="; ".join(_boundary_notes(fit, data)),
        **record,
    )


def reml_components(y: ArrayLike, fixed: ArrayLike, groupings: Mapping[str, ArrayLike]) -> Components:
    """Fit y = fixed effects + a random intercept for each grouping + residual.

    Parameters
    ----------
    y : array, shape (observations,)
        Outcome without missing values.
    fixed : array, shape (observations, fixed effects)
        Design matrix of the fixed effects with its intercept column, of full rank.
    groupings : mapping of str to array, shape (observations,)
        As in `mixed_model`.

    Returns
    -------
    Components
        Undefined, with the reason in ``note``: a grouping of a single level, one with a level for every observation,
        two groupings that divide the observations alike, a grouping the fixed effects already explain, and a residual
        of zero.

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
    fit = _why_undefined(labels, {}) or _fit(y, fixed, labels, {}, reml=True)
    if isinstance(fit, str):
        return Components({}, None, np.empty(0), np.empty((0, 0)), None, {}, len(y), False, False, fit)
    predicted = fit.effects()
    return Components(
        variances={name: float(fit.residual * fit.relative[name][0, 0]) for name in groupings},
        residual=fit.residual,
        beta=fit.beta,
        beta_covariance=fit.beta_covariance,
        log_likelihood=fit.log_likelihood,
        effects={name: predicted[name] for name in groupings},
        n=len(y),
        converged=fit.converged,
        at_boundary=fit.at_boundary,
    )


# What goes in


@dataclass(frozen=True)
class _Data:
    y: np.ndarray
    fixed: np.ndarray
    labels: dict[str, pd.Series]
    slopes: dict[str, np.ndarray]
    names: list[str]
    n_dropped: int


def _prepared(y, fixed, groupings, slopes, names) -> _Data:
    """Complete observations, with shapes and names checked."""
    if names is None:
        names = [str(name) for name in fixed.columns] if isinstance(fixed, pd.DataFrame) else None
    columns = pd.DataFrame(fixed).astype(float).to_numpy()
    names = [f"x{place + 1}" for place in range(columns.shape[1])] if names is None else list(names)
    if not names or len(set(names)) != columns.shape[1] or len(names) != columns.shape[1]:
        raise ValueError("fixed effects are needed, each with a name of its own")
    y = pd.Series(np.asarray(y)).astype(float).to_numpy()
    labels = {name: pd.Series(np.asarray(values)) for name, values in groupings.items()}
    slopes = {name: pd.Series(np.asarray(values)).astype(float).to_numpy() for name, values in slopes.items()}
    if {len(y)} != {len(columns), *map(len, labels.values()), *map(len, slopes.values())}:
        raise ValueError("outcome, fixed effects, groupings and slopes must have one row an observation")
    if not labels or not set(slopes) <= set(labels):
        raise ValueError("at least one grouping is needed, and a grouping for every slope")
    complete = np.isfinite(y) & np.isfinite(columns).all(axis=1)
    for values in labels.values():
        complete &= values.notna().to_numpy()
    for values in slopes.values():
        complete &= np.isfinite(values)
    return _Data(
        y[complete],
        columns[complete],
        {name: values[complete].reset_index(drop=True) for name, values in labels.items()},
        {name: values[complete] for name, values in slopes.items()},
        names,
        int((~complete).sum()),
    )


def _why_not_fitted(data: _Data) -> str:
    """Why the observations that are left do not carry the fixed effects: as a single wave does not carry a change."""
    n, p = data.fixed.shape
    if n <= p:
        return f"undefined: no more observations than fixed effects (n = {n})"
    if np.linalg.matrix_rank(_scaled_columns(data.fixed)) < p:
        return "undefined: a fixed effect is a linear combination of others"
    for name, values in data.slopes.items():
        if values.min() == values.max():
            return f"undefined: the variable of the slopes of {name} does not vary"
    return ""


def _scaled_columns(columns: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(columns, axis=0)
    return columns / np.where(length > 0, length, 1)


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


def _why_undefined(labels: dict[str, pd.Series], slopes: Mapping[str, np.ndarray]) -> str:
    frame = pd.DataFrame(labels)
    n, levels = len(frame), frame.nunique()
    if (levels < 2).any():
        return f"undefined: a single level of {levels.idxmin()}"
    if (levels == n).any():
        return f"undefined: as many levels of {levels.idxmax()} as observations"
    for name in slopes:
        if 2 * levels[name] >= n:
            return f"undefined: as many intercepts and slopes of {name} as observations"
    for place, first in enumerate(frame):
        for second in frame.columns[place + 1 :]:
            if levels[first] == levels[second] == len(frame[[first, second]].drop_duplicates()):
                return f"undefined: {first} and {second} divide the observations alike"
    return ""


# The fit


@dataclass(frozen=True)
class _Moments:
    """All the deviance needs of the data: sums over observations, taken once.

    The first grouping is the one with most levels. ``right`` stands for the columns [other groupings, fixed, y]. A
    grouping has one column (intercept) or two (intercept, and the slope variable centred and scaled) for each level.
    """

    names: list[str]
    levels: dict[str, pd.Index]
    basis: list[np.ndarray]  # by grouping, what takes effects on the centred and scaled variable back to the given one
    squares: np.ndarray  # Z_l' Z_l of the levels of the first grouping, one of each kind; (kinds, columns, columns)
    counts: np.ndarray  # levels of each kind
    kind: np.ndarray  # of each level
    cross: np.ndarray  # first grouping by right; (levels, columns, right)
    row_kind: np.ndarray  # of each row of ``rows``
    rows: np.ndarray  # fewer rows than ``cross``, with the same sums of products within each kind of level
    outer: np.ndarray  # right by right
    pieces: list[slice]  # columns of ``right`` that belong to each other grouping
    mean_size: np.ndarray  # of a group, by grouping
    triangle: np.ndarray  # R of the QR decomposition of the fixed effects
    shift: np.ndarray  # ordinary least squares estimate that was taken out of y, on orthonormal columns
    n: int
    reml: bool
    nothing_left: bool

    @cached_property
    def p(self) -> int:
        return len(self.shift)

    @cached_property
    def others(self) -> int:
        """Columns of all other groupings."""
        return self.outer.shape[0] - self.p - 1

    @cached_property
    def df(self) -> int:
        """What the residual sum of squares is divided by."""
        return self.n - self.p if self.reml else self.n

    @cached_property
    def widths(self) -> list[int]:
        """Random effects of a level, by grouping."""
        return [len(basis) for basis in self.basis]

    @cached_property
    def bounds(self) -> list[tuple[float, float]]:
        """Of the coordinates of the search."""
        widest = float(np.exp(WIDEST / 2))
        return [bound for k in self.widths for bound in ([(0.0, WIDEST)] if k == 1 else [(-widest, widest)] * 3)]

    @cached_property
    def is_variance(self) -> np.ndarray:
        """Whether a coordinate of the search is the logarithm of a variance, with a boundary at zero."""
        return np.array([low == 0 for low, _ in self.bounds])

    def relative(self, place: np.ndarray) -> list[np.ndarray]:
        """Relative covariance matrix of each grouping at a place of the search.

        A variance is searched as log(1 + m g); a covariance matrix by its Cholesky factor times root m, without bounds,
        because the factor's sign does not matter.
        """
        found, start = [], 0
        for k, size in zip(self.widths, self.mean_size, strict=True):
            if k == 1:
                found.append(np.expm1(place[start : start + 1, None]) / size)
            else:
                factor = _lower(place[start : start + 3])
                found.append(factor @ factor.T / size)
            start += k * (k + 1) // 2
        return found

    def gradient(self, place: np.ndarray, by_matrix: list[np.ndarray]) -> np.ndarray:
        """Gradient by the coordinates of the search, from the one by the elements of the covariance matrices."""
        found, start = [], 0
        for k, size, matrix in zip(self.widths, self.mean_size, by_matrix, strict=True):
            if k == 1:
                found.append(matrix[0] * np.exp(place[start]) / size)
            else:
                found.append((2 / size * matrix @ _lower(place[start : start + 3]))[[0, 1, 1], [0, 0, 1]])
            start += k * (k + 1) // 2
        return np.concatenate(found)


@dataclass(frozen=True)
class _Solution:
    """Deviance and estimates at given relative covariance matrices, and what the derivatives need."""

    moments: _Moments
    deviance: float
    log_determinant: float  # of V, and of X' V^-1 X for a restricted fit
    squares: float  # generalised residual sum of squares
    beta: np.ndarray
    inverse: np.ndarray  # (X' V^-1 X)^-1
    shrink: np.ndarray  # (I + Z_l' Z_l G)^-1 of each kind of level of the first grouping
    shrunk: np.ndarray  # Z' V_1^-1 right for the rows of the first grouping, V_1 with the first grouping alone
    outer: np.ndarray  # right' V_1^-1 right
    middle: np.ndarray  # M in V^-1 = V_1^-1 - V_1^-1 Z M Z' V_1^-1, Z of the other groupings
    take: np.ndarray  # M Z' V_1^-1 [X, y]

    @cached_property
    def final(self) -> np.ndarray:
        """[V^-1 X, P y] = V_1^-1 right final."""
        p = self.moments.p
        reach = np.vstack([-self.take[:, :-1], np.eye(p), np.zeros(p)])
        left = np.concatenate([-self.take[:, -1], np.zeros(p), [1.0]])
        return np.column_stack([reach, left - reach @ self.beta])

    @cached_property
    def scores(self) -> np.ndarray:
        """Z' [V^-1 X, P y], Z of the first grouping."""
        return self.shrunk @ self.final

    @cached_property
    def other_scores(self) -> np.ndarray:
        """Z' [V^-1 X, P y], Z of the other groupings."""
        return (self.outer @ self.final)[: self.moments.others]

    @cached_property
    def blunt(self) -> np.ndarray:
        """B in Z' P Z = Z' V_1^-1 Z - B N B', Z of the first grouping."""
        return np.concatenate([self.shrunk[:, :, : self.moments.others], self.scores[:, :, :-1]], axis=2)

    def removed(self, fixed: bool) -> np.ndarray:
        """N of P, or without the fixed effects of V^-1: in blocks, because their sum would lose digits."""
        r = self.moments.others
        found = np.zeros((r + self.moments.p,) * 2)
        found[:r, :r] = self.middle
        if fixed:
            found[r:, r:] = self.inverse
        return found

    @cached_property
    def own(self) -> np.ndarray:
        """Z_l' V_1^-1 Z_l of each kind of level of the first grouping."""
        return self.shrink @ self.moments.squares

    @cached_property
    def by_level(self) -> np.ndarray:
        """Z' P Z of the first grouping, for a maximum likelihood fit Z' V^-1 Z, summed over its levels."""
        bent = self.blunt @ self.removed(self.moments.reml)
        return np.tensordot(self.moments.counts, self.own, 1) - np.tensordot(bent, self.blunt, ([0, 2], [0, 2]))

    def block(self, fixed: bool) -> np.ndarray:
        """Z' P Z of the other groupings, or without the fixed effects Z' V^-1 Z."""
        r = self.moments.others
        found = self.outer[:r, :r] - self.outer[:r, :r] @ self.middle @ self.outer[:r, :r]
        if not fixed:
            return found
        seen = self.other_scores[:, :-1]
        return found - seen @ self.inverse @ seen.T

    @cached_property
    def gradient(self) -> list[np.ndarray]:
        """Of the deviance by the elements of each grouping's matrix."""
        moments = self.moments
        weight = moments.df / max(self.squares, np.finfo(float).tiny)
        score = self.scores[:, :, -1]
        found = [self.by_level - weight * score.T @ score]
        if not moments.others:
            return found
        block = self.block(moments.reml)
        for piece, k in zip(moments.pieces, moments.widths[1:], strict=True):
            own = np.einsum("iaib->ab", block[piece, piece].reshape(-1, k, (piece.stop - piece.start) // k, k))
            score = self.other_scores[piece, -1].reshape(-1, k)
            found.append(own - weight * score.T @ score)
        return found


@dataclass(frozen=True)
class _Fit:
    """A fitted model, in units of y and of the given columns except where ``relative``."""

    moments: _Moments
    solution: _Solution
    inner: list[np.ndarray]  # relative covariance matrices on the variables of the search
    relative: dict[str, np.ndarray]  # the same by name, on the given variables
    residual: float
    beta: np.ndarray
    beta_covariance: np.ndarray
    back: np.ndarray  # from effects on orthonormal columns to those on the given columns
    log_likelihood: float
    converged: bool
    ranks: list[int]  # of each covariance matrix

    @property
    def at_boundary(self) -> bool:
        return self.ranks != self.moments.widths

    def effects(self) -> dict[str, pd.Series]:
        """Predicted random intercepts."""
        moments, solution = self.moments, self.solution
        scores = [(solution.shrink[moments.kind] @ moments.cross) @ solution.final[:, -1]]
        others = solution.other_scores[:, -1]
        scores += [others[piece].reshape(-1, k) for piece, k in zip(moments.pieces, moments.widths[1:], strict=True)]
        return {
            name: pd.Series((score @ (basis @ matrix).T)[:, 0], index=moments.levels[name], name=name)
            for name, score, basis, matrix in zip(moments.names, scores, moments.basis, self.inner, strict=True)
        }


def _fit(y, fixed, labels, slopes, reml: bool) -> _Fit | str:
    """Fit, or the reason there is none."""
    moments = _moments(y, fixed, labels, slopes, reml)
    if moments.nothing_left:
        return NO_VARIATION
    explained = _explained(moments)
    if explained:
        return explained
    if _falls_for_ever(moments):
        return NO_RESIDUAL
    place, converged = _minimise(moments)
    inner = moments.relative(place)
    widest = [np.log1p(size * np.linalg.eigvalsh(one)[-1]) for size, one in zip(moments.mean_size, inner, strict=True)]
    if max(widest) > 0.9 * WIDEST:
        return NO_RESIDUAL
    inner = [_without_rounding(one) for one in inner]
    solution = _profile(inner, moments)
    residual = solution.squares / moments.df
    # The model was fitted to what orthonormal columns of the same space leave of y: taken back to the given columns.
    back = np.linalg.inv(moments.triangle)
    log_determinant = solution.log_determinant
    if reml:
        log_determinant += 2 * np.log(np.abs(np.diag(moments.triangle))).sum()
    log_likelihood = -0.5 * (moments.df * (np.log(2 * np.pi * residual) + 1) + log_determinant)
    return _Fit(
        moments=moments,
        solution=solution,
        inner=inner,
        relative={
            name: basis @ one @ basis.T for name, basis, one in zip(moments.names, moments.basis, inner, strict=True)
        },
        residual=float(residual),
        beta=back @ (moments.shift + solution.beta),
        beta_covariance=residual * back @ solution.inverse @ back.T,
        back=back,
        log_likelihood=float(log_likelihood),
        converged=converged,
        ranks=[int((np.linalg.eigvalsh(one) >= SINGULAR**2).sum()) for one in inner],
    )


def _without_rounding(matrix: np.ndarray) -> np.ndarray:
    """Put to zero what is zero by the rule, where there are several effects."""
    if len(matrix) == 1:
        return matrix
    sizes, directions = np.linalg.eigh(matrix)
    return directions * np.where(sizes < SINGULAR**2, 0, sizes) @ directions.T


def _moments(y, fixed, labels: dict[str, pd.Series], slopes: Mapping[str, np.ndarray], reml: bool) -> _Moments:
    from scipy import sparse

    names = sorted(labels, key=lambda name: -labels[name].nunique())
    n, random, levels, basis = len(y), [], {}, []
    for name in names:
        codes, unique = pd.factorize(labels[name], sort=True)
        values = np.ones((n, 1))
        if name in slopes:
            centre, spread = slopes[name].mean(), slopes[name].std()
            values = np.column_stack([values, (slopes[name] - centre) / spread])
            basis.append(np.array([[1, -centre / spread], [0, 1 / spread]]))
        else:
            basis.append(np.eye(1))
        k = values.shape[1]
        columns = (k * codes[:, None] + np.arange(k)).ravel()
        pointers = np.arange(0, k * n + 1, k)
        random.append(sparse.csr_array((values.ravel(), columns, pointers), shape=(n, k * len(unique))))
        levels[name] = pd.Index(unique)
    orthonormal, triangle = np.linalg.qr(fixed)
    shift = orthonormal.T @ y
    left = y - orthonormal @ shift
    numbers = sparse.csr_array(np.column_stack([orthonormal, left]))
    first, right = random[0], sparse.hstack([*random[1:], numbers], format="csr")
    k = len(basis[0])
    cross = (first.T @ right).toarray().reshape(-1, k, right.shape[1])
    squares = (first.T @ first).tocsr()
    squares = np.stack(
        [
            np.stack([squares[np.arange(i, k * len(cross), k), np.arange(j, k * len(cross), k)] for j in range(k)], -1)
            for i in range(k)
        ],
        axis=-2,
    )
    kinds, kind, counts = np.unique(squares.reshape(-1, k * k), axis=0, return_inverse=True, return_counts=True)
    kind = kind.ravel()
    rows, row_kind = _fewer_rows(cross, kind, counts)
    ends = np.concatenate([[0], np.cumsum([one.shape[1] for one in random[1:]])]).astype(int)
    return _Moments(
        names=names,
        levels=levels,
        basis=basis,
        squares=kinds.reshape(-1, k, k),
        counts=counts,
        kind=kind,
        cross=cross,
        rows=rows,
        row_kind=row_kind,
        outer=(right.T @ right).toarray(),
        pieces=[slice(start, end) for start, end in itertools.pairwise(ends)],
        mean_size=np.array([n / len(levels[name]) for name in names]),
        triangle=triangle,
        shift=shift,
        n=n,
        reml=reml,
        nothing_left=bool(left @ left <= NEGLIGIBLE**2 * (y @ y)),
    )


def _fewer_rows(cross: np.ndarray, kind: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows with the same sums of products within each kind of level, and their kind.

    What is done to a level depends on its kind alone, and only sums of products over levels are needed: the triangle of
    a QR decomposition gives the same, so that the search takes as long for 50,000 people as for 50.
    """
    k, w = cross.shape[1:]
    rows, row_kind = [], []
    for number, count in enumerate(counts):
        if count > k * w:
            found = np.linalg.qr(cross[kind == number].reshape(count, k * w), mode="r").reshape(-1, k, w)
            rows.append(found)
            row_kind.append(np.full(len(found), number))
    kept = np.isin(kind, np.flatnonzero(counts <= k * w))
    return np.concatenate([cross[kept], *rows]), np.concatenate([kind[kept], *row_kind]).astype(int)


def _profile(relative: list[np.ndarray], moments: _Moments) -> _Solution:
    """Eliminate the first grouping, whose equations are diagonal, then the others, then the fixed effects."""
    r, k = moments.others, moments.widths[0]
    plus = np.eye(k) + moments.squares @ relative[0]
    shrink = np.linalg.inv(plus)
    shrunk = shrink[moments.row_kind] @ moments.rows
    flat = (-1, shrunk.shape[2])
    outer = moments.outer - moments.rows.reshape(flat).T @ (relative[0] @ shrunk).reshape(flat)
    to_numbers = outer[:r, r:]
    root = _root(relative[1:], moments)
    factor = np.linalg.cholesky(np.eye(r) + root.T @ outer[:r, :r] @ root)
    half = np.linalg.solve(factor, root.T)
    middle = half.T @ half
    take = middle @ to_numbers
    numbers = outer[r:, r:] - to_numbers.T @ take
    inverse = np.linalg.inv(numbers[:-1, :-1])
    beta = inverse @ numbers[:-1, -1]
    squares = float(numbers[-1, -1] - numbers[:-1, -1] @ beta)
    log_determinant = float(moments.counts @ np.log(np.linalg.det(plus)) + 2 * np.log(np.diag(factor)).sum())
    if moments.reml:
        log_determinant += float(np.linalg.slogdet(numbers[:-1, :-1])[1])
    deviance = moments.df * float(np.log(max(squares, np.finfo(float).tiny))) + log_determinant
    return _Solution(moments, deviance, log_determinant, squares, beta, inverse, shrink, shrunk, outer, middle, take)


def _root(relative: list[np.ndarray], moments: _Moments) -> np.ndarray:
    """Root of the covariance matrix of all other groupings; its product with its transpose is the matrix."""
    found = np.zeros((moments.others, moments.others))
    for piece, matrix in zip(moments.pieces, relative, strict=True):
        if len(matrix) == 1:
            np.fill_diagonal(found[piece, piece], np.sqrt(matrix[0, 0]))
            continue
        sizes, directions = np.linalg.eigh(matrix)
        one = directions * np.sqrt(np.maximum(sizes, 0))
        found[piece, piece] = np.kron(np.eye((piece.stop - piece.start) // len(matrix)), one)
    return found


def _lower(elements: np.ndarray) -> np.ndarray:
    return np.array([[elements[0], 0.0], [elements[1], elements[2]]])


def _slope(place: np.ndarray, moments: _Moments) -> tuple[float, np.ndarray]:
    """Deviance and its gradient on the scale of the search."""
    solution = _profile(moments.relative(place), moments)
    return solution.deviance, moments.gradient(place, solution.gradient)


def _explained(moments: _Moments) -> str:
    """Whether fixed effects leave nothing of the differences a grouping makes, as sites among both do."""
    r = moments.others
    of_numbers = [np.einsum("lai,lai->a", *[moments.cross[:, :, r:-1]] * 2)]
    whole = [np.einsum("u,uaa->a", moments.counts, moments.squares)]
    for piece, k in zip(moments.pieces, moments.widths[1:], strict=True):
        of_numbers.append((moments.outer[piece, r:-1] ** 2).sum(axis=1).reshape(-1, k).sum(axis=0))
        whole.append(np.diag(moments.outer)[piece].reshape(-1, k).sum(axis=0))
    for name, taken, all_of_it in zip(moments.names, of_numbers, whole, strict=True):
        if (all_of_it - taken <= NO_INFORMATION * all_of_it).any():
            return f"undefined: the fixed effects explain all differences of {name}"
    return ""


def _falls_for_ever(moments: _Moments) -> bool:
    """Whether some groupings fit all observations exactly: the more they may vary, the more likely the data are.

    Far out the deviance then falls by the number of observations beyond the rank of groupings and fixed effects, for
    each unit of the scale; it rises by that rank where there is a residual.
    """
    corners = [[np.diag(corner) for corner in itertools.product((0.0, 1.0), repeat=k)] for k in moments.widths]
    for corner in itertools.product(*corners):
        far = [np.expm1(WIDEST) / size * one for size, one in zip(moments.mean_size, corner, strict=True)]
        gradient = _profile(far, moments).gradient
        if sum((one * matrix).sum() for one, matrix in zip(gradient, far, strict=True)) < -0.5:
            return True
    return False


def _minimise(moments: _Moments) -> tuple[np.ndarray, bool]:
    """Place of the least deviance, and whether the search arrived."""

    def slope(place: np.ndarray) -> tuple[float, np.ndarray]:
        return _slope(place, moments)

    starts = sorted(_starts(moments), key=lambda start: _profile(moments.relative(start), moments).deviance)
    best = None
    for start in starts[:3]:  # the second and third are only needed where the first does not arrive
        for nearer in (None, _search):  # Newton's method mostly arrives from the best of the starts
            place, steepness = _newton(start if nearer is None else nearer(start, slope, moments), slope, moments)
            steepness = max(steepness, _downwards(place, moments))
            if best is None or steepness < best[1]:
                best = place, steepness
            if steepness <= ARRIVED:
                return place, True
        if best[1] <= STEEPEST:
            break
    return best[0], bool(best[1] <= STEEPEST)


def _search(start: np.ndarray, slope, moments: _Moments) -> np.ndarray:
    from scipy import optimize

    options = {"ftol": 1e-15, "gtol": 1e-9, "maxiter": 1000}
    return optimize.minimize(slope, start, jac=True, method="L-BFGS-B", bounds=moments.bounds, options=options).x


def _starts(moments: _Moments) -> list[np.ndarray]:
    """Places on a grid of variances, without covariances."""
    q = sum(moments.widths)
    ladder = next((one for one in (STARTS, STARTS[1::2], STARTS[2:3]) if len(one) ** q <= MOST_STARTS), STARTS[2:3])
    starts = []
    for scaled in itertools.product(ladder, repeat=q):
        left, start = list(scaled), []
        for k in moments.widths:
            one, left = left[:k], left[k:]
            start += one if k == 1 else [np.sqrt(np.expm1(one[0])), 0.0, np.sqrt(np.expm1(one[1]))]
        starts.append(np.array(start))
    return starts


def _newton(place: np.ndarray, slope, moments: _Moments) -> tuple[np.ndarray, float]:
    """Newton's method on the components that are not zero, for as long as it leads down to less steep places.

    Also after a search, because deviances alone fix a minimum to half their digits only.
    """
    low, high = np.array(moments.bounds).T
    deviance, gradient = slope(place)
    steepness = _steepness(place, gradient, moments)
    for _ in range(MOST_STEPS):
        free = np.flatnonzero((place > 0) | ~moments.is_variance)
        if not len(free) or steepness < 1e-11:
            break
        curvature = np.empty((len(free), len(free)))
        for row, j in enumerate(free):
            step = np.zeros(len(place))
            step[j] = 1e-4
            curvature[row] = (slope(place + step)[1] - gradient)[free] / 1e-4
        sizes, directions = np.linalg.eigh((curvature + curvature.T) / 2)
        if sizes[0] < -1e-6 * sizes[-1]:
            break
        candidate = place.copy()
        some = sizes > NO_INFORMATION * sizes[-1]
        candidate[free] -= directions[:, some] / sizes[some] @ (directions[:, some].T @ gradient[free])
        candidate = np.clip(candidate, low, high)
        candidate_deviance, candidate_gradient = slope(candidate)
        lower = candidate_deviance <= deviance + 1e-10 * max(1, abs(deviance))
        if not lower or _steepness(candidate, candidate_gradient, moments) >= steepness:
            break
        place, deviance, gradient = candidate, candidate_deviance, candidate_gradient
        steepness = _steepness(place, gradient, moments)
    return place, steepness


def _steepness(place: np.ndarray, gradient: np.ndarray, moments: _Moments) -> float:
    """Largest slope that is left; one that points below zero at zero counts for nothing."""
    outwards = moments.is_variance & (place <= 0)
    return float(np.abs(np.where(outwards, np.minimum(gradient, 0), gradient)).max())


def _downwards(place: np.ndarray, moments: _Moments) -> float:
    """Steepest way down for a covariance matrix, any of its directions: a singular factor has no slope and hides it."""
    if max(moments.widths) == 1:
        return 0.0
    gradient = _profile(moments.relative(place), moments).gradient
    return max(
        0.0, *(-np.linalg.eigvalsh(one)[0] / size for one, size in zip(gradient, moments.mean_size, strict=True))
    )


# Degrees of freedom


@dataclass(frozen=True)
class _Parameters:
    """First and second derivatives by the elements of the covariance matrices and, last, by the residual.

    In units in which the residual is 1. ``c`` stands for the columns [V^-1 X, P y].
    """

    gradient: np.ndarray  # of minus twice the log-likelihood
    first: np.ndarray  # c' K_i c; (parameters, fixed + 1, fixed + 1)
    second: np.ndarray  # c' K_i P K_j c; (parameters, parameters, fixed + 1, fixed + 1)
    expected: np.ndarray  # tr(P K_i P K_j), or with V^-1 instead of P for a maximum likelihood fit


def _degrees_of_freedom(fit: _Fit) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None]:
    """Satterthwaite's degrees of freedom, the adjusted covariance and Kenward and Roger's degrees of freedom."""
    found, inverse = _parameters(fit), fit.solution.inverse
    observed = 2 * found.second[:, :, -1, -1] - found.expected
    to_elements, bend = _directions(fit)
    # Bending of the boundary: a matrix of rank one stays one along a curve, and the deviance slopes across it.
    observed = to_elements.T @ observed @ to_elements + np.tensordot(found.gradient, bend, 1)
    variance = np.diag(fit.back @ inverse @ fit.back.T)
    half = fit.back @ inverse
    slopes = np.einsum("ca,iab,cb->ci", half, found.first[:, :-1, :-1], half) / variance[:, None]
    satterthwaite = _over(slopes @ to_elements, 2 * _inverse(observed))
    if not fit.moments.reml:
        return satterthwaite, None, None
    weights = 2 * _inverse(found.expected)
    update = np.tensordot(weights, found.second[:, :, :-1, :-1], 2)
    adjusted = fit.residual * fit.back @ (inverse + 2 * inverse @ update @ inverse) @ fit.back.T
    return satterthwaite, (adjusted + adjusted.T) / 2, _over(slopes, weights)


def _over(slopes: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    spread = np.einsum("ci,ij,cj->c", slopes, covariance, slopes)
    with np.errstate(divide="ignore"):
        return np.where(spread > 0, 2 / np.maximum(spread, 0), np.inf)


def _inverse(matrix: np.ndarray) -> np.ndarray:
    """Inverse of an information matrix on the directions it has information about."""
    scale = np.sqrt(np.maximum(np.abs(np.diag(matrix)), np.finfo(float).tiny))
    sizes, directions = np.linalg.eigh(matrix / scale / scale[:, None])
    some = sizes > NO_INFORMATION
    return (directions[:, some] / sizes[some] @ directions[:, some].T) / scale / scale[:, None]


def _elements(k: int) -> list[np.ndarray]:
    """Give the derivatives of a symmetric matrix by its distinct elements."""
    if k == 1:
        return [np.eye(1)]
    return [np.array(one, dtype=float) for one in ([[1, 0], [0, 0]], [[0, 1], [1, 0]], [[0, 0], [0, 1]])]


def _distinct(matrix: np.ndarray) -> np.ndarray:
    return matrix[np.triu_indices(len(matrix))]


def _directions(fit: _Fit) -> tuple[np.ndarray, np.ndarray]:
    """Free parameters at the solution: first and second derivatives of the elements by them.

    All elements of a matrix of full rank, none of a matrix of zero. A matrix v v' of rank one moves with v.
    """
    blocks, bends = [], []
    for matrix, rank in zip(fit.inner, fit.ranks, strict=True):
        k = len(matrix)
        size = k * (k + 1) // 2
        if rank in (0, k):
            blocks.append(np.eye(size)[:, : size * (rank > 0)])
            bends.append(np.zeros((size, blocks[-1].shape[1], blocks[-1].shape[1])))
            continue
        sizes, directions = np.linalg.eigh(matrix)
        v = np.sqrt(sizes[-1]) * directions[:, -1]
        unit = np.eye(k)
        blocks.append(np.column_stack([_distinct(np.outer(one, v) + np.outer(v, one)) for one in unit]))
        bends.append(
            np.stack([[_distinct(np.outer(a, b) + np.outer(b, a)) for b in unit] for a in unit]).transpose(2, 0, 1)
        )
    blocks.append(np.eye(1))
    bends.append(np.zeros((1, 1, 1)))
    rows, columns = (np.cumsum([0, *(block.shape[axis] for block in blocks)]) for axis in (0, 1))
    first, second = np.zeros((rows[-1], columns[-1])), np.zeros((rows[-1], columns[-1], columns[-1]))
    for place, (block, bend) in enumerate(zip(blocks, bends, strict=True)):
        down, across = slice(*rows[place : place + 2]), slice(*columns[place : place + 2])
        first[down, across], second[down, across, across] = block, bend
    return first, second


def _parameters(fit: _Fit) -> _Parameters:
    """Take the derivatives from sums over levels; those by the residual follow from V P K P = K P."""
    moments, solution = fit.moments, fit.solution
    r, p, reml = moments.others, moments.p, moments.reml
    to_units = np.append(np.ones(p), 1 / np.sqrt(fit.residual))
    scores, other_scores = solution.scores * to_units, solution.other_scores * to_units

    # The first grouping: Z' P Z is own - blunt N blunt', own a block for each level.
    blunt, own, own_rows = solution.blunt, solution.own, solution.own[moments.row_kind]
    removed, without = solution.removed(fixed=True), solution.removed(reml)
    inside = blunt @ without @ blunt.transpose(0, 2, 1)
    # The others: Z' P Z as it is, and Z' P [first grouping] is blunt left.
    block, block_random = solution.block(fixed=True), solution.block(reml)
    met_others = np.vstack([solution.outer[:r, :r], solution.other_scores[:, :-1].T])
    left, left_random = (np.eye(r + p, r) - one @ met_others for one in (removed, without))

    first_basis = _elements(moments.widths[0])
    pressed = [np.tensordot(blunt, basis @ blunt, ([0, 1], [0, 1])) for basis in first_basis]
    met = [np.tensordot(blunt, basis @ scores, ([0, 1], [0, 1])) for basis in first_basis]
    other_basis = []
    for piece, k in zip(moments.pieces, moments.widths[1:], strict=True):
        for basis in _elements(k):
            whole = np.zeros((r, r))
            whole[piece, piece] = np.kron(np.eye((piece.stop - piece.start) // k), basis)
            other_basis.append(whole)
    q, a = len(first_basis) + len(other_basis), len(first_basis)
    first = np.empty((q + 1, p + 1, p + 1))
    second = np.empty((q + 1, q + 1, p + 1, p + 1))
    expected = np.empty((q + 1, q + 1))
    by_trace = np.array([np.sum(basis * solution.by_level) for basis in first_basis] + [0.0] * (q - a))
    for i, one in enumerate(first_basis):
        first[i] = np.tensordot(scores, one @ scores, ([0, 1], [0, 1]))
        for j, other in enumerate(first_basis):
            bent = one @ own_rows @ other
            mixed = np.einsum("rab,rba->", bent, inside) + np.einsum("rab,rba->", other @ own_rows @ one, inside)
            alone = moments.counts @ np.einsum("uab,uba->u", one @ own @ other, own)
            expected[i, j] = alone - mixed + np.sum((pressed[i] @ without) * (pressed[j] @ without).T)
            second[i, j] = np.tensordot(scores, bent @ scores, ([0, 1], [0, 1])) - met[i].T @ removed @ met[j]
        for j, other in enumerate(other_basis, start=a):
            expected[i, j] = expected[j, i] = np.sum(pressed[i] * (left_random @ other @ left_random.T))
            second[i, j] = met[i].T @ left @ other @ other_scores
            second[j, i] = second[i, j].T
    for i, one in enumerate(other_basis, start=a):
        first[i] = other_scores.T @ one @ other_scores
        by_trace[i] = np.sum(one * block_random)
        for j, other in enumerate(other_basis, start=a):
            expected[i, j] = np.sum((one @ block_random) * (other @ block_random).T)
            second[i, j] = other_scores.T @ one @ block @ other @ other_scores
    values = np.concatenate([_distinct(matrix) for matrix in fit.inner])
    # The residual, from V = I + sum of values times K.
    information = np.linalg.inv(solution.inverse)
    whole = np.zeros((p + 1, p + 1))
    whole[:-1, :-1], whole[-1, -1] = information, solution.squares / fit.residual
    first[q] = whole - np.tensordot(values, first[:q], 1)
    # c' K P V c is zero in the columns of X, because P X is, and c' K P y in the last.
    tail = np.zeros((q + 1, p + 1, p + 1))
    tail[:, :, -1] = first[:, :, -1]
    for i in range(q):
        second[i, q] = tail[i] - np.tensordot(values, second[i, :q], 1)
        second[q, i] = second[i, q].T
    second[q, q] = tail[q] - np.tensordot(values, second[q, :q], 1)
    expected[:q, q] = expected[q, :q] = by_trace - expected[:q, :q] @ values
    rank = moments.n - p if moments.reml else moments.n
    total = rank - by_trace @ values
    expected[q, q] = total - expected[q, :q] @ values
    gradient = np.append(by_trace, total) - first[:, -1, -1]
    return _Parameters(gradient, first, second, expected)


# What comes out


def _two_sided(t: float, df: float) -> float:
    return float(2 * (special.stdtr(df, -abs(t)) if np.isfinite(df) else special.ndtr(-abs(t))))


def _quantile(df: float, confidence: float) -> float:
    level = (1 + confidence) / 2
    return float(special.stdtrit(df, level) if np.isfinite(df) else special.ndtri(level))


def _boundary_notes(fit: _Fit, data: _Data) -> list[str]:
    ranks = dict(zip(fit.moments.names, fit.ranks, strict=True))
    notes = []
    for name in data.labels:
        if ranks[name] == 0:
            what = "the variances of intercepts and slopes" if name in data.slopes else "the variance"
            notes.append(f"{what} of {name} estimated as zero")
        elif name in data.slopes and ranks[name] == 1:
            notes.append(f"intercepts and slopes of {name} estimated as perfectly correlated, or one as not varying")
    return notes
