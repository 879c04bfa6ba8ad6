"""Reliability of every scale in every wave, its items and their answers, as tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from piloteval.config import Instrument, Scale
from piloteval.measures import factors, icc, ordinal, reliability, resample
from piloteval.measures.complete import INCOMPLETE_ROW, CompleteRows, complete_rows, prepare
from piloteval.measures.pooling import join_small
from piloteval.measures.scoring import items_wide, score
from piloteval.statistic import Statistic
from piloteval.tiers import withheld

if TYPE_CHECKING:
    import pandas as pd

#: Seed of every bootstrap: the same answers give the same intervals.
SEED = 1

#: The group that holds every language version.
EVERY = "all"

#: With fewer items the large-sample test of equal alphas of three languages or more hardly ever finds a difference.
ITEMS_FOR_TEST = 10

LEFT_OUT = "mean and spread left out, since rare answers are joined"
UNEQUAL_HALVES = "halves of unequal length"

DESCRIPTIVE = "language versions, descriptive only"


@dataclass(frozen=True)
class Answers:
    """The answers to the items of one scale in one wave, and how its coefficients are to be estimated.

    Attributes
    ----------
    items : pandas.DataFrame, shape (people, items)
        Answers of everybody who answered an item, reversed items turned round.
    scale : Scale
        The scale.
    confidence : float
        Level of the intervals.
    min_n, factor_min_n : int
        Fewest complete respondents for a coefficient, and for a factor model.
    draws : int
        Draws of the bootstrap; 0 leaves its intervals out.
    """

    items: pd.DataFrame
    scale: Scale
    confidence: float
    min_n: int
    factor_min_n: int
    draws: int

    @cached_property
    def complete(self) -> pd.DataFrame:
        """Answers of the people who answered every item."""
        return complete_rows(self.items)[0]

    @cached_property
    def rows(self) -> CompleteRows:
        """The same with their covariances."""
        return prepare(self.items)

    @cached_property
    def alpha(self) -> Statistic:
        """Raw alpha with Feldt's interval."""
        return reliability.cronbach_alpha(self.rows, confidence=self.confidence)

    @cached_property
    def lambdas(self) -> dict[str, float | None]:
        """Guttman's lower bounds."""
        return reliability.guttman_lambdas(self.rows.covariance)

    @cached_property
    def halves(self) -> np.ndarray:
        """Reliability from every split of the items into halves; shape (splits,)."""
        return reliability.split_half_coefficients(self.rows.covariance)

    @cached_property
    def polychorics(self) -> np.ndarray:
        """Polychoric correlations; shape (items, items)."""
        return ordinal.polychoric_matrix(self.complete)

    @cached_property
    def sd(self) -> float:
        """Standard deviation of the scale's score among the people who answered every item, in its units."""
        total = self.complete.mean(axis=1) if self.scale.score == "mean" else self.complete.sum(axis=1)
        return float(total.std(ddof=1) * self.scale.multiply)

    def undefined(self, method: str, reason: str) -> Statistic:
        """Return a coefficient that is not computed."""
        dropped = len(self.items) - len(self.complete)
        return Statistic(
            None,
            len(self.complete),
            method,
            n_dropped=dropped,
            dropped_reason=INCOMPLETE_ROW if dropped else "",
            note=f"undefined: {reason}",
        )


def _alpha_resampled(given: Answers) -> Statistic:
    return _resampled(given, resample.alphas_of_draws, "Cronbach's alpha (raw)")


def _standardised_resampled(given: Answers) -> Statistic:
    return _resampled(given, resample.standardised_alphas_of_draws, "Cronbach's alpha (standardised)")


def _resampled(given: Answers, statistic: Callable[[np.ndarray], np.ndarray], method: str) -> Statistic:
    if given.alpha.estimate is None:
        return given.undefined(method, given.alpha.note.removeprefix("undefined: "))
    found = resample.resampled(
        given.items, statistic, method, confidence=given.confidence, draws=given.draws, seed=SEED
    )
    return found


