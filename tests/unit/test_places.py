"""Places of coded passages: found by their words, or not at all."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from piloteval.intake.places import NO_WORDS, NOWHERE, SEVERAL, Found, align, locate

RAW = "I: How was it?\n\nP: Anna Berg told me, and I cried. Ja. Then Dr. Miller came. Ja."
BARE = "I: How was it?\n\nP: [nurse A] told me, and I cried. Ja. Then [doctor] came. Ja."


def spans(text, words):
    return [(at.start(), at.end()) for at in re.finditer(re.escape(words), text)]


def test_the_same_text_needs_no_moving():
    there = align(RAW, RAW)
    assert there is not None
    assert there.span(19, 28) == (19, 28)
    assert there.span(len(RAW) - 3, len(RAW)) == (len(RAW) - 3, len(RAW))


def test_blanks_do_not_matter():
    there = align(RAW.replace("\n\n", "\n").replace(" ", "\u00a0 "), RAW)
    assert there is not None
    changed = RAW.replace("\n\n", "\n").replace(" ", "\u00a0 ")
    start, end = spans(changed, "I\u00a0 cried")[0]
    assert RAW[slice(*there.span(start, end))] == "I cried"


def test_a_passage_in_the_text_without_names_takes_in_the_whole_name():
    there = align(BARE, RAW)
    assert there is not None
    start = BARE.index("[nurse")
    assert RAW[slice(*there.span(start, start + 14))] == "Anna Berg told"
    assert RAW[slice(*there.span(start + 3, start + 5))] == "Anna Berg"
    end = BARE.index("came")
    assert RAW[slice(*there.span(end, end + 4))] == "came"


def test_brackets_of_the_transcript_itself_stand_for_themselves():
    raw = "P: It was [laughs] hard for Anna."
    there = align("P: It was [laughs] hard for [nurse].", raw)
    assert there is not None
    assert raw[slice(*there.span(3, 18))] == "It was [laughs]"


def test_names_side_by_side_are_one_gap():
    raw = "P: Anna Berg, she left."
    there = align("P: [nurse] [family name], she left.", raw)
    assert there is not None
    at = "P: [nurse] [family name], she left.".index(", she")
    assert raw[slice(*there.span(at, at + 5))] == ", she"
    assert there.span(3, 10) is None


@pytest.mark.parametrize("theirs", [RAW.replace("cried", "cryed"), RAW[:-1], RAW + "x", "", "[x]", "[x] [y]"])
def test_other_words_are_not_aligned(theirs):
    ours = RAW if theirs[:1] != "[" else "a" * 500
    assert align(theirs, ours) is None


def test_what_could_stand_at_two_places_is_not_placed():
    raw = "P: Ann and Bob and Carl and Eve left."
    there = align("P: [one] and [two] left.", raw)
    assert there is not None
    middle = "P: [one] and [two] left.".index("and")
    assert there.span(middle, middle + 3) is None
    assert raw[slice(*there.span(19, 23))] == "left"


def test_words_at_their_place_are_there_even_if_they_come_again():
    place = spans(RAW, "Ja.")
    assert locate([(start, "Ja.") for start, _end in place], RAW) == [Found(*one) for one in place]


def test_words_that_come_once_are_found_whatever_the_number_says():
    assert locate([(3, "and I cried"), (None, "told me")], RAW) == [
        Found(*spans(RAW, "and I cried")[0]),
        Found(*spans(RAW, "told me")[0]),
    ]


def test_words_that_come_again_go_by_the_passages_around():
    said = [(BARE.index("told me"), "told me"), *((start, "Ja.") for start, _end in spans(BARE, "Ja."))]
    said.append((BARE.index("came"), "came"))
    assert [RAW[one.start : one.end] for one in locate(said, RAW)] == ["told me", "Ja.", "Ja.", "came"]
    assert [one.start for one in locate(said, RAW)][1:3] == [start for start, _end in spans(RAW, "Ja.")]


def test_what_cannot_be_told_is_said():
    assert locate([(3, "Ja."), (None, "Ja."), (3, "Nein."), (3, "[nurse A]"), (3, "")], RAW) == [
        Found(why=SEVERAL),
        Found(why=SEVERAL),
        Found(why=NOWHERE),
        Found(why=NO_WORDS),
        Found(why=NO_WORDS),
    ]


def test_words_in_brackets_that_stand_in_the_text_are_found_whole():
    assert locate([(None, "[nurse A] told me")], BARE) == [Found(*spans(BARE, "[nurse A] told me")[0])]


def test_a_name_at_the_edge_takes_in_one_sign_of_it():
    found = locate([(None, "[nurse A] told me"), (None, "Then [doctor]"), (None, "Then [doctor] came")], RAW)
    assert [RAW[one.start : one.end] for one in found] == ["g told me", "Then D", "Then Dr. Miller came"]


WORD = st.text("abcé𝛼̈🙂", min_size=1, max_size=4)


@settings(max_examples=150, deadline=None)
@given(st.lists(WORD, min_size=2, max_size=30), st.data())
def test_every_passage_of_a_text_without_names_is_found_again_or_refused(words, data):
    """Whatever words are replaced: a passage that is placed holds its own words and the whole of its names."""
    replaced = data.draw(st.sets(st.integers(0, len(words) - 1)))
    ours, theirs, of_ours, of_theirs = "", "", [], []
    for number, word in enumerate(words):
        shown = "[name]" if number in replaced else word
        of_ours.append((len(ours), len(ours) + len(word)))
        of_theirs.append((len(theirs), len(theirs) + len(shown)))
        ours, theirs = f"{ours}{word} ", f"{theirs}{shown} \n"
    there = align(theirs, ours)
    assert there is not None
    first = data.draw(st.integers(0, len(words) - 1))
    last = data.draw(st.integers(first, len(words) - 1))
    span = there.span(of_theirs[first][0], of_theirs[last][1])
    if span is None:
        assert replaced
    elif not {first - 1, first, last, last + 1} & replaced:
        assert span == (of_ours[first][0], of_ours[last][1])
