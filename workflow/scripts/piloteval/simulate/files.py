"""Writers whose bytes depend on the content alone: no clock, no user, no host."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path

#: Earliest date a zip archive can carry.
EPOCH = (1980, 1, 1, 0, 0, 0)


def _place(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def write_csv(
    path: Path, header: Sequence[str], rows: Iterable[Sequence[object]], delimiter: str = ",", encoding: str = "utf-8"
) -> None:
    """Write a delimited text file with line feeds; None is an empty cell."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([["" if cell is None else cell for cell in row] for row in rows])
    _place(path).write_bytes(buffer.getvalue().encode(encoding))


def _without_clock(data: bytes) -> bytes:
    """Rewrite an Office file so that it carries no time of its making."""
    import re

    source = zipfile.ZipFile(io.BytesIO(data))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for name in sorted(source.namelist()):
            content = source.read(name)
            if name == "docProps/core.xml":
                content = re.sub(rb"(<dcterms:\w+[^>]*>)[^<]*", rb"\g<1>2025-11-03T00:00:00Z", content)
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o600 << 16
            target.writestr(entry, content)
    return buffer.getvalue()


def write_workbook(path: Path, sheet: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a workbook with one sheet."""
    import openpyxl

    book = openpyxl.Workbook()
    page = book.active
    page.title = sheet
    page.append(list(header))
    for row in rows:
        page.append(list(row))
    book.properties.creator = "synthetic"
    buffer = io.BytesIO()
    book.save(buffer)
    _place(path).write_bytes(_without_clock(buffer.getvalue()))


def write_spss(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write an SPSS file; the creation date in its header is fixed."""
    import pandas as pd
    import pyreadstat

    frame = pd.DataFrame([list(row) for row in rows], columns=list(header))
    for column in frame:
        if not any(isinstance(value, str) for value in frame[column]):
            frame[column] = frame[column].astype("float64")
    pyreadstat.write_sav(frame, str(_place(path)))
    data = bytearray(path.read_bytes())
    data[92:101] = b"03 Nov 25"
    data[101:109] = b"00:00:00"
    path.write_bytes(bytes(data))


def write_document(path: Path, paragraphs: Iterable[str]) -> None:
    """Write a Word document with one paragraph an entry."""
    import docx

    document = docx.Document()
    document.core_properties.author = "synthetic"
    for text in paragraphs:
        document.add_paragraph(text)
    buffer = io.BytesIO()
    document.save(buffer)
    _place(path).write_bytes(_without_clock(buffer.getvalue()))


def write_open_document(path: Path, paragraphs: Iterable[str]) -> None:
    """Write an OpenDocument text with one paragraph an entry."""
    from xml.sax.saxutils import escape

    kind = "application/vnd.oasis.opendocument.text"
    names = "urn:oasis:names:tc:opendocument:xmlns"
    body = "".join(f"<text:p>{escape(text)}</text:p>" for text in paragraphs)
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content xmlns:office="{names}:office:1.0" '
        f'xmlns:text="{names}:text:1.0" office:version="1.2"><office:body><office:text>{body}</office:text>'
        "</office:body></office:document-content>"
    )
    manifest = (
        f'<?xml version="1.0" encoding="UTF-8"?><manifest:manifest xmlns:manifest="{names}:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/>'
        '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>'
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as target:
        for name, text in (("mimetype", kind), ("content.xml", content), ("META-INF/manifest.xml", manifest)):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.compress_type = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            entry.external_attr = 0o600 << 16
            target.writestr(entry, text)
    _place(path).write_bytes(buffer.getvalue())


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text with line feeds."""
    _place(path).write_bytes(text.encode("utf-8"))
