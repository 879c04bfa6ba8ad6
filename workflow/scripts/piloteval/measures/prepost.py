"""Change from before to after in the same people: size, interval, test, and what the sample can detect.

A difference is after minus before, so that a positive number is an increase. People without both measurements are left
out and counted. Nothing is estimated from fewer than two pairs or when nobody changed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special  # the distribution functions, without the second that importing scipy.stats costs

from piloteval.measures.agreement import proportion, wilson_interval
from piloteval.statistic import Statistic

#: Differences are compared at this many decimals: 3.2 - 2.8 and 4.4 - 4.0 are tied although their doubles differ.
DECIMALS = 10

NO_CHANGE = "undefined: all differences are zero"
SAME_CHANGE = "all differences are equal"
UNPAIRED = "before or after missing"
NO_DIFFERENCE = "difference missing"

#: Methods of `adjust`, named as R names them.
ADJUSTMENTS = ("holm", "bonferroni", "hochberg", "hommel", "BH", "BY", "none")


@dataclass(frozen=True)
class PairedTTest:
    """Paired t test; None when undefined, and then ``note`` gives the reason.

    Attributes
    ----------
    t, p : float or None
        Statistic and two-sided p-value.
    df : int or None
        Degrees of freedom, pairs - 1.
    n, n_dropped : int
        Pairs tested, and people left out for a missing measurement.
    note : str
        Reason or empty.
    """

    t: float | None
    df: int | None
    p: float | None
    n: int
    n_dropped: int
    note: str = ""


@dataclass(frozen=True)
class SignedRankTest:
    """Exact Wilcoxon signed-rank test; None when undefined, and then ``note`` gives the reason.

    Attributes
    ----------
    w_plus, w_minus : float or None
        Rank sums of the increases and of the decreases.
    z : float or None
        Standardised w_plus, with the variance of the ranks as tied.
    p, p_greater : float or None
        Exact p-value, two-sided and for an increase.
    p_normal : float or None
        Two-sided p-value by the normal approximation, for comparison with programs that have no exact one.
    n, n_zero, n_dropped : int
        Pairs, those of them without change, and people left out for a missing difference.
    method : str
        Test with its rule for zero differences.
    note : str
        Reason or empty.
    """

    w_plus: float | None
    w_minus: float | None
    z: float | None
    p: float | None
    p_greater: float | None
    p_normal: float | None
    n: int
    n_zero: int
    n_dropped: int
    method: str
    note: str = ""


@dataclass(frozen=True)
class SignTest:
    """Exact sign test; None when undefined, and then ``note`` gives the reason.

    Attributes
    ----------
    n_positive, n_negative, n_zero : int
        Pairs with an increase, a decrease and no change.
    p : float or None
        Exact two-sided p-value; pairs without change do not count.
    probability_of_superiority : float or None
        Share with an increase plus half the share without change.
    n_dropped : int
        People left out for a missing difference.
    note : str
        Reason or empty.
    """

    n_positive: int
    n_negative: int
    n_zero: int
    p: float | None
    probability_of_superiority: float | None
    n_dropped: int
    note: str = ""


@dataclass(frozen=True)
class NormalSignedRank:
    """Wilcoxon signed-rank test by the normal approximation; None when undefined, and then ``note`` gives the reason.

    Attributes
    ----------
    w_plus : float or None
        Rank sum of the increases.
    z, p : float or None
        Standardised w_plus with the variance of the ranks as tied, and two-sided p-value.
    n, n_zero, n_dropped : int
        Pairs, those of them without change, and people left out for a missing difference.
    method : str
        Test with its corrections and its rule for zero differences.
    note : str
        Reason or empty.
    """

    w_plus: float | None
    z: float | None
    p: float | None
    n: int
    n_zero: int
    n_dropped: int
    method: str
    note: str = ""


@dataclass(frozen=True)
class EquivalenceTest:
    """Two one-sided paired t tests; None when undefined, and then ``note`` gives the reason.

    Attributes
    ----------
    p_lower, p_upper : float or None
        One-sided p-values against a mean change at or below the lower, and at or above the upper bound.
    p : float or None
        The larger of the two; small speaks for a mean change within the bounds.
    df : int or None
        Degrees of freedom, pairs - 1.
    mean, ci_low, ci_high : float or None
        Mean change and its interval of level 1 - 2 alpha, in units of the measurement.
    ci_method : str
        Name and level of the interval.
    lower, upper : float
        The bounds.
    equivalent : bool or None
        Whether p is below alpha, which is whether the interval lies within the bounds.
    n, n_dropped : int
        Pairs tested, and people left out for a missing measurement.
    note : str
        Reason or empty.
    """

    p_lower: float | None
    p_upper: float | None
    p: float | None
    df: int | None
    mean: float | None
    ci_low: float | None
    ci_high: float | None
    ci_method: str
    lower: float
    upper: float
    equivalent: bool | None
    n: int
    n_dropped: int
    note: str = ""


@dataclass(frozen=True)
class McNemarTest:
    """McNemar's test; None when undefined, and then ``note`` gives the reason.

    Attributes
    ----------
    to_yes, to_no : int
        Discordant pairs: people who went from no to yes, and from yes to no.
    chi2, p_chi2 : float or None
        Statistic without continuity correction and its p-value, with 1 degree of freedom.
    chi2_corrected, p_corrected : float or None
        The same with continuity correction, as R prints it.
    p_exact, p_mid : float or None
        Exact conditional p-value, two-sided, and its mid-p version.
    n, n_dropped : int
        Pairs, and people left out for a missing answer.
    note : str
        Reason or empty.
    """

    to_yes: int
    to_no: int
    chi2: float | None
    p_chi2: float | None
    chi2_corrected: float | None
    p_corrected: float | None
    p_exact: float | None
    p_mid: float | None
    n: int
    n_dropped: int
    note: str = ""


@dataclass(frozen=True)
class Ancova:
    """Regression of the measurement after on the one before, and on groups where there are any.

    Attributes
    ----------
    centre : float or None
        Measurement before at which people are compared.
    intercept : Statistic
        Measurement after expected at the centre; with groups that of the first one.
    slope : Statistic
        Change of the measurement after for each unit before.
    groups : dict of str to Statistic
        Difference of each further group from the first one, at equal measurement before.
    adjusted : dict of str to Statistic
        Measurement after expected at the centre, of each group.
    f, p : float or None
        F test that all groups are equal; None without groups.
    df_groups, df : int
        Its degrees of freedom: groups - 1, and those of the residuals.
    """

    centre: float | None
    intercept: Statistic
    slope: Statistic
    groups: dict[str, Statistic]
    adjusted: dict[str, Statistic]
    f: float | None
    p: float | None
    df_groups: int
    df: int


# Mean change and standardised mean change


def paired_t(pre: ArrayLike, post: ArrayLike, confidence: float = 0.95) -> Statistic:
    """Mean change with the t interval.

    Parameters
    ----------
    pre, post : array, shape (people,)
        Measurements of the same people in the same order; missing is NaN.
    confidence : float
        Level of the interval.

    Returns
    -------
    Statistic
        In units of the measurement. Without interval when everybody changed by the same amount; undefined with fewer
        than two pairs and when all differences are zero.

    Raises
    ------
    ValueError
        If ``pre`` and ``post`` differ in length.

    References
    ----------
    Student (1908), Biometrika 6, 1-25.
    """
    pre, post, n_dropped = _complete_pairs(pre, post)
    difference = _difference(pre, post)
    record = _record("mean change", len(difference), n_dropped, UNPAIRED)
    reason = _why_undefined(difference)
    if reason:
        return Statistic(None, note=reason, **record)
    mean = float(difference.mean())
    if np.ptp(difference) == 0:
        return Statistic(mean, note=f"{SAME_CHANGE}, no interval", **record)
    n = len(difference)
    half_width = special.stdtrit(n - 1, (1 + confidence) / 2) * difference.std(ddof=1) / np.sqrt(n)
    return Statistic(
        mean,
        ci_low=float(mean - half_width),
        ci_high=float(mean + half_width),
        ci_method=f"paired t interval, {100 * confidence:g} %",
        **record,
    )


def paired_t_test(pre: ArrayLike, post: ArrayLike) -> PairedTTest:
    """Paired t test of no mean change.

    Parameters
    ----------
    pre, post : array, shape (people,)
        As in `paired_t`.

    Returns
    -------
    PairedTTest
        Undefined with fewer than two pairs and when all differences are equal.

    Raises
    ------
    ValueError
        If ``pre`` and ``post`` differ in length.

    References
    ----------
    Student (1908), Biometrika 6, 1-25.
    """
    pre, post, n_dropped = _complete_pairs(pre, post)
    difference = _difference(pre, post)
    n = len(difference)
    reason = _why_no_spread(difference)
    if reason:
        return PairedTTest(None, None, None, n, n_dropped, reason)
    t = difference.mean() / (difference.std(ddof=1) / np.sqrt(n))
    return PairedTTest(float(t), n - 1, float(2 * special.stdtr(n - 1, -abs(t))), n, n_dropped)


def d_z(pre: ArrayLike, post: ArrayLike, confidence: float = 0.95, hedges: bool = False) -> Statistic:
    """Mean change in standard deviations of the change.

    Parameters
    ----------
    pre, post : array, shape (people,)
        As in `paired_t`.
    confidence : float
        Level of the interval.
    hedges : bool
        Correct the small-sample bias of estimate and interval.

    Returns
    -------
    Statistic
        Interval by inverting the noncentral t distribution. Undefined with fewer than two pairs and when all
        differences are equal.

    Raises
    ------
    ValueError
        If ``pre`` and ``post`` differ in length.

    References
    ----------
    Lakens (2013), Frontiers in Psychology 4:863; interval: Steiger & Fouladi (1997); correction: Hedges (1981),
    Journal of Educational Statistics 6, 107-128.
    """
    pre, post, n_dropped = _complete_pairs(pre, post)
    difference = _difference(pre, post)
    n = len(difference)
    record = _record("Hedges' g_z" if hedges else "Cohen's d_z", n, n_dropped, UNPAIRED)
    reason = _why_no_spread(difference) or _why_no_correction(n, hedges)
    if reason:
        return Statistic(None, note=reason, **record)
    factor = hedges_factor(n - 1) if hedges else 1.0
    estimate = difference.mean() / difference.std(ddof=1)
    low, high = (limit / np.sqrt(n) for limit in noncentrality_interval(estimate * np.sqrt(n), n - 1, confidence))
    return Statistic(
        float(factor * estimate),
        ci_low=float(factor * low),
        ci_high=float(factor * high),
        ci_method=f"noncentral t interval, {100 * confidence:g} %",
        **record,
    )


def d_av(
    pre: ArrayLike, post: ArrayLike, confidence: float = 0.95, standardiser: str = "mean sd", hedges: bool = False
) -> Statistic:
    """Mean change in average standard deviations of the two measurements.

    Parameters
    ----------
    pre, post : array, shape (people,)
        As in `paired_t`.
    confidence : float
        Level of the interval.
    standardiser : {'mean sd', 'root mean square'}
        Average of the two standard deviations, or root of the average variance.
    hedges : bool
        Correct the small-sample bias with pairs - 1 degrees of freedom.

    Returns
    -------
    Statistic
        Undefined with fewer than two pairs, when all differences are zero and when neither measurement varies; without
        interval when everybody changed alike.

    Notes
    -----
    The limits are the noncentral t limits of d_z times the standard deviation of the change over the standardiser.

    Raises
    ------
    ValueError
        If ``pre`` and ``post`` differ in length, or the standardiser is unknown.

    References
    ----------
    Cumming (2012), Understanding the New Statistics, chapter 11; Lakens (2013), Frontiers in Psychology 4:863;
    interval: Algina & Keselman (2003), Educational and Psychological Measurement 63, 537-553.
    """
    if standardiser not in ("mean sd", "root mean square"):
        raise ValueError(f"unknown standardiser: {standardiser}")
    pre, post, n_dropped = _complete_pairs(pre, post)
    name = "Hedges' g_av" if hedges else "Cohen's d_av"
    sd_pre, sd_post = _standard_deviations(pre, post)
    divisor = (sd_pre + sd_post) / 2 if standardiser == "mean sd" else np.sqrt((sd_pre**2 + sd_post**2) / 2)
    return _standardised_change(pre, post, divisor, f"{name} ({standardiser})", n_dropped, hedges, confidence)


def d_pre(pre: ArrayLike, post: ArrayLike, confidence: float = 0.95, hedges: bool = False) -> Statistic:
    """Mean change in standard deviations of the measurement before.

    Parameters
    ----------
    pre, post : array, shape (people,)
        As in `paired_t`.
    confidence : float
        Level of the interval.
    hedges : bool
        Correct the small-sample bias with pairs - 1 degrees of freedom.

    Returns
    -------
    Statistic
        Undefined with fewer than two pairs, when all differences are zero and when the measurement before does not
        vary; without interval when everybody changed alike. Limits as in `d_av`, with the standard deviation before.

    Raises
    ------
    ValueError
        If ``pre`` and ``post`` differ in length.

    References
    ----------
    Becker (1988), British Journal of Mathematical and Statistical Psychology 41, 257-278.
    """
    pre, post, n_dropped = _complete_pairs(pre, post)
    label = "Hedges' g by sd before" if hedges else "Cohen's d by sd before"
    return _standardised_change(pre, post, _standard_deviations(pre, post)[0], label, n_dropped, hedges, confidence)


def d_rm(pre: ArrayLike, post: ArrayLike, confidence: float = 0.95, hedges: bool = False) -> Statistic:
    """Mean change in standard deviations of one measurement, allowing for the correlation of the two.

    Parameters
    ----------
    pre, post : array, shape (people,)
        As in `paired_t`.
    confidence : float
        Level of the interval.
    hedges : bool
        Correct the small-sample bias of estimate and interval with pairs - 1 degrees of freedom.

    Returns
    -------
    Statistic
        Interval from the large-sample variance (1/n + d^2 / 2n) 2 (1 - r) and the t distribution with 2n - 2 degrees
        of freedom. Undefined with fewer than three pairs, and when differences or a measurement do not vary.

    Raises
    ------
    ValueError
        If ``pre`` and ``post`` differ in length.

    Notes
    -----
    d_rm = d_z sqrt(2 (1 - r)).

    References
    ----------
    Morris & DeShon (2002), Psychological Methods 7, 105-125; variance: Borenstein et al. (2009), Introduction to
    Meta-Analysis, chapter 4.
    """
    pre, post, n_dropped = _complete_pairs(pre, post)
    difference = _difference(pre, post)
    n = len(difference)
    record = _record("Hedges' g_rm" if hedges else "Cohen's d_rm", n, n_dropped, UNPAIRED)
    reason = _why_no_spread(difference) or _why_no_correlation(pre, post) or _why_no_correction(n, hedges)
    if reason:
        return Statistic(None, note=reason, **record)
    factor = hedges_factor(n - 1) if hedges else 1.0
    unshared = 2 * (1 - np.corrcoef(pre, post)[0, 1])
    estimate = difference.mean() / difference.std(ddof=1) * np.sqrt(unshared)
    standard_error = np.sqrt((1 / n + estimate**2 / (2 * n)) * unshared)
    half_width = special.stdtrit(2 * n - 2, (1 + confidence) / 2) * standard_error
    return Statistic(
        float(factor * estimate),
        ci_low=float(factor * (estimate - half_width)),
        ci_high=float(factor * (estimate + half_width)),
        ci_method=f"large-sample t interval, 2n - 2 df, {100 * confidence:g} %",
        **record,
    )


def pre_post_correlation(pre: ArrayLike, post: ArrayLike, confidence: float = 0.95) -> Statistic:
    """Pearson correlation of the two measurements.

    Parameters
    ----------
    pre, post : array, shape (people,)
        As in `paired_t`.
    confidence : float
        Level of the interval.

    Returns
    -------
    Statistic
        Fisher-z interval from four pairs on. Undefined with fewer than three pairs and when a measurement does not
        vary.

    Raises
    ------
    ValueError
        If ``pre`` and ``post`` differ in length.

    References
    ----------
    Fisher (1921), Metron 1, 3-32.
    """
    pre, post, n_dropped = _complete_pairs(pre, post)
    n = len(pre)
    record = _record("Pearson correlation of before and after", n, n_dropped, UNPAIRED)
    reason = _why_no_correlation(pre, post)
    if reason:
        return Statistic(None, note=reason, **record)
    r = float(np.corrcoef(pre, post)[0, 1])
    if n < 4 or abs(r) > 1 - 1e-12:
        return Statistic(r, note="no interval", **record)
    half_width = special.ndtri((1 + confidence) / 2) / np.sqrt(n - 3)
    low, high = np.tanh(np.arctanh(r) + np.array([-half_width, half_width]))
    return Statistic(r, ci_low=float(low), ci_high=float(high), ci_method=f"Fisher z, {100 * confidence:g} %", **record)


def paired_equivalence(pre: ArrayLike, post: ArrayLike, bound: float, alpha: float = 0.05) -> EquivalenceTest:
    """Test that the mean change is too small to matter: two one-sided paired t tests.

    Parameters
    ----------
    pre, post : array, shape (people,)
        As in `paired_t`.
    bound : float
        Smallest relevant change in either direction, above 0, in units of the measurement.
    alpha : float
        Level of each of the two tests.

    Returns
    -------
    EquivalenceTest
        Undefined with fewer than two pairs and when all differences are equal.

    Raises
    ------
    ValueError
        If ``pre`` and ``post`` differ in length, or the bound is not above 0.

    References
    ----------
    Schuirmann (1987), Journal of Pharmacokinetics and Biopharmaceutics 15, 657-680; Lakens (2017), Social Psychological
    and Personality Science 8, 355-362.
    """
    if not bound > 0:
        raise ValueError(f"the bound of equivalence is above 0, not {bound:g}")
    pre, post, n_dropped = _complete_pairs(pre, post)
    difference = _difference(pre, post)
    n = len(difference)
    counts = {"lower": -bound, "upper": bound, "n": n, "n_dropped": n_dropped}
    reason = _why_no_spread(difference)
    if reason:
        nothing = dict.fromkeys(("p_lower", "p_upper", "p", "df", "mean", "ci_low", "ci_high", "equivalent"))
        return EquivalenceTest(**nothing, ci_method="", **counts, note=reason)
    mean, standard_error = difference.mean(), difference.std(ddof=1) / np.sqrt(n)
    p_lower = float(special.stdtr(n - 1, -(mean + bound) / standard_error))
    p_upper = float(special.stdtr(n - 1, (mean - bound) / standard_error))
    half_width = special.stdtrit(n - 1, 1 - alpha) * standard_error
    p = max(p_lower, p_upper)
    return EquivalenceTest(
        p_lower,
        p_upper,
        p,
        n - 1,
        float(mean),
        float(mean - half_width),
        float(mean + half_width),
        f"paired t interval, {100 * (1 - 2 * alpha):g} %",
        equivalent=p < alpha,
        **counts,
    )


def ancova(
    pre: ArrayLike,
    post: ArrayLike,
    groups: ArrayLike | None = None,
    centre: float | None = None,
    confidence: float = 0.95,
) -> Ancova:
    """Measurement after, at equal measurement before, with groups or sites where there are any.

    Parameters
    ----------
    pre, post : array, shape (people,)
        As in `paired_t`.
    groups : array, shape (people,), optional
        Group or site of each person; missing is NaN or None. The first one in alphabetical order is the one the others
        are compared with.
    centre : float, optional
        Measurement before at which people are compared; the mean of everybody measured before where it is not given,
        also of those not measured after.
    confidence : float
        Level of the intervals.

    Returns
    -------
    Ancova
        Undefined with no more people than coefficients, when the measurement before does not vary and when groups and
        measurement before cannot be told apart. Without intervals when the fit leaves no residual.

    Raises
    ------
    ValueError
        If the lengths differ.

    Notes
    -----
    Least squares of post on pre - centre and an indicator of each further group; one slope for all groups, equal
    variances. People of one site are taken as independent: see `clusters.cluster_robust` for sites as clusters.
    statsmodels is not used because importing it costs more than a second.

    References
    ----------
    Vickers & Altman (2001), BMJ 323, 1123-1124; Senn (2006), Statistics in Medicine 25, 4334-4344.
    """
    pre, post = _numbers(pre), _numbers(post)
    labels = pd.Series("all", index=range(len(pre))) if groups is None else pd.Series(groups).reset_index(drop=True)
    if not len(pre) == len(post) == len(labels):
        raise ValueError(
            f"before has {len(pre)}, after {len(post)} measurements, and {len(labels)} people have a group"
        )
    if centre is None and not np.isnan(pre).all():
        centre = float(np.nanmean(pre))
    kept = ~(np.isnan(pre) | np.isnan(post) | labels.isna().to_numpy())
    codes, names = pd.factorize(labels[kept], sort=True)
    pre, post, names = pre[kept], post[kept], [str(name) for name in names]
    n, n_groups = len(pre), max(len(names), 1)
    design = np.column_stack([np.ones(n), pre - (centre or 0.0), codes[:, None] == np.arange(1, n_groups)])
    df = n - design.shape[1]
    lacking = UNPAIRED if groups is None else f"{UNPAIRED}, or group"

    def record(name: str) -> dict:
        return _record(f"analysis of covariance: {name}", n, len(kept) - n, lacking)

    if df < 1:
        reason = f"undefined: not more people than coefficients (n = {n})"
    elif np.ptp(pre) == 0:
        reason = "undefined: the measurement before does not vary"
    elif np.linalg.matrix_rank(design) < design.shape[1]:
        reason = "undefined: groups and measurement before cannot be told apart"
    else:
        reason = ""
    wanted = {"intercept": "after at the centre of before", "slope": "slope of before"}
    if reason:
        first, second = (Statistic(None, note=reason, **record(name)) for name in wanted.values())
        return Ancova(centre, first, second, {}, {}, None, None, n_groups - 1, df)
    inverse = np.linalg.inv(design.T @ design)
    beta = inverse @ design.T @ post
    squares = float(((post - design @ beta) ** 2).sum())
    exact_fit = squares <= 1e-20 * float(post @ post)
    quantile = special.stdtrit(df, (1 + confidence) / 2)

    def combined(weights: np.ndarray, name: str) -> Statistic:
        estimate = float(weights @ beta)
        if exact_fit:
            return Statistic(estimate, note="no residual, no interval", **record(name))
        half_width = float(quantile * np.sqrt(weights @ inverse @ weights * squares / df))
        interval = f"t interval, df = {df}, {100 * confidence:g} %"
        return Statistic(
            estimate, ci_low=estimate - half_width, ci_high=estimate + half_width, ci_method=interval, **record(name)
        )

    unit = np.eye(design.shape[1])
    f = p = None
    if n_groups > 1 and not exact_fit:
        # Wald's F of the group coefficients equals that of the regressions with and without groups.
        effects = beta[2:]
        f = float(effects @ np.linalg.solve(inverse[2:, 2:], effects) / (n_groups - 1) / (squares / df))
        p = float(special.fdtrc(n_groups - 1, df, f))
    several = names if groups is not None else []
    return Ancova(
        centre,
        combined(unit[0], wanted["intercept"]),
        combined(unit[1], wanted["slope"]),
        {name: combined(unit[i + 1], f"{name} minus {names[0]}") for i, name in enumerate(several) if i},
        {
            name: combined(unit[0] + (unit[i + 1] if i else 0), f"adjusted mean of {name}")
            for i, name in enumerate(several)
        },
        f,
        p,
        n_groups - 1,
        df,
    )


def hedges_factor(df: int) -> float:
    """Factor that removes the small-sample bias of a standardised mean change.

    Parameters
    ----------
    df : int
        Degrees of freedom of the standard deviation, at least 2.

    Returns
    -------
    float
        gamma(df / 2) / (sqrt(df / 2) gamma((df - 1) / 2)).

    Raises
    ------
    ValueError
        If ``df`` is below 2.

    References
    ----------
    Hedges (1981), Journal of Educational Statistics 6, 107-128.
    """
    if df < 2:
        raise ValueError(f"the correction needs 2 degrees of freedom, not {df}")
    return float(np.exp(special.gammaln(df / 2) - special.gammaln((df - 1) / 2)) / np.sqrt(df / 2))


def noncentrality_interval(t: float, df: int, confidence: float = 0.95) -> tuple[float, float]:
    """Noncentrality parameters for which the observed t is just not extreme.

    Parameters
    ----------
    t : float
        Observed statistic.
    df : int
        Degrees of freedom.
    confidence : float
        Level of the interval.

    Returns
    -------
    tuple of float
        Lower and upper limit.

    References
    ----------
    Steiger & Fouladi (1997), Noncentrality interval estimation, in: What If There Were No Significance Tests?
    """
    tail = (1 - confidence) / 2
    return float(special.nctdtrinc(df, 1 - tail, t)), float(special.nctdtrinc(df, tail, t))


# Ranks and signs


def exact_signed_rank(differences: ArrayLike, zero: str = "wilcox") -> SignedRankTest:
    """Exact Wilcoxon signed-rank test with tied and zero differences.

    Parameters
    ----------
    differences : array, shape (people,)
        After minus before; missing is NaN.
    zero : {'wilcox', 'pratt'}
        Leave zero differences out before ranking, or rank them and leave them out after.

    Returns
    -------
    SignedRankTest
        Undefined with fewer than two pairs and when all differences are zero.

    Raises
    ------
    ValueError
        If the rule for zeros is unknown.

    Notes
    -----
    Under the null hypothesis each of the n ranks goes to the increases or the decreases with equal chance. The
    distribution of the rank sum over all 2^n signs is built rank by rank; doubled ranks are whole numbers even with
    ties.

    References
    ----------
    Wilcoxon (1945), Biometrics Bulletin 1, 80-83; Pratt (1959), Journal of the American Statistical Association 54,
    655-667; distribution: Streitberg & Röhmel (1986), Statistical Software Newsletter 12, 10-17.
    """
    difference, n_dropped = _present(differences)
    n, n_zero = len(difference), int((difference == 0).sum())
    method = f"exact Wilcoxon signed-rank test, {_zero_rule(zero)}"
    reason = _why_undefined(difference)
    if reason:
        return SignedRankTest(None, None, None, None, None, None, n, n_zero, n_dropped, method, reason)
    rank, positive = _signed_ranks(difference, zero)
    w_plus, w_minus = float(rank[positive].sum()), float(rank[~positive].sum())
    chance = rank_sum_distribution(rank)
    observed = round(2 * w_plus)
    p_greater = chance[observed:].sum()
    p_less = chance[: observed + 1].sum()
    z = (w_plus - rank.sum() / 2) / np.sqrt((rank**2).sum() / 4)
    return SignedRankTest(
        w_plus,
        w_minus,
        float(z),
        float(min(1, 2 * min(p_greater, p_less))),
        float(min(1, p_greater)),
        float(2 * special.ndtr(-abs(z))),
        n,
        n_zero,
        n_dropped,
        method,
    )


def rank_sum_distribution(rank: ArrayLike) -> np.ndarray:
    """Chance of every doubled rank sum when each rank is counted or not with equal chance.

    Parameters
    ----------
    rank : array, shape (n,)
        Ranks or mid-ranks, multiples of one half.

    Returns
    -------
    array of float, shape (2 * sum of ranks + 1,)
        Entry s is the chance that twice the rank sum is s.

    References
    ----------
    Streitberg & Röhmel (1986), Statistical Software Newsletter 12, 10-17.
    """
    chance = np.ones(1)
    for step in np.rint(2 * np.asarray(rank, dtype=float)).astype(int):
        not_counted = np.pad(chance, (0, step))
        counted = np.pad(chance, (step, 0))
        chance = (not_counted + counted) / 2
    return chance


def hodges_lehmann(differences: ArrayLike, confidence: float = 0.95, zero: str = "wilcox") -> Statistic:
    """Pseudo-median of the differences with the interval of the signed-rank test.

    Parameters
    ----------
    differences : array, shape (people,)
        After minus before; missing is NaN.
    confidence : float
        Level of the interval.
    zero : {'wilcox', 'pratt'}
        'wilcox' leaves zero differences out as R's `wilcox.test` does, and then describes the people who changed;
        'pratt' keeps them, and then describes everybody.

    Returns
    -------
    Statistic
        Median of the means of all pairs of differences (each also with itself), in units of the measurement; ``n``
        counts the differences used. The interval is made of two of these means and holds at least its level, with
        ties more. Without interval when so few differences cannot reach the level; undefined with fewer than two
        pairs and when all differences are zero.

    Raises
    ------
    ValueError
        If the rule for zeros is unknown.

    References
    ----------
    Hodges & Lehmann (1963), Annals of Mathematical Statistics 34, 598-611; Hollander & Wolfe (1999), Nonparametric
    Statistical Methods, 2nd ed., sections 3.2 and 3.3; with ties: Noether (1967), Journal of the American Statistical
    Association 62, 184-188.
    """
    difference, n_missing = _present(differences)
    record, note = _rank_record("Hodges-Lehmann pseudo-median", difference, n_missing, zero)
    reason = _why_undefined(difference)
    if reason:
        return Statistic(None, note=reason, **record)
    if zero == "wilcox":
        difference = difference[difference != 0]
    n = len(difference)
    first, second = np.triu_indices(n)
    means = np.sort((difference[first] + difference[second]) / 2)
    estimate = float(np.median(means))
    chance = rank_sum_distribution(np.arange(1, n + 1))[::2]
    depth = int(np.searchsorted(np.cumsum(chance), (1 - confidence) / 2))
    if depth == 0:
        too_few = f"{n} differences are too few for a {100 * confidence:g} % interval"
        return Statistic(estimate, note="; ".join(filter(None, [note, too_few])), **record)
    return Statistic(
        estimate,
        ci_low=float(means[depth - 1]),
        ci_high=float(means[-depth]),
        ci_method=f"exact signed-rank interval, {100 * confidence:g} %",
        note=note,
        **record,
    )


def normal_signed_rank(differences: ArrayLike, zero: str = "wilcox", corrected: bool = True) -> NormalSignedRank:
    """Wilcoxon signed-rank test by the normal approximation, for comparison with programs that have no exact one.

    Parameters
    ----------
    differences : array, shape (people,)
        After minus before; missing is NaN.
    zero : {'wilcox', 'pratt'}
        As in `exact_signed_rank`.
    corrected : bool
        Move the rank sum by one half towards its mean, for continuity.

    Returns
    -------
    NormalSignedRank
        Undefined with fewer than two pairs and when all differences are zero.

    Raises
    ------
    ValueError
        If the rule for zeros is unknown.

    References
    ----------
    Lehmann (1975), Nonparametrics: Statistical Methods Based on Ranks.
    """
    difference, n_dropped = _present(differences)
    n, n_zero = len(difference), int((difference == 0).sum())
    corrections = "tie and continuity correction" if corrected else "tie correction"
    method = f"Wilcoxon signed-rank test, normal approximation, {corrections}, {_zero_rule(zero)}"
    reason = _why_undefined(difference)
    if reason:
        return NormalSignedRank(None, None, None, n, n_zero, n_dropped, method, reason)
    rank, positive = _signed_ranks(difference, zero)
    w_plus = float(rank[positive].sum())
    beside = w_plus - rank.sum() / 2
    if corrected:
        beside = np.sign(beside) * max(abs(beside) - 0.5, 0)
    z = float(beside / np.sqrt((rank**2).sum() / 4))
    return NormalSignedRank(w_plus, z, float(2 * special.ndtr(-abs(z))), n, n_zero, n_dropped, method)


def normal_hodges_lehmann(differences: ArrayLike, confidence: float = 0.95, zero: str = "wilcox") -> Statistic:
    """Pseudo-median of the differences with the interval of the signed-rank test by the normal approximation.

    Parameters
    ----------
    differences : array, shape (people,)
        After minus before; missing is NaN.
    confidence : float
        Level of the interval.
    zero : {'wilcox', 'pratt'}
        As in `hodges_lehmann`.

    Returns
    -------
    Statistic
        As `hodges_lehmann`, with a narrower interval for tied differences. R's `wilcox.test` without exact p-values
        searches the same limits as roots of a step function and stops up to 1e-4 beside them.

    Raises
    ------
    ValueError
        If the rule for zeros is unknown.

    Notes
    -----
    Between two neighbouring means of pairs the rank sum of the differences minus the shift is the number of means above
    the shift, and equal differences stay tied. The limits are the means at which this number passes its expectation
    plus and minus z standard deviations.

    References
    ----------
    Lehmann (1975), Nonparametrics: Statistical Methods Based on Ranks.
    """
    difference, n_missing = _present(differences)
    record, note = _rank_record("Hodges-Lehmann pseudo-median", difference, n_missing, zero)
    reason = _why_undefined(difference)
    if reason:
        return Statistic(None, note=reason, **record)
    if zero == "wilcox":
        difference = difference[difference != 0]
    n = len(difference)
    first, second = np.triu_indices(n)
    means = np.sort((difference[first] + difference[second]) / 2)
    ties = np.unique(difference, return_counts=True)[1]
    sd = np.sqrt(n * (n + 1) * (2 * n + 1) / 24 - (ties**3 - ties).sum() / 48)
    depth = int(np.ceil(len(means) / 2 - special.ndtri((1 + confidence) / 2) * sd))
    estimate = float(np.median(means))
    if depth < 1:
        too_few = f"{n} differences are too few for a {100 * confidence:g} % interval"
        return Statistic(estimate, note="; ".join(filter(None, [note, too_few])), **record)
    return Statistic(
        estimate,
        ci_low=float(means[depth - 1]),
        ci_high=float(means[-depth]),
        ci_method=f"signed-rank interval, normal approximation with tie correction, {100 * confidence:g} %",
        note=note,
        **record,
    )


def matched_rank_biserial(differences: ArrayLike, confidence: float = 0.95, zero: str = "wilcox") -> Statistic:
    """Effect size of the signed-rank test: rank share of the increases minus that of the decreases.

    Parameters
    ----------
    differences : array, shape (people,)
        After minus before; missing is NaN.
    confidence : float
        Level of the interval.
    zero : {'wilcox', 'pratt'}
        As in `exact_signed_rank`.

    Returns
    -------
    Statistic
        -1 all decreased to +1 all increased; ``n`` counts the differences used. Interval by Fisher's z with the
        standard error of the rank sum over the differences other than zero; without interval at -1 and +1. Undefined
        with fewer than two pairs and when all differences are zero.

    Raises
    ------
    ValueError
        If the rule for zeros is unknown.

    References
    ----------
    Kerby (2014), Comprehensive Psychology 3, article 1; King, Rosopa & Minium (2011), Statistical Reasoning in the
    Behavioral Sciences, 6th ed.
    """
    difference, n_missing = _present(differences)
    record, note = _rank_record("matched-pairs rank-biserial correlation", difference, n_missing, zero)
    reason = _why_undefined(difference)
    if reason:
        return Statistic(None, note=reason, **record)
    rank, positive = _signed_ranks(difference, zero)
    estimate = float((rank[positive].sum() - rank[~positive].sum()) / rank.sum())
    if abs(estimate) == 1:
        one_way = "every change has the same direction, no interval"
        return Statistic(estimate, note="; ".join(filter(None, [note, one_way])), **record)
    n = len(rank)
    standard_error = np.sqrt(n * (n + 1) * (2 * n + 1) / 6) / (n * (n + 1) / 2)
    half_width = special.ndtri((1 + confidence) / 2) * standard_error
    low, high = np.tanh(np.arctanh(estimate) + np.array([-half_width, half_width]))
    return Statistic(
        estimate,
        ci_low=float(low),
        ci_high=float(high),
        ci_method=f"Fisher z, {100 * confidence:g} %",
        note=note,
        **record,
    )


def sign_test(differences: ArrayLike) -> SignTest:
    """Exact sign test of as many increases as decreases.

    Parameters
    ----------
    differences : array, shape (people,)
        After minus before; missing is NaN. For a yes/no answer (-1, 0, 1) this is the exact McNemar test.

    Returns
    -------
    SignTest
        Undefined with fewer than two pairs and when all differences are zero.

    References
    ----------
    Dixon & Mood (1946), Journal of the American Statistical Association 41, 557-566.
    """
    difference, n_dropped = _present(differences)
    n_positive, n_negative = int((difference > 0).sum()), int((difference < 0).sum())
    n_zero = len(difference) - n_positive - n_negative
    reason = _why_undefined(difference)
    if reason:
        return SignTest(n_positive, n_negative, n_zero, None, None, n_dropped, reason)
    p = min(1, 2 * special.bdtr(min(n_positive, n_negative), n_positive + n_negative, 0.5))
    superiority = (n_positive + n_zero / 2) / len(difference)
    return SignTest(n_positive, n_negative, n_zero, float(p), superiority, n_dropped)


def superiority_of_pairs(differences: ArrayLike, confidence: float = 0.95) -> Statistic:
    """Share of people with an increase plus half the share without change: the common-language effect of pairs.

    Parameters
    ----------
    differences : array, shape (people,)
        After minus before; missing is NaN.
    confidence : float
        Level of the interval.

    Returns
    -------
    Statistic
        0 to 1, 0.5 as many increases as decreases. Undefined without differences; nobody changed is 0.5.

    Notes
    -----
    The interval is Wilson's, with half a hit for each difference of zero. It is too wide with zeros: the variance of
    scores 0, 1/2 and 1 is smaller than that of hits and misses with the same mean.

    References
    ----------
    McGraw & Wong (1992), Psychological Bulletin 111, 361-365; Vargha & Delaney (2000), Journal of Educational and
    Behavioral Statistics 25, 101-132; interval: Wilson (1927), Journal of the American Statistical Association 22,
    209-212.
    """
    difference, n_dropped = _present(differences)
    n = len(difference)
    record = _record("probability of superiority of pairs (common-language effect)", n, n_dropped, NO_DIFFERENCE)
    if n == 0:
        return Statistic(None, note="undefined: no difference", **record)
    n_zero = int((difference == 0).sum())
    hits = int((difference > 0).sum()) + n_zero / 2
    low, high = wilson_interval(hits, n, confidence)
    halves = ", half a hit for no change" if n_zero else ""
    return Statistic(
        hits / n, ci_low=low, ci_high=high, ci_method=f"Wilson interval{halves}, {100 * confidence:g} %", **record
    )


def mcnemar(pre: ArrayLike, post: ArrayLike) -> McNemarTest:
    """McNemar's test of as many changes to yes as to no.

    Parameters
    ----------
    pre, post : array, shape (people,)
        Yes (1 or True) or no (0 or False) of the same people in the same order; missing is NaN or None.

    Returns
    -------
    McNemarTest
        Undefined when nobody changed.

    Raises
    ------
    ValueError
        If ``pre`` and ``post`` differ in length, or an answer is neither 0 nor 1.

    Notes
    -----
    With b people to yes and c to no: chi2 = (b - c)^2 / (b + c), corrected (max(|b - c| - 1, 0))^2 / (b + c); exact:
    b of b + c binomial with 1/2. The mid-p version counts half the chance of what was seen.

    References
    ----------
    McNemar (1947), Psychometrika 12, 153-157; mid-p: Fagerland, Lydersen & Laake (2013), BMC Medical Research
    Methodology 13:91.
    """
    pre, post, n_dropped = _complete_pairs(pre, post)
    if not (np.isin(pre, (0, 1)).all() and np.isin(post, (0, 1)).all()):
        raise ValueError("an answer is neither 0 nor 1")
    to_yes, to_no = int((post > pre).sum()), int((post < pre).sum())
    n, changed = len(pre), to_yes + to_no
    if changed == 0:
        reason = "undefined: nobody changed" if n else "undefined: no pair"
        return McNemarTest(to_yes, to_no, None, None, None, None, None, None, n, n_dropped, reason)
    chi2 = (to_yes - to_no) ** 2 / changed
    corrected = max(abs(to_yes - to_no) - 1, 0) ** 2 / changed
    fewer = min(to_yes, to_no)
    tail = special.bdtr(fewer, changed, 0.5)
    below = special.bdtr(fewer - 1, changed, 0.5) if fewer else 0.0
    return McNemarTest(
        to_yes,
        to_no,
        chi2,
        float(special.chdtrc(1, chi2)),
        corrected,
        float(special.chdtrc(1, corrected)),
        float(min(1, 2 * tail)),
        float(min(1, tail + below)),
        n,
        n_dropped,
    )


def share_improved(differences: ArrayLike, more_than: float = 0, confidence: float = 0.95) -> Statistic:
    """Share of people whose difference exceeds a threshold.

    Parameters
    ----------
    differences : array, shape (people,)
        After minus before; missing is NaN.
    more_than : float
        Threshold in units of the measurement.
    confidence : float
        Level of the interval.

    Returns
    -------
    Statistic
        Share from 0 to 1 with Wilson interval; undefined without differences. Nobody improved is a share of 0.
    """
    difference, n_dropped = _present(differences)
    record = _record(f"share with change above {more_than:g}", len(difference), n_dropped, NO_DIFFERENCE)
    if len(difference) == 0:
        return Statistic(None, note="undefined: no difference", **record)
    share = proportion(int((difference > more_than).sum()), len(difference), confidence=confidence)
    return Statistic(share.estimate, ci_low=share.ci_low, ci_high=share.ci_high, ci_method=share.ci_method, **record)


# Several tests, and the size of the sample


def holm(p: ArrayLike) -> np.ndarray:
    """Adjust p-values for the number of tests made.

    Parameters
    ----------
    p : array, shape (tests,)
        P-values; missing is NaN or None and counts as no test.

    Returns
    -------
    array of float, shape (tests,)
        Adjusted p-values in the same order, NaN where missing.

    Raises
    ------
    ValueError
        If a p-value is outside 0 to 1.

    References
    ----------
    Holm (1979), Scandinavian Journal of Statistics 6, 65-70.
    """
    p = np.array(p, dtype=float)
    tested = ~np.isnan(p)
    if ((p[tested] < 0) | (p[tested] > 1)).any():
        raise ValueError("a p-value is outside 0 to 1")
    order = np.flatnonzero(tested)[np.argsort(p[tested], kind="stable")]
    adjusted = np.full(p.shape, np.nan)
    remaining = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(1, np.maximum.accumulate(remaining * p[order]))
    return adjusted


def adjust(p: ArrayLike, method: str = "holm") -> np.ndarray:
    """Adjust p-values for the number of tests made, by a named method.

    Parameters
    ----------
    p : array, shape (tests,)
        P-values; missing is NaN or None and counts as no test.
    method : {'holm', 'bonferroni', 'hochberg', 'hommel', 'BH', 'BY', 'none'}
        The first four bound the chance of any wrong rejection: Holm and Bonferroni for any tests, Hochberg and Hommel
        for independent or positively dependent ones. BH and BY bound the expected share of wrong ones among the
        rejections: BH for independent or positively dependent tests, BY for any.

    Returns
    -------
    array of float, shape (tests,)
        Adjusted p-values in the same order, NaN where missing.

    Raises
    ------
    ValueError
        If a p-value is outside 0 to 1 or the method is unknown.

    Notes
    -----
    The same numbers as R's `p.adjust`. statsmodels has them too, but does not leave out missing p-values, and importing
    it costs a second.

    References
    ----------
    Holm (1979), Scandinavian Journal of Statistics 6, 65-70; Hochberg (1988), Biometrika 75, 800-802; Hommel (1988),
    Biometrika 75, 383-386; Benjamini & Hochberg (1995), Journal of the Royal Statistical Society B 57, 289-300;
    Benjamini & Yekutieli (2001), Annals of Statistics 29, 1165-1188.
    """
    if method not in ADJUSTMENTS:
        raise ValueError(f"unknown adjustment: {method}")
    if method == "holm":
        return holm(p)
    p = np.array(p, dtype=float)
    tested = ~np.isnan(p)
    if ((p[tested] < 0) | (p[tested] > 1)).any():
        raise ValueError("a p-value is outside 0 to 1")
    adjusted = np.full(p.shape, np.nan)
    order = np.flatnonzero(tested)[np.argsort(p[tested], kind="stable")]
    rising = p[order]
    m = len(rising)
    place = np.arange(1, m + 1)
    if method == "hommel":
        adjusted[order] = _hommel(rising)
        return adjusted
    factor = {
        "none": np.ones(m),
        "bonferroni": np.full(m, m),
        "hochberg": m + 1 - place,
        "BH": m / place,
        "BY": m / place * (1 / place).sum(),
    }[method]
    larger = factor * rising
    if method in ("hochberg", "BH", "BY"):
        larger = np.minimum.accumulate(larger[::-1])[::-1]  # no p-value above that of a test with a larger one
    adjusted[order] = np.minimum(1, larger)
    return adjusted


def pairs_needed(dz: float, power: float = 0.8, alpha: float = 0.05) -> Statistic:
    """Pairs a paired t test needs to detect a change of this size in its own direction.

    Parameters
    ----------
    dz : float
        Mean change in standard deviations of the change, other than 0.
    power : float
        Wanted chance of detection, above half of ``alpha``.
    alpha : float
        Two-sided level of the test.

    Returns
    -------
    Statistic
        Number of pairs, not rounded: take the next whole number. At least 2. Undefined for no change.

    Raises
    ------
    ValueError
        If ``power`` is not between half of ``alpha`` and 1.

    References
    ----------
    Cohen (1988), Statistical Power Analysis for the Behavioral Sciences, 2nd ed., chapter 2.
    """
    if not alpha / 2 < power < 1:
        raise ValueError(f"power {power} is not between {alpha / 2} and 1")
    method = f"pairs needed for d_z = {dz:g}, paired t test, power {100 * power:g} %, two-sided alpha {alpha:g}"
    if dz == 0:
        return Statistic(None, 0, method, note="undefined: no number of pairs detects no change")
    if paired_power(dz, 2, alpha) >= power:
        return Statistic(2.0, 0, method)
    from scipy.optimize import brentq

    # The normal approximation is below the answer, which a handful of pairs more always reaches.
    about = ((special.ndtri(1 - alpha / 2) + special.ndtri(power)) / dz) ** 2
    found = brentq(lambda n: paired_power(dz, n, alpha) - power, 2, 2 * about + 50, xtol=1e-9, rtol=1e-12)
    return Statistic(float(found), 0, method)


def paired_power(dz: float, n: int, alpha: float = 0.05) -> float:
    """Chance that a paired t test detects a change of this size in its own direction.

    Parameters
    ----------
    dz : float
        Mean change in standard deviations of the change.
    n : int
        Number of pairs, at least 2.
    alpha : float
        Two-sided level of the test.

    Returns
    -------
    float
        Power from 0 to 1.

    Raises
    ------
    ValueError
        If ``n`` is below 2.

    References
    ----------
    Cohen (1988), Statistical Power Analysis for the Behavioral Sciences, 2nd ed., chapter 2.
    """
    if n < 2:
        raise ValueError(f"a paired test needs two pairs, not {n}")
    critical = special.stdtrit(n - 1, 1 - alpha / 2)
    return float(1 - special.nctdtr(n - 1, abs(dz) * np.sqrt(n), critical))


def detectable_dz(n: int, power: float = 0.8, alpha: float = 0.05) -> Statistic:
    """Smallest d_z that a paired t test of this many pairs detects with the given power.

    Parameters
    ----------
    n : int
        Number of pairs.
    power : float
        Wanted chance of detection, above half of ``alpha``.
    alpha : float
        Two-sided level of the test.

    Returns
    -------
    Statistic
        Undefined with fewer than two pairs.

    Raises
    ------
    ValueError
        If ``power`` is not between half of ``alpha`` and 1.

    References
    ----------
    Cohen (1988), Statistical Power Analysis for the Behavioral Sciences, 2nd ed., chapter 2.
    """
    if not alpha / 2 < power < 1:
        raise ValueError(f"power {power} is not between {alpha / 2} and 1")
    method = f"smallest detectable d_z, paired t test, power {100 * power:g} %, two-sided alpha {alpha:g}"
    if n < 2:
        return Statistic(None, n, method, note=_too_few_pairs(n))
    critical = special.stdtrit(n - 1, 1 - alpha / 2)
    return Statistic(float(special.nctdtrinc(n - 1, 1 - power, critical) / np.sqrt(n)), n, method)


def _complete_pairs(pre: ArrayLike, post: ArrayLike) -> tuple[np.ndarray, np.ndarray, int]:
    pre, post = _numbers(pre), _numbers(post)
    if len(pre) != len(post):
        raise ValueError(f"before has {len(pre)} and after {len(post)} measurements")
    both = ~(np.isnan(pre) | np.isnan(post))
    return pre[both], post[both], int((~both).sum())


def _difference(pre: np.ndarray, post: np.ndarray) -> np.ndarray:
    return np.round(post - pre, DECIMALS)


def _present(differences: ArrayLike) -> tuple[np.ndarray, int]:
    values = _numbers(differences)
    present = np.round(values[~np.isnan(values)], DECIMALS)
    return present, len(values) - len(present)


def _numbers(values: ArrayLike) -> np.ndarray:
    return pd.Series(values).astype(float).to_numpy()


def _record(method: str, n: int, n_dropped: int, reason: str) -> dict:
    return {"n": n, "method": method, "n_dropped": n_dropped, "dropped_reason": reason if n_dropped else ""}


def _rank_record(method: str, difference: np.ndarray, n_missing: int, zero: str) -> tuple[dict, str]:
    """Record and note of a statistic on ranks: differences of zero that are left out count as dropped."""
    n, n_zero = len(difference), int((difference == 0).sum())
    method = f"{method}, {_zero_rule(zero)}"
    if zero == "pratt" or n_zero in (0, n):
        return _record(method, n, n_missing, NO_DIFFERENCE), ""
    reason = f"{NO_DIFFERENCE} or zero" if n_missing else "difference zero"
    return _record(method, n - n_zero, n_missing + n_zero, reason), f"{n_zero} of {n} without change left out"


def _too_few_pairs(n: int) -> str:
    return f"undefined: fewer than two pairs (n = {n})"


def _why_undefined(difference: np.ndarray) -> str:
    if len(difference) < 2:
        return _too_few_pairs(len(difference))
    return NO_CHANGE if (difference == 0).all() else ""


def _why_no_spread(difference: np.ndarray) -> str:
    reason = _why_undefined(difference)
    if reason:
        return reason
    return f"undefined: {SAME_CHANGE}" if np.ptp(difference) == 0 else ""


def _why_no_correlation(pre: np.ndarray, post: np.ndarray) -> str:
    if len(pre) < 3:
        return f"undefined: fewer than three pairs (n = {len(pre)})"
    return "undefined: before or after does not vary" if np.ptp(pre) == 0 or np.ptp(post) == 0 else ""


def _why_no_correction(n: int, hedges: bool) -> str:
    return "undefined: the small-sample correction needs three pairs" if hedges and n < 3 else ""


def _standard_deviations(pre: np.ndarray, post: np.ndarray) -> tuple[float, float]:
    if len(pre) < 2:
        return 0.0, 0.0
    # Exactly zero for a constant: the standard deviation of a repeated decimal such as 0.1 is not.
    return tuple(0.0 if np.ptp(values) == 0 else values.std(ddof=1) for values in (pre, post))


def _standardised_change(pre, post, divisor, method, n_dropped, hedges, confidence) -> Statistic:
    difference = _difference(pre, post)
    n = len(difference)
    record = _record(method, n, n_dropped, UNPAIRED)
    reason = _why_undefined(difference) or _why_no_correction(n, hedges)
    if not reason and divisor == 0:
        reason = "undefined: the measurements do not vary"
    if reason:
        return Statistic(None, note=reason, **record)
    factor = hedges_factor(n - 1) if hedges else 1.0
    estimate = float(factor * difference.mean() / divisor)
    if np.ptp(difference) == 0:
        return Statistic(estimate, note=f"{SAME_CHANGE}, no interval", **record)
    spread = difference.std(ddof=1)
    t = difference.mean() / spread * np.sqrt(n)
    low, high = (factor * one / np.sqrt(n) * spread / divisor for one in noncentrality_interval(t, n - 1, confidence))
    how = f"noncentral t limits of d_z times sd of the change over the standardiser, {100 * confidence:g} %"
    return Statistic(estimate, ci_low=float(low), ci_high=float(high), ci_method=how, **record)


def _hommel(rising: np.ndarray) -> np.ndarray:
    """Hommel's adjustment of p-values in rising order.

    An intersection of m hypotheses is rejected by Simes' test; the adjusted p-value is the largest over the
    intersections a hypothesis belongs to. For each m the worst ones take the m - 1 largest p-values.
    """
    size = len(rising)
    adjusted = rising.copy()
    for m in range(size, 1, -1):
        simes = (m * rising[size - m + 1 :] / np.arange(2, m + 1)).min()
        of_m = np.minimum(m * rising, simes)
        of_m[size - m + 1 :] = of_m[size - m]
        adjusted = np.maximum(adjusted, of_m)
    return np.minimum(1, adjusted)


def _zero_rule(zero: str) -> str:
    rules = {"wilcox": "zero differences left out", "pratt": "zero differences kept (Pratt)"}
    if zero not in rules:
        raise ValueError(f"unknown rule for zero differences: {zero}")
    return rules[zero]


def _signed_ranks(difference: np.ndarray, zero: str) -> tuple[np.ndarray, np.ndarray]:
    """Mid-ranks of the absolute differences other than zero, and which of them are increases."""
    if zero == "wilcox":
        difference = difference[difference != 0]
    rank = pd.Series(np.abs(difference)).rank().to_numpy()
    changed = difference != 0
    return rank[changed], difference[changed] > 0
