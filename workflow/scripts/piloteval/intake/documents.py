"""Readers for the formats of transcripts: every file becomes numbered lines, with speaker and time where it names them.

Headings of Markdown, names of table columns, and comments and styles of captions are left out. Anything else that is
not read is named in a problem.
"""

from __future__ import annotations

import html
import io
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from xml.etree import ElementTree

from piloteval.errors import keep_foreign
from piloteval.intake.catalogue import Problem, problem
from piloteval.intake.guards import members
from piloteval.intake.tabular import Unreadable, decode
from piloteval.intake.text import opening_mark, seconds

if TYPE_CHECKING:
    from docx.document import Document as WordDocument


class Line(NamedTuple):
    """A line of a transcript.

    Attributes
    ----------
    number : int
        Line of a text file, paragraph of a document (those in cells of tables count), cue of a caption file.
    voice : str
        The speaker, where the format itself names one.
    words : str
        What stands there, as it came.
    at : float or None
        Seconds from the start of the recording, where the format itself gives a time.
    """

    number: int
    voice: str
    words: str
    at: float | None = None


@dataclass(frozen=True)
class Document:
    """The lines of a file, and what was found that does not stop the run."""

    lines: tuple[Line, ...]
    problems: tuple[Problem, ...] = ()


#: A table of a document: rows of cells of paragraphs.
Table = list[list[list[str]]]

_ROW_END = re.compile(r"\r\n|\r|\n")
_BREAK = re.compile(r"[\r\n\v\f\u2028\u2029]")


def fold(label: str) -> str:
    """Return what two spellings of a speaker label have in common: its letters and digits, without case."""
    return "".join(letter for letter in label.casefold() if letter.isalnum())


def _unreadable(path: Path, what: str) -> Unreadable:
    return Unreadable(problem("file.unreadable", path.as_posix(), found=f"this is not {what} that can be opened"))


def _tracked(path: Path, changes: int) -> Unreadable:
    many = "1 tracked change" if changes == 1 else f"{changes} tracked changes"
    found = f"the document holds {many}, so nobody knows which text is meant"
    return Unreadable(problem("transcript.tracked", path.as_posix(), found=found))


def _parts(path: Path, counts: Iterable[tuple[int, str, str]]) -> tuple[Problem, ...]:
    """Name the parts of a document that are not read: how many of what, in the singular and in the plural."""
    named = [f"{count} {one if count == 1 else several}" for count, one, several in counts if count]
    if not named:
        return ()
    found = f"the document has parts that are not read: {', '.join(named)}"
    return (problem("transcript.parts", path.as_posix(), found=found),)


# Plain text and Markdown


def _text_lines(text: str) -> Iterator[Line]:
    for number, row in enumerate(_ROW_END.split(text), start=1):
        for words in _BREAK.split(row):
            yield Line(number, "", words)


def _read_text(path: Path, encoding: str, labels: Collection[str]) -> Document:
    return Document(tuple(_text_lines(decode(path, encoding))))


_MARKER = re.compile(r"^\s*(?:>\s?)*(?:[-*+]\s+)?")
_HEADING = re.compile(r"^#{1,6}\s+")
_COLON = re.compile(r"[:：]")


def _begins_with_label(words: str, known: Collection[str]) -> bool:
    """Whether a colon ends a label of the study, or no more than the three words a label may have."""
    label, *rest = _COLON.split(words, maxsplit=1)
    return bool(rest) and (fold(label) in known or len(label.split()) <= 3)


def _without_emphasis(words: str, known: Collection[str]) -> str:
    """Take off the emphasis that a line begins with, when it holds a label: ``**INT:** words``, ``__B__: words``."""
    opened = re.match(r"(\*{1,3}|_{1,3})(?=\S)", words)
    if opened is None:
        return words
    mark = opened[0]
    # An underscore inside a word, as in SPEAKER_1, closes nothing.
    closing = re.escape(mark) + ("" if "*" in mark else r"(?!\w)")
    plain = re.sub(rf"(?<=\S){closing}", "", words[len(mark) :], count=1)
    return plain if _begins_with_label(opening_mark(plain)[1], known) else words


