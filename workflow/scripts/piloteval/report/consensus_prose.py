"""What the report says about the Delphi: who took part, where the panel agrees, and how stable its ratings are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from piloteval.report.certification_prose import known, sourced
from piloteval.report.page import DASH, Page, format_number, format_p
from piloteval.report.words import callout, listed

if TYPE_CHECKING:
    import pandas as pd

STATEMENTS, ROUNDS, VERDICTS = (f"consensus/{name}.csv" for name in ("statements", "rounds", "verdicts"))
STABILITY, CONCORDANCE = "consensus/stability.csv", "consensus/concordance.csv"
NUMBERS, COMMENTS = "consensus/numbers.csv", "consensus/comments.csv"

#: The row of a statement on all dimensions together.
TOGETHER = "together"
#: What all rounds together say of a statement, in words for a sentence.
MEANT = {
    "agreed": "with consensus",
    "rejected": "with consensus against",
    "lost": "with a consensus that a later round lost",
    "open": "without consensus",
    "left out": "left out before there was consensus",
    "not rated": "never rated",
}
SHARE, KAPPA, GROUP, INDIVIDUAL = (
    *("share unchanged", "weighted kappa"),
    *("chi-square, group stability", "chi-square, individual stability"),
)
NOT_COMPARED = "not compared"
SMALL_EXPECTED = "an expected count is under"


# ---------------------------------------------------------------------------------------------------- reading tables


def threshold(rounds: pd.DataFrame) -> float | None:
    """Return the share of the panel the rule of consensus asks for, in percent, as its words say it."""
    found = re.search(r"(?:above|at least) ([\d.]+) % of", str(rounds["rule"].iloc[0]) if len(rounds) else "")
    return float(found[1]) if found else None


def in_order(rounds: pd.Series) -> list[str]:
    """Return the rounds in the order people count."""
    return sorted(
        dict.fromkeys(rounds), key=lambda name: [int(one) if one.isdigit() else one for one in re.split(r"(\d+)", name)]
    )


def last_rows(statements: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the last round every statement was rated in."""
    place = {name: at for at, name in enumerate(in_order(statements["round"]))}
    at = statements["round"].map(place)
    return statements[at == at.groupby(statements["statement"]).transform("max")]


def standings(statements: pd.DataFrame, rounds: pd.DataFrame, verdicts: pd.DataFrame | None) -> dict[str, str]:
    """Return in a few words what came of every statement.

    Parameters
    ----------
    statements, rounds : pandas.DataFrame
        ``consensus/statements.csv`` and ``consensus/rounds.csv``.
    verdicts : pandas.DataFrame or None
        ``consensus/verdicts.csv``, which a tier may not have; then the last round that rated a statement tells, on all
        dimensions or on one of them as the rule in words says.
    """
    if verdicts is not None:
        return {
            row["statement"]: row["verdict"]
            + (f" in round {row['reached_in']}" if row["reached_in"] and row["verdict"] != "lost" else "")
            + (", closed" if row["closed"] == "yes" else "")
            for row in verdicts[verdicts["dimension"] == TOGETHER].to_dict("records")
        }
    enough = any if len(rounds) and "at least one of" in str(rounds["rule"].iloc[0]) else all
    said, last = {}, in_order(statements["round"])[-1:]
    for statement, here in last_rows(statements).groupby("statement"):
        agreed, later = enough(here["agreed"] == "yes"), here["round"].iloc[0] not in last
        said[str(statement)] = ("agreed, closed" if later else "agreed") if agreed else "left out" if later else "open"
    return said


def _there(value: Any) -> bool:
    import pandas as pd

    return not pd.isna(value)


def _spanned_codes(page: Page, name: str, statements: list[str], most: int = 6) -> str:
    """Return statements in prose, the first of many."""
    shown = [page.span(one, f"{page.path(name)} | statement") for one in statements[:most]]
    more = len(statements) - most
    return listed([*shown, f"{page.count(more, name, 'further statements')} more"] if more > 0 else shown)


