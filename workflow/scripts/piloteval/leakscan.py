"""Looks through all that a run wrote for what must not leave the restricted tier: ids, names, words, keys.

``python -m piloteval.leakscan`` in a study folder says file, place and kind of every leak, never its text. Files are
opened as far down as they are packed, and every text is read in the forms in which words hide: escaped, encoded,
reversed, spaced out. What could not be opened is said too, since nobody knows what it holds.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import bz2
import csv
import hashlib
import html
import io
import json
import lzma
import os
import re
import string
import struct
import sys
import unicodedata
import urllib.parse
import zipfile
import zlib
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from piloteval import config as configuration
from piloteval.errors import PilotError
from piloteval.intake.coding_tools import read_coding_tool
from piloteval.intake.codings import PROGRAMS
from piloteval.intake.records import RECORDS
from piloteval.intake.refi import DICTIONARY
from piloteval.intake.sheet import Source, read_sheet

if TYPE_CHECKING:
    import numpy as np

#: The forms a needle is looked for in, in the order in which a hit is named.
FORMS = (
    "as it is",
    "case-folded",
    "accents removed",
    "umlauts written out",
    "markup removed",
    "HTML entities",
    "URL quoting",
    "backslash escapes",
    "base64",
    "hex",
    "UTF-16",
    "list of bytes",
    "reversed",
    "squeezed",
)

#: Needles shorter than this are left out: they stand in every text.
SHORTEST = 4
#: Needles shorter than this, and those without a letter, count only as whole words.
SHORT = 6
#: Letters a needle needs to be looked for in squeezed text, where the ends of words are gone.
SQUEEZED = 8
#: Characters of an encoded needle that must be there; shorter ones turn up by chance in encoded pictures.
ENCODED = 8

#: How deep packed files are opened, and how much one file may hold when all is unpacked, in bytes.
DEPTH = 6
MAX_PART = 100_000_000
MAX_FILE = 400_000_000
MAX_MEMBERS = 5_000

#: What may stand where: coders are named in the table of their agreement, which is for the team.
MAY_STAND = {
    "coder id": ("results/internal", "logs", "benchmarks", ".snakemake"),
    "quote that is used": ("results/internal",),
}

#: Folders a run writes, from the study folder.
WRITTEN = ("results", "logs", "benchmarks", ".snakemake", "reports", "notebooks", ".quarto", "_freeze")
#: Packages and locks of Snakemake; nothing of the study goes into them.
_NOT_OURS = {".snakemake/conda", ".snakemake/conda-archive", ".snakemake/singularity", ".snakemake/locks"}
RESTRICTED = "results/restricted"


@dataclass(frozen=True)
class Needle:
    """Something that must be nowhere: its text, or the bytes of a key, and what kind of thing it is.

    The kind is told with a leak; the text never is.
    """

    text: str | bytes = field(repr=False)
    what: str = ""


@dataclass(frozen=True)
class Leak:
    """A needle that was found: file, place in the file, kind of needle and the form it was found in."""

    path: str
    inside: str
    what: str
    form: str

    def sentence(self) -> str:
        """Return the leak in words."""
        place = f" ({self.inside})" if self.inside else ""
        return f"{self.path}{place}: a {self.what} stands here; form: {self.form}."


@dataclass
class Report:
    """What a scan found, with its figures.

    Attributes
    ----------
    leaks : list of Leak
        Each once.
    unopened : list of Leak
        Places that could not be opened; ``form`` says why.
    files, size : int
        Files looked at, and their bytes.
    needles, left_out : int
        Needles looked for, and those that are too short to be looked for.
    """

    leaks: list[Leak] = field(default_factory=list)
    unopened: list[Leak] = field(default_factory=list)
    files: int = 0
    size: int = 0
    needles: int = 0
    left_out: int = 0

    def figures(self) -> str:
        """Return the figures in one line."""
        return (
            f"{self.files} files, {self.size} bytes, {self.needles} needles ({self.left_out} more are too short), "
            f"{len(FORMS)} forms, {len(self.unopened)} places not opened, {len(self.leaks)} leaks"
        )


# --------------------------------------------------------------------------------------------------------------------
# One normal form for text
# --------------------------------------------------------------------------------------------------------------------

#: Letters that Unicode does not take apart, and signs that typesetting changes.
_ALIKE = str.maketrans(
    {
        "ø": "o", "Ø": "O", "đ": "d", "Đ": "D", "ł": "l", "Ł": "L", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE",
        "ı": "i",
        "’": "'", "‘": "'", "ʼ": "'", "`": "'", "´": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"',
        "–": "-", "—": "-", "‐": "-", "‑": "-", "−": "-",
    }
)  # fmt: skip
_WRITTEN_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "å": "aa", "ß": "ss"})
#: Accents, once they are letters of their own, and what nobody sees: soft hyphens, zero-width and direction marks.
_UNSEEN = re.compile(
    "[\u0300-\u036f\u00ad\u034f\u061c\u115f\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe00-\ufe0f\ufeff]"
)
_NOT_IN_WORDS = re.compile(r"[\W_]+")


def fold(text: str) -> str:
    """Return the text without capitals, accents and invisible signs, with single blanks (Unicode NFKD)."""
    if not text.isascii():
        text = _UNSEEN.sub("", unicodedata.normalize("NFKD", text.translate(_ALIKE)))
    return re.sub(r"\s+", " ", text.replace("`", "'").casefold())


def squeeze(folded: str) -> str:
    """Return folded text with nothing but its letters and digits."""
    return _NOT_IN_WORDS.sub("", folded)


# --------------------------------------------------------------------------------------------------------------------
# Finding many needles in one text
# --------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Spelling:
    """A needle as it is looked for in one kind of text."""

    needle: int
    form: str
    text: str
    whole: bool = False


class _Finder:
    """Finds which of many spellings stand in a text.

    The text is gone through once for the set of its runs of four characters; a spelling is searched only when some of
    its own runs are all there (a Bloom filter). So the time hardly depends on the number of needles.
    """

    def __init__(self, spellings: Iterable[_Spelling]) -> None:
        import numpy as np

        self.spellings = [one for one in dict.fromkeys(spellings) if len(one.text) >= SHORTEST]
        # Four runs a spelling, from its beginning to its end, tell enough.
        runs = [self._runs(one.text) for one in self.spellings]
        chosen = [[one[place * (len(one) - 1) // 3] for place in range(4)] for one in runs]
        self._chosen = np.array(chosen, np.uint32).reshape(-1, 4)

    @staticmethod
    def _runs(text: str) -> np.ndarray:
        """Return a number for every run of four characters (a polynomial hash modulo 2 ** 32)."""
        import numpy as np

        signs = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
        if len(signs) < SHORTEST:
            return np.zeros(0, np.uint32)
        with np.errstate(over="ignore"):
            mixed = signs[:-3] * np.uint32(2654435761)
            for place, prime in ((1, 2246822519), (2, 3266489917), (3, 668265263)):
                end = len(signs) - 3 + place
                mixed = (mixed ^ (mixed >> np.uint32(15))) + signs[place:end] * np.uint32(prime)
            return mixed ^ (mixed >> np.uint32(13))

    def find(self, text: str) -> list[_Spelling]:
        """Return the spellings that stand in the text."""
        import numpy as np

        if len(text) < SHORTEST or not self.spellings:
            return []
        bits = min(24, max(12, (len(text) * 8).bit_length()))
        mask = np.uint32((1 << bits) - 1)
        there = np.zeros(1 << bits, bool)
        there[self._runs(text) & mask] = True
        possible = there[self._chosen & mask].all(axis=1)
        return [one for one in (self.spellings[place] for place in np.flatnonzero(possible)) if _stands(one, text)]


def _stands(one: _Spelling, text: str) -> bool:
    """Tell whether a spelling stands in the text; a whole word has no letter or digit beside it."""
    if not one.whole:
        return one.text in text
    return one.text in text and _whole(one.text).search(text) is not None


@lru_cache(maxsize=4096)
def _whole(text: str) -> re.Pattern[str]:
    # Behind or before a decimal point it is part of another number; a comma separates cells as well.
    number = not any(map(str.isalpha, text))
    before, after = (r"(?<!\d\.)", r"(?!\.\d)") if number else ("", "")
    return re.compile(rf"(?<![^\W_]){before}{re.escape(text)}(?![^\W_]){after}")


def _encodings(data: bytes) -> Iterator[tuple[str, str]]:
    """Return bytes in base64: three alignments, two alphabets, without the signs that depend on the neighbours."""
    for shift in range(3):
        text = base64.b64encode(b"\0" * shift + data).decode()
        bits = 8 * (shift + len(data))
        text = text[-(-8 * shift // 6) : bits // 6]
        if len(text) >= ENCODED:
            for alphabet in (text, text.replace("+", "-").replace("/", "_")):
                yield "base64", alphabet


def _spellings(needles: list[Needle]) -> tuple[list[_Spelling], list[_Spelling], list[_Spelling]]:
    """Return what is looked for in folded text, in squeezed text and in text as it is."""
    folded, squeezed, exact = [], [], []
    for number, needle in enumerate(needles):
        if isinstance(needle.text, bytes):
            halves = {needle.text, needle.text[: len(needle.text) // 2], needle.text[len(needle.text) // 2 :]}
            for data in halves if len(needle.text) >= 16 else {needle.text}:
                exact += [_Spelling(number, form, text) for form, text in _encodings(data)]
                exact.append(_Spelling(number, "as it is", data.decode("latin-1")))
                exact.append(_Spelling(number, "backslash escapes", repr(data)[2:-1]))
                folded.append(_Spelling(number, "hex", data.hex()))
                listed = ", ".join(map(str, data))
                folded += [_Spelling(number, "list of bytes", one) for one in (listed, listed.replace(" ", ""))]
            continue
        plain = fold(needle.text).strip()
        if len(plain) < SHORTEST:
            continue
        letters = sum(map(str.isalpha, plain))
        whole = len(plain) < SHORT or not letters
        folded.append(_Spelling(number, "", plain, whole))
        out = fold(needle.text.translate(_WRITTEN_OUT)).strip()
        if out != plain:
            folded.append(_Spelling(number, "umlauts written out", out, whole))
        if letters and plain != plain[::-1]:
            folded.append(_Spelling(number, "reversed", plain[::-1], whole))
        if letters >= SQUEEZED:
            tight = squeeze(plain)
            squeezed += [_Spelling(number, "squeezed", tight), _Spelling(number, "reversed", tight[::-1])]
        for text in {needle.text, needle.text.casefold()}:
            data = text.encode()
            exact += [_Spelling(number, form, code) for form, code in _encodings(data)]
            if len(data) > SHORTEST:
                folded.append(_Spelling(number, "hex", data.hex()))
    return folded, squeezed, exact


# --------------------------------------------------------------------------------------------------------------------
# What is inside a file
# --------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Piece:
    """A text found in a file: where, in which encoding it lay there, and the text.

    ``raw`` are packed bytes, in which only exact spellings of some length mean something.
    """

    inside: str
    form: str
    text: str
    raw: bool = False


class _Unopened(Exception):
    """A place that cannot be opened; carries the reason, never a value."""


class _Opener:
    """Takes one file apart, down to a depth and up to a size."""

    def __init__(self) -> None:
        self.left = MAX_FILE
        self.unopened: list[tuple[str, str]] = []
        self._seen: set[bytes] = set()

    def open(self, data: bytes, inside: str = "", form: str = "", depth: int = 0) -> Iterator[_Piece]:
        """Return every text in the bytes of a file."""
        self.left -= len(data)
        if depth > DEPTH or self.left < 0:
            self.unopened.append((inside, "packed too deep" if depth > DEPTH else "too large when unpacked"))
            return
        reader = next((reader for magic, reader in _READERS.items() if data.startswith(magic)), None)
        if reader is None:
            yield from self._plain(data, inside, form, depth)
            if not zipfile.is_zipfile(io.BytesIO(data)):
                return
            reader = _Opener._zip  # other bytes stand before a packed file
        yield _Piece(inside, form, data.decode("latin-1"), raw=True)
        try:
            yield from reader(self, data, inside, form, depth)
        except Exception as fault:  # whatever a reader dislikes, the place is named
            reason = str(fault) if isinstance(fault, _Unopened) else f"cannot be read ({type(fault).__name__})"
            self.unopened.append((inside, reason))

    # ------------------------------------------------------------------------------------------------ plain content
    def _plain(self, data: bytes, inside: str, form: str, depth: int) -> Iterator[_Piece]:
        """Return the texts of a file that is not packed."""
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            yield from self.texts(data.decode("utf-16", "replace"), inside, form or "UTF-16", depth)
        try:
            yield from self.texts(data.decode("utf-8"), inside, form, depth)
        except UnicodeDecodeError:
            yield from self.texts(data.decode("utf-8", "ignore"), inside, form, depth)
            yield from self.texts(data.decode("latin-1"), inside, form, depth)
        regions = _utf16(data)
        if regions:
            yield from self.texts("\n".join(regions), inside, form or "UTF-16", depth)

    def texts(self, text: str, inside: str = "", form: str = "", depth: int = 0) -> Iterator[_Piece]:
        """Return a text, the strings of JSON in it, and what is encoded in it."""
        if depth > DEPTH:
            self.unopened.append((inside, "packed too deep"))
            return
        rest = yield from self._embedded(text, inside, depth)
        yield _Piece(inside, form, rest)
        start = text.lstrip()[:1]
        if start and start in "{[":
            try:
                strings = "\n".join(_strings(json.loads(text)))
            except (ValueError, RecursionError):
                return
            strings = yield from self._embedded(strings, inside, depth)
            yield _Piece(inside, form or "backslash escapes", strings)

    def _embedded(self, text: str, inside: str, depth: int) -> Generator[_Piece, None, str]:
        """Return what is encoded in a text; as value the text without the packed files that were opened."""
        opened: list[tuple[int, int]] = []
        short: dict[str, list[str]] = {"URL quoting": [], "base64": [], "hex": []}

        def coded() -> Iterator[tuple[str, bytes, tuple[int, int]]]:
            for found in _DATA_URI.finditer(text):
                yield "URL quoting", urllib.parse.unquote_to_bytes(found["data"]), found.span()
            for found in _BASE64.finditer(text):
                yield "base64", _from_base64(re.sub(r"\s|\\[nr]", "", found[0])) or b"", found.span()
            for found in _HEX.finditer(text):
                yield "hex", bytes.fromhex(re.sub(r"0x|\\x|[^0-9A-Fa-f]", "", found[0])), found.span()

        for form, data, span in coded():
            if data.startswith(_MAGIC):
                yield from self._once(data, inside, form, depth)
                opened.append(span)
            elif _is_text(data):
                short[form] += _readings(data)
        for form, several in short.items():
            if several:
                yield from self.texts("\n".join(dict.fromkeys(several)), inside, form, depth + 1)
        for start, end in sorted(opened, reverse=True):
            text = f"{text[:start]} {text[end:]}"
        return text

    def _once(self, data: bytes, inside: str, form: str, depth: int) -> Iterator[_Piece]:
        """Open decoded bytes once; the same picture can stand in a page several times."""
        key = hashlib.sha256(data).digest()
        if key not in self._seen:
            self._seen.add(key)
            yield from self.open(data, inside, form, depth + 1)

    # ------------------------------------------------------------------------------------------------ packed files
    def _member(self, inside: str, name: str) -> str:
        return f"{inside}, {name}" if inside else name

    def _zip(self, data: bytes, inside: str, form: str, depth: int) -> Iterator[_Piece]:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            if len(members) > MAX_MEMBERS:
                raise _Unopened(f"more than {MAX_MEMBERS} packed files")
            names = "\n".join(one.filename for one in members)
            notes = b"\n".join([archive.comment, *(one.comment + b"\n" + one.extra for one in members)])
            first = min((one.header_offset for one in members), default=0)
            end = data.rfind(b"PK\x05\x06")
            yield _Piece(self._member(inside, "names of packed files"), form, names)
            for place, part in (
                ("comments", notes),
                ("before the first packed file", data[:first]),
                ("end", data[end + 22 :]),
            ):
                if part.strip():
                    yield from self._plain(part, self._member(inside, place), form, depth + 1)
            for one in members:
                place = self._member(inside, one.filename)
                if one.flag_bits & 1:
                    self.unopened.append((place, "protected by a password"))
                elif one.file_size > MAX_PART:
                    self.unopened.append((place, "too large when unpacked"))
                else:
                    try:
                        with archive.open(one) as member:
                            content = member.read(MAX_PART)
                    except (OSError, zlib.error, NotImplementedError, zipfile.BadZipFile, EOFError, lzma.LZMAError):
                        self.unopened.append((place, "cannot be unpacked"))
                        continue
                    yield from self.open(content, place, form, depth + 1)

    def _stream(self, data: bytes, inside: str, form: str, depth: int) -> Iterator[_Piece]:
        """Unpack gzip, bzip2 and xz, with all streams that follow each other, and what stands behind them."""
        yield from self._plain(data[:512].split(b"\0\0\0\0\0")[0], self._member(inside, "head"), form, depth + 1)
        content, rest = [], data
        size = 0
        while rest:
            unpacker: Any
            if rest.startswith(b"\x1f\x8b"):
                unpacker = zlib.decompressobj(wbits=31)
                part = unpacker.decompress(rest, MAX_PART)
            elif rest.startswith((b"BZh", b"\xfd7zXZ\0")):
                unpacker = bz2.BZ2Decompressor() if rest.startswith(b"BZh") else lzma.LZMADecompressor()
                part = unpacker.decompress(rest, MAX_PART)
            else:
                yield from self.open(rest, self._member(inside, "end"), form, depth + 1)
                break
            content.append(part)
            size += len(part)
            if not unpacker.eof or size > MAX_PART:
                self.unopened.append((inside, "too large when unpacked" if size >= MAX_PART else "ends too early"))
                break
            rest = unpacker.unused_data
        yield from self.open(b"".join(content), self._member(inside, "unpacked"), form, depth + 1)

    def _parquet(self, data: bytes, inside: str, form: str, depth: int) -> Iterator[_Piece]:
        import pyarrow.parquet

        file = pyarrow.parquet.ParquetFile(io.BytesIO(data))
        yield from self._table(file.read(), file.metadata.metadata or {}, inside, form, depth)

    def _feather(self, data: bytes, inside: str, form: str, depth: int) -> Iterator[_Piece]:
        import pyarrow.feather

        yield from self._table(pyarrow.feather.read_table(io.BytesIO(data)), {}, inside, form, depth)

    def _table(self, table: Any, notes: dict[bytes, bytes], inside: str, form: str, depth: int) -> Iterator[_Piece]:
        """Return names, notes and values of a table; the line of a piece is the row."""
        notes = {**notes, **(table.schema.metadata or {})}
        for one in table.schema:
            notes |= {one.name.encode(): b"", **(one.metadata or {})}
        for key, value in notes.items():
            yield from self._plain(key + b"\n" + value, self._member(inside, "names and notes"), form, depth + 1)
        for name, column in zip(table.column_names, table.columns, strict=True):
            place = self._member(inside, f"column {name}")
            values = column.to_pylist()
            for value in values:
                if isinstance(value, bytes):
                    yield from self.open(value, place, form, depth + 1)
            texts = (" ".join(str(value).splitlines()) for value in values if not isinstance(value, bytes))
            yield from self.texts("\n".join(texts), place, form, depth)

    # ------------------------------------------------------------------------------------------------ pictures, PDF
    def _png(self, data: bytes, inside: str, form: str, depth: int) -> Iterator[_Piece]:
        place = 8
        while place + 12 <= len(data):
            size = struct.unpack(">I", data[place : place + 4])[0]
            name = data[place + 4 : place + 8]
            body = data[place + 8 : place + 8 + size]
            place += 12 + size
            where = self._member(inside, f"chunk {name.decode('latin-1')}")
            if name in (b"zTXt", b"iTXt", b"iCCP"):
                key, _zero, rest = body.partition(b"\0")
                yield from self._plain(key, where, form, depth + 1)
                if name == b"iTXt" and rest[:1] == b"\0":
                    yield from self._plain(rest, where, form, depth + 1)
                else:
                    tail = rest[2:] if name == b"iTXt" else rest[1:]
                    for field_ in tail.split(b"\0", 2)[:2] if name == b"iTXt" else ():
                        yield from self._plain(field_, where, form, depth + 1)
                    packed = tail.split(b"\0", 2)[-1] if name == b"iTXt" else tail
                    yield from self.open(zlib.decompressobj().decompress(packed, MAX_PART), where, form, depth + 1)
            elif name not in (b"IHDR", b"PLTE", b"IDAT", b"IEND", b"fdAT"):
                yield from self._plain(body, where, form, depth + 1)
            if name == b"IEND":
                break
        if data[place:]:
            yield from self.open(data[place:], self._member(inside, "after the picture"), form, depth + 1)

    def _jpeg(self, data: bytes, inside: str, form: str, depth: int) -> Iterator[_Piece]:
        place = 2
        while place + 4 <= len(data) and data[place] == 0xFF and data[place + 1] != 0xDA:
            size = struct.unpack(">H", data[place + 2 : place + 4])[0]
            if 0xE0 <= data[place + 1] <= 0xEF or data[place + 1] == 0xFE:
                where = self._member(inside, f"segment {data[place + 1]:X}")
                yield from self._plain(data[place + 4 : place + 2 + size], where, form, depth + 1)
            place += 2 + size
        end = data.rfind(b"\xff\xd9")
        if end >= 0 and data[end + 2 :]:
            yield from self.open(data[end + 2 :], self._member(inside, "after the picture"), form, depth + 1)

    def _pdf(self, data: bytes, inside: str, form: str, depth: int) -> Iterator[_Piece]:
        import logging

        from pypdf import PdfReader
        from pypdf.generic import StreamObject

        logging.getLogger("pypdf").setLevel(logging.CRITICAL)
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise _Unopened("protected by a password")
        drawn = set()
        for number, page in enumerate(reader.pages, start=1):
            yield from self.texts(page.extract_text(), self._member(inside, f"page {number}"), form, depth)
            contents = page.raw_get("/Contents") if "/Contents" in page else []
            for one in contents if isinstance(contents, list) else [contents]:
                drawn.add(getattr(one, "idnum", 0))
        # Titles, bookmarks, remarks, fields and addresses are strings somewhere in the file; files in it are streams.
        strings: list[str] = []
        known = {identifier for table in reader.xref.values() for identifier in table} | set(reader.xref_objStm)
        for identifier in sorted(known):
            found = reader.get_object(identifier)
            strings += _pdf_strings(found)
            if isinstance(found, StreamObject) and identifier not in drawn and not _is_font_or_picture(found):
                yield from self.open(found.get_data(), self._member(inside, f"object {identifier}"), form, depth + 1)
        yield from self.texts("\n".join(strings), self._member(inside, "strings"), form, depth)
        ends = [found.end() for found in re.finditer(rb"%%EOF[\r\n]{0,2}", data)]
        if ends and data[ends[-1] :].strip():
            yield from self.open(data[ends[-1] :], self._member(inside, "end"), form, depth + 1)
        if len(ends) > 1 and depth < DEPTH:
            # A changed PDF keeps what it was before; the first part of one made for the web is none by itself.
            yield from _Opener._pdf_before(self, data[: ends[-2]], inside, form, depth + 1)

    def _pdf_before(self, data: bytes, inside: str, form: str, depth: int) -> Iterator[_Piece]:
        from pypdf.errors import PyPdfError

        try:
            yield from self._pdf(data, self._member(inside, "earlier state"), form, depth)
        except (PyPdfError, ValueError, KeyError, TypeError, AttributeError):
            return


def _pdf_strings(value: Any) -> Iterator[str]:
    """Return every string and name in an object of a PDF; other objects it points to are gone through by themselves."""
    from pypdf.generic import ArrayObject, ByteStringObject, DictionaryObject, NameObject, TextStringObject

    if isinstance(value, TextStringObject | NameObject):
        yield str(value)
    elif isinstance(value, ByteStringObject):
        yield bytes(value).decode("latin-1")
    elif isinstance(value, DictionaryObject):
        for key, part in dict.items(value):
            yield str(key)
            yield from _pdf_strings(part)
    elif isinstance(value, ArrayObject):
        for part in list.__iter__(value):
            yield from _pdf_strings(part)


def _is_font_or_picture(stream: Any) -> bool:
    """Tell whether a stream of a PDF is part of a font, a picture or of the file's own order."""
    if stream.get("/Subtype") in ("/Image", "/CIDFontType0C", "/Type1C", "/OpenType"):
        return True
    return stream.get("/Type") in ("/XRef", "/ObjStm") or any(key in stream for key in ("/Length1", "/FunctionType"))


