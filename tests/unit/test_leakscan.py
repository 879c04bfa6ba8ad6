"""The leak scanner finds what is hidden in any container and form, reports no clean twin, and never says the text."""

import base64
import bz2
import gzip
import html
import io
import json
import lzma
import pickle
import re
import secrets
import sqlite3
import struct
import unicodedata
import urllib.parse
import zipfile
import zlib

import pytest
from piloteval import leakscan
from piloteval.leakscan import FORMS, Leak, Needle, files_to_scan, fold, look, scan

NAME = "Želmíra Hrubešová"
#: Of the same length and letters of the same kinds, so that only the words differ.
TWIN = "Židmona Drubežovú"
KEY = bytes((7 * place + 129) % 256 for place in range(32))
OTHER_KEY = bytes((11 * place + 3) % 256 for place in range(32))
NEEDLES = [Needle(NAME, "name"), Needle("ZZ7-93", "participant id"), Needle(KEY, "key")]


def plain(text):
    return "".join(sign for sign in unicodedata.normalize("NFD", text) if not unicodedata.combining(sign))


def encoded(prefix):
    return lambda text: "x " + base64.b64encode(f"{prefix}{text} was here".encode()).decode() + " y"


#: Forms of a text; each gives what stands in a text file.
TEXTS = {
    "as it is": str,
    "capitals": str.upper,
    "small": str.lower,
    "without accents": plain,
    "decomposed": lambda text: unicodedata.normalize("NFD", text),
    "typeset": lambda text: text.replace(" ", "\u00a0"),
    "broken line": lambda text: text.replace(" ", "\n   "),
    "numeric entities": lambda text: "".join(f"&#{ord(sign)};" for sign in text),
    "hexadecimal entities": lambda text: "".join(f"&#x{ord(sign):X};" for sign in text),
    "named entities": lambda text: text.translate(
        {ord(sign): f"&{name.rstrip(';')};" for name, sign in html.entities.html5.items() if len(sign) == 1 and ord(sign) > 127}
    ),
    "entities twice": lambda text: html.escape("".join(f"&#{ord(sign)};" for sign in text)),
    "URL": lambda text: f"https://pilot.example/find?q={urllib.parse.quote(text)}&page=2",
    "URL with plus": lambda text: f"https://pilot.example/find?q={urllib.parse.quote_plus(text)}&page=2",
    "URL twice": lambda text: urllib.parse.quote(urllib.parse.quote(text)),
    "JSON escapes": lambda text: json.dumps(f"name {text}."),
    "escapes of bytes": lambda text: repr(text.encode()),
    "octal escapes": lambda text: "".join(f"\\{byte:03o}" if byte > 127 else chr(byte) for byte in text.encode()),
    "base64 at 0": encoded("abc"),
    "base64 at 1": encoded("abcd"),
    "base64 at 2": encoded("abcde"),
    "base64 for addresses": lambda text: base64.urlsafe_b64encode(f"\u00ff\u00fe?>{text}?>".encode()).decode(),
    "base64 in lines": lambda text: base64.encodebytes((f"{text} " * 9).encode()).decode(),
    "base64 glued": lambda text: "key_" + base64.b64encode(text.encode()).decode(),
    "base64 of UTF-16": lambda text: base64.b64encode(text.encode("utf-16-le")).decode(),
    "base64 of base64": lambda text: base64.b64encode(base64.b64encode(text.encode())).decode(),
    "base64 of gzip": lambda text: base64.b64encode(gzip.compress(text.encode())).decode(),
    "hex": lambda text: text.encode().hex(),
    "hex in capitals": lambda text: text.encode().hex().upper(),
    "hex with blanks": lambda text: text.encode().hex(" "),
    "reversed": lambda text: text[::-1],
    "spaced": " ".join,
    "dotted": ".".join,
    "zero width": "\u200b".join,
    "soft hyphens": "\u00ad".join,
    "one tag": lambda text: f"<p>{text[:3]}<b>{text[3:5]}</b>{text[5:]}</p>",
    "tags around letters": lambda text: "".join(f"<i class='x'>{sign}</i>" for sign in text),
}  # fmt: skip


# Containers: each takes path and text, and leaves the text in the file in one place.


def packed(members):
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return memory.getvalue()


