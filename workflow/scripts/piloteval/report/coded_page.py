"""The page that shows transcripts as a coding tool does: sentences by number, and the codes as stripes beside them.

The page is one HTML file without scripts and without anything from elsewhere. It holds words of participants and is
restricted. Its look is that of :mod:`piloteval.intake.page`, its colours are those of the coders' project.
"""

from __future__ import annotations

import html
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from piloteval.errors import ContractError
from piloteval.intake.style import POLICY, STYLE, joined, table_of
from piloteval.qualitative import colours
from piloteval.qualitative.language import LANGUAGES
from piloteval.qualitative.segments import verify

if TYPE_CHECKING:
    import pandas as pd

    from piloteval.qualitative.codebook import Codebook

#: Kinds of codes from the one that counts most; class of the page, words.
FINAL, HUMAN, SUGGESTED, NEGATED = "final", "human", "suggested", "negated"
KINDS = {
    FINAL: "final code",
    HUMAN: "coded by a person",
    SUGGESTED: "suggested by the dictionary",
    NEGATED: "suggested, but negated in the text",
}
_RANK = {kind: place for place, kind in enumerate(KINDS)}

#: What the passages of an interview are counted by; a negated suggestion is a suggestion.
COUNTED = {"final": (FINAL,), "coded by people": (HUMAN,), "suggested": (SUGGESTED, NEGATED)}

#: Who stands at a suggestion, and at a final code.
DICTIONARY, DECIDED = "dictionary", "final"

#: What stands between those who gave a code; a line may end behind it.
DOT = "&nbsp;·</span> <span>"

# A kind is drawn as a line under the words, as a stripe, and as the ground, ink and edge of its number.
_LOOKS = {
    FINAL: ("0.17em solid", "0.4rem solid", "var(--k)", "var(--on)", "solid"),
    HUMAN: ("0.085em solid", "0.2rem solid", "var(--k)", "var(--on)", "solid"),
    SUGGESTED: ("0.1em dashed", "0.2rem dashed", "var(--paper)", "var(--ink)", "dashed"),
    NEGATED: ("max(3px, 0.19em) double", "0.4rem double", "var(--paper)", "var(--ink)", "double"),
}


def _looks() -> str:
    """Return the rules of the kinds.

    What is of several kinds looks like the one that counts most of those that are shown: its rule comes last.
    """
    rules = []
    for kind in reversed(KINDS):
        line, bar, ground, ink, edge = _LOOKS[kind]
        rules.append(
            f".show + label .in-{kind}, #show-{kind}:checked ~ .transcript .in-{kind} {{ --line: {line}; --bar: {bar}; "
            f"--ground: {ground}; --digit: {ink}; --edge: {edge}; --shown: block; --chip: inline-block; }}\n"
        )
    return "".join(rules)


