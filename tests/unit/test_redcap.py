"""REDCap: the data dictionary, exports with labels, the language of its logic, and its data quality rules."""

from __future__ import annotations

import csv
from dataclasses import replace

import pytest
from exports import DICTIONARY
from hypothesis import given, settings
from hypothesis import strategies as st
from piloteval.intake import redcap
from piloteval.intake.dialects import Export
from piloteval.intake.logic import LogicError, Reference, holds, number, parse
from piloteval.intake.redcap import box, check, from_labels, personal, read_dictionary
from piloteval.intake.sheet import Source
from piloteval.intake.tabular import RawTable, Unreadable, read_table

repeated = settings(max_examples=150, deadline=None, derandomize=True, database=None)


def row(name, form="base", kind="text", label="", **cells):
    """Return a row of a dictionary; the keys are those of `redcap.COLUMNS`."""
    given = {"name": name, "form": form, "kind": kind, "label": label or name, **cells}
    return [
        next((given[key] for key, names in redcap.COLUMNS.items() if names[0] == one and key in given), "")
        for one in DICTIONARY
    ]


def table(columns, *rows, **more):
    return RawTable("export.csv", "", list(columns), [list(one) for one in rows], list(range(2, len(rows) + 2)), **more)


def dictionary(*rows):
    rows = rows if rows and rows[0][0] == "record_id" else (row("record_id"), *rows)
    return read_dictionary(replace(table(DICTIONARY, *rows), file="dictionary.csv"))


def sentences(found):
    return [one.sentence().removeprefix("export.csv, ") for one, _value in found]


def told(found):
    """Return rule, row, column and value of each problem."""
    return [(one.rule.removeprefix("dictionary."), one.row, one.column, value) for one, value in found]


# The data dictionary

DOWNLOADED = [
    row("record_id", "enrolment", label="Record ID"),
    row("email", "enrolment", label="E-mail", validation="email", identifier="y", required="y"),
    row(
        "role",
        "enrolment",
        "radio",
        "Profession",
        choices="1, Nurse | 2, Physician, resident | 99, Other",
        required="y",
    ),
    row("role_other", "enrolment", label="Which?", branching="[role] = '99'"),
    row("shift", "enrolment", "checkbox", "Shifts", choices="1, Day | N, Night | -9, None"),
    row("w1", "burnout", "radio", "I feel tired", choices="0, Never | 1, Often", required="y"),
    row("w2", "burnout", "radio", "I feel calm", choices="0, Never | 1, Often"),
    row("intro", "burnout", "descriptive", "Please read this"),
    row("vas", "burnout", "slider", "How sure?", choices="not | | very"),
    row("again", "burnout", "yesno", "May we ask again?"),
    row("score", "burnout", "calc", "Score", choices="sum([w1], [w2])"),
]


def test_dictionary_as_redcap_downloads_it(tmp_path):
    path = tmp_path / "Pilot_DataDictionary_2025-03-01.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([DICTIONARY, *DOWNLOADED])
    read = read_dictionary(read_table(Source(line=2, source="d", kind="dictionary", path=str(path))))
    assert len(DICTIONARY) == 18
    assert read.file == str(path)
    assert list(read.fields) == [one[0] for one in DOWNLOADED]
    assert read.fields["role"] == redcap.Field(
        name="role",
        form="enrolment",
        kind="radio",
        label="Profession",
        choices={"1": "Nurse", "2": "Physician, resident", "99": "Other"},
        required=True,
    )
    assert read.fields["role_other"].branching == "[role] = '99'"
    assert (read.fields["score"].calculation, read.fields["score"].choices) == ("sum([w1], [w2])", {})
    assert (read.fields["vas"].choices, read.fields["vas"].low, read.fields["vas"].high) == ({}, "0", "100")
    assert read.fields["again"].choices == {"1": "Yes", "0": "No"}
    assert personal(read) == {"email"}
    assert list(read.forms) == ["enrolment", "burnout"]
    assert read.record_id == "record_id"


def test_dictionary_as_the_api_gives_it():
    names = {old: new for old, new in redcap.COLUMNS.values()}
    raw = table([names.get(one, one.lower()) for one in DICTIONARY], *DOWNLOADED)
    assert read_dictionary(raw).fields == dictionary(*DOWNLOADED).fields


def test_boxes_of_a_checkbox_field_have_columns():
    read = dictionary(*DOWNLOADED)
    assert redcap.columns(read.fields["shift"]) == {"shift___1": "1", "shift___n": "N", "shift____9": "-9"}
    assert redcap.columns(read.fields["role"]) == {"role": ""}
    assert redcap.columns(read.fields["intro"]) == {}
    assert box("race", "a.B") == "race___a_b"


def refused(raw):
    with pytest.raises(Unreadable) as fault:
        read_dictionary(raw)
    return [(one.rule, one.sentence()) for one in fault.value.problems]


def test_another_table_is_no_dictionary():
    assert refused(table(["id", "q1"], ["1", "secret"])) == [
        (
            "table.dialect",
            "export.csv, row 1: this is not a data dictionary of REDCap. Download the data dictionary from REDCap as CSV, and leave its first row as it is.",
        )
    ]


def test_dictionary_without_columns():
    columns = [one for one in DICTIONARY if one not in ("Field Type", "Required Field?")]
    rules, found = zip(*refused(table(columns, [""] * len(columns))), strict=True)
    assert rules == ("table.no-column", "table.no-column")
    assert (
        found[0] == "export.csv, row 1, column Field Type: the column is missing. Add the column, or correct its name."
    )
    assert "column Required Field?" in found[1]


