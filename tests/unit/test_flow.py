"""The participant flow: the table adds up and gives no small group away, and its drawing and its words hold what it says."""

from __future__ import annotations

import io
import json
import re
from contextlib import redirect_stdout
from itertools import combinations, pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from piloteval import tables, tiers
from piloteval.measures.flow import BY_GROUP, COLUMNS, EVERY, describe_flow
from piloteval.report import figures, ink, prose
from piloteval.report.page import DASH, Page

repeated = settings(max_examples=25, deadline=None, derandomize=True, database=None)
fewer = settings(repeated, max_examples=12)  # what is withheld is found by linear programming

LEFT = ("withdrew", "did not consent", "row set aside", "not eligible")
LABELS = {
    "cohorts": {
        "a": "Peer supporters",
        "b": "Support interventions",
        "c": "Institutional coordinators",
        "d": "Unterstützungsinterventionen",
        "e": "Control",
    },
    "waves": {
        "pre": "Before",
        "post": "After",
        "w3": "Six months later",
        "w4": "Twelve months later",
        "w5": "Two years later, by post or by telephone",
    },
}
WAVES = list(LABELS["waves"])


def study(enrolled=(), turned_away=(), interviews=None, waves=("pre", "post"), **how):
    """Count a study of people as (cohort, country, waves answered), reasons of others, and interviewed (cohort, country)."""
    people = pd.DataFrame(
        [(f"p{place}", cohort, country) for place, (cohort, country, _waves) in enumerate(enrolled)],
        columns=["person", "cohort", "country"],
    )
    scores = pd.DataFrame(
        [
            (person, wave, count)
            for person, (_cohort, _country, there) in zip(people["person"], enrolled, strict=True)
            for wave, count in dict(there).items()
        ],
        columns=["person", "wave", "answered"],
    )
    seen = [(cohort, country, "admitted", "") for cohort, country, _waves in enrolled]
    screening = pd.DataFrame([*seen, *turned_away], columns=["cohort", "country", "status", "reason"])
    heard = pd.DataFrame(
        [(f"s{place}", *where, "admitted") for place, where in enumerate(interviews or ())],
        columns=["speaker", "cohort", "country", "status"],
    )
    table = describe_flow(screening, people, scores, heard, list(waves), **how)
    path = "restricted/people/flow.csv"
    return tables.conform(table, tables.CONTRACTS[path])


def counts(table, by=""):
    """Return the counts of the table by step and wave, or by step, wave and group."""
    rows = table[table["by"] == by].to_dict("records")
    return {(row["step"], row["wave"], *([row["group"]] if by else [])): row["people"] for row in rows}


def by_hand(floor=0, **how):
    both, before, none = {"pre": 3, "post": 3}, {"pre": 3, "post": 0}, {"pre": 0}
    enrolled = [("a", "AT", both)] * 4 + [("b", "AT", both)] * 6 + [("b", "BE", before)] * 2 + [("b", "BE", none)]
    away = [
        ("", "", "withdrawn", "withdrew"),
        ("", "", "excluded", "no consent"),
        ("", "", "excluded", "consent not recorded"),
        ("", "", "excluded", "consent not recorded"),
        ("", "", "set aside", "row in the register set aside"),
        ("a", "AT", "excluded", "not affiliated"),
        ("a", "BE", "excluded", "profession not in the study"),
    ]
    return study(enrolled, away, [("a", "AT")] * 2 + [("b", "BE")] * 5, floor=floor, **how)


# The table


