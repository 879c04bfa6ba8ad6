"""Transcripts of interviews: the lines of a file in any format become speaker turns and one stored text.

The stored text is the reference for every offset of a coding: one line a turn, ``LABEL: speech``, joined by a line
feed. Offsets count Unicode code points from 0, the end is exclusive. The text is in the composed form of Unicode (NFC)
and free of invisible characters and of time marks at the edges of a turn.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from piloteval.intake.catalogue import Problem, problem
from piloteval.intake.documents import READERS, Line, fold, read_document
from piloteval.intake.gate import Gate
from piloteval.intake.guards import guard
from piloteval.intake.sheet import Source, of_kind
from piloteval.intake.tabular import Turned, Unreadable
from piloteval.intake.text import closing_mark, damage, inner_mark, normalise, opening_mark


@dataclass(frozen=True)
class Turn:
    """A turn of speech: who, what, where its words stand in the stored text, and when they were said.

    ``role`` is ``interviewer``, ``participant`` or ``other``; ``at`` is in seconds from the start of the recording.
    """

    role: str
    label: str
    speech: str
    start: int
    end: int
    at: float | None = None


@dataclass(frozen=True)
class Transcript:
    """A transcript as read: the stored text and its turns."""

    interview: str
    language: str
    text: str
    turns: tuple[Turn, ...]


#: A heading longer than this is told, since it may be speech without labels.
HEADING_LINES, HEADING_LETTERS = 10, 1000


@dataclass(frozen=True)
class _Spoken:
    """A line taken apart.

    Attributes
    ----------
    number : int
        Its number in the file.
    label : str
        The label it begins with; empty when it goes on with the turn.
    words : str
        The rest.
    at : float or None
        Its time.
    doubt : str
        How it begins when that is like a label and none of the study's: ``near`` one of the study's, a ``voice`` the
        format names, in ``capitals``, or like a ``name``.
    doubtful : str
        What it begins with then, folded. It may be the name of a person and is never told.
    """

    number: int
    label: str
    words: str
    at: float | None = None
    doubt: str = ""
    doubtful: str = ""


# German writes `Patient:innen`: the first colon ends no label. `Interviewer:in:` can be one.
_ALL_GENDERS = r"(?i::in(?:nen)?\b)"
_WORD = rf"[\w.'’/-]+{_ALL_GENDERS}?+"
_ASIDE = r"(?:\s?\([^()]{1,40}\)|\s?\[[^\[\]]{1,40}\])?"
_LIKE_LABEL = re.compile(rf"(?P<label>(?=[^\W\d_]){_WORD}(?:\s{_WORD}){{0,3}}){_ASIDE}\s?[:：](?P<next>.?)")
_CLOCK = r"(?:\s?(?P<time>[\[(][0-9:.,]{5,12}[\])]))?"


class _Labels:
    """The speaker labels of a study and their roles; how lines look that begin with one, or nearly so."""

    def __init__(
        self,
        interviewers: Collection[str],
        participants: Collection[str],
        other: Collection[str],
        not_labels: Collection[str],
    ) -> None:
        self._words = {fold(word) for word in not_labels}
        self.roles = {
            _plain(label): role
            for labels, role in ((other, "other"), (interviewers, "interviewer"), (participants, "participant"))
            for label in labels
        }
        self.expected = "one of " + ", ".join([*interviewers, *participants, *other])
        self._folded = {fold(label) for label in self.roles}
        longest_first = sorted(self.roles, key=len, reverse=True)
        exact = [re.escape(label) for label in longest_first]
        words = [re.escape(label) + ("" if len(label) <= 3 else f"(?!{_ALL_GENDERS})") for label in longest_first]
        capitals = [re.escape(label) for label in longest_first if len(label) >= 3 and label.isupper()]
        self._begins = re.compile(f"(?P<label>{_any_of(words)}){_CLOCK}:")
        # A hyphen counts only before a blank (`E-Mail`), a blank alone only behind a word in capitals (`I think`).
        self._without_colon = re.compile(
            rf"(?P<label>{_any_of(exact)}(?=\s?[-–—=;](?:\s|$)|\t|$)|{_any_of(capitals)}(?=\s))"
        )
        # A dash, the number of a line, brackets, or the time from and to.
        self._behind_signs = re.compile(rf"[\W\d_]{{1,40}}(?P<label>{_any_of(exact)})[\W_]{{0,3}}:")

    def begin(self, words: str) -> tuple[str, str]:
        """Return the label that a line begins with and the rest; a time before the colon goes to the rest."""
        found = self._begins.match(words)
        if found is None:
            return "", words
        return found["label"], f"{found['time'] or ''} {words[found.end() :]}".strip()

    def doubt(self, words: str) -> tuple[str, str]:
        """Return how a line without a label begins like one, and that beginning, folded."""
        missed = self._without_colon.match(words) or self._behind_signs.match(words)
        if missed:
            return "near", fold(missed["label"])
        found = _LIKE_LABEL.match(words)
        if found is None:
            return "", ""
        label, behind = found["label"], found["next"]
        folded, ends, count = fold(label), not behind.strip(), len(label.split())
        if folded in self._words:
            return "", ""
        if folded in self._folded or (ends and any(_one_letter_apart(folded, one) for one in self._folded)):
            return "near", folded
        if label.isupper() and count == 1 and len(label) <= 12 and (ends or behind.isalpha()):
            return "capitals", folded
        if label[0].isupper() and count <= 3 and ends:
            return "name", folded
        return "", ""


def _any_of(patterns: Iterable[str]) -> str:
    return f"(?:{'|'.join(patterns) or '(?!)'})"


def _plain(words: str) -> str:
    """Return words normalised, with single blanks between them."""
    return " ".join(normalise(words).split())


def _with_tabs(words: str) -> str:
    """Return words as :func:`_plain` does, but for the tabs among the blanks: a tab may stand for a label's colon."""
    return "\t".join(_plain(part) for part in words.strip().split("\t"))