def test_dictionary_with_rows_nobody_can_tell_apart():
    found = refused(table(DICTIONARY, row("record_id"), row("q1"), row("q1"), row("")))
    assert [sentence for _rule, sentence in found] == [
        "export.csv, row 4, column Variable / Field Name: the row names a field that another row names. Download the data dictionary from REDCap again.",
        "export.csv, row 5, column Variable / Field Name: the row names no field. Download the data dictionary from REDCap again.",
    ]


# Exports with labels

RAW = table(
    [
        *("record_id", "redcap_event_name", "redcap_repeat_instrument", "redcap_repeat_instance"),
        *("redcap_data_access_group", "redcap_survey_identifier", "enrolment_timestamp", "email", "role", "role_other"),
        *(
            "shift___1",
            "shift___n",
            "shift____9",
            "enrolment_complete",
            "burnout_timestamp",
            "w1",
            "w2",
            "vas",
            "again",
        ),
        *("score", "burnout_complete"),
    ],
    [
        "1",
        "t0",
        "",
        "",
        "north",
        "",
        "2025-03-01 10:00:00",
        "a@b.org",
        "2",
        "",
        "1",
        "0",
        "0",
        "2",
        "",
        "",
        "",
        "",
        "",
        "",
        "0",
    ],
    [
        "1",
        "t0",
        "burnout",
        "1",
        "north",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "[not completed]",
        "0",
        "1",
        "50",
        "1",
        "1",
        "1",
    ],
)
LABELS = table(
    [
        *("Record ID", "Event Name", "Repeat Instrument", "Repeat Instance"),
        *("Data Access Group", "Survey Identifier", "Survey Timestamp", "E-mail", "Profession", "Which?"),
        *("Shifts (choice=Day)", "Shifts (choice=Night)", "Shifts (choice=None)", "Complete?", "Survey Timestamp"),
        *("I feel tired", "I feel calm", "How sure?", "May we ask again?", "Score", "Complete?"),
    ],
    [
        "1",
        "t0",
        "",
        "",
        "north",
        "",
        "2025-03-01 10:00:00",
        "a@b.org",
        "Physician, resident",
        "",
        "Checked",
        "Unchecked",
        "Unchecked",
        "Complete",
        "",
        "",
        "",
        "",
        "",
        "",
        "Incomplete",
    ],
    [
        "1",
        "t0",
        "Burnout",
        "1",
        "north",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "[not completed]",
        "Never",
        "Often",
        "50",
        "Yes",
        "1",
        "Unverified",
    ],
)


def shape(raw):
    return raw.columns, raw.rows, raw.numbers


def test_labels_become_the_raw_export():
    assert shape(from_labels(LABELS, dictionary(*DOWNLOADED))) == shape(RAW)


def test_labels_under_variable_names():
    assert shape(from_labels(replace(LABELS, columns=RAW.columns), dictionary(*DOWNLOADED))) == shape(RAW)


def test_raw_export_stays():
    assert shape(from_labels(RAW, dictionary(*DOWNLOADED))) == shape(RAW)


def test_what_the_table_says_of_its_columns_is_renamed():
    export = Export(
        dialect="redcap_labels",
        header_rows=1,
        columns=["Record ID", "Event Name", "Complete?", "Complete?"],
        texts={"Event Name": "Event Name"},
        personal=frozenset(),
        technical=frozenset(["Complete?"]),
        id_columns=("Record ID",),
        wave_columns=("Event Name",),
        date_columns=(),
        preview=None,
        unfinished=("Survey Timestamp", frozenset(["[not completed]"])),
    )
    raw = replace(
        table(
            ["Record ID", "Event Name", "Survey Timestamp", "Complete?", "I feel calm", "Complete?"],
            ["1", "t0", "", "", "Often", ""],
        ),
        texts={"I feel calm": "I feel calm"},
        labels={"I feel calm": {"0": "Never"}},
        missing={"Record ID": frozenset("9")},
        export=export,
    )
    named = from_labels(raw, dictionary(*DOWNLOADED))
    # One of the two surveys has no time stamp, and nothing tells which.
    assert named.columns == [
        "record_id",
        "redcap_event_name",
        "enrolment_timestamp",
        "enrolment_complete",
        "w2",
        "burnout_complete",
    ]
    assert (named.texts, named.labels) == ({"w2": "I feel calm"}, {"w2": {"0": "Never"}})
    assert named.missing == {"record_id": frozenset("9")}
    assert (named.export.id_columns, named.export.wave_columns) == (("record_id",), ("redcap_event_name",))
    assert named.export.technical == {"enrolment_complete", "burnout_complete"}
    assert named.export.unfinished == ("enrolment_timestamp", frozenset(["[not completed]"]))


TWICE = dictionary(
    row("record_id", "a"),
    row("name", "a", label="Name"),
    row("own_a", "a", label="Own A"),
    row("name_2", "b", label="Name"),
    row("own_b", "b", label="Own B"),
    row("name_3", "c", label="Name"),
)


