r"""Codings that were made in QualCoder, in Taguette, or as marks in the text itself, read as REFI-QDA projects.

Every reader returns a :class:`piloteval.intake.refi.Project` whose texts have ``\n`` as line ends and whose passages
are ``text[start:end]`` in Unicode code points. The ``name`` of a passage is what the tool says its words are. Where
these are not the words at that place, nothing is repaired: the place stays as the tool has it, and whoever checks
passages sees it. A passage that begins and ends at 0 is known by its words only.

How the tools count, as their source has it
-------------------------------------------
QualCoder (github.com/ccbogel/QualCoder, databases v1 to v16; that of QualCoder 4.0 Beta is v16). The places of what a
person marks are those of a Qt cursor (``code_text.py``, ``mark()``): they count UTF-16 units, a CR LF as one, and the
byte order mark that ``manage_files.py`` leaves in ``fulltext``. The quote is Qt's ``selectedText()``, which has U+2029
for a line end. Automatic codings and imported projects have indices of Python's string instead, some of them corrected
for emoji in a way that fails where an emoji has several code points. The database does not say which is which; the
quotes do, and it only matters in texts that hold an emoji, a CR or a mark: see :func:`read_qualcoder`.

Taguette (github.com/remram44/taguette, databases of 2018 to 2024). Offsets count bytes of UTF-8 over the text nodes of
a document's HTML, tags not counted, entities decoded (``static/js/taguette.js``, ``describePos()``; ``extract.py``,
``find_pos()``); one within a character means its end (``split_utf8()``). The HTML comes from Calibre, html5lib and
bleach (``convert.py``), which leave plain tags and neither scripts nor comments. A highlight keeps its words as HTML,
cut out with these offsets (``snippet``); but ``extract.py`` takes nodes out of a list behind Beautiful Soup's back, so
that newer versions of it (4.15 does) put the words that stand before the highlight in its paragraph in front of it. A
highlight does not say who made it; a server's table ``commands`` has logins, and is not read.

ROCK (R package ``rock`` 0.9, ``R/opts.R``, ``R/parse_source.R``). A line is an utterance; ``[[code]]`` codes its line,
``[[parent>child]]`` gives the child; ``[[class=id]]`` and ``[[class:id]]`` are identifiers, ``[[code||value]]`` is a
value, ``---<<name>>---`` breaks sections, and what stands between two lines ``---`` is YAML.

A database is hostile input
---------------------------
It is opened read-only and unchanging, after its size and its first bytes were looked at. Only real tables are read,
each after SQLite has checked its pages, with limits on rows, characters and steps; the schema may not call functions.
All else is refused, in sentences without a value of the data.
"""

from __future__ import annotations

import html
import re
import sqlite3
import struct
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from piloteval.intake import refi
from piloteval.intake.catalogue import RULES
from piloteval.intake.guards import MAX_PACKED, MAX_UNPACKED, Refused, kind_of
from piloteval.intake.refi import Code, Coding, Media, Project, Selection, Source, User, guid
from piloteval.intake.text import damage

#: Endings of databases, and of texts with marks.
DATABASES = (".qda", ".sqlite3", ".sqlite", ".db")
MARKED = (".txt", ".md")

_UNREADABLE = "file.unreadable"
_SAVE_AGAIN = "Open the project in the program it was made with, save a copy of it, and send the copy."
_CLOSE = "Close the coding program, then copy the project again."

#: Bytes of a text in a database; an interview of two hours has some 0.1 MB.
_MAX_TEXT = 20_000_000
#: Rows of a table; 60 interviews with 500 codings of three coders each are 90,000.
_MAX_ROWS = 500_000
#: Steps of SQLite's machine, counted in thousands; checking and reading a million short rows takes some 50 million.
_MAX_STEPS = 100_000
#: Codes within codes, as in REFI-QDA projects.
_MAX_DEPTH = 50

#: What Qt writes for a line end in a quote.
_PARAGRAPH = "\u2029"
_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")
_QUALCODER_DATE = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(\.\d+)?")
#: What of a tool's own words on itself may be repeated.
_QUALCODER_VERSION = re.compile(r"QualCoder [0-9][0-9A-Za-z. -]{0,20}")
_DATABASE_VERSION = re.compile(r"v[0-9]{1,3}|[0-9a-f]{12}")

#: Counted in ``left_out`` by more than one reader.
_NO_CODE = "codings of what is no code of the codebook"
_NO_TEXT = "codings of sources that are not in the file"
_EMPTY = "passages without a character"
_CIRCLE = "codes that stand within themselves, put at the top"
_NO_PLACE = "passages of which nobody knows place or words"
_COUNTED = "passages that were not counted in characters, and are read as they were counted"


# Databases


def _refuse_damaged() -> Refused:
    return Refused(_UNREADABLE, "the database is cut short or damaged", "", _SAVE_AGAIN)


def _refuse_missing() -> Refused:
    return Refused(_UNREADABLE, "this is not a file", "", "Put the file there.")