_CSS = (
    STYLE
    + """\
html { scroll-padding-top: 4.5rem; }
main { max-width: 78rem; }
.restricted { border-color: var(--caution); background: #f9f2f1; }
.wide { width: 100%; max-width: 56rem; }
.legend { max-width: none; margin-bottom: 1.4em; padding: 0; list-style: none; columns: 17rem; }
.legend li { display: flex; gap: 0.5rem; align-items: center; margin: 0 0 0.3em; break-inside: avoid; }
.theme { flex: none; width: 0.9rem; height: 0.9rem; background: var(--k); }
.show { margin: 0 0.35rem 0 0; accent-color: var(--accent); }
.show + label { margin-right: 1.6rem; white-space: nowrap; }
.show + label .bar { display: inline-block; height: 1em; margin-right: 0.3rem; vertical-align: -0.12em; }
.show + label, .kx { --k: var(--muted); }
.transcript { margin-top: 4rem; }
.transcript > h2 {
  position: sticky; top: 0; z-index: 1; display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 1rem;
  margin: 0 0 1rem; padding: 0.7rem 0 0.6rem; border-bottom: 1px solid var(--ink); background: var(--paper);
}
h2 > span { font-size: 0.95rem; letter-spacing: 0; color: var(--muted); font-weight: 400; }
.block { display: grid; grid-template-columns: minmax(0, 1fr) 16rem; }
.row {
  display: grid; grid-template-columns: 2.2rem 3.4rem minmax(0, 1fr) calc(var(--lanes) * 0.62rem + 0.6rem);
  grid-column: 1; line-height: 1.6;
}
.row > * { padding: 0.1rem 0; }
.row.first > *, .first + .codes { padding-top: 0.6rem; }
.row > .lanes { padding-top: 0; padding-bottom: 0; }
.no { padding-right: 0.7rem; color: var(--muted); font-size: 0.74rem; line-height: 2.15; text-align: right; }
.no, .by { font-variant-numeric: tabular-nums; }
.who { font-weight: 650; }
.said { max-width: none; margin: 0; padding-right: 1rem; line-height: calc(1.6em + var(--deep, 0) * 0.3em); }
.aside { color: var(--muted); }
.aside .who { font-weight: 400; }
.row:target { background: var(--wash); box-shadow: -4px 0 0 var(--accent); }
.lanes { display: grid; grid-template-columns: repeat(var(--lanes), 0.62rem); }
.codes { grid-column: 2; max-width: none; margin: 0; padding: 0.1rem 0; list-style: none; }
.codes li { position: relative; margin: 0 0 0.2rem; padding: 0; font-size: 0.78rem; line-height: 1.35; }
.codes .among { padding-left: 1.35rem; }
.codes .n { position: absolute; top: 0.1em; left: 0; }
.in-final > .name { font-weight: 650; }
.by { color: var(--muted); }
.by > span { display: inline-block; }
mark, .bar, .n, .codes li {
  --line: 0 none; --bar: 0 none; --ground: none; --digit: inherit; --edge: none; --shown: none; --chip: none; --l: 0;
}
mark {
  background: none; color: inherit; border-bottom: var(--line) var(--k); padding-bottom: calc(var(--l) * 0.3em);
  -webkit-box-decoration-break: clone; box-decoration-break: clone;
}
.lanes > .bar { display: var(--shown); }
.bar { border-left: var(--bar) var(--k); }
.bar.begins { margin-top: 0.3rem; }
.first .bar.begins { margin-top: 0.75rem; }
.bar.ends { margin-bottom: 0.25rem; }
.codes li { display: var(--shown); }
.n {
  display: var(--chip); box-sizing: border-box; min-width: 1.15rem; padding: 0 0.2rem; border: 1px var(--edge) var(--k);
  border-radius: 2px; background: var(--ground); color: var(--digit); font-size: 0.64rem; font-style: normal;
  font-weight: 650; line-height: 1.4; text-align: center; print-color-adjust: exact;
}
.said .n { min-width: 0; margin-right: 0.15rem; font-size: 0.58rem; line-height: 1.25; vertical-align: 0.25em; }
.n::before { content: attr(data-n); }
.theme { print-color-adjust: exact; }
.top { margin-top: 1.4rem; }
@media screen and (max-width: 60rem) {
  html { font-size: 16px; }
  main { padding: 1.6rem 1.1rem 3rem; }
  .show { float: left; clear: left; margin-top: 0.35em; }
  .show + label { display: block; margin: 0 0 0.3em 1.6rem; }
  .block { display: block; }
  .row { grid-template-columns: 2rem minmax(0, 1fr) calc(var(--lanes) * 0.62rem); }
  .who, .said { grid-column: 2; }
  .who:empty { display: none; }
  .no { grid-row: 1; grid-column: 1; padding-right: 0.5rem; }
  .said { padding-right: 0.7rem; }
  .first .said { padding-top: 0; }
  .lanes { grid-column: 3; grid-row: 1 / span 2; }
  .codes { margin: 0 0 0.5rem; padding: 0.1rem 0 0 2rem; }
  .first + .codes { padding-top: 0.1rem; }
}
@media screen and (max-width: 44rem) {
  .wide, .wide tbody, .wide caption, .wide tr { display: block; }
  .wide caption { padding-bottom: 0.7rem; }
  .wide colgroup { display: none; }
  .wide thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .wide tr { padding: 0.4rem 0; border-top: 1px solid var(--hair); }
  .wide { border-top: 0; }
  .wide th, .wide td { display: inline-block; padding: 0; }
  .wide th, .wide td, .wide thead + tbody > tr:first-child > * { border: 0; }
  .wide tbody th { margin-right: 0.9rem; font-weight: 650; }
  .wide td { margin-right: 0.9rem; }
  .wide td::before { content: attr(data-label) "\\a0"; color: var(--muted); }
  .wide td[data-label="Language"]::before { content: none; }
}
@media print {
  @page {
    size: A4; margin: 14mm 13mm 16mm;
    @bottom-left { content: "Restricted: words of participants"; color: #97301f; font: 8pt sans-serif; }
    @bottom-right { content: counter(page) " / " counter(pages); font: 8pt sans-serif; }
  }
  html { font-size: 9pt; }
  main { max-width: none; padding: 0; }
  header, .box, h2, table, .legend { margin: 0 0 0.9rem; }
  .box { padding: 0.5rem 0.9rem; }
  h2 { margin-top: 1.6rem; }
  .wide th, .wide td { padding: 0.25rem 0.5rem; }
  .row > *, .codes { padding-top: 0.05rem; padding-bottom: 0.05rem; }
  .row.first > *, .first + .codes { padding-top: 0.45rem; }
  .first .bar.begins { margin-top: 0.55rem; }
  h1, h2, h3, caption { break-after: avoid; }
  .transcript { margin: 0; break-before: page; }
  .transcript > h2 { position: static; padding-top: 0; }
  .block { grid-template-columns: minmax(0, 1fr) 15rem; }
  .block, .row { break-inside: avoid; }
  .row { grid-template-columns: 2rem 2.4rem minmax(0, 1fr) calc(var(--lanes) * 0.62rem + 0.6rem); }
  .row, .said { line-height: calc(1.45em + var(--deep, 0) * 0.3em); }
  .row:target { background: none; box-shadow: none; }
  .n { font-size: 0.74rem; }
  .said .n { font-size: 0.68rem; }
  .show, .top { display: none; }
  .show + label { margin-right: 2.2rem; }
  a { color: inherit; text-decoration: none; }
}
"""
    + _looks()
    + colours.style()
)


