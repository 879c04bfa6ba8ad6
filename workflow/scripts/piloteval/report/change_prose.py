"""What the report says about change between the waves."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from piloteval.report.page import DASH, Page, format_number, format_p
from piloteval.report.words import callout, listed

if TYPE_CHECKING:
    import pandas as pd

OUTCOMES, IMPROVED = "change/outcomes.csv", "change/improved.csv"
ROBUSTNESS, RESPONDERS = "change/robustness.csv", "change/responders.csv"
MISSING, ITEMS, PROGRESSION = "change/missing.csv", "change/items.csv", "change/progression.csv"

#: The estimates that stand for an outcome: of the same people, and of two waves nobody can be paired between.
CHANGE, DIFFERENCE = "mean change", "difference of means"
BESIDE = {
    CHANGE: {"standard": "standardised change d_z", "median": "median change"},
    DIFFERENCE: {
        "standard": "standardised difference",
        "median": "difference of medians",
        "order": "Cliff's delta",
    },
}
RELIABLE, RELEVANT = "reliable change", "smallest relevant change"
ATTRITION, IMPUTED, TIPPING = "first score, completers less drop-outs (g)", "mean change, imputed", "tipping point (sd)"
HIGHER_SHARE, BAYES = "share with a higher score", "Bayes factor"
DETECTABLE, DETECTABLE_ADJUSTED = "detectable d_z", "detectable d_z, adjusted"
#: The main specification, a choice of this evaluation; the others are beside it.
MAIN = "paired t"
#: The specification that has institutions in it but takes people to be independent within them.
NESTED = "mixed model, person in institution"
#: Whether a specification excludes a change of zero; the figure has a filled mark, a hollow one, or a stroke where
#: neither an interval nor a p-value tells.
EXCLUDES, INCLUDES, UNTOLD = "zero is excluded", "zero is not excluded", "no interval"
CLEAR = ("improved", "worsened")
LOWER = "lower is better"
#: The same behind the name of an outcome, kept on one line.
LOWER_SHOWN = " (lower\u00a0is\u00a0better)"
#: How the waves of an outcome go together, as `change/missing.csv` names it before the first semicolon.
DESIGNS = {
    "paired": "everybody with a score has one in both waves",
    "partly paired": "some people have a score in one wave only",
    "unpaired": "nobody has a score in both waves",
}
#: Colours of the lights on white, dark enough to be read; the word beside the dot says the same.
LIGHTS = {"green": "#3f6632", "amber": "#8f5300", "red": "#97301f"}


def cross_sectional(page: Page) -> bool:
    """Tell whether the registry calls the study cross-sectional."""
    return "cross-sectional" in page.study["registry_design"]


def design_note() -> str:
    """Return the note that comparing the waves was not registered."""
    return callout(
        "note",
        "Design",
        "The registry calls the study cross-sectional. "
        "Comparing the waves is a choice of this evaluation, not of the registered design. "
        "Without a comparison group a change can have other causes than the certification.",
    )


# ---------------------------------------------------------------------------------------------------- reading tables


def _main(page: Page, role: str = "") -> pd.DataFrame:
    """Return the row of every outcome and cohort that stands for it."""
    rows = page.table(OUTCOMES)
    rows = rows[rows["statistic"].isin(BESIDE)]
    return rows[rows["role"] == role] if role else rows


def _kinds(page: Page) -> tuple[bool, bool]:
    """Tell whether outcomes are compared in pairs, and whether any is compared as if in different people."""
    found = set(_main(page)["statistic"])
    apart = DIFFERENCE in found or not page.facts["registered"]
    return page.facts["registered"] and (CHANGE in found or not apart), apart


def _where(row: dict[str, Any]) -> dict[str, Any]:
    return {"scale": row["scale"], "cohort": row["cohort"]}


def _there(value: Any) -> bool:
    """Tell whether a number is there."""
    import pandas as pd

    return not pd.isna(value)


def _one(page: Page, name: str, **where: Any) -> dict[str, Any] | None:
    """Return the only row, or none."""
    rows = page.rows(name, **where).to_dict("records")
    return rows[0] if len(rows) == 1 else None


def _name(page: Page, row: dict[str, Any]) -> str:
    """Return an outcome with its cohort."""
    return row["label"] + ("" if row["cohort"] == "all" else f", {page.cohort(row['cohort']).lower()}")


def _titled(page: Page, row: dict[str, Any]) -> str:
    """Return an outcome as tables name it: with its cohort, and its direction where lower is better."""
    return _name(page, row) + (LOWER_SHOWN if _lower(page, row["scale"]) else "")


def _lower(page: Page, scale: str) -> bool:
    """Tell whether lower scores are better."""
    return bool((page.rows(OUTCOMES, scale=scale)["direction"] == LOWER).any())


def _bound(text: str) -> str:
    """Return a number with its interval so that a line breaks before the bracket only."""
    before, bracket, after = text.partition(" [")
    return before + bracket + after.replace(" ", "\u00a0")


def _estimated(page: Page, row: dict[str, Any]) -> str:
    """Return an estimate with its interval for a cell: +0.45 [+0.21, +0.70]."""
    return _bound(page.interval(row, None, True))


def _interval(page: Page, row: dict[str, Any]) -> str:
    """Return an estimate in prose with its interval, where it has one."""
    names = ("estimate", "ci_low", "ci_high") if _there(row["ci_low"]) else ("estimate",)
    estimate, *limits = (page.value(OUTCOMES, name, sign=True, question=row["question"]) for name in names)
    return f"{estimate} \\[{', '.join(limits)}\\]" if limits else estimate


def _spanned(page: Page, name: str, text: str, column: str = "note") -> str:
    """Return words of a table in prose, each number in them with its source."""
    return re.sub(r"\d+(\.\d+)?", lambda one: page.span(one[0], f"{page.path(name)} | {column}"), _plain(text))


def _parts(rows: list[dict[str, Any]]) -> list[str]:
    """Return what the notes of rows say, each once, without that something is withheld."""
    every = dict.fromkeys(part for row in rows for part in row["note"].split("; ") if "withheld" not in part)
    return [part for part in every if part and part != "reliability"]  # to the public without its number


def _points(page: Page, value: float) -> int:
    """Return decimals of points; two decimals on a long scale would only look exact."""
    return min(page.digits, 1) if abs(value) >= 5 else page.digits


def _p(page: Page, name: str, row: dict[str, Any], column: str = "p") -> str:
    """Return a p-value in prose: p = 0.012, or p <0.001."""
    text = format_p(row[column])
    if text.startswith("<"):
        return "p\u00a0" + page.span(text, f"{page.path(name)} | {column} of question={row['question']}")
    return "p\u00a0=\u00a0" + page.value(name, column, style=format_p, question=row["question"])


def verdict(row: dict[str, Any], level: float) -> str:
    """Tell whether a specification excludes a change of zero: by its interval, without one by its p-value.

    Parameters
    ----------
    row : dict
        A row of ``change/robustness.csv``.
    level : float
        Level of the intervals; a p-value below one less it excludes zero.

    Returns
    -------
    str
        :data:`EXCLUDES`, :data:`INCLUDES` or :data:`UNTOLD`. The reading was made at full precision; limits that are
        rounded for the public are never compared with zero.
    """
    if row["reading"]:
        return EXCLUDES if row["reading"] in CLEAR else INCLUDES
    if not (_there(row["estimate"]) and _there(row["p"])):
        return UNTOLD
    return EXCLUDES if row["p"] < 1 - level else INCLUDES


# ---------------------------------------------------------------------------------------------------- in short


def _direction(row: dict[str, Any]) -> str:
    """Say which way an outcome moved, as read from the interval at full precision; without one, as it is shown."""
    if not row["reading"]:
        if row["note"].startswith("nobody changed"):
            return "Nobody changed, so no interval"
        if row["estimate"] == 0:
            return "No difference is shown; no interval"
        return f"{'Higher' if row['estimate'] > 0 else 'Lower'} after than before; no interval"
    if row["reading"] not in CLEAR:
        return "No clear change"
    higher = (row["reading"] == "improved") == (row["direction"] != LOWER)
    adjusted = row["reading_adjusted"]
    fades = f", {adjusted} after Holm's adjustment" if adjusted and adjusted != row["reading"] else ""
    return f"{'Higher' if higher else 'Lower'} after than before ({row['reading']}{fades})"


def _sentence(page: Page, row: dict[str, Any]) -> str:
    """Say direction and size of the change of an outcome, and whether its source calls it relevant."""
    if not _there(row["estimate"]):
        return f"No estimate: {_spanned(page, OUTCOMES, row['note'].removeprefix('undefined: ') or 'too few pairs')}."
    group = "" if row["cohort"] == "all" else f" among {page.cohort(row['cohort']).lower()}"
    standard = _one(page, OUTCOMES, **_where(row), statistic=BESIDE[row["statistic"]]["standard"])
    d = ""
    if standard is not None and _there(standard["ci_low"]):
        d = f", standardised {_interval(page, standard)}"
    n = page.value(OUTCOMES, "n", 0, question=row["question"])
    p = f", {_p(page, OUTCOMES, row, 'p_adjusted')} after Holm's adjustment" if _there(row["p_adjusted"]) else ""
    change = f"{row['statistic']} {_interval(page, row)} points"
    return f"{_direction(row)}{group}: {change}{d}, n = {n}{p}.{_relevance(page, row)}"


def _relevance(page: Page, row: dict[str, Any]) -> str:
    """Set the change beside what the source of the questionnaire calls relevant, in either tier from full precision."""
    relevant = row["relevant_change"]
    if not _there(relevant):
        return ""
    points = page.value(OUTCOMES, "relevant_change", 0, question=row["question"])
    said = f" Its source calls a change of {points} points relevant"
    if page.internal and _there(row["ci_low"]):  # limits of the public tier are rounded
        near, far = sorted((abs(row["ci_low"]), abs(row["ci_high"])))
        one_side = row["ci_low"] > 0 or row["ci_high"] < 0
        place = (
            "lies beyond it" if one_side and near >= relevant else "includes it" if far >= relevant else "lies below it"
        )
        said += f"; the interval {place}"
    test = _one(page, OUTCOMES, **_where(row), statistic="equivalence")
    if test is None or not _there(test["estimate"]):
        return said + "."
    small = "is" if test["note"] == "within the bounds" else "is not"
    p = f" (two one-sided tests, {_p(page, OUTCOMES, test)})" if page.internal and _there(test["p"]) else ""
    return f"{said}; the mean change {small} shown to be smaller{p} [@lakens2017]."


def in_short(page: Page) -> list[str]:
    """Return a sentence on every primary outcome, for the summary."""
    rows = _main(page, "primary").to_dict("records")
    return [f"**{row['label']}.** {_sentence(page, row).replace(' [@lakens2017]', '')}" for row in rows]


# ---------------------------------------------------------------------------------------------------- all outcomes


def change(page: Page) -> None:
    """Explain the comparison and the primary outcomes with the numbers at hand."""
    if cross_sectional(page):
        page.say(design_note())
    first, second = (page.wave(wave) for wave in page.facts["comparison"])
    paired, apart = _kinds(page)
    analyses = [*(["the paired t interval"] if paired else []), *(["Welch's t interval"] if apart else [])]
    text = [
        f"The comparison is of the wave “{first}” with “{second}”. This comparison, the roles of the outcomes and the "
        f"main analysis ({listed(analyses)}) are choices of this evaluation, not of a registered plan.",
        _design(page),
    ]
    for wave in page.facts["comparison"]:
        if wave in page.facts["retrospective"]:
            text.append(
                f"The wave “{page.wave(wave)}” was asked for afterwards: remembering tends to make change look larger."
            )
    if paired:
        text.append(
            "The mean change has a paired t interval; the standardised change is the mean change over the standard "
            "deviation of the changes (d_z) with Hedges' correction (also called g_z) and a noncentral t interval "
            "[@lakens2013]."
        )
    if apart:
        text.append("The difference of means has Welch's t interval; the standardised difference is Hedges' g.")
    if page.internal:
        tests = [*(["the paired t test"] if paired else []), *(["Welch's t test"] if apart else [])]
        ranks = [*(["the signed-rank test"] if paired else []), *(["the Mann-Whitney test"] if apart else [])]
        text.append(
            f"P-values of {listed(tests)} are adjusted after Holm within primary, secondary and exploratory outcomes "
            f"[@holm1979]; those of {listed(ranks)} are not adjusted and stand beside them."
        )
    if page.internal and paired:
        text.append(
            "The signed-rank test is exact with ties and leaves unchanged participants out [@wilcoxon1945]; the median "
            "change is over everybody."
        )
    text.append(_clear(page))
    page.say(" ".join(text))
    lines = [
        f"- **{row['label']}** ({row['role']}). {_told(page, row)}" for row in _main(page, "primary").to_dict("records")
    ]
    page.say("\n".join(lines) or "The study names no primary outcome.")


def _clear(page: Page) -> str:
    """Say in how many outcomes the interval excludes zero, and in how many after the adjustment."""
    shown = _main(page).dropna(subset=["ci_low"])
    if shown.empty:
        return ""
    what = " or ".join(dict.fromkeys(shown["statistic"]))
    clear = page.count(shown["reading"].isin(CLEAR).sum(), OUTCOMES, f"{what}, intervals without zero")
    every = page.count(len(shown), OUTCOMES, f"{what} with an interval")
    said = f"The interval of the {what} excludes zero in {clear} of {every} outcomes"
    adjusted = shown["reading_adjusted"]
    if (adjusted != "").any():
        left = page.count(adjusted.isin(CLEAR).sum(), OUTCOMES, f"{what}, clear after Holm")
        said += f", and in {left} after Holm's adjustment within the roles"
        said += "" if page.internal else " [@holm1979]"
    rounded = "" if page.internal else " Limits are rounded; whether they hold zero was read before rounding."
    return f"{said}.{rounded}"


def _design(page: Page) -> str:
    """Say how the two waves go together, to the team as the data show it outcome by outcome."""
    if not page.facts["registered"]:
        return (
            "The study has no register, so nobody can be paired: the waves are compared as if they were different "
            "people, which hides change that the same people would show."
        )
    common = "Change is computed in participants with a score in both waves" + (
        "; in outcomes without any, the waves are compared as if they were different people."
        if _kinds(page)[1]
        else "."
    )
    table = page.table(MISSING) if page.internal else None
    if table is None or table.empty:
        return common
    parts = [design.split("; ") for design in table.drop_duplicates(["scale", "cohort"])["design"]]
    designs, more = Counter(first for first, *_more in parts), Counter(one for _first, *rest in parts for one in rest)

    def number(count: int, what: str) -> str:
        return page.count(count, MISSING, f"outcomes with design={what}")

    if len(designs) == 1:
        said = f"every outcome is {_meant(next(iter(designs)), ': ')}"
    else:
        said = f"outcomes are {listed([f'{_meant(one)} in {number(count, one)}' for one, count in designs.items()])}"
    rest = "".join(
        f" In {number(count, one)} of {number(len(parts), 'any')} outcomes {_wave_named(page, one)}."
        for one, count in more.items()
    )
    return f"As the data show it, {said}.{rest} {common}"


def _meant(design: str, mark: str = "") -> str:
    """Return a design and what it means."""
    meaning = DESIGNS.get(design)
    if meaning is None:
        return design
    return f"{design}{mark}{meaning}" if mark else f"{design} ({meaning})"


def _wave_named(page: Page, words: str) -> str:
    """Return words that begin with a wave, such as `pre asked in retrospect`, with its label."""
    wave, _space, rest = words.partition(" ")
    return f"the wave “{page.wave(wave)}” is {rest}" if wave in page.facts["comparison"] else words


def _told(page: Page, row: dict[str, Any]) -> str:
    """Say all about a primary outcome: change, relevance, what could have been found, and single people."""
    parts = [_sentence(page, row), _higher(page, row), _bayes(page, row), _precision(page, row), _people(page, row)]
    return " ".join(part for part in parts if part)


def _higher(page: Page, row: dict[str, Any]) -> str:
    """Say in how many pairs the later score is the higher one."""
    found = _one(page, OUTCOMES, **_where(row), statistic=HIGHER_SHARE)
    if found is None or not _there(found["estimate"]):
        return ""
    share = page.span(format_number(100 * found["estimate"], 0), _source(page, OUTCOMES, found, "estimate"))
    return f"The later score is higher in {share}\u00a0% of pairs, equal ones counted half."


def _bayes(page: Page, row: dict[str, Any]) -> str:
    """Say the Bayes factor of change against none: to the team its number, to the public its class."""
    found = _one(page, OUTCOMES, **_where(row), statistic=BAYES)
    if found is None:
        return ""
    if _there(found["estimate"]):
        number = significant(found["estimate"])
        said = f"is {page.span(number, _source(page, OUTCOMES, found, 'estimate'))}"
    elif found["class"]:
        said = f"lies in the class “{_spanned(page, OUTCOMES, found['class'], 'class')}”"
    else:
        return ""
    return f"The Bayes factor of change against no change {said}."


def significant(value: float, digits: int = 2) -> str:
    """Return a number with so many significant digits and no exponent: 1100, 11, 0.16."""
    import math

    if value == 0 or not math.isfinite(value):
        return format_number(value, 0)
    rounded = float(f"{value:.{digits - 1}e}")
    return format_number(rounded, max(0, digits - 1 - math.floor(math.log10(abs(rounded)))))


def _precision(page: Page, row: dict[str, Any]) -> str:
    """Say how small a change so many pairs could find, with one test and with one of as many as the role has."""
    found, adjusted = (
        _one(page, OUTCOMES, **_where(row), statistic=name) for name in (DETECTABLE, DETECTABLE_ADJUSTED)
    )
    if found is None or not _there(found["estimate"]):
        return ""

    def size(one: dict[str, Any]) -> str:
        return page.value(OUTCOMES, "estimate", question=one["question"])

    power = re.search(r"power ([\d.]+) %", found["method"])
    strong = f" with a power of {page.span(power[1], _source(page, OUTCOMES, found, 'method'))}\u00a0%" if power else ""
    said = (
        f"With so many pairs, one two-sided test at {_alpha(page, found)}\u00a0% (one less the confidence), without "
        f"adjustment and with people taken as independent, would find a standardised change of {size(found)} or "
        f"more{strong}"
    )
    if adjusted is not None and _there(adjusted["estimate"]):
        said += (
            f"; at {_alpha(page, adjusted)}\u00a0%, that level divided by the number of outcomes of the role, "
            f"{size(adjusted)} or more"
        )
    return said + "."


def _alpha(page: Page, row: dict[str, Any]) -> str:
    """Return the level of the test that a row of detectable change names, in percent; else one less the confidence."""
    found = re.search(r"alpha (\d*\.?\d+)", row["method"])
    alpha = float(found[1]) if found else 1 - page.facts["statistics"]["confidence"]
    return page.span(f"{100 * alpha:.3g}", _source(page, OUTCOMES, row, "method"))


def _source(page: Page, name: str, row: dict[str, Any], column: str) -> str:
    return f"{page.path(name)} | {column} of question={row['question']}"


def _people(page: Page, row: dict[str, Any]) -> str:
    """Say how many people moved beyond the error of measurement and reached what is relevant, as far as shown."""
    words = {"improved": "improved beyond it", "unchanged": "stayed within it", "worsened": "worsened beyond it"}
    rows = page.rows(RESPONDERS, **_where(row), rule=RELIABLE).to_dict("records")
    classes = [one for one in rows if one["outcome_class"] in words]
    if not classes:
        return ""
    start = "Against the error of measuring one person"
    limit = next((one for one in rows if _there(one["threshold"])), None)
    if limit is not None:
        digits = _points(page, limit["threshold"])
        start += f" ({page.value(RESPONDERS, 'threshold', digits, question=limit['question'])} points)"
    shown = [
        f"{_percent(page, one)}\u00a0% {words[one['outcome_class']]}" for one in classes if _there(one["estimate"])
    ]
    hidden = [words[one["outcome_class"]] for one in classes if not _there(one["estimate"])]
    if not shown:
        said = f"{start}, no share is shown, since a class has too few people."
    else:
        said = f"{start}, {listed(shown)}" + (f"; how many {' or '.join(hidden)} is withheld." if hidden else ".")
    notes = _parts(rows)
    if notes:
        said += f" {_spanned(page, RESPONDERS, _capital('; '.join(notes)))}."
    relevant = page.rows(RESPONDERS, **_where(row), rule=RELEVANT).to_dict("records")
    reached = next((one for one in relevant if one["outcome_class"] == "reached"), None)
    if reached is not None and _there(reached["estimate"]):
        said += f" The smallest relevant change was reached by {_percent(page, reached)}\u00a0%"
        warning = "; ".join(_parts(relevant))
        said += f"; caution: {_spanned(page, RESPONDERS, warning)}." if warning else "."
    return said


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _percent(page: Page, row: dict[str, Any]) -> str:
    return page.value(RESPONDERS, "estimate", 0, question=row["question"])


def change_figure(page: Page) -> None:
    """Show the forest of standardised change, where there is any."""
    if page.table(OUTCOMES)["statistic"].isin([names["standard"] for names in BESIDE.values()]).any():
        page.figure(
            "change",
            "Standardised improvement in every outcome: change, turned so that the better side is on the right.",
        )


def change_table(page: Page) -> None:
    """Show the estimates of change of every outcome."""
    table = _main(page).reset_index(drop=True)
    if table.empty:
        return
    (paired, apart), rows = _kinds(page), table.to_dict("records")
    every = {(row["scale"], row["cohort"], row["statistic"]): row for row in page.table(OUTCOMES).to_dict("records")}
    other = {
        key: [every.get((row["scale"], row["cohort"], BESIDE[row["statistic"]].get(key))) for row in rows]
        for key in BESIDE[DIFFERENCE]
    }
    better = {(row["scale"], row["cohort"]): row for row in page.table(IMPROVED).to_dict("records")}
    table["outcome"] = [_titled(page, row) for row in rows]
    table["change"] = [_estimated(page, row) for row in rows]
    table["d"] = [DASH if row is None else _estimated(page, row) for row in other["standard"]]
    table["median"] = [DASH if row is None else page.cell(row, "estimate", None, True) for row in other["median"]]
    table["role"] = table["role"].str.capitalize()
    columns = {
        "outcome": "Outcome",
        "n": "n",
        "change": "Mean change, points" if paired else "Difference of means, points",
        "d": "d<sub>z</sub>" if paired else "g",
        "median": "Median change, points" if paired else "Difference of medians, points",
    }
    if paired:
        cells = [better.get((row["scale"], row["cohort"])) for row in rows]
        table["improved"] = [DASH if row is None else page.cell(row, "estimate", 0) for row in cells]
        columns["improved"] = "Improved, %"
    else:
        table["order"] = [DASH if row is None else page.cell(row, "estimate", None, True) for row in other["order"]]
        columns["order"] = "Cliff's δ"
    notes = [
        "Brackets: interval. Median change: Hodges-Lehmann pseudo-median over all pairs. "
        "Improved: share that moved in the better direction."
        if paired
        else "Brackets: interval. Difference of medians: Hodges-Lehmann shift. g: Hedges."
    ]
    if paired and apart:
        others = [_name(page, row) for row in rows if row["statistic"] == DIFFERENCE]
        notes.append(
            f"Without pairs, so difference of means, Hedges' g and difference of medians: {'; '.join(others)}."
        )
    if page.internal:
        table["p_t"] = [format_p(row["p_adjusted"]) for row in rows]
        table["p_w"] = [DASH if row is None else format_p(row["p"]) for row in other["median"]]
        columns |= {"p_t": "p (Holm)", "p_w": "p (rank)"}
        ranks = [*(["exact signed-rank test"] if paired else []), *(["Mann-Whitney test"] if apart else [])]
        notes.append(f"{_adjustment(rows)} p (rank): {' or '.join(ranks)}, not adjusted for the number of outcomes.")
    notes += [f"{_name(page, row)}: {row['note']}." for row in rows if row["note"]]
    page.say("::: {#tbl-change}\n")
    page.show(table, columns, groups="role", right=list(columns)[2:], name="change", notes=notes)
    pairs, different = "participants with a score in both waves", "the waves taken as different people"
    who = f"{pairs}, or {different}" if paired and apart else pairs if paired else different
    page.say(f"Change in every outcome, {who}.\n:::")


def _adjustment(rows: list[dict[str, Any]]) -> str:
    """Say which test is adjusted, and over how many outcomes of each role, as the table names it."""
    found = {row["role"]: re.fullmatch(r"(.+); Holm over (\d+) outcomes?.*", row["p_method"]) for row in rows}
    tests = list(dict.fromkeys(one[1] for one in found.values() if one))
    families = [f"{one[2]} {role}" for role, one in found.items() if one]
    over = f" over {listed(families)} outcomes" if families else " within the role"
    return f"p (Holm): {'; '.join(tests) or 't test'}, adjusted after Holm{over}."


def means_figure(page: Page) -> None:
    """Show the means by wave, where some are told."""
    if page.table("change/means.csv")["estimate"].notna().any():
        lines = (
            " A grey line is a group of participants on a similar level over both waves, since a line for each person "
            "would be a row of data."
        )
        page.figure(
            "means",
            "Means of the same participants by wave, and beside them the mean change on an axis of its own whose zero "
            "is the first mean; with intervals, in points of each scale." + (lines if page.internal else ""),
        )


# ---------------------------------------------------------------------------------------------------- other choices


def _specifications(page: Page) -> pd.DataFrame:
    """Return the specifications of the primary outcomes, each with what it says about zero."""
    rows = page.rows(ROBUSTNESS, role="primary")
    level = page.facts["statistics"]["confidence"]
    return rows.assign(verdict=[verdict(row, level) for row in rows.to_dict("records")], twin=twins(rows))


def twins(rows: pd.DataFrame) -> list[str]:
    """Return for every specification the earlier one it coincides with, where that has an estimate too."""
    every = rows.to_dict("records")
    shown = {(row["scale"], row["cohort"], row["specification"]) for row in every if _there(row["estimate"])}
    names = [row["same_as"] for row in every]
    return [
        name if {(row["scale"], row["cohort"], one) for one in (name, row["specification"])} <= shown else ""
        for name, row in zip(names, every, strict=True)
    ]


def robustness(page: Page) -> None:
    """Say whether the primary outcomes hang on a choice, and show all choices."""
    rows = _specifications(page)
    if rows.empty:
        return
    page.say("## The same question under other choices {#sec-robustness}")
    table = " The numbers are in @tbl-robustness." if page.internal and rows["estimate"].notna().any() else ""
    names = list(dict.fromkeys(rows["specification"]))
    places = [name for name in names if "institution" in name and name != NESTED]
    page.say(
        "Who counts, how missing scores are treated and what is taken to be independent are choices. The paired t "
        "interval is the main one; the others ask the same question in other ways, and none is the right one. "
        "A conclusion that holds in all of them does not hang on a choice [@steegen2016; @simonsohn2020]. "
        "Mixed models use everybody with a score, with the degrees of freedom of Kenward and Roger [@kenward1997]; "
        f"the {page.count(len(places), ROBUSTNESS, 'specifications by institution')} whose names contain "
        f"“institutions”, and not “{NESTED}”, take institutions and not people as independent "
        "[@bell2002; @cameron2008]." + table
    )
    groups = rows.groupby(["scale", "cohort"], sort=False)
    page.say(
        "\n".join(f"- **{_name(page, some.iloc[0].to_dict())}.** {_agreement(page, some)}" for _key, some in groups)
    )
    if rows["estimate"].notna().any():
        left = (rows["estimate"].notna() & (rows["verdict"] == UNTOLD)).any()
        page.figure(
            "robustness",
            "Improvement of the primary outcomes under every specification, in points: change, turned so that the "
            "better side is on the right. Filled: zero is excluded by the interval"
            + (" or, where there is none, by the test" if page.internal else "")
            + "; hollow: it is not."
            + (" A stroke: no interval." if left else "")
            + (" Small: coincides with an earlier one." if (rows["twin"] != "").any() else ""),
        )
    if not page.internal:  # the team has them under the table
        outcomes = [_name(page, row) for row in rows.to_dict("records")]
        notes = _notes_by_specification(rows.to_dict("records"), outcomes)
        page.say(
            "What stands against single specifications:" if notes else "",
            "\n".join(f"- {_spanned(page, ROBUSTNESS, note)}" for note in notes),
        )


def _agreement(page: Page, some: pd.DataFrame) -> str:
    """Say whether all specifications of an outcome agree in direction and in excluding zero, and which do not."""
    first = some.iloc[0].to_dict()
    source = f"{first['scale']}, {first['cohort']}"
    found = some[some["estimate"].notna()]
    if found.empty:
        reasons = list(dict.fromkeys(note.removeprefix("undefined: ") for note in some["note"] if note))
        return f"No specification gives an estimate: {'; '.join(reasons) or 'no reason is told'}."
    told = found[found["verdict"] != UNTOLD]
    said = [*_zero(page, told, source), *_way(page, found[found["twin"] == ""], told)]
    untold = [_named(page, name) for name in found.loc[found["verdict"] == UNTOLD, "specification"]]
    if untold:
        said.append(f"No interval{' and no p-value' if page.internal else ''} is shown for {listed(untold)}.")
    lost = some[some["estimate"].isna()]
    hidden = lost["note"].str.contains("withheld")
    for words, rows in (("No estimate has", lost[~hidden]), ("Withheld:", lost[hidden])):
        if len(rows):
            said.append(f"{words} {listed([_named(page, name) for name in rows['specification']])}.")
    flip = found[found["smallest_p"].notna()] if page.internal else found.iloc[:0]
    if len(flip):
        row, level = flip.iloc[0].to_dict(), page.facts["statistics"]["confidence"]
        least = _p(page, ROBUSTNESS, row, "smallest_p").removeprefix("p\u00a0").removeprefix("=\u00a0")
        said.append(
            f"The sign flip has only as many patterns as its institutions allow: its p cannot fall under {least}"
            + (", so it cannot exclude zero here" if row["smallest_p"] >= 1 - level else "")
            + f"; here {_p(page, ROBUSTNESS, row)}."
        )
    return " ".join(said)


def _way(page: Page, found: pd.DataFrame, told: pd.DataFrame) -> list[str]:
    """Say whether the estimates point the same way; to the public only readings tell, since estimates are rounded."""
    if not page.internal:
        ways = set(told["reading"]) - {"no clear change", ""}
        return ["Specifications with an interval point in different directions."] if len(ways) > 1 else []
    main = found[found["specification"] == MAIN]
    first = (main if len(main) else found).iloc[0]
    name, way = "the main one" if len(main) else _named(page, first["specification"]), first["estimate"]
    if way == 0:
        return [f"{_capital(name)} shows a change of zero."]
    other = found[(found["estimate"] > 0) != (way > 0)]
    if other.empty:
        every = page.count(len(found), ROBUSTNESS, "different specifications with an estimate")
        better = (way > 0) == (first["direction"] != LOWER)
        return [f"All {every} agree in direction (to the {'better' if better else 'worse'})."]
    return [f"Not in the direction of {name}: {listed([_named(page, one) for one in other['specification']])}."]


def _zero(page: Page, told: pd.DataFrame, source: str) -> list[str]:
    """Say which specifications exclude a change of zero; those that coincide with another are not counted twice."""
    apart = told[told["twin"] == ""]
    if apart.empty:
        return []
    without = apart[apart["verdict"] == INCLUDES]
    kind = "specifications" if page.internal else "specifications with an interval"
    every = page.count(len(apart), ROBUSTNESS, f"different specifications with a verdict, {source}")
    if len(apart) == len(told):
        what = f"{every} {kind}"
    else:
        all_of_them = page.count(len(told), ROBUSTNESS, f"specifications with a verdict, {source}")
        what = f"{every} different answers ({all_of_them} {kind}, the others coincide with one of these)"
    if without.empty:
        return [f"All {what} exclude a change of zero."]
    if len(without) == len(apart):
        return [f"None of {what} excludes a change of zero."]
    clear = page.count((apart["verdict"] == EXCLUDES).sum(), ROBUSTNESS, f"specifications without zero, {source}")
    names = listed([_named(page, one) for one in without["specification"]])
    return [f"{clear} of {what} exclude a change of zero; those that do not: {names}."]


def _named(page: Page, name: str) -> str:
    """Return the name of a specification in prose; some have a digit, which is no number."""
    return f"“{page.span(name, f'{page.path(ROBUSTNESS)} | specification')}”"


def robustness_table(page: Page) -> None:
    """Show every specification of the primary outcomes, to the team only."""
    table = _specifications(page).reset_index(drop=True) if page.internal else None
    if table is None or table["estimate"].isna().all():
        return
    rows = table.to_dict("records")
    table["outcome"] = [_titled(page, row) for row in rows]
    table["specification"] = [
        row["specification"] + (f" (coincides with {row['twin']})" if row["twin"] else "") for row in rows
    ]
    table["change"] = [_estimated(page, row) for row in rows]
    table["df"] = [row["df"] or DASH for row in rows]
    table["p_shown"] = [format_p(row["p"]) for row in rows]
    columns = {
        "specification": "Specification",
        "who": "Who is counted",
        "n": "n",
        "change": "Change, points",
        "df": "df",
        "p_shown": "p",
    }
    notes = [
        "Change as scored, later less earlier wave; brackets: interval. n: people, with both scores or with any; of "
        "“unpaired (Welch)”: scores. P-values are not adjusted. No interval: the method is a test, or everybody "
        "changed alike.",
        *_notes_by_specification(rows, [_name(page, row) for row in rows]),
    ]
    page.say("::: {#tbl-robustness}\n")
    page.show(
        table, columns, groups="outcome", right=["change", "df", "p_shown"], name="robustness", notes=notes
    )  # fmt: skip
    page.say("Change of the primary outcomes under every specification.\n:::")


def _notes_by_specification(rows: list[dict[str, Any]], outcomes: list[str]) -> list[str]:
    """Return every note once, with the specifications it is on; with the outcomes where it is on some of them only."""
    found: dict[str, dict[str, list[str]]] = {}
    for row, outcome in zip(rows, outcomes, strict=True):
        if row["note"]:
            found.setdefault(row["note"], {}).setdefault(row["specification"], []).append(outcome)
    every = len(set(outcomes))
    return [
        "; ".join(name if len(where) == every else f"{name} ({', '.join(where)})" for name, where in names.items())
        + f": {note}."
        for note, names in found.items()
    ]


# ---------------------------------------------------------------------------------------------------- single people


def responders(page: Page) -> None:
    """Show how many people moved beyond the error of measurement, where any share is told."""
    table = page.table(RESPONDERS)
    told = table[(table["outcome_class"] != "all") & table["estimate"].notna()]
    if told.empty:
        if len(table):
            page.say("How many single participants changed is not shown: every class has too few people.")
        return
    page.say("## Single participants {#sec-responders}")
    page.say(
        "A mean can rise while most people stay as they were. A participant changed reliably when the score moved by "
        "more than the error of measuring one person twice, from alpha in the first wave [@jacobson1991]. Shorter and "
        "less reliable scales need a larger movement. @tbl-responders counts them; regression to the mean is not taken "
        "out."
    )
    found = {
        (row["scale"], row["cohort"], row["rule"], row["outcome_class"]): row for row in table.to_dict("records")
    }  # fmt: skip
    reliable = table[table["rule"] == RELIABLE]
    limits = reliable.dropna(subset=["threshold"]).groupby(["scale", "cohort"])["threshold"].first().to_dict()
    wide = reliable.drop_duplicates(["scale", "cohort"]).reset_index(drop=True)
    keys = list(zip(wide["scale"], wide["cohort"], strict=True))
    wide["outcome"] = [_titled(page, row) for row in wide.to_dict("records")]
    everybody = [found.get((*key, RELIABLE, "all")) for key in keys]
    wide["people_shown"] = [DASH if row is None else page.cell(row, "n", 0) for row in everybody]
    wide["threshold_shown"] = [
        format_number(limits[key], _points(page, limits[key])) if key in limits else DASH for key in keys
    ]
    columns = {"outcome": "Outcome", "people_shown": "n", "threshold_shown": "Threshold, points"}
    classes = {"improved": "Improved", "unchanged": "Unchanged", "worsened": "Worsened"}
    for name, heading in classes.items():
        wide[name] = [_share(page, found.get((*key, RELIABLE, name))) for key in keys]
        columns[name] = heading
    spanners = {"Reliable change, %": list(classes)}
    if any((*key, RELEVANT, "reached") in found for key in keys):
        wide["reached"] = [_share(page, found.get((*key, RELEVANT, "reached"))) for key in keys]
        columns["reached"] = "Reached relevant change, %"
    notes = [
        "Threshold of reliable change for one person. Withheld: too few people in the class, or protecting such a "
        "class. Intervals stand in change/responders.csv."
    ]
    notes += _reasons(page, table.to_dict("records"))
    page.say("::: {#tbl-responders}\n")
    page.show(wide, columns, spanners=spanners, right=list(columns)[1:], name="responders", notes=notes)
    page.say("Participants by reliable change, and those who reached the smallest relevant change.\n:::")


def _reasons(page: Page, rows: list[dict[str, Any]]) -> list[str]:
    """Return what the notes of the rows say as few lines: the reliabilities together, then every other note once."""
    alphas: dict[str, str] = {}
    others: dict[str, list[str]] = {}
    for row in rows:
        name = _name(page, row)
        for part in _parts([row]):
            match = re.fullmatch(r"reliability:? ([\d.]+) \(alpha before(.*)\)", part)
            if match:
                alphas[name] = f"{name} {match[1]}" + (f" ({match[2].removeprefix(', ')})" if match[2] else "")
            elif name not in others.setdefault(part, []):
                others[part].append(name)
    lines = [f"Reliability (alpha before): {'; '.join(alphas.values())}."] if alphas else []
    return [*lines, *(f"{_capital(part)}: {'; '.join(names)}." for part, names in others.items())]


def _share(page: Page, row: dict[str, Any] | None) -> str:
    return DASH if row is None else page.cell(row, "estimate", 0)


# ---------------------------------------------------------------------------------------------------- for the team


def missing(page: Page) -> None:
    """Say who is missing and what that may do to the change, to the team only."""
    if not page.internal or page.table(MISSING).empty:
        return
    page.say("## Missing scores {#sec-missing}")
    table = page.table(MISSING)
    mains = {(row["scale"], row["cohort"]): row for row in _main(page).to_dict("records")}
    text = [
        "Not everybody has a score in both waves. @tbl-missing sets those who have both beside those who have only "
        "the first one, in their first score, and the mean change of the pairs beside the one with missing scores "
        "imputed. Imputation takes scores to be missing at random given the other score and the institution "
        "[@rubin1987]; whether that holds cannot be seen in the data."
    ]
    left = table[(table["statistic"] == ATTRITION) & table["ci_low"].notna()]
    if len(left):
        apart = page.count(_outside(left).sum(), MISSING, "intervals of g without zero")
        every = page.count(len(left), MISSING, "g with an interval")
        text.append(
            f"The interval of the difference in the first score excludes zero in {apart} of {every} outcomes; that a "
            "difference is not found does not show that there is none."
        )
    imputed = table[(table["statistic"] == IMPUTED) & table["ci_low"].notna()]
    if len(imputed):
        text.append(_imputed(page, imputed, mains))
    page.say(" ".join(text))
    rows = [row for row in table[table["statistic"] == TIPPING].to_dict("records") if row["role"] == "primary"]
    lines = [
        f"- **{_name(page, row)}.** The interval of the imputed mean change would hold zero if the scores that are "
        f"missing after were {page.value(MISSING, 'estimate', sign=True, question=row['question'])} standard "
        "deviations from what is imputed."
        for row in rows
        if _there(row["estimate"])
    ]
    page.say("\n".join(lines))
    _missing_table(page, table, mains)


def _outside(rows: pd.DataFrame) -> pd.Series:
    return (rows["ci_low"] > 0) | (rows["ci_high"] < 0)


def _imputed(page: Page, imputed: pd.DataFrame, mains: dict[tuple[str, str], dict[str, Any]]) -> str:
    """Say for how many outcomes the pairs and everybody say the same about zero."""
    differ = [
        _name(page, row)
        for row, outside in zip(imputed.to_dict("records"), _outside(imputed), strict=True)
        if outside != (mains[row["scale"], row["cohort"]]["reading"] in CLEAR)
    ]
    every = page.count(len(imputed), MISSING, "imputed mean change with an interval")
    if not differ:
        return f"In all {every} outcomes pairs and imputed scores say the same about zero."
    same = page.count(len(imputed) - len(differ), MISSING, "same about zero as the paired mean change")
    return f"In {same} of {every} outcomes pairs and imputed scores say the same about zero; not in {listed(differ)}."


def _missing_table(page: Page, table: pd.DataFrame, mains: dict[tuple[str, str], dict[str, Any]]) -> None:
    found = {(row["scale"], row["cohort"], row["statistic"]): row for row in table.to_dict("records")}
    wide = table.drop_duplicates(["scale", "cohort"]).reset_index(drop=True)
    keys = list(zip(wide["scale"], wide["cohort"], strict=True))
    wide["outcome"] = [_titled(page, row) for row in wide.to_dict("records")]
    outcomes = [_name(page, row) for row in wide.to_dict("records")]
    cells = {name: [found.get((*key, name)) for key in keys] for name in (ATTRITION, IMPUTED, TIPPING)}
    wide["first"] = [DASH if row is None else page.cell(row, "n", 0) for row in cells[ATTRITION]]
    wide["g"] = [DASH if row is None else _estimated(page, row) for row in cells[ATTRITION]]
    pairs = [mains.get(key) for key in keys]
    wide["pairs"] = [_estimated(page, row) if row and row["statistic"] == CHANGE else DASH for row in pairs]
    wide["imputed"] = [DASH if row is None else _estimated(page, row) for row in cells[IMPUTED]]
    wide["tipping"] = [DASH if row is None else page.cell(row, "estimate", None, True) for row in cells[TIPPING]]
    columns = {
        "outcome": "Outcome",
        "first": "n first",
        "g": "First score, g",
        "pairs": "Mean change of pairs, points",
        "imputed": "Mean change imputed, points",
        "tipping": "Tipping point, SD",
    }
    reasons: dict[str, list[str]] = {}
    for name, head in ((ATTRITION, "First score"), (IMPUTED, "Imputed"), (TIPPING, "Tipping point")):
        for outcome, row in zip(outcomes, cells[name], strict=True):
            if row and row["note"].startswith("undefined: "):
                reasons.setdefault(f"{head}, {row['note'].removeprefix('undefined: ')}", []).append(outcome)
    notes = [
        "n first: people with a first score. g: Hedges' g of the first score, those with both scores less those "
        "without the second; brackets: interval. Tipping point: the shift of the missing later scores at which the "
        "imputed interval first holds zero, in standard deviations.",
        *(f"{why}: {'; '.join(names)}." for why, names in reasons.items()),
    ]
    page.say("::: {#tbl-missing}\n")
    page.show(wide, columns, right=list(columns)[1:], name="missing", notes=notes)
    page.say("Completers against drop-outs, and mean change of the pairs and with imputed scores.\n:::")


def items(page: Page) -> None:
    """Say how many single items moved, to the team only."""
    if not page.internal or page.table(ITEMS).empty:
        return
    table = page.table(ITEMS)
    odds = table[(table["statistic"] == "odds ratio of a higher answer") & table["ci_low"].notna()]
    shares = table[table["p"].notna()]
    text = []
    if len(odds):
        clear = ((odds["ci_low"] > 1) | (odds["ci_high"] < 1)).sum()
        text.append(
            f"Of {page.count(len(odds), ITEMS, 'odds ratio with an interval')} single items, "
            f"{page.count(clear, ITEMS, 'intervals of the odds ratio without 1')} have an interval of the odds ratio "
            "of a higher answer, after against before, that excludes equal odds, by a cumulative "
            "logit model [@mccullagh1980]."
        )
    if len(shares):
        level = page.facts["statistics"]["confidence"]
        clear = page.count((shares["p"] < 1 - level).sum(), ITEMS, "McNemar tests with p below the level")
        text.append(
            f"Of {page.count(len(shares), ITEMS, 'McNemar tests')} items with two answers, {clear} differ between the "
            "waves by McNemar's exact test."
        )
    if text:
        text.append(
            "Nothing here is adjusted: with so many items some move by chance. Single items stand in "
            "`change/items.csv` and are for exploration."
        )
        page.say("## Single items {#sec-change-items}", " ".join(text))


def subgroups(page: Page) -> None:
    """Describe the mean change by cohort, to the team only and without a test between cohorts."""
    if not page.internal:
        return
    table = page.table("change/subgroups.csv")
    if table["estimate"].isna().all():
        return
    cohorts = list(dict.fromkeys(table["cohort"]))
    found = {(row["scale"], row["cohort"]): row for row in table.to_dict("records")}
    wide = table.drop_duplicates("scale")[["scale", "label"]].reset_index(drop=True)
    wide["outcome"] = [
        label + (LOWER_SHOWN if _lower(page, scale) else "")
        for scale, label in zip(wide["scale"], wide["label"], strict=True)
    ]
    columns = {"outcome": "Outcome"}
    for cohort in cohorts:
        cells = [found.get((scale, cohort)) for scale in wide["scale"]]
        wide[cohort] = [
            DASH if row is None else f"{_estimated(page, row)}, n\u00a0=\u00a0{page.cell(row, 'n', 0)}" for row in cells
        ]
        columns[cohort] = page.cohort(cohort)
    page.say(
        "## Cohorts {#sec-subgroups}",
        "@tbl-subgroups describes the mean change in each cohort. No comparison of cohorts is tested: "
        "that one interval excludes zero and another does not is no difference between them.",
        "::: {#tbl-subgroups}\n",
    )
    page.show(wide, columns, right=cohorts, name="subgroups")
    page.say("Mean change in points by cohort, with interval and pairs, descriptive only.\n:::")


def progression(page: Page) -> None:
    """Show the criteria for going on with their lights, to the team only."""
    if not page.internal or page.table(PROGRESSION).empty:
        return
    rows = page.table(PROGRESSION).to_dict("records")
    page.say("## Criteria for going on {#sec-progression}")
    said = []
    for light in LIGHTS:
        number = sum(row["light"] == light for row in rows)
        if number:
            said.append(f"{page.count(number, PROGRESSION, f'light={light}')} {light}")
    page.say(
        "Before the pilot is followed by a larger study, @tbl-progression sets what was found beside what was wanted "
        f"[@avery2017]: {listed(said) or 'no criterion could be judged'}. A light is green when the whole interval "
        "lies at the green threshold or above, red when it lies below the amber one, and amber between; where there is "
        "no interval, the estimate decides. The lights inform a decision; they do not make it."
    )
    lines = [
        "| Criterion | Found, % | Green from | Red below | Light | Source of the thresholds |",
        "|:-----------------|-------------:|---------:|---------:|:---------|:--------------|",
    ]
    for row in rows:
        colour = LIGHTS.get(row["light"], "")
        light = f'[●]{{style="color: {colour}"}} {row["light"]}' if colour else "not judged"
        green, amber = (format_number(row[name], 0 if row[name] % 1 == 0 else 1) for name in ("green", "amber"))
        cells = [_plain(row["label"]), page.interval(row, 1), green, amber, light, _plain(row["source"])]
        lines.append(f"| {' | '.join(cells)} |")
    notes = [f"{row['label']}: {row['note'].removeprefix('undefined: ')}." for row in rows if row["note"]]
    page.say("\n".join(lines), ": Criteria for going on, and what the pilot found. {#tbl-progression}")
    page.say(*[f"::: {{.small}}\n{_plain(note)}\n:::" for note in notes])


def _plain(text: str) -> str:
    """Return text of the configuration so that no sign of it is markup."""
    return re.sub(r"([\\`*_{}\[\]<>|#@^~$])", r"\\\1", text)
