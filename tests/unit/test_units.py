"""Coders compared at three units, alpha for unitizing, co-occurrence, and the way from codings to final codes."""

from __future__ import annotations

import csv
import re
from functools import cache
from itertools import pairwise
from math import comb
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from piloteval.errors import ConfigError, ContractError
from piloteval.measures import agreement, cooccurrence, resample, unitizing
from piloteval.qualitative import reconcile, units
from piloteval.qualitative.codebook import Code, Codebook

REFERENCE = Path(__file__).resolve().parents[1] / "reference"
repeated = settings(max_examples=20, deadline=None, derandomize=True, database=None)
seldom = settings(repeated, max_examples=6)

CODES = ("A_ONE", "A_TWO", "B_ONE")
BOOK = Codebook("1", "unconfirmed", {"A": "Theme A", "B": "Theme B"}, {c: Code(c, c[0], c, "", {}) for c in CODES})
NOTHING = pd.DataFrame({"interview": [], "segment": [], "code": []})


def reference(name):
    """Return expected value and data set of the one row with an id."""
    for file in sorted(REFERENCE.glob("*_expected.csv")):
        with file.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                if row["id"] == name:
                    return float(row["expected"]), row["dataset"]
    raise KeyError(name)


def passages(*rows, columns=("coder", "interview", "code", "start", "end")):
    return pd.DataFrame(rows, columns=list(columns))


def lines(interviews=("I1",), count=3, length=10):
    """Return sentences of ten characters with a blank between them, and the texts they stand in."""
    words = [chr(ord("a") + number) * length for number in range(count)]
    rows = [
        (name, number + 1, number * (length + 1), number * (length + 1) + length, words[number])
        for name in interviews
        for number in range(count)
    ]
    table = pd.DataFrame(rows, columns=["interview", "segment", "start", "end", "text"])
    return table, dict.fromkeys(interviews, " ".join(words))


def compared(codings, segments, texts, machines=None, draws=30, **options):
    lengths = {name: len(text) for name, text in texts.items()}
    found, counts = units.compare_coders(codings, machines or {}, segments, lengths, BOOK, draws=draws, **options)
    keys = ["pair", "unit", "code", "measure"]
    return found.set_index(keys).sort_index(), counts.set_index(keys[:3]).sort_index()


def sentence(coder, number, code="A_ONE", interview="I1"):
    return (coder, interview, code, 11 * (number - 1), 11 * (number - 1) + 10)


# Printed examples


@pytest.mark.parametrize(
    ("name", "measure", "counts"),
    [
        ("nvivo_doc.percent_agreement", "percent", r"(\d+) both, (\d+) (?:one), ()(\d+) none"),
        ("char_kappa.1000_50_100_50_800.kappa", "kappa", r"both (\d+), A only (\d+), B only (\d+), none (\d+)"),
    ],
)
def test_characters_are_counted_as_nvivo_does(name, measure, counts):
    expected, dataset = reference(name)
    both, first, second, neither = (int(count or 0) for count in re.search(counts, dataset).groups())
    size = both + first + second + neither
    codings = passages(
        ("a", "I1", "A_ONE", 100, 100 + first + both),
        ("b", "I1", "A_ONE", 100 + first, 100 + first + both + second),
    )
    segments = pd.DataFrame({"interview": ["I1"], "segment": [1], "start": [0], "end": [20]})
    table, amounts = compared(codings, segments, {"I1": "x" * size}, draws=0)
    assert amounts.loc[
        ("a and b", "character", "A_ONE"), ["both", "first_only", "second_only", "neither"]
    ].tolist() == [
        both,
        first,
        second,
        neither,
    ]
    assert table.loc[("a and b", "character", "A_ONE", measure), "estimate"] == pytest.approx(expected)


@pytest.mark.parametrize(("name", "measure"), [("alpha", "alpha"), ("pa", "percent")])
def test_sentences_are_counted_as_atlas_ti_does(name, measure):
    expected, dataset = reference(f"atlasti_doc.kripp_alpha_binary.{name}")
    segments, texts = lines(count=10)
    codings = passages(
        *(
            sentence(coder, number + 1)
            for coder, digits in zip("ab", dataset.split(" v "), strict=True)
            for number, digit in enumerate(digits)
            if digit == "1"
        )
    )
    table, _ = compared(codings, segments, texts, draws=0)
    assert table.loc[("a and b", "sentence", "A_ONE", measure), "estimate"] == pytest.approx(expected)


# Coefficients beside those of single ratings

cells = st.lists(st.integers(0, 9), min_size=4, max_size=4).filter(lambda some: sum(some) > 1)


def rated(table):
    """Return ratings of units from a table both, first, second, neither."""
    return np.repeat([[1, 1], [1, 0], [0, 1], [0, 0]], table, axis=0)


def value(statistic):
    return np.nan if statistic.estimate is None else statistic.estimate


@repeated
@given(cells)
def test_coefficients_of_two_are_those_of_single_ratings(table):
    found = units.pair_coefficients(np.array(table))
    ratings = rated(table)
    same = {"nan_ok": True, "abs": 1e-12}
    assert found["percent"] == pytest.approx(value(agreement.percent_agreement(ratings)), **same)
    assert found["kappa"] == pytest.approx(value(agreement.cohen_kappa(ratings[:, 0], ratings[:, 1])), **same)
    assert found["ac1"] == pytest.approx(value(agreement.gwet_ac1(ratings, [0, 1])), **same)
    assert found["alpha"] == pytest.approx(value(agreement.krippendorff_alpha(ratings, draws=0)), **same)
    precision, recall = found["precision"], found["recall"]
    if np.isfinite(precision) and np.isfinite(recall) and table[0]:
        assert found["f1"] == pytest.approx(2 / (1 / precision + 1 / recall))


