"""The words around the numbers: every sentence with a number is made from a result table when the page is rendered."""

from __future__ import annotations

from typing import Any

from piloteval.intake.catalogue import RULES
from piloteval.intake.gate import NO_CONSENT
from piloteval.qualitative.language import LANGUAGES
from piloteval.report import certification_prose, change_prose, consensus_prose, reliability_prose
from piloteval.report.page import Page, format_number
from piloteval.report.words import callout, listed

PART_NAMES = {
    "sample": "participants and scores",
    "reliability": "reliability of the scales",
    "change": "change between the waves",
    "certification": "audits and ratings of the standards",
    "consensus": "consensus of a panel",
    "interviews": "interviews",
    "synthesis": "synthesis of numbers and interviews",
}
FLOW = "quality/flow.csv"
EVERY = "every wave"


# ---------------------------------------------------------------------------------------------------- front


def banner(page: Page) -> None:
    """Say whom the report is for, and whether its data are invented."""
    floor = page.facts["tiers"]["internal_floor" if page.internal else "release_floor"]
    key = "tiers.internal_floor" if page.internal else "tiers.release_floor"
    audience = "Internal report for the study team" if page.internal else "Report for the public"
    page.say(
        f"::: {{.tier-banner .tier-{page.tier}}}\n"
        f"{audience}. Cells of fewer than {page.setting(floor, key)} people are withheld.\n:::"
    )
    if page.study["data_status"] == "synthetic":
        page.say(callout("important", "Synthetic data", page.study["data_note"]))


def summary(page: Page) -> None:
    """Say the main findings of every part in a sentence."""
    points = []
    if page.has("sample"):
        points.append(f"**Participants.** {_enrolment(page)}")
    if page.has("reliability"):
        points.append(f"**Reliability.** {reliability_prose.in_short(page)}")
    if page.has("change"):
        points += change_prose.in_short(page)
    if page.has("certification"):
        points.append(f"**Certification.** {certification_prose.in_short(page)}")
    if page.has("consensus"):
        points.append(f"**Consensus.** {consensus_prose.in_short(page)}")
    if page.has("interviews"):
        points.append(f"**Interviews.** {_interviews_in_short(page)}")
    page.say("\n".join(f"- {point}" for point in points))
    limits = _limits(page)
    if limits:
        page.say(callout("warning", "Read this with its limits", "\n".join(f"- {limit}" for limit in limits)))
    absent = [PART_NAMES[part] for part in page.facts["absent"]]
    if absent:
        page.say(
            callout(
                "note",
                "Not part of this study",
                f"This study has no data for: {listed(absent)}. The sections on them are left out.",
            )
        )


def _limits(page: Page) -> list[str]:
    """Return what stands against taking the points above at their word."""
    limits = []
    if page.has("change"):
        registered = change_prose.cross_sectional(page)
        design = "The registry calls the study cross-sectional, and there" if registered else "There"
        limits.append(
            f"{design} is no comparison group: a change can have other causes than the certification. "
            "Intervals are for one outcome at a time; with several outcomes some exclude zero by chance."
        )
    unconfirmed = [one["name"] for one in page.facts["instruments"] if one["status"] == "unconfirmed"]
    if unconfirmed:
        limits.append(f"The scoring key of {listed(unconfirmed)} is not confirmed by a source.")
    if page.has("certification"):
        name = "certification/ratings.csv"
        if (page.table(name)["status"] == "placeholder").any():
            limits.append("Standards whose official texts are not in the catalogue are placeholders.")
    if page.has("consensus") and page.facts["consensus"]["status"] == "unconfirmed":
        limits.append("The rule of consensus is not confirmed.")
    if page.has("interviews"):
        limits.append(
            "Themes are codes of people, whose agreement limits them."
            if page.table("themes/basis.csv").iloc[0]["source"] == "people"
            else "Themes are suggestions of a dictionary that no person has confirmed."
        )
    return limits


def _steps(page: Page, step: str, by: str = "") -> list[dict[str, Any]]:
    """Return the rows of a step of the participant flow, in all or by reason, cohort or country."""
    return page.rows(FLOW, step=step, by=by).to_dict("records")


def _people(page: Page, step: str, wave: str = "") -> tuple[str, bool]:
    """Return how many people came to a step, as a sentence says it, and whether that is one person or none."""
    import pandas as pd

    row = next(row for row in _steps(page, step) if row["wave"] == wave)
    if pd.isna(row["people"]):
        return "few", False  # the public gets no number of few people
    if row["people"] == 0:
        return "nobody", True
    return page.value(FLOW, "people", 0, step=step, wave=wave, by="", group=""), row["people"] == 1


