"""Typed records: what a cell may hold, what is set aside, and that nothing is lost and no value is told."""

from __future__ import annotations

import csv
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from piloteval.config import read_tsv, schema
from piloteval.errors import ConfigError
from piloteval.intake import audits, records
from piloteval.intake.catalogues import check_standards, read_standards, spelling
from piloteval.intake.records import delphi_columns, read_records, statement_numbers
from piloteval.intake.sheet import of_kind
from piloteval.intake.tabular import number
from piloteval.simulate import institutions
from study import ROOT, example_sources, told
from study import source as row_of

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
DECIDED = "of_source,of_row,rule,decision,sha256,reason,decided_by,decided_on"
CODED = "coder,interview,code,start,end,quote"
RULED = "interview,segment,code,decision,decided_by,decided_on,reason"


def source(path, kind="register", name="s", **cells):
    return row_of(path, kind, name, **cells)


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
        ("auditors", "auditor,site,organisation,trained_on", "A1,be1,,2025-06-01"),
        (
            "audit_effort",
            "site,round,auditor,visited_on,minutes,cost,currency",
            "at1,external,A1,2025-10-06,240,80.5,EUR",
        ),
        ("application", "site,track,level", "at1,training,accredited"),
        ("standard_decisions", "standard,decision,reason,decided_by,decided_on", "T1,revise,overlap,board,2025-12-04"),
        ("statement_map", "round,number,statement,change", "2,1,S1,reworded"),
        ("rating", RATED, "R1,at1,T1,1,5,,3"),
        ("delphi", "panellist,statement,feasibility", "X1,S1,4"),
        ("indicator", "site,period,indicator,value", "at1,2024,turnover,12.5"),
        ("interview_list", "interview,participant", "I1,P1"),
        ("coding", CODED, "C,I1,A_ONE,0,5,Hello"),
        ("resolutions", DECIDED, "s,2,person.duplicate,keep,ab12,Looked at the paper form,KL,2026-01-05"),
        ("deny_list", "kind,text,role,same_as", "person,Kim Muster,manager,"),
        ("signoff", "interview,sha256,signed_by,signed_on", "I1,ab12,KL,2026-01-05"),
        ("identifiers", "interview,kind,start,end,listed", "I1,period,0,5,no"),
        ("coder_work", "coder,interview", "C,I1"),
        ("code_decisions", RULED, "I1,3,A_ONE,keep,X,2026-01-02,why"),
        ("claim_decisions", "code,decision,decided_by,decided_on,reason", "A_ONE,do not use,X,2026-01-02,why"),
        ("approved_quotes", "interview,quote,approved_by,approved_on", "I1,Hello,X,2026-01-02"),
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
        "register", "withdrawals", "audit", "rating", "delphi", "indicator", "interview_list", "coding",
        "resolutions", "deny_list", "signoff", "identifiers",
        "auditors", "audit_effort", "application", "standard_decisions", "statement_map",
        "coder_work", "code_decisions", "claim_decisions", "approved_quotes",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "header", "line", "sentence"),
    [
        (
            "register", REGISTER, PERSON.replace("P1", ""),
            "column participant: the cell is empty; expected a value. Fill in the cell in the raw file. "
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
            "(cell set aside)",
        ),
        (
            "code_decisions", RULED, "I1,3,A_ONE,maybe,X,2026-01-02,why",
            "column decision: the value is not allowed; expected one of keep, drop. Correct the cell in the raw file. "
            "(row set aside)",
        ),
        (
            "claim_decisions", "code,decision,decided_by,decided_on,reason", "A_ONE,use,X,,why",
            "column decided_on: the cell is empty; expected a value. Fill in the cell in the raw file. (row set aside)",
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
        "raw file and remove the others, or decide in the list of resolutions. (row set aside)"
        for row in (2, 4)
    ]
    assert [one["value"] for one in found.quarantine] == ["P1", "P1"]
    assert balance(found) == (3, 1, 2)


def test_copies_in_two_files_are_set_aside_too(tmp_path):
    found = several(tmp_path, "register", one=[REGISTER, PERSON], two=[REGISTER, PERSON, PERSON.replace("P1", "P2")])
    assert [one["participant"] for one in found.records] == ["P2"]
    assert told(found, tmp_path) == [
        f"{name}.csv, row 2, column participant: a row of another file has the same key. Keep the right row in the raw "
        "file and remove the others, or decide in the list of resolutions. (row set aside)"
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
            "the value is not allowed; expected one of survey, interview, quotes, panel, all",
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


# Codes of a catalogue


VERDICT = "site,standard,round,auditor,verdict"
COM = [f"COM{place:02d}" for place in range(1, 15)]


def catalogue(path, *codes, track="competences"):
    path.write_text(
        "\n".join(["track\tcode\tshort_name\tcore\tstatus", *(f"{track}\t{code}\tx\tno\tpublished" for code in codes)]),
        encoding="utf-8",
    )
    return str(path)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("COM013", "COM13"),  # as the owner's site prints it
        ("com0013", "COM13"),
        ("COM001", "COM01"),
        ("COM13", "COM13"),
        ("COM1", "COM1"),  # a digit may be missing
        ("COM010", "COM10"),
        ("COM015", "COM015"),
        ("013", "013"),
        ("COM", "COM"),
        ("A-1-007", "A-1-7"),
        ("X00", "X0"),
        ("Y0", "Y0"),
        ("D007", "D007"),  # both D7 and D07 are standards
    ],
)
def test_zeros_of_a_code(text, code):
    assert spelling([*COM, "A-1-7", "X0", "Y", "D7", "D07"])(text) == code