def _names_speaker(heading: str, known: Collection[str]) -> bool:
    """Whether a heading stands where a label would: it is one of the study's, or ends in a colon."""
    label, *rest = _COLON.split(heading, maxsplit=1)
    return fold(label) in known or rest == [""]


def _read_markdown(path: Path, encoding: str, labels: Collection[str]) -> Document:
    known = {fold(label) for label in labels}
    lines = []
    for line in _text_lines(decode(path, encoding)):
        words = _MARKER.sub("", line.words)
        heading = _HEADING.match(words)
        words = words[heading.end() :] if heading else words
        rest = opening_mark(words)[1]
        words = words.removesuffix(rest) + _without_emphasis(rest, known)
        if heading and not _names_speaker(opening_mark(words)[1].strip(), known):
            continue
        lines.append(line._replace(words=words))
    return Document(tuple(lines))


# Paragraphs and tables of word processors

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"


@dataclass(frozen=True)
class _Cell:
    """A cell of a table: its lines, in any number of paragraphs."""

    lines: tuple[Line, ...]

    @property
    def text(self) -> str:
        """All words of the cell."""
        return " ".join(" ".join(line.words for line in self.lines).split())

    @property
    def is_time(self) -> bool:
        """Whether the cell holds a time and nothing else."""
        time, rest = opening_mark(self.text)
        return time is not None and not rest


def _lines_of_blocks(path: Path, blocks: Iterable[str | Table], labels: Collection[str]) -> tuple[Line, ...]:
    """Return the lines of a document with the numbers of their paragraphs, those in tables among them."""
    known = {fold(label) for label in labels}
    numbers = count(1)
    lines: list[Line] = []

    def split(paragraph: str) -> list[Line]:
        number = next(numbers)
        return [Line(number, "", words) for words in _BREAK.split(paragraph)]

    for block in blocks:
        if isinstance(block, str):
            lines += split(block)
        else:
            table = [[_Cell(tuple(line for one in cell for line in split(one))) for cell in row] for row in block]
            lines += _lines_of_table(path, table, known)
    return tuple(lines)


def _lines_of_table(path: Path, rows: list[list[_Cell]], known: Collection[str]) -> list[Line]:
    """Turn a table into lines; where a column holds speaker labels, a row becomes the line ``time label: words``."""
    for cell in (cell for row in rows for cell in row):
        spoken = [line for line in cell.lines if line.words.strip()]
        if len(spoken) > 1 and all(fold(line.words) in known for line in spoken):
            # Which words belong to which of them cannot be seen from the cell beside it.
            raise _odd_row(path, spoken[0].number, "a cell of a table holds several speaker labels")
    places = [_label_place(row, known) for row in rows]
    found = Counter(place for place in places if place is not None)
    if not found:
        return [line for row in rows for cell in row for line in cell.lines]
    column = found.most_common(1)[0][0]
    lines = []
    for index, (row, place) in enumerate(zip(rows, places, strict=True)):
        if index > 0 or place is not None or not _is_header(row):
            lines += _lines_of_row(path, row, column if place is None else place, known)
    return lines


def _label_place(row: list[_Cell], known: Collection[str]) -> int | None:
    """Return which cell of a row is a label of the study; the last is none, since words stand behind a label."""
    return next((place for place, cell in enumerate(row[:-1]) if fold(cell.text) in known), None)


def _is_header(row: list[_Cell]) -> bool:
    """Whether the cells can be the names of columns: few words, no sentence, no time."""
    return not any(
        cell.is_time or len(cell.text.split()) > 3 or cell.text.endswith((".", "?", "!", "…")) for cell in row
    )


def _lines_of_row(path: Path, row: list[_Cell], place: int, known: Collection[str]) -> list[Line]:
    """Return a row as the lines of a turn; without a label they go on with the turn before."""
    label = row[place].text if place < len(row) - 1 else ""
    if fold(label) not in known and len(label.split()) > 3:
        label = ""
    times = [cell.text for cell in row if cell.is_time]
    speech = [
        cell
        for index, cell in enumerate(row)
        # A number in front of the label counts the rows.
        if cell.text
        and not cell.is_time
        and not (label and (index == place or (index < place and cell.text.isdigit())))
    ]
    if len(speech) > 1:
        found = "a row of a table holds more than a time, a speaker label and the words"
        raise _odd_row(path, speech[0].lines[0].number, found)
    words = [line for cell in speech for line in cell.lines if line.words.strip()]
    if not label:
        return words
    opening = " ".join([*times[:1], label if label.endswith((":", "：")) else f"{label}:"])
    first = words[0].words if words else ""
    return [Line(row[place].lines[0].number, "", f"{opening} {first}"), *words[1:]]


