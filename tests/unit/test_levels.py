"""Levels of certification: every rule on hand-made cases, every treatment against its definition, and the extremes."""

from __future__ import annotations

import datetime
import itertools
import time
from fractions import Fraction
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from piloteval import config
from piloteval.config import read_tsv
from piloteval.errors import ConfigError
from piloteval.intake.catalogues import read_standards
from piloteval.measures import certification, levels
from piloteval.measures.levels import Combination, Level, Part, Rules

ROOT = Path(__file__).resolve().parents[2]
ON = datetime.date(2026, 3, 1)
SPELLED = {"m": "met", "p": "partly met", "x": "not met", "-": "not applicable", ".": "not assessed", "!": "disputed"}
CORE, TIER = {"C": "yes", "n": "no", "?": "unknown"}, {"e": "elementary", "a": "advanced", "u": "unknown"}
NO_FACTS = pd.DataFrame()

few = settings(max_examples=6, deadline=None, derandomize=True, database=None)


def level(name="one", running=0, held=None, years=0, **percent):
    """A level that asks for the percentages named, and for nothing else."""
    least = {group: levels._exact(percent.get(group, 0)) for group in levels.GROUPS}
    return Level(name, name.capitalize(), least, running, held, years)


def rules(*ladder, combinations=(), training=(), **treatments):
    """A rule with the defaults of the schema, but for what is named."""
    taken = {
        "status": "unconfirmed",
        "source": "a test",
        "rounds": ("final", "external"),
        "partly_met": "not met",
        "partly_met_core": "not met",
        "not_applicable": "left out",
        "not_applicable_core": "open",
        "not_applicable_most": Fraction(1, 5),
        "not_applicable_beyond": "not met",
        "not_assessed": "open",
        "disputed": "open",
        "unknown_core": "open",
        "unknown_tier": "overall only",
        "empty_share": "open",
        "valid_years": 5,
        "audit_window_years": 3,
        **treatments,
    }
    tracks = {"intervention": tuple(ladder), **({"training": tuple(training)} if training else {})}
    return Rules(**taken, tracks=tracks, combinations=tuple(combinations))


def catalogue(short, track="intervention", **more):
    """Standards as two letters each: core (C, n, ?) and tier (e, a, u)."""
    return [
        {
            "track": track,
            "code": f"{track[:3].upper()}{place}",
            "section": "",
            "short_name": f"standard {place}",
            "core": CORE[one[0]],
            "tier": TIER[one[1]],
            "levels": "",
            "settings": "",
            "status": "published",
            **more,
        }
        for place, one in enumerate(short.split(), start=1)
    ]


def site(name="a", setting="hospital", tracks="intervention"):
    return {"site": name, "name": name.upper(), "country": "AT", "setting": setting, "tracks": tracks}


def settled(verdicts, standards, audit_round="external"):
    """Verdicts as one letter a standard, by institution."""
    rows = [
        {"site": place, "standard": one["code"], "round": audit_round, "verdict": SPELLED[letter]}
        for place, letters in verdicts.items()
        for one, letter in zip(standards, letters, strict=True)
    ]
    return pd.DataFrame(rows, columns=["site", "standard", "round", "verdict"])


def applications(*rows):
    return pd.DataFrame(
        [{**dict.fromkeys(levels._APPLICATION, ""), "site": "a", "track": "intervention", **row} for row in rows]
    )


def decided(letters, short, rule, facts=NO_FACTS, **where):
    standards = catalogue(short) if isinstance(short, str) else short
    return levels.decide(settled({"a": letters}, standards), standards, [site(**where)], facts, rule, ON).iloc[0]


def answer(row):
    """What the two levels of a decision say about the only level there is."""
    return {("one", "one"): "yes", ("no level", "one"): "open", ("no level", "no level"): "no"}[
        row["level"], row["possible_level"]
    ]


# The truth table. Every expectation is counted by hand.

