"""The gate: a file with a person who is turned away is read as if the person had never been in it."""

from __future__ import annotations

import csv
import itertools
import logging
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import exports
import openpyxl
import pandas as pd
import pyreadstat
import pytest
from faults import read_records as rows_of
from faults import write_records
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.utils import get_column_letter
from piloteval.config import read_instruments
from piloteval.intake.gate import NO_CONSENT, NOT_RECORDED, SCOPES, Gate, open_gate
from piloteval.intake.questionnaires import read_questionnaires
from piloteval.intake.records import read_records
from piloteval.intake.sheet import Source
from piloteval.intake.transcripts import read_interviews
from study import ROOT, SETTINGS

repeated = settings(max_examples=12, deadline=None, derandomize=True, database=None)

KNOWN = read_instruments([str(ROOT / "config/instruments/brs.yaml")])
BRS = KNOWN["brs"].items
WAVES = {"pre": "before_arm_1", "post": "after_arm_1"}
STUDY = {
    **SETTINGS,
    "instruments": ["brs"],
    "participant_column": ["participant", "record_id", "PID", "What is your study code?", "Your code"],
    "wave_names": {name: wave for wave, name in WAVES.items()},
    "other_columns": ["remark"],
}

#: Six people; the third one is turned away. All that is in a row of theirs and must be told nowhere begins with zzk.
IDS = tuple(f"QX-{n}" for n in range(1, 7))
X = "zzk-9"
CANARY = "zzk"
PEOPLE = (*IDS[:2], X, *IDS[2:])
NUMBERS = tuple(map(str, range(1, 7)))


def answered(ids, *, faulty=()):
    """Return rows of people as the builders of exports take them; a faulty person has unusable answers and two rows."""
    rows = []
    for who in ids:
        place = int(who[-1])
        row = {"id": who, "date": f"2026-03-{place:02d} 10:22:11", "remark": f"r{place}"}
        # The sixth says too much in one cell, so that a fault of others is told and kept apart.
        row |= {item: str((place * 2 + n) % 5 + 1) for n, item in enumerate(BRS)}
        row |= {"brs_2": "77"} if place == 6 and who not in faulty else {}
        rows.append(row)
        if who in faulty:
            rows[-1] |= {"brs_1": "zzkbad", "brs_2": "8641", "brs_3": "1,000", "remark": "zzkremark"}
            rows.append({**rows[-1], "brs_4": "zzkmore"})
    return rows


# --------------------------------------------------------------------------------------------------------------------
# Shapes of a file
# --------------------------------------------------------------------------------------------------------------------


def flat(path, rows):
    write_records(
        path,
        [
            ["participant", "completed_on", "remark", *BRS],
            *([one["id"], one["date"][:10], one["remark"], *(one[item] for item in BRS)] for one in rows),
        ],
        mark="\t" if path.suffix in (".tsv", ".txt") else ",",
    )


def wide(path, rows):
    header = ["participant", *(f"{item}_{wave}" for wave in WAVES for item in BRS)]
    write_records(path, [header, *([one["id"], *([one[item] for item in BRS] * 2)] for one in rows)])


def long(path, rows):
    body = [[one["id"], wave, *(one[item] for item in BRS)] for wave in WAVES for one in rows]
    write_records(path, [["participant", "wave", *BRS], *body])


def answers_in_rows(path, rows, first="participant"):
    header = ["participant", "item", "answer"]
    body = [[one["id"], item, one[item]] for one in rows for item in BRS]
    order = sorted(range(3), key=lambda place: header[place] != first)
    write_records(path, [[row[place] for place in order] for row in (header, *body)])


def items_in_rows(path, rows, corner="item"):
    write_records(
        path, [[corner, *(one["id"] for one in rows)], *([item, *(one[item] for one in rows)] for item in BRS)]
    )


def events(builder, **how):
    def write(path, rows):
        both = [{**one, "event": name} for name in WAVES.values() for one in rows]
        builder(path, list(BRS), both, event="before_arm_1", **how)

    return write


def platform(builder, **how):
    return lambda path, rows: builder(path, list(BRS), rows, **how)


def numbered(builder, **how):
    """A REDCap project that numbers its records, with the participant's id in a field of its own."""

    def write(path, rows):
        own = [{**one, "id": str(n), "participant": one["id"]} for n, one in enumerate(rows, start=1)]
        builder(path, ["participant", *BRS], own, **how)
        records = rows_of(path)
        for row, given_ in zip(records[1:], rows, strict=True):
            row[3] = given_["id"]  # the builder takes a number for an answer, and writes its word
        write_records(path, records)

    return write


def numbered_dictionary(path):
    name, label, kind = exports.DICTIONARY[0], exports.DICTIONARY[4], exports.DICTIONARY[3]
    own = {name: "participant", kind: "text", label: "Number of the study card", exports.DICTIONARY[5]: ""}
    exports.redcap_dictionary(path, ["participant", *BRS], fields=[own])


CARD = {"participant": "Number of the study card"}


