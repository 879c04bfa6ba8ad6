"""Change from one wave to another in every outcome, as tables."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from piloteval.config import Scale
from piloteval.measures import pg, prepost
from piloteval.statistic import Statistic, in_percent

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

ALL = "all"


def pairs(scores: pd.DataFrame, scale: str, cohort: str, waves: tuple[str, str]) -> tuple[pd.DataFrame, int, str]:
    """Return participants with a score in both waves.

    Pairs are made by the pseudonym, which comes from the declared key of the register; people are never paired because
    ids happen to coincide in unregistered data.

    Returns
    -------
    table : pandas.DataFrame, shape (pairs, 2)
        Columns are the two waves.
    dropped : int
        Participants with a score in only one of the waves.
    reason : str
        How many lack which wave.
    """
    here = scores[(scores["scale"] == scale) & scores["wave"].isin(waves)]
    here = here if cohort == ALL else here[here["cohort"] == cohort]
    wide = here.pivot(index="person", columns="wave", values="score").reindex(columns=list(waves))
    wide = wide.dropna(how="all")
    missing = [(f"no {wave} score", int(wide[wave].isna().sum())) for wave in waves]
    complete = wide.dropna()
    return complete, len(wide) - len(complete), "; ".join(f"{count} {what}" for what, count in missing if count)


def compare(
    scores: pd.DataFrame,
    scales: dict[str, Scale],
    *,
    outcomes: list[dict[str, Any]],
    comparison: list[str],
    confidence: float,
    min_n: int,
    registered: bool,
) -> dict[str, pd.DataFrame]:
    """Compare two waves in every outcome.

    Parameters
    ----------
    scores : pandas.DataFrame
        Scale scores, one row a person, wave and scale.
    scales : dict of str to Scale
        Labels and directions.
    outcomes : list of dict
        ``scale``, ``role`` and ``cohorts`` of each outcome.
    comparison : list of str
        The earlier and the later wave.
    confidence : float
        Level of the intervals.
    min_n : int
        With fewer pairs nothing is estimated.
    registered : bool
        Whether people are known by the key of a register. Without one nobody is paired: that ids coincide in two waves
        does not make them the same person.

    Returns
    -------
    dict of str to pandas.DataFrame
        ``outcomes`` (estimates with intervals), ``means`` (of the paired participants by wave) and ``improved`` (who
        moved in the better direction). P-values of the mean change are adjusted after Holm within a role, those of the
        signed-rank test likewise; a missing p-value is no test.
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    means: list[dict[str, Any]] = []
    improved: list[dict[str, Any]] = []
    waves = (comparison[0], comparison[1])
    for outcome in outcomes:
        scale = scales[outcome["scale"]]
        for cohort in outcome["cohorts"] or [ALL]:
            complete, dropped, reason = pairs(scores, scale.id, cohort, waves)
            if not registered:
                complete, dropped, reason = complete.iloc[:0], len(complete) + dropped, "no register to pair people by"
            about = {"scale": scale.id, "label": scale.label, "role": outcome["role"], "cohort": cohort}
            direction = "higher is better" if scale.higher_is_better else "lower is better"
            for name, (value, p, p_method) in _estimates(complete, waves, scale, confidence, min_n).items():
                why = "; ".join(part for part in (reason, value.dropped_reason) if part)
                full = replace(value, n_dropped=dropped + value.n_dropped, dropped_reason=why)
                rows.append(
                    {
                        **about,
                        "direction": direction,
                        "statistic": name,
                        **full.row(f"change.{scale.id}.{cohort}.{name.replace(' ', '_')}"),
                        "reading": reading(full.estimate, full.ci_low, full.ci_high, direction),
                        "relevant_change": scale.smallest_relevant_change,
                        "p": p,
                        "p_adjusted": None,
                        "p_method": p_method,
                    }
                )
            for wave in waves:
                full = replace(
                    _mean(complete[wave], confidence), n_dropped=dropped, dropped_reason=reason if dropped else ""
                )
                means.append({**about, "wave": wave, **full.row(f"change.{scale.id}.{cohort}.mean.{wave}")})
            improved.append({**about, **_improved(complete, waves, scale, cohort, min_n, confidence, dropped, reason)})
    table = pd.DataFrame(rows)
    tested = table["p"].notna()
    for (_role, _statistic), family in table[tested].groupby(["role", "statistic"]):
        table.loc[family.index, "p_adjusted"] = prepost.holm(family["p"].astype("float64").to_numpy())
        table.loc[family.index, "p_method"] += (
            f"; Holm over {len(family)} " + ("outcome" if len(family) == 1 else "outcomes") + " of the role"
        )
    return {"outcomes": table, "means": pd.DataFrame(means), "improved": pd.DataFrame(improved)}


