"""REFI-QDA: projects go out and come back whole, other programs' places are understood or refused."""

from __future__ import annotations

import io
import re
import time
import zipfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import pandas as pd
import pyrefiqda.models.codebook as codebook_model
import pyrefiqda.models.project as project_model
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from piloteval.errors import ContractError
from piloteval.intake import refi
from piloteval.intake.guards import Refused
from piloteval.intake.refi import (
    READINGS,
    Case,
    Code,
    Coding,
    Note,
    Project,
    Reading,
    Selection,
    Source,
    User,
    Value,
    Variable,
    guid,
)
from piloteval.qualitative import exchange
from piloteval.qualitative.codebook import read_codebook
from pyrefiqda import RefiCodebook, RefiProject
from xsdata.formats.dataclass.parsers.config import ParserConfig
from xsdata_pydantic.bindings import XmlParser

ROOT = Path(__file__).resolve().parents[2]
FULL = settings.default.max_examples > 1000
LENIENT = {
    "deadline": None,
    "derandomize": not FULL,
    "database": None,
    "suppress_health_check": [HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
}
projects_tried = settings(max_examples=1000 if FULL else 60, **LENIENT)
repeated = settings(max_examples=1000 if FULL else 50, **LENIENT)
#: The parser that pyrefiqda makes anew for every file, which takes longer than reading the file.
THEIRS = XmlParser(config=ParserConfig(fail_on_unknown_attributes=True, fail_on_converter_warnings=True))

#: The official schema (Project.xsd of 18 March 2019, MIT licence), for the parts we write: attributes, those with a
#: star required, then elements in their sequence.
SCHEMA = {
    "Project": (
        "name* origin creatingUserGUID creationDateTime modifyingUserGUID modifiedDateTime basePath",
        "Users CodeBook Variables Cases Sources Notes Links Sets Graphs Description NoteRef",
    ),
    "Users": ("", "User"),
    "User": ("guid* name id", ""),
    "CodeBook": ("", "Codes"),
    "Codes": ("", "Code"),
    "Code": ("guid* name* isCodable* color", "Description NoteRef Code"),
    "Variables": ("", "Variable"),
    "Variable": ("guid* name* typeOfVariable*", "Description"),
    "Cases": ("", "Case"),
    "Case": ("guid* name", "Description CodeRef VariableValue SourceRef SelectionRef"),
    "VariableValue": (
        "",
        "VariableRef TextValue BooleanValue IntegerValue FloatValue DateValue DateTimeValue",
    ),
    "Sources": ("", "TextSource PictureSource PDFSource AudioSource VideoSource"),
    "TextSource": (
        "guid* name richTextPath plainTextPath creatingUser creationDateTime modifyingUser modifiedDateTime",
        "Description PlainTextContent PlainTextSelection Coding NoteRef VariableValue",
    ),
    "PlainTextSelection": (
        "guid* name startPosition* endPosition* creatingUser creationDateTime modifyingUser modifiedDateTime",
        "Description Coding NoteRef",
    ),
    "Coding": ("guid* creatingUser creationDateTime", "CodeRef NoteRef"),
    "Notes": ("", "Note"),
    **dict.fromkeys(("NoteRef", "CodeRef", "SourceRef", "SelectionRef", "VariableRef"), ("targetGUID*", "")),
}
SCHEMA["Note"] = SCHEMA["TextSource"]
TEXTUAL = {"Description", "PlainTextContent", *SCHEMA["VariableValue"][1].split()[1:]}
GUIDS = {"guid", "creatingUser", "creatingUserGUID", "targetGUID"}
GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def check_schema(element):
    """Check an element and all within against the schema: what is there, in which order, and what has to be."""
    tag = element.tag.rpartition("}")[2]
    if tag in TEXTUAL:
        assert not len(element) and not element.attrib
        return
    attributes, children = (one.split() for one in SCHEMA[tag])
    names = [one.rstrip("*") for one in attributes]
    assert list(element.attrib) == sorted(element.attrib, key=names.index), tag
    assert {one.rstrip("*") for one in attributes if one.endswith("*")} <= set(element.attrib), tag
    assert all(GUID.fullmatch(value) for name, value in element.attrib.items() if name in GUIDS), tag
    inside = [child.tag.rpartition("}")[2] for child in element]
    assert inside == sorted(inside, key=children.index), tag
    assert not (element.text or "").strip()
    once = {"Users", "CodeBook", "Variables", "Cases", "Sources", "Notes", "Description", "Codes", "VariableRef"}
    assert all(inside.count(one) <= 1 for one in once), tag
    if tag in ("Coding", "CodeBook", "VariableValue"):
        assert inside[0] == children[0] and inside.count(children[0]) == 1
    if tag in ("Users", "Codes", "Variables", "Cases", "Sources", "Notes"):
        assert inside, tag
    for child in element:
        check_schema(child)


def unpack(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def qde(data):
    return ElementTree.fromstring(unpack(data)["project.qde"])


def pack(path, **files):
    """Write a packed file; `__` in a name is a slash, `_` a dot."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), content)
    return path


def single(text):
    """Return a text with single line ends; by another way than the code does it."""
    return "\n".join(re.split("\r\n|\r|\n", text))


# Random projects

PIECES = (
    *"abc .,-äß",
    "\n",
    "\n\n",
    "\r\n",
    "\r",
    "\t",
    "😀",
    "👩‍👩‍👧",
    "e\u0301",
    "ộ",
    "שלום",
    "\u200f",
    "مرحبا",
    "<&>\"']]>",
    "\u2028",
    "\x85",
    "\u00a0",
    "Wort ",
)
#: One draw each, since a project has some fifty of them.
phrases = st.sampled_from(
    ("", " ", *PIECES, *map("".join, zip(PIECES, PIECES[7:] + PIECES[:7], PIECES[3:], strict=False)))
)
#: In a file, a text may have characters that XML cannot carry.
long_texts = st.lists(st.sampled_from((*PIECES, "\x07", "\x0c", "a\ufeff")), min_size=1, max_size=30).map("".join)
dates = st.sampled_from(("", exchange.DATE, "2026-02-28T23:59:59.25+01:00"))
VALUES = {
    "Text": phrases,
    "Integer": st.integers(-(10**9), 10**9).map(str),
    "Boolean": st.sampled_from(("true", "false")),
    "Float": st.sampled_from(("0.5", "-12", "3.25")),
    "Date": st.just("2026-01-31"),
    "DateTime": st.just(exchange.DATE),
}


@st.composite
def projects(draw):
    """Return a project in which everything is given at times: names twice, memos empty, codes within codes."""
    count = iter(range(10**6))

    def new(kind):
        return guid("test", kind, next(count))

    def some(values, most=3):
        return tuple(draw(st.lists(st.sampled_from(values), max_size=most, unique=True))) if values else ()

    def one_of(values):
        return draw(st.sampled_from(("", *values)))

    users = tuple(User(new("user"), draw(phrases), draw(phrases)) for _ in range(draw(st.integers(0, 2))))
    people = [one.guid for one in users]
    notes = tuple(
        Note(new("note"), draw(phrases), draw(phrases), draw(phrases), one_of(people), draw(dates))
        for _ in range(draw(st.integers(0, 2)))
    )
    memos = [one.guid for one in notes]
    names = st.sampled_from(("Angst", "Support", "😀", "", "a\nb", "<&\">'"))

    def codes(depth):
        return tuple(
            Code(
                new("code"),
                draw(names),
                draw(st.sampled_from(("", "#0072B2", "#abc"))),
                draw(phrases),
                draw(st.booleans()),
                some(memos, 1),
                codes(depth + 1) if depth < 2 else (),
            )
            for _ in range(draw(st.integers(0 if depth else 1, 2)))
        )

    book = codes(0) if draw(st.integers(0, 5)) else ()
    every = [code for code, _ in refi.walk(book)]
    codable = [code.guid for code in every if code.codable]
    variables = tuple(Variable(new("variable"), draw(phrases), kind, draw(phrases)) for kind in some(tuple(VALUES), 2))

    def values():
        return tuple(Value(one.guid, draw(VALUES[one.kind])) for one in some(variables, 2))

    def codings():
        return tuple(
            Coding(new("coding"), code, one_of(people), draw(dates), some(memos, 1)) for code in some(codable, 2)
        )

    def source():
        text = draw(long_texts)
        # A passage does not begin or end within CR LF: what that means is not said anywhere (see the test on it).
        places = [n for n in range(len(text) + 1) if text[n - 1 : n + 1] != "\r\n" or n == 0]
        spans = st.lists(st.sampled_from(places), min_size=2, max_size=2, unique=True).map(sorted)
        selections = tuple(
            Selection(
                new("selection"),
                *draw(spans),
                draw(phrases),
                draw(phrases),
                codings(),
                some(memos, 1),
                one_of(people),
                draw(dates),
            )
            for _ in range(draw(st.integers(0, 3)) if len(places) > 1 else 0)
        )
        return Source(
            new("source"),
            draw(phrases),
            text,
            draw(phrases),
            selections,
            codings(),
            some(memos, 1),
            values(),
            one_of(people),
            draw(dates),
        )

    sources = tuple(source() for _ in range(draw(st.integers(0, 2))))
    passages = [one.guid for of in sources for one in of.selections]
    cases = tuple(
        Case(
            new("case"),
            draw(phrases),
            draw(phrases),
            some([one.guid for one in every], 1),
            values(),
            some([one.guid for one in sources], 2),
            some(passages, 2),
        )
        for _ in range(draw(st.integers(0, 2)))
    )
    return Project(
        draw(phrases),
        draw(st.sampled_from((refi.ORIGIN, "NVivo 15", ""))),
        users,
        book,
        variables,
        cases,
        sources,
        notes,
        draw(phrases),
        some(memos, 1),
        one_of(people),
        draw(dates),
    )


def expected(value):
    """Return what has to come back: the same with single line ends, passages around the same words."""
    if isinstance(value, str):
        return single(value)
    if isinstance(value, tuple):
        return tuple(map(expected, value))
    if isinstance(value, Source):
        moved = tuple(
            replace(one, start=len(single(value.text[: one.start])), end=len(single(value.text[: one.end])))
            for one in value.selections
        )
        value = replace(value, selections=moved)
    if hasattr(value, "__dataclass_fields__"):
        return type(value)(*(expected(getattr(value, name)) for name in value.__dataclass_fields__))
    return value


def count(codes):
    return sum(1 + count(one.code if hasattr(one, "code") else one.children) for one in codes)


@given(project=projects())
@projects_tried
def test_a_project_comes_back_whole_and_others_can_read_it(project, tmp_path):
    path = tmp_path / "p.qdpx"
    data = refi.write_project(project, path)
    read = refi.read_project(path)
    assert read == expected(project)
    for before, after in zip(project.sources, read.sources, strict=True):
        for one, two in zip(before.selections, after.selections, strict=True):
            assert after.text[two.start : two.end] == single(before.text[one.start : one.end])
    # What was read and is written again is the same file.
    assert refi.write_project(read) == data
    check_schema(qde(data))
    theirs = THEIRS.from_bytes(unpack(data)["project.qde"], project_model.Project)
    listed = theirs.sources.text_source if theirs.sources else []
    assert len(theirs.users.user if theirs.users else ()) == len(project.users)
    assert count(theirs.code_book.codes.code if theirs.code_book else ()) == count(project.codes)
    assert len(theirs.variables.variable if theirs.variables else ()) == len(project.variables)
    assert len(theirs.cases.case if theirs.cases else ()) == len(project.cases)
    assert len(theirs.notes.note if theirs.notes else ()) == len(project.notes)
    assert len(listed) == len(project.sources)
    for source, theirs_of in zip(read.sources, listed, strict=True):
        place = RefiProject.resolve_source_path(theirs_of.plain_text_path, "")
        assert unpack(data)[str(place)].decode() == source.text
        assert [(one.start_position, one.end_position) for one in theirs_of.plain_text_selection] == [
            (one.start, one.end) for one in source.selections
        ]
        assert [[code.code_ref.target_guid for code in one.coding] for one in theirs_of.plain_text_selection] == [
            [code.code for code in one.codings] for one in source.selections
        ]
        assert [one.description or "" for one in theirs_of.plain_text_selection] == [
            one.description for one in source.selections
        ]


def test_the_schema_here_is_the_one_of_the_official_classes():
    pairs = {
        "Project": "ProjectType",
        "TextSource": "TextSourceType",
        "PlainTextSelection": "PlainTextSelectionType",
        **{name: f"{name}Type" for name in SCHEMA if name not in ("Project", "TextSource", "Note")},
    }
    for name, kind in pairs.items():
        model = getattr(project_model, kind, None)
        if model is None:
            continue
        fields = model.model_fields.items()
        found = {"Attribute": [], "Element": []}
        for of, one in fields:
            about = one.metadata[0] if isinstance(one.metadata, list) and one.metadata else one.json_schema_extra
            about = dict(getattr(one, "xsdata_metadata", None) or about)
            required = one.is_required() and about["type"] == "Attribute"
            found[about["type"]].append(about.get("name", of) + ("*" if required else ""))
        attributes, children = (part.split() for part in SCHEMA[name])
        assert sorted(found["Attribute"]) == sorted(attributes), name
        assert found["Element"] == children, name


def test_two_writings_are_the_same_bytes_without_a_clock(tmp_path, monkeypatch):
    project = some_project()
    first = refi.write_project(project)
    monkeypatch.setattr(time, "time", lambda: 2e9)
    assert refi.write_project(project, tmp_path / "deep" / "p.qdpx") == first
    assert (tmp_path / "deep" / "p.qdpx").read_bytes() == first
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        entries = archive.infolist()
    assert [one.filename for one in entries] == [
        "project.qde",
        *(f"sources/{one.guid}.txt" for one in (*project.sources, *project.notes)),
    ]
    assert {(one.date_time, one.compress_type, one.create_system) for one in entries} == {
        ((1980, 1, 1, 0, 0, 0), zipfile.ZIP_STORED, 3)
    }


def some_project(text="Ich hatte Angst.\nSehr.", spans=((4, 15), (17, 21)), **given):
    """Return a project with one source and one coded passage a span, each named by its words."""
    selections = tuple(
        Selection(
            guid("s", number),
            start,
            end,
            text[start:end],
            codings=(Coding(guid("k", number), guid("angst"), guid("user", "a"), exchange.DATE),),
            user=guid("user", "a"),
            created=exchange.DATE,
        )
        for number, (start, end) in enumerate(spans)
    )
    return Project(
        **{
            "name": "P",
            "users": (User(guid("user", "a"), "coder-a"),),
            "codes": (Code(guid("theme"), "Theme", codable=False, children=(Code(guid("angst"), "Fear", "#D55E00"),)),),
            "sources": (Source(guid("I1"), "I1", text, selections=selections),),
            "notes": (Note(guid("note"), "Memo", "Words."),),
            **given,
        }
    )


def test_passages_that_begin_or_end_within_cr_lf_keep_the_line_end(tmp_path):
    text = "ab\r\ncd\r\nef"
    project = some_project(text, ((3, 6), (0, 3), (3, 7), (7, 9), (4, 6)))
    refi.write_project(project, tmp_path / "p.qdpx")
    (source,) = refi.read_project(tmp_path / "p.qdpx").sources
    assert source.text == "ab\ncd\nef"
    assert [source.text[one.start : one.end] for one in source.selections] == ["\ncd", "ab\n", "\ncd\n", "\ne", "cd"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda p: replace(p, name="a\x07"), "XML cannot carry"),
        (lambda p: replace(p, users=(*p.users, *p.users)), "same guid"),
        (lambda p: replace(p, users=(User("7"),)), "not a UUID"),
        (lambda p: replace(p, users=()), "not listed"),
        (lambda p: replace(p, codes=()), "not in the codebook, or not codable"),
        (lambda p: replace(p, codes=(Code(guid("angst"), "Fear", codable=False),)), "not codable"),
        (lambda p: replace(p, codes=(replace(p.codes[0], colour="red"),)), "colour"),
        (lambda p: replace(p, created="2026-01-31"), "date"),
        (lambda p: replace(p, notes_on_it=(guid("no"),)), "note that is not there"),
        (lambda p: replace(p, cases=(Case(guid("c"), values=(Value(guid("no"), "x"),)),)), "of no variable"),
        (lambda p: replace(p, cases=(Case(guid("c"), sources=(guid("no"),)),)), "refers to sources"),
        (lambda p: replace(p, cases=(Case(guid("c"), codes=(guid("no"),)),)), "refers to codes"),
        (lambda p: replace(p, cases=(Case(guid("c"), selections=(guid("no"),)),)), "refers to selections"),
        (lambda p: replace(p, variables=(Variable(guid("v"), "v", "Colour"),)), "type the standard"),
        (
            lambda p: replace(
                p,
                variables=(Variable(guid("v"), "v", "Integer"),),
                cases=(Case(guid("c"), values=(Value(guid("v"), "many"),)),),
            ),
            "type of its variable",
        ),
        (lambda p: replace(p, notes=(Note(guid("n"), "n", "\ud83d"),)), "surrogate"),
        (lambda p: replace(p, notes=(Note(guid("n"), "n", "\ufeffa"),)), "byte order mark"),
        (lambda p: some_project("abc", ((2, 2),)), "empty or does not lie"),
        (lambda p: some_project("abc", ((1, 4),)), "empty or does not lie"),
        (lambda p: some_project("abc", ((-1, 2),)), "empty or does not lie"),
    ],
)
def test_a_project_that_contradicts_itself_is_not_written(change, says):
    with pytest.raises(ValueError, match=says):
        refi.write_project(change(some_project()))


# Codebooks


def test_a_codebook_comes_back_whole_and_others_can_read_it(tmp_path):
    codes = exchange.codes_of(read_codebook(ROOT / "config" / "codebook.yaml"))
    path = tmp_path / "c.qdc"
    data = refi.write_codebook(codes, path)
    assert refi.write_codebook(codes) == data == path.read_bytes()
    read = refi.read_codebook(path)
    assert read.codes == codes and read.left_out == () and read.origin == refi.ORIGIN
    theirs = RefiCodebook.load(path)
    assert isinstance(theirs, codebook_model.CodeBook)
    assert count(theirs.codes.code) == count(codes) > 60
    first = theirs.codes.code[0]
    assert (first.guid, first.is_codable, first.color) == (codes[0].guid, False, codes[0].colour)
    assert first.code[0].description == codes[0].children[0].description
    root = ElementTree.fromstring(data)
    assert root.tag == "{urn:QDA-XML:codebook:1.0}CodeBook"
    for element in root.iter("{urn:QDA-XML:codebook:1.0}Code"):
        assert list(element.attrib) == ["guid", "name", "isCodable", "color"]
        inside = [child.tag.rpartition("}")[2] for child in element]
        assert inside == sorted(inside, key=["Description", "Code"].index)


def test_what_a_codebook_cannot_carry_is_not_written():
    with pytest.raises(ValueError, match="at least one"):
        refi.write_codebook(())
    with pytest.raises(ValueError, match="notes"):
        refi.write_codebook((Code(guid("a"), "a", notes=(guid("n"),)),))
    with pytest.raises(ValueError, match="same guid"):
        refi.write_codebook((Code(guid("a"), "a", children=(Code(guid("a"), "b"),)),))


def test_a_codebook_of_another_program(tmp_path):
    path = tmp_path / "c.qdc"
    # A byte order mark, braces, capitals, an older namespace and a set, as programs write them.
    path.write_bytes(
        b"\xef\xbb\xbf"
        + b"""<?xml version="1.0" encoding="utf-8"?><CodeBook xmlns="urn:QDA-XML:codebook:1:0" origin="X"><Codes>
        <Code guid="{3C51EFBB-071F-43A7-9F32-228B89668E8D}" name="A" color="red"><Code name="B" isCodable="0"
        guid="4d62f0cc-182f-44b8-a043-339c90779e9e"/></Code></Codes><Sets><Set name="S"
        guid="4d62f0cc-182f-44b8-a043-339c90779e9f"/></Sets></CodeBook>"""
    )
    read = refi.read_codebook(path)
    (code,) = read.codes
    assert (code.guid, code.colour, code.codable) == ("3c51efbb-071f-43a7-9f32-228b89668e8d", "", True)
    assert not code.children[0].codable
    assert read.left_out == (("sets", 1),)


# Other programs: a file is written as a program writes it, and has to be understood

LINE_ENDS = {None: None, 0: "", 1: "\n", 2: "\r\n"}
TEXT = "Ich hatte Angst.\n\nDas 😀 war schwer.\nDie Kollegin half mir, e\u0301tait là.\n😀😀 Später ging es besser.\nSeitdem rede ich darüber.\n"
SPANS = [(TEXT.index(one), TEXT.index(one) + len(one)) for one in ("hatte Angst", "war schwer", "Die Kollegin half mir", "Später", "ging es besser")]  # fmt: skip


def numbers(text, span, reading, file_end):
    """Return how a program that counts in a way would number a span; by counting encoded text."""

    def number(place):
        before = text[:place].replace("\n", file_end if reading.line_end is None else LINE_ENDS[reading.line_end])
        size = len(before.encode("utf-16-le")) // 2 if reading.unit == refi.UTF16 else len(before)
        return size + reading.first

    return number(span[0]), number(span[1]) - reading.inclusive


def foreign(text, spans, reading, file_end="\n", names=None):
    """Return the passages and the text as a program's file would have them."""
    selections = [
        Selection(guid("s", n), *numbers(text, span, reading, file_end), names[n] if names else "")
        for n, span in enumerate(spans)
    ]
    return selections, text.replace("\n", file_end)


def found(result):
    return [(one.start, one.end) for one in result.selections]


@pytest.mark.parametrize("file_end", ["\n", "\r\n"])
@pytest.mark.parametrize("reading", READINGS, ids=str)
def test_every_way_of_counting_is_found_by_the_quotes(reading, file_end):
    selections, text = foreign(TEXT, SPANS, reading, file_end)
    quotes = {one.guid: TEXT[a:b] for one, (a, b) in zip(selections, SPANS, strict=True)}
    result = refi.repair(selections, text, stored=TEXT, origin="SomeTool 1", quotes=quotes)
    assert found(result) == SPANS
    assert (result.evidence, result.agreed, result.unchecked, result.cut) == ("quotes", len(SPANS), 0, 0)
    assert result.moved == sum(numbers(TEXT, span, reading, file_end) != span for span in SPANS)
    # The same by the names of the passages alone, whole or shortened as programs do it.
    whole = [TEXT[a:b] for a, b in SPANS]
    named, _ = foreign(TEXT, SPANS, reading, file_end, whole)
    assert found(refi.repair(named, text, stored=TEXT, origin="SomeTool 1")) == SPANS
    short = [f"{one[:9]}..." if len(one) > 12 else one for one in whole]
    named, _ = foreign(TEXT, SPANS, reading, file_end, short)
    assert found(refi.repair(named, text, stored=TEXT, origin="")) == SPANS


@given(data=st.data())
@repeated
def test_a_way_of_counting_is_found_or_refused_but_never_wrong(data):
    text = data.draw(st.lists(st.sampled_from(("a", "b", " ", "\n", "😀", "e\u0301", "ש", ".")), min_size=2, max_size=25).map("".join))  # fmt: skip
    places = st.lists(st.integers(0, len(text)), min_size=2, max_size=2, unique=True).map(sorted).map(tuple)
    spans = data.draw(st.lists(places, min_size=1, max_size=5))
    reading = data.draw(st.sampled_from(READINGS))
    if reading.line_end == 0:
        spans = [span for span in spans if text[span[0]] != "\n" and text[span[1] - 1] != "\n"]
    file_end = data.draw(st.sampled_from(("\n", "\r\n")))
    given_to = data.draw(st.sets(st.sampled_from(range(len(spans))))) if spans else set()
    origin = data.draw(st.sampled_from(("", "SomeTool")))
    selections, theirs = foreign(text, spans, reading, file_end)
    quotes = {selections[n].guid: text[slice(*spans[n])] for n in given_to}
    result = refi.repair(selections, theirs, stored=text, origin=origin, quotes=quotes)
    assert result.refused or found(result) == spans
    if not quotes and spans:
        assert result.refused


KNOWN = [
    ("NVivo 15.0 (Release)", Reading(refi.UTF16, None), "\r\n"),
    ("NVivo for Mac", Reading(refi.UTF16, None), "\n"),
    ("MAXQDA 24", Reading(refi.CODE_POINTS, None), "\r\n"),
    ("MAXQDA 24", Reading(refi.UTF16, None), "\r\n"),
    ("MAXQDA 24", Reading(), "\r\n"),
    ("ATLAS.ti 23.1", Reading(), "\r\n"),
    ("ATLAS.ti 23.1", Reading(refi.UTF16), "\r\n"),
    ("QualCoder 3.8.2", Reading(), "\n"),
    ("QualCoder 3.8.2", Reading(), "\r\n"),
    ("piloteval", Reading(), "\n"),
]


@pytest.mark.parametrize(("origin", "reading", "file_end"), KNOWN)
def test_a_program_that_is_named_is_believed_where_its_way_is_plain(origin, reading, file_end):
    text = TEXT.replace("😀", "")
    spans = [(text.index(TEXT[a:b]), text.index(TEXT[a:b]) + b - a) for a, b in SPANS]
    selections, theirs = foreign(text, spans, reading, file_end)
    result = refi.repair(selections, theirs, stored=text, origin=origin)
    assert found(result) == spans
    # Of MAXQDA it is not known how it counts line ends.
    assert result.evidence == ("program and words" if origin == "MAXQDA 24" else "program")
    assert result.unchecked == len(spans)


@pytest.mark.parametrize(("origin", "reading", "file_end"), KNOWN)
def test_with_an_emoji_whole_words_tell_in_which_of_its_ways_a_program_has_counted(origin, reading, file_end):
    selections, theirs = foreign(TEXT, SPANS, reading, file_end)
    result = refi.repair(selections, theirs, stored=TEXT, origin=origin)
    assert found(result) == SPANS
    assert result.evidence in ("program", "program and words")
    # With fewer passages behind the emoji, they do not.
    result = refi.repair(selections[:2], theirs, stored=TEXT, origin=origin)
    if origin[:5] in ("MAXQD", "ATLAS"):
        assert "in two ways" in result.refused and not result.selections


@pytest.mark.parametrize(
    ("origin", "reading", "says"),
    [
        ("", Reading(), "no words of its passages"),
        ("Quirkos 2", Reading(), "no words of its passages"),
        # Something between NVivo and us has changed the line ends: its numbers are not those of its file any more.
        ("NVivo 15", Reading(refi.UTF16, 2), "tear a word"),
        # ATLAS.ti after QualCoder: a character more after every line end.
        ("ATLAS.ti 23", Reading(refi.CODE_POINTS, 2), "in two ways|tear a word|outside"),
    ],
)
def test_what_cannot_be_known_is_refused_with_the_reason(origin, reading, says):
    selections, theirs = foreign(TEXT.replace("😀", "xx"), SPANS, reading)
    text = TEXT.replace("😀", "xx")
    spans = [(text.index(TEXT[a:b]), text.index(TEXT[a:b]) + b - a) for a, b in SPANS]
    selections, theirs = foreign(text, spans, reading)
    result = refi.repair(selections, theirs, stored=text, origin=origin)
    assert re.search(says, result.refused) and not result.selections
    assert not any(word in result.sentence for word in ("Angst", "Kollegin", "besser"))
    # A person may say how it was counted; that is checked too.
    told = refi.repair(selections, theirs, stored=text, origin=origin, reading=reading)
    assert found(told) == spans and told.evidence == "person"
    wrong = refi.repair(selections, theirs, stored=text, origin=origin, reading=replace(reading, first=1))
    assert wrong.cut == len(spans) or wrong.refused


def test_a_passage_outside_the_text_refuses_them_all():
    selections, text = foreign(TEXT, SPANS, Reading())
    outside = [*selections, Selection(guid("x"), 5, 10_000)]
    assert "within the text" in refi.repair(outside, text, origin="QualCoder").refused


def test_words_that_were_changed_are_refused():
    selections, text = foreign(TEXT, SPANS, Reading())
    assert "words were changed" in refi.repair(selections, text.replace("Angst", "Furcht"), stored=TEXT, origin="QualCoder").refused  # fmt: skip
    stale = [replace(one, name="was once here") for one in selections]
    refused = refi.repair(stale, text, stored=TEXT, origin="QualCoder").refused
    assert "5 of 5 passages do not hold the words" in refused
    # In a program whose passages people name, this is only told.
    mild = refi.repair(stale, text.replace("😀", ""), origin="ATLAS.ti")
    assert mild.misnamed == 5 or mild.refused
    assert "quotes that must be there" in refi.repair(selections, text, quotes={selections[0].guid: "other"}).refused


def test_names_of_a_few_passages_are_not_enough_against_the_program():
    text = "Da war ich wieder. Da war sonst niemand da. Da war wer krank.\n"
    spans = [(text.index(word), text.index(word) + len(word)) for word in ("wieder", "sonst", "niemand", "krank")]
    selections, theirs = foreign(text, spans, Reading(refi.UTF16))

    def named(*names):
        given = [replace(one, name=name) for one, name in zip(selections, names, strict=False)]
        return refi.repair([*given, *selections[len(given) :]], theirs, origin="NVivo")

    # The words that stand one place before: as if the first character had the number 1.
    before = [text[start - 1 : end - 1] for start, end in spans]
    assert "too few" in named(*before[:2]).refused
    assert found(named(*before[:3])) == [(start - 1, end - 1) for start, end in spans]
    # Most names are the coder's own: that one fits is chance.
    by_chance = named(before[0], "me", "first day", "nobody")
    assert found(by_chance) == spans
    assert (by_chance.evidence, by_chance.agreed, by_chance.misnamed, by_chance.unchecked) == ("program", 0, 3, 1)


def test_names_that_contradict_each_other_are_refused():
    selections, text = foreign(TEXT, SPANS, Reading(), names=[TEXT[a:b] for a, b in SPANS])
    late, _ = foreign(TEXT, SPANS, Reading(first=1), names=[TEXT[a:b] for a, b in SPANS])
    assert "different ways" in refi.repair([*selections[:3], *late[3:]], text, origin="SomeTool").refused


def test_spaces_that_a_program_changed_are_crossed():
    stored = "Ich hatte Angst.\n\nDas war schwer.\n"
    spans = [(4, 15), (18, 32)]
    for theirs in (stored + "\n", stored.rstrip(), stored.replace(" ", "\u00a0"), stored.replace("\n", "\n ")):
        places = [(theirs.index(w), theirs.index(w) + len(w)) for w in (re.sub(" ", theirs[3], stored[a:b]) for a, b in spans)]  # fmt: skip
        selections = [Selection(guid("s", n), *place) for n, place in enumerate(places)]
        result = refi.repair(selections, theirs, stored=stored, origin="QualCoder")
        assert found(result) == spans and result.blanks
        assert "changed by the program" in result.sentence


def test_passages_without_a_character_are_dropped_and_told():
    selections, text = foreign(TEXT, SPANS, Reading(), names=[TEXT[a:b] for a, b in SPANS])
    result = refi.repair([*selections, Selection(guid("x"), 9, 9)], text, origin="QualCoder")
    assert found(result) == SPANS and result.empty == 1
    assert "1 empty and dropped" in result.sentence


def test_the_stored_text_must_have_single_line_ends():
    with pytest.raises(ValueError, match="line ends"):
        refi.repair([], "a", stored="a\r\n")
    assert refi.repair([], "a", stored="a").sentence == "No passages."


NVIVO = """<?xml version="1.0" encoding="utf-8"?>
<Project name="Studie" origin="NVivo 15.0" creatingUserGUID="{3C51EFBB-071F-43A7-9F32-228B89668E80}" basePath=""
 creationDateTime="2026-06-11T16:24:07Z" xmlns="urn:QDA-XML:project:1.0"><Users>
<User guid="3C51EFBB-071F-43A7-9F32-228B89668E80" name="Erika Muster" id="EM"/></Users>
<CodeBook><Codes><Code guid="3C51EFBB-071F-43A7-9F32-228B89668E81" name="Theme" isCodable="true">
<Description>What it is</Description><Code guid="3c51efbb-071f-43a7-9f32-228b89668e82" name="Fear" isCodable="true"
 color="#D55E00"/><Code guid="3c51efbb-071f-43a7-9f32-228b89668e83" name="Fear" isCodable="true"/></Code></Codes></CodeBook>
<Variables><Variable guid="3c51efbb-071f-43a7-9f32-228b89668e84" name="Role" typeOfVariable="Text"/></Variables>
<Cases><Case guid="3c51efbb-071f-43a7-9f32-228b89668e85" name="P1"><VariableValue>
<VariableRef targetGUID="3C51EFBB-071F-43A7-9F32-228B89668E84"/><TextValue>peer</TextValue></VariableValue>
<SourceRef targetGUID="3c51efbb-071f-43a7-9f32-228b89668e86"/></Case></Cases>
<Sources><TextSource guid="3c51efbb-071f-43a7-9f32-228b89668e86" name="I1" plainTextPath="internal://ABC.txt"
 richTextPath="internal://abc.docx" creationDateTime="2026-06-11T16:24:07Z">
<PlainTextSelection guid="3c51efbb-071f-43a7-9f32-228b89668e87" name="" startPosition="{0}" endPosition="{1}"
 modifyingUser="3C51EFBB-071F-43A7-9F32-228B89668E80" modifiedDateTime="2026-06-12T16:24:07Z"><Description/>
<Coding guid="3c51efbb-071f-43a7-9f32-228b89668e88"><CodeRef targetGUID="{{3C51EFBB-071F-43A7-9F32-228B89668E82}}"/>
<CodeRef targetGUID="3c51efbb-071f-43a7-9f32-228b89668e81"/></Coding>
<Coding guid="3c51efbb-071f-43a7-9f32-228b89668e89"><CodeRef targetGUID="3c51efbb-071f-43a7-9f32-228b89668e85"/></Coding>
</PlainTextSelection></TextSource>
<TextSource guid="3c51efbb-071f-43a7-9f32-228b89668ea0" name="gone" plainTextPath="absolute:///etc/hostname"/>
<TextSource guid="3c51efbb-071f-43a7-9f32-228b89668ea1" name="inline"><PlainTextContent>Hier.</PlainTextContent></TextSource>
<PDFSource guid="3c51efbb-071f-43a7-9f32-228b89668ea2" name="Leaflet" path="internal://a.pdf"><PDFSelection
 guid="3c51efbb-071f-43a7-9f32-228b89668ea3" page="1" firstX="1" firstY="1" secondX="2" secondY="2"><Coding
 guid="3c51efbb-071f-43a7-9f32-228b89668ea4"><CodeRef targetGUID="3c51efbb-071f-43a7-9f32-228b89668e82"/></Coding>
</PDFSelection></PDFSource></Sources>
<Notes><Note guid="3c51efbb-071f-43a7-9f32-228b89668ea5" name="Memo" plainTextPath="internal://memo.txt"/></Notes>
<Links><Link guid="3c51efbb-071f-43a7-9f32-228b89668ea6"/></Links><Sets><Set name="S"
 guid="3c51efbb-071f-43a7-9f32-228b89668ea7"/></Sets></Project>"""


def test_a_project_as_nvivo_writes_it(tmp_path):
    text = "Ja 😀 ich\r\nhatte Angst."
    path = pack(
        tmp_path / "n.qdpx",
        project_qde=NVIVO.replace("{0}", "11").replace("{1}", "22").replace("{{", "{").replace("}}", "}"),
        Sources__abc_txt=b"\xef\xbb\xbf" + text.encode(),
        Sources__memo_txt="Ein Memo",
        Sources__abc_docx=b"no",
    )
    project = refi.read_project(path)
    assert project.user == project.users[0].guid == "3c51efbb-071f-43a7-9f32-228b89668e80"
    assert [(code.name, path) for code, path in refi.walk(project.codes)] == [
        ("Theme", ()),
        ("Fear", ("Theme",)),
        ("Fear", ("Theme",)),
    ]
    assert [one.text for one in project.sources] == [text, "Hier."]
    (selection,) = project.sources[0].selections
    assert [one.code[-2:] for one in selection.codings] == ["82", "81"]
    assert len({one.guid for one in selection.codings}) == 2
    assert (selection.user, selection.created) == (project.user, "2026-06-12T16:24:07Z")
    assert project.cases[0].values == (Value(project.variables[0].guid, "peer"),)
    assert project.cases[0].sources == (project.sources[0].guid,)
    assert project.notes[0].text == "Ein Memo"
    assert [(one.kind, one.codings) for one in project.media] == [("pdf", 1)]
    assert dict(project.left_out) == {
        "codings of what is no code of the codebook": 1,
        "texts that are not in the file": 1,
        "texts with formatting, of which the plain text is read": 1,
        "links": 1,
        "sets": 1,
    }
    stored = "Ja 😀 ich\nhatte Angst."
    assert refi.match(project, {"I1": stored}) == {project.sources[0].guid: "I1"}
    (result,) = came_back(project, {"I1": stored})
    assert "UTF-16" in result.sentence
    assert [stored[slice(*span)] for span in found(result)] == ["hatte Angst"]


def test_a_project_as_qualcoder_writes_it(tmp_path):
    # A mark at the beginning of both files, a user that is nobody, a line break within a name, notes with places.
    text = "Eins.\nZwei drei\nvier."
    xml = f"""<Project name="p" origin="QualCoder 3.8.2" xmlns="urn:QDA-XML:project:1.0"><Users/><CodeBook><Codes>
<Code guid="{guid(1)}" name="A" isCodable="true"/></Codes></CodeBook><Sources><TextSource guid="{guid(2)}" name="I1"
 plainTextPath="internal://t.txt" creatingUser=""><PlainTextSelection guid="{guid(3)}" startPosition="11" endPosition="20"
 name="drei
vier" creatingUser="" creationDateTime="2026-01-01T00:00:00Z"><Description>Memo</Description><Coding guid="{guid(4)}"
 creatingUser=""><CodeRef targetGUID="{guid(1)}"/></Coding></PlainTextSelection><VariableValue><VariableRef
 targetGUID=""/></VariableValue><NoteRef targetGUID="{guid(5)}"/></TextSource></Sources><Notes><Note guid="{guid(5)}">
<PlainTextContent>An annotation</PlainTextContent><PlainTextSelection guid="{guid(6)}" startPosition="1" endPosition="3"/>
</Note></Notes></Project>"""
    path = pack(tmp_path / "q.qdpx", project_qde=b"\xef\xbb\xbf" + xml.encode(), Sources__t_txt="\ufeff" + text)
    project = refi.read_project(path)
    (result,) = came_back(project, {"I1": text})
    assert found(result) == [(11, 20)] and result.agreed == 1 and result.moved == 0
    assert (result.selections[0].description, result.selections[0].codings[0].user) == ("Memo", "")
    assert ("places of notes", 1) in project.left_out


def test_texts_in_other_encodings_are_read_and_told(tmp_path):
    xml = f'<Project name="p" xmlns="urn:QDA-XML:project:1.0"><Sources><TextSource guid="{guid(1)}" plainTextPath="internal://t.txt"/></Sources></Project>'
    text = "Füße – là"
    for data, told in (
        (text.encode("windows-1252"), "texts read that are not in UTF-8, as the standard asks"),
        (b"\xff\xfe" + text.encode("utf-16-le"), "texts read that are not in UTF-8, as the standard asks"),
        (b"\xfe\xff" + text.encode("utf-16-be"), "texts read that are not in UTF-8, as the standard asks"),
        (b"F\x81\xfc", "texts in an unknown encoding"),
    ):
        project = refi.read_project(pack(tmp_path / "e.qdpx", project_qde=xml, sources__t_txt=data))
        assert [one.text for one in project.sources] == ([text] if "read" in told else [])
        assert dict(project.left_out) == {told: 1}


def test_texts_beside_the_file_are_read_only_from_the_folder_allowed(tmp_path):
    def of(address):
        xml = f'<Project name="p" basePath="/" xmlns="urn:QDA-XML:project:1.0"><Sources><TextSource guid="{guid(1)}" plainTextPath="{address}"/></Sources></Project>'
        return pack(tmp_path / "in" / "r.qdpx", project_qde=xml, sources__inner_txt="inner")

    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "be side.txt").write_text("beside")
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "in" / "link.txt").symlink_to(tmp_path / "secret.txt")
    path = of("relative:///be%20side.txt")
    assert not refi.read_project(path).sources
    assert refi.read_project(path, folder=path.parent).sources[0].text == "beside"
    assert refi.read_project(of("relative:///INNER.txt")).sources[0].text == "inner"
    assert refi.read_project(of("internal://sources/inner.txt")).sources[0].text == "inner"
    for address in (
        "relative://../secret.txt",
        "relative:///link.txt",
        "internal://../secret.txt",
        "internal://..%2Fsecret.txt",
        f"absolute://{tmp_path}/secret.txt",
        f"relative://{tmp_path}/secret.txt",
        "",
    ):
        assert not refi.read_project(of(address), folder=path.parent).sources, address