def _came(page: Page, step: str, verb: str = "", wave: str = "") -> str:
    """Say how many people came to a step; a form of `to be` before the words agrees with the number."""
    people, one = _people(page, step, wave)
    forms = {"are": ("is", "are"), "were": ("was", "were")}
    first, _space, rest = verb.partition(" ")
    return f"{people} {forms[first][0 if one else 1]} {rest}" if first in forms else f"{people} {verb}"


def _enrolment(page: Page) -> str:
    enrolled, one = _people(page, "enrolled")
    text = f"{enrolled} {'person is' if one else 'people are'} in the analysis"
    if page.facts["registered"]:
        text = f"Of {_people(page, 'registered')[0]} people registered, {_came(page, 'enrolled', 'are enrolled')}"
    return f"{text}; {_answers(page)}."


def _answers(page: Page) -> str:
    """Say how many people answered in each wave, in all of them and in none."""
    said = []
    for row in _steps(page, "answered"):
        every = row["wave"] == EVERY
        wave = EVERY if every else page.wave(row["wave"]).lower()
        said.append(_came(page, "answered", f"answered {wave}", row["wave"]))
        if every:
            none = _people(page, "did not answer", EVERY)[0] == "nobody"
            least = "everybody answered at least once"
            said.append(least if none else _came(page, "did not answer", "answered in none", EVERY))
    return listed(said)


def _registered_enrolment(page: Page) -> str:
    """Say whether the registered enrolment is met; a rounded count cannot tell."""
    planned = page.study["registered_enrolment"]
    if not (planned and page.internal and page.has("sample") and page.facts["registered"]):
        return ""
    enrolled = int(_steps(page, "enrolled")[0]["people"])
    reached = "met" if enrolled == planned else "exceeded" if enrolled > planned else "not reached"
    return (
        f"The registered enrolment of {page.setting(planned, 'study.registered_enrolment')} is {reached}: "
        f"{_came(page, 'enrolled', 'are enrolled')}."
    )


def study(page: Page) -> None:
    """Say what the study is, how it is registered, and what its design allows."""
    facts = page.study
    text, reached = [], _registered_enrolment(page)
    if facts["registry"]:
        registered = facts["registered_enrolment"]
        enrolment = (
            f", with a registered enrolment of {page.setting(registered, 'study.registered_enrolment')}"
            if registered and not reached
            else ""
        )
        text.append(f"The study is registered as {facts['registry']} ({facts['registry_design']}){enrolment}.")
        if facts["registry"] == "NCT06888297":
            text.append("How the certification framework was developed is described in its paper [@mira2025].")
    page.say(" ".join([*text, reached]), *facts["notes"])
    if reached and _steps(page, "enrolled")[0]["people"] > facts["registered_enrolment"]:
        page.say(
            callout(
                "warning",
                "More people than registered",
                "More people are enrolled than the registry says. Check the register against the registry entry.",
            )
        )
    if page.has("change") and change_prose.cross_sectional(page):
        page.say(change_prose.design_note())


def instruments_table(page: Page) -> None:
    """Show the instruments with their keys."""
    import pandas as pd

    table = pd.DataFrame(page.facts["instruments"])
    table["answers"] = [f"{low:g} to {high:g}" for low, high in zip(table["low"], table["high"], strict=True)]
    columns = {
        "name": "Questionnaire",
        "version": "Version",
        "items": "Items",
        "reversed": "Reversed",
        "scales": "Scales",
        "answers": "Answers",
        "status": "Key",
    }
    page.show(table, columns, name="instruments")


def instruments(page: Page) -> None:
    """Say what a reader must know of each instrument, and which keys are not confirmed."""
    unconfirmed = [one["name"] for one in page.facts["instruments"] if one["status"] == "unconfirmed"]
    if unconfirmed:
        page.say(
            callout(
                "warning",
                "Keys that are not confirmed",
                f"The key of {listed(unconfirmed)} was not checked against its source. "
                "Results that rest on it are provisional.",
            )
        )
    lines = [f"- **{one['name']}.** {one['source']} {' '.join(one['notes'])}" for one in page.facts["instruments"]]
    if lines:
        page.say("::: {.small}\n" + "\n".join(lines) + "\n:::")


# ---------------------------------------------------------------------------------------------------- sample


