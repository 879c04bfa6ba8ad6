"""Readers for tables: every cell comes in as text, with the row number a spreadsheet shows.

A file passes the guard, its format's reader makes a :class:`Grid` of texts, the grid's dialect tells which rows are
header, and what is left is a :class:`RawTable`: one header, one record a row.
"""

from __future__ import annotations

import csv
import datetime
import io
import re
import zipfile
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from piloteval.errors import keep_foreign
from piloteval.intake.catalogue import Problem, problem
from piloteval.intake.dialects import NAMES, Export, NotThisExport, recognise
from piloteval.intake.guards import guard
from piloteval.intake.sheet import DELIMITERS, Source
from piloteval.intake.text import damage, normalise

PLAIN = Export(
    dialect="plain",
    header_rows=1,
    columns=[],
    texts={},
    personal=frozenset(),
    technical=frozenset(),
    id_columns=(),
    wave_columns=(),
    date_columns=(),
    preview=None,
    unfinished=None,
)

#: In how many rows a header is looked for that does not stand in the first.
LOOKED_FOR = 12

#: What people write into the first cell of a row of sums at the end of a table, in the languages of the pilot.
TOTALS = frozenset(
    (
        *("total", "totals", "sum", "mean", "average", "n", "count", "median", "sd", "min", "max"),
        *("summe", "gesamt", "insgesamt", "mittelwert", "durchschnitt", "anzahl"),
        *("totaal", "som", "gemiddelde", "aantal", "totaux", "somme", "moyenne", "effectif"),
        *("soma", "média", "contagem", "suma", "media", "promedio", "recuento"),
    )
)


