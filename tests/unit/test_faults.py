"""The intake under fault: every way a file may be wrong, in every format it may come in.

A fault is a function that damages one file of a healthy study (tests/faults.py) and returns the problems it must give:
these and no others, each with its place and its remedy, and never a value from the data.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import struct
from collections import Counter
from itertools import count
from pathlib import Path

import docx
import openpyxl
import pyreadstat
import pytest
from faults import (
    BRS,
    CANARIES,
    CASES,
    FIRST_TURN,
    FLAT,
    FORMS,
    IDS,
    INTERVIEWS,
    PLATFORMS,
    QUESTIONS,
    REGISTERS,
    SHEET,
    STORED,
    TABLES,
    TURNS,
    Case,
    Desk,
    Expected,
    build,
    digests,
    here,
    in_forms,
    on,
    project_of_a_coder,
    read_records,
    repack,
    rewritten,
    selection,
    transcript,
    write_odt,
    write_records,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from piloteval.config import read_yaml
from piloteval.errors import DataError
from piloteval.intake import refi
from piloteval.intake.catalogue import RULES
from piloteval.intake.check import stop
from piloteval.intake.received import COLUMNS as LEDGER

# --------------------------------------------------------------------------------------------------------------------
# Questionnaires: persons
# --------------------------------------------------------------------------------------------------------------------

#: REDCap's data dictionary tells too, where an answer is none of its choices.
CHECKED = ("redcap", "redcap-labels")
WITHOUT_ITEMS = tuple(name for name in FORMS if name != "items")
SOME = ("comma", "tab-utf16", "xlsx", "sav")
TABULAR = tuple(name for name in FORMS if name not in ("sav", "dta"))


def change_person(desk, form, place, text):
    """Write another id for a person, in every row of that person."""
    before = IDS[place]
    with desk.rows(form) as records:
        for row in records:
            row[:] = [text if cell == before else cell for cell in row]


@in_forms(*FORMS)
def unknown_person(desk, form):
    change_person(desk, form, 3, "QX-9999")
    found = [here(form, "person.unknown", *form.who(3))]
    if form.name == "long":
        found.append(here(form, "person.unknown", 2 + 12 + 3, form.person))
    return found


@in_forms(*SOME, "wide", "long", "answers", "redcap", "qualtrics")
def blank_person(desk, form):
    change_person(desk, form, 3, "")
    found = [here(form, "person.blank", *form.who(3))]
    if form.name == "long":
        found.append(here(form, "person.blank", 2 + 12 + 3, form.person))
    return found


@in_forms(*SOME, "wide", "long", *PLATFORMS)
def person_twice(desk, form):
    with desk.rows(form) as records:
        row, _column = form.who(3)
        records.append(list(records[row - form.base]))
        last = len(records) - 1 + form.base
    return [here(form, "person.duplicate", *form.who(3)), here(form, "person.duplicate", last, form.person)]


def left_alone(form):
    """Return the note on the person's other wave, in a file that has both."""
    return [here(form, "wave.unmatched", None, form.person)] if form.name == "long" else []


@in_forms("answers")
def answer_twice(desk, form):
    """A second answer to an item begins a second questionnaire of the person."""
    with desk.rows(form) as records:
        records.append(list(records[form.at(3, "brs_2")[0] - 1]))
        last = len(records)
    return [here(form, "person.duplicate", row, "participant") for row in (form.who(3)[0], last)]


@in_forms(*SOME, "wide", "answers", "items", "redcap", "qualtrics")
def mangled_ids(desk, form):
    change_person(desk, form, 3, "7.73164E+15")
    return [here(form, "person.mangled", *form.who(3))]


@in_forms("comma", "xlsx", "items")
def ids_made_dates(desk, form):
    change_person(desk, form, 0, "2026-07-31")
    return [here(form, "person.mangled", *form.who(0))]


# --------------------------------------------------------------------------------------------------------------------
# Questionnaires: answers
# --------------------------------------------------------------------------------------------------------------------


def change_answer(desk, form, place, item, text):
    with desk.rows(form) as records:
        form.put(records, *form.at(place, item), text)


def beside_dictionary(form, place, item, rule):
    """Return what the data dictionary tells of the same cell."""
    if form.name not in CHECKED:
        return []
    return [Expected(rule, form.path, form.at(place, item)[0], item)]


@in_forms(*FORMS)
def answer_out_of_range(desk, form):
    change_answer(desk, form, 4, "brs_2", "8641")
    return [
        here(form, "answer.range", *form.at(4, "brs_2")),
        *beside_dictionary(form, 4, "brs_2", "dictionary.choice"),
    ]


@in_forms(*FORMS)
def answer_as_text(desk, form):
    change_answer(desk, form, 4, "brs_2", "zzkwort")
    return [
        here(form, "answer.type", *form.at(4, "brs_2")),
        *beside_dictionary(form, 4, "brs_2", "dictionary.choice"),
    ]


@in_forms(*SOME, "dta", "wide", "items", "redcap")
def answer_between(desk, form):
    change_answer(desk, form, 4, "brs_2", "2.7731")
    return [
        here(form, "answer.invalid", *form.at(4, "brs_2")),
        *beside_dictionary(form, 4, "brs_2", "dictionary.choice"),
    ]


@in_forms(*SOME, "dta", "wide", "items", "google")
def answer_blank(desk, form):
    change_answer(desk, form, 4, "brs_2", "")
    return [here(form, "answer.blank")]


@in_forms("comma", "semicolon", "xlsx", "dta", "wide", "long", "limesurvey", "google")
def words_for_codes(desk, form):
    with desk.rows(form) as records:
        columns = [
            place for place, name in enumerate(records[0]) if name.startswith("brs") or name in QUESTIONS.values()
        ]
        for row in records[form.first - form.base :]:
            for place in columns:
                row[place] = f"zzk agree {row[place]}"
    return [here(form, "answer.labels", None, "brs_1 to brs_6")]


@in_forms("comma", "xlsx", "sav", "dta", "answers", "items", "qualtrics", "google")
def codes_from_another_number(desk, form):
    with desk.rows(form) as records:
        for place in range(12):
            for item in BRS:
                row, column = form.at(place, item)
                form.put(records, row, column, str(int(form.get(records, row, column)) - 1))
    return [here(form, "answer.shifted", None, "brs_1 to brs_6")]


@on("sav")
def labels_of_other_codes(desk):
    frame, _meta = pyreadstat.read_sav("data/spss.sav")
    words = {float(code): f"zzk {code}" for code in range(5)}
    pyreadstat.write_sav(frame, "data/spss.sav", variable_value_labels={"brs_1": words})
    return [Expected("answer.shifted", "data/spss.sav", None, "brs_1 to brs_6")]


@on("{}", forms=("sav", "dta"))
def missing_by_the_file(desk, which):
    form = FORMS[which]
    frame, _meta = (pyreadstat.read_sav if which == "sav" else pyreadstat.read_dta)(form.path)
    if which == "sav":
        frame.loc[4, "brs_2"] = 5.0
        pyreadstat.write_sav(frame, form.path, missing_ranges={"brs_2": [5.0]})
    else:
        frame["brs_2"] = frame["brs_2"].astype(object)
        frame.loc[4, "brs_2"] = "a"
        pyreadstat.write_dta(frame, form.path, missing_user_values={"brs_2": ["a"]})
    return [here(form, "answer.user-missing")]


@in_forms("comma", "xlsx", "sav", "redcap", "wide", "items", "answers")
def same_answer_to_all(desk, form):
    with desk.rows(form) as records:
        for item in BRS:
            form.put(records, *form.at(4, item), "4")
    return [here(form, "answer.straight-line", *form.who(4))]


# --------------------------------------------------------------------------------------------------------------------
# Questionnaires: columns and rows
# --------------------------------------------------------------------------------------------------------------------


def drop_column(records, place):
    for row in records:
        del row[place]


@in_forms(*FORMS)
def item_missing(desk, form):
    if form.layout in ("answers", "items"):
        with desk.rows(form) as records:
            records[:] = [row for row in records if "brs_2" not in row]
        return [here(form, "answer.blank")] if form.layout == "answers" else [here(form, "table.no-column")]
    with desk.rows(form) as records:
        drop_column(records, form.index(records, form.column("brs_2")))
    return [here(form, "table.no-column", form.top, "brs_2")]


@in_forms(*SOME, "wide", "answers", *PLATFORMS)
def ids_missing(desk, form):
    with desk.rows(form) as records:
        drop_column(records, form.index(records, form.person))
    return [here(form, "table.no-column", form.top, "participant")]


@in_forms(*SOME, "wide", "long", *PLATFORMS)
def column_nobody_asked_for(desk, form):
    with desk.rows(form) as records:
        for n, row in enumerate(records):
            row.append("clinic" if n == 0 else f"zzk {n}")
    return [here(form, "table.extra-column", form.top, "clinic")]


@in_forms("answers", "items")
def row_nobody_asked_for(desk, form):
    with desk.rows(form) as records:
        records.append(["zzkfrage", *["3"] * 12] if form.layout == "items" else [IDS[3], "at1", "zzkfrage", "3"])
    return [here(form, "table.extra-column")]


@in_forms(*SOME, "wide", "redcap", "limesurvey", "qualtrics", "google")
def sums_in_a_column(desk, form):
    with desk.rows(form) as records:
        places = [form.index(records, form.column(item)) for item in BRS]
        records[0].append("brs_sum")
        for n, row in enumerate(records[1:], start=1):
            row.append(str(sum(int(row[place]) for place in places)) if n + form.base >= form.first else "")
    return [here(form, "table.total-column", form.top, "brs_sum")]


@in_forms("comma", "semicolon", "xlsx", "wide", "answers", "redcap", "qualtrics")
def sums_in_a_row(desk, form):
    with desk.rows(form) as records:
        records.append(["Mean:", *[""] * (len(records[0]) - 1)])
        row = len(records)
    return [here(form, "table.total-row", row)]


@in_forms("sav", "dta")
def sums_in_a_case(desk, form):
    with desk.rows(form) as records:
        records.append(["Mean", "", "", "", *["3"] * len(form.items)])
    return [here(form, "table.total-row", 13)]


