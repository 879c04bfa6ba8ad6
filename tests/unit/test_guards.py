"""The guard at the door: hostile, damaged and mistaken files are refused unopened, ordinary ones pass."""

from __future__ import annotations

import importlib.util
import io
import random
import stat
import struct
import tracemalloc
import zipfile
import zlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import docx
import openpyxl
import pandas as pd
import pypandoc
import pyreadstat
import pytest
from docx.opc.constants import RELATIONSHIP_TYPE
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.comments import Comment
from piloteval.intake import guards
from piloteval.intake.guards import Refused, guard, kind_of, members

#: A value, a part's name and a sheet's name that must never come back in a sentence.
CANARY = "Canary"
EXAMPLE = Path(__file__).parents[2] / "data" / "example"
repeated = settings(max_examples=100, deadline=None, derandomize=True, database=None)


# Zip files with every field free


@dataclass(frozen=True)
class Part:
    """One packed file; what is not given is told truly."""

    name: str
    data: bytes = b""
    packed: bytes | None = None
    method: int = 8
    flags: int = 0
    mode: int = 0
    size: int | None = None
    crc: int | None = None
    own_name: str | None = None
    own_method: int | None = None
    own_flags: int | None = None
    extra: bytes = b""


class Stream(io.BytesIO):
    """A file that cannot go back, as a web service writes to."""

    def tell(self):
        raise OSError


@cache
def deflate(data):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def zipped(*parts, before=b"", within="", shift=0):
    """Write a zip by hand.

    `before` stands before the first file, `within` is the name of a file that begins where the data of the last one
    begin, and `shift` is added to the place where the directory is told to be.
    """
    body, listed = bytearray(before), []
    for part in parts:
        packed = part.packed if part.packed is not None else deflate(part.data) if part.method == 8 else part.data
        size = len(part.data) if part.size is None else part.size
        crc = zlib.crc32(part.data) if part.crc is None else part.crc
        own = (part.name if part.own_name is None else part.own_name).encode()
        sizes = struct.pack("<III", crc, len(packed), size)
        method = part.method if part.own_method is None else part.own_method
        flags = part.flags if part.own_flags is None else part.own_flags
        at, name = len(body), part.name.encode()
        body += struct.pack("<4sHHHI", b"PK\3\4", 20, flags, method, 0) + sizes
        body += struct.pack("<HH", len(own), len(part.extra)) + own + part.extra + packed
        listed.append(
            struct.pack("<4sHHHHI", b"PK\1\2", 0x0314, 20, part.flags, part.method, 0)
            + sizes
            + struct.pack("<HHHHHII", len(name), 0, 0, 0, 0, part.mode << 16, at)
            + name
        )
    if within:
        name = within.encode()
        start = struct.unpack("<I", parts[-1].data[18:22]) + struct.unpack("<I", parts[-1].data[22:26])
        listed.append(
            struct.pack("<4sHHHHI", b"PK\1\2", 0x0314, 20, 0, 8, 0)
            + parts[-1].data[14:18]
            + struct.pack("<IIHHHHHII", *start, len(name), 0, 0, 0, 0, 0, len(body) - len(parts[-1].data))
            + name
        )
    directory = b"".join(listed)
    end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, len(listed), len(listed), len(directory), len(body) + shift, 0)
    return bytes(body) + directory + end


# Office files as they should be


