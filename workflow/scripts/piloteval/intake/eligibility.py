"""Who may take part, by the criteria of the configuration; consent is asked before, at the gate."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any


def reason_to_exclude(
    person: Mapping[str, Any],
    *,
    min_age: float | None,
    min_experience_years: float | None,
    professions: Collection[str],
    require_affiliation: bool,
) -> str:
    """Return why a registered person cannot take part, or an empty text.

    A criterion that cannot be checked because the register is silent excludes as well. The first reason in the order of
    age, experience, profession and affiliation is given, so that everybody has one.
    """
    for limit, column, below in (
        (min_age, "age", "under the minimum age"),
        (min_experience_years, "experience_years", "too little professional experience"),
    ):
        if limit is not None:
            value = person[column]
            if value is None or value != value:
                return f"{column.replace('_', ' ')} not recorded"
            if value < limit:
                return below
    if professions and person["profession"] not in professions:
        return "profession not in the study"
    if require_affiliation and person["affiliated"] != "yes":
        return "not affiliated"
    return ""