@in_forms("comma", "cp1252", "xlsx", "long", "answers", "limesurvey", "google")
def remark_below(desk, form):
    with desk.rows(form) as records:
        width = len(records[0])
        records += [[""] * width, ["zzkremark", "zzkname", *[""] * (width - 2)]]
        row = len(records)
    return [here(form, "table.junk-row", row)]


@in_forms("comma", "tab-utf16", "xlsx", "long", "items", "redcap")
def header_blank(desk, form):
    with desk.rows(form) as records:
        records[0][1] = ""
    return [here(form, "table.header", form.top)]


@in_forms("comma", "cp1252", "xlsx", "wide", "items", "redcap", "limesurvey")
def header_twice(desk, form):
    with desk.rows(form) as records:
        records[0][-1] = records[0][-2]
    return [here(form, "table.header", form.top)]


@in_forms("google")
def question_twice(desk, form):
    with desk.rows(form) as records:
        records[0][-1] = records[0][-2]
    return [here(form, "table.header", form.top)]


@in_forms("google")
def other_question_twice(desk, form):
    with desk.rows(form) as records:
        for n, row in enumerate(records):
            row += ["zzk why?" if n == 0 else "zzk"] * 2
    return [here(form, "table.repeated", form.top)]


@in_forms("comma", "semicolon", "tab-utf16", "wide", "answers", "qualtrics")
def cell_too_many(desk, form):
    with desk.rows(form) as records:
        records[5].append("zzk")
    return [here(form, "table.ragged", 6)]


@in_forms("comma", "cp1252", "long", "items", "redcap", "google")
def cell_too_few(desk, form):
    with desk.rows(form) as records:
        records[5].pop()
    return [here(form, "table.ragged", 6)]


@in_forms("limesurvey", "redcap-labels")
def header_missing(desk, form):
    with desk.rows(form) as records:
        del records[0]
        for n, cell in enumerate(records[0]):
            if cell in records[0][:n] or not cell:
                records[0][n] = f"zzk{n}"
    return [here(form, "table.no-column", form.top)]


@in_forms("answers")
def header_of_answers_missing(desk, form):
    """The first row is data; it names an item, which is taken for the column of that item."""
    with desk.rows(form) as records:
        del records[0]
    return [here(form, "table.no-column", form.top, name) for name in ("participant", *form.items[1:])]


@in_forms("comma", "semicolon", "tab-utf16", "cp1252", "xlsx")
def title_above_header(desk, form):
    with desk.rows(form) as records:
        records.insert(0, ["zzktitel", *[""] * (len(records[0]) - 1)])
    return [here(form, "table.header", form.top)]


@in_forms("comma", "tab-utf16", "xlsx", "wide")
def first_row_blank(desk, form):
    with desk.rows(form) as records:
        records.insert(0, [""] * len(records[0]))
    return [here(form, "table.header", form.top)]


@in_forms(*FLAT, "wide", "items", "redcap", "qualtrics")
def header_only(desk, form):
    with desk.rows(form) as records:
        del records[form.first - form.base :]
    return [here(form, "file.empty")]


@in_forms("comma", "semicolon", "tab-utf16", "cp1252", "answers", "items", "redcap", "qualtrics")
def another_separator_named(desk, form):
    desk.change(form.name, delimiter="semicolon" if form.mark != ";" else "tab")
    if form.name == "qualtrics":  # its third header row has quotation marks that now stand in the middle of a cell
        return [here(form, "file.unreadable", 3)]
    return [here(form, "table.no-column", form.top)]


@in_forms("wide")
def item_in_two_columns(desk, form):
    with desk.rows(form) as records:
        for n, row in enumerate(records):
            row.append("brs_1.pre" if n == 0 else "3")
    return [here(form, "table.ambiguous", form.top, "brs_1.pre")]


@in_forms("items")
def item_in_two_rows(desk, form):
    with desk.rows(form) as records:
        records.append(list(records[1]))
    return [here(form, "table.ambiguous", 13)]


@in_forms("comma", "xlsx", "sav", "google", "limesurvey")
def wrong_platform_named(desk, form):
    desk.change(form.name, dialect="qualtrics")
    return [here(form, "table.dialect", form.top)]


@in_forms(*SOME, "wide")
def personal_column(desk, form):
    with desk.rows(form) as records:
        for n, row in enumerate(records):
            row.append("email" if n == 0 else f"zzk{n}@example.org")
    return [here(form, "table.metadata", form.top)]


@in_forms("comma", "xlsx", "sav", "dta", "wide", "redcap")
def items_of_another_version(desk, form):
    name = "brs_7"
    with desk.rows(form) as records:
        for n, row in enumerate(records):
            row.append(name if n == 0 else "3")
    return [here(form, "instrument.items", form.top, name)]


@in_forms("comma", "xlsx", "sav", "redcap")
def version_in_a_column(desk, form):
    with desk.rows(form) as records:
        for n, row in enumerate(records):
            row.append("brs_version" if n == 0 else "2008")
        row, _column = form.at(4, "brs_1")
        records[row - form.base][-1] = "zzk2011"
    return [here(form, "instrument.version", row, "brs_version")]


@in_forms("redcap", "limesurvey", "qualtrics", "google")
def version_in_the_sheet(desk, form):
    desk.change(form.name, version="2011")
    return [here(form, "instrument.version")]


@in_forms("comma", "semicolon", "xlsx", "sav", "dta", "redcap", "qualtrics")
def item_turned_round(desk, form):
    with desk.rows(form) as records:
        for place in range(12):
            row, column = form.at(place, "brs_2")
            form.put(records, row, column, str(6 - int(form.get(records, row, column))))
    return [here(form, "instrument.reversed", None, "brs_2")]


@in_forms("qualtrics", "sav")
def wording_differs(desk, form):
    """Two files of one institution with another text of the same question."""
    later = form.path.replace("data/", "data/later_")
    if form.name == "sav":
        frame, _meta = pyreadstat.read_sav(form.path)
        frame["site"] = "at1"
        for path, question in ((form.path, "zzk one question?"), (later, "zzk another question?")):
            pyreadstat.write_sav(frame, path, column_labels={"brs_3": question})
    else:
        shutil.copyfile(form.path, later)
        with desk.rows(form) as records:
            records[1][records[0].index("brs_3")] = "zzk another question?"
    desk.change(form.name, site="at1")
    desk.add("later", "questionnaire", later, **{**form.cells, "site": "at1", "wave": "post"})
    found = [Expected("instrument.wording", later, form.top, "brs_3"), *guests(form, form.path), *guests(form, later)]
    return found if form.name == "sav" else [*found, Expected("table.metadata", later, 1)]


def guests(form, path):
    """Return the notes on persons of the other institution in a file said to be of at1."""
    return [Expected("person.site", path, *form.who(place)) for place in range(7, 12)]


# --------------------------------------------------------------------------------------------------------------------
# Questionnaires: platforms and workbooks
# --------------------------------------------------------------------------------------------------------------------


@in_forms("qualtrics")
def preview(desk, form):
    with desk.rows(form) as records:
        form.put(records, form.who(2)[0], "Status", "1")
    return [here(form, "platform.preview", form.who(2)[0], "Status")]


@in_forms("qualtrics", "redcap", "limesurvey")
def unfinished(desk, form):
    column, text = {
        "qualtrics": ("Finished", "0"),
        "redcap": ("questionnaire_timestamp", "[not completed]"),
        "limesurvey": ("submitdate", ""),
    }[form.name]
    with desk.rows(form) as records:
        form.put(records, form.who(2)[0], column, text)
    return [here(form, "platform.unfinished", None, column)]


def book(change, path="data/book.xlsx"):
    workbook = openpyxl.load_workbook(path)
    change(workbook)
    workbook.save(path)


@on("xlsx")
def cells_merged(desk):
    book(lambda one: one.active.merge_cells("D3:D5"))
    return [Expected("table.merged", "data/book.xlsx", 3, "", SHEET)]


@on("xlsx")
def sheet_hidden(desk):
    def hide(one):
        one.create_sheet("Lists").sheet_state = "hidden"
        one["Lists"].append(["zzk"])

    book(hide)
    return [Expected("table.hidden-sheet", "data/book.xlsx")]


@on("xlsx", forms=("rows", "columns"))
def cells_hidden(desk, which):
    def hide(one):
        if which == "rows":
            one.active.row_dimensions[4].hidden = True
        else:
            one.active.column_dimensions["D"].hidden = True

    book(hide)
    return [Expected("table.hidden-cells", "data/book.xlsx", None, "", SHEET)]


@on("xlsx", forms=("brs_2", "who5_1"))
def formula_without_result(desk, which):
    form = FORMS["xlsx"]
    column = 5 + form.items.index(which)
    book(lambda one: one.active.cell(6, column, "=1+1"))
    return [
        Expected("cell.formula", form.path, 6, which, SHEET),
        Expected("answer.blank", form.path, sheet=SHEET),
    ]


@on("xlsx", forms=("#REF!", "#DIV/0!", "#N/A"))
def cell_shows_an_error(desk, which):
    def spoil(one):
        one.active.cell(6, 5).value = which
        one.active.cell(6, 5).data_type = "e"

    book(spoil)
    return [
        Expected("cell.error", "data/book.xlsx", 6, "brs_1", SHEET),
        Expected("answer.blank", "data/book.xlsx", sheet=SHEET),
    ]


@on("xlsx")
def second_sheet(desk):
    book(lambda one: one.create_sheet("zzkblatt"))
    return [Expected("file.sheet", "data/book.xlsx")]


@on("xlsx")
def sheet_not_there(desk):
    desk.change("xlsx", sheet="Antworten")
    return [Expected("file.sheet", "data/book.xlsx")]


# --------------------------------------------------------------------------------------------------------------------
# Questionnaires: waves
# --------------------------------------------------------------------------------------------------------------------


@in_forms(*SOME, "answers", "items", "redcap", "limesurvey", "qualtrics", "google")
def wave_unknown(desk, form):
    desk.change(form.name, wave="")
    return [here(form, "wave.unknown")]


@in_forms("long")
def wave_of_no_study(desk, form):
    with desk.rows(form) as records:
        form.put(records, 4, "wave", "zzkwelle")
    return [here(form, "wave.value", 4, "wave"), *left_alone(form)]


