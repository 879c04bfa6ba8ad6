"""The figures of themes: who speaks of them, what comes up together, saturation, how far coders agree."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from graphlib import TopologicalSorter
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

from piloteval.qualitative.matrix import ALL, CODE, LESS, MORE, PERSON, SENTENCE, THEME
from piloteval.qualitative.saturation import NOT_REACHED, REACHED, USUAL
from piloteval.qualitative.units import ALL as EVERY_CODE
from piloteval.qualitative.units import CASE, EVERYBODY, MEAN, PEOPLE, UNITS
from piloteval.report.change_figures import nothing_to_draw
from piloteval.report.ink import (
    CLAY,
    GREY,
    INK,
    MIST,
    PETROL,
    SAND,
    WIDTH,
    Labels,
    Tables,
    cohort_name,
    grid,
    new_figure,
)
from piloteval.report.page import format_number

RAMP = LinearSegmentedColormap.from_list("petrol", ["#f4f7f7", "#9cc4c7", PETROL])
HATCH = {"facecolor": "#f4f5f6", "hatch": "////", "edgecolor": "#c6cdd1", "linewidth": 0}

#: Most columns whose cells hold counts, and most whose names stand upright; more have percent, and names on end.
COUNTED, UPRIGHT = 7, 5

#: Widest name of a row, in letters; longer ones go on in a second line.
NAME = 34

#: Most codes whose pairs have their coefficient written in, and fewest that are put in an order of their own.
WRITTEN, ORDERED = 12, 6

#: Names of groups in the labels of the study.
LABELS_OF = {
    "cohort": "cohorts",
    "wave": "waves",
    "country": "countries",
    "setting": "settings",
    "language": "languages",
    "role": "roles",
}

#: Marks of pairs that come up together clearly otherwise than by chance, in words and as a marker.
CLEAR = {MORE: ("\N{BLACK UP-POINTING SMALL TRIANGLE}", "^"), LESS: ("\N{BLACK DOWN-POINTING SMALL TRIANGLE}", "v")}


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
    known = labels.get(LABELS_OF.get(by, by), {})
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
    if kind == CODE:  # dozens: those of too few people are counted, and dimensions without a shown group left out
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
    # Dimensions of groups stand a little apart, and the codes of a theme where they follow one another.
    theme_of = dict(zip(table["code"], table["theme"], strict=True))
    new = np.array([0, *(theme_of[a] != theme_of[b] for a, b in pairwise(codes))])
    apart = kind == CODE and new.sum() < len(set(theme_of.values()))
    y = np.arange(len(codes)) + 0.3 * apart * np.cumsum(new)
    x = np.arange(len(columns)) + 0.3 * np.cumsum([0, *(a[0] != b[0] for a, b in pairwise(columns))])
    step = max(0.135 * lines + 0.1, 0.24 if len(codes) > 15 else 0.33)
    letters = max(len(line) for head in heads for line in head.split("\n"))
    top = 0.3 + (0.14 * head_lines if upright else 0.068 * letters)
    fig, ax = new_figure(step * (y[-1] + 1) + top + 0.75)
    ax.set_ylim(y[-1] + 0.5, -0.5)
    ax.set_yticks(y, names, fontsize=8 if len(codes) <= 25 else 7.2, linespacing=1.05)
    if len(columns) == 1:
        _bars(ax, y, table.set_index("code").loc[codes])
        gone = int(table["people"].isna().sum())
        return fig, _by_group_words(table, len(codes), what, "people of those asked", gone, few)
    cells = {(row["code"], row["by"], row["group"]): row for row in table.to_dict("records")}
    hidden = 0
    for row, code in zip(y, codes, strict=True):
        for place, (by, group) in zip(x, columns, strict=True):
            cell = cells.get((code, by, group))
            if cell is None:
                continue
            hidden += int(pd.isna(cell["people"]))
            _draw_cell(ax, place, row, cell, len(columns))
    ax.set_xlim(-0.5, x[-1] + 0.5)
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
    return fig, _by_group_words(table, len(codes), what, shown, hidden, few)


def _by_group_words(table: pd.DataFrame, codes: int, what: str, shown: str, hidden: int, few: int) -> str:
    """Say what the figure shows."""
    groups = "and by group " if (table["by"] != ALL).any() else ""
    return (
        f"People who speak of each of {_plural(codes, what[:-1])}, in all {groups}({shown}): "
        f"{_told(table)}; {_plural(hidden, 'cell')} withheld"
        + (f", and {_plural(few, 'code')} of too few people not drawn." if few else ".")
    )


def _bars(ax: Any, y: np.ndarray, rows: pd.DataFrame) -> None:
    """Draw people of those asked as bars, where no group has enough people."""
    share = rows["percent"].to_numpy(dtype=float)
    ax.barh(y, share, height=0.7, color=PETROL, linewidth=0)
    for place, end, row in zip(y, share, rows.to_dict("records"), strict=True):
        if pd.isna(row["people"]):
            ax.text(0.8, place, "withheld", va="center", fontsize=7.5, color="#6a757c")
            continue
        of = f" of {format_number(row['of_people'], 0)}" if pd.notna(row["of_people"]) else ""
        ax.annotate(f"{format_number(row['people'], 0)}{of}", (0 if pd.isna(end) else end, place), (3, 0),
                    textcoords="offset points", va="center", fontsize=7.5, color=INK,
                    bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6})  # fmt: skip
    ax.set_xlim(0, 108)
    ax.set_xticks(range(0, 101, 20))
    ax.set_xlabel("people, %", fontsize=8)
    grid(ax)
    ax.tick_params(axis="x", labelsize=8)


def _below(ax: Any, inches: float) -> Any:
    """Return the transform of what stands below the axes, at the x of the data."""
    return ax.get_xaxis_transform() + ScaledTranslation(0, -inches, ax.figure.dpi_scale_trans)


def _draw_cell(ax: Any, x: float, y: float, cell: dict[str, Any], columns: int) -> None:
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
    """Return the unit with most pairs; of several, the first, which is the closest."""
    units = list(dict.fromkeys(pairs["unit"]))
    return max(units, key=lambda unit: (pairs["unit"] == unit).sum())


def _unit_words(unit: str) -> str:
    return {SENTENCE: "in the same sentence", PERSON: "by the same person"}.get(unit, unit)


def _pairs(tables: Tables, kind: str) -> tuple[Figure, str]:
    table = tables["themes/cooccurrence.csv"]
    table = table[(table["kind"] == kind) & table["c"].notna()]
    what = "themes" if kind == THEME else "codes"
    if table.empty:
        return nothing_to_draw(f"No two {what} come up together, and apart, in the talk of enough people to be shown.")
    unit = _unit(table)
    here = table[table["unit"] == unit]
    names = {
        **dict(zip(here["code_1"], here["name_1"], strict=True)),
        **dict(zip(here["code_2"], here["name_2"], strict=True)),
    }
    order_of = TopologicalSorter()  # in every pair, the code that is first in the codebook stands first
    for row in here.to_dict("records"):
        order_of.add(row["code_2"], row["code_1"])
    codes = list(order_of.static_order())
    at = {code: place for place, code in enumerate(codes)}
    c, clear = np.full((len(codes), len(codes)), np.nan), np.full((len(codes), len(codes)), "", dtype=object)
    for row in here.to_dict("records"):
        for one, other in ((row["code_1"], row["code_2"]), (row["code_2"], row["code_1"])):
            c[at[one], at[other]] = row["c"]
            clear[at[one], at[other]] = row["verdict"]
    ordered = len(codes) >= ORDERED
    order = clustered(c) if ordered else list(range(len(codes)))
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
                said = f"{c[row, column]:.2f}".replace("0.", ".", 1) + CLEAR.get(clear[row, column], ("",))[0]
                ax.text(column, row, said, ha="center", va="center", fontsize=7.5, color=colour)
            elif clear[row, column]:
                ax.plot(column, row, CLEAR[clear[row, column]][1], markersize=2.8, color=colour)
    ax.set_xlim(-0.5, size - 1.5)
    ax.set_ylim(size - 0.5, -0.5)
    ax.set_yticks(range(size), words, fontsize=8 if size <= 25 else 6.6, linespacing=1.0)
    ax.set_xticks(range(size - 1), range(1, size), fontsize=8 if size <= 25 else 6.6)
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.set_title(f"{what.capitalize()} {_unit_words(unit)}: c", fontsize=9)
    handles = [Patch(facecolor="#f1f3f4", label="never, or parts of too few people")]
    found = {verdict: int((clear == verdict).sum()) // 2 for verdict in CLEAR}
    for verdict, (_sign, marker) in CLEAR.items():
        if found[verdict]:
            label = f"{verdict} than by chance, adjusted"
            handles.append(Line2D([], [], linewidth=0, marker=marker, markersize=4, color=INK, label=label))
    if size < 4:
        fig.legend(handles=handles, loc="outside upper right", fontsize=7.8, ncols=2, handlelength=1.2)
    else:  # the other half of the square is empty
        ax.legend(handles=handles, loc="upper right", fontsize=7.8, handlelength=1.2, borderaxespad=0)
    _ramp(fig, ax, "c = both / either", top)
    first = here.sort_values("c", ascending=False, kind="stable").iloc[0]
    beside = ", in an order that puts together what comes up together" if ordered else ""
    alt = (
        f"How often {size} {what} come up {_unit_words(unit)}, as coefficient c{beside}; {_plural(len(here), 'pair')} "
        f"shown, {found[MORE]} clearly more often and {found[LESS]} clearly less often than by chance. The largest is "
        f"{first['name_1']} with {first['name_2']}, c {first['c']:.2f}."
    )
    return fig, alt


def draw_theme_pairs(tables: Tables, labels: Labels) -> tuple[Figure, str]:
    """Draw which themes come up together; several are ordered by clustering."""
    return _pairs(tables, THEME)


def draw_code_pairs(tables: Tables, labels: Labels) -> tuple[Figure, str]:
    """Draw which codes come up together; several are ordered by clustering."""
    return _pairs(tables, CODE)


# Saturation


def draw_saturation(tables: Tables, labels: Labels) -> tuple[Figure, str]:
    """Draw how much of the codes comes up in so many interviews of random orders, and the interviews the rule took.

    What rests on too few people, in or left out, is hatched; a cohort of which nothing is told is not drawn.
    """
    curve = tables["themes/saturation_curve.csv"]
    curve = curve[curve["median_percent"].notna()]
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
    said, told = [], []
    for place, (ax, cohort, (title, _count)) in enumerate(zip(axes.flat, cohorts, titles, strict=False)):
        rule = rules[rules["cohort"] == cohort]
        told.append(rule.iloc[0] if len(rule) else None)
        said.append(_saturation(ax, curve[curve["cohort"] == cohort], told[-1]))
        ax.set_title(title[0], fontsize=8.5, fontweight="normal")
        if place >= len(cohorts) - columns:
            ax.set_xlabel("interviews", fontsize=8)
        if place % columns == 0:
            ax.set_ylabel("codes that come up, %", fontsize=8)
    handles = [Line2D([], [], color=PETROL, marker="o", markersize=3, linewidth=1.8, label="median of random orders")]
    if curve["low_percent"].notna().any():
        handles.append(Patch(facecolor=PETROL, alpha=0.16, label="5 % to 95 %"))
    if any(rule is not None and pd.notna(rule["needed"]) for rule in told):
        handles.append(
            Patch(facecolor=SAND, alpha=0.35, label=f"run of {run} with at most {threshold:g} % new, in the order held")
        )
    handles.append(Patch(**HATCH, label="too few people to be told"))
    fig.legend(handles=handles, loc="outside lower center", ncols=2, fontsize=7.8, handlelength=1.6)
    names = [cohort_name(labels, cohort) for cohort in cohorts]
    words = "; ".join(f"{name}: {one}" for name, one in zip(names, said, strict=True))
    return fig, f"Percent of the codes of all interviews that come up in so many, in random orders. {words}."


def _saturation(ax: Any, here: pd.DataFrame, rule: pd.Series | None) -> str:
    """Draw the curve of a cohort and return it in words."""
    _base, run, _threshold = USUAL
    x, median, low, high = (
        here[name].to_numpy(dtype=float, na_value=np.nan)
        for name in ("interviews", "median_percent", "low_percent", "high_percent")
    )
    # As many are left out behind the last place that is told as there are in before the first, and the last has all.
    last = float(rule["interviews"]) if rule is not None and pd.notna(rule["interviews"]) else x[-1] + x[0]
    for start, end in ((0.5, x[0] - 0.5), (x[-1] + 0.5, last + 0.5)):
        ax.axvspan(start, end, **HATCH, zorder=0)
    ax.fill_between(x, low, high, color=PETROL, alpha=0.16, linewidth=0)
    ax.plot(x, median, "o-", color=PETROL, markersize=3, linewidth=1.8)
    ax.set_xlim(0.5, last + 0.5)
    ax.set_ylim(0, 104)
    whole = max(1, round(last / 8))
    ax.set_xticks(np.arange(whole, last + 1, whole))
    ax.yaxis.set_major_locator(MaxNLocator(6, integer=True))
    ax.tick_params(length=2, labelsize=7.5)
    ax.grid(axis="y", color=MIST, linewidth=0.8)
    ax.set_axisbelow(True)
    told = f"{median[0]:.0f} % in {_plural(round(x[0]), 'interview')}"
    if len(x) > 1:
        told += f", {median[-1]:.0f} % in {round(x[-1])}"
    told += f" of {round(last)}"
    words = _taken(rule)
    if words:
        ax.text(0.97, 0.05, "\n".join(["saturation:", *words]), transform=ax.transAxes, ha="right", fontsize=7.8,
                color=INK, bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1.5})  # fmt: skip
    if rule is not None and pd.notna(rule["needed"]):
        ax.axvspan(rule["needed"] - run + 0.5, rule["needed"] + 0.5, color=SAND, alpha=0.35, zorder=0, linewidth=0)
    return f"{told}, saturation: {', '.join(words)}" if words else told


def _taken(rule: pd.Series | None) -> list[str]:
    """Say how many interviews the usual rule takes, the run counted, in the order held and in random orders."""
    if rule is None or str(rule["note"]).startswith("withheld"):
        return []
    if str(rule["note"]).startswith("undefined"):
        return ["not judged"]
    said = []
    if rule["held"] == REACHED:
        said.append(f"{rule['needed']:.0f} ({rule['reported']}) in the order held")
    elif rule["held"] == NOT_REACHED:
        said.append("not reached in the order held")
    return [
        *said,
        f"{rule['median']:.0f} in random orders" if pd.notna(rule["median"]) else "not in most random orders",
    ]


# How far coders agree

#: What is drawn where there is no bar, and the marks of pairs; more pairs than marks are drawn without names.
WITHOUT_BAR = {"unit": SENTENCE, "measure": "alpha"}
MARKS = "oDs^v"
MEASURE_NAMES = {"percent": "percent agreement / 100", "kappa": "kappa", "ac1": "AC1", "alpha": "alpha", "f1": "F1"}
IN_UNITS = {CASE: "interview"}


@dataclass(frozen=True)
class _Side:
    """What is drawn side by side: people with each other, or people with the dictionary."""

    title: str
    rows: pd.DataFrame
    unit: str
    measure: str
    bar: float | None

    @property
    def pairs(self) -> list[str]:
        """Return the pairs of two, in their order."""
        return [pair for pair in dict.fromkeys(self.rows["pair"]) if pair != EVERYBODY]

    @property
    def held(self) -> pd.DataFrame:
        """Return the rows that stand for the side: of all people where there are more than two, else of every pair."""
        together = self.rows["pair"] == EVERYBODY
        return self.rows[together] if together.any() else self.rows

    def of(self, unit: str, code: str) -> pd.DataFrame:
        """Return the rows of a code in a unit."""
        return self.rows[(self.rows["unit"] == unit) & (self.rows["code"] == code)]

    def single(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return those of the rows that are of a single code, in the unit of the bar."""
        return rows[(rows["unit"] == self.unit) & ~rows["code"].isin([EVERY_CODE, MEAN])]


