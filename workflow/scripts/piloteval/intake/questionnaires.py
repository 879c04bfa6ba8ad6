"""Questionnaires of any layout and platform become one answer a row, typed by the instrument."""

from __future__ import annotations

import datetime
import logging
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from piloteval.config import Instrument
from piloteval.intake import redcap
from piloteval.intake.catalogue import Problem, problem
from piloteval.intake.decisions import Decisions, read_decisions
from piloteval.intake.dialects import NAMES
from piloteval.intake.gate import Gate, open_gate
from piloteval.intake.layout import ITEMS, Entry, Layout, Wording, lay_out, wanted
from piloteval.intake.records import Intake
from piloteval.intake.sheet import Source, of_kind
from piloteval.intake.tabular import (
    RawTable,
    Unreadable,
    alike,
    cells_aside,
    described,
    drop_personal,
    number,
    read_table,
)

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)

#: An id that a spreadsheet has rounded or turned into a date.
MANGLED = re.compile(r"[0-9](?:[.,][0-9]+)?E\+[0-9]+|[0-9]{4}-[0-9]{2}-[0-9]{2}(?: [0-9:]+)?", re.IGNORECASE)

#: What is left to do for a copy when another one was kept.
DECIDED = "Nothing to do; the list of resolutions keeps another copy."

#: From this share of unusable answers on, and from so many, an instrument is coded otherwise than its file says.
MOSTLY = 0.5
FEW = 3


@dataclass
class File:
    """A questionnaire file as read: its table, its entries and their typed answers.

    Attributes
    ----------
    source : Source
        Row of the landing sheet.
    raw : RawTable
        The table.
    layout : Layout
        Its entries; those set aside are gone.
    columns : list of list of (float or None)
        Answers to each of the layout's items, in the order of its entries.
    turned : Counter
        Entries passed over at the gate, by wave and fate.
    """

    source: Source
    raw: RawTable
    layout: Layout
    columns: list[list[float | None]] = field(default_factory=list)
    turned: Counter[tuple[str, str]] = field(default_factory=Counter)

    def answers(self) -> list[tuple[float | None, ...]]:
        """Return the answers of every entry, in the order of the layout's items."""
        return list(zip(*self.columns, strict=True)) or [()] * len(self.layout.entries)

    @property
    def named(self) -> bool:
        """Whether the file says who answered."""
        return bool(self.layout.person_column) or any(one.column for one in self.layout.entries)

    def at(self, entry: Entry) -> dict[str, Any]:
        """Return the place of an entry, for a problem."""
        column = entry.column or self.layout.person_column
        return {"file": self.raw.file, "sheet": self.raw.sheet, "row": entry.row, "column": column}


@dataclass
class Answers(Intake):
    """What reading the questionnaires gave; the answers stay by file until a table is asked for."""

    files: list[File] = field(default_factory=list)

    @property
    def answers(self) -> list[dict[str, Any]]:
        """Every answer as a record."""
        return [
            {
                "participant": entry.person,
                "site": entry.site,
                "wave": entry.wave,
                "instrument": instrument.id,
                "item": item,
                "value": value,
                "source": file.source.source,
                "row": entry.rows[place] if entry.rows else entry.row,
            }
            for file in self.files
            for entry, values in zip(file.layout.entries, file.answers(), strict=True)
            for place, ((instrument, item), value) in enumerate(zip(file.layout.items, values, strict=True))
        ]

    def respondents(self) -> list[tuple[str, Entry, File]]:
        """Return participant, entry and file of everybody who answered."""
        return [(entry.person, entry, file) for file in self.files for entry in file.layout.entries]

    def table(self) -> pd.DataFrame:
        """Return one answer a row, in file order."""
        import numpy as np
        import pandas as pd

        parts = []
        for file in self.files:
            entries, items = file.layout.entries, file.layout.items
            if not entries:
                continue
            repeated = {
                "participant": [one.person for one in entries],
                "site": [one.site for one in entries],
                "wave": [one.wave for one in entries],
            }
            part = {name: np.repeat(np.array(cells, dtype=object), len(items)) for name, cells in repeated.items()}
            part["instrument"] = np.tile(np.array([one.id for one, _item in items], dtype=object), len(entries))
            part["item"] = np.tile(np.array([item for _one, item in items], dtype=object), len(entries))
            part["value"] = np.array(file.columns, dtype="float64").T.ravel()
            part["source"] = np.full(len(entries) * len(items), file.source.source, dtype=object)
            part["row"] = np.array([one.rows or (one.row,) * len(items) for one in entries], dtype="int64").ravel()
            parts.append(pd.DataFrame(part, columns=self.columns))
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame([], columns=self.columns)


