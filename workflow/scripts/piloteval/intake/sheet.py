"""The two-way landing sheet: every raw file has a row, every row has a file."""

from __future__ import annotations

import fnmatch
import hashlib
import os
import re
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from piloteval.config import read_tsv, schema
from piloteval.errors import DataError
from piloteval.intake.catalogue import Problem, problem

#: Names of the separators a text file may have.
DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t"}

#: What a kind of file needs in its row besides source, kind and path.
NEEDS = {"transcript": ("unit", "language"), "delphi": ("unit",)}

#: Kinds that say whose rows are passed over.
GATE = ("register", "withdrawals", "interview_list")

#: Kinds of files that go with others: whoever reads the first must also read the second.
COMPANIONS = {
    **dict.fromkeys(("withdrawals", "indicator", "deny_list"), ("resolutions",)),
    **dict.fromkeys(("application", "standard_decisions", "statement_map"), ("resolutions",)),
    **dict.fromkeys(("auditors", "audit_effort", "rating"), ("resolutions", "withdrawals")),
    "audit": ("resolutions", "withdrawals", "auditors"),
    "delphi": ("resolutions", "withdrawals", "statement_map"),
    **dict.fromkeys(("register", "interview_list", "transcript"), ("resolutions", *GATE)),
    **dict.fromkeys(("coding", "signoff", "identifiers", "approved_quotes"), ("resolutions", *GATE)),
    **dict.fromkeys(("coder_work", "code_decisions", "claim_decisions"), ("resolutions", *GATE)),
    "questionnaire": ("resolutions", "dictionary", *GATE),
}


@dataclass(frozen=True)
class Source:
    """One row of the landing sheet."""

    line: int
    source: str
    kind: str
    path: str
    site: str = ""
    wave: str = ""
    instrument: str = ""
    unit: str = ""
    language: str = ""
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    dialect: str = ""
    dictionary: str = ""
    version: str = ""
    received_on: str = ""
    note: str = ""

    @property
    def instruments(self) -> tuple[str, ...]:
        """Instruments named in the row; empty means all of the study."""
        return tuple(name.strip() for name in self.instrument.split(",") if name.strip())

    def plain(self) -> dict[str, Any]:
        """Return what a job needs to know of the row, as plain values for Snakemake's params.

        The line number and the note are left out: moving a row or commenting it changes no result.
        """
        return {key: value for key, value in asdict(self).items() if key not in ("line", "note", "received_on")}


def read_sheet(path: str | Path) -> list[Source]:
    """Read the landing sheet.

    Raises
    ------
    piloteval.errors.ConfigError
        The sheet is missing or its header is not the documented one.
    """
    return [Source(**row) for row in read_tsv(path, "inputs")]


def from_params(rows: Iterable[dict[str, Any]]) -> list[Source]:
    """Return the records a job was given as params."""
    return [Source(line=0, **row) for row in rows]


def of_kind(sources: Iterable[Source], *kinds: str) -> list[Source]:
    """Return the sources of the given kinds."""
    return [one for one in sources if one.kind in kinds]


def by_place(sources: Iterable[Source]) -> Callable[[str, str], str]:
    """Return what gives the source of a file and sheet; a workbook may have a row for each of its sheets."""
    named = {(one.path, one.sheet): one.source for one in sources}
    return lambda path, sheet: named.get((path, sheet)) or named.get((path, ""), "")


def with_companions(kinds: Iterable[str]) -> tuple[str, ...]:
    """Return the kinds with those that must be read with them, each once."""
    kinds = list(kinds)
    return tuple(dict.fromkeys([*kinds, *(one for kind in kinds for one in COMPANIONS.get(kind, ()))]))


def digest(path: str | Path) -> str:
    """Return the SHA-256 of a file's content, or ``missing``."""
    path = Path(path)
    if not path.is_file():
        return "missing"
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def files_in(folder: str | Path, ignore: Iterable[str]) -> list[str]:
    """List the files below the data folder, sorted, as paths from the study folder; hidden files are not data."""
    folder = Path(folder)
    found = []
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            inside = (Path(here) / name).relative_to(folder).as_posix()
            if not name.startswith(".") and not any(fnmatch.fnmatch(inside, pattern) for pattern in ignore):
                found.append((folder / inside).as_posix())
    return found


def _row_for(path: str) -> str:
    """Guess the sheet row for a file nobody announced, ready to paste."""
    stem = re.sub(r"[^a-z0-9]+", "-", Path(path).stem.lower()).strip("-") or "file"
    kind = (
        "transcript"
        if Path(path).suffix.lower() in (".txt", ".docx", ".vtt", ".srt", ".md", ".odt")
        else "questionnaire"
    )
    return f"{stem}\t{kind}\t{path}"


