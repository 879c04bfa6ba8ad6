"""What the audits and the ratings say about the standards, the institutions and the audit itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from piloteval.config import read_tsv
from piloteval.intake import audits as audit_intake
from piloteval.intake.catalogues import read_standards
from piloteval.intake.decisions import read_decisions
from piloteval.intake.gate import open_gate
from piloteval.intake.ledger import account
from piloteval.intake.records import read_records
from piloteval.intake.sheet import Source, of_kind, require
from piloteval.measures import auditors, consensus, indicators, proposals
from piloteval.measures.verdicts import DISPUTED, MET, NOT_APPLICABLE, NOT_ASSESSED, NOT_MET, PARTLY, settle_audits
from piloteval.statistic import in_percent

if TYPE_CHECKING:
    import pandas as pd

#: What is known of an application for a level.
APPLICATION = ("site", "track", "level", "running_since", "certified_level", "certified_since", "applied_on")
RATED = ("feasibility", "clarity", "evidence_sufficiency", "audit_operability")


def standards_table(
    settled: pd.DataFrame, standards: list[dict[str, str]], audit_round: str = "external"
) -> pd.DataFrame:
    """Count the institutions by verdict for every standard of the catalogue."""
    import pandas as pd

    here = settled[settled["round"] == audit_round]
    rows = []
    for one in standards:
        verdicts = here.loc[here["standard"] == one["code"], "verdict"]
        count = verdicts.value_counts()
        assessed = int(len(verdicts) - count.get(NOT_ASSESSED, 0))
        rows.append(
            {
                "track": one["track"],
                "standard": one["code"],
                "section": one["section"],
                "short_name": one["short_name"],
                "core": one["core"],
                "tier": one["tier"],
                "status": one["status"],
                "institutions": assessed,
                "met": count.get(MET, 0),
                "partly_met": count.get(PARTLY, 0),
                "not_met": count.get(NOT_MET, 0),
                "not_applicable": count.get(NOT_APPLICABLE, 0),
                "disputed": count.get(DISPUTED, 0),
                "note": "" if assessed else "not audited in this pilot",
            }
        )
    return pd.DataFrame(rows)


def institutions_table(
    settled: pd.DataFrame, standards: list[dict[str, str]], sites: list[dict[str, str]]
) -> pd.DataFrame:
    """Count the standards by verdict for every institution, track and round.

    Returns
    -------
    pandas.DataFrame
        ``percent_met`` is the share of applicable standards with the verdict met; disputed ones count as not (yet) met.
        It is a description, not a certification decision.
    """
    import pandas as pd

    track_of = {one["code"]: one["track"] for one in standards}
    joined = settled.assign(track=settled["standard"].map(track_of))
    place = {one["site"]: one for one in sites}
    rows = []
    for (site, track, audit_round), group in joined.groupby(["site", "track", "round"], sort=True):
        count = group["verdict"].value_counts()
        applicable = int(len(group) - count.get(NOT_APPLICABLE, 0) - count.get(NOT_ASSESSED, 0))
        rows.append(
            {
                "site": site,
                "name": place[site]["name"],
                "country": place[site]["country"],
                "setting": place[site]["setting"],
                "track": track,
                "round": audit_round,
                "standards": len(group),
                "applicable": applicable,
                "met": count.get(MET, 0),
                "partly_met": count.get(PARTLY, 0),
                "not_met": count.get(NOT_MET, 0),
                "disputed": count.get(DISPUTED, 0),
                "percent_met": 100 * count.get(MET, 0) / applicable if applicable else None,
                "note": "" if applicable else "no applicable standard was assessed",
            }
        )
    columns = [
        "site",
        "name",
        "country",
        "setting",
        "track",
        "round",
        "standards",
        "applicable",
        "met",
        "partly_met",
        "not_met",
        "disputed",
        "percent_met",
        "note",
    ]
    return pd.DataFrame(rows, columns=columns)


def verdicts_table(settled: pd.DataFrame, standards: list[dict[str, str]], sites: list[dict[str, str]]) -> pd.DataFrame:
    """Return the settled external verdict of every institution and standard beside its self-assessment."""
    import pandas as pd

    track_of, name_of = {one["code"]: one["track"] for one in standards}, {one["site"]: one["name"] for one in sites}
    wide = settled.pivot(index=["site", "standard"], columns="round", values="verdict")
    rows = []
    for (site, standard), row in wide.iterrows():
        external, own = row.get("external"), row.get("self")
        rows.append(
            {
                "site": site,
                "name": name_of[site],
                "track": track_of[standard],
                "standard": standard,
                "verdict": external if isinstance(external, str) else NOT_ASSESSED,
                "self_verdict": own if isinstance(own, str) else NOT_ASSESSED,
                "note": "",
            }
        )
    return pd.DataFrame(rows, columns=["site", "name", "track", "standard", "verdict", "self_verdict", "note"])


def _audits(audits: pd.DataFrame, standards: list[dict[str, str]]) -> pd.DataFrame:
    """Return every auditor's verdict with the track of its standard, in a stable order."""
    columns = ["site", "track", "standard", "round", "auditor", "verdict", "audited_on"]
    track_of = {one["code"]: one["track"] for one in standards}
    return audits.assign(track=audits["standard"].map(track_of)).sort_values(columns)[columns]


