"""Transcripts without names: what a sign-off is bound to, where codings go, what is measured on labels."""

import dataclasses

import pandas as pd
import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from piloteval.errors import ConfigError
from piloteval.intake.transcripts import Transcript, Turn
from piloteval.qualitative import coding, prepare, recall
from piloteval.qualitative.codebook import Code, Codebook
from piloteval.qualitative.deidentify import Entry

SAID = (
    ("I", "Who helped you?"),
    ("P", "Bernie Tuohy did, on 14 November 2016. Bernie sat down with me on Larch Ward."),
    ("P2", "Write to bernie@example.org, or ask Fiadh."),
)
ENTRIES = [
    Entry("person", "Bernie Tuohy", "colleague"),
    Entry("person", "Bernie", "colleague", "Bernie Tuohy"),
    Entry("ward", "Larch Ward"),
]


def transcript(said=SAID, interview="I1", language="en"):
    text, turns = "", []
    for label, speech in said:
        start = len(text) + len(label) + 2
        turns.append(Turn("interviewer" if label == "I" else "participant", label, speech, start, start + len(speech)))
        text += f"{label}: {speech}\n"
    return Transcript(interview, language, text.removesuffix("\n"), tuple(turns))


def prepared(*transcripts, entries=ENTRIES, ids=(), models=None):
    return prepare.prepare(transcripts or [transcript()], entries, ids, models)


def test_text_without_names_and_its_turns():
    (one,) = prepared()
    assert one.transcript.text == (
        "I: Who helped you?\n"
        "P: [colleague A] did, on [date]. [colleague A] sat down with me on [ward].\n"
        "P2: Write to [e-mail address], or ask Fiadh."
    )
    for turn, received in zip(one.transcript.turns, one.received.turns, strict=True):
        assert one.transcript.text[turn.start : turn.end] == turn.speech
        assert (turn.label, turn.role) == (received.label, received.role)
    assert [word.word for word in one.found.unknown] == ["Fiadh"]


def test_transcripts_are_sorted_so_that_the_sheet_does_not_decide():
    made = prepared(transcript(interview="I2"), transcript(interview="I1"))
    assert [one.received.interview for one in made] == ["I1", "I2"]


# Sign-off


@pytest.mark.parametrize(
    ("given_digest", "state"),
    [
        (lambda digest: digest, "yes"),
        (lambda digest: digest[:12], "yes"),
        (lambda digest: digest[:16].upper(), "yes"),
        (lambda digest: digest[:11], "outdated"),
        (lambda digest: "0" * 64, "outdated"),
        (lambda digest: "", "outdated"),
        (None, "no"),
    ],
)
def test_sign_off_is_bound_to_the_text(given_digest, state):
    (one,) = prepared()
    records = [] if given_digest is None else [{"interview": "I1", "sha256": given_digest(one.digest)}]
    assert prepare.sign_offs([one], records) == {"I1": state}


def test_one_changed_letter_or_entry_takes_the_sign_off_back():
    (one,) = prepared()
    records = [{"interview": "I1", "sha256": one.digest}]
    assert prepare.sign_offs([one], records) == {"I1": "yes"}
    (letter,) = prepared(transcript((*SAID[:2], ("P2", SAID[2][1] + "!"))))
    (entry,) = prepared(entries=[*ENTRIES, Entry("person", "Fiadh", "patient")])
    (harmless,) = prepared(entries=[*ENTRIES, Entry("harmless", "Fiadh")])
    assert prepare.sign_offs([letter], records) == prepare.sign_offs([entry], records) == {"I1": "outdated"}
    assert prepare.sign_offs([harmless], records) == {"I1": "yes"}
    assert harmless.found.unknown == ()


# Codings


def codings(*spans, text=None):
    text = text or transcript().text
    rows = [{"coder": "a", "interview": "I1", "code": "X", "start": s, "end": e, "quote": text[s:e]} for s, e in spans]
    return pd.DataFrame(rows, columns=["coder", "interview", "code", "start", "end", "quote"])


def move(one, table):
    texts = pd.DataFrame({"interview": ["I1"], "text": [one.transcript.text]})
    return prepare.moved(table, prepare.list_replacements([one]), texts)


@pytest.mark.parametrize(
    ("passage", "quote"),
    [
        ("Who helped you?", "Who helped you?"),
        ("Bernie Tuohy did, on 14 November 2016.", "[colleague A] did, on [date]."),
        ("Tuohy did", "[colleague A] did"),
        ("did, on 14", "did, on [date]"),
        ("sat down with me", "sat down with me"),
        ("Larch Ward.", "[ward]."),
        ("ask Fiadh.", "ask Fiadh."),
    ],
)
def test_passage_goes_where_its_words_went(passage, quote):
    (one,) = prepared()
    start = one.received.text.index(passage)
    found = move(one, codings((start, start + len(passage)))).loc[0]
    assert found["quote"] == quote == one.transcript.text[found["start"] : found["end"]]


def test_two_passages_that_become_one_are_counted_once():
    (one,) = prepared()
    start = one.received.text.index("Bernie Tuohy")
    moved = move(one, codings((start, start + 6), (start + 7, start + 12), (start, start + 12)))
    assert moved["quote"].tolist() == ["[colleague A]"]


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(st.data())
def test_passages_agree_with_the_map_of_the_text(data):
    (one,) = prepared()
    size = len(one.received.text)
    start = data.draw(st.integers(0, size - 1))
    end = data.draw(st.integers(start + 1, size))
    found = move(one, codings((start, end))).loc[0]
    assert (found["start"], found["end"]) == one.found.span(start, end)


