"""Intraclass correlations: of raters, of repeated measurements and of people within sites.

Ratings come as a table of units (statements, audited items, people) by raters, missing where a rater did not rate.
Complete tables are taken apart by sums of squares, whose intervals are exact. Where ratings are missing, the variance
components come from a mixed model with crossed random effects, so that no rating is thrown away.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special  # the distribution functions, without the second that importing scipy.stats costs

from piloteval.measures.mixed import reml_components
from piloteval.statistic import Statistic

#: Mean squares below this share of the total variance are rounding noise.
NEGLIGIBLE = 1e-12

#: Units whose residuals are formed at a time, so that they stay in the cache.
BLOCK = 2000

#: Normal quantile of the published definitions of minimal detectable change and limits of agreement.
Z_95 = 1.96

#: Name and meaning of each form: McGraw & Wong's name, the model, and Shrout & Fleiss's name.
FORMS = {
    "ICC(1,1)": "one-way random, single rating; Shrout & Fleiss ICC(1,1)",
    "ICC(A,1)": "two-way random, absolute agreement, single rating; Shrout & Fleiss ICC(2,1)",
    "ICC(C,1)": "two-way, consistency, single rating; Shrout & Fleiss ICC(3,1)",
    "ICC(1,k)": "one-way random, mean of all raters; Shrout & Fleiss ICC(1,k)",
    "ICC(A,k)": "two-way random, absolute agreement, mean of all raters; Shrout & Fleiss ICC(2,k)",
    "ICC(C,k)": "two-way, consistency, mean of all raters; Shrout & Fleiss ICC(3,k)",
}

NOT_PAIRED = "rated by fewer than two raters"
NOT_TWICE = "not measured twice"
NO_SITE = "score or site missing"

TOO_FEW_RATERS = "undefined: fewer than two raters"
TOO_FEW_UNITS = "undefined: fewer than two units rated by at least two raters"
NO_UNIT = "undefined: no unit with two ratings"
ALL_EQUAL = "undefined: all ratings are equal"
NOT_SEPARABLE = "undefined: too few ratings to tell units, raters and residual apart"
NOT_LINKED = "undefined: no residual variation, and groups of raters that have no unit in common"
NO_FIT = "undefined: the search for the variance components did not converge"
NO_TOTAL = "undefined: the estimated variance of a rating is not positive"
NO_TOTAL_OF_MEANS = "undefined: the estimated variance of the mean ratings is not positive"
PERFECT = "perfect agreement, no interval"
PARALLEL = "the raters differ by constants only, no interval"
NO_LIMITS = "no interval, a limit does not exist"
NEGATIVE = "negative estimate: the units differ less than chance alone would make them"
ZERO = "the variance of units was estimated as zero, its smallest possible value"


@dataclass(frozen=True)
class MeanSquares:
    """Mean squares of a table of units by raters.

    Attributes
    ----------
    msr, msc, mse, msw : float
        Mean square of units (rows), raters (columns), residual, and within units; squared units of the ratings.
    n_units, n_raters : int
        Size of the table, which gives the degrees of freedom.
    """

    msr: float
    msc: float
    mse: float
    msw: float
    n_units: int
    n_raters: int

    @property
    def df_units(self) -> int:
        """Degrees of freedom of ``msr``."""
        return self.n_units - 1

    @property
    def df_raters(self) -> int:
        """Degrees of freedom of ``msc``."""
        return self.n_raters - 1

    @property
    def df_residual(self) -> int:
        """Degrees of freedom of ``mse``."""
        return (self.n_units - 1) * (self.n_raters - 1)

    @property
    def df_within(self) -> int:
        """Degrees of freedom of ``msw``."""
        return self.n_units * (self.n_raters - 1)


@dataclass(frozen=True)
class FTest:
    """Test that the ratings of different units do not differ; None when undefined, and then ``note`` says why.

    Attributes
    ----------
    f, p : float or None
        F statistic and its p-value.
    df1, df2 : int or None
        Degrees of freedom.
    n, n_dropped : int
        Units tested and left out.
    note : str
        Reason, or that ratings were missing.
    """

    f: float | None
    df1: int | None
    df2: int | None
    p: float | None
    n: int
    n_dropped: int = 0
    note: str = ""


# Ratings


def intraclass_correlations(ratings: ArrayLike | pd.DataFrame, confidence: float = 0.95) -> dict[str, Statistic]:
    """Six intraclass correlations of ratings, with intervals.

    Parameters
    ----------
    ratings : DataFrame or array, shape (units, raters)
        Numeric ratings; missing is NaN, None or NA.
    confidence : float
        Level of the intervals.

    Returns
    -------
    dict of str to Statistic
        ``ICC(1,1)``, ``ICC(A,1)``, ``ICC(C,1)`` of a single rating and ``ICC(1,k)``, ``ICC(A,k)``, ``ICC(C,k)`` of the
        mean of all raters. ``n`` counts units with two ratings or more. Negative estimates are kept. Undefined with
        fewer than two raters or such units, when all ratings are equal, and when too many are missing.

    Raises
    ------
    ValueError
        If a rating is not a number.

    Notes
    -----
    Which form: ICC(A,.) when the value itself counts, ICC(C,.) when only the differences of units count, ICC(1,.) when
    each unit has raters of its own. The intervals of ICC(1,.) and ICC(C,.) are exact for normal effects, that of
    ICC(A,.) rests on Satterthwaite's approximation. With missing ratings the components of unit, rater and residual
    come from REML, and mean squares are put together from them for the full number of units and raters; the intervals
    are then approximate, and an estimate cannot be negative.

    References
    ----------
    Shrout & Fleiss (1979), Psychological Bulletin 86, 420-428; McGraw & Wong (1996), Psychological Methods 1, 30-46.
    """
    table = _table(ratings)
    record = {
        "n": table.n,
        "n_dropped": table.n_dropped,
        "dropped_reason": NOT_PAIRED if table.n_dropped else "",
    }
    methods = {form: f"intraclass correlation {form}, {meaning}" for form, meaning in FORMS.items()}
    if table.squares is None:
        return {form: Statistic(None, method=methods[form], note=table.note, **record) for form in FORMS}
    estimates = coefficients(table.squares)
    limits = intervals(table.squares, confidence)
    results = {}
    for form, estimate in estimates.items():
        notes = [table.note] if table.note else []
        if estimate is None:
            reason = NO_TOTAL if form.endswith("1)") else NO_TOTAL_OF_MEANS
            results[form] = Statistic(None, method=methods[form], note="; ".join([reason, *notes]), **record)
            continue
        if limits[form] is None:
            notes.append(_why_no_limits(table.squares, estimate))
        if estimate < 0:
            notes.append(NEGATIVE)
        low, high = limits[form] or (None, None)
        kind = "F interval" if not form.startswith("ICC(A") else "F interval with Satterthwaite degrees of freedom"
        kind += ", approximate because ratings are missing" if table.is_approximate else ""
        results[form] = Statistic(
            estimate,
            method=methods[form],
            ci_low=low,
            ci_high=high,
            ci_method="" if low is None else f"{kind}, {100 * confidence:g} %",
            note="; ".join(notes),
            **record,
        )
    return results


def f_tests(ratings: ArrayLike | pd.DataFrame) -> dict[str, FTest]:
    """F test of each intraclass correlation against zero.

    Parameters
    ----------
    ratings : DataFrame or array, shape (units, raters)
        As in `intraclass_correlations`.

    Returns
    -------
    dict of str to FTest
        By form. The two-way forms share one test: units without variance make MSR / MSE an F ratio with the residual's
        degrees of freedom whatever the raters do, so that the Satterthwaite degrees of freedom of the interval of
        ICC(A,.) have no part in it.

    Raises
    ------
    ValueError
        If a rating is not a number.

    References
    ----------
    Shrout & Fleiss (1979), Psychological Bulletin 86, 420-428.
    """
    table = _table(ratings)
    if table.squares is None:
        return dict.fromkeys(FORMS, FTest(None, None, None, None, table.n, table.n_dropped, table.note))
    one, two = (
        _f_test(table, error, df)
        for error, df in (
            (table.squares.msw, table.squares.df_within),
            (table.squares.mse, table.squares.df_residual),
        )
    )
    return {form: one if form.startswith("ICC(1") else two for form in FORMS}


# Repeated measurements


def retest(first: ArrayLike, second: ArrayLike, confidence: float = 0.95) -> dict[str, Statistic]:
    """Agreement of two measurements of the same people, relative and in units of the scale.

    Parameters
    ----------
    first, second : array, shape (people,)
        Measurements in the same order of people; missing is NaN, None or NA.
    confidence : float
        Level of the intervals.

    Returns
    -------
    dict of str to Statistic
        ``ICC(A,1)`` and ``ICC(C,1)``; then in units of the scale ``sem_agreement`` and ``sem_consistency`` (standard
        error of measurement with and without the shift between occasions), ``mdc_agreement`` and ``mdc_consistency``
        (minimal detectable change of one person), ``mean_difference`` (second - first) and the limits of agreement
        ``loa_low`` and ``loa_high``. ``n`` counts people measured twice.

    Raises
    ------
    ValueError
        If the measurements differ in length or one is not a number.

    Notes
    -----
    sem_consistency = sqrt(MSE); sem_agreement = sqrt(var of occasions + MSE) with var of occasions = (MSC - MSE) / n,
    kept where it is negative so that the error fits ICC(A,1). MDC = 1.96 * sqrt(2) * SEM. Limits of agreement: mean
    difference -+ 1.96 standard deviations of the difference, each limit with the standard error sqrt(3 s^2 / n).

    References
    ----------
    Bland & Altman (1986), Lancet 327, 307-310; de Vet, Terwee, Knol & Bouter (2006), Journal of Clinical Epidemiology
    59, 1033-1039; Weir (2005), Journal of Strength and Conditioning Research 19, 231-240.
    """
    first, second = (pd.Series(values).reset_index(drop=True).astype(float) for values in (first, second))
    if len(first) != len(second):
        raise ValueError(f"the measurements have {len(first)} and {len(second)} people")
    both = pd.concat([first, second], axis=1, keys=["first", "second"])
    complete = both.dropna()
    n, n_dropped = len(complete), len(both) - len(complete)
    record = {"n": n, "n_dropped": n_dropped, "dropped_reason": NOT_TWICE if n_dropped else ""}
    correlations = intraclass_correlations(complete, confidence)
    results = {form: replace(correlations[form], **record) for form in ("ICC(A,1)", "ICC(C,1)")}
    return results | _errors(complete.to_numpy(), confidence, record) | _bland_altman(complete, confidence, record)


# People within sites


def site_icc(scores: ArrayLike, sites: ArrayLike, confidence: float = 0.95) -> Statistic:
    """Share of the variance of a score that lies between sites.

    Parameters
    ----------
    scores : array, shape (people,)
        Score of each person; missing is NaN, None or NA.
    sites : array, shape (people,)
        Site of each person; missing is NaN, None or NA.
    confidence : float
        Level of the interval.

    Returns
    -------
    Statistic
        ``n`` counts people. Negative estimates are kept and noted. Undefined with fewer than two sites, without a site
        of two people, and when all scores are equal.

    Raises
    ------
    ValueError
        If scores and sites differ in length.

    Notes
    -----
    (MSB - MSW) / (MSB + (n0 - 1) MSW) of the one-way analysis of variance, n0 = (N - sum n_j^2 / N) / (sites - 1). The
    F interval is exact for normal effects and sites of one size, and approximate otherwise.

    References
    ----------
    Searle (1971), Linear Models; Donner & Wells (1986), Biometrics 42, 401-412.
    """
    return _sites(scores, sites, confidence)[0]


def design_effect(scores: ArrayLike, sites: ArrayLike, confidence: float = 0.95) -> Statistic:
    """Factor by which sampling whole sites raises the variance of a mean.

    Parameters
    ----------
    scores, sites, confidence
        As in `site_icc`.

    Returns
    -------
    Statistic
        1 + (m - 1) * site_icc with m the mean number of people a site; the interval carries the limits of `site_icc`
        through this formula. Undefined for the reasons of `site_icc`.

    Raises
    ------
    ValueError
        If scores and sites differ in length.

    References
    ----------
    Kish (1965), Survey Sampling; Donner & Klar (2000), Design and Analysis of Cluster Randomization Trials.
    """
    icc, mean_size = _sites(scores, sites, confidence)
    method = "design effect of sites (mean number of people a site)"
    if icc.estimate is None:
        return replace(icc, method=method)

    def effect(value: float | None) -> float | None:
        return None if value is None else 1 + (mean_size - 1) * value

    return replace(
        icc,
        method=method,
        estimate=effect(icc.estimate),
        ci_low=effect(icc.ci_low),
        ci_high=effect(icc.ci_high),
    )


# Kernels on arrays and mean squares


def mean_squares(ratings: ArrayLike) -> MeanSquares:
    """Mean squares of a complete table.

    Parameters
    ----------
    ratings : array, shape (units, raters)
        Complete ratings, at least two units and two raters.

    Returns
    -------
    MeanSquares
        A residual that is rounding noise is returned as zero.

    Raises
    ------
    ValueError
        If a rating is missing or the table is too small.

    Notes
    -----
    The residuals are formed and squared rather than left over from the total, which would cost their last digits where
    they are small.
    """
    x = np.asarray(ratings, dtype=float)
    if x.ndim != 2 or min(x.shape) < 2:
        raise ValueError(f"at least two units and two raters are needed, not shape {x.shape}")
    n, k = x.shape
    units, raters = x.mean(axis=1), x.mean(axis=0)
    mean = units.mean()
    if not np.isfinite(mean):
        raise ValueError("a rating is missing")
    shift = raters - mean
    residual = 0.0
    for start in range(0, n, BLOCK):
        rest = x[start : start + BLOCK] - units[start : start + BLOCK, None]
        rest -= shift
        rest = rest.ravel(order="K")
        residual += float(rest @ rest)
    ssr, ssc = float(k * ((units - mean) @ (units - mean))), float(n * (shift @ shift))
    total = ssr + ssc + residual
    ssr, ssc, residual = (0.0 if part <= NEGLIGIBLE * total else part for part in (ssr, ssc, residual))
    df_residual = (n - 1) * (k - 1)
    return MeanSquares(
        ssr / (n - 1), ssc / (k - 1), residual / df_residual, (ssc + residual) / (df_residual + k - 1), n, k
    )


def coefficients(squares: MeanSquares) -> dict[str, float | None]:
    """Six intraclass correlations from mean squares.

    Parameters
    ----------
    squares : MeanSquares
        Of ratings that are not all equal.

    Returns
    -------
    dict of str to float or None
        By form; None where the estimated variance in the denominator is not positive.

    References
    ----------
    McGraw & Wong (1996), Psychological Methods 1, 30-46, table 4.
    """
    n, k = squares.n_units, squares.n_raters
    msr, msc, mse, msw = squares.msr, squares.msc, squares.mse, squares.msw
    raters = (msc - mse) / n
    parts = {
        "ICC(1,1)": (msr - msw, msr + (k - 1) * msw),
        "ICC(A,1)": (msr - mse, msr + (k - 1) * mse + k * raters),
        "ICC(C,1)": (msr - mse, msr + (k - 1) * mse),
        "ICC(1,k)": (msr - msw, msr),
        "ICC(A,k)": (msr - mse, msr + raters),
        "ICC(C,k)": (msr - mse, msr),
    }
    least = NEGLIGIBLE * (msr + msw)
    return {form: float(above / below) if below > least else None for form, (above, below) in parts.items()}


def agreement_df(squares: MeanSquares) -> float | None:
    """Satterthwaite degrees of freedom in the interval of ICC(A,1), and of ICC(A,k) which is carried over from it.

    Parameters
    ----------
    squares : MeanSquares
        Of ratings that are not all equal.

    Returns
    -------
    float or None
        None where ICC(A,1) is undefined or 1.

    References
    ----------
    Satterthwaite (1946), Biometrics Bulletin 2, 110-114; McGraw & Wong (1996), Psychological Methods 1, 30-46.
    """
    rho = coefficients(squares)["ICC(A,1)"]
    if rho is None or rho >= 1 - NEGLIGIBLE:
        return None
    n, k = squares.n_units, squares.n_raters
    odds = k * rho / (n * (1 - rho))
    raters, residual = odds * squares.msc, (1 + odds * (n - 1)) * squares.mse
    spread = raters**2 / squares.df_raters + residual**2 / squares.df_residual
    return float((raters + residual) ** 2 / spread) if spread > 0 else None


def intervals(squares: MeanSquares, confidence: float = 0.95) -> dict[str, tuple[float, float] | None]:
    """Intervals of the six intraclass correlations from mean squares.

    Parameters
    ----------
    squares : MeanSquares
        Of ratings that are not all equal.
    confidence : float
        Level of the intervals.

    Returns
    -------
    dict of str to tuple of float, or None
        Lower and upper limit by form; None where the units do not vary, the error is zero, or a limit does not exist.

    References
    ----------
    Shrout & Fleiss (1979), Psychological Bulletin 86, 420-428; McGraw & Wong (1996), Psychological Methods 1, 30-46,
    table 7, for ICC(A,.).
    """
    k = squares.n_raters
    single = {
        "1": _f_limits(squares.msr, squares.msw, squares.df_units, squares.df_within, k, confidence),
        "A": _agreement_limits(squares, confidence),
        "C": _f_limits(squares.msr, squares.mse, squares.df_units, squares.df_residual, k, confidence),
    }
    averaged = {kind: None if limits is None else _spearman_brown(limits, k) for kind, limits in single.items()}
    limits = {f"ICC({kind},1)": value for kind, value in single.items()}
    limits |= {f"ICC({kind},k)": value for kind, value in averaged.items()}
    return {form: limits[form] for form in FORMS}


def _f_limits(between, within, df_between, df_within, size, confidence) -> tuple[float, float] | None:
    """Limits of (between - within) / (between + (size - 1) within), whose F ratio has this many degrees of freedom."""
    if between <= 0 or within <= 0:
        return None
    tail = (1 - confidence) / 2
    low = between / within / special.fdtri(df_between, df_within, 1 - tail)
    high = between / within * special.fdtri(df_within, df_between, 1 - tail)
    return float((low - 1) / (low + size - 1)), float((high - 1) / (high + size - 1))


def _agreement_limits(squares: MeanSquares, confidence: float) -> tuple[float, float] | None:
    df = agreement_df(squares)
    if df is None or squares.msr <= 0:
        return None
    n, k = squares.n_units, squares.n_raters
    level = (1 + confidence) / 2
    down, up = special.fdtri(n - 1, df, level), special.fdtri(df, n - 1, level)
    if not np.isfinite([down, up]).all():
        return None  # with a small fraction of a degree of freedom a quantile is beyond the largest number
    error = k * squares.msc + (k * n - k - n) * squares.mse
    low = n * (squares.msr - down * squares.mse) / (down * error + n * squares.msr)
    high = n * (up * squares.msr - squares.mse) / (error + n * up * squares.msr)
    return float(low), float(high)


def _spearman_brown(limits: tuple[float, float], k: int) -> tuple[float, float] | None:
    low, high = (1 + (k - 1) * limit for limit in limits)
    # Below -1 / (k - 1) the mean of k ratings would have a negative variance.
    return None if min(low, high) <= NEGLIGIBLE else (k * limits[0] / low, k * limits[1] / high)


def _why_no_limits(squares: MeanSquares, estimate: float) -> str:
    if estimate < 1 - NEGLIGIBLE:
        return NO_LIMITS
    return PARALLEL if squares.msc > 0 else PERFECT


# Preparation of a table of ratings


@dataclass(frozen=True)
class _Table:
    """Mean squares of the units that can be used; None when undefined, and then ``note`` gives the reason."""

    squares: MeanSquares | None
    n: int
    n_dropped: int
    note: str = ""
    is_approximate: bool = False


def _table(ratings: ArrayLike | pd.DataFrame) -> _Table:
    given = np.asarray(pd.DataFrame(ratings).astype(float))
    rated = ~np.isnan(given)
    usable = rated.sum(axis=1) >= 2
    n, n_dropped = int(usable.sum()), int(len(given) - usable.sum())
    if n_dropped:
        given, rated = given[usable], rated[usable]
    reason = _why_no_table(given, rated, n)
    if reason:
        return _Table(None, n, n_dropped, reason)
    seen = rated.any(axis=0)  # a rater who rated nothing here is none
    if rated[:, seen].all():
        return _Table(mean_squares(given[:, seen]), n, n_dropped)
    return _incomplete(given[:, seen], rated[:, seen], n_dropped)


def _why_no_table(given: np.ndarray, rated: np.ndarray, n: int) -> str:
    if given.shape[1] < 2:
        return TOO_FEW_RATERS
    if n < 2:
        return TOO_FEW_UNITS if n else NO_UNIT
    return ALL_EQUAL if np.nanmin(given) == np.nanmax(given) else ""


def _incomplete(given: np.ndarray, rated: np.ndarray, n_dropped: int) -> _Table:
    """Mean squares for the full table from variance components of the ratings there are."""
    n, k = given.shape
    unit, rater = np.nonzero(rated)
    y = given[unit, rater]
    y = y - y.mean()
    note = f"{rated.size - len(y)} of {rated.size} ratings missing, variance components estimated by REML"
    units, raters, residual, groups = _additive(y, unit, rater, n, k)
    if len(y) - n - k + groups <= 0:
        return _Table(None, n, n_dropped, NOT_SEPARABLE)
    if residual <= NEGLIGIBLE * (y @ y):
        # REML has no maximum here; its limit are the effects themselves, where they can be told apart.
        if groups > 1:
            return _Table(None, n, n_dropped, NOT_LINKED)
        parts = float(units.var(ddof=1)), float(raters.var(ddof=1)), 0.0
        note = f"{rated.size - len(y)} of {rated.size} ratings missing, no residual variation"
    else:
        fit = reml_components(y, np.ones((len(y), 1)), {"unit": unit, "rater": rater})
        if fit.residual is None or not fit.converged:
            return _Table(None, n, n_dropped, fit.note or NO_FIT)
        parts = fit.variances["unit"], fit.variances["rater"], fit.residual
        note = f"{note}; {ZERO}" if parts[0] == 0 else note
    total = sum(parts)
    of_units, of_raters, error = (0.0 if part <= NEGLIGIBLE * total else part for part in parts)
    squares = MeanSquares(k * of_units + error, n * of_raters + error, error, of_raters + error, n, k)
    return _Table(squares, n, n_dropped, note, is_approximate=True)


def _additive(y, unit, rater, n, k) -> tuple[np.ndarray, np.ndarray, float, int]:
    """Least-squares effects of units and raters, residual sum of squares, and groups of raters no unit links."""
    ratings = np.bincount(unit, minlength=n)
    presence = np.zeros((n, k))
    presence[unit, rater] = 1
    laplacian = np.diag(presence.sum(axis=0)) - presence.T @ (presence / ratings[:, None])
    centred = y - (np.bincount(unit, y, n) / ratings)[unit]
    values, vectors = np.linalg.eigh(laplacian)
    linked = values > 1e-9 * values[-1]
    raters = vectors[:, linked] @ ((vectors[:, linked].T @ np.bincount(rater, centred, k)) / values[linked])
    units = np.bincount(unit, y - raters[rater], n) / ratings
    rest = y - raters[rater] - units[unit]
    return units, raters, float(rest @ rest), int(k - linked.sum())


def _f_test(table: _Table, error: float, df2: int) -> FTest:
    squares = table.squares
    if error <= 0:
        return FTest(None, None, None, None, table.n, table.n_dropped, "undefined: no variation to test against")
    f = squares.msr / error
    p = float(special.fdtrc(squares.df_units, df2, f))
    return FTest(float(f), squares.df_units, df2, p, table.n, table.n_dropped, table.note)


# Parts of the retest


def _errors(pairs: np.ndarray, confidence: float, record: dict) -> dict[str, Statistic]:
    meaning = {
        "sem_agreement": "standard error of measurement, agreement (occasions and residual)",
        "sem_consistency": "standard error of measurement, consistency (residual)",
        "mdc_agreement": f"minimal detectable change, agreement, z = {Z_95:g}",
        "mdc_consistency": f"minimal detectable change, consistency, z = {Z_95:g}",
    }
    n = len(pairs)
    reason = "undefined: fewer than two people measured twice" if n < 2 else ""
    if not reason and pairs.min() == pairs.max():
        reason = "undefined: all measurements are equal"
    if reason:
        return {name: Statistic(None, method=method, note=reason, **record) for name, method in meaning.items()}
    squares = mean_squares(pairs)
    agreement = Statistic(
        float(np.sqrt(squares.msw)),  # with two occasions this is var of occasions + MSE, and never negative
        method=meaning["sem_agreement"],
        note="the variance of occasions is estimated as negative, and kept" if squares.msc < squares.mse else "",
        **record,
    )
    consistency = Statistic(float(np.sqrt(squares.mse)), method=meaning["sem_consistency"], **record)
    if squares.mse > 0:
        tails = special.chdtri(n - 1, [(1 - confidence) / 2, (1 + confidence) / 2])
        low, high = np.sqrt((n - 1) * squares.mse / tails)
        kind = f"chi-square interval of the residual variance, {100 * confidence:g} %"
        consistency = replace(consistency, ci_low=float(low), ci_high=float(high), ci_method=kind)
    else:
        consistency = replace(consistency, note="everybody changed by the same amount, no interval")

    def change(error: Statistic, method: str) -> Statistic:
        def times(value: float | None) -> float | None:
            return None if value is None else float(Z_95 * np.sqrt(2) * value)

        return replace(
            error,
            estimate=times(error.estimate),
            ci_low=times(error.ci_low),
            ci_high=times(error.ci_high),
            method=method,
        )

    return {
        "sem_agreement": agreement,
        "sem_consistency": consistency,
        "mdc_agreement": change(agreement, meaning["mdc_agreement"]),
        "mdc_consistency": change(consistency, meaning["mdc_consistency"]),
    }


def _bland_altman(pairs: pd.DataFrame, confidence: float, record: dict) -> dict[str, Statistic]:
    meaning = {
        "mean_difference": "mean difference of two measurements (second - first)",
        "loa_low": f"lower limit of agreement, mean difference - {Z_95:g} standard deviations",
        "loa_high": f"upper limit of agreement, mean difference + {Z_95:g} standard deviations",
    }
    difference = (pairs["second"] - pairs["first"]).to_numpy()
    n = len(difference)
    if n < 2:
        reason = "undefined: fewer than two people measured twice"
        return {name: Statistic(None, method=method, note=reason, **record) for name, method in meaning.items()}
    mean, sd = float(difference.mean()), float(difference.std(ddof=1))
    estimates = {"mean_difference": mean, "loa_low": mean - Z_95 * sd, "loa_high": mean + Z_95 * sd}
    if np.ptp(difference) == 0:
        note = "everybody changed by the same amount, no interval"
        return {name: Statistic(mean, method=method, note=note, **record) for name, method in meaning.items()}
    quantile = float(special.stdtrit(n - 1, (1 + confidence) / 2))
    widths = {"mean_difference": quantile * sd / np.sqrt(n)}
    widths["loa_low"] = widths["loa_high"] = quantile * sd * np.sqrt(3 / n)
    kinds = {"mean_difference": "t interval"}
    kinds["loa_low"] = kinds["loa_high"] = "Bland-Altman interval of a limit (approximate)"
    return {
        name: Statistic(
            estimates[name],
            method=meaning[name],
            ci_low=float(estimates[name] - widths[name]),
            ci_high=float(estimates[name] + widths[name]),
            ci_method=f"{kinds[name]}, {100 * confidence:g} %",
            **record,
        )
        for name in meaning
    }


# Parts of the correlation within sites


def _sites(scores: ArrayLike, sites: ArrayLike, confidence: float) -> tuple[Statistic, float]:
    """Intraclass correlation of sites, and the mean number of people a site."""
    scores = pd.Series(scores).reset_index(drop=True).astype(float)
    sites = pd.Series(sites).reset_index(drop=True)
    if len(scores) != len(sites):
        raise ValueError(f"there are {len(scores)} scores and {len(sites)} sites")
    known = scores.notna() & sites.notna()
    n_dropped = int((~known).sum())
    y, codes = scores[known].to_numpy(), pd.factorize(sites[known])[0]
    sizes = np.bincount(codes) if len(codes) else np.empty(0)
    n, groups = len(y), len(sizes)
    record = {
        "n": n,
        "method": "intraclass correlation of people within sites, one-way random",
        "n_dropped": n_dropped,
        "dropped_reason": NO_SITE if n_dropped else "",
    }
    reason = ""
    if groups < 2:
        reason = "undefined: fewer than two sites"
    elif n == groups:
        reason = "undefined: no site with two people"
    elif y.min() == y.max():
        reason = "undefined: all scores are equal"
    if reason:
        return Statistic(None, note=reason, **record), float("nan")
    y = y - y.mean()
    means = np.bincount(codes, y) / sizes
    rest = y - means[codes]
    within, between = float(rest @ rest) / (n - groups), float(sizes @ means**2) / (groups - 1)
    size = float((n - (sizes @ sizes) / n) / (groups - 1))
    if within <= NEGLIGIBLE * between:
        return Statistic(1.0, note="all people of a site have one score, no interval", **record), n / groups
    estimate = (between - within) / (between + (size - 1) * within)
    notes = [f"{groups} sites"] + ([NEGATIVE.replace("units", "sites")] if estimate < 0 else [])
    limits = _f_limits(between, within, groups - 1, n - groups, size, confidence)
    if limits is None:
        return Statistic(estimate, note="; ".join([*notes, NO_LIMITS]), **record), n / groups
    kind = "Searle F interval" + ("" if np.ptp(sizes) == 0 else ", approximate because sites differ in size")
    return (
        Statistic(
            float(estimate),
            ci_low=limits[0],
            ci_high=limits[1],
            ci_method=f"{kind}, {100 * confidence:g} %",
            note="; ".join(notes),
            **record,
        ),
        n / groups,
    )
