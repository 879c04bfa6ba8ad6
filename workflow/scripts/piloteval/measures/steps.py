"""Cumulative link models: ordered answers to a single item before and after, without treating steps as distances.

Own code, because statsmodels' OrderedModel has no random effect, takes numerical derivatives (five good digits and
0.1 s a fit), reports logarithms of threshold increments with standard errors of their own, and calls a fit converged
although the estimates grow without bound (separation).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special  # the distribution functions, without the second that importing scipy.stats costs

from piloteval.measures.complete import FEWEST_ROWS
from piloteval.statistic import Statistic

#: Stands for an infinite threshold: far beyond any predictor, and its square does not overflow in an exponential.
FAR = 300.0

#: Newton's method has arrived when one more step would raise the log-likelihood by less than this.
ARRIVED = 1e-16
ARRIVED_MIXED = 1e-12  # its second derivatives are differences of the exact gradient
MOST_STEPS = 60

#: Predictors further apart than this, in units of the link, are looked at for separation.
SUSPICIOUS = 5.0

#: A random intercept that spreads more, in standard deviations of the link's distribution, is without bound.
WIDEST_INTERCEPT = 10.0

#: One that spreads less is zero.
NARROWEST_INTERCEPT = 1e-3

#: Standard deviations of the random intercept a search may start from, in the same unit.
STARTS = (0.25, 0.5, 1.0, 2.0, 4.0)

SEPARATION = "undefined: complete or quasi-complete separation, the predictors order the answers without overlap"
ONE_CATEGORY = "undefined: one category used"
NO_CHANGE = "undefined: nobody changed"
UNPAIRED = "before or after missing"
NO_ANSWER = "neither before nor after answered"


@dataclass(frozen=True)
class Link:
    """Distribution behind a link: its functions and its standard deviation.

    Attributes
    ----------
    quantile, cdf, survival, density, slope, curvature : callable
        Inverse of F, F, 1 - F, and the first three derivatives of F.
    sd : float
        Standard deviation of the distribution.
    """

    quantile: Callable
    cdf: Callable
    survival: Callable
    density: Callable
    slope: Callable
    curvature: Callable
    sd: float


def _logistic_density(x: np.ndarray) -> np.ndarray:
    return special.expit(x) * special.expit(-x)


def _normal_density(x: np.ndarray) -> np.ndarray:
    return np.exp(-x * x / 2) / np.sqrt(2 * np.pi)


def _gumbel_density(x: np.ndarray) -> np.ndarray:
    return np.exp(x - np.exp(x))


LINKS = {
    "logit": Link(
        quantile=special.logit,
        cdf=special.expit,
        survival=lambda x: special.expit(-x),
        density=_logistic_density,
        slope=lambda x: _logistic_density(x) * (special.expit(-x) - special.expit(x)),
        curvature=lambda x: _logistic_density(x) * (1 - 6 * _logistic_density(x)),
        sd=np.pi / np.sqrt(3),
    ),
    "probit": Link(
        quantile=special.ndtri,
        cdf=special.ndtr,
        survival=lambda x: special.ndtr(-x),
        density=_normal_density,
        slope=lambda x: -x * _normal_density(x),
        curvature=lambda x: (x * x - 1) * _normal_density(x),
        sd=1.0,
    ),
    "cloglog": Link(
        quantile=lambda p: np.log(-np.log1p(-p)),
        cdf=lambda x: -np.expm1(-np.exp(x)),
        survival=lambda x: np.exp(-np.exp(x)),
        density=_gumbel_density,
        slope=lambda x: _gumbel_density(x) * -np.expm1(x),
        curvature=lambda x: _gumbel_density(x) * (1 - 3 * np.exp(x) + np.exp(2 * x)),
        sd=np.pi / np.sqrt(6),
    ),
}


@dataclass(frozen=True)
class CumulativeLink:
    """Fitted cumulative link model; without estimates when undefined, and then ``note`` gives the reason.

    Attributes
    ----------
    link : str
        ``logit``, ``probit`` or ``cloglog``.
    categories : tuple of float
        Answers that occur, in their order.
    thresholds : array, shape (categories - 1,)
        Between each category and the next.
    coefficients : array, shape (predictors,)
        Positive: higher answers. With the logit link the exponential is the odds ratio of a higher answer.
    covariance : array, shape (categories - 1 + predictors, same)
        Covariance matrix of thresholds and coefficients, in this order.
    log_likelihood : float or None
        Log-likelihood, of a mixed model by the Laplace approximation.
    n, n_groups, n_dropped : int
        Observations used, groups among them (0 without groups), and observations left out as incomplete.
    random_sd : float or None
        Standard deviation of the random intercept; None in a model without.
    note : str
        Warnings, or the reason the model is undefined.
    """

    link: str
    n: int
    n_groups: int = 0
    n_dropped: int = 0
    categories: tuple[float, ...] = ()
    thresholds: np.ndarray = field(default_factory=lambda: np.empty(0))
    coefficients: np.ndarray = field(default_factory=lambda: np.empty(0))
    covariance: np.ndarray = field(default_factory=lambda: np.empty((0, 0)))
    log_likelihood: float | None = None
    random_sd: float | None = None
    note: str = ""

    @property
    def estimates(self) -> np.ndarray:
        """Thresholds and coefficients, in the order of the covariance matrix."""
        return np.concatenate([self.thresholds, self.coefficients])

    @property
    def standard_errors(self) -> np.ndarray:
        """Standard errors of the estimates."""
        return np.sqrt(np.diag(self.covariance))

    @property
    def z(self) -> np.ndarray:
        """Estimates divided by their standard errors."""
        return self.estimates / self.standard_errors

    @property
    def p(self) -> np.ndarray:
        """Two-sided p-values of ``z`` by the normal distribution."""
        return 2 * special.ndtr(-np.abs(self.z))

    @property
    def aic(self) -> float | None:
        """Akaike's criterion; the random intercept counts as one parameter."""
        if self.log_likelihood is None:
            return None
        return 2 * (len(self.estimates) + (self.random_sd is not None)) - 2 * self.log_likelihood


