"""Code by case: who speaks of what, counted in people and by group, and which codes come up together.

A person counts once, however often a thing is said and in however many interviews. Functions that count codes take
final codes or suggestions, a row a sentence and code.

What is told of people is told of enough of them: a part of the people and its rest are both no smaller than the floor
of the tier, for 98 % says as much as 2 %. This holds for the people with a code or theme, for those with a theme but
not a code of it, and for what follows from groups, themes and pairs taken together.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from piloteval import tiers
from piloteval.measures.agreement import proportion
from piloteval.measures.cooccurrence import (
    NEGLIGIBLE,
    NONE,
    Chance,
    c_coefficient,
    chance_of_shifts,
    chance_of_units,
    near,
    overlap_coefficient,
    pairs,
    shifted_together,
)
from piloteval.measures.prepost import adjust
from piloteval.qualitative.codebook import STOP
from piloteval.statistic import in_percent

if TYPE_CHECKING:
    import pandas as pd

    from piloteval.qualitative.codebook import Codebook

ALL = "all"
CODE, THEME = "code", "theme"

#: What people are grouped by, in the order in which dimensions are kept when two tell the same.
BY = ("cohort", "role", "setting", "country", "wave", "language")
UNKNOWN = "not known"
OTHER = "other"

#: Most groups that are named one by one when they are put together.
NAMED = 3

#: Row of the dimensions for interviews in languages in which the dictionary cannot find anything.
WITHOUT_CUES = "without cues"

SENTENCE, PERSON = "sentence", "person"

#: What is told of two codes that come together more or less often than by chance.
MORE, LESS = "more often", "less often"

#: Decimals of shares of sentences that are shown.
DECIMALS = 2

CASE_COLUMNS = ["interview", "kind", "code", "name", "theme", "present", "sentences"]
MATRIX_COLUMNS = [
    *("kind", "code", "name", "theme", "by", "group", "people", "of_people"),
    *("percent", "ci_low", "ci_high", "ci_method", "note"),
]
PAIR_COLUMNS = [
    *("kind", "unit", "code_1", "name_1", "code_2", "name_2", "verdict", "c", "overlap"),
    *("band_low", "band_high", "band_method", "p_adjusted", "p_method", "compared", "note"),
]
MEASURED_COLUMNS = [
    *("kind", "unit", "code_1", "name_1", "code_2", "name_2", "verdict"),
    *("people", "alone_1", "alone_2", "wider", "both", "first", "second", "c", "overlap"),
    *("band_low", "band_high", "band_method", "p", "p_adjusted", "p_method", "note"),
]


# People


def people_of(interviews: pd.DataFrame) -> pd.Series:
    """Return the person of every interview.

    Parameters
    ----------
    interviews : pandas.DataFrame, shape (interviews, columns)
        ``interview`` and ``person``; where ``person`` is empty, the interview stands for one of its own.

    Returns
    -------
    pandas.Series of str
        Person by interview.
    """
    person = interviews["person"].fillna("").astype(str).to_numpy()
    ids = interviews["interview"].astype(str).to_numpy()
    # A stand-in is marked, so that an interview is never taken for a person who happens to have its id.
    named = [one or f"interview {name}" for one, name in zip(person, ids, strict=True)]
    return _series(named, ids)


def _series(values: Sequence[Any], index: Sequence[Any]) -> pd.Series:
    import pandas as pd

    return pd.Series(list(values), index=pd.Index(list(index), dtype=object), dtype=object)


def groups_of(
    interviews: pd.DataFrame, by: Sequence[str] = BY, fewest: int = 5, apart: int | None = None
) -> tuple[dict[str, pd.Series], pd.DataFrame]:
    """Group the people who were asked so that no group is small and no two groupings tell a small one together.

    Parameters
    ----------
    interviews : pandas.DataFrame, shape (interviews, columns)
        Interviews that count, with a column for each way to group; columns that are not there are passed over.
    by : sequence of str
        Columns to group by; of two that tell the same, the first stays.
    fewest : int
        Fewest people in a group.
    apart : int, optional
        Fewest people by whom groups of two dimensions must differ; ``fewest`` if not given.

    Returns
    -------
    groups : dict of str to pandas.Series
        Group by person for every dimension that is used.
    dimensions : pandas.DataFrame
        ``by, shown, groups, note``: every dimension, whether it is used, the names of its groups, and why not.

    Notes
    -----
    Everybody is in exactly one group of a dimension, so groups add up: whoever has several values (an interview in each
    of two waves) is in the group named by all of them. Groups under the limit are put together, with the next smallest
    one when they are still too few. A dimension with fewer than two groups is left out. So is one that nearly repeats
    another: when groups A of one and B of the other, both put together, differ by fewer people than the limit, the
    difference of what is told of them is about these few.
    """
    import pandas as pd

    apart = fewest if apart is None else apart
    people = people_of(interviews)
    groups: dict[str, pd.Series] = {}
    rows = []
    for name in by:
        if name not in interviews:
            continue
        found = _merged(_values(people, interviews[name]), fewest)
        said = sorted(set(found))
        # Without a floor nothing is withheld, and there is nothing to work out.
        twin = next((one for one, other in groups.items() if apart > 1 and _entangled(found, other, apart)), "")
        note = ""
        if said == [UNKNOWN]:
            note = "left out: it is not known of anybody"
        elif len(said) < 2:
            note = "left out: everybody is in one group, or too few are in a second"
        elif twin:
            note = f"left out: its groups and those by {twin} differ by a few people"
        else:
            groups[name] = found
        rows.append(
            {"by": name, "shown": "no" if note else "yes", "groups": "" if note else "; ".join(said), "note": note}
        )
    return groups, pd.DataFrame(rows, columns=["by", "shown", "groups", "note"])


def _values(people: pd.Series, values: pd.Series) -> pd.Series:
    """Return the value of each person; several are joined."""
    told: dict[str, set[str]] = {}
    for person, value in zip(people, values.fillna("").astype(str), strict=True):
        told.setdefault(person, set()).update([value] if value else [])
    ordered = sorted(told)
    return _series([" + ".join(sorted(told[one])) or UNKNOWN for one in ordered], ordered)


def _merged(groups: pd.Series, fewest: int) -> pd.Series:
    """Put groups with too few people together."""
    sizes = groups.value_counts()
    smallest_first = sorted(sizes.index, key=lambda name: (sizes[name], name))
    small = [name for name in smallest_first if sizes[name] < fewest]
    for name in smallest_first[len(small) :]:
        if not small or sum(sizes[one] for one in small) >= fewest:
            break
        small.append(name)
    if len(small) < 2:
        return groups
    together = " + ".join(sorted(small)) if len(small) <= NAMED else OTHER
    if together in set(groups) - set(small):  # a group of the study that has this very name
        together = f"{together} ({len(small)} groups)"
    return groups.where(~groups.isin(small), together)


def _entangled(groups: pd.Series, others: pd.Series, fewest: int) -> bool:
    """Whether some groups of one and some of the other, put together, are the same people but for too few."""
    import pandas as pd

    table = pd.crosstab(groups, others.reindex(groups.index)).to_numpy()
    table = table if len(table) <= table.shape[1] else table.T
    sizes = table.sum(axis=0)
    if len(table) > 16:  # more subsets than can be tried, and more groups than any pilot has
        return True
    for number in range(1, 2 ** len(table) - 1):
        inside = table[[bool(number >> row & 1) for row in range(len(table))]].sum(axis=0)
        # The best match takes each group of the other that lies mostly inside; what is cut off on both sides differs.
        if np.minimum(inside, sizes - inside).sum() < fewest:
            return True
    return False


# Code by case


@dataclass(frozen=True)
class _Items:
    """Codes and themes with their names, in the order of the codebook, and how their presence is counted."""

    kinds: list[str]
    codes: list[str]
    names: list[str]
    themes: list[str]

    def __len__(self) -> int:
        return len(self.codes)

    def families(self) -> list[tuple[int, list[int]]]:
        """Return the place of every theme with those of its codes."""
        places = range(len(self))
        return [
            (theme, [code for code in places if self.kinds[code] == CODE and self.themes[code] == self.codes[theme]])
            for theme in places
            if self.kinds[theme] == THEME
        ]


def _items(codebook: Codebook) -> _Items:
    rows = [(CODE, one.code, one.name, one.theme) for one in codebook.codes.values()]
    rows += [(THEME, theme, name, theme) for theme, name in codebook.themes.items()]
    return _Items(*map(list, zip(*rows, strict=True))) if rows else _Items([], [], [], [])


def _marks(codes: pd.DataFrame, heard: Iterable[str], codebook: Codebook) -> pd.DataFrame:
    """Return every sentence and item once, of the interviews that are heard: ``interview, segment, item``."""
    import pandas as pd

    items = _items(codebook)
    places = {(kind, code): place for place, (kind, code) in enumerate(zip(items.kinds, items.codes, strict=True))}
    known = codes[codes["interview"].isin(set(heard)) & codes["code"].isin(set(codebook.codes))]
    theme = known["code"].map({one.code: one.theme for one in codebook.codes.values()})
    parts = [
        known[["interview", "segment"]].assign(item=[places[kind, one] for one in which])
        for kind, which in ((CODE, known["code"]), (THEME, theme))
    ]
    return pd.concat(parts).drop_duplicates(ignore_index=True)


def _counted(marks: pd.DataFrame, rows: Sequence[str], row_of: pd.Series, items: int) -> np.ndarray:
    """Count sentences by row (interview or person) and item."""
    place = {name: number for number, name in enumerate(rows)}
    counts = np.zeros((len(rows), items), dtype=int)
    at = marks["interview"].map(row_of).map(place).to_numpy(dtype=int)
    np.add.at(counts, (at, marks["item"].to_numpy(dtype=int)), 1)
    return counts


def by_case(codes: pd.DataFrame, interviews: pd.DataFrame, codebook: Codebook) -> pd.DataFrame:
    """Tell for every interview and code whether it comes up (0 or 1) and in how many sentences.

    Parameters
    ----------
    codes : pandas.DataFrame, shape (sentences coded, columns)
        ``interview, segment, code``. Interviews that are not listed and codes that are not in the codebook do not
        count; a sentence counts once.
    interviews : pandas.DataFrame, shape (interviews, columns)
        Interviews that count.
    codebook : Codebook
        Codes and themes, in the order shown.

    Returns
    -------
    pandas.DataFrame, shape (interviews * (codes + themes), 7)
        ``interview, kind, code, name, theme, present, sentences``; of a theme, ``code`` is the theme. A row is about a
        person: the table is restricted.
    """
    import pandas as pd

    items, names = _items(codebook), interviews["interview"].astype(str).tolist()
    counts = _counted(_marks(codes, names, codebook), names, _series(names, names), len(items))
    table = pd.DataFrame(
        {
            "interview": np.repeat(np.array(names, dtype=object), len(items)),
            **{
                column: values * len(names)
                for column, values in (
                    ("kind", items.kinds),
                    ("code", items.codes),
                    ("name", items.names),
                    ("theme", items.themes),
                )
            },
            "present": (counts > 0).astype(int).ravel(),
            "sentences": counts.ravel(),
        }
    )
    return table[CASE_COLUMNS]


def wide(cases: pd.DataFrame, kind: str = CODE, values: str = "present") -> pd.DataFrame:
    """Return the code by case matrix of :func:`by_case`, a row an interview and a column a code, for other programs.

    Parameters
    ----------
    cases : pandas.DataFrame
        The long table.
    kind : {'code', 'theme'}
        What the columns are.
    values : {'present', 'sentences'}
        What the cells hold.
    """
    here = cases[cases["kind"] == kind]
    rows, columns = (list(dict.fromkeys(here[name])) for name in ("interview", "code"))
    return here.pivot(index="interview", columns="code", values=values).reindex(index=rows, columns=columns)


def cue_languages(codebook: Codebook) -> set[str]:
    """Return the languages in which the dictionary can find something: those with a cue that is no stop cue."""
    return {
        language
        for code in codebook.codes.values()
        for language in {**code.cues, **code.rules}
        if any(cue.kind != STOP for cue in code.every_cue(language))
    }


def heard(
    interviews: pd.DataFrame, languages: Collection[str] | None, fewest: int = 5
) -> tuple[pd.DataFrame, dict[str, str] | None]:
    """Return the interviews in which codes could be found, so that nobody counts as silent who could not be heard.

    Parameters
    ----------
    interviews : pandas.DataFrame, shape (interviews, columns)
        ``interview``, ``person`` and, if languages are given, ``language``.
    languages : collection of str or None
        Languages in which codes can be found, for the dictionary those of :func:`cue_languages`; ``None`` for all.
    fewest : int
        Fewest people who are left out: of fewer, the difference to all who were asked would tell their number.

    Returns
    -------
    interviews : pandas.DataFrame
        Interviews that count as asked.
    remark : dict of str to str or None
        A row of the dimensions, see :func:`groups_of`, that says what was left out, or that few people are in who
        cannot be heard; none where everybody can.
    """
    if languages is None:
        return interviews, None
    deaf = ~interviews["language"].astype(str).isin(set(languages))
    if not deaf.any():
        return interviews, None
    if people_of(interviews[deaf]).nunique() < fewest:
        note = "interviews of a few people in a language without any cue count as asked and silent"
        return interviews, {"by": WITHOUT_CUES, "shown": "yes", "groups": "", "note": note}
    names = sorted(set(interviews.loc[deaf, "language"].fillna("").astype(str)) - {""})
    names = names if len(names) <= NAMED else []
    note = "left out: interviews in a language without any cue, in which the dictionary cannot find anything"
    return interviews[~deaf], {"by": WITHOUT_CUES, "shown": "no", "groups": "; ".join(names), "note": note}


def summarise(
    codes: pd.DataFrame,
    interviews: pd.DataFrame,
    codebook: Codebook,
    *,
    by: Sequence[str] = BY,
    fewest: int = 5,
    confidence: float = 0.95,
    languages: Collection[str] | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Count the people who speak of each code and theme, in all and by group.

    Parameters
    ----------
    codes, interviews, codebook
        As in :func:`by_case`; ``interviews`` also has ``person`` and the columns to group by. Everybody in it was
        asked.
    by : sequence of str
        See :func:`groups_of`.
    fewest : int
        Floor of the tier; 1 for a table in which nothing is withheld. A group has at least twice as many people: of
        fewer, nothing could be told, since a part or its rest is always under the floor.
    confidence : float
        Level of the Wilson intervals.
    languages : collection of str or None
        See :func:`heard`.

    Returns
    -------
    matrix : pandas.DataFrame
        One row a code or theme and group. ``people`` counts persons with at least one such sentence, ``of_people``
        those asked. Every dimension has a row ``all``, the total of its groups; the rows of ``by`` = ``all`` are the
        same totals once more. Sentences are not counted: those of a theme less those of its codes would tell of single
        people.
    dimensions : pandas.DataFrame
        What people are grouped by, and what was left out and why; a row ``without cues`` is about languages.

    Notes
    -----
    The interval is about the people asked as a sample of such people. Who was asked was chosen on purpose, so that it
    tells how much a share among so few can mean, and no more.
    """
    import pandas as pd

    interviews, remark = heard(interviews, languages, fewest)
    items = _items(codebook)
    person = people_of(interviews)
    people = sorted(set(person))
    spoken = _counted(_marks(codes, person.index, codebook), people, person, len(items)) > 0
    groups, dimensions = groups_of(interviews, by, fewest if fewest <= 1 else 2 * fewest, fewest)
    if remark:
        dimensions = pd.concat([dimensions, pd.DataFrame([remark])], ignore_index=True)
    cells = _Cells.of({name: one.reindex(people).to_numpy() for name, one in groups.items()}, len(people))
    counts = spoken.T.astype(int) @ cells.inside.T
    hidden = withhold(counts, cells, items.families(), fewest)
    rows = []
    for place in range(len(items)):
        about = {
            "kind": items.kinds[place],
            "code": items.codes[place],
            "name": items.names[place],
            "theme": items.themes[place],
        }
        for name, group, cell in cells.rows():
            count, of = int(counts[place, cell]), int(cells.sizes[cell])
            told = {"people": None, "of_people": of, "percent": None, "ci_low": None, "ci_high": None}
            share = in_percent(proportion(count, of, confidence=confidence))
            if not hidden[place, cell]:
                told |= {"people": count, "percent": share.estimate, "ci_low": share.ci_low, "ci_high": share.ci_high}
            note = tiers.WITHHELD.format(floor=fewest) if hidden[place, cell] else share.note
            rows.append({**about, "by": name, "group": group, **told, "ci_method": share.ci_method, "note": note})
    table = pd.DataFrame(rows, columns=MATRIX_COLUMNS)
    numbers = dict.fromkeys(("percent", "ci_low", "ci_high"), float)
    return table.astype({"people": "Int64", "of_people": "Int64", **numbers}), dimensions