@dataclass(frozen=True)
class Shape:
    """A way a file may come; ``layout`` says where its ids stand."""

    name: str
    suffix: str
    write: Callable[[Path, list], object]
    layout: str = "rows"
    waves: tuple[str, ...] = ("pre",)
    cells: dict = field(default_factory=lambda: {"wave": "pre"})
    dictionary: Callable[[Path], object] | None = None
    column: int = 0

    @property
    def own_rows(self):
        """Whether a person's fault of the row's shape can be made in the file."""
        return self.suffix in (".csv", ".tsv", ".txt") and self.layout == "rows"


def brs_dictionary(path):
    exports.redcap_dictionary(path, list(BRS))


EVENTS = {"waves": ("pre", "post"), "cells": {}}
SHAPES = {
    one.name: one
    for one in (
        Shape("csv", ".csv", flat),
        Shape("tsv", ".tsv", flat),
        Shape("txt", ".txt", flat),
        Shape("xlsx", ".xlsx", flat),
        Shape("sav", ".sav", flat),
        Shape("dta", ".dta", flat),
        Shape("wide", ".csv", wide, **EVENTS),
        Shape("wide-xlsx", ".xlsx", wide, **EVENTS),
        Shape("long", ".csv", long, **EVENTS),
        Shape("long-sav", ".sav", long, **EVENTS),
        Shape("answers", ".csv", answers_in_rows),
        Shape("answers-xlsx", ".xlsx", answers_in_rows),
        Shape("answers-by-item", ".csv", lambda path, rows: answers_in_rows(path, rows, "item"), column=1),
        Shape("items", ".csv", items_in_rows, layout="columns"),
        Shape("items-xlsx", ".xlsx", items_in_rows, layout="columns"),
        Shape("items-named", ".csv", lambda path, rows: items_in_rows(path, rows, "participant"), layout="columns"),
        Shape("redcap", ".csv", platform(exports.redcap_raw)),
        Shape("redcap-dictionary", ".csv", platform(exports.redcap_raw), dictionary=brs_dictionary),
        Shape("redcap-events", ".csv", events(exports.redcap_raw), **EVENTS),
        Shape("redcap-numbered", ".csv", numbered(exports.redcap_raw), column=3),
        Shape("redcap-labels", ".csv", platform(exports.redcap_labels), dictionary=brs_dictionary),
        Shape(
            "redcap-labels-numbered",
            ".csv",
            numbered(exports.redcap_labels, texts=CARD),
            dictionary=numbered_dictionary,
            column=3,
        ),
        Shape("limesurvey", ".csv", platform(exports.limesurvey), column=10),
        Shape("limesurvey-texts", ".csv", platform(exports.limesurvey, heading="text"), column=10),
        Shape("limesurvey-both", ".csv", platform(exports.limesurvey, heading="both"), column=10),
        Shape("limesurvey-vv", ".txt", platform(exports.limesurvey_vv), column=10),
        Shape("qualtrics", ".csv", platform(exports.qualtrics), column=17),
        Shape("qualtrics-xlsx", ".xlsx", platform(exports.qualtrics, xlsx=True), column=17),
        Shape("qualtrics-legacy", ".csv", platform(exports.qualtrics_legacy), column=10),
        Shape("google", ".csv", platform(exports.google_forms), column=2),
        Shape("google-de", ".csv", platform(exports.google_forms, language="de"), column=2),
        Shape("microsoft", ".xlsx", platform(exports.microsoft_forms), column=5),
        Shape("surveymonkey", ".csv", platform(exports.surveymonkey), column=9),
        Shape("surveymonkey-xlsx", ".xlsx", platform(exports.surveymonkey), column=9),
    )
}


def sources_of(folder, shape):
    more = {"dictionary": "d"} if shape.dictionary else {}
    asked = Source(2, "q", "questionnaire", str(folder / f"answers{shape.suffix}"), **shape.cells, **more)
    dictionary = Source(3, "d", "dictionary", str(folder / "dictionary.csv"))
    return [asked, dictionary] if shape.dictionary else [asked]


def put(folder, shape, ids, *, faulty=(), damage=None):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"answers{shape.suffix}"
    shape.write(path, answered(ids, faulty=faulty))
    if shape.dictionary:
        shape.dictionary(folder / "dictionary.csv")
    if damage:
        damage(path, shape)
    return sources_of(folder, shape)


def gate_of(*people, fate="withdrawn"):
    if fate == "withdrawn":
        return Gate(withdrawn={one: set(SCOPES) for one in people})
    return Gate(refused={("survey", one): NO_CONSENT for one in people})


def read(sources, gate=None, people=None, settings=STUDY):
    gate = gate or Gate()
    return read_questionnaires(sources, KNOWN, people=people, settings=settings, gate=gate), gate


def without(turned, row, column):
    """Return row and column as they are when what was turned away is not in the file."""
    row = row and row - sum(one.row < row for _source, one in turned if not one.column)
    letters = [one.column for _source, one in turned if one.column]
    if letters and re.fullmatch("[A-Z]+", column):
        order = [get_column_letter(n) for n in range(1, 40)]
        place = order.index(column)
        column = order[place - sum(order.index(one) < place for one in letters)]
    return row, column