# Files that are no projects, or worse

PLAIN = '<Project name="p" xmlns="urn:QDA-XML:project:1.0"/>'


@pytest.mark.parametrize(
    ("files", "rule", "says"),
    [
        ({"project_qde": PLAIN, "..__a_txt": "x"}, "file.archive", "leads out"),
        ({"a_txt": "x"}, "file.kind", "no list"),
        ({"a_qde": PLAIN, "b_qde": PLAIN}, "file.kind", "several lists"),
        ({"project_qde": "<Project"}, "file.unreadable", "broken"),
        ({"project_qde": "<CodeBook/>"}, "file.kind", "not that of a project"),
        ({"project_qde": f'<!DOCTYPE Project [<!ENTITY a "b">]>{PLAIN}'}, "file.active", "entities"),
        ({"project_qde": f'<!DOCTYPE Project SYSTEM "file:///etc/passwd">{PLAIN}'}, "file.active", "document type"),
        ({"project_qde": "<Project>&a;</Project>"}, "file.unreadable", "broken"),
        ({"project_qde": PLAIN.replace("/>", ">" + " " * 3_000_000 + "</Project>")}, "file.archive", "100 times"),
        (
            {"project_qde": f"<Project><CodeBook><Codes>{'<Code>' * 60}{'</Code>' * 60}</Codes></CodeBook></Project>"},
            "file.unreadable",
            "deep",
        ),
        (
            {
                "project_qde": "<Project><CodeBook><Codes><Code guid='{0}'/><Code guid='{0}'/></Codes></CodeBook></Project>".format(
                    guid(1)
                )
            },
            "file.unreadable",
            "same guid",
        ),
        (
            {
                "project_qde": "<Project><Sources><TextSource><PlainTextContent>a</PlainTextContent>"
                '<PlainTextSelection startPosition="a" endPosition="2"/></TextSource></Sources></Project>'
            },
            "file.unreadable",
            "not a number",
        ),
    ],
)
def test_files_that_are_no_projects_are_refused(tmp_path, files, rule, says):
    with pytest.raises(Refused, match=says) as refused:
        refi.read_project(pack(tmp_path / "p.qdpx", **files))
    assert refused.value.finding.rule == rule