def _odd_row(path: Path, number: int, found: str) -> Unreadable:
    remedy = "Keep one row for every turn, with at most a time, a speaker label and the words."
    return Unreadable(problem("file.unreadable", path.as_posix(), row=number, found=found, remedy=remedy))


def _below(element: Any, tag: str) -> Iterator[Any]:
    """Yield the rows of a table or the cells of a row, not those of tables inside it."""
    for child in element:
        if child.tag == tag:
            yield child
        elif child.tag not in (f"{_W}tc", f"{_TABLE}table-cell"):
            yield from _below(child, tag)


def _flat(blocks: Iterable[str | Table]) -> list[str]:
    """Return the paragraphs of a cell, those of tables inside it among them."""
    return [
        words
        for block in blocks
        for words in ([block] if isinstance(block, str) else (one for row in block for cell in row for one in cell))
    ]


def _has_letter(texts: Iterable[str | None]) -> bool:
    """Whether there is a letter anywhere; the number of a page says nothing."""
    return any(letter.isalpha() for text in texts for letter in text or "")


# Word documents

_COMPATIBLE = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_PICTURES = (
    "{http://schemas.openxmlformats.org/drawingml/2006/picture}pic",
    "{urn:schemas-microsoft-com:vml}imagedata",
)
_WORD_TEXT = {f"{_W}tab": "\t", f"{_W}ptab": "\t", f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}noBreakHyphen": "-"}
# Of two forms of the same thing the fallback is read: it holds the plain text where there is any.
_WORD_ASIDE = {
    *(f"{_W}{name}" for name in ("pPr", "rPr", "sdtPr", "sdtEndPr", "drawing", "pict", "object", "rt")),
    f"{_COMPATIBLE}Choice",
}
_CHANGES = tuple(f"{_W}{name}" for name in ("ins", "del", "moveFrom", "moveTo"))


def _read_word(path: Path, encoding: str, labels: Collection[str]) -> Document:
    import docx

    try:
        document = docx.Document(str(path))
        body = document.element.body
        changes = _word_changes(body)
        hidden = _hidden_styles(document)
        blocks = list(_word_blocks(body, hidden))
        counts = _word_parts(document, hidden)
    except Exception:
        keep_foreign(path)
        raise _unreadable(path, "a Word document") from None
    if changes:
        raise _tracked(path, changes)
    return Document(_lines_of_blocks(path, blocks, labels), _parts(path, counts))


def _word_changes(body: Any) -> int:
    """Count the tracked changes of text and of rows; changes of the formatting have elements of their own."""
    return sum(len(one) > 0 or one.getparent().tag == f"{_W}trPr" for one in body.iter(*_CHANGES))


def _is_on(properties: Any, name: str) -> bool | None:
    """Return whether a switch of the formatting is on or off; None when it is not given."""
    switch = None if properties is None else properties.find(f"{_W}{name}")
    return None if switch is None else switch.get(f"{_W}val", "true") not in ("0", "false", "off")


def _hidden_styles(document: WordDocument) -> set[str]:
    styles = document.styles.element.iter(f"{_W}style")
    return {one.get(f"{_W}styleId") for one in styles if _is_on(one.find(f"{_W}rPr"), "vanish")}


def _is_hidden(run: Any, hidden: Collection[str]) -> bool:
    """Whether a run of text is hidden, by itself, by its style or by the style of its paragraph."""
    properties = run.find(f"{_W}rPr")
    itself = _is_on(properties, "vanish")
    if itself is not None:
        return itself
    paragraph = next(run.iterancestors(f"{_W}p"), None)
    styles = [
        None if properties is None else properties.find(f"{_W}rStyle"),
        None if paragraph is None else paragraph.find(f"{_W}pPr/{_W}pStyle"),
    ]
    return any(style is not None and style.get(f"{_W}val") in hidden for style in styles)


