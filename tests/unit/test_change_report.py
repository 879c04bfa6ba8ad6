"""The section on change: what it says and draws of small tables, also of empty, withheld and unpaired ones."""

from __future__ import annotations

import html
import io
import json
import re
from contextlib import redirect_stdout
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from piloteval import tables, tiers
from piloteval.measures.robustness import SPECIFICATIONS
from piloteval.report import change_figures, change_prose, figures, ink
from piloteval.report.change_prose import EXCLUDES, INCLUDES, UNTOLD, verdict
from piloteval.report.page import Page

LABELS = {"cohorts": {"staff": "Staff"}, "waves": {"pre": "Before", "post": "After"}}
NAMES = ("outcomes", "improved", "robustness", "responders", "missing", "items", "progression", "means", "subgroups")
ABOUT = {"scale": "a.total", "label": "Wellbeing", "role": "primary", "cohort": "all"}
OTHER = {"scale": "b.total", "label": "Burden", "role": "primary", "cohort": "staff"}
WITHHELD = tiers.WITHHELD.format(floor=5)


def row(about=ABOUT, estimate=2.0, low=1.0, high=3.0, **more):
    words = more.get("statistic") or more.get("specification") or more.get("outcome_class") or more.get("wave", "")
    kind = more.get("rule", "")
    name = re.sub(r"\W", "_", f"{kind}{words}")
    number = {
        "estimate": estimate,
        "ci_low": low,
        "ci_high": high,
        "n": 30,
        "note": "",
        "ci_method": "t interval, 95 %",
        **dict.fromkeys(("reading", "reading_adjusted", "same_as", "class", "p_method"), ""),
    }
    return {
        **about,
        "question": f"change.{about.get('scale', '')}.{name}",
        "direction": "higher is better",
        **number,
        **more,
    }


def outcome(about=ABOUT, reading="improved", **more):
    return [
        row(about, statistic="mean change", reading=reading, p=0.01, p_adjusted=0.02, **more),
        row(about, 0.5, 0.1, 0.9, statistic="standardised change d_z", reading=reading),
        row(about, 1.5, 1.0, 2.0, statistic="median change", reading=reading, p=0.0004),
        row(about, 0.53, None, None, statistic="detectable d_z", method="smallest d_z, power 80 %, alpha 0.05"),
    ]


def specifications(about=ABOUT, turned=1, **special):
    """Every specification improves, those without an interval by p; some may be told otherwise."""
    rows = []
    for name in SPECIFICATIONS:
        test = name in ("sign test", "institutions, wild bootstrap", "institutions, sign flip")
        one = row(about, 2.0 * turned, None if test else 1.0, None if test else 3.0, specification=name, who="people")
        one |= {"p": 0.01, "reading": "" if test else "improved", "smallest_p": 0.004 if "flip" in name else None}
        if turned < 0:
            one |= {"direction": "lower is better", **({} if test else {"ci_low": -3.0, "ci_high": -1.0})}
        rows.append(one | special.get(name, {}))
    return rows


def people(about=ABOUT, shown=True, **more):
    hidden = {} if shown else {"estimate": None, "people": None, "n": None, "note": WITHHELD, "threshold": None}
    rows = [row(about, 100.0, None, None, rule="reliable change", outcome_class="all", people=30, threshold=12.34)]
    for name, share in (("improved", 20.0), ("unchanged", 60.0), ("worsened", 20.0)):
        one = row(about, share, rule="reliable change", outcome_class=name, people=int(share * 0.3), threshold=12.34)
        rows.append(one | hidden | more.get(name, {}))
    return rows


def page_of(folder, tier="internal", registered=True, registry="", **found):
    """Return a page of these tables; those not named are empty."""
    there = [name for name in NAMES if f"{tier}/change/{name}.csv" in tables.CONTRACTS]
    for name in there:
        path = folder / f"tables/results/{tier}/change/{name}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    facts = {
        "tier": tier,
        "engine": "builtin",
        "parts": ["change"],
        "registered": registered,
        "comparison": ["pre", "post"],
        "retrospective": [],
        "study": {**LABELS, "registry_design": registry},
        "statistics": {"confidence": 0.95, "min_n": 10},
        "tiers": {"internal_floor": 5, "release_floor": 10, "release_round_to": 5, "release_decimals": 1},
    }
    (folder / "report.json").write_text(json.dumps(facts), encoding="utf-8")
    page = Page(folder)
    page._tables = {  # as if read
        f"change/{name}.csv": table_of(name, found[name], tier) if name in found else empty(name, tier)
        for name in there
    }
    return page


@cache
def empty(name, tier):
    return table_of(name, [], tier)


def table_of(name, rows, tier="internal"):
    one = tables.CONTRACTS[f"{tier}/change/{name}.csv"]
    return tables.conform(pd.DataFrame(rows).reindex(columns=list(one.columns)), one)