def test_files_that_are_not_packed_or_too_large_are_refused(tmp_path):
    path = tmp_path / "p.qdpx"
    for data in (b"", b"no zip", b"PK\x03\x04 and no more"):
        path.write_bytes(data)
        with pytest.raises(Refused):
            refi.read_project(path)
        with pytest.raises(Refused):
            refi.read_codebook(path)
    with path.open("wb") as handle:
        handle.truncate(100_000_001)
    for read in (refi.read_project, refi.read_codebook):
        with pytest.raises(Refused) as refused:
            read(path)
        assert refused.value.finding.rule == "file.size"
    path.write_text(PLAIN)
    with pytest.raises(Refused, match="no REFI-QDA codebook"):
        refi.read_codebook(path)


@given(data=st.data())
@repeated
def test_damaged_files_are_read_or_refused(data, tmp_path):
    whole = refi.write_project(some_project())
    place = data.draw(st.integers(0, len(whole) - 1))
    change = data.draw(st.binary(min_size=1, max_size=4))
    path = tmp_path / "d.qdpx"
    path.write_bytes(whole[:place] + change + whole[place + data.draw(st.integers(0, 4)) :])
    try:
        project = refi.read_project(path)
    except Refused:
        return
    came_back(project)


def came_back(project, texts=None):
    """Repair every source that belongs to a text; without texts, every source in its own."""
    belongs = refi.match(project, texts) if texts is not None else {one.guid: "" for one in project.sources}
    return [
        refi.repair(one.selections, one.text, stored=texts[belongs[one.guid]] if texts else None, origin=project.origin)
        for one in project.sources
        if one.guid in belongs
    ]


