"""Code by case: who speaks of what, counted in people and by group, and which codes come up together.

A person counts once, however often a thing is said and in however many interviews. Functions that count codes take
final codes or suggestions, a row a sentence and code.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from piloteval.measures.agreement import proportion
from piloteval.measures.cooccurrence import c_coefficient, overlap_coefficient
from piloteval.measures.prepost import adjust
from piloteval.measures.resample import generator
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

SENTENCE, PERSON = "sentence", "person"

#: Shuffles by default, and how many are computed together; 32 of 3,000 sentences and 60 codes are 23 megabytes.
SHUFFLES, BLOCK = 1000, 32

#: Ends of the band that shuffling leaves in 95 of 100 cases.
BAND = (0.025, 0.975)

CASE_COLUMNS = ["interview", "kind", "code", "name", "theme", "present", "sentences"]
MATRIX_COLUMNS = [
    *("kind", "code", "name", "theme", "by", "group", "people", "of_people"),
    *("percent", "ci_low", "ci_high", "ci_method", "sentences", "note"),
]
PAIR_COLUMNS = [
    *("kind", "unit", "code_1", "name_1", "code_2", "name_2", "people", "both", "first", "second"),
    *("c", "overlap", "band_low", "band_high", "band_method", "p", "p_method", "p_adjusted", "note"),
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
    interviews: pd.DataFrame, by: Sequence[str] = BY, fewest: int = 5
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

    people = people_of(interviews)
    groups: dict[str, pd.Series] = {}
    rows = []
    for name in by:
        if name not in interviews:
            continue
        found = _merged(_values(people, interviews[name]), fewest)
        said = sorted(set(found))
        # Without a floor nothing is withheld, and there is nothing to work out.
        twin = next((one for one, other in groups.items() if fewest > 1 and _entangled(found, other, fewest)), "")
        note = ""
        if len(said) < 2:
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


def summarise(
    codes: pd.DataFrame,
    interviews: pd.DataFrame,
    codebook: Codebook,
    *,
    by: Sequence[str] = BY,
    fewest: int = 5,
    confidence: float = 0.95,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Count the people who speak of each code and theme, in all and by group.

    Parameters
    ----------
    codes, interviews, codebook
        As in :func:`by_case`; ``interviews`` also has ``person`` and the columns to group by. Everybody in it was
        asked.
    by, fewest
        See :func:`groups_of`; ``fewest`` is the floor of the tier.
    confidence : float
        Level of the Wilson intervals.

    Returns
    -------
    matrix : pandas.DataFrame
        One row a code or theme and group. ``people`` counts persons with at least one such sentence, ``of_people``
        those asked, ``sentences`` tells how much was said. Every dimension has a row ``all``, the total of its groups,
        so that the contract can withhold a group that would follow from the others; the rows of ``by`` = ``all`` are
        the same totals once more.
    dimensions : pandas.DataFrame
        What people are grouped by, and what was left out and why.

    Notes
    -----
    The interval is about the people asked as a sample of such people. Who was asked was chosen on purpose, so that it
    tells how much a share among so few can mean, and no more.
    """
    import pandas as pd

    items = _items(codebook)
    person = people_of(interviews)
    people = sorted(set(person))
    counts = _counted(_marks(codes, person.index, codebook), people, person, len(items))
    groups, dimensions = groups_of(interviews, by, fewest)
    cells: list[tuple[str, str, np.ndarray]] = [(ALL, ALL, np.ones(len(people), dtype=bool))]
    for name, of_person in groups.items():
        mine = of_person.reindex(people).to_numpy()
        cells += [(name, ALL, np.ones(len(people), dtype=bool))]
        cells += [(name, group, mine == group) for group in sorted(set(mine))]
    rows = []
    for place in range(len(items)):
        about = {
            "kind": items.kinds[place],
            "code": items.codes[place],
            "name": items.names[place],
            "theme": items.themes[place],
        }
        for name, group, inside in cells:
            said = counts[inside, place]
            share = in_percent(proportion(int((said > 0).sum()), len(said), confidence=confidence))
            rows.append(
                {
                    **about,
                    "by": name,
                    "group": group,
                    "people": int((said > 0).sum()),
                    "of_people": len(said),
                    "percent": share.estimate,
                    "ci_low": share.ci_low,
                    "ci_high": share.ci_high,
                    "ci_method": share.ci_method,
                    "sentences": int(said.sum()),
                    "note": share.note,
                }
            )
    return pd.DataFrame(rows, columns=MATRIX_COLUMNS), dimensions