def test_every_step_by_hand():
    table = by_hand(countries={"AT": "Austria"})
    assert counts(table) == {
        ("registered", ""): 20,
        ("withdrew", ""): 1,
        ("did not consent", ""): 3,
        ("row set aside", ""): 1,
        ("not eligible", ""): 2,
        ("enrolled", ""): 13,
        ("answered", "pre"): 12,
        ("did not answer", "pre"): 1,
        ("answered", "post"): 10,
        ("did not answer", "post"): 3,
        ("answered", EVERY): 10,
        ("did not answer", EVERY): 1,
        ("interviewed", ""): 7,
    }
    assert counts(table, "reason") == {
        ("did not consent", "", "no consent"): 1,
        ("did not consent", "", "consent not recorded"): 2,
        ("not eligible", "", "not affiliated"): 1,
        ("not eligible", "", "profession not in the study"): 1,
    }
    shown = counts(table, "country")
    assert (shown["enrolled", "", "Austria"], shown["enrolled", "", "BE"]) == (10, 3)
    assert (shown["not eligible", "", "Austria"], shown["answered", EVERY, "BE"]) == (1, 0)


def test_small_groups_are_withheld_with_one_that_protects_them():
    table = by_hand(floor=5)
    shown = counts(table, "cohort")
    # Of cohort a 4 are enrolled; were b shown, the total would tell.
    assert pd.isna(shown["enrolled", "", "a"])
    assert pd.isna(shown["enrolled", "", "b"])
    assert set(table.loc[table["people"].isna(), "note"]) == {tiers.WITHHELD.format(floor=5)}
    # Steps of few people are not told by group at all, and no total is withheld.
    assert {step for step, _wave, _group in shown} == {"enrolled", "answered", "interviewed"}
    assert table.loc[table["by"].isin(["", "reason"]), "people"].notna().all()


def test_register_without_anybody_turned_away_has_the_steps_with_nobody():
    shown = counts(study([("a", "AT", {"pre": 1})], waves=["pre"]))
    assert shown["registered", ""] == shown["enrolled", ""] == 1
    assert [shown[step, ""] for step in ("withdrew", "did not consent", "not eligible")] == [0, 0, 0]
    assert ("row set aside", "") not in shown


def test_without_a_register_the_flow_begins_with_who_answered():
    enrolled = [("", "", {"pre": 2})] * 3
    assert list(counts(study(enrolled, waves=["pre"], registered=False)).items()) == [
        (("enrolled", ""), 3),
        (("answered", "pre"), 3),
        (("did not answer", "pre"), 0),
    ]
    away = [("", "", "withdrawn", "withdrew")] * 2
    assert counts(study(enrolled, away, waves=["pre"], registered=False))["withdrew", ""] == 2


def test_one_wave_has_no_line_for_every_wave():
    table = study([("a", "AT", {"pre": 1})] * 3, waves=["pre"])
    assert EVERY not in set(table["wave"])


@pytest.mark.parametrize(("interviews", "steps"), [(None, 0), ([("a", "AT")], 1), ([("a", "AT")] * 3, 1)])
def test_study_without_interviews_has_no_line_for_them(interviews, steps):
    table = study([("a", "AT", {"pre": 1})] * 3, interviews=interviews)
    assert (table["step"] == "interviewed").sum() == steps
    if steps:
        assert counts(table)["interviewed", ""] == len(interviews)


def test_one_cohort_is_no_group():
    assert set(study([("a", "AT", {"pre": 1}), ("a", "BE", {})])["by"]) == {"", "country"}


def test_blank_questionnaire_is_no_answer():
    shown = counts(study([("a", "AT", {"pre": 5}), ("a", "AT", {"pre": 0})], waves=["pre"]))
    assert (shown["answered", "pre"], shown["did not answer", "pre"]) == (1, 1)


COHORTS, COUNTRIES = st.sampled_from(["a", "b", "c"]), st.sampled_from(["AT", "BE", "PT"])
TURNED_AWAY = st.sampled_from(
    [
        ("", "", "withdrawn", "withdrew"),
        ("", "", "excluded", "no consent"),
        ("", "", "excluded", "consent not recorded"),
        ("", "", "set aside", "row in the register set aside"),
        ("a", "AT", "excluded", "not affiliated"),
        ("b", "BE", "excluded", "under the minimum age"),
    ]
)


