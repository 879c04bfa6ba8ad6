"""Agreement on where something begins and ends: Krippendorff's alpha for stretches that coders cut out of a text.

A coder marks units (passages with a code) on a continuum of so many characters; what lies between them is a gap. Two
families of coefficients are here. Alpha-U (Krippendorff 1995, 2004) weighs every pair of units by the squares of how
far their ends are apart, so that a passage missed by a word counts little. The u-alpha family (Krippendorff, Mathet,
Bouvry & Widlöcher 2016) compares lengths: of every character, whether the coders gave it the same value, with the
chance agreement of units that cannot be paired with themselves. The authors replaced the first by the second because
the first does not behave as expected with more than two coders. For one code and long texts u-alpha is close to the
alpha of single characters.

No kept Python library has these coefficients (pygamma-agreement has gamma, which is another measure); hence own code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike

from piloteval.statistic import Statistic

NO_UNIT = "undefined: nobody marked anything"
NO_GAP = "undefined: everybody marked everything"
NO_VARIATION = "undefined: one value only"
NO_MEETING = "undefined: no character that both marked"
ONE_CODER = "undefined: fewer than two coders"


@dataclass(frozen=True)
class Continuum:
    """The units of several coders on one continuum.

    Attributes
    ----------
    starts, ends : tuple of array of int
        Of every coder, the first character of each unit and the one behind its last, in the order of the text.
    values : tuple of array of int
        Of every coder, the value of each unit, from 1; 0 is the gap.
    length : int
        Characters of the continuum.
    """

    starts: tuple[np.ndarray, ...]
    ends: tuple[np.ndarray, ...]
    values: tuple[np.ndarray, ...]
    length: int

    @property
    def n_units(self) -> int:
        """Units of all coders."""
        return sum(map(len, self.starts))

    def lengths(self) -> np.ndarray:
        """Length of each unit of every coder, one coder after the other."""
        return np.concatenate([end - start for start, end in zip(self.starts, self.ends, strict=True)])


def continuum(coders: Sequence[ArrayLike], length: int, values: Sequence[ArrayLike] | None = None) -> Continuum:
    """Put the units of coders in order and check that they divide the continuum.

    Parameters
    ----------
    coders : sequence of array, shape (units, 2)
        Of every coder, the units as first character and the one behind the last. Units of one coder may touch, and are
        two then, but not overlap.
    length : int
        Characters of the continuum, at least 1.
    values : sequence of array, shape (units,), optional
        Of every coder, the value of each unit as a whole number from 1; default 1 for all.

    Returns
    -------
    Continuum

    Raises
    ------
    ValueError
        If a unit is empty, lies outside the continuum or overlaps another of its coder, or a value is below 1.
    """
    starts, ends, given = [], [], []
    for number, units in enumerate(coders):
        array = np.asarray(units, dtype=np.int64).reshape(-1, 2)
        of_units = np.ones(len(array), dtype=np.int64) if values is None else np.asarray(values[number], dtype=np.int64)
        if len(of_units) != len(array) or (of_units < 1).any():
            raise ValueError("every unit needs one value from 1")
        order = np.argsort(array[:, 0], kind="stable")
        start, end = array[order, 0], array[order, 1]
        if (end <= start).any() or (start[1:] < end[:-1]).any():
            raise ValueError("units of one coder are not empty and do not overlap")
        if len(array) and (start[0] < 0 or end[-1] > length):
            raise ValueError("a unit lies outside the continuum")
        starts.append(start)
        ends.append(end)
        given.append(of_units[order])
    if length < 1:
        raise ValueError(f"a continuum has at least one character, not {length}")
    return Continuum(tuple(starts), tuple(ends), tuple(given), int(length))


# Alpha-U: how far apart the ends of units are


def alpha_u(coders: Sequence[ArrayLike], length: int, breaks: ArrayLike = ()) -> Statistic:
    """Krippendorff's alpha-U of one code: agreement on units, by the squared distances of their ends.

    Parameters
    ----------
    coders : sequence of array, shape (units, 2)
        Of every coder, the units with the code as first character and the one behind the last, none overlapping.
    length : int
        Characters of the continuum.
    breaks : array of int, optional
        Characters at which a new text begins, where texts stand one behind the other; no gap goes across one.

    Returns
    -------
    Statistic
        ``n`` counts units of all coders. Undefined with fewer than two coders, without any unit, and where nothing else
        could have been expected. Without interval: it is no sum over texts that could be drawn anew.

    Raises
    ------
    ValueError
        As in `continuum`, and if a unit goes across a break.

    Notes
    -----
    alpha-U = 1 - observed / expected, as `alpha_u_disagreements` gives them.

    References
    ----------
    Krippendorff (1995), Sociological Methodology 25, 47-76; Krippendorff (2004), Quality & Quantity 38, 787-800.
    """
    method, found = "Krippendorff's alpha-U (2004)", continuum(coders, length)
    if len(coders) < 2:
        return Statistic(None, found.n_units, method, note=ONE_CODER)
    if not found.n_units:
        return Statistic(None, 0, method, note=NO_UNIT)
    observed, expected = alpha_u_disagreements(coders, length, breaks)
    if expected <= 0:
        return Statistic(None, found.n_units, method, note=NO_VARIATION)
    return Statistic(1 - observed / expected, found.n_units, method)


def alpha_u_disagreements(coders: Sequence[ArrayLike], length: int, breaks: ArrayLike = ()) -> tuple[float, float]:
    """Observed and expected disagreement of alpha-U.

    Parameters
    ----------
    coders, length, breaks
        As in `alpha_u`, at least two coders.

    Returns
    -------
    observed, expected : float

    Raises
    ------
    ValueError
        As in `alpha_u`.

    Notes
    -----
    With m coders on a continuum of length L, observed is the mean over pairs of coders of a sum divided by L²: for two
    units that overlap, the squared distance of their beginnings and that of their ends; for a unit that lies within a
    gap of the other coder, its squared length. Expected is 2/L times the sum over the N units of length l of
    (N - 1) / 3 (2 l³ - 3 l² + l) + l² sum of (g - l + 1) over the gaps g of all coders that are no shorter than l,
    divided by m L (m L - 1) - sum of l (l - 1).

    References
    ----------
    Krippendorff (2004), Quality & Quantity 38, 787-800.
    """
    found = continuum(coders, length)
    m, total = len(coders), float(found.length)
    edges = np.unique(np.concatenate([[0], np.asarray(breaks, dtype=np.int64), [found.length]]))
    if edges[0] < 0 or edges[-1] > found.length:
        raise ValueError("a break lies outside the continuum")
    apart = sum(_apart(found, one, other) for one, other in combinations(range(m), 2))
    observed = 2 * apart / (m * (m - 1) * total**2)
    lengths = found.lengths().astype(float)
    gaps = np.sort(
        np.concatenate([_gaps(start, end, edges) for start, end in zip(found.starts, found.ends, strict=True)])
    )
    # The sum of g - l + 1 over the gaps from l on, from sums of all longer gaps.
    longer = np.concatenate([np.cumsum(gaps[::-1])[::-1], [0.0]])
    first = np.searchsorted(gaps, lengths)
    places = longer[first] - (len(gaps) - first) * (lengths - 1)
    units = (len(lengths) - 1) / 3 * (2 * lengths**3 - 3 * lengths**2 + lengths) + lengths**2 * places
    pairs = m * total * (m * total - 1) - (lengths * (lengths - 1)).sum()
    return float(observed), float(2 / total * units.sum() / pairs) if pairs > 0 else 0.0


def _apart(found: Continuum, one: int, other: int) -> float:
    """Sum of squared distances of the units of two coders."""
    start, end = found.starts[one].astype(float), found.ends[one].astype(float)
    other_start, other_end = found.starts[other].astype(float), found.ends[other].astype(float)
    low = np.searchsorted(other_end, start, side="right")
    count = np.searchsorted(other_start, end, side="left") - low
    mine = np.repeat(np.arange(len(start)), count)
    theirs = np.repeat(low - np.cumsum(count) + count, count) + np.arange(count.sum())
    met = (start[mine] - other_start[theirs]) ** 2 + (end[mine] - other_end[theirs]) ** 2
    alone = ((end - start)[count == 0] ** 2).sum()
    others_alone = np.ones(len(other_start), dtype=bool)
    others_alone[theirs] = False
    return float(met.sum() + alone + ((other_end - other_start)[others_alone] ** 2).sum())


def _gaps(start: np.ndarray, end: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Lengths of the gaps between the units of one coder, cut where a text ends."""
    inside = np.searchsorted(edges, start, side="right") != np.searchsorted(edges, end, side="left")
    if inside.any():
        raise ValueError("a unit goes across the end of a text")
    # A gap begins behind a unit or with a text, and goes on to the next unit or the end of the text.
    begin = np.unique(np.concatenate([edges[:-1], end[end < edges[-1]]]))
    next_unit = np.append(start, edges[-1])[np.searchsorted(start, begin, side="left")]
    length = np.minimum(next_unit, edges[np.searchsorted(edges, begin, side="right")]) - begin
    return length[length > 0].astype(float)


