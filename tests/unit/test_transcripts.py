"""Transcripts: one stored text whatever the format, offsets that hold, labels that belong to somebody, times."""

from __future__ import annotations

import csv
import unicodedata
import zipfile
from dataclasses import replace
from pathlib import Path

import docx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from piloteval.config import read_yaml
from piloteval.intake import transcripts
from piloteval.intake.catalogue import problem
from piloteval.intake.codings import read_codings
from piloteval.intake.sheet import Source, of_kind, read_sheet
from piloteval.intake.text import damage, normalise
from piloteval.intake.transcripts import read_interviews, read_transcript
from piloteval.simulate import interviews as simulated

ROOT = Path(__file__).resolve().parents[2]
# Every example is saved in seven formats.
repeated = settings(max_examples=15, deadline=None, derandomize=True, database=None)


def source(path, unit="I1", **cells):
    return Source(line=2, source=unit, kind="transcript", path=str(path), unit=unit, language="en", **cells)


def read(folder, content, suffix="txt", interviewers=("I",), participants=("P",), other=()):
    """Return stored text, turns and sentences of a transcript with this content: text, paragraphs or rows of a table."""
    path = folder / f"x.{suffix}"
    if suffix == "docx":
        save_word(path, content)
    elif suffix == "odt":
        save_open(path, content)
    else:
        path.write_text(content, encoding="utf-8")
    found, problems = read_transcript(source(path), interviewers, participants, other)
    sentences = [one.sentence().removeprefix(f"{folder}/") for one in problems]
    return (found.text, found.turns, sentences) if found else (None, (), sentences)


def save_word(path, content):
    document = docx.Document()
    if isinstance(content[0], str):
        for paragraph in content:
            document.add_paragraph(paragraph)
    else:
        table = document.add_table(len(content), len(content[0]))
        for row, cells in zip(table.rows, content, strict=True):
            for cell, words in zip(row.cells, cells, strict=True):
                cell.text = words
    document.save(path)


def save_open(path, content):
    body = "".join(f"<text:p>{escaped(paragraph)}</text:p>" for paragraph in content)
    spaces = " ".join(f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "text"))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        archive.writestr(
            "content.xml",
            f"<office:document-content {spaces}><office:body><office:text>{body}</office:text></office:body>"
            "</office:document-content>",
        )


def cues(*payloads, numbered=False):
    blocks = [f"00:00:{2 * n:02d}.000 --> 00:00:{2 * n + 1:02d}.000\n{text}" for n, text in enumerate(payloads)]
    if numbered:
        return "\n\n".join([f"{n}\n{block.replace('.', ',', 2)}" for n, block in enumerate(blocks, start=1)])
    return "\n\n".join(["WEBVTT", *blocks, ""])