@repeated
@given(st.from_regex(r"[A-Z]{1,3}-?[0-9]{1,3}", fullmatch=True), st.integers(0, 4))
def test_code_is_found_again_with_any_zeros(code, zeros):
    digits = code.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ-")
    letters = code.removesuffix(digits)
    assert spelling([code])(f"{letters.lower()}{'0' * zeros}{digits}").casefold() == code.casefold()


def test_catalogue_writes_all_codes_alike(tmp_path):
    first = catalogue(tmp_path / "a.tsv", "COM11", "COM12", "COM013", "COM100", "INT001", "INT002")
    second = catalogue(tmp_path / "b.tsv", "TRA1", "TRA02", track="training")
    assert [one["code"] for one in read_standards([first, second])] == [
        *("COM11", "COM12", "COM13", "COM100", "INT001", "INT002", "TRA1", "TRA2"),
    ]
    told = [one.sentence().removeprefix(f"{tmp_path}/") for one in check_standards([first, second])]
    assert told == [
        f"{name}.tsv, row {row}, column code: a code is written with more zeros than the others. Nothing to do; correct "
        "the code in the catalogue, so that everybody writes the same. (read without these zeros)"
        for name, row in (("a", 4), ("b", 3))
    ]


def test_code_given_twice_with_other_zeros(tmp_path):
    path = catalogue(tmp_path / "a.tsv", "COM12", "COM13", "COM013")
    with pytest.raises(ConfigError) as fault:
        read_standards([path])
    assert str(fault.value) == (
        f"{path}, row 4: `COM013` is the code `COM13` of another row, written with more zeros. Keep one of the two rows."
    )


def test_numbers_of_standards_are_told_when_somebody_published_them(tmp_path):
    path = catalogue(tmp_path / "a.tsv", *COM)
    assert check_standards([path]) == check_standards([path], {"competences": 14}) == []
    assert check_standards([], {"competences": 14}) == []
    (one, other) = check_standards([path], {"competences": 15, "training": 11})
    assert (one.level, one.file, one.found) == (
        "NOTE",
        path,
        "the track competences has 14 standards, and 15 are expected",
    )
    assert other.found == "the track training has 0 standards, and 11 are expected"


def test_shipped_catalogue_has_the_numbers_published():
    paths = [str(ROOT / f"config/standards/{track}.tsv") for track in records.TRACKS]
    assert check_standards(paths, {"intervention": 30, "training": 11, "competences": 14}) == []
    assert set(records.TRACKS) == set(schema("standards")["properties"]["track"]["enum"])


def test_two_spellings_of_a_code_are_one_standard(tmp_path):
    domains = {**DOMAINS, "standards": COM}
    path = tmp_path / "s.csv"
    lines = ["at1,COM13,external,A1,met", "at1,COM013,external,A1,not met", "at1,COM014,external,A1,met"]
    path.write_text("\n".join([VERDICT, *lines, ""]), encoding="utf-8")
    found = read_records("audit", [source(path, "audit")], domains)
    assert [(one["row"], one["standard"]) for one in found.records] == [(4, "COM14")]
    assert told(found, tmp_path) == [
        "s.csv, row 3, column standard: 2 codes in 2 rows, of which this is the first, have more zeros than in the "
        "catalogue. Nothing to do; write the codes as they stand in the catalogue. (read without these zeros)",
        *(
            f"s.csv, row {row}, column site, standard, round, auditor: another row of this file has the same key. Keep "
            "the right row in the raw file and remove the others, or decide in the list of resolutions. (row set aside)"
            for row in (2, 3)
        ),
    ]
    assert balance(found) == (3, 1, 2)


