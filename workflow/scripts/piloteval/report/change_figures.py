"""The figures of change between the waves."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from piloteval.report.change_prose import EXCLUDES, INCLUDES, PLANNED, UNTOLD, verdict
from piloteval.report.ink import CLAY, GREY, INK, PETROL, WIDTH, Labels, Tables, cohort_name, grid, new_figure
from piloteval.report.page import format_number, format_p

#: Standardised change in the forest: of the same people, or of two waves nobody can be paired between.
STANDARDISED = {
    "standardised change d_z": "standardised change d_z (Hedges-corrected)",
    "standardised difference": "standardised difference g (different people)",
}
ROLES = {"primary": PETROL, "secondary": "#4f8f96", "exploratory": GREY}


def nothing_to_draw(words: str) -> tuple[Figure, str]:
    """Return a figure that only says why there is none."""
    fig, ax = new_figure(0.6)
    ax.axis("off")
    ax.text(0, 0.5, words, transform=ax.transAxes, va="center", color=INK, fontsize=8.5)
    return fig, words


def _turned(rows: pd.DataFrame) -> pd.DataFrame:
    """Return estimate and limits (x, a, b), turned so that the better side is on the right."""
    better = rows["direction"].eq("higher is better").to_numpy()
    x, low, high = (rows[name].to_numpy(dtype=float, na_value=np.nan) for name in ("estimate", "ci_low", "ci_high"))
    return rows.assign(
        x=np.where(better, x, -x), a=np.where(better, low, -high), b=np.where(better, high, -low)
    )  # fmt: skip


def draw_change(tables: Tables, labels: Labels) -> tuple[Figure, str]:
    """Draw the standardised change of every outcome, turned so that the right side is the better one."""
    every = tables["change/outcomes.csv"]
    rows = _turned(every[every["statistic"].isin(STANDARDISED)])
    if rows.empty:
        return nothing_to_draw("No outcome has enough people for a standardised change.")
    fig, ax = new_figure(0.4 * len(rows) + 1.35)
    y = np.arange(len(rows))
    for role, colour in ROLES.items():
        here = (rows["role"] == role).to_numpy()
        if here.any():
            ax.hlines(y[here], rows["a"][here], rows["b"][here], color=colour, linewidth=1.8)
            ax.plot(rows["x"][here], y[here], "o", color=colour, markersize=6, label=role)
    ax.axvline(0, color=INK, linewidth=0.9)
    ax.set_yticks(
        y,
        [
            f"{row['label']}\n{cohort_name(labels, row['cohort'])}, "
            f"n = {row['n'] if pd.notna(row['n']) else 'withheld'}"
            for row in rows.to_dict("records")
        ],
        fontsize=8,
    )
    ax.set_ylim(len(rows) - 0.4, -0.6)
    limit = 1.1 * max(0.5, np.nanmax(np.abs(rows[["a", "b"]].to_numpy(dtype=float)))) if rows["a"].notna().any() else 1
    names = "; ".join(words for name, words in STANDARDISED.items() if (rows["statistic"] == name).any())
    ax.set(xlim=(-limit, limit), xlabel=f"← worse                    better →\n{names}, with interval")
    grid(ax)
    ax.legend(ncols=3, loc="lower left", bbox_to_anchor=(0, 1.0))
    clear = int(rows["reading"].isin(["improved", "worsened"]).sum())
    alt = (
        f"Forest of the standardised change in {len(rows)} outcomes, better to the right; "
        f"the interval excludes zero in {clear} of them."
    )
    return fig, alt


def draw_means(tables: Tables, labels: Labels) -> tuple[Figure, str]:
    """Draw an estimation plot of every outcome: means by wave, the change beside them, and paths where a tier has them.

    The axis of the change starts at the first mean, so that the change stands at the height of the later mean
    (Gardner and Altman 1986).
    """
    means = tables["change/means.csv"]
    means = means[means["estimate"].notna()]
    keys = list(dict.fromkeys(zip(means["scale"], means["cohort"], means["label"], strict=True)))
    if not keys:
        return nothing_to_draw("No outcome has enough people with a score in both waves for means to be shown.")
    changes = tables["change/outcomes.csv"]
    changes = changes[(changes["statistic"] == "mean change") & changes["estimate"].notna()]
    paths = tables.get("change/paths.csv")
    columns = 3
    lines = -(-len(keys) // columns)
    fig, axes = plt.subplots(lines, columns, figsize=(WIDTH, 2.0 * lines + 0.2), layout="constrained", squeeze=False)
    for ax in axes.flat[len(keys) :]:
        ax.axis("off")
    for ax, (scale, cohort, label) in zip(axes.flat, keys, strict=False):
        here, change, lines_of = (
            None if table is None else table[(table["scale"] == scale) & (table["cohort"] == cohort)]
            for table in (means, changes, paths)
        )
        for _group, path in () if lines_of is None else lines_of[lines_of["mean"].notna()].groupby("group"):
            ax.plot(np.arange(len(path)), path["mean"], "-", color="#c3cacd", linewidth=0.9, zorder=1)
        x = np.arange(len(here))
        ax.plot(x, here["estimate"], "-", color=PETROL, linewidth=1.6)
        ax.vlines(x, here["ci_low"], here["ci_high"], color=PETROL, linewidth=1.3)
        ax.plot(x, here["estimate"], "o", color=PETROL, markersize=5)
        waves = [labels["waves"].get(wave, wave).split()[0].lower() for wave in here["wave"]]
        ax.margins(y=0.12)
        if len(change):
            _floating(ax, float(here["estimate"].iloc[0]), change.iloc[0], len(here))
            x, waves = [*x, len(here) - 0.15], [*waves, "change"]
        ax.set_xticks(x, waves, fontsize=8)
        ax.set_xlim(-0.3, len(here) + (0.15 if len(change) else -0.7))
        title = [*textwrap.wrap(label, 34), *([cohort_name(labels, cohort)] if cohort != "all" else [])]
        ax.set_title("\n".join(title), fontsize=7.8, fontweight="normal")
        ax.tick_params(length=2, labelsize=7.5)
    more = ", with paths of groups of people on a similar level" if paths is not None and len(paths) else ""
    return fig, (
        f"Means of paired participants by wave and the mean change, with intervals, for {len(keys)} outcomes, a panel "
        f"each on its own scale{more}."
    )


def _floating(ax: Any, first: float, change: pd.Series, waves: int) -> None:
    """Draw the mean change on an axis of its own at the right, whose zero lies at the first mean."""
    x = waves - 0.15
    ax.plot([0, x + 0.3], [first, first], color=GREY, linewidth=0.7, linestyle=(0, (3, 3)), zorder=0)
    ax.vlines(x, first + change["ci_low"], first + change["ci_high"], color=CLAY, linewidth=1.6)
    ax.plot(x, first + change["estimate"], "D", color=CLAY, markersize=4.5)
    right = ax.secondary_yaxis("right", functions=(lambda y: y - first, lambda y: y + first))
    right.tick_params(length=2, labelsize=7.5, colors=CLAY)
    right.spines["right"].set(visible=True, color="#dcc3bb")


def level_of(table: pd.DataFrame) -> float:
    """Return the level of the intervals from the name of their method, such as ``paired t interval, 95 %``."""
    found = (re.search(r"([\d.]+) %$", method) for method in table["ci_method"])
    return next((float(one[1]) / 100 for one in found if one), 0.95)


def draw_robustness(tables: Tables, labels: Labels) -> tuple[Figure, str]:
    """Draw the change of every primary outcome under every specification, a panel an outcome and cohort."""
    table = tables["change/robustness.csv"]
    rows = _turned(table[(table["role"] == "primary") & table["estimate"].notna()])
    keys = list(dict.fromkeys(zip(rows["scale"], rows["cohort"], rows["label"], strict=True)))
    if not keys:
        return nothing_to_draw("No primary outcome has a change that could be compared under several choices.")
    names = list(dict.fromkeys(table["specification"]))
    rows = rows.assign(verdict=[verdict(row, level_of(table)) for row in rows.to_dict("records")])
    columns = min(2, len(keys))
    lines = -(-len(keys) // columns)
    fig, axes = plt.subplots(
        lines, columns, figsize=(WIDTH, lines * (0.215 * len(names) + 0.85) + 0.35), layout="constrained",
        squeeze=False, sharey=True,
    )  # fmt: skip
    for ax in axes.flat[len(keys) :]:
        ax.axis("off")
    for place, (ax, (scale, cohort, label)) in enumerate(zip(axes.flat, keys, strict=False)):
        here = rows[(rows["scale"] == scale) & (rows["cohort"] == cohort)]
        _specifications(ax, here, names)
        title = [*textwrap.wrap(label, 68 if columns == 1 else 32), cohort_name(labels, cohort)]
        ax.set_title("\n".join(title), fontsize=8.5)
        if place >= len(keys) - columns:
            ax.set_xlabel("← worse    change, points    better →", fontsize=8)
    axes[0, 0].set_yticks(range(len(names)), names, fontsize=7.8)
    axes[0, 0].set_ylim(len(names) - 0.4, -0.6)
    fig.legend(handles=_marks(rows), loc="outside upper left", ncols=4, fontsize=7.8, handletextpad=0.4)
    return fig, _in_words(rows, keys, labels)


def _specifications(ax: Any, here: pd.DataFrame, names: list[str]) -> None:
    """Draw the specifications of one outcome under each other, with p and n at the right."""
    ax.axvline(0, color=INK, linewidth=0.9)
    for row in here.to_dict("records"):
        y, colour = names.index(row["specification"]), PETROL if row["specification"] == PLANNED else GREY
        if pd.notna(row["a"]):
            ax.hlines(y, row["a"], row["b"], color=colour, linewidth=1.8)
        fill = {"markerfacecolor": "white"} if row["verdict"] == INCLUDES else {}
        mark = "|" if row["verdict"] == UNTOLD else "o"
        ax.plot(row["x"], y, mark, color=colour, markersize=8 if mark == "|" else 5.5, **fill, zorder=3)
        p = format_p(row["p"])
        said = [f"p {p}" if p.startswith("<") else f"p = {p}"] if pd.notna(row["p"]) else []
        said.append(f"n = {format_number(row['n'], 0)}" if pd.notna(row["n"]) else "n withheld")
        ax.text(
            *(1.03, y), ", ".join(said), transform=ax.get_yaxis_transform(), fontsize=6.8, va="center", color=INK
        )  # fmt: skip
    ax.margins(x=0.08)
    low, high = ax.get_xlim()
    ax.set_xlim(min(low, -0.04 * (high - low)), max(high, 0.04 * (high - low)))
    grid(ax)
    ax.tick_params(axis="x", labelsize=7.5)


def _marks(rows: pd.DataFrame) -> list[Line2D]:
    """Return the legend: the planned specification, and the marks that are drawn."""
    looks = {EXCLUDES: ("o", GREY), INCLUDES: ("o", "white"), UNTOLD: ("|", GREY)}
    marks = [Line2D([], [], color=PETROL, marker="o", markersize=5.5, linewidth=1.8, label="planned")]
    for said, (mark, face) in looks.items():
        if (rows["verdict"] == said).any():
            marks.append(
                Line2D([], [], color=GREY, marker=mark, markerfacecolor=face, markersize=5.5, linewidth=0, label=said)
            )
    return marks


def _in_words(rows: pd.DataFrame, keys: list[tuple[str, str, str]], labels: Labels) -> str:
    said = []
    for scale, cohort, label in keys:
        here = rows[(rows["scale"] == scale) & (rows["cohort"] == cohort)]
        clear, untold = ((here["verdict"] == one).sum() for one in (EXCLUDES, UNTOLD))
        said.append(
            f"{label}, {cohort_name(labels, cohort)}: {clear} of {len(here) - untold} exclude zero"
            + (f", {untold} show no interval" if untold else "")
        )
    return f"Change of each primary outcome under every specification, better to the right. {'; '.join(said)}."


DRAWN: dict[str, Callable[[Tables, Labels], tuple[Figure, str]]] = {
    "change": draw_change,
    "robustness": draw_robustness,
    "means": draw_means,
}