def sample(page: Page) -> None:
    """Say how people came into the analysis."""
    registered = page.facts["registered"]
    first = _from_register(page) if registered else [_without_register(page)]
    answers = _answers(page)
    text = [*first, f"{'Of those enrolled, ' if registered else 'Of them, '}{answers}."]
    if _steps(page, "interviewed"):
        text.append(
            f"Interviews are a strand of their own: {_came(page, 'interviewed', 'were interviewed')}, "
            "who need not have been in the survey."
        )
    text.append("The steps are drawn in @fig-flow.")
    if _flow_groups(page):
        text.append(f"@tbl-flow has them by {listed(_flow_groups(page))}.")
    text.append(_not_shown(page))
    page.say(" ".join(part for part in text if part))
    page.say(_criteria(page) + (" Characteristics are in @tbl-characteristics." if registered else ""))


def _from_register(page: Page) -> list[str]:
    """Say that everybody registered withdrew, did not consent, is set aside, was not eligible or is enrolled."""
    steps = {
        "withdrew": "withdrew",
        "did not consent": "did not consent",
        "row set aside": "are set aside with their row in the register",
        "not eligible": "were not eligible",
    }
    said = []
    for step, words in steps.items():
        if _steps(page, step):
            reasons = [row["group"] for row in _steps(page, step, "reason")]
            parts = [
                f"{why}: {page.value(FLOW, 'people', 0, step=step, wave='', by='reason', group=why)}"
                for why in reasons
                if reasons != [NO_CONSENT]
            ]
            said.append(_came(page, step, words) + (f" ({', '.join(parts)})" if parts else ""))
    registered, enrolled = _people(page, "registered")[0], _came(page, "enrolled", "are enrolled")
    text = f"Of {registered} people registered, {listed(said)}; {enrolled}."
    return [text, "Everybody registered is counted in one of these steps."]


def _without_register(page: Page) -> str:
    """Say how many people answered, and how many withdrew where somebody did."""
    enrolled, one = _people(page, "enrolled")
    text = f"{enrolled} {'person is' if one else 'people are'} in the analysis"
    withdrew = _came(page, "withdrew", "withdrew and are not counted here") if _steps(page, "withdrew") else ""
    return f"{text}; {withdrew}." if withdrew else f"{text}."


def _criteria(page: Page) -> str:
    """Say who was let in."""
    criteria = page.facts["participants"]
    if not page.facts["registered"]:
        return (
            "The study has no register, so consent and eligibility were not checked here, and every respondent "
            f"{'who did not withdraw ' if _steps(page, 'withdrew') else ''}is in the analysis."
        )
    wanted = []
    if criteria["min_age"] is not None:
        wanted.append(f"an age of {page.setting(criteria['min_age'], 'participants.min_age')} years or more")
    if criteria["min_experience_years"] is not None:
        years = page.setting(criteria["min_experience_years"], "participants.min_experience_years")
        wanted.append(f"at least {years} years of professional experience")
    if criteria["professions"]:
        wanted.append("one of the professions of the study")
    if criteria["require_affiliation"]:
        wanted.append("employment or involvement in second victim support")
    eligible = (
        f"Of those who consented, people were eligible who had {listed(wanted)}."
        if wanted
        else "Everybody who consented was eligible."
    )
    return (
        f"{eligible} Consent that is not recorded as given counts as not given. "
        "Of people who withdrew from the whole study or consented to no part of it nothing is kept but that they did, "
        "so no group counts them."
    )


def _flow_groups(page: Page) -> list[str]:
    """Return by what the participant flow is shown to the team: cohort, country, both or neither."""
    return [by for by in ("cohort", "country") if len(page.rows(FLOW, by=by))]


def _not_shown(page: Page) -> str:
    """Say what stands for counts that are withheld, where there are some."""
    if not page.table(FLOW)["people"].isna().any():
        return ""
    limits = page.facts["tiers"]
    if page.internal:
        return (
            "“Withheld” in the table, and a dash where the figure has one, stand for a group of fewer than "
            f"{page.setting(limits['internal_floor'], 'tiers.internal_floor')} people, none included, "
            "or for a count that would give such a one away."
        )
    floor, multiple = (page.setting(limits[key], f"tiers.{key}") for key in ("release_floor", "release_round_to"))
    return (
        f"“Few” stands for fewer than {floor} people, and other counts are rounded to multiples of {multiple}, "
        "so they need not add up."
    )