@in_forms("answers")
def wave_of_an_answer(desk, form):
    desk.change(form.name, wave="")
    with desk.rows(form) as records:
        for n, row in enumerate(records):
            row.append("wave" if n == 0 else "zzkwelle" if n == 30 else "pre")
    return [here(form, "wave.value", 31, "wave"), here(form, "answer.blank")]


@in_forms("items")
def wave_of_a_person(desk, form):
    desk.change(form.name, wave="")
    with desk.rows(form) as records:
        records.append(["wave", *["pre"] * 12])
        records[-1][4] = "zzkwelle"
    return [here(form, "wave.value", 13, "E")]


@in_forms("redcap")
def event_of_no_study(desk, form):
    desk.change(form.name, wave="")
    with desk.rows(form) as records:
        for n, row in enumerate(records):
            row.insert(1, "redcap_event_name" if n == 0 else "pre")
        records[6][1] = "zzkarm"
    return [here(form, "wave.value", 7, "redcap_event_name")]


@on("comma", "comma-post")
def waves_in_wrong_order(desk):
    with desk.rows(path="data/comma_post.csv") as records:
        records[4][2] = "2025-01-01"
    return [
        Expected("wave.order", "data/comma.csv", 5, "completed_on"),
        Expected("wave.order", "data/comma_post.csv", 5, "completed_on"),
    ]


@in_forms(*SOME, "long", "redcap", "limesurvey", "qualtrics")
def date_not_read(desk, form):
    column = {"redcap": "questionnaire_timestamp", "limesurvey": "submitdate", "qualtrics": "EndDate"}
    name = column.get(form.name, "completed_on")
    with desk.rows(form) as records:
        form.put(records, form.who(4)[0], name, "zzk 31.3.26")
    return [here(form, "wave.date", form.who(4)[0], name)]


@in_forms("comma", "xlsx")
def date_in_words(desk, form):
    with desk.rows(form) as records:
        form.put(records, form.who(4)[0], "completed_on", "zzkgestern")
    return [here(form, "wave.date", form.who(4)[0], "completed_on")]


@on("comma", "comma-post")
def id_nearly_the_same(desk):
    desk.remove("register")
    with desk.rows(path="data/comma_post.csv") as records:
        records[4][0] = "QX-773X"
    return [Expected("wave.unmatched", "data/comma_post.csv", 5, "participant")]


@on("comma", "comma-post")
def person_only_later(desk):
    with desk.rows(FORMS["comma"]) as records:
        del records[4]
    return [Expected("wave.unmatched", "data/comma_post.csv", None, "participant")]


# --------------------------------------------------------------------------------------------------------------------
# Persons across files
# --------------------------------------------------------------------------------------------------------------------


@on("comma")
def same_wave_in_two_files(desk):
    with desk.rows(FORMS["comma"]) as records:
        write_records(Path("data/again.xlsx"), [records[0], records[3]])
    desk.add("again", "questionnaire", "data/again.xlsx", wave="pre")
    return [
        Expected("person.duplicate", "data/comma.csv", 4, "participant"),
        Expected("person.duplicate", "data/again.xlsx", 2, "participant", SHEET),
    ]


@in_forms("comma", "xlsx", "sav", "wide", "long", "answers")
def person_of_another_site(desk, form):
    with desk.rows(form) as records:
        for row in records:
            if IDS[3] in row:
                row[1] = "at2"
    rows = {form.who(3)[0], *([2 + 12 + 3] if form.name == "long" else [])}
    return [here(form, "person.site", row, form.who(3)[1]) for row in rows]


@on("comma", "comma-post")
def code_at_two_sites(desk):
    desk.remove("register")
    with desk.rows(path="data/comma_post.csv") as records:
        records[4][1] = "at2"
    return [
        Expected("person.collision", "data/comma.csv", 5, "participant"),
        Expected("person.collision", "data/comma_post.csv", 5, "participant"),
    ]


@in_forms(*SOME, "wide", "long")
def site_of_no_study(desk, form):
    with desk.rows(form) as records:
        row = form.who(3)[0]
        records[row - form.base][1] = "zzkhaus"
    return [here(form, "record.choice", row, "site"), *left_alone(form)]


@in_forms(*SOME, "wide")
def site_of_another(desk, form):
    """The file says another institution than the sheet for one person."""
    desk.change(form.name, site="at1")
    with desk.rows(form) as records:
        for record in records[1:]:
            record[1] = "at1"
        records[form.who(3)[0] - form.base][1] = "be1"
    found = [here(form, "site.other", form.who(3)[0], "site")]
    return [*found, *(here(form, "person.site", *form.who(place)) for place in range(7, 12))]


@on("indicator")
def institution_contradicted(desk):
    desk.change("indicator", site="at1")
    path = desk.sources["indicator"].path
    with desk.rows(path=path) as records:
        rows = [place + 1 for place, record in enumerate(records) if place and record[0] != "at1"]
    return [Expected("site.other", path, row, "site") for row in rows]


@in_forms("long")
def event_of_no_wave(desk, form):
    with desk.rows(form) as records:
        row = list(records[form.who(3)[0] - form.base])
        row[records[0].index("wave")] = "zzkenrol"
        records.append(row)
    desk.settings = {**desk.settings, "wave_names": {**desk.settings["wave_names"], "zzkenrol": None}}
    return [here(form, "table.other-row", None)]


@on("comma")
def file_sent_twice(desk):
    shutil.copyfile("data/comma.csv", "data/again.csv")
    desk.add("again", "questionnaire", "data/again.csv", wave="post")
    desk.pins = digests()
    return [Expected("sheet.copy", SHEET_FILE, desk.sources["again"].line, "path")]


def test_dictionary_may_be_the_same_for_several_institutions(desk_of):
    desk = desk_of(*selection("redcap"))
    dictionary = next(one for one in desk.sources.values() if one.kind == "dictionary")
    shutil.copyfile(dictionary.path, "data/same.csv")
    desk.add("same", "dictionary", "data/same.csv")
    desk.pins = digests()
    assert "sheet.copy" not in {one.rule for one in desk.check().problems}


@on("register")
def ids_alike(desk):
    with desk.rows(path="data/register.csv") as records:
        records.append([IDS[0].lower(), *records[1][1:]])
    return [Expected("person.alike", "data/register.csv", 14, "participant")]


@on("register", "{}", forms=("audit", "auditors", "effort", "rating", "delphi"))
def id_of_a_participant(desk, which):
    path, column = f"data/{which}.csv", {"rating": "rater", "delphi": "panellist"}.get(which, "auditor")
    with desk.rows(path=path) as records:
        place = records[0].index(column)
        records[2][place] = IDS[2]
    return [Expected("person.across", path, 3, column)]


@on("register", "withdrawals", "delphi")
def panellist_nobody_knows(desk):
    with desk.rows(path="data/withdrawals.csv") as records:
        records[1][:3] = ["QX-9999", "2026-05-05", "panel"]
    return [Expected("person.withdrawal", "data/withdrawals.csv", 2, "participant")]


@on("register", "withdrawals", forms=("nobody", "blank", "scope"))
def withdrawal_unclear(desk, which):
    with desk.rows(path="data/withdrawals.csv") as records:
        records[1][0 if which != "scope" else 2] = {"nobody": "QX-9999", "blank": "", "scope": "zzk"}[which]
    return [Expected("person.withdrawal", "data/withdrawals.csv", 2, "scope" if which == "scope" else "participant")]


#: What still holds a person after a withdrawal whose data are said to be deleted, by its scope.
LEFT_OVER = {"all": ("register", "comma"), "survey": ("register", "comma"), "interview": ("list", "txt")}


@on("register", "comma", "withdrawals", "list", "txt", forms=tuple(LEFT_OVER))
def person_came_back(desk, which):
    with desk.rows(path="data/withdrawals.csv") as records:
        records[0].append("deleted_on")
        records[1] = [IDS[0], "2026-05-05", which, "2026-05-20"]
    return [Expected("person.returned", "data/withdrawals.csv", 2, "deleted_on")]


def test_person_whose_data_are_deleted_may_be_unknown(desk_of):
    """A list of withdrawals that names somebody whose rows are gone stops nothing, and counts nobody twice."""
    desk = desk_of("register", "comma", "withdrawals", "list", "txt")
    for path in ("register", "comma", "list"):
        with desk.rows(path=f"data/{path}.csv") as records:
            records[:] = [row for row in records if IDS[0] not in row]
    desk.remove("txt")
    with desk.rows(path="data/withdrawals.csv") as records:
        records[0].append("deleted_on")
        records[1] = [IDS[0], "2026-05-05", "all", "2026-05-20"]
    outcome = desk.check()
    assert [one.sentence() for one in outcome.problems if one.level != "NOTE"] == []
    assert outcome.rows("deletions") == []


@on("register")
def more_people_than_registered(desk):
    desk.enrolment = len(IDS) - 1
    return [Expected("person.enrolment", "data/register.csv")]


# --------------------------------------------------------------------------------------------------------------------
# Records
# --------------------------------------------------------------------------------------------------------------------


def fault_of_a_cell(rule, column, text):
    """Return a fault of one cell of the register, in the sixth record."""

    def fault(desk, form):
        with desk.rows(form) as records:
            form.put(records, form.first + 5, column, text)
        return [here(form, rule, form.first + 5, column)]

    return fault


#: The register in a form of every reader.
LISTS = tuple(f"register-{name}" for name in SOME)

for kind, rule, column, text in (
    ("register_id_blank", "record.blank", "participant", ""),
    ("register_site_unknown", "record.choice", "site", "zzkort"),
    ("register_cohort_blank", "record.blank", "cohort", ""),
    ("register_age_in_words", "record.type", "age", "zzkalt"),
    ("register_age_impossible", "record.range", "age", "7731"),
    ("register_date_unreadable", "record.type", "enrolled_on", "zzktag"),
):
    one = fault_of_a_cell(rule, column, text)
    one.__name__ = kind
    in_forms(*LISTS)(one)


@in_forms(*LISTS)
def register_row_twice(desk, form):
    with desk.rows(form) as records:
        records.append(list(records[3]))
    return [
        here(form, "record.duplicate", form.first + 2, "participant"),
        here(form, "record.duplicate", form.first + 12, "participant"),
    ]