# For coders


def book(**codes):
    """Return a codebook of the study: `A_ONE="One"`; the letter before the line is the theme."""
    made = {
        code: SimpleNamespace(
            code=code, theme=code[0], name=name, definition=f"{name} is meant", include="", exclude="the other"
        )
        for code, name in codes.items()
    }
    return SimpleNamespace(themes={theme: f"Theme {theme}" for theme in dict.fromkeys(code[0] for code in codes)}, codes=made)  # fmt: skip


NAMES = {"A_FEAR": "Fear", "A_SHAME": "Shame", "B_HELP": "Help & hope"}
BOOK = book(**NAMES)
TEXTS = pd.DataFrame(
    {
        "interview": ["I02", "I01", "I03"],
        "language": ["de", "de", "fr"],
        "cohort": ["c1", "", "c2"],
        "text": ["Ich hatte Angst 😀.\nSehr große Angst.", "Sie half mir.", "J'avais peur.\fTrès."],
    }
)
SUGGESTIONS = pd.DataFrame(
    [
        ("I02", "A_FEAR", 24, 35, "angst", "große Angst", "no"),
        ("I02", "A_FEAR", 10, 15, "angst", "Angst", "no"),
        ("I02", "A_SHAME", 10, 15, "ang*", "Angst", "yes"),
        ("I03", "A_FEAR", 8, 18, "", "peur.\fTrès", "no"),
        ("I99", "A_FEAR", 8, 18, "", "not here", "no"),
    ],
    columns=["interview", "code", "start", "end", "cue", "quote", "negated"],
)


