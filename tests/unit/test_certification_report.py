"""The sections on certification and consensus: what they say and draw of small tables, also of empty and withheld ones."""

from __future__ import annotations

import io
import json
import re
from contextlib import redirect_stdout
from functools import cache

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb
from piloteval import tables, tiers
from piloteval.measures import auditors, competences, delphi, proposals, stability
from piloteval.report import certification_figures, certification_prose, consensus_prose, ink
from piloteval.report.certification_figures import groups_of, places_of_names
from piloteval.report.certification_prose import HARSHER, KINDER, OWN, code, ladder_of, shares_of_rule
from piloteval.report.page import Page

LABELS = {"cohorts": {"peers": "Peer supporters"}, "waves": {"pre": "Before", "post": "After"}}
WITHHELD = tiers.WITHHELD.format(floor=5)
RULE = proposals.rule_in_words(4, 70, 50)
CONSENSUS = delphi.rule_in_words(4, 70, "above", ["feasibility", "clarity"])
CERTIFICATION = (
    *("certification", "verdicts_figure", "institutions_table", "audit", "indicators", "ratings", "ratings_table"),
    *("validity", "proposals", "levels", "competences", "training"),
)
DELPHI = ("consensus", "consensus_figure", "consensus_table", "stability", "comments")
PARTS = ("certification", "consensus", "levels", "competences", "raters")


# ---------------------------------------------------------------------------------------------------- small tables


def number(question, estimate=0.5, low=0.3, high=0.7, **more):
    return {"question": question, "estimate": estimate, "ci_low": low, "ci_high": high, "n": 9, "note": "", **more}


def verdict(site, standard, found, own="met"):
    name = f"Institution {site}"
    track = "training" if "TRA" in standard else "intervention"
    return {"site": site, "name": name, "track": track, "standard": standard, "verdict": found, "self_verdict": own}


def standard(name, **more):
    placeholder = name.startswith("PLACEHOLDER")
    about = {"short_name": f"about {name}", "core": "unknown", "status": "placeholder" if placeholder else "published"}
    track = "training" if "TRA" in name else "intervention"
    return {"track": track, "standard": name, **about, "institutions": 2, "note": "", **more}


def institution(site, track="intervention", audit_round="external", percent=50.0):
    about = {"site": site, "name": f"Institution {site}", "country": "AT", "setting": "hospital", "track": track}
    counts = {"standards": 2, "applicable": 2, "met": 1, "partly_met": 0, "not_met": 1, "disputed": 0}
    return {**about, "round": audit_round, **counts, "percent_met": percent}


VERDICTS = [
    verdict("at1", "PLACEHOLDER-INT-01", "met"),
    verdict("at1", "PLACEHOLDER-INT-02", "disputed"),
    verdict("be1", "PLACEHOLDER-INT-01", "not met"),
    verdict("be1", "PLACEHOLDER-INT-02", "not applicable"),
    verdict("be1", "PLACEHOLDER-TRA-01", "partly met"),
]
STANDARDS = [standard(f"PLACEHOLDER-{name}") for name in ("INT-01", "INT-02", "TRA-01")]


def difference(site, name, settled="no", steps=1):
    return {
        **{"site": site, "track": "intervention", "standard": name, "short_name": "", "verdicts": "met; partly met"},
        **{"steps_apart": steps, "settled": settled, "final_verdict": "met" if settled == "yes" else ""},
    }


DISAGREEMENTS = [difference("at1", "PLACEHOLDER-INT-02"), difference("be1", "PLACEHOLDER-INT-01", "yes", 2)]


def own(name, kinder, harsher, track="intervention", n=8):
    reason = {"n_dropped": 2, "dropped_reason": "external auditors differ"}
    return [
        number(f"own.{track}.{name}.{place}", value, 0.0, 40.0, about=OWN, track=track, standard=name, statistic=one)
        | {"n": n, "institutions": n, **reason}
        for place, (one, value) in enumerate({KINDER: kinder, HARSHER: harsher}.items())
    ]


def agreed(name, share):
    about = {"about": certification_prose.EXTERNAL, "track": "intervention", "standard": name}
    return number(f"agreed.{name}", share, **about, statistic="percent agreement", institutions=9)


AUDITORS = [
    *(agreed("PLACEHOLDER-INT-01", 1.0), agreed("PLACEHOLDER-INT-02", 2 / 3)),
    *own("", 25.0, 5.0, n=40),
    *own("PLACEHOLDER-INT-01", 50.0, 0.0),
    *own("PLACEHOLDER-INT-02", 0.0, 25.0),
    *own("PLACEHOLDER-INT-03", 0.0, 0.0),
]
RATERS = [
    number(f"raters.{place}", 0.8, 0.7, 0.9, about="auditors", group="intervention", level="nominal", statistic=one)
    for place, one in enumerate(("percent agreement", "Krippendorff's alpha (nominal)"))
]