TABLE = [
    # core: all, a share, none
    ("all core met", {"core": 100}, {}, "Cu Cu nu", "mmx", "yes"),
    ("one core not met", {"core": 100}, {}, "Cu Cu nu", "mxm", "no"),
    ("half of the core suffices", {"core": 50}, {}, "Cu Cu nu", "mxx", "yes"),
    ("two of three are more than 66.66", {"core": 66.66}, {}, "Cu Cu Cu", "mmx", "yes"),
    ("two of three are less than 66.67", {"core": 66.67}, {}, "Cu Cu Cu", "mmx", "no"),
    ("no core standard asks for none", {"core": 100}, {}, "nu nu", "xx", "yes"),
    ("no core asked", {"overall": 50}, {}, "Cu nu", "xm", "yes"),
    # shares
    ("elementary at the threshold", {"elementary": 50}, {}, "ne ne na", "mxx", "yes"),
    ("elementary below", {"elementary": 51}, {}, "ne ne na", "mxm", "no"),
    ("advanced at the threshold", {"advanced": 50}, {}, "na na ne", "mxx", "yes"),
    ("advanced below", {"advanced": 50}, {}, "na na ne", "xxm", "no"),
    ("overall counts every tier", {"overall": 75}, {}, "ne na nu nu", "mmmx", "yes"),
    ("overall below", {"overall": 76}, {}, "ne na nu nu", "mmmx", "no"),
    ("all shares together", {"core": 100, "elementary": 50, "advanced": 50}, {}, "Ce ne na", "mxm", "yes"),
    ("one share fails", {"core": 100, "elementary": 50, "advanced": 50}, {}, "Ce ne na", "mxx", "no"),
    ("a share of nothing is open", {"advanced": 50}, {}, "ne", "m", "open"),
    ("a share of nothing is satisfied", {"advanced": 50}, {"empty_share": "satisfied"}, "ne", "m", "yes"),
    ("asking for 0 of nothing", {"overall": 50, "advanced": 0}, {}, "ne", "m", "yes"),
    # partly met
    ("partly as not met", {"overall": 50}, {}, "nu nu", "px", "no"),
    ("partly as half, short", {"overall": 50}, {"partly_met": "half"}, "nu nu", "px", "no"),
    ("partly as half, twice", {"overall": 50}, {"partly_met": "half"}, "nu nu", "pp", "yes"),
    ("partly as met", {"overall": 50}, {"partly_met": "met"}, "nu nu", "px", "yes"),
    ("partly half does not help a core standard", {"core": 100}, {"partly_met": "half"}, "Cu", "p", "no"),
    ("partly met in the core", {"core": 100}, {"partly_met_core": "met"}, "Cu", "p", "yes"),
    ("partly met in the core only", {"overall": 50}, {"partly_met_core": "met"}, "Cu", "p", "no"),
    # not applicable, shares (of 5 standards, 20 percent is one)
    ("left out: 2 of 4", {"overall": 50}, {}, "nu nu nu nu nu", "mmxx-", "yes"),
    ("left out: 2 of 4 is short of 51", {"overall": 51}, {}, "nu nu nu nu nu", "mmxx-", "no"),
    ("beyond: the second is not met, 2 of 4", {"overall": 51}, {}, "nu nu nu nu nu", "mmx--", "no"),
    ("at the limit 2 of 3", {"overall": 51}, {"not_applicable_most": Fraction(2, 5)}, "nu nu nu nu nu", "mmx--", "yes"),
    ("beyond is open", {"overall": 51}, {"not_applicable_beyond": "open"}, "nu nu nu nu nu", "mmx--", "open"),
    ("beyond does not matter", {"overall": 50}, {"not_applicable_beyond": "open"}, "nu nu nu nu nu", "mmx--", "yes"),
    ("beyond cannot help", {"overall": 70}, {"not_applicable_beyond": "open"}, "nu nu nu nu nu", "mmx--", "no"),
    ("the limit rounds down", {"overall": 100}, {}, "nu nu nu nu", "mmm-", "no"),
    ("the limit is that of the share", {"elementary": 100}, {}, "ne na na na na", "-mmmm", "no"),
    ("all left out is open", {"overall": 50}, {"not_applicable_most": Fraction(1)}, "nu nu", "--", "open"),
    ("as met: 3 of 5", {"overall": 60}, {"not_applicable": "met"}, "nu nu nu nu nu", "mmxx-", "yes"),
    ("as met: beyond is not", {"overall": 80}, {"not_applicable": "met"}, "nu nu nu nu nu", "mmm--", "yes"),
    ("as met: beyond is not, short", {"overall": 81}, {"not_applicable": "met"}, "nu nu nu nu nu", "mmm--", "no"),
    ("as not met: 2 of 5", {"overall": 41}, {"not_applicable": "not met"}, "nu nu nu nu nu", "mmxx-", "no"),
    ("as not met: at the threshold", {"overall": 40}, {"not_applicable": "not met"}, "nu nu nu nu nu", "mmxx-", "yes"),
    # not applicable, core
    ("core open", {"core": 100}, {}, "Cu Cu", "m-", "open"),
    ("core open, and out of reach", {"core": 100}, {}, "Cu Cu", "x-", "no"),
    ("core open, and enough", {"core": 50}, {}, "Cu Cu", "m-", "yes"),
    ("core left out", {"core": 100}, {"not_applicable_core": "left out"}, "Cu Cu", "m-", "yes"),
    ("all core left out", {"core": 100}, {"not_applicable_core": "left out"}, "Cu", "-", "yes"),
    ("core as met", {"core": 100}, {"not_applicable_core": "met"}, "Cu Cu", "m-", "yes"),
    ("core as not met", {"core": 100}, {"not_applicable_core": "not met"}, "Cu Cu", "m-", "no"),
    # no verdict, and a dispute
    *(
        case
        for letter, key in ((".", "not_assessed"), ("!", "disputed"))
        for case in (
            (f"{key} open", {"overall": 50}, {}, "nu nu", f"x{letter}", "open"),
            (f"{key} does not matter", {"overall": 50}, {}, "nu nu", f"m{letter}", "yes"),
            (f"{key} cannot help", {"overall": 51}, {}, "nu nu", f"x{letter}", "no"),
            (f"{key} blocks", {"overall": 50}, {key: "block"}, "nu nu", f"m{letter}", "open"),
            (f"{key} blocks, out of reach", {"overall": 51}, {key: "block"}, "nu nu", f"x{letter}", "no"),
            (f"{key} as not met", {"overall": 50}, {key: "not met"}, "nu nu", f"x{letter}", "no"),
            (f"{key} as not met, enough", {"overall": 50}, {key: "not met"}, "nu nu", f"m{letter}", "yes"),
            (f"{key} in the core", {"core": 100}, {}, "Cu nu", f"{letter}m", "open"),
            (f"{key} in the core as not met", {"core": 100}, {key: "not met"}, "Cu nu", f"{letter}m", "no"),
        )
    ),
    ("one blocks though the other counts as not met", {"overall": 50}, {"disputed": "block", "not_assessed": "not met"}, "nu nu nu", "m!.", "open"),
    # entries of the catalogue that are not known
    ("core unknown, not met", {"core": 100}, {}, "Cu ?u", "mx", "open"),
    ("core unknown, met", {"core": 100}, {}, "Cu ?u", "mm", "yes"),
    ("core unknown, a core standard not met", {"core": 100}, {}, "Cu ?u", "xm", "no"),
    ("core unknown as core", {"core": 100}, {"unknown_core": "core"}, "Cu ?u", "mx", "no"),
    ("core unknown as not core", {"core": 100}, {"unknown_core": "not core"}, "Cu ?u", "mx", "yes"),
    ("core unknown could lift a share", {"core": 50}, {}, "Cu ?u", "xm", "open"),
    ("core unknown could lower a share", {"core": 60}, {}, "Cu ?u", "mx", "open"),
    ("core unknown and disputed", {"core": 100}, {}, "Cu ?u", "m!", "open"),
    ("tier unknown is overall only", {"elementary": 100, "overall": 50}, {}, "ne nu", "mx", "yes"),
    ("tier unknown as elementary", {"elementary": 100}, {"unknown_tier": "elementary"}, "ne nu", "mx", "no"),
    ("tier unknown as advanced", {"advanced": 100}, {"unknown_tier": "advanced"}, "na nu", "mx", "no"),
    ("tier unknown as advanced, not elementary", {"elementary": 100}, {"unknown_tier": "advanced"}, "ne nu", "mx", "yes"),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "treated", "short", "letters", "wanted"), [c[1:] for c in TABLE], ids=[c[0] for c in TABLE])  # fmt: skip
def test_truth_table(asked, treated, short, letters, wanted):
    rule = rules(level(**asked), **treated)
    row = decided(letters, short, rule, applications({"level": "one"}))
    assert (answer(row), row["granted"]) == (wanted, wanted)
    assert row["next_level"] == ("" if wanted == "yes" else "one")
    assert row["valid_until"] == ("2031-03-01" if wanted == "yes" else "")
    assert (row["audit_from"], row["status"], row["about_level"]) == ("2023-03-01", "unconfirmed", "one")


FIGURES = [
    # treatments, standards, verdicts, group, percent asked: met, of, percent, missing
    ({}, "Ce Ce ne na nu", "mxmx-", "core", 100, (1, 2, 50, 1)),
    ({}, "Ce Ce ne na nu", "mxmx-", "elementary", 100, (2, 3, 200 / 3, 1)),
    ({}, "Ce Ce ne na nu", "mxmx-", "advanced", 50, (0, 1, 0, 1)),
    ({}, "Ce Ce ne na nu", "mxmx-", "overall", 90, (2, 4, 50, 2)),
    ({"not_applicable": "met"}, "Ce Ce ne na nu", "mxmx-", "overall", 90, (3, 5, 60, 2)),
    ({"not_applicable": "not met"}, "Ce Ce ne na nu", "mxmx-", "overall", 30, (2, 5, 40, 0)),
    ({"partly_met": "half"}, "nu nu nu nu", "ppxx", "overall", 50, (1, 4, 25, 1)),
    ({"partly_met": "half"}, "nu nu nu nu", "pppp", "overall", 90, (2, 4, 50, 4)),
    ({"partly_met": "half"}, "nu nu nu nu", "pppx", "overall", 80, (1.5, 4, 37.5, 3)),
    ({"partly_met": "met"}, "nu nu nu nu", "ppxx", "overall", 100, (2, 4, 50, 2)),
    ({}, "nu nu nu nu nu", "m---x", "overall", 100, (1, 4, 25, 3)),
    ({}, "Cu ?u ?u nu", "xxmm", "core", 100, (0, 1, 0, 1)),
]


@pytest.mark.parametrize(("treated", "short", "letters", "group", "percent", "wanted"), FIGURES)
def test_shares_are_shown_with_what_they_count(treated, short, letters, group, percent, wanted):
    row = decided(letters, short, rules(level(**{group: percent}), **treated))
    found = tuple(float(row[f"{group}_{figure}"]) for figure in ("met", "of", "percent", "missing"))
    assert found == pytest.approx(wanted)
    assert row[f"{group}_least"] == percent


def test_every_verdict_is_counted():
    row = decided("mmpx--.!", "nu nu nu Cu ?u nu nu nu", rules(level(overall=99)))
    names = ("standards", "met", "partly_met", "not_met", "not_applicable", "not_assessed", "disputed", "core_unknown", "beyond", "placeholders")  # fmt: skip
    assert [row[name] for name in names] == [8, 2, 1, 1, 2, 1, 1, 1, 1, 0]