@pytest.fixture(scope="module")
def several():
    """Return codings of three coders in six interviews, who each left out some of them."""
    rng = np.random.default_rng(4)
    segments, texts = lines([f"I{number}" for number in range(6)], count=8)
    left_out = {("a", "I0"), ("b", "I1"), ("c", "I1"), ("c", "I2")}
    base = rng.random((len(segments), len(CODES))) < [0.3, 0.1, 0.5]
    rows = []
    for coder in "abc":
        given_by = base ^ (rng.random(base.shape) < 0.12)
        for (row, code), present in np.ndenumerate(given_by):
            one = segments.iloc[row]
            if present and (coder, one["interview"]) not in left_out:
                rows.append(sentence(coder, one["segment"], CODES[code], one["interview"]))
    listed = pd.DataFrame(
        [(coder, name) for coder in "abc" for name in texts if (coder, name) not in left_out],
        columns=["coder", "interview"],
    )
    return passages(*rows), segments, texts, listed


def ratings_of(codings, segments, listed, code, coders="abc"):
    """Return sentences by coders with 0 and 1, NaN where a coder did not work, and the interview of each."""
    keys = list(zip(segments["interview"], segments["start"], strict=True))
    done = set(map(tuple, listed.to_numpy()))
    given_by = {
        coder: set(zip(some["interview"], some["start"], strict=True))
        for coder, some in codings[codings["code"] == code].groupby("coder")
    }
    frame = pd.DataFrame(
        {
            coder: [float(key in given_by[coder]) if (coder, key[0]) in done else np.nan for key in keys]
            for coder in coders
        }
    )
    enough = frame.notna().sum(axis=1) >= 2
    return frame[enough].reset_index(drop=True), segments["interview"][enough].reset_index(drop=True)


@pytest.mark.parametrize("code", CODES)
def test_all_people_are_compared_as_raters_with_missing_ratings(several, code):
    codings, segments, texts, listed = several
    table, _ = compared(codings, segments, texts, worked=listed, draws=0)
    rows = table.loc[(units.EVERYBODY, "sentence", code), "estimate"]
    ratings, _ = ratings_of(codings, segments, listed, code)
    assert rows["percent"] == pytest.approx(agreement.percent_agreement(ratings).estimate)
    assert rows["fleiss"] == pytest.approx(agreement.fleiss_kappa(ratings).estimate)
    assert rows["ac1"] == pytest.approx(agreement.gwet_ac1(ratings, [0, 1]).estimate)
    assert rows["alpha"] == pytest.approx(agreement.krippendorff_alpha(ratings, draws=0).estimate)
    assert rows["prevalence"] == pytest.approx(ratings.mean(axis=1).mean())
    note = table.loc[(units.EVERYBODY, "character", code, "u_alpha"), "note"]
    assert note == "undefined: the number of coders differs between interviews"


@pytest.mark.parametrize("code", CODES)
def test_intervals_are_those_of_drawn_interviews(several, code):
    codings, segments, texts, listed = several
    table, _ = compared(codings, segments, texts, worked=listed, draws=300, seed=5)
    row = table.loc[("a and b", "sentence", code, "alpha")]
    ratings, interviews = ratings_of(codings, segments, listed, code, "ab")
    single = agreement.krippendorff_alpha(ratings, draws=300, seed=5, clusters=interviews)
    assert row["estimate"] == pytest.approx(single.estimate)
    assert row["ci_low"] == pytest.approx(single.ci_low)
    assert row["ci_high"] == pytest.approx(single.ci_high)
    assert row["ci_method"] == "percentile bootstrap of 300 draws of interviews, 95 %"
    assert row["note"].endswith("from 4 interviews, the interval is rough")
    assert (row["interviews"], row["n"], row["n_dropped"]) == (4, 32, 16)
    assert row["dropped_reason"] == "in interviews only one of the two worked on"


def test_same_seed_same_table(several):
    codings, segments, texts, listed = several
    once, again = (compared(codings, segments, texts, worked=listed, draws=50)[0] for _ in range(2))
    pd.testing.assert_frame_equal(once, again)
    other, _ = compared(codings.sample(frac=1, random_state=1), segments, texts, worked=listed, draws=50)
    pd.testing.assert_frame_equal(once, other)


def test_many_percentile_intervals_at_once():
    rng = np.random.default_rng(2)
    draws = rng.normal(size=(5, 400))
    draws[1, :10], draws[2, :200], draws[3] = np.nan, np.nan, 0.25
    low, high, notes = units.percentile_intervals(draws, 0.9)
    for row in range(5):
        single = resample.percentile_interval(draws[row], 0.9)
        limits = tuple(None if np.isnan(one) else pytest.approx(one) for one in (low[row], high[row]))
        assert (*limits, notes[row]) == single


# From passages to units

spans = st.lists(
    st.tuples(st.sampled_from("ab"), st.sampled_from(["I1", "I2"]), st.sampled_from(CODES), st.integers(0, 31)).flatmap(
        lambda one: st.integers(one[3] + 1, 32).map(lambda end: (*one, end))
    ),
    max_size=14,
)


def painted(rows, size=32):
    """Return which characters each coder gave each code in each interview, one by one."""
    marked = {}
    for coder, interview, code, start, end in rows:
        marked.setdefault((coder, interview, code), np.zeros(size, dtype=bool))[start:end] = True
    return lambda *key: marked.get(key, np.zeros(size, dtype=bool))


@repeated
@given(spans)
def test_characters_are_counted_one_by_one(rows):
    layer = units.characters(passages(*rows), {"I1": 32, "I2": 40}, ("a", "b"), CODES)
    table, of = layer.table("a", "b"), painted(rows, 40)
    for place, interview in enumerate(("I1", "I2")):
        size = layer.sizes[place]
        for number, code in enumerate(CODES):
            one, other = of("a", interview, code), of("b", interview, code)
            both = (one & other).sum()
            expected = [both, one.sum() - both, other.sum() - both, size - (one | other).sum()]
            assert table[place, number].tolist() == expected


@seldom
@given(spans)
def test_cases_are_coded_or_not(rows):
    layer = units.marks("case", passages(*rows), {"I1": 1, "I2": 1}, ("a", "b"), CODES)
    coded = {row[:3] for row in rows}
    for (place, number), _ in np.ndenumerate(np.empty((2, 3))):
        one, other = ((coder, ("I1", "I2")[place], CODES[number]) in coded for coder in "ab")
        expected = [one and other, one and not other, other and not one, not one and not other]
        assert layer.table("a", "b")[place, number].tolist() == expected


