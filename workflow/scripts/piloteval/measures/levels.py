"""Which level of certification an institution reaches, by a rule that is a file of the configuration.

No threshold stands here: :func:`read_rules` reads them, with what each verdict counts for. A level asks for least
shares of four groups of standards (core, elementary, advanced, all that count for the level in the setting of the
institution) and for facts about the institution. It is reached when it and every level before it are fulfilled, so a
level reached implies all before it.

**Three answers.** Verdicts, core flags and facts can be missing. A level is reached (``yes``) when it is fulfilled
whatever they turn out to be, out of reach (``no``) when it is not fulfilled whatever they are, and ``open`` otherwise.
Both ends are computed: at the worst end every open verdict is not met and every standard that may be core is core
unless it is met, at the best end the other way round. Both ends can occur and every other case lies between them, so
the answer is exact.

**Which verdict is better.** In a group, a standard met adds 1 to the sum s of what is met and 1 to the number d asked
for, one not met adds 0 and 1, one partly met 0, 1/2 or 1 and 1. One not applicable adds 0 and 0 (left out), 1 and 1
(met) or 0 and 1 (not met); of a share of n standards only the first c of the not applicable ones do, c = n times the
percent allowed, rounded down, the others count as not met. Then, in every group and under every treatment, with 0 <= s
<= d:

* not met -> not applicable: nothing changes (counts as not met, or beyond c), or s / d becomes s / (d - 1) or (s + 1)
  / d.
* not applicable -> met: nothing changes (counts as met), or s / (d - 1) becomes (s + 1) / d, which is no less since
  s <= d - 1, or (beyond c, where one of the others takes its place among the first c) s / d becomes (s + 1) / d.
* not met -> partly met -> met: s never falls.

None lowers a share, so not met <= not applicable <= met and not met <= partly met <= met hold under every treatment,
and with them no level falls. A share with d = 0 is open or satisfied by the rule: it lies between one standard not met
and one met. Partly met and not applicable have an order only where one of them counts as met or not met; half against
left out depends on the other standards, and half against met up to c on whether c is exceeded (:func:`no_worse`). A
standard without a verdict lies between not met and met where it leaves a level open, and equals not met where it
counts as that; where it blocks a level, any verdict can raise the level to yes, only met is sure not to lower it, and
not met -> no verdict can lower it: this treatment asks for a verdict, it does not weigh one.

More years of running or of being certified never lower a level. They can end a combination that counts a certificate
held, since certificates run out.
"""

from __future__ import annotations

import datetime
import difflib
import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from piloteval.config import check, read_yaml, schema
from piloteval.errors import ConfigError
from piloteval.measures.verdicts import DISPUTED, MET, NOT_APPLICABLE, NOT_ASSESSED, NOT_MET, PARTLY

if TYPE_CHECKING:
    import pandas as pd

YES, NO, OPEN = "yes", "no", "open"
NO_LEVEL, NOT_CERTIFIED = "no level", "not certified"
SHARES = ("elementary", "advanced", "overall")
GROUPS = ("core", *SHARES)

#: Verdicts as numbers, which are their places here.
VERDICTS = (NOT_MET, PARTLY, NOT_APPLICABLE, MET, NOT_ASSESSED, DISPUTED)
_CODE = {verdict: place for place, verdict in enumerate(VERDICTS)}
_NOT_MET, _PARTLY, _NOT_APPLICABLE, _MET, _NOT_ASSESSED, _DISPUTED = range(6)
_SPOKEN = 4  # the first four are what an auditor can find

#: Disputes of an institution between two verdicts without an order that are settled in every combination.
MOST_FORKS = 8

_APPLICATION = ("site", "track", "level", "running_since", "certified_level", "certified_since")


# --------------------------------------------------------------------------------------------------------------------
# The rule
# --------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Level:
    """A level of a track and what it asks for.

    Attributes
    ----------
    level, label : str
        Id, and the name shown.
    least : dict of str to Fraction
        Least share met of each group (``core``, ``elementary``, ``advanced``, ``overall``), from 0 (asks for none) to
        1.
    running_years, held_years : int
        Full years the programme must have been running, and the institution certified at ``held_level``.
    held_level : int or None
        Place of the earlier level the institution must be certified at.
    """

    level: str
    label: str
    least: dict[str, Fraction]
    running_years: int
    held_level: int | None
    held_years: int


@dataclass(frozen=True)
class Part:
    """One level a combination asks for: ``track``, ``place`` of the level in it, and ``by`` reached, held or either."""

    track: str
    place: int
    by: str


@dataclass(frozen=True)
class Combination:
    """A name for levels reached in several tracks together."""

    name: str
    label: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Rules:
    """The rule file; the words of the treatments are those of ``levels.schema.yaml``.

    Attributes
    ----------
    status, source : str
        ``confirmed`` or ``unconfirmed``, and where the rule comes from.
    rounds : tuple of str
        Rounds whose verdicts decide, the first one first.
    partly_met, partly_met_core, not_applicable, not_applicable_core, not_applicable_beyond : str
        What these verdicts count as.
    not_applicable_most : Fraction
        Most standards of a share that may be not applicable, from 0 to 1.
    not_assessed, disputed, unknown_core, unknown_tier, empty_share : str
        What missing verdicts and facts do.
    valid_years, audit_window_years : int
        Years a certificate is valid, and an audit looks back.
    tracks : dict of str to tuple of Level
        Levels of each track, lowest first.
    combinations : tuple of Combination
        Mastery, and what else is named.
    """

    status: str
    source: str
    rounds: tuple[str, ...]
    partly_met: str
    partly_met_core: str
    not_applicable: str
    not_applicable_core: str
    not_applicable_most: Fraction
    not_applicable_beyond: str
    not_assessed: str
    disputed: str
    unknown_core: str
    unknown_tier: str
    empty_share: str
    valid_years: int
    audit_window_years: int
    tracks: dict[str, tuple[Level, ...]]
    combinations: tuple[Combination, ...]


def read_rules(path: str | Path) -> Rules:
    """Read and check the rule file.

    Parameters
    ----------
    path : str or Path
        A file as ``levels.schema.yaml`` describes it.

    Returns
    -------
    Rules
        Percentages as exact fractions.

    Raises
    ------
    ConfigError
        The file breaks its schema, gives a track, level or combination twice, names one that is not there, or has a
        level that asks for nothing.
    """
    raw = check("levels", read_yaml(path), str(path))
    tracks: dict[str, tuple[Level, ...]] = {}
    for one in raw["tracks"]:
        if one["track"] in tracks:
            raise ConfigError(f"{path}: the track `{one['track']}` is given twice. Keep one of the two.")
        tracks[one["track"]] = _levels(path, one["track"], one["levels"])
    verdicts = dict(raw["verdicts"])
    return Rules(
        status=raw["status"],
        source=raw["source"],
        rounds=tuple(raw["rounds"]),
        not_applicable_most=_exact(verdicts.pop("not_applicable_most_percent")),
        **verdicts,
        **raw["catalogue"],
        **raw["certificate"],
        tracks=tracks,
        combinations=_combinations(path, tracks, raw["combinations"]),
    )


def _exact(percent: float) -> Fraction:
    """Return a percentage as the fraction its figures say; more than six decimals stand for a simple fraction."""
    return (Fraction(str(percent)) / 100).limit_denominator(10**8)