def test_standards_of_another_level_or_setting_do_not_count():
    standards = catalogue("nu nu nu nu")
    standards[1]["levels"] = "two"
    standards[2]["levels"] = "One ; two"
    standards[3]["settings"] = "primary care, social-healthcare"
    rule = rules(level(overall=100), level("two", overall=100))
    rows = levels.ladder(
        settled({"a": "mxmx", "b": "mmmx"}, standards),
        standards,
        [site(), site("b", "primary care")],
        NO_FACTS,
        rule,
        ON,
    )
    assert rows[["site", "level", "standards", "overall_met", "reached", "alone"]].to_numpy().tolist() == [
        ["a", "one", 2, 2, "yes", "yes"],
        ["a", "two", 3, 2, "no", "no"],
        ["b", "one", 3, 2, "no", "no"],
        ["b", "two", 4, 3, "no", "no"],
    ]


def test_a_level_no_standard_counts_for_is_open():
    standards = catalogue("nu", settings="hospital")
    row = decided("m", standards, rules(level(core=100)), setting="primary care")
    assert (answer(row), row["standards"]) == ("open", 0)
    assert "no standard counts for One" in row["note"]


def test_a_level_needs_all_before_it():
    rule = rules(level(elementary=100), level("two", advanced=100), level("three", overall=50))
    standards = catalogue("ne na")
    rows = levels.ladder(settled({"a": "xm", "b": "mx", "c": "mm"}, standards), standards, [site(n) for n in "abc"], NO_FACTS, rule, ON)  # fmt: skip
    assert rows.groupby("site")["alone"].agg(list).tolist() == [["no", "yes", "yes"], ["yes", "no", "yes"], ["yes"] * 3]
    assert rows.groupby("site")["reached"].agg(list).tolist() == [["no"] * 3, ["yes", "no", "no"], ["yes"] * 3]
    decisions = levels.decide(settled({"a": "xm", "b": "mx", "c": "mm"}, standards), standards, [site(n) for n in "abc"], NO_FACTS, rule, ON)  # fmt: skip
    assert decisions["level"].tolist() == ["no level", "one", "three"]
    assert decisions["next_level"].tolist() == ["one", "two", ""]


def test_the_final_round_wins_where_it_has_a_verdict():
    standards = catalogue("nu nu nu")
    both = pd.concat([settled({"a": "xmm"}, standards), settled({"a": "mx."}, standards, "final")])
    rows = [
        levels.decide(both, standards, [site()], NO_FACTS, rules(level(overall=1), rounds=order), ON).iloc[0]
        for order in (("final", "external"), ("external",), ("final",), ("external", "final"), ("self",))
    ]
    assert [row["overall_met"] for row in rows] == [2, 2, 1, 2, 0]
    assert [row["not_met"] for row in rows] == [1, 1, 1, 1, 0]
    assert [row["rounds"] for row in rows] == ["final, external", "external", "final", "external", ""]
    assert [row["not_assessed"] for row in rows] == [0, 0, 1, 0, 3]


# Facts about the institution

LADDER = (
    level("design", overall=50),
    level("execution", overall=50, running=1),
    level("comprehensive", overall=50, running=1, held=1, years=3),
)
FACTS = [
    # running since, certified level, certified since, applied for: granted, level, possible level
    ("2025-03-01", "", "", "execution", "yes", "execution", "comprehensive"),
    ("2025-03-02", "", "", "execution", "no", "design", "design"),
    ("", "", "", "execution", "open", "design", "comprehensive"),
    ("", "", "", "design", "yes", "design", "comprehensive"),
    ("2026-06-01", "", "", "execution", "no", "design", "design"),
    ("2020-01-01", "execution", "2023-03-01", "comprehensive", "yes", "comprehensive", "comprehensive"),
    ("2020-01-01", "execution", "2023-03-02", "comprehensive", "no", "execution", "execution"),
    ("2020-01-01", "execution", "", "comprehensive", "open", "execution", "comprehensive"),
    ("2020-01-01", "", "2020-01-01", "comprehensive", "open", "execution", "comprehensive"),
    ("2020-01-01", "design", "2020-01-01", "comprehensive", "no", "execution", "execution"),
    ("2020-01-01", "not certified", "", "comprehensive", "no", "execution", "execution"),
    ("2020-01-01", "comprehensive", "2022-01-01", "comprehensive", "yes", "comprehensive", "comprehensive"),
    ("", "execution", "2020-01-01", "comprehensive", "open", "design", "comprehensive"),
    ("not a day", "execution", "2020-01-01", "execution", "open", "design", "comprehensive"),
    ("2020-01-01", "execution", "2020-01-01", "", "open", "comprehensive", "comprehensive"),
    ("2020-01-01", "execution", "2020-01-01", "no such level", "open", "comprehensive", "comprehensive"),
]


def test_facts():
    standards, names = catalogue("nu nu"), [f"s{k}" for k in range(len(FACTS))]
    facts = applications(
        *(
            {
                "site": name,
                "running_since": one[0],
                "certified_level": one[1],
                "certified_since": one[2],
                "level": one[3],
            }
            for name, one in zip(names, FACTS, strict=True)
        )
    )
    cells = settled(dict.fromkeys(names, "mx"), standards)
    rows = levels.decide(cells, standards, [site(name) for name in names], facts, rules(*LADDER), ON)
    found = rows[["granted", "level", "possible_level"]].itertuples(index=False, name=None)
    assert [(*one[:4], *row) for one, row in zip(FACTS, found, strict=True)] == FACTS


def test_a_level_is_never_granted_without_facts():
    row = decided("mm", "nu nu", rules(*LADDER))
    assert (row["granted"], row["level"], row["possible_level"]) == ("open", "design", "comprehensive")
    assert row["prerequisites"] == "running for 1 year: the day it began is not known"


def test_days_can_be_dates_or_missing():
    row = {"site": "a", "track": "intervention", "level": "execution", "running_since": pd.Timestamp("2025-03-01"), "certified_level": None, "certified_since": pd.NaT}  # fmt: skip
    assert decided("mm", "nu nu", rules(*LADDER), pd.DataFrame([row]))["granted"] == "yes"
    row["running_since"] = datetime.date(2025, 3, 2)
    assert decided("mm", "nu nu", rules(*LADDER), pd.DataFrame([row]))["granted"] == "no"


@pytest.mark.parametrize(("day", "on", "wanted"), [((2024, 2, 29), (2025, 2, 27), "no"), ((2024, 2, 29), (2025, 2, 28), "yes"), ((2023, 2, 28), (2024, 2, 28), "yes")])  # fmt: skip
def test_a_year_after_the_29th_of_february(day, on, wanted):
    standards = catalogue("nu")
    facts = applications({"level": "execution", "running_since": datetime.date(*day).isoformat()})
    row = levels.decide(settled({"a": "m"}, standards), standards, [site()], facts, rules(*LADDER), datetime.date(*on))
    assert row.iloc[0]["granted"] == wanted


def test_the_certificate_held_is_shown_and_can_run_out():
    facts = applications({"certified_level": "execution", "certified_since": "2020-05-01", "running_since": "2015-01-01"})  # fmt: skip
    row = decided("mm", "nu nu", rules(*LADDER), facts)
    assert (row["held_until"], row["level"]) == ("2025-05-01", "comprehensive")
    assert "the certificate held ran out on 2025-05-01" in row["note"]
    assert decided("mm", "nu nu", rules(*LADDER), facts.assign(certified_level=""))["held_until"] == ""
    row = decided("mm", "nu nu", rules(*LADDER), facts.assign(certified_since="2021-03-01"))
    assert row["held_until"] == "2026-03-01"  # its last day
    assert "ran out" not in row["note"]


# Mastery