def said(page, *parts):
    out = io.StringIO()
    with redirect_stdout(out):
        for part in parts:
            part(page)
    return re.sub(r"\[([^\]]*)\]\{\.num[^}]*\}", r"\1", out.getvalue()).replace("\u00a0", " ")


def everything(page):
    """Return what the whole section prints, figures by their name."""
    page.figure = lambda name, caption: print(f"FIGURE {name}: {caption}")
    cells = ("change", "change_figure", "change_table", "means_figure", "robustness", "robustness_table", "responders")
    return said(page, *(getattr(change_prose, name) for name in (*cells, "missing", "items", "progression")))


def cells_of(text):
    """Return the cells of the tables in the text."""
    return [re.sub(r"<[^>]*>", "", one) for one in re.findall(r"<td[^>]*>(.*?)</td>", text, flags=re.DOTALL)]


def drawn(name, rows, tier="internal", labels=LABELS, **more):
    """Draw a figure and check that nothing leaves it; return it with its description and its words."""
    ink.set_style()
    table = {"change": "outcomes"}.get(name, name)
    made = {f"change/{one}.csv": table_of(one, found, tier) for one, found in {table: rows, **more}.items()}
    fig, alt = change_figures.DRAWN[name](made, labels)
    fig.draw_without_rendering()
    for part in [*fig.axes, *fig.legends]:
        box = part.get_tightbbox()
        assert box.x0 >= -1 and box.y0 >= -1 and box.x1 <= fig.bbox.x1 + 1 and box.y1 <= fig.bbox.y1 + 1, alt
    words = [one.get_text() for one in fig.findobj(figures.plt.Text) if one.get_text().strip() and one.get_visible()]
    figures.plt.close(fig)
    return fig, alt, words


# ---------------------------------------------------------------------------------------------------- figures


def test_specification_plot_has_a_panel_an_outcome_and_says_p_and_n():
    hollow = {"unpaired (Welch)": {"ci_low": -1.0, "reading": "no clear change", "p": 0.3}}
    fig, alt, words = drawn("robustness", [*specifications(**hollow), *specifications(OTHER, turned=-1)])
    assert len([ax for ax in fig.axes if ax.get_title(loc="left")]) == 2
    assert words.count("0.010") == 25
    assert words.count("30") == 26
    assert words.count("p") == words.count("n") == 2
    assert "Burden\nstaff (lower is better)" in words
    assert any("improvement, points" in one for one in words)
    assert not any("planned" in one for one in [alt, *words])
    assert "main" in words
    beside = [one for one in fig.findobj(figures.plt.Text) if one.get_text() in ("p", "n", "30", "0.010")]
    assert min(one.get_fontsize() for one in beside) >= 7.8
    assert set(SPECIFICATIONS) <= set(words)
    assert "Wellbeing, all participants: 12 of 13 exclude zero; Burden, staff: 13 of 13 exclude zero" in alt
    marks = [line for line in fig.axes[0].lines if len(line.get_xdata()) == 1]
    assert sum(line.get_markerfacecolor() == "white" for line in marks) == 1
    assert sum(line.get_color() == ink.PETROL for line in marks) == 1
    # Lower is better: a fall of 2 is drawn at the better side.
    assert {float(line.get_xdata()[0]) for line in fig.axes[1].lines if len(line.get_xdata()) == 1} == {2.0}


def test_specification_plot_of_one_outcome_for_the_public():
    bare = {name: {"p": None, "smallest_p": None} for name in SPECIFICATIONS}
    _fig, alt, words = drawn("robustness", specifications(**bare), "release")
    assert "10 of 10 exclude zero, 3 show no interval" in alt
    assert words.count("30") == 13
    assert "p" not in words
    assert "no interval" in words


def test_specification_that_coincides_is_drawn_small_and_not_counted():
    twin = {"every item answered": {"same_as": "paired t"}}
    fig, alt, words = drawn("robustness", specifications(**twin))
    assert "12 of 12 exclude zero, 1 coincide with one of these" in alt
    assert "same as an earlier one" in words
    assert words.count("30, same") == 1
    marks = [line.get_markersize() for line in fig.axes[0].lines if len(line.get_xdata()) == 1]
    assert sorted(set(marks)) == [3, 5.5]
    assert marks.count(3) == 1
    hidden = twin | {"paired t": {"estimate": None, "ci_low": None, "ci_high": None, "reading": ""}}
    assert "same as an earlier one" not in drawn("robustness", specifications(**hidden))[2]


def test_specification_without_an_interval_and_a_test_is_a_stroke():
    alike = {"paired t": {"ci_low": None, "ci_high": None, "p": None, "reading": "", "estimate": 20.0}}
    fig, alt, words = drawn("robustness", specifications(**alike))
    assert "12 of 12 exclude zero, 1 show no interval" in alt
    assert "no interval" in words
    strokes = [line for line in fig.axes[0].lines if line.get_marker() == "|"]
    assert [(line.get_xdata()[0], line.get_color()) for line in strokes] == [(20.0, ink.PETROL)]


