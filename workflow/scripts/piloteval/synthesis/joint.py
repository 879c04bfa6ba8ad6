"""The joint display: what was measured beside what was said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

#: What stands in the column `convergence` until a person has judged; the pipeline never does.
AWAITS = "awaits a person's judgement"


def display(constructs: list[dict[str, Any]], outcomes: pd.DataFrame, themes: pd.DataFrame) -> pd.DataFrame:
    """Set the change in each construct's outcome beside the interviews that speak of its themes.

    Parameters
    ----------
    constructs : list of dict
        ``id, label, outcome, themes`` of each row of the display.
    outcomes : pandas.DataFrame
        The table of change at full precision.
    themes : pandas.DataFrame
        The table of themes of all cohorts.

    Returns
    -------
    pandas.DataFrame
        One row a construct and cohort of the outcome. Numbers are those of the tables, copied, not computed again;
        with several themes, the one named in most interviews stands for the count and the others are listed.
        ``convergence`` waits for a person.
    """
    import pandas as pd

    rows = []
    every = themes[themes["cohort"] == "all"].set_index("theme")
    for one in constructs:
        named = [theme for theme in one["themes"] if theme in every.index]
        loudest = max(named, key=lambda theme: _number(every.loc[theme]), default=None)
        said = {
            "themes": "; ".join(every.loc[named, "name"]) if named else "",
            "interviews": every.loc[loudest, "interviews"] if loudest else None,
            "of_interviews": every.loc[loudest, "of_interviews"] if loudest else None,
            "extent": every.loc[loudest, "extent"] if loudest else "",
            "convergence": AWAITS,
            "note": "" if named else "no theme of the codebook",
        }
        measured = (
            outcomes[(outcomes["scale"] == one["outcome"]) & (outcomes["statistic"] == "mean change")]
            if one["outcome"]
            else outcomes.iloc[:0]
        )
        base = {"construct": one["id"], "label": one["label"], "scale": one["outcome"] or ""}
        if measured.empty:
            blank = dict.fromkeys(("n", "estimate", "ci_low", "ci_high"), None)
            rows.append({**base, "cohort": "all", **blank, "direction": "", "reading": "not measured", **said})
        for row in measured.to_dict("records"):
            rows.append(
                {
                    **base,
                    "cohort": row["cohort"],
                    **{key: row[key] for key in ("n", "estimate", "ci_low", "ci_high", "direction")},
                    "reading": row["reading"],
                    **said,
                }
            )
    columns = [
        "construct",
        "label",
        "scale",
        "cohort",
        "n",
        "estimate",
        "ci_low",
        "ci_high",
        "direction",
        "reading",
        "themes",
        "interviews",
        "of_interviews",
        "extent",
        "convergence",
        "note",
    ]
    return pd.DataFrame(rows, columns=columns)


def _number(theme: pd.Series) -> float:
    """Return the interviews of a theme for comparing; nearly all are the most, a withheld number is the smallest."""
    import pandas as pd

    if theme["extent"]:
        return float("inf")
    return -1.0 if pd.isna(theme["interviews"]) else float(theme["interviews"])