def read_questionnaires(
    sources: Iterable[Source],
    instruments: dict[str, Instrument],
    *,
    people: Collection[str] | None,
    settings: Mapping[str, Any],
    decisions: Decisions | None = None,
    set_aside: Collection[str] = (),
    gate: Gate | None = None,
) -> Answers:
    """Read questionnaire files of any layout into one answer a row.

    Parameters
    ----------
    sources : iterable of Source
        Files of the kinds ``questionnaire``, ``dictionary`` and ``resolutions``, and those the gate reads; others are
        passed over.
    instruments : dict of str to Instrument
        The study's instruments; a source that names none holds all of them.
    people : collection of str or None
        Participant ids of the register; None when the study has no register.
    settings : mapping
        What the study calls its columns and waves, see :class:`piloteval.intake.layout.Wording`.
    decisions : Decisions, optional
        The list of resolutions; read from the sources when not given.
    set_aside : collection of str
        Participant ids whose row in the register was set aside, so that their answers are told rightly.
    gate : Gate, optional
        Whose entries are passed over; opened from the sources when not given.

    Returns
    -------
    Answers
        An unanswered item has value None. Typing is by the instrument: only its allowed answers and missing codes
        pass, everything else is set aside. The ledger counts entries: the answers of one person in one wave,
        whether a file keeps them in a row, in a column or in many rows.
    """
    sources = list(sources)
    wording = Wording.of(settings)
    dictionaries = {one.source: one for one in of_kind(sources, "dictionary")}
    intake = Answers(["participant", "site", "wave", "instrument", "item", "value", "source", "row"])
    if decisions is None:
        decisions = read_decisions(sources)
        intake.problems += decisions.problems
    gate = gate or open_gate(sources)
    asides: Counter[tuple[str, str]] = Counter()
    headers: dict[tuple[str, ...], set[str]] = {}
    for source in of_kind(sources, "questionnaire"):
        names = source.instruments or tuple(instruments)
        asked = [instruments[name] for name in names]
        if names not in headers:
            headers[names] = wanted(asked, wording)
        try:
            dictionary = _dictionary(source, dictionaries)
            closed = gate.closed("questionnaire", wording.participant, headers[names] - wording.known())
            if closed and dictionary:
                closed = replace(closed, named=partial(_names_of_labels, dictionary=dictionary))
            raw = read_table(source, headers[names], closed)
            if dictionary:
                raw = _with_dictionary(raw, dictionary, headers[names])
                _check_by(raw, dictionary, source, asked, intake)
        except Unreadable as fault:
            intake.problems += fault.problems
            continue
        log.info("%s: %s", source.path, described(raw))
        intake.forms[source.source] = (raw.form, NAMES.get(raw.export.dialect, ""))
        layout = lay_out(raw, source, asked, wording)
        file = File(source, raw, layout, turned=_turned(raw, source, asked, wording, headers[names], dictionary))
        gate.note(source, raw.turned)
        faults = [*raw.problems, *layout.problems, *_version(raw, source, asked), *_mangled(file)]
        faults += _second_header(file)
        intake.problems += faults
        if any(one.level == "STOP" for one in faults):
            continue
        for found, value in cells_aside(raw, letters=layout.shape == ITEMS):
            intake.set_aside(found, value, source)
        for found, value in [*raw.aside, *layout.aside]:
            intake.set_aside(found, value, source)
            asides[source.source, ""] += 1
        _leave_out(file, _unfit(file, people, set_aside, wording), intake, asides)
        intake.files.append(file)
    _leave_out_twice(intake, decisions, asides)
    if people is None and wording.participant:
        _leave_out_collisions(intake, decisions, asides)
    waves = list(dict.fromkeys(wording.waves.values()))
    _leave_out_disordered(intake, waves, decisions, asides)
    intake.files = [file for file in intake.files if _type_answers(file, intake)]
    for file in intake.files:
        intake.ledger += _ledger(file, waves, asides)
    return intake