@pytest.mark.parametrize(
    ("headers", "named"),
    [
        (["Name", "Name", "Name"], ["name", "name_2", "name_3"]),
        (["Name", "Own A", "Own B"], ["name", "own_a", "own_b"]),
        (["Own A", "Name", "Own B", "Name"], ["own_a", "name_2", "own_b", "name_3"]),
        (["Name", "Complete?", "Own B", "Complete?"], ["name", "a_complete", "own_b", "Complete?"]),
        (["Own A", "Complete?", "Own B"], ["own_a", "a_complete", "own_b"]),
        # Two of three: nothing tells which.
        (["Name", "Name"], ["Name", "Name"]),
        # A report in an order of its own.
        (["Own B", "Name", "Own A", "Name"], ["own_b", "Name", "own_a", "Name"]),
        (["Name", "Own A", "record_id"], ["Name", "own_a", "record_id"]),
        (["name_2", "Name"], ["name_2", "name_3"]),
        (["Something else", "Own A"], ["Something else", "own_a"]),
    ],
)
def test_repeated_labels_are_named_by_their_place_or_left(headers, named):
    assert from_labels(table(headers, [""] * len(headers)), TWICE).columns == named


def test_labels_are_compared_without_what_exports_change():
    read = dictionary(
        row("q", kind="radio", label='How <b>"tired"</b>\n are you?', choices="1, Not <i>at all</i> | 2, A &amp; B")
    )
    raw = table(["How 'tired' are you?"], ["Not at all"], ["A & B"], ["elsewhere"])
    assert shape(from_labels(raw, read)) == shape(table(["q"], ["1"], ["2"], ["elsewhere"]))


def test_a_label_of_two_codes_stays():
    read = dictionary(row("q", kind="dropdown", choices="1, Other | 2, Same | 3, Other"))
    assert from_labels(table(["q"], ["Other"], ["Same"]), read).rows == [["Other"], ["2"]]


def test_ticked_boxes_may_be_exported_as_their_label():
    read = dictionary(row("q", kind="checkbox", label="Which?", choices="1, Day | 2, Night"))
    raw = table(["Which? (choice=Day)", "Which? (choice=Night)"], ["Day", ""], ["Night", "Night"])
    assert shape(from_labels(raw, read)) == shape(table(["q___1", "q___2"], ["1", ""], ["Night", "1"]))


def test_export_with_labels_and_no_rows():
    assert from_labels(table(["Name"]), TWICE).rows == []


# Data quality rules: type, range and choice


def found_in(field, *texts, missing_codes=()):
    """Check one column of an otherwise blank record; return rule and expectation of each text, None where it passes."""
    found = check(table([field[0]], *([text] for text in texts)), dictionary(field), missing_codes)
    by_row = {one.row: (one.rule.removeprefix("dictionary."), one.expected) for one, _value in found}
    return [by_row.get(place) for place in range(2, len(texts) + 2)]


WHOLE, DATE = "a whole number", "a date as year-month-day"
MOMENT = "a date and time as year-month-day hours:minutes"


@pytest.mark.parametrize(
    ("validation", "good", "bad", "expected"),
    [
        ("integer", ["0", "-5", "007", "+3"], ["1.0", "1,5", "x", "1 2", "٣"], WHOLE),
        ("number", ["1", "-1.5", "1,5", ".5", "1e3"], ["1.5.2", "1,000,000", "nan", "inf", "1_0", "-"], "a number"),
        ("number_comma_decimal", ["1,5", "2"], ["a"], "a number"),
        ("number_1dp", ["1.5", "2"], ["1.55", ".", "x"], "a number with at most 1 decimal"),
        ("number_2dp_comma_decimal", ["1,25"], ["1,255"], "a number with at most 2 decimals"),
        ("date_ymd", ["2024-02-29"], ["2023-02-29", "29.02.2024", "20240229", "2024-2-9"], DATE),
        ("date_dmy", ["2024-12-31"], ["31-12-2024"], DATE),
        ("date_mdy", ["2024-12-31"], ["12-31-2024"], DATE),
        (
            "datetime_dmy",
            ["2024-12-31 23:59", "2024-12-31 23:59:10"],
            ["2024-12-31", "2024-12-31 24:00", "2024-13-01 10:00"],
            MOMENT,
        ),
        ("datetime_seconds_ymd", ["2024-12-31 23:59:10"], ["23:59"], MOMENT),
        ("time", ["00:00", "23:59"], ["24:00", "7.30", "7:30 pm"], "a time as hours:minutes"),
        ("time_mm_ss", ["59:59"], ["60:00"], "a time as minutes:seconds"),
        ("email", ["a.b@c.example"], ["a@b", "a b@c.de", "@c.de"], "an e-mail address"),
        (
            "phone",
            ["(615) 322-2222", "615-322-2222 x12"],
            ["115-322-2222", "322-2222"],
            "a North American telephone number",
        ),
        ("zipcode", ["01239", "01239-1234"], ["1239"], "a ZIP code of the United States"),
        ("alpha_only", ["Abc"], ["a1", "a b"], "letters only"),
    ],
)
def test_types(validation, good, bad, expected):
    results = found_in(row("q", validation=validation), *good, *bad)
    assert results[: len(good)] == [None] * len(good)
    assert results[len(good) :] == [("type", expected)] * len(bad)