def escaped(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def in_all_formats(folder, talk, **roles):
    """Return what is read from a talk in every format, by the name of the format."""
    lines = [f"{label}: {words}" for label, words in talk]
    # A voice tag has no place in SubRip for the signs < > &, so labels stand before the words there.
    return {
        "txt": read(folder, "\n".join(lines), **roles),
        "md": read(folder, "# Talk\n\n" + "\n\n".join(f"**{label}:** {words}" for label, words in talk), "md", **roles),
        "docx": read(folder, lines, "docx", **roles),
        "table": read(folder, [list(turn) for turn in talk], "docx", **roles),
        "odt": read(folder, lines, "odt", **roles),
        "vtt": read(folder, cues(*(f"<v {label}>{escaped(words)}" for label, words in talk)), "vtt", **roles),
        "srt": read(folder, cues(*lines, numbered=True), "srt", **roles),
    }


# One text for all formats


def test_all_formats_give_the_same_text(tmp_path):
    talk = [("I", "What happened?"), ("P", "Nothing. Well ... a lot & <more>."), ("I", "Go on: tell me.")]
    expected = "I: What happened?\nP: Nothing. Well ... a lot & <more>.\nI: Go on: tell me."
    found = in_all_formats(tmp_path, talk)
    assert {name: text for name, (text, _turns, _problems) in found.items()} == dict.fromkeys(found, expected)
    assert all(problems == [] for _text, _turns, problems in found.values())
    assert read(tmp_path, "Heading\n\nI: What happened?\n\nP: Nothing.")[0] == "I: What happened?\nP: Nothing."
    assert read(tmp_path, ["Heading", "", "P: Nothing."], "docx")[0] == "P: Nothing."
    assert read(tmp_path, cues("I: What?", "P: 3 &lt; 4"), "vtt")[0] == "I: What?\nP: 3 < 4"


words = st.text(st.characters(codec="utf-8", categories=("L", "M", "N", "P", "S")), min_size=1, max_size=10).filter(
    lambda word: not set(word) & set(":：{<>")
)
talks = st.lists(
    st.tuples(st.sampled_from(["I", "P"]), st.lists(words, min_size=1, max_size=5).map(" ".join)),
    min_size=1,
    max_size=6,
).filter(lambda talk: not any(damage(speech) for _label, speech in talk))


@repeated
@given(talks)
def test_formats_agree_and_offsets_hold_for_any_speech(tmp_path_factory, talk):
    folder = tmp_path_factory.mktemp("t")
    talk = [("P", "Yes."), *talk]
    found = in_all_formats(folder, talk)
    text, turns, problems = found["txt"]
    assert problems == []
    assert found == dict.fromkeys(found, found["txt"]) | {
        name: (text, tuple(replace(turn, at=one.at) for turn, one in zip(turns, found[name][1], strict=True)), [])
        for name in ("vtt", "srt")
    }
    assert [text[turn.start : turn.end] for turn in turns] == [turn.speech for turn in turns]
    assert [line.split(": ", 1) for line in text.split("\n")] == [[turn.label, turn.speech] for turn in turns]
    assert unicodedata.is_normalized("NFC", text)
    # Counted here: the words said by each, in order, whatever the turns.
    for label in "IP":
        said = " ".join(speech for who, speech in talk if who == label)
        assert " ".join(turn.speech for turn in turns if turn.label == label) == " ".join(normalise(said).split())


# Turns


def test_offsets_count_characters_not_bytes(tmp_path):
    text, turns, _ = read(tmp_path, "I: Größe 🚑?\nP: Ça va — très bien.")
    assert [text[turn.start : turn.end] for turn in turns] == ["Größe 🚑?", "Ça va — très bien."]
    assert (turns[0].start, turns[1].role) == (3, "participant")


def test_same_speaker_in_a_row_is_one_turn(tmp_path):
    text, turns, _ = read(tmp_path, "P: One.\nP: Two.\nI: Three.\nP: Four.")
    assert text == "P: One. Two.\nI: Three.\nP: Four."
    assert [(turn.label, turn.start, turn.end) for turn in turns] == [("P", 3, 12), ("I", 16, 22), ("P", 26, 31)]


def test_line_without_a_label_goes_on(tmp_path):
    assert read(tmp_path, "P: One\n   two \t three.\n\nfour.")[0] == "P: One two three. four."


def test_heading_is_left_out(tmp_path):
    assert read(tmp_path, "Interview 1\nDate: 3 November\nP: Hello.")[0] == "P: Hello."


@pytest.mark.parametrize(
    "text", ["I:Hello.\nP:Hi.", "I:\nHello.\nP:\nHi.", "I:  Hello.\nP:\tHi.", "I:\nP:\nI: Hello.\nP: Hi."]
)
def test_label_may_stand_close_or_alone(tmp_path, text):
    assert read(tmp_path, text)[0] == "I: Hello.\nP: Hi."


def test_label_of_two_words_is_a_label_when_the_study_has_it(tmp_path):
    text, turns, _ = read(tmp_path, "Interviewer 1: Hello.\nP: Hi.", interviewers=["Interviewer 1"])
    assert text == "Interviewer 1: Hello.\nP: Hi."
    assert [turn.role for turn in turns] == ["interviewer", "participant"]


def test_line_break_inside_a_paragraph_starts_a_new_line(tmp_path):
    assert read(tmp_path, ["P: Hi.\nI: And you?", "P: Fine."], "docx")[0] == "P: Hi.\nI: And you?\nP: Fine."


def test_text_is_composed_and_without_invisible_characters(tmp_path):
    text, turns, _ = read(tmp_path, "P:\u200b Zu\u0308\u200brich,\u00a0ja \u202aok\u202c\ufeff.")
    assert text == "P: Zürich, ja ok."
    assert (turns[0].start, turns[0].end) == (3, 17)


def test_label_is_composed_too(tmp_path):
    found = read(tmp_path, "Ze\u0301: Hi.", participants=["Z\u00e9"])
    assert (found[0], found[2]) == ("Z\u00e9: Hi.", [])


def test_others_are_kept_and_are_no_participants(tmp_path):
    found = in_all_formats(tmp_path, [("I", "Hello."), ("DOL", "She says yes."), ("P", "Yes.")], other=["DOL"])
    for text, turns, problems in found.values():
        assert text == "I: Hello.\nDOL: She says yes.\nP: Yes."
        assert [turn.role for turn in turns] == ["interviewer", "other", "participant"]
        assert problems == []
    assert read(tmp_path, "I: Hello.\nDOL: She says yes.", other=["DOL"])[2] == [
        f"x.txt: {SILENT.replace('I, P', 'I, P, DOL')}"
    ]


@pytest.mark.parametrize(
    "payload",
    [
        "<v I>Hello.</v>\n<v P>Hi.</v>",
        "<v I>Hello.</v> <v P>Hi.</v>",
        "<v.loud I>Hello.</v>\n<v P><i>Hi.</i>",
        "I: Hello.\nP: Hi.",
    ],
)
def test_two_voices_in_one_cue_stay_two(tmp_path, payload):
    assert read(tmp_path, cues(payload), "vtt")[0] == "I: Hello.\nP: Hi."


# Time marks


def times(found):
    return [(turn.label, turn.speech, turn.at) for turn in found[1]]


AT = [("I", "How?", 1.0), ("P", "Well.", 83.0), ("I", "And?", 3600.0)]
PLACES = {
    "{time} {label}: {words}": "[00:00:01] (00:00:01) 00:00:01 [00:01] 00:01 #00:00:01-0#",
    "{label}: {time} {words}": "[00:00:01] (00:00:01) 00:00:01 [00:01] #00:00:01-0#",
    "{label}: {words} {time}": "[00:00:01] (00:00:01) 00:00:01 [00:01] #00:00:01-0#",
    "{label} {time}: {words}": "[00:00:01] (00:00:01) [00:01]",
    "{time}\n{label}: {words}": "[00:00:01] (00:00:01) 00:00:01 [00:01] 00:01 #00:00:01-0#",
    "{label}: {time}\n{words}": "[00:00:01] (00:00:01) 00:00:01 [00:01] #00:00:01-0#",
}


@pytest.mark.parametrize(
    ("place", "mark"), [(place, mark) for place, marks in PLACES.items() for mark in marks.split()]
)
def test_time_mark_at_the_edge_of_a_turn_is_its_time(tmp_path, place, mark):
    short = "00:00:" not in mark
    clocks = ["00:01", "01:23", "60:00"] if short else ["00:00:01", "00:01:23", "01:00:00"]
    marks = [mark.replace("00:01" if short else "00:00:01", clock) for clock in clocks]
    rows = [
        place.format(time=time, label=label, words=words) for time, (label, words, _at) in zip(marks, AT, strict=True)
    ]
    found = read(tmp_path, "\n".join(rows))
    assert times(found) == AT
    assert (found[0], found[2]) == ("I: How?\nP: Well.\nI: And?", [])
    if "\n" not in place:
        for suffix in ("docx", "odt"):
            assert read(tmp_path, rows, suffix) == found
        assert read(tmp_path, "\n".join(f"> {row}" for row in rows), "md") == found


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (1, 2, 0)])
def test_time_in_any_column_of_a_table(tmp_path, order):
    cells = [("00:00:01", "I", "How?"), ("00:01:23", "P", "Well."), ("01:00:00", "I", "And?")]
    assert times(read(tmp_path, [[row[place] for place in order] for row in cells], "docx")) == AT


