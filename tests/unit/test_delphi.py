"""The Delphi: rounds and their panel, numbers that change, verdicts, stability, concordance, and the pages."""

from __future__ import annotations

import csv
import functools
import itertools
import random
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from piloteval.errors import ConfigError, DataError
from piloteval.measures import delphi, stability
from piloteval.report import feedback
from scipy import stats
from study import EXAMPLE, ROOT, SETTINGS, example_sources, source

DIMENSIONS = ["feasibility", "sensitivity"]
RULE = {"agree_from": 4, "threshold_percent": 70, "comparison": "above", "status": "confirmed", "confidence": 0.95}
repeated = settings(max_examples=8, deadline=None)


def catalogue(*names):
    return [{"statement": name, "text": f"Text of {name}", "status": "published"} for name in names]


def rows(number, ratings, dimensions=("feasibility",), comments=None):
    """Return a round from ratings by statement: a list with one entry a panellist, `-` for no row at all."""
    found = []
    for statement, given_ratings in ratings.items():
        for place, values in enumerate(given_ratings):
            if values == "-":
                continue
            values = values if isinstance(values, tuple) else (values,) * len(dimensions)
            panellist = f"P{place:02d}"
            said = (comments or {}).get((panellist, statement), "")
            found.append(
                {"panellist": panellist, "statement": statement, "unit": number}
                | dict(zip(dimensions, values, strict=True))
                | {"comment": said, "number": statement}
            )
    return pd.DataFrame(found).astype(dict.fromkeys(dimensions, float))


def panel(*rounds, dimensions=("feasibility",), comments=None):
    return pd.concat([rows(str(n), one, dimensions, comments) for n, one in enumerate(rounds, 1)], ignore_index=True)


def assess(table, names=("S1",), dimensions=("feasibility",), **changes):
    return delphi.assess(table, catalogue(*names), dimensions=list(dimensions), **(RULE | changes))


def first(table, **more):
    return assess(table, **more)[0].iloc[0]


# ------------------------------------------------------------------------------------------------------- the rule
@pytest.mark.parametrize(("agreement", "percent", "agreed"), [("at least", 80, "yes"), ("above", 40, "no")])
def test_whether_the_threshold_itself_is_agreement(agreement, percent, agreed):
    row = first(panel({"S1": [5, 5, 5, 5, 4, 4, 4, 4, 3, 2]}), agreement=agreement)
    assert (row["estimate"], row["agreed"]) == (percent, agreed)


@pytest.mark.parametrize(("together", "reached"), [("all", 0), ("any", 1)])
def test_on_all_dimensions_or_on_one(together, reached):
    table = panel({"S1": [(5, 2)] * 8 + [(2, 5)] * 2}, dimensions=DIMENSIONS)
    found, rounds = assess(table, dimensions=DIMENSIONS, together=together)
    assert found["agreed"].tolist() == ["yes", "no"]  # each for itself, whatever the rule for both
    assert rounds.loc[0, "consensus"] == reached
    assert delphi.outcomes(found, together) == {("S1", "1"): delphi.AGREED if reached else delphi.OPEN}


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, "consensus when above 70 % of the panellists who rated the statement rate it 4 or more on each of a, b"),
        (
            {"agreement": "above", "together": "any", "reject_from": 2},
            "consensus when above 70 % of the panellists who rated the statement rate it above 4 on at least one of "
            "a, b; consensus against when as many rate it 2 or less",
        ),
    ],
)
def test_rule_in_words(more, words):
    assert delphi.rule_in_words(4, 70, "above", ["a", "b"], **more) == words


@pytest.mark.parametrize(
    ("ratings", "threshold", "said"),
    [
        ([1] * 8 + [5] * 2, 70, ("no", "yes", delphi.REJECTED)),
        ([5] * 8 + [1] * 2, 70, ("yes", "no", delphi.AGREED)),
        ([3] * 10, 70, ("no", "no", delphi.OPEN)),
        ([5] * 5 + [1] * 5, 40, ("yes", "yes", delphi.OPEN)),  # a divided panel says neither
    ],
)
def test_consensus_against(ratings, threshold, said):
    found, rounds = assess(panel({"S1": ratings}), threshold_percent=threshold, reject_from=2)
    assert (*found.loc[0, ["agreed", "against"]], delphi.outcomes(found, "all")["S1", "1"]) == said
    assert (rounds.loc[0, "consensus"], rounds.loc[0, "against"]) == (
        said[2] == delphi.AGREED,
        said[2] == delphi.REJECTED,
    )


def test_share_against_is_withheld_where_it_or_its_rest_is_few():
    table = panel({"S1": [1] * 6 + [5] * 6, "S2": [1] * 3 + [5] * 9, "S3": [1] * 9 + [5] * 3, "S4": [5] * 12})
    found, _ = assess(table, ("S1", "S2", "S3", "S4"), reject_from=2, floor=5)
    assert found["against_percent"].tolist()[0] == 50
    low, high = stats.binomtest(6, 12).proportion_ci(method="wilson")
    assert found.loc[0, ["against_low", "against_high"]].tolist() == pytest.approx([100 * low, 100 * high])
    assert found.loc[1:, ["against_percent", "against_low", "against_high"]].isna().all(axis=None)
    note = "share against withheld: it or its rest is fewer than 5 people"
    assert found["note"].tolist() == ["", note, note, note]
    assert found["against"].tolist() == ["no", "no", "yes", "no"]


@pytest.mark.parametrize(("agreement", "reject_from"), [("at least", 4), ("at least", 5), ("above", 5)])
def test_a_rating_cannot_agree_and_reject(agreement, reject_from):
    with pytest.raises(ConfigError, match="reject_from"):
        assess(panel({"S1": [1]}), agreement=agreement, reject_from=reject_from)


def test_unknown_words_of_the_rule_are_refused():
    with pytest.raises(ValueError):
        assess(panel({"S1": [1]}), together="most")


