"""Questionnaires: typed by their instrument, found in every layout, nothing lost and nothing told."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from piloteval.config import read_instruments
from piloteval.intake.questionnaires import read_questionnaires
from study import EXAMPLE, ROOT, SETTINGS, example_sources, source, told

repeated = settings(max_examples=60, deadline=None, derandomize=True, database=None)
INSTRUMENTS = read_instruments([str(ROOT / "config/instruments/brs.yaml"), str(ROOT / "config/instruments/who5.yaml")])
BRS = list(INSTRUMENTS["brs"].items)


def read(sources, people=None, instruments=INSTRUMENTS, **more):
    return read_questionnaires(sources, instruments, people=people, settings={**SETTINGS, **more})


def balance(found):
    """Return questionnaires read, kept and set aside."""
    kept = {(one["source"], one["participant"], one["wave"]) for one in found.answers}
    return sum(one["rows_read"] for one in found.ledger), len(kept), sum(one["quarantined"] for one in found.ledger)


# Questionnaires


def answers(
    folder, *lines, header=("participant", *BRS), name="q", people=("P1", "P2"), column="participant", wave="pre"
):
    path = folder / f"{name}.csv"
    path.write_text("\n".join(",".join(map(str, line)) for line in [header, *lines]) + "\n", encoding="utf-8")
    one = source(path, "questionnaire", name, wave=wave, instrument="brs", site="at1")
    return read([one], people, participant_column=column)


def test_nine_on_a_scale_of_one_to_five(tmp_path):
    found = answers(tmp_path, ("P1", 1, 2, 9, 4, 5, 1))
    assert told(found, tmp_path) == [
        "q.csv, row 2, column brs_3: the answer is not allowed; expected one of 1, 2, 3, 4, 5. Correct the answer in "
        "the raw file, or declare it as a missing code of the instrument. (cell set aside)"
    ]
    (aside,) = found.quarantine
    assert (aside["row"], aside["column"], aside["rule"], aside["value"]) == (2, "brs_3", "answer.range", "9")
    assert [one["value"] for one in found.answers] == [1, 2, None, 4, 5, 1]
    assert balance(found) == (1, 1, 0)


def test_missing_codes_and_empty_cells_are_no_answer_and_no_fault(tmp_path):
    found = answers(tmp_path, ("P1", "-99", "NA", "", "3", "3.0", "3"))
    assert [one["value"] for one in found.answers] == [None, None, None, 3, 3, 3]
    assert told(found, tmp_path) == []
    assert [one.found for one in found.problems] == ["1 of 6 answers are empty"]


@pytest.mark.parametrize("text", ["2.5", "0", "6", "-98", "na", "x", "99999999999999999999", "1_0", "5 5"])
def test_anything_else_is_set_aside(tmp_path, text):
    found = answers(tmp_path, ("P1", text, 1, 1, 1, 1, 1))
    assert [one["value"] for one in found.quarantine] == [text]
    assert found.answers[0]["value"] is None


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
            "the participant has 2 rows in this file. Keep the right row in the raw file and remove the others, or "
            "decide in the list of resolutions.",
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
    found = read(sources, None)
    assert {one["participant"] for one in found.answers} == {"P2"}
    assert told(found, tmp_path) == [
        f"{name}.csv, row 2, column participant: the participant has a row for the same wave in {tmp_path}/{other}.csv, "
        "row 2. Keep the right row in the raw file and remove the others, or decide in the list of resolutions. (row set "
        "aside)"
        for name, other in (("one", "two"), ("two", "one"))
    ]
    assert balance(found) == (3, 1, 2)


def test_copies_in_one_file_and_another_are_all_set_aside(tmp_path):
    answers(tmp_path, ("P1", *[1] * 6), ("P1", *[2] * 6), name="one")
    answers(tmp_path, ("P1", *[3] * 6), name="two")
    sources = [source(tmp_path / f"{name}.csv", name=name, wave="pre", instrument="brs") for name in ("one", "two")]
    found = read(sources)
    assert found.answers == []
    assert [(one.rule, one.row) for one in found.problems] == [("person.duplicate", row) for row in (2, 3, 2)]
    assert balance(found) == (3, 0, 3)


@pytest.mark.parametrize("codes", [(0, 1, 2, 3, 4), (1, 2, 3, 4, 5)])
def test_answers_numbered_in_order_instead_of_coded_stop(tmp_path, codes):
    # Copenhagen Burnout Inventory: 0, 25, 50, 75, 100.
    known = read_instruments([str(ROOT / "config/instruments/cbi.yaml")])
    items = known["cbi"].items
    path = tmp_path / "q.csv"
    lines = [
        [f"P{n}", *(codes[(n * 7 + m * 3) % 5] if n % 2 else codes[0] for m in range(len(items)))] for n in range(8)
    ]
    path.write_text("\n".join(",".join(map(str, line)) for line in [["participant", *items], *lines]) + "\n")
    found = read([source(path, wave="pre")], instruments=known)
    assert {one.rule for one in found.problems} == {"answer.shifted"}
    assert found.answers == []


def test_formula_without_a_result_in_a_table_headed_by_ids_is_told_by_its_letter(tmp_path):
    import openpyxl

    book = openpyxl.Workbook()
    book.active.append(["item", "QX-1", "QX-2"])
    for item in BRS:
        book.active.append([item, 3, "=B2+1" if item == "brs_3" else 4])
    book.save(tmp_path / "q.xlsx")
    found = read([source(tmp_path / "q.xlsx", wave="pre", instrument="brs")])
    (told_,) = [one for one in found.problems if one.rule == "cell.formula"]
    assert (told_.row, told_.column) == (4, "C")
    assert not any("QX" in one.sentence() for one in found.problems)


def test_second_row_of_headings_is_told_as_such(tmp_path):
    texts = [f"Question {n}" for n in range(6)]
    assert told(answers(tmp_path, ("Id", *texts), ("P1", *[3] * 6)), tmp_path) == [
        "q.csv, row 2: the row seems to be a second header. Delete the row, so that the answers begin under the header."
    ]
    # Words in every row are another fault.
    found = answers(tmp_path, ("P1", *["often"] * 6), ("P2", *["never"] * 6))
    assert {one.rule for one in found.problems} == {"answer.labels"}


def test_other_wave_or_other_instrument_in_another_file_is_no_copy(tmp_path):
    who5 = list(INSTRUMENTS["who5"].items)
    (tmp_path / "who.csv").write_text(f"participant,{','.join(who5)}\nP1,1,2,3,4,5\n", encoding="utf-8")
    answers(tmp_path, ("P1", *[1] * 6))
    sources = [
        source(tmp_path / "q.csv", "questionnaire", "a", wave="pre", instrument="brs"),
        source(tmp_path / "q.csv", "questionnaire", "b", wave="post", instrument="brs"),
        source(tmp_path / "who.csv", "questionnaire", "c", wave="pre", instrument="who5"),
    ]
    found = read(sources, {"P1"})
    assert found.problems == []
    assert Counter(one["source"] for one in found.answers) == {"a": 6, "b": 6, "c": 5}


def test_anonymous_answers_are_named_by_their_row(tmp_path):
    found = answers(tmp_path, [1] * 6, [2] * 6, header=BRS, people=None, column=None)
    assert {one["participant"] for one in found.answers} == {"q#2", "q#3"}


def test_site_comes_from_the_file_where_the_sheet_names_none(tmp_path):
    path = tmp_path / "q.csv"
    path.write_text(f"participant,site,{','.join(BRS)}\nP1,be1,1,1,1,1,1,1\n", encoding="utf-8")
    one = source(path, wave="pre", instrument="brs")
    found = read([one], {"P1"})
    assert {record["site"] for record in found.answers} == {"be1"}
    assert found.problems == []


def test_items_of_another_instrument_are_asked_for_when_the_sheet_names_it(tmp_path):
    answers(tmp_path, ("P1", *[1] * 6))
    one = source(tmp_path / "q.csv", "questionnaire", wave="pre", instrument="who5")
    found = read([one], {"P1"})
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
    one = source(path, wave="pre", instrument="brs")
    found = read([one], {"P1", "P2", "P3"})
    filled = [(row, person, cells) for row, (person, cells) in enumerate(table, start=2) if person or any(cells)]
    if not filled:
        assert [problem.rule for problem in found.problems] == ["file.empty"]
        return
    if any(problem.level == "STOP" for problem in found.problems):
        assert {problem.rule for problem in found.problems if problem.level == "STOP"} <= {
            "answer.labels",
            "answer.shifted",
        }
        return
    rows_read, kept, set_aside = balance(found)
    assert rows_read == len(filled) == kept + set_aside
    # Counted here from the raw rows: a row is kept when its person is registered and comes once.
    times = Counter(person for _row, person, _cells in filled)
    whole = [(row, cells) for row, person, cells in filled if person in {"P1", "P2", "P3"} and times[person] == 1]
    assert {record["row"] for record in found.answers} == {row for row, _cells in whole}
    # Every answer of a kept row is either a value, a gap, or in quarantine.
    expected = {"1": 1, "2": 2, "5": 5, "2,0": 2, "": None, "-99": None, "NA": None}
    values = {(record["row"], record["item"]): record["value"] for record in found.answers}
    aside = {(one["row"], one["column"]): one["value"] for one in found.quarantine if one["rule"].startswith("answer.")}
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
    one = source(path, wave="pre", instrument="brs")
    found = read([one], {"P1"})
    secrets = ("Qz7", "secret-8841", "1e9", "x@y.org", "=1+1", "P-unknown-77", "P1", "P2", "P3")
    for problem in found.problems:
        text = problem.sentence().replace(str(path), "")
        assert not [value for value in secrets if value in text]
        assert {problem.found, problem.expected, problem.remedy} & set(secrets) == set()


def test_reading_the_example_keeps_the_identity():
    from piloteval.config import read_yaml

    config = read_yaml(ROOT / "config/config.yaml")
    known = read_instruments([str(ROOT / f"config/instruments/{name}.yaml") for name in config["instruments"]])
    with (ROOT / "data/example/register.csv").open(encoding="utf-8") as handle:
        people = {one["participant"] for one in csv.DictReader(handle)}
    found = read_questionnaires(example_sources(), known, people=people, settings=EXAMPLE)
    # The faults the simulator plants: a 9 on a 1-5 scale, an id with a letter for a digit, a person twice, remarks;
    # and the addresses that LimeSurvey exports.
    assert Counter(one.rule for one in found.problems if one.rule != "answer.blank") == {
        "answer.range": 1, "person.unknown": 1, "person.duplicate": 2, "table.extra-column": 2,
        "table.metadata": 2,
    }  # fmt: skip
    (nine,) = [one for one in found.problems if one.rule == "answer.range"]
    assert (Path(nine.file).name, nine.row, nine.column) == ("be2_pre.csv", 4, "brs_3")
    rows_read, kept, set_aside = balance(found)
    withdrawn = sum(one["withdrawn"] for one in found.ledger)
    assert rows_read == kept + set_aside + withdrawn
    assert withdrawn == 1  # the simulator's AT2-90
    assert set_aside == 3
