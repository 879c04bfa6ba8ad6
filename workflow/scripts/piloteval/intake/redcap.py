"""REDCap's data dictionary, its exports with labels, and its data quality rules B, C, D, F, G and H.

A project is described by its data dictionary: 18 columns, one row a field. An export has a column a field, named as
the field; a checkbox field has a column a box, ``field___code``, and every form a column ``form_complete``. The rules
are those of REDCap's Data Quality module; they only tell, since REDCap's data are corrected in REDCap.
"""

from __future__ import annotations

import datetime
import html
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import pairwise
from typing import Any

from piloteval.intake.catalogue import Problem, problem
from piloteval.intake.logic import Expression, LogicError, Reference, Value, holds, number, parse
from piloteval.intake.tabular import RawTable, Unreadable, alike

#: The columns needed, as the data dictionary is downloaded and as REDCap's API names them.
COLUMNS = {
    "name": ("Variable / Field Name", "field_name"),
    "form": ("Form Name", "form_name"),
    "kind": ("Field Type", "field_type"),
    "label": ("Field Label", "field_label"),
    "choices": ("Choices, Calculations, OR Slider Labels", "select_choices_or_calculations"),
    "validation": ("Text Validation Type OR Show Slider Number", "text_validation_type_or_show_slider_number"),
    "low": ("Text Validation Min", "text_validation_min"),
    "high": ("Text Validation Max", "text_validation_max"),
    "identifier": ("Identifier?", "identifier"),
    "branching": ("Branching Logic (Show field only if...)", "branching_logic"),
    "required": ("Required Field?", "required_field"),
}

#: Choices that REDCap gives to a kind of field itself.
BUILT_IN = {
    "yesno": {"1": "Yes", "0": "No"},
    "truefalse": {"1": "True", "0": "False"},
}
STATUS = {"0": "Incomplete", "1": "Unverified", "2": "Complete"}
BOXES = {"0": "Unchecked", "1": "Checked"}

#: Ends of a slider whose range was left as it is.
SLIDER = ("0", "100")

#: Columns REDCap adds to an export, with their headers in an export with labels.
ADDED = {
    "redcap_event_name": "Event Name",
    "redcap_repeat_instrument": "Repeat Instrument",
    "redcap_repeat_instance": "Repeat Instance",
    "redcap_data_access_group": "Data Access Group",
    "redcap_survey_identifier": "Survey Identifier",
}


@dataclass(frozen=True)
class Field:
    """One row of the data dictionary.

    Attributes
    ----------
    name, form, kind, label : str
        Variable name, form, field type and question.
    choices : dict of str to str
        Label of each code, in the order of the dictionary.
    validation : str
        Text validation type.
    low, high : str
        Smallest and largest value, as written.
    required, identifier : bool
        Whether an answer is required, and whether the field identifies a person.
    branching, calculation : str
        When the field is shown, and how it is computed.
    """

    name: str
    form: str
    kind: str
    label: str = ""
    choices: dict[str, str] = field(default_factory=dict)
    validation: str = ""
    low: str = ""
    high: str = ""
    required: bool = False
    branching: str = ""
    calculation: str = ""
    identifier: bool = False


@dataclass(frozen=True)
class Dictionary:
    """A project's data dictionary; the first field is the record id."""

    file: str
    fields: dict[str, Field]

    @property
    def forms(self) -> dict[str, list[Field]]:
        """Fields of each form, in the order of the dictionary."""
        forms: dict[str, list[Field]] = {}
        for one in self.fields.values():
            forms.setdefault(one.form, []).append(one)
        return forms

    @property
    def record_id(self) -> str:
        """Name of the field that names the record."""
        return next(iter(self.fields))


# --------------------------------------------------------------------------------------------------------------------
# The data dictionary
# --------------------------------------------------------------------------------------------------------------------