def _standardised(given: Answers) -> Statistic:
    """Standardised alpha with Feldt's interval, which is exact for items of equal variance only."""
    found = reliability.standardised_alpha(given.rows)
    if found.estimate is None or found.estimate >= 1 - reliability.NEGLIGIBLE:
        return found
    low, high = reliability.feldt_interval(found.estimate, *given.complete.shape, given.confidence)
    return replace(
        found,
        ci_low=low,
        ci_high=high,
        ci_method=f"Feldt F interval, {100 * given.confidence:g} %, approximate for standardised items",
    )


def _guttman(name: str) -> Callable[[Answers], Statistic]:
    method = {
        "lambda4": "Guttman's lambda 4, the best split half",
        "lambda6": "Guttman's lambda 6, from squared multiple correlations",
    }.get(name, f"Guttman's lambda {name[6:]}")
    reason = {
        "lambda4": f"more than {reliability.MOST_ITEMS_SPLIT} items, too many halves to try",
        "lambda6": "the covariance matrix is singular",
    }

    def of(given: Answers) -> Statistic:
        if given.alpha.estimate is None:
            return given.undefined(method, given.alpha.note.removeprefix("undefined: "))
        value = given.lambdas[name]
        record = given.undefined(method, reason.get(name, "the total score does not vary"))
        return record if value is None else replace(record, estimate=value, note="")

    return of


def _halves(name: str, take: Callable[[np.ndarray], float]) -> Callable[[Answers], Statistic]:
    method = f"split halves, {name} of all splits (4 cov / variance of the total)"

    def of(given: Answers) -> Statistic:
        if given.alpha.estimate is None:
            return given.undefined(method, given.alpha.note.removeprefix("undefined: "))
        if len(given.scale.items) > reliability.MOST_ITEMS_SPLIT:
            return given.undefined(method, f"more than {reliability.MOST_ITEMS_SPLIT} items, too many halves to try")
        value = take(given.halves)
        note = UNEQUAL_HALVES if len(given.scale.items) % 2 else ""
        return replace(given.undefined(method, ""), estimate=float(value), note=note)

    return of


def _odd_even(given: Answers) -> Statistic:
    """Correlation of the sums of odd and even items, stepped up by Spearman and Brown."""
    import pandas as pd

    method = "split halves, odd and even items (Spearman-Brown)"
    if given.alpha.estimate is None:
        return given.undefined(method, given.alpha.note.removeprefix("undefined: "))
    halves = pd.DataFrame(
        {"odd": given.complete.iloc[:, ::2].sum(axis=1), "even": given.complete.iloc[:, 1::2].sum(axis=1)}
    )
    found = reliability.spearman_brown(halves, confidence=given.confidence)
    if len(given.scale.items) % 2:
        unequal = f"{UNEQUAL_HALVES}, for which Spearman-Brown is approximate"
        found = replace(found, note="; ".join(filter(None, [found.note, unequal])))
    dropped = len(given.items) - len(given.complete)
    return replace(found, method=method, n_dropped=dropped, dropped_reason=INCOMPLETE_ROW if dropped else "")


def _error(function: Callable[[float, float, int], Statistic]) -> Callable[[Answers], Statistic]:
    def of(given: Answers) -> Statistic:
        if given.alpha.estimate is None:
            return given.undefined("standard error of measurement", given.alpha.note.removeprefix("undefined: "))
        found = function(given.sd, given.alpha.estimate, len(given.complete))
        missing = given.undefined("", "")
        return replace(
            found,
            method=f"{found.method}, from alpha, in units of the scale",
            n_dropped=missing.n_dropped,
            dropped_reason=missing.dropped_reason,
        )

    return of


def _omega(given: Answers) -> Statistic:
    """One-factor omega by maximum likelihood, with the bootstrap interval."""
    found = factors.omega_total_ml(given.items)
    if found.estimate is None or not given.draws:
        return found
    drawn = resample.resampled(
        given.items, factors.omega_of_draws, found.method, confidence=given.confidence, draws=given.draws, seed=SEED
    )
    return replace(
        found,
        ci_low=drawn.ci_low,
        ci_high=drawn.ci_high,
        ci_method=drawn.ci_method,
        note="; ".join(filter(None, [found.note, drawn.note])),
    )


