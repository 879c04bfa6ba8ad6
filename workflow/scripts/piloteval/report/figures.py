"""The figures of the report, each drawn from result tables of one tier, each with a description in words."""

from __future__ import annotations

import multiprocessing
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.colors import LinearSegmentedColormap, ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Patch

PETROL, SAND, CLAY, INK, GREY, MIST = "#0e5a64", "#d9a441", "#b5533c", "#22303a", "#8b959c", "#e6eaec"
WAVE_COLOURS = (GREY, PETROL, SAND, CLAY)
VERDICTS = {
    "met": PETROL,
    "partly met": "#8fbcc0",
    "not met": CLAY,
    "disputed": SAND,
    "not applicable": MIST,
    "not assessed": "#ffffff",
}
RAMP = LinearSegmentedColormap.from_list("petrol", ["#f4f7f7", "#9cc4c7", PETROL])
WIDTH = 7.4

Tables = dict[str, pd.DataFrame]
Labels = dict[str, dict[str, str]]


def _style() -> None:
    sns.set_theme(
        style="white",
        rc={
            "font.family": "DejaVu Sans",
            "font.size": 9,
            "axes.titlesize": 10,
            "axes.titleweight": "bold",
            "axes.titlelocation": "left",
            "axes.labelsize": 9,
            "axes.edgecolor": "#b9c1c6",
            "axes.labelcolor": INK,
            "text.color": INK,
            "xtick.color": INK,
            "ytick.color": INK,
            "xtick.labelsize": 8.5,
            "ytick.labelsize": 8.5,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "legend.frameon": False,
            "legend.fontsize": 8.5,
            "figure.dpi": 100,
        },
    )


def _figure(height: float, columns: int = 1, **kwargs: Any) -> tuple[Figure, Any]:
    return plt.subplots(1, columns, figsize=(WIDTH, height), layout="constrained", **kwargs)


def _grid(ax: Any) -> None:
    ax.grid(axis="x", color=MIST, linewidth=0.8)
    ax.set_axisbelow(True)
    ax.tick_params(length=0)
    ax.spines["left"].set_visible(False)


def _wave_names(labels: Labels, waves: list[str]) -> dict[str, str]:
    return {wave: labels["waves"].get(wave, wave) for wave in waves}


def _cohort(labels: Labels, cohort: str) -> str:
    return "all participants" if cohort == "all" else labels["cohorts"].get(cohort, cohort).lower()


