"""The audit itself: where external auditors agree, how institutions see themselves, and what is left to settle."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from piloteval.measures import agreement
from piloteval.measures.verdicts import NOT_APPLICABLE, NOT_ASSESSED, ORDERED
from piloteval.statistic import Statistic, in_percent

if TYPE_CHECKING:
    import pandas as pd

EXTERNAL = "external auditors"
OWN = "self-assessment against external audit"
SEED = 1
FEW = "few institutions: one more would move the number by much"


def compare(audits: pd.DataFrame, *, confidence: float, draws: int) -> pd.DataFrame:
    """Compare external auditors with each other standard by standard, and self-assessments with external audits.

    Parameters
    ----------
    audits : pandas.DataFrame
        One row an auditor's verdict: ``site, track, standard, round, auditor, verdict``.
    confidence : float
        Level of the intervals.
    draws : int
        Draws of the bootstrap of Krippendorff's alpha.

    Returns
    -------
    pandas.DataFrame
        One row a coefficient. ``standard`` is empty where it speaks of a whole track. Auditors act in their role and
        institutions in public, so nothing is withheld; ``institutions`` says how few there are.

    Notes
    -----
    The agreement of external auditors over a whole track is in ``reliability/raters.csv``. A self-assessment is
    compared with the verdict both external auditors share; where they do not share one, or somebody saw the standard
    not to apply, there is nothing to be kinder or harsher than. Units of a standard are institutions and independent;
    units of a track are standards within institutions, which are not.
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    given = audits[audits["verdict"] != NOT_ASSESSED]
    external = given[given["round"] == "external"]
    for (track, standard), here in external.groupby(["track", "standard"], sort=False):
        wide = here.pivot(index="site", columns="auditor", values="verdict")
        both = wide[wide.notna().sum(axis=1) > 1]
        categories = [*ORDERED, *([NOT_APPLICABLE] if (here["verdict"] == NOT_APPLICABLE).any() else [])]
        for value in _between(both, categories, confidence, draws):
            rows.append(_row(EXTERNAL, track, standard, len(both), value))
    pairs, both = _pairs(given)
    for track, here in pairs.groupby("track", sort=False):
        out = int((both["track"] == track).sum()) - len(here)
        for value in _against(here, confidence, draws, clusters=here["site"]):
            rows.append(_row(OWN, track, "", here["site"].nunique(), _without(value, out)))
        for standard, some in here.groupby("standard", sort=False):
            out = int((both["standard"] == standard).sum()) - len(some)
            for value in _against(some, confidence, draws):
                rows.append(_row(OWN, track, standard, len(some), _without(value, out)))
    return pd.DataFrame(rows)


def _between(wide: pd.DataFrame, categories: list[str], confidence: float, draws: int) -> Iterator[Statistic]:
    """Yield the coefficients of the external auditors of one standard."""
    yield agreement.percent_agreement(wide, categories, confidence)
    yield agreement.fleiss_kappa(wide, None, categories, confidence)
    yield agreement.gwet_ac1(wide, categories, confidence)
    yield agreement.krippendorff_alpha(wide, "nominal", categories, confidence, draws, SEED)


