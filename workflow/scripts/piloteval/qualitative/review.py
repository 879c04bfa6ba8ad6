"""The page on which a person reads every transcript without names and signs it off.

The page is one HTML file without scripts and without anything from elsewhere. It holds words of participants and is
restricted. Its look is that of :mod:`piloteval.intake.page`.
"""

from __future__ import annotations

import csv
import html
import io
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from piloteval.intake.records import NAMES_OF
from piloteval.intake.style import NOTHING, POLICY, STYLE, joined, table_of
from piloteval.qualitative.language import LANGUAGES
from piloteval.qualitative.prepare import OUTDATED, SIGNED, UNSIGNED, Prepared

if TYPE_CHECKING:
    from piloteval.qualitative.deidentify import Deidentified

#: Style, sign and words of each state a sign-off can have; one that is not known counts as open.
STATES = {
    SIGNED: ("signed", "✓", "Signed off"),
    OUTDATED: ("changed", "▲", "Changed since signed"),
    UNSIGNED: ("open", "○", "Open"),
}

#: Words for one and several details of each kind, and the group that shares a colour.
KINDS = {
    "person": ("person", "persons", "who"),
    "organisation": ("organisation", "organisations", "where"),
    "ward": ("ward", "wards", "where"),
    "place": ("place", "places", "where"),
    "room": ("room", "rooms", "where"),
    "date": ("date", "dates", "when"),
    "email": ("e-mail address", "e-mail addresses", "reach"),
    "url": ("web address", "web addresses", "reach"),
    "phone": ("phone number", "phone numbers", "reach"),
    "id": ("number", "numbers", "reach"),
    "case": ("case number", "case numbers", "reach"),
    "plate": ("licence plate", "licence plates", "reach"),
    "other": ("other detail", "other details", "else"),
}

#: An example of each group, and what the group is.
GROUPS = {
    "who": ("[colleague A]", "a person"),
    "where": ("[ward]", "an organisation, a ward, a place or a room"),
    "when": ("[date]", "a date"),
    "reach": ("[phone number]", "an address or a number"),
    "else": ("[name]", "any other detail"),
}

#: Words for how a detail was found; `{}` is the entry of the deny-list.
WAYS = {
    "list": "on the deny-list",
    "list (inflected)": "on the deny-list as {}, inflected",
    "list (spelling)": "on the deny-list as {}, in another spelling",
    "pattern": "by its form",
}

#: How many turns a word to judge is linked to; the rest are counted.
LISTED = 8

#: How many characters of a digest stand in the line for the sign-off list.
DIGEST = 16

#: Columns of the two lists a reader writes to.
SIGNOFF_COLUMNS, DENY_LIST_COLUMNS = "interview,sha256,signed_by,signed_on", "kind,text,role,same_as"