#: Coefficients of a scale in the order of the table. Those of the second group need a factor model.
PLAIN: dict[str, Callable[[Answers], Statistic]] = {
    "alpha": lambda given: given.alpha,
    "alpha, resampled": _alpha_resampled,
    "standardised alpha": _standardised,
    "standardised alpha, resampled": _standardised_resampled,
    "mean inter-item correlation": lambda given: reliability.mean_interitem_correlation(given.rows),
    **{f"Guttman lambda {number}": _guttman(f"lambda{number}") for number in range(1, 7)},
    "split half, lowest": _halves("lowest", np.min),
    "split half, mean": _halves("mean", np.mean),
    "split half, odd and even": _odd_even,
    "standard error of measurement": _error(reliability.standard_error_of_measurement),
    "minimal detectable change": _error(reliability.minimal_detectable_change),
}
FACTOR: dict[str, Callable[[Answers], Statistic]] = {
    "omega total": _omega,
    "omega total, observed variance": lambda given: factors.omega_total_ml(given.items, observed=True),
    "omega total, minres": lambda given: factors.omega_total_minres(given.items),
    "omega hierarchical": lambda given: factors.omega_hierarchical(given.items),
    "ordinal alpha": lambda given: ordinal.ordinal_alpha(given.items, polychorics=given.polychorics),
    "categorical omega": lambda given: ordinal.green_yang_omega(given.items, polychorics=given.polychorics),
}
#: What the table calls the statistics that instruments publish.
PUBLISHED = {"alpha": "cronbach_alpha", "omega total": "omega_total", "test-retest ICC(A,1)": "icc"}


def coefficients(given: Answers) -> Iterator[tuple[str, Statistic]]:
    """Yield the coefficients of one scale in one wave by name.

    A scale of two items has Spearman-Brown and no factor; under the configured numbers of respondents every coefficient
    is undefined, with the reason.
    """
    n, two = len(given.complete), len(given.scale.items) == 2
    for name, function in PLAIN.items():
        if two and name.startswith(("Guttman", "split half")):
            continue
        yield name, function(given) if n >= given.min_n else given.undefined(name, _too_few(given.min_n))
    if two:
        name = "Spearman-Brown"
        few = given.undefined(name, _too_few(given.min_n))
        yield name, reliability.spearman_brown(given.rows, given.confidence) if n >= given.min_n else few
        return
    least = max(given.min_n, given.factor_min_n)
    for name, function in FACTOR.items():
        few = given.undefined(name, f"{_too_few(least)}, no factor model is fitted")
        yield name, function(given) if n >= least else few


def _too_few(least: int) -> str:
    return f"fewer than {least} complete respondents"


