"""The guard at the door: a raw file is looked at before any parser opens it.

What a file is comes from its bytes, never from its name. A packed file (.xlsx, .docx, .odt) is streamed through once,
in memory and with limits; nothing is ever extracted to disk, and only the lists of its parts are parsed.
"""

from __future__ import annotations

import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO
from xml.parsers import expat

from piloteval.intake.catalogue import Problem, problem

#: Size of a file as it comes, in bytes.
MAX_PACKED = 100_000_000
#: Size of all that is packed in a file, in bytes.
MAX_UNPACKED = 200_000_000
#: Packed files in one file.
MAX_MEMBERS = 2_000
#: How many times its packed size a packed file, or all of them, may have from :data:`RATIO_FROM` bytes on.
MAX_RATIO = 100
RATIO_FROM = 1_000_000
#: Cells of a sheet from A1 to its last row and last column; readers keep the empty ones too.
MAX_CELLS = 10_000_000
#: Cells of a file that are looked at one by one: those of sheets longer than 9,999 rows, or written unusually.
MAX_LISTED = 2_000_000

#: Problems told of one file.
_TOLD = 5
_HEAD = 8_192
_READ = 65_536
_CHUNK = 1_048_576
#: What is looked for is shorter than this, so it is found where two chunks meet.
_SEAM = 512
#: Size of a zip's directory, and of a part that lists other parts.
_MAX_DIRECTORY = 8_000_000
_MAX_LISTING = 32_000_000


@dataclass(frozen=True)
class _Finding:
    """A problem without the name of its file."""

    rule: str
    found: str
    expected: str = ""
    remedy: str = ""


class Refused(Exception):
    """A file that is not looked at any further; carries the reason, never a value of the data."""

    def __init__(self, rule: str, found: str, expected: str = "", remedy: str = "") -> None:
        super().__init__(found)
        self.finding = _Finding(rule, found, expected, remedy)


# What a file is