def rating(name, dimension, share, track="intervention", **more):
    about = {"track": track, "standard": name, "status": "placeholder", "dimension": dimension}
    return number(f"rating.{name}.{dimension}", share, max(share - 20, 0), min(share + 10, 100), **about) | more


RATINGS = [
    rating(f"PLACEHOLDER-INT-0{name}", dimension, share)
    for dimension, shares in {"feasibility": (40.0, 60.0, 90.0), "clarity": (90.0, 45.0, 95.0)}.items()
    for name, share in enumerate(shares, 1)
]


def proposal(name, kind, reason="", **more):
    about = {"track": "intervention", "standard": name, "short_name": "", "status": "placeholder", "clear": "no"}
    silent = dict.fromkeys(("other_reasons", "decision", "decision_reason", "decided_by", "decided_on"), "")
    state = {"state": "proposed", "outcome": "open", "rule": RULE, "rule_status": "unconfirmed"}
    return number(f"p.{name}", 40.0, 20.0, 60.0, **about, proposal=kind, reason=reason) | silent | state | more


DECIDED = {"decision": "revise", "decision_reason": "overlap", "decided_by": "conference", "decided_on": "2025-12-04"}
PROPOSALS = [
    proposal("PLACEHOLDER-INT-01", "remove", "low feasibility", state="decided otherwise", outcome="revise", **DECIDED),
    proposal("PLACEHOLDER-INT-02", "revise", "low feasibility", other_reasons="unclear wording"),
    proposal("PLACEHOLDER-INT-03", "keep", clear="yes"),
]
INDICATOR = {"track": "intervention", "indicator": "burnout_percent", "measure": "value", "period": "2025"}
CORRELATIONS = [
    number("c.1", -0.6, -0.9, 0.1, **INDICATOR, p=0.04, p_adjusted=0.2, detectable=0.85, sentence="With 3 no effect.")
]
POINTS = [
    {**INDICATOR, "site": site, "name": site, "value": value, "percent_met": 50.0 + value}
    for site, value in (("at1", 1.0), ("be1", 2.0), ("es1", 4.0))
]
INDICATORS = [{"indicator": "burnout_percent", "period": "2025", "institutions": 3, "mean": 30.0, "median": 31.0}]
EFFORT = [
    {
        **{"round": "external", "measure": "minutes", "unit": "minutes", "visits": 4, "institutions": 2},
        **{"median": 300.0, "low": 200.0, "high": 400.0, "per_institution": 600.0, "note": "1 of 5 visits without"},
    }
]


def decision(site, level="no level", possible="design", granted="open", **more):
    about = {"site": site, "name": site, "country": "AT", "setting": "hospital", "track": "intervention"}
    where = {"level": level, "possible_level": possible, "next_level": "design", "about_level": "design"}
    shares = {"standards": 2, "overall_of": 2, "overall_percent": 40.0, "overall_least": 50.0, "overall_missing": 1}
    facts = {"core_unknown": 1, "placeholders": 2, "disputed": 1, "status": "unconfirmed", "applied_level": "execution"}
    return {**about, **where, **shares, **facts, "granted": granted, **more}


DECISIONS = [
    decision("at1"),
    decision("be1", "design", "execution", "no", next_level="execution", held_until="2027-01-31"),
    decision("at1", track="mastery", standards=None, core_unknown=None, disputed=None, applied_level=""),
]
MISSING = [
    {
        **{"site": "at1", "name": "at1", "track": "intervention", "level": "design", "item": "standard"},
        **{"standard": f"PLACEHOLDER-INT-0{place}", "answer": answer, "reason": "not met", "status": "unconfirmed"},
    }
    for place, answer in enumerate(("no", "no", "open"), 1)
]
SENSITIVITY = [
    {
        **{"site": "at1", "track": "intervention", "asked_level": "execution", "answer": "open", "disputed": 1},
        **{"level": "no level", "possible_level": "design", "lowest_level": "no level", "highest_level": "execution"},
        **{"worst_answer": "no", "best_answer": "yes", "hangs_on": "PLACEHOLDER-INT-02", "core_unknown": 1},
        **{"lowest_with_flags": "no level", "highest_with_flags": "execution", "exact": "yes", "status": "unconfirmed"},
    }
]


def competence(name, wave, mean=3.0, core="unknown", cohort="peers", **more):
    statistic = certification_prose.MEAN if wave else certification_prose.CHANGED
    about = {"standard": name, "section": "", "short_name": f"skill {name}", "core": core, "status": "published"}
    who = {"cohort": cohort, "wave": wave, "statistic": statistic}
    return number(f"k.{name}.{cohort}.{wave}", mean, mean - 0.4, mean + 0.4, **about, **who) | more