def test_the_project_for_a_coder(tmp_path):
    path = tmp_path / "coder.qdpx"
    data = exchange.export(TEXTS, BOOK, SUGGESTIONS, name="Pilot", coder="coder-a", description="Read the codebook.")
    assert data == exchange.export(TEXTS[::-1], BOOK, SUGGESTIONS[::-1], name="Pilot", coder="coder-a", description="Read the codebook.")  # fmt: skip
    path.write_bytes(data)
    check_schema(qde(data))
    theirs = RefiProject.load(path, extract_dir=str(tmp_path / "x"))
    assert [one.name for one in theirs.users.user] == ["coder-a", "dictionary"]
    project = refi.read_project(path)
    assert [one.name for one in project.sources] == ["I01", "I02", "I03"]
    assert [len(one.selections) for one in project.sources] == [0, 3, 1]
    assert {one.text for one in project.sources} == set(TEXTS["text"])
    repairs = came_back(project, dict(zip(TEXTS["interview"], TEXTS["text"], strict=True)))
    assert not any(one.refused or one.moved for one in repairs)
    known, unknown = refi.recognise(project.codes, NAMES)
    assert not unknown
    assert [
        [source.name, known[coding.code], source.text[one.start : one.end], one.description]
        for source in project.sources
        for one in source.selections
        for coding in one.codings
    ] == [
        ["I02", "A_FEAR", "Angst", "cue: angst"],
        ["I02", "A_SHAME", "Angst", "cue: ang*; negated"],
        ["I02", "A_FEAR", "große Angst", "cue: angst"],
        ["I03", "A_FEAR", "peur.\fTrès", ""],
    ]
    machine = next(one.guid for one in project.users if one.name == refi.DICTIONARY)
    assert {c.user for source in project.sources for one in source.selections for c in one.codings} == {machine}
    # What is missing is not said.
    bare = exchange.for_coders(TEXTS, BOOK, SUGGESTIONS.assign(cue=None, quote=float("nan"), negated=None), name="p")
    assert {one.description for source in bare.sources for one in source.selections} == {""}
    # QualCoder does not open a project with a passage that has no date, and drops a code that has a note.
    every = [one for source in project.sources for one in source.selections]
    assert all(one.created == exchange.DATE for one in every)
    assert not any(code.notes for code, _ in refi.walk(project.codes))
    assert [(code.codable, len(path)) for code, path in refi.walk(project.codes)] == [
        (False, 0), (True, 1), (True, 1), (False, 0), (True, 1),
    ]  # fmt: skip
    assert project.codes[0].children[0].description == "Fear is meant\nExclude: the other"