def _sides(every: pd.DataFrame, labels: Labels) -> list[_Side]:
    """Return the sides somebody is on, each with the measure its bar is held against."""
    found = []
    people = every["pair_kind"].isin([PEOPLE, EVERYBODY])
    for name, title, kind in (
        ("people", "People with each other", people),
        ("machine", "People and the dictionary", ~people),
    ):
        bar = labels.get("bars", {}).get(name)
        about = bar or WITHOUT_BAR
        rows = every[kind & (every["measure"] == about["measure"])]
        if len(rows):
            pairs = list(dict.fromkeys(rows["pair"]))
            title = pairs[0] if len(pairs) == 1 else title
            found.append(_Side(title, rows, about["unit"], about["measure"], bar["at_least"] if bar else None))
    return found


def draw_agreement(tables: Tables, labels: Labels) -> tuple[Figure, str]:
    """Draw how far coders agree over all codes and on each; what is undefined or withheld is said, not drawn."""
    sides = _sides(tables["themes/agreement.csv"], labels)
    if not any(side.rows["estimate"].notna().any() for side in sides):
        if any(side.rows["note"].str.contains("withheld").any() for side in sides):
            return nothing_to_draw("Too few interviews were coded by two to show how far they agree.")
        return nothing_to_draw("There are no two whose codings of the same interviews can be compared.")
    rows, hidden = _agreement_rows(sides)
    most = max(len(side.pairs) for side in sides)
    step = 0.19 + 0.035 * max(0, min(most, len(MARKS)) - 2)
    # Rows over all codes stand apart from those of single codes.
    over = sum(code in (EVERY_CODE, MEAN) for _name, _unit, code in rows)
    y = np.arange(len(rows)) + 0.6 * (np.arange(len(rows)) >= over)
    end = y[-1] + (1.0 if hidden else 0.0)
    fig, axes = plt.subplots(
        1, len(sides), figsize=(WIDTH, step * (end + 1) + 1.55), layout="constrained", sharey=True, squeeze=False
    )
    judged: dict[bool, int] = {}
    for ax, side in zip(axes[0], sides, strict=True):
        ax.axhspan(-0.6, over - 0.4, color="#f3f5f6", zorder=0, linewidth=0)
        # A side whose codes are all withheld says so once.
        first = over if over < len(rows) and _few(side.single(side.rows)) else len(rows)
        for place, (_name, unit, code) in zip(y[:first], rows[:first], strict=True):
            for passed in _draw_agreement(ax, place, side, side.of(unit or side.unit, code), code):
                judged[passed] = judged.get(passed, 0) + 1
        if hidden or first < len(rows):
            top = y[first] if first < len(rows) else end
            ax.axhspan(top - 0.42, end + 0.42, **HATCH)
            ax.text(0.5, (top + end) / 2, "withheld", transform=ax.get_yaxis_transform(), ha="center", va="center",
                    fontsize=7.5, color="#6a757c")  # fmt: skip
        drawn = pd.concat([side.of(unit or side.unit, code) for _name, unit, code in rows])
        low = drawn[["estimate", "ci_low"]].min().min()
        ax.set_xlim(max(-1.02, min(-0.02, 0.1 * np.floor(10 * low) - 0.02)) if pd.notna(low) else -0.02, 1.03)
        if side.bar is not None:
            ax.plot(
                [side.bar] * 2, [-0.65, y[first - 1] + 0.5], color=INK, linewidth=0.9, linestyle=(0, (4, 3)), zorder=1
            )
        ax.set_title(side.title, fontsize=9)
        name = MEASURE_NAMES.get(side.measure, side.measure.replace("_", " "))
        ax.set_xlabel(f"{name}, single codes by {IN_UNITS.get(side.unit, side.unit)}", fontsize=8)
        grid(ax)
        ax.tick_params(labelsize=8)
    names = [textwrap.shorten(name, 2 * NAME, placeholder=" …") for name, _unit, _code in rows]
    marks = [*y, end] if hidden else list(y)
    axes[0, 0].set_yticks(marks, [*names, _plural(hidden, "code")] if hidden else names, fontsize=7.6)
    axes[0, 0].set_ylim(end + 0.65, -0.65)
    handles = _agreement_legend(sides, judged)
    if handles:
        columns = len(handles) if len(handles) <= 4 else -(-len(handles) // 2)
        fig.legend(handles=handles, loc="outside lower center", ncols=min(columns, 4), fontsize=7.8, handlelength=1.6)
    return fig, _agreement_words(sides, len(rows) - over, hidden)


def _agreement_rows(sides: list[_Side]) -> tuple[list[tuple[str, str, str]], int]:
    """Return name, unit (empty: that of the side) and code of every row, and how many codes are withheld throughout."""
    rows = [
        (f"All codes, by {IN_UNITS.get(unit, unit)}", unit, EVERY_CODE)
        for unit in UNITS
        if any(len(side.of(unit, EVERY_CODE)) for side in sides)
    ]
    rows.append(("Mean of the codes", "", MEAN))
    single = pd.concat([side.single(side.held).assign(side=place) for place, side in enumerate(sides)])
    shown = single[single["code"].isin({code for code, rows in single.groupby("code") if not _few(rows)})]
    # From the highest to the lowest of the first side, by the lowest of its values; then by the next side.
    lowest = shown.pivot_table(index="code", columns="side", values="estimate", aggfunc="min", dropna=False)
    names = dict(zip(shown["code"], shown["name"], strict=True))
    lowest = lowest.reindex(columns=range(len(sides)), index=list(names))
    order = lowest.sort_values(list(lowest.columns), ascending=False, kind="stable", na_position="last").index
    return [*rows, *((names[code], "", code) for code in order)], single["code"].nunique() - len(names)


def _few(rows: pd.DataFrame) -> bool:
    """Tell whether all rows are withheld."""
    return bool(rows["note"].astype(str).str.startswith("withheld").all())


def _draw_agreement(ax: Any, y: float, side: _Side, rows: pd.DataFrame, code: str) -> list[bool]:
    """Draw the row of a code on a side; return of every value drawn whether it is at the bar or above."""
    known = rows[rows["estimate"].notna()]
    if known.empty:
        if len(rows):
            ax.text(0.02, y, "withheld" if _few(rows) else "undefined", transform=ax.get_yaxis_transform(), va="center",
                    fontsize=7.2, color="#6a757c", style="italic")  # fmt: skip
        return []
    judged = []
    together = (known["pair"] == EVERYBODY).any()
    pairs = side.pairs
    named = len(pairs) <= len(MARKS)
    spread = min(0.62, 0.24 * (len(pairs) - 1)) if named and not together else 0.0
    offsets = np.linspace(-spread / 2, spread / 2, len(pairs)) if len(pairs) > 1 else [0.0]
    for row in known.to_dict("records"):
        place = pairs.index(row["pair"]) if row["pair"] in pairs else -1
        at = y + (offsets[place] if place >= 0 else 0.0)
        colour = INK
        minor = place >= 0 and (together or not named)  # a pair beside what all of them give, or one of very many
        if together and minor:
            colour = GREY
        elif code not in (EVERY_CODE, MEAN):
            judged.append(side.bar is None or bool(row["estimate"] >= side.bar))
            colour = PETROL if judged[-1] else CLAY
        if pd.notna(row["ci_low"]) and not minor:
            ax.hlines(at, row["ci_low"], min(1.0, row["ci_high"]), color=colour, linewidth=1.2, alpha=0.45, zorder=2)
        mark = "o" if minor or place < 0 else MARKS[place]
        size = (3.0 if minor else 5.2 if place < 0 else 4.2) - 0.5 * (mark in "Ds")
        ax.plot(row["estimate"], at, mark, markersize=size, markerfacecolor="white" if minor else colour,
                markeredgecolor=colour, markeredgewidth=0.8, zorder=4 if place < 0 else 3)  # fmt: skip
    return judged


def _agreement_legend(sides: list[_Side], judged: dict[bool, int]) -> list[Any]:
    """Return what the marks and colours mean, where there is more than one."""

    def mark(label: str, shape: str = "o", size: float = 4.2, **look: Any) -> Line2D:
        return Line2D([], [], color=INK, marker=shape, markersize=size, linewidth=0, label=label, **look)

    handles = []
    for side in sides:
        if len(side.held) < len(side.rows):
            handles += [mark("all people", size=5.2), mark("two of them", size=3.0, mec=GREY, mfc="white")]
        elif len(side.pairs) > len(MARKS):
            handles.append(mark("a pair", size=3.0, mfc="white"))
        elif len(side.pairs) > 1:
            own = side.rows.drop_duplicates("pair")
            names = own["pair"] if (own["pair_kind"] == PEOPLE).all() else own["first"]
            handles += [mark(name, shape) for shape, name in zip(MARKS, names, strict=False)]
    bars = any(side.bar is not None for side in sides)
    if bars:
        words = {True: (PETROL, "code at the bar or above"), False: (CLAY, "code under the bar")}
        handles += [
            Patch(facecolor=colour, label=label) for passed, (colour, label) in words.items() if passed in judged
        ]
        handles.append(Line2D([], [], color=INK, linewidth=0.9, linestyle=(0, (4, 3)), label="bar for a code"))
    return handles


def _agreement_words(sides: list[_Side], codes: int, hidden: int) -> str:
    """Say what the forest shows."""
    said = []
    for side in sides:
        name = MEASURE_NAMES.get(side.measure, side.measure.replace("_", " "))
        every = side.held.loc[(side.held["unit"] == side.unit) & (side.held["code"] == EVERY_CODE), "estimate"].dropna()
        span = "undefined" if every.empty else f"{every.min():.2f}"
        span += f" to {every.max():.2f}" if len(every) and every.max() - every.min() > 0.005 else ""
        lowest = side.single(side.held).groupby("code")["estimate"].min().dropna()
        drawn = f"; single codes {lowest.min():.2f} to {lowest.max():.2f}" if len(lowest) else ""
        if len(lowest) and side.bar is not None:
            drawn += f", {int((lowest < side.bar).sum())} of {len(lowest)} under the bar of {side.bar:g}"
        title = side.title[:1].upper() + side.title[1:]
        said.append(f"{title}: {name} over all codes by {IN_UNITS.get(side.unit, side.unit)} {span}{drawn}")
    about = f" and on {_plural(codes, 'code')}" if codes else ""
    left = f" {_plural(hidden, 'code')} withheld." if hidden else ""
    return f"Agreement of coders over all codes{about}. {'. '.join(said)}.{left}"


DRAWN: dict[str, Callable[[Tables, Labels], tuple[Figure, str]]] = {
    "theme_groups": draw_theme_groups,
    "code_groups": draw_code_groups,
    "theme_pairs": draw_theme_pairs,
    "code_pairs": draw_code_pairs,
    "saturation": draw_saturation,
    "agreement": draw_agreement,
}