# ---------------------------------------------------------------------------------------------------- in short


def in_short(page: Page) -> str:
    """Return the consensus in two sentences, for the summary."""
    statements = known(page, STATEMENTS)
    if statements.empty:
        return "No statement was rated."
    return f"{_by_round(page)} {_in_the_end(page, statements)}"


def _by_round(page: Page) -> str:
    """Say how many statements have consensus in every round."""
    parts = []
    for row in known(page, ROUNDS).to_dict("records"):
        place = page.span(row["round"], f"{page.path(ROUNDS)} | round")
        if not _there(row["consensus"]):
            parts.append(f"round {place}: too few panellists to be shown")
            continue
        reached, many, panellists = (
            page.value(ROUNDS, column, 0, round=row["round"]) for column in ("consensus", "statements", "panellists")
        )
        parts.append(f"round {place}: {reached} of {many} statements ({panellists} panellists)")
    return f"Consensus was reached in {'; '.join(parts)}." if parts else ""


def _in_the_end(page: Page, statements: pd.DataFrame) -> str:
    """Say how many statements have consensus in the last round they were rated in."""
    said = standings(statements, known(page, ROUNDS), _verdicts(page)).values()
    settled = page.count(sum(one.startswith("agreed") for one in said), STATEMENTS, "consensus in their last round")
    every = page.count(statements["statement"].nunique(), STATEMENTS, "statements")
    return f"In the last round each was rated in, {settled} of {every} statements have it."


def _verdicts(page: Page) -> pd.DataFrame | None:
    table = known(page, VERDICTS)
    return table if len(table) else None


# ---------------------------------------------------------------------------------------------------- the panel


def consensus(page: Page) -> None:
    """Say who took part, by which rule, and what it gave."""
    statements = known(page, STATEMENTS)
    if statements.empty:
        page.say("No statement was rated.")
        return
    rounds = page.count(statements["round"].nunique(), STATEMENTS, "rounds")
    every = page.count(statements["statement"].nunique(), STATEMENTS, "statements")
    dimensions = [name.replace("_", " ") for name in dict.fromkeys(statements["dimension"])]
    page.say(
        f"A panel rated {every} statements in {rounds} {'round' if statements['round'].nunique() == 1 else 'rounds'} "
        f"on {listed(dimensions)} (Delphi). {_panel(page)}",
        _placeholders(page, statements),
        _rule(page),
        f"{_by_round(page)} {_came_of_it(page, statements)}",
        _renumbered(page),
    )


def _placeholders(page: Page, statements: pd.DataFrame) -> str:
    missing = statements[statements["status"] == "placeholder"]
    if missing.empty:
        return ""
    number, every = (
        page.count(rows["statement"].nunique(), STATEMENTS, what)
        for rows, what in ((missing, "status=placeholder"), (statements, "statements"))
    )
    return callout(
        "warning",
        "Placeholder statements",
        f"{number} of the {every} statements carry placeholder texts; nothing can be concluded about a single one of "
        "them.",
    )


def _panel(page: Page) -> str:
    """Say who took part in each round, and who stayed, as far as it may be told."""
    said = []
    rounds = known(page, ROUNDS).to_dict("records")
    for row in rounds:

        def value(column: str, digits: int = 0, row: dict[str, Any] = row) -> str:
            return page.value(ROUNDS, column, digits, round=row["round"])

        place = page.span(row["round"], f"{page.path(ROUNDS)} | round")
        if not _there(row["panellists"]):
            said.append(f"In round {place} too few people took part to be counted.")
            continue
        invited = f" of {value('invited')} invited ({value('response_percent')} %)" if _there(row["invited"]) else ""
        text = f"In round {place}, {value('panellists')} panellists{invited} rated {value('statements')} statements"
        if _there(row["ratings_missing"]):
            missing = (
                f"{value('missing_percent', 1)} % of the ratings are" if row["ratings_missing"] else "no rating is"
            )
            text += f"; {missing} missing"
        if _there(row["part_way"]) and row["part_way"]:
            text += f", and {value('part_way')} left part-way"
        said.append(f"{text}.{_stayed(page, row, first=row is rounds[0])}")
    if rounds and not any(_there(row["invited"]) for row in rounds) and page.internal:
        said.append("How many were invited is not recorded, so no response rate can be told.")
    return " ".join(said)