@pytest.mark.parametrize(("suffix", "numbered"), [("vtt", False), ("srt", True)])
def test_time_of_a_turn_is_the_start_of_its_first_cue(tmp_path, suffix, numbered):
    found = read(tmp_path, cues("I: How?", "P: Well.", "P: I mean", "yes.", "I: And?", numbered=numbered), suffix)
    assert times(found) == [("I", "How?", 0.0), ("P", "Well. I mean yes.", 2.0), ("I", "And?", 8.0)]


def test_time_marks_inside_speech_stay(tmp_path):
    content = "P: We met [00:01:23] there\n[00:01:30] and at 10:15\nand then.\nI: When?"
    assert times(read(tmp_path, content)) == [
        ("P", "We met [00:01:23] there [00:01:30] and at 10:15 and then.", None),
        ("I", "When?", None),
    ]


def test_marks_behind_paragraphs_are_taken_out_and_the_first_is_the_time(tmp_path):
    content = "P: One. #00:00:10-5#\nTwo. #00:00:20-0#\n\nP: Three. #00:00:30-0#\nI: [00:00:31] Four. [00:00:32]"
    assert times(read(tmp_path, content)) == [("P", "One. Two. Three.", 10.5), ("I", "Four.", 31.0)]


def test_times_that_do_not_run_forward_are_told_once(tmp_path):
    content = "00:10 I: How?\n00:20 P: Well.\n00:15 I: And?\n00:05 P: So."
    text, _, problems = read(tmp_path, content)
    assert text == "I: How?\nP: Well.\nI: And?\nP: So."
    assert problems == ["x.txt, row 3: the time marks do not run forward. Check the order of the turns."]
    backwards = (
        cues("I: How?", "P: Well.").replace("00:00:02.000", "00:00:09.000").replace("00:00:00.000", "00:00:10.000")
    )
    assert read(tmp_path, backwards, "vtt")[2] == [
        "x.vtt, row 2: the time marks do not run forward. Check the order of the turns."
    ]