# Codes together


def near(present: np.ndarray, reach: int) -> np.ndarray:
    """Tell where a code is said within some rows above or below.

    Parameters
    ----------
    present : array of number, shape (..., rows, codes)
        Whether a row has a code; interviews must be ``reach`` blank rows apart.
    reach : int
        How many rows up and down.

    Returns
    -------
    array, same shape
    """
    found = present.copy()
    for step in range(1, reach + 1):
        np.maximum(found[..., step:, :], present[..., :-step, :], out=found[..., step:, :])
        np.maximum(found[..., :-step, :], present[..., step:, :], out=found[..., :-step, :])
    return found


def together(present: np.ndarray, reach: int = 0) -> np.ndarray:
    """Count the rows in which two codes come up together.

    Parameters
    ----------
    present : array of float, shape (..., rows, codes)
        0 or 1.
    reach : int
        0 for the same row; otherwise the rows with one code that have the other within so many rows, of the two
        directions the smaller one, so that no count exceeds that of the rarer code.

    Returns
    -------
    array of float, shape (..., codes, codes)
    """
    turned = np.swapaxes(present, -1, -2)
    if not reach:
        return turned @ present
    counts = turned @ near(present, reach)
    return np.minimum(counts, np.swapaxes(counts, -1, -2))


def choose(rng: np.random.Generator, size: int, count: int, times: int) -> np.ndarray:
    """Draw ``count`` different places of ``size``, many times at once.

    Parameters
    ----------
    rng : numpy Generator
        Source of the draws.
    size, count : int
        Places there are, and places drawn, at most ``size``.
    times : int
        Number of draws.

    Returns
    -------
    array of int, shape (times, count)
        Every set of places is as likely as any other; within a row no place comes twice.

    Notes
    -----
    Algorithm F2 of Bentley and Floyd, a column at a time: sorting random keys would cost as much for a code said once
    as for one said in every sentence. numpy's `choice` without replacement draws once only.

    References
    ----------
    Bentley & Floyd (1987), Communications of the ACM 30, 754-757.
    """
    chosen = np.empty((times, count), dtype=np.int64)
    for column, top in enumerate(range(size - count, size)):
        drawn = rng.integers(0, top + 1, size=times)
        taken = (chosen[:, :column] == drawn[:, None]).any(axis=1)
        chosen[:, column] = np.where(taken, top, drawn)
    return chosen


def shuffled(
    present: np.ndarray, blocks: Sequence[tuple[int, int]], reaches: Sequence[int], times: int, seed: int
) -> np.ndarray:
    """Count codes together after shuffling each code by itself over the rows of each block.

    Parameters
    ----------
    present : array of bool, shape (rows, codes)
        Whether a row has a code.
    blocks : sequence of (int, int)
        First row and number of rows of every interview; rows outside of blocks are blank and stay so.
    reaches : sequence of int
        See :func:`together`.
    times : int
        Number of shuffles.
    seed : int
        Seed of the shuffles; the same seed gives the same counts.

    Returns
    -------
    array of int, shape (reaches, times, codes, codes)

    Notes
    -----
    Every code keeps its number of rows in every block, and codes are shuffled independently of each other. That is what
    is to be expected when people speak of each thing as often as they do, and of none of them because of another.
    """
    rng = generator(seed)
    rows, codes = present.shape
    places = []
    for start, size in blocks:
        counts = present[start : start + size].sum(axis=0)
        for code in np.flatnonzero(counts):
            # The order within a row of draws does not matter, so a code said everywhere needs no draw.
            drawn = choose(rng, size, int(counts[code]), times)
            places.append((start + drawn) * codes + code)
    at = np.concatenate(places, axis=1) if places else np.empty((times, 0), dtype=np.int64)
    found = np.empty((len(reaches), times, codes, codes), dtype=np.int32)
    for begin in range(0, times, BLOCK):
        here = at[begin : begin + BLOCK]
        filled = np.zeros((len(here), rows * codes), dtype=np.float32)
        np.put_along_axis(filled, here, 1, axis=1)
        filled = filled.reshape(len(here), rows, codes)
        for number, reach in enumerate(reaches):
            found[number, begin : begin + BLOCK] = together(filled, reach)
    return found


