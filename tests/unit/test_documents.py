"""Formats of transcripts: every line with its number, nothing lost without a word."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from pathlib import Path

import docx
import pytest
import webvtt
from docx.oxml import parse_xml
from docx.shared import Pt
from hypothesis import given, settings
from hypothesis import strategies as st
from piloteval.intake.documents import Line, read_document
from piloteval.intake.tabular import Unreadable
from piloteval.intake.text import closing_mark, damage, inner_mark, normalise, opening_mark, seconds

repeated = settings(max_examples=50, deadline=None, derandomize=True, database=None)

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
NAMESPACES = {
    "w": W,
    "mc": "http://schemas.openxmlformats.org/markup-compatibility/2006",
    "wps": "http://schemas.microsoft.com/office/word/2010/wordprocessingShape",
    "pic": "http://schemas.openxmlformats.org/drawingml/2006/picture",
    "v": "urn:schemas-microsoft-com:vml",
}
OPEN = {
    "office": "urn:oasis:names:tc:opendocument:xmlns:office:1.0",
    "text": "urn:oasis:names:tc:opendocument:xmlns:text:1.0",
    "table": "urn:oasis:names:tc:opendocument:xmlns:table:1.0",
    "draw": "urn:oasis:names:tc:opendocument:xmlns:drawing:1.0",
    "style": "urn:oasis:names:tc:opendocument:xmlns:style:1.0",
    "dc": "http://purl.org/dc/elements/1.1/",
}


def declared(namespaces):
    return " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in namespaces.items())


def word(folder, *blocks, change=None):
    """Save a Word document whose body holds these blocks: words of a paragraph, or the XML of any block."""
    document = docx.Document()
    for block in blocks:
        xml = block if block.startswith("<") else f"<w:p><w:r><w:t>{block}</w:t></w:r></w:p>"
        document.element.body.insert_element_before(
            parse_xml(xml.replace(">", f" {declared(NAMESPACES)}>", 1)), "w:sectPr"
        )
    if change:
        change(document)
    path = folder / "x.docx"
    document.save(str(path))
    return path


def odt(folder, *blocks, styles="", automatic=""):
    """Save an OpenDocument text whose body holds these blocks: words of a paragraph, or the XML of any block."""
    body = "".join(block if block.startswith("<") else f"<text:p>{block}</text:p>" for block in blocks)
    head = f'<?xml version="1.0" encoding="UTF-8"?><office:document-%s {declared(OPEN)}>'
    path = folder / "x.odt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        archive.writestr(
            "content.xml",
            head % "content" + f"<office:automatic-styles>{automatic}</office:automatic-styles>"
            f"<office:body><office:text>{body}</office:text></office:body></office:document-content>",
        )
        archive.writestr("styles.xml", head % "styles" + f"{styles}</office:document-styles>")
    return path


def text(folder, content, suffix="txt"):
    path = folder / f"x.{suffix}"
    path.write_bytes(content.encode())
    return path


def lines(path, labels=("I", "P")):
    """Return number and words of the lines that are not blank."""
    return [(line.number, line.words.strip()) for line in read_document(path, "", labels).lines if line.words.strip()]


def notes(path):
    return [one.sentence().removeprefix(f"{path}: ") for one in read_document(path, "", ["I", "P"]).problems]


def fault(path, labels=("I", "P")):
    """Return the sentence a file is refused with."""
    with pytest.raises(Unreadable) as refused:
        read_document(path, "", labels)
    (problem,) = refused.value.problems
    return problem.sentence().removeprefix(f"{path}")


# Text


def test_lines_of_a_text_have_the_numbers_of_an_editor(tmp_path):
    path = text(tmp_path, "one\r\ntwo\rthree\n\nfive\vstill five\fand still\u2028here")
    assert lines(path) == [
        (1, "one"),
        (2, "two"),
        (3, "three"),
        (5, "five"),
        (5, "still five"),
        (5, "and still"),
        (5, "here"),
    ]


# Markdown


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("**I:** words", "I: words"),
        ("**I**: words", "I: words"),
        ("__P__: words", "P: words"),
        ("*P:* words", "P: words"),
        ("_P:_ words", "P: words"),
        ("***I:*** **bold** words", "I: **bold** words"),
        ("**I: all of the turn**", "I: all of the turn"),
        ("**[00:01:23] I:** words", "[00:01:23] I: words"),
        ("[00:01:23] **I:** words", "[00:01:23] I: words"),
        ("_SPEAKER_1:_ words", "SPEAKER_1: words"),
        ("**Anna:** words", "Anna: words"),
        ("> I: words", "I: words"),
        ("> > - **I:** words", "I: words"),
        ("* I: words", "I: words"),
        ("+ words", "words"),
        ("## I: words", "I: words"),
        ("### I", "I"),
        ("### MOD:", "MOD:"),
        # What is not around a label stays.
        ("**never** again", "**never** again"),
        ("_never ever again he said: no_", "_never ever again he said: no_"),
        ("I: it was *very* hard, `so` [hard](x)", "I: it was *very* hard, `so` [hard](x)"),
        ("#hashtag", "#hashtag"),
        ("-words", "-words"),
    ],
)
def test_markdown_around_a_label_is_taken_off(tmp_path, row, words):
    assert lines(text(tmp_path, row, "md")) == [(1, words)]


def test_headings_of_markdown_are_not_speech(tmp_path):
    assert lines(text(tmp_path, "# Interview\nI: Hello.\n\n## After the pilot: a second part\nP: Hi.", "md")) == [
        (2, "I: Hello."),
        (5, "P: Hi."),
    ]


# Word documents


def run(words, properties=""):
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{words}</w:t></w:r>'


def cells(*rows):
    """Return a table of Word; a cell is a text, its paragraphs parted by a bar."""
    made = "".join(
        "<w:tr>"
        + "".join(
            "<w:tc>" + "".join(f"<w:p>{run(words)}</w:p>" for words in cell.split("|")) + "</w:tc>" for cell in row
        )
        + "</w:tr>"
        for row in rows
    )
    return f"<w:tbl><w:tblPr/><w:tblGrid/>{made}</w:tbl>"


def open_cells(*rows):
    """Return a table of OpenDocument; a cell is a text, its paragraphs parted by a bar."""
    made = "".join(
        "<table:table-row>"
        + "".join(
            "<table:table-cell>"
            + "".join(f"<text:p>{words}</text:p>" for words in cell.split("|"))
            + "</table:table-cell>"
            for cell in row
        )
        + "</table:table-row>"
        for row in rows
    )
    return f"<table:table><table:table-column/>{made}</table:table>"


def test_paragraphs_and_tables_of_word_come_in_their_order(tmp_path):
    path = word(tmp_path, "first", cells(["a", "b|c"], ["", "d"]), "last")
    assert lines(path) == [(1, "first"), (2, "a"), (3, "b"), (4, "c"), (6, "d"), (7, "last")]


def test_table_inside_a_table_is_read_once(tmp_path):
    inner = cells(["b", "c"])
    path = word(tmp_path, f"<w:tbl><w:tr><w:tc><w:p>{run('a')}</w:p>{inner}<w:p/></w:tc></w:tr></w:tbl>")
    assert lines(path) == [(1, "a"), (2, "b"), (3, "c")]


def test_text_in_links_fields_and_content_controls_is_read(tmp_path):
    path = word(
        tmp_path,
        f"<w:p>{run('a ')}<w:hyperlink>{run('link ')}</w:hyperlink><w:sdt><w:sdtPr><w:text/></w:sdtPr><w:sdtContent>"
        f"{run('control ')}</w:sdtContent></w:sdt><w:fldSimple w:instr='DATE'>{run('field')}</w:fldSimple></w:p>",
        f"<w:sdt><w:sdtContent><w:p>{run('block')}</w:p></w:sdtContent></w:sdt>",
        "<w:p><w:r><w:t>one</w:t><w:br/><w:t>two</w:t><w:tab/><w:t>three</w:t><w:noBreakHyphen/><w:t>four</w:t>"
        "<w:softHyphen/><w:br w:type='page'/><w:t>five</w:t></w:r></w:p>",
        "<w:p><mc:AlternateContent><mc:Choice Requires='w16se'/><mc:Fallback><w:r><w:t>sign</w:t></w:r></mc:Fallback>"
        "</mc:AlternateContent></w:p>",
    )
    assert lines(path) == [
        (1, "a link control field"),
        (2, "block"),
        (3, "one"),
        (3, "two\tthree-four"),
        (3, "five"),
        (4, "sign"),
    ]
    assert notes(path) == []


def test_word_reads_what_python_docx_reads(tmp_path):
    document = docx.Document()
    for words in ("I: What happened?", "", "P: Nothing.\nReally\tnothing."):
        document.add_paragraph(words)
    document.save(tmp_path / "x.docx")
    expected = [line for one in docx.Document(tmp_path / "x.docx").paragraphs for line in one.text.split("\n")]
    assert [line.words for line in read_document(tmp_path / "x.docx").lines] == expected


TRACKED = (
    ": the document holds {}, so nobody knows which text is meant. Accept or reject all changes in the word processor and "
    "save the document again."
)


@pytest.mark.parametrize(
    ("xml", "many"),
    [
        (f"<w:p><w:ins w:id='1' w:author='A'>{run('new')}</w:ins></w:p>", "1 tracked change"),
        ("<w:p><w:del w:id='1' w:author='A'><w:r><w:delText>old</w:delText></w:r></w:del></w:p>", "1 tracked change"),
        (
            f"<w:p><w:moveFrom w:id='1'>{run('x')}</w:moveFrom><w:moveTo w:id='2'>{run('x')}</w:moveTo></w:p>",
            "2 tracked changes",
        ),
        (
            f"<w:tbl><w:tr><w:trPr><w:del w:id='1'/></w:trPr><w:tc><w:p>{run('x')}</w:p></w:tc></w:tr></w:tbl>",
            "1 tracked change",
        ),
    ],
)
def test_tracked_changes_of_word_stop(tmp_path, xml, many):
    assert fault(word(tmp_path, "P: Hello.", xml)) == TRACKED.format(many)


def test_tracked_formatting_of_word_does_not_count(tmp_path):
    path = word(
        tmp_path,
        "<w:p><w:pPr><w:rPr><w:ins w:id='1'/></w:rPr><w:pPrChange w:id='2'><w:pPr/></w:pPrChange></w:pPr>"
        + run("P: Hello.", "<w:b/><w:rPrChange w:id='3'><w:rPr/></w:rPrChange>")
        + "</w:p>",
    )
    assert lines(path) == [(1, "P: Hello.")]


PARTS = (
    "the document has parts that are not read: {}. Remove them, since they may name persons; if they hold speech, move it "
    "into the text."
)


def with_comment(document):
    paragraph = document.add_paragraph("P: Hello.")
    document.add_comment(paragraph.runs, text="Anna said this", author="Somebody")
    document.add_comment(paragraph.runs, text="?", author="Somebody")


def with_header(document):
    document.sections[0].header.paragraphs[0].text = "Interview with Anna"


def with_page_number(document):
    paragraph = document.sections[0].footer.paragraphs[0]
    paragraph._p.append(
        parse_xml(
            f'<w:fldSimple {declared({"w": W})} w:instr="PAGE \\* MERGEFORMAT"><w:r><w:t>3</w:t></w:r></w:fldSimple>'
        )
    )


def with_picture(document):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    pixel = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")
    document.add_picture(io.BytesIO(pixel), width=Pt(1))


BOX = (
    "<w:p><w:r><mc:AlternateContent><mc:Choice Requires='wps'><w:drawing><wps:txbx><w:txbxContent><w:p><w:r><w:t>boxed"
    "</w:t></w:r></w:p></w:txbxContent></wps:txbx></w:drawing></mc:Choice><mc:Fallback><w:pict><w:txbxContent><w:p><w:r>"
    "<w:t>boxed</w:t></w:r></w:p></w:txbxContent></w:pict></mc:Fallback></mc:AlternateContent></w:r></w:p>"
)


@pytest.mark.parametrize(
    ("blocks", "change", "found"),
    [
        ([], with_comment, "2 comments"),
        ([], with_header, "1 header or footer"),
        ([], with_picture, "1 picture"),
        ([BOX], None, "1 text box"),
        ([f"<w:p>{run('hidden', '<w:vanish/>')}</w:p>"], None, "1 hidden passage"),
        (
            [BOX, f"<w:p>{run('hidden', '<w:vanish/>')}</w:p>"],
            with_header,
            "1 header or footer, 1 text box, 1 hidden passage",
        ),
    ],
)
def test_parts_of_word_that_are_not_read_are_told(tmp_path, blocks, change, found):
    path = word(tmp_path, "P: Hello.", *blocks, change=change)
    assert notes(path) == [PARTS.format(found)]
    assert {words for _number, words in lines(path)} == {"P: Hello."}


def test_footnotes_of_word_are_told(tmp_path):
    path = word(tmp_path, "P: Hello.")
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/footnotes"
    note = "<w:footnote{}><w:p><w:r><w:t>Anna</w:t></w:r></w:p></w:footnote>"
    with zipfile.ZipFile(path, "a") as archive:
        relations = archive.read("word/_rels/document.xml.rels").decode()
        types = archive.read("[Content_Types].xml").decode()
    parts = {
        "word/_rels/document.xml.rels": relations.replace(
            "</Relationships>", f'<Relationship Id="rId99" Type="{kind}" Target="footnotes.xml"/></Relationships>'
        ),
        "[Content_Types].xml": types.replace(
            "</Types>",
            '<Override PartName="/word/footnotes.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"/></Types>',
        ),
        "word/footnotes.xml": f"<w:footnotes {declared({'w': W})}>"
        + note.format(" w:type='separator' w:id='0'")
        + note.format(" w:id='1'")
        + "</w:footnotes>",
    }
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(tmp_path / "y.docx", "w") as new:
        for name in old.namelist():
            if name not in parts:
                new.writestr(name, old.read(name))
        for name, content in parts.items():
            new.writestr(name, content)
    assert notes(tmp_path / "y.docx") == [PARTS.format("1 footnote or endnote")]


def test_page_number_of_word_is_not_worth_a_word(tmp_path):
    assert notes(word(tmp_path, "P: Hello.", change=with_page_number)) == []


def test_text_that_is_hidden_by_its_style_is_not_read(tmp_path):
    def hide(document):
        style = document.styles.add_style("Aside", 2)
        style.font.hidden = True

    path = word(
        tmp_path,
        "<w:p>"
        + run("P: Hello.")
        + run("aside", "<w:rStyle w:val='Aside'/>")
        + run(" Again.", "<w:rStyle w:val='Aside'/><w:vanish w:val='0'/>")
        + "</w:p>",
        change=hide,
    )
    assert lines(path) == [(1, "P: Hello. Again.")]
    assert notes(path) == [PARTS.format("1 hidden passage")]


# Tables of turns


@pytest.mark.parametrize(("save", "table"), [(word, cells), (odt, open_cells)])
@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([["I", "Hello."], ["P", "Hi."]], [(1, "I: Hello."), (3, "P: Hi.")]),
        ([["I:", "Hello."], ["P:", "Hi."]], [(1, "I: Hello."), (3, "P: Hi.")]),
        ([["00:00:01", "I", "Hello."], ["00:00:05", "P", "Hi."]], [(2, "00:00:01 I: Hello."), (5, "00:00:05 P: Hi.")]),
        (
            [["1", "I", "[00:01]", "Hello."], ["2", "P", "[00:05]", "Hi."]],
            [(2, "[00:01] I: Hello."), (6, "[00:05] P: Hi.")],
        ),
        ([["I", "Hello.", "00:00:01"]], [(1, "00:00:01 I: Hello.")]),
        ([["I", "Hello.|And you?"]], [(1, "I: Hello."), (3, "And you?")]),
        # A blank label goes on with the turn; a header names columns; an unknown label stays a label.
        ([["P", "Hi."], ["", "And more."]], [(1, "P: Hi."), (4, "And more.")]),
        ([["Time", "Who", "Words"], ["00:01", "P", "Hi."]], [(5, "00:01 P: Hi.")]),
        ([["P", "Hi."], ["Anna", "Hello."]], [(1, "P: Hi."), (3, "Anna: Hello.")]),
        ([["p.", "Hi."]], [(1, "p.: Hi.")]),
        ([["P", "7"], ["I", ""]], [(1, "P: 7"), (3, "I:")]),
        # No column of labels: cell by cell.
        ([["I: Hello."], ["P: Hi."]], [(1, "I: Hello."), (2, "P: Hi.")]),
        ([["Date", "3 November"]], [(1, "Date"), (2, "3 November")]),
    ],
)
def test_row_of_a_table_is_a_turn(tmp_path, save, table, rows, expected):
    assert lines(save(tmp_path, table(*rows))) == expected


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        (
            [["I", "Hello.", "a remark"]],
            ", row 2: a row of a table holds more than a time, a speaker label and the words",
        ),
        ([["I|P|I", "Hello.|Hi.|Fine."]], ", row 1: a cell of a table holds several speaker labels"),
    ],
)
def test_table_that_could_be_read_in_two_ways_stops(tmp_path, rows, found):
    remedy = "Keep one row for every turn, with at most a time, a speaker label and the words."
    assert fault(word(tmp_path, cells(*rows))) == f"{found}. {remedy}"


# OpenDocument texts


def test_blocks_of_an_open_document_come_in_their_order(tmp_path):
    path = odt(
        tmp_path,
        "<text:h>heading</text:h>",
        "<text:section><text:p>in a section</text:p></text:section>",
        "<text:list><text:list-item><text:p>in a list</text:p></text:list-item></text:list>",
        open_cells(["a", "b|c"]),
        "last",
    )
    assert lines(path) == [
        (1, "heading"),
        (2, "in a section"),
        (3, "in a list"),
        (4, "a"),
        (5, "b"),
        (6, "c"),
        (7, "last"),
    ]


def test_blanks_of_an_open_document(tmp_path):
    path = odt(
        tmp_path,
        "<text:p>one<text:s text:c='999999999'/>two\n  <text:span>thr<text:span>ee</text:span></text:span><text:tab/>four"
        "<text:line-break/>five<text:bookmark/> <text:a>six</text:a><text:soft-page-break/></text:p>",
    )
    assert lines(path) == [(1, "one two three\tfour"), (1, "five six")]


def changed(kind, inside=""):
    return f"<text:changed-region><text:{kind}><dc:creator>A</dc:creator>{inside}</text:{kind}></text:changed-region>"


@pytest.mark.parametrize(
    ("regions", "many"),
    [
        (changed("insertion"), "1 tracked change"),
        (changed("deletion", "<text:p>old</text:p>") + changed("insertion"), "2 tracked changes"),
    ],
)
def test_tracked_changes_of_an_open_document_stop(tmp_path, regions, many):
    path = odt(tmp_path, f"<text:tracked-changes>{regions}</text:tracked-changes>", "P: Hello.")
    assert fault(path) == TRACKED.format(many)


def test_tracked_formatting_of_an_open_document_does_not_count(tmp_path):
    path = odt(tmp_path, f"<text:tracked-changes>{changed('format-change')}</text:tracked-changes>", "P: Hello.")
    assert lines(path) == [(1, "P: Hello.")]


HIDDEN = "<style:style style:name='T1'><style:text-properties text:display='none'/></style:style>"


@pytest.mark.parametrize(
    ("inside", "found"),
    [
        ("<office:annotation><dc:creator>A</dc:creator><text:p>Anna</text:p></office:annotation>", "1 comment"),
        (
            "<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>Anna</text:p></text:note-body>"
            "</text:note>",
            "1 footnote or endnote",
        ),
        ("<draw:frame><draw:text-box><text:p>Anna</text:p></draw:text-box></draw:frame>", "1 text box"),
        ("<draw:frame><draw:image/></draw:frame><draw:frame><draw:image/></draw:frame>", "2 pictures"),
        ("<text:span text:style-name='T1'>Anna</text:span>", "1 hidden passage"),
    ],
)
def test_parts_of_an_open_document_that_are_not_read_are_told(tmp_path, inside, found):
    path = odt(tmp_path, f"<text:p>P: Hel{inside}lo.</text:p>", automatic=HIDDEN)
    assert notes(path) == [PARTS.format(found)]
    assert lines(path) == [(1, "P: Hello.")]


@pytest.mark.parametrize(("words", "told"), [("Interview with Anna", 1), ("<text:page-number>3</text:page-number>", 0)])
def test_header_of_an_open_document_is_told(tmp_path, words, told):
    master = f"<office:master-styles><style:master-page><style:header><text:p>{words}</text:p></style:header></style:master-page></office:master-styles>"
    assert notes(odt(tmp_path, "P: Hello.", styles=master)) == [PARTS.format("1 header or footer")] * told


def test_hidden_section_of_an_open_document_is_not_read(tmp_path):
    path = odt(tmp_path, "<text:section text:display='none'><text:p>aside</text:p></text:section>", "P: Hello.")
    assert lines(path) == [(1, "P: Hello.")]
    assert notes(path) == [PARTS.format("1 hidden passage")]


@pytest.mark.parametrize(
    "content",
    [
        b"no XML",
        b"<a/>",
        b'<!DOCTYPE a [<!ENTITY e "P: Hello.">]><office:document-content '
        + declared(OPEN).encode()
        + b"><office:body><office:text><text:p>&e;</text:p></office:text></office:body></office:document-content>",
    ],
)
def test_open_document_that_is_none(tmp_path, content):
    path = tmp_path / "x.odt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("content.xml", content)
    assert (
        fault(path)
        == ": this is not an OpenDocument text that can be opened. Export it again in the format of its name."
    )


# Captions


SRT = """1
00:00:01,500 --> 00:00:03,000
I: <i>Hello</i>,
{\\an8}and welcome.

