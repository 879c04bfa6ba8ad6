"""The data-quality page: what was received, what waits and for whom, for readers at the institutions.

The page is one HTML file without scripts and without anything from elsewhere. It is written by the job that checks the
raw files, so it is built from plain records and loads no library.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from piloteval.intake.style import NOTHING, POLICY, STYLE, joined, table_of

#: Words for the kinds of files.
KINDS = {
    "register": "Register of participants",
    "withdrawals": "List of withdrawals",
    "questionnaire": "Questionnaire",
    "audit": "Audit",
    "auditors": "List of auditors",
    "audit_effort": "Effort of audits",
    "application": "Applications",
    "rating": "Rating of standards",
    "standard_decisions": "Decisions on standards",
    "delphi": "Delphi round",
    "statement_map": "Numbers of statements",
    "indicator": "Indicators",
    "interview_list": "List of interviews",
    "transcript": "Interview transcript",
    "coding": "Codings of interviews",
    "coder_work": "Interviews coders worked on",
    "code_decisions": "Decisions on codes",
    "claim_decisions": "Decisions on what claims use",
    "approved_quotes": "Approved quotes",
    "deny_list": "List of names to replace",
    "signoff": "Transcripts signed off",
    "identifiers": "Labelled details of interviews",
    "dictionary": "Data dictionary",
    "resolutions": "List of decisions",
}

#: Kinds whose rows are people, so that small numbers of rows are not shown.
ONE_ROW_A_PERSON = ("questionnaire", "register", "withdrawals", "interview_list")

#: How many rows, columns or different sentences of a group are written out; the rest are counted.
LISTED = 8

#: How many sentences stand in the block that says why the run stops; all are in the tables below it.
STOPS_SHOWN = 20

#: Longest name of a column or a sheet that is shown whole; survey exports use whole questions as headers.
LONGEST_NAME = 80

#: Sign, words and what the problem changes when the rule itself does not say it.
LEVELS = {
    "STOP": ("■", "Stops the run", "nothing is computed until this is mended"),
    "QUARANTINE": ("▲", "Set aside", "set aside until this is mended"),
    "NOTE": ("●", "For information", ""),
}

#: What stands in a cell that has nothing to say.

# Below 44rem the rows of the wide tables become
# blocks, since five columns of sentences cannot be read on a phone.
_CSS = (
    STYLE
    + """\
