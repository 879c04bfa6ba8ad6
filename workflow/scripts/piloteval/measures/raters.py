"""Agreement of those who judge: the auditors of a track, and the people who rated the standards on a dimension."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from piloteval.measures import agreement, icc
from piloteval.measures.verdicts import NOT_APPLICABLE, NOT_ASSESSED, ORDERED
from piloteval.statistic import Statistic

if TYPE_CHECKING:
    import pandas as pd

AUDITORS, RATERS = "auditors", "ratings"
CASE, STANDARD = "standard in an institution", "standard"

#: Seed of every bootstrap: the same files give the same intervals.
SEED = 1


def compare(
    audits: pd.DataFrame, ratings: pd.DataFrame, *, rating_range: list[float], confidence: float, draws: int
) -> pd.DataFrame:
    """Compare the external auditors of every track, and the raters of every dimension.

    Parameters
    ----------
    audits : pandas.DataFrame
        One row an auditor's verdict: ``site, track, standard, round, auditor, verdict``.
    ratings : pandas.DataFrame
        One row a rating: ``standard, rater, dimension, rating``.
    rating_range : list of float
        Lowest and highest rating; the whole numbers between them are the categories.
    confidence : float
        Level of the intervals.
    draws : int
        Draws of the bootstrap.

    Returns
    -------
    pandas.DataFrame
        One row a coefficient, with prevalence and percent agreement beside the coefficients corrected for chance.

    Notes
    -----
    Pairs of auditors differ from institution to institution, so each auditor is a rater with missing ratings. Verdicts
    are compared twice: as categories, and as an order without the cases in which an auditor saw the standard not to
    apply. Cases of one institution are not independent: the bootstrap draws whole institutions; the other intervals
    take the cases as independent and are too narrow, which their notes say.
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    external = audits[(audits["round"] == "external") & (audits["verdict"] != NOT_ASSESSED)]
    for track, here in external.groupby("track", sort=False):
        wide = here.pivot(index=["site", "standard"], columns="auditor", values="verdict")
        categories = [*ORDERED, *([NOT_APPLICABLE] if (here["verdict"] == NOT_APPLICABLE).any() else [])]
        rows += _rows(AUDITORS, str(track), "nominal", CASE, wide, categories, confidence, draws, nested=True)
        ordered = wide[~(wide == NOT_APPLICABLE).any(axis=1)]
        rows += _rows(
            AUDITORS, str(track), "ordinal", CASE, ordered, list(ORDERED), confidence, draws, nested=True,
            apart=len(wide) - len(ordered),
        )  # fmt: skip
    for dimension, here in ratings.groupby("dimension", sort=False):
        wide = here.pivot(index="standard", columns="rater", values="rating")
        points = list(range(int(rating_range[0]), int(rating_range[1]) + 1))
        rows += _rows(RATERS, str(dimension), "ordinal", STANDARD, wide, points, confidence, draws)
        rows += [
            _row(RATERS, str(dimension), "interval", STANDARD, wide, name, value)
            for name, value in icc.intraclass_correlations(wide, confidence=confidence).items()
        ]
    return pd.DataFrame(rows, columns=None if rows else _COLUMNS)


_COLUMNS = ["about", "group", "level", "statistic", "unit", "raters", "institutions"]

NOT_INDEPENDENT = "cases of one institution are not independent, so the interval is too narrow"
OUT_OF_ORDER = "a verdict of “not applicable” has no place in the order"


def _rows(
    about: str,
    group: str,
    level: str,
    unit: str,
    wide: pd.DataFrame,
    categories: list[Any],
    confidence: float,
    draws: int,
    nested: bool = False,
    apart: int = 0,
) -> Iterator[dict[str, Any]]:
    """Yield the coefficients of one table of units by raters, then the share of every category."""
    clusters = wide.index.get_level_values("site").to_numpy() if nested else None
    found = agreement.coefficients(
        wide, level, categories=categories, confidence=confidence, draws=draws, seed=SEED, clusters=clusters
    )
    for name, value in found.items():
        value = replace(value, ci_method=value.ci_method.replace("clusters of units", "institutions"))
        if nested and value.ci_method and "bootstrap" not in value.ci_method:
            value = replace(value, note="; ".join(filter(None, [value.note, NOT_INDEPENDENT])))
        if apart:
            reasons = [OUT_OF_ORDER, *([value.dropped_reason] if value.dropped_reason else [])]
            value = replace(value, n_dropped=value.n_dropped + apart, dropped_reason="; ".join(reasons))
        yield _row(about, group, level, unit, wide, name, value)
    if level == "nominal" or not nested:  # the shares of the ordered verdicts follow from those of all
        for category in categories:
            yield _row(about, group, level, unit, wide, f"prevalence: {category}", agreement.prevalence(wide, category))


def _row(
    about: str, group: str, level: str, unit: str, wide: pd.DataFrame, name: str, value: Statistic
) -> dict[str, Any]:
    words = "".join(letter if letter.isalnum() else "_" for letter in name.lower())
    return {
        "about": about,
        "group": group,
        "level": level,
        "statistic": name,
        "unit": unit,
        "raters": wide.shape[1],
        "institutions": wide.index.get_level_values("site").nunique() if "site" in wide.index.names else None,
        **value.row(f"reliability.{about}.{group}.{level}.{words}"),
    }