def _ratings(ratings: pd.DataFrame, standards: list[dict[str, str]]) -> pd.DataFrame:
    """Return every rating given as a row of its own, in a stable order."""
    track_of = {one["code"]: one["track"] for one in standards}
    long = ratings.melt(["site", "standard", "rater"], list(RATED), "dimension", "rating").dropna(subset=["rating"])
    columns = ["site", "track", "standard", "rater", "dimension", "rating"]
    return long.assign(track=long["standard"].map(track_of)).sort_values(columns)[columns]


def ratings_table(
    ratings: pd.DataFrame, standards: list[dict[str, str]], agree_from: float, confidence: float
) -> pd.DataFrame:
    """Summarise the ratings of every standard on every dimension.

    Returns
    -------
    pandas.DataFrame
        Median and quartiles (linear interpolation, R type 7) and, as ``estimate``, the share of ratings at or above the
        threshold with a Wilson interval, in percent.
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for one in standards:
        here = ratings[ratings["standard"] == one["code"]]
        if here.empty:
            continue
        for dimension in RATED:
            values = here[dimension].dropna()
            share = consensus.share_in_agreement(values, agree_from=agree_from, confidence=confidence)
            rows.append(
                {
                    "track": one["track"],
                    "standard": one["code"],
                    "status": one["status"],
                    "dimension": dimension,
                    **_spread(values),
                    **in_percent(share, len(here) - len(values), "not rated").row(
                        f"certification.rating.{one['code']}.{dimension}"
                    ),
                }
            )
    return pd.DataFrame(rows)


def _spread(values: pd.Series) -> dict[str, float | None]:
    """Return median and quartiles as columns."""
    found = consensus.quartiles(values)
    return {"median": found.median, "q1": found.lower, "q3": found.upper}


def effort_table(effort: pd.DataFrame) -> pd.DataFrame:
    """Describe time and cost of the visits by round; visits without a record of it are counted.

    Returns
    -------
    pandas.DataFrame
        One row a round and measure (``minutes``, or ``cost`` in one currency): visits, median, lowest and highest, and
        the sum for an institution on average.
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for audit_round, here in effort.groupby("round", sort=True):
        groups = [("minutes", "", here)]
        groups += [("cost", str(currency), some) for currency, some in here.dropna(subset=["cost"]).groupby("currency")]
        for measure, unit, some in groups:
            values = some[measure].dropna()
            lacking = len(here) - len(values)
            rows.append(
                {
                    "round": audit_round,
                    "measure": measure,
                    "unit": unit or "minutes",
                    "visits": len(values),
                    "institutions": some.loc[values.index, "site"].nunique(),
                    "median": values.median() if len(values) else None,
                    "low": values.min() if len(values) else None,
                    "high": values.max() if len(values) else None,
                    "per_institution": values.groupby(some["site"]).sum().mean() if len(values) else None,
                    "note": f"{lacking} of {len(here)} visits without a record in this unit" if lacking else "",
                }
            )
    columns = ["round", "measure", "unit", "visits", "institutions", "median", "low", "high", "per_institution", "note"]
    return pd.DataFrame(rows, columns=columns)


