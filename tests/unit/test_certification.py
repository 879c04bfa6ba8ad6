"""The audit itself: agreement standard by standard, self-assessments, disputes settled; competences and training."""

import math

import pandas as pd
import pytest
from piloteval.config import Instrument
from piloteval.measures import auditors, certification, competences, verdicts
from piloteval.measures.verdicts import MET, NOT_APPLICABLE, NOT_ASSESSED, NOT_MET, PARTLY
from scipy import stats

CATALOGUE = [
    {"code": "S1", "track": "t", "short_name": "One", "core": "yes", "section": "a", "status": "published"},
    {"code": "S2", "track": "t", "short_name": "Two", "core": "unknown", "section": "a", "status": "published"},
    {"code": "S3", "track": "t", "short_name": "Three", "core": "yes", "section": "b", "status": "published"},
]


def audit(*verdicts, site="h1", standard="S1", own="", final=""):
    """Verdicts of external auditors A1, A2 ..., the self-assessment and the final round."""
    about = {"site": site, "track": "t", "standard": standard, "audited_on": ""}
    rows = [
        {**about, "round": "external", "auditor": f"A{n}", "verdict": one} for n, one in enumerate(verdicts, 1) if one
    ]
    rows += [{**about, "round": "self", "auditor": "own", "verdict": own}] if own else []
    rows += [{**about, "round": "final", "auditor": "panel", "verdict": final}] if final else []
    return rows


def compare(*audits):
    table = pd.DataFrame([row for one in audits for row in one])
    found = auditors.compare(table, confidence=0.95, draws=100)
    return found.set_index(["about", "standard", "statistic"]) if len(found) else found


def test_percent_agreement_on_a_standard_counts_institutions():
    found = compare(
        audit(MET, MET), audit(MET, NOT_MET, site="h2"), audit(MET, site="h3"), audit(PARTLY, PARTLY, site="h4")
    )
    row = found.loc[(auditors.EXTERNAL, "S1", "percent agreement")]
    assert (row["estimate"], row["institutions"], row["n"]) == (pytest.approx(2 / 3), 3, 3)
    low, high = stats.binomtest(2, 3).proportion_ci(method="wilson")
    assert (row["ci_low"], row["ci_high"]) == (pytest.approx(low), pytest.approx(high))
    assert "few institutions" in row["note"]


def test_self_assessment_is_compared_with_the_verdict_both_auditors_share():
    found = compare(
        audit(MET, MET, own=MET),
        audit(NOT_MET, NOT_MET, site="h2", own=MET),
        audit(MET, MET, site="h3", own=PARTLY),
        audit(MET, PARTLY, site="h4", own=MET),
        audit(NOT_APPLICABLE, NOT_APPLICABLE, site="h5", own=NOT_APPLICABLE),
        audit(MET, NOT_ASSESSED, site="h6", own=MET),
    )
    track = found.loc[(auditors.OWN, "")]
    assert track.loc["percent agreement", "n"] == 4  # one auditor who assessed is the verdict both share
    assert track.loc["percent agreement", "n_dropped"] == 2
    assert track.loc["self-assessment kinder, percent", "estimate"] == pytest.approx(25)
    assert track.loc["self-assessment harsher, percent", "estimate"] == pytest.approx(25)
    assert "differ" in track.loc["percent agreement", "dropped_reason"]


def test_nothing_audited_is_an_empty_table():
    assert compare(audit(NOT_ASSESSED, NOT_ASSESSED, own=NOT_ASSESSED)).empty


def test_disputes_are_listed_and_settled_by_the_final_round():
    rows = [
        *audit(MET, NOT_MET), *audit(MET, PARTLY, site="h2", final=PARTLY), *audit(MET, MET, site="h3"),
        *audit(MET, NOT_APPLICABLE, standard="S2"), *audit(MET, NOT_ASSESSED, standard="S3"),
    ]  # fmt: skip
    found = auditors.to_settle(pd.DataFrame(rows), CATALOGUE).set_index(["site", "standard"])
    assert sorted(found.index) == [("h1", "S1"), ("h1", "S2"), ("h2", "S1")]
    assert found["steps_apart"].tolist()[0] == 2
    assert pd.isna(found.loc[("h1", "S2"), "steps_apart"])
    assert found["settled"].to_dict() == {("h1", "S1"): "no", ("h1", "S2"): "no", ("h2", "S1"): "yes"}
    assert found.loc[("h1", "S1"), "verdicts"] == "not met; met"


def test_final_round_stands_for_the_external_one():
    rows = pd.DataFrame(
        [
            *audit(MET, NOT_MET, final=MET),
            *audit(MET, MET, site="h2"),
            *audit(MET, PARTLY, site="h3", final=NOT_ASSESSED),
        ]
    )
    settled = verdicts.settle_audits(rows).set_index(["site", "round"])["verdict"]
    assert settled.to_dict() == {
        ("h1", "external"): MET,
        ("h2", "external"): MET,
        ("h3", "external"): verdicts.DISPUTED,
    }