class Unreadable(Exception):
    """A file that cannot be read at all; carries the problems that say why."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(problems[0].rule)
        self.problems = list(problems)


@dataclass
class Grid:
    """What a file holds before anybody knows what its rows mean.

    Attributes
    ----------
    records : list of list of str
        Every row as trimmed text, the header first; blank rows are kept.
    form : str
        What the file is, in words.
    sheet : str
        Sheet of a workbook.
    problems : list of Problem
        Notes and cells set aside.
    stated : list of tuple
        Row, column letter, rule and text of cells that show something else than a value.
    suspect : list of list of str
        The rows in which letters may have been lost, as they were before they were trimmed; empty where none can be.
    hidden : list of (str, int, int)
        What is hidden, ``rows`` or ``columns``, and the first and last number of it, counted from 1; 0 where not told.
    merged : list of ((int, int), (int, int))
        Top left and bottom right row and column of merged cells, counted from 0.
    texts, labels, missing
        As in :class:`RawTable`, by header.
    first : int
        Number of the first record; 2 under a header, 1 where cases are counted.
    """

    records: list[list[str]]
    form: str
    sheet: str = ""
    problems: list[Problem] = field(default_factory=list)
    stated: list[tuple[int, str, str, str]] = field(default_factory=list)
    suspect: list[list[str]] = field(default_factory=list)
    hidden: list[tuple[str, int, int]] = field(default_factory=list)
    merged: list[tuple[tuple[int, int], tuple[int, int]]] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    labels: dict[str, dict[str, str]] = field(default_factory=dict)
    missing: dict[str, frozenset[str]] = field(default_factory=dict)
    first: int = 2

    @property
    def top(self) -> int | None:
        """Row of the header; None where cases are counted and the header is no row."""
        return 1 if self.first == 2 else None


@dataclass(frozen=True)
class Closed:
    """Whose rows are passed over unread.

    Attributes
    ----------
    people : mapping of str to str
        Fate of the row, ``withdrawn`` or ``excluded``, by id.
    columns : tuple of str
        Headers that may hold the id; the first one that is there counts, as everywhere.
    items : frozenset of str
        Names of items, as :func:`alike` writes them: where they stand in the first column, the headers are ids.
    unit : str
        Header of a cell that is kept with the row: the interview of a person in the list of interviews.
    named : callable, optional
        Gives the names of the columns of a REDCap export with labels, by its dictionary.
    """

    people: Mapping[str, str]
    columns: tuple[str, ...]
    items: frozenset[str] = frozenset()
    unit: str = ""
    named: Callable[[list[str]], list[str]] | None = None


@dataclass(frozen=True)
class Turned:
    """A row, or a column that is a person, that was passed over unread; a whole file has no row."""

    person: str
    fate: str
    sheet: str
    row: int | None
    column: str = ""
    unit: str = ""


@dataclass(frozen=True)
class RawTable:
    """A table as it came: text cells and the row number of each record.

    Attributes
    ----------
    file, sheet : str
        Where it came from.
    columns : list of str
        The header, trimmed.
    rows : list of list of str
        Trimmed cells; an empty text is an empty cell.
    numbers : list of int
        Row of each record as a spreadsheet shows it (SPSS and Stata: the case number).
    form : str
        What the file is, in words: ``CSV, UTF-8, semicolon``.
    texts : dict of str to str
        Question text of a column, where the file carries it.
    labels : dict of str to dict of str to str
        Words of the codes of a column, where the file carries them.
    missing : dict of str to frozenset of str
        Texts of a column that the file itself declares as missing.
    problems : list of Problem
        What was found while reading; none of them stops the run.
    stated : list of tuple
        Rule, row, column letter, header and text of cells that show something else than a value; they are read as
        empty.
    aside : list of (Problem, str)
        Rows that are no data, with their first cell; they count as read and set aside.
    top : int or None
        Row of the header as a spreadsheet shows it; None where cases are counted and the header is no row.
    export : Export
        What the survey platform's own columns mean.
    turned : list of Turned
        What was passed over at the gate; it is in none of the above.
    """

    file: str
    sheet: str
    columns: list[str]
    rows: list[list[str]]
    numbers: list[int]
    form: str = ""
    texts: dict[str, str] = field(default_factory=dict)
    labels: dict[str, dict[str, str]] = field(default_factory=dict)
    missing: dict[str, frozenset[str]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    stated: list[tuple[str, int, str, str, str]] = field(default_factory=list)
    aside: list[tuple[Problem, str]] = field(default_factory=list)
    top: int | None = 1
    export: Export = PLAIN
    turned: list[Turned] = field(default_factory=list)


def letter(place: int) -> str:
    """Return the letters a spreadsheet shows for a column counted from 0."""
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def alike(name: str) -> str:
    """Return a header as it is compared: without regard to capital letters and repeated blanks."""
    return " ".join(name.split()).casefold()


# --------------------------------------------------------------------------------------------------------------------
# Formats
# --------------------------------------------------------------------------------------------------------------------


def _encoding(path: Path, raw: bytes, named: str) -> str:
    if raw.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    return named or "utf-8"


def decode(path: Path, encoding: str = "") -> str:
    """Decode a text file strictly: byte order mark, then the encoding named in the sheet, then UTF-8.

    Raises
    ------
    Unreadable
        The bytes are not in that encoding; nothing is guessed.
    """
    return _decoded(path, encoding)[0]


def _decoded(path: Path, encoding: str) -> tuple[str, str]:
    raw = path.read_bytes()
    name = _encoding(path, raw, encoding)
    try:
        return raw.decode(name), name
    except LookupError:
        raise Unreadable(
            problem("file.encoding", path.as_posix(), found="the encoding named in the sheet is not known")
        ) from None
    except UnicodeDecodeError as fault:
        row = raw[: fault.start].count(b"\n") + 1
        raise Unreadable(
            problem("file.encoding", path.as_posix(), row=row, found=f"the file is not in {name}")
        ) from None


_SEPARATOR = re.compile(r"sep=([,;\t])\r?\n", re.IGNORECASE)


def _delimiter(text: str) -> str:
    """Return the separator that occurs most often in the header line; what stands in quotes does not count."""
    header = re.sub(r'"[^"]*"', "", text).lstrip("\r\n").split("\n", 1)[0]
    return max(",;\t", key=header.count)


def _read_text(source: Source) -> Grid:
    text, encoding = _decoded(Path(source.path), source.encoding)
    fault = damage(text)
    said = _SEPARATOR.match(text)
    if said:  # Excel's own line, which it does not show
        text = text[said.end() :]
    delimiter = DELIMITERS.get(source.delimiter) or (said and said[1]) or _delimiter(text)
    records: list[list[str]] = []
    try:
        records.extend(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error:
        found = "a quotation mark is opened and not closed"
        remedy = "Export the file again as CSV."
        if source.delimiter:
            remedy = "Export the file again as CSV, or correct its column `delimiter` in the landing sheet."
        raise Unreadable(
            problem("file.unreadable", source.path, row=len(records) + 1, found=found, remedy=remedy)
        ) from None
    suspect = records if fault else []
    if not text.isascii():
        records = [[cell if cell.isascii() else normalise(cell) for cell in record] for record in records]
    name = next(name for name, mark in DELIMITERS.items() if mark == delimiter)
    kind = "TSV" if delimiter == "\t" else "CSV"
    shown = {"utf-8": "UTF-8", "utf-8-sig": "UTF-8", "utf-16": "UTF-16"}.get(encoding.lower(), encoding.lower())
    if not text.isascii() or any(blank in text for blank in " \t\v\f"):  # most files of answers hold none
        records = [[cell.strip() for cell in record] for record in records]
    return Grid(records, f"{kind}, {shown}, {name}", suspect=suspect)


def _cell(value: object) -> str:
    """Turn a workbook's cell into the text a person sees; whole numbers lose their decimal point."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, datetime.datetime):
        return value.date().isoformat() if value.time() == datetime.time() else value.isoformat(sep=" ")
    text = str(value).strip()
    return text if text.isascii() else normalise(text)