.box > :last-child { margin-bottom: 0; }
.stop { border: 2px solid var(--caution); border-left-width: 8px; background: #f9f2f1; }
.stop h2 { margin: 0 0 0.4em; color: var(--caution); font-size: 1.32rem; }
.scroll { margin: 0 0 1.8rem; overflow-x: auto; scrollbar-width: thin; }
.scroll > table { margin: 0; }
.wide { width: 100%; table-layout: fixed; }
.grid td { min-width: 8rem; }
.grid th { min-width: 7rem; overflow-wrap: break-word; }
.name { font-weight: 650; }
.as-typed { white-space: pre-wrap; }
bdi:not(.name) { font-style: italic; }
.level, .state { display: block; font-weight: 650; }
li .level { display: inline; }
.STOP { color: var(--caution); }
.QUARANTINE { color: var(--warning); }
.received { color: var(--tip); }
.missing { color: var(--warning); }
.elsewhere { color: var(--muted); font-weight: 400; }
.places { margin: 0; padding: 0; list-style: none; }
.places li { margin: 0 0 0.2em; }
.waits col:nth-child(1) { width: 26%; } .waits col:nth-child(2) { width: 21%; } .waits col:nth-child(3) { width: 16%; }
.waits col:nth-child(4) { width: 23%; } .waits col:nth-child(5) { width: 14%; }
.notes col:nth-child(1) { width: 30%; } .notes col:nth-child(2) { width: 32%; } .notes col:nth-child(3) { width: 26%; }
.notes col:nth-child(4) { width: 12%; }
.files col:nth-child(1) { width: 18%; } .files col:nth-child(2) { width: 13%; } .files col:nth-child(3) { width: 12%; }
.files col:nth-child(4) { width: 7%; } .files col:nth-child(5) { width: 13%; } .files col:nth-child(6) { width: 12%; }
.files col:nth-child(7) { width: 7%; } .files col:nth-child(8) { width: 8%; } .files col:nth-child(9) { width: 10%; }
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
  .wide tbody th, .wide tbody td { padding: 0.1rem 0; border: 0 !important; text-align: left; }
  .wide tbody td::before { content: attr(data-label) ": "; color: var(--muted); }
  .grid th, .grid td { min-width: 5.2rem; padding-left: 0.35rem; padding-right: 0.35rem; }
}
@media print {
  @page { size: A4; margin: 18mm 15mm; }
  html { font-size: 10pt; }
  main { max-width: none; padding: 0; }
  h1, h2, h3, caption, thead, p:has(+ table) { break-after: avoid; }
  thead { display: table-header-group; }
  tr, .box li, .grid, .other { break-inside: avoid; }
  .scroll { overflow: visible; }
  .grid th, .grid td { min-width: 0; }
  table { font-size: 8pt; }
  caption { font-size: 9pt; }
  th, td { padding: 0.3rem 0.35rem; }
  a { color: inherit; text-decoration: none; }
  p, li { orphans: 3; widows: 3; }
}
"""
)


@dataclass(frozen=True)
class _Group:
    """Problems of one rule in one file that are told together: the same rows in one or several columns."""

    level: str
    rule: str
    who: str
    file: str
    sheet: str
    columns: tuple[str, ...]
    members: tuple[dict[str, Any], ...]

    @property
    def rows(self) -> list[int]:
        """Rows of the group, each once, in the order given."""
        return list(dict.fromkeys(one["row"] for one in self.members if one["row"] is not None))

    def texts(self, key: str) -> dict[str, list[int]]:
        """Return the different sentences under a key with the rows each is about; empty ones are left out."""
        said: dict[str, list[int]] = {}
        for one in self.members:
            if one[key]:
                rows = said.setdefault(one[key], [])
                if one["row"] is not None and one["row"] not in rows:
                    rows.append(one["row"])
        return said


# ------------------------------------------------------------------------------------------------------------- words
def _clean(text: object) -> str:
    """Put a blank for every run of characters that are not seen: control, direction, format, half surrogates."""
    return " ".join("".join(one if one.isprintable() else " " for one in str(text)).split())


def _text(text: object) -> str:
    """Return a text from outside as inert HTML."""
    return html.escape(_clean(text))


def _sentence(text: str) -> str:
    """Return a sentence as inert HTML; what stands in backticks is set as code.

    Tabs stay, since a remedy can be a line to paste into a sheet whose columns are separated by tabs.
    """
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", "\t".join(_text(part) for part in text.split("\t")))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _name(text: str) -> str:
    """Return a name from the files, shortened in the middle, since long headers differ at their ends."""
    name = _clean(text) or "without a name"
    if len(name) > LONGEST_NAME:
        name = f"{name[: LONGEST_NAME * 2 // 3].rstrip()} … {name[-LONGEST_NAME // 3 :].lstrip()}"
    return f"<bdi>{html.escape(name)}</bdi>"


def _file(path: str, names: Mapping[str, str]) -> str:
    """Return a file's name, which may be broken into lines after the signs that separate its parts."""
    name = html.escape(_clean(names[path]) or "without a name")
    return f'<bdi class="name">{re.sub(r"(?<=[_./-])", "<wbr>", name)}</bdi>'


def _plural(count: int, one: str, many: str = "") -> str:
    return f"{count} {one if count == 1 else many or one + 's'}"


def _listed(words: Sequence[str]) -> str:
    """Join words as a sentence does and count those that are too many."""
    more = [f"{len(words) - LISTED} more"] if len(words) > LISTED else []
    return joined([*words[:LISTED], *more])


