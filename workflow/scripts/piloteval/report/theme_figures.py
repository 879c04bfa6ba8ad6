"""The figures of themes: who speaks of them, which come up together, and how many interviews it took to find them."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import ScaledTranslation

from piloteval.qualitative.matrix import ALL, CODE, PERSON, SENTENCE, THEME
from piloteval.qualitative.saturation import USUAL
from piloteval.report.change_figures import nothing_to_draw
from piloteval.report.ink import CLAY, GREY, INK, MIST, PETROL, SAND, WIDTH, Labels, Tables, cohort_name, new_figure
from piloteval.report.page import format_number

RAMP = LinearSegmentedColormap.from_list("petrol", ["#f4f7f7", "#9cc4c7", PETROL])
HATCH = {"facecolor": "#f4f5f6", "hatch": "////", "edgecolor": "#c6cdd1", "linewidth": 0}

#: Most columns whose cells hold counts, and most whose names stand upright; more have percent, and names on end.
COUNTED, UPRIGHT = 7, 5

#: Widest name of a row, in letters; longer ones go on in a second line.
NAME = 34

#: Most codes whose pairs have their coefficient written in.
WRITTEN = 12


def _ink_on(share: float) -> str:
    """Return the colour of words on this share of the ramp: the one that is easier to read (WCAG contrast)."""

    def light(colour: Any) -> float:
        parts = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in to_rgb(colour)]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    below = light(RAMP(share)[:3]) + 0.05
    return "white" if 1.05 / below > below / (light(INK) + 0.05) else INK


def _lines(names: list[str], width: int) -> tuple[list[str], int]:
    """Wrap names; return them with the most lines one has."""
    wrapped = [textwrap.wrap(name, width, break_long_words=True) or [""] for name in names]
    return ["\n".join(one) for one in wrapped], max((len(one) for one in wrapped), default=1)


def _group_name(by: str, group: str, labels: Labels) -> str:
    """Return the name of a group; of several put together, those of all."""
    if group == ALL:
        return "All"
    known = labels.get({"cohort": "cohorts", "wave": "waves"}.get(by, by), {})
    name = " + ".join(known.get(part, part) for part in group.split(" + "))
    return name[:1].upper() + name[1:]


def _plural(count: int, one: str) -> str:
    return f"{count} {one if count == 1 else one + 's'}"


# Who speaks of what


def _by_group(tables: Tables, labels: Labels, kind: str) -> tuple[Figure, str]:
    table = tables["themes/matrix.csv"]
    table = table[(table["kind"] == kind) & ((table["by"] == ALL) | (table["group"] != ALL))]
    what = "themes" if kind == THEME else "codes"
    if table.empty:
        return nothing_to_draw(f"There are no {what} to draw.")
    few = 0
    if (
        kind == CODE
    ):  # dozens of codes: those of too few people are counted, and so are dimensions without a shown group
        seen = table[table["people"].notna()]
        few = table["code"].nunique() - seen["code"].nunique()
        table = table[table["code"].isin(set(seen["code"])) & table["by"].isin({ALL, *seen["by"]})]
        if table.empty:
            return nothing_to_draw("No code is spoken of by enough people to be shown.")
    codes = list(dict.fromkeys(table["code"]))
    columns = list(dict.fromkeys(zip(table["by"], table["group"], strict=True)))
    names, lines = _lines([table.loc[table["code"] == code, "name"].iloc[0] for code in codes], NAME)
    upright = len(columns) <= UPRIGHT
    heads, head_lines = _lines([_group_name(by, group, labels) for by, group in columns], 15 if upright else 24)
    if len(columns) > COUNTED:  # cells hold percent then, and the people asked stand with the group
        asked = table.groupby(["by", "group"])["of_people"].max()
        known = [asked[one] for one in columns]
        heads = [h if pd.isna(n) else f"{h} (n {n:.0f})" for h, n in zip(heads, known, strict=True)]
    # Dimensions stand a little apart, each under its name.
    x = np.arange(len(columns)) + 0.3 * np.cumsum([0, *(a[0] != b[0] for a, b in pairwise(columns))])
    step = max(0.135 * lines + 0.1, 0.24 if len(codes) > 15 else 0.33)
    letters = max(len(line) for head in heads for line in head.split("\n"))
    top = 0.3 + (0.14 * head_lines if upright else 0.068 * letters)
    fig, ax = new_figure(step * len(codes) + top + 0.75)
    cells = {(row["code"], row["by"], row["group"]): row for row in table.to_dict("records")}
    hidden = 0
    for row, code in enumerate(codes):
        for place, (by, group) in zip(x, columns, strict=True):
            cell = cells.get((code, by, group))
            if cell is None:
                continue
            hidden += int(pd.isna(cell["people"]))
            _draw_cell(ax, place, row, cell, len(columns))
    ax.set_xlim(-0.5, x[-1] + 0.5)
    ax.set_ylim(len(codes) - 0.5, -0.5)
    ax.set_yticks(range(len(codes)), names, fontsize=8 if len(codes) <= 25 else 7.2, linespacing=1.05)
    ax.xaxis.tick_top()
    ax.set_xticks(x, heads, fontsize=8, linespacing=1.05, rotation=0 if upright else 90)
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)
    for by in dict.fromkeys(name for name, _group in columns if name != ALL):  # the dimension, below its groups
        inside = [place for place, (name, _group) in zip(x, columns, strict=True) if name == by]
        ax.plot([inside[0] - 0.45, inside[-1] + 0.45], [0, 0], transform=_below(ax, 0.04), color=GREY, linewidth=0.8,
                clip_on=False)  # fmt: skip
        ax.text(np.mean(inside), 0, f"by {by}", transform=_below(ax, 0.08), ha="center", va="top", fontsize=8,
                color="#55626a")  # fmt: skip
    _ramp(fig, ax, "people, %", 100)
    shown = "people of those asked" if len(columns) <= COUNTED else "percent of the people asked"
    alt = (
        f"People who speak of each of {_plural(len(codes), what[:-1])}, in all and by group ({shown}): "
        f"{_told(table)}; {_plural(hidden, 'cell')} withheld"
        + (f", and {_plural(few, 'code')} of too few people not drawn." if few else ".")
    )
    return fig, alt


def _below(ax: Any, inches: float) -> Any:
    """Return the transform of what stands below the axes, at the x of the data."""
    return ax.get_xaxis_transform() + ScaledTranslation(0, -inches, ax.figure.dpi_scale_trans)


def _draw_cell(ax: Any, x: float, y: int, cell: dict[str, Any], columns: int) -> None:
    """Draw the rectangle of a group, with its people of those asked, or hatched."""
    if pd.isna(cell["people"]):
        ax.add_patch(Rectangle((x - 0.48, y - 0.46), 0.96, 0.92, **HATCH))
        if columns <= COUNTED:
            ax.text(x, y, "withheld", ha="center", va="center", fontsize=7.5, color="#6a757c")
        return
    percent = cell["percent"]
    share = 0.0 if pd.isna(percent) else float(percent) / 100
    ax.add_patch(Rectangle((x - 0.48, y - 0.46), 0.96, 0.92, facecolor=RAMP(share), linewidth=0))
    if columns > COUNTED:
        words = format_number(percent, 0) if pd.notna(percent) else format_number(cell["people"], 0)
    else:
        of = f" of {format_number(cell['of_people'], 0)}" if pd.notna(cell["of_people"]) else ""
        words = f"{format_number(cell['people'], 0)}{of}"
    colour = _ink_on(share)
    ax.text(x, y, words, ha="center", va="center", fontsize=8 if columns <= 10 else 7, color=colour)


def _ramp(fig: Figure, ax: Any, words: str, top: float) -> None:
    """Draw the scale of colours below the axes."""
    norm = plt.Normalize(0, top)
    bar = fig.colorbar(
        plt.cm.ScalarMappable(norm=norm, cmap=RAMP), ax=ax, orientation="horizontal", location="bottom", shrink=0.35,
        aspect=28, pad=0.02, anchor=(1.0, 0.0),
    )  # fmt: skip
    bar.set_label(words, fontsize=8)
    bar.ax.tick_params(labelsize=7.5, length=2)
    bar.outline.set_visible(False)


def _told(table: pd.DataFrame) -> str:
    """Name the themes that most people speak of."""
    every = table[(table["by"] == ALL) & table["people"].notna()].sort_values("people", ascending=False, kind="stable")
    if every.empty:
        return "no count is shown"
    said = [f"{row['name']} {format_number(row['people'], 0)}" for row in every.head(3).to_dict("records")]
    return "most by " + ", ".join(said)


def draw_theme_groups(tables: Tables, labels: Labels) -> tuple[Figure, str]:
    """Draw how many people speak of each theme, in all and by group; withheld cells are hatched."""
    return _by_group(tables, labels, THEME)


def draw_code_groups(tables: Tables, labels: Labels) -> tuple[Figure, str]:
    """Draw how many people speak of each code, in all and by group; withheld cells are hatched."""
    return _by_group(tables, labels, CODE)


# What comes up together


def clustered(similar: np.ndarray) -> list[int]:
    """Return an order in which what comes up together stands together.

    Parameters
    ----------
    similar : array, shape (codes, codes)
        Similarity from 0 to 1; NaN, of what is not shown, counts as none.

    Returns
    -------
    list of int
        Leaves of an average-linkage clustering, in the optimal order. The order is all that is used of it.
    """
    if len(similar) < 3:
        return list(range(len(similar)))
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    apart = 1 - np.nan_to_num(similar, nan=0.0)
    apart = np.clip((apart + apart.T) / 2, 0, 1)
    np.fill_diagonal(apart, 0)
    return [int(one) for one in leaves_list(linkage(squareform(apart), "average", optimal_ordering=True))]


def _unit(pairs: pd.DataFrame) -> str:
    """Return the closest unit in which at least four codes are in a pair; else that with most pairs."""
    count = pairs["unit"].value_counts()
    near = [unit for unit in count.index if unit not in (SENTENCE, PERSON)]
    for unit in [*near, SENTENCE, PERSON]:
        here = pairs[pairs["unit"] == unit]
        if len({*here["code_1"], *here["code_2"]}) >= 4:
            return unit
    return str(count.index[0])


def _unit_words(unit: str) -> str:
    return {SENTENCE: "in the same sentence", PERSON: "by the same person"}.get(unit, unit)


def _pairs(tables: Tables, kind: str) -> tuple[Figure, str]:
    table = tables["themes/cooccurrence.csv"]
    table = table[(table["kind"] == kind) & table["c"].notna()]
    what = "themes" if kind == THEME else "codes"
    if table.empty:
        return nothing_to_draw(f"No two {what} are brought together by enough people to be shown.")
    unit = _unit(table)
    here = table[table["unit"] == unit]
    names = {
        **dict(zip(here["code_1"], here["name_1"], strict=True)),
        **dict(zip(here["code_2"], here["name_2"], strict=True)),
    }
    codes = list(names)
    at = {code: place for place, code in enumerate(codes)}
    c, clear = np.full((len(codes), len(codes)), np.nan), np.zeros((len(codes), len(codes)), dtype=bool)
    for row in here.to_dict("records"):
        for one, other in ((row["code_1"], row["code_2"]), (row["code_2"], row["code_1"])):
            c[at[one], at[other]] = row["c"]
            clear[at[one], at[other]] = pd.notna(row["p_adjusted"]) and row["p_adjusted"] <= 0.05
    order = clustered(c)
    c, clear, codes = c[np.ix_(order, order)], clear[np.ix_(order, order)], [codes[one] for one in order]
    size = len(codes)
    # A row has number and name, a column the number.
    words, lines = _lines([f"{place}. {names[code]}" for place, code in enumerate(codes, 1)], 40)
    step = max(0.135 * lines + 0.06, 0.3) if size <= WRITTEN else max(0.115 * lines + 0.03, 0.15)
    fig, ax = new_figure(step * size + 1.35)
    top = float(np.nanmax(c))
    top = min(1.0, max(0.1, np.ceil(10 * top) / 10))
    for row in range(1, size):
        for column in range(row):
            box = (column - 0.47, row - 0.46)
            if np.isnan(c[row, column]):
                ax.add_patch(Rectangle(box, 0.94, 0.92, facecolor="#f1f3f4", linewidth=0))
                continue
            share = c[row, column] / top
            ax.add_patch(Rectangle(box, 0.94, 0.92, facecolor=RAMP(0.12 + 0.88 * share), linewidth=0))
            colour = _ink_on(0.12 + 0.88 * share)
            if size <= WRITTEN:
                said = f"{c[row, column]:.2f}".replace("0.", ".", 1) + ("*" if clear[row, column] else "")
                ax.text(column, row, said, ha="center", va="center", fontsize=7.5, color=colour)
            elif clear[row, column]:
                ax.plot(column, row, "o", markersize=2.4, color=colour)
    ax.set_xlim(-0.5, size - 1.5)
    ax.set_ylim(size - 0.5, -0.5)
    ax.set_yticks(range(size), words, fontsize=8 if size <= 25 else 6.6, linespacing=1.0)
    ax.set_xticks(range(size - 1), range(1, size), fontsize=8 if size <= 25 else 6.6)
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.set_title(f"{what.capitalize()} {_unit_words(unit)}: c", fontsize=9)
    mark = "*" if size <= WRITTEN else "•"
    handles = [Patch(facecolor="#f1f3f4", label="too few people, or never")]
    if clear.any():
        handles.append(Line2D([], [], linewidth=0, label=f"{mark}  adjusted p at most .05"))
    fig.legend(handles=handles, loc="outside upper right", fontsize=7.8, ncols=2, handlelength=1.2)
    _ramp(fig, ax, "c = both / either", top)
    first = here.sort_values("c", ascending=False, kind="stable").iloc[0]
    alt = (
        f"How often {size} {what} come up {_unit_words(unit)}, as coefficient c, in an order that puts together what "
        f"comes up together; {_plural(len(here), 'pair')} shown, {int(clear.sum()) // 2} clearly more often than by "
        f"chance. The largest is {first['name_1']} with {first['name_2']}, c {first['c']:.2f}."
    )
    return fig, alt


def draw_theme_pairs(tables: Tables, labels: Labels) -> tuple[Figure, str]:
    """Draw which themes come up together, ordered by clustering."""
    return _pairs(tables, THEME)


def draw_code_pairs(tables: Tables, labels: Labels) -> tuple[Figure, str]:
    """Draw which codes come up together, ordered by clustering."""
    return _pairs(tables, CODE)


# Saturation


def draw_saturation(tables: Tables, labels: Labels) -> tuple[Figure, str]:
    """Draw the codes found by the number of interviews, with the band of random orders, the base and the run."""
    curve = tables["themes/saturation_curve.csv"]
    curve = curve[curve["median"].notna()]
    cohorts = list(dict.fromkeys(curve["cohort"]))
    if not cohorts:
        return nothing_to_draw("There are too few interviews for a curve of saturation.")
    rules = tables["themes/saturation.csv"]
    base, run, threshold = USUAL
    rules = rules[(rules["base"] == base) & (rules["run"] == run) & (rules["threshold"] == threshold)]
    columns = min(3, len(cohorts))
    lines = -(-len(cohorts) // columns)
    titles = [
        _lines([_group_name("cohort", cohort, labels) if cohort != ALL else cohort_name(labels, ALL).capitalize()], 30)
        for cohort in cohorts
    ]
    tall = max(count for _title, count in titles)
    fig, axes = plt.subplots(
        lines, columns, figsize=(WIDTH, lines * (2.35 + 0.14 * tall) + 0.5), layout="constrained", squeeze=False,
        sharey=True,
    )  # fmt: skip
    for ax in axes.flat[len(cohorts) :]:
        ax.axis("off")
    said = []
    for place, (ax, cohort, (title, _count)) in enumerate(zip(axes.flat, cohorts, titles, strict=False)):
        here = curve[curve["cohort"] == cohort]
        rule = rules[rules["cohort"] == cohort]
        said.append(_saturation(ax, here, rule.iloc[0] if len(rule) else None))
        ax.set_title(title[0], fontsize=8.5, fontweight="normal")
        if place >= len(cohorts) - columns:
            ax.set_xlabel("interviews", fontsize=8)
        if place % columns == 0:
            ax.set_ylabel("codes found", fontsize=8)
    handles = [
        Line2D([], [], color=PETROL, linewidth=1.8, label="median of random orders"),
        Patch(facecolor=PETROL, alpha=0.16, label="5 % to 95 %"),
        Line2D([], [], color=CLAY, marker="o", markersize=3, linewidth=1.1, label="in the order of the list"),
        Patch(facecolor=MIST, label=f"base of {base}"),
        Patch(facecolor=SAND, alpha=0.35, label=f"run of {run} with at most {threshold:g} % new"),
    ]
    fig.legend(handles=handles, loc="outside lower center", ncols=3, fontsize=7.8, handlelength=1.6)
    names = [cohort_name(labels, cohort) for cohort in cohorts]
    told = "; ".join(f"{name}: {words}" for name, words in zip(names, said, strict=True))
    return fig, f"Codes found by the number of interviews, in the order of the list and in random orders. {told}."


def _saturation(ax: Any, here: pd.DataFrame, rule: pd.Series | None) -> str:
    """Draw the curve of a cohort and return it in words."""
    base, run, _threshold = USUAL
    x = here["interviews"].to_numpy(dtype=float)
    ax.fill_between(x, here["low"].astype(float), here["high"].astype(float), color=PETROL, alpha=0.16, linewidth=0)
    ax.plot(x, here["median"].astype(float), color=PETROL, linewidth=1.8)
    found = here["found"].to_numpy(dtype=float, na_value=np.nan)
    ax.plot(x, found, "o-", color=CLAY, markersize=3, linewidth=1.1)
    most = float(here["high"].max())
    ax.axvspan(0.5, base + 0.5, color=MIST, zorder=0, linewidth=0)
    ax.set_xlim(0.5, max(x[-1], base + run) + 0.5)
    ax.set_ylim(0, None)
    whole = max(1, round(x[-1] / 8))
    ax.set_xticks(np.arange(whole, x[-1] + 1, whole))
    ax.yaxis.set_major_locator(MaxNLocator(6, integer=True))
    ax.tick_params(length=2, labelsize=7.5)
    ax.grid(axis="y", color=MIST, linewidth=0.8)
    ax.set_axisbelow(True)
    end = f"{_plural(round(most), 'code')} in {_plural(round(x[-1]), 'interview')}"
    if rule is None or (pd.isna(rule["reached"]) and str(rule["note"]).startswith("withheld")):
        return end
    if pd.isna(rule["reached"]):
        words = "too few" if str(rule["note"]).startswith("undefined") else "not reached"
        ax.text(0.97, 0.05, f"saturation: {words}", transform=ax.transAxes, ha="right", fontsize=7.8, color=INK)
        return f"{end}, saturation {'not judged' if words == 'too few' else words}"
    at = float(rule["reached"])
    ax.axvspan(at + 0.5, at + run + 0.5, color=SAND, alpha=0.35, zorder=0, linewidth=0)
    ax.text(0.97, 0.05, f"saturation: {rule['reported']}", transform=ax.transAxes, ha="right", fontsize=7.8, color=INK)
    return f"{end}, saturation at {rule['reported']}"


DRAWN: dict[str, Callable[[Tables, Labels], tuple[Figure, str]]] = {
    "theme_groups": draw_theme_groups,
    "code_groups": draw_code_groups,
    "theme_pairs": draw_theme_pairs,
    "code_pairs": draw_code_pairs,
    "saturation": draw_saturation,
}
