"""Reliability of every scale in every wave, as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from piloteval.config import Instrument, Scale
from piloteval.measures import reliability
from piloteval.measures.scoring import items_wide
from piloteval.statistic import Statistic

if TYPE_CHECKING:
    import pandas as pd


def estimate(
    responses: pd.DataFrame, instruments: dict[str, Instrument], *, waves: list[str], confidence: float, min_n: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Estimate the reliability of every scale in every wave it was answered in.

    Parameters
    ----------
    responses : pandas.DataFrame
        Answers of admitted participants, one a row.
    instruments : dict of str to Instrument
        Scoring rules; reversed items are turned round before anything is computed.
    waves : list of str
        Waves in time order.
    confidence : float
        Level of the intervals.
    min_n : int
        With fewer complete respondents a scale gets no coefficient, and its row says so.

    Returns
    -------
    scales, items : pandas.DataFrame
        One row a coefficient, and one row an item.
    """
    import pandas as pd

    scale_rows: list[dict[str, Any]] = []
    item_rows: list[pd.DataFrame] = []
    for instrument in instruments.values():
        for wave in waves:
            wide = items_wide(responses, instrument, wave)
            answered = wide.dropna(how="all")
            if answered.empty:
                continue
            for scale in instrument.scales:
                items = answered[list(scale.items)]
                for name, value in coefficients(items, confidence, min_n).items():
                    scale_rows.append(_row(scale, instrument, wave, name, value))
                item_rows.append(_items(items, scale, instrument, wave, min_n))
    return pd.DataFrame(scale_rows), pd.concat(item_rows, ignore_index=True) if item_rows else pd.DataFrame()


def coefficients(items: pd.DataFrame, confidence: float, min_n: int) -> dict[str, Statistic]:
    """Return the coefficients of one scale by name.

    Two items have no alpha worth the name alone, so Spearman-Brown stands beside it.
    """
    complete, dropped = reliability.complete_rows(items)
    if len(complete) < min_n:
        reason = f"undefined: fewer than {min_n} complete respondents"
        return {
            "alpha": Statistic(
                None,
                len(complete),
                "Cronbach's alpha",
                n_dropped=dropped,
                dropped_reason="an item unanswered" if dropped else "",
                note=reason,
            )
        }
    found = {
        "alpha": reliability.cronbach_alpha(items, confidence=confidence),
        "standardised alpha": reliability.standardised_alpha(items),
        "mean inter-item correlation": reliability.mean_interitem_correlation(items),
    }
    if items.shape[1] == 2:
        found["Spearman-Brown"] = reliability.spearman_brown(items, confidence=confidence)
    return found


def _row(scale: Scale, instrument: Instrument, wave: str, name: str, value: Statistic) -> dict[str, Any]:
    published = (
        next((one for one in scale.published if one["statistic"] == "cronbach_alpha"), None)
        if name == "alpha"
        else None
    )
    return {
        "scale": scale.id,
        "label": scale.label,
        "instrument_status": instrument.status,
        "wave": wave,
        "statistic": name,
        "items": len(scale.items),
        "published_low": published["low"] if published else None,
        "published_high": published["high"] if published else None,
        "published_source": published["source"] if published else "",
        **value.row(f"reliability.{scale.id}.{wave}.{name.replace(' ', '_')}"),
    }


def _items(items: pd.DataFrame, scale: Scale, instrument: Instrument, wave: str, min_n: int) -> pd.DataFrame:
    """Return the item statistics of a scale, without coefficients under the smallest group."""
    import pandas as pd

    complete, _dropped = reliability.complete_rows(items)
    columns = ["n", "mean", "sd", "item_total", "item_rest", "alpha_if_deleted", "note"]
    if len(complete) < min_n:
        table = pd.DataFrame({"item": list(items.columns)})
        table["n"], table["note"] = (
            items.notna().sum().to_numpy(),
            f"undefined: fewer than {min_n} complete respondents",
        )
        table = table.reindex(columns=["item", *columns])
    else:
        table = reliability.item_statistics(items)
        if "item" not in table:
            table = table.rename_axis("item").reset_index()
    reversed_items = ["yes" if item in instrument.reverse else "no" for item in table["item"]]
    return table[["item", *columns]].assign(scale=scale.id, label=scale.label, wave=wave, reversed=reversed_items)
