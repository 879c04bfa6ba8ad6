"""Joining of neighbouring categories, so that a distribution can be shown without a small cell."""

from __future__ import annotations


def join_small(counts: list[int], floor: int) -> list[tuple[int, int]]:
    """Join neighbouring categories until each holds as many people as the floor asks.

    Parameters
    ----------
    counts : list of int
        People by category, in the order of the categories.
    floor : int
        Fewest people of a joined category.

    Returns
    -------
    list of (int, int)
        First and last place of each joined category. Only one category is left, however small, when all of them
        together are under the floor.

    Notes
    -----
    The smallest category is joined with the smaller of its neighbours, as long as one is under the floor. An answer
    nobody gave is small too: that nobody gave it says what everybody did.
    """
    groups = [(place, place, count) for place, count in enumerate(counts)]
    while len(groups) > 1 and min(count for _first, _last, count in groups) < floor:
        small = min(range(len(groups)), key=lambda place: groups[place][2])
        beside = [place for place in (small - 1, small + 1) if 0 <= place < len(groups)]
        other = min(beside, key=lambda place: groups[place][2])
        one, two = sorted((small, other))
        groups[one : two + 1] = [(groups[one][0], groups[two][1], groups[one][2] + groups[two][2])]
    return [(first, last) for first, last, _count in groups]
