"""Coders compared at three units, alpha for unitizing, co-occurrence, and the way from codings to final codes."""

from __future__ import annotations

import csv
import re
from collections import Counter
from functools import cache
from itertools import pairwise, permutations, product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from piloteval import tables, tiers
from piloteval.errors import ConfigError, ContractError
from piloteval.measures import agreement, cooccurrence, unitizing
from piloteval.qualitative import reconcile, units
from piloteval.qualitative.codebook import Code, Codebook
from scipy import optimize, special, stats

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


def compared(codings, segments, texts, machines=None, **options):
    lengths = {name: len(text) for name, text in texts.items()}
    found, counts = units.compare_coders(codings, machines or {}, segments, lengths, BOOK, **options)
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
    table, amounts = compared(codings, segments, {"I1": "x" * size})
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
    table, _ = compared(codings, segments, texts)
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
    table, _ = compared(codings, segments, texts, worked=listed)
    rows = table.loc[(units.EVERYBODY, "sentence", code), "estimate"]
    ratings, _ = ratings_of(codings, segments, listed, code)
    assert rows["percent"] == pytest.approx(agreement.percent_agreement(ratings).estimate)
    assert rows["fleiss"] == pytest.approx(agreement.fleiss_kappa(ratings).estimate)
    assert rows["ac1"] == pytest.approx(agreement.gwet_ac1(ratings, [0, 1]).estimate)
    assert rows["alpha"] == pytest.approx(agreement.krippendorff_alpha(ratings, draws=0).estimate)
    assert rows["prevalence"] == pytest.approx(ratings.mean(axis=1).mean())


@pytest.fixture(scope="module")
def dozen():
    """Return codings of two coders in twelve interviews of eight sentences, of which one is not read by the second."""
    rng = np.random.default_rng(9)
    segments, texts = lines([f"I{number:02}" for number in range(13)], count=8)
    base = rng.random((len(segments), len(CODES))) < [0.4, 0.2, 0.5]
    rows = []
    for coder in "ab":
        for (row, code), present in np.ndenumerate(base ^ (rng.random(base.shape) < 0.15)):
            one = segments.iloc[row]
            if present and (coder, one["interview"]) != ("b", "I12"):
                rows.append(sentence(coder, one["segment"], CODES[code], one["interview"]))
    listed = pd.DataFrame([(c, name) for c in "ab" for name in texts][:-1], columns=["coder", "interview"])
    return passages(*rows), segments, texts, listed


def jackknifed(single, without):
    """Return the standard error of values without each interview, and the quantile of its interval."""
    m = len(without)
    return np.sqrt((m - 1) / m * ((np.array(without) - np.mean(without)) ** 2).sum()) * stats.t.ppf(0.975, m - 1)


def test_intervals_come_from_leaving_out_interviews(dozen):
    codings, segments, texts, listed = dozen
    table, _ = compared(codings, segments, texts, worked=listed)
    without_one = []
    for code in CODES:
        ratings, interviews = ratings_of(codings, segments, listed, code, "ab")
        names = interviews.unique()
        without_one.append(
            [agreement.krippendorff_alpha(ratings[interviews != name], draws=0).estimate for name in names]
        )
        row = table.loc[("a and b", "sentence", code, "alpha")]
        wide = jackknifed(row["estimate"], without_one[-1]) / (1 - row["estimate"] ** 2)
        expected = np.tanh(np.arctanh(row["estimate"]) + np.array([-wide, wide]))
        assert row[["ci_low", "ci_high"]].tolist() == pytest.approx(expected)
        assert row["ci_method"] == "jackknife t interval over interviews on the scale of Fisher's z, 95 %"
        # Of interviews of one size, the standard error of a share is that of the mean of their shares.
        row = table.loc[("a and b", "sentence", code, "prevalence_first")]
        shares = ratings.groupby(interviews)["a"].mean()
        wide = stats.sem(shares) * stats.t.ppf(0.975, 11) / (row["estimate"] * (1 - row["estimate"]))
        expected = special.expit(special.logit(row["estimate"]) + np.array([-wide, wide]))
        assert row[["ci_low", "ci_high"]].tolist() == pytest.approx(expected)
        assert row["ci_method"] == "jackknife t interval over interviews on the logit scale, 95 %"
        assert (row["interviews"], row["n"], row["n_dropped"], row["note"]) == (12, 96, 8, "")
        assert row["dropped_reason"] == "in interviews only one of the two worked on"
    mean = table.loc[("a and b", "sentence", "mean", "alpha")]
    wide = jackknifed(mean["estimate"], np.mean(without_one, axis=0)) / (1 - mean["estimate"] ** 2)
    assert mean["ci_low"] == pytest.approx(np.tanh(np.arctanh(mean["estimate"]) - wide))


