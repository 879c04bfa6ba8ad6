"""Change of people nested in sites: standard errors and tests that do not take people of one site as independent.

Few sites decide what can be said. With five sites an exact test over sites cannot fall below p = 2 / 2^5 = 0.0625,
and a standard error made of five site residuals carries fewer than five degrees of freedom. The cluster-robust standard
errors of statsmodels know neither CR2 nor its degrees of freedom, therefore own code; the tests hold CR0, CR1, the
jackknife and the wild bootstrap against refits with statsmodels.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special  # the distribution functions, without the second that importing scipy.stats costs

from piloteval.statistic import Statistic

#: Differences are compared at this many decimals, as in `prepost`.
DECIMALS = 10

#: Shares below this are rounding noise.
NEGLIGIBLE = 1e-10

#: Sites up to which every pattern of signs is counted; 2^20 is a million.
MOST_SITES_EXACT = 20

#: Patterns of bootstrap weights up to which all are counted: Rademacher to 16 clusters, Webb to 6.
MOST_PATTERNS = 100_000

#: Draws where not every pattern is counted.
DRAWS = 99_999

#: Draws held at once.
BLOCK = 10_000

#: Satterthwaite degrees of freedom below which p-values were found too small.
FEWEST_DF = 4

KINDS = {
    "CR0": "cluster-robust, no correction (CR0)",
    "CR1": "cluster-robust, times clusters / (clusters - 1) (CR1)",
    "CR2": "cluster-robust, bias-reduced (CR2)",
    "CRV3": "cluster-robust, jackknife over clusters (CRV3)",
}

WILD_WEIGHTS = {
    "rademacher": np.array([-1.0, 1.0]),
    "webb": np.array([-np.sqrt(1.5), -1.0, -np.sqrt(0.5), np.sqrt(0.5), 1.0, np.sqrt(1.5)]),
}

INCOMPLETE = "value or cluster missing"
NO_DIFFERENCE = "difference or site missing"


@dataclass(frozen=True, eq=False)
class ClusterRobust:
    """Linear regression with cluster-robust standard errors; NaN where undefined.

    Attributes
    ----------
    terms : tuple of str
        The coefficients.
    estimate, se, t, df, p, ci_low, ci_high : array of float, shape (terms,)
        Coefficient, standard error, t statistic, its degrees of freedom, two-sided p-value and limits of the interval.
    covariance : array of float, shape (terms, terms)
        Of the coefficients.
    n, n_clusters, n_dropped : int
        Rows used, their clusters, and rows left out for a missing value or cluster.
    method : str
        Kind of standard error and of degrees of freedom.
    confidence : float
        Level of the intervals.
    note : str
        Warnings, or the reason why everything is undefined.
    """

    terms: tuple[str, ...]
    estimate: np.ndarray
    se: np.ndarray
    t: np.ndarray
    df: np.ndarray
    p: np.ndarray
    ci_low: np.ndarray
    ci_high: np.ndarray
    covariance: np.ndarray
    n: int
    n_clusters: int
    n_dropped: int
    method: str
    confidence: float
    note: str = ""

    def statistic(self, term: int = 0, name: str = "", reason: str = INCOMPLETE) -> Statistic:
        """One coefficient as a record.

        Parameters
        ----------
        term : int
            Which coefficient.
        name : str
            What the coefficient is; its term where empty.
        reason : str
            Why rows were left out.

        Returns
        -------
        Statistic
            Undefined when the coefficient has no standard error.
        """
        record = {
            "n": self.n,
            "method": f"{name or self.terms[term]}, {self.method}",
            "n_dropped": self.n_dropped,
            "dropped_reason": reason if self.n_dropped else "",
        }
        if np.isnan(self.se[term]):
            own = "undefined: the coefficient rests on one cluster alone, or no residual is left"
            why = self.note if self.note.startswith("undefined: ") else own
            return Statistic(None, note=why, **record)
        return Statistic(
            float(self.estimate[term]),
            ci_low=float(self.ci_low[term]),
            ci_high=float(self.ci_high[term]),
            ci_method=f"t interval, df = {self.df[term]:.3g}, {100 * self.confidence:g} %",
            note=self.note,
            **record,
        )


@dataclass(frozen=True)
class SiteSignFlip:
    """Sign-flip test over sites; None when undefined, and then ``note`` gives the reason.

    Attributes
    ----------
    statistic : float or None
        Mean difference, over people or over site means.
    p : float or None
        Two-sided p-value.
    smallest_p : float or None
        The smallest p-value that so many sites can give, 2 / 2^sites.
    n, n_sites, n_dropped : int
        People, their sites, and people left out for a missing difference or site.
    method : str
        Test, statistic, and whether all patterns of signs were counted.
    note : str
        Reason or empty.
    """

    statistic: float | None
    p: float | None
    smallest_p: float | None
    n: int
    n_sites: int
    n_dropped: int
    method: str
    note: str = ""


@dataclass(frozen=True)
class WildBootstrap:
    """Wild cluster bootstrap test of one coefficient; None when undefined, and then ``note`` gives the reason.

    Attributes
    ----------
    t, p : float or None
        Cluster-robust t statistic and two-sided p-value of the bootstrap.
    patterns : int
        Patterns of weights counted or drawn.
    n, n_clusters, n_dropped : int
        Rows used, their clusters, and rows left out for a missing value or cluster.
    method : str
        Test, weights, and whether all patterns were counted.
    note : str
        Reason or empty.
    """

    t: float | None
    p: float | None
    patterns: int
    n: int
    n_clusters: int
    n_dropped: int
    method: str
    note: str = ""


@dataclass(frozen=True, eq=False)
class _Fit:
    """Least squares in an orthonormal basis of the columns of X, summed up by cluster.

    ``scores`` are the sums of basis times residual in each cluster, ``blocks`` the shares of the basis' cross-products
    that each cluster holds, ``back`` turns coefficients of the basis into those of X.
    """

    estimate: np.ndarray
    back: np.ndarray
    scores: np.ndarray
    blocks: np.ndarray
    scale: float

    @property
    def n_clusters(self) -> int:
        return len(self.scores)


def cluster_robust(
    y: ArrayLike,
    X: ArrayLike | pd.DataFrame,
    clusters: ArrayLike,
    kind: str = "CR2",
    confidence: float = 0.95,
) -> ClusterRobust:
    """Linear regression with standard errors that allow for any correlation within clusters.

    Parameters
    ----------
    y : array, shape (n,)
        Response; missing is NaN.
    X : DataFrame or array, shape (n, terms)
        Predictors with the column of ones, where there is to be one; missing is NaN.
    clusters : array, shape (n,)
        Cluster of each row; missing is NaN or None.
    kind : {'CR0', 'CR1', 'CR2', 'CRV3'}
        No correction; times G / (G - 1) with G clusters; adjusted so as to be unbiased if the residuals were
        independent; jackknife over clusters.
    confidence : float
        Level of the intervals.

    Returns
    -------
    ClusterRobust
        t with Satterthwaite degrees of freedom under independent residuals for CR2, with G - 1 for the others.
        Undefined with fewer than two clusters, columns that are linear combinations of others, and not more rows than
        columns. A coefficient is undefined by itself when it rests on one cluster alone, as that of a cluster's own
        indicator, and when the clusters leave no residual.

    Raises
    ------
    ValueError
        If the kind is unknown or the lengths differ.

    Notes
    -----
    V = M (sum over clusters of X_g' A_g e_g e_g' A_g X_g) M with M = (X'X)^-1 and A_g = (I - H_gg)^(-1/2) for CR2,
    H_gg the block of the hat matrix. In an orthonormal basis Q of X, A_g Q_g = Q_g (I - Q_g'Q_g)^(-1/2), so that only
    matrices of the size of the coefficients are decomposed. A direction that one cluster determines alone (eigenvalue
    zero) gets weight zero, as in clubSandwich; unlike there, coefficients in it are left without standard error. CRV3
    is (G - 1) / G sum of (b_(g) - b)(b_(g) - b)' over the estimates without cluster g, (G - 1) / G times what
    clubSandwich calls CR3.

    References
    ----------
    CR0: Liang & Zeger (1986), Biometrika 73, 13-22. CR2 and its degrees of freedom: Bell & McCaffrey (2002), Survey
    Methodology 28, 169-181; Pustejovsky & Tipton (2018), Journal of Business & Economic Statistics 36, 672-683. CRV3:
    MacKinnon, Nielsen & Webb (2023), Journal of Applied Econometrics 38, 671-694. Few degrees of freedom: Tipton
    (2015), Psychological Methods 20, 375-393.
    """
    if kind not in KINDS:
        raise ValueError(f"unknown kind of standard error: {kind}")
    y, design, codes, n_dropped, terms = _rows(y, X, clusters)
    n, n_clusters = len(y), int(codes.max(initial=-1)) + 1
    method = f"{KINDS[kind]}, {'Satterthwaite df' if kind == 'CR2' else 'clusters - 1 df'}"
    counts = {"n": n, "n_clusters": n_clusters, "n_dropped": n_dropped, "method": method, "confidence": confidence}
    k = len(terms)
    reason = _why_no_fit(design, n_clusters)
    if reason:
        nothing = [np.full(k, np.nan) for _ in range(7)]
        return ClusterRobust(terms, *nothing, np.full((k, k), np.nan), **counts, note=reason)
    fit = _fit(y, design, codes)
    adjust, alone = _adjustments(fit.blocks, kind)
    moved = np.einsum("gij,gj->gi", adjust, fit.scores)
    factor = {"CR1": n_clusters / (n_clusters - 1), "CRV3": (n_clusters - 1) / n_clusters}.get(kind, 1.0)
    covariance = factor * fit.back @ (moved.T @ moved) @ fit.back.T
    expected, df = _satterthwaite(fit, adjust)
    if kind != "CR2":
        df = np.full(k, n_clusters - 1.0)
    variance = np.diag(covariance)
    model = (fit.back**2).sum(axis=1)  # variance of each coefficient for independent residuals of variance 1
    # A coefficient that one cluster determines has no residual there, and the others know nothing of it.
    single = (np.einsum("gij,tj->tgi", alone, fit.back) ** 2).sum(axis=2).max(axis=1) > NEGLIGIBLE * model
    known = (expected > NEGLIGIBLE * model) & (variance > NEGLIGIBLE**2 * model * fit.scale) & ~single
    se = np.where(known, np.sqrt(np.where(known, variance, 1)), np.nan)
    df = np.where(known, df, np.nan)
    t = fit.estimate / se
    half_width = special.stdtrit(df, (1 + confidence) / 2) * se
    notes = []
    if single.all():
        notes.append("undefined: every coefficient rests on one cluster alone")
    elif not known.any():
        notes.append("undefined: no variation between clusters")
    elif not known.all():
        notes.append(f"no standard error: {', '.join(np.array(terms)[~known])}")
    if kind == "CR2" and known.any() and np.nanmin(df) < FEWEST_DF:
        notes.append(f"fewer than {FEWEST_DF} degrees of freedom, p-value and interval are uncertain")
    return ClusterRobust(
        terms,
        fit.estimate,
        se,
        t,
        df,
        2 * special.stdtr(df, -np.abs(t)),
        fit.estimate - half_width,
        fit.estimate + half_width,
        covariance,
        **counts,
        note="; ".join(notes),
    )


def cluster_mean(differences: ArrayLike, sites: ArrayLike, kind: str = "CR2", confidence: float = 0.95) -> Statistic:
    """Mean change over people with an interval that allows for people of one site being alike.

    Parameters
    ----------
    differences : array, shape (people,)
        After minus before; missing is NaN.
    sites : array, shape (people,)
        Site of each person; missing is NaN or None.
    kind : {'CR0', 'CR1', 'CR2', 'CRV3'}
        As in `cluster_robust`.
    confidence : float
        Level of the interval.

    Returns
    -------
    Statistic
        In units of the measurement; every person counts the same. Undefined with fewer than two sites and when all
        sites changed by the same mean. The note tells of sites with one person.

    Raises
    ------
    ValueError
        If the kind is unknown or the lengths differ.

    References
    ----------
    Pustejovsky & Tipton (2018), Journal of Business & Economic Statistics 36, 672-683.
    """
    differences = _numbers(differences)
    fit = cluster_robust(differences, np.ones((len(differences), 1)), sites, kind, confidence)
    found = fit.statistic(0, "mean change", NO_DIFFERENCE)
    if found.estimate is None:
        few = f"undefined: fewer than two sites (sites = {fit.n_clusters})"
        return replace(found, note=few if fit.n_clusters < 2 else "undefined: all sites changed alike")
    present = pd.Series(sites).reset_index(drop=True)[~np.isnan(differences)].dropna()
    single = int((present.value_counts() == 1).sum())
    if not single:
        return found
    alone = f"{single} of {fit.n_clusters} sites with one person"
    return replace(found, note="; ".join(filter(None, [found.note, alone])))


def site_sign_flip(
    differences: ArrayLike, sites: ArrayLike, weights: str = "people", draws: int = DRAWS, seed: int = 0
) -> SiteSignFlip:
    """Test of no change that takes whole sites, not people, as independent.

    Parameters
    ----------
    differences : array, shape (people,)
        After minus before; missing is NaN.
    sites : array, shape (people,)
        Site of each person; missing is NaN or None.
    weights : {'people', 'sites'}
        The statistic: mean over people, so that a site counts with its number of people, or mean of the site means.
    draws : int
        Random patterns of signs beyond 20 sites.
    seed : int
        Of the random patterns.

    Returns
    -------
    SiteSignFlip
        Exact up to 20 sites. Undefined with fewer than two sites and when all differences are zero.

    Raises
    ------
    ValueError
        If the weights are unknown or the lengths differ.

    Notes
    -----
    If there is no change, a site's vector of differences is as likely as its mirror image. The sums (means) of the
    sites get every pattern of signs; p is the share of the 2^sites patterns with |statistic| at least as large as
    seen. Beyond 20 sites p = (1 + draws as large) / (1 + draws).

    References
    ----------
    Fisher (1935), The Design of Experiments, section 21; for clusters: Canay, Romano & Shaikh (2017), Econometrica 85,
    1013-1030; random patterns: Phipson & Smyth (2010), Statistical Applications in Genetics and Molecular Biology 9,
    article 39.
    """
    if weights not in ("people", "sites"):
        raise ValueError(f"unknown weights: {weights}")
    values, _, codes, n_dropped, _ = _rows(differences, None, sites)
    values = np.round(values, DECIMALS)
    size = np.bincount(codes)
    n, n_sites = len(values), len(size)
    exact = n_sites <= MOST_SITES_EXACT
    how = "exact" if exact else f"{draws:,} random patterns"
    method = f"sign-flip test over sites, {'mean over people' if weights == 'people' else 'mean of site means'}, {how}"
    if n_sites < 2:
        note = f"undefined: fewer than two sites (sites = {n_sites})"
        return SiteSignFlip(None, None, None, n, n_sites, n_dropped, method, note)
    if not values.any():
        return SiteSignFlip(None, None, None, n, n_sites, n_dropped, method, "undefined: all differences are zero")
    sums = np.bincount(codes, values)
    parts = sums / n if weights == "people" else sums / size / n_sites
    # Equal by arithmetic must count as equal: the same sums added in another order differ in the last digits.
    observed = abs(parts.sum()) - NEGLIGIBLE * np.abs(parts).sum()
    if exact:
        # The first sign is held: the other half of the patterns is the mirror image with the same |statistic|.
        flipped = parts[:1]
        for part in parts[1:]:
            flipped = np.concatenate([flipped + part, flipped - part])
        p = float(np.mean(np.abs(flipped) >= observed))
    else:
        rng = np.random.default_rng(seed)
        as_large = 0
        for start in range(0, draws, BLOCK):
            signs = 2.0 * rng.integers(0, 2, (min(BLOCK, draws - start), n_sites)) - 1
            as_large += int((np.abs(signs @ parts) >= observed).sum())
        p = (1 + as_large) / (1 + draws)
    return SiteSignFlip(float(parts.sum()), p, float(2.0 ** (1 - n_sites)), n, n_sites, n_dropped, method)


def wild_cluster_bootstrap(
    y: ArrayLike,
    X: ArrayLike | pd.DataFrame,
    clusters: ArrayLike,
    term: int = 0,
    weights: str = "webb",
    draws: int = DRAWS,
    seed: int = 0,
) -> WildBootstrap:
    """Test that one coefficient is zero by the wild cluster bootstrap with the null hypothesis imposed.

    Parameters
    ----------
    y, X, clusters
        As in `cluster_robust`.
    term : int
        Column of ``X`` whose coefficient is tested.
    weights : {'webb', 'rademacher'}
        Six points, for few clusters, or two.
    draws : int
        Random patterns of weights where there are more than 100,000.
    seed : int
        Of the random patterns.

    Returns
    -------
    WildBootstrap
        All patterns are counted where there are at most 100,000: 16 clusters with Rademacher weights, 6 with Webb's.
        Undefined for the reasons of `cluster_robust`.

    Raises
    ------
    ValueError
        If the weights or the term are unknown, or the lengths differ.

    Notes
    -----
    y is regressed without the term, the residuals of each cluster are multiplied by its weight, and the t statistic of
    each such sample is compared with the one seen. All of it is linear in the weights, so that each sample is a row
    of a matrix product. Rademacher weights cannot give p-values below 2 / 2^clusters.

    References
    ----------
    Cameron, Gelbach & Miller (2008), Review of Economics and Statistics 90, 414-427; Webb (2023), Canadian Journal of
    Economics 56, 839-858.
    """
    if weights not in WILD_WEIGHTS:
        raise ValueError(f"unknown weights: {weights}")
    y, design, codes, n_dropped, terms = _rows(y, X, clusters)
    if not 0 <= term < len(terms):
        raise ValueError(f"there is no term {term}")
    n, n_clusters = len(y), int(codes.max(initial=-1)) + 1
    points = WILD_WEIGHTS[weights]
    all_patterns = len(points) ** n_clusters <= MOST_PATTERNS
    patterns = len(points) ** n_clusters if all_patterns else draws
    named = "Webb" if weights == "webb" else "Rademacher"
    how = "all patterns" if all_patterns else f"{draws:,} random patterns"
    method = f"wild cluster bootstrap, null hypothesis imposed, {named} weights, {how}"
    counts = {"n": n, "n_clusters": n_clusters, "n_dropped": n_dropped, "method": method}
    reason = _why_no_fit(design, n_clusters)
    if reason:
        return WildBootstrap(None, None, patterns, **counts, note=reason)
    observed = cluster_robust(y, design, codes, kind="CR0")
    if np.isnan(observed.se[term]):
        return WildBootstrap(None, None, patterns, **counts, note="undefined: no variation between clusters")
    restricted = np.delete(design, term, axis=1)
    residual = y - restricted @ np.linalg.lstsq(restricted, y, rcond=None)[0] if restricted.shape[1] else y
    fit = _fit(y, design, codes)
    weight = fit.back[term]
    # Scores of the restricted residuals in the basis of all columns; their weighted sum is the new coefficient.
    basis = design @ fit.back
    score = _by_cluster(basis * residual[:, None], codes, n_clusters)
    shift = score @ weight
    spread = np.diag(shift) - np.einsum("i,gij,hj->gh", weight, fit.blocks, score)
    limit = abs(observed.estimate[term] / observed.se[term]) * (1 - NEGLIGIBLE)
    rng = np.random.default_rng(seed)
    as_large = 0
    for start in range(0, patterns, BLOCK):
        rows = np.arange(start, min(start + BLOCK, patterns))
        if all_patterns:
            digits = rows[:, None] // len(points) ** np.arange(n_clusters) % len(points)
        else:
            digits = rng.integers(len(points), size=(len(rows), n_clusters))
        drawn = points[digits]
        # |t*| >= |t| without a division, for a sample without any spread counts as an infinite t.
        spread_of_draw = np.sqrt(((drawn @ spread.T) ** 2).sum(axis=1))
        as_large += int((np.abs(drawn @ shift) >= limit * spread_of_draw).sum())
    p = as_large / patterns if all_patterns else (1 + as_large) / (1 + draws)
    factor = np.sqrt((n_clusters - 1) / n_clusters)  # t of CR1, whose factor all samples share
    return WildBootstrap(float(observed.estimate[term] / observed.se[term] * factor), p, patterns, **counts)


def _rows(y: ArrayLike, X: ArrayLike | pd.DataFrame | None, clusters: ArrayLike):
    """Complete rows, the clusters as numbers, the number of rows left out, and the names of the columns."""
    y = _numbers(y)
    if X is None:
        X = np.ones((len(y), 1))
    frame = pd.DataFrame(X)
    terms = tuple(str(name) if isinstance(X, pd.DataFrame) else f"x{name}" for name in frame.columns)
    design = frame.to_numpy(dtype=float, na_value=np.nan)
    labels = pd.Series(clusters).reset_index(drop=True)
    if not len(y) == len(design) == len(labels):
        raise ValueError(f"{len(y)} responses, {len(design)} rows of predictors and {len(labels)} clusters")
    kept = ~(np.isnan(y) | np.isnan(design).any(axis=1) | labels.isna().to_numpy())
    codes = pd.factorize(labels[kept])[0]
    return y[kept], design[kept], codes, int((~kept).sum()), terms


def _numbers(values: ArrayLike) -> np.ndarray:
    return pd.Series(values).astype(float).to_numpy()


def _why_no_fit(design: np.ndarray, n_clusters: int) -> str:
    n, k = design.shape
    if n_clusters < 2:
        return f"undefined: fewer than two clusters (clusters = {n_clusters})"
    if n <= k:
        return f"undefined: not more rows than coefficients (n = {n})"
    return "undefined: a column is a combination of others" if np.linalg.matrix_rank(design) < k else ""


def _by_cluster(values: np.ndarray, codes: np.ndarray, n_clusters: int) -> np.ndarray:
    """Sum the rows of each cluster."""
    sums = np.zeros((n_clusters, *values.shape[1:]))
    np.add.at(sums, codes, values)
    return sums


def _fit(y: np.ndarray, design: np.ndarray, codes: np.ndarray) -> _Fit:
    basis, triangle = np.linalg.qr(design)
    back = np.linalg.inv(triangle)
    projected = basis.T @ y
    residual = y - basis @ projected
    n_clusters = int(codes.max()) + 1
    return _Fit(
        back @ projected,
        back,
        _by_cluster(basis * residual[:, None], codes, n_clusters),
        _by_cluster(basis[:, :, None] * basis[:, None, :], codes, n_clusters),
        float(y @ y / len(y)),
    )


def _adjustments(blocks: np.ndarray, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """For each cluster the matrix that adjusts its score, and the projection on what it alone determines."""
    values, vectors = np.linalg.eigh(np.eye(blocks.shape[1]) - blocks)
    alone = values < NEGLIGIBLE
    power = np.where(alone, 1, values) ** {"CR2": -0.5, "CRV3": -1.0}.get(kind, 0.0)

    def rebuilt(values: np.ndarray) -> np.ndarray:
        return np.einsum("gij,gj,gkj->gik", vectors, values, vectors)

    return rebuilt(np.where(alone, 0, power)), rebuilt(alone.astype(float))


def _satterthwaite(fit: _Fit, adjust: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean of each variance estimate if the residuals were independent with variance 1, and its degrees of freedom.

    The estimate is the sum of squares of one linear form in the residuals from each cluster. Its mean is the trace of
    the matrix of products of these forms, its variance twice the sum of the squared products; df = 2 mean^2 / variance.
    """
    forms = np.einsum("gij,tj->tgi", adjust, fit.back)
    images = np.einsum("gij,tgj->tgi", fit.blocks, forms)
    products = -np.einsum("tgi,thi->tgh", images, images)
    index = np.arange(fit.n_clusters)
    products[:, index, index] += (forms * images).sum(axis=2)
    mean = np.trace(products, axis1=1, axis2=2)
    square = (products**2).sum(axis=(1, 2))
    return mean, mean**2 / np.where(square > 0, square, np.nan)