# The u-alpha family: how much of the continuum has the same value


def u_alpha(coders: Sequence[ArrayLike], length: int, values: Sequence[ArrayLike] | None = None) -> Statistic:
    """Krippendorff's u-alpha: agreement on which characters belong to units, and to units of which value.

    Parameters
    ----------
    coders : sequence of array, shape (units, 2)
        Of every coder, the units as first character and the one behind the last, none overlapping.
    length : int
        Characters of the continuum.
    values : sequence of array, shape (units,), optional
        Of every coder, the value of each unit as a whole number from 1. Without it there is one code, and u-alpha is
        also the coefficient with a bar, of what is coded at all.

    Returns
    -------
    Statistic
        ``n`` counts characters. Undefined with fewer than two coders and where the coders used one value only, the gap
        included.

    Raises
    ------
    ValueError
        As in `continuum`.

    Notes
    -----
    With l(c, k) the characters to which one coder gave c and another k, summed over ordered pairs of coders and divided
    by their number less one, l(c) its margins and T its sum: observed is T less the sum of l(c, c), expected T less the
    sum of (l(c)² - s(c)) T / (T² - sum of s). s(c) sums the squared lengths of the units with value c, because no unit
    can be paired with itself; of gaps, which have no inner structure, it is the length itself.

    References
    ----------
    Krippendorff, Mathet, Bouvry & Widlöcher (2016), Quality & Quantity 50, 2347-2364; Krippendorff (2019), Content
    Analysis, 4th ed., section 12.6.
    """
    method, found = "Krippendorff's u-alpha for unitizing (nominal)", continuum(coders, length, values)
    if len(coders) < 2:
        return Statistic(None, found.length, method, note=ONE_CODER)
    coincidences, squares = unit_coincidences(found)
    alpha = u_alpha_of_coincidences(coincidences, squares)
    if alpha is None:
        note = NO_UNIT if not found.n_units else NO_GAP if coincidences[0].sum() == 0 else NO_VARIATION
        return Statistic(None, found.length, method, note=note)
    return Statistic(alpha, found.length, method)


