"""Layouts: the same answers come out of every one, at the place a spreadsheet shows, and no wave is guessed."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from piloteval.config import read_instruments
from piloteval.intake.layout import Wording, lay_out, patterns, wanted
from piloteval.intake.questionnaires import read_questionnaires
from piloteval.intake.tabular import PLAIN, RawTable
from study import ROOT, SETTINGS, source

repeated = settings(max_examples=40, deadline=None, derandomize=True, database=None)
INSTRUMENTS = read_instruments([str(ROOT / "config/instruments/brs.yaml"), str(ROOT / "config/instruments/who5.yaml")])
BRS, WHO5 = INSTRUMENTS["brs"], INSTRUMENTS["who5"]

#: Two questions are enough to see where they go.
TWO = replace(BRS, items=("brs_1", "brs_2"))
OTHER = replace(WHO5, items=("who5_1",))


def raw(header, *rows, dialect="plain", **export):
    """Return a table; header and rows are written with blanks between cells, and a dot for an empty cell."""

    def cells(line):
        return [("" if cell == "." else cell) for cell in (line.split() if isinstance(line, str) else line)]

    export = replace(PLAIN, dialect=dialect, **export)
    rows = [cells(row) for row in rows]
    return RawTable("q.csv", "", cells(header), rows, list(range(2, 2 + len(rows))), export=export)


def laid(table, *asked, wave="", site="", **said):
    """Lay a table out; ``said`` is what the study says besides :data:`SETTINGS`."""
    wording = Wording.of({**SETTINGS, **said})
    return lay_out(table, source("q.csv", name="q", wave=wave, site=site), list(asked) or [TWO], wording)


def entries(layout):
    assert not [one for one in layout.problems if one.level == "STOP"]
    return [(one.person, one.wave, *one.cells) for one in layout.entries]


def told(layout):
    return [one.sentence() for one in layout.problems]


def stopped(layout):
    """Return the sentences of a layout that stops, which has no entries."""
    assert layout.entries == []
    assert {one.level for one in layout.problems} == {"STOP"}
    return told(layout)


# Where the wave comes from


def test_wave_of_the_sheet_holds_for_all_rows():
    layout = laid(raw("participant brs_1 brs_2", "P1 1 2", "P2 3 ."), wave="post")
    assert entries(layout) == [("P1", "post", "1", "2"), ("P2", "post", "3", "")]
    assert [(one.row, one.rows, one.column) for one in layout.entries] == [(2, None, ""), (3, None, "")]
    assert (layout.shape, layout.person_column, layout.problems) == ("a row a person", "participant", [])


def test_wave_of_a_column_is_found_by_id_name_and_other_spelling():
    table = raw(
        ["Participant", "WAVE", "brs_1", "brs_2"], "P1 pre 1 2", "P1 POST 3 4", ["P2", "second  round", "5", "5"]
    )
    layout = laid(table, wave_names={"Second round": "post"})
    assert entries(layout) == [("P1", "pre", "1", "2"), ("P1", "post", "3", "4"), ("P2", "post", "5", "5")]
    assert layout.column(layout.entries[0], "brs_2") == "brs_2"
    assert layout.problems == []


def test_event_of_the_platform_is_a_wave_column():
    table = raw("record_id redcap_event_name brs_1 brs_2", "P1 t0_arm_1 1 2", wave_columns=("redcap_event_name",))
    layout = laid(table, participant_column="record_id", wave_names={"t0_arm_1": "pre"})
    assert entries(layout) == [("P1", "pre", "1", "2")]
    assert layout.problems == []


def test_column_of_the_study_comes_before_that_of_the_platform():
    table = raw("participant event wave brs_1 brs_2", "P1 x pre 1 2", wave_columns=("event",))
    layout = laid(table)
    assert entries(layout) == [("P1", "pre", "1", "2")]
    assert layout.problems == []


def test_unknown_wave_sets_the_row_aside():
    layout = laid(raw("participant wave brs_1 brs_2", "P1 pre 1 2", "P2 later 3 4", "P3 . 5 5"))
    assert entries(layout) == [("P1", "pre", "1", "2")]
    assert [(one.sentence(), value) for one, value in layout.aside] == [
        (
            f"q.csv, row {row}, column wave: the wave of a row is none of the study's. Correct the cell, or name it in "
            "`inputs.wave_names`; null there means that it is no wave of the study. (row set aside)",
            value,
        )
        for row, value in ((3, "later"), (4, ""))
    ]


def test_row_of_another_wave_than_the_sheet_names_is_set_aside():
    lines = ["P1 pre 1 2", "P2 post 3 4", "P3 T0 5 5", "P4 . 5 5"]
    layout = laid(raw("participant wave brs_1 brs_2", *lines), wave="pre")
    assert entries(layout) == [("P1", "pre", "1", "2"), ("P4", "pre", "5", "5")]
    (found, value), (_unknown, other) = layout.aside
    assert (value, other) == ("post", "T0")
    assert found.sentence() == (
        "q.csv, row 3, column wave: the wave is another one than the landing sheet names. Correct the cell, or leave "
        "`wave` empty in the landing sheet. (row set aside)"
    )


def test_no_word_about_the_wave_stops():
    assert stopped(laid(raw("participant brs_1 brs_2", "P1 1 2"))) == [
        "q.csv: neither the sheet nor a column says which wave the answers belong to. Fill in `wave` in the sheet, or "
        "name the column in `inputs.wave_column`."
    ]


# Waves in the names of columns


@pytest.mark.parametrize("form", ["{i}_{w}", "{i}.{w}", "{i} {w}", "{w}_{i}", "{w}.{i}", " {i}  {w} ", "{W}_{I}"])
def test_waves_in_names_need_no_pattern(form):
    header = [
        form.format(i=item, w=wave, I=item.upper(), W=wave.upper()) for item in TWO.items for wave in ("post", "pre")
    ]
    layout = laid(raw(["participant", *header], "P1 3 1 4 2"))
    assert entries(layout) == [("P1", "pre", "1", "2"), ("P1", "post", "3", "4")]
    assert layout.shape == "a row a person, waves in columns"
    assert [layout.column(one, "brs_2") for one in layout.entries] == [header[3], header[2]]
    assert layout.problems == []


def test_own_pattern_with_another_name_of_the_wave():
    other = replace(TWO, columns={"any": ["T{wave}: question {nn}"]})
    header = ["participant", "t0: Question 01", "T0:  question 02", "T1: question 01", "T1: question 02"]
    layout = laid(raw(header, "P1 1 2 3 4"), other, wave_names={"0": "pre", "1": "post"})
    assert entries(layout) == [("P1", "pre", "1", "2"), ("P1", "post", "3", "4")]


def test_who_left_a_wave_out_did_not_take_part_in_it():
    header = "participant brs_1_pre brs_2_pre brs_1_post brs_2_post"
    layout = laid(raw(header, "P1 1 2 . .", "P2 . . 3 .", "P3 . . . .", "P4 1 2 3 4"))
    assert entries(layout) == [
        ("P1", "pre", "1", "2"),
        ("P2", "post", "3", ""),
        ("P3", "pre", "", ""),
        ("P4", "pre", "1", "2"),
        ("P4", "post", "3", "4"),
    ]
    assert [one.row for one in layout.entries] == [2, 3, 4, 5, 5]


def test_row_without_answers_takes_its_wave_from_the_column():
    """Longitudinal REDCap with a variable a wave: each event has a row, and most cells of it are empty."""
    header = "participant wave brs_1_pre brs_2_pre brs_1_post brs_2_post"
    layout = laid(raw(header, "P1 pre 1 2 . .", "P1 post . . 3 4", "P2 post . . . .", "P3 intake . . . ."))
    assert entries(layout) == [("P1", "pre", "1", "2"), ("P1", "post", "3", "4"), ("P2", "post", "", "")]
    assert [(one.rule, one.row, value) for one, value in layout.aside] == [("wave.value", 5, "intake")]


def test_column_missing_in_one_wave():
    assert stopped(laid(raw("participant brs_1_pre brs_2_pre brs_1_post", "P1 1 2 3"))) == [
        "q.csv, row 1, column brs_2: the column is missing for the wave post. Add the column, or correct its name."
    ]


def test_name_without_a_wave_beside_names_with_one():
    layout = laid(raw("participant brs_1 brs_2 brs_1_post brs_2_post", "P1 1 2 3 4"))
    assert stopped(layout) == [
        f"q.csv, row 1, column {item}: the column names no wave, and others do. Write the wave into its name."
        for item in TWO.items
    ]


def test_instrument_of_one_wave_is_not_taken_for_both():
    layout = laid(raw("participant brs_1_pre brs_2_pre brs_1_post brs_2_post who5_1", "P1 1 2 3 4 5"), TWO, OTHER)
    assert [(one.rule, one.column) for one in layout.problems] == [
        ("wave.unknown", "who5_1"),
    ]
    assert layout.entries == []


def test_sheet_chooses_one_wave_of_a_wide_file():
    layout = laid(raw("participant brs_1_pre brs_2_pre brs_1_post brs_2_post", "P1 1 2 3 4", "P2 . . 3 4"), wave="pre")
    assert entries(layout) == [("P1", "pre", "1", "2"), ("P2", "pre", "", "")]
    assert told(layout) == [
        f"q.csv, row 1, column {name}: the column belongs to another wave than the landing sheet names. Nothing to do; "
        "if it is needed, add it to the configuration. (left out)"
        for name in ("brs_1_post", "brs_2_post")
    ]
    assert layout.column(layout.entries[0], "brs_1") == "brs_1_pre"


def test_sheet_names_the_wave_of_names_without_one():
    layout = laid(raw("participant brs_1 brs_2 brs_1_post brs_2_post", "P1 1 2 3 4"), wave="pre")
    assert entries(layout) == [("P1", "pre", "1", "2")]
    assert [one.column for one in layout.problems] == ["brs_1_post", "brs_2_post"]


def test_name_with_and_without_the_wave_of_the_sheet():
    assert stopped(laid(raw("participant brs_1 brs_2 brs_1_pre", "P1 1 2 3"), wave="pre")) == [
        "q.csv, row 1, column brs_1_pre: the columns `brs_1` and `brs_1_pre` are the same item in the same wave. Remove "
        "one of the two columns, or make the instrument's `columns` patterns narrower."
    ]


def test_sheet_names_a_wave_that_a_wide_file_has_not():
    layout = laid(raw("participant brs_1_post brs_2_post", "P1 3 4"), wave="pre")
    assert layout.entries == []
    assert [one.sentence() for one in layout.problems if one.level == "STOP"] == [
        f"q.csv, row 1, column {item}: the column is missing for the wave pre. Add the column, or correct its name."
        for item in TWO.items
    ]


# Patterns of columns


@pytest.mark.parametrize(
    ("form", "header"),
    [
        ("Q{n}", ["Q1", "q2"]),
        ("v_{nn}", ["v_01", "V_02"]),
        ("G01Q02[SQ{nnn}]", ["G01Q02[SQ001]", "G01Q02[SQ002]"]),
        ("x_{item}", ["x_brs_1", "X_BRS_2"]),
        ("brs question {n}", ["BRS  Question 1", "brs question 2"]),
    ],
)
def test_number_and_id_in_a_pattern(form, header):
    layout = laid(raw(["participant", *header], "P1 1 2"), replace(TWO, columns={"any": [form]}), wave="pre")
    assert entries(layout) == [("P1", "pre", "1", "2")]
    assert layout.column(layout.entries[0], "brs_2") == header[1]


def test_a_platform_has_its_own_patterns_beside_those_of_any():
    both = replace(TWO, columns={"redcap": ["r{n}"], "any": ["a{n}"], "qualtrics": ["q{n}"]})
    assert entries(laid(raw("participant r1 a2", "P1 1 2", dialect="redcap"), both, wave="pre")) == [
        ("P1", "pre", "1", "2")
    ]
    layout = laid(raw("participant r1 q2", "P1 1 2", dialect="redcap"), both, wave="pre")
    assert [(one.rule, one.column) for one in layout.problems] == [("table.no-column", "brs_2")]


@pytest.mark.parametrize(("dialect", "family"), [("redcap_labels", "redcap"), ("limesurvey_texts", "limesurvey")])
def test_two_exports_of_a_platform_share_its_patterns(dialect, family):
    one = replace(TWO, columns={family: ["r{n}"]})
    assert entries(laid(raw("participant r1 r2", "P1 1 2", dialect=dialect), one, wave="pre"))


def test_header_of_each_item():
    texts = {"brs_1": "I bounce back.", "brs_2": ["I  struggle.", "I have a hard time."]}
    one = replace(TWO, columns={"any": texts})
    for second in ("i struggle.", "I have a hard time."):
        layout = laid(raw(["participant", second, "I bounce back."], "P1 2 1"), one, wave="pre")
        assert entries(layout) == [("P1", "pre", "1", "2")]


def test_a_mapping_may_leave_items_to_their_ids():
    layout = laid(raw("participant q1 brs_2", "P1 1 2"), replace(TWO, columns={"any": {"brs_1": "Q1"}}), wave="pre")
    assert entries(layout) == [("P1", "pre", "1", "2")]


def test_two_columns_of_an_item():
    layout = laid(raw("participant brs_1 brs_2 Q1", "P1 1 2 3"), replace(TWO, columns={"any": ["Q{n}"]}), wave="pre")
    assert stopped(layout) == [
        "q.csv, row 1, column Q1: the columns `brs_1` and `Q1` are the same item in the same wave. Remove one of the two "
        "columns, or make the instrument's `columns` patterns narrower."
    ]


def test_column_of_two_items():
    table = raw("participant brs_1 brs_2 who5_1 q1", "P1 1 2 3 4")
    layout = laid(table, *(replace(one, columns={"any": ["q{n}"]}) for one in (TWO, OTHER)), wave="pre")
    assert stopped(layout) == [
        "q.csv, row 1, column q1: the column fits several items of the study. Remove one of the two columns, or make the "
        "instrument's `columns` patterns narrower."
    ]


def test_headers_that_are_asked_for():
    own = replace(TWO, columns={"redcap": ["R{nn}"], "any": {"brs_2": "Two"}, "qualtrics": ["{wave}: {n}"]})
    names = wanted([own], Wording.of(SETTINGS))
    assert {"r01", "two", "pre: 1", "post.brs_1", "brs_2", "participant", "completed_on"} <= names
    assert patterns(own, "redcap", {"pre": "pre"})["r02"] == {("brs_2", "")}
    assert "pre: 1" not in patterns(own, "redcap", {"pre": "pre"})


# Columns beside the answers


def test_capital_letters_and_blanks_in_headers_make_no_difference():
    table = raw([" Participant", "BRS_1", "brs_2", "Completed_On"], ["P1", "1", "2", "2026-03-01"])
    layout = laid(table, wave="pre")
    assert entries(layout) == [("P1", "pre", "1", "2")]
    assert layout.person_column == " Participant"
    assert layout.entries[0].date == "2026-03-01"


def test_the_first_name_of_the_participant_that_is_there_counts():
    table = raw("code brs_1 brs_2 id", "P1 1 2 77")
    layout = laid(table, wave="pre", participant_column=["participant", "code", "id"])
    assert entries(layout) == [("P1", "pre", "1", "2")]
    assert (layout.person_column, layout.problems) == ("code", [])


def test_participant_column_is_missing():
    assert stopped(laid(raw("brs_1 brs_2", "1 2"), wave="pre")) == [
        "q.csv, row 1, column participant: the column is missing. Add the column, or correct its name."
    ]
    assert stopped(laid(raw("ResponseId brs_1 brs_2", "R 1 2", id_columns=("ResponseId",)), wave="pre")) == [
        "q.csv, row 1, column participant: the column is missing. If `ResponseId` holds the participant's id, name it in "
        "`inputs.participant_column`."
    ]


@pytest.mark.parametrize("participant", ["participant", None])
def test_table_without_a_header(participant):
    layout = laid(raw("P1 4 3", "P2 2 5"), wave="pre", participant_column=participant)
    assert stopped(layout) == [
        "q.csv, row 1: none of the columns needed is in the first row. Put the header into the first row, or correct the "
        "file's row in the landing sheet."
    ]


def test_anonymous_rows_are_named_by_file_and_row():
    layout = laid(raw("brs_1_pre brs_2_pre brs_1_post brs_2_post", "1 2 3 4", "5 5 . ."), participant_column=None)
    assert entries(layout) == [("q#2", "pre", "1", "2"), ("q#2", "post", "3", "4"), ("q#3", "pre", "5", "5")]
    assert layout.person_column == ""


def test_site_of_the_sheet_fills_gaps_and_is_not_contradicted():
    table = raw("participant site brs_1 brs_2", "P1 be1 1 2", "P2 . 3 4")
    assert [one.site for one in laid(table, wave="pre").entries] == ["be1", ""]
    layout = laid(table, wave="pre", site="at1")
    assert [(one.person, one.site) for one in layout.entries] == [("P2", "at1")]
    ((found, value),) = layout.aside
    assert (found.rule, found.row, found.column, value) == ("site.other", 2, "site", "be1")
    assert [one.site for one in laid(table, wave="pre", site_column="clinic").entries] == ["", ""]


def test_date_of_the_study_comes_before_that_of_the_platform():
    table = raw("participant submitted day brs_1 brs_2", "P1 2026-03-02 2026-03-01 1 2", date_columns=("submitted",))
    for name, date in (("day", "2026-03-01"), ("completed_on", "2026-03-02")):
        layout = laid(table, wave="pre", date_column=name)
        assert [one.date for one in layout.entries] == [date]
    assert (layout.date_column, [one.column for one in layout.problems]) == ("submitted", ["day"])


def test_dates_of_waves_stand_in_columns_of_their_own():
    header = "participant completed_on post_completed_on completed_on_pre brs_1_pre brs_2_pre brs_1_post brs_2_post"
    layout = laid(raw(header, "P1 2026-01-01 2026-06-01 2026-03-01 1 2 3 4"))
    assert [(one.wave, one.date) for one in layout.entries] == [("pre", "2026-03-01"), ("post", "2026-06-01")]
    assert layout.date_column == "completed_on_pre, post_completed_on"
    assert layout.problems == []
    layout = laid(raw(header, "P1 2026-01-01 2026-06-01 2026-03-01 1 2 3 4"), wave="post")
    assert [(one.wave, one.date) for one in layout.entries] == [("post", "2026-06-01")]
    assert layout.date_column == "post_completed_on"


def test_date_that_names_no_wave_is_that_of_none():
    layout = laid(raw("participant completed_on brs_1_pre brs_2_pre brs_1_post brs_2_post", "P1 2026-03-01 1 2 3 4"))
    assert [(one.wave, one.date) for one in layout.entries] == [("pre", ""), ("post", "")]
    assert (layout.date_column, layout.problems) == ("", [])


def test_column_nobody_asked_for_is_named():
    header = "participant brs_1 brs_2 remarks shift Seed"
    layout = laid(raw(header, "P1 1 2 x night 7", technical=frozenset({"Seed"})), wave="pre", other_columns=["Shift"])
    assert told(layout) == [
        "q.csv, row 1, column remarks: the study does not know this column. Nothing to do; if it is needed, add it to the "
        "configuration. (left out)"
    ]


def test_column_of_the_version_is_known():
    layout = laid(raw("participant brs_version brs_1 brs_2", "P1 2008 1 2"), wave="pre")
    assert layout.problems == []


@pytest.mark.parametrize(
    ("columns", "header", "unknown"),
    [
        ({}, "participant brs_1 brs_2 brs_3", ["brs_3"]),
        ({}, "participant brs_1_pre brs_2_pre BRS_07_pre", ["BRS_07_pre"]),
        ({"any": ["G1[SQ{nnn}]"]}, "participant G1[SQ001] G1[SQ002] G1[SQ003] G2[SQ001]", ["G1[SQ003]"]),
    ],
)
def test_items_of_another_version_are_named(columns, header, unknown):
    width = len(header.split()) - 1
    layout = laid(raw(header, ["P1", *["1"] * width]), replace(TWO, columns=columns), wave="pre")
    assert len(layout.entries) == 1
    assert [one.sentence() for one in layout.problems if one.rule == "instrument.items"] == [
        f"q.csv, row 1, column {name}: a file has items of the instrument that the instrument file does not know. Check "
        "which version was used; the items are left out. (left out)"
        for name in unknown
    ]


def test_items_without_numbers_have_no_relatives():
    one = replace(TWO, items=("calm", "tense"))
    layout = laid(raw("participant calm tense calm_3", "P1 1 2 3"), one, wave="pre")
    assert [one.rule for one in layout.problems] == ["table.extra-column"]


TOTAL = "a column holds the sum or the mean of other columns; it is left out"


@pytest.mark.parametrize(
    ("cells", "is_total"),
    [
        (("3", "7", "10"), True),
        (("1.5", "3,5", "5"), True),
        (("3", "", "10"), False),
        (("3", "7", "11"), False),
        (("3", "7", "x"), False),
        (("", "", ""), False),
    ],
)
def test_column_of_sums_or_means_of_the_items(cells, is_total):
    rows = [
        [str(100 + place), *row, cell] for place, (row, cell) in enumerate(zip(("12", "34", "55"), cells, strict=True))
    ]
    (found,) = laid(raw("participant brs_1 brs_2 score", *rows), wave="pre").problems
    assert (found.rule == "table.total-column", found.column) == (is_total, "score")
    assert (found.found == TOTAL) is is_total


def test_a_sum_may_be_empty_where_an_answer_is():
    rows = ["P1 1 2 3", "P2 1 . .", "P3 5 5 10", "P4 . . 0", "P5 2 2 4"]
    (found,) = laid(raw("participant brs_1 brs_2 score", *rows), wave="pre").problems
    assert found.sentence() == (
        f"q.csv, row 1, column score: {TOTAL}. Nothing to do; scores are always computed from the items. (left out)"
    )


def test_sums_are_those_of_one_instrument_in_one_wave():
    header = "participant brs_1_pre brs_2_pre who5_1_pre brs_1_post brs_2_post who5_1_post brs_pre brs_post both"
    rows = ["P1 1 2 3 4 5 1 3 9 6", "P2 2 2 0 3 3 1 4 6 4", "P3 5 1 2 1 1 1 6 2 8"]
    layout = laid(raw(header, *rows), TWO, OTHER)
    assert [(one.rule, one.column) for one in layout.problems] == [
        ("table.total-column", "brs_pre"),
        ("table.total-column", "brs_post"),
        ("table.extra-column", "both"),
    ]


def test_instruments_may_share_a_file():
    layout = laid(raw("participant who5_1 brs_2 brs_1", "P1 5 2 1"), TWO, OTHER, wave="pre")
    assert [(one.id, item) for one, item in layout.items] == [("brs", "brs_1"), ("brs", "brs_2"), ("who5", "who5_1")]
    assert entries(layout) == [("P1", "pre", "1", "2", "5")]


def test_an_instrument_of_one_item():
    assert entries(laid(raw("participant who5_1", "P1 5"), OTHER, wave="pre")) == [("P1", "pre", "5")]


# A row an answer


def test_answers_in_rows_are_gathered():
    rows = ["P1 pre brs_2 2", "P2 pre brs_1 3", "P1 pre BRS_1 1", "P1 post brs_1 4", "P1 post brs_2 ."]
    layout = laid(raw("participant wave item answer", *rows))
    assert entries(layout) == [("P1", "pre", "1", "2"), ("P2", "pre", "3", ""), ("P1", "post", "4", "")]
    assert [(one.row, one.rows) for one in layout.entries] == [(2, (4, 2)), (3, (3, 3)), (5, (5, 6))]
    assert [layout.column(one, "brs_1") for one in layout.entries] == ["answer"] * 3
    assert (layout.shape, layout.person_column, layout.problems) == ("a row an answer", "participant", [])


def test_waves_in_the_names_of_items_in_rows():
    rows = ["P1 brs_1_pre 1", "P1 brs_2.pre 2", "P1 post_brs_1 3", "P1 post_brs_2 4"]
    assert entries(laid(raw("participant item answer", *rows))) == [("P1", "pre", "1", "2"), ("P1", "post", "3", "4")]


def test_items_in_rows_by_a_pattern_and_columns_by_other_names():
    rows = ["P1 1 1", "P1 2 2"]
    layout = laid(
        raw("pid Question Value", *rows),
        replace(TWO, columns={"any": ["{n}"]}),
        wave="pre",
        participant_column="pid",
        item_column=["item", "question"],
        answer_column="value",
    )
    assert entries(layout) == [("P1", "pre", "1", "2")]
    assert layout.column(layout.entries[0], "brs_1") == "Value"


def test_site_and_date_of_answers_in_rows():
    rows = ["P1 be1 2026-03-01 brs_1 1", "P1 be1 2026-03-02 brs_2 2", "P2 be2 2026-03-03 brs_1 3", "P2 be2 . brs_2 3"]
    layout = laid(raw("participant site completed_on item answer", *rows), wave="pre")
    assert [(one.person, one.site, one.date) for one in layout.entries] == [
        ("P1", "be1", "2026-03-02"),
        ("P2", "be2", "2026-03-03"),
    ]
    assert layout.date_column == "completed_on"
    layout = laid(raw("participant site item answer", "P1 be1 brs_1 1", "P2 . brs_1 1"), wave="pre", site="at1")
    assert [(one.person, one.site) for one in layout.entries] == [("P2", "at1")]
    assert [(found.rule, value) for found, value in layout.aside] == [("site.other", "be1")]


def test_event_that_is_no_wave_is_left_out_and_counted():
    names = {"enrol": None, "T0": "pre"}
    for table in (
        raw("participant wave brs_1 brs_2", "P1 enrol . .", "P1 T0 1 2"),
        raw("participant wave item answer", "P1 enrol brs_1 .", "P1 T0 brs_1 1", "P1 T0 brs_2 2"),
    ):
        layout = laid(table, wave_names=names)
        assert entries(layout) == [("P1", "pre", "1", "2")]
        assert [(one.rule, one.level) for one in layout.problems] == [("table.other-row", "NOTE")]
        assert layout.aside == []


def test_row_of_a_repeating_form_is_no_second_questionnaire():
    table = raw("participant redcap_repeat_instrument brs_1 brs_2", "P1 . 1 2", "P1 events . .")
    layout = laid(table, wave="pre")
    assert entries(layout) == [("P1", "pre", "1", "2")]
    assert [one.rule for one in layout.problems] == ["table.other-row"]


def test_second_answer_to_an_item_begins_a_second_questionnaire():
    rows = ["P1 brs_1 1", "P1 brs_2 2", "P1 brs_1 3", "P2 brs_1 5", "P1 brs_2 4"]
    layout = laid(raw("participant item answer", *rows), wave="pre")
    assert entries(layout) == [("P1", "pre", "1", "2"), ("P1", "pre", "3", "4"), ("P2", "pre", "5", "")]
    assert [one.rows for one in layout.entries] == [(2, 3), (4, 6), (5, 5)]


def test_person_twice_in_rows_is_set_aside_as_in_any_layout(tmp_path):
    lines = [("participant", "item", "answer")]
    lines += [("P1", item, 1) for item in BRS.items] + [("P2", item, 2) for item in BRS.items]
    lines += [("P1", item, 3) for item in BRS.items]
    found = read(written(tmp_path / "q.csv", lines), wave="pre")
    assert {one["participant"] for one in found.answers} == {"P2"}
    assert [(one["row"], one["rule"]) for one in found.quarantine] == [
        (2, "person.duplicate"),
        (14, "person.duplicate"),
    ]
    assert [(one["rows_read"], one["quarantined"]) for one in found.ledger] == [(3, 2)]


def test_unknown_wave_in_rows_sets_a_questionnaire_aside_once():
    rows = ["P1 later brs_1 1", "P1 Later brs_2 2", "P1 pre brs_1 3", "P2 . brs_1 4"]
    layout = laid(raw("participant wave item answer", *rows))
    assert entries(layout) == [("P1", "pre", "3", "")]
    assert [(one.sentence(), value) for one, value in layout.aside] == [
        (
            f"q.csv, row {row}, column wave: the wave of a row is none of the study's. Correct the cell, or name it in "
            "`inputs.wave_names`; null there means that it is no wave of the study. (all answers of the questionnaire set aside)",
            value,
        )
        for row, value in ((2, "later"), (5, ""))
    ]


def test_rows_of_another_wave_than_the_sheet_names():
    rows = ["P1 pre brs_1 1", "P1 post brs_1 2", "P1 post brs_2 2"]
    layout = laid(raw("participant wave item answer", *rows), wave="pre")
    assert entries(layout) == [("P1", "pre", "1", "")]
    assert [(one.rule, one.row, value) for one, value in layout.aside] == [("wave.value", 3, "post")]
    layout = laid(raw("participant item answer", "P1 brs_1_pre 1", "P1 brs_1_post 2"), wave="pre")
    assert entries(layout) == [("P1", "pre", "1", "")]
    assert told(layout) == [
        "q.csv: a row belongs to another wave than the landing sheet names. Nothing to do; if it is needed, add it to the "
        "configuration. (left out)"
    ]


def test_answers_in_rows_without_wave_or_person():
    layout = laid(raw("participant item answer", "P1 brs_1 1"))
    assert [(one.rule, one.row) for one in layout.problems] == [("wave.unknown", None)]
    assert layout.entries == []
    for name in ("pid", None):
        assert stopped(laid(raw("item answer", "brs_1 1"), wave="pre", participant_column=name)) == [
            f"q.csv, row 1, column {name or 'participant'}: the column is missing. Add the column, or correct its name."
        ]


def test_rows_of_unknown_items_are_counted_and_not_named():
    rows = ["P1 brs_1 1", "P1 brs_2 2", "P1 brs_9 3", "P1 secret-7 1", "P2 secret-7 1"]
    layout = laid(raw("participant item answer", *rows), wave="pre")
    assert entries(layout) == [("P1", "pre", "1", "2")]
    assert told(layout) == [
        "q.csv: a row names an item of the instrument that the instrument file does not know. Check which version was "
        "used; the items are left out. (left out)",
        "q.csv: 2 rows name an item the study does not know. Nothing to do; if it is needed, add it to the "
        "configuration. (left out)",
    ]


def test_item_that_no_row_names_may_be_one_of_the_unknown():
    layout = laid(raw("participant item answer", "P1 brs_1 1", "P1 brs2 2"), wave="pre")
    assert stopped(layout) == [
        "q.csv: no row names the item brs_2. Correct the names of the items, or give the instrument their pattern under "
        "`columns`."
    ]
    assert entries(laid(raw("participant item answer", "P1 brs_1 1"), wave="pre")) == [("P1", "pre", "1", "")]


# A row an item


def test_persons_in_columns():
    layout = laid(raw("item P1 P2", "brs_2 2 .", "BRS_1 1 3"), wave="pre")
    assert entries(layout) == [("P1", "pre", "1", "2"), ("P2", "pre", "3", "")]
    assert [(one.row, one.rows, one.column) for one in layout.entries] == [(1, (3, 2), "B"), (1, (3, 2), "C")]
    assert [layout.column(one, "brs_1") for one in layout.entries] == ["B", "C"]
    assert (layout.shape, layout.person_column, layout.headers, layout.problems) == ("a row an item", "", {}, [])


def test_site_wave_and_date_of_persons_in_columns():
    rows = [
        "site be1 be2 be1",
        "wave pre Post later",
        "completed_on 2026-03-01 2026-06-01 .",
        "brs_1 1 3 5",
        "brs_2 2 4 5",
    ]
    layout = laid(raw("item P1 P2 P3", *rows))
    assert [(one.person, one.wave, one.site, one.date) for one in layout.entries] == [
        ("P1", "pre", "be1", "2026-03-01"),
        ("P2", "post", "be2", "2026-06-01"),
    ]
    ((found, value),) = layout.aside
    assert value == "later"
    assert found.sentence() == (
        "q.csv, row 3, column D: the wave of a row is none of the study's. Correct the cell, or name it in "
        "`inputs.wave_names`; null there means that it is no wave of the study. (person set aside)"
    )
    layout = laid(raw("item P1 P2", "site be1 .", "brs_1 1 3", "brs_2 2 4"), wave="pre", site="at1")
    assert [(one.person, one.site) for one in layout.entries] == [("P2", "at1")]
    ((found, value),) = layout.aside
    assert (found.rule, found.row, found.column, value) == ("site.other", 2, "B", "be1")


def test_waves_in_the_names_of_rows():
    rows = ["brs_1_pre 1 5", "brs_2_pre 2 5", "completed_on_post 2026-06-01 .", "brs_1_post 3 .", "brs_2_post 4 ."]
    layout = laid(raw("item P1 P2", *rows))
    assert entries(layout) == [("P1", "pre", "1", "2"), ("P1", "post", "3", "4"), ("P2", "pre", "5", "5")]
    assert [(one.rows, one.date) for one in layout.entries] == [((2, 3), ""), ((5, 6), "2026-06-01"), ((2, 3), "")]
    layout = laid(raw("item P1 P2", *rows), wave="post")
    assert entries(layout) == [("P1", "post", "3", "4"), ("P2", "post", "", "")]
    assert [(one.rule, one.row, one.column) for one in layout.problems if one.rule == "table.extra-column"][:2] == [
        ("table.extra-column", 2, ""),
        ("table.extra-column", 3, ""),
    ]


def test_anonymous_persons_in_columns_are_named_by_file_and_letter():
    layout = laid(raw("item R1 R2", "brs_1 1 2", "brs_2 3 4"), wave="pre", participant_column=None)
    assert entries(layout) == [("q#B", "pre", "1", "3"), ("q#C", "pre", "2", "4")]


def test_row_that_is_missing_or_there_twice():
    assert stopped(laid(raw("item P1", "brs_1 1", "other 5"), wave="pre")) == [
        "q.csv: the row of the item brs_2 is missing. Add the row, or correct its name."
    ]
    rows = ["brs_1_pre 1", "brs_2_pre 2", "brs_2_post 4"]
    assert stopped(laid(raw("item P1", *rows))) == [
        "q.csv: the row of the item brs_1 is missing for the wave post. Add the row, or correct its name."
    ]
    assert stopped(laid(raw("item P1", "brs_1 1", "brs_2 2", "Brs_1 1"), wave="pre")) == [
        "q.csv, row 4: the rows 2 and 4 are the same item in the same wave. Remove one of the two columns, or make the "
        "instrument's `columns` patterns narrower."
    ]


def test_rows_that_are_no_items_and_columns_that_are_no_persons():
    rows = ["shift x 1 2 3 9", "brs_1 x 1 2 3 9", "brs_2 x 1 2 3 9", "brs_3 x 1 2 3 9", "remarks x 1 2 3 9"]
    layout = laid(raw("item Wording P1 P2 P3 Mean", *rows), wave="pre", other_columns=["shift", "wording"])
    assert [(one.person, one.column) for one in layout.entries] == [("P1", "C"), ("P2", "D"), ("P3", "E")]
    assert told(layout) == [
        f"q.csv, row 1, column F: {TOTAL}. Nothing to do; scores are always computed from the items. (left out)",
        "q.csv: a row names an item of the instrument that the instrument file does not know. Check which version was "
        "used; the items are left out. (left out)",
        "q.csv: a row names an item the study does not know. Nothing to do; if it is needed, add it to the configuration. "
        "(left out)",
    ]


def test_row_of_two_items():
    asked = [replace(one, columns={"any": ["q{n}"]}) for one in (TWO, OTHER)]
    rows = ["q1 5", "brs_1 1", "brs_2 2", "who5_1 3"]
    assert stopped(laid(raw("item P1", *rows), *asked, wave="pre")) == [
        "q.csv, row 2: the row fits several items of the study. Remove one of the two columns, or make the instrument's "
        "`columns` patterns narrower."
    ]


def test_no_word_about_the_wave_of_rows():
    assert [one.rule for one in laid(raw("item P1", "brs_1 1", "brs_2 2")).problems] == ["wave.unknown"]


def test_no_sentence_about_a_table_of_persons_in_columns_holds_an_id(tmp_path):
    lines = [("item", "Secret-1", "Secret-2"), *((item, "9", "x") for item in BRS.items)]
    found = read(written(tmp_path / "q.csv", lines), wave="pre", people={"P1"})
    assert {(one.row, one.column) for one in found.problems if one.rule == "person.unknown"} == {(1, "B"), (1, "C")}
    found = read(written(tmp_path / "q.csv", [*lines[:-1], (BRS.items[-1], 1, 2)]), wave="pre")
    assert not [one for one in found.problems if "Secret" in one.sentence()]


def test_answers_of_persons_in_columns_are_told_by_letter_and_row(tmp_path):
    lines = [("item", "P1", "P2"), *((item, 1, 9 if item == "brs_3" else 2) for item in BRS.items)]
    found = read(written(tmp_path / "q.csv", lines), wave="pre")
    assert [(one["row"], one["column"], one["value"]) for one in found.quarantine] == [(4, "C", "9")]
    assert {(one["participant"], one["item"], one["row"]) for one in found.answers} == {
        (person, item, row) for person in ("P1", "P2") for row, item in enumerate(BRS.items, start=2)
    }


# The same answers from every layout


def written(path, lines):
    with path.open("w", encoding="utf-8", newline="") as handle:
        csv.writer(handle).writerows(lines)
    return path


def read(*paths, wave="", waves=(), people=None):
    waves = waves or [wave] * len(paths)
    sources = [source(path, name=path.stem, wave=one, instrument="brs") for path, one in zip(paths, waves, strict=True)]
    return read_questionnaires(sources, INSTRUMENTS, people=people, settings=SETTINGS)


def layouts(folder, persons):
    """Write persons, each with answers by wave, in every layout; return the files of each, with their waves."""
    header, waves = ["participant", *BRS.items], ("pre", "post")
    wide = [["participant", *(f"{item}_{wave}" for wave in waves for item in BRS.items)]]
    long, answers = [["participant", "wave", *BRS.items]], [["participant", "wave", "item", "answer"]]
    by_wave = {wave: [header] for wave in waves}
    for person, said in persons:
        wide.append([person, *(cell for wave in waves for cell in said.get(wave, [""] * 6))])
        for wave, cells in said.items():
            long.append([person, wave, *cells])
            by_wave[wave].append([person, *cells])
            answers += [[person, wave, item, cell] for item, cell in zip(BRS.items, cells, strict=True)]
    files = {wave: written(folder / f"{wave}.csv", lines) for wave, lines in by_wave.items() if len(lines) > 1}
    return {
        "a row a person": ([written(folder / "long.csv", long)], None),
        "a row a person, waves in columns": ([written(folder / "wide.csv", wide)], None),
        "a row an answer": ([written(folder / "answers.csv", answers)], None),
        "a row an item": ([written(folder / "items.csv", [*zip(*wide, strict=True)])], None),
        "a file a wave": (list(files.values()), list(files)),
    }


def outcome(found):
    """Return what must not depend on the layout: answers, rules with their counts, values set aside, and the ledger."""
    ledger = Counter()
    for one in found.ledger:
        ledger[one["wave"], "read"] += one["rows_read"]
        ledger[one["wave"], "set aside"] += one["quarantined"]
    answers = Counter((one["participant"], one["wave"], one["item"], one["value"]) for one in found.answers)
    aside = Counter((one["rule"], one["value"]) for one in found.quarantine)
    return answers, aside, +ledger


cells = st.lists(st.sampled_from(["", "1", "2", "3", "4", "5", "4", "2,0", "-99", "9", "x"]), min_size=6, max_size=6)


@st.composite
def tables(draw, unique=True):
    """Draw persons, P9 not in the register, with answers to one wave or both; who answers nothing stands in the first."""
    names = draw(st.lists(st.sampled_from(["P1", "P2", "P3", "P4", "P9"]), min_size=1, max_size=5, unique=unique))
    persons = []
    for name in names:
        answered = {wave: draw(cells) for wave in ("pre", "post")}
        answered = {wave: one for wave, one in answered.items() if any(one)} or {"pre": [""] * 6}
        if draw(st.booleans()) and len(answered) == 2:
            del answered[draw(st.sampled_from(["pre", "post"]))]
        persons.append((name, answered))
    return persons


@repeated
@given(tables())
def test_every_layout_reads_the_same(tmp_path_factory, persons):
    written = layouts(tmp_path_factory.mktemp("layouts"), persons)
    read_as = {
        name: read(*paths, waves=waves, people={"P1", "P2", "P3", "P4"}) for name, (paths, waves) in written.items()
    }
    several = read_as.pop("a file a wave")
    stops = {name: {one.rule for one in found.problems if one.level == "STOP"} for name, found in read_as.items()}
    first, *others = read_as
    for name in others:
        assert stops[name] == stops[first], name
        assert outcome(read_as[name]) == outcome(read_as[first]), name
    for name, found in read_as.items():
        assert [one.layout.shape for one in found.files] == ([] if stops[name] else [name])
    # Files of one wave each are judged each for itself, so that one may stop where both together do not.
    if not any(one.level == "STOP" for one in several.problems) and not stops[first]:
        assert outcome(several) == outcome(read_as[first])
    if not stops[first]:
        answers, aside, ledger = outcome(read_as[first])
        whole = [(person, wave, one) for person, said in persons for wave, one in said.items()]
        known = {"1": 1, "2": 2, "3": 3, "4": 4, "5": 5, "2,0": 2}
        assert answers == Counter(
            (person, wave, item, known.get(cell))
            for person, wave, one in whole
            if person != "P9"
            for item, cell in zip(BRS.items, one, strict=True)
        )
        assert ledger == Counter(
            key
            for person, wave, _one in whole
            for key in [(wave, "read"), *([(wave, "set aside")] if person == "P9" else [])]
        )
        wrong = Counter(cell for person, _wave, one in whole if person != "P9" for cell in one if cell in ("9", "x"))
        assert Counter({value: many for (rule, value), many in aside.items() if rule.startswith("answer.")}) == wrong


@repeated
@given(tables(unique=False))
def test_person_twice_is_set_aside_in_every_layout_with_rows(tmp_path_factory, persons):
    written = layouts(tmp_path_factory.mktemp("layouts"), persons)
    read_as = {name: read(*written[name][0], people={"P1", "P2", "P3"}) for name in list(written)[:3]}
    first, *others = read_as.values()
    times = Counter((person, wave) for person, said in persons for wave in said)
    for found in others:
        assert outcome(found) == outcome(first)
    for found in read_as.values():
        if not any(one.level == "STOP" for one in found.problems):
            read_of = {(one["participant"], one["wave"]) for one in found.answers}
            assert read_of == {key for key, many in times.items() if many == 1 and key[0] not in ("P4", "P9")}