def read_dictionary(raw: RawTable) -> Dictionary:
    """Read a data dictionary, as downloaded from REDCap or as its API exports it.

    Parameters
    ----------
    raw : RawTable
        The file as a table of texts.

    Returns
    -------
    Dictionary
        Its fields, in order.

    Raises
    ------
    piloteval.intake.tabular.Unreadable
        The table is no data dictionary, lacks a column, or has a row that names no field or one named before.
    """
    at = {"file": raw.file, "sheet": raw.sheet}
    there = [alike(name) for name in raw.columns]
    spelling = next((place for place, name in enumerate(COLUMNS["name"]) if alike(name) in there), None)
    if spelling is None:
        remedy = "Download the data dictionary from REDCap as CSV, and leave its first row as it is."
        raise Unreadable(
            problem("table.dialect", **at, row=raw.top, found="this is not a data dictionary of REDCap", remedy=remedy)
        )
    headers = {key: names[spelling] for key, names in COLUMNS.items()}
    lacking = [name for name in headers.values() if alike(name) not in there]
    if lacking:
        raise Unreadable(
            *(
                problem("table.no-column", **at, row=raw.top, column=name, found="the column is missing")
                for name in lacking
            )
        )
    places = {key: there.index(alike(name)) for key, name in headers.items()}
    fields: dict[str, Field] = {}
    faults = []
    for cells, row in zip(raw.rows, raw.numbers, strict=True):
        one = _field({key: cells[place] for key, place in places.items()})
        if not one.name or one.name in fields:
            found = "the row names a field that another row names" if one.name else "the row names no field"
            remedy = "Download the data dictionary from REDCap again."
            faults.append(problem("table.dialect", **at, row=row, column=headers["name"], found=found, remedy=remedy))
        fields[one.name] = one
    if faults:
        raise Unreadable(*faults)
    return Dictionary(raw.file, fields)


def _field(cells: dict[str, str]) -> Field:
    kind = cells["kind"].lower()
    listed = kind in ("radio", "dropdown", "checkbox")
    return Field(
        name=cells["name"].lower(),
        form=cells["form"].lower(),
        kind=kind,
        label=cells["label"],
        choices=_choices(cells["choices"]) if listed else BUILT_IN.get(kind, {}),
        validation=cells["validation"].lower(),
        low=cells["low"] or SLIDER[0] * (kind == "slider"),
        high=cells["high"] or SLIDER[1] * (kind == "slider"),
        required=cells["required"].lower() == "y",
        branching=cells["branching"],
        calculation=cells["choices"] if kind == "calc" else "",
        identifier=cells["identifier"].lower() == "y",
    )


def _choices(text: str) -> dict[str, str]:
    """Read ``1, Never | 2, Rarely``; a label may hold commas, a code may not."""
    pairs = (part.partition(",") for part in text.split("|"))
    return {code.strip(): label.strip() for code, _comma, label in pairs if code.strip()}


def personal(dictionary: Dictionary) -> frozenset[str]:
    """Return the names of the fields that the dictionary marks as identifiers."""
    return frozenset(one.name for one in dictionary.fields.values() if one.identifier)


def box(name: str, code: str) -> str:
    """Return the column of one box of a checkbox field: small letters, and underscores for all other signs."""
    return f"{name}___{re.sub('[^a-z0-9_]', '_', code.lower())}"


def columns(one: Field) -> dict[str, str]:
    """Return the columns of a field in an export, each with the code of its box; only checkbox fields have boxes."""
    if one.kind == "descriptive":
        return {}
    return {box(one.name, code): code for code in one.choices} if one.kind == "checkbox" else {one.name: ""}


# --------------------------------------------------------------------------------------------------------------------
# Exports with labels
# --------------------------------------------------------------------------------------------------------------------


def from_labels(raw: RawTable, dictionary: Dictionary) -> RawTable:
    """Turn an export with labels into the export with raw codes.

    Parameters
    ----------
    raw : RawTable
        Headers are field labels or variable names, answers are the labels of choices.
    dictionary : Dictionary
        The project's data dictionary.

    Returns
    -------
    RawTable
        Headers are variable names and answers are codes. A header that could be several fields, an answer that is no
        label of its field, and the labels of events and data access groups stay as they are.

    Notes
    -----
    Labels may repeat, and ``Complete?`` does so for every form. A repeated header is named when the columns around it
    are in the order of the dictionary and leave as many fields of this label as there are columns with it.
    """
    names = _names(raw.columns, _slots(dictionary))
    words = _words(dictionary)
    texts = []
    for name, cells in zip(names, _by_column(raw), strict=True):
        codes = {text: words.get(name, {}).get(_plain(text), text) for text in set(cells)}
        texts.append([codes[text] for text in cells])
    table = replace(raw, columns=names, rows=[list(row) for row in zip(*texts, strict=True)])
    return _renamed(table, list(zip(raw.columns, names, strict=True)))


