"""Scale scores, worked by hand for every shipped instrument, and who is kept for scoring."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from piloteval.config import read_instruments, read_yaml, scales_of
from piloteval.intake.questionnaires import read_questionnaires
from piloteval.intake.records import Intake
from piloteval.measures import scoring
from study import EXAMPLE, example_sources

ROOT = Path(__file__).resolve().parents[2]
repeated = settings(max_examples=90, deadline=None, derandomize=True, database=None)

KNOWN = read_instruments([str(path) for path in sorted((ROOT / "config/instruments").glob("*.yaml"))])
SCALES = scales_of(KNOWN)


def responses(instrument, answers, person="p", wave="pre"):
    """Return one person's answers to all items of an instrument; items not named are unanswered."""
    base = {"person": person, "site": "s", "country": "AT", "cohort": "c", "wave": wave, "instrument": instrument}
    return pd.DataFrame([{**base, "item": item, "value": answers.get(item)} for item in KNOWN[instrument].items])


def scored(instrument, answers):
    table = scoring.score(responses(instrument, answers), {instrument: KNOWN[instrument]})
    return table.set_index("scale")


def one(instrument, scale, answers):
    row = scored(instrument, answers).loc[f"{instrument}.{scale}"]
    return None if pd.isna(row["score"]) else row["score"], row["answered"], row["note"]


def numbered(stem, values, first=1, form="{}"):
    return {f"{stem}{form.format(n)}": value for n, value in enumerate(values, start=first)}


# By hand, one block an instrument


@pytest.mark.parametrize(
    ("answers", "score"),
    [
        # 4 + 3 + 2 + 5 + 1 = 15, times 4.
        ([4, 3, 2, 5, 1], 60),
        ([0, 0, 0, 0, 0], 0),
        ([5, 5, 5, 5, 5], 100),
    ],
)
def test_who5_is_the_sum_times_four(answers, score):
    assert one("who5", "total", numbered("who5_", answers)) == (score, 5, "")


def test_who5_needs_all_five():
    assert one("who5", "total", numbered("who5_", [4, 3, None, 5, 1])) == (None, 4, "too few items answered")


@pytest.mark.parametrize(
    ("answers", "score"),
    [
        # Items 2, 4 and 6 are turned round: 5 2' 3 1' 4 2' is 5 4 3 5 4 4, 25 of 6.
        ([5, 2, 3, 1, 4, 2], 25 / 6),
        # Agreeing with everything is the middle: 5 1 5 1 5 1.
        ([5, 5, 5, 5, 5, 5], 3),
        ([5, 1, 5, 1, 5, 1], 5),
        ([1, 5, 1, 5, 1, 5], 1),
        # Half of six is three: 5, 2' = 4, 3 make 12 of 3.
        ([5, 2, 3, None, None, None], 4),
    ],
)
def test_brs_is_the_mean_with_every_second_item_turned_round(answers, score):
    found, _answered, note = one("brs", "total", numbered("brs_", answers))
    assert found == pytest.approx(score)
    assert note == ""


def test_brs_with_two_of_six_answers():
    assert one("brs", "total", numbered("brs_", [5, 2, None, None, None, None])) == (None, 2, "too few items answered")


@pytest.mark.parametrize(
    ("answers", "score"),
    [
        # 1 + 2 + 3 + 4 + 4 + 3 + 2 + 1 + 2 + 3 = 25, a mean of 2.5, times 10.
        ([1, 2, 3, 4, 4, 3, 2, 1, 2, 3], 25),
        ([1] * 10, 10),
        ([4] * 10, 40),
        # Seven of ten are enough: 3 everywhere is 30 whatever is missing.
        ([3] * 7 + [None] * 3, 30),
        # 4 + 4 + 4 + 4 + 3 + 3 + 3 = 25 of 7, times 10.
        ([4, 4, 4, 4, 3, 3, 3, None, None, None], 250 / 7),
    ],
)
def test_gse_is_ten_times_the_mean(answers, score):
    found, _answered, note = one("gse", "total", numbered("gse_", answers))
    assert found == pytest.approx(score)
    assert note == ""


def test_gse_with_six_of_ten_answers():
    assert one("gse", "total", numbered("gse_", [3] * 6 + [None] * 4)) == (None, 6, "too few items answered")