# Answers of the same people before and after


def odds_ratio_after(pre: ArrayLike, post: ArrayLike, confidence: float = 0.95, everybody: bool = False) -> Statistic:
    """Odds ratio of a higher answer after than before, over all people (marginal), robust to the pairing.

    Parameters
    ----------
    pre, post : array, shape (people,)
        Answers of the same people in the same order to one item; missing is NaN.
    confidence : float
        Level of the interval.
    everybody : bool
        Also use people who answered only once.

    Returns
    -------
    Statistic
        ``n`` counts people. Above 1: higher answers after. Undefined with fewer than three people, one category, when
        nobody changed, and when all answers of one wave are at or above those of the other (separation).

    Raises
    ------
    ValueError
        If ``pre`` and ``post`` differ in length.

    Notes
    -----
    logit P(answer <= j) = threshold_j - beta after, odds ratio exp(beta), the same for every threshold (proportional
    odds). The standard error is the sandwich clustered on the person with the factor G / (G - 1), the interval uses t
    with G - 1 degrees of freedom, G people.

    References
    ----------
    McCullagh (1980), Journal of the Royal Statistical Society B 42, 109-142; Liang & Zeger (1986), Biometrika 73,
    13-22.
    """
    y, after, person, record = _long(pre, post, everybody, "odds ratio of a higher answer, cumulative logit model")
    reason = _why_no_ratio(y, record["n"])
    if reason:
        return Statistic(None, note=reason, **record)
    fit = cumulative_link(y, after[:, None], clusters=person)
    if fit.note:
        return Statistic(None, note=fit.note, **record)
    quantile = special.stdtrit(record["n"] - 1, (1 + confidence) / 2)
    name = f"cluster-robust t interval, {100 * confidence:g} %"
    return _ratio(fit, quantile, name, f"{len(fit.categories)} categories, proportional odds assumed", record)