# What may be told of people


@dataclass(frozen=True)
class _Cells:
    """Everybody, and the groups of every dimension."""

    #: Dimension and group of every cell; the first is everybody.
    names: list[tuple[str, str]]
    #: Whether each cell has each person.
    inside: np.ndarray

    @classmethod
    def of(cls, groups: dict[str, np.ndarray], people: int) -> _Cells:
        """Return the cells of groups by person."""
        names, inside = [(ALL, ALL)], [np.ones(people, dtype=int)]
        for by, mine in groups.items():
            for group in sorted(set(mine)):
                names.append((by, group))
                inside.append((mine == group).astype(int))
        return cls(names, np.array(inside))

    @property
    def sizes(self) -> np.ndarray:
        """People in each cell."""
        return self.inside.sum(axis=1)

    @property
    def lines(self) -> dict[str, list[int]]:
        """Cells of each dimension; they add up to everybody."""
        found: dict[str, list[int]] = {}
        for cell, (by, _group) in enumerate(self.names[1:], 1):
            found.setdefault(by, []).append(cell)
        return found

    def rows(self) -> Iterator[tuple[str, str, int]]:
        """Yield dimension, group and cell of every row of the table: each dimension has a row of its total."""
        yield ALL, ALL, 0
        for by, line in self.lines.items():
            yield by, ALL, 0
            yield from ((by, self.names[cell][1], cell) for cell in line)