def estimate(
    responses: pd.DataFrame,
    instruments: dict[str, Instrument],
    *,
    waves: list[str],
    settings: dict[str, Any],
    confidence: float,
    min_n: int,
    floor: int,
) -> dict[str, pd.DataFrame]:
    """Estimate the reliability of every scale in every wave it was answered in.

    Parameters
    ----------
    responses : pandas.DataFrame
        Answers of admitted participants, one a row.
    instruments : dict of str to Instrument
        Scoring rules; reversed items are turned round before anything is computed.
    waves : list of str
        Waves in time order.
    settings : dict
        ``factor_min_n`` (fewest complete respondents for a factor model), ``draws`` of the bootstrap and ``retest``
        (two waves, or none).
    confidence : float
        Level of the intervals.
    min_n : int
        With fewer complete respondents a scale gets no coefficient, and its row says so.
    floor : int
        Neighbouring answers are joined until this many people gave one of them.

    Returns
    -------
    dict of str to pandas.DataFrame
        ``scales``: one row a coefficient; ``item_statistics``: one row an item; ``answers``: one row an answer, or
        several neighbouring ones, to an item.

    Notes
    -----
    A language version has alpha and the mean correlation between items only, marked as descriptive. Between two waves
    the alphas of the same people are compared; between language versions the test of equal alphas is given.
    """
    import pandas as pd

    scale_rows: list[dict[str, Any]] = []
    item_rows: list[pd.DataFrame] = []
    answer_rows: list[dict[str, Any]] = []
    given: dict[tuple[str, str], Answers] = {}
    versions = {wave: _versions(responses, instruments, wave, min_n, floor) for wave in waves}
    for instrument in instruments.values():
        for wave in waves:
            here = responses[(responses["instrument"] == instrument.id) & (responses["wave"] == wave)]
            answered = items_wide(responses, instrument, wave).dropna(how="all")
            if answered.empty:
                continue
            asked = _answers(here, instrument, wave, floor)
            joined = {row["item"] for row in asked if row["answer_low"] < row["answer_high"]}
            answer_rows += asked
            for scale in instrument.scales:
                items = answered[list(scale.items)]
                one = Answers(items, scale, confidence, min_n, settings["factor_min_n"], settings["draws"])
                given[scale.id, wave] = one
                scale_rows += [_row(scale, instrument, wave, name, value) for name, value in coefficients(one)]
                scale_rows += _by_language(one, instrument, wave, versions[wave].reindex(answered.index))
                item_rows.append(_items(one, instrument, wave, joined))
        scale_rows += _between_waves(instrument, given, waves)
        scale_rows += _retest(responses, instrument, settings["retest"], confidence, min_n)
    return {
        "scales": pd.DataFrame(scale_rows),
        "item_statistics": pd.concat(item_rows, ignore_index=True) if item_rows else pd.DataFrame(),
        "answers": pd.DataFrame(answer_rows),
    }


def _row(
    scale: Scale,
    instrument: Instrument,
    wave: str,
    name: str,
    value: Statistic,
    language: str = EVERY,
    df: str = "",
    p: float | None = None,
) -> dict[str, Any]:
    published = next((one for one in scale.published if one["statistic"] == PUBLISHED.get(name)), None)
    words = "".join(letter if letter.isalnum() else "_" for letter in name)
    return {
        "scale": scale.id,
        "label": scale.label,
        "instrument_status": instrument.status,
        "wave": wave,
        "language": language,
        "statistic": name,
        "items": len(scale.items),
        "published_low": published["low"] if published else None,
        "published_high": published["high"] if published else None,
        "published_source": published["source"] if published else "",
        "published_reading": compare_with_published(value, published) if published else "",
        **value.row(f"reliability.{scale.id}.{wave}.{language}.{words}"),
        "df": df,
        "p": p,
    }


def compare_with_published(value: Statistic, published: dict[str, Any]) -> str:
    """Say where a published value or range lies beside the interval of a coefficient.

    Parameters
    ----------
    value : Statistic
        The coefficient found.
    published : dict
        ``low`` and ``high``; equal for a single value.

    Returns
    -------
    str
        ``in the interval`` (all of it), ``partly in the interval``, ``above the interval`` or ``below the interval``;
        empty without an interval.
    """
    if value.ci_low is None or value.ci_high is None:
        return ""
    if published["low"] > value.ci_high:
        return "above the interval"
    if published["high"] < value.ci_low:
        return "below the interval"
    inside = value.ci_low <= published["low"] and published["high"] <= value.ci_high
    return "in the interval" if inside else "partly in the interval"


