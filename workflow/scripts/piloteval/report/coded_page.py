"""The page that shows transcripts as a coding tool does: sentences by number, and the codes as stripes beside them.

The page is one HTML file without scripts and without anything from elsewhere. It holds words of participants and is
restricted. Its look is that of :mod:`piloteval.intake.page`.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from piloteval.errors import ContractError
from piloteval.intake.style import POLICY, STYLE, joined, table_of
from piloteval.qualitative.language import LANGUAGES
from piloteval.qualitative.segments import verify

if TYPE_CHECKING:
    import pandas as pd

    from piloteval.qualitative.codebook import Codebook

#: Kinds of codes from the one that counts most; class of the page, words.
FINAL, HUMAN, SUGGESTED = "final", "human", "suggested"
KINDS = {FINAL: "final code", HUMAN: "coded by a person", SUGGESTED: "suggested by the dictionary"}

#: Who stands at a suggestion, and at a final code.
DICTIONARY, DECIDED = "dictionary", "final"

#: Colours of themes, each with at least 4.5 to 1 against white; beyond these they begin anew, and the names tell.
COLOURS = (
    *("#0b5563", "#97301f", "#3f6632", "#6d3a63", "#8f5300", "#2f5597"),
    *("#7a5c00", "#a3195b", "#00695c", "#4a4a4a", "#5d4037", "#6a1b9a"),
)

_CSS = (
    STYLE
    + """\