def withhold(counts: np.ndarray, cells: _Cells, families: Sequence[tuple[int, list[int]]], fewest: int) -> np.ndarray:
    """Tell which counts of people must not be told, since they tell of few people by themselves or taken together.

    Parameters
    ----------
    counts : array of int, shape (items, cells)
        People with each code or theme among everybody and in each group.
    cells : _Cells
        Everybody and the groups.
    families : sequence of (int, list of int)
        Every theme with its codes, as places of items.
    fewest : int
        Floor of the tier; up to 1 everything is told.

    Returns
    -------
    array of bool, shape (items, cells)

    Notes
    -----
    A count is withheld when it, or those who were asked less it, are under the floor. The same holds for what follows
    from several counts:

    - the groups of a dimension and everybody: a single withheld group, or several that together are under the floor or
      all but so many, follow from the others, so that another is withheld; without the total, no group is told;
    - a theme and a code of it: when those with the theme but without the code are under the floor, the code is
      withheld. That nobody is among them is not told either, unless it is the only code of the theme: of everybody who
      is known to have spoken of the theme it would be known what they said;
    - a theme and all codes of it: the codes added up, less the theme, tell how many have several; when so few that not
      even the floor of people can have all codes, the smallest code is withheld;
    - of a theme and its codes, one withheld count would nearly follow from the others, so that a second is withheld;
    - the groups of two dimensions: where it follows from them that few, or all but few, of the people who are in a
      group of the one and in a group of the other have the code, or the theme without the code, the groups of the later
      dimension are withheld.
    """
    if fewest <= 1:
        return np.zeros(counts.shape, dtype=bool)
    small = np.minimum(counts, cells.sizes - counts)  # the part or the rest, whichever is smaller
    hidden, seen = small < fewest, -1
    while hidden.sum() > seen:
        seen = hidden.sum()
        for theme, codes in families:
            _close_family(theme, codes, counts, small, hidden, fewest)
        for item in range(len(counts)):
            for line in cells.lines.values():
                _close_line(line, counts[item], cells.sizes, small[item], hidden[item], fewest)
        if hidden.sum() == seen:
            for theme, codes in families:
                for item in (theme, *codes):
                    _close_crossing(theme, item, counts, cells, hidden, fewest)
    return hidden