REFERENCE = [
    row
    for row in csv.DictReader((ROOT / "tests/reference/agreement_delphi_expected.csv").open(encoding="utf-8"))
    if re.fullmatch(r"ipras\.\w+\.type7\.(IPR|IPRAS|median)", row["id"])
]


@pytest.mark.parametrize("expected", REFERENCE, ids=lambda row: row["id"])
def test_disagreement_of_nine_points_as_r_has_it(expected):
    ratings = [float(word) for word in expected["dataset"].split(":")[-1].split()]
    row = first(panel({"S1": ratings}), scale=(1, 9), agree_from=7)
    column = expected["id"].rpartition(".")[2].lower()
    assert row[column] == pytest.approx(float(expected["expected"]), rel=1e-9)
    assert row["percentile_rule"] == "linear, R type 7"
    assert row["disagreement"] == ("yes" if row["ipr"] > row["ipras"] else "no")


def test_disagreement_needs_the_scale_it_was_made_for():
    half = [1] * 3 + [9] * 3
    assert first(panel({"S1": half}), scale=(1, 9))["disagreement"] == "yes"
    for scale in ((1, 5), (0, 9), None):
        row = first(panel({"S1": half}), scale=scale)
        assert row["disagreement"] == "" and pd.isna(row["ipr"]) and pd.isna(row["ipras"])


def test_who_left_before_a_statement_did_not_rate_it():
    found, _ = assess(panel({"S1": [4] * 10, "S2": [4] * 7 + [None] + ["-"] * 2}), ("S1", "S2"))
    assert found[["n", "n_dropped", "dropped_reason"]].to_numpy().tolist() == [[10, 0, ""], [7, 3, "not rated"]]


def test_rounds_are_counted_as_people_count():
    assert delphi.in_order(["10", "2", "1", "2", "final", "2b"]) == ["1", "2", "2b", "10", "final"]


# --------------------------------------------------------------------------------------------------------- verdicts
AGREE, NOT, NO = [5] * 8, [3] * 8, [1] * 8


@pytest.mark.parametrize(
    ("rounds", "verdict", "reached", "closed", "note"),
    [
        ([AGREE], "agreed", "1", "no", ""),
        ([AGREE, None], "agreed", "1", "yes", ""),
        ([NOT, AGREE], "agreed", "2", "no", ""),
        ([AGREE, NOT, AGREE], "agreed", "3", "no", ""),
        ([AGREE, AGREE, None], "agreed", "1", "yes", ""),
        ([NOT, NO, None], "rejected", "2", "yes", ""),
        ([AGREE, NO], "rejected", "2", "no", ""),
        ([NOT, NOT], "open", "", "no", ""),
        ([NOT, None], "left out", "", "no", "not rated after round 1, without consensus"),
        ([AGREE, NOT], "lost", "1", "no", "consensus in round 1, none in round 2"),
        ([None, NOT, AGREE], "agreed", "3", "no", ""),
        ([None, None], "not rated", "", "", "rated in no round"),
    ],
)
def test_verdict_over_the_rounds(rounds, verdict, reached, closed, note):
    other = {"S2": AGREE}  # asked in every round
    table = panel(*(other | ({"S1": ratings} if ratings else {}) for ratings in rounds))
    found, _ = assess(table, ("S1", "S2"), reject_from=2)
    settled = delphi.settle(found, catalogue("S1", "S2"), dimensions=["feasibility"])
    row = settled.iloc[0]
    assert row[["statement", "dimension"]].tolist() == ["S1", "feasibility"]
    assert row[["verdict", "reached_in", "closed", "note"]].tolist() == [verdict, reached, closed, note]
    assert row["rounds_rated"] == sum(one is not None for one in rounds)
    both = settled[settled["statement"] == "S1"].drop(columns="dimension")
    assert both.iloc[0].astype(str).tolist() == both.iloc[1].astype(str).tolist()  # one dimension is all of them


def test_verdict_on_each_dimension_and_on_both_rests_on_the_fewest_ratings():
    table = panel({"S1": [(5, 2)] * 9}, {"S1": [(5, 5)] * 7 + [(5, None)]}, dimensions=DIMENSIONS)
    found, _ = assess(table, dimensions=DIMENSIONS)
    settled = delphi.settle(found, catalogue("S1"), dimensions=DIMENSIONS)
    assert settled[["dimension", "verdict", "reached_in", "n"]].to_numpy().tolist() == [
        ["feasibility", "agreed", "1", 8],
        ["sensitivity", "agreed", "2", 7],
        ["together", "agreed", "2", 7],
    ]
    one = delphi.settle(found, catalogue("S1"), dimensions=DIMENSIONS, together="any").iloc[2]
    assert one["reached_in"] == "1"


# ------------------------------------------------------------------------------------------------------------ panel
def attend(table, dimensions=("feasibility",), floor=5, **more):
    return delphi.attend(table, dimensions=list(dimensions), floor=floor, confidence=0.95, **more)


def people(stay, leave, join, more=""):
    """Return two rounds of one statement: some rate both, some only the first, some only the second."""
    before = [4] * (stay + leave) + ["-"] * join
    return panel({"S1": before}, {"S1": [4] * stay + ["-"] * leave + [4] * join})


def test_attrition_and_newcomers():
    row = attend(people(30, 10, 6), invited={1: 50, "2": 46}).iloc[1]
    counts = ["rated", "first_round", "stayed", "newcomers", "invited"]
    assert row[counts].tolist() == [36, 40, 30, 6, 46]
    low, high = stats.binomtest(30, 40).proportion_ci(method="wilson")
    told = row[["stayed_percent", "stayed_low", "stayed_high", "response_percent"]].tolist()
    assert told == pytest.approx([75, 100 * low, 100 * high, 100 * 36 / 46])
    assert row["stayed_ci_method"] == "Wilson interval, 95 %"
    assert row["note"] == ""