COMPETENCES = [
    competence(name, wave, mean, core)
    for name, core in (("COM01", "unknown"), ("COM02", "yes"))
    for wave, mean in (("pre", 2.8), ("post", 3.4), ("", 0.6))
]
NOTHING = {"estimate": None, "ci_low": None, "ci_high": None}
TRAINING = [
    {"level": "reaction", **number("t.1"), **NOTHING, "n": 0, "note": "undefined: this pilot has no data"},
    {"level": "learning", "measure": "com", "label": "Skills (COM)", "when": "pre", **number("t.2")},
    {"level": "results", "measure": "turnover_percent", "label": "turnover", "when": "2025", **number("t.3")},
]


def statement(name, number_of_round, share, dimension="feasibility", **more):
    about = {"statement": name, "status": "placeholder", "round": number_of_round, "dimension": dimension}
    found = number(f"s.{name}.{number_of_round}.{dimension}", share, max(share - 20, 0), min(share + 10, 100))
    return {**found, **about, "median": 4.0, "q1": 3.0, "q3": 5.0, "agreed": "yes" if share > 70 else "no"} | more


def of_round(name, consensus, **more):
    about = {"round": name, "panellists": 12, "statements": 3, "consensus": consensus, "rule": CONSENSUS}
    return {**about, "rule_status": "unconfirmed", "note": ""} | more


STATEMENTS = [
    *(statement("ST1", "1", 95.0), statement("ST1", "1", 80.0, "clarity")),
    *(statement("ST2", "1", 60.0), statement("ST2", "1", 75.0, "clarity")),
    *(statement("ST2", "2", 90.0), statement("ST2", "2", 85.0, "clarity")),
    *(statement("ST3", "2", 40.0), statement("ST3", "2", 95.0, "clarity")),
]
ROUNDS = [of_round("1", 1, ratings_missing=2, missing_percent=1.25), of_round("2", 1, ratings_missing=0)]


def settled(name, kind, since="", closed="no"):
    return {"statement": name, "status": "placeholder", "dimension": "together", "verdict": kind, "reached_in": since,
            "closed": closed, "rounds_rated": 1, "last_round": "2", "n": 12, "note": ""}  # fmt: skip


SETTLED = [settled("ST1", "agreed", "1", "yes"), settled("ST2", "agreed", "2"), settled("ST3", "open")]


def stable(name, statistic, estimate, note="", **more):
    about = {"statement": name, "status": "placeholder", "first_round": "1", "second_round": "2"}
    found = number(f"st.{name}.{statistic}", estimate, None, None, statistic=statistic, dimension="feasibility")
    return {**about, **found, "note": note} | more


FEW = "an expected count is under 5, so the p-value is rough"
STABILITY = [
    stable("ST2", "share unchanged", 60.0),
    stable("ST2", "weighted kappa", 0.5),
    stable("ST2", "chi-square, group stability", 9.0, FEW, p=0.01),
    stable("ST2", "chi-square, individual stability", 9.0, p=0.6),
    stable("ST3", "share unchanged", None, tiers.PART_WITHHELD.format(floor=5)),
    stable("ST1", "not compared", None, "undefined: not compared, reworded since"),
]
CONCORDANCE = [
    {**number("w.1", 0.4, None, None), "round": "1", "dimension": "feasibility", "statements": 3, "p": 0.0001}
]
NUMBERS = [
    {"round": "1", "number": "3", "statement": "ST1", "change": "new", "number_before": ""},
    {"round": "2", "number": "1", "statement": "ST1", "change": "reworded", "number_before": "3"},
]
COMMENTS = [
    {"statement": "ST1", "round": "1", "comments": 7, "note": ""},
    {"statement": "ST2", "round": "1", "comments": None, "note": WITHHELD},
]
EVERYTHING = {
    "certification/verdicts": VERDICTS,
    "certification/standards": STANDARDS,
    "certification/institutions": [institution("at1"), institution("be1"), institution("at1", audit_round="self")],
    "certification/disagreements": DISAGREEMENTS,
    "certification/auditors": AUDITORS,
    "certification/effort": EFFORT,
    "certification/ratings": RATINGS,
    "certification/proposals": PROPOSALS,
    "certification/indicators": INDICATORS,
    "certification/correlations": CORRELATIONS,
    "certification/points": POINTS,
    "certification/decisions": DECISIONS,
    "certification/to_next_level": MISSING,
    "certification/sensitivity": SENSITIVITY,
    "certification/competences": COMPETENCES,
    "certification/training": TRAINING,
    "reliability/raters": RATERS,
    "consensus/statements": STATEMENTS,
    "consensus/rounds": ROUNDS,
    "consensus/verdicts": SETTLED,
    "consensus/stability": STABILITY,
    "consensus/concordance": CONCORDANCE,
    "consensus/numbers": NUMBERS,
    "consensus/comments": COMMENTS,
}


