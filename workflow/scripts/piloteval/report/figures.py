"""The figures of the report, each drawn from result tables of one tier, each with a description in words."""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import FancyBboxPatch
from matplotlib.textpath import text_to_path

from piloteval.intake.gate import NO_CONSENT
from piloteval.report.certification_figures import DRAWN as CERTIFICATION
from piloteval.report.change_figures import DRAWN as CHANGE
from piloteval.report.ink import (
    GREY,
    INK,
    PETROL,
    WAVE_COLOURS,
    WIDTH,
    Labels,
    Tables,
    grid,
    set_style,
    wave_names,
)
from piloteval.report.page import DASH, format_number
from piloteval.report.reliability_figures import DRAWN as RELIABILITY
from piloteval.report.theme_figures import DRAWN as THEMES

RAMP = LinearSegmentedColormap.from_list("petrol", ["#f4f7f7", "#9cc4c7", PETROL])
#: Share of interviews in percent from which the ramp is dark enough for white words.
DARK = 58
#: Measures of the participant flow, in inches and points: its axes are in inches, so that words can be measured first.
LEAD, PAD, GAP, EDGE = 0.168, 0.1, 0.25, 0.02
SIDE, TRUNK = 0.25, 2.1
TEXT, SMALL, SLATE = 9.0, 8.0, "#55626a"
#: Width of the names of the phases at the left, by the number of cohorts; more cohorts have no room side by side.
PHASE = {0: 1.3, 1: 1.75, 2: 1.75, 3: 1.75, 4: 1.3, 5: 1.2}
FEW, EVERY = "few", "every wave"
#: Steps between the register and the enrolment, in words.
LEFT = {
    "withdrew": "Withdrew",
    "did not consent": "Did not consent",
    "row set aside": "Row set aside",
    "not eligible": "Not eligible",
}
LOOKS = {
    "plain": ("#f6f8f8", "#9fb0b5"),
    "cohort": ("#e3eeee", PETROL),
    "strong": (PETROL, PETROL),
    "phase": ("#eef1f2", "none"),
}


@dataclass(frozen=True)
class _Words:
    """One line of words at a place of the participant flow."""

    x: float
    y: float
    words: str
    size: float = TEXT
    bold: bool = False
    colour: str = INK
    align: str = "center"


@dataclass(frozen=True)
class _Box:
    """A box of the participant flow with the words in it; y grows downwards."""

    left: float
    top: float
    width: float
    height: float
    words: tuple[_Words, ...] = ()
    look: str = "plain"

    @property
    def right(self) -> float:
        return self.left + self.width

    @property
    def bottom(self) -> float:
        return self.top + self.height

    @property
    def centre(self) -> float:
        return self.left + self.width / 2

    @property
    def middle(self) -> float:
        return self.top + self.height / 2


@dataclass(frozen=True)
class _Line:
    """A line through points; with a head where it leads to a box, dashed where it parts what does not lead on."""

    points: tuple[tuple[float, float], ...]
    head: bool = True


@dataclass(frozen=True)
class _Flow:
    """The counts of the participant flow as they are shown: a number, `few`, or a dash where a group is withheld."""

    counts: dict[tuple[str, str, str, str], str]
    withheld: str

    def count(self, step: str, wave: str = "", cohort: str = "") -> str:
        """Return a count in all or of a cohort; an empty text where the table has none."""
        return self.counts.get((step, wave, "cohort" if cohort else "", cohort), "")

    @property
    def waves(self) -> list[str]:
        return [wave for step, wave, by, _group in self.counts if (step, by) == ("answered", "")]

    def cohorts(self, step: str = "enrolled") -> list[str]:
        """Return the cohorts of a step, as far as there is room and the count of one of them is shown."""
        found = [group for name, _wave, by, group in self.counts if (name, by) == (step, "cohort")]
        seen = any(self.count(step, cohort=cohort) != DASH for cohort in found)
        return found if seen and len(found) in PHASE else []

    def reasons(self, step: str) -> list[tuple[str, str]]:
        """Return the reasons of a step; that everybody who did not consent said no needs no line."""
        found = [(group, n) for (name, _wave, by, group), n in self.counts.items() if (name, by) == (step, "reason")]
        return [] if [why for why, _n in found] == [NO_CONSENT] else found


def _read_flow(table: pd.DataFrame) -> _Flow:
    """Return the counts of the table in their order."""
    counts = {}
    for row in table.to_dict("records"):
        missing = DASH if row["by"] else FEW
        shown = missing if pd.isna(row["people"]) else format_number(row["people"], 0)
        counts[row["step"], row["wave"], row["by"], row["group"]] = shown
    return _Flow(counts, next((note for note in table["note"] if note), ""))