def flow_figure(page: Page) -> None:
    """Show the participant flow."""
    start = "the register" if page.facts["registered"] else "the survey"
    page.figure("flow", f"Participant flow from {start} to the analysis.")


def flow_table(page: Page) -> None:
    """Show the participant flow by cohort and country, to the team where the study has several."""
    import pandas as pd

    kinds = _flow_groups(page)
    if not kinds:
        return
    table = page.table(FLOW)
    groups = table[table["by"].isin(kinds)].drop_duplicates(["by", "group"])
    keys = [("", ""), *zip(groups["by"], groups["group"], strict=True)]
    wide = pd.DataFrame(
        {
            "kind": [f"By {by}" if by else "In all" for by, _group in keys],
            "group": [(page.cohort(group) if by == "cohort" else group) or "All participants" for by, group in keys],
        }
    )
    waves = [row["wave"] for row in _steps(page, "answered")]
    steps = {
        "Enrolled" if page.facts["registered"] else "Respondents": ("enrolled", ""),
        **{EVERY.capitalize() if wave == EVERY else page.wave(wave): ("answered", wave) for wave in waves},
        **({"Interviewed": ("interviewed", "")} if _steps(page, "interviewed") else {}),
    }
    for heading, (step, wave) in steps.items():
        cells = {(row["by"], row["group"]): row for row in page.rows(FLOW, step=step, wave=wave).to_dict("records")}
        wide[heading] = [page.cell(cells[key], "people", 0) for key in keys]
    hidden = (wide == "withheld").any(axis=None)
    print("::: {#tbl-flow}\n")
    page.show(
        wide,
        {"group": "", **{heading: heading for heading in steps}},
        groups="kind",
        spanners={"Answered": [heading for heading, (step, _wave) in steps.items() if step == "answered"]},
        right=list(steps),
        name="flow",
        notes=["Withheld: fewer people than the floor, or protecting such a cell."] if hidden else [],
    )
    print(f"Participant flow by {listed(kinds)}: number of people.\n:::\n")


def characteristics_table(page: Page) -> None:
    """Show the characteristics with all participants and the cohorts side by side."""
    table = page.table("sample/characteristics.csv")
    wide = (
        table[table["level"] != "all"]
        .drop_duplicates(["variable", "level"])[["variable", "level"]]
        .reset_index(drop=True)
    )
    columns = {"level": ""}
    for cohort in dict.fromkeys(table["cohort"]):
        here = {(row["variable"], row["level"]): row for row in table[table["cohort"] == cohort].to_dict("records")}
        every = next(row for row in here.values() if row["level"] == "all")
        cells = [here[key] for key in zip(wide["variable"], wide["level"], strict=True)]
        wide[cohort] = [
            page.cell(row, "people", 0)
            + (f" ({page.cell(row, 'percent', 0)} %)" if row["percent"] == row["percent"] else "")
            for row in cells
        ]
        columns[cohort] = f"{page.cohort(cohort)}<br>n = {page.cell(every, 'people', 0)}"
    wide["variable"] = wide["variable"].str.capitalize()
    page.show(wide, columns, groups="variable", right=list(columns)[1:], name="characteristics")


def data(page: Page) -> None:
    """Say that nothing is lost between the raw files and the analysis."""
    name = "quality/accounting.csv"
    table = page.table(name)
    rows = page.span(str(int(table["rows_read"].sum())), f"{page.path(name)} | sum of rows_read")
    page.say(
        f"{rows} rows of raw data were read. Every row read is analysed, set aside, excluded or withdrawn; "
        "@tbl-accounting says how many of each, and the run stops when they do not add up. "
        "A row of a questionnaire is one person's answers in one wave, however the file lays them out."
    )
    if page.internal:
        page.say(
            "The sum was checked for every file and wave by itself, with counts taken independently when the files "
            "were read and when they were analysed. The list by file is restricted, since it tells how many persons "
            "of an institution were excluded."
        )


def accounting_table(page: Page) -> None:
    """Show the ledger of rows."""
    table = page.table("quality/accounting.csv").copy()
    table["kind"] = table["kind"].str.replace("_", " ")
    table["wave"] = [page.wave(wave) if wave else "" for wave in table["wave"]]
    columns = {
        "kind": "Kind of file",
        "wave": "Wave or round",
        "files": "Files",
        "rows_read": "Rows read",
        "analysed": "Analysed",
        "quarantined": "Set aside",
        "excluded": "Excluded",
        "withdrawn": "Withdrawn",
    }
    page.show(table, columns, name="accounting")


