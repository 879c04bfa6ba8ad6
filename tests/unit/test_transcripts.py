"""Transcripts: one stored text whatever the format, offsets that hold, labels that belong to somebody."""

from __future__ import annotations

import csv
from pathlib import Path

import docx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from piloteval.config import read_yaml
from piloteval.intake.codings import read_codings
from piloteval.intake.sheet import Source, of_kind, read_sheet
from piloteval.intake.transcripts import read_interviews, read_transcript
from piloteval.simulate import interviews as simulated

ROOT = Path(__file__).resolve().parents[2]
repeated = settings(max_examples=50, deadline=None, derandomize=True, database=None)


def source(path, unit="I1", **cells):
    return Source(line=2, source=unit, kind="transcript", path=str(path), unit=unit, language="en", **cells)


def read(folder, content, suffix="txt", interviewers=("I",), participants=("P",)):
    """Return stored text, turns and sentences of a transcript with this content: text, or paragraphs of a document."""
    path = folder / f"x.{suffix}"
    if suffix == "docx":
        document = docx.Document()
        for paragraph in content:
            document.add_paragraph(paragraph)
        document.save(path)
    else:
        path.write_text(content, encoding="utf-8")
    found, problems = read_transcript(source(path), interviewers, participants)
    sentences = [one.sentence().removeprefix(f"{folder}/") for one in problems]
    return (found.text, found.turns, sentences) if found else (None, (), sentences)


def cues(*payloads):
    blocks = [f"00:00:{2 * n:02d}.000 --> 00:00:{2 * n + 1:02d}.000\n{text}" for n, text in enumerate(payloads)]
    return "\n\n".join(["WEBVTT", *blocks, ""])


def escaped(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


# One text for three formats


def test_three_formats_give_the_same_text(tmp_path):
    speech = [("I", "What happened?"), ("P", "Nothing. Well ... a lot & <more>."), ("I", "Go on: tell me.")]
    lines = [f"{label}: {words}" for label, words in speech]
    expected = "I: What happened?\nP: Nothing. Well ... a lot & <more>.\nI: Go on: tell me."
    assert read(tmp_path, "Heading\n\n" + "\n\n".join(lines))[0] == expected
    assert read(tmp_path, ["Heading", "", *lines], "docx")[0] == expected
    assert read(tmp_path, cues(*(f"<v {label}>{escaped(words)}" for label, words in speech)), "vtt")[0] == expected
    assert read(tmp_path, cues(*(f"{label}: {escaped(words)}" for label, words in speech)), "vtt")[0] == expected


words = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1, max_size=10).filter(
    lambda word: ":" not in word
)
talks = st.lists(
    st.tuples(st.sampled_from(["I", "P"]), st.lists(words, min_size=1, max_size=5).map(" ".join)),
    min_size=1,
    max_size=6,
)


@repeated
@given(talks)
def test_formats_agree_and_offsets_hold_for_any_speech(tmp_path_factory, talk):
    folder = tmp_path_factory.mktemp("t")
    talk = [("P", "Yes."), *talk]
    lines = [f"{label}: {speech}" for label, speech in talk]
    text, turns, problems = read(folder, "\n".join(lines))
    assert problems == []
    assert read(folder, lines, "docx")[0] == text
    assert read(folder, cues(*(f"<v {label}>{escaped(speech)}" for label, speech in talk)), "vtt")[0] == text
    assert [text[turn.start : turn.end] for turn in turns] == [turn.speech for turn in turns]
    assert [line.split(": ", 1) for line in text.split("\n")] == [[turn.label, turn.speech] for turn in turns]
    # Counted here: the words said by each, in order, whatever the turns.
    for label in "IP":
        said = " ".join(speech for who, speech in talk if who == label)
        assert " ".join(turn.speech for turn in turns if turn.label == label) == said


# Turns


def test_offsets_count_characters_not_bytes(tmp_path):
    text, turns, _ = read(tmp_path, "I: Größe 👩‍⚕️?\nP: Ça va — très bien.")
    assert [text[turn.start : turn.end] for turn in turns] == ["Größe 👩‍⚕️?", "Ça va — très bien."]
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


