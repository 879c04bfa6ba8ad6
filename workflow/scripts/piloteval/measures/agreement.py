"""Agreement of raters: percent, chance-corrected coefficients with intervals, and the interval of a proportion.

Ratings come as a table of units (sentences, statements, audited items) by raters, missing where a rater did not rate.
Report percent agreement, a coefficient and the prevalence together: with a rare code kappa can be near zero although
the raters agree on nearly every unit (Feinstein & Cicchetti 1990, Journal of Clinical Epidemiology 43, 543-549).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special  # the distribution functions, without the second that importing scipy.stats costs

from piloteval.measures import resample
from piloteval.statistic import Statistic

#: Standard errors and chance corrections below this are rounding noise.
NEGLIGIBLE = 1e-12

ONE_CATEGORY = "undefined: agreement 100 %, one category only"
TOO_FEW_UNITS = "undefined: fewer than two units rated by at least two raters"
PERFECT = "perfect agreement, no interval"
PERFECT_ONE_CATEGORY = "agreement 100 %, one category only, no interval"
NOT_PAIRED = "rated by fewer than two raters"
SAME_UNITS = "every unit contributes the same, no interval"
NO_COUNT = "undefined: no rating"


@dataclass(frozen=True)
class ChanceCorrected:
    """Parts of a chance-corrected agreement coefficient.

    Attributes
    ----------
    coefficient : float or None
        (observed - expected) / (1 - expected); None when undefined.
    standard_error : float or None
        Of the coefficient over units; None when undefined.
    observed, expected : float or None
        Weighted agreement seen, and expected by chance under the coefficient's model.
    n_units : int
        Units with at least one rating; the variance is taken over these.
    n_paired : int
        Units with at least two ratings.
    n_used : int
        Categories that occur in the ratings.
    """

    coefficient: float | None
    standard_error: float | None
    observed: float | None
    expected: float | None
    n_units: int
    n_paired: int
    n_used: int


@dataclass(frozen=True)
class RatingsSummary:
    """What ratings there are, before any coefficient.

    Attributes
    ----------
    n_units, n_raters : int
        Rows and columns of the table of ratings.
    n_paired : int
        Units with at least two ratings.
    n_ratings, n_missing : int
        Cells with and without a rating.
    prevalence : dict of Statistic
        Share of all ratings by category, in the order of the categories.
    """

    n_units: int
    n_raters: int
    n_paired: int
    n_ratings: int
    n_missing: int
    prevalence: dict[object, Statistic]


# Proportions


def wilson_interval(k: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson score interval of a proportion.

    Parameters
    ----------
    k, n : int
        Number of hits and of units, 0 <= k <= n and n at least 1.
    confidence : float
        Level of the interval.

    Returns
    -------
    tuple of float
        Lower and upper limit, within 0 to 1 and containing k / n.

    Raises
    ------
    ValueError
        If ``k`` is outside 0 to ``n`` or ``n`` is below 1.

    References
    ----------
    Wilson (1927), Journal of the American Statistical Association 22, 209-212.
    """
    _check_count(k, n)
    z = special.ndtri((1 + confidence) / 2)
    centre = (k + z**2 / 2) / (n + z**2)
    half_width = z / (n + z**2) * np.sqrt(k * (n - k) / n + z**2 / 4)
    # The limits at no hit and at all hits are 0 and 1 by the formula; rounding must not put them beside it.
    low = 0.0 if k == 0 else float(centre - half_width)
    high = 1.0 if k == n else float(centre + half_width)
    return low, high