def _strict(raw: bytes) -> str:
    """Decode a text of a database; SQLite itself would tell the text that it cannot decode."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("file.encoding", "a text in the database is not in UTF-8", "", _SAVE_AGAIN) from None


@dataclass
class _Database:
    """A database that was opened, with its tables by name in small letters."""

    connection: sqlite3.Connection
    steps: int = 0
    characters: int = 0
    #: What has a name: whether it is a table with pages of its own.
    listed: dict[str, list[bool]] = field(default_factory=dict)

    def tick(self) -> int:
        """Count a thousand steps; anything but 0 stops what SQLite is doing."""
        self.steps += 1
        return int(self.steps > _MAX_STEPS)

    def columns(self, table: str) -> set[str]:
        """Return the columns of a table in small letters, after making sure that it is one and its pages are whole."""
        # A view computes what it shows, a virtual table runs code, and neither is what the program has written.
        if self.listed[table] != [True]:
            found = "something else in the database has the name of a table of the program"
            raise Refused(_UNREADABLE, found, "", _SAVE_AGAIN)
        rows = self.connection.execute(f'PRAGMA table_xinfo("{table}")').fetchall()
        if any(row[6] in (2, 3) for row in rows):
            raise Refused(_UNREADABLE, "a column of the database is computed, not stored", "", _SAVE_AGAIN)
        if self.connection.execute(f'PRAGMA quick_check("{table}")').fetchall() != [("ok",)]:
            raise _refuse_damaged()
        return {row[1].lower() for row in rows}

    def rows(self, table: str, needed: str, optional: str = "") -> list[dict[str, Any]]:
        """Return the rows of a table, with None in optional columns that it does not have; none if it is missing."""
        if table not in self.listed:
            return []
        there = self.columns(table)
        for name in needed.split():
            if name not in there:
                raise Refused("table.no-column", f"the table `{table}` of the database has no column `{name}`")
        names = [name for name in f"{needed} {optional}".split() if name in there]
        wanted = ", ".join(f'"{name}"' for name in names)
        made = []
        for row in self.connection.execute(f'SELECT {wanted} FROM "{table}" LIMIT {_MAX_ROWS + 1}'):
            self.characters += sum(len(value) for value in row if isinstance(value, str | bytes))
            if len(made) == _MAX_ROWS:
                raise Refused("file.size", "a table of the database has too many rows", f"at most {_MAX_ROWS:,}")
            if self.characters > MAX_UNPACKED:
                found = "the database holds more text than a project of interviews"
                raise Refused("file.size", found, f"at most {MAX_UNPACKED / 1e6:,.0f} million characters")
            made.append({**dict.fromkeys(optional.split()), **dict(zip(names, row, strict=True))})
        return made

    def count(self, table: str) -> int:
        """Return how many rows an optional table has."""
        if table not in self.listed:
            return 0
        self.columns(table)
        return int(self.connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0])


@contextmanager
def _opened(path: Path) -> Iterator[_Database]:
    """Open a database; whatever SQLite does not like of it is a reason to refuse it."""
    path = path.resolve()
    _look(path, "sqlite", "the file is no database of a coding program")
    with path.open("rb") as handle:
        (size,) = struct.unpack(">H", handle.read(18)[16:])
    # SQLite takes what is missing of the last page for zeros; the size 65,536 is written as 1.
    if path.stat().st_size % (65_536 if size == 1 else max(size, 512)):
        raise _refuse_damaged()
    # Neither of the two is read with the database: what the program wrote last may be in them only.
    for ending in ("-wal", "-journal"):
        beside = path.with_name(path.name + ending)
        if beside.exists() and (ending == "-wal" or beside.stat().st_size):
            found = f"the program has left a part of the database in a second file ({ending})"
            raise Refused(_UNREADABLE, found, "", _CLOSE)
    database = None
    try:
        address = path.as_uri() + "?mode=ro&immutable=1"
        with closing(sqlite3.connect(address, uri=True, isolation_level=None)) as connection:
            database = _Database(connection)
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MAX_TEXT)
            connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
            connection.set_progress_handler(database.tick, 1000)
            connection.text_factory = _strict
            for pragma in ("trusted_schema=OFF", "query_only=ON", "cell_size_check=ON", "mmap_size=0"):
                connection.execute(f"PRAGMA {pragma}")
            # Conditions on rows are expressions of the file; they say nothing that matters here.
            connection.execute("PRAGMA ignore_check_constraints=ON")
            for kind, name, page in connection.execute("SELECT type, name, rootpage FROM sqlite_master"):
                real = kind == "table" and isinstance(page, int) and page > 0
                database.listed.setdefault(str(name).lower(), []).append(real)
            yield database
    except sqlite3.DataError:
        found = "a text of the database is too long"
        raise Refused("file.size", found, f"at most {_MAX_TEXT / 1e6:,.0f} MB") from None
    except (sqlite3.Error, UnicodeDecodeError):  # of a sentence of SQLite that repeats what is broken
        if database is not None and database.steps > _MAX_STEPS:
            raise Refused("file.size", "reading the database takes longer than that of any project") from None
        raise _refuse_damaged() from None


def _look(path: Path, wanted: str, found: str) -> None:
    """Refuse what is no file, too large, or something else than its reader wants."""
    try:
        if not path.is_file():
            raise _refuse_missing()
        size = path.stat().st_size
        with path.open("rb") as handle:
            kind = kind_of(handle.read(8_192))
    except OSError:
        remedy = "Close it in other programs, and check that it may be read."
        raise Refused(_UNREADABLE, "the file cannot be opened", "", remedy) from None
    if not size:
        raise Refused("file.empty", "the file is empty (0 bytes)")
    if size > MAX_PACKED:
        raise Refused("file.size", f"the file has {size / 1e6:,.0f} MB", f"at most {MAX_PACKED / 1e6:,.0f} MB")
    if kind != wanted:
        raise Refused("file.kind", found)


def _text(value: object) -> str:
    """Return what a cell says; SQLite stores any kind of value in any column."""
    if isinstance(value, bytes):
        raise Refused(_UNREADABLE, "a text of the database is stored as binary data", "", _SAVE_AGAIN)
    return "" if value is None else str(value)


def _whole(value: object) -> int | None:
    """Return a whole number; None for anything else."""
    return value if isinstance(value, int) else None


class _Guids:
    """Makes guids from what things are; the second of two equal ones gets another one."""

    def __init__(self) -> None:
        self.made: Counter[str] = Counter()

    def __call__(self, *parts: object) -> str:
        """Return the guid of something."""
        return self.once(guid(*parts))

    def once(self, one: str) -> str:
        """Return a guid, or another one where it was returned before."""
        self.made[one] += 1
        return one if self.made[one] == 1 else guid(one, self.made[one])


def _left_out(counted: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted((what, many) for what, many in counted.items() if many))


# Codes within codes


def _tree(
    codes: Mapping[Any, Code], parents: Mapping[Any, Any], counted: Counter[str], same: Callable[[Code], object]
) -> tuple[Code, ...]:
    """Put codes into each other.

    Parameters
    ----------
    codes : mapping
        Codes by key, in the order they come in.
    parents : mapping
        Key of the code that a code stands in; a code that is not in it, or whose parent is no code, stands at the top.
    counted : Counter
        Where codes in a circle are counted.
    same : callable
        What may not be the same in two codes.
    """
    if len({same(code) for code in codes.values()}) < len(codes):
        raise Refused(_UNREADABLE, "two codes have the same name, so codings cannot be told apart", "", _SAVE_AGAIN)
    above = {key: parents[key] for key in codes if parents.get(key) in codes}
    done: set[Any] = set()
    for start in codes:
        # As QualCoder does: the first code that is met a second time goes to the top.
        way: dict[Any, None] = {}
        key = start
        while key in above and key not in done:
            if key in way:
                del above[key]
                counted[_CIRCLE] += 1
                break
            way[key] = None
            key = above[key]
        done.update(way)
    inside: dict[Any, list[Any]] = {}
    for key in codes:
        inside.setdefault(above.get(key), []).append(key)
    levels = [inside.get(None, [])]
    while levels[-1]:
        if len(levels) > _MAX_DEPTH:
            raise Refused(_UNREADABLE, f"codes stand within codes more than {_MAX_DEPTH} deep")
        levels.append([child for key in levels[-1] for child in inside.get(key, ())])
    made: dict[Any, Code] = {}
    for level in reversed(levels):
        for key in level:
            made[key] = replace(codes[key], children=tuple(made[child] for child in inside.get(key, ())))
    return tuple(made[key] for key in levels[0])


# QualCoder

_QUALCODER = ("project", "source", "code_name", "code_text")


@dataclass(frozen=True)
class _Counting:
    """A way of counting the places of a text: one number for each of its characters, and one for its end."""

    places: Sequence[int]

    def span(self, start: int, end: int) -> tuple[int, int] | None:
        """Return a passage in code points; None where it begins or ends within a character, or not in the text."""
        found = []
        for number in (start, end):
            place = bisect_left(self.places, number)
            # A byte order mark has a place of its own, before the text.
            if place == len(self.places) or (self.places[place] != number and number != self.places[0] - 1):
                return None
            found.append(place)
        return found[0], found[1]


def _countings(raw: str) -> list[_Counting]:
    """Return how QualCoder may have counted a text, first as it counts what a person marks; one if all are the same.

    UTF-16 units with one for a line end (Qt), indices of the stored string (Python), and the two mixed.
    """
    mark = int(raw.startswith("\ufeff"))
    letters = np.frombuffer(refi.unify(raw[mark:]).encode("utf-32-le"), dtype="<u4")
    ends = np.array([len(one) for one in re.findall(r"\r\n|\r|\n", raw)], dtype=np.int64)
    if not (letters > 0xFFFF).any() and not (ends > 1).any():
        return [_Counting(range(mark, len(letters) + mark + 1))]
    made = []
    for wide, single in ((True, True), (False, False), (False, True), (True, False)):
        width = np.ones(len(letters), dtype=np.int64)
        if wide:
            width[letters > 0xFFFF] = 2
        if not single:
            width[letters == ord("\n")] = ends
        made.append(_Counting(np.concatenate(([0], np.cumsum(width))) + mark))
    return made


def _plain(words: str) -> str:
    r"""Return words with ``\n`` for every line end, also for those of Qt."""
    return refi.unify(words).replace(_PARAGRAPH, "\n")


def _placed(
    rows: Sequence[tuple[int | None, int | None, str]], raw: str, text: str, counted: Counter[str]
) -> list[tuple[int, int, str] | None]:
    """Return place and words of passages that QualCoder gives by two numbers and a quote; None for empty ones."""
    countings = _countings(raw)
    flat = text.replace(_PARAGRAPH, "\n")

    def fits(counting: _Counting, row: tuple[int | None, int | None, str]) -> tuple[int, int] | None:
        start, end, words = row
        span = None if start is None or end is None else counting.span(start, end)
        # Lengths first: what says that it spans a whole text is not copied for every row.
        return span if span and 0 < len(words) == span[1] - span[0] and flat[slice(*span)] == words else None

    if len(countings) > 1:
        # Where the words of a passage fit several ways, that of most others is taken.
        agreed = [sum(fits(one, row) is not None for row in rows) for one in countings]
        countings = [countings[place] for place in np.argsort([-number for number in agreed], kind="stable")]
    made: list[tuple[int, int, str] | None] = []
    for start, end, words in rows:
        if start is None or end is None or not 0 <= start <= end:
            # Only its words tell where it stands; without them, nothing does.
            counted[_NO_PLACE] += not words
            made.append((0, 0, words) if words else None)
            continue
        if start == end:
            counted[_EMPTY] += 1
            made.append(None)
            continue
        fitting = next(filter(None, (fits(one, (start, end, words)) for one in countings)), None)
        span = fitting or countings[0].span(start, end) or (start, end)
        counted[_COUNTED] += span != (start, end)
        made.append((*span, text[slice(*span)] if fitting else words))
    return made


def _date(value: object) -> str:
    """Return a date of QualCoder, which is in the coder's own time, as REFI-QDA writes one without a zone."""
    said = _QUALCODER_DATE.fullmatch(_text(value).strip())
    return f"{said[1]}T{said[2]}{said[3] or ''}" if said else ""