# Groups of replaced details differ in their line
# too, since some printers and some eyes see no colours. Below 44rem the rows of the wide tables become blocks.
_CSS = (
    STYLE
    + """\
html { scroll-padding-top: 4.5rem; }
.restricted { border-color: var(--caution); background: #f9f2f1; }
.wide { width: 100%; max-width: 56rem; table-layout: fixed; }
.number + .words { padding-left: 1.3rem; }
.whole { white-space: nowrap; }
.state { font-weight: 650; }
.signed { color: var(--tip); }
.changed { color: var(--caution); }
.open { color: var(--warning); }
.list col:nth-child(1) { width: 11%; } .list col:nth-child(2) { width: 12%; } .list col:nth-child(3) { width: 8%; }
.list col:nth-child(4) { width: 33%; } .list col:nth-child(5) { width: 10%; } .list col:nth-child(6) { width: 26%; }
.judge, .replaced { max-width: var(--measure); }
.judge col:nth-child(1) { width: 36%; } .judge col:nth-child(2) { width: 22%; } .judge col:nth-child(3) { width: 12%; }
.replaced col:nth-child(1) { width: 24%; } .replaced col:nth-child(2) { width: 22%; }
.replaced col:nth-child(3) { width: 17%; } .replaced col:nth-child(4) { width: 27%; }
.as-said { color: var(--muted); }
.legend { padding: 0; list-style: none; }
.transcript { margin-top: 5rem; }
.transcript > h2 {
  position: sticky; top: 0; z-index: 1; display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 1rem;
  max-width: var(--measure); margin: 0 0 1.2rem; padding: 0.7rem 0 0.6rem; border-bottom: 1px solid var(--ink);
  background: var(--paper);
}
h2 > span { font-size: 0.95rem; letter-spacing: 0; }
h2 > .about { flex: 1; color: var(--muted); font-weight: 400; }
.talk { max-width: var(--measure); margin: 0 0 2.4rem; counter-reset: turn; }
.turn { position: relative; margin: 0 0 0.85rem; padding-left: 5.4rem; counter-increment: turn; line-height: 1.68; }
.turn::before {
  content: counter(turn); position: absolute; top: 0.32em; left: 0; width: 1.9rem; color: var(--muted);
  font-size: 0.74rem; font-variant-numeric: tabular-nums; text-align: right;
}
.turn > b {
  display: inline-block; box-sizing: border-box; min-width: 3rem; margin-left: -3rem; padding-right: 0.4rem;
  font-weight: 650;
}
.interviewer { color: var(--muted); }
.interviewer > b { font-weight: 400; }
.other { font-style: italic; }
.turn:target { background: var(--wash); box-shadow: -4px 0 0 var(--accent); }
mark {
  padding: 0.04em 0.12em; border-bottom: 2px solid; border-radius: 2px 2px 0 0; color: var(--ink); font-style: normal;
  -webkit-box-decoration-break: clone; box-decoration-break: clone; print-color-adjust: exact;
}
.who { border-color: #4d7aa3; background: #e3edf6; }
.where { border-bottom: 4px double #8a7000; background: #f8f0d3; }
.when { border-bottom-style: dashed; border-color: #8a5a83; background: #f3e7f1; }
.reach { border: 1px solid #77716a; background: #efedea; }
.else { border-bottom-width: 1px; border-color: var(--ink); background: #e9e9e9; }
u {
  text-decoration: underline wavy var(--caution) 1.5px; text-decoration-skip-ink: none; text-underline-offset: 0.2em;
}
details { max-width: var(--measure); margin: 0 0 1.2rem; }
summary { width: fit-content; margin-bottom: 0.6rem; color: var(--accent); cursor: pointer; }
pre {
  box-sizing: border-box; max-width: var(--measure); margin: 0 0 1.2rem; padding: 0.7rem 0.9rem;
  border: 1px solid var(--hair); border-left: 4px solid var(--accent); background: var(--wash); line-height: 1.5;
  white-space: pre-wrap;
}
pre > code { padding: 0; background: none; -webkit-user-select: all; user-select: all; }
.on { display: flex; justify-content: space-between; gap: 1rem; margin-top: 2rem; }
@media screen and (max-width: 44rem) {
  html { font-size: 16px; }
  main { padding: 1.6rem 1.1rem 3rem; }
  h2 { font-size: 1.32rem; }
  .box { padding: 0.8rem 0.95rem; }
  .wide, .wide tbody, .wide tr, .wide th, .wide td, .wide caption { display: block; }
  .wide { border-top: 0; font-size: 0.9rem; }
  .wide colgroup, .wide .nothing { display: none; }
  .wide caption { font-size: 0.95rem; }
  .wide thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .wide tr { padding: 0.7rem 0; border-top: 1px solid var(--ink); }
  .wide tbody th, .wide tbody td, .wide .number + .words { padding: 0.1rem 0; border: 0 !important; text-align: left; }
  .wide tbody td::before { content: attr(data-label) ": "; color: var(--muted); font-weight: 400; }
  .turn { padding-left: 2.6rem; }
  .turn::before { width: 1.7rem; }
  .turn > b { display: inline; margin-left: 0; padding: 0; }
}
@media print {
  @page {
    size: A4; margin: 18mm 15mm 20mm;
    @bottom-left { content: "Restricted: words of participants"; color: #97301f; font: 8pt sans-serif; }
    @bottom-right { content: counter(page) " / " counter(pages); font: 8pt sans-serif; }
  }
  html { font-size: 10pt; }
  main { max-width: none; padding: 0; }
  h1, h2, h3, caption, thead, p:has(+ table), p:has(+ pre) { break-after: avoid; }
  thead { display: table-header-group; }
  tr, li, pre { break-inside: avoid; }
  .transcript { margin: 0; break-before: page; }
  .transcript > h2 { position: static; padding-top: 0; }
  .turn { orphans: 3; widows: 3; }
  .turn:target { background: none; box-shadow: none; }
  table { font-size: 8.5pt; }
  caption { font-size: 9pt; }
  th, td { padding: 0.3rem 0.35rem; }
  a { color: inherit; text-decoration: none; }
  p, li { orphans: 3; widows: 3; }
  .on, details { display: none; }
}
"""
)