def _counted(noun: str, words: Sequence[object]) -> str:
    """Return ``row 4`` or ``rows 4, 7 and 9``."""
    return f"{noun}{'' if len(words) == 1 else 's'} {_listed([str(word) for word in words])}"


def _level(level: str) -> str:
    sign, words, _ = LEVELS[level]
    return f'<span class="level {level}"><span aria-hidden="true">{sign}</span> {words}</span>'


# ------------------------------------------------------------------------------------------------- groups of problems
def _grouped(problems: Iterable[dict[str, Any]]) -> list[_Group]:
    """Group problems of the same rule, file and column, then columns of which the same is said about the same rows."""
    by_column: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for one in problems:
        key = tuple(one[name] for name in ("level", "rule", "who", "file", "sheet", "column"))
        by_column.setdefault(key, []).append(one)
    columns: dict[tuple[Any, ...], list[str]] = {}
    members: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for (*place, column), ones in by_column.items():
        said = tuple(tuple(one[name] for name in ("row", "found", "expected", "remedy", "effect")) for one in ones)
        columns.setdefault((*place, said), []).append(column)
        members.setdefault((*place, said), ones)
    return [
        _Group(*place, columns=tuple(filter(None, columns[*place, said])), members=tuple(members[*place, said]))
        for *place, said in columns
    ]


def _said(group: _Group, key: str) -> str:
    """Return what a group says under a key; sentences that differ are told with their rows."""
    texts = group.texts(key)
    if len(texts) < 2:
        return "".join(map(_sentence, texts))
    told = [f"{_counted('row', rows)}: {_sentence(text)}" if rows else _sentence(text) for text, rows in texts.items()]
    more = [f"and {len(told) - LISTED} more"] if len(told) > LISTED else []
    return "; ".join(told[:LISTED] + more)


def _place(group: _Group, names: Mapping[str, str]) -> str:
    """Return where a group stands: file, sheet, rows and columns."""
    parts = [_file(group.file, names)]
    if group.sheet:
        parts.append(f"sheet {_name(group.sheet)}")
    if group.rows:
        parts.append(_counted("row", group.rows))
    if group.columns:
        parts.append(_counted("column", [_name(column) for column in group.columns]))
    return ", ".join(parts)


def _bare(path: str) -> str:
    """Return a path in one spelling, so that ``./a.csv`` and ``a.csv`` are the same file."""
    return str(PurePosixPath(path))


def _shown_names(paths: Iterable[str]) -> dict[str, str]:
    """Return the name shown of each path: the file's own, or the whole path where two files have the same."""
    paths = list(dict.fromkeys(paths))
    times = Counter(PurePosixPath(path).name for path in {_bare(path) for path in paths})
    return {path: PurePosixPath(path).name if times[PurePosixPath(path).name] == 1 else path for path in paths}


# ------------------------------------------------------------------------------------------------------------- tables
# ------------------------------------------------------------------------------------------------------ small numbers
def _is_small(count: int, floor: int) -> bool:
    return 0 < count < floor


def _rows_of(counts: Sequence[int], floor: int) -> str:
    """Return the rows of several files together.

    A file under the floor is never added to the others: the table of files shows those, and the rest would be its
    number.
    """
    small = [count for count in counts if _is_small(count, floor)]
    shown = sum(counts) - sum(small)
    if not small:
        return _plural(shown, "row") if shown else "no rows"
    if shown:
        return f"at least {_plural(shown, 'row')}"
    return f"fewer than {floor} rows" + (" in each file" if len(small) > 1 else "")


def _rows_read(entry: dict[str, Any], floor: int) -> str:
    read = entry["rows_read"]
    if read is None:
        return NOTHING
    return f"fewer than {floor}" if entry["kind"] in ONE_ROW_A_PERSON and _is_small(read, floor) else str(read)