@seldom
@given(spans)
def test_sentence_has_a_code_by_half(rows):
    segments, _ = lines(["I1", "I2"])
    found = units.coded_sentences(passages(*rows), segments.sample(frac=1, random_state=2))
    expected = set()
    for coder, interview, code, start, end in rows:
        for one in segments[segments["interview"] == interview].to_dict("records"):
            shared = min(end, one["end"]) - max(start, one["start"])
            if shared > 0 and 2 * shared >= min(end - start, 10):
                expected.add((coder, interview, one["segment"], code))
    assert list(map(tuple, found.to_numpy().tolist())) == sorted(expected)


def test_passages_that_overlap_become_one_and_those_that_touch_stay_two():
    rows = [("a", "I1", "A_ONE", *span) for span in [(0, 4), (2, 8), (3, 5), (8, 9), (12, 15), (12, 14)]]
    other = [("a", "I1", "A_TWO", 1, 3), ("b", "I1", "A_ONE", 1, 3)]
    merged = units.merge_passages(passages(*rows, *other))
    assert merged.to_numpy().tolist() == [
        ["a", "I1", "A_ONE", 0, 8],
        ["a", "I1", "A_ONE", 8, 9],
        ["a", "I1", "A_ONE", 12, 15],
        ["a", "I1", "A_TWO", 1, 3],
        ["b", "I1", "A_ONE", 1, 3],
    ]


def test_passage_outside_of_its_text():
    with pytest.raises(ValueError, match="outside of its text"):
        units.characters(passages(("a", "I1", "A_ONE", 5, 33)), {"I1": 32}, ("a",), CODES)


# Tables of coders


def test_machine_is_measured_by_the_person():
    segments, texts = lines(count=6)
    codings = passages(*(sentence("a", number) for number in (1, 2, 3)))
    suggested = pd.DataFrame(
        {"interview": "I1", "segment": [2, 3, 4, 4], "code": ["A_ONE"] * 3 + ["A_TWO"], "cue": "x"}
    )
    table, counts = compared(codings, segments, texts, {"dictionary": suggested})
    pair = "a and dictionary"
    rows = table.loc[(pair, "sentence", "A_ONE")]
    assert set(table["pair_kind"]) == {"person and dictionary"}
    assert rows.loc[["precision", "recall", "f1"], "estimate"].tolist() == pytest.approx([2 / 3, 2 / 3, 2 / 3])
    assert rows.loc[["precision", "recall", "f1", "percent"], "n"].tolist() == [3, 3, 4, 6]
    # All codes: two hits, two suggestions too many, one missed.
    pooled = table.loc[(pair, "sentence", "all"), "estimate"]
    assert (pooled["precision"], pooled["recall"], pooled["f1"]) == pytest.approx((2 / 4, 2 / 3, 4 / 7))
    assert counts.loc[(pair, "sentence", "all"), ["both", "first_only", "second_only", "units"]].tolist() == [
        2,
        1,
        2,
        18,
    ]
    # The machine codes whole sentences: 20 of its 30 characters lie within the person's 30.
    assert table.loc[(pair, "character", "A_ONE", "precision"), "estimate"] == pytest.approx(2 / 3)
    assert table.loc[(pair, "sentence", "A_TWO", "recall"), "note"] == "undefined: a gave the code to nothing"
    assert table.loc[(pair, "sentence", "B_ONE", "f1"), "note"] == "undefined: nobody used the code"
    assert (table["ci_method"] == "").all()
    assert rows.loc["kappa", "note"] == "fewer than two interviews, no interval"


def test_two_people_have_neither_precision_nor_recall():
    codings = passages(sentence("a", 1), sentence("b", 1), sentence("b", 2))
    table, _ = compared(codings, *lines())
    measures = set(table.index.get_level_values("measure"))
    assert {"precision", "recall"}.isdisjoint(measures)
    assert table.loc[("a and b", "sentence", "A_ONE", "f1"), "estimate"] == pytest.approx(2 / 3)


def test_undefined_has_a_reason():
    codings = passages(
        sentence("a", 1), sentence("b", 1), *(sentence(who, one, "A_TWO") for who in "ab" for one in (1, 2, 3))
    )
    table, _ = compared(codings, *lines())
    nobody = table.loc[("a and b", "sentence", "B_ONE")]
    assert nobody.loc["percent", "estimate"] == 1
    assert nobody.loc["ac1", "estimate"] == 1
    assert nobody.loc[["kappa", "alpha", "f1"], "estimate"].isna().all()
    assert nobody.loc["kappa", "note"] == "undefined: agreement 100 %, nobody used the code"
    everywhere = table.loc[("a and b", "sentence", "A_TWO")]
    assert everywhere.loc[["kappa", "alpha"], "estimate"].isna().all()
    assert everywhere.loc["alpha", "note"] == "undefined: agreement 100 %, all gave the code to everything"
    assert everywhere.loc["f1", "estimate"] == 1
    case = table.loc[("a and b", "case", "A_ONE")]
    assert case.loc["kappa", "note"] == "undefined: fewer than two units rated by at least two raters"
    # The mean takes the codes that were used and have a value: A_ONE alone for kappa, two for percent.
    mean = table.loc[("a and b", "sentence", "mean")]
    assert mean.loc[["kappa", "percent"], "n"].tolist() == [1, 2]
    assert mean.loc[["kappa", "percent"], "n_dropped"].tolist() == [2, 1]
    assert mean.loc["kappa", "method"] == "mean over codes of Cohen's kappa (unweighted)"
    for note in table.loc[table["estimate"].isna(), "note"]:
        assert note.startswith("undefined: ")