MASTERY = [
    # by, training verdicts, intervention verdicts, certified in training, since: mastery
    ("either", "m", "m", "", "", "yes"),
    ("either", "x", "m", "not certified", "", "no"),
    ("either", "x", "m", "", "", "open"),
    ("either", "x", "m", "accredited", "2021-03-01", "yes"),
    ("either", "x", "m", "accredited", "2021-02-28", "no"),
    ("either", "x", "m", "accredited", "2026-03-02", "no"),
    ("either", "x", "m", "accredited", "", "open"),
    ("either", "!", "m", "not certified", "", "open"),
    ("either", "m", "x", "", "", "no"),
    ("either", "m", "!", "", "", "open"),
    ("either", "!", "x", "", "", "no"),
    ("reached", "x", "m", "accredited", "2025-01-01", "no"),
    ("reached", "m", "m", "not certified", "", "yes"),
    ("held", "m", "m", "not certified", "", "no"),
    ("held", "m", "m", "", "", "open"),
    ("held", "x", "m", "accredited", "2025-01-01", "yes"),
]


@pytest.mark.parametrize("by", ["either", "reached", "held"])
def test_mastery(by):
    rule = rules(
        level(overall=50),
        level("two", overall=100),
        training=[level("accredited", overall=100)],
        combinations=[Combination("mastery", "Mastery", (Part("training", 0, by), Part("intervention", 1, "reached")))],
    )
    standards = catalogue("nu") + catalogue("nu", "training")
    cases = {f"s{k}": one for k, one in enumerate(MASTERY) if one[0] == by}
    facts = applications(
        *(
            {"site": name, "track": "training", "certified_level": one[3], "certified_since": one[4]}
            for name, one in cases.items()
        )
    )
    cells = settled({name: one[2] + one[1] for name, one in cases.items()}, standards)
    sites = [site(name, tracks="intervention, training") for name in cases]
    every = levels.decide(cells, standards, sites, facts, rule, ON)
    assert every["track"].tolist() == ["intervention", "training", "mastery"] * len(cases)
    rows = every[every["track"] == "mastery"].set_index("site")
    assert {name: (*one[:5], rows.loc[name, "granted"]) for name, one in cases.items()} == cases
    assert ((rows["level"] == "mastery") == (rows["granted"] == "yes")).all()
    assert ((rows["possible_level"] == "no level") == (rows["granted"] == "no")).all()


def test_mastery_is_out_of_reach_without_one_of_its_tracks():
    rule = rules(
        level(overall=50),
        training=[level("accredited", overall=100)],
        combinations=[Combination("mastery", "Mastery", (Part("training", 0, "either"),))],
    )
    standards = catalogue("nu") + catalogue("nu", "training")
    for facts, wanted in ((NO_FACTS, "no"), (applications({"track": "training"}), "open")):
        rows = levels.decide(settled({"a": "mm"}, standards)[:1], standards, [site()], facts, rule, ON)
        assert rows.iloc[-1]["granted"] == wanted


# Against the definition, written out for one institution at a time

SPOKEN = ("met", "partly met", "not met", "not applicable")
WORDS = (*SPOKEN, "not assessed", "disputed")
percents = st.sampled_from([0, 0, 33, 50, 66.67, 100])


@st.composite
def small_rules(draw, ladder=2):
    names = ["one", "two", "three"][:ladder]
    return rules(
        *(level(name, **{group: draw(percents) for group in levels.GROUPS}) for name in names),
        partly_met=draw(st.sampled_from(["not met", "half", "met"])),
        partly_met_core=draw(st.sampled_from(["not met", "met"])),
        not_applicable=draw(st.sampled_from(["left out", "met", "not met"])),
        not_applicable_core=draw(st.sampled_from(["open", "left out", "met", "not met"])),
        not_applicable_most=Fraction(draw(st.sampled_from([0, 34, 50, 67, 100])), 100),
        not_applicable_beyond=draw(st.sampled_from(["not met", "open"])),
        not_assessed=draw(st.sampled_from(["open", "block", "not met"])),
        disputed=draw(st.sampled_from(["open", "block", "not met"])),
        unknown_core=draw(st.sampled_from(["open", "core", "not core"])),
        unknown_tier=draw(st.sampled_from(["overall only", "elementary", "advanced"])),
        empty_share=draw(st.sampled_from(["open", "satisfied"])),
    )


@st.composite
def small_catalogues(draw, size=3):
    standards = catalogue(
        " ".join(draw(st.sampled_from("Cn?")) + draw(st.sampled_from("eeau")) for _place in range(size))
    )
    for one in standards:
        one["levels"] = draw(st.sampled_from(["", "", "one", "two", "one; two"]))
    return standards


def all_verdicts(standards, rule, words=WORDS, facts=NO_FACTS, on=ON):
    """Decide for an institution with every combination of verdicts."""
    every = list(itertools.product(words, repeat=len(standards)))
    rows = [
        (f"s{place}", one["code"], "external", word)
        for place, ones in enumerate(every)
        for one, word in zip(standards, ones, strict=True)
    ]
    cells = pd.DataFrame(rows, columns=["site", "standard", "round", "verdict"])
    places = [site(f"s{place}") for place in range(len(every))]
    return every, levels.decide(cells, standards, places, facts, rule, on)


def fulfilled(one, standards, verdicts, cores, rule, generous):
    """Whether a level is fulfilled when everything is known; ``generous`` decides what the rule leaves open."""
    counting = [k for k, s in enumerate(standards) if not s["levels"] or one.level in s["levels"]]
    if not counting:
        return generous
    for group in levels.GROUPS:
        least, met, asked = one.least[group], Fraction(0), 0
        if group == "core":
            members = [k for k in counting if cores[k]]
        else:
            tier = [s["tier"] if s["tier"] != "unknown" else rule.unknown_tier for s in standards]
            members = [k for k in counting if group in ("overall", tier[k])]
        excused = int(rule.not_applicable_most * len(members))
        if rule.not_applicable_beyond == "open" and generous:
            excused = len(members)
        for k in members:
            worth = 0
            if verdicts[k] == "met":
                worth = 1
            elif verdicts[k] == "partly met":
                treated = rule.partly_met_core if group == "core" else rule.partly_met
                worth = {"not met": 0, "half": Fraction(1, 2), "met": 1}[treated]
            elif verdicts[k] == "not applicable":
                treated = rule.not_applicable_core if group == "core" else rule.not_applicable
                if treated == "open":
                    treated = "left out" if generous else "not met"
                if group != "core" and treated != "not met":
                    excused -= 1
                    treated = treated if excused >= 0 else "not met"
                if treated == "left out":
                    continue
                worth = int(treated == "met")
            met, asked = met + worth, asked + 1
        if not least:
            continue
        if not asked:
            if group != "core" and rule.empty_share == "open" and not generous:
                return False
        elif met / asked < least:
            return False
    return True


@few
@given(rule=small_rules(), standards=small_catalogues())
def test_every_combination_of_verdicts_agrees_with_the_definition(rule, standards):
    taken = {"core": [True], "not core": [False], "open": [True, False]}[rule.unknown_core]
    flags = list(itertools.product(*([s["core"] == "yes"] if s["core"] != "unknown" else taken for s in standards)))
    ladder = rule.tracks["intervention"]
    known = {}  # how many levels are reached in every world where all is known
    for verdicts in itertools.product(SPOKEN, repeat=len(standards)):
        ends = []
        for generous in (False, True):
            for cores in flags:
                own = [fulfilled(one, standards, verdicts, cores, rule, generous) for one in ladder]
                ends.append(next((place for place, good in enumerate(own) if not good), len(own)))
        known[verdicts] = min(ends), max(ends)
    names = ["no level", *(one.level for one in ladder)]
    every, rows = all_verdicts(standards, rule)
    for verdicts, row in zip(every, rows[["level", "possible_level"]].to_numpy(), strict=True):
        treated = {"not assessed": rule.not_assessed, "disputed": rule.disputed}
        choices = [
            [word] if word in SPOKEN else ["not met"] if treated[word] == "not met" else SPOKEN for word in verdicts
        ]
        worlds = [known[world] for world in itertools.product(*choices)]
        low, high = min(w[0] for w in worlds), max(w[1] for w in worlds)
        for place, one in enumerate(ladder):  # a standard that blocks keeps its levels from being sure
            if any(treated.get(word) == "block" and (not s["levels"] or one.level in s["levels"]) for word, s in zip(verdicts, standards, strict=True)):  # fmt: skip
                low = min(low, place)
        assert (names[low], names[high]) == tuple(row), (verdicts, rule)