def _close_line(
    line: list[int], counts: np.ndarray, sizes: np.ndarray, small: np.ndarray, hidden: np.ndarray, fewest: int
) -> None:
    """Withhold groups of a dimension until no withheld one follows from the others and the total."""
    if hidden[0]:
        hidden[line] = True
    while True:
        left, shown = [cell for cell in line if hidden[cell]], [cell for cell in line if not hidden[cell]]
        together = counts[left].sum(), (sizes - counts)[left].sum()
        if not left or not shown or (len(left) > 1 and min(together) >= fewest):
            return
        hidden[min(shown, key=lambda cell: small[cell])] = True


def _close_family(
    theme: int, codes: list[int], counts: np.ndarray, small: np.ndarray, hidden: np.ndarray, fewest: int
) -> None:
    """Withhold codes that are nearly their theme or hardly overlap, and a second count where only one is withheld."""
    every, smallest = [theme, *codes], (len(codes) - 1) * fewest
    if len(codes) > 1:
        hidden[codes] |= ~hidden[theme] & (counts[theme] - counts[codes] < fewest)
        for cell in np.flatnonzero(~hidden[every].any(axis=0) & (counts[codes].sum(axis=0) - counts[theme] < smallest)):
            hidden[min(codes, key=lambda item: small[item, cell]), cell] = True
    for cell in np.flatnonzero(hidden[every].sum(axis=0) == 1) if codes else ():
        left = [item for item in codes if not hidden[item, cell]] or [theme]
        hidden[min(left, key=lambda item: small[item, cell]), cell] = True