def cu_alpha(coders: Sequence[ArrayLike], length: int, values: Sequence[ArrayLike]) -> Statistic:
    """Krippendorff's cu-alpha of two coders: agreement on the values of what both marked, whatever else they marked.

    Parameters
    ----------
    coders, length, values
        As in `u_alpha`; two coders, because for more the sources do not give the chance agreement in the same way.

    Returns
    -------
    Statistic
        ``n`` counts the characters both marked, ``n_dropped`` the others. Undefined without any of the former, and
        where the coders used one value only in them.

    Raises
    ------
    ValueError
        As in `continuum`, and if there are not two coders.

    Notes
    -----
    As `u_alpha` without gaps; s(c) sums, over the units with value c, the squares of how much of them the other coder
    marked.

    References
    ----------
    Krippendorff, Mathet, Bouvry & Widlöcher (2016), Quality & Quantity 50, 2347-2364; Krippendorff (2019), Content
    Analysis, 4th ed., section 12.6.
    """
    if len(coders) != 2:
        raise ValueError(f"cu-alpha is for two coders, not {len(coders)}")
    method, found = "Krippendorff's cu-alpha (nominal)", continuum(coders, length, values)
    coincidences, _ = unit_coincidences(found)
    marked = coincidences[1:, 1:]
    n = int(marked.sum() / 2)
    record = {"n_dropped": found.length - n, "dropped_reason": "not marked by both" if n < found.length else ""}
    if not n:
        return Statistic(None, 0, method, note=NO_MEETING, **record)
    squares = np.zeros(len(marked))
    for one, other in ((0, 1), (1, 0)):
        covered = _covered(found, one, other)
        squares += np.bincount(found.values[one] - 1, weights=covered**2, minlength=len(marked))
    alpha = u_alpha_of_coincidences(marked, squares)
    note = NO_VARIATION if alpha is None else ""
    return Statistic(alpha, n, method, note=note, **record)


