"""Change from one wave to another in every outcome, as tables."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from piloteval.config import Instrument, Scale
from piloteval.measures import (
    consensus,
    missing,
    mixed,
    pg,
    prepost,
    reliability,
    responders,
    robustness,
    steps,
    unpaired,
)
from piloteval.measures.agreement import proportion
from piloteval.measures.scoring import items_wide
from piloteval.statistic import Statistic, in_percent
from piloteval.tiers import WITHHELD

if TYPE_CHECKING:
    import pandas as pd

ALL = "all"

#: How the two waves of an outcome go together, as the data show it.
PAIRED, PARTLY, UNPAIRED = "paired", "partly paired", "unpaired"

#: The test whose p-values are adjusted within a role; the others are beside it and not adjusted.
PLANNED = "mean change"

#: The row each family is made of, with and without pairs.
ADJUSTED = (PLANNED, "difference of means")
HIGHER = "share with a higher score"


def scores_of(scores: pd.DataFrame, scale: str, cohort: str, waves: tuple[str, ...]) -> pd.DataFrame:
    """Return the scores of an outcome, everybody with at least one.

    Returns
    -------
    pandas.DataFrame, shape (people, waves)
        Columns are the waves; a missing score is missing.
    """
    here = scores[(scores["scale"] == scale) & scores["wave"].isin(waves)]
    here = here if cohort == ALL else here[here["cohort"] == cohort]
    wide = here.pivot(index="person", columns="wave", values="score").reindex(columns=list(waves))
    return wide.astype("float64").dropna(how="all")


def compare(
    scores: pd.DataFrame,
    responses: pd.DataFrame,
    instruments: dict[str, Instrument],
    *,
    outcomes: list[dict[str, Any]],
    settings: dict[str, Any],
    waves: list[str],
    confidence: float,
    min_n: int,
    registered: bool,
    enrolled: dict[str, int | None],
    floor: int,
) -> dict[str, pd.DataFrame]:
    """Compare two waves in every outcome.

    Parameters
    ----------
    scores : pandas.DataFrame
        Scale scores, one row a person, wave and scale.
    responses : pandas.DataFrame
        Answers, one row a person, wave and item.
    instruments : dict of str to Instrument
        Scales with labels and directions, and items.
    outcomes : list of dict
        ``scale``, ``role`` and ``cohorts`` of each outcome.
    settings : dict
        ``comparison`` (the earlier and the later wave), ``imputations``, ``subgroup_min_n``, ``retrospective`` (waves
        asked for afterwards) and ``progression`` (criteria).
    waves : list of str
        All waves with questionnaires, in time order.
    confidence : float
        Level of the intervals.
    min_n : int
        With fewer pairs nothing is estimated.
    registered : bool
        Whether people are known by the key of a register. Without one nobody is paired: that ids coincide in two waves
        does not make them the same person.
    enrolled : dict
        ``found`` and ``planned`` number of participants; the second may be missing.
    floor : int
        Least number of people in a group that a line is drawn for.

    Returns
    -------
    dict of str to pandas.DataFrame
        ``outcomes`` (estimates with intervals), ``means`` (of the paired participants by wave), ``paths`` (the same by
        groups of people on a similar level), ``improved`` (who moved in the better direction), ``robustness`` (the same
        question under every specification), ``responders``
        (people beyond measurement error), ``missing`` (who is missing, and what that may do), ``items`` (single items)
        and ``progression`` (criteria of the study). P-values of the mean change are adjusted after Holm within a role;
        a missing p-value is no test.
    """
    import pandas as pd

    found: dict[str, list[dict[str, Any]]] = {
        name: []
        for name in ("outcomes", "means", "paths", "improved", "robustness", "responders", "missing", "subgroups")
    }
    compared = (settings["comparison"][0], settings["comparison"][1])
    retrospective = [wave for wave in compared if wave in settings["retrospective"]]
    scales = {scale.id: scale for instrument in instruments.values() for scale in instrument.scales}
    site = scores.drop_duplicates("person").set_index("person")["site"]
    family = Counter(outcome["role"] for outcome in outcomes for _cohort in outcome["cohorts"] or [ALL])
    for outcome in outcomes:
        scale = scales[outcome["scale"]]
        for cohort in outcome["cohorts"] or [ALL]:
            wide = scores_of(scores, scale.id, cohort, compared)
            about = {"scale": scale.id, "label": scale.label, "role": outcome["role"], "cohort": cohort}
            one = _Outcome(
                wide, scale, instruments[scale.instrument], about, compared, confidence, min_n, registered, floor,
                family[outcome["role"]],
            )  # fmt: skip
            found["outcomes"] += one.outcomes()
            found["means"] += one.means()
            found["paths"] += one.paths(floor)
            found["improved"].append(one.improved())
            if not registered:
                continue
            answered = scores[
                (scores["scale"] == scale.id) & scores["wave"].isin(compared) & (scores["answered"] == scores["items"])
            ]
            complete = answered.groupby("person")["wave"].nunique().reindex(wide.index).fillna(0) == 2
            found["robustness"] += one.robustness(complete, site.reindex(wide.index), settings["imputations"])
            found["responders"] += one.responders(responses)
            found["missing"] += one.missing(site.reindex(wide.index), settings["imputations"], retrospective)
            found["outcomes"] += one.over_waves(scores_of(scores, scale.id, cohort, tuple(waves)))
        if registered:
            found["subgroups"] += _subgroups(
                scores, scale, outcome, compared, settings["subgroup_min_n"], confidence, min_n
            )
    table = pd.DataFrame(found.pop("outcomes"))
    planned = table["statistic"].isin(ADJUSTED) & table["p"].notna()
    for _role, family in table[planned].groupby("role"):
        table.loc[family.index, "p_adjusted"] = prepost.holm(family["p"].astype("float64").to_numpy())
        table.loc[family.index, "p_method"] += (
            f"; Holm over {len(family)} " + ("outcome" if len(family) == 1 else "outcomes") + " of the role"
        )
        clear = table.loc[family.index, "p_adjusted"] < 1 - confidence
        table.loc[family.index, "reading_adjusted"] = table.loc[family.index, "reading"].where(clear, NOT_CLEAR)
    asked: dict[str, set[str]] = {}  # the cohorts an instrument is asked in; none named is everybody
    for outcome in outcomes:
        asked.setdefault(scales[outcome["scale"]].instrument, set()).update(outcome["cohorts"] or [ALL])
    return {
        "outcomes": table,
        **{name: pd.DataFrame(rows) for name, rows in found.items()},
        "items": _items(
            responses,
            [(instruments[name], asked[name]) for name in sorted(asked)],
            compared,
            confidence,
            min_n,
            registered,
            floor,
        ),
        "progression": _progression(scores, compared, settings["progression"], enrolled, confidence, registered),
    }


def mean_change(pre: np.ndarray, post: np.ndarray, confidence: float) -> Statistic:
    """Return the mean change with its t interval; nobody changed is a change of zero without interval."""
    value = prepost.paired_t(pre, post, confidence)
    if value.estimate is None and len(pre) > 1:
        return Statistic(0.0, len(pre), value.method, note="nobody changed, so no interval")
    return value


def _mean(values: pd.Series, confidence: float, decimals: int) -> Statistic:
    """Return the mean with its t interval: mean plus or minus t(n - 1) times sd over the root of n.

    Rounded: the exact mean of those in both waves, and that of all in one wave, give the mean of those in one only.
    """
    from scipy import stats

    n = len(values)
    if n < 2:
        return Statistic(None, n, "mean", note="undefined: fewer than 2 people")
    half = stats.t.ppf((1 + confidence) / 2, n - 1) * values.std(ddof=1) / n**0.5
    mean = float(values.mean())
    low, mean, high = (round(float(one), decimals) for one in (mean - half, mean, mean + half))
    return Statistic(mean, n, "mean of paired participants", low, high, f"t interval, {100 * confidence:g} %")


@dataclass(frozen=True)
class _Outcome:
    """One outcome in one cohort, and what the tables say about it."""

    wide: pd.DataFrame
    scale: Scale
    instrument: Instrument
    about: dict[str, Any]
    waves: tuple[str, str]
    confidence: float
    min_n: int
    registered: bool
    floor: int
    family: int

    @cached_property
    def both(self) -> pd.DataFrame:
        """People with a score in both waves; nobody without a register to pair them by."""
        return self.wide.dropna() if self.registered else self.wide.iloc[:0]

    @property
    def design(self) -> str:
        """How the waves go together."""
        if self.both.empty:
            return UNPAIRED
        return PAIRED if len(self.both) == len(self.wide) else PARTLY

    @property
    def dropped(self) -> tuple[int, str]:
        """How many are left out of the pairs, and why."""
        if not self.registered:
            return len(self.wide), "no register to pair people by"
        # How many lack which wave would tell what the flow of participants withholds.
        missing_in = [f"no {wave} score" for wave in self.waves if self.wide[wave].isna().any()]
        return len(self.wide) - len(self.both), "; ".join(missing_in)

    @property
    def direction(self) -> str:
        return "higher is better" if self.scale.higher_is_better else "lower is better"

    def _row(self, kind: str, name: str, value: Statistic, dropped: bool = True, **more: Any) -> dict[str, Any]:
        """Return a row; where pairs are counted, with those left out of them."""
        count, reason = self.dropped if dropped else (0, "")
        why = "; ".join(part for part in (reason if count else "", value.dropped_reason) if part)
        full = replace(value, n_dropped=count + value.n_dropped, dropped_reason=why)
        words = "".join(letter if letter.isalnum() else "_" for letter in name)
        question = f"change.{self.scale.id}.{self.about['cohort']}.{kind}{words}"
        return {**self.about, **full.row(question), **more}

    def _reading(self, value: Statistic) -> str:
        return reading(value.estimate, value.ci_low, value.ci_high, self.direction)

    def outcomes(self) -> list[dict[str, Any]]:
        """Return the estimates of change, each with the p-value of its own test where it has one."""
        rows = []
        for name, (value, p, p_method) in self._estimates().items():
            points = name in ("mean change", "median change", "difference of means", "difference of medians")
            row = self._row("", name, value, dropped=name not in UNPAIRED_ESTIMATES)
            says = self._reading(value) if points or "standardised" in name else ""
            rows.append(
                {
                    **row,
                    "direction": self.direction,
                    "statistic": name,
                    "reading": self._by_ranks(value, p) if name == "median change" else says,
                    "reading_adjusted": "",
                    "relevant_change": self.scale.smallest_relevant_change if points else None,
                    "p": p if name in ADJUSTED else two_digits(p),
                    "p_adjusted": None,
                    "p_method": p_method if p is not None else "",
                    "class": bayes_class(value.estimate) if name == "Bayes factor" else "",
                }
            )
        return rows

    def _by_ranks(self, value: Statistic, p: float | None) -> str:
        """Read a shift of ranks from its test, which is exact with ties; its interval is not, and is too wide."""
        if p is None or not value.estimate:
            return self._reading(value)
        if p >= 1 - self.confidence:
            return NOT_CLEAR
        return "improved" if (value.estimate > 0) == self.scale.higher_is_better else "worsened"

    def _told(self, value: Statistic, difference: np.ndarray, digits: float) -> Statistic:
        """Return a statistic of ranks in coarse steps, or withhold it.

        With the number of pairs its exact value tells how many went up, down and stayed; so where few went one way
        nothing is told, and elsewhere not enough digits to count by.
        """
        up, down = int((difference > 0).sum()), int((difference < 0).sum())
        note = "unchanged participants left out" if "left out" in value.note else ""
        if value.estimate is None:
            note = value.note
        if value.estimate is not None and min(up, down) < self.floor:
            return Statistic(None, len(difference), value.method, note=WITHHELD.format(floor=self.floor))
        low, estimate, high = (
            None if one is None else turn(one / digits) * digits
            for one, turn in ((value.ci_low, np.floor), (value.estimate, np.round), (value.ci_high, np.ceil))
        )
        method = value.ci_method.replace(", half a hit for no change", "")
        return Statistic(estimate, len(difference), value.method, low, high, method, note=note)

    def _estimates(self) -> dict[str, tuple[Statistic, float | None, str]]:
        if self.both.empty:
            return self._unpaired()
        n = len(self.both)
        if n < self.min_n:
            note = f"undefined: fewer than {self.min_n} pairs"
            return {"mean change": (Statistic(None, n, "mean change", note=note), None, "")}
        # The pseudo-median is over everybody, also the unchanged; the test and the rank-biserial leave them out, as R
        # does.
        pre, post = (self.both[wave].to_numpy() for wave in self.waves)
        difference, level = post - pre, self.confidence
        difference = np.round(difference, prepost.DECIMALS)
        t_test, ranks, signs = (
            prepost.paired_t_test(pre, post), prepost.exact_signed_rank(difference), prepost.sign_test(difference)
        )  # fmt: skip
        unchanged = int((difference == 0).sum())
        found = {
            "mean change": (mean_change(pre, post, level), t_test.p, "paired t test, two-sided"),
            "standardised change d_z": (prepost.d_z(pre, post, level, hedges=True), None, ""),
            "standardised change d_av": (prepost.d_av(pre, post, level, hedges=True), None, ""),
            "standardised change d_rm": (prepost.d_rm(pre, post, level, hedges=True), None, ""),
            "standardised change, first sd": (prepost.d_pre(pre, post, level, hedges=True), None, ""),
            "median change": (
                prepost.hodges_lehmann(difference, level, zero="pratt"),
                ranks.p,
                "exact Wilcoxon signed-rank test, zero differences dropped, two-sided",
            ),
            "rank-biserial": (self._told(prepost.matched_rank_biserial(difference, level), difference, 0.01), None, ""),
            HIGHER: (
                self._told(
                    prepost.superiority_of_pairs(difference, level),
                    difference,
                    0.05 if 0 < unchanged < self.floor else 0.01,
                ),
                signs.p if min(signs.n_positive, signs.n_negative) >= self.floor else None,
                "exact sign test, zero differences dropped, two-sided",
            ),
            "correlation of the waves": (prepost.pre_post_correlation(pre, post, level), None, ""),
            "Bayes factor": (_bayes_factor(pre, post, t_test.p is not None), None, ""),
            "detectable d_z": (prepost.detectable_dz(n, alpha=1 - level), None, ""),
        }
        if self.family > 1:
            found["detectable d_z, adjusted"] = (
                prepost.detectable_dz(n, alpha=(1 - level) / self.family), None, ""
            )  # fmt: skip
        relevant = self.scale.smallest_relevant_change
        if relevant:
            found["equivalence"] = self._equivalence(pre, post, relevant)
        return found

    def _equivalence(self, pre: Any, post: Any, relevant: float) -> tuple[Statistic, float | None, str]:
        """Test with two one-sided tests whether the mean change is smaller than what matters, either way."""
        test = prepost.paired_equivalence(pre, post, relevant)
        method = f"mean change against ±{relevant:g} points (two one-sided t tests)"
        if test.mean is None:
            return Statistic(None, test.n, method, note=test.note), None, ""
        said = "within the bounds" if test.equivalent else "not shown to be within the bounds"
        value = Statistic(test.mean, test.n, method, test.ci_low, test.ci_high, test.ci_method, note=said)
        return value, test.p, "larger of two one-sided paired t tests"

    def _unpaired(self) -> dict[str, tuple[Statistic, float | None, str]]:
        """Compare the waves as different people, since nobody can be paired."""
        first, second = (self.wide[wave].dropna().to_numpy() for wave in self.waves)
        if min(len(first), len(second)) < self.min_n:
            note = f"undefined: fewer than {self.min_n} scores in a wave"
            return {"mean change": (Statistic(None, len(first) + len(second), "mean change", note=note), None, "")}
        level = self.confidence
        ranks, welch = unpaired.mann_whitney(first, second), unpaired.welch_test(first, second)
        return {
            "difference of means": (
                unpaired.welch_difference(first, second, level),
                welch.p,
                "Welch's t test, two-sided, waves taken as different people",
            ),
            "standardised difference": (unpaired.hedges_g(first, second, level), None, ""),
            "difference of medians": (
                unpaired.hodges_lehmann_shift(first, second, level),
                ranks.p,
                f"{ranks.method}, two-sided",
            ),
            "Cliff's delta": (unpaired.cliff_delta(first, second, level), None, ""),
        }

    def means(self) -> list[dict[str, Any]]:
        """Return the mean of the paired participants in each wave."""
        return [
            self._row("mean.", wave, _mean(self.both[wave], self.confidence, self.scale.decimals), wave=wave)
            for wave in self.waves
        ]

    def paths(self, floor: int) -> list[dict[str, Any]]:
        """Return the means of groups of people on a similar level, in every wave.

        A line a person would be a row of data. Groups are formed by the mean of both waves: formed by the first score
        alone, the extremes would move towards the middle by chance (Oldham 1962).
        """
        import numpy as np

        groups = min(MOST_PATHS, len(self.both) // (2 * floor))
        if groups < 2:
            return []
        order = self.both.iloc[np.argsort(self.both.mean(axis=1).to_numpy(), kind="stable")]
        rows = []
        for number, places in enumerate(np.array_split(np.arange(len(order)), groups), 1):
            part = order.iloc[places]
            for wave in self.waves:
                mean = round(float(part[wave].mean()), self.scale.decimals)
                rows.append(
                    {**self.about, "group": number, "wave": wave, "people": len(part), "mean": mean, "note": ""}
                )
        return rows

    def improved(self) -> dict[str, Any]:
        """Return how many moved in the better direction."""
        sign = 1 if self.scale.higher_is_better else -1
        better = (sign * (self.both[self.waves[1]] - self.both[self.waves[0]])).round(prepost.DECIMALS)
        if len(better) < self.min_n:
            share = Statistic(None, len(better), "share improved", note=f"undefined: fewer than {self.min_n} pairs")
        else:
            share = in_percent(prepost.share_improved(better, confidence=self.confidence))
        return self._row(
            "", "improved", share, improved=None if share.estimate is None else int((better > 0).sum())
        )  # fmt: skip

    def robustness(self, complete: pd.Series, sites: pd.Series, imputations: int) -> list[dict[str, Any]]:
        """Return the change under every specification."""
        rows: list[dict[str, Any]] = []
        for one in robustness.specifications(
            self.wide, complete, sites, confidence=self.confidence, min_n=self.min_n, imputations=imputations
        ):
            value, few = one.value, len(self.both) - one.value.n
            if one.who == robustness.COMPLETE and 0 < few < self.floor and value.estimate is not None:
                # With the mean change of all pairs it would tell that of the few who left an item out.
                value = Statistic(None, value.n, value.method, note=WITHHELD.format(floor=self.floor))
            elif one.who == robustness.COMPLETE and few:
                value = replace(value, n_dropped=few, dropped_reason="an item not answered")
            shift = one.name == robustness.SHIFT
            answer = (value.n, value.estimate, value.ci_low, value.ci_high)
            same = next((row["specification"] for row in rows if row["_answer"] == answer), "")
            row = self._row("robustness.", one.name, value, dropped=one.who.startswith(robustness.PAIRS))
            rows.append(
                {
                    **row,
                    "direction": self.direction,
                    "specification": one.name,
                    "who": one.who,
                    "df": one.df,
                    "p": None if value.estimate is None else self._p_of(one),
                    "smallest_p": one.smallest_p,
                    "reading": self._by_ranks(value, one.p) if shift else self._reading(value),
                    "same_as": same if value.estimate is not None and value.ci_low is not None else "",
                    "_answer": answer,
                }
            )
        return [{key: row[key] for key in row if key != "_answer"} for row in rows]

    def _p_of(self, one: robustness.Specification) -> float | None:
        """Return the p-value of a specification; of ranks and signs not by enough digits to count by."""
        if one.name == robustness.SIGNS:
            both = np.round(self.both[self.waves[1]] - self.both[self.waves[0]], prepost.DECIMALS)
            few = min((both > 0).sum(), (both < 0).sum()) < self.floor
            return None if few else two_digits(one.p)
        return two_digits(one.p) if one.name == robustness.SHIFT else one.p

    def responders(self, responses: pd.DataFrame) -> list[dict[str, Any]]:
        """Count people beyond measurement error and beyond the smallest relevant change."""
        n = len(self.both)
        here = responses[responses["person"].isin(self.wide.index)]
        items = items_wide(here, self.instrument, self.waves[0])[list(self.scale.items)]
        alpha = reliability.cronbach_alpha(items)
        if n < self.min_n or alpha.estimate is None or not 0 <= alpha.estimate <= 1:
            note = f"undefined: fewer than {self.min_n} pairs" if n < self.min_n else "undefined: no reliability"
            value = Statistic(None, n, "people by reliable change", note=note)
            return [self._row("responders.", "all", value, rule=RELIABLE, outcome_class=ALL, people=n, threshold=None)]
        found = responders.responders(
            *(self.both[wave] for wave in self.waves),
            reliability=alpha.estimate,
            higher_is_better=self.scale.higher_is_better,
            relevant=self.scale.smallest_relevant_change,
            confidence=self.confidence,
        )
        by_rule = {
            RELIABLE: (
                found.detectable,
                {
                    "improved": (found.n_improved, found.improved),
                    "unchanged": (found.n_unchanged, found.unchanged),
                    "worsened": (found.n_worsened, found.worsened),
                },
            )
        }
        if found.beyond_relevant is not None and found.n_beyond_relevant is not None:
            rest = n - found.n_beyond_relevant
            by_rule[RELEVANT] = (
                found.relevant,
                {
                    "reached": (found.n_beyond_relevant, found.beyond_relevant),
                    "not reached": (rest, proportion(rest, n, "share not reaching it", self.confidence)),
                },
            )
        rows = []
        for rule, (threshold, classes) in by_rule.items():
            notes = [f"reliability: {alpha.estimate:.2f} (alpha before, n = {alpha.n})"] if rule == RELIABLE else []
            if rule == RELIABLE and alpha.estimate < LEAST_RELIABILITY:
                notes.append("reliability too low to judge single persons")
            if rule == RELEVANT and found.note:
                notes.append(found.note)
            note = "; ".join(notes)
            everybody = Statistic(100.0, n, "all pairs", note=note)
            for name, (people, value) in [(ALL, (n, everybody)), *classes.items()]:
                value = value if name == ALL else in_percent(value)
                more = {"rule": rule, "outcome_class": name, "people": people, "threshold": threshold}
                rows.append(self._row(f"responders.{rule}.", name, value, **more))
        return rows

    def over_waves(self, every: pd.DataFrame) -> list[dict[str, Any]]:
        """Compare more than two waves: Friedman's test in people with all, and a mixed model of everybody's scores."""
        every = every[[wave for wave in every if every[wave].notna().any()]]
        if every.shape[1] < 3 or len(self.both) < self.min_n:
            return []
        test, w = consensus.concordance_test(every), consensus.kendall_w(every)
        if w.n < self.min_n:
            w = Statistic(None, w.n, w.method, note=f"undefined: fewer than {self.min_n} people with every wave")
            test = consensus.ConcordanceTest(None, test.df, None)
        w = replace(w, dropped_reason="not every wave" if w.n_dropped else "")
        long = every.stack()
        person, wave = long.index.get_level_values(0), long.index.get_level_values(1)
        design = np.column_stack(
            [np.ones(len(long)), *(wave == name for name in every.columns if name != self.waves[0])]
        )
        names = ["first", *(name for name in every.columns if name != self.waves[0])]
        fit = mixed.mixed_model(
            long.to_numpy(),
            design.astype(float),
            {"person": person.to_numpy()},
            names=names,
            confidence=self.confidence,
        )
        effect = fit.fixed.get(self.waves[1])
        change = Statistic(None, len(every), fit.method, note=fit.note)
        if effect is not None:
            change = Statistic(
                effect.estimate, len(every), fit.method, effect.ci_low, effect.ci_high, effect.ci_method, note=fit.note
            )
        found = {
            "any difference of the waves": (w, test.p, f"Friedman's test over {every.shape[1]} waves"),
            "mean change, all waves": (change, effect.kr_p if effect else None, "Kenward-Roger t test, two-sided"),
        }
        return [
            {
                **self._row("", name, value, dropped=False),
                "direction": self.direction,
                "statistic": name,
                "reading": self._reading(value) if name.startswith("mean") else "",
                "reading_adjusted": "",
                "relevant_change": None,
                "p": p,
                "p_adjusted": None,
                "p_method": p_method if p is not None else "",
                "class": "",
            }
            for name, (value, p, p_method) in found.items()
        ]

    def missing(self, sites: pd.Series, imputations: int, retrospective: list[str]) -> list[dict[str, Any]]:
        """Say who is missing, and what that may do to the mean change."""
        first, second = self.wide[self.waves[0]], self.wide[self.waves[1]]
        there = first.notna()
        attrition = missing.completers_against_dropouts(
            first[there], second[there].notna(), self.confidence, self.min_n
        )
        out = int((~there).sum())
        told = replace(
            attrition.difference,
            n_dropped=attrition.difference.n_dropped + out,
            dropped_reason=f"no {self.waves[0]} score" if out else attrition.difference.dropped_reason,
        )
        rows = {"first score, completers less drop-outs (g)": told}
        if len(self.both) >= self.min_n:
            options = {"sites": sites.to_numpy(), "keys": np.arange(len(self.wide)), "m": imputations}
            pre, post = first.to_numpy(), second.to_numpy()
            rows["mean change, imputed"] = missing.impute_change(
                pre, post, seed=robustness.SEED, confidence=self.confidence, **options
            )
            if self.design == PARTLY:
                rows["tipping point (sd)"] = missing.tipping_point(
                    pre, post, seed=robustness.SEED, confidence=self.confidence, **options
                )
        design = self.design + "".join(f"; {wave} asked in retrospect" for wave in retrospective)
        return [
            self._row("missing.", name, value, dropped=False, design=design, statistic=name)
            for name, value in rows.items()
        ]


RELIABLE, RELEVANT = "reliable change", "smallest relevant change"
NOT_CLEAR = "no clear change"
#: Under this a scale is not precise enough for single persons (Nunnally & Bernstein 1994 ask for more).
LEAST_RELIABILITY = 0.7
#: Lines of an outcome in the estimation plot.
MOST_PATHS = 8

UNPAIRED_ESTIMATES = ("difference of means", "standardised difference", "difference of medians", "Cliff's delta")


def _subgroups(
    scores: pd.DataFrame,
    scale: Scale,
    outcome: dict[str, Any],
    waves: tuple[str, str],
    least: int,
    confidence: float,
    min_n: int,
) -> list[dict[str, Any]]:
    """Describe the mean change in every cohort of an outcome that is asked over all; no test between them.

    Where one cohort is too small, none is described: all less the others would be the small one.
    """
    rows = []
    asked = sorted(scores["cohort"].unique()) if not outcome["cohorts"] else []
    every = {cohort: scores_of(scores, scale.id, cohort, waves) for cohort in asked}
    small = any(0 < len(wide.dropna()) < min_n for wide in every.values())
    for cohort, wide in every.items():
        both = wide.dropna()
        if small or both.empty:
            value = Statistic(None, len(both), "mean change", note=f"undefined: fewer than {min_n} pairs in a cohort")
        else:
            value = prepost.paired_t(*(both[wave].to_numpy() for wave in waves), confidence)
            why = (
                "descriptive: no comparison of cohorts was planned"
                if len(both) >= least
                else "descriptive: a small group"
            )
            value = replace(value, note="; ".join(filter(None, [value.note, why])))
        out = len(wide) - len(both)
        value = replace(value, n_dropped=out, dropped_reason="no score in both waves" if out else "")
        about = {"scale": scale.id, "label": scale.label, "role": outcome["role"], "cohort": cohort}
        rows.append({**about, **value.row(f"change.subgroup.{scale.id}.{cohort}")})
    return rows


def _items(
    responses: pd.DataFrame,
    instruments: list[tuple[Instrument, set[str]]],
    waves: tuple[str, str],
    confidence: float,
    min_n: int,
    registered: bool,
    floor: int,
) -> pd.DataFrame:
    """Compare single items: odds of a higher answer after than before; McNemar's test for items of two answers."""
    import pandas as pd

    rows = []
    for instrument, cohorts in instruments if registered else []:
        here = responses if ALL in cohorts else responses[responses["cohort"].isin(cohorts)]
        first, second = (items_wide(here, instrument, wave) for wave in waves)
        both = first.index.intersection(second.index)
        for item in instrument.items:
            pair = pd.DataFrame({"pre": first.loc[both, item], "post": second.loc[both, item]}).dropna()
            name, p, p_method = "odds ratio of a higher answer", None, ""
            if len(pair) < min_n:
                value = Statistic(None, len(pair), name, note=f"undefined: fewer than {min_n} pairs")
            elif len(instrument.values) == 2:
                high = instrument.values[-1]
                test = prepost.mcnemar(pair["pre"] == high, pair["post"] == high)
                name, p, p_method = "difference of shares", test.p_exact, "McNemar's exact test, two-sided"
                value = Statistic(
                    (test.to_yes - test.to_no) / test.n, test.n, "share after less share before", note=test.note
                )
                if min(test.to_yes, test.to_no) < floor:  # difference and p would tell how many changed which way
                    value, p = Statistic(None, test.n, value.method, note=WITHHELD.format(floor=floor)), None
            else:
                value = steps.odds_ratio_after(pair["pre"], pair["post"], confidence)
            if item in instrument.reverse:
                value = replace(value, method=f"{value.method}, answers turned round")
            words = f"change.item.{instrument.id}.{item}"
            dropped = len(first.index.union(second.index)) - len(pair)
            full = replace(value, n_dropped=dropped, dropped_reason="not answered in both waves" if dropped else "")
            rows.append(
                {
                    "instrument": instrument.id,
                    "item": item,
                    "reversed": "yes" if item in instrument.reverse else "no",
                    "statistic": name,
                    **full.row(words),
                    "p": p,
                    "p_method": p_method if p is not None else "",
                }
            )
    return pd.DataFrame(rows)


