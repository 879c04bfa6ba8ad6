"""The two-way landing sheet: every rule with its exact sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from piloteval.errors import ConfigError, DataError
from piloteval.intake import sheet
from piloteval.intake.catalogue import RULES

HEADER = (
    "source\tkind\tpath\tsite\twave\tinstrument\tunit\tlanguage\tencoding\tdelimiter\tsheet\treceived_on\tnote\t"
    "dialect\tdictionary\tversion"
)
SETTINGS = {"sites": ["at1", "be1"], "waves": ["pre", "post"], "languages": ["de"], "instruments": ["who5"]}


@pytest.fixture
def study(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    for name in ("a.csv", "b.csv", "book.xlsx", "i1.txt"):
        (tmp_path / "data" / name).write_text("x", encoding="utf-8")
    return tmp_path


def written(study, *rows):
    path = study / "inputs.tsv"
    path.write_text("\n".join([HEADER, *("\t".join(row) for row in rows)]) + "\n", encoding="utf-8")
    return sheet.read_sheet(path)


def sentences(sources, found=(), settings=SETTINGS):
    return [one.sentence() for one in sheet.check_sheet("inputs.tsv", sources, found, settings)]


def test_sheet_in_order_has_no_problems(study):
    sources = written(
        study, ("a", "register", "data/a.csv"), ("b", "questionnaire", "data/b.csv", "at1", "pre", "who5")
    )
    assert sentences(sources, ["data/a.csv", "data/b.csv"]) == []


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (
            ("a", "register", "data/none.csv"),
            "inputs.tsv, row 2, column path: there is no file data/none.csv. Put the file there, or remove the row.",
        ),
        (
            ("", "register", "data/a.csv"),
            "inputs.tsv, row 2, column source: the cell is empty; expected a value. Correct the cell.",
        ),
        (
            ("a", "register", ""),
            "inputs.tsv, row 2, column path: the cell is empty; expected a value. Correct the cell.",
        ),
        (
            ("a", "registry", "data/a.csv"),
            "inputs.tsv, row 2, column kind: the kind is not known; expected one of register, withdrawals, "
            "questionnaire, audit, auditors, audit_effort, application, rating, standard_decisions, delphi, "
            "statement_map, indicator, interview_list, transcript, coding, coder_work, code_decisions, claim_decisions, approved_quotes, deny_list, signoff, identifiers, dictionary, resolutions. Correct the cell.",
        ),
        (
            ("a", "register", "data/a.csv", "xx1"),
            "inputs.tsv, row 2, column site: the site `xx1` is not in the configuration; expected one of at1, be1. "
            "Correct the cell.",
        ),
        (
            ("a", "questionnaire", "data/a.csv", "at1", "before"),
            "inputs.tsv, row 2, column wave: the wave `before` is not in the configuration; expected one of pre, post. "
            "Correct the cell.",
        ),
        (
            ("a", "questionnaire", "data/a.csv", "at1", "pre", "who5, phq9"),
            "inputs.tsv, row 2, column instrument: the instrument `phq9` is not in the configuration; expected one of "
            "who5. Correct the cell.",
        ),
        (
            ("a", "questionnaire", "data/a.csv", *[""] * 10, "survey-monster"),
            "inputs.tsv, row 2, column dialect: the platform is not known; expected one of plain, redcap, redcap_labels, "
            "limesurvey, limesurvey_texts, qualtrics, google_forms, microsoft_forms, surveymonkey. Correct the cell.",
        ),
        (
            ("a", "questionnaire", "data/a.csv", *[""] * 11, "nowhere"),
            "inputs.tsv, row 2, column dictionary: no file of the kind dictionary has this source; expected the source "
            "of a row of the kind dictionary. Correct the cell.",
        ),
        (
            ("a", "questionnaire", "data/a.csv", *[""] * 12, "1998"),
            "inputs.tsv, row 2, column version: a version is given for a file that does not name one instrument; "
            "expected an empty cell, or one instrument in the column `instrument`. Correct the cell.",
        ),
        (
            ("a", "transcript", "data/i1.txt", "", "", "", "", "de"),
            "inputs.tsv, row 2, column unit: the cell is empty; expected a value, since the kind is transcript. "
            "Correct the cell.",
        ),
        (
            ("a", "transcript", "data/i1.txt", "", "", "", "I1", "xx"),
            "inputs.tsv, row 2, column language: the language `xx` is not in the configuration; expected one of de. "
            "Correct the cell.",
        ),
        (
            ("a", "delphi", "data/a.csv"),
            "inputs.tsv, row 2, column unit: the cell is empty; expected a value, since the kind is delphi. "
            "Correct the cell.",
        ),
        (
            ("a", "register", "data/a.csv", "", "", "", "", "", "", "pipe"),
            "inputs.tsv, row 2, column delimiter: the separator is not known; expected one of comma, semicolon, tab. "
            "Correct the cell.",
        ),
    ],
)
def test_sentence_of_each_rule(study, row, sentence):
    assert sentences(written(study, row)) == [sentence]


def test_source_and_path_given_twice(study):
    sources = written(study, ("a", "register", "data/a.csv"), ("a", "withdrawals", "data/a.csv"))
    assert sentences(sources) == [
        "inputs.tsv, row 3, column source: this repeats row 2. Remove one of the two rows.",
        "inputs.tsv, row 3, column path: this repeats row 2. Remove one of the two rows.",
    ]


def test_one_interview_has_one_transcript(study):
    rows = [
        (name, "transcript", f"data/{file}", "", "", "", "I1", "de") for name, file in (("a", "a.csv"), ("i", "i1.txt"))
    ]
    assert sentences(written(study, *rows)) == [
        "inputs.tsv, row 3, column unit: this repeats row 2. Remove one of the two rows."
    ]


def test_workbook_may_have_a_row_for_each_of_its_sheets(study):
    row = ("questionnaire", "data/book.xlsx", "at1")
    rest = ("", "", "", "", "")
    sources = written(study, ("one", *row, "pre", *rest, "first"), ("two", *row, "post", *rest, "second"))
    assert [one.sheet for one in sources] == ["first", "second"]
    assert sentences(sources, ["data/book.xlsx"]) == []


def test_study_without_sites_allows_only_an_empty_cell(study):
    sources = written(study, ("a", "register", "data/a.csv", "at1"))
    assert sentences(sources, settings=SETTINGS | {"sites": []}) == [
        "inputs.tsv, row 2, column site: the site `at1` is not in the configuration; expected an empty cell. "
        "Correct the cell."
    ]


def test_all_problems_come_at_once(study):
    sources = written(study, ("a", "nothing", "data/zzz.csv", "xx"), ("a", "transcript", "data/i1.txt"))
    rules = [one.rule for one in sheet.check_sheet("inputs.tsv", sources, ["data/b.csv"], SETTINGS)]
    assert sorted(rules) == ["sheet.cell"] * 4 + ["sheet.duplicate", "sheet.no-file", "sheet.no-row"]
    assert all(RULES[rule].level == "STOP" for rule in rules)


# Files without a row


def test_file_without_a_row_gives_the_line_to_paste(study):
    sources = written(study, ("a", "register", "data/a.csv"))
    assert sentences(sources, ["data/a.csv", "data/b.csv"]) == [
        "inputs.tsv: the file data/b.csv has no row. Paste this line (columns are separated by tabs) and fill in the "
        "rest, or move the file away: b\tquestionnaire\tdata/b.csv"
    ]


@pytest.mark.parametrize(
    ("path", "source", "kind"),
    [
        ("data/b.csv", "b", "questionnaire"),
        ("data/sub/Export (1) Größe_2.XLSX", "export-1-gr-e-2", "questionnaire"),
        ("data/Interview 07.docx", "interview-07", "transcript"),
        ("data/тест.vtt", "file", "transcript"),
    ],
)
def test_pasted_line_parses(study, path, source, kind):
    Path(path).parent.mkdir(exist_ok=True)
    Path(path).write_text("x", encoding="utf-8")
    (sentence,) = sentences([], [path])
    line = sentence.split("move the file away: ")[1]
    (study / "inputs.tsv").write_text(f"{HEADER}\n{line}\n", encoding="utf-8")
    (one,) = sheet.read_sheet("inputs.tsv")
    assert (one.source, one.kind, one.path) == (source, kind, path)
    # What is left to say are the cells only the analyst can fill in.
    missing = {"questionnaire": [], "transcript": ["unit", "language"]}[kind]
    problems = sheet.check_sheet("inputs.tsv", [one], [path], SETTINGS)
    assert [(found.rule, found.column) for found in problems] == [("sheet.cell", column) for column in missing]


def test_path_written_another_way_is_the_same_file(study):
    sources = written(study, ("a", "register", "./data/a.csv"), ("b", "withdrawals", "data//b.csv"))
    assert sentences(sources, ["data/a.csv", "data/b.csv"]) == []


def test_files_in_lists_data_and_not_what_is_hidden_or_ignored(study):
    for name in ("truth/t.csv", "sub/c.csv", ".hidden/d.csv", "sub/.DS_Store", "README.md"):
        path = study / "data" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x", encoding="utf-8")
    found = sheet.files_in("data", ["truth/*", "README.md"])
    assert found == ["data/a.csv", "data/b.csv", "data/book.xlsx", "data/i1.txt", "data/sub/c.csv"]


def test_folder_that_is_not_there_has_no_files(study):
    assert sheet.files_in("nowhere", []) == []


# Reading and passing on


def test_sheet_is_read_as_text(study):
    (one,) = written(study, ("na", "delphi", "data/a.csv", "", "", "", "007", "", "", "", "", "2025-01-01", "NA"))
    assert (one.line, one.source, one.unit, one.note) == (2, "na", "007", "NA")


def test_unknown_column_of_the_sheet(study):
    (study / "inputs.tsv").write_text("source\tkind\tpaht\n", encoding="utf-8")
    with pytest.raises(ConfigError) as fault:
        sheet.read_sheet("inputs.tsv")
    assert str(fault.value) == "inputs.tsv, row 1: the column `paht` is not known. Did you mean `path`?"


def test_instruments_of_a_row(study):
    (one, two) = written(
        study,
        ("a", "questionnaire", "data/a.csv", "", "pre", "who5 , brs,"),
        ("b", "questionnaire", "data/b.csv", "", "pre"),
    )
    assert one.instruments == ("who5", "brs")
    assert two.instruments == ()


def test_params_carry_no_line_number_and_no_comment(study):
    row = ("a", "register", "data/a.csv", *[""] * 8, "2025-01-01", "a comment")
    (first,) = written(study, row)
    (_other, second) = written(study, ("b", "withdrawals", "data/b.csv"), (*row[:-1], "another comment"))
    assert first.line != second.line
    assert first.plain() == second.plain()
    assert {"line", "note", "received_on"}.isdisjoint(first.plain())


def test_params_come_back_as_the_same_source(study):
    (one,) = written(study, ("a", "questionnaire", "data/a.csv", "at1", "pre", "who5", "", "", "cp1252", "tab", "s"))
    (back,) = sheet.from_params([one.plain()])
    assert back.plain() == one.plain()


def test_rule_refuses_to_compute_on_what_the_check_would_stop(study):
    sources = written(study, ("a", "register", "data/none.csv"), ("b", "delphi", "data/b.csv"))
    with pytest.raises(DataError) as fault:
        sheet.require(sources, SETTINGS, [])
    assert str(fault.value) == (
        "Not computed, since the raw files have 2 problems that stop the run; `snakemake check` names what is wrong."
    )


def test_rule_computes_where_nothing_stops(study):
    assert sheet.require(written(study, ("a", "register", "data/a.csv")), SETTINGS, []) is None