def _close_crossing(theme: int, item: int, counts: np.ndarray, cells: _Cells, hidden: np.ndarray, fewest: int) -> None:
    """Withhold later dimensions of a code, or of a theme, while two tell of few who are in a group of each.

    The kinds of people who are in the same groups are divided into those with the code, with the theme only, and with
    neither. How many there are of each is not known, but adds up to what is told.
    """
    kinds, place = np.unique(cells.inside, axis=1, return_inverse=True)
    sizes = np.bincount(place.ravel(), minlength=kinds.shape[1]).astype(float)
    blank = np.zeros_like(kinds)
    while not hidden[item, 0]:
        shown, across = [~hidden[theme], ~hidden[item]], []
        own, any_of_two = np.flatnonzero(shown[1]), np.flatnonzero(shown[0] | shown[1])
        for one, other in combinations(any_of_two[1:], 2):
            both = kinds[one] * kinds[other]
            if cells.names[one][0] != cells.names[other][0] and both.any():
                across += [np.concatenate(part) for part in ((both, 0 * both), (0 * both, both), (both, both))]
        if not across or len(own) < 2:
            return
        sums = [np.hstack([kinds, kinds])[shown[0]], np.hstack([kinds, blank])[shown[1]]]
        known = [counts[theme][shown[0]], counts[item][shown[1]]]
        if theme == item:
            sums, known, across = [np.hstack([kinds, blank])[own]], [counts[item][own]], across[::3]
        sets = np.unique(across, axis=0)
        if not _narrow(np.vstack(sums), np.concatenate(known), sets, sizes, fewest):
            return
        hidden[item, cells.lines[cells.names[own[-1]][0]]] = True


def _narrow(sums: np.ndarray, known: np.ndarray, sets: np.ndarray, sizes: np.ndarray, fewest: int) -> bool:
    """Tell whether known sums of counts narrow down how many are in one of some sets: to few, or to all but few.

    The counts are those with the code and with the theme only of each kind, together at most the people of that kind.
    The smallest and the largest count of each set are found by linear programming.
    """
    from scipy.optimize import linprog

    room = np.hstack([np.eye(len(sizes))] * 2)
    of = np.array([sizes[one.reshape(2, -1).any(axis=0)].sum() for one in sets])
    low, high = np.full(len(sets), np.inf), np.full(len(sets), -np.inf)
    for place, one in enumerate(sets):
        for sign in (1, -1):
            wide = high[place] >= fewest - 0.5 and of[place] - low[place] >= fewest - 0.5
            if wide or (high[place] - low[place] > 0.5 and of[place] < 2 * fewest):
                break  # what one solution holds often shows that other sets are open as well
            found = linprog(sign * one, A_ub=room, b_ub=sizes, A_eq=sums, b_eq=known)
            inside = sets @ found.x
            low, high = np.minimum(low, inside), np.maximum(high, inside)
        small = high[place] < fewest - 0.5 or of[place] - low[place] < fewest - 0.5
        if small and (high[place] - low[place] < 0.5 or of[place] >= 2 * fewest):
            return True
    return False


# Codes together


@dataclass(frozen=True)
class _Pair:
    """Two items in a unit: how often they come together, by whom, and how often they would by chance."""

    one: int
    other: int
    #: People with both; with the one without the other, and the other way round; with both near but not in a sentence.
    people: int
    alone: tuple[int, int]
    wider: int | None
    #: Units with both, with the one and with the other.
    both: int
    of: tuple[int, int]
    chance: Chance
    p: float
    #: Missing where the pair cannot be tested.
    adjusted: float = np.nan

    def verdict(self, level: float) -> str:
        """Return what is to be said of the two."""
        if not self.adjusted <= level:
            return ""
        return MORE if self.both > self.chance.mean else LESS


@dataclass(frozen=True)
class _Heard:
    """Who was heard, and what they said."""

    every: _Items
    #: Person of every interview, and every person once.
    person: pd.Series
    people: list[str]
    marks: pd.DataFrame
    #: Whether a person speaks of an item.
    spoken: np.ndarray

    def sentences(self, segments: pd.DataFrame, items: Sequence[int]) -> list[tuple[str, np.ndarray]]:
        """Return the person of every interview, and whether its sentences, in their order, have the items."""
        column = {item: number for number, item in enumerate(items)}
        here = segments[segments["interview"].isin(set(self.person.index))]
        said, row_of = {}, {}
        for name, lines in here.sort_values(["interview", "segment"], kind="stable").groupby("interview", sort=False):
            said[name] = np.zeros((len(lines), len(items)), dtype=bool)
            row_of.update({(name, number): row for row, number in enumerate(lines["segment"])})
        for name, number, item in self.marks[["interview", "segment", "item"]].itertuples(index=False):
            if (name, number) not in row_of:
                raise ValueError("a code stands in a sentence that is not among the sentences")
            if item in column:
                said[name][row_of[name, number], column[item]] = True
        return [(self.person[name], present) for name, present in said.items()]


def _listen(codes: pd.DataFrame, interviews: pd.DataFrame, codebook: Codebook) -> _Heard:
    every, person = _items(codebook), people_of(interviews)
    people = sorted(set(person))
    marks = _marks(codes, person.index, codebook)
    return _Heard(every, person, people, marks, _counted(marks, people, person, len(every)) > 0)


