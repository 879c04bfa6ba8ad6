"""The figures of the certification, of the competences and of the consensus of a panel."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from piloteval.report.certification_prose import (
    CHANGED,
    HARSHER,
    KINDER,
    MEAN,
    OWN,
    PLACEHOLDER,
    code,
    indicator_name,
    institution,
    ladder_of,
    settled_later,
    shares_of_rule,
)
from piloteval.report.change_figures import nothing_to_draw
from piloteval.report.consensus_prose import in_order, last_rows, standings, threshold
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
    cohort_name,
    grid,
    wave_names,
)
from piloteval.report.page import format_number, format_p

#: Colour of every verdict, and the mark that tells it apart where it is printed in grey.
VERDICTS = {
    "met": (PETROL, "", ""),
    "partly met": ("#8fbcc0", "", ""),
    "not met": (CLAY, "x", "white"),
    "disputed": (SAND, "$?$", INK),
    "not applicable": (MIST, "_", "#6b767d"),
    "not assessed": ("#ffffff", "", ""),
}
#: What the ratings of a standard on a dimension come to: colour, mark, its filling, and its words.
OCHRE = "#a8620c"
RATED = {
    "keep": (PETROL, "o", PETROL, "favourable enough"),
    "revise": (OCHRE, "o", "white", "too low: to revise"),
    "remove": (CLAY, "X", CLAY, "far too low: to remove"),
}
#: How an institution sees itself beside the external auditors.
SEEN = {"harsher": "#4f5b63", "same": MIST, "kinder": SAND}
#: Where a name can stand beside its point, the best first: right or left, and above or below.
SIDES = ((1, 0), (0, 1), (0, -1), (-1, 0), (0.8, 1), (0.8, -1), (-0.8, 1), (-0.8, -1))
#: Least size of words, and room of the names of the standards at the left of a heat map, in inches.
SMALL, NAMES = 7.5, 0.75


def _tracks(table: pd.DataFrame) -> list[str]:
    return list(dict.fromkeys(table["track"]))


def _numbers(column: pd.Series) -> np.ndarray:
    """Return a column as numbers, missing ones as such."""
    return column.to_numpy(dtype=float, na_value=np.nan)


def _height(rows: float, each: float, more: float) -> float:
    """Return the height of a figure of so many rows, in inches."""
    return each * max(3.0, rows) + more


# ---------------------------------------------------------------------------------------------------- verdicts


def groups_of(standards: pd.DataFrame) -> list[tuple[str, list[str]]]:
    """Return the standards by section and tier, each group with its heading; one without a heading when none is known.

    Parameters
    ----------
    standards : pandas.DataFrame
        Rows of ``certification/standards.csv``; ``section`` and ``tier`` may not be there.

    Returns
    -------
    list of (str, list of str)
        Heading and codes, in the order of the catalogue.
    """
    found: dict[str, list[str]] = {}
    for row in standards.to_dict("records"):
        parts = [row.get(name) or "unknown" for name in ("section", "tier")]
        found.setdefault(" · ".join(part for part in parts if part != "unknown"), []).append(row["standard"])
    if "" in found and len(found) > 1:
        found["section not known"] = found.pop("")
    return list(found.items())


@plt.rc_context({"axes.titley": None})  # the titles stand above the names of the institutions
def draw_verdicts(tables: Tables, labels: Labels) -> tuple[Figure, str]:
    """Draw the settled verdict on every standard (a row) in every institution (a column), a panel a track."""
    verdicts = tables["certification/verdicts.csv"]
    if verdicts.empty:
        return nothing_to_draw("No standard has been audited.")
    standards = tables["certification/standards.csv"]
    later = settled_later(tables["certification/disagreements.csv"])
    tracks = _tracks(verdicts)
    panels = [_panel(verdicts[verdicts["track"] == track], standards) for track in tracks]
    many, lines = [len(sites) for sites, _rows in panels], [len(rows) for _sites, rows in panels]
    beside = (WIDTH - NAMES * len(tracks)) / sum(many) >= 0.2  # else the tracks stand under each other
    height = _height(max(lines) if beside else sum(lines), 0.2, 0.75 + 0.45 * (1 if beside else len(tracks)))
    fig, axes = plt.subplots(
        *((1, len(tracks)) if beside else (len(tracks), 1)), figsize=(WIDTH, height), layout="constrained",
        squeeze=False, gridspec_kw={"width_ratios": many} if beside else {"height_ratios": lines},
    )  # fmt: skip
    core = set(standards.loc[standards["core"] == "yes", "standard"])
    for ax, track, (sites, rows) in zip(axes.flat, tracks, panels, strict=True):
        _heat(ax, verdicts[verdicts["track"] == track], sites, rows, later)
        _name_rows(ax, rows, core)
        wide = (WIDTH - NAMES * len(tracks)) / sum(many) if beside else (WIDTH - NAMES) / len(sites)
        ax.set_xticks(range(len(sites)), [institution(site) for site in sites], rotation=0 if wide > 0.33 else 90)
        ax.xaxis.set_ticks_position("top")
        ax.tick_params(length=0, labelsize=SMALL)
        ax.set_ylim((max(lines) if beside else len(rows)) - 0.5, -0.5)
        ax.spines[:].set_visible(False)
        ax.set_title(track.capitalize(), pad=5)
    marks, words = zip(*_key(verdicts, later, core), strict=True)
    spare = max(lines) - lines[-1] - len(words)  # room under a short track
    if beside and spare > 1 and many[-1] * wide > 1.9:
        place = {"loc": "lower left", "bbox_to_anchor": (0, 0), "bbox_transform": axes[0, -1].transAxes}
        axes[0, -1].legend(marks, words, **place, borderpad=0, handletextpad=0.4)
    else:
        fig.legend(marks, words, loc="outside lower left", ncols=4, handletextpad=0.4, columnspacing=1.4)
    count = verdicts["verdict"].value_counts()
    said = ", ".join(f"{count[kind]} {kind}" for kind in VERDICTS if kind in count)
    return fig, (
        f"Settled verdicts on {verdicts['standard'].nunique()} standards in {verdicts['site'].nunique()} "
        f"institutions, a panel a track: {said}. The final round settled {len(later)} cases."
    )


def _panel(here: pd.DataFrame, standards: pd.DataFrame) -> tuple[list[str], list[tuple[str, str]]]:
    """Return the institutions and the rows of a track: a code and nothing, or of a group nothing and its heading."""
    rows: list[tuple[str, str]] = []
    for head, members in groups_of(standards[standards["standard"].isin(here["standard"])]):
        rows += [("", head)] if head else []
        rows += [(standard, "") for standard in members]
    return list(dict.fromkeys(here["site"])), rows


def _heat(
    ax: Any, here: pd.DataFrame, sites: list[str], rows: list[tuple[str, str]], later: set[tuple[str, str]]
) -> None:
    """Draw the cells of a track with the marks in them."""
    kinds = list(VERDICTS)
    at = {standard: place for place, (standard, _head) in enumerate(rows) if standard}
    cells = np.full((len(rows), len(sites)), np.nan)
    marked: dict[str, list[tuple[float, float]]] = {}
    corners = []
    for row in here.to_dict("records"):
        y, x = at[row["standard"]], sites.index(row["site"])
        cells[y, x] = kinds.index(row["verdict"])
        marked.setdefault(row["verdict"], []).append((x, y))
        if (row["site"], row["standard"]) in later:
            corners.append((x + 0.34, y - 0.18))
    ax.pcolormesh(
        np.arange(len(sites) + 1) - 0.5, np.arange(len(rows) + 1) - 0.5, cells, vmin=-0.5, vmax=len(kinds) - 0.5,
        cmap=ListedColormap([colour for colour, _mark, _ink in VERDICTS.values()]), edgecolors="white", linewidth=1.2,
    )  # fmt: skip
    for kind, (_colour, mark, ink) in VERDICTS.items():
        if mark and kind in marked:
            ax.scatter(*zip(*marked[kind], strict=True), marker=mark, s=22, color=ink, linewidth=1.1)
    if corners:
        ax.scatter(*zip(*corners, strict=True), marker="o", s=11, color="white", edgecolor=INK, linewidth=0.7)


def _name_rows(ax: Any, rows: list[tuple[str, str]], core: set[str]) -> None:
    """Write the codes of the standards at the left, core ones bold, and the headings of their groups."""
    ax.set_yticks(range(len(rows)), [code(standard) for standard, _head in rows])
    for label, (standard, _head) in zip(ax.get_yticklabels(), rows, strict=True):
        label.set_fontweight("bold" if standard in core else "normal")
    for y, (_standard, head) in enumerate(rows):
        if head:
            words = textwrap.shorten(head, 50, placeholder=" …")
            ax.text(-0.45, y + 0.12, words, fontsize=SMALL, style="italic", va="center", in_layout=False)


def _key(verdicts: pd.DataFrame, later: set[tuple[str, str]], core: set[str]) -> list[tuple[Any, str]]:
    """Return marks and words of the legend: the verdicts that are there, and what else is drawn."""

    def dot(mark: str, size: float, colour: str, **more: Any) -> Line2D:
        return Line2D([], [], linewidth=0, marker=mark, markersize=size, color=colour, **more)

    found: list[tuple[Any, str]] = []
    for kind, (colour, mark, ink) in VERDICTS.items():
        if (verdicts["verdict"] == kind).any():
            edge = {"markeredgecolor": GREY, "markeredgewidth": 0.6} if kind == "not assessed" else {}
            square = dot("s", 9, colour, **edge)
            found.append(((square, dot(mark, 5, ink, markeredgewidth=1.1)) if mark else square, kind))
    if later:
        found.append((dot("o", 3.6, "white", markeredgecolor=INK, markeredgewidth=0.7), "settled in the final round"))
    blank = Patch(facecolor="none", edgecolor="none")
    if core & set(verdicts["standard"]):
        found.append((blank, "bold: core standard"))
    if placeholders := _placeholders(verdicts["standard"]):
        found.append((blank, placeholders))
    return found


def _placeholders(standards: pd.Series) -> str:
    """Return which short codes are those of placeholders, where there are some."""
    short = dict.fromkeys(code(one).split("-")[0] for one in standards if str(one).startswith(PLACEHOLDER))
    return f"{', '.join(short)}: placeholders" if short else ""


# ---------------------------------------------------------------------------------------------------- ratings


def draw_ratings(tables: Tables, labels: Labels) -> tuple[Figure, str]:
    """Draw the share of favourable ratings of every standard, a panel a dimension, with the shares proposed by."""
    ratings = tables["certification/ratings.csv"]
    if ratings["estimate"].isna().all():
        return nothing_to_draw("No standard has enough ratings for a share to be shown.")
    proposals = tables.get("certification/proposals.csv")
    revise, remove = shares_of_rule(proposals)
    dimensions = list(dict.fromkeys(ratings["dimension"]))
    lowest = ratings.groupby("standard", sort=False)["estimate"].min()
    rows = [
        standard
        for _track, some in ratings.groupby("track", sort=False)
        for standard in lowest.loc[list(dict.fromkeys(some["standard"]))].sort_values(na_position="last").index
    ]
    track = ratings.drop_duplicates("standard").set_index("standard")["track"]
    y = {standard: place + 1.1 * _tracks(ratings).index(track[standard]) for place, standard in enumerate(rows)}
    fig, axes = plt.subplots(
        1, len(dimensions), figsize=(WIDTH, _height(len(rows) + 2, 0.165, 1.15)), layout="constrained", squeeze=False,
        sharey=True,
    )  # fmt: skip
    for ax, dimension in zip(axes[0], dimensions, strict=True):
        here = ratings[(ratings["dimension"] == dimension) & ratings["estimate"].notna()]
        bar = {"revise": revise, "remove": remove if dimension == "feasibility" else None}
        shares = _numbers(here["estimate"]).round(9)
        low = [shares < (np.nan if bar[name] is None else bar[name]) for name in ("remove", "revise")]
        kinds = np.select(low, ["remove", "revise"], "keep")
        for kind, (colour, mark, face, _words) in RATED.items():
            some = here[kinds == kind]
            places = [y[standard] for standard in some["standard"]]
            ax.hlines(places, some["ci_low"], some["ci_high"], color=colour, linewidth=1, alpha=0.55)
            ax.plot(some["estimate"], places, mark, color=colour, markerfacecolor=face, markersize=4.6, zorder=3)
        for name, value in bar.items():
            if value is not None:
                ax.axvline(value, color=RATED[name][0], linewidth=1.1, linestyle=(0, (4, 2)), zorder=1.5)
        ax.set(xlim=(-3, 103), xticks=(0, 50, 100))
        ax.set_xlabel("favourable, %", fontsize=8)
        ax.set_title(dimension.replace("_", " ").capitalize(), fontsize=9)
        grid(ax)
    axes[0, 0].set_yticks(list(y.values()), [code(standard) for standard in rows], fontsize=SMALL)
    axes[0, 0].set_ylim(max(y.values()) + 0.7, -0.7)
    fig.legend(handles=_rated(ratings, revise, remove), loc="outside upper left", ncols=3, handletextpad=0.4)
    medians = ratings.groupby("dimension", sort=False)["estimate"].median()
    said = ", ".join(f"{name.replace('_', ' ')} {value:.0f} %" for name, value in medians.items() if value == value)
    return fig, (
        f"Share of favourable ratings of {len(rows)} standards on {len(dimensions)} dimensions with intervals, the "
        f"lowest first in every track; medians: {said}."
    )


def _rated(ratings: pd.DataFrame, revise: float | None, remove: float | None) -> list[Any]:
    """Return the legend of the ratings: the marks and the lines of the shares proposed by."""
    bars = {"revise": revise, "remove": remove}
    handles = []
    for kind, (colour, mark, face, words) in RATED.items():
        if kind == "keep" or bars[kind] is not None:
            said = words if revise is not None else "a standard"
            handles.append(
                Line2D([], [], color=colour, marker=mark, markerfacecolor=face, markersize=4.6, linewidth=1, label=said)
            )
    for kind, value in bars.items():
        if value is not None:
            where = "feasibility" if kind == "remove" else "any"
            said = f"{kind}: {where} under {format_number(value, 0)} %"
            handles.append(Line2D([], [], color=RATED[kind][0], linewidth=1.1, linestyle=(0, (4, 2)), label=said))
    if placeholders := _placeholders(ratings["standard"]):
        handles.append(Patch(facecolor="none", edgecolor="none", label=placeholders))
    return handles


# ---------------------------------------------------------------------------------------------------- the audit


def draw_self_external(tables: Tables, labels: Labels) -> tuple[Figure, str]:
    """Draw how institutions see themselves beside the external auditors, by track and by standard."""
    own = tables["certification/auditors.csv"]
    own = own[(own["about"] == OWN) & own["statistic"].isin([KINDER, HARSHER]) & own["estimate"].notna()]
    if own.empty:
        return nothing_to_draw("No self-assessment stands beside a verdict that the external auditors share.")
    wide = own.pivot(index=["track", "standard"], columns="statistic", values="estimate").reset_index()
    wide = wide.merge(own.drop_duplicates(["track", "standard"])[["track", "standard", "n"]]).fillna(0)
    tracks = _tracks(own)
    by_track = wide[wide["standard"] == ""].set_index("track").reindex(tracks)
    each = wide[wide["standard"] != ""].assign(net=lambda table: table[KINDER] - table[HARSHER])
    some = {track: _differing(each[each["track"] == track]) for track in tracks}
    rows = max(3, *(len(one) for one in some.values()))
    top = 0.34 * len(tracks) + 0.35
    fig, axes = plt.subplots(
        2, len(tracks), figsize=(WIDTH, top + 0.2 * rows + 1.3), layout="constrained", squeeze=False,
        gridspec_kw={"height_ratios": [top, 0.2 * rows + 0.6]}, sharex="row",
    )  # fmt: skip
    whole = fig.add_subplot(axes[0, 0].get_gridspec()[0, :])
    for ax in axes[0]:
        ax.remove()
    _by_track(whole, by_track)
    for ax, track in zip(axes[1], tracks, strict=True):
        _by_standard(ax, track, some[track], each[each["track"] == track], rows)
    handles = [Patch(color=colour, label=words) for words, colour in zip(
        ("institution harsher", "same verdict", "institution kinder"), SEEN.values(), strict=True)]  # fmt: skip
    handles.append(
        Line2D([], [], linewidth=0, marker="D", markersize=4, color=INK, label="kinder less harsher, by standard")
    )
    fig.legend(handles=handles, loc="outside upper left", ncols=4, handletextpad=0.5, columnspacing=1.4)
    said = "; ".join(
        f"{track}: kinder in {row[KINDER]:.0f} %, harsher in {row[HARSHER]:.0f} % of {row['n']:.0f} cases"
        for track, row in by_track.iterrows()
    )
    return fig, f"Self-assessment beside the verdict the external auditors share. {said}."


def _differing(each: pd.DataFrame) -> pd.DataFrame:
    """Return the standards on which somebody differs, those where institutions are kindest first."""
    found = each[(each[KINDER] > 0) | (each[HARSHER] > 0)]
    return found.sort_values(["net", KINDER, "standard"], ascending=[False, False, True])


def _by_track(ax: Any, rows: pd.DataFrame) -> None:
    """Draw a bar a track with the three shares of its cases."""
    y = np.arange(len(rows))
    shares = {"harsher": _numbers(rows[HARSHER]), "kinder": _numbers(rows[KINDER])}
    shares = {
        "harsher": shares["harsher"],
        "same": 100 - shares["harsher"] - shares["kinder"],
        "kinder": shares["kinder"],
    }
    left = np.zeros(len(rows))
    for name, values in shares.items():
        ax.barh(y, values, left=left, height=0.62, color=SEEN[name], linewidth=0)
        for place, value in zip(y, values, strict=True):
            if value >= 4:  # a narrower bar has no room for its number
                ink = "white" if name == "harsher" else INK
                ax.text(
                    left[place] + value / 2, place, f"{value:.0f} %", fontsize=8, ha="center", va="center", color=ink
                )
        left = left + values
    ax.set_yticks(y, [f"{track.capitalize()}\nn = {n:.0f} cases" for track, n in rows["n"].items()], fontsize=8)
    ax.set(xlim=(0, 100), xticks=())
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)


def _by_standard(ax: Any, track: str, rows: pd.DataFrame, every: pd.DataFrame, room: int) -> None:
    """Draw the share of institutions that are kinder (right) and harsher (left), a row a standard."""
    y = np.arange(len(rows))
    kinder, harsher = _numbers(rows[KINDER]), _numbers(rows[HARSHER])
    ax.barh(y, kinder, height=0.62, color=SEEN["kinder"], linewidth=0)
    ax.barh(y, -harsher, height=0.62, color=SEEN["harsher"], linewidth=0)
    ax.plot(_numbers(rows["net"]), y, "D", color=INK, markersize=3.6)
    ax.axvline(0, color=INK, linewidth=0.8)
    ax.set_yticks(
        y, [f"{code(one)}, n = {n:.0f}" for one, n in zip(rows["standard"], rows["n"], strict=True)], fontsize=SMALL
    )
    ax.set_ylim(room - 0.4, -0.6)
    most = max(50.0, *np.concatenate([kinder, harsher, [0.0]])) if len(rows) else 50.0
    ax.set_xlim(-most - 4, most + 4)
    ticks = [-50, 0, 50] if most < 100 else [-100, -50, 0, 50, 100]
    ax.set_xticks(ticks, [str(abs(tick)) for tick in ticks])
    same = len(every) - len(rows)
    ax.set_title(track.capitalize(), fontsize=9)
    ax.set_xlabel(
        "institutions, %" + (f"\n(on {same} more standard{'s' if same > 1 else ''} nobody differs)" if same else ""),
        fontsize=8,
    )
    grid(ax)


# ---------------------------------------------------------------------------------------------------- indicators


def draw_indicators(tables: Tables, labels: Labels) -> tuple[Figure, str]:
    """Draw every indicator of the last period, and its change, against the share of standards met."""
    found, points = tables["certification/correlations.csv"], tables["certification/points.csv"]
    last = found[found["measure"] == "value"].groupby(["track", "indicator"], sort=False)["period"].transform("max")
    found = found[(found["measure"] != "value") | (found["period"] == last.reindex(found.index))]
    found = found[found.set_index(["track", "indicator", "measure", "period"]).index.isin(
        points.set_index(["track", "indicator", "measure", "period"]).index)]  # fmt: skip
    if found.empty:
        return nothing_to_draw("No institution has an indicator beside its audit.")
    lines = list(dict.fromkeys(zip(found["track"], found["measure"], strict=True)))
    names = list(dict.fromkeys(found["indicator"]))
    # Measured in inches: solving for a layout of so many panels takes seconds.
    sentence = textwrap.wrap(max(found["sentence"], key=len, default=""), 122)
    left, foot, room = 0.62, 0.62 + 0.17 * len(sentence), (0.36, 0.86)
    wide, high = (WIDTH - left - 0.1 + room[0]) / len(names) - room[0], 1.1
    height = foot + len(lines) * (high + room[1]) - 0.46
    fig = plt.figure(figsize=(WIDTH, height))

    def place(x: int, y: int) -> tuple[float, float, float, float]:
        below = foot + (len(lines) - 1 - y) * (high + room[1])
        return (left + x * (wide + room[0])) / WIDTH, below / height, wide / WIDTH, high / height

    for y, (track, measure) in enumerate(lines):
        for x, name in enumerate(names):
            rows = found[(found["track"] == track) & (found["measure"] == measure) & (found["indicator"] == name)]
            if rows.empty:
                continue
            ax = fig.add_axes(place(x, y))
            row = rows.iloc[0]
            keys = ["track", "indicator", "measure", "period"]
            here = points[(points[keys] == row[keys]).all(axis=1)].dropna(subset=["value", "percent_met"])
            _scatter(ax, here, row, (wide, high))
            if not x:
                ax.set_ylabel(f"{track}:\nstandards met, %", fontsize=8)
    fig.text(0.02, 0.06 / height, "\n".join(sentence), fontsize=8, color=INK, va="bottom")
    said = "; ".join(
        f"{row['track']}, {indicator_name(row['indicator'])}, {row['period']}: {format_number(row['estimate'])}"
        for row in found.to_dict("records")
    )
    return fig, f"Indicators against the share of standards met, a point an institution; rank correlations: {said}."


def _scatter(ax: Any, here: pd.DataFrame, row: pd.Series, room: tuple[float, float]) -> None:
    """Draw the institutions of one indicator with their codes, under the rank correlation."""
    x, y = _numbers(here["value"]), _numbers(here["percent_met"])
    ax.plot(x, y, "o", color=PETROL, markersize=4.2)
    ax.margins(0.14)
    ax.set_ylim(-6, 112)
    if row["measure"] != "value":
        ax.axvline(0, color=GREY, linewidth=0.8, linestyle=(0, (3, 3)), zorder=0)
    limits = [*ax.get_xlim(), *ax.get_ylim()]
    for name, (at, to, across, up) in zip(here["site"], places_of_names(x, y, here["site"], limits, room), strict=True):
        ax.annotate(institution(name), (at, to), (across, up), textcoords="offset points", fontsize=7, color=INK,
                    ha="center", va="center")  # fmt: skip
    rho = format_number(row["estimate"])
    if pd.notna(row["ci_low"]):
        rho += f" [{format_number(row['ci_low'])}, {format_number(row['ci_high'])}]"
    p = format_p(row["p"])
    exact = f"p {p}" if p.startswith("<") else f"p = {p}"
    ax.set_title(f"ρ = {rho}\n{exact}, n = {format_number(row['n'], 0)}", fontsize=7.8, fontweight="normal")
    change = "change of " if row["measure"] != "value" else ""
    ax.set_xlabel(f"{change}{indicator_name(row['indicator'])}\n({row['period']})", fontsize=8)
    ax.tick_params(length=2, labelsize=7.5)
    ax.grid(color=MIST, linewidth=0.7)
    ax.set_axisbelow(True)


def places_of_names(
    x: np.ndarray, y: np.ndarray, names: Sequence[str], limits: Sequence[float], room: tuple[float, float]
) -> list[tuple[float, float, float, float]]:
    """Find a place for the name of every point where it covers neither a point nor another name, if there is one.

    Parameters
    ----------
    x, y : array, shape (points,)
        The points.
    names : sequence of str
        Their names.
    limits : sequence of float
        Ends of the axes: left, right, lower, upper.
    room : (float, float)
        Width and height of the axes in inches.

    Returns
    -------
    list of (float, float, float, float)
        The point, and the distance of the middle of its name in points of type (1/72 inch).
    """
    left, right, low, high = limits
    across = (x - left) / ((right - left) or 1) * room[0] * 72
    up = (y - low) / ((high - low) or 1) * room[1] * 72
    taken = [(a - 3, b - 3, a + 3, b + 3) for a, b in zip(across, up, strict=True)]
    found = []
    for at, name in enumerate(names):
        half, tall = 2.5 * len(str(name)) + 1, 4.4
        best = (np.inf, 0.0, 0.0, (0.0, 0.0, 0.0, 0.0))
        for order, (side, step) in enumerate(SIDES):
            dx, dy = side * (half + 4), step * (tall + 3.5)
            box = (across[at] + dx - half, up[at] + dy - tall, across[at] + dx + half, up[at] + dy + tall)
            cost = sum(_shared(box, other) for other in taken) + 0.01 * order
            cost += 40 * (box[0] < -2) + 40 * (box[2] > room[0] * 72 + 2)
            # Nor may it stand as close to another point as to its own.
            away = np.hypot(across - across[at] - dx, up - up[at] - dy)
            cost += 12 * int((np.delete(away, at) < away[at] + 2).sum())
            if cost < best[0]:
                best = (cost, dx, dy, box)
        taken.append(best[3])
        found.append((float(x[at]), float(y[at]), best[1], best[2]))
    return found


def _shared(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """Return the area two boxes share."""
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    return max(wide, 0.0) * max(high, 0.0)


# ---------------------------------------------------------------------------------------------------- levels


def draw_levels(tables: Tables, labels: Labels) -> tuple[Figure, str]:
    """Draw what every institution reached, applied for and can reach at most, a panel a track."""
    decisions = tables["certification/decisions.csv"]
    ladder = ladder_of(tables.get("certification/ladder.csv"), decisions)
    decisions = decisions[decisions["track"].isin(ladder)]
    if decisions.empty:
        return nothing_to_draw("No institution is in a track with levels.")
    tracks = _tracks(decisions)
    many = [int((decisions["track"] == track).sum()) for track in tracks]
    steps = [len(ladder[track]) for track in tracks]
    fig, axes = plt.subplots(
        1, len(tracks), figsize=(WIDTH, _height(max(many), 0.3, 1.25)), layout="constrained", squeeze=False,
        gridspec_kw={"width_ratios": [step + 0.9 for step in steps]},
    )  # fmt: skip
    fig.get_layout_engine().set(wspace=0.06)
    for ax, track in zip(axes[0], tracks, strict=True):
        rows, names = decisions[decisions["track"] == track], ladder[track]
        place = {level: at for at, level in enumerate(names)}
        y = np.arange(len(rows))
        sure, most = rows["level"].map(place), rows["possible_level"].map(place)
        for at, (one, two) in enumerate(zip(sure, most, strict=True)):
            ax.barh(at, two - one, left=one, height=0.42, color="#bcd6d8", linewidth=0)
        ax.plot(most, y, "|", color=PETROL, markersize=10, markeredgewidth=1.6)
        ax.plot(sure, y, "o", color=PETROL, markersize=7)
        asked = rows["applied_level"].map(place)
        ax.plot(asked, y, "D", color=CLAY, markerfacecolor="none", markersize=9.5, markeredgewidth=1.5)
        for at, answer in enumerate(rows["granted"]):
            ax.text(1.03, at, answer, transform=ax.get_yaxis_transform(), fontsize=8, va="center")
        ax.text(1.03, -0.85, "answer", transform=ax.get_yaxis_transform(), fontsize=8, va="center", style="italic")
        ax.set_yticks(y, [institution(site) for site in rows["site"]], fontsize=8.5)
        ax.set_xticks(
            range(len(names)),
            ["\n".join(textwrap.wrap(word, 13, break_long_words=False)) for word in names.values()],
            fontsize=8,
        )
        ax.set(xlim=(-0.35, len(names) - 0.65))
        ax.set_ylim(max(many) - 0.4, -0.6)
        ax.set_title(track.capitalize())
        grid(ax)
    fig.legend(
        handles=[
            Line2D([], [], linewidth=0, marker="o", markersize=7, color=PETROL, label="reached for sure"),
            Line2D([], [], linewidth=6, color="#bcd6d8", label="open until what is missing is known"),
            Line2D([], [], linewidth=0, marker="|", markersize=10, markeredgewidth=1.6, color=PETROL, label="at most"),
            Line2D([], [], linewidth=0, marker="D", markersize=8, color=CLAY, markerfacecolor="none",
                   markeredgewidth=1.5, label="applied for"),
        ],
        loc="outside upper left", ncols=4, handletextpad=0.5, columnspacing=1.4,
    )  # fmt: skip
    said = "; ".join(
        f"{track}: "
        + ", ".join(f"{count} {answer}" for answer, count in rows["granted"].value_counts(sort=False).items())
        for track, rows in decisions.groupby("track", sort=False)
    )
    rule = ", by a rule that is not confirmed" if (decisions["status"] == "unconfirmed").any() else ""
    return fig, (
        f"Level every institution reached for sure, can reach at most, and applied for{rule}. Answers to the "
        f"applications: {said}."
    )


# ---------------------------------------------------------------------------------------------------- competences


def draw_competences(tables: Tables, labels: Labels) -> tuple[Figure, str]:
    """Draw the mean rating of every competence by wave, core ones first, a panel a cohort."""
    every = tables["certification/competences.csv"]
    means = every[(every["statistic"] == MEAN) & every["estimate"].notna()]
    if means.empty:
        return nothing_to_draw("No competence was rated by enough people.")
    cohorts, waves = list(dict.fromkeys(means["cohort"])), list(dict.fromkeys(means["wave"]))
    about = means.drop_duplicates("standard").sort_values("core", key=lambda core: core != "yes", kind="stable")
    gap = 0.45 if 0 < (about["core"] == "yes").sum() < len(about) else 0.0
    y = {row["standard"]: at + gap * (row["core"] != "yes") for at, row in enumerate(about.to_dict("records"))}
    fig, axes = plt.subplots(
        1, len(cohorts), figsize=(WIDTH, _height(len(about) + 1, 0.34, 1.1)), layout="constrained", squeeze=False,
        sharey=True, sharex=True,
    )  # fmt: skip
    names = wave_names(labels, waves)
    for ax, cohort in zip(axes[0], cohorts, strict=True):
        for place, wave in enumerate(waves):
            some = means[(means["cohort"] == cohort) & (means["wave"] == wave)]
            at = some["standard"].map(y) + 0.2 * (place - (len(waves) - 1) / 2)
            colour = WAVE_COLOURS[place % len(WAVE_COLOURS)]
            face = "white" if place == 0 and len(waves) > 1 else colour
            ax.hlines(at, some["ci_low"], some["ci_high"], color=colour, linewidth=1.4)
            ax.plot(some["estimate"], at, "o", color=colour, markerfacecolor=face, markersize=5, label=names[wave])
        ax.set_title(cohort_name(labels, cohort).capitalize(), fontsize=9)
        ax.set_xlabel("mean rating of oneself", fontsize=8)
        if gap:
            ax.axhline((about["core"] == "yes").sum() - 0.5 + gap / 2, color=GREY, linewidth=0.8)
        grid(ax)
    ax = axes[0, 0]
    words = [
        "\n".join(textwrap.wrap(f"{code(one['standard'])} {one['short_name']}", 40)) for one in about.to_dict("records")
    ]
    ax.set_yticks(list(y.values()), words, fontsize=SMALL)
    for label, core in zip(ax.get_yticklabels(), about["core"], strict=True):
        label.set_fontweight("bold" if core == "yes" else "normal")
    ax.set_ylim(max(y.values()) + 0.6, -0.6)
    low, high = means["ci_low"].fillna(means["estimate"]).min(), means["ci_high"].fillna(means["estimate"]).max()
    ax.set_xlim(np.floor(low) - 0.1, np.ceil(high) + 0.1)
    handles = ax.get_legend_handles_labels()[0]
    if (about["core"] == "yes").any():
        handles.append(Patch(facecolor="none", edgecolor="none", label="bold: core competence"))
    fig.legend(handles=handles, loc="outside upper left", ncols=4, handletextpad=0.4)
    changes = every[every["statistic"] == CHANGED].dropna(subset=["ci_low"])
    clear = changes[(changes["ci_low"] > 0) | (changes["ci_high"] < 0)]
    said = "; ".join(
        f"{cohort_name(labels, cohort)}: the interval of the change excludes zero in "
        f"{(clear['cohort'] == cohort).sum()} of {(changes['cohort'] == cohort).sum()}"
        for cohort in cohorts
    )
    return fig, f"Mean self-rating of {len(about)} competences by wave and cohort, core ones first. {said}."


# ---------------------------------------------------------------------------------------------------- consensus


def draw_consensus(tables: Tables, labels: Labels) -> tuple[Figure, str]:
    """Draw the share in agreement with every statement in every round, a panel a dimension, and what came of it."""
    every = tables["consensus/statements.csv"]
    table = every[every["estimate"].notna()]
    if table.empty:
        return nothing_to_draw("No statement was rated by enough people for a share to be shown.")
    said = standings(every, tables["consensus/rounds.csv"], tables.get("consensus/verdicts.csv"))
    rounds = in_order(every["round"])
    dimensions = list(dict.fromkeys(table["dimension"]))
    lowest = last_rows(table).groupby("statement")["estimate"].min()
    order = list(lowest.sort_values(ascending=False, kind="stable").index)
    y = {statement: at for at, statement in enumerate(order)}
    fig, axes = plt.subplots(
        1, len(dimensions), figsize=(WIDTH, _height(len(order), 0.21, 1.25)), layout="constrained", squeeze=False,
        sharey=True,
    )  # fmt: skip
    bar = threshold(tables["consensus/rounds.csv"])
    for ax, dimension in zip(axes[0], dimensions, strict=True):
        here = table[table["dimension"] == dimension]
        for statement, path in here.groupby("statement"):
            ax.plot(path["estimate"], [y[statement]] * len(path), "-", color="#c3cacd", linewidth=2, zorder=1)
        for place, number in enumerate(rounds):
            some = here[here["round"] == number]
            colour = WAVE_COLOURS[place % len(WAVE_COLOURS)]
            for agreed, face in (("yes", colour), ("no", "white")):
                part = some[some["agreed"] == agreed]
                ax.plot(part["estimate"], part["statement"].map(y), "o", color=colour, markerfacecolor=face,
                        markersize=5.5, markeredgewidth=1.3, zorder=3)  # fmt: skip
        if bar is not None:
            ax.axvline(bar, color=CLAY, linewidth=1.1, linestyle=(0, (4, 2)), zorder=0)
        ax.set(xlim=(-3, 103))
        ax.set_xlabel("in agreement, %", fontsize=8)
        ax.set_title(dimension.replace("_", " ").capitalize(), fontsize=9)
        grid(ax)
    axes[0, 0].set_yticks(list(y.values()), order, fontsize=SMALL)
    axes[0, 0].set_ylim(len(order) - 0.4, -0.6)
    for statement, at in y.items():
        axes[0, -1].text(
            *(1.03, at), said.get(statement, ""), transform=axes[0, -1].get_yaxis_transform(), fontsize=SMALL,
            va="center", color=INK,
        )  # fmt: skip
    fig.legend(handles=_rounds(rounds, bar), loc="outside upper left", ncols=5, handletextpad=0.4, columnspacing=1.4)
    reached = sum(words.startswith("agreed") for words in said.values())
    return fig, (
        f"Share of the panel in agreement with {len(order)} statements on {len(dimensions)} dimensions in "
        f"{len(rounds)} rounds, sorted by the lower share; {reached} have consensus."
    )


def _rounds(rounds: list[str], bar: float | None) -> list[Line2D]:
    """Return the legend: rounds, filled and hollow marks, and the threshold."""
    handles = [
        Line2D([], [], linewidth=0, marker="o", markersize=5.5, color=WAVE_COLOURS[at % len(WAVE_COLOURS)],
               label=f"round {number}")
        for at, number in enumerate(rounds)
    ]  # fmt: skip
    handles.append(
        Line2D([], [], linewidth=0, marker="o", markersize=5.5, color=INK, markerfacecolor="white", markeredgewidth=1.3,
               label="hollow: no consensus")
    )  # fmt: skip
    if bar is not None:
        said = f"threshold {format_number(bar, 0)} %"
        handles.append(Line2D([], [], color=CLAY, linewidth=1.1, linestyle=(0, (4, 2)), label=said))
    return handles


DRAWN: dict[str, Callable[[Tables, Labels], tuple[Figure, str]]] = {
    "verdicts": draw_verdicts,
    "ratings": draw_ratings,
    "self_external": draw_self_external,
    "indicators": draw_indicators,
    "levels": draw_levels,
    "competences": draw_competences,
    "consensus": draw_consensus,
}
