"""What leaves the house: every released table through the release tier's limits, with a record of what was withheld."""

from __future__ import annotations

from typing import TYPE_CHECKING

from piloteval import tables, tiers

if TYPE_CHECKING:
    import pandas as pd


def publish(internal: dict[str, pd.DataFrame], tier: tiers.Tier) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """Make the release tables.

    Parameters
    ----------
    internal : dict of str to pandas.DataFrame
        Internal tables by their path; those that are not to be released are passed over.
    tier : Tier
        The release tier with the limits of the study.

    Returns
    -------
    released : dict of str to pandas.DataFrame
        Tables by their release path, withheld and rounded.
    withheld : pandas.DataFrame
        For every released table, how many rows are shown and withheld, and why.
    """
    import pandas as pd

    released, rows = {}, []
    for path, table in internal.items():
        one = tables.contract(f"results/{path}")
        if not one.released:
            continue
        target = tables.contract("results/release" + path.removeprefix("internal"))
        for column, value in one.team_rows:
            table = table[table[column] != value].reset_index(drop=True)
        state = tiers.withheld(tables.conform(table, one), one.people, tier.floor, one.margins, one.keys)
        already = table["note"].str.startswith("withheld") if "note" in table else pd.Series(False, index=table.index)
        released[target.path] = table
        small, secondary = int(((state == "small") | already.to_numpy()).sum()), int((state == "secondary").sum())
        rows.append(
            {
                "table": target.path,
                "rows": len(table),
                "shown": len(table) - small - secondary,
                "small": small,
                "secondary": secondary,
            }
        )
    return released, pd.DataFrame(rows, columns=["table", "rows", "shown", "small", "secondary"])