def _inches(words: str, size: float = TEXT, bold: bool = False) -> float:
    """Measure the width of words."""
    font = FontProperties(family="DejaVu Sans", size=size, weight="bold" if bold else "normal")
    return text_to_path.get_text_width_height_descent(words, font, ismath=False)[0] / 72


def _wrap(words: str, width: float, size: float = TEXT, bold: bool = False) -> list[str]:
    """Break words into lines that fit; a word longer than a line is broken as well."""
    lines = [""]
    for word in words.split():
        longer = f"{lines[-1]} {word}".strip()
        if _inches(longer, size, bold) <= width:
            lines[-1] = longer
            continue
        lines += [""] if lines[-1] else []
        fits = _inches(word, size, bold) <= width
        for letter in word:
            if lines[-1] and not fits and _inches(f"{lines[-1]}{letter}-", size, bold) > width:
                lines[-1] += "-"
                lines.append("")
            lines[-1] += letter
    return lines


def _stacked(x: float, middle: float, lines: list[tuple[str, float, bool, str]]) -> tuple[_Words, ...]:
    """Return lines of words (with size, weight and colour) around a point."""
    first = middle - LEAD * (len(lines) - 1) / 2
    return tuple(_Words(x, first + LEAD * row, *line) for row, line in enumerate(lines))


def _row(
    top: float,
    room: float,
    places: list[tuple[float, float]],
    said: list[tuple[str, str]],
    phase: str,
    *more: str,
    look: str = "plain",
) -> list[_Box]:
    """Return a row of boxes of one height: at the left the phase of the study, then a title and a count at each place.

    Parameters
    ----------
    top : float
        Upper edge.
    room : float
        Width of the phase.
    places : list of (float, float)
        Left edge and width of each box.
    said : list of (str, str)
        Title and count of each box.
    phase, *more : str
        Name of the phase, and what is said of everybody in it.
    look : str
        A key of :data:`LOOKS`.
    """
    colour = "white" if look == "strong" else INK
    named = [(line, TEXT, True, PETROL) for line in _wrap(phase, room - PAD, TEXT, bold=True)]
    told = [", ".join(more)] if _inches(", ".join(more), SMALL) <= room - PAD else more
    named += [(line, SMALL, False, INK) for words in told if words for line in _wrap(words, room - PAD, SMALL)]
    titled = [
        [(line, TEXT, False, colour) for line in _wrap(title, width - 2 * PAD)]
        + [(count if count in (FEW, DASH) else f"n = {count}", TEXT, True, colour)]
        for (_left, width), (title, count) in zip(places, said, strict=True)
    ]
    height = 2 * PAD + LEAD * max(len(lines) for lines in [named, *titled])
    middle = top + height / 2
    boxes = [
        _Box(left, top, width, height, _stacked(left + width / 2, middle, lines), look)
        for (left, width), lines in zip(places, titled, strict=True)
    ]
    return [_Box(EDGE, top, room, height, _stacked(EDGE + room / 2, middle, named), "phase"), *boxes]


def _listing(left: float, top: float, width: float, rows: list[tuple[str, str, int]]) -> _Box:
    """Return a box of lines, words at the left and counts at the right: headings, steps, and reasons by depth."""
    y, said = top + PAD + LEAD / 2, []
    for words, count, depth in rows:
        size, bold, colour = [(TEXT, True, INK), (TEXT, False, INK), (SMALL, False, SLATE)][depth]
        start, end = left + PAD + 0.14 * max(0, depth - 1), left + width - PAD
        said += [_Words(end, y, count, size, True, colour, "right")] if count else []
        room = end - start - (_inches(count, size, bold=True) + 0.12 if count else 0)
        for line in _wrap(words, room, size, bold):
            said.append(_Words(start, y, line, size, bold, colour, "left"))
            y += LEAD
    return _Box(left, top, width, y - LEAD / 2 + PAD - top, tuple(said))


def _left(flow: _Flow) -> list[tuple[str, str, int]]:
    """Return the lines of the box with those who did not get as far as the enrolment."""
    rows = []
    for step, words in LEFT.items():
        if flow.count(step):
            rows.append((words, flow.count(step), 1))
            rows += [(why, count, 2) for why, count in flow.reasons(step)]
    return rows


def _down(upper: _Box, lower: _Box) -> _Line:
    return _Line(((upper.centre, upper.bottom), (lower.centre, lower.top)))