def _entry(source: Source, found: Problem, value: str) -> dict[str, Any]:
    return {
        "source": source.source,
        "file": found.file,
        "sheet": found.sheet,
        "row": found.row,
        "column": found.column,
        "rule": found.rule,
        "value": value,
    }


def _dictionary(source: Source, dictionaries: Mapping[str, Source]) -> redcap.Dictionary | None:
    """Read the REDCap data dictionary the sheet names; the check of the sheet names one that is not there."""
    named = dictionaries.get(source.dictionary)
    return redcap.read_dictionary(read_table(named)) if named else None


def _names_of_labels(columns: list[str], dictionary: redcap.Dictionary) -> list[str]:
    """Return the variables behind the headers of an export with labels."""
    return redcap.from_labels(RawTable("", "", columns, [], []), dictionary).columns


def _with_dictionary(raw: RawTable, dictionary: redcap.Dictionary, headers: Collection[str]) -> RawTable:
    """Apply a REDCap data dictionary to a file."""
    if raw.export.dialect == "redcap_labels":
        raw = redcap.from_labels(raw, dictionary)
    return drop_personal(raw, redcap.personal(dictionary), headers)


def _check_by(
    raw: RawTable, dictionary: redcap.Dictionary, source: Source, asked: list[Instrument], intake: Answers
) -> None:
    """Check a file against its data dictionary."""
    codes = {code for one in asked for code in one.missing_codes}
    found = redcap.check(raw, dictionary, codes)
    intake.problems += [one for one, _value in found]
    intake.quarantine += [_entry(source, one, value) for one, value in found]


def _turned(
    raw: RawTable,
    source: Source,
    asked: list[Instrument],
    wording: Wording,
    headers: Collection[str],
    dictionary: redcap.Dictionary | None,
) -> Counter[tuple[str, str]]:
    """Count what was passed over by wave and fate, as the layout of the whole file tells its entries."""
    if not raw.turned:
        return Counter()
    fates = {one.column or one.row: one.fate for one in raw.turned}
    try:
        read = read_table(source, headers)
        whole = lay_out(_with_dictionary(read, dictionary, headers) if dictionary else read, source, asked, wording)
        usable = not any(one.level == "STOP" for one in whole.problems)
    except Unreadable:
        usable = False
    if not usable:  # a fault of the very rows that were passed over; each is counted
        return Counter((source.wave, one.fate) for one in raw.turned)
    entries = [(one.column or one.row, one.wave) for one in whole.entries]
    # What is set aside belongs to no wave, here as with everybody else.
    aside = [(one.column if one.column in fates else one.row, "") for one, _value in [*read.aside, *whole.aside]]
    return Counter((wave, fates[place]) for place, wave in [*entries, *aside] if place in fates)


def _version(raw: RawTable, source: Source, asked: list[Instrument]) -> list[Problem]:
    """Refuse another version of the questionnaire, as the sheet or a column of the file names it."""
    problems = []
    for instrument in asked:
        expected = f"version {instrument.version}, as the instrument file says"
        if source.version and len(asked) == 1 and alike(source.version) != alike(instrument.version):
            problems.append(problem("instrument.version", raw.file, sheet=raw.sheet, expected=expected))
        name = f"{instrument.id}_version"
        if name in raw.columns:
            place = raw.columns.index(name)
            for row, at in zip(raw.rows, raw.numbers, strict=True):
                if row[place] and alike(row[place]) != alike(instrument.version):
                    where = {"sheet": raw.sheet, "row": at, "column": name}
                    problems.append(problem("instrument.version", raw.file, **where, expected=expected))
                    break
    return problems