def test_word_with_a_colon_inside_speech_is_no_label(tmp_path):
    text, _, problems = read(tmp_path, "P: He said\nAlso: nothing.\nI: Ok.")
    assert (text, problems) == ("P: He said Also: nothing.\nI: Ok.", [])


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


# Faults

UNKNOWN = (
    "a turn begins with a speaker label nobody has; expected one of I, P. Correct the label, or add it to `interviews` "
    "in the configuration."
)


@pytest.mark.parametrize("label", ["X", "MOD", "i", "p"])
def test_unknown_label_stops(tmp_path, label):
    text, _, problems = read(tmp_path, f"I: Hello.\nP: Hi.\n{label}: And you?")
    assert text is None
    assert problems == [f"x.txt, row 3: {UNKNOWN}"]


def test_unknown_voice_stops_and_is_not_told(tmp_path):
    text, _, problems = read(tmp_path, cues("<v P>Hello.", "<v Anna Schmidt>Secret."), "vtt")
    assert text is None
    assert problems == [f"x.vtt, row 2: {UNKNOWN}"]


@pytest.mark.parametrize("text", ["", "Only a heading.", "I: Is anybody there?", "I: Hello?\nP:"])
def test_transcript_without_a_participant_stops(tmp_path, text):
    assert read(tmp_path, text)[2] == [
        "x.txt: a transcript holds no speech of a participant. Check the speaker labels of the file."
    ]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("x.docx", "this is not a Word document that can be opened. Export it again in the format of its name."),
        ("x.vtt", "this is not a WebVTT file that can be opened. Export it again in the format of its name."),
        (
            "x.rtf",
            "files ending in .rtf are not read; expected one of .txt, .md, .docx, .vtt. Export it again in the format "
            "of its name.",
        ),
    ],
)
def test_file_that_is_not_what_its_name_says(tmp_path, name, sentence):
    path = tmp_path / name
    path.write_bytes(b"P: Hello")
    found, problems = read_transcript(source(path), ["I"], ["P"])
    assert found is None
    assert [one.sentence() for one in problems] == [f"{path}: {sentence}"]


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
    return read_codings([one], texts, ["A", "B"])


TEXTS = {"I1": "I: How?\nP: It was hard, très dur."}


def test_coding_that_stands_in_the_text(tmp_path):
    # I: How?\n is 8 characters, P: and a blank 3: the speech begins at 11.
    found = codings(tmp_path, TEXTS, ["c1", "I1", "A", 11, 22, "It was hard"], ["c1", "I1", "B", 24, 33, "très dur."])
    assert [one["quote"] for one in found.records] == ["It was hard", "très dur."]
    assert found.problems == []


@pytest.mark.parametrize(
    ("start", "end", "quote"),
    [
        (12, 23, "It was hard"),
        (10, 21, "It was hard"),
        (11, 22, "it was hard"),
        (11, 11, "It"),
        (500, 511, "It was hard"),
    ],
)
def test_coding_out_of_place_is_set_aside(tmp_path, start, end, quote):
    found = codings(tmp_path, TEXTS, ["c1", "I1", "A", start, end, quote], ["c1", "I1", "B", 11, 22, "It was hard"])
    assert [one["code"] for one in found.records] == ["B"]
    (problem,) = found.problems
    assert problem.sentence() == (
        f"{tmp_path}/c.csv, row 2, column quote: a coded passage is not in the transcript at the place given. Export "
        "the codings again from the tool they were made in. (row set aside)"
    )
    assert [one["value"] for one in found.quarantine] == [quote]
    assert found.ledger[0]["rows_read"] == 2
    assert found.ledger[0]["quarantined"] == 1


def test_codings_of_the_example_stand_in_the_text(example):
    found, sources = example
    codes = [one["code"] for one in read_yaml(ROOT / "config/codebook.yaml")["codes"]]
    read_ = read_codings(sources, {name: one.text for name, one in found.items()}, codes)
    assert len(read_.records) == sum(len(rows(Path(one.path))) for one in sources)
    assert read_.problems == []
