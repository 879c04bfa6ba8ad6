"""What the report says about audits, levels, ratings of the standards, indicators, competences and the training."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from piloteval import tables
from piloteval.report.page import DASH, Page, format_number, format_p
from piloteval.report.words import callout, interval, listed

if TYPE_CHECKING:
    import pandas as pd

STANDARDS, INSTITUTIONS, VERDICTS = (f"certification/{name}.csv" for name in ("standards", "institutions", "verdicts"))
AUDITORS, DISAGREEMENTS, EFFORT = (f"certification/{name}.csv" for name in ("auditors", "disagreements", "effort"))
RATINGS, TRACKS, VALIDITY = (f"certification/{name}.csv" for name in ("ratings", "tracks", "validity"))
PROPOSALS, INDICATORS, CORRELATIONS = (
    f"certification/{name}.csv" for name in ("proposals", "indicators", "correlations")
)
DECISIONS, MISSING, SENSITIVITY = (
    f"certification/{name}.csv" for name in ("decisions", "to_next_level", "sensitivity")
)
COMPETENCES, TRAINING = "certification/competences.csv", "certification/training.csv"
RATERS = "reliability/raters.csv"

#: Start of the codes of standards whose official codes are not known.
PLACEHOLDER = "PLACEHOLDER-"
#: What the rows of `certification/auditors.csv` are about, and two of their statistics.
EXTERNAL, OWN = "external auditors", "self-assessment against external audit"
AGREED = "percent agreement"
KINDER, HARSHER = "self-assessment kinder, percent", "self-assessment harsher, percent"
#: Statistics of the competences.
MEAN, CHANGED = "mean rating", "mean change of the rating"
NO_LEVEL = "no level"
YES, NO, OPEN = "yes", "no", "open"
KEEP, REVISE, REMOVE = "keep", "revise", "remove"
#: Verdicts of standards that count for nothing.
NOT_COUNTED = ("not applicable", "not assessed")
#: What a decision on a standard makes of its proposal.
DECIDED = {
    "confirmed": "as proposed",
    "decided otherwise": "otherwise than proposed",
    "decided without a proposal": "without a proposal",
}
#: Levels of the evaluation of a training, and what each asks (Kirkpatrick).
TRAINED = {
    "reaction": "how the training was received",
    "learning": "what was learned",
    "behaviour": "what is done differently",
    "results": "what changed in the institutions",
}
#: Longest list of codes in a sentence.
MANY = 6


# ---------------------------------------------------------------------------------------------------- reading tables


def known(page: Page, name: str) -> pd.DataFrame:
    """Return a table, or one without rows where the study or the tier has it not."""
    import pandas as pd

    try:
        return page.table(name)
    except KeyError:
        return pd.DataFrame(columns=list(tables.CONTRACTS[f"internal/{name}"].columns))


def code(standard: str) -> str:
    """Return the code of a standard as pages show it: that of a placeholder without the word."""
    return str(standard).removeprefix(PLACEHOLDER)


def institution(site: str) -> str:
    """Return the code of an institution as pages show it."""
    return str(site).upper()


def indicator_name(name: str) -> str:
    """Return an indicator by its id as words: a share of people as burnout, %."""
    return str(name).replace("_percent", ", %").replace("_", " ")


def settled_later(disagreements: pd.DataFrame) -> set[tuple[str, str]]:
    """Return institution and standard of the disagreements that the final round settled."""
    found = disagreements[disagreements["settled"] == YES]
    return set(zip(found["site"], found["standard"], strict=True))


def shares_of_rule(proposals: pd.DataFrame | None) -> tuple[float | None, float | None]:
    """Return under which shares, in percent, the rule of the proposals revises and removes a standard.

    Parameters
    ----------
    proposals : pandas.DataFrame or None
        ``certification/proposals.csv``, whose rows say the rule in words; None in a tier without it.

    Returns
    -------
    revise, remove : float or None
        None where nothing is proposed.
    """
    rule = "" if proposals is None or proposals.empty else str(proposals["rule"].iloc[0])
    revise, remove = (
        re.search(rf"under ([\d.]+) % {words}", rule) for words in ("on any dimension", "favourable on feasibility")
    )
    none = remove is None or float(remove[1]) == 0
    return (None if revise is None else float(revise[1])), (None if none else float(remove[1]))


def ladder_of(ladder: pd.DataFrame | None, decisions: pd.DataFrame) -> dict[str, dict[str, str]]:
    """Return the levels of every track with their names, no level first.

    Parameters
    ----------
    ladder : pandas.DataFrame or None
        Rows of ``site, track, place, level, label``. Without it the order is put together from the decisions.
    decisions : pandas.DataFrame
        ``certification/decisions.csv``; a combination of tracks has no shares and is left out.
    """
    found: dict[str, dict[str, str]] = {}
    for track, here in decisions[decisions["standards"].notna()].groupby("track", sort=False):
        levels = {}
        if ladder is not None:
            own = ladder[ladder["track"] == track].drop_duplicates("level").sort_values("place")
            levels = dict(zip(own["level"], own["label"], strict=True))
        names = [*levels, *(level for level in _in_order(here) if level not in levels)]
        found[str(track)] = {NO_LEVEL: NO_LEVEL, **{level: levels.get(level, _spoken(level)) for level in names}}
    return found


def _spoken(level: str) -> str:
    """Return a level by its id as words."""
    return str(level).replace("_", " ").capitalize()


def _in_order(decisions: pd.DataFrame) -> list[str]:
    """Return the levels the decisions name, a level before those that were seen above it."""
    columns = ("level", "next_level", "possible_level", "applied_level")
    names = [one for name in columns for one in dict.fromkeys(decisions[name]) if one not in ("", NO_LEVEL)]
    above: dict[str, set[str]] = {name: set() for name in names}
    for row in decisions.to_dict("records"):
        chain = [one for one in (row["level"], row["next_level"], row["possible_level"]) if one in above]
        for low, high in pairwise(chain):
            above[high] |= {low} - {high}
    order: list[str] = []
    while len(order) < len(above):
        free = [name for name in above if name not in order and above[name] <= set(order)]
        order.append((free or [name for name in above if name not in order])[0])
    return order


def sourced(page: Page, text: str, source: str) -> str:
    """Return words from a table or the configuration in prose, each number in them with its source."""
    return re.sub(r"[\w./:%-]*\d[\w./:%-]*(?<![.:])", lambda one: page.span(one[0], source), text.replace("|", "\\|"))


def codes(page: Page, name: str, standards: list[str]) -> str:
    """Return codes in prose, the first of many."""
    shown = [page.span(code(one), f"{page.path(name)} | standard") for one in standards[:MANY]]
    more = len(standards) - MANY
    return listed([*shown, f"{page.count(more, name, 'further standards')} more"] if more > 0 else shown)


def _one(page: Page, name: str, row: dict[str, Any], digits: int | None = None) -> str:
    """Return an estimate in prose with its interval, where it has one."""
    import pandas as pd

    places = page.digits if digits is None else digits
    if pd.isna(row["ci_low"]):
        return page.value(name, "estimate", places, question=row["question"])
    return interval(page, name, places, question=row["question"])


def _share(page: Page, name: str, row: dict[str, Any], times: int = 1) -> str:
    """Return a share in prose as percent with its interval: 14 % [10, 19].

    ``times`` is 100 for a share from 0 to 1.
    """
    import pandas as pd

    def said(column: str) -> str:
        return page.span(format_number(times * row[column], 0), f"{page.path(name)} | {column} of {row['question']}")

    limits = "" if pd.isna(row["ci_low"]) else f" \\[{said('ci_low')}, {said('ci_high')}\\]"
    return f"{said('estimate')} %{limits}"


def _found(page: Page, name: str, **where: Any) -> dict[str, Any] | None:
    """Return the only row with an estimate, or none."""
    rows = known(page, name)
    for column, value in where.items():
        rows = rows[rows[column] == value]
    rows = rows[rows["estimate"].notna()]
    return rows.iloc[0].to_dict() if len(rows) == 1 else None


def _bound(text: str) -> str:
    """Return a number with its interval so that a line breaks before the bracket only."""
    before, bracket, after = text.partition(" [")
    return before + bracket + after.replace(" ", "\u00a0")


def _plural(number: int, word: str, words: str = "") -> str:
    return word if number == 1 else words or f"{word}s"


def _audited(page: Page) -> pd.DataFrame:
    """Return the settled verdicts, to the team only."""
    table = known(page, VERDICTS)
    return table if page.internal else table.iloc[:0]


def _levels(page: Page) -> pd.DataFrame:
    """Return the decisions on levels, to the team only, where the study has a rule."""
    table = known(page, DECISIONS)
    return table if page.internal and page.has("levels") else table.iloc[:0]


def _counted(verdicts: pd.DataFrame) -> pd.DataFrame:
    """Return the cases a verdict was expected in."""
    return verdicts[~verdicts["verdict"].isin(NOT_COUNTED)]


# ---------------------------------------------------------------------------------------------------- in short


def in_short(page: Page) -> str:
    """Return the certification in two sentences, for the summary."""
    verdicts = _audited(page)
    if verdicts.empty:
        return _rated_in_short(page)
    sites = page.count(verdicts["site"].nunique(), VERDICTS, "institutions")
    return " ".join([f"In {sites} institutions, {_verdicts_in_short(page, verdicts, 'all')}.", _levels_in_short(page)])


def _verdicts_in_short(page: Page, verdicts: pd.DataFrame, track: str) -> str:
    """Say how many cases have which verdict."""
    counted, where = _counted(verdicts), "" if track == "all" else f", track={track}"

    def number(kind: str) -> str:
        return page.count((counted["verdict"] == kind).sum(), VERDICTS, f"verdict={kind}{where}")

    disputed = (counted["verdict"] == "disputed").sum()
    left = f"; in {number('disputed')} the external auditors differ and no final round has settled it"
    case = " (a standard in an institution)" if track == "all" else ""
    return (
        f"of {page.count(len(counted), VERDICTS, f'applicable{where}')} applicable cases{case} {number('met')} are "
        "met, "
        f"{number('partly met')} partly met and {number('not met')} not met" + (left if disputed else "")
    )


def _levels_in_short(page: Page) -> str:
    """Say how many applications for a level have which answer."""
    rows = _levels(page)
    rows = rows[rows["applied_level"] != ""]
    if rows.empty:
        return ""
    every = page.count(len(rows), DECISIONS, "applied for a level")
    count = {
        answer: page.count((rows["granted"] == answer).sum(), DECISIONS, f"applied for a level, granted={answer}")
        for answer in (YES, NO, OPEN)
    }
    rule = " By a rule that is not confirmed, the" if (rows["status"] == "unconfirmed").any() else " The"
    return (
        f"{rule[1:]} level applied for is reached in {count[YES]} of {every} applications, not reached in "
        f"{count[NO]}, and open in {count[OPEN]}."
    )


def _rated_in_short(page: Page) -> str:
    """Say how many standards were rated."""
    ratings = known(page, RATINGS)
    if ratings.empty:
        return "Nothing was audited or rated." if page.internal else "No ratings of the standards can be shown."
    standards = page.count(ratings["standard"].nunique(), RATINGS, "rated standards")
    dimensions = [name.replace("_", " ") for name in dict.fromkeys(ratings["dimension"])]
    return f"{standards} standards were rated by people in the institutions on {listed(dimensions)}."


# ---------------------------------------------------------------------------------------------------- what there is


def placeholders(page: Page) -> str:
    """Return the note that standards are placeholders, empty where the official ones are in the catalogue."""
    name = STANDARDS if page.internal and len(known(page, STANDARDS)) else RATINGS
    table = known(page, name)
    if name == STANDARDS:
        rated = set(known(page, RATINGS)["standard"])
        table = table[(table["institutions"] > 0) | table["standard"].isin(rated)]
    missing = table[table["status"] == "placeholder"]
    if missing.empty:
        return ""
    number = page.count(missing["standard"].nunique(), name, "status=placeholder")
    every = page.count(table["standard"].nunique(), name, "standards on this page")
    tracks = listed(list(dict.fromkeys(missing["track"])))
    short = any(str(one).startswith(PLACEHOLDER) for one in missing["standard"])
    return callout(
        "warning",
        "Placeholder standards",
        f"{number} of the {every} standards on this page are placeholders: official codes, texts, core flags and "
        f"tiers of the standards for {tracks} are not in the catalogue until their owner fills them in. "
        + (f"Their codes are made up and shown without the word {PLACEHOLDER.rstrip('-').lower()}. " if short else "")
        + "Nothing can be concluded about a single one of them.",
    )


def certification(page: Page) -> None:
    """Say what data there are, and what the audits found."""
    verdicts = _audited(page)
    if verdicts.empty:
        public = (
            "" if page.internal else "Results of single institutions, and counts over so few, are for the study team."
        )
        page.say(f"{public} {_rated_in_short(page)}".strip(), placeholders(page))
        return
    page.say(_what_there_is(page, verdicts), placeholders(page))
    tracks = list(dict.fromkeys(verdicts["track"]))
    lines = [
        f"- **{track.capitalize()}.** {text[0].upper()}{text[1:]}."
        for track in tracks
        for text in [_verdicts_in_short(page, verdicts[verdicts["track"] == track], track)]
    ]
    page.say("\n".join(lines))
    where = " Levels are in @sec-levels." if len(_levels(page)) else " No level is decided: the study names no rule."
    page.say(
        "A case is a standard in an institution. It is met, partly met or not met where the external auditors share "
        "the verdict, and disputed where they do not; a verdict of the final round stands in for theirs. These "
        "counts "
        "describe and certify nothing." + where
    )


def _what_there_is(page: Page, verdicts: pd.DataFrame) -> str:
    """Say which verdicts there are."""
    sites = page.count(verdicts["site"].nunique(), VERDICTS, "institutions")
    standards = page.count(verdicts["standard"].nunique(), VERDICTS, "standards")
    tracks = list(dict.fromkeys(verdicts["track"]))
    kinds = [f"in the {_plural(len(tracks), 'track')} {listed(tracks)}"]
    more = []
    if (~verdicts["self_verdict"].isin(["", "not assessed"])).any():
        more.append("the institutions assessed themselves")
    later = settled_later(known(page, DISAGREEMENTS))
    if later:
        more.append(f"a final round settled {page.count(len(later), DISAGREEMENTS, 'settled=yes')} disagreements")
    beside = f" Besides, {listed(more)}." if more else ""
    return (
        f"External auditors gave verdicts on {standards} standards in {sites} institutions, {kinds[0]}.{beside} "
        "Auditors and institutions act in their roles, so nothing about them is withheld from the study team."
    )


def verdicts_figure(page: Page) -> None:
    """Show the verdicts, to the team only."""
    if len(_audited(page)):
        page.figure(
            "verdicts",
            "Settled verdict on every standard in every institution, by track, section and tier as far as the "
            "catalogue has them. Signs tell the colours apart in print; a dot marks a case that the final round "
            "settled.",
        )


def institutions_table(page: Page) -> None:
    """Show the institutions with their verdicts, to the team only."""
    import pandas as pd

    if _audited(page).empty:
        return
    every = known(page, INSTITUTIONS)
    table = every[every["round"] == "external"].copy()
    own = every[every["round"] == "self"].set_index(["site", "track"])["percent_met"]
    table["own_share"] = pd.Series(
        [own.get((row["site"], row["track"])) for row in table.to_dict("records")], index=table.index, dtype="float64"
    )
    table["track"] = table["track"].str.capitalize()
    table["place"] = [f"{institution(row['site'])} {row['name']}, {row['setting']}" for row in table.to_dict("records")]
    columns = {
        "place": "Institution",
        "applicable": "Applicable",
        "met": "Met",
        "partly_met": "Partly",
        "not_met": "Not met",
        "disputed": "Disputed",
        "percent_met": "Met, %",
        "own_share": "Self, %",
    }
    if table["own_share"].isna().all():
        del columns["own_share"]
    print("::: {#tbl-institutions}\n")
    page.show(
        table.sort_values("track", kind="stable"), columns, groups="track", name="institutions",
        digits={"percent_met": 0, "own_share": 0},
        notes=[
            "Standards by settled verdict; of those applicable, the share met, disputed ones not counted as met."
            + (" Self: the share met in the institution's own assessment." if "own_share" in columns else "")
        ],
    )  # fmt: skip
    print("Standards by verdict in every institution and track.\n:::\n")


# ---------------------------------------------------------------------------------------------------- the audit itself


def audit(page: Page) -> None:
    """Say how far auditors agree, how institutions see themselves, what is to be settled, and what audits cost."""
    if _audited(page).empty:
        return
    said = [_between_auditors(page), _standards_of_auditors(page), _themselves(page)]
    if not any([*said, _effort(page), len(known(page, DISAGREEMENTS))]):
        return
    page.say("## The audit itself {#sec-audit}", *said)
    if _themselves(page):
        page.figure(
            "self_external",
            "How institutions see themselves beside the verdict the external auditors share: by track, and for every "
            "standard on which an institution differs. The diamond is the share kinder less the share harsher.",
        )
    page.say(_effort(page), _disagreements(page))
    _disagreements_table(page)


def _between_auditors(page: Page) -> str:
    """Say how far external auditors agree over a track."""
    table, lines = known(page, RATERS), []
    for track in dict.fromkeys(table.loc[table["about"] == "auditors", "group"]):
        about = {"about": "auditors", "group": track, "level": "nominal"}
        share = _found(page, RATERS, **about, statistic="percent agreement")
        alpha = _found(page, RATERS, **about, statistic="Krippendorff's alpha (nominal)")
        if share is None:
            continue
        n = page.value(RATERS, "n", 0, question=share["question"])
        coefficient = f"; Krippendorff's alpha is {_one(page, RATERS, alpha, 2)}" if alpha else ""
        lines.append(
            f"- **{str(track).capitalize()}.** The external auditors of an institution give the same verdict in "
            f"{_share(page, RATERS, share, 100)} of {n} cases{coefficient}."
        )
    if not lines:
        return ""
    beside = " Other coefficients are in @sec-raters." if page.has("raters") else ""
    return "\n".join(lines) + (
        f"\n\nCases of one institution share their auditors and are alike, so these intervals are too narrow.{beside}"
    )


def _standards_of_auditors(page: Page) -> str:
    """Say on which standards external auditors agree everywhere, and where least."""
    table = known(page, AUDITORS)
    rows = table[(table["about"] == EXTERNAL) & (table["statistic"] == AGREED)].dropna(subset=["estimate"])
    if rows.empty:
        return ""
    least = rows["estimate"].min()
    every = page.count(len(rows), AUDITORS, f"{EXTERNAL}, {AGREED}, standards")
    full = page.count((rows["estimate"] == 1).sum(), AUDITORS, f"{EXTERNAL}, {AGREED}, estimate at its most")
    few, many = (
        page.span(format_number(value, 0), f"{page.path(AUDITORS)} | {words} n of {EXTERNAL}, {AGREED}")
        for value, words in ((rows["n"].min(), "least"), (rows["n"].max(), "most"))
    )
    text = f"On {full} of {every} standards the auditors agree in every institution"
    if least < 1:
        lowest = rows[rows["estimate"] == least]
        share = page.span(format_number(100 * least, 0), f"{page.path(AUDITORS)} | least estimate of {AGREED}")
        text += f"; they agree least on {codes(page, AUDITORS, list(lowest['standard']))} ({share} %)"
    between = few if few == many else f"{few} to {many}"
    return (
        f"{text}. For one standard n counts institutions, {between} of them, and one more would move the number by "
        "much: agreement standard by standard, in `certification/auditors.csv`, is a hint where to look and no "
        "finding."
    )


def _themselves(page: Page) -> str:
    """Say how often institutions are kinder or harsher with themselves than the external auditors."""
    table, lines = known(page, AUDITORS), []
    own = table[(table["about"] == OWN) & (table["standard"] == "")]
    for track in dict.fromkeys(own["track"]):
        kinder, harsher = (
            _found(page, AUDITORS, about=OWN, track=track, standard="", statistic=one) for one in (KINDER, HARSHER)
        )
        if kinder is None or harsher is None:
            continue
        n, out = (page.value(AUDITORS, name, 0, question=kinder["question"]) for name in ("n", "n_dropped"))
        left = f" ({out} further cases are left out: {kinder['dropped_reason']})" if kinder["n_dropped"] else ""
        lines.append(
            f"- **{track.capitalize()}.** Kinder in {_share(page, AUDITORS, kinder)} and harsher in "
            f"{_share(page, AUDITORS, harsher)} of {n} cases{left}."
        )
    if not lines:
        return ""
    return (
        "Institutions also assessed themselves. Where the external auditors share a verdict, the institution's own is "
        "(@fig-self-external):\n\n" + "\n".join(lines)
    )


def _effort(page: Page) -> str:
    """Say what a visit and an institution took in time and money."""
    said = []
    for row in known(page, EFFORT).dropna(subset=["median"]).to_dict("records"):
        where = {name: row[name] for name in ("round", "measure", "unit")}

        def value(column: str, where: dict[str, str] = where) -> str:
            return page.value(EFFORT, column, 0, **where)

        what = "time" if row["measure"] == "minutes" else row["measure"]
        lacking = f" ({sourced(page, row['note'], f'{page.path(EFFORT)} | note')})" if row["note"] else ""
        said.append(
            f"In the {row['round']} round, a visit had a median {what} of {value('median')} {row['unit']}, from "
            f"{value('low')} to {value('high')} ({value('visits')} visits in {value('institutions')} institutions), "
            f"and an institution took {value('per_institution')} {row['unit']} on average{lacking}."
        )
    return f"**Time and cost.** {' '.join(said)}" if said else ""


def _disagreements(page: Page) -> str:
    """Say how many disagreements there are, and how many the final round settled."""
    table = known(page, DISAGREEMENTS)
    if table.empty:
        return "**Disagreements.** The external auditors differ on no standard."
    every = page.count(len(table), DISAGREEMENTS, "rows")
    settled = page.count((table["settled"] == YES).sum(), DISAGREEMENTS, "settled=yes")
    left = (table["settled"] != YES).sum()
    text = f"**Disagreements.** In {every} cases the external auditors differ"
    far = (table["steps_apart"] > 1).sum()
    text += (
        f", in {page.count(far, DISAGREEMENTS, 'steps_apart above one')} of them between met and not met"
        if far
        else ", never between met and not met"
        if table["steps_apart"].notna().any()
        else ""
    )
    waiting = (
        f", and {page.count(left, DISAGREEMENTS, 'settled=no')} {_plural(int(left), 'waits', 'wait')} for the "
        "conference (@tbl-disagreements)"
        if left
        else "; none is left"
    )
    return f"{text}. The final round settled {settled} of them{waiting}."


def _disagreements_table(page: Page) -> None:
    """Show the disagreements that wait for the conference."""
    every = known(page, DISAGREEMENTS)
    table = every[every["settled"] != YES].copy()
    if table.empty:
        return
    names = dict(zip(known(page, INSTITUTIONS)["site"], known(page, INSTITUTIONS)["name"], strict=True))
    table["place"] = [f"{institution(site)} {names.get(site, '')}".strip() for site in table["site"]]
    table["verdicts"] = [_without_auditors(words) for words in table["verdicts"]]
    shown = table.groupby(["place", "verdicts"], sort=False)["standard"].agg(_several).reset_index()
    columns = {"place": "Institution", "verdicts": "Verdicts given", "standard": "Standards"}
    print("::: {#tbl-disagreements}\n")
    page.show(shown, columns, name="disagreements")
    print("Standards on which the external auditors differ and which no final round has settled.\n:::\n")


def _without_auditors(verdicts: str) -> str:
    """Return the verdicts given to a standard, the worst first, without the codes of the auditors."""
    given = [one.rpartition(": ")[2] for one in re.split(r"; | · ", verdicts)]
    order = ("not met", "partly met", "met", "not applicable")
    return " or ".join(sorted(dict.fromkeys(given), key=lambda one: order.index(one) if one in order else len(order)))


# ---------------------------------------------------------------------------------------------------- indicators


def indicators(page: Page) -> None:
    """Set the indicators of the institutions beside their share of standards met, to the team only."""
    if not page.internal:
        return
    table = known(page, CORRELATIONS).dropna(subset=["estimate"])
    if table.empty and known(page, INDICATORS).empty:
        return
    page.say("## Indicators of the institutions {#sec-indicators}", _related(page, table))
    if len(table):
        page.figure(
            "indicators",
            "Indicators of the institutions against the share of standards met in the external audit: the last "
            "period, and the change between the periods. A point is an institution.",
        )
        _correlations_table(page, table)
    _indicators_table(page)


def _related(page: Page, table: pd.DataFrame) -> str:
    """Say what so few institutions can show."""
    if table.empty:
        return "Too few institutions have an indicator beside their audit for a correlation; the values are below."
    names = [indicator_name(name).removesuffix(", %") for name in dict.fromkeys(table["indicator"])]
    longest = table.loc[table["n"].idxmax()]
    source = f"{page.path(CORRELATIONS)} | sentence of {longest['question']}"
    clear = page.count(
        (table["p_adjusted"] < 1 - _level(page)).sum(), CORRELATIONS, "p_adjusted under one less the level"
    )
    every = page.count(len(table), CORRELATIONS, "correlations")
    return (
        f"Whether a certification goes along with {listed(names)} is the next question, and none this pilot can "
        "answer. Each indicator is set beside the share of applicable standards that the external audit found met "
        f"(@fig-indicators). {sourced(page, str(longest['sentence']), source)} After Holm's adjustment, {clear} of "
        f"{every} rank correlations are clear of zero [@holm1979]."
    )


def _level(page: Page) -> float:
    return float(page.facts.get("statistics", {}).get("confidence", 0.95))


def _correlations_table(page: Page, table: pd.DataFrame) -> None:
    """Show the rank correlation of every indicator and period."""
    shown = table.copy()
    shown["track"] = shown["track"].str.capitalize()
    shown["what"] = shown["indicator"].map(indicator_name).str.capitalize()
    shown["when"] = [
        f"change, {row['period']}" if row["measure"] != "value" else row["period"] for row in table.to_dict("records")
    ]
    shown["rho"] = [page.interval(row, 2) for row in table.to_dict("records")]
    shown["chance"] = [format_p(value) for value in table["p"]]
    shown["adjusted"] = [format_p(value) for value in table["p_adjusted"]]
    shown["found"] = [format_number(value, 2) for value in table["detectable"]]
    columns = {
        "what": "Indicator",
        "when": "Period",
        "n": "n",
        "rho": "ρ [interval]",
        "chance": "p, exact",
        "adjusted": "p, Holm",
        "found": "Findable ρ",
    }
    print("::: {#tbl-correlations}\n")
    page.show(
        shown, columns, groups="track", right=["n", "rho", "chance", "adjusted", "found"], name="correlations",
        notes=[
            "ρ: Spearman's rank correlation with the share of standards met; p by permutation of the institutions. "
            "Findable: the least ρ that so many institutions would find with a power of 80 %; none where there is "
            "none."
        ],
    )  # fmt: skip
    print("Indicators of the institutions and the share of standards met, by track.\n:::\n")


def _indicators_table(page: Page) -> None:
    """Show the indicators by period."""
    table = known(page, INDICATORS).copy()
    if table.empty:
        return
    table["indicator"] = table["indicator"].map(indicator_name).str.capitalize()
    columns = {
        "indicator": "Indicator",
        "period": "Period",
        "institutions": "Institutions",
        "mean": "Mean",
        "sd": "SD",
        "median": "Median",
    }
    print("::: {#tbl-indicators}\n")
    page.show(table, columns, digits=dict.fromkeys(("mean", "sd", "median"), 1), name="indicators")
    print("Indicators by period, over the institutions that gave a value.\n:::\n")


# ---------------------------------------------------------------------------------------------------- ratings


def ratings(page: Page) -> None:
    """Say how the standards were rated."""
    table = known(page, RATINGS)
    if table.empty:
        return
    low, high = page.facts["rating"]["range"]
    lowest, highest = (page.setting(end, "certification.rating_range") for end in (low, high))
    favourable = page.setting(page.facts["rating"]["agree_from"], "certification.rating_agree_from")
    shares = []
    for dimension, value in table.groupby("dimension", sort=False)["estimate"].median().items():
        share = page.span(format_number(value, 0), f"{page.path(RATINGS)} | median of estimate, dimension={dimension}")
        shares.append(f"{share} % for {dimension.replace('_', ' ')}")
    page.say(
        "## Ratings of the standards {#sec-ratings}",
        f"People in the institutions rated the standards from {lowest} to {highest}; {favourable} or more counts as "
        f"favourable. Over the standards, the median share of favourable ratings is {listed(shares)}. Intervals of "
        "single standards are Wilson's [@wilson1927] and take the people as independent, though those of one "
        "institution may rate alike; they stand in `certification/ratings.csv`.",
    )
    if table["estimate"].notna().any():
        bars = (
            " and the shares under which it is proposed to revise or remove it" if len(known(page, PROPOSALS)) else ""
        )
        page.figure(
            "ratings", f"Share of favourable ratings of every standard by dimension, with its interval{bars}. In every "
            "track the standards with the lowest share come first."
        )  # fmt: skip


def ratings_table(page: Page) -> None:
    """Show the standards with the least favourable ratings."""
    table = known(page, RATINGS)
    if table["estimate"].isna().all():
        return
    wide = table.pivot(index=["track", "standard"], columns="dimension", values="estimate").reset_index()
    dimensions = list(dict.fromkeys(table["dimension"]))
    wide["n"] = wide["standard"].map(table.groupby("standard")["n"].min()).astype("Int64")
    wide["lowest"] = wide[dimensions].min(axis=1)
    worst = wide.dropna(subset=["lowest"]).sort_values(["lowest", "standard"]).head(10)
    worst["standard"] = [f"{code(row['standard'])}, {row['track']}" for row in worst.to_dict("records")]
    columns = {
        "standard": "Standard",
        "n": "n",
        **{name: name.replace("_", " ").capitalize() for name in dimensions},
    }
    print("::: {#tbl-ratings}\n")
    page.show(worst, columns, digits=dict.fromkeys(dimensions, 0), name="ratings")
    print("Standards whose ratings are least favourable: share of favourable ratings by dimension, in percent.\n:::\n")


def validity(page: Page) -> None:
    """Show the content validity of the standards of every track, to the team only."""
    import pandas as pd

    table, each = known(page, TRACKS), known(page, VALIDITY)
    table = table[table["estimate"].notna()]
    if not page.internal or table.empty:
        return
    rows = []
    for track, dimension in dict.fromkeys(zip(table["track"], table["dimension"], strict=True)):
        here = {row["statistic"]: row for row in page.rows(TRACKS, track=track, dimension=dimension).to_dict("records")}
        own = each[(each["track"] == track) & (each["dimension"] == dimension)]
        average, universal = here.get("S-CVI/Ave"), here.get("S-CVI/UA")
        rows.append(
            {
                "track": track.capitalize(),
                "dimension": dimension.replace("_", " ").capitalize(),
                "n": " / ".join(format_number((average or universal)[name], 0) for name in ("raters", "n")),
                "average": DASH if average is None else page.cell(average, "estimate", 2),
                "universal": DASH if universal is None else page.cell(universal, "estimate", 2),
                "kappa": _spread(own[own["statistic"] == "modified kappa"]["estimate"]),
                "aiken": _spread(own[own["statistic"] == "Aiken's V"]["estimate"]),
            }
        )
    columns = {
        "dimension": "Dimension",
        "n": "People / standards",
        "average": "S\u2011CVI/Ave",
        "universal": "S\u2011CVI/UA",
        "kappa": "Modified kappa",
        "aiken": "Aiken's V",
    }
    page.say(
        "@tbl-validity sums up the same ratings as indices of content validity. That of one standard (I-CVI) is its "
        "share of favourable ratings; over the standards of a track stand the mean of these (S-CVI/Ave) and the "
        "share of standards that everybody rated favourably (S-CVI/UA). Modified kappa takes away what chance alone "
        "would give, and Aiken's V uses how high the ratings are. All of it, standard by standard with intervals, is "
        "in `certification/validity.csv`; an index is left out where it would tell how few people gave a rating."
    )
    print("::: {#tbl-validity}\n")
    page.show(
        pd.DataFrame(rows), columns, groups="track", right=list(columns)[1:], name="validity",
        notes=["Modified kappa and Aiken's V: lowest and median of the standards with a value."],
    )  # fmt: skip
    print("Content validity of the standards by track and dimension.\n:::\n")


def _spread(values: pd.Series) -> str:
    """Return the lowest and the middle of values."""
    shown = values.dropna()
    return f"{format_number(shown.min())} / {format_number(shown.median())}" if len(shown) else DASH


def proposals(page: Page) -> None:
    """Say what the ratings propose to do with the standards and what people decided, to the team only."""
    table = known(page, PROPOSALS)
    if not page.internal or table.empty or not ((table["proposal"] != "") | (table["decision"] != "")).any():
        return

    def number(rows: pd.DataFrame, what: str) -> str:
        return page.count(len(rows), PROPOSALS, what)

    proposed = table[table["proposal"] != ""]
    kinds = [
        f"to {kind} {number(proposed[proposed['proposal'] == kind], f'proposal={kind}')}"
        for kind in (KEEP, REVISE, REMOVE)
    ]
    unconfirmed = (table["rule_status"] == "unconfirmed").any()
    rule = sourced(page, str(table["rule"].iloc[0]), f"{page.path(PROPOSALS)} | rule")
    clear = number(proposed[proposed["clear"] == YES], "clear=yes")
    decided = table[table["decision"] != ""]
    how = [
        f"{number(decided[decided['state'] == state], f'state={state}')} {words}"
        for state, words in DECIDED.items()
        if (decided["state"] == state).any()
    ]
    people = listed(list(dict.fromkeys(one for one in decided["decided_by"] if one)))
    page.say(
        "### What to do with the standards {#sec-proposals}",
        f"The ratings propose {listed(kinds)} of {number(proposed, 'proposed')} rated standards. The rule: {rule}."
        + (" The shares are choices of this evaluation and not confirmed." if unconfirmed else "")
        + f" In {clear} proposals the interval leaves the share of the rule out; the others could turn with a few "
        "more ratings.",
        "A proposal settles nothing; a decision with a name and a date does. "
        + (
            f"{number(decided, 'decided')} standards were decided on, {listed(how)} (decided by: {people}); "
            f"{number(proposed[proposed['decision'] == ''], 'proposed, not decided')} proposals are open. "
            if len(decided)
            else "Nobody has decided on a standard yet. "
        )
        + "Overlap and regulatory conflict cannot be read from ratings and come from people alone (@tbl-proposals).",
    )
    _proposals_table(page, table)


def _proposals_table(page: Page, table: pd.DataFrame) -> None:
    """Show the standards that are proposed to be changed or were decided on."""
    shown = table[table["proposal"].isin([REVISE, REMOVE]) | (table["decision"] != "")].copy()
    if shown.empty:
        return
    rows = shown.to_dict("records")
    reasons = ["; ".join(filter(None, [row["reason"], row["other_reasons"]])) for row in rows]
    shown["track"] = shown["track"].str.capitalize()
    shown["standard"] = [
        ": ".join(filter(None, [code(row["standard"]), why])) for row, why in zip(rows, reasons, strict=True)
    ]
    shown["share"] = [page.interval(row, 0) for row in rows]
    shown["said"] = [_decision(row) for row in rows]
    shown["proposal"] = [row["proposal"] or DASH for row in rows]
    shown["clear"] = [row["clear"] or DASH for row in rows]
    columns = {
        "standard": "Standard, and reasons from the ratings",
        "proposal": "Proposal",
        "share": "Share, % [interval]",
        "clear": "Clear",
        "said": "Decision",
    }
    print("::: {#tbl-proposals}\n")
    page.show(
        shown, columns, groups="track", right=["share"], name="proposals",
        notes=[
            "Share: favourable ratings on the dimension of the first reason. Clear: whether the interval leaves the "
            "share of the rule out."
        ],
    )  # fmt: skip
    print("Standards proposed to be revised or removed, and those that people decided on.\n:::\n")


def _decision(row: dict[str, Any]) -> str:
    """Return what was decided on a standard, why, by whom and when."""
    if not row["decision"]:
        return row["decision_note"] or OPEN
    about = ", ".join(filter(None, [row["decided_by"], row["decided_on"]]))
    return f"{row['decision']}{': ' + row['decision_reason'] if row['decision_reason'] else ''} ({about})"


# ---------------------------------------------------------------------------------------------------- levels


def levels(page: Page) -> None:
    """Say which levels the institutions reach by the rule of the study, to the team only."""
    decisions = _levels(page)
    if decisions.empty:
        return
    page.say("## Levels {#sec-levels}", _rule_of_levels(page, decisions), _answers(page, decisions))
    if ladder_of(None, decisions):
        page.figure(
            "levels",
            "Level every institution reached for sure, can reach at most once everything open is settled, and "
            "applied for, with the answer to the application.",
        )
    _levels_table(page, decisions)
    _to_next_level(page)
    _sensitivity(page)


def _rule_of_levels(page: Page, decisions: pd.DataFrame) -> str:
    """Say where the rule comes from and whether it is confirmed."""
    source = str(page.facts.get("levels", {}).get("source", "")).strip()
    quoted = sourced(page, source, "levels.yaml | source")
    made_up = decisions["placeholders"].fillna(0).sum() and (decisions["placeholders"] == decisions["standards"]).any()
    hollow = " All standards of a track are placeholders, so nothing here is about the standards." if made_up else ""
    if (decisions["status"] == "unconfirmed").any():
        return callout(
            "warning",
            "The rule is not confirmed",
            "No level below is a certificate. "
            + (quoted or "Every threshold, and what a verdict counts for, is a choice of this evaluation.")
            + " The rule is the file that `certification.levels` names; the owner of the standards can replace it."
            + hollow,
        )
    return f"The rule is confirmed. {quoted}{hollow}".strip()


def _answers(page: Page, decisions: pd.DataFrame) -> str:
    """Say how the applications are answered, and why answers stay open."""
    tracks = decisions[decisions["standards"].notna()]
    flags = page.count((tracks["core_unknown"] > 0).sum(), DECISIONS, "core_unknown above none")
    disputed = page.count((tracks["disputed"] > 0).sum(), DECISIONS, "disputed above none")
    every = page.count(len(tracks), DECISIONS, "institutions and tracks")
    text = [
        _levels_in_short(page),
        "A level is reached when it is fulfilled whatever the facts that are missing turn out to be, out of reach "
        "when it is not fulfilled whatever they are, and open otherwise.",
        f"Of {every} institutions in a track, {flags} have standards of which it is not known whether they are core, "
        f"and {disputed} have verdicts in dispute.",
    ]
    for name, here in decisions[decisions["standards"].isna()].groupby("track", sort=False):
        count = [
            f"{page.count((here['granted'] == answer).sum(), DECISIONS, f'track={name}, granted={answer}')} {answer}"
            for answer in (YES, NO, OPEN)
        ]
        text.append(f"{_spoken(str(name))}, a combination of tracks: {listed(count)}.")
    return " ".join(text)


def _levels_table(page: Page, decisions: pd.DataFrame) -> None:
    """Show the level of every institution and track with the shares it rests on."""
    shown = decisions[decisions["standards"].notna()].copy()
    if shown.empty:
        return
    ladder = ladder_of(_ladder(page), decisions)
    rows = shown.to_dict("records")

    def name(row: dict[str, Any], column: str) -> str:
        return ladder[row["track"]].get(row[column], _spoken(row[column])) if row[column] else "not known"

    shown["track"] = shown["track"].str.capitalize()
    shown["who"] = [f"{institution(row['site'])}, applied for: {name(row, 'applied_level')}" for row in rows]
    for column in ("level", "possible_level"):
        shown[f"{column}_said"] = [name(row, column) for row in rows]
    shown["about"] = [f"{name(row, 'about_level')}: {_shares(row)}" for row in rows]
    shown["held"] = [row["held_until"] or DASH for row in rows]
    shown["granted"] = [
        f"{row['granted']}, until {row['valid_until']}" if row["valid_until"] else row["granted"] for row in rows
    ]
    columns = {
        "who": "Institution",
        "granted": "Answer",
        "level_said": "Reached",
        "possible_level_said": "At most",
        "about": "Next level, and what it asks",
    }
    if (shown["held"] != DASH).any():
        columns["held"] = "Certified until"
    print("::: {#tbl-levels}\n")
    page.show(
        shown, columns, groups="track", name="levels",
        notes=[
            "Next level: the next one or, where all are reached, the last, with the share of standards that counts "
            "as met and the least share that is asked for."
            + (" Certified until: the certificate held before." if "held" in columns else "")
        ],
    )  # fmt: skip
    print("Level of every institution by the rule of the study.\n:::\n")


def _ladder(page: Page) -> pd.DataFrame | None:
    """Return every level of every track, where the study has that table."""
    try:
        return page.table("certification/ladder.csv")
    except KeyError:
        return None


def _shares(row: dict[str, Any]) -> str:
    """Return the shares a level asks for with what an institution has of them."""
    groups = {"core": "core", "elementary": "elementary", "advanced": "advanced", "overall": "all"}
    said = []
    for group, words in groups.items():
        if row[f"{group}_least"] and row[f"{group}_of"]:
            has, least = (format_number(row[f"{group}_{name}"], 0) for name in ("percent", "least"))
            said.append(f"{has}\u00a0% of {words} (asks\u00a0{least}\u00a0%)")
    return ", ".join(said) or "no share can be counted"


def _to_next_level(page: Page) -> None:
    """Show what is missing to the next level, standard by standard."""
    import pandas as pd

    table = known(page, MISSING)
    if table.empty:
        page.say("Every institution has reached the highest level it could apply for.")
        return
    ladder = ladder_of(_ladder(page), known(page, DECISIONS))
    rows = []
    for (site, track, level), here in table.groupby(["site", "track", "level"], sort=False):
        standards = here[here["item"] == "standard"]
        other = list(dict.fromkeys(here.loc[here["item"] != "standard", "reason"]))
        rows.append(
            {
                "track": track.capitalize(),
                "who": f"{institution(site)}, {ladder.get(track, {}).get(level, _spoken(level))}",
                NO: _several(standards[standards["answer"] == NO]["standard"]),
                OPEN: _several(standards[standards["answer"] == OPEN]["standard"]),
                "other": "; ".join(other) or DASH,
            }
        )
    shown = pd.DataFrame(rows).sort_values("track", kind="stable")
    columns = {"who": "Institution, next level", NO: "In the way", OPEN: "Open", "other": "Besides"}
    if (shown["other"] == DASH).all():
        del columns["other"]
    page.say(
        "### What is missing {#sec-missing-levels}",
        "@tbl-next-level lists what stands between every institution and its next level. Not everything listed has "
        "to be met, since a level asks for shares; reasons, standard by standard, are in "
        "`certification/to_next_level.csv`.",
    )
    print("::: {#tbl-next-level}\n")
    page.show(
        shown, columns, groups="track", name="next-level",
        notes=[
            "In the way: counts as not met or partly met. Open: hangs on a verdict in dispute or missing, or on "
            "whether the standard is core."
        ],
    )  # fmt: skip
    print("Standards between every institution and its next level.\n:::\n")


def _several(standards: pd.Series) -> str:
    """Return codes as a list with the start they share said once: INT-01, 04, 07."""
    short = [code(one) for one in standards]
    said, before = [], ""
    for one in short:
        start, dash, number = one.rpartition("-")
        said.append(number if dash and start == before else one)
        before = start if dash else ""
    return ", ".join(said) or DASH


def _sensitivity(page: Page) -> None:
    """Say what the levels hang on: verdicts in dispute, and core flags that are not known."""
    table = known(page, SENSITIVITY)
    if table.empty:
        return

    def number(rows: pd.DataFrame, what: str) -> str:
        return page.count(len(rows), SENSITIVITY, what)

    disputed = table[table["disputed"] > 0]
    turned = disputed[disputed["worst_answer"] != disputed["best_answer"]]
    alone = turned[turned["hangs_on"] != ""]
    flags = table[
        (table["lowest_with_flags"] != table["lowest_level"]) | (table["highest_with_flags"] != table["highest_level"])
    ]
    text = [
        f"Verdicts in dispute are there in {number(disputed, 'disputed above none')} of {number(table, 'rows')} "
        "institutions and tracks. Put at their worst and at their best, they change the answer about the level "
        f"applied for in {number(turned, 'worst_answer differs from best_answer')}"
        + (f", in {number(alone, 'hangs_on a standard')} of them by one standard alone" if len(alone) else "")
        + ".",
        "With core flags that are not known put either way besides, the lowest or highest level changes in "
        f"{number(flags, 'flags')} more."
        if len(flags)
        else "",
        "Every verdict and flag that was tried is in `certification/alternatives.csv`.",
    ]
    page.say("### What the levels hang on {#sec-sensitivity}", " ".join(filter(None, text)))
    if disputed.empty:
        return
    ladder = ladder_of(_ladder(page), known(page, DECISIONS))
    shown, rows = disputed.copy(), disputed.to_dict("records")
    shown["track"] = shown["track"].str.capitalize()

    def name(row: dict[str, Any], column: str) -> str:
        return ladder.get(row["track"], {}).get(row[column], _spoken(row[column]))

    shown["who"] = [f"{institution(row['site'])}, {name(row, 'asked_level')}" for row in rows]
    shown["span"] = [
        " to ".join(dict.fromkeys(name(row, column) for column in ("lowest_level", "highest_level"))) for row in rows
    ]
    shown["hangs_on"] = [code(one) or DASH for one in shown["hangs_on"]]
    columns = {
        "who": "Institution, level asked",
        "disputed": "Disputed",
        "answer": "Now",
        "worst_answer": "At worst",
        "best_answer": "At best",
        "span": "Lowest to highest level",
        "hangs_on": "Hangs on",
    }
    if not (disputed["hangs_on"] != "").any():
        del columns["hangs_on"]
    print("::: {#tbl-sensitivity}\n")
    page.show(
        shown, columns, groups="track", name="sensitivity",
        spanners={"Answer": ["answer", "worst_answer", "best_answer"]},
        notes=[
            "Every disputed verdict at the worst and at the best of what its auditors gave."
            + (" Hangs on: the one standard whose verdict decides alone." if "hangs_on" in columns else "")
        ],
    )  # fmt: skip
    print("Levels with the verdicts in dispute settled one way or the other.\n:::\n")


# ---------------------------------------------------------------------------------------------------- competences


def competences(page: Page) -> None:
    """Say how people rate their competences, to the team only."""
    table = known(page, COMPETENCES)
    if not (page.internal and page.has("competences")) or table.empty:
        return
    about = table.drop_duplicates("standard")
    every = page.count(len(about), COMPETENCES, "competences")
    core = about[about["core"] == YES]
    unknown = (about["core"] == "unknown").sum()
    text = (
        f"People rated themselves on {every} competences of the catalogue, a question each. These are ratings of "
        "oneself: they tell how sure people feel and not what an assessor would see, and who learns may also come to "
        "ask more of themselves."
    )
    if len(core):
        text += f" {codes(page, COMPETENCES, list(core['standard']))} {_plural(len(core), 'is a', 'are')} core "
        text += f"{_plural(len(core), 'competence')} and {_plural(len(core), 'comes', 'come')} first."
    if unknown:
        text += (
            f" Of {page.count(unknown, COMPETENCES, 'core=unknown')} it is not known whether they are core: the "
            "source that was seen does not say."
        )
    missing = about[about["status"] == "placeholder"]
    page.say(
        "# Competences, as people rate themselves {#sec-competences}",
        text,
        callout(
            "warning", "Placeholder competences",
            f"{page.count(len(missing), COMPETENCES, 'status=placeholder')} of them are placeholders until their "
            "owner fills them in.",
        ) if len(missing) else "",
        _changed(page, table),
    )  # fmt: skip
    if table.loc[table["statistic"] == MEAN, "estimate"].notna().any():
        page.figure(
            "competences",
            "Mean rating of oneself on every competence by wave and cohort, with intervals; core competences first.",
        )
        _competences_table(page, table)


def _changed(page: Page, table: pd.DataFrame) -> str:
    """Say in how many competences the ratings of the same people changed."""
    changes = table[(table["statistic"] == CHANGED) & table["ci_low"].notna()]
    said = []
    for cohort, here in changes.groupby("cohort", sort=False):
        up, down = (
            page.count(((here["ci_low"] > 0) if up else (here["ci_high"] < 0)).sum(), COMPETENCES,
                       f"cohort={cohort}, interval {'above' if up else 'below'} no change")
            for up in (True, False)
        )  # fmt: skip
        every = page.count(len(here), COMPETENCES, f"cohort={cohort}, changes with an interval")
        said.append(f"- **{page.cohort(str(cohort))}.** Higher in {up} and lower in {down} of {every} competences.")
    if not said:
        return "No change of the same people can be told."
    return (
        "Of people who rated a competence in both waves, the later mean rating is (interval of the change without "
        "zero):"
        "\n\n" + "\n".join(said) + "\n\nWith so many competences some intervals exclude zero by chance, and nothing is "
        "adjusted for that."
    )


def _competences_table(page: Page, table: pd.DataFrame) -> None:
    """Show the mean of every competence by wave, and its change, the cohorts side by side."""
    about = table.drop_duplicates("standard").sort_values("core", key=lambda core: core != YES, kind="stable")
    wide = about[["standard", "short_name", "core"]].reset_index(drop=True)
    wide["name"] = [f"{code(row['standard'])} {row['short_name']}" for row in wide.to_dict("records")]
    wide["core"] = wide["core"].map({YES: "Core", NO: "Not core"}).fillna("Core or not is not known")
    found = {(row["standard"], row["cohort"], row["wave"], row["statistic"]): row for row in table.to_dict("records")}
    columns, spanners, right = {"name": "Competence"}, {}, []
    waves = [wave for wave in dict.fromkeys(table["wave"]) if wave]
    for cohort in dict.fromkeys(table["cohort"]):
        keys = [*((wave, MEAN, page.wave(wave).split()[0]) for wave in waves), ("", CHANGED, "Change [interval]")]
        own = []
        for wave, statistic, heading in keys:
            cells = [found.get((standard, cohort, wave, statistic)) for standard in wide["standard"]]
            if all(cell is None for cell in cells):
                continue
            column = f"{cohort} {wave or 'change'}"
            wide[column] = [
                DASH
                if row is None
                else _bound(page.interval(row, 2, True))
                if statistic == CHANGED
                else page.cell(row, "estimate")
                for row in cells
            ]
            columns[column] = heading
            own.append(column)
        spanners[page.cohort(cohort)] = own
        right += own
    print("::: {#tbl-competences}\n")
    page.show(
        wide, columns, groups="core", spanners=spanners, right=right, name="competences",
        notes=["Means of everybody who rated in the wave; the change is that of people who rated in both."],
    )  # fmt: skip
    print("Mean rating of oneself on every competence, and its change.\n:::\n")


def training(page: Page) -> None:
    """Say what is known of the training on each level of its evaluation, to the team only."""
    import pandas as pd

    table = known(page, TRAINING)
    if not (page.internal and page.has("competences")) or table.empty:
        return
    rows, silent = [], []
    for level, asks in TRAINED.items():
        here = table[table["level"] == level]
        if here["estimate"].isna().all() and (here["measure"] == "").all():
            silent.append(level)
            nothing = {"label": "no data in this pilot", "when": "", "n": "", "value": ""}
            rows.append({"level": f"{level.capitalize()}: {asks}", **nothing})
            continue
        for row in here.to_dict("records"):
            rows.append(
                {
                    "level": f"{level.capitalize()}: {asks}",
                    "label": indicator_name(row["measure"]).capitalize() if level == "results" else row["label"],
                    "when": page.wave(row["when"]),
                    "n": page.cell(row, "n", 0),
                    "value": page.interval(row, 2),
                }
            )
    told = [level for level in TRAINED if level not in silent]
    text = "A training can be evaluated on four levels, after Kirkpatrick: reaction, learning, behaviour and results. "
    if silent and told:
        text += f"This pilot has data for {listed(told)} and none for {listed(silent)}. "
    elif silent:
        text += "This pilot has data for none of them. "
    text += "Without people who were not trained, none of it tells what the training did."
    if "results" in told:
        text += " Results are of institutions, not of those trained; n counts institutions there."
    page.say("## Evaluation of the training {#sec-training}", text)
    columns = {"label": "Measure", "when": "When", "n": "n", "value": "Mean [interval]"}
    print("::: {#tbl-training}\n")
    page.show(pd.DataFrame(rows), columns, groups="level", right=["n", "value"], name="training")
    print("What is known of the training, by level of its evaluation.\n:::\n")