def _renamed(raw: RawTable, pairs: list[tuple[str, str]]) -> RawTable:
    """Name the columns anew in what the table says of them; a header given twice is several columns."""

    def new(names: Iterable[str]) -> list[str]:
        return [one for name in names for before, one in pairs if before == name]

    def keyed(known: dict[str, Any]) -> dict[str, Any]:
        return {one: known[before] for before, one in pairs if before in known}

    export, unfinished = raw.export, raw.export.unfinished
    if unfinished:
        column, marks = unfinished
        unfinished = ((new([column]) or [column])[0], marks)
    export = replace(
        export,
        columns=raw.columns,
        texts=keyed(export.texts),
        personal=frozenset(new(export.personal)),
        technical=frozenset(new(export.technical)),
        id_columns=tuple(new(export.id_columns)),
        wave_columns=tuple(new(export.wave_columns)),
        date_columns=tuple(new(export.date_columns)),
        unfinished=unfinished,
    )
    return replace(raw, texts=keyed(raw.texts), labels=keyed(raw.labels), missing=keyed(raw.missing), export=export)


def _by_column(raw: RawTable) -> list[tuple[str, ...]]:
    return list(zip(*raw.rows, strict=True)) or [()] * len(raw.columns)


def _plain(label: str) -> str:
    """Return a label as it is compared: without mark-up, kinds of quotation marks and blanks, which exports change."""
    text = html.unescape(re.sub(r"</?[A-Za-z][^>]*>", "", label)).replace('"', "'")
    return "".join(text.split())


def _slots(dictionary: Dictionary) -> list[tuple[str, str]]:
    """Return name and header of every column a full export may have, in order."""
    slots = []
    for form, fields in dictionary.forms.items():
        slots.append((f"{form}_timestamp", "Survey Timestamp"))
        for one in fields:
            for column, code in columns(one).items():
                slots.append((column, f"{one.label} (choice={one.choices[code]})" if code else one.label))
        slots.append((f"{form}_complete", "Complete?"))
    record_id = slots.pop(1)
    return [record_id, *ADDED.items(), *slots]


def _names(headers: list[str], slots: list[tuple[str, str]]) -> list[str]:
    """Name the columns: by variable name, by a label that is there once, and then by the order of the dictionary."""
    places = {name: place for place, (name, _label) in enumerate(slots)}
    labels = [_plain(label) for _name, label in slots]
    asked = [_plain(header) for header in headers]
    found = [places.get(header) for header in headers]
    for place, label in enumerate(asked):
        if found[place] is None and asked.count(label) == 1 and labels.count(label) == 1:
            found[place] = labels.index(label)
    while _ascending(found) and _name_repeated(found, asked, labels):
        pass
    return [header if place is None else slots[place][0] for header, place in zip(headers, found, strict=True)]


def _ascending(found: list[int | None]) -> bool:
    places = [place for place in found if place is not None]
    return all(one < following for one, following in pairwise(places))


def _name_repeated(found: list[int | None], asked: list[str], labels: list[str]) -> bool:
    """Name columns with a repeated label, where the columns around them leave one way; tell whether any was named."""
    progress = False
    for start, stop, low, high in _gaps(found, len(labels)):
        for label in dict.fromkeys(asked[start:stop]):
            here = [place for place in range(start, stop) if asked[place] == label]
            free = [place for place in range(low, high) if labels[place] == label]
            if len(here) == len(free):
                for place, slot in zip(here, free, strict=True):
                    found[place] = slot
                progress = True
    return progress


def _gaps(found: list[int | None], slots: int) -> list[tuple[int, int, int, int]]:
    """Return each run of columns without a name as a range of columns, and the range of slots it may take."""
    named = [(place, slot) for place, slot in enumerate(found) if slot is not None]
    bounds = pairwise([(-1, -1), *named, (len(found), slots)])
    return [(before + 1, after, low + 1, high) for (before, low), (after, high) in bounds if after - before > 1]


