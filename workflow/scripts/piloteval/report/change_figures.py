"""The figures of change between the waves."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import AutoLocator, ScalarFormatter

from piloteval.report.change_prose import EXCLUDES, INCLUDES, LOWER, MAIN, UNTOLD, twins, verdict
from piloteval.report.ink import CLAY, GREY, INK, PETROL, WIDTH, Labels, Tables, cohort_name, grid, new_figure
from piloteval.report.page import format_number, format_p

#: Standardised change in the forest: of the same people, or of two waves nobody can be paired between.
STANDARDISED = {
    "standardised change d_z": "standardised improvement d_z (Hedges-corrected)",
    "standardised difference": "standardised improvement g (different people)",
}
#: Colour, mark and its filling of each role; a test keeps the colours apart also for the colour-blind.
ROLES = {
    "primary": (PETROL, "o", PETROL),
    "secondary": ("#b8661a", "s", "#b8661a"),
    "exploratory": ("#8a7aa8", "D", "white"),
}
#: Lines of groups of people, dark enough to be printed.
PATHS = "#959da3"
#: Least size of text beside the specifications.
SMALL = 7.8


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
    for role, (colour, mark, face) in ROLES.items():
        here = (rows["role"] == role).to_numpy()
        if here.any():
            ax.hlines(y[here], rows["a"][here], rows["b"][here], color=colour, linewidth=1.8)
            ax.plot(
                *(rows["x"][here], y[here], mark), color=colour, markersize=6, markerfacecolor=face, label=role
            )  # fmt: skip
    ax.axvline(0, color=INK, linewidth=0.9)
    ax.set_yticks(
        y,
        [f"{row['label']}\n{_about(row, labels)}" for row in rows.to_dict("records")],
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
        f"Forest of the standardised improvement in {len(rows)} outcomes, better to the right; "
        f"the interval excludes zero in {clear} of them."
    )
    return fig, alt


def _about(row: dict[str, Any], labels: Labels) -> str:
    """Return the second line of an outcome: cohort, direction, and people."""
    lower = row["direction"] == LOWER
    who = "" if lower and row["cohort"] == "all" else cohort_name(labels, row["cohort"])  # one line has to hold it
    about = " ".join(filter(None, [who, f"({LOWER})" if lower else ""]))
    return f"{about}, n = {row['n'] if pd.notna(row['n']) else 'withheld'}"


def _title(width: int, label: str, cohort: str, lower: bool) -> str:
    """Return the title of a panel in lines: outcome, cohort, and where lower is better."""
    more = " ".join(filter(None, [cohort, f"({LOWER})" if lower else ""]))
    return "\n".join([*textwrap.wrap(label, width), *([more] if more else [])])


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
    lower = set(changes.loc[changes["direction"] == LOWER, "scale"])
    changes = changes[(changes["statistic"] == "mean change") & changes["estimate"].notna()]
    paths = tables.get("change/paths.csv")
    names = {wave: labels["waves"].get(wave, wave) for wave in means["wave"].unique()}
    # A name of a wave is never cut, and no word of it broken: long words have wider panels.
    columns, width = (3, 10) if max(len(word) for name in names.values() for word in name.split()) <= 10 else (2, 17)
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
            ax.plot(np.arange(len(path)), path["mean"], "-", color=PATHS, linewidth=0.9, zorder=1)
        x = np.arange(len(here))
        ax.plot(x, here["estimate"], "-", color=PETROL, linewidth=1.6)
        ax.vlines(x, here["ci_low"], here["ci_high"], color=PETROL, linewidth=1.3)
        ax.plot(x, here["estimate"], "o", color=PETROL, markersize=5)
        waves = ["\n".join(textwrap.wrap(names[wave], width)) for wave in here["wave"]]
        ax.margins(y=0.12)
        if len(change):
            _floating(ax, float(here["estimate"].iloc[0]), change.iloc[0], len(here))
            x, waves = [*x, len(here) - 0.15], [*waves, "change"]
        ax.set_xticks(x, waves)
        ax.set_xlim(-0.3, len(here) + (0.15 if len(change) else -0.7))
        group = cohort_name(labels, cohort) if cohort != "all" else ""
        ax.set_title(_title(34, label, group, scale in lower), fontsize=7.8, fontweight="normal")
        ax.tick_params(length=2, labelsize=7.5)
    more = ", with paths of groups of people on a similar level" if paths is not None and len(paths) else ""
    return fig, (
        f"Means of paired participants by wave and the mean change, with intervals, for {len(keys)} outcomes, a panel "
        f"each on its own scale{more}."
    )


class _Ticks(AutoLocator):
    """Ticks at round distances from a zero that lies anywhere on the axis."""

    def __init__(self, zero: float) -> None:
        super().__init__()
        self.zero = zero

    def tick_values(self, vmin: float, vmax: float) -> np.ndarray:
        """Return the ticks between two places on the axis."""
        return np.asarray(super().tick_values(vmin - self.zero, vmax - self.zero)) + self.zero


class _Distances(ScalarFormatter):
    """The distances of ticks from a zero, in words."""

    def __init__(self, zero: float) -> None:
        super().__init__(useOffset=False)
        self.set_scientific(False)
        self.zero = zero

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        """Return the words at the ticks, with the decimals that keep them apart."""
        return super().format_ticks([value - self.zero for value in values])


def _floating(ax: Any, first: float, change: pd.Series, waves: int) -> None:
    """Draw the mean change at the right, with a scale of its own whose zero lies at the first mean."""
    x = waves - 0.15
    ax.plot([0, x + 0.3], [first, first], color=GREY, linewidth=0.7, linestyle=(0, (3, 3)), zorder=0)
    ax.vlines(x, first + change["ci_low"], first + change["ci_high"], color=CLAY, linewidth=1.6)
    ax.plot(x, first + change["estimate"], "D", color=CLAY, markersize=4.5)
    # The scale is the minor ticks of the same axis: a second axis in each panel takes half as long as the whole figure.
    ax.yaxis.remove_overlapping_locs = False
    ax.yaxis.set_minor_locator(_Ticks(first))
    ax.yaxis.set_minor_formatter(_Distances(first))
    ax.tick_params(
        axis="y", which="minor", left=False, labelleft=False, right=True, labelright=True, length=2, width=1.25,
        labelsize=7.5, colors=CLAY,
    )  # fmt: skip
    ax.spines["right"].set(visible=True, color="#dcc3bb")


def level_of(table: pd.DataFrame) -> float:
    """Return the level of the intervals from the name of their method, such as ``paired t interval, 95 %``."""
    found = (re.search(r"([\d.]+) %$", method) for method in table["ci_method"])
    return next((float(one[1]) / 100 for one in found if one), 0.95)


def draw_robustness(tables: Tables, labels: Labels) -> tuple[Figure, str]:
    """Draw the change of every primary outcome under every specification, a panel an outcome and cohort."""
    table = tables["change/robustness.csv"]
    table = table.assign(twin=twins(table))
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
        lower = (here["direction"] == LOWER).any()
        ax.set_title(
            _title(68 if columns == 1 else 32, label, cohort_name(labels, cohort), lower), fontsize=8.5
        )  # fmt: skip
        if place >= len(keys) - columns:
            ax.set_xlabel("← worse            better →\nimprovement, points", fontsize=8)
    axes[0, 0].set_yticks(range(len(names)), names, fontsize=SMALL)
    axes[0, 0].set_ylim(len(names) - 0.4, -0.6)
    fig.legend(
        handles=_marks(rows),
        loc="outside upper left",
        ncols=5,
        fontsize=SMALL,
        handletextpad=0.4,
        columnspacing=1.3,
        handlelength=1.6,
    )
    return fig, _in_words(rows, keys, labels)


def _specifications(ax: Any, here: pd.DataFrame, names: list[str]) -> None:
    """Draw the specifications of one outcome under each other, with p where a tier has it and n at the right."""
    ax.axvline(0, color=INK, linewidth=0.9)
    known = bool(here["p"].notna().any())
    if known:
        _beside(ax, -1, "p", "n")
    else:
        _beside(ax, -1, "n")
    for row in here.to_dict("records"):
        y, colour = names.index(row["specification"]), PETROL if row["specification"] == MAIN else GREY
        width, size = (0.9, 3) if row["twin"] else (1.8, 5.5)
        if pd.notna(row["a"]):
            ax.hlines(y, row["a"], row["b"], color=colour, linewidth=width)
        fill = {"markerfacecolor": "white"} if row["verdict"] == INCLUDES else {}
        mark = "|" if row["verdict"] == UNTOLD else "o"
        ax.plot(row["x"], y, mark, color=colour, markersize=8 if mark == "|" else size, **fill, zorder=3)
        n = format_number(row["n"], 0) if pd.notna(row["n"]) else "withheld"
        _beside(ax, y, *([format_p(row["p"])] if known else []), f"{n}, same" if row["twin"] else n)
    ax.margins(x=0.08)
    low, high = ax.get_xlim()
    ax.set_xlim(min(low, -0.04 * (high - low)), max(high, 0.04 * (high - low)))
    grid(ax)
    ax.tick_params(axis="x", labelsize=7.5)


def _beside(ax: Any, y: float, *cells: str) -> None:
    """Write cells at the right of a row, one under another over all rows."""
    for place, cell in enumerate(cells):
        ax.annotate(
            cell, (1, y), xycoords=ax.get_yaxis_transform(), xytext=(5 + 36 * place, 0), textcoords="offset points",
            fontsize=SMALL, va="center", color=INK, annotation_clip=False,
        )  # fmt: skip


def _marks(rows: pd.DataFrame) -> list[Line2D]:
    """Return the legend: the main specification, and the marks that are drawn."""
    looks = {EXCLUDES: ("o", GREY), INCLUDES: ("o", "white"), UNTOLD: ("|", GREY)}
    marks = [Line2D([], [], color=PETROL, marker="o", markersize=5.5, linewidth=1.8, label="main")]
    for said, (mark, face) in looks.items():
        if (rows["verdict"] == said).any():
            marks.append(
                Line2D([], [], color=GREY, marker=mark, markerfacecolor=face, markersize=5.5, linewidth=0, label=said)
            )
    if (rows["twin"] != "").any():
        marks.append(
            Line2D([], [], color=GREY, marker="o", markersize=3, linewidth=0.9, label="same as an earlier one")
        )  # fmt: skip
    return marks


def _in_words(rows: pd.DataFrame, keys: list[tuple[str, str, str]], labels: Labels) -> str:
    said = []
    for scale, cohort, label in keys:
        here = rows[(rows["scale"] == scale) & (rows["cohort"] == cohort)]
        apart = here[here["twin"] == ""]
        clear, untold = ((apart["verdict"] == one).sum() for one in (EXCLUDES, UNTOLD))
        twin = len(here) - len(apart)
        said.append(
            f"{label}, {cohort_name(labels, cohort)}: {clear} of {len(apart) - untold} exclude zero"
            + (f", {untold} show no interval" if untold else "")
            + (f", {twin} coincide with one of these" if twin else "")
        )
    return f"Improvement of each primary outcome under every specification, better to the right. {'; '.join(said)}."


DRAWN: dict[str, Callable[[Tables, Labels], tuple[Figure, str]]] = {
    "change": draw_change,
    "robustness": draw_robustness,
    "means": draw_means,
}