@cache
def empty(name, tier):
    return table_of(name, [], tier)


@cache
def whole(name, tier):
    return table_of(name, EVERYTHING[name], tier)


def table_of(name, rows, tier="internal"):
    one = tables.CONTRACTS[f"{tier}/{name}.csv"]
    return tables.conform(pd.DataFrame(rows).reindex(columns=list(one.columns)), one)


def page_of(folder, tier="internal", parts=PARTS, together="all", reject_from=None, **more):
    """Return a page with these tables, empty ones of the other names, and none that the tier has not."""
    given = {name.replace("__", "/"): rows for name, rows in more.items()}
    there = [name for name in {**EVERYTHING, **given} if f"{tier}/{name}.csv" in tables.CONTRACTS]
    for name in there:
        path = folder / f"tables/results/{tier}/{name}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    rule = {"threshold_percent": 70, "comparison": "above", "agree_from": 4, "agreement": "at least"}
    facts = {
        "tier": tier,
        "engine": "builtin",
        "parts": list(parts),
        "study": LABELS,
        "statistics": {"confidence": 0.95, "min_n": 10},
        "tiers": {"internal_floor": 5, "release_floor": 10, "release_round_to": 5, "release_decimals": 1},
        "rating": {"range": [1, 5], "agree_from": 4},
        "consensus": {**rule, "dimensions": ["feasibility", "clarity"], "together": together, "source": "After X 2024.",
                      "status": "unconfirmed", "reject_from": reject_from},
    }  # fmt: skip
    (folder / "report.json").write_text(json.dumps(facts), encoding="utf-8")
    page = Page(folder)
    for name in there:  # as if read
        rows = given.get(name)
        made = empty(name, tier) if rows is None else whole(name, tier) if rows is EVERYTHING.get(name) else None
        page._tables[f"{name}.csv"] = table_of(name, rows, tier) if made is None else made
    return page


def full(folder, tier="internal", **more):
    return page_of(folder, tier, **{name.replace("/", "__"): rows for name, rows in {**EVERYTHING, **more}.items()})


def said(page, module, *names):
    out = io.StringIO()
    page.figure = lambda name, caption: print(f"FIGURE {name}: {caption}")
    with redirect_stdout(out):
        for name in names:
            getattr(module, name)(page)
    text = re.sub(r"\[((?:[^\[\]])*)\]\{\.num[^}]*\}", r"\1", out.getvalue())
    assert not re.search(r"\b(None|nan|NaN|<NA>)\b|PLACEHOLDER", text)
    return text


def drawn(name, tier="internal", look=True, **found):
    """Draw a figure and check that nothing leaves it; return it with its description and its words."""
    ink.set_style()
    given = {one.replace("__", "/"): rows for one, rows in found.items()}
    made = {f"{one}.csv": table_of(one, rows, tier) for one, rows in given.items()}
    fig, alt = certification_figures.DRAWN[name](made, LABELS)
    if look:  # takes most of the time
        fig.draw_without_rendering()
    for part in [*fig.axes, *fig.legends] if look else []:
        box = part.get_tightbbox()
        assert box.x0 >= -1 and box.y0 >= -1 and box.x1 <= fig.bbox.x1 + 1 and box.y1 <= fig.bbox.y1 + 1, alt
    words = [one.get_text() for one in fig.findobj(plt.Text) if one.get_text().strip() and one.get_visible()]
    assert "None" not in alt and "nan" not in alt
    plt.close(fig)
    return fig, alt, words


# ---------------------------------------------------------------------------------------------------- words of tables


def test_words_are_those_of_the_tables():
    assert {certification_prose.EXTERNAL, OWN} == {auditors.EXTERNAL, auditors.OWN}
    assert {certification_prose.MEAN, certification_prose.CHANGED} == {competences.MEAN, competences.CHANGE}
    assert tuple(certification_prose.TRAINED) == competences.LEVELS
    assert set(certification_prose.DECIDED) <= {proposals.CONFIRMED, proposals.OTHERWISE, proposals.WITHOUT_PROPOSAL}
    verdicts = {delphi.AGREED, delphi.REJECTED, delphi.LOST, delphi.OPEN, delphi.LEFT_OUT, delphi.NOT_RATED}
    assert set(consensus_prose.MEANT) == verdicts
    assert f"{consensus_prose.SMALL_EXPECTED} {stability.SMALL_EXPECTED}" in FEW
    wide = pd.DataFrame({"own": ["met", "not met"], "external": ["met", "met"]})
    found = {one.method for one in auditors._against(wide, 0.95, 10)}
    assert {KINDER, HARSHER} <= found