#: Readers by the first bytes of what they read.
_READERS = {
    b"PK\x03\x04": _Opener._zip,
    b"\x1f\x8b\x08": _Opener._stream,
    b"BZh": _Opener._stream,
    b"\xfd7zXZ\0": _Opener._stream,
    b"PAR1": _Opener._parquet,
    b"ARROW1": _Opener._feather,
    b"FEA1": _Opener._feather,
    b"\x89PNG\r\n\x1a\n": _Opener._png,
    b"\xff\xd8\xff": _Opener._jpeg,
    b"%PDF-": _Opener._pdf,
}

_MAGIC = tuple(_READERS)

_PLAIN = (string.ascii_letters + string.digits + " .-@").encode()
_CONTROLS = bytes({*range(32), 127} - {*b"\t\n\r"})
_LITTLE = re.compile(rb"(?:[^\0-\x08][\0-\x05]){4,}")
_BIG = re.compile(rb"(?:[\0-\x05][^\0-\x08]){4,}")
#: Data in an address that is not base64; that is found everywhere.
_DATA_URI = re.compile(r"data:[\w.+/-]*(?:;(?!base64)[\w=.-]+)*,(?P<data>[^\s\"'<>)]+)")
# Runs of base64, also broken into lines as in mails and notebooks; hex, also with signs between the bytes.
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/_-]{40,}+(?:\s*\n\s*|(?:\\r)?\\n))*[A-Za-z0-9+/_-]{6,}={0,2}")
_HEX = re.compile(r"(?<![0-9A-Fa-f])(?:(?:0x|\\x)?[0-9A-Fa-f]{2}[ :,-]{0,2}){4,}")
_TAG = re.compile(r"<!--|-->|<!\[CDATA\[|\]\]>|</?([A-Za-z][\w.:-]*)(?:\"[^\"]*\"|'[^']*'|[^<>\"'])*>")
#: Elements between which words end; all others can stand inside a word.
_BLOCKS = {
    "p", "h", "h1", "h2", "h3", "h4", "h5", "h6", "td", "th", "tr", "tc", "li", "dt", "dd", "div", "br", "section",
    "table", "caption", "figcaption", "option", "title", "text", "si", "c", "row", "v", "f", "tab", "table-cell",
    "line-break",
    "creator", "lastmodifiedby", "description", "subject", "keywords", "lpstr", "definedname", "author", "comment",
}  # fmt: skip