2
00:00:04,000 --> 00:00:05,250
<v P><font color="#fff">Hi &amp; bye</font></v>
"""


def test_cues_of_a_subrip_file(tmp_path):
    assert read_document(text(tmp_path, SRT, "srt")).lines == (
        Line(1, "", "I: Hello,", 1.5),
        Line(1, "", "and welcome.", 1.5),
        Line(2, "P", "Hi &amp; bye", 4.0),
    )


VTT = """WEBVTT - an interview
Kind: captions

NOTE
Anna speaks first.

STYLE
::cue { color: red }

intro
00:01.500 --> 00:03.000 align:start
<v.loud I>Hello &amp; <00:02.000><c>welcome</c></v>

3f0e-2
01:00:04.000 --> 01:00:05.250
<v P>Hi.
"""


def test_cues_of_a_webvtt_file(tmp_path):
    assert read_document(text(tmp_path, VTT, "vtt")).lines == (
        Line(1, "I", "Hello & welcome", 1.5),
        Line(2, "P", "Hi.", 3604.0),
    )


@pytest.mark.parametrize("form", ["vtt", "srt"])
def test_captions_in_another_encoding(tmp_path, form):
    path = tmp_path / f"x.{form}"
    path.write_bytes({"vtt": VTT, "srt": SRT}[form].replace("Hello", "Grüß Gott").encode("cp1252"))
    with pytest.raises(Unreadable) as refused:
        read_document(path)
    assert refused.value.problems[0].rule == "file.encoding"
    assert "Grüß Gott" in " ".join(line.words for line in read_document(path, "cp1252").lines)


LOST = (
    ", row {}: the line belongs to no cue, since a time is malformed or a cue has a blank line inside. Correct the place, "
    "or export the file again."
)


@pytest.mark.parametrize(
    ("content", "suffix", "row"),
    [
        (VTT.replace("<v P>Hi.", "<v P>Hi.\n\nAnd this?"), "vtt", 18),
        (VTT.replace("01:00:04.000 -->", "01:00:04 -->"), "vtt", 16),
        (SRT.replace("00:00:04,000 -->", "soon -->"), "srt", 8),
        (SRT.replace("00:00:04,000 --> 00:00:05,250", "00:00:04,000 - 00:00:05,250"), "srt", 7),
    ],
)
def test_words_outside_the_cues_stop(tmp_path, content, suffix, row):
    path = text(tmp_path, content, suffix)
    assert fault(path) == LOST.format(row)


payloads = st.lists(
    st.lists(
        st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S"), exclude_characters="<>&{}-"), min_size=1),
        min_size=1,
        max_size=3,
    ).map("\n".join),
    min_size=1,
    max_size=5,
)


@repeated
@given(payloads)
def test_no_word_of_a_cue_is_lost(tmp_path_factory, cues):
    folder = tmp_path_factory.mktemp("c")
    for suffix, head in (("vtt", "WEBVTT\n\n"), ("srt", "")):
        blocks = [f"{n}\n00:00:{n:02d}.000 --> 00:00:{n:02d}.900\n{cue}\n" for n, cue in enumerate(cues, start=1)]
        found = read_document(text(folder, head + "\n".join(blocks), suffix)).lines
        assert [line.words for line in found] == [row for cue in cues for row in cue.split("\n")]
        assert [line.at for line in found] == [float(n) for n, cue in enumerate(cues, start=1) for _ in cue.split("\n")]


def test_cues_are_those_of_the_library(tmp_path):
    root = Path(__file__).resolve().parents[2]
    for path in sorted((root / "data/example/interviews").glob("*.vtt")):
        spoken = [line for line in read_document(path).lines if line.voice]
        captions = webvtt.read(str(path)).captions
        assert [line.words for line in spoken] == [cue.text for cue in captions]
        assert [line.voice for line in spoken] == [cue.voice for cue in captions]


# Letters


@pytest.mark.parametrize(
    "words",
    [
        "Größe, Ärzte, Österreich, Übung, déjà, voilà, cœur, naïve, NÃO, SÃO, IRMÃ, Ângulo, « mot », 10 °C, don’t – “x” …",
        "“A MANHÔ, a IRMÃ… e a MAÇÃ – «AMANHû, ALEMÃ’ AMANHÃ\u00a0já",
        "Åland, “Å“ and Â alone, ð and Þ, €5, tab\tand\nlines\r\n\v\f",
        "",
    ],
)
def test_whole_text_is_not_damaged(words):
    assert damage(words) == ""


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
@pytest.mark.parametrize(
    "words",
    [
        "für",
        "Größe",
        "à la carte",
        "déjà",
        "Ärzte",
        "Österreich",
        "Über",
        "É",
        "10 °C",
        "« x",
        "€ 5",
        "naïve",
        "\ufeffid",
        "São",
    ],
)
def test_text_read_in_a_wrong_encoding_is_damaged(encoding, words):
    assert damage(words.encode().decode(encoding)) == "file.damaged"


@pytest.mark.parametrize("words", ["it’s", "“so", "a – b", "wait…", "cœur", "😀", "™"])
def test_signs_read_as_windows_1252_are_damaged(words):
    # Not all bytes are letters of windows-1252; programs keep the others as they are.
    read = "".join(bytes([one]).decode("cp1252", "ignore") or chr(one) for one in words.encode())
    assert damage(f"before {read} after") == "file.damaged"


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        ("lost \ufffd letter", "file.damaged"),
        ("nul \x00", "file.control"),
        ("bell \x07", "file.control"),
        ("escape \x1b[0m", "file.control"),
        ("group \x1d", "file.control"),
        ("next line \x85", "file.control"),
        ("delete \x7f", "file.control"),
    ],
)
def test_lost_letters_and_control_characters(words, rule):
    assert damage(words) == rule


letters = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Z")))


@repeated
@given(letters)
def test_normalised_text_stays_as_it_is(words):
    found = normalise(words)
    assert normalise(found) == found
    assert normalise("\u200b".join(words)) == found


def test_invisible_characters_are_removed_and_letters_composed():
    assert normalise("Zu\u0308\u200brich\u2060 \u202aok\u202c\ufeff\u200e") == "Zürich ok"
    # Where only an invisible character stands between them, letter and accent are one.
    assert normalise("e\u200d\u0301") == "é"


# Time marks


@pytest.mark.parametrize(
    ("clock", "time"),
    [
        ("1:23", 83.0),
        ("00:01:23", 83.0),
        ("01:00:00", 3600.0),
        ("00:01:23.450", 83.45),
        ("00:01:23-5", 83.5),
        ("00:00:01,5", 1.5),
    ],
)
def test_seconds_of_a_clock(clock, time):
    assert seconds(clock) == pytest.approx(time)


@pytest.mark.parametrize("mark", ["[00:01:23]", "[01:23]", "(00:01:23)", "00:01:23", "#00:01:23-0#", "#00:01:23#"])
def test_time_mark_is_taken_off_at_every_place(mark):
    assert opening_mark(f"{mark} I: Hello.") == (83.0, "I: Hello.")
    assert inner_mark(f"{mark} Hello.") == (83.0, "Hello.")
    assert closing_mark(f"Hello. {mark}") == (83.0, "Hello.")
    for take in (opening_mark, inner_mark, closing_mark):
        assert take(mark) == (83.0, "")
        assert take(f"So {mark} it was.") == (None, f"So {mark} it was.")


def test_clock_that_may_have_been_said_stays():
    assert inner_mark("10:15 we met.") == (None, "10:15 we met.")
    assert closing_mark("We met at 10:15") == (None, "We met at 10:15")
    assert closing_mark("He waited (00:05)") == (None, "He waited (00:05)")
    assert closing_mark("ends [00:01:23]", within=True) == (None, "ends [00:01:23]")
    assert closing_mark("ends #00:01:23-5#", within=True) == (83.5, "ends")
    assert opening_mark("01:23 I: Hello.") == (83.0, "I: Hello.")
    assert opening_mark("00:99:23 I: Hello.") == (None, "00:99:23 I: Hello.")