def test_thresholds_are_read_from_the_rules_in_words():
    assert shares_of_rule(table_of("certification/proposals", PROPOSALS)) == (70, 50)
    only = [{**PROPOSALS[0], "rule": proposals.rule_in_words(4, 62.5, 0)}]
    assert shares_of_rule(table_of("certification/proposals", only)) == (62.5, None)
    assert shares_of_rule(empty("certification/proposals", "internal")) == (None, None)
    assert shares_of_rule(None) == (None, None)
    for comparison in ("above", "at least"):
        rule = delphi.rule_in_words(4, 66.7, comparison, ["a", "b"], together="any", reject_from=2)
        assert consensus_prose.threshold(pd.DataFrame({"rule": [rule]})) == 66.7
    assert consensus_prose.threshold(empty("consensus/rounds", "internal")) is None


def test_levels_are_in_order():
    decisions = table_of("certification/decisions", DECISIONS)
    assert list(ladder_of(None, decisions)["intervention"]) == ["no level", "design", "execution"]
    ladder = pd.DataFrame(
        [("intervention", 2, "execution", "Running"), ("intervention", 1, "design", "Planned")],
        columns=["track", "place", "level", "label"],
    )
    assert ladder_of(ladder, decisions)["intervention"] == {
        **{"no level": "no level", "design": "Planned", "execution": "Running"}
    }
    assert "mastery" not in ladder_of(None, decisions)


def test_standards_are_grouped_by_section_and_tier_as_far_as_they_are_known():
    rows = [standard(name) for name in ("A1", "B1", "A2")]
    assert groups_of(pd.DataFrame(rows)) == [("", ["A1", "B1", "A2"])]
    more = zip(rows, ("Care", "Law", "Care"), ("elementary", "unknown", "elementary"), strict=True)
    known = pd.DataFrame([{**row, "section": section, "tier": tier} for row, section, tier in more])
    assert groups_of(known) == [("Care · elementary", ["A1", "A2"]), ("Law", ["B1"])]
    known.loc[1, "section"] = ""
    assert groups_of(known)[-1] == ("section not known", ["B1"])


def test_short_codes():
    assert code("PLACEHOLDER-INT-01") == "INT-01"
    assert code("COM02") == "COM02"
    several = pd.Series(["PLACEHOLDER-INT-01", "PLACEHOLDER-INT-04", "PLACEHOLDER-TRA-02", "COM07", "COM09"])
    assert certification_prose._several(several) == "INT-01, 04, TRA-02, COM07, COM09"
    assert certification_prose._several(several.iloc[:0]) == "–"


# ---------------------------------------------------------------------------------------------------- figures


def test_verdicts_are_told_apart_in_grey_and_by_the_colour_blind():
    def light(colour):
        return np.dot(to_rgb(colour), (0.2126, 0.7152, 0.0722))

    found = certification_figures.VERDICTS
    for one in found:
        for other in found:
            marks = found[one][1], found[other][1]
            assert one == other or marks[0] != marks[1] or abs(light(found[one][0]) - light(found[other][0])) > 0.2


def test_heat_map_has_a_row_a_standard_and_marks_disputes_and_what_was_settled():
    found = {"certification__standards": STANDARDS, "certification__disagreements": DISAGREEMENTS}
    fig, alt, words = drawn("verdicts", certification__verdicts=VERDICTS, **found)
    assert {"INT-01", "INT-02", "TRA-01", "AT1", "BE1", "disputed", "INT, TRA: placeholders"} <= set(words)
    assert "settled in the final round" in words
    assert "3 standards in 2 institutions" in alt
    assert "1 met, 1 partly met, 1 not met, 1 disputed, 1 not applicable. The final round settled 1 cases." in alt
    assert len(fig.axes) == 2


def test_heat_map_of_sections_core_standards_and_many_institutions():
    names = [f"COM{place:02}" for place in range(1, 7)]
    rows = [verdict(f"site{place:02}", name, "met") for place in range(40) for name in names]
    known = [standard(name, core="yes" if name == "COM02" else "no") for name in names]
    ink.set_style()
    made = {
        "certification/verdicts.csv": table_of("certification/verdicts", rows),
        "certification/disagreements.csv": empty("certification/disagreements", "internal"),
        "certification/standards.csv": pd.DataFrame(known).assign(section=["Care"] * 3 + ["Law"] * 3, tier="advanced"),
    }
    fig, alt = certification_figures.draw_verdicts(made, LABELS)
    fig.draw_without_rendering()
    words = {one.get_text() for one in fig.findobj(plt.Text)}
    weights = {label.get_text(): label.get_fontweight() for label in fig.axes[0].get_yticklabels()}
    plt.close(fig)
    assert {"Care · advanced", "Law · advanced", "bold: core standard"} <= words
    assert (weights["COM01"], weights["COM02"]) == ("normal", "bold")
    assert "40 institutions" in alt
    assert all(one.get_tightbbox().x1 <= fig.bbox.x1 + 1 for one in fig.axes)


