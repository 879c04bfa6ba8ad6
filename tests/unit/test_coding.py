"""The dictionary coder: kinds of cues, negations, versions of a codebook, the printed codebook and its measurement."""

from __future__ import annotations

import re
import time
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pandas as pd
import precoding
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from piloteval.errors import ConfigError
from piloteval.qualitative import coding
from piloteval.qualitative.codebook import Code, Codebook, Cue, Negation, bounded, read_codebook
from piloteval.qualitative.codebook_page import codebook_page
from piloteval.qualitative.coding import compare_codebooks, suggest, suggest_stream
from piloteval.qualitative.language import pipeline
from spacy.matcher import Matcher, PhraseMatcher

ROOT = Path(__file__).resolve().parents[2]
quick = settings(max_examples=60, deadline=None, derandomize=True, database=None)

NOT = {
    "en": {"before": ["not", "n't", "never", "no"], "except": ["not only"], "within": 3},
    "de": {"before": ["nicht", "kein*"], "after": ["nicht"], "within": 3},
    "fr": {"before": ["n'", "ne"], "after": ["pas"]},
}


def write(folder, codes, languages=("en", "de", "fr", "nl", "es", "pt"), negations=None, **more):
    """Write a codebook of codes given as `{"A_ONE": {"en": [...]}}`, or as whole mappings under `_more`."""
    book = {
        "version": "1",
        "status": "unconfirmed",
        "languages": list(languages),
        "themes": {"A": "Theme A", "B": "Theme B"},
        "codes": [
            {"code": name, "theme": name[0], "name": name, "definition": "d", "cues": cues} | more.get(name, {})
            for name, cues in codes.items()
        ],
    } | ({"negations": negations} if negations else {})
    path = folder / f"codebook{len(list(folder.iterdir()))}.yaml"
    path.write_text(yaml.safe_dump(book, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


def sentences(*lines, language="en", interview="I1"):
    """Return segments, one a line, laid end to end."""
    rows, at = [], 100
    for number, words in enumerate(lines, start=1):
        rows.append((interview, number, language, at, words))
        at += len(words) + 1
    return pd.DataFrame(rows, columns=["interview", "segment", "language", "start", "text"])


@pytest.fixture
def fire(tmp_path):
    """Return what the cues of one code find in one sentence: words, kind and whether they are negated."""

    def fire(text, *cues, language="en", negations=None):
        book = read_codebook(write(tmp_path, {"A_ONE": {language: list(cues)}}, negations=negations))
        rows = suggest(sentences("Before.", text, "After."), book) if language == "en" else None
        if rows is None:
            rows = suggest(sentences("Vor.", text, "Nach.", language=language), book)
        start = 105 if language != "en" else 108
        return [
            (text[one["start"] - start : one["end"] - start], one["kind"], one["negated"])
            for one in rows.to_dict("records")
        ]

    return fire


# Kinds of cues


@pytest.mark.parametrize(
    ("cue", "text", "language", "found"),
    [
        ({"lemma": "huilen"}, "Ik heb alleen maar gehuild.", "nl", ("gehuild", "lemma")),
        ({"lemma": "huilen"}, "Toen HUILDE ze.", "nl", ("HUILDE", "lemma")),
        ({"lemma": "huilen"}, "In de huizen.", "nl", None),
        ({"lemma": "Kind"}, "Twee kinderen.", "nl", ("kinderen", "lemma")),
        ({"lemma": "child"}, "Two children came.", "en", ("children", "lemma")),
        ({"lemma": "cry out"}, "She cried out loud.", "en", ("cried out", "lemma")),
        ({"lemma": "fier"}, "J'en suis fière.", "fr", ("fière", "lemma")),
        ({"regex": r"\bover\w+ed\b"}, "I was Overwhelmed!", "en", ("Overwhelmed", "regex")),
        ({"regex": "can't (sleep|eat)"}, "I can’t sleep.", "en", ("can’t sleep", "regex")),
        ({"regex": "a.c"}, "abbc", "en", None),
        ({"near": ["lost", "job*"]}, "I lost, well, my jobs.", "en", ("lost, well, my jobs", "window")),
        ({"near": ["job*", "lost"]}, "I lost, well, my jobs.", "en", ("lost, well, my jobs", "window")),
        ({"near": ["lost", "job"], "within": 2}, "I lost my job.", "en", ("lost my job", "window")),
        ({"near": ["lost", "job"], "within": 1}, "I lost my job.", "en", None),
        ({"near": ["lost", "job"], "within": 1}, "I lost -- job.", "en", ("lost -- job", "window")),
        ({"near": ["lost my", "my job"]}, "I lost my job.", "en", None),  # the two may not share a word
        ({"near": ["job", "job"]}, "One job.", "en", None),
        ({"near": ["my job", {"lemma": "lose"}]}, "My job was lost.", "en", ("My job was lost", "window")),
        ("near miss", "A near  miss.", "en", ("near  miss", "phrase")),
        ("near miss", "A near\n miss.", "en", ("near\n miss", "phrase")),
        ("no * idea", "No earthly idea.", "en", ("No earthly idea", "wildcard")),
        ("pre*ed", "A prepared one.", "en", ("prepared", "wildcard")),
    ],
)
def test_where_a_cue_of_a_kind_fires(fire, cue, text, language, found):
    assert fire(text, cue, language=language) == ([(*found, "no")] if found else [])


def test_cue_is_told_as_it_is_written(tmp_path):
    cues = [
        "one two",
        "three*",
        {"lemma": "child"},
        {"regex": "fo+ur"},
        {"near": ["fi*", {"lemma": "six"}], "within": 3},
    ]
    book = read_codebook(write(tmp_path, {f"A_{number}": {"en": [cue]} for number, cue in enumerate(cues)}))
    found = suggest(sentences("one two threes children foour five six"), book)
    assert found["cue"].tolist() == [
        "one two",
        "three*",
        "lemma: child",
        "regex: fo+ur",
        "near: [fi*, lemma: six], within: 3",
    ]
    assert found["kind"].tolist() == ["phrase", "wildcard", "lemma", "regex", "window"]
    assert list(found) == ["interview", "segment", "code", "theme", "start", "end", "cue", "kind", "negated"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("A pair of peers.", ["pair"]),
        ("A pair of shoes.", []),
        ("A pair of shoes and a pair.", ["pair"]),
        ("PAIRS of shoes.", []),
        ("A pair of old shoes.", ["pair"]),
    ],
)
def test_cue_in_a_stop_phrase_does_not_count(fire, text, found):
    assert [words for words, *_ in fire(text, "pair", {"not": "pair* of shoes"})] == found


def test_stop_phrase_holds_back_all_kinds_of_cues_of_its_code_and_no_other_code(tmp_path, fire):
    assert fire("The red alarm.", {"regex": "alarm"}, {"not": "red alarm"}) == []
    assert fire("The red alarm rang.", {"near": ["alarm", "rang"]}, {"not": "red alarm"}) == []
    book = read_codebook(
        write(tmp_path, {"A_ONE": {"en": ["pair", {"not": "pair of shoes"}]}, "A_TWO": {"en": ["pair"]}})
    )
    assert suggest(sentences("A pair of shoes."), book)["code"].tolist() == ["A_TWO"]


def test_words_in_brackets_fire_no_cue_of_any_kind(fire):
    for cue in ("ward", {"lemma": "ward"}, {"regex": "ward"}, {"near": ["the", "ward"]}):
        assert fire("In the [ward] I was.", cue) == []


@pytest.mark.parametrize(
    ("text", "language", "cue", "negated"),
    [
        ("I was not sad.", "en", "sad", "yes"),
        ("I wasn’t sad.", "en", "sad", "yes"),
        ("I was sad.", "en", "sad", "no"),
        ("I was sad, not angry.", "en", "sad", "no"),
        ("No, I was sad.", "en", "sad", "no"),  # another clause
        ("Not one of them was sad.", "en", "sad", "no"),  # five words away
        ("I was not only sad.", "en", "sad", "no"),
        ("I was not sad, I was so sad.", "en", "sad", "no"),  # once said is said
        ("I was sad, and then not sad.", "en", "sad", "no"),
        ("I could not sleep.", "en", "not sleep", "no"),  # the cue's own words negate nothing
        ("I never could not sleep.", "en", "not sleep", "yes"),
        ("I did not lose my job.", "en", {"near": ["lose", "job"]}, "yes"),
        ("I lost, not for the first time, my job.", "en", {"near": ["lost", "job"], "within": 9}, "yes"),
        ("I was never sa-ad.", "en", {"regex": "sa-ad"}, "yes"),
        ("I was sa-ad.", "en", {"regex": "sa-ad"}, "no"),
        ("Ich bereue das nicht.", "de", "bereue", "yes"),
        ("Ich bereue das, nicht du.", "de", "bereue", "no"),
        ("Ich hatte keinerlei Angst.", "de", "angst", "yes"),
        ("N’ayez pas peur.", "fr", "peur", "yes"),
        ("Je regrette pas.", "fr", "regrette", "yes"),
        ("J'ai peur.", "fr", "peur", "no"),
    ],
)
def test_negation_marks_a_hit(fire, text, language, cue, negated):
    assert [one[2] for one in fire(text, cue, language=language, negations=NOT)] == [negated]


def test_negation_of_the_sentence_before_does_not_reach_over(fire):
    book = Codebook("1", "", {"A": "A"}, {"A_ONE": Code("A_ONE", "A", "", "", {"en": ("sad",)})}, (), {"en": Negation(("not",), ("not",))})  # fmt: skip
    found = suggest(sentences("I would not", "sad", "not now"), book)
    assert found["negated"].tolist() == ["no"]


# Against spaCy's own matchers

VOCABULARY = [
    "near",
    "miss",
    "Angst",
    "angstvoll",
    "can't",
    "can’t",
    "a",
    ".",
    ",",
    "so-so",
    "🙂",
    "é",
    "é",
    "X",
    "  ",
    "\n",
]
texts = st.lists(st.sampled_from(VOCABULARY), min_size=1, max_size=9).map(" ".join)
cue_lists = st.lists(st.lists(st.sampled_from(["near", "miss", "angst*", "a*", "can't", "*st", "so-so", "x"]), min_size=1, max_size=3).map(" ".join), min_size=1, max_size=4, unique=True)  # fmt: skip


@quick
@given(st.lists(texts, min_size=1, max_size=4), cue_lists)
def test_phrases_and_wildcards_are_those_of_spacys_matchers(lines, cues):
    """A sentence without double blanks has the first and longest hit that PhraseMatcher and Matcher find in it."""
    nlp = pipeline("en")
    phrases, patterns = PhraseMatcher(nlp.vocab, attr="LOWER"), Matcher(nlp.vocab)
    for cue in cues:
        if "*" not in cue:
            phrases.add(cue, [nlp.make_doc(cue)])
            continue
        words = [re.escape(word.lower()).replace(r"\*", r"\w*") for part in cue.split() for word in ([part] if "*" in part else [one.text for one in nlp.make_doc(part)])]  # fmt: skip
        patterns.add(cue, [[{"LOWER": {"REGEX": f"^{word}$"}} for word in words]])
    lines = [re.sub(r"\s+", " ", line).strip() or "x" for line in lines]
    table = sentences(*lines)
    expected = []
    for number, line in enumerate(lines, start=1):
        doc = nlp.make_doc(line.replace("’", "'"))
        spans = [doc[a:b] for _, a, b in [*phrases(doc), *(patterns(doc) if len(patterns) else ())]]
        if spans:
            first = min(spans, key=lambda span: (span.start_char, -span.end_char))
            at = table.loc[number - 1, "start"]
            expected.append((number, at + first.start_char, at + first.end_char))
    book = Codebook("1", "", {"A": "A"}, {"A_ONE": Code("A_ONE", "A", "", "", {"en": tuple(cues)})})
    found = suggest(table, book)
    assert list(found[["segment", "start", "end"]].itertuples(index=False, name=None)) == expected


# Together and apart


RICH = {
    "A_ONE": {"en": ["near miss", "sad*", {"lemma": "child"}], "de": ["angst*", {"near": ["nicht", "gut"]}]},
    "B_ONE": {"en": [{"regex": r"\bn\w+ m"}, "sad", {"not": "sad song*"}], "de": ["kein* angst"], "fi": ["pelko*"]},
}
LINES = {
    "en": [
        "A near miss.",
        "The children were sad.",
        "A sad song 🙂 and no sad child.",
        "[sad] ␞ near ␞ miss",
        "Nothing",
    ],
    "de": ["Keine Angst.", "Das war nicht so gut.", "Angst", "Gut, nicht?"],
    "fi": ["Pelkoa oli.", "Ei."],
}


def rich(folder):
    return read_codebook(
        write(folder, RICH, languages=("en", "de", "fi"), negations={one: NOT[one] for one in ("en", "de")})
    )


def test_sentences_are_coded_alike_together_and_apart(tmp_path, monkeypatch):
    book = rich(tmp_path)
    table = pd.concat([sentences(*lines * 3, language=name, interview=name) for name, lines in LINES.items()])
    whole = suggest(table, book)
    assert len(whole) > 25
    assert set(whole["kind"]) == {"phrase", "wildcard", "lemma", "regex", "window"}
    assert set(whole["negated"]) == {"yes", "no"}
    for one in whole.merge(table, on=["interview", "segment"]).to_dict("records"):
        assert one["start_y"] <= one["start_x"] < one["end"] <= one["start_y"] + len(one["text"])
    apart = pd.concat([suggest(table.iloc[[place]], book) for place in range(len(table))])
    order = ["interview", "segment", "code"]
    pd.testing.assert_frame_equal(
        whole.reset_index(drop=True), apart.sort_values(order).reset_index(drop=True), check_dtype=False
    )
    monkeypatch.setattr(coding, "TOGETHER", 2)
    pd.testing.assert_frame_equal(whole, suggest(table, book))
    chunks = (one for _, one in table.groupby("interview"))
    streamed = pd.DataFrame(suggest_stream(chunks, book)).sort_values(order).reset_index(drop=True)
    pd.testing.assert_frame_equal(whole.reset_index(drop=True), streamed)


def test_stream_asks_for_one_part_after_the_other(tmp_path):
    asked = []

    def chunks():
        for number in range(3):
            asked.append(number)
            yield sentences("A near miss.", interview=f"I{number}")

    rows = suggest_stream(chunks(), rich(tmp_path))
    assert asked == []
    assert (next(rows)["interview"], asked) == ("I0", [0])
    assert len(list(rows)) == 5
    assert asked == [0, 1, 2]


def test_lemmas_are_only_looked_up_for_languages_with_lemma_cues(tmp_path, monkeypatch):
    import simplemma

    asked = set()
    monkeypatch.setattr(simplemma, "lemmatize", lambda word, language: asked.add((word, language)) or word)
    suggest(pd.concat([sentences(*lines, language=name) for name, lines in LINES.items()]), rich(tmp_path))
    assert {language for _, language in asked} == {"en"}
    assert {word for word, _ in asked} >= {"A", "child", "children", "Nothing"}  # as written: Wein is no form of weinen


def test_nothing_said_and_no_cues(tmp_path):
    book = rich(tmp_path)
    for table in (sentences(), sentences("Rien.", language="fr"), sentences("Nothing.")):
        found = suggest(table, book)
        assert found.empty
        assert list(found) == coding.COLUMNS


# Regular expressions


@pytest.mark.parametrize(
    "expression",
    ["(a+)+b", "(a|a)*b", "(a|ab)*c", r"(\w+\s?)+x", "(.*)*x", ".*x.*y.*z", "a?" * 15 + "a" * 15, r"\w+(\w|x)+\d+\w+z", "(a{1,9}){1,9}b", "(字|.)*(字|.)*x", "[^字]*[^x]*[^y]*z"],
)  # fmt: skip
def test_expression_that_could_take_for_ever_is_refused(expression):
    with pytest.raises(ValueError, match="too many ways"):
        bounded(expression)


@pytest.mark.parametrize(
    ("expression", "becomes"),
    [
        (r"\bschuld\w*", r"\bschuld\w{0,60}"),
        (r"\b(war|bin)\s+(\w+\s+){0,3}schuld", r"\b(war|bin)\s{1,60}(\w{1,60}\s{1,60}){0,3}schuld"),
        (r"nicht .*?schlafen", r"nicht .{0,60}?schlafen"),
        (r"[*+]a{2,}\*", r"[*+]a{2,60}\*"),
        (r"(?:a|b)*+c", r"(?:a|b){0,60}+c"),
        (r"[]*]x{70,}", r"[]*]x{70,70}"),
        ("(?<!un)sicher", "(?<!un)sicher"),
    ],
)
def test_every_repetition_gets_an_end(expression, becomes):
    assert bounded(expression) == becomes


PARTS = st.sampled_from(["a", "b", ".", r"\w", r"\s", "[ab]", "(a|b)", "(ab|a)", "(a b)"])
expressions = st.lists(st.tuples(PARTS, st.sampled_from(["", "*", "+", "?", "{0,3}"])), min_size=1, max_size=6)


@settings(max_examples=80, deadline=None, derandomize=True, database=None)
@given(expressions, st.sampled_from(["{}x", "({}){{0,4}}x", "({})*x"]))
def test_accepted_expressions_are_quick_where_they_do_not_fit(pieces, around):
    expression = around.format("".join(map("".join, pieces)))
    try:
        pattern = re.compile(bounded(expression))
    except ValueError:
        return
    start = time.process_time()
    for text in ("a" * 300, "ab" * 150, "a b " * 75, "aab " * 75):
        assert pattern.search(text) is None
    assert time.process_time() - start < 2


# What is refused


ONE = "{path}: the code `A_ONE` has a cue in `en`"


@pytest.mark.parametrize(
    ("cue", "sentence"),
    [
        ("...", ONE + ", `...`, without a letter. Write the words that are said, or drop the cue."),
        ("*", ONE + ", `*`, without a letter. Write the words that are said, or drop the cue."),
        ("* idea", ONE + ", `* idea`, that begins or ends with `*` alone, which is any word. Drop it, or join it to a word."),
        ({"lemma": "cr*"}, ONE + ", `lemma: cr*`, with `*`. A lemma stands for all forms of its word; drop the `*`."),
        ({"regex": "("}, ONE + ", `regex: (`, that is no regular expression. Check its brackets and its backslashes."),
        ({"regex": "x*"}, ONE + ", `regex: x*`, that fits where nothing is said. Let it ask for at least one character."),
        ({"regex": "(?i)x"}, ONE + ", `regex: (?i)x`, that sets flags. Drop them; capitals make no difference already."),
        ({"regex": "(?s:.)x"}, ONE + ", `regex: (?s:.)x`, that sets flags. Drop them; capitals make no difference already."),
        ({"regex": r"(a)\1"}, ONE + r", `regex: (a)\1`, that refers back to one of its groups. Write out what is meant."),
        ({"regex": "(a+)+b"}, ONE + ", `regex: (a+)+b`, that can fit in too many ways, so that a search could take for ever. Use fewer `*` and `+` that can stand for the same characters, or a cue with `near`."),
        ({"regex": "x" * 301}, ONE + f", `regex: {'x' * 301}`, that is longer than 300 characters. Cut it into several."),
        ({}, ONE + " with none of `lemma`, `regex`, `near` and `not`. Give it exactly one of them."),
        ({"lemma": "x", "not": "y"}, ONE + " with `lemma` and `not` of `lemma`, `regex`, `near` and `not`. Give it exactly one of them."),
        ({"lemma": "x", "within": 3}, ONE + " with `lemma` and `within`, which belongs to `near`. Drop `within`, or use `near`."),
        ({"not": "x"}, "{path}: the code `A_ONE` has only `not` cues in `en`. Add a cue that they hold back, or drop them."),
        ({"near": ["a"]}, "{path}: `codes.A_ONE.cues.en.0.near` has too few entries. Give at least 2."),
        ({"near": ["a", "b", "c"]}, "{path}: `codes.A_ONE.cues.en.0.near` has too many entries. Give at most 2."),
        ({"near": ["a", {"regex": "b"}]}, "{path}: `codes.A_ONE.cues.en.0.near.1.regex` is not a known key. Known keys: lemma.\n{path}: `codes.A_ONE.cues.en.0.near.1` needs `lemma` (Words that are found in any of their forms). Add it."),
        ({"near": ["a", "b"], "within": 0}, "{path}: `codes.A_ONE.cues.en.0.within` must be a whole number from 1 to 50. Correct the value."),
        ({"lema": "x"}, "{path}: `codes.A_ONE.cues.en.0.lema` is not a known key. Did you mean `lemma`?"),
        (3, "{path}: `codes.A_ONE.cues.en.0` must be text or a set of keys. Correct the value."),
    ],
)  # fmt: skip
def test_sentence_of_each_cue_that_cannot_be_looked_for(tmp_path, cue, sentence):
    path = write(tmp_path, {"A_ONE": {"en": [cue]}})
    with pytest.raises(ConfigError) as fault:
        read_codebook(path)
    assert str(fault.value) == sentence.replace("{path}", str(path))


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"codes": {"A_ONE": {"en": ["x", "y", "x"]}}}, ": the code `A_ONE` has the cue `x` twice in `en`. Keep one of the two."),
        ({"codes": {"A_ONE": {"it": ["x"]}}}, ": the code `A_ONE` has cues in `it`, which is not in `languages`. Add it there, or correct the language."),
        ({"codes": {"A_ONE": {"af": [{"lemma": "x"}]}}, "languages": ["af"]}, ": the code `A_ONE` has a cue in `af`, `lemma: x`, and simplemma knows no lemmas of that language. Use phrases with `*` instead."),
        ({"codes": {"A_ONE": {}}, "negations": {"it": {"before": ["non"]}}}, ": `negations` has words in `it`, which is not in `languages`. Add it there, or correct the language."),
        ({"codes": {"A_ONE": {}}, "negations": {"en": {"before": ["!"]}}}, ": `negations` has a phrase in `en`, `!`, without a letter. Write the words that are said, or drop the cue."),
        ({"codes": {"A_ONE": {}}, "negations": {"en": {"behind": []}}}, ": `negations.en.behind` is not a known key. Known keys: before, after, except, within."),
        ({"codes": {"A_ONE": {}}, "A_ONE": {"from": ["A_ONE"]}}, ": the code `A_ONE` names itself in `from`. Name only codes of the former version that it comes from."),
    ],
)  # fmt: skip
def test_sentence_of_each_fault_of_a_codebook(tmp_path, given, sentence):
    path = write(tmp_path, **given)
    with pytest.raises(ConfigError) as fault:
        read_codebook(path)
    assert str(fault.value) == f"{path}{sentence}"