def language_versions(people: pd.DataFrame, complete: pd.DataFrame, min_n: int, floor: int) -> pd.Series:
    """Say which language version each respondent of a wave may be described with.

    Parameters
    ----------
    people : pandas.DataFrame, shape (people, 2)
        ``language`` (empty where the landing sheet tells none) and ``country``.
    complete : pandas.DataFrame of bool, shape (people, scales)
        Who answered every item of a scale.
    min_n : int
        Fewest complete respondents of a version, on every scale.
    floor : int
        Fewest people of a cell.

    Returns
    -------
    pandas.Series of str, length people
        The language; empty for everybody else. Nobody has one when there is one language only.

    Notes
    -----
    All scales of a wave share one grouping, since the people of a version are the same in all of them: a count withheld
    in one scale could be read from another. What is left over, on any scale, is at least the floor, or nobody. Other
    tables count people by country; where a small country is protected there, the languages spoken in it and in the
    country withheld to protect it are left out here, since a language is often a sum of countries.
    """
    import pandas as pd

    version = people["language"].fillna("").astype(object)
    if version.nunique() < 2:
        return version.mask(version != "", "")
    counts = people["country"].value_counts()
    cells = pd.DataFrame({"group": [*counts.index, EVERY], "people": [*counts, len(people)]})
    state = withheld(cells, ("people",), floor, (("group", EVERY),), ("group",))
    hidden = set(people.loc[people["country"].isin(cells.loc[state != "", "group"]), "language"])
    least = complete.groupby(version).sum().min(axis=1)
    small = {name for name, size in least.items() if size < min_n or name in hidden}
    version = version.mask(version.isin(small), "")
    while (version == "").any() and complete[version == ""].sum().min() < floor and (version != "").any():
        smallest = version[version != ""].value_counts().index[-1]
        version = version.mask(version == smallest, "")
    return version


def _versions(
    responses: pd.DataFrame, instruments: dict[str, Instrument], wave: str, min_n: int, floor: int
) -> pd.Series:
    import pandas as pd

    here = responses[responses["wave"] == wave]
    people = here.groupby("person")[["language", "country"]].first()
    complete = {
        scale.id: items_wide(here, instrument, wave).reindex(columns=list(scale.items)).notna().all(axis=1)
        for instrument in instruments.values()
        for scale in instrument.scales
        if (here["instrument"] == instrument.id).any()
    }
    table = pd.DataFrame(complete).reindex(people.index).fillna(False).astype(bool)
    return language_versions(people, table, min_n, floor)


def _by_language(given: Answers, instrument: Instrument, wave: str, version: pd.Series) -> list[dict[str, Any]]:
    """Describe each language version, and test whether their alphas are equal."""
    rows, alphas = [], []
    for language in sorted(set(version) - {""}):
        one = replace(given, items=given.items[version == language])
        for name in ("alpha", "mean inter-item correlation"):
            value = PLAIN[name](one) if len(one.complete) >= given.min_n else one.undefined(name, _too_few(given.min_n))
            value = replace(value, note="; ".join(filter(None, [value.note, DESCRIPTIVE])))
            rows.append(_row(given.scale, instrument, wave, name, value, language))
        if one.alpha.estimate is not None and one.alpha.estimate < 1 - reliability.NEGLIGIBLE:
            alphas.append((one.alpha.estimate, len(one.complete)))
    if len(alphas) > 1:
        values, sizes = zip(*alphas, strict=True)
        test = reliability.equal_alphas_independent(values, sizes, [len(given.scale.items)] * len(values))
        few = "with so few items the test hardly ever finds a difference"
        notes = [test.note, few if len(values) > 2 and len(given.scale.items) < ITEMS_FOR_TEST else "", DESCRIPTIVE]
        value = Statistic(test.statistic, sum(sizes), test.method, note="; ".join(filter(None, notes)))
        name = "equal alphas of the languages"
        rows.append(_row(given.scale, instrument, wave, name, value, df=_degrees(test.df), p=test.p))
    return rows


def _degrees(df: tuple[float, ...]) -> str:
    """Return degrees of freedom as text, with a decimal where they are no whole number."""
    return ", ".join(f"{one:.1f}".removesuffix(".0") for one in df)


def _between_waves(
    instrument: Instrument, given: dict[tuple[str, str], Answers], waves: list[str]
) -> list[dict[str, Any]]:
    """Compare the alphas of the people who answered every item in two successive waves."""
    rows = []
    for scale in instrument.scales:
        there = [wave for wave in waves if (scale.id, wave) in given]
        for before, after in pairwise(there):
            first, second = given[scale.id, before], given[scale.id, after]
            both = first.complete.index.intersection(second.complete.index)
            name = "alpha, change since the wave before"
            if len(both) < first.min_n:
                value = Statistic(None, len(both), name, note=f"undefined: {_too_few(first.min_n)} in both waves")
                rows.append(_row(scale, instrument, after, name, value))
                continue
            one, other = first.complete.loc[both], second.complete.loc[both]
            value = reliability.alpha_difference(one, other, confidence=first.confidence, draws=first.draws, seed=SEED)
            rows.append(_row(scale, instrument, after, name, value))
    return rows