def _word_text(element: Any, hidden: Collection[str]) -> str:
    """Return the text of a paragraph; python-docx's own leaves out content controls, fields and smart tags."""
    if element.tag == f"{_W}t":
        return element.text or ""
    if element.tag in _WORD_TEXT:
        return _WORD_TEXT[element.tag]
    if element.tag in _WORD_ASIDE or (element.tag == f"{_W}r" and _is_hidden(element, hidden)):
        return ""
    return "".join(_word_text(child, hidden) for child in element)


def _word_blocks(element: Any, hidden: Collection[str]) -> Iterator[str | Table]:
    """Yield paragraphs and tables in document order, those in content controls among them."""
    for child in element:
        if child.tag == f"{_W}p":
            yield _word_text(child, hidden)
        elif child.tag == f"{_W}tbl":
            yield [
                [_flat(_word_blocks(cell, hidden)) for cell in _below(row, f"{_W}tc")]
                for row in _below(child, f"{_W}tr")
            ]
        elif child.tag not in _WORD_ASIDE:
            yield from _word_blocks(child, hidden)


def _says_something(element: Any) -> bool:
    return _has_letter(one.text for one in element.iter(f"{_W}t"))


def _word_parts(document: WordDocument, hidden: Collection[str]) -> list[tuple[int, str, str]]:
    from docx.oxml import parse_xml

    body = document.element.body
    held: Counter[str] = Counter()
    for relation in document.part.rels.values():
        kind = relation.reltype.rsplit("/", 1)[-1]
        if kind not in ("comments", "header", "footer", "footnotes", "endnotes"):
            continue
        part = parse_xml(relation.target_part.blob)
        if kind == "comments":
            held[kind] += len(part)
        elif kind in ("header", "footer"):
            held[kind] += _says_something(part)
        else:
            # The lines that part notes from the text are notes of a type of their own.
            held[kind] += sum(_says_something(note) for note in part if note.get(f"{_W}type", "normal") == "normal")

    def shown(*tags: str) -> list[Any]:
        # The fallback repeats a drawing for older programs.
        return [one for one in body.iter(*tags) if next(one.iterancestors(f"{_COMPATIBLE}Fallback"), None) is None]

    runs = (one for one in body.iter(f"{_W}r") if _is_hidden(one, hidden))
    return [
        (held["comments"], "comment", "comments"),
        (held["header"] + held["footer"], "header or footer", "headers or footers"),
        (held["footnotes"] + held["endnotes"], "footnote or endnote", "footnotes or endnotes"),
        (len(shown(f"{_W}txbxContent")), "text box", "text boxes"),
        (len(shown(*_PICTURES)), "picture", "pictures"),
        (sum(map(_says_something, runs)), "hidden passage", "hidden passages"),
    ]


# OpenDocument texts

_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_DRAW = "{urn:oasis:names:tc:opendocument:xmlns:drawing:1.0}"
_STYLE = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
_OPEN_TEXT = {f"{_TEXT}s": " ", f"{_TEXT}tab": "\t", f"{_TEXT}line-break": "\n"}
_OPEN_ASIDE = {
    f"{_OFFICE}annotation",
    f"{_OFFICE}forms",
    f"{_TEXT}note",
    f"{_TEXT}ruby-text",
    f"{_TEXT}tracked-changes",
}


class _NoDoctype(ElementTree.TreeBuilder):
    """A builder that refuses document types, and with them all entities."""

    def doctype(self, name: str, public: str | None, system: str | None) -> None:
        """Refuse."""
        raise ElementTree.ParseError


def _parse(xml: bytes) -> ElementTree.Element:
    return ElementTree.fromstring(xml, parser=ElementTree.XMLParser(target=_NoDoctype()))