# ------------------------------------------------------------------------------------------------------------- words
def _seen(text: object) -> str:
    """Put a blank for every character that is not seen: control, direction, format, half surrogates."""
    text = str(text)
    return text if text.isprintable() else "".join(one if one.isprintable() else " " for one in text)


def _clean(text: object) -> str:
    return " ".join(_seen(text).split())


def _text(text: object) -> str:
    """Return a text from outside as inert HTML."""
    return html.escape(_clean(text))


def _plural(count: int, one: str, many: str = "") -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def _language(code: str) -> str:
    """Return the name of a language as inert HTML."""
    return LANGUAGES.get(code, _text(code)) or "not known"


def _lang(code: str) -> str:
    """Return the attribute that tells the language; empty, which is `unknown`, for what is no code of a language."""
    return f'lang="{code if re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", code) else ""}"'


def _said(words: str, code: str) -> str:
    """Return words of a transcript as inert HTML that is spoken in their language."""
    return f"<bdi {_lang(code)}>{_text(words)}</bdi>"


def _state(state: str) -> str:
    style, sign, words = STATES[state]
    return f'<span class="state {style}"><span aria-hidden="true">{sign}</span> {words}</span>'


def _group(kind: str) -> str:
    return KINDS.get(kind, KINDS["other"])[2]


def _kind(kind: str) -> str:
    return KINDS[kind][0] if kind in KINDS else _text(kind)


def _csv(rows: Iterable[Sequence[str]]) -> str:
    """Return rows as inert lines of a CSV file."""
    lines = io.StringIO()
    csv.writer(lines, lineterminator="\n").writerows([_clean(cell) for cell in row] for row in rows)
    return html.escape(lines.getvalue().removesuffix("\n"))


# -------------------------------------------------------------------------------------------------------- transcripts
def _words(one: Prepared) -> int:
    return sum(len(turn.speech.split()) for turn in one.transcript.turns)


def _to_judge(found: Deidentified) -> int:
    return len({word.word for word in found.unknown})


def _counted(found: Deidentified) -> str:
    """Return how many details of each kind were replaced."""
    counts = Counter(change.kind for change in found.replacements)
    words = {kind: KINDS.get(kind, (_text(kind), _text(kind)))[:2] for kind in [*KINDS, *sorted(counts)]}
    told = [_plural(counts[kind], *forms) for kind, forms in words.items() if counts[kind]]
    return ", ".join(f'<span class="whole">{one}</span>' for one in told)


def _marks(found: Deidentified) -> list[tuple[int, int, str, str]]:
    """Return the stretches of the new text that are marked: start, end, opening and closing tag."""
    marks = []
    for change in found.replacements:
        start = found.place(change.start)
        opening = f'<mark class="{_group(change.kind)}" lang="en">'
        marks.append((start, start + len(change.shown), opening, "</mark>"))
    for word in found.unknown:
        start, end = found.span(word.start, word.end)
        if found.text[start:end] == word.word:  # else a part of it was replaced, which is marked already
            marks.append((start, end, "<u>", "</u>"))
    return sorted(marks)