@pytest.mark.parametrize("role", ["secondary", "primary"])
def test_specification_plot_without_anything_to_draw(role):
    lost = [
        one | {"estimate": None, "ci_low": None, "ci_high": None, "n": None, "role": role} for one in specifications()
    ]
    for rows in ([], lost):
        _fig, alt, words = drawn("robustness", rows)
        assert words == [alt]
        assert "No primary outcome" in alt


def test_long_names_and_many_outcomes_stay_in_the_figure():
    many = [
        one
        for place in range(3)
        for one in specifications(
            {**ABOUT, "scale": f"s{place}", "label": "A scale with quite a long name for a panel"}
        )
    ]
    fig, _alt, _words = drawn("robustness", many)
    assert len(fig.axes) == 4


def test_forest_of_pairs_of_different_people_and_of_nothing():
    _fig, alt, words = drawn("change", outcome())
    assert "1 outcomes, better to the right; the interval excludes zero in 1" in alt
    assert any("standardised improvement d_z" in one for one in words)
    low = row(OTHER, statistic="standardised change d_z", direction="lower is better", reading="improved")
    assert "Burden\nstaff (lower is better), n = 30" in drawn("change", [low])[2]
    apart = row(statistic="standardised difference", reading="no clear change")
    assert any("different people" in one for one in drawn("change", [apart])[2])
    hidden = apart | {"estimate": None, "ci_low": None, "ci_high": None, "n": None}
    assert any("n = withheld" in one for one in drawn("change", [hidden])[2])
    assert drawn("change", [])[1].startswith("No outcome")


def seen(colour, kind):
    """Return a colour in CIELAB as somebody without one kind of cone sees it (Machado et al. 2009, severity 1)."""
    kinds = {
        "all": np.eye(3),
        "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
        "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
        "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
    }
    rgb = np.array([int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    linear = np.clip(np.array(kinds[kind]) @ linear, 0, 1)
    to_xyz = np.array(
        [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
    )
    xyz = to_xyz @ linear / (0.95047, 1, 1.08883)
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])]), float((to_xyz @ linear)[1])


@pytest.mark.parametrize("kind", ["all", "protan", "deutan", "tritan"])
def test_roles_are_told_apart_by_mark_and_colour_by_everybody(kind):
    assert len({(mark, face) for _colour, mark, face in change_figures.ROLES.values()}) == 3
    assert len({mark for _colour, mark, _face in change_figures.ROLES.values()}) == 3
    colours = [seen(colour, kind) for colour, _mark, _face in change_figures.ROLES.values()]
    assert all(1.05 / (light + 0.05) >= 3 for _lab, light in colours)
    far = [np.linalg.norm(one - other) for place, (one, _l) in enumerate(colours) for other, _m in colours[:place]]
    assert min(far) > 20


def test_forest_has_a_mark_for_each_role():
    one = [
        row(dict(ABOUT, role=role, scale=role), statistic="standardised change d_z") for role in change_figures.ROLES
    ]
    fig, _alt, words = drawn("change", one)
    assert set(change_figures.ROLES) <= set(words)
    assert {line.get_marker() for line in fig.axes[0].lines} >= {"o", "s", "D"}


def test_waves_keep_their_whole_names_on_the_axis():
    rows = [row(wave="pre", estimate=50.0), row(wave="post", estimate=53.0)]
    for first, second in (("Wave 1", "Wave 2"), ("Before the certification", "After the certification")):
        labels = LABELS | {"waves": {"pre": first, "post": second}}
        fig, _alt, words = drawn("means", rows, labels=labels, outcomes=outcome(estimate=3.0))
        assert {first, second, "change"} <= {one.replace("\n", " ") for one in words}
        boxes = [one.get_window_extent() for one in fig.axes[0].get_xticklabels()]
        assert all(left.x1 < right.x0 for left, right in pairwise(boxes))


def test_panel_of_means_says_that_lower_is_better_and_its_lines_can_be_printed():
    rows = [row(OTHER, wave="pre", estimate=50.0), row(OTHER, wave="post", estimate=53.0)]
    change = [one | {"direction": "lower is better"} for one in outcome(OTHER, estimate=3.0)]
    paths = [{**OTHER, "group": 1, "wave": wave, "people": 5, "mean": 40.0, "note": ""} for wave in ("pre", "post")]
    fig, _alt, words = drawn("means", rows, outcomes=change, paths=paths)
    assert "Burden\nstaff (lower is better)" in words
    line = next(line for line in fig.axes[0].lines if list(line.get_ydata()) == [40.0, 40.0])
    _lab, light = seen(line.get_color(), "all")
    assert 1.05 / (light + 0.05) > 2.5