def _mangled(file: File) -> list[Problem]:
    """Refuse ids that a spreadsheet has changed: what they were cannot be known."""
    for entry in file.layout.entries if file.named else ():
        if MANGLED.fullmatch(entry.person):
            return [problem("person.mangled", **file.at(entry))]
    return []


def _second_header(file: File) -> list[Problem]:
    """Refuse a second row of headings: words over every item in the first row, numbers in the next."""
    if len(file.layout.entries) < 2 or file.layout.entries[0].rows is not None:
        return []
    read = []
    for entry in file.layout.entries[:2]:
        given = [
            (text, instrument)
            for text, (instrument, _item) in zip(entry.cells, file.layout.items, strict=True)
            if text and text not in instrument.missing_codes
        ]
        words = sum(
            number(text) is None and alike(text) not in map(alike, instrument.texts) for text, instrument in given
        )
        read.append((words, len(given)))
    (first, given), (second, _other) = read
    if first < FEW or first < given or second:
        return []
    remedy = "Delete the row, so that the answers begin under the header."
    at = {**file.at(file.layout.entries[0]), "column": ""}
    return [problem("table.header", **at, found="the row seems to be a second header", remedy=remedy)]


def _unfit(
    file: File, people: Collection[str] | None, set_aside: Collection[str], wording: Wording
) -> dict[int, tuple[Problem, str]]:
    """Find the entries of nobody, of strangers and of unknown sites."""
    found: dict[int, tuple[Problem, str]] = {}
    for place, entry in enumerate(file.layout.entries):
        rule, told, remedy, column, value = "", "", "", {}, entry.person
        if file.named and not entry.person:
            rule, told = "person.blank", "the participant id is empty"
        elif file.named and people is not None and entry.person not in people:
            rule, told = "person.unknown", "the participant id is not in the register"
            if entry.person in set_aside:
                told, remedy = "the participant's row in the register was set aside", "Mend the register first."
        elif wording.sites and entry.site and entry.site not in wording.sites:
            rule, told, value = "record.choice", "the institution is none of the study's", entry.site
            column = {"column": file.layout.site_column} if file.layout.site_column else {}
        if rule:
            at = file.at(entry) | column
            found[place] = (problem(rule, **at, found=told, remedy=remedy, effect="row set aside"), value)
    return found


def _leave_out(
    file: File, found: Mapping[int, tuple[Problem, str]], intake: Answers, asides: Counter[tuple[str, str]]
) -> None:
    """Set entries of a file aside, counted by wave."""
    if not found:
        return
    for place, (one, value) in found.items():
        intake.set_aside(one, value, file.source)
        asides[file.source.source, file.layout.entries[place].wave] += 1
    keep = [place for place in range(len(file.layout.entries)) if place not in found]
    file.layout.entries = [file.layout.entries[place] for place in keep]
    file.columns = [[column[place] for place in keep] for column in file.columns]


# --------------------------------------------------------------------------------------------------------------------
# Answers
# --------------------------------------------------------------------------------------------------------------------


def _answer(text: str, instrument: Instrument, words: Mapping[str, float]) -> tuple[float | None, str]:
    """Read an answer; return it with the rule it breaks, or an empty text."""
    if not text or text in instrument.missing_codes:
        return None, ""
    if alike(text) in words:
        return words[alike(text)], ""
    value = number(text)
    if value is None:
        return None, "answer.type"
    if value in instrument.values:
        return value, ""
    inside = instrument.values[0] < value < instrument.values[-1]
    return None, "answer.invalid" if inside else "answer.range"


