r"""REFI-QDA 1.5: projects (.qdpx) and codebooks (.qdc), in which coding programs hand their work to each other.

A project is written so that NVivo, ATLAS.ti, MAXQDA and QualCoder open it, and read from any of them. What a position
in a text means is where these programs differ; :func:`repair` finds out how a program has counted, or refuses.

Where a coded passage begins and ends
-------------------------------------
Section 10.2 of the standard says: "Selections in a text file are defined by the first and the last character (Unicode
codepoint) in the file. The first codepoint in the file has the number 0 (zero)." By the letter, ``endPosition`` is the
place of the last character and not the one behind it. The programs do not do that: QualCoder writes and reads
``text[start:end]``, and so do the open readers of what ATLAS.ti and NVivo write; only some small tools follow the
letter. We write the end exclusive, as the programs do: by the letter, every passage would be one character short in
them.

The standard says nothing on line ends. Known from the source of QualCoder and of other readers: files of NVivo have
CR LF, which counts two; files of ATLAS.ti may have CR LF and yet count one; QualCoder counts one whatever its file has,
and writes a byte order mark, which does not count. Of MAXQDA it is not sure: QualCoder reads its CR LF as two, and when
it writes for MAXQDA, counts one. NVivo counts UTF-16 units, so an emoji is two. The standard keeps no quote, but most
programs put the words of a passage, or their beginning, into its ``name``; we put all of them there.
"""

from __future__ import annotations

import hashlib
import io
import re
import uuid
import zipfile
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote
from xml.etree import ElementTree

import numpy as np

from piloteval.intake.guards import MAX_PACKED, Refused, kind_of, members

if TYPE_CHECKING:
    pass


#: What a project of ours says it was made with.
ORIGIN = "piloteval"

#: The user under whose name the suggestions of the dictionary stand. Never the first user of a project: QualCoder takes
#: the first one to be the person who sits in front of it, and the codings of a human would come back as suggestions.
DICTIONARY = "dictionary"
#: How the memo of a suggestion begins.
CUE = "cue: "

_PROJECT, _CODEBOOK = "urn:QDA-XML:project:1.0", "urn:QDA-XML:codebook:1.0"
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:piloteval:refi-qda")
#: Earliest date a zip archive can carry.
_EPOCH = (1980, 1, 1, 0, 0, 0)

_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_COLOUR = re.compile(r"#(?:[0-9A-Fa-f]{6}|[0-9A-Fa-f]{3})")
_DAY = r"-?\d{4,}-\d\d-\d\d"
_ZONE = r"(?:Z|[+-]\d\d:\d\d)?"
_DATE = re.compile(rf"{_DAY}T\d\d:\d\d:\d\d(?:\.\d+)?{_ZONE}")
#: What a value may be, by the type of its variable.
_VALUES = {
    "Text": re.compile(r".*", re.DOTALL),
    "Boolean": re.compile(r"true|false|0|1"),
    "Integer": re.compile(r"[+-]?\d+"),
    "Float": re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)"),
    "Date": re.compile(_DAY + _ZONE),
    "DateTime": _DATE,
}
#: Characters that XML 1.0 cannot carry, not even escaped.
ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LINE_END = re.compile(r"\r\n|\r|\n")

#: A project file of a thousand interviews has some 20 MB.
_MAX_XML = 64_000_000
#: Codes within codes within codes.
_MAX_DEPTH = 50


# What is in a project


@dataclass(frozen=True)
class User:
    """A coder."""

    guid: str
    name: str = ""
    id: str = ""


@dataclass(frozen=True)
class Code:
    """A code, or a theme: a code that holds others; ``notes`` are guids."""

    guid: str
    name: str
    colour: str = ""
    description: str = ""
    codable: bool = True
    notes: tuple[str, ...] = ()
    children: tuple[Code, ...] = ()


@dataclass(frozen=True)
class Variable:
    """What is known of cases; ``kind`` is Text, Boolean, Integer, Float, Date or DateTime."""

    guid: str
    name: str
    kind: str = "Text"
    description: str = ""


@dataclass(frozen=True)
class Value:
    """The value of a variable, as text."""

    variable: str
    value: str


@dataclass(frozen=True)
class Case:
    """A case: here, an interview; ``sources``, ``codes`` and ``selections`` are guids."""

    guid: str
    name: str = ""
    description: str = ""
    codes: tuple[str, ...] = ()
    values: tuple[Value, ...] = ()
    sources: tuple[str, ...] = ()
    selections: tuple[str, ...] = ()


@dataclass(frozen=True)
class Coding:
    """A code given to a passage, or to a whole source."""

    guid: str
    code: str
    user: str = ""
    created: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Selection:
    """A passage of a text and its codings; one without codings is a remark.

    In a project that is written, ``start`` and ``end`` are code points of the text, end exclusive; in one that was
    read, they are the numbers in the file until :func:`repair` has looked at them. ``description`` is the memo.
    """

    guid: str
    start: int
    end: int
    name: str = ""
    description: str = ""
    codings: tuple[Coding, ...] = ()
    notes: tuple[str, ...] = ()
    user: str = ""
    created: str = ""


@dataclass(frozen=True)
class Source:
    """A plain text; in one that was read the line ends are those of the file, and a byte order mark is taken off."""

    guid: str
    name: str
    text: str
    description: str = ""
    selections: tuple[Selection, ...] = ()
    codings: tuple[Coding, ...] = ()
    notes: tuple[str, ...] = ()
    values: tuple[Value, ...] = ()
    user: str = ""
    created: str = ""


@dataclass(frozen=True)
class Note:
    """A memo; what has it names it by its guid."""

    guid: str
    name: str
    text: str
    description: str = ""
    user: str = ""
    created: str = ""


@dataclass(frozen=True)
class Media:
    """A source that is no plain text: it is listed, and its passages are counted, not read."""

    kind: str
    guid: str
    name: str
    codings: int


@dataclass(frozen=True)
class Project:
    """A REFI-QDA project; ``notes_on_it`` are guids, ``left_out`` says what was in the file and is not in here."""

    name: str
    origin: str = ORIGIN
    users: tuple[User, ...] = ()
    codes: tuple[Code, ...] = ()
    variables: tuple[Variable, ...] = ()
    cases: tuple[Case, ...] = ()
    sources: tuple[Source, ...] = ()
    notes: tuple[Note, ...] = ()
    description: str = ""
    notes_on_it: tuple[str, ...] = ()
    user: str = ""
    created: str = ""
    media: tuple[Media, ...] = ()
    left_out: tuple[tuple[str, int], ...] = ()