def _words(dictionary: Dictionary) -> dict[str, dict[str, str]]:
    """Return the code of each label, by column; a label of two codes is none."""
    titles = {form: form.replace("_", " ").title() for form in dictionary.forms}
    known = {"redcap_repeat_instrument": _codes(titles)}
    for form in dictionary.forms:
        known[f"{form}_complete"] = _codes(STATUS)
    for one in dictionary.fields.values():
        for column, code in columns(one).items():
            known[column] = {**_codes(BOXES), _plain(one.choices[code]): "1"} if code else _codes(one.choices)
    return known


def _codes(choices: dict[str, str]) -> dict[str, str]:
    labels = [_plain(label) for label in choices.values()]
    return {label: code for label, code in zip(labels, choices, strict=True) if labels.count(label) == 1}


# --------------------------------------------------------------------------------------------------------------------
# Data quality rules
# --------------------------------------------------------------------------------------------------------------------


def check(raw: RawTable, dictionary: Dictionary, missing_codes: Collection[str] = ()) -> list[tuple[Problem, str]]:
    """Check an export with raw codes against its data dictionary.

    Parameters
    ----------
    raw : RawTable
        The export; one with labels goes through :func:`from_labels` first.
    dictionary : Dictionary
        The project's data dictionary. Columns it does not know are not checked.
    missing_codes : collection of str
        Missing data codes of the project. They are answers to the rule of required fields and to branching logic,
        and blanks to every other rule.

    Returns
    -------
    list of (Problem, str)
        Each problem with the value it is about, for the restricted list: first the fields with logic that is not
        checked here, then row by row.

    Notes
    -----
    REDCap's rules B (required), C (type), D (range), F (hidden), G (choice) and H (calculated). A field is asked of a
    row only where its form was begun: another field of the form holds a value, or its status is not Incomplete.
    Checkbox fields are never required, since a box left empty is an answer. On the rows of a repeating instrument,
    logic sees the fields of the other forms as they are on the record's own row of the same event.
    """
    export = _Export(raw, dictionary, frozenset(missing_codes))
    found = [*_not_accepted(export), *_hidden(export), *_required(export), *_calculated(export)]
    told = list(_unread(export))
    for row, place, rule, expected in sorted(found):
        at = {"sheet": raw.sheet, "row": raw.numbers[row], "column": raw.columns[place]}
        told.append((problem(rule, raw.file, **at, expected=expected), raw.rows[row][place]))
    return told


#: Row and column of a finding, its rule, and what was expected.
Finding = tuple[int, int, str, str]

#: What a value breaks: the rule, and what was expected.
Fault = tuple[str, str]


