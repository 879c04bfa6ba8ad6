"""Change of single people: beyond measurement error, and beyond the smallest change that matters.

A person changed reliably when the difference exceeds what an unchanged person's two measurements differ by in 95 of 100
cases. What is published are counts and shares; the arrays with one value a person are for computing with.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from piloteval.measures.agreement import proportion
from piloteval.measures.reliability import minimal_detectable_change
from piloteval.statistic import Statistic

#: Differences are compared at this many decimals, as in `prepost`.
DECIMALS = 10

#: Normal quantile for 95 %, rounded as in the published definition.
Z = 1.96

IMPROVED, UNCHANGED, WORSENED = 1, 0, -1

UNPAIRED = "before or after missing"


@dataclass(frozen=True)
class Responders:
    """How many people changed by how much; None where undefined, and then ``note`` gives the reason.

    Attributes
    ----------
    improved, unchanged, worsened : Statistic
        Shares of people by reliable change, from 0 to 1, with Wilson interval.
    n_improved, n_unchanged, n_worsened : int or None
        Their numbers.
    beyond_detectable : Statistic
        Share of people who improved by more than the minimal detectable change.
    beyond_relevant : Statistic or None
        Share of people who improved by at least the smallest relevant change; None where none is given.
    n_beyond_detectable, n_beyond_relevant : int or None
        Their numbers.
    detectable : float or None
        Minimal detectable change, in units of the measurement.
    relevant : float or None
        Smallest relevant change, in units of the measurement.
    sd : float or None
        Standard deviation the index rests on.
    n, n_dropped : int
        People with both measurements, and people left out.
    note : str
        Warnings, or the reason why reliable change is undefined.
    """

    improved: Statistic
    unchanged: Statistic
    worsened: Statistic
    n_improved: int | None
    n_unchanged: int | None
    n_worsened: int | None
    beyond_detectable: Statistic
    beyond_relevant: Statistic | None
    n_beyond_detectable: int | None
    n_beyond_relevant: int | None
    detectable: float | None
    relevant: float | None
    sd: float | None
    n: int
    n_dropped: int
    note: str = ""


@dataclass(frozen=True)
class ClinicalCutoffs:
    """Scores that separate a dysfunctional from a functional population, in units of the measurement.

    Attributes
    ----------
    a : float
        Two standard deviations from the dysfunctional mean, towards the functional one.
    b : float
        Two standard deviations from the functional mean, towards the dysfunctional one.
    c : float
        Where the two populations are equally far, in their standard deviations.
    """

    a: float
    b: float
    c: float


def reliable_change_index(pre: ArrayLike, post: ArrayLike, reliability: float, sd: float | None = None) -> np.ndarray:
    """Difference of each person in standard errors of a difference.

    Parameters
    ----------
    pre, post : array, shape (people,)
        Measurements of the same people in the same order; missing is NaN.
    reliability : float
        Reliability of the measurement.
    sd : float, optional
        Standard deviation of the measurement before, such as of a norm sample; that of the people with both
        measurements where it is not given.

    Returns
    -------
    array of float, shape (people,)
        Positive for an increase; NaN for a person without both measurements. All NaN with fewer than two pairs, without
        variation before, and with a reliability that is not from 0 to below 1.

    Raises
    ------
    ValueError
        If ``pre`` and ``post`` differ in length, or ``sd`` is negative.

    Notes
    -----
    (post - pre) / (sd sqrt(2) sqrt(1 - reliability)).

    References
    ----------
    Jacobson & Truax (1991), Journal of Consulting and Clinical Psychology 59, 12-19.
    """
    pre, post = _measurements(pre, post)
    spread, reason = _spread(pre, post, reliability, sd)
    if reason:
        return np.full(len(pre), np.nan)
    return np.round(post - pre, DECIMALS) / (spread * np.sqrt(2) * np.sqrt(1 - reliability))


def classify(index: ArrayLike, higher_is_better: bool = True, z: float = Z) -> np.ndarray:
    """Say of each person whether the change is reliable, and in the better direction.

    Parameters
    ----------
    index : array, shape (people,)
        Reliable change index; missing is NaN.
    higher_is_better : bool
        Direction of the measurement.
    z : float
        Index beyond which a change is reliable.

    Returns
    -------
    array of float, shape (people,)
        1 improved, 0 unchanged, -1 worsened, NaN where missing.

    References
    ----------
    Jacobson & Truax (1991), Journal of Consulting and Clinical Psychology 59, 12-19.
    """
    better = np.asarray(index, dtype=float) * (1 if higher_is_better else -1)
    # At the limit is not beyond it, and rounding must not make it so.
    beyond = np.abs(better) > z * (1 + 1e-12)
    return np.where(np.isnan(better), np.nan, np.where(beyond, np.sign(better), UNCHANGED))


def responders(
    pre: ArrayLike,
    post: ArrayLike,
    reliability: float,
    higher_is_better: bool = True,
    relevant: float | None = None,
    sd: float | None = None,
    detectable: float | None = None,
    z: float = Z,
    confidence: float = 0.95,
) -> Responders:
    """Count who improved, stayed and worsened beyond measurement error, and beyond the smallest relevant change.

    Parameters
    ----------
    pre, post : array, shape (people,)
        As in `reliable_change_index`.
    reliability : float
        Reliability of the measurement.
    higher_is_better : bool
        Direction of the measurement.
    relevant : float, optional
        Smallest relevant change, above 0, in units of the measurement.
    sd : float, optional
        As in `reliable_change_index`.
    detectable : float, optional
        Minimal detectable change from another study, above 0; computed from ``sd`` and ``reliability`` where it is not
        given, and then those beyond it are those who improved reliably.
    z : float
        Index beyond which a change is reliable.
    confidence : float
        Level of the intervals.

    Returns
    -------
    Responders
        Reliable change is undefined for the reasons of `reliable_change_index`; the shares beyond a given change are
        not, unless there is no pair. A relevant change is reached, a detectable one exceeded. The note warns when the
        smallest relevant change is within measurement error.

    Raises
    ------
    ValueError
        If ``pre`` and ``post`` differ in length, ``sd`` is negative, or a given change is not above 0.

    References
    ----------
    Jacobson & Truax (1991), Journal of Consulting and Clinical Psychology 59, 12-19; detectable and relevant change:
    de Vet et al. (2006), Health and Quality of Life Outcomes 4:54; interval: Wilson (1927), Journal of the American
    Statistical Association 22, 209-212.
    """
    for given in (relevant, detectable):
        if given is not None and not given > 0:
            raise ValueError(f"a change to be exceeded is above 0, not {given:g}")
    pre, post = _measurements(pre, post)
    both = ~(np.isnan(pre) | np.isnan(post))
    n, n_dropped = int(both.sum()), int((~both).sum())
    spread, reason = _spread(pre, post, reliability, sd)
    counts: dict[str, int | None] = {}

    def share(hits: np.ndarray | None, name: str, why: str) -> Statistic:
        dropped = {"n_dropped": n_dropped, "dropped_reason": UNPAIRED if n_dropped else ""}
        counts[name] = None if why else int(hits.sum())
        if why:
            return Statistic(None, n, name, note=why, **dropped)
        found = proportion(counts[name], n, name, confidence)
        return Statistic(found.estimate, n, name, found.ci_low, found.ci_high, found.ci_method, **dropped)

    change = classify(reliable_change_index(pre, post, reliability, sd), higher_is_better, z)[both]
    names = {IMPROVED: "improved", UNCHANGED: "unchanged", WORSENED: "worsened"}
    shares = {
        name: share(change == value, f"share reliably {name}" if value else "share without reliable change", reason)
        for value, name in names.items()
    }
    better = np.round((post - pre)[both] * (1 if higher_is_better else -1), DECIMALS)
    no_pair = "" if n else "undefined: no pair"
    if detectable is None:
        found = None if reason else minimal_detectable_change(spread, reliability, n, z).estimate
        why_not, over = reason, change == IMPROVED
    else:
        found, why_not, over = float(detectable), no_pair, better > np.round(detectable, DECIMALS)
    beyond_detectable = share(over, "share improved beyond the minimal detectable change", why_not)
    reached = "share improved by the smallest relevant change"
    at_least = None if relevant is None else better >= np.round(relevant, DECIMALS)
    beyond_relevant = None if relevant is None else share(at_least, reached, no_pair)
    within = relevant is not None and found is not None and relevant <= found
    notes = [reason, "the smallest relevant change is within measurement error" if within else ""]
    return Responders(
        **shares,
        n_improved=counts["share reliably improved"],
        n_unchanged=counts["share without reliable change"],
        n_worsened=counts["share reliably worsened"],
        beyond_detectable=beyond_detectable,
        beyond_relevant=beyond_relevant,
        n_beyond_detectable=counts["share improved beyond the minimal detectable change"],
        n_beyond_relevant=counts.get(reached),
        detectable=found,
        relevant=relevant,
        sd=spread,
        n=n,
        n_dropped=n_dropped,
        note="; ".join(filter(None, notes)),
    )


def clinical_cutoffs(
    dysfunctional_mean: float, dysfunctional_sd: float, functional_mean: float, functional_sd: float
) -> ClinicalCutoffs:
    """Scores at which a person counts as having left the dysfunctional population.

    Parameters
    ----------
    dysfunctional_mean, functional_mean : float
        Means of the two populations, in units of the measurement; they differ.
    dysfunctional_sd, functional_sd : float
        Their standard deviations, above 0.

    Returns
    -------
    ClinicalCutoffs

    Raises
    ------
    ValueError
        If the means are equal or a standard deviation is not above 0.

    Notes
    -----
    c = (s0 m1 + s1 m0) / (s0 + s1), with m1, s1 dysfunctional and m0, s0 functional.

    References
    ----------
    Jacobson & Truax (1991), Journal of Consulting and Clinical Psychology 59, 12-19.
    """
    if dysfunctional_mean == functional_mean or not min(dysfunctional_sd, functional_sd) > 0:
        raise ValueError("two populations with different means and with spread are needed")
    towards = 1 if functional_mean > dysfunctional_mean else -1
    between = functional_sd * dysfunctional_mean + dysfunctional_sd * functional_mean
    return ClinicalCutoffs(
        dysfunctional_mean + towards * 2 * dysfunctional_sd,
        functional_mean - towards * 2 * functional_sd,
        between / (functional_sd + dysfunctional_sd),
    )


def _measurements(pre: ArrayLike, post: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    pre, post = (pd.Series(values).astype(float).to_numpy() for values in (pre, post))
    if len(pre) != len(post):
        raise ValueError(f"before has {len(pre)} and after {len(post)} measurements")
    return pre, post


def _spread(pre: np.ndarray, post: np.ndarray, reliability: float, sd: float | None) -> tuple[float | None, str]:
    """Return the standard deviation before, and why reliable change is undefined."""
    if sd is not None and sd < 0:
        raise ValueError(f"a standard deviation is not negative: {sd}")
    before = pre[~(np.isnan(pre) | np.isnan(post))]
    if len(before) < (2 if sd is None else 1):
        few = "fewer than two pairs" if sd is None else "no pair"
        return None, f"undefined: {few} (n = {len(before)})"
    if sd is None:
        # Exactly zero for a constant: the standard deviation of a repeated decimal such as 0.1 is not.
        sd = 0.0 if np.ptp(before) == 0 else float(before.std(ddof=1))
    if sd == 0:
        return sd, "undefined: the measurement before does not vary"
    if not 0 <= reliability < 1:
        return sd, f"undefined: reliability {reliability:.2f} is not from 0 to below 1"
    return sd, ""