def test_means_of_outcomes_with_pairs_only():
    rows = [row(wave=wave) for wave in ("pre", "post")] + [row(OTHER, None, None, None, wave="pre")]
    assert "for 1 outcomes" in drawn("means", rows, outcomes=[])[1]
    assert drawn("means", rows[2:], outcomes=[])[1].startswith("No outcome")


def test_change_stands_beside_the_means_on_an_axis_whose_zero_is_the_first_mean():
    rows = [row(wave="pre", estimate=50.0), row(wave="post", estimate=53.0)]
    fig, _alt, words = drawn("means", rows, "release", outcomes=outcome(estimate=3.0))
    assert "change" in words
    ax = fig.axes[0]
    right = {one.get_position()[1]: float(one.get_text().replace("−", "-")) for one in ax.get_yticklabels(minor=True)}
    assert len(right) >= 3 and {0.0} < set(right.values())
    assert list(right.values()) == pytest.approx([place - 50.0 for place in right], abs=1e-9)
    assert all(tick.tick2line.get_visible() and tick.label2.get_visible() for tick in ax.yaxis.get_minor_ticks())
    assert not any(tick.label1.get_visible() for tick in ax.yaxis.get_minor_ticks())
    assert 53.0 in [line.get_ydata()[0] for line in ax.lines if line.get_marker() == "D"]


def test_paths_are_drawn_where_the_tier_has_them():
    rows = [row(wave="pre", estimate=50.0), row(wave="post", estimate=53.0)]
    paths = [
        {**ABOUT, "group": group, "wave": wave, "people": 5, "mean": 40.0 + group, "note": ""}
        for group in (1, 2)
        for wave in ("pre", "post")
    ]
    lines = [len(drawn("means", rows, outcomes=[], **more)[0].axes[0].lines) for more in ({}, {"paths": paths})]
    assert lines[1] - lines[0] == 2


@pytest.mark.parametrize(
    ("reading", "estimate", "p", "expected"),
    [
        ("improved", 1.0, 0.5, EXCLUDES),
        ("worsened", 1.0, np.nan, EXCLUDES),
        ("no clear change", 1.0, 0.001, INCLUDES),
        ("", 1.0, 0.049, EXCLUDES),
        ("", 1.0, 0.051, INCLUDES),
        ("", 1.0, np.nan, UNTOLD),
        ("", np.nan, 0.01, UNTOLD),
    ],
)
def test_verdict_is_of_the_interval_and_without_one_of_the_test(reading, estimate, p, expected):
    assert verdict({"reading": reading, "estimate": estimate, "p": p}, 0.95) == expected


# ---------------------------------------------------------------------------------------------------- words


def test_primary_outcome_is_told_with_all_its_sides(tmp_path):
    test = row(statistic="equivalence", p=0.2, note="not shown to be within the bounds")
    main = outcome(relevant_change=2.5)
    main[0]["question"] = "change.a"
    page = page_of(tmp_path, outcomes=[*main, test], responders=people(), missing=[missing(design="partly paired")])
    text = said(page, change_prose.change)
    assert "every outcome is partly paired: some people have a score in one wave only" in text
    assert "The interval of the mean change excludes zero in 1 of 1 outcomes." in text
    assert "are choices of this evaluation, not of a registered plan" in text
    assert (
        "- **Wellbeing** (primary). Higher after than before (improved): mean change +2.00 \\[+1.00, +3.00\\] points, "
        "standardised +0.50 \\[+0.10, +0.90\\], n = 30, p = 0.020 after Holm's adjustment. Its source calls a change of 2 points relevant; the interval "
        "includes it; the mean change is not shown to be smaller (two one-sided tests, p = 0.200) [@lakens2017]. With "
        "so many pairs, one two-sided test at 5 % (one less the confidence), without adjustment and with people taken "
        "as independent, would find a standardised change of 0.53 or more with a power of 80 %. Against the error "
        "of measuring one person (12.3 points), 20 % improved beyond it, 60 % stayed within it and 20 % worsened "
        "beyond it."
    ) in text
    short = change_prose.in_short(page)
    assert len(short) == 1
    assert "lakens" not in short[0]


def test_public_is_told_readings_and_no_judgement_of_rounded_limits(tmp_path):
    test = row(statistic="equivalence", note="within the bounds")
    found = [one | {"p": None, "p_adjusted": None} for one in outcome(reading="no clear change", relevant_change=2.0)]
    found.append(test)
    page = page_of(tmp_path, "release", outcomes=found, responders=people(shown=False), robustness=specifications())
    text = everything(page)
    assert "No clear change: mean change +2.0 \\[+1.0, +3.0\\] points" in text
    assert "relevant; the mean change is shown to be smaller [@lakens2017]." in text
    assert "one wave only" not in text
    assert "no share is shown" in text
    assert "every class has too few people" in text
    assert all(
        word not in text for word in ("the interval includes", "p = ", "Holm", "tbl-robustness", "sign flip has")
    )


