"""Findings from small hand-made tables: certification, Delphi, change, sample, joint display, release, accounting."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from piloteval import tables, tiers
from piloteval.config import Instrument, Scale
from piloteval.errors import DataError
from piloteval.intake import ledger
from piloteval.measures import certification, change, delphi, robustness, sample, verdicts
from piloteval.release.publish import publish
from piloteval.statistic import Statistic
from piloteval.synthesis import joint
from scipy import stats

repeated = settings(max_examples=50, deadline=None, derandomize=True, database=None)

STANDARDS = [
    {
        "track": "training",
        "code": code,
        "short_name": f"Name {code}",
        "core": "yes",
        "status": "published",
        "section": "",
        "tier": "",
    }
    for code in ("T1", "T2", "T3", "T4", "T5")
]
SITES = [
    {"site": site, "name": f"Site {site}", "country": "AT", "setting": "hospital"} for site in ("s1", "s2", "s3", "s4")
]


def audits(*rows):
    """Return verdicts from (site, standard, auditor, verdict) with an optional round."""
    return pd.DataFrame(
        [
            {"site": s, "standard": t, "auditor": a, "verdict": v, "round": (*more, "external")[0]}
            for s, t, a, v, *more in rows
        ]
    )


# Certification


@pytest.mark.parametrize(
    ("given", "settled"),
    [
        (["met", "met"], "met"),
        (["met"], "met"),
        (["met", "partly met"], "disputed"),
        (["met", "not met", "met"], "disputed"),
        (["met", "not applicable"], "disputed"),
        (["met", "not assessed"], "met"),
        (["not assessed", "not assessed"], "not assessed"),
        ([], "not assessed"),
    ],
)
def test_settled_verdict(given, settled):
    assert verdicts.settle(given) == settled


def test_rounds_are_settled_apart():
    table = verdicts.settle_audits(
        audits(("s1", "T1", "A", "met"), ("s1", "T1", "B", "met"), ("s1", "T1", "S", "not met", "self"))
    )
    assert table.set_index("round")["verdict"].to_dict() == {"external": "met", "self": "not met"}


def test_institutions_are_counted_by_verdict():
    settled = verdicts.settle_audits(
        audits(
            ("s1", "T1", "A", "met"), ("s1", "T1", "B", "met"),
            ("s2", "T1", "A", "met"), ("s2", "T1", "B", "not met"),
            ("s3", "T1", "A", "not applicable"),
            ("s4", "T1", "A", "not assessed"),
            ("s4", "T2", "A", "partly met"),
        )
    )  # fmt: skip
    rows = certification.standards_table(settled, STANDARDS).set_index("standard")
    counts = ["institutions", "met", "partly_met", "not_met", "not_applicable", "disputed"]
    # Assessed in s1, s2 and s3; s4 was not assessed.
    assert rows.loc["T1", counts].tolist() == [3, 1, 0, 0, 1, 1]
    assert rows.loc["T2", counts].tolist() == [1, 0, 1, 0, 0, 0]
    assert rows.loc["T3", counts].tolist() == [0] * 6
    assert (rows.loc["T1", "note"], rows.loc["T3", "note"]) == ("", "not audited in this pilot")


def test_percent_met_is_of_the_applicable_and_disputed_is_not_met():
    settled = verdicts.settle_audits(
        audits(
            ("s1", "T1", "A", "met"),
            ("s1", "T2", "A", "met"), ("s1", "T2", "B", "partly met"),
            ("s1", "T3", "A", "not applicable"),
            ("s1", "T4", "A", "not assessed"),
            ("s1", "T5", "A", "not met"),
            ("s2", "T3", "A", "not applicable"),
        )
    )  # fmt: skip
    rows = certification.institutions_table(settled, STANDARDS, SITES).set_index("site")
    counts = ["standards", "applicable", "met", "partly_met", "not_met", "disputed"]
    assert rows.loc["s1", counts].tolist() == [5, 3, 1, 0, 1, 1]
    assert rows.loc["s1", "percent_met"] == pytest.approx(100 / 3)
    assert rows.loc["s2", "applicable"] == 0
    assert pd.isna(rows.loc["s2", "percent_met"])
    assert rows.loc["s2", "note"] == "no applicable standard was assessed"


def test_verdict_stands_beside_the_self_assessment():
    settled = verdicts.settle_audits(
        audits(("s1", "T1", "A", "met"), ("s1", "T1", "S", "partly met", "self"), ("s1", "T2", "S", "met", "self"))
    )
    rows = certification.verdicts_table(settled, STANDARDS, SITES).set_index("standard")
    assert rows[["verdict", "self_verdict"]].to_numpy().tolist() == [["met", "partly met"], ["not assessed", "met"]]


def test_row_level_tables_for_the_raters_keep_every_verdict_and_rating_given():
    given = audits(("s2", "T1", "B", "met"), ("s1", "T1", "A", "met"), ("s1", "T1", "S", "met", "self")).assign(
        audited_on=""
    )
    rows = certification._audits(given, STANDARDS)
    assert rows[["site", "auditor", "round"]].to_numpy().tolist() == [
        ["s1", "A", "external"],
        ["s1", "S", "self"],
        ["s2", "B", "external"],
    ]
    assert set(rows["track"]) == {"training"}
    table = pd.DataFrame(
        {"site": "s1", "standard": "T1", "rater": ["R1", "R2"], **dict.fromkeys(certification.RATED, 4.0)}
    )
    table.loc[0, "clarity"] = None
    assert len(certification._ratings(table, STANDARDS)) == 7


def test_ratings_of_a_standard():
    table = pd.DataFrame({"standard": "T1", **{name: [5.0, 4.0, 3.0, None] for name in certification.RATED}})
    row = certification.ratings_table(table, STANDARDS, 4, 0.95).set_index("dimension").loc["clarity"]
    assert row[["median", "q1", "q3", "n", "n_dropped", "dropped_reason"]].tolist() == [4, 3.5, 4.5, 3, 1, "not rated"]
    # Wilson, 2 of 3: (2/3 + 1.92073/3) / (1 + 3.84146/3) = 0.573084, half a width 0.365424.
    assert row["estimate"] == pytest.approx(200 / 3)
    assert (row["ci_low"], row["ci_high"]) == (pytest.approx(20.7660, abs=1e-3), pytest.approx(93.8508, abs=1e-3))


def test_indicators_over_institutions():
    table = pd.DataFrame({"indicator": "turnover", "period": "2024", "value": [10.0, 12.0, None]})
    row = certification.indicators_table(table).loc[0]
    assert row[["institutions", "mean", "median", "note"]].tolist() == [2, 11, 11, "1 institutions without a value"]
    assert row["sd"] == pytest.approx(math.sqrt(2))


# Delphi

STATEMENTS = [{"statement": name, "text": name, "status": "published"} for name in ("S1", "S2", "S3")]
RULE = {"agree_from": 4, "threshold_percent": 70, "comparison": "above", "status": "confirmed", "confidence": 0.95}


def panel(agree, disagree, silent=0, statement="S1", unit="1", **dimensions):
    values = [4.0] * agree + [3.0] * disagree + [None] * silent
    return pd.DataFrame(
        {
            "panellist": [f"X{n}" for n in range(len(values))],
            "statement": statement,
            "unit": unit,
            "feasibility": values,
            **dimensions,
        }
    )


def assess(table, dimensions=("feasibility",), **changes):
    return delphi.assess(table, STATEMENTS, dimensions=list(dimensions), **(RULE | changes))


@pytest.mark.parametrize(
    ("agree", "disagree", "threshold", "comparison", "agreed"),
    [
        (7, 3, 70, "above", "no"),  # exactly 70 percent
        (7, 3, 70, "at least", "yes"),
        (14, 6, 70, "above", "no"),
        (14, 6, 70, "at least", "yes"),
        (15, 5, 70, "above", "yes"),
        (13, 7, 70, "at least", "no"),
        (11, 9, 55, "above", "no"),  # 100 x 11 / 20 is 55.00000000000001 in floating point
        (29, 21, 58, "at least", "yes"),  # 100 x 29 / 50 is 57.99999999999999
        (10, 0, 100, "at least", "yes"),
        (10, 0, 100, "above", "no"),
    ],
)
def test_consensus_at_the_threshold(agree, disagree, threshold, comparison, agreed):
    rows, rounds = assess(panel(agree, disagree), threshold_percent=threshold, comparison=comparison)
    assert rows.loc[0, "agreed"] == agreed
    assert rounds.loc[0, "consensus"] == (agreed == "yes")


@pytest.mark.parametrize("comparison", ["above", "at least"])
@repeated
@given(st.integers(0, 60), st.integers(1, 60), st.integers(0, 100))
def test_consensus_is_that_of_whole_numbers(comparison, agree, more, threshold):
    agree, panellists = min(agree, more), more
    rows, _ = assess(panel(agree, panellists - agree), threshold_percent=threshold, comparison=comparison)
    left, right = 100 * agree, threshold * panellists
    assert (rows.loc[0, "agreed"] == "yes") == (left > right if comparison == "above" else left >= right)


def test_who_did_not_rate_is_not_in_the_denominator():
    rows, rounds = assess(panel(7, 2, 1))
    row = rows.loc[0]
    assert (row["n"], row["n_dropped"], row["dropped_reason"], row["agreed"]) == (9, 1, "not rated", "yes")
    assert row["estimate"] == pytest.approx(700 / 9)
    assert rounds.loc[0, "panellists"] == 10


def test_statement_nobody_rated_has_no_consensus_and_a_reason():
    rows, rounds = assess(panel(0, 0, 3))
    assert rows.loc[0, "agreed"] == "no"
    assert pd.isna(rows.loc[0, "estimate"])
    assert rows.loc[0, "note"].startswith("undefined")
    assert rounds.loc[0, "consensus"] == 0


def test_consensus_needs_every_dimension():
    table = panel(9, 1, sensitivity=[4.0] * 5 + [2.0] * 5)
    rows, rounds = assess(table, ("feasibility", "sensitivity"))
    assert rows.set_index("dimension")["agreed"].to_dict() == {"feasibility": "yes", "sensitivity": "no"}
    assert rounds.loc[0, "consensus"] == 0
    assert rounds.loc[0, "rule"] == (
        "consensus when above 70 % of the panellists who rated the statement rate it 4 or more on each of feasibility, "
        "sensitivity"
    )


def test_rounds_are_counted_apart():
    table = pd.concat([panel(9, 1), panel(1, 9, statement="S2"), panel(8, 2, statement="S2", unit="2")])
    rows, rounds = assess(table)
    assert rounds[["round", "panellists", "statements", "consensus"]].to_numpy().tolist() == [
        ["1", 10, 2, 1],
        ["2", 10, 1, 1],
    ]
    assert rows[["statement", "round"]].to_numpy().tolist() == [["S1", "1"], ["S2", "1"], ["S2", "2"]]


# Change


def scale(name, higher=True):
    return Scale(f"x.{name}", "x", f"Label {name}", ("x_1", "x_2"), "mean", 1, (0, 10), higher, 0.5, None, ())


X = Instrument(
    "x", "X", "1", "confirmed", "", (1, 2, 3, 4, 5), (), ("x_1", "x_2"), frozenset(),
    (scale("up"), scale("down", higher=False), scale("other"), replace(scale("relevant"), smallest_relevant_change=1)),
)  # fmt: skip
NO_ANSWERS = pd.DataFrame(columns=["person", "cohort", "language", "wave", "instrument", "item", "value"])
CRITERIA = [
    {"id": measure, "label": measure, "measure": measure, "green": 90, "amber": 60, "source": "nobody"}
    for measure in ("enrolment", "retention", "completeness")
]


def scores(pre, post, name="x.up", cohort="c"):
    """Return scores of people p0, p1 ... in two waves; None is a person without a score, `-` one without a row."""
    rows = [
        {
            **{"person": f"p{n}", "cohort": cohort, "site": f"s{n % 5}", "wave": wave, "scale": name, "score": value},
            **{"answered": 2 - (n == 0), "items": 2},
        }
        for wave, values in (("pre", pre), ("post", post))
        for n, value in enumerate(values)
        if value != "-"
    ]
    return pd.DataFrame(rows).astype({"score": "float64"})


def compare(table, *outcomes, min_n=3, registered=True, responses=NO_ANSWERS, planned=None, retrospective=()):
    asked = [{"role": "primary", "cohorts": [], **one} for one in outcomes or ({"scale": "x.up"},)]
    made = change.compare(
        table,
        responses,
        {"x": X},
        outcomes=asked,
        settings={
            **{"comparison": ["pre", "post"], "imputations": 5, "progression": CRITERIA},
            **{"retrospective": retrospective, "subgroup_min_n": 12},
        },
        waves=["pre", "post", "later"],
        confidence=0.95,
        min_n=min_n,
        registered=registered,
        enrolled={"found": 9, "planned": planned},
        floor=2,
    )
    for name, one in made.items():
        contract = tables.contract(f"internal/change/{name}.csv")
        tables.conform(one, contract)
    keys = {
        "outcomes": ["statistic"], "means": ["wave"], "improved": [], "robustness": ["specification"],
        "responders": ["rule", "outcome_class"], "paths": ["group", "wave"], "missing": ["statistic"], "subgroups": [],
    }  # fmt: skip
    return {
        name: one.set_index(["scale", "cohort", *keys[name]]) if name in keys and len(one) else one
        for name, one in made.items()
    }


def test_mean_change_by_hand():
    # Differences 1, 2, 0, 3: mean 1.5, sd sqrt(5/3) = 1.290994, standard error 0.645497.
    made = compare(scores([1, 2, 3, 4], [2, 4, 3, 7]))
    found, means = made["outcomes"], made["means"]
    row = found.loc[("x.up", "all", "mean change")]
    assert row["estimate"] == pytest.approx(1.5)
    # t(0.975, 3) = 3.182446.
    assert (row["ci_low"], row["ci_high"]) == (pytest.approx(-0.554260, abs=1e-5), pytest.approx(3.554260, abs=1e-5))
    # With 3 degrees of freedom p = 1 - 2/pi (a + sin a cos a), where tan a = t / sqrt 3 and t = 2.323790.
    angle = math.atan(1.5 / math.sqrt(5 / 12) / math.sqrt(3))
    assert row["p"] == pytest.approx(1 - 2 / math.pi * (angle + math.sin(angle) * math.cos(angle)))
    assert (row["n"], row["n_dropped"], row["direction"]) == (4, 0, "higher is better")
    assert row["reading"] == "no clear change"
    assert means.loc[("x.up", "all", "pre"), "estimate"] == pytest.approx(2.5)
    assert means.loc[("x.up", "all", "post"), "estimate"] == pytest.approx(4.0)


def test_share_improved_follows_the_direction_of_the_scale():
    table = pd.concat([scores([1, 2, 3, 4], [2, 4, 3, 7]), scores([1, 2, 3, 4], [2, 4, 3, 3], "x.down")])
    made = compare(table, {"scale": "x.up"}, {"scale": "x.down"})
    found = made["improved"][["improved", "n", "estimate"]]
    assert found.loc[("x.up", "all")].tolist() == [3, 4, 75]
    # Lower is better: only the last of four went down, though the mean went up.
    assert found.loc[("x.down", "all")].tolist() == [1, 4, 25]
    assert made["outcomes"].loc[("x.down", "all", "mean change"), "estimate"] == pytest.approx(0.5)


def test_paths_are_means_of_neighbours_and_never_of_fewer_than_the_floor():
    first, later = [1, 9, 3, 5, 7, 2, 4, 8, 6], [2, 9, 4, 5, 8, 1, 3, 9, 7]
    found = compare(scores(first, later))["paths"]  # a floor of two: nine people make two groups of four or more
    size = found.xs("pre", level="wave")["people"].tolist()
    assert size == [5, 4]
    # By the mean of both waves the last four are (6, 7), (7, 8), (8, 9), (9, 9).
    assert found.xs("pre", level="wave")["mean"].tolist()[1] == pytest.approx(7.5)
    assert found.xs("post", level="wave")["mean"].tolist()[1] == pytest.approx(8.25)
    assert compare(scores(first[:7], later[:7]))["paths"].empty  # one group would be the mean once more


def test_ranks_and_signs_do_not_tell_how_few_went_the_other_way():
    up = [a + 1.5 for a in PRE]
    one_down = [PRE[0] - 1, *up[1:]]
    hidden, shown = ["rank-biserial", change.HIGHER], ["mean change", "median change"]
    for post in (up, one_down):  # a floor of two: one who went down, and nobody who did, are withheld alike
        made = compare(scores(PRE, post))
        rows = made["outcomes"].loc[("x.up", "all")]
        assert rows.loc[hidden, "estimate"].isna().all()
        assert rows.loc[hidden, "note"].str.startswith("withheld").all()
        assert rows.loc[hidden, "p"].isna().all()
        assert pd.isna(made["robustness"].loc[("x.up", "all", "sign test"), "p"])
        assert rows.loc[shown, "estimate"].notna().all()
    post = [PRE[0] - 1, PRE[1] - 2, PRE[2] - 1, *up[3:-1], PRE[-1]]  # three down, one unchanged
    rows = compare(scores(PRE, post))["outcomes"].loc[("x.up", "all")]
    assert (rows.loc[hidden, "n"] == len(PRE)).all()
    assert rows.loc["rank-biserial", "note"] == "unchanged participants left out"
    assert rows.loc["rank-biserial", "dropped_reason"] == ""
    # Eleven of fifteen up and one unchanged are 0.767; in steps of 0.05 this is also twelve and none.
    assert rows.loc[change.HIGHER, "estimate"] == pytest.approx(0.75)
    assert not rows["note"].str.contains(r"\d of \d").any()


def test_exact_p_values_of_counts_have_two_digits():
    rng = np.random.default_rng(4)
    post = [a + float(rng.normal(0.5, 1)) for a in PRE]
    made = compare(scores(PRE, post))
    for p in (
        made["outcomes"].loc[("x.up", "all", "median change"), "p"],
        made["robustness"].loc[("x.up", "all", robustness.SHIFT), "p"],
    ):
        assert p == float(f"{p:.2g}")


@pytest.mark.parametrize(
    ("factor", "said"),
    [
        (0.001, "under 1/100"),
        (0.2, "1/10 to 1/3"),
        (1, "1/3 to 3"),
        (3, "3 to 10"),
        (99, "30 to 100"),
        (1e22, "over 100"),
    ],
)
def test_bayes_factor_is_told_by_its_class(factor, said):
    assert change.bayes_class(factor) == said
    assert change.bayes_class(None) == ""


def test_public_is_not_told_the_bayes_factor_itself():
    made = compare(scores(PRE * 2, [a + b for a, b in zip(PRE * 2, GAIN * 2, strict=True)]))["outcomes"].reset_index()
    assert len(PRE) * 2 >= 10
    one = tables.contract("results/release/change/outcomes.csv")
    shown = tables.present(made, one, tiers.release(10, 5, 1)).set_index("statistic")
    assert pd.isna(shown.loc["Bayes factor", "estimate"])
    assert shown.loc["Bayes factor", "class"]
    assert {value for _column, value in one.team_rows} == {"rank-biserial", change.HIGHER}


def test_median_change_is_read_from_its_exact_test():
    # All differences are quarters, with zeros: the interval holds zero, the exact test of those who changed does not.
    gain = [0.0] * 6 + [0.25] * 8 + [0.5] * 2 + [-0.25]
    rows = compare(scores([3.0] * 17, [3 + one for one in gain]))["outcomes"].loc[("x.up", "all")]
    row = rows.loc["median change"]
    assert row["ci_low"] <= 0 <= row["ci_high"]
    assert row["p"] < 0.05
    assert row["reading"] == "improved"


def test_complete_answers_are_those_of_the_compared_waves():
    post = [a + b for a, b in zip(PRE, GAIN, strict=True)]
    two = scores(PRE, post).assign(answered=2)
    third = two[two["wave"] == "post"].assign(wave="later")
    for table in (two, pd.concat([two, third])):
        assert compare(table)["robustness"].loc[("x.up", "all", "every item answered"), "n"] == len(PRE)


def test_friedman_needs_enough_people_with_every_wave():
    post = [a + b for a, b in zip(PRE, GAIN, strict=True)]
    two = scores(PRE, post)
    third = two[(two["wave"] == "post") & two["person"].isin(["p0", "p1"])].assign(wave="later")
    row = compare(pd.concat([two, third]))["outcomes"].loc[("x.up", "all", "any difference of the waves")]
    assert (row["n"], row["note"]) == (2, "undefined: fewer than 3 people with every wave")
    assert pd.isna(row["p"])


def test_nobody_in_both_waves_is_compared_as_different_people():
    table = scores([*PRE, *["-"] * 15], [*["-"] * 15, *PRE])
    made = compare(table)
    assert {key[2] for key in made["outcomes"].index} >= {"difference of means"}
    assert set(made["missing"]["design"]) == {"unpaired"}
    told = made["robustness"].loc[("x.up", "all")]
    assert told.loc["unpaired (Welch)", "estimate"] == pytest.approx(0)
    assert told.loc["paired t", "note"] == "undefined: fewer than 3 pairs"


def test_few_pairs_leave_what_needs_no_pairs():
    table = scores([*PRE, "-", "-"], [PRE[0] + 1, PRE[1] + 2, *["-"] * 13, 5, 6])
    told = compare(table)["robustness"].loc[("x.up", "all")]
    assert told["estimate"].notna().sum() >= 2
    assert set(told.index[told["estimate"].notna()]) <= {
        "mixed model, person",
        "mixed model, person in institution",
        "unpaired (Welch)",
    }


def test_nobody_changed_is_a_change_of_zero():
    made = compare(scores(PRE, PRE))
    row = made["outcomes"].loc[("x.up", "all", "mean change")]
    assert (row["estimate"], row["note"], row["reading"]) == (0, "nobody changed, so no interval", "")
    assert made["robustness"].loc[("x.up", "all", "paired t"), "estimate"] == 0


def test_retention_is_not_zero_where_the_wave_was_not_received():
    made = compare(scores(PRE, ["-"] * 15), registered=True)
    row = made["progression"].set_index("criterion").loc["retention"]
    assert row["note"] == "undefined: no scores of the wave post"
    assert row["light"] == ""
    lost = compare(scores(PRE, [None] * 14 + [3]))["progression"].set_index("criterion").loc["retention"]
    assert lost["estimate"] == pytest.approx(100 / 15)  # a row without a score is no answer
    improved = made["improved"].reset_index().iloc[0]
    assert pd.isna(improved["improved"])


def test_readings_after_holm_stand_beside_those_before():
    rng = np.random.default_rng(7)
    post = [a + float(rng.normal(0.5, 1)) for a in PRE]
    same = pd.concat([scores(PRE, post, name) for name in ("x.up", "x.other", "x.relevant")])
    rows = compare(same, *({"scale": name} for name in ("x.up", "x.other", "x.relevant")))["outcomes"]
    row = rows.loc[("x.up", "all", "mean change")]
    assert row["p"] < 0.05 < row["p_adjusted"] == pytest.approx(3 * row["p"])
    assert (row["reading"], row["reading_adjusted"]) == ("improved", "no clear change")
    adjusted = rows.loc[("x.up", "all", "detectable d_z, adjusted"), "estimate"]
    assert adjusted > rows.loc[("x.up", "all", "detectable d_z"), "estimate"]


def test_specifications_that_coincide_are_marked():
    post = [a + b for a, b in zip(PRE, GAIN, strict=True)]
    told = compare(scores(PRE, post).assign(answered=2))["robustness"].loc[("x.up", "all")]
    assert told.loc["every item answered", "same_as"] == "paired t"
    assert told.loc["paired t", "same_as"] == ""


def test_reliability_of_a_threshold_is_that_of_the_cohort():
    rng = np.random.default_rng(5)
    post = [a + b for a, b in zip(PRE, GAIN, strict=True)]
    answers = pd.DataFrame(
        [
            {
                "person": f"{who}{n}",
                "cohort": cohort,
                "language": "en",
                "wave": "pre",
                "instrument": "x",
                "item": item,
                "value": value,
            }
            for who, cohort in (("p", "c"), ("q", "d"))
            for n in range(15)
            for level in [float(rng.integers(1, 6))]
            for item, value in (("x_1", level), ("x_2", level if who == "p" else float(rng.integers(1, 6))))
        ]
    )
    told = compare(scores(PRE, post), {"scale": "x.up", "cohorts": ["c"]}, responses=answers)["responders"]
    assert "alpha before, n = 15" in told["note"].iloc[0]


def test_incomplete_pairs_are_dropped_and_counted_by_wave():
    # Two lack a pre score (one has no row, one no score), one lacks a post score, one has neither.
    table = scores([1, 2, 3, 4, "-", None, 5, None], [2, 4, 3, 7, 1, 1, "-", None])
    row = compare(table)["outcomes"].loc[("x.up", "all", "mean change")]
    assert (row["n"], row["n_dropped"], row["dropped_reason"]) == (4, 3, "no pre score; no post score")
    assert row["estimate"] == pytest.approx(1.5)


def test_nobody_is_paired_without_a_register():
    # That an id comes in both waves does not make two strangers one: the waves are compared as different people.
    made = compare(scores([1, 2, 3, 4], [2, 4, 3, 7]), registered=False)
    found = made["outcomes"]
    assert {key[2] for key in found.index} == {
        "difference of means", "standardised difference", "difference of medians", "Cliff's delta"
    }  # fmt: skip
    row = found.loc[("x.up", "all", "difference of means")]
    assert row["estimate"] == pytest.approx(1.5)
    assert row["p_method"].startswith("Welch's t test, two-sided, waves taken as different people")
    assert row["p_adjusted"] == row["p"]
    assert "Holm over 1 outcome" in row["p_method"]
    assert made["means"]["n"].tolist() == [0, 0]
    for name in ("robustness", "responders", "missing", "items"):
        assert made[name].empty
    retention = made["progression"].set_index("criterion").loc["retention"]
    assert retention["note"] == "undefined: nobody can be paired"
    few = compare(scores([1, 2], [2, 4, 5]), registered=False)["outcomes"]
    assert few["note"].tolist() == ["undefined: fewer than 3 scores in a wave"]


def test_cohorts_are_compared_apart():
    table = pd.concat(
        [scores([1, 2, 3], [2, 3, 5]), scores([1, 2, 3], [1, 2, 4], cohort="d").assign(person=["q0", "q1", "q2"] * 2)]
    )
    found = compare(table, {"scale": "x.up", "cohorts": ["c"]}, {"scale": "x.up", "cohorts": []})["outcomes"]
    assert found.loc[("x.up", "c", "mean change"), "estimate"] == pytest.approx(4 / 3)
    assert found.loc[("x.up", "all", "mean change"), "estimate"] == pytest.approx(5 / 6)
    assert found.loc[("x.up", "all", "mean change"), "n"] == 6


def test_too_few_pairs_have_no_estimate_and_a_reason():
    made = compare(scores([1, 2, 3], [2, 4, 3]), min_n=4)
    found = made["outcomes"]
    row = found.loc[("x.up", "all", "mean change")]
    assert pd.isna(row["estimate"])
    assert (row["n"], row["note"]) == (3, "undefined: fewer than 4 pairs")
    assert len(found) == 1
    assert pd.isna(made["improved"].loc[("x.up", "all"), "estimate"])


def test_change_that_does_not_vary_has_no_test():
    found = compare(scores([1, 2, 3, 4], [2, 3, 4, 5]))["outcomes"]
    assert found.loc[("x.up", "all", "mean change"), "estimate"] == pytest.approx(1)
    assert pd.isna(found.loc[("x.up", "all", "mean change"), ["p", "p_adjusted"]]).all()
    assert found.loc[("x.up", "all", "Bayes factor"), "note"] == "undefined: the differences do not vary"


def test_holm_within_a_role():
    table = pd.concat(
        [
            scores([1, 2, 3, 4], [2, 4, 3, 7]),
            scores([1, 2, 3, 4], [2, 4, 5, 7], "x.down"),
            scores([1, 2, 3, 4], [2, 2, 4, 4], "x.other"),
        ]
    )
    asked = ({"scale": "x.up"}, {"scale": "x.down"}, {"scale": "x.other", "role": "secondary"})
    found = compare(table, *asked)["outcomes"]
    rows = found.xs("mean change", level="statistic").droplevel("cohort")
    low, high = sorted(rows.loc[["x.up", "x.down"], "p"])
    adjusted = sorted(rows.loc[["x.up", "x.down"], "p_adjusted"])
    # Holm 1979: the smallest of two is doubled, the other at least as large.
    assert adjusted == pytest.approx([min(1, 2 * low), min(1, max(2 * low, high))])
    assert rows.loc["x.other", "p_adjusted"] == pytest.approx(rows.loc["x.other", "p"])
    assert rows.loc["x.up", "p_method"].endswith("; Holm over 2 outcomes of the role")
    assert rows.loc["x.other", "p_method"].endswith("; Holm over 1 outcome of the role")
    # One test is planned, and only its p-values are adjusted: a second look at the same outcome is none.
    beside = found.drop(index=[key for key in found.index if key[2] == "mean change"])
    assert beside["p_adjusted"].isna().all()
    assert beside.loc[("x.up", "all", "median change"), "p"] > 0


# Robustness, responders, missing scores, items, criteria


PRE = [3.0, 2.5, 4.0, 3.5, 2.0, 3.0, 4.5, 1.5, 3.5, 2.0, 3.0, 2.5, 4.0, 3.0, 2.5]
GAIN = [1.0, 0.5, 0.5, 1.5, 1.0, 0.0, 0.5, 1.0, 1.0, 1.5, 0.5, -0.5, 0.5, 1.0, 1.5]


def test_every_specification_answers_in_points():
    found = compare(scores(PRE, [a + b for a, b in zip(PRE, GAIN, strict=True)]))["robustness"].loc[("x.up", "all")]
    assert list(found.index) == list(robustness.SPECIFICATIONS)
    mean = sum(GAIN) / len(GAIN)
    # Nobody is missing, so everybody's, the pairs' and the institutions' mean change are the same number.
    for name in (
        "paired t",
        "mixed model, person",
        "imputed",
        "unpaired (Welch)",
        "institutions, CR2",
        "institutions, sign flip",
    ):
        assert found.loc[name, "estimate"] == pytest.approx(mean), name
    # The mixed model of complete pairs is the paired t test.
    assert found.loc["mixed model, person", "p"] == pytest.approx(found.loc["paired t", "p"], rel=1e-6)
    assert found.loc["mixed model, person", "df"] == found.loc["paired t", "df"] == "14"
    # One left out an item: with the change of all pairs the change of the others would tell that of the one.
    assert found.loc["every item answered", "n"] == 14
    assert found.loc["every item answered", "note"].startswith("withheld")
    assert found.loc["institutions, sign flip", "smallest_p"] == pytest.approx(2 / 2**5)
    assert found.loc["institutions, sign flip", "p"] >= 2 / 2**5
    with_interval = found["ci_low"].notna()
    assert set(found.index[~with_interval]) == {
        "every item answered",
        "sign test",
        "institutions, wild bootstrap",
        "institutions, sign flip",
    }
    assert (found.loc[with_interval, "reading"] == "improved").all()


def test_few_pairs_and_one_institution_have_reasons():
    few = compare(scores([1, 2], [2, 3]))["robustness"]
    assert few["estimate"].isna().all()
    assert set(few["note"]) == {"undefined: fewer than 3 pairs"}
    one = scores(PRE, [a + b for a, b in zip(PRE, GAIN, strict=True)]).assign(site="s1")
    found = compare(one)["robustness"].loc[("x.up", "all")]
    for name in ("institutions, CR2", "institutions, sign flip", "mixed model, person in institution"):
        assert pd.isna(found.loc[name, "estimate"])
        assert found.loc[name, "note"].startswith("undefined: ")


def test_responders_by_measurement_error():
    rng = np.random.default_rng(1)
    trait = rng.normal(3, 1, 40)
    answers = pd.DataFrame(
        [
            {
                "person": f"p{n}",
                "wave": "pre",
                "instrument": "x",
                "item": item,
                "value": float(np.clip(round(value), 1, 5)),
            }
            for item in ("x_1", "x_2")
            for n, value in enumerate(trait + rng.normal(0, 0.4, 40))
        ]
    )
    post = [value + (3 if n < 8 else 0) for n, value in enumerate(trait)]
    found = compare(scores(trait, post, "x.relevant"), {"scale": "x.relevant"}, responses=answers)["responders"]
    reliable = found.loc[("x.relevant", "all", "reliable change")]
    assert reliable["people"].to_dict() == {"all": 40, "improved": 8, "unchanged": 32, "worsened": 0}
    assert reliable.loc["improved", "estimate"] == pytest.approx(20)
    relevant = found.loc[("x.relevant", "all", "smallest relevant change")]
    assert relevant["people"].to_dict() == {"all": 40, "reached": 8, "not reached": 32}
    assert relevant["threshold"].unique().tolist() == [1]
    without = compare(scores(trait, post))["responders"]
    assert without["note"].tolist() == ["undefined: no reliability"]


def test_missing_scores_are_imputed_and_the_design_is_told():
    post = [a + b for a, b in zip(PRE, GAIN, strict=True)]
    whole = compare(scores(PRE, post))["missing"].loc[("x.up", "all")]
    assert set(whole["design"]) == {"paired"}
    assert "tipping point (sd)" not in whole.index
    some = compare(scores(PRE, [None if n in (1, 4, 9) else value for n, value in enumerate(post)]))["missing"]
    some = some.loc[("x.up", "all")]
    assert set(some["design"]) == {"partly paired"}
    assert some.loc["mean change, imputed", "n"] == 15
    assert some.loc["first score, completers less drop-outs (g)", "n"] == 15


def test_single_items():
    rng = np.random.default_rng(2)
    answers = pd.DataFrame(
        [
            {
                "person": f"p{n}",
                "wave": wave,
                "instrument": "x",
                "item": item,
                "value": float(rng.integers(1, 5) + (wave == "post")),
            }
            for n in range(30)
            for wave in ("pre", "post")
            for item in ("x_1", "x_2")
        ]
    )
    found = compare(scores(PRE, PRE), responses=answers)["items"].set_index("item")
    assert (found["n"] == 30).all()
    assert (found["estimate"] > 1).all()
    two = replace(X, values=(0, 1))
    yes = [1.0] * 9 + [0.0] * 21
    pairs = pd.DataFrame(
        [
            {"person": f"p{n}", "wave": wave, "instrument": "x", "item": "x_1", "value": value}
            for wave, values in (("pre", [0.0] * 28 + [1.0] * 2), ("post", yes))
            for n, value in enumerate(values)
        ]
    )
    table = change._items(pairs, [(two, {change.ALL})], ("pre", "post"), 0.95, 10, True, 2).set_index("item")
    # Nine went from no to yes, two from yes to no: exact two-sided binomial, 2 (1 + 11 + 55) / 2^11.
    assert table.loc["x_1", "estimate"] == pytest.approx((9 - 2) / 30)
    assert table.loc["x_1", "p"] == pytest.approx(2 * (1 + 11 + 55) / 2**11)
    assert table.loc["x_2", "note"] == "undefined: fewer than 10 pairs"


def test_more_than_two_waves_are_compared_together():
    post = [a + b for a, b in zip(PRE, GAIN, strict=True)]
    two = scores(PRE, post)
    later = two[two["wave"] == "post"].assign(wave="later", score=lambda table: table["score"] + 0.25)
    found = compare(pd.concat([two, later]))["outcomes"].loc[("x.up", "all")]
    row = found.loc["any difference of the waves"]
    # Friedman by hand: ranks in every person from the three scores.
    ranks = pd.DataFrame({"pre": PRE, "post": post, "later": [one + 0.25 for one in post]}).rank(axis=1)
    assert row["estimate"] == pytest.approx(stats.friedmanchisquare(*ranks.to_numpy().T).statistic / (15 * 2))
    assert row["p"] == pytest.approx(stats.friedmanchisquare(*ranks.to_numpy().T).pvalue)
    assert found.loc["mean change, all waves", "estimate"] == pytest.approx(sum(GAIN) / len(GAIN))
    assert found.loc["mean change, all waves", "n"] == 15
    only = compare(two)["outcomes"].loc[("x.up", "all")]
    assert "any difference of the waves" not in only.index


def test_a_wave_asked_in_retrospect_is_said():
    made = compare(scores(PRE, PRE), retrospective=("pre",))
    assert set(made["missing"]["design"]) == {"paired; pre asked in retrospect"}


def test_cohorts_are_described_and_not_tested():
    post = [a + b for a, b in zip(PRE, GAIN, strict=True)]
    other = scores(PRE, post, cohort="d").assign(person=lambda table: "q" + table["person"])
    table = pd.concat([scores(PRE[:11], post[:11]), other])
    found = compare(table)["subgroups"].loc["x.up"]
    assert found["n"].to_dict() == {"c": 11, "d": 15}
    assert found.loc["c", "note"] == "descriptive: a small group"
    assert found.loc["d", "note"] == "descriptive: no comparison of cohorts was planned"
    assert compare(table, {"scale": "x.up", "cohorts": ["c"]})["subgroups"].empty
    # All less one cohort is the other: where one is too small, none is told.
    few = pd.concat([scores(PRE[:2], post[:2]), other])
    assert compare(few)["subgroups"].loc["x.up", "estimate"].isna().all()


@pytest.mark.parametrize(
    ("estimate", "low", "high", "colour"),
    [
        (95, 91, 98, "green"),
        (95, 85, 98, "amber"),
        (65, 55, 75, "amber"),
        (40, 30, 59, "red"),
        (95, None, None, "green"),
        (None, None, None, ""),
    ],
)
def test_traffic_lights_follow_the_interval(estimate, low, high, colour):
    assert change.light(Statistic(estimate, 50, "share", low, high), 90, 60) == colour


def test_progression_criteria_are_measured():
    found = compare(scores([1, 2, 3, 4, 5], [2, 3, 4, 5, "-"]), planned=10)["progression"].set_index("criterion")
    assert found.loc["enrolment", ["estimate", "n"]].tolist() == [90, 9]
    assert found.loc["retention", ["estimate", "n"]].tolist() == [80, 5]
    assert found.loc["completeness", "estimate"] == 100
    assert compare(scores([1, 2], [2, 3]))["progression"].set_index("criterion").loc["enrolment", "light"] == ""


# Sample


def answered(**waves):
    rows = [
        {
            "person": person,
            "wave": wave,
            "scale": "x.up",
            "cohort": "c",
            "score": 1.0 if count else None,
            "answered": count,
        }
        for wave, persons in waves.items()
        for person, count in persons.items()
    ]
    return pd.DataFrame(rows, columns=["person", "wave", "scale", "cohort", "score", "answered"])


def test_blank_questionnaire_is_no_answer():
    found = answered(pre={"a": 5, "b": 0})
    participants = pd.DataFrame({"person": ["a", "b"], "cohort": "c"})
    assert sample.describe_waves(participants, found, ["pre"]).set_index("pattern")["people"].to_dict() == {
        "none": 1,
        "pre": 1,
        "all": 2,
    }


def test_waves_by_cohort():
    participants = pd.DataFrame({"person": list("abcd"), "cohort": ["x", "x", "y", "y"]})
    found = answered(pre=dict.fromkeys("abc", 1), post=dict.fromkeys("bd", 1))
    rows = sample.describe_waves(participants, found, ["pre", "post"])
    counts = {(row["pattern"], row["cohort"]): row["people"] for row in rows.to_dict("records")}
    assert counts == {
        ("pre", "all"): 2, ("pre", "x"): 1, ("pre", "y"): 1,
        ("pre and post", "all"): 1, ("pre and post", "x"): 1, ("pre and post", "y"): 0,
        ("post", "all"): 1, ("post", "x"): 0, ("post", "y"): 1,
        ("all", "all"): 4, ("all", "x"): 2, ("all", "y"): 2,
    }  # fmt: skip


ages = st.lists(
    st.tuples(
        st.sampled_from(["x", "y"]),
        st.sampled_from([None, 22.0, 30.0, 39.9, 40.0, 50.0, 66.0]),
        st.sampled_from(["nurse", ""]),
    ),
    min_size=1,
    max_size=12,
)


@repeated
@given(ages)
def test_characteristics_add_up_along_both_margins(rows):
    table = pd.DataFrame(
        [
            {
                "person": str(n),
                "site": "s1",
                "country": "AT",
                "cohort": c,
                "profession": p,
                "age": a,
                "experience_years": None,
            }
            for n, (c, a, p) in enumerate(rows)
        ]
    ).astype({"age": "float64", "experience_years": "float64"})
    found = sample.describe_characteristics(table, {"AT": "Austria"}, {"s1": "hospital"})
    for _variable, part in found.groupby("variable"):
        wide = part.pivot(index="level", columns="cohort", values="people")
        for lines in (wide, wide.T):
            if "all" in lines.index and len(lines) > 1:
                assert (lines.drop("all").sum() == lines.loc["all"]).all()
        assert wide.loc["all", "all"] == len(rows)


def test_bands_of_age():
    ages_ = pd.DataFrame(
        {
            "person": list("abcd"),
            "site": "s1",
            "country": "NO",
            "cohort": "x",
            "profession": "",
            "age": [29.9, 30.0, 49.0, None],
            "experience_years": float("nan"),
        }
    )
    found = sample.describe_characteristics(ages_, {}, {})
    assert found[found["variable"] == "age"].set_index("level")["people"].to_dict() == {
        "under 30 years": 1, "30 to 39 years": 1, "40 to 49 years": 1, "not recorded": 1, "all": 4
    }  # fmt: skip
    # A country without a name keeps its code; what nobody recorded is left out.
    assert set(found["variable"]) == {"age", "country"}
    assert "NO" in set(found["level"])


def test_distribution_of_scores_by_hand():
    table = scores([0, 20, 40, 60, None], []).assign(cohort="c")
    one = {"x.up": Scale("x.up", "x", "Up", (), "mean", 1, (0, 60), True, 0.5, None, ())}
    row = sample.describe_scores(table, one, ["pre"]).set_index("cohort").loc["all"]
    # Quartiles by linear interpolation: positions 1.75, 2.5 and 3.25 of 0, 20, 40, 60.
    assert row[["n", "n_without_score", "mean", "q1", "median", "q3"]].tolist() == [4, 1, 30, 15, 30, 45]
    # A standard deviation of 25.82, in steps of a scale from 0 to 60.
    assert row["sd"] == round(math.sqrt((900 + 100 + 100 + 900) / 3), 1) == 25.8
    assert row[["floor_people", "ceiling_people"]].tolist() == [1, 1]


# Joint display


@pytest.mark.parametrize(
    ("estimate", "low", "high", "direction", "words"),
    [
        (2.0, 0.5, 3.5, "higher is better", "improved"),
        (2.0, 0.5, 3.5, "lower is better", "worsened"),
        (-2.0, -3.5, -0.5, "higher is better", "worsened"),
        (-2.0, -3.5, -0.5, "lower is better", "improved"),
        (2.0, -0.5, 4.5, "higher is better", "no clear change"),
        (2.0, 0.0, 4.0, "higher is better", "no clear change"),
        (-2.0, -4.0, 0.0, "higher is better", "no clear change"),
        (None, None, None, "higher is better", ""),
        (float("nan"), float("nan"), float("nan"), "higher is better", ""),
        (1.0, None, None, "higher is better", ""),
    ],
)
def test_reading_in_words(estimate, low, high, direction, words):
    assert change.reading(estimate, low, high, direction) == words


THEMES = pd.DataFrame(
    [
        {"theme": "A", "name": "Alpha", "cohort": "all", "interviews": 6, "of_interviews": 16, "extent": ""},
        {"theme": "B", "name": "Beta", "cohort": "all", "interviews": 9, "of_interviews": 16, "extent": ""},
        {"theme": "B", "name": "Beta", "cohort": "c", "interviews": 8, "of_interviews": 8, "extent": ""},
        {"theme": "C", "name": "Gamma", "cohort": "all", "interviews": pd.NA, "of_interviews": 16, "extent": ""},
    ]
).astype({"interviews": "Int64", "of_interviews": "Int64"})
OUTCOMES = pd.DataFrame(
    [
        {
            "scale": "x.up",
            "cohort": cohort,
            "statistic": statistic,
            "n": n,
            "estimate": e,
            "ci_low": e - 1,
            "ci_high": e + 1,
            "direction": "higher is better",
            "reading": words,
        }
        for cohort, statistic, n, e, words in (
            ("all", "mean change", 40, 2.0, "improved"),
            ("all", "median change", 40, 9.0, "improved"),
            ("c", "mean change", 20, 0.5, "no clear change"),
        )
    ]
)


def display(**construct):
    return joint.display([{"id": "k", "label": "K", "outcome": None, "themes": [], **construct}], OUTCOMES, THEMES)


def test_joint_display_copies_its_numbers():
    rows = display(outcome="x.up", themes=["A", "B"]).set_index("cohort")
    assert rows.loc["all", ["n", "estimate", "ci_low", "ci_high", "reading"]].tolist() == [
        40,
        2.0,
        1.0,
        3.0,
        "improved",
    ]
    assert rows.loc["c", ["n", "estimate", "reading"]].tolist() == [20, 0.5, "no clear change"]
    # Of two themes the one named in more interviews stands for the count.
    assert rows.loc["all", ["themes", "interviews", "of_interviews", "extent"]].tolist() == ["Alpha; Beta", 9, 16, ""]
    # What nearly all speak of is more than any count, though its number is withheld.
    many = THEMES.assign(extent=THEMES["theme"].map({"A": "nearly all"}).fillna("")).astype({"interviews": "Int64"})
    many.loc[many["theme"] == "A", "interviews"] = pd.NA
    shown = joint.display([{"id": "k", "label": "K", "outcome": None, "themes": ["A", "B"]}], OUTCOMES, many)
    assert shown.loc[0, "extent"] == "nearly all" and pd.isna(shown.loc[0, "interviews"])


def test_joint_display_leaves_the_judgement_to_a_person():
    rows = display(outcome="x.up", themes=["A"])
    assert set(rows["convergence"]) == {"awaits a person's judgement"}


def test_construct_without_measure_or_theme():
    assert display(themes=["A"]).loc[0, ["cohort", "reading", "themes"]].tolist() == ["all", "not measured", "Alpha"]
    row = display(outcome="x.up", themes=["Z"]).loc[0]
    assert (row["themes"], row["note"]) == ("", "no theme of the codebook")
    assert pd.isna(row["interviews"])


def test_withheld_theme_is_not_the_loudest():
    assert display(themes=["C", "A"]).loc[0, "interviews"] == 6


# Release


def test_release_counts_what_it_withholds():
    waves = tables.CONTRACTS["internal/sample/waves.csv"]
    rows = [
        {"pattern": p, "cohort": "all", "people": n, "note": ""}
        for p, n in (("both", 40), ("pre", 8), ("post", 12), ("all", 60))
    ]
    internal = tables.present(pd.DataFrame(rows), waves, tiers.internal(5))
    flow = pd.DataFrame(
        [
            {"step": step, "wave": "", "by": by, "group": group, "people": people, "note": ""}
            for step, by, group, people in (
                ("registered", "", "", 68),
                ("not eligible", "", "", 2),
                ("not eligible", "reason", "not affiliated", 2),
                ("enrolled", "", "", 66),
                ("enrolled", "cohort", "c", 40),
                ("enrolled", "country", "Austria", 26),
            )
        ]
    )
    secret = pd.DataFrame({"path": ["x"], "tier": "internal", "rule": "r", "bytes": 1, "sha256": "y"})
    tier = tiers.release(10, 5, 1)
    released, withheld = publish(
        {
            "internal/sample/waves.csv": internal,
            "internal/quality/flow.csv": flow,
            "internal/provenance/manifest.csv": secret,
        },
        tier,
    )
    assert list(released) == ["release/sample/waves.csv", "release/quality/flow.csv"]
    # pre is small; post is the smallest of the others and protects it.
    assert withheld.set_index("table").loc["release/sample/waves.csv"].tolist() == [4, 2, 1, 1]
    assert withheld.set_index("table").loc["release/quality/flow.csv"].tolist() == [3, 3, 0, 0]
    shown = tables.present(released["release/sample/waves.csv"], tables.CONTRACTS["release/sample/waves.csv"], tier)
    assert shown.set_index("pattern")["people"].dropna().to_dict() == {"both": 40, "all": 60}
    shown = tables.present(released["release/quality/flow.csv"], tables.CONTRACTS["release/quality/flow.csv"], tier)
    # No reasons and no groups; few are not counted, others are rounded.
    assert shown["step"].tolist() == ["registered", "not eligible", "enrolled"]
    assert shown["people"].fillna(-1).tolist() == [70, -1, 65]


def test_release_counts_what_the_internal_tier_withheld_before():
    waves = tables.CONTRACTS["internal/sample/waves.csv"]
    rows = [
        {"pattern": p, "cohort": "all", "people": n, "note": ""}
        for p, n in (("both", 40), ("pre", 3), ("post", 12), ("all", 55))
    ]
    internal = tables.present(pd.DataFrame(rows), waves, tiers.internal(5))
    _, withheld = publish({"internal/sample/waves.csv": internal}, tiers.release(10, 5, 1))
    row = withheld.loc[0]
    assert (row["rows"], row["shown"], row["small"] + row["secondary"]) == (4, 2, 2)


# Accounting

ENTRIES = [
    {"source": "a", "kind": "register", "wave": "", "rows_read": 5, "quarantined": 1},
    {"source": "b", "kind": "register", "wave": "", "rows_read": 4, "quarantined": 0},
    {"source": "c", "kind": "questionnaire", "wave": "pre", "rows_read": 3, "quarantined": 0},
]
READ = pd.DataFrame(ENTRIES)[["source", "wave", "rows_read"]]
FATES = [
    *[("a", "", "admitted")] * 3, ("a", "", "excluded"), *[("b", "", "admitted")] * 3, ("b", "", "withdrawn"),
    *[("c", "pre", "admitted")] * 3,
]  # fmt: skip


def test_accounting_of_every_file_and_its_sum_by_kind():
    rows = ledger.account(ENTRIES, FATES)
    # rows_read, analysed, quarantined, excluded, withdrawn
    assert rows.set_index("source").loc["a"].tolist() == ["register", "", 5, 3, 1, 1, 0]
    assert rows.set_index("source").loc["b"].tolist() == ["register", "", 4, 3, 0, 0, 1]
    closed = ledger.close([rows], READ)
    assert closed["balance"].tolist() == [0, 0, 0]
    summed = ledger.by_kind(closed)
    assert summed.set_index("kind").loc["register"].tolist() == ["", 2, 9, 6, 1, 1, 1, 0]


@pytest.mark.parametrize(
    ("fates", "told"),
    [
        (FATES[1:], "The rows of a, wave none, do not add up: 5 read (5 at the check), balance 1."),
        ([*FATES, FATES[0]], "The rows of a, wave none, do not add up: 5 read (5 at the check), balance -1."),
        # One row too many in one file and one too few in another: the sum by kind would hide it.
        ([FATES[4], *FATES[1:]], "The rows of a, wave none, do not add up: 5 read (5 at the check), balance 1."),
        (
            [*FATES, ("d", "", "admitted")],
            "The rows of d, wave none, do not add up: 0 read (none at the check), balance -1.",
        ),
    ],
)
def test_lost_or_doubled_row_stops_everything(fates, told):
    with pytest.raises(DataError) as fault:
        ledger.close([ledger.account(ENTRIES, fates)], READ)
    assert str(fault.value) == f"{told} Please report this; no result of this run can be trusted."


def test_file_that_changed_after_the_check_stops_everything():
    with pytest.raises(DataError):
        ledger.close([ledger.account(ENTRIES, FATES)], READ.assign(rows_read=[5, 4, 4]))