def guid(*parts: object) -> str:
    """Return the identifier of something from what it is: the same content has the same one on every machine.

    Parameters
    ----------
    *parts : object
        A word for the kind of thing, then what tells it from others of its kind.

    Returns
    -------
    str
        UUID of version 5, in lower case.
    """
    return str(uuid.uuid5(_NAMESPACE, "\x1f".join(map(str, parts))))


def walk(codes: Iterable[Code], path: tuple[str, ...] = ()) -> Iterator[tuple[Code, tuple[str, ...]]]:
    """Yield every code with the names of the codes it stands in, outermost first."""
    for code in codes:
        yield code, path
        yield from walk(code.children, (*path, code.name))


def unify(text: str) -> str:
    r"""Return the text with ``\n`` for every line end."""
    return _LINE_END.sub("\n", text) if "\r" in text else text


# Writing


def _unify_source(source: Source) -> Source:
    r"""Write every line end as ``\n`` and move the passages with it; what begins or ends within CR LF keeps it."""
    if "\r" not in source.text:
        return source
    # Places of the LF of every CR LF, which are the places that vanish.
    seconds = np.array([at.end() - 1 for at in re.finditer("\r\n", source.text)], dtype=int)

    def moved(place: int, last: bool) -> int:
        gone = int(np.searchsorted(seconds, place))
        # A start between CR and LF takes in the line end too; an end there does so by itself.
        return place - gone - (not last and place in seconds)

    selections = tuple(
        replace(one, start=moved(one.start, False), end=moved(one.end, True)) for one in source.selections
    )
    return replace(source, text=unify(source.text), selections=selections)


def need(holds: object, sentence: str) -> None:
    """Raise ValueError with the sentence unless something holds."""
    if not holds:
        raise ValueError(sentence)


def _check_guids(project: Project) -> None:
    """Make sure that every guid is one, stands for one thing, and that what is referred to is there."""
    codes = [code for code, _ in walk(project.codes)]
    selections = [one for source in project.sources for one in source.selections]
    codings = [coding for source in project.sources for one in (source, *source.selections) for coding in one.codings]
    owners: list[tuple[Any, ...]] = [
        project.users,
        tuple(codes),
        project.variables,
        project.cases,
        project.sources,
        project.notes,
        tuple(selections),
        tuple(codings),
    ]
    every = [one.guid for group in owners for one in group]
    need(all(map(_GUID.fullmatch, every)), "a guid is not a UUID in lower case without braces")
    need(len(set(every)) == len(every), "two things of the project have the same guid")
    users, variables, sources, notes = (
        {one.guid for one in group} for group in (project.users, project.variables, project.sources, project.notes)
    )
    listed = {code.guid for code in codes}
    codable = {code.guid for code in codes if code.codable}
    need({one.code for one in codings} <= codable, "a coding is of a code that is not in the codebook, or not codable")
    signed: list[Any] = [project, *project.sources, *selections, *codings, *project.notes]
    need({one.user for one in signed} - {""} <= users, "something was made by a user who is not listed")
    dated = all(not one.created or _DATE.fullmatch(one.created) for one in signed)
    need(dated, "a date is not like 2026-01-31T12:00:00Z")
    noted: list[Any] = [*codes, *project.sources, *selections, *codings]
    references = {ref for one in noted for ref in one.notes} | set(project.notes_on_it)
    need(references <= notes, "something refers to a note that is not there")
    valued: list[Any] = [*project.cases, *project.sources]
    need({one.variable for v in valued for one in v.values} <= variables, "a value is of no variable")
    places = {one.guid for one in selections}
    for name, known in (("codes", listed), ("sources", sources), ("selections", places)):
        need(
            {ref for one in project.cases for ref in getattr(one, name)} <= known, f"a case refers to {name} not there"
        )


def _clean(text: str) -> str:
    need(not ILLEGAL.search(text), "a name, description or memo has a character that XML cannot carry")
    return unify(text)


def _put(parent: ElementTree.Element, tag: str, text: str | None = None, **attributes: object) -> ElementTree.Element:
    """Append an element; attributes come in the order given, and those that are None are left out."""
    given = {name: _clean(str(value)) for name, value in attributes.items() if value is not None}
    element = ElementTree.SubElement(parent, tag, given)
    if text is not None:
        element.text = _clean(text)
    return element


def _put_description(parent: ElementTree.Element, text: str) -> None:
    if text:
        _put(parent, "Description", text)


def _put_notes(parent: ElementTree.Element, notes: Iterable[str]) -> None:
    for one in notes:
        _put(parent, "NoteRef", targetGUID=one)


def _put_codes(parent: ElementTree.Element, codes: Iterable[Code]) -> None:
    for code in codes:
        need(not code.colour or _COLOUR.fullmatch(code.colour), "a colour is not like #0072B2")
        element = _put(
            parent,
            "Code",
            guid=code.guid,
            name=code.name,
            isCodable=str(code.codable).lower(),
            color=code.colour or None,
        )
        _put_description(element, code.description)
        _put_notes(element, code.notes)
        _put_codes(element, code.children)


def _put_codings(parent: ElementTree.Element, codings: Iterable[Coding]) -> None:
    for coding in codings:
        element = _put(
            parent,
            "Coding",
            guid=coding.guid,
            creatingUser=coding.user or None,
            creationDateTime=coding.created or None,
        )
        _put(element, "CodeRef", targetGUID=coding.code)
        _put_notes(element, coding.notes)


def _put_values(parent: ElementTree.Element, values: Iterable[Value], kinds: Mapping[str, str]) -> None:
    for one in values:
        kind = kinds[one.variable]
        need(_VALUES[kind].fullmatch(one.value), f"a value is not of the type of its variable, {kind}")
        element = _put(parent, "VariableValue")
        _put(element, "VariableRef", targetGUID=one.variable)
        _put(element, f"{kind}Value", one.value)


def _put_text(parent: ElementTree.Element, tag: str, one: Source | Note) -> ElementTree.Element:
    element = _put(
        parent,
        tag,
        guid=one.guid,
        name=one.name or None,
        plainTextPath=f"internal://{one.guid}.txt",
        creatingUser=one.user or None,
        creationDateTime=one.created or None,
    )
    _put_description(element, one.description)
    return element