def chunk(name, body):
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(*chunks, tail=b""):
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n"
        + head
        + b"".join(chunks)
        + chunk(b"IDAT", zlib.compress(b"\0\0"))
        + chunk(b"IEND", b"")
        + tail
    )


def jpeg(marker, body, tail=b""):
    segment = b"\xff" + bytes([marker]) + struct.pack(">H", len(body) + 2) + body
    return b"\xff\xd8" + segment + b"\xff\xda\0\x02\x12\x34\xff\xd9" + tail


def exif(text):
    data = text.encode()
    return b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHII", 0x9286, 7, len(data), 26) + b"\0\0\0\0" + data


def workbook(change):
    def build(path, text):
        import openpyxl

        book = openpyxl.Workbook()
        book.active.append(["a", "b"])
        change(book, text)
        book.save(path)

    return build


def hidden_sheet(book, text):
    book.create_sheet("aside").append([text])
    book["aside"].sheet_state = "veryHidden"


def cell_comment(book, text):
    from openpyxl.comments import Comment

    book.active["A1"].comment = Comment(text, "someone")


def defined_name(book, text):
    from openpyxl.workbook.defined_name import DefinedName

    book.defined_names["who"] = DefinedName("who", attr_text=f'"{text}"')


def document(change):
    def build(path, text):
        import docx

        one = docx.Document()
        change(one, text)
        one.save(path)

    return build


def split_runs(one, text):
    paragraph = one.add_paragraph()
    for place in range(0, len(text), 3):
        paragraph.add_run(text[place : place + 3]).bold = place % 2 == 0


def table_file(change):
    def build(path, text):
        import pyarrow
        import pyarrow.feather
        import pyarrow.parquet

        table = change(pyarrow, text)
        write = pyarrow.parquet.write_table if path.suffix == ".parquet" else pyarrow.feather.write_feather
        write(table, path)

    return build


def pdf(change, *, text_on_page=False):
    def build(path, text):
        from pypdf import PdfWriter
        from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

        writer = PdfWriter()
        page = writer.add_blank_page(200, 200)
        if text_on_page:
            stream = DecodedStreamObject()
            stream.set_data(b"BT /F1 12 Tf 10 100 Td (" + plain(text).encode() + b") Tj ET")
            font = {"/Type": "/Font", "/Subtype": "/Type1", "/BaseFont": "/Helvetica"}
            fonts = DictionaryObject(
                {NameObject("/F1"): DictionaryObject({NameObject(k): NameObject(v) for k, v in font.items()})}
            )
            page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
            page[NameObject("/Contents")] = writer._add_object(stream.flate_encode())
        change(writer, text)
        writer.write(path)

    return build


def annotate(writer, text):
    from pypdf.annotations import FreeText

    writer.add_annotation(0, FreeText(text=text, rect=(10, 10, 90, 90)))


def changed_pdf(path, text):
    """Write a PDF whose page was emptied by an update; the former page is still in it, packed."""
    from pypdf import PdfWriter
    from pypdf.generic import DecodedStreamObject

    pdf(lambda writer, words: None, text_on_page=True)(path, text)
    writer = PdfWriter(io.BytesIO(path.read_bytes()), incremental=True)
    empty = DecodedStreamObject()
    empty.set_data(b"BT ET")
    page = writer.pages[0]
    writer._replace_object(page.raw_get("/Contents"), empty)
    writer.write(path)


def database(path, text):
    with sqlite3.connect(path) as connection:
        connection.execute("create table people (who text)")
        connection.execute("insert into people values (?)", [text])
    connection.close()


def notebook(path, text):
    output = {
        "output_type": "display_data",
        "data": {"image/png": base64.encodebytes(png(chunk(b"tEXt", b"by\0" + plain(text).encode()))).decode()},
    }
    path.write_text(
        json.dumps({"cells": [{"cell_type": "code", "source": ["1"], "outputs": [output]}]}), encoding="utf-8"
    )


def data_uri(content):
    def build(path, text):
        path.write_text(f'<html><img src="{content(text)}" alt="x"></html>', encoding="utf-8")

    return build


def written(content):
    """Return a builder from what gives the bytes of the file."""
    return lambda path, text: path.write_bytes(content(text))


