"""The Delphi: who took part, where the panel agrees, how stable its ratings are, and what each round said in words.

The numbers a round used become the statements' own ids first, so that nothing behind it meets one number for two
statements or a statement under two names.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from piloteval.config import read_tsv
from piloteval.errors import ConfigError, DataError
from piloteval.intake.decisions import read_decisions
from piloteval.intake.gate import open_gate
from piloteval.intake.ledger import account
from piloteval.intake.records import delphi_columns, read_records, statement_numbers
from piloteval.intake.sheet import Source, of_kind, require
from piloteval.measures.agreement import proportion
from piloteval.measures.consensus import (
    concordance_test,
    ipras_disagreement,
    kendall_w,
    quartiles,
    share_in_agreement,
)
from piloteval.statistic import Statistic, in_percent
from piloteval.tiers import PART_WITHHELD

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)

#: What a statement can be beside the round before; only the ratings of the same wording are compared.
SAME, REWORDED, SPLIT, MERGED, NEW, DROPPED = "same", "reworded", "split", "merged", "new", "dropped"
CHANGES = (SAME, REWORDED, SPLIT, MERGED, NEW, DROPPED)

#: What a round says of a statement, and what all rounds together say.
AGREED, REJECTED, OPEN = "agreed", "rejected", "open"
LOST, LEFT_OUT, NOT_RATED = "lost", "left out", "not rated"

#: How a rating is compared with the threshold of agreement.
AGREEMENT = {"at least": ">=", "above": ">"}

#: The row of a statement on all dimensions, under the rule `together`.
TOGETHER = "together"

#: Ends of the only scale the RAND/UCLA index is made for.
RAND_SCALE = (1, 9)

#: Columns of the first level; the others come with a floor.
STATEMENTS = (
    *("statement", "status", "round", "dimension", "median", "q1", "q3", "agreed"),
    *("question", "estimate", "n", "method", "ci_low", "ci_high", "ci_method", "n_dropped", "dropped_reason", "note"),
)
STATEMENTS_MORE = (
    *("percentile_rule", "against", "against_percent", "against_low", "against_high"),
    *("ipr", "ipras", "disagreement"),
)
ROUNDS = ("round", "panellists", "statements", "consensus", "rule", "rule_status", "note")
ROUNDS_MORE = (
    *("against", "invited", "response_percent", "rated", "part_way", "first_round"),
    *("stayed", "stayed_percent", "stayed_low", "stayed_high", "stayed_ci_method", "newcomers"),
    *("ratings", "ratings_missing", "missing_percent"),
)
VERDICTS = (
    *("statement", "status", "dimension", "verdict", "reached_in", "closed", "rounds_rated", "last_round", "n", "note"),
)
STATISTIC = STATEMENTS[8:]
CONCORDANCE = ("round", "dimension", "statements", "statements_in_round", *STATISTIC, "chi2", "df", "p")
COMMENTS = ("panellist", "statement", "round", "comment")
COMMENT_COUNTS = ("statement", "round", "comments", "note")
NUMBERS = ("round", "number", "statement", "change", "number_before", "panellists", "note")

#: Notes of rows of which only a part is withheld.
AGAINST_WITHHELD = "share against withheld: it or its rest is fewer than {floor} people"
LEFT_WITHHELD = "how many were left out is withheld: fewer than {floor} people"

#: Why ratings between the points of the scale are not compared.
WHOLE_ONLY = "a rating lies between the points of the scale"

#: Fewer statements make the large-sample p-value of the concordance rough.
ENOUGH_STATEMENTS = 7


@dataclass(frozen=True)
class Sheets:
    """What the pages for the panellists and of the comments are made of; a measure knows no page.

    Attributes
    ----------
    ratings : pandas.DataFrame
        One row a panellist and statement: ``panellist, statement, unit`` (the round), ``number``, one column a
        dimension, and ``comment``.
    assessed : pandas.DataFrame
        What :func:`assess` found for every statement, round and dimension.
    outcomes : dict of (str, str) to str
        What each round says of each statement on all dimensions together, by statement and round.
    statements : list of dict
        The statements in their order: ``statement`` and ``text``.
    dimensions : list of str
        Rated columns.
    scale : (float, float)
        Ends of the rating scale.
    rule : str
        The rule of consensus in words.
    floor : int
        Smallest number of panellists the pages tell of as a group.
    numbered : bool
        Whether the rounds called the statements by numbers that are not their own ids.
    title, banner : str
        Title of the study, and a sentence at the top, for example that the data are synthetic.
    """

    ratings: pd.DataFrame
    assessed: pd.DataFrame
    outcomes: dict[tuple[str, str], str]
    statements: list[dict[str, str]]
    dimensions: list[str]
    scale: tuple[float, ...]
    rule: str
    floor: int
    numbered: bool = False
    title: str = ""
    banner: str = ""


# ------------------------------------------------------------------------------------------------- rounds and numbers
def in_order(rounds: Iterable[str]) -> list[str]:
    """Return the rounds, each once, in the order people count: 2 before 10."""

    def key(name: str) -> list[tuple[int, int, str]]:
        parts = re.split(r"([0-9]+)", name)
        return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts if part]

    return sorted({str(name) for name in rounds}, key=key)


def own_numbers(ratings: pd.DataFrame) -> list[dict[str, str]]:
    """Return the mapping of a Delphi whose rounds use the statements' own ids."""
    rows, seen = [], set()
    for number in in_order(ratings["unit"]):
        for statement in dict.fromkeys(ratings.loc[ratings["unit"] == number, "statement"]):
            change = SAME if statement in seen else NEW
            rows.append({"round": number, "number": statement, "statement": statement, "change": change})
            seen.add(statement)
    return rows