def draw_flow(tables: Tables, labels: Labels) -> tuple[Figure, str]:
    """Draw the participant flow after STROBE: registered, excluded, enrolled, answered in each wave."""
    flow = tables["sample/flow.csv"]
    one = flow.set_index(["step", "reason"])["people"]
    reasons = [(reason, count) for (step, reason), count in one.items() if step == "excluded because"]
    answered = [(reason, count) for (step, reason), count in one.items() if step == "answered"]
    names = _wave_names(labels, [reason for reason, _count in answered])

    def counted(what: str, count: Any) -> str:
        return what if pd.isna(count) else f"{what}: {count}"  # few are named without their number

    lines = [counted(reason, count) for reason, count in reasons]
    aside = 7 + 3.6 * (len(lines) + 1)  # height of the box at the side, which grows with the reasons
    top = 30 + aside if "registered" in set(flow["step"]) else 20
    fig, ax = plt.subplots(figsize=(WIDTH, 0.062 * (top + 12)), layout="constrained")
    ax.set(xlim=(0, 100), ylim=(0, top + 12))
    ax.axis("off")

    def box(x: float, y: float, width: float, height: float, text: str, strong: bool = False) -> None:
        face, edge = (PETROL, PETROL) if strong else ("#f6f8f8", "#9fb0b5")
        ax.add_patch(
            FancyBboxPatch(
                (x, y),
                width,
                height,
                boxstyle="round,pad=0,rounding_size=1.2",
                facecolor=face,
                edgecolor=edge,
                linewidth=1,
            )
        )
        ax.text(
            x + width / 2,
            y + height / 2,
            text,
            ha="center",
            va="center",
            color="white" if strong else INK,
            fontsize=9,
            linespacing=1.5,
        )

    def arrow(x0: float, y0: float, x1: float, y1: float) -> None:
        ax.annotate(
            "",
            (x1, y1),
            (x0, y0),
            arrowprops={"arrowstyle": "-|>", "color": GREY, "linewidth": 1.1, "shrinkA": 0, "shrinkB": 0},
        )

    registered = ("registered", "") in one.index
    box(20, 20, 34, 10, f"{'Enrolled' if registered else 'Respondents'}\nn = {one['enrolled', '']}", strong=True)
    if registered:
        box(20, top, 34, 10, f"Registered\nn = {one['registered', '']}")
        out = one["excluded", ""] + one["withdrew", ""]
        out = "few" if pd.isna(out) else f"n = {out}"
        box(
            60,
            top - aside - 0.5,
            39,
            aside,
            "\n".join([f"Not in the analysis: {out}", *lines, counted("withdrew", one["withdrew", ""])]),
        )
        arrow(37, top, 37, 30)
        arrow(37, top - aside / 2 - 0.5, 60, top - aside / 2 - 0.5)
    step = 100 / max(1, len(answered))
    width = min(31, step - 2)
    for place, (reason, count) in enumerate(answered):
        name = "Answered every wave" if reason == "every wave" else f"Answered: {names[reason].lower()}"
        x = place * step + (step - width) / 2
        box(x, 1, width, 10, f"{name}\nn = {count}")
        arrow(37, 20, x + width / 2, 11)
    said = ", ".join(f"{count} answered {names[reason].lower()}" for reason, count in answered)
    before = f"{one['registered', '']} registered, not in the analysis: {out}, " if registered else ""
    return fig, f"Participant flow: {before}{one['enrolled', '']} in the analysis; {said}."


def draw_score_profile(tables: Tables, labels: Labels) -> tuple[Figure, str]:
    """Draw the quartiles of every score in its possible range by wave."""
    scores = tables["sample/scores.csv"].query("cohort == 'all'").dropna(subset=["median"])
    scales = list(dict.fromkeys(scores["label"]))
    waves = list(dict.fromkeys(scores["wave"]))
    names = _wave_names(labels, waves)
    instruments = list(dict.fromkeys(scores["scale"].str.split(".").str[0]))
    heights = [scores.loc[scores["scale"].str.startswith(f"{name}."), "label"].nunique() for name in instruments]
    fig, axes = plt.subplots(
        len(instruments),
        1,
        figsize=(WIDTH, 0.42 * len(scales) + 0.42 * len(instruments) + 0.5),
        layout="constrained",
        squeeze=False,
        gridspec_kw={"height_ratios": [height + 0.35 for height in heights]},
    )
    for ax, name in zip(axes[:, 0], instruments, strict=True):
        here = scores[scores["scale"].str.startswith(f"{name}.")]
        rows = list(dict.fromkeys(here["label"]))
        for place, wave in enumerate(waves):
            some = here[here["wave"] == wave].set_index("label").reindex(rows)
            y = np.arange(len(rows)) + 0.16 * (place - (len(waves) - 1) / 2)
            ax.hlines(y, some["q1"], some["q3"], color=WAVE_COLOURS[place], linewidth=3.2, alpha=0.55)
            ax.plot(some["median"], y, "o", color=WAVE_COLOURS[place], markersize=5.5, label=names[wave])
        ax.set_yticks(range(len(rows)), rows)
        ax.set_ylim(len(rows) - 0.45, -0.55)
        low, high = here["range_low"].min(), here["range_high"].max()
        ax.set_xlim(low - 0.01 * (high - low), high + 0.01 * (high - low))
        _grid(ax)
    axes[0, 0].legend(ncols=len(waves), loc="lower right", bbox_to_anchor=(1, 1.0))
    alt = (
        f"Median and quartiles of {len(scales)} scales by wave, each instrument on its own scale. "
        "The numbers are in the table of scores."
    )
    return fig, alt