def clopper_pearson(k: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Exact binomial interval of a proportion; never too narrow, on average too wide.

    Parameters
    ----------
    k, n : int
        Number of hits and of units, 0 <= k <= n and n at least 1.
    confidence : float
        Level of the interval.

    Returns
    -------
    tuple of float
        Lower and upper limit, within 0 to 1.

    Raises
    ------
    ValueError
        If ``k`` is outside 0 to ``n`` or ``n`` is below 1.

    References
    ----------
    Clopper & Pearson (1934), Biometrika 26, 404-413.
    """
    _check_count(k, n)
    tail = (1 - confidence) / 2
    low = 0.0 if k == 0 else float(special.betaincinv(k, n - k + 1, tail))
    high = 1.0 if k == n else float(special.betaincinv(k + 1, n - k, 1 - tail))
    return low, high


def proportion(k: int, n: int, method: str = "proportion", confidence: float = 0.95) -> Statistic:
    """Proportion of units with the Wilson interval.

    Parameters
    ----------
    k, n : int
        Number of hits and of units, 0 <= k <= n.
    method : str
        Name of the share, for the record.
    confidence : float
        Level of the interval.

    Returns
    -------
    Statistic
        Undefined when there is no unit.

    Raises
    ------
    ValueError
        If ``k`` is outside 0 to ``n``.
    """
    if n == 0 and k == 0:
        return Statistic(None, 0, method, note="undefined: no unit")
    low, high = wilson_interval(k, n, confidence)
    return Statistic(k / n, int(n), method, low, high, f"Wilson interval, {100 * confidence:g} %")


# Two raters


def cohen_kappa(
    first: ArrayLike,
    second: ArrayLike,
    weights: str | ArrayLike | None = None,
    categories: Sequence | None = None,
    confidence: float = 0.95,
) -> Statistic:
    """Cohen's kappa of two raters, from the units both rated.

    Parameters
    ----------
    first, second : array, shape (units,)
        Category each rater gave; missing is NaN or None.
    weights : None, 'linear', 'quadratic' or array, shape (categories, categories)
        Agreement credited to each pair of categories; None credits equal categories only.
    categories : sequence, optional
        All categories in their order; default the categories that occur, sorted.
    confidence : float
        Level of the interval.

    Returns
    -------
    Statistic
        ``n`` counts units rated by both. Undefined with fewer than two such units and when both raters used one and
        the same category throughout.

    Raises
    ------
    ValueError
        If the raters differ in length, a rating is not in ``categories``, or the weights are unknown.

    References
    ----------
    Cohen (1960), Educational and Psychological Measurement 20, 37-46; Cohen (1968), Psychological Bulletin 70,
    213-220. Standard error: Fleiss, Cohen & Everitt (1969), Psychological Bulletin 72, 323-327.
    """
    codes, categories = _codes(_side_by_side(first, second), categories)
    both = codes[(codes >= 0).all(axis=1)]
    table = np.zeros((len(categories), len(categories)))
    np.add.at(table, (both[:, 0], both[:, 1]), 1)
    parts = kappa_from_table(table, _weight_matrix(weights, categories))
    label = "unweighted" if weights is None else f"{weights} weights" if isinstance(weights, str) else "given weights"
    n_dropped = len(codes) - len(both)
    return _coefficient_record(f"Cohen's kappa ({label})", parts, n_dropped, confidence, degrees_of_freedom=None)


def kappa_from_table(table: ArrayLike, weights: str | ArrayLike | None = None) -> ChanceCorrected:
    """Kappa and its standard error from a table of two raters.

    Parameters
    ----------
    table : array, shape (categories, categories)
        Number of units by category of the first (rows) and second rater (columns).
    weights : None, 'linear', 'quadratic' or array, shape (categories, categories)
        Agreement credited to each cell, 1 for full agreement; equal steps between the categories.

    Returns
    -------
    ChanceCorrected
        The standard error is the large-sample one that does not assume kappa to be zero.

    Raises
    ------
    ValueError
        If the table is not square or the weights are unknown.

    References
    ----------
    Fleiss, Cohen & Everitt (1969), Psychological Bulletin 72, 323-327.
    """
    table = np.asarray(table, dtype=float)
    if table.ndim != 2 or table.shape[0] != table.shape[1]:
        raise ValueError(f"a square table is needed, not shape {table.shape}")
    q, n = len(table), int(table.sum())
    used = int(((table.sum(axis=0) + table.sum(axis=1)) > 0).sum())
    if n < 2:
        return ChanceCorrected(None, None, None, None, n, n, used)
    weight = _weight_matrix(weights, range(q))
    share = table / table.sum()
    row, column = share.sum(axis=1), share.sum(axis=0)
    observed = float((weight * share).sum())
    expected = float((weight * np.outer(row, column)).sum())
    if 1 - expected < NEGLIGIBLE:
        return ChanceCorrected(None, None, observed, expected, n, n, used)
    mean_weight = np.add.outer(weight @ column, row @ weight)
    spread = (share * (weight * (1 - expected) - mean_weight * (1 - observed)) ** 2).sum()
    centre = (observed * expected - 2 * expected + observed) ** 2
    variance = (spread - centre) / (n * (1 - expected) ** 4)
    coefficient = (observed - expected) / (1 - expected)
    return ChanceCorrected(coefficient, float(np.sqrt(max(variance, 0))), observed, expected, n, n, used)


# Two or more raters, ratings may be missing


def percent_agreement(
    ratings: ArrayLike | pd.DataFrame, categories: Sequence | None = None, confidence: float = 0.95
) -> Statistic:
    """Share of pairs of raters that agree, averaged over units.

    Parameters
    ----------
    ratings : DataFrame or array, shape (units, raters)
        Category each rater gave; missing is NaN or None.
    categories : sequence, optional
        All categories; default those that occur.
    confidence : float
        Level of the interval.

    Returns
    -------
    Statistic
        A share from 0 to 1. With two raters the interval is Wilson's; with more it is the t interval over units.
        Undefined without a unit rated by two raters.

    References
    ----------
    Gwet (2014), Handbook of Inter-Rater Reliability, 4th ed.
    """
    frame = pd.DataFrame(ratings)
    parts = agreement_parts(frame, "percent", categories=categories)
    method = "percent agreement"
    n_dropped = len(frame) - parts.n_paired
    dropped = {"n_dropped": n_dropped, "dropped_reason": NOT_PAIRED if n_dropped else ""}
    if parts.n_paired == 0:
        return Statistic(None, 0, method, note="undefined: no unit rated by at least two raters", **dropped)
    if frame.notna().sum(axis=1).max() == 2:
        low, high = wilson_interval(round(parts.observed * parts.n_paired), parts.n_paired, confidence)
        ci_method = f"Wilson interval, {100 * confidence:g} %"
        return Statistic(parts.observed, parts.n_paired, method, low, high, ci_method, **dropped)
    if parts.observed >= 1 - NEGLIGIBLE:
        return Statistic(parts.observed, parts.n_paired, method, note=PERFECT, **dropped)
    low, high = _limits(parts.observed, parts.standard_error, parts.n_units - 1, confidence, lowest=0)
    if low is None:
        note = "a single unit, no interval" if parts.n_units < 2 else SAME_UNITS
        return Statistic(parts.observed, parts.n_paired, method, note=note, **dropped)
    ci_method = f"t interval over units, {100 * confidence:g} %"
    return Statistic(parts.observed, parts.n_paired, method, low, high, ci_method, **dropped)


def gwet_ac1(
    ratings: ArrayLike | pd.DataFrame, categories: Sequence | None = None, confidence: float = 0.95
) -> Statistic:
    """Gwet's AC1: chance agreement that stays low when one category prevails.

    Parameters
    ----------
    ratings : DataFrame or array, shape (units, raters)
        Category each rater gave; missing is NaN or None.
    categories : sequence, optional
        All categories; default those that occur. Give them for a code: with absent and present both listed the
        coefficient is defined for a code that nobody used.
    confidence : float
        Level of the interval.

    Returns
    -------
    Statistic
        ``n`` counts units with two or more ratings; units with one rating inform the prevalence of categories.
        Undefined with fewer than two such units or with one category.

    References
    ----------
    Gwet (2008), British Journal of Mathematical and Statistical Psychology 61, 29-48.
    """
    return _rater_coefficient("Gwet's AC1", ratings, "gwet", None, categories, confidence)


def gwet_ac2(
    ratings: ArrayLike | pd.DataFrame,
    weights: str = "quadratic",
    categories: Sequence | None = None,
    confidence: float = 0.95,
) -> Statistic:
    """Gwet's AC2: AC1 with part credit for near agreement on an ordered scale.

    Parameters
    ----------
    ratings : DataFrame or array, shape (units, raters)
        Category each rater gave; missing is NaN or None.
    weights : {'linear', 'quadratic', 'ordinal'}
        Credit by distance of categories; 'ordinal' counts the pairs of categories between two ratings.
    categories : sequence, optional
        All categories in their order; default those that occur, sorted.
    confidence : float
        Level of the interval.

    Returns
    -------
    Statistic
        As in `gwet_ac1`.

    References
    ----------
    Gwet (2014), Handbook of Inter-Rater Reliability, 4th ed.
    """
    return _rater_coefficient(f"Gwet's AC2 ({weights} weights)", ratings, "gwet", weights, categories, confidence)


def fleiss_kappa(
    ratings: ArrayLike | pd.DataFrame,
    weights: str | None = None,
    categories: Sequence | None = None,
    confidence: float = 0.95,
) -> Statistic:
    """Fleiss' kappa for any number of raters, extended to missing ratings.

    Parameters
    ----------
    ratings, weights, categories, confidence
        As in `gwet_ac2`; None weights credit equal categories only.

    Returns
    -------
    Statistic
        As in `gwet_ac1`.

    References
    ----------
    Fleiss (1971), Psychological Bulletin 76, 378-382; missing ratings and standard error: Gwet (2014), Handbook of
    Inter-Rater Reliability, 4th ed.
    """
    label = "Fleiss' kappa" if weights is None else f"Fleiss' kappa ({weights} weights)"
    return _rater_coefficient(label, ratings, "fleiss", weights, categories, confidence)


def brennan_prediger(
    ratings: ArrayLike | pd.DataFrame,
    weights: str | None = None,
    categories: Sequence | None = None,
    confidence: float = 0.95,
) -> Statistic:
    """Brennan-Prediger coefficient: chance agreement as if every category were equally likely.

    Parameters
    ----------
    ratings, weights, categories, confidence
        As in `fleiss_kappa`.

    Returns
    -------
    Statistic
        As in `gwet_ac1`.

    References
    ----------
    Brennan & Prediger (1981), Educational and Psychological Measurement 41, 687-699.
    """
    label = "Brennan-Prediger coefficient" if weights is None else f"Brennan-Prediger coefficient ({weights} weights)"
    return _rater_coefficient(label, ratings, "brennan-prediger", weights, categories, confidence)


def conger_kappa(
    ratings: ArrayLike | pd.DataFrame,
    weights: str | ArrayLike | None = None,
    categories: Sequence | None = None,
    confidence: float = 0.95,
) -> Statistic:
    """Conger's kappa: Cohen's kappa for any number of raters, each with the own use of the categories.

    Parameters
    ----------
    ratings, categories, confidence
        As in `fleiss_kappa`. Columns are raters here: a column must hold the ratings of one person.
    weights : None, 'linear', 'quadratic', 'ordinal' or array, shape (categories, categories)
        Agreement credited to each pair of categories; None credits equal categories only.

    Returns
    -------
    Statistic
        As in `gwet_ac1`. With two raters who rated every unit it is Cohen's kappa.

    Notes
    -----
    Chance agreement is the mean, over pairs of different raters, of the agreement of one rater's shares of the
    categories with the other's. A rater without any rating is left out.

    References
    ----------
    Conger (1980), Psychological Bulletin 88, 322-328; missing ratings and standard error: Gwet (2014), Handbook of
    Inter-Rater Reliability, 4th ed.
    """
    label = f"{weights} weights" if isinstance(weights, str) else "given weights"
    method = "Conger's kappa" if weights is None else f"Conger's kappa ({label})"
    return _rater_coefficient(method, ratings, "conger", weights, categories, confidence)


def krippendorff_alpha(
    ratings: ArrayLike | pd.DataFrame,
    level: str = "nominal",
    categories: Sequence | None = None,
    confidence: float = 0.95,
    draws: int = resample.DRAWS,
    seed: int = 1,
    clusters: ArrayLike | pd.Series | None = None,
) -> Statistic:
    """Krippendorff's alpha with a bootstrap interval.

    Parameters
    ----------
    ratings : DataFrame or array, shape (units, raters)
        Category each rater gave; missing is NaN or None. Numbers for the levels above nominal, or ``categories``.
    level : {'nominal', 'ordinal', 'interval', 'ratio'}
        Level of measurement.
    categories : sequence, optional
        All categories in their order; default those that occur, sorted.
    confidence : float
        Level of the interval.
    draws : int
        Number of bootstrap draws of units; 0 for no interval.
    seed : int
        Seed of the draws; the same seed gives the same interval on every run.
    clusters : array, shape (units,), optional
        Cluster of each unit, for instance the institution or the interview; whole clusters are drawn then.

    Returns
    -------
    Statistic
        ``n`` counts units with two or more ratings. Undefined with fewer than two such units and when only one value
        occurs in them. The note says why there is no interval, or how many draws were left out because only one value
        occurs in them.

    Raises
    ------
    ValueError
        If the level is unknown, a rating is not in ``categories`` or the clusters are not one a unit.

    Notes
    -----
    Whole units are drawn, because the pairs of values within a unit depend on each other, and the expected disagreement
    is computed anew in each draw.

    References
    ----------
    Krippendorff (2004), Content Analysis, 2nd ed., chapter 11. Bootstrap of units: Zapf, Castell, Morawietz & Karch
    (2016), BMC Medical Research Methodology 16, 93.
    """
    import krippendorff

    if level not in resample.LEVELS:
        raise ValueError(f"unknown level of measurement: {level}")
    frame = pd.DataFrame(ratings)
    if clusters is not None and len(clusters) != len(frame):
        raise ValueError(f"{len(clusters)} clusters for {len(frame)} units")
    codes, categories = _codes(frame, categories)
    several = (codes >= 0).sum(axis=1) >= 2
    paired = codes[several]
    n_dropped = len(codes) - len(paired)
    record = {
        "n": len(paired),
        "method": f"Krippendorff's alpha ({level})",
        "n_dropped": n_dropped,
        "dropped_reason": NOT_PAIRED if n_dropped else "",
    }
    if len(paired) < 2:
        return Statistic(None, note=TOO_FEW_UNITS, **record)
    used = np.unique(paired[paired >= 0])
    if len(used) == 1:
        return Statistic(None, note=ONE_CATEGORY, **record)
    values = _scale_values(categories)[used]
    counts = (paired[:, :, None] == used).sum(axis=1)
    alpha = float(krippendorff.alpha(value_counts=counts, value_domain=values, level_of_measurement=level))
    if alpha >= 1 - NEGLIGIBLE:
        return Statistic(alpha, note=PERFECT, **record)
    if draws < 1:
        return Statistic(alpha, **record)
    low, high, note = resample.bootstrap_units(
        resample.unit_coincidences(counts),
        lambda coincidences: resample.krippendorff_of_coincidences(coincidences, level, values),
        draws,
        seed,
        None if clusters is None else np.asarray(clusters)[several],
        confidence,
    )
    drawn = "units" if clusters is None else "clusters of units"
    ci_method = "" if low is None else f"percentile bootstrap of {draws:,} draws of {drawn}, {100 * confidence:g} %"
    return Statistic(alpha, ci_low=low, ci_high=high, ci_method=ci_method, note=note, **record)


def coefficients(
    ratings: ArrayLike | pd.DataFrame,
    level: str,
    categories: Sequence | None = None,
    confidence: float = 0.95,
    draws: int = resample.DRAWS,
    seed: int = 1,
    clusters: ArrayLike | pd.Series | None = None,
) -> dict[str, Statistic]:
    """All coefficients that fit the ratings, percent agreement first.

    Parameters
    ----------
    ratings : DataFrame or array, shape (units, raters)
        Category each rater gave; missing is NaN or None.
    level : {'nominal', 'ordinal', 'interval', 'ratio'}
        Level of measurement. The levels above nominal add the coefficients with weights.
    categories : sequence, optional
        All categories in their order; default those that occur, sorted.
    confidence : float
        Level of the intervals.
    draws, seed, clusters
        Of the bootstrap of Krippendorff's alpha, as in `krippendorff_alpha`.

    Returns
    -------
    dict of Statistic
        By the name of the coefficient, in the order of a table: percent agreement; with two raters Cohen's kappa,
        for ordered levels also with weights; Fleiss' and Conger's kappa, Brennan-Prediger, Gwet's AC1, for ordered
        levels also with weights; Krippendorff's alpha at the level and, for ordered levels, at nominal level.

    Raises
    ------
    ValueError
        If the level is unknown, a rating is not in ``categories`` or the clusters are not one a unit.

    References
    ----------
    As in the single functions. Why several: Feinstein & Cicchetti (1990), Journal of Clinical Epidemiology 43,
    543-549.
    """
    if level not in resample.LEVELS:
        raise ValueError(f"unknown level of measurement: {level}")
    frame = pd.DataFrame(ratings)
    if categories is None:
        # Once for all: every coefficient then has the same categories.
        categories = _codes(frame, None)[1]
    ordered = level != "nominal"
    found = [percent_agreement(frame, categories, confidence)]
    if frame.shape[1] == 2:
        first, second = frame.iloc[:, 0], frame.iloc[:, 1]
        for weights in (None, "linear", "quadratic") if ordered else (None,):
            found.append(cohen_kappa(first, second, weights, categories, confidence))
    for weights in (None, "quadratic") if ordered else (None,):
        found.append(fleiss_kappa(frame, weights, categories, confidence))
        found.append(conger_kappa(frame, weights, categories, confidence))
        found.append(brennan_prediger(frame, weights, categories, confidence))
        if weights is None:
            found.append(gwet_ac1(frame, categories, confidence))
        else:
            found.append(gwet_ac2(frame, "linear", categories, confidence))
            found.append(gwet_ac2(frame, "quadratic", categories, confidence))
    for one in (level, "nominal") if ordered else ("nominal",):
        found.append(krippendorff_alpha(frame, one, categories, confidence, draws, seed, clusters))
    return {statistic.method: statistic for statistic in found}


def describe_ratings(ratings: ArrayLike | pd.DataFrame, categories: Sequence | None = None) -> RatingsSummary:
    """Count units, raters and ratings, and the share of each category.

    Parameters
    ----------
    ratings : DataFrame or array, shape (units, raters)
        Category each rater gave; missing is NaN or None.
    categories : sequence, optional
        All categories in their order; default those that occur, sorted. A category nobody gave has prevalence 0.

    Returns
    -------
    RatingsSummary

    Raises
    ------
    ValueError
        If a rating is not in ``categories``.
    """
    frame = pd.DataFrame(ratings)
    codes, categories = _codes(frame, categories)
    given = codes >= 0
    return RatingsSummary(
        n_units=len(frame),
        n_raters=frame.shape[1],
        n_paired=int((given.sum(axis=1) >= 2).sum()),
        n_ratings=int(given.sum()),
        n_missing=int((~given).sum()),
        prevalence={category: prevalence(frame, category) for category in categories},
    )


def prevalence(ratings: ArrayLike | pd.DataFrame, category: object) -> Statistic:
    """Share of all ratings that are one category.

    Parameters
    ----------
    ratings : DataFrame or array, shape (units, raters)
        Category each rater gave; missing is NaN or None.
    category : object
        The category, for instance 1 where a code is present.

    Returns
    -------
    Statistic
        ``n`` counts ratings. Without interval, because ratings of one unit are not independent.
    """
    frame = pd.DataFrame(ratings)
    n = int(frame.notna().to_numpy().sum())
    method = f"prevalence of category {category}"
    if n == 0:
        return Statistic(None, 0, method, note="undefined: no rating")
    return Statistic(float((frame == category).to_numpy().sum() / n), n, method)


# One panel on one ordered item: how far do the answers agree?


def agreement_a(counts: ArrayLike) -> Statistic:
    """Van der Eijk's A: agreement of answers on an ordered scale.

    Parameters
    ----------
    counts : array, shape (categories,)
        Number of answers in each category, in the order of the scale and with the categories nobody chose.

    Returns
    -------
    Statistic
        1 when all answers are in one category, 0 when they are spread evenly, -1 when they are at both ends in equal
        parts. ``n`` counts answers. Undefined without answers and with fewer than three categories.

    Raises
    ------
    ValueError
        If a count is negative or not whole.

    Notes
    -----
    The distribution is cut into layers in which every category has the same number of answers or none. A layer with S
    of the K categories has agreement U (1 - (S - 1) / (K - 1)) with U = ((K - 2) TU - (K - 1) TDU) / ((K - 2) (TU +
    TDU)); TU counts the triples of categories with an empty one beside two filled ones, TDU those with an empty one
    between two filled ones, and U = 1 without either. A is the mean of the layers by their answers.

    References
    ----------
    van der Eijk (2001), Quality & Quantity 35, 325-341.
    """
    counts = _whole_counts(counts)
    method, n, k = "van der Eijk's agreement A", int(counts.sum()), len(counts)
    if n == 0:
        return Statistic(None, 0, method, note=NO_COUNT)
    if k < 3:
        return Statistic(None, n, method, note="undefined: fewer than three categories")
    total, floor = 0.0, 0
    for height in np.unique(counts[counts > 0]):
        filled = counts >= height
        layer = (height - floor) * filled.sum()
        total += layer * _layer_agreement(filled)
        floor = height
    return Statistic(float(total / n), n, method)


def consensus_tw(counts: ArrayLike) -> Statistic:
    """Tastle and Wierman's consensus of answers on an ordered scale.

    Parameters
    ----------
    counts : array, shape (categories,)
        Number of answers in each category, in the order of the scale and with the categories nobody chose. The
        categories are taken as equally far apart.

    Returns
    -------
    Statistic
        1 when all answers are in one category, 0 when they are at both ends in equal parts. ``n`` counts answers.
        Undefined without answers and with one category.

    Raises
    ------
    ValueError
        If a count is negative or not whole.

    Notes
    -----
    1 + sum p log2(1 - |x - mean| / width), with p the share of category x and width the distance of the two ends.

    References
    ----------
    Tastle & Wierman (2007), International Journal of Approximate Reasoning 45, 531-545.
    """
    counts = _whole_counts(counts)
    method, n, k = "Tastle-Wierman consensus", int(counts.sum()), len(counts)
    if n == 0:
        return Statistic(None, 0, method, note=NO_COUNT)
    if k < 2:
        return Statistic(None, n, method, note="undefined: fewer than two categories")
    position = np.arange(k)
    distance = np.abs(position - position @ counts / n) / (k - 1)
    chosen = counts > 0
    return Statistic(float(1 + (counts[chosen] / n) @ np.log2(1 - distance[chosen])), n, method)


def leik_d(counts: ArrayLike) -> Statistic:
    """Leik's ordinal dispersion D; 1 - D is his consensus.

    Parameters
    ----------
    counts : array, shape (categories,)
        Number of answers in each category, in the order of the scale and with the categories nobody chose.

    Returns
    -------
    Statistic
        0 when all answers are in one category, 1 when they are at both ends in equal parts. ``n`` counts answers.
        Undefined without answers and with one category.

    Raises
    ------
    ValueError
        If a count is negative or not whole.

    Notes
    -----
    2 / (k - 1) times the sum over categories of the cumulative share or, where that is above a half, its complement.

    References
    ----------
    Leik (1966), Pacific Sociological Review 9, 85-90.
    """
    counts = _whole_counts(counts)
    method, n, k = "Leik's ordinal dispersion D", int(counts.sum()), len(counts)
    if n == 0:
        return Statistic(None, 0, method, note=NO_COUNT)
    if k < 2:
        return Statistic(None, n, method, note="undefined: fewer than two categories")
    cumulative = np.cumsum(counts)
    return Statistic(float(2 * np.minimum(cumulative, n - cumulative).sum() / n / (k - 1)), n, method)


def agreement_parts(
    ratings: ArrayLike | pd.DataFrame,
    coefficient: str,
    weights: str | ArrayLike | None = None,
    categories: Sequence | None = None,
) -> ChanceCorrected:
    """Observed and chance agreement of any number of raters, with the standard error over units.

    Parameters
    ----------
    ratings : DataFrame or array, shape (units, raters)
        Category each rater gave; missing is NaN or None.
    coefficient : {'percent', 'gwet', 'fleiss', 'conger', 'brennan-prediger', 'krippendorff'}
        Model of chance agreement; 'percent' has none.
    weights : None, 'linear', 'quadratic', 'ordinal' or array, shape (categories, categories)
        Agreement credited to each pair of categories. Numeric categories are placed by their value.
    categories : sequence, optional
        All categories in their order; default those that occur, sorted.

    Returns
    -------
    ChanceCorrected
        Units are treated as a sample from an unlimited number of units, raters as fixed.

    Raises
    ------
    ValueError
        If coefficient or weights are unknown, or a rating is not in ``categories``.

    Notes
    -----
    Each unit contributes its own observed agreement, and linearly the part by which it moves the chance agreement;
    the standard error is that of the mean of these contributions.

    References
    ----------
    Gwet (2014), Handbook of Inter-Rater Reliability, 4th ed.
    """
    codes, categories = _codes(pd.DataFrame(ratings), categories)
    q = len(categories)
    counts = (codes[:, :, None] == np.arange(q)).sum(axis=1).astype(float)
    raters = counts.sum(axis=1)
    n_paired = int((raters >= 2).sum())
    rated = raters >= (2 if coefficient == "krippendorff" else 1)
    counts, raters = counts[rated], raters[rated]
    n, used = len(counts), int((counts.sum(axis=0) > 0).sum())
    if n_paired == 0:
        return ChanceCorrected(None, None, None, None, n, n_paired, used)
    weight = _weight_matrix(weights, categories)
    if coefficient == "krippendorff":
        return _krippendorff_parts(counts, weight)
    credit = (counts * (counts @ weight - 1)).sum(axis=1)
    pairs = np.where(raters >= 2, raters * (raters - 1), 1)
    unit_agreement = np.where(raters >= 2, credit / pairs, 0)
    observed = float(unit_agreement.sum() / n_paired)
    unit_share = counts / raters[:, None]
    share = unit_share.mean(axis=0)
    if coefficient == "percent":
        expected, unit_expected = 0.0, np.zeros(n)
    elif coefficient == "gwet":
        # One category leaves nothing to guess: chance agreement is 1 and the coefficient undefined.
        scale = weight.sum() / (q * (q - 1)) if q > 1 else np.inf
        expected = float(scale * (share * (1 - share)).sum()) if q > 1 else 1.0
        unit_expected = scale * (unit_share @ (1 - share)) if q > 1 else np.ones(n)
    elif coefficient == "fleiss":
        expected = float(share @ weight @ share)
        unit_expected = unit_share @ (weight @ share + share @ weight) / 2
    elif coefficient == "conger":
        expected, unit_expected = _conger_expected(codes[rated], weight)
    elif coefficient == "brennan-prediger":
        expected = float(weight.sum() / q**2)
        unit_expected = np.full(n, expected)
    else:
        raise ValueError(f"unknown coefficient: {coefficient}")
    if 1 - expected < NEGLIGIBLE:
        return ChanceCorrected(None, None, observed, expected, n, n_paired, used)
    estimate = (observed - expected) / (1 - expected)
    contribution = n / n_paired * (unit_agreement - expected * (raters >= 2)) / (1 - expected)
    contribution = contribution - 2 * (1 - estimate) * (unit_expected - expected) / (1 - expected)
    standard_error = _standard_error(contribution - estimate)
    return ChanceCorrected(estimate, standard_error, observed, expected, n, n_paired, used)


def _conger_expected(codes: np.ndarray, weight: np.ndarray) -> tuple[float, np.ndarray]:
    """Agreement of each rater's shares with every other rater's, and what each unit adds to it."""
    codes = codes[:, (codes >= 0).any(axis=0)]
    n, raters = codes.shape
    rated = codes >= 0
    counts = (codes[:, :, None] == np.arange(len(weight))).sum(axis=0)
    n_rated = rated.sum(axis=0)
    share = counts / n_rated[:, None]
    # Row g: what a rating of rater g in each category is worth beside the shares of all other raters.
    worth = (share.sum(axis=0) - share) @ (weight + weight.T) / 2
    mean_worth = (share * worth).sum(axis=1)
    expected = float(mean_worth.sum() / (raters * (raters - 1)))
    own = np.where(rated, worth[np.arange(raters), codes] - mean_worth, 0) * n / n_rated + mean_worth
    return expected, own.sum(axis=1) / (raters * (raters - 1))


def _krippendorff_parts(counts: np.ndarray, weight: np.ndarray) -> ChanceCorrected:
    """Alpha in the form (observed - expected) / (1 - expected), which gives its variance."""
    n, used = len(counts), int((counts.sum(axis=0) > 0).sum())
    raters = counts.sum(axis=1)
    mean_raters = raters.mean()
    credit = (counts * (counts @ weight - 1)).sum(axis=1) / (mean_raters * (raters - 1))
    share = counts.sum(axis=0) / raters.sum()
    expected = float(share @ weight @ share)
    between = float(credit.mean())
    observed = between + (1 - between) / raters.sum()
    if 1 - expected < NEGLIGIBLE:
        return ChanceCorrected(None, None, observed, expected, n, n, used)
    estimate = (observed - expected) / (1 - expected)
    uncorrected = (between - expected) / (1 - expected)
    surplus = (raters - mean_raters) / mean_raters
    unit_expected = counts @ (weight @ share + share @ weight) / 2 / mean_raters - expected * surplus
    contribution = (credit - between * surplus - expected) / (1 - expected)
    contribution = contribution - 2 * (1 - uncorrected) * (unit_expected - expected) / (1 - expected)
    return ChanceCorrected(estimate, _standard_error(contribution - uncorrected), observed, expected, n, n, used)


def _rater_coefficient(method, ratings, coefficient, weights, categories, confidence) -> Statistic:
    frame = pd.DataFrame(ratings)
    parts = agreement_parts(frame, coefficient, weights, categories)
    n_dropped = len(frame) - parts.n_paired
    return _coefficient_record(method, parts, n_dropped, confidence, degrees_of_freedom=parts.n_units - 1)


def _coefficient_record(
    method: str, parts: ChanceCorrected, n_dropped: int, confidence: float, degrees_of_freedom: int | None
) -> Statistic:
    record = {
        "n": parts.n_paired,
        "method": method,
        "n_dropped": n_dropped,
        "dropped_reason": NOT_PAIRED if n_dropped else "",
    }
    if parts.n_paired < 2:
        return Statistic(None, note=TOO_FEW_UNITS, **record)
    if parts.coefficient is None:
        return Statistic(None, note=ONE_CATEGORY, **record)
    if parts.coefficient >= 1 - NEGLIGIBLE:
        note = PERFECT if parts.n_used > 1 else PERFECT_ONE_CATEGORY
        return Statistic(parts.coefficient, note=note, **record)
    low, high = _limits(parts.coefficient, parts.standard_error, degrees_of_freedom, confidence)
    if low is None:
        return Statistic(parts.coefficient, note=SAME_UNITS, **record)
    kind = "normal interval" if degrees_of_freedom is None else "t interval over units"
    return Statistic(parts.coefficient, ci_low=low, ci_high=high, ci_method=f"{kind}, {100 * confidence:g} %", **record)


def _limits(estimate, standard_error, degrees_of_freedom, confidence, lowest=-1) -> tuple[float | None, float | None]:
    if standard_error is None or standard_error < NEGLIGIBLE:
        return None, None
    level = (1 + confidence) / 2
    quantile = special.ndtri(level) if degrees_of_freedom is None else special.stdtrit(degrees_of_freedom, level)
    low, high = estimate - quantile * standard_error, estimate + quantile * standard_error
    return float(max(low, lowest)), float(min(high, 1))


def _standard_error(deviation: np.ndarray) -> float | None:
    n = len(deviation)
    return float(np.sqrt((deviation**2).sum() / (n * (n - 1)))) if n > 1 else None


def _whole_counts(counts: ArrayLike) -> np.ndarray:
    counts = np.asarray(counts, dtype=float)
    if counts.ndim != 1 or not len(counts) or not (np.isfinite(counts) & (counts >= 0) & (counts % 1 == 0)).all():
        raise ValueError("counts are whole numbers from 0 for each category")
    return counts.astype(int)


def _layer_agreement(filled: np.ndarray) -> float:
    """Agreement of one layer of van der Eijk's A, from the categories that are filled in it."""
    k = len(filled)
    left = np.cumsum(filled)
    right = filled.sum() - left
    empty = ~filled
    between = (left * right)[empty].sum()
    beside = (left * (left - 1) / 2 + right * (right - 1) / 2)[empty].sum()
    triples = between + beside
    unimodal = 1 if triples == 0 else ((k - 2) * beside - (k - 1) * between) / ((k - 2) * triples)
    return unimodal * (1 - (filled.sum() - 1) / (k - 1))


def _check_count(k: int, n: int) -> None:
    if n < 1 or not 0 <= k <= n:
        raise ValueError(f"hits and units must fit 0 <= k <= n and n >= 1, not {k} of {n}")


def _side_by_side(first: ArrayLike, second: ArrayLike) -> pd.DataFrame:
    first, second = pd.Series(first).reset_index(drop=True), pd.Series(second).reset_index(drop=True)
    if len(first) != len(second):
        raise ValueError(f"the raters rated {len(first)} and {len(second)} units")
    return pd.DataFrame({"first": first, "second": second})


def _codes(ratings: pd.DataFrame, categories: Sequence | None) -> tuple[np.ndarray, list]:
    """Position of each rating in the categories, -1 where missing; shape (units, raters)."""
    values = pd.Series(ratings.to_numpy().ravel())
    present = values.dropna().unique().tolist()
    categories = sorted(present) if categories is None else list(categories)
    if not set(present) <= set(categories):
        raise ValueError("a rating is not among the categories")
    codes = pd.Categorical(values, categories=categories).codes
    return np.asarray(codes, dtype=int).reshape(ratings.shape), categories


def _scale_values(categories: Sequence) -> np.ndarray:
    """Numeric categories keep their value, so that a scale point nobody used stays a gap; others are numbered."""
    if all(isinstance(category, int | float | np.number) for category in categories):
        return np.asarray(categories, dtype=float)
    return np.arange(len(categories), dtype=float)


def _weight_matrix(weights: str | ArrayLike | None, categories: Sequence) -> np.ndarray:
    q = len(categories)
    if weights is None:
        return np.eye(q)
    if not isinstance(weights, str):
        matrix = np.asarray(weights, dtype=float)
        if matrix.shape != (q, q):
            raise ValueError(f"the weights have shape {matrix.shape} for {q} categories")
        return matrix
    if weights not in ("linear", "quadratic", "ordinal"):
        raise ValueError(f"unknown weights: {weights}")
    if q < 2:
        return np.ones((q, q))
    position = np.arange(q) if weights == "ordinal" else _scale_values(categories)
    distance = np.abs(np.subtract.outer(position, position))
    if weights == "quadratic":
        distance = distance**2
    if weights == "ordinal":
        distance = distance * (distance + 1) / 2
    return 1 - distance / distance.max()