def _put_source(parent: ElementTree.Element, source: Source, kinds: Mapping[str, str]) -> None:
    element = _put_text(parent, "TextSource", source)
    for one in source.selections:
        need(0 <= one.start < one.end <= len(source.text), "a passage is empty or does not lie in its text")
        selection = _put(
            element,
            "PlainTextSelection",
            guid=one.guid,
            name=one.name or None,
            startPosition=one.start,
            # Exclusive: see the head of this file.
            endPosition=one.end,
            creatingUser=one.user or None,
            creationDateTime=one.created or None,
        )
        _put_description(selection, one.description)
        _put_codings(selection, one.codings)
        _put_notes(selection, one.notes)
    _put_codings(element, source.codings)
    _put_notes(element, source.notes)
    _put_values(element, source.values, kinds)


def _group(parent: ElementTree.Element, tag: str, group: Sequence[object]) -> ElementTree.Element | None:
    """Append the element that holds a group; the schema allows none that is empty."""
    return _put(parent, tag) if group else None


def _build(project: Project) -> ElementTree.Element:
    """Return the element of a project, its parts in the order of the schema (all of them are sequences)."""
    # A library of the standard library cannot write a default namespace beside attributes without one; as an attribute
    # of its own, the declaration is the same XML.
    root = ElementTree.Element("Project", {"xmlns": _PROJECT})
    root.set("name", _clean(project.name))
    root.set("origin", _clean(project.origin))
    if project.user:
        root.set("creatingUserGUID", project.user)
    if project.created:
        root.set("creationDateTime", project.created)
    kinds = {one.guid: one.kind for one in project.variables}
    need(set(kinds.values()) <= set(_VALUES), "a variable has a type the standard does not know")
    if (users := _group(root, "Users", project.users)) is not None:
        for user in project.users:
            _put(users, "User", guid=user.guid, name=user.name or None, id=user.id or None)
    if (book := _group(root, "CodeBook", project.codes)) is not None:
        _put_codes(_put(book, "Codes"), project.codes)
    if (variables := _group(root, "Variables", project.variables)) is not None:
        for variable in project.variables:
            element = _put(variables, "Variable", guid=variable.guid, name=variable.name, typeOfVariable=variable.kind)
            _put_description(element, variable.description)
    if (cases := _group(root, "Cases", project.cases)) is not None:
        for case in project.cases:
            element = _put(cases, "Case", guid=case.guid, name=case.name or None)
            _put_description(element, case.description)
            for one in case.codes:
                _put(element, "CodeRef", targetGUID=one)
            _put_values(element, case.values, kinds)
            for tag, references in (("SourceRef", case.sources), ("SelectionRef", case.selections)):
                for one in references:
                    _put(element, tag, targetGUID=one)
    if (sources := _group(root, "Sources", project.sources)) is not None:
        for source in project.sources:
            _put_source(sources, source, kinds)
    if (notes := _group(root, "Notes", project.notes)) is not None:
        for note in project.notes:
            _put_text(notes, "Note", note)
    _put_description(root, project.description)
    _put_notes(root, project.notes_on_it)
    return root


def _xml(root: ElementTree.Element) -> bytes:
    ElementTree.indent(root, " ")
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, "unicode").encode() + b"\n"


def _utf8(text: str) -> bytes:
    # Whoever reads it would take the mark off, and count all places from the character behind it.
    need(not text.startswith("\ufeff"), "a text begins with a byte order mark")
    try:
        return unify(text).encode()
    except UnicodeEncodeError:
        raise ValueError("a text has half of a surrogate pair, which is no character") from None


def write_project(project: Project, path: Path | None = None) -> bytes:
    r"""Write a project in the REFI-QDA format.

    Parameters
    ----------
    project : Project
        Positions are code points of each source's text, end exclusive. Line ends become ``\n``, and the positions move
        with them. ``media`` and ``left_out`` are not written.
    path : Path, optional
        Where the file is put too.

    Returns
    -------
    bytes
        The .qdpx file; the same project gives the same bytes on every machine, at any time.

    Raises
    ------
    ValueError
        The project contradicts itself (a guid twice, a passage outside its text, a code that is not in the codebook),
        or holds what the format cannot carry.
    """
    project = replace(project, sources=tuple(map(_unify_source, project.sources)))
    _check_guids(project)
    texts = [(f"sources/{one.guid}.txt", _utf8(one.text)) for one in (*project.sources, *project.notes)]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in [("project.qde", _xml(_build(project))), *texts]:
            entry = zipfile.ZipInfo(name, _EPOCH)
            # Packed by another version of zlib, the same text is other bytes; so it is not packed at all.
            entry.compress_type, entry.create_system, entry.external_attr = zipfile.ZIP_STORED, 3, 0o600 << 16
            archive.writestr(entry, data)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(buffer.getvalue())
    return buffer.getvalue()


def write_codebook(codes: Sequence[Code], path: Path | None = None, *, origin: str = ORIGIN) -> bytes:
    """Write a codebook in the REFI-QDA format.

    Parameters
    ----------
    codes : sequence of Code
        Codes with the codes they hold; at least one, and none with notes, which a codebook cannot carry.
    path : Path, optional
        Where the file is put too.
    origin : str
        The program named as its maker.

    Returns
    -------
    bytes
        The .qdc file.

    Raises
    ------
    ValueError
        There is no code, a guid stands twice, or something the format cannot carry is there.
    """
    every = [code for code, _ in walk(codes)]
    need(every, "a codebook has at least one code")
    need(not any(code.notes for code in every), "a codebook cannot carry notes")
    _check_guids(Project("", codes=tuple(codes)))
    root = ElementTree.Element("CodeBook", {"xmlns": _CODEBOOK})
    root.set("origin", _clean(origin))
    _put_codes(_put(root, "Codes"), codes)
    data = _xml(root)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return data


# Reading

_UNREADABLE = "file.unreadable"


class _NoDoctype(ElementTree.TreeBuilder):
    """A builder that refuses document types, and with them all entities."""

    def doctype(self, _name: str, _public: str | None, _system: str | None) -> None:
        """Refuse."""
        raise Refused("file.active", "a part of the file declares a document type or entities")


def _parse(xml: bytes) -> ElementTree.Element:
    if len(xml) > _MAX_XML:
        found = f"the list of codings has {len(xml) / 1e6:,.0f} MB"
        raise Refused("file.size", found, f"at most {_MAX_XML / 1e6:,.0f} MB")
    try:
        return ElementTree.fromstring(xml, parser=ElementTree.XMLParser(target=_NoDoctype()))
    except (ElementTree.ParseError, ValueError, LookupError):
        raise Refused(_UNREADABLE, "the list of codings is broken XML") from None