def _stayed(page: Page, row: dict[str, Any], first: bool) -> str:
    """Say how many of the first round are still there, or that it is withheld."""
    if first or not page.internal:
        return ""
    if not _there(row["stayed"]):
        return (
            " How many of the first round were still there, and how many were new, is withheld, since few left or came."
        )
    stayed, of, share, low, high = (
        page.value(ROUNDS, column, 0, round=row["round"])
        for column in ("stayed", "first_round", "stayed_percent", "stayed_low", "stayed_high")
    )
    new = f"; {page.value(ROUNDS, 'newcomers', 0, round=row['round'])} were new" if row["newcomers"] else ""
    return f" Of {of} in the first round, {stayed} were still there ({share} % \\[{low}, {high}\\]){new}."


def _rule(page: Page) -> str:
    """Say the rule of consensus with its status and source."""
    rule = page.facts["consensus"]
    dimensions = [name.replace("_", " ") for name in rule["dimensions"]]
    share = page.setting(rule["threshold_percent"], "consensus.threshold_percent")
    agree = page.setting(rule["agree_from"], "consensus.agree_from")
    rated = f"above {agree}" if rule.get("agreement", "at least") == "above" else f"{agree} or more"
    on = ""
    if len(dimensions) > 1:
        each = rule.get("together", "all") == "all"
        on = f", on {listed(dimensions)} each" if each else f", on at least one of {listed(dimensions)}"
    text = (
        f"**The rule.** Consensus is there when {'more than' if rule['comparison'] == 'above' else 'at least'} "
        f"{share} % of the panellists who rated a statement rate it {rated}{on}; who did not rate it is not counted."
    )
    if rule.get("reject_from") is not None:
        against = page.setting(rule["reject_from"], "consensus.reject_from")
        text += f" When as many rate it {against} or less, there is consensus against it."
    if rule["status"] == "unconfirmed":
        text += " The rule is not confirmed, and another one may change these counts."
    return f"{text} {sourced(page, rule['source'], 'config.yaml | consensus.source')}".strip()


def _came_of_it(page: Page, statements: pd.DataFrame) -> str:
    """Say how many statements came to which end, and how many were closed."""
    verdicts = _verdicts(page)
    if verdicts is None:
        return _in_the_end(page, statements)
    together = verdicts[verdicts["dimension"] == TOGETHER]
    counts = [
        f"{page.count((together['verdict'] == one).sum(), VERDICTS, f'dimension={TOGETHER}, verdict={one}')} {words}"
        for one, words in MEANT.items()
        if (together["verdict"] == one).any()
    ]
    closed = (together["closed"] == "yes").sum()
    text = f"Over all rounds, the statements are {listed(counts)}."
    if closed:
        text += (
            f" {page.count(closed, VERDICTS, f'dimension={TOGETHER}, closed=yes')} were closed: they had consensus "
            "and were not asked about again."
        )
    left = together[together["verdict"].isin(["open", "lost"])]
    if len(left):
        text += f" For the conference remain {_spanned_codes(page, VERDICTS, list(left['statement']), 10)}."
    return text