@cache
def workbook():
    """Return a workbook as openpyxl writes it, as a mapping of its parts."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = CANARY
    for row in (["id", "q1", "q2"], ["001", 3, f"{CANARY} Novak | & <b> <!"], ["002", "=B2+1", "'x'!"]):
        sheet.append(row)
    sheet["A2"].hyperlink = "https://example.org/"
    sheet["A3"].comment = Comment(CANARY, CANARY)
    held = io.BytesIO()
    book.save(held)
    return parts_of(held)


@cache
def document():
    """Return a document as python-docx writes it, with a hyperlink, as a mapping of its parts."""
    text = docx.Document()
    text.add_paragraph(f"I: {CANARY} DDE")
    text.part.relate_to("https://example.org/", RELATIONSHIP_TYPE.HYPERLINK, is_external=True)
    held = io.BytesIO()
    text.save(held)
    return parts_of(held)


@cache
def text():
    """Return an OpenDocument text as LibreOffice lays it out, as a mapping of its parts."""
    office = 'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
    manifest = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
    return {
        "mimetype": b"application/vnd.oasis.opendocument.text",
        "Configurations2/accelerator/current.xml": b"",
        "Configurations2/toolbar/": b"",
        "Thumbnails/thumbnail.png": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
        "content.xml": f"<?xml version='1.0' encoding='UTF-8'?><office:document-content {office}>{CANARY}"
        "</office:document-content>".encode(),
        "META-INF/manifest.xml": f'<?xml version="1.0"?><m:manifest xmlns:m="{manifest}"><m:file-entry '
        'm:full-path="content.xml"/></m:manifest>'.encode(),
    }


def parts_of(file):
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


ORDINARY = {".xlsx": workbook, ".docx": document, ".odt": text}
SHEET = "xl/worksheets/sheet1.xml"


def office(suffix, *more, **changes):
    """Return an office file with further parts, or with some of its own changed."""
    own = {name: data for name, data in ORDINARY[suffix]().items() if name not in {part.name for part in more}}
    for old, new in changes.pop("replace", ()):
        assert any(old in data for data in own.values())
        own = {name: data.replace(old, new) for name, data in own.items()}
    return zipped(*(Part(name, data) for name, data in own.items()), *more, **changes)


def look(folder, suffix, raw, name="x"):
    path = folder / f"{name}{suffix}"
    path.write_bytes(raw)
    found = guard(path, f"data/{name}{suffix}")
    assert isinstance(found, list)
    for one in found:
        assert one.level == "STOP"
        assert one.file == f"data/{name}{suffix}"
        assert CANARY.lower() not in one.sentence().lower()
    return found


def rules(folder, suffix, raw):
    return [one.rule for one in look(folder, suffix, raw)]


# Hostile and mistaken files

NOISE = random.Random(7).randbytes(600_000).hex().encode()  # compresses to a half, so that no ratio is unusual
ZEROS = bytes(20_000_000)
PAYLOAD = zipped(Part("a.txt", b"a"))
LAUGHS = b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><l>&b;</l>'
XXE = b'<?xml version="1.0"?>\n<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'
RELS = '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}</Relationships>'
OFFICE_RELS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def links(kind, mode='TargetMode="External"', prefix=""):
    element = f'<{prefix}Relationship Id="r1" Type="{OFFICE_RELS}/{kind}" Target="https://{CANARY}.example" {mode}/>'
    return RELS.format(element).encode()


def ole(*names, stream=b""):
    """Return the outline of a compound file: its header, a stream, and a directory with these names."""
    directory = b"".join(
        name.encode("utf-16-le").ljust(64, b"\0") + struct.pack("<HB", 2 * len(name) + 2, 2) + bytes(61)
        for name in ("Root Entry", *names)
    )
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".ljust(512, b"\0") + stream.ljust(4096, b"\0") + directory


def nested(depth):
    """Return a zip in a zip in a zip, as the mail virus of old did it."""
    raw = zipped(Part("0.txt", bytes(1000)))
    for level in range(depth):
        raw = zipped(*(Part(f"{level}-{copy}.zip", raw) for copy in range(2)))
    return raw


def quine():
    """Return a zip whose one file begins as the zip itself does, so that unpacking it would never end."""
    inner = office(".xlsx")
    return office(".xlsx", Part("xl/media/r.zip", inner))


def far(cells):
    """Return a workbook with these cells at the end of its sheet."""
    return office(".xlsx", replace=[(b"</sheetData>", cells + b"</sheetData>")])


def at_the_border(declaration):
    """Return a part in which a declaration lies across the border of two chunks."""
    before = b"<?xml version='1.0'?><!-- "
    filler = NOISE[: guards._CHUNK - len(before) - len(b" -->") - 4]
    return before + filler + b" -->" + declaration + b"<x>" + NOISE + b"</x>"


def content_types(suffix, old, new):
    raw = ORDINARY[suffix]()["[Content_Types].xml"]
    assert old in raw
    return Part("[Content_Types].xml", raw.replace(old, new))


def cut(raw, share):
    return raw[: int(len(raw) * share)]


def bad_crc(suffix, name):
    return office(suffix, Part(name, ORDINARY[suffix]()[name], crc=1))


def flipped(raw):
    """Flip one bit in the middle of the packed bytes of the largest part."""
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        info = max(archive.infolist(), key=lambda one: one.compress_size)
    at = info.header_offset + 30 + len(info.filename) + info.compress_size // 2
    return raw[:at] + bytes([raw[at] ^ 0x10]) + raw[at + 1 :]


def lying(told):
    """Return a workbook with a part that unpacks to 2 MB while the directory tells another size."""
    data = NOISE + NOISE
    return office(".xlsx", Part("xl/x.xml", b"", packed=deflate(data), size=told, crc=zlib.crc32(data[:told])))


def beyond():
    """Return a zip64 whose one file is told to begin at the largest place that can be told."""
    listed = (
        struct.pack("<4sHHHHIIIIHHHHHII", b"PK\1\2", 45, 45, 0, 0, 0, 0, 1, 1, 1, 12, 0, 0, 0, 0, 0xFFFFFFFF) + b"a"
    )
    listed += struct.pack("<HHQ", 1, 8, 2**64 - 1)
    return b"PK\3\4" + listed + struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 1, 1, len(listed), 4, 0)


def strange(path):
    return office(".docx", Part(path, b"x"))


HTML = b"<html><head><meta charset=utf-8></head><body><table><tr><td>Canary</td></tr></table></body></html>"
CSV = b"id;q1\n001;Canary\n"
BOF8 = struct.pack("<HHHHHHII", 0x0809, 16, 0x0600, 5, 0xDBB, 0x7CC, 0, 6)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(50)
STORED = struct.pack("<HH", 0xA220, 4) + b"\0\0\0\0"

HOSTILE = {
    # Empty, too large, of another kind
    "empty csv": (".csv", "file.empty", lambda: b""),
    "empty xlsx": (".xlsx", "file.empty", lambda: b""),
    "html as xls": (".xls", "file.kind", lambda: HTML),
    "html as xlsx": (".xlsx", "file.kind", lambda: b"\xef\xbb\xbf\n<!DOCTYPE html>\n" + HTML),
    "html table as xls": (".xls", "file.kind", lambda: b"<!-- export --><table border=1><tr><td>1</td></tr></table>"),
    "xhtml as xls": (".xls", "file.kind", lambda: b'<?xml version="1.0"?><html xmlns="x"></html>'),
    "html as csv": (".csv", "file.kind", lambda: HTML),
    "html in utf-16 as docx": (".docx", "file.kind", lambda: HTML.decode().encode("utf-16")),
    "xml of excel 2003 as xlsx": (".xlsx", "file.kind", lambda: b'<?xml version="1.0"?><Workbook></Workbook>'),
    "csv as xlsx": (".xlsx", "file.kind", lambda: CSV),
    "csv as xls": (".xls", "file.kind", lambda: CSV),
    "csv as sav": (".sav", "file.kind", lambda: CSV),
    "csv as dta": (".dta", "file.kind", lambda: CSV),
    "xlsx as csv": (".csv", "file.kind", lambda: office(".xlsx")),
    "xlsx as xls": (".xls", "file.kind", lambda: office(".xlsx")),
    "docx as txt": (".txt", "file.kind", lambda: office(".docx")),
    "odt as md": (".md", "file.kind", lambda: office(".odt")),
    "docx as xlsx": (".xlsx", "file.kind", lambda: office(".docx")),
    "xlsx as docx": (".docx", "file.kind", lambda: office(".xlsx")),
    "odt as docx": (".docx", "file.kind", lambda: office(".odt")),
    "ods as odt": (".odt", "file.kind", lambda: office(".odt", replace=[(b"ment.text", b"ment.spreadsheet")])),
    "xlsb as xlsx": (
        ".xlsx",
        "file.kind",
        lambda: office(
            ".xlsx",
            content_types(
                ".xlsx",
                b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
                b"application/vnd.ms-excel.sheet.binary.macroEnabled.main",
            ),
        ),
    ),
    "zip as xlsx": (".xlsx", "file.kind", lambda: PAYLOAD),
    "zip as csv": (".csv", "file.kind", lambda: PAYLOAD),
    "broken zip as csv": (".csv", "file.kind", lambda: PAYLOAD[:20]),
    "gzip as csv": (".csv", "file.kind", lambda: b"\x1f\x8b\x08\0" + CSV),
    "7z as csv": (".csv", "file.kind", lambda: b"7z\xbc\xaf\x27\x1c\0\4"),
    "pdf as docx": (".docx", "file.kind", lambda: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"),
    "pdf as txt": (".txt", "file.kind", lambda: b"\n%PDF-1.4\n"),
    "rtf as docx": (".docx", "file.kind", lambda: b"{\\rtf1\\ansi Canary}"),
    "rtf as txt": (".txt", "file.kind", lambda: b"{\\rtf1\\ansi Canary}"),
    "png as csv": (".csv", "file.kind", lambda: PNG),
    "jpeg as xlsx": (".xlsx", "file.kind", lambda: b"\xff\xd8\xff\xe0\0\x10JFIF\0"),
    "recording as vtt": (".vtt", "file.kind", lambda: b"ID3\x04\0\0\0\0\0\0"),
    "film as srt": (".srt", "file.kind", lambda: b"\0\0\0\x20ftypisom\0\0\2\0"),
    "sqlite as sav": (".sav", "file.kind", lambda: b"SQLite format 3\0" + bytes(100)),
    "sav as csv": (".csv", "file.kind", lambda: b"$FL2@(#) SPSS DATA FILE" + bytes(100)),
    "sav as dta": (".dta", "file.kind", lambda: b"$FL2@(#) SPSS DATA FILE" + bytes(100)),
    "dta as sav": (".sav", "file.kind", lambda: b"<stata_dta><header><release>118"),
    "bytes as csv": (".csv", "file.kind", lambda: random.Random(1).randbytes(5000)),
    "zeros as csv": (".csv", "file.kind", lambda: bytes(5000)),
    "old word as docx": (".docx", "file.kind", lambda: ole("WordDocument", "1Table")),
    "old word as xls": (".xls", "file.kind", lambda: ole("WordDocument")),
    "old excel as xlsx": (".xlsx", "file.kind", lambda: ole("Workbook", stream=BOF8)),
    "outlook message as docx": (".docx", "file.kind", lambda: ole("__nameid_version1.0")),
    # Protected by a password
    "password xlsx": (".xlsx", "file.protected", lambda: ole("EncryptionInfo", "EncryptedPackage")),
    "password docx": (".docx", "file.protected", lambda: ole("EncryptionInfo", "EncryptedPackage")),
    "password xls": (".xls", "file.protected", lambda: ole("Workbook", stream=BOF8 + b"\x2f\0\x36\0" + bytes(54))),
    "password and read-only xls": (
        ".xls",
        "file.protected",
        lambda: ole("Workbook", stream=BOF8 + b"\x86\0\0\0\x2f\0\x06\0" + bytes(6)),
    ),
    "password sav": (".sav", "file.protected", lambda: b"\x1c\0\0\0\0\0\0\0ENCRYPTEDSAV\x15" + bytes(40)),
    "password odt": (
        ".odt",
        "file.protected",
        lambda: office(
            ".odt",
            Part("content.xml", random.Random(2).randbytes(500)),
            replace=[(b"<m:file-entry", b"<m:encryption-data/><m:file-entry")],
        ),
    ),
    "encrypted part": (".docx", "file.protected", lambda: office(".docx", Part("word/a.xml", b"<a/>", flags=1))),
    "encrypted part, told only by itself": (
        ".docx",
        "file.protected",
        lambda: office(".docx", Part("word/a.xml", b"<a/>", own_flags=1)),
    ),
    "encrypted part, told only by the list": (
        ".docx",
        "file.protected",
        lambda: office(".docx", Part("word/a.xml", b"<a/>", flags=1, own_flags=0)),
    ),
    "strongly encrypted": (".xlsx", "file.protected", lambda: office(".xlsx", Part("xl/a.xml", b"<a/>", method=99))),
    # Damaged
    **{f"cut at {share}": (".xlsx", "file.unreadable", lambda s=share: cut(office(".xlsx"), s)) for share in (0.01, 0.2, 0.5, 0.9, 0.99)},
    "cut docx": (".docx", "file.unreadable", lambda: office(".docx")[:-5]),
    "no directory": (".xlsx", "file.unreadable", lambda: b"PK\3\4" + bytes(100)),
    "end mark alone": (".xlsx", "file.unreadable", lambda: office(".xlsx")[:500] + b"PK\5\6"),
    "wrong checksum": (".xlsx", "file.unreadable", lambda: bad_crc(".xlsx", SHEET)),
    "wrong checksum, stored": (".xlsx", "file.unreadable", lambda: office(".xlsx", Part("xl/a.bin", b"x", method=0, crc=2))),
    "flipped bit": (".docx", "file.unreadable", lambda: flipped(office(".docx"))),
    "not deflate": (".xlsx", "file.unreadable", lambda: office(".xlsx", Part("xl/a.xml", b"<a/>", packed=b"\xff" * 9))),
    "deflate without end": (".xlsx", "file.unreadable", lambda: office(".xlsx", Part("xl/a.xml", b"<a/>", packed=deflate(b"<a/>" * 99)[:-2], size=396))),
    "fewer bytes than told": (".xlsx", "file.unreadable", lambda: office(".xlsx", Part("xl/a.xml", b"<a/>", size=9))),
    "stored, more told than there is": (".xlsx", "file.unreadable", lambda: office(".xlsx", Part("xl/a.bin", b"x" * 9, method=0, size=99))),
    "directory points nowhere": (".xlsx", "file.unreadable", lambda: office(".xlsx").replace(b"PK\3\4", b"PK\3\5").replace(b"PK\3\5", b"PK\3\4", 1)),
    "directory told too late": (".xlsx", "file.unreadable", lambda: office(".xlsx", shift=1000)),
    "directory told too early": (".xlsx", "file.unreadable", lambda: office(".xlsx", shift=-1000)),
    "part beyond all files": (".xlsx", "file.unreadable", beyond),
    "name that is no utf-8": (".xlsx", "file.unreadable", lambda: office(".xlsx", Part("xl/aaaa", b"x", flags=0x800)).replace(b"xl/aaaa", b"xl/\xff\xff\xff\xff")),
    "broken list of links": (".docx", "file.unreadable", lambda: office(".docx", Part("word/_rels/x.rels", b"<a><b></a>"))),
    # Built in a way no office program builds
    "bomb": (".xlsx", "file.archive", lambda: office(".xlsx", Part("xl/media/a.bin", ZEROS))),
    "bomb beside a picture": (".xlsx", "file.archive", lambda: office(".xlsx", Part("xl/a.bin", ZEROS), Part("xl/media/a.bin", NOISE[:900_000]))),
    "bomb in the sheet": (".xlsx", "file.archive", lambda: office(".xlsx", Part(SHEET, b"<worksheet>" + b"<c/>" * 500_000))),
    "bomb in the list of types": (".xlsx", "file.archive", lambda: office(".xlsx", Part("[Content_Types].xml", b"<Types>" + b" " * 3_000_000 + b"</Types>"))),
    "bomb that lies": (".xlsx", "file.archive", lambda: office(".xlsx", Part("xl/a.bin", ZEROS, size=1000))),
    "bomb that calls itself stored": (".xlsx", "file.archive", lambda: office(".xlsx", Part("xl/a.bin", b"x" * 99, method=0, size=10))),
    "lying size": (".xlsx", "file.archive", lambda: lying(1000)),
    "lying size, one byte": (".xlsx", "file.archive", lambda: lying(2 * len(NOISE) - 1)),
    "no bytes told": (".docx", "file.archive", lambda: office(".docx", Part("word/a.xml", b"<a/>", size=0, crc=0))),
    "bombs that share their bytes": (".xlsx", "file.archive", lambda: office(".xlsx", Part("xl/a.bin", PAYLOAD, method=0), within="a.txt")),
    "bytes before the zip": (".xlsx", "file.archive", lambda: office(".xlsx", before=PAYLOAD)),
    "2,500 parts": (".xlsx", "file.archive", lambda: office(".xlsx", *(Part(f"xl/{n}.xml", b"<a/>") for n in range(2500)))),
    "zip in xlsx": (".xlsx", "file.archive", lambda: office(".xlsx", Part("xl/media/a.bin", PAYLOAD))),
    "zips to the fifth": (".docx", "file.archive", lambda: office(".docx", Part("word/media/a.zip", nested(5)))),
    "quine": (".xlsx", "file.archive", quine),
    "gzip in docx": (".docx", "file.archive", lambda: office(".docx", Part("word/a.bin", b"\x1f\x8b\x08\0" + bytes(9)))),
    "rar in odt": (".odt", "file.archive", lambda: office(".odt", Part("a.bin", b"Rar!\x1a\x07\0"))),
    "traversal": (".docx", "file.archive", lambda: strange("../../etc/cron.d/x")),
    "traversal inside": (".docx", "file.archive", lambda: strange("word/../../x")),
    "absolute": (".docx", "file.archive", lambda: strange("/etc/passwd")),
    "drive": (".docx", "file.archive", lambda: strange("C:/x.dll")),
    "unc": (".docx", "file.archive", lambda: strange("\\\\server\\share\\x")),
    "backslash": (".docx", "file.archive", lambda: strange("word\\document2.xml")),
    "nul in the name": (".docx", "file.archive", lambda: strange("word/a.xml\0.png")),
    "line feed in the name": (".docx", "file.archive", lambda: strange("word/a\n.xml")),
    "reserved name": (".docx", "file.archive", lambda: strange("word/nul.xml")),
    "symlink": (".docx", "file.archive", lambda: office(".docx", Part("word/a", b"/etc/passwd", mode=stat.S_IFLNK | 0o777))),
    "device": (".docx", "file.archive", lambda: office(".docx", Part("word/a", b"", mode=stat.S_IFCHR | 0o666))),
    "same name twice": (".xlsx", "file.archive", lambda: office(".xlsx", Part("xl/a.xml", b"<a/>"), Part("xl/a.xml", b"<b/>"))),
    "same name in capitals": (".xlsx", "file.archive", lambda: office(".xlsx", Part("XL/WORKBOOK.XML", b"<a/>"))),
    "two names for one part": (".xlsx", "file.archive", lambda: office(".xlsx", Part("xl/a.xml", b"<a/>", own_name="xl/b.xml"))),
    "two methods for one part": (".xlsx", "file.archive", lambda: office(".xlsx", Part("xl/a.xml", b"<a/>", method=0, own_method=8))),
    "bzip2": (".xlsx", "file.archive", lambda: office(".xlsx", Part("xl/a.xml", b"<a/>", method=12))),
    "xml that is none": (".xlsx", "file.archive", lambda: office(".xlsx", Part("xl/a.xml", b"\x4c\x6f\xa7\x94\x93"))),
    "xml in utf-7": (".docx", "file.archive", lambda: office(".docx", Part("word/a.bin", b'<?xml version="1.0" encoding="UTF-7"?><a/>'))),
    # More than the door lets in
    "11 x 20 MB": (".xlsx", "file.size", lambda: office(".xlsx", *(Part(f"xl/{n}.bin", ZEROS) for n in range(11)))),
    "4 GB told": (".xlsx", "file.size", lambda: office(".xlsx", Part("xl/a.bin", b"x", size=0xFFFFFFFE))),
    "opposite corners": (".xlsx", "file.size", lambda: far(b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')),
    "opposite corners in quotes": (".xlsx", "file.size", lambda: far(b"<row><c s='0' r = 'XFD1048576'><v>1</v></c></row>")),
    "opposite corners without a blank": (".xlsx", "file.size", lambda: far(b'<row><c s="0"r="XFD1048576"><v>1</v></c></row>')),
    "opposite corners with a prefix": (".xlsx", "file.size", lambda: far(b'<x:row xmlns:x="m"><x:c r="XFD1048576"><x:v>1</x:v></x:c></x:row>')),
    "opposite corners by counting": (".xlsx", "file.size", lambda: far(b'<row r="1048576">' + b"<c><v>1</v></c>" * 10 + b"</row>")),
    "beyond the last column": (".xlsx", "file.size", lambda: far(b'<row r="9"><c r="ZZZZZZZ9"><v>1</v></c></row>')),
    # Macros and embedded files
    "macros in xlsx": (".xlsx", "file.macro", lambda: office(".xlsx", Part("xl/vbaProject.bin", ole("VBA")))),
    "macros in docx": (".docx", "file.macro", lambda: office(".docx", Part("word/vbaProject.bin", ole("VBA")))),
    "macros of excel 4": (".xlsx", "file.macro", lambda: office(".xlsx", Part("xl/macrosheets/sheet1.xml", b"<a/>"))),
    "xlsm as xlsx": (
        ".xlsx",
        "file.macro",
        lambda: office(
            ".xlsx",
            content_types(
                ".xlsx",
                b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
                b"application/vnd.ms-excel.sheet.macroEnabled.main+xml",
            ),
        ),
    ),
    "type of macros in docx": (".docx", "file.macro", lambda: office(".docx", content_types(".docx", b"</Types>", b'<Default Extension="bin" ContentType="application/vnd.ms-office.vbaProject"/></Types>'))),
    "macros in odt": (".odt", "file.macro", lambda: office(".odt", Part("Basic/Standard/Module1.xml", b"<a/>"))),
    "scripts in odt": (".odt", "file.macro", lambda: office(".odt", Part("Scripts/python/x.py", b"import os"))),
    "macros in xls": (".xls", "file.macro", lambda: ole("Workbook", "_VBA_PROJECT_CUR", stream=BOF8)),
    "activex": (".xlsx", "file.macro", lambda: office(".xlsx", Part("xl/activeX/activeX1.xml", b"<a/>"))),
    "embedded object": (".docx", "file.macro", lambda: office(".docx", Part("word/embeddings/oleObject1.bin", ole("Package")))),
    "embedded workbook": (".docx", "file.macro", lambda: office(".docx", Part("word/embeddings/Workbook1.xlsx", PAYLOAD))),
    "object under another name": (".odt", "file.macro", lambda: office(".odt", Part("Object 1", ole("Package")))),
    # Reaching out
    "laughs in xlsx": (".xlsx", "file.active", lambda: office(".xlsx", Part("xl/sharedStrings.xml", LAUGHS))),
    "laughs in docx": (".docx", "file.active", lambda: office(".docx", Part("word/document.xml", LAUGHS))),
    "laughs in odt": (".odt", "file.active", lambda: office(".odt", Part("content.xml", LAUGHS))),
    "laughs in the list of types": (".xlsx", "file.active", lambda: office(".xlsx", Part("[Content_Types].xml", LAUGHS))),
    "laughs in the manifest": (".odt", "file.active", lambda: office(".odt", Part("META-INF/manifest.xml", LAUGHS))),
    "xxe in docx": (".docx", "file.active", lambda: office(".docx", Part("word/document.xml", XXE))),
    "xxe in a part without ending": (".xlsx", "file.active", lambda: office(".xlsx", Part("xl/sheet", b" " * 9000 + XXE[21:]))),
    "xxe in a list of links": (".docx", "file.active", lambda: office(".docx", Part("word/_rels/x.xml.rels", XXE))),
    "doctype in small letters": (".xlsx", "file.active", lambda: office(".xlsx", Part("xl/a.xml", b"<!doctype x><x/>"))),
    **{
        f"xxe in {name}": (".docx", "file.active", lambda n=name: office(".docx", Part("word/document.xml", XXE.decode().encode(n))))
        for name in ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be")
    },
    "doctype across two chunks": (".docx", "file.active", lambda: office(".docx", Part("word/document.xml", at_the_border(b"<!DOCTYPE x>"), method=0))),
    "doctype in a picture": (".docx", "file.active", lambda: office(".docx", Part("word/media/image1.svg", b"<!DOCTYPE svg><svg/>"))),
    "picture from outside": (".docx", "file.active", lambda: office(".docx", Part("word/_rels/header1.xml.rels", links("image")))),
    "template from outside": (".docx", "file.active", lambda: office(".docx", Part("word/_rels/settings.xml.rels", links("attachedTemplate")))),
    "link with a prefix and in quotes": (".docx", "file.active", lambda: office(".docx", Part("word/_rels/x.xml.rels", links("image", "TargetMode='External'", "p:").replace(b"xmlns=", b"xmlns:p=")))),
    "link with a hidden letter": (".docx", "file.active", lambda: office(".docx", Part("word/_rels/x.xml.rels", links("frame", 'TargetMode="&#69;xternal"')))),
    "link in utf-16": (".docx", "file.active", lambda: office(".docx", Part("word/_rels/x.xml.rels", links("frame").decode().encode("utf-16")))),
    "links to workbooks": (".xlsx", "file.active", lambda: office(".xlsx", Part("xl/externalLinks/externalLink1.xml", b"<a/>"), Part("xl/externalLinks/_rels/externalLink1.xml.rels", links("externalLinkPath")))),
    "dde field": (".docx", "file.active", lambda: office(".docx", replace=[(b"<w:body>", b'<w:body><w:p><w:r><w:instrText xml:space="preserve"> DDEAUTO c:\\\\x "Canary"</w:instrText></w:r></w:p>')])),
    "dde in a simple field": (".docx", "file.active", lambda: office(".docx", replace=[(b"<w:body>", b'<w:body><w:p><w:fldSimple w:instr="DDE x y"/></w:p>')])),
    "dde formula": (".xlsx", "file.active", lambda: office(".xlsx", replace=[(b"<f>B2+1</f>", b"<f>cmd|' /C calc'!A0</f>")])),
    "dde in odt": (".odt", "file.active", lambda: office(".odt", replace=[(b"Canary", b"<text:dde-connection-decl/>")])),
}  # fmt: skip


def test_at_least_forty_hostile_files():
    assert len(HOSTILE) >= 40
    assert {rule for _, rule, _ in HOSTILE.values()} == {
        "file.empty",
        "file.kind",
        "file.protected",
        "file.unreadable",
        "file.archive",
        "file.size",
        "file.macro",
        "file.active",
    }


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_with_one_reason(tmp_path, name):
    suffix, rule, build = HOSTILE[name]
    assert rules(tmp_path, suffix, build()) == [rule]


@pytest.mark.parametrize("suffix", ORDINARY)
def test_the_office_files_the_hostile_ones_are_made_of_pass(tmp_path, suffix):
    assert look(tmp_path, suffix, office(suffix)) == []


# Sentences


@pytest.mark.parametrize(
    ("suffix", "raw", "sentence"),
    [
        (".csv", lambda: b"", "the file is empty (0 bytes). Send the full export, or remove its row from the sheet."),
        (".xls", lambda: HTML, "this is an HTML page saved under the name of an old workbook. Open it in a spreadsheet program and save it as .xlsx; renaming does not convert it."),
        (".csv", lambda: office(".xlsx"), "this is a workbook (.xlsx) saved under the name of a text file. Give it back its own ending, .xlsx, and correct its row of the sheet."),
        (".docx", lambda: b"%PDF-1.7", "this is a PDF document saved under the name of a Word document. Open it in a word processor and save it as .docx; renaming does not convert it."),
        (".xlsx", lambda: CSV, "this is plain text saved under the name of a workbook. Open it in a spreadsheet program and save it as .xlsx; renaming does not convert it."),
        (".csv", lambda: bytes(99), "this is binary data saved under the name of a text file. Export it as text from the program it was made with; renaming does not convert it."),
        (".xlsx", lambda: ole("EncryptedPackage"), "the file is protected by a password. Save it without a password and send it by a safe way."),
        (".xlsx", lambda: office(".xlsx")[:-30], "the file is cut short or damaged. Send the file again; if that does not help, export it again."),
        (".xlsx", lambda: b"PK\3\4" + struct.pack("<4s42s", b"PK\1\2", b"") * 100_000, "the file holds 100,000 packed files; expected at most 2,000. Open it in the program it was made with and save it again under a new name."),
        (".xlsx", lambda: HOSTILE["11 x 20 MB"][2](), "the file unpacks to 220 MB; expected at most 200 MB. Export only the data of the pilot, without pictures and other attachments."),
        (".xlsx", lambda: HOSTILE["opposite corners"][2](), "the cells of a sheet lie so far apart that they span a table of 17,179,869,184 cells; expected at most 10,000,000. Delete the stray cells (Ctrl+End goes to the last one) and save the workbook again."),
        (".xlsx", lambda: HOSTILE["bombs that share their bytes"][2](), "the packed files do not lie one after the other. Open it in the program it was made with and save it again under a new name."),
        (".docx", lambda: HOSTILE["macros in docx"][2](), "the file carries macros. Save it as .xlsx, .docx or .odt without macros and embedded objects."),
        (".docx", lambda: HOSTILE["template from outside"][2](), "the document is linked to a template outside itself. In the word processor, attach the standard template (Normal) instead and save the document again."),
        (".docx", lambda: HOSTILE["doctype in a picture"][2](), "a picture in the file declares a document type or entities. Replace the SVG pictures."),
        (".docx", lambda: HOSTILE["laughs in docx"][2](), "a part of the file declares a document type or entities. Open it in the program it was made with, break its links, and save it again under a new name."),
    ],
)  # fmt: skip
def test_the_sentence_says_what_it_is_and_how_to_mend_it(tmp_path, suffix, raw, sentence):
    (one,) = look(tmp_path, suffix, raw())
    assert one.sentence() == f"data/x{suffix}: {sentence}"


def test_several_causes_are_told_gravest_first(tmp_path):
    raw = office(
        ".docx",
        Part("word/vbaProject.bin", ole("VBA")),
        Part("word/embeddings/oleObject1.bin", ole("Package")),
        Part("word/_rels/header1.xml.rels", links("image")),
        Part("word/a.xml", XXE),
        Part("word/b.zip", PAYLOAD),
        Part("word/c.xml", b"Canary"),
    )
    found = rules(tmp_path, ".docx", raw)
    assert found == ["file.archive", "file.archive", "file.macro", "file.macro", "file.active"]


def test_a_file_over_the_limit_is_not_read(tmp_path):
    path = tmp_path / "x.csv"
    with path.open("wb") as handle:
        handle.truncate(guards.MAX_PACKED + 1_000_000)
    (one,) = guard(path, "x.csv")
    assert one.rule == "file.size"
    assert (one.found, one.expected) == ("the file has 101 MB", "at most 100 MB")


def test_what_cannot_be_opened_is_told(tmp_path, monkeypatch):
    (tmp_path / "x.csv").mkdir()
    assert [one.found for one in guard(tmp_path / "x.csv", "x.csv")] == ["this is not a file"]
    assert [one.found for one in guard(tmp_path / "y.csv", "y.csv")] == ["this is not a file"]
    (tmp_path / "z.csv").write_bytes(CSV)

    def locked(*_, **__):
        raise PermissionError(CANARY)

    monkeypatch.setattr(Path, "open", locked)
    (one,) = guard(tmp_path / "z.csv", "z.csv")
    assert (
        one.sentence() == "z.csv: the file cannot be opened. Close it in other programs, and check that it may be read."
    )


def test_an_ending_no_reader_knows_is_only_weighed(tmp_path):
    assert look(tmp_path, ".ods", HTML) == []
    assert rules(tmp_path, ".ods", b"") == ["file.empty"]


def test_the_ending_may_be_in_capitals(tmp_path):
    assert rules(tmp_path, ".XLSX", HTML) == ["file.kind"]
    assert rules(tmp_path, ".XLSX", office(".xlsx")) == []


# Memory

BOMBS = {
    "one part of 20 MB": lambda: HOSTILE["bomb"][2](),
    "20 MB in the sheet, one after the other": lambda: office(".xlsx", Part(SHEET, b"<c/>" * 5_000_000)),
    "11 parts of 20 MB": lambda: HOSTILE["11 x 20 MB"][2](),
    "11 parts that lie": lambda: office(".xlsx", *(Part(f"xl/{n}.bin", ZEROS, size=900_000) for n in range(11))),
    "130 MB in small parts": lambda: office(".xlsx", *(Part(f"xl/{n}.bin", bytes(990_000)) for n in range(130))),
    "an endless list of links": lambda: office(".xlsx", Part("xl/a.rels", b"<a b='" + NOISE * 28 + b"'/>", method=0)),
    "100,000 files told": lambda: b"PK\3\4" + struct.pack("<4s42s", b"PK\1\2", b"") * 100_000 + b"PK\5\6" + bytes(18),
    "a directory of 30 MB": lambda: b"PK\3\4" + bytes(30_000_000) + struct.pack("<4s8xII2x", b"PK\5\6", 30_000_000, 4),
    "a directory of 30 MB, zip64": lambda: (
        b"PK\3\4"
        + bytes(30_000_000)
        + struct.pack("<4s36xQ8x", b"PK\6\6", 30_000_000)
        + struct.pack("<4s16x", b"PK\6\7")
        + struct.pack("<4s8xII2x", b"PK\5\6", 30, 4)
    ),
    "zips to the tenth": lambda: office(".xlsx", Part("xl/media/a.zip", nested(10))),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_in_little_memory(tmp_path, name):
    path = tmp_path / "x.xlsx"
    path.write_bytes(BOMBS[name]())
    tracemalloc.start()
    found = guard(path, "x.xlsx")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [one.rule for one in found] in (["file.archive"], ["file.size"])
    assert peak < 40_000_000


def test_what_stays_within_the_limits_takes_little_memory_too(tmp_path):
    path = tmp_path / "x.xlsx"
    small = (Part(f"xl/{n}.bin", bytes(990_000)) for n in range(50))
    path.write_bytes(office(".xlsx", Part("xl/media/a.bin", NOISE), *small))
    tracemalloc.start()
    assert guard(path, "x.xlsx") == []
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20_000_000


def test_a_packed_file_is_never_unpacked_beyond_what_it_declares(tmp_path, monkeypatch):
    unpacked = []
    crc32 = zlib.crc32
    monkeypatch.setattr(guards.zlib, "crc32", lambda piece, crc=0: unpacked.append(len(piece)) or crc32(piece, crc))
    raw = zipped(Part("mimetype", ORDINARY[".odt"]()["mimetype"]), Part("a.bin", ZEROS, size=5_000_000, crc=0))
    monkeypatch.setattr(guards, "MAX_RATIO", 10_000)
    unpacked.clear()
    assert rules(tmp_path, ".odt", raw) == ["file.archive"]
    assert sum(unpacked) <= 5_000_000 + 100


# The place of cells


def test_a_sheet_may_be_long_or_wide(tmp_path):
    long = b"".join(b'<row r="%d"><c r="A%d"><v>1</v></c><c r="CV%d"/></row>' % (n, n, n) for n in range(4, 12_000))
    assert look(tmp_path, ".xlsx", far(long)) == []
    wide = b'<row r="4">' + b'<c r="XFD4"><v>1</v></c>' + b"</row>"
    assert look(tmp_path, ".xlsx", far(wide)) == []


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (b'<c r="I1048576"><v>1</v></c>', []),
        (b'<c r="J1048576"><v>1</v></c>', ["file.size"]),
        (b'<c s="1" r="XFD1048576"/>', []),
        (b'<c r="XFD1048576" s="1" />', []),
        (b'<c r="XFD1048576" s="1"></c>', []),
        (b'<c r="A1048576"><v>1</v></c><c r="XFD1048576"/><c r="B1048576"><v>1</v></c>', []),
        (b'<c r="A1048576"><v>1</v></c><c r="XFD1048576"></c><c r="B1048576"><v>1</v></c>', []),
        (b'<c r="XFD1048576" s="1"><v></v></c>', ["file.size"]),
    ],
)
def test_the_table_of_a_sheet_ends_with_its_last_value(tmp_path, cell, expected):
    raw = far(b'<row r="1048576" hidden="1">' + cell + b"</row>")
    assert rules(tmp_path, ".xlsx", raw) == expected


def test_an_ordinary_sheet_is_looked_through_once(tmp_path, monkeypatch):
    def twice(*_):
        raise AssertionError("the cells of an ordinary sheet need no second look")

    monkeypatch.setattr(guards, "_check_cells", twice)
    rows = b"".join(
        b'<row r="%d">' % row
        + b"".join(b'<c r="A%s%d" t="n"><v>%d</v></c>' % (bytes([65 + n]), row, row * n % 5) for n in range(26))
        + b"</row>"
        for row in range(4, 2500)
    )
    assert len(rows) > 2 * guards._CHUNK - 500_000
    assert look(tmp_path, ".xlsx", far(rows)) == []


def test_only_so_many_cells_are_looked_at_one_by_one(tmp_path, monkeypatch):
    monkeypatch.setattr(guards, "MAX_LISTED", 100)
    # The header, the two rows of the sheet itself, and their cells count with them.
    for cells, found in ((87, []), (88, ["the sheets list more than 100 cells"])):
        raw = far(b"<row r='9'>" + b"<c r='A9'><v>1</v></c>" * cells + b"</row>")
        assert [one.found for one in look(tmp_path, ".xlsx", raw)] == found
    second = b"<worksheet><sheetData><row r='9'>" + b"<c r='A9'><v>1</v></c>" * 60 + b"</row></sheetData></worksheet>"
    parts = [Part(f"xl/worksheets/sheet{n}.xml", second) for n in (2, 3)]
    assert rules(tmp_path, ".xlsx", office(".xlsx", parts[0])) == []
    assert rules(tmp_path, ".xlsx", office(".xlsx", *parts)) == ["file.size"]


def test_a_far_cell_is_found_where_two_chunks_meet(tmp_path, monkeypatch):
    monkeypatch.setattr(guards, "_CHUNK", 1000)
    for filler in range(985, 1015):
        cell = b"<!-- " + NOISE[:filler] + b' --><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
        assert rules(tmp_path, ".xlsx", far(cell)) == ["file.size"]


def test_a_tag_without_end_does_not_fill_the_memory(tmp_path):
    sheet = b'<worksheet><c q="' + NOISE + b'"><v>1</v></c></worksheet>'
    assert rules(tmp_path, ".xlsx", office(".xlsx", Part(SHEET, sheet))) == ["file.archive"]


def test_a_list_of_links_may_not_be_endless(tmp_path, monkeypatch):
    monkeypatch.setattr(guards, "_MAX_LISTING", 1_000_000)
    rels = RELS.format(f"<!-- {NOISE.decode()} -->").encode()
    assert rules(tmp_path, ".docx", office(".docx", Part("word/_rels/x.xml.rels", rels))) == ["file.size"]


# Ordinary files


def test_a_workbook_of_openpyxl_passes(tmp_path):
    frame = pd.DataFrame({"id": ["001", "002"], "q1": [1, 2], "when": pd.to_datetime(["2026-01-02", None])})
    frame.to_excel(tmp_path / "x.xlsx", index=False)
    assert guard(tmp_path / "x.xlsx", "x") == []


@pytest.mark.parametrize("form", ["docx", "odt"])
def test_a_document_of_pandoc_passes(tmp_path, form):
    words = "# Interview\n\n**I**: [page](https://example.org/) | $a^2$[^1]\n\n[^1]: note\n"
    pypandoc.convert_text(words, form, format="md", outputfile=str(tmp_path / f"x.{form}"))
    assert guard(tmp_path / f"x.{form}", "x") == []


def test_a_workbook_as_other_programs_pack_it_passes(tmp_path, monkeypatch):
    # Excel leaves room to grow before the first part.
    own = [Part(name, data, extra=STORED, mode=stat.S_IFREG | 0o644) for name, data in workbook().items()]
    assert look(tmp_path, ".xlsx", zipped(*own)) == []
    # LibreOffice and web services write the sizes after the data.
    held = Stream()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in workbook().items():
            archive.writestr(name, data)
    assert archive.infolist()[0].flag_bits & 8
    assert look(tmp_path, ".xlsx", held.getvalue()) == []
    # Java libraries write the directory of large zips also for small ones.
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 1)
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in workbook().items():
            with archive.open(name, "w", force_zip64=True) as part:
                part.write(data)
    raw = held.getvalue()
    assert b"PK\6\6" in raw
    assert look(tmp_path, ".xlsx", raw) == []
    assert look(tmp_path, ".xlsx", raw[:-14] + b"\xff" * 12 + raw[-2:]) == []


def test_what_documents_rightly_hold_passes(tmp_path):
    more = (
        Part("word/media/image1.png", PNG, method=0),
        Part("word/media/image2.jpeg", b"\xff\xd8\xff\xe0<!DOCTYPE xmp>"),
        Part("word/media/image3.emz", b"\x1f\x8b\x08\0" + bytes(9)),
        Part("word/fonts/font1.odttf", random.Random(3).randbytes(4000)),
        Part("word/embeddings/", b"", method=0, mode=stat.S_IFDIR | 0o755),
        Part("word/theme/", b"", packed=b""),
        Part("customXml/item9.xml", b'<?xml version="1.0" encoding="windows-1252"?><a>\xe9 <![CDATA[<!]]></a>'),
        Part("customXml/item8.xml", "<?xml version='1.0' encoding='utf-16'?><a>é</a>".encode("utf-16")),
        Part("word/_rels/footnotes.xml.rels", links("hyperlink")),
        Part("word/_rels/header2.xml.rels", links("image", 'TargetMode="Internal"')),
        Part("word/bibliographie_é.xml", b"<a/>", flags=0x800),
    )
    assert look(tmp_path, ".docx", office(".docx", *more)) == []
    more = (
        Part("xl/printerSettings/printerSettings1.bin", "HP".encode("utf-16-le") + bytes(200)),
        Part("xl/calcChain.xml", b'<calcChain><c r="A1" i="1"/><c r="A2"/></calcChain>'),
        Part("xl/charts/chart1.xml", b"<c:chart><c:cat/></c:chart>"),
    )
    assert look(tmp_path, ".xlsx", office(".xlsx", *more)) == []


@pytest.mark.parametrize(
    ("suffix", "raw"),
    [
        (".csv", "id;q1\n001;é\n".encode()),
        (".csv", "id;q1\n001;é\n".encode("utf-8-sig")),
        (".csv", "id;q1\n001;é\n".encode("utf-16")),
        (".csv", "id;q1\n001;é\n".encode("utf-16-le")),
        (".csv", "id;q1\n001;é\n".encode("utf-16-be")),
        (".csv", "id;q1\n001;é\n".encode("utf-32")),
        (".csv", "id;q1\n001;é\n".encode("cp1252")),
        (".csv", "идентификатор;q1\n1;2\n".encode("cp1251")),
        (".csv", b"sep=;\r\nid;q1\r\n1;2\r\n\x1a"),
        (".csv", b"id,q1\n001,a\0b\n"),
        (".csv", b"PKW,q1\n1,2\n"),
        (".csv", b"id,<html>\n1,2\n"),
        (".tsv", b"id\tq1\n1\t2\n"),
        (".txt", b"I: hello\x0cP1: hm\n"),
        (".md", b"<!-- a note --># Interview\n\n**I**: hello"),
        (".md", b"<details>\n"),
        (".vtt", b"WEBVTT\n\n00:00.000 --> 00:01.000\n<v I>hello\n"),
        (".srt", b"1\n00:00:00,000 --> 00:00:01,000\nI: hello\n"),
    ],
)
def test_a_text_passes(tmp_path, suffix, raw):
    assert look(tmp_path, suffix, raw) == []


def test_statistics_files_pass(tmp_path):
    frame = pd.DataFrame({"id": ["1", "2"], "q1": [1.0, 2.0]})
    for name, compress in (("a.sav", False), ("b.sav", True), ("c.zsav", True)):
        pyreadstat.write_sav(frame, str(tmp_path / name), compress=compress)
        assert guard(tmp_path / name, name) == []
    for version in (8, 10, 12, 13, 14, 15):
        pyreadstat.write_dta(frame, str(tmp_path / "x.dta"), version=version)
        assert guard(tmp_path / "x.dta", "x.dta") == []


@pytest.mark.parametrize(
    ("package", "path"),
    [
        ("statsmodels", "datasets/macrodata/src/macrodata.xls/macrodata.xls"),
        ("statsmodels", "datasets/macrodata/macrodata.dta"),
        ("docutils", "writers/odf_odt/styles.odt"),
        ("docx", "templates/default.docx"),
    ],
)
def test_files_that_office_programs_wrote_pass(package, path):
    file = Path(importlib.util.find_spec(package).origin).parent / path
    if not file.is_file():
        pytest.skip("this version of the package does not bring the file")
    assert guard(file, "x") == []


def test_the_example_files_pass():
    files = [path for path in sorted(EXAMPLE.rglob("*")) if path.is_file()]
    assert {path.suffix for path in files} >= {".csv", ".xlsx", ".docx"}
    assert [path.name for path in files if guard(path, "x")] == []


# What a file is


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"", "empty"),
        (b"PK\3\4", "zip"),
        (b"PK\5\6" + bytes(18), "zip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
        (b"%PDF-1.7", "pdf"),
        (b"{\\rtf1", "rtf"),
        (b"$FL2@(#)", "sav"),
        (b"$FL3@(#)", "zsav"),
        (b"<stata_dta>", "dta"),
        (b"\x72\x02\x01\0", "dta"),
        (b"\x71\x01\x01\0", "dta"),
        (bytes(12) + b"\xc2\xea\x81\x60", "sas"),
        (b"SQLite format 3\0", "sqlite"),
        (b"PAR1\x15\4", "parquet"),
        (b"PAR1;q1\n", "text"),
        (PNG, "png"),
        (b"GIF89a", "gif"),
        (b"II*\0", "tiff"),
        (b"BZh91AY&SY", "bzip2"),
        (b"BZh9;q1", "text"),
        (b"RIFF\0\0\0\0WAVEfmt ", "recording"),
        (b"ID3;q1", "text"),
        (b"<!doctype HTML>", "html"),
        (b"\xef\xbb\xbf \n<HTML lang=en>", "html"),
        (b"<htmlx>", "text"),
        (b"<!-- a --> <!-- b -->\n<table>", "html"),
        (b"<!-- a", "text"),
        (b"<!---->" * 1000, "text"),
        (b'<?xml version="1.0"?><a/>', "xml"),
        (b"<!DOCTYPE a []><a/>", "xml"),
        (b"\x08\x07\x06", "binary"),
        (b"a\0", "text"),
    ],
)
def test_the_first_bytes_tell_what_a_file_is(head, kind):
    assert kind_of(head) == kind


# Reading in memory


def test_members_are_read_in_memory(tmp_path):
    path = tmp_path / "x.odt"
    path.write_bytes(office(".odt"))
    assert members(path) == text()
    assert members(path, {"mimetype", "nothing"}) == {"mimetype": text()["mimetype"]}
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["bomb", "lying size", "traversal", "11 x 20 MB", "wrong checksum"])
def test_members_are_read_within_the_limits(tmp_path, name):
    path = tmp_path / "x.zip"
    path.write_bytes(HOSTILE[name][2]())
    with pytest.raises(Refused) as fault:
        members(path)
    assert fault.value.finding.rule == HOSTILE[name][1]


# Chance


@pytest.mark.parametrize("suffix", ORDINARY)
def test_a_file_cut_anywhere_is_refused(tmp_path, suffix):
    raw = office(suffix)
    for length in {0, 1, 2, 3, 4, 30, len(raw) - 23, len(raw) - 22, len(raw) - 1, *range(0, len(raw), len(raw) // 40)}:
        assert look(tmp_path, suffix, raw[:length])


@given(place=st.integers(0, 10**6), bit=st.integers(0, 7), suffix=st.sampled_from([".xlsx", ".docx"]))
@repeated
def test_a_flipped_bit_in_the_content_is_refused(tmp_path_factory, place, bit, suffix):
    raw = bytearray(office(suffix))
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        spans = [(one.header_offset + 30 + len(one.filename), one.compress_size) for one in archive.infolist()]
    places = [start + place % size for start, size in spans if size]
    at = places[place % len(places)]
    raw[at] ^= 1 << bit
    assert look(tmp_path_factory.getbasetemp(), suffix, bytes(raw), "flipped")


@given(
    suffix=st.sampled_from([".xlsx", ".docx", ".odt"]),
    changes=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=12),
    end=st.none() | st.integers(0, 10**6),
    at_the_end=st.booleans(),
)
@repeated
def test_a_mutated_file_never_raises(tmp_path_factory, suffix, changes, end, at_the_end):
    raw = bytearray(office(suffix))
    for place, byte in changes:
        # Half of the changes go to the directory, where few bytes decide much.
        place = len(raw) - 1 - place % 700 if at_the_end else place % len(raw)
        raw[place] = byte
    look(tmp_path_factory.getbasetemp(), suffix, bytes(raw[: end and end % len(raw)]), "mutated")


@given(raw=st.binary(max_size=300), start=st.sampled_from([b"", b"PK\3\4", b"PK\5\6", ole("Workbook")[:900]]))
@repeated
def test_any_bytes_under_any_name_never_raise(tmp_path_factory, raw, start):
    for suffix in (".csv", ".xlsx", ".xls", ".docx", ".odt", ".sav", ".dta"):
        look(tmp_path_factory.getbasetemp(), suffix, start + raw, "bytes")