def _colour(value: object) -> str:
    said = _text(value).strip()
    return said if _COLOUR.fullmatch(said) else ""


def _qualcoder_codes(database: _Database, counted: Counter[str]) -> tuple[tuple[Code, ...], dict[int, Code]]:
    """Return the tree of categories and codes, and the codes by their number."""
    codes: dict[tuple[str, int], Code] = {}
    parents: dict[tuple[str, int], tuple[str, Any]] = {}
    categories = database.rows("code_cat", "catid name", "memo supercatid")
    for row in sorted(categories, key=lambda one: _whole(one["catid"]) or 0):
        key, name = ("category", _whole(row["catid"]) or 0), _text(row["name"])
        codes[key] = Code(guid("qualcoder", *key[:1], name), name, "", _text(row["memo"]), codable=False)
        parents[key] = ("category", row["supercatid"])
    rows = database.rows("code_name", "cid name", "memo catid color supercid")
    for row in sorted(rows, key=lambda one: _whole(one["cid"]) or 0):
        key, name = ("code", _whole(row["cid"]) or 0), _text(row["name"])
        codes[key] = Code(guid("qualcoder", *key[:1], name), name, _colour(row["color"]), _text(row["memo"]))
        parents[key] = ("category", row["catid"])
    for row in rows:
        # Since database v16 a code may stand in a code, which then counts instead of the category.
        if ("code", row["supercid"]) in codes:
            parents["code", _whole(row["cid"]) or 0] = ("code", row["supercid"])
    tree = _tree(codes, parents, counted, lambda code: (code.codable, code.name))
    return tree, {number: code for (kind, number), code in codes.items() if kind == "code"}