_MAGIC = (
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"PK\x07\x08", "zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
    (b"%PDF-", "pdf"),
    (b"{\\rtf", "rtf"),
    (b"$FL2", "sav"),
    (b"$FL3", "zsav"),
    (b"\x1c\0\0\0\0\0\0\0ENCRYPTED", "locked-spss"),
    (b"<stata_dta>", "dta"),
    (b"\0" * 12 + b"\xc2\xea\x81\x60", "sas"),
    (b"SQLite format 3\0", "sqlite"),
    (b"PAR1\x15", "parquet"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"II*\0", "tiff"),
    (b"MM\0*", "tiff"),
    (b"\x1f\x8b\x08", "gzip"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "rar"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
)
# Stata up to version 12: format number, byte order, a one and a zero.
_OLD_STATA = re.compile(rb"[\x66-\x73][\x01\x02]\x01\0")
_BZIP2 = re.compile(rb"BZh[1-9]1AY&SY")
_RECORDING = re.compile(rb"ID3[\x02-\x04]\0|RIFF.{4}(?:WAVE|AVI )|.{4}ftyp|OggS\0|fLaC", re.DOTALL)
_HTML = re.compile(rb"<(?:!doctype\s+html|html|head|body|table|meta)[\s>]")
_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff")
_BLANKS = b"\xef\xbb\xbf\xff\xfe \t\r\n"
# A form feed and the end mark of old DOS programs do stand in texts.
_CONTROLS = bytes({*range(32), 127} - {*b"\t\n\v\f\r\x1a"})

_PICTURES = {"png", "jpeg", "gif", "tiff"}
_ARCHIVES = {"zip", "gzip", "7z", "rar", "bzip2", "xz", "zstd"}


def kind_of(head: bytes) -> str:
    """Tell what a file is from its first bytes.

    Parameters
    ----------
    head : bytes
        The first bytes of the file; 8 kB are enough.

    Returns
    -------
    str
        ``zip``, ``ole`` (an office file before 2007, or a newer one with a password), ``pdf``, ``rtf``, ``html``,
        ``xml``, ``sav``, ``zsav``, ``locked-spss``, ``dta``, ``sas``, ``sqlite``, ``parquet``, a picture (``png``,
        ``jpeg``, ``gif``, ``tiff``), ``recording``, an archive (``gzip``, ``7z``, ``rar``, ``bzip2``, ``xz``,
        ``zstd``), ``text``, ``binary`` or ``empty``.
    """
    if not head:
        return "empty"
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if _OLD_STATA.match(head):
        return "dta"
    if _BZIP2.match(head):
        return "bzip2"
    if _RECORDING.match(head):
        return "recording"
    if not _is_text(head):
        return "binary"
    start = _plain(head)[:1024].lower()
    if start.startswith(b"%pdf-"):
        return "pdf"
    while start.startswith(b"<!--"):
        start = start.partition(b"-->")[2].lstrip()
    if _HTML.match(start) or (start.startswith(b"<?xml") and b"<html" in start):
        return "html"
    return "xml" if start.startswith((b"<?xml", b"<!doctype")) else "text"


def _is_text(head: bytes) -> bool:
    """Tell text from binary; a text may hold a stray control character, which its reader will tell."""
    if head.startswith(_MARKS):
        return True
    even, odd = head[0::2], head[1::2]
    for letters, zeros in ((even, odd), (odd, even)):
        # UTF-16 without a byte order mark: every other byte of Latin letters is zero.
        if b"\0" not in letters and 2 * zeros.count(0) > len(zeros):
            return True
    controls = len(head) - len(head.translate(None, _CONTROLS))
    return controls == 1 or 20 * controls <= len(head)


def _plain(head: bytes) -> bytes:
    """Return the beginning of a text without byte order mark, leading blanks and the zeros of UTF-16 and UTF-32."""
    return _without_zeros(head).lstrip(_BLANKS)


def _without_zeros(text: bytes) -> bytes:
    """Make UTF-16 and UTF-32 look like ASCII, as far as they say something in ASCII; other text has no zeros."""
    return text.translate(None, b"\0") if b"\0" in text else text


# What the name of a file says

_TEXTS = (".csv", ".tsv", ".txt", ".md", ".vtt", ".srt")
#: What a file of this name may hold.
_KINDS = {
    **dict.fromkeys(_TEXTS, ("text",)),
    ".xlsx": ("xlsx",),
    ".xls": ("xls",),
    ".docx": ("docx",),
    ".odt": ("odt",),
    ".sav": ("sav", "zsav"),
    ".zsav": ("sav", "zsav"),
    ".dta": ("dta",),
    ".qdpx": ("zip",),
    ".qdc": ("xml", "text"),
    **dict.fromkeys((".qda", ".sqlite3", ".sqlite", ".db"), ("sqlite",)),
}
#: Kinds that say nothing of the ending a file should have.
_COMMON = ("text", "xml", "zip", "sqlite")
_NAMED = {
    **dict.fromkeys(_TEXTS, "a text file"),
    ".xlsx": "a workbook",
    ".xls": "an old workbook",
    ".docx": "a Word document",
    ".odt": "an OpenDocument text",
    ".sav": "an SPSS file",
    ".zsav": "an SPSS file",
    ".dta": "a Stata file",
    ".qdpx": "a REFI-QDA project",
    ".qdc": "a REFI-QDA codebook",
    **dict.fromkeys((".qda", ".sqlite3", ".sqlite", ".db"), "a project of QualCoder or Taguette"),
}
_EXPORT = {
    **dict.fromkeys(_TEXTS, "Export it as text from the program it was made with; renaming does not convert it."),
    ".xlsx": "Open it in a spreadsheet program and save it as .xlsx; renaming does not convert it.",
    ".xls": "Open it in a spreadsheet program and save it as .xlsx; renaming does not convert it.",
    ".docx": "Open it in a word processor and save it as .docx; renaming does not convert it.",
    ".odt": "Open it in a word processor and save it as .odt; renaming does not convert it.",
    ".sav": "Export it again from SPSS as .sav.",
    ".zsav": "Export it again from SPSS as .sav.",
    ".dta": "Export it again from Stata as .dta.",
    ".qdpx": "Export the project again as REFI-QDA from the coding program.",
    ".qdc": "Export the codebook again as REFI-QDA from the coding program.",
    **dict.fromkeys((".qda", ".sqlite3", ".sqlite", ".db"), "Send the file that the coding program has saved."),
}
_WORDS = {
    "xlsx": "a workbook (.xlsx)",
    "xlsb": "a binary workbook (.xlsb)",
    "xltx": "a template of a workbook (.xltx)",
    "xls": "an old workbook (.xls)",
    "docx": "a Word document (.docx)",
    "dotx": "a template of a Word document (.dotx)",
    "doc": "an old Word document (.doc)",
    "pptx": "a presentation",
    "ppt": "a presentation",
    "odt": "an OpenDocument text (.odt)",
    "ods": "an OpenDocument spreadsheet (.ods)",
    "odp": "a presentation",
    "ole": "a file of an old office program",
    "zip": "a zip archive",
    "gzip": "a packed file (gzip)",
    "7z": "a 7-Zip archive",
    "rar": "a RAR archive",
    "bzip2": "a packed file (bzip2)",
    "xz": "a packed file (xz)",
    "zstd": "a packed file (zstd)",
    "pdf": "a PDF document",
    "rtf": "a document in rich text (.rtf)",
    "html": "an HTML page",
    "xml": "an XML file",
    "sav": "an SPSS file (.sav)",
    "zsav": "an SPSS file (.zsav)",
    "dta": "a Stata file (.dta)",
    "sas": "a SAS file",
    "sqlite": "a database (SQLite)",
    "parquet": "a Parquet file",
    "png": "a picture (PNG)",
    "jpeg": "a picture (JPEG)",
    "gif": "a picture (GIF)",
    "tiff": "a picture (TIFF)",
    "recording": "a sound or film recording",
    "text": "plain text",
    "binary": "binary data",
}


def _wrong_kind(kind: str, suffix: str) -> _Finding:
    found = f"this is {_WORDS[kind]} saved under the name of {_NAMED[suffix]}"
    own = next((ending for ending, kinds in _KINDS.items() if kind in kinds and kind not in _COMMON), "")
    remedy = f"Give it back its own ending, {own}, and correct its row of the sheet." if own else _EXPORT[suffix]
    return _Finding("file.kind", found, remedy=remedy)


# Old office files: streams in a compound file


def _stream(name: str) -> bytes:
    """Return how a compound file's directory writes a name ([MS-CFB] 2.6.1): UTF-16, padded, then its length."""
    return name.encode("utf-16-le").ljust(64, b"\0") + struct.pack("<H", 2 * len(name) + 2)


_OLE_STREAMS = {
    _stream("EncryptedPackage"): "locked",
    _stream("Workbook"): "xls",
    _stream("Book"): "xls",
    _stream("WordDocument"): "doc",
    _stream("PowerPoint Document"): "ppt",
    _stream("_VBA_PROJECT_CUR"): "macro",
}
# The workbook's first record (BIFF8 or BIFF5), perhaps one on write protection, then the one that says "encrypted".
_OLE_LOCK = re.compile(rb"\x09\x08(?:\x10\0\0\x06\x05\0.{12}|\x08\0\0\x05\x05\0.{4})(?:\x86\0\0\0)?\x2f\0", re.DOTALL)


def _overlapping(handle: BinaryIO, overlap: int) -> Iterator[bytes]:
    """Read a file in chunks, each with the end of the one before."""
    handle.seek(0)
    seam = b""
    while chunk := handle.read(_CHUNK):
        yield seam + chunk
        seam = chunk[-overlap:]


def _ole_holds(handle: BinaryIO) -> set[str]:
    """Return what a compound file holds, from the names of its streams."""
    holds = set()
    for chunk in _overlapping(handle, 128):
        holds |= {kind for name, kind in _OLE_STREAMS.items() if name in chunk}
        if _OLE_LOCK.search(chunk):
            holds.add("locked")
    return holds


def _look_at_ole(handle: BinaryIO, suffix: str) -> list[_Finding]:
    holds = _ole_holds(handle)
    if "locked" in holds:
        return [_Finding("file.protected", "the file is protected by a password")]
    kind = next((kind for kind in ("xls", "doc", "ppt") if kind in holds), "ole")
    if kind not in _KINDS[suffix]:
        return [_wrong_kind(kind, suffix)]
    return [_Finding("file.macro", "the workbook carries macros")] if "macro" in holds else []


# Packed files: the directory of a zip


@dataclass(frozen=True)
class _Entry:
    """One packed file: its name, where its bytes begin, and what the directory says of it."""

    name: str
    start: int
    packed: int
    size: int
    crc: int
    deflated: bool


_DAMAGED = (
    "file.unreadable",
    "the file is cut short or damaged",
    "",
    "Send the file again; if that does not help, export it again.",
)
_DISAGREE = ("file.archive", "the list of packed files says something else than the packed files themselves")
_STRANGE_PATH = re.compile(
    r"""^/ | ^[A-Z]: | \\ | [\x00-\x1f\x7f] | (?:^|/)\.\.(?:/|$)
    | (?:^|/)(?:con|prn|aux|nul|com\d|lpt\d)(?:\.[^/]*)?(?:/|$)""",
    re.IGNORECASE | re.VERBOSE,
)


def _directory(handle: BinaryIO) -> list[zipfile.ZipInfo]:
    """Read the directory of a zip, after making sure that reading it cannot exhaust the memory."""
    count = 0
    for chunk in _overlapping(handle, 3):
        count += chunk.count(b"PK\x01\x02")
    if count > MAX_MEMBERS:
        raise Refused("file.archive", f"the file holds {count:,} packed files", f"at most {MAX_MEMBERS:,}")
    if _directory_size(handle) > _MAX_DIRECTORY:
        raise Refused("file.archive", "the list of packed files is longer than any office program writes it")
    try:
        return zipfile.ZipFile(handle).infolist()
    except Exception:
        raise Refused(*_DAMAGED) from None


def _directory_size(handle: BinaryIO) -> int:
    """Return the size the end of a zip gives for its directory; if it gives it twice, the longer number counts."""
    size = handle.seek(0, os.SEEK_END)
    handle.seek(max(0, size - 22 - 65_535 - 76))
    tail = handle.read()
    end = tail.rfind(b"PK\x05\x06")
    if end < 0 or end + 22 > len(tail):
        raise Refused(*_DAMAGED)
    (length,) = struct.unpack_from("<I", tail, end + 12)
    if end >= 76 and tail.startswith(b"PK\x06\x07", end - 20):
        (length,) = struct.unpack_from("<Q", tail, end - 76 + 40)
    return length


def _entries(handle: BinaryIO) -> list[_Entry]:
    """Return the packed files of a zip in the order they lie in it.

    Raises
    ------
    Refused
        The zip is damaged, has a password, or is built in a way no office program builds it.
    """
    infos = _directory(handle)
    if any(info.flag_bits & 0x2041 or info.compress_type == 99 for info in infos):
        raise Refused("file.protected", "what is packed in the file is encrypted")
    if any(_STRANGE_PATH.search(info.orig_filename) for info in infos):
        raise Refused("file.archive", "the path of a packed file leads out of the file, or is none an office file has")
    if len({info.orig_filename.casefold() for info in infos}) < len(infos):
        raise Refused("file.archive", "two packed files have the same name")
    if any(stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR) for info in infos):
        raise Refused("file.archive", "a packed file is a link to another file")
    if any(info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for info in infos):
        raise Refused("file.archive", "a packed file is packed in a way no office program uses")
    entries: list[_Entry] = []
    end = 0
    for info in sorted(infos, key=lambda one: one.header_offset):
        entry = _entry(handle, info)
        # Files that share their bytes unpack to far more than their sizes tell, and what stands before the first
        # file may be a second archive that another program reads instead of this one.
        if info.header_offset < end or (not entries and info.header_offset > 0):
            raise Refused("file.archive", "the packed files do not lie one after the other")
        end = entry.start + entry.packed
        entries.append(entry)
    return entries