@pytest.mark.parametrize(("stay", "leave", "join"), [(38, 2, 0), (2, 38, 9), (30, 10, 3), (36, 4, 4)])
def test_few_who_left_stayed_or_joined_are_not_told(stay, leave, join):
    row = attend(people(stay, leave, join)).iloc[1]
    hidden = ["stayed", "stayed_percent", "stayed_low", "stayed_high", "stayed_ci_method", "newcomers"]
    assert row[hidden].isna().all()
    assert row["rated"] == stay + join and row["first_round"] == stay + leave
    assert "a part is withheld: it or its rest is fewer than 5 people" in row["note"]


def test_that_nobody_left_or_joined_is_told():
    row = attend(people(40, 0, 0)).iloc[1]
    assert row[["stayed", "stayed_percent", "newcomers"]].tolist() == [40, 100, 0]


def test_newcomers_are_new_in_their_first_round_only():
    table = pd.concat(
        [
            people(10, 0, 6),
            rows("3", {"S1": [4] * 16 + [4] * 5}),
        ],
        ignore_index=True,
    )
    found = attend(table)
    assert found["newcomers"].tolist()[1:] == [6, 5]
    assert found["stayed"].tolist()[1:] == [10, 10]


@pytest.mark.parametrize("left", ["-", None])
def test_who_left_part_way_is_counted(left):
    every = [4] * 12 + [3] * 6
    table = panel({"S1": every, "S2": every, "S3": [4] * 12 + [left] * 6})
    row = attend(table).iloc[0]
    assert row[["rated", "part_way", "ratings", "ratings_missing"]].tolist() == [18, 6, 48, 6]
    assert row["missing_percent"] == pytest.approx(100 * 6 / 54)
    assert delphi.part_way(table, ["feasibility"]) == {f"P{n:02d}" for n in range(12, 18)}


def test_a_missing_cell_is_not_leaving_part_way():
    table = panel({"S1": [(4, None)] * 6 + [(4, 4)] * 6, "S2": [(4, 4)] * 12}, dimensions=DIMENSIONS)
    row = attend(table, DIMENSIONS).iloc[0]
    assert row[["rated", "part_way", "ratings_missing"]].tolist() == [12, 0, 6]


def test_a_statement_nobody_rated_makes_nobody_leave():
    assert attend(panel({"S1": [4] * 12, "S2": [None] * 12})).loc[0, "part_way"] == 0


def test_more_rated_than_were_invited():
    with pytest.raises(ConfigError, match=r"consensus.invited.*round 1"):
        attend(people(10, 0, 0), invited={"1": 9, "2": 10})


def test_who_was_invited_is_not_guessed():
    row = attend(people(10, 0, 0)).iloc[0]
    assert pd.isna(row["invited"]) and pd.isna(row["response_percent"])
    assert row["note"] == "how many were invited is not recorded"


person = st.tuples(*[st.sampled_from("rse")] * 3, st.booleans())  # rated, silent row, elsewhere; and left part-way


@settings(max_examples=14, deadline=None)
@given(st.lists(person, min_size=1, max_size=40), st.integers(0, 8))
def test_no_small_count_follows_from_what_is_told(many, extra):
    found = [
        {"panellist": f"P{n}", "statement": name, "unit": str(turn), "feasibility": value}
        for n, (*turns, left) in enumerate(many)
        for turn, did in enumerate(turns, 1)
        for name in ("S1", "S2")
        if did != "e"
        for value in [4.0 if did == "r" and not (left and name == "S2") else None]
    ]
    table = pd.DataFrame(found, columns=["panellist", "statement", "unit", "feasibility"])
    table["feasibility"] = table["feasibility"].astype(float)
    listed = {str(n): table.loc[table["unit"] == str(n), "panellist"].nunique() for n in (1, 2, 3)}
    told = attend(table, invited={number: count + extra for number, count in listed.items()})
    told["listed"] = told["round"].map(listed)
    asked = table.dropna().groupby("unit")["statement"].nunique()
    told["rated_or_missing"] = (told["ratings"] + told["ratings_missing"]) / told["round"].map(asked)
    whole_and_parts = [
        ("listed", ["rated"]), ("listed", ["rated_or_missing"]), ("invited", ["rated"]), ("rated", ["part_way"]),
        ("first_round", ["stayed"]), ("rated", ["stayed"]), ("rated", ["newcomers"]), ("rated", ["stayed", "newcomers"]),
        ("listed", ["first_round"]),
    ]  # fmt: skip
    for row in told.to_dict("records"):
        for whole, parts in whole_and_parts:
            counts = [row[whole], *(row[part] for part in parts)]
            if (whole, parts) == ("listed", ["first_round"]) and row["round"] != "1":
                continue
            if not any(pd.isna(count) for count in counts):
                left = counts[0] - sum(counts[1:])
                assert all(not 0 < count < 5 for count in [*counts[1:], left]), (whole, parts, row)
        for percent, part in (("stayed_percent", "stayed"), ("response_percent", "rated")):
            assert pd.isna(row[percent]) or not pd.isna(row[part])


# ---------------------------------------------------------------------------------------------------------- numbers
def numbered(*lines):
    return [dict(zip(("round", "number", "statement", "change"), line, strict=True)) for line in lines]


def with_files(table):
    return table.assign(source=[f"delphi-{unit}" for unit in table["unit"]], row=range(2, len(table) + 2))


MAPPING = numbered(
    ("1", "1", "A", "new"), ("1", "2", "B", "new"), ("1", "3", "C", "new"), ("1", "4", "D", "new"),
    ("2", "1", "B", "same"), ("2", "2", "C", "reworded"), ("2", "3", "A1", "split"), ("2", "4", "A2", "split"),
    ("2", "", "A", "dropped"), ("2", "5", "D", "same"),
)  # fmt: skip