@pytest.mark.parametrize(
    ("cells", "inside", "outside", "expected"),
    [
        ({"validation": "integer", "low": "18", "high": "99"}, ["18", "99"], ["17", "100"], "a value from 18 to 99"),
        ({"validation": "number", "low": "0.5"}, ["0.5"], ["0.49"], "a value of 0.5 or more"),
        ({"validation": "number_1dp_comma_decimal", "high": "2,5"}, ["2,5"], ["2,6"], "a value of 2,5 or less"),
        (
            {"validation": "date_ymd", "low": "2024-01-01"},
            ["2024-01-01"],
            ["2023-12-31"],
            "a value of 2024-01-01 or more",
        ),
        (
            {"validation": "date_dmy", "high": "01.02.2024"},
            ["2024-02-01"],
            ["2024-02-02"],
            "a value of 01.02.2024 or less",
        ),
        (
            {"validation": "datetime_mdy", "high": "2-1-2024 08:00"},
            ["2024-02-01 08:00"],
            ["2024-02-01 08:01"],
            "a value of 2-1-2024 08:00 or less",
        ),
        ({"validation": "time", "low": "08:00"}, ["08:00"], ["07:59"], "a value of 08:00 or more"),
    ],
)
def test_ranges(cells, inside, outside, expected):
    results = found_in(row("q", **cells), *inside, *outside)
    assert results == [None] * len(inside) + [("range", expected)] * len(outside)


@pytest.mark.parametrize(
    ("field", "good", "bad", "expected"),
    [
        (row("q", kind="radio", choices="1, A | 2, B"), ["1", "2"], ["3", "A", "01"], "one of 1, 2"),
        (row("q", kind="dropdown", choices="a, A | b, B"), ["a"], ["A"], "one of a, b"),
        (row("q", kind="yesno"), ["0", "1"], ["Yes", "2"], "one of 1, 0"),
        (row("q", kind="truefalse"), ["0", "1"], ["True"], "one of 1, 0"),
        (row("q", kind="slider"), ["0", "100"], ["101", "-1", "5.5", "x"], "a whole number from 0 to 100"),
        (row("q", kind="slider", low="1", high="10"), ["1", "10"], ["0", "11"], "a whole number from 1 to 10"),
        (row("q", kind="checkbox", choices="1, A | 2, B | 3, C"), ["1", "1,3", "2, 3"], ["4", "1,4"], "one of 1, 2, 3"),
        (
            row("q", kind="radio", choices=" | ".join(f"{one}, x" for one in range(9))),
            ["8"],
            ["9"],
            "one of the 9 choices of the data dictionary",
        ),
    ],
)
def test_choices(field, good, bad, expected):
    assert found_in(field, *good, *bad) == [None] * len(good) + [("choice", expected)] * len(bad)


def test_boxes_and_form_status():
    read = dictionary(row("q", kind="checkbox", choices="1, A | -9, None"), row("other"))
    raw = table(["q___1", "q____9", "q___unk", "base_complete"], ["1", "0", "1", "2"], ["2", "x", "UNK", "3"])
    assert told(check(raw, read, missing_codes=["UNK"])) == [
        ("choice", 3, "q___1", "2"),
        ("choice", 3, "q____9", "x"),
        ("choice", 3, "base_complete", "3"),
    ]


def test_missing_data_codes_are_blanks_to_type_range_and_choice():
    for field in (
        row("q", validation="integer", low="0"),
        row("q", validation="date_ymd"),
        row("q", kind="radio", choices="1, A"),
        row("q", kind="checkbox", choices="1, A"),
    ):
        assert found_in(field, "-99", "UNK", "-98", missing_codes=("-99", "UNK"))[:2] == [None, None]
        assert found_in(field, "-99")[0] is not None


def test_columns_without_a_rule():
    read = dictionary(row("remark", kind="notes"), row("free"), row("upload", kind="file"), row("list", kind="sql"))
    raw = table(["record_id", "remark", "free", "upload", "list", "unknown", "base_timestamp"], ["1", *"abcdef"])
    assert check(raw, read) == []


def test_sentences_hold_no_value():
    read = dictionary(
        row("age", validation="integer", low="18", high="99"),
        row("sex", kind="radio", choices="0, F | 1, M", required="y"),
        row("births", validation="integer", branching="[sex] = '0'"),
        row("double", kind="calc", choices="[age] * 2"),
    )
    raw = table(
        ["record_id", "age", "sex", "births", "double"],
        ["1", "4711", "", "4712", "4713"],
        ["2", "x4711", "4712", "", ""],
    )
    found = check(raw, read)
    assert [value for _one, value in found] == ["4711", "", "4712", "4713", "x4711", "4712"]
    assert all(one.level == "NOTE" and "471" not in one.sentence() for one, _value in found)
    assert sentences(found) == [
        "row 2, column age: a value lies outside the range the data dictionary gives; expected a value from 18 to 99. Correct the value in REDCap, or confirm it.",
        "row 2, column sex: a field that the data dictionary requires is empty; expected a value. Fill in the field, or note why it is empty.",
        "row 2, column births: a field holds a value although its branching logic hides it. Check which of the two answers is right.",
        "row 2, column double: a calculated field holds another value than its formula gives. Let REDCap compute the field again (data quality rule H).",
        "row 3, column age: a value is not of the type the data dictionary asks for; expected a whole number. Correct the value in REDCap.",
        "row 3, column sex: a value is not a choice of the data dictionary; expected one of 0, 1. Correct the value in REDCap.",
    ]


def test_rows_are_numbered_as_in_the_file():
    raw = replace(table(["q"], ["1"], ["x"]), numbers=[7, 12], sheet="Data")
    [(one, value)] = check(raw, dictionary(row("q", validation="integer")))
    assert (one.file, one.sheet, one.row, one.column, value) == ("export.csv", "Data", 12, "q", "x")


# Data quality rules: required and hidden