@dataclass(frozen=True)
class _Passage:
    """A coded stretch of the text: who coded it, and as what."""

    code: str
    kind: str
    by: str
    start: int
    end: int


@dataclass
class _Row:
    """A line of the page: a sentence of a participant, or a whole turn of somebody else."""

    number: int | None
    label: str
    start: int
    end: int
    begins: bool


@dataclass
class _Stripe:
    """A code over some rows, with the rows of every passage that it stands for."""

    code: str
    first: int
    last: int
    parts: list[tuple[_Passage, int, int]]
    lane: int = 0
    level: int = 0
    alone: bool = True  # no other at its rows

    @property
    def place(self) -> tuple[int, int]:
        """The stretch of the text from the first to the last coded character."""
        return min(one.start for one, *_ in self.parts), max(one.end for one, *_ in self.parts)

    def kinds(self, first: int, last: int) -> list[str]:
        """Return the kinds it has on these rows, the one that counts most first."""
        found = {one.kind for one, begins, ends in self.parts if begins <= last and first <= ends}
        return sorted(found, key=_RANK.__getitem__)


# ------------------------------------------------------------------------------------------------------------- words
def _seen(text: object) -> str:
    """Put a blank for every character that is not seen: control, direction, format, half surrogates."""
    text = str(text)
    return text if text.isprintable() else "".join(one if one.isprintable() else " " for one in text)


def _text(text: object) -> str:
    """Return a text from outside as inert HTML."""
    return html.escape(" ".join(_seen(text).split()))