def _mean(values: pd.Series, confidence: float) -> Statistic:
    """Return the mean with its t interval: mean plus or minus t(n - 1) times sd over the root of n."""
    from scipy import stats

    n = len(values)
    if n < 2:
        return Statistic(None, n, "mean", note="undefined: fewer than 2 people")
    half = stats.t.ppf((1 + confidence) / 2, n - 1) * values.std(ddof=1) / n**0.5
    mean = float(values.mean())
    return Statistic(
        mean, n, "mean of paired participants", mean - half, mean + half, f"t interval, {100 * confidence:g} %"
    )


def _estimates(
    complete: pd.DataFrame, waves: tuple[str, str], scale: Scale, confidence: float, min_n: int
) -> dict[str, tuple[Statistic, float | None, str]]:
    """Return the estimates of one outcome by name, each with the p-value of its own test where it has one."""
    if len(complete) < min_n:
        note = f"undefined: fewer than {min_n} pairs"
        return {"mean change": (Statistic(None, len(complete), "mean change", note=note), None, "")}
    # The pseudo-median is over everybody, also the unchanged; the test and the rank-biserial leave them out, as R does.
    pre, post = complete[waves[0]].to_numpy(), complete[waves[1]].to_numpy()
    difference = post - pre
    t_test = prepost.paired_t_test(pre, post)
    rank_test = prepost.exact_signed_rank(difference)
    return {
        "mean change": (
            prepost.paired_t(pre, post, confidence),
            t_test.p,
            "paired t test, two-sided" if t_test.p is not None else "",
        ),
        "standardised change d_z": (prepost.d_z(pre, post, confidence, hedges=True), None, ""),
        "median change": (
            prepost.hodges_lehmann(difference, confidence, zero="pratt"),
            rank_test.p,
            "exact Wilcoxon signed-rank test, zero differences dropped, two-sided" if rank_test.p is not None else "",
        ),
        "rank-biserial": (prepost.matched_rank_biserial(difference, confidence), None, ""),
        "Bayes factor": (_bayes_factor(pre, post, t_test.p is not None), None, ""),
    }


def reading(estimate: float | None, ci_low: float | None, ci_high: float | None, direction: str) -> str:
    """Say in words what an interval of change allows to say.

    Returns
    -------
    str
        ``improved`` or ``worsened`` when the whole interval lies on one side of zero,
        ``no clear change`` when it holds zero, empty when there is no interval.
    """
    if estimate is None or estimate != estimate or ci_low is None or ci_low != ci_low:
        return ""
    if ci_low <= 0 <= ci_high:
        return "no clear change"
    return "improved" if (estimate > 0) == (direction == "higher is better") else "worsened"


def _improved(
    complete: pd.DataFrame,
    waves: tuple[str, str],
    scale: Scale,
    cohort: str,
    min_n: int,
    confidence: float,
    dropped: int,
    reason: str,
) -> dict[str, Any]:
    """Count the participants whose score moved in the better direction, with the share as a statistic."""
    sign = 1 if scale.higher_is_better else -1
    better = sign * (complete[waves[1]] - complete[waves[0]])
    if len(better) < min_n:
        share = Statistic(None, len(better), "share improved", note=f"undefined: fewer than {min_n} pairs")
    else:
        share = in_percent(prepost.share_improved(better, confidence=confidence))
    full = replace(share, n_dropped=dropped, dropped_reason=reason)
    return {"improved": int((better > 0).sum()), **full.row(f"change.{scale.id}.{cohort}.improved")}


def _bayes_factor(pre: np.ndarray, post: np.ndarray, defined: bool) -> Statistic:
    """Return the Bayes factor of a mean change against none, as pingouin computes it."""
    method = "Bayes factor of change against no change, Cauchy prior of scale 0.707 on d_z (pingouin)"
    if not defined:
        return Statistic(None, len(pre), method, note="undefined: the differences do not vary")
    return Statistic(pg.paired_ttest(pre, post)["bayes_factor"], len(pre), method)