def _renumbered(page: Page) -> str:
    """Say which statements were reworded, split or merged, and how many changed their number."""
    table = known(page, NUMBERS)
    changed = table[~table["change"].isin(["same", "new"])]
    moved = table[
        (table["number_before"] != "") & (table["number_before"] != table["number"]) & (table["number"] != "")
    ]
    said = [
        f"{page.count((changed['change'] == one).sum(), NUMBERS, f'change={one}')} {one}"
        for one in dict.fromkeys(changed["change"])
    ]
    text = (
        f"Between rounds statements were {listed(said)}; ratings of another wording are not compared." if said else ""
    )
    if len(moved):
        number = page.count(len(moved), NUMBERS, "number differs from number_before")
        text += f" {number} had another number than before and were followed by the mapping file."
    return text.strip()


def consensus_figure(page: Page) -> None:
    """Show the share in agreement by round."""
    if known(page, STATEMENTS)["estimate"].notna().any():
        page.figure(
            "consensus",
            "Share of the panel in agreement with every statement by round, a panel a dimension, the statements with "
            "the highest share first; at the right what came of each. A filled mark is consensus on that dimension.",
        )


def consensus_table(page: Page) -> None:
    """Show every statement in its last round, the dimensions side by side."""
    table = known(page, STATEMENTS)
    if table.empty:
        return
    last = last_rows(table)
    wide = last.drop_duplicates("statement")[["statement"]].sort_values("statement").reset_index(drop=True)
    wide["n"] = [_people(page, last[last["statement"] == statement]) for statement in wide["statement"]]
    columns, spanners = {"statement": "Statement", "n": "n"}, {}
    for dimension in dict.fromkeys(last["dimension"]):
        rows = {row["statement"]: row for row in last[last["dimension"] == dimension].to_dict("records")}
        cells = [rows.get(statement) for statement in wide["statement"]]
        wide[f"{dimension} median"] = [DASH if row is None else _median(page, row) for row in cells]
        wide[f"{dimension} share"] = [DASH if row is None else page.interval(row, 0) for row in cells]
        own = {f"{dimension} median": "Median [Q1, Q3]", f"{dimension} share": "Agree, % [interval]"}
        columns |= own
        spanners[dimension.replace("_", " ").capitalize()] = list(own)
    said = standings(table, known(page, ROUNDS), _verdicts(page))
    wide["said"] = [said.get(statement, DASH) for statement in wide["statement"]]
    columns["said"] = "Result"
    right = [name for name in columns if name not in ("statement", "said")]
    print("::: {#tbl-consensus}\n")
    page.show(wide, columns, spanners=spanners, right=right, name="consensus")
    print("Statements in the last round they were rated in, and what came of them.\n:::\n")


def _people(page: Page, rows: pd.DataFrame) -> str:
    """Return how many rated a statement, from the fewest to the most over the dimensions."""
    if rows["n"].isna().any():
        return page.cell(rows[rows["n"].isna()].iloc[0].to_dict(), "n")
    return DASH.join(format_number(one, 0) for one in dict.fromkeys([rows["n"].min(), rows["n"].max()]))


def _median(page: Page, row: dict[str, Any]) -> str:
    """Return median and quartiles of the ratings of a statement."""
    if not _there(row["median"]):
        return page.cell(row, "median")
    return f"{page.cell(row, 'median', 1)} [{page.cell(row, 'q1', 1)}, {page.cell(row, 'q3', 1)}]"


# ---------------------------------------------------------------------------------------------------- stability


def stability(page: Page) -> None:
    """Say how stable the ratings are and how far the panel orders the statements alike, to the team only."""
    if not page.internal:
        return
    table = known(page, STABILITY)
    said = [_compared(page, table), _chaffin_talley(page, table)] if len(table) else []
    concordance = _concordance(page)
    if not any(said) and not concordance:
        return
    page.say("## Stability between rounds {#sec-stability}", *said)
    _stability_table(page, table)
    page.say(concordance)