@in_forms(*LISTS)
def register_column_missing(desk, form):
    with desk.rows(form) as records:
        drop_column(records, form.index(records, "cohort"))
    return [here(form, "table.no-column", form.top, "cohort")]


@on("audit", "rating", "delphi", "indicator")
def tables_with_a_wrong_cell(desk):
    for name, row, column, text in (
        ("audit", 3, "verdict", "zzk"),
        ("rating", 4, "clarity", "7731"),
        ("delphi", 5, "feasibility", "zzk"),
        ("indicator", 6, "value", "zzk"),
    ):
        with desk.rows(path=f"data/{name}.csv") as records:
            records[row - 1][records[0].index(column)] = text
    return [
        Expected("record.choice", "data/audit.csv", 3, "verdict"),
        Expected("record.range", "data/rating.csv", 4, "clarity"),
        Expected("record.type", "data/delphi.csv", 5, "feasibility"),
        Expected("record.type", "data/indicator.csv", 6, "value"),
    ]


@on(
    "{}",
    forms=(
        *("audit", "auditors", "effort", "applications", "conference", "rating", "delphi", "numbered", "indicator"),
        "list",
    ),
)
def record_twice(desk, which):
    path = TABLES[which][1]
    keys = {
        "audit": "site, standard, round, auditor",
        "auditors": "auditor",
        "effort": "site, round, auditor, visited_on",
        "applications": "site, track",
        "conference": "standard",
        "numbered": "round, statement",
        "rating": "rater, site, standard",
        "delphi": "panellist, statement",
        "indicator": "site, period, indicator",
        "list": "interview",
    }
    with desk.rows(path=path) as records:
        records.append(list(records[2]))
        last = len(records)
    return [Expected("record.duplicate", path, row, keys[which]) for row in (3, last)]


@on("indicator")
def indicator_far_off(desk):
    with desk.rows(path="data/indicator.csv") as records:
        records[4][3] = "8641"
    return [Expected("record.outlier", "data/indicator.csv", 5, "value")]


# --------------------------------------------------------------------------------------------------------------------
# Audits, and what belongs to them
# --------------------------------------------------------------------------------------------------------------------


def put(desk, which, *cells):
    """Write cells of a table: row as a spreadsheet shows it, column, text."""
    with desk.rows(path=TABLES[which][1]) as records:
        for row, column, text in cells:
            records[row - 1][records[0].index(column)] = text


@on("audit", "auditors")
def verdict_given_twice(desk):
    """The same auditor on the same standard in the same round, with another verdict."""
    with desk.rows(path="data/audit.csv") as records:
        other = list(records[2])
        other[records[0].index("verdict")] = "not met"
        records.append(other)
    return [Expected("record.duplicate", "data/audit.csv", row, "site, standard, round, auditor") for row in (3, 10)]


@on("{}", forms=("audit", "rating", "conference"))
def standard_nobody_knows(desk, which):
    put(desk, which, (3, "standard", "ZZK09"), (4, "standard", "ZZK09"))
    return [Expected("standard.unknown", TABLES[which][1], 3, "standard")]


@on("{}", forms=("audit", "rating", "conference"))
def code_with_zeros(desk, which):
    put(desk, which, (3, "standard", "COM002"), (4, "standard", "com0003"))
    return [Expected("standard.code", TABLES[which][1], 3, "standard")]


def rewrite_catalogue(desk, old, new):
    text = Path(desk.standards).read_text(encoding="utf-8")
    assert old in text
    Path("standards.tsv").write_text(text.replace(old, new), encoding="utf-8")
    desk.standards = "standards.tsv"


@on("audit")
def catalogue_with_zeros(desk):
    rewrite_catalogue(desk, "COM13", "COM013")
    return [Expected("catalogue.code", "standards.tsv", 14, "code")]


@on("audit", forms=("fewer", "another track"))
def another_number_of_standards(desk, which):
    Path("standards.tsv").write_bytes(Path(desk.standards).read_bytes())
    desk.standards = "standards.tsv"
    expected = {"competences": 15} if which == "fewer" else {"competences": 14, "training": 11}
    desk.settings = {**desk.settings, "expected_standards": expected}
    return [Expected("catalogue.count", "standards.tsv", None, "track")]


@on("audit", forms=("before", "after"))
def verdict_outside_the_window(desk, which):
    desk.settings = {**desk.settings, "audit_window": ["2026-04-01", "2026-05-31"]}
    put(desk, "audit", (5, "audited_on", "2026-03-31" if which == "before" else "2026-06-01"))
    return [Expected("audit.window", "data/audit.csv", 5, "audited_on")]


@on("audit")
def verdict_outside_an_open_window(desk):
    desk.settings = {**desk.settings, "audit_window": [None, "2026-05-01"]}
    put(desk, "audit", *((row, "audited_on", "2019-01-01") for row in range(2, 6)))
    return [Expected("audit.window", "data/audit.csv", row, "audited_on") for row in range(6, 10)]


@on("audit")
def verdict_without_a_day(desk):
    desk.settings = {**desk.settings, "audit_window": ["2026-04-01", "2026-05-31"]}
    put(desk, "audit", (5, "audited_on", ""), (6, "audited_on", ""))
    return [Expected("audit.undated", "data/audit.csv", 5, "audited_on")]


@on("audit", "auditors", "effort", forms=("external", "final"))
def audit_of_the_own_institution(desk, which):
    """Nothing is told of the visit, whose verdicts are set aside."""
    put(desk, "auditors", (2, "site", "at2"))
    put(desk, "audit", *((row, "round", which) for row in range(6, 10)))
    put(desk, "effort", (3, "round", which))
    return [Expected("audit.own", "data/audit.csv", row, "auditor") for row in range(6, 10)]


@on("audit", "auditors")
def auditor_not_listed(desk):
    put(desk, "audit", *((row, "auditor", "QX-A1O") for row in (3, 4)), (5, "auditor", "zzk"))
    return [Expected("audit.unlisted", "data/audit.csv", 3, "auditor")]


@on("audit", "auditors", forms=("here too", "from elsewhere"))
def self_assessment_by_an_auditor(desk, which):
    if which == "here too":
        put(desk, "audit", (2, "round", "self"))
        return [Expected("audit.self", "data/audit.csv", 2, "auditor")]
    put(
        desk,
        "audit",
        *((row, column, text) for row in (8, 9) for column, text in (("round", "self"), ("auditor", "QX-A2"))),
    )
    return [Expected("audit.self", "data/audit.csv", 8, "auditor")]


@on("audit", "auditors")
def self_assessment_by_the_own_auditor(desk):
    """Whoever audits elsewhere may assess the own institution."""
    put(
        desk,
        "audit",
        *((row, column, text) for row in (4, 5) for column, text in (("round", "self"), ("auditor", "QX-A2"))),
    )
    put(desk, "audit", (2, "auditor", "QX-A2"))
    return [Expected("audit.own", "data/audit.csv", 2, "auditor")]


@on("audit", "applications", forms=("audit", "applications"))
def track_not_applied_for(desk, which):
    if which == "applications":
        put(desk, which, (3, "track", "training"))
        return [Expected("application.track", "data/applications.csv", 3, "track")]
    rewrite_catalogue(desk, "competences\tCOM03", "training\tCOM03")
    return [Expected("audit.track", "data/audit.csv", 8, "standard")]


@on("audit")
def verdict_without_evidence(desk):
    put(desk, "audit", (4, "evidence", ""), (6, "evidence", ""), (7, "evidence", ""), (7, "verdict", "not met"))
    return [Expected("audit.evidence", "data/audit.csv", 4, "evidence")]


@on("audit", "effort", forms=("site", "round", "auditor"))
def visit_without_verdicts(desk, which):
    put(desk, "effort", (3, which, {"site": "be1", "round": "final", "auditor": "QX-A2"}[which]))
    return [Expected("audit.effort", "data/effort.csv", 3, "auditor")]


@on("conference")
def decision_without_reason(desk):
    put(desk, "conference", (4, "reason", ""))
    return [Expected("decision.reason", "data/conference.csv", 4, "reason")]


@on("numbered")
def number_of_two_statements(desk):
    put(desk, "numbered", (3, "number", "7731"))
    return [Expected("statement.number", "data/numbered.csv", row, "number") for row in (2, 3)]


@on("numbered")
def statement_without_a_number(desk):
    put(desk, "numbered", (3, "number", ""))
    return [Expected("record.blank", "data/numbered.csv", 3, "number")]


@on("delphi", "numbered")
def number_of_no_statement(desk):
    """In a round with numbers a number is read as its statement; one that the list does not have is none."""
    desk.change("delphi", unit="2")
    with desk.rows(path="data/delphi.csv") as records:
        for row in records[1:]:
            row[1] = {"ST01": "7731", "ST02": "7732"}[row[1]]
        records[4][1] = "7741"
    return [Expected("record.choice", "data/delphi.csv", 5, "statement")]


@on("{}", forms=("auditors", "effort", "applications", "conference", "numbered"))
def what_belongs_to_an_audit_with_a_wrong_cell(desk, which):
    column, text, rule = {
        "auditors": ("trained_on", "zzktag", "record.type"),
        "effort": ("minutes", "-7731", "record.range"),
        "applications": ("track", "zzkweg", "record.choice"),
        "conference": ("reason", "zzkgrund", "record.choice"),
        "numbered": ("change", "zzk", "record.choice"),
    }[which]
    put(desk, which, (3, column, text))
    found = [Expected(rule, TABLES[which][1], 3, column)]
    return [*found, Expected("decision.reason", TABLES[which][1], 3, "reason")] if which == "conference" else found


# --------------------------------------------------------------------------------------------------------------------
# Any file: what it is, and whether it can be read
# --------------------------------------------------------------------------------------------------------------------

#: One file of every format, questionnaires and transcripts.
EVERY = ("comma", "tab-utf16", "xlsx", "sav", "dta", *INTERVIEWS)
OFFICE = ("xlsx", "docx", "odt")


def path_of(name):
    return FORMS[name].path if name in FORMS else f"data/talk.{name}"


@on("{}", forms=EVERY)
def no_bytes(desk, which):
    Path(path_of(which)).write_bytes(b"")
    return [Expected("file.empty", path_of(which))]