def test_length_of_the_recording_in_the_heading_is_no_time_mark(tmp_path):
    assert read(tmp_path, "Length: 00:45:10\n[00:00:01] P: Hi.")[2] == []


# Labels

CORRECT = "Correct the label, or add it to `interviews` in the configuration (words of speech to `not_labels`)."
UNKNOWN = f"a line begins with a speaker label nobody has; expected one of I, P. {CORRECT}"
NEAR = "a line begins with a speaker label that is not written as in the configuration; expected one of {}. " + CORRECT
ONCE = (
    "a line begins like a speaker label; it is taken as speech of the turn before. If it is a label, correct it, or add "
    "it to `interviews` in the configuration; if not, nothing is to do."
)
SILENT = "a transcript holds no speech of a participant; expected one of I, P. Check the speaker labels of the file."


@pytest.mark.parametrize(
    "line", ["X: And you?", "MOD: And you?", "SPEAKER_1: And you?", "[00:01:23] X: And you?", "MOD:And you?"]
)
def test_unknown_label_in_capitals_stops(tmp_path, line):
    text, _, problems = read(tmp_path, f"I: Hello.\nP: Hi.\n{line}")
    assert text is None
    assert problems == [f"x.txt, row 3: {UNKNOWN}"]


@pytest.mark.parametrize(
    "line",
    [
        "int: And you?",
        "INT : And you?",
        "INT.: And you?",
        "INT： And you?",
        "Int (quietly): And you?",
        "INT (quietly): And you?",
        "INT - And you?",
        "INT– And you?",
        "INT\tAnd you?",
        "INT And you?",
        "INT",
        "INB: And you?",
        "IT: And you?",
        "INTT: And you?",
        "- INT: And you?",
        "12 P: And you?",
        "[P]: And you?",
        "**P:** And you?",
        "[00:00:01.000 --> 00:00:04.000] P: And you?",
        "00:01:23 int: And you?",
        "p: And you?",
        "p:And you?",
        "P : And you?",
        "P- And you?",
        "P\tAnd you?",
        "P",
        "interviewer 2: And you?",
        "Interviewer 3: And you?",
        "Interviewr 2: And you?",
        "INTERVIEWER  2: And you?",
    ],
)
def test_label_that_is_nearly_one_of_the_study_stops(tmp_path, line):
    for content, row in ((f"INT: Hello.\nP: Hi.\n{line}", 3), (f"{line}\nP: Hi.", 1)):
        text, _, problems = read(tmp_path, content, interviewers=["INT", "Interviewer 2"])
        assert text is None
        assert problems == [f"x.txt, row {row}: {NEAR.format('INT, Interviewer 2, P')}"]