def _entry(handle: BinaryIO, info: zipfile.ZipInfo) -> _Entry:
    """Compare a packed file's own header with the directory: some programs read the one, some the other."""
    if not 0 <= info.header_offset < MAX_PACKED:
        raise Refused(*_DAMAGED)
    handle.seek(info.header_offset)
    header = handle.read(30)
    if len(header) < 30 or not header.startswith(b"PK\x03\x04"):
        raise Refused(*_DAMAGED)
    flags, method, name_length, extra_length = struct.unpack("<6xHH16xHH", header)
    if flags & 0x2041:
        raise Refused("file.protected", "what is packed in the file is encrypted")
    listed = info.orig_filename.encode("utf-8" if info.flag_bits & 0x800 else "cp437")
    if method != info.compress_type or handle.read(name_length) != listed:
        raise Refused(*_DISAGREE)
    start = info.header_offset + 30 + name_length + extra_length
    return _Entry(info.orig_filename, start, info.compress_size, info.file_size, info.CRC, bool(method))


# Packed files: their content, streamed


def _pieces(handle: BinaryIO, entry: _Entry) -> Iterator[bytes]:
    """Yield the unpacked bytes as they come, never more than a chunk at once."""
    handle.seek(entry.start)
    left = entry.packed
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS) if entry.deflated else None
    while left and not (unpacker and unpacker.eof):
        raw = handle.read(min(left, _READ))
        if not raw:
            raise Refused(*_DAMAGED)
        left -= len(raw)
        if unpacker is None:
            yield raw
            continue
        try:
            piece = unpacker.decompress(raw, _CHUNK)
            while piece:
                yield piece
                piece = unpacker.decompress(unpacker.unconsumed_tail, _CHUNK)
        except zlib.error:
            raise Refused(*_DAMAGED) from None
    if unpacker and entry.packed and not unpacker.eof:
        raise Refused(*_DAMAGED)


