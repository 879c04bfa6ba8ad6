"""From a table to the answers of one person in one wave, however the file lays them out.

A file has a row a person (with the wave in the sheet, in a column, or in the names of the columns), a row an answer, or
a row an item. Column names are found through the instrument's `columns` patterns, so that a new site needs no code.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from operator import itemgetter
from typing import Any

from piloteval.config import Instrument
from piloteval.intake.catalogue import Problem, problem
from piloteval.intake.sheet import Source
from piloteval.intake.tabular import TOTALS, RawTable, alike, letter, number

#: Patterns every instrument has besides its own.
COMMON = ("{item}", "{item}_{wave}", "{item}.{wave}", "{item} {wave}", "{wave}_{item}", "{wave}.{item}")

#: Dialects that share the patterns of a platform.
FAMILY = {"redcap_labels": "redcap", "limesurvey_texts": "limesurvey"}

#: Shapes of a file, in the words of the log.
PERSONS, PERSONS_AND_WAVES, ANSWERS, ITEMS = (
    "a row a person",
    "a row a person, waves in columns",
    "a row an answer",
    "a row an item",
)


@dataclass(frozen=True)
class Wording:
    """What the study calls the columns that are no items.

    Attributes
    ----------
    participant, site, wave, date, item, answer : tuple of str
        Headers that may hold each; the first one found counts. No participant header means anonymous answers.
    other : tuple of str
        Headers that are known and not used.
    waves : dict of str to str
        Wave of every text that names one, as :func:`alike` writes it.
    no_waves : frozenset of str
        Texts, as :func:`alike` writes them, that name an event which is no wave of the study.
    sites : tuple of str
        Sites of the study; empty when any text is a site.
    """

    participant: tuple[str, ...] = ("participant",)
    site: tuple[str, ...] = ("site",)
    wave: tuple[str, ...] = ("wave",)
    date: tuple[str, ...] = ("completed_on",)
    item: tuple[str, ...] = ("item",)
    answer: tuple[str, ...] = ("answer",)
    other: tuple[str, ...] = ()
    waves: Mapping[str, str] = field(default_factory=dict)
    no_waves: frozenset[str] = frozenset()
    sites: tuple[str, ...] = ()

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Wording:
        """Read the wording from the settings a job was given."""

        def several(name: str) -> tuple[str, ...]:
            value = settings.get(name)
            return () if value is None else (value,) if isinstance(value, str) else tuple(value)

        names = {alike(wave): wave for wave in settings["waves"]}
        names |= {alike(text): wave for text, wave in settings["wave_names"].items() if wave}
        return cls(
            participant=several("participant_column"),
            site=several("site_column"),
            wave=several("wave_column"),
            date=several("date_column"),
            item=several("item_column"),
            answer=several("answer_column"),
            other=several("other_columns"),
            waves=names,
            no_waves=frozenset(alike(text) for text, wave in settings["wave_names"].items() if not wave),
            sites=several("sites"),
        )

    def known(self) -> set[str]:
        """Return every header the study knows by its wording, as :func:`alike` writes it."""
        every = (self.participant, self.site, self.wave, self.date, self.item, self.answer, self.other)
        return {alike(name) for names in every for name in names}


@dataclass(slots=True)
class Entry:
    """The answers of one person in one wave.

    Attributes
    ----------
    row : int
        Row of the record as a spreadsheet shows it; of several, the first.
    cells : sequence of str
        Texts in the order of the layout's items.
    rows : tuple of int or None
        Row of every cell, where each has its own.
    column : str
        Letter of the column of all cells, where a person is a column: its header is an id.
    """

    person: str
    wave: str
    site: str
    date: str
    row: int
    cells: tuple[str, ...]
    rows: tuple[int, ...] | None = None
    column: str = ""


@dataclass
class Layout:
    """A file as entries.

    Attributes
    ----------
    shape : str
        How the file lays its answers out.
    items : list of (Instrument, str)
        Instrument and item of every cell of an entry.
    headers : dict of (str, str) to str
        Header of an item in a wave; the wave is empty where one header serves all. None where a person is a column.
    entries : list of Entry
        One a person and wave.
    person_column, site_column, date_column : str
        Headers that hold the participant id, the institution and the dates; empty where there is none.
    problems : list of Problem
        What was found.
    aside : list of (Problem, str)
        Questionnaires set aside, with the value that is why.
    """

    shape: str
    items: list[tuple[Instrument, str]]
    headers: dict[tuple[str, str], str] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    person_column: str = ""
    site_column: str = ""
    date_column: str = ""
    problems: list[Problem] = field(default_factory=list)
    aside: list[tuple[Problem, str]] = field(default_factory=list)

    def names(self, item: str) -> list[str]:
        """Return the headers over an item's answers, of whatever wave."""
        return [header for (name, _wave), header in self.headers.items() if name == item]

    def column(self, entry: Entry, item: str) -> str:
        """Return the header a spreadsheet shows over an answer."""
        return entry.column or self.headers.get((item, entry.wave)) or self.headers.get((item, "")) or item