def missing(about=ABOUT, statistic=change_prose.ATTRITION, design="paired", **more):
    return row(about, statistic=statistic, design=design, **more)


def test_shares_of_people_are_told_as_far_as_they_are_shown(tmp_path):
    hidden = {"estimate": None, "people": None, "n": None, "note": WITHHELD, "threshold": None}
    reached = row(rule="smallest relevant change", outcome_class="reached", people=15, threshold=10, estimate=50.0)
    rows = [*people(improved=hidden, worsened=hidden), reached]
    text = said(page_of(tmp_path, outcomes=outcome(), responders=rows), change_prose.change, change_prose.responders)
    assert (
        "(12.3 points), 60 % stayed within it; how many improved beyond it or worsened beyond it is withheld." in text
    )
    assert "The smallest relevant change was reached by 50 %." in text
    assert "Reached relevant change, %" in text
    assert text.count(">withheld</td>") == 2


def test_all_choices_agree(tmp_path):
    page = page_of(tmp_path, robustness=specifications(OTHER, turned=-1))
    text = everything(page)
    assert (
        "- **Burden, staff.** All 13 specifications exclude a change of zero. "
        "All 13 agree in direction (to the better). The sign flip has only as many patterns as its institutions "
        "allow: its p cannot fall under 0.004; here p = 0.010."
    ) in text
    assert "{#tbl-robustness}" in text
    assert "FIGURE robustness" in text


def test_choices_that_do_not_agree_are_named(tmp_path):
    special = {
        "institutions, CR1": {"estimate": -0.1, "ci_low": -1.0, "reading": "no clear change"},
        "imputed": {
            "estimate": None,
            "ci_low": None,
            "ci_high": None,
            "p": None,
            "reading": "",
            "note": "undefined: x",
        },
        "institutions, sign flip": {"p": 0.0625, "smallest_p": 0.0625},
    }
    text = said(page_of(tmp_path, robustness=specifications(**special)), change_prose.robustness_table)
    assert "imputed: undefined: x." in text
    page = page_of(tmp_path, robustness=specifications(**special))
    page.figure = lambda *_words: None
    text = said(page, change_prose.robustness)
    assert "Not in the direction of the main one: “institutions, CR1”." in text
    assert "10 of 12 specifications exclude a change of zero; those that do not:" in text
    assert "“institutions, CR1” and “institutions, sign flip”" in text
    assert "No estimate has “imputed”." in text
    assert "cannot fall under 0.062, so it cannot exclude zero here; here p = 0.062." in text.replace("0.063", "0.062")


def test_too_few_pairs_for_any_choice(tmp_path):
    none = {"estimate": None, "ci_low": None, "ci_high": None, "p": None, "reading": ""}
    lost = {name: none | {"note": "undefined: fewer than 10 pairs"} for name in SPECIFICATIONS}
    main = row(statistic="mean change", **none, note="undefined: fewer than 10 pairs")
    text = everything(page_of(tmp_path, outcomes=[main], robustness=specifications(**lost)))
    assert "No estimate: fewer than 10 pairs." in text
    assert "No specification gives an estimate: fewer than 10 pairs." in text
    assert all(word not in text for word in ("FIGURE", "tbl-robustness", "nan"))


def test_study_without_a_register(tmp_path):
    found = [
        row(statistic="difference of means", reading="worsened", p=0.01, p_adjusted=0.04, p_method=WELCH),
        row(statistic="standardised difference", reading="worsened"),
        row(statistic="difference of medians", p=0.02),
        row(statistic="Cliff's delta", estimate=0.25),
    ]
    text = everything(page_of(tmp_path, registered=False, outcomes=found))
    assert "nobody can be paired" in text
    assert "difference of means +2.00" in text
    assert "the waves taken as different people" in text
    cells = cells_of(text)
    assert "0.040" in cells
    assert "0.020" in cells
    assert "0.010" not in cells
    assert "n = 30, p = 0.040 after Holm's adjustment" in text
    assert "P-values of Welch's t test are adjusted after Holm" in text
    assert "p (Holm): Welch's t test, two-sided, adjusted after Holm over 3 primary outcomes." in html.unescape(text)
    assert all(word not in text for word in ("d_z", "sec-robustness", "sec-responders", "sec-missing", "Improved"))


WELCH = "Welch's t test, two-sided; Holm over 3 outcomes of the role"