@st.composite
def studies(draw, blank=False, least=0, most=30):
    """Return the arguments of any study; with `blank` some people have neither cohort nor country."""
    waves = WAVES[: draw(st.integers(1, 3))]
    answers = st.dictionaries(st.sampled_from(waves), st.integers(0, 2))
    cohorts, countries = (one | st.just("") if blank else one for one in (COHORTS, COUNTRIES))
    return {
        "enrolled": draw(st.lists(st.tuples(cohorts, countries, answers), min_size=least, max_size=most)),
        "turned_away": draw(st.lists(TURNED_AWAY, max_size=8)),
        "interviews": draw(st.none() | st.lists(st.tuples(cohorts, countries), min_size=1, max_size=20)),
        "waves": waves,
    }


@repeated
@given(studies(blank=True), st.booleans())
def test_the_flow_adds_up_in_every_study(people, registered):
    table = study(**people, registered=registered)
    shown = counts(table)
    if registered:
        assert shown["registered", ""] == sum(shown.get((step, ""), 0) for step in (*LEFT, "enrolled"))
        assert shown["registered", ""] == len(people["enrolled"]) + len(people["turned_away"])
        for step in ("did not consent", "not eligible"):
            reasons = [n for (name, _wave, _why), n in counts(table, "reason").items() if name == step]
            assert sum(reasons) == shown[step, ""]
    assert shown["enrolled", ""] == len(people["enrolled"])
    for wave in people["waves"]:
        assert shown["enrolled", ""] == shown["answered", wave] + shown["did not answer", wave]
    if len(people["waves"]) > 1:
        assert shown["answered", EVERY] <= min(shown["answered", wave] for wave in people["waves"])
        assert shown["did not answer", EVERY] <= min(shown["did not answer", wave] for wave in people["waves"])
    else:
        assert ("answered", EVERY) not in shown
    for by in ("cohort", "country"):
        groups = counts(table, by)
        for step, wave in {(step, wave) for step, wave, _group in groups} - {("not eligible", "")}:
            together = sum(n for (name, when, _group), n in groups.items() if (name, when) == (step, wave))
            if step in ("enrolled", "answered", "did not answer"):
                assert together == shown[step, wave]
            assert together <= shown[step, wave]


@fewer
@given(studies(least=10, most=45))
def test_no_withheld_group_follows_from_a_total(people):
    floor, exact = 5, study(**people)
    table = study(**people, floor=floor)
    totals = counts(table)
    for by in ("cohort", "country"):
        shown, true = counts(table, by), counts(exact, by)
        for step, wave in {(step, wave) for step, wave, _group in shown}:
            line = {key: n for key, n in shown.items() if key[:2] == (step, wave)}
            hidden = [key for key, n in line.items() if pd.isna(n)]
            assert all(n >= floor for n in line.values() if not pd.isna(n))
            assert all(line[key] == true[key] for key in line if key not in hidden)
            assert len(hidden) != 1  # the total less the others
            rest = totals[step, wave] - sum(n for n in line.values() if not pd.isna(n))
            assert rest == sum(true[key] for key in hidden)
            # Several that together are few would be told as few, unless nothing of the line is left.
            assert not hidden or rest >= floor or len(hidden) == len(line)
            for step_wave_group, n in line.items():  # of a country, few who did not answer do not follow either
                if by == "country" and step == "answered" and not pd.isna(n):
                    assert true["enrolled", "", step_wave_group[2]] - n >= floor


# The drawing


def some(cohorts="ab", waves=2, size=60, interviews=16, away=1, seed=0, floor=5, weights=None, **how):
    """Return the flow of a study of one shape."""
    rng = np.random.default_rng(seed)
    names = list(cohorts) or [""]
    chosen = rng.choice(names, size, p=weights)
    enrolled = [(c, "AT", {wave: int(rng.random() < 0.8) for wave in WAVES[:waves]}) for c in chosen]
    turned = [
        ("", "", "withdrawn", "withdrew"),
        ("", "", "excluded", "no consent"),
        ("", "", "excluded", "consent not recorded"),
        ("", "", "set aside", "row in the register set aside"),
        ("", "", "excluded", "under the minimum age"),
        ("", "", "excluded", "experience years not recorded"),
        ("", "", "excluded", "too little professional experience in an institution that takes part in the pilot"),
    ]
    heard = [(c, "AT") for c in chosen[:interviews]] or None
    return study(enrolled, turned * away, heard, WAVES[:waves], floor=floor, **how)