@on("{}", forms=EVERY)
def a_pdf_in_disguise(desk, which):
    Path(path_of(which)).write_bytes(b"%PDF-1.7\nzzk" + bytes(500))
    return [Expected("file.kind", path_of(which))]


@on("{}", forms=("comma", "xlsx", "docx", "txt"))
def a_web_page_in_disguise(desk, which):
    Path(path_of(which)).write_text("<html><body><table><tr><td>zzk</td></tr></table></body></html>")
    return [Expected("file.kind", path_of(which))]


@on("{}", "xlsx", forms=("comma", "docx", "odt", "sav", "txt"))
def a_workbook_in_disguise(desk, which):
    shutil.copyfile("data/book.xlsx", path_of(which))
    return [Expected("file.kind", path_of(which))]


@on("{}", forms=("xlsx", "docx", "odt", "sav", "dta"))
def cut_on_the_way(desk, which):
    path = Path(path_of(which))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return [Expected("file.unreadable", path_of(which))]


@on("{}", forms=("comma", "txt"))
def ending_of_no_format(desk, which):
    path = Path(path_of(which))
    path.rename(path.with_suffix(".pages"))
    desk.change(which, path=path.with_suffix(".pages").as_posix())
    return [Expected("file.unreadable", path.with_suffix(".pages").as_posix())]


def _compound(*names):
    """Return the outline of an old office file with streams of these names."""
    directory = b"".join(
        name.encode("utf-16-le").ljust(64, b"\0") + struct.pack("<HB", 2 * len(name) + 2, 2) + bytes(61)
        for name in ("Root Entry", *names)
    )
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".ljust(512, b"\0") + bytes(4096) + directory


@on("{}", forms=("xlsx", "docx", "sav"))
def with_a_password(desk, which):
    raw = b"\x1c\0\0\0\0\0\0\0ENCRYPTED".ljust(600, b"\x07") if which == "sav" else _compound("EncryptedPackage")
    Path(path_of(which)).write_bytes(raw)
    return [Expected("file.protected", path_of(which))]


@on("{}", forms=("odt",))
def with_a_password_inside(desk, which):
    def lock(parts):
        namespace = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
        entry = '<m:file-entry m:full-path="content.xml"><m:encryption-data/></m:file-entry>'
        parts["META-INF/manifest.xml"] = f'<m:manifest xmlns:m="{namespace}">{entry}</m:manifest>'.encode()

    repack(Path(path_of(which)), lock)
    return [Expected("file.protected", path_of(which))]


@on("{}", forms=OFFICE)
def with_macros(desk, which):
    name = {"xlsx": "xl/vbaProject.bin", "docx": "word/vbaProject.bin", "odt": "Basic/Standard/zzk.xml"}[which]
    repack(Path(path_of(which)), lambda parts: parts.update({name: b"<zzk/>"}))
    return [Expected("file.macro", path_of(which))]


@on("{}", forms=OFFICE)
def with_entities(desk, which):
    name = {"xlsx": "xl/workbook.xml", "docx": "word/document.xml", "odt": "content.xml"}[which]

    def declare(parts):
        own = re.sub(rb"^<\?xml[^>]*\?>\s*", b"", parts[name])
        parts[name] = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY zzk "zzk">]>' + own

    repack(Path(path_of(which)), declare)
    return [Expected("file.active", path_of(which))]


@on("{}", forms=OFFICE)
def archive_in_the_file(desk, which):
    inner = Path("data/book.xlsx" if which == "xlsx" else path_of(which)).read_bytes()
    repack(Path(path_of(which)), lambda parts: parts.update({"media/zzk.zip": inner}))
    return [Expected("file.archive", path_of(which))]


@on("xlsx")
def cell_far_away(desk):
    book(lambda one: one.active.cell(900_000, 40, "zzk"))
    return [Expected("file.size", "data/book.xlsx")]


@in_forms("semicolon", "cp1252")
def not_in_utf8(desk, form):
    with desk.rows(form) as records:
        records[4][3] = "zzkwört"
    text = Path(form.path).read_bytes().decode(form.encoding)
    desk.change(form.name, encoding="")
    Path(form.path).write_bytes(text.encode("cp1252"))
    row = next(n for n, line in enumerate(text.split("\n"), start=1) if "ö" in line)
    return [here(form, "file.encoding", row)]


@in_forms("comma", "semicolon", "wide")
def encoding_nobody_knows(desk, form):
    raw = Path(form.path).read_bytes().removeprefix(b"\xef\xbb\xbf")
    Path(form.path).write_bytes(raw)
    desk.change(form.name, encoding="utf8mb5")
    return [here(form, "file.encoding")]


@on("{}", forms=("txt", "md", "vtt", "srt"))
def transcript_not_in_utf8(desk, which):
    path = Path(path_of(which))
    path.write_bytes(path.read_text(encoding="utf-8").replace("zzkteam", "zzkgefühl").encode("cp1252"))
    row = next(n for n, line in enumerate(path.read_bytes().split(b"\n"), start=1) if b"\xfc" in line)
    return [Expected("file.encoding", path_of(which), row)]


#: A letter of two bytes that was read as two letters, and a letter that is lost.
LOST = ("zzkwÃ¶rt", "zzkw\ufffdrt")


@in_forms("comma", "semicolon", "tab-utf16", "cp1252", "xlsx", "sav", "dta")
def letters_read_wrongly(desk, form):
    with desk.rows(form) as records:
        form.put(records, form.first + 4, "remark", LOST[0])
    return [here(form, "file.damaged", form.first + 4)]


@in_forms("comma", "semicolon", "tab-utf16", "xlsx", "sav", "dta")
def letters_lost(desk, form):
    with desk.rows(form) as records:
        form.put(records, form.first + 4, "remark", LOST[1])
    return [here(form, "file.damaged", form.first + 4)]


@on("{}", forms=INTERVIEWS)
def speech_read_wrongly(desk, which):
    transcript(Path(path_of(which)), [*TURNS[:2], ("I", f"And {LOST[0]}?"), TURNS[3]])
    return [Expected("file.damaged", path_of(which), FIRST_TURN[which] + 2)]


@in_forms("comma", "semicolon", "tab-utf16", "cp1252", "sav")
def control_character(desk, form):
    with desk.rows(form) as records:
        form.put(records, form.first + 4, "remark", "zzk\x08")
    return [here(form, "file.control", form.first + 4)]


@on("{}", forms=("txt", "md", "vtt", "srt"))
def control_character_in_speech(desk, which):
    transcript(Path(path_of(which)), [*TURNS[:2], ("I", "And \x08 zzk?"), TURNS[3]])
    return [Expected("file.control", path_of(which), FIRST_TURN[which] + 2)]


@in_forms("comma", "semicolon", "tab-utf16", "wide")
def quotation_mark_open(desk, form):
    text = Path(form.path).read_bytes().decode(form.encoding)
    lines = text.split("\r\n")
    lines[5] = form.mark.join(['"' + IDS[0], *lines[5].split(form.mark)[1:]])
    Path(form.path).write_bytes("\r\n".join(lines).encode(form.encoding))
    return [here(form, "file.unreadable", 6)]


# --------------------------------------------------------------------------------------------------------------------
# Transcripts and codings
# --------------------------------------------------------------------------------------------------------------------


@on("{}", forms=INTERVIEWS)
def label_of_nobody(desk, which):
    transcript(Path(path_of(which)), [*TURNS[:2], ("ZZKARZT", "I was there."), ("ZZKARZT", "And I."), TURNS[3]])
    return [Expected("transcript.speaker", path_of(which), FIRST_TURN[which] + 2)]


@on("{}", forms=INTERVIEWS)
def label_without_colon(desk, which):
    turns = [*TURNS[:2], ("", "I - and then, zzknach?"), TURNS[3]]
    transcript(Path(path_of(which)), turns)
    return [Expected("transcript.speaker", path_of(which), FIRST_TURN[which] + 2)]


@on("{}", forms=INTERVIEWS)
def name_before_a_colon(desk, which):
    transcript(Path(path_of(which)), [*TURNS[:2], ("", "Zzkname: I was there."), TURNS[3]])
    return [Expected("transcript.label", path_of(which), FIRST_TURN[which] + 2)]


@on("{}", forms=INTERVIEWS)
def nobody_speaks(desk, which):
    transcript(Path(path_of(which)), [("I", words) for _who, words in TURNS])
    return [Expected("transcript.silent", path_of(which))]


@on("{}", forms=("txt", "md", "docx", "odt"))
def times_run_back(desk, which):
    turns = [(who, f"[00:0{5 - n}:00] {words}") for n, (who, words) in enumerate(TURNS)]
    transcript(Path(path_of(which)), turns)
    return [Expected("transcript.time", path_of(which), FIRST_TURN[which] + 1)]


@on("{}", forms=INTERVIEWS)
def interview_not_listed(desk, which):
    with desk.rows(path="data/list.csv") as records:
        records[:] = [row for row in records if row[0] != f"iv-{which}"]
    return [Expected("transcript.unlisted", path_of(which))]


@on("docx")
def changes_tracked(desk):
    path = Path(path_of("docx"))

    def track(parts):
        change = b'<w:ins w:id="9" w:author="zzk"><w:r><w:t>zzk</w:t></w:r></w:ins></w:p>'
        parts["word/document.xml"] = parts["word/document.xml"].replace(b"</w:p>", change, 1)

    repack(path, track)
    return [Expected("transcript.tracked", path_of("docx"))]


@on("odt")
def changes_recorded(desk):
    region = (
        '<text:tracked-changes><text:changed-region text:id="c"><text:deletion><text:p>zzk</text:p></text:deletion>'
        "</text:changed-region></text:tracked-changes>"
    )
    write_odt(Path(path_of("odt")), region + "".join(f"<text:p>{who}: {words}</text:p>" for who, words in TURNS))
    return [Expected("transcript.tracked", path_of("odt"))]


@on("docx", forms=("header", "comment"))
def parts_not_read(desk, which):
    document = docx.Document(path_of("docx"))
    if which == "header":
        document.sections[0].header.paragraphs[0].text = "zzkhaus"
    else:
        document.add_comment(document.paragraphs[1].runs, "zzkwort", author="zzkname")
    document.save(path_of("docx"))
    return [Expected("transcript.parts", path_of("docx"))]