@pytest.mark.parametrize(
    "line",
    [
        "E-Mail habe ich gelesen.",
        "I-Punkte auch.",
        "Am Ende um 10:15 war Schluss.",
        "Int war es nicht",
        "Patient:innen sind da, Patient:in auch.",
        "https://example.org: das war es",
        "und dann: nichts.",
    ],
)
def test_speech_that_only_looks_like_a_label_goes_on(tmp_path, line):
    found = read(tmp_path, f"I: Hello.\nP: Hi.\n{line}", interviewers=["I", "E"], participants=["P", "Patient"])
    assert (found[0], found[2]) == (f"I: Hello.\nP: Hi. {line}", [])


def test_label_of_all_genders(tmp_path):
    labels = {"interviewers": ["Interviewer:in"], "participants": ["Teilnehmer"]}
    assert (
        read(tmp_path, "Interviewer:in: Ja?\nTeilnehmer: Nein.", **labels)[0]
        == "Interviewer:in: Ja?\nTeilnehmer: Nein."
    )
    assert (
        read(tmp_path, "Teilnehmer: Alle\nTeilnehmer:innen waren da.", **labels)[0]
        == "Teilnehmer: Alle Teilnehmer:innen waren da."
    )


@pytest.mark.parametrize("label", ["Anna", "Interviewer 1", "Frau M.", "Dr. Anna Schmidt", "Interviewer:in"])
def test_label_like_beginning_stops_when_it_comes_again(tmp_path, label):
    once = read(tmp_path, f"I: Hello.\nP: Hi.\n{label}: And you?")
    assert once[0] == f"I: Hello.\nP: Hi. {label}: And you?"
    assert once[2] == [f"x.txt, row 3: {ONCE}"]
    again = read(tmp_path, f"I: Hello.\n{label}: Hi.\nI: So.\n[00:01:23] {label}: And you?\n{label.upper()} : Me?")
    assert again[0] is None
    assert again[2] == [f"x.txt, row 2: 3 lines begin with a speaker label nobody has; expected one of I, P. {CORRECT}"]


def test_label_like_beginning_of_the_heading_is_a_heading(tmp_path):
    assert read(tmp_path, "Date: 3 November\nDate: 4 November\nID: 12\nP: Hi.")[2] == []
    # Somebody who speaks before the first label of the study speaks again after it.
    assert read(tmp_path, "Anna: Hello.\nP: Hi.\nAnna: And you?")[2] == [
        f"x.txt, row 1: 2 lines begin with a speaker label nobody has; expected one of I, P. {CORRECT}"
    ]


def test_every_label_nobody_has_is_told_once(tmp_path):
    problems = read(tmp_path, "P: Hi.\nX: a\nY: b\nX: c")[2]
    assert problems == [
        f"x.txt, row 2: 2 lines begin with a speaker label nobody has; expected one of I, P. {CORRECT}",
        f"x.txt, row 3: {UNKNOWN}",
    ]


def test_unknown_voice_stops_and_is_not_told(tmp_path):
    text, _, problems = read(tmp_path, cues("<v P>Hello.", "<v Anna Schmidt>Secret."), "vtt")
    assert text is None
    assert problems == [f"x.vtt, row 2: {UNKNOWN}"]


def test_words_of_a_voice_are_never_a_label(tmp_path):
    found = read(tmp_path, cues("<v P>First: I came.", "<v P>First: I saw.\nX: what?"), "vtt")
    assert (found[0], found[2]) == ("P: First: I came. First: I saw. X: what?", [])