def public(table):
    tier, one = tiers.release(10, 5, 1), tables.CONTRACTS["release/quality/flow.csv"]
    return tables.present(table[table["by"] == ""], one, tier)


SHAPES = {
    "two cohorts": some(),
    "three cohorts, five waves": some("abc", 5, away=3),
    "four cohorts": some("abcd", 3, 200),
    "five cohorts": some("abcde", 2, 200, interviews=0),
    "more cohorts than fit": some("abcdefgh", 2, 200),
    "no cohorts, five waves": some("", 5),
    "no cohorts, one wave": some("", 1, interviews=0, away=0),
    "one wave": some(waves=1),
    "no register": some("", 1, interviews=0, away=0, registered=False),
    "no register, somebody withdrew": some("", 2, registered=False),
    "no register, interviews by cohort": some("", 1, interviews=0, registered=False, size=30),
    "a small cohort": some("abc", weights=[0.5, 0.46, 0.04]),
    "only small cohorts": some("abc", size=9, interviews=9),
    "large": some(size=12_345, interviews=1_200, away=1_000),
    "nobody": study(waves=["pre", "post"]),
    "public": public(some()),
    "public without cohorts": public(some("", 3)),
    "public, few enrolled": public(some(size=8, interviews=3)),
    "restricted": some("abc", floor=0),
}


@pytest.fixture(scope="module", params=SHAPES.values(), ids=SHAPES)
def drawn(request):
    """Draw a flow and measure it: boxes, texts and lines in pixels."""
    ink.set_style()
    fig, alt = figures.draw_flow({"quality/flow.csv": request.param}, LABELS)
    fig.set_dpi(160)
    fig.canvas.draw()
    ax = fig.axes[0]
    boxes = [patch.get_window_extent() for patch in ax.patches if isinstance(patch, figures.FancyBboxPatch)]
    texts = [(one.get_text(), one.get_window_extent()) for one in ax.texts if one.get_text()]
    lines = [ax.transData.transform(line.get_xydata()) for line in ax.lines]
    yield request.param, fig.bbox, boxes, texts, lines, alt
    figures.plt.close(fig)


def test_no_text_leaves_its_box(drawn):
    _table, page, boxes, texts, _lines, _alt = drawn
    inside = 0
    for words, at in texts:
        middle = (at.x0 + at.x1) / 2, (at.y0 + at.y1) / 2
        around = [box for box in boxes if box.contains(*middle)]
        for box in around:
            inside += 1
            assert box.x0 + 4 < at.x0, words
            assert at.x1 < box.x1 - 4, words
            assert box.y0 + 4 < at.y0, words
            assert at.y1 < box.y1 - 4, words
        if not around:  # a note under the figure
            assert not any(box.overlaps(at) for box in boxes), words
        assert page.x0 <= at.x0
        assert at.x1 <= page.x1
        assert page.y0 <= at.y0
        assert at.y1 <= page.y1
    assert inside >= 2 * 2


def test_nothing_overlaps(drawn):
    _table, page, boxes, texts, lines, _alt = drawn
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
    assert not any(one.overlaps(other) for (_a, one), (_b, other) in combinations(texts, 2))
    assert all(page.x0 <= box.x0 and box.x1 <= page.x1 and page.y0 <= box.y0 and box.y1 <= page.y1 for box in boxes)
    for line in lines:
        for start, end in pairwise(line):
            for share in np.linspace(0.05, 0.95, 40):
                x, y = start + share * (end - start)
                assert not any(box.x0 + 2 < x < box.x1 - 2 and box.y0 + 2 < y < box.y1 - 2 for box in boxes)