def test_codebook_as_record(tmp_path):
    path = write(
        tmp_path,
        {"A_ONE": {"en": ["x", {"near": ["a", "b*"]}, "y*"]}},
        negations={"en": {"after": ["not"]}},
        A_ONE={"include": "i", "exclude": "e", "source": "s", "from": ["A_OLD"]},
    )
    book = read_codebook(path)
    (code,) = book.codes.values()
    assert code.cues == {"en": ("x", "y*")}
    assert code.rules == {"en": (Cue("window", "", (Cue("phrase", "a"), Cue("wildcard", "b*")), 5),)}
    assert [cue.kind for cue in code.every_cue("en")] == ["phrase", "wildcard", "window"]
    assert (code.include, code.exclude, code.source, code.former) == ("i", "e", "s", ("A_OLD",))
    assert book.negations == {"en": Negation((), ("not",), (), 5)}


# Versions


SAID = sentences("one", "two", "three", "one two", "four", "none")


def changed(tmp_path, old, new, **more):
    first = read_codebook(write(tmp_path, old))
    table = compare_codebooks(first, read_codebook(write(tmp_path, new, **more)), SAID)
    assert list(table) == coding.CHANGES
    return {
        (one["code"], one["change"]): (one["before"], one["after"], *list(one.values())[4:])
        for one in table.to_dict("records")
    }