#: Folders of files that are no texts; a file that lies elsewhere has the name of the folder before its path.
_MEDIA = {"images": "picture", "audio": "audio", "video": "video"}


def _medium(row: Mapping[str, Any]) -> str:
    """Return the kind of a source without a text; empty for texts."""
    if row["fulltext"] is not None:
        return ""
    address = _text(row["mediapath"])
    return next((kind for name, kind in _MEDIA.items() if address.startswith((f"/{name}/", f"{name}:"))), "")


def read_qualcoder(path: Path) -> Project:
    """Read a project of QualCoder.

    Parameters
    ----------
    path : Path
        ``data.qda`` in the folder of the project.

    Returns
    -------
    Project
        Categories are codes that cannot be given to a passage; memos are descriptions, and an annotation is a passage
        without codings. Every owner of a coding is a user, who has no id, and no name where the owner has none.
        ``left_out`` counts what is not read, and the passages whose numbers were not those of characters.

    Raises
    ------
    Refused
        The file is no database, not that of a QualCoder project, too large, damaged, or still in use.

    Notes
    -----
    Of the ways in which QualCoder may have counted (see the head of this module), a passage is read in one in which its
    quote stands there: in that of most passages of the text, if there are several. If there is none, its numbers are
    read as those of most others, and its quote, which is then not what stands there, is its name.
    """
    with _opened(path) as database:
        if not set(_QUALCODER) <= set(database.listed):
            raise Refused("file.kind", "the database is not that of a QualCoder project")
        return _qualcoder(database, path)


def _qualcoder(database: _Database, path: Path) -> Project:
    counted: Counter[str] = Counter()
    about = database.rows("project", "databaseversion", "about memo date")
    codes, code_of = _qualcoder_codes(database, counted)
    rows = database.rows("source", "id name fulltext", "mediapath memo date")
    rows.sort(key=lambda one: _whole(one["id"]) or 0)
    given = _qualcoder_passages(database, {one["id"] for one in rows if not _medium(one)}, code_of, counted)
    # Areas of pictures and of pages of a PDF, whose text is a source; and spans of recordings.
    elsewhere = Counter(row["id"] for table in ("code_image", "code_av") for row in database.rows(table, "id"))
    for table, what in (("cases", "cases"), ("journal", "entries of journals"), ("attribute", "values of attributes")):
        counted[what] = database.count(table)
    owners = sorted({_text(one["owner"]).strip() for passages in given.values() for one in passages})
    users = {owner: User(guid("user", owner), owner) for owner in owners}
    made_guid, sources, media = _Guids(), [], []
    for row in rows:
        kind, many = _medium(row), elsewhere.pop(row["id"], 0)
        if kind:
            name = _text(row["name"])
            media.append(Media(kind, made_guid("qualcoder", kind, name), name, many))
        else:
            counted["coded areas of pages"] += many
            sources.append(_qualcoder_source(row, given.get(row["id"], ()), users, made_guid, counted))
    counted[_NO_TEXT] += sum(elsewhere.values())
    last = about[-1] if about else dict.fromkeys(("databaseversion", "about", "memo", "date"))
    tool, folder = _text(last["about"]).strip(), path.resolve().parent
    return Project(
        folder.stem if folder.suffix.lower() == ".qda" else path.stem,
        _origin(tool if _QUALCODER_VERSION.fullmatch(tool) else "QualCoder", last["databaseversion"]),
        tuple(users.values()),
        codes,
        sources=tuple(sources),
        description=_text(last["memo"]),
        created=_date(last["date"]),
        media=tuple(media),
        left_out=_left_out(counted),
    )


def _qualcoder_passages(
    database: _Database, texts: Collection[Any], code_of: Mapping[int, Code], counted: Counter[str]
) -> dict[Any, list[dict[str, Any]]]:
    """Return codings and annotations by the number of their text, with their code, which annotations do not have."""
    made: dict[Any, list[dict[str, Any]]] = {}
    coded = database.rows("code_text", "cid fid seltext pos0 pos1 owner", "ctid date memo important")
    for row in sorted(coded, key=lambda one: _whole(one["ctid"]) or 0):
        counted["marks of importance"] += row["important"] == 1
        if row["fid"] not in texts or row["cid"] not in code_of:
            counted[_NO_TEXT if row["fid"] not in texts else _NO_CODE] += 1
        else:
            made.setdefault(row["fid"], []).append({**row, "code": code_of[row["cid"]].guid})
    remarks = database.rows("annotation", "fid pos0 pos1 memo", "anid owner date")
    for row in sorted(remarks, key=lambda one: _whole(one["anid"]) or 0):
        if row["fid"] in texts and _text(row["memo"]):
            made.setdefault(row["fid"], []).append({**row, "seltext": "", "code": ""})
    return made