def _lang(code: str) -> str:
    """Return the attribute that tells the language; empty, which is `unknown`, for what is no code of a language."""
    return f'lang="{code if re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", code) else ""}"'


def _plural(count: int, one: str) -> str:
    return f"{count:,} {one if count == 1 else one + 's'}"


def _ranges(numbers: Iterable[int]) -> str:
    """Return numbers in words as pages are cited: ``2–4, 7``."""
    runs: list[list[int]] = []
    for number in sorted(set(numbers)):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"{run[0]}–{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


def _counts(passages: Iterable[_Passage]) -> dict[str, int]:
    """Return how many passages there are: what the list and the heading of a transcript both tell."""
    kinds = [one.kind for one in passages]
    return {words: sum(kind in some for kind in kinds) for words, some in COUNTED.items()}


# ---------------------------------------------------------------------------------------------------------- the rows
def _rows(text: str, sentences: Sequence[dict[str, Any]]) -> list[_Row]:
    """Return the rows of a transcript: one line of the text is one turn."""
    by_turn: dict[int, list[dict[str, Any]]] = {}
    for one in sentences:
        by_turn.setdefault(int(one["turn"]), []).append(one)
    rows, at = [], 0
    for turn, line in enumerate(text.split("\n"), 1):
        label, colon, _speech = line.partition(": ")
        speech = at + len(label) + len(colon) if colon else at
        label = label if colon else ""
        said = by_turn.get(turn, [])
        if not said:
            rows.append(_Row(None, label, speech, at + len(line), True))
        # What stands between two sentences goes with the first, what stands before them all with that one.
        starts = [speech, *(int(one["start"]) for one in said[1:])]
        ends = [*starts[1:], at + len(line)]
        for place, one in enumerate(said):
            rows.append(_Row(int(one["segment"]), label, starts[place], ends[place], not place))
        at += len(line) + 1
    return rows


def _free(taken: list[int], begins: int, ends: int) -> int:
    """Return the first place that is free from `begins`, and take it until before `ends`."""
    free = next((place for place, until in enumerate(taken) if until <= begins), len(taken))
    taken[free : free + 1] = [ends]
    return free


def _stripes(passages: Iterable[_Passage], rows: Sequence[_Row], order: dict[str, int]) -> list[_Stripe]:
    """Return stripes with their lanes and the depth of their lines.

    Passages of the same code are one stripe if they share a row, whoever gave it: a code stands there once.
    """
    starts, ends = [row.start for row in rows], [row.end for row in rows]
    located = []
    for one in passages:
        first, last = bisect_right(ends, one.start), bisect_left(starts, one.end) - 1
        if first <= last:  # not only in the name of a speaker
            located.append((one, first, last))
    stripes: list[_Stripe] = []
    for part in sorted(located, key=lambda part: (part[0].code, *part[1:], _RANK[part[0].kind], part[0].by)):
        one, first, last = part
        if stripes and stripes[-1].code == one.code and first <= stripes[-1].last:
            stripes[-1].last = max(last, stripes[-1].last)
            stripes[-1].parts.append(part)
        else:
            stripes.append(_Stripe(one.code, first, last, [part]))

    def rank(one: _Stripe) -> tuple[int, int, str]:
        return _RANK[one.kinds(one.first, one.last)[0]], order.get(one.code, -1), one.code

    taken: list[int] = []
    for stripe in sorted(stripes, key=lambda one: (one.place[0], -one.place[1], *rank(one))):
        stripe.level = _free(taken, *stripe.place)
    taken = []
    stripes.sort(key=lambda one: (one.first, -one.last, one.place[0], *rank(one)))
    for stripe in stripes:
        stripe.lane = _free(taken, stripe.first, stripe.last + 1)
    for one in stripes:
        one.alone = not any(
            one is not other and one.first <= other.last and other.first <= one.last for other in stripes
        )
    return stripes