def _tag(element: ElementTree.Element) -> str:
    """Return the name of an element without its namespace, which some programs write differently."""
    return element.tag.rpartition("}")[2]


def _all(parent: ElementTree.Element | None, tag: str) -> list[ElementTree.Element]:
    return [] if parent is None else [one for one in parent if _tag(one) == tag]


def _first(parent: ElementTree.Element, tag: str) -> ElementTree.Element | None:
    return next(iter(_all(parent, tag)), None)


def _said(parent: ElementTree.Element, tag: str = "Description") -> str:
    element = _first(parent, tag)
    return "" if element is None else element.text or ""


def _plain_guid(text: str | None) -> str:
    """Return a guid as we write it; programs also write it in capitals or in braces."""
    return (text or "").strip().strip("{}").lower()


def _refs(parent: ElementTree.Element, tag: str = "NoteRef") -> tuple[str, ...]:
    return tuple(_plain_guid(one.get("targetGUID")) for one in _all(parent, tag))


def _maker(element: ElementTree.Element) -> dict[str, str]:
    """Return who made something, and when; some programs only say who changed it last."""
    return {
        "user": _plain_guid(element.get("creatingUser") or element.get("modifyingUser")),
        "created": (element.get("creationDateTime") or element.get("modifiedDateTime") or "").strip(),
    }


def _number(element: ElementTree.Element, name: str) -> int:
    number = element.get(name, "").strip()
    if not re.fullmatch(r"[+-]?[0-9]{1,12}", number):
        raise Refused(_UNREADABLE, "a place in a text is not a number")
    return int(number)


def _decode(data: bytes) -> tuple[str, str]:
    """Return a text without its byte order mark, and its encoding; empty where it has none that is known."""
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if data.startswith(mark):
            attempts = [(data[len(mark) :], encoding)]
            break
    else:
        # The standard asks for UTF-8; ATLAS.ti is known to have written texts in the code page of Windows.
        attempts = [(data, "utf-8"), (data, "windows-1252")]
    for rest, encoding in attempts:
        try:
            return rest.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    return "", ""


class _Parts:
    """The packed files of a project, read when they are asked for; nothing is ever written to disk."""

    def __init__(self, path: Path, folder: Path | None) -> None:
        self.path, self.folder = path, folder
        size = path.stat().st_size
        if size > MAX_PACKED:
            raise Refused(
                "file.size",
                f"the file has {size / 1e6:,.0f} MB",
                f"at most {MAX_PACKED / 1e6:,.0f} MB",
                "Export the project without its recordings and pictures.",
            )
        with path.open("rb") as handle:
            kind = kind_of(handle.read(8_192))
        if kind != "zip":
            raise Refused("file.kind", "the file is no REFI-QDA project, which is a packed file")
        # Wants none of the packed files, and so only makes sure that the list of them may be read.
        members(path, ())
        with zipfile.ZipFile(path) as archive:
            self.names = [name for name in archive.namelist() if not name.endswith("/")]
        self.folded = {name.casefold(): name for name in self.names}
        self.texts: dict[str, bytes] = {}

    def project(self) -> bytes:
        """Return the list of codings: the standard calls it project.qde, some programs give it the project's name."""
        found = [name for name in self.names if name.casefold().endswith(".qde")]
        depth = min((name.count("/") for name in found), default=0)
        found = [name for name in found if name.count("/") == depth]
        if len(found) != 1:
            number = "several lists" if found else "no list"
            raise Refused("file.kind", f"the file holds {number} of codings (.qde)")
        return members(self.path, found)[found[0]]

    def _inside(self, address: str) -> str | None:
        """Return the packed file that an address names."""
        scheme, place = _split(address)
        for parts in _parts(place) if scheme in ("internal", "relative") else ():
            inner = "/".join(parts).casefold()
            for name in (f"sources/{inner}", inner):
                if name in self.folded:
                    return self.folded[name]
        return None

    def load(self, addresses: Iterable[str]) -> None:
        """Read the packed files that addresses name, all at once."""
        self.texts = members(self.path, {name for one in addresses if (name := self._inside(one))})

    def text(self, address: str) -> bytes | None:
        """Return a text by its address; None where it lies outside, is missing, or leads out of its folder.

        ``internal://`` is the folder of sources in the file, which NVivo and QualCoder write with a capital letter;
        ``relative://`` is looked for there too, and then in the folder the caller allows, if any. ``absolute://`` is a
        place on another machine and never followed.
        """
        inside = self._inside(address)
        if inside is not None:
            return self.texts[inside]
        scheme, place = _split(address)
        if scheme == "relative" and self.folder is not None:
            root = self.folder.resolve()
            for parts in _parts(place):
                file = root.joinpath(*parts).resolve()
                if file.is_relative_to(root) and file.is_file() and file.stat().st_size <= _MAX_XML:
                    return file.read_bytes()
        return None


def _split(address: str) -> tuple[str, str]:
    scheme, separator, place = address.partition("://")
    return (scheme, place) if separator else ("internal", address)


def _parts(place: str) -> Iterator[tuple[str, ...]]:
    """Yield the folders and the name in an address, as they stand and unquoted; none if it leads out of its folder."""
    for one in dict.fromkeys((place, unquote(place))):
        parts = PurePosixPath(one.replace("\\", "/").lstrip("/")).parts
        if parts and ".." not in parts:
            yield parts