def _marked(text: str, start: int, end: int, marks: Iterable[tuple[int, int, str, str]]) -> str:
    """Return a stretch of the text as inert HTML with its marks."""
    parts, at = [], start
    for begin, stop, opening, closing in marks:
        begin, stop = max(begin, at), min(stop, end)
        if begin < stop:
            words = html.escape(_seen(text[begin:stop]))
            parts += [html.escape(_seen(text[at:begin])), opening, words, closing]
            at = stop
    return "".join([*parts, html.escape(_seen(text[at:end]))])


def _talk(one: Prepared, name: str) -> list[str]:
    """Return the dialogue."""
    text, marks = one.found.text, _marks(one.found)
    lines = [f'<div class="talk" {_lang(one.received.language)} dir="ltr">']
    first = 0
    for number, turn in enumerate(one.transcript.turns, 1):
        while first < len(marks) and marks[first][1] <= turn.start:
            first += 1
        last = first
        while last < len(marks) and marks[last][0] < turn.end:
            last += 1
        role = turn.role if turn.role in ("interviewer", "other") else "participant"
        speech = _marked(text, turn.start, turn.end, marks[first:last])
        lines.append(f'<p class="turn {role}" id="{name}-{number}"><b>{_text(turn.label)}: </b>{speech}</p>')
    return [*lines, "</div>"]


def _links(turns: Sequence[int], name: str) -> str:
    """Return links to turns, each once; those that are too many are counted."""
    turns = list(dict.fromkeys(turns))
    links = [f'<a href="#{name}-{number}">{number}</a>' for number in turns[:LISTED]]
    return joined([*links, *([f"{len(turns) - LISTED} more"] if len(turns) > LISTED else [])])


def _judged(one: Prepared, name: str) -> list[str]:
    """Return the list of the words to judge, and the same as lines for the deny-list."""
    lines = ["<h3>Words to judge</h3>"]
    if not one.found.unknown:
        return [*lines, "<p>The machine marked no word. That is no proof that no name is left.</p>"]
    starts = [turn.start for turn in one.received.turns]
    places: dict[tuple[str, str], list[int]] = {}
    for word in one.found.unknown:
        places.setdefault((word.word, word.why), []).append(max(1, bisect_right(starts, word.start)))
    language = one.received.language
    rows = [
        [_said(word, language), _text(why), str(len(there)), _links(there, name)]
        for (word, why), there in places.items()
    ]
    caption = "May be names and are on no list; underlined in the text"
    return [
        *lines,
        table_of(caption, ("Word", "Why", "Times", "Turns"), rows, "wide judge", ("Times",)),
        "<details>",
        "<summary>The same as lines for the deny-list</summary>",
        f"<p>Write the kind before the first comma of each line: {', '.join(NAMES_OF)}, or harmless. "
        f"The columns are <code>{DENY_LIST_COLUMNS}</code>.</p>",
        f"<pre><code>{_csv([['', word, '', ''] for word in dict.fromkeys(word for word, _ in places)])}</code></pre>",
        "</details>",
    ]


def _way(by: str, entry: str) -> str:
    return WAYS[by].format(f"<bdi>{_text(entry)}</bdi>") if by in WAYS else _text(by)


def _replaced(one: Prepared) -> list[str]:
    """Return what was replaced; the list of the received words is folded and not printed, since it holds the names."""
    lines = ["<h3>What was replaced</h3>", f"<p>{_counted(one.found) or 'Nothing'}.</p>"]
    if not one.found.replacements:
        return lines
    order = {kind: place for place, kind in enumerate(KINDS)}
    counted = Counter(
        (order.get(change.kind, len(order)), change.shown, received, change.kind, change.by, change.entry)
        for change in one.found.replacements
        for received in [one.received.text[change.start : change.end]]
    )
    rows = [
        [
            f'<span class="as-said">{_said(received, one.received.language)}</span>',
            f'<mark class="{_group(kind)}">{_text(shown)}</mark>',
            _kind(kind),
            _way(by, entry),
            str(times),
        ]
        for (_, shown, received, kind, by, entry), times in sorted(counted.items())
    ]
    headers = ("Received", "Shown", "Kind", "How it was found", "Times")
    caption = "Look whether the same person has the same name everywhere, and whether a word was replaced by mistake"
    return [
        *lines,
        "<details>",
        "<summary>Show the received words</summary>",
        table_of(caption, headers, rows, "wide replaced", ("Times",)),
        "</details>",
    ]