#: What a progression criterion may measure.
ENROLMENT, RETENTION, COMPLETENESS = "enrolment", "retention", "completeness"


def _progression(
    scores: pd.DataFrame,
    waves: tuple[str, str],
    criteria: list[dict[str, Any]],
    enrolled: dict[str, int | None],
    confidence: float,
    registered: bool,
) -> pd.DataFrame:
    """Compare the criteria for going on with what the pilot found."""
    import pandas as pd

    scored = scores[scores["score"].notna()]
    seen = {wave: set(scored.loc[scored["wave"] == wave, "person"]) for wave in waves}
    rows = []
    for one in criteria:
        measure = one["measure"]
        if measure == ENROLMENT:
            planned, count = enrolled["planned"], enrolled["found"] or 0
            note = "" if planned else "undefined: no planned number of participants"
            estimate = 100 * count / planned if planned else None
            value = Statistic(estimate, count, "participants in percent of the planned number", note=note)
        elif measure == RETENTION:
            there = seen[waves[0]]
            came = len(there & seen[waves[1]])
            value = in_percent(proportion(came, len(there), "people of the first wave who answered again", confidence))
            if not registered:
                value = Statistic(None, len(there), value.method, note="undefined: nobody can be paired")
            elif not seen[waves[1]]:
                value = Statistic(None, len(there), value.method, note=f"undefined: no scores of the wave {waves[1]}")
        else:
            there = scores[scores["wave"].isin(waves)]
            value = in_percent(
                proportion(int(there["score"].notna().sum()), len(there), "scores that could be computed", confidence)
            )
            value = replace(value, note="scores of one person are not independent, so the interval is too narrow")
        rows.append(
            {
                "criterion": one["id"],
                "label": one["label"],
                "measure": measure,
                "green": one["green"],
                "amber": one["amber"],
                "light": light(value, one["green"], one["amber"]),
                "source": one["source"],
                **value.row(f"change.progression.{one['id']}"),
            }
        )
    return pd.DataFrame(rows)


