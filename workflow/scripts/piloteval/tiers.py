"""What each tier of results may show: floors, complementary suppression, rounding.

Three tiers: ``restricted`` (row level, stays with the study team's data manager), ``internal`` (aggregates for the team
and its reviewers), ``release`` (for everybody). A person counts in a cell only when enough others stand beside them.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pandas as pd

#: Text of the ``note`` of a row of which only a part is withheld.
PART_WITHHELD = "a part is withheld: it or its rest is fewer than {floor} people"
#: Text of the ``note`` of a withheld cell; ``{floor}`` is filled in. It does not tell a small cell from one that only
#: protects it: who knows which is which can narrow both down, often to one value.
WITHHELD = "withheld: fewer than {floor} people, or protects such a cell"


@dataclass(frozen=True)
class Tier:
    """A tier and its limits.

    Attributes
    ----------
    name : str
        ``restricted``, ``internal`` or ``release``.
    floor : int
        Smallest number of people a shown cell may rest on; 0 for no floor.
    round_to : int
        Counts of people are shown to the nearest multiple of this; 1 for exact counts.
    decimals : int or None
        Decimal places of statistics; ``None`` for full precision.
    """

    name: str
    floor: int = 0
    round_to: int = 1
    decimals: int | None = None


RESTRICTED = Tier("restricted")


def internal(floor: int) -> Tier:
    """Return the internal tier; its floor is never under 5."""
    return Tier("internal", floor=max(5, floor))


def release(floor: int, round_to: int, decimals: int) -> Tier:
    """Return the release tier; its floor is never under 10 and its statistics carry at most one decimal."""
    return Tier("release", floor=max(10, floor), round_to=max(5, round_to), decimals=min(1, decimals))


def withheld(
    table: pd.DataFrame,
    people: tuple[str, ...],
    floor: int,
    margins: tuple[tuple[str, str], ...],
    keys: tuple[str, ...],
) -> pd.Series:
    """Decide for each row whether it may be shown.

    Parameters
    ----------
    table : pandas.DataFrame, shape (rows, columns)
        One row a cell. A missing count (nothing was counted) is not a small count.
    people : tuple of str
        Columns that count people; the row is under the floor when one of them is.
    floor : int
        Smallest count that is shown. Zero counts as small: that nobody said something can say who did.
    margins : tuple of (str, str)
        Columns whose rows add up to the row with the given total level, for example ``("cohort", "all")``.
    keys : tuple of str
        Columns that together name a cell.

    Returns
    -------
    pandas.Series of str, length rows
        ``""`` (shown), ``"small"`` (under the floor) or ``"secondary"`` (protects another cell).

    Notes
    -----
    Complementary suppression: along a margin whose total is shown, the withheld parts together are the total less the
    others, a cell that everybody can compute. So where a line has one withheld part, or several that together are under
    the floor, its smallest shown part is withheld as well, or the total when no part is left. Cells withheld for one
    margin can open another, so lines are visited until nothing changes. Lines taken together can still fix a cell that
    no single line does. So the range of every withheld cell is computed by linear programming over all lines, and as
    long as one has a single possible value, the smallest shown cell beside it is withheld too.
    """
    import pandas as pd

    state = pd.Series("", index=table.index, dtype=object)
    if not people or not floor:
        return state
    counts = table[list(people)].apply(pd.to_numeric, errors="coerce")
    state[(counts < floor).any(axis=1)] = "small"
    size = counts.min(axis=1)
    lines = list(_lines(table, margins, keys))
    if not lines:
        return state
    gone = (state != "") | size.isna()  # a count that is missing here was withheld for a tier before

    def hide(parts: Iterable[Any], totals: Iterable[Any]) -> bool:
        shown = [part for part in parts if not gone[part]] or [total for total in totals if not gone[total]]
        for cell in sorted(shown, key=lambda cell: size[cell])[:1]:
            state[cell], gone[cell] = "secondary", True
        return bool(shown)

    changed = True
    while changed:
        changed = False
        for parts, total in lines:
            left = [part for part in parts if gone[part]]
            if left and not gone[total]:
                together = size[total] - sum(size[part] for part in parts if not gone[part])
                if len(left) == 1 or together < floor:
                    changed |= hide(parts, [total])
        if not changed and (cell := _fixed(lines, size, gone, state == "secondary")) is not None:
            around = [line for line in lines if cell == line[1] or cell in line[0]]
            changed = any(
                hide([part for parts, _total in near for part in parts], [total for _parts, total in near])
                for near in (around, lines)
            )
    return state


def _lines(
    table: pd.DataFrame, margins: tuple[tuple[str, str], ...], keys: tuple[str, ...]
) -> Iterator[tuple[list[Any], Any]]:
    """Yield the parts and the total of every line of the table that has a total."""
    for column, total in margins:
        others = [key for key in keys if key != column]
        by = others if len(others) > 1 else others[:1] and others[0]
        groups = table.groupby(by, dropna=False, sort=False).groups.values() if by else [table.index]
        for group in groups:
            cells = table.loc[group, column]
            if (cells == total).any() and (cells != total).any():  # a total alone tells nothing of its parts
                yield list(cells.index[cells != total]), cells.index[cells == total][0]


def _fixed(lines: list[tuple[list[Any], Any]], size: pd.Series, gone: pd.Series, secondary: pd.Series) -> Any:
    """Return a withheld cell to which what is shown leaves one value, or None; one that only protects may be known."""
    hidden: dict[Any, list[int]] = {}
    for number, (parts, total) in enumerate(lines):
        for cell in (*parts, total):
            if gone[cell]:
                hidden.setdefault(cell, []).append(number)
    together = _together(lines, hidden)
    groups: dict[int, list[Any]] = {}
    for cell in (cell for cell in gone.index[gone] if cell in hidden and not secondary[cell]):
        groups.setdefault(together[hidden[cell][0]], []).append(cell)
    known = []
    for group, cells in groups.items():
        here = [line for number, line in enumerate(lines) if together[number] == group]
        known += _known(here, cells, size, gone)
    return min(known, key=list(gone.index).index, default=None)


def _together(lines: list[tuple[list[Any], Any]], hidden: dict[Any, list[int]]) -> list[int]:
    """Return a number for each line; lines with a withheld cell in common, also over other lines, have the same one."""
    group = list(range(len(lines)))

    def first(number: int) -> int:
        while group[number] != number:
            number = group[number]
        return number

    for numbers in hidden.values():
        for other in numbers[1:]:
            group[first(other)] = first(numbers[0])
    return [first(number) for number in range(len(lines))]


def _known(lines: list[tuple[list[Any], Any]], cells: list[Any], size: pd.Series, gone: pd.Series) -> list[Any]:
    """Return the first of the withheld cells, in lines that hang together, to which what is shown leaves one value."""
    if len(lines) > 1:
        return _known_by_range(lines, cells, size, gone)
    parts, total = lines[0]
    left = [part for part in parts if gone[part]]
    if gone[total]:  # the total follows from parts that are all shown, and else grows with the parts that are not
        return [] if left else cells[:1]
    rest = size[total] - sum(size[part] for part in parts if not gone[part])
    return cells[:1] if rest >= 0 and (len(left) == 1 or rest < 0.5) else []


def _known_by_range(
    lines: list[tuple[list[Any], Any]], cells: list[Any], size: pd.Series, gone: pd.Series
) -> list[Any]:
    """Compute the range of the withheld cells over all lines by linear programming, until one has a single value."""
    import numpy as np
    from scipy.optimize import linprog

    every = dict.fromkeys(cell for parts, total in lines for cell in (*parts, total) if gone[cell])
    place = {cell: number for number, cell in enumerate(every)}
    sums, values = np.zeros((len(lines), len(place))), np.zeros(len(lines))
    for row, (parts, total) in enumerate(lines):
        for cell, sign in [*((part, 1) for part in parts), (total, -1)]:
            if gone[cell]:
                sums[row, place[cell]] = sign
            else:
                values[row] -= sign * float(size[cell])
    low, high = np.full(len(place), np.inf), np.full(len(place), -np.inf)
    for cell in cells:
        here = place[cell]
        for sign in (1, -1):  # a solution found for one cell often shows that others are free as well
            if high[here] - low[here] > 0.5:
                break
            found = linprog(sign * np.eye(len(place))[here], A_eq=sums, b_eq=values)
            if found.status != 0:  # no end, or parts that do not add up to their total: nothing can be computed
                break
            low, high = np.minimum(low, found.x), np.maximum(high, found.x)
        else:
            if high[here] - low[here] < 0.5:
                return [cell]
    return []


def round_counts(counts: pd.Series, base: int) -> pd.Series:
    """Round counts half up to the nearest multiple of ``base``; missing stays missing."""
    if base <= 1:
        return counts
    return ((counts + base // 2) // base) * base


def small_part(count: pd.Series, whole: pd.Series, floor: int) -> pd.Series:
    """Tell where a part of a group, or the rest of it, is under the floor or was withheld before.

    A share of 98 % says as much as one of 2 %.
    """
    return ((count < floor) | (whole - count < floor)).fillna(True).astype(bool)


def coarsen_steps(counts: pd.Series, tier: Tier) -> pd.Series:
    """Return counts of a process (flow, rows): exact inside; outside in steps, few left out, none still none."""
    if tier.round_to <= 1:
        return counts
    return round_counts(counts, tier.round_to).mask((counts > 0) & (counts < tier.floor))


def coarsen_coefficient(values: pd.Series, decimals: int, end: str = "") -> pd.Series:
    """Round a coefficient bounded by one; limits are rounded outwards, and no value under one becomes a perfect one.

    Parameters
    ----------
    values : pandas.Series
        Estimates or limits.
    decimals : int
        Decimals kept.
    end : str
        ``low`` or ``high`` for the limits of an interval.
    """
    scale = 10**decimals
    turn = {"low": math.floor, "high": math.ceil}.get(end, round)
    rounded = (values * scale).map(turn, na_action="ignore") / scale
    if end:
        return rounded
    return rounded.mask((rounded >= 1) & (values < 1), 1 - 1 / scale).mask(
        (rounded <= -1) & (values > -1), 1 / scale - 1
    )


def without_figures(remark: str) -> str:
    """Return the parts of a remark that hold no figure; of a part `words: 3.14`, the words before the colon."""
    parts = [part if not re.search(r"\d", part) else part.partition(": ")[0] for part in remark.split("; ")]
    return "; ".join(part for part in parts if part != "undefined" and not re.search(r"\d", part))


def show(
    table: pd.DataFrame,
    tier: Tier,
    *,
    people: tuple[str, ...],
    statistics: tuple[str, ...],
    margins: tuple[tuple[str, str], ...] = (),
    keys: tuple[str, ...] = (),
) -> pd.DataFrame:
    """Return the table as the tier may show it.

    Parameters
    ----------
    table : pandas.DataFrame, shape (rows, columns)
        The table at full precision; it needs a ``note`` column when ``people`` is given.
    tier : Tier
        The tier it goes to.
    people, margins, keys
        See :func:`withheld`.
    statistics : tuple of str
        Columns computed from the people of the row; withheld and rounded together with them.

    Returns
    -------
    pandas.DataFrame, same shape
        Withheld rows keep their keys, lose counts and statistics, and say why in ``note``.
    """
    import pandas as pd

    shown = table.copy()
    state = withheld(shown, people, tier.floor, margins, keys)
    rows = state != ""
    for column in (*people, *statistics) if rows.any() else ():
        shown.loc[rows, column] = "" if pd.api.types.is_string_dtype(shown[column]) else pd.NA
    if people and tier.floor:
        # Also where a tier before withheld: its lower floor would tell more than this tier may.
        shown.loc[rows | shown["note"].str.startswith("withheld"), "note"] = WITHHELD.format(floor=tier.floor)
    for column in people:
        shown[column] = round_counts(shown[column], tier.round_to)
    for column in statistics:
        # Whole numbers named n_ count people who are left out; others count words, sentences or parts of the row.
        if pd.api.types.is_integer_dtype(shown[column]) and column.startswith("n_"):
            shown[column] = coarsen_steps(shown[column], tier)
        elif pd.api.types.is_integer_dtype(shown[column]):
            shown[column] = round_counts(shown[column], tier.round_to)
        elif pd.api.types.is_float_dtype(shown[column]) and tier.decimals is not None:
            shown[column] = shown[column].round(tier.decimals)
    if tier.round_to > 1:
        # Remarks of the internal tier quote exact counts and full decimals; what could give them away is left out. That
        # a group is smaller than the study's limit stays said: an estimate is never missing without its reason.
        for column in {"note", "dropped_reason"} & set(shown.columns):
            exact = shown[column].str.contains(r"\d", regex=True, na=False) & (state == "").to_numpy()
            exact &= ~shown[column].str.startswith(("withheld", "undefined: fewer")).fillna(False).to_numpy()
            shown.loc[exact, column] = shown.loc[exact, column].map(without_figures)
        if {"n_dropped", "dropped_reason"} <= set(shown.columns):
            shown.loc[~(shown["n_dropped"] > 0).fillna(False).astype(bool), "dropped_reason"] = ""
    return shown