def test_too_few_interviews_have_no_interval(dozen):
    codings, segments, texts, listed = dozen
    for count, note in ((9, "fewer than 10 interviews, no interval: it would be too narrow"), (10, "")):
        some = listed[listed["interview"] < f"I{count:02}"]
        row = compared(codings, segments, texts, worked=some)[0].loc[("a and b", "sentence", "A_ONE", "f1")]
        assert (row["interviews"], row["note"]) == (count, note)
        assert np.isfinite([row["ci_low"], row["ci_high"]]).all() == (not note)


def test_intervals_that_do_not_exist_say_why():
    left_out = np.array([[0.5, np.nan], [0.7, 0.7], [1.0, 0.9], [0.4, 0.6]])
    low, high, notes = units.jackknife_intervals(np.array([0.5, 0.7, 1.0, 0.5]), left_out, np.ones(4, dtype=bool))
    assert np.isnan([*low[:3], *high[:3]]).all() and low[3] < 0.5 < high[3]
    assert notes == [
        "undefined without one of the interviews, no interval",
        "the same without any of the interviews, no interval",
        "at the end of its scale, no interval",
        "",
    ]


@pytest.mark.parametrize(("name", "share"), [("f1", True), ("kappa", False), ("alpha", False)])
@pytest.mark.parametrize("interviews", [10, 30])
def test_intervals_hold_the_value_as_often_as_they_say(interviews, name, share):
    # Interviews differ in length, in how often the code comes up and in how alike it is given. Percentiles of drawn
    # interviews hold the value in 86 of 100 samples of 10.
    rng = np.random.default_rng(interviews)

    def drawn(*shape):
        size = rng.integers(30, 90, shape)
        given = rng.binomial(size, rng.beta(1.5, 20, shape))
        both = rng.binomial(given, rng.beta(6, 2, shape))
        first = rng.binomial(given - both, 0.6)
        return np.stack([both, first, given - both - first, size - given]).astype(float)

    truth = units.pair_coefficients(1e6 * drawn(400_000).mean(axis=1))[name]
    tables_ = drawn(3000, interviews)
    total = tables_.sum(axis=2)
    estimate = units.pair_coefficients(total)[name]
    left_out = units.pair_coefficients(total[..., None] - tables_)[name]
    low, high, _ = units.jackknife_intervals(estimate, left_out, np.full(3000, share))
    there = np.isfinite(low)
    assert there.mean() > 0.99
    assert 0.93 <= ((low <= truth) & (truth <= high))[there].mean() <= 0.97


def test_same_table_whatever_the_order(several):
    codings, segments, texts, listed = several
    once, _ = compared(codings, segments, texts, worked=listed)
    other, _ = compared(codings.sample(frac=1, random_state=1), segments, texts, worked=listed)
    pd.testing.assert_frame_equal(once, other)


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


@pytest.mark.parametrize(
    ("start", "end", "found"),
    [
        (0, 10, [1]),
        (0, 5, [1]),  # half of the sentence is enough
        (2, 4, [1]),  # a short passage wholly within
        (0, 32, [1, 2, 3]),  # a long passage over all
        (5, 16, [1, 2]),  # five characters of each
        (6, 17, [2]),  # four of ten are not half
        (9, 13, [2]),  # one and two of four: half lies in the second
        (10, 11, []),  # the blank between
    ],
)
def test_half_of_the_sentence_or_of_the_passage(start, end, found):
    coded = units.coded_sentences(passages(("a", "I1", "A_ONE", start, end)), lines()[0])
    assert coded["segment"].tolist() == found


def test_two_passages_give_a_sentence_its_code_once():
    coded = units.coded_sentences(passages(("a", "I1", "A_ONE", 0, 5), ("a", "I1", "A_ONE", 5, 10)), lines()[0])
    assert coded.to_numpy().tolist() == [["a", "I1", 1, "A_ONE"]]


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
    assert rows.loc["kappa", "note"] == "fewer than 10 interviews, no interval: it would be too narrow"


def test_coders_who_code_alike():
    table, counts = compared(passages(sentence("a", 1), sentence("b", 1)), *lines())
    key = ("a and b", "sentence", "A_ONE")
    assert counts.loc[key, ["both", "first_only", "second_only", "neither"]].tolist() == [1, 0, 0, 2]
    assert table.loc[key].loc[["percent", "kappa", "alpha", "f1"], "estimate"].tolist() == pytest.approx([1, 1, 1, 1])
    # One of three sentences for each coder.
    assert table.loc[key].loc[["prevalence_first", "prevalence_second"], "estimate"].tolist() == pytest.approx(
        [1 / 3] * 2
    )


