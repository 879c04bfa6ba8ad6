"""The rule catalogue: every check with its level and its remedy, and the record of a problem found.

Levels: ``STOP`` ends the run, ``QUARANTINE`` sets a row or a cell aside
(counted, listed, restorable from the raw file), ``NOTE`` only tells.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Rule:
    """A check: what it means, how grave it is, how to mend it."""

    id: str
    level: str
    meaning: str
    remedy: str


RULES = {
    rule.id: rule
    for rule in (
        Rule(
            "sheet.no-file",
            "STOP",
            "the sheet names a file that is not there",
            "Put the file there, or remove the row.",
        ),
        Rule(
            "sheet.no-row",
            "STOP",
            "a file lies in the data folder without a row in the sheet",
            "Paste the line given, or move the file away.",
        ),
        Rule("sheet.cell", "STOP", "a cell of the sheet is not what its column allows", "Correct the cell."),
        Rule(
            "sheet.duplicate",
            "STOP",
            "two rows of the sheet name the same file or source",
            "Remove one of the two rows.",
        ),
        Rule(
            "file.unreadable",
            "STOP",
            "a file cannot be read in the format its name ends in",
            "Export it again in the format of its name.",
        ),
        Rule(
            "file.encoding",
            "STOP",
            "a text file is not in the encoding expected",
            "Save it as UTF-8, or name its encoding in the sheet's column `encoding`.",
        ),
        Rule(
            "file.empty",
            "STOP",
            "a file holds no rows of data",
            "Send the full export, or remove its row from the sheet.",
        ),
        Rule(
            "file.sheet",
            "STOP",
            "a workbook has several sheets and none is named, or the named one is missing",
            "Name the sheet in the column `sheet` of the landing sheet.",
        ),
        Rule("table.header", "STOP", "a header is blank or given twice", "Give every column its own name."),
        Rule(
            "table.ragged",
            "STOP",
            "a row has more or fewer cells than the header",
            "Check separators and quotes in this row.",
        ),
        Rule("table.no-column", "STOP", "a column the study needs is missing", "Add the column, or correct its name."),
        Rule(
            "table.extra-column",
            "NOTE",
            "a column nobody asked for is left out",
            "Nothing to do; if it is needed, add it to the configuration.",
        ),
        Rule(
            "answer.invalid",
            "QUARANTINE",
            "an answer is not among the allowed answers",
            "Correct the answer in the raw file, or declare the text as a missing code of the instrument.",
        ),
        Rule("record.cell", "QUARANTINE", "a cell is not what its column allows", "Correct the cell in the raw file."),
        Rule(
            "record.duplicate",
            "QUARANTINE",
            "several rows have the same key; all are set aside",
            "Keep the right row in the raw file and remove the others.",
        ),
        Rule(
            "person.blank", "QUARANTINE", "a row has no participant id", "Write the participant's id into the raw file."
        ),
        Rule(
            "person.unknown",
            "QUARANTINE",
            "a participant id is not in the register",
            "Correct the id in the raw file, or add the person to the register.",
        ),
        Rule(
            "person.duplicate",
            "QUARANTINE",
            "a participant answered a wave more than once; all copies are set aside",
            "Keep the right row in the raw file and remove the others.",
        ),
        Rule(
            "person.withdrawal",
            "STOP",
            "the list of withdrawals names somebody the register does not know",
            "Correct the id; otherwise a person who withdrew stays in the data.",
        ),
        Rule(
            "transcript.speaker",
            "STOP",
            "a turn of speech has a label that belongs to nobody",
            "Correct the label, or add it to `interviews` in the configuration.",
        ),
        Rule(
            "transcript.silent",
            "STOP",
            "a transcript holds no speech of a participant",
            "Check the speaker labels of the file.",
        ),
        Rule(
            "transcript.unlisted",
            "STOP",
            "a transcript is not in the list of interviews",
            "Add the interview to the list, or correct its id in the column `unit`.",
        ),
        Rule(
            "coding.quote",
            "QUARANTINE",
            "a coded passage is not in the transcript at the place given",
            "Export the codings again from the tool they were made in.",
        ),
    )
}


@dataclass(frozen=True)
class Problem:
    """One problem, in the words the analyst needs; it never holds a value from the data."""

    level: str
    rule: str
    file: str
    sheet: str
    row: int | None
    column: str
    found: str
    expected: str
    remedy: str
    effect: str

    def sentence(self) -> str:
        """Return the problem as one sentence: where, what was found, what was expected, how to mend it."""
        where = self.file
        if self.sheet:
            where += f", sheet {self.sheet}"
        if self.row is not None:
            where += f", row {self.row}"
        if self.column:
            where += f", column {self.column}"
        text = f"{where}: {self.found}"
        if self.expected:
            text += f"; expected {self.expected}"
        text += f". {self.remedy}"
        return f"{text} ({self.effect})" if self.effect else text


def problem(
    rule: str,
    file: str,
    *,
    sheet: str = "",
    row: int | None = None,
    column: str = "",
    found: str = "",
    expected: str = "",
    remedy: str = "",
    effect: str = "",
) -> Problem:
    """Make the record of a problem; what is not given comes from the catalogue."""
    entry = RULES[rule]
    return Problem(
        level=entry.level,
        rule=rule,
        file=file,
        sheet=sheet,
        row=row,
        column=column,
        found=found or entry.meaning,
        expected=expected,
        remedy=remedy or entry.remedy,
        effect=effect,
    )


def rows(problems: Iterable[Problem]) -> list[dict[str, object]]:
    """Return the problems as table rows, gravest first, in file order within a level."""
    order = {"STOP": 0, "QUARANTINE": 1, "NOTE": 2}
    return [asdict(one) for one in sorted(problems, key=lambda p: (order[p.level], p.file, p.row or 0, p.column))]