def _levels(path: str | Path, track: str, given: list[dict[str, Any]]) -> tuple[Level, ...]:
    """Return the levels of a track, with the levels they name as places."""
    levels: list[Level] = []
    for one in given:
        earlier, where = [level.level for level in levels], f"{path}: the level `{one['level']}` of `{track}`"
        if one["level"] in earlier:
            raise ConfigError(f"{where} is given twice. Keep one of the two.")
        if one["held_level"] is None and one["held_years"]:
            raise ConfigError(f"{where} has `held_years` without `held_level`. Add the level, or remove the years.")
        if one["held_level"] is not None and one["held_level"] not in earlier:
            raise ConfigError(f"{where}: `held_level` must name a level before it. Correct the name, or the order.")
        level = Level(
            level=one["level"],
            label=one["label"],
            least={group: _exact(one[f"{group}_percent"]) for group in GROUPS},
            running_years=one["running_years"],
            held_level=None if one["held_level"] is None else earlier.index(one["held_level"]),
            held_years=one["held_years"],
        )
        if not any(level.least.values()) and not level.running_years and level.held_level is None:
            raise ConfigError(f"{where} asks for nothing. Give it a percentage above 0.")
        levels.append(level)
    return tuple(levels)


def _combinations(
    path: str | Path, tracks: dict[str, tuple[Level, ...]], given: list[dict[str, Any]]
) -> tuple[Combination, ...]:
    """Return the combinations, with the levels they name as places."""
    found: list[Combination] = []
    for one in given:
        where = f"{path}: the combination `{one['name']}`"
        if one["name"] in [other.name for other in found]:
            raise ConfigError(f"{where} is given twice. Keep one of the two.")
        if one["name"] in schema("standards")["properties"]["track"]["enum"]:
            raise ConfigError(f"{where} bears the name of a track. Rename it.")
        parts = []
        for part in one["requires"]:
            if part["track"] not in tracks:
                raise ConfigError(
                    f"{where} asks for the track `{part['track']}`, which is not in `tracks`. Add it there."
                )
            if part["track"] in [other.track for other in parts]:
                raise ConfigError(f"{where} asks for the track `{part['track']}` twice. Keep one of the two.")
            names = [level.level for level in tracks[part["track"]]]
            if part["level"] not in names:
                raise ConfigError(
                    f"{where} asks for `{part['level']}`, which is no level of `{part['track']}`. "
                    f"{_known(part['level'], names)}"
                )
            parts.append(Part(part["track"], names.index(part["level"]), part["by"]))
        found.append(Combination(one["name"], one["label"], tuple(parts)))
    return tuple(found)


def _known(name: str, names: list[str]) -> str:
    """Say which names there are, or which was probably meant."""
    near = difflib.get_close_matches(name, names, n=1)
    return f"Did you mean `{near[0]}`?" if near else f"Known: {', '.join(names)}."


def no_worse(verdict: str, than: str, rules: Rules) -> bool:
    """Say whether a verdict in the place of another can never lower a level under a rule.

    Parameters
    ----------
    verdict, than : str
        Settled verdicts: met, partly met, not met, not applicable, not assessed, disputed.
    rules : Rules
        What the verdicts count as.

    Returns
    -------
    bool
        A partial order: of two verdicts neither may be no worse than the other. :func:`decide` then gives the same
        level or a higher one, the same or a higher ``possible_level``, and never goes from yes to open or no, or from
        open to no.

    Notes
    -----
    Every verdict lies somewhere between two values, in shares and for core standards: not met 0 to 0, met 1 to 1,
    partly met as it counts, not applicable and open verdicts 0 to 1 unless they count as met (core only) or not met.
    One is no worse where the lower value of the one is at least the upper value of the other, in both.
    """
    return verdict == than or all(
        one[0] >= other[1] for one, other in zip(_positions(verdict, rules), _positions(than, rules), strict=True)
    )


def _positions(verdict: str, rules: Rules) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return between which values a verdict lies, in shares and for core standards."""
    worth = {"not met": (0.0, 0.0), "half": (0.5, 0.5), "met": (1.0, 1.0), "open": (0.0, 1.0), "block": (-1.0, 1.0)}
    if verdict in (NOT_ASSESSED, DISPUTED):
        treated = rules.disputed if verdict == DISPUTED else rules.not_assessed
        return worth[treated], worth[treated]
    if verdict == PARTLY:
        return worth[rules.partly_met], worth[rules.partly_met_core]
    if verdict == NOT_APPLICABLE:  # in a share it counts as met only up to a limit, so its value is not sure
        in_shares = worth["not met"] if rules.not_applicable == "not met" else worth["open"]
        return in_shares, worth.get(rules.not_applicable_core, worth["open"])
    return worth[verdict], worth[verdict]


# --------------------------------------------------------------------------------------------------------------------
# The catalogue, the verdicts and the facts as arrays
# --------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Track:
    """The standards of a track as arrays; S standards, L levels.

    ``core`` (S,) is 0 no, 1 yes, 2 unknown; ``members`` are masks (S,) of the shares; ``counts`` (settings, L, S) says
    which standards count.
    """

    name: str
    levels: tuple[Level, ...]
    standards: list[dict[str, str]]
    core: np.ndarray
    members: dict[str, np.ndarray]
    counts: np.ndarray

    def flags(self, rules: Rules) -> np.ndarray:
        """Return the core flags as the rule takes them; 2 where they stay open."""
        taken = {"open": 2, "core": 1, "not core": 0}[rules.unknown_core]
        return np.where(self.core == 2, taken, self.core)


class _Facts(NamedTuple):
    """What is known of an institution in a track: places of levels (-1 not certified), days; None where unknown."""

    applied: int | None = None
    running: datetime.date | None = None
    certified: int | None = None
    since: datetime.date | None = None


@dataclass(frozen=True)
class _Audited:
    """The N institutions of a track: verdicts and rounds (N, S), settings (N,), and what the facts allow (N, L)."""

    track: _Track
    sites: list[dict[str, str]]
    verdicts: np.ndarray
    rounds: np.ndarray
    settings: np.ndarray
    facts: list[_Facts]
    sure: np.ndarray
    possible: np.ndarray


def _settings() -> list[str]:
    return schema("sites")["properties"]["setting"]["enum"]


def _names(cell: str) -> list[str]:
    """Return the names of a cell of the catalogue, which are separated by commas or semicolons."""
    return [name for name in (part.strip().casefold() for part in re.split(r"[;,]", cell)) if name]


def check_catalogue(standards: Iterable[dict[str, str]], rules: Rules) -> None:
    """Check that the catalogue names only levels and settings that there are.

    Parameters
    ----------
    standards : iterable of dict
        Rows of the catalogue; those of a track the rule does not have are passed over.
    rules : Rules
        The rule.

    Raises
    ------
    ConfigError
        One sentence a standard that names an unknown level or setting.
    """
    faults = []
    for one in standards:
        if one["track"] not in rules.tracks:
            continue
        levels = [level.level for level in rules.tracks[one["track"]]]
        for column, known, what in (
            ("levels", levels, f"level of `{one['track']}`"),
            ("settings", _settings(), "setting"),
        ):
            for name in _names(one[column]):
                if name not in known:
                    faults.append(
                        f"Standard {one['code']}: the column {column} names `{name}`, which is no {what}. "
                        f"{_known(name, known)}"
                    )
    if faults:
        raise ConfigError("\n".join(faults))


def _tracks(standards: list[dict[str, str]], rules: Rules) -> list[_Track]:
    """Return the standards of every track of the rule as arrays."""
    check_catalogue(standards, rules)
    found = []
    for name, levels in rules.tracks.items():
        rows = [one for one in standards if one["track"] == name]
        # A share of one tier holds the standards of unknown tier where the rule says so.
        tiers = np.array(
            [one["tier"] if one["tier"] in SHARES[:2] else rules.unknown_tier for one in rows], dtype=object
        )
        counts = np.zeros((len(_settings()), len(levels), len(rows)), dtype=bool)
        for place, one in enumerate(rows):
            own, where = _names(one["levels"]), _names(one["settings"])
            counts[:, :, place] = np.outer(
                [not where or setting in where for setting in _settings()],
                [not own or level.level in own for level in levels],
            )
        found.append(
            _Track(
                name,
                levels,
                rows,
                np.array([{"no": 0, "yes": 1}.get(one["core"], 2) for one in rows], dtype=int),
                {share: (tiers == share) | (share == "overall") for share in SHARES},
                counts,
            )
        )
    return found


def _audited(
    cells: pd.DataFrame,
    standards: list[dict[str, str]],
    sites: list[dict[str, str]],
    applications: pd.DataFrame,
    rules: Rules,
    on: datetime.date,
) -> list[_Audited]:
    """Lay out verdicts and facts by track; of several rounds the first with a verdict counts.

    ``cells`` has columns ``site, standard, round, verdict``, with a row for each verdict found; several of one round
    that differ are a dispute.
    """
    words = _places(cells["verdict"], VERDICTS)
    if (words < 0).any():
        raise ValueError("a verdict is none of the words of `VERDICTS`")
    applied = _applications(applications)
    found = []
    for track in _tracks(standards, rules):
        here = [one for one in sites if track.name in _names(one["tracks"]) or (one["site"], track.name) in applied]
        rows, columns, ranks = _cells(cells, here, track, rules)
        counted = (rows >= 0) & (columns >= 0) & (ranks >= 0) & (words != _NOT_ASSESSED)
        # A bit a verdict: one bit is a verdict shared, several are a dispute.
        bits = np.zeros((len(here), len(track.standards), len(rules.rounds)), dtype=int)
        np.bitwise_or.at(bits, (rows[counted], columns[counted], ranks[counted]), 1 << words[counted])
        given = bits > 0
        rounds = np.where(given.any(axis=2), given.argmax(axis=2), -1)
        chosen = np.take_along_axis(bits, np.maximum(rounds, 0)[:, :, None], axis=2)[:, :, 0]
        facts = [_facts(track.levels, applied.get((one["site"], track.name), {})) for one in here]
        states = [[_states(known, track.levels, level, on) for level in track.levels] for known in facts]
        shape = (len(here), len(track.levels))
        found.append(
            _Audited(
                track,
                here,
                _verdict_of_bits()[chosen],
                rounds,
                np.array([_settings().index(one["setting"]) for one in here], dtype=int),
                facts,
                np.array([[level <= {YES} for level in one] for one in states], dtype=bool).reshape(shape),
                np.array([[NO not in level for level in one] for one in states], dtype=bool).reshape(shape),
            )
        )
    return found


def _places(column: pd.Series, names: Iterable[str]) -> np.ndarray:
    """Return the places of texts among names, -1 for others."""
    import pandas as pd

    place = {name: at for at, name in enumerate(names)}
    codes, texts = pd.factorize(column)
    return np.array([*(place.get(text, -1) for text in texts), -1])[codes]  # code -1, an empty cell, is the last


def _cells(
    cells: pd.DataFrame, here: list[dict[str, str]], track: _Track, rules: Rules
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the places of site, standard and round of every row, -1 where it is none of them."""
    return (
        _places(cells["site"], [one["site"] for one in here]),
        _places(cells["standard"], [one["code"] for one in track.standards]),
        _places(cells["round"], rules.rounds),
    )


