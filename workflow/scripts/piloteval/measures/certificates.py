"""The decision on every institution: its level by the rule of the study, and what the decision hangs on."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from piloteval.config import read_tsv
from piloteval.intake.catalogues import read_standards
from piloteval.measures import levels as level_rules
from piloteval.measures.verdicts import settle_audits

if TYPE_CHECKING:
    import pandas as pd


def decide(
    audits: pd.DataFrame,
    applications: pd.DataFrame,
    *,
    sites: list[str],
    standards: list[str],
    levels: list[str],
    decided_on: str | None,
) -> dict[str, pd.DataFrame]:
    """Decide the levels as the tables of rule ``decide_levels``.

    Parameters
    ----------
    audits : pandas.DataFrame
        One row an auditor's verdict, with ``audited_on``.
    applications : pandas.DataFrame
        One row a site and track.
    sites, standards, levels : list of str
        Files of the configuration; the last is the rule.
    decided_on : str or None
        Day of the decision; the last day of an audit when there is none, so that no clock makes a level.
    """
    day = decided_on or max(audits["audited_on"], default="") or "1970-01-01"
    rules = level_rules.read_rules(levels[0])
    known = (read_standards(standards), read_tsv(sites[0], "sites"), applications, rules, date.fromisoformat(day))
    settled = settle_audits(audits)
    found = level_rules.sensitivity(audits, *known)
    return {
        "decisions": level_rules.decide(settled, *known),
        "ladder": level_rules.ladder(settled, *known),
        "missing": level_rules.missing(settled, *known),
        "alternatives": found.alternatives,
        "span": found.span,
    }