def _signing(one: Prepared, state: str) -> list[str]:
    """Return the line for the sign-off list."""
    todo = "When nothing is left, copy this line into the sign-off list, with your name and the day:"
    said = {
        SIGNED: "This text is signed off as it stands here. Another reader can sign it too, with the same line:",
        OUTDATED: f"The text is not the one that was signed: read it again. {todo}",
    }
    row = [one.received.interview, one.digest[:DIGEST], "your name", "YYYY-MM-DD"]
    return ["<h3>Sign-off</h3>", f"<p>{said.get(state, todo)}</p>", f"<pre><code>{_csv([row])}</code></pre>"]


def _transcript(one: Prepared, state: str, name: str, following: tuple[str, str] | None) -> list[str]:
    """Return the section of a transcript."""
    about = f"{_language(one.received.language)}, {_plural(_words(one), 'word')}"
    on = f'<a href="#{following[0]}">Next: {_text(following[1])}</a>' if following else ""
    return [
        f'<section class="transcript" id="{name}" aria-labelledby="{name}-name">',
        f'<h2 id="{name}-name">{_text(one.received.interview)} <span class="about">{about}</span> {_state(state)}</h2>',
        *_talk(one, name),
        *_judged(one, name),
        *_replaced(one),
        *_signing(one, state),
        f'<p class="on"><a href="#list">All transcripts</a>{on}</p>',
        "</section>",
    ]


# ------------------------------------------------------------------------------------------------------------ the top
def _summary(prepared: Sequence[Prepared], counts: Counter[str]) -> str:
    """Return the sentences that say how things stand."""
    if not prepared:
        return "There are no transcripts."
    parts = [
        f"{counts[SIGNED]} {'is' if counts[SIGNED] == 1 else 'are'} signed off",
        f"{counts[OUTDATED]} {'has' if counts[OUTDATED] == 1 else 'have'} changed since signed",
        f"{counts[UNSIGNED]} {'is' if counts[UNSIGNED] == 1 else 'are'} open",
    ]
    left = sum(_to_judge(one.found) for one in prepared)
    judge = (
        f"{_plural(left, 'word')} {'is' if left == 1 else 'are'} to be judged." if left else "No word is to be judged."
    )
    return f"{_plural(len(prepared), 'transcript')}: {joined(parts)}. {judge}"


def _overview(prepared: Sequence[Prepared], states: Mapping[str, str]) -> list[str]:
    """Return the section with the table of all transcripts."""
    lines = ['<section aria-labelledby="list">', '<h2 id="list">All transcripts</h2>']
    if not prepared:
        return [*lines, "<p>No transcript was received of an interview that may be heard.</p>", "</section>"]
    rows = []
    for number, one in enumerate(prepared, 1):
        rows.append(
            [
                f'<a href="#t{number}">{_text(one.received.interview) or "without a name"}</a>',
                _language(one.received.language),
                f"{_words(one):,}",
                _counted(one.found) or NOTHING,
                str(_to_judge(one.found)),
                _state(states[one.received.interview]),
            ]
        )
    numbers = ("Words", "Words to judge")
    headers = ("Interview", "Language", "Words", "Replaced", "Words to judge", "State")
    caption = "Words to judge are counted once in each transcript"
    return [*lines, table_of(caption, headers, rows, "wide list", numbers), "</section>"]