def _upper(table: np.ndarray) -> np.ndarray:
    """Return the cells above the diagonal, row by row."""
    return table[..., *np.triu_indices(table.shape[-1], 1)]


def _laid_out(
    marks: pd.DataFrame, segments: pd.DataFrame, items: Sequence[int], gap: int
) -> tuple[np.ndarray, list[tuple[int, int]], list[str]]:
    """Lay sentences below each other, interviews ``gap`` blank rows apart: presence, blocks and their interviews."""
    ordered = segments.sort_values(["interview", "segment"], kind="stable")
    blocks, names, row_of, at = [], [], {}, 0
    for name, here in ordered.groupby("interview", sort=False):
        blocks.append((at, len(here)))
        names.append(name)
        row_of.update({(name, number): at + row for row, number in enumerate(here["segment"])})
        at += len(here) + gap
    column = {item: number for number, item in enumerate(items)}
    present = np.zeros((at, len(items)), dtype=bool)
    for name, number, item in marks[["interview", "segment", "item"]].itertuples(index=False):
        if (name, number) not in row_of:
            raise ValueError("a code stands in a sentence that is not among the sentences")
        if item in column:
            present[row_of[name, number], column[item]] = True
    return present, blocks, names


def cooccurrences(
    codes: pd.DataFrame,
    segments: pd.DataFrame,
    interviews: pd.DataFrame,
    codebook: Codebook,
    *,
    window: int = 2,
    shuffles: int = SHUFFLES,
    seed: int = 1,
    fewest: int = 5,
) -> pd.DataFrame:
    """Tell which codes, and which themes, come up together more often than shuffling brings them together.

    Parameters
    ----------
    codes, interviews, codebook
        As in :func:`summarise`.
    segments : pandas.DataFrame, shape (sentences, columns)
        ``interview, segment``: all sentences of participants, coded or not.
    window : int
        Sentences up and down in which two codes are near each other; 0 for none.
    shuffles : int
        Number of shuffles.
    seed : int
        Seed of the shuffles.
    fewest : int
        Floor of the tier: pairs that fewer people bring together are not listed, and codes that fewer people speak of
        are not tested.

    Returns
    -------
    pandas.DataFrame
        One row a pair and unit (``sentence``, ``within 2 sentences``, ``person``). ``people`` have both in at least one
        unit; ``both``, ``first`` and ``second`` count units; ``c`` is both / either and ``overlap`` both / the smaller
        of first and second, see :mod:`piloteval.measures.cooccurrence`; the band holds the c of 95 of 100 shuffles;
        ``p`` is the share of shuffles with at least as many together, itself counted in.

    Notes
    -----
    Units are sentences, shuffled within their interview, or persons, shuffled over all who were asked. The p-value is
    ``(1 + b) / (1 + shuffles)`` with b the shuffles that reach what was found, and is one-sided. Pairs that are never
    together and pairs of few people are both not listed, so that neither can be told from the other.

    References
    ----------
    Phipson & Smyth (2010), Statistical Applications in Genetics and Molecular Biology 9(1), 39; Benjamini & Hochberg
    (1995), Journal of the Royal Statistical Society B 57, 289-300.
    """
    import pandas as pd

    every = _items(codebook)
    person = people_of(interviews)
    people = sorted(set(person))
    marks = _marks(codes, person.index, codebook)
    spoken = _counted(marks, people, person, len(every)) > 0
    least = max(1, fewest)
    rows: list[dict[str, Any]] = []
    for kind in (CODE, THEME):
        items = [i for i in range(len(every)) if every.kinds[i] == kind and spoken[:, i].sum() >= least]
        if len(items) < 2:
            continue
        heard = segments[segments["interview"].isin(set(person.index))]
        present, blocks, names = _laid_out(marks, heard, items, window)
        reaches = [0, window] if window else [0]
        units = [SENTENCE, *([f"within {window} sentence{'s' if window > 1 else ''}"] if window else [])]
        counts = [together(present.astype(float), reach) for reach in reaches]
        chance = [*shuffled(present, blocks, reaches, shuffles, seed)]
        who = [_people_together(present, blocks, [person[name] for name in names], reach) for reach in reaches]
        cases = spoken[:, items]
        counts.append(together(cases.astype(float)))
        chance.append(shuffled(cases, [(0, len(cases))], [0], shuffles, seed)[0])
        who.append(counts[-1])
        for unit, count, drawn, persons in zip([*units, PERSON], counts, chance, who, strict=True):
            rows += _pairs(kind, unit, every, items, count, drawn, persons, least, (shuffles, seed))
    return pd.DataFrame(rows, columns=PAIR_COLUMNS)