def problems(page: Page) -> None:
    """Say what was found at intake; the list with places and remedies is for the team."""
    if not page.internal:
        return
    table = page.table("quality/problems.csv")
    count = {
        level: page.count((table["level"] == level).sum(), "quality/problems.csv", f"level={level}")
        for level in ("QUARANTINE", "NOTE")
    }
    if table.empty:
        page.say("The check of the raw files found nothing that waits for a person.")
        return
    page.say(
        f"The check of the raw files set aside {count['QUARANTINE']} cells or rows that wait for a person "
        f"and made {count['NOTE']} notes. The page `results/internal/quality/data_quality.html` tells each institution "
        "what was received and what waits for it. Nothing is lost: a value set aside stands in the raw file, "
        "which is never written."
    )
    waiting = table[table["level"] == "QUARANTINE"]
    lines = ["| Place | Found | How to mend |", "|:---|:---|:---|"]
    lines += [
        f"| {_place(row).replace('_', chr(92) + '_')} | {row['found']} | {row['remedy']} |"
        for row in waiting.to_dict("records")
    ]
    if len(waiting):
        page.say("\n".join(lines) + "\n\n: Cells and rows set aside. {#tbl-problems}")
    notes = table[table["level"] == "NOTE"]["rule"].value_counts(sort=False)
    lines = ["| Note | Times |", "|:---|---:|"]
    lines += [
        f"| {RULES[rule].meaning[0].upper()}{RULES[rule].meaning[1:]} | {times} |" for rule, times in notes.items()
    ]
    if len(notes):
        page.say(
            "\n".join(lines) + "\n\n: Notes, with their places in `quality/problems.csv` "
            "and `quality/data_quality.html`. {#tbl-notes}"
        )


def _place(row: dict[str, Any]) -> str:
    """Say where a problem is: file, sheet, row and column, as far as it has them."""
    parts = [row["file"].rsplit("/", 1)[-1]]
    parts += [f"sheet {row['sheet']}"] if row["sheet"] else []
    parts += [f"row {row['row']}"] if row["row"] is not None and row["row"] == row["row"] else []
    parts += [f"column {row['column']}"] if row["column"] else []
    return ", ".join(parts)


def scores(page: Page) -> None:
    """Say how to read the distribution of the scores."""
    page.say(
        "@fig-score-profile and @tbl-scores describe every score "
        "as it was computed from the answers by the rule of its questionnaire. "
        "Participants who answered too few items of a scale have no score there, so n is smaller."
    )


def scores_table(page: Page) -> None:
    """Show the distribution of the scores, the waves side by side."""
    table = page.rows("sample/scores.csv", cohort="all")
    wide = table.drop_duplicates("scale")[["scale", "label"]].reset_index(drop=True)
    wide["range"] = [
        f"{low:g} to {high:g}" for low, high in table.drop_duplicates("scale")[["range_low", "range_high"]].to_numpy()
    ]
    columns, spanners = {"label": "Scale", "range": "Range"}, {}
    for wave in dict.fromkeys(table["wave"]):
        rows = {row["scale"]: row for row in table[table["wave"] == wave].to_dict("records")}
        cells = [rows[scale] for scale in wide["scale"]]
        # Two decimals on a short scale, one on a long one: more would only look exact.
        places = [min(page.digits, 1 if row["range_high"] - row["range_low"] > 20 else 2) for row in cells]
        rows_and_places = list(zip(cells, places, strict=True))
        parts = {
            "n": [page.cell(row, "n", 0) for row in cells],
            "mean": [f"{page.cell(row, 'mean', d)} ({page.cell(row, 'sd', d)})" for row, d in rows_and_places],
            "median": [
                f"{page.cell(row, 'median', d)} [{page.cell(row, 'q1', d)}, {page.cell(row, 'q3', d)}]"
                for row, d in rows_and_places
            ],
        }
        heads = {"n": "n", "mean": "Mean (SD)", "median": "Median [Q1, Q3]"}
        for part, values in parts.items():
            wide[f"{wave} {part}"] = values
            columns[f"{wave} {part}"] = heads[part]
        spanners[page.wave(wave)] = [f"{wave} {part}" for part in parts]
    ends = [
        f"{row['label']}, {page.wave(row['wave']).lower()}: {page.cell(row, f'{end}_percent', 0)} % "
        f"at the {name} possible score."
        for row in table.to_dict("records")
        for end, name in (("floor", "lowest"), ("ceiling", "highest"))
        if row[f"{end}_percent"] == row[f"{end}_percent"]
    ]
    notes = [
        *ends,
        *(["A share at an end of a scale is not shown where it rests on too few people."] if not ends else []),
    ]
    if table["n_without_score"].fillna(0).max():
        notes.append("n differs where participants answered too few items for a score.")
    page.show(wide, columns, spanners=spanners, right=list(columns)[1:], name="scores", notes=notes)