def test_every_count_is_drawn_and_said(drawn):
    table, _page, _boxes, texts, _lines, alt = drawn
    said = " ".join(words for words, _at in texts)
    cohorts = table[table["by"] == "cohort"]
    with_columns = 2 <= cohorts["group"].nunique() <= max(figures.PHASE) and (
        cohorts.loc[cohorts["step"] == "enrolled", "people"].notna().any()
    )
    total = table[table["by"] == ""]
    told = [total, table[table["by"] == "reason"], *([cohorts[cohorts["step"].isin(BY_GROUP)]] if with_columns else [])]
    numbers = {f"{int(n):,}".replace(",", " ") for n in pd.concat(told)["people"].dropna()}
    for number in numbers:
        assert re.search(rf"(?<!\d){number}(?!\d)", said), number
        assert re.search(rf"(?<!\d){number}(?!\d)", alt), number
    hidden = with_columns and cohorts["people"].isna().any()
    if hidden and (cohorts[cohorts["step"] != "interviewed"]["people"].isna().any()):
        assert "withheld" in alt
        assert DASH in {words for words, _at in texts}
        assert any(words.startswith("A dash means withheld: fewer than 5 people") for words, _at in texts)
    if not with_columns:
        assert not any(words == DASH for words, _at in texts)
    if total["people"].isna().any():
        assert "few" in said
        assert "few" in alt


def test_a_withheld_count_is_never_drawn_as_nobody():
    table = some("abc", weights=[0.5, 0.46, 0.04]).query("wave != 'every wave'")
    zeros = table["people"].eq(0).fillna(False)
    assert table["people"].isna().any()
    fig, alt = figures.draw_flow({"quality/flow.csv": table[~zeros | table["by"].ne("")]}, LABELS)
    words = [one.get_text() for one in fig.axes[0].texts]
    figures.plt.close(fig)
    assert "n = 0" not in words
    assert "nan" not in " ".join(words).lower() + alt.lower()
    assert "NA" not in " ".join(words) + alt


def test_columns_follow_the_cohorts():
    fig, _alt = figures.draw_flow({"quality/flow.csv": some("abc")}, LABELS)
    words = [one.get_text() for one in fig.axes[0].texts]
    figures.plt.close(fig)
    assert words.count("Answered") == 2 * 3
    assert words.count("Answered all") == 3
    assert words.count("Interviewed") in (1, 3)


@pytest.mark.parametrize(
    ("words", "width", "lines"),
    [
        ("Peer supporters", 2.0, ["Peer supporters"]),
        ("Peer supporters", 0.9, ["Peer", "supporters"]),
        ("", 1.0, [""]),
    ],
)
def test_words_are_wrapped_where_they_break(words, width, lines):
    assert figures._wrap(words, width) == lines


@pytest.mark.parametrize("width", [0.3, 0.5, 0.9])
def test_a_word_longer_than_its_box_is_broken(width):
    lines = figures._wrap("Unterstützungsinterventionen und Gruppen", width)
    assert max(figures._inches(line) for line in lines) <= width
    assert "".join(lines).replace("-", "").replace(" ", "") == "UnterstützungsinterventionenundGruppen"


# The words


def page_of(table, folder, *, planned=None, registered=True, tier="internal"):
    path = folder / f"tables/results/{tier}/quality/flow.csv"
    path.parent.mkdir(parents=True)
    one = tables.CONTRACTS[f"{tier}/quality/flow.csv"]
    path.write_bytes(tables.to_bytes(tables.conform(table, one), one))
    facts = {
        "tier": tier,
        "engine": "builtin",
        "parts": ["sample"],
        "registered": registered,
        "study": {
            **LABELS,
            "registry": "",
            "registry_design": "",
            "registered_enrolment": planned,
            "notes": [],
        },
        "participants": {
            "min_age": 18,
            "min_experience_years": None,
            "professions": [],
            "require_affiliation": False,
        },
        "tiers": {"internal_floor": 5, "release_floor": 10, "release_round_to": 5, "release_decimals": 1},
    }
    (folder / "report.json").write_text(json.dumps(facts), encoding="utf-8")
    return Page(folder)


