"""The words of an auditor's verdict, and what several verdicts on one standard come to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

MET, PARTLY, NOT_MET, NOT_APPLICABLE, NOT_ASSESSED = "met", "partly met", "not met", "not applicable", "not assessed"

#: Verdicts from worst to best; the others have no place in this order.
ORDERED = (NOT_MET, PARTLY, MET)

DISPUTED = "disputed"


def settle(verdicts: Iterable[str]) -> str:
    """Return the verdict the auditors of a standard share.

    It is ``disputed`` when they do not share one, and ``not assessed`` when there is none.
    """
    given = {verdict for verdict in verdicts if verdict != NOT_ASSESSED}
    if not given:
        return NOT_ASSESSED
    return given.pop() if len(given) == 1 else DISPUTED


def settle_audits(audits: pd.DataFrame) -> pd.DataFrame:
    """Settle the verdicts of each institution, standard and round.

    Parameters
    ----------
    audits : pandas.DataFrame
        One row an auditor's verdict: ``site, standard, round, auditor, verdict``.

    Returns
    -------
    pandas.DataFrame
        Columns ``site, standard, round, verdict``. Two auditors who differ leave the standard disputed; nobody's
        verdict wins silently. A verdict of the final round stands for that of the external one.
    """
    by_round = audits.groupby(["site", "standard", "round"], sort=True)["verdict"].agg(settle)
    last = by_round.index.get_level_values("round") == "final"
    final, settled = by_round[last].droplevel("round"), by_round[~last].reset_index()
    place = settled.set_index(["site", "standard"]).index
    meant = (settled["round"] == "external") & place.isin(final.index[final != NOT_ASSESSED])
    settled.loc[meant, "verdict"] = [final[key] for key in place[meant]]
    return settled