class _Reader:
    """Turns the elements of a project into what we know of, and counts the rest."""

    def __init__(self, parts: _Parts | None = None) -> None:
        self.parts = parts
        self.left_out: Counter[str] = Counter()
        self.known: set[str] = set()

    def codes(self, parent: ElementTree.Element | None, depth: int = 0) -> tuple[Code, ...]:
        if depth > _MAX_DEPTH:
            raise Refused(_UNREADABLE, f"codes stand within codes more than {_MAX_DEPTH} deep")
        made = []
        for element in _all(parent, "Code"):
            identity = _plain_guid(element.get("guid")) or guid("code without a guid", len(self.known))
            if identity in self.known:
                raise Refused(_UNREADABLE, "two codes have the same guid, so codings cannot be told apart")
            self.known.add(identity)
            colour = (element.get("color") or "").strip()
            made.append(
                Code(
                    identity,
                    element.get("name") or "",
                    colour if _COLOUR.fullmatch(colour) else "",
                    _said(element),
                    # Required by the schema, yet some programs leave it out; then a code is one that can be used.
                    (element.get("isCodable") or "true").strip() not in ("false", "0"),
                    _refs(element),
                    self.codes(element, depth + 1),
                )
            )
        return tuple(made)

    def codings(self, parent: ElementTree.Element) -> tuple[Coding, ...]:
        made = []
        for element in _all(parent, "Coding"):
            # The schema has one code in a coding; some programs put several into one.
            for number, code in enumerate(_refs(element, "CodeRef")):
                if code not in self.known:
                    # NVivo codes passages to cases, too, which are no codes.
                    self.left_out["codings of what is no code of the codebook"] += 1
                    continue
                own = _plain_guid(element.get("guid"))
                if number or not own:
                    own = guid("coding", own, _plain_guid(parent.get("guid")), code, number)
                made.append(Coding(own, code, notes=_refs(element), **_maker(element)))
        return tuple(made)

    def values(self, parent: ElementTree.Element) -> tuple[Value, ...]:
        made = []
        for element in _all(parent, "VariableValue"):
            said = [one.text or "" for one in element if _tag(one).endswith("Value")]
            for variable in _refs(element, "VariableRef"):
                if said:
                    made.append(Value(variable, said[0]))
        return tuple(made)

    def text(self, element: ElementTree.Element) -> str | None:
        """Return the text of a source or note; None where the file does not hold it."""
        if element.get("richTextPath"):
            self.left_out["texts with formatting, of which the plain text is read"] += 1
        inline = _first(element, "PlainTextContent")
        if inline is not None:
            return (inline.text or "").removeprefix("\ufeff")
        data = self.parts.text(element.get("plainTextPath") or "") if self.parts else None
        if data is None:
            self.left_out["texts that are not in the file"] += 1
            return None
        text, encoding = _decode(data)
        if not encoding:
            self.left_out["texts in an unknown encoding"] += 1
            return None
        if encoding != "utf-8":
            self.left_out["texts read that are not in UTF-8, as the standard asks"] += 1
        return text

    def selections(self, parent: ElementTree.Element) -> tuple[Selection, ...]:
        return tuple(
            Selection(
                _plain_guid(one.get("guid")) or guid("selection", _plain_guid(parent.get("guid")), number),
                _number(one, "startPosition"),
                _number(one, "endPosition"),
                one.get("name") or "",
                _said(one),
                self.codings(one),
                _refs(one),
                **_maker(one),
            )
            for number, one in enumerate(_all(parent, "PlainTextSelection"))
        )

    def source(self, element: ElementTree.Element) -> Source | None:
        text = self.text(element)
        if text is None:
            self.left_out["codings of texts that could not be read"] += sum(
                _tag(one) == "Coding" for one in element.iter()
            )
            return None
        return Source(
            _plain_guid(element.get("guid")) or guid("source without a guid", element.get("name"), text),
            element.get("name") or "",
            text,
            _said(element),
            self.selections(element),
            self.codings(element),
            _refs(element),
            self.values(element),
            **_maker(element),
        )

    def media(self, element: ElementTree.Element) -> Media:
        inside = sum(_tag(one) == "Coding" for one in element.iter())
        kind = _tag(element).removesuffix("Source").lower()
        return Media(kind, _plain_guid(element.get("guid")), element.get("name") or "", inside)

    def notes(self, parent: ElementTree.Element | None) -> tuple[Note, ...]:
        made = []
        for element in _all(parent, "Note"):
            text = self.text(element)
            # QualCoder says in the note, and not in the text, to which words an annotation belongs.
            self.left_out["places of notes"] += len(_all(element, "PlainTextSelection"))
            if text is not None:
                identity, name = _plain_guid(element.get("guid")), element.get("name") or ""
                made.append(Note(identity, name, text, _said(element), **_maker(element)))
        return tuple(made)

    def project(self, root: ElementTree.Element) -> Project:
        users = tuple(
            User(_plain_guid(one.get("guid")), one.get("name") or "", one.get("id") or "")
            for one in _all(_first(root, "Users"), "User")
        )
        book = _first(root, "CodeBook")
        codes = self.codes(None if book is None else _first(book, "Codes"))
        variables = tuple(
            Variable(
                _plain_guid(one.get("guid")),
                one.get("name") or "",
                (one.get("typeOfVariable") or "Text").strip(),
                _said(one),
            )
            for one in _all(_first(root, "Variables"), "Variable")
        )
        cases = tuple(
            Case(
                _plain_guid(one.get("guid")),
                one.get("name") or "",
                _said(one),
                _refs(one, "CodeRef"),
                self.values(one),
                _refs(one, "SourceRef"),
                _refs(one, "SelectionRef"),
            )
            for one in _all(_first(root, "Cases"), "Case")
        )
        sources, media = [], []
        listed = _first(root, "Sources")
        for element in () if listed is None else listed:
            if _tag(element) != "TextSource":
                media.append(self.media(element))
            elif (source := self.source(element)) is not None:
                sources.append(source)
        for group, one in (("Sets", "Set"), ("Graphs", "Graph"), ("Links", "Link")):
            self.left_out[group.lower()] += len(_all(_first(root, group), one))
        notes = self.notes(_first(root, "Notes"))
        return Project(
            root.get("name") or "",
            root.get("origin") or "",
            users,
            codes,
            variables,
            cases,
            tuple(sources),
            notes,
            _said(root),
            _refs(root),
            _plain_guid(root.get("creatingUserGUID") or root.get("modifyingUserGUID")),
            (root.get("creationDateTime") or root.get("modifiedDateTime") or "").strip(),
            tuple(media),
            tuple(sorted((what, count) for what, count in self.left_out.items() if count)),
        )


def read_project(path: Path, *, folder: Path | None = None) -> Project:
    """Read a project of NVivo, ATLAS.ti, MAXQDA, QualCoder or ourselves.

    Parameters
    ----------
    path : Path
        The .qdpx file. It is opened with the limits of :mod:`piloteval.intake.guards` and never unpacked to disk.
    folder : Path, optional
        Where texts that the file names by ``relative://`` may be read from; without it, only from the file itself.

    Returns
    -------
    Project
        Texts with the line ends they have in the file, and positions as the file has them: see :func:`repair`.
        Sources that are no plain text are in ``media``; ``left_out`` counts what else was not read.

    Raises
    ------
    Refused
        The file is damaged, too large, no project, or built in a way no coding program builds it.
    """
    parts = _Parts(path, folder)
    root = _parse(parts.project())
    if _tag(root) != "Project":
        raise Refused("file.kind", "the list of codings in the file is not that of a project")
    parts.load(one.get("plainTextPath") or "" for one in root.iter())
    return _Reader(parts).project(root)