def _qualcoder_source(
    row: Mapping[str, Any],
    given: Sequence[Mapping[str, Any]],
    users: Mapping[str, User],
    made_guid: _Guids,
    counted: Counter[str],
) -> Source:
    name, raw = _text(row["name"]), _text(row["fulltext"])
    text = refi.unify(raw.removeprefix("\ufeff"))
    own = made_guid.once(refi.source_guid(name, text))
    said = [(_whole(one["pos0"]), _whole(one["pos1"]), _plain(_text(one["seltext"]))) for one in given]
    selections = []
    for one, place in zip(given, _placed(said, raw, text, counted), strict=True):
        if place is None:
            continue
        user, created = users[_text(one["owner"]).strip()].guid, _date(one["date"])
        what = (own, *place, one["code"], user)
        codings = (Coding(made_guid("qualcoder coding", *what), one["code"], user, created),) if one["code"] else ()
        selections.append(
            Selection(
                made_guid("qualcoder selection", *what),
                *place,
                refi.unify(_text(one["memo"])),
                codings,
                user=user,
                created=created,
            )
        )
    return Source(own, name, text, _text(row["memo"]), tuple(selections), created=_date(row["date"]))


def _origin(tool: str, number: object) -> str:
    """Return the tool and the version of its database, if it looks like one."""
    said = _text(number).strip()
    return f"{tool} (database {said})" if _DATABASE_VERSION.fullmatch(said) else tool


# Taguette

_TAGUETTE = ("projects", "documents", "tags", "highlights", "highlight_tags")

#: Counted in ``left_out``.
_EARLY = "highlights stored with words before them, which are not read"
#: Characters between these words and the highlight, which stand in the same part of a paragraph.
_PARAGRAPH_LENGTH = 10_000

#: What can stand behind a ``<`` in HTML; an end that never comes takes the rest of the text with it. Quotes hold a
#: ``>`` only behind a ``=``. All repetitions are possessive, so that no text takes more than one look at each sign.
_TAG = re.compile(
    r"""<(?:/?(?P<name>[a-zA-Z][^\t\n\f\r />]*+)(?:[^>=]++|=[\t\n\f\r ]*+(?:"[^"]*+"|'[^']*+'|(?!["'])))*+>
    |!--(?P<comment>) | [!?/](?P<other>) )""",
    re.VERBOSE,
)
_OPENS = re.compile("<[a-zA-Z/!?]")


def html_text(contents: str) -> str:
    r"""Return the text nodes of an HTML fragment, one behind the other.

    Parameters
    ----------
    contents : str
        A document or a snippet of Taguette.

    Returns
    -------
    str
        With entities decoded and ``\n`` as line ends; nothing is put between two paragraphs.

    Notes
    -----
    Own code, since the project has no HTML 5 parser and that of the standard library takes time in the square of the
    length of broken HTML. It follows the HTML standard's tokenizer for what bleach leaves: tags, text and entities.
    Not followed are texts of scripts and styles, which bleach takes out, and the moving of words that stand in a table
    outside its cells. Where a document has such, its passages do not hold their words, which is seen.
    """
    contents = refi.unify(contents).replace("\0", "")
    pieces, place = [], 0
    while True:
        found = _OPENS.search(contents, place)
        pieces.append(contents[place : found.start() if found else len(contents)])
        if not found:
            break
        tag = _TAG.match(contents, found.start())
        if tag is None:
            break
        if tag["name"]:
            place = tag.end()
            # The line end behind these is for the eyes of people who write HTML.
            if tag["name"].lower() in ("pre", "listing", "textarea") and contents.startswith("\n", place):
                place += 1
            continue
        end = ">" if tag["comment"] is None else "-->"
        place = contents.find(end, found.start() + 2) + len(end)
        if place < len(end):
            break
    return "".join(html.unescape(piece) if "&" in piece else piece for piece in pieces).replace("\r", "\n")


def _in_characters(text: str) -> Callable[[int], int]:
    """Return what turns an offset in bytes of UTF-8 into one in code points.

    Within a character it means its end; behind the text, it stays as far behind it.
    """
    letters = np.frombuffer(text.encode("utf-32-le"), dtype="<u4")
    width = 1 + (letters > 0x7F).astype(np.int64) + (letters > 0x7FF) + (letters > 0xFFFF)
    places = np.concatenate(([0], np.cumsum(width)))

    def turned(offset: int) -> int:
        return int(np.searchsorted(places, offset)) + max(0, offset - int(places[-1]) - 1)

    return turned


def _path(said: str) -> tuple[str, ...]:
    """Return the parts of a tag's path; a dot beside a blank or another dot is a dot."""
    parts = tuple(said.split("."))
    return parts if len(parts) < _MAX_DEPTH and all(one and one == one.strip() for one in parts) else (said,)


def _tags(
    paths: Iterable[tuple[Any, str, str, Any]], counted: Counter[str]
) -> tuple[tuple[Code, ...], dict[Any, Code]]:
    """Return tags within tags, and the tags by their number.

    Parameters
    ----------
    paths : iterable of tuple
        Number, path, description and number of the parent, if the database knows one.
    counted : Counter
        Where tags in a circle are counted.
    """
    tags = list(paths)
    at: dict[tuple[str, ...], Any] = {_path(path): number for number, path, _said, _parent in tags}
    codes: dict[Any, Code] = {}
    parents: dict[Any, Any] = {}
    known = {number for number, *_rest in tags}

    def put(key: Any, whole: str, parts: tuple[str, ...], said: str, codable: bool) -> None:
        codes[key] = Code(guid("taguette tag", whole), parts[-1], "", said, codable)
        if len(parts) > 1:
            above = parts[:-1]
            if above not in at:
                # Nothing is tagged with it, but its name stands in the names of others.
                at[above] = above
                put(above, ".".join(above), above, "", False)
            parents[key] = at[above]

    for number, path, said, parent in tags:
        put(number, path, _path(path), said, True)
        if parent is not None and parent in known:
            parents[number] = parent
    tree = _tree(codes, parents, counted, lambda code: code.guid)
    return tree, {number: codes[number] for number in known}