class _Look:
    """Names and colours of codes."""

    def __init__(self, codebook: Codebook) -> None:
        self.names = {one.code: one.name for one in codebook.codes.values()}
        self.themes = dict(codebook.themes)
        self.colours = colours.classes(codebook)
        self._colour = {one.code: self.colours[one.theme] for one in codebook.codes.values()}
        self.order = {code: place for place, code in enumerate(codebook.codes)}

    def colour(self, code: str) -> str:
        """Return the class of the colour of a code; codes that are not in the codebook are grey."""
        return self._colour.get(code, "kx")

    def style(self, code: str, kinds: Iterable[str]) -> str:
        """Return the classes of a code that is of these kinds."""
        return " ".join([self.colour(code), *(f"in-{kind}" for kind in kinds)])

    def name(self, code: str) -> str:
        """Return the name of a code as inert HTML."""
        return _text(self.names.get(code, code))


def _given(stripe: _Stripe, rows: Sequence[_Row]) -> str:
    """Return who gave a code, and to which sentences where it is not the whole stripe."""
    found: dict[tuple[int, str], set[int]] = {}
    for one, first, last in sorted(stripe.parts, key=lambda part: _RANK[part[0].kind]):
        found.setdefault((_RANK[one.kind], one.by), set()).update(range(first, last + 1))
    told = []
    for (_rank, by), places in found.items():
        only = ""
        if len(places) <= stripe.last - stripe.first:
            numbers = [number for place in places if (number := rows[place].number) is not None]
            only = f" ({_ranges(numbers)})" if numbers else " (beside the sentences)"
        told.append(f"{_text(by)}{only}")
    return f"<span>{DOT.join(told)}</span>"


def _said(row: _Row, text: str, stripes: Sequence[_Stripe], look: _Look) -> str:
    """Return the words of a row with a line under each coded stretch; of several codes the lines lie below each other.

    Where several codes stand at a row, each begins with the number of its stripe.
    """
    here = [
        (stripe, [part[0] for part in stripe.parts if part[0].start < row.end and row.start < part[0].end])
        for stripe in stripes
    ]
    places = {at for _stripe, some in here for one in some for at in (one.start, one.end)}
    cuts = sorted({row.start, row.end, *(min(max(at, row.start), row.end) for at in places)})
    parts, told = [], set()
    for start, end in pairwise(cuts):
        words = html.escape(_seen(text[start:end]))
        numbers = []
        for stripe, some in sorted(here, key=lambda one: one[0].level):
            over = sorted({one.kind for one in some if one.start < end and start < one.end}, key=_RANK.__getitem__)
            if not over:
                continue
            shown = look.style(stripe.code, over)
            depth = f' style="--l:{stripe.level}"' if stripe.level else ""
            words = f'<mark class="{shown}"{depth}>{words}</mark>'
            if len(stripes) > 1 and id(stripe) not in told:
                told.add(id(stripe))
                shown = look.style(stripe.code, sorted({one.kind for one in some}, key=_RANK.__getitem__))
                numbers.append(
                    (stripe.lane, f'<i class="n {shown}" data-n="{stripe.lane + 1}" aria-hidden="true"></i>')
                )
        parts += [mark for _lane, mark in sorted(numbers)]
        parts.append(words)
    return "".join(parts)


def _row(row: _Row, place: int, text: str, stripes: Sequence[_Stripe], look: _Look, name: str) -> str:
    """Return a row: number, speaker, words and stripes."""
    here = [one for one in stripes if one.first <= place <= one.last]
    beside = []
    for one in here:
        ends = f"{' begins' if place == one.first else ''}{' ends' if place == one.last else ''}"
        shown = look.style(one.code, one.kinds(place, place))
        beside.append(f'<i class="bar {shown}{ends}" style="grid-column:{one.lane + 1}"></i>')
    style = f"row{' first' if row.begins else ''}{'' if row.number else ' aside'}"
    anchor = f' id="{name}-{row.number}"' if row.number else ""
    deep = max((one.level for one in here), default=0)
    return (
        f'<div class="{style}"{anchor}{f""" style="--deep:{deep - 1}" """.rstrip() if deep > 1 else ""}>'
        f'<span class="no">{row.number or ""}</span>'
        f'<b class="who">{_text(row.label) + ":" if row.begins and row.label else ""}</b>'
        f'<p class="said">{_said(row, text, here, look)}</p>'
        f'<span class="lanes" aria-hidden="true">{"".join(beside)}</span></div>'
    )


