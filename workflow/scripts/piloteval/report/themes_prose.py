"""What the report says of groups, pairs and saturation of themes, and of coders at three units; for the team only."""

from __future__ import annotations

from piloteval.report.page import DASH, Page
from piloteval.report.words import listed

MATRIX, PAIRS = "themes/matrix.csv", "themes/cooccurrence.csv"
RULES, CURVE = "themes/saturation.csv", "themes/saturation_curve.csv"
UNITS, CLAIMS, FREQUENCY = "themes/agreement.csv", "themes/claims.csv", "themes/code_frequency.csv"

#: The rule of saturation that is told in words; the others are in the table.
TOLD = {"cohort": "all", "base": 4, "run": 2, "threshold": 5.0}
RULE = ("base", "run", "threshold")
#: Measures of two coders that are shown, and their headings.
SHOWN = {"percent": "Agree", "kappa": "Kappa", "ac1": "AC1", "alpha": "Alpha", "f1": "F1"}
UNIT_NAMES = {"character": "Character", "sentence": "Sentence", "case": "Interview"}


def groups(page: Page) -> None:
    """Show who speaks of each theme, by the groups that are large enough."""
    if not page.internal or page.table(MATRIX).empty:
        return
    about = page.table("themes/dimensions.csv")
    out = list(about.loc[about["shown"] == "no", "by"])
    left = f" Not shown by {listed(out)}: too few people are in a second group." if out else ""
    page.say(
        "## Who speaks of what {#sec-theme-groups}",
        "People are counted, not mentions. Negated hits of the dictionary are left out. Groups of few people are put "
        f"together, or withheld where they could be computed from others.{left}",
    )
    page.figure("theme_groups", "People in whose interview the dictionary suggests a theme, by group.")


def pairs(page: Page) -> None:
    """Say which themes come up together more often than shuffling brings them together."""
    if not page.internal or page.table(PAIRS).empty:
        return
    table = page.table(PAIRS)
    tested = table[table["p_adjusted"].notna()]
    clear = tested[tested["p_adjusted"] < 1 - page.facts["statistics"]["confidence"]]
    page.say(
        "## What is said together {#sec-theme-pairs}",
        f"Of {page.count(len(tested), PAIRS, 'pairs tested')} pairs of codes or of themes, each in three units, "
        f"{page.count(len(clear), PAIRS, 'pairs under the level, adjusted')} come up together more often "
        "than in shuffled interviews, after adjustment for their number. Pairs of few people are neither listed nor "
        "tested. The coefficient c is the share of the units with either that have both.",
    )
    page.figure("theme_pairs", "How often themes come up together (coefficient c), alike ones beside each other.")


def saturation(page: Page) -> None:
    """Say when nothing new came."""
    if not page.internal or page.table(RULES).empty:
        return
    rows = page.rows(RULES, **TOLD)
    text = ""
    base, run, threshold = (page.value(RULES, name, 0, **TOLD) if len(rows) else "" for name in RULE)
    rule = f"With a base of {base} interviews, runs of {run} and at most {threshold} % new codes"
    if len(rows) and rows.iloc[0]["reported"]:
        text = (
            f"{rule}, saturation is reached at {page.value(RULES, 'reached', 0, **TOLD)} interviews, when "
            f"{page.value(RULES, 'codes_percent', 0, **TOLD)} % of the codes of all interviews were found; in "
            f"random orders of the interviews the median is {page.value(RULES, 'median', 0, **TOLD)}."
        )
    elif len(rows):
        text = f"{rule}, saturation is not reached."
    page.say(
        "## When nothing new came {#sec-saturation}",
        text + " Codes are those the dictionary suggests: what it has no cue for cannot be new to it, so that people "
        "who code may find new things for longer.",
    )
    page.figure(
        "saturation",
        "Codes found after so many interviews: in the order of the list, and over random orders with band.",
    )


def units(page: Page) -> None:
    """Show the agreement of coders over all codes together, at three units."""
    if not page.internal or page.table(UNITS).empty:
        return
    table = page.rows(UNITS, code="all")
    rows = table.drop_duplicates(["pair", "unit"])[["pair", "unit", "interviews"]].reset_index(drop=True)
    found = {(row["pair"], row["unit"], row["measure"]): row for row in table.to_dict("records")}
    keys = list(zip(rows["pair"], rows["unit"], strict=True))
    for measure in SHOWN:
        cells = [found.get((*key, measure)) for key in keys]
        rows[measure] = [DASH if cell is None else page.interval(cell, 2) for cell in cells]
    rows["unit"] = rows["unit"].map(UNIT_NAMES)
    page.say(
        "### Characters, sentences, interviews {#sec-coder-units}",
        "The same codings compared by characters, as NVivo does, by sentences, and by whether an interview has the "
        "code at all. Intervals are over interviews, of which both coded few. F1 is the overlap of what both coded.",
        "::: {#tbl-coder-units}\n",
    )
    columns = {"pair": "Pair", "unit": "Unit", **SHOWN}
    page.show(rows, columns, right=list(SHOWN), name="coder-units")
    page.say("Agreement over all codes together, on the scale to one, with bootstrap intervals over interviews.\n:::")
    claims(page)


def claims(page: Page) -> None:
    """Say how many codes agree well enough for claims."""
    table = page.table(CLAIMS)
    counts = {verdict: int((table["verdict"] == verdict).sum()) for verdict in ("fit", "under the bar", "not known")}
    told = {name: page.count(many, CLAIMS, f"codes {name}") for name, many in counts.items()}
    page.say(
        f"Held against the bars of the configuration, {told['fit']} codes are fit for claims, "
        f"{told['under the bar']} are under a bar, and of {told['not known']} it is not known, since too few people "
        "used them. Codes that are not fit are not used for claims without a decision of a person "
        "(`themes/claims.csv`). Final codes come from people alone; what they do not agree on waits for their meeting "
        "in `results/restricted/coding/open.csv`."
    )