# ---------------------------------------------------------------------------------------------------- interviews


def _interviews_in_short(page: Page) -> str:
    name = "interviews/transcripts.csv"
    row = page.rows(name, cohort="all")
    if row.iloc[0]["note"]:
        return "The number of interviews is too small to be shown."
    themes = (
        page.rows("interviews/themes.csv", cohort="all")
        .dropna(subset=["percent"])
        .sort_values("percent", ascending=False, kind="stable")
    )
    held, languages, sentences = (
        page.value(name, column, 0, cohort="all") for column in ("interviews", "languages", "sentences")
    )
    text = f"{held} interviews in {languages} languages hold {sentences} sentences of participants."
    if len(themes) and page.internal:  # rounded counts have no order that could be told
        said = []
        for theme in themes.head(3).to_dict("records"):
            count = page.value("interviews/themes.csv", "interviews", 0, theme=theme["theme"], cohort="all")
            said.append(f"“{theme['name']}” ({count} interviews)")
        every = page.rows("interviews/themes.csv", cohort="all", extent="nearly all")["name"]
        if len(every):
            text += f" In nearly all of them {listed([f'“{name}”' for name in every])} come up."
        text += f" {'Then come' if len(every) else 'Most come up'} {listed(said)}."
    return text


def _whose_codes(page: Page) -> str:
    """Say whose codes are counted, and what that means."""
    name = "themes/basis.csv"
    basis = page.table(name).iloc[0]
    counts = "Counts are of interviews, not of importance."
    if basis["source"] == "people":
        text = (
            "People coded every interview, and their final codes are counted: those that all coders of a sentence "
            "gave, or that a person decided on. Where only one person coded an interview, that person's codes count."
        )
    else:
        text = (
            "People have not coded all interviews, so what is counted are suggestions of a dictionary: a sentence gets "
            "a code when a cue of the codebook is said in it. The dictionary is blind to meaning, and a denied cue is "
            "left out only where a word of denial stands near it. A theme becomes a finding when people have coded it."
        )
    if basis["checked"] == "no":
        return callout("warning", "Suggestions, not findings", f"{text} {counts} No agreement with people is known.")
    where = {"source": basis["source"]}
    used = (
        f"Of the {page.value(name, 'codes', 0, **where)} codes of the codebook, "
        f"{page.value(name, 'codes_used', 0, **where)} may carry claims, by the agreement on them or by decision of a "
        "person; themes are made of these."
    )
    title = "What is counted" if basis["source"] == "people" else "Suggestions, not findings"
    return callout("note" if basis["source"] == "people" else "warning", title, f"{text} {used} {counts}")


def interviews(page: Page) -> None:
    """Say what is counted, and what the counts are not."""
    page.say(
        _interviews_in_short(page),
        _whose_codes(page),
    )


#: Groups of labelled details in the order of the table, with their headings.
DETAILS = {
    "names on the deny-list": "Names on the list",
    "details known by their form": "Known by their form",
    "names not on the deny-list": "Names on no list",
    "vague times": "Vague times",
    "other words": "Other words, %",
}


def deidentification(page: Page) -> None:
    """Say how names were taken out of the transcripts, who has read them since, and what was found on labels."""
    name = "interviews/transcripts.csv"
    row = page.rows(name, cohort="all").iloc[0]
    text = (
        "Before anything was counted, details that lead to people were replaced in the transcripts: e-mail addresses, "
        "telephone numbers, dates and the like by their form, people, institutions, wards and places by a list the "
        "study keeps."
    )
    if not row["note"] and row[["signed_off"]].notna().all():  # few are not counted for the public
        held, signed = (page.value(name, column, 0, cohort="all") for column in ("interviews", "signed_off"))
        text += (
            f" Of the {held} transcripts, {signed} have been read and signed off by a person as they are now; "
            "a transcript that is not signed off is counted in the tables, and none of its words may be quoted."
        )
    page.say(text)
    if page.internal:
        _labelled_details(page)