def _compared(page: Page, table: pd.DataFrame) -> str:
    """Say how many statements are compared, and what most panellists did."""
    rows = table[table["statistic"].isin([SHARE, KAPPA])]
    apart = table[table["statistic"] == NOT_COMPARED]
    if rows.empty:
        return "No statement was rated by the same people in the same words in two rounds."
    number = page.count(rows["statement"].nunique(), STABILITY, "statements compared")
    between = listed(
        [
            f"rounds {page.span(one, f'{page.path(STABILITY)} | first_round')} and "
            f"{page.span(two, f'{page.path(STABILITY)} | second_round')}"
            for one, two in dict.fromkeys(zip(rows["first_round"], rows["second_round"], strict=True))
        ]
    )
    text = (
        f"{number} statements were rated in the same words in {between}. Of the panellists who rated in both, the "
        "share that gave the same rating and weighted kappa, which gives part of the credit to a rating close by, "
        "say whether the panel has settled."
    )
    parts = []
    for dimension, here in rows.groupby("dimension", sort=False):
        share, kappa = (here.loc[here["statistic"] == one, "estimate"].dropna() for one in (SHARE, KAPPA))
        some = []
        for values, what, digits, unit in ((share, SHARE, 0, " % unchanged"), (kappa, KAPPA, 2, " for kappa")):
            if len(values):
                source = f"{page.path(STABILITY)} | median of {what}, {dimension}"
                some.append(f"a median of {page.span(format_number(values.median(), digits), source)}{unit}")
        if some:
            parts.append(f"{str(dimension).replace('_', ' ')}: {' and '.join(some)}")
    if parts:
        text += f" On {'; on '.join(parts)}."
    hidden = rows[(rows["statistic"] == SHARE) & rows["estimate"].isna()]
    if len(hidden):
        text += (
            f" The share is not told in {page.count(len(hidden), STABILITY, f'{SHARE} without a value')} cases, where "
            "few people kept or few changed their rating."
        )
    if len(apart):
        text += (
            f" {page.count(len(apart), STABILITY, NOT_COMPARED)} comparisons are left out, since the wording changed."
        )
    return text


def _chaffin_talley(page: Page, table: pd.DataFrame) -> str:
    """Say what the two tests of Chaffin and Talley find, and how rough they are."""
    level = float(page.facts.get("statistics", {}).get("confidence", 0.95))
    found = []
    for statistic, words in (
        (INDIVIDUAL, "a panellist's rating goes along with the one before (individual stability)"),
        (GROUP, "the ratings as a whole moved (group stability is lost)"),
    ):
        rows = table[(table["statistic"] == statistic) & table["p"].notna()]
        if rows.empty:
            continue
        clear = page.count((rows["p"] < 1 - level).sum(), STABILITY, f"{statistic}, p under one less the level")
        found.append(f"in {clear} of {page.count(len(rows), STABILITY, f'{statistic} with p')} tests {words}")
    if not found:
        return ""
    small = table[table["statistic"].isin([INDIVIDUAL, GROUP]) & table["note"].str.contains(SMALL_EXPECTED)]
    tests = table[table["statistic"].isin([INDIVIDUAL, GROUP]) & table["p"].notna()]
    rough = ""
    if len(small):
        rough = (
            f" In {page.count(len(small), STABILITY, 'small expected counts')} of "
            f"{page.count(len(tests), STABILITY, 'tests')} tests an expected count is too small for the p-value to be "
            "more than rough, so the shares tell more."
        )
    return f"By the chi-square tests of Chaffin and Talley, {listed(found)}.{rough}"


