"""Competences of peer supporters, standard by standard, and the evaluation of their training on four levels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from piloteval.config import Instrument, read_instruments, read_tsv, scales_of
from piloteval.intake.catalogues import read_standards
from piloteval.intake.decisions import read_decisions
from piloteval.intake.gate import open_gate
from piloteval.intake.records import read_records
from piloteval.intake.sheet import from_params, of_kind
from piloteval.measures import prepost
from piloteval.statistic import Statistic

if TYPE_CHECKING:
    import pandas as pd

#: Levels of the evaluation of a training, after Kirkpatrick; the last is of institutions and read from indicators.
LEVELS = ("reaction", "learning", "behaviour", "results")
MEAN, CHANGE = "mean rating", "mean change of the rating"


def rated_standards(instruments: Iterable[Instrument]) -> dict[str, str]:
    """Return the standard each item asks about, as the instruments say it."""
    return {item: standard for one in instruments for item, standard in one.standards.items()}


def ordered(standards: list[dict[str, str]], asked: Iterable[str]) -> list[dict[str, str]]:
    """Return the standards asked about, core ones first, else in the order of the catalogue."""
    wanted = set(asked)
    return sorted((one for one in standards if one["code"] in wanted), key=lambda one: one["core"] != "yes")


def profiles(
    responses: pd.DataFrame,
    instruments: Iterable[Instrument],
    standards: list[dict[str, str]],
    *,
    comparison: list[str],
    waves: list[str],
    registered: bool,
    confidence: float,
    floor: int,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Describe how each competence is rated by cohort and wave, and how the ratings of the same people changed.

    Parameters
    ----------
    responses : pandas.DataFrame
        Answers, one row a person, wave and item: ``person, cohort, wave, item, value``.
    instruments : iterable of Instrument
        Those whose items name a standard are used.
    standards : list of dict
        The catalogue: ``code, section, short_name, core, status``.
    comparison : list of str
        The earlier and the later wave of a change.
    waves : list of str
        All waves with questionnaires, in time order.
    registered : bool
        Whether people are known in both waves; without a register there is no change of the same people.
    confidence : float
        Level of the intervals.
    floor : int
        With fewer people a mean is not told.

    Returns
    -------
    cohorts, people : pandas.DataFrame
        One row a standard, cohort, wave and statistic (the wave is empty for a change): means with t intervals, in
        points of the rating. And the profile of every person, one row a person and standard (restricted).

    Notes
    -----
    These are ratings of oneself: they tell how sure people feel, not what an assessor would see.
    """
    import pandas as pd

    of_item = rated_standards(instruments)
    known = ordered(standards, of_item.values())
    here = responses[responses["item"].isin(of_item)].dropna(subset=["value"])
    here = here.assign(standard=here["item"].map(of_item))
    rated = here.groupby(["person", "cohort", "standard", "wave"], sort=True)["value"].mean().unstack("wave")
    rated = rated.reindex(columns=waves).astype("float64")
    rows: list[dict[str, Any]] = []
    for one in known:
        about = {key: one[key] for key in ("section", "short_name", "core", "status")} | {"standard": one["code"]}
        for cohort, table in rated[rated.index.get_level_values("standard") == one["code"]].groupby("cohort"):
            for wave in waves:
                rows.append(_row(about, cohort, wave, MEAN, _mean(table[wave].dropna(), MEAN, confidence), floor))
            if registered:
                pairs = table[comparison].dropna()
                value = prepost.paired_t(pairs[comparison[0]], pairs[comparison[1]], confidence)
                value = replace(value, n_dropped=len(table) - len(pairs), dropped_reason="not rated in both waves")
                rows.append(_row(about, cohort, "", CHANGE, value, floor))
    columns = ["standard", "section", "short_name", "core", "status", "cohort", "wave", "statistic"]
    place = {one["code"]: number for number, one in enumerate(known)}
    long = rated.reset_index().melt(["person", "cohort", "standard"], list(waves), "wave", "rating")
    long = long.dropna(subset=["rating"]).assign(
        core=lambda table: table["standard"].map({one["code"]: one["core"] for one in known}),
        place=lambda table: table["standard"].map(place),
        time=lambda table: table["wave"].map({wave: number for number, wave in enumerate(waves)}),
    )
    people = long.sort_values(["cohort", "person", "place", "time"])[
        ["person", "cohort", "standard", "core", "wave", "rating"]
    ]
    return (pd.DataFrame(rows) if rows else pd.DataFrame(columns=columns)), people