SVG = '<svg xmlns="http://www.w3.org/2000/svg"><text>{}</text></svg>'
CONTAINERS = {
    "utf-16.csv": written(lambda text: f"a,{text}\n".encode("utf-16")),
    "utf-16-le.bin": written(lambda text: b"\x01" + text.encode("utf-16-le") + b"\xff\xfa\xf7"),
    "utf-16-be.bin": written(lambda text: b"\xfa\x01\x02" + text.encode("utf-16-be")),
    "latin-1.csv": written(lambda text: f"ä;ö;{plain(text)}\n".encode("latin-1")),
    "windows-1250.csv": written(lambda text: f"ä;ö;{plain(text).upper()}\n".encode("cp1250")),
    "attribute.html": written(lambda text: f'<p title="{text}">ok</p>'.encode()),
    "comment.html": written(lambda text: f"<p>ok</p><!-- {text} -->".encode()),
    "script.html": written(lambda text: f"<script>let a = {json.dumps(text)}</script>".encode()),
    "cells.html": written(lambda text: "<table><tr>{}</tr></table>".format("".join(f"<td>{word}</td>\n" for word in text.split())).encode()),
    "picture-in-page.html": data_uri(lambda text: "data:image/png;base64," + base64.b64encode(png(chunk(b"zTXt", b"c\0\0" + zlib.compress(text.encode())))).decode()),
    "drawing-in-page.html": data_uri(lambda text: "data:image/svg+xml;base64," + base64.b64encode(SVG.format(text).encode()).decode()),
    "quoted-drawing.html": data_uri(lambda text: "data:image/svg+xml;charset=utf-8," + urllib.parse.quote(SVG.format(text))),
    "drawing.svg": written(lambda text: SVG.format(f"{text[:4]}<tspan>{text[4:]}</tspan>").encode()),
    "ascii.json": written(lambda text: json.dumps({"a": [{"b": text}]}).encode()),
    "key.json": written(lambda text: json.dumps({text: 1}).encode()),
    "picture.ipynb": notebook,
    "lines.ipynb": written(lambda text: json.dumps({"cells": [{"source": [text[:5], text[5:]]}]}).encode()),
    "cell.xlsx": workbook(lambda book, text: book.active.append([text])),
    "hidden-sheet.xlsx": workbook(hidden_sheet),
    "comment.xlsx": workbook(cell_comment),
    "defined-name.xlsx": workbook(defined_name),
    "creator.xlsx": workbook(lambda book, text: setattr(book.properties, "creator", text)),
    "sheet-name.xlsx": workbook(lambda book, text: setattr(book.active, "title", text)),
    "split-runs.docx": document(split_runs),
    "header.docx": document(lambda one, text: one.sections[0].header.paragraphs[0].add_run(text)),
    "author.docx": document(lambda one, text: setattr(one.core_properties, "author", text)),
    "meta.odt": written(lambda text: packed({"content.xml": "<a/>", "meta.xml": f"<meta><dc:creator>{text}</dc:creator></meta>"})),
    "book.epub": written(lambda text: packed({"mimetype": "application/epub+zip", "EPUB/ch001.xhtml": f"<p>{text}</p>"})),
    "nested.zip": written(lambda text: packed({"a.zip": packed({"b.zip": packed({"c.txt": text})})})),
    "member-name.zip": written(lambda text: packed({f"{plain(text)}.txt": "nothing"})),
    "behind.zip": written(lambda text: packed({"a.txt": "nothing"}) + text.encode()),
    "prefixed.bin": written(lambda text: b"#!/bin/sh\n" + packed({"a.txt": text})),
    "plain.csv.gz": written(lambda text: gzip.compress(text.encode())),
    "two.csv.gz": written(lambda text: gzip.compress(b"first") + gzip.compress(text.encode())),
    "plain.csv.bz2": written(lambda text: bz2.compress(text.encode())),
    "plain.csv.xz": written(lambda text: lzma.compress(text.encode())),
    "value.parquet": table_file(lambda arrow, text: arrow.table({"a": ["x", text], "b": [1, 2]})),
    "nested.parquet": table_file(lambda arrow, text: arrow.table({"a": [[{"b": text}], []]})),
    "bytes.parquet": table_file(lambda arrow, text: arrow.table({"a": [text.encode("utf-16-le")]})),
    "column.parquet": table_file(lambda arrow, text: arrow.table({text: ["x"]})),
    "note.parquet": table_file(lambda arrow, text: arrow.table({"a": ["x"]}).replace_schema_metadata({"by": text})),
    "value.feather": table_file(lambda arrow, text: arrow.table({"a": ["x", text]})),
    "text.png": written(lambda text: png(chunk(b"tEXt", b"Author\0" + plain(text).encode()))),
    "packed-text.png": written(lambda text: png(chunk(b"zTXt", b"Comment\0\0" + zlib.compress(plain(text).encode())))),
    "long-text.png": written(lambda text: png(chunk(b"iTXt", b"Title\0\0\0en\0\0" + text.encode()))),
    "packed-long-text.png": written(lambda text: png(chunk(b"iTXt", b"Title\0\1\0en\0\0" + zlib.compress(text.encode())))),
    "exif.png": written(lambda text: png(chunk(b"eXIf", exif(text)))),
    "behind.png": written(lambda text: png(tail=text.upper().encode())),
    "archive-behind.png": written(lambda text: png(tail=packed({"a.txt": text}))),
    "exif.jpg": written(lambda text: jpeg(0xE1, b"Exif\0\0" + exif(text.upper()))),
    "comment.jpg": written(lambda text: jpeg(0xFE, text.lower().encode())),
    "behind.jpg": written(lambda text: jpeg(0xFE, b"none", text.lower().encode())),
    "exif.tif": written(lambda text: exif(text.lower())),
    "page.pdf": pdf(lambda writer, text: None, text_on_page=True),
    "title.pdf": pdf(lambda writer, text: writer.add_metadata({"/Title": text})),
    "note.pdf": pdf(annotate),
    "bookmark.pdf": pdf(lambda writer, text: writer.add_outline_item(title=text, page_number=0)),
    "attachment.pdf": pdf(lambda writer, text: writer.add_attachment("a.zip", packed({"a.txt": text}))),
    "attachment-name.pdf": pdf(lambda writer, text: writer.add_attachment(f"{text}.txt", b"nothing")),
    "xmp.pdf": pdf(lambda writer, text: setattr(writer, "xmp_metadata", f"<x:xmpmeta xmlns:x='adobe:ns:meta/'>{text}</x:xmpmeta>".encode())),
    "changed.pdf": changed_pdf,
    "people.sqlite": database,
    "people.pickle": written(lambda text: pickle.dumps({"who": [text]})),
    "control.log": written(lambda text: b"\0\x01\x02" + text.encode() + b"\0"),
}  # fmt: skip

