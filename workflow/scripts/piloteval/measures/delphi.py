"""Consensus of the panel: every statement, dimension and round."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from piloteval.config import read_tsv
from piloteval.intake.decisions import read_decisions
from piloteval.intake.gate import open_gate
from piloteval.intake.ledger import account
from piloteval.intake.records import delphi_columns, read_records
from piloteval.intake.sheet import Source, of_kind, require
from piloteval.measures.consensus import quartiles, share_in_agreement
from piloteval.statistic import in_percent

if TYPE_CHECKING:
    import pandas as pd


def rule_in_words(agree_from: float, threshold_percent: float, comparison: str, dimensions: list[str]) -> str:
    """Say the rule of consensus as a sentence."""
    each = f" on each of {', '.join(dimensions)}" if len(dimensions) > 1 else ""
    return (
        f"consensus when {comparison} {threshold_percent:g} % of the panellists who rated the statement "
        f"rate it {agree_from:g} or more{each}"
    )


def _reached(percent: float | None, threshold: float, comparison: str) -> bool:
    if percent is None:
        return False
    percent = round(percent, 9)  # 11 of 20 is 55 percent, not 55.00000000000001
    return percent > threshold if comparison == "above" else percent >= threshold


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
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Assess the consensus on every statement in every round.

    Parameters
    ----------
    ratings : pandas.DataFrame
        One row a panellist and statement: ``panellist, statement, unit`` (the round) and one column a dimension.
    statements : list of dict
        The statements in their order.
    dimensions : list of str
        Rated columns; consensus needs agreement on all of them.
    agree_from, threshold_percent, comparison : float, float, str
        The rule; a panellist who did not rate a dimension is not in its denominator.
    status : str
        Whether the rule was confirmed by its source.
    confidence : float
        Level of the intervals.

    Returns
    -------
    statements, rounds : pandas.DataFrame
        Median, quartiles (R type 7) and share in agreement with a Wilson interval in percent; and the count of
        statements with consensus a round.
    """
    import pandas as pd

    rule = rule_in_words(agree_from, threshold_percent, comparison, dimensions)
    rows: list[dict[str, Any]] = []
    rounds = []
    for number, group in ratings.groupby("unit", sort=True):
        reached_here = 0
        rated = [one for one in statements if (group["statement"] == one["statement"]).any()]
        for one in rated:
            here = group[group["statement"] == one["statement"]]
            reached = []
            for dimension in dimensions:
                values = here[dimension].dropna()
                share = in_percent(
                    share_in_agreement(values, agree_from=agree_from, confidence=confidence),
                    len(here) - len(values),
                    "not rated",
                )
                middle = quartiles(values)
                agreed = _reached(share.estimate, threshold_percent, comparison)
                reached.append(agreed)
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
                    }
                )
            reached_here += all(reached)
        rounds.append(
            {
                "round": number,
                "panellists": group["panellist"].nunique(),
                "statements": len(rated),
                "consensus": reached_here,
                "rule": rule,
                "rule_status": status,
                "note": "",
            }
        )
    return pd.DataFrame(rows), pd.DataFrame(rounds)


def run(
    sources: list[Source],
    statements: list[str],
    *,
    consensus: dict[str, Any],
    confidence: float,
    settings: dict[str, Any],
) -> dict[str, pd.DataFrame]:
    """Read the rounds and return the tables of rule ``assess_consensus``."""
    catalogue = read_tsv(statements[0], "statements")
    columns, key = delphi_columns(consensus["dimensions"], *settings["range"])
    decisions = read_decisions(sources)
    domains = {"statements": [one["statement"] for one in catalogue]}
    gate = open_gate(sources)
    intake = read_records(
        "delphi",
        of_kind(sources, "delphi"),
        domains,
        columns=columns,
        key=key,
        decisions=decisions,
        gate=gate,
    )
    require(sources, settings, [*decisions.problems, *gate.problems, *intake.problems])
    table = intake.table()
    assessed, rounds = assess(table, catalogue, **consensus, confidence=confidence)
    fates = [(source, number, "admitted") for source, number in zip(table["source"], table["unit"], strict=True)]
    return {"statements": assessed, "rounds": rounds, "rows": account(intake.ledger, fates)}