# Better verdicts and more years

TREATMENTS = list(
    itertools.product(
        ["not met", "half", "met"],
        ["not met", "met"],
        ["left out", "met", "not met"],
        ["open", "left out", "met", "not met"],
    )
)


def test_the_order_of_verdicts():
    for partly, partly_core, aside, aside_core in TREATMENTS:
        rule = rules(
            level(overall=50),
            partly_met=partly,
            partly_met_core=partly_core,
            not_applicable=aside,
            not_applicable_core=aside_core,
        )
        for middle in ("partly met", "not applicable", "not assessed", "disputed"):
            assert levels.no_worse(middle, "not met", rule)
            assert levels.no_worse("met", middle, rule)
        assert levels.no_worse("met", "not met", rule)
        assert not levels.no_worse("not met", "met", rule)
        # Partly met and not applicable have an order where, in shares and in the core alike, one of the two counts as
        # met or as not met; what is not applicable counts as met in a share only up to a limit, so this is not enough.
        above = (partly == "met" or aside == "not met") and (partly_core == "met" or aside_core == "not met")
        below = partly == "not met" and (partly_core == "not met" or aside_core == "met")
        assert levels.no_worse("partly met", "not applicable", rule) == above
        assert levels.no_worse("not applicable", "partly met", rule) == below


def test_a_verdict_that_blocks_is_better_than_none_and_worse_only_than_met():
    rule = rules(level(overall=50), disputed="block")
    assert levels.no_worse("met", "disputed", rule)
    assert not any(levels.no_worse("disputed", word, rule) for word in SPOKEN)
    assert not levels.no_worse("not met", "disputed", rule)


@few
@given(rule=small_rules(ladder=3), standards=small_catalogues())
def test_a_better_verdict_never_lowers_a_level(rule, standards):
    facts = pd.DataFrame([{**dict.fromkeys(levels._APPLICATION, ""), "site": f"s{k}", "track": "intervention", "level": "two"} for k in range(6**3)])  # fmt: skip
    every, rows = all_verdicts(standards, rule, facts=facts)
    place = {"no level": 0, "one": 1, "two": 2, "three": 3}
    rank = {"no": 0, "open": 1, "yes": 2}
    found = {
        verdicts: (place[row[0]], place[row[1]], rank[row[2]])
        for verdicts, row in zip(every, rows[["level", "possible_level", "granted"]].to_numpy(), strict=True)
    }
    better = [pair for pair in itertools.permutations(WORDS, 2) if levels.no_worse(pair[1], pair[0], rule)]
    assert {("not met", "not applicable"), ("not applicable", "met"), ("not met", "partly met"), ("partly met", "met")} <= {*better}  # fmt: skip
    for verdicts, before in found.items():
        for k, (worse, good) in itertools.product(range(len(standards)), better):
            if verdicts[k] == worse:
                after = found[(*verdicts[:k], good, *verdicts[k + 1 :])]
                assert all(a <= b for a, b in zip(before, after, strict=True)), (verdicts, k, good)


@pytest.mark.parametrize(
    ("aside", "percent", "rest", "with_half", "with_aside"),
    [
        ("left out", 65, "mmx", "no", "yes"),  # 2.5 of 4 against 2 of 3
        ("left out", 30, "pxx", "no", "no"),  # 1 of 4 against 0.5 of 3
        ("left out", 25, "pxx", "yes", "no"),
        ("met", 65, "mmx", "no", "yes"),  # 2.5 of 4 against 3 of 4
        ("met", 75, "mm-", "yes", "yes"),  # 3.5 of 4 against 3 of 4
        ("met", 80, "mm-", "yes", "no"),  # the second one not applicable is beyond the limit
    ],
)
def test_half_against_not_applicable_has_no_order(aside, percent, rest, with_half, with_aside):
    treated = {"partly_met": "half", "not_applicable": aside, "not_applicable_most": Fraction(1, 4)}
    rule = rules(level(overall=percent), **treated)
    assert not levels.no_worse("partly met", "not applicable", rule)
    assert not levels.no_worse("not applicable", "partly met", rule)
    found = [answer(decided(f"{rest}{letter}", "nu nu nu nu", rule)) for letter in "p-"]
    assert found == [with_half, with_aside]


def test_more_years_never_lower_a_level():
    standings = ["", "not certified", "design", "execution", "comprehensive"]
    cases = list(itertools.product(standings, range(3), range(5), ["mm", "m!", "xx"]))
    standards, sites = catalogue("nu nu"), [site(f"s{k}") for k in range(len(cases))]
    facts = applications(
        *(
            {
                "site": f"s{k}",
                "level": "comprehensive",
                "running_since": f"{2026 - running}-03-01",
                "certified_level": certified,
                "certified_since": f"{2026 - since}-03-01",
            }
            for k, (certified, running, since, _letters) in enumerate(cases)
        )
    )
    cells = settled({f"s{k}": case[3] for k, case in enumerate(cases)}, standards)
    rows = levels.decide(cells, standards, sites, facts, rules(*LADDER), ON)
    order, rank = ["no level", "design", "execution", "comprehensive"], ["no", "open", "yes"]
    found = {
        case: (order.index(row[0]), order.index(row[1]), rank.index(row[2]))
        for case, row in zip(cases, rows[["level", "possible_level", "granted"]].to_numpy(), strict=True)
    }
    for certified, running, since, letters in cases:
        before = found[certified, running, since, letters]
        for later in (
            (certified, running + 1, since, letters),
            (certified, running, since + 1, letters),
        ):
            assert all(a <= b for a, b in zip(before, found.get(later, (9, 9, 9)), strict=True)), later
    assert {found[case][0] for case in cases} == {0, 1, 2, 3}


# What stands in the way


def missing(letters, short, rule, facts=NO_FACTS):
    standards = catalogue(short) if isinstance(short, str) else short
    return levels.missing(settled({"a": letters}, standards), standards, [site()], facts, rule, ON)


def test_what_is_missing_is_listed_with_its_reason():
    found = missing("mxp!.--m", "Ce Ce ne na na nu nu ?u", rules(level(core=100, elementary=100, overall=90)))
    assert found["standard"].tolist() == ["INT2", "INT3", "INT4", "INT5", "INT6", "INT7"]
    assert found["counts_as"].tolist() == ["core, elementary, overall", "elementary, overall", *["overall"] * 4]
    assert found["answer"].tolist() == ["no", "no", "open", "open", "no", "no"]
    assert found["reason"].tolist() == [
        "not met",
        "partly met, which counts as not met",
        "the auditors differ, which must be settled",
        "there is no verdict, which must be settled",
        "more standards are not applicable than the rule allows",
        "more standards are not applicable than the rule allows",
    ]