def test_ratings_with_and_without_thresholds():
    fig, alt, words = drawn("ratings", certification__ratings=RATINGS, certification__proposals=PROPOSALS)
    assert {"remove: feasibility under 50 %", "revise: any under 70 %", "too low: to revise"} <= set(words)
    assert [label.get_text() for label in fig.axes[0].get_yticklabels()] == ["INT-01", "INT-02", "INT-03"]
    lines = [[line.get_xdata()[0] for line in ax.lines if line.get_linestyle() == "--"] for ax in fig.axes]
    assert lines == [[70, 50], [70]]
    assert "3 standards on 2 dimensions" in alt
    _fig, _alt, words = drawn("ratings", tier="release", look=False, certification__ratings=RATINGS)
    assert "a standard" in words
    assert not any("under" in word for word in words)


def test_institutions_beside_auditors():
    _fig, alt, words = drawn("self_external", certification__auditors=AUDITORS)
    assert "intervention: kinder in 25 %, harsher in 5 % of 40 cases" in alt
    assert {"INT-01, n = 8", "INT-02, n = 8", "70 %"} <= set(words)
    assert any("(on 1 more standard nobody differs)" in word for word in words)


def test_indicators_name_every_institution_and_say_what_few_can_show():
    _fig, alt, words = drawn("indicators", certification__correlations=CORRELATIONS, certification__points=POINTS)
    assert {"AT1", "BE1", "ES1", "With 3 no effect.", "burnout, %\n(2025)"} <= set(words)
    assert "ρ = −0.60 [−0.90, 0.10]\np = 0.040, n = 9" in words
    assert "rank correlations: intervention, burnout, %, 2025: −0.60" in alt


def test_names_stand_apart():
    x, y = np.array([0.0, 0.0, 10.0]), np.array([0.0, 0.5, 5.0])
    found = places_of_names(x, y, ["AA1", "BB1", "CC1"], (-1, 11, -10, 110), (2.0, 1.1))
    assert [one[:2] for one in found] == [(0.0, 0.0), (0.0, 0.5), (10.0, 5.0)]
    assert found[0][2:] != found[1][2:]
    assert found[2][2] <= 0  # at the right edge the name stands inside


def test_levels_are_ranges_with_the_answer():
    fig, alt, words = drawn("levels", certification__decisions=DECISIONS)
    assert {"AT1", "BE1", "Design", "Execution", "no level", "open", "no", "answer"} <= set(words)
    assert "by a rule that is not confirmed" in alt
    assert len(fig.axes) == 1
    assert [bar.get_width() for bar in fig.axes[0].patches] == [1, 1]


def test_core_competences_come_first():
    fig, alt, _words = drawn("competences", certification__competences=COMPETENCES)
    labels = fig.axes[0].get_yticklabels()
    assert [label.get_text()[:5] for label in labels] == ["COM02", "COM01"]
    assert [label.get_fontweight() for label in labels] == ["bold", "normal"]
    assert "peer supporters: the interval of the change excludes zero in 2 of 2" in alt


def test_consensus_by_round():
    found = {"consensus__statements": STATEMENTS, "consensus__rounds": ROUNDS}
    fig, alt, words = drawn("consensus", **found, consensus__verdicts=SETTLED)
    assert {"agreed in round 1, closed", "agreed in round 2", "open", "threshold 70 %"} <= set(words)
    assert [label.get_text() for label in fig.axes[0].get_yticklabels()] == ["ST2", "ST1", "ST3"]
    assert "2 have consensus" in alt
    fig, _alt, words = drawn("consensus", tier="release", look=False, **found)
    assert words.count("agreed, closed") == 1
    assert "in round" not in " ".join(words)
    hollow = [
        line for ax in fig.axes for line in ax.lines if line.get_markerfacecolor() == "white" and len(line.get_xdata())
    ]
    assert len(hollow) == 2  # ST2 in its first round, ST3 in its last, both on feasibility


@pytest.mark.parametrize("name", list(certification_figures.DRAWN))
def test_figures_of_empty_tables_say_so(name):
    wanted = {
        "verdicts": ("verdicts", "standards", "disagreements"),
        "ratings": ("ratings", "proposals"),
        "self_external": ("auditors",),
        "indicators": ("correlations", "points"),
        "levels": ("decisions",),
        "competences": ("competences",),
        "consensus": ("statements", "rounds", "verdicts"),
    }[name]
    folder = "consensus" if name == "consensus" else "certification"
    _fig, alt, words = drawn(name, look=False, **{f"{folder}__{one}": [] for one in wanted})
    assert words == [alt]


# ---------------------------------------------------------------------------------------------------- words


