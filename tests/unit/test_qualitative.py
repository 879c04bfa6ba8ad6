"""From transcripts to themes: sentences, cues, coders, counts."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from piloteval.config import read_yaml
from piloteval.errors import ConfigError, ContractError
from piloteval.intake.records import Intake
from piloteval.intake.sheet import Source, of_kind, read_sheet
from piloteval.intake.transcripts import Transcript, Turn, read_interviews
from piloteval.qualitative import coders, reconcile, segments, themes
from piloteval.qualitative.codebook import Code, Codebook, read_codebook
from piloteval.qualitative.coding import suggest
from piloteval.qualitative.language import pipeline
from piloteval.simulate.interviews import make_interviews

ROOT = Path(__file__).resolve().parents[2]
LANGUAGES = ("de", "en", "es", "fr", "nl", "pt")
repeated = settings(max_examples=50, deadline=None, derandomize=True, database=None)


def transcript(*talk, interview="I1", language="en"):
    """Return a transcript of (label, speech) pairs; label I asks, label P answers."""
    turns, text = [], ""
    for label, speech in talk:
        start = len(text) + len(label) + 2
        turns.append(Turn({"I": "interviewer", "P": "participant"}[label], label, speech, start, start + len(speech)))
        text += f"{label}: {speech}\n"
    return Transcript(interview, language, text.removesuffix("\n"), tuple(turns))


def sentences(*lines, language="en", interview="I1", cohort=""):
    """Return segments, one a line, laid end to end."""
    rows, at = [], 0
    for number, words in enumerate(lines, start=1):
        rows.append(
            {
                "interview": interview,
                "segment": number,
                "language": language,
                "cohort": cohort,
                "turn": 1,
                "start": at,
                "end": at + len(words),
                "text": words,
            }
        )
        at += len(words) + 1
    return pd.DataFrame(rows)


def codebook(**codes):
    """Return a codebook from cues: `A_ONE={"en": [...]}`; the letter before the line is the theme."""
    made = {
        name: Code(name, name[0], f"Code {name}", "", {k: tuple(v) for k, v in cues.items()})
        for name, cues in codes.items()
    }
    return Codebook(
        "1", "unconfirmed", {theme: f"Theme {theme}" for theme in dict.fromkeys(name[0] for name in codes)}, made
    )


def fired(cue, text, language="en"):
    """Return the words on which a cue fires in a text."""
    found = suggest(sentences(text, language=language), codebook(A_ONE={language: [cue]}))
    return [text[one["start"] : one["end"]] for one in found.to_dict("records")]


# Sentences


def test_sentences_of_a_turn():
    one = transcript(
        ("I", "How was it? Tell me."), ("P", "It was hard. Very hard ... I cried!"), ("P", "Then? Nothing")
    )
    _, found = segments.segment([one], {"I1": "peers"})
    assert found["text"].tolist() == ["It was hard.", "Very hard ...", "I cried!", "Then?", "Nothing"]
    assert found["segment"].tolist() == [1, 2, 3, 4, 5]
    assert found["turn"].tolist() == [2, 2, 2, 3, 3]
    assert set(found["cohort"]) == {"peers"}
    # I: How was it? Tell me.\n is 24 characters, then P: and a blank.
    assert found.loc[0, ["start", "end"]].tolist() == [27, 39]


words = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1, max_size=7)
speeches = st.lists(
    st.one_of(words, st.sampled_from([".", "!", "?", "...", "…", "e.g.", "»", "z.B."])), min_size=1, max_size=10
).map(" ".join)
talks = st.lists(st.tuples(st.sampled_from("IP"), speeches), min_size=1, max_size=4)


@repeated
@given(talks, st.sampled_from(LANGUAGES))
def test_sentences_partition_what_participants_say(talk, language):
    one = transcript(*talk, language=language)
    _, found = segments.segment([one], {})
    inside = [False] * len(one.text)
    for row in found.to_dict("records"):
        assert one.text[row["start"] : row["end"]] == row["text"]
        for place in range(row["start"], row["end"]):
            assert not inside[place], "two sentences overlap"
            inside[place] = True
    said = [False] * len(one.text)
    for turn in one.turns:
        if turn.role == "participant":
            said[turn.start : turn.end] = [True] * (turn.end - turn.start)
    # Every character of a participant is in a sentence, blanks between sentences aside, and none of an interviewer.
    for place, character in enumerate(one.text):
        assert inside[place] <= said[place]
        assert inside[place] or not said[place] or character.isspace()


def test_stored_text_and_order():
    made = [transcript(("P", "Two."), interview="I2"), transcript(("P", "One."), interview="I1", language="de")]
    texts, found = segments.segment(made, {"I1": "a", "I2": "b"})
    assert texts[["interview", "language", "cohort", "text"]].to_numpy().tolist() == [
        ["I1", "de", "a", "P: One."],
        ["I2", "en", "b", "P: Two."],
    ]
    assert found["interview"].tolist() == ["I1", "I2"]


def test_span_that_lost_its_words():
    loose = sentences("Hello.").assign(start=1, end=7)
    with pytest.raises(ContractError):
        segments.verify(loose, {"I1": "Hello. There"}, "text")


def test_interviews_are_counted_by_cohort():
    table = pd.concat(
        [
            sentences("One two three.", "Four.", interview="I1", cohort="a"),
            sentences("Five six.", interview="I2", cohort="a", language="de"),
            sentences("Seven.", interview="I3", cohort="b"),
        ]
    )
    texts = pd.DataFrame({"interview": ["I1", "I2", "I3"], "signed": ["yes", "no", "outdated"]})
    rows = segments.count_transcripts(table, texts).set_index("cohort")
    assert rows.loc["all", ["signed_off", "changed_since"]].tolist() == [1, 1]
    assert rows.loc["a", "signed_off"] != rows.loc["a", "signed_off"]  # how many of a few were read is nobody's matter
    assert rows.loc["all", ["interviews", "languages", "words", "sentences"]].tolist() == [3, 2, 7, 4]
    assert rows.loc["a", ["interviews", "languages", "words", "sentences"]].tolist() == [2, 2, 6, 3]
    assert rows.loc["b", ["interviews", "languages", "words", "sentences"]].tolist() == [1, 1, 1, 1]


def test_language_nobody_knows():
    with pytest.raises(ConfigError) as fault:
        pipeline("qq")
    assert str(fault.value) == (
        "config/config.yaml: spaCy has no language `qq`. Use the two-letter code of a language it knows."
    )


# Cues


@pytest.mark.parametrize(
    ("cue", "text", "language", "found"),
    [
        ("near miss", "It was a near miss, really.", "en", ["near miss"]),
        ("near miss", "NEAR Miss!", "en", ["NEAR Miss"]),
        ("near miss", "near-miss nearmiss near  a miss", "en", []),
        ("sad", "I was sad.", "en", ["sad"]),
        ("sad", "The saddle, sadly, Sada.", "en", []),
        ("ira", "mirada, miraron", "es", []),
        ("angst", "Angst!", "de", ["Angst"]),
        ("angst", "Angststörung", "de", []),
        ("angst*", "Angststörung", "de", ["Angststörung"]),
        ("culpa", "¿Culpa?", "es", ["Culpa"]),
        ("saí", "Saí de lá", "pt", ["Saí"]),
        ("spijt", "«spijt»", "nl", ["spijt"]),
        ("humiliat*", "humiliated", "en", ["humiliated"]),
        ("humiliat*", "humiliat", "en", ["humiliat"]),
        ("doubt* myself", "I doubted Myself", "en", ["doubted Myself"]),
        ("doubt* myself", "I doubt it, myself", "en", []),
        ("*angst", "Versagensangst", "de", ["Versagensangst"]),
        ("can't stop thinking", "I can't stop thinking", "en", ["can't stop thinking"]),
        ("can't stop thinking", "I can’t stop thinking", "en", ["can’t stop thinking"]),
        ("second-guess*", "I keep second-guessing it", "en", ["second-guessing"]),
        ("flash-back*", "des flash-backs terribles", "fr", ["flash-backs"]),
        ("bijna-incident", "een bijna-incident.", "nl", ["bijna-incident"]),
        ("a.b*", "axbc a.bc", "en", ["a.bc"]),
    ],
)
def test_where_a_cue_fires(cue, text, language, found):
    assert fired(cue, text, language) == found


@pytest.mark.parametrize("mark", ["'", "’", "‘", "ʼ"])
@pytest.mark.parametrize(
    "cue", ["j'ai quitté", "c'était un enfant", "qu'ai-je raté", "quelqu'un à qui parler", "l'angoiss*"]
)
def test_french_apostrophes_are_all_the_same(mark, cue):
    said = cue.replace("'", mark).replace("*", "e")
    assert fired(cue, f"Oui, {said} hier.", "fr") == [said]
    assert fired(cue.replace("'", mark), f"{said.capitalize()}.", "fr") == [said.capitalize()]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_shipped_cue_fires_where_it_is_said(language):
    book = read_codebook(ROOT / "config/codebook.yaml")
    cases = [(code.code, cue) for code in book.codes.values() for cue in code.cues.get(language, ())]
    said = [cue.replace("*", ending) for _code, cue in cases for ending in ("", "xen") if ending == "" or "*" in cue]
    of = [code for code, cue in cases for ending in ("", "xen") if ending == "" or "*" in cue]
    found = suggest(sentences(*(f"Qq {words} qq." for words in said), language=language), book)
    fired_ = set(zip(found["segment"], found["code"], strict=True))
    assert len(said) > 100
    assert [
        words
        for number, (words, code) in enumerate(zip(said, of, strict=True), start=1)
        if (number, code) not in fired_
    ] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_shipped_cue_fires_inside_a_longer_word(language):
    book = read_codebook(ROOT / "config/codebook.yaml")
    single = [(code.code, cue) for code in book.codes.values() for cue in code.cues.get(language, ()) if cue.isalpha()]
    found = suggest(sentences(*(f"qq xx{cue}xx qq" for _code, cue in single), language=language), book)
    assert found.empty


def test_first_cue_of_a_code_is_shown_and_each_code_once():
    book = codebook(A_ONE={"en": ["fear", "deep fear", "afraid"]}, B_TWO={"en": ["fear"]})
    found = suggest(sentences("Well, deep fear and fear; I was afraid.", "Nothing."), book)
    rows = found[["segment", "code", "theme", "start", "end", "cue"]].to_numpy().tolist()
    assert rows == [[1, "A_ONE", "A", 6, 15, "deep fear"], [1, "B_TWO", "B", 11, 15, "fear"]]


def test_cues_of_another_language_do_not_fire():
    book = codebook(A_ONE={"en": ["sad"], "de": ["traurig"]})
    assert suggest(sentences("sad traurig", language="de"), book)["cue"].tolist() == ["traurig"]
    assert suggest(sentences("sad traurig", language="fr"), book).empty


def test_suggestions_of_the_example_find_a_good_part_of_the_gold_codes():
    labels = read_yaml(ROOT / "config/config.yaml")["interviews"]
    sources = [Source(**{**vars(one), "path": str(ROOT / one.path)}) for one in read_sheet(ROOT / "config/inputs.tsv")]
    found, _, _ = read_interviews(
        of_kind(sources, "transcript"), labels["interviewer_labels"], labels["participant_labels"]
    )
    texts, table = segments.segment(found, {})
    text = dict(zip(texts["interview"], texts["text"], strict=True))
    suggested = suggest(table, read_codebook(ROOT / "config/codebook.yaml"))
    for one in suggested.to_dict("records"):
        assert text[one["interview"]][one["start"] : one["end"]]
    with (ROOT / "data/example/truth/gold_codes.csv").open(encoding="utf-8", newline="") as handle:
        gold = [(row["interview"], row["code"], int(row["start"]), int(row["end"])) for row in csv.DictReader(handle)]
    hits = sum(
        (
            (suggested["interview"] == name)
            & (suggested["code"] == code)
            & (suggested["start"] < end)
            & (suggested["end"] > start)
        ).any()
        for name, code, start, end in gold
    )
    # A dictionary is no coder: it finds some, and far from all.
    assert 0.05 * len(gold) < hits < 0.9 * len(gold)


# Coders


def test_codings_of_interviews_that_may_not_be_heard_are_left_out():
    columns = ["coder", "interview", "code", "start", "end", "quote", "unit", "source", "row"]
    records = [
        dict(zip(columns, ("a", name, "A_ONE", 0, 10, "", "", "c", row), strict=True))
        for row, name in enumerate(("I1", "I2", "I3"), 2)
    ]
    ledger = [{"source": "c", "kind": "coding", "wave": "", "rows_read": 3, "quarantined": 0}]
    kept, rows = coders.keep_admitted(
        Intake(columns, records, ledger=ledger), {"I1": "admitted", "I2": "excluded", "I3": "withdrawn"}
    )
    assert kept["interview"].tolist() == ["I1"]
    assert rows.loc[0, ["rows_read", "analysed", "quarantined", "excluded", "withdrawn"]].tolist() == [3, 1, 0, 1, 1]


# Themes

BOOK = codebook(A_ONE={"en": ["x"]}, A_TWO={"en": ["y"]}, B_ONE={"en": ["z"]})
COLUMNS = ["interview", "segment", "code", "theme", "start", "end", "cue", "negated"]
NO_SUGGESTIONS = pd.DataFrame(columns=COLUMNS)


def suggestion(interview, segment, code):
    return {
        "interview": interview,
        "segment": segment,
        "code": code,
        "theme": code[0],
        "start": 0,
        "end": 1,
        "cue": "x",
        "negated": "no",
    }


def counted(*said):
    return reconcile.counted(pd.DataFrame([suggestion(*one) for one in said], columns=COLUMNS), None, None, whole=False)


def test_themes_by_hand():
    table = pd.concat(
        [
            sentences("1", "2", "3", interview="I1", cohort="a"),
            sentences("1", "2", interview="I2", cohort="a"),
            sentences("1", interview="I3", cohort="b"),
        ]
    )
    # I1: sentence 1 has two codes of theme A, sentence 2 one of them again; I2: one of theme B; I3: nothing.
    said = [("I1", 1, "A_ONE"), ("I1", 1, "A_TWO"), ("I1", 2, "A_ONE"), ("I2", 2, "B_ONE")]
    built = themes.build(counted(*said), table, BOOK, None, floor=5)
    found = built["themes"]
    by = found.set_index(["theme", "cohort"])[["interviews", "of_interviews"]]
    assert by.to_dict("index") == {
        ("A", "all"): {"interviews": 1, "of_interviews": 3},
        ("A", "a"): {"interviews": 1, "of_interviews": 2},
        ("A", "b"): {"interviews": 0, "of_interviews": 1},
        ("B", "all"): {"interviews": 1, "of_interviews": 3},
        ("B", "a"): {"interviews": 1, "of_interviews": 2},
        ("B", "b"): {"interviews": 0, "of_interviews": 1},
    }


def test_one_cohort_has_only_the_row_of_all():
    built = themes.build(counted(), sentences("1", cohort="a"), BOOK, None, floor=5)
    found = built["themes"]
    assert set(found["cohort"]) == {"all"}
    assert found["interviews"].tolist() == [0, 0]
    assert built["basis"].to_dict("records") == [{"source": "dictionary", "checked": "no", "codes": 3, "codes_used": 3}]


def test_codes_of_people_count_only_where_people_coded_every_interview():
    said = pd.DataFrame([suggestion("I1", 1, "A_ONE"), suggestion("I1", 2, "B_ONE") | {"negated": "yes"}])
    final = pd.DataFrame([{"interview": "I1", "segment": 1, "code": "A_TWO"}])
    claims = pd.DataFrame([{"code": "A_ONE", "theme": "A", "use": "yes"}, {"code": "A_TWO", "theme": "A", "use": "no"}])
    part = reconcile.counted(said, final, claims, whole=False)
    assert part.to_numpy().tolist() == [["I1", 1, "A_ONE", "A", "dictionary", "yes"]]
    every = reconcile.counted(said, final, claims, whole=True)
    assert every.to_numpy().tolist() == [["I1", 1, "A_TWO", "A", "people", "no"]]
    assert themes.for_claims(every).empty
    assert reconcile.counted(said, None, None, whole=False)["use"].tolist() == ["not checked"]
    table = sentences("1", interview="I1", cohort="a")
    built = themes.build(every, table, BOOK, claims, floor=5)
    assert built["basis"].to_dict("records") == [{"source": "people", "checked": "yes", "codes": 3, "codes_used": 1}]
    # A code that claims may not use is no part of its theme.
    assert built["themes"].set_index("theme").loc["A", "interviews"] == 0


def test_french_is_cut_as_spacy_cuts_it(request):
    """The quick tokenizer gives the sentences and the suggestions of spaCy's own French, whose import takes seconds."""
    if not request.config.getoption("--full"):
        pytest.skip("spaCy's French takes five seconds to import; make test-full imports it")
    own, quick = spacy.blank("fr"), pipeline("fr")
    own.add_pipe("sentencizer", config={"punct_chars": [".", "!", "?", "…", "...", "。"]})
    texts = [one.text for one in make_interviews(np.random.default_rng(0), 16, 0) if one.language == "fr"]
    lines = [line.split(": ", 1)[-1] for text in texts for line in text.split("\n")]
    assert len(lines) > 20
    for line in lines:
        assert [one.text for one in quick(line).sents] == [one.text for one in own(line).sents]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("L'hôpital d’Aubin", ["L'", "hôpital", "d’", "Aubin"]),
        ("aujourd'hui, M. Roux", ["aujourd'", "hui", ",", "M.", "Roux"]),
    ],
)
def test_french_elision(text, tokens):
    assert [token.text for token in pipeline("fr")(text)] == tokens