def _set_aside(entry: dict[str, Any], floor: int) -> str:
    """Return the rows set aside; what is left beside them must not be a small number either."""
    read, aside = entry["rows_read"], entry["quarantined"]
    if aside is None:
        return NOTHING
    if aside and entry["kind"] in ONE_ROW_A_PERSON:
        if _is_small(aside, floor):
            return f"fewer than {floor}"
        if read is not None and _is_small(read - aside, floor):
            return f"all but fewer than {floor}"
    return str(aside)


# ----------------------------------------------------------------------------------------------------------- sections
def _site_labels(sites: Iterable[dict[str, Any]], files: Iterable[dict[str, Any]]) -> dict[str, str]:
    """Return the name of each institution; one that only the files know is named by its id."""
    labels = {}
    for site in sites:
        name, known = _clean(site["name"]), [_clean(site["site"]), _clean(site["country"])]
        if not name:
            name = known.pop(0)
        labels[site["site"]] = html.escape(f"{name} ({', '.join(filter(None, known))})" if any(known) else name)
    for entry in files:
        if entry["site"]:
            labels.setdefault(entry["site"], _text(entry["site"]))
    return labels


def _stopping(count: int) -> str:
    return f"{_plural(count, 'problem')} {'stops' if count == 1 else 'stop'} the run"


def _summary(files: Sequence[dict[str, Any]], problems: Sequence[dict[str, Any]], stops: int, notes: int) -> str:
    """Return the sentences that say how things stand."""
    number = len({_bare(entry["path"]) for entry in files})
    done = "checked" if stops else "read"  # a run that stops may not have read the files
    read = f"{_plural(number, 'file')} {'was' if number == 1 else 'were'} {done}" if number else "No file was received"
    waiting = Counter(one["who"] == "site" for one in problems if one["level"] == "QUARANTINE")
    parts = [
        f"{_plural(waiting[by_site], 'row or cell', 'rows or cells')} "
        f"{'is set aside and waits' if waiting[by_site] == 1 else 'are set aside and wait'} for {whom}"
        for by_site, whom in ((True, "an institution"), (False, "the analyst"))
        if waiting[by_site]
    ] or ["nothing is set aside"]
    parts.append(
        f"{_plural(notes, 'note')} {'is' if notes == 1 else 'are'} for information" if notes else "there are no notes"
    )
    return f"{read}. {_stopping(stops) if stops else 'Nothing stops the run'}; {joined(parts)}."


def _stop_block(groups: Sequence[_Group], names: Mapping[str, str]) -> list[str]:
    """Return the block that says why the run stops."""
    if not groups:
        return []
    sentences = []
    for group in groups[:STOPS_SHOWN]:
        expected = _said(group, "expected")
        found = _said(group, "found") + (f"; expected {expected}" if expected else "")
        sentences.append(f'<li class="as-typed">{_place(group, names)}: {found}. {_said(group, "remedy")}</li>')
    more = len(groups) - STOPS_SHOWN
    return [
        '<section class="box stop" aria-labelledby="stop">',
        '<h2 id="stop"><span aria-hidden="true">■</span> The run stops here</h2>',
        "<p>No result is computed until this is mended:</p>",
        "<ol>",
        *sentences,
        "</ol>",
        *([f"<p>And {more} more; all are in the tables below.</p>"] if more > 0 else []),
        "</section>",
    ]


def _grid_cell(entries: Sequence[dict[str, Any]], shared: bool, floor: int) -> str:
    """Return what was received of one institution in one wave."""
    if not entries:
        style, sign, words = ("elsewhere", "↓", "see last row") if shared else ("missing", "○", "not received")
    else:
        counts = [entry["rows_read"] for entry in entries if entry["rows_read"] is not None]
        unread = len(entries) - len(counts)
        paths = {_bare(entry["path"]) for entry in entries}
        details = [_rows_of(counts, floor)] if counts else []
        if len(paths) > 1:
            details.append(f"{len(paths)} files")
        if unread:
            details.append(f"{unread} not read" if counts else "not read")
        style, sign, words = "received", "✓", ", ".join(["received", *details])
    return f'<span class="state {style}"><span aria-hidden="true">{sign}</span> {words}</span>'