def test_audit_is_told_with_its_numbers(tmp_path):
    page = full(tmp_path)
    text = said(page, certification_prose, *CERTIFICATION[:4])
    assert "External auditors gave verdicts on 3 standards in 2 institutions" in text
    assert "a final round settled 1 disagreements" in text
    assert "3 of the 3 standards on this page are placeholders" in text
    assert "- **Intervention.** Of 3 applicable cases 1 are met, 0 partly met and 1 not met; in 1 the external" in text
    assert "the same verdict in 80 % \\[70, 90\\] of 9 cases; Krippendorff's alpha is 0.80 \\[0.70, 0.90\\]." in text
    assert "On 1 of 2 standards the auditors agree in every institution; they agree least on INT-02 (67 %)." in text
    assert "Kinder in 25 % \\[0, 40\\] and harsher in 5 % \\[0, 40\\] of 40 cases (2 further cases are left out" in text
    assert "a median time of 300 minutes, from 200 to 400 (4 visits in 2 institutions)" in text
    assert "In 2 cases the external auditors differ, in 1 of them between met and not met." in text
    assert "The final round settled 1 of them, and 1 waits for the conference (@tbl-disagreements)." in text
    assert "partly met or met</td>" in text
    assert text.count("FIGURE") == 2


def test_ratings_and_proposals_are_told_with_who_decided(tmp_path):
    text = said(full(tmp_path), certification_prose, "ratings", "ratings_table", "proposals")
    assert "the median share of favourable ratings is 60 % for feasibility and 90 % for clarity" in text
    assert "to keep 1, to revise 1 and to remove 1 of 3 rated standards" in text
    assert "under 50 % favourable on feasibility proposes to remove" in text
    assert "choices of this evaluation and not confirmed. In 1 proposals the interval leaves" in text
    assert (
        "1 standards were decided on, 1 otherwise than proposed (decided by: conference); 2 proposals are open" in text
    )
    assert "revise: overlap (conference, 2025-12-04)" in text
    assert "INT-02: low feasibility; unclear wording" in text
    assert "INT-03" not in text[text.index("tbl-proposals}") :]  # kept, and nobody decided


def test_nobody_has_decided(tmp_path):
    page = page_of(tmp_path, certification__proposals=PROPOSALS[1:])
    assert "Nobody has decided on a standard yet." in said(page, certification_prose, "proposals")


def test_indicators_say_that_so_few_cannot_show_an_effect(tmp_path):
    text = said(full(tmp_path), certification_prose, "indicators")
    assert "goes along with burnout is the next question" in text
    assert "With 3 no effect. After Holm's adjustment, 0 of 1 rank correlations are clear of zero" in text
    assert "−0.60 [−0.90, 0.10]" in text


def test_levels_are_never_told_without_their_status(tmp_path):
    page = full(tmp_path)
    text = said(page, certification_prose, "levels")
    assert "## The rule is not confirmed" in text
    assert "No level below is a certificate." in text
    assert "All standards of a track are placeholders" in text
    assert "reached in 0 of 2 applications, not reached in 1, and open in 1." in text
    assert "Mastery, a combination of tracks: 0 yes, 0 no and 1 open." in text
    assert "Design: 40\u00a0% of all (asks\u00a050\u00a0%)" in text
    assert "2027-01-31" in text
    assert "INT-01, 02</td>" in text
    assert "they change the answer about the level applied for in 1, in 1 of them by one standard alone" in text
    assert "sec-levels" in said(page, certification_prose, "certification")
    assert "By a rule that is not confirmed" in certification_prose.in_short(page)


def test_confirmed_rule_has_its_source(tmp_path):
    rows = [{**one, "status": "confirmed", "placeholders": 0} for one in DECISIONS[:2]]
    page = page_of(tmp_path, certification__decisions=rows, certification__to_next_level=[])
    page.facts["levels"] = {"source": "Handbook 2026, page 3."}
    text = said(page, certification_prose, "levels")
    assert "The rule is confirmed. Handbook 2026, page 3." in text
    assert "By a rule" not in text
    assert "Every institution has reached the highest level" in text


def test_competences_are_ratings_of_oneself(tmp_path):
    text = said(full(tmp_path), certification_prose, "competences", "training")
    assert "These are ratings of oneself" in text
    assert "COM02 is a core competence and comes first. Of 1 it is not known whether they are core" in text
    assert "- **Peer supporters.** Higher in 2 and lower in 0 of 2 competences." in text
    assert "This pilot has data for learning and results and none for reaction and behaviour." in text
    assert text.count("no data in this pilot") == 2
    assert "Turnover, %" in text