def told(found, gate, folder):
    """Return problems and quarantine as they are when what was turned away is not in the file."""
    problems = []
    for one in found.problems:
        row, column = without(gate.turned, one.row, one.column)
        problems.append({**asdict(one), "row": row, "column": column, "file": one.file.replace(str(folder), "")})
    aside = []
    for one in found.quarantine:
        row, column = without(gate.turned, one["row"], one["column"])
        aside.append({**one, "row": row, "column": column, "file": one["file"].replace(str(folder), "")})
    return problems, aside


def answers_of(found, gate):
    rows = found.table().assign(row=[without(gate.turned, row, "")[0] for row in found.table()["row"]])
    return rows


def let_in(found):
    """Return what the ledger says of those who were let in, by wave."""
    return {
        one["wave"]: (one["rows_read"] - one["excluded"] - one["withdrawn"], one["quarantined"])
        for one in found.ledger
        if one["rows_read"] > one["excluded"] + one["withdrawn"]
    }


def assert_same(gated, plain):
    """Assert that a file behind the gate is read as the file without those who are turned away."""
    (first, gate, folder), (second, none, other) = gated, plain
    pd.testing.assert_frame_equal(answers_of(first, gate), answers_of(second, none))
    assert told(first, gate, folder) == told(second, none, other)
    assert let_in(first) == let_in(second)
    assert first.forms == second.forms


def assert_silent(found, gate, sources, caplog=None):
    """Assert that nothing shows what stands in the rows that were turned away, or whose they are."""
    shown = [*map(str, found.problems), *map(str, found.quarantine), *map(str, found.answers), str(found.ledger)]
    shown += [one.sentence() for one in found.problems] + [str(gate.to_delete(sources))]
    shown += [caplog.text] if caplog else []
    assert [one for one in shown if CANARY in one.casefold() or "8641" in one] == []


def places_of(path, shape, who):
    """Find the rows, or the columns, of people in a file again, as a spreadsheet shows them."""
    mark = "\t" if path.suffix in (".tsv", ".txt") else ","
    records = rows_of(path, mark=mark)
    if shape.layout == "columns":
        return [(1, get_column_letter(n + 1)) for n, name in enumerate(records[0]) if name in who]
    base = 0 if path.suffix in (".sav", ".dta") else 1
    column = shape.column
    return [(n + base, "") for n, row in enumerate(records) if len(row) > column and row[column] in who]


# --------------------------------------------------------------------------------------------------------------------
# Questionnaires
# --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fate", ["withdrawn", "excluded"])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=list(SHAPES))
def test_file_behind_the_gate_is_the_file_without_the_person(tmp_path, shape, fate, caplog):
    caplog.set_level(logging.DEBUG)
    sources = put(tmp_path / "a", shape, PEOPLE)
    found, gate = read(sources, gate_of(X, fate=fate))
    plain = read(put(tmp_path / "b", shape, IDS))
    assert len(found.answers) == len(IDS) * len(BRS) * len(shape.waves)
    assert "answer.range" in {one.rule for one in found.problems}  # of somebody else, and told as without the person
    assert_same((found, gate, tmp_path / "a"), (*plain, tmp_path / "b"))
    assert_silent(found, gate, sources, caplog)
    # The accounts close: what was turned away is counted in its wave, under its fate.
    other = {"withdrawn": "excluded", "excluded": "withdrawn"}[fate]
    for one in found.ledger:
        assert (one["rows_read"], one[fate], one[other], one["quarantined"]) == (len(PEOPLE), 1, 0, 0)
    assert tuple(one["wave"] for one in found.ledger) == shape.waves
    # Where it stands is told as a spreadsheet shows it.
    deletions = gate.to_delete(sources)
    path = Path(sources[0].path)
    assert [(one["row"], one["column"]) for one in deletions] == places_of(path, shape, {X})
    assert {one["file"] for one in deletions} == {str(path)}
    assert {one["why"] for one in deletions} == {"withdrew" if fate == "withdrawn" else "did not consent"}
    assert {one["delete"] for one in deletions} == {"the column" if shape.layout == "columns" else "the row"}
    assert {bool(one["sheet"]) for one in deletions} == {shape.suffix == ".xlsx"}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=list(SHAPES))
def test_faults_of_the_person_are_told_nowhere(tmp_path, shape, caplog):
    """Answers that cannot be used, two questionnaires of a wave, texts where numbers are asked for."""
    if shape.suffix in (".sav", ".dta") and shape.layout == "columns":
        pytest.skip("a statistical program has no two variables of one name")
    caplog.set_level(logging.DEBUG)
    sources = put(tmp_path / "a", shape, PEOPLE, faulty={X})
    found, gate = read(sources, gate_of(X))
    plain = read(put(tmp_path / "b", shape, IDS))
    assert_same((found, gate, tmp_path / "a"), (*plain, tmp_path / "b"))
    assert_silent(found, gate, sources, caplog)
    path = Path(sources[0].path)
    assert [(one["row"], one["column"]) for one in gate.to_delete(sources)] == places_of(path, shape, {X})


def of_person(change):
    """Return a damage of every row of a person in a text file."""

    def damage(path, shape):
        mark = "\t" if path.suffix in (".tsv", ".txt") else ","
        records = rows_of(path, mark=mark)
        places = {row for row, _column in places_of(path, shape, {X})}
        records = [change(list(row)) if n in places else row for n, row in enumerate(records, start=1)]
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, delimiter=mark).writerows(records)

    return damage