def _verdict_of_bits() -> np.ndarray:
    """Return the settled verdict of every set of verdicts, a bit each."""
    alone = {0: _NOT_ASSESSED, **{1 << code: code for code in range(len(VERDICTS))}}
    return np.array([alone.get(bits, _DISPUTED) for bits in range(1 << len(VERDICTS))], dtype=int)


def _applications(applications: pd.DataFrame) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the rows of the table of applications by site and track."""
    rows = [] if applications.empty else applications[list(_APPLICATION)].to_dict("records")
    by_key = {(row["site"], row["track"]): row for row in rows}
    if len(by_key) < len(rows):
        raise ValueError("an institution has two rows for one track in the table of applications")
    return by_key


def _facts(levels: tuple[Level, ...], row: dict[str, Any]) -> _Facts:
    """Return the facts of a row of the table of applications; what is no level or day is unknown."""
    places = {level.level: place for place, level in enumerate(levels)}
    return _Facts(
        places.get(row.get("level")),
        _day(row.get("running_since")),
        {**places, NOT_CERTIFIED: -1}.get(row.get("certified_level")),
        _day(row.get("certified_since")),
    )


def _day(cell: object) -> datetime.date | None:
    """Return a day written as year-month-day (or any date), or nothing."""
    try:
        return datetime.date.fromisoformat(str(cell)[:10])
    except ValueError:
        return None


def _years_on(day: datetime.date, years: int) -> datetime.date:
    """Return the same day some years on; 29 February becomes 28 February in a year without it."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def _prerequisites(
    facts: _Facts, levels: tuple[Level, ...], level: Level, on: datetime.date
) -> list[tuple[str, str, str]]:
    """Return name, answer (yes, no, open) and words of everything a level asks of the facts."""
    found = []
    if level.running_years:
        state, words = _for_years(facts.running, level.running_years, on)
        found.append(("running_years", state, f"running for {_count(level.running_years, 'year')}: {words}"))
    if level.held_level is not None:
        held = levels[level.held_level].label
        if facts.certified is None:
            state, words = OPEN, "the level certified is not known"
        elif facts.certified < level.held_level:
            state, words = NO, "not certified at it"
        else:
            state, words = _for_years(facts.since, level.held_years, on)
        years = f" for {_count(level.held_years, 'year')}" if level.held_years else ""
        found.append(("held_level", state, f"certified at {held}{years}: {words}"))
    return found


def _states(facts: _Facts, levels: tuple[Level, ...], level: Level, on: datetime.date) -> set[str]:
    """Return the answers to everything a level asks of the facts."""
    return {state for _name, state, _words in _prerequisites(facts, levels, level, on)}


def _for_years(since: datetime.date | None, years: int, on: datetime.date) -> tuple[str, str]:
    """Say whether something has lasted for full years."""
    if not years:
        return YES, "fulfilled"
    if since is None:
        return OPEN, "the day it began is not known"
    return (YES, "fulfilled") if _years_on(since, years) <= on else (NO, f"not before {_years_on(since, years)}")


# --------------------------------------------------------------------------------------------------------------------
# The kernel: cases (rows) by standards (columns)
# --------------------------------------------------------------------------------------------------------------------


def _ends(verdicts: np.ndarray, rules: Rules) -> tuple[np.ndarray, np.ndarray]:
    """Return verdicts with those open at their worst and at their best."""
    best = np.arange(len(VERDICTS))
    best[_NOT_ASSESSED] = _NOT_MET if rules.not_assessed == "not met" else _MET
    best[_DISPUTED] = _NOT_MET if rules.disputed == "not met" else _MET
    return np.where(verdicts >= _SPOKEN, _NOT_MET, verdicts), best[verdicts]


def _core_values(rules: Rules, best: bool) -> np.ndarray:
    """Return what a verdict counts as for a core standard: 1 met, 0 not met, -1 left out."""
    aside = {"open": -1 if best else 0, "left out": -1, "met": 1, "not met": 0}[rules.not_applicable_core]
    return np.array([0, int(rules.partly_met_core == "met"), aside, 1])