def _unpack(handle: BinaryIO, entry: _Entry) -> Iterator[bytes]:
    """Yield a packed file in chunks of about a megabyte.

    Raises
    ------
    Refused
        More bytes come out than the directory says, or than :data:`MAX_RATIO` allows; or the checksum is wrong.
    """
    held = bytearray()
    total = crc = 0
    for piece in _pieces(handle, entry):
        total += len(piece)
        if total > entry.size:
            raise Refused("file.archive", "a packed file is larger than the list of packed files says")
        if total > RATIO_FROM and total > MAX_RATIO * entry.packed:
            raise Refused("file.archive", f"a packed file unpacks to more than {MAX_RATIO} times its size")
        crc = zlib.crc32(piece, crc)
        held += piece
        if len(held) >= _CHUNK:
            yield bytes(held)
            held.clear()
    if total < entry.size or crc != entry.crc:
        raise Refused(*_DAMAGED)
    if held:
        yield bytes(held)


def _check_total(entries: Collection[_Entry]) -> None:
    """Refuse what is too large as a whole; no packed file is unpacked beyond the size it declares here."""
    packed, total = sum(entry.packed for entry in entries), sum(entry.size for entry in entries)
    if total > MAX_UNPACKED:
        found = f"the file unpacks to {total / 1e6:,.0f} MB"
        raise Refused("file.size", found, f"at most {MAX_UNPACKED / 1e6:,.0f} MB")
    if total > RATIO_FROM and total > MAX_RATIO * packed:
        raise Refused("file.archive", f"the file unpacks to more than {MAX_RATIO} times its size")