class _Numbers(dict[float, str]):
    """Texts of the numbers seen so far: answers are few and come thousands of times."""

    def __missing__(self, value: float) -> str:
        self[value] = _cell(value)
        return self[value]


_NO_RESULT = re.compile(rb'<c r="([A-Z]+)([0-9]+)"[^>]*><f\b[^>]*(?:/>|>[^<]*</f>)(?:<v/>|<v />|<v></v>)?()</c>')
_ERROR = re.compile(rb'<c r="([A-Z]+)([0-9]+)"[^>]*\bt="e"[^>]*>(?:<f\b[^>]*(?:/>|>[^<]*</f>))?<v>([^<]*)</v>')
_HIDDEN = {
    "rows": re.compile(rb'<row\b[^>]*\bhidden="(?:1|true)"[^>]*>'),
    "columns": re.compile(rb'<col\b[^>]*\bhidden="(?:1|true)"[^>]*>'),
}
#: Attributes with the first and the last number of what is hidden.
_NUMBERED = {
    "rows": (re.compile(rb'\br="([0-9]+)"'),) * 2,
    "columns": (re.compile(rb'\bmin="([0-9]+)"'), re.compile(rb'\bmax="([0-9]+)"')),
}
_NS = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"


def _sheet_source(path: str, name: str) -> bytes:
    """Return the XML of one sheet; a workbook that names it in an unusual way gives nothing to look at."""
    with zipfile.ZipFile(path) as book:
        try:
            sheets = ElementTree.fromstring(book.read("xl/workbook.xml")).iter()
            part = next(one.get(f"{_NS}id") for one in sheets if one.tag.endswith("}sheet") and one.get("name") == name)
            links = ElementTree.fromstring(book.read("xl/_rels/workbook.xml.rels"))
            target = next(str(one.get("Target")) for one in links if one.get("Id") == part)
            return book.read(target.lstrip("/") if target.startswith("/") else f"xl/{target}")
        except (KeyError, StopIteration, ElementTree.ParseError):
            return b""


def _refuse_damaged(grid: Grid, path: str, kept: Iterable[int], left_out: Collection[int]) -> None:
    """Refuse a table whose texts have lost letters, in the rows that are let in and outside the columns left out."""
    for place in kept if grid.suspect else ():
        fault = damage("\n".join(cell for at, cell in enumerate(grid.suspect[place]) if at not in left_out))
        if fault:
            raise Unreadable(problem(fault, path, sheet=grid.sheet, row=max(place + grid.first - 1, 1)))