def test_unknown_label_in_a_table_stops(tmp_path):
    problems = read(tmp_path, [["I", "Hello."], ["X", "Hi."], ["P", "Hi."]], "docx")[2]
    assert problems == [f"x.docx, row 3: {UNKNOWN}"]


@pytest.mark.parametrize(
    ("heading", "found"),
    [
        ("a line\n" * 11, "11 lines before the first speaker label are left out"),
        ("word " * 201, "a long line before the first speaker label is left out"),
    ],
)
def test_long_heading_is_told(tmp_path, heading, found):
    text, _, problems = read(tmp_path, f"\n{heading}\nP: Hi.")
    assert text == "P: Hi."
    assert problems == [
        f"x.txt, row 2: {found}. Check that they are a heading; if they are speech, give them a speaker label."
    ]
    assert read(tmp_path, "a line\n" * 10 + "P: Hi.")[2] == []


# Faults


def test_no_label_and_no_word_of_a_file_is_told(tmp_path):
    content = "I: Hello.\nQuentin: Zebra.\nP: Hi.\nQuentin: Xylophone.\nZEB: Yak.\np: Wolf.\n00:09 I: a\n00:08 I: b"
    told = " ".join(read(tmp_path, content)[2])
    assert "lines begin with" in told
    for secret in ("Quentin", "Zebra", "ZEB", "Yak", "Wolf", "Xylophone"):
        assert secret not in told


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (
            "I: Hello.\nP: schÃ¶n.",
            "row 2: a text was read in a wrong encoding before it was saved, and letters are lost. Export the file again as "
            "UTF-8 from the program the data were collected with.",
        ),
        (
            "I: Hello.\nP: Hi.\nP: scho\ufffdn.",
            "row 3: a text was read in a wrong encoding before it was saved, and letters are lost. Export the file again as "
            "UTF-8 from the program the data were collected with.",
        ),
        (
            "P: Hi\x0b\x07.",
            "row 1: a text holds control characters that no survey program writes. Export the file again.",
        ),
    ],
)
def test_damaged_text_stops(tmp_path, content, sentence):
    assert read(tmp_path, content) == (None, (), [f"x.txt, {sentence}"])


def test_damage_is_found_in_every_format(tmp_path):
    for name, (text, _turns, problems) in in_all_formats(tmp_path, [("I", "Hello."), ("P", "schÃ¶n")]).items():
        assert text is None, name
        assert ["a text was read in a wrong encoding" in one for one in problems] == [True], name


def test_notes_of_the_format_come_with_the_transcript(tmp_path):
    document = docx.Document()
    document.add_paragraph("P: Hi.")
    document.sections[0].header.paragraphs[0].text = "Anna"
    document.save(tmp_path / "x.docx")
    found, problems = read_transcript(source(tmp_path / "x.docx"), ["I"], ["P"])
    assert found.text == "P: Hi."
    assert [(one.level, one.rule) for one in problems] == [("NOTE", "transcript.parts")]


def test_file_the_guard_refuses_is_not_opened(tmp_path, monkeypatch):
    refusal = problem("file.macro", "x.docx")
    monkeypatch.setattr(transcripts, "guard", lambda path, name: [refusal])
    monkeypatch.setattr(transcripts, "read_document", None)
    (tmp_path / "x.docx").write_bytes(b"x")
    assert read_transcript(source(tmp_path / "x.docx"), ["I"], ["P"]) == (None, [refusal])


@pytest.mark.parametrize("text", ["\n", "Only a heading.", "I: Is anybody there?", "I: Hello?\nP:"])
def test_transcript_without_a_participant_stops(tmp_path, text):
    assert read(tmp_path, text)[2] == [f"x.txt: {SILENT}"]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("x.vtt", "this is not a WebVTT file that can be opened. Export it again in the format of its name."),
        ("x.srt", "this is not a SubRip file that can be opened. Export it again in the format of its name."),
        (
            "x.rtf",
            "files ending in .rtf are not read; expected one of .txt, .md, .docx, .odt, .vtt, .srt. Export it again in "
            "the format of its name.",
        ),
    ],
)
def test_file_that_is_not_what_its_name_says(tmp_path, name, sentence):
    path = tmp_path / name
    path.write_bytes(b"P: Hello")
    found, problems = read_transcript(source(path), ["I"], ["P"])
    assert found is None
    assert [one.sentence() for one in problems] == [f"{path}: {sentence}"]


