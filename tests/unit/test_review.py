"""The page on which transcripts are signed off: what it shows, where names may stand, and that no word becomes markup."""

from __future__ import annotations

import csv
import itertools
import re
from html.parser import HTMLParser

import pytest
from piloteval.intake import page as quality
from piloteval.intake.records import NAMES_OF, PATTERNED, RECORDS
from piloteval.intake.transcripts import Transcript, Turn
from piloteval.qualitative import review
from piloteval.qualitative.deidentify import Deidentified, DenyList, Entry, Replacement, Unknown, deidentify
from piloteval.qualitative.prepare import DIGITS, OUTDATED, SIGNED, UNSIGNED, Prepared, sign_offs

VOID = {"meta", "col"}


class Page(HTMLParser):
    """A page as its readers meet it: text, headings, tables, turns, code, and every tag with its attributes."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.headings, self.tables, self.open, self.said = [], [], [], [], []
        self.turns, self.marked, self.judged, self.codes, self.folded = [], [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.tags.append((tag, attrs))
        if tag not in VOID:
            self.open.append((tag, attrs))
        if tag in ("h1", "h2", "h3", "h4"):
            self.headings.append((int(tag[1]), ""))
        elif tag == "table":
            self.tables.append({"caption": "", "rows": [], "scopes": [], "class": attrs["class"]})
        elif tag == "tr":
            self.tables[-1]["rows"].append([])
        elif tag in ("th", "td"):
            self.tables[-1]["rows"][-1].append("")
            if tag == "th":
                self.tables[-1]["scopes"].append(attrs.get("scope"))
        elif tag == "p" and attrs.get("class", "").startswith("turn"):
            self.turns.append((attrs["class"].split()[1], ""))
        elif tag == "mark" and self.inside("talk"):
            self.marked.append((attrs["class"], ""))
        elif tag == "u" and self.inside("talk"):
            self.judged.append("")
        elif tag == "code" and self.inside("pre"):
            self.codes.append("")

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag, f"</{tag}> closes another tag"

    def inside(self, name):
        return any(name in (tag, *attrs.get("class", "").split()) for tag, attrs in self.open)

    def handle_data(self, data):
        if self.inside("style") or self.inside("title"):
            return
        self.said.append(data)
        if self.inside("details"):
            self.folded.append(data)
        if self.inside("turn"):
            role, text = self.turns[-1]
            self.turns[-1] = (role, text + data)
        if self.inside("mark") and self.inside("talk"):
            kind, text = self.marked[-1]
            self.marked[-1] = (kind, text + data)
        if self.inside("u") and self.inside("talk"):
            self.judged[-1] += data
        if self.inside("code") and self.inside("pre"):
            self.codes[-1] += data
        if any(self.inside(level) for level in ("h1", "h2", "h3")):
            level, text = self.headings[-1]
            self.headings[-1] = (level, text + data)
        elif self.inside("caption"):
            self.tables[-1]["caption"] += data
        elif self.inside("tr") and self.tables[-1]["rows"][-1]:
            self.tables[-1]["rows"][-1][-1] += data

    @property
    def text(self):
        return " ".join("".join(self.said).split())

    def table(self, style):
        return next(one for one in self.tables if one["class"] == f"wide {style}")["rows"]


ROLES = {"I": "interviewer", "P": "participant", "O": "other"}
TALK = (("I", "Who helped you?"), ("P", "Mara Vell did, on 3 May. Mara and Quorn, at Quorn."), ("O", "Mara?"))
CHANGES = (("Mara Vell", "person", "[colleague A]"), ("3 May", "date", "[date]"), ("Mara", "person", "[colleague A]"))


def prepared(*talk, interview="I01", language="en", changes=CHANGES, unknown=(("Quorn", "capital letter"),)):
    """Return a transcript with every mention replaced that is named, and every unknown word listed."""
    text, turns = "", []
    for label, speech in talk or TALK:
        start = len(text) + len(label) + 2
        turns.append(Turn(ROLES.get(label, "participant"), label, speech, start, start + len(speech)))
        text += f"{label}: {speech}\n"
    text = text.removesuffix("\n")
    made, taken = [], []
    for words, kind, shown, *way in changes:
        for found in re.finditer(re.escape(words), text):
            start, end = found.span()
            if not any(start < stop and begin < end for begin, stop in taken):
                taken.append((start, end))
                made.append(Replacement(start, end, kind, shown, *(way or ("list", words))))
    made.sort(key=lambda one: one.start)
    new, at = "", 0
    for one in made:
        new += text[at : one.start] + one.shown
        at = one.end
    words = [Unknown(*found.span(), word, why) for word, why in unknown for found in re.finditer(re.escape(word), text)]
    words.sort(key=lambda one: one.start)
    return Prepared(
        Transcript(interview, language, text, tuple(turns)), Deidentified(new + text[at:], tuple(made), tuple(words))
    )


def built(*transcripts, states=None, **more):
    return review.review_page(transcripts or [prepared()], states or {}, **{"title": "The pilot", **more})


def page(*args, **more):
    return Page(built(*args, **more))


def summary(text):
    return re.search(r'<p class="summary">(.*)</p>', text)[1]


# ---------------------------------------------------------------------------------------------------------- the top
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("yes no no outdated", "4 transcripts: 1 is signed off, 1 has changed since signed and 2 are open."),
        ("yes yes", "2 transcripts: 2 are signed off, 0 have changed since signed and 0 are open."),
        ("outdated outdated no", "3 transcripts: 0 are signed off, 2 have changed since signed and 1 is open."),
        ("no", "1 transcript: 0 are signed off, 0 have changed since signed and 1 is open."),
    ],
)
def test_states_are_counted(given, said):
    names = {f"I{number}": state for number, state in enumerate(given.split())}
    text = built(*(prepared(interview=name, unknown=()) for name in names), states=names)
    assert summary(text) == f"{said} No word is to be judged."


def test_words_to_judge_are_counted_once_a_transcript():
    assert summary(built()).endswith(" 1 word is to be judged.")
    assert summary(built(prepared(), prepared(interview="I02"))).endswith(" 2 words are to be judged.")


def test_table_of_all_transcripts():
    other = prepared(("P", "Nobody."), interview="I02", language="pt", unknown=())
    shown = page(prepared(), other, prepared(interview="I03", language="xx"), states={"I01": "yes", "I02": "outdated"})
    many = "3 persons, 1 date"
    assert shown.table("list") == [
        ["Interview", "Language", "Words", "Replaced", "Words to judge", "State"],
        ["I01", "English", "16", many, "1", "✓ Signed off"],
        ["I02", "Portuguese", "1", "–", "0", "▲ Changed since signed"],
        ["I03", "xx", "16", many, "1", "○ Open"],
    ]
    links = [attrs["href"] for tag, attrs in shown.tags if tag == "a" and re.fullmatch(r"#t\d+", attrs["href"])]
    assert links == ["#t1", "#t2", "#t3", "#t2", "#t3"]  # the table, then what comes next


def test_every_kind_is_counted_by_its_words_and_has_a_colour():
    assert set(review.KINDS) == {*NAMES_OF, *PATTERNED}
    assert {group for *_, group in review.KINDS.values()} == set(review.GROUPS)
    kinds = [*review.KINDS, "new kind"]
    talk = " ".join(f"w{number:02d}x w{number:02d}x" for number in range(len(kinds)))
    changes = [(f"w{number:02d}x", kind, f"[{kind}]") for number, kind in enumerate(kinds)]
    shown = page(prepared(("P", talk), changes=changes))
    told = shown.table("list")[1][3]
    assert told == ", ".join([*(f"2 {many}" for _, many, _ in review.KINDS.values()), "2 new kind"])
    colours = [one[2] for one in review.KINDS.values()]
    assert [kind for kind, _ in shown.marked[::2]] == [*colours, "else"]
    assert all(f".{group} {{" in review._CSS for group in review.GROUPS)


def test_a_transcript_without_a_state_is_open():
    assert page(states={"I99": SIGNED}).table("list")[1][-1] == "○ Open"
    assert set(review.STATES) == {SIGNED, OUTDATED, UNSIGNED}


def test_how_sign_off_works():
    text = page(signoff="data/interviews/signoff.csv").text
    for sentence in (
        "Read the transcript from its beginning to its end.",
        "into the deny-list with kind, text, role and same_as, and words that name nobody with the kind harmless, then run",
        "copy the line below the transcript into the sign-off list data/interviews/signoff.csv, with your name and the day.",
        "The line is bound to exactly this text, so any change of the text asks for a new reading.",
        "Names that are on no list.",
        "What only people there would recognise",
        "Rare events",
        "Restricted: this page holds words of participants",
    ):
        assert sentence in text
    assert "There is no sign-off list yet." not in text


def test_a_study_without_a_sign_off_list_is_told_how_to_begin_one():
    text = page().text
    assert "There is no sign-off list yet." in text
    assert "with the header interview,sha256,signed_by,signed_on, and" in text


def test_the_columns_are_those_that_are_read():
    for kind, columns in (("signoff", review.SIGNOFF_COLUMNS), ("deny_list", review.DENY_LIST_COLUMNS)):
        assert columns.split(",") == [one.name for one in RECORDS[kind][0]]


def test_an_empty_study():
    text = review.review_page([], {}, title="The pilot")
    assert summary(text) == "There are no transcripts."
    assert "No transcript was received of an interview that may be heard." in text


def test_banner_and_title():
    shown = page(banner="The data are synthetic.")
    assert shown.text.startswith("Transcripts to sign off The pilot The data are synthetic. Restricted:")
    assert "<title>Transcripts to sign off – The pilot</title>" in built()
    assert "<title>Transcripts to sign off</title>" in built(title="")
    assert built().count('role="note"') == 1


# ------------------------------------------------------------------------------------------------------ a transcript
def test_the_dialogue_is_the_text_that_is_signed():
    one = prepared()
    shown = page(one)
    assert "\n".join(text for _, text in shown.turns) == one.found.text
    assert [role for role, _ in shown.turns] == ["interviewer", "participant", "other"]
    assert shown.marked == [
        ("who", "[colleague A]"),
        ("when", "[date]"),
        ("who", "[colleague A]"),
        ("who", "[colleague A]"),
    ]
    assert shown.judged == ["Quorn", "Quorn"]


def test_a_real_transcript_is_shown_as_it_was_replaced():
    received = prepared(
        ("I", "How was Frau Haslinger?"),
        ("P", "Frau Haslinger war um 14:30 da, mit Haslingers Kollegin [lacht]. Mail: a.b@example.org"),
        ("P", "Der Zwettlhuber und die Haslinger."),
        language="xx",  # no dictionary to load
        changes=(),
        unknown=(),
    ).received
    speech = [(turn.start, turn.end) for turn in received.turns]
    deny = DenyList([Entry("person", "Haslinger", "manager")])
    one = Prepared(received, deidentify(received.text, "xx", deny, speech=speech))
    shown = page(one)
    assert "\n".join(text for _, text in shown.turns) == one.found.text
    assert [text for _, text in shown.marked] == [change.shown for change in one.found.replacements]
    assert len(shown.marked) >= 4 and shown.judged == [word.word for word in one.found.unknown]


def test_a_word_to_judge_that_was_replaced_in_part_is_not_marked_twice():
    one = prepared(("P", "Then Mara Quorn came."), changes=(("Mara", "person", "[x]"),), unknown=(("Mara Quorn", "m"),))
    shown = page(one)
    assert shown.turns[0][1] == "P: Then [x] Quorn came."
    assert shown.marked == [("who", "[x]")] and shown.judged == []
    assert shown.table("judge")[1][0] == "Mara Quorn"


def test_marks_that_overlap_repeat_no_word():
    one = prepared(("P", "So Quorn Hill came."), changes=(), unknown=(("Quorn Hill", "model: LOC"), ("Hill came", "m")))
    shown = page(one)
    assert shown.turns[0][1] == "P: So Quorn Hill came."
    assert shown.judged == ["Quorn Hill", " came"]


def test_the_language_is_told_where_it_is_spoken():
    shown = page(prepared(language="fr"), prepared(interview="I02", language='x" onload="'))
    talks = [attrs for _, attrs in shown.tags if attrs.get("class") == "talk"]
    assert talks == [{"class": "talk", "lang": "fr", "dir": "ltr"}, {"class": "talk", "lang": "", "dir": "ltr"}]
    assert shown.tags[0] == ("html", {"lang": "en", "dir": "ltr"})
    assert {attrs["lang"] for tag, attrs in shown.tags if tag == "mark" and "lang" in attrs} == {"en"}


def test_words_to_judge_lead_to_their_turns():
    talk = [("P", f"Turn {number} of Quorn.") for number in range(1, 12)]
    text = built(
        prepared(*talk, ("P", "Tuvel, Tuvel."), unknown=(("Tuvel", "model: PER"), ("Quorn", "capital letter")))
    )
    assert Page(text).table("judge") == [
        ["Word", "Why", "Times", "Turns"],
        ["Quorn", "capital letter", "11", "1, 2, 3, 4, 5, 6, 7, 8 and 3 more"],
        ["Tuvel", "model: PER", "2", "12"],
    ]
    assert '<a href="#t1-12">12</a>' in text and '<p class="turn participant" id="t1-12">' in text


def test_words_to_judge_as_lines_of_the_deny_list():
    one = prepared(("P", 'A Quorn, B "Q, R" and Quorn.'), unknown=(("Quorn", "a"), ("Quorn", "b"), ('"Q, R"', "c")))
    lines = list(csv.reader(page(one).codes[0].splitlines()))
    # The kind is for the reader to write: a line without one is set aside, so nothing is judged by pasting it.
    assert lines == [["", "Quorn", "", ""], ["", '"Q, R"', "", ""]]


def test_no_word_to_judge():
    shown = page(prepared(unknown=()))
    assert "The machine marked no word. That is no proof that no name is left." in shown.text
    assert len(shown.codes) == 1


def test_what_was_replaced():
    changes = (
        ("Maras", "person", "[colleague A]", "list (inflected)", "Mara"),
        ("Mora", "person", "[colleague A]", "list (spelling)", "Mara"),
        ("Mara", "person", "[colleague A]", "list", "Mara"),
        ("a@b.example", "email", "[e-mail address]", "pattern", ""),
        ("Hill", "place", "[place]", "some new way", ""),
    )
    talk = ("P", "a@b.example Mara Maras Mora, Mara, Hill")
    shown = page(prepared(talk, changes=changes))
    assert shown.table("replaced") == [
        ["Received", "Shown", "Kind", "How it was found", "Times"],
        ["Mara", "[colleague A]", "person", "on the deny-list", "2"],
        ["Maras", "[colleague A]", "person", "on the deny-list as Mara, inflected", "1"],
        ["Mora", "[colleague A]", "person", "on the deny-list as Mara, in another spelling", "1"],
        ["Hill", "[place]", "place", "some new way", "1"],
        ["a@b.example", "[e-mail address]", "e-mail address", "by its form", "1"],
    ]


def test_received_names_stand_only_in_the_folded_list_which_is_not_printed():
    text = built()
    shown = Page(text)
    for name in ("Mara", "Vell", "3 May"):
        assert name in "".join(shown.folded)
        assert "".join(shown.said).count(name) == "".join(shown.folded).count(name)
    assert not [attrs for _, attrs in shown.tags if {"title", "alt", "open"} & set(attrs)]
    assert not any("Mara" in value for _, attrs in shown.tags for value in attrs.values())
    assert re.search(r"@media print \{.*\bdetails \{ display: none; \}", review._CSS, re.DOTALL)


def test_nothing_replaced():
    assert "What was replaced Nothing." in page(prepared(changes=())).text


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (UNSIGNED, "Sign-off When nothing is left, copy this line into the sign-off list, with your name and the day:"),
        (OUTDATED, "Sign-off The text is not the one that was signed: read it again. When nothing is left, copy this"),
        (SIGNED, "Sign-off This text is signed off as it stands here. Another reader can sign it too, with the same"),
    ],
)
def test_the_state_is_told_at_the_transcript(state, said):
    shown = page(states={"I01": state})
    assert said in shown.text
    assert (2, f"I01 English, 16 words {shown.table('list')[1][-1]}") in shown.headings


@pytest.mark.parametrize("interview", ["I01", "AT, 1", 'the "first"'])
def test_the_line_signs_this_text_and_no_other(interview):
    one = prepared(interview=interview)
    line = next(csv.reader([page(one).codes[-1]]))
    assert line == [interview, one.digest[:16], "your name", "YYYY-MM-DD"]
    assert len(line) == len(review.SIGNOFF_COLUMNS.split(",")) and review.DIGEST >= DIGITS
    record = dict(zip(review.SIGNOFF_COLUMNS.split(","), line, strict=True))
    assert sign_offs([one], [record]) == {interview: SIGNED}
    assert sign_offs([prepared(("P", "Other."), interview=interview)], [record]) == {interview: OUTDATED}


# ------------------------------------------------------------------------------------------------- the page as such
def typical():
    other = prepared(interview="I02", language="nl", unknown=())
    return built(
        prepared(), other, prepared(interview="I03"), states={"I01": SIGNED, "I02": OUTDATED}, banner="Made up."
    )


@pytest.mark.parametrize("make", [typical, lambda: review.review_page([], {}, title="")])
def test_headings_tables_links_and_ids_are_in_order(make):
    shown = Page(make())
    levels = [level for level, _ in shown.headings]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    assert [text for _, text in shown.headings[1:4]] == [
        "All transcripts",
        "How to sign off",
        "What the machine does not find",
    ]
    assert shown.open == []
    ids = [attrs["id"] for _, attrs in shown.tags if "id" in attrs]
    assert len(ids) == len(set(ids)) and all(re.fullmatch(r"[a-z][a-z0-9-]*", one) for one in ids)
    assert {attrs["aria-labelledby"] for _, attrs in shown.tags if "aria-labelledby" in attrs} <= set(ids)
    assert {attrs["href"].removeprefix("#") for tag, attrs in shown.tags if tag == "a"} <= set(ids)
    for one in shown.tables:
        head, *body = one["rows"]
        assert one["caption"] and one["scopes"] == ["col"] * len(head) + ["row"] * len(body)
        assert {len(row) for row in body} == {len(head)}


def test_the_page_needs_nothing_from_elsewhere():
    text = typical()
    shown = Page(text)
    assert text.startswith('<!DOCTYPE html>\n<html lang="en" dir="ltr">')
    policy = next(attrs["content"] for _, attrs in shown.tags if attrs.get("http-equiv") == "Content-Security-Policy")
    assert policy == quality.POLICY == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    assert "http" not in text.replace("http-equiv", "")
    assert not re.search(r"url\(|@import|@font-face", text)
    assert not {tag for tag, _ in shown.tags} & {"script", "link", "img", "iframe", "form", "object", "svg", "base"}


def test_the_page_is_of_the_family_of_the_data_quality_page():
    variables = re.compile(r":root \{.*?\n\}", re.DOTALL)
    assert variables.search(review._CSS)[0] == variables.search(quality._CSS)[0]


def test_transcripts_begin_on_a_new_page_of_paper():
    paper = review._CSS.split("@media print")[1]
    assert "size: A4" in paper and ".transcript { margin: 0; break-before: page; }" in paper


def test_same_input_same_page():
    assert typical() == typical()


def test_a_large_study_is_small():
    speech = "Mara said that nothing of it helped me at Quorn then, and so on 3 May I went home. " * 6
    talk = [(label, speech) for _ in range(10) for label in "IP"]
    study = [prepared(*talk, interview=f"I{number:02d}") for number in range(64)]
    assert sum(len(turn.speech.split()) for turn in study[0].received.turns) > 2000
    assert len(built(*study).encode()) < 5_000_000


# ------------------------------------------------------------------------------------------------- hostile words
PAYLOADS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    '" style="position:fixed" x="',
    "</style><script>1</script>",
    "</p></div></section></main><h1>Owned</h1>",
    "</mark></u></code></pre></details>",
    "<!-- open",
    "]]><![CDATA[<b>",
    "<svg onload=1>",
    "&lt;b&gt;&#60;i&#62;&amp",
    "[click](javascript:alert(1)) ![x](data:x)",
    "{{7*7}} ${7*7} {0} {} %s",
    "=cmd|' /C calc'!A0",
    "</title><meta charset=x>",
    "a\u202egpj.exe\u2066\u200b\u0000\u001b[31m\u2028end",
]


def shape(text):
    return [(tag, sorted(attrs), attrs.get("class")) for tag, attrs in Page(text).tags]


def everywhere(words):
    """Build a page with the same words wherever something comes from outside.

    The first turn has them as plain speech, to judge, before what is replaced, replaced, and as plain speech again.
    """
    parts = [words, " ", words, " & ", "name", f" {words} ", words, f" {words}"]
    ends = list(itertools.accumulate(map(len, parts), initial=0))
    places = list(itertools.pairwise(ends))
    text = "".join(parts)
    changes = (
        Replacement(*places[4], "person", words, "list (spelling)", words),
        Replacement(*places[6], words, f"[{words}]", words, words),
    )
    turns = (Turn("participant", words, text, 0, len(text)), Turn(words, words, "", len(text), len(text)))
    new = "".join([*parts[:4], words, parts[5], f"[{words}]", parts[7]])
    found = Deidentified(new, changes, (Unknown(*places[2], words, words),))
    one = Prepared(Transcript(words, words, text, turns), found)
    return built(one, one, states={words: OUTDATED}, title=words, banner=words, signoff=words)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_hostile_words_are_inert(payload):
    text = everywhere(payload)
    assert shape(text) == shape(everywhere("plain words"))
    for _, attrs in Page(text).tags:
        assert not [name for name in attrs if name.startswith("on") or name in ("src", "style")]
        assert re.fullmatch(r"#(list|t\d+(-\d+)?)", attrs.get("href", "#list"))
        assert attrs.get("lang", "") in ("", "en")


@pytest.mark.parametrize("payload", PAYLOADS[:-1])
def test_hostile_words_are_still_read_as_they_are(payload):
    shown = Page(everywhere(payload))
    assert shown.turns[0][1] == f"{payload}: {payload} {payload} & {payload} {payload} [{payload}] {payload}"
    assert shown.marked[:2] == [("who", payload), ("else", f"[{payload}]")]
    assert shown.judged[0] == payload
    assert shown.table("replaced")[1] == [
        "name",
        payload,
        "person",
        f"on the deny-list as {payload}, in another spelling",
        "1",
    ]
    assert shown.table("replaced")[2] == [payload, f"[{payload}]", payload, payload, "1"]
    assert shown.table("judge")[1][:2] == [payload, payload]
    assert next(csv.reader([shown.codes[0]])) == ["", payload, "", ""]
    assert next(csv.reader([shown.codes[1]]))[0] == payload


def test_characters_that_are_not_seen_become_blanks():
    text = built(prepared(("P", "a\u202eb\u200b \u0000c"), interview="I\u2066\u202e1"))
    shown = Page(text)
    assert shown.turns[0][1] == "P: a b   c"
    assert shown.table("list")[1][0] == "I 1"
    assert all(one.isprintable() or one == "\n" for one in text)
    assert page(prepared(interview="\u202e")).table("list")[1][0] == "without a name"