def _labelled_details(page: Page) -> None:
    """Show what was replaced on the transcripts in which a person marked such details, to the team only."""
    name = "interviews/deidentification.csv"
    table = page.table(name)
    if table.empty:
        page.say("Nobody has marked such details in a transcript, so it is not known how many were found.")
        return
    there = set(page.rows(name, language="all")["group"])

    def share(group: str) -> str:
        return f"{page.value(name, 'estimate', 1, language='all', group=group)} %"

    said = [
        f"{share(group)} of the {words}"
        for group, words in (
            ("names on the deny-list", "names on the list"),
            ("details known by their form", "details known by their form"),
            ("names not on the deny-list", "names on no list"),
        )
        if group in there
    ]
    page.say(
        "A person marked such details in some transcripts as received. "
        + (f"Of these, the machine replaced {listed(said)}. " if said else "")
        + f"Of all words that were not marked it replaced {share('other words')} (@tbl-deidentification). "
        "Names on no list are found by the person who signs a transcript off, or not at all. "
        "This report promises no more than these figures."
    )
    lines = ["| Language | " + " | ".join(DETAILS.values()) + " |", "|:--|" + "--:|" * len(DETAILS)]
    for language in dict.fromkeys(table["language"]):
        rows = {row["group"]: row for row in page.rows(name, language=language).to_dict("records")}
        cells = []
        for group in DETAILS:
            row = rows.get(group)
            if row is None:
                cells.append("–")
            elif group == "other words":
                cells.append(format_number(row["estimate"], 2))
            else:
                limits = f" [{format_number(row['ci_low'], 0)}, {format_number(row['ci_high'], 0)} %]"
                cells.append(f"{row['replaced']} of {row['n']}" + (limits if language == "all" else ""))
        said = "All" if language == "all" else LANGUAGES.get(language, language)
        lines.append(f"| {said} | " + " | ".join(cells) + " |")
    caption = (
        "Details marked by a person, and how many of them were replaced, by language of the transcript, with the "
        "Wilson interval for all together; of the words outside every mark, the share that was replaced. "
        "{#tbl-deidentification}"
    )
    page.say("\n".join(lines) + f"\n\n: {caption}")


def _of(row: dict[str, Any]) -> str:
    """Return the heading of a column of interviews: of how many, where that may be said."""
    import pandas as pd

    return "Interviews" if pd.isna(row["of_interviews"]) else f"of {row['of_interviews']}"


def themes_table(page: Page) -> None:
    """Show the theme by cohort matrix; a cohort of which nothing may be told has no column."""
    table = page.table("interviews/themes.csv")
    wide = table.drop_duplicates("theme")[["theme", "name"]].reset_index(drop=True)
    columns = {"name": "Theme"}
    for cohort in dict.fromkeys(table["cohort"]):
        rows = table[table["cohort"] == cohort]
        if cohort != "all" and rows["interviews"].isna().all():
            continue
        here = {row["theme"]: row for row in rows.to_dict("records")}
        cells = [here[theme] for theme in wide["theme"]]
        wide[cohort] = [row["extent"] or page.cell(row, "interviews", 0) for row in cells]
        columns |= {cohort: f"{page.cohort(cohort)}, {_of(cells[0]).lower()}"}
    left = set(table["cohort"]) - set(columns)
    notes = [
        "Withheld: so few interviews, or so few without the theme, that it could tell who; nearly all: so few without."
    ]
    if left:
        notes.append("Cohorts are not shown: with so few people, a count or its rest is always too small.")
    page.show(wide, columns, right=list(columns)[1:], name="themes", notes=notes)


# ---------------------------------------------------------------------------------------------------- synthesis and end


def synthesis(page: Page) -> None:
    """Say how to read the joint display."""
    page.say(
        "@tbl-joint sets the mean change of each construct "
        "beside the interviews in which its themes come up; with several themes the count is of the one that comes up "
        "most often. "
        "The words in the column “Reading” follow from the interval alone. "
        "Whether numbers and interviews agree is a judgement, and every row waits for a person to make it."
    )