def _received(
    files: Sequence[dict[str, Any]],
    labels: Mapping[str, str],
    waves: Mapping[str, str],
    kinds: Mapping[str, str],
    floor: int,
) -> list[str]:
    """Return the section of what was received: the grid of questionnaires and the number of all other files."""
    cells: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for entry in files:
        if entry["kind"] == "questionnaire":
            wave = entry["wave"] if entry["wave"] in waves else ""
            cells.setdefault((entry["site"], wave), []).append(entry)
    shown = {wave: _text(label) for wave, label in waves.items()}
    if any(not wave for _, wave in cells):
        shown[""] = "Wave not known"
    rows = [
        [label, *(_grid_cell(cells.get((site, wave), []), ("", wave) in cells, floor) for wave in shown)]
        for site, label in labels.items()
    ]
    if any(not site for site, _ in cells):
        several = [_grid_cell(cells.get(("", wave), []), False, floor) for wave in shown]
        rows.append(["Files of several institutions", *several])
    lines = ['<section aria-labelledby="received">', '<h2 id="received">What was received</h2>']
    if rows and shown:
        caption = '<span id="grid">Questionnaires of each institution and wave</span>'
        lines += [
            '<div class="scroll" role="region" aria-labelledby="grid" tabindex="0">',
            table_of(caption, ["Institution", *shown.values()], rows, "grid"),
            "</div>",
        ]
    else:
        lines.append("<p>No institutions or no waves of questionnaires are planned.</p>")
    paths: dict[str, set[str]] = {}
    for entry in files:
        if entry["kind"] != "questionnaire":
            paths.setdefault(entry["kind"], set()).add(_bare(entry["path"]))
    if paths:
        others = [[_text(kinds.get(kind, kind)), str(len(found))] for kind, found in paths.items()]
        lines.append(table_of("All other files received", ("Kind", "Files"), others, "other", numbers=("Files",)))
    else:
        lines.append("<p>No other files were received.</p>")
    return [*lines, "</section>"]


def _waiting_table(label: str, problems: Sequence[dict[str, Any]], names: Mapping[str, str]) -> str:
    """Return the table of what waits for one institution or for the analyst."""
    rows = []
    groups = _grouped(problems)
    for group in groups:
        effect = _said(group, "effect") or LEVELS[group.level][2]
        rows.append(
            [
                f"{_level(group.level)} {_place(group, names)}",
                _capital(_said(group, "found")),
                _said(group, "expected") or NOTHING,
                f'<span class="as-typed">{_said(group, "remedy")}</span>',
                _capital(effect),
            ]
        )
    headers = ("Place", "What was found", "What was expected", "How to mend it", "What it changes")
    stops = sum(group.level == "STOP" for group in groups)
    aside = sum(one["level"] == "QUARANTINE" for one in problems)
    counts = [_stopping(stops)] if stops else []
    if aside:
        counts.append(f"{_plural(aside, 'row or cell', 'rows or cells')} set aside")
    return table_of(f"{label}: {', '.join(counts)}", headers, rows, "wide waits")


def _waiting(
    problems: Iterable[dict[str, Any]],
    labels: Mapping[str, str],
    site_of: Mapping[str, str],
    names: Mapping[str, str],
) -> list[str]:
    """Return the section of what waits: a part for each institution, for the analyst and for all institutions."""
    parts: dict[str, list[dict[str, Any]]] = {site: [] for site in labels}
    analyst: list[dict[str, Any]] = []
    shared: list[dict[str, Any]] = []
    for one in problems:
        if one["level"] == "NOTE":
            continue
        site = site_of.get(one.get("source") or _bare(one["file"]), "")
        (analyst if one["who"] != "site" else parts[site] if site else shared).append(one)
    waiting = [(labels[site], "", ones) for site, ones in parts.items()]
    waiting.append(("The analyst", "The study team mends these.", analyst))
    waiting.append(("All institutions", "These files do not belong to one single institution.", shared))
    waiting = [part for part in waiting if part[2]]
    lines = ['<section aria-labelledby="waits">', '<h2 id="waits">What waits, and for whom</h2>']
    if not waiting:
        return [*lines, "<p>Nothing waits for anybody.</p>", "</section>"]
    links = [f'<li><a href="#waits-{number}">{label}</a></li>' for number, (label, _, _) in enumerate(waiting, 1)]
    lines += ["<p>Something waits for:</p>", "<ul>", *links, "</ul>"]
    if any(not ones for ones in parts.values()):
        lines.append("<p>Nothing waits for an institution that is not named here.</p>")
    for number, (label, about, ones) in enumerate(waiting, 1):
        lines.append(f'<h3 id="waits-{number}">{label}</h3>')
        if about:
            lines.append(f"<p>{about}</p>")
        lines.append(_waiting_table(label, ones, names))
    return [*lines, "</section>"]