@on("odt")
def notes_not_read(desk):
    note = "<office:annotation><dc:creator>zzk</dc:creator><text:p>zzkwort</text:p></office:annotation>"
    body = "".join(f"<text:p>{who}: {words}</text:p>" for who, words in TURNS)
    write_odt(Path(path_of("odt")), body.replace("</text:p>", f"{note}</text:p>", 1))
    return [Expected("transcript.parts", path_of("odt"))]


@on("{}", forms=("vtt",))
def words_outside_the_cues(desk, which):
    path = Path(path_of(which))
    text = path.read_text(encoding="utf-8").rstrip("\n") + "\n\nzzk lost words\n"
    path.write_text(text, encoding="utf-8")
    return [Expected("file.unreadable", path_of(which), len(text.split("\n")) - 1)]


@on("codings", "txt", forms=("zzk other words", "[zzkname]", "."))
def quote_that_tells_no_place(desk, which):
    with desk.rows(path="data/codings.csv") as records:
        records[1][-1] = which
    return [Expected("coding.quote", "data/codings.csv", 2, "quote")]


@on("codings", "txt", forms=("end", "start"))
def coding_beside_its_words(desk, which):
    with desk.rows(path="data/codings.csv") as records:
        records[1][records[0].index(which)] = "30"
    return [Expected("coding.moved", "data/codings.csv", 2, "start")]


@on("codings", "txt", forms=("code", "interview", "start"))
def coding_with_a_wrong_cell(desk, which):
    with desk.rows(path="data/codings.csv") as records:
        records[1][records[0].index(which)] = "zzk"
    rule = {"start": "record.type", "code": "coding.code", "interview": "record.choice"}[which]
    return [Expected(rule, "data/codings.csv", 2, which)]


def hand_in(**changed):
    """Write another project of a coder."""
    Path("data/project.qdpx").write_bytes(project_of_a_coder(**changed))


@on("project", "txt", forms=("no unit", "two coders", "several without a name"))
def project_that_does_not_say_who_coded(desk, which):
    if which != "two coders":
        desk.change("project", unit="")
    if which != "no unit":
        hand_in(users=("zzkperson", "zzkandere") if which == "two coders" else ("zzkperson", ""))
    if which == "several without a name":  # a program that keeps no user for some codings
        path, nobody = Path("data/project.qdpx"), refi.guid("user", "")
        path.write_bytes(rewritten(path.read_bytes(), f'creatingUser="{nobody}"', 'creatingUser=""'))
    return [Expected("coding.coder", "data/project.qdpx", column="unit")]


@on("project", "txt")
def project_with_another_text(desk):
    hand_in(text=STORED.replace("zzkfrage", "zzkanders"), name="zzk text of nobody")
    return [Expected("coding.source", "data/project.qdpx")]


@on("project", "txt")
def project_with_a_changed_text(desk):
    """Where the name says which interview it is, passages are found by their words."""
    hand_in(text=STORED.replace("How was it", "How was it for you"))
    return [Expected("coding.moved", "data/project.qdpx", 1, "start")]


@on("project", "txt")
def project_of_a_program_that_counts_as_nobody_knows(desk):
    hand_in(origin="zzkprogramm", named=False)
    return [Expected("coding.counted", "data/project.qdpx")]


@on("project", "txt")
def project_of_a_program_that_counts_otherwise(desk):
    """The first sign has the number 1."""
    hand_in(text=f"{STORED}\n", words=("I felt heard", "zzkrede", "We spoke", "the team", "zzkteam"), moved=1)
    return [Expected("coding.read-as", "data/project.qdpx")]


@on("project", "txt")
def project_with_a_code_of_the_coders_own(desk):
    hand_in(codes={"SUP": "Support", "ZZKNEU": "zzkneu"})
    return [Expected("coding.code", "data/project.qdpx", 2, "code")]


@on("project", "txt")
def project_with_codings_under_the_name_of_the_dictionary(desk):
    hand_in(users=("dictionary", "zzkperson"))
    return [Expected("coding.dictionary", "data/project.qdpx")]


@on("project", "txt")
def project_with_the_same_coding_twice(desk):
    hand_in(twice=True)
    return [Expected("coding.repeated", "data/project.qdpx")]


@on("project", "txt")
def project_with_a_picture(desk):
    hand_in(left_out=True)
    return [Expected("coding.left-out", "data/project.qdpx")]


@on("project", "txt", forms=("damaged", "text", "empty"))
def project_that_is_none(desk, which):
    data = {"damaged": Path("data/project.qdpx").read_bytes()[:1000], "text": b"zzk no project\n", "empty": b""}[which]
    Path("data/project.qdpx").write_bytes(data)
    rule = {"damaged": "file.unreadable", "text": "file.kind", "empty": "file.empty"}[which]
    return [Expected(rule, "data/project.qdpx")]


@on("project", "txt")
def codebook_of_another_study(desk):
    desk.remove("project")
    own = refi.Code(refi.guid("zzk"), "zzkcode")
    Path("data/theirs.qdc").write_bytes(refi.write_codebook([refi.Code(refi.code_guid("SUP"), "Support"), own]))
    desk.add("theirs", "coding", "data/theirs.qdc")
    return [Expected("coding.codebook", "data/theirs.qdc")]


@on("names", forms=("Zz", "--", "K."))
def name_of_two_letters(desk, which):
    with desk.rows(path="data/names.csv") as records:
        records.append(["place", which, "", ""])
    return [Expected("deny-list.short", "data/names.csv", 4, "text")]


@on("register", "withdrawals", forms=("", "all"))
def withdrawal_below_a_gap(desk, which):
    path = Path("data/withdrawals.csv")
    lines = [
        "participant,withdrawn_on,scope,deleted_on",
        f"{IDS[11]},2026-05-05,quotes,",
        ",,,",
        f"{IDS[10]},,{which},",
    ]
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")
    return [Expected("person.withdrawal", "data/withdrawals.csv", 4, "participant")]


@on("names", forms=("same_as",))
def another_name_of_nobody(desk, which):
    with desk.rows(path="data/names.csv") as records:
        records[2][records[0].index(which)] = "Zzkanne"
    return [Expected("deny-list.same-as", "data/names.csv", 3, "same_as")]


@on("names", forms=("kind", "text"))
def name_that_cannot_be_used(desk, which):
    with desk.rows(path="data/names.csv") as records:
        records[2][records[0].index(which)] = "zzkind" if which == "kind" else ""
    rule = "record.choice" if which == "kind" else "record.blank"
    return [Expected(rule, "data/names.csv", 3, which)]


@on("labels", "txt", forms=("interview", "end", "start"))
def label_of_no_words(desk, which):
    with desk.rows(path="data/labels.csv") as records:
        records[1][records[0].index(which)] = {"interview": "zzk-9", "end": "99999", "start": "8"}[which]
    return [Expected("transcript.label-place", "data/labels.csv", 2, "start")]


@on("signed", "txt")
def sign_off_of_no_transcript(desk):
    with desk.rows(path="data/signed.csv") as records:
        records[1][0] = "zzk-9"
    return [Expected("transcript.sign-off", "data/signed.csv", 2, "interview")]


@on("codings", "txt")
def coding_twice(desk):
    with desk.rows(path="data/codings.csv") as records:
        records.append(list(records[1]))
    return [
        Expected("record.duplicate", "data/codings.csv", row, "coder, interview, code, start, end, quote")
        for row in (2, 4)
    ]


# --------------------------------------------------------------------------------------------------------------------
# REDCap's data dictionary
# --------------------------------------------------------------------------------------------------------------------


def field(desk, name, **cells):
    """Change cells of a field in the data dictionary; the keys are beginnings of its headers."""
    with desk.rows(path="data/dictionary.csv") as records:
        row = next((one for one in records if one[0] == name), None)
        if row is None:
            row = [name, "questionnaire", *[""] * 16]
            records.append(row)
        for key, text in cells.items():
            place = next(n for n, header in enumerate(records[0]) if header.lower().replace(" ", "_").startswith(key))
            row[place] = text


def beside(desk, form, name, cell):
    """Add a column to an export, filled for everybody."""
    with desk.rows(form) as records:
        for n, row in enumerate(records):
            row.insert(-1, name if n == 0 else cell)


@in_forms(*CHECKED)
def field_required(desk, form):
    field(desk, "brs_3", required="y")
    with desk.rows(form) as records:
        form.put(records, 6, "brs_3", "")
    return [here(form, "dictionary.required", 6, "brs_3"), here(form, "answer.blank")]


def extra_field(rule, good, bad, **cells):
    """Return a fault in a field of its own, which the questionnaire does not ask for."""

    def fault(desk, form):
        field(desk, "shifts", **{"field_type": "text", "field_label": "Shifts", **cells})
        beside(desk, form, "shifts", good)
        with desk.rows(form) as records:
            records[5][records[0].index("shifts")] = bad
        return [here(form, rule, 6, "shifts"), here(form, "table.extra-column", form.top, "shifts")]

    return fault


for kind, one in (
    ("field_of_another_type", extra_field("dictionary.type", "3", "zzk", text_validation_type="integer")),
    (
        "field_out_of_range",
        extra_field("dictionary.range", "3", "8641", text_validation_type="integer", text_validation_max="60"),
    ),
    (
        "field_hidden_and_filled",
        extra_field("dictionary.hidden", "", "zzk", branching="[brs_1] = '9'"),
    ),
    (
        "field_computed_otherwise",
        extra_field("dictionary.calculated", "2", "7731", field_type="calc", choices="1 + 1"),
    ),
):
    one.__name__ = kind
    in_forms(*CHECKED)(one)


@in_forms(*CHECKED)
def logic_not_read(desk, form):
    field(desk, "brs_3", branching="zzkfunction([brs_1]) = '1'")
    return [here(form, "dictionary.unread", None, "brs_3")]