def _in_sentences(talks: list[tuple[str, np.ndarray]], items: Sequence[int], reach: int) -> list[_Pair]:
    """Bring items together within some sentences of each other."""
    size = len(items)
    chances = dict.fromkeys(pairs(size), NONE)
    both, of = np.zeros((size, size), dtype=int), np.zeros(size, dtype=int)
    who: dict[str, np.ndarray] = {}
    for person, said in talks:
        of += said.sum(axis=0)
        here = np.flatnonzero(said.any(axis=0))
        moved = shifted_together(said[:, here], reach)
        both[np.ix_(here, here)] += moved[0]
        for one, other in pairs(len(here)):
            key = int(here[one]), int(here[other])
            chances[key] = chances[key].plus(chance_of_shifts([moved[:, one, other]]))
        around, turned = near(said, reach), said.T.astype(float)
        at = np.array([turned @ around, turned @ ~around, turned @ (around & ~said)]) > 0
        at[2] |= at[2].T
        who[person] = who.get(person, False) | at
    together, alone, wider = sum((one.astype(int) for one in who.values()), np.zeros((3, size, size), dtype=int))
    return [
        _Pair(
            items[one],
            items[other],
            int(together[one, other]),
            (int(alone[one, other]), int(alone[other, one])),
            int(wider[one, other]) if reach else None,
            int(both[one, other]),
            (int(of[one]), int(of[other])),
            chance,
            chance.p(int(both[one, other])),
        )
        for (one, other), chance in chances.items()
    ]


def _in_persons(spoken: np.ndarray, cohorts: np.ndarray, items: Sequence[int]) -> list[_Pair]:
    """Bring items together in persons, who are dealt out anew within their cohort."""
    cases = spoken[:, items]
    strata = [cohorts == one for one in sorted(set(cohorts))]
    counts = np.array([cases[inside].sum(axis=0) for inside in strata]).reshape(len(strata), len(items))
    sizes, found = [int(inside.sum()) for inside in strata], []
    for one, other in pairs(len(items)):
        both = int((cases[:, one] & cases[:, other]).sum())
        of = int(cases[:, one].sum()), int(cases[:, other].sum())
        chance = chance_of_units(counts[:, one], counts[:, other], sizes)
        alone = of[0] - both, of[1] - both
        found.append(_Pair(items[one], items[other], both, alone, None, both, of, chance, chance.p(both)))
    return found


def _tested(found: list[_Pair], level: float) -> list[_Pair]:
    """Adjust the p-values of those pairs that could be significant at all."""
    able = [one.chance.smallest_p <= level for one in found]
    adjusted = adjust([one.p if can else np.nan for one, can in zip(found, able, strict=True)], "BH")
    return [replace(one, adjusted=float(value)) for one, value in zip(found, adjusted, strict=True)]


def _measure(
    talk: _Heard,
    segments: pd.DataFrame,
    cohorts: np.ndarray,
    items: Sequence[int],
    window: int,
    level: float,
) -> dict[tuple[str, str], list[_Pair]]:
    """Return the pairs of items by kind and unit."""
    found: dict[tuple[str, str], list[_Pair]] = {}
    reaches = {SENTENCE: 0, **({f"within {window} sentence{'s' if window > 1 else ''}": window} if window else {})}
    for kind in (CODE, THEME):
        here = [item for item in items if talk.every.kinds[item] == kind]
        talks = talk.sentences(segments, here)
        for unit, reach in reaches.items():
            found[kind, unit] = _tested(_in_sentences(talks, here, reach), level)
        found[kind, PERSON] = _tested(_in_persons(talk.spoken, cohorts, here), level)
    return found


def _cohorts(interviews: pd.DataFrame, people: Sequence[str]) -> np.ndarray:
    if "cohort" not in interviews:
        return np.full(len(people), "", dtype=object)
    return _values(people_of(interviews), interviews["cohort"]).reindex(people).to_numpy()


def measure_pairs(
    codes: pd.DataFrame,
    segments: pd.DataFrame,
    interviews: pd.DataFrame,
    codebook: Codebook,
    *,
    window: int = 2,
    level: float = 0.05,
    languages: Collection[str] | None = None,
) -> pd.DataFrame:
    """Measure how often every two codes, and every two themes, come up together, and how often they would by chance.

    Parameters
    ----------
    codes, interviews, codebook
        As in :func:`summarise`; ``cohort`` of the interviews, if there, is the stratum of a person.
    segments : pandas.DataFrame, shape (sentences, columns)
        ``interview, segment``: all sentences of participants, coded or not.
    window : int
        Sentences up and down in which two codes are near each other; 0 for none.
    level : float
        Level of the tests.
    languages : collection of str or None
        See :func:`heard`.

    Returns
    -------
    pandas.DataFrame
        One row a pair and unit (``sentence``, ``within 2 sentences``, ``person``) of the codes or themes that anybody
        speaks of. It tells of single people: the table is restricted. ``people`` have both in at least one unit,
        ``alone_1`` the first without the second in at least one; ``wider`` have both in the window and not in the same
        sentence; ``both``, ``first`` and ``second`` count units; ``c`` is both / either and ``overlap`` both / the
        smaller of first and second, see :mod:`piloteval.measures.cooccurrence`. ``p`` is two-sided.

    Notes
    -----
    Persons: every code is dealt out anew among the people of each cohort, which is Fisher's exact test over strata. A
    code that one cohort speaks of more often does not seem to belong to the others of that cohort.

    Sentences: every code is moved along each interview as a whole, by every number of sentences, as talk comes in runs;
    with sentences dealt out one by one, a tenth of unrelated codes in runs of three come out under 5 %. Within the
    window the smaller count of the two directions is taken interview by interview.

    Both distributions are computed exactly. A pair whose smallest p-value is above the level cannot be significant and
    is not tested, so that it does not count in the adjustment (Benjamini-Hochberg by kind and unit). How often codes
    come decides that, not how often they come together.

    References
    ----------
    Benjamini & Hochberg (1995), Journal of the Royal Statistical Society B 57, 289-300; Tarone (1990), Biometrics 46,
    515-522; Gilbert (2005), Journal of the Royal Statistical Society C 54, 143-158.
    """
    import pandas as pd

    interviews, _ = heard(interviews, languages, 1)
    talk = _listen(codes, interviews, codebook)
    items = list(np.flatnonzero(talk.spoken.any(axis=0)))
    found = _measure(talk, segments, _cohorts(interviews, talk.people), items, window, level)
    rows = []
    for (kind, unit), here in found.items():
        about = _about(unit, here, level)
        for pair in here:
            row = {**_row(kind, unit, talk.every, pair, about, level), "p": pair.p, "people": pair.people}
            row |= {"alone_1": pair.alone[0], "alone_2": pair.alone[1], "wider": pair.wider}
            rows.append(row | {"both": pair.both, "first": pair.of[0], "second": pair.of[1]})
    return pd.DataFrame(rows, columns=MEASURED_COLUMNS)