def _note_lines(groups: Iterable[_Group]) -> list[list[_Group]]:
    """Put notes together that say the same of several files."""
    lines: dict[tuple[Any, ...], list[_Group]] = {}
    for group in groups:
        texts = tuple(tuple(group.texts(key)) for key in ("found", "expected", "remedy", "effect"))
        # Sentences that differ from row to row name their rows, which are those of one file.
        alone = (group.file, group.sheet, group.columns) if any(len(said) > 1 for said in texts) else ()
        lines.setdefault((group.rule, group.who, texts, alone), []).append(group)
    return list(lines.values())


def _notes(lines: Sequence[Sequence[_Group]], names: Mapping[str, str]) -> list[str]:
    """Return the section of notes."""
    section = ['<section aria-labelledby="notes">', '<h2 id="notes">Notes</h2>']
    if not lines:
        return [*section, "<p>There are no notes.</p>", "</section>"]
    rows = []
    for groups in lines:
        first = groups[0]
        expected, effect = _said(first, "expected"), _said(first, "effect")
        found = _capital(_said(first, "found")) + (f"; expected {expected}" if expected else "")
        places = "".join(f"<li>{_place(group, names)}</li>" for group in groups)
        whom = "Institution" if first.who == "site" else "Analyst"
        rows.append(
            [
                found + (f" ({effect})" if effect else ""),
                f'<ul class="places">{places}</ul>',
                f'<span class="as-typed">{_said(first, "remedy")}</span>',
                whom,
            ]
        )
    headers = ("What was found", "Where", "What you can do", "For whom")
    return [
        *section,
        "<p>These notes are for information. No row and no cell was set aside for them.</p>",
        table_of(_plural(len(lines), "note"), headers, rows, "wide notes"),
        "</section>",
    ]


def _explained(floor: int) -> list[str]:
    """Return the section that says how to read the page."""
    small = f"<li>Small numbers of people are not shown: “fewer than {floor}” stands for 1 to {floor - 1}.</li>"
    return [
        '<section aria-labelledby="how">',
        '<h2 id="how">How to read this page</h2>',
        "<ul>",
        f"<li>{_level('STOP')}: no result is computed until this is mended.</li>",
        f"<li>{_level('QUARANTINE')}: the row or the cell waits and does not count; all the rest is computed.</li>",
        f"<li>{_level('NOTE')}: nothing was set aside.</li>",
        "<li>No answers of persons are shown here.</li>",
        "<li>Rows are counted as a spreadsheet shows them, with the header in row 1.</li>",
        "<li>Raw files are never changed here: correct the file at the institution and send it again.</li>",
        *([small] if floor > 1 else []),
        "</ul>",
        "</section>",
    ]