def test_outcomes_with_and_without_pairs_stand_in_one_table(tmp_path):
    apart = [
        row(OTHER, statistic="difference of means", reading="worsened", p=0.01, p_adjusted=0.04, p_method=WELCH),
        row(OTHER, 0.7, statistic="standardised difference", reading="worsened"),
    ]
    text = html.unescape(everything(page_of(tmp_path, outcomes=[*outcome(), *apart])))
    assert "main analysis (the paired t interval and Welch's t interval)" in text
    assert "in outcomes without any, the waves are compared as if they were different people" in text
    assert "of the mean change or difference of means excludes zero in 2 of 2" in text
    assert "Hedges' g and difference of medians: Burden, staff." in text
    assert "+0.70 [+1.00, +3.00]" in cells_of(text)


# ---------------------------------------------------------------------------------------------------- faults found once


@pytest.mark.parametrize("other", ["partly paired; pre asked in retrospect", "paired", "something new; of its own"])
def test_waves_asked_in_retrospect_are_said(tmp_path, other):
    rows = [missing(design="partly paired; pre asked in retrospect"), missing(OTHER, design=other)]
    page = page_of(tmp_path, outcomes=[*outcome(), *outcome(OTHER)], missing=rows)
    page.facts["retrospective"] = ["pre"]
    text = said(page, change_prose.change)
    if other.startswith("partly"):
        assert "every outcome is partly paired: some people have a score in one wave only." in text
        assert "In 2 of 2 outcomes the wave “Before” is asked in retrospect." in text
    else:
        assert "partly paired (some people have a score in one wave only) in 1 and " in text
        assert "In 1 of 2 outcomes the wave “Before” is asked in retrospect." in text
    assert ("In 1 of 2 outcomes of its own." in text) == ("its own" in other)
    assert "The wave “Before” was asked for afterwards" in text


def test_warnings_on_single_people_are_in_the_sentence_and_under_the_table(tmp_path):
    notes = "reliability: 0.31 (alpha before, n = 29); reliability too low to judge single persons"
    warning = "the smallest relevant change is within measurement error"
    rows = people()
    rows[0]["note"] = notes
    rule = {"rule": "smallest relevant change", "threshold": 10, "note": warning}
    rows += [row(outcome_class=name, people=15, estimate=50.0, **rule) for name in ("all", "reached", "not reached")]
    rows += people(OTHER)
    rows[-4]["note"] = notes
    page = page_of(tmp_path, outcomes=outcome(), responders=rows)
    text = said(page, change_prose.change)
    assert "Reliability: 0.31 (alpha before, n = 29); reliability too low to judge single persons." in text
    assert f"The smallest relevant change was reached by 50 %; caution: {warning}." in text
    text = said(page, change_prose.responders)
    assert "Reliability (alpha before): Wellbeing 0.31 (n = 29); Burden, staff 0.31 (n = 29)." in text
    assert "Reliability too low to judge single persons: Wellbeing; Burden, staff." in text
    assert "The smallest relevant change is within measurement error: Wellbeing." in text
    rows[0]["note"] = "reliability"  # the public is told no number in a note
    assert "Reliability." not in said(
        page_of(tmp_path, "release", outcomes=outcome(), responders=rows), change_prose.change
    )


@pytest.mark.parametrize(
    ("estimate", "note", "expected"),
    [
        (20.0, "all differences are equal, no interval", "Higher after than before; no interval: mean change +20.00 "),
        (-20.0, "", "Lower after than before; no interval: mean change −20.00 points, n = 30."),
        (0.0, "nobody changed, so no interval", "Nobody changed, so no interval: mean change 0.00 points, n = 30."),
        (0.0, "", "No difference is shown; no interval: mean change 0.00 points, n = 30."),
    ],
)
def test_change_without_an_interval_is_told_without_brackets(tmp_path, estimate, note, expected):
    none = {"ci_low": None, "ci_high": None, "reading": ""}
    found = [row(statistic="mean change", estimate=estimate, note=note, **none)]
    page = page_of(tmp_path, outcomes=found, robustness=specifications(**{"paired t": none | {"estimate": estimate}}))
    text = everything(page)
    assert expected in text
    assert "No clear change" not in text
    assert "–," not in text
    assert "[–" not in text
    assert ("The main one shows a change of zero." in text) == (estimate == 0)


@pytest.mark.parametrize("tier", ["internal", "release"])
def test_intervals_without_zero_are_counted_before_and_after_the_adjustment(tmp_path, tier):
    hidden = {} if tier == "internal" else {"p": None, "p_adjusted": None}
    rows = []
    for place, (reading, adjusted) in enumerate(
        [("improved", "improved"), ("worsened", "no clear change"), ("no clear change", "no clear change")]
    ):
        about = {**ABOUT, "scale": f"s{place}.total", "role": "primary"}
        rows += [one | hidden for one in outcome(about, reading=reading, reading_adjusted=adjusted)]
    text = said(page_of(tmp_path, tier, outcomes=rows), change_prose.change)
    assert "excludes zero in 2 of 3 outcomes, and in 1 after Holm's adjustment within the roles" in text
    assert "Lower after than before (worsened, no clear change after Holm's adjustment)" in text
    assert ("whether they hold zero was read before rounding" in text) == (tier == "release")


