"""The pages of a Delphi: each panellist's own ratings beside the group's, and the free comments for the study team.

Each page is one HTML file without scripts and without anything from elsewhere, for the screen and for A4 paper. The
pages are restricted: a sheet holds the ratings of a person and is for that person only.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from piloteval.intake.style import POLICY, STYLE, joined
from piloteval.measures.delphi import AGREED, OPEN, REJECTED, Sheets, in_order

if TYPE_CHECKING:
    import pandas as pd

FEW = "few"

#: Sign and words of what a round says of a statement, and of a group of statements.
STATES = {
    OPEN: ("○", "No consensus yet", "Still open"),
    FEW: ("–", "Too few ratings", "Too few ratings"),
    AGREED: ("✓", "Consensus", "Consensus reached"),
    REJECTED: ("✕", "Consensus against", "Consensus against"),
}

#: Size of a picture, its bars and its labels, in units of its own.
WIDTH, BARS, LABELS, LINE, HEIGHT = 168, 44, 58, 73, 79

_CSS = (
    STYLE
    + """\
main { max-width: 58rem; }
.restricted { border-color: var(--caution); background: #f9f2f1; }
.box > :last-child { margin-bottom: 0; }
.about { display: flex; flex-wrap: wrap; gap: 0.2rem 2.2rem; margin: 1rem 0 0; }
.about div { display: flex; gap: 0.5rem; }
.about dt { color: var(--muted); }
.about dd { margin: 0; font-weight: 650; }
.key { display: flex; flex-wrap: wrap; gap: 0.5rem 1.8rem; max-width: none; margin: 0 0 1rem; padding: 0; }
.key li { display: flex; align-items: center; gap: 0.55rem; margin: 0; list-style: none; font-size: 0.9rem; }
.key svg { flex: none; width: 2rem; height: 1.5rem; }
.small { color: var(--muted); font-size: 0.88rem; line-height: 1.5; }
.statement {
  display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 0.5rem 2rem; align-items: start;
  padding: 1.1rem 0 1rem; border-top: 1px solid var(--hair);
}
.group > h2 + .statement, .group > h3 + .statement { border-top: 1px solid var(--ink); }
.group > h2 > span, .group > h3 > span { color: var(--muted); font-weight: 400; }
.says > h3, .says > h4 { margin: 0 0 0.15rem; color: var(--muted); font-size: 0.88rem; letter-spacing: 0; }
.says > p { margin: 0 0 0.4rem; line-height: 1.45; }
.state { font-size: 0.88rem; font-weight: 650; }
.agreed { color: var(--tip); }
.rejected { color: var(--caution); }
.open, .few { color: var(--muted); }
.charts { display: flex; flex-wrap: wrap; align-items: flex-end; gap: 0.6rem 1.8rem; }
.many { grid-template-columns: minmax(0, 1fr); }
.many > .says { max-width: var(--measure); }
figure { box-sizing: border-box; width: 13rem; margin: 0; font-size: 0.82rem; line-height: 1.4; }
figcaption, .line { display: flex; justify-content: space-between; gap: 0.6rem; }
figcaption { font-weight: 650; }
.line span { white-space: nowrap; }
figcaption span { color: var(--muted); font-weight: 400; white-space: nowrap; }
figure p { margin: 0; }
figure svg { display: block; width: 100%; height: auto; margin: 0.15rem 0 0.3rem; }
.you { font-weight: 650; color: var(--accent); }
.none { color: var(--warning); font-weight: 650; }
svg text { font-family: var(--text); font-size: 9.5px; text-anchor: middle; fill: var(--ink); }
svg .count { fill: var(--muted); font-size: 8.5px; }
svg .bar { fill: #cddbdd; }
svg .own { fill: #7fa5ab; }
svg .dot { fill: var(--accent); }
svg .in { fill: var(--paper); font-weight: 700; }
svg .base { stroke: var(--muted); stroke-width: 0.7; }
svg .half { stroke: var(--ink); stroke-width: 2.4; stroke-linecap: round; }
svg .middle { fill: var(--paper); stroke: var(--ink); stroke-width: 1.8; }
.words { margin-top: 0.5rem; font-size: 0.88rem; line-height: 1.45; }
.words p, .words ul { margin: 0; }
.words p + p, .words ul + p { margin-top: 0.35rem; }
.words ul { padding-left: 1.2em; }
.words li { margin: 0.1em 0; }
.index { columns: 7rem; padding: 0; list-style: none; }
.index li { margin: 0; }
.sheet > header > h2 { margin: 0; font-size: 1.9rem; }
.sheet + .sheet, .index + .sheet { margin-top: 5rem; }
.end { margin: 1.6rem 0 0; padding-top: 0.7rem; border-top: 2px solid var(--accent); }
.said h2 { margin-bottom: 0.2em; font-size: 1.16rem; }
.said > p { margin-bottom: 0.4rem; }
.said h3 { margin: 0.9em 0 0.2em; color: var(--muted); font-size: 0.92rem; letter-spacing: 0; }
.said ul { margin-bottom: 0; }
@media screen and (max-width: 48rem) {
  html { font-size: 16px; }
  main { padding: 1.6rem 1.1rem 3rem; }
  .statement { grid-template-columns: minmax(0, 1fr); }
}
@media print {
  @page { size: A4; margin: 15mm 15mm 16mm; }
  html { font-size: 9.6pt; }
  main { max-width: none; padding: 0; }
  header { margin-bottom: 0.9rem; padding-bottom: 0.7rem; }
  h1 { font-size: 1.9rem; }
  h2, h3, h4 { break-after: avoid; }
  .group > h2, .group > h3 { margin-top: 1.3em; }
  .box { margin: 0.9rem 0; padding: 0.6rem 0.9rem; }
  .statement, .said li, .box { break-inside: avoid; }
  .statement { padding: 0.7rem 0 0.6rem; }
  .sheet + .sheet, .index + .sheet { margin-top: 0; break-before: page; }
  .index a { color: inherit; text-decoration: none; }
  figure { width: 13.2rem; }
  .many figure { width: 15.2rem; }
  svg, .box { print-color-adjust: exact; }
  p, li { orphans: 3; widows: 3; }
}
"""
)


# -------------------------------------------------------------------------------------------------------------- words
def _clean(text: object) -> str:
    """Put a blank for every run of characters that are not seen: control, direction, format, half surrogates."""
    return " ".join("".join(one if one.isprintable() else " " for one in str(text)).split())


def _text(text: object) -> str:
    """Return a text from outside as inert HTML."""
    return html.escape(_clean(text))


def _words(text: object) -> str:
    """Return words of the panel or for it, in a language the page does not know."""
    return f'<bdi lang="">{_text(text)}</bdi>'


def _number(value: float) -> str:
    return f"{round(float(value), 2):g}".replace("-", "−")


def _plural(count: int, one: str) -> str:
    return f"{count} {one}{'' if count == 1 else 's'}"


def _label(dimension: str) -> str:
    words = _text(dimension.replace("_", " "))
    return words[:1].upper() + words[1:]


def _mark(statement: Mapping[str, str]) -> str:
    """Return the mark of a statement whose wording is not yet that of the panel."""
    return " · placeholder" if statement.get("status") == "placeholder" else ""


def _missing(value: Any) -> bool:
    return value is None or value != value


# ----------------------------------------------------------------------------------------------------------- pictures
@dataclass(frozen=True)
class _Group:
    """The group's ratings of a statement on a dimension."""

    counts: dict[float, int]
    n: int
    median: float
    q1: float
    q3: float
    share: float


def _points(scale: Sequence[float], ratings: pd.DataFrame, dimensions: Sequence[str]) -> list[float]:
    """Return the whole numbers of the scale and whatever else was rated, in rising order."""
    low, high = scale
    given = {float(value) for name in dimensions for value in ratings[name].dropna().unique()}
    return sorted({float(value) for value in range(int(low), int(high) + 1)} | given)


def _picture(points: Sequence[float], group: _Group, own: float | None, label: str) -> str:
    """Draw the group's ratings as bars, its middle half as a line, and the own rating as a filled circle."""
    step = WIDTH / len(points)
    bar = min(24.0, step * 0.74)
    most = max(group.counts.values())
    centre = {point: step * (place + 0.5) for place, point in enumerate(points)}

    def across(value: float) -> float:
        """Return where a value lies that may stand between two points."""
        above = next((point for point in points if point >= value), points[-1])
        below = max((point for point in points if point <= value), default=points[0])
        part = 0.0 if above == below else (value - below) / (above - below)
        return centre[below] + part * (centre[above] - centre[below])

    parts = [f'<line class="base" x1="0" y1="{BARS + 4}" x2="{WIDTH}" y2="{BARS + 4}"/>']
    for point in points:
        many, x = group.counts.get(point, 0), centre[point]
        mine = own is not None and point == own
        if many:
            tall = (BARS - 8) * many / most
            place = f'x="{x - bar / 2:.1f}" y="{BARS + 4 - tall:.1f}" width="{bar:.1f}" height="{tall:.1f}"'
            parts.append(f'<rect class="{"own" if mine else "bar"}" {place}/>')
            parts.append(f'<text class="count" x="{x:.1f}" y="{BARS + 1.5 - tall:.1f}">{many}</text>')
        if mine:
            parts.append(f'<circle class="dot" cx="{x:.1f}" cy="{LABELS - 0.3:.1f}" r="7"/>')
        style = "in" if mine else "point"
        parts.append(f'<text class="{style}" x="{x:.1f}" y="{LABELS + 3}">{_number(point)}</text>')
    left, right, middle = across(group.q1), across(group.q3), across(group.median)
    parts.append(f'<line class="half" x1="{left:.1f}" y1="{LINE}" x2="{right:.1f}" y2="{LINE}"/>')
    parts.append(f'<circle class="middle" cx="{middle:.1f}" cy="{LINE}" r="3.2"/>')
    told = ", ".join(f"{group.counts.get(point, 0)} rated {_number(point)}" for point in points)
    name = f"{label}: of the group, {told}"
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{name}">{"".join(parts)}</svg>'


#: What the signs of the pictures mean; the pictures themselves are hidden from those who listen, who hear words.
_KEY = """\
<ul class="key">
<li><svg viewBox="0 0 28 21" aria-hidden="true"><circle class="dot" cx="14" cy="10" r="8.5"/><text class="in" x="14" \
y="13.4">4</text></svg> your rating</li>
<li><svg viewBox="0 0 28 21" aria-hidden="true"><rect class="bar" x="3" y="10" width="9" height="10"/><rect \
class="bar" x="16" y="3" width="9" height="17"/></svg> bars: how many panellists gave each rating, you among them</li>
<li><svg viewBox="0 0 28 21" aria-hidden="true"><line class="half" x1="3" y1="11" x2="25" y2="11"/><circle \
class="middle" cx="17" cy="11" r="3.6"/></svg> circle: the group’s median; line, and brackets: the middle half</li>
</ul>"""


# ------------------------------------------------------------------------------------------------------------- sheets
class _Round:
    """What all sheets of a round share: the group's ratings, the comments and what the round said."""

    def __init__(self, sheets: Sheets, number: str) -> None:
        every = sheets.ratings
        self.name: str = number or (in_order(every["unit"]) or [""])[-1]
        self.ratings = every[every["unit"] == self.name]
        self.dimensions, self.floor, self.numbered = sheets.dimensions, max(sheets.floor, 1), sheets.numbered
        self.study, self.banner, self.rule = _text(sheets.title), _text(sheets.banner), _text(sheets.rule)
        for name in self.dimensions:  # in the rule as over the pictures, in words
            self.rule = self.rule.replace(_text(name), _text(name.replace("_", " ")))
        self.points = _points(sheets.scale, self.ratings, self.dimensions)
        self.panellists = sorted(self.ratings["panellist"].astype(str).unique())
        asked = set(self.ratings["statement"])
        self.statements = [one for one in sheets.statements if one["statement"] in asked]
        self.groups = self._groups(sheets.assessed)
        self.states = {one["statement"]: self._state(one["statement"], sheets.outcomes) for one in self.statements}
        self.rows = {(str(row["panellist"]), row["statement"]): row for row in self.ratings.to_dict("records")}
        self.comments: dict[str, list[tuple[str, str]]] = {}
        for (panellist, statement), row in self.rows.items():
            words = "" if _missing(row.get("comment")) else _clean(row["comment"])
            if words:
                self.comments.setdefault(statement, []).append((words, panellist))
        for said in self.comments.values():  # in the order of the words, which tells nothing of who wrote them
            said.sort(key=lambda one: (one[0].casefold(), one[0]))

    def _groups(self, assessed: pd.DataFrame) -> dict[tuple[str, str], _Group]:
        """Return the group's ratings by statement and dimension, where enough panellists rated."""
        groups = {}
        for row in assessed[assessed["round"] == self.name].to_dict("records"):
            if row["n"] < self.floor:
                continue
            mine = self.ratings.loc[self.ratings["statement"] == row["statement"], row["dimension"]].dropna()
            counts = {float(point): int(many) for point, many in mine.value_counts().items()}
            groups[row["statement"], row["dimension"]] = _Group(
                counts, int(row["n"]), row["median"], row["q1"], row["q3"], row["estimate"]
            )
        return groups

    def _state(self, statement: str, outcomes: Mapping[tuple[str, str], str]) -> str:
        enough = all((statement, dimension) in self.groups for dimension in self.dimensions)
        return outcomes.get((statement, self.name), OPEN) if enough else FEW

    def called(self, statement: str) -> str:
        """Return how the round called a statement, and its own id where that is another."""
        own = _text(statement)
        if not self.numbered:
            return own
        used = self.ratings.loc[self.ratings["statement"] == statement, "number"].iloc[0]
        return f"No. {_text(used)} <span>({own})</span>"


def _figure(here: _Round, statement: str, dimension: str, own: float | None) -> str:
    """Return the own rating and the group's on a dimension."""
    label = _label(dimension)
    group = here.groups.get((statement, dimension))
    mine = (
        f'<span class="you">You: {_number(own)}</span>'
        if own is not None
        else '<span class="none">You: no rating</span>'
    )
    if group is None:
        return f"<figure><figcaption>{label}</figcaption><p>{mine}</p></figure>"
    half = f"{_number(group.q1)} to {_number(group.q3)}"
    return "\n".join(
        [
            f"<figure><figcaption>{label} <span>{_plural(group.n, 'rating')}</span></figcaption>",
            _picture(here.points, group, own, label),
            f'<p class="line">{mine} <span>{round(group.share, 1):g} % agree</span></p>',
            f"<p>Group: median {_number(group.median)} ({half})</p></figure>",
        ]
    )


def _statement(here: _Round, one: Mapping[str, str], panellist: str, level: int) -> str:
    """Return one statement of a sheet: its text, the pictures, and the comments."""
    name = one["statement"]
    row = here.rows.get((panellist, name), {})
    given = {dimension: row.get(dimension) for dimension in here.dimensions}
    own = {dimension: None if _missing(value) else float(value) for dimension, value in given.items()}
    state = here.states[name]
    sign, words, _ = STATES[state]
    lines = [
        f'<article class="statement{" many" if len(here.dimensions) > 2 else ""}">',
        '<div class="says">',
        f"<h{level}>{here.called(name)}{_mark(one)}</h{level}>",
        f"<p>{_words(one['text'])}</p>",
        f'<p class="state {state}"><span aria-hidden="true">{sign}</span> {words}</p>',
        *(['<p class="none">You did not rate this statement.</p>'] if set(own.values()) == {None} else []),
    ]
    said = here.comments.get(name, [])
    mine = [words for words, who in said if who == panellist]
    # Where few rated, a comment would lead to who wrote it.
    others = [words for words, who in said if who != panellist] if state != FEW else []
    told = [f"<p><strong>Your comment:</strong> {_words(words)}</p>" for words in mine]
    if others:
        told += ["<p><strong>Comments of others:</strong></p>", "<ul>", *(f"<li>{_words(one)}</li>" for one in others)]
        told.append("</ul>")
    if state == FEW:
        told.append(
            f'<p class="small">Of fewer than {here.floor} panellists the ratings are not shown, nor what others '
            "wrote.</p>"
        )
    if told:
        lines += ['<div class="words">', *told, "</div>"]
    charts = (_figure(here, name, dimension, own[dimension]) for dimension in here.dimensions)
    return "\n".join([*lines, "</div>", '<div class="charts">', *charts, "</div>", "</article>"])


def _sheet(here: _Round, panellist: str, level: int, anchor: str = "") -> list[str]:
    """Return the sheet of a panellist; ``level`` is that of its title."""
    name = f' id="{anchor}"' if anchor else ""
    lines = [
        f'<div class="sheet"{name}>',
        "<header>",
        f"<h{level}>Your ratings beside the group’s</h{level}>",
        *([f'<p class="subtitle">{here.study}</p>'] if here.study else []),
        '<dl class="about">',
        f"<div><dt>Sheet for</dt><dd><bdi>{_text(panellist)}</bdi></dd></div>",
        f"<div><dt>Round</dt><dd>{_text(here.name)}</dd></div>",
        f"<div><dt>Statements</dt><dd>{len(here.statements)}</dd></div>",
        "</dl>",
        "</header>",
        *([f'<p class="box synthetic" role="note">{here.banner}</p>'] if here.banner else []),
        "<p>This sheet shows how you rated each statement in this round, and how the group rated it. You may keep your "
        "rating or change it where the next round asks again; a rating far from the median is "
        "welcome, and a reason helps the others.</p>",
        _KEY,
        f'<p class="small">The rule: {here.rule}. Those who did not rate are not counted. The group is shown only '
        f"where at least {here.floor} panellists rated. Comments stand without names, as they were written.</p>",
    ]
    for state, (_, _, title) in STATES.items():
        ones = [one for one in here.statements if here.states[one["statement"]] == state]
        if not ones:
            continue
        lines += [
            '<section class="group">',
            f"<h{level + 1}>{title} <span>({len(ones)})</span></h{level + 1}>",
            *(_statement(here, one, panellist, level + 2) for one in ones),
            "</section>",
        ]
    return [
        *lines,
        '<p class="small end">This sheet shows your own ratings: please do not pass it on.</p>',
        "</div>",
    ]


def _foot(here: _Round, panellist: str, sheet: str = "") -> str:
    """Return the style that prints whose sheet it is at the foot of its pages; of the code only what is safe there."""
    words = " · round ".join(re.sub(r"[^\w .-]", "", one) for one in (panellist, here.name))
    left = f'@bottom-left {{ content: "{words}"; font: 8pt sans-serif; }}'
    right = "" if sheet else " @bottom-right { content: counter(page); font: 8pt sans-serif; }"
    named = f"\n@media print {{ #{sheet} {{ page: {sheet}; }} }}" if sheet else ""
    return f"@page {sheet} {{ {left}{right} }}{named}"


def _page(title: str, body: Sequence[str], style: Sequence[str] = ()) -> str:
    """Return a whole page around its content."""
    lines = [
        "<!DOCTYPE html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{title}</title>",
        "\n".join([f"<style>{_CSS}", *style]) + "</style>",
        "</head>",
        "<body>",
        "<main>",
        *body,
        "</main>",
        "</body>",
        "</html>",
    ]
    return "\n".join(lines) + "\n"


def file_names(panellists: Sequence[str]) -> dict[str, str]:
    """Return a file name for each panellist: the code itself, made safe, and no two alike on any computer."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    safe = {one: re.sub(r"[^\w.-]+", "_", one).lstrip(".")[:80] or "panellist" for one in panellists}
    for one in sorted(panellists, key=lambda one: (safe[one] != one, one)):  # a code that is safe keeps its name
        name, number = safe[one], 2
        while name.casefold() in taken:
            name, number = f"{safe[one]}-{number}", number + 1
        taken.add(name.casefold())
        names[one] = f"{name}.html"
    return {one: names[one] for one in panellists}


def feedback_pages(sheets: Sheets, number: str = "") -> dict[str, str]:
    """Build the feedback sheet of every panellist of a round.

    Parameters
    ----------
    sheets : Sheets
        What :func:`piloteval.measures.delphi.run` found.
    number : str
        The round; empty for the last.

    Returns
    -------
    dict of str to str
        The page by file name, which is the panellist's code. Everybody listed in the round has one, also who rated
        nothing. No page tells of another panellist.
    """
    here = _Round(sheets, number)
    names = file_names(here.panellists)
    return {
        names[one]: _page(
            f"Feedback on round {_text(here.name)} – {_text(one)}", _sheet(here, one, 1), [_foot(here, one)]
        )
        for one in here.panellists
    }


def combined(sheets: Sheets, number: str = "") -> str:
    """Build one file with the sheets of all panellists, each on pages of its own.

    Parameters
    ----------
    sheets, number
        See :func:`feedback_pages`.

    Returns
    -------
    str
        The page, which begins with a sheet for the team that says what it is.
    """
    here = _Round(sheets, number)
    study = here.study
    links = [
        f'<li><a href="#sheet-{place}"><bdi>{_text(one)}</bdi></a></li>' for place, one in enumerate(here.panellists, 1)
    ]
    many = _plural(len(here.panellists), "panellist")
    body = [
        "<header>",
        f"<h1>Feedback on round {_text(here.name)}</h1>" if here.name else "<h1>Feedback</h1>",
        *([f'<p class="subtitle">{study}</p>'] if study else []),
        "</header>",
        *([f'<p class="box synthetic" role="note">{here.banner}</p>'] if here.banner else []),
        '<div class="box restricted" role="note">',
        "<p><strong>Restricted.</strong> This file holds the ratings of every panellist. Give each panellist their own "
        "sheet and no other; print on one side of the paper, so that no sheet begins on the back of another.</p>",
        "<p>The comments are printed as they were written: read them first on the page of comments, since words can "
        "tell who wrote them.</p>",
        "</div>",
        f"<p>The sheets of {many} follow, each on pages of its own.</p>" if links else "<p>Nobody has rated yet.</p>",
        *(['<ul class="index">', *links, "</ul>"] if links else []),
    ]
    for place, one in enumerate(here.panellists, 1):
        body += _sheet(here, one, 2, f"sheet-{place}")
    feet = [_foot(here, one, f"sheet-{place}") for place, one in enumerate(here.panellists, 1)]
    return _page(f"Feedback on round {_text(here.name)}{f' – {study}' if study else ''}", body, feet)


def overview(sheets: Sheets) -> str:
    """Build the page of all free comments by statement and round, for the team; who wrote them is not on it.

    Parameters
    ----------
    sheets : Sheets
        What :func:`piloteval.measures.delphi.run` found; all rounds of a statement are shown, the last first.

    Returns
    -------
    str
        The page.
    """
    ratings, study, banner = sheets.ratings, _text(sheets.title), _text(sheets.banner)
    order = in_order(ratings["unit"])[::-1]
    said = ratings.assign(words=ratings["comment"].fillna("").map(_clean)) if "comment" in ratings else ratings.iloc[:0]
    said = said[said["words"] != ""] if len(said) else said
    body, silent = [], []
    for one in sheets.statements:
        name = one["statement"]
        mine = said[said["statement"] == name]
        if mine.empty:
            silent.append(f"<bdi>{_text(name)}</bdi>")
            continue
        body += [
            '<section class="said">',
            f"<h2><bdi>{_text(name)}</bdi>{_mark(one)}</h2>",
            f"<p>{_words(one['text'])}</p>",
        ]
        for turn in order:
            words = sorted(mine.loc[mine["unit"] == turn, "words"], key=lambda text: (text.casefold(), text))
            state = STATES[sheets.outcomes.get((name, turn), OPEN)]
            if words:
                body += [
                    f'<h3>Round {_text(turn)} <span aria-hidden="true">{state[0]}</span> {state[1].lower()}</h3>',
                    *("<ul>", *(f"<li>{_words(text)}</li>" for text in words), "</ul>"),
                ]
        body.append("</section>")
    told = _plural(said["statement"].nunique(), "statement")
    without = f"<p>No comment on {joined(silent)}.</p>" if silent and len(said) else ""
    head = [
        "<header>",
        "<h1>Comments on the statements</h1>",
        *([f'<p class="subtitle">{study}</p>'] if study else []),
        "</header>",
        *([f'<p class="box synthetic" role="note">{banner}</p>'] if banner else []),
        '<div class="box restricted" role="note">',
        "<p><strong>Restricted.</strong> Words can tell who wrote them: read these before the sheets go out.</p>",
        "</div>",
        f'<p class="summary">{_plural(len(said), "comment")} on {told}.</p>',
    ]
    return _page(f"Comments on the statements{f' – {study}' if study else ''}", [*head, *body, without])