def test_unknown_standard_stops_once_a_code_and_file(tmp_path):
    lines = ["at1,zz77,external,A1,met", "at1,T1,external,A1,met", "be1,zz77,external,A1,met", "be1,zz78,external,,met"]
    found = intake(tmp_path, "audit", VERDICT, *lines)
    assert [(one.level, one.rule, one.row) for one in found.problems if one.level == "STOP"] == [
        ("STOP", "standard.unknown", 2),
        ("STOP", "standard.unknown", 5),
    ]
    assert told(found, tmp_path)[-2:] == [
        "s.csv, row 2, column standard: the standard is not in the catalogue, in 2 rows of which this is the first. "
        "Correct the code, or add the standard to the catalogue; the study team has a list of similar codes. "
        "(row set aside)",
        "s.csv, row 5, column standard: the standard is not in the catalogue. Correct the code, or add the standard to "
        "the catalogue; the study team has a list of similar codes. (row set aside)",
    ]
    assert [(one["row"], one["value"]) for one in found.quarantine if one["rule"] == "standard.unknown"] == [
        (2, "zz77"),
        (4, "zz77"),
        (5, "zz78"),
    ]
    assert balance(found) == (4, 1, 3)


# Numbers of the statements in a round


def numbered(folder, *lines):
    path = folder / "map.csv"
    path.write_text("\n".join(["round,number,statement,change", *lines, ""]), encoding="utf-8")
    sources = [source(path, "statement_map", "m")]
    found = read_records("statement_map", sources, {"statements": ["1", "2", "3"]})
    return found, statement_numbers(found, sources)


def rated(folder, numbers, unit, *lines):
    path = folder / f"round{unit}.csv"
    path.write_text("\n".join(["panellist,statement,feasibility", *lines, ""]), encoding="utf-8")
    columns, key = delphi_columns(["feasibility"], 1, 5)
    sources = [source(path, "delphi", f"d{unit}", unit=unit)]
    domains = {"statements": ["1", "2", "3"]}
    return read_records("delphi", sources, domains, columns=columns, key=key, numbers=numbers)


def test_number_of_a_round_is_read_as_its_statement(tmp_path):
    _found, numbers = numbered(tmp_path, "2,1,2,same", "2,2,3,reworded", "2,,1,dropped")
    assert numbers == {("2", "1"): "2", ("2", "2"): "3"}
    second = rated(tmp_path, numbers, "2", "X,1,4", "X,2,5", "X,3,1")
    assert [(one["number"], one["statement"], one["feasibility"]) for one in second.records] == [
        ("1", "2", 4),
        ("2", "3", 5),
    ]
    # The id of a statement that has no number in this round is not taken for it.
    assert [(one.rule, one.row) for one in second.problems] == [("record.choice", 4)]
    assert balance(second) == (3, 2, 1)
    first = rated(tmp_path, numbers, "1", "X,1,4", "X,3,5")
    assert [(one["number"], one["statement"]) for one in first.records] == [("1", "1"), ("3", "3")]
    assert set(first.columns) == set(first.records[0])


def test_number_that_two_statements_share_stands_for_none(tmp_path):
    found, numbers = numbered(tmp_path, "2,1,2,same", "2,1,3,same", "2,,1,same", "1,1,1,new")
    assert numbers == {("1", "1"): "1"}
    assert sorted((one.level, one.rule, one.row) for one in found.problems) == [
        ("QUARANTINE", "record.blank", 4),
        ("STOP", "statement.number", 2),
        ("STOP", "statement.number", 3),
    ]
    assert balance(found) == (4, 1, 3)


# Audits of the example


@pytest.fixture(scope="module")
def example():
    places = read_tsv(ROOT / "config/sites.tsv", "sites")
    standards = read_standards([str(ROOT / f"config/standards/{track}.tsv") for track in records.TRACKS])
    domains = {"sites": [one["site"] for one in places], "standards": [one["code"] for one in standards]}
    sources = example_sources()

    def read():
        return {kind: read_records(kind, of_kind(sources, kind), domains) for kind in audits.KINDS}

    return read, sources, places, standards