def _from_base64(run: str) -> bytes | None:
    """Decode base64 in either alphabet with or without its end; None when it is none."""
    body = run.rstrip("=").replace("-", "+").replace("_", "/")
    body = body[: len(body) - (len(body) % 4 == 1)]
    try:
        return base64.b64decode(body + "=" * (-len(body) % 4))
    except (ValueError, binascii.Error):
        return None


def _is_text(data: bytes) -> bool:
    """Tell whether decoded bytes are text; by chance hardly any are."""
    if len(data) < SHORTEST:
        return False
    if b"\0" in data:
        return sum(len(one) for one in _utf16(data)) * 4 >= len(data)
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        plain = len(data) - len(data.translate(None, _PLAIN))
        return plain >= 0.7 * len(data) and data.decode("latin-1").isprintable()
    return len(data.translate(None, _CONTROLS)) >= 0.95 * len(data)


def _readings(data: bytes) -> list[str]:
    """Return bytes as text: as UTF-8, else as Latin-1, and what is UTF-16 in them.

    In UTF-16 every other byte of Latin letters is small; regions of it are looked for at any place.
    """
    texts = []
    try:
        texts.append(data.decode("utf-8"))
    except UnicodeDecodeError:
        texts += [data.decode("utf-8", "ignore"), data.decode("latin-1")]
    return [*texts, *_utf16(data)]