def members(path: Path, names: Collection[str] | None = None) -> dict[str, bytes]:
    """Read packed files into memory, with the limits of this module; nothing is written to disk.

    Parameters
    ----------
    path : Path
        A zip file, such as a workbook or a document.
    names : collection of str, optional
        The packed files wanted; without it, all.

    Returns
    -------
    dict of str to bytes
        Content by name; names that are not in the file are left out.

    Raises
    ------
    Refused
        The file is damaged, too large, or built in a way no office program builds it.
    """
    with path.open("rb") as handle:
        entries = [entry for entry in _entries(handle) if names is None or entry.name in names]
        _check_total(entries)
        return {entry.name: b"".join(_unpack(handle, entry)) for entry in entries}


# Packed files: what is in them

_ENTITIES = _Finding("file.active", "a part of the file declares a document type or entities")
_SVG = _Finding(
    "file.active", "a picture in the file declares a document type or entities", remedy="Replace the SVG pictures."
)
_EXTERNAL = _Finding("file.active", "the file reaches for content outside itself")
_TEMPLATE = _Finding(
    "file.active",
    "the document is linked to a template outside itself",
    remedy="In the word processor, attach the standard template (Normal) instead and save the document again.",
)
_LINKS = _Finding("file.active", "the workbook takes values from other files")
_DDE = _Finding("file.active", "the file asks other programs for data (DDE)")
_MACRO = _Finding("file.macro", "the file carries macros")
_ACTIVEX = _Finding("file.macro", "the file carries ActiveX controls")
_EMBEDDED = _Finding("file.macro", "another file is embedded in the file")
_NESTED = _Finding("file.archive", "a packed file is an archive itself")
_NOT_XML = _Finding("file.archive", "a part of the file is not the XML its name says")
_ENCODING = _Finding("file.archive", "a part of the file is in an encoding no office program uses")

_GRAVITY = ("file.archive", "file.protected", "file.macro", "file.active")