def draw_reliability(tables: Tables, labels: Labels) -> tuple[Figure, str]:
    """Draw alpha with its interval for every scale and wave, and the published range where there is one."""
    alpha = tables["reliability/scales.csv"].query("statistic == 'alpha'")
    scales, waves = list(dict.fromkeys(alpha["label"])), list(dict.fromkeys(alpha["wave"]))
    names = _wave_names(labels, waves)
    fig, ax = _figure(0.36 * len(scales) + 1.1)
    for place, wave in enumerate(waves):
        some = alpha[alpha["wave"] == wave].set_index("label").reindex(scales)
        y = np.arange(len(scales)) + 0.2 * (place - (len(waves) - 1) / 2)
        if place == 0:
            for row, low, high in zip(range(len(scales)), some["published_low"], some["published_high"], strict=True):
                if not np.isnan(low):
                    ax.barh(
                        row,
                        high - low,
                        left=low,
                        height=0.72,
                        color=SAND,
                        alpha=0.28,
                        linewidth=0,
                        label="published range" if row == np.flatnonzero(~some["published_low"].isna())[0] else None,
                    )
        ax.hlines(y, some["ci_low"], some["ci_high"], color=WAVE_COLOURS[place], linewidth=1.6)
        ax.plot(some["estimate"], y, "o", color=WAVE_COLOURS[place], markersize=5.5, label=names[wave])
    low = (
        min(0.0, np.floor(10 * np.nanmin(alpha["ci_low"].to_numpy(dtype=float))) / 10)
        if alpha["ci_low"].notna().any()
        else 0.0
    )
    ax.set(xlim=(max(-1.0, low), 1), xlabel="Cronbach's alpha with Feldt interval")
    ax.set_yticks(range(len(scales)), scales)
    ax.set_ylim(len(scales) - 0.4, -0.6)
    _grid(ax)
    ax.legend(ncols=3, loc="lower left", bbox_to_anchor=(0, 1.0))
    shown = alpha["estimate"].dropna()
    span = f"from {shown.min():.2f} to {shown.max():.2f}" if len(shown) else "not shown"
    return fig, f"Forest of Cronbach's alpha with intervals for {len(scales)} scales by wave; estimates lie {span}."


def draw_item_rest(tables: Tables, labels: Labels) -> tuple[Figure, str]:
    """Draw the item-rest correlations of every scale by wave."""
    items = tables["reliability/items.csv"].dropna(subset=["item_rest"])
    scales, waves = list(dict.fromkeys(items["label"])), list(dict.fromkeys(items["wave"]))
    names = _wave_names(labels, waves)
    fig, ax = _figure(0.34 * len(scales) + 1.1)
    for place, wave in enumerate(waves):
        some = items[items["wave"] == wave]
        y = some["label"].map({scale: row for row, scale in enumerate(scales)}) + 0.2 * (place - (len(waves) - 1) / 2)
        ax.plot(
            some["item_rest"],
            y,
            "o",
            color=WAVE_COLOURS[place],
            markersize=4.5,
            alpha=0.75,
            markeredgewidth=0,
            label=names[wave],
        )
    ax.axvline(0, color=CLAY, linewidth=1)
    ax.axvline(0.3, color=GREY, linewidth=0.9, linestyle=(0, (4, 3)))
    ax.set_yticks(range(len(scales)), scales)
    ax.set_ylim(len(scales) - 0.4, -0.6)
    ax.set(xlabel="Correlation of the item with the rest of its scale")
    _grid(ax)
    ax.legend(ncols=3, loc="lower left", bbox_to_anchor=(0, 1.0))
    negative = int((items["item_rest"] < 0).sum())
    return (
        fig,
        f"Item-rest correlations of {len(items)} items and waves in {len(scales)} scales; {negative} are negative.",
    )