@dataclass
class _Export:
    """An export by column, with the logic of its dictionary; what is asked several times is kept."""

    raw: RawTable
    dictionary: Dictionary
    missing: frozenset[str]
    forms_begun: dict[str, list[bool]] = field(default_factory=dict)
    formulas: dict[str, Expression | str] = field(default_factory=dict)
    conditions: dict[str, list[bool] | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.cells = dict(zip(self.raw.columns, _by_column(self.raw), strict=True))
        self.owners = {name: one for name, one in _owners(self.dictionary, self.missing) if name in self.cells}
        self.fields = list({one.name: one for one, _code in self.owners.values() if one.kind != "status"}.values())
        self.home = self._home()

    def _home(self) -> list[int] | None:
        """Return the row that holds a record's other forms, for each row; None without repeating instruments."""
        repeated, record = self.cells.get("redcap_repeat_instrument"), self.cells.get(self.dictionary.record_id)
        if repeated is None or record is None:
            return None
        keys = list(zip(record, self.cells.get("redcap_event_name", record), strict=True))
        own = {key: row for row, key in enumerate(keys) if not repeated[row]}
        return [own.get(key, row) if repeated[row] else row for row, key in enumerate(keys)]

    def begun(self, form: str) -> list[bool]:
        """Tell for each row whether the form was begun; the record id is on every row, and says nothing."""
        if form not in self.forms_begun:
            begun = [False] * len(self.raw.rows)
            for name, (one, code) in self.owners.items():
                if one.form == form and one.name != self.dictionary.record_id and one.kind != "calc":
                    idle = ("", "0") if code or one.kind == "status" else ("",)
                    begun = [known or text not in idle for known, text in zip(begun, self.cells[name], strict=True)]
            self.forms_begun[form] = begun
        return self.forms_begun[form]

    def formula(self, text: str) -> Expression | str:
        """Return a formula to compute, or why it is not computed."""
        if text not in self.formulas:
            try:
                expression = parse(text)
                there = all(self._column(one) in self.cells for one in expression.references)
                self.formulas[text] = expression if there else "refers to a field that is not in this file"
            except LogicError as fault:
                self.formulas[text] = str(fault)
        return self.formulas[text]

    def _column(self, reference: Reference) -> str:
        """Return the column of a reference; a checkbox field as a whole has none."""
        if reference.code:
            return box(reference.field, reference.code)
        known = self.dictionary.fields.get(reference.field)
        return "" if known is not None and known.kind == "checkbox" else reference.field

    def _seen(self, reference: Reference) -> list[str]:
        """Return what logic sees of a field: a box that is not ticked is 0, also where the form was never opened."""
        cells, idle = self.cells[self._column(reference)], "0" if reference.code else ""
        home = self.home or range(len(cells))
        return [text if text not in ("", idle) else cells[row] or idle for text, row in zip(cells, home, strict=True)]

    def values(self, expression: Expression, empty_sum: float | None = None) -> list[Value]:
        """Compute a formula for each row; rows with the same answers are computed once."""
        references = expression.references
        answers = list(zip(*map(self._seen, references), strict=True)) or [()] * len(self.raw.rows)
        known = {
            one: expression.value(dict(zip(references, one, strict=True)), self.missing, empty_sum)
            for one in set(answers)
        }
        return [known[one] for one in answers]

    def shown(self, one: Field) -> list[bool] | None:
        """Tell for each row whether branching logic shows the field; None where that is not known."""
        if one.branching not in self.conditions:
            expression = self.formula(one.branching or "true")
            self.conditions[one.branching] = (
                None if isinstance(expression, str) else [holds(value) for value in self.values(expression)]
            )
        return self.conditions[one.branching]

    def known(self) -> Iterator[tuple[int, Field, str, tuple[str, ...]]]:
        """Yield place, field, box and cells of each column of the dictionary."""
        for place, name in enumerate(self.raw.columns):
            if name in self.owners:
                yield place, *self.owners[name], self.cells[name]


def _owners(dictionary: Dictionary, missing: Collection[str]) -> Iterator[tuple[str, tuple[Field, str]]]:
    """Yield every column an export may have, with its field and the code of its box."""
    for form, fields in dictionary.forms.items():
        for one in fields:
            codes = [*one.choices, *missing] if one.kind == "checkbox" else []
            yield one.name, (one, "")
            yield from ((box(one.name, code), (one, code)) for code in codes)
        status = f"{form}_complete"
        yield status, (Field(status, form, "status", choices=STATUS), "")


def _unread(export: _Export) -> Iterator[tuple[Problem, str]]:
    """Name each field of which something is not checked, and why."""
    for one in export.fields:
        reasons = []
        for what, text in (("branching logic", one.branching), ("formula", one.calculation)):
            reason = export.formula(text) if text else None
            if isinstance(reason, str):
                reasons.append(f"the {what} {reason}")
        if one.kind == "text" and one.validation and one.validation not in TYPES:
            reasons.append("the type is not one that is checked here")
        if _reader(one) and any(text and _limit(one, text) is None for text in (one.low, one.high)):
            reasons.append("the range has no fixed limits")
        if reasons:
            at = {"sheet": export.raw.sheet, "column": one.name}
            yield problem("dictionary.unread", export.raw.file, **at, found="; ".join(reasons)), ""


def _not_accepted(export: _Export) -> Iterator[Finding]:
    """Rules C, D and G: type, range and choice."""
    for place, one, code, cells in export.known():
        judge = _judge(one, code, export.missing)
        texts = set(cells) - export.missing - {""}
        faults = {text: fault for text in texts if (fault := judge(text))}
        if faults:
            yield from ((row, place, *faults[text]) for row, text in enumerate(cells) if text in faults)


def _hidden(export: _Export) -> Iterator[Finding]:
    """Rule F: a value where the field is hidden; a missing data code is none, since REDCap keeps it."""
    for place, one, code, cells in export.known():
        shown = export.shown(one)
        if shown is None or not one.branching or one.kind == "calc":
            continue
        idle = {"", *export.missing, *(["0"] if code else [])}
        yield from (
            (row, place, "dictionary.hidden", "")
            for row, text in enumerate(cells)
            if text not in idle and not shown[row]
        )


def _required(export: _Export) -> Iterator[Finding]:
    """Rule B: no value where the field is required and shown and its form was begun."""
    for place, one, _code, cells in export.known():
        shown = export.shown(one)
        if shown is None or not one.required or one.kind in ("calc", "checkbox") or "" not in cells:
            continue
        begun = export.begun(one.form)
        yield from (
            (row, place, "dictionary.required", "a value")
            for row, text in enumerate(cells)
            if not text and begun[row] and shown[row]
        )


def _calculated(export: _Export) -> Iterator[Finding]:
    """Rule H: another value than the formula gives; a blank is one where the form was begun and shows the field."""
    for place, one, _code, cells in export.known():
        formula = export.formula(one.calculation) if one.calculation else ""
        if isinstance(formula, str):
            continue
        ways = [export.values(formula)]
        if "sum" in formula.functions:
            ways.append(export.values(formula, empty_sum=0.0))
        begun, shown = export.begun(one.form), export.shown(one)
        for row, text in enumerate(cells):
            asked = text or (begun[row] and shown is not None and shown[row])
            if asked and text not in export.missing and not any(_agrees(text, values[row]) for values in ways):
                yield row, place, "dictionary.calculated", ""


def _agrees(text: str, value: Value) -> bool:
    """Tell whether an exported number is the computed one, rounded to the decimals that were exported."""
    computed = number(value) if isinstance(value, str) else value
    exported = number(text)
    if computed is None or exported is None:
        return computed is None and not text
    decimals = -int(Decimal(text.replace(",", ".")).as_tuple().exponent)
    return abs(computed - exported) <= 0.5 * 10.0 ** -max(decimals, 0) + 1e-6


# --------------------------------------------------------------------------------------------------------------------
# Types, ranges and choices
# --------------------------------------------------------------------------------------------------------------------

#: What can be put in order: a number, a date, a time or a text.
Read = float | datetime.datetime | str


def _whole(text: str) -> float | None:
    return number(text) if re.fullmatch("[-+]?[0-9]+", text) else None


def _decimals(most: int) -> Callable[[str], float | None]:
    pattern = re.compile(f"[-+]?[0-9]*(?:[.,][0-9]{{1,{most}}})?")
    return lambda text: number(text) if pattern.fullmatch(text) else None


def _like(pattern: str) -> Callable[[str], str | None]:
    known = re.compile(pattern, re.IGNORECASE)
    return lambda text: text if known.fullmatch(text) else None


def _moment(pattern: str) -> Callable[[str], datetime.datetime | None]:
    known = re.compile(pattern)

    def read(text: str) -> datetime.datetime | None:
        try:
            return datetime.datetime.fromisoformat(text) if known.fullmatch(text) else None
        except ValueError:
            return None

    return read


_DATE, _TIME = "[0-9]{4}-[0-9]{2}-[0-9]{2}", "(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_AS_DATE = ("a date as year-month-day", _moment(_DATE))
_AS_DATETIME = ("a date and time as year-month-day hours:minutes", _moment(f"{_DATE} {_TIME}(?::[0-5][0-9])?"))
_ORDERS = ("ymd", "dmy", "mdy")

#: Validation types with what they ask for; a comma or a point may stand for the decimal sign, as the export is set.
TYPES: dict[str, tuple[str, Callable[[str], Read | None]]] = {
    **dict.fromkeys(("integer", "int"), ("a whole number", _whole)),
    **dict.fromkeys(("number", "float", "number_comma_decimal"), ("a number", number)),
    **{
        f"number_{most}dp{mark}": (f"a number with at most {most} decimal{'s' if most > 1 else ''}", _decimals(most))
        for most in range(1, 5)
        for mark in ("", "_comma_decimal")
    },
    **dict.fromkeys(("date", *(f"date_{order}" for order in _ORDERS)), _AS_DATE),
    **dict.fromkeys(("datetime", *(f"datetime_{order}" for order in _ORDERS)), _AS_DATETIME),
    **dict.fromkeys(("datetime_seconds", *(f"datetime_seconds_{order}" for order in _ORDERS)), _AS_DATETIME),
    "time": ("a time as hours:minutes", _like(f"{_TIME}(?::[0-5][0-9])?")),
    "time_hh_mm_ss": ("a time as hours:minutes:seconds", _like(f"{_TIME}:[0-5][0-9]")),
    "time_mm_ss": ("a time as minutes:seconds", _like("[0-5][0-9]:[0-5][0-9]")),
    "email": ("an e-mail address", _like(r"[^@\s]+@[^@\s]+\.[^@\s.]+")),
    "phone": (
        "a North American telephone number",
        _like(r"(?:\+?1[\s.-]*)?\(?[2-9][0-9]{2}\)?[\s.-]*[2-9][0-9]{2}[\s.-]*[0-9]{4}(?:\s*(?:x|ext\.?)\s*[0-9]+)?"),
    ),
    "zipcode": ("a ZIP code of the United States", _like("[0-9]{5}(?:-[0-9]{4})?")),
    "alpha_only": ("letters only", _like("[a-z]+")),
}


def _judge(one: Field, code: str, missing: Collection[str]) -> Callable[[str], Fault | None]:
    """Return what tells whether a value is one the field may hold."""
    if code:
        return _among(BOXES)
    if one.kind == "checkbox":
        # The whole field in one column: an option of the export that joins the codes of the ticked boxes.
        among = _among(one.choices)
        return lambda text: next(filter(None, map(among, _ticked(text) - set(missing))), None)
    if one.choices:
        return _among(one.choices)
    read = _reader(one)
    return _within(one, read) if read else lambda _text: None


def _ticked(text: str) -> set[str]:
    return {code.strip() for code in text.split(",")}


def _among(codes: Collection[str]) -> Callable[[str], Fault | None]:
    few = len(codes) <= 8
    expected = "one of " + ", ".join(codes) if few else f"one of the {len(codes)} choices of the data dictionary"
    return lambda text: None if text in codes else ("dictionary.choice", expected)


def _reader(one: Field) -> Callable[[str], Read | None] | None:
    """Return what reads a value of the field, if its type is checked."""
    if one.kind == "slider":
        return _whole
    return TYPES[one.validation][1] if one.kind == "text" and one.validation in TYPES else None


def _within(one: Field, read: Callable[[str], Read | None]) -> Callable[[str], Fault | None]:
    low, high = _limit(one, one.low), _limit(one, one.high)
    if one.low and one.high:
        wanted = f"from {one.low} to {one.high}"
    else:
        wanted = f"of {one.low} or more" if one.low else f"of {one.high} or less"

    def judge(text: str) -> Fault | None:
        value = read(text)
        if value is not None and (low is None or low <= value) and (high is None or value <= high):
            return None
        if one.kind == "slider":
            return "dictionary.choice", f"a whole number {wanted}"
        if value is None:
            return "dictionary.type", TYPES[one.validation][0]
        return "dictionary.range", f"a value {wanted}"

    return judge


_ON_SCREEN = re.compile("([0-9]{1,2})[-/.]([0-9]{1,2})[-/.]([0-9]{4})(.*)")


def _limit(one: Field, text: str) -> Read | None:
    """Read the smallest or largest value; None is no limit, or one that moves, as `today` and other fields do."""
    read, written = _reader(one), _ON_SCREEN.fullmatch(text)
    if written and one.validation.endswith(("dmy", "mdy")):
        day, month = (written[1], written[2]) if one.validation.endswith("dmy") else (written[2], written[1])
        text = f"{written[3]}-{month:0>2}-{day:0>2}{written[4]}"
    return read(text) if read and text else None