def test_cbi_scores_three_scales_and_turns_the_seventh_work_item():
    answers = (
        numbered("cbi_p", [100, 75, 50, 25, 0, 50])  # 300 of 6
        | numbered("cbi_w", [50, 50, 50, 50, 50, 50, 0])  # 6 x 50 and 100 - 0: 400 of 7
        | numbered("cbi_c", [25, 25, 25, None, None, None])  # half is enough
    )
    table = scored("cbi", answers)
    assert table.loc["cbi.personal", "score"] == pytest.approx(50)
    assert table.loc["cbi.work", "score"] == pytest.approx(400 / 7)
    assert table.loc["cbi.client", "score"] == pytest.approx(25)


def test_cbi_work_needs_four_of_seven():
    # Half of seven is three and a half.
    for count, reached in ((3, False), (4, True)):
        found, answered, _note = one("cbi", "work", numbered("cbi_w", [25] * count))
        assert answered == count
        assert (found is not None) == reached


def test_com_needs_ten_of_fourteen():
    # Seven tenths of fourteen is 9.8.
    form = "{:02d}"
    assert one("com", "total", numbered("com_", [4] * 9, form=form)) == (None, 9, "too few items answered")
    # Five 4 and five 5 are 45 of 10.
    assert one("com", "total", numbered("com_", [4, 5] * 5, form=form))[0] == pytest.approx(4.5)


@pytest.mark.parametrize(
    ("scale", "answers", "score"),
    [
        ("psychological_distress", {1: 5, 2: 4, 3: 3, 4: 2}, 3.5),
        ("physical_distress", {5: 1, 6: 1, 7: 2, 8: 2}, 1.5),
        # 9 as it is, 10 and 12 turned round, 11 as it is: 2, 5, 3, 4.
        ("colleague_support", {9: 2, 10: 1, 11: 3, 12: 2}, 3.5),
        # 13, 14 and 16 turned round, 15 as it is: 5, 4, 3, 1.
        ("supervisor_support", {13: 1, 14: 2, 15: 3, 16: 5}, 3.25),
        # 17 and 18 turned round, 19 as it is: 5, 4, 3.
        ("institutional_support", {17: 1, 18: 2, 19: 3}, 4.0),
        # Both turned round: 5, 4.
        ("non_work_support", {20: 1, 21: 2}, 4.5),
        # 25 turned round: 1, 2, 3, 2.
        ("professional_self_efficacy", {22: 1, 23: 2, 24: 3, 25: 4}, 2.0),
        ("turnover_intentions", {26: 4, 27: 5}, 4.5),
        ("absenteeism", {28: 1, 29: 2}, 1.5),
    ],
)
def test_svest_scales(scale, answers, score):
    found = one("svest", scale, {f"svest_{n}": value for n, value in answers.items()})
    assert found == (pytest.approx(score), len(answers), "")


def test_every_shipped_scale_is_worked_by_hand_above():
    assert set(SCALES) == {
        "who5.total", "brs.total", "gse.total", "cbi.personal", "cbi.work", "cbi.client", "com.total",
        *(f"svest.{name}" for name in (
            "psychological_distress", "physical_distress", "colleague_support", "supervisor_support",
            "institutional_support", "non_work_support", "professional_self_efficacy", "turnover_intentions",
            "absenteeism",
        )),
    }  # fmt: skip


# Properties


@repeated
@given(st.sampled_from(sorted(KNOWN)), st.data())
def test_reversing_twice_gives_the_original_and_stays_in_range(name, data):
    instrument = KNOWN[name]
    values = st.one_of(st.none(), st.sampled_from(instrument.values))
    row = data.draw(st.lists(values, min_size=len(instrument.items), max_size=len(instrument.items)))
    table = pd.DataFrame([row], columns=list(instrument.items), dtype="float64")
    turned = scoring.reverse(table, instrument)
    pd.testing.assert_frame_equal(scoring.reverse(turned, instrument), table)
    same = [item for item in instrument.items if item not in instrument.reverse]
    pd.testing.assert_frame_equal(turned[same], table[same])
    for item in instrument.reverse:
        assert set(turned[item].dropna()) <= set(instrument.values)


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_lowest_and_highest_answers_reach_the_ends_of_the_range(name):
    instrument = KNOWN[name]
    for end, place in (("low", 0), ("high", -1)):
        answers = {
            item: instrument.values[place if item not in instrument.reverse else -1 - place]
            for item in instrument.items
        }
        for scale, row in scored(name, answers).iterrows():
            assert row["score"] == pytest.approx(SCALES[scale].range[place]), end