def light(value: Statistic, green: float, amber: float) -> str:
    """Give the traffic light of a criterion.

    Returns
    -------
    str
        ``green`` when the whole interval lies at the green threshold or above, ``red`` when it lies below the amber
        one, else ``amber``; without an interval the estimate decides. Empty where there is no estimate.

    References
    ----------
    Avery et al. (2017), BMJ Open 7, e013537.
    """
    if value.estimate is None:
        return ""
    low = value.estimate if value.ci_low is None else value.ci_low
    high = value.estimate if value.ci_high is None else value.ci_high
    return "green" if low >= green else "red" if high < amber else "amber"


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
        return NOT_CLEAR
    return "improved" if (estimate > 0) == (direction == "higher is better") else "worsened"


def two_digits(p: float | None) -> float | None:
    """Return a p-value with two significant digits: an exact one of ranks or signs tells how many went which way."""
    return None if p is None else float(f"{p:.2g}")


#: Bounds of the classes a Bayes factor is told in, after Jeffreys (1961), Theory of Probability, appendix B.
CLASSES = (0.01, 1 / 30, 0.1, 1 / 3, 3, 10, 30, 100)
BOUNDS = ("1/100", "1/30", "1/10", "1/3", "3", "10", "30", "100")


def bayes_class(factor: float | None) -> str:
    """Return the class of a Bayes factor in words; the exact number gives the p-value away."""
    if factor is None or factor != factor:
        return ""
    place = int(np.searchsorted(CLASSES, factor, side="right"))
    if place == 0:
        return f"under {BOUNDS[0]}"
    return f"over {BOUNDS[-1]}" if place == len(CLASSES) else f"{BOUNDS[place - 1]} to {BOUNDS[place]}"


def _bayes_factor(pre: np.ndarray, post: np.ndarray, defined: bool) -> Statistic:
    """Return the Bayes factor of a mean change against none, as pingouin computes it."""
    method = "Bayes factor of change against no change, Cauchy prior of scale 0.707 on d_z (pingouin)"
    if not defined:
        return Statistic(None, len(pre), method, note="undefined: the differences do not vary")
    return Statistic(float(f"{pg.paired_ttest(pre, post)['bayes_factor']:.2g}"), len(pre), method)