def test_numbers_that_change_follow_their_statement():
    table = panel(dict.fromkeys("1234", [4] * 6), {**dict.fromkeys("1234", [5] * 6), "5": [5] * 6})
    before = table.copy(deep=True)
    translated, numbers = delphi.translate(table, MAPPING)
    pd.testing.assert_frame_equal(table, before)  # pure
    of = translated.groupby(["unit", "number"])["statement"].unique()
    assert {key: list(value) for key, value in of.items()} == {
        ("1", "1"): ["A"], ("1", "2"): ["B"], ("1", "3"): ["C"], ("1", "4"): ["D"],
        ("2", "1"): ["B"], ("2", "2"): ["C"], ("2", "3"): ["A1"], ("2", "4"): ["A2"], ("2", "5"): ["D"],
    }  # fmt: skip
    assert translated["feasibility"].tolist() == table["feasibility"].tolist()
    second = numbers[numbers["round"] == "2"].set_index("statement")
    assert second["number_before"].to_dict() == {"B": "2", "C": "3", "A1": "", "A2": "", "A": "1", "D": "4"}
    assert second["panellists"].drop("A").tolist() == [6] * 5 and pd.isna(second.loc["A", "panellists"])
    assert second["note"].to_dict() == {
        "B": "another number than before",
        "C": "another number than before; reworded: its ratings are not compared with those of the round before",
        "A1": "split: its ratings are not compared with those of the round before",
        "A2": "split: its ratings are not compared with those of the round before",
        "A": "not asked from this round on",
        "D": "another number than before",
    }


def test_translating_says_what_it_did(caplog):
    with caplog.at_level("INFO"):
        delphi.translate(panel({number: [4] for number in "1234"}), MAPPING)
    assert caplog.messages == [
        "Round 1: 4 numbers, 0 other than before; statements: 4 new",
        "Round 2: 6 numbers, 3 other than before; statements: 2 same, 1 reworded, 2 split, 1 dropped",
    ]


@pytest.mark.parametrize(
    ("unit", "number"),
    [("1", "zz9"), ("2", "zz9"), ("2", "6"), ("3", "1")],  # nowhere; of no round; of a round the mapping does not name
)
def test_unknown_numbers_stop_and_their_rows_are_named(unit, number):
    table = with_files(pd.concat([panel({"1": [4] * 3}), rows(unit, {number: [4] * 10})], ignore_index=True))
    with pytest.raises(DataError) as stopped:
        delphi.translate(table, MAPPING)
    said = str(stopped.value)
    assert said.startswith(f"delphi-{unit}, rows 5, 6, 7, 8, 9, 10, 11, 12, 2 more, column statement: ")
    assert f"in round {unit}" in said and "zz9" not in said


def test_a_dropped_statement_cannot_be_rated():
    with pytest.raises(DataError):
        delphi.translate(panel({"1": [4]}), numbered(("1", "1", "A", "dropped")))


@settings(max_examples=3, deadline=None)
@given(st.permutations(["S1", "S2", "S3"]), st.permutations(["S1", "S2", "S3"]), st.integers(0, 2**20))
def test_whatever_the_numbers_are_the_results_are_the_same(one, two, seed):
    rng = np.random.default_rng(seed)
    names = ["S1", "S2", "S3"]
    plain = panel(*({name: list(rng.integers(1, 6, 8)) for name in names} for _ in range(2)))
    orders = {"1": one, "2": two}
    used = plain.assign(
        statement=[str(orders[unit].index(name)) for unit, name in zip(plain["unit"], plain["statement"], strict=True)]
    )
    mapping = numbered(
        *((unit, str(n), name, "same") for unit, order in orders.items() for n, name in enumerate(order))
    )
    translated, numbers = delphi.translate(used, mapping)
    for got, wanted in zip(assess(translated, names), assess(plain, names), strict=True):
        pd.testing.assert_frame_equal(got, wanted)
    pd.testing.assert_frame_equal(compare(translated, names, numbers=numbers), compare(plain, names))


def test_a_delphi_without_numbers_goes_by_its_own_ids():
    table = panel({"S1": [4], "S2": [4]}, {"S2": [4], "S3": [4]})
    translated, numbers = delphi.translate(table, delphi.own_numbers(table))
    assert translated["statement"].tolist() == table["statement"].tolist()
    assert numbers["change"].tolist() == ["new", "new", "same", "new"]
    assert set(numbers["note"]) == {""}


# -------------------------------------------------------------------------------------------------------- stability
def compare(table, names, dimensions=("feasibility",), floor=5, **more):
    return delphi.compare(
        table, catalogue(*names), dimensions=list(dimensions), scale=(1, 5), confidence=0.95, floor=floor, **more
    )


def test_two_rounds_are_compared_as_the_kernels_compare_them():
    rng = random.Random(1)
    table = panel(*({name: [rng.randint(1, 5) for _ in range(20)] for name in ("S1", "S2")} for _ in range(2)))
    found = compare(table, ("S1", "S2"))
    theirs = stability.assess_stability(
        table, catalogue("S1", "S2"), dimensions=["feasibility"], rating_range=(1, 5), confidence=0.95, floor=5
    )
    shown = found["estimate"].notna().to_numpy()
    assert list(found.columns) == list(theirs.columns) and len(found) == len(theirs)
    for column in ("statement", "first_round", "second_round", "statistic", "question", "n"):
        assert found[column].astype(str).tolist() == theirs[column].astype(str).tolist()
    assert found.loc[shown, "estimate"].tolist() == pytest.approx(theirs.loc[shown, "estimate"].tolist())
    assert set(found["statistic"]) >= {"share unchanged", "weighted kappa", "change of the coefficient of variation"}


@pytest.mark.parametrize(("changed", "told"), [(0, False), (4, False), (5, True), (7, True), (8, False), (12, False)])
def test_few_who_kept_or_changed_their_rating_are_not_told(changed, told):
    table = panel({"S1": [3] * 12}, {"S1": [4] * changed + [3] * (12 - changed)})
    row = compare(table, ("S1",)).iloc[0]
    assert row["statistic"] == "share unchanged"
    assert row[["estimate", "ci_low", "ci_high"]].notna().all() == told
    if told:
        assert row["estimate"] == pytest.approx(100 * (12 - changed) / 12)
    else:
        assert row["note"] == "a part is withheld: it or its rest is fewer than 5 people"