def test_two_who_share_no_interview_are_said_to():
    segments, texts = lines(["I1", "I2"])
    table, counts = compared(passages(sentence("a", 1), sentence("b", 1, interview="I2")), segments, texts)
    assert set(table.index.get_level_values("code")) == {"all"}
    assert set(table["note"]) == {"undefined: no interview both worked on"}
    assert counts["units"].sum() == 0


def test_list_of_who_worked_on_what_decides():
    segments, texts = lines(["I1", "I2", "I3"])
    codings = passages(
        sentence("a", 1), sentence("b", 1), sentence("a", 2, interview="I2"), sentence("a", 1, interview="I3")
    )
    assumed, _ = compared(codings, segments, texts)
    assert assumed.loc[("a and b", "case", "A_ONE", "percent"), "interviews"] == 1
    listed = pd.DataFrame({"coder": ["a", "b", "a", "b"], "interview": ["I1", "I1", "I2", "I2"]})
    table, _ = compared(codings, segments, texts, worked=listed)
    row = table.loc[("a and b", "case", "A_ONE", "percent")]
    # b read I2 and found nothing, a coded it; what a began in I3 does not count.
    assert (row["interviews"], row["estimate"], row["n_dropped"]) == (2, 0.5, 0)


def test_nobody_coded():
    segments, texts = lines()
    table, counts = compared(passages(), segments, texts, {"dictionary": NOTHING})
    assert len(table) == len(counts) == 0


def test_person_under_the_name_of_a_machine_is_no_person():
    segments, texts = lines()
    codings = passages(sentence("a", 1), sentence("dictionary", 1))
    table, _ = compared(codings, segments, texts, {"dictionary": NOTHING})
    assert set(table["first"]) == {"a"}


def test_numbers_of_few_people_are_withheld():
    names = [f"I{number}" for number in range(6)]
    segments, texts = lines(names)
    rows = [sentence(who, 1, "A_ONE", name) for who in "ab" for name in names]
    rows += [sentence(who, 2, "A_TWO", name) for who, some in (("a", names), ("b", names[:5])) for name in some]
    rows += [sentence("a", 3, "B_ONE", name) for name in names[:2]]
    lengths = {name: len(text) for name, text in texts.items()}
    for table in units.compare_coders(passages(*rows), {}, segments, lengths, BOOK, draws=20):
        people = table.drop_duplicates("code").set_index("code")["people_with"]
        assert people[[*CODES, "all"]].tolist() == [6, 5, 2, 6]
        shown = units.withhold(table, 5)
        numbers = shown["n" if "n" in shown else "units"]
        # One code is under the floor; what is shown of all codes would give it away, so a second is withheld.
        assert set(shown.loc[numbers.isna(), "code"]) == {"A_TWO", "B_ONE"}
        assert set(shown.loc[numbers.isna(), "note"]) == {"withheld: fewer than 5 people, or protects such a cell"}
        assert (
            shown.loc[shown["code"].isin(["A_ONE", "all", "mean"])]
            .drop(columns="people_with")
            .equals(
                table.loc[table["code"].isin(["A_ONE", "all", "mean"])]
                .drop(columns="people_with")
                .astype(shown.drop(columns="people_with").dtypes)
            )
        )
        assert units.withhold(table, 0) is table
        assert list(table.columns) == list(units.AGREEMENT if "n" in table else units.COUNTS)


# Alpha for unitizing

#: The four examples of Krippendorff (1995), Sociological Methodology 25, p. 57, on a continuum of 24.
PRINTED = {
    "A": ([(2, 10), (14, 20)], [(4, 8), (15, 17)]),
    "B": ([(0, 18)], [(0, 2), (2, 3), (3, 4), (4, 5), (5, 6), (6, 9), (9, 10)]),
    "C": ([(2, 8), (10, 12), (14, 18), (20, 22)], [(0, 2), (4, 8), (10, 14), (16, 18), (20, 22)]),
    "D": ([(0, 2), (2, 10), (10, 14), (14, 20), (20, 24)], [(0, 4), (4, 8), (8, 15), (15, 17), (17, 24)]),
}


