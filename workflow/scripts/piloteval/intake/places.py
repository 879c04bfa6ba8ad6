"""Where a coded passage stands in the stored text, when its numbers, blanks or names are not those of the text.

A coder's tool may have added blanks, counted otherwise, or held the text in which names are replaced by words in
brackets. What cannot be wrong unseen are the words: a passage is found by them, or it is not found. Nothing is guessed.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

#: What stands for a name: words in brackets, as the texts without names have them.
_STAND_IN = re.compile(r"\[[^\[\]\n]{1,60}\]")

#: Most characters, without blanks, that something in brackets stands for.
LONGEST_NAME = 200

#: Why a passage is not found.
NOWHERE = "its words stand nowhere in the transcript"
SEVERAL = "its words stand at several places, and the number tells none of them"
NO_WORDS = "it holds no words but names that were replaced"


def _bare(text: str) -> tuple[str, list[int]]:
    """Return the text without blanks, and the place of every character of it."""
    places = [place for place, letter in enumerate(text) if not letter.isspace()]
    return "".join(text.split()), places


def _pieces(bare: str) -> list[str]:
    """Return what stands between the words in brackets; the first and the last piece may be empty."""
    return _STAND_IN.split(bare)


@dataclass(frozen=True)
class Alignment:
    """How the characters of another form of a text stand in the stored one.

    Attributes
    ----------
    theirs, ours : list of int
        Place of every character that is no blank, in the other text and in the stored one.
    first, behind : list of int
        For every character of the other text without blanks: where it begins and ends among those of the stored one.
        A character in brackets stands for the whole name. Behind it -1 marks what could be at two places.
    """

    theirs: list[int]
    ours: list[int]
    first: list[int]
    behind: list[int]

    def span(self, start: int, end: int) -> tuple[int, int] | None:
        """Return where a passage stands in the stored text, from its first to its last word; None if nobody knows."""
        low, high = bisect_left(self.theirs, start), bisect_left(self.theirs, end)
        if low >= high or self.behind[low] < 0 or self.behind[high - 1] < 0:
            return None
        return self.ours[self.first[low]], self.ours[self.behind[high - 1] - 1] + 1


def align(theirs: str, ours: str) -> Alignment | None:
    r"""Lay a text that a coder worked on beside the stored one.

    Parameters
    ----------
    theirs : str
        The text of the tool, with ``\n`` as line ends. It may differ in blanks, and names may be replaced by words in
        brackets, by whatever list of names.
    ours : str
        The text as it was received.

    Returns
    -------
    Alignment or None
        None if a word differs.

    Notes
    -----
    What stands between the brackets is looked for in its order, once as early and once as late as can be. Where both
    give the same place it is the only one.
    """
    bare, places = _bare(theirs)
    whole, own = _bare(ours)
    pieces = _pieces(bare)
    early, late = _in_order(pieces, whole), _in_order_from_behind(pieces, whole)
    if early is None or late is None:
        return None
    first: list[int] = []
    behind: list[int] = []
    marks = [found.span() for found in _STAND_IN.finditer(bare)]
    for number, piece in enumerate(pieces):
        sure = early[number] == late[number]
        at = early[number]
        first += range(at, at + len(piece))
        behind += range(at + 1, at + len(piece) + 1) if sure else [-1] * len(piece)
        if number < len(marks):
            begin, end = at + len(piece), early[number + 1]
            if end - begin > LONGEST_NAME:
                return None
            known = sure and early[number + 1] == late[number + 1] and end > begin
            length = marks[number][1] - marks[number][0]
            first += [begin] * length
            behind += [end if known else -1] * length
    return Alignment(places, own, first, behind)


def _in_order(pieces: Sequence[str], text: str) -> list[int] | None:
    """Return the earliest places of the pieces, one after the other with a gap between; the ends are fixed."""
    if len(pieces) == 1:
        return [0] if pieces[0] == text else None
    if not text.startswith(pieces[0]) or not text.endswith(pieces[-1]):
        return None
    places, at = [0], len(pieces[0])
    for piece in pieces[1:-1]:
        # Names that stand side by side are one gap: an empty piece takes no room between them.
        at = text.find(piece, at + 1) if piece else at
        if at < 0:
            return None
        places.append(at)
        at += len(piece)
    last = len(text) - len(pieces[-1])
    return [*places, last] if last > at or (last == at and not pieces[-2]) else None


def _in_order_from_behind(pieces: Sequence[str], text: str) -> list[int] | None:
    """Return the latest places of the pieces."""
    mirrored = _in_order([piece[::-1] for piece in reversed(pieces)], text[::-1])
    if mirrored is None:
        return None
    return [len(text) - at - len(piece) for at, piece in zip(reversed(mirrored), pieces, strict=True)]


@dataclass(frozen=True)
class Found:
    """Where a passage stands: start and end, or why it is not found."""

    start: int = -1
    end: int = -1
    why: str = ""


def locate(passages: Sequence[tuple[int | None, str]], ours: str) -> list[Found]:
    """Find passages by their words.

    Parameters
    ----------
    passages : sequence of (int or None, str)
        Start as the file gives it, if it does, and words; all made on the same form of one text.
    ours : str
        The text as it was received.

    Returns
    -------
    list of Found
        One a passage. A passage whose words stand at its place is there, and one whose words stand once is there,
        whatever its number says. One whose words stand several times is where the passages before and behind it, which
        were found, let it be, if that is one place.

    Notes
    -----
    A passage that begins or ends with a name in brackets takes in one sign of the name, since nobody knows how long it
    is; where the passage is moved to the text without names, that becomes the whole name.
    """
    whole, places = _bare(ours)
    found: list[Found | None] = []
    candidates: list[list[tuple[int, int]]] = []
    known: dict[str, list[tuple[int, int]]] = {}
    for start, words in passages:
        if start is not None and words and ours[start : start + len(words)] == words:
            found.append(Found(start, start + len(words)))
            candidates.append([])
            continue
        if words not in known:
            spans = dict.fromkeys(_everywhere(words, whole))
            known[words] = [(places[first], places[behind - 1] + 1) for first, behind in spans]
        at = known[words]
        candidates.append(at)
        bare = "".join(_pieces("".join(words.split())))
        why = NO_WORDS if not any(map(str.isalnum, bare)) else NOWHERE if not at else ""
        found.append(Found(why=why) if why else Found(*at[0]) if len(at) == 1 else None)
    shifts = sorted(
        (start, one.start - start)
        for (start, _words), one in zip(passages, found, strict=True)
        if one is not None and not one.why and start is not None
    )
    made = []
    for (start, _words), one, spans in zip(passages, found, candidates, strict=True):
        if one is None:
            around = _shifts_around(start, shifts) if start is not None else None
            fitting = [
                (first, behind)
                for first, behind in spans
                if around is not None and around[0] <= first - (start or 0) <= around[1]
            ]
            one = Found(*fitting[0]) if len(fitting) == 1 else Found(why=SEVERAL)
        made.append(one)
    return made


def _shifts_around(start: int, shifts: Sequence[tuple[int, int]]) -> tuple[int, int] | None:
    """Return the least and the most that the passages next to this number were moved; None without one."""
    at = bisect_left(shifts, (start, 0))
    near = [shift for _place, shift in shifts[max(0, at - 1) : at + 1]]
    return (min(near), max(near)) if near else None


def _everywhere(words: str, whole: str) -> Iterator[tuple[int, int]]:
    """Yield first and last place, without blanks, of everything in the text that the words can be."""
    bare = "".join(words.split())
    # Where the brackets themselves stand in the text, they stand for themselves.
    pieces = [bare] if bare and bare in whole else _pieces(bare)
    led, followed = len(pieces) > 1 and not pieces[0], len(pieces) > 1 and not pieces[-1]
    inner = [piece for piece in pieces if piece]
    if not inner:
        return
    at = whole.find(inner[0])
    while at >= 0:
        end = at + len(inner[0])
        for piece in inner[1:]:
            end = whole.find(piece, end + 1, end + LONGEST_NAME + len(piece))
            if end < 0:
                break
            end += len(piece)
        first, behind = at - led, end + followed
        if end > 0 and first >= 0 and behind <= len(whole):
            yield first, behind
        at = whole.find(inner[0], at + 1)