def _one_letter_apart(label: str, known: str) -> bool:
    """Whether a label is one of at least three letters with one sign changed, added or left out."""
    if sum(map(str.isalpha, known)) < 3:
        return False
    if len(label) == len(known):
        return sum(one != other for one, other in zip(label, known, strict=True)) == 1
    short, long = sorted((label, known), key=len)
    return any(short == long[:place] + long[place + 1 :] for place in range(len(long)))


def _first(*times: float | None) -> float | None:
    return next((time for time in times if time is not None), None)


def _take_apart(line: Line, labels: _Labels) -> _Spoken:
    """Return label, words and time of a line."""
    voice, words = _plain(line.voice), _plain(line.words)
    if voice:
        known = voice in labels.roles
        return _Spoken(line.number, voice, words, line.at, *(() if known else ("voice", fold(voice))))
    time, rest = opening_mark(words)
    label, speech = labels.begin(rest)
    if label:
        inner, speech = inner_mark(speech)
        return _Spoken(line.number, label, speech, _first(line.at, time, inner))
    return _Spoken(line.number, "", words, line.at, *labels.doubt(opening_mark(_with_tabs(line.words))[1]))


def _with_marks(spoken: list[_Spoken]) -> list[_Spoken]:
    """Take the time marks out that stand on a line of their own above a label, or at the end of a turn."""
    below: list[_Spoken] = []
    for one in spoken:
        if one.label and one.at is None and below and not below[-1].label:
            time, rest = opening_mark(below[-1].words)
            if time is not None and not rest:
                below.pop()
                one = replace(one, at=time)
        below.append(one)
    marked = []
    for one, following in zip(below, [*below[1:], None], strict=False):
        time, words = closing_mark(one.words, within=following is not None and not following.label)
        marked.append(replace(one, words=words, at=_first(one.at, time)))
    return marked


def _join(spoken: Iterable[_Spoken]) -> list[_Spoken]:
    """Join the lines of a turn, and turns of the same speaker that follow each other; drop what comes before them."""
    turns: list[_Spoken] = []
    for one in spoken:
        if one.label and turns and not turns[-1].words:
            turns.pop()
        if turns and one.label in ("", turns[-1].label):
            last = turns[-1]
            turns[-1] = replace(last, words=f"{last.words} {one.words}".strip(), at=_first(last.at, one.at))
        elif one.label:
            turns.append(one)
    return [one for one in turns if one.words]


def _damage(file: str, lines: Iterable[Line]) -> list[Problem]:
    """Name the first line that was damaged before the file was saved."""
    for line in lines:
        rule = damage(line.voice) or damage(line.words)
        if rule:
            return [problem(rule, file, row=line.number)]
    return []


def _doubts(file: str, spoken: list[_Spoken], start: int, labels: _Labels) -> list[Problem]:
    """Judge the beginnings that are like labels: once for each, at its first line, with the number of its lines.

    One that is found only in the heading, before ``start``, is no label (``Date: ...``), unless nearly the study's.
    """
    groups: dict[str, list[int]] = {}
    for index, one in enumerate(spoken):
        if one.doubt:
            groups.setdefault(one.doubtful, []).append(index)
    problems = []
    for places in groups.values():
        kinds = {spoken[index].doubt for index in places}
        row, count = spoken[places[0]].number, len(places)
        many = "a line begins" if count == 1 else f"{count} lines begin"
        if "near" in kinds:
            found = f"{many} with a speaker label that is not written as in the configuration"
        elif "voice" not in kinds and places[-1] < start:
            continue
        elif kinds == {"name"} and count == 1:
            problems.append(problem("transcript.label", file, row=row))
            continue
        else:
            found = f"{many} with a speaker label nobody has"
        problems.append(problem("transcript.speaker", file, row=row, found=found, expected=labels.expected))
    return problems