def _look_into(grid: Grid, path: str) -> None:
    """Note what a workbook's sheet shows to a person and hides from a reader of values."""
    xml = _sheet_source(path, grid.sheet) if path.lower().endswith(".xlsx") else b""
    for mark, pattern, rule in ((b"<f", _NO_RESULT, "cell.formula"), (b't="e"', _ERROR, "cell.error")):
        if mark in xml:
            cells = pattern.findall(xml)
            grid.stated += [(int(row), column.decode(), rule, text.decode()) for column, row, text in cells]
    for what, pattern in _HIDDEN.items():
        for tag in pattern.findall(xml):
            first, last = (found and int(found[1]) for found in (one.search(tag) for one in _NUMBERED[what]))
            grid.hidden.append((what, first or 0, last or 0))


def _hidden_and_merged(grid: Grid, path: str, rows: Collection[int], columns: Collection[int]) -> list[Problem]:
    """Tell of hidden and merged cells, unless they lie wholly in rows or columns that were passed over at the gate."""

    def away(numbers: Collection[int], first: int, last: int) -> bool:
        return all(one in numbers for one in range(first, last + 1))

    where, problems = {"sheet": grid.sheet}, []
    over = {"rows": rows, "columns": {one + 1 for one in columns}}
    for what in dict.fromkeys(what for what, first, last in grid.hidden if not away(over[what], first, last)):
        found = f"the sheet has hidden {what}; they are read like the others"
        problems.append(problem("table.hidden-cells", path, **where, found=found))
    for (top, left), (bottom, right) in grid.merged:
        if not away(rows, top + 1, bottom + 1) and not away(columns, left, right):
            area = f"{letter(left)}{top + 1}:{letter(right)}{bottom + 1}"
            problems.append(problem("table.merged", path, **where, row=top + 1, found=f"the cells {area} are merged"))
    return problems


def _read_workbook(source: Source) -> Grid:
    import python_calamine

    try:
        book = python_calamine.CalamineWorkbook.from_path(source.path)
        visible = python_calamine.SheetVisibleEnum.Visible
        names = [one.name for one in book.sheets_metadata if one.visible == visible]
        hidden = [one.name for one in book.sheets_metadata if one.visible != visible]
    except Exception:
        keep_foreign(source.path)
        raise Unreadable(
            problem("file.unreadable", source.path, found="this is not a workbook that can be opened")
        ) from None
    if source.sheet and source.sheet not in [*names, *hidden]:
        raise Unreadable(
            problem("file.sheet", source.path, found="the sheet named in the landing sheet is not in the workbook")
        )
    if not source.sheet and len(names) != 1:
        raise Unreadable(
            problem("file.sheet", source.path, found=f"the workbook has {len(names)} sheets and none is named")
        )
    name = source.sheet or names[0]
    numbers = _Numbers()
    try:
        sheet = book.get_sheet_by_name(name)
        rows = sheet.to_python(skip_empty_area=False)
        merged = sheet.merged_cell_ranges or []
    except Exception:
        keep_foreign(source.path)
        raise Unreadable(
            problem("file.unreadable", source.path, found="a sheet of this workbook cannot be read")
        ) from None
    records = [[numbers[value] if type(value) is float else _cell(value) for value in row] for row in rows]
    grid = Grid(records, "Excel workbook", name, suspect=records, merged=list(merged))
    for one in hidden:
        if one != name:
            grid.problems.append(problem("table.hidden-sheet", source.path))
    _look_into(grid, source.path)
    return grid


def _statistical(source: Source, form: str, read: Callable[..., tuple[Any, Any]]) -> Grid:
    """Read a file of a statistical program: codes stay codes, their words and missing values come beside them."""
    try:
        cells, meta = read(source.path, apply_value_formats=False, user_missing=True, output_format="dict")
    except Exception:
        keep_foreign(source.path)
        raise Unreadable(
            problem("file.unreadable", source.path, found=f"this is not {form} file that can be opened")
        ) from None
    names = [str(name) for name in cells]
    numbers = _Numbers()
    columns = [
        [
            "" if value is None or value != value else numbers[value] if type(value) is float else _cell(value)
            for value in column
        ]
        for column in cells.values()
    ]
    labels = {
        str(name): {_cell(code): normalise(str(text).strip()) for code, text in words.items()}
        for name, words in meta.variable_value_labels.items()
    }
    missing: dict[str, frozenset[str]] = {}
    for name, ranges in meta.missing_ranges.items():
        texts = set(columns[names.index(name)])
        missing[name] = frozenset(
            text
            for text in texts
            for one in ranges
            if text == _cell(one["lo"]) or (number(text) is not None and _within(number(text), one["lo"], one["hi"]))
        )
    for name, codes in meta.missing_user_values.items():
        missing[name] = frozenset(_cell(code) for code in codes)
    texts = {
        name: normalise(" ".join(str(text).split()))
        for name, text in zip(names, meta.column_labels, strict=True)
        if text
    }
    records = [names, *map(list, zip(*columns, strict=True))]
    form = form.split(" ", 1)[1]
    return Grid(records, form, suspect=records, labels=labels, missing=missing, texts=texts, first=1)