def odds_ratio_after_mixed(
    pre: ArrayLike, post: ArrayLike, confidence: float = 0.95, everybody: bool = False
) -> Statistic:
    """Odds ratio of a higher answer after than before for the same person (conditional), with a random intercept.

    Parameters
    ----------
    pre, post : array, shape (people,)
        As in `odds_ratio_after`.
    confidence : float
        Level of the interval.
    everybody : bool
        Also use people who answered only once; right when answers are missing at random given the other answer.

    Returns
    -------
    Statistic
        As `odds_ratio_after`, and further from 1 the more people differ. Undefined also when the answers of a person
        hang together so closely that the random intercept has no bound.

    Raises
    ------
    ValueError
        If ``pre`` and ``post`` differ in length.

    Notes
    -----
    logit P(answer <= j) = threshold_j - beta after - sigma u_person, u standard normal; Laplace approximation, Wald
    interval. With two answers a person the approximation sees too little spread between people and is then too near 1.

    References
    ----------
    Hedeker & Gibbons (1994), Biometrics 50, 933-944; Christensen, R package ordinal (clmm).
    """
    method = "odds ratio of a higher answer, cumulative logit model with a random intercept (Laplace)"
    y, after, person, record = _long(pre, post, everybody, method)
    reason = _why_no_ratio(y, record["n"])
    if reason:
        return Statistic(None, note=reason, **record)
    fit = cumulative_link_mixed(y, after[:, None], person)
    if fit.log_likelihood is None:
        return Statistic(None, note=fit.note, **record)
    quantile = special.ndtri((1 + confidence) / 2)
    note = f"{len(fit.categories)} categories, proportional odds assumed, sd between people {fit.random_sd:.2f}"
    return _ratio(fit, quantile, f"Wald interval, {100 * confidence:g} %", note, record)


# The models


def cumulative_link(
    y: ArrayLike, X: ArrayLike, link: str = "logit", clusters: ArrayLike | None = None
) -> CumulativeLink:
    """Fit an ordinal regression by maximum likelihood.

    Parameters
    ----------
    y : array, shape (observations,)
        Ordered answers as numbers; only their order counts. Missing is NaN.
    X : array, shape (observations, predictors)
        Predictors without an intercept column; missing is NaN. May have no column.
    link : {'logit', 'probit', 'cloglog'}
        Distribution behind the answers.
    clusters : array, shape (observations,), optional
        Person each observation belongs to: the covariance matrix is then the clustered sandwich with the factor
        G / (G - 1), otherwise the inverse of the observed information.

    Returns
    -------
    CumulativeLink
        From complete rows. Undefined with one category, with predictors that do not vary or determine each other, with
        fewer than two clusters, and with separation.

    Raises
    ------
    ValueError
        If the link is unknown or the shapes do not fit.

    Notes
    -----
    F^-1(P(y <= j)) = threshold_j - x beta. The log-likelihood is concave (Pratt 1981), so Newton's method with exact
    derivatives finds its only maximum. Whether there is one is decided by a linear programme: a direction in which no
    observation becomes less likely exists exactly when it has none (Albert & Anderson 1984).

    References
    ----------
    McCullagh (1980), Journal of the Royal Statistical Society B 42, 109-142; Pratt (1981), Journal of the American
    Statistical Association 76, 103-106; Albert & Anderson (1984), Biometrika 71, 1-10.
    """
    data, empty = _prepared(y, X, link, clusters)
    if empty.note:
        return empty
    if clusters is None:
        return _fit_fixed(data, empty)
    if empty.n_groups < 2:
        return replace(empty, note="undefined: fewer than 2 clusters")
    fit = _fit_fixed(data, empty)
    if fit.note:
        return fit
    _, scores, _ = _fixed(fit.estimates, data)
    sums = np.zeros((empty.n_groups, len(fit.estimates)))
    np.add.at(sums, data.groups, scores)
    sandwich = fit.covariance @ (sums.T @ sums) @ fit.covariance
    return replace(fit, covariance=sandwich * empty.n_groups / (empty.n_groups - 1))