def _type_answers(file: File, intake: Answers) -> bool:
    """Type every answer by its instrument and set aside what is not allowed; tell whether the file can be used."""
    layout, raw = file.layout, file.raw
    file.columns = []
    faults: list[tuple[int, int, str, str]] = []
    known: dict[str, dict[str, float | None]] = {}
    rules: dict[str, dict[str, str]] = {}
    blank = declared = 0
    by_item = list(zip(*(one.cells for one in layout.entries), strict=True)) or [()] * len(layout.items)
    for place, ((instrument, item), texts) in enumerate(zip(layout.items, by_item, strict=True)):
        values, broken = known.setdefault(instrument.id, {}), rules.setdefault(instrument.id, {})
        distinct = set(texts)
        for text in distinct - values.keys():
            words = {alike(word): value for word, value in instrument.texts.items()}
            values[text], rule = _answer(text, instrument, words)
            if rule:
                broken[text] = rule
        missing = {text for name in layout.names(item) for text in raw.missing.get(name, ())} & distinct
        bad = (broken.keys() & distinct) - missing
        file.columns.append(
            [None if text in missing else values[text] for text in texts]
            if missing
            else list(map(values.__getitem__, texts))
        )
        blank += texts.count("") if "" in distinct else 0
        declared += sum(texts.count(text) for text in missing)
        if bad:
            faults += [(entry, place, broken[text], text) for entry, text in enumerate(texts) if text in bad]
    _count_missing(file, blank, declared, intake)
    grave = _coding(file, faults)
    intake.problems += grave
    if grave:
        return False
    for at, place, rule, text in sorted(faults):
        entry, (instrument, item) = layout.entries[at], layout.items[place]
        if len(instrument.values) <= 12:
            expected = "one of " + ", ".join(f"{one:g}" for one in instrument.values)
        else:
            expected = f"a number from {instrument.values[0]:g} to {instrument.values[-1]:g}"
        row = entry.rows[place] if entry.rows else entry.row
        where = {"sheet": raw.sheet, "row": row, "column": layout.column(entry, item)}
        intake.set_aside(
            problem(
                rule, raw.file, **where, found="the answer is not allowed", expected=expected, effect="cell set aside"
            ),
            text,
            file.source,
        )
    return True


def _count_missing(file: File, blank: int, declared: int, intake: Answers) -> None:
    every = len(file.layout.entries) * len(file.layout.items)
    where = {"sheet": file.raw.sheet}
    for rule, many, told in (
        ("answer.blank", blank, "answers are empty"),
        ("answer.user-missing", declared, "answers are declared as missing in the file itself"),
    ):
        if many:
            intake.problems.append(problem(rule, file.raw.file, **where, found=f"{many} of {every} {told}"))


def _coding(file: File, faults: list[tuple[int, int, str, str]]) -> list[Problem]:
    """Find instruments that are coded in another way as a whole in some wave: shifted by one, or words for codes."""
    problems: dict[Problem, None] = {}
    labels, entries = file.raw.labels, file.layout.entries
    waves = list(dict.fromkeys(one.wave for one in entries))
    for instrument in {one.id: one for one, _item in file.layout.items}.values():
        places = [place for place, (one, _item) in enumerate(file.layout.items) if one is instrument]
        coded = [
            {value for code in labels[name] if (value := number(code)) is not None}
            for place in places
            for name in file.layout.names(file.layout.items[place][1])
            if name in labels
        ]
        faulty = [fault for fault in faults if fault[1] in set(places)]
        if not faulty and not coded:
            continue
        where = {"sheet": file.raw.sheet, "column": f"{instrument.items[0]} to {instrument.items[-1]}"}
        expected = "the codes " + ", ".join(f"{one:g}" for one in instrument.values)
        if len(instrument.values) > 12:
            expected = f"codes from {instrument.values[0]:g} to {instrument.values[-1]:g}"
        for wave in waves:
            broken = [fault for fault in faulty if entries[fault[0]].wave == wave]
            answers = [one.cells[place] for one in entries if one.wave == wave for place in places]
            given = [text for text in answers if text and text not in instrument.missing_codes]
            words = sum(rule == "answer.type" for _at, _place, rule, _text in broken)
            many = max(FEW, MOSTLY * len(given))
            if words >= many:
                problems[problem("answer.labels", file.raw.file, **where, expected=expected)] = None
            elif (
                len(broken) - words >= many
                or _recoded([text for text in given if number(text) is not None], broken, instrument)
                or any(_other_codes(one, instrument) for one in coded)
            ):
                problems[problem("answer.shifted", file.raw.file, **where, expected=expected)] = None
    return list(problems)