def unit_coincidences(found: Continuum) -> tuple[np.ndarray, np.ndarray]:
    """Observed coincidences of the values of a continuum, and what is left out of the expected ones.

    Parameters
    ----------
    found : Continuum
        Units of at least two coders.

    Returns
    -------
    coincidences : array of float, shape (values + 1, values + 1)
        Characters by the values two coders gave them, the gap first. The sum is the number of coders times the length.
    squares : array of float, shape (values + 1,)
        Characters in gaps, and the squared lengths of units by value.
    """
    m = len(found.starts)
    used = 1 + max((int(given.max()) for given in found.values if len(given)), default=1)
    edges = np.unique(np.concatenate([*found.starts, *found.ends, [0, found.length]]))
    begin, weight = edges[:-1], np.diff(edges).astype(float)
    value = np.zeros((m, len(begin)), dtype=np.int64)
    for number, (start, end, given) in enumerate(zip(found.starts, found.ends, found.values, strict=True)):
        if len(start):
            at = np.searchsorted(start, begin, side="right") - 1
            inside = (at >= 0) & (begin < end[at])
            value[number, inside] = given[at[inside]]
    counts = np.stack([np.bincount(one, weights=weight, minlength=used) for one in value])
    coincidences = np.zeros((used, used))
    for one, other in combinations(range(m), 2):
        pairs = np.bincount(value[one] * used + value[other], weights=weight, minlength=used**2).reshape(used, used)
        coincidences += (pairs + pairs.T) / (m - 1)
    squares = np.bincount(np.concatenate(found.values), weights=found.lengths().astype(float) ** 2, minlength=used)
    squares[0] = counts[:, 0].sum()
    return coincidences, squares


def u_alpha_of_coincidences(coincidences: np.ndarray, squares: np.ndarray) -> float | None:
    """u-alpha, or cu-alpha without the gap, from the coincidences of values.

    Parameters
    ----------
    coincidences : array, shape (values, values)
        Characters by the values two coders gave them.
    squares : array, shape (values,)
        What cannot be paired with itself, by value.

    Returns
    -------
    float or None
        None where one value only occurs.
    """
    margins = coincidences.sum(axis=1)
    total = margins.sum()
    if (margins > 0).sum() < 2:
        return None
    expected = total - ((margins**2 - squares) * total / (total**2 - squares.sum())).sum()
    return float(1 - (total - np.trace(coincidences)) / expected) if expected > 0 else None


def u_alpha_of_code(apart: ArrayLike, marked: ArrayLike, total: ArrayLike, squares: ArrayLike) -> np.ndarray:
    """u-alpha of one code from sums that add up over texts, for many samples at once.

    Parameters
    ----------
    apart : array
        Characters that one coder marked and the other did not; with m coders, over ordered pairs with the first in a
        gap and divided by m - 1.
    marked : array
        Characters marked, summed over coders.
    total : array
        Coders times characters.
    squares : array
        Squared lengths of the units of all coders.

    Returns
    -------
    array of float
        NaN where nobody marked anything or everybody everything.

    Notes
    -----
    With one code `u_alpha` is 1 - apart (T² - s) / (marked (T - marked) T) with s the squares and the gaps T - marked.
    """
    apart, marked, total, squares = (np.asarray(one, dtype=float) for one in (apart, marked, total, squares))
    gap = total - marked
    chance = marked * gap * total
    left = apart * (total**2 - squares - gap)
    return 1 - np.divide(left, chance, out=np.full(chance.shape, np.nan), where=chance > 0)


def _covered(found: Continuum, one: int, other: int) -> np.ndarray:
    """How many characters of each unit of one coder lie in units of the other."""
    start, end = found.starts[other], found.ends[other]
    before = np.concatenate([[0], np.cumsum(end - start)])

    def up_to(place: np.ndarray) -> np.ndarray:
        at = np.searchsorted(start, place, side="right")
        behind = np.where(at > 0, np.maximum(end[at - 1] - place, 0), 0) if len(end) else 0
        return before[at] - behind

    return (up_to(found.ends[one]) - up_to(found.starts[one])).astype(float)