def test_word_document_without_its_parts(tmp_path, monkeypatch):
    monkeypatch.setattr(transcripts, "guard", lambda path, name: [])
    path = tmp_path / "x.docx"
    path.write_bytes(b"P: Hello")
    assert [one.sentence() for one in read_transcript(source(path), ["I"], ["P"])[1]] == [
        f"{path}: this is not a Word document that can be opened. Export it again in the format of its name."
    ]


def test_encoding_of_a_text(tmp_path):
    path = tmp_path / "x.txt"
    path.write_bytes("P: Größe".encode("cp1252"))
    assert read_transcript(source(path), ["I"], ["P"])[1][0].rule == "file.encoding"
    assert read_transcript(source(path, encoding="cp1252"), ["I"], ["P"])[0].text == "P: Größe"


def test_ledger_counts_what_cannot_be_used(tmp_path):
    good, bad = tmp_path / "good.txt", tmp_path / "bad.txt"
    good.write_text("P: Hello.", encoding="utf-8")
    bad.write_text("Hello.", encoding="utf-8")
    found, problems, ledger = read_interviews([source(good, "I1"), source(bad, "I2")], ["I"], ["P"])
    assert [one.interview for one in found] == ["I1"]
    assert [one.rule for one in problems] == ["transcript.silent"]
    assert [(one["source"], one["rows_read"], one["quarantined"]) for one in ledger] == [("I1", 1, 0), ("I2", 1, 1)]


# The example study


@pytest.fixture(scope="module")
def example():
    labels = read_yaml(ROOT / "config/config.yaml")["interviews"]
    sources = [Source(**{**vars(one), "path": str(ROOT / one.path)}) for one in read_sheet(ROOT / "config/inputs.tsv")]
    found, problems, _ = read_interviews(sources, labels["interviewer_labels"], labels["participant_labels"])
    assert problems == []
    return {one.interview: one for one in found}, of_kind(sources, "coding")


def rows(path):
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def test_transcripts_are_the_text_of_the_simulator(example):
    found, _ = example
    made = simulated.make_interviews(np.random.default_rng(0), 16, 0)
    assert len(found) == 16
    assert {one.interview: one.text for one in made} == {name: one.text for name, one in found.items()}
    assert {one.interview: one.language for one in made} == {name: one.language for name, one in found.items()}
    assert {Path(one).suffix for one in (ROOT / "data/example/interviews").iterdir()} >= {".txt", ".docx", ".vtt"}


@pytest.mark.parametrize(("name", "words"), [("gold_codes.csv", "quote"), ("identifiers.csv", "text")])
def test_truth_stands_in_the_stored_text(example, name, words):
    found, _ = example
    truth = rows(ROOT / "data/example/truth" / name)
    assert len(truth) > 50
    loose = [one for one in truth if found[one["interview"]].text[int(one["start"]) : int(one["end"])] != one[words]]
    assert loose == []


def test_gold_codes_are_codes_of_the_codebook_and_said_by_participants(example):
    found, _ = example
    codes = {one["code"] for one in read_yaml(ROOT / "config/codebook.yaml")["codes"]}
    for one in rows(ROOT / "data/example/truth/gold_codes.csv"):
        assert one["code"] in codes
        turns = [turn for turn in found[one["interview"]].turns if turn.role == "participant"]
        assert any(turn.start <= int(one["start"]) and int(one["end"]) <= turn.end for turn in turns)


# Codings


def codings(folder, texts, *lines):
    path = folder / "c.csv"
    with path.open("w", encoding="utf-8", newline="") as handle:
        csv.writer(handle).writerows([["coder", "interview", "code", "start", "end", "quote"], *lines])
    one = Source(line=2, source="c", kind="coding", path=str(path))
    return read_codings([one], texts, {"A": "", "B": ""})


TEXTS = {"I1": "I: How?\nP: It was hard, très dur."}