def test_nothing_answered_gives_no_score():
    for name in KNOWN:
        table = scored(name, {})
        assert table["score"].isna().all()
        assert (table["note"] == "too few items answered").all()


def test_waves_and_people_do_not_mix():
    one_wave = responses("who5", numbered("who5_", [1] * 5))
    other = responses("who5", numbered("who5_", [2] * 5), wave="post")
    person = responses("who5", numbered("who5_", [3] * 5), person="q")
    table = scoring.score(pd.concat([one_wave, other, person]), {"who5": KNOWN["who5"]})
    scores = table.set_index(["person", "wave"])["score"].to_dict()
    assert scores == {("p", "pre"): 20, ("p", "post"): 40, ("q", "pre"): 60}


def test_order_of_answers_does_not_matter():
    table = responses("brs", numbered("brs_", [5, 2, 3, 1, 4, 2]))
    first = scoring.score(table, {"brs": KNOWN["brs"]})
    second = scoring.score(table.iloc[::-1], {"brs": KNOWN["brs"]})
    pd.testing.assert_frame_equal(first.reset_index(drop=True), second.reset_index(drop=True))


# Who is kept


def test_answers_of_the_admitted_are_kept_under_their_pseudonym():
    records = [
        {
            "participant": who,
            "site": "x",
            "wave": "pre",
            "instrument": "who5",
            "item": item,
            "value": 3.0,
            "source": "f",
            "row": row,
        }
        for row, who in enumerate(("P1", "P2", "P3"), start=2)
        for item in KNOWN["who5"].items
    ]
    columns = ["participant", "site", "wave", "instrument", "item", "value", "source", "row"]
    ledger = [{"source": "f", "kind": "questionnaire", "wave": "pre", "rows_read": 4, "quarantined": 1}]
    pseudonyms = pd.DataFrame(
        {
            "participant": ["P1", "P2", "P3"],
            "person": ["aa", "", ""],
            "status": ["admitted", "excluded", "withdrawn"],
            "reason": "",
        }
    )
    participants = pd.DataFrame({"person": ["aa"], "site": ["at1"], "country": ["AT"], "cohort": ["peers"]})
    kept, rows = scoring.keep_admitted(Intake(columns, records, ledger=ledger), pseudonyms, participants, {"f": "de"})
    assert set(kept["language"]) == {"de"}
    assert set(kept["person"]) == {"aa"}
    assert len(kept) == 5
    # The site is that of the register, not that of the file.
    assert set(kept["site"]) == {"at1"}
    assert not {"participant", "source", "row"} & set(kept.columns)
    assert rows.loc[0, ["rows_read", "analysed", "quarantined", "excluded", "withdrawn"]].tolist() == [4, 1, 1, 1, 1]


# The example study


@pytest.fixture(scope="module")
def example():
    config = read_yaml(ROOT / "config/config.yaml")
    known = {name: KNOWN[name] for name in config["instruments"]}
    with (ROOT / "data/example/register.csv").open(encoding="utf-8") as handle:
        people = {row["participant"] for row in csv.DictReader(handle)}
    intake = read_questionnaires(example_sources(), known, people=people, settings=EXAMPLE)
    table = intake.table().rename(columns={"participant": "person"}).assign(country="", cohort="")
    return scoring.score(table, known), table


def test_scores_of_the_example_lie_in_the_range_of_their_scale(example):
    table, _ = example
    assert set(table["scale"]) == set(SCALES)
    for name, group in table.groupby("scale"):
        low, high = SCALES[name].range
        assert group["score"].dropna().between(low, high).all()
        assert (group["score"].isna() == (group["note"] != "")).all()


def test_scores_of_the_example_follow_the_rule_by_a_second_count(example):
    table, answers = example
    values = {(row["person"], row["wave"], row["item"]): row["value"] for row in answers.to_dict("records")}
    for row in table.to_dict("records"):
        scale = SCALES[row["scale"]]
        instrument = KNOWN[scale.instrument]
        given_ = [(item, values[row["person"], row["wave"], item]) for item in scale.items]
        turned = [
            min(instrument.values) + max(instrument.values) - value if item in instrument.reverse else value
            for item, value in given_
            if value == value and value is not None
        ]
        assert row["answered"] == len(turned)
        needed = 1 if scale.score == "sum" else scale.min_answered
        if len(turned) / len(scale.items) >= needed:
            total = sum(turned) if scale.score == "sum" else sum(turned) / len(turned)
            assert row["score"] == pytest.approx(total * scale.multiply)
        else:
            assert pd.isna(row["score"])