def draw_change(tables: Tables, labels: Labels) -> tuple[Figure, str]:
    """Draw the standardised change of every outcome, turned so that the right side is the better one."""
    rows = tables["change/outcomes.csv"].query("statistic == 'standardised change d_z'").copy()
    sign = np.where(rows["direction"] == "higher is better", 1, -1)
    rows["x"] = sign * rows["estimate"]
    rows["a"], rows["b"] = (
        np.where(sign > 0, rows["ci_low"], -rows["ci_high"]),
        np.where(sign > 0, rows["ci_high"], -rows["ci_low"]),
    )
    fig, ax = _figure(0.4 * len(rows) + 1.2)
    colours = {"primary": PETROL, "secondary": "#4f8f96", "exploratory": GREY}
    y = np.arange(len(rows))
    for role, colour in colours.items():
        here = (rows["role"] == role).to_numpy()
        if here.any():
            ax.hlines(y[here], rows["a"][here], rows["b"][here], color=colour, linewidth=1.8)
            ax.plot(rows["x"][here], y[here], "o", color=colour, markersize=6, label=role)
    ax.axvline(0, color=INK, linewidth=0.9)
    ax.set_yticks(
        y,
        [
            f"{row['label']}\n{_cohort(labels, row['cohort'])}, n = {row['n'] if pd.notna(row['n']) else 'withheld'}"
            for row in rows.to_dict("records")
        ],
        fontsize=8,
    )
    ax.set_ylim(len(rows) - 0.4, -0.6)
    limit = 1.1 * max(0.5, np.nanmax(np.abs(rows[["a", "b"]].to_numpy(dtype=float)))) if rows["a"].notna().any() else 1
    ax.set(
        xlim=(-limit, limit),
        xlabel="← worse      standardised change d_z (Hedges-corrected), with interval      better →",
    )
    _grid(ax)
    ax.legend(ncols=3, loc="lower left", bbox_to_anchor=(0, 1.0))
    clear = int(rows["reading"].isin(["improved", "worsened"]).sum())
    alt = (
        f"Forest of the standardised change in {len(rows)} outcomes, better to the right; "
        f"the interval excludes zero in {clear} of them."
    )
    return fig, alt