def _names(begun: Sequence[_Stripe], rows: Sequence[_Row], look: _Look, span: int) -> str:
    """Return the names of the stripes that begin at a row; they may stand beside so many rows."""
    lines = []
    for one in sorted(begun, key=lambda one: one.lane):
        shown = look.style(one.code, one.kinds(one.first, one.last))
        number = "" if one.alone else f'<i class="n {shown}" data-n="{one.lane + 1}" aria-hidden="true"></i>'
        lines.append(
            f'<li class="{shown}{" among" if number else ""}">{number}'
            f'<span class="name">{look.name(one.code)}</span> <span class="by">{_given(one, rows)}</span></li>'
        )
    return f'<ul class="codes" lang="en" style="grid-row:1 / span {span}">{"".join(lines)}</ul>'


def _blocks(text: str, rows: Sequence[_Row], stripes: Sequence[_Stripe], look: _Look, name: str) -> list[str]:
    """Return the rows, those with names of codes together with rows after them.

    The names stand beside the rows up to the next that has some, but two for each name at most: so several names
    tear no hole into the text, and what is kept on one page is short.
    """
    begun: dict[int, list[_Stripe]] = {}
    for one in stripes:
        begun.setdefault(one.first, []).append(one)
    lines, place = [], 0
    while place < len(rows):
        named = begun.get(place, [])
        last = next((at for at in range(place + 1, len(rows)) if at in begun), len(rows))
        last = min(last, place + max(1, 2 * len(named)))
        made = [_row(rows[at], at, text, stripes, look, name) for at in range(place, last)]
        if named:
            made.insert(1, _names(named, rows, look, last - place))
        # What the names still need goes to the last row, not between the sentences.
        fill = f' style="grid-template-rows:repeat({last - place - 1}, auto) 1fr"' if last - place > 1 else ""
        lines += [f'<div class="block"{fill}>', *made, "</div>"]
        place = last
    return lines


# ------------------------------------------------------------------------------------------------------- transcripts
def _records(table: pd.DataFrame | None) -> list[dict[str, Any]]:
    return [] if table is None or table.empty else table.to_dict("records")


def _as_passages(final: pd.DataFrame, segments: pd.DataFrame) -> pd.DataFrame:
    """Lay codes of sentences down as passages; sentences of a turn that follow each other are one."""
    rows = final[["interview", "segment", "code"]].drop_duplicates()
    rows = rows.merge(segments[["interview", "segment", "turn", "start", "end"]], on=["interview", "segment"])
    rows = rows.sort_values(["interview", "code", "segment"], kind="stable")
    same = (rows[["interview", "code", "turn"]] == rows[["interview", "code", "turn"]].shift()).all(axis=1)
    begins = ~(same & (rows["segment"] == rows["segment"].shift() + 1))
    keys = [rows["interview"], rows["code"], begins.cumsum().rename("run")]
    return rows.groupby(keys, sort=True).agg(start=("start", "min"), end=("end", "max")).reset_index()


def _passages(
    codings: pd.DataFrame | None, suggestions: pd.DataFrame | None, final: pd.DataFrame | None, segments: pd.DataFrame
) -> dict[str, list[_Passage]]:
    """Return the coded stretches by interview."""
    found: dict[str, list[_Passage]] = {}
    decided = final if final is None or "start" in final else _as_passages(final, segments)
    for kind, table in ((FINAL, decided), (HUMAN, codings), (SUGGESTED, suggestions)):
        for one in _records(table):
            start, end = int(one["start"]), int(one["end"])
            by, as_what = {FINAL: DECIDED, HUMAN: one.get("coder", ""), SUGGESTED: DICTIONARY}[kind], kind
            if kind == SUGGESTED and one.get("cue"):
                by = f"{DICTIONARY}: {one['cue']}"
            if kind == SUGGESTED and str(one.get("negated", "")) in ("yes", "True", "1"):
                by, as_what = f"{by}, negated", NEGATED
            found.setdefault(one["interview"], []).append(_Passage(one["code"], as_what, by, start, end))
    return found