KEYS = {
    "raw": lambda key: b"\0\x01" + key + b"\xff",
    "half": lambda key: b"ab" + key[16:] + b"cd",
    "hex": lambda key: f"key = {key.hex()}".encode(),
    "base64": lambda key: b"key: " + base64.b64encode(b"x" + key),
    "base64-url": lambda key: base64.urlsafe_b64encode(key).rstrip(b"="),
    "repr": lambda key: repr({"key": key}).encode(),
    "list": lambda key: json.dumps({"key": list(key)}).encode(),
    "gzip": lambda key: gzip.compress(key),
    "pickle": lambda key: pickle.dumps({"key": key}),
    "parquet-bytes": lambda key: packed({"key.bin": key}),
}

#: Short ids in forms that hold few letters.
IDS = {
    "id in a table": lambda text: f"a,{text},b",
    "id in capitals or not": str.lower,
    "id in base64": lambda text: f"value {base64.b64encode(text.encode()).decode()} end",
    "id in hex": lambda text: text.encode().hex(),
    "id in a URL": lambda text: f"?id={urllib.parse.quote(text, safe='').replace('-', '%2D')}",
    "id in UTF-16": lambda text: text.encode("utf-16-le").decode("latin-1"),
    "id with a zero-width space": lambda text: f"{text[:3]}\u200b{text[3:]}",
}


def named(folder, text):
    """Return files whose names and folders hold the text."""
    paths = [
        folder / f"{text}.txt",
        folder / f"of {plain(text)}" / "a.txt",
        folder / base64.b64encode(text.encode()).decode(),
    ]
    for path in paths:
        path.parent.mkdir(exist_ok=True)
        path.write_text("nothing")
    return dict(zip(("file name", "folder name", "encoded file name"), paths, strict=True))


