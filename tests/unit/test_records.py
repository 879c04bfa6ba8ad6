"""Typed records: what a cell may hold, what is set aside, and that nothing is lost and no value is told."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from piloteval.config import read_instruments
from piloteval.intake import records
from piloteval.intake.records import delphi_columns, number, read_questionnaires, read_records
from piloteval.intake.sheet import Source

ROOT = Path(__file__).resolve().parents[2]
repeated = settings(max_examples=60, deadline=None, derandomize=True, database=None)

DOMAINS = {
    "sites": ["at1", "be1"],
    "cohorts": ["peers", "staff"],
    "standards": ["T1", "T2"],
    "statements": ["S1", "S2"],
    "interviews": ["I1"],
    "codes": ["A_ONE"],
}
REGISTER = (
    "participant,site,cohort,profession,age,experience_years,affiliated,"
    "consent_survey,consent_interview,consent_quotes,enrolled_on"
)
PERSON = "P1,at1,peers,nurse,40,12,yes,yes,no,no,2025-09-01"
RATED = "rater,site,standard,feasibility,clarity,evidence_sufficiency,audit_operability"
CODED = "coder,interview,code,start,end,quote"
INSTRUMENTS = read_instruments([str(ROOT / "config/instruments/brs.yaml"), str(ROOT / "config/instruments/who5.yaml")])
BRS = list(INSTRUMENTS["brs"].items)


def source(path, kind="register", name="s", **cells):
    return Source(line=2, source=name, kind=kind, path=str(path), **cells)


def intake(folder, kind, *lines, name="s", **cells):
    path = folder / f"{name}.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    one = source(path, kind, name, **cells)
    if kind == "delphi":
        columns, key = delphi_columns(["feasibility"], 1, 5)
        return read_records(kind, [one], DOMAINS, columns=columns, key=key)
    return read_records(kind, [one], DOMAINS, limits=(1, 5))


def several(folder, kind, **files):
    sources = []
    for name, lines in files.items():
        path = folder / f"{name}.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        sources.append(source(path, kind, name))
    return read_records(kind, sources, DOMAINS, limits=(1, 5))


def told(found, folder):
    return [one.sentence().removeprefix(f"{folder}/") for one in found.problems]


def balance(found):
    """Return rows read, kept and set aside."""
    kept = {(one["source"], one["row"]) for one in found.records}
    return sum(one["rows_read"] for one in found.ledger), len(kept), sum(one["quarantined"] for one in found.ledger)


# Numbers and dates


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("3.5", 3.5),
        ("3,5", 3.5),
        ("-2", -2),
        ("1e2", 100),
        ("1_0", None),
        ("x", None),
        ("nan", None),
        ("inf", None),
    ],
)
def test_number(text, value):
    assert number(text) == value


@pytest.mark.parametrize(("text", "day"), [("2025-11-03", "2025-11-03"), ("2025-11-03 09:30:00", "2025-11-03")])
def test_date(tmp_path, text, day):
    found = intake(tmp_path, "register", REGISTER, PERSON.replace("2025-09-01", text))
    assert found.records[0]["enrolled_on"] == day


@pytest.mark.parametrize("text", ["03.11.2025", "2025-02-30", "2025-11-03 or so", "2025-11-031", "soon"])
def test_no_date(tmp_path, text):
    found = intake(tmp_path, "register", REGISTER, PERSON.replace("2025-09-01", text))
    assert found.records[0]["enrolled_on"] == ""
    assert told(found, tmp_path) == [
        "s.csv, row 2, column enrolled_on: the value is not allowed; expected a date as year-month-day. Correct the "
        "cell in the raw file. (cell set aside)"
    ]


# Every kind


@pytest.mark.parametrize(
    ("kind", "header", "line"),
    [
        ("register", REGISTER, PERSON),
        ("withdrawals", "participant,withdrawn_on,scope", "P1,2025-10-01,all"),
        ("audit", "site,standard,round,auditor,verdict", "at1,T1,external,A1,partly met"),
        ("rating", RATED, "R1,at1,T1,1,5,,3"),
        ("delphi", "panellist,statement,feasibility", "X1,S1,4"),
        ("indicator", "site,period,indicator,value", "at1,2024,turnover,12.5"),
        ("interview_list", "interview,participant", "I1,P1"),
        ("coding", CODED, "C,I1,A_ONE,0,5,Hello"),
    ],
)
def test_good_row_of_every_kind(tmp_path, kind, header, line):
    found = intake(tmp_path, kind, header, line)
    assert (len(found.records), found.problems, found.quarantine) == (1, [], [])
    record = found.records[0]
    assert (record["source"], record["row"]) == ("s", 2)
    assert found.ledger[0]["rows_read"] == 1
    assert set(found.columns) == set(record)


def test_every_kind_is_covered_by_the_test_above():
    assert set(records.RECORDS) | {"delphi"} == {
        "register", "withdrawals", "audit", "rating", "delphi", "indicator", "interview_list", "coding"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "header", "line", "sentence"),
    [
        (
            "register", REGISTER, PERSON.replace("P1", ""),
            "column participant: the cell is empty; expected a value. Correct the cell in the raw file. "
            "(row set aside)",
        ),
        (
            "register", REGISTER, PERSON.replace("at1", "xx"),
            "column site: the value is not allowed; expected one of at1, be1. Correct the cell in the raw file. "
            "(row set aside)",
        ),
        (
            "register", REGISTER, PERSON.replace("40", "400"),
            "column age: the value is not allowed; expected a number from 0 to 120. Correct the cell in the raw file. "
            "(cell set aside)",
        ),
        (
            "register", REGISTER, PERSON.replace("yes,yes", "yes,maybe"),
            "column consent_survey: the value is not allowed; expected one of yes, no. Correct the cell in the raw "
            "file. (cell set aside)",
        ),
        (
            "audit", "site,standard,round,auditor,verdict", "at1,T1,external,A1,fulfilled",
            "column verdict: the value is not allowed; expected one of met, partly met, not met, not applicable, not "
            "assessed. Correct the cell in the raw file. (row set aside)",
        ),
        (
            "rating", RATED, "R1,at1,T1,6,5,4,3",
            "column feasibility: the value is not allowed; expected a number from 1 to 5. Correct the cell in the raw "
            "file. (cell set aside)",
        ),
        (
            "delphi", "panellist,statement,feasibility", "X1,S1,0",
            "column feasibility: the value is not allowed; expected a number from 1 to 5. Correct the cell in the raw "
            "file. (cell set aside)",
        ),
        (
            "indicator", "site,period,indicator,value", "at1,2024,turnover,many",
            "column value: the value is not allowed; expected a number. Correct the cell in the raw file. "
            "(cell set aside)",
        ),
        (
            "coding", CODED, "C,I1,A_ONE,0.5,5,Hello",
            "column start: the value is not allowed; expected a whole number from 0. Correct the cell in the raw file. "
            "(row set aside)",
        ),
        (
            "coding", CODED, "C,I1,B_TWO,0,5,Hello",
            "column code: the value is not allowed; expected one of A_ONE. Correct the cell in the raw file. "
            "(row set aside)",
        ),
    ],
)  # fmt: skip
def test_sentence_of_each_cell_that_is_set_aside(tmp_path, kind, header, line, sentence):
    found = intake(tmp_path, kind, header, line)
    assert told(found, tmp_path) == [f"s.csv, row 2, {sentence}"]
    row_lost = "(row set aside)" in sentence
    assert balance(found) == ((1, 0, 1) if row_lost else (1, 1, 0))


def test_long_list_of_choices_is_counted_not_told(tmp_path):
    path = tmp_path / "s.csv"
    path.write_text("site,period,indicator,value\nzz9,2024,x,1\n", encoding="utf-8")
    found = read_records("indicator", [source(path, "indicator")], {"sites": [f"s{n}" for n in range(9)]})
    assert found.problems[0].expected == "one of the 9 known sites"


def test_choices_ignore_case_and_come_back_as_the_study_writes_them(tmp_path):
    found = intake(
        tmp_path,
        "register",
        REGISTER,
        PERSON.replace("at1", "AT1").replace("peers", "Peers").replace("yes,yes", "YES,Yes"),
    )
    record = found.records[0]
    assert (record["site"], record["cohort"], record["affiliated"], record["consent_survey"]) == (
        "at1",
        "peers",
        "yes",
        "yes",
    )
    assert found.problems == []


def test_empty_cell_of_a_column_that_is_not_required(tmp_path):
    found = intake(tmp_path, "register", REGISTER, "P1,at1,peers,,,,,,,,")
    assert found.problems == []
    assert (found.records[0]["age"], found.records[0]["profession"]) == (None, "")


def test_ids_and_countries_stay_text(tmp_path):
    found = intake(tmp_path, "register", REGISTER, *(PERSON.replace("P1", name) for name in ("007", "7", "NA", "1e3")))
    assert [one["participant"] for one in found.records] == ["007", "7", "NA", "1e3"]


def test_site_of_the_sheet_fills_a_missing_column(tmp_path):
    found = intake(tmp_path, "indicator", "period,indicator,value", "2024,x,1", site="be1")
    assert found.records[0]["site"] == "be1"


def test_missing_column_stops_and_unknown_column_is_left_out(tmp_path):
    found = intake(tmp_path, "indicator", "site,period,indicator,remark", "at1,2024,x,1")
    assert [(one.level, one.rule) for one in found.problems] == [
        ("STOP", "table.no-column"),
        ("NOTE", "table.extra-column"),
    ]
    assert told(found, tmp_path) == [
        "s.csv, row 1, column value: the column is missing. Add the column, or correct its name.",
        "s.csv, row 1, column remark: the study does not know this column. Nothing to do; if it is needed, add it to "
        "the configuration. (left out)",
    ]
    assert found.records == []


def test_file_without_a_header_tells_nothing_of_its_first_row(tmp_path):
    found = intake(tmp_path, "indicator", "at1,2024,turnover,11", "at1,2025,turnover,12")
    assert told(found, tmp_path) == [
        "s.csv, row 1: none of the columns needed is in the first row. Put the header into the first row, or correct "
        "the file's row in the landing sheet."
    ]


def test_all_copies_of_a_record_are_set_aside(tmp_path):
    lines = [PERSON, PERSON.replace("P1", "P2"), PERSON.replace("40", "41")]
    found = intake(tmp_path, "register", REGISTER, *lines)
    assert [one["participant"] for one in found.records] == ["P2"]
    assert told(found, tmp_path) == [
        f"s.csv, row {row}, column participant: another row of this file has the same key. Keep the right row in the "
        "raw file and remove the others. (row set aside)"
        for row in (2, 4)
    ]
    assert [one["value"] for one in found.quarantine] == ["P1", "P1"]
    assert balance(found) == (3, 1, 2)


def test_copies_in_two_files_are_set_aside_too(tmp_path):
    found = several(tmp_path, "register", one=[REGISTER, PERSON], two=[REGISTER, PERSON, PERSON.replace("P1", "P2")])
    assert [one["participant"] for one in found.records] == ["P2"]
    assert told(found, tmp_path) == [
        f"{name}.csv, row 2, column participant: a row of another file has the same key. Keep the right row in the raw "
        "file and remove the others. (row set aside)"
        for name in ("one", "two")
    ]
    assert [(one["source"], one["rows_read"], one["quarantined"]) for one in found.ledger] == [
        ("one", 1, 1),
        ("two", 2, 1),
    ]


def test_same_statement_in_another_round_is_no_copy(tmp_path):
    columns, key = delphi_columns(["feasibility"], 1, 5)
    sources = []
    for number_, unit in enumerate("12"):
        path = tmp_path / f"r{number_}.csv"
        path.write_text("panellist,statement,feasibility\nX1,S1,4\n", encoding="utf-8")
        sources.append(source(path, "delphi", f"r{number_}", unit=unit))
    found = read_records("delphi", sources, DOMAINS, columns=columns, key=key)
    assert [(one["unit"], one["feasibility"]) for one in found.records] == [("1", 4), ("2", 4)]


def test_raters_of_two_institutions_may_bear_the_same_number(tmp_path):
    found = intake(tmp_path, "rating", RATED, "1,at1,T1,1,1,1,1", "1,be1,T1,2,2,2,2")
    assert len(found.records) == 2


# Withdrawals: a row set aside would keep a person in


@pytest.mark.parametrize(
    ("line", "column", "found"),
    [
        (
            "P1,2025-10-01,everything",
            "scope",
            "the value is not allowed; expected one of survey, interview, quotes, all",
        ),
        ("P1,2025-10-01,", "scope", "the cell is empty; expected a value"),
        (",2025-10-01,all", "participant", "the cell is empty; expected a value"),
    ],
)
def test_withdrawal_that_cannot_be_read_stops_the_run(tmp_path, line, column, found):
    read = intake(tmp_path, "withdrawals", "participant,withdrawn_on,scope", line)
    assert [one.level for one in read.problems] == ["STOP"]
    assert told(read, tmp_path) == [
        f"s.csv, row 2, column {column}: {found}. Correct the cell; else a person stays in who wants to be out. "
        "(row set aside)"
    ]


def test_withdrawal_said_twice_is_still_a_withdrawal(tmp_path):
    found = intake(tmp_path, "withdrawals", "participant,withdrawn_on,scope", "P1,2025-10-01,all", "P1,,all")
    assert [one["participant"] for one in found.records] == ["P1", "P1"]
    assert found.problems == []
    assert balance(found) == (2, 2, 0)


# Questionnaires


def answers(
    folder, *lines, header=("participant", *BRS), name="q", people=("P1", "P2"), column="participant", wave="pre"
):
    path = folder / f"{name}.csv"
    path.write_text("\n".join(",".join(map(str, line)) for line in [header, *lines]) + "\n", encoding="utf-8")
    one = source(path, "questionnaire", name, wave=wave, instrument="brs", site="at1")
    return read_questionnaires(
        [one], INSTRUMENTS, participant_column=column, other_columns=["completed_on"], people=people
    )


def test_nine_on_a_scale_of_one_to_five(tmp_path):
    found = answers(tmp_path, ("P1", 1, 2, 9, 4, 5, 1))
    assert told(found, tmp_path) == [
        "q.csv, row 2, column brs_3: the answer is not allowed; expected one of 1, 2, 3, 4, 5. Correct the answer in "
        "the raw file, or declare the text as a missing code of the instrument. (cell set aside)"
    ]
    (aside,) = found.quarantine
    assert (aside["row"], aside["column"], aside["rule"], aside["value"]) == (2, "brs_3", "answer.invalid", "9")
    assert [one["value"] for one in found.records] == [1, 2, None, 4, 5, 1]
    assert balance(found) == (1, 1, 0)


def test_missing_codes_and_empty_cells_are_no_answer_and_no_fault(tmp_path):
    found = answers(tmp_path, ("P1", "-99", "NA", "", "3", "3.0", "3"))
    assert [one["value"] for one in found.records] == [None, None, None, 3, 3, 3]
    assert found.problems == []


@pytest.mark.parametrize("text", ["2.5", "0", "6", "-98", "na", "x", "99999999999999999999", "1_0", "5 5"])
def test_anything_else_is_set_aside(tmp_path, text):
    found = answers(tmp_path, ("P1", text, 1, 1, 1, 1, 1))
    assert [one["value"] for one in found.quarantine] == [text]
    assert found.records[0]["value"] is None


@pytest.mark.parametrize(
    ("lines", "rule", "found"),
    [
        (
            [("", 1, 1, 1, 1, 1, 1)],
            "person.blank",
            "the participant id is empty. Write the participant's id into the raw file.",
        ),
        (
            [("P9", 1, 1, 1, 1, 1, 1)],
            "person.unknown",
            "the participant id is not in the register. Correct the id in the raw file, or add the person to the "
            "register.",
        ),
        (
            [("P1", 1, 1, 1, 1, 1, 1), ("P1", 2, 2, 2, 2, 2, 2)],
            "person.duplicate",
            "the participant has 2 rows in this file. Keep the right row in the raw file and remove the others.",
        ),
    ],
)
def test_row_of_nobody_or_of_somebody_twice(tmp_path, lines, rule, found):
    read = answers(tmp_path, *lines)
    assert {one.rule for one in read.problems} == {rule}
    rows = range(2, 2 + len(lines))
    assert told(read, tmp_path) == [f"q.csv, row {row}, column participant: {found} (row set aside)" for row in rows]
    assert balance(read) == (len(lines), 0, len(lines))


def test_ids_are_compared_as_written(tmp_path):
    found = answers(tmp_path, ("p1", 1, 1, 1, 1, 1, 1), ("P01", 1, 1, 1, 1, 1, 1))
    assert [one.rule for one in found.problems] == ["person.unknown", "person.unknown"]


def test_same_wave_in_two_files_is_set_aside_in_both(tmp_path):
    sources = []
    for name in ("one", "two"):
        answers(tmp_path, ("P1", *[1] * 6), *([("P2", *[2] * 6)] if name == "two" else []), name=name)
        sources.append(source(tmp_path / f"{name}.csv", "questionnaire", name, wave="pre", instrument="brs"))
    found = read_questionnaires(sources, INSTRUMENTS, participant_column="participant", other_columns=[], people=None)
    assert {one["participant"] for one in found.records} == {"P2"}
    assert told(found, tmp_path) == [
        f"{name}.csv, row 2, column participant: the participant has a row for the same wave in another file. Keep the "
        "right row in the raw file and remove the others. (row set aside)"
        for name in ("one", "two")
    ]
    assert balance(found) == (3, 1, 2)


def test_other_wave_or_other_instrument_in_another_file_is_no_copy(tmp_path):
    who5 = list(INSTRUMENTS["who5"].items)
    (tmp_path / "who.csv").write_text(f"participant,{','.join(who5)}\nP1,1,2,3,4,5\n", encoding="utf-8")
    answers(tmp_path, ("P1", *[1] * 6))
    sources = [
        source(tmp_path / "q.csv", "questionnaire", "a", wave="pre", instrument="brs"),
        source(tmp_path / "q.csv", "questionnaire", "b", wave="post", instrument="brs"),
        source(tmp_path / "who.csv", "questionnaire", "c", wave="pre", instrument="who5"),
    ]
    found = read_questionnaires(sources, INSTRUMENTS, participant_column="participant", other_columns=[], people={"P1"})
    assert found.problems == []
    assert Counter(one["source"] for one in found.records) == {"a": 6, "b": 6, "c": 5}


def test_anonymous_answers_are_named_by_their_row(tmp_path):
    found = answers(tmp_path, [1] * 6, [2] * 6, header=BRS, people=None, column=None)
    assert {one["participant"] for one in found.records} == {"q#2", "q#3"}


def test_site_comes_from_the_file_where_the_sheet_names_none(tmp_path):
    path = tmp_path / "q.csv"
    path.write_text(f"participant,site,{','.join(BRS)}\nP1,be1,1,1,1,1,1,1\n", encoding="utf-8")
    one = source(path, "questionnaire", wave="pre", instrument="brs")
    found = read_questionnaires([one], INSTRUMENTS, participant_column="participant", other_columns=[], people={"P1"})
    assert {record["site"] for record in found.records} == {"be1"}
    assert found.problems == []


def test_items_of_another_instrument_are_asked_for_when_the_sheet_names_it(tmp_path):
    answers(tmp_path, ("P1", *[1] * 6))
    one = source(tmp_path / "q.csv", "questionnaire", wave="pre", instrument="who5")
    found = read_questionnaires([one], INSTRUMENTS, participant_column="participant", other_columns=[], people={"P1"})
    missing = [problem.column for problem in found.problems if problem.rule == "table.no-column"]
    assert missing == list(INSTRUMENTS["who5"].items)


# Nothing is lost, nothing is told

odd = st.sampled_from(["", "1", "2", "5", "9", "-99", "NA", "2,0", "Qz7", "secret-8841", "1e9", "x@y.org", "=1+1"])
persons = st.sampled_from(["P1", "P2", "P3", "", "P-unknown-77"])
wide = st.lists(st.tuples(persons, st.lists(odd, min_size=6, max_size=6)), min_size=1, max_size=8)


def write(path, header, rows):
    with path.open("w", encoding="utf-8", newline="") as handle:
        csv.writer(handle).writerows([header, *rows])


def raw_cell(path, row, column):
    with path.open(encoding="utf-8", newline="") as handle:
        lines = list(csv.reader(handle))
    return lines[row - 1][lines[0].index(column)]


@repeated
@given(wide)
def test_no_questionnaire_row_or_answer_is_lost(tmp_path_factory, table):
    path = tmp_path_factory.mktemp("q") / "q.csv"
    write(path, ["participant", *BRS], [[person, *cells] for person, cells in table])
    one = source(path, "questionnaire", wave="pre", instrument="brs")
    found = read_questionnaires(
        [one], INSTRUMENTS, participant_column="participant", other_columns=[], people={"P1", "P2", "P3"}
    )
    filled = [(row, person, cells) for row, (person, cells) in enumerate(table, start=2) if person or any(cells)]
    if not filled:
        assert [problem.rule for problem in found.problems] == ["file.empty"]
        return
    rows_read, kept, set_aside = balance(found)
    assert rows_read == len(filled) == kept + set_aside
    # Counted here from the raw rows: a row is kept when its person is registered and comes once.
    times = Counter(person for _row, person, _cells in filled)
    whole = [(row, cells) for row, person, cells in filled if person in {"P1", "P2", "P3"} and times[person] == 1]
    assert {record["row"] for record in found.records} == {row for row, _cells in whole}
    # Every answer of a kept row is either a value, a gap, or in quarantine.
    expected = {"1": 1, "2": 2, "5": 5, "2,0": 2, "": None, "-99": None, "NA": None}
    values = {(record["row"], record["item"]): record["value"] for record in found.records}
    aside = {(one["row"], one["column"]): one["value"] for one in found.quarantine if one["rule"] == "answer.invalid"}
    for row, cells in whole:
        for item, text in zip(BRS, cells, strict=True):
            assert values[row, item] == expected.get(text)
            assert ((row, item) in aside) == (text not in expected)
    for one in found.quarantine:
        assert raw_cell(path, one["row"], one["column"]) == one["value"]


@repeated
@given(wide)
def test_no_sentence_about_a_questionnaire_holds_a_value(tmp_path_factory, table):
    path = tmp_path_factory.mktemp("q") / "q.csv"
    write(path, ["participant", *BRS], [[person, *cells] for person, cells in table])
    one = source(path, "questionnaire", wave="pre", instrument="brs")
    found = read_questionnaires([one], INSTRUMENTS, participant_column="participant", other_columns=[], people={"P1"})
    secrets = ("Qz7", "secret-8841", "1e9", "x@y.org", "=1+1", "P-unknown-77", "P1", "P2", "P3")
    for problem in found.problems:
        text = problem.sentence().replace(str(path), "")
        assert not [value for value in secrets if value in text]
        assert {problem.found, problem.expected, problem.remedy} & set(secrets) == set()


registers = st.lists(
    st.tuples(
        st.sampled_from(["P1", "P2", "P3", ""]),
        st.sampled_from(["at1", "BE1", "zz-77", ""]),
        st.sampled_from(["peers", "Staff", "qq-88"]),
        st.sampled_from(["40", "", "ww-99", "-3"]),
        st.sampled_from(["2025-09-01", "", "vv-66"]),
    ),
    min_size=1,
    max_size=6,
)


@repeated
@given(registers)
def test_no_row_of_a_register_is_lost_and_no_value_told(tmp_path_factory, people):
    path = tmp_path_factory.mktemp("r") / "r.csv"
    header = REGISTER.split(",")
    lines = [
        [person, site, cohort, "nurse", age, "5", "yes", "yes", "no", "no", day]
        for person, site, cohort, age, day in people
    ]
    write(path, header, lines)
    found = read_records("register", [source(path)], DOMAINS)
    rows_read, kept, set_aside = balance(found)
    assert rows_read == len(people) == kept + set_aside
    usable = [
        (row, person[0])
        for row, person in enumerate(people, start=2)
        if person[0] and person[1] in ("at1", "BE1") and person[2] != "qq-88"
    ]
    times = Counter(person for _row, person in usable)
    assert {record["row"] for record in found.records} == {row for row, person in usable if times[person] == 1}
    for one in found.quarantine:
        if one["rule"] == "record.cell":
            assert raw_cell(path, one["row"], one["column"]) == one["value"]
    for problem in found.problems:
        text = problem.sentence().replace(str(path), "")
        assert not [value for value in ("P1", "P2", "P3", "zz-77", "qq-88", "ww-99", "vv-66", "-3") if value in text]


def test_reading_the_example_keeps_the_identity():
    from piloteval.config import read_yaml
    from piloteval.intake.sheet import of_kind, read_sheet

    config = read_yaml(ROOT / "config/config.yaml")
    sources = [
        Source(**{**one.__dict__, "path": str(ROOT / one.path)}) for one in read_sheet(ROOT / "config/inputs.tsv")
    ]
    known = read_instruments([str(ROOT / f"config/instruments/{name}.yaml") for name in config["instruments"]])
    with (ROOT / "data/example/register.csv").open(encoding="utf-8") as handle:
        people = {one["participant"] for one in csv.DictReader(handle)}
    files = of_kind(sources, "questionnaire")
    found = read_questionnaires(
        files, known, participant_column="participant", other_columns=["completed_on"], people=people
    )
    # The faults the simulator plants: a 9 on a 1-5 scale, an id with a letter for a digit, a person twice, remarks.
    assert Counter(one.rule for one in found.problems) == {
        "answer.invalid": 1, "person.unknown": 1, "person.duplicate": 2, "table.extra-column": 2
    }  # fmt: skip
    (nine,) = [one for one in found.problems if one.rule == "answer.invalid"]
    assert (Path(nine.file).name, nine.row, nine.column) == ("be2_pre.csv", 4, "brs_3")
    rows_read, kept, set_aside = balance(found)
    assert rows_read == kept + set_aside
    assert set_aside == 3