@pytest.mark.parametrize(("left", "told"), [(0, True), (2, False), (4, False), (5, True)])
def test_few_who_left_between_the_rounds_are_not_counted_out(left, told):
    table = panel({"S1": [3] * (20 + left)}, {"S1": [4] * 10 + [3] * 10 + ["-"] * left})
    found = compare(table, ("S1",))
    assert set(found["n"]) == {20}
    assert found["n_dropped"].isna().all() != told
    assert told or found["note"].str.startswith(("how many were left out is withheld: fewer than 5", "undefined")).all()


def test_only_the_same_wording_is_compared():
    changes = numbered(
        *(("1", name, name, "new") for name in "ABCDE"),
        ("2", "A", "A", "same"), ("2", "B", "B", "reworded"), ("2", "C", "C", "merged"), ("2", "D", "D", "new"),
        ("2", "", "E", "dropped"), ("3", "A", "A", "same"), ("3", "B", "B", "same"), ("3", "E", "E", "same"),
    )  # fmt: skip
    rounds = [dict.fromkeys("ABCDE", [3, 4] * 8), dict.fromkeys("ABCD", [4] * 16), dict.fromkeys("ABE", [4, 5] * 8)]
    table, numbers = delphi.translate(panel(*rounds), changes)
    found = compare(table, "ABCDE", numbers=numbers)
    pairs = found.groupby(["statement", "first_round", "second_round"], sort=False)["statistic"].agg(list)
    assert [key for key, said in pairs.items() if len(said) > 1] == [
        ("A", "1", "2"), ("A", "2", "3"), ("B", "2", "3"), ("E", "1", "3"),
    ]  # fmt: skip
    apart = found[found["statistic"] == "not compared"].set_index("statement")
    assert apart["note"].to_dict() == {
        "B": "undefined: not compared, reworded since",
        "C": "undefined: not compared, merged since",
        "D": "undefined: not compared, new since",
    }
    assert apart[["estimate", "n"]].isna().all(axis=None)
    assert found["statement"].tolist() == sorted(found["statement"])


def test_ratings_between_the_points_are_said_not_compared():
    halves = {"S1": [3.5, 4] * 6, "S2": [3, 4] * 6}
    found = compare(panel(halves, halves), ("S1", "S2"))
    (row,) = found[found["statement"] == "S1"].to_dict("records")
    assert row["note"] == "undefined: not compared, a rating lies between the points of the scale"
    assert len(found) > 2


def test_the_tenth_round_follows_the_ninth():
    table = pd.concat([rows("9", {"S1": [2] * 12}), rows("10", {"S1": [2] * 6 + [4] * 6})], ignore_index=True)
    found = compare(table, ("S1",)).set_index("statistic")
    assert found[["first_round", "second_round"]].drop_duplicates().to_numpy().tolist() == [["9", "10"]]
    assert found.loc["shift", "estimate"] > 0
    assert found["question"].str.startswith("stability.S1.9.10.").all()


def test_a_single_round_is_compared_with_nothing():
    found = compare(panel({"S1": [4] * 9}), ("S1",))
    assert found.empty and list(found.columns) == stability.COLUMNS


# ------------------------------------------------------------------------------------------------------ concordance
def concord(table, floor=5):
    return delphi.concord(table, dimensions=["feasibility"], floor=floor).iloc[0]


@repeated
@given(st.integers(0, 2**20), st.integers(3, 9), st.integers(3, 12))
def test_concordance_is_friedmans(seed, many, panellists):
    ratings = np.random.default_rng(seed).integers(1, 6, (many, panellists))
    row = concord(panel({f"S{n}": list(one) for n, one in enumerate(ratings)}))
    theirs = stats.friedmanchisquare(*ratings)
    if np.isnan(theirs.statistic):
        assert pd.isna(row["estimate"]) and pd.isna(row["p"]) and row["note"].startswith("undefined")
        return
    assert row["chi2"] == pytest.approx(theirs.statistic, abs=1e-9)
    assert row["p"] == pytest.approx(theirs.pvalue, abs=1e-12)
    assert row["estimate"] == pytest.approx(theirs.statistic / (panellists * (many - 1)), abs=1e-9)
    assert (row["df"], row["n"], row["statements"]) == (many - 1, panellists, many)
    assert row["note"] == ("" if many >= 7 else "few statements, so the p-value is rough")


def test_a_statement_one_skipped_costs_the_statement_and_who_left_the_panellist():
    rng = random.Random(2)
    ratings = {f"S{n}": [rng.randint(1, 5) for _ in range(20)] for n in range(8)}
    whole = concord(panel({name: one for name, one in ratings.items() if name != "S3"}))
    skipped = {**ratings, "S3": [(None, 4), *((value, 4) for value in ratings["S3"][1:])]}
    skipped = {name: [v if isinstance(v, tuple) else (v, 4) for v in one] for name, one in skipped.items()}
    table = panel(skipped, dimensions=DIMENSIONS)
    row = delphi.concord(table, dimensions=DIMENSIONS, floor=5).iloc[0]
    assert row["estimate"] == pytest.approx(whole["estimate"])
    assert (row["n"], row["n_dropped"], row["statements"], row["statements_in_round"]) == (20, 0, 7, 8)
    left = panel({name: [*one, *([3] * 6 if name < "S4" else ["-"] * 6)] for name, one in ratings.items()})
    row = concord(left)
    assert row["estimate"] == pytest.approx(concord(panel(ratings))["estimate"])
    assert (row["n"], row["n_dropped"], row["dropped_reason"]) == (20, 6, "left part-way")


def test_few_who_left_part_way_are_not_counted_out():
    row = concord(panel({"S1": [3, 4] * 10, "S2": [4, 5] * 9 + [None] * 2, "S3": [1, 2] * 10}))
    assert row["n"] == 18 and pd.isna(row["n_dropped"])
    assert row["note"].endswith("how many were left out is withheld: fewer than 5 people")


def test_no_concordance_without_two_statements():
    row = concord(panel({"S1": [3, 4, 5]}))
    assert pd.isna(row["estimate"]) and pd.isna(row["df"]) and row["note"].startswith("undefined")