def run(
    scores: pd.DataFrame,
    responses: pd.DataFrame,
    *,
    sources: list[dict[str, Any]],
    standards: list[str],
    instruments: list[str],
    sites: list[str],
    evaluation: dict[str, Any],
    comparison: list[str],
    waves: list[str],
    registered: bool,
    confidence: float,
    floor: int,
) -> dict[str, pd.DataFrame]:
    """Read catalogue, instruments and indicators and return the tables of rule ``profile_competences``.

    The indicators are read here as in ``assess_certification``, which accounts for their rows.
    """
    known = read_instruments(instruments)
    places = [one["site"] for one in read_tsv(sites[0], "sites")] if sites else []
    files = from_params(sources)
    found = read_records(
        "indicator",
        of_kind(files, "indicator"),
        {"sites": places},
        decisions=read_decisions(files),
        gate=open_gate(files),
    ).table()
    levels = {name: evaluation[name] for name in LEVELS}
    about = {"waves": waves, "confidence": confidence, "floor": floor}
    catalogue = read_standards(standards)
    cohorts, people = profiles(
        responses, known.values(), catalogue, comparison=comparison, registered=registered, **about
    )
    labels = {scale.id: scale.label for scale in scales_of(known).values()}
    evaluated = training(scores, found, labels, evaluation=levels, cohort=evaluation["cohort"], **about)
    return {"competences": cohorts, "training": evaluated, "profiles": people}


def _mean(values: pd.Series, method: str, confidence: float) -> Statistic:
    """Return the mean with its t interval."""
    from scipy import special

    n = len(values)
    if n < 2:
        return Statistic(None, n, method, note="undefined: fewer than 2 people")
    half = special.stdtrit(n - 1, (1 + confidence) / 2) * values.std(ddof=1) / n**0.5
    mean = float(values.mean())
    return Statistic(mean, n, method, mean - half, mean + half, f"t interval, {100 * confidence:g} %")


def _row(about: dict[str, str], cohort: object, wave: str, name: str, value: Statistic, floor: int) -> dict[str, Any]:
    if 0 < value.n < floor:
        value = Statistic(None, value.n, value.method, note=f"withheld: fewer than {floor} people")
    if not value.n_dropped:
        value = replace(value, dropped_reason="")
    kind = "change" if name == CHANGE else f"mean.{wave}"
    keys = {**about, "cohort": str(cohort), "wave": wave, "statistic": name}
    return {**keys, **value.row(f"certification.competence.{about['standard']}.{cohort}.{kind}")}


def training(
    scores: pd.DataFrame,
    indicators: pd.DataFrame,
    labels: dict[str, str],
    *,
    evaluation: dict[str, list[str]],
    cohort: str,
    waves: list[str],
    confidence: float,
    floor: int,
) -> pd.DataFrame:
    """Describe what is known of a training on each of the four levels of its evaluation.

    Parameters
    ----------
    scores : pandas.DataFrame
        Scale scores, one row a person, wave and scale.
    indicators : pandas.DataFrame
        Indicators of institutions: ``site, period, indicator, value``.
    labels : dict of str to str
        Names of the scales.
    evaluation : dict of str to list of str
        By level, the scales that tell of it; for ``results`` the indicators.
    cohort : str
        Those who were trained; everybody when empty.
    waves : list of str
        Waves with questionnaires, in time order.
    confidence : float
        Level of the intervals.
    floor : int
        With fewer people a mean is not told.

    Returns
    -------
    pandas.DataFrame
        One row a level, measure and wave (or period); a level without data has one row that says so.

    References
    ----------
    Kirkpatrick & Kirkpatrick (2006), Evaluating Training Programs: The Four Levels, 3rd ed., Berrett-Koehler.
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    trained = scores[scores["cohort"] == cohort] if cohort else scores
    for level in LEVELS:
        found: list[tuple[str, str, str, Statistic]] = []
        for name in evaluation.get(level, []):
            if level == "results":
                for period, group in indicators[indicators["indicator"] == name].groupby("period", sort=True):
                    value = _mean(group["value"].dropna(), "mean over institutions", confidence)
                    found.append((name, name.replace("_", " "), str(period), value))
                continue
            for wave in waves:
                values = trained.loc[(trained["scale"] == name) & (trained["wave"] == wave), "score"].dropna()
                value = _mean(values, "mean score", confidence)
                if 0 < value.n < floor:
                    value = Statistic(None, value.n, value.method, note=f"withheld: fewer than {floor} people")
                found.append((name, labels.get(name, name), wave, value))
        for measure, label, when, value in found:
            keys = {"level": level, "measure": measure, "label": label, "when": when}
            rows.append({**keys, **value.row(f"certification.training.{level}.{measure}.{when}")})
        if not found:
            nothing = Statistic(None, 0, "none", note="undefined: this pilot has no data for this level")
            keys = {"level": level, "measure": "", "label": "", "when": ""}
            rows.append({**keys, **nothing.row(f"certification.training.{level}")})
    return pd.DataFrame(rows)
