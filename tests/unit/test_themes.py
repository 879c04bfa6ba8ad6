"""Themes: who speaks of what, what comes up together, saturation, quotes, their figures and the coded page."""

from __future__ import annotations

import html
import itertools
import re
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
from piloteval.qualitative import matrix, quotes, saturation
from piloteval.qualitative.codebook import Code, Codebook
from piloteval.report import ink, theme_figures
from piloteval.report.coded_page import coded_page
from scipy import special, stats
from scipy.optimize import linprog

repeated = settings(max_examples=15, deadline=None, derandomize=True, database=None)

TEXT, WHOLE, NUMBER = tables.TEXT, tables.WHOLE, tables.NUMBER
COUNTS = ("people", "of_people", "sentences")
MATRIX = tables.Table(
    "internal/themes/matrix.csv",
    "people who speak of a code or theme, by group",
    {
        name: WHOLE if name in COUNTS else NUMBER if name in ("percent", "ci_low", "ci_high") else TEXT
        for name in matrix.MATRIX_COLUMNS
    },
    keys=("kind", "code", "by", "group"),
    people=("people",),
    statistics=("percent", "ci_low", "ci_high", "sentences"),
    margins=(("group", "all"),),
    shares=(("people", "of_people", "percent"),),
)
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
    table, _ = matrix.summarise(MARKS, held(I1="p", I2="p", I3="r"), BOOK)
    by = table[table["by"] == "all"].set_index(["kind", "code"])[["people", "of_people", "sentences"]]
    assert by.to_dict("index") == {
        ("code", "A_ONE"): {"people": 1, "of_people": 2, "sentences": 3},
        ("code", "A_TWO"): {"people": 1, "of_people": 2, "sentences": 1},
        ("code", "B_ONE"): {"people": 1, "of_people": 2, "sentences": 1},
        ("theme", "A"): {"people": 1, "of_people": 2, "sentences": 3},
        ("theme", "B"): {"people": 1, "of_people": 2, "sentences": 1},
    }


def test_interview_without_a_person_stands_for_one():
    table, _ = matrix.summarise(MARKS, held(I1="", I2="", I3="I1"), BOOK)
    assert set(table["of_people"]) == {3}


def test_share_has_the_interval_of_scipy():
    marks = coded(*((f"I{n:02}", 1, "A_ONE") for n in range(7)))
    table, _ = matrix.summarise(marks, crowd(16), BOOK, confidence=0.9)
    row = table[(table["code"] == "A_ONE") & (table["by"] == "all")].iloc[0]
    low, high = stats.binomtest(7, 16).proportion_ci(0.9, "wilson")
    assert (row["percent"], row["ci_low"], row["ci_high"]) == pytest.approx((100 * 7 / 16, 100 * low, 100 * high))
    assert row["ci_method"] == "Wilson interval, 90 %"


def test_nobody_was_asked():
    table, dimensions = matrix.summarise(coded(), crowd(0), BOOK)
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


