"""Themes: who speaks of what, what comes up together, saturation, quotes, their figures and the coded page."""

from __future__ import annotations

import html
import io
import itertools
import json
import re
from contextlib import redirect_stdout
from functools import cache

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from piloteval import tables, tiers
from piloteval.errors import ContractError
from piloteval.measures import cooccurrence as measured
from piloteval.qualitative import matrix, quotes, saturation, units
from piloteval.qualitative.codebook import Code, Codebook, Cue
from piloteval.report import ink, theme_figures, themes_prose
from piloteval.report.coded_page import coded_page
from piloteval.report.page import Page
from scipy import special, stats
from scipy.optimize import linprog

repeated = settings(max_examples=15, deadline=None, derandomize=True, database=None)

TEXT, WHOLE, NUMBER = tables.TEXT, tables.WHOLE, tables.NUMBER
MATRIX, PAIRS = (tables.CONTRACTS[f"internal/themes/{name}.csv"] for name in ("matrix", "cooccurrence"))
INTERNAL = tiers.internal(5)


def book(*codes, themes=None):
    """Return a codebook; the letter before the line is the theme."""
    made = {name: Code(name, name.split("_")[0], f"Code {name}", "", {}) for name in codes}
    return Codebook(
        "1", "unconfirmed", themes or {t: f"Theme {t}" for t in dict.fromkeys(c.theme for c in made.values())}, made
    )


BOOK = book("A_ONE", "A_TWO", "B_ONE")


def coded(*marks):
    return pd.DataFrame(marks, columns=["interview", "segment", "code"])


def held(**people):
    """Return interviews: `held(I1="p1", I2="p1")`."""
    return pd.DataFrame({"interview": list(people), "person": list(people.values()), "cohort": ""})


def crowd(count, **columns):
    table = pd.DataFrame(
        {"interview": [f"I{n:02}" for n in range(count)], "person": [f"p{n:02}" for n in range(count)], "cohort": ""}
    )
    return table.assign(**columns)


def sentences(interviews, count):
    return pd.DataFrame(
        [(name, n) for name in interviews for n in range(1, count + 1)], columns=["interview", "segment"]
    )


# Code by case

MARKS = coded(
    ("I1", 1, "A_ONE"),
    ("I1", 1, "A_TWO"),
    ("I1", 2, "A_ONE"),
    ("I1", 2, "A_ONE"),  # given twice
    ("I2", 5, "A_ONE"),
    ("I3", 1, "B_ONE"),
    ("I3", 1, "Z_OLD"),  # of another codebook
    ("I9", 1, "A_ONE"),  # may not be heard
)


def test_code_by_case_by_hand():
    cases = matrix.by_case(MARKS, held(I1="p", I2="q", I3="r"), BOOK)
    assert list(cases.columns) == matrix.CASE_COLUMNS
    assert matrix.wide(cases).to_numpy().tolist() == [[1, 1, 0], [1, 0, 0], [0, 0, 1]]
    assert matrix.wide(cases, values="sentences").to_numpy().tolist() == [[2, 1, 0], [1, 0, 0], [0, 0, 1]]
    # A sentence with two codes of a theme is one sentence of the theme.
    assert matrix.wide(cases, "theme", "sentences").to_numpy().tolist() == [[2, 0], [1, 0], [0, 1]]
    assert matrix.wide(cases).columns.tolist() == ["A_ONE", "A_TWO", "B_ONE"]


def test_people_are_counted_and_not_mentions_or_interviews():
    table, _ = matrix.summarise(MARKS, held(I1="p", I2="p", I3="r"), BOOK, fewest=1)
    by = table[table["by"] == "all"].set_index(["kind", "code"])[["people", "of_people"]]
    one = {"people": 1, "of_people": 2}
    assert by.to_dict("index") == {
        ("code", "A_ONE"): one, ("code", "A_TWO"): one, ("code", "B_ONE"): one, ("theme", "A"): one, ("theme", "B"): one
    }  # fmt: skip


def test_interview_without_a_person_stands_for_one():
    table, _ = matrix.summarise(MARKS, held(I1="", I2="", I3="I1"), BOOK)
    assert set(table["of_people"]) == {3}


def test_share_has_the_interval_of_scipy():
    marks = coded(*((f"I{n:02}", 1, "A_ONE") for n in range(7)))
    table, _ = matrix.summarise(marks, crowd(16), BOOK, confidence=0.9, fewest=1)
    row = table[(table["code"] == "A_ONE") & (table["by"] == "all")].iloc[0]
    low, high = stats.binomtest(7, 16).proportion_ci(0.9, "wilson")
    assert (row["percent"], row["ci_low"], row["ci_high"]) == pytest.approx((100 * 7 / 16, 100 * low, 100 * high))
    assert row["ci_method"] == "Wilson interval, 90 %"


def test_nobody_was_asked():
    table, dimensions = matrix.summarise(coded(), crowd(0), BOOK, fewest=1)
    assert len(table) == 5 and set(table["people"]) == {0}
    assert table["percent"].isna().all() and table["note"].str.startswith("undefined").all()
    assert set(dimensions["shown"]) <= {"no"}


# Groups


def test_groups_add_up_also_when_a_person_is_in_two():
    asked = pd.DataFrame(
        {"interview": [f"I{n}" for n in range(7)], "person": list("abcdeff"), "wave": [*"11111", "1", "2"]}
    )
    groups, dimensions = matrix.groups_of(asked, ("wave",), fewest=1)
    assert groups["wave"].to_dict() == {**dict.fromkeys("abcde", "1"), "f": "1 + 2"}
    assert dimensions.to_dict("records") == [{"by": "wave", "shown": "yes", "groups": "1; 1 + 2", "note": ""}]


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ({"a": 6, "b": 6}, {"a": 6, "b": 6}),
        ({"a": 6, "b": 6, "c": 2, "d": 3}, {"a": 6, "b": 6, "c + d": 5}),
        ({"a": 9, "b": 6, "c": 2}, {"a": 9, "b + c": 8}),  # the next smallest joins
        ({"a": 9, "b": 2, "c": 2, "d": 2, "e": 2}, {"a": 9, "other": 8}),
        ({"a": 9, "": 5}, {"a": 9, "not known": 5}),
        ({"a": 9, "b": 4}, None),
        ({"a": 4, "b": 4, "c": 4}, None),
        ({"other": 9, "b": 2, "c": 2, "d": 2, "e": 2}, {"other": 9, "other (4 groups)": 8}),
    ],
)
def test_small_groups_are_put_together(sizes, expected):
    names = [name for name, size in sizes.items() for _ in range(size)]
    groups, dimensions = matrix.groups_of(crowd(len(names), country=names), ("country",), fewest=5)
    assert (groups["country"].value_counts().to_dict() if groups else None) == expected
    assert dimensions["note"].iloc[0].startswith("left out") == (expected is None)


def test_grouping_that_repeats_another_but_for_a_few_is_left_out():
    country = ["AT"] * 6 + ["DE"] * 6 + ["FR"] * 8
    language = ["de"] * 12 + ["fr"] * 8
    asked = crowd(20, country=country, language=language, setting=["h", "s"] * 10)
    groups, dimensions = matrix.groups_of(asked, ("country", "setting", "language"), fewest=5)
    assert list(groups) == ["country", "setting"]
    note = dimensions.set_index("by").loc["language", "note"]
    assert note == "left out: its groups and those by country differ by a few people"
    one_off = asked.assign(language=["de"] * 11 + ["fr"] * 9)
    assert "language" not in matrix.groups_of(one_off, ("country", "language"), fewest=5)[0]
    # Without a floor nothing is to be worked out.
    assert "language" in matrix.groups_of(asked, ("country", "language"), fewest=1)[0]


def test_people_are_grouped_by_role_and_wave_too():
    role, wave = ["nurse"] * 10 + ["physician"] * 14, ["pre", "post"] * 12
    dimensions = matrix.summarise(coded(), crowd(24, role=role, wave=wave, setting=""), BOOK)[1].set_index("by")
    assert dimensions.loc[["role", "wave"], "groups"].tolist() == ["nurse; physician", "post; pre"]
    assert dimensions.loc["setting", "note"] == "left out: it is not known of anybody"
    # A group of fewer than twice the floor could never be shown: a part of it or its rest is under the floor.
    table, dimensions = matrix.summarise(coded(), crowd(24, role=["nurse"] * 9 + ["physician"] * 15), BOOK)
    assert set(table["by"]) == {"all"} and dimensions.set_index("by").loc["role", "shown"] == "no"


# Who could be heard


def test_who_cannot_be_heard_is_not_silent():
    cues = {"de": ("schuld",), "en": (), "fr": ("faute",)}
    stop = {"pt": (Cue("stop", "culpa"),)}
    names = Codebook(
        "1", "", {"A": "A"}, {"A_ONE": Code("A_ONE", "A", "One", "", cues, stop)}, ("de", "en", "fr", "pt")
    )
    assert matrix.cue_languages(names) == {"de", "fr"}
    asked = crowd(20, language=["de"] * 14 + ["pt"] * 6)
    marks = coded(*((f"I{n:02}", 1, "A_ONE") for n in range(7)))
    table, dimensions = matrix.summarise(marks, asked, names, languages=matrix.cue_languages(names))
    assert set(table["of_people"]) == {14} and set(table["people"]) == {7}
    row = dimensions.set_index("by").loc[matrix.WITHOUT_CUES]
    assert (row["shown"], row["groups"]) == ("no", "pt") and "without any cue" in row["note"]
    assert set(matrix.summarise(marks, asked, names)[0]["of_people"]) == {20}  # codes of people
    # The difference to all who were asked would tell of fewer than the floor.
    few, remark = matrix.heard(crowd(20, language=["de"] * 17 + ["pt"] * 3), {"de"})
    assert len(few) == 20 and remark["shown"] == "yes" and "pt" not in remark["note"] + remark["groups"]
    assert matrix.heard(crowd(20, language="de"), {"de"})[1] is None
    # Nor do they count as speaking of neither code.
    lines = sentences(asked["interview"], 1)
    pairs = matrix.measure_pairs(marks, lines, asked, BOOK, languages={"de"})
    assert pairs.empty and matrix.heard(asked, {"de"})[0]["interview"].tolist() == asked["interview"].tolist()[:14]


# What is told of people


def shares_told(people, of, code="A_ONE"):
    """Return people of a code as the tier shows them, of so many asked."""
    marks = coded(*((f"I{n:02}", 1, code) for n in range(people)))
    table = tables.present(matrix.summarise(marks, crowd(of), BOOK)[0], MATRIX, INTERNAL)
    return table[(table["code"] == "B") & (table["by"] == "all")].iloc[0]


@pytest.mark.parametrize(
    ("people", "of", "shown"), [(5, 16, True), (4, 16, False), (11, 16, True), (12, 16, False), (14, 16, False),
                                (5, 5, False), (0, 16, False), (16, 16, False), (5, 10, True)]
)  # fmt: skip
def test_all_but_few_says_as_much_as_few(people, of, shown):
    row = shares_told(people, of, "B_ONE")
    assert (row["people"] == people if shown else row["people"] is pd.NA) and row["of_people"] == of
    assert row["note"] == ("" if shown else tiers.WITHHELD.format(floor=5))
    assert pd.notna(row[["percent", "ci_low", "ci_high"]]).all() == shown


def test_theme_less_a_code_is_withheld_too():
    names = book("A_ONE", "A_TWO", "A_SIX", "B_ONE")
    said = {"A_ONE": range(11), "A_TWO": range(6), "A_SIX": range(8, 13), "B_ONE": range(6)}
    marks = coded(*((f"I{n:02}", 1, code) for code, people in said.items() for n in people))
    table, _ = matrix.summarise(marks, crowd(24), names)
    assert "sentences" not in table and "sentences" not in MATRIX.columns
    shown = table[table["by"] == "all"].set_index("code")["people"]
    # 13 people speak of the theme, two of them not of the first code; of one withheld code, another is withheld.
    assert shown["A"] == 13 and shown["A_ONE"] is pd.NA and shown["A_SIX"] is pd.NA and shown["A_TWO"] == 6
    # The only code of a theme is the theme.
    assert shown["B"] == shown["B_ONE"] == 6
    marks = coded(*((f"I{n:02}", 1, code) for code in ("A_ONE", "A_TWO", "A_SIX") for n in range(10)))
    shown = matrix.summarise(marks, crowd(24), names)[0].set_index(["by", "code"])["people"]["all"]
    assert shown["A"] == 10 and shown[["A_ONE", "A_TWO", "A_SIX"]].isna().all()  # nobody speaks of the theme alone


#: Studies in which something would follow without a step.
LEAKY = {"_close_line": [46], "_close_family": [14], "_close_crossing": [51]}