def _files(
    files: Sequence[dict[str, Any]],
    waves: Mapping[str, str],
    kinds: Mapping[str, str],
    names: Mapping[str, str],
    floor: int,
) -> list[str]:
    """Return the section with the table of files."""
    section = ['<section aria-labelledby="files">', '<h2 id="files">Files</h2>']
    if not files:
        return [*section, "<p>There are no files.</p>", "</section>"]
    rows = [
        [
            _file(entry["path"], names),
            _text(kinds.get(entry["kind"], entry["kind"])),
            _text(entry["site"]) or "several",
            _text(waves.get(entry["wave"], entry["wave"])) or NOTHING,
            _text(entry["form"]) or NOTHING,
            _text(entry["dialect"]) or NOTHING,
            _rows_read(entry, floor),
            _set_aside(entry, floor),
            _text(entry["received"]) or NOTHING,
        ]
        for entry in files
    ]
    numbers = ("Rows read", "Set aside")
    headers = ("File", "Kind", "Institution", "Wave", "Form", "Platform", *numbers, "Received")
    caption = "All files, one line for each wave of a file"
    return [*section, table_of(caption, headers, rows, "wide files", numbers), "</section>"]


def data_quality_page(
    problems: list[dict[str, Any]],
    files: list[dict[str, Any]],
    *,
    title: str,
    sites: list[dict[str, Any]],
    waves: dict[str, str],
    kinds: dict[str, str] | None = None,
    floor: int,
    banner: str = "",
) -> str:
    """Build the data-quality page.

    Parameters
    ----------
    problems : list of dict
        Keys ``level``, ``rule``, ``who`` (``site`` or ``analyst``), ``file``, ``sheet``, ``row``, ``column``,
        ``found``, ``expected``, ``remedy``, ``effect``; gravest first.
    files : list of dict
        Keys ``source``, ``kind``, ``path``, ``site`` (empty: several institutions), ``wave``, ``form``, ``dialect``,
        ``bytes``, ``received``, ``rows_read`` and ``quarantined`` (None: not counted). A file with several waves has
        an entry for each.
    title : str
        Title of the study.
    sites : list of dict
        Keys ``site``, ``name`` (may be empty), ``country``.
    waves : dict of str to str
        Label of each wave, in time order.
    kinds : dict of str to str, optional
        Words for kinds of files, in place of those of :data:`KINDS`.
    floor : int
        Counts of people from 1 to ``floor - 1`` are shown as ``fewer than <floor>``.
    banner : str
        A sentence at the top of the page, for example that the data are synthetic.

    Returns
    -------
    str
        The whole page. The same input gives the same text.

    Notes
    -----
    Small counts are also kept from being computed: rows of a file under the floor are not added to those of other
    files, and rows set aside are not given where fewer than ``floor`` people are left.
    """
    kinds = {**KINDS, **(kinds or {})}
    labels = _site_labels(sites, files)
    names = _shown_names([*(entry["path"] for entry in files), *(one["file"] for one in problems)])
    sites_of: dict[str, set[str]] = {}
    for entry in files:
        for name in (_bare(entry["path"]), entry["source"]):
            sites_of.setdefault(name, set()).add(entry["site"])
    site_of = {path: next(iter(found)) for path, found in sites_of.items() if len(found) == 1}
    stops = _grouped(one for one in problems if one["level"] == "STOP")
    notes = _note_lines(_grouped(one for one in problems if one["level"] == "NOTE"))
    study = _text(title)
    lines = [
        "<!DOCTYPE html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>Data quality{f' – {study}' if study else ''}</title>",
        f"<style>{_CSS}</style>",
        "</head>",
        "<body>",
        "<main>",
        "<header>",
        "<h1>Data quality</h1>",
        *([f'<p class="subtitle">{study}</p>'] if study else []),
        "</header>",
        *([f'<p class="box synthetic" role="note">{_text(banner)}</p>'] if _text(banner) else []),
        f'<p class="summary">{_summary(files, problems, len(stops), len(notes))}</p>',
        *_stop_block(stops, names),
        *_received(files, labels, waves, kinds, floor),
        *_waiting(problems, labels, site_of, names),
        *_notes(notes, names),
        *_explained(floor),
        *_files(files, waves, kinds, names, floor),
        "</main>",
        "</body>",
        "</html>",
    ]
    return "\n".join(lines) + "\n"