def _transcript(
    one: dict[str, Any], sentences: Sequence[dict[str, Any]], passages: Sequence[_Passage], look: _Look, name: str
) -> list[str]:
    """Return the section of a transcript."""
    text = one["text"]
    if any(not 0 <= passage.start < passage.end <= len(text) for passage in passages):
        raise ContractError("A code stands outside of the text of its interview. Please report this.")
    rows = _rows(text, sentences)
    stripes = _stripes(passages, rows, look.order)
    lanes = 1 + max((stripe.lane for stripe in stripes), default=0)
    language = LANGUAGES.get(one["language"], _text(one["language"])) or "language not known"
    counts = ", ".join(f"{count:,} {words}" for words, count in _counts(passages).items() if count)
    about = f"{language}, {_plural(len(sentences), 'sentence')}; passages: {counts or 'none'}"
    return [
        f'<section class="transcript" id="{name}" aria-labelledby="{name}-name" style="--lanes:{lanes}">',
        f'<h2 id="{name}-name">{_text(one["interview"])} <span>{about}</span></h2>',
        f'<div {_lang(one["language"])} dir="ltr">',
        *_blocks(text, rows, stripes, look, name),
        "</div>",
        '<p class="top"><a href="#list">All transcripts</a></p>',
        "</section>",
    ]


def _legend(look: _Look, passages: Sequence[_Passage]) -> list[str]:
    """Return what colours and lines are; the kinds can be shown and hidden."""
    used = {one.code for one in passages} & set(look.names)
    themes = [
        f'<li><span class="theme {look.colours[theme]}"></span>{_text(name)}</li>'
        for theme, name in look.themes.items()
    ]
    kinds = {one.kind for one in passages}
    return [
        '<section aria-labelledby="key">',
        '<h2 id="key">How codes are shown</h2>',
        "<p>A code is one stripe along the sentences it stands at. Where it begins stand its name and who gave it; the "
        "numbers of sentences follow who gave it to a part of them only. The exact words are underlined. Where several "
        "codes meet, the number of a stripe stands at its name and where its line begins. The number before a sentence "
        "is its number in all tables.</p>",
        f"<p>{_plural(len(used), 'code')} of {len(look.names)} of the codebook {'is' if len(used) == 1 else 'are'} "
        "used. The colour is that of the theme, as in the codebook and in the project for coders:</p>",
        f'<ul class="legend">{"".join(themes)}</ul>',
        "</section>",
        # Beside the transcripts, not in the section: the style hides by them what comes after them.
        *(
            f'<input type="checkbox" class="show" id="show-{kind}" checked><label for="show-{kind}">'
            f'<i class="bar in-{kind}"></i><mark class="in-{kind}">{words.capitalize()}</mark></label>'
            for kind, words in KINDS.items()
            if kind in kinds
        ),
    ]


def _overview(
    texts: Sequence[dict[str, Any]], sentences: dict[str, list[dict[str, Any]]], passages: dict[str, list[_Passage]]
) -> list[str]:
    """Return the list of transcripts with links."""
    lines = ['<section aria-labelledby="list">', '<h2 id="list">All transcripts</h2>']
    if not texts:
        return [*lines, "<p>There is no transcript of an interview that may be heard.</p>", "</section>"]
    rows = []
    for number, one in enumerate(texts, 1):
        here = passages.get(one["interview"], [])
        coders = sorted({passage.by for passage in here if passage.kind == HUMAN})
        rows.append(
            [
                f'<a href="#t{number}">{_text(one["interview"]) or "without a name"}</a>',
                LANGUAGES.get(one["language"], _text(one["language"])) or "not known",
                f"{len(sentences.get(one['interview'], [])):,}",
                *(f"{count:,}" for count in _counts(here).values()),
                joined([_text(coder) for coder in coders]) or "nobody",
            ]
        )
    numbers = ("Sentences", *(words.capitalize() for words in COUNTED))
    headers = ("Interview", "Language", *numbers, "Coders")
    caption = "Interviews and their passages; a passage is a stretch of the text with a code of one coder"
    return [*lines, table_of(caption, headers, rows, "wide", numbers), "</section>"]