ROW_FAULTS = {
    "long": lambda row: [*row, "zzkone", "zzktwo"],
    "short": lambda row: row[:-1],
    "letters lost": lambda row: [*row[:-1], "zzk\ufffd"],
    "read wrongly": lambda row: [*row[:-1], "zzkwÃ¶rt"],
    "control": lambda row: [*row[:-1], "zzk\x07x"],
    "blank": lambda row: [cell if cell == X else "" for cell in row],
    "dates": lambda row: [cell if cell == X or "2026" not in cell else "zzkdate" for cell in row],
}


@pytest.mark.parametrize("fault", ROW_FAULTS)
@pytest.mark.parametrize("shape", [one for one in SHAPES.values() if one.own_rows], ids=lambda one: one.name)
def test_broken_row_of_the_person_stops_nothing(tmp_path, shape, fault, caplog):
    caplog.set_level(logging.DEBUG)
    sources = put(tmp_path / "a", shape, PEOPLE, damage=of_person(ROW_FAULTS[fault]))
    found, gate = read(sources, gate_of(X))
    plain = read(put(tmp_path / "b", shape, IDS))
    assert_same((found, gate, tmp_path / "a"), (*plain, tmp_path / "b"))
    assert_silent(found, gate, sources, caplog)
    path = Path(sources[0].path)
    assert [(one["row"], one["column"]) for one in gate.to_delete(sources)] == places_of(path, shape, {X})
    # Rows that name no item are no questionnaire, here as with everybody else.
    nameless = fault == "blank" and shape.name.startswith("answers")
    assert sum(one["withdrawn"] for one in found.ledger) >= (0 if nameless else 1)


BOOK_FAULTS = ("formula", "error", "merged", "hidden")


def workbook_fault(fault):
    def damage(path, shape):
        book = openpyxl.load_workbook(path)
        sheet = book.active
        for row, column in places_of(path, shape, {X}):
            cells = [sheet[f"{column}{n}"] for n in (3, 4)] if column else list(sheet[row])[-2:]
            if fault == "formula":
                cells[0].value = "=1+1"
            elif fault == "error":
                cells[0].value = "#REF!"
            elif fault == "merged":
                sheet.merge_cells(f"{cells[0].coordinate}:{cells[1].coordinate}")
            elif column:
                sheet.column_dimensions[column].hidden = True
            else:
                sheet.row_dimensions[row].hidden = True
        book.save(path)

    return damage


@pytest.mark.parametrize("fault", BOOK_FAULTS)
@pytest.mark.parametrize("shape", [one for one in SHAPES.values() if one.suffix == ".xlsx"], ids=lambda one: one.name)
def test_cells_of_a_workbook_that_show_no_value_are_not_told(tmp_path, shape, fault):
    sources = put(tmp_path / "a", shape, PEOPLE, damage=workbook_fault(fault))
    found, gate = read(sources, gate_of(X))
    plain = read(put(tmp_path / "b", shape, IDS))
    assert_same((found, gate, tmp_path / "a"), (*plain, tmp_path / "b"))
    # The same fault is told where nobody is turned away.
    ungated, _gate = read(sources)
    rule = {"formula": "cell.formula", "error": "cell.error", "merged": "table.merged", "hidden": "table.hidden-cells"}
    assert rule[fault] in {one.rule for one in ungated.problems}


@pytest.mark.parametrize("who", ["2", "5"])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=list(SHAPES))
def test_ids_that_are_numbers_do_not_hit_answers(tmp_path, shape, who):
    if shape.layout == "columns" and shape.suffix in (".sav", ".dta"):
        pytest.skip("a variable's name is no number")
    sources = put(tmp_path / "a", shape, NUMBERS)
    found, gate = read(sources, gate_of(who))
    plain = read(put(tmp_path / "b", shape, [one for one in NUMBERS if one != who]))
    left = {one["participant"] for one in found.answers}
    assert left == set(NUMBERS) - {who}
    assert Counter(one["participant"] for one in found.answers) == dict.fromkeys(left, len(BRS) * len(shape.waves))
    assert [(one["row"], one["column"]) for one in gate.to_delete(sources)] == places_of(
        Path(sources[0].path), shape, {who}
    )
    assert_same((found, gate, tmp_path / "a"), (*plain, tmp_path / "b"))


def test_items_called_by_number_are_no_people(tmp_path):
    """Columns 1 to 6 of anonymous answers are items, whoever is called so."""
    known = read_instruments([str(ROOT / "config/instruments/brs.yaml")])
    known["brs"].columns["any"] = ["{n}"]
    try:
        path = tmp_path / "answers.csv"
        write_records(path, [["participant", *NUMBERS], *([who, *("12345"), "1"] for who in IDS)])
        source = Source(2, "q", "questionnaire", str(path), wave="pre")
        for named in ("participant", None):
            gate = gate_of("2", "3")
            settings_ = {**STUDY, "participant_column": named}
            found = read_questionnaires([source], known, people=None, settings=settings_, gate=gate)
            assert len(found.answers) == len(IDS) * len(BRS)
            assert gate.to_delete([source]) == []
    finally:
        known["brs"].columns.pop("any", None)