_CONTENT_TYPES = "[Content_Types].xml"
_MANIFEST = "META-INF/manifest.xml"
_OPEN_XML = "application/vnd.openxmlformats-officedocument."
_OPEN_DOCUMENT = "application/vnd.oasis.opendocument."
#: What a package is, by the content type of its main part.
_PACKAGES = {
    f"{_OPEN_XML}spreadsheetml.sheet.main+xml": "xlsx",
    f"{_OPEN_XML}spreadsheetml.template.main+xml": "xltx",
    "application/vnd.ms-excel.sheet.macroenabled.main+xml": "xlsx",
    "application/vnd.ms-excel.template.macroenabled.main+xml": "xltx",
    "application/vnd.ms-excel.sheet.binary.macroenabled.main": "xlsb",
    f"{_OPEN_XML}wordprocessingml.document.main+xml": "docx",
    f"{_OPEN_XML}wordprocessingml.template.main+xml": "dotx",
    "application/vnd.ms-word.document.macroenabled.main+xml": "docx",
    "application/vnd.ms-word.template.macroenabledtemplate.main+xml": "dotx",
    f"{_OPEN_XML}presentationml.presentation.main+xml": "pptx",
    f"{_OPEN_XML}presentationml.slideshow.main+xml": "pptx",
    f"{_OPEN_DOCUMENT}text": "odt",
    f"{_OPEN_DOCUMENT}spreadsheet": "ods",
    f"{_OPEN_DOCUMENT}presentation": "odp",
}
_MACRO_TYPE = re.compile(r"macroenabled|vbaproject")

#: What the name of a packed file tells by itself.
_BY_NAME = (
    (re.compile(r"(?:^|/)vbaproject[^/]*\.bin$|^xl/macrosheets/|^(?:basic|scripts)/."), _MACRO),
    (re.compile(r"(?:^|/)activex/"), _ACTIVEX),
    (re.compile(r"(?:^|/)(?:embeddings/|oleobject)"), _EMBEDDED),
    (re.compile(r"^xl/externallinks/"), _LINKS),
)
_XML_NAME = re.compile(r"\.(?:xml|rels|vml)$")
_XML_ENCODING = re.compile(rb"<\?xml[^>]*?\bencoding\s*=\s*[\"']([^\"']*)")
# Encodings in which the letters of a declaration are the bytes of ASCII, or UTF-16, whose zeros are taken out.
_SAFE_ENCODING = re.compile(rb"utf-?8|utf-?16(?:le|be)?|(?:us-)?ascii|iso-8859-\d+|windows-125\d", re.IGNORECASE)
_DOCTYPE = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_DDE_FIELD = re.compile(
    rb"<(?:\w+:)?(?:instrText\b[^<>]*>|fldSimple\b[^<>]*?\binstr\s*=\s*[\"'])\s*(?:&quot;|\")?DDE(?:AUTO)?\b",
    re.IGNORECASE,
)
_DDE_FORMULA = re.compile(rb"<(?:\w+:)?f(?:\s[^<>]*)?>\s*[=+-]?[\w.]+\|[^<]*!")
_DDE_ELEMENT = re.compile(rb"<[\w.-]+:dde-(?:link|source|connection)")
# A cell that does not say in the usual way that it lies within A1:ZZ9999, which is less than MAX_CELLS. Some bytes
# must follow, since a cell that is cut by the end of a chunk comes again, whole, with the next one.
_UNUSUAL_CELL = re.compile(rb"<c[\s>](?!r=\"[A-Z]{1,2}\d{1,4}\")(?=.{10})", re.DOTALL)
_PREFIXED_CELL = re.compile(rb":c[\s>]")
# The start of a row or a cell: its place where it is told first, what else it tells, and whether it ends at once.
_ROW_OR_CELL = re.compile(rb"<(?:[^<>\s/:]*:)?(row|c)(?: r=\"([A-Z]*)(\d+)\")?([\s>][^<]*)(</)?")
_REFERENCE = re.compile(rb"[\s\"']r\s*=\s*[\"']\s*([A-Za-z]*)(\d+)")


