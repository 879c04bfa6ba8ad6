"""Interviews: authored sources with gold codes become transcripts as a site would send them, and codings of two coders.

The sources beside this file mark coded passages as ``[[CODE|passage]]`` and identifying details as ``<<kind|text>>``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

SOURCES = Path(__file__).parent / "interviews"
LABELS = {"de": ("I", "B"), "nl": ("I", "R"), "fr": ("Q", "R"), "pt": ("E", "P"), "es": ("E", "P"), "en": ("INT", "P")}
_MARK = re.compile(r"\[\[(?P<codes>[A-Z0-9_,]+)\||\]\]|<<(?P<kind>[a-z]+)\||>>")


@dataclass(frozen=True)
class Span:
    """A marked stretch of the stored text; ``end`` is exclusive."""

    what: str
    start: int
    end: int


@dataclass(frozen=True)
class Interview:
    """An interview with its stored text, gold codes and identifying details."""

    interview: str
    language: str
    cohort: str
    site: str
    minutes: int
    turns: tuple[tuple[str, str], ...]
    codes: tuple[Span, ...]
    identifiers: tuple[Span, ...]

    @property
    def text(self) -> str:
        """The stored text: one line a turn, as the reader makes it."""
        return "\n".join(f"{label}: {speech}" for label, speech in self.turns)


def _plain(marked: str, offset: int) -> tuple[str, list[Span], list[Span]]:
    """Strip the marks of one turn and return its text with the spans, counted from ``offset``."""
    text, codes, identifiers = "", [], []
    open_codes: tuple[str, int] | None = None
    open_kind: tuple[str, int] | None = None
    at = 0
    for mark in _MARK.finditer(marked):
        text += marked[at : mark.start()]
        at = mark.end()
        here = offset + len(text)
        if mark["codes"]:
            open_codes = (mark["codes"], here)
        elif mark["kind"]:
            open_kind = (mark["kind"], here)
        elif mark[0] == "]]" and open_codes:
            codes.extend(Span(code, open_codes[1], here) for code in open_codes[0].split(","))
            open_codes = None
        elif mark[0] == ">>" and open_kind:
            identifiers.append(Span(open_kind[0], open_kind[1], here))
            open_kind = None
    return text + marked[at:], codes, identifiers


def _assemble(head: dict[str, str], marked: list[tuple[str, str]]) -> Interview:
    """Join turns of the same speaker, strip the marks and place all spans in the stored text."""
    labels = LABELS[head["language"]]
    joined: list[tuple[str, str]] = []
    for who, speech in marked:
        speech = " ".join(speech.split())
        if joined and joined[-1][0] == who:
            joined[-1] = (who, f"{joined[-1][1]} {speech}")
        else:
            joined.append((who, speech))
    turns, codes, identifiers, length = [], [], [], 0
    for who, speech in joined:
        label = labels[0] if who == "I" else labels[1]
        plain, coded, named = _plain(speech, length + len(label) + 2)
        turns.append((label, plain))
        codes += coded
        identifiers += named
        length += len(label) + 2 + len(plain) + 1
    return Interview(
        head["interview"],
        head["language"],
        head["cohort"],
        head["site"],
        int(head["minutes"]),
        tuple(turns),
        tuple(codes),
        tuple(identifiers),
    )


def _source(path: Path) -> tuple[dict[str, str], list[tuple[str, str]]]:
    lines = path.read_text(encoding="utf-8").splitlines()
    head = dict(line[2:].split(": ", 1) for line in lines if line.startswith("# "))
    turns = [(line[0], line[3:]) for line in lines if line[:3] in ("I: ", "P: ")]
    return head, turns


def make_interviews(rng: np.random.Generator, count: int, words: int) -> list[Interview]:
    """Return ``count`` interviews.

    The first ones are as authored; further or longer ones are mixed from turns of the same language.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of chance for the mixing.
    count : int
        Number of interviews.
    words : int
        Least number of words; 0 keeps the authored length.
    """
    sources = [_source(path) for path in sorted(SOURCES.glob("*.txt"))]
    pools: dict[str, list[tuple[str, str]]] = {}
    for head, turns in sources:
        pools.setdefault(head["language"], []).extend(turns)
    made = []
    for number in range(count):
        head, turns = sources[number % len(sources)]
        pool = pools[head["language"]]
        if number >= len(sources):
            head = {**head, "interview": f"I{number + 1:03d}"}
            order = rng.permutation(len(pool))[: max(6, len(turns))]
            turns = [pool[place] for place in order]
        length = sum(len(speech.split()) for _who, speech in turns)
        turns = list(turns)
        while words and length < words:
            turn = pool[int(rng.integers(len(pool)))]
            turns.append(turn)
            length += len(turn[1].split())
        made.append(_assemble(head, turns))
    return made


def as_webvtt(interview: Interview) -> str:
    """Return the interview as WebVTT: a cue a sentence, with voice tags."""
    cues, clock = ["WEBVTT", ""], 4.0
    for label, speech in interview.turns:
        for sentence in re.findall(r"\S.*?(?:[.!?…]+(?=\s)|$)", speech):
            length = max(1.2, len(sentence) / 14)
            cues += [f"{_stamp(clock)} --> {_stamp(clock + length)}", f"<v {label}>{sentence}", ""]
            clock += length + 0.3
    return "\n".join(cues)


def as_subrip(interview: Interview) -> str:
    """Return the interview as SubRip: a cue a sentence, with the label before the words."""
    cues = as_webvtt(interview).split("\n\n")[1:]
    lines = []
    for number, cue in enumerate(cues, start=1):
        time, words = cue.strip().split("\n", 1)
        lines += [str(number), time.replace(".", ","), re.sub(r"<v ([^>]+)>", r"\1: ", words), ""]
    return "\n".join(lines)


def _stamp(seconds: float) -> str:
    whole, thousandths = divmod(round(seconds * 1000), 1000)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}.{thousandths:03d}"


def make_codings(
    rng: np.random.Generator, interviews: list[Interview], coder: str, misses: float, all_codes: list[str]
) -> list[list[Any]]:
    """Draw the codings of one coder from the gold codes.

    The coder overlooks a share of passages, sometimes marks the whole sentence, sometimes
    takes a sister code of the same theme.
    """
    rows = []
    for interview in interviews:
        text = interview.text
        for span in interview.codes:
            if rng.random() < misses:
                continue
            code, start, end = span.what, span.start, span.end
            if rng.random() < 0.05:
                sisters = [other for other in all_codes if other[:3] == code[:3] and other != code]
                code = str(rng.choice(sisters))
            if rng.random() < 0.4:
                while start > 0 and text[start - 1] not in ".!?…\n" and text[start - 2 : start] != ": ":
                    start -= 1
                while end < len(text) and text[end - 1] not in ".!?…" and text[end] != "\n":
                    end += 1
                while text[start] == " ":
                    start += 1
            rows.append([coder, interview.interview, code, start, end, text[start:end]])
    unique = {(row[1], row[2], row[3], row[4]): row for row in rows}
    return sorted(unique.values(), key=lambda row: (row[1], row[3], row[2]))