@pytest.mark.parametrize("name", ["csv", "wide", "answers", "redcap", "qualtrics", "sav"])
def test_anonymous_answers_pass(tmp_path, name):
    """A study that says its questionnaires are anonymous has nobody to turn away in them."""
    shape = SHAPES[name]
    sources = put(tmp_path, shape, NUMBERS)
    found, gate = read(sources, gate_of("2", "3"), settings={**STUDY, "participant_column": None})
    assert (gate.turned, [one["withdrawn"] for one in found.ledger if one["withdrawn"]]) == ([], [])


@pytest.mark.parametrize("name", ["csv", "wide", "items", "sav", "xlsx", "redcap-events", "google", "answers"])
def test_everybody_may_be_turned_away(tmp_path, name):
    sources = put(tmp_path, SHAPES[name], IDS)
    found, gate = read(sources, gate_of(*IDS))
    assert [one.sentence() for one in found.problems if one.level != "NOTE"] == []
    assert (found.answers, found.quarantine) == ([], [])
    for one in found.ledger:
        assert (one["rows_read"], one["withdrawn"]) == (len(IDS), len(IDS))
    assert {one["wave"] for one in found.ledger} == set(SHAPES[name].waves)
    path = Path(sources[0].path)
    assert [(one["row"], one["column"]) for one in gate.to_delete(sources)] == places_of(path, SHAPES[name], IDS)


def test_waves_are_counted_as_they_were_answered(tmp_path):
    """Who left a wave out is turned away from the others only, and each fate has its own column."""
    path = tmp_path / "answers.csv"
    header = ["participant", *(f"{item}_{wave}" for wave in WAVES for item in BRS)]
    full, none = ["3"] * len(BRS), [""] * len(BRS)
    write_records(path, [header, ["a", *full, *none], ["b", *full, *full], ["c", *none, *full], ["d", *full, *full]])
    gate = Gate(withdrawn={"a": {"survey"}, "c": {"survey"}}, refused={("survey", "b"): NO_CONSENT})
    found, gate = read([Source(2, "q", "questionnaire", str(path))], gate)
    assert [(one["wave"], one["rows_read"], one["excluded"], one["withdrawn"]) for one in found.ledger] == [
        ("pre", 3, 1, 1),
        ("post", 3, 1, 1),
    ]


@pytest.mark.parametrize(
    "name", ["csv", "xlsx", "sav", "wide", "long", "answers", "items", "redcap-events", "qualtrics", "surveymonkey"]
)
def test_anybody_may_be_turned_away(tmp_path, name):
    """Property: behind the gate, a file is the file without those who are turned away, whoever they are."""
    shape, number = SHAPES[name], itertools.count()

    @repeated
    @given(st.sets(st.sampled_from(IDS), min_size=1, max_size=len(IDS) - 1), st.booleans(), st.data())
    def holds(out, consent, data):
        folder = tmp_path / str(next(number))
        order = data.draw(st.permutations(IDS))
        faulty = data.draw(st.sets(st.sampled_from(sorted(out))))
        first = put(folder / "a", shape, order, faulty=faulty)
        rows = answered(order, faulty=faulty)
        second = sources_of(folder / "b", shape)
        (folder / "b").mkdir()
        shape.write(folder / "b" / f"answers{shape.suffix}", [one for one in rows if one["id"] not in out])
        gated = read(first, gate_of(*out, fate="excluded" if consent else "withdrawn"))
        assert_same((*gated, folder / "a"), (*read(second), folder / "b"))

    holds()


def test_register_behind_the_gate_knows_nobody_turned_away(tmp_path):
    """A row of somebody turned away is no row of a stranger."""
    sources = put(tmp_path, SHAPES["csv"], PEOPLE)
    found, _gate = read(sources, gate_of(X), people=set(IDS))
    assert "person.unknown" not in {one.rule for one in found.problems}
    ungated, _gate = read(sources, people=set(IDS))
    assert "person.unknown" in {one.rule for one in ungated.problems}


# --------------------------------------------------------------------------------------------------------------------
# Consent and withdrawal
# --------------------------------------------------------------------------------------------------------------------

REGISTER = ["participant", "site", "cohort", "age", "consent_survey", "consent_interview", "consent_quotes"]
REGISTER += ["profession", "experience_years", "affiliated", "enrolled_on"]


def person(who, survey="yes", interview="yes", **cells):
    given_ = {"participant": who, "site": "at1", "cohort": "peers", "age": "40", "affiliated": "yes"}
    given_ |= {"consent_survey": survey, "consent_interview": interview, **cells}
    return [given_.get(name, "") for name in REGISTER]


def put_register(folder, *rows, suffix=".csv", labels=None, name="register"):
    path = folder / f"{name}{suffix}"
    if suffix == ".sav":
        frame = pd.DataFrame(rows, columns=REGISTER)
        words = {}
        for scope in ("survey", "interview"):
            frame[f"consent_{scope}"] = pd.to_numeric(frame[f"consent_{scope}"])
            words[f"consent_{scope}"] = labels
        pyreadstat.write_sav(frame, str(path), variable_value_labels=words)
    else:
        write_records(path, [REGISTER, *rows])
    return Source(2, name, "register", str(path))