@pytest.mark.parametrize(
    ("letters", "short", "asked", "treated", "wanted"),
    [
        ("mx", "Cu ?u", {"core": 100}, {}, [("core", "open", "not met; whether it is core is not known")]),
        ("m-", "Cu Cu", {"core": 100}, {}, [("core", "open", "not applicable, which has to be confirmed for a core standard")]),
        ("m-", "Cu Cu", {"core": 100}, {"not_applicable_core": "not met"}, [("core", "no", "not applicable, which counts as not met")]),
        ("m-", "nu nu", {"overall": 90}, {"not_applicable": "not met"}, [("overall", "no", "not applicable, which counts as not met")]),
        ("m--", "nu nu nu", {"overall": 90}, {"not_applicable_beyond": "open"}, [("overall", "open", "more standards are not applicable than the rule allows")] * 2),
        ("pm", "nu nu", {"overall": 90}, {"partly_met": "half"}, [("overall", "no", "partly met, which counts as half")]),
        ("pm", "Cu nu", {"core": 100, "overall": 90}, {"partly_met": "met"}, [("core", "no", "partly met, which counts as not met")]),
        ("m!", "nu nu", {"overall": 50}, {"disputed": "block"}, [("blocks the level", "open", "the auditors differ, which must be settled")]),
        ("x!", "nu nu", {"overall": 50}, {"disputed": "not met"}, [("overall", "no", "not met"), ("overall", "no", "the auditors differ, which counts as not met")]),
        ("mm", "nu nu", {"overall": 90, "advanced": 10}, {}, [("", "open", "no applicable advanced standard counts")]),
        ("mm", "nu nu", {"overall": 90}, {}, []),
    ],
)  # fmt: skip
def test_reasons(letters, short, asked, treated, wanted):
    found = missing(letters, short, rules(level(**asked), **treated))
    assert list(found[["counts_as", "answer", "reason"]].itertuples(index=False, name=None)) == wanted


def test_prerequisites_are_listed_in_words():
    found = missing("mm", "nu nu", rules(*LADDER), applications({"running_since": "2020-01-01", "certified_level": "execution", "certified_since": "2024-01-01"}))  # fmt: skip
    assert found[["level", "item", "standard", "answer", "reason"]].to_numpy().tolist() == [
        [
            "comprehensive",
            "prerequisite",
            "held_level",
            "no",
            "certified at Execution for 3 years: not before 2027-01-01",
        ]
    ]
    found = missing("mm", "nu nu", rules(*LADDER), applications({"running_since": "2026-01-01"}))
    assert found["reason"].tolist() == ["running for 1 year: not before 2027-01-01"]


@few
@given(rule=small_rules(), standards=small_catalogues())
def test_a_level_not_reached_has_a_reason_and_enough_more_met_standards_reach_it(rule, standards):
    every, rows = all_verdicts(standards, rule, SPOKEN)
    cells = pd.DataFrame(
        [(f"s{k}", s["code"], "external", w) for k, ones in enumerate(every) for s, w in zip(standards, ones, strict=True)],
        columns=["site", "standard", "round", "verdict"],
    )  # fmt: skip
    found = levels.missing(cells, standards, [site(f"s{k}") for k in range(len(every))], NO_FACTS, rule, ON)
    assert {*found["site"]} == {*rows.loc[rows["next_level"] != "", "site"]}
    assert not found.duplicated(["site", "track", "level", "item", "standard"]).any()
    # The number missing of a group is the fewest: one fewer would not do, and they are enough.
    for group in levels.GROUPS:
        of, met, short = (rows[f"{group}_{what}"].astype(float) for what in ("of", "met", "missing"))
        least = rows[f"{group}_least"]
        assert ((met + short) * 100 >= least * of - 1e-9).all() or rule.partly_met == "half"
        assert ((short == 0) == (met * 100 >= least * of - 1e-9)).all()
        if rule.partly_met != "half":
            assert ((short == 0) | ((met + short - 1) * 100 < least * of - 1e-9)).all()


# Sensitivity


def audits(given_by, standards, place="a"):
    """Verdicts as the letters of all auditors, a word a standard."""
    rows = [
        {
            "site": place,
            "standard": one["code"],
            "round": "external",
            "auditor": f"A{k}",
            "verdict": SPELLED[letter],
        }
        for one, letters in zip(standards, given_by, strict=True)
        for k, letter in enumerate(letters)
    ]
    return pd.DataFrame(rows, columns=["site", "standard", "round", "auditor", "verdict"])


def test_each_verdict_of_a_dispute_is_tried():
    standards = catalogue("Cu nu nu")
    rule = rules(level(core=100, overall=60))
    found = levels.sensitivity(audits(["mx", "mm", "xxp"], standards), standards, [site()], applications({"level": "one"}), rule, ON)  # fmt: skip
    columns = ["standard", "about", "supposed", "auditors", "answer", "level", "possible_level", "matters"]
    assert found.alternatives[columns].to_numpy().tolist() == [
        ["INT1", "verdict", "not met", 1, "no", "no level", "no level", "yes"],
        ["INT1", "verdict", "met", 1, "yes", "one", "one", "yes"],
        ["INT3", "verdict", "not met", 2, "open", "no level", "one", "no"],
        ["INT3", "verdict", "partly met", 1, "open", "no level", "one", "no"],
    ]
    row = found.span.iloc[0]
    assert (row["lowest_level"], row["highest_level"], row["hangs_on"], row["disputed"]) == ("no level", "one", "INT1", 2)  # fmt: skip
    assert (row["answer"], row["worst_answer"], row["best_answer"], row["exact"]) == ("open", "no", "yes", "yes")
    assert row["note"] == "One hangs on INT1 alone"


@pytest.mark.parametrize(
    ("given_by", "wanted", "note"),
    [
        (["mx", "mx"], ("no level", "one", ""), "One hangs on disputed verdicts"),
        (["mp", "mm"], ("one", "one", ""), "One is reached with any of the verdicts given"),
        (["px", "xx"], ("no level", "no level", ""), "One is not reached with any of the verdicts given"),
        (["mm", "xx"], ("one", "one", ""), "no verdict is disputed"),
        (["mx", "xx"], ("no level", "one", "INT1"), "One hangs on INT1 alone"),
        (["mx", "."], ("no level", "one", ""), "One hangs on disputed verdicts"),
        (["px", "."], ("no level", "one", ""), "One stays open with any of the verdicts given"),
    ],
)
def test_span_of_a_level_that_asks_for_half(given_by, wanted, note):
    standards = catalogue("nu nu")
    row = levels.sensitivity(audits(given_by, standards), standards, [site()], NO_FACTS, rules(level(overall=50)), ON).span.iloc[0]  # fmt: skip
    assert (row["lowest_level"], row["highest_level"], row["hangs_on"]) == wanted
    assert row["note"] == note


def test_core_flags_are_tried_where_they_matter():
    standards = catalogue("Cu ?u ?u ?u")
    given_by = audits(["mm", "xx", "mm", "mx"], standards)
    for treated, levels_found in (
        ("open", [["core", "no", "no level"], ["not core", "open", "no level"]]),
        ("not core", [["core", "no", "no level"], ["not core", "yes", "one"]]),
    ):
        found = levels.sensitivity(given_by, standards, [site()], NO_FACTS, rules(level(core=100), unknown_core=treated), ON)  # fmt: skip
        flags = found.alternatives[found.alternatives["about"] == "core flag"]
        assert flags.loc[flags["standard"] == "INT2", ["supposed", "answer", "level"]].to_numpy().tolist() == levels_found  # fmt: skip
        assert "INT3" not in flags["standard"].tolist()  # it is met, so its flag changes nothing
        assert flags["auditors"].isna().all()
        row = found.span.iloc[0]
        assert (row["lowest_with_flags"], row["highest_with_flags"], row["core_unknown"]) == ("no level", "one", 3)


def test_core_flags_are_not_tried_where_no_level_asks_for_core():
    standards = catalogue("?u ?u")
    found = levels.sensitivity(audits(["mm", "xx"], standards), standards, [site()], NO_FACTS, rules(level(overall=50)), ON)  # fmt: skip
    assert found.alternatives.empty


