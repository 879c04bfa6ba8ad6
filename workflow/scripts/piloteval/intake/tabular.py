"""Readers for tables: every cell comes in as text, with the row number a spreadsheet shows."""

from __future__ import annotations

import csv
import datetime
import io
import re
from dataclasses import dataclass
from pathlib import Path

from piloteval.intake.catalogue import Problem, problem
from piloteval.intake.sheet import DELIMITERS, Source


class Unreadable(Exception):
    """A file that cannot be read at all; carries the problems that say why."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(problems[0].rule)
        self.problems = list(problems)


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
        Row of each record as a spreadsheet shows it (SPSS: the case number).
    """

    file: str
    sheet: str
    columns: list[str]
    rows: list[list[str]]
    numbers: list[int]


def decode(path: Path, encoding: str = "") -> str:
    """Decode a text file strictly: byte order mark, then the encoding named in the sheet, then UTF-8.

    Raises
    ------
    Unreadable
        The bytes are not in that encoding; nothing is guessed.
    """
    raw = path.read_bytes()
    if raw.startswith(b"\xef\xbb\xbf"):
        name = "utf-8-sig"
    elif raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        name = "utf-16"
    else:
        name = encoding or "utf-8"
    try:
        return raw.decode(name)
    except LookupError:
        raise Unreadable(
            problem("file.encoding", path.as_posix(), found="the encoding named in the sheet is not known")
        ) from None
    except UnicodeDecodeError:
        raise Unreadable(problem("file.encoding", path.as_posix(), found=f"the file is not in {name}")) from None


def _delimiter(text: str) -> str:
    """Return the separator that occurs most often in the header line; what stands in quotes does not count."""
    header = re.sub(r'"[^"]*"', "", text).lstrip("\r\n").split("\n", 1)[0]
    return max(",;\t", key=header.count)


def _read_text(source: Source) -> RawTable:
    path = Path(source.path)
    text = decode(path, source.encoding)
    delimiter = DELIMITERS.get(source.delimiter) or _delimiter(text)
    try:
        records = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error:
        raise Unreadable(
            problem(
                "file.unreadable",
                source.path,
                found="a quotation mark is opened and not closed",
                remedy="Export the file again as CSV.",
            )
        ) from None
    return _table(source.path, "", records)


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
    return str(value)


def _read_workbook(source: Source) -> RawTable:
    import python_calamine

    try:
        book = python_calamine.CalamineWorkbook.from_path(source.path)
    except Exception:
        raise Unreadable(
            problem("file.unreadable", source.path, found="this is not a workbook that can be opened")
        ) from None
    names = book.sheet_names
    if source.sheet and source.sheet not in names:
        raise Unreadable(
            problem("file.sheet", source.path, found="the sheet named in the landing sheet is not in the workbook")
        )
    if not source.sheet and len(names) > 1:
        raise Unreadable(
            problem("file.sheet", source.path, found=f"the workbook has {len(names)} sheets and none is named")
        )
    name = source.sheet or names[0]
    sheet = book.get_sheet_by_name(name)
    records = [[_cell(value) for value in row] for row in sheet.to_python(skip_empty_area=False)]
    return _table(source.path, name, records)


def _read_spss(source: Source) -> RawTable:
    import pyreadstat

    try:
        frame, _meta = pyreadstat.read_sav(source.path, apply_value_formats=False)
    except Exception:
        raise Unreadable(
            problem("file.unreadable", source.path, found="this is not an SPSS file that can be opened")
        ) from None
    columns = [str(name) for name in frame.columns]
    records = [
        ["" if value is None or value != value else _cell(value).strip() for value in row]
        for row in frame.astype(object).itertuples(index=False, name=None)
    ]
    if not records:
        raise Unreadable(problem("file.empty", source.path))
    return RawTable(source.path, "", columns, records, list(range(1, len(records) + 1)))


def _table(file: str, sheet: str, records: list[list[str]]) -> RawTable:
    """Check header and row lengths; blank rows are skipped and keep their number."""
    records = [[cell.strip() for cell in row] for row in records]
    if not any(any(row) for row in records):
        raise Unreadable(problem("file.empty", file, sheet=sheet))
    columns = records[0]
    while columns and not columns[-1] and all(len(row) < len(columns) or not row[len(columns) - 1] for row in records):
        columns = columns[:-1]
    if not columns:
        remedy = "Put the header into the first row."
        raise Unreadable(
            problem("table.header", file, sheet=sheet, row=1, found="the first row is blank", remedy=remedy)
        )
    faults = []
    for place, name in enumerate(columns):
        if not name:
            faults.append(
                problem("table.header", file, sheet=sheet, row=1, found=f"the header of column {place + 1} is blank")
            )
        elif name in columns[:place]:
            # By number, not by name: in a file without a header the first row is data.
            found = f"the header of column {place + 1} repeats that of column {columns.index(name) + 1}"
            faults.append(problem("table.header", file, sheet=sheet, row=1, found=found))
    rows, numbers = [], []
    for number, row in enumerate(records[1:], start=2):
        if not any(row):
            continue
        while len(row) > len(columns) and not row[-1]:
            row = row[:-1]
        if len(row) != len(columns):
            faults.append(
                problem(
                    "table.ragged",
                    file,
                    sheet=sheet,
                    row=number,
                    found=f"the row has {len(row)} cells",
                    expected=f"{len(columns)} as in the header",
                )
            )
        rows.append(row)
        numbers.append(number)
    if faults:
        raise Unreadable(*faults)
    if not rows:
        raise Unreadable(problem("file.empty", file, sheet=sheet))
    return RawTable(file, sheet, columns, rows, numbers)


READERS = {
    ".csv": _read_text,
    ".tsv": _read_text,
    ".txt": _read_text,
    ".xlsx": _read_workbook,
    ".xls": _read_workbook,
    ".sav": _read_spss,
}


def read_table(source: Source) -> RawTable:
    """Read one tabular file as text.

    Parameters
    ----------
    source : Source
        Row of the landing sheet.

    Returns
    -------
    RawTable
        Header, cells as text, and row numbers.

    Raises
    ------
    Unreadable
        The file is missing, of an unknown format, empty, ragged or broken; nothing is repaired by guessing.
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
    return reader(source)