def cumulative_link_mixed(y: ArrayLike, X: ArrayLike, groups: ArrayLike, link: str = "logit") -> CumulativeLink:
    """Fit an ordinal regression with a random intercept by the Laplace approximation.

    Parameters
    ----------
    y, X, link
        As in `cumulative_link`.
    groups : array, shape (observations,)
        Person (or judge, site) each observation belongs to.

    Returns
    -------
    CumulativeLink
        With ``random_sd``. Where it is zero the estimates are those of `cumulative_link`, and the note says so.
        Undefined for the reasons of `cumulative_link`, with fewer than two groups, when no group has two observations,
        and when the random intercept grows without bound.

    Raises
    ------
    ValueError
        If the link is unknown or the shapes do not fit.

    Notes
    -----
    F^-1(P(y <= j)) = threshold_j - x beta - sigma u_g, u_g standard normal. With h_g the log density of the answers
    and u of a group, v its maximum and D = -h_g''(v), the log-likelihood is the sum of h_g(v) - log(D) / 2 (the
    constants cancel). Its gradient is exact, with the derivative of the maximum; the Hessian is differences of it. The
    covariance matrix is the inverse of the observed information with log sigma as a parameter.

    References
    ----------
    Pinheiro & Bates (1995), Journal of Computational and Graphical Statistics 4, 12-35; Christensen, R package
    ordinal (clmm).
    """
    data, empty = _prepared(y, X, link, groups)
    if empty.note:
        return empty
    if empty.n_groups < 2:
        return replace(empty, note="undefined: fewer than 2 groups")
    if empty.n_groups == empty.n:
        return replace(empty, note="undefined: no group has two observations")
    fixed = _fit_fixed(data, empty)
    if fixed.note:
        return replace(empty, note=fixed.note)
    alike = replace(
        fixed,
        n_groups=empty.n_groups,
        n_dropped=empty.n_dropped,
        random_sd=0.0,
        note="the groups do not differ beyond chance",
    )
    start = _best_start(fixed.estimates, data)
    if start.log_likelihood <= fixed.log_likelihood and _slope_at_zero(fixed.estimates, data) <= 0:
        return alike
    theta, log_likelihood, information, converged = _search_mixed(start, data)
    sd = float(np.exp(theta[-1]))
    if log_likelihood <= fixed.log_likelihood or sd < NARROWEST_INTERCEPT * data.link.sd:
        return alike
    if sd > WIDEST_INTERCEPT * data.link.sd:
        return replace(empty, note="undefined: the random intercept grows without bound")
    if not converged:
        return replace(empty, note="undefined: the fit did not converge")
    return replace(
        empty,
        thresholds=theta[: data.cuts],
        coefficients=theta[data.cuts : -1],
        covariance=np.linalg.inv(information)[:-1, :-1],
        log_likelihood=log_likelihood,
        random_sd=sd,
    )


# Likelihood


@dataclass(frozen=True, eq=False)
class _Data:
    """Complete observations and how the limits of each answer depend on the parameters.

    ``upper`` and ``lower`` hold the derivatives of the limits by thresholds and coefficients.
    """

    link: Link
    codes: np.ndarray
    X: np.ndarray
    groups: np.ndarray | None
    cuts: int  # thresholds
    upper: np.ndarray
    lower: np.ndarray

    def limits(self, theta: np.ndarray, shift: np.ndarray | float = 0.0) -> tuple[np.ndarray, np.ndarray]:
        """Return the limits of each answer on the scale of the link."""
        cuts = np.concatenate([[-FAR], theta[: self.cuts], [FAR]])
        predictor = self.X @ theta[self.cuts :] + shift
        return cuts[self.codes + 1] - predictor, cuts[self.codes] - predictor


def _prepared(y, X, link, groups) -> tuple[_Data | None, CumulativeLink]:
    """Return the complete observations, and the record without estimates, whose note says why there are none."""
    if link not in LINKS:
        raise ValueError(f"unknown link: {link}")
    y = pd.Series(y).astype(float).to_numpy()
    X = pd.DataFrame(X).to_numpy(dtype=float, na_value=np.nan)
    if len(X) != len(y) or (groups is not None and len(groups) != len(y)):
        raise ValueError("answers, predictors and groups must have one row an observation")
    complete = ~(np.isnan(y) | np.isnan(X).any(axis=1))
    n_groups, codes_of_groups = 0, None
    if groups is not None:
        complete &= ~pd.isna(np.asarray(groups))
        codes_of_groups, labels = pd.factorize(np.asarray(groups)[complete])
        n_groups = len(labels)
    y, X = y[complete], X[complete]
    categories, codes = np.unique(y, return_inverse=True)
    empty = CumulativeLink(link, len(y), n_groups, int((~complete).sum()), tuple(categories.tolist()))
    if not len(y):
        return None, replace(empty, note="undefined: no complete observation")
    if len(categories) < 2:
        return None, replace(empty, note=ONE_CATEGORY)
    if X.shape[1] and np.linalg.matrix_rank(X - X.mean(axis=0)) < X.shape[1]:
        return None, replace(empty, note="undefined: a predictor does not vary, or others determine it")
    cuts = len(categories) - 1
    step = np.eye(cuts + 2)[:, 1:-1]
    data = _Data(
        link=LINKS[link],
        codes=codes,
        X=X,
        groups=codes_of_groups,
        cuts=cuts,
        upper=np.hstack([step[codes + 1], -X]),
        lower=np.hstack([step[codes], -X]),
    )
    return data, empty