def _recoded(given: list[str], broken: list[tuple[int, int, str, str]], instrument: Instrument) -> bool:
    """Tell whether all answers fit the instrument's codes moved by one step, or their numbers in order, and no other.

    A single answer beyond one end is a slip of the pen; answers beyond one end and none at the other end are not. Codes
    0, 25, 50, 75, 100 are sent as 0 to 4 or 1 to 5 by platforms that number the answers.
    """
    values = instrument.values
    seen = {value for text in given if (value := number(text)) is not None}
    wrong = sum(rule in ("answer.range", "answer.invalid") for _at, _place, rule, _text in broken)
    if wrong < max(2, 0.02 * len(given)):
        return False
    steps = {later - earlier for earlier, later in pairwise(values)}
    if len(steps) == 1:
        step = steps.pop()
        for moved, far in ((-step, values[-1]), (step, values[0])):
            if seen <= {value + moved for value in values} and far not in seen:
                return True
    numbered = (set(range(len(values))), set(range(1, len(values) + 1)))
    return any(seen <= codes and len(codes & set(values)) <= 1 for codes in numbered)


def _other_codes(coded: set[float], instrument: Instrument) -> bool:
    """Tell whether the words of a column belong to the instrument's codes moved by one step."""
    allowed = set(instrument.values)
    return len(coded) == len(allowed) and any(coded == {one + move for one in allowed} for move in (-1, 1))


# --------------------------------------------------------------------------------------------------------------------
# Across files and waves
# --------------------------------------------------------------------------------------------------------------------


def _leave_out_twice(intake: Answers, decisions: Decisions, asides: Counter[tuple[str, str]]) -> None:
    """Set aside all copies of a person's answers to an instrument in a wave, in one file or in several."""
    copies: dict[tuple[str, str, str], list[tuple[File, Entry]]] = {}
    asked = {file.source.source: {one.id for one, _item in file.layout.items} for file in intake.files}
    for file in intake.files:
        for entry in file.layout.entries if file.named else ():
            for instrument in asked[file.source.source]:
                copies.setdefault((entry.person, entry.wave, instrument), []).append((file, entry))
    twice = {key: there for key, there in copies.items() if len(there) > 1}
    kept = {
        key: decisions.only([(file.source.source, entry.row) for file, entry in there], "person.duplicate")
        for key, there in twice.items()
    }
    for file in intake.files:
        found = {}
        for place, entry in enumerate(file.layout.entries if twice else ()):
            keys = [
                key
                for name in asked[file.source.source]
                if (key := (entry.person, entry.wave, name)) in twice
                and kept[key] != (file.source.source, entry.row)
                and any(one is entry for _file, one in twice[key])
            ]
            if keys:
                remedy = DECIDED if any(kept[key] for key in keys) else ""
                told = _copies(file, entry, twice[keys[0]])
                one = problem("person.duplicate", **file.at(entry), found=told, remedy=remedy, effect="row set aside")
                found[place] = (one, entry.person)
        _leave_out(file, found, intake, asides)


def _copies(file: File, entry: Entry, there: list[tuple[File, Entry]]) -> str:
    """Say where a person's other answers are."""
    elsewhere = next(((other, one) for other, one in there if other is not file), None)
    if elsewhere is not None:
        other, one = elsewhere
        at = f"column {one.column}" if one.column else f"row {one.row}"
        return f"the participant has a row for the same wave in {other.raw.file}, {at}"
    what = "rows in this file" if entry.rows is None else "questionnaires of this wave in this file"
    return f"the participant has {len(there)} {what}"