# --------------------------------------------------------------------------------------------------------- comments
SAID = {("P00", "S2"): "Unclear.", ("P01", "S2"): " Too long\n", ("P02", "S1"): "Fine."}


def test_comments_are_listed_and_counted():
    table = panel({"S1": [4] * 3, "S2": [4] * 3}, {"S2": [4] * 3}, comments=SAID)
    listed, counts = delphi.list_comments(table, catalogue("S2", "S1"))
    assert listed.to_numpy().tolist() == [
        ["P00", "S2", "1", "Unclear."], ["P01", "S2", "1", "Too long"],
        ["P00", "S2", "2", "Unclear."], ["P01", "S2", "2", "Too long"], ["P02", "S1", "1", "Fine."],
    ]  # fmt: skip
    assert counts[["statement", "round", "comments"]].to_numpy().tolist() == [
        ["S2", "1", 2],
        ["S2", "2", 2],
        ["S1", "1", 1],
    ]


def test_a_panel_that_writes_nothing():
    listed, counts = delphi.list_comments(panel({"S1": [4] * 3}).drop(columns="comment"), catalogue("S1"))
    assert listed.empty and counts["comments"].tolist() == [0]


# -------------------------------------------------------------------------------------------------------------- run
CONSENSUS = {"dimensions": DIMENSIONS, **{key: RULE[key] for key in RULE if key != "confidence"}}


def study(folder, *rounds, dimensions=DIMENSIONS):
    sources = []
    for number, table in enumerate(rounds, 1):
        path = folder / f"round{number}.csv"
        table[["panellist", "statement", *dimensions, "comment"]].to_csv(path, index=False)
        sources.append(source(path, "delphi", f"delphi-{number}", unit=str(number)))
    path = folder / "statements.tsv"
    lines = [f"{name}\tText of {name}\tpublished" for name in ("A", "A1", "A2", "B", "C", "D")]
    path.write_text("\n".join(["statement\ttext\tstatus", *lines]) + "\n", encoding="utf-8")
    return sources, [str(path)]


def run(sources, statements, **more):
    told = {**SETTINGS, "dimensions": DIMENSIONS}
    return delphi.run(sources, statements, consensus=CONSENSUS, confidence=0.95, settings=told, **more)


@pytest.fixture(scope="module")
def example():
    sources = [one for one in example_sources() if one.kind in ("delphi", "withdrawals", "resolutions")]
    told = {**EXAMPLE, "dimensions": DIMENSIONS}
    rule = {**CONSENSUS, "reject_from": 2}
    files = [str(ROOT / "config/statements.tsv")]
    return delphi.run(
        sources,
        files,
        consensus=rule,
        confidence=0.95,
        settings=told,
        floor=5,
        about={"title": "The pilot", "banner": "Synthetic."},
    )


@pytest.fixture(scope="module")
def every_sheet(example):
    return feedback.combined(example["sheets"])


def test_the_example_gives_every_table(example):
    columns = {
        "statements": {*delphi.STATEMENTS, *delphi.STATEMENTS_MORE},
        "rounds": {*delphi.ROUNDS, *delphi.ROUNDS_MORE},
        "verdicts": set(delphi.VERDICTS),
        "stability": set(stability.COLUMNS),
        "concordance": set(delphi.CONCORDANCE),
        "numbers": set(delphi.NUMBERS),
        "comments": set(delphi.COMMENTS),
        "comment_counts": set(delphi.COMMENT_COUNTS),
    }
    keys = {
        "statements": ["statement", "round", "dimension"],
        "rounds": ["round"],
        "verdicts": ["statement", "dimension"],
        "stability": ["statement", "first_round", "second_round", "dimension", "statistic"],
        "concordance": ["round", "dimension"],
        "numbers": ["round", "statement"],
        "comments": ["panellist", "statement", "round"],
        "comment_counts": ["statement", "round"],
    }
    assert set(example) == {*columns, "rows", "sheets"}
    for name, wanted in columns.items():
        table = example[name]
        assert set(table.columns) == wanted and len(table), name
        assert not table.duplicated(keys[name]).any(), name
        words = " ".join(str(one) for column in table for one in table[column] if isinstance(one, str))
        assert not re.search(r"\b(None|nan|NaN|NA)\b", words), name
    assert not example["verdicts"]["verdict"].isin(["not rated"]).any()


def test_verdicts_agree_with_the_rounds(example):
    last = example["rounds"].iloc[-1]
    together = example["verdicts"].query("dimension == 'together' and last_round == @last['round']")
    assert (together["verdict"] == "agreed").sum() == last["consensus"]
    closed = example["verdicts"].query("dimension == 'together' and closed == 'yes'")
    asked = set(example["statements"].query("round == @last['round']")["statement"])
    assert len(closed) and not asked & set(closed["statement"])


def mapped(folder, mapping):
    """Write the list of numbers as a raw file."""
    path = folder / "numbers.csv"
    pd.DataFrame(mapping).to_csv(path, index=False)
    return source(path, "statement_map", "numbers")


def test_run_follows_the_numbers_of_each_round(tmp_path):
    one = rows("1", dict.fromkeys("1234", [(4, 4)] * 8), DIMENSIONS)
    two = rows("2", dict.fromkeys("12345", [(5, 5)] * 8), DIMENSIONS)
    sources, statements = study(tmp_path, one, two)
    found = run([*sources, mapped(tmp_path, MAPPING)], statements, floor=5)
    together = found["verdicts"].query("dimension == 'together'").set_index("statement")
    assert together.loc["A", ["verdict", "closed"]].tolist() == ["agreed", "yes"]
    assert together["rounds_rated"].to_dict() == {"A": 1, "A1": 1, "A2": 1, "B": 2, "C": 2, "D": 2}
    assert set(found["stability"].query("statistic == 'not compared'")["statement"]) == {"C"}
    assert "No. 2 <span>(C)</span>" in feedback.feedback_pages(found["sheets"])["P00.html"]