def _core(
    verdicts: np.ndarray, counts: np.ndarray, flags: np.ndarray, rules: Rules, best: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return twice the core standards met, and how many are asked for, at one end.

    A standard that may be core helps the share when it is met and harms it when it is not, whatever the others are.
    """
    value = _core_values(rules, best)[verdicts]
    core = counts & ((flags == 1) | ((flags == 2) & (value == int(best))))
    return 2 * (core & (value == 1)).sum(axis=1), (core & (value >= 0)).sum(axis=1)


def _spare(verdicts: np.ndarray, counts: np.ndarray, rules: Rules, best: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return how many standards of a share are not applicable, and how many of them are treated as that."""
    aside = (counts & (verdicts == _NOT_APPLICABLE)).sum(axis=1)
    if best and rules.not_applicable_beyond == "open":
        return aside, aside
    most = rules.not_applicable_most
    return aside, np.minimum(aside, most.numerator * counts.sum(axis=1) // most.denominator)


def _share(verdicts: np.ndarray, counts: np.ndarray, rules: Rules, best: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return twice what is met of a share, and how many standards are asked for, at one end."""
    half = {"not met": 0, "half": 1, "met": 2}[rules.partly_met]
    met = (np.array([0, half, 0, 2])[verdicts] * counts).sum(axis=1)
    asked = counts.sum(axis=1)
    if rules.not_applicable == "not met":
        return met, asked
    _aside, spare = _spare(verdicts, counts, rules, best)
    return (met, asked - spare) if rules.not_applicable == "left out" else (met + 2 * spare, asked)


def _enough(met: np.ndarray, asked: np.ndarray, least: Fraction) -> np.ndarray:
    """Say whether a share is reached, in whole numbers; ``met`` is doubled."""
    return least.denominator * met >= 2 * least.numerator * asked


def _blocked(verdicts: np.ndarray, rules: Rules) -> np.ndarray:
    """Return the verdicts that keep every level open they count for."""
    return ((verdicts == _NOT_ASSESSED) & (rules.not_assessed == "block")) | (
        (verdicts == _DISPUTED) & (rules.disputed == "block")
    )


def _fulfilled(
    track: _Track,
    rules: Rules,
    verdicts: np.ndarray,
    settings: np.ndarray,
    flags: np.ndarray,
    sure: np.ndarray,
    possible: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return which levels, each by itself, are fulfilled whatever comes, and which can be (cases, levels).

    ``verdicts`` are (cases, S), ``flags`` (S,) or (cases, S), ``settings`` (cases,), ``sure`` and ``possible`` what
    the facts allow (cases, levels).
    """
    ends, blocked = _ends(verdicts, rules), _blocked(verdicts, rules)
    answers = sure.copy(), possible.copy()
    for place, level in enumerate(track.levels):
        counts = track.counts[settings, place]
        for best, answer in enumerate(answers):
            now = answer[:, place]
            if level.least["core"]:
                now &= _enough(*_core(ends[best], counts, flags, rules, bool(best)), level.least["core"])
            for share in SHARES:
                if level.least[share]:
                    met, asked = _share(ends[best], counts & track.members[share], rules, bool(best))
                    empty = bool(best) or rules.empty_share == "satisfied"
                    now &= np.where(asked == 0, empty, _enough(met, asked, level.least[share]))
        # Nothing is sure where no standard counts, or while one blocks.
        answers[0][:, place] &= counts.any(axis=1) & ~(blocked & counts).any(axis=1)
    return answers


def _reached(*case: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return :func:`_fulfilled` of every level with all before it."""
    sure, possible = _fulfilled(*case)
    return np.logical_and.accumulate(sure, axis=1), np.logical_and.accumulate(possible, axis=1)


def _standing(here: _Audited, rules: Rules) -> tuple[Any, ...]:
    """Return the institutions as they stand, as a case for :func:`_reached`."""
    return here.track, rules, here.verdicts, here.settings, here.track.flags(rules), here.sure, here.possible


def _answer(sure: bool, possible: bool) -> str:
    return YES if sure else OPEN if possible else NO


def _names_of(track: _Track) -> np.ndarray:
    """Return the names of the levels by how many are reached."""
    return np.array([NO_LEVEL, *(level.level for level in track.levels)], dtype=object)


def _targets(here: _Audited, sure: np.ndarray) -> np.ndarray:
    """Return the place of the level that is decided on: the one applied for, or else the next."""
    upmost = len(here.track.levels) - 1
    following = np.minimum(sure.sum(axis=1), upmost)
    applied = np.array([-1 if one.applied is None else one.applied for one in here.facts], dtype=int)
    return np.where(applied < 0, following, applied)


# --------------------------------------------------------------------------------------------------------------------
# Tables
# --------------------------------------------------------------------------------------------------------------------

# Columns of the tables, in order.
# fmt: off
_COUNTS = [
    "standards", *(f"{group}_{figure}" for group in GROUPS for figure in ("met", "of", "percent", "least", "missing")),
    "core_unknown", "met", "partly_met", "not_met", "not_applicable", "not_assessed", "disputed", "beyond",
    "placeholders", "prerequisites",
]
LADDER = ["site", "track", "place", "level", "label", "reached", "alone", *_COUNTS, "status"]
DECISIONS = [
    "site", "name", "country", "setting", "track", "applied_level", "granted", "level", "possible_level", "next_level",
    "about_level", *_COUNTS, "rounds", "valid_until", "audit_from", "held_until", "status", "note",
]
MISSING = [
    "site", "name", "track", "level", "item", "standard", "short_name", "core", "tier", "verdict", "counts_as",
    "answer", "reason", "catalogue_status", "status",
]
ALTERNATIVES = [
    "site", "track", "standard", "short_name", "about", "supposed", "auditors", "level", "possible_level",
    "asked_level", "answer", "matters", "catalogue_status", "status",
]
SPAN = [
    "site", "track", "asked_level", "answer", "level", "possible_level", "disputed", "lowest_level", "highest_level",
    "worst_answer", "best_answer", "hangs_on", "core_unknown", "lowest_with_flags", "highest_with_flags", "exact",
    "status", "note",
]
# fmt: on
_NUMBERS = {f"{group}_{figure}" for group in GROUPS for figure in ("met", "percent", "least")}
_WHOLE = {"place", "auditors", *_COUNTS} - {"prerequisites", *_NUMBERS}


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _table(rows: list[dict[str, Any]], columns: list[str]) -> pd.DataFrame:
    """Return rows as a table with its columns in order; whole numbers and numbers can be missing."""
    import pandas as pd

    # The kinds as objects: to look each up by its name takes most of the time of a small table.
    whole, number, text = pd.Int64Dtype(), np.dtype(float), pd.StringDtype(na_value=np.nan)
    kinds = {name: whole if name in _WHOLE else number if name in _NUMBERS else text for name in columns}
    return pd.DataFrame({name: pd.array([row.get(name) for row in rows], dtype=kinds[name]) for name in columns})


def _in_order(rows: list[dict[str, Any]], sites: list[dict[str, str]]) -> list[dict[str, Any]]:
    """Return rows in the order of the institutions, and those of one institution in their own."""
    place = {one["site"]: at for at, one in enumerate(sites)}
    return sorted(rows, key=lambda row: place[row["site"]])


def ladder(
    settled: pd.DataFrame,
    standards: list[dict[str, str]],
    sites: list[dict[str, str]],
    applications: pd.DataFrame,
    rules: Rules,
    on: datetime.date,
) -> pd.DataFrame:
    """Show every level of every institution: whether it is reached, and every share with what is asked for.

    Parameters
    ----------
    settled, standards, sites, applications, rules, on
        As for :func:`decide`.

    Returns
    -------
    pandas.DataFrame
        One row a site, track and level, with columns :data:`LADDER`. ``reached`` counts the levels before it,
        ``alone`` does not. Shares are as they stand: verdicts open or disputed are not met, standards of unknown core
        flag are in ``core_unknown`` where the rule leaves them open. ``<group>_met`` counts a standard partly met or
        not applicable as the rule says; ``<group>_missing`` is how many more must be met; ``beyond`` is how many are
        not applicable beyond what the rule allows of all standards.

    Raises
    ------
    ConfigError, ValueError
        As for :func:`decide`.
    """
    rows = _rungs(_audited(settled, standards, sites, applications, rules, on), rules, on)
    return _table(_in_order(rows, sites), LADDER)


def _rungs(audited: list[_Audited], rules: Rules, on: datetime.date) -> list[dict[str, Any]]:
    """Return the rows of :func:`ladder`, by track and level."""
    rows = []
    for here in audited:
        track, flags = here.track, here.track.flags(rules)
        sure, possible = _reached(*_standing(here, rules))
        alone = _fulfilled(*_standing(here, rules))
        worst, _best = _ends(here.verdicts, rules)
        placeholder = np.array([one["status"] == "placeholder" for one in track.standards], dtype=bool)
        for place, level in enumerate(track.levels):
            counts = track.counts[here.settings, place]
            part: dict[str, Any] = {
                "site": [one["site"] for one in here.sites],
                "track": track.name,
                "place": place + 1,
                "level": level.level,
                "label": level.label,
                "reached": [_answer(*pair) for pair in zip(sure[:, place], possible[:, place], strict=True)],
                "alone": [_answer(*pair) for pair in zip(alone[0][:, place], alone[1][:, place], strict=True)],
                "standards": counts.sum(axis=1),
                "core_unknown": (counts & (flags == 2)).sum(axis=1),
                "placeholders": (counts & placeholder).sum(axis=1),
                "prerequisites": [
                    "; ".join(
                        words for _name, state, words in _prerequisites(one, track.levels, level, on) if state != YES
                    )
                    for one in here.facts
                ],
                "status": rules.status,
            }
            for code, verdict in enumerate(VERDICTS):
                part[verdict.replace(" ", "_")] = (counts & (here.verdicts == code)).sum(axis=1)
            aside, spare = _spare(worst, counts, rules, best=False)
            part["beyond"] = aside - spare if rules.not_applicable != "not met" else np.zeros_like(aside)
            for group in GROUPS:
                if group == "core":
                    met, asked = _core(worst, counts, np.where(flags == 1, 1, 0), rules, best=False)
                    ones = 0
                else:
                    within = counts & track.members[group]
                    met, asked = _share(worst, within, rules, best=False)
                    ones = (within & (worst == _PARTLY)).sum(axis=1) if rules.partly_met == "half" else 0
                least = level.least[group]
                part |= {
                    f"{group}_met": met / 2,
                    f"{group}_of": asked,
                    f"{group}_percent": np.where(asked > 0, 50 * met / np.maximum(asked, 1), np.nan),
                    f"{group}_least": float(100 * least),
                    f"{group}_missing": _more(met, asked, ones, least),
                }
            size = len(here.sites)
            filled = [np.broadcast_to(np.asarray(column), (size,)).tolist() for column in part.values()]
            rows += [dict(zip(part, values, strict=True)) for values in zip(*filled, strict=True)]
    return rows


def _more(met: np.ndarray, asked: np.ndarray, halves: np.ndarray | int, least: Fraction) -> np.ndarray:
    """Return the fewest standards that must still be met; ``met`` is doubled, ``halves`` are worth one of the two."""
    short = np.maximum(-(-2 * least.numerator * asked // least.denominator) - met, 0)
    zeros = asked - (met - halves) // 2 - halves
    return np.where(short <= 2 * zeros, -(-short // 2), zeros + short - 2 * zeros)


def decide(
    settled: pd.DataFrame,
    standards: list[dict[str, str]],
    sites: list[dict[str, str]],
    applications: pd.DataFrame,
    rules: Rules,
    on: datetime.date,
) -> pd.DataFrame:
    """Decide the level of every institution in every track, and every combination.

    Parameters
    ----------
    settled : pandas.DataFrame
        One row a site, standard and round: ``site, standard, round, verdict``, as ``certification.settle_audits``
        gives it.
    standards : list of dict
        Rows of the catalogue.
    sites : list of dict
        Rows of the sheet of institutions; a track counts where ``tracks`` names it or an application is there.
    applications : pandas.DataFrame
        One row a site and track: ``site, track, level`` (applied for), ``running_since, certified_level,
        certified_since`` (days as year-month-day; ``not certified`` is a level certified). Empty cells, missing rows
        and an empty table are unknown facts.
    rules : Rules
        The rule.
    on : datetime.date
        Day of the decision.

    Returns
    -------
    pandas.DataFrame
        One row a site and track, and a site and combination (its name stands in ``track``), with columns
        :data:`DECISIONS`. ``level`` is the highest level reached whatever open facts turn out to be,
        ``possible_level`` the highest that is not out of reach. ``granted`` is about the level applied for (of a
        combination: about itself): yes, no or open; open also where nothing is known of an application. Counts and
        shares are those of ``about_level``, the next level or, where all are reached, the last; see :func:`ladder`.

    Raises
    ------
    ConfigError
        The catalogue names a level or setting there is not.
    ValueError
        A verdict is no verdict, or an application is there twice.

    Notes
    -----
    Percentages are compared exactly, in whole numbers. A share counts as in the module's description.
    """
    audited = _audited(settled, standards, sites, applications, rules, on)
    rungs = {(row["site"], row["track"], row["level"]): row for row in _rungs(audited, rules, on)}
    names = {one["site"]: one for one in sites}
    audit_from = _years_on(on, -rules.audit_window_years).isoformat()
    rows: dict[str, list[dict[str, Any]]] = {one["site"]: [] for one in sites}
    standing: dict[tuple[str, str], tuple[np.ndarray, np.ndarray, _Facts]] = {}
    for here in audited:
        levels, ids = here.track.levels, _names_of(here.track)
        sure, possible = _reached(*_standing(here, rules))
        for i, one in enumerate(here.sites):
            facts, reached, can_be = here.facts[i], int(sure[i].sum()), int(possible[i].sum())
            standing[one["site"], here.track.name] = sure[i], possible[i], facts
            about = levels[min(reached, len(levels) - 1)]
            rung = rungs[one["site"], here.track.name, about.level]
            granted = OPEN if facts.applied is None else _answer(sure[i, facts.applied], possible[i, facts.applied])
            certified = facts.since is not None and facts.certified is not None and facts.certified >= 0
            held = _years_on(facts.since, rules.valid_years) if certified else None
            rows[one["site"]].append(
                {
                    "track": here.track.name,
                    "applied_level": "" if facts.applied is None else levels[facts.applied].level,
                    "granted": granted,
                    "level": ids[reached],
                    "possible_level": ids[can_be],
                    "next_level": "" if reached == len(levels) else about.level,
                    "about_level": about.level,
                    **{name: rung[name] for name in _COUNTS},
                    "rounds": ", ".join(name for r, name in enumerate(rules.rounds) if (here.rounds[i] == r).any()),
                    "valid_until": _years_on(on, rules.valid_years).isoformat() if granted == YES else "",
                    "held_until": held.isoformat() if held else "",
                    "note": _note(rung, levels, facts, granted, reached, held if held and held < on else None, rules),
                }
            )
    for one in sites:
        for combination in rules.combinations:
            answer, words = _combined(combination, one["site"], standing, rules, on)
            rows[one["site"]].append(
                {
                    "track": combination.name,
                    "applied_level": "",
                    "granted": answer,
                    "level": combination.name if answer == YES else NO_LEVEL,
                    "possible_level": NO_LEVEL if answer == NO else combination.name,
                    "next_level": "" if answer == YES else combination.name,
                    "about_level": combination.name,
                    "prerequisites": "",
                    "rounds": "",
                    "valid_until": "",
                    "held_until": "",
                    "note": words,
                }
            )
    common = {"audit_from": audit_from, "status": rules.status}
    return _table(
        [
            {"site": site, **{c: names[site][c] for c in ("name", "country", "setting")}, **row, **common}
            for site, own in rows.items()
            for row in own
        ],
        DECISIONS,
    )


def _note(
    rung: dict[str, Any],
    levels: tuple[Level, ...],
    facts: _Facts,
    granted: str,
    reached: int,
    ran_out: datetime.date | None,
    rules: Rules,
) -> str:
    """Say in plain words what was decided, and on what it rests."""
    said = []
    if facts.applied is None:
        said.append("the level applied for is not known")
    else:
        what = {YES: "is reached", NO: "is not reached", OPEN: "cannot be decided yet"}[granted]
        said.append(f"{levels[facts.applied].label} {what}")
    if facts.applied is None or facts.applied != reached - 1:
        said.append(f"level reached: {levels[reached - 1].label if reached else NO_LEVEL}")
    if reached < len(levels):
        level = levels[reached]
        more = [f"{rung[f'{group}_missing']} more {group}" for group in GROUPS[:3] if rung[f"{group}_missing"]]
        if rung["overall_missing"]:
            more.append(f"{rung['overall_missing']} more of all standards")
        if more:
            said.append(f"{level.label} needs {_listed(more)} to be met")
        if rung["prerequisites"]:
            said.append(f"{level.label} needs {rung['prerequisites']}")
        said += [f"no {words} counts for {level.label}" for _share, words in _empty(rung, level)]
    for column, words in (("disputed", "disputed"), ("not_assessed", "not assessed")):
        if rung[column]:
            treated = {"open": "open", "block": "blocking", "not met": "counted as not met"}[getattr(rules, column)]
            said.append(f"{_count(rung[column], 'standard')} {words}, {treated}")
    if rung["beyond"]:
        said.append(f"{_count(rung['beyond'], 'standard')} not applicable beyond what the rule allows")
    if rung["core_unknown"]:
        said.append(f"whether {_count(rung['core_unknown'], 'standard')} {_is(rung['core_unknown'])} core is not known")
    if rung["placeholders"]:
        said.append(f"{rung['placeholders']} of {rung['standards']} standards are placeholders")
    if ran_out:
        said.append(f"the certificate held ran out on {ran_out}")
    if rules.status == "unconfirmed":
        said.append("the rule is not confirmed")
    return "; ".join(said)


def _empty(rung: dict[str, Any], level: Level) -> list[tuple[str, str]]:
    """Return the shares a level asks for that have no standard to count, with the standards they lack in words."""
    if not rung["standards"]:
        return [("overall", "standard")]
    found = [share for share in SHARES if level.least[share] and not rung[f"{share}_of"]]
    return [(share, "applicable standard" if share == "overall" else f"applicable {share} standard") for share in found]


def _is(number: int) -> str:
    return "is" if number == 1 else "are"


def _combined(
    combination: Combination,
    site: str,
    standing: dict[tuple[str, str], tuple[np.ndarray, np.ndarray, _Facts]],
    rules: Rules,
    on: datetime.date,
) -> tuple[str, str]:
    """Return whether an institution has a combination of levels, and the answer for each in words."""
    answers, said = [], []
    for part in combination.parts:
        level = rules.tracks[part.track][part.place].label
        if (site, part.track) not in standing:
            answers.append(NO)
            said.append(f"{level} ({part.track}): the institution does not take part in the track")
            continue
        sure, possible, facts = standing[site, part.track]
        ways = []
        if part.by != "held":
            ways.append(_answer(sure[part.place], possible[part.place]))
        if part.by != "reached":
            ways.append(_held(facts, part.place, rules, on))
        answers.append(YES if YES in ways else OPEN if OPEN in ways else NO)
        words = {YES: "yes", NO: "no", OPEN: "cannot be decided yet"}[answers[-1]]
        said.append(f"{level} ({part.track}) {'reached or held' if part.by == 'either' else part.by}: {words}")
    answer = NO if NO in answers else OPEN if OPEN in answers else YES
    if rules.status == "unconfirmed":
        said.append("the rule is not confirmed")
    return answer, "; ".join(said)


def _held(facts: _Facts, place: int, rules: Rules, on: datetime.date) -> str:
    """Say whether an institution holds a valid certificate of a level or a higher one."""
    if facts.certified is not None and facts.certified < place:
        return NO
    if facts.since is not None and not facts.since <= on <= _years_on(facts.since, rules.valid_years):
        return NO
    return OPEN if facts.certified is None or facts.since is None else YES


def missing(
    settled: pd.DataFrame,
    standards: list[dict[str, str]],
    sites: list[dict[str, str]],
    applications: pd.DataFrame,
    rules: Rules,
    on: datetime.date,
) -> pd.DataFrame:
    """List what stands between every institution and its next level.

    Parameters
    ----------
    settled, standards, sites, applications, rules, on
        As for :func:`decide`.

    Returns
    -------
    pandas.DataFrame
        One row a site, track and standard, prerequisite, or share without a standard to count (``item``; the name of a
        prerequisite or share stands in ``standard``), with columns :data:`MISSING`; no row where every level is
        reached. A standard is listed when it is not fully met and counts in a group that falls short (``counts_as``),
        or blocks the level. ``answer`` is no where it counts as not or partly met, and open where something is not
        known. Of a share not all that are listed need to be met; how many do is in :func:`decide`.

    Raises
    ------
    ConfigError, ValueError
        As for :func:`decide`.
    """
    rows: dict[str, list[dict[str, Any]]] = {one["site"]: [] for one in sites}
    audited = _audited(settled, standards, sites, applications, rules, on)
    rungs = {(row["site"], row["track"], row["level"]): row for row in _rungs(audited, rules, on)}
    for here in audited:
        track, flags = here.track, here.track.flags(rules)
        reached = _reached(*_standing(here, rules))[0].sum(axis=1)
        worst, _best = _ends(here.verdicts, rules)
        halves = {"not met": 0, "half": 1, "met": 2}[rules.partly_met]
        aside_is_met = rules.not_applicable != "not met"
        for place, level in enumerate(track.levels):
            chosen = np.flatnonzero(reached == place)
            verdicts, low = here.verdicts[chosen], worst[chosen]
            counts = track.counts[here.settings[chosen], place]
            blocks = _blocked(verdicts, rules) & counts
            in_way: dict[str, np.ndarray] = {}
            if level.least["core"]:
                short = ~_enough(*_core(low, counts, flags, rules, best=False), level.least["core"])
                value = _core_values(rules, best=False)[low]
                in_way["core"] = counts & (flags > 0) & (value == 0) & short[:, None]
            for share in SHARES:
                if not level.least[share]:
                    continue
                within = counts & track.members[share]
                short = ~_enough(*_share(low, within, rules, best=False), level.least[share])
                aside, spare = _spare(low, within, rules, best=False)
                excused = (low == _NOT_APPLICABLE) & (aside_is_met & (aside == spare))[:, None]
                whole = (low == _MET) | ((low == _PARTLY) & (halves == 2)) | excused
                in_way[share] = within & ~whole & short[:, None]
            listed = np.logical_or.reduce([blocks, *in_way.values()])
            for i, j in np.argwhere(listed):
                one, standard = here.sites[chosen[i]], track.standards[j]
                groups = [group for group, mask in in_way.items() if mask[i, j]]
                open_flag = flags[j] == 2 and groups == ["core"]
                answer, reason = _reason(VERDICTS[verdicts[i, j]], groups, open_flag, rules)
                rows[one["site"]].append(
                    {
                        "site": one["site"],
                        "name": one["name"],
                        "track": track.name,
                        "level": level.level,
                        "item": "standard",
                        "standard": standard["code"],
                        "short_name": standard["short_name"],
                        "core": standard["core"],
                        "tier": standard["tier"] or "unknown",
                        "verdict": VERDICTS[verdicts[i, j]],
                        "counts_as": ", ".join(groups) or "blocks the level",
                        "answer": answer,
                        "reason": reason,
                        "catalogue_status": standard["status"],
                        "status": rules.status,
                    }
                )
            for i in chosen:
                one = here.sites[i]
                others = [
                    ("prerequisite", name, state, words)
                    for name, state, words in _prerequisites(here.facts[i], track.levels, level, on)
                    if state != YES
                ]
                if rules.empty_share == "open" or not counts.any():
                    rung = rungs[one["site"], track.name, level.level]
                    others += [("share", share, OPEN, f"no {words} counts") for share, words in _empty(rung, level)]
                for item, name, answer, words in others:
                    rows[one["site"]].append(
                        {
                            **dict.fromkeys(MISSING, ""),
                            "site": one["site"],
                            "name": one["name"],
                            "track": track.name,
                            "level": level.level,
                            "item": item,
                            "standard": name,
                            "answer": answer,
                            "reason": words,
                            "status": rules.status,
                        }
                    )
    return _table([row for own in rows.values() for row in own], MISSING)


def _reason(verdict: str, groups: list[str], open_flag: bool, rules: Rules) -> tuple[str, str]:
    """Say whether a standard is not met or open, and why it stands in the way."""
    if verdict in (NOT_ASSESSED, DISPUTED):
        treated = rules.disputed if verdict == DISPUTED else rules.not_assessed
        said = "the auditors differ" if verdict == DISPUTED else "there is no verdict"
        answer = NO if treated == "not met" else OPEN
        said += ", which counts as not met" if treated == "not met" else ", which must be settled"
    elif verdict == NOT_APPLICABLE:
        answer = NO
        if groups == ["core"] and rules.not_applicable_core == "open":
            answer, said = OPEN, "not applicable, which has to be confirmed for a core standard"
        elif rules.not_applicable == "not met" or groups == ["core"]:
            said = "not applicable, which counts as not met"
        else:
            answer = OPEN if rules.not_applicable_beyond == "open" else NO
            said = "more standards are not applicable than the rule allows"
    elif verdict == PARTLY:
        half = rules.partly_met == "half" and groups != ["core"]
        answer, said = NO, f"partly met, which counts as {'half' if half else 'not met'}"
    else:
        answer, said = NO, "not met"
    return (OPEN, f"{said}; whether it is core is not known") if open_flag else (answer, said)


# --------------------------------------------------------------------------------------------------------------------
# Sensitivity
# --------------------------------------------------------------------------------------------------------------------


class Sensitivity(NamedTuple):
    """What the levels hang on: ``alternatives`` one by one, and the ``span`` over all combinations."""

    alternatives: pd.DataFrame
    span: pd.DataFrame


@dataclass(frozen=True)
class _Cases:
    """Cases of institutions (C,): verdicts (C, S), and verdicts given to standards in dispute, a bit each (C, S)."""

    sites: np.ndarray
    verdicts: np.ndarray
    given: np.ndarray


def sensitivity(
    audits: pd.DataFrame,
    standards: list[dict[str, str]],
    sites: list[dict[str, str]],
    applications: pd.DataFrame,
    rules: Rules,
    on: datetime.date,
) -> Sensitivity:
    """Show what levels would be with each verdict of auditors who differ, and with core flags that are not known.

    Parameters
    ----------
    audits : pandas.DataFrame
        One row an auditor's verdict: ``site, standard, round, auditor, verdict``.
    standards, sites, applications, rules, on
        As for :func:`decide`.

    Returns
    -------
    Sensitivity
        ``alternatives`` has columns :data:`ALTERNATIVES`: one row a disputed standard and verdict given (``about``
        verdict), with everything else as the rule treats it, and one a standard of unknown core flag and flag supposed
        (``about`` core flag) where the two flags differ in what they lead to. ``matters`` says whether the
        alternatives of the standard differ. ``auditors`` is how many gave the verdict.

        ``span`` has columns :data:`SPAN`: one row a site and track. ``lowest_level`` is reached and ``highest_level``
        is not out of reach at the worst and the best of all combinations of the verdicts given; ``..._with_flags``
        with every unknown core flag either way besides. ``hangs_on`` names the disputed standard that alone decides on
        ``asked_level`` (the level applied for, or the next where that is not known): with one of its verdicts yes,
        with another no, whatever the other disputes come to. There can be one at most.

    Raises
    ------
    ConfigError, ValueError
        As for :func:`decide`.

    Notes
    -----
    The extremes lie at the worst and best verdict given for each standard (:func:`no_worse`); no combination has to be
    tried. Where auditors differ between partly met and not applicable and the rule gives these no order, both are tried
    in all combinations for up to 8 such standards of an institution. Beyond that the limits are those with not met and
    met in their place, which are safe but may be too wide, and ``exact`` is no.
    """
    singles: list[dict[str, Any]] = []
    spans: list[dict[str, Any]] = []
    for here in _audited(audits, standards, sites, applications, rules, on):
        given = _given(audits, here, rules)
        bits = np.zeros(here.verdicts.shape, dtype=int)
        if len(given):
            row, column, word = (given[name].to_numpy() for name in ("row", "column", "word"))
            np.bitwise_or.at(bits, (row, column), 1 << word)
        sure, possible = _reached(*_standing(here, rules))
        target = _targets(here, sure)
        singles += _by_verdict(here, given, target, rules) + _by_flag(here, target, rules)
        spans += _spans(here, given, bits, (sure, possible), target, rules)
    return Sensitivity(_table(_in_order(singles, sites), ALTERNATIVES), _table(_in_order(spans, sites), SPAN))


def _given(audits: pd.DataFrame, here: _Audited, rules: Rules) -> pd.DataFrame:
    """Return the verdicts given to disputed standards in the round that counts: row, column, word, auditors."""
    import pandas as pd

    rows, columns, ranks = _cells(audits, here.sites, here.track, rules)
    words = _places(audits["verdict"], VERDICTS[:_SPOKEN])
    known = (rows >= 0) & (columns >= 0) & (words >= 0)
    rows, columns, ranks, words = (part[known] for part in (rows, columns, ranks, words))
    counted = (here.verdicts[rows, columns] == _DISPUTED) & (here.rounds[rows, columns] == ranks)
    found = pd.DataFrame({"row": rows[counted], "column": columns[counted], "word": words[counted]})
    return found.groupby(["row", "column", "word"], as_index=False).size().rename(columns={"size": "auditors"})


def _case_rows(
    here: _Audited,
    rules: Rules,
    rows: np.ndarray,
    columns: np.ndarray,
    supposed: list[str],
    verdicts: np.ndarray,
    flags: np.ndarray,
    target: np.ndarray,
    **more: Any,
) -> list[dict[str, Any]]:
    """Return one row a case: the level with a verdict or flag supposed."""
    track, names = here.track, _names_of(here.track)
    sure, possible = _reached(track, rules, verdicts, here.settings[rows], flags, here.sure[rows], here.possible[rows])
    at = (np.arange(len(rows)), target[rows])
    return [
        {
            "site": here.sites[i]["site"],
            "track": track.name,
            "standard": track.standards[j]["code"],
            "short_name": track.standards[j]["short_name"],
            "supposed": word,
            "level": level,
            "possible_level": highest,
            "asked_level": track.levels[target[i]].level,
            "answer": _answer(*answer),
            "catalogue_status": track.standards[j]["status"],
            "status": rules.status,
            **{name: values[place] if isinstance(values, np.ndarray) else values for name, values in more.items()},
        }
        for place, (i, j, word, level, highest, answer) in enumerate(
            zip(
                rows,
                columns,
                supposed,
                names[sure.sum(axis=1)],
                names[possible.sum(axis=1)],
                zip(sure[at], possible[at], strict=True),
                strict=True,
            )
        )
    ]


def _differ(rows: list[dict[str, Any]]) -> None:
    """Say of the alternatives of one standard whether they lead to different things."""
    for _key, group in itertools.groupby(rows, key=lambda row: (row["site"], row["standard"])):
        alike = list(group)
        differ = len({(row["level"], row["possible_level"], row["answer"]) for row in alike}) > 1
        for row in alike:
            row["matters"] = YES if differ else NO


def _by_verdict(here: _Audited, given: pd.DataFrame, target: np.ndarray, rules: Rules) -> list[dict[str, Any]]:
    """Return one row a verdict given to a disputed standard."""
    if given.empty:
        return []
    rows, columns, words = (given[name].to_numpy() for name in ("row", "column", "word"))
    verdicts = here.verdicts[rows].copy()
    verdicts[np.arange(len(rows)), columns] = words
    found = _case_rows(
        here,
        rules,
        rows,
        columns,
        [VERDICTS[word] for word in words],
        verdicts,
        here.track.flags(rules),
        target,
        about="verdict",
        auditors=given["auditors"].to_numpy(),
    )
    _differ(found)
    return found


def _by_flag(here: _Audited, target: np.ndarray, rules: Rules) -> list[dict[str, Any]]:
    """Return two rows a standard of unknown core flag that matters, with the flag either way."""
    track = here.track
    asks = np.array([bool(level.least["core"]) for level in track.levels])
    may_be = track.counts[:, asks].any(axis=1) & (track.core == 2)
    rows, columns = np.nonzero(may_be[here.settings])
    if not len(rows):
        return []
    # The cheap question first: whether the flag makes a difference at all. Only those rows are written out.
    outcomes = []
    for flag in (1, 0):
        flags = np.repeat(track.flags(rules)[None, :], len(rows), axis=0)
        flags[np.arange(len(rows)), columns] = flag
        args = (here.verdicts[rows], here.settings[rows], flags, here.sure[rows], here.possible[rows])
        outcomes.append(np.hstack(_reached(track, rules, *args)))
    matter = (outcomes[0] != outcomes[1]).any(axis=1)
    rows, columns = np.repeat(rows[matter], 2), np.repeat(columns[matter], 2)
    flags = np.repeat(track.flags(rules)[None, :], len(rows), axis=0)
    flags[np.arange(len(rows)), columns] = np.tile([1, 0], len(rows) // 2)
    words = ["core", "not core"] * (len(rows) // 2)
    found = _case_rows(
        here, rules, rows, columns, words, here.verdicts[rows], flags, target, about="core flag", auditors=None
    )
    _differ(found)
    return found


def _spans(
    here: _Audited,
    given: pd.DataFrame,
    bits: np.ndarray,
    now: tuple[np.ndarray, np.ndarray],
    target: np.ndarray,
    rules: Rules,
) -> list[dict[str, Any]]:
    """Return one row an institution: the extremes over all disputes, and the one standard it hangs on."""
    track, names = here.track, _names_of(here.track)
    everyone = _Cases(np.arange(len(here.sites)), here.verdicts, bits)
    span = _extremes(here, everyone, track.flags(rules), target, rules)
    with_flags = _extremes(here, everyone, track.core, target, rules)
    hangs_on = _pivots(here, given, bits, target, rules)
    counts = track.counts[here.settings].any(axis=1)
    disputed, unknown = (counts & (here.verdicts == _DISPUTED)).sum(axis=1), (counts & (track.core == 2)).sum(axis=1)
    rows = []
    for i, one in enumerate(here.sites):
        at_worst, at_best = (_answer(span[end][0][i], span[end][1][i]) for end in ("target_worst", "target_best"))
        exact = bool(span["exact"][i] and with_flags["exact"][i])
        label = track.levels[target[i]].label
        if not disputed[i]:
            said = ["no verdict is disputed"]
        elif at_worst == at_best:
            what = {YES: "is reached", NO: "is not reached", OPEN: "stays open"}[at_worst]
            said = [f"{label} {what} with any of the verdicts given"]
        elif i in hangs_on:
            said = [f"{label} hangs on {hangs_on[i]} alone"]
        else:
            said = [f"{label} hangs on disputed verdicts"]
        if not exact:
            said.append("too many disputes without an order; the limits are safe but may be too wide")
        rows.append(
            {
                "site": one["site"],
                "track": track.name,
                "asked_level": track.levels[target[i]].level,
                "answer": _answer(now[0][i, target[i]], now[1][i, target[i]]),
                "level": names[now[0][i].sum()],
                "possible_level": names[now[1][i].sum()],
                "disputed": disputed[i],
                "lowest_level": names[span["lowest"][i]],
                "highest_level": names[span["highest"][i]],
                "worst_answer": at_worst,
                "best_answer": at_best,
                "hangs_on": hangs_on.get(i, ""),
                "core_unknown": unknown[i],
                "lowest_with_flags": names[with_flags["lowest"][i]],
                "highest_with_flags": names[with_flags["highest"][i]],
                "exact": YES if exact else NO,
                "status": rules.status,
                "note": "; ".join(said),
            }
        )
    return rows


def _pivots(here: _Audited, given: pd.DataFrame, bits: np.ndarray, target: np.ndarray, rules: Rules) -> dict[int, str]:
    """Return the standard whose verdict alone decides on the level, by the place of the institution."""
    if given.empty:
        return {}
    rows, columns, words = (given[name].to_numpy() for name in ("row", "column", "word"))
    place = np.arange(len(rows))
    verdicts, others = here.verdicts[rows].copy(), bits[rows].copy()
    verdicts[place, columns], others[place, columns] = words, 0
    found = _extremes(here, _Cases(rows, verdicts, others), here.track.flags(rules), target, rules)
    answers: dict[tuple[int, int], set[str]] = {}
    for i, j, always, never in zip(rows, columns, found["target_worst"][0], ~found["target_best"][1], strict=True):
        answers.setdefault((int(i), int(j)), set()).add(YES if always else NO if never else OPEN)
    return {i: here.track.standards[j]["code"] for (i, j), said in answers.items() if said == {YES, NO}}


def _extremes(here: _Audited, cases: _Cases, flags: np.ndarray, target: np.ndarray, rules: Rules) -> dict[str, Any]:
    """Return levels and answers at the worst and at the best of all combinations of disputed verdicts.

    Returns
    -------
    dict
        ``lowest`` and ``highest`` (C,) number of levels, ``target_worst`` and ``target_best`` each (sure, possible)
        (C,) for the level that is decided on, ``exact`` (C,).
    """
    exact = np.ones(len(cases.sites), dtype=bool)
    found: dict[str, Any] = {}
    for end, options, beyond in zip(("worst", "best"), _options(rules), (_NOT_MET, _MET), strict=True):
        first, second = (np.where(cases.given > 0, options[cases.given, side], cases.verdicts) for side in (0, 1))
        forks = first != second
        many = forks.sum(axis=1) > MOST_FORKS
        exact &= ~many
        first = np.where(forks & many[:, None], beyond, first)
        tried = [(np.arange(len(cases.sites)), first)]
        for case in np.flatnonzero(forks.any(axis=1) & ~many):
            at = np.flatnonzero(forks[case])
            ways = np.array(list(itertools.product((0, 1), repeat=len(at))), dtype=bool)
            block = np.repeat(first[case][None, :], len(ways), axis=0)
            block[:, at] = np.where(ways, second[case, at], first[case, at])
            tried.append((np.full(len(ways), case), block))
        owner = np.concatenate([one for one, _block in tried])
        rows = cases.sites[owner]
        sure, possible = _reached(
            here.track,
            rules,
            np.concatenate([block for _one, block in tried]),
            here.settings[rows],
            flags,
            here.sure[rows],
            here.possible[rows],
        )
        at = (np.arange(len(owner)), target[rows])
        gather = np.minimum if end == "worst" else np.maximum
        parts = [sure.sum(axis=1), possible.sum(axis=1), sure[at].astype(int), possible[at].astype(int)]
        ends = []
        for part in parts:
            most = part[: len(cases.sites)].copy()
            gather.at(most, owner, part)
            ends.append(most)
        found["lowest" if end == "worst" else "highest"] = ends[0] if end == "worst" else ends[1]
        found[f"target_{end}"] = (ends[2].astype(bool), ends[3].astype(bool))
    return {**found, "exact": exact}


def _options(rules: Rules) -> tuple[np.ndarray, np.ndarray]:
    """Return the worst and the best of every set of verdicts (a bit each), two where they have no order (16, 2)."""
    tables = []
    for worst in (True, False):
        table = np.zeros((1 << _SPOKEN, 2), dtype=int)
        for bits in range(1, 1 << _SPOKEN):
            members = [VERDICTS[code] for code in range(_SPOKEN) if bits >> code & 1]

            def beats(one: str, other: str, worst: bool = worst) -> bool:
                low, high = (one, other) if worst else (other, one)
                return no_worse(high, low, rules) and not (
                    no_worse(low, high, rules) and VERDICTS.index(one) > VERDICTS.index(other)
                )

            left = [one for one in members if not any(other != one and beats(other, one) for other in members)]
            table[bits] = [_CODE[left[0]], _CODE[left[-1]]]
        tables.append(table)
    return tables[0], tables[1]