# --------------------------------------------------------------------------------------------------------------------
# Names of items
# --------------------------------------------------------------------------------------------------------------------


def _forms(instrument: Instrument, dialect: str, item: str) -> Iterator[str]:
    """Yield the patterns of an item's header: the common ones, those of the platform, and those of any platform."""
    yield from COMMON
    for name in (FAMILY.get(dialect, dialect), "any"):
        own = instrument.columns.get(name, ())
        named = own.get(item, ()) if isinstance(own, Mapping) else own
        yield from (named,) if isinstance(named, str) else named


def _by_wave(form: str, waves: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield header and wave of a pattern, as :func:`alike` writes headers; without ``{wave}`` the wave is empty."""
    if "{wave}" not in form:
        yield alike(form), ""
        return
    for text, wave in waves.items():
        yield alike(form.replace("{wave}", text)), wave


def patterns(instrument: Instrument, dialect: str, waves: Mapping[str, str]) -> dict[str, set[tuple[str, str]]]:
    """Return the headers an instrument's items may have.

    Parameters
    ----------
    instrument : Instrument
        Its ``columns`` give patterns a platform, or the header of every item; ``any`` holds for all platforms.
        ``{item}`` stands for the item's id, ``{n}``, ``{nn}``, ``{nnn}`` for its number in the instrument with so many
        digits, ``{wave}`` for every name of a wave.
    dialect : str
        Platform of the file.
    waves : mapping of str to str
        Wave of every text that names one.

    Returns
    -------
    dict of str to set of (str, str)
        Item and wave (empty where the header names none) by header, as :func:`alike` writes it.
    """
    found: dict[str, set[tuple[str, str]]] = {}
    for place, item in enumerate(instrument.items, start=1):
        for form in _forms(instrument, dialect, item):
            header = form.replace("{item}", item)
            for digits in (1, 2, 3):
                header = header.replace("{" + "n" * digits + "}", f"{place:0{digits}d}")
            for name, wave in _by_wave(header, waves):
                found.setdefault(name, set()).add((item, wave))
    return found


def _relatives(instrument: Instrument, dialect: str, waves: Mapping[str, str]) -> re.Pattern[str]:
    """Return what matches the headers of items with any number: another version of the instrument may have more."""
    stems = {alike(match[1]) for item in instrument.items if (match := re.fullmatch(r"(.*\D)\d+", item))}
    numbers = dict.fromkeys(("{n}", "{nn}", "{nnn}"), r"\d+")
    if stems:
        numbers["{item}"] = f"(?:{'|'.join(map(re.escape, sorted(stems)))})" + r"\d+"
    shapes = []
    for form in _forms(instrument, dialect, ""):
        parts = re.split(r"(\{(?:item|wave|n{1,3})\})", alike(form))
        if numbers.keys() & parts:
            known = {**numbers, "{wave}": f"(?:{'|'.join(map(re.escape, waves))})"}
            shapes.append("".join(known.get(part, re.escape(part)) for part in parts))
    return re.compile("|".join(shapes) or "(?!)")


def wanted(instruments: Iterable[Instrument], wording: Wording) -> set[str]:
    """Return every header a reader of these instruments asks for, on whatever platform."""
    named = {
        name
        for one in instruments
        for key in ("", *(platform for platform, own in one.columns.items() if own))
        for name in patterns(one, key, wording.waves)
    }
    return named | wording.known()


# --------------------------------------------------------------------------------------------------------------------
# Where the items stand
# --------------------------------------------------------------------------------------------------------------------


class _Table:
    """A table, what the study says about it, and where its items stand.

    Names are those of the columns; with ``in_rows`` they are the first column, and a place is a row.
    """

    def __init__(
        self, raw: RawTable, source: Source, asked: list[Instrument], wording: Wording, *, in_rows: bool = False
    ) -> None:
        self.raw, self.source, self.asked, self.wording = raw, source, asked, wording
        self.word = "row" if in_rows else "column"
        self.names = [row[0] for row in raw.rows] if in_rows else raw.columns
        self.index = {alike(name): place for place, name in enumerate(self.names)}
        self.items = [(instrument, item) for instrument in asked for item in instrument.items]
        self.meanings: dict[str, set[tuple[str, str]]] = {}
        for instrument in asked:
            for name, meanings in patterns(instrument, raw.export.dialect, wording.waves).items():
                self.meanings.setdefault(name, set()).update(meanings)

    @cached_property
    def relatives(self) -> list[re.Pattern[str]]:
        """What items of other versions of the instruments may be called."""
        return [_relatives(one, self.raw.export.dialect, self.wording.waves) for one in self.asked]

    def is_relative(self, name: str) -> bool:
        """Tell whether a name is that of an item with another number."""
        return any(pattern.fullmatch(alike(name)) for pattern in self.relatives)

    def found(self, rule: str, **more: Any) -> Problem:
        """Return a problem of the file."""
        return problem(rule, self.raw.file, sheet=self.raw.sheet, **more)

    def at(self, place: int) -> dict[str, Any]:
        """Return where a name stands; the names of rows are cells, so that only their number is told."""
        if self.word == "row":
            return {"row": self.raw.numbers[place]}
        return {"row": self.raw.top, "column": self.names[place]}

    def place(self, names: Iterable[str]) -> int | None:
        """Return the place of the first of these names that is there."""
        return next((self.index[alike(name)] for name in names if alike(name) in self.index), None)

    def wave_place(self) -> int | None:
        """Return the place of the wave: the study's own column, else the platform's."""
        return self.place((*self.wording.wave, *self.raw.export.wave_columns))

    def wave(self, text: str) -> str:
        """Return the wave a text names; nothing when it names none of the study."""
        return self.wording.waves.get(alike(text), "")

    def contradicts(self, text: str) -> bool:
        """Tell whether a row says another wave than the landing sheet.

        The study's own column must say the sheet's wave or nothing; of a platform's events only known names count.
        """
        known = self.wave(text)
        own = self.place(self.wording.wave) is not None
        return bool(self.source.wave and text and (known or own) and known != self.source.wave)

    def other_site(self, text: str) -> bool:
        """Tell whether a row says another institution than the landing sheet."""
        return bool(self.source.site and text and alike(text) != alike(self.source.site))

    def repeat_place(self) -> int | None:
        """Return the place of the repeating form a REDCap row belongs to."""
        return self.place(("redcap_repeat_instrument", "Repeat Instrument"))

    def date_place(self) -> int | None:
        """Return the place of the day of completion: the study's own column, else the platform's."""
        return self.place((*self.wording.date, *self.raw.export.date_columns))

    def date_places(self) -> dict[str, int]:
        """Return the place of the day of completion by wave, where the names say which wave."""
        named: dict[str, int] = {}
        for header in self.wording.date:
            for form in COMMON:
                for name, wave in _by_wave(form.replace("{item}", header), self.wording.waves):
                    if wave and name in self.index:
                        named.setdefault(wave, self.index[name])
        return named

    def item_places(self) -> tuple[dict[tuple[str, str], int], list[Problem]]:
        """Return the place of every item and wave; what fits several of them, or is one given twice, stops the run."""
        places: dict[tuple[str, str], int] = {}
        problems = []
        for place, name in enumerate(self.names):
            meanings = self.meanings.get(alike(name), set())
            if len(meanings) > 1:
                found = f"the {self.word} fits several items of the study"
                problems.append(self.found("table.ambiguous", **self.at(place), found=found))
                continue
            for meaning in meanings:
                if meaning in places:
                    problems.append(self._twice(places[meaning], place))
                places[meaning] = place
        return places, problems

    def _twice(self, one: int, other: int) -> Problem:
        first, second = (
            f"`{self.names[place]}`" if self.word == "column" else str(self.raw.numbers[place])
            for place in (one, other)
        )
        found = f"the {self.word}s {first} and {second} are the same item in the same wave"
        return self.found("table.ambiguous", **self.at(other), found=found)

    def by_wave(self, places: Mapping[tuple[str, str], int]) -> tuple[dict[str, list[int]], list[Problem]]:
        """Choose what is read in each wave.

        Parameters
        ----------
        places : mapping of (str, str) to int
            Place of every item and wave; the wave is empty where the name of the item says none.

        Returns
        -------
        dict of str to list of int
            Places in the order of the items, by wave; the wave is empty where neither the landing sheet nor the names
            say one.
        list of Problem
            Items that are missing, whose wave cannot be told, or that belong to another wave than the landing sheet
            names.
        """
        sheet, named = self.source.wave, {wave for _item, wave in places if wave}
        waves = [sheet] if sheet else [one for one in dict.fromkeys(self.wording.waves.values()) if one in named]
        chosen: dict[str, list[int]] = {}
        problems = [
            self._other_wave(place) if sheet else self._no_wave(place)
            for (_item, wave), place in places.items()
            if (sheet and wave not in ("", sheet)) or (not sheet and named and not wave)
        ]
        for wave in waves or [""]:
            for _instrument, item in self.items:
                own, common = places.get((item, wave)), places.get((item, ""))
                if own is None and common is None:
                    problems.append(self._missing(item, wave if named else ""))
                elif sheet and own is not None and common is not None:
                    problems.append(self._twice(common, own))
                else:
                    chosen.setdefault(wave, []).append(common if own is None else own)
        return chosen, problems

    def _other_wave(self, place: int) -> Problem:
        found = f"the {self.word} belongs to another wave than the landing sheet names"
        return self.found("table.extra-column", **self.at(place), found=found, effect="left out")

    def _no_wave(self, place: int) -> Problem:
        found = f"the {self.word} names no wave, and others do"
        return self.found("wave.unknown", **self.at(place), found=found, remedy="Write the wave into its name.")

    def _missing(self, item: str, wave: str) -> Problem:
        which = f" for the wave {wave}" if wave else ""
        if self.word == "column":
            return self.found("table.no-column", row=self.raw.top, column=item, found=f"the column is missing{which}")
        found = f"the row of the item {item} is missing{which}"
        return self.found("table.no-column", found=found, remedy="Add the row, or correct its name.")

    def wave_value(self, stated: str, effect: str, **where: Any) -> Problem:
        """Name a wave that the study does not know or, where it is stated, that the landing sheet contradicts."""
        found = remedy = ""
        if stated:
            found = "the wave is another one than the landing sheet names"
            remedy = "Correct the cell, or leave `wave` empty in the landing sheet."
        return self.found("wave.value", **where, found=found, remedy=remedy, effect=effect)

    def unknown_rows(self, names: Iterable[str]) -> list[Problem]:
        """Count rows that name no item of the study; what they name is a cell, and told nowhere."""
        related = Counter(map(self.is_relative, names))
        problems = []
        for known, rule, what in (
            (True, "instrument.items", "an item of the instrument that the instrument file does not know"),
            (False, "table.extra-column", "an item the study does not know"),
        ):
            if related[known]:
                found = f"{related[known]} rows name {what}" if related[known] > 1 else f"a row names {what}"
                problems.append(self.found(rule, found=found, effect="left out"))
        return problems


def _stops(problems: Iterable[Problem]) -> bool:
    return any(one.level == "STOP" for one in problems)


def lay_out(raw: RawTable, source: Source, asked: list[Instrument], wording: Wording) -> Layout:
    """Turn a table into entries.

    Parameters
    ----------
    raw : RawTable
        The file.
    source : Source
        Its row in the landing sheet; a wave or site given there holds for all rows.
    asked : list of Instrument
        Instruments the file holds.
    wording : Wording
        What the study calls the other columns.

    Returns
    -------
    Layout
        Without entries when a problem stops the run.

    Notes
    -----
    Answers of another wave than the landing sheet names are never taken for those of its wave: a row that says so is
    set aside, and a column, or a row of one item, is left out.
    """
    table = _Table(raw, source, asked, wording)
    if not table.index.keys() & table.meanings.keys():
        item, answer = table.place(wording.item), table.place(wording.answer)
        if item is not None and answer is not None:
            return _answers_in_rows(table, item, answer)
        first = {alike(row[0]) for row in raw.rows}
        if len(first & table.meanings.keys()) * 2 >= len(table.items):
            return _items_in_rows(_Table(raw, source, asked, wording, in_rows=True))
    return _persons_in_rows(table)


# --------------------------------------------------------------------------------------------------------------------
# A row a person, and a row an item: the same with columns for rows
# --------------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Record:
    """What a file says of one person: the cells by place, who it is, and where a spreadsheet shows it."""

    cells: Sequence[str]
    person: str
    row: int
    column: str = ""


def _persons_in_rows(table: _Table) -> Layout:
    raw, source = table.raw, table.source
    places, problems = table.item_places()
    chosen, missing = table.by_wave(places)
    person = table.place(table.wording.participant)
    if places or person is not None:
        problems += [*_nameless(table, person), *missing]
    else:
        # The first row may be data, so nothing of it is told.
        found = "none of the columns needed is in the first row"
        remedy = "Put the header into the first row, or correct the file's row in the landing sheet."
        problems.append(table.found("table.no-column", row=table.raw.top, found=found, remedy=remedy))
    layout = Layout(PERSONS, table.items, problems=problems)
    records = [
        _Record(row, f"{source.source}#{at}" if person is None else row[person], at)
        for row, at in zip(raw.rows, raw.numbers, strict=True)
    ]
    used = _enter(layout, table, places, chosen, records)
    if _stops(layout.problems):
        return layout
    layout.headers = {
        (item, wave): raw.columns[place]
        for wave, several in chosen.items()
        for (_instrument, item), place in zip(table.items, several, strict=True)
    }
    layout.person_column = "" if person is None else raw.columns[person]
    layout.problems += _strangers(table, {*used, *places.values(), person}, chosen)
    return layout


def _items_in_rows(table: _Table) -> Layout:
    """Read a table whose columns are persons; the headers are ids, so columns are told by their letter."""
    raw, source = table.raw, table.source
    places, problems = table.item_places()
    chosen, missing = table.by_wave(places)
    layout = Layout(ITEMS, table.items, problems=[*problems, *missing])
    records = []
    turned = {one.column for one in raw.turned}
    for place, header in enumerate(raw.columns[1:], start=1):
        at = letter(place)
        if at in turned:
            continue
        if header.rstrip(":").casefold() in TOTALS:
            layout.problems.append(table.found("table.total-column", row=table.raw.top, column=at, effect="left out"))
        elif alike(header) not in table.wording.known():
            person = header if table.wording.participant else f"{source.source}#{at}"
            records.append(_Record([row[place] for row in raw.rows], person, 1, at))
    used = _enter(layout, table, places, chosen, records)
    if _stops(layout.problems):
        return layout
    known = used | set(places.values()) | {table.index[name] for name in table.wording.known() & table.index.keys()}
    layout.problems += table.unknown_rows(name for place, name in enumerate(table.names) if place not in known)
    return layout


def _nameless(table: _Table, person: int | None) -> list[Problem]:
    """Say that the column of the participants is missing, and which one of the platform may be it."""
    if person is not None or not table.wording.participant:
        return []
    own = table.raw.export.id_columns
    hint = f"If `{own[0]}` holds the participant's id, name it in `inputs.participant_column`." if own else ""
    where = {"row": table.raw.top, "column": table.wording.participant[0]}
    return [table.found("table.no-column", **where, found="the column is missing", remedy=hint)]


def _enter(
    layout: Layout,
    table: _Table,
    places: Mapping[tuple[str, str], int],
    chosen: Mapping[str, list[int]],
    records: Iterable[_Record],
) -> set[int]:
    """Enter the answers of all persons; return the places of what is told beside them.

    Parameters
    ----------
    layout : Layout
        Takes the entries, unless a problem stops the run.
    table : _Table
        The table.
    places : mapping of (str, str) to int
        Place of every item and wave that was found.
    chosen : mapping of str to list of int
        Places that are read in each wave.
    records : iterable of _Record
        The persons.
    """
    source, raw = table.source, table.raw
    site, wave = table.place(table.wording.site), table.wave_place()
    named = not source.wave and any(one for _item, one in places)
    if not (source.wave or named) and wave is None and not _stops(layout.problems):
        layout.problems.append(table.found("wave.unknown"))
    if _stops(layout.problems):
        return set()
    common, named_dates = None if named else table.date_place(), table.date_places()
    dates = {one: named_dates.get(one, common) for one in chosen}
    taken = {one: _taker(several) for one, several in chosen.items()}
    rows: dict[str, tuple[int, ...]] = {}
    if table.word == "row":
        rows = {one: tuple(raw.numbers[place] for place in several) for one, several in chosen.items()}
    else:
        layout.shape = PERSONS_AND_WAVES if named else PERSONS
        layout.site_column = "" if site is None else raw.columns[site]
        layout.date_column = ", ".join(raw.columns[date] for date in dict.fromkeys(dates.values()) if date is not None)
    first, repeat, other = next(iter(chosen)), table.repeat_place(), 0
    for one in records:
        stated = first if wave is None else table.wave(one.cells[wave])
        # A form that repeats has rows of its own, without the questionnaire of the study.
        repeats = repeat is not None and one.cells[repeat] and not any(any(take(one.cells)) for take in taken.values())
        if repeats or (wave is not None and alike(one.cells[wave]) in table.wording.no_waves):
            other += 1
            continue
        if site is not None and table.other_site(one.cells[site]):
            at = {"row": one.row, "column": raw.columns[site]}
            if table.word == "row":
                at = {"row": raw.numbers[site], "column": one.column}
            layout.aside.append((table.found("site.other", **at, effect="row set aside"), one.cells[site]))
            continue
        # Who left a wave out did not take part in it; a person without any answer counts once.
        answered = [name for name in chosen if any(taken[name](one.cells))] if named else []
        waves = answered or [source.wave or stated]
        if not waves[0] or (wave is not None and table.contradicts(one.cells[wave])):
            stated = stated or source.wave
            found = table.wave_value(stated, "row set aside", row=one.row, column=raw.columns[wave])
            if table.word == "row":
                found = table.wave_value(stated, "person set aside", row=raw.numbers[wave], column=one.column)
            layout.aside.append((found, one.cells[wave]))
            continue
        for name in waves:
            read = name if name in chosen else first
            date = dates.get(read)
            layout.entries.append(
                Entry(
                    one.person,
                    name,
                    source.site or ("" if site is None else one.cells[site]),
                    "" if date is None else one.cells[date],
                    one.row,
                    taken[read](one.cells),
                    rows.get(read),
                    one.column,
                )
            )
    if other:
        many = f"{other} rows of another event or form hold" if other > 1 else "a row of another event or form holds"
        layout.problems.append(table.found("table.other-row", found=f"{many} no questionnaire", effect="left out"))
    return {place for place in (site, wave, repeat, *dates.values()) if place is not None}


def _taker(places: list[int]) -> Callable[[Sequence[str]], tuple[str, ...]]:
    """Return what takes the cells at these places."""
    return itemgetter(*places) if len(places) > 1 else lambda cells: (cells[places[0]],)


def _strangers(table: _Table, used: Collection[int | None], chosen: Mapping[str, list[int]]) -> list[Problem]:
    """Name the columns nobody asked for, and tell apart sums and items of another version."""
    raw, export = table.raw, table.raw.export
    own = (*export.technical, *export.id_columns, *export.wave_columns, *export.date_columns)
    versions = (f"{one.id}_version" for one in table.asked)
    known = table.wording.known() | {alike(name) for name in (*own, *versions)}
    summed = [
        [place for place, (one, _item) in zip(several, table.items, strict=True) if one is instrument]
        for several in chosen.values()
        for instrument in table.asked
    ]
    problems = []
    for place, name in enumerate(raw.columns):
        if place in used or alike(name) in known:
            continue
        rule, found = "table.extra-column", "the study does not know this column"
        if table.is_relative(name):
            rule, found = "instrument.items", ""
        elif any(_is_total(raw.rows, place, several) for several in summed):
            rule, found = "table.total-column", ""
        problems.append(table.found(rule, row=table.raw.top, column=name, found=found, effect="left out"))
    return problems


def _is_total(rows: Iterable[Sequence[str]], place: int, summed: Collection[int]) -> bool:
    """Tell whether a column holds the sum or the mean of others, to two decimals, in three rows or more.

    A program may leave it empty where an answer is missing.
    """
    seen = 0
    for row in rows:
        if not row[place]:
            continue
        total, values = number(row[place]), [value for one in summed if (value := number(row[one])) is not None]
        if total is None or min(abs(total - sum(values)), abs(total - sum(values) / max(len(values), 1))) > 0.006:
            return False
        seen += bool(values)
    return seen >= 3


# --------------------------------------------------------------------------------------------------------------------
# A row an answer
# --------------------------------------------------------------------------------------------------------------------


def _answers_in_rows(table: _Table, item: int, answer: int) -> Layout:
    """Gather the answers of a person in a wave; a second answer to an item begins a second questionnaire."""
    raw, source, wording = table.raw, table.source, table.wording
    layout = Layout(ANSWERS, table.items)
    person, site, wave = table.place(wording.participant), table.place(wording.site), table.wave_place()
    date = table.date_place()
    if person is None:
        column = wording.participant[0] if wording.participant else "participant"
        layout.problems.append(
            table.found("table.no-column", row=table.raw.top, column=column, found="the column is missing")
        )
        return layout
    order = {name: place for place, (_instrument, name) in enumerate(table.items)}
    # By person, site, wave, and whether it is one of the study: of each questionnaire the row of every item.
    gathered: dict[tuple[str, str, str, bool], list[dict[int, int]]] = {}
    unknown: list[str] = []
    elsewhere = other = 0
    for place, row in enumerate(raw.rows):
        meanings = table.meanings.get(alike(row[item]), set())
        if len(meanings) != 1:
            unknown.append(row[item])
            continue
        ((name, named),) = meanings
        if source.wave and named not in ("", source.wave):
            elsewhere += 1
            continue
        text = "" if wave is None else row[wave]
        if alike(text) in wording.no_waves:
            other += 1
            continue
        stated = named or table.wave(text)
        there = source.wave or stated
        if not there and wave is None:
            layout.problems.append(table.found("wave.unknown"))
            return layout
        fits = bool(there) and stated in ("", there) and not table.contradicts(text)
        where = source.site or ("" if site is None else row[site])
        if site is not None and table.other_site(row[site]):
            where = row[site]
        copies = gathered.setdefault((row[person], where, there if fits else alike(row[wave]), fits), [])
        rows = next((one for one in copies if order[name] not in one), None)
        if rows is None:
            rows = {}
            copies.append(rows)
        rows[order[name]] = place
    named_items = {one for copies in gathered.values() for rows in copies for one in rows}
    # An item without rows may be one that nobody answered; beside rows of unknown items it may be one of these.
    for name, one in order.items() if unknown else ():
        if one not in named_items:
            remedy = "Correct the names of the items, or give the instrument their pattern under `columns`."
            found = f"no row names the item {name}"
            layout.problems.append(table.found("table.no-column", found=found, remedy=remedy))
    if layout.problems:
        return layout
    layout.problems += table.unknown_rows(unknown)
    if elsewhere:
        rows_belong = f"{elsewhere} rows belong" if elsewhere > 1 else "a row belongs"
        found = f"{rows_belong} to another wave than the landing sheet names"
        layout.problems.append(table.found("table.extra-column", found=found, effect="left out"))
    if other:
        many = f"{other} rows of another event hold" if other > 1 else "a row of another event holds"
        layout.problems.append(
            table.found("table.other-row", found=f"{many} no answers of the study", effect="left out")
        )
    layout.headers = {(name, ""): raw.columns[answer] for name in order}
    layout.person_column = raw.columns[person]
    layout.site_column = "" if site is None else raw.columns[site]
    layout.date_column = "" if date is None else raw.columns[date]
    for (who, where, there, fits), copies in gathered.items():
        for rows in copies:
            first = min(rows.values())
            at = raw.numbers[first]
            if table.other_site(where):
                told = table.found("site.other", row=at, column=raw.columns[site], effect="row set aside")
                layout.aside.append((told, where))
                continue
            if not fits:
                text = raw.rows[first][wave]
                told = table.wave_value(
                    table.wave(text) or source.wave,
                    "all answers of the questionnaire set aside",
                    row=at,
                    column=raw.columns[wave],
                )
                layout.aside.append((told, text))
                continue
            cells = tuple(raw.rows[rows[one]][answer] if one in rows else "" for one in range(len(order)))
            numbers = tuple(raw.numbers[rows.get(one, first)] for one in range(len(order)))
            days = [] if date is None else [raw.rows[one][date] for one in rows.values()]
            # The last day stated is the day the questionnaire was completed.
            when = next(filter(None, reversed(days)), "")
            layout.entries.append(Entry(who, there, where, when, at, cells, numbers))
    return layout