def test_same_codebook_changes_nothing(tmp_path):
    codes = {"A_ONE": {"en": ["one"]}}
    assert changed(tmp_path, codes, codes) == {("all", "sentences"): ("1", "1", 2, 2, 0, 0, 0)}


def test_added_and_vanished_codes_and_cues(tmp_path):
    old = {"A_ONE": {"en": ["one", "four"]}, "A_TWO": {"en": ["two"]}}
    new = {"A_ONE": {"en": ["one", {"lemma": "three"}]}, "B_NEW": {"en": ["two"]}}
    assert changed(tmp_path, old, new) == {
        ("A_ONE", "cues"): ("en: four", "en: lemma: three", 3, 3, 1, 1, 1),
        ("B_NEW", "added"): ("", "B_NEW", 0, 2, 2, 0, 1),
        ("A_TWO", "vanished"): ("A_TWO", "", 2, 0, 0, 2, 1),
        # Sentence 3 is coded now, 2 and 4 have another code, 5 is not coded any more.
        ("all", "sentences"): ("1", "1", 4, 4, 3, 3, 1),
    }


def test_moved_and_reworded_code(tmp_path):
    codes = {"A_ONE": {"en": ["one"]}}
    assert changed(tmp_path, codes, codes, A_ONE={"theme": "B", "definition": "e", "name": "One"}) == {
        ("A_ONE", "name"): ("A_ONE", "One", 2, 2, 0, 0, 0),
        ("A_ONE", "theme"): ("A", "B", 2, 2, 0, 0, 0),
        ("A_ONE", "definition"): ("d", "e", 2, 2, 0, 0, 0),
        ("all", "sentences"): ("1", "1", 2, 2, 0, 0, 0),
    }