def _within(value: float | None, low: object, high: object) -> bool:
    return isinstance(low, float | int) and isinstance(high, float | int) and value is not None and low <= value <= high


def _read_spss(source: Source) -> Grid:
    import pyreadstat

    return _statistical(source, "an SPSS", pyreadstat.read_sav)


def _read_stata(source: Source) -> Grid:
    import pyreadstat

    return _statistical(source, "a Stata", pyreadstat.read_dta)


READERS = {
    ".csv": _read_text,
    ".tsv": _read_text,
    ".txt": _read_text,
    ".xlsx": _read_workbook,
    ".xls": _read_workbook,
    ".sav": _read_spss,
    ".zsav": _read_spss,
    ".dta": _read_stata,
}


def number(text: str, *, comma: bool = False) -> float | None:
    """Read a number written with a point or a comma; anything else is None.

    One comma followed by three digits is left unread: it stands for a thousand in one country and for a decimal in
    the next. Where the file shows elsewhere that it writes decimals with a ``comma``, it is a decimal, and one point
    followed by three digits is left unread instead.
    """
    if "_" in text or (_POINTS if comma else _COMMAS).fullmatch(text):  # Python reads 1_0 as ten
        return None
    try:
        value = float(text.replace(",", ".", 1) if "." not in text else text)
    except ValueError:
        return None
    return value if value == value and abs(value) != float("inf") else None


_COMMAS = re.compile(r"[-+]?[1-9][0-9]{0,2}(?:,[0-9]{3})+")
_POINTS = re.compile(r"[-+]?[1-9][0-9]{0,2}(?:\.[0-9]{3})+")


# --------------------------------------------------------------------------------------------------------------------
# From the grid to records
# --------------------------------------------------------------------------------------------------------------------


def _header_faults(
    columns: list[str], file: str, sheet: str, top: int | None, free: bool, over: Collection[int]
) -> tuple[list[Problem], list[str]]:
    """Find blank headers and headers given twice; return the faults and the headers that merely repeat.

    A platform that repeats the texts of its questions (``free``) is no fault until somebody asks for one of them.
    Columns passed ``over`` at the gate are not looked at.
    """
    faults, repeated = [], []
    first: dict[str, int] = {}
    blank = [place for place, name in enumerate(columns) if not name and place not in over]
    for place, name in enumerate(columns):
        if place in over:
            continue
        if not name:
            found = f"the header of column {letter(place)} is blank"
        elif alike(name) not in first:
            first[alike(name)] = place
            continue
        elif free:
            repeated.append(name)
            continue
        else:
            # By letter, not by name: in a file without a header the first row is data.
            found = f"the header of column {letter(place)} repeats that of column {letter(first[alike(name)])}"
        faults.append(problem("table.header", file, sheet=sheet, row=top, found=found))
    if len(blank) > 2:
        found = f"{len(blank)} columns have no header; the first is column {letter(blank[0])}"
        others = [one for one in faults if not one.found.endswith("is blank")]
        faults = [problem("table.header", file, sheet=sheet, row=top, found=found), *others]
    return faults, repeated