def random_study(seed, most=61):
    """Return interviews of people of six countries, whose language nearly follows from it, and codes of all degrees."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(10, most))
    speaks = {"AT": "de", "DE": "de", "BE": "fr", "ES": "es", "PT": "pt", "IE": "en"}
    country = rng.choice(list(speaks), count, p=rng.dirichlet(np.full(6, 2)))
    asked = crowd(
        count,
        language=[speaks[one] if rng.random() < 0.9 else "nl" for one in country],
        cohort=rng.choice(["a", "b"], count, p=[0.6, 0.4]),
        setting=rng.choice(["h", "s", "q"], count, p=[0.6, 0.3, 0.1]),
        country=country,
    )
    codes = book("A_1", "A_2", "A_3", "B_1", "B_2", "C_1")
    marks = [
        (name, 1, code) for code in codes.codes for name in asked["interview"][rng.random(count) < rng.beta(0.8, 1.5)]
    ]
    return asked, codes, coded(*marks)


def attacked(asked, shown, codes):
    """Return what a reader who knows who is in which group computes of few people, from all that is shown.

    The unknowns are the people of each kind, who are alike in every group, with each set of codes of a theme. They add
    up to what is shown. The reader asks for everything that is not: of how many people does it tell?
    """
    groups, _ = matrix.groups_of(asked, fewest=10, apart=5)
    alike = {name: one.reindex(asked["person"]).to_numpy() for name, one in groups.items()}
    kinds = pd.DataFrame(alike, index=asked["person"]).assign(one=1).value_counts(sort=False)
    keys, sizes = kinds.index.to_frame(index=False), kinds.to_numpy(dtype=float)
    cells = {("all", "all"): np.ones(len(sizes))}
    cells |= {(by, group): (keys[by] == group).to_numpy(dtype=float) for by in groups for group in set(groups[by])}
    crosses = {
        (one, other): cells[one] * cells[other]
        for one, other in itertools.combinations(list(cells)[1:], 2)
        if one[0] != other[0] and (cells[one] * cells[other]).any()
    }
    found = []
    for theme in codes.themes:
        mine = [one.code for one in codes.codes.values() if one.theme == theme]
        sets = np.array(list(itertools.product([0, 1], repeat=len(mine))), dtype=float)
        has = {("theme", theme): sets.max(axis=1), **{("code", c): sets[:, n] for n, c in enumerate(mine)}}
        rows = {(row["kind"], row["code"], row["by"], row["group"]): row["people"] for row in shown.to_dict("records")}
        told = {(item, cell): rows[*item, *cell] for item in has for cell in cells if pd.notna(rows[*item, *cell])}
        sums = [*(np.outer(np.eye(len(sizes))[n], np.ones(len(sets))).ravel() for n in range(len(sizes)))]
        sums += [np.outer(cells[cell], has[item]).ravel() for item, cell in told]
        known = [*sizes, *map(float, told.values())]
        parts = dict(has)
        if len(mine) > 1:
            parts |= {("theme without", c): has["theme", theme] - has["code", c] for c in mine}
            parts |= {
                ("both", *two): has["code", two[0]] * has["code", two[1]] for two in itertools.combinations(mine, 2)
            }
            parts |= {("every", theme): sets.min(axis=1)}
        asked_for = {
            (part, cell): (cells[cell], parts[part]) for part in parts for cell in cells if (part, cell) not in told
        }
        asked_for |= {(item, cross): (crosses[cross], has[item]) for item in has for cross in crosses}
        wanted = np.array([np.outer(*one).ravel() for one in asked_for.values()])
        low, high = np.full(len(wanted), np.inf), np.full(len(wanted), -np.inf)
        for place, sign in itertools.product(range(len(wanted)), (-1, 1)):
            if high[place] - low[place] < 0.5 or high[place] < 4.5:  # one solution shows often that others are open
                best = linprog(sign * wanted[place], A_eq=sums, b_eq=known)
                low, high = np.minimum(low, wanted @ best.x), np.maximum(high, wanted @ best.x)
        for (part, cell), least, most in zip(asked_for, low, high, strict=True):
            of = asked_for[part, cell][0] @ sizes
            narrow = part not in has and cell == ("all", "all") and most < 4.5 and (("theme", theme), cell) in told
            if narrow or (most - least < 0.5 and min(least, of - most) < 4.5):
                found.append((part, cell, round(least), round(most)))
    return found


@cache
def shown_matrix(seed):
    asked, codes, marks = random_study(seed)
    table, _ = matrix.summarise(marks, asked, codes)
    return asked, codes, tables.present(table, MATRIX, INTERNAL)


@pytest.mark.parametrize("seed", [14, 18, 25, 33])
def test_nothing_of_few_people_follows_from_groups_and_themes(seed):
    asked, codes, shown = shown_matrix(seed)
    assert shown["people"].isna().any() and shown["people"].notna().any()
    assert attacked(asked, shown, codes) == []


@pytest.mark.parametrize("step", ["_close_line", "_close_family", "_close_crossing"])
def test_attack_of_the_tests_finds_what_follows(step, monkeypatch):
    monkeypatch.setattr(matrix, step, lambda *_: None)
    found = []
    for seed in LEAKY[step]:
        asked, codes, marks = random_study(seed)
        found += attacked(asked, matrix.summarise(marks, asked, codes)[0], codes)
    assert found


@pytest.mark.parametrize("seed", [18, 25])
def test_groups_add_up_to_their_total_and_totals_are_the_same_everywhere(seed):
    asked, codes, marks = random_study(seed)
    table, _ = matrix.summarise(marks, asked, codes, fewest=1)
    counts = ["people", "of_people"]
    for _key, here in table.groupby(["kind", "code"]):
        assert here[here["group"] == "all"][counts].drop_duplicates().shape[0] == 1
    parts = table[(table["group"] != "all") & (table["by"] != "all")]
    sums = parts.groupby(["kind", "code", "by"])[counts].sum()
    totals = table[table["group"] == "all"].set_index(["kind", "code", "by"])[counts]
    pd.testing.assert_frame_equal(sums, totals.loc[sums.index])
    _asked, _codes, shown = shown_matrix(seed)
    # Where a total is withheld it is withheld in every dimension, else one would give it away; and so are its groups.
    assert (shown[shown["group"] == "all"].groupby(["kind", "code"])["people"].nunique(dropna=False) == 1).all()
    gone = shown[(shown["by"] == "all") & shown["people"].isna()]
    assert shown[shown["code"].isin(set(gone["code"]))]["people"].isna().all()
    # No group is so small that its size would be withheld: sizes need no protection by others.
    assert shown["of_people"].notna().all() and (shown["of_people"] >= 10).all()
    # What the function withholds, the contract of the table withholds no more.
    pd.testing.assert_series_equal(
        shown["people"], matrix.summarise(marks, asked, codes)[0]["people"], check_dtype=False, check_names=False
    )


# Codes together


def test_pairs_by_hand():
    asked = held(I1="p", I2="q", I3="q")
    lines = sentences(asked["interview"], 10)
    marks = coded(
        ("I1", 1, "A_ONE"), ("I1", 1, "B_ONE"), ("I1", 5, "A_ONE"), ("I1", 7, "B_ONE"),
        ("I2", 10, "A_ONE"), ("I3", 1, "B_ONE"),  # next to each other in the table, and of different interviews
    )  # fmt: skip
    found = matrix.measure_pairs(marks, lines, asked, BOOK)
    assert list(found.columns) == matrix.MEASURED_COLUMNS
    counts = ["people", "alone_1", "alone_2", "both", "first", "second"]
    by = found[found["kind"] == "code"].set_index("unit")[["code_1", "code_2", *counts, "wider"]]
    assert by.loc["sentence"].tolist()[:-1] == ["A_ONE", "B_ONE", 1, 2, 2, 1, 3, 3]
    assert by.loc["within 2 sentences"].tolist() == ["A_ONE", "B_ONE", 1, 1, 1, 2, 3, 3, 1]
    assert by.loc["person"].tolist()[:-1] == ["A_ONE", "B_ONE", 2, 0, 0, 2, 2, 2]
    row = found[(found["kind"] == "code") & (found["unit"] == "sentence")].iloc[0]
    assert (row["c"], row["overlap"]) == pytest.approx((1 / 5, 1 / 3))
    assert row["c"] == measured.c_coefficient(3, 3, 1).estimate
    # Moved along the ten sentences of the first interview, the two meet once, twice or not at all.
    meet = [len({1, 5} & {(one + by - 1) % 10 + 1 for one in (1, 7)}) for by in range(10)]
    assert row["p"] == pytest.approx(min(1, 2 * np.mean(np.array(meet) >= 1)))
    themes = found[(found["kind"] == "theme") & (found["unit"] == "sentence")]
    assert themes[["code_1", "code_2", "both"]].to_numpy().tolist() == [["A", "B", 1]]
    listed = matrix.cooccurrences(marks, lines, asked, BOOK, fewest=1)
    assert list(listed.columns) == matrix.PAIR_COLUMNS == list(PAIRS.columns)
    assert listed["code_1"].value_counts().to_dict() == {"all": 6, "A_ONE": 3, "A": 3}


def test_tests_of_persons_are_those_of_fisher_within_cohorts():
    rng = np.random.default_rng(5)
    asked = crowd(40, cohort=["a"] * 22 + ["b"] * 18)
    base = np.where(asked["cohort"] == "a", 0.85, 0.15)[:, None]
    present = pd.DataFrame(rng.random((40, 3)) < base, columns=list(BOOK.codes))
    marks = coded(*((f"I{n:02}", 1, code) for n in range(40) for code in present if present.loc[n, code]))
    found = matrix.measure_pairs(marks, sentences(asked["interview"], 1), asked, BOOK)
    found = found[(found["kind"] == "code") & (found["unit"] == "person")]
    for row in found.to_dict("records"):
        one, other, exact = present[row["code_1"]], present[row["code_2"]], np.ones(1)
        for cohort in "ab":
            inside = (asked["cohort"] == cohort).to_numpy()
            a, b, n = one[inside].sum(), other[inside].sum(), inside.sum()
            exact = np.convolve(exact, stats.hypergeom(n, a, b).pmf(np.arange(n + 1)))
        both = int((one & other).sum())
        assert row["both"] == both
        assert row["p"] == pytest.approx(min(1, 2 * min(exact[: both + 1].sum(), exact[both:].sum())))
    # Without cohorts the codes seem to belong together.
    pooled = matrix.measure_pairs(marks, sentences(asked["interview"], 1), asked.assign(cohort="x"), BOOK)
    pooled = pooled[(pooled["kind"] == "code") & (pooled["unit"] == "person")]
    assert (pooled["p"] < 0.05).all() and (found["p"] > 0.1).all()


def test_pairs_that_cannot_be_significant_are_not_tested():
    asked = crowd(20)
    marks = [
        (f"I{n:02}", 1, code) for code, people in (("A_ONE", 20), ("B_ONE", 12), ("A_TWO", 10)) for n in range(people)
    ]
    found = matrix.measure_pairs(coded(*marks), sentences(asked["interview"], 1), asked, BOOK)
    by = found[(found["kind"] == "code") & (found["unit"] == "person")].set_index(["code_1", "code_2"])
    assert by["p_adjusted"].isna().to_dict() == {("A_ONE", "A_TWO"): True, ("A_ONE", "B_ONE"): True, ("A_TWO", "B_ONE"): False}  # fmt: skip
    row = by.loc[("A_TWO", "B_ONE")]
    assert row["p"] == row["p_adjusted"] < 0.05 and row["verdict"] == "more often"
    assert row["p_method"].endswith("Benjamini-Hochberg over 1 pairs that can be under 0.05")
    assert by["note"].iloc[0] == "not tested: it could not be significant"


def test_code_in_a_sentence_that_is_not_there():
    with pytest.raises(ValueError, match="not among the sentences"):
        matrix.cooccurrences(
            coded(("I00", 9, "A_ONE"), ("I00", 1, "B_ONE")), sentences(["I00"], 2), crowd(1), BOOK, fewest=1
        )


def test_nothing_of_nothing():
    for people in (0, 3):
        asked = crowd(people)
        found = matrix.cooccurrences(coded(), sentences(asked["interview"], 2), asked, BOOK)
        assert set(found["code_1"]) == {"all"} and set(found["compared"]) == {0} and len(found) == 6
        tables.present(found, PAIRS, INTERNAL)
        assert matrix.measure_pairs(coded(), sentences(asked["interview"], 2), asked, BOOK).empty


def meetings(*counts, people=40, near=0):
    """Return talks in which the first people say both codes at once, the next the first alone, the next the second."""
    both, first, second = counts
    marks = []
    for n in range(both):
        marks += [(f"I{n:02}", 5, "A_ONE"), (f"I{n:02}", 5 + near, "B_ONE")]
    marks += [(f"I{n:02}", 2, "A_ONE") for n in range(both, both + first)]
    marks += [(f"I{n:02}", 2, "B_ONE") for n in range(both + first, both + first + second)]
    asked = crowd(people)
    return matrix.cooccurrences(coded(*marks), sentences(asked["interview"], 30), asked, book("A_ONE", "B_ONE"))


def listed_units(found):
    return found.loc[(found["kind"] == "code") & (found["code_1"] != "all"), "unit"].tolist()


def test_pairs_are_listed_where_every_part_is_of_enough_people():
    found = meetings(8, 6, 6)
    assert listed_units(found) == ["sentence"]  # nobody has the two near each other and not in the same sentence
    row = found[(found["unit"] == "sentence") & (found["code_1"] == "A_ONE")].iloc[0]
    assert (row["verdict"], row["c"], row["overlap"]) == ("more often", 0.4, 0.57) and row["p_adjusted"] == 0
    assert set(found.loc[found["code_1"] == "all", "compared"]) == {1}
    assert listed_units(meetings(8, 6, 6, near=1)) == ["within 2 sentences"]
    assert listed_units(meetings(4, 8, 8)) == []  # few have both
    assert listed_units(meetings(8, 4, 6)) == []  # few have the one without the other
    assert listed_units(meetings(5, 5, 4)) == []
    assert listed_units(meetings(30, 5, 5, people=60)) == ["sentence", "person"]
    assert listed_units(meetings(30, 5, 5, people=39)) == []  # few are without the first code: it is withheld
    # Nine people say both, and each also alone: at most four have the one and not the other, if five have both.
    for people, expected in ((9, []), (10, ["sentence"])):
        said = [
            (f"I{n:02}", at, code)
            for n in range(people)
            for at, code in ((5, "A_ONE"), (5, "B_ONE"), (1, "A_ONE"), (9, "B_ONE"))
        ]
        lines = sentences(crowd(40)["interview"], 30)
        assert listed_units(matrix.cooccurrences(coded(*said), lines, crowd(40), book("A_ONE", "B_ONE"))) == expected
    # No number of people, and none of sentences, can be told from the table: themes less codes would tell of few.
    assert not {"people", "both", "first", "second", "sentences"} & set(found.columns)


@cache
def large_study(seed):
    """Return talks of 60 people in which several codes attract or avoid each other, and what is shown of them."""
    rng = np.random.default_rng(seed)
    asked = crowd(60, country=rng.choice(["AT", "BE"], 60), cohort=rng.choice(["a", "b"], 60))
    names = book("A_1", "A_2", "B_1", "B_2", "C_1", "C_2")
    hidden = rng.normal(size=(60, 2))
    pull = np.array([[1, 0], [0, 1], [1, 0], [-1, 0.5], [0, -1], [1, 1]]) * 1.6
    speaks = rng.random((60, 6)) < special.expit(hidden @ pull.T + rng.normal(0, 0.3, 6))
    marks = [(f"I{n:02}", int(rng.integers(1, 9)), f"{'AABBCC'[k]}_{1 + k % 2}") for n, k in np.argwhere(speaks)]
    marks += [(f"I{n:02}", 9, code) for n in range(60) if speaks[n, 0] and speaks[n, 2] for code in ("A_1", "B_1")]
    marks, lines = coded(*marks), sentences(asked["interview"], 9)
    shown = tables.present(matrix.summarise(marks, asked, names)[0], MATRIX, INTERNAL)
    pairs = tables.present(matrix.cooccurrences(marks, lines, asked, names), PAIRS, INTERNAL)
    return asked, names, marks, lines, shown, pairs


def ranges_of(asked, shown, pairs, full):
    """Return between which numbers of people with both a pair is known to be, from lists and verdicts."""
    told = {}
    for row in pairs[pairs["code_1"] != "all"].to_dict("records"):
        key = (row["kind"], row["code_1"]), (row["kind"], row["code_2"])
        low, high = told.get(key, (0, len(asked)))
        if row["unit"] != "person":
            told[key] = max(low, 5), high
            continue
        # The reader is given the people of every cohort and all other p-values, which say below what a p-value counts.
        here = full[(full["unit"] == "person") & (full["kind"] == row["kind"])]
        one = here[(here["code_1"] == row["code_1"]) & (here["code_2"] == row["code_2"])].iloc[0]
        tested = here[here["p_adjusted"].notna()]
        limit, exact, cohorts = 0.05 * (tested["p_adjusted"] <= 0.05).mean(), np.ones(1), one["strata"]
        for n, a, b in cohorts:
            exact = np.convolve(exact, stats.hypergeom(n, a, b).pmf(np.arange(n + 1)))
        p = np.minimum(2 * np.minimum(np.cumsum(exact), np.cumsum(exact[::-1])[::-1]), 1)
        able = np.flatnonzero((exact > 1e-15) & (p <= limit * (1 + 1e-9)))
        mean = exact @ np.arange(len(exact))
        able = able[able > mean] if row["verdict"] == "more often" else able[able < mean]
        told[key] = max(low, able.min()), min(high, able.max())
    return told


def strata_of(asked, marks, codes, kind, one, other):
    theme = {c.code: c.theme for c in codes.codes.values()}
    said = marks.assign(item=marks["code"].map(theme) if kind == "theme" else marks["code"])
    has = {item: asked["interview"].isin(set(said.loc[said["item"] == item, "interview"])) for item in (one, other)}
    return [
        (int(inside.sum()), int((has[one] & inside).sum()), int((has[other] & inside).sum()))
        for inside in (asked["cohort"] == cohort for cohort in sorted(set(asked["cohort"])))
    ]


@pytest.mark.parametrize("seed", [2, 4, 11])
def test_no_cell_of_few_people_follows_from_pairs_and_matrix(seed):
    asked, codes, marks, lines, shown, pairs = large_study(seed)
    full = matrix.measure_pairs(marks, lines, asked, codes)
    seen = shown[(shown["by"] == "all") & shown["people"].notna()]
    people = {(row["kind"], row["code"]): int(row["people"]) for row in seen.to_dict("records")}
    known = [
        set(people) >= {(row["kind"], row["code_1"]), (row["kind"], row["code_2"])} for row in full.to_dict("records")
    ]
    full = full[known]
    full["strata"] = [
        strata_of(asked, marks, codes, row["kind"], row["code_1"], row["code_2"]) for row in full.to_dict("records")
    ]
    told = ranges_of(asked, shown, pairs, full)
    assert any(unit == "person" for unit in pairs.loc[pairs["code_1"] != "all", "unit"])
    theme_of = {("code", c.code): ("theme", c.theme) for c in codes.codes.values()}
    touched = {item for key in told for item in key}
    items = sorted(touched | {theme_of[item] for item in touched if item in theme_of and theme_of[item] in people})
    patterns = np.array(list(itertools.product([0, 1], repeat=len(items))))
    place = {item: n for n, item in enumerate(items)}
    for item in items:  # whoever speaks of a code speaks of its theme
        if theme_of.get(item) in place:
            patterns = patterns[patterns[:, place[item]] <= patterns[:, place[theme_of[item]]]]
    sums = [np.ones(len(patterns)), *(patterns[:, place[item]] for item in items)]
    counts = [len(asked), *(people[item] for item in items)]
    above = [-patterns[:, place[a]] * patterns[:, place[b]] for a, b in told]
    below = [patterns[:, place[a]] * patterns[:, place[b]] for a, b in told]
    ends = [*(-low for low, _ in told.values()), *(high for _, high in told.values())]
    cells = []
    for some in itertools.combinations(range(len(items)), 3):
        for cell in np.unique(patterns[:, some], axis=0):
            cells.append((patterns[:, some] == cell).all(axis=1).astype(float))
    cells, most = np.array(cells), np.zeros(len(cells))
    for place, cell in enumerate(cells):
        if most[place] < 4.5:  # one solution shows often that others are open as well
            best = linprog(-cell, A_eq=sums, b_eq=counts, A_ub=[*above, *below], b_ub=ends)
            most = np.maximum(most, cells @ best.x)
    assert most.min() > 4.5


def test_rings_of_verdicts_are_not_closed():
    for seed in (2, 4, 11):
        pairs = large_study(seed)[-1]
        here = pairs[(pairs["unit"] == "person") & (pairs["code_1"] != "all")]
        assert set(here["verdict"]) <= {"more often", "less often"} and here[["c", "overlap", "p_adjusted"]].isna().all(axis=None)  # fmt: skip
        edges = {frozenset(edge) for edge in zip(here["code_1"], here["code_2"], strict=True)}
        edges |= {frozenset((code, code[0])) for edge in edges for code in edge if "_" in code}
        nodes = {node for edge in edges for node in edge}
        parts = {node: {node} for node in nodes}
        for edge in edges:  # a forest has as many edges as nodes, less one for each tree
            one, other = edge
            assert parts[one] is not parts[other]
            parts[one] |= parts[other]
            for node in parts[other]:
                parts[node] = parts[one]


# Saturation


def presence(*rows):
    """Return presence from words: each interview is the letters of its codes."""
    letters = sorted(set("".join(rows)))
    return np.array([[letter in row for letter in letters] for row in rows])


def test_new_codes_by_hand():
    assert saturation.new_codes(presence("ab", "ab", "bc", "", "ad")).tolist() == [[2, 0, 1, 0, 1]]
    backwards = np.array([[4, 3, 2, 1, 0]])
    assert saturation.new_codes(presence("ab", "ab", "bc", "", "ad"), backwards).tolist() == [[2, 0, 2, 0, 0]]


@repeated
@given(hnp.arrays(bool, st.tuples(st.integers(1, 8), st.integers(1, 6))), st.integers(0, 99))
def test_new_codes_in_any_order(present, seed):
    orders = saturation.random_orders(len(present), 5, np.random.default_rng(seed))
    assert (np.sort(orders, axis=1) == np.arange(len(present))).all()
    for places, counts in zip(orders, saturation.new_codes(present, orders), strict=True):
        seen = set()
        for place, count in enumerate(counts):
            here = set(np.flatnonzero(present[np.flatnonzero(places == place)[0]]))
            assert count == len(here - seen)
            seen |= here


# 37 codes in four interviews; then runs of two bring 7/37 = 19 %, 3/37 = 8 % and 1/37 = 3 %.
NEW = np.array([[16, 9, 7, 5, 4, 3, 0, 1, 0, 0, 0]])


def test_saturation_is_judged_run_by_run():
    shares = saturation.new_information(NEW, 4, 2)[0]
    assert shares == pytest.approx(np.array([7, 3, 1, 1, 0, 0]) / 37)
    assert saturation.reached(NEW, 4, 2, 0.05)[0] == 6  # reported as 6+2
    assert saturation.reached(NEW, 4, 2, 0.0)[0] == 8
    assert saturation.reached(NEW, 4, 3, 0.05)[0] == 6
    assert saturation.reached(NEW, 4, 2, 0.2)[0] == 4
    # The base is the divisor: 47 codes in six interviews make the same run smaller.
    assert saturation.new_information(NEW, 6, 2)[0, 0] == pytest.approx(1 / 44)
    assert np.isnan(saturation.reached(NEW[:, :7], 4, 2, 0.05)[0])
    assert np.isnan(saturation.reached(NEW[:, :5], 4, 2, 0.05)[0])


def test_share_of_exactly_the_threshold_is_saturation():
    assert saturation.reached(np.array([[20, 0, 0, 0, 1, 0]]), 4, 2, 0.05)[0] == 4
    assert np.isnan(saturation.reached(np.array([[0, 0, 0, 0, 1, 0]]), 4, 2, 0.05)[0])


def test_base_of_nothing_is_misuse():
    with pytest.raises(ValueError):
        saturation.new_information(NEW, 0, 2)


@repeated
@given(
    hnp.arrays(int, st.tuples(st.integers(1, 3), st.integers(4, 12)), elements=st.integers(0, 5)),
    st.integers(1, 4), st.integers(1, 3), st.sampled_from([0, 0.05, 0.3]),
)  # fmt: skip
def test_reached_is_the_first_run_within_the_threshold(new, base, run, threshold):
    for row, at in zip(new, saturation.reached(new, base, run, threshold), strict=True):
        of = row[:base].sum()
        ends = [s for s in range(base, len(row) - run + 1) if of and row[s : s + run].sum() <= threshold * of + 1e-9]
        assert (at == ends[0]) if ends else np.isnan(at)


def of_presence(present, **columns):
    codes = [f"A_{n}" for n in range(present.shape[1])]
    marks = coded(*((f"I{i:02}", 1, codes[c]) for i, c in zip(*np.nonzero(present), strict=True)))
    about = {"order": range(len(present)), "order_by": "held", **columns}
    return marks, crowd(len(present), **about), book(*codes)


def published(marks, asked, codes, **more):
    """Return rules and curve as the internal tier shows them."""
    rules, curve = saturation.saturate(marks, asked, codes, **more)
    assert list(rules.columns) == saturation.RULE_COLUMNS and list(curve.columns) == saturation.CURVE_COLUMNS
    paths = ("internal/themes/saturation.csv", "internal/themes/saturation_curve.csv")
    return [
        tables.present(one, tables.CONTRACTS[path], INTERNAL) for one, path in zip((rules, curve), paths, strict=True)
    ]


def usual(rules, cohort="all"):
    return rules.set_index(["cohort", "base", "run", "threshold"]).loc[(cohort, *saturation.USUAL)]


MANY_CODES = "abcdefghijklmnopqrstuvwxyz"

#: What is told of the order held; everything else is of random orders.
OF_ORDER = ["held", "reported", "needed"]


def test_curve_of_random_orders_is_the_rarefaction_curve():
    present = np.random.default_rng(2).random((24, 30)) < 0.15
    orders = saturation.random_orders(24, 4000, np.random.default_rng(1))
    found = saturation.new_codes(present, orders).cumsum(axis=1)
    times = present.sum(axis=0)
    exact = np.array([(1 - special.comb(24 - times, n) / special.comb(24, n)).sum() for n in range(1, 25)])
    assert found.mean(axis=0) == pytest.approx(exact, abs=0.1)
    _, curve = published(*of_presence(present))
    told = exact[curve["interviews"].to_numpy(int) - 1] * 100 / exact[-1]
    assert np.abs(curve["median_percent"].to_numpy(float) - told).max() <= 3  # a code is 3 %
    assert (curve["low_percent"] <= curve["median_percent"]).all()
    assert (curve["median_percent"] <= curve["high_percent"]).all()


def test_curve_is_told_where_enough_people_are_in_and_left_out():
    present = np.random.default_rng(0).random((24, 30)) < 0.3
    _, curve = published(*of_presence(present), orders=50)
    assert curve["interviews"].tolist() == list(range(5, 20))
    # Three people with two interviews each: eight interviews can be of fewer than five people.
    twice = [f"p{n:02}" for n in (0, 0, 1, 1, 2, 2, *range(3, 21))]
    _, curve = published(*of_presence(present, person=twice), orders=50)
    assert curve["interviews"].tolist() == list(range(8, 17))
    assert published(*of_presence(present[:9]), orders=50)[1].empty
    assert published(*of_presence(present[:10]), orders=50)[1]["interviews"].tolist() == [5]
    assert published(*of_presence(np.zeros((12, 3), dtype=bool)))[1].empty


@pytest.mark.parametrize(("people", "wide"), [(19, False), (20, True)])
def test_of_few_people_the_median_alone_is_told(people, wide):
    present = np.random.default_rng(0).random((people, 40)) < 0.4
    rules, curve = published(*of_presence(present), orders=50)
    assert curve["median_percent"].notna().all() and usual(rules)["median"] > 0
    for told in (curve["low_percent"], curve["high_percent"], rules["low"], rules["orders_percent"]):
        assert told.notna().all() == told.notna().any() == wide
    assert set(rules["note"]) == set(curve["note"]) == {"" if wide else "median only: fewer than 20 people"}


def test_percent_of_orders_is_exact_but_for_its_error_and_no_end():
    # Two codes of one person each: the runs of eight behind four, all of which one of the two must be in.
    present = presence(*["a"] * 18, "b", "c")
    kept = [any(not {x, y} & set(range(s, s + 8)) for s in range(4, 13)) for x, y in itertools.combinations(range(20), 2)]  # fmt: skip
    rules, _ = published(*of_presence(present), bases=(4,), runs=(8,), thresholds=(0.0,))
    assert rules["orders_percent"].iloc[0] == pytest.approx(100 * np.mean(kept), abs=1.5)
    assert rules["method"].iloc[0].endswith("10,000 random orders, seed 1, a percent of them within 1 point in 95 of 100 cases")  # fmt: skip
    # All or none would tell of everybody.
    alone = np.eye(24, dtype=bool)
    assert set(published(*of_presence(alone), orders=50)[0]["orders_percent"]) == {5}
    assert set(published(*of_presence(presence(*["abc"] * 24)), orders=50)[0]["orders_percent"]) == {95}


@pytest.mark.parametrize("seed", range(2))
def test_order_held_is_in_one_number(seed):
    rng = np.random.default_rng(seed)
    present = rng.random((14, 40)) < rng.random(40) * 0.6
    seen = {}
    for _ in range(12):
        rules, curve = published(*of_presence(present, order=rng.permutation(14)), orders=60)
        others = rules[rules["rule"] != usual(rules)["rule"]]
        assert set(others["held"]) <= {"not told", ""} and others["needed"].isna().all()
        same = rules.drop(columns=OF_ORDER).to_csv() + curve.to_csv()
        assert seen.setdefault("", same) == same
        told = usual(rules)
        seen.setdefault(str(told["needed"]), rules.to_csv())
        assert seen[str(told["needed"])] == rules.to_csv()


def test_attacker_who_knows_the_order_cannot_compute_what_an_interview_brought():
    """Of the orders in which the same is told, each place has several values of new codes, and none of them is sure."""
    rng = np.random.default_rng(0)
    present = rng.random((16, 60)) < rng.random(60) * 0.5
    marks, asked, codes = of_presence(present)

    def told(order):
        rules, _ = saturation.saturate(marks, asked.assign(order=order), codes, orders=3)
        return rules[OF_ORDER].to_csv()

    orders = [np.arange(16), *(rng.permutation(16) for _ in range(80))]
    first = told(orders[0])
    alike = np.array([order for order in orders if told(order) == first])
    possible = [set(new) for new in saturation.new_codes(present, alike).T]
    assert "reached" in first and len(alike) >= 8
    assert all(len(values) >= 2 for values in possible[:-1])


def test_order_held_is_not_told_where_a_run_within_the_threshold_brings_none():
    few = np.random.default_rng(0).random((16, 12)) < 0.5
    row = usual(published(*of_presence(few), orders=50)[0])
    assert row["held"] == "not told" and pd.isna(row["needed"]) and row["median"] > 0
    # It does not depend on the interviews that are first: these have many codes.
    rich = presence(MANY_CODES, MANY_CODES, *["a"] * 14)
    assert usual(published(*of_presence(rich), orders=50)[0])["held"] == "not told"


def test_interviews_stand_in_the_order_held():
    present = presence(MANY_CODES, MANY_CODES, *["a"] * 8, "a" + MANY_CODES.upper(), *["a"] * 3)
    row = usual(published(*of_presence(present), orders=50)[0])
    assert (row["held"], row["reported"], row["needed"]) == ("reached", "4+2", 6)
    # From the end on, everything is found by the fourth but what the first two bring, at the very last.
    late = of_presence(present, order=range(14, 0, -1))
    assert usual(published(*late, orders=50)[0])["needed"] == 6
    steps = saturation.step_by_step(*late)
    assert steps["new"].tolist() == [1, 0, 0, 26, *[0] * 8, 25, 0] and set(steps["order_by"]) == {"held"}
    assert steps["interview"].iloc[0] == "I13" and list(steps.columns) == saturation.STEP_COLUMNS
    # A base without a code has no run to compare with: nothing is said of these few people.
    empty = presence(*[""] * 4, *[MANY_CODES] * 8)
    assert usual(published(*of_presence(empty), orders=50)[0])["held"] == "not reached"


@pytest.mark.parametrize("order_by", ["id", None])
def test_without_the_days_random_orders_alone_are_judged(order_by):
    present = np.random.default_rng(0).random((16, 60)) < 0.4
    columns = {"order_by": order_by} if order_by else {"order_by": ["held"] * 15 + ["id"]}
    given_ = of_presence(present, order=range(16, 0, -1), **columns)
    rules, curve = published(*given_, orders=50)
    assert set(rules["held"]) == {"not known"} and set(rules["order_by"]) == {"id"} and len(curve)
    assert rules["needed"].isna().all() and set(rules["reported"]) == {""} and usual(rules)["median"] > 0
    steps = saturation.step_by_step(*given_)
    assert steps["interview"].iloc[0] == "I00" and set(steps["order_by"]) == {"id"}
    assert saturation.in_order(given_[1].drop(columns=["order", "order_by"]))[1] == "id"


def test_rules_that_cannot_be_judged_say_why():
    rules, _ = published(*of_presence(presence(*[MANY_CODES] * 8)), orders=10)
    by = rules.set_index(["base", "run", "threshold"])
    assert by.loc[(4, 2, 5.0), ["reported", "needed", "median"]].tolist() == ["4+2", 6, 6]  # the run counted in both
    assert by.loc[(4, 3, 5.0), "note"] == "undefined: fewer than 10 interviews"
    assert by.loc[(5, 2, 5.0), "note"] == "undefined: fewer than 9 interviews" and by.loc[(5, 2, 5.0), "held"] == ""
    assert by.loc[(5, 2, 5.0), ["needed", "median"]].isna().all()
    rules, _ = published(*of_presence(np.zeros((12, 3), dtype=bool)), orders=10)
    assert set(rules["note"]) == {"undefined: no code comes up"}
    row = usual(published(*of_presence(np.eye(10, 30, dtype=bool).repeat(3, axis=1)), orders=10)[0])
    assert pd.isna(row["median"])
    rules, curve = published(coded(), crowd(0), BOOK)
    assert rules.empty and curve.empty
    rules, _ = published(*of_presence(presence(*[MANY_CODES] * 8), person=["p", "q"] * 4), orders=10)
    assert rules["note"].str.startswith("withheld").all() and set(rules["held"]) == {""}
    assert rules["needed"].isna().all() and rules["median"].isna().all()


def test_small_cohorts_have_no_rule_of_their_own():
    present = np.random.default_rng(0).random((24, 8)) < 0.4
    marks, asked, codes = of_presence(present)
    rules, curve = published(marks, asked.assign(cohort=["a"] * 12 + ["b"] * 10 + ["c"] * 2), codes, orders=10)
    # With those of b alone, those of c would have as many interviews as the rest.
    assert set(rules["cohort"]) == {"all", "a", "b + c"}
    assert curve.groupby("cohort").size().to_dict() == {"a": 3, "all": 15, "b + c": 3}
    asked = asked.assign(cohort=["a"] * 21 + ["b"] * 3)
    assert set(published(marks, asked, codes, orders=10)[0]["cohort"]) == {"all"}
    assert set(saturation.step_by_step(marks, asked, codes)["cohort"]) == {"all", "a", "b"}


def saturation_told(folder, given_, source="people", **changed):
    """Return what the report says of saturation, with the usual rule changed."""
    rules, _ = published(*given_, orders=50)
    row = (rules["cohort"] == "all") & (rules["rule"] == usual(rules)["rule"])
    for name, value in changed.items():
        rules.loc[row, name] = value
    names = ("themes/saturation.csv", "themes/basis.csv", "figures/alt.csv")
    for name in names:
        path = folder / "tables/results/internal" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    facts = {"tier": "internal", "engine": "builtin", "study": {}, "parts": [], "tiers": {}}
    (folder / "report.json").write_text(json.dumps(facts), encoding="utf-8")
    page = Page(folder)
    alt = pd.DataFrame({"figure": ["saturation"], "alt": ["Words."]})
    page._tables = dict(zip(names, (rules, pd.DataFrame({"source": [source]}), alt), strict=True))
    return told(page, themes_prose.saturation)


def test_report_says_how_soon_the_codebook_was_covered(tmp_path):
    given_ = of_presence(presence(*[MANY_CODES] * 12))
    rule = "With a base of 4 interviews, runs of 2 and at most 5 % new codes, saturation"
    words = saturation_told(tmp_path, given_)
    assert f"{rule} takes 6 interviews in the order held, and it takes 6 interviews at the median of random orders, the run counted.\n" in words  # fmt: skip
    assert "The codebook was made beforehand" in words and "dictionary" not in words
    assert "it finds only what it has a cue for" in saturation_told(tmp_path, given_, source="dictionary")
    words = saturation_told(tmp_path, given_, held="not reached", needed=None)
    assert f"{rule} is not reached in the order held, and it takes 6 interviews at the median" in words
    words = saturation_told(tmp_path, given_, held="not reached", needed=None, median=None)
    assert f"{rule} is not reached in the order held, and it is not reached in most random orders.\n" in words
    words = saturation_told(tmp_path, given_, held="not known", needed=None)
    assert f"{rule} takes 6 interviews at the median of random orders, the run counted. The order held is not judged" in words  # fmt: skip
    assert "The order held is not told" in saturation_told(tmp_path, given_, held="not told", needed=None)


def test_rule_that_is_undefined_or_withheld_is_not_said_to_be_missed(tmp_path):
    words = saturation_told(tmp_path, of_presence(presence(*[MANY_CODES] * 7)))
    assert "saturation is not judged: fewer than 8 interviews." in words and "not reached" not in words
    words = saturation_told(tmp_path, of_presence(presence(*[MANY_CODES] * 12), person=["p", "q"] * 6))
    assert "saturation is withheld: too few people were interviewed." in words and "not reached" not in words


def test_curve_of_saturation_is_hatched_where_nothing_is_told():
    ink.set_style()

    def drawn(present, **columns):
        rules, curve = published(*of_presence(present, **columns), orders=50)
        fig, alt = theme_figures.draw_saturation(
            {"themes/saturation.csv": rules, "themes/saturation_curve.csv": curve}, LABELS
        )
        legend = {text.get_text() for one in fig.legends for text in one.get_texts()}
        return fig, alt, legend

    fig, alt, legend = drawn(presence(*[MANY_CODES] * 12))
    ax = fig.axes[0]
    hatched = [(one.get_x(), one.get_x() + one.get_width()) for one in ax.patches if one.get_hatch()]
    assert hatched == [(0.5, 4.5), (7.5, 12.5)] and ax.lines[0].get_xdata().tolist() == [5, 6, 7]
    (run,) = [(one.get_x(), one.get_width()) for one in ax.patches if not one.get_hatch()]
    assert run == (4.5, 2) and "5 % to 95 %" not in legend
    assert alt == (
        "Percent of the codes of all interviews that come up in so many, in random orders. all participants: 100 % in "
        "5 interviews, 100 % in 7 of 12, saturation: 6 (4+2) in the order held, 6 in random orders."
    )
    no_word_is_cut(fig, alt)
    fig, alt, legend = drawn(presence(*[MANY_CODES] * 24), order_by="id")
    assert not any("order held" in one for one in (alt, *legend)) and "5 % to 95 %" in legend
    assert all(one.get_hatch() for one in fig.axes[0].patches)
    no_word_is_cut(fig, alt)
    fig, alt, _legend = drawn(presence(*[MANY_CODES] * 9))
    assert alt == "There are too few interviews for a curve of saturation."
    plt.close(fig)


@repeated
@given(hnp.arrays(bool, st.tuples(st.integers(1, 23), st.integers(1, 6))), st.integers(1, 6))
def test_codes_are_counted_once_by_their_people(present, fewest):
    table = saturation.frequencies(*of_presence(present), fewest=fewest)
    assert table["codes"].sum() == present.shape[1]
    assert table["people_from"].iloc[0] == 0 and table["people_to"].iloc[-1] == len(present)
    assert (table["people_from"].iloc[1:].to_numpy() == table["people_to"].iloc[:-1].to_numpy() + 1).all()
    assert (table["people_to"] - table["people_from"] + 1 >= min(fewest, len(present) + 1)).all()
    times = present.sum(axis=0)
    for one in table.to_dict("records"):
        assert one["codes"] == ((times >= one["people_from"]) & (times <= one["people_to"])).sum()


# Quotes

SAID = ("The first thing.", "Then the second one.", "And a third.", "Fourth it was.", "At last a fifth.")


def talk(interview, lines=SAID, **more):
    """Return a transcript of one question and one answer, and its sentences."""
    text = f"I: How was it?\nP: {' '.join(lines)}"
    rows = []
    for number, words in enumerate(lines, 1):
        start = text.index(words)
        rows.append({"interview": interview, "segment": number, "turn": 2, "start": start, "end": start + len(words)})
        rows[-1]["text"] = words
    return {"interview": interview, "language": "en", "text": text, "signed": "yes", "quotes": "yes", **more}, rows


class Talks:
    """Interviews of the same five sentences: what is approved, and what is told of it."""

    def __init__(self, count=8, cohorts="ab", persons=None, **states):
        names = [f"I{n}" for n in range(1, count + 1)]
        made = [talk(name, **states.get(name, {})) for name in names]
        self.texts = pd.DataFrame([text for text, _rows in made])
        self.segments = pd.DataFrame([row for _text, rows in made for row in rows])
        self.interviews = pd.DataFrame(
            {
                "interview": names,
                "person": persons or [f"p{n}" for n in range(count)],
                "cohort": [cohorts[n % len(cohorts)] for n in range(count)],
            }
        )
        self.codes = coded(*((name, n, "A_ONE") for name in names for n in range(1, 6)))

    def approve(self, *places):
        """Return approvals of sentences: (interview, segment)."""
        at = self.segments.set_index(["interview", "segment"])
        return pd.DataFrame(
            [
                {"interview": i, "start": at.loc[(i, n), "start"], "end": at.loc[(i, n), "end"]}
                | {"approved_by": "reader", "approved_on": "2025-12-20", "quote": at.loc[(i, n), "text"]}
                for i, n in places
            ],
            columns=["interview", "start", "end", "approved_by", "approved_on", "quote"],
        )

    def select(self, approved, **more):
        parts = {name: more.pop(name, getattr(self, name)) for name in ("texts", "codes", "segments", "interviews")}
        roles = quotes.role_labels(self.interviews, {"a": "peer supporter", "b": "manager"}, fewest=1)
        return quotes.select(
            approved, parts["texts"], parts["codes"], parts["segments"], parts["interviews"], BOOK, roles, **more
        )


def reasons(register):
    return dict(zip(register["interview"], register["reason"], strict=True))


def test_quotes_leave_with_theme_words_and_role_only():
    shown, register = Talks().select(Talks().approve(("I1", 2), ("I2", 4)))
    assert list(shown.columns) == ["theme", "name", "number", "quote", "role"]
    rows = {tuple(row) for row in shown[["theme", "name", "quote", "role"]].to_numpy().tolist()}
    assert rows == {("A", "Theme A", SAID[1], "peer supporter"), ("A", "Theme A", SAID[3], "manager")}
    assert sorted(shown["number"]) == [1, 2]
    assert list(register.columns) == quotes.REGISTER_COLUMNS
    assert register["used"].tolist() == ["yes", "yes"]


def test_every_hindrance_is_told():
    talks = Talks(8, I2={"signed": "outdated"}, I3={"quotes": "no"})
    approved = talks.approve(*((f"I{n}", 1) for n in range(1, 9)))
    approved.loc[3, "quote"] = "The first thinG."
    approved.loc[4, ["start", "end", "quote"]] = [3, 14, "How was it?"]  # the interviewer
    approved.loc[5, "approved_by"] = ""
    only = talks.interviews[talks.interviews["interview"] != "I7"]
    codes = talks.codes[talks.codes["interview"] != "I8"]
    shown, register = talks.select(approved, interviews=only, codes=codes)
    assert reasons(register) == {
        "I1": "",
        "I2": quotes.NOT_SIGNED,
        "I3": quotes.NOT_ALLOWED,
        "I4": quotes.NOT_THE_WORDS,
        "I5": quotes.NOT_SPEECH,
        "I6": quotes.NOT_APPROVED,
        "I7": quotes.NOT_HEARD,
        "I8": quotes.NOT_CODED,
    }
    assert shown["quote"].tolist() == [SAID[0]]
    # What may not be quoted is not written down once more.
    assert (register.loc[register["reason"] != "", "quote"] == "").all()


def test_words_outside_the_text_or_over_two_turns():
    talks = Talks(4)
    approved = talks.approve(("I1", 1), ("I2", 1), ("I3", 1), ("I4", 1)).drop(columns="quote")
    approved.loc[0, "end"] = 10_000
    approved.loc[1, "start"] = 5  # from the question into the answer
    approved.loc[2, "end"] = approved.loc[2, "start"]
    _shown, register = talks.select(approved)
    assert reasons(register) == {
        "I1": quotes.NOT_THE_WORDS,
        "I2": quotes.NOT_SPEECH,
        "I3": quotes.NOT_THE_WORDS,
        "I4": "",
    }


def test_at_most_three_of_a_person_in_however_many_interviews():
    talks = Talks(4, persons=["p", "p", "q", "r"])
    everything = talks.approve(*((f"I{n}", s) for n in range(1, 5) for s in range(1, 6)))
    shown, register = talks.select(everything, most_of_a_theme=99)
    used = register[register["used"] == "yes"]
    assert used["person"].value_counts().to_dict() == {"p": 3, "q": 3, "r": 3}
    assert len(shown) == 9
    assert set(register.loc[register["used"] == "no", "reason"]) == {quotes.ENOUGH_OF_PERSON}


def test_cohorts_take_turns_and_people_too():
    talks = Talks(6, cohorts="aab")
    everything = talks.approve(*((f"I{n}", s) for n in range(1, 7) for s in range(1, 6)))
    shown, register = talks.select(everything, most_of_a_theme=4)
    assert sorted(shown["role"]) == ["manager", "manager", "peer supporter", "peer supporter"]
    assert shown["role"].iloc[0] != shown["role"].iloc[1]
    assert register[register["used"] == "yes"]["person"].is_unique
    assert quotes.ENOUGH_OF_THEME in set(register["reason"])


def test_theme_of_two_people_is_not_quoted_from():
    talks = Talks(8, persons=["p", "p", "q", "r", "s", "t", "u", "v"])
    codes = talks.codes[talks.codes["interview"].isin(["I1", "I2", "I3"])]
    approved = talks.approve(("I1", 1), ("I3", 1))
    shown, register = talks.select(approved, codes=codes)
    assert shown.empty and set(register["reason"]) == {quotes.FEW_PEOPLE}
    more = talks.codes[talks.codes["interview"].isin(["I1", "I2", "I3", "I4"])]
    assert len(talks.select(approved, codes=more)[0]) == 2


def test_theme_with_few_candidates_chooses_first():
    talks = Talks(4)
    codes = pd.concat([talks.codes, coded(*((f"I{n}", 1, "B_ONE") for n in range(1, 5)))])
    everything = talks.approve(("I1", 1), *((f"I{n}", s) for n in range(1, 5) for s in range(2, 6)))
    shown, _ = talks.select(everything, codes=codes)
    assert shown[shown["theme"] == "B"]["quote"].tolist() == [SAID[0]]
    assert shown["theme"].tolist() == sorted(shown["theme"])
    assert not shown["quote"].isna().any()


def test_overlapping_quotes_and_the_same_approval_twice():
    talks = Talks(3)
    first = talks.approve(("I1", 1), ("I1", 1), ("I2", 1))
    longer = first.iloc[[0]].assign(end=first["start"].iloc[0] + 9, quote="The first")
    shown, register = talks.select(pd.concat([first, longer]))
    assert len(register) == 3 and len(shown) == 2
    assert quotes.OVERLAPS in set(register["reason"])


def test_order_of_rows_does_not_matter_and_order_of_quotes_is_not_that_of_interviews():
    talks = Talks(8)
    everything = talks.approve(*((f"I{n}", s) for n in range(1, 9) for s in (1, 3)))
    once, register = talks.select(everything)
    mixed, again = talks.select(
        everything.sample(frac=1, random_state=1), codes=talks.codes.sample(frac=1, random_state=2)
    )
    pd.testing.assert_frame_equal(once, mixed)
    pd.testing.assert_frame_equal(register, again)
    assert talks.select(everything.iloc[:0])[0].empty


def test_sentences_that_came_loose_are_refused():
    talks = Talks(3)
    with pytest.raises(ContractError):
        talks.select(talks.approve(("I1", 1)), segments=talks.segments.assign(start=talks.segments["start"] + 1))


@pytest.mark.parametrize(
    ("sizes", "labels"),
    [
        ({"a": 8, "b": 6}, {"a": "peer supporter", "b": "manager"}),
        ({"a": 8, "b": 6, "c": 2}, {"a": "peer supporter", "b": "participant", "c": "participant"}),
        ({"a": 8, "c": 2}, {"a": "participant", "c": "participant"}),
        ({"a": 8}, {"a": "peer supporter"}),
        ({"a": 4}, {"a": "participant"}),
        ({"": 8}, {"": "participant"}),
    ],
)
def test_label_never_tells_a_role_of_few(sizes, labels):
    roles = [name for name, size in sizes.items() for _ in range(size)]
    asked = crowd(len(roles)).assign(cohort=roles)
    found = quotes.role_labels(asked, {"a": "peer supporter", "b": "manager", "c": "director"})
    assert dict(zip(roles, found.values(), strict=True)) == labels


# Figures

LABELS = {"cohorts": {"a": "Peer supporters", "b": "Responsible persons of support interventions"}, "waves": {}}
LONG = " that has quite a long name with a Donaudampfschifffahrtsgesellschaftskapitänswitwe in it"


@cache
def drawn_tables(codes, themes, people, long=""):
    rng = np.random.default_rng(codes)
    made = {f"C{n}": Code(f"C{n}", f"T{n % themes}", f"Code {n}{long}", "", {}) for n in range(codes)}
    names = Codebook("1", "", {f"T{n}": f"Theme {n}{long}" for n in range(themes)}, made)
    asked = crowd(
        people, cohort=rng.choice(["a", "b"], people), country=rng.choice(["AT", "BE", "DE", "ES", "PT"], people)
    )
    lines = sentences(asked["interview"], 15)
    row, column = np.nonzero(rng.random((len(lines), codes)) < rng.random(codes) * 0.12)
    marks = lines.iloc[row].assign(code=[f"C{n}" for n in column])
    table, _ = matrix.summarise(marks, asked, names, fewest=1)
    pairs = matrix.cooccurrences(marks, lines, asked, names, fewest=1)
    rules, curve = saturation.saturate(marks, asked, names, orders=40)
    small = table["people"] < 5
    table.loc[small, ["people", "percent"]] = None
    return {
        "themes/matrix.csv": table,
        "themes/cooccurrence.csv": pairs,
        "themes/saturation.csv": rules,
        "themes/saturation_curve.csv": curve,
    }


def words_of(fig):
    """Return the boxes of all words, by what they are: those of an axis, of the cells, and others."""
    fig.canvas.draw()
    draw = fig.canvas.get_renderer()
    for ax in fig.axes:
        if not ax.axison:
            yield from (("text", one.get_window_extent(draw)) for one in ax.texts)
            continue
        for axis, kind in ((ax.xaxis, f"x{id(ax)}"), (ax.yaxis, f"y{id(ax)}")):
            low, high = sorted(axis.get_view_interval())
            ticks = zip(axis.get_majorticklocs(), axis.get_majorticklabels(), strict=False)
            for at, label in ticks:
                if label.get_text() and label.get_visible() and low - 1e-9 <= at <= high + 1e-9:
                    yield kind, label.get_window_extent(draw)
            if axis.label.get_text():
                yield "label", axis.label.get_window_extent(draw)
        yield from (("text", one.get_window_extent(draw)) for one in ax.texts if one.get_text())
        if ax.get_title(loc="left"):
            yield "title", ax._left_title.get_window_extent(draw)
    for legend in [*fig.legends, *(ax.get_legend() for ax in fig.axes if ax.get_legend())]:
        yield "legend", legend.get_window_extent(draw)


ONE, MANY, WORDY = (1, 1, 6), (24, 12, 24), (8, 5, 24, LONG)


@pytest.mark.parametrize(
    ("name", "case"),
    [
        ("saturation", ONE), ("theme_groups", MANY), ("code_pairs", MANY), ("saturation", MANY),
        ("theme_groups", WORDY), ("code_pairs", WORDY), ("theme_pairs", (8, 4, 24)), ("code_groups", MANY),
    ],
)  # fmt: skip
def test_no_word_is_cut_or_written_over_another(name, case):
    ink.set_style()
    no_word_is_cut(*theme_figures.DRAWN[name](drawn_tables(*case), LABELS))


def no_word_is_cut(fig, alt):
    boxes = list(words_of(fig))
    width, height = fig.canvas.get_width_height()
    plt.close(fig)
    assert alt.endswith(".") and "nan" not in alt.lower().replace("donau", "")
    assert boxes
    for kind, box in boxes:
        assert box.x0 >= -1 and box.y0 >= -1 and box.x1 <= width + 1 and box.y1 <= height + 1, (kind, box)
    for (kind, one), (other, two) in itertools.combinations(boxes, 2):
        shared = min(one.x1, two.x1) - max(one.x0, two.x0), min(one.y1, two.y1) - max(one.y0, two.y0)
        assert min(shared) <= 1.5, (kind, other, one, two)


def test_withheld_cells_are_hatched_and_counted():
    ink.set_style()
    one = {"kind": "theme", "code": "A", "name": "Coping", "theme": "A", "ci_low": 1.0, "ci_high": 2.0}
    rows = [
        {**one, "by": "all", "group": "all", "people": 12, "of_people": 16, "percent": 75.0},
        {**one, "by": "cohort", "group": "all", "people": 12, "of_people": 16, "percent": 75.0},
        {**one, "by": "cohort", "group": "a", "people": None, "of_people": 8, "percent": None},
        {**one, "by": "cohort", "group": "b", "people": None, "of_people": 8, "percent": None},
    ]
    fig, alt = theme_figures.draw_theme_groups({"themes/matrix.csv": pd.DataFrame(rows)}, LABELS)
    said = [text.get_text() for text in fig.axes[0].texts]
    assert said.count("withheld") == 2 and "12 of 16" in said and "by cohort" in said
    assert sum(patch.get_hatch() is not None for patch in fig.axes[0].patches) == 2
    assert alt == (
        "People who speak of each of 1 theme, in all and by group (people of those asked): most by Coping 12; "
        "2 cells withheld."
    )
    plt.close(fig)


def test_what_comes_up_together_stands_together():
    near = np.full((4, 4), 0.05)
    near[0, 2] = near[2, 0] = near[1, 3] = near[3, 1] = 0.9
    order = theme_figures.clustered(near)
    assert {frozenset(order[:2]), frozenset(order[2:])} == {frozenset({0, 2}), frozenset({1, 3})}
    assert theme_figures.clustered(np.full((2, 2), np.nan)) == [0, 1]
    assert sorted(theme_figures.clustered(np.full((5, 5), np.nan))) == [0, 1, 2, 3, 4]


def pair_rows(*rows, unit="sentence", kind="code"):
    """Return pairs as the table has them: `("A", "B", 0.3, "more often")`."""
    told = [
        {"kind": kind, "unit": unit, "code_1": a, "name_1": f"Code {a}", "code_2": b, "name_2": f"Code {b}", "c": c,
         "verdict": verdict}
        for a, b, c, verdict in [("all", "all", None, ""), *rows]
    ]  # fmt: skip
    return pd.DataFrame(told)


def test_pairs_are_drawn_of_the_unit_that_has_most():
    ink.set_style()
    near = pair_rows(("A", "D", 0.5, ""), ("C", "D", 0.4, "more often"), unit="within 2 sentences")
    same = pair_rows(("A", "B", 0.1, ""), ("A", "C", 0.2, "less often"), ("C", "D", 0.3, "more often"))
    persons = pair_rows(("A", "B", None, "more often"), ("A", "C", None, ""), ("A", "D", None, ""), ("B", "C", None, ""), unit="person")  # fmt: skip
    fig, alt = theme_figures.draw_code_pairs({"themes/cooccurrence.csv": pd.concat([same, near, persons])}, LABELS)
    ax = fig.axes[0]
    # Four codes are too few for an order of their own: they stay in that of the codebook.
    assert [label.get_text() for label in ax.get_yticklabels()] == ["1. Code A", "2. Code B", "3. Code C", "4. Code D"]
    assert [text.get_text() for text in ax.texts] == [".10", ".20\u25be", ".30\u25b4"]
    assert alt == (
        "How often 4 codes come up in the same sentence, as coefficient c; 3 pairs shown, 1 clearly more often and 1 "
        "clearly less often than by chance. The largest is Code C with Code D, c 0.30."
    )
    no_word_is_cut(fig, alt)
    rows = [("ABCDEF"[i], "ABCDEF"[j], 0.9 if j - i == 3 else 0.1, "") for i in range(6) for j in range(i + 1, 6)]
    fig, alt = theme_figures.draw_code_pairs({"themes/cooccurrence.csv": pair_rows(*rows)}, LABELS)
    assert "in an order that puts together" in alt
    names = [label.get_text()[-1] for label in fig.axes[0].get_yticklabels()]
    assert {frozenset(names[n : n + 2]) for n in (0, 2, 4)} == {frozenset("AD"), frozenset("BE"), frozenset("CF")}
    plt.close(fig)


def test_groups_have_their_names_and_what_is_withheld_has_no_bar():
    ink.set_style()
    labels = {**LABELS, "countries": {"AT": "Austria", "BE": "Belgium"}, "roles": {"nurse": "Nurses"}}
    one = {"kind": "theme", "theme": "A", "code": "A", "name": "Coping", "of_people": 24}
    rows = [
        {**one, "by": by, "group": group, "people": 12, "percent": 50.0}
        for by, group in (
            ("all", "all"),
            ("country", "all"),
            ("country", "AT + BE"),
            ("country", "PT"),
            ("role", "nurse"),
        )
    ]
    fig, alt = theme_figures.draw_theme_groups({"themes/matrix.csv": pd.DataFrame(rows)}, labels)
    heads = [label.get_text().replace("\n", " ") for label in fig.axes[0].get_xticklabels()]
    assert heads == ["All", "Austria + Belgium", "PT", "Nurses"]
    no_word_is_cut(fig, alt)
    rows = [{**rows[0], "code": code, "people": people, "percent": people and people / 0.24} for code, people in (("A", 12), ("B", None))]  # fmt: skip
    fig, alt = theme_figures.draw_theme_groups({"themes/matrix.csv": pd.DataFrame(rows)}, labels)
    assert [text.get_text() for text in fig.axes[0].texts] == ["12 of 24", "withheld"] and "1 cell withheld" in alt
    no_word_is_cut(fig, alt)


def themes_page(folder, floor=5, **made):
    """Return a page of the report with these tables of `themes/`."""
    folder.mkdir(exist_ok=True)
    made = {"basis": pd.DataFrame({"source": ["people"]}), **made}
    alts = pd.DataFrame({"figure": list(theme_figures.DRAWN), "alt": "Words."})
    shown = {"figures/alt.csv": alts, **{f"themes/{name}.csv": table for name, table in made.items()}}
    for name in shown:
        path = folder / "tables/results/internal" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    facts = {"tier": "internal", "engine": "builtin", "study": {}, "parts": [], "tiers": {"internal_floor": floor}}
    (folder / "report.json").write_text(json.dumps(facts), encoding="utf-8")
    page = Page(folder)
    page._tables |= shown
    return page


def test_groups_in_the_report(tmp_path):
    country = ["AT"] * 12 + ["DE"] * 10 + ["FR"] * 14
    asked = crowd(36, country=country, language=["de"] * 20 + ["hu"] * 2 + ["fr"] * 14, cohort="a", role="")
    asked["country"] = country
    table, dimensions = matrix.summarise(coded(), asked, BOOK, languages={"de", "fr"})
    words = told(themes_page(tmp_path / "p", matrix=table, dimensions=dimensions), themes_prose.groups)
    assert (
        "Not shown by cohort (everybody is in one group, or too few are in a second); by role (it is not known of "
        "anybody); by language (its groups and those by country differ by a few people). Interviews of a few people in "
        "a language without any cue count as asked and silent." in words
    )
    assert "A count is shown where at least 5 people speak of a thing" in words and "dictionary" not in words
    table, dimensions = matrix.summarise(coded(), asked, BOOK, languages={"fr"})
    basis = pd.DataFrame({"source": ["dictionary"]})
    page = themes_page(tmp_path / "q", matrix=table, dimensions=dimensions, basis=basis)
    words = told(page, themes_prose.groups)
    assert "Not counted as asked: interviews in a language without any cue, in which the dictionary" in words
    assert "(de; hu)." in words and "the dictionary suggests a theme" in words


def test_pairs_in_the_report(tmp_path):
    pairs = large_study(11)[-1]
    words = told(themes_page(tmp_path / "p", cooccurrence=pairs), themes_prose.pairs)
    here = pairs[pairs["code_1"] != "all"]
    assert "15 pairs of codes and 3 pairs of themes whose people are shown above were compared in each unit." in words
    for unit, name in (
        ("sentence", "in the same sentence"),
        ("within 2 sentences",) * 2,
        ("person", "by the same person"),
    ):
        verdicts = here.loc[here["unit"] == unit, "verdict"]
        more, less = ((verdicts == one).sum() for one in ("more often", "less often"))
        assert f"{name}, {more} more often and {less} less often" in words
    assert "two-sided" in words and words.count("![") == 2
    nothing = matrix.cooccurrences(coded(), sentences(["I00"], 2), crowd(1), BOOK)
    words = told(themes_page(tmp_path / "q", cooccurrence=nothing), themes_prose.pairs)
    assert "0 pairs of codes and 0 pairs of themes" in words and "![" not in words


def test_codes_without_a_group_are_bars():
    ink.set_style()
    one = {"kind": "code", "by": "all", "group": "all", "of_people": 16, "theme": "A"}
    shown = [("A_ONE", "Talking", 8.0), ("A_TWO", "Learning", 16.0), ("A_SIX", "Waiting", None)]
    rows = [
        {**one, "code": code, "name": name, "people": people, "percent": people and people / 0.16}
        for code, name, people in shown
    ]
    rows += [{**one, "code": "A_ONE", "name": "Talking", "by": "cohort", "group": "a", "people": None, "percent": None}]
    fig, alt = theme_figures.draw_code_groups({"themes/matrix.csv": pd.DataFrame(rows)}, LABELS)
    ax = fig.axes[0]
    assert [bar.get_width() for bar in ax.patches] == [50, 100]
    assert [text.get_text() for text in ax.texts] == ["8 of 16", "16 of 16"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["Talking", "Learning"]
    assert alt == (
        "People who speak of each of 2 codes, in all (people of those asked): most by Learning 16, Talking 8; "
        "0 cells withheld, and 1 code of too few people not drawn."
    )
    no_word_is_cut(fig, alt)


@pytest.mark.parametrize("name", theme_figures.DRAWN)
def test_nothing_to_draw_is_said(name):
    empty = {path: table.iloc[:0] for path, table in drawn_tables(1, 1, 6).items()}
    empty["themes/agreement.csv"] = pd.DataFrame(columns=list(units.AGREEMENT))
    fig, alt = theme_figures.DRAWN[name](empty, LABELS)
    plt.close(fig)
    assert alt.endswith(".") and re.match(r"There are|No two|No code", alt)


# How far coders agree

_UNITS = {"unit": "sentence", "at_least_units": 5, "limit": "estimate"}
BARS = {"people": {"measure": "alpha", "at_least": 0.667, **_UNITS}, "machine": {"measure": "f1", "at_least": 0.6, **_UNITS}}  # fmt: skip


@cache
def agreed(coders, interviews=8, floor=5, machine=True, codes=("A_ONE", "A_TWO", "B_ONE", "B_TWO")):
    """Return the table of agreement; everybody agrees on the first code, half on the second, nobody used the last."""
    rng = np.random.default_rng(3)
    lines = sentences([f"I{n}" for n in range(interviews)], 10)
    lines["start"] = (lines["segment"] - 1) * 11
    lines["end"] = lines["start"] + 10
    rows, suggested = [], []
    for line in lines.to_dict("records"):
        key = (line["interview"], line["segment"])
        given = {"A_ONE": line["segment"] == 1, "A_TWO": line["segment"] in (2, 3), "B_ONE": line["segment"] == 4}
        for code in [code for code, there in given.items() if there]:
            for coder in "abcdefgh"[:coders]:
                if code == "A_ONE" or rng.random() < (0.6 if code == "A_TWO" else 0.9):
                    rows.append((f"coder-{coder}", line["interview"], code, line["start"], line["end"]))
            if rng.random() < 0.7:
                suggested.append((*key, code))
    codings = pd.DataFrame(rows, columns=["coder", "interview", "code", "start", "end"])
    machines = {"dictionary": pd.DataFrame(suggested, columns=["interview", "segment", "code"])} if machine else {}
    lengths = dict.fromkeys(lines["interview"], 110)
    table, _ = units.compare_coders(codings, machines, lines, lengths, book(*codes))
    return units.withhold(table, floor)


def forest(table, bars=BARS):
    ink.set_style()
    fig, alt = theme_figures.draw_agreement({"themes/agreement.csv": table}, {**LABELS, "bars": bars})
    return fig, alt, [label.get_text() for label in fig.axes[0].get_yticklabels()]


def marks_of(ax):
    """Return value, row (rounded) and colour of every mark, but not of lines."""
    return [
        (float(line.get_xdata()[0]), round(float(line.get_ydata()[0])), line.get_markeredgecolor())
        for line in ax.lines
        if line.get_marker() not in ("", "None", None)
    ]


def test_undefined_agreement_is_said_and_not_drawn():
    table = agreed(2, floor=0)
    fig, alt, rows = forest(table)
    assert rows[:4] == ["All codes, by character", "All codes, by sentence", "All codes, by interview", "Mean of the codes"]  # fmt: skip
    assert rows[4] == "Code A_ONE" and rows[-1] == "Code B_TWO"
    for ax, pairs, measure in zip(fig.axes, (1, 2), ("alpha", "f1"), strict=True):
        assert [text.get_text() for text in ax.texts] == ["undefined"]
        marks = marks_of(ax)
        assert len(marks) == pairs * (len(rows) - 1)
        drawn = table[(table["measure"] == measure) & table["estimate"].notna()]
        drawn = drawn[drawn["unit"].eq("sentence") | drawn["code"].eq("all")]
        kind = drawn["pair_kind"].eq("people") == (measure == "alpha")
        assert sorted(value for value, *_ in marks) == pytest.approx(sorted(drawn.loc[kind, "estimate"]))
    assert [ax.get_title(loc="left") for ax in fig.axes] == ["coder-a and coder-b", "People and the dictionary"]
    assert "withheld" not in alt and alt.startswith("Agreement of coders over all codes and on 4 codes. Coder-a and")
    no_word_is_cut(fig, alt)


def test_bars_are_drawn_and_codes_told_apart_by_them():
    fig, alt, _rows = forest(agreed(2, floor=0))
    for ax, bar in zip(fig.axes, (0.667, 0.6), strict=True):
        dashed = [line for line in ax.lines if line.get_linestyle() == "--"]
        assert [set(line.get_xdata()) for line in dashed] == [{bar}]
        for value, row, colour in marks_of(ax):
            expected = ink.INK if row < 4 else ink.PETROL if value >= bar else ink.CLAY
            assert colour == expected, (value, row)
    assert "1 of 3 under the bar of 0.667" in alt
    plt.close(fig)
    fig, alt, _ = forest(agreed(2, floor=0), bars={})
    assert all(ax.get_xlabel() == "alpha, single codes by sentence" for ax in fig.axes) and "bar" not in alt
    assert not any(line.get_linestyle() == "--" for ax in fig.axes for line in ax.lines)
    no_word_is_cut(fig, alt)


def test_withheld_agreement_is_one_hatched_row():
    table = agreed(2, codes=("A_ONE", "A_TWO", "B_ONE"))
    table = table.assign(estimate=table["estimate"].where(table["code"].isin(["all", "mean"])))
    table.loc[table["estimate"].isna(), "note"] = "withheld: fewer than 5 people"
    fig, alt, rows = forest(table)
    assert rows[4:] == ["3 codes"] and alt.endswith("3 codes withheld.")
    for ax in fig.axes:
        assert [text.get_text() for text in ax.texts] == ["withheld"]
        assert sum(patch.get_hatch() is not None for patch in ax.patches) == 1
        assert {row for _value, row, _colour in marks_of(ax)} == {0, 1, 2, 3}
    no_word_is_cut(fig, alt)


def test_side_of_which_all_codes_are_withheld_says_so_once():
    table = agreed(2, codes=("A_ONE", "A_TWO", "B_ONE"))
    people = table["pair_kind"].eq("people") & ~table["code"].isin(["all", "mean"])
    table = table.assign(
        estimate=table["estimate"].mask(people), note=table["note"].mask(people, "withheld: fewer than 5 people")
    )
    fig, alt, rows = forest(table)
    assert sorted(rows[4:]) == ["Code A_ONE", "Code A_TWO", "Code B_ONE"]
    assert [text.get_text() for text in fig.axes[0].texts] == ["withheld"]
    hatched = [patch for patch in fig.axes[0].patches if patch.get_hatch()]
    below = [label for label in fig.axes[0].get_yticks() if label > 3.5]
    assert hatched[0].get_y() < min(below) and hatched[0].get_y() + hatched[0].get_height() > max(below)
    assert {row for _value, row, _colour in marks_of(fig.axes[1])} > {0, 1, 2, 3}
    no_word_is_cut(fig, alt)


@pytest.mark.parametrize(("coders", "sides"), [(1, 1), (3, 2), (7, 2)])
def test_any_number_of_coders(coders, sides):
    fig, alt, _rows = forest(agreed(coders))
    assert len(fig.axes) == sides
    legend = [text.get_text() for one in fig.legends for text in one.get_texts()]
    assert ("all people" in legend) == (coders > 2)
    if coders > 2:  # the mark of all people has the colour of its side of the bar, and pairs are grey
        colours = {colour for _value, row, colour in marks_of(fig.axes[0]) if row >= 4}
        assert ink.GREY in colours and colours & {ink.PETROL, ink.CLAY}
    no_word_is_cut(fig, alt)


def test_people_without_a_dictionary():
    fig, alt, _ = forest(agreed(2, machine=False))
    assert len(fig.axes) == 1 and "dictionary" not in alt
    plt.close(fig)


def coders_page(folder, table, bars=BARS, verdicts=("fit", "under the bar", "not known", "fit")):
    """Return a page of the report with these results."""
    folder.mkdir(exist_ok=True)
    for name in ("themes/agreement.csv", "themes/claims.csv", "interviews/themes.csv", "figures/alt.csv"):
        path = folder / "tables/results/internal" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    facts = {"tier": "internal", "engine": "builtin", "study": {}, "parts": [], "tiers": {}, "bars": bars}
    (folder / "report.json").write_text(json.dumps(facts), encoding="utf-8")
    made = Page(folder)
    codes = ("A_ONE", "A_TWO", "B_ONE", "B_TWO")
    claims = pd.DataFrame(
        {"code": codes, "name": [f"Code {c}" for c in codes], "theme": ["A", "A", "B", "B"], "verdict": verdicts,
         "use": ["yes", "yes", "no", "no"], "reason": "", "decided": ["", "by a person", "", "by a person"]}
    )  # fmt: skip
    themes = pd.DataFrame({"theme": ["A", "B"], "name": ["Theme A", "Theme B"]})
    alt = pd.DataFrame({"figure": ["agreement"], "alt": ["Words."]})
    for name, one in (
        ("themes/agreement.csv", table),
        ("themes/claims.csv", claims),
        ("interviews/themes.csv", themes),
        ("themes/basis.csv", pd.DataFrame({"source": ["dictionary"]})),
        ("figures/alt.csv", alt),
    ):
        made._tables[name] = one
    return made


def told(page, *parts):
    out = io.StringIO()
    with redirect_stdout(out):
        for part in parts:
            part(page)
    return re.sub(r"\[([^\]]*)\]\{\.num[^}]*\}", r"\1", out.getvalue()).replace("\u00a0", " ")


def cells_of(words, name):
    """Return the cells of a table of the page, by rows."""
    body = words[words.index(f'id="{name}"') :]
    body = body[: body.index("</table>")]
    return [
        [re.sub("<[^>]*>", "", one) for one in re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row, re.DOTALL)]
        for row in re.findall(r"<tr.*?</tr>", body, re.DOTALL)
    ]


def test_two_coders_in_the_report(tmp_path):
    table = agreed(2, interviews=12)
    words = told(coders_page(tmp_path / "p", table), themes_prose.coders, themes_prose.dictionary, themes_prose.claims)
    at = table.set_index(["pair", "unit", "code", "measure"])["estimate"]
    rows = {row[0]: row[1:] for row in cells_of(words, "coders") if len(row) == 4}
    pair = "coder-a and coder-b"
    # Shares are on the scale to one in the table, and shown in percent.
    assert rows["Agree, %"] == [f"{100 * at[pair, unit, 'all', 'percent']:.1f}" for unit in units.UNITS]
    assert rows["Coded, %"][1] == " / ".join(
        f"{100 * at[pair, 'sentence', 'all', f'prevalence_{who}']:.1f}" for who in ("first", "second")
    )
    assert rows["Kappa"][1].startswith(f"{at[pair, 'sentence', 'all', 'kappa']:.2f} [")
    dictionary = [row for row in cells_of(words, "coders-dictionary") if row[0] in ("Precision", "Recall", "F1")]
    assert [row[2][:4] for row in dictionary] == [
        f"{at[f'{who} and dictionary', 'sentence', 'all', measure]:.2f}"
        for who in ("coder-a", "coder-b")
        for measure in ("precision", "recall", "f1")
    ]
    assert "**Coder-a and coder-b** were compared over 12 interviews" in words
    assert words.count("![") == 1 and "nan" not in words


def test_claims_in_the_report(tmp_path):
    made = coders_page(tmp_path / "p", agreed(2))
    words = told(made, themes_prose.claims)
    assert "alpha of people with each other by sentence of at least 0.667" in words
    assert "F1 of people with the dictionary by sentence of at least 0.6" in words
    assert "Of the codes, 2 hold the bars, 1 do not, and of 1 it is not known" in words and "decided on is 2 (" in words
    assert cells_of(words, "claims")[1:] == [
        ["Theme A", "Code A_ONE; Code A_TWO (decided)", "1", "0"],
        ["Theme B", "–", "0", "1"],
    ]
    assert "asks for no agreement" in told(coders_page(tmp_path / "q", agreed(2), bars={}), themes_prose.claims)


def test_other_numbers_of_coders_in_the_report(tmp_path):
    words = told(coders_page(tmp_path / "one", agreed(1)), themes_prose.coders, themes_prose.dictionary)
    assert "Only one person coded" in words and 'id="coders"' not in words and 'id="coders-dictionary"' in words
    words = told(coders_page(tmp_path / "three", agreed(3)), themes_prose.coders, themes_prose.dictionary)
    assert "All people together were compared over 8 interviews" in words
    rows = [row[0] for row in cells_of(words, "coders")]
    assert rows[rows.index("Alpha of two of them") + 1 :] == [
        f"coder-{one} and coder-{other}, 8 interviews" for one, other in ("ab", "ac", "bc")
    ]
    words = told(coders_page(tmp_path / "seven", agreed(7)), themes_prose.dictionary)
    assert [row[0] for row in cells_of(words, "coders-dictionary")][1:] == [
        "F1", *(f"coder-{who} and dictionary, 8 interviews" for who in "abcdefg")
    ]  # fmt: skip


def test_coders_who_share_no_interview_in_the_report(tmp_path):
    lines = sentences(["I0", "I1"], 3)
    lines["start"], lines["end"] = (lines["segment"] - 1) * 11, (lines["segment"] - 1) * 11 + 10
    rows = [("coder-a", "I0", "A_ONE", 0, 10), ("coder-b", "I1", "A_ONE", 0, 10)]
    codings = pd.DataFrame(rows, columns=["coder", "interview", "code", "start", "end"])
    table, _ = units.compare_coders(codings, {}, lines, {"I0": 40, "I1": 40}, book("A_ONE"))
    words = told(coders_page(tmp_path / "p", table), themes_prose.coders, themes_prose.dictionary)
    assert "There is no interview that both coder-a and coder-b worked on." in words
    assert "![" not in words and "nan" not in words
    fig, alt, _ = forest(table)
    plt.close(fig)
    assert alt == "There are no two whose codings of the same interviews can be compared."


def test_agreement_over_too_few_interviews_is_withheld_in_words(tmp_path):
    table = agreed(2, interviews=4)
    assert table["estimate"].isna().all()
    fig, alt, _ = forest(table)
    plt.close(fig)
    assert alt == "Too few interviews were coded by two to show how far they agree."
    words = told(coders_page(tmp_path / "p", table), themes_prose.coders, themes_prose.dictionary)
    assert "withheld, since too few interviews are compared" in words
    assert "nan" not in words


# The coded page

EVIL = "Ein </p><script>alert(1)</script> Satz \N{GRINNING FACE} mit e\N{COMBINING ACUTE ACCENT} & \u202eum."


def page(codings=(), suggestions=(), final=None, lines=(EVIL, *SAID), **more):
    """Return the page of one transcript; a suggestion of five is a negated one."""
    text, rows = talk("I<1>", lines)
    codings = pd.DataFrame(
        [{"coder": c, "interview": "I<1>", "code": k, "start": a, "end": b, "quote": text["text"][a:b]} for c, k, a, b in codings],
        columns=["coder", "interview", "code", "start", "end", "quote"],
    )  # fmt: skip
    suggested = pd.DataFrame(
        [
            {"interview": "I<1>", "segment": n, "code": k, "start": a, "end": b, "cue": "x*", "negated": "yes" if no else "no"}
            for n, k, a, b, *no in suggestions
        ],
        columns=["interview", "segment", "code", "start", "end", "cue", "negated"],
    )  # fmt: skip
    made = coded_page(
        pd.DataFrame([text]), pd.DataFrame(rows), BOOK, codings=codings, suggestions=suggested, final=final, **more
    )
    return made, text["text"], rows


def bare(words):
    return html.unescape(re.sub("<[^>]*>", "", words)).replace("\xa0", " ")


def lines_of(made):
    """Return number, words, stripes (kinds, lane, begins, ends) and names of every line of the page."""
    for row, names in re.findall(r'(<div class="row.*?</div>)\n(<ul class="codes".*?</ul>)?', made):
        stripes = [
            (re.findall(r"in-(\w+)", kind), int(lane), "begins" in kind, "ends" in kind)
            for kind, lane in re.findall(r'<i class="bar ([^"]*)" style="grid-column:(\d+)"', row)
        ]
        words = re.search(r'<p class="said">(.*?)</p>', row)[1]
        number = re.search(r'class="no">(\d*)<', row)[1]
        yield number, bare(words), stripes, [bare(one) for one in re.findall(r"<li [^>]*>(.*?)</li>", names)]


def test_page_holds_every_word_of_the_text_in_order():
    made, _text, rows = page([("c1", "A_ONE", 20, 60)])
    lines = list(lines_of(made))
    assert [number for number, *_ in lines] == ["", *(str(n) for n in range(1, 7))]
    assert lines[0][1] == "How was it?"
    assert [words.strip() for _n, words, *_ in lines[1:]] == [row["text"].replace("\u202e", " ") for row in rows]
    assert 'id="t1-3"' in made and 'class="row first aside"' in made


def test_page_is_inert():
    made, _text, _rows = page([("<b>c</b>", "A_ONE", 20, 60)], title="A & <B>", banner='"x" <y>')
    assert "<script" not in made and "\u202e" not in made and "<b>c</b>" not in made and "I<1>" not in made
    assert "default-src 'none'" in made and 'lang="en" dir="ltr"' in made
    assert not re.search(r"(?:src|href)=\"(?!#)", made) and "onclick" not in made
    assert "A &amp; &lt;B&gt;" in made and "&quot;x&quot; &lt;y&gt;" in made
    assert made == page([("<b>c</b>", "A_ONE", 20, 60)], title="A & <B>", banner='"x" <y>')[0]


def test_stripes_run_along_sentences_in_lanes_of_their_own():
    _made, _text, rows = page()
    at = [row["start"] for row in rows]
    made, *_ = page(
        [("c1", "A_ONE", at[0], at[3] - 1), ("c2", "A_ONE", at[0] + 2, at[3] - 1), ("c1", "B_ONE", at[1], at[2] - 1)],
        [(2, "A_TWO", at[1], at[1] + 3)],
    )
    lines = list(lines_of(made))[1:]
    assert lines[0][3] == ["Code A_ONE c1 · c2"]
    assert lines[1][3] == ["Code B_ONE c1", "Code A_TWO dictionary: x*"]
    assert lines[0][2] == [(["human"], 1, True, False)]
    assert lines[1][2] == [(["human"], 1, False, False), (["human"], 2, True, True), (["suggested"], 3, True, True)]
    assert lines[2][2] == [(["human"], 1, False, True)]
    assert lines[3][2] == []
    assert "--lanes:3" in made


def test_a_code_is_one_stripe_whoever_gave_it_and_its_name_tells_who_gave_it_where():
    _made, _text, rows = page()
    at = [row["start"] for row in rows]
    made, *_ = page(
        [("c1", "A_ONE", at[0], at[2] - 1), ("c2", "A_ONE", at[1], at[4] - 1)],
        [(3, "A_ONE", at[2], at[2] + 3, "no"), (4, "A_ONE", at[3], at[3] + 3)],
        pd.DataFrame([("I<1>", n, "A_ONE") for n in (1, 2)], columns=["interview", "segment", "code"]),
    )
    lines = list(lines_of(made))[1:]
    assert [one for line in lines for one in line[3]] == [
        "Code A_ONE final (1–2) · c1 (1–2) · c2 (2–4) · dictionary: x* (4) · dictionary: x*, negated (3)"
    ]
    assert [line[2] for line in lines[:5]] == [
        [(["final", "human"], 1, True, False)],
        [(["final", "human"], 1, False, False)],
        [(["human", "negated"], 1, False, False)],
        [(["human", "suggested"], 1, False, True)],
        [],
    ]
    assert 'data-n="' not in made  # one code at each sentence: nothing to tell apart
    assert "title=" not in made  # what stands in a title is lost on paper and on the phone


def test_every_code_at_the_same_words_has_a_line_and_a_number():
    _made, text, rows = page()
    start, end = rows[1]["start"], rows[1]["end"]
    made, *_ = page(
        [("c1", "A_ONE", start, end), ("c2", "B_ONE", start, end), ("c2", "A_ONE", start + 4, end)],
        [(2, "A_TWO", start + 4, start + 9)],
    )
    said = next(one for one in re.findall(r'<p class="said">.*?</p>', made) if "<mark" in one)
    for words, lines in ((text[start : start + 4], 2), (text[start + 4 : start + 9], 3), (text[start + 9 : end], 2)):
        around = re.search(rf"((?:<mark[^>]*>)+){re.escape(html.escape(words))}", said)[1]
        depths = [re.search(r"--l:(\d)", one) for one in re.findall(r"<mark[^>]*>", around)]
        assert len({depth[1] if depth else "0" for depth in depths}) == len(depths) == lines
    numbers = re.findall(r'<i class="n [^"]*" data-n="(\d)"', said)
    assert sorted(numbers) == ["1", "2", "3"]
    named = re.search(r'<ul class="codes".*?</ul>', made)[0]
    assert re.findall(r'data-n="(\d)".*?class="name">([^<]*)', named) == [
        ("1", "Code A_ONE"), ("2", "Code B_ONE"), ("3", "Code A_TWO"),
    ]  # fmt: skip


def test_a_negated_suggestion_is_drawn_open_and_the_legend_names_it():
    _made, _text, rows = page()
    start = rows[1]["start"]
    made, *_ = page(suggestions=[(2, "A_ONE", start, start + 4, "no")])
    assert list(lines_of(made))[2][2:] == ([(["negated"], 1, True, True)], ["Code A_ONE dictionary: x*, negated"])
    assert re.search(r'<mark class="in-negated">Suggested, but negated in the text</mark>', made)
    assert re.search(r"\.in-negated \{[^}]*--line: [^;]* double; --bar: [^;]* double;", made)
    plain, *_ = page(suggestions=[(2, "A_ONE", start, start + 4)])
    assert 'class="in-negated"' not in plain and list(lines_of(plain))[2][2] == [(["suggested"], 1, True, True)]


def test_the_list_and_the_heading_count_the_same_passages():
    _made, _text, rows = page()
    at = [(row["start"], row["end"]) for row in rows]
    made, *_ = page(
        [("c1", "A_ONE", *at[0]), ("c2", "A_ONE", *at[0]), ("c2", "A_TWO", *at[0])],
        [(1, "A_ONE", *at[0]), (2, "B_ONE", *at[1], "no")],
        pd.DataFrame([("I<1>", n, "A_ONE") for n in (1, 2, 4)], columns=["interview", "segment", "code"]),
    )
    listed = dict(re.findall(r'data-label="(Final|Coded by people|Suggested)" class="number">(\d+)<', made))
    assert listed == {"Final": "2", "Coded by people": "3", "Suggested": "2"}
    assert "passages: 2 final, 3 coded by people, 2 suggested</span></h2>" in made
    assert "passages: none</span></h2>" in page()[0]


def test_names_stand_beside_the_sentences_after_theirs():
    _made, _text, rows = page()
    start, end = rows[1]["start"], rows[1]["end"]
    made, *_ = page([("c1", code, start, end) for code in BOOK.codes])
    block = next(one for one in re.findall(r'<div class="block".*?\n</div>\n', made, re.DOTALL) if "codes" in one)
    assert block.count('<div class="row') == 5 and 'style="grid-row:1 / span 5"' in block  # all that are left
    assert block.index('<ul class="codes"') < block.index('id="t1-3"')  # read after their own sentence
    again, *_ = page(
        [("c1", code, start, end) for code in BOOK.codes] + [("c1", "A_ONE", *(rows[3][n] for n in ("start", "end")))]
    )
    assert 'style="grid-row:1 / span 2"' in again


def test_final_codes_of_neighbouring_sentences_are_one_stripe():
    final = pd.DataFrame([("I<1>", n, "A_ONE") for n in (2, 3, 5)], columns=["interview", "segment", "code"])
    made, _text, _rows = page(final=final)
    lines = list(lines_of(made))[1:]
    assert [line[2] for line in lines] == [
        [], [(["final"], 1, True, False)], [(["final"], 1, False, True)], [], [(["final"], 1, True, True)], [],
    ]  # fmt: skip
    assert lines[1][3] == ["Code A_ONE final"]


@repeated
@given(st.lists(st.tuples(st.integers(0, 90), st.integers(1, 60), st.sampled_from(list(BOOK.codes))), max_size=8))
def test_stripes_of_a_lane_never_meet_and_lines_of_a_depth_neither(spans):
    end = len(page()[1])
    made, _text, _rows = page([(f"c{n}", code, a, min(end, a + size)) for n, (a, size, code) in enumerate(spans)])
    open_lanes = set()
    for _number, _words, stripes, _names in lines_of(made):
        lanes = [lane for _kind, lane, *_ in stripes]
        assert len(set(lanes)) == len(lanes) <= len(BOOK.codes)  # a code is one stripe
        assert open_lanes <= set(lanes)
        for _kind, lane, begins, _ends in stripes:
            assert begins == (lane not in open_lanes)
        open_lanes = {lane for _kind, lane, _begins, ends in stripes if not ends}
    assert not open_lanes
    for around in re.findall(r"(?:<mark[^>]*>)+", made):
        depths = re.findall(r'<mark class="[^"]*"( style="--l:\d")?>', around)
        assert len(set(depths)) == len(depths)


def test_page_of_another_interview_shows_nothing_of_this_one():
    text, rows = talk("I1")
    _other, more = talk("I2", ("Secret words.",))
    made = coded_page(pd.DataFrame([text]), pd.DataFrame([*rows, *more]), BOOK, final=coded(("I2", 1, "A_ONE")))
    assert "Secret" not in made and "I2" not in made
    assert "no transcript" in coded_page(pd.DataFrame([text]).iloc[:0], pd.DataFrame(rows), BOOK)


def test_passage_that_lost_its_words_stops_the_page():
    text, rows = talk("I1")
    loose = pd.DataFrame([{"coder": "c", "interview": "I1", "code": "A_ONE", "start": 20, "end": 25, "quote": "xxxxx"}])
    with pytest.raises(ContractError):
        coded_page(pd.DataFrame([text]), pd.DataFrame(rows), BOOK, codings=loose)
    outside = pd.DataFrame([{"interview": "I1", "segment": 1, "code": "A_ONE", "start": 20, "end": 9999, "cue": "x"}])
    with pytest.raises(ContractError):
        coded_page(pd.DataFrame([text]), pd.DataFrame(rows), BOOK, suggestions=outside)