def test_renamed_code_is_the_same_code(tmp_path):
    new = {"A_UNO": {"en": ["one"]}}
    assert changed(tmp_path, {"A_ONE": {"en": ["one"]}}, new, A_UNO={"from": ["A_ONE"], "name": "A_ONE"}) == {
        ("A_UNO", "renamed"): ("A_ONE", "A_UNO", 2, 2, 0, 0, 0),
        ("all", "sentences"): ("1", "1", 2, 2, 0, 0, 0),
    }


def test_split_and_merged_codes(tmp_path):
    old = {"A_ONE": {"en": ["one", "two"]}}
    split = {"A_ONE": {"en": ["one"]}, "A_TWO": {"en": ["two"]}}
    found = changed(tmp_path, old, split, A_TWO={"from": ["A_ONE"]})
    assert found["A_TWO", "split"] == ("A_ONE", "A_TWO", 3, 2, 0, 1, 1)
    assert found["all", "sentences"] == ("1", "1", 3, 3, 2, 1, 1)
    merged = changed(tmp_path, split, {"B_BOTH": {"en": ["one", "two"]}}, B_BOTH={"from": ["A_ONE", "A_TWO"]})
    assert merged["B_BOTH", "merged"] == ("A_ONE, A_TWO", "B_BOTH", 3, 3, 0, 0, 0)
    taken = changed(tmp_path, split, {"A_ONE": {"en": ["one", "two"]}}, A_ONE={"from": ["A_TWO"]})
    assert taken["A_ONE", "merged"] == ("A_ONE, A_TWO", "A_ONE", 3, 3, 0, 0, 0)
    assert ("A_TWO", "vanished") not in taken