def test_coding_that_stands_in_the_text(tmp_path):
    # I: How?\n is 8 characters, P: and a blank 3: the speech begins at 11.
    found = codings(tmp_path, TEXTS, ["c1", "I1", "A", 11, 22, "It was hard"], ["c1", "I1", "B", 24, 33, "très dur."])
    assert [one["quote"] for one in found.records] == ["It was hard", "très dur."]
    assert found.problems == []


@pytest.mark.parametrize(
    ("start", "end", "away"),
    [(12, 23, 1), (10, 21, 1), (11, 11, 0), (500, 511, 489), ("", "", None)],
)
def test_coding_out_of_place_is_found_by_its_words_and_told(tmp_path, start, end, away):
    found = codings(
        tmp_path, TEXTS, ["c1", "I1", "A", start, end, "It was hard"], ["c1", "I1", "B", 11, 22, "It was hard"]
    )
    assert [(one["start"], one["end"]) for one in found.records] == [(11, 22), (11, 22)]
    assert [one.sentence() for one in found.problems] == [
        f"{tmp_path}/c.csv, row 2, column start: a passage was not at the place given and found by the words, up to "
        f"{away} signs away. Check some of them; places count the signs of the text from 0, with one sign for a line end."
    ] * (away is not None)
    assert found.ledger[0]["quarantined"] == 0


@pytest.mark.parametrize(
    ("start", "quote", "why"),
    [
        (11, "it was hard", "its words stand nowhere in the transcript"),
        (500, "a", "its words stand at several places, and the number tells none of them"),
        (0, "[name]", "it holds no words but names that were replaced"),
    ],
)
def test_coding_whose_words_tell_no_place_is_set_aside(tmp_path, start, quote, why):
    found = codings(tmp_path, TEXTS, ["c1", "I1", "A", start, 22, quote], ["c1", "I1", "B", 11, 22, "It was hard"])
    assert [one["code"] for one in found.records] == ["B"]
    (told,) = found.problems
    assert told.sentence() == (
        f"{tmp_path}/c.csv, row 2, column quote: {why}. Export the codings again from the program they were made in, "
        "with the text that was coded. (coding set aside)"
    )
    assert [one["value"] for one in found.quarantine] == [quote]
    assert found.ledger[0]["rows_read"] == 2
    assert found.ledger[0]["quarantined"] == 1


def test_codings_of_the_example_stand_in_the_text(example):
    found, sources = example
    codes = {one["code"]: one["name"] for one in read_yaml(ROOT / "config/codebook.yaml")["codes"]}
    read_ = read_codings(sources, {name: one.text for name, one in found.items()}, codes)
    assert {Path(one.path).suffix for one in sources} == {".csv", ".qdpx"}
    assert {one["coder"] for one in read_.records} == {"coder-a", "coder-b"}
    assert len(read_.records) == sum(one["rows_read"] for one in read_.ledger)
    assert read_.problems == []
    for one in read_.records:
        assert found[one["interview"]].text[one["start"] : one["end"]] == one["quote"]


def test_transcript_with_other_labels_throughout_says_which_are_expected(tmp_path):
    text = "Interviewer: What happened?\nAnna: It was night.\nInterviewer: And then?\nAnna: Nothing."
    assert read(tmp_path, text)[2] == [
        "x.txt, row 1: no turn has a participant's label; 4 lines begin with another, this the first; expected one of I, "
        "P. Check the speaker labels of the file."
    ]


def test_word_before_a_colon_that_is_nobody_may_be_declared(tmp_path):
    path = tmp_path / "x.txt"
    path.write_text("I: Tell me.\nP: Two things.\nWichtig: the night.\nWichtig: the team.\n", encoding="utf-8")
    found, problems = read_transcript(source(path), ["I"], ["P"])
    assert (found, [one.rule for one in problems]) == (None, ["transcript.speaker"])
    found, problems = read_transcript(source(path), ["I"], ["P"], not_labels=["Wichtig"])
    assert (found.text, problems) == ("I: Tell me.\nP: Two things. Wichtig: the night. Wichtig: the team.", [])