def _read_open(path: Path, encoding: str, labels: Collection[str]) -> Document:
    try:
        parts = members(path, ("content.xml", "styles.xml"))
        content = _parse(parts["content.xml"])
        styles = _parse(parts["styles.xml"]) if "styles.xml" in parts else None
        body = content.find(f"{_OFFICE}body/{_OFFICE}text")
        if body is None:
            raise ElementTree.ParseError
        trees = [content] if styles is None else [content, styles]
        hidden = {name for tree in trees for name in _hidden_open_styles(tree)}
        changes = _open_changes(body)
        blocks = list(_open_blocks(body, hidden))
        counts = _open_parts(body, styles, hidden)
    except Exception:
        keep_foreign(path)
        raise _unreadable(path, "an OpenDocument text") from None
    if changes:
        raise _tracked(path, changes)
    return Document(_lines_of_blocks(path, blocks, labels), _parts(path, counts))


def _open_changes(body: ElementTree.Element) -> int:
    regions = body.iter(f"{_TEXT}changed-region")
    return sum(any(one.find(f"{_TEXT}{kind}") is not None for kind in ("insertion", "deletion")) for one in regions)


def _hidden_open_styles(tree: ElementTree.Element) -> Iterator[str]:
    for style in tree.iter(f"{_STYLE}style"):
        properties = style.find(f"{_STYLE}text-properties")
        if properties is not None and properties.get(f"{_TEXT}display") == "none":
            yield style.get(f"{_STYLE}name", "")


def _is_hidden_open(element: ElementTree.Element, hidden: Collection[str]) -> bool:
    return (
        element.tag in (f"{_TEXT}hidden-text", f"{_TEXT}hidden-paragraph")
        or (element.tag == f"{_TEXT}section" and element.get(f"{_TEXT}display") == "none")
        or element.get(f"{_TEXT}style-name") in hidden
    )


def _is_aside(element: ElementTree.Element, hidden: Collection[str]) -> bool:
    return element.tag in _OPEN_ASIDE or element.tag.startswith(_DRAW) or _is_hidden_open(element, hidden)


def _open_text(element: ElementTree.Element, hidden: Collection[str]) -> str:
    """Return the text of a paragraph; a line break of the XML file is a blank (OpenDocument 1.3, part 3, 6.1.2)."""
    if element.tag in _OPEN_TEXT:
        return _OPEN_TEXT[element.tag]
    if _is_aside(element, hidden):
        return ""
    text = _blanks(element.text)
    return text + "".join(_open_text(child, hidden) + _blanks(child.tail) for child in element)


def _blanks(text: str | None) -> str:
    return re.sub(r"[ \t\r\n]+", " ", text or "")


def _open_blocks(element: ElementTree.Element, hidden: Collection[str]) -> Iterator[str | Table]:
    """Yield paragraphs, headings and tables in document order, those in sections and lists among them."""
    for child in element:
        if _is_aside(child, hidden):
            continue
        if child.tag in (f"{_TEXT}p", f"{_TEXT}h"):
            yield _open_text(child, hidden)
        elif child.tag == f"{_TABLE}table":
            yield [
                [_flat(_open_blocks(cell, hidden)) for cell in _below(row, f"{_TABLE}table-cell")]
                for row in _below(child, f"{_TABLE}table-row")
            ]
        else:
            yield from _open_blocks(child, hidden)


def _open_parts(
    body: ElementTree.Element, styles: ElementTree.Element | None, hidden: Collection[str]
) -> list[tuple[int, str, str]]:
    def several(*tags: str, of: ElementTree.Element | None = body) -> int:
        return sum(_has_letter(one.itertext()) for tag in tags for one in (() if of is None else of.iter(tag)))

    margins = [f"{_STYLE}{name}{which}" for name in ("header", "footer") for which in ("", "-left", "-first")]
    pictures = sum(1 for _ in body.iter(f"{_DRAW}image"))
    unseen = (one.itertext() for one in body.iter() if _is_hidden_open(one, hidden))
    return [
        (several(f"{_OFFICE}annotation"), "comment", "comments"),
        (several(*margins, of=styles), "header or footer", "headers or footers"),
        (several(f"{_TEXT}note"), "footnote or endnote", "footnotes or endnotes"),
        (several(f"{_DRAW}text-box", f"{_DRAW}custom-shape"), "text box", "text boxes"),
        (pictures, "picture", "pictures"),
        (sum(map(_has_letter, unseen)), "hidden passage", "hidden passages"),
    ]