ASKED = dictionary(
    row("consent", kind="yesno"),
    row("age", required="y"),
    row("why", required="y", branching="[consent] = '0'"),
    row("when", "follow", validation="date_ymd"),
    row("note", "follow", required="y"),
    row("days", "follow", kind="checkbox", choices="1, Mo | 2, Tu", required="y"),
    row("sum", "follow", kind="calc", choices="1 + 1", required="y"),
)
ASKED_COLUMNS = [
    "record_id",
    "consent",
    "age",
    "why",
    "base_complete",
    "when",
    "note",
    "days___1",
    "days___2",
    "follow_complete",
]


@pytest.mark.parametrize(
    ("cells", "missed"),
    [
        (["1", "1", "44", "", "2", "", "", "", "", ""], []),
        (["1", "1", "", "", "2", "", "", "", "", ""], ["age"]),
        (["1", "0", "", "", "2", "", "", "", "", ""], ["age", "why"]),
        # Nothing but the record id and a status that says nothing: the form was not begun.
        (["1", "", "", "", "0", "", "", "0", "0", "0"], []),
        (["1", "", "", "", "", "", "", "", "", ""], []),
        (["1", "", "", "", "2", "", "", "0", "0", "1"], ["age", "note"]),
        (["1", "", "", "", "", "2024-01-01", "", "0", "0", "0"], ["note"]),
        (["1", "", "", "", "", "", "", "0", "1", "0"], ["note"]),
        # A missing data code is an answer.
        (["1", "1", "UNK", "", "2", "UNK", "NI", "", "", ""], []),
    ],
)
def test_required(cells, missed):
    found = check(table(ASKED_COLUMNS, cells), ASKED, missing_codes=["UNK", "NI"])
    assert told(found) == [("required", 2, name, "") for name in missed]


def test_a_form_with_nothing_but_a_calculation_was_not_begun():
    read = dictionary(row("a"), row("b", "follow", required="y"), row("c", "follow", kind="calc", choices="[a] + 1"))
    assert check(table(["record_id", "a", "b", "c"], ["1", "2", "", "3"]), read) == []


def test_hidden():
    read = dictionary(
        row("smokes", kind="yesno"),
        row("packs", branching="[smokes] = '1'"),
        row("kinds", kind="checkbox", choices="1, A | 2, B", branching="[smokes] = '1'"),
        row("cost", kind="calc", choices="[packs] * 7", branching="[smokes] = '1'"),
        row("why", branching="[kinds(2)] = '1'"),
    )
    raw = table(
        ["smokes", "packs", "kinds___1", "kinds___2", "cost", "why"],
        ["1", "2", "1", "0", "14", ""],
        ["0", "2", "1", "0", "14", "x"],
        ["", "", "0", "0", "", ""],
        ["0", "UNK", "0", "1", "", "x"],
    )
    assert told(check(raw, read, missing_codes=["UNK"])) == [
        ("hidden", 3, "packs", "2"),
        ("hidden", 3, "kinds___1", "1"),
        ("hidden", 3, "why", "x"),
        ("hidden", 5, "kinds___2", "1"),
    ]


def test_repeating_instruments_see_the_other_forms_of_the_record():
    read = dictionary(
        row("ward", kind="radio", choices="1, A | 2, B"),
        row("tools", kind="checkbox", choices="1, A | 2, B"),
        row("night", "visit", branching="[ward] = '2'", required="y"),
        row("tool", "visit", branching="[tools(1)] = '1'"),
        row("place", "visit"),
    )
    columns = [
        "record_id",
        "redcap_event_name",
        "redcap_repeat_instrument",
        "ward",
        "tools___1",
        "tools___2",
        "night",
        "tool",
        "place",
    ]
    raw = table(
        columns,
        ["1", "t0", "", "2", "1", "0", "", "", ""],
        ["1", "t0", "visit", "", "0", "0", "yes", "x", "here"],
        ["1", "t0", "visit", "", "", "", "", "", "here"],
        ["1", "t1", "", "1", "0", "0", "", "", ""],
        ["1", "t1", "visit", "", "", "", "yes", "x", "here"],
        ["2", "t1", "visit", "", "", "", "yes", "", "here"],
    )
    assert told(check(raw, read)) == [
        ("required", 4, "night", ""),
        ("hidden", 6, "night", "yes"),
        ("hidden", 6, "tool", "x"),
        ("hidden", 7, "night", "yes"),
    ]


# Data quality rules: calculated fields


def computed(formula, stored, *, missing_codes=(), **cells):
    """Tell whether a stored value passes as what the formula gives."""
    read = dictionary(*(row(name) for name in cells), row("score", kind="calc", choices=formula))
    found = check(table([*cells, "score"], [*cells.values(), stored]), read, missing_codes)
    assert all(one.rule == "dictionary.calculated" and one.column == "score" for one, _value in found)
    return not found