def read_taguette(path: Path) -> Project:
    """Read a project of Taguette.

    Parameters
    ----------
    path : Path
        The exported project (``.sqlite3``), or the database of a Taguette with one project only.

    Returns
    -------
    Project
        Without users, since nobody is recorded. A tag ``a.b`` is called ``b`` and stands in the tag ``a``, which cannot
        be given to a passage if it is no tag itself; since 2024 a tag may have a parent, which then counts. The text of
        a document is that of its HTML, with nothing between two paragraphs but the blanks that stand there.

    Raises
    ------
    Refused
        The file is no database, not that of Taguette, holds several projects, is too large, damaged, or still in use.
    """
    with _opened(path) as database:
        if not set(_TAGUETTE) <= set(database.listed):
            raise Refused("file.kind", "the database is not that of Taguette")
        return _taguette(database)


def _taguette(database: _Database) -> Project:
    projects = database.rows("projects", "id name", "description")
    if len(projects) != 1:
        found = f"the database holds {len(projects):,} projects" if projects else "the database holds no project"
        remedy = "In Taguette, open the project that is meant, and export it as a Taguette project (.sqlite3)."
        raise Refused("file.kind", found, "one project", remedy)
    counted: Counter[str] = Counter()
    rows = database.rows("tags", "id path", "description parent_id")
    rows.sort(key=lambda one: _whole(one["id"]) or 0)
    tags = [(one["id"], _text(one["path"]), _text(one["description"]), one["parent_id"]) for one in rows]
    codes, code_of = _tags(tags, counted)
    documents = database.rows("documents", "id name contents", "description")
    documents.sort(key=lambda one: _whole(one["id"]) or 0)
    given = _taguette_passages(database, {one["id"] for one in documents}, code_of, counted)
    made_guid = _Guids()
    sources = tuple(_taguette_source(one, given.get(one["id"], ()), made_guid, counted) for one in documents)
    version = database.rows("alembic_version", "version_num")
    return Project(
        _text(projects[0]["name"]),
        _origin("Taguette", version[-1]["version_num"] if version else ""),
        codes=codes,
        sources=sources,
        description=_text(projects[0]["description"]),
        left_out=_left_out(counted),
    )


def _taguette_passages(
    database: _Database, texts: Collection[Any], code_of: Mapping[Any, Code], counted: Counter[str]
) -> dict[Any, list[dict[str, Any]]]:
    """Return highlights by the number of their document, with the guids of their tags."""
    tagged: dict[Any, list[Any]] = {}
    for row in database.rows("highlight_tags", "highlight_id tag_id"):
        tagged.setdefault(row["highlight_id"], []).append(row["tag_id"])
    made: dict[Any, list[dict[str, Any]]] = {}
    highlights = database.rows("highlights", "id document_id start_offset end_offset snippet")
    for row in sorted(highlights, key=lambda one: _whole(one["id"]) or 0):
        numbers = sorted(tagged.get(row["id"], ()), key=lambda one: _whole(one) or 0)
        codes = [code_of[one].guid for one in numbers if one in code_of]
        if row["document_id"] in texts:
            made.setdefault(row["document_id"], []).append({**row, "codes": codes})
            counted[_NO_CODE] += len(numbers) - len(codes)
        else:
            counted[_NO_TEXT] += len(numbers)
    return made


def _begins_early(words: str, text: str, start: int, end: int) -> bool:
    """Say whether words are those at a place with words in front of them that stand not far before that place."""
    length = end - start
    if not 0 < length < len(words) or end > len(text) or not words.endswith(there := text[start:end]):
        return False
    first = words[:-length]
    return bool(there.strip()) and first in text[max(0, start - len(first) - _PARAGRAPH_LENGTH) : start]


def _taguette_source(
    row: Mapping[str, Any], given: Sequence[Mapping[str, Any]], made_guid: _Guids, counted: Counter[str]
) -> Source:
    name, text = _text(row["name"]), html_text(_text(row["contents"]))
    own, turned = made_guid.once(refi.source_guid(name, text)), _in_characters(text)
    selections = []
    for one in given:
        words = html_text(_text(one["snippet"]))
        start, end = _whole(one["start_offset"]), _whole(one["end_offset"])
        known = start is not None and end is not None and 0 <= start <= end
        if start == end and known:
            counted[_EMPTY] += 1
        elif known or words:
            # Without numbers, only the words tell where it stands.
            span = (turned(start or 0), turned(end or 0)) if known else (0, 0)
            if _begins_early(words, text, *span):
                counted[_EARLY] += 1
                words = text[slice(*span)]
            what = (own, *span, words)
            codings = tuple(Coding(made_guid("taguette coding", *what, code), code) for code in one["codes"])
            selections.append(Selection(made_guid("taguette selection", *what), *span, words, codings=codings))
        else:
            counted[_NO_PLACE] += 1
    return Source(own, name, text, _text(row["description"]), tuple(selections))


#: Columns of Taguette's table of highlights (``export.py``, ``highlights_csv()``), the same in all versions.
TAGUETTE_COLUMNS = ("id", "document", "tag", "content")