@on("dictionary", forms=("other", "column", "twice", "nameless"))
def dictionary_unfit(desk, which):
    path = "data/dictionary.csv"
    with desk.rows(path=path) as records:
        if which == "other":
            records[:] = [["zzka", "zzkb"], ["zzk", "zzk"]]
        elif which == "column":
            drop_column(records, 3)
        elif which == "twice":
            records.append(list(records[2]))
        else:
            records.append(["", *records[2][1:]])
    if which == "column":
        return [Expected("table.no-column", path, 1, "Field Type")]
    if which == "other":
        return [Expected("table.dialect", path, 1)]
    return [Expected("table.dialect", path, 9, "Variable / Field Name")]


# --------------------------------------------------------------------------------------------------------------------
# Decisions, the sheet, the ledger of received files
# --------------------------------------------------------------------------------------------------------------------


@on("comma", forms=("rule", "note", "source", "row"))
def decision_without_place(desk, which):
    row = {
        "rule": ("comma", 3, "answer.range", "keep"),
        "note": ("comma", 3, "person.duplicate", "accept"),
        "source": ("nowhere", 3, "person.duplicate", "keep"),
        "row": ("comma", 999, "person.duplicate", "keep"),
    }[which]
    desk.decide(row)
    path = "data/resolutions.csv"
    found = [Expected("resolution.place", path, 2, "of_source" if which == "source" else "rule")]
    return {"source": found, "row": [Expected("resolution.unused", path, 2)]}.get(
        which, [*found, Expected("resolution.unused", path, 2)]
    )


@on("comma")
def decision_on_another_file(desk):
    with desk.rows(FORMS["comma"]) as records:
        records.append(list(records[4]))
    desk.decide(("comma", 5, "person.duplicate", "keep"), sha256="0" * 64)
    return [
        Expected("resolution.stale", "data/resolutions.csv", 2, "sha256"),
        Expected("person.duplicate", "data/comma.csv", 5, "participant"),
        Expected("person.duplicate", "data/comma.csv", 14, "participant"),
    ]


@on("comma")
def decision_on_nothing(desk):
    desk.decide(("comma", 5, "person.duplicate", "keep"))
    return [Expected("resolution.unused", "data/resolutions.csv", 2)]


@on("comma")
def decision_with_a_blank(desk):
    desk.decide(("comma", 5, "person.duplicate", "keep"))
    with desk.rows(path="data/resolutions.csv") as records:
        records[1][5] = ""
    return [Expected("record.blank", "data/resolutions.csv", 2, "reason")]


SHEET_FILE = "inputs.tsv"


@on("comma", forms=("comma.csv", "sub/QX.docx"))
def file_without_row(desk, which):
    path = Path("data") / f"new_{Path(which).name}"
    path.write_bytes(b"zzk")
    return [Expected("sheet.no-row", SHEET_FILE)]


@on("{}", forms=("comma", "xlsx", "txt"))
def row_without_file(desk, which):
    Path(path_of(which)).unlink()
    return [Expected("sheet.no-file", SHEET_FILE, desk.sources[which].line, "path")]


@on(
    "comma",
    forms=("site", "wave", "instrument", "delimiter", "dialect", "dictionary", "version", "language", "kind", "source"),
)
def cell_of_the_sheet(desk, which):
    desk.change("comma", **{which: "" if which == "source" else "nothing"})
    return [Expected("sheet.cell", SHEET_FILE, desk.sources["comma"].line, which)]


@on("txt", forms=("unit", "language"))
def transcript_without_cell(desk, which):
    desk.change("txt", **{which: ""})
    return [Expected("sheet.cell", SHEET_FILE, desk.sources["txt"].line, which)]


@on("comma", "xlsx", forms=("source", "path"))
def two_rows_the_same(desk, which):
    cells = {"source": desk.sources["comma"].source} if which == "source" else {"path": "data/comma.csv"}
    if which == "path":
        Path("data/book.xlsx").unlink()
    desk.change("xlsx", **cells)
    return [Expected("sheet.duplicate", SHEET_FILE, desk.sources["xlsx"].line, which)]


def enter(desk, *rows):
    """Write a ledger of received files: the files as they are, then further rows."""
    entered = []
    for one in desk.sources.values():
        raw = Path(one.path).read_bytes()
        entered.append([one.path, "received", str(len(raw)), hashlib.sha256(raw).hexdigest(), "2026-07-01"])
    lines = [list(LEDGER), *entered, *rows]
    Path("received.tsv").write_text("".join("\t".join(line) + "\n" for line in lines), encoding="utf-8")
    desk.received = ["received.tsv"]


@on("{}", forms=("comma", "xlsx", "sav", "dta"))
def another_file_than_received(desk, which):
    enter(desk)
    form = FORMS[which]
    with desk.rows(form) as records:
        form.put(records, *form.at(0, "brs_1"), "2")
    return [Expected("received.changed", form.path)]


@on("{}", forms=("comma", "xlsx", "docx", "register"))
def file_not_received(desk, which):
    enter(desk)
    lines = Path("received.tsv").read_text(encoding="utf-8").split("\n")
    path = desk.sources[which].path
    Path("received.tsv").write_text("\n".join(one for one in lines if not one.startswith(path)), encoding="utf-8")
    return [Expected("received.new", path)]


@on("comma")
def received_file_gone(desk):
    enter(desk, ["data/old.csv", "received", "10", "0" * 64, "2026-07-01"])
    return [Expected("received.gone", "data/old.csv")]


# --------------------------------------------------------------------------------------------------------------------
# The tests
# --------------------------------------------------------------------------------------------------------------------

KINDS = sorted({one.kind for one in CASES})


@pytest.fixture(scope="module")
def healthy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("healthy")
    return folder, build(folder)


@pytest.fixture(scope="module")
def usual():
    """What a check of healthy files says, by their names."""
    return {}


@pytest.fixture(scope="module")
def provoked():
    """Rules that the cases have expected so far."""
    return set()


@pytest.fixture(scope="module")
def desks(tmp_path_factory):
    """Folders for the cases; one of pytest's own for each would take longer than the case."""
    folder = tmp_path_factory.mktemp("desks")
    return (folder / str(number) for number in count())


@pytest.fixture
def desk_of(healthy, desks, monkeypatch):
    """Return a function that lays files of the healthy study on a desk of its own."""
    folder, sources = healthy

    def lay(*names):
        place = next(desks)
        place.mkdir()
        monkeypatch.chdir(place)
        desk = Desk(folder, {name: sources[name] for name in names})
        desk.lay()
        return desk

    return lay


def assert_silent(outcome):
    """Assert that nothing meant for others than the study team shows a value."""
    internal = [str(row) for name in ("problems", "files") for row in outcome.rows(name)]
    body = outcome.page.split("<body>", 1)[1]
    for text in [*(one.sentence() for one in outcome.problems), *internal, body]:
        lowered = text.casefold()
        assert [one for one in CANARIES if one in lowered] == [], text[:500]


def assert_accounted(outcome):
    """Assert that every row read is kept, set aside or turned away at the gate, and none is lost."""
    turned = Counter(one["source"] for one in outcome.rows("deletions"))
    for entry in outcome.rows("rows"):
        if entry["rows_read"] is not None and entry["rows_read"] == entry["rows_read"]:
            wave = entry["wave"] if entry["kind"] == "questionnaire" else ""
            kept = outcome.kept[entry["source"], wave] + turned[entry["source"]]
            assert entry["rows_read"] == kept + entry["quarantined"], entry


def assert_remedied(problems):
    for one in problems:
        assert one.remedy
        assert one.remedy in one.sentence()
        assert one.remedy.endswith(".") or one.rule == "sheet.no-row"
        assert one.level == RULES[one.rule].level


def raw_value(one):
    """Read a cell that was set aside from the raw file again, by row and column as they are told."""
    if one["file"].endswith(".qdpx"):  # the row is the number of the coding; of whole texts no value is kept
        project = refi.read_project(Path(one["file"]))
        passages = [each for text in project.sources for each in text.selections for _coding in each.codings]
        names = {code.guid: code.name for code, _path in refi.walk(project.codes)}
        return names[passages[int(one["row"]) - 1].codings[0].code] if one["rule"] == "coding.code" else ""
    form = {form.path: form for form in (*FORMS.values(), *REGISTERS.values())}.get(one["file"])
    records = read_records(Path(one["file"]), **(form.how if form else {}))
    row = records[int(one["row"]) - (form.base if form else 1)]
    if one["rule"] == "table.junk-row":
        return " / ".join(filter(None, row))
    if one["rule"] == "table.total-row":
        return row[0]
    if form and "," not in one["column"]:
        return form.get(records, int(one["row"]), one["column"])
    return " / ".join(row[records[0].index(name)] for name in one["column"].split(", "))


def assert_restorable(outcome):
    for one in outcome.rows("values"):
        if one["level"] == "QUARANTINE":
            assert one["value"] == raw_value(one), one


@pytest.mark.parametrize("form", [*FORMS, *REGISTERS, *INTERVIEWS])
def test_healthy_file_passes(desk_of, form):
    desk = desk_of(*selection(form))
    outcome = desk.check()
    assert [one.sentence() for one in outcome.problems if one.level != "NOTE"] == []
    assert_silent(outcome)
    assert_accounted(outcome)
    counted = sum(one["rows_read"] for one in outcome.rows("rows") if one["source"] == form)
    assert counted == {"wide": 24, "long": 24}.get(form, 1 if form in INTERVIEWS else 12)


def test_healthy_study_passes(desk_of, healthy):
    names = ["register", "comma", "comma-post", *(name for name in TABLES if name != "register"), *INTERVIEWS]
    outcome = desk_of(*names).check()
    assert [one.sentence() for one in outcome.problems] == []
    assert_accounted(outcome)
    stop(outcome.problems)


@pytest.mark.parametrize("case", [pytest.param(one, id=f"{one.kind}-{one.form}") for one in CASES])
def test_fault_is_told(case: Case, desk_of, usual, provoked):
    if case.sources not in usual:
        usual[case.sources] = desk_of(*case.sources).check().places()
    before = usual[case.sources]
    desk = desk_of(*case.sources)
    expected = case.damage(desk)
    provoked |= {one.rule for one in expected}
    raw = digests()
    outcome = desk.check()
    assert digests() == raw
    new = outcome.places() - before
    assert new == {one.place() for one in expected}
    assert_remedied(outcome.problems)
    assert_silent(outcome)
    assert_accounted(outcome)
    assert_restorable(outcome)
    grave = [one for one in outcome.problems if one.level == "STOP"]
    if grave:
        with pytest.raises(DataError) as told:
            stop(outcome.problems)
        assert str(told.value).split("\n") == [one.sentence() for one in grave]
    else:
        stop(outcome.problems)