def stretched(name, length):
    return [np.array(units_) * length // 24 for units_ in PRINTED[name]]


@pytest.mark.parametrize(("name", "observed"), [("A", 0.03125), ("B", 2.26736), ("C", 0.02777), ("D", 0.38715)])
@pytest.mark.parametrize("length", [24, 240, 1_200_000])
def test_observed_disagreement_as_printed(name, observed, length):
    # Printed with five decimals, of C cut off.
    assert unitizing.alpha_u_disagreements(stretched(name, length), length)[0] == pytest.approx(observed, abs=1e-5)


@pytest.mark.parametrize(
    ("name", "length", "expected", "alpha"),
    # The numbers as DKPro Statistics quotes them in its test Krippendorff1995Test. What is printed for B and for longer
    # continua of C comes from the formula of 1995, which that test holds to be misprinted and the book of 2004 has not;
    # it differs from ours, as from DKPro's, by up to 5 %.
    [("A", 1_200_000, 0.06990, 0.553), ("D", 1_200_000, 0.41445, 0.066), ("C", 12, 0.05494, 0.494)],
)
def test_expected_disagreement_and_alpha_u_as_printed(name, length, expected, alpha):
    coders = stretched(name, length)
    assert unitizing.alpha_u_disagreements(coders, length)[1] == pytest.approx(expected, abs=5.1e-6)
    assert unitizing.alpha_u(coders, length).estimate == pytest.approx(alpha, abs=5.1e-4)


def cut(marked):
    """Return the units of a row of 0 and 1, every run of 1 one unit."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], marked, [0]])))
    return edges.reshape(-1, 2)


rows_of_marks = st.integers(2, 3).flatmap(
    lambda m: st.lists(st.lists(st.integers(0, 1), min_size=12, max_size=12), min_size=m, max_size=m)
)


def alpha_u_step_by_step(coders, length, breaks=()):
    """Return the disagreements with sections laid out one by one, as the formula has them."""
    edges = [0, *breaks, length]
    sections = []
    for units_ in coders:
        points = sorted({*edges, *(place for unit in units_ for place in unit)})
        starts = {int(unit[0]) for unit in units_}
        inside = [any(a <= one < b for a, b in units_) for one in points[:-1]]
        # Points within a unit do not occur, as units end at breaks.
        sections.append([(a, b, w) for (a, b), w in zip(pairwise(points), inside, strict=True)])
        assert starts <= set(points)
    m, observed = len(coders), 0.0
    for i in range(m):
        for j in range(m):
            for b, e, w in sections[i] if i != j else ():
                for c, f, v in sections[j]:
                    if w and v and b < f and c < e:
                        observed += (b - c) ** 2 + (e - f) ** 2
                    elif w and not v and c <= b and e <= f:
                        observed += (e - b) ** 2
                    elif v and not w and b <= c and f <= e:
                        observed += (f - c) ** 2
    lengths = [e - b for some in sections for b, e, w in some if w]
    gaps = [e - b for some in sections for b, e, w in some if not w]
    total = sum(
        (len(lengths) - 1) / 3 * (2 * one**3 - 3 * one**2 + one)
        + one**2 * sum(gap - one + 1 for gap in gaps if gap >= one)
        for one in lengths
    )
    pairs = m * length * (m * length - 1) - sum(one * (one - 1) for one in lengths)
    return observed / (m * (m - 1) * length**2), 2 / length * total / pairs


@repeated
@given(rows_of_marks, st.sampled_from([(), (5,), (3, 7)]))
def test_alpha_u_step_by_step(marked, breaks):
    edges = [0, *breaks, 12]
    coders = [np.concatenate([cut(row[a:b]) + a for a, b in pairwise(edges)]) for row in np.array(marked)]
    assume(all(len(one) for one in coders))
    found = unitizing.alpha_u_disagreements(coders, 12, breaks)
    assert found == pytest.approx(alpha_u_step_by_step(coders, 12, breaks))


@repeated
@given(rows_of_marks)
def test_units_of_one_character_give_the_alpha_of_characters(marked):
    coders = [np.array([(at, at + 1) for at, one in enumerate(row) if one]).reshape(-1, 2) for row in marked]
    single = agreement.krippendorff_alpha(np.array(marked).T, draws=0)
    found = unitizing.u_alpha(coders, 12)
    assert value(found) == pytest.approx(value(single), nan_ok=True)


@repeated
@given(rows_of_marks, st.randoms(use_true_random=False))
def test_u_alpha_of_one_code_from_its_sums(marked, random):
    coders = [cut(row) for row in marked]
    found = unitizing.u_alpha(coders, 12)
    k, m = np.array(marked).sum(axis=0), len(marked)
    squares = sum(((one[:, 1] - one[:, 0]) ** 2).sum() for one in coders)
    sums = unitizing.u_alpha_of_code((k * (m - k)).sum() / (m - 1), k.sum(), m * 12, squares)
    assert float(sums) == pytest.approx(value(found), nan_ok=True)
    random.shuffle(coders)
    assert value(unitizing.u_alpha(coders, 12)) == pytest.approx(value(found), nan_ok=True)


valued = st.lists(
    st.lists(st.tuples(st.integers(1, 4), st.integers(0, 3)), min_size=1, max_size=5), min_size=2, max_size=2
)


@repeated
@given(valued)
def test_u_alpha_and_cu_alpha_step_by_step(sections):
    length = max(sum(size for size, _ in one) for one in sections)
    coders, values, rows = [], [], []
    for one in sections:
        row, start, units_, of_units = [0] * length, 0, [], []
        for size, number in one:
            if number:
                units_.append((start, start + size))
                of_units.append(number)
                row[start : start + size] = [number] * size
            start += size
        coders.append(np.array(units_).reshape(-1, 2))
        values.append(of_units)
        rows.append(row)

    def alpha(pairs, squares):
        """One less observed over expected disagreement, from the values of every character and what is left out."""
        margin = {c: sum(pair.count(c) for pair in pairs) for c in range(4)}
        total = sum(margin.values())
        expected = sum(margin[c] * margin[k] for c in margin for k in margin if c != k) * total
        expected /= total**2 - sum(squares.values())
        return 1 - 2 * sum(a != b for a, b in pairs) / expected if expected else np.nan

    pairs = list(zip(*rows, strict=True))
    squares = {0: sum(row.count(0) for row in rows)}
    met, of_met = {}, [pair for pair in pairs if all(pair)]
    for number, other in ((0, 1), (1, 0)):
        for (start, end), given_ in zip(coders[number], values[number], strict=True):
            squares[given_] = squares.get(given_, 0) + (end - start) ** 2
            met[given_] = met.get(given_, 0) + sum(map(bool, rows[other][start:end])) ** 2
    used = len({one for pair in pairs for one in pair})
    if used > 1:
        assert value(unitizing.u_alpha(coders, length, values)) == pytest.approx(alpha(pairs, squares))
    found = unitizing.cu_alpha(coders, length, values)
    assert (found.n, found.n_dropped) == (len(of_met), length - len(of_met))
    if len({one for pair in of_met for one in pair}) > 1:
        assert found.estimate == pytest.approx(alpha(of_met, met))
    else:
        assert found.estimate is None
        assert found.note.startswith("undefined: ")
    # Other names of the values change nothing.
    renamed = [[4 - one for one in some] for some in values]
    assert value(unitizing.u_alpha(coders, length, renamed)) == pytest.approx(
        value(unitizing.u_alpha(coders, length, values)), nan_ok=True
    )


@pytest.mark.parametrize("name", ["A", "B", "C"])
def test_full_agreement_is_one(name):
    for one in PRINTED[name]:
        assert unitizing.alpha_u([one, one, one], 24).estimate == 1
        assert unitizing.u_alpha([one, one, one], 24).estimate == pytest.approx(1)
    values = [range(1, 1 + len(one)) for one in PRINTED["C"]]
    assert unitizing.cu_alpha([PRINTED["C"][0]] * 2, 24, [values[0]] * 2).estimate == pytest.approx(1)


def test_values_agree_although_units_do_not():
    coders, values = [[(0, 10), (20, 30)], [(4, 12), (24, 26)]], [[1, 2], [1, 2]]
    assert unitizing.u_alpha(coders, 40, values).estimate < 0.7
    assert unitizing.cu_alpha(coders, 40, values).estimate == pytest.approx(1)


def test_undefined_unitizing():
    assert unitizing.alpha_u([[], []], 9).note == "undefined: nobody marked anything"
    assert unitizing.u_alpha([[], []], 9).note == "undefined: nobody marked anything"
    assert unitizing.u_alpha([[(0, 9)], [(0, 4), (4, 9)]], 9).note == "undefined: everybody marked everything"
    assert unitizing.alpha_u([[(0, 3)]], 9).note == "undefined: fewer than two coders"
    assert unitizing.cu_alpha([[(0, 3)], [(3, 9)]], 9, [[1], [2]]).note == "undefined: no character that both marked"


@pytest.mark.parametrize(
    ("coders", "options"),
    [
        ([[(0, 3), (2, 5)], []], {}),
        ([[(3, 3)], []], {}),
        ([[(5, 12)], []], {}),
        ([[(2, 6)], []], {"breaks": [4]}),
        ([[(2, 3)], []], {"breaks": [11]}),
    ],
)
def test_units_that_divide_no_continuum(coders, options):
    with pytest.raises(ValueError, match=r"unit|break"):
        unitizing.alpha_u(coders, 10, **options)
    with pytest.raises(ValueError, match="two coders"):
        unitizing.cu_alpha([[], [], []], 10, [[], [], []])


@seldom
@given(spans)
def test_unitizing_in_the_table_is_that_of_texts_behind_each_other(rows):
    codings = passages(*rows)
    segments, texts = lines(["I1", "I2"])
    listed = pd.DataFrame({"coder": ["a", "a", "b", "b"], "interview": ["I1", "I2"] * 2})
    table, _ = compared(codings, segments, texts, worked=listed, draws=0)
    merged = units.merge_passages(codings) if rows else codings
    for code in CODES:
        coders = []
        for coder in "ab":
            here = merged[(merged["coder"] == coder) & (merged["code"] == code)]
            shift = 32 * (here["interview"] == "I2").to_numpy(dtype=int)
            coders.append(np.column_stack([here["start"] + shift, here["end"] + shift]).astype(int).reshape(-1, 2))
        found = table.loc[("a and b", "character", code), "estimate"]
        assert found["u_alpha"] == pytest.approx(value(unitizing.u_alpha(coders, 64)), nan_ok=True)
        assert found["alpha_u"] == pytest.approx(value(unitizing.alpha_u(coders, 64, [32])), nan_ok=True)


# Co-occurrence


def test_pairs_of_codes():
    present = pd.DataFrame({"x": [1, 1, 1, 0, 0, 0], "y": [1, 1, 0, 1, 0, 0], "z": [0] * 6})
    table = cooccurrence.cooccurrence(present, draws=200).set_index(["first", "second"])
    pair = table.loc[("x", "y")]
    assert pair[["n", "n1", "n2", "n12"]].tolist() == [6, 3, 3, 2]
    assert (pair["c"], pair["overlap"], pair["expected"]) == pytest.approx((2 / 4, 2 / 3, 3 * 3 / 6))
    assert (pair["c"], pair["overlap"]) == (
        cooccurrence.c_coefficient(3, 3, 2).estimate,
        cooccurrence.overlap_coefficient(3, 3, 2).estimate,
    )
    assert table.loc[("x", "z"), "note"] == "undefined: one of the two codes was not given"
    assert table.loc[("x", "z"), ["overlap", "band_low", "c_high"]].isna().all()
    assert list(cooccurrence.cooccurrence(present.iloc[:, :1]).columns) == list(cooccurrence.COLUMNS)


def test_codes_nobody_gave_have_no_coefficient():
    assert cooccurrence.c_coefficient(0, 0, 0).note == "undefined: neither code was given"
    assert cooccurrence.overlap_coefficient(0, 0, 0).note == "undefined: neither code was given"
    assert cooccurrence.overlap_coefficient(0, 4, 0).note == "undefined: one of the two codes was not given"
    with pytest.raises(ValueError, match="no more units"):
        cooccurrence.c_coefficient(3, 5, 4)


def test_band_is_that_of_the_hypergeometric_distribution():
    present = np.zeros((40, 2), dtype=int)
    present[:18, 0], present[10:25, 1] = 1, 1
    dealt = cooccurrence.permuted_together(present, draws=2000)
    assert set(dealt[:, 0, 0]) == {18}
    exact = np.array([comb(18, k) * comb(22, 15 - k) / comb(40, 15) for k in range(16)])
    counted = np.bincount(dealt[:, 0, 1].astype(int), minlength=16) / 2000
    assert np.abs(np.cumsum(counted) - np.cumsum(exact)).max() < 1.63 / np.sqrt(2000)  # Kolmogorov, 1 %
    assert cooccurrence.expected_together(present)[0, 1] == pytest.approx(exact @ np.arange(16))


def test_codes_of_one_cohort_only_seem_to_belong_together_without_strata():
    rng = np.random.default_rng(3)
    cohort = np.repeat([0, 1], 30)
    present = pd.DataFrame((rng.random((60, 2)) < np.where(cohort, 0.8, 0.05)[:, None]).astype(int), columns=["x", "y"])
    assert cooccurrence.cooccurrence(present)["beyond"].tolist() == ["above"]
    within = cooccurrence.cooccurrence(present, strata=cohort)
    assert within["beyond"].tolist() == ["within"]
    assert within.equals(cooccurrence.cooccurrence(present, strata=cohort))
    one, other = present["x"].to_numpy(), present["y"].to_numpy()
    expected = sum(one[cohort == c].sum() * other[cohort == c].sum() / 30 for c in (0, 1))
    assert within["expected"].tolist() == pytest.approx([expected])
    with pytest.raises(ValueError, match="one stratum"):
        cooccurrence.permuted_together(present, strata=[1, 2])


# Final codes


def decision(number, keep, code="A_ONE", interview="I1", **cells_):
    return {
        "interview": interview,
        "segment": number,
        "code": code,
        "decision": keep,
        "decided_by": "arbiter-1",
        "decided_on": "2025-03-01",
        "reason": "as defined",
        **cells_,
    }


#: Sentence 1 was coded by all four, 2 by three, 3 by two, 4 by one; a alone read I2.
FOUR = passages(
    *(sentence(coder, number) for number in (1, 2, 3, 4) for coder in "abcd"[: 5 - number]),
    sentence("a", 1, interview="I2"),
)


@pytest.mark.parametrize(
    ("rule", "final", "open_", "dropped"),
    [
        ("consensus", {1: "consensus"}, {2, 3, 4}, set()),
        ("arbiter", {1: "consensus"}, {2, 3, 4}, set()),
        ("majority", {1: "consensus", 2: "majority"}, {3}, {4}),
    ],
)
def test_rules(rule, final, open_, dropped):
    segments, _ = lines(["I1", "I2", "I3"], count=5)
    listed = pd.DataFrame({"coder": [*"abcd", "a"], "interview": ["I1"] * 4 + ["I2"]})
    found = reconcile.reconcile(FOUR, segments, rule, worked=listed)
    here = found.final[found.final["interview"] == "I1"]
    assert dict(zip(here["segment"], here["source"], strict=True)) == final
    assert found.final.loc[found.final["interview"] == "I2", ["segment", "source", "coders"]].to_numpy().tolist() == [
        [1, "single", 1]
    ]
    assert set(found.open["segment"]) == open_
    assert set(found.dropped["segment"]) == dropped
    tie = found.open.set_index("segment").loc[3]
    assert (tie["coders_with"], tie["coders_without"], tie["marked"], tie["coders"]) == ("a | b", "c | d", 2, 4)
    assert tie["why"] == ("half of the coders gave it" if rule == "majority" else "not all coders gave it")
    ends = found.outcomes.set_index("outcome")
    # Every code of a sentence that anybody gave came to one end.
    assert ends["codes"].sum() == 5
    assert ends.loc["interview nobody coded", "interviews"] == 1
    assert list(found.final.columns) == list(reconcile.FINAL)
    assert list(found.open.columns) == list(reconcile.OPEN)


@pytest.mark.parametrize("rule", reconcile.RULES)
def test_decision_of_a_person_goes_before_the_rule(rule):
    segments, _ = lines(["I1", "I2"], count=5)
    decisions = pd.DataFrame(
        [
            decision(1, "drop"),
            decision(3, "keep"),
            decision(4, "keep"),
            decision(5, "keep", "B_ONE"),  # nobody coded it; the meeting found it
            decision(1, "drop", interview="I2"),
        ]
    )
    found = reconcile.reconcile(FOUR, segments, rule, decisions)
    by_hand = found.final[found.final["source"] == "arbiter"]
    assert by_hand[["segment", "code", "marked"]].to_numpy().tolist() == [
        [3, "A_ONE", 2],
        [4, "A_ONE", 1],
        [5, "B_ONE", 0],
    ]
    assert found.dropped[["interview", "segment", "source"]].to_numpy().tolist() == [
        ["I1", 1, "arbiter"],
        ["I2", 1, "arbiter"],
    ]
    assert set(found.open["segment"]) == (set() if rule == "majority" else {2})
    assert found.unused.empty


def test_decisions_that_do_not_hold_are_listed():
    segments, _ = lines(["I1", "I2"], count=5)
    text = segments["text"].iloc[3]
    decisions = pd.DataFrame(
        [
            decision(2, "keep"),
            decision(2, "drop", decided_by="arbiter-2"),
            decision(3, "keep", reason=" "),
            decision(3, "maybe"),
            decision(9, "keep"),
            decision(4, "keep", digest=reconcile.sentence_digest(text)),
            decision(3, "keep", digest="0" * 12),
        ]
    )
    found = reconcile.reconcile(FOUR, segments, "consensus", decisions)
    assert sorted(zip(found.unused["segment"], found.unused["why"], strict=True)) == [
        (2, "decisions contradict each other"),
        (2, "decisions contradict each other"),
        (3, "the sentence is not the one that was decided on"),
        (3, "without a decision, a name, a date or a reason"),
        (3, "without a decision, a name, a date or a reason"),
        (9, "no such sentence"),
    ]
    assert found.open.set_index("segment")["why"].to_dict() == {
        2: "decisions contradict each other",
        3: "not all coders gave it",
    }
    assert found.open.set_index("segment").loc[3, "digest"] == reconcile.sentence_digest(segments["text"].iloc[2])
    assert found.final.set_index("segment").loc[4, "source"] == "arbiter"


def test_suggestions_never_become_final_codes():
    segments, _ = lines()
    codings = passages(sentence("dictionary", 1), sentence("dictionary", 2), sentence("a", 1))
    found = reconcile.reconcile(codings, segments, "majority")
    # One person: single, with nothing of the machine counted as a second voice.
    assert found.final.to_numpy().tolist() == [["I1", 1, "A_ONE", "single", 1, 1]]
    only = reconcile.reconcile(codings[codings["coder"] == "dictionary"], segments, "consensus")
    assert only.final.empty
    assert only.open.empty
    with pytest.raises(ValueError, match="unknown rule"):
        reconcile.reconcile(codings, segments, "vote")


def test_coding_in_an_interview_its_coder_is_not_listed_for_is_no_vote():
    segments, _ = lines()
    listed = pd.DataFrame({"coder": ["a", "b"], "interview": "I1"})
    found = reconcile.reconcile(passages(sentence("a", 1), sentence("c", 1)), segments, "consensus", worked=listed)
    assert found.final.empty
    assert found.open[["coders_with", "coders_without"]].to_numpy().tolist() == [["a", "b"]]


def test_machine_is_measured_by_final_codes():
    segments, texts = lines(["I1", "I2"], count=5)
    final = reconcile.reconcile(FOUR, segments, "majority").final
    codings = reconcile.final_codings(final, segments)
    assert [texts[one["interview"]][one["start"] : one["end"]] for one in codings.to_dict("records")] == codings[
        "quote"
    ].tolist()
    suggested = final[["interview", "segment", "code"]].iloc[:2]
    table, _ = compared(codings, segments, texts, {"dictionary": suggested}, draws=0)
    row = table.loc[("final codes and dictionary", "sentence", "A_ONE"), "estimate"]
    assert (row["precision"], row["recall"]) == pytest.approx((1, 2 / 3))


# For the meeting, and for claims


def test_both_quotes_stand_side_by_side():
    segments, texts = lines(count=5)
    rows = [
        *(("a", number, "A_ONE", 11 * number - 11, 11 * number - 1) for number in (1, 2, 4)),
        ("b", 0, "A_TWO", 0, 8),  # another code in sentence 1
        ("b", 0, "A_ONE", 22, 32),  # the same code, one sentence on
    ]
    codings = pd.DataFrame(
        [(coder, "I1", code, start, end, texts["I1"][start:end]) for coder, _, code, start, end in rows],
        columns=["coder", "interview", "code", "start", "end", "quote"],
    )
    found = reconcile.disagreements(codings, segments, texts)
    assert list(found.columns) == list(reconcile.DISAGREEMENTS)
    shown = found.drop(columns=["interview", "text", "digest"]).to_numpy().tolist()
    assert shown == [
        [1, "A_ONE", "other code", "a", "b", "a" * 10, "A_TWO", "a" * 8],
        [1, "A_TWO", "other code", "b", "a", "a" * 8, "A_ONE", "a" * 10],
        [2, "A_ONE", "boundary", "a", "b", "b" * 10, "", "c" * 10],
        [3, "A_ONE", "boundary", "b", "a", "c" * 10, "", "b" * 10 + " | " + "d" * 10],
        [4, "A_ONE", "boundary", "a", "b", "d" * 10, "", "c" * 10],
    ]
    assert found["text"].str[0].tolist() == ["a", "a", "b", "c", "d"]
    assert found["digest"].iloc[0] == reconcile.sentence_digest("a" * 10)
    assert reconcile.disagreements(codings[codings["coder"] == "a"], segments, texts).empty
    with pytest.raises(ContractError):
        reconcile.disagreements(codings.assign(quote="?"), segments, texts)


def test_disagreements_are_the_pairs_that_differ(several):
    codings, segments, texts, listed = several
    codings = codings.assign(
        quote=[texts[one["interview"]][one["start"] : one["end"]] for one in codings.to_dict("records")]
    )
    found = reconcile.disagreements(codings, segments, texts, worked=listed)
    _, counts = compared(codings, segments, texts, worked=listed, draws=0)
    for pair in ("a and b", "a and c", "b and c"):
        first, second = pair.split(" and ")
        for code in CODES:
            row, here = counts.loc[(pair, "sentence", code)], found[found["code"] == code]
            assert ((here["coder_with"] == first) & (here["coder_without"] == second)).sum() == row["first_only"]
            assert ((here["coder_with"] == second) & (here["coder_without"] == first)).sum() == row["second_only"]


BARS = {
    "people": {"unit": "sentence", "measure": "alpha", "at_least": 0.667},
    "machine": {"unit": "sentence", "measure": "f1", "at_least": 0.7},
}


@cache
def judged_table():
    segments, texts = lines(["I1", "I2"], count=5)
    rows = [sentence(who, number, "A_ONE", name) for who in "ab" for number in (1, 2) for name in texts]
    rows += [sentence("a", number, "A_TWO") for number in (1, 2)] + [sentence("b", 2, "A_TWO")]
    suggested = pd.DataFrame(
        [(name, number, code) for name in texts for number in (1, 2) for code in ("A_ONE", "A_TWO")],
        columns=["interview", "segment", "code"],
    )
    return compared(passages(*rows), segments, texts, {"dictionary": suggested}, draws=0)[0].reset_index()


def judged(bars=BARS, **options):
    return reconcile.fit_for_claims(judged_table(), bars, BOOK, **options).set_index("code")


def test_codes_under_a_bar_are_marked():
    found = judged()
    assert found["verdict"].tolist() == ["fit", "under the bar", "not known"]
    assert found["use"].tolist() == ["yes", "no", "no"]
    # Alpha of A_TWO: 1 - 19 x 1 / (3 x 17).
    assert found.loc["A_TWO", "people"] == pytest.approx(1 - 19 / 51)
    # F1 with b, the lower of the two: one hit, three suggestions too many.
    assert found.loc["A_TWO", "machine"] == pytest.approx(2 / 5)
    assert found.loc["A_TWO", "reason"] == (
        "agreement of people under the bar; agreement of the machine with people under the bar"
    )
    assert found.loc["B_ONE", "reason"] == (
        "agreement of people not known; agreement of the machine with people not known"
    )
    assert found["people_with"].tolist() == [2, 1, 0]
    people_only = judged(bars={"people": {**BARS["people"], "at_least": 0.6}})
    assert people_only["verdict"].tolist() == ["fit", "fit", "not known"]
    assert people_only["machine"].isna().all()


def test_only_a_signed_decision_lets_a_code_be_used():
    signed = {"decided_by": "lead", "decided_on": "2025-03-01", "reason": "read again"}
    rows = [
        {"code": "A_ONE", "decision": "do not use", **signed},
        {"code": "A_TWO", "decision": "use", **signed},
        {"code": "B_ONE", "decision": "use", **signed, "reason": ""},
    ]
    found = judged(decisions=pd.DataFrame(rows))
    assert found["use"].tolist() == ["no", "yes", "no"]
    assert found["decided_by"].tolist() == ["lead", "lead", ""]
    assert found["verdict"].tolist() == ["fit", "under the bar", "not known"]


def test_bar_nobody_measures():
    with pytest.raises(ConfigError, match="`u_alpha` of a `sentence`"):
        judged(bars={"people": {"unit": "sentence", "measure": "u_alpha", "at_least": 0.5}})