def test_example_audits_are_told_nothing_of(example):
    read, sources, places, standards = example
    found = read()
    assert audits.visits_without_verdicts(found["audit_effort"], found["audit"], sources) == []
    assert audits.check_audits(found["audit"], found["auditors"], sources) == []
    assert audits.notes(found, sources, standards=standards, sites=places) == []
    assert [problem for one in found.values() for problem in one.problems] == []
    assert len(found["auditors"].records) == 7
    applied = {(one["site"], one["track"]) for one in found["application"].records}
    assert applied == {(site, track) for site, tracks in audits.tracks_of(places).items() for track in tracks}
    visits = {(one["site"], one["auditor"]) for one in found["audit"].records if one["round"] == "external"}
    assert {(one["site"], one["auditor"]) for one in found["audit_effort"].records} == visits


def test_meeting_settles_only_what_was_disputed(example):
    read, *_rest = example
    given, settled = {}, []
    for one in read()["audit"].records:
        if one["round"] == "external":
            given.setdefault((one["site"], one["standard"]), set()).add(one["verdict"])
        elif one["round"] == "final":
            settled.append(one)
    disputed = {case for case, verdicts in given.items() if len(verdicts) > 1}
    assert 0 < len(settled) < len(disputed)
    assert all(one["verdict"] in given[one["site"], one["standard"]] for one in settled)
    assert {(one["site"], one["standard"]) for one in settled} <= disputed


def test_window_sets_aside_what_lies_outside_and_only_that(example):
    read, sources, *_rest = example
    for window, wrong in (
        (["2025-09-15", "2025-11-24"], set()),
        (["2025-09-16", "2025-11-24"], {"self"}),
        (["2025-09-15", "2025-10-31"], {"final"}),
        ([None, "2025-10-31"], {"final"}),
        (["2025-10-01", ""], {"self"}),
        ([None, None], set()),
        (None, set()),
    ):
        found = read()["audit"]
        before = [(one["source"], one["row"]) for one in found.records if one["round"] not in wrong]
        gone = len(found.records) - len(before)
        told_ = audits.check_audits(found, read()["auditors"], sources, window=window)
        assert [(one["source"], one["row"]) for one in found.records] == before
        assert (len(told_), {one.rule for one in told_}) == (gone, {"audit.window"} if wrong else set())
        rows_read, kept, set_aside = balance(found)
        assert (rows_read - kept, len(found.quarantine)) == (set_aside, gone)


def test_rounds_of_the_simulator_can_be_numbered(tmp_path):
    statements = [f"ST{place:02d}" for place in range(1, 21)]
    rounds = institutions.make_delphi(np.random.default_rng([1, 9]), statements, 5)
    mapping = institutions.make_statement_map(np.random.default_rng([1, 15]), statements, rounds["1"], rounds["2"])
    path = tmp_path / "map.csv"
    write(path, ["round", "number", "statement", "change"], mapping)
    sources = [source(path, "statement_map", "m")]
    found = read_records("statement_map", sources, {"statements": statements})
    numbers = statement_numbers(found, sources)
    assert (found.problems, len(found.records)) == ([], 40)
    assert Counter(one["change"] for one in found.records)["reworded"] == 3
    for unit, rows in rounds.items():
        used = institutions.renumbered(rows, mapping, unit)
        assert [numbers[unit, row[1]] for row in used] == [row[1] for row in rows]
    assert [row[1] for row in institutions.renumbered(rounds["2"], mapping, "2")] != [row[1] for row in rounds["2"]]


# Nothing is lost, nothing is told


def write(path, header, rows):
    with path.open("w", encoding="utf-8", newline="") as handle:
        csv.writer(handle).writerows([header, *rows])


def raw_cell(path, row, column):
    with path.open(encoding="utf-8", newline="") as handle:
        lines = list(csv.reader(handle))
    return lines[row - 1][lines[0].index(column)]


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
        if one["rule"] in ("record.type", "record.range", "record.choice"):
            assert raw_cell(path, one["row"], one["column"]) == one["value"]
    for problem in found.problems:
        text = problem.sentence().replace(str(path), "")
        assert not [value for value in ("P1", "P2", "P3", "zz-77", "qq-88", "ww-99", "vv-66", "-3") if value in text]
