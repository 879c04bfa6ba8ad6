"""What the report says of groups, pairs and saturation of themes, and of the coders; for the team only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from piloteval.qualitative import reconcile
from piloteval.qualitative.matrix import CODE, LESS, MORE, PERSON, THEME, WITHOUT_CUES
from piloteval.qualitative.saturation import NOT_KNOWN, NOT_REACHED, NOT_TOLD, REACHED
from piloteval.qualitative.units import ALL, CASE, CHARACTER, EVERYBODY, MEAN, PEOPLE, SENTENCE
from piloteval.report.page import DASH, Page, format_number
from piloteval.report.words import interval, listed

if TYPE_CHECKING:
    import pandas as pd

MATRIX, PAIRS = "themes/matrix.csv", "themes/cooccurrence.csv"
RULES = "themes/saturation.csv"
AGREEMENT, CLAIMS = "themes/agreement.csv", "themes/claims.csv"

#: The rule of saturation that is told in words; the others are in the table.
TOLD = {"cohort": "all", "base": 4, "run": 2, "threshold": 5.0}
QUOTES, CHANGED = "themes/quotes.csv", "themes/codebook_changes.csv"
#: Changes whose words are too long for a table; both versions are in `themes/codebook_changes.csv`.
PARTS_OF_A_CODE = ("definition", "include", "exclude", "source", "cues")
RULE = ("base", "run", "threshold")
#: Rows of the tables of coders: the measure, its heading and decimals. Shares are shown in percent.
CODED, PERCENT, KAPPA, FLEISS = "coded", "percent", "kappa", "fleiss"
SHARES = {CODED: ("Coded, %", 1), PERCENT: ("Agree, %", 1)}
OF_PEOPLE = {**SHARES, KAPPA: ("Kappa", 2), "ac1": ("AC1", 3), "alpha": ("Alpha", 2)}
OF_DICTIONARY = {
    **SHARES,
    "precision": ("Precision", 2),
    "recall": ("Recall", 2),
    "f1": ("F1", 2),
    "alpha": ("Alpha", 2),
}
UNIT_NAMES = {CHARACTER: "Character", SENTENCE: "Sentence", CASE: "Interview"}
#: Where two codes come up together.
UNIT_WORDS = {SENTENCE: "in the same sentence", PERSON: "by the same person"}
#: Of more pairs than this one measure each is shown, and the others are in the table of results.
IN_FULL = 4


def groups(page: Page) -> None:
    """Show who speaks of each theme, by the groups that are large enough."""
    if not page.internal or page.table(MATRIX).empty:
        return
    floor = page.setting(page.facts["tiers"]["internal_floor"], "tiers.internal_floor")
    suggested = _of_dictionary(page)
    page.say(
        "## Who speaks of what {#sec-theme-groups}",
        "People are counted, not mentions."
        + (" Negated hits of the dictionary are left out." if suggested else "")
        + f" A count is shown where at least {floor} people speak of a thing, at least {floor} do not, and at least "
        f"{floor} speak of the theme but not of the code; and where no smaller number follows from others that are "
        "shown.",
        _left_out(page),
    )
    said = "in whose interview the dictionary suggests" if suggested else "who speak of"
    page.figure("theme_groups", f"People {said} a theme, by group where groups have enough.")
    page.say("@fig-code-groups has the codes of the themes.")
    page.figure("code_groups", f"People {said} a code, by group where groups have enough.")


def _of_dictionary(page: Page) -> bool:
    """Tell whether what counts is what the dictionary suggests."""
    return bool((page.table("themes/basis.csv")["source"] == reconcile.OF_DICTIONARY).any())


def _left_out(page: Page) -> str:
    """Say what people are not grouped by, and who could not be heard."""
    about = page.table("themes/dimensions.csv")
    cues = about[about["by"] == WITHOUT_CUES]
    out = about[(about["shown"] == "no") & (about["by"] != WITHOUT_CUES)]
    why = {note: list(rows["by"]) for note, rows in out.groupby("note", sort=False)}
    parts = [f"by {listed(names)} ({note.removeprefix('left out: ')})" for note, names in why.items()]
    told = [f"Not shown {'; '.join(parts)}."] if parts else []
    for row in cues.to_dict("records"):
        note = row["note"].removeprefix("left out: ")
        which = f" ({row['groups']})" if row["groups"] else ""
        told.append(
            f"Not counted as asked: {note}{which}." if row["shown"] == "no" else f"{note[:1].upper()}{note[1:]}."
        )
    return " ".join(told)


def pairs(page: Page) -> None:
    """Say which codes and themes come up together more, or less, often than by chance."""
    if not page.internal or page.table(PAIRS).empty:
        return
    table = page.table(PAIRS)
    told = table[table["code_1"] != ALL]
    units = list(dict.fromkeys(table["unit"]))
    compared = [
        f"{page.value(PAIRS, 'compared', 0, kind=kind, unit=units[0], code_1=ALL)} pairs of {kind}s"
        for kind in dict.fromkeys(table["kind"])
    ]
    clear = []
    for unit in units:
        here = told[told["unit"] == unit]
        more, less = (
            page.count((here["verdict"] == verdict).sum(), PAIRS, f"{unit}, {verdict}") for verdict in (MORE, LESS)
        )
        within = page.span(unit, f"{page.path(PAIRS)} | rows: unit {unit}")
        clear.append(f"{UNIT_WORDS.get(unit, within)}, {more} more often and {less} less often")
    floor = page.setting(page.facts["tiers"]["internal_floor"], "tiers.internal_floor")
    page.say(
        "## What is said together {#sec-theme-pairs}",
        f"{listed(compared)} whose people are shown above were compared in each unit. A pair is told only where it "
        f"leaves open that at least {floor} people speak of both, of either alone and of neither. Of the pairs that "
        f"are told, these come up together clearly otherwise than by chance: {'; '.join(clear)}.",
        "Tests are exact and two-sided, and adjusted for all pairs that can be significant. For sentences, each code "
        "is moved along every interview as a whole, since talk comes in runs; for persons, codes are dealt out anew "
        "within cohorts. What a guide brings up in the same part of all interviews comes up together as well.",
    )
    for kind in (THEME, CODE):
        if told.loc[told["kind"] == kind, "c"].notna().any():
            page.figure(
                f"{kind}_pairs",
                f"How often {kind}s come up together: c is the share of the sentences with either that have both.",
            )


def saturation(page: Page) -> None:
    """Say how soon the codes of the codebook were covered."""
    if not page.internal or page.table(RULES).empty:
        return
    source = page.table("themes/basis.csv")["source"]
    suggested = (
        " Codes are those the dictionary suggests, and it finds only what it has a cue for."
        if (source == reconcile.OF_DICTIONARY).any()
        else ""
    )
    page.say(
        "## How soon the codebook was covered {#sec-saturation}",
        "The codebook was made beforehand, so the rule of saturation of Guest, Namey and Chen [@guest2020] tells here "
        "how soon its codes had come up, and not that nothing else was left to find: what nobody looked for cannot "
        f"come up.{suggested}",
        _saturated(page),
    )
    page.figure(
        "saturation",
        "Percent of the codes of all interviews that come up in so many of them, over random orders. Hatched: too few "
        "people are in, or left out, to be told.",
    )


def _saturated(page: Page) -> str:
    """Say in how many interviews the usual rule is met, or why that is not known."""
    rows = page.rows(RULES, **TOLD)
    if rows.empty:
        return ""
    row = rows.iloc[0]
    base, run, threshold = (page.value(RULES, name, 0, **TOLD) for name in RULE)
    rule = f"With a base of {base} interviews, runs of {run} and at most {threshold} % new codes, saturation"
    if row["note"].startswith("withheld"):
        return f"{rule} is withheld: too few people were interviewed."
    if row["note"].startswith("undefined"):
        why = page.value(RULES, "note", style=lambda note: note.removeprefix("undefined: "), **TOLD)
        return f"{rule} is not judged: {why}."
    said = []
    if row["held"] == REACHED:
        said.append(f"takes {page.value(RULES, 'needed', 0, **TOLD)} interviews in the order held")
    elif row["held"] == NOT_REACHED:
        said.append("is not reached in the order held")
    if rows["median"].notna().all():
        said.append(f"takes {page.value(RULES, 'median', 0, **TOLD)} interviews at the median of random orders")
    else:
        said.append("is not reached in most random orders")
    counted = ", the run counted" if any(one.startswith("takes") for one in said) else ""
    left = {
        NOT_KNOWN: " The order held is not judged, since the day of an interview is missing.",
        NOT_TOLD: " The order held is not told: so few codes come up that it would tell what single people said.",
    }
    return f"{rule} {', and it '.join(said)}{counted}.{left.get(row['held'], '')}"


# Coders


def coders(page: Page) -> None:
    """Say how far the people who code agree, and show it."""
    page.say(
        "Coders are compared in the interviews both worked on, at three units: the character, as NVivo compares; the "
        "sentence, which has a person's code when the coded passage covers at least half of it or lies at least half "
        "within it; and the interview, which has the code or not. Most text has no code, so percent agreement is high "
        "whatever the coders do; kappa [@cohen1960], AC1 [@gwet2008] and alpha take chance into account. Intervals "
        "come from leaving out one interview after the other, and are given from ten interviews on. Beside all codes "
        "together, which the frequent ones carry, stands the mean of the codes.",
    )
    people = _compared(page, people=True)
    if people.empty:
        page.say("Only one person coded, so it is not known how far people agree.")
    else:
        together = (people["pair"] == EVERYBODY).any()
        page.say(_in_words(page, EVERYBODY if together else people["pair"].iloc[0]))
        _table(
            page,
            people,
            OF_PEOPLE,
            "coders",
            "How far people agree over all codes together, at three units, with jackknife intervals over interviews. "
            + ("Of all people, kappa is that of Fleiss. " if together else "")
            + f"Coded: units with the code, {'mean of the people' if together else 'of each of the two'}.",
            full=[EVERYBODY] if together else list(dict.fromkeys(people["pair"])),
            short="alpha",
        )
    if page.table(AGREEMENT)["estimate"].notna().any():
        page.figure(
            "agreement",
            "Agreement over all codes, with intervals, and on single codes from the highest to the lowest; a code of "
            "too few people is withheld, and a missing mark is an undefined value.",
        )


def dictionary(page: Page) -> None:
    """Show how much of what people code the dictionary finds, and how much of what it suggests people code."""
    machine = _compared(page, people=False)
    if machine.empty:
        return
    page.say(
        "### The dictionary beside people {#sec-coders-dictionary}",
        "The dictionary only suggests. Precision is the share of its suggestions that a person coded as well, recall "
        "the share of a person's codes that it suggests, and F1 the overlap of both.",
    )
    pairs = list(dict.fromkeys(machine["pair"]))
    _table(
        page,
        machine,
        OF_DICTIONARY,
        "coders-dictionary",
        "The dictionary measured by what people coded, over all codes together, with jackknife intervals over "
        "interviews. Coded: units with the code, of the person and of the dictionary.",
        full=pairs if len(pairs) <= IN_FULL else [],
        short="f1",
    )


def claims(page: Page) -> None:
    """Say which codes agree well enough for claims."""
    import pandas as pd

    bars, table = page.facts["bars"], page.table(CLAIMS)
    if (page.table("themes/basis.csv")["source"] == reconcile.OF_PEOPLE).any():
        bars = {side: bar for side, bar in bars.items() if side == PEOPLE}  # nothing rests on the dictionary
    if table.empty:
        return
    page.say("### What claims may rest on {#sec-claims}")
    if not bars:
        page.say("The configuration asks for no agreement on a code, so no code is held against a bar.")
    else:
        asked = [_asked(page, side, bar) for side, bar in bars.items()]
        counts = table["verdict"].value_counts()
        fit, under, unknown, few = (
            page.count(counts.get(name, 0), CLAIMS, f"codes {name}")
            for name in ("fit", "under the bar", "not known", reconcile.TOO_FEW)
        )
        decided = page.count((table["decided"].fillna("") != "").sum(), CLAIMS, "codes decided on")
        page.say(
            f"A code is fit for claims with {listed(asked)}; of several pairs the lowest counts. Of the codes, {fit} "
            f"hold the bars, {under} do not, and of {unknown} it is not known, since too little was given the code"
            + (f"; {few} cannot be judged, since few were coded twice" if reconcile.TOO_FEW in counts else "")
            + ". Codes that are not fit are not used for claims without a decision of a person; the number of codes "
            f"decided on is {decided} (`{CLAIMS}`, @tbl-claims)."
        )
        names = page.table("interviews/themes.csv").drop_duplicates("theme").set_index("theme")["name"]
        rows = []
        for theme, codes in table.groupby("theme", sort=False):
            used = codes[codes["use"] == "yes"]
            decided_on = used["verdict"] != "fit"
            rows.append(
                {
                    "theme": names.get(theme, theme),
                    "used": "; ".join(used["name"].where(~decided_on, used["name"] + " (decided)")) or DASH,
                    "under the bar": int((codes["verdict"] == "under the bar").sum()),
                    "not known": int(codes["verdict"].isin(["not known", reconcile.TOO_FEW]).sum()),
                }
            )
        page.say("::: {#tbl-claims}\n")
        columns = {
            "theme": "Theme",
            "used": "May be used for claims",
            "under the bar": "Under a bar",
            "not known": "Not known",
        }
        page.show(pd.DataFrame(rows), columns, name="claims")
        page.say("Codes that claims may rest on, and how many others are under a bar or not known.\n:::")
    page.say(
        "Final codes come from people alone; what they do not agree on waits for their meeting in "
        "`results/restricted/coding/open.csv`."
    )


def _asked(page: Page, side: str, bar: dict[str, Any]) -> str:
    """Say which agreement is asked for."""
    measure = bar["measure"].upper() if bar["measure"] in ("ac1", "f1") else bar["measure"].replace("_", " ")
    whose = "people with each other" if side == PEOPLE else "people with the dictionary"
    least = page.setting(bar["at_least"], f"interviews.final_codes.{side}.at_least")
    key = f"interviews.final_codes.{side}"
    what = "lower limit of the " if bar["limit"] == "lower" else ""
    units = page.setting(bar["at_least_units"], f"{key}.at_least_units")
    return (
        f"{what}{measure} of {whose} by {UNIT_NAMES[bar['unit']].lower()} of at least {least}, where one of the two "
        f"gave the code to {units} or more"
    )


def _compared(page: Page, *, people: bool) -> pd.DataFrame:
    """Return the rows over all codes of people with each other, or of people with the dictionary."""
    table = page.rows(AGREEMENT, code=ALL)
    return table[table["pair_kind"].isin([PEOPLE, EVERYBODY]) == people]


def _told(page: Page, **where: Any) -> str:
    """Return estimate and interval in prose, or why there is none."""
    row = page.rows(AGREEMENT, **where).iloc[0]
    if row["estimate"] != row["estimate"]:
        return "withheld, since too few interviews are compared" if "withheld" in row["note"] else row["note"]
    if row["ci_low"] != row["ci_low"]:
        return page.value(AGREEMENT, "estimate", 2, **where)
    return interval(page, AGREEMENT, 2, **where)


def _in_words(page: Page, pair: str) -> str:
    """Say how far people agree over all codes."""
    where = {"pair": pair, "code": ALL, "measure": "alpha"}
    if not page.rows(AGREEMENT, **where, unit=SENTENCE)["interviews"].iloc[0]:
        return f"There is no interview that {'two people' if pair == EVERYBODY else f'both {pair}'} worked on."
    who = "All people together" if pair == EVERYBODY else f"**{pair[:1].upper()}{pair[1:]}**"
    over = page.value(AGREEMENT, "interviews", 0, **where, unit=SENTENCE)
    return (
        f"{who} were compared over {over} interviews. Over all codes, alpha is {_told(page, **where, unit=SENTENCE)} "
        f"sentence by sentence and {_told(page, **where, unit=CASE)} interview by interview (@tbl-coders, "
        "@fig-agreement)."
    )


def _table(
    page: Page,
    table: pd.DataFrame,
    measures: dict[str, tuple[str, int]],
    name: str,
    caption: str,
    *,
    full: list[str],
    short: str,
) -> None:
    """Show measures over all codes by unit: all those of some pairs, and one of every other pair."""
    import pandas as pd

    found = {(row["pair"], row["measure"], row["unit"]): row for row in table.to_dict("records")}
    mean = page.rows(AGREEMENT, code=MEAN).to_dict("records")
    means = {(row["pair"], row["measure"], row["unit"]): row for row in mean}
    over = table.drop_duplicates("pair").set_index("pair")["interviews"]
    rows = []
    for pair in full:
        group = f"{pair[:1].upper()}{pair[1:]}, {_interviews(over[pair])}"
        for measure, (heading, digits) in measures.items():
            cells = {unit: _cell(page, found, (pair, measure, unit), digits) for unit in UNIT_NAMES}
            rows.append({"group": group, "measure": heading, **cells})
            if measure == short:
                cells = {unit: _cell(page, means, (pair, measure, unit), digits) for unit in UNIT_NAMES}
                rows.append({"group": group, "measure": f"{heading}, mean of codes", **cells})
    heading, digits = measures[short]
    for pair in [pair for pair in over.index if pair not in full]:
        cells = {unit: _cell(page, found, (pair, short, unit), digits) for unit in UNIT_NAMES}
        group = f"{heading} of two of them" if full else heading
        rows.append({"group": group, "measure": f"{pair}, {_interviews(over[pair])}", **cells})
    page.say(f"::: {{#tbl-{name}}}\n")
    page.show(
        pd.DataFrame(rows), {"measure": "Measure", **UNIT_NAMES}, groups="group", right=list(UNIT_NAMES), name=name
    )
    page.say(f"{caption}\n:::")


def _interviews(number: int) -> str:
    return f"{number} interview{'' if number == 1 else 's'}"


def _cell(page: Page, found: dict[tuple[str, str, str], dict[str, Any]], key: tuple[str, str, str], digits: int) -> str:
    """Return a measure of a pair at a unit with its interval, shares in percent and without."""
    pair, measure, unit = key
    if measure in SHARES:
        names = (PERCENT,) if measure == PERCENT else ("prevalence", "prevalence_first", "prevalence_second")
        shares = [found[pair, one, unit]["estimate"] for one in names if (pair, one, unit) in found]
        return " / ".join(DASH if one != one else format_number(100 * one, digits) for one in shares) or DASH
    row = found.get(key) or (found.get((pair, FLEISS, unit)) if measure == KAPPA else None)
    if row is None:
        return DASH
    # A narrow page breaks the line before an interval, not in it, if it is short.
    text = page.interval(row, digits)
    return text.replace(", ", ",\N{NO-BREAK SPACE}") if digits < 3 else text


def quotes(page: Page) -> None:
    """Show the quotes that people approved, theme by theme."""
    if not page.internal or not page.has("quotes"):
        return
    table = page.table(QUOTES)
    page.say(
        "## In their words {#sec-quotes}",
        "A person approved every quote as it stands here, the transcript is signed off as it is now, and the speaker "
        "allows it. What is in brackets stands for a name. Nobody is quoted more than three times, and no theme that "
        "fewer than three people speak of. These pages are for the team: whether a quote may be published is a "
        "decision of its own.",
    )
    if table.empty:
        page.say("No approved quote can be shown yet.")
    for _theme, rows in table.groupby("theme", sort=False):
        lines = [f"**{rows.iloc[0]['name']}**"]
        for row in rows.to_dict("records"):
            words = " ".join(page.words(row["quote"]).split())
            lines.append(f"> “{words}” — {row['role']}")
        page.say("\n\n".join(lines))


def codebook_changes(page: Page) -> None:
    """Say what the codebook in use changes against the version before."""
    if not page.internal or not page.has("codebooks"):
        return
    table = page.table(CHANGED).copy()
    every = table[table["code"] == "all"]
    codes = table[table["code"] != "all"]
    page.say(
        "## What the codebook changed {#sec-codebook-changes}",
        f"{page.count(codes['code'].nunique(), CHANGED, 'codes changed')} codes differ from the version before. Counts "
        "are of sentences the dictionary codes by both versions.",
    )
    if codes.empty:
        return
    page.say("::: {#tbl-codebook-changes}\n")
    rows = [*codes.to_dict("records"), *every.to_dict("records")]
    shown = table.__class__(rows)
    for column in ("gained", "lost"):
        shown[column] = [page.cell(row, column, 0) for row in rows]
    shown["change"] = [
        f"{row['change']}: {page.words(str(row['before']))} → {page.words(str(row['after']))}"
        if row["change"] not in PARTS_OF_A_CODE
        else row["change"]
        for row in rows
    ]
    columns = {"code": "Code", "change": "Change", "gained": "Gained", "lost": "Lost"}
    page.show(shown, columns, right=["gained", "lost"], name="codebook-changes")
    page.say("Changes of the codebook, and the sentences that gain or lose the code by them.\n:::")