def test_coders_who_code_different_sentences():
    segments, texts = lines(["I1", "I2"])
    # What b coded in an interview a did not work on does not count.
    codings = passages(sentence("a", 1), sentence("b", 2), sentence("b", 1, interview="I2"))
    table, counts = compared(codings, segments, texts)
    key = ("a and b", "sentence", "A_ONE")
    assert counts.loc[key, ["interviews", "both", "first_only", "second_only", "neither"]].tolist() == [1, 0, 1, 1, 1]
    # Observed 1/3; expected 2/3 x 2/3 + 1/3 x 1/3 = 5/9; (1/3 - 5/9) / (4/9) = -1/2.
    assert table.loc[key].loc[["percent", "kappa"], "estimate"].tolist() == pytest.approx([1 / 3, -1 / 2])


def test_all_codes_together():
    codings = passages(sentence("a", 1), sentence("b", 1), sentence("a", 2, "A_TWO"))
    table, counts = compared(codings, *lines())
    key = ("a and b", "sentence", "all")
    # Three sentences by three codes: one yes-yes, one yes-no, seven no-no.
    assert counts.loc[key, ["both", "first_only", "second_only", "neither"]].tolist() == [1, 1, 0, 7]
    # Observed 8/9; expected 2/9 x 1/9 + 7/9 x 8/9 = 58/81; (72 - 58) / (81 - 58) = 14/23.
    assert table.loc[(*key, "kappa"), "estimate"] == pytest.approx(14 / 23)


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
    # Without a list, an interview read and found empty drops out, which the rows over codes say.
    said = assumed["note"].str.contains("interviews without a coding count as not worked on")
    assert set(said[said].index.get_level_values("code")) == {"all", "mean"}
    assert said[("a and b", "case", "all", "percent")]
    listed = pd.DataFrame({"coder": ["a", "b", "a", "b"], "interview": ["I1", "I1", "I2", "I2"]})
    table, _ = compared(codings, segments, texts, worked=listed)
    row = table.loc[("a and b", "case", "A_ONE", "percent")]
    assert not table["note"].str.contains("without a coding").any()
    # b read I2 and found nothing, a coded it; what a began in I3 does not count.
    assert (row["interviews"], row["estimate"], row["n_dropped"]) == (2, 0.5, 0)


def test_nobody_coded():
    segments, texts = lines()
    lengths = {name: len(text) for name, text in texts.items()}
    table, counts = units.compare_coders(passages(), {"dictionary": NOTHING}, segments, lengths, BOOK)
    assert len(table) == len(counts) == 0
    assert list(units.withhold(table, 5).columns) == list(units.SHOWN)
    assert set(judged(table=table)["verdict"]) == {"too few interviews to judge"}


def test_person_under_the_name_of_a_machine_is_no_person():
    segments, texts = lines()
    codings = passages(sentence("a", 1), sentence("dictionary", 1))
    table, _ = compared(codings, segments, texts, {"dictionary": NOTHING})
    assert set(table["first"]) == {"a"}


def test_how_many_people_a_row_rests_on(several):
    codings, segments, texts, listed = several
    table, _ = compared(codings, segments, texts, worked=listed)
    assert (table["heard"].map(len) == table["interviews"]).all()
    rows = table.xs(("sentence", "percent"), level=("unit", "measure"))
    done = listed.groupby("coder")["interview"].agg(set)
    for code in CODES:
        used = codings[codings["code"] == code].groupby("coder")["interview"].agg(set)
        pair = rows.loc[("b and c", code)]
        shared = done["b"] & done["c"]
        assert pair["heard"] == shared
        assert (pair["people_first"], pair["people_second"]) == tuple(len(used[who] & shared) for who in "bc")
        every = rows.loc[(units.EVERYBODY, code)]
        shared = {name for name in texts if sum(name in some for some in done) > 1}
        counts = [len(used[who] & shared) for who in "abc"]
        assert every["heard"] == shared
        assert (every["people_first"], every["people_second"]) == (min(counts), max(counts))
        marked = {(one["interview"], one["start"]) for one in codings[codings["code"] == code].to_dict("records")}
        assert every["coded"] == len([place for place in marked if place[0] in shared])
    assert (
        table.loc[("b and c", "sentence", "A_ONE"), "coded"] == table.loc[("b and c", "sentence", "A_ONE", "f1"), "n"]
    ).all()


# What others may see: attacks of somebody who has the table alone, and knows who worked on what