def _rows(
    records: list[list[str]], width: int, at_row: Sequence[int], export: Export, file: str, sheet: str
) -> tuple[list[list[str]], list[int], list[Problem], list[tuple[Problem, str]]]:
    """Take the records under the header: blank rows are skipped and keep their number, strangers are set aside."""
    rows, numbers, faults, aside = [], [], [], []
    lengths: set[int] = set()
    below_gap = False
    last = len(records) - 3
    # In a data dictionary the first cell is the name of a field, and a field may be called total.
    totals = frozenset() if export.dialect == "redcap_dictionary" else TOTALS
    for place in range(export.header_rows, len(records)):
        row = records[place]
        total = place >= last and bool(row) and row[0].rstrip(":").casefold() in totals
        if len(row) == width and row[0] and not below_gap and not total:
            rows.append(row)
            numbers.append(at_row[place])
            continue
        if not any(row):
            below_gap = True
            continue
        at = {"sheet": sheet, "row": at_row[place]}
        while len(row) > width and not row[-1]:
            row = row[:-1]
        # A row below a gap that holds next to nothing is a remark or a signature, and so is what follows it.
        below_gap = below_gap and width >= 4 and sum(map(bool, row)) <= 2
        if below_gap:
            aside.append((problem("table.junk-row", file, **at, effect="row set aside"), " / ".join(filter(None, row))))
        elif total:
            aside.append((problem("table.total-row", file, **at, effect="row set aside"), row[0]))
        elif len(row) != width:
            found, expected = f"the row has {len(row)} cells", f"{width} as in the header"
            faults.append(problem("table.ragged", file, **at, found=found, expected=expected))
            lengths.add(len(row))
        else:
            rows.append(row)
            numbers.append(at_row[place])
    if len(faults) > 2 and not rows and len(lengths) == 1:
        # One fault of the header, and none of every row.
        found, remedy = f"every row has {lengths.pop()} cells", "Check the header's cells and the separator."
        where = {"sheet": sheet, "row": faults[0].row, "expected": faults[0].expected}
        faults = [problem("table.ragged", file, **where, found=found, remedy=remedy)]
    return rows, numbers, faults, aside


def _without(raw: RawTable, places: Collection[int]) -> RawTable:
    """Return the table without some of its columns."""
    if not places:
        return raw
    keep = [place for place in range(len(raw.columns)) if place not in places]
    names = {raw.columns[place] for place in keep}
    return replace(
        raw,
        columns=[raw.columns[place] for place in keep],
        rows=[[row[place] for place in keep] for row in raw.rows],
        texts={name: text for name, text in raw.texts.items() if name in names},
        labels={name: words for name, words in raw.labels.items() if name in names},
        missing={name: texts for name, texts in raw.missing.items() if name in names},
    )


def drop_personal(raw: RawTable, names: Collection[str], wanted: Collection[str]) -> RawTable:
    """Drop columns about the person and the computer, and count them.

    Parameters
    ----------
    raw : RawTable
        The table; the note is added to its problems.
    names : collection of str
        Headers of such columns.
    wanted : collection of str
        Headers the study asks for, as :func:`alike` writes them; they stay.
    """
    personal = {alike(name) for name in names} - set(wanted)
    places = [place for place, name in enumerate(raw.columns) if alike(name) in personal]
    if places:
        names = ", ".join(f"`{raw.columns[place]}`" for place in places)
        many = f"{len(places)} columns" if len(places) > 1 else "a column"
        found = f"{many} with personal data of the survey platform ({names})"
        raw.problems.append(
            problem("table.metadata", raw.file, sheet=raw.sheet, row=raw.top, found=found, effect="dropped at the door")
        )
    return _without(raw, places)


def _set_previews_aside(raw: RawTable) -> RawTable:
    """Set aside rows that the platform marks as a preview or test, and note unfinished ones."""
    export, places = raw.export, {name: place for place, name in enumerate(raw.columns)}
    rows, numbers = raw.rows, raw.numbers
    if export.preview and export.preview[0] in places:
        column, marks = export.preview
        real = [row[places[column]] not in marks for row in rows]
        for row, at, kept in zip(rows, numbers, real, strict=True):
            if not kept:
                found = problem(
                    "platform.preview", raw.file, sheet=raw.sheet, row=at, column=column, effect="row set aside"
                )
                raw.aside.append((found, row[places[column]]))
        rows = [row for row, kept in zip(rows, real, strict=True) if kept]
        numbers = [at for at, kept in zip(numbers, real, strict=True) if kept]
    if export.unfinished and export.unfinished[0] in places:
        column, marks = export.unfinished
        many = sum(row[places[column]] in marks for row in rows)
        if many:
            raw.problems.append(
                problem(
                    "platform.unfinished",
                    raw.file,
                    sheet=raw.sheet,
                    column=column,
                    found=f"{many} of {len(rows)} answers were not sent off",
                )
            )
    return replace(raw, rows=rows, numbers=numbers)