def _heading(file: str, heading: list[_Spoken]) -> list[Problem]:
    """Tell when so many lines before the first label are left out that they may be speech."""
    if len(heading) <= HEADING_LINES and sum(len(one.words) for one in heading) <= HEADING_LETTERS:
        return []
    found = f"{len(heading)} lines before the first speaker label are left out"
    if len(heading) == 1:
        found = "a long line before the first speaker label is left out"
    remedy = "Check that they are a heading; if they are speech, give them a speaker label."
    return [problem("transcript.label", file, row=heading[0].number, found=found, remedy=remedy)]


def _time_order(file: str, spoken: Iterable[_Spoken]) -> list[Problem]:
    """Name the first line whose time lies before that of a line above it."""
    latest = 0.0
    for one in spoken:
        if one.at is not None and one.at < latest:
            return [problem("transcript.time", file, row=one.number)]
        latest = latest if one.at is None else one.at
    return []


def read_transcript(
    source: Source,
    interviewers: Collection[str],
    participants: Collection[str],
    other_labels: Collection[str] = (),
    not_labels: Collection[str] = (),
) -> tuple[Transcript | None, list[Problem]]:
    """Read one transcript into turns.

    Parameters
    ----------
    source : Source
        Row of the landing sheet; ``unit`` is the interview id.
    interviewers, participants : collection of str
        Speaker labels of each role.
    other_labels : collection of str
        Labels of persons who are neither, such as observers and interpreters; their speech stays in the text.
    not_labels : collection of str
        Words before a colon that begin lines of speech and are nobody's label.

    Returns
    -------
    Transcript or None
        None when the file cannot be used.
    list of Problem
        What was found. The row is the line of a text file, the paragraph of a document or the cue of a caption file.

    Notes
    -----
    Lines before the first label are a heading and are left out. A line without a label continues the turn. Cues or
    paragraphs of the same speaker that follow each other are one turn. A label may stand alone on its line. A time mark
    before or behind the label, above it, or at the end of a turn becomes the turn's time; one inside speech stays.
    """
    path = Path(source.path)
    if not path.is_file():
        return None, [problem("sheet.no-file", source.path, found="the file is not there")]
    if path.suffix.lower() not in READERS:
        return None, [
            problem(
                "file.unreadable",
                source.path,
                found=f"files ending in {path.suffix or 'nothing'} are not read",
                expected="one of " + ", ".join(READERS),
            )
        ]
    problems = guard(path, source.path)
    if _stops(problems):
        return None, problems
    labels = _Labels(interviewers, participants, other_labels, not_labels)
    try:
        document = read_document(path, source.encoding, labels.roles)
    except Unreadable as fault:
        return None, [*problems, *fault.problems]
    problems = [*problems, *document.problems, *_damage(source.path, document.lines)]
    if _stops(problems):
        return None, problems
    spoken = _with_marks(
        [one for one in (_take_apart(line, labels) for line in document.lines) if one.label or one.words]
    )
    start = next((index for index, one in enumerate(spoken) if one.label), len(spoken))
    problems += _doubts(source.path, spoken, start, labels)
    if start < len(spoken):
        problems += _heading(source.path, spoken[:start])
        problems += _time_order(source.path, spoken[start:])
    if _stops(problems):
        return None, problems
    text, turns = "", []
    for one in _join(spoken):
        begin = len(text) + len(one.label) + 2
        turns.append(Turn(labels.roles[one.label], one.label, one.words, begin, begin + len(one.words), one.at))
        text += f"{one.label}: {one.words}\n"
    if not any(turn.role == "participant" for turn in turns):
        doubtful = [one.number for one in spoken if one.doubt]
        found = ""
        if doubtful:
            found = f"no turn has a participant's label; {len(doubtful)} lines begin with another, this the first"
        row = doubtful[0] if doubtful else None
        return None, [
            *problems,
            problem("transcript.silent", source.path, row=row, found=found, expected=labels.expected),
        ]
    return Transcript(source.unit, source.language, text.removesuffix("\n"), tuple(turns)), problems


def _stops(problems: Iterable[Problem]) -> bool:
    return any(one.level == "STOP" for one in problems)


def read_interviews(
    sources: Iterable[Source],
    interviewers: Collection[str],
    participants: Collection[str],
    other_labels: Collection[str] = (),
    not_labels: Collection[str] = (),
    gate: Gate | None = None,
) -> tuple[list[Transcript], list[Problem], list[dict[str, Any]]]:
    """Read all transcripts; return them with the problems and the ledger of files.

    The files of interviews that the gate turns away are not opened.
    """
    transcripts, problems, ledger = [], [], []
    for source in of_kind(sources, "transcript"):
        fate = gate.interviews.get(source.unit, "") if gate else ""
        entry = {"source": source.source, "kind": "transcript", "wave": "", "rows_read": 1, "quarantined": 0}
        if gate and fate:
            gate.note(source, [Turned(source.unit, fate, "", None)])
            ledger.append({**entry, fate: 1})
            continue
        found, faults = read_transcript(source, interviewers, participants, other_labels, not_labels)
        problems += faults
        if found:
            transcripts.append(found)
        ledger.append({**entry, "quarantined": 0 if found else 1})
    return transcripts, problems, ledger