@pytest.mark.parametrize(
    ("formula", "stored", "cells", "passes"),
    [
        ("[a] + [b]", "5", {"a": "2", "b": "3"}, True),
        ("[a] + [b]", "6", {"a": "2", "b": "3"}, False),
        ("[a] + [b]", "", {"a": "2", "b": "3"}, False),
        ("[a] + [b]", "", {"a": "2", "b": ""}, True),
        ("[a] + [b]", "2", {"a": "2", "b": ""}, False),
        ("[a] + [b]", "x", {"a": "2", "b": "3"}, False),
        # A form nobody opened is not computed.
        ("1 + 1", "", {"a": ""}, True),
        ("1 + 1", "", {"a": "x"}, False),
        # As many decimals as were exported, and not more.
        ("[a] / 3", "0.3333333333", {"a": "1"}, True),
        ("[a] / 3", "0,33", {"a": "1"}, True),
        ("[a] / 3", "0.34", {"a": "1"}, False),
        ("[a] / 8", "0.12", {"a": "1"}, True),
        ("[a] / 8", "0.13", {"a": "1"}, True),
        ("[a] / 1000000", "1.0E-5", {"a": "10"}, True),
        ("[a] / 1000000", "3.0E-3", {"a": "10"}, False),
        # REDCap's documentation leaves open what the sum of nothing is.
        ("sum([a], [b])", "0", {"a": "", "b": ""}, True),
        ("sum([a], [b])", "", {"a": "", "b": "", "c": "1"}, True),
        ("10 - sum([a], [b])", "10", {"a": "", "b": ""}, True),
        ("sum([a], [b])", "1", {"a": "", "b": ""}, False),
        ("mean([a], [b])", "0", {"a": "", "b": ""}, False),
        ("if([a] > 1, 'high', 1)", "", {"a": "2"}, True),
    ],
)
def test_calculated(formula, stored, cells, passes):
    assert computed(formula, stored, **cells) is passes


def test_missing_data_codes_and_calculations():
    assert computed("[a] + 1", "UNK", a="1", missing_codes=["UNK"])
    assert computed("mean([a], [b])", "4", a="4", b="-99", missing_codes=["-99"])
    assert computed("[a] + [b]", "", a="4", b="-99", missing_codes=["-99"])
    assert not computed("[a] + [b]", "-95", a="4", b="-99", missing_codes=["-99"])


def test_a_hidden_calculation_may_be_blank():
    read = dictionary(row("a"), row("score", kind="calc", choices="[a] * 2", branching="[a] > 5"))
    assert told(check(table(["a", "score"], ["1", ""], ["1", "2"], ["6", ""], ["1", "3"]), read)) == [
        ("calculated", 4, "score", ""),
        ("calculated", 5, "score", "3"),
    ]


# What is not checked


def unread(*rows, columns=("q", "a")):
    found = check(table(columns, ["1"] * len(columns)), dictionary(*rows))
    assert all(one.rule == "dictionary.unread" and one.row is None and value == "" for one, value in found)
    return sentences(found)


def because(reason):
    return [f"column q: {reason}. Run REDCap's own data quality rules for this field."]


@pytest.mark.parametrize(
    ("field", "reason"),
    [
        (
            row("q", branching="[t0_arm_1][a] = '1'"),
            "the branching logic refers to another event, another instance or a smart variable",
        ),
        (
            row("q", branching="[event-name] = 't0'", required="y"),
            "the branching logic refers to another event, another instance or a smart variable",
        ),
        (row("q", branching="contains([a], 'x')"), "the branching logic uses a function that is not checked here"),
        (row("q", branching="[a] = "), "the branching logic cannot be read"),
        (row("q", branching="[b] = '1'"), "the branching logic refers to a field that is not in this file"),
        (row("q", kind="calc", choices="stdev([a])"), "the formula uses a function that is not checked here"),
        (
            row("q", kind="calc", choices="datediff([a], 'today', 'y')"),
            "the formula depends on the day of the calculation",
        ),
        (
            row("q", kind="calc", choices="[a", branching="[a"),
            "the branching logic cannot be read; the formula cannot be read",
        ),
        (row("q", validation="vmrn"), "the type is not one that is checked here"),
        (row("q", validation="integer", low="[a]"), "the range has no fixed limits"),
        (row("q", kind="slider", high="now"), "the range has no fixed limits"),
    ],
)
def test_what_is_not_checked_is_named_once(field, reason):
    assert unread(field, row("a")) == because(reason)


def test_a_field_that_is_not_in_the_file_is_not_named():
    assert unread(row("q", branching="[b]["), row("a"), columns=("a",)) == []


def test_a_checkbox_field_as_a_whole_has_no_value():
    assert unread(
        row("q", branching="[c] = '1'"), row("c", kind="checkbox", choices="1, A"), columns=("q", "c")
    ) == because("the branching logic refers to a field that is not in this file")


def test_form_status_can_be_referred_to():
    read = dictionary(row("q", branching="[base_complete] = '2'"))
    assert told(check(table(["q", "base_complete"], ["x", "2"], ["x", "0"]), read)) == [("hidden", 3, "q", "x")]


def test_limits_that_move_leave_the_others():
    assert [
        one.rule
        for one, _value in check(table(["q"], ["7"]), dictionary(row("q", validation="integer", low="[a]", high="6")))
    ] == [
        "dictionary.unread",
        "dictionary.range",
    ]


# The language of logic