def _refuse_titles(
    records: list[list[str]], columns: list[str], source: Source, grid: Grid, wanted: Collection[str]
) -> None:
    """Refuse a table whose header stands below titles, and say where it stands."""
    first = sum(alike(name) in wanted for name in columns)
    for place, row in enumerate(records[1:LOOKED_FOR], start=1):
        if sum(alike(cell) in wanted for cell in row) >= max(2, first + 1):
            found = f"the header seems to stand in row {place + 1}"
            remedy = "Delete the rows above the header, so that it stands in the first row."
            raise Unreadable(
                problem("table.header", source.path, sheet=grid.sheet, row=grid.top, found=found, remedy=remedy)
            )


def _turn_away(grid: Grid, export: Export, closed: Closed | None) -> tuple[list[int], list[Turned]]:
    """Return the places of the records that are let in, and what is turned away.

    The id is looked for where the layout of the file looks for it, and nowhere else: ids may be numbers, like answers.
    """
    everything = list(range(len(grid.records)))
    if closed is None or not closed.columns:
        return everything, []
    columns = export.columns
    if closed.named and export.dialect == "redcap_labels":
        columns = closed.named(columns)
    index = {alike(name): place for place, name in enumerate(columns)}
    asked = next((index[alike(name)] for name in closed.columns if alike(name) in index), None)
    below = {alike(row[0]) for row in grid.records[export.header_rows :] if row}
    if not asked and below & closed.items and not index.keys() & closed.items:
        there = [(place, name) for place, name in enumerate(columns) if place and name in closed.people]
        return everything, [
            Turned(name, closed.people[name], grid.sheet, grid.top, letter(place)) for place, name in there
        ]
    if asked is None:
        return everything, []
    unit = index.get(alike(closed.unit)) if closed.unit else None
    kept, turned = [], []
    for place in everything:
        row = grid.records[place]
        who = row[asked] if place >= export.header_rows and asked < len(row) else ""
        if who in closed.people:
            more = row[unit] if unit is not None and unit < len(row) else ""
            turned.append(Turned(who, closed.people[who], grid.sheet, place + grid.first - 1, unit=more))
        else:
            kept.append(place)
    return kept, turned