def read_codebook(path: Path) -> Project:
    """Read a codebook.

    Parameters
    ----------
    path : Path
        The .qdc file.

    Returns
    -------
    Project
        One with codes only; sets of codes are counted in ``left_out``.

    Raises
    ------
    Refused
        The file is too large, broken, or no codebook.
    """
    size = path.stat().st_size
    if size > _MAX_XML:
        raise Refused("file.size", f"the file has {size / 1e6:,.0f} MB", f"at most {_MAX_XML / 1e6:,.0f} MB")
    root = _parse(path.read_bytes())
    if _tag(root) != "CodeBook":
        raise Refused("file.kind", "the file is no REFI-QDA codebook")
    reader = _Reader()
    codes = reader.codes(_first(root, "Codes"))
    sets = len(_all(_first(root, "Sets"), "Set"))
    return Project("", root.get("origin") or "", codes=codes, left_out=(("sets", sets),) if sets else ())


# How a program has counted

CODE_POINTS, UTF16 = "code points", "UTF-16 units"


@dataclass(frozen=True)
class Reading:
    """A way of counting the places of a text.

    Attributes
    ----------
    unit : str
        ``code points`` or ``UTF-16 units``.
    line_end : int or None
        What a line end counts: 1, 2, 0, or (None) as many characters as it has in the file.
    first : int
        The number of the first character; 1 where a byte order mark is counted.
    inclusive : bool
        Whether the end is the place of the last character, as the standard has it, or the one behind it.
    """

    unit: str = CODE_POINTS
    line_end: int | None = 1
    first: int = 0
    inclusive: bool = False

    def __str__(self) -> str:
        ends = {None: "line ends as in the file", 0: "no place for a line end", 1: "one place for a line end"}
        return ", ".join(
            (
                self.unit,
                ends.get(self.line_end, "two places for a line end"),
                f"from {self.first}",
                "end inclusive" if self.inclusive else "end exclusive",
            )
        )


READINGS = tuple(
    Reading(unit, line_end, first, inclusive)
    for inclusive, first, unit, line_end in product((False, True), (0, 1), (CODE_POINTS, UTF16), (1, None, 2, 0))
)

#: How programs are known to count, by a word of their name, and whether a passage's name is all its words. Where more
#: than one way is given, it is not known which.
_PROGRAMS: tuple[tuple[str, tuple[Reading, ...], bool], ...] = (
    (ORIGIN, (Reading(),), True),
    ("qualcoder", (Reading(),), True),
    ("atlas", (Reading(), Reading(UTF16)), False),
    ("nvivo", (Reading(UTF16, None),), False),
    ("maxqda", tuple(Reading(unit, line_end) for line_end in (None, 1) for unit in (CODE_POINTS, UTF16)), False),
)

#: Passages on which two ways of counting must differ before whole words can tell between them; and the characters of
#: a name that is not taken to be words of the text by chance.
_FEWEST = 3


@dataclass(frozen=True)
class Repair:
    """What was found out about the passages of one source.

    Attributes
    ----------
    source : str
        Guid of the source.
    interview : str
        The stored text it belongs to, where one was given.
    selections : tuple of Selection
        The passages, in code points of the stored text, end exclusive; none if ``refused``.
    reading : Reading or None
        How the program has counted; None where there was nothing to find out.
    evidence : str
        What says so: ``quotes`` known from elsewhere, the ``names`` of passages, the ``program`` that is named,
        both where one of them leaves open what the other tells, ``program and words`` (of its possible ways the one
        that does not cut words), or a ``person``.
    moved : int
        Passages whose numbers are not those of the file.
    agreed, unchecked : int
        Passages whose words stand where they should, and those of which the file says no words.
    misnamed : int
        Passages whose name is found nowhere near, because a coder has given it another.
    cut : int
        Passages that begin or end within a word.
    empty : int
        Passages without a character, which are dropped.
    blanks : bool
        Whether the program has changed spaces or line ends of the text.
    refused : str
        Why nothing is returned; empty if something is.
    """

    source: str = ""
    interview: str = ""
    selections: tuple[Selection, ...] = ()
    reading: Reading | None = None
    evidence: str = ""
    moved: int = 0
    agreed: int = 0
    unchecked: int = 0
    misnamed: int = 0
    cut: int = 0
    empty: int = 0
    blanks: bool = False
    refused: str = ""

    @property
    def sentence(self) -> str:
        """What was done, for people; no word of the text and no name of a coder."""
        if self.refused:
            return f"Refused: {self.refused}."
        if self.reading is None:
            return "No passages."
        told = [
            f"Counted in {self.reading} (known from: {self.evidence})",
            f"{self.moved} of {len(self.selections)} passages moved",
        ]
        for number, what in (
            (self.agreed, "checked by their words"),
            (self.unchecked, "without words to check"),
            (self.misnamed, "with a name that is not their words"),
            (self.cut, "begin or end within a word"),
            (self.empty, "empty and dropped"),
        ):
            if number:
                told.append(f"{number} {what}")
        if self.blanks:
            told.append("spaces or line ends of the text were changed by the program")
        return "; ".join(told) + "."


def squash(text: str) -> str:
    """Return words with single spaces between them: XML turns a line break in an attribute into a space."""
    return " ".join(text.split())


def _is_said(name: str, words: str) -> int:
    """Say how well a name fits the words of a passage: 3 to the letter, 2 but for blanks, 1 their beginning, 0 not."""
    if name == words:
        return 3
    name, words = squash(name), squash(words)
    if name == words:
        return 2
    start = name.rstrip(".…")
    shortened = len(start) < len(name) or len(name) >= 20
    return int(shortened and len(start) >= _FEWEST and words.startswith(start))


def _places(text: str, reading: Reading) -> np.ndarray:
    """Return the number that each character of the text with single line ends has, and the one behind the last."""
    letters = np.frombuffer(unify(text).encode("utf-32-le", "surrogatepass"), dtype="<u4")
    width = np.ones(len(letters), dtype=np.int64)
    if reading.unit == UTF16:
        width[letters > 0xFFFF] = 2
    line_ends = letters == ord("\n")
    if reading.line_end is None:
        width[line_ends] = [len(one) for one in _LINE_END.findall(text)]
    else:
        width[line_ends] = reading.line_end
    return np.concatenate(([0], np.cumsum(width))) + reading.first