def value(text, missing=(), **cells):
    expression = parse(text)
    seen = {one: cells.get(f"{one.field}__{one.code}" if one.code else one.field, "") for one in expression.references}
    return expression.value(seen, missing)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("8 - 3 - 2", 3),
        ("8 / 4 / 2", 1),
        ("-2 ^ 2", -4),
        ("(-2)^(2)", 4),
        ("2 ^ -1", 0.5),
        ("2 ^ 3 ^ 2", 512),
        ("(4)^(3)", 64),
        ("2 - -3", 5),
        ("--2", 2),
        (".5 + 1.25", 1.75),
        ("1 + 1 = 2", True),
        ("1 = 1 or 1 = 2 and 1 = 2", True),
        ("(1 = 1 or 1 = 2) and 1 = 2", False),
        ("1 <> 1 OR 2 >= 2 AND 1 != 2", True),
        ("(2 > 1) * 3 + (1 > 2) * 5", 3),
        ("if(1 > 2, 1, if(2 > 1, 'b', 'c'))", "b"),
        ("if (1 = 1 and (2 = 2 or 3 = 4), 5, 'NaN')", 5),
        ("sum(1, 2, '', 4)", 7),
        ("mean(1, '', 4)", 2.5),
        ("median(5, 1, 3, '')", 3),
        ("median(4, 1)", 2.5),
        ("min(3, '', 1)", 1),
        ("max(3, 'x', 1)", 3),
        ("round(14.384, 1)", 14.4),
        ("round(2.675, 2)", 2.68),
        ("round(2.5)", 3),
        ("round(-2.5)", -3),
        ("round(1234, -2)", 1200),
        ("roundup(14.31, 1)", 14.4),
        ("rounddown(14.384, 1)", 14.3),
        ("rounddown(0.1 + 0.2, 1)", 0.3),
        ("round(1.5, 400)", 1.5),
        ("abs(-7.1)", 7.1),
        ("sqrt(16)", 4),
        ("isblankormissingcode('')", True),
        ("true", True),
        ("# a remark with 'quotes\n1 + 1 = 2\n  // another (one", True),
        ('"it\'s" = "it\'s"', True),
    ],
)
def test_formulas(text, expected):
    assert value(text) == expected
    assert isinstance(value(text), bool) is isinstance(expected, bool)


@pytest.mark.parametrize(
    "text",
    [
        "1 / 0",
        "0 ^ -1",
        "(-8) ^ 0.5",
        "9 ^ 9 ^ 9",
        "sqrt(-1)",
        "1 + 'x'",
        "'' + 1",
        "-''",
        "'NaN'",
        "''",
        "mean('')",
        "sum('')",
        "round('', 1)",
        "round(1, 0.5)",
        "abs('x')",
        "9" * 400,
        "1" + "0" * 308 + " * 10",
    ],
)
def test_what_cannot_be_computed_is_blank(text):
    assert value(text) is None


@pytest.mark.parametrize(
    ("text", "cells", "expected"),
    [
        ("[a] = ''", {}, True),
        ('[a] = ""', {"a": "0"}, False),
        ("[a] = 'NaN'", {}, True),
        ("[a] <> ''", {}, False),
        ("[a] <> ''", {"a": "x"}, True),
        ("[a] = 0", {}, False),
        ("[a] <> 0", {}, True),
        ("[a] = '0'", {"a": "0"}, True),
        ("[a] = 1", {"a": "1.0"}, True),
        ("[a] = '1'", {"a": "01"}, True),
        ("[a] = 'Yes'", {"a": "yes"}, False),
        ("[a] < 18", {}, False),
        ("[a] >= 0", {}, False),
        ("[a] > 9", {"a": "10"}, True),
        ("[a] > '9'", {"a": "10"}, True),
        ("[a] > 9", {"a": "ten"}, False),
        ("[a] < [b]", {"a": "2024-01-31", "b": "2024-02-01"}, True),
        ("[a] <= [b]", {"a": "2024-02-01", "b": "2024-02-01"}, True),
        ("[a] = [b]", {}, True),
        ("[A] = 1", {"a": "1"}, True),
        ("[ c ( 2 ) ] = '1'", {"c__2": "1"}, True),
        ("[a] + 1 > 2", {"a": "1,5"}, True),
        ("[a]", {"a": "0"}, False),
        ("[a]", {"a": "3"}, True),
        ("[a]", {}, False),
    ],
)
def test_conditions(text, cells, expected):
    assert holds(value(text, **cells)) is expected


