"""The same question under every defensible choice: by how many points did an outcome change.

A specification is one way to answer it: who counts, how missing scores are treated, and what is taken to be
independent. None is the right one; a conclusion that holds in all of them does not hang on a choice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from piloteval.measures import clusters, missing, mixed, prepost, unpaired
from piloteval.statistic import Statistic

if TYPE_CHECKING:
    import pandas as pd

#: Seed of every imputation and bootstrap: the same scores give the same rows.
SEED = 1

PAIRS, COMPLETE = "people with both scores", "people with both scores from complete answers"
SHIFT, SIGNS = "signed ranks (Hodges-Lehmann)", "sign test"

#: Specification, and who is counted.
SPECIFICATIONS = {
    "paired t": "people with both scores",
    "signed ranks (Hodges-Lehmann)": "people with both scores",
    "sign test": "people with both scores",
    "every item answered": "people with both scores from complete answers",
    "adjusted for the first score": "people with both scores, and first scores of everybody",
    "mixed model, person": "everybody with a score",
    "mixed model, person in institution": "everybody with a score",
    "imputed": "everybody with a score",
    "unpaired (Welch)": "everybody with a score, as if different people",
    "institutions, CR1": "people with both scores",
    "institutions, CR2": "people with both scores",
    "institutions, wild bootstrap": "people with both scores",
    "institutions, sign flip": "people with both scores",
}


_PEOPLE = "takes people as independent; where institutions differ in their change, it finds one a little too often"
_CLUSTERS = "with few institutions it finds a change a little too often"
#: Under so many institutions the methods that take institutions as independent do not hold their level.
FEW_INSTITUTIONS = 20
#: What `make validate` shows of each method in pilots of 66 people in few institutions; none where it holds its level.
CAUTION = {
    **dict.fromkeys(
        (
            *("paired t", "signed ranks (Hodges-Lehmann)", "every item answered", "adjusted for the first score"),
            *("mixed model, person", "mixed model, person in institution", "imputed"),
        ),
        _PEOPLE,
    ),
    "unpaired (Welch)": "throws away that people are the same, so its interval is too wide",
    **dict.fromkeys(("institutions, CR1", "institutions, CR2", "institutions, wild bootstrap"), _CLUSTERS),
}


@dataclass(frozen=True)
class Specification:
    """The answer of one specification.

    Attributes
    ----------
    name, who : str
        The specification, and the people it counts.
    value : Statistic
        Change in points of the scale, later less earlier wave.
    p : float or None
        Two-sided p-value of no change.
    df : str
        Degrees of freedom as text.
    smallest_p : float or None
        The smallest p-value the test can give with so many institutions.
    """

    name: str
    who: str
    value: Statistic
    p: float | None = None
    df: str = ""
    smallest_p: float | None = None


def specifications(
    wide: pd.DataFrame, complete: pd.Series, sites: pd.Series, *, confidence: float, min_n: int, imputations: int
) -> Iterator[Specification]:
    """Yield the change of an outcome under every specification.

    Parameters
    ----------
    wide : pandas.DataFrame, shape (people, 2)
        Scores in the earlier and the later wave; people with at least one.
    complete : pandas.Series of bool, length people
        Who answered every item in both waves.
    sites : pandas.Series of str, length people
        Institution of each person.
    confidence : float
        Level of the intervals.
    min_n : int
        With fewer pairs (for those who count everybody: people) nothing is estimated.
    imputations : int
        Imputations of a missing score.
    """
    for one in _specifications(wide, complete, sites, confidence, min_n, imputations):
        if one.value.estimate is None:
            yield one
        else:
            caution = CAUTION.get(one.name, "")
            if one.name.startswith("institutions") and sites.nunique() >= FEW_INSTITUTIONS:
                caution = ""
            if one.smallest_p is not None and one.smallest_p >= 1 - confidence:
                caution = "with so few institutions it cannot find any change"
            note = "; ".join(filter(None, [one.value.note, caution]))
            yield replace(one, value=replace(one.value, note=note))


def _specifications(
    wide: pd.DataFrame, complete: pd.Series, sites: pd.Series, confidence: float, min_n: int, imputations: int
) -> Iterator[Specification]:
    both = wide.dropna()
    pre, post = both.iloc[:, 0].to_numpy(dtype=float), both.iloc[:, 1].to_numpy(dtype=float)
    difference, place = post - pre, sites.reindex(both.index).to_numpy()
    enough = len(both) >= min_n

    def told(name: str, value: Statistic, p: float | None = None, df: str = "", smallest: float | None = None):
        return Specification(name, SPECIFICATIONS[name], value, None if value.estimate is None else p, df, smallest)

    if not enough:
        several = (wide.notna().sum() >= 2).all() and len(wide) >= min_n
        everybody = _everybody(wide, sites, confidence) if several else []
        known = {one.name: one for one in everybody}
        for name in SPECIFICATIONS:
            few = Statistic(None, len(both), name, note=f"undefined: fewer than {min_n} pairs")
            yield known.get(name) or told(name, few)
        return
    t_test = prepost.paired_t_test(pre, post)
    mean = prepost.paired_t(pre, post, confidence)
    if mean.estimate is None:
        mean = Statistic(0.0, len(pre), mean.method, note="nobody changed, so no interval")
    yield told("paired t", mean, t_test.p, _df(t_test.df))
    ranks = prepost.exact_signed_rank(difference)
    yield told("signed ranks (Hodges-Lehmann)", prepost.hodges_lehmann(difference, confidence, zero="pratt"), ranks.p)
    sign = prepost.sign_test(difference)
    median = Statistic(float(np.median(difference)), len(difference), "median change, exact sign test, no interval")
    yield told("sign test", median, sign.p)
    yield _complete_answers(both[complete.reindex(both.index).fillna(False).astype(bool)], confidence, min_n)
    yield _adjusted(pre, post, wide.iloc[:, 0].dropna().to_numpy(), confidence)
    first, second = wide.iloc[:, 0], wide.iloc[:, 1]
    *mixed_models, apart = _everybody(wide, sites, confidence)
    yield from mixed_models
    filled = missing.impute_change(
        first.to_numpy(float), second.to_numpy(float), sites=sites.to_numpy(), keys=np.arange(len(wide)), m=imputations,
        seed=SEED, confidence=confidence,
    )  # fmt: skip
    yield told("imputed", filled)
    yield apart
    yield from _sites(difference, place, confidence)


def _everybody(wide: pd.DataFrame, sites: pd.Series, confidence: float) -> Iterator[Specification]:
    """Yield what needs no pairs: the mixed models, and the waves taken as different people."""
    yield from _mixed(wide, sites, confidence)
    first, second = (wide.iloc[:, place].dropna() for place in (0, 1))
    welch = unpaired.welch_test(first, second)
    name, value = "unpaired (Welch)", unpaired.welch_difference(first, second, confidence)
    yield Specification(name, SPECIFICATIONS[name], value, None if value.estimate is None else welch.p, _df(welch.df))


def _df(df: float | None) -> str:
    return "" if df is None else f"{df:.1f}".removesuffix(".0")


def _complete_answers(both: pd.DataFrame, confidence: float, min_n: int) -> Specification:
    name = "every item answered"
    pre, post = both.iloc[:, 0].to_numpy(dtype=float), both.iloc[:, 1].to_numpy(dtype=float)
    if len(both) < min_n:
        value = Statistic(None, len(both), name, note=f"undefined: fewer than {min_n} pairs")
        return Specification(name, SPECIFICATIONS[name], value)
    test = prepost.paired_t_test(pre, post)
    return Specification(
        name, SPECIFICATIONS[name], prepost.paired_t(pre, post, confidence), test.p, _df(test.df)
    )  # fmt: skip


def _adjusted(pre: np.ndarray, post: np.ndarray, everybody: np.ndarray, confidence: float) -> Specification:
    """Mean change at the mean first score of everybody measured before, also of those who did not come again.

    Regression of the change on the first score. Who stays may have had other first scores than who leaves, and who had
    an extreme first score moves towards the middle; here both are taken out. The standard error counts that the mean
    first score is itself estimated.
    """
    from scipy import stats

    name, n = "adjusted for the first score", len(pre)
    method = "mean change at the mean first score of everybody measured before (regression on the first score)"

    def undefined(why: str) -> Specification:
        return Specification(name, SPECIFICATIONS[name], Statistic(None, n, method, note=f"undefined: {why}"))

    change = post - pre
    if n < 4 or np.ptp(pre) == 0 or np.ptp(change) == 0:
        return undefined("the first score or the change does not vary")
    centred = pre - pre.mean()
    spread = float(centred @ centred)
    slope = float(centred @ change) / spread
    residual = change - change.mean() - slope * centred
    variance = float(residual @ residual) / (n - 2)
    if variance <= 1e-12 * np.var(change):
        return undefined("the first score explains the change exactly")
    away = float(everybody.mean() - pre.mean())
    error = np.sqrt(variance * (1 / n + away**2 / spread) + slope**2 * everybody.var(ddof=1) / len(everybody))
    estimate = float(change.mean() + slope * away)
    half = stats.t.ppf((1 + confidence) / 2, n - 2) * error
    interval = f"t interval, df = {n - 2}, {100 * confidence:g} %"
    value = Statistic(estimate, n, method, float(estimate - half), float(estimate + half), interval)
    p = float(2 * stats.t.sf(abs(estimate) / error, n - 2))
    return Specification(name, SPECIFICATIONS[name], value, p, _df(n - 2))


def _mixed(wide: pd.DataFrame, sites: pd.Series, confidence: float) -> Iterator[Specification]:
    """Mixed models of all scores: person, and person in institution; Kenward-Roger degrees of freedom."""
    long = wide.stack().reset_index()
    long.columns = ["person", "wave", "score"]
    later = (long["wave"] == wide.columns[1]).to_numpy(dtype=float)
    design = np.column_stack([np.ones(len(long)), later])
    where = sites.reindex(long["person"]).to_numpy()
    for name, groupings in (
        ("mixed model, person", {"person": long["person"].to_numpy()}),
        ("mixed model, person in institution", {"institution": where, "person": long["person"].to_numpy()}),
    ):
        fit = mixed.mixed_model(
            long["score"].to_numpy(dtype=float), design, groupings, names=["before", "change"], confidence=confidence
        )
        who = SPECIFICATIONS[name]
        if "change" not in fit.fixed:
            yield Specification(name, who, Statistic(None, len(wide), name, note=fit.note))
            continue
        effect = fit.fixed["change"]
        value = Statistic(
            effect.estimate, len(wide), fit.method, effect.ci_low, effect.ci_high, effect.ci_method, note=fit.note
        )
        yield Specification(name, who, value, effect.kr_p, _df(effect.kr_df))


def _sites(difference: np.ndarray, sites: np.ndarray, confidence: float) -> Iterator[Specification]:
    """Methods that take institutions, not people, as independent."""
    ones = np.ones((len(difference), 1))
    for kind in ("CR1", "CR2"):
        name = f"institutions, {kind}"
        found = clusters.cluster_robust(difference, ones, sites, kind=kind, confidence=confidence)
        value = found.statistic(0, "mean change")
        p = None if value.estimate is None else float(found.p[0])
        df = "" if value.estimate is None else _df(float(found.df[0]))
        yield Specification(name, SPECIFICATIONS[name], value, p, df)
    wild = clusters.wild_cluster_bootstrap(difference, ones, sites, seed=SEED)
    flip = clusters.site_sign_flip(difference, sites, seed=SEED)
    for name, test, p, smallest in (
        ("institutions, wild bootstrap", wild, wild.p, None),
        ("institutions, sign flip", flip, flip.p, flip.smallest_p),
    ):
        value = Statistic(
            None if p is None else float(difference.mean()),
            len(difference),
            f"mean change, {test.method}, no interval",
            note=test.note,
        )
        yield Specification(name, SPECIFICATIONS[name], value, p, "", smallest)