def is_taguette_table(columns: Collection[str]) -> bool:
    """Tell Taguette's table of highlights by its header.

    Parameters
    ----------
    columns : collection of str
        Header of a table, in whatever capitals.

    Returns
    -------
    bool
        Whether document, tag and content are there, and no places, which Taguette never exports.
    """
    named = {one.strip().casefold() for one in columns}
    return {"document", "tag", "content"} <= named and not named & {"start", "end", "quote"}


# Marks in the text itself

_NAME = r"[A-Za-z][A-Za-z0-9_.-]*"
_MARK = re.compile(
    rf"""---<<[ \t]*{_NAME}[ \t]*>>---(?P<section>) | ---(?:paragraph-break|<[A-Za-z0-9]?>)---(?P<old_section>)
    | \[\[[ \t]*{_NAME}[ \t]*[=:][ \t]*[A-Za-z0-9_.-]+[ \t]*\]\](?P<identifier>)
    | \[\[[ \t]*(?P<code>{_NAME}(?:>{_NAME})*)[ \t]*(?P<range>;[ \t]*[0-9]*[ \t]*-[ \t]*[0-9]*[ \t]*)?\]\]
    | \[\[[ \t]*{_NAME}(?:-?>{_NAME})*[ \t]*\|\|[^\[\]\n]*\]\](?P<value>)
    | <(?P<end>/?)(?P<tag>{_NAME})>
    | <{_NAME}[ \t]+[A-Za-z_:][\w:.-]*[ \t]*=(?P<attributes>)
    | &(?:lt|amp|\#91);(?P<entity>)""",
    re.VERBOSE,
)
_ENTITIES = {"&lt;": "<", "&amp;": "&", "&#91;": "["}
#: Lines of YAML: a key, something indented, an item, a remark, nothing.
_YAML = re.compile(r"[A-Za-z_][\w. -]*:(?: .*)?|[ \t].*|-(?: .*)?|#.*|")
#: What the fragments of YAML that ROCK knows begin with (``attributeContainers`` and others in ``R/opts.R``).
_ROCK_YAML = re.compile(r"(?:ROCK_\w+|metadata|attributes|codes|dct|section_breaks)[ \t]*:[ \t]*")

#: Counted in ``left_out``.
_IDENTIFIERS, _SECTIONS, _LINES = "identifiers", "section breaks", "lines of YAML"
_VALUES, _RANGES = "values and relations of codes", "ranges within a line, read as the whole line"
_WORDLESS = "codings of lines without words"


def _fragments(lines: Sequence[str]) -> set[int]:
    """Return which lines are YAML: at the top of the text, or where ROCK puts it. Other ``---`` are rules in a text."""
    found: set[int] = set()
    bars = [place for place, line in enumerate(lines) if line.rstrip() == "---"]
    place = 0
    while place + 1 < len(bars):
        first, last = bars[place], bars[place + 1]
        inside = [line for line in lines[first + 1 : last] if line.strip()]
        top = first == 0 and inside and all(map(_YAML.fullmatch, inside))
        if top or (inside and _ROCK_YAML.fullmatch(inside[0])):
            found.update(range(first, last + 1))
            place += 2
        else:
            place += 1
    return found


@dataclass
class _Marked:
    """A text on its way out of its marks."""

    counted: Counter[str] = field(default_factory=Counter)
    #: The text so far, line by line, and its length.
    lines: list[str] = field(default_factory=list)
    length: int = 0
    #: Tags that are open: for each name, where they begin and in which line.
    opened: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    passages: list[tuple[int, int, str]] = field(default_factory=list)
    #: Codes in the order they come in, with the code they stand in, and those given to a passage.
    parents: dict[str, str] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)

    def line(self, number: int, line: str) -> None:
        """Take the marks out of a line."""
        out: list[str] = []
        length = fixed = place = 0
        behind = False
        codes: dict[str, None] = {}

        def put(piece: str) -> None:
            nonlocal length, behind
            # A mark of ROCK between two blanks leaves one of them, and none at the beginning of the line.
            if behind and (not length or (length > fixed and out[-1][-1] in " \t")):
                piece = piece.lstrip(" \t")
            if piece:
                out.append(piece)
                length += len(piece)
                behind = False

        for mark in _MARK.finditer(line):
            put(line[place : mark.start()])
            place = mark.end()
            if mark["attributes"] is not None:
                raise Refused(_UNREADABLE, f"line {number}: a tag has attributes", "<CODE>words</CODE>", _LITERAL)
            if mark["entity"] is not None:
                put(_ENTITIES[mark[0]])
            elif mark["tag"]:
                self.tag(mark["tag"], bool(mark["end"]), self.length + length, number)
                # No blank that a passage holds is taken away.
                fixed, behind = length, False
            else:
                behind = True
                self.rock(mark, codes)
        put(line[place:])
        made = "".join(out)
        if behind:
            made = made[: max(fixed, len(made.rstrip(" \t")))]
        words = made.strip()
        if codes and not words:
            self.counted[_WORDLESS] += len(codes)
        start = self.length + len(made) - len(made.lstrip())
        for code in codes if words else ():
            self.passages.append((start, start + len(words), code))
            self.used.add(code)
        self.lines.append(made)
        self.length += len(made) + 1

    def rock(self, mark: re.Match[str], codes: dict[str, None]) -> None:
        """Take in a mark of ROCK."""
        if mark["code"]:
            *above, code = mark["code"].split(">")
            self.counted[_RANGES] += mark["range"] is not None
            for parent, child in zip(["", *above], [*above, code], strict=True):
                # What a code stands in is said once; afterwards, ROCK lets it be named alone.
                if not self.parents.get(child) and not self.within(parent, child):
                    self.parents[child] = parent
            codes[code] = None
        elif mark["identifier"] is not None:
            self.counted[_IDENTIFIERS] += 1
        elif mark["value"] is not None:
            self.counted[_VALUES] += 1
        else:
            self.counted[_SECTIONS] += 1

    def within(self, code: str, other: str) -> bool:
        """Say whether a code is another one, or stands in it."""
        depth = 0
        while code and code != other:
            code, depth = self.parents.get(code, ""), depth + 1
            if depth > _MAX_DEPTH:
                raise Refused(_UNREADABLE, f"codes stand within codes more than {_MAX_DEPTH} deep")
        return bool(code)

    def tag(self, name: str, ends: bool, place: int, number: int) -> None:
        """Open or close a tag; of two that are open, the last one is closed."""
        self.parents.setdefault(name, "")
        if not ends:
            self.opened.setdefault(name, []).append((place, number))
            return
        if not self.opened.get(name):
            raise Refused(_UNREADABLE, f"line {number}: a tag is closed that was not opened", "", _LITERAL)
        start, _line = self.opened[name].pop()
        self.used.add(name)
        if start == place:
            self.counted[_EMPTY] += 1
        else:
            self.passages.append((start, place, name))