def put_withdrawals(folder, *rows):
    path = folder / "withdrawals.csv"
    write_records(path, [["participant", "withdrawn_on", "scope", "deleted_on"], *rows])
    return Source(3, "withdrawals", "withdrawals", str(path))


def put_list(folder, *rows):
    path = folder / "list.csv"
    write_records(path, [["interview", "participant", "minutes"], *rows])
    return Source(4, "list", "interview_list", str(path))


SAID = {"yes": "", "YES": "", "no": NO_CONSENT, "No": NO_CONSENT, "": NOT_RECORDED, "maybe": NOT_RECORDED}


@pytest.mark.parametrize("withdrew", ["", *SCOPES, "all"])
@pytest.mark.parametrize(("survey", "interview"), list(itertools.product(SAID, repeat=2)))
def test_consent_by_scope_and_withdrawal(tmp_path, survey, interview, withdrew):
    sources = [
        put_register(tmp_path, person("P1", survey, interview), person("P2")),
        put_withdrawals(tmp_path, *([["P1", "2026-01-01", withdrew, ""]] if withdrew else [])),
        put_list(tmp_path, ["I1", "P1", "30"], ["I2", "P2", "30"]),
    ]
    gate = open_gate(sources)
    expected = {}
    for scope, said in (("survey", survey), ("interview", interview)):
        out = withdrew in (scope, "all")
        expected[scope] = "withdrawn" if out else "excluded" if SAID[said] else ""
        assert gate.fate(scope, "P1") == expected[scope]
        assert gate.refused.get((scope, "P1"), "") == SAID[said] or withdrew == "all"
        assert gate.fate(scope, "P2") == ""
    assert gate.fate("quotes", "P1") == ("withdrawn" if withdrew in ("quotes", "all") else "")
    # Only who is out of both has no row in the register any more.
    both = [*expected.values()]
    whole = "" if "" in both else "withdrawn" if "withdrawn" in both else "excluded"
    assert gate.fate("all", "P1") == whole
    register = read_records("register", sources[:1], {"sites": ["at1"], "cohorts": ["peers"]}, gate=gate)
    assert {one["participant"] for one in register.records} == {"P2"} | (set() if whole else {"P1"})
    assert gate.interviews == ({"I1": expected["interview"]} if expected["interview"] else {})
    listed = read_records("interview_list", sources[2:], {}, gate=gate)
    assert {one["interview"] for one in listed.records} == {"I2"} | (set() if expected["interview"] else {"I1"})
    # A row of the register is deleted after a withdrawal only: who said no is not asked again.
    kinds = {one["source"] for one in gate.to_delete(sources)}
    assert ("register" in kinds) == (whole == "withdrawn")
    assert ("list" in kinds) == bool(expected["interview"])


@pytest.mark.parametrize("labels", [{1.0: "yes", 0.0: "no"}, {1.0: "Yes", 0.0: "NO"}])
def test_codes_of_consent_are_read_by_their_words(tmp_path, labels):
    rows = [person("P1", "1", "0"), person("P2", "0", "1"), person("P3", "1", ""), person("P4", "1", "7")]
    gate = open_gate([put_register(tmp_path, *rows, suffix=".sav", labels=labels)])
    assert gate.refused == {
        ("interview", "P1"): NO_CONSENT,
        ("survey", "P2"): NO_CONSENT,
        ("interview", "P3"): NOT_RECORDED,
        ("interview", "P4"): NOT_RECORDED,
    }


def test_codes_without_words_are_no_consent(tmp_path):
    gate = open_gate([put_register(tmp_path, person("P1", "1", "1"))])
    assert set(gate.refused.values()) == {NOT_RECORDED}


def test_register_without_columns_of_consent_lets_nobody_in(tmp_path):
    path = tmp_path / "register.csv"
    write_records(path, [["participant", "site"], ["P1", "at1"]])
    assert open_gate([Source(2, "r", "register", str(path))]).fate("survey", "P1") == "excluded"


@pytest.mark.parametrize("first", ["yes", "no", ""])
@pytest.mark.parametrize("decided", [None, 2, 3])
def test_person_registered_twice(tmp_path, first, decided):
    """One yes lets a person in, until somebody decides which row counts: then that row says it."""
    second = {"yes": "no", "no": "yes", "": "yes"}[first]
    sources = [put_register(tmp_path, person("P1", first, first), person("P1", second, second), person("P2"))]
    if decided:
        from piloteval.intake.sheet import digest

        header = ["of_source", "of_row", "rule", "decision", "sha256", "reason", "decided_by", "decided_on"]
        row = [
            "register",
            str(decided),
            "record.duplicate",
            "keep",
            digest(sources[0].path),
            "paper",
            "KL",
            "2026-01-05",
        ]
        write_records(tmp_path / "resolutions.csv", [header, row])
        sources.append(Source(5, "resolutions", "resolutions", str(tmp_path / "resolutions.csv")))
    said = {None: "yes", 2: first, 3: second}[decided]
    assert open_gate(sources).fate("survey", "P1") == ("" if said == "yes" else "excluded")