def test_effort_of_visits_is_described_by_round_and_currency():
    visits = pd.DataFrame(
        [
            {"site": "h1", "round": "external", "minutes": 300.0, "cost": 100.0, "currency": "EUR"},
            {"site": "h1", "round": "external", "minutes": 500.0, "cost": None, "currency": ""},
            {"site": "h2", "round": "external", "minutes": None, "cost": 50.0, "currency": "CHF"},
        ]
    )
    found = certification.effort_table(visits).set_index("unit")
    assert found.loc["minutes", ["visits", "institutions", "median", "per_institution"]].tolist() == [2, 1, 400, 800]
    assert found.loc["EUR", ["visits", "low"]].tolist() == [1, 100]
    assert found.loc["minutes", "note"] == "1 of 3 visits without a record in this unit"
    assert certification.effort_table(visits.iloc[:0]).empty


ABOUT = Instrument(
    "x", "X", "1", "confirmed", "", (1, 2, 3, 4, 5), (), ("x_1", "x_2", "x_3"), frozenset(), (),
    standards={"x_1": "S1", "x_2": "S2", "x_3": "S3"},
)  # fmt: skip


def answers(pre, post, item="x_1", cohort="c"):
    return [
        {"person": f"{cohort}{n}", "cohort": cohort, "wave": wave, "item": item, "value": value}
        for wave, values in (("pre", pre), ("post", post))
        for n, value in enumerate(values)
        if value is not None
    ]


def profiles(*rows, registered=True, floor=3):
    table = pd.DataFrame([row for one in rows for row in one])
    made = competences.profiles(
        table, [ABOUT], CATALOGUE, comparison=["pre", "post"], waves=["pre", "post"], registered=registered,
        confidence=0.95, floor=floor,
    )  # fmt: skip
    return made[0].set_index(["standard", "cohort", "statistic", "wave"]), made[1]


def test_means_and_changes_of_a_competence():
    found, people = profiles(answers([3, 4, 2, 5], [4, 4, 4, None]))
    row = found.loc[("S1", "c", competences.MEAN, "pre")]
    half = stats.t.ppf(0.975, 3) * stats.tstd([3, 4, 2, 5]) / math.sqrt(4)
    assert (row["estimate"], row["ci_low"]) == (3.5, pytest.approx(3.5 - half))
    change = found.loc[("S1", "c", competences.CHANGE, "")]
    assert (change["estimate"], change["n"], change["n_dropped"]) == (pytest.approx(1), 3, 1)
    assert (change["ci_low"], change["ci_high"]) == pytest.approx(stats.ttest_1samp([1, 0, 2], 0).confidence_interval())
    assert len(people) == 7


def test_core_competences_come_first():
    found, people = profiles(*(answers([1, 2, 3], [2, 3, 4], item) for item in ("x_2", "x_1", "x_3")))
    assert list(dict.fromkeys(found.index.get_level_values("standard"))) == ["S1", "S3", "S2"]
    assert people["standard"].tolist()[:2] == ["S1", "S1"]


def test_few_people_and_no_register_are_said():
    found, _people = profiles(answers([3, 4], [4, 4]))
    assert found["estimate"].isna().all()
    assert found["note"].str.startswith("withheld: fewer than 3").all()
    without, _people = profiles(answers([3, 4, 2], [4, 4, 4]), registered=False)
    assert competences.CHANGE not in without.index.get_level_values("statistic")


def test_items_without_a_standard_are_no_competence():
    table = pd.DataFrame(answers([1, 2, 3], [2, 3, 4], "y_1"))
    cohorts, people = competences.profiles(
        table, [ABOUT], CATALOGUE, comparison=["pre", "post"], waves=["pre", "post"], registered=True, confidence=0.95,
        floor=3,
    )  # fmt: skip
    assert cohorts.empty and people.empty
    assert "standard" in cohorts.columns


def test_levels_of_the_training_without_data_are_said():
    scores = pd.DataFrame(
        [{"person": f"p{n}", "cohort": "c", "wave": "pre", "scale": "x.up", "score": float(n)} for n in range(5)]
    )
    indicators = pd.DataFrame(
        [{"site": f"h{n}", "indicator": "turnover_percent", "period": "2024", "value": 10.0 + n} for n in range(4)]
    )
    found = competences.training(
        scores, indicators, {"x.up": "Up"}, evaluation={"learning": ["x.up"], "results": ["turnover_percent"]},
        cohort="c", waves=["pre", "post"], confidence=0.95, floor=3,
    ).set_index(["level", "when"])  # fmt: skip
    assert found.loc[("learning", "pre"), "estimate"] == 2
    assert pd.isna(found.loc[("learning", "post"), "estimate"])
    assert found.loc[("results", "2024"), "estimate"] == 11.5
    for level in ("reaction", "behaviour"):
        assert found.loc[(level, ""), "note"] == "undefined: this pilot has no data for this level"
