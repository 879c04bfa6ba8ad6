"""The rule catalogue: every check with its level and its remedy, and the record of a problem found.

Levels: ``STOP`` ends the run, ``QUARANTINE`` sets a row or a cell aside
(counted, listed, restorable from the raw file), ``NOTE`` only tells.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """A check: how grave it is, who can mend it (``site`` or ``analyst``), what it means and how to mend it."""

    id: str
    level: str
    who: str
    meaning: str
    remedy: str


RULES = {
    rule.id: rule
    for rule in (
        Rule(
            "sheet.no-file",
            "STOP",
            "analyst",
            "the sheet names a file that is not there",
            "Put the file there, or remove the row.",
        ),
        Rule(
            "sheet.no-row",
            "STOP",
            "analyst",
            "a file lies in the data folder without a row in the sheet",
            "Paste the line given, or move the file away.",
        ),
        Rule("sheet.cell", "STOP", "analyst", "a cell of the sheet is not what its column allows", "Correct the cell."),
        Rule(
            "sheet.duplicate",
            "STOP",
            "analyst",
            "two rows of the sheet name the same file or source",
            "Remove one of the two rows.",
        ),
        Rule(
            "sheet.copy",
            "STOP",
            "analyst",
            "two files of the sheet are the same, byte for byte",
            "Keep one of the two files and its row; ask for the right file if one of them was sent twice by mistake.",
        ),
        Rule(
            "received.new",
            "NOTE",
            "analyst",
            "a file is not yet in the ledger of received files",
            "Run `make receive` to enter it.",
        ),
        Rule(
            "received.changed",
            "NOTE",
            "analyst",
            "a file is not the one that was received",
            "Put the file back as it was received; if the site sent a new one, run `make receive` to enter it.",
        ),
        Rule(
            "received.gone",
            "NOTE",
            "analyst",
            "a file that was received is not in the sheet any more",
            "Put the file and its row back, or run `make receive` to enter that it was taken out.",
        ),
        Rule(
            "file.unreadable",
            "STOP",
            "site",
            "a file cannot be read in the format its name ends in",
            "Export it again in the format of its name.",
        ),
        Rule(
            "file.kind",
            "STOP",
            "site",
            "the content of a file is not what its name says",
            "Export it again in the format of its name.",
        ),
        Rule(
            "file.protected",
            "STOP",
            "site",
            "a file is protected by a password",
            "Save it without a password and send it by a safe way.",
        ),
        Rule(
            "file.size",
            "STOP",
            "site",
            "a file, or what is packed in it, is larger than the door lets in",
            "Export only the data of the pilot, without pictures and other attachments.",
        ),
        Rule(
            "file.archive",
            "STOP",
            "site",
            "a packed file is built in a way no office program builds it",
            "Open it in the program it was made with and save it again under a new name.",
        ),
        Rule(
            "file.macro",
            "STOP",
            "site",
            "a file carries macros or embedded programs",
            "Save it as .xlsx, .docx or .odt without macros and embedded objects.",
        ),
        Rule(
            "file.active",
            "STOP",
            "site",
            "a file declares entities or reaches for content outside itself",
            "Open it in the program it was made with, break its links, and save it again under a new name.",
        ),
        Rule(
            "file.encoding",
            "STOP",
            "site",
            "a text file is not in the encoding expected",
            "Save it as UTF-8, or name its encoding in the sheet's column `encoding`.",
        ),
        Rule(
            "file.damaged",
            "STOP",
            "site",
            "a text was read in a wrong encoding before it was saved, and letters are lost",
            "Export the file again as UTF-8 from the program the data were collected with.",
        ),
        Rule(
            "file.control",
            "STOP",
            "site",
            "a text holds control characters that no survey program writes",
            "Export the file again.",
        ),
        Rule(
            "file.empty",
            "STOP",
            "site",
            "a file holds no rows of data",
            "Send the full export, or remove its row from the sheet.",
        ),
        Rule(
            "file.sheet",
            "STOP",
            "analyst",
            "a workbook has several sheets and none is named, or the named one is missing",
            "Name the sheet in the column `sheet` of the landing sheet.",
        ),
        Rule("table.header", "STOP", "site", "a header is blank or given twice", "Give every column its own name."),
        Rule(
            "table.ragged",
            "STOP",
            "site",
            "a row has more or fewer cells than the header",
            "Check separators and quotes in this row.",
        ),
        Rule(
            "table.no-column",
            "STOP",
            "site",
            "a column the study needs is missing",
            "Add the column, or correct its name.",
        ),
        Rule(
            "table.ambiguous",
            "STOP",
            "analyst",
            "two columns are the same item in the same wave",
            "Remove one of the two columns, or make the instrument's `columns` patterns narrower.",
        ),
        Rule(
            "table.dialect",
            "STOP",
            "site",
            "the header rows are not those of the survey platform named in the sheet",
            "Export the file again with the platform's own settings, or correct the column `dialect`.",
        ),
        Rule(
            "table.extra-column",
            "NOTE",
            "analyst",
            "a column nobody asked for is left out",
            "Nothing to do; if it is needed, add it to the configuration.",
        ),
        Rule(
            "table.repeated",
            "NOTE",
            "analyst",
            "a header nobody asked for is given several times; the columns are left out",
            "Nothing to do; if one of them is needed, give it its own name.",
        ),
        Rule(
            "table.metadata",
            "NOTE",
            "site",
            "columns with technical or personal data of the survey platform were dropped at the door",
            "Leave such columns out of the next export; they are not needed and say who answered.",
        ),
        Rule(
            "table.other-row",
            "NOTE",
            "analyst",
            "rows of another event or form of the platform hold no questionnaire; they are left out",
            "Nothing to do.",
        ),
        Rule(
            "table.total-column",
            "NOTE",
            "site",
            "a column holds the sum or the mean of other columns; it is left out",
            "Nothing to do; scores are always computed from the items.",
        ),
        Rule(
            "table.total-row",
            "QUARANTINE",
            "site",
            "a row holds sums or means of the rows above",
            "Remove the row from the raw file.",
        ),
        Rule(
            "table.junk-row",
            "QUARANTINE",
            "site",
            "a row stands apart below the data",
            "Remove the row from the raw file; if it is data, move it up to the other rows.",
        ),
        Rule(
            "table.hidden-sheet",
            "NOTE",
            "site",
            "a workbook has a hidden sheet; it is not read",
            "Remove the hidden sheet, since it may hold data about persons.",
        ),
        Rule(
            "table.hidden-cells",
            "NOTE",
            "site",
            "a sheet has hidden rows or columns; they are read like the others",
            "Unhide them and check that they belong to the data.",
        ),
        Rule(
            "table.merged",
            "NOTE",
            "site",
            "cells are merged; only the first of them holds the value",
            "Unmerge the cells and fill in each one.",
        ),
        Rule(
            "cell.formula",
            "QUARANTINE",
            "site",
            "a formula was saved without its result",
            "Open the workbook in the program it was made with, let it compute, and save it; or paste values.",
        ),
        Rule(
            "cell.error",
            "QUARANTINE",
            "site",
            "a cell shows an error of the spreadsheet instead of a value",
            "Correct the formula, or write the value.",
        ),
        Rule(
            "platform.unfinished",
            "NOTE",
            "site",
            "questionnaires were begun and not sent off; their answers count as far as they go",
            "Nothing to do.",
        ),
        Rule(
            "platform.preview",
            "QUARANTINE",
            "site",
            "a row is a preview or a test of the survey, not an answer",
            "Nothing to do; leave test answers out of the next export.",
        ),
        Rule(
            "answer.type",
            "QUARANTINE",
            "site",
            "an answer is a text where a number is asked",
            "Correct the answer, or declare the text in the instrument (`missing_codes` or `responses.texts`).",
        ),
        Rule(
            "answer.range",
            "QUARANTINE",
            "site",
            "an answer lies outside the range of the item",
            "Correct the answer in the raw file, or declare it as a missing code of the instrument.",
        ),
        Rule(
            "answer.invalid",
            "QUARANTINE",
            "site",
            "an answer lies within the range and is not among the allowed answers",
            "Correct the answer in the raw file.",
        ),
        Rule(
            "answer.blank",
            "NOTE",
            "site",
            "answers are empty",
            "Nothing to do if the persons left them empty; else send the full export.",
        ),
        Rule(
            "answer.user-missing",
            "NOTE",
            "site",
            "answers are declared as missing in the file itself; they count as no answer",
            "Nothing to do.",
        ),
        Rule(
            "answer.shifted",
            "STOP",
            "site",
            "an instrument is coded otherwise than its file says",
            "Export again with the codes of the instrument, or correct `responses` of the instrument.",
        ),
        Rule(
            "answer.labels",
            "STOP",
            "site",
            "columns hold the words of the answers instead of their codes",
            "Export the codes, or declare the words under `responses.texts` of the instrument.",
        ),
        Rule(
            "answer.straight-line",
            "NOTE",
            "site",
            "a person gave one and the same answer to all items of an instrument that asks some in reverse",
            "Look at the questionnaire; nothing is set aside.",
        ),
        Rule(
            "instrument.version",
            "STOP",
            "analyst",
            "a file was made with another version of the questionnaire than the instrument file describes",
            "Describe the version in an instrument file of its own; versions are never mixed.",
        ),
        Rule(
            "instrument.items",
            "NOTE",
            "analyst",
            "a file has items of the instrument that the instrument file does not know",
            "Check which version was used; the items are left out.",
        ),
        Rule(
            "instrument.wording",
            "NOTE",
            "analyst",
            "the question text of an item differs between two files of the same institution",
            "Check that both files were made with the same version and translation.",
        ),
        Rule(
            "instrument.reversed",
            "NOTE",
            "analyst",
            "an item runs against the rest of its scale",
            "Check whether the item is to be reversed, or was reversed already before the export.",
        ),
        Rule(
            "wave.unknown",
            "STOP",
            "analyst",
            "neither the sheet nor a column says which wave the answers belong to",
            "Fill in `wave` in the sheet, or name the column in `inputs.wave_column`.",
        ),
        Rule(
            "wave.value",
            "QUARANTINE",
            "site",
            "the wave of a row is none of the study's",
            "Correct the cell, or name it in `inputs.wave_names`; null there means that it is no wave of the study.",
        ),
        Rule(
            "wave.order",
            "QUARANTINE",
            "site",
            "a later wave was completed before an earlier one; both rows are set aside",
            "Correct the dates in the raw file, or decide in the list of resolutions.",
        ),
        Rule("wave.date", "NOTE", "site", "a date of completion cannot be read", "Write it as year-month-day."),
        Rule(
            "wave.unmatched",
            "NOTE",
            "site",
            "a person of a later wave has no row in an earlier one",
            "Compare the ids of the two waves; the study team has a list of ids that are nearly the same.",
        ),
        Rule(
            "person.blank",
            "QUARANTINE",
            "site",
            "a row has no participant id",
            "Write the participant's id into the raw file.",
        ),
        Rule(
            "person.mangled",
            "STOP",
            "site",
            "a spreadsheet has turned participant ids into dates or rounded numbers",
            "Format the column of ids as text and enter the ids again.",
        ),
        Rule(
            "person.unknown",
            "QUARANTINE",
            "site",
            "a participant id is not in the register",
            "Correct the id in the raw file, or add the person to the register.",
        ),
        Rule(
            "person.duplicate",
            "QUARANTINE",
            "site",
            "a participant answered a wave more than once; all copies are set aside",
            "Keep the right row in the raw file and remove the others, or decide in the list of resolutions.",
        ),
        Rule(
            "person.site",
            "NOTE",
            "site",
            "a row comes from another institution than the one the person is registered at",
            "Check the id; two persons may have been mixed up.",
        ),
        Rule(
            "person.collision",
            "QUARANTINE",
            "site",
            "the same self-made code stands at two institutions; nobody can tell whose it is",
            "Ask both institutions to make the codes different, for example by a prefix.",
        ),
        Rule(
            "person.alike",
            "NOTE",
            "site",
            "two participant ids differ only in capital letters, blanks, or in O and 0",
            "Check that they are two persons.",
        ),
        Rule(
            "person.across",
            "NOTE",
            "analyst",
            "an id of this phase is also that of a participant",
            "Give panellists, raters and auditors ids of their own, so that phases cannot be linked.",
        ),
        Rule(
            "person.withdrawal",
            "STOP",
            "analyst",
            "the list of withdrawals names somebody the register does not know",
            "Correct the id; otherwise a person who withdrew stays in the data.",
        ),
        Rule(
            "person.returned",
            "STOP",
            "analyst",
            "data of a person who withdrew are there again, although they were said to be deleted",
            "Delete the person's rows from the raw files, or empty `deleted_on` until that is done.",
        ),
        Rule(
            "person.enrolment",
            "NOTE",
            "analyst",
            "more people are eligible than the registry entry says will take part",
            "Amend the registry entry, or check the criteria in config/config.yaml.",
        ),
        Rule(
            "site.other",
            "QUARANTINE",
            "site",
            "a row names another institution than the landing sheet",
            "Correct the cell, or leave `site` empty in the landing sheet.",
        ),
        Rule("record.blank", "QUARANTINE", "site", "a needed cell is empty", "Fill in the cell in the raw file."),
        Rule(
            "record.type",
            "QUARANTINE",
            "site",
            "a cell is not of the kind its column holds",
            "Correct the cell in the raw file.",
        ),
        Rule(
            "record.range",
            "QUARANTINE",
            "site",
            "a number lies outside the range of its column",
            "Correct the cell in the raw file.",
        ),
        Rule(
            "record.choice",
            "QUARANTINE",
            "site",
            "a cell is none of the values its column allows",
            "Correct the cell in the raw file.",
        ),
        Rule(
            "record.duplicate",
            "QUARANTINE",
            "site",
            "several rows have the same key; all are set aside",
            "Keep the right row in the raw file and remove the others, or decide in the list of resolutions.",
        ),
        Rule(
            "record.outlier",
            "NOTE",
            "site",
            "a number lies far from the others of its column",
            "Check the cell; nothing is set aside.",
        ),
        Rule(
            "catalogue.code",
            "NOTE",
            "analyst",
            "a code of the catalogue of standards is written with more zeros than the others",
            "Nothing to do; correct the code in the catalogue, so that everybody writes the same.",
        ),
        Rule(
            "catalogue.count",
            "NOTE",
            "analyst",
            "a track of the catalogue has more or fewer standards than expected",
            "Complete the catalogue, or correct the number expected in config/config.yaml.",
        ),
        Rule(
            "standard.code",
            "NOTE",
            "site",
            "codes of standards are written with more zeros than in the catalogue",
            "Nothing to do; write the codes as they stand in the catalogue.",
        ),
        Rule(
            "standard.unknown",
            "STOP",
            "site",
            "the standard is not in the catalogue",
            "Correct the code, or add the standard to the catalogue; the study team has a list of similar codes.",
        ),
        Rule(
            "audit.window",
            "QUARANTINE",
            "site",
            "a verdict is dated outside the audit window",
            "Correct the date in the raw file, or the window in config/config.yaml.",
        ),
        Rule(
            "audit.undated",
            "NOTE",
            "site",
            "verdicts have no date, so nobody can say whether they lie in the audit window; they count",
            "Write the day of the audit into the raw file.",
        ),
        Rule(
            "audit.own",
            "QUARANTINE",
            "analyst",
            "an auditor audits the own institution",
            "Correct the auditor in the raw file or the institution in the list of auditors; if both are right, let "
            "somebody of another institution audit.",
        ),
        Rule(
            "audit.unlisted",
            "NOTE",
            "analyst",
            "an auditor is not in the list of auditors",
            "Add the auditor to the list, or correct the id in the raw file.",
        ),
        Rule(
            "audit.self",
            "NOTE",
            "site",
            "a self-assessment is by somebody who audits the institution from outside",
            "Check auditor and round; a self-assessment is the institution's own.",
        ),
        Rule(
            "audit.track",
            "NOTE",
            "analyst",
            "a standard is of a track its institution does not apply for",
            "Correct `tracks` in the list of institutions, or the standard in the raw file.",
        ),
        Rule(
            "audit.evidence",
            "NOTE",
            "site",
            "a verdict “met” names no evidence, while others of the file do",
            "Name the evidence in the raw file.",
        ),
        Rule(
            "audit.effort",
            "NOTE",
            "site",
            "a visit is of an auditor who gave no verdict in that institution and round",
            "Check institution, round and auditor of the visit.",
        ),
        Rule(
            "application.track",
            "NOTE",
            "analyst",
            "an application is for a track which the list of institutions does not name",
            "Correct `tracks` in the list of institutions, or the application.",
        ),
        Rule(
            "decision.reason",
            "NOTE",
            "analyst",
            "a decision to revise or remove a standard gives no reason",
            "Write the reason into the raw file.",
        ),
        Rule(
            "statement.number",
            "STOP",
            "analyst",
            "a number of a round stands for several statements",
            "Give each statement of the round its own number.",
        ),
        Rule(
            "resolution.place",
            "STOP",
            "analyst",
            "a decision names a source that is not there, or a rule it cannot decide",
            "Correct the row of the list of resolutions.",
        ),
        Rule(
            "resolution.stale",
            "STOP",
            "analyst",
            "the file has changed since the decision was taken, so the row may be another",
            "Look at the file again and renew the decision with the file's new SHA-256.",
        ),
        Rule(
            "resolution.unused",
            "NOTE",
            "analyst",
            "a decision decides nothing, since the problem is gone",
            "Remove the row of the list of resolutions.",
        ),
        Rule(
            "dictionary.required",
            "NOTE",
            "site",
            "a field that the data dictionary requires is empty",
            "Fill in the field, or note why it is empty.",
        ),
        Rule(
            "dictionary.type",
            "NOTE",
            "site",
            "a value is not of the type the data dictionary asks for",
            "Correct the value in REDCap.",
        ),
        Rule(
            "dictionary.range",
            "NOTE",
            "site",
            "a value lies outside the range the data dictionary gives",
            "Correct the value in REDCap, or confirm it.",
        ),
        Rule(
            "dictionary.choice",
            "NOTE",
            "site",
            "a value is not a choice of the data dictionary",
            "Correct the value in REDCap.",
        ),
        Rule(
            "dictionary.hidden",
            "NOTE",
            "site",
            "a field holds a value although its branching logic hides it",
            "Check which of the two answers is right.",
        ),
        Rule(
            "dictionary.calculated",
            "NOTE",
            "site",
            "a calculated field holds another value than its formula gives",
            "Let REDCap compute the field again (data quality rule H).",
        ),
        Rule(
            "dictionary.unread",
            "NOTE",
            "analyst",
            "a formula or branching logic of the data dictionary uses functions that are not checked here",
            "Run REDCap's own data quality rules for this field.",
        ),
        Rule(
            "transcript.tracked",
            "STOP",
            "site",
            "a document holds tracked changes, so nobody knows which text is meant",
            "Accept or reject all changes in the word processor and save the document again.",
        ),
        Rule(
            "transcript.parts",
            "NOTE",
            "site",
            "a document has parts that are not read: comments, headers, footnotes, text boxes or pictures",
            "Remove them, since they may name persons; if they hold speech, move it into the text.",
        ),
        Rule(
            "transcript.speaker",
            "STOP",
            "site",
            "a turn of speech has a label that belongs to nobody",
            "Correct the label, or add it to `interviews` in the configuration (words of speech to `not_labels`).",
        ),
        Rule(
            "transcript.label",
            "NOTE",
            "site",
            "a line begins like a speaker label; it is taken as speech of the turn before",
            "If it is a label, correct it, or add it to `interviews` in the configuration; if not, nothing is to do.",
        ),
        Rule("transcript.time", "NOTE", "site", "the time marks do not run forward", "Check the order of the turns."),
        Rule(
            "transcript.silent",
            "STOP",
            "site",
            "a transcript holds no speech of a participant",
            "Check the speaker labels of the file.",
        ),
        Rule(
            "transcript.label-place",
            "NOTE",
            "analyst",
            "a labelled detail lies in no transcript",
            "Correct interview, start and end; they count the signs of the stored text from 0.",
        ),
        Rule(
            "transcript.sign-off",
            "NOTE",
            "analyst",
            "a sign-off names an interview of which there is no transcript",
            "Correct the interview, or remove the row.",
        ),
        Rule(
            "deny-list.short",
            "NOTE",
            "analyst",
            "an entry of the list of names has fewer than three letters, and hits much that names nobody",
            "Write the name in full, or remove the entry.",
        ),
        Rule(
            "deny-list.same-as",
            "NOTE",
            "analyst",
            "a name is said to be another name of an entry that is not in the list",
            "Write the text of the other entry as it stands in the list, or add it.",
        ),
        Rule(
            "transcript.unlisted",
            "STOP",
            "analyst",
            "a transcript is not in the list of interviews",
            "Add the interview to the list, or correct its id in the column `unit`.",
        ),
        Rule(
            "coding.quote",
            "QUARANTINE",
            "analyst",
            "a coded passage is not in the transcript",
            "Export the codings again from the program they were made in, with the text that was coded.",
        ),
        Rule(
            "coding.moved",
            "NOTE",
            "analyst",
            "passages are not at the place given and were found by their words",
            "Check some of them; places count the signs of the text from 0, with one sign for a line end.",
        ),
        Rule(
            "coding.code",
            "QUARANTINE",
            "analyst",
            "a code is not in the codebook",
            "Correct the code, or add it to the codebook; the study team has a list with similar codes.",
        ),
        Rule(
            "coding.coder",
            "STOP",
            "analyst",
            "the file does not say who coded",
            "Write the coder's code, never a name, into the column `unit` of the sheet.",
        ),
        Rule(
            "coding.source",
            "QUARANTINE",
            "analyst",
            "a text of a coding program is none of the transcripts",
            "Name the text as its interview, or code the text as it was exported.",
        ),
        Rule(
            "coding.counted",
            "QUARANTINE",
            "analyst",
            "nobody knows how a coding program has counted the signs of a text",
            "Keep the words of a passage as its name in the program, or send the codings as a table with their words.",
        ),
        Rule(
            "coding.read-as",
            "NOTE",
            "analyst",
            "a coding program has counted the signs of a text in another way",
            "Check some passages.",
        ),
        Rule(
            "coding.dictionary",
            "QUARANTINE",
            "analyst",
            "codings stand under the name of the dictionary and are none of its suggestions",
            "Let coders work under a name of their own and give these codes again.",
        ),
        Rule(
            "coding.repeated",
            "NOTE",
            "analyst",
            "a coding program's file gives the same coding several times",
            "Nothing to do; if a newer file holds the work of an older one, remove the row of the older one.",
        ),
        Rule(
            "coding.left-out",
            "NOTE",
            "analyst",
            "a coding program's file has parts that are left out, or read in another way than they stand there",
            "Nothing to do; only codings of texts are read, and their words are checked.",
        ),
        Rule(
            "coding.codebook",
            "NOTE",
            "analyst",
            "a codebook of a coding program differs from that of the study",
            "Compare the two; the study team has the list.",
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


def by_gravity(problems: Iterable[Problem]) -> list[Problem]:
    """Return the problems gravest first, in file order within a level."""
    order = {"STOP": 0, "QUARANTINE": 1, "NOTE": 2}
    return sorted(problems, key=lambda one: (order[one.level], one.file, one.sheet, one.row or 0, one.column))