def _table(grid: Grid, source: Source, wanted: Collection[str], closed: Closed | None = None) -> RawTable:
    """Find the header, pass over whom the gate turns away, check the shape, and leave out what is no data."""
    file, records = source.path, grid.records
    if not any(any(row) for row in records):
        raise Unreadable(problem("file.empty", file, sheet=grid.sheet))
    everything = range(len(records))
    try:
        export = recognise(records, source.dialect)
        kept, turned = _turn_away(grid, export, closed)
        if len(kept) < len(records):
            records = [records[place] for place in kept]
            export = recognise(records, source.dialect)
    except NotThisExport:
        _refuse_damaged(grid, file, everything, ())
        raise Unreadable(problem("table.dialect", file, sheet=grid.sheet, row=grid.top)) from None
    over = {place for place in range(len(export.columns)) if letter(place) in {one.column for one in turned}}
    away = {one.row for one in turned if not one.column}
    _refuse_damaged(grid, file, kept, over)
    if over:
        records = [["" if place in over else cell for place, cell in enumerate(row)] for row in records]
    at_row = [place + grid.first - 1 for place in kept]
    columns = export.columns
    _refuse_titles(records, columns, source, grid, wanted)
    if not any(columns):
        remedy = "Put the header into the first row."
        raise Unreadable(
            problem("table.header", file, sheet=grid.sheet, row=grid.top, found="the first row is blank", remedy=remedy)
        )
    while not columns[-1] and all(len(row) < len(columns) or not row[len(columns) - 1] for row in records):
        columns = columns[:-1]
    faults, repeated = _header_faults(columns, file, grid.sheet, grid.top, export.dialect in REPEATING, over)
    columns = ["" if place in over else name for place, name in enumerate(columns)]
    # With its dictionary, a REDCap export knows its fields by their order, however often a label repeats.
    keep = bool(source.dictionary) and export.dialect == "redcap_labels"
    strangers = [name for name in repeated if alike(name) not in wanted and not keep]
    repeated = strangers if keep else repeated
    if len(strangers) < len(repeated):
        faults.append(
            problem("table.header", file, sheet=grid.sheet, row=grid.top, found="a column needed is given twice")
        )
    rows, numbers, ragged, aside = _rows(records, len(columns), at_row, export, file, grid.sheet)
    if faults or ragged:
        raise Unreadable(*faults, *ragged)
    if not rows and not turned:
        raise Unreadable(problem("file.empty", file, sheet=grid.sheet))
    names = {letter(place): name for place, name in enumerate(columns)}
    stated = [
        (rule, row, column, names.get(column, column), text)
        for row, column, rule, text in grid.stated
        if row > export.header_rows and row not in away and column not in {one.column for one in turned}
    ]
    if export.blank:
        rows = [["" if cell in export.blank else cell for cell in row] for row in rows]
    raw = RawTable(
        file,
        grid.sheet,
        columns,
        rows,
        numbers,
        form=grid.form,
        texts={**grid.texts, **export.texts},
        labels=grid.labels,
        missing=grid.missing,
        problems=[*grid.problems, *_hidden_and_merged(grid, file, away, over)],
        stated=stated,
        aside=aside,
        top=grid.top,
        export=export,
        turned=turned,
    )
    if strangers:
        places = [place for place, name in enumerate(columns) if alike(name) in set(map(alike, strangers))]
        many = f"{len(places)} columns have repeated headers nobody asked for"
        raw.problems.append(
            problem("table.repeated", file, sheet=grid.sheet, row=grid.top, found=many, effect="left out")
        )
        raw = _without(raw, places)
    return drop_personal(_set_previews_aside(raw), export.personal, wanted)


#: Platforms that write the text of a question as header, so that headers may repeat.
REPEATING = ("google_forms", "microsoft_forms", "surveymonkey", "limesurvey_texts", "redcap_labels")


def read_table(source: Source, wanted: Collection[str] = (), closed: Closed | None = None) -> RawTable:
    """Read one tabular file as text.

    Parameters
    ----------
    source : Source
        Row of the landing sheet.
    wanted : collection of str
        Headers the reader will ask for, as :func:`alike` writes them: such a column is never dropped as personal.
    closed : Closed, optional
        Whose rows are passed over.

    Returns
    -------
    RawTable
        Header, cells as text, and row numbers.

    Raises
    ------
    Unreadable
        The file is missing, of an unknown format, unsafe, empty, ragged or broken; nothing is repaired by guessing.
    """
    path = Path(source.path)
    if not path.is_file():
        raise Unreadable(problem("sheet.no-file", source.path, found="the file is not there"))
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise Unreadable(
            problem(
                "file.unreadable",
                source.path,
                found=f"files ending in {path.suffix or 'nothing'} are not read",
                expected="one of " + ", ".join(READERS),
            )
        )
    refused = guard(path, source.path)
    if refused:
        raise Unreadable(*refused)
    grid = reader(source)
    return _table(grid, source, set(wanted), closed)


def cells_aside(raw: RawTable, *, letters: bool = False) -> list[tuple[Problem, str]]:
    """Return the cells that show something else than a value, with what they show.

    Parameters
    ----------
    raw : RawTable
        The table.
    letters : bool
        Whether columns are told by their letter, since their headers are ids of persons.
    """
    return [
        (
            problem(
                rule,
                raw.file,
                sheet=raw.sheet,
                row=row,
                column=column if letters else name,
                effect="cell set aside",
            ),
            text,
        )
        for rule, row, column, name, text in raw.stated
    ]


def described(raw: RawTable) -> str:
    """Return what a table is, in words, for the log."""
    platform = NAMES.get(raw.export.dialect, "")
    return f"{raw.form}{f', {platform}' if platform else ''}, {len(raw.rows)} rows, {len(raw.columns)} columns"