def test_specifications_that_coincide_are_not_counted_twice(tmp_path):
    twins = {"every item answered": {"same_as": "paired t"}, "imputed": {"same_as": "mixed model, person"}}
    page = page_of(tmp_path, robustness=specifications(**twins))
    text = everything(page)
    different = "11 different answers (13 specifications, the others coincide with one of these)"
    assert f"All {different} exclude a change of zero. All 11 agree in direction" in text
    assert "every item answered (coincides with paired t)" in cells_of(text)
    assert "Small: coincides with an earlier one." in text
    hollow = {"reading": "no clear change", "p": 0.4}
    some = twins | {"unpaired (Welch)": hollow}
    assert f"10 of {different} exclude a change of zero; those that do not: “unpaired (Welch)”." in everything(
        page_of(tmp_path, robustness=specifications(**some))
    )
    none = {name: hollow | twins.get(name, {}) for name in SPECIFICATIONS}
    assert f"None of {different} excludes" in everything(page_of(tmp_path, robustness=specifications(**none)))


def test_main_analysis_is_called_a_choice_and_the_ones_by_institution_are_named(tmp_path):
    text = everything(page_of(tmp_path, outcomes=outcome(), robustness=specifications()))
    assert "planned" not in text
    assert "The paired t interval is the main one" in text
    assert (
        "the 4 whose names contain “institutions”, and not “mixed model, person in institution”, take institutions"
        in text
    )


def test_cautions_are_printed_as_they_are(tmp_path):
    words = {name: {"note": f"a caution; with the number 20 of {place}"} for place, name in enumerate(SPECIFICATIONS)}
    text = everything(page_of(tmp_path, robustness=specifications(**words)))
    assert all(f"{name}: {about['note']}." in text for name, about in words.items())
    bare = {name: about | {"p": None, "smallest_p": None} for name, about in words.items()}
    text = everything(page_of(tmp_path, "release", robustness=specifications(**bare)))
    assert all(f"- {name}: {about['note']}." in text for name, about in words.items())
    assert "few institutions" not in everything(page_of(tmp_path, robustness=specifications()))


def test_withheld_specification_is_not_called_undefined(tmp_path):
    hidden = {"estimate": None, "ci_low": None, "ci_high": None, "p": None, "reading": "", "note": WITHHELD}
    text = everything(page_of(tmp_path, robustness=specifications(**{"every item answered": hidden})))
    assert "Withheld: “every item answered”." in text
    assert "No estimate has" not in text


def test_every_table_says_where_lower_is_better(tmp_path):
    low = {"direction": "lower is better"}
    rows = [one | low for one in outcome(OTHER)] + outcome()
    page = page_of(
        tmp_path,
        outcomes=rows,
        robustness=specifications(OTHER, turned=-1),
        responders=people(OTHER),
        missing=[missing(OTHER)],
        subgroups=[{**row(OTHER), "cohort": "staff"}, row()],
    )
    for part in ("change_table", "robustness_table", "responders", "missing"):
        text = said(page, getattr(change_prose, part))
        assert "Burden, staff (lower is better)" in text, part
        assert "Wellbeing (lower" not in text
    assert "Burden (lower is better)" in cells_of(said(page, change_prose.subgroups))
    text = everything(page)
    assert "Mean change, points" in text
    assert "Change, points" in text
    assert "FIGURE change: Standardised improvement" in text
    assert "FIGURE robustness: Improvement of the primary outcomes" in text


def test_power_is_told_of_one_test_and_of_as_many_as_the_role_has(tmp_path):
    name, method = "detectable d_z, adjusted", "smallest detectable d_z, power 80 %, two-sided alpha 0.0125"
    more = row(ABOUT, 0.71, None, None, statistic=name, method=method)
    text = said(page_of(tmp_path, outcomes=[*outcome(), more]), change_prose.change)
    assert (
        "one two-sided test at 5 % (one less the confidence), without adjustment and with people taken as "
        "independent, would find a standardised change of 0.53 or more with a power of 80 %; at 1.25 %, that level "
        "divided by the number of outcomes of the role, 0.71 or more."
    ) in text


@pytest.mark.parametrize(
    ("value", "shown"),
    [(1088.42, "1 100"), (10.917, "11"), (0.16288, "0.16"), (2.449, "2.4"), (0.0098765, "0.0099"), (99.7, "100")],
)
def test_two_significant_digits(value, shown):
    assert change_prose.significant(value) == shown