def test_enough_faults():
    assert len(CASES) >= 150
    assert len(KINDS) >= 40


#: Rules that no fault here provokes, and why.
NOT_PROVOKED: dict[str, str] = {}


def test_every_rule_is_provoked(desk_of, provoked):
    waiting = [] if provoked else CASES  # run alone, this test damages all files itself
    for case in waiting:
        provoked |= {one.rule for one in case.damage(desk_of(*case.sources))}
    assert set(RULES) - provoked == set(NOT_PROVOKED)


# --------------------------------------------------------------------------------------------------------------------
# The remedies of the commonest faults, applied as they are printed
# --------------------------------------------------------------------------------------------------------------------


def paste(desk, sentence):
    """Paste the line that the sentence gives into the sheet."""
    desk.write_sheet()
    line = sentence.rsplit(": ", 1)[1]
    with Path("inputs.tsv").open("a", encoding="utf-8") as file:
        file.write(line + "\n")
    desk.read_sheet()


def in_the_sheet(**cells):
    """Return a mend that fills in cells of the sheet."""

    def mend(desk, _sentence):
        name = next(one.source for one in desk.sources.values() if one.kind == "questionnaire")
        desk.change(name, **cells)
        desk.write_sheet()
        desk.read_sheet()

    return mend


def name_the_column(desk, sentence):
    with desk.rows(FORMS["comma"]) as records:
        wanted = re.search(r"column (\S+):", sentence)[1]
        records[0][records[0].index("resilience2")] = wanted


def register_the_person(desk, _sentence):
    with desk.rows(path="data/register.csv") as records:
        records.append(["QX-9999", *records[1][1:]])


def remove_the_copy(desk, sentence):
    row = int(re.search(r"row (\d+)", sentence)[1])
    with desk.rows(FORMS["comma"]) as records:
        del records[row - 1]


def correct_the_answer(desk, sentence):
    row, column = re.search(r"row (\d+), column (\w+):", sentence).groups()
    with desk.rows(FORMS["comma"]) as records:
        FORMS["comma"].put(records, int(row), column, "5")


def of_the_instrument(old, new):
    """Return a mend in the instrument's own file."""

    def mend(desk, _sentence):
        shutil.copytree(desk.healthy / "instruments", "instruments")
        path = Path("instruments/brs.yaml")
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")
        assert read_yaml(path)
        desk.instruments = Path("instruments")

    return mend


def declare_the_words(desk, sentence):
    words = ", ".join(f'"zzk agree {code}": {code}' for code in range(1, 6))
    old, new = "{values: [1, 2, 3, 4, 5]}", f"{{values: [1, 2, 3, 4, 5], texts: {{{words}}}}}"
    of_the_instrument(old, new)(desk, sentence)


def paste_values(_desk, sentence):
    row, column = re.search(r"row (\d+), column (\w+):", sentence).groups()
    place = 5 + FORMS["xlsx"].items.index(column)
    book(lambda one: one.active.cell(int(row), place, 2))


def unmerge(_desk, sentence):
    area = re.search(r"cells (\w+:\w+) are", sentence)[1]

    def fill(one):
        one.active.unmerge_cells(area)
        for (cell,) in one.active[area]:
            cell.value = "zzk"

    book(fill)


def accept_changes(_desk, _sentence):
    def accept(parts):
        parts["word/document.xml"] = re.sub(rb"</?w:ins\b[^>]*>", b"", parts["word/document.xml"])

    repack(Path(path_of("docx")), accept)


def add_the_label(desk, _sentence):
    desk.settings = {**desk.settings, "others": ["O", "ZZKARZT"]}


def column_renamed(desk):
    with desk.rows(FORMS["comma"]) as records:
        records[0][records[0].index("brs_2")] = "resilience2"


def announced_late(desk):
    shutil.move("data/long.csv", "data/late.csv")
    desk.sources.pop("long")


def case(kind, form):
    """Return a case's files and damage."""
    one = next(one for one in CASES if (one.kind, one.form) == (kind, form))
    return one.sources, one.damage


#: Fault, the rule it gives, the words of the remedy that are followed, and the mend.
REMEDIES = {
    "no row": (("register", "long"), announced_late, "sheet.no-row", "Paste this line", paste),
    "separator": (
        *case("another_separator_named", "semicolon"),
        "table.no-column",
        "correct the file's row in the landing sheet",
        in_the_sheet(delimiter="semicolon"),
    ),
    "encoding": (
        *case("not_in_utf8", "cp1252"),
        "file.encoding",
        "name its encoding in the sheet's column `encoding`",
        in_the_sheet(encoding="cp1252"),
    ),
    "wave": (*case("wave_unknown", "xlsx"), "wave.unknown", "Fill in `wave` in the sheet", in_the_sheet(wave="pre")),
    "column": (("register", "comma"), column_renamed, "table.no-column", "correct its name", name_the_column),
    "person": (
        *case("unknown_person", "comma"),
        "person.unknown",
        "add the person to the register",
        register_the_person,
    ),
    "duplicate": (
        *case("person_twice", "comma"),
        "person.duplicate",
        "Keep the right row in the raw file and remove the others",
        remove_the_copy,
    ),
    "answer": (
        *case("answer_out_of_range", "comma"),
        "answer.range",
        "Correct the answer in the raw file",
        correct_the_answer,
    ),
    "missing code": (
        *case("answer_out_of_range", "sav"),
        "answer.range",
        "declare it as a missing code of the instrument",
        of_the_instrument('["-99", "NA"]', '["-99", "NA", "8641"]'),
    ),
    "words": (*case("words_for_codes", "comma"), "answer.labels", "declare the words", declare_the_words),
    "formula": (*case("formula_without_result", "brs_2"), "cell.formula", "paste values", paste_values),
    "merged": (*case("cells_merged", "xlsx"), "table.merged", "Unmerge the cells and fill in each one", unmerge),
    "tracked": (*case("changes_tracked", "docx"), "transcript.tracked", "Accept or reject all changes", accept_changes),
    "speaker": (
        *case("label_of_nobody", "txt"),
        "transcript.speaker",
        "add it to `interviews` in the configuration",
        add_the_label,
    ),
}


@pytest.mark.parametrize("name", REMEDIES)
def test_remedy_helps(name, desk_of):
    sources, damage, rule, words, mend = REMEDIES[name]
    desk = desk_of(*sources)
    damage(desk)
    before = [one for one in desk.check().problems if one.rule == rule]
    assert before
    assert all(words in one.sentence() for one in before)
    mend(desk, before[0].sentence())
    after = desk.check()
    assert [one.sentence() for one in after.problems if one.rule == rule or one.level != "NOTE"] == []
    assert_accounted(after)


def test_decision_helps(desk_of):
    """Of two rows the one decided on counts; the other stays aside, listed and counted."""
    desk = desk_of("register", "comma")
    next(one for one in CASES if (one.kind, one.form) == ("person_twice", "comma")).damage(desk)
    first, second = (one for one in desk.check().problems if one.rule == "person.duplicate")
    assert "decide in the list of resolutions" in first.sentence()
    desk.decide(("comma", first.row, "person.duplicate", "keep"))
    after = desk.check()
    assert [(one.rule, one.row) for one in after.problems if one.level != "NOTE"] == [("person.duplicate", second.row)]
    assert after.kept["comma", "pre"] == 12
    assert_accounted(after)


# --------------------------------------------------------------------------------------------------------------------
# Any damage
# --------------------------------------------------------------------------------------------------------------------

ODD = st.sampled_from(
    (
        *("", " ", "0", "-1", "1,5", "1,000", "1_0", "1e9", "nan", "inf", "0x1", "２", "−1", "NULL", "NA", "=1+1"),
        *("#REF!", "7.7E+31", "2026-07-31", "2026-07-31 00:00:00", "Total", "zzk;zzk", 'zzk "', "<b>zzk</b>"),
        *("`zzk`", "zzk\u202e"),
    )
) | st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), max_size=12).map("zzk{}".format)
PLACE = st.integers(0, 30)
DAMAGE = st.lists(
    st.one_of(
        st.tuples(st.just("cell"), PLACE, PLACE, ODD),
        st.tuples(st.just("twice"), PLACE, PLACE),
        st.tuples(st.just("drop"), PLACE),
        st.tuples(st.just("swap"), PLACE, PLACE),
        st.tuples(st.just("blank"), PLACE),
    ),
    min_size=1,
    max_size=6,
)


def damaged(records, steps):
    """Return the rows after some steps of damage."""
    rows = [list(row) for row in records]
    for what, one, *more in steps:
        place = one % len(rows)
        if what == "cell":
            below = 1 + one % max(len(rows) - 1, 1)
            if below < len(rows) and rows[below]:
                rows[below][more[0] % len(rows[below])] = more[1]
        elif what == "twice":
            rows.insert(more[0] % (len(rows) + 1), list(rows[place]))
        elif what == "drop" and len(rows) > 1:
            del rows[place]
        elif what == "swap":
            for row in rows:
                first, second = one % len(row), more[0] % len(row)
                row[first], row[second] = row[second], row[first]
        elif what == "blank":
            rows.insert(place, [""] * len(rows[0]))
    return rows


@pytest.mark.parametrize("name", ["comma", "xlsx", "long", "answers"])
def test_any_damage_is_told_and_nothing_is_lost(name, desk_of):
    form = FORMS[name]
    desk = desk_of(*selection(name))
    records = read_records(Path(form.path), **form.how)

    @settings(max_examples=25, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(DAMAGE)
    def holds(steps):
        rows = damaged(records, steps)
        write_records(Path(form.path), rows, **form.how)
        outcome = desk.check()
        assert_silent(outcome)
        assert_accounted(outcome)
        if form.layout == "persons" and not any(one.level == "STOP" for one in outcome.problems):
            counted = sum(one["rows_read"] for one in outcome.rows("rows") if one["source"] == name)
            assert counted == sum(any(cell.strip() for cell in row) for row in rows[1:])

    holds()