def draw_means(tables: Tables, labels: Labels) -> tuple[Figure, str]:
    """Draw the means of the paired participants by wave, a panel an outcome."""
    means = tables["change/means.csv"]
    keys = list(dict.fromkeys(zip(means["scale"], means["cohort"], means["label"], strict=True)))
    columns = 4
    lines = -(-len(keys) // columns)
    fig, axes = plt.subplots(lines, columns, figsize=(WIDTH, 1.95 * lines + 0.2), layout="constrained", squeeze=False)
    for ax in axes.flat[len(keys) :]:
        ax.axis("off")
    for ax, (scale, cohort, label) in zip(axes.flat, keys, strict=False):
        here = means[(means["scale"] == scale) & (means["cohort"] == cohort)]
        x = np.arange(len(here))
        ax.plot(x, here["estimate"], "-", color=PETROL, linewidth=1.6)
        ax.vlines(x, here["ci_low"], here["ci_high"], color=PETROL, linewidth=1.3)
        ax.plot(x, here["estimate"], "o", color=PETROL, markersize=5)
        ax.set_xticks(x, [labels["waves"].get(wave, wave).split()[0].lower() for wave in here["wave"]], fontsize=8)
        ax.set_xlim(-0.35, len(here) - 0.65)
        ax.set_title("\n".join(textwrap.wrap(label, 24)), fontsize=7.8, fontweight="normal")
        ax.tick_params(length=2, labelsize=7.5)
        ax.margins(y=0.25)
    return (
        fig,
        f"Means of paired participants by wave with intervals for {len(keys)} outcomes, a panel each on its own scale.",
    )


def draw_verdicts(tables: Tables, labels: Labels) -> tuple[Figure, str]:
    """Draw the settled external verdict of every institution and standard."""
    verdicts = tables["certification/verdicts.csv"]
    tracks = list(dict.fromkeys(verdicts["track"]))
    kinds = list(VERDICTS)
    widths = [verdicts.loc[verdicts["track"] == track, "standard"].nunique() for track in tracks]
    fig, axes = plt.subplots(
        1,
        len(tracks),
        figsize=(WIDTH, 0.26 * verdicts["name"].nunique() + 1.5),
        layout="constrained",
        squeeze=False,
        gridspec_kw={"width_ratios": widths},
    )
    names = sorted(verdicts["name"].unique())
    for ax, track in zip(axes[0], tracks, strict=True):
        grid = (
            verdicts[verdicts["track"] == track]
            .pivot(index="name", columns="standard", values="verdict")
            .reindex(names)
        )
        codes = grid.map(lambda value: kinds.index(value) if value in VERDICTS else np.nan)
        sns.heatmap(
            codes,
            ax=ax,
            cmap=ListedColormap(list(VERDICTS.values())),
            vmin=-0.5,
            vmax=len(kinds) - 0.5,
            cbar=False,
            linewidths=0.8,
            linecolor="white",
            xticklabels=False,
            yticklabels=ax is axes[0, 0],
        )
        ax.set(xlabel=f"{grid.shape[1]} standards", ylabel="", title=track.capitalize())
        ax.tick_params(length=0)
    there = [kind for kind in kinds if (verdicts["verdict"] == kind).any()]
    fig.legend(
        handles=[Patch(facecolor=VERDICTS[kind], label=kind) for kind in there],
        loc="outside lower center",
        ncols=len(there),
    )
    count = verdicts["verdict"].value_counts()
    return fig, "External verdicts by institution and standard: " + ", ".join(
        f"{count[kind]} {kind}" for kind in there
    ) + "."


def draw_ratings(tables: Tables, labels: Labels) -> tuple[Figure, str]:
    """Draw the share of favourable ratings of every standard on every dimension."""
    ratings = tables["certification/ratings.csv"]
    dimensions = list(dict.fromkeys(ratings["dimension"]))
    fig, axes = _figure(3.1, len(dimensions), sharey=True)
    rng = np.random.default_rng(0)
    for ax, dimension in zip(np.atleast_1d(axes), dimensions, strict=True):
        for place, (_track, group) in enumerate(
            ratings[ratings["dimension"] == dimension].groupby("track", sort=False)
        ):
            values = group["estimate"].dropna()
            ax.plot(
                place + rng.uniform(-0.16, 0.16, len(values)),
                values,
                "o",
                color=PETROL,
                alpha=0.55,
                markersize=5,
                markeredgewidth=0,
            )
            if len(values):
                ax.hlines(values.median(), place - 0.28, place + 0.28, color=CLAY, linewidth=2)
        tracks = list(dict.fromkeys(ratings["track"]))
        ax.set_xticks(range(len(tracks)), tracks, fontsize=8)
        ax.set(xlim=(-0.6, len(tracks) - 0.4), ylim=(0, 103), title=dimension.replace("_", " ").capitalize())
        ax.grid(axis="y", color=MIST)
        ax.tick_params(length=0)
    np.atleast_1d(axes)[0].set_ylabel("favourable ratings, %")
    medians = ratings.groupby("dimension", sort=False)["estimate"].median()
    return fig, "Share of favourable ratings by dimension and track, a point a standard; medians: " + ", ".join(
        f"{d.replace('_', ' ')} {m:.0f} %" for d, m in medians.items()
    ) + "."


def draw_consensus(tables: Tables, labels: Labels) -> tuple[Figure, str]:
    """Draw the share in agreement of every statement, dimension and round."""
    statements = tables["consensus/statements.csv"]
    dimensions, rounds = list(dict.fromkeys(statements["dimension"])), sorted(statements["round"].unique())
    order = list(dict.fromkeys(statements["statement"]))
    fig, axes = _figure(0.2 * len(order) + 1.3, len(dimensions), sharey=True)
    for ax, dimension in zip(np.atleast_1d(axes), dimensions, strict=True):
        for place, number in enumerate(rounds):
            here = (
                statements[(statements["dimension"] == dimension) & (statements["round"] == number)]
                .set_index("statement")
                .reindex(order)
            )
            ax.plot(
                here["estimate"],
                range(len(order)),
                "o",
                color=WAVE_COLOURS[place],
                markersize=5.5 if place else 4.5,
                label=f"round {number}",
            )
        ax.set(xlim=(-3, 103), title=dimension.replace("_", " ").capitalize(), xlabel="in agreement, %")
        ax.set_yticks(range(len(order)), order, fontsize=7.5)
        ax.set_ylim(len(order) - 0.4, -0.6)
        _grid(ax)
    handles, names = np.atleast_1d(axes)[0].get_legend_handles_labels()
    fig.legend(handles, names, loc="outside upper right", ncols=len(rounds))
    alt = (
        f"Share of the panel in agreement for {len(order)} statements "
        f"on {len(dimensions)} dimensions in {len(rounds)} rounds."
    )
    return fig, alt


def draw_themes(tables: Tables, labels: Labels) -> tuple[Figure, str]:
    """Draw the share of interviews in which a theme comes up, by cohort; withheld cells are hatched."""
    themes = tables["interviews/themes.csv"]
    names, cohorts = list(dict.fromkeys(themes["name"])), list(dict.fromkeys(themes["cohort"]))
    grid = themes.pivot(index="name", columns="cohort", values="percent").reindex(index=names, columns=cohorts)
    counts = themes.pivot(index="name", columns="cohort", values="interviews").reindex(index=names, columns=cohorts)
    of = themes.pivot(index="name", columns="cohort", values="of_interviews").reindex(index=names, columns=cohorts)
    fig, ax = _figure(0.36 * len(names) + 0.9)
    text = counts.astype(object).where(counts.notna(), "withheld")
    shown = pd.DataFrame(
        {
            c: [f"{text.loc[n, c]} of {of.loc[n, c]}" if text.loc[n, c] != "withheld" else "withheld" for n in names]
            for c in cohorts
        },
        index=names,
    )
    sns.heatmap(
        grid.astype(float),
        ax=ax,
        cmap=RAMP,
        vmin=0,
        vmax=100,
        annot=shown,
        fmt="",
        annot_kws={"fontsize": 8.5},
        linewidths=2,
        linecolor="white",
        cbar_kws={"label": "interviews, %", "shrink": 0.7},
    )
    for row, name in enumerate(names):
        for column, cohort in enumerate(cohorts):
            if pd.isna(grid.loc[name, cohort]):
                ax.add_patch(
                    plt.Rectangle(
                        (column, row), 1, 1, facecolor="#f4f5f6", hatch="////", edgecolor="#c6cdd1", linewidth=0
                    )
                )
                ax.text(column + 0.5, row + 0.5, "withheld", ha="center", va="center", fontsize=8, color=GREY)
    ax.set_xticks(
        np.arange(len(cohorts)) + 0.5, [_cohort(labels, cohort).capitalize() for cohort in cohorts], rotation=0
    )
    ax.set(xlabel="", ylabel="")
    ax.tick_params(length=0)
    hidden = int(counts.isna().to_numpy().sum())
    alt = (
        f"Interviews in which the dictionary suggests each of {len(names)} themes, by cohort; "
        f"{hidden} cells are withheld."
    )
    return fig, alt


def draw_agreement(tables: Tables, labels: Labels) -> tuple[Figure, str]:
    """Draw kappa of every code for pairs of people."""
    every = tables["interviews/agreement.csv"]
    codes = (
        every[(every["pair_kind"] == "people") & (every["code"] != "all")]
        .dropna(subset=["estimate"])
        .sort_values("estimate", ascending=False)
    )
    fig, ax = _figure(0.2 * max(4, len(codes)) + 1.0)
    y = np.arange(len(codes))
    ax.hlines(y, codes["ci_low"], codes["ci_high"].clip(upper=1), color="#a9c6c9", linewidth=1.4)
    ax.scatter(codes["estimate"], y, s=14 + 9 * codes["both"].astype(float), color=PETROL, zorder=3, linewidth=0)
    ax.set_yticks(y, codes["name"], fontsize=7.5)
    ax.set_ylim(len(codes) - 0.4, -0.6)
    ax.set(xlim=(-0.15, 1.03), xlabel="kappa by sentence; a larger point means more sentences coded by both")
    _grid(ax)
    undefined = int(every[(every["pair_kind"] == "people") & (every["code"] != "all")]["estimate"].isna().sum())
    alt = (
        f"Agreement of two people on {len(codes)} codes, kappa with interval; "
        f"{undefined} codes neither used enough for a value are not drawn."
    )
    return fig, alt


DRAWN: dict[str, Callable[[Tables, Labels], tuple[Figure, str]]] = {
    "flow": draw_flow,
    "score_profile": draw_score_profile,
    "reliability": draw_reliability,
    "item_rest": draw_item_rest,
    "change": draw_change,
    "means": draw_means,
    "verdicts": draw_verdicts,
    "ratings": draw_ratings,
    "consensus": draw_consensus,
    "themes": draw_themes,
    "agreement": draw_agreement,
}


def draw(name: str, tables: Tables, labels: Labels, path: Path) -> str:
    """Draw one figure into a PNG file that carries no clock, user or program name.

    Parameters
    ----------
    name : str
        A key of :data:`DRAWN`.
    tables : dict of str to pandas.DataFrame
        Result tables by their path below the tier.
    labels : dict
        Labels of cohorts and waves.
    path : Path
        Where the picture goes.

    Returns
    -------
    str
        The figure in words.
    """
    _style()
    fig, alt = DRAWN[name](tables, labels)
    fig.savefig(path, dpi=160, metadata={"Software": None})
    plt.close(fig)
    return alt


def draw_all(
    tier: str,
    wanted: dict[str, list[str]],
    tables: Tables,
    labels: Labels,
    place: Callable[[str], Path],
    processes: int = 1,
) -> pd.DataFrame:
    """Draw all figures of a tier.

    Parameters
    ----------
    tier : str
        ``internal`` or ``release``.
    wanted : dict of str to list of str
        Figures and the paths of their tables.
    tables : dict of str to pandas.DataFrame
        Result tables by their path below ``results/``.
    labels : dict
        Labels of cohorts and waves.
    place : callable
        Gives the file to draw into for an output path.
    processes : int
        Figures drawn at a time. Where the system can copy a running process (Linux), the copies share what is loaded.

    Returns
    -------
    pandas.DataFrame
        Every figure in words.
    """
    tasks = []
    for name, paths in wanted.items():
        own = {path.removeprefix(f"results/{tier}/"): tables[path.removeprefix("results/")] for path in paths}
        tasks.append((name, own, labels, place(f"results/{tier}/figures/{name}.png")))
    if processes > 1 and sys.platform == "linux":
        with multiprocessing.get_context("fork").Pool(processes) as pool:
            said = pool.starmap(draw, tasks, chunksize=1)
    else:
        said = [draw(*task) for task in tasks]
    rows = [{"figure": task[0], "alt": alt} for task, alt in zip(tasks, said, strict=True)]
    return pd.DataFrame(rows, columns=["figure", "alt"])