def build(folder, name, identifier, key):
    """Write one file a case."""
    folder.mkdir()
    made = {}
    for place, (case, form) in enumerate(TEXTS.items()):
        made[f"text: {case}"] = folder / f"text{place}.txt"
        made[f"text: {case}"].write_text(f"Before it.\n{form(name)}\nBehind it.\n", encoding="utf-8")
    for case, container in CONTAINERS.items():
        made[f"container: {case}"] = folder / case
        container(folder / case, name)
    for place, (case, form) in enumerate(IDS.items()):
        made[case] = folder / f"id{place}.txt"
        made[case].write_text(form(identifier), encoding="utf-8")
    for case, form in KEYS.items():
        made[f"key: {case}"] = folder / f"key-{case}.bin"
        made[f"key: {case}"].write_bytes(form(key))
    made |= named(folder, name)
    return made


@pytest.fixture(scope="module")
def seeded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scan") / "seeded"
    made = build(folder, NAME, "ZZ7-93", KEY)
    return {case: look([path], NEEDLES, root=folder) for case, path in made.items()}


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scan") / "clean"
    made = build(folder, TWIN, "ZZ7-38", OTHER_KEY)
    return {case: look([path], NEEDLES, root=folder) for case, path in made.items()}


CASES = [
    *(f"text: {case}" for case in TEXTS),
    *(f"container: {case}" for case in CONTAINERS),
    *IDS,
    *(f"key: {case}" for case in KEYS),
    "file name", "folder name", "encoded file name",
]  # fmt: skip


def kind_of(case):
    return "key" if case.startswith("key") else "participant id" if case.startswith("id") else "name"


@pytest.mark.parametrize("case", CASES)
def test_a_seeded_leak_is_found_and_its_text_is_not_said(seeded, case):
    leaks = seeded[case].leaks
    assert {one.what for one in leaks} == {kind_of(case)}
    for one in leaks:
        said = fold(f"{one.sentence()} {one!r}")
        assert one.form in FORMS
        for word in (*NAME.split(), "ZZ7-93", KEY.hex()):
            assert fold(word) not in said


@pytest.mark.parametrize("case", CASES)
def test_a_clean_twin_is_not_reported(clean, case):
    assert not clean[case].leaks
    assert not clean[case].unopened


def test_every_seeded_leak_is_found(seeded, record_property):
    found = sum(bool(report.leaks) for report in seeded.values())
    record_property("figures", f"leak scanner: {found} of {len(seeded)} seeded leaks found")
    assert len(seeded) >= 60
    assert found == len(seeded)


@pytest.mark.parametrize(
    ("case", "form"),
    [
        ("text: as it is", "as it is"),
        ("text: capitals", "case-folded"),
        ("text: without accents", "accents removed"),
        ("text: numeric entities", "HTML entities"),
        ("text: URL", "URL quoting"),
        ("text: JSON escapes", "backslash escapes"),
        ("text: base64 at 1", "base64"),
        ("text: hex", "hex"),
        ("text: reversed", "reversed"),
        ("text: spaced", "squeezed"),
        ("text: one tag", "markup removed"),
        ("container: utf-16-le.bin", "UTF-16"),
        ("key: list", "list of bytes"),
    ],
)
def test_the_form_is_told(seeded, case, form):
    assert form in {one.form for one in seeded[case].leaks}


@pytest.mark.parametrize(
    ("case", "inside"),
    [
        ("text: as it is", "line 2"),
        ("container: hidden-sheet.xlsx", "xl/worksheets/sheet2.xml"),
        ("container: value.parquet", "column a, line 2"),
        ("container: text.png", "chunk tEXt"),
        ("container: nested.zip", "a.zip, b.zip, c.txt"),
        ("container: page.pdf", "page 1"),
        ("file name", "the name"),
    ],
)
def test_the_place_is_told(seeded, case, inside):
    assert any(one.inside.startswith(inside) for one in seeded[case].leaks)


def test_umlauts_written_out_are_found(tmp_path):
    (tmp_path / "a.txt").write_text("von Frau Muellerin-Groess")
    leaks = scan([tmp_path / "a.txt"], [Needle("Müllerin-Größ", "name")], root=tmp_path)
    assert [one.form for one in leaks] == ["umlauts written out"]