def _elements(handle: BinaryIO, entry: _Entry) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield tag and attributes of every element of a part that lists other parts."""
    if entry.size > _MAX_LISTING:
        raise Refused("file.size", "a list of parts in the file is larger than any office program writes it")
    seen: list[tuple[str, dict[str, str]]] = []

    def refuse(*_: object) -> None:
        raise Refused(_ENTITIES.rule, _ENTITIES.found)

    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda tag, attributes: seen.append((tag.rpartition(":")[2], attributes))
    parser.StartDoctypeDeclHandler = refuse
    try:
        for chunk in _unpack(handle, entry):
            parser.Parse(chunk, False)
            yield from seen
            seen.clear()
        parser.Parse(b"", True)
    except (expat.ExpatError, ValueError, LookupError):
        raise Refused("file.unreadable", "a list of parts in the file is broken") from None
    # A parser may keep back what it has read until it knows that nothing follows.
    yield from seen


def _declared(handle: BinaryIO, entries: Iterable[_Entry]) -> tuple[set[str], list[_Finding]]:
    """Return what a package says it is, and what its lists of parts say against it."""
    types: set[str] = set()
    findings = []
    for entry in entries:
        if entry.name == "mimetype":
            types.add(next(_unpack(handle, entry), b"")[:200].decode("ascii", "replace").strip().lower())
        elif entry.name == _CONTENT_TYPES:
            types |= {attributes.get("ContentType", "").lower() for _, attributes in _elements(handle, entry)}
        elif entry.name == _MANIFEST and any(tag == "encryption-data" for tag, _ in _elements(handle, entry)):
            findings.append(_Finding("file.protected", "the document is protected by a password"))
    if any(_MACRO_TYPE.search(one) for one in types):
        findings.append(_MACRO)
    return {_PACKAGES[one] for one in types if one in _PACKAGES}, findings


def _kind_of_package(handle: BinaryIO) -> str:
    """Return what a zip is that should be none at all; one that cannot be looked into is a zip and no more."""
    try:
        kinds, _ = _declared(handle, _entries(handle))
    except Refused:
        return "zip"
    return min(kinds, default="zip")


def _look_at_part(name: str, chunks: Iterable[bytes], workbook: bool) -> tuple[set[_Finding], bool]:
    """Look for what is dangerous in a packed file, and whether the place of its cells must be looked at."""
    findings: set[_Finding] = set()
    seam, unusual, kind = b"", False, ""
    for chunk in chunks:
        if not kind:
            kind = kind_of(chunk[:_HEAD])
            findings |= set(_by_head(name, kind, chunk[:_HEAD]))
        if kind in _PICTURES:
            continue
        text = _without_zeros(seam + chunk)
        if _DOCTYPE.search(text):
            findings.add(_SVG if name.endswith(".svg") else _ENTITIES)
        if workbook:
            unusual = unusual or bool(_UNUSUAL_CELL.search(text) or _PREFIXED_CELL.search(text))
            if b"|" in text and _DDE_FORMULA.search(text):
                findings.add(_DDE)
        elif b"DDE" in text.upper() and (_DDE_FIELD.search(text) or _DDE_ELEMENT.search(text)):
            findings.add(_DDE)
        seam = text[-_SEAM:]
    return findings, unusual


def _by_head(name: str, kind: str, head: bytes) -> Iterator[_Finding]:
    """Yield what the first bytes of a packed file tell."""
    start = _plain(head)
    # Two kinds of pictures are packed with gzip by the office programs themselves.
    if kind in _ARCHIVES and not name.endswith((".emz", ".wmz")):
        yield _NESTED
    if kind == "ole":
        yield _EMBEDDED
    if _XML_NAME.search(name) and not start.startswith(b"<"):
        yield _NOT_XML
    encoding = _XML_ENCODING.match(start)
    if encoding and not _SAFE_ENCODING.fullmatch(encoding[1]):
        yield _ENCODING


def _look_at_links(handle: BinaryIO, entry: _Entry) -> Iterator[_Finding]:
    """Yield links to the outside that are more than something to click on."""
    for tag, attributes in _elements(handle, entry):
        if tag == "Relationship" and attributes.get("TargetMode", "").lower() == "external":
            kind = attributes.get("Type", "").rpartition("/")[2].lower()
            if kind != "hyperlink":
                yield _TEMPLATE if kind == "attachedtemplate" else _EXTERNAL


def _check_cells(chunks: Iterable[bytes], allowed: int) -> int:
    """Refuse a sheet whose last row and last column span more than :data:`MAX_CELLS`; return the cells it lists.

    A reader makes one table from A1 to there: two cells in opposite corners of a sheet exhaust the memory.
    """
    listed = row = column = last_row = last_column = 0
    rest = b""
    for chunk in chunks:
        whole, mark, rest = (rest + _without_zeros(chunk)).rpartition(b"<")
        rest = mark + rest
        if len(rest) > _CHUNK:
            raise Refused("file.archive", "a part of the file is written in a way no office program writes it")
        tags = _ROW_OR_CELL.findall(whole)
        listed += len(tags)
        if listed > allowed:
            raise Refused("file.size", f"the sheets list more than {MAX_LISTED:,} cells")
        for what, letters, digits, attributes, ended in tags:
            if not digits and (place := _REFERENCE.search(attributes)):
                letters, digits = place.groups()
            if what == b"row":
                row, column = int(digits[:9]) if digits else row + 1, 0
                continue
            # A cell without a place stands to the right of the one before.
            column = _column(letters[:7]) if letters else column + 1
            row = int(digits[:9]) if digits else row
            # A cell that ends at once is a format without a value, and a format makes no table.
            if (row > last_row or column > last_column) and not ended and not attributes.rstrip().endswith(b"/>"):
                last_row, last_column = max(last_row, row), max(last_column, column)
    if last_row * last_column > MAX_CELLS:
        raise Refused(
            "file.size",
            f"the cells of a sheet lie so far apart that they span a table of {last_row * last_column:,} cells",
            f"at most {MAX_CELLS:,}",
            "Delete the stray cells (Ctrl+End goes to the last one) and save the workbook again.",
        )
    return listed


@lru_cache(maxsize=16_384)
def _column(letters: bytes) -> int:
    """Return the number of a column: A is 1, Z is 26, AA is 27."""
    number = 0
    for letter in letters.upper():
        number = 26 * number + letter - 64
    return number


def _look_at_package(handle: BinaryIO, suffix: str) -> list[_Finding]:
    """Look into a packed office file; return what was found, gravest first."""
    entries = _entries(handle)
    _check_total(entries)
    kinds, listed = _declared(handle, entries)
    if kinds != set(_KINDS[suffix]):
        return [_wrong_kind(min(kinds - set(_KINDS[suffix]), default="zip"), suffix)]
    if any(one.rule == "file.protected" for one in listed):
        return listed
    findings, allowed = set(listed), MAX_LISTED
    for entry in entries:
        name = entry.name.lower()
        named = {finding for pattern, finding in _BY_NAME if entry.size and pattern.search(name)}
        found, unusual = _look_at_part(name, _unpack(handle, entry), suffix == ".xlsx")
        # What is embedded, and the links of a link, are one cause and not two.
        findings |= named or found
        if unusual:
            allowed -= _check_cells(_unpack(handle, entry), allowed)
        if name.endswith(".rels") and not named:
            findings |= set(_look_at_links(handle, entry))
    return sorted(findings, key=lambda one: (_GRAVITY.index(one.rule), one.found))


def _look(handle: BinaryIO, suffix: str) -> list[_Finding]:
    size = os.fstat(handle.fileno()).st_size
    if not size:
        return [_Finding("file.empty", "the file is empty (0 bytes)")]
    if size > MAX_PACKED:
        found = f"the file has {size / 1e6:,.0f} MB"
        return [_Finding("file.size", found, f"at most {MAX_PACKED / 1e6:,.0f} MB")]
    if suffix not in _KINDS:
        return []
    kind = kind_of(handle.read(_HEAD))
    if kind == "locked-spss":
        return [_Finding("file.protected", "the file is protected by a password")]
    if kind == "ole":
        return _look_at_ole(handle, suffix)
    if kind == "zip" and suffix in (".xlsx", ".docx", ".odt"):
        return _look_at_package(handle, suffix)
    if kind == "zip":
        kind = _kind_of_package(handle)
    return [] if kind in _KINDS[suffix] else [_wrong_kind(kind, suffix)]


def guard(path: Path, name: str) -> list[Problem]:
    """Look at a raw file before any parser opens it.

    Parameters
    ----------
    path : Path
        The file.
    name : str
        Its path as it is written in sentences.

    Returns
    -------
    list of Problem
        At most a handful, gravest first, all of level STOP; empty if the file may be opened. A file whose ending no
        reader knows is only weighed.
    """
    if not path.is_file():
        findings = [_Finding("file.unreadable", "this is not a file", remedy="Put the file there.")]
    else:
        try:
            with path.open("rb") as handle:
                findings = _look(handle, path.suffix.lower())
        except Refused as refused:
            findings = [refused.finding]
        except OSError:
            remedy = "Close it in other programs, and check that it may be read."
            findings = [_Finding("file.unreadable", "the file cannot be opened", remedy=remedy)]
    return [
        problem(one.rule, name, found=one.found, expected=one.expected, remedy=one.remedy) for one in findings[:_TOLD]
    ]