def _lay_out_flow(flow: _Flow, labels: Labels) -> tuple[list[_Box], list[_Line]]:
    """Return the boxes and lines of the participant flow, from the register down to the interviews."""
    cohorts = flow.cohorts()
    rail = PHASE[len(cohorts)]
    start, end = EDGE + rail + SIDE, WIDTH - EDGE
    step = (end - start + SIDE / 2) / max(1, len(cohorts))
    wide = min(TRUNK, step - SIDE / 2)
    columns = [(start + step * place + (step - SIDE / 2 - wide) / 2, wide) for place in range(len(cohorts))]
    trunk = (start + (end - start - TRUNK) / 2, TRUNK) if cohorts else (start, TRUNK)
    columns = columns or [trunk]
    beside = trunk[0] + (TRUNK / 2 + SIDE if cohorts else TRUNK + 2 * SIDE)

    boxes, lines, top = [], [], EDGE
    registered = bool(flow.count("registered"))
    if registered:
        boxes += _row(top, rail, [trunk], [("Registered", flow.count("registered"))], "Register")
        above = boxes[-1]
        boxes.append(_listing(beside, above.bottom + 0.12, end - beside, [("Not enrolled", "", 0), *_left(flow)]))
        lines.append(_Line(((above.centre, boxes[-1].middle), (beside, boxes[-1].middle))))
        top = boxes[-1].bottom + 0.12
    name = ("Enrolled", "Enrolment") if registered else ("Respondents", "Survey")
    boxes += _row(top, rail, [trunk], [(name[0], flow.count("enrolled"))], name[1], look="strong")
    enrolled = boxes[-1]
    if registered:
        lines.append(_down(above, enrolled))
    elif _left(flow):
        place = max(beside, enrolled.right + SIDE)
        boxes.append(_listing(place, enrolled.top, end - place, [("Not among them", "", 0), *_left(flow)]))
        lines.append(_Line(((enrolled.right, boxes[-1].middle), (place, boxes[-1].middle))))
    over = [enrolled]
    if cohorts:
        said = [(labels["cohorts"].get(one, one), flow.count("enrolled", cohort=one)) for one in cohorts]
        top = max(one.bottom for one in boxes) + 1.5 * GAP
        boxes += (row := _row(top, rail, columns, said, "Cohorts", look="cohort"))
        bus = top - 0.8 * GAP
        lines += [
            _Line(
                ((enrolled.centre, enrolled.bottom), (enrolled.centre, bus), (one.centre, bus), (one.centre, one.top))
            )
            for one in row[1:]
        ]
        over = row[1:]
    for wave in flow.waves:
        every = wave == EVERY
        there, away = flow.count("answered", wave), flow.count("did not answer", wave)
        title, not_title = ("Answered all", "Answered none") if every else ("Answered", "Did not answer")
        everybody = [f"{there} {title.lower()}", f"{away} {'none' if every else 'did not'}"] if cohorts else []
        said = [(title, flow.count("answered", wave, one)) for one in cohorts] or [(title, there)]
        top = max(one.bottom for one in boxes) + GAP
        name = "Every wave" if every else labels["waves"].get(wave, wave)
        boxes += (row := _row(top, rail, columns, said, name, *everybody))
        lines += [_down(upper, lower) for upper, lower in zip(over, row[1:], strict=True)]
        over = row[1:]
        if not cohorts:
            away_box = _listing(beside, over[0].middle - PAD - LEAD / 2, TRUNK, [(not_title, away, 1)])
            boxes.append(away_box)
            lines.append(_Line(((over[0].right, away_box.middle), (beside, away_box.middle))))
    if flow.count("interviewed"):
        heard = [one for one in flow.cohorts("interviewed") if one in cohorts]
        said = [("Interviewed", flow.count("interviewed", cohort=one)) for one in heard]
        rule = max(one.bottom for one in boxes) + 0.8 * GAP
        lines.append(_Line(((EDGE, rule), (end, rule)), head=False))
        everybody = [f"{flow.count('interviewed')} interviewed"] if heard else []
        places = columns if heard else [trunk]
        said = said or [("Interviewed", flow.count("interviewed"))]
        boxes += _row(rule + 0.8 * GAP, rail, places, said, "Interviews", *everybody)
    return boxes, lines


def _notes_of_flow(flow: _Flow, boxes: list[_Box]) -> list[str]:
    """Return what a reader must know of the counts that are drawn."""
    drawn = {one.words for box in boxes for one in box.words}
    notes = []
    if DASH in drawn:
        notes.append(f"A dash means {flow.withheld}.")
    if any(FEW in words.split() for words in drawn):
        notes.append("few: fewer people than may be counted here.")
    if flow.count("interviewed"):
        notes.append("Interviews are a strand of their own: who was interviewed need not have been in the survey.")
    return notes