def random_study(seed):
    """Return interviews of people of six countries, whose language nearly follows from it, and codes of all degrees."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(10, 61))
    speaks = {"AT": "de", "DE": "de", "BE": "fr", "ES": "es", "PT": "pt", "IE": "en"}
    country = rng.choice(list(speaks), count, p=rng.dirichlet(np.full(6, 2)))
    asked = crowd(
        count,
        language=[speaks[one] if rng.random() < 0.9 else "nl" for one in country],
        cohort=rng.choice(["a", "b"], count, p=[0.6, 0.4]),
        setting=rng.choice(["h", "s", "q"], count, p=[0.6, 0.3, 0.1]),
        country=country,
    )
    codes = book("A_1", "B_1", "C_1")
    marks = [
        (name, 1, code) for code in codes.codes for name in asked["interview"][rng.random(count) < rng.beta(0.8, 0.8)]
    ]
    return asked, codes, coded(*marks)


def computable(asked, shown, most):
    """Return small withheld counts that follow from what is shown, to a reader who knows who is in which group.

    The unknowns are the people with the code among those who are alike in every group.
    """
    groups, _ = matrix.groups_of(asked)
    alike = pd.DataFrame({name: one.reindex(asked["person"]).to_numpy() for name, one in groups.items()}).assign(x=1)
    kinds = alike.value_counts(sort=False)
    keys, ends = kinds.index.to_frame(index=False), [(0, size if most else None) for size in kinds]
    found = []
    for code, table in shown.groupby("code"):
        inside = [
            np.ones(len(keys)) if one["group"] == "all" else (keys[one["by"]] == one["group"]).to_numpy(dtype=float)
            for one in table.to_dict("records")
        ]
        seen = table["people"].notna().to_numpy()
        known = {"A_eq": np.array(inside)[seen], "b_eq": table["people"][seen].astype(float)} if seen.any() else {}
        for place in np.flatnonzero(~seen):
            low, high = (linprog(sign * inside[place], **known, bounds=ends) for sign in (1, -1))
            assert low.status == 0 and high.status in (0, 3)
            if high.status == 0 and -high.fun - low.fun < 0.5 and low.fun < 4.5:
                found.append((code, table.iloc[place]["by"], table.iloc[place]["group"]))
    return found


LEAKY = (10, 13, 16)  # studies in which a count would follow if language were shown beside country


@cache
def shown_matrix(seed):
    asked, codes, marks = random_study(seed)
    table, _ = matrix.summarise(marks, asked, codes)
    return asked, tables.present(table[table["kind"] == "code"], MATRIX, INTERNAL)


@pytest.mark.parametrize(("seed", "most"), [(10, False), (13, True)])
def test_no_small_count_follows_from_totals_and_other_groups(seed, most):
    asked, shown = shown_matrix(seed)
    assert shown["people"].isna().any() and shown["people"].notna().any()
    assert computable(asked, shown, most) == []


def test_check_of_the_tests_finds_what_follows(monkeypatch):
    monkeypatch.setattr(matrix, "_entangled", lambda *_: False)
    asked, codes, marks = random_study(LEAKY[0])
    table, _ = matrix.summarise(marks, asked, codes)
    assert computable(asked, tables.present(table[table["kind"] == "code"], MATRIX, INTERNAL), False)


@pytest.mark.parametrize("seed", [10, 13])
def test_groups_add_up_to_their_total_and_totals_are_the_same_everywhere(seed):
    asked, codes, marks = random_study(seed)
    table, _ = matrix.summarise(marks, asked, codes)
    for _key, here in table.groupby(["kind", "code"]):
        assert here[here["group"] == "all"][list(COUNTS)].drop_duplicates().shape[0] == 1
    parts = table[(table["group"] != "all") & (table["by"] != "all")]
    sums = parts.groupby(["kind", "code", "by"])[list(COUNTS)].sum()
    totals = table[table["group"] == "all"].set_index(["kind", "code", "by"])[list(COUNTS)]
    pd.testing.assert_frame_equal(sums, totals.loc[sums.index])
    _asked, shown = shown_matrix(seed)
    # Where a total is withheld it is withheld in every dimension, else one would give it away.
    assert (shown[shown["group"] == "all"].groupby("code")["people"].nunique(dropna=False) == 1).all()
    # No group is so small that its size would be withheld: sizes need no protection by others.
    assert shown["of_people"].notna().all()


# Codes together


@repeated
@given(hnp.arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 4))), st.integers(0, 4))
def test_near_is_what_it_says(present, reach):
    found = matrix.near(present, reach)
    for row, code in np.ndindex(present.shape):
        assert found[row, code] == present[max(0, row - reach) : row + reach + 1, code].any()


@repeated
@given(hnp.arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 4))), st.integers(0, 3))
def test_together_is_symmetric_and_no_more_than_the_rarer_code(present, reach):
    counts = matrix.together(present.astype(float), reach)
    alone = present.sum(axis=0)
    assert (counts == counts.T).all()
    assert (counts <= np.minimum.outer(alone, alone)).all()
    assert (np.diagonal(counts) == alone).all()
    if not reach:
        assert (counts == measured.count_together(present)).all()


def test_pairs_by_hand():
    asked = held(I1="p", I2="q", I3="q")
    lines = sentences(asked["interview"], 10)
    marks = coded(
        ("I1", 1, "A_ONE"), ("I1", 1, "B_ONE"), ("I1", 5, "A_ONE"), ("I1", 7, "B_ONE"),
        ("I2", 10, "A_ONE"), ("I3", 1, "B_ONE"),  # next to each other in the table, and of different interviews
    )  # fmt: skip
    found = matrix.cooccurrences(marks, lines, asked, BOOK, window=2, shuffles=20, fewest=1)
    by = found[found["kind"] == "code"].set_index("unit")[["code_1", "code_2", "people", "both", "first", "second"]]
    assert by.loc["sentence"].tolist() == ["A_ONE", "B_ONE", 1, 1, 3, 3]
    assert by.loc["within 2 sentences"].tolist() == ["A_ONE", "B_ONE", 1, 2, 3, 3]
    assert by.loc["person"].tolist() == ["A_ONE", "B_ONE", 2, 2, 2, 2]
    row = found[(found["kind"] == "code") & (found["unit"] == "sentence")].iloc[0]
    assert (row["c"], row["overlap"]) == pytest.approx((1 / 5, 1 / 3))
    assert row["c"] == measured.c_coefficient(3, 3, 1).estimate
    assert list(found.columns) == matrix.PAIR_COLUMNS
    themes = found[(found["kind"] == "theme") & (found["unit"] == "sentence")]
    assert themes[["code_1", "code_2", "both"]].to_numpy().tolist() == [["A", "B", 1]]


def test_pairs_and_codes_of_few_people_are_not_listed():
    asked = crowd(12)
    lines = sentences(asked["interview"], 3)
    both = [(name, 1, code) for name in asked["interview"][:6] for code in ("A_ONE", "B_ONE")]
    few = [(name, 1, "A_TWO") for name in asked["interview"][:4]]
    found = matrix.cooccurrences(coded(*both, *few), lines, asked, BOOK, shuffles=19)
    assert set(found["code_1"]) | set(found["code_2"]) == {"A_ONE", "B_ONE", "A", "B"}
    assert (found["people"] >= 5).all()
    # One pair was tested in each unit: codes that are not tested are not counted in the adjustment.
    assert found["p_method"].str.endswith("Benjamini-Hochberg over 1 pairs").all()
    assert (found["p"] == found["p_adjusted"]).all()


def test_same_seed_same_pairs_and_nothing_of_nothing():
    asked, codes, marks = random_study(3)
    lines = sentences(asked["interview"], 5)
    one, two, other = (matrix.cooccurrences(marks, lines, asked, codes, shuffles=30, seed=seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one, two)
    assert not one["p"].equals(other["p"])
    assert matrix.cooccurrences(coded(), lines, asked, codes).columns.tolist() == matrix.PAIR_COLUMNS
    assert matrix.cooccurrences(coded(), lines.iloc[:0], crowd(0), codes).empty


def test_code_in_a_sentence_that_is_not_there():
    with pytest.raises(ValueError, match="not among the sentences"):
        matrix.cooccurrences(
            coded(("I00", 9, "A_ONE"), ("I00", 1, "B_ONE")), sentences(["I00"], 2), crowd(1), BOOK, fewest=1
        )


@pytest.mark.parametrize(("size", "count"), [(5, 2), (5, 5), (4, 1), (6, 3)])
def test_every_choice_of_places_is_as_likely(size, count):
    drawn = matrix.choose(np.random.default_rng(0), size, count, 6000)
    assert all(len(set(row)) == count for row in drawn.tolist())
    sets = pd.Series(["".join(map(str, sorted(row))) for row in drawn.tolist()]).value_counts()
    every = ["".join(map(str, one)) for one in itertools.combinations(range(size), count)]
    assert set(sets.index) == set(every)
    assert len(every) == 1 or stats.chisquare(sets).pvalue > 0.001


def test_shuffles_of_people_follow_the_hypergeometric_distribution():
    rng = np.random.default_rng(1)
    present = np.zeros((20, 2), dtype=bool)
    present[rng.choice(20, 12, False), 0] = present[rng.choice(20, 9, False), 1] = True
    drawn = matrix.shuffled(present, [(0, 20)], [0], 4000, 1)[0, :, 0, 1]
    exact = stats.hypergeom(20, 12, 9)
    for together in range(4, 9):
        assert (drawn >= together).mean() == pytest.approx(exact.sf(together - 1), abs=0.03)


def test_shuffles_of_sentences_stay_within_their_interview():
    present = np.zeros((30, 2), dtype=bool)
    present[:4, 0], present[2:8, 1], present[12:20, 0], present[15:17, 1] = True, True, True, True
    blocks = [(0, 10), (12, 18)]  # two blank rows between
    drawn = matrix.shuffled(present, blocks, [0, 2], 3000, 2)
    exact = np.convolve(
        stats.hypergeom(10, 4, 6).pmf(np.arange(7)), stats.hypergeom(18, 8, 2).pmf(np.arange(3))
    )  # two interviews, independently
    seen = np.bincount(drawn[0, :, 0, 1], minlength=len(exact)) / 3000
    assert np.abs(seen - exact).max() < 0.03
    assert (drawn[0].diagonal(axis1=1, axis2=2) == present.sum(axis=0)).all()
    assert (drawn[1] >= drawn[0]).all()
    strata = np.repeat([1, 0, 2], [10, 2, 18])
    assert drawn[0].mean(axis=0)[0, 1] == pytest.approx(measured.expected_together(present, strata)[0, 1], abs=0.05)


def test_band_and_p_of_people_are_those_of_the_measure():
    rng = np.random.default_rng(5)
    asked = crowd(30)
    present = pd.DataFrame(rng.random((30, 3)) < 0.5, columns=list(BOOK.codes))
    marks = coded(*((f"I{n:02}", 1, code) for n in range(30) for code in present if present.loc[n, code]))
    found = matrix.cooccurrences(marks, sentences(asked["interview"], 1), asked, BOOK, shuffles=3000, fewest=1)
    found = found[(found["kind"] == "code") & (found["unit"] == "person")].reset_index(drop=True)
    other = measured.cooccurrence(present, draws=3000)
    mine = ["both", "first", "second", "c", "overlap"]
    np.testing.assert_allclose(found[mine], other[["n12", "n1", "n2", "c", "overlap"]])
    # Both bands are of random draws: their counts may differ by one.
    count = {
        name: (found["first"] + found["second"]) * found[name] / (1 + found[name]) for name in ("band_low", "band_high")
    }
    for name, limit in count.items():
        assert np.abs(limit - other[name]).max() <= 1 + 1e-9
    n = len(asked)
    exact = [stats.hypergeom(n, a, b).sf(k - 1) for k, a, b in found[["both", "first", "second"]].to_numpy()]
    assert found["p"].tolist() == pytest.approx(exact, abs=0.03)


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
    return marks, crowd(len(present), **columns), book(*codes)


def test_curve_of_random_orders_is_the_rarefaction_curve():
    present = np.random.default_rng(2).random((12, 30)) < 0.15
    orders = saturation.random_orders(12, 4000, np.random.default_rng(1))
    found = saturation.new_codes(present, orders).cumsum(axis=1)
    times = present.sum(axis=0)
    for size in range(1, 13):
        exact = (1 - special.comb(12 - times, size) / special.comb(12, size)).sum()
        assert found[:, size - 1].mean() == pytest.approx(exact, abs=0.1)
    rules, curve = saturation.saturate(*of_presence(present), orders=400)
    exact = [(1 - special.comb(12 - times, n) / special.comb(12, n)).sum() for n in range(1, 13)]
    assert np.abs(curve["median"] - exact).max() <= 1
    assert ((curve["low"] <= curve["median"]) & (curve["median"] <= curve["high"])).all()
    assert curve["found"].iloc[-1] == present.any(axis=0).sum()
    assert list(rules.columns) == saturation.RULE_COLUMNS and list(curve.columns) == saturation.CURVE_COLUMNS


def test_interviews_stand_in_the_order_held():
    present = presence("abcd", "", "", "", "", "e", "", "")
    marks, asked, codes = of_presence(present, held_on=[f"2025-11-{day:02}" for day in (8, 7, 6, 5, 4, 3, 2, 1)])
    rules, curve = saturation.saturate(marks, asked, codes, orders=20)
    assert curve["found"].dropna().tolist() == [1, 1, 1, 5]  # of fewer than five people it is not told
    assert set(curve["order_by"]) == {"the days they were held"}
    row = rules.set_index(["base", "run", "threshold"]).loc[(4, 2, 0.0)]
    assert (row["reported"], row["codes"], row["all_codes"], row["codes_percent"]) == ("4+2", 1, 5, 20)
    assert saturation.in_order(asked.assign(held_on=""))[1].startswith("their ids")
    given_, said = saturation.in_order(asked.assign(order=range(8)))
    assert given_["interview"].tolist() == asked["interview"].tolist() and said == "the list"
    steps = saturation.step_by_step(marks, asked, codes)
    assert steps["new"].tolist() == [0, 0, 1, 0, 0, 0, 0, 4]
    assert steps["interview"].iloc[0] == "I07" and list(steps.columns) == saturation.STEP_COLUMNS


def test_rules_that_cannot_be_judged_say_why():
    rules, _ = saturation.saturate(*of_presence(presence(*["abc"] * 7)), orders=10)
    by = rules.set_index(["base", "run", "threshold"])
    assert by.loc[(4, 2, 5.0), "reported"] == "4+2" and by.loc[(4, 2, 5.0), "new_percent"] == 0
    assert by.loc[(6, 2, 5.0), "note"] == "undefined: fewer than 8 interviews"
    assert pd.isna(by.loc[(6, 2, 5.0), "new_percent"])
    rules, _ = saturation.saturate(*of_presence(presence("", "", "", "", "", "", "", "", "a")), orders=10)
    assert set(rules[rules["base"] == 4]["note"]) == {"undefined: no code comes up in the base"}
    rules, _ = saturation.saturate(*of_presence(presence(*"abcdefgh")), orders=10)
    row = rules.iloc[0]
    assert row["note"] == "not reached: the last run still brings more"
    assert (row["orders_percent"], row["reported"], row["new_percent"]) == (0, "", 50)
    assert pd.isna(row["reached"]) and pd.isna(row["median"])
    rules, curve = saturation.saturate(coded(), crowd(0), BOOK)
    assert rules.empty and curve.empty


def test_small_cohorts_have_no_curve_of_their_own():
    present = np.random.default_rng(0).random((16, 8)) < 0.4
    marks, asked, codes = of_presence(present)
    _, curve = saturation.saturate(marks, asked.assign(cohort=["a"] * 8 + ["b"] * 6 + ["c"] * 2), codes, orders=10)
    # With a curve of b alone, that of c would have as many interviews as the rest.
    assert curve.groupby("cohort").size().to_dict() == {"a": 8, "all": 16, "b + c": 8}
    _, curve = saturation.saturate(marks, asked.assign(cohort=["a"] * 13 + ["b"] * 3), codes, orders=10)
    assert set(curve["cohort"]) == {"all"}
    assert set(saturation.step_by_step(marks, asked.assign(cohort=["a"] * 13 + ["b"] * 3), codes)["cohort"]) == {
        "all", "a", "b",
    }  # fmt: skip


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
    table, _ = matrix.summarise(marks, asked, names)
    pairs = matrix.cooccurrences(marks, lines, asked, names, shuffles=39)
    rules, curve = saturation.saturate(marks, asked, names, orders=40)
    small = table["people"] < 5
    table.loc[small, ["people", "percent", "sentences"]] = None
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
    for legend in fig.legends:
        yield "legend", legend.get_window_extent(draw)


ONE, MANY, WORDY = (1, 1, 6), (24, 12, 24), (8, 5, 24, LONG)


@pytest.mark.parametrize(
    ("name", "case"),
    [
        ("saturation", ONE), ("theme_groups", MANY), ("code_pairs", MANY), ("saturation", MANY),
        ("theme_groups", WORDY), ("code_pairs", WORDY),
    ],
)  # fmt: skip
def test_no_word_is_cut_or_written_over_another(name, case):
    ink.set_style()
    fig, alt = theme_figures.DRAWN[name](drawn_tables(*case), LABELS)
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


@pytest.mark.parametrize("name", theme_figures.DRAWN)
def test_nothing_to_draw_is_said(name):
    empty = {path: table.iloc[:0] for path, table in drawn_tables(1, 1, 6).items()}
    fig, alt = theme_figures.DRAWN[name](empty, LABELS)
    plt.close(fig)
    assert alt.endswith(".") and re.match(r"There are|No two|No code", alt)


# The coded page

EVIL = "Ein </p><script>alert(1)</script> Satz \N{GRINNING FACE} mit e\N{COMBINING ACUTE ACCENT} & \u202eum."


def page(codings=(), suggestions=(), final=None, lines=(EVIL, *SAID), **more):
    text, rows = talk("I<1>", lines)
    codings = pd.DataFrame(
        [{"coder": c, "interview": "I<1>", "code": k, "start": a, "end": b, "quote": text["text"][a:b]} for c, k, a, b in codings],
        columns=["coder", "interview", "code", "start", "end", "quote"],
    )  # fmt: skip
    suggested = pd.DataFrame(
        [{"interview": "I<1>", "segment": n, "code": k, "start": a, "end": b, "cue": "x*"} for n, k, a, b in suggestions],
        columns=["interview", "segment", "code", "start", "end", "cue"],
    )  # fmt: skip
    made = coded_page(
        pd.DataFrame([text]), pd.DataFrame(rows), BOOK, codings=codings, suggestions=suggested, final=final, **more
    )
    return made, text["text"], rows


def lines_of(made):
    """Return number, words, stripes (kind, lane, begins, ends) and names of every line of the page."""
    for row in re.findall(r'<div class="row.*?</div>', made):
        stripes = [
            (kind.split()[0], int(lane), "begins" in kind, "ends" in kind)
            for kind, lane in re.findall(r'<i class="([^"]*)" style="grid-column:(\d+)"', row)
        ]
        words = re.search(r'<p class="said">(.*?)</p>', row)[1]
        names = [re.sub("<[^>]*>", "", one) for one in re.findall(r"<li [^>]*>(.*?)</li>", row)]
        number = re.search(r'class="no">(\d*)<', row)[1]
        yield number, html.unescape(re.sub("<[^>]*>", "", words)), stripes, names


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
    assert lines[0][3] == ["Code A_ONE c1, c2"]  # the same sentences: one stripe of both
    assert lines[1][3] == ["Code B_ONE c1", "Code A_TWO dictionary: x*"]
    assert lines[0][2] == [("human", 1, True, False)]
    assert lines[1][2] == [("human", 1, False, False), ("human", 2, True, True), ("suggested", 3, True, True)]
    assert lines[2][2] == [("human", 1, False, True)]
    assert lines[3][2] == []
    assert "--lanes:3" in made


def test_final_codes_of_neighbouring_sentences_are_one_stripe():
    final = pd.DataFrame([("I<1>", n, "A_ONE") for n in (2, 3, 5)], columns=["interview", "segment", "code"])
    made, _text, _rows = page(final=final)
    lines = list(lines_of(made))[1:]
    assert [line[2] for line in lines] == [
        [], [("final", 1, True, False)], [("final", 1, False, True)], [], [("final", 1, True, True)], [],
    ]  # fmt: skip
    assert lines[1][3] == ["Code A_ONE final"]


@repeated
@given(st.lists(st.tuples(st.integers(0, 90), st.integers(1, 60), st.sampled_from(list(BOOK.codes))), max_size=8))
def test_stripes_of_a_lane_never_meet(spans):
    end = len(page()[1])
    made, _text, _rows = page([(f"c{n}", code, a, min(end, a + size)) for n, (a, size, code) in enumerate(spans)])
    open_lanes = set()
    for _number, _words, stripes, _names in lines_of(made):
        lanes = [lane for _kind, lane, *_ in stripes]
        assert len(set(lanes)) == len(lanes)
        assert open_lanes <= set(lanes)
        for _kind, lane, begins, _ends in stripes:
            assert begins == (lane not in open_lanes)
        open_lanes = {lane for _kind, lane, _begins, ends in stripes if not ends}
    assert not open_lanes


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
