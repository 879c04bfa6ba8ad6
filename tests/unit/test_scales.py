"""The tables of reliability: rules for small samples, languages, waves, published values, answers that are joined."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import validate
from hypothesis import given, settings
from hypothesis import strategies as st
from piloteval import tables
from piloteval.config import read_instruments
from piloteval.measures import raters, reliability, scales
from piloteval.report import reliability_figures
from piloteval.statistic import Statistic

ROOT = Path(__file__).resolve().parents[2]
INSTRUMENTS = read_instruments([str(ROOT / f"config/instruments/{name}.yaml") for name in ("brs", "svest")])
BRS, SVEST = INSTRUMENTS["brs"], INSTRUMENTS["svest"]
SETTINGS = {"factor_min_n": 50, "draws": 200, "retest": []}


def answers(n=60, instrument=BRS, wave="pre", seed=1, languages=("de",), r=0.6):
    """Answers with one common factor; reversed items run the other way, as people give them."""
    rng = np.random.default_rng(seed)
    items = list(instrument.items)
    values = np.sqrt(r) * rng.standard_normal((n, 1)) + np.sqrt(1 - r) * rng.standard_normal((n, len(items)))
    steps = np.searchsorted([-1.2, -0.4, 0.4, 1.2], values) + 1.0
    for place, item in enumerate(items):
        if item in instrument.reverse:
            steps[:, place] = 6 - steps[:, place]
    rows = pd.DataFrame(steps, columns=items).assign(
        person=[f"p{number}" for number in range(n)],
        language=[languages[number % len(languages)] for number in range(n)],
    )
    long = rows.melt(["person", "language"], var_name="item", value_name="value")
    return long.assign(site="s", country="AT", cohort="c", wave=wave, instrument=instrument.id)


def estimate(responses, waves=("pre",), instruments=None, min_n=10, floor=5, **changed):
    return scales.estimate(
        responses,
        {one.id: one for one in (instruments or [BRS])},
        waves=list(waves),
        settings={**SETTINGS, **changed},
        confidence=0.95,
        min_n=min_n,
        floor=floor,
    )


def pick(table, statistic, **where):
    where = {"language": "all", **where, "statistic": statistic}
    rows = table[np.logical_and.reduce([table[column] == value for column, value in where.items()])]
    assert len(rows) == 1, where
    return rows.iloc[0]


@pytest.fixture(scope="module")
def found():
    return estimate(answers())


# Every coefficient, with its n, interval and kind


def test_every_coefficient_of_a_scale_has_n_method_and_value(found):
    table = found["scales"]
    expected = [
        *("alpha", "alpha, resampled", "standardised alpha", "standardised alpha, resampled"),
        *("mean inter-item correlation", *(f"Guttman lambda {number}" for number in range(1, 7))),
        *("split half, lowest", "split half, mean", "split half, odd and even"),
        *("standard error of measurement", "minimal detectable change"),
        *("omega total", "omega total, observed variance", "omega total, minres", "ordinal alpha", "categorical omega"),
    ]
    assert set(table["statistic"]) == {*expected, "omega hierarchical"}  # of six items mostly improper
    values = table.set_index("statistic").loc[expected]
    assert values["estimate"].notna().all()
    assert (table["n"] == 60).all()
    assert (table["method"] != "").all()
    with_interval = {"alpha": "Feldt", "alpha, resampled": "BCa bootstrap of 200 draws", "omega total": "BCa bootstrap"}
    for name, method in with_interval.items():
        row = values.loc[name]
        assert row["ci_low"] < row["estimate"] < row["ci_high"]
        assert method in row["ci_method"]


def test_identities_between_coefficients(found):
    value = found["scales"].set_index("statistic")["estimate"]
    assert value["Guttman lambda 3"] == pytest.approx(value["alpha"])
    assert value["split half, mean"] == pytest.approx(value["alpha"])  # over all splits of an even number of items
    assert value["Guttman lambda 4"] >= value["Guttman lambda 2"] >= value["alpha"] > value["Guttman lambda 1"]
    error, change = value["standard error of measurement"], value["minimal detectable change"]
    assert change == pytest.approx(1.96 * np.sqrt(2) * error)


def test_error_of_measurement_is_in_units_of_the_score(found):
    wide = scales.items_wide(answers(), BRS, "pre")
    alpha = reliability.cronbach_alpha(wide).estimate
    expected = wide.mean(axis=1).std(ddof=1) * np.sqrt(1 - alpha)
    assert pick(found["scales"], "standard error of measurement")["estimate"] == pytest.approx(expected)


def test_the_same_answers_in_another_order_give_the_same_table(found):
    again = estimate(answers().sample(frac=1, random_state=3))
    pd.testing.assert_frame_equal(again["scales"], found["scales"])


# Small samples


def test_under_the_smallest_group_nothing_is_computed_and_every_row_says_so():
    table = estimate(answers(9))["scales"]
    assert table["estimate"].isna().all()
    assert table["note"].str.startswith("undefined: fewer than").all()
    assert pick(table, "alpha")["note"] == "undefined: fewer than 10 complete respondents"
    items = estimate(answers(9))["item_statistics"]
    assert items[["mean", "item_rest", "alpha_if_deleted", "loading"]].isna().all(axis=None)


def test_no_factor_model_under_its_number():
    table = estimate(answers(49))["scales"]
    for name in scales.FACTOR:
        row = pick(table, name)
        assert pd.isna(row["estimate"])
        assert row["note"] == "undefined: fewer than 50 complete respondents, no factor model is fitted"
    assert pick(table, "alpha")["estimate"] > 0.8
    assert estimate(answers(49))["item_statistics"]["loading"].isna().all()
    assert estimate(answers(50))["item_statistics"]["loading"].between(0.4, 1).all()


def test_who_left_an_item_out_is_counted():
    gaps = answers()
    gaps.loc[(gaps["person"].isin(["p1", "p2"])) & (gaps["item"] == "brs_3"), "value"] = np.nan
    for row in estimate(gaps)["scales"].to_dict("records"):
        assert (row["n"], row["n_dropped"], row["dropped_reason"]) == (58, 2, reliability.INCOMPLETE_ROW)


def test_two_items_have_spearman_brown_and_no_factor():
    table = estimate(answers(instrument=SVEST), instruments=[SVEST])["scales"]
    two = table[table["scale"] == "svest.absenteeism"]
    assert "Spearman-Brown" in set(two["statistic"])
    assert not set(two["statistic"]) & {*scales.FACTOR, "Guttman lambda 2", "split half, mean"}
    assert "two items only, Spearman-Brown" in pick(table, "alpha", scale="svest.absenteeism")["note"]


def test_warnings_in_words():
    odd = answers()
    odd.loc[odd["item"] == "brs_1", "value"] = 4.0
    table = estimate(odd)["scales"]
    assert "constant item: brs_1" in pick(table, "alpha")["note"]
    assert pick(table, "standardised alpha")["note"] == "undefined: a constant item has no correlations: brs_1"
    assert pick(table, "omega total")["note"].startswith("undefined: ")
    turned = answers()
    turned.loc[turned["item"] == "brs_1", "value"] = 6 - turned.loc[turned["item"] == "brs_1", "value"]
    table = estimate(turned)["scales"]
    assert "reversed item suspected: brs_1" in pick(table, "alpha")["note"]
    assert "reversed item suspected: brs_1" in pick(table, "omega total")["note"]
    flat = answers().assign(value=3.0)
    assert estimate(flat)["scales"]["estimate"].isna().all()


# Languages and waves


def test_a_language_version_is_described_and_marked():
    table = estimate(answers(60, languages=("de", "nl", "de", "de", "fr", "de")))["scales"]
    by_language = table[(table["statistic"] == "alpha")].set_index("language")["n"]
    assert by_language.to_dict() == {"all": 60, "de": 40, "fr": 10, "nl": 10}
    row = pick(table, "alpha", language="de")
    assert row["note"].endswith("language versions, descriptive only")
    assert not ((table["language"] == "de") & table["statistic"].isin(scales.FACTOR)).any()
    equal = pick(table, "equal alphas of the languages")
    assert (equal["n"], equal["df"]) == (60, "2")
    assert 0 < equal["p"] <= 1
    assert "hardly ever finds a difference" in equal["note"]  # six items


def test_one_language_has_no_rows_of_its_own(found):
    assert set(found["scales"]["language"]) == {"all"}
    assert set(estimate(answers(60, languages=("",)))["scales"]["language"]) == {"all"}
    # Whose language is not told is no version, and no part of a test.
    untold = estimate(answers(60, languages=("", "", "de")))["scales"]
    assert set(untold["language"]) == {"all", "de"}
    assert "equal alphas of the languages" not in set(untold["statistic"])


def version_sizes(sizes, countries=None, complete=None, min_n=10, floor=5):
    """Sizes of the versions described in a wave with so many people of each language."""
    people = pd.DataFrame(
        [(name, (countries or {}).get(name, "XX")) for name, size in sizes.items() for _person in range(size)],
        columns=["language", "country"],
    )
    table = pd.DataFrame({"every": True}, index=people.index)
    for name, size in (complete or {}).items():
        table.loc[people.index[people["language"] == name][size:], "every"] = False
    found = scales.language_versions(people, table, min_n, floor)
    return found[found != ""].value_counts().to_dict()


def test_what_is_left_of_the_languages_holds_enough_people():
    assert version_sizes({"de": 30, "es": 12}) == {"de": 30, "es": 12}
    # Three people would be the rest: the smallest version goes with them.
    assert version_sizes({"de": 30, "es": 12, "en": 3}) == {"de": 30}
    assert version_sizes({"de": 30, "es": 12, "en": 3, "fr": 6}) == {"de": 30, "es": 12}
    assert version_sizes({"de": 30, "en": 3}) == {}
    # Also on a scale that some did not answer.
    assert version_sizes({"de": 30, "es": 12}, complete={"es": 9}) == {"de": 30}
    assert version_sizes({"de": 30, "es": 12, "fr": 6}, complete={"fr": 4}) == {"de": 30}


def test_a_language_does_not_tell_of_a_protected_country():
    # IE has 3 people; the flow withholds DE to protect it. German would be AT and DE together, and tell of DE.
    countries = [("de", "AT", 14), ("de", "DE", 7), ("nl", "BE", 12), ("es", "ES", 11), ("en", "IE", 3)]
    people = pd.DataFrame(
        [(language, country) for language, country, size in countries for _person in range(size)],
        columns=["language", "country"],
    )
    every = pd.DataFrame({"every": True}, index=people.index)
    assert set(scales.language_versions(people, every, 10, 5)) == {"nl", "es", ""}


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(st.dictionaries(st.sampled_from(["de", "es", "fr", "nl", ""]), st.integers(1, 30), min_size=1))
def test_no_rest_of_languages_is_small(sizes):
    shown = version_sizes(sizes)
    assert all(size >= 10 for size in shown.values())
    rest = sum(sizes.values()) - sum(shown.values())
    assert not shown or rest == 0 or rest >= 5


def test_alpha_of_two_waves_is_compared_in_the_same_people():
    both = pd.concat([answers(60), answers(40, wave="post", seed=2, r=0.2)])
    table = estimate(both, ("pre", "post"))["scales"]
    row = pick(table, "alpha, change since the wave before")
    assert (row["wave"], row["n"]) == ("post", 40)
    assert row["ci_high"] < 0  # much less in common in the second wave
    few = pd.concat([answers(60), answers(8, wave="post", seed=2)])
    row = pick(estimate(few, ("pre", "post"))["scales"], "alpha, change since the wave before")
    assert row["note"] == "undefined: fewer than 10 complete respondents in both waves"


def test_retest_where_the_study_says_nothing_should_have_changed():
    both = pd.concat([answers(30), answers(30, wave="post")])  # the same answers twice
    table = estimate(both, ("pre", "post"), retest=["pre", "post"])["scales"]
    assert pick(table, "test-retest ICC(A,1)")["estimate"] == pytest.approx(1)
    few = pd.concat([answers(30), answers(9, wave="post")])
    row = pick(estimate(few, ("pre", "post"), retest=["pre", "post"])["scales"], "test-retest ICC(A,1)")
    assert (row["n"], row["note"]) == (9, "undefined: fewer than 10 pairs")


# Published values


@pytest.mark.parametrize(
    ("low", "high", "reading"),
    [
        (0.80, 0.91, "partly in the interval"),
        (0.72, 0.84, "in the interval"),
        (0.70, 0.70, "in the interval"),
        (0.10, 0.69, "below the interval"),
        (0.86, 0.95, "above the interval"),
        (0.10, 0.70, "partly in the interval"),
    ],
)
def test_published_values(low, high, reading):
    value = Statistic(0.8, 50, "alpha", 0.7, 0.85, "Feldt")
    assert scales.compare_with_published(value, {"low": low, "high": high}) == reading
    assert scales.compare_with_published(replace(value, ci_low=None), {"low": low, "high": high}) == ""


def test_published_value_stands_beside_its_own_coefficient_only(found):
    table = found["scales"].set_index("statistic")
    assert table.loc["alpha", ["published_low", "published_high"]].tolist() == [0.80, 0.91]
    assert table.loc["alpha", "published_reading"] in ("in the interval", "partly in the interval")
    assert table.drop("alpha")["published_low"].isna().all()


# Answers


def test_answers_are_counted_as_asked_and_rare_ones_joined():
    responses = answers(20)
    responses.loc[responses["item"] == "brs_2", "value"] = [1.0] * 2 + [2.0] * 3 + [4.0] * 9 + [5.0] * 6
    table = estimate(responses)["answers"]
    here = table[table["item"] == "brs_2"]
    # 2, 3, 0, 9, 6: nobody in the middle goes to the smaller neighbour, and the lowest two together are five.
    assert here[["answer_low", "answer_high", "people"]].to_numpy().tolist() == [[1, 3, 5], [4, 4, 9], [5, 5, 6]]
    assert here["percent"].sum() == pytest.approx(100)
    assert set(here["reversed"]) == {"yes"}
    assert (table["people"] >= 5).all()


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(st.lists(st.integers(0, 30), min_size=1, max_size=7), st.integers(1, 12))
def test_joined_categories_cover_all_and_hold_enough(counts, floor):
    groups = scales.join_small(counts, floor)
    assert [place for first, last in groups for place in range(first, last + 1)] == list(range(len(counts)))
    sizes = [sum(counts[first : last + 1]) for first, last in groups]
    assert sum(sizes) == sum(counts)
    assert len(groups) == 1 or min(sizes) >= floor


def test_items_do_not_tell_how_few_gave_an_answer_that_is_joined():
    # With n, mean and spread the counts behind joined answers could be found by trying all of them.
    table = estimate(answers(40))
    groups = table["answers"].groupby("item")
    joined = {item for item, some in groups if (some["answer_low"] < some["answer_high"]).any()}
    assert len(joined) > 0
    items = table["item_statistics"].set_index("item")
    assert items.loc[sorted(joined), ["mean", "sd"]].isna().all(axis=None)
    assert items.loc[sorted(joined), "note"].str.contains("rare answers are joined").all()
    assert items["item_rest"].notna().all()
    many = estimate(answers(400))  # nobody's answer is rare
    assert many["item_statistics"][["mean", "sd"]].notna().all(axis=None)


# Raters


def audits(*rows):
    columns = ["site", "track", "standard", "round", "auditor", "verdict"]
    return pd.DataFrame(
        [(site, "training", code, "external", who, what) for site, code, who, what in rows], columns=columns
    )


RATINGS = pd.DataFrame(columns=["site", "track", "standard", "rater", "dimension", "rating"])


def compare(table, ratings=RATINGS):
    found = raters.compare(table, ratings, rating_range=[1, 5], confidence=0.95, draws=200, floor=5)
    return tables.conform(found, tables.contract("internal/reliability/raters.csv"))


def test_agreement_of_auditors_in_both_readings_of_the_verdicts():
    rows = []
    for site, first, second in (
        ("s1", "met", "met"),
        ("s2", "met", "not met"),
        ("s3", "not met", "not met"),
        ("s4", "met", "met"),
        ("s5", "not applicable", "not applicable"),
    ):
        rows += [(site, "T1", "A", first), (site, "T1", "B", second)]
    rows += [("s1", "T2", "A", "met"), ("s1", "T3", "A", "not assessed")]  # seen by one auditor, and by none
    found = compare(audits(*rows)).set_index(["level", "statistic"])
    agreed = found.loc[("ordinal", "percent agreement")]
    assert agreed[["estimate", "n", "n_dropped", "raters", "institutions"]].tolist() == [0.75, 4, 2, 2, 4]
    assert "no place in the order" in agreed["dropped_reason"]
    # 3 of 4 agree; A met 3/4, B met 2/4: 3/8 + 1/8 = 1/2; (3/4 - 1/2) / (1/2) = 1/2.
    assert found.loc[("ordinal", "Cohen's kappa (unweighted)"), "estimate"] == pytest.approx(0.5)
    assert found.loc[("nominal", "percent agreement"), "estimate"] == pytest.approx(0.8)
    assert found.loc[("nominal", "prevalence: met"), ["estimate", "n"]].tolist() == [pytest.approx(6 / 11), 11]
    assert "too narrow" in found.loc[("nominal", "Gwet's AC1"), "note"]
    drawn = found.loc[("nominal", "Krippendorff's alpha (nominal)")]
    assert drawn["ci_method"] == "percentile bootstrap of 200 draws of institutions, 95 %"
    assert "few institutions to draw from" in drawn["note"]


def test_auditors_who_agree_on_everything_say_so():
    rows = [(f"s{number}", "T1", who, "met") for number in range(4) for who in "AB"]
    found = compare(audits(*rows)).set_index(["level", "statistic"])
    assert found.loc[("nominal", "percent agreement"), "estimate"] == 1
    row = found.loc[("nominal", "Fleiss' kappa")]
    assert pd.isna(row["estimate"])
    assert row["note"].startswith("undefined: agreement 100 %, one category only")


def test_no_audit_and_no_rating_is_an_empty_table_that_can_be_drawn():
    nothing = compare(audits())
    assert nothing.empty
    own = audits(("s1", "T1", "S", "met")).assign(round="self")
    assert compare(own).empty
    figure, words = reliability_figures.draw_raters({"reliability/raters.csv": nothing}, {"waves": {}})
    assert figure.axes
    assert "0 groups" in words


def rated(raters_=6, standards=12):
    rng = np.random.default_rng(1)
    return pd.DataFrame(
        [
            ("s", "training", f"T{code}", f"R{who}", "clarity", float(np.clip(round(3 + quality + noise), 1, 5)))
            for code, quality in enumerate(rng.normal(0, 1.2, standards))
            for who, noise in enumerate(rng.normal(0, 0.6, raters_))
        ],
        columns=RATINGS.columns,
    )


def test_too_few_people_who_rated_are_not_told():
    found = compare(audits(), rated(4))
    assert found["statistic"].tolist() == ["percent agreement"]
    assert found["note"].tolist() == ["withheld: fewer than 5 people rated"]
    assert found["estimate"].isna().all()


def test_rare_ratings_are_joined_in_the_shares():
    few = rated()
    few.loc[few["rating"] <= 2, "rating"] = 3.0
    few.loc[few.index[:2], "rating"] = 1.0  # two ratings of 1, none of 2
    shares = compare(audits(), few).query("statistic.str.startswith('prevalence')")
    assert all(share * n >= 5 - 1e-9 for share, n in zip(shares["estimate"], shares["n"], strict=True))
    assert shares["estimate"].sum() == pytest.approx(1)
    assert shares["statistic"].iloc[0] == "prevalence: 1 to 3"


def test_ratings_have_intraclass_correlations_of_all_six_forms():
    found = compare(audits(), rated())
    assert set(found.loc[found["level"] == "interval", "statistic"]) == {
        "Krippendorff's alpha (interval)",
        *(f"ICC({form},{unit})" for form in "1AC" for unit in "1k"),
    }
    assert "mean of 6 raters" in found.set_index("statistic").loc["ICC(A,k)", "note"]
    assert found.loc[found["statistic"].str.startswith("ICC"), "estimate"].between(0.4, 1).all()
    assert (found["n"] > 0).all()


# Intervals hold the true value as often as they say


def test_intervals_of_alpha_and_icc_cover():
    rng = np.random.default_rng(7)
    for thresholds in (None, validate.STEPS["even"]):
        # 600 repeats: four standard errors of a coverage of 95 % are 3.6 points.
        assert validate.coverage_of_alpha(66, 5, 0.3, thresholds, 600, rng)[0] == pytest.approx(0.95, abs=0.036)
        assert validate.coverage_of_icc("ICC(A,1)", 66, 4, (0.5, 0.1), thresholds, 600, rng)[0] == pytest.approx(
            0.95, abs=0.036
        )