def _log_probability(link: Link, u: np.ndarray, low: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return probability between the limits and its logarithm, without cancellation in the upper tail."""
    p = np.where(low > 0, link.survival(low) - link.survival(u), link.cdf(u) - link.cdf(low))
    with np.errstate(divide="ignore", invalid="ignore"):
        return p, np.log(p)


def _ratios(link: Link, u: np.ndarray, low: np.ndarray, p: np.ndarray):
    """Return first derivatives of log p by the two limits, and the second: upper, mixed, lower."""
    a, b, a1, b1 = link.density(u) / p, link.density(low) / p, link.slope(u) / p, link.slope(low) / p
    return a, -b, a1 - a * a, a * b, -b1 - b * b


def _thirds(link: Link, u: np.ndarray, low: np.ndarray, p: np.ndarray):
    """Return third derivatives of log p by the limits: upper, upper upper lower, upper lower lower, lower."""
    a, b, a1, b1 = link.density(u) / p, link.density(low) / p, link.slope(u) / p, link.slope(low) / p
    a2, b2 = link.curvature(u) / p, link.curvature(low) / p
    return (
        a2 - 3 * a * a1 + 2 * a**3,
        a1 * b - 2 * a * a * b,
        a * b1 + 2 * a * b * b,
        -b2 - 3 * b * b1 - 2 * b**3,
    )


def _fixed(theta: np.ndarray, data: _Data) -> tuple[float, np.ndarray, np.ndarray]:
    """Return log-likelihood, score of each observation and observed information."""
    u, low = data.limits(theta)
    p, log_p = _log_probability(data.link, u, low)
    if not (p > 0).all():
        return -np.inf, np.empty((0, 0)), np.empty((0, 0))
    d_u, d_l, uu, ul, ll = _ratios(data.link, u, low, p)
    scores = d_u[:, None] * data.upper + d_l[:, None] * data.lower
    cross = data.upper.T @ (ul[:, None] * data.lower)
    hessian = data.upper.T @ (uu[:, None] * data.upper) + cross + cross.T + data.lower.T @ (ll[:, None] * data.lower)
    return float(log_p.sum()), scores, -hessian


def _newton(data: _Data) -> tuple[np.ndarray, bool]:
    """Climb from the thresholds of the shares of answers and coefficients of zero."""
    shares = np.cumsum(np.bincount(data.codes))[:-1] / len(data.codes)
    theta = np.concatenate([data.link.quantile(shares), np.zeros(data.X.shape[1])])
    value, scores, information = _fixed(theta, data)
    for _ in range(MOST_STEPS):
        gradient = scores.sum(axis=0)
        try:
            step = np.linalg.solve(information, gradient)
        except np.linalg.LinAlgError:
            return theta, False
        gain = float(gradient @ step)
        if not np.isfinite(gain):
            return theta, False
        for _ in range(30):
            there = _fixed(theta + step, data)
            if there[0] >= value - 1e-12 * abs(value):  # also with rounding at the top
                break
            step = step / 2
        else:
            return theta, gain < 1e-8
        theta = theta + step
        value, scores, information = there
        if gain < ARRIVED:
            return theta, True
    return theta, False


def _fit_fixed(data: _Data, empty: CumulativeLink) -> CumulativeLink:
    """Return the record filled in by the model without random effect, with the inverse of the information."""
    theta, converged = _newton(data)
    if not converged or np.ptp(data.X @ theta[data.cuts :]) > SUSPICIOUS:
        if _separated(data):
            return replace(empty, note=SEPARATION)
        if not converged:
            return replace(empty, note="undefined: the fit did not converge")
    log_likelihood, _, information = _fixed(theta, data)
    return replace(
        empty,
        thresholds=theta[: data.cuts],
        coefficients=theta[data.cuts :],
        covariance=np.linalg.inv(information),
        log_likelihood=log_likelihood,
    )


def _separated(data: _Data) -> bool:
    """Whether a direction exists in which no observation becomes less likely and one becomes more likely."""
    from scipy import optimize

    unit = np.concatenate([np.ones(data.cuts), np.ptp(data.X, axis=0)])
    rows = np.unique(np.vstack([data.upper[data.codes < data.cuts], -data.lower[data.codes > 0]]) / unit, axis=0)
    found = optimize.linprog(-rows.sum(axis=0), A_ub=-rows, b_ub=np.zeros(len(rows)), bounds=(-1, 1), method="highs")
    return bool(found.status == 0 and -found.fun > 1e-7)


def _sums(data: _Data, values: np.ndarray) -> np.ndarray:
    return np.bincount(data.groups, weights=values)


def _modes(theta: np.ndarray, sigma: float, data: _Data, start: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the maximum over u of each group's log density and its value there; None for thresholds out of order."""
    if (np.diff(theta[: data.cuts]) <= 0).any():
        return None

    def height(v: np.ndarray):
        u, low = data.limits(theta, sigma * v[data.groups])
        p, log_p = _log_probability(data.link, u, low)
        with np.errstate(invalid="ignore"):
            return u, low, p, np.nan_to_num(_sums(data, log_p), nan=-np.inf) - v * v / 2

    v = start
    u, low, p, value = height(v)
    if not np.isfinite(value).all():
        v = np.zeros_like(start)
        u, low, p, value = height(v)
        if not np.isfinite(value).all():
            return None
    for _ in range(50):
        d_u, d_l, uu, ul, ll = _ratios(data.link, u, low, p)
        slope = -sigma * _sums(data, d_u + d_l) - v
        step = slope / (1 - sigma**2 * _sums(data, uu + 2 * ul + ll))
        for _ in range(30):
            u, low, p, there = height(v + step)
            worse = there < value - 1e-12 * np.abs(value)
            if not worse.any():
                break
            step = np.where(worse, step / 2, step)
        v, value = v + step, there
        if np.abs(step).max() < 1e-10:
            break
    return v, value


def _laplace(theta: np.ndarray, data: _Data, start: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """Return log-likelihood, its gradient by (thresholds, coefficients, log sigma), and the maxima of the groups."""
    sigma = float(np.exp(theta[-1]))
    found = _modes(theta[:-1], sigma, data, start)
    if found is None:
        return -np.inf, np.zeros_like(theta), start
    v, value = found
    of = data.groups
    u, low = data.limits(theta[:-1], sigma * v[of])
    p, _ = _log_probability(data.link, u, low)
    d_u, d_l, uu, ul, ll = _ratios(data.link, u, low, p)
    uuu, uul, ull, lll = _thirds(data.link, u, low, p)
    # The predictor t moves both limits down: derivatives by t are sums over the limits with changed sign.
    t, tt, ttt = -(d_u + d_l), uu + 2 * ul + ll, -(uuu + 3 * uul + 3 * ull + lll)
    tu, tl, ttu, ttl = -(uu + ul), -(ul + ll), uuu + 2 * uul + ull, uul + 2 * ull + lll
    sum_t, sum_tt = _sums(data, t), _sums(data, tt)
    D = 1 - sigma**2 * sum_tt
    # -log(D) / 2 depends on the parameters directly (by a) and through the maximum, which moves with them (by b).
    a = sigma**2 / (2 * D)
    b = sigma**3 * _sums(data, ttt) / (2 * D**2)
    by_upper = d_u + a[of] * ttu + sigma * b[of] * tu
    by_lower = d_l + a[of] * ttl + sigma * b[of] * tl
    gradient = data.upper.T @ by_upper + data.lower.T @ by_lower
    by_sigma = -(by_upper + by_lower) @ v[of] + (sigma * sum_tt / D).sum() + b @ sum_t
    return float(value.sum() - np.log(D).sum() / 2), np.append(gradient, sigma * by_sigma), v


@dataclass(frozen=True, eq=False)
class _Place:
    """A point of the search: parameters with log sigma, and what `_laplace` returns there."""

    theta: np.ndarray
    log_likelihood: float
    gradient: np.ndarray
    modes: np.ndarray


def _best_start(estimates: np.ndarray, data: _Data) -> _Place:
    """Return the most likely of some standard deviations of the random intercept."""
    zero = np.zeros(data.groups.max() + 1)
    places = []
    for spread in STARTS:
        # A random intercept widens the distribution behind the answers; the fixed model saw the wide one.
        theta = np.append(estimates * np.sqrt(1 + spread**2), np.log(spread * data.link.sd))
        places.append(_Place(theta, *_laplace(theta, data, zero)))
    return max(places, key=lambda place: place.log_likelihood)


def _slope_at_zero(estimates: np.ndarray, data: _Data) -> float:
    """Return the derivative of the log-likelihood by the variance of the random intercept where that is zero."""
    u, low = data.limits(estimates)
    p, _ = _log_probability(data.link, u, low)
    d_u, d_l, uu, ul, ll = _ratios(data.link, u, low, p)
    return float((_sums(data, d_u + d_l) ** 2).sum() + (uu + 2 * ul + ll).sum()) / 2


def _search_mixed(start: _Place, data: _Data) -> tuple[np.ndarray, float, np.ndarray, bool]:
    """Return parameters with log sigma, log-likelihood, information, and whether the search arrived."""
    theta, value, gradient, v = start.theta, start.log_likelihood, start.gradient, start.modes
    lowest, highest = np.log(np.array([NARROWEST_INTERCEPT / 10, 10 * WIDEST_INTERCEPT]) * data.link.sd)
    information, converged = np.eye(len(theta)), False
    for _ in range(MOST_STEPS):
        information = _information(theta, data, v)
        size, axes = np.linalg.eigh(information)
        step = axes @ ((axes.T @ gradient) / np.maximum(np.abs(size), 1e-6))
        step *= min(1, 2 / max(np.abs(step[-1]), 1e-300))
        gain = float(gradient @ step)
        for _ in range(30):
            there = _laplace(theta + step, data, v)
            if there[0] >= value - 1e-12 * abs(value):
                break
            step = step / 2
        else:
            converged = gain < 1e-8 and size[0] > 0
            break
        theta = theta + step
        value, gradient, v = there
        if not lowest < theta[-1] < highest:
            break
        if gain < ARRIVED_MIXED:
            information = _information(theta, data, v)
            converged = bool(np.linalg.eigvalsh(information)[0] > 0)
            break
    return theta, value, information, converged


def _information(theta: np.ndarray, data: _Data, v: np.ndarray, width: float = 1e-4) -> np.ndarray:
    """Return minus the second derivatives, as central differences of the gradient."""
    rows = []
    for moved in np.eye(len(theta)) * width:
        ahead, behind = _laplace(theta + moved, data, v), _laplace(theta - moved, data, v)
        rows.append((behind[1] - ahead[1]) / (2 * width))
    rows = np.array(rows)
    return (rows + rows.T) / 2


# Before and after


def _long(pre, post, everybody: bool, method: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict]:
    """Return answer, whether it is from after, and person of each answer, and the record of who was left out."""
    if len(pre) != len(post):
        raise ValueError(f"before has {len(pre)} and after {len(post)} answers")
    waves = np.array([pd.Series(wave).astype(float).to_numpy() for wave in (pre, post)])
    present = ~np.isnan(waves)
    used = present.any(axis=0) if everybody else present.all(axis=0)
    after, person = np.nonzero(present & used)
    n_dropped = int((~used).sum())
    reason = NO_ANSWER if everybody else UNPAIRED
    record = {
        "n": int(used.sum()),
        "method": method,
        "n_dropped": n_dropped,
        "dropped_reason": reason if n_dropped else "",
    }
    return waves[after, person], after.astype(float), person, record


def _why_no_ratio(y: np.ndarray, n: int) -> str:
    if n < FEWEST_ROWS:
        return f"undefined: fewer than {FEWEST_ROWS} people (n = {n})"
    if (y == y[0]).all():
        return ONE_CATEGORY
    if len(y) == 2 * n and (y[:n] == y[n:]).all():  # answers before come first
        return NO_CHANGE
    return ""


def _ratio(fit: CumulativeLink, quantile: float, ci_method: str, note: str, record: dict) -> Statistic:
    beta, standard_error = fit.coefficients[-1], fit.standard_errors[-1]
    low, high = np.exp(beta + standard_error * np.array([-quantile, quantile]))
    note = "; ".join(part for part in (note, fit.note) if part)
    return Statistic(
        float(np.exp(beta)), ci_low=float(low), ci_high=float(high), ci_method=ci_method, note=note, **record
    )