def _convert(text: str, spans: np.ndarray, reading: Reading) -> np.ndarray | None:
    """Return start and end of every span in code points; None if one lies outside the text or within a character."""
    places = _places(text, reading)
    starts, stops = spans[:, 0], spans[:, 1] + reading.inclusive
    # Where a line end counts nothing, a passage begins behind it and ends before it.
    first = np.searchsorted(places, starts, side="right") - 1
    behind = np.searchsorted(places, stops, side="left")
    inside = (first >= 0) & (behind < len(places))
    if not inside.all() or (places[first] != starts).any() or (places[behind] != stops).any():
        return None
    return np.stack((first, np.maximum(first, behind)), axis=1)


def _cuts(text: str, spans: Iterable[Sequence[int]]) -> tuple[np.ndarray, np.ndarray]:
    """Say which spans begin or end within a word, and which begin or end with a blank."""

    def within(place: int) -> bool:
        return 0 < place < len(text) and text[place - 1].isalnum() and text[place].isalnum()

    cut = [within(start) or within(end) for start, end in spans]
    blank = [end > start and (text[start].isspace() or text[end - 1].isspace()) for start, end in spans]
    return np.array(cut, dtype=bool), np.array(blank, dtype=bool)


def _bridge(text: str, stored: str) -> Callable[[int, int], tuple[int, int]] | None:
    """Return how a passage of the program's text stands in ours; None if the texts differ in more than blanks.

    Programs add a line end at the end, or turn a space of no break into another one. Between such texts a passage is
    told by its first and its last character that is not blank.
    """
    if text == stored:
        return lambda start, end: (start, end)
    if "".join(text.split()) != "".join(stored.split()):
        return None
    if text.rstrip() == stored.rstrip():
        return lambda start, end: (min(start, len(stored)), min(end, len(stored)))
    theirs, ours = (
        np.array([place for place, letter in enumerate(one) if not letter.isspace()]) for one in (text, stored)
    )

    def cross(start: int, end: int) -> tuple[int, int]:
        first, behind = np.searchsorted(theirs, (start, end))
        return (int(ours[first]), int(ours[behind - 1]) + 1) if behind > first else (0, 0)

    return cross


@dataclass
class _Way:
    """Readings that put all passages at the same places, and which of these are no whole words."""

    readings: list[Reading]
    spans: np.ndarray
    ragged: np.ndarray


def _ways(text: str, plain: str, spans: np.ndarray, order: Iterable[Reading]) -> list[_Way]:
    ways: dict[bytes, _Way] = {}
    for reading in order:
        found = _convert(text, spans, reading)
        if found is None:
            continue
        way = ways.get(found.tobytes())
        if way is None:
            cut, blank = _cuts(plain, found)
            ways[found.tobytes()] = _Way([reading], found, cut | blank)
        else:
            way.readings.append(reading)
    return list(ways.values())


def _beats(one: _Way, other: _Way) -> bool:
    """Say whether passages are whole words one way and torn the other, where the two ways differ."""
    differ = (one.spans != other.spans).any(axis=1)
    count = int(differ.sum())
    torn = other.ragged[differ].sum()
    return count >= _FEWEST and torn >= max(_FEWEST, count / 2) and one.ragged[differ].sum() <= count / 10


#: Programs whose name is told; what else a file says of its origin may be anything.
PROGRAMS = ("NVivo", "ATLAS.ti", "MAXQDA", "QualCoder", "Taguette", ORIGIN)


def program(origin: str) -> str:
    """Return the name of the program a file says it was made with, if it is one that is known, without its version."""
    said = origin.casefold()
    return next((name for name in PROGRAMS if name.casefold() in said), "")


def _program(origin: str) -> tuple[tuple[Reading, ...], bool]:
    said = origin.casefold()
    return next(((readings, quoted) for word, readings, quoted in _PROGRAMS if word in said), ((), False))


def repair(
    selections: Sequence[Selection],
    text: str,
    *,
    stored: str | None = None,
    origin: str = "",
    quotes: Mapping[str, str] | None = None,
    reading: Reading | None = None,
) -> Repair:
    r"""Find out how a program has counted the places of a text, so that all passages of the text agree, or refuse.

    Parameters
    ----------
    selections : sequence of Selection
        Passages with the numbers of the file.
    text : str
        The text of the file, with the line ends it has there.
    stored : str, optional
        The text the passages are wanted in, with ``\n`` as line ends; without it, ``text`` with such line ends.
    origin : str
        The program that wrote the file, as the file says.
    quotes : mapping of str to str, optional
        Words of passages by their guid, known for sure: those of our own suggestions, for instance.
    reading : Reading, optional
        How the program has counted, as a person says; it is checked, not searched.

    Returns
    -------
    Repair
        The passages moved to their places with all that was found out, or the reason why not.

    Notes
    -----
    Every known way of counting is tried on all passages. One that puts a passage outside the text or into a character
    is out; so is one that misses a quote. Names of passages count as quotes where they fit in at least one way, if most
    of them do. What is left decides only if it puts all passages at the same places. If it does not, the ways of the
    program that is named decide, and among several ways of it the one that keeps words whole. Without quotes, names or
    a known program, two ways (the standard's and the programs') fit nearly every text, and nothing is returned.
    """
    if stored is not None and "\r" in stored:
        raise ValueError("the stored text has other line ends than \\n")
    plain = unify(text)
    cross = _bridge(plain, plain if stored is None else stored)
    if cross is None:
        return Repair(refused="the text in the file is not the one that is stored; words were changed")
    blanks = stored is not None and plain != stored
    if not selections:
        return Repair(blanks=blanks)
    spans = np.array([(one.start, one.end) for one in selections], dtype=np.int64)
    try:
        way, evidence, named = _decide(selections, text, plain, spans, origin, quotes or {}, reading)
    except _Undecided as reason:
        return Repair(blanks=blanks, refused=str(reason))
    made, places, moved, agreed, unchecked, empty = [], [], 0, 0, 0, 0
    for number, (one, span) in enumerate(zip(selections, way.spans.tolist(), strict=True)):
        start, end = cross(*span)
        if end <= start:
            empty += 1
            continue
        made.append(replace(one, start=start, end=end))
        places.append((start, end))
        moved += (start, end) != (one.start, one.end)
        known = number in named or one.guid in (quotes or {})
        agreed += known
        unchecked += not known and len(squash(one.name)) < _FEWEST
    cut, _ = _cuts(plain if stored is None else stored, places)
    return Repair(
        selections=tuple(made),
        reading=way.readings[0],
        evidence=evidence,
        moved=moved,
        agreed=agreed,
        unchecked=unchecked,
        misnamed=len(made) - agreed - unchecked,
        cut=int(cut.sum()),
        empty=empty,
        blanks=blanks,
    )