def said(page, *parts):
    """Return what parts of the page print, numbers without their source."""
    out = io.StringIO()
    with redirect_stdout(out):
        for part in parts:
            part(page)
    return re.sub(r"\[([^\]]*)\]\{\.num[^}]*\}", r"\1", out.getvalue())


def test_prose_says_where_everybody_registered_went(tmp_path):
    text = said(page_of(by_hand(floor=5), tmp_path), prose.sample)
    assert text.startswith(
        "Of 20 people registered, 1 withdrew, 3 did not consent (consent not recorded: 2, no consent: 1), "
        "1 is set aside with their row in the register and 2 were not eligible (not affiliated: 1, "
        "profession not in the study: 1); 13 are enrolled."
    )
    assert "12 answered before, 10 answered after, 10 answered every wave and 1 answered in none." in text
    assert "7 were interviewed, who need not have been in the survey" in text
    assert "a group of fewer than 5 people, none included" in text
    assert "@tbl-flow has them by cohort and country." in text


def test_prose_of_a_study_without_a_register(tmp_path):
    table = study([("", "", {"pre": 1})] * 6, waves=["pre"], registered=False, floor=5)
    text = said(page_of(table, tmp_path, registered=False), prose.sample, prose.flow_table)
    assert text.startswith("6 people are in the analysis. Of them, 6 answered before.")
    assert "consent and eligibility were not checked here" in text
    assert all(word not in text for word in ("tbl-flow", "Interviews", "ithheld", "enrolled"))


def test_prose_for_the_public_has_no_reasons_and_no_small_counts(tmp_path):
    text = said(page_of(public(by_hand()), tmp_path, tier="release"), prose.sample, prose.flow_table)
    assert text.startswith(
        "Of 20 people registered, few withdrew, few did not consent, few are set aside with their row in the register "
        "and few were not eligible; 15 are enrolled."
    )
    assert "“Few” stands for fewer than 10 people" in text
    assert all(word not in text for word in ("tbl-flow", "affiliated", DASH))


@pytest.mark.parametrize(
    ("planned", "words"),
    [(13, "of 13 is met: 13 are"), (12, "of 12 is exceeded: 13 are"), (14, "of 14 is not reached: 13 are")],
)
def test_registered_enrolment(tmp_path, planned, words):
    text = said(page_of(by_hand(floor=5), tmp_path, planned=planned), prose.study)
    assert f"The registered enrolment {words} enrolled." in text
    assert ("More people than registered" in text) == (planned < 13)


@pytest.mark.parametrize(("tier", "registered", "planned"), [("release", True, 13), ("internal", True, None)])
def test_registered_enrolment_is_not_judged(tmp_path, tier, registered, planned):
    """A rounded count cannot tell, and would tell the exact one; without a plan there is nothing to judge."""
    table = public(by_hand()) if tier == "release" else by_hand(floor=5)
    text = said(page_of(table, tmp_path, planned=planned, registered=registered, tier=tier), prose.study)
    assert "registered enrolment of" not in text


def test_table_of_groups_shows_what_the_flow_shows(tmp_path):
    text = said(page_of(by_hand(floor=5), tmp_path), prose.flow_table)
    assert text.startswith("::: {#tbl-flow}")
    assert text.rstrip().endswith("Participant flow by cohort and country: number of people.\n:::")
    lines = [
        [re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<t[hd][^>]*>.*?</t[hd]>", line)]
        for line in re.findall(r"<tr>.*?</tr>", text, flags=re.DOTALL)
    ]
    assert ["All participants", "13", "12", "10", "10", "7"] in lines
    assert ["Peer supporters", *["withheld"] * 5] in lines


def test_columns_of_the_table_are_its_contract():
    assert list(tables.CONTRACTS["internal/quality/flow.csv"].columns) == COLUMNS
