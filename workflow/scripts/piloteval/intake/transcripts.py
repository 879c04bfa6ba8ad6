"""Readers for interview transcripts: TXT, DOCX and VTT become speaker turns and one stored text.

The stored text is the reference for every offset of a coding: one line a turn, ``LABEL: speech``, joined by a line
feed. Offsets count Unicode code points from 0, the end is exclusive.
"""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from piloteval.intake.catalogue import Problem, problem
from piloteval.intake.sheet import Source, of_kind
from piloteval.intake.tabular import Unreadable, decode

_LABEL = re.compile(r"^([^\W\d_][\w.]{0,11}):(?:\s|$)")
_VOICE = re.compile(r"<v(?:\.[\w-]+)*\s+([^>]*)>")
_MARKUP = re.compile(r"</?(?:v|c|i|b|u|ruby|rt|lang)\b[^>]*>|<[\d:.]+>")

#: A line of a transcript: its number, the speaker where the format itself names one, the words.
Line = tuple[int, str, str]


@dataclass(frozen=True)
class Turn:
    """A turn of speech: who, what, and where its words stand in the stored text."""

    role: str
    label: str
    speech: str
    start: int
    end: int


@dataclass(frozen=True)
class Transcript:
    """A transcript as read: the stored text and its turns."""

    interview: str
    language: str
    text: str
    turns: tuple[Turn, ...]


def _lines_of_text(path: Path, encoding: str) -> list[Line]:
    return [(number, "", line) for number, line in enumerate(decode(path, encoding).splitlines(), start=1)]


def _lines_of_docx(path: Path) -> list[Line]:
    import docx

    try:
        document = docx.Document(str(path))
    except Exception:
        raise Unreadable(
            problem("file.unreadable", path.as_posix(), found="this is not a Word document that can be opened")
        ) from None
    paragraphs = enumerate(document.paragraphs, start=1)
    return [(number, "", line) for number, paragraph in paragraphs for line in paragraph.text.splitlines()]


def _lines_of_vtt(path: Path) -> list[Line]:
    import webvtt

    try:
        captions = webvtt.read(str(path)).captions
    except Exception:
        raise Unreadable(
            problem("file.unreadable", path.as_posix(), found="this is not a WebVTT file that can be opened")
        ) from None
    lines = []
    for number, cue in enumerate(captions, start=1):
        # Voice tags cut the cue into words before the first tag, and a name and its words for every tag.
        before, *voices = _VOICE.split(cue.raw_text)
        lines += [(number, "", _without_markup(line)) for line in before.splitlines()]
        lines += [
            (number, name.strip(), _without_markup(words))
            for name, words in zip(voices[::2], voices[1::2], strict=True)
        ]
    return lines


def _without_markup(words: str) -> str:
    return html.unescape(_MARKUP.sub("", words))


READERS = {
    ".txt": lambda source, path: _lines_of_text(path, source.encoding),
    ".md": lambda source, path: _lines_of_text(path, source.encoding),
    ".docx": lambda source, path: _lines_of_docx(path),
    ".vtt": lambda source, path: _lines_of_vtt(path),
}


def read_transcript(
    source: Source, interviewers: Collection[str], participants: Collection[str]
) -> tuple[Transcript | None, list[Problem]]:
    """Read one transcript into turns.

    Parameters
    ----------
    source : Source
        Row of the landing sheet; ``unit`` is the interview id.
    interviewers, participants : collection of str
        Speaker labels of each role.

    Returns
    -------
    Transcript or None
        None when the file cannot be used.
    list of Problem
        What was found. The row is the line of a text file, the paragraph of a document or the cue of a VTT file.

    Notes
    -----
    Lines before the first label are a heading and are left out. A line without a label continues the turn. Cues or
    paragraphs of the same speaker that follow each other are one turn. A label may stand alone on its line.
    """
    path = Path(source.path)
    if not path.is_file():
        return None, [problem("sheet.no-file", source.path, found="the file is not there")]
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        return None, [
            problem(
                "file.unreadable",
                source.path,
                found=f"files ending in {path.suffix or 'nothing'} are not read",
                expected="one of " + ", ".join(READERS),
            )
        ]
    try:
        lines = reader(source, path)
    except Unreadable as fault:
        return None, fault.problems
    roles = {**dict.fromkeys(interviewers, "interviewer"), **dict.fromkeys(participants, "participant")}
    alike = {label.casefold() for label in roles}
    known = re.compile(f"^({'|'.join(sorted(map(re.escape, roles), key=len, reverse=True)) or '(?!)'}):")
    spoken: list[tuple[str, str]] = []
    problems: list[Problem] = []
    for number, voice, line in lines:
        words = " ".join(line.split())
        if not words:
            continue
        named, labelled = known.match(words), _LABEL.match(words)
        if voice in roles or (named and not voice):
            label, speech = (voice, words) if voice else (named[1], words[named.end() :].strip())
            if spoken and not spoken[-1][1]:
                spoken.pop()
            if spoken and spoken[-1][0] == label:
                spoken[-1] = (label, f"{spoken[-1][1]} {speech}".strip())
            else:
                spoken.append((label, speech))
        elif voice or (spoken and labelled and (labelled[1].isupper() or labelled[1].casefold() in alike)):
            problems.append(
                problem(
                    "transcript.speaker",
                    source.path,
                    row=number,
                    found="a turn begins with a speaker label nobody has",
                    expected="one of " + ", ".join([*interviewers, *participants]),
                )
            )
        elif spoken:
            spoken[-1] = (spoken[-1][0], f"{spoken[-1][1]} {words}".strip())
    turns, text = [], ""
    for label, speech in spoken:
        if not speech:
            continue
        start = len(text) + len(label) + 2
        turns.append(Turn(roles[label], label, speech, start, start + len(speech)))
        text += f"{label}: {speech}\n"
    if not problems and not any(turn.role == "participant" for turn in turns):
        problems.append(problem("transcript.silent", source.path))
    if any(found.level == "STOP" for found in problems):
        return None, problems
    return Transcript(source.unit, source.language, text.removesuffix("\n"), tuple(turns)), problems


def read_interviews(
    sources: Iterable[Source], interviewers: Collection[str], participants: Collection[str]
) -> tuple[list[Transcript], list[Problem], list[dict[str, Any]]]:
    """Read all transcripts; return them with the problems and the ledger of files."""
    transcripts, problems, ledger = [], [], []
    for source in of_kind(sources, "transcript"):
        found, faults = read_transcript(source, interviewers, participants)
        problems += faults
        if found:
            transcripts.append(found)
        ledger.append(
            {
                "source": source.source,
                "kind": "transcript",
                "wave": "",
                "rows_read": 1,
                "quarantined": 0 if found else 1,
            }
        )
    return transcripts, problems, ledger
