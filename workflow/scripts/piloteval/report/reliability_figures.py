"""The figures of reliability and agreement."""

from __future__ import annotations

import textwrap
from collections.abc import Callable

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.collections import PolyCollection
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from piloteval.report.ink import (
    CLAY,
    GREY,
    INK,
    MIST,
    PETROL,
    SAND,
    WAVE_COLOURS,
    WIDTH,
    Labels,
    Tables,
    grid,
    new_figure,
    wave_names,
)

#: Coefficients of the forest: name in the table, name shown, mark, size, colour, place beside the row's middle.
FOREST = (
    ("alpha", "Cronbach's alpha", "o", 5.5, PETROL, -0.22),
    ("omega total", "omega total (one factor, ML)", "D", 4.5, CLAY, 0.02),
    ("categorical omega", "categorical omega (Green and Yang)", "s", 4.5, GREY, 0.22),
)
#: Answers from the lowest to the highest; the middle is pale, so that both ends are seen.
ENDS = LinearSegmentedColormap.from_list("ends", [CLAY, "#e7c3b8", "#f1efe9", "#a9c9cc", PETROL])


def draw_reliability(tables: Tables, labels: Labels) -> tuple[Figure, str]:
    """Draw alpha and omega with their intervals for every scale, a panel a wave, over the published range of alpha."""
    every = tables["reliability/scales.csv"].query("language == 'all'")
    alpha = every[every["statistic"] == "alpha"]
    scales, waves = list(dict.fromkeys(alpha["label"])), list(dict.fromkeys(alpha["wave"]))
    if not waves:
        return new_figure(1)[0], "No scale was answered."
    names = wave_names(labels, waves)
    fig, axes = new_figure(0.4 * len(scales) + 1.3, len(waves), sharey=True, sharex=True, squeeze=False)
    for ax, wave in zip(axes[0], waves, strict=True):
        here = every[every["wave"] == wave]
        published = here[here["statistic"] == "alpha"].set_index("label").reindex(scales)
        for row, low, high in zip(
            range(len(scales)), published["published_low"], published["published_high"], strict=True
        ):
            if not np.isnan(low) and low < high:
                ax.barh(row, high - low, left=low, height=0.8, color=SAND, alpha=0.28, linewidth=0)
            elif not np.isnan(low):
                ax.vlines(low, row - 0.4, row + 0.4, color=SAND, linewidth=2.5)
        for statistic, label, mark, size, colour, beside in FOREST:
            some = here[here["statistic"] == statistic].set_index("label").reindex(scales)
            y = np.arange(len(scales)) + beside
            ax.hlines(y, some["ci_low"], some["ci_high"], color=colour, linewidth=1.4)
            ax.plot(some["estimate"], y, mark, color=colour, markersize=size, label=label)
        ax.set_title(names[wave])
        grid(ax)
    limits = every.loc[every["statistic"].isin([name for name, *_rest in FOREST]), "ci_low"].dropna()
    low = np.floor(10 * limits.min()) / 10 if len(limits) else 0.0
    axes[0, 0].set(xlim=(max(-1.0, min(0.0, low)), 1.02))
    axes[0, 0].set_yticks(range(len(scales)), scales)
    axes[0, 0].set_ylim(len(scales) - 0.4, -0.6)
    handles = axes[0, 0].get_legend_handles_labels()[0]
    if alpha["published_low"].notna().any():
        handles.append(Patch(color=SAND, alpha=0.28, label="published alpha"))
    fig.legend(handles=handles, loc="outside upper left", ncols=2)
    shown = alpha["estimate"].dropna()
    span = f"alpha lies from {shown.min():.2f} to {shown.max():.2f}" if len(shown) else "no alpha is shown"
    models = int(every.loc[every["statistic"] == "omega total", "estimate"].notna().sum())
    alt = (
        f"Forest of alpha, omega total and categorical omega with intervals for {len(scales)} scales by wave; {span}. "
        f"{models} scales and waves have enough respondents for a factor model."
    )
    return fig, alt