def draw_flow(tables: Tables, labels: Labels) -> tuple[Figure, str]:
    """Draw the participant flow after STROBE: who was registered, left, enrolled, answered and was interviewed."""
    flow = _read_flow(tables["quality/flow.csv"])
    boxes, lines = _lay_out_flow(flow, labels)
    y = max(box.bottom for box in boxes) + GAP
    notes = []
    for note in _notes_of_flow(flow, boxes):
        for line in _wrap(note, WIDTH - 2 * EDGE, SMALL):
            notes.append(_Words(EDGE, y, line, SMALL, colour=SLATE, align="left"))
            y += LEAD
    height = y - LEAD / 2 + EDGE if notes else y - GAP + EDGE
    fig = plt.figure(figsize=(WIDTH, height))
    ax = fig.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(height, 0))
    ax.axis("off")
    for line in lines:
        style = {"linewidth": 1.1} if line.head else {"linewidth": 0.9, "linestyle": (0, (2, 3))}
        ax.plot(*zip(*line.points, strict=True), color=GREY, solid_capstyle="butt", zorder=1, **style)
        if line.head:
            arrow = {"arrowstyle": "-|>", "color": GREY, "linewidth": 1.1, "shrinkA": 0, "shrinkB": 0}
            ax.annotate("", line.points[-1], line.points[-2], arrowprops=arrow)
    for box in boxes:
        face, edge = LOOKS[box.look]
        shape = FancyBboxPatch(
            (box.left, box.top),
            box.width,
            box.height,
            boxstyle="round,pad=0,rounding_size=0.07",
            facecolor=face,
            edgecolor=edge,
            linewidth=1,
            zorder=2,
        )
        ax.add_patch(shape)
    for one in [*(one for box in boxes for one in box.words), *notes]:
        ax.text(
            one.x,
            one.y,
            one.words,
            ha=one.align,
            va="center_baseline",
            fontsize=one.size,
            fontweight="bold" if one.bold else "normal",
            color=one.colour,
            zorder=3,
        )
    return fig, _flow_in_words(flow, labels)


def _flow_in_words(flow: _Flow, labels: Labels) -> str:
    """Say all counts of the figure in words."""
    cohorts = flow.cohorts()

    def said(step: str, wave: str = "", among: list[str] = cohorts) -> str:
        parts = [
            f"{labels['cohorts'].get(one, one)} {flow.count(step, wave, one).replace(DASH, 'withheld')}"
            for one in among
        ]
        return flow.count(step, wave) + (f" ({', '.join(parts)})" if parts else "")

    sentences = []
    if flow.count("registered"):
        sentences.append(f"Registered: {flow.count('registered')}")
    left = []
    for step, words in LEFT.items():
        if flow.count(step):
            reasons = ", ".join(f"{why} {count}" for why, count in flow.reasons(step))
            left.append(f"{words.lower()} {flow.count(step)}" + (f" ({reasons})" if reasons else ""))
    if left:
        sentences.append(f"Not enrolled: {'; '.join(left)}")
    sentences.append(f"{'Enrolled' if flow.count('registered') else 'Respondents'}: {said('enrolled')}")
    for wave in flow.waves:
        name = EVERY if wave == EVERY else labels["waves"].get(wave, wave)
        away = "answered none" if wave == EVERY else "did not answer"
        sentences.append(
            f"{name[0].upper()}{name[1:]}: {said('answered', wave)} answered; "
            f"{flow.count('did not answer', wave)} {away}"
        )
    if flow.count("interviewed"):
        heard = [one for one in flow.cohorts("interviewed") if one in cohorts]
        sentences.append(f"Interviewed: {said('interviewed', among=heard)}")
    return f"Participant flow. {'. '.join(sentences)}."


def draw_score_profile(tables: Tables, labels: Labels) -> tuple[Figure, str]:
    """Draw the quartiles of every score in its possible range by wave."""
    scores = tables["sample/scores.csv"].query("cohort == 'all'").dropna(subset=["median"])
    scales = list(dict.fromkeys(scores["label"]))
    waves = list(dict.fromkeys(scores["wave"]))
    names = wave_names(labels, waves)
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
        grid(ax)
    axes[0, 0].legend(ncols=len(waves), loc="lower right", bbox_to_anchor=(1, 1.0))
    alt = (
        f"Median and quartiles of {len(scales)} scales by wave, each instrument on its own scale. "
        "The numbers are in the table of scores."
    )
    return fig, alt


DRAWN: dict[str, Callable[[Tables, Labels], tuple[Figure, str]]] = {
    "flow": draw_flow,
    "score_profile": draw_score_profile,
    **RELIABILITY,
    **CHANGE,
    **CERTIFICATION,
    **THEMES,
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
    set_style()
    fig, alt = DRAWN[name](tables, labels)
    # One pass lays out and draws; ``savefig`` would draw everything twice, the first time for the layout alone.
    fig.set_dpi(160)
    FigureCanvasAgg(fig).print_png(path, metadata={"Software": None})
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