def _how(signoff: str) -> list[str]:
    """Return the section that says how a transcript is signed off."""
    place = f" <code>{_text(signoff)}</code>" if _text(signoff) else ""
    none = (
        "<p>There is no sign-off list yet. Begin one in the data folder as a CSV file with the header "
        f"<code>{SIGNOFF_COLUMNS}</code>, and give it a row of the kind <code>signoff</code> in the landing sheet.</p>"
    )
    groups = [f'<li><mark class="{group}">{sample}</mark> {words}</li>' for group, (sample, words) in GROUPS.items()]
    return [
        '<section aria-labelledby="how">',
        '<h2 id="how">How to sign off</h2>',
        "<ol>",
        "<li>Read the transcript from its beginning to its end.</li>",
        "<li>Put names that are left into the deny-list with <code>kind</code>, <code>text</code>, <code>role</code> "
        "and <code>same_as</code>, and words that name nobody with the kind <code>harmless</code>, then run "
        "the pipeline again.</li>",
        f"<li>When nothing is left, copy the line below the transcript into the sign-off list{place}, with your name "
        "and the day.</li>",
        "<li>The line is bound to exactly this text, so any change of the text asks for a new reading.</li>",
        "</ol>",
        *([] if place else [none]),
        "<p>How details are marked in the text:</p>",
        '<ul class="legend">',
        *groups,
        "<li><u>Word</u> a word to judge: it may be a name and is on no list</li>",
        "</ul>",
        "</section>",
        '<section aria-labelledby="limits">',
        '<h2 id="limits">What the machine does not find</h2>',
        "<p>Only a reader finds these:</p>",
        "<ul>",
        "<li>Names that are on no list. The words to judge are a help, no proof: names that are also words, names at "
        "the beginning of a sentence, and many names in German are not among them.</li>",
        "<li>What only people there would recognise: a post that one person holds, a nickname, a habit, a saying.</li>",
        "<li>Rare events: an accident that was in the newspaper, a case before a court, an unusual illness.</li>",
        "<li>Details that say little alone and together point to one person: age, profession, family, years.</li>",
        "</ul>",
        "<p>Put such words into the deny-list with the kind <code>other</code>; the role is what is shown instead.</p>",
        "</section>",
    ]


def review_page(
    prepared: Sequence[Prepared],
    states: Mapping[str, str],
    *,
    title: str = "",
    banner: str = "",
    signoff: str = "",
) -> str:
    """Build the page on which transcripts are read and signed off.

    Parameters
    ----------
    prepared : sequence of Prepared
        Transcripts as received and without names, in the order in which they are shown.
    states : mapping of str to str
        State of the sign-off of each interview: ``yes``, ``outdated`` or ``no``.
    title : str
        Title of the study.
    banner : str
        A sentence at the top of the page, for example that the data are synthetic.
    signoff : str
        Path of the study's sign-off list; empty when there is none yet.

    Returns
    -------
    str
        The whole page. The same input gives the same text.

    Notes
    -----
    The page is restricted. The received names stand only in a folded list below each transcript, which is never
    printed. An interview without a state counts as open.
    """
    states = {one.received.interview: states.get(one.received.interview, UNSIGNED) for one in prepared}
    study = _text(title)
    names = [(f"t{number}", one.received.interview) for number, one in enumerate(prepared, 1)]
    sections = [
        line
        for one, (name, interview), following in zip(prepared, names, [*names[1:], None], strict=False)
        for line in _transcript(one, states[interview], name, following)
    ]
    lines = [
        "<!DOCTYPE html>",
        '<html lang="en" dir="ltr">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>Transcripts to sign off{f' – {study}' if study else ''}</title>",
        f"<style>{_CSS}</style>",
        "</head>",
        "<body>",
        "<main>",
        "<header>",
        "<h1>Transcripts to sign off</h1>",
        *([f'<p class="subtitle">{study}</p>'] if study else []),
        "</header>",
        *([f'<p class="box synthetic" role="note">{_text(banner)}</p>'] if _text(banner) else []),
        '<p class="box restricted" role="note">Restricted: this page holds words of participants, and the names that '
        "were replaced. It stays in the folder of restricted results and is not sent to anybody.</p>",
        f'<p class="summary">{_summary(prepared, Counter(states[one.received.interview] for one in prepared))}</p>',
        *_overview(prepared, states),
        *_how(signoff),
        *sections,
        "</main>",
        "</body>",
        "</html>",
    ]
    return "\n".join(lines) + "\n"
