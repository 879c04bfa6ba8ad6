"""How much of what identifies people was replaced in the transcripts, on the details a person marked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from piloteval.measures.agreement import proportion
from piloteval.qualitative.prepare import GROUPS, OTHER_WORDS
from piloteval.statistic import in_percent

if TYPE_CHECKING:
    import pandas as pd


def measure_recall(labelled: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Return the share that was replaced by language and group of details, and over all languages.

    Parameters
    ----------
    labelled : pandas.DataFrame
        Counts by interview and group, see :func:`piloteval.qualitative.prepare.count_labels`.
    confidence : float
        Level of the Wilson intervals, which take details as independent; those of one interview are not quite.

    Returns
    -------
    pandas.DataFrame
        One row a language and group: share replaced in percent, and how many of the others stand in the list of words
        to judge. The last row of a language is the share of words outside of every label.
    """
    import pandas as pd

    rows = []
    for language in [*sorted(labelled["language"].unique()), *(["all"] if len(labelled) else [])]:
        here = labelled if language == "all" else labelled[labelled["language"] == language]
        for group in [*(name for name, _fits in GROUPS), OTHER_WORDS]:
            counts = here[here["group"] == group]
            if counts.empty:
                continue
            replaced, whole = int(counts["replaced"].sum()), int(counts["labelled"].sum())
            what = "words" if group == OTHER_WORDS else "labelled details"
            share = in_percent(proportion(replaced, whole, f"share of {what} replaced, percent", confidence))
            rows.append(
                {
                    "language": language,
                    "group": group,
                    "replaced": replaced,
                    "listed_to_judge": None if group == OTHER_WORDS else int(counts["to_judge"].sum()),
                    **share.row(f"deidentification.{language}.{group.replace(' ', '_')}"),
                }
            )
    return pd.DataFrame(rows)