def _stability_table(page: Page, table: pd.DataFrame) -> None:
    """Show the stability of every statement, the dimensions side by side."""
    rows = table[table["statistic"] != NOT_COMPARED]
    if rows.empty:
        return
    keys = ["statement", "first_round", "second_round"]
    wide = rows.drop_duplicates(keys)[keys].reset_index(drop=True)
    wide["rounds"] = [f"{row['first_round']} to {row['second_round']}" for row in wide.to_dict("records")]
    found = {(*(row[key] for key in keys), row["dimension"], row["statistic"]): row for row in rows.to_dict("records")}
    columns, spanners = {"statement": "Statement", "rounds": "Rounds"}, {}
    if wide["rounds"].nunique() == 1:
        del columns["rounds"]
    for dimension in dict.fromkeys(rows["dimension"]):
        parts = {
            "n": (SHARE, "n"),
            "share": (SHARE, "Unchanged, % [interval]"),
            "kappa": (KAPPA, "Kappa [interval]"),
        }
        own = []
        for part, (statistic, heading) in parts.items():
            cells = [found.get((*(row[key] for key in keys), dimension, statistic)) for row in wide.to_dict("records")]
            if all(cell is None for cell in cells):
                continue
            column = f"{dimension} {part}"
            wide[column] = [_cell(page, cell, part) for cell in cells]
            columns[column] = heading
            own.append(column)
        spanners[str(dimension).replace("_", " ").capitalize()] = own
    print("::: {#tbl-stability}\n")
    page.show(
        wide, columns, spanners=spanners, right=[name for name in columns if name not in ("statement", "rounds")],
        name="stability",
        notes=[
            "Kappa: quadratic weights. Net change, lambda, the change of the coefficient of variation and both "
            "chi-square tests stand in consensus/stability.csv."
        ],
    )  # fmt: skip
    print("Ratings of the same panellists in two rounds.\n:::\n")


def _cell(page: Page, row: dict[str, Any] | None, part: str) -> str:
    """Return a cell of the table of stability."""
    if row is None:
        return DASH
    if part == "n":
        return page.cell(row, "n", 0)
    return page.interval(row, 0 if part == "share" else 2)


def _concordance(page: Page) -> str:
    """Say how far the panellists put the statements in the same order."""
    said = []
    for row in known(page, CONCORDANCE).dropna(subset=["estimate"]).to_dict("records"):
        where = {"question": row["question"]}
        place = page.span(row["round"], f"{page.path(CONCORDANCE)} | round")
        w, n, many = (
            page.value(CONCORDANCE, column, digits, **where)
            for column, digits in (("estimate", 2), ("n", 0), ("statements", 0))
        )
        p = format_p(row["p"])
        chance = page.span(p, f"{page.path(CONCORDANCE)} | p of {row['question']}")
        said.append(
            f"round {place}, {row['dimension'].replace('_', ' ')}: {w} ({n} panellists, {many} statements, p "
            f"{'' if p.startswith('<') else '= '}{chance})"
        )
    if not said:
        return ""
    return (
        "Kendall's W says how far the panellists put the statements in the same order, from not at all to fully. It "
        "is no measure of consensus: a panel that finds every statement equally good has no order to share. It is, "
        f"for {'; '.join(said)}."
    )


# ---------------------------------------------------------------------------------------------------- comments


def comments(page: Page) -> None:
    """Say how many comments there are and where they and the feedback sheets are, to the team only."""
    if not page.internal or known(page, STATEMENTS).empty:
        return
    table = known(page, COMMENTS)
    text = ""
    if len(table):
        told = table[table["comments"].notna()]
        few = table[table["comments"].isna()]
        every = page.count(len(table), COMMENTS, "statements in a round")
        if len(told):
            total = page.span(format_number(told["comments"].sum(), 0), f"{page.path(COMMENTS)} | sum of comments")
            counted = page.count(len(told), COMMENTS, "comments with a count")
            text = f"{total} comments are counted on {counted} of {every} statements and rounds"
            hidden = page.count(len(few), COMMENTS, "comments withheld")
            text += f"; on {hidden} the count is withheld, since it is small. " if len(few) else ". "
        else:
            text = (
                f"How many comments each statement got is withheld: on all {every} statements and rounds so few "
                "people wrote one, or none, that the count could tell who. "
            )
    page.say(
        "## Comments and feedback {#sec-feedback}",
        f"{text}The comments themselves are listed in `results/restricted/consensus/comments.html`. A page for every "
        "panellist with the own ratings beside those of the group, for the next round, is in "
        "`results/restricted/consensus/feedback.html`. Both stay with the people who keep the data.",
    )