@pytest.mark.parametrize(
    ("needle", "text", "hit"),
    [
        ("Otto", "the motto of a lotto", False),
        ("Otto", "for Otto.", True),
        ("Otto", "file_otto_1.csv", True),
        ("PAN07", "PAN071 and XPAN07", False),
        ("PAN07", "(pan07)", True),
        ("4711", "a,14711,47110", False),
        ("4711", "0.4711", False),
        ("4711", "4711.5", False),
        ("4711", "a,4711,b", True),
        ("4711", "1174", False),
        ("12.03.1987", "12.03.19871", False),
        ("12.03.1987", "on 12.03.1987.", True),
        ("Ann", "Ann", False),
        ("+43 660 0000001", "tel:+436600000001", False),
        ("+43 660 0000001", "+43 660 0000001", True),
        ("don't you know it", "don’t you know it", True),
    ],
)
def test_short_and_numeric_needles_count_as_whole_words(tmp_path, needle, text, hit):
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    assert bool(scan([tmp_path / "a.txt"], [Needle(needle, "x")], root=tmp_path)) == hit


def test_too_short_needles_are_counted(tmp_path):
    (tmp_path / "a.txt").write_text("abc")
    report = look([tmp_path / "a.txt"], [Needle("abc", "x"), Needle("ab ", "x"), Needle("abcd", "x")], root=tmp_path)
    assert (report.needles, report.left_out, report.leaks) == (1, 2, [])
    assert "1 needles (2 more are too short)" in report.figures()


def test_what_cannot_be_opened_is_said(tmp_path):
    whole = packed({"a.txt": "nothing " * 100, "b.txt": "more"})
    locked = bytearray(whole)
    for place in [found.start() for found in re.finditer(b"PK\x01\x02", whole)]:
        locked[place + 8] |= 1
    deep = b"nothing"
    for _ in range(12):
        deep = packed({"a.zip": deep})
    files = {
        "locked.zip": bytes(locked),
        "cut.zip": whole[:60],
        "deep.zip": deep,
        "cut.parquet": b"PAR1" + b"\0" * 40,
        "cut.pdf": b"%PDF-1.7\nnothing",
        "cut.gz": gzip.compress(secrets.token_bytes(500))[:200],
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
        report = look([tmp_path / name], NEEDLES, root=tmp_path)
        assert report.unopened, name
        assert not report.leaks


def test_a_bomb_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(leakscan, "MAX_PART", 1_000_000)
    monkeypatch.setattr(leakscan, "MAX_FILE", 2_000_000)
    (tmp_path / "bomb.zip").write_bytes(packed({"a.txt": "0" * 5_000_000}))
    (tmp_path / "bomb.gz").write_bytes(gzip.compress(b"0" * 5_000_000))
    for name in ("bomb.zip", "bomb.gz"):
        assert {one.form for one in look([tmp_path / name], NEEDLES, root=tmp_path).unopened} == {
            "too large when unpacked"
        }


def test_the_files_of_a_run_are_found(tmp_path):
    wanted = [
        "results/internal/a.csv", "results/release/report/evaluation.html", "results/internal/.b.part.csv", "logs/a.log",
        "benchmarks/a.tsv", ".snakemake/log/a.log", ".snakemake/metadata/b", ".quarto/x.json", "_freeze/y.json",
        "reports/evaluation_files/figure.png", "reports/.quarto/z", "notebooks/own.ipynb",
    ]  # fmt: skip
    others = [
        "results/restricted/a.parquet", ".snakemake/conda/x/bin/python", ".snakemake/locks/0.input.lock", "data/a.csv",
        "config/demo.key", "reports/evaluation.qmd", "notebooks/README.md", "workflow/a.py",
    ]  # fmt: skip
    for name in (*wanted, *others):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    assert {path.relative_to(tmp_path).as_posix() for path in files_to_scan(tmp_path)} == set(wanted)


def test_coders_may_stand_in_the_internal_tier_only(tmp_path):
    for name in ("results/internal/agreement.csv", "results/release/agreement.csv"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text("coder-a and coder-b")
    leaks = scan(files_to_scan(tmp_path), [Needle("coder-a", "coder id")], root=tmp_path)
    assert leaks == [Leak("results/release/agreement.csv", "", "coder id", "as it is")]


def test_many_needles_take_hardly_longer(tmp_path):
    (tmp_path / "a.txt").write_text(f"{'lorem ipsum dolor ' * 10_000}{NAME}", encoding="utf-8")
    many = [Needle(f"needle number {place} of many", "x") for place in range(2000)]
    assert len(scan([tmp_path / "a.txt"], [*many, NEEDLES[0]], root=tmp_path)) == 1


def test_a_needle_does_not_show_its_text():
    assert NAME not in repr(NEEDLES) and "name" in repr(NEEDLES)