# Captions

_VOICE = re.compile(r"<v(?:\.[\w-]+)*\s+([^>]*)>")
_MARKUP = re.compile(r"</?(?:v|c|i|b|u|s|font|ruby|rt|lang)\b[^>]*>|<[\d:.]+>|\{\\[^}]*\}")
_BROKEN_TIME = re.compile(r"[0-9]+:[0-9]{2}(?::[0-9]{2})?[.,][0-9]+\s*[-–—>→]+\s*[0-9]+:[0-9]{2}")
_NO_CUE = re.compile(r"(?:WEBVTT|NOTE|STYLE|REGION)(?:\s|$)")


def _read_vtt(path: Path, encoding: str, labels: Collection[str]) -> Document:
    cues = _cues(path, decode(path, encoding), "vtt", "a WebVTT file")
    # Only WebVTT writes the signs < > & as entities.
    return Document(
        tuple(line._replace(voice=html.unescape(line.voice), words=html.unescape(line.words)) for line in cues)
    )


def _read_srt(path: Path, encoding: str, labels: Collection[str]) -> Document:
    return Document(tuple(_cues(path, decode(path, encoding), "srt", "a SubRip file")))


def _cues(path: Path, text: str, form: str, what: str) -> Iterator[Line]:
    """Yield the lines of all cues; voice tags cut a cue into the words of each speaker."""
    import webvtt

    rows = _ROW_END.split(text)
    try:
        captions = webvtt.from_buffer(io.StringIO("\n".join(rows).lstrip("\n")), format=form).captions
    except Exception:
        keep_foreign(path)
        raise _unreadable(path, what) from None
    lost = _lost_row(rows, [line for cue in captions for line in cue.lines], form)
    if lost:
        found = "the line belongs to no cue, since a time is malformed or a cue has a blank line inside"
        remedy = "Correct the place, or export the file again."
        raise Unreadable(problem("file.unreadable", path.as_posix(), row=lost, found=found, remedy=remedy))
    for number, cue in enumerate(captions, start=1):
        at = seconds(cue.start)
        before, *voices = _VOICE.split(cue.raw_text)
        for line in before.split("\n") if before else ():
            yield Line(number, "", _MARKUP.sub("", line), at)
        for name, words in zip(voices[::2], voices[1::2], strict=True):
            yield Line(number, name.strip(), _MARKUP.sub("", words), at)


def _lost_row(rows: list[str], held: Iterable[str], form: str) -> int:
    """Return the first row with words that are in no cue, or 0; the parser says nothing of what it leaves out."""
    left = Counter(line.strip() for line in held)
    begins, aside = True, False
    for number, row in enumerate(rows, start=1):
        if not row:
            begins, aside = True, False
            continue
        words = row.strip()
        if begins and form == "vtt":
            aside = _NO_CUE.match(words) is not None
        is_time = "-->" in words
        is_name = (begins or words.isdigit()) and number < len(rows) and "-->" in rows[number]
        begins, aside = False, aside and not is_time
        if words and not (aside or is_time or is_name):
            if not left[words] or _BROKEN_TIME.match(words):
                return number
            left[words] -= 1
    return 0


READERS: dict[str, Callable[[Path, str, Collection[str]], Document]] = {
    ".txt": _read_text,
    ".md": _read_markdown,
    ".docx": _read_word,
    ".odt": _read_open,
    ".vtt": _read_vtt,
    ".srt": _read_srt,
}


def read_document(path: Path, encoding: str = "", labels: Collection[str] = ()) -> Document:
    """Read the lines of a transcript in any of the formats of :data:`READERS`.

    Parameters
    ----------
    path : Path
        The file; its name says the format.
    encoding : str
        Encoding of a text or caption file, where it is not UTF-8.
    labels : collection of str
        Speaker labels of the study, by which a column of labels in a table and a label in markup are known.

    Returns
    -------
    Document
        Lines with their numbers, and notes on what is not read.

    Raises
    ------
    Unreadable
        The file is not what its name says, holds tracked changes, or holds words that would be lost.
    """
    return READERS[path.suffix.lower()](path, encoding, labels)