def _about(unit: str, found: list[_Pair], level: float, *, counted: bool = True) -> dict[str, str]:
    """Say how pairs of a unit are tested, and if it may be told, how many."""
    how = "people dealt out anew within cohorts" if unit == PERSON else "a code moved along every interview"
    over = f"{sum(not np.isnan(one.adjusted) for one in found):,}" if counted else "those"
    return {
        "band_method": f"95 of 100 of all ways, exact: {how}",
        "p_method": f"two-sided, exact: {how}, twice the smaller tail; Benjamini-Hochberg over {over} pairs that can "
        f"be under {level:g}",
    }


def _row(kind: str, unit: str, every: _Items, pair: _Pair, about: dict[str, str], level: float) -> dict[str, Any]:
    """Return the row of a pair."""
    low, high = pair.chance.band()
    c, c_low, c_high = (c_coefficient(*pair.of, count).estimate for count in (pair.both, low, high))
    return {
        "kind": kind,
        "unit": unit,
        "code_1": every.codes[pair.one],
        "name_1": every.names[pair.one],
        "code_2": every.codes[pair.other],
        "name_2": every.names[pair.other],
        "verdict": pair.verdict(level),
        "c": c,
        "overlap": overlap_coefficient(*pair.of, pair.both).estimate,
        "band_low": c_low,
        "band_high": c_high,
        **about,
        "p_adjusted": pair.adjusted,
        "note": "not tested: it could not be significant" if np.isnan(pair.adjusted) else "",
    }


def cooccurrences(
    codes: pd.DataFrame,
    segments: pd.DataFrame,
    interviews: pd.DataFrame,
    codebook: Codebook,
    *,
    window: int = 2,
    fewest: int = 5,
    level: float = 0.05,
    by: Sequence[str] = BY,
    languages: Collection[str] | None = None,
) -> pd.DataFrame:
    """Tell which codes, and which themes, come up together more or less often than by chance, as far as may be told.

    Parameters
    ----------
    codes, segments, interviews, codebook, window, level, languages
        As in :func:`measure_pairs`.
    fewest : int
        Floor of the tier; up to 1 nothing is withheld.
    by : sequence of str
        What :func:`summarise` groups people by: what it tells counts here as known.

    Returns
    -------
    pandas.DataFrame
        One row with ``all`` as its codes for every kind and unit, with the number of pairs ``compared``, and one row a
        pair that may be told. ``verdict`` is ``more often``, ``less often`` or empty, two-sided. ``c`` is both / either
        and ``overlap`` both / the smaller of first and second, in sentences; the band holds the c of 95 of 100 ways. Of
        persons, the verdict alone is told.

    Notes
    -----
    Only codes and themes are compared whose people :func:`summarise` tells. The table holds no number of people and
    none of sentences, for those of themes less those of codes would tell of single people. Nor does it say how many of
    the pairs could be tested at all: of few pairs, that tells whether two codes have people in common.

    Sentences: a pair is listed when at least the floor of people have sentences with both, sentences with the first
    alone and sentences with the second alone; within the window when, besides, as many have the two near each other and
    not in the same sentence. Each code has at least twice the floor of people, so that those with one and without the
    other are not known to be fewer than the floor. Pairs that are never together and pairs of few people are both not
    listed, so that neither can be told from the other.

    Persons: with the people of each code, the number with both tells how many have the one only, the other only and
    neither, and three such numbers can tell how many have all of three codes. So it is not shown. A verdict says that
    it is beyond a limit. It is told only where each of the four can still be at the floor or above, in all and in every
    group, with a verdict and without one. Of verdicts that would close a ring over several codes, or over codes and
    their themes, only the strongest are told: without rings nothing narrower follows from all of them.

    References
    ----------
    Dobra & Fienberg (2000), Proceedings of the National Academy of Sciences 97, 11885-11892 (bounds of the cells of
    a table given some of its margins).
    """
    import pandas as pd

    interviews, _ = heard(interviews, languages, fewest)
    talk = _listen(codes, interviews, codebook)
    told = summarise(codes, interviews, codebook, by=(), fewest=fewest)[0]  # groups do not decide on a total
    told = told[(told["by"] == ALL) & (told["people"] > 0).fillna(False)]
    shown = set(zip(told["kind"], told["code"], strict=True))
    items = [i for i, item in enumerate(zip(talk.every.kinds, talk.every.codes, strict=True)) if item in shown]
    found = _measure(talk, segments, _cohorts(interviews, talk.people), items, window, level)
    if fewest <= 1:
        listed = {key: [pair for pair in here if pair.both] for key, here in found.items()}
    else:
        groups, _ = groups_of(interviews, by, 2 * fewest, fewest)
        groups = [one.reindex(talk.people).to_numpy() for one in groups.values()]
        verdicts = _verdicts(talk, found, items, groups, fewest, level)
        listed = {
            (kind, unit): [pair for pair in here if (pair.one, pair.other) in verdicts]
            if unit == PERSON
            else _enough(here, found[kind, SENTENCE], talk.spoken.sum(axis=0), fewest)
            for (kind, unit), here in found.items()
        }
    rows = []
    for (kind, unit), here in found.items():
        about = _about(unit, here, level, counted=fewest <= 1)
        same = {name: ALL for name in ("code_1", "name_1", "code_2", "name_2")}
        rows.append({"kind": kind, "unit": unit, **same, "verdict": "", **about, "compared": len(here), "note": ""})
        rows += [_row(kind, unit, talk.every, pair, about, level) for pair in listed[kind, unit]]
    table = pd.DataFrame(rows, columns=PAIR_COLUMNS)
    numbers = ["c", "overlap", "band_low", "band_high", "p_adjusted"]
    table[numbers] = table[numbers].astype(float)
    if fewest > 1:
        table[numbers] = table[numbers].round({"p_adjusted": 3} | dict.fromkeys(numbers[:-1], DECIMALS))
        table.loc[(table["unit"] == PERSON) & (table["code_1"] != ALL), numbers] = np.nan
    return table