@few
@given(
    rule=small_rules(),
    standards=small_catalogues(4),
    given_by=st.lists(st.sampled_from(["m", "x", "p", "-", "mx", "mp", "p-", "x-", "m-", "mp-", "px", "."]), min_size=4, max_size=4),
)  # fmt: skip
def test_extremes_are_those_of_all_combinations(rule, standards, given_by):
    facts = applications({"level": "two"})
    row = levels.sensitivity(audits(given_by, standards), standards, [site()], facts, rule, ON).span.iloc[0]
    assert row["exact"] == "yes"
    combined = list(itertools.product(*given_by))
    cells = settled({f"s{k}": letters for k, letters in enumerate(combined)}, standards)
    many = pd.concat([facts.assign(site=f"s{k}") for k in range(len(combined))])
    every = levels.decide(cells, standards, [site(f"s{k}") for k in range(len(combined))], many, rule, ON)
    order = ["no level", "one", "two"]
    assert row["lowest_level"] == min(every["level"], key=order.index)
    assert row["highest_level"] == max(every["possible_level"], key=order.index)
    answers = ["no", "open", "yes"]
    assert row["worst_answer"] == min(every["granted"], key=answers.index)
    assert row["best_answer"] == max(every["granted"], key=answers.index)
    alone = []
    for k, one in enumerate(standards):
        outcomes = [{g for ones, g in zip(combined, every["granted"], strict=True) if ones[k] == letter} for letter in given_by[k]]  # fmt: skip
        if all(outcome in ({"yes"}, {"no"}) for outcome in outcomes) and {"yes"} in outcomes and {"no"} in outcomes:
            alone.append(one["code"])
    assert [row["hangs_on"]] == (alone or [""])
    # With flags: every unknown flag either way
    if rule.unknown_core != "open":
        ends = []
        for flags in itertools.product(*(["yes", "no"] if one["core"] == "unknown" else [one["core"]] for one in standards)):  # fmt: skip
            known = [{**one, "core": flag} for one, flag in zip(standards, flags, strict=True)]
            ends.append(levels.decide(cells, known, [site(f"s{k}") for k in range(len(combined))], many, rule, ON))
        assert row["lowest_with_flags"] == min((x for e in ends for x in e["level"]), key=order.index)
        assert row["highest_with_flags"] == max((x for e in ends for x in e["possible_level"]), key=order.index)


@pytest.mark.parametrize(
    ("asked", "short", "given_by"),
    [
        ({"overall": 65}, "nu nu nu nu", ["m", "m", "x", "p-"]),  # 2.5 of 4 is short, 2 of 3 is not
        ({"overall": 25}, "nu nu nu nu", ["p", "x", "x", "p-"]),  # 1 of 4 is enough, 0.5 of 3 is not
        # Both at once: only half in the first share together with left out in the second is enough.
        (
            {"elementary": 25, "advanced": 65},
            "ne ne ne ne na na na na",
            ["p", "x", "x", "p-", "m", "m", "x", "p-"],
        ),
    ],
)
def test_extremes_of_verdicts_without_an_order(asked, short, given_by):
    standards = catalogue(short)
    rule = rules(level(**asked), partly_met="half", not_applicable_most=Fraction(1, 4))
    row = levels.sensitivity(audits(given_by, standards), standards, [site()], NO_FACTS, rule, ON).span.iloc[0]
    assert (row["lowest_level"], row["highest_level"], row["exact"]) == ("no level", "one", "yes")


def test_a_standard_one_of_whose_verdicts_leaves_the_level_to_others_does_not_decide_alone():
    standards = catalogue("Cu nu")
    rule = rules(level(core=100, overall=50), partly_met="half", partly_met_core="met")
    # Met: reached. Not met: out of reach. Partly met: 1.5 of 2 or 0.5 of 2, as the other comes out.
    row = levels.sensitivity(audits(["mpx", "mx"], standards), standards, [site()], NO_FACTS, rule, ON).span.iloc[0]
    assert (row["worst_answer"], row["best_answer"], row["hangs_on"]) == ("no", "yes", "")
    row = levels.sensitivity(audits(["mx", "mx"], standards), standards, [site()], NO_FACTS, rule, ON).span.iloc[0]
    assert (row["worst_answer"], row["best_answer"], row["hangs_on"]) == ("no", "yes", "INT1")


def test_only_verdicts_of_the_round_that_counts_are_tried():
    standards = catalogue("nu")
    raw = pd.concat([audits(["p"], standards), audits(["m.x"], standards).assign(round="final")])
    found = levels.sensitivity(raw, standards, [site()], NO_FACTS, rules(level(overall=50)), ON).alternatives
    assert found["supposed"].tolist() == ["not met", "met"]


def test_too_many_disputes_without_an_order_are_said_to_be_bounded():
    rule = rules(level(overall=50), partly_met="half", not_applicable_most=Fraction(1))
    for size, exact, wanted in ((8, "yes", ("one", "one")), (9, "no", ("no level", "one"))):
        standards = catalogue(" ".join(["nu"] * (size + 1)))
        row = levels.sensitivity(audits([*["p-"] * size, "m"], standards), standards, [site()], NO_FACTS, rule, ON).span.iloc[0]  # fmt: skip
        assert (row["exact"], (row["lowest_level"], row["highest_level"])) == (exact, wanted)
    assert row["note"].endswith("too many disputes without an order; the limits are safe but may be too wide")


def test_what_is_disputed_is_what_the_certification_settles():
    standards = catalogue("nu nu nu nu")
    raw = audits(["mx", "m.", "..", "--"], standards)
    both = [levels.decide(cells, standards, [site()], NO_FACTS, rules(level(overall=50)), ON) for cells in (raw, certification.settle_audits(raw))]  # fmt: skip
    pd.testing.assert_frame_equal(*both)
    assert both[0][["disputed", "met", "not_assessed", "not_applicable"]].iloc[0].tolist() == [1, 1, 1, 1]


# Misuse, and nothing at all


def test_misuse_by_a_programmer():
    standards = catalogue("nu")
    with pytest.raises(ValueError, match="none of the words"):
        cells = settled({"a": "m"}, standards).assign(verdict="Met")
        levels.decide(cells, standards, [site()], NO_FACTS, rules(level(overall=50)), ON)
    with pytest.raises(ValueError, match="two rows"):
        levels.decide(settled({"a": "m"}, standards), standards, [site()], applications({}, {}), rules(level(overall=50)), ON)  # fmt: skip


@pytest.mark.parametrize("sites", [[], [site(tracks="training")], [site()]])
def test_without_audits(sites):
    cells = settled({}, []).assign(auditor="")
    for standards in ([], catalogue("nu")):
        args = (standards, sites, NO_FACTS, rules(level(overall=50)), ON)
        rows = levels.decide(cells, *args)
        assert rows["granted"].tolist() == ["open"] * len([one for one in sites if one["tracks"] == "intervention"])
        assert list(rows.columns) == levels.DECISIONS
        assert list(levels.ladder(cells, *args).columns) == levels.LADDER
        assert list(levels.missing(cells, *args).columns) == levels.MISSING
        found = levels.sensitivity(cells, *args)
        assert [list(one.columns) for one in found] == [levels.ALTERNATIVES, levels.SPAN]


# The rule file of the repository, on the example

REPOSITORY = ROOT / "config/levels.yaml"


@pytest.fixture(scope="module")
def example():
    standards = read_standards(sorted(map(str, (ROOT / "config/standards").glob("*.tsv"))))
    sites = read_tsv(ROOT / "config/sites.tsv", "sites")
    raw = pd.concat([pd.read_csv(ROOT / f"data/example/audits/{name}.csv") for name in ("external", "self")])
    return raw, standards, sites, NO_FACTS, levels.read_rules(REPOSITORY), ON


def test_the_rule_of_the_repository_is_not_confirmed(example):
    rule = example[4]
    assert rule.status == "unconfirmed"
    assert rule.source.startswith("No rule for granting a level was found")
    assert {track: [one.level for one in ladder] for track, ladder in rule.tracks.items()} == {
        "intervention": ["design", "execution", "comprehensive"],
        "training": ["accredited"],
    }
    assert rule.combinations[0].parts == (Part("training", 0, "either"), Part("intervention", 2, "reached"))
    assert (rule.valid_years, rule.audit_window_years) == (5, 3)
    comprehensive = rule.tracks["intervention"][2]
    assert (comprehensive.held_level, comprehensive.held_years, comprehensive.running_years) == (1, 3, 1)