def joint_table(page: Page) -> None:
    """Show the joint display."""
    table = page.table("synthesis/joint_display.csv").copy()
    rows = table.to_dict("records")
    table["construct"] = [
        row["label"] + ("" if row["cohort"] == "all" else f" ({page.cohort(row['cohort']).lower()})") for row in rows
    ]
    table["n"] = [page.cell(row, "n", 0) for row in rows]
    table["change"] = [page.interval(row, None, True) for row in rows]
    table["said"] = [
        (row["extent"] or page.cell(row, "interviews", 0))
        + (f" of {row['of_interviews']}" if row["extent"] or row["interviews"] == row["interviews"] else "")
        for row in table.assign(interviews=table["interviews"].astype("float64")).to_dict("records")
    ]
    columns = {
        "construct": "Construct",
        "n": "n",
        "change": "Mean change",
        "reading": "Reading",
        "themes": "Themes",
        "said": "Interviews",
        "convergence": "Convergence",
    }
    page.show(
        table,
        columns,
        name="joint",
        right=["n", "change", "said"],
        spanners={"Measured": ["n", "change", "reading"], "Said": ["themes", "said"]},
    )


def methods(page: Page) -> None:
    """Say the rules all results follow."""
    limits, statistics = page.facts["tiers"], page.facts["statistics"]
    floor = limits["internal_floor"] if page.internal else limits["release_floor"]
    key = "tiers.internal_floor" if page.internal else "tiers.release_floor"
    level = page.span(format_number(100 * statistics["confidence"], 0), "config.yaml | statistics.confidence")
    least = page.setting(statistics["min_n"], "statistics.min_n")
    text = [
        (
            f"All intervals are at the level of {level} %. "
            f"A group of fewer than {least} people gets no coefficient and no test. "
            "What cannot be computed is left empty with its reason; it is never shown as zero."
        ),
        (
            f"A cell that rests on fewer than {page.setting(floor, key)} people is withheld, zero included, "
            "and so is a second cell of the line where the withheld one could be computed from a total."
        ),
    ]
    if not page.internal:
        multiple = page.setting(limits["release_round_to"], "tiers.release_round_to")
        decimals = page.setting(limits["release_decimals"], "tiers.release_decimals")
        text.append(
            f"In this public report counts are rounded to multiples of {multiple} and need not add up; "
            f"fewer than the floor are not counted. Statistics have {decimals} decimal, limits of coefficients are "
            "rounded outwards, and percentages are in the same steps or computed from rounded counts. "
            "Words such as improved follow from the unrounded interval. P-values, reasons of exclusion, "
            "results of single institutions and agreement of coders are not published."
        )
    else:
        text.append(
            "Steps of the flow and counts of rows are exact for the team, since they have to add up; they are the one "
            "exception to the floor."
        )
    if page.has("certification") or page.has("consensus"):
        text.append(
            "Ratings of standards and statements are judgements of experts about texts, not about themselves: "
            "a share is shown wherever enough people rated."
        )
    text.append(
        "With this many people in this few institutions the results are a pilot's: "
        "they describe, with their uncertainty, and are not a test of effectiveness. "
        "People of one institution are more alike than people of several, "
        "which the intervals do not take into account. The data are pseudonymised, not anonymous."
    )
    page.say(*text)
    if page.internal:
        table = page.table("release/withheld.csv")
        if len(table):
            lines = [
                "| Table for the public | Rows | Shown | Under the floor | Protecting another |",
                "|:--|--:|--:|--:|--:|",
            ]
            lines += [
                f"| {row['table'].removeprefix('release/').replace('_', chr(92) + '_')} "
                f"| {row['rows']} | {row['shown']} | {row['small']} | {row['secondary']} |"
                for row in table.to_dict("records")
            ]
            page.say("\n".join(lines) + "\n\n: What the tables for the public withhold. {#tbl-withheld}")


def provenance(page: Page) -> None:
    """Say what the results were made from and with."""
    facts = page.table("provenance/study.csv")
    engine = {"quarto": "Quarto", "builtin": "the built-in engine (Jupyter, pandoc, Typst)"}[page.engine]
    lines = ["| Fact | Value |", "|:--|:--|"]
    lines += [
        f"| {row['fact']} | {('`' + row['value'][:16] + '…`') if len(row['value']) == 64 else row['value']} |"
        for row in facts.to_dict("records")
    ]
    rendered = f"This report was rendered by {engine}."
    if page.internal:
        rendered += (
            " Every result file with its digest is listed in `results/internal/provenance/manifest.csv`, "
            "and every raw file in `results/internal/quality/files.csv`. "
            "A number in the text carries the table, row and column it was read from "
            "(in the web page: hold the pointer over it)."
        )
    page.say(
        rendered,
        "\n".join(lines) + "\n\n: What identifies this run; digests are shortened. {#tbl-run}",
    )


def software_table(page: Page) -> None:
    """Show the packages with their versions."""
    page.show(page.table("provenance/software.csv"), {"package": "Package", "version": "Version"}, name="software")