def coded_page(
    texts: pd.DataFrame,
    segments: pd.DataFrame,
    codebook: Codebook,
    *,
    codings: pd.DataFrame | None = None,
    suggestions: pd.DataFrame | None = None,
    final: pd.DataFrame | None = None,
    title: str = "",
    banner: str = "",
) -> str:
    """Build the page of coded transcripts.

    Parameters
    ----------
    texts : pandas.DataFrame, shape (interviews, columns)
        ``interview, language, text``, in the order shown; a row of one interview gives a page of this one. In the text
        a line is a turn, ``LABEL: speech``.
    segments : pandas.DataFrame, shape (sentences, columns)
        ``interview, segment, turn, start, end, text``. Turns without a sentence are those of others, shown in grey.
    codebook : Codebook
        Names of codes and themes.
    codings : pandas.DataFrame, optional
        Passages coded by people: ``coder, interview, code, start, end, quote``.
    suggestions : pandas.DataFrame, optional
        Suggestions of the dictionary: ``interview, segment, code, start, end, cue``, and ``negated`` where it is known.
    final : pandas.DataFrame, optional
        Final codes: ``interview, segment, code``; with ``start`` and ``end`` where they are passages.
    title : str
        Title of the study.
    banner : str
        A sentence at the top of the page, for example that the data are synthetic.

    Returns
    -------
    str
        The whole page. The same input gives the same text. Interviews that are not in ``texts`` are left out, whatever
        the other tables hold of them.

    Raises
    ------
    ContractError
        A sentence or a coded passage is not found again at its place.
    """
    shown = texts.to_dict("records")
    text_of = {one["interview"]: one["text"] for one in shown}

    def of_shown(table: pd.DataFrame | None) -> pd.DataFrame | None:
        return table if table is None else table[table["interview"].isin(text_of)]

    segments = segments[segments["interview"].isin(text_of)].sort_values(["interview", "segment"], kind="stable")
    codings, suggestions, final = of_shown(codings), of_shown(suggestions), of_shown(final)
    verify(segments, text_of, "text")
    if codings is not None:
        verify(codings, text_of, "quote")
    sentences: dict[str, list[dict[str, Any]]] = {}
    for one in segments.to_dict("records"):
        sentences.setdefault(one["interview"], []).append(one)
    passages = _passages(codings, suggestions, final, segments)
    look = _Look(codebook)
    study = _text(title)
    lines = [
        "<!DOCTYPE html>",
        '<html lang="en" dir="ltr">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>Coded transcripts{f' – {study}' if study else ''}</title>",
        f"<style>{_CSS}</style>",
        "</head>",
        "<body>",
        "<main>",
        "<header>",
        "<h1>Coded transcripts</h1>",
        *([f'<p class="subtitle">{study}</p>'] if study else []),
        "</header>",
        *([f'<p class="box synthetic" role="note">{_text(banner)}</p>'] if _text(banner) else []),
        '<p class="box restricted" role="note">Restricted: this page holds words of participants. It stays in the '
        "folder of restricted results and is not sent to anybody.</p>",
        *_overview(shown, sentences, passages),
        *_legend(look, [passage for some in passages.values() for passage in some]),
    ]
    for number, one in enumerate(shown, 1):
        name = one["interview"]
        lines += _transcript(one, sentences.get(name, []), passages.get(name, []), look, f"t{number}")
    return "\n".join([*lines, "</main>", "</body>", "</html>"]) + "\n"