def test_missing_data_codes_in_logic():
    codes = frozenset(["UNK", "-99"])
    assert value("[a] = 'UNK'", codes, a="UNK") is True
    assert value("[a] = -99", codes, a="-99") is True
    assert value("[a] = ''", codes, a="UNK") is False
    assert value("[a] < 5", codes, a="-99") is False
    assert value("[a] + 1", codes, a="-99") is None
    assert value("isblankormissingcode([a])", codes, a="UNK") is True
    assert value("isblankormissingcode([a]) = false", codes, a="7") is True


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("datediff([a], [b], 'd')", 366),
        ("datediff([b], [a], 'd')", 366),
        ("datediff([b], [a], 'd', true)", -366),
        ("datediff([a], [b], 'd', 'ymd', TRUE)", 366),
        ("datediff([a], [b], 'd', 'dmy')", 366),
        ('datediff([a], "2024-01-02", "d")', 1),
        ("datediff([a], [b], 'y')", 366 / 365.2425),
        ("datediff([a], [b], 'M', 'mdy', false)", 366 / 30.44),
        ("rounddown(datediff([a], [b], 'y'), 0)", 1),
        ("datediff([t], [u], 'd')", 0.5),
        ("datediff([a], [t], 'd')", None),
        ("datediff([a], [blank], 'd')", None),
        ("datediff([a], [odd], 'd')", None),
    ],
)
def test_datediff(text, expected):
    cells = {
        "a": "2024-01-01",
        "b": "2025-01-01",
        "t": "2024-01-01 06:00",
        "u": "2024-01-01 18:00",
        "odd": "2024-02-30",
    }
    assert value(text, **cells) == (None if expected is None else pytest.approx(expected, abs=1e-12))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "cannot be read"),
        ("   ", "cannot be read"),
        ("1 +", "cannot be read"),
        ("* 2", "cannot be read"),
        ("(1", "cannot be read"),
        ("1)", "cannot be read"),
        ("1 2", "cannot be read"),
        ("[a] = yes", "cannot be read"),
        ("[a] = 'x", "cannot be read"),
        ("[a] == 1", "cannot be read"),
        ("[a] = 1 = 1", "cannot be read"),
        ("not [a]", "cannot be read"),
        ("[a] && [b]", "cannot be read"),
        ("[a] = ‘1’", "cannot be read"),
        ("if(1, 2)", "cannot be read"),
        ("sqrt(1, 2)", "cannot be read"),
        ("sum()", "cannot be read"),
        ("datediff([a], [b], 'd', 'ymd', true, 1)", "cannot be read"),
        ("datediff([a], [b], 'd', 'dym')", "cannot be read"),
        ("datediff([a], [b], 'd', true, 'ymd')", "cannot be read"),
        ("(" * 200 + "1" + ")" * 200, "cannot be read"),
        ("-" * 5000 + "1", "cannot be read"),
        ("(" * 60 + "1" + "*1+1=1 and 1 or 1)" * 60, "cannot be read"),
        ("[baseline_arm_1][a] = 1", "refers to another event, another instance or a smart variable"),
        ("[a][2] = 1", "refers to another event, another instance or a smart variable"),
        ("([a][current-instance] = 1)", "refers to another event, another instance or a smart variable"),
        ("[user-name] = 'x'", "refers to another event, another instance or a smart variable"),
        ("[a:label] = 'x'", "refers to another event, another instance or a smart variable"),
        ("[]", "refers to another event, another instance or a smart variable"),
        ("stdev([a], [b])", "uses a function that is not checked here"),
        ("SUM([a], [b])", "uses a function that is not checked here"),
        ("__import__('os')", "uses a function that is not checked here"),
        ("datediff([a], [b], 'h')", "uses a function that is not checked here"),
        ("datediff([a], [b], [unit])", "uses a function that is not checked here"),
        ("datediff([a], '31-12-2024', 'd', 'dmy')", "uses a function that is not checked here"),
        ("datediff('today', [a], 'd')", "depends on the day of the calculation"),
        ("datediff([a], 'NOW', 'h')", "depends on the day of the calculation"),
    ],
)
def test_what_is_refused(text, reason):
    with pytest.raises(LogicError) as fault:
        parse(text)
    assert str(fault.value) == reason


def test_long_and_nested_formulas_are_read():
    assert value(" + ".join(["1"] * 3000)) == 3000
    assert value(" or ".join(["1 = 2"] * 3000)) is False
    assert value("if(1 = 2, 0, " * 80 + "7" + ")" * 80) == 7


def test_references_and_functions_are_listed():
    expression = parse("if([b] > 1, sum([a], [c(2)]), round([b]))")
    assert expression.references == (Reference("b"), Reference("a"), Reference("c", "2"))
    assert expression.functions == {"if", "sum", "round"}


def test_only_the_branch_taken_is_computed():
    assert value("if([a] = '', 0, 1 / [a])") == 0


@pytest.mark.parametrize(
    ("text", "expected"), [("1,5", 1.5), ("1.", 1.0), ("", None), ("nan", None), ("1e999", None), ("0x1", None)]
)
def test_numbers(text, expected):
    assert number(text) == expected


PIECES = [
    "[a]",
    "[b(1)]",
    "[e][a]",
    "1",
    "2.5",
    "'x'",
    "''",
    "and",
    "or",
    "if",
    "sum",
    "datediff",
    "true",
    *"()+-*/^=<>,[]' \n#",
]


@repeated
@given(
    st.one_of(
        st.text(),
        st.lists(st.sampled_from(PIECES), max_size=30).map("".join),
        st.lists(st.sampled_from(PIECES), max_size=30).map(" ".join),
    ),
    st.sampled_from(["", "0", "3", "x", "2024-01-01", "-99"]),
)
def test_any_text_is_read_or_refused(text, cell):
    try:
        expression = parse(text)
    except LogicError:
        return
    cells = dict.fromkeys(expression.references, cell)
    assert isinstance(expression.value(cells, frozenset(["-99"])), float | str | bool | None)


def _python(text):
    """Compute the same text as Python does; what Python refuses is blank."""
    try:
        result = eval(text.replace("^", "**"))
    except (ArithmeticError, TypeError):
        return None
    return result if isinstance(result, float) else None


OPERANDS = st.recursive(
    st.sampled_from(["0.0", "1.0", "2.0", "3.0", "0.5", "7.25"]),
    lambda inner: st.one_of(
        inner.map("({})".format),
        inner.map("-{}".format),
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "^", " - ", " * "]), inner).map("".join),
    ),
    max_leaves=12,
)


@repeated
@given(OPERANDS)
def test_arithmetic_agrees_with_python(text):
    expected = _python(text)
    assert value(text) == (None if expected is None else pytest.approx(expected, rel=1e-12))


COMPARISONS = st.tuples(OPERANDS, st.sampled_from(["<", ">", "<=", ">=", "=", "<>"]), OPERANDS).filter(
    lambda one: _python(one[0]) is not None and _python(one[2]) is not None
)


@repeated
@given(st.lists(st.tuples(COMPARISONS, st.sampled_from([" and ", " or ", " AND ", " Or "])), min_size=1, max_size=5))
def test_conditions_agree_with_python(parts):
    words = [piece for (left, sign, right), joint in parts for piece in (joint, left, sign, right)][1:]
    python = "".join({"=": "==", "<>": "!="}.get(one, one.lower()) for one in words)
    assert value("".join(words)) is eval(python.replace("^", "**"))
