"""Notes on answers that are allowed and yet unlikely."""

from __future__ import annotations

import numpy as np
import pytest
from piloteval.config import read_instruments
from piloteval.intake import plausibility
from piloteval.intake.plausibility import near
from piloteval.intake.questionnaires import read_questionnaires
from piloteval.intake.records import Intake, read_records
from study import ROOT, SETTINGS, source

INSTRUMENTS = read_instruments([str(ROOT / f"config/instruments/{name}.yaml") for name in ("brs", "who5")])
BRS = INSTRUMENTS["brs"].items


def answers(folder, *lines, name="pre", wave="pre", site="at1", items=BRS, people=None, instrument="brs"):
    """Return a file with these lines: a participant and the answers."""
    path = folder / f"{name}.csv"
    rows = [["participant", *items], *lines]
    path.write_text("\n".join(",".join(map(str, row)) for row in rows) + "\n", encoding="utf-8")
    return source(path, name=name, wave=wave, site=site, instrument=instrument)


def read(*sources, people=None):
    return read_questionnaires(sources, INSTRUMENTS, people=people, settings=SETTINGS)


def shown(told, folder):
    return [(one.sentence().removeprefix(f"{folder}/"), value, suggestion) for one, value, suggestion in told]


# One answer to everything


def test_same_answer_to_items_that_ask_in_both_directions(tmp_path):
    found = read(answers(tmp_path, ("P1", *[4] * 6), ("P2", 4, 4, 4, 4, 4, 3), ("P3", 4, 4, 4, 4, 4, "")))
    assert shown(plausibility.straight_lines(found), tmp_path) == [
        (
            "pre.csv, row 2, column participant: one and the same answer to all 6 items of brs. Look at the questionnaire; "
            "nothing is set aside.",
            "P1",
            "",
        )
    ]


def test_same_answer_where_nothing_is_reversed_is_no_sign(tmp_path):
    one = answers(tmp_path, ("P1", *[3] * 5), items=INSTRUMENTS["who5"].items, instrument="who5")
    assert plausibility.straight_lines(read(one)) == []


# An item against its scale


def scale(n, seed, flip=None):
    """Return answers to the BRS from one trait, coded as the instrument expects; `flip` turns an item round."""
    rng = np.random.default_rng(seed)
    trait = rng.normal(size=n)
    columns = []
    for item in BRS:
        value = np.clip(np.round(3 + trait + 0.5 * rng.normal(size=n)), 1, 5).astype(int)
        turned = (item in INSTRUMENTS["brs"].reverse) != (item == flip)
        columns.append(6 - value if turned else value)
    return [[f"P{number}", *row] for number, row in enumerate(zip(*columns, strict=True))]


def test_item_that_was_turned_round_already(tmp_path):
    found = read(answers(tmp_path, *scale(20, 1, flip="brs_2")))
    (told,) = shown(plausibility.reversed_items(found, INSTRUMENTS), tmp_path)
    assert told[0] == (
        "pre.csv, column brs_2: the item runs against the rest of brs.total in the whole study (n = 20). Check whether the "
        "item is to be reversed, or was reversed already before the export."
    )


@pytest.mark.parametrize("seed", range(5))
def test_items_as_they_should_be_are_not_noted(tmp_path, seed):
    assert plausibility.reversed_items(read(answers(tmp_path, *scale(20, seed))), INSTRUMENTS) == []


def test_item_turned_round_at_one_institution_is_told_for_its_file(tmp_path):
    sources = [
        answers(tmp_path, *scale(30, 1), name="a", site="at1"),
        answers(tmp_path, *[["Q" + row[0], *row[1:]] for row in scale(30, 2)], name="b", site="be1"),
        answers(tmp_path, *[["R" + row[0], *row[1:]] for row in scale(20, 3, flip="brs_4")], name="c", site="pt1"),
    ]
    told = plausibility.reversed_items(read(*sources), INSTRUMENTS)
    assert [(one.file.rsplit("/", 1)[-1], one.column) for one, _value, _suggestion in told] == [("c.csv", "brs_4")]


def test_items_asked_in_reverse_that_were_all_turned_round(tmp_path):
    rows = scale(12, 4)
    turned = [
        [row[0], *(6 - v if i in INSTRUMENTS["brs"].reverse else v for i, v in zip(BRS, row[1:], strict=True))]
        for row in rows
    ]
    ((told, _value, _suggestion),) = plausibility.reversed_items(read(answers(tmp_path, *turned)), INSTRUMENTS)
    assert told.column == "brs_2, brs_4, brs_6"
    assert told.found == "the items asked in reverse run against the others of brs.total in the whole study (n = 12)"


def test_group_in_perfect_agreement_is_no_fault(tmp_path):
    rows = [[f"P{n}", *[1 + n % 5] * 5] for n in range(9)]
    one = answers(tmp_path, *rows, items=INSTRUMENTS["who5"].items, instrument="who5")
    assert plausibility.reversed_items(read(one), INSTRUMENTS) == []