_LITERAL = "Mend the tag; if it is none, write `&lt;` for `<`."


def read_markup(text: str, name: str) -> Project:
    """Read the text of one interview with its codes in it.

    Parameters
    ----------
    text : str
        The text. ``<CODE>words</CODE>`` codes words: the name is a letter of ASCII and then letters, digits and
        ``_ . -``; passages may hold, touch and cut each other, over any number of lines; an end belongs to the last
        beginning of that name. ``[[CODE]]`` codes its line (ROCK), without the blanks at its ends;
        ``[[parent>child]]`` gives the child. ``&lt;``, ``&amp;`` and ``&#91;`` stand for ``<``, ``&`` and ``[``; any
        other ``<``, ``&`` or ``[`` that begins no mark stands for itself.
    name : str
        Name of the interview.

    Returns
    -------
    Project
        One source, whose text has no marks; the blanks that a mark of ROCK had around it are those of one gap. Without
        users. ``left_out`` counts identifiers, section breaks, values of codes, and lines of YAML, which stand between
        two lines ``---`` at the top or where ROCK puts them.

    Raises
    ------
    Refused
        A tag is opened and not closed, closed and not opened, or has attributes; with the number of the line.
    """
    lines = refi.unify(text.removeprefix("\ufeff")).split("\n")
    marked = _Marked()
    yaml = _fragments(lines)
    marked.counted[_LINES] = len(yaml)
    for number, line in enumerate(lines, start=1):
        if number - 1 not in yaml:
            marked.line(number, line)
    left = [number for places in marked.opened.values() for _start, number in places]
    if left:
        raise Refused(_UNREADABLE, f"line {min(left)}: a tag is opened and not closed", "", _LITERAL)
    if sum(end - start for start, end, _code in marked.passages) > MAX_UNPACKED:
        found = "the passages hold more words than those of an interview"
        raise Refused("file.size", found, f"at most {MAX_UNPACKED / 1e6:,.0f} million characters")
    plain = "\n".join(marked.lines)
    codes = {one: Code(guid("markup code", one), one, codable=one in marked.used) for one in marked.parents}
    tree = _tree(codes, marked.parents, marked.counted, lambda code: code.name)
    made_guid = _Guids()
    own = made_guid.once(refi.source_guid(name, plain))
    selections = []
    for start, end, code in sorted(marked.passages):
        words = plain[start:end]
        coding = Coding(made_guid("markup coding", own, start, end, code), codes[code].guid)
        selections.append(
            Selection(made_guid("markup selection", own, start, end, code), start, end, words, codings=(coding,))
        )
    source = Source(own, name, plain, selections=tuple(selections))
    return Project(name, "marks in the text", codes=tree, sources=(source,), left_out=_left_out(marked.counted))


def _read_marked(path: Path) -> Project:
    from piloteval.intake.tabular import Unreadable, decode

    _look(path, "text", "the file is no plain text")
    if path.stat().st_size > _MAX_TEXT:
        found = f"the text has {path.stat().st_size / 1e6:,.0f} MB"
        raise Refused("file.size", found, f"at most {_MAX_TEXT / 1e6:,.0f} MB")
    try:
        text = decode(path)
    except Unreadable as fault:
        one = fault.problems[0]
        where = "" if one.row is None else f"line {one.row}: "
        raise Refused(one.rule, where + one.found) from None
    rule = damage(text)
    if rule:
        number = next((at for at, line in enumerate(text.split("\n"), start=1) if damage(line)), 1)
        raise Refused(rule, f"line {number}: {RULES[rule].meaning}")
    return read_markup(text, path.stem)


def read_coding_tool(path: Path) -> Project:
    """Read the file of a coding program, whichever it is.

    Parameters
    ----------
    path : Path
        A REFI-QDA project (.qdpx), a database of QualCoder or Taguette (.qda, .sqlite3, .sqlite, .db), the folder of a
        QualCoder project, or a text with marks (.txt, .md). The tables of a database say whose it is.

    Returns
    -------
    Project
        See :func:`piloteval.intake.refi.read_project`, whose places still have to be found out,
        :func:`read_qualcoder`, :func:`read_taguette` and :func:`read_markup`.

    Raises
    ------
    Refused
        No reader can read it.
    """
    if path.is_dir():
        path = path / "data.qda"
    suffix = path.suffix.lower()
    if suffix == ".qdpx":
        if not path.is_file():
            raise _refuse_missing()
        return refi.read_project(path)
    if suffix in MARKED:
        return _read_marked(path)
    if suffix not in DATABASES:
        expected = "one of " + ", ".join((".qdpx", *DATABASES, *MARKED))
        raise Refused("file.kind", "files with this ending are not read as codings", expected)
    with _opened(path) as database:
        if set(_QUALCODER) <= set(database.listed):
            return _qualcoder(database, path)
        if set(_TAGUETTE) <= set(database.listed):
            return _taguette(database)
        raise Refused("file.kind", "the database is that of neither QualCoder nor Taguette")