def _utf16(data: bytes) -> list[str]:
    if b"\0" not in data:
        return []
    pairs = ((_LITTLE, "utf-16-le"), (_BIG, "utf-16-be"))
    return [found[0].decode(codec, "ignore") for pattern, codec in pairs for found in pattern.finditer(data)]


def _strings(value: Any) -> Iterator[str]:
    """Return every string of a JSON document; texts kept as a list of lines, as notebooks do, also in one piece."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, part in value.items():
            yield str(key)
            yield from _strings(part)
    elif isinstance(value, list):
        if value and all(isinstance(part, str) for part in value):
            yield "".join(value)
        for part in value:
            yield from _strings(part)
    elif value is not None and not isinstance(value, bool):
        yield str(value)


def _unescape(text: str) -> str:
    """Return a text with its backslash escapes resolved, those of single bytes as UTF-8."""

    def resolve(found: re.Match[str]) -> str:
        codes = re.findall(r"\\(?:[xX]([0-9A-Fa-f]{2})|([0-7]{3}))", found[0])
        if codes:
            data = bytes(int(hexa, 16) if hexa else int(octal, 8) & 255 for hexa, octal in codes)
            try:
                return data.decode("utf-8")
            except UnicodeDecodeError:
                return data.decode("latin-1")
        if found[0][1] in "uU":
            digits = found[0][2:].strip("{}")
            return chr(int(digits, 16)) if int(digits, 16) < 0x110000 else ""
        return {"n": "\n", "t": "\t", "r": "\r"}.get(found[0][1], found[0][1])

    text = _ESCAPE.sub(resolve, text)
    # Letters outside the first plane come as two escapes.
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "ignore")


_ESCAPE = re.compile(
    r"(?:\\[xX][0-9A-Fa-f]{2})+|(?:\\[0-3][0-7]{2})+|\\u\{[0-9A-Fa-f]+\}|\\u[0-9A-Fa-f]{4}|\\U[0-9A-Fa-f]{8}|\\[^\w\s]|\\[ntr]"
)
_TOKEN = re.compile(r"[^\s\"'<>]+")
_QUOTED = re.compile(r"%[0-9A-Fa-f]{2}|[^+]\+[^+]")


def _views(text: str) -> Iterator[tuple[str, str]]:
    """Return a text in the forms in which it can be read, each with its name."""
    yield "", text
    if "&" in text:
        plain = html.unescape(html.unescape(text))
        if plain != text:
            yield "HTML entities", plain
    if "<" in text and ">" in text:
        stripped = _TAG.sub(lambda tag: "\n" if (tag[1] or "").rpartition(":")[2].lower() in _BLOCKS else "", text)
        yield "markup removed", html.unescape(stripped)
    tokens = ""
    if "%" in text or "+" in text:
        tokens = "\n".join(token for token in _TOKEN.findall(text) if _QUOTED.search(token))
    if tokens:
        once = urllib.parse.unquote(tokens)
        yield "URL quoting", "\n".join([once, urllib.parse.unquote_plus(tokens), urllib.parse.unquote_plus(once)])
    if "\\" in text:
        plain = _unescape(text)
        if plain != text:
            yield "backslash escapes", plain


# --------------------------------------------------------------------------------------------------------------------
# The scan
# --------------------------------------------------------------------------------------------------------------------


class _Scanner:
    """Holds the needles, ready to be looked for."""

    def __init__(self, needles: Iterable[Needle]) -> None:
        every = list(dict.fromkeys(needles))
        self.needles = [one for one in every if isinstance(one.text, bytes) or len(fold(one.text).strip()) >= SHORTEST]
        self.left_out = len(every) - len(self.needles)
        folded, squeezed, exact = _spellings(self.needles)
        self._folded, self._squeezed, self._exact = _Finder(folded), _Finder(squeezed), _Finder(exact)
        packed = [
            _Spelling(number, "as it is", one.text.encode().decode("latin-1") if isinstance(one.text, str) else "")
            for number, one in enumerate(self.needles)
        ]
        self._packed = _Finder([one for one in packed if len(one.text) >= SHORT])
        self._shown: dict[str, str] = {}

    def found(self, piece: _Piece) -> Iterator[tuple[int, str, int]]:
        """Return needle, form and line of every needle in a piece, each needle once."""
        seen: set[int] = set()

        def tell(hits: Iterable[_Spelling], view: str, text: str) -> Iterator[tuple[int, str, int]]:
            for one in hits:
                if one.needle not in seen:
                    seen.add(one.needle)
                    form = one.form or view or piece.form or self._closest(one, text)
                    yield one.needle, form, _line(one, text)

        yield from tell(self._exact.find(piece.text), "", piece.text)
        if piece.raw:
            yield from tell(self._packed.find(piece.text), "", piece.text)
            return
        for view, text in _views(piece.text):
            folded = fold(text)
            yield from tell(self._folded.find(folded), view, text)
            if view in ("", "markup removed"):
                yield from tell(self._squeezed.find(squeeze(folded)), view, "")

    def _closest(self, one: _Spelling, text: str) -> str:
        """Return the form in which a needle stands in unchanged text."""
        needle = self.needles[one.needle].text
        if not isinstance(needle, str) or needle in text:
            return "as it is"
        return "case-folded" if needle.casefold() in text.casefold() else "accents removed"

    def hidden(self, name: str) -> str:
        """Return the name of a file or place with the parts that hold a needle replaced."""
        if name not in self._shown:
            parts = re.split(r"([/,]\s?)", name)
            told = ["(name withheld)" if any(self._in_name(part)) else part for part in parts]
            self._shown[name] = "".join(told) if not any(self._in_name("".join(told))) else "(name withheld)"
        return self._shown[name]

    def _in_name(self, name: str) -> Iterator[tuple[int, str, int]]:
        for piece in _Opener().texts(name):
            yield from self.found(piece)


def _line(one: _Spelling, text: str) -> int:
    """Return the line a spelling stands in; 0 when it stands in none alone."""
    lines = enumerate(_folded_lines(text), start=1) if "\n" in text else ()
    return next((number for number, (line, folded) in lines if one.text in line or one.text in folded), 0)


@lru_cache(maxsize=4)
def _folded_lines(text: str) -> list[tuple[str, str]]:
    return [(line, fold(line)) for line in text.split("\n")]


def look(paths: Iterable[Path], needles: Iterable[Needle], *, root: Path) -> Report:
    """Look for needles in files, their names and all that is packed in them.

    Parameters
    ----------
    paths : iterable of Path
        The files.
    needles : iterable of Needle
        What must not be there.
    root : Path
        Folder the paths are told from; names of folders above it are not looked at.

    Returns
    -------
    Report
        The leaks, the places that could not be opened, and the figures.
    """
    scanner = _Scanner(needles)
    report = Report(needles=len(scanner.needles), left_out=scanner.left_out)
    leaks: dict[Leak, None] = {}
    unopened: dict[Leak, None] = {}
    for path in paths:
        name = path.relative_to(root).as_posix()
        report.files += 1
        opener = _Opener()
        hits = [(hit, "the name") for piece in opener.texts(name.replace("/", " ")) for hit in scanner.found(piece)]
        try:
            data = path.read_bytes()
        except OSError as fault:
            data = b""
            opener.unopened.append(("", f"cannot be read ({type(fault).__name__})"))
        report.size += len(data)
        hits += [(hit, piece.inside) for piece in opener.open(data) for hit in scanner.found(piece)]
        for (needle, form, line), inside in hits:
            what = scanner.needles[needle].what
            if not name.startswith(MAY_STAND.get(what, ())):
                place = ", ".join(filter(None, [scanner.hidden(inside), f"line {line}" if line else ""]))
                leaks[Leak(scanner.hidden(name), place, what, form)] = None
        for inside, reason in opener.unopened:
            unopened[Leak(scanner.hidden(name), scanner.hidden(inside), "content", reason)] = None
    report.leaks, report.unopened = list(leaks), list(unopened)
    return report


def scan(paths: Iterable[Path], needles: Iterable[Needle], *, root: Path) -> list[Leak]:
    """Return the leaks that :func:`look` finds."""
    return look(paths, needles, root=root).leaks


def files_to_scan(folder: Path) -> list[Path]:
    """Return everything a run writes outside the restricted tier, sorted.

    Results, logs, benchmarks and Snakemake's own records; caches of the report's engine; outputs beside the pages and
    notebooks. Links are not followed.
    """
    folder = Path(folder)
    found = []
    for top in WRITTEN:
        for here, folders, names in os.walk(folder / top):
            inside = Path(here).relative_to(folder)
            folders[:] = sorted(name for name in folders if (inside / name).as_posix() not in (*_NOT_OURS, RESTRICTED))
            for name in sorted(names):
                path = Path(here) / name
                own = top not in ("reports", "notebooks") or _made((inside / name).parts)
                if own and path.is_file() and not path.is_symlink():
                    found.append(path)
    return found


def _made(parts: tuple[str, ...]) -> bool:
    """Tell files that rendering leaves beside pages and notebooks from the pages themselves."""
    caches = (".quarto", "_freeze", ".jupyter_cache", ".ipynb_checkpoints", "_book", "_site")
    beside = any(part in caches or part.endswith(("_files", "_cache")) for part in parts[:-1])
    return beside or parts[-1].endswith((".ipynb", ".html", ".pdf", ".docx", ".tex", ".log"))


# --------------------------------------------------------------------------------------------------------------------
# The needles of a study
# --------------------------------------------------------------------------------------------------------------------

#: Columns that name people, and columns of free text, by kind of record.
IDS = {
    ("register", "participant"): "participant id",
    ("interview_list", "participant"): "participant id",
    ("withdrawals", "participant"): "participant id",
    ("rating", "rater"): "rater id",
    **dict.fromkeys(((kind, "auditor") for kind in ("audit", "auditors", "audit_effort")), "auditor id"),
    ("delphi", "panellist"): "panellist id",
    ("coding", "coder"): "coder id",
    ("signoff", "signed_by"): "reader id",
    ("approved_quotes", "approved_by"): "reader id",
    **dict.fromkeys(((kind, "decided_by") for kind in ("code_decisions", "claim_decisions")), "name of who decided"),
}
FREE_TEXT = {
    ("audit", "evidence"): "free text of an audit",
    ("auditors", "organisation"): "organisation of an auditor",
    ("standard_decisions", "note"): "remark on a decision",
    ("delphi", "comment"): "comment of a panellist",
    ("coding", "quote"): "coded passage",
    ("approved_quotes", "quote"): "approved quote",
    **dict.fromkeys(((kind, "reason") for kind in ("code_decisions", "claim_decisions")), "reason of a decision"),
    ("resolutions", "reason"): "reason of a decision",
    ("resolutions", "decided_by"): "name of who decided",
}
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_ADDRESS = re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])")
#: Length of the stretches of participants' sentences, and of the shortest sentence that says who spoke.
STRETCH, SENTENCE = 40, 25


def _grid(source: Source) -> list[list[str]]:
    """Return the cells of a raw file as text.

    Not through the readers of the intake: what they leave at the door must be found as well. A file that cannot be read
    gives nothing; the check of the inputs names it.
    """
    import pandas as pd

    path = Path(source.path)
    try:
        if path.suffix.lower() == ".xlsx":
            sheets = pd.read_excel(path, sheet_name=None, header=None, engine="openpyxl", dtype=str, na_filter=False)
            return [list(row) for sheet in sheets.values() for row in sheet.itertuples(index=False)]
        if path.suffix.lower() in (".sav", ".zsav", ".dta"):
            import pyreadstat

            read = pyreadstat.read_dta if path.suffix.lower() == ".dta" else pyreadstat.read_sav
            table, _meta = read(str(path))
            return [list(table.columns), *([str(cell) for cell in row] for row in table.itertuples(index=False))]
        data = path.read_bytes()
    except Exception:  # whatever a reader dislikes
        return []
    try:
        text = data.decode("utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else source.encoding or "utf-8-sig")
    except (UnicodeDecodeError, LookupError):
        text = data.decode("latin-1")
    mark = max(",;\t", key=text.partition("\n")[0].count)
    return [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(text, newline=""), delimiter=mark)]


def _of_records(source: Source, grid: list[list[str]]) -> Iterator[Needle]:
    """Return ids and free text of a file of records."""
    if not grid:
        return
    header = [cell.strip().casefold() for cell in grid[0]]
    for (kind, column), what in [*IDS.items(), *FREE_TEXT.items()]:
        if kind == source.kind and column in header:
            place = header.index(column)
            yield from (Needle(row[place], what) for row in grid[1:] if len(row) > place and row[place])


def _of_deny_list(grid: list[list[str]]) -> Iterator[Needle]:
    """Return the names of a deny-list, but for the words it calls harmless."""
    header = [cell.strip().casefold() for cell in grid[0]] if grid else []
    for row in grid[1:] if "text" in header else []:
        one = dict(zip(header, row, strict=False))
        if one.get("text") and one.get("kind") != "harmless":
            yield Needle(one["text"], "name of the deny-list")


def _of_answers(grid: list[list[str]], people: set[str]) -> Iterator[Needle]:
    """Return what participants wrote in questionnaires: in rows with a known id, cells of three words or more."""
    for row in grid:
        if people & set(row):
            yield from (
                Needle(cell, "free text of a questionnaire")
                for cell in row
                if len(cell.split()) >= 3 and len(cell) >= 15
            )


def _of_results(restricted: Path) -> Iterator[Needle]:
    """Return pseudonyms, words of participants, what was replaced in interviews and what was set aside."""
    import pandas as pd

    def table(name: str) -> list[dict[str, Any]]:
        path = restricted / name
        if not path.is_file():
            return []
        read = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path, dtype=str, na_filter=False)
        return read.to_dict("records")

    for name, column, what in (
        ("people/pseudonyms.parquet", "participant", "participant id"),
        ("people/pseudonyms.parquet", "person", "pseudonym"),
        ("people/interviewees.parquet", "speaker", "pseudonym"),
        ("interviews/replacements.parquet", "received", "replaced detail of an interview"),
    ):
        yield from (Needle(str(one[column]), what) for one in table(name) if one.get(column))
    for one in table("interviews/segments.parquet"):
        text = one["text"]
        starts = range(0, len(text) - STRETCH + 1, STRETCH)
        stretches = [text[start : start + STRETCH] for start in starts] or [text] * (len(text) >= SENTENCE)
        yield from (Needle(part, "sentence of a participant") for part in stretches)
    for name in ("quality/quarantine.csv", "quality/problems.csv"):
        for one in table(name):
            value = str(one.get("value") or "")
            if len(value) >= SHORT and any(map(str.isalpha, value)):
                yield Needle(value, "value set aside")


def _of_project(source: Source) -> Iterator[Needle]:
    """Return who coded in a coding program; the code that the sheet gives a coder may stand where coders are named."""
    try:
        users = read_coding_tool(Path(source.path)).users
    except Exception:  # whatever a reader dislikes
        return
    for one in users:
        for text in {one.name, one.id} - {"", DICTIONARY}:
            yield Needle(text, "coder id" if text == source.unit else "name of a coder")


def _used_quotes(restricted: Path) -> list[str]:
    """Return the quotes that a person approved and the rules of quoting let the team read."""
    path = restricted / "coding/quotes.csv"
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as handle:
        return [one["quote"] for one in csv.DictReader(handle) if one["used"] == "yes"]


def needles_of(folder: Path) -> list[Needle]:
    """Return what of a study must be nowhere outside the restricted tier.

    Ids of all people, pseudonyms, names of the deny-list, mail and network addresses, free text, words of participants
    and the key. What the configuration says itself (institutions, codes, items, statements) is no secret and left out.

    Parameters
    ----------
    folder : Path
        The study folder after a run; what a run would have made may be absent.

    Returns
    -------
    list of Needle
        Each once.
    """
    folder = Path(folder)
    settings = configuration.check(
        "config", configuration.read_yaml(folder / "config/config.yaml"), "config/config.yaml"
    )
    sources = [
        Source(**{**one.plain(), "line": 0, "path": str(folder / one.path)})
        for one in read_sheet(folder / settings["inputs"]["sheet"])
    ]
    found = [*_of_results(folder / RESTRICTED)]
    grids = {one: _grid(one) for one in sources if one.kind in {*RECORDS, "questionnaire", "deny_list"}}
    for source, grid in grids.items():
        found += _of_records(source, grid)
        if source.kind == "deny_list":
            found += _of_deny_list(grid)
    for source in sources:
        if source.kind == "coding" and Path(source.path).suffix.lower() in PROGRAMS:
            found += _of_project(source)
    people = {str(one.text) for one in found if one.what == "participant id"}
    for source, grid in grids.items():
        cells = "\n".join(cell for row in grid for cell in row)
        found += [Needle(text, "mail address") for text in _MAIL.findall(cells)]
        found += [Needle(text, "network address") for text in _ADDRESS.findall(cells)]
        if source.kind == "questionnaire":
            found += _of_answers(grid, people)
    quoted = [str(one) for one in _used_quotes(folder / RESTRICTED)]
    words = ("sentence of a participant", "coded passage", "approved quote")
    found = [
        Needle(one.text, "quote that is used")
        if one.what in words and any(one.text in each for each in quoted)
        else one
        for one in found
    ]
    said = _said(folder, settings)
    found = [one for one in found if isinstance(one.text, bytes) or fold(one.text).strip() not in said]
    key = settings["participants"]["key_file"]
    place = folder / Path(key).expanduser() if key else None
    if place and place.is_file():
        found.append(Needle(place.read_bytes(), "key"))
    return list(dict.fromkeys(found))


def _said(folder: Path, settings: dict[str, Any]) -> str:
    """Return all that the catalogues of a study say, folded."""
    inputs = settings["inputs"]
    named = [
        "config/config.yaml",
        inputs["sites"],
        settings["consensus"]["statements"],
        settings["interviews"]["codebook"],
        *(settings["certification"]["standards"] or []),
        *(f"config/instruments/{name}.yaml" for name in settings["instruments"]),
    ]
    paths = [folder / path for path in named if path]
    return fold("\n".join(path.read_text(encoding="utf-8", errors="ignore") for path in paths if path.is_file()))


def main() -> None:
    """Scan the study in the working folder and say what was found."""
    argparse.ArgumentParser(prog="python -m piloteval.leakscan", description=__doc__).parse_args()
    folder = Path.cwd()
    try:
        report = look(files_to_scan(folder), needles_of(folder), root=folder)
    except PilotError as fault:
        sys.exit(str(fault))
    for one in report.leaks:
        print(one.sentence())
    for one in report.unopened:
        print(f"{one.path}{f' ({one.inside})' if one.inside else ''}: not looked into, since it is {one.form}.")
    print(f"Leak scan: {report.figures()}.")
    sys.exit(1 if report.leaks or report.unopened else 0)


if __name__ == "__main__":
    main()