def test_a_number_the_list_does_not_know_is_set_aside_and_counted(tmp_path):
    table = rows("1", {"1": [(4, 4)] * 8, "zz9": [(4, 4)] * 2}, DIMENSIONS)
    sources, statements = study(tmp_path, table)
    found = run([*sources, mapped(tmp_path, MAPPING[:4])], statements, floor=5)
    assert found["rows"].set_index("source").loc["delphi-1", ["rows_read", "analysed", "quarantined"]].tolist() == [
        10,
        8,
        2,
    ]
    assert set(found["statements"]["statement"]) == {"A"}


def test_a_delphi_without_a_row():
    empty = panel({"S1": [4]}).iloc[:0]
    translated, numbers = delphi.translate(empty, delphi.own_numbers(empty))
    found, rounds = assess(translated)
    settled = delphi.settle(found, catalogue("S1"), dimensions=["feasibility"], numbers=numbers)
    assert settled["verdict"].tolist() == ["not rated", "not rated"]
    others = [attend(empty), compare(empty, ("S1",)), delphi.concord(empty, dimensions=["feasibility"], floor=5)]
    assert all(table.empty for table in [found, rounds, *others, *delphi.list_comments(empty, catalogue("S1"))])
    assert all(len(table.columns) for table in others)
    given_sheets = delphi.Sheets(empty, found, {}, catalogue("S1"), ["feasibility"], (1, 5), "", 5)
    assert feedback.feedback_pages(given_sheets) == {}
    assert "Nobody has rated yet." in feedback.combined(given_sheets)
    assert "0 comments on 0 statements." in feedback.overview(given_sheets)


# ------------------------------------------------------------------------------------------------------------ pages
HEADINGS = {f"h{level}" for level in range(1, 7)}