class _Undecided(Exception):
    """Why no way of counting could be chosen."""


def _decide(
    selections: Sequence[Selection],
    text: str,
    plain: str,
    spans: np.ndarray,
    origin: str,
    quotes: Mapping[str, str],
    said: Reading | None,
) -> tuple[_Way, str, set[int]]:
    """Return the way of counting, what says so, and the passages whose names are their words."""
    known, quoted = _program(origin)
    ways = _ways(text, plain, spans, [said] if said else dict.fromkeys((*known, *READINGS)))
    if not ways:
        raise _Undecided("no known way of counting keeps every passage within the text")

    def words(way: _Way, number: int) -> str:
        start, end = way.spans[number]
        return plain[start:end]

    surely = {number: quotes[one.guid] for number, one in enumerate(selections) if one.guid in quotes}
    ways = [way for way in ways if all(_is_said(quote, words(way, n)) > 1 for n, quote in surely.items())]
    if not ways:
        raise _Undecided(f"no known way of counting finds all {len(surely)} quotes that must be there")
    names = {n: one.name for n, one in enumerate(selections) if len(squash(one.name)) >= _FEWEST and n not in surely}
    # How well each of them fits in each way. A name that fits in none is a name and not the words.
    fits = {n: [_is_said(name, words(way, n)) for way in ways] for n, name in (surely | names).items()}
    # A program that always notes all the words never notes their beginning only.
    best = {n: max(of) for n, of in fits.items() if max(of) > quoted}
    named = set(best) - set(surely)
    if said:
        return ways[0], "person", named
    if quoted and len(named) < len(names):
        wrong = len(names) - len(named)
        raise _Undecided(f"{wrong} of {len(names)} passages do not hold the words the program has noted for them")
    if not surely and 2 * len(named) < len(names):
        # Most names are the coder's own; that a few are words of the text, some way, may be by chance.
        best, named = {}, set()
    ways = [way for place, way in enumerate(ways) if all(fits[n][place] == fit for n, fit in best.items())]
    evidence = "quotes" if surely else "names" if named else ""
    if not ways:
        raise _Undecided("the names of the passages ask for different ways of counting")
    if not evidence or len(ways) > 1:
        return (*_by_program(ways, known, evidence, len(selections)), named)
    if not surely and len(named) < _FEWEST and not set(known).intersection(ways[0].readings) and known:
        raise _Undecided(f"the names of {len(named)} passages ask for another way than the program's, which is too few")
    return ways[0], evidence, named


def _by_program(ways: list[_Way], known: Collection[Reading], evidence: str, count: int) -> tuple[_Way, str]:
    """Choose among ways that fit all words there are by what is known of the program, or, if not enough, refuse."""
    if not known and evidence:
        raise _Undecided(
            "more than one way of counting fits the words that are known, and how the program counts is not"
        )
    if not known:
        raise _Undecided("the file holds no words of its passages, and how its program counts is not known")
    own = [way for way in ways if not set(known).isdisjoint(way.readings)]
    if not own and evidence:
        raise _Undecided("the words that are known ask for another way than the program's, and several others fit")
    if not own:
        raise _Undecided("counted as the program counts, a passage lies outside the text")
    if len(own) > 1:
        own = [way for way in own if all(_beats(way, other) for other in own if other is not way)]
        if not own:
            raise _Undecided("the program may have counted in two ways, and the passages do not tell in which")
        return own[0], "program and words"
    way = own[0]
    better = next((other for other in ways if _beats(other, way)), None)
    if better and not evidence:
        raise _Undecided(
            f"counted as the program counts, {int(way.ragged.sum())} of {count} passages tear a word or take in a "
            f"blank; counted in {better.readings[0]}, {int(better.ragged.sum())} do"
        )
    return way, " and ".join(filter(None, (evidence, "program")))


def match(project: Project, texts: Mapping[str, str]) -> dict[str, str]:
    """Find the stored text of every source.

    Parameters
    ----------
    project : Project
        A project that was read.
    texts : mapping of str to str
        Stored text by interview.

    Returns
    -------
    dict of str to str
        Interview by guid of the source: by our own guid, else by a name that is the interview's (with or without the
        ending of a file), else by words that are those of one interview only. Sources that match none are left out.
    """
    own = {source_guid(interview, text): interview for interview, text in texts.items()}
    called = {interview.casefold(): interview for interview in texts}
    worded: dict[str, list[str]] = {}
    for interview, text in texts.items():
        worded.setdefault("".join(text.split()), []).append(interview)
    found = {}
    for one in project.sources:
        name = one.name.strip().casefold()
        candidates = [own.get(one.guid), called.get(name), called.get(PurePosixPath(name).stem)]
        interview = next(filter(None, candidates), None)
        same = worded.get("".join(one.text.split()), [])
        if interview is None and len(same) == 1:
            interview = same[0]
        if interview is not None:
            found[one.guid] = interview
    return found


# Codes and texts of the study


def code_guid(code: str) -> str:
    """Return the guid of a code of the study's codebook; it stays when its name or definition changes."""
    return guid("code", code)


def source_guid(interview: str, text: str) -> str:
    """Return the guid of an interview's text; another text has another one."""
    return guid("source", interview, hashlib.sha256(text.encode()).hexdigest())


def recognise(codes: Iterable[Code], names: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Find the codes of the study's codebook in one that was read.

    Parameters
    ----------
    codes : iterable of Code
        Codes that were read.
    names : mapping of str to str
        The codes of the study with their names.

    Returns
    -------
    found : dict of str to str
        Code of the study by guid: by our own guid, else by the id that the name is or begins with, else by a name that
        only one code has, whatever its capitals.
    unknown : list of str
        Guids of the codes that can be given to a passage and are none of the study's.
    """
    own = {code_guid(code): code for code in names}
    ids = {code.casefold(): code for code in names}
    count = Counter(squash(name).casefold() for name in names.values())
    called = {squash(name).casefold(): code for code, name in names.items()}
    found, unknown = {}, []
    for code, _ in walk(codes):
        name = squash(code.name).casefold()
        first = name.partition(" ")[0].rstrip(":.,;-–·")
        known = own.get(code.guid) or ids.get(first) or (called.get(name) if count[name] == 1 else None)
        if known:
            found[code.guid] = known
        elif code.codable:
            unknown.append(code.guid)
    return found, unknown