def _pairs(given: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the self-assessed verdict beside the one external auditors share: where both are ordered, and all."""
    keys = ["site", "track", "standard"]
    external = given[given["round"] == "external"].groupby(keys, sort=False)["verdict"]
    shared = external.first().where(external.nunique() == 1, "").rename("external")
    own = given[given["round"] == "self"].groupby(keys, sort=False)["verdict"].agg(_only).rename("own")
    both = shared.to_frame().join(own, how="inner").reset_index()
    return both[both["own"].isin(ORDERED) & both["external"].isin(ORDERED)], both


def _without(value: Statistic, out: int) -> Statistic:
    """Return the statistic with the standards it leaves out."""
    reason = "external auditors differ, or somebody saw the standard not to apply"
    return replace(value, n_dropped=value.n_dropped + out, dropped_reason=reason if out else value.dropped_reason)


def _against(
    pairs: pd.DataFrame, confidence: float, draws: int, clusters: pd.Series | None = None
) -> Iterator[Statistic]:
    """Yield how self-assessments agree with external audits, and how often they are kinder or harsher."""
    categories = list(ORDERED)
    own, external = pairs["own"], pairs["external"]
    wide = pairs[["own", "external"]]
    found = [
        agreement.percent_agreement(wide, categories, confidence),
        agreement.cohen_kappa(own, external, "quadratic", categories, confidence),
        agreement.gwet_ac2(wide, "quadratic", categories, confidence),
        agreement.krippendorff_alpha(
            wide, "ordinal", categories, confidence, draws, SEED, None if clusters is None else clusters.to_numpy()
        ),
    ]
    rank = {verdict: place for place, verdict in enumerate(ORDERED)}
    apart = own.map(rank) - external.map(rank)
    for name, hits in (("self-assessment kinder", apart > 0), ("self-assessment harsher", apart < 0)):
        found.append(in_percent(agreement.proportion(int(hits.sum()), len(hits), f"{name}, percent", confidence)))
    for value in found:
        if clusters is not None and value.ci_method:
            nested = "standards of one institution are not independent, so the interval is too narrow"
            value = replace(value, note="; ".join(filter(None, [value.note, nested])))
        yield value


def _row(about: str, track: str, standard: str, institutions: int, value: Statistic) -> dict[str, Any]:
    words = "".join(letter if letter.isalnum() else "_" for letter in value.method.lower())
    group = standard or track
    if standard:
        value = replace(value, note="; ".join(filter(None, [value.note, FEW])))
    return {
        "about": about,
        "track": track,
        "standard": standard,
        "statistic": value.method,
        "institutions": institutions,
        **value.row(f"certification.{'auditors' if about == EXTERNAL else 'own'}.{group}.{words}"),
    }


def to_settle(audits: pd.DataFrame, standards: list[dict[str, str]]) -> pd.DataFrame:
    """List where external auditors gave different verdicts, for their conference.

    Parameters
    ----------
    audits : pandas.DataFrame
        One row an auditor's verdict, with ``evidence`` where the file has it.
    standards : list of dict
        The catalogue.

    Returns
    -------
    pandas.DataFrame
        One row a standard of an institution: the verdicts, worst first and without who gave them, how far they are
        apart in steps of the ordered verdicts (empty where one saw the standard not to apply), the verdict of the final
        round where there is one, and whether it is settled.
    """
    import pandas as pd

    name = {one["code"]: one["short_name"] for one in standards}
    rank = {verdict: place for place, verdict in enumerate(ORDERED)}
    keys = ["site", "track", "standard"]
    final = audits[audits["round"] == "final"].groupby(keys, sort=False)["verdict"].agg(_only).to_dict()
    rows = []
    external = audits[(audits["round"] == "external") & (audits["verdict"] != NOT_ASSESSED)]
    for key, here in external.groupby(keys, sort=True):
        if here["verdict"].nunique() < 2:
            continue
        ranks = [rank.get(verdict) for verdict in here["verdict"]]
        steps = None if None in ranks else max(ranks) - min(ranks)
        settled = final.get(key, "")
        rows.append(
            {
                **dict(zip(keys, key, strict=True)),
                "short_name": name[key[2]],
                "verdicts": "; ".join(sorted(here["verdict"], key=[*ORDERED, NOT_APPLICABLE].index)),
                "steps_apart": steps,
                "final_verdict": settled,
                "settled": "yes" if settled else "no",
                "note": "" if settled else "for the conference",
            }
        )
    columns = [*keys, "short_name", "verdicts", "steps_apart", "final_verdict", "settled", "note"]
    return pd.DataFrame(rows, columns=columns)


def _only(verdicts: pd.Series) -> str:
    """Return the verdict of the round, or nothing when it holds several."""
    return str(verdicts.iloc[0]) if verdicts.nunique() == 1 else ""