def translate(ratings: pd.DataFrame, mapping: Sequence[Mapping[str, Any]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Put the statement's own id in place of the number that a round used.

    Parameters
    ----------
    ratings : pandas.DataFrame
        One row a panellist and number: ``panellist, unit`` (the round), ``statement`` (the number as the round's file
        has it) and what was rated. It is not changed.
    mapping : sequence of mapping
        Rows ``round, number, statement, change``: which statement a number stands for in a round, and what the
        statement is beside the round before (one of :data:`CHANGES`).

    Returns
    -------
    translated : pandas.DataFrame
        The ratings in the same order, with the own id as ``statement`` and the number as ``number``.
    numbers : pandas.DataFrame
        What was done, a row for each of the mapping: the number now and in the round before it, how many panellists
        rated under it, and in words what follows from the change.

    Raises
    ------
    DataError
        A round uses a number the mapping does not know or calls dropped; nothing is guessed. Rounds the mapping does
        not name have only such numbers.
    """
    import pandas as pd

    asked = {(one["round"], one["number"]): one["statement"] for one in mapping if one["change"] != DROPPED}
    places = list(zip(ratings["unit"].astype(str), ratings["statement"].astype(str), strict=True))
    own = [asked.get(place) for place in places]
    unknown = pd.Series([one is None for one in own], index=ratings.index, dtype=bool)
    if unknown.any():
        raise DataError("\n".join(_unknown(ratings[unknown])))
    translated = ratings.assign(number=ratings["statement"], statement=pd.Series(own, index=ratings.index, dtype="str"))
    raters = translated.groupby(["unit", "statement"])["panellist"].nunique()
    rows: list[dict[str, Any]] = []
    last: dict[str, str] = {}
    order = in_order(one["round"] for one in mapping)
    for one in sorted(mapping, key=lambda one: order.index(one["round"])):
        before, change = last.get(one["statement"], ""), one["change"]
        notes = ["another number than before"] if before and one["number"] and before != one["number"] else []
        if change not in (SAME, NEW, DROPPED):
            notes.append(f"{change}: its ratings are not compared with those of the round before")
        if change == DROPPED:
            notes.append("not asked from this round on")
        many = int(raters.get((one["round"], one["statement"]), 0))
        if change != DROPPED and not many:
            notes.append("nobody rated it")
        if one["number"]:
            last[one["statement"]] = one["number"]
        rows.append(
            {
                **{name: one[name] for name in ("round", "number", "statement", "change")},
                "number_before": before,
                "panellists": None if change == DROPPED else many,
                "note": "; ".join(notes),
            }
        )
    numbers = pd.DataFrame(rows, columns=list(NUMBERS)).astype({"panellists": "Int64"})
    for number, here in numbers.groupby("round", sort=False):
        moved = here["note"].str.startswith("another").sum()
        words = ", ".join(f"{count} {change}" for change, count in here["change"].value_counts(sort=False).items())
        log.info("Round %s: %d numbers, %d other than before; statements: %s", number, len(here), moved, words)
    return translated, numbers


def _unknown(ratings: pd.DataFrame) -> list[str]:
    """Say which rows of which files use a number that stands for no statement."""
    at = ratings["source"].astype(str) if "source" in ratings else ratings["unit"].astype(str).radd("round ")
    sentences = []
    for place, here in ratings.groupby(at, sort=False):
        rows = [str(row) for row in here["row"]] if "row" in here else []
        more = [f"{len(rows) - 8} more"] if len(rows) > 8 else []
        listed = f", row{'s' if len(rows) > 1 else ''} {', '.join([*rows[:8], *more])}" if rows else ""
        sentences.append(
            f"{place}{listed}, column statement: the mapping of numbers does not say which statement is rated here in "
            f"round {here['unit'].iloc[0]}. Add the number to the mapping, or correct it in the raw file."
        )
    return sentences


# ---------------------------------------------------------------------------------------------------------- the rule
def rule_in_words(
    agree_from: float,
    threshold_percent: float,
    comparison: str,
    dimensions: list[str],
    *,
    agreement: str = "at least",
    together: str = "all",
    reject_from: float | None = None,
) -> str:
    """Say the rule of consensus as a sentence."""
    which = "each" if together == "all" else "at least one"
    on = f" on {which} of {', '.join(dimensions)}" if len(dimensions) > 1 else ""
    rated = f"{agree_from:g} or more" if agreement == "at least" else f"above {agree_from:g}"
    rule = (
        f"consensus when {comparison} {threshold_percent:g} % of the panellists who rated the statement "
        f"rate it {rated}{on}"
    )
    return rule if reject_from is None else f"{rule}; consensus against when as many rate it {reject_from:g} or less"


def _reached(percent: float | None, threshold: float, comparison: str) -> bool:
    if percent is None:
        return False
    percent = round(percent, 9)  # 11 of 20 is 55 percent, not 55.00000000000001
    return percent > threshold if comparison == "above" else percent >= threshold


def _check_rule(agree_from: float, agreement: str, together: str, reject_from: float | None) -> None:
    if agreement not in AGREEMENT or together not in ("all", "any"):
        raise ValueError(f"unknown rule of consensus: {agreement}, {together}")
    if reject_from is not None and not (
        reject_from < agree_from or (reject_from == agree_from and agreement != "at least")
    ):
        raise ConfigError(
            "config/config.yaml: `consensus.reject_from` lies among the ratings that count as agreement. "
            "Give a rating below `consensus.agree_from`."
        )


def outcome(agreed: bool, against: bool) -> str:
    """Return what a round says of a statement; a panel that does both says neither."""
    return OPEN if agreed == against else AGREED if agreed else REJECTED


def outcomes(assessed: pd.DataFrame, together: str) -> dict[tuple[str, str], str]:
    """Return what each round says of each statement on its dimensions together, by statement and round.

    Parameters
    ----------
    assessed : pandas.DataFrame
        Statements as :func:`assess` returns them.
    together : {'all', 'any'}
        Whether consensus (for or against) is needed on all dimensions or on one.
    """
    test = all if together == "all" else any
    said: dict[tuple[str, str], list[tuple[bool, bool]]] = {}
    columns = [assessed[name] for name in ("statement", "round", "agreed", "against")]
    for statement, number, agreed, against in zip(*columns, strict=True):
        said.setdefault((statement, number), []).append((agreed == "yes", against == "yes"))
    return {key: outcome(*(test(part) for part in zip(*found, strict=True))) for key, found in said.items()}


def assess(
    ratings: pd.DataFrame,
    statements: list[dict[str, str]],
    *,
    dimensions: list[str],
    agree_from: float,
    threshold_percent: float,
    comparison: str,
    status: str,
    confidence: float,
    agreement: str = "at least",
    together: str = "all",
    reject_from: float | None = None,
    scale: Sequence[float] | None = None,
    floor: int = 0,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Assess the consensus on every statement in every round.

    Parameters
    ----------
    ratings : pandas.DataFrame
        One row a panellist and statement: ``panellist, statement, unit`` (the round) and one column a dimension.
    statements : list of dict
        The statements in their order.
    dimensions : list of str
        Rated columns.
    agree_from, threshold_percent, comparison : float, float, str
        The rule; a panellist who did not rate a dimension is not in its denominator.
    status : str
        Whether the rule was confirmed by its source.
    confidence : float
        Level of the intervals.
    agreement : {'at least', 'above'}
        Whether a rating of ``agree_from`` itself is agreement.
    together : {'all', 'any'}
        Whether a statement needs consensus on all dimensions or on one of them; each dimension has its own row anyway.
    reject_from : float, optional
        A rating of this value or less is rejection; without it there is no consensus against.
    scale : (float, float), optional
        Ends of the rating scale; from 1 to 9 the RAND/UCLA disagreement is told as well.
    floor : int
        The share that rejects is withheld where it or its rest is fewer panellists.

    Returns
    -------
    statements, rounds : pandas.DataFrame
        Median, quartiles (R type 7) and share in agreement with a Wilson interval in percent; and the count of
        statements with consensus a round. Columns :data:`STATEMENTS` and :data:`STATEMENTS_MORE`; :data:`ROUNDS` and
        ``against``.

    Raises
    ------
    ConfigError
        One rating would be agreement and rejection.

    Notes
    -----
    Disagreement when IPR > IPRAS with IPR = p70 - p30 and IPRAS = 2.35 + 1.5 |5 - (p30 + p70) / 2|; it stands beside
    the consensus and changes no verdict.

    References
    ----------
    Fitch et al. (2001), The RAND/UCLA Appropriateness Method User's Manual.
    """
    import pandas as pd

    _check_rule(agree_from, agreement, together, reject_from)
    rule = rule_in_words(
        agree_from,
        threshold_percent,
        comparison,
        dimensions,
        agreement=agreement,
        together=together,
        reject_from=reject_from,
    )
    rows: list[dict[str, Any]] = []
    rounds = []
    test = all if together == "all" else any
    for number in in_order(ratings["unit"]):
        group = ratings[ratings["unit"] == number]
        panellists = group["panellist"].nunique()
        by_statement = dict(list(group.groupby("statement")))
        rated = [one for one in statements if one["statement"] in by_statement]
        said = []
        for one in rated:
            found = []
            for dimension in dimensions:
                values = by_statement[one["statement"]][dimension].dropna()
                share = share_in_agreement(values, agree_from, AGREEMENT[agreement], confidence)
                low = None if reject_from is None else share_in_agreement(values, reject_from, "<=", confidence)
                agreed, against = (
                    part is not None and _reached(in_percent(part).estimate, threshold_percent, comparison)
                    for part in (share, low)
                )
                found.append((agreed, against))
                # Those who left before they came to the statement did not rate it either.
                share = in_percent(share, panellists - len(values), "not rated")
                few = low is not None and _few(low, floor)
                share = replace(share, note=_also(share.note, AGAINST_WITHHELD.format(floor=floor) if few else ""))
                middle = quartiles(values)
                rows.append(
                    {
                        "statement": one["statement"],
                        "status": one["status"],
                        "round": number,
                        "dimension": dimension,
                        "median": middle.median,
                        "q1": middle.lower,
                        "q3": middle.upper,
                        "agreed": "yes" if agreed else "no",
                        **share.row(f"consensus.{one['statement']}.round{number}.{dimension}"),
                        "percentile_rule": middle.rule,
                        "against": "" if low is None else "yes" if against else "no",
                        **_against(None if few else low),
                        **_disagreement(values, scale),
                    }
                )
            said.append(outcome(*(test(part) for part in zip(*found, strict=True))))
        rounds.append(
            {
                "round": number,
                "panellists": panellists,
                "statements": len(rated),
                "consensus": said.count(AGREED),
                "rule": rule,
                "rule_status": status,
                "note": "",
                "against": None if reject_from is None else said.count(REJECTED),
            }
        )
    return (
        pd.DataFrame(rows, columns=[*STATEMENTS, *STATEMENTS_MORE]),
        pd.DataFrame(rounds, columns=[*ROUNDS, "against"]),
    )


def _few(share: Statistic, floor: int) -> bool:
    """Tell whether a share stands for so few people, or leaves so few, that it is withheld; nobody is few, too."""
    if share.estimate is None or not floor:
        return False
    part = round(share.estimate * share.n)
    return part < floor or share.n - part < floor


def _against(share: Statistic | None) -> dict[str, float | None]:
    found = in_percent(share or Statistic(None, 0, ""))
    return {"against_percent": found.estimate, "against_low": found.ci_low, "against_high": found.ci_high}


def _disagreement(values: pd.Series, scale: Sequence[float] | None) -> dict[str, Any]:
    if scale is None or tuple(scale) != RAND_SCALE:
        return {"ipr": None, "ipras": None, "disagreement": ""}
    found = ipras_disagreement(values)
    words = {True: "yes", False: "no", None: ""}[found.disagreement]
    return {"ipr": found.ipr, "ipras": found.ipras, "disagreement": words}


def settle(
    assessed: pd.DataFrame,
    statements: list[dict[str, str]],
    *,
    dimensions: list[str],
    together: str = "all",
    numbers: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Say what all rounds say of every statement, on each dimension and on all together.

    Parameters
    ----------
    assessed : pandas.DataFrame
        Statements as :func:`assess` returns them.
    statements : list of dict
        The statements in their order; those nobody rated have a row as well.
    dimensions : list of str
        Rated columns.
    together : {'all', 'any'}
        Whether the row ``together`` needs consensus on all dimensions or on one.
    numbers : pandas.DataFrame, optional
        What :func:`translate` did; it names the statements that were dropped.

    Returns
    -------
    pandas.DataFrame
        Columns :data:`VERDICTS`. ``verdict`` is ``agreed`` or ``rejected`` in the last round that rated the statement,
        ``lost`` (consensus in a round and none in the last), ``open`` (rated in the last round, no consensus),
        ``left out`` (no consensus and not rated in the last round) or ``not rated``. ``reached_in`` is the round since
        which the consensus holds, or of a lost one the first that had it. ``closed`` is ``yes`` when there was
        consensus and no later round rated the statement again, though there was one. ``n`` is the fewest ratings that
        the verdict rests on.
    """
    import pandas as pd

    order = in_order(assessed["round"])
    dropped = {}
    if numbers is not None:
        gone = numbers[numbers["change"] == DROPPED]
        dropped = dict(zip(gone["statement"], gone["round"], strict=True))
    history: dict[tuple[str, str], dict[str, str]] = {
        (statement, TOGETHER): {} for statement in dict.fromkeys(assessed["statement"])
    }
    for (statement, number), said in outcomes(assessed, together).items():
        history[statement, TOGETHER][number] = said
    fewest: dict[tuple[str, str], int] = {}
    columns = [assessed[name] for name in ("statement", "dimension", "round", "agreed", "against", "n")]
    for statement, dimension, number, agreed, against, n in zip(*columns, strict=True):
        history.setdefault((statement, dimension), {})[number] = outcome(agreed == "yes", against == "yes")
        for key in ((statement, dimension), (statement, TOGETHER)):
            fewest[key] = min(n, fewest.get(key, n))
    rows = []
    for one in statements:
        for dimension in [*dimensions, TOGETHER]:
            key = (one["statement"], dimension)
            said = sorted(history.get(key, {}).items(), key=lambda turn: order.index(turn[0]))
            rows.append(
                {
                    "statement": one["statement"],
                    "status": one["status"],
                    "dimension": dimension,
                    **_verdict(said, order, dropped.get(one["statement"], "")),
                    "n": fewest.get(key),
                }
            )
    return pd.DataFrame(rows, columns=list(VERDICTS)).astype({"n": "Int64", "rounds_rated": "Int64"})


def _verdict(history: list[tuple[str, str]], order: list[str], dropped: str) -> dict[str, Any]:
    """Return the verdict of a statement from what each round said of it."""
    if not history:
        words = {"reached_in": "", "closed": "", "rounds_rated": 0, "last_round": ""}
        return {"verdict": NOT_RATED, **words, "note": "rated in no round"}
    last, said = history[-1]
    later = last != order[-1]
    since, first, note = "", [number for number, one in history if one != OPEN], ""
    if said != OPEN:
        verdict = said
        for number, one in reversed(history):
            if one != said:
                break
            since = number
    elif first:
        verdict, since, note = LOST, first[0], f"consensus in round {first[0]}, none in round {last}"
    elif later:
        verdict = LEFT_OUT
        note = f"dropped in round {dropped}" if dropped else f"not rated after round {last}, without consensus"
    else:
        verdict = OPEN
    return {
        "verdict": verdict,
        "reached_in": since,
        "closed": "yes" if said != OPEN and later else "no",
        "rounds_rated": len(history),
        "last_round": last,
        "note": note,
    }


# ------------------------------------------------------------------------------------------------------------- panel
def part_way(ratings: pd.DataFrame, dimensions: list[str]) -> set[str]:
    """Return who rated statements of a round and left others of them without any rating.

    Parameters
    ----------
    ratings : pandas.DataFrame
        The rows of one round; a statement that was left may have an empty row or none.
    dimensions : list of str
        Rated columns.
    """
    given = ratings[ratings[dimensions].notna().any(axis=1)]
    many = given.groupby("panellist")["statement"].nunique()
    return set(many.index[many < given["statement"].nunique()])


def attend(
    ratings: pd.DataFrame,
    *,
    dimensions: list[str],
    floor: int,
    confidence: float,
    invited: Mapping[Any, int] | None = None,
) -> pd.DataFrame:
    """Count the panel of every round: who rated, who is still there, who is new, which ratings are missing.

    Parameters
    ----------
    ratings : pandas.DataFrame
        One row a panellist and statement: ``panellist, statement, unit`` and one column a dimension.
    dimensions : list of str
        Rated columns.
    floor : int
        A count of people, or its rest, from 1 to ``floor - 1`` is withheld, and with it whatever gives it away.
        Nobody is shown: that nobody left says of nobody what they did.
    confidence : float
        Level of the interval.
    invited : mapping of str to int, optional
        Panellists invited to each round; the files know only who is listed in them.

    Returns
    -------
    pandas.DataFrame
        One row a round: ``round``, the columns of :data:`ROUNDS_MORE` but ``against``, and ``note``. ``rated`` gave at
        least one rating; ``part_way`` of them left at least one statement of the round without any; ``stayed`` rated
        in the first round (``first_round`` people) and in this one; ``newcomers`` rated in no round before.
        ``ratings_missing`` counts the cells that those who rated left empty.

    Raises
    ------
    ConfigError
        Fewer people were invited than rated.
    """
    import pandas as pd

    asked = {str(number): many for number, many in (invited or {}).items()}
    given = ratings[ratings[dimensions].notna().any(axis=1)]
    rows: list[dict[str, Any]] = []
    earlier: set[str] = set()
    first: set[str] | None = None
    small_first = False
    for number in in_order(ratings["unit"]):
        here, all_here = given[given["unit"] == number], ratings[ratings["unit"] == number]
        raters, listed = set(here["panellist"]), all_here["panellist"].nunique()
        if asked.get(number, len(raters)) < len(raters):
            raise ConfigError(
                f"config/config.yaml: `consensus.invited` gives fewer people for round {number} than rated in it. "
                "Correct the number."
            )
        cells = len(raters) * here["statement"].nunique() * len(dimensions)
        filled = int(here[dimensions].notna().to_numpy().sum())
        row: dict[str, Any] = {
            "round": number,
            "invited": asked.get(number),
            "response_percent": 100 * len(raters) / asked[number] if asked.get(number) else None,
            "rated": len(raters),
            "part_way": len(part_way(all_here, dimensions)),
            "first_round": len(raters if first is None else first),
            "ratings": filled,
            "ratings_missing": cells - filled,
            "missing_percent": 100 * (cells - filled) / cells if cells else None,
        }
        if first is not None:
            stayed = proportion(len(raters & first), len(first), confidence=confidence)
            share = in_percent(stayed)
            row |= {
                "stayed": len(raters & first),
                "stayed_percent": share.estimate,
                "stayed_low": share.ci_low,
                "stayed_high": share.ci_high,
                "stayed_ci_method": share.ci_method,
                "newcomers": len(raters - earlier),
            }
        notes = [] if number in asked else ["how many were invited is not recorded"]
        # The first round is told of in every later row, so that what is withheld of it stays so.
        small_first = _small(floor, len(raters), listed - len(raters)) if first is None else small_first
        rows.append(_withheld(row, listed, small_first, len(raters - earlier), notes, floor))
        earlier |= raters
        first = raters if first is None else first
    columns = ["round", *(name for name in ROUNDS_MORE if name != "against"), "note"]
    counts = ("invited", "rated", "part_way", "first_round", "stayed", "newcomers", "ratings", "ratings_missing")
    return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(counts, "Int64"))


def _small(floor: int, *counts: int) -> bool:
    """Tell whether one of the counts is of few people; nobody is not few."""
    return any(0 < count < floor for count in counts)


def _withheld(
    row: dict[str, Any], listed: int, small_first: bool, new: int, notes: list[str], floor: int
) -> dict[str, Any]:
    """Withhold small parts of a round's panel, and the counts beside them from which they follow.

    The panellists listed in the round are shown whatever happens, since they are what its ratings are of.
    """
    rated, hidden = row["rated"], set()
    kept = {"stayed", "stayed_percent", "stayed_low", "stayed_high", "stayed_ci_method"}
    if _small(floor, rated, listed - rated):
        hidden |= {"rated", "ratings", "ratings_missing", "missing_percent", "response_percent", "newcomers", *kept}
    if row["invited"] is not None and _small(floor, row["invited"] - rated):
        hidden |= {"invited", "response_percent"}
    if _small(floor, row["part_way"], rated - row["part_way"]) or ("rated" in hidden and row["part_way"]):
        hidden.add("part_way")
    if small_first:
        hidden |= {"first_round", *kept}
    if "stayed" in row:
        back = rated - row["stayed"] - new  # joined between the first round and this one
        if _small(floor, row["stayed"], row["first_round"] - row["stayed"], new, back):
            hidden |= {"newcomers", *kept}
    hidden = {name for name in hidden if row.get(name) is not None}
    if hidden:
        notes = [*notes, PART_WITHHELD.format(floor=floor)]
    return {**row, **dict.fromkeys(hidden), "note": "; ".join(notes)}


# --------------------------------------------------------------------------------------------- stability, concordance
def compare(
    ratings: pd.DataFrame,
    statements: list[dict[str, str]],
    *,
    dimensions: list[str],
    scale: Sequence[float],
    confidence: float,
    floor: int,
    numbers: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Compare the ratings of every statement in a round with those in the next round that rated it.

    Parameters
    ----------
    ratings : pandas.DataFrame
        One row a panellist and statement: ``panellist, statement, unit`` and one column a dimension.
    statements : list of dict
        The statements in their order.
    dimensions : list of str
        Rated columns.
    scale : (float, float)
        Ends of the rating scale.
    confidence : float
        Level of the intervals.
    floor : int
        With fewer panellists in both rounds nothing is told; the share unchanged is withheld where it or its rest is
        fewer.
    numbers : pandas.DataFrame, optional
        What :func:`translate` did. A statement is compared only where no round between says anything but ``same``.

    Returns
    -------
    pandas.DataFrame
        The columns of :func:`piloteval.measures.stability.assess_stability`. A statement whose wording changed has one
        row that says so.
    """
    import pandas as pd

    from piloteval.measures import stability

    order = in_order(ratings["unit"])
    changes: dict[tuple[str, str], str] = {}
    if numbers is not None:
        changes = dict(zip(zip(numbers["statement"], numbers["round"], strict=True), numbers["change"], strict=True))
    pairs: dict[tuple[str, str], list[dict[str, str]]] = {}
    apart: list[dict[str, Any]] = []
    rated = ratings.groupby("statement")["unit"].agg(set).to_dict()
    broken = set(ratings.loc[(ratings[dimensions] % 1 > 0).any(axis=1), "statement"])
    for one in statements:
        here = [number for number in order if number in rated.get(one["statement"], ())]
        for before, after in pairwise(here):
            between = order[order.index(before) + 1 : order.index(after) + 1]
            said = {changes.get((one["statement"], number), SAME) for number in between} - {SAME, DROPPED}
            why = f"{' and '.join(sorted(said))} since" if said else WHOLE_ONLY if one["statement"] in broken else ""
            if not why:
                pairs.setdefault((before, after), []).append(one)
                continue
            value = Statistic(None, 0, "share of unchanged ratings", note=f"undefined: not compared, {why}")
            place = {"first_round": before, "second_round": after, "dimension": TOGETHER, "statistic": "not compared"}
            question = f"stability.{one['statement']}.{before}.{after}"
            row = {"statement": one["statement"], "status": one["status"], **place, "unit": "", **value.row(question)}
            apart.append({**row, "n": None, "n_dropped": None})
    tables = [pd.DataFrame(apart, columns=stability.COLUMNS)] if apart else []
    for (before, after), same in pairs.items():
        two = ratings[ratings["unit"].isin([before, after])]
        found = stability.assess_stability(
            two.assign(unit=two["unit"].map({before: "1", after: "2"})),  # the round before is the one that sorts first
            same,
            dimensions=dimensions,
            rating_range=scale,
            confidence=confidence,
            floor=floor,
        )
        question = [
            text.replace(f"stability.{name}.1.2.", f"stability.{name}.{before}.{after}.", 1)
            for text, name in zip(found["question"], found["statement"], strict=True)
        ]
        tables.append(found.assign(first_round=before, second_round=after, question=question))
    if not tables:
        return pd.DataFrame(columns=stability.COLUMNS)
    every = pd.concat([table.astype(object) for table in tables], ignore_index=True)
    return _sorted(_without_few(every, floor), statements, order)


def _without_few(table: pd.DataFrame, floor: int) -> pd.DataFrame:
    """Withhold the share of unchanged ratings where few kept or few changed theirs, and how few left between."""
    left = (table["n_dropped"] > 0) & (table["n_dropped"] < floor)
    table.loc[left, "n_dropped"] = None
    table.loc[left, "note"] = [_also(note, LEFT_WITHHELD.format(floor=floor)) for note in table.loc[left, "note"]]
    share = (table["statistic"] == "share unchanged") & table["estimate"].notna()
    for row in table.index[share]:
        value = Statistic(table.loc[row, "estimate"] / 100, int(table.loc[row, "n"]), "")
        if _few(value, floor):
            table.loc[row, ["estimate", "ci_low", "ci_high"]] = None
            table.loc[row, "note"] = _also(PART_WITHHELD.format(floor=floor), table.loc[row, "note"])
    return table


def _also(*notes: str) -> str:
    return "; ".join(filter(None, notes))


def _sorted(table: pd.DataFrame, statements: list[dict[str, str]], order: list[str]) -> pd.DataFrame:
    """Return the rows by statement and round, and as they were within these; numbers are numbers again."""
    place = {one["statement"]: number for number, one in enumerate(statements)}
    keys = table["statement"].map(place) * len(order) + table["first_round"].map(order.index)
    table = table.loc[keys.sort_values(kind="stable").index].reset_index(drop=True)
    whole = {name: "Int64" for name in ("n", "n_dropped", "df")}
    return table.astype({**whole, **dict.fromkeys(("estimate", "ci_low", "ci_high", "p"), float)})


def concord(ratings: pd.DataFrame, *, dimensions: list[str], floor: int) -> pd.DataFrame:
    """Tell for every round and dimension how far the panellists put the statements in the same order.

    Parameters
    ----------
    ratings : pandas.DataFrame
        One row a panellist and statement: ``panellist, statement, unit`` and one column a dimension.
    dimensions : list of str
        Rated columns.
    floor : int
        How many left part-way is withheld where they are fewer.

    Returns
    -------
    pandas.DataFrame
        Columns :data:`CONCORDANCE`: Kendall's W with Friedman's test. Those who left part-way are left out
        (``n_dropped``), and of the statements those are kept that all others rated: a panellist who skipped one
        statement costs that statement, not the panellist.

    References
    ----------
    Kendall & Babington Smith (1939), Annals of Mathematical Statistics 10, 275-287; Friedman (1940), Annals of
    Mathematical Statistics 11, 86-92.
    """
    import pandas as pd

    rows = []
    for number in in_order(ratings["unit"]):
        here = ratings[ratings["unit"] == number]
        left = part_way(here, dimensions)
        for dimension in dimensions:
            wide = here.pivot(index="panellist", columns="statement", values=dimension).astype(float)
            wide = wide.loc[wide.notna().any(axis=1), wide.notna().any(axis=0)]
            there = wide[~wide.index.isin(left)]
            everybody = there.loc[:, there.notna().all()]
            w, test = kendall_w(everybody), concordance_test(everybody)
            gone = len(wide) - len(there)
            rough = w.estimate is not None and everybody.shape[1] < ENOUGH_STATEMENTS
            silent = 0 < gone < floor
            notes = [
                w.note,
                "few statements, so the p-value is rough" if rough else "",
                LEFT_WITHHELD.format(floor=floor) if silent else "",
            ]
            w = replace(w, n_dropped=gone, dropped_reason="left part-way" if gone else "", note=_also(*notes))
            rows.append(
                {
                    "round": number,
                    "dimension": dimension,
                    "statements": everybody.shape[1],
                    "statements_in_round": wide.shape[1],
                    **w.row(f"consensus.concordance.round{number}.{dimension}"),
                    "n_dropped": None if silent else gone,
                    "chi2": test.chi2,
                    "df": None if test.chi2 is None else test.df,
                    "p": test.p,
                }
            )
    return pd.DataFrame(rows, columns=list(CONCORDANCE)).astype({"df": "Int64", "n_dropped": "Int64"})


# ---------------------------------------------------------------------------------------------------------- comments
def list_comments(ratings: pd.DataFrame, statements: list[dict[str, str]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """List the free comments, and count them by statement and round.

    Parameters
    ----------
    ratings : pandas.DataFrame
        One row a panellist and statement: ``panellist, statement, unit, comment``.
    statements : list of dict
        The statements in their order.

    Returns
    -------
    comments, counts : pandas.DataFrame
        Columns :data:`COMMENTS`, a row a comment (restricted); and :data:`COMMENT_COUNTS`, a row a statement and round
        that rated it. A panellist has one comment a statement, so that ``comments`` counts people.
    """
    import pandas as pd

    order = in_order(ratings["unit"])
    place = {one["statement"]: number for number, one in enumerate(statements)}
    table = ratings[["panellist", "statement", "unit"]].rename(columns={"unit": "round"})
    table["comment"] = ratings["comment"].fillna("").astype(str).str.strip() if "comment" in ratings else ""
    keys = [table["statement"].map(place), table["round"].map({one: at for at, one in enumerate(order)})]
    table = table.assign(of=keys[0], at=keys[1]).sort_values(["of", "at", "panellist"], kind="stable")
    counted = table.assign(said=table["comment"] != "").groupby(["statement", "round"], sort=False)["said"].sum()
    counts = counted.rename("comments").reset_index().assign(note="")
    given = table.loc[table["comment"] != "", list(COMMENTS)].reset_index(drop=True)
    return given, pd.DataFrame(counts, columns=list(COMMENT_COUNTS))


# --------------------------------------------------------------------------------------------------------------- run
def run(
    sources: list[Source],
    statements: list[str],
    *,
    consensus: dict[str, Any],
    confidence: float,
    settings: dict[str, Any],
    floor: int,
    invited: Mapping[Any, int] | None = None,
    about: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Read the rounds and return the tables of rule ``assess_consensus``.

    Parameters
    ----------
    sources : list of Source
        Files of these kinds.
    statements : list of str
        File of the statements.
    consensus : dict
        The rule, as :func:`assess` takes it.
    confidence : float
        Level of the intervals.
    settings : dict
        What the configuration knows; ``range`` is the lowest and highest rating.
    floor : int
        Smallest number of panellists told of.
    invited : mapping of str to int, optional
        Panellists invited to each round.
    about : mapping, optional
        ``title`` of the study and ``banner``, a sentence at the top of the pages, as that the data are synthetic.

    Returns
    -------
    dict
        The tables by output, and ``sheets`` (:class:`Sheets`), from which :mod:`piloteval.report.feedback` makes pages.
    """
    catalogue = read_tsv(statements[0], "statements")
    known = [one["statement"] for one in catalogue]
    columns, key = delphi_columns(consensus["dimensions"], *settings["range"])
    decisions = read_decisions(sources)
    gate = open_gate(sources)
    found = read_records(
        "statement_map", of_kind(sources, "statement_map"), {"statements": known}, decisions=decisions, gate=gate
    )
    numbers = statement_numbers(found, sources)
    intake = read_records(
        "delphi",
        of_kind(sources, "delphi"),
        {"statements": known},
        columns=columns,
        key=key,
        decisions=decisions,
        gate=gate,
        numbers=numbers,
    )
    require(sources, settings, [*decisions.problems, *gate.problems, *found.problems, *intake.problems])
    given = intake.table()
    mapping = [{name: one[name] for name in ("round", "number", "statement", "change")} for one in found.records]
    numbered = {one["round"] for one in mapping}
    if mapping:  # a record of a numbered round carries its number beside the statement it was read as
        given["statement"] = [one["number"] if one["unit"] in numbered else one["statement"] for one in intake.records]
    table, used = translate(given, [*mapping, *own_numbers(given[~given["unit"].isin(numbered)])])
    fates = [(source, number, "admitted") for source, number in zip(table["source"], table["unit"], strict=True)]
    fates += [(one["source"], one["unit"], "admitted") for one in found.records]
    rows = account([*intake.ledger, *found.ledger], fates)
    assessed, rounds = assess(
        table, catalogue, **consensus, confidence=confidence, scale=settings["range"], floor=floor
    )
    dimensions, together = consensus["dimensions"], consensus.get("together", "all")
    present = attend(table, dimensions=dimensions, floor=floor, confidence=confidence, invited=invited)
    comments, counts = list_comments(table, catalogue)
    return {
        "statements": assessed,
        "rounds": rounds.drop(columns="note").merge(present, on="round", validate="one_to_one"),
        "verdicts": settle(assessed, catalogue, dimensions=dimensions, together=together, numbers=used),
        "stability": compare(
            table,
            catalogue,
            dimensions=dimensions,
            scale=settings["range"],
            confidence=confidence,
            floor=floor,
            numbers=used,
        ),
        "concordance": concord(table, dimensions=dimensions, floor=floor),
        "numbers": used,
        "comments": comments,
        "comment_counts": counts,
        "rows": rows,
        "sheets": Sheets(
            ratings=table,
            assessed=assessed,
            outcomes=outcomes(assessed, together),
            statements=catalogue,
            dimensions=dimensions,
            scale=tuple(settings["range"]),
            rule=rounds["rule"].iloc[0] if len(rounds) else "",
            floor=floor,
            numbered=bool(mapping),
            **{name: (about or {}).get(name, "") for name in ("title", "banner")},
        ),
    }