def _leave_out_collisions(intake: Answers, decisions: Decisions, asides: Counter[tuple[str, str]]) -> None:
    """Set aside self-made codes that stand at two institutions: nobody can tell whose answers they are."""
    sites: dict[str, set[str]] = {}
    for person, entry, _file in intake.respondents():
        if entry.site:
            sites.setdefault(person, set()).add(entry.site)
    for file in intake.files:
        found = {}
        for place, entry in enumerate(file.layout.entries):
            if len(sites.get(entry.person, ())) > 1 and not decisions.keeps(
                file.source.source, entry.row, "person.collision"
            ):
                found[place] = (problem("person.collision", **file.at(entry), effect="row set aside"), entry.person)
        _leave_out(file, found, intake, asides)


def day(text: str) -> datetime.date | None:
    """Read a date written as year-month-day, with or without a time."""
    try:
        return datetime.datetime.fromisoformat(text).date()
    except ValueError:
        return None


def _leave_out_disordered(
    intake: Answers, waves: list[str], decisions: Decisions, asides: Counter[tuple[str, str]]
) -> None:
    """Set aside persons whose later wave was completed before an earlier one; note dates that cannot be read."""
    days: dict[str, dict[str, datetime.date]] = {}
    for file in intake.files:
        unread = []
        for entry in file.layout.entries:
            if entry.date and (when := day(entry.date)) is not None:
                days.setdefault(entry.person, {})[entry.wave] = when
            elif entry.date and not entry.date.startswith("["):  # REDCap's "[not completed]" is no date and no fault
                unread.append(entry.row)
        if unread:
            where = {"sheet": file.raw.sheet, "row": unread[0], "column": file.layout.date_column}
            many = f"{len(unread)} dates cannot be read, the first in this row" if len(unread) > 1 else ""
            own = file.layout.date_column in file.raw.export.date_columns
            remedy = "Nothing to do; the order of the waves is not checked for these rows." if own else ""
            intake.problems.append(problem("wave.date", file.raw.file, **where, found=many, remedy=remedy))
    disordered = {
        person
        for person, when in days.items()
        if (seen := [when[wave] for wave in waves if wave in when]) != sorted(seen)
    }
    for file in intake.files:
        found = {}
        for place, entry in enumerate(file.layout.entries):
            if entry.person in disordered and not decisions.keeps(file.source.source, entry.row, "wave.order"):
                where = {**file.at(entry), "column": file.layout.date_column or file.at(entry)["column"]}
                found[place] = (problem("wave.order", **where, effect="row set aside"), entry.date)
        _leave_out(file, found, intake, asides)


def _ledger(file: File, waves: list[str], asides: Counter[tuple[str, str]]) -> list[dict[str, Any]]:
    """Return the ledger of a file: entries read and set aside, one line a wave."""
    source = file.source
    left = Counter(one.wave for one in file.layout.entries)
    gone = Counter({wave: many for (name, wave), many in asides.items() if name == source.source})
    # What belongs to no wave is counted with the first one, so that nothing falls between the lines.
    shut = {wave for wave, _fate in file.turned}
    let_in = [wave for wave in waves if left[wave] or gone[wave]]
    there = [wave for wave in waves if left[wave] or gone[wave] or wave in shut]
    first = source.wave or next(iter([*let_in, *there]), "")
    gone[first] += gone.pop("", 0) if first else 0
    turned = Counter()
    for (wave, fate), many in file.turned.items():
        turned[wave or first, fate] += many
    away = {wave: turned[wave, "excluded"] + turned[wave, "withdrawn"] for wave in (first, *there)}
    return [
        {
            "source": source.source,
            "kind": source.kind,
            "wave": wave,
            "rows_read": left[wave] + gone[wave] + away[wave],
            "quarantined": gone[wave],
            "excluded": turned[wave, "excluded"],
            "withdrawn": turned[wave, "withdrawn"],
        }
        for wave in dict.fromkeys([first, *there])
        if left[wave] + gone[wave] + away[wave]
    ]