def test_only_what_is_given_is_said_of_interviews():
    facts = pd.DataFrame({"interview": ["I01", "I02"], "role": ["peer", None], "country": ["", float("nan")], "name": "X"})  # fmt: skip
    project = exchange.for_coders(TEXTS, BOOK, name="p", facts=facts)
    assert [one.name for one in project.variables] == ["role"]
    assert [[one.value for one in case.values] for case in project.cases] == [["peer"], [], []]
    project = exchange.for_coders(TEXTS, BOOK, name="p")
    assert [one.name for one in project.variables] == ["cohort", "language"]
    assert [[one.value for one in case.values] for case in project.cases] == [["de"], ["c1", "de"], ["c2", "fr"]]


def test_a_suggestion_that_does_not_stand_in_its_text_is_a_fault_of_the_program():
    for change in ({"quote": "Furcht"}, {"code": "Z_NONE"}, {"end": 400}, {"start": 35}):
        with pytest.raises(ContractError) as error:
            exchange.for_coders(TEXTS, BOOK, SUGGESTIONS.head(1).assign(**change), name="p")
        assert "Angst" not in str(error.value)
    with pytest.raises(ValueError, match="twice"):
        exchange.for_coders(pd.concat([TEXTS, TEXTS]), BOOK, name="p")
    with pytest.raises(ValueError, match="machine"):
        exchange.for_coders(TEXTS, BOOK, name="p", coder="Dictionary")
    with pytest.raises(ValueError, match="line ends"):
        exchange.for_coders(TEXTS.assign(text="a\r\n"), BOOK, name="p")