html { scroll-padding-top: 4.5rem; }
main { max-width: 78rem; }
.restricted { border-color: var(--caution); background: #f9f2f1; }
.wide { width: 100%; max-width: 56rem; }
.legend { max-width: none; padding: 0; list-style: none; columns: 17rem; }
.legend li { margin: 0 0 0.3em; break-inside: avoid; }
.key { display: inline-block; width: 0; height: 1em; margin-right: 0.45rem; vertical-align: -0.15em; }
.show { margin: 0 0.3rem 0 0; accent-color: var(--accent); }
.show + label { margin-right: 1.4rem; }
#show-final:not(:checked) ~ .transcript .final, #show-human:not(:checked) ~ .transcript .human,
#show-suggested:not(:checked) ~ .transcript .suggested { display: none; }
.transcript { margin-top: 4rem; }
.transcript > h2 {
  position: sticky; top: 0; z-index: 1; display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 1rem;
  margin: 0 0 1rem; padding: 0.7rem 0 0.6rem; border-bottom: 1px solid var(--ink); background: var(--paper);
}
h2 > span { font-size: 0.95rem; letter-spacing: 0; color: var(--muted); font-weight: 400; }
.row {
  display: grid; grid-template-columns: 2.2rem 3.4rem minmax(0, 1fr) calc(var(--lanes) * 0.62rem + 0.5rem) 16rem;
  line-height: 1.6;
}
.row > * { padding: 0.1rem 0; }
.first > * { padding-top: 0.6rem; }
.row > .lanes { padding-top: 0; padding-bottom: 0; }
.no { padding-right: 0.7rem; color: var(--muted); font-size: 0.74rem; line-height: 2.15; text-align: right; }
.no, .by { font-variant-numeric: tabular-nums; }
.who { font-weight: 650; }
.said { max-width: none; margin: 0; padding-right: 1rem; }
.aside { color: var(--muted); }
.aside .who { font-weight: 400; }
.row:target { background: var(--wash); box-shadow: -4px 0 0 var(--accent); }
.lanes { display: grid; grid-template-columns: repeat(var(--lanes), 0.62rem); padding-left: 0.3rem; }
.lanes > i { display: block; margin: 0 0.1rem; border-left: 0.2rem solid var(--k); }
.lanes > i.final { border-left-width: 0.38rem; }
.lanes > i.suggested { border-left-style: dashed; }
.lanes > i.begins { margin-top: 0.3rem; }
.first .lanes > i.begins { margin-top: 0.75rem; }
.lanes > i.ends { margin-bottom: 0.25rem; }
.codes { max-width: none; margin: 0; padding-left: 0; list-style: none; font-size: 0.78rem; line-height: 1.35; }
.codes li { margin: 0.22rem 0 0; padding: 0 0 0 0.45rem; border-left: 0.2rem solid var(--k); }
.codes li.final { border-left-width: 0.38rem; font-weight: 650; }
.codes li.suggested { border-left-style: dashed; }
.by { color: var(--muted); font-weight: 400; }
mark { background: none; color: inherit; border-bottom: 2px solid var(--k); padding-bottom: 0.02em; }
mark.final { background: var(--t); }
mark.suggested { border-bottom-style: dashed; }
mark, .lanes > i { -webkit-box-decoration-break: clone; box-decoration-break: clone; print-color-adjust: exact; }
.codes li, .key { print-color-adjust: exact; }
.codes li:hover, .codes li:focus-within { background: var(--wash); }
.top { margin-top: 1.4rem; }
@media screen and (max-width: 60rem) {
  html { font-size: 16px; }
  main { padding: 1.6rem 1.1rem 3rem; }
  .row { grid-template-columns: 2rem minmax(0, 1fr) calc(var(--lanes) * 0.62rem + 0.5rem); }
  .who, .said { grid-column: 2; }
  .who:empty { display: none; }
  .wide { display: block; overflow-x: auto; }
  .wide th, .wide td { overflow-wrap: normal; }
  .no { grid-row: 1; grid-column: 1; }
  .first .said { padding-top: 0; }
  .lanes { grid-column: 3; grid-row: 1 / span 3; }
  .codes { grid-column: 2; padding-bottom: 0.4rem; }
}
@media print {
  @page {
    size: A4 landscape; margin: 14mm 14mm 16mm;
    @bottom-left { content: "Restricted: words of participants"; color: #97301f; font: 8pt sans-serif; }
    @bottom-right { content: counter(page) " / " counter(pages); font: 8pt sans-serif; }
  }
  html { font-size: 9.5pt; }
  main { max-width: none; padding: 0; }
  h1, h2, h3, caption { break-after: avoid; }
  .transcript { margin: 0; break-before: page; }
  .transcript > h2 { position: static; padding-top: 0; }
  .row { break-inside: avoid; }
  .row:target { background: none; box-shadow: none; }
  .show, .show + label, .top { display: none; }
  a { color: inherit; text-decoration: none; }
}
"""
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
    """A code over some rows, with everybody who gave it there."""

    code: str
    first: int
    last: int
    kinds: set[str] = field(default_factory=set)
    by: list[str] = field(default_factory=list)
    lane: int = 0

    @property
    def kind(self) -> str:
        """The kind that counts most."""
        return next(kind for kind in KINDS if kind in self.kinds)


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


def _tint(colour: str) -> str:
    """Return a colour mixed with white, light enough for words."""
    parts = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    return "#" + "".join(f"{round(255 - (255 - one) * 0.16):02x}" for one in parts)


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


def _stripes(passages: Iterable[_Passage], rows: Sequence[_Row]) -> list[_Stripe]:
    """Return stripes with their lanes; the same code over the same rows is one stripe of everybody who gave it."""
    found: dict[tuple[str, int, int], _Stripe] = {}
    for one in sorted(passages, key=lambda p: (list(KINDS).index(p.kind), p.by, p.start, p.code)):
        touched = [place for place, row in enumerate(rows) if one.start < row.end and row.start < one.end]
        if not touched:
            continue
        key = (one.code, touched[0], touched[-1])
        stripe = found.setdefault(key, _Stripe(*key))
        stripe.kinds.add(one.kind)
        if one.by not in stripe.by:
            stripe.by.append(one.by)
    stripes = sorted(found.values(), key=lambda s: (s.first, -s.last, list(KINDS).index(s.kind), s.code))
    taken: list[int] = []  # last row of each lane
    for stripe in stripes:
        free = next((lane for lane, last in enumerate(taken) if last < stripe.first), len(taken))
        taken[free : free + 1] = [stripe.last]
        stripe.lane = free
    return stripes


class _Look:
    """Names and colours of codes."""

    def __init__(self, codebook: Codebook) -> None:
        self.names = {one.code: one.name for one in codebook.codes.values()}
        self.themes = dict(codebook.themes)
        colours = {theme: place % len(COLOURS) for place, theme in enumerate(codebook.themes)}
        self._colour = {one.code: colours[one.theme] for one in codebook.codes.values()}
        self.colours = colours
        self.order = {code: place for place, code in enumerate(codebook.codes)}

    def colour(self, code: str) -> str:
        """Return the class of the colour of a code; codes that are not in the codebook are grey."""
        return f"k{self._colour[code]}" if code in self._colour else "kx"

    def name(self, code: str) -> str:
        """Return the name of a code as inert HTML."""
        return _text(self.names.get(code, code))


def _said(row: _Row, text: str, passages: Sequence[_Passage], look: _Look) -> str:
    """Return the words of a row with coded stretches marked, the kind that counts most on top."""
    here = [one for one in passages if one.start < row.end and row.start < one.end]
    cuts = sorted({row.start, row.end, *(min(max(at, row.start), row.end) for p in here for at in (p.start, p.end))})
    parts = []
    for start, end in pairwise(cuts):
        words = html.escape(_seen(text[start:end]))
        over = [one for one in here if one.start < end and start < one.end]
        if not over:
            parts.append(words)
            continue
        over.sort(key=lambda one: (list(KINDS).index(one.kind), look.order.get(one.code, -1)))
        told = "; ".join(dict.fromkeys(f"{look.name(one.code)} ({_text(one.by)})" for one in over))
        parts.append(f'<mark class="{over[0].kind} {look.colour(over[0].code)}" title="{told}">{words}</mark>')
    return "".join(parts)


def _row(
    row: _Row, place: int, text: str, stripes: Sequence[_Stripe], passages: Sequence[_Passage], look: _Look, name: str
) -> str:
    """Return a row: number, speaker, words, stripes and the names of those that begin here."""
    beside, begun = [], []
    for one in stripes:
        if not one.first <= place <= one.last:
            continue
        ends = f"{' begins' if place == one.first else ''}{' ends' if place == one.last else ''}"
        told = f"{look.name(one.code)}: {', '.join(map(_text, one.by))}"
        shown = f"{one.kind} {look.colour(one.code)}"
        beside.append(f'<i class="{shown}{ends}" style="grid-column:{one.lane + 1}" title="{told}"></i>')
        if place == one.first:
            by = f'<span class="by">{", ".join(map(_text, one.by))}</span>'
            kind = KINDS[one.kind].capitalize()
            begun.append(f'<li class="{shown}" tabindex="0" title="{kind}: {told}">{look.name(one.code)} {by}</li>')
    named = f'<ul class="codes" lang="en">{"".join(begun)}</ul>' if begun else ""
    style = f"row{' first' if row.begins else ''}{'' if row.number else ' aside'}"
    anchor = f' id="{name}-{row.number}"' if row.number else ""
    return (
        f'<div class="{style}"{anchor}><span class="no">{row.number or ""}</span>'
        f'<b class="who">{_text(row.label) + ":" if row.begins and row.label else ""}</b>'
        f'<p class="said">{_said(row, text, passages, look)}</p>'
        f'<span class="lanes" aria-hidden="true">{"".join(beside)}</span>'
        f"{named}</div>"
    )


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
            by = {FINAL: DECIDED, HUMAN: one.get("coder", ""), SUGGESTED: DICTIONARY}[kind]
            if kind == SUGGESTED and one.get("cue"):
                by = f"{DICTIONARY}: {one['cue']}"
            if kind == SUGGESTED and str(one.get("negated", "")) in ("yes", "True", "1"):
                by += ", negated"
            found.setdefault(one["interview"], []).append(_Passage(one["code"], kind, by, start, end))
    return found


def _transcript(
    one: dict[str, Any], sentences: Sequence[dict[str, Any]], passages: Sequence[_Passage], look: _Look, name: str
) -> list[str]:
    """Return the section of a transcript."""
    text = one["text"]
    if any(not 0 <= passage.start < passage.end <= len(text) for passage in passages):
        raise ContractError("A code stands outside of the text of its interview. Please report this.")
    rows = _rows(text, sentences)
    stripes = _stripes(passages, rows)
    lanes = 1 + max((stripe.lane for stripe in stripes), default=0)
    language = LANGUAGES.get(one["language"], _text(one["language"])) or "language not known"
    about = f"{language}, {_plural(len(sentences), 'sentence')}, {_plural(len(stripes), 'coded passage')}"
    return [
        f'<section class="transcript" id="{name}" aria-labelledby="{name}-name" style="--lanes:{lanes}">',
        f'<h2 id="{name}-name">{_text(one["interview"])} <span>{about}</span></h2>',
        f'<div {_lang(one["language"])} dir="ltr">',
        *(_row(row, place, text, stripes, passages, look, name) for place, row in enumerate(rows)),
        "</div>",
        '<p class="top"><a href="#list">All transcripts</a></p>',
        "</section>",
    ]


def _legend(look: _Look, used: set[str]) -> list[str]:
    """Return what the colours and lines are, with the codes that are used."""
    kinds = [
        f'<li><span class="key" style="border-left:{width} {line} var(--ink)"></span>{words.capitalize()}</li>'
        for (_kind, words), (width, line) in zip(
            KINDS.items(), (("0.38rem", "solid"), ("0.2rem", "solid"), ("0.2rem", "dashed")), strict=True
        )
    ]
    themes = [
        f'<li><span class="key k{look.colours[theme]}" style="border-left:0.38rem solid var(--k)"></span>{_text(name)}'
        "</li>"
        for theme, name in look.themes.items()
    ]
    return [
        '<section aria-labelledby="key">',
        '<h2 id="key">How codes are shown</h2>',
        "<p>A stripe runs along the sentences a code stands at; its name and who gave it stand where it begins. One "
        "stripe of several people is one they gave to the same sentences. In the text, the exact words are underlined. "
        "The number before a sentence is its number in all tables.</p>",
        f'<ul class="legend">{"".join(kinds)}</ul>',
        f"<p>{_plural(len(used), 'code')} of {len(look.names)} of the codebook {'is' if len(used) == 1 else 'are'} "
        "used; the colour is that of the theme:</p>",
        f'<ul class="legend">{"".join(themes)}</ul>',
        "</section>",
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
        counts = [str(sum(passage.kind == kind for passage in here)) for kind in KINDS]
        coders = sorted({passage.by for passage in here if passage.kind == HUMAN})
        rows.append(
            [
                f'<a href="#t{number}">{_text(one["interview"]) or "without a name"}</a>',
                LANGUAGES.get(one["language"], _text(one["language"])) or "not known",
                f"{len(sentences.get(one['interview'], [])):,}",
                *counts,
                joined([_text(coder) for coder in coders]) or "nobody",
            ]
        )
    numbers = ("Sentences", "Final", "Coded", "Suggested")
    headers = ("Interview", "Language", *numbers, "Coders")
    caption = "Final codes, passages coded by people and suggestions of the dictionary"
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
    used = {passage.code for some in passages.values() for passage in some} & set(look.names)
    colours = "".join(f".k{n} {{ --k: {one}; --t: {_tint(one)}; }}\n" for n, one in enumerate(COLOURS))
    study = _text(title)
    shows = [
        f'<input type="checkbox" class="show" id="show-{kind}" checked><label for="show-{kind}">{words.capitalize()}'
        "</label>"
        for kind, words in KINDS.items()
        if any(passage.kind == kind for some in passages.values() for passage in some)
    ]
    lines = [
        "<!DOCTYPE html>",
        '<html lang="en" dir="ltr">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>Coded transcripts{f' – {study}' if study else ''}</title>",
        f"<style>{_CSS}{colours}.kx {{ --k: #615b53; --t: #eeeeee; }}</style>",
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
        *_legend(look, used),
        *shows,
    ]
    for number, one in enumerate(shown, 1):
        name = one["interview"]
        lines += _transcript(one, sentences.get(name, []), passages.get(name, []), look, f"t{number}")
    return "\n".join([*lines, "</main>", "</body>", "</html>"]) + "\n"