def test_file_without_the_item_is_not_named(tmp_path):
    who = answers(
        tmp_path,
        *[[f"W{n}", *[n % 6] * 5] for n in range(9)],
        name="w",
        items=INSTRUMENTS["who5"].items,
        instrument="who5",
    )
    brs = answers(tmp_path, *scale(20, 1, flip="brs_2"), name="b", site="be2")
    assert [
        one.file.rsplit("/", 1)[-1] for one, _v, _s in plausibility.reversed_items(read(who, brs), INSTRUMENTS)
    ] == ["b.csv"]


def test_few_answers_say_nothing(tmp_path):
    assert plausibility.reversed_items(read(answers(tmp_path, *scale(7, 1, flip="brs_2"))), INSTRUMENTS) == []


# Ids


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("AT1-02", "AT1-O2"),
        ("AT1-02", "at1-02"),
        ("AT1-02", "AT1 02"),
        ("ABCD", "ABDC"),
        ("ABCD", "ABC"),
        ("ABCD", "ABXD"),
    ],
)
def test_near_misses(text, other):
    assert near(text, {other, "ZZ9-99"}) == [other]
    assert near(other, {text, "ZZ9-99"}) == [text]


@pytest.mark.parametrize(
    ("text", "other"),
    [("ABCD", "ABCD"), ("ABCD", "ABXY"), ("AB", "AC"), ("ABCD", "DCBA"), ("AT1-07", "AT1-01"), ("P120", "P121")],
)
def test_ids_that_are_not_near(text, other):
    assert near(text, {other}) == []


def test_person_of_a_later_wave_with_an_id_nearly_the_same(tmp_path):
    found = read(
        answers(tmp_path, ("K-17", *[1, 2, 3, 4, 5, 1]), ("K-20", 1, 2, 3, 4, 5, 2)),
        answers(tmp_path, ("K-l7", *[1, 2, 3, 4, 5, 1]), ("NEW-1", 1, 1, 2, 3, 4, 5), name="post", wave="post"),
    )
    rest = "Compare the ids of the two waves; the study team has a list of ids that are nearly the same."
    assert shown(plausibility.unmatched(found, ["pre", "post"]), tmp_path) == [
        (
            "post.csv, row 2, column participant: the id is not in an earlier wave, and one id there is nearly the same. "
            + rest,
            "K-l7",
            "K-17",
        ),
        ("post.csv, column participant: some persons have no row in an earlier wave. " + rest, "NEW-1", ""),
    ]


def test_ids_that_a_hand_confuses(tmp_path):
    records = [
        {"participant": one, "source": "r", "row": row}
        for row, one in enumerate(("A-O1", "B-2", "A-01", "b-2"), start=2)
    ]
    of = {"r": source(tmp_path / "r.csv", "register", "r")}
    assert [(one.row, value, other) for one, value, other in plausibility.alike_ids(records, of)] == [
        (4, "A-01", "A-O1"),
        (5, "b-2", "B-2"),
    ]


def test_row_from_another_institution_than_the_register_says(tmp_path):
    register = Intake([], [{"participant": "P1", "site": "be1"}, {"participant": "P2", "site": "at1"}])
    found = read(answers(tmp_path, ("P1", 1, 2, 3, 4, 5, 1), ("P2", 1, 2, 3, 4, 5, 1)))
    assert [(one.rule, one.row, value) for one, value, _ in plausibility.other_site(found, register)] == [
        ("person.site", 2, "P1")
    ]


def test_ids_of_another_phase(tmp_path):
    path = tmp_path / "ind.csv"
    path.write_text("site,standard,round,auditor,verdict\nat1,T1,external,P1,met\nat1,T1,external,X9,met\n")
    one = source(path, "audit", "a")
    domains = {"sites": ["at1"], "standards": ["T1"]}
    read_ = {"audit": read_records("audit", [one], domains)}
    told = plausibility.across({"audit": "auditor"}, read_, {"P1", "P2"}, {"a": one})
    assert shown(told, tmp_path) == [
        (
            "ind.csv, row 2, column auditor: an id of this file is also that of a participant. Give panellists, raters and "
            "auditors ids of their own, so that phases cannot be linked.",
            "P1",
            "",
        )
    ]


# Far numbers


def test_number_far_from_the_others(tmp_path):
    path = tmp_path / "ind.csv"
    lines = [f"at1,{2000 + n},turnover,{10 + n % 3}" for n in range(12)]
    path.write_text("\n".join(["site,period,indicator,value", *lines, "at1,2030,turnover,90"]) + "\n")
    found = read_records("indicator", [source(path, "indicator")], {"sites": ["at1"]})
    # Median 11, median absolute deviation 1: the modified z-score of 90 is 0.6745 * 79 = 53.3, of 12 it is 0.67.
    assert [(one.rule, one.level, one.row, one.column) for one in found.problems] == [
        ("record.outlier", "NOTE", 14, "value")
    ]
    assert len(found.records) == 13


def test_nine_numbers_are_too_few_to_call_one_far(tmp_path):
    path = tmp_path / "ind.csv"
    lines = [f"at1,{2000 + n},turnover,{10 + n % 3}" for n in range(8)]
    path.write_text("\n".join(["site,period,indicator,value", *lines, "at1,2030,turnover,90"]) + "\n")
    assert read_records("indicator", [source(path, "indicator")], {"sites": ["at1"]}).problems == []