class Page(HTMLParser):
    """A page as its readers meet it: every tag with its attributes, what is said, and headings in order."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.open, self.said, self.headings = [], [], [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)
        if tag in HEADINGS:
            self.headings.append([int(tag[1]), ""])

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" in self.open or "title" in self.open:
            return
        self.said.append(data)
        if not HEADINGS.isdisjoint(self.open):
            self.headings[-1][1] += data

    @property
    def text(self):
        return " ".join(" ".join(self.said).split())

    def all(self, tag, **wanted):
        return [attrs for name, attrs in self.tags if name == tag and wanted.items() <= attrs.items()]


def sheets(table, names=("S1",), dimensions=("feasibility",), floor=5, texts=None, **more):
    found, rounds = assess(table, names, dimensions)
    statements = catalogue(*names)
    for one in statements:
        one["text"] = (texts or {}).get(one["statement"], one["text"])
    return delphi.Sheets(
        ratings=table, assessed=found, outcomes=delphi.outcomes(found, "all"), statements=statements,
        dimensions=list(dimensions), scale=(1, 5), rule=rounds["rule"].iloc[0], floor=floor, **more,
    )  # fmt: skip


def test_everybody_of_the_last_round_has_a_sheet():
    table = panel({"S1": [4] * 9}, {"S1": [4] * 6 + ["-"] * 2 + [None]})
    pages = feedback.feedback_pages(sheets(table))
    assert list(pages) == [f"P{n:02d}.html" for n in (0, 1, 2, 3, 4, 5, 8)]
    assert list(feedback.feedback_pages(sheets(table), "1")) == [f"P{n:02d}.html" for n in range(9)]


def test_own_rating_beside_the_group():
    ratings = [5, 5, 4, 4, 4, 3, 1, None]
    for place, own in enumerate(ratings):
        shown = Page(feedback.feedback_pages(sheets(panel({"S1": ratings})))[f"P{place:02d}.html"])
        (picture,) = shown.all("svg", role="img")
        told = "Feasibility: of the group, 1 rated 1, 0 rated 2, 1 rated 3, 3 rated 4, 2 rated 5"
        assert picture["aria-label"] == told
        assert "Feasibility 7 ratings" in shown.text
        middle = "Group: median 4 (3.5 to 4.5)"  # R: quantile(c(5, 5, 4, 4, 4, 3, 1), c(.25, .5, .75))
        assert middle in shown.text and "71.4 % agree" in shown.text
        assert ("You did not rate this statement." in shown.text) == (own is None)
        assert f"You: {'no rating' if own is None else own}" in shown.text
        assert len(shown.all("circle", **{"class": "dot"})) == 1 + (own is not None)  # one is in the key


def test_bars_are_as_high_as_their_counts():
    shown = Page(feedback.feedback_pages(sheets(panel({"S1": [5] * 6 + [3] * 3 + [4] * 2})))["P00.html"])
    bars = [one for one in shown.all("rect") if one["class"] in ("bar", "own")][2:]
    heights = [float(one["height"]) for one in bars]
    assert heights == pytest.approx([heights[2] / 2, heights[2] / 3, heights[2]], abs=0.06)
    assert [one["class"] for one in bars] == ["bar", "bar", "own"]


def test_the_group_is_shown_from_the_floor_on():
    comments = {("P00", "S1"): "Mine.", ("P01", "S1"): "Theirs."}
    few = Page(feedback.feedback_pages(sheets(panel({"S1": [4] * 4 + [None]}, comments=comments)))["P00.html"])
    assert not few.all("svg", role="img")
    assert "Too few ratings" in few.text and "Mine." in few.text and "Theirs." not in few.text
    assert not re.search(r"median \d|agree$|\d ratings", few.text)
    enough = Page(feedback.feedback_pages(sheets(panel({"S1": [4] * 5}, comments=comments)))["P00.html"])
    assert len(enough.all("svg", role="img")) == 1 and "Theirs." in enough.text


def test_no_sheet_names_another_panellist(example):
    pages = feedback.feedback_pages(example["sheets"])
    codes = [name.removesuffix(".html") for name in pages]
    assert len(codes) == 17
    for own, text in zip(codes, pages.values(), strict=True):
        assert {code for code in re.findall(r"PAN\d+", text)} == {own}


@repeated
@given(st.integers(0, 2**20))
def test_who_the_others_are_changes_nothing(seed):
    rng = random.Random(seed)
    names = [f"P{n:02d}" for n in range(8)]
    comments = {(name, "S1"): rng.choice(["Short.", "Long.", "b", "a"]) for name in names if rng.random() < 0.7}
    table = panel(
        {"S1": [rng.randint(1, 5) for _ in names], "S2": [rng.randint(1, 5) for _ in names]}, comments=comments
    )
    others = names[1:]
    rng.shuffle(others)
    other = table.assign(panellist=table["panellist"].map(dict(zip(names, [names[0], *others], strict=True))))
    other = other.sample(frac=1, random_state=seed)
    one, two = (feedback.feedback_pages(sheets(part, ("S1", "S2")))["P00.html"] for part in (table, other))
    assert one == two


def test_open_statements_come_first():
    ratings = {"S1": [5] * 8, "S2": [3] * 8, "S3": [5] * 8, "S4": [5] * 3 + [None] * 5}
    shown = Page(feedback.feedback_pages(sheets(panel(ratings), ("S1", "S2", "S3", "S4")))["P00.html"])
    assert [(level, " ".join(text.split())) for level, text in shown.headings] == [
        (1, "Your ratings beside the group’s"), (2, "Still open (1)"), (3, "S2"), (2, "Too few ratings (1)"), (3, "S4"),
        (2, "Consensus reached (2)"), (3, "S1"), (3, "S3"),
    ]  # fmt: skip


@pytest.mark.parametrize("make", ["single", "combined", "overview"])
def test_pages_are_whole_and_need_nothing_from_elsewhere(example, make):
    given_sheets = example["sheets"]
    text = {
        "single": lambda: feedback.feedback_pages(given_sheets, "1")["PAN01.html"],
        "combined": lambda: feedback.combined(replace(given_sheets, ratings=given_sheets.ratings[:90])),
        "overview": lambda: feedback.overview(given_sheets),
    }[make]()
    shown = Page(text)
    assert text.startswith('<!DOCTYPE html>\n<html lang="en">')
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:" in text
    assert "http" not in text.replace("http-equiv", "")
    assert not re.search(r"url\(|@import|@font-face", text)
    assert not {tag for tag, _ in shown.tags} & {"script", "link", "img", "iframe", "form", "object"}
    assert not [attrs for _, attrs in shown.tags if "style" in attrs or any(name.startswith("on") for name in attrs)]
    assert "@page { size: A4;" in text and "break-inside: avoid" in text
    levels = [level for level, _ in shown.headings]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    ids = [attrs["id"] for _, attrs in shown.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert {one["href"] for one in shown.all("a")} <= {f"#{name}" for name in ids}
    assert all("aria-label" in one or one.get("aria-hidden") == "true" for one in shown.all("svg"))
    assert "Synthetic." in shown.text and "The pilot" in shown.text
    assert not re.search(r"\b(None|nan|NaN)\b", shown.text)


def test_one_file_with_a_page_for_everybody(every_sheet):
    assert re.findall(r'<div class="sheet" id="([^"]+)">', every_sheet) == [f"sheet-{n}" for n in range(1, 18)]
    assert ".sheet + .sheet, .index + .sheet { margin-top: 0; break-before: page; }" in every_sheet
    assert '@page sheet-17 { @bottom-left { content: "PAN17 · round 2"' in every_sheet
    assert "<strong>Restricted.</strong>" in every_sheet


def test_comments_of_all_rounds_for_the_team(example):
    shown = Page(feedback.overview(example["sheets"]))
    listed = example["comments"]
    assert f"{len(listed)} comments on {listed['statement'].nunique()} statements." in shown.text
    assert len(shown.all("li")) == len(listed)
    assert all(comment in shown.text for comment in listed["comment"])
    assert not re.search(r"PAN\d", shown.text)
    assert "Round 1" in shown.text and "No comment on ST02" in shown.text


def test_file_names_are_safe_and_none_is_lost():
    codes = ["P1", "p1", "a/b", "a_b", "../x", "", ".", "É 1", "x" * 300, "a:b\x00"]
    names = feedback.file_names(codes)
    assert list(names) == codes
    assert names["P1"] == "P1.html" and names["a_b"] == "a_b.html"
    assert len({name.casefold() for name in names.values()}) == len(codes)
    assert all(re.fullmatch(r"[\w-][\w.-]{0,90}\.html", name) for name in names.values())


PAYLOADS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    '</style><script>1</script>"; } body { display: none } /*',
    "</table></main><h1>Owned</h1>",
    "<!-- open",
    "&lt;b&gt;&#60;i&#62;",
    "a\u202egpj.exe\u2066\u200b\u0000\r\nnew line\u2028end",
]


@functools.cache
def hostile(words, make):
    comments = {("P00", words): words, ("P01", words): f"{words}!"}
    table = panel({words: [4] * 6}, dimensions=(words,), comments=comments)
    table["panellist"] = table["panellist"].replace("P00", words)
    given_sheets = sheets(table, (words,), (words,), texts={words: words}, title=words, banner=words, numbered=True)
    if make == "single":
        return feedback.feedback_pages(given_sheets)[feedback.file_names([words])[words]]
    return getattr(feedback, make)(given_sheets)


@functools.cache
def shape(text):
    return sorted((tag, sorted(attrs)) for tag, attrs in Page(text).tags)


@pytest.mark.parametrize("make", ["single", "combined", "overview"])
@pytest.mark.parametrize("payload", PAYLOADS)
def test_hostile_words_are_inert(payload, make):
    text, plain = hostile(payload, make), hostile("plain words", make)
    assert shape(text) == shape(plain)  # whatever the order of the sheets, which is that of the codes
    assert all(one.isprintable() or one == "\n" for one in text)
    feet = re.findall(r'content: "([^"]*)"', text)
    assert all(re.fullmatch(r"[\w .·-]*", one) for one in feet)
    assert text.count("{") == plain.count("{") + payload.count("{") * (text.count("display: none"))
    text.encode("utf-8")


def test_same_ratings_same_pages(example, every_sheet):
    assert feedback.combined(example["sheets"]) == every_sheet