def draw_item_rest(tables: Tables, labels: Labels) -> tuple[Figure, str]:
    """Draw the item-rest correlations of every scale by wave."""
    items = tables["reliability/items.csv"].dropna(subset=["item_rest"])
    scales, waves = list(dict.fromkeys(items["label"])), list(dict.fromkeys(items["wave"]))
    names = wave_names(labels, waves)
    fig, ax = new_figure(0.34 * len(scales) + 1.1)
    for place, wave in enumerate(waves):
        some = items[items["wave"] == wave]
        y = some["label"].map({scale: row for row, scale in enumerate(scales)}) + 0.2 * (place - (len(waves) - 1) / 2)
        ax.plot(
            some["item_rest"],
            y,
            "o",
            color=WAVE_COLOURS[place % len(WAVE_COLOURS)],
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
    grid(ax)
    ax.legend(ncols=3, loc="lower left", bbox_to_anchor=(0, 1.0))
    negative = int((items["item_rest"] < 0).sum())
    return (
        fig,
        f"Item-rest correlations of {len(items)} items and waves in {len(scales)} scales; {negative} are negative.",
    )


def draw_answers(tables: Tables, labels: Labels) -> tuple[Figure, str]:
    """Draw how the answers to every item are spread around the middle of the scale, a bar a wave, in two columns."""
    answers = tables["reliability/answers.csv"]
    waves = list(dict.fromkeys(answers["wave"]))
    names = wave_names(labels, waves)
    blocks = [(name, list(dict.fromkeys(some["item"]))) for name, some in answers.groupby("name", sort=False)]
    turned = set(answers.loc[answers["reversed"] == "yes", "item"])
    every = _bars(answers, waves)
    columns = _two_columns(blocks)
    rows = [sum(len(items) + 2 for _name, items in column) for column in columns]
    fig, axes = plt.subplots(
        1, len(columns), figsize=(WIDTH, 0.15 * max(rows) + 0.9), layout="constrained", squeeze=False
    )
    for ax, column in zip(axes[0], columns, strict=True):
        top, ticks, said = 0.0, {}, []
        for name, items in column:
            # Starts above the item names and takes no room, else the column would be as wide as its longest title.
            title = textwrap.shorten(name, 46, placeholder=" …")
            ax.text(
                *(-0.16, top + 0.3), title, fontsize=8, fontweight="bold", va="center", in_layout=False,
                transform=ax.get_yaxis_transform(),
            )  # fmt: skip
            top += 1.2
            ax.vlines(0, top - 0.6, top + len(items) - 0.4, color=INK, linewidth=0.7)
            for item in items:
                ticks[item] = top
                said.append(f"{item} (r)" if item in turned else item)
                top += 1
            top += 0.8
        bars = every[every["item"].isin(ticks)]
        y = bars["item"].map(ticks) + bars["beside"]
        low, high = y - bars["half"], y + bars["half"]
        left, right = bars["left"], bars["right"]
        corners = np.stack([left, low, left, high, right, high, right, low], axis=-1).astype(float).reshape(-1, 4, 2)
        # One collection: a patch for each of hundreds of bars takes seconds.
        boxes = PolyCollection(corners, facecolors=list(bars["colour"]), edgecolors="white", linewidths=0.6)
        ax.add_collection(boxes, autolim=False)
        ax.set_yticks(list(ticks.values()), said, fontsize=6.5)
        widest = max([60, *(-1.03 * left), *(1.03 * right)])
        ax.set(xlim=(-widest, widest), ylim=(max(rows) - 0.6, -0.3))
        ax.set_xticks([-50, 0, 50], ["50 %", "0", "50 %"], fontsize=7.5)
        ax.tick_params(length=0)
        for side in ("left", "bottom"):
            ax.spines[side].set_visible(False)
    marks = [Patch(color=ENDS(place), label=label) for place, label in ((0.0, "lowest answer"), (1.0, "highest"))]
    marks.insert(1, Patch(color=ENDS(0.5), label="middle, half on each side"))
    order = ", then ".join(names[wave].lower() for wave in waves)
    fig.legend(
        handles=marks, loc="outside upper left", ncols=3, title=f"Bars of an item: {order}. (r): reversed item",
        alignment="left", title_fontsize=8,
    )  # fmt: skip
    joined = int((answers["answer_low"] < answers["answer_high"]).sum())
    alt = (
        f"Diverging bars of the answers to {answers['item'].nunique()} items by wave, as asked, around the "
        f"middle of the scale; in {joined} places rare answers are joined with their neighbours."
    )
    return fig, alt


def _two_columns(blocks: list[tuple[str, list[str]]]) -> list[list[tuple[str, list[str]]]]:
    """Set the instruments in two columns of about the same height, in their order; few items take one column."""
    sizes = [len(items) + 2 for _name, items in blocks]
    if sum(sizes) < 24 or len(blocks) < 2:
        return [blocks]
    cut = min(range(1, len(blocks)), key=lambda place: max(sum(sizes[:place]), sum(sizes[place:])))
    return [blocks[:cut], blocks[cut:]]


def _bars(answers: pd.DataFrame, waves: list[str]) -> pd.DataFrame:
    """Return a bar for each shown share: its ends, half its height, its place beside its item's middle, its colour.

    The waves of an item lie under each other; the colour tells the middle of the answers joined.
    """
    ends = answers.groupby("item", sort=False).agg(low=("answer_low", "min"), high=("answer_high", "max"))
    shown = answers[answers["percent"].notna()].sort_values("answer_low", kind="stable")
    first, last, share = (shown[name].to_numpy(dtype=float) for name in ("answer_low", "answer_high", "percent"))
    low, high = (shown["item"].map(ends[name]).to_numpy(dtype=float) for name in ("low", "high"))
    # The part of the answers joined from first to last that lies below the middle, each step taken as equally wide.
    below = np.clip(((low + high) / 2 - (first - 0.5)) / (last - first + 1), 0.0, 1.0)
    one = [shown["item"], shown["wave"]]
    right = pd.Series(share, shown.index).groupby(one).cumsum()
    right -= pd.Series(share * below, shown.index).groupby(one).transform("sum")
    height = 0.78 / len(waves)
    place = shown["wave"].map({wave: at for at, wave in enumerate(waves)})
    with np.errstate(invalid="ignore", divide="ignore"):
        colours = ENDS(((first + last) / 2 - low) / (high - low))
    return pd.DataFrame(
        {
            "item": shown["item"],
            "left": right - share,
            "right": right,
            "beside": height * (place - (len(waves) - 1) / 2),
            "half": 0.44 * height,
            "colour": [tuple(c) if clear else MIST for c, clear in zip(colours, high > low, strict=True)],
        }
    )


#: Coefficients of raters: name shown, name in the table of categories and of ordered ones, mark, size, colour, place.
RATED = (
    ("percent agreement", {"nominal": "percent agreement", "ordinal": "percent agreement"}, "|", 9, INK, -0.27),
    (
        "Gwet's AC1, AC2 (quadratic)",
        {"nominal": "Gwet's AC1", "ordinal": "Gwet's AC2 (quadratic weights)"},
        *("o", 5, PETROL, -0.1),
    ),
    (
        "Fleiss' kappa (ordered: quadratic weights)",
        {"nominal": "Fleiss' kappa", "ordinal": "Fleiss' kappa (quadratic weights)"},
        *("D", 4.2, CLAY, 0.08),
    ),
    (
        "Krippendorff's alpha",
        {"nominal": "Krippendorff's alpha (nominal)", "ordinal": "Krippendorff's alpha (ordinal)"},
        *("s", 4.2, GREY, 0.26),
    ),
)


def draw_raters(tables: Tables, labels: Labels) -> tuple[Figure, str]:
    """Draw the agreement of auditors by track and of raters by dimension, with intervals."""
    every = tables["reliability/raters.csv"]
    every = every[every["level"].isin(["nominal", "ordinal"])]
    compared = every[every["statistic"].str.startswith("Krippendorff")]
    groups = list(compared[["about", "group", "level"]].drop_duplicates().itertuples(index=False, name=None))
    found = every.set_index(["about", "group", "level", "statistic"])[["estimate", "ci_low", "ci_high"]]
    fig, ax = new_figure(0.5 * len(groups) + 1.3)
    for label, names, mark, size, colour, beside in RATED:
        some = found.reindex([(*group, names[group[2]]) for group in groups])
        y = np.arange(len(groups)) + beside
        ax.hlines(y, some["ci_low"], some["ci_high"], color=colour, linewidth=1.4, alpha=0.85)
        ax.plot(some["estimate"], y, mark, color=colour, markersize=size, label=label)
    ax.axvline(0, color=INK, linewidth=0.9)
    said = [
        f"{'Auditors, ' if about == 'auditors' else 'Ratings, '}{str(group).replace('_', ' ')}\n({level})"
        for about, group, level in groups
    ]
    ax.set_yticks(range(len(groups)), said, fontsize=8)
    ax.set_ylim(len(groups) - 0.4, -0.6)
    lowest = np.nanmin([-0.03, *every["ci_low"].dropna(), *every["estimate"].dropna()])
    ax.set(xlim=(lowest - 0.02, 1.02))
    grid(ax)
    fig.legend(loc="outside upper left", ncols=2)
    return fig, (
        f"Agreement of auditors and raters in {len(groups)} groups: "
        "percent agreement, AC1, kappa and alpha with intervals."
    )


DRAWN: dict[str, Callable[[Tables, Labels], tuple[Figure, str]]] = {
    "reliability": draw_reliability,
    "item_rest": draw_item_rest,
    "answers": draw_answers,
    "raters": draw_raters,
}