# The printed codebook


class Tags(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.opened, self.text, self.attributes = [], "", []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.opened.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text += data


def test_page_of_the_shipped_codebook():
    book = read_codebook(ROOT / "config/codebook.yaml")
    page = codebook_page(book, title="Study <1>", banner="All data are synthetic.")
    assert page == codebook_page(book, title="Study <1>", banner="All data are synthetic.")
    tags = Tags(page)
    assert tags.opened.count("article") == len(book.codes) == 62
    assert tags.opened.count("h1") == 1
    assert not {"script", "link", "img", "iframe"} & set(tags.opened)
    assert not re.search(r"https?://|@import|url\(", page)
    assert ("lang", "en") in tags.attributes
    ids = [value for name, value in tags.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    assert {value[1:] for name, value in tags.attributes if name == "href"} <= set(ids)
    for code in book.codes.values():
        for words in (code.code, code.name, code.definition, code.include, code.exclude, code.source):
            assert words in tags.text
    for words in ("Study <1>", "All data are synthetic.", "starter-1", "not confirmed", "nicht zuletzt", "Portuguese"):
        assert words in tags.text
    assert "A4" in page


def test_page_runs_labels_in_and_lets_cues_go_on_overleaf():
    page = codebook_page(read_codebook(ROOT / "config/codebook.yaml"))
    assert page.count('<div class="definition"><dt>Definition</dt><dd>') == 62
    assert re.search(r"\.parts dt, \.parts dd \{ display: inline;", page)
    printed = page[page.index("@media print") : page.index("</style>")]
    assert not re.search(r"\.code\b[^{}]*\{[^}]*break-inside: avoid", printed)
    assert re.search(r"\.about-code\b[^{}]*\{[^}]*break-inside: avoid", printed)
    article = re.search(r'<article class="code".*?</article>', page, re.DOTALL)[0]
    assert article.index('class="about-code"') < article.index("</dl>\n</div>") < article.index("<table")


def test_page_shows_every_kind_of_cue_and_is_inert(tmp_path):
    cues = [
        "<b>x",
        "y*",
        {"lemma": "z"},
        {"regex": "<i>q+"},
        {"near": ["a", {"lemma": "b"}], "within": 1},
        {"not": "no y"},
    ]
    book = read_codebook(
        write(tmp_path, {"A_ONE": {"en": cues}, "A_TWO": {}}, A_ONE={"from": ["A_OLD"], "definition": "<script>d"})
    )
    tags = Tags(codebook_page(book))
    assert {"b", "i", "script"}.isdisjoint(tags.opened)
    row = re.search(r"English(<b>x.*?)A_TWO", tags.text, re.DOTALL)[1]
    assert (
        " ".join(row.split())
        == "<b>x · y* · any form z · pattern <i>q+ · a within 1 word of any form b · but not in no y"
    )
    assert "Without cues." in tags.text
    assert "Without codes." in tags.text
    assert "A_OLD" in tags.text


# The measurement


def test_halves_are_fixed_and_every_language_is_in_both():
    table = precoding.example()
    half = precoding.halves(table)
    assert [half[name] for name in sorted(half)].count("held out") == 8
    by = (
        table.drop_duplicates("interview")
        .groupby("language")["interview"]
        .agg(lambda names: {half[one] for one in names})
    )
    assert all(names == {"tuning", "held out"} for names in by)
    assert precoding.halves(table.sample(frac=1, random_state=1)) == half


def test_scores_by_hand():
    found = precoding.scores({1, 2, 3, 4}, {3, 4, 5})
    assert (found["labelled"], found["suggested"], found["right"]) == (4, 3, 2)
    assert (found["precision"], found["recall"], found["f1"]) == pytest.approx((200 / 3, 50, 400 / 7))
    assert precoding.scores(set(), set()) == {
        "labelled": 0,
        "suggested": 0,
        "right": 0,
        "precision": None,
        "recall": None,
        "f1": None,
    }
    assert precoding.scores({1}, set())["precision"] is None


def test_measurement_covers_every_label_once():
    table = precoding.measured()
    whole = table[table["name"] == "all suggestions"].set_index("half")
    for by in ("language", "theme"):
        parts = table[table["by"] == by].groupby("half")[["labelled", "suggested", "right"]].sum()
        for half, other in pairwise([*precoding.HALVES, precoding.HALVES[0]]):
            assert half != other
            assert parts.loc[half].tolist() == whole.loc[half, ["labelled", "suggested", "right"]].tolist()