def _enough(here: list[_Pair], same: list[_Pair], people: np.ndarray, fewest: int) -> list[_Pair]:
    """Return the pairs of a unit of sentences of which each part is of enough people."""

    def enough(pair: _Pair) -> bool:
        parts = min(pair.people, *pair.alone)
        return parts >= fewest and min(people[pair.one], people[pair.other]) >= 2 * fewest

    closer = {(pair.one, pair.other) for pair in same if enough(pair) and pair.wider is None}
    return [
        pair
        for pair in here
        if enough(pair) and (pair.wider is None or pair.wider >= fewest or (pair.one, pair.other) not in closer)
    ]


def _verdicts(
    talk: _Heard,
    found: dict[tuple[str, str], list[_Pair]],
    items: Sequence[int],
    groups: list[np.ndarray],
    fewest: int,
    level: float,
) -> set[tuple[int, int]]:
    """Return the pairs of items of which the verdict on persons is told."""
    place = {(talk.every.kinds[item], talk.every.codes[item]): item for item in items}
    ring_of = {item: item for item in items}

    def first(item: int) -> int:
        while ring_of[item] != item:
            item = ring_of[item]
        return item

    for item in items:  # those with a theme and not a code of it follow from what the matrix tells
        theme = place.get((THEME, talk.every.themes[item]))
        if theme is not None:
            ring_of[first(item)] = first(theme)
    told: set[tuple[int, int]] = set()
    clear = []
    for (_kind, unit), here in found.items():
        if unit == PERSON:
            limit = level * np.mean([one.adjusted <= level for one in here if not np.isnan(one.adjusted)] or [0])
            clear += [(one.p, one.one, one.other, one, limit) for one in here if one.verdict(level)]
    for _p, one, other, pair, limit in sorted(clear, key=lambda row: row[:3]):
        if first(one) == first(other):
            continue
        if pair.verdict(level) in _tellable(talk.spoken, pair, limit, groups, fewest):
            told.add((one, other))
            ring_of[first(one)] = first(other)
    return told


def _tellable(
    spoken: np.ndarray,
    pair: _Pair,
    limit: float,
    groups: list[np.ndarray],
    fewest: int,
) -> tuple[str, ...]:
    """Return the verdicts that may be told of a pair, whatever is found: it must not depend on it.

    A verdict says that the number of people with both is in one of up to three ranges. Each must leave it open.
    """
    counts = np.arange(pair.chance.least, pair.chance.most + 1)
    clear = np.array([pair.chance.p(int(count)) <= limit + NEGLIGIBLE for count in counts])
    low = counts[clear & (counts < pair.chance.mean)].max(initial=pair.chance.least - 1)
    high = counts[clear & (counts > pair.chance.mean)].min(initial=pair.chance.most + 1)
    tables = []
    for group in [np.zeros(len(spoken)), *groups]:
        inside = [group == one for one in sorted(set(group))]
        tables.append(
            tuple(
                np.array([int(who[one].sum()) for one in inside])
                for who in (spoken[:, pair.one], spoken[:, pair.other], np.ones(len(spoken), dtype=int))
            )
        )
    for said in ((LESS, MORE), (MORE,), (LESS,)):
        cuts = [pair.chance.least, *([low + 1] if LESS in said else []), *([high] if MORE in said else [])]
        ends = [*(cut - 1 for cut in cuts[1:]), pair.chance.most]
        ranges = [(begin, end) for begin, end in zip(cuts, ends, strict=True) if begin <= end]
        if all(_leaves_open(*span, *table, fewest) for span in ranges for table in tables):
            return said
    return ()


def _leaves_open(low: int, high: int, one: np.ndarray, other: np.ndarray, size: np.ndarray, fewest: int) -> bool:
    """Whether people with both, the one only, the other only and neither may be the floor or more in every group.

    ``low`` and ``high`` are known of the people with both in all groups. Where they were known to be fewer without it,
    nothing is told by it.
    """
    least, most = np.maximum(0, one + other - size), np.minimum(one, other)
    from_low, to_high = np.maximum(least, low - most.sum() + most), np.minimum(most, high - least.sum() + least)
    free = np.array([most, one - least, other - least, size - one - other + most])
    told = np.array([to_high, one - from_low, other - from_low, size - one - other + to_high])
    return bool((told >= np.minimum(free, fewest)).all())