def test_bayes_factor_is_a_number_for_the_team_and_a_class_for_the_public(tmp_path):
    share = row(ABOUT, 0.7, None, None, statistic="share with a higher score")
    factor = row(ABOUT, 11.2, None, None, statistic="Bayes factor", **{"class": "10 to 30"})
    text = said(page_of(tmp_path, outcomes=[*outcome(), share, factor]), change_prose.change)
    assert "The Bayes factor of change against no change is 11." in text
    assert "The later score is higher in 70 % of pairs, equal ones counted half." in text
    public = [one | {"p_adjusted": None} for one in outcome()] + [factor | {"estimate": None}]
    text = said(page_of(tmp_path, "release", outcomes=public), change_prose.change)
    assert "against no change lies in the class “10 to 30”." in text
    assert "no change is" not in text


def test_intervals_break_before_their_bracket_only_in_tables_that_may_wrap(tmp_path):
    page = page_of(tmp_path, outcomes=outcome(), robustness=specifications(), responders=people(), missing=[missing()])
    out = io.StringIO()
    with redirect_stdout(out):
        change_prose.change_table(page)
        change_prose.missing(page)
    brackets = [one for one in cells_of(out.getvalue()) if "[" in one]
    assert len(brackets) >= 3
    assert all(one.count(" ") == 1 and " [" in one for one in brackets)
    style = (Path(__file__).resolve().parents[2] / "reports/style/report.css").read_text(encoding="utf-8")
    (wrapped,) = re.findall(r":is\(([^)]*)\) table tbody td\.gt_right \{ white-space: normal; \}", style)
    assert {"#change", "#responders", "#missing", "#subgroups"} <= set(wrapped.split(", "))
    assert all(f'<div id="{name}"' in out.getvalue() for name in ("change", "missing"))


@pytest.mark.parametrize("tier", ["internal", "release"])
def test_empty_tables_say_little_and_stop_nothing(tmp_path, tier):
    text = everything(page_of(tmp_path, tier, registry="cross-sectional"))
    assert "callout-note" in text
    assert "The study names no primary outcome." in text
    assert "##" not in text.replace("## Design", "")
    assert change_prose.in_short(page_of(tmp_path, tier)) == []


def test_missing_scores_are_set_beside_the_pairs(tmp_path):
    second = outcome(OTHER)
    rows = [
        missing(estimate=None, ci_low=None, ci_high=None, note="undefined: fewer than 10 people in a group"),
        missing(statistic=change_prose.IMPUTED),
        missing(statistic=change_prose.TIPPING, estimate=-0.7, ci_low=None, ci_high=None),
        missing(OTHER),
        missing(OTHER, change_prose.IMPUTED, ci_low=-1.0),
        missing(OTHER, change_prose.TIPPING, estimate=None, ci_low=None, ci_high=None, note="undefined: holds zero"),
    ]
    text = said(page_of(tmp_path, outcomes=[*outcome(), *second], missing=rows), change_prose.missing)
    assert "excludes zero in 1 of 1 outcomes" in text
    assert "In 1 of 2 outcomes pairs and imputed scores say the same about zero; not in Burden, staff." in text
    assert "were −0.70 standard deviations from what is imputed" in text
    assert "First score, fewer than 10 people in a group: Wellbeing." in text
    assert "Tipping point, holds zero: Burden, staff." in text


def test_single_items_are_counted(tmp_path):
    odds = {"instrument": "a", "reversed": "no", "statistic": "odds ratio of a higher answer"}
    rows = [
        row({**odds, "item": "a_1"}, 2.0, 1.1, 3.0),
        row({**odds, "item": "a_2"}, 1.0, 0.6, 1.6),
        row({**odds, "item": "a_3"}, None, None, None),
        row({**odds, "item": "a_4", "statistic": "difference of shares"}, 0.1, None, None, p=0.04),
    ]
    text = said(page_of(tmp_path, items=rows), change_prose.items)
    assert "Of 2 single items, 1 have" in text
    assert "Of 1 items with two answers, 1 differ" in text


def test_lights_have_words(tmp_path):
    one = {
        "criterion": "x",
        "label": "People | planned",
        "measure": "enrolment",
        "green": 90,
        "amber": 70.5,
        "source": "us",
    }
    rows = [
        row({**one, "light": "green"}, 95.0, None, None),
        row({**one, "criterion": "y", "light": "red"}, 60.0, 50.0, 65.0),
        row({**one, "criterion": "z", "light": ""}, None, None, None, note="undefined: no planned number"),
    ]
    text = said(page_of(tmp_path, progression=rows), change_prose.progression)
    assert '| People \\| planned | 95.0 | 90 | 70.5 | [●]{style="color: #3f6632"} green | us |' in text
    assert "60.0 [50.0, 65.0]" in text
    assert "not judged" in text
    assert "1 green and 1 red" in text
    assert said(page_of(tmp_path, "release"), change_prose.progression) == ""