def _retest(
    responses: pd.DataFrame, instrument: Instrument, retest: list[str], confidence: float, min_n: int
) -> list[dict[str, Any]]:
    """Compare the scores of the people measured in both of the waves between which nothing should have changed."""
    if not retest:
        return []
    scores = score(responses[responses["instrument"] == instrument.id], {instrument.id: instrument})
    rows = []
    for scale in instrument.scales:
        wide = scores[scores["scale"] == scale.id].pivot(index="person", columns="wave", values="score")
        wide = wide.reindex(columns=retest).astype("float64").dropna(how="all")
        if wide.dropna().shape[0] < min_n:
            value = Statistic(None, len(wide.dropna()), "test-retest", note=f"undefined: fewer than {min_n} pairs")
            rows.append(_row(scale, instrument, retest[1], "test-retest ICC(A,1)", value))
            continue
        for name, value in icc.retest(wide[retest[0]], wide[retest[1]], confidence=confidence).items():
            rows.append(_row(scale, instrument, retest[1], f"test-retest {name}", value))
    return rows


def _items(given: Answers, instrument: Instrument, wave: str, joined: set[str]) -> pd.DataFrame:
    """Return the item statistics of a scale, without coefficients under the smallest group."""
    import pandas as pd

    columns = ["n", "mean", "sd", "item_total", "item_rest", "alpha_if_deleted", "loading", "note"]
    if len(given.complete) < given.min_n:
        table = pd.DataFrame({"item": list(given.items.columns)})
        table["n"], table["note"] = len(given.complete), f"undefined: {_too_few(given.min_n)}"
        table = table.reindex(columns=["item", *columns])
    else:
        table = reliability.item_statistics(given.rows)
        table["loading"] = _loadings(given)
        # Together with n and the answers that are joined, mean and spread tell how few gave a rare one; also when they
        # are rounded, as trying it showed.
        hidden = table["item"].isin(joined)
        table.loc[hidden, ["mean", "sd"]] = np.nan
        table.loc[hidden, "note"] = [("; ".join(filter(None, [note, LEFT_OUT]))) for note in table.loc[hidden, "note"]]
    reversed_items = ["yes" if item in instrument.reverse else "no" for item in table["item"]]
    about = {"scale": given.scale.id, "label": given.scale.label, "wave": wave}
    return table[["item", *columns]].assign(**about, reversed=reversed_items)


def _loadings(given: Answers) -> np.ndarray | None:
    """Return the standardised loadings on one factor (minres), or nothing where no factor model is fitted."""
    rows = given.rows
    if rows.n < max(given.min_n, given.factor_min_n) or rows.k < 3 or rows.constant.any():
        return None
    return factors.one_factor_minres(rows.correlation)


def _answers(here: pd.DataFrame, instrument: Instrument, wave: str, floor: int) -> list[dict[str, Any]]:
    """Count who gave which answer to the items of an instrument, as asked, with rare neighbouring answers joined."""
    rows = []
    counts = here.groupby(["item", "value"]).size()
    for item in instrument.items:
        found = counts[item] if item in counts.index.get_level_values("item") else {}
        sizes = [int(found.get(value, 0)) for value in instrument.values]
        if not sum(sizes):
            continue
        for first, last in join_small(sizes, floor):
            people = sum(sizes[first : last + 1])
            rows.append(
                {
                    "instrument": instrument.id,
                    "name": instrument.name,
                    "item": item,
                    "reversed": "yes" if item in instrument.reverse else "no",
                    "wave": wave,
                    "answer_low": instrument.values[first],
                    "answer_high": instrument.values[last],
                    "people": people,
                    "of_people": sum(sizes),
                    "percent": 100 * people / sum(sizes),
                    "note": "rare answers joined with their neighbours" if first < last else "",
                }
            )
    return rows