MANY = tuple(f"C{number}" for number in range(8))
MANY_BOOK = Codebook("1", "unconfirmed", {"C": "Theme C"}, {c: Code(c, "C", c, "", {}) for c in MANY})
FLOOR = 5


@cache
def published(design, shares, seed=1):
    """Return who worked on what, in which interviews a coder used each code, and the table before and after.

    A coder gives a code to one sentence of an interview, so that all units count the same people.
    """
    rng = np.random.default_rng(seed)
    count = max(end for _coder, _start, end in design)
    segments, texts = lines([f"I{number:02}" for number in range(count)], count=len(MANY) + 2)
    names = list(texts)
    worked = {}
    for coder, start, end in design:
        worked.setdefault(coder, []).extend(names[start:end])
    speaks = rng.random((count, len(MANY))) < shares
    rows, used = [], {}
    for coder in (*worked, "dictionary"):
        given_by = speaks ^ ((rng.random(speaks.shape) < 0.1) & (np.array(shares) > 0))
        for interview, code in product(worked.get(coder, names), range(len(MANY))):
            if given_by[names.index(interview), code]:
                rows.append(sentence(coder, code + 1, MANY[code], interview))
                used.setdefault((coder, MANY[code]), set()).add(interview)
    codings = passages(*rows)
    suggested = codings[codings["coder"] == "dictionary"]
    suggested = suggested.assign(segment=suggested["start"] // 11 + 1)
    listed = pd.DataFrame(
        [(who, name) for who, some in worked.items() for name in some], columns=["coder", "interview"]
    )
    lengths = {name: len(text) for name, text in texts.items()}
    people = codings[codings["coder"] != "dictionary"]
    full, _ = units.compare_coders(people, {"dictionary": suggested}, segments, lengths, MANY_BOOK, worked=listed)
    return {**worked, "dictionary": names}, used, full, units.withhold(full, FLOOR)


def attacked(worked, table, targets):
    """Yield lowest and highest value that the shares in the table leave to sums over interviews, by linear programming.

    Unknown is in how many interviews of every part a coder used a code, where a part holds the interviews that the same
    coders worked on. A target is a coder, codes and a set of interviews.
    """
    names = sorted(set().union(*worked.values()))
    parts = {}
    for name in names:
        parts.setdefault(tuple(name in some for some in worked.values()), []).append(name)
    parts = list(parts.values())
    place = {key: number for number, key in enumerate(product(worked, MANY, range(len(parts))))}
    limits = [(0, len(parts[part]) if parts[part][0] in worked[coder] else 0) for coder, _code, part in place]

    def weights(coders, codes, heard, weight=lambda part: 1):
        row = np.zeros(len(place))
        for coder, code, part in product(coders, codes, range(len(parts))):
            row[place[coder, code, part]] = weight(parts[part]) if parts[part][0] in heard else 0
        return row

    people = [coder for coder in worked if coder != "dictionary"]
    known = {}
    shares = table[table["measure"].str.startswith("prevalence") & table["estimate"].notna()]
    for one in shares.to_dict("records"):
        codes = MANY if one["code"] in ("all", "mean") else [one["code"]]
        if one["pair"] == units.EVERYBODY:
            heard = {name for name in names if sum(name in worked[who] for who in people) > 1}
            row = weights(people, codes, heard, lambda part: 1 / sum(part[0] in worked[who] for who in people))
        else:
            coder = one[one["measure"].removeprefix("prevalence_")]
            row = weights([coder], codes, set(worked[one["first"]]) & set(worked[one["second"]]))
        units_of = shares[(shares["pair"] == one["pair"]) & (shares["unit"] == one["unit"]) & (shares["code"] == "all")]
        size = units_of["n"].iloc[0] / len(MANY) * (one["n"] if one["code"] == "mean" else len(codes))
        # Of characters, a sentence has ten.
        scale = size / (10 if one["unit"] == "character" else 1)
        low, high = known.get(tuple(row), (-np.inf, np.inf))
        known[tuple(row)] = (
            max(low, (one["estimate"] - 0.00051) * scale),
            min(high, (one["estimate"] + 0.00051) * scale),
        )
    rows, ends = np.array(list(known)).reshape(-1, len(place)), np.array(list(known.values())).reshape(-1, 2)
    bounds = {
        "A_ub": np.concatenate([rows, -rows]),
        "b_ub": np.concatenate([ends[:, 1], -ends[:, 0]]),
        "bounds": limits,
    }
    for coder, codes, heard in targets:
        row = weights([coder], codes, heard)
        least, most = (optimize.linprog(sign * row, **bounds) for sign in (1, -1))
        assert least.status == most.status == 0
        yield least.fun, -most.fun


COMMON = (0.9, 0.7, 0.6, 0.5, 0.5, 0.45, 0.4, 0.4)
DESIGNS = {
    "one code of few": ((("a", 0, 14), ("b", 0, 14)), (*COMMON[:-1], 0.15)),
    "codes of few and of nobody": ((("a", 0, 14), ("b", 0, 14)), (*COMMON[:5], 0.1, 0.0, 0.0)),
    "one interview less": ((("a", 0, 20), ("b", 0, 19)), (*COMMON[:6], 0.12, 0.2)),
    "a part coded twice": ((("a", 0, 18), ("b", 0, 6)), (*COMMON[:6], 0.12, 0.2)),
    "four interviews coded twice": ((("a", 0, 18), ("b", 0, 4)), COMMON),
    "a third in one interview": ((("a", 0, 15), ("b", 0, 15), ("c", 14, 15)), COMMON),
    "three in turn": ((("a", 0, 16), ("b", 8, 24), ("c", 0, 8), ("c", 16, 24)), (*COMMON[:6], 0.12, 0.2)),
    "three in all": ((("a", 0, 16), ("b", 0, 16), ("c", 0, 16)), (*COMMON[:6], 0.1, 0.2)),
    "one alone": ((("a", 0, 14),), (*COMMON[:6], 0.1, 0.0)),
}


@pytest.mark.parametrize("design", DESIGNS)
def test_no_count_of_few_people_follows_from_the_table(design):
    worked, used, _full, shown = published(*DESIGNS[design])
    heard = {frozenset(worked[one]) & frozenset(worked[other]) for one in worked for other in worked}
    heard |= {one - other for one in heard for other in heard}
    targets = []
    for coder, some in product(worked, heard):
        if some and some <= frozenset(worked[coder]):
            # Of so few interviews nothing may follow, not even over all codes; else no code of few people.
            few = [code for code in MANY if len(used.get((coder, code), set()) & some) < FLOOR]
            targets += [(coder, codes, some) for codes in ([MANY] if len(some) < FLOOR else [(code,) for code in few])]
    for (coder, codes, some), (low, high) in zip(targets, attacked(worked, shown, targets), strict=True):
        assert high - low >= 1, (coder, codes, some)
        # Not even that they are few.
        assert high >= FLOOR, (coder, codes, some)


@pytest.mark.parametrize(
    ("design", "pairs", "codes"),
    [
        ("one code of few", {"a and b", "a and dictionary", "b and dictionary"}, 5),
        ("one interview less", {"a and b", "b and dictionary"}, 5),
        ("a part coded twice", {"a and b", "a and dictionary", "b and dictionary"}, 5),
        ("four interviews coded twice", {"a and dictionary"}, 6),
        ("three in turn", {"all people", *(f"{p} and {q}" for p, q in ("ab", "ac", "bc")), *(f"{p} and dictionary" for p in "abc")}, 4),
        ("three in all", {"all people", *(f"{p} and {q}" for p, q in ("ab", "ac", "bc")), *(f"{p} and dictionary" for p in "abc")}, 4),
    ],
)  # fmt: skip
def test_as_much_is_shown_as_may_be(design, pairs, codes):
    *_, shown = published(*DESIGNS[design])
    there = shown[shown["estimate"].notna()]
    assert set(there.loc[there["code"] == "all", "pair"]) == pairs
    single = there[~there["code"].isin(["all", "mean"])]
    assert single["code"].nunique() >= codes
    # Single codes of one set of interviews, and never by interview, which would be a table of people.
    assert single["interviews"].nunique() == 1 and set(single["unit"]) == {"character", "sentence"}
    gone = shown[shown["estimate"].isna() & ~shown["note"].str.startswith("undefined")]
    assert set(gone["note"]) <= {tiers.WITHHELD.format(floor=FLOOR)}
    assert gone[["n", "ci_low", "ci_high"]].isna().all(axis=None)


def test_code_of_nobody_looks_like_one_of_few():
    _worked, used, full, shown = published(*DESIGNS["codes of few and of nobody"])
    assert 0 < len(used["a", "C5"]) < FLOOR and ("a", "C6") not in used
    assert full.loc[full["code"] == "C6", "note"].str.startswith("undefined").any()
    looks = [
        shown[shown["code"] == code].drop(columns=["code", "name", "question"]).reset_index(drop=True)
        for code in ("C5", "C6", "C7")
    ]
    pd.testing.assert_frame_equal(looks[0], looks[1])
    pd.testing.assert_frame_equal(looks[0], looks[2])


@pytest.mark.parametrize("design", DESIGNS)
def test_mean_gives_no_few_withheld_codes_away(design):
    *_, full, shown = published(*DESIGNS[design])
    keys = ["pair", "unit", "measure"]
    seen = shown[~shown["code"].isin(["all", "mean"]) & shown["estimate"].notna()].value_counts(keys)
    mean = shown[(shown["code"] == "mean") & shown["estimate"].notna()]
    for one in mean.to_dict("records"):
        behind = one["n"] - seen.get(tuple(one[key] for key in keys), 0)
        assert behind == 0 or behind >= FLOOR
        assert round(100 * one["estimate"], 9) % 1 == 0 or one["measure"] in units.LINEAR
    assert units.withhold(full, 0) is full


def test_what_others_see_keeps_its_contract():
    *_, full, shown = published(*DESIGNS["three in all"])
    assert list(full.columns) == list(units.AGREEMENT)
    contract = tables.CONTRACTS["internal/themes/agreement.csv"]
    told = tables.present(shown, contract, tiers.internal(FLOOR))
    assert list(told.columns) == list(units.SHOWN) == list(contract.columns)
    assert told["estimate"].notna().sum() == shown["estimate"].notna().sum()
    assert {"heard", "people_first", "n_dropped", "coded"}.isdisjoint(told.columns)


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
    table, _ = compared(codings, segments, texts, worked=listed)
    merged = units.merge_passages(codings) if rows else codings
    for code in CODES:
        coders = []
        for coder in "ab":
            here = merged[(merged["coder"] == coder) & (merged["code"] == code)]
            shift = 32 * (here["interview"] == "I2").to_numpy(dtype=int)
            coders.append(np.column_stack([here["start"] + shift, here["end"] + shift]).astype(int).reshape(-1, 2))
        found = table.loc[("a and b", "character", code), "estimate"]
        assert found["alpha_u"] == pytest.approx(value(unitizing.alpha_u(coders, 64, [32])), nan_ok=True)


# Co-occurrence


def test_codes_nobody_gave_have_no_coefficient():
    assert cooccurrence.c_coefficient(3, 3, 2).estimate == 2 / 4
    assert cooccurrence.overlap_coefficient(3, 5, 2).estimate == 2 / 3
    assert cooccurrence.c_coefficient(0, 0, 0).note == "undefined: neither code was given"
    assert cooccurrence.overlap_coefficient(0, 0, 0).note == "undefined: neither code was given"
    assert cooccurrence.overlap_coefficient(0, 4, 0).note == "undefined: one of the two codes was not given"
    with pytest.raises(ValueError, match="no more units"):
        cooccurrence.c_coefficient(3, 5, 4)


def talk(rng, size, codes=3, share=0.3):
    return rng.random((size, codes)) < share


@pytest.mark.parametrize("reach", [0, 1, 2, 4])
def test_near_and_together_are_what_they_say(reach):
    rng = np.random.default_rng(reach)
    for size in (1, 2, 7, 12):
        present = talk(rng, size)
        around = cooccurrence.near(present, reach)
        for row, code in np.ndindex(present.shape):
            assert around[row, code] == present[max(0, row - reach) : row + reach + 1, code].any()
        counts = cooccurrence.count_together(present, reach)
        for one, other in np.ndindex(counts.shape):
            ways = [(present[:, a] & around[:, b]).sum() for a, b in ((one, other), (other, one))]
            assert counts[one, other] == min(ways)
        moved = cooccurrence.shifted_together(present, reach)
        assert (moved[0] == counts).all()
        for by in range(size):  # the code of the column, or where it is near, moved round the interview
            for one, other in ((0, 1), (1, 2)):
                ways = [
                    (present[:, one] & np.roll(around[:, other], by)).sum(),
                    (around[:, one] & np.roll(present[:, other], by)).sum(),
                ]
                assert moved[by, one, other] == min(ways)
    with pytest.raises(ValueError, match="0 and 1"):
        cooccurrence.count_together([[0, 2]])


def test_chance_of_persons_is_that_of_fisher():
    for n, a, b in ((40, 18, 15), (12, 12, 5), (9, 0, 4), (16, 11, 11)):
        chance, exact = cooccurrence.chance_of_units([a], [b], [n]), stats.hypergeom(n, a, b)
        counts = np.arange(chance.least, chance.most + 1)
        assert chance.shares == pytest.approx(exact.pmf(counts)) and chance.mean == pytest.approx(a * b / n)
        assert (chance.least, chance.most) == tuple(exact.support())
        for k in counts:
            both = [[k, a - k], [b - k, n - a - b + k]]
            tails = [stats.fisher_exact(both, side).pvalue for side in ("less", "greater")]
            assert chance.p(int(k)) == pytest.approx(min(1, 2 * min(tails)))
        assert chance.smallest_p == pytest.approx(min(chance.p(int(k)) for k in counts))
        low, high = chance.band(0.9)
        assert (low, high) == tuple(exact.ppf([0.05, 0.95]))


def test_chance_within_strata_is_that_of_every_deal():
    first, second = [[1, 1, 0, 0], [1, 0, 0]], [[0, 1, 1, 0], [1, 1, 0]]
    seen = Counter()
    for parts in product(*(permutations(one) for one in second)):
        seen[sum(a * b for one, other in zip(first, parts, strict=True) for a, b in zip(one, other, strict=True))] += 1
    chance = cooccurrence.chance_of_units([2, 1], [2, 2], [4, 3])
    expected = {k: count / seen.total() for k, count in seen.items()}
    assert {chance.least + n: share for n, share in enumerate(chance.shares)} == pytest.approx(expected)
    # A code of the whole stratum cannot be dealt out: no count is special, and the pair is not to be tested.
    fixed = cooccurrence.chance_of_units([4, 0], [2, 2], [4, 3])
    assert fixed.smallest_p == 1 and fixed.band() == (2, 2) and fixed.p(2) == 1


def test_codes_of_one_cohort_only_seem_to_belong_together_without_strata():
    # 30 people of each cohort; in one, 24 speak of each code and 19 of both, in the other 2, 2 and none.
    assert cooccurrence.chance_of_units([26], [26], [60]).p(19) < 0.001
    assert cooccurrence.chance_of_units([24, 2], [24, 2], [30, 30]).p(19) > 0.5


@pytest.mark.parametrize("reach", [0, 2])
def test_chance_of_sentences_is_that_of_every_move(reach):
    rng = np.random.default_rng(4)
    talks = [talk(rng, size, 2, 0.4) for size in (7, 9)]
    counts = [cooccurrence.shifted_together(one, reach)[:, 0, 1] for one in talks]
    chance = cooccurrence.chance_of_shifts(counts)
    seen = Counter(int(a + b) for a, b in product(*counts))
    assert {chance.least + n: share for n, share in enumerate(chance.shares) if share} == pytest.approx(
        {k: count / 63 for k, count in seen.items()}
    )
    found = sum(int(one[0]) for one in counts)
    tails = sum(v for k, v in seen.items() if k >= found), sum(v for k, v in seen.items() if k <= found)
    assert chance.p(found) == pytest.approx(min(1, 2 * min(tails) / 63))


@pytest.mark.parametrize("run", [1, 3])
def test_unrelated_codes_in_runs_are_rarely_found_to_belong_together(run):
    rng, found = np.random.default_rng(run), 0
    for _ in range(400):
        counts = []
        for _ in range(16):
            starts = rng.random((40 + run, 2)) < 0.08 * rng.uniform(0.3, 1.7, 2) / run
            said = np.array([np.convolve(one, np.ones(run))[:40] > 0 for one in starts.T]).T
            counts.append(cooccurrence.shifted_together(said)[:, 0, 1])
        found += cooccurrence.chance_of_shifts(counts).p(sum(int(one[0]) for one in counts)) <= 0.05
    assert found / 400 < 0.05 + 2 * 0.011  # two standard errors of the simulation


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
    table, _ = compared(codings, segments, texts, {"dictionary": suggested})
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
    _, counts = compared(codings, segments, texts, worked=listed)
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
def judged_table(interviews=5, third=False):
    """Return agreement on A_ONE in ten sentences, half of it on A_TWO, and none on B_ONE, which nobody used."""
    segments, texts = lines([f"I{number}" for number in range(interviews)], count=5)
    rows = [sentence(who, number, "A_ONE", name) for who in "ab" for number in (1, 2) for name in texts]
    rows += [sentence("a", number, "A_TWO", name) for number in (1, 2) for name in texts]
    rows += [sentence("b", 2, "A_TWO", name) for name in texts]
    if third:  # gave one code only
        rows += [sentence("c", number, "A_TWO", name) for number in (1, 2) for name in texts]
    suggested = pd.DataFrame(
        [(name, number, code) for name in texts for number in (1, 2) for code in ("A_ONE", "A_TWO")],
        columns=["interview", "segment", "code"],
    )
    return compared(passages(*rows), segments, texts, {"dictionary": suggested})[0].reset_index()


def judged(bars=BARS, table=None, **options):
    table = judged_table() if table is None else table
    return reconcile.fit_for_claims(table, bars, BOOK, **options).set_index("code")


def test_codes_under_a_bar_are_marked():
    found = judged()
    assert found["verdict"].tolist() == ["fit", "under the bar", "not known"]
    assert found["use"].tolist() == ["yes", "no", "no"]
    # Alpha of A_TWO: 25 sentences, of 15 values with the code 5 apart.
    assert found.loc["A_TWO", "people"] == pytest.approx(1 - 49 * 5 / (15 * 35))
    # F1 with b, the lower of the two: five hits, five suggestions too many.
    assert found.loc["A_TWO", "machine"] == pytest.approx(2 / 3)
    assert found.loc["A_TWO", "reason"] == (
        "agreement of people under the bar; agreement of the machine with people under the bar"
    )
    assert found.loc["B_ONE", "reason"] == (
        "agreement of people not known; agreement of the machine with people not known"
    )
    assert found["people_with"].tolist() == [5, 5, 0]
    people_only = judged(bars={"people": {**BARS["people"], "at_least": 0.5}})
    assert people_only["verdict"].tolist() == ["fit", "fit", "not known"]
    assert people_only["machine"].isna().all()


def test_few_units_are_not_known():
    for least, verdict in ((10, "fit"), (11, "not known")):
        bars = {side: {**bar, "at_least_units": least} for side, bar in BARS.items()}
        assert judged(bars).loc["A_ONE", "verdict"] == verdict
    # Ten sentences, not ten characters of them.
    characters = {"people": {**BARS["people"], "unit": "character", "at_least_units": 11}}
    assert judged(characters).loc["A_ONE", "verdict"] == "not known"
    assert judged({"people": {**characters["people"], "at_least_units": 10}}).loc["A_ONE", "verdict"] == "fit"
    # Whatever the bar asks for, a code of fewer units than the floor looks like one nobody used.
    table = judged_table()
    few = table.assign(coded=np.where(table["code"] == "A_ONE", 4, table["coded"]))
    bars = {side: {**bar, "at_least_units": 1} for side, bar in BARS.items()}
    found = judged(bars, few)[["verdict", "use", "reason"]]
    assert found.loc["A_ONE"].tolist() == found.loc["B_ONE"].tolist()
    assert found.loc["A_ONE", "verdict"] == "not known"


def test_too_few_interviews_have_one_verdict_for_all_codes():
    found = judged(table=judged_table(4))
    assert set(found["verdict"]) == {"too few interviews to judge"}
    assert set(found["reason"]) == {
        "fewer than 5 interviews that two people worked on; fewer than 5 interviews that a person worked on"
    }
    assert set(found["use"]) == {"no"} and found[["people", "machine"]].isna().all(axis=None)
    alone = judged_table()
    alone = alone[alone["pair_kind"] != "people"]
    assert set(judged(table=alone)["reason"]) == {"fewer than 5 interviews that two people worked on"}
    assert set(judged({"machine": BARS["machine"]}, alone)["verdict"]) == {"fit", "under the bar", "not known"}
    assert set(judged(floor=6)["verdict"]) == {"too few interviews to judge"}


def test_undefined_value_of_one_of_several_pairs_is_not_known():
    table = judged_table(third=True)
    bars = {"machine": {"unit": "sentence", "measure": "recall", "at_least": 0.7}}
    found = judged(bars, table)
    # c gave A_ONE to nothing: of what c coded, nothing could be found again.
    undefined = table.set_index(["pair", "unit", "code", "measure"]).loc[
        ("c and dictionary", "sentence", "A_ONE", "recall")
    ]
    assert np.isnan(undefined["estimate"]) and undefined["coded"] == 10
    assert found["verdict"].tolist() == ["not known", "fit", "not known"]
    assert found.loc["A_ONE", "reason"] == "agreement of the machine with people not known"
    # A pair under the bar settles it.
    bars["machine"]["at_least"] = 1.01
    assert judged(bars, table)["verdict"].tolist() == ["under the bar", "under the bar", "not known"]


def test_lower_limit_is_held_against_the_bar_where_the_bar_says_so():
    table = judged_table().assign(ci_low=0.6)
    bar = BARS["people"]
    for limit, verdict in (({}, "fit"), ({"limit": "estimate"}, "fit"), ({"limit": "lower"}, "under the bar")):
        assert judged({"people": {**bar, **limit}}, table).loc["A_ONE", "verdict"] == verdict
    # Without an interval it is not known.
    assert judged({"people": {**bar, "limit": "lower"}}).loc["A_ONE", "verdict"] == "not known"


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
    with pytest.raises(ConfigError, match="`alpha_u` of a `sentence`"):
        judged(bars={"people": {"unit": "sentence", "measure": "alpha_u", "at_least": 0.5}})
