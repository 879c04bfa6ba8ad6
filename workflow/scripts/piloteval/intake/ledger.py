"""The accounting identity: rows read = analysed + quarantined + excluded + withdrawn, for every file and wave."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from piloteval.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

COUNTS = ("rows_read", "analysed", "quarantined", "excluded", "withdrawn")

#: What becomes of a row that intake kept, by the status of its person.
FATES = {"admitted": "analysed", "excluded": "excluded", "withdrawn": "withdrawn"}


def account(ledger: Iterable[Mapping[str, Any]], fates: Iterable[tuple[str, str, str]]) -> pd.DataFrame:
    """Set beside the ledger of files what became of their rows.

    Parameters
    ----------
    ledger : iterable of mapping
        Entries ``source, kind, wave, rows_read, quarantined``, one a file and wave, as intake counted them; also
        ``excluded`` and ``withdrawn``, where the gate turned rows away.
    fates : iterable of (str, str, str)
        Source, wave and status (a key of :data:`FATES`) of every row, as the analysis met them; the two countings are
        independent, so a lost row shows.

    Returns
    -------
    pandas.DataFrame
        One row a file and wave, with the columns of the ledger tables.
    """
    import pandas as pd

    counted = Counter((source, wave, FATES[status]) for source, wave, status in fates)
    rows = [
        {
            **{name: entry[name] for name in ("source", "kind", "wave", "rows_read", "quarantined")},
            **{
                fate: counted.pop((entry["source"], entry["wave"], fate), 0) + entry.get(fate, 0)
                for fate in FATES.values()
            },
        }
        for entry in ledger
    ]
    # A row that was analysed and never read must show as well.
    for (source, wave, fate), many in counted.items():
        none = dict.fromkeys(COUNTS, 0)
        rows.append({"source": source, "kind": "", "wave": wave, **none, fate: many})
    return pd.DataFrame(rows, columns=["source", "kind", "wave", *COUNTS])


def close(ledgers: Iterable[pd.DataFrame], read: pd.DataFrame) -> pd.DataFrame:
    """Join the ledgers of all rules and check the identity.

    Parameters
    ----------
    ledgers : iterable of pandas.DataFrame
        What the rules accounted for.
    read : pandas.DataFrame
        Columns ``source, wave, rows_read``: rows as the check of the inputs counted them.

    Returns
    -------
    pandas.DataFrame
        The ledgers with ``balance``, which is 0 on every row.

    Raises
    ------
    DataError
        A row is lost or counted twice.
    """
    import pandas as pd

    joined = pd.concat(list(ledgers), ignore_index=True)
    joined["balance"] = joined["rows_read"] - joined[list(COUNTS[1:])].sum(axis=1)
    checked = {(one["source"], one["wave"]): one["rows_read"] for one in read.to_dict("records")}
    for row in joined.to_dict("records"):
        seen = checked.get((row["source"], row["wave"]))
        if row["balance"] or seen != row["rows_read"]:
            raise DataError(
                f"The rows of {row['source']}, wave {row['wave'] or 'none'}, do not add up: "
                f"{row['rows_read']} read ({'none' if seen is None else seen} at the check), "
                f"balance {row['balance']}. Please report this; no result of this run can be trusted."
            )
    return joined


def by_kind(closed: pd.DataFrame) -> pd.DataFrame:
    """Sum the closed ledgers by kind of file and wave; how many of one file were excluded is restricted."""
    groups = closed.groupby(["kind", "wave"], sort=False)
    sums = groups[[*COUNTS, "balance"]].sum()
    sums.insert(0, "files", groups["source"].nunique())
    return sums.reset_index()
