"""The list of approved quotes: found in the texts without names, chosen by the rules, or told why not."""

import pandas as pd
import pytest
from piloteval.errors import DataError
from piloteval.intake.sheet import Source
from piloteval.qualitative import quotes

SETTINGS = {"sites": [], "waves": [], "instruments": [], "languages": []}
SPOKEN = "It was a hard night. Yes."
NAMES = [f"I{n}" for n in range(1, 6)]
TEXTS = {name: f"I: How was it?\nP: {SPOKEN}\nP: [nurse A] helped {name} a lot. Yes." for name in NAMES}
BOOK = """
version: "1"
status: unconfirmed
languages: [en]
themes: {A: Alpha}
codes:
  - {code: A_ONE, theme: A, name: One, definition: d, cues: {en: [night]}}
"""


def sentences():
    rows = []
    for name, text in TEXTS.items():
        for number, words in enumerate(("It was a hard night.", "Yes.", f"[nurse A] helped {name} a lot.")):
            start = text.index(words)
            rows.append((name, number, "en", "c", number // 2, start, start + len(words), words))
    return pd.DataFrame(rows, columns=["interview", "segment", "language", "cohort", "turn", "start", "end", "text"])


def choose(tmp_path, *rows, header="interview,quote,approved_by,approved_on", **changed):
    path, book = tmp_path / "quotes.csv", tmp_path / "codebook.yaml"
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    book.write_text(BOOK, encoding="utf-8")
    texts = pd.DataFrame(
        {"interview": NAMES, "language": "en", "cohort": "c", "text": TEXTS.values(), "sha256": "", "signed": "yes", "quotes": "yes"}
    )  # fmt: skip
    people = pd.DataFrame({"interview": NAMES, "speaker": [f"p{n}" for n in range(5)], "cohort": "c", "status": "admitted"})  # fmt: skip
    counted = pd.DataFrame([(name, number, "A_ONE", "A", "people", "yes") for name in NAMES for number in (0, 2)], columns=["interview", "segment", "code", "theme", "source", "use"])  # fmt: skip
    source = Source(line=2, source="q", kind="approved_quotes", path=str(path))
    given = {"suggestions": None, "counted": counted, "interviewees": people} | changed
    found = quotes.run(
        [source], texts=texts, segments=sentences(), codebook=str(book), settings=SETTINGS, roles={"c": "nurse"}, floor=5, **given
    )  # fmt: skip
    return found["quotes"], found["register"]


def test_quotes_are_found_by_their_words_and_shown_with_the_role(tmp_path):
    shown, register = choose(
        tmp_path,
        "I1,It was a hard night.,r,2026-01-02",
        "I2,It was  a hard night.,r,2026-01-02",
        "I3,[nurse A] helped I3 a lot.,r,2026-01-02",
    )
    assert sorted(shown["quote"]) == ["It was a hard night.", "It was a hard night.", "[nurse A] helped I3 a lot."]
    assert set(shown["role"]) == {"nurse"} and set(shown["theme"]) == {"A"}
    assert set(register["used"]) == {"yes"}
    for one in register.to_dict("records"):
        assert TEXTS[one["interview"]][one["start"] : one["end"]] == one["quote"]


def test_words_that_stand_nowhere_or_at_several_places_are_not_quoted(tmp_path):
    shown, register = choose(tmp_path, "I1,It was easy.,r,2026-01-02", "I2,Yes.,r,2026-01-02")
    assert shown.empty
    assert register[["interview", "used", "reason", "quote"]].to_numpy().tolist() == [
        ["I1", "no", quotes.NOT_THE_WORDS, ""],
        ["I2", "no", quotes.NOT_THE_WORDS, ""],
    ]


def test_the_number_tells_which_of_several_is_meant(tmp_path):
    start = TEXTS["I2"].rindex("Yes.")
    _shown, register = choose(
        tmp_path, f"I2,Yes.,{start},r,2026-01-02", header="interview,quote,start,approved_by,approved_on"
    )
    assert register["start"].tolist() == [start]
    assert register["reason"].tolist() == [quotes.NOT_SPEECH]  # the last words are no sentence of the test's segments


def test_an_approval_without_a_day_or_of_no_interview_is_set_aside(tmp_path):
    shown, register = choose(tmp_path, "I1,It was a hard night.,r,", "I9,It was a hard night.,r,2026-01-02")
    assert shown.empty and register.empty


def test_a_list_that_cannot_be_read_stops(tmp_path):
    with pytest.raises(DataError):
        choose(tmp_path, "I1,x", header="interview,quote")


def test_without_coders_the_suggestions_count(tmp_path):
    said = pd.DataFrame([(name, 0, "A_ONE", "A", "no") for name in NAMES], columns=["interview", "segment", "code", "theme", "negated"])  # fmt: skip
    shown, _register = choose(tmp_path, "I1,It was a hard night.,r,2026-01-02", counted=None, suggestions=said)
    assert shown["quote"].tolist() == ["It was a hard night."]