def _people_together(
    present: np.ndarray, blocks: Sequence[tuple[int, int]], persons: Sequence[str], reach: int
) -> np.ndarray:
    """Count the people who bring two codes together at least once."""
    found: dict[str, np.ndarray] = {}
    for (start, size), person in zip(blocks, persons, strict=True):
        here = together(present[start : start + size].astype(float), reach) > 0
        found[person] = found.get(person, np.zeros_like(here)) | here
    codes = present.shape[1]
    return sum((one.astype(int) for one in found.values()), np.zeros((codes, codes), dtype=int))


def _pairs(
    kind: str,
    unit: str,
    every: _Items,
    items: Sequence[int],
    count: np.ndarray,
    drawn: np.ndarray,
    persons: np.ndarray,
    least: int,
    how: tuple[int, int],
) -> list[dict[str, Any]]:
    """Return the rows of a unit."""
    shuffles, seed = how
    alone = np.diagonal(count)
    first, second = np.triu_indices(len(items), 1)
    both, n1, n2, chance = _upper(count), alone[first], alone[second], _upper(drawn)
    p = (1 + (chance >= both).sum(axis=0)) / (1 + shuffles)
    adjusted = adjust(p, "BH")
    # Of counts, the limits of the band are counts too: the smallest with at least that share of the shuffles below it.
    low, high = np.quantile(chance, BAND, axis=0, method="inverted_cdf")
    over = "people" if unit == PERSON else "the sentences of an interview"
    band = f"95 of 100 of {shuffles:,} shuffles of each code over {over}, seed {seed}"
    test = f"share of shuffles with at least as many together; Benjamini-Hochberg over {len(p):,} pairs"
    rows = []
    for place in np.flatnonzero(_upper(persons) >= least):
        one, other = items[first[place]], items[second[place]]
        of = int(n1[place]), int(n2[place])
        c, c_low, c_high = (c_coefficient(*of, int(count[place])).estimate for count in (both, low, high))
        fixed = chance[:, place].min() == chance[:, place].max()
        rows.append(
            {
                "kind": kind,
                "unit": unit,
                "code_1": every.codes[one],
                "name_1": every.names[one],
                "code_2": every.codes[other],
                "name_2": every.names[other],
                "people": int(_upper(persons)[place]),
                "both": int(both[place]),
                "first": of[0],
                "second": of[1],
                "c": c,
                "overlap": overlap_coefficient(*of, int(both[place])).estimate,
                "band_low": c_low,
                "band_high": c_high,
                "band_method": band,
                "p": p[place],
                "p_method": test,
                "p_adjusted": adjusted[place],
                "note": "every shuffle gives the same" if fixed else "",
            }
        )
    return rows