def test_nothing_is_granted_by_placeholders(example):
    rows = levels.decide(*example)
    assert not (rows["granted"] == "yes").any()
    assert (rows["status"] == "unconfirmed").all()
    tracks = rows[rows["track"] != "mastery"]
    assert (tracks["placeholders"] == tracks["standards"]).all()
    assert tracks["note"].str.contains("are placeholders; the rule is not confirmed").all()
    assert (rows["track"] == "mastery").sum() == len(example[2])


def test_tables_keep_their_keys_and_speak_plainly(example):
    found = levels.sensitivity(*example)
    tables = {
        ("site", "track"): levels.decide(*example),
        ("site", "track", "level"): levels.ladder(*example),
        ("site", "track", "level", "item", "standard"): levels.missing(*example),
        ("site", "track", "standard", "about", "supposed"): found.alternatives,
        ("site", "asked_level", "track"): found.span,
    }
    for keys, table in tables.items():
        assert len(table)
        assert not table.duplicated(list(keys)).any()
        texts = table.select_dtypes(["object", "string"])
        assert not texts.isna().any().any()
        assert not texts.map(lambda cell: "None" in cell or "nan" in cell).any().any()
        assert {str(kind) for kind in table.drop(columns=texts.columns).dtypes} <= {"Int64", "float64"}
    order = [one["site"] for one in example[2]]
    assert list(dict.fromkeys(tables["site", "track"]["site"])) == order


# Faults of the rule file and the catalogue, each in one sentence

GOOD = """\
source: a test
tracks:
  - track: intervention
    levels:
      - {level: design, label: Design}
      - {level: execution, label: Execution, overall_percent: 66.66666666666667}
  - track: training
    levels: [{level: accredited, label: Accredited}]
combinations:
  - {name: mastery, label: Mastery, requires: [{track: training, level: accredited}]}
"""


def file(folder, text):
    path = folder / "levels.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_defaults_are_the_careful_ones(tmp_path):
    rule = levels.read_rules(file(tmp_path, GOOD))
    careful = rules(*rule.tracks["intervention"], training=rule.tracks["training"], combinations=rule.combinations)
    assert rule == careful  # the defaults above are those of the schema
    assert rule.tracks["intervention"][0].least == {"core": 1, "elementary": 0, "advanced": 0, "overall": 0}
    assert rule.tracks["intervention"][1].least["overall"] == Fraction(2, 3)
    assert rule.combinations[0].parts[0].by == "reached"


FAULTS = [
    ("source: a test\n", "", "{path} needs `source` (Where the rule comes from; printed in the report). Add it."),
    ("source: a test", 'source: " "', "{path}: `source` must be text of the form \\S. Correct the value."),
    ("source: a test", "source: a test\nstatus: agreed", "{path}: `status` must be one of `confirmed`, `unconfirmed`. Correct the value."),
    ("source: a test", "source: a test\nverdicts: {disputd: open}", "{path}: `verdicts.disputd` is not a known key. Did you mean `disputed`?"),
    ("source: a test", "source: a test\nverdicts: {disputed: met}", "{path}: `verdicts.disputed` must be one of `open`, `block`, `not met`. Correct the value."),
    ("source: a test", "source: a test\nrounds: [final, final]", "{path}: `rounds` names something twice. Keep one of the two."),
    ("source: a test", "source: a test\nrounds: []", "{path}: `rounds` is empty. Give at least 1."),
    ("66.66666666666667", "101", "{path}: `tracks.0.levels.1.overall_percent` must be a number from 0 to 100. Correct the value."),
    ("label: Execution,", "", "{path}: `tracks.0.levels.1` needs `label` (Name shown). Add it."),
    ("track: training\n    levels", "track: intervention\n    levels", "{path}: the track `intervention` is given twice. Keep one of the two."),
    ("{level: execution,", "{level: design,", "{path}: the level `design` of `intervention` is given twice. Keep one of the two."),
    ("label: Execution,", "label: Execution, held_years: 3,", "{path}: the level `execution` of `intervention` has `held_years` without `held_level`. Add the level, or remove the years."),
    ("label: Execution,", "label: Execution, held_level: execution,", "{path}: the level `execution` of `intervention`: `held_level` must name a level before it. Correct the name, or the order."),
    ("label: Accredited", "label: Accredited, core_percent: 0", "{path}: the level `accredited` of `training` asks for nothing. Give it a percentage above 0."),
    ("level: accredited}]}", "level: acredited}]}", "{path}: the combination `mastery` asks for `acredited`, which is no level of `training`. Did you mean `accredited`?"),
    ("level: accredited}]}", "level: design}]}", "{path}: the combination `mastery` asks for `design`, which is no level of `training`. Known: accredited."),
    ("requires: [{track: training,", "requires: [{track: competences,", "{path}: the combination `mastery` asks for the track `competences`, which is not in `tracks`. Add it there."),
    ("level: accredited}]}", "level: accredited}, {track: training, level: accredited}]}", "{path}: the combination `mastery` asks for the track `training` twice. Keep one of the two."),
    ("name: mastery", "name: training", "{path}: the combination `training` bears the name of a track. Rename it."),
    ("combinations:\n", "combinations:\n  - {name: mastery, label: M, requires: [{track: training, level: accredited}]}\n", "{path}: the combination `mastery` is given twice. Keep one of the two."),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after", "sentence"), FAULTS)
def test_faults_of_the_rule_file(tmp_path, before, after, sentence):
    assert before in GOOD
    path = file(tmp_path, GOOD.replace(before, after, 1))
    with pytest.raises(ConfigError) as fault:
        levels.read_rules(path)
    assert str(fault.value) == sentence.format(path=path)


def test_every_key_of_the_schema_is_described():
    def undescribed(rule, at=""):
        for name, part in rule.get("properties", {}).items():
            if not part.get("description"):
                yield f"{at}.{name}"
            yield from undescribed(part.get("items", part), f"{at}.{name}")

    assert list(undescribed(config.schema("levels"))) == []


def test_faults_of_the_catalogue():
    standards = catalogue("nu nu nu")
    standards[0]["levels"], standards[1]["settings"], standards[2]["levels"] = "one, tow", "hospitals", "x"
    standards += catalogue("nu", "competences", levels="any")
    with pytest.raises(ConfigError) as fault:
        levels.decide(settled({"a": "mmm"}, standards[:3]), standards, [site()], NO_FACTS, rules(level(overall=50), level("two", overall=50)), ON)  # fmt: skip
    assert str(fault.value).splitlines() == [
        "Standard INT1: the column levels names `tow`, which is no level of `intervention`. Did you mean `two`?",
        "Standard INT2: the column settings names `hospitals`, which is no setting. Did you mean `hospital`?",
        "Standard INT3: the column levels names `x`, which is no level of `intervention`. Known: one, two.",
    ]


# Speed


def test_many_institutions_are_decided_within_a_second():
    standards = catalogue("Ce ?a nu " * 10) + catalogue("Ce ?a nu nu nu nu nu nu nu nu nu", "training")
    letters = "mmmmpxmm-m!" * 4
    sites = [site(f"s{k}", tracks="intervention, training") for k in range(660)]
    cells = settled({one["site"]: letters[k % 4 :][:41] for k, one in enumerate(sites)}, standards)
    rule = levels.read_rules(REPOSITORY)
    start = time.process_time()  # of this process: the cores are shared with others
    assert len(levels.decide(cells, standards, sites, NO_FACTS, rule, ON)) == 3 * 660
    assert time.process_time() - start < 1
