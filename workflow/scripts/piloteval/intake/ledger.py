"""The accounting identity: rows read = analysed + quarantined + excluded + withdrawn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from piloteval.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

COUNTS = ("rows_read", "analysed", "quarantined", "excluded", "withdrawn")


def account(
    ledger: Iterable[Mapping[str, Any]],
    analysed: Mapping[tuple[str, str], int],
    excluded: Mapping[tuple[str, str], int] | None = None,
    withdrawn: Mapping[tuple[str, str], int] | None = None,
) -> pd.DataFrame:
    """Sum the ledger of files by kind and wave and set beside it what became of the rows.

    Parameters
    ----------
    ledger : iterable of mapping
        Entries ``kind, wave, rows_read, quarantined``, one a file, as intake counted them.
    analysed, excluded, withdrawn : mapping of (kind, wave) to int
        Rows as the analysis counted them; the two countings are independent, so a lost row shows.

    Returns
    -------
    pandas.DataFrame
        One row a kind and wave, with the columns of the ledger tables.
    """
    import pandas as pd

    sums: dict[tuple[str, str], Counter[str]] = {}
    for entry in ledger:
        here = sums.setdefault((entry["kind"], entry["wave"]), Counter())
        here.update(files=1, rows_read=entry["rows_read"], quarantined=entry["quarantined"])
    rows = []
    for (kind, wave), count in sums.items():
        key = (kind, wave)
        rows.append(
            {
                "kind": kind,
                "wave": wave,
                "files": count["files"],
                "rows_read": count["rows_read"],
                "analysed": analysed.get(key, 0),
                "quarantined": count["quarantined"],
                "excluded": (excluded or {}).get(key, 0),
                "withdrawn": (withdrawn or {}).get(key, 0),
            }
        )
    return pd.DataFrame(rows, columns=["kind", "wave", "files", *COUNTS])


def close(ledgers: Iterable[pd.DataFrame], read: pd.DataFrame) -> pd.DataFrame:
    """Join the ledgers of all rules and check the identity.

    Parameters
    ----------
    ledgers : iterable of pandas.DataFrame
        What the rules accounted for.
    read : pandas.DataFrame
        Columns ``kind, wave, rows_read``: rows as the check of the inputs counted them.

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
    checked = read.groupby(["kind", "wave"])["rows_read"].sum()
    for row in joined.to_dict("records"):
        seen = checked.get((row["kind"], row["wave"]))
        if row["balance"] or seen != row["rows_read"]:
            raise DataError(
                f"The rows of kind {row['kind']}, wave {row['wave'] or 'none'}, do not add up: "
                f"{row['rows_read']} read ({seen} at the check), balance {row['balance']}. "
                "Please report this; no result of this run can be trusted."
            )
    return joined
