"""Consensus of an expert panel: central rating, spread, share in agreement, concordance, RAND/UCLA disagreement.

Percentiles depend on the rule: numpy's 'linear', R's type 7, is pinned here and named in every result. Other programs
use other rules (SPSS: 'weibull', R's type 6), which can turn a RAND/UCLA verdict on a small panel.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special  # the distribution functions, without the second that importing scipy.stats costs

from piloteval.measures.agreement import proportion
from piloteval.statistic import Statistic

#: The percentile rule of the project, as `numpy.percentile` names it.
PERCENTILE_RULE = "linear"

#: What each rule is called where panel members may look it up.
RULE_NAMES = {"linear": "linear, R type 7", "weibull": "weibull, R type 6"}

NO_RATING = "undefined: no rating"
RATING_MISSING = "no rating"

#: How a rating is compared with the threshold of agreement.
COMPARISONS = {">=": np.greater_equal, ">": np.greater, "<=": np.less_equal, "<": np.less}


@dataclass(frozen=True)
class Quartiles:
    """Quartiles of a panel's ratings, in units of the rating scale; None without ratings.

    Attributes
    ----------
    lower, median, upper : float or None
        25th, 50th and 75th percentile.
    iqr : float or None
        Upper minus lower quartile.
    n : int
        Number of ratings.
    rule : str
        Percentile rule.
    """

    lower: float | None
    median: float | None
    upper: float | None
    iqr: float | None
    n: int
    rule: str


@dataclass(frozen=True)
class Disagreement:
    """RAND/UCLA disagreement of a panel; None without ratings.

    Attributes
    ----------
    p30, p70 : float or None
        30th and 70th percentile, in units of the rating scale.
    ipr : float or None
        Interpercentile range, p70 - p30.
    central_point : float or None
        Midpoint of p30 and p70.
    asymmetry : float or None
        Distance of the central point from the middle of the scale.
    ipras : float or None
        Interpercentile range adjusted for symmetry: the largest range that is not yet disagreement.
    index : float or None
        ipr / ipras; above 1 is disagreement.
    disagreement : bool or None
        Whether ipr exceeds ipras.
    median : float or None
        Median rating.
    n : int
        Number of ratings.
    rule : str
        Percentile rule.
    """

    p30: float | None
    p70: float | None
    ipr: float | None
    central_point: float | None
    asymmetry: float | None
    ipras: float | None
    index: float | None
    disagreement: bool | None
    median: float | None
    n: int
    rule: str


@dataclass(frozen=True)
class ConcordanceTest:
    """Friedman's test that the raters order the objects at random.

    Attributes
    ----------
    chi2, p : float or None
        Statistic and large-sample p-value; None when undefined.
    df : int
        Degrees of freedom, objects - 1.
    """

    chi2: float | None
    df: int
    p: float | None


def median(ratings: ArrayLike) -> Statistic:
    """Median rating of a panel.

    Parameters
    ----------
    ratings : array, shape (panellists,)
        Ratings of one statement; missing is NaN.

    Returns
    -------
    Statistic
        In units of the rating scale, without interval; undefined without ratings.
    """
    values, n_dropped = _ratings(ratings)
    record = _record("median", len(values), n_dropped)
    if len(values) == 0:
        return Statistic(None, note=NO_RATING, **record)
    return Statistic(float(np.median(values)), **record)


def quartiles(ratings: ArrayLike, rule: str = PERCENTILE_RULE) -> Quartiles:
    """Quartiles of a panel's ratings under a named percentile rule.

    Parameters
    ----------
    ratings : array, shape (panellists,)
        Ratings of one statement; missing is NaN and left out.
    rule : str
        Rule as `numpy.percentile` names it.

    Returns
    -------
    Quartiles
        All None without ratings.

    References
    ----------
    Hyndman & Fan (1996), The American Statistician 50, 361-365: 'linear' is their definition 7, 'weibull' 6.
    """
    values, _ = _ratings(ratings)
    if len(values) == 0:
        return Quartiles(None, None, None, None, 0, RULE_NAMES.get(rule, rule))
    lower, middle, upper = (float(value) for value in np.percentile(values, [25, 50, 75], method=rule))
    return Quartiles(lower, middle, upper, upper - lower, len(values), RULE_NAMES.get(rule, rule))


def share_in_agreement(
    ratings: ArrayLike, agree_from: float, comparison: str = ">=", confidence: float = 0.95
) -> Statistic:
    """Share of the panel whose rating reaches the threshold of agreement.

    Parameters
    ----------
    ratings : array, shape (panellists,)
        Ratings of one statement; missing is NaN.
    agree_from : float
        Threshold on the rating scale.
    comparison : {'>=', '>', '<=', '<'}
        How a rating is compared with the threshold.
    confidence : float
        Level of the interval.

    Returns
    -------
    Statistic
        Share from 0 to 1 with Wilson interval; undefined without ratings.

    Raises
    ------
    ValueError
        If the comparison is unknown.
    """
    if comparison not in COMPARISONS:
        raise ValueError(f"unknown comparison: {comparison}")
    values, n_dropped = _ratings(ratings)
    record = _record(f"share of ratings {comparison} {agree_from:g}", len(values), n_dropped)
    if len(values) == 0:
        return Statistic(None, note=NO_RATING, **record)
    share = proportion(int(COMPARISONS[comparison](values, agree_from).sum()), len(values), confidence=confidence)
    return Statistic(share.estimate, ci_low=share.ci_low, ci_high=share.ci_high, ci_method=share.ci_method, **record)


def kendall_w(ratings: ArrayLike | pd.DataFrame) -> Statistic:
    """Kendall's coefficient of concordance, corrected for ties.

    Parameters
    ----------
    ratings : DataFrame or array, shape (raters, objects)
        One row a panellist, one column a statement; missing is NaN. Raters with a missing rating are left out.

    Returns
    -------
    Statistic
        0 no concordance to 1 complete; ``n`` counts raters. Undefined with fewer than two raters or objects, and
        when no rater tells the objects apart.

    Notes
    -----
    W = 12 S / (m^2 (k^3 - k) - m T), S the squared deviations of the k rank sums, T the sum of t^3 - t over ties.

    References
    ----------
    Kendall & Babington Smith (1939), Annals of Mathematical Statistics 10, 275-287; ties: Siegel & Castellan (1988),
    Nonparametric Statistics, 2nd ed., chapter 9.
    """
    complete, n_dropped = _complete_raters(ratings)
    m, k = complete.shape
    record = {
        "n": m,
        "method": "Kendall's W, corrected for ties",
        "n_dropped": n_dropped,
        "dropped_reason": "at least one object not rated" if n_dropped else "",
    }
    if m < 2 or k < 2:
        return Statistic(None, note="undefined: fewer than two raters or objects", **record)
    ranks = complete.rank(axis=1)
    rank_sums = ranks.sum()
    spread = ((rank_sums - rank_sums.mean()) ** 2).sum()
    ties = sum((size**3 - size).sum() for size in (row.value_counts().to_numpy() for _, row in complete.iterrows()))
    most = m**2 * (k**3 - k) - m * ties
    if most == 0:
        return Statistic(None, note="undefined: every rater gave all objects the same rating", **record)
    return Statistic(float(12 * spread / most), **record)


def concordance_test(ratings: ArrayLike | pd.DataFrame) -> ConcordanceTest:
    """Test Kendall's W against random ordering.

    Parameters
    ----------
    ratings : DataFrame or array, shape (raters, objects)
        As in `kendall_w`.

    Returns
    -------
    ConcordanceTest
        chi2 = m (k - 1) W, which is Friedman's statistic; poor for fewer than about 7 objects and few raters.

    References
    ----------
    Friedman (1940), Annals of Mathematical Statistics 11, 86-92.
    """
    w = kendall_w(ratings)
    df = pd.DataFrame(ratings).shape[1] - 1
    if w.estimate is None:
        return ConcordanceTest(None, df, None)
    chi2 = w.n * df * w.estimate
    return ConcordanceTest(float(chi2), df, float(special.chdtrc(df, chi2)))


def ipras_disagreement(
    ratings: ArrayLike, rule: str = PERCENTILE_RULE, lowest: float = 1, highest: float = 9
) -> Disagreement:
    """RAND/UCLA disagreement by the interpercentile range adjusted for symmetry.

    Parameters
    ----------
    ratings : array, shape (panellists,)
        Ratings of one statement; missing is NaN and left out.
    rule : str
        Percentile rule as `numpy.percentile` names it.
    lowest, highest : float
        Ends of the rating scale.

    Returns
    -------
    Disagreement
        All None without ratings.

    Raises
    ------
    ValueError
        If the scale is not 1 to 9: the constants 2.35 and 1.5 were fitted to it and hold for no other.

    Notes
    -----
    ipras = 2.35 + 1.5 * |5 - central point|.

    References
    ----------
    Fitch et al. (2001), The RAND/UCLA Appropriateness Method User's Manual.
    """
    if (lowest, highest) != (1, 9):
        raise ValueError(f"the RAND/UCLA index is made for ratings from 1 to 9, not {lowest:g} to {highest:g}")
    values, _ = _ratings(ratings)
    rule_name = RULE_NAMES.get(rule, rule)
    if len(values) == 0:
        return Disagreement(*[None] * 9, n=0, rule=rule_name)
    p30, p70 = (float(value) for value in np.percentile(values, [30, 70], method=rule))
    ipr = p70 - p30
    central_point = (p30 + p70) / 2
    asymmetry = abs(5 - central_point)
    ipras = 2.35 + 1.5 * asymmetry
    return Disagreement(
        p30,
        p70,
        ipr,
        central_point,
        asymmetry,
        ipras,
        ipr / ipras,
        ipr > ipras + 1e-9,  # equal is not disagreement, and rounding must not make it so
        float(np.median(values)),
        len(values),
        rule_name,
    )


def _ratings(ratings: ArrayLike) -> tuple[np.ndarray, int]:
    values = pd.Series(ratings).astype(float)
    present = values.dropna().to_numpy()
    return present, len(values) - len(present)


def _complete_raters(ratings: ArrayLike | pd.DataFrame) -> tuple[pd.DataFrame, int]:
    frame = pd.DataFrame(ratings).astype(float)
    complete = frame.dropna()
    return complete, len(frame) - len(complete)


def _record(method: str, n: int, n_dropped: int) -> dict:
    return {"n": n, "method": method, "n_dropped": n_dropped, "dropped_reason": RATING_MISSING if n_dropped else ""}