def test_row_without_an_id_is_nobodys(tmp_path):
    """A blank id in the register with a blank consent does not turn away every row with a blank id."""
    sources = [
        put_register(tmp_path, person("", "no", ""), person("P1")),
        put_list(tmp_path, ["", "P1", "30"], ["I2", "", "30"]),
    ]
    gate = open_gate(sources)
    assert (gate.registered, gate.refused, gate.interviews) == ({"P1"}, {}, {})
    assert gate.closed("questionnaire", ("participant",)) is None


def test_broken_row_of_who_withdrew_does_not_hide_the_consents_of_others(tmp_path):
    rows = [[*person("P1"), "zzk", "zzk"], person("P2", "no", "no"), person("P3")]
    sources = [
        put_register(tmp_path, *rows),
        put_withdrawals(tmp_path, ["P1", "", "all", ""]),
        put_list(tmp_path, ["I1", "P1", "30", "zzk"], ["I2", "P2", "30"], ["I3", "P3", "30"]),
    ]
    gate = open_gate(sources)
    assert gate.registered == {"P1", "P2", "P3"}
    assert [gate.fate("survey", one) for one in ("P1", "P2", "P3")] == ["withdrawn", "excluded", ""]
    assert gate.interviews == {"I1": "withdrawn", "I2": "excluded"}
    read_ = read_records("register", sources[:1], {"sites": ["at1"], "cohorts": ["peers"]}, gate=gate)
    assert [one["participant"] for one in read_.records] == ["P3"]
    assert read_.problems == []


def test_study_without_a_register_asks_the_withdrawals_only(tmp_path):
    sources = [put_withdrawals(tmp_path, ["QX-1", "", "survey", ""]), *put(tmp_path, SHAPES["csv"], IDS)]
    found, gate = read(sources, open_gate(sources))
    assert {one["participant"] for one in found.answers} == {*IDS} - {"QX-1"}
    assert gate.unknown(IDS) == []


# --------------------------------------------------------------------------------------------------------------------
# Other phases, interviews, and the list of what to delete
# --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "column"), [("audit", "auditor"), ("rating", "rater"), ("delphi", "panellist")])
@pytest.mark.parametrize(
    ("scopes", "refused", "out"),
    [
        ({"panel"}, (), True),
        ({"survey", "interview", "quotes", "panel"}, (), True),
        ({"panel"}, ("survey", "interview"), True),
        ({"survey", "interview"}, (), False),
        ({"survey"}, ("interview",), False),
        (set(), ("survey", "interview"), False),
    ],
)
def test_panels_ask_the_withdrawals_from_panels_only(kind, column, scopes, refused, out):
    """Panels have a consent of their own; their rules do not read the register, so it must not matter."""
    gate = Gate(withdrawn={"P1": scopes} if scopes else {}, refused={(one, "P1"): NO_CONSENT for one in refused})
    closed = gate.closed(kind)
    assert (closed is not None and closed.columns == (column,) and "P1" in closed.people) == out


@pytest.mark.parametrize("kind", ["indicator", "dictionary", "resolutions", "withdrawals", "deny_list"])
def test_kinds_without_people_have_no_gate(kind):
    assert gate_of("value", "1").closed(kind) is None


def test_what_goes_with_an_interview_is_turned_away_with_it(tmp_path):
    (tmp_path / "i1.txt").write_text("I: zzk?\nP: zzkspeech\n\ufffd", encoding="utf-8")
    (tmp_path / "i2.txt").write_text("I: How?\nP: Well.\n", encoding="utf-8")
    write_records(
        tmp_path / "codings.csv",
        [
            ["coder", "interview", "code", "start", "end", "quote"],
            ["C1", "I1", "zzkcode", "x", "5", "zzkquote"],
            ["C1", "I2", "SUP", "11", "16", "Well."],
        ],
    )
    sources = [
        put_register(tmp_path, person("P1", "yes", "no"), person("P2")),
        put_list(tmp_path, ["I1", "P1", "30"], ["I2", "P2", "30"]),
        Source(5, "t1", "transcript", str(tmp_path / "i1.txt"), unit="I1", language="en"),
        Source(6, "t2", "transcript", str(tmp_path / "i2.txt"), unit="I2", language="en"),
        Source(7, "c", "coding", str(tmp_path / "codings.csv")),
    ]
    gate = open_gate(sources)
    transcripts, problems, ledger = read_interviews(sources, ["I"], ["P"], gate=gate)
    assert ([one.interview for one in transcripts], problems) == (["I2"], [])
    assert [one.get("excluded", 0) for one in ledger] == [1, 0]
    codings = read_records("coding", sources[4:], {"interviews": ["I2"], "codes": ["SUP"]}, gate=gate)
    assert ([one["row"] for one in codings.records], codings.problems, codings.quarantine) == ([3], [], [])
    assert codings.ledger[0]["excluded"] == 1
    where = [(one["source"], one["row"], one["delete"]) for one in gate.to_delete(sources)]
    assert where == [("c", 2, "the row"), ("t1", None, "the file")]
    assert CANARY not in str(gate.to_delete(sources))