def check_sheet(sheet: str, sources: list[Source], found: Iterable[str], settings: dict[str, Any]) -> list[Problem]:
    """Reconcile the landing sheet with the data folder and the configuration.

    Parameters
    ----------
    sheet : str
        Path of the sheet, for the sentences.
    sources : list of Source
        Its rows.
    found : iterable of str
        Files in the data folder.
    settings : dict
        ``sites``, ``waves``, ``instruments`` and ``languages`` of the configuration;
        an empty list allows nothing but an empty cell.

    Returns
    -------
    list of Problem
        All problems at once.
    """
    problems: list[Problem] = []
    columns = schema("inputs")["properties"]
    dictionaries = {one.source for one in sources if one.kind == "dictionary"}
    seen: dict[tuple[str, str], int] = {}
    for one in sources:
        at = {"sheet": "", "row": one.line}
        # A workbook with several sheets has a row a sheet, so the path names it together with the sheet.
        unique = [("source", one.source), ("path", f"{one.path}\0{one.sheet}")]
        if one.kind == "transcript" and one.unit:
            unique.append(("unit", one.unit))
        faults: list[tuple[str, str, str]] = []
        for column, name in unique:
            if not getattr(one, column):
                faults.append((column, "the cell is empty", "a value"))
            elif (column, name) in seen:
                told = f"this repeats row {seen[column, name]}"
                problems.append(problem("sheet.duplicate", sheet, **at, column=column, found=told))
            else:
                seen[column, name] = one.line
        for column, known, what in (
            ("kind", columns["kind"]["enum"], "the kind"),
            ("delimiter", ["", *DELIMITERS], "the separator"),
            ("dialect", columns["dialect"]["enum"], "the platform"),
        ):
            if getattr(one, column) not in known:
                faults.append((column, f"{what} is not known", "one of " + ", ".join(filter(None, known))))
        for column in ("site", "wave", "language"):
            value, names = getattr(one, column), settings[f"{column}s"]
            if value and value not in names:
                expected = "one of " + ", ".join(names) if names else "an empty cell"
                faults.append((column, f"the {column} `{value}` is not in the configuration", expected))
        for name in one.instruments:
            if name not in settings["instruments"]:
                expected = "one of " + ", ".join(settings["instruments"])
                faults.append(("instrument", f"the instrument `{name}` is not in the configuration", expected))
        if one.dictionary and one.dictionary not in dictionaries:
            told = "no file of the kind dictionary has this source"
            faults.append(("dictionary", told, "the source of a row of the kind dictionary"))
        if one.version and len(one.instruments) != 1:
            told = "a version is given for a file that does not name one instrument"
            faults.append(("version", told, "an empty cell, or one instrument in the column `instrument`"))
        for column in NEEDS.get(one.kind, ()):
            if not getattr(one, column):
                faults.append((column, "the cell is empty", f"a value, since the kind is {one.kind}"))
        problems += [
            problem("sheet.cell", sheet, **at, column=column, found=told, expected=expected)
            for column, told, expected in faults
        ]
        if one.path and not Path(one.path).is_file():
            problems.append(problem("sheet.no-file", sheet, **at, column="path", found=f"there is no file {one.path}"))
    announced = {Path(one.path).as_posix() for one in sources if one.path}
    for path in found:
        if path not in announced:
            problems.append(
                problem(
                    "sheet.no-row",
                    sheet,
                    found=f"the file {path} has no row",
                    remedy=(
                        "Paste this line (columns are separated by tabs) and fill in the rest, or move the file away: "
                        f"{_row_for(path)}"
                    ),
                )
            )
    return problems


def require(sources: list[Source], settings: dict[str, Any], problems: Iterable[Problem]) -> None:
    """Refuse to compute on files that the check of the inputs would stop.

    The check names every problem; a rule that reads raw files only has to make sure
    that it never computes on a wrong one.

    Parameters
    ----------
    sources : list of Source
        The files the rule reads.
    settings : dict
        What the configuration knows.
    problems : iterable of Problem
        What reading them found.

    Raises
    ------
    DataError
        There is a problem of level STOP.
    """
    found = [*check_sheet("the landing sheet", sources, (), settings), *problems]
    grave = sum(one.level == "STOP" for one in found)
    if grave:
        many = f"{grave} problems that stop" if grave > 1 else "a problem that stops"
        raise DataError(
            f"Not computed, since the raw files have {many} the run; `snakemake check` names what is wrong."
        )
