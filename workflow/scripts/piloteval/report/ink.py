"""What all figures share: colours, type, the width of the page, and the names of waves and cohorts."""

from __future__ import annotations

from typing import Any

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

PETROL, SAND, CLAY, INK, GREY, MIST = "#0e5a64", "#d9a441", "#b5533c", "#22303a", "#8b959c", "#e6eaec"
WAVE_COLOURS = (GREY, PETROL, SAND, CLAY)
WIDTH = 7.4

Tables = dict[str, pd.DataFrame]
#: Names of cohorts and waves, and what a figure needs of the configuration.
Labels = dict[str, dict[str, Any]]


#: Type, sizes and colours of every figure, over the defaults of Matplotlib.
STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titley": 1.0,  # no ticks stand above; else every pass measures all ticks to find that out
    "axes.labelsize": 9,
    "axes.edgecolor": "#b9c1c6",
    "axes.labelcolor": INK,
    "axes.linewidth": 1.25,
    "axes.axisbelow": True,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "xtick.bottom": False,
    "ytick.left": False,
    **{f"{axis}tick.{name}": size for axis in "xy" for name, size in (("major.size", 6), ("major.width", 1.25))},
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": ".8",
    "lines.solid_capstyle": "round",
    "patch.edgecolor": "w",
    "patch.force_edgecolor": True,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "legend.title_fontsize": 12,
    "figure.dpi": 100,
}


def set_style() -> None:
    """Set type, sizes and colours for every figure."""
    matplotlib.rcParams.update(STYLE)


def new_figure(height: float, columns: int = 1, **kwargs: Any) -> tuple[Figure, Any]:
    """Return a figure as wide as the page with one row of axes."""
    return plt.subplots(1, columns, figsize=(WIDTH, height), layout="constrained", **kwargs)


def grid(ax: Any) -> None:
    """Draw faint vertical lines and no ticks."""
    ax.grid(axis="x", color=MIST, linewidth=0.8)
    ax.set_axisbelow(True)
    ax.tick_params(length=0)
    ax.spines["left"].set_visible(False)


def wave_names(labels: Labels, waves: list[str]) -> dict[str, str]:
    """Return the labels of waves."""
    return {wave: labels["waves"].get(wave, wave) for wave in waves}


def cohort_name(labels: Labels, cohort: str) -> str:
    """Return the name of a cohort within a sentence."""
    return "all participants" if cohort == "all" else labels["cohorts"].get(cohort, cohort).lower()