def test_delphi_is_told_with_rule_and_standing(tmp_path):
    page = full(tmp_path)
    text = said(page, consensus_prose, *DELPHI)
    assert "A panel rated 3 statements in 2 rounds on feasibility and clarity (Delphi)." in text
    assert "In round 1, 12 panellists rated 3 statements; 1.2 % of the ratings are missing." in text
    assert "In round 2, 12 panellists rated 3 statements; no rating is missing. How many of the first round" in text
    assert "How many were invited is not recorded" in text
    assert "when more than 70 % of the panellists who rated a statement rate it 4 or more, on feasibility and" in text
    assert "The rule is not confirmed" in text
    assert "After X 2024." in text
    assert "the statements are 2 with consensus and 1 without consensus. 1 were closed" in text
    assert "For the conference remain ST3." in text
    assert "Between rounds statements were 1 reworded" in text
    assert "1 had another number than before" in text
    assert "a median of 60 % unchanged and a median of 0.50 for kappa" in text
    assert "The share is not told in 1 cases" in text
    assert "in 0 of 1 tests a panellist's rating goes along" in text
    assert "in 1 of 1 tests the ratings as a whole moved" in text
    assert "In 1 of 2 tests an expected count is too small" in text
    assert "round 1, feasibility: 0.40 (9 panellists, 3 statements, p <0.001)" in text
    assert "7 comments are counted on 1 of 2 statements and rounds; on 1 the count is withheld" in text
    assert "results/restricted/consensus/feedback.html" in text


def test_who_stayed_is_told_where_it_may_be(tmp_path):
    there = {"stayed": 10, "first_round": 12, "stayed_percent": 83.3, "stayed_low": 55, "stayed_high": 95}
    asked = {"invited": 20, "response_percent": 60.0, "part_way": 6}
    rows = [of_round("1", 1, **asked), of_round("2", 1, **there, newcomers=5)]
    page = page_of(tmp_path, together="any", reject_from=2, consensus__statements=STATEMENTS, consensus__rounds=rows)
    text = said(page, consensus_prose, "consensus")
    assert "12 panellists of 20 invited (60 %) rated 3 statements, and 6 left part-way." in text
    assert "Of 12 in the first round, 10 were still there (83 % \\[55, 95\\]); 5 were new." in text
    assert "not recorded" not in text
    assert "on at least one of feasibility and clarity" in text
    assert "When as many rate it 2 or less, there is consensus against it." in text


def test_public_is_told_ratings_and_consensus_only(tmp_path):
    page = full(tmp_path, "release")
    text = said(page, certification_prose, *CERTIFICATION) + said(page, consensus_prose, *DELPHI)
    assert "are for the study team. 3 standards were rated" in text
    assert "placeholders" in text
    assert "In the last round each was rated in, 2 of 3 statements have it." in text
    assert all(
        word not in text
        for word in ("sec-levels", "sec-audit", "sec-competences", "sec-stability", "restricted", "withheld", "invited")
    )
    assert re.findall(r"FIGURE (\w+)", text) == ["ratings", "consensus"]
    assert "Institution" not in text
    assert "standards were rated by people" in certification_prose.in_short(page)


@pytest.mark.parametrize("tier", ["internal", "release"])
def test_empty_tables_say_little_and_stop_nothing(tmp_path, tier):
    page = page_of(tmp_path, tier)
    text = said(page, certification_prose, *CERTIFICATION) + said(page, consensus_prose, *DELPHI)
    assert "#" not in text
    assert "FIGURE" not in text
    assert "No statement was rated." in text
    assert certification_prose.in_short(page)
    assert consensus_prose.in_short(page) == "No statement was rated."


def test_withheld_ratings_and_rounds_are_no_numbers(tmp_path):
    hidden = {"estimate": None, "ci_low": None, "ci_high": None, "n": None, "note": WITHHELD}
    lost = {**hidden, "median": None, "q1": None, "q3": None, "agreed": ""}
    page = page_of(
        tmp_path,
        "release",
        certification__ratings=[one | hidden for one in RATINGS],
        consensus__statements=[one | lost for one in STATEMENTS],
        consensus__rounds=[of_round("1", None, panellists=None, note=WITHHELD)],
    )
    text = said(page, certification_prose, *CERTIFICATION) + said(page, consensus_prose, *DELPHI)
    assert "In round 1 too few people took part to be counted." in text
    assert "round 1: too few panellists to be shown" in text
    assert ">withheld</td>" in text
    assert "FIGURE" not in text


def test_study_without_audits_or_without_ratings(tmp_path):
    rated = said(page_of(tmp_path, certification__ratings=RATINGS), certification_prose, *CERTIFICATION)
    assert "sec-ratings" in rated
    assert "sec-audit" not in rated
    assert "FIGURE verdicts" not in rated
    (tmp_path / "b").mkdir()
    found = {"certification__verdicts": VERDICTS, "certification__standards": STANDARDS}
    page = page_of(tmp_path / "b", parts=("certification",), **found)
    audited = said(page, certification_prose, *CERTIFICATION)
    assert "FIGURE verdicts" in audited
    assert "No level is decided: the study names no rule." in audited
    assert "sec-ratings" not in audited
    assert "sec-levels" not in audited