def test_without_replacements_passages_stay():
    (one,) = prepared(transcript((("P", "I was alone."),)), entries=[])
    table = codings((3, 8), text=one.received.text)
    pd.testing.assert_frame_equal(move(one, table), table)


# What the dictionary may not hear


def test_dictionary_is_deaf_to_what_stands_instead_of_a_name():
    book = Codebook(
        "1", "draft", {"T": "Theme"}, {"X": Code("X", "T", "Colleague", "", {"en": ("colleague", "my colleague*")})}
    )
    rows = [
        {"interview": "I1", "segment": n, "language": "en", "cohort": "", "start": 0, "text": text}
        for n, text in enumerate(["I asked [colleague A].", "A colleague came.", "My [colleague A] left."], start=1)
    ]
    assert coding.suggest(pd.DataFrame(rows), book)["segment"].tolist() == [2]


# Measuring


def test_recall_by_group_and_language():
    received = transcript()

    def label(text, kind, listed):
        start = received.text.index(text)
        return {"interview": "I1", "kind": kind, "start": start, "end": start + len(text), "listed": listed}

    labels = [
        label("Bernie Tuohy", "person", "yes"),
        label("Larch Ward", "ward", "yes"),
        label("14 November 2016", "date", "no"),
        label("bernie@example.org", "email", "no"),
        label("Fiadh", "person", "no"),
        label("helped", "period", "no"),
    ]
    table = recall.measure_recall(prepare.count_labels(prepared(received), labels), 0.95)
    found = {(row["language"], row["group"]): (row["replaced"], row["n"]) for row in table.to_dict("records")}
    for language in ("en", "all"):
        assert found[language, "names on the deny-list"] == (2, 2)
        assert found[language, "details known by their form"] == (2, 2)
        assert found[language, "names not on the deny-list"] == (0, 1)
        assert found[language, "vague times"] == (0, 1)
        replaced, words = found[language, "other words"]
        assert replaced == 1  # the second Bernie, whom nobody labelled
        assert words > 10
    row = table[(table["language"] == "en") & (table["group"] == "names not on the deny-list")].iloc[0]
    assert (row["listed_to_judge"], row["estimate"]) == (1, 0.0)
    assert row["question"] == "deidentification.en.names_not_on_the_deny-list"


def test_transcript_without_a_label_is_not_measured():
    assert recall.measure_recall(prepare.count_labels(prepared(), []), 0.95).empty


def test_wilson_interval_of_the_recall():
    # R: binom::binom.confint(39, 39, methods = "wilson") gives 0.9103331 to 1
    row = {"interview": "I1", "language": "en", "group": "names on the deny-list", "labelled": 39, "replaced": 39}
    share = recall.measure_recall(pd.DataFrame([{**row, "to_judge": 0}]), 0.95).iloc[0]
    assert share["ci_low"] == pytest.approx(91.03331, abs=1e-4)
    assert share["ci_high"] == pytest.approx(100)
    assert share["ci_method"] == "Wilson interval, 95 %"


def test_words_to_judge_are_listed_once_with_their_number():
    said = (("P", "I saw Fiadh. Then Fiadh saw me, and Oisin."),)
    table = prepare.list_unknown(prepared(transcript(said), entries=[]))
    assert table[["language", "word", "times", "interview"]].to_numpy().tolist() == [
        ["en", "Fiadh", 2, "I1"],
        ["en", "Oisin", 1, "I1"],
    ]


def test_list_of_replacements_leads_back_and_forth():
    (one,) = prepared()
    for row in prepare.list_replacements([one]).to_dict("records"):
        assert one.received.text[row["start"] : row["end"]] == row["received"]
        assert one.transcript.text[row["new_start"] : row["new_end"]] == row["shown"]


# Entity recognisers


def test_entity_recogniser_asks_for_what_no_list_has(tmp_path):
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns(
        [{"label": "PERSON", "pattern": "fiadh"}, {"label": "ORG", "pattern": "Larch Ward"}]
    )
    nlp.to_disk(tmp_path / "model")
    models = prepare.load_models({"en": str(tmp_path / "model")})
    said = (("P", "then fiadh came to Larch Ward"),)
    (one,) = prepared(transcript(said), models=models)
    assert [(word.word, word.why) for word in one.found.unknown] == [("fiadh", "model: PERSON")]
    assert one.transcript.text == "P: then fiadh came to [ward]"


def test_entity_recogniser_that_is_not_installed():
    with pytest.raises(ConfigError) as fault:
        prepare.load_models({"de": "de_no_such_pipeline"})
    assert str(fault.value) == (
        "config/config.yaml: `interviews.entity_models.de` names a spaCy pipeline that is not installed. "
        "Install it, or remove the key."
    )


def test_names_of_the_institutions_are_on_the_list(tmp_path):
    sites = tmp_path / "sites.tsv"
    sites.write_text(
        "site\tname\tcountry\tsetting\ttracks\nat1\tKlinik Aubach\tAT\thospital\ttraining\n", encoding="utf-8"
    )
    entries, listed = prepare.read_entries([], [str(sites)])
    assert entries == [Entry("organisation", "Klinik Aubach", "institution")]
    assert listed.records == []


def test_prepared_cannot_be_changed():
    (one,) = prepared()
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.received = None
