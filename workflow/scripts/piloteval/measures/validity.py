"""Content validity of a panel's ratings: item and scale content validity index, modified kappa, Lawshe's CVR, V.

A rating counts as favourable from a threshold on; the scale of the panel (1 to 4, 1 to 5, 1 to 9) is the caller's. The
critical values of the content validity ratio are exact binomial ones: the table printed in 1975 is wrong in places.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special  # the distribution functions, without the second that importing scipy.stats costs

from piloteval.measures.agreement import wilson_interval
from piloteval.measures.consensus import share_in_agreement
from piloteval.statistic import Statistic

NO_RATING = "undefined: no rating"
RATING_MISSING = "no rating"


@dataclass(frozen=True)
class CriticalRatio:
    """Fewest experts who must call an item essential; None when no number suffices, and then ``note`` gives the reason.

    Attributes
    ----------
    needed : int or None
        Fewest experts.
    ratio : float or None
        Content validity ratio of that many.
    p : float or None
        Chance that so many or more would call it essential if each decided by the toss of a coin.
    n : int
        Experts asked.
    note : str
        Reason or empty.
    """

    needed: int | None
    ratio: float | None
    p: float | None
    n: int
    note: str = ""


def item_cvi(ratings: ArrayLike, relevant_from: float, confidence: float = 0.95) -> Statistic:
    """Content validity index of an item: share of the experts who rate it favourably.

    Parameters
    ----------
    ratings : array, shape (experts,)
        Ratings of one item; missing is NaN.
    relevant_from : float
        Lowest favourable rating, 3 on the usual scale from 1 to 4.
    confidence : float
        Level of the interval.

    Returns
    -------
    Statistic
        Share from 0 to 1 with Wilson interval; undefined without ratings.

    References
    ----------
    Lynn (1986), Nursing Research 35, 382-385. Interval: Wilson (1927), Journal of the American Statistical Association
    22, 209-212.
    """
    share = share_in_agreement(ratings, relevant_from, confidence=confidence)
    return replace(share, method=f"I-CVI, share of ratings >= {relevant_from:g}")


def modified_kappa(ratings: ArrayLike, relevant_from: float) -> Statistic:
    """I-CVI corrected for chance agreement.

    Parameters
    ----------
    ratings : array, shape (experts,)
        Ratings of one item; missing is NaN.
    relevant_from : float
        Lowest favourable rating.

    Returns
    -------
    Statistic
        1 when all experts are favourable; the note gives the chance agreement. Without interval. Undefined without
        ratings.

    Notes
    -----
    k* = (I-CVI - pc) / (1 - pc), pc as in `chance_agreement`.

    References
    ----------
    Polit, Beck & Owen (2007), Research in Nursing & Health 30, 459-467.
    """
    hits, n, n_dropped = _favourable(ratings, relevant_from)
    record = _record(f"modified kappa of the I-CVI, ratings >= {relevant_from:g}", n, n_dropped)
    if n == 0:
        return Statistic(None, note=NO_RATING, **record)
    chance = chance_agreement(hits, n)
    return Statistic(kappa_of_counts(hits, n), note=f"chance agreement {chance:.3f}", **record)


def chance_agreement(favourable: int, n: int) -> float:
    """Chance that exactly so many experts are favourable when each tosses a coin.

    Parameters
    ----------
    favourable, n : int
        Favourable experts and all of them, 0 <= favourable <= n.

    Returns
    -------
    float
        N! / (A! (N - A)!) * 0.5^N.

    Raises
    ------
    ValueError
        If ``favourable`` is outside 0 to ``n``.

    References
    ----------
    Polit, Beck & Owen (2007), Research in Nursing & Health 30, 459-467.
    """
    if not 0 <= favourable <= n:
        raise ValueError(f"favourable experts and experts must fit 0 <= favourable <= n, not {favourable} of {n}")
    return math.comb(n, favourable) / 2**n


def kappa_of_counts(favourable: int, n: int) -> float:
    """Correct a share of favourable experts for chance agreement.

    Parameters
    ----------
    favourable, n : int
        Favourable experts and all of them, 0 <= favourable <= n and n at least 1.

    Returns
    -------
    float
        (A / N - pc) / (1 - pc).

    Raises
    ------
    ValueError
        If the counts do not fit.

    References
    ----------
    Polit, Beck & Owen (2007), Research in Nursing & Health 30, 459-467.
    """
    if n < 1:
        raise ValueError(f"at least one expert is needed, not {n}")
    chance = chance_agreement(favourable, n)
    return (favourable / n - chance) / (1 - chance)


def scale_cvi(ratings: ArrayLike | pd.DataFrame, relevant_from: float, kind: str = "average") -> Statistic:
    """Content validity index of a whole set of items.

    Parameters
    ----------
    ratings : DataFrame or array, shape (experts, items)
        Ratings; missing is NaN. An expert counts for the items he or she rated.
    relevant_from : float
        Lowest favourable rating.
    kind : {'average', 'universal'}
        S-CVI/Ave is the mean of the items' indices, S-CVI/UA the share of items every expert is favourable to.

    Returns
    -------
    Statistic
        0 to 1, without interval; ``n`` counts items. Undefined without a rated item.

    Raises
    ------
    ValueError
        If the kind is unknown.

    Notes
    -----
    S-CVI/UA falls with every expert more, also when the items stay as good.

    References
    ----------
    Polit & Beck (2006), Research in Nursing & Health 29, 489-497.
    """
    names = {"average": "S-CVI/Ave, mean of the I-CVI", "universal": "S-CVI/UA, share of items with an I-CVI of 1"}
    if kind not in names:
        raise ValueError(f"unknown kind of scale index: {kind}")
    values = pd.DataFrame(ratings).to_numpy(dtype=float, na_value=np.nan)
    given = (~np.isnan(values)).sum(axis=0)
    rated = given > 0
    n_dropped = int((~rated).sum())
    record = {
        "n": int(rated.sum()),
        "method": f"{names[kind]}, ratings >= {relevant_from:g}",
        "n_dropped": n_dropped,
        "dropped_reason": "item nobody rated" if n_dropped else "",
    }
    if not rated.any():
        return Statistic(None, note="undefined: no rated item", **record)
    hits = (values >= relevant_from).sum(axis=0)  # a missing rating compares as not favourable, and is in no count
    found = hits[rated] / given[rated] if kind == "average" else hits[rated] == given[rated]
    return Statistic(float(found.mean()), **record)


def content_validity_ratio(essential: ArrayLike, confidence: float = 0.95, alpha: float = 0.05) -> Statistic:
    """Lawshe's content validity ratio of an item.

    Parameters
    ----------
    essential : array, shape (experts,)
        1 or True where the expert calls the item essential, else 0 or False; missing is NaN.
    confidence : float
        Level of the interval.
    alpha : float
        One-sided level of the exact test named in the note.

    Returns
    -------
    Statistic
        -1 to 1, 0 when half of the experts call the item essential. The note says how many must, and whether they do.
        Undefined without experts.

    Raises
    ------
    ValueError
        If an answer is neither 0 nor 1.

    Notes
    -----
    CVR = (n_e - N / 2) / (N / 2) = 2 n_e / N - 1; the interval carries Wilson's limits of n_e / N through this.

    References
    ----------
    Lawshe (1975), Personnel Psychology 28, 563-575; critical values: Ayre & Scally (2014), Measurement and Evaluation
    in Counseling and Development 47, 79-86.
    """
    answers = _numbers(essential)
    if not np.isin(answers[~np.isnan(answers)], [0, 1]).all():
        raise ValueError("an answer is neither 0 nor 1")
    hits, n, n_dropped = _favourable(answers, 1)
    record = _record("Lawshe's content validity ratio", n, n_dropped)
    if n == 0:
        return Statistic(None, note=NO_RATING, **record)
    critical = critical_cvr(n, alpha)
    note = critical.note
    if critical.needed is not None:
        reached = "reached" if hits >= critical.needed else "not reached"
        note = f"{critical.needed} of {n} needed (exact binomial, one-sided {100 * alpha:g} %): {reached}"
    low, high = wilson_interval(hits, n, confidence)
    ci_method = f"Wilson interval of the share, carried to the ratio, {100 * confidence:g} %"
    return Statistic(
        2 * hits / n - 1, ci_low=2 * low - 1, ci_high=2 * high - 1, ci_method=ci_method, note=note, **record
    )


def critical_cvr(n: int, alpha: float = 0.05) -> CriticalRatio:
    """Fewest of the experts who must call an item essential for more than chance.

    Parameters
    ----------
    n : int
        Number of experts, at least 1.
    alpha : float
        One-sided level.

    Returns
    -------
    CriticalRatio
        The smallest count whose upper binomial tail with p = 0.5 is at most ``alpha``. With fewer than five experts no
        count reaches 0.05.

    Raises
    ------
    ValueError
        If ``n`` is below 1.

    References
    ----------
    Ayre & Scally (2014), Measurement and Evaluation in Counseling and Development 47, 79-86.
    """
    if n < 1:
        raise ValueError(f"at least one expert is needed, not {n}")
    counts = np.arange(1, n + 1)
    tails = special.bdtrc(counts - 1, n, 0.5)
    enough = np.flatnonzero(tails <= alpha)
    if not len(enough):
        note = f"undefined: with {n} experts not even a unanimous panel reaches {100 * alpha:g} %"
        return CriticalRatio(None, None, None, n, note)
    needed = int(counts[enough[0]])
    return CriticalRatio(needed, 2 * needed / n - 1, float(tails[enough[0]]), n)


def aiken_v(ratings: ArrayLike, lowest: float, highest: float, confidence: float = 0.95) -> Statistic:
    """Aiken's V: mean rating as a share of the way from the lowest to the highest, with the score interval.

    Parameters
    ----------
    ratings : array, shape (experts,)
        Ratings of one item; missing is NaN.
    lowest, highest : float
        Ends of the rating scale.
    confidence : float
        Level of the interval.

    Returns
    -------
    Statistic
        0 to 1; undefined without ratings.

    Raises
    ------
    ValueError
        If the scale has no width or a rating is outside of it.

    Notes
    -----
    V = (mean - lowest) / k with k = highest - lowest. The score interval takes the n k steps of the ratings as
    independent trials, which is Wilson's interval of n V k hits in n k. Experts who use the ends of the scale only vary
    more than that, and the interval is too narrow for them.

    References
    ----------
    Aiken (1985), Educational and Psychological Measurement 45, 131-142. Interval: Penfield & Giacobbi (2004),
    Measurement in Physical Education and Exercise Science 8, 213-225.
    """
    steps = highest - lowest
    if steps <= 0:
        raise ValueError("the highest rating must be above the lowest")
    values = _numbers(ratings)
    present = values[~np.isnan(values)]
    if ((present < lowest) | (present > highest)).any():
        raise ValueError("a rating is outside the scale")
    n = len(present)
    record = _record(f"Aiken's V, ratings from {lowest:g} to {highest:g}", n, len(values) - n)
    if n == 0:
        return Statistic(None, note=NO_RATING, **record)
    climbed = float((present - lowest).sum())
    low, high = wilson_interval(climbed, n * steps, confidence)
    return Statistic(
        climbed / (n * steps),
        ci_low=low,
        ci_high=high,
        ci_method=f"score interval (Penfield-Giacobbi), {100 * confidence:g} %",
        **record,
    )


def _favourable(ratings: ArrayLike, relevant_from: float) -> tuple[int, int, int]:
    """Favourable ratings, all ratings and missing ones."""
    values = _numbers(ratings)
    n = int((~np.isnan(values)).sum())
    return int((values >= relevant_from).sum()), n, len(values) - n


def _numbers(ratings: ArrayLike) -> np.ndarray:
    """Ratings as floats, missing as NaN; pandas reads None and NA, which numpy does not."""
    if isinstance(ratings, np.ndarray) and ratings.dtype == float:
        return ratings
    return pd.Series(ratings).astype(float).to_numpy()


def _record(method: str, n: int, n_dropped: int) -> dict:
    return {"n": n, "method": method, "n_dropped": n_dropped, "dropped_reason": RATING_MISSING if n_dropped else ""}