def test_column_of_a_person_in_a_statistical_file_is_not_the_whole_file(tmp_path):
    path = tmp_path / "answers.sav"
    frame = pd.DataFrame({"item": list(BRS), **{who: [3.0] * len(BRS) for who in ("QA", "QB", "QC")}})
    pyreadstat.write_sav(frame, str(path))
    sources = [Source(2, "q", "questionnaire", str(path), wave="pre")]
    found, gate = read(sources, gate_of("QB"))
    assert {one["participant"] for one in found.answers} == {"QA", "QC"}
    (only,) = gate.to_delete(sources)
    assert (only["row"], only["column"], only["delete"]) == (None, "C", "the column")


def test_what_is_turned_away_twice_is_listed_once(tmp_path):
    sources = put(tmp_path, SHAPES["csv"], PEOPLE)
    gate = gate_of(X)
    first, second = read(sources, gate)[0], read(sources, gate)[0]
    assert first.ledger == second.ledger
    assert len(gate.to_delete(sources)) == 1


@pytest.mark.parametrize(
    ("scope", "deleted", "still", "rule"),
    [
        ("all", "", ("register",), ""),
        ("all", "", (), "person.withdrawal"),
        ("all", "2026-02-01", (), ""),
        ("all", "2026-02-01", ("register",), "person.returned"),
        ("all", "2026-02-01", ("answers",), "person.returned"),
        ("all", "2026-02-01", ("list",), "person.returned"),
        # Who left a part of the study only stays in the register and in the other part.
        ("survey", "2026-02-01", ("register",), ""),
        ("survey", "2026-02-01", ("register", "list"), ""),
        ("survey", "2026-02-01", ("register", "answers"), "person.returned"),
        ("interview", "2026-02-01", ("register", "answers"), ""),
        ("interview", "2026-02-01", ("register", "list"), "person.returned"),
        ("quotes", "2026-02-01", ("register", "answers", "list"), ""),
        ("quotes", "", ("register", "answers", "list"), ""),
        ("quotes", "", (), "person.withdrawal"),
    ],
)
def test_who_is_gone_and_who_came_back(tmp_path, scope, deleted, still, rule):
    there = {name: name in still for name in ("register", "answers", "list")}
    sources = [
        put_register(tmp_path, person("QX-9"), *([person(X)] if there["register"] else [])),
        put_withdrawals(tmp_path, [X, "2026-01-01", scope, deleted]),
        put_list(tmp_path, ["I9", "QX-9", "30"], *([["I1", X, "30"]] if there["list"] else [])),
        *put(tmp_path, SHAPES["csv"], [*IDS, *([X] if there["answers"] else [])]),
    ]
    gate = open_gate(sources)
    register = read_records("register", sources[:1], {"sites": ["at1"], "cohorts": ["peers"]}, gate=gate)
    read_records("interview_list", sources[2:3], {}, gate=gate)
    read(sources, gate)
    problems = gate.unknown(register.seen)
    assert [one.rule for one in problems] == ([rule] if rule else [])
    assert CANARY not in str(problems)


def test_earlier_withdrawal_of_the_quotes_needs_no_date_of_its_own(tmp_path):
    rows = [[X, "", "quotes", ""], [X, "", "all", "2026-02-01"]]
    sources = [put_register(tmp_path, person("P2")), put_withdrawals(tmp_path, *rows)]
    gate = open_gate(sources)
    assert gate.unknown({"P2"}) == []


def test_part_by_part_is_from_everything(tmp_path):
    """Who withdrew from survey and interview in two rows, both deleted, must not stay in the register."""
    rows = [[X, "", "survey", "2026-02-01"], [X, "", "interview", "2026-02-01"]]
    sources = [put_register(tmp_path, person(X), person("P2")), put_withdrawals(tmp_path, *rows)]
    gate = open_gate(sources)
    read_records("register", sources[:1], {"sites": ["at1"], "cohorts": ["peers"]}, gate=gate)
    assert [one.rule for one in gate.unknown({"P2"})] == ["person.returned"] * 2


@pytest.mark.parametrize("line", ["AT1-07,2026-01-01,al,", "AT1-07,2026-01-01", "AT1-07,,,"])
def test_rules_behind_the_gate_refuse_a_list_they_cannot_read(line, tmp_path, monkeypatch):
    """Also those that read no register: else a panellist who withdrew would stay in, unnoticed."""
    from dataclasses import replace

    from piloteval.errors import DataError
    from piloteval.measures import delphi
    from study import EXAMPLE, ROOT, example_sources

    path = tmp_path / "withdrawals.csv"
    path.write_text(f"participant,withdrawn_on,scope,deleted_on\n{line}\n", encoding="utf-8")
    sources = [
        replace(one, path=str(path)) if one.kind == "withdrawals" else one
        for one in example_sources()
        if one.kind in ("delphi", "withdrawals")
    ]
    rule = {"dimensions": ["feasibility", "sensitivity"], "agree_from": 4, "threshold_percent": 70}
    rule |= {"comparison": "above", "status": "unconfirmed"}
    with pytest.raises(DataError):
        delphi.run(
            sources, [str(ROOT / "config/statements.tsv")], consensus=rule, confidence=0.95, settings=EXAMPLE, floor=5
        )
