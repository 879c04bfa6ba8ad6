"""Change from one wave to another in every outcome, as tables."""

from __future__ import annotations

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

if TYPE_CHECKING:
    import pandas as pd

ALL = "all"

#: How the two waves of an outcome go together, as the data show it.
PAIRED, PARTLY, UNPAIRED = "paired", "partly paired", "unpaired"

#: The test whose p-values are adjusted within a role; the others are beside it and not adjusted.
PLANNED = "mean change"


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
    for outcome in outcomes:
        scale = scales[outcome["scale"]]
        for cohort in outcome["cohorts"] or [ALL]:
            wide = scores_of(scores, scale.id, cohort, compared)
            about = {"scale": scale.id, "label": scale.label, "role": outcome["role"], "cohort": cohort}
            one = _Outcome(wide, scale, instruments[scale.instrument], about, compared, confidence, min_n, registered)
            found["outcomes"] += one.outcomes()
            found["means"] += one.means()
            found["paths"] += one.paths(floor)
            found["improved"].append(one.improved())
            if not registered:
                continue
            answered = scores[(scores["scale"] == scale.id) & (scores["answered"] == scores["items"])]
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
    planned = (table["statistic"] == PLANNED) & table["p"].notna()
    for _role, family in table[planned].groupby("role"):
        table.loc[family.index, "p_adjusted"] = prepost.holm(family["p"].astype("float64").to_numpy())
        table.loc[family.index, "p_method"] += (
            f"; Holm over {len(family)} " + ("outcome" if len(family) == 1 else "outcomes") + " of the role"
        )
    asked = {scales[outcome["scale"]].instrument for outcome in outcomes}
    return {
        "outcomes": table,
        **{name: pd.DataFrame(rows) for name, rows in found.items()},
        "items": _items(
            responses, [instruments[name] for name in sorted(asked)], compared, confidence, min_n, registered
        ),
        "progression": _progression(scores, compared, settings["progression"], enrolled, confidence, registered),
    }


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

    @cached_property
    def both(self) -> pd.DataFrame:
        """People with a score in both waves; nobody without a register to pair them by."""
        return self.wide.dropna() if self.registered else self.wide.iloc[:0]

    @property
    def design(self) -> str:
        """How the waves go together."""
        if not self.registered:
            return UNPAIRED
        return PAIRED if len(self.both) == len(self.wide) else PARTLY

    @property
    def dropped(self) -> tuple[int, str]:
        """How many are left out of the pairs, and why."""
        if not self.registered:
            return len(self.wide), "no register to pair people by"
        missing_in = [(f"no {wave} score", int(self.wide[wave].isna().sum())) for wave in self.waves]
        return len(self.wide) - len(self.both), "; ".join(f"{count} {what}" for what, count in missing_in if count)

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
            rows.append(
                {
                    **row,
                    "direction": self.direction,
                    "statistic": name,
                    "reading": self._reading(value) if points or "standardised" in name else "",
                    "relevant_change": self.scale.smallest_relevant_change if points else None,
                    "p": p,
                    "p_adjusted": None,
                    "p_method": p_method if p is not None else "",
                }
            )
        return rows

    def _estimates(self) -> dict[str, tuple[Statistic, float | None, str]]:
        if not self.registered:
            return self._unpaired()
        n = len(self.both)
        if n < self.min_n:
            note = f"undefined: fewer than {self.min_n} pairs"
            return {"mean change": (Statistic(None, n, "mean change", note=note), None, "")}
        # The pseudo-median is over everybody, also the unchanged; the test and the rank-biserial leave them out, as R
        # does.
        pre, post = (self.both[wave].to_numpy() for wave in self.waves)
        difference, level = post - pre, self.confidence
        t_test, ranks, signs = prepost.paired_t_test(pre, post), prepost.exact_signed_rank(difference), None
        signs = prepost.sign_test(difference)
        found = {
            "mean change": (prepost.paired_t(pre, post, level), t_test.p, "paired t test, two-sided"),
            "standardised change d_z": (prepost.d_z(pre, post, level, hedges=True), None, ""),
            "standardised change d_av": (prepost.d_av(pre, post, hedges=True), None, ""),
            "standardised change d_rm": (prepost.d_rm(pre, post, level, hedges=True), None, ""),
            "standardised change, first sd": (prepost.d_pre(pre, post, hedges=True), None, ""),
            "median change": (
                prepost.hodges_lehmann(difference, level, zero="pratt"),
                ranks.p,
                "exact Wilcoxon signed-rank test, zero differences dropped, two-sided",
            ),
            "rank-biserial": (prepost.matched_rank_biserial(difference, level), None, ""),
            "common-language effect": (
                prepost.superiority_of_pairs(difference, level),
                signs.p,
                "exact sign test, zero differences dropped, two-sided",
            ),
            "correlation of the waves": (prepost.pre_post_correlation(pre, post, level), None, ""),
            "Bayes factor": (_bayes_factor(pre, post, t_test.p is not None), None, ""),
            "detectable d_z": (prepost.detectable_dz(n), None, ""),
        }
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
            self._row("mean.", wave, _mean(self.both[wave], self.confidence), wave=wave) for wave in self.waves
        ]  # fmt: skip

    def paths(self, floor: int) -> list[dict[str, Any]]:
        """Return the means of groups of people on a similar level, in every wave.

        A line a person would be a row of data. Groups are formed by the mean of both waves: formed by the first score
        alone, the extremes would move towards the middle by chance (Oldham 1962).
        """
        import numpy as np

        groups = min(MOST_PATHS, len(self.both) // floor)
        if groups < 2:
            return []
        order = self.both.iloc[np.argsort(self.both.mean(axis=1).to_numpy(), kind="stable")]
        rows = []
        for number, places in enumerate(np.array_split(np.arange(len(order)), groups), 1):
            part = order.iloc[places]
            for wave in self.waves:
                here = {"group": number, "wave": wave, "people": len(part), "mean": part[wave].mean(), "note": ""}
                rows.append({**self.about, **here})
        return rows

    def improved(self) -> dict[str, Any]:
        """Return how many moved in the better direction."""
        sign = 1 if self.scale.higher_is_better else -1
        better = sign * (self.both[self.waves[1]] - self.both[self.waves[0]])
        if len(better) < self.min_n:
            share = Statistic(None, len(better), "share improved", note=f"undefined: fewer than {self.min_n} pairs")
        else:
            share = in_percent(prepost.share_improved(better, confidence=self.confidence))
        return self._row("", "improved", share, improved=int((better > 0).sum()))

    def robustness(self, complete: pd.Series, sites: pd.Series, imputations: int) -> list[dict[str, Any]]:
        """Return the change under every specification."""
        rows = []
        for one in robustness.specifications(
            self.wide, complete, sites, confidence=self.confidence, min_n=self.min_n, imputations=imputations
        ):
            row = self._row("robustness.", one.name, one.value, dropped=False)
            rows.append(
                {
                    **row,
                    "direction": self.direction,
                    "specification": one.name,
                    "who": one.who,
                    "df": one.df,
                    "p": one.p,
                    "smallest_p": one.smallest_p,
                    "reading": self._reading(one.value),
                }
            )
        return rows

    def responders(self, responses: pd.DataFrame) -> list[dict[str, Any]]:
        """Count people beyond measurement error and beyond the smallest relevant change."""
        n = len(self.both)
        items = items_wide(responses, self.instrument, self.waves[0])[list(self.scale.items)]
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
            note = f"reliability {alpha.estimate:.2f} (alpha before)" if rule == RELIABLE else ""
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
                "relevant_change": None,
                "p": p,
                "p_adjusted": None,
                "p_method": p_method if p is not None else "",
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
        rows = {"first score, completers less drop-outs (g)": attrition.difference}
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
    """Describe the mean change in every cohort of an outcome that is asked over all; no test between them."""
    rows = []
    for cohort in sorted(scores["cohort"].unique()) if not outcome["cohorts"] else []:
        both = scores_of(scores, scale.id, cohort, waves).dropna()
        if len(both) < min_n:
            value = Statistic(None, len(both), "mean change", note=f"undefined: fewer than {min_n} pairs")
        else:
            value = prepost.paired_t(*(both[wave].to_numpy() for wave in waves), confidence)
            why = (
                "descriptive: no comparison of cohorts was planned"
                if len(both) >= least
                else "descriptive: a small group"
            )
            value = replace(value, note="; ".join(filter(None, [value.note, why])))
        about = {"scale": scale.id, "label": scale.label, "role": outcome["role"], "cohort": cohort}
        rows.append({**about, **value.row(f"change.subgroup.{scale.id}.{cohort}")})
    return rows


def _items(
    responses: pd.DataFrame,
    instruments: list[Instrument],
    waves: tuple[str, str],
    confidence: float,
    min_n: int,
    registered: bool,
) -> pd.DataFrame:
    """Compare single items: odds of a higher answer after than before; McNemar's test for items of two answers."""
    import pandas as pd

    rows = []
    for instrument in instruments if registered else []:
        first, second = (items_wide(responses, instrument, wave) for wave in waves)
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
            else:
                value = steps.odds_ratio_after(pair["pre"], pair["post"], confidence)
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

    seen = {wave: set(scores.loc[scores["wave"] == wave, "person"]) for wave in waves}
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
        return "no clear change"
    return "improved" if (estimate > 0) == (direction == "higher is better") else "worsened"


def _bayes_factor(pre: np.ndarray, post: np.ndarray, defined: bool) -> Statistic:
    """Return the Bayes factor of a mean change against none, as pingouin computes it."""
    method = "Bayes factor of change against no change, Cauchy prior of scale 0.707 on d_z (pingouin)"
    if not defined:
        return Statistic(None, len(pre), method, note="undefined: the differences do not vary")
    return Statistic(pg.paired_ttest(pre, post)["bayes_factor"], len(pre), method)
