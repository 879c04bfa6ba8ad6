"""What each tier of results may show: floors, complementary suppression, rounding.

Three tiers: ``restricted`` (row level, stays with the study team's data manager), ``internal`` (aggregates for the team and its
reviewers), ``release`` (for everybody). A person counts in a cell only when enough others stand beside them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

#: Text of the ``note`` of a cell that is itself under the floor; ``{floor}`` is filled in.
UNDER_FLOOR = "withheld: fewer than {floor} people"
#: Text of the ``note`` of a cell withheld so that another cannot be computed from the margins.
PROTECTS_ANOTHER = "withheld: protects another cell"


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
    table: pd.DataFrame, people: tuple[str, ...], floor: int, margins: tuple[tuple[str, str], ...], keys: tuple[str, ...]
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
    Complementary suppression: along a margin whose total is shown, one withheld part is the total less the others. So as long as
    a line holds exactly one withheld part, its smallest shown part is withheld as well, or the total when no part is left.
    Cells withheld for one margin can open another, so lines are visited until nothing changes.
    """
    import pandas as pd

    state = pd.Series("", index=table.index, dtype=object)
    if not people or not floor:
        return state
    counts = table[list(people)].apply(pd.to_numeric, errors="coerce")
    state[(counts < floor).any(axis=1)] = "small"
    size = counts.min(axis=1)
    changed = True
    while changed:
        changed = False
        for column, total in margins:
            others = [key for key in keys if key != column]
            lines = table.groupby(others, dropna=False, sort=False).groups.values() if others else [table.index]
            for line in lines:
                cells = table.loc[line, column]
                parts, totals = cells.index[cells != total], cells.index[cells == total]
                if not len(totals) or (state[totals] != "").all():
                    continue
                if (state[parts] != "").sum() != 1:
                    continue
                shown = [part for part in parts if state[part] == "" and pd.notna(size[part])]
                state[min(shown, key=lambda part: size[part]) if shown else totals[0]] = "secondary"
                changed = True
    return state


def round_counts(counts: pd.Series, base: int) -> pd.Series:
    """Round counts half up to the nearest multiple of ``base``; missing stays missing."""
    if base <= 1:
        return counts
    return ((counts + base // 2) // base) * base


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
    for kind, text in (("small", UNDER_FLOOR.format(floor=tier.floor)), ("secondary", PROTECTS_ANOTHER)):
        rows = state == kind
        if rows.any():
            for column in (*people, *statistics):
                shown.loc[rows, column] = "" if pd.api.types.is_string_dtype(shown[column]) else pd.NA
            shown.loc[rows, "note"] = text
    for column in people:
        shown[column] = round_counts(shown[column], tier.round_to)
    for column in statistics:
        if pd.api.types.is_integer_dtype(shown[column]):
            shown[column] = round_counts(shown[column], tier.round_to)
        elif pd.api.types.is_float_dtype(shown[column]) and tier.decimals is not None:
            shown[column] = shown[column].round(tier.decimals)
    if tier.round_to > 1:
        # Remarks of the internal tier quote exact counts and full decimals; what could give them away is left out.
        for column in {"note", "dropped_reason"} & set(shown.columns):
            exact = shown[column].str.contains(r"\d", regex=True, na=False) & (state == "").to_numpy()
            shown.loc[exact & ~shown[column].str.startswith("withheld"), column] = ""
    return shown