def test_codes_are_recognised_by_guid_id_and_name():
    codes = [
        Code(refi.code_guid("A_FEAR"), "renamed"),
        Code(guid(1), "a_shame"),
        Code(guid(2), "B_HELP: Hel"),
        Code(guid(3), "help  & HOPE"),
        Code(guid(4), "Fear of it"),
        Code(guid(5), "Theme", codable=False),
    ]
    found, unknown = refi.recognise(codes, NAMES)
    assert [found.get(one.guid) for one in codes] == ["A_FEAR", "A_SHAME", "B_HELP", "B_HELP", None, None]
    assert unknown == [guid(4)]
    # A name that two codes have tells neither.
    assert refi.recognise([Code(guid(1), "Other")], {"A_ONE": "Other", "B_TWO": "other"})[0] == {}


def test_a_second_coder_sees_no_coding(tmp_path):
    many = pd.concat([TEXTS.assign(interview=[f"{one}-{n}" for one in TEXTS["interview"]]) for n in range(10)])
    data, drawn = exchange.blind(many, BOOK, name="second", share=0.3, seed=7, coder="coder-b")
    (tmp_path / "b.qdpx").write_bytes(data)
    project = refi.read_project(tmp_path / "b.qdpx")
    assert [one.name for one in project.sources] == drawn == sorted(drawn)
    assert not any(one.selections or one.codings for one in project.sources)
    assert [one.name for one in project.users] == ["coder-b"]
    assert b"dictionary" not in data and b"cue" not in data
    check_schema(qde(data))
    theirs = RefiProject.load(tmp_path / "b.qdpx", extract_dir=str(tmp_path / "x"))
    assert len(theirs.sources.text_source) == len(drawn) == 9
    # Three of ten in French, six of twenty in German; the same whatever the order.
    assert sum(one.startswith("I03") for one in drawn) == 3
    assert exchange.draw(many[::-1], share=0.3, seed=7) == drawn
    assert exchange.draw(many, share=0.3, seed=8) != drawn
    assert len(exchange.draw(many, share=1 / 3, seed=7, stratum=None)) == 10
    # One that is withdrawn changes the draw by at most one.
    assert len(set(exchange.draw(many[many["interview"] != drawn[0]], share=0.3, seed=7)) - set(drawn)) <= 1
    # No stratum is left out, also not interviews without one.
    few = exchange.draw(TEXTS, share=0.1, seed=1, stratum="cohort")
    assert few == ["I01", "I02", "I03"]
    with pytest.raises(ValueError, match="share"):
        exchange.draw(TEXTS, share=0, seed=1)


def test_sources_are_matched_by_guid_name_or_words():
    texts = dict(zip(TEXTS["interview"], TEXTS["text"], strict=True))
    made = [
        Source(refi.source_guid("I01", texts["I01"]), "renamed", "x"),
        Source(guid(1), "i02.TXT", "x"),
        Source(guid(2), "other", texts["I03"].replace(" ", "\n")),
        Source(guid(3), "other", "other"),
    ]
    assert list(refi.match(Project("p", sources=tuple(made)), texts).values()) == ["I01", "I02", "I03"]
    same = {"I1": "same", "I2": "same"}
    assert refi.match(Project("p", sources=(Source(guid(1), "", "same"),)), same) == {}