def indicators_table(indicators: pd.DataFrame) -> pd.DataFrame:
    """Describe every institution indicator in every period over the institutions; no single institution is shown."""
    import pandas as pd

    rows = []
    for (name, period), group in indicators.groupby(["indicator", "period"], sort=True):
        values = group["value"].dropna()
        rows.append(
            {
                "indicator": name,
                "period": period,
                "institutions": len(values),
                "mean": values.mean() if len(values) else None,
                "sd": values.std(ddof=1) if len(values) > 1 else None,
                "median": values.median() if len(values) else None,
                "note": f"{len(group) - len(values)} institutions without a value" if len(group) > len(values) else "",
            }
        )
    return pd.DataFrame(rows, columns=["indicator", "period", "institutions", "mean", "sd", "median", "note"])


def proposed(
    given: pd.DataFrame,
    standards: list[dict[str, str]],
    decisions: pd.DataFrame,
    bars: dict[str, Any],
    rated: dict[str, Any],
) -> pd.DataFrame:
    """Return what the ratings propose for every standard, nothing where the study names no share to propose by."""
    import pandas as pd

    if bars["revise_below"] is None:
        return pd.DataFrame(columns=list(proposals.PROPOSALS))
    return proposals.propose(
        given,
        standards,
        decisions,
        revise_below=bars["revise_below"],
        remove_below=bars["remove_below"] if bars["remove_below"] is not None else 0,
        rule_status=bars["status"],
        **rated,
    )


def run(
    sources: list[Source],
    *,
    sites: list[str],
    standards: list[str],
    agree_from: float,
    confidence: float,
    settings: dict[str, Any],
    bars: dict[str, Any],
    draws: int,
    floor: int,
) -> dict[str, pd.DataFrame]:
    """Read audits, ratings and indicators and return the tables of rule ``assess_certification``.

    Parameters
    ----------
    sources : list of Source
        Files of these kinds.
    sites, standards : list of str
        Files of the configuration.
    agree_from : float
        A rating of this value or more is agreement.
    confidence : float
        Level of the intervals.
    settings : dict
        What the configuration knows; ``rating_range`` is the lowest and highest rating.
    bars : dict
        ``revise_below`` and ``remove_below``, shares of favourable ratings in percent (without the first nothing is
        proposed), and ``status``, whether they are confirmed.
    draws : int
        Draws of the bootstrap of Krippendorff's alpha.
    floor : int
        Least number of people who rated.
    """
    places, catalogue = read_tsv(sites[0], "sites"), read_standards(standards)
    domains = {"sites": [one["site"] for one in places], "standards": [one["code"] for one in catalogue]}
    decisions, gate, limits = read_decisions(sources), open_gate(sources), tuple(settings["rating_range"])
    intakes = {
        kind: read_records(kind, of_kind(sources, kind), domains, limits=limits, decisions=decisions, gate=gate)
        for kind in (*audit_intake.KINDS, "rating", "indicator")
    }
    audit_intake.check_audits(intakes["audit"], intakes["auditors"], sources, window=settings["audit_window"])
    found = [*decisions.problems, *gate.problems, *(one for intake in intakes.values() for one in intake.problems)]
    require(sources, settings, found)
    tables = {kind: intake.table() for kind, intake in intakes.items()}
    settled = settle_audits(tables["audit"])
    audited, given = _audits(tables["audit"], catalogue), _ratings(tables["rating"], catalogue)
    institutions = institutions_table(settled, catalogue, places)
    related = indicators.relate(tables["indicator"], institutions, confidence=confidence)
    rated = {"confidence": confidence, "floor": floor, "agree_from": agree_from}
    rows = account(
        [entry for intake in intakes.values() for entry in intake.ledger],
        [(one["source"], one["unit"], "admitted") for intake in intakes.values() for one in intake.records],
    )
    return {
        "standards": standards_table(settled, catalogue),
        "institutions": institutions,
        "verdicts": verdicts_table(settled, catalogue, places),
        "audits": audited,
        "applications": tables["application"][list(APPLICATION)],
        "auditors": auditors.compare(audited, confidence=confidence, draws=draws),
        "disagreements": auditors.to_settle(audited, catalogue),
        "effort": effort_table(tables["audit_effort"]),
        "ratings": ratings_table(tables["rating"], catalogue, agree_from, confidence),
        "given": given,
        "validity": proposals.describe_standards(given, catalogue, rating_range=settings["rating_range"], **rated),
        "tracks": proposals.describe_tracks(given, catalogue, agree_from=agree_from, floor=floor),
        "proposals": proposed(given, catalogue, tables["standard_decisions"], bars, rated),
        "indicators": indicators_table(tables["indicator"]),
        "correlations": related["correlations"],
        "points": related["points"],
        "rows": rows,
    }
