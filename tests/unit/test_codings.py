"""Codings come in from every program: the same passages, found by their words, or told."""

import csv
from pathlib import Path

import pandas as pd
import pytest
from faults import project_of_a_coder, rewritten
from piloteval.intake import refi
from piloteval.intake.codings import read_codings
from piloteval.intake.gate import Gate
from piloteval.intake.sheet import Source
from piloteval.qualitative.prepare import moved
from test_coding_tools import QUALCODER, TAGUETTE, build, octets, units

#: As received, and as coders are given it: an emoji, a combining mark, a repeated word, and names of other lengths.
RAW = "I: Wie geht's?\nP: Anna Berg half mir 😀. Ja.\nP: Dann kam Dr. Müller, q\u0301s war gut. Ja."
BARE = "I: Wie geht's?\nP: [nurse A] half mir 😀. Ja.\nP: Dann kam [doctor], q\u0301s war gut. Ja."
REPLACED = (("Anna Berg", "[nurse A]"), ("Dr. Müller", "[doctor]"))
#: Code, words in the text without names, and which of several times they are said.
SAID = [
    ("A_ONE", "[nurse A] half mir 😀.", 0),
    ("B_TWO", "q\u0301s war gut", 0),
    ("A_ONE", "Ja.", 1),
    ("B_TWO", "Dann kam [doctor]", 0),
]
CODES = {"A_ONE": "One", "B_TWO": "Two"}
TEXTS = {"I1": RAW, "I2": "P: Something else altogether."}


def place(text, words, time=0):
    start = -1
    for _each in range(time + 1):
        start = text.index(words, start + 1)
    return start, start + len(words)


def table(path, text=BARE, numbers=True):
    with path.open("w", encoding="utf-8", newline="") as handle:
        write = csv.writer(handle)
        write.writerow(["coder", "interview", "code", "start", "end", "quote"])
        for code, words, time in SAID:
            start, end = place(text, words, time)
            write.writerow(["c1", "I1", code, start if numbers else "", end if numbers else "", words])
    return path


def exchanged(path, text=BARE, origin="piloteval", unit=len, line_end="\n"):
    """Write a project as a program does that counts signs in its own way; the passages are named by their words."""
    passages, codes = [], tuple(refi.Code(refi.guid(code), f"{code}: {name}") for code, name in CODES.items())
    user = refi.User(refi.guid("user"), "Erika Muster")
    for code, words, time in SAID:
        start, end = place(text, words, time)
        own = refi.Coding(refi.guid("coding", start, code), refi.guid(code), user.guid)
        passages.append(refi.Selection(refi.guid(start, code), start, end, words, codings=(own,)))
    source = refi.Source(refi.guid("text"), "I1.docx", text, selections=tuple(passages))
    data = refi.write_project(refi.Project("p", origin, (user,), codes, sources=(source,)))
    for one in passages:
        told = [unit(text[:at].replace("\n", line_end)) for at in (one.start, one.end)]
        before = f'startPosition="{one.start}" endPosition="{one.end}"'
        data = (
            rewritten(data, before, f'startPosition="{told[0]}" endPosition="{told[1]}"')
            if told != [one.start, one.end]
            else data
        )
    path.write_bytes(data)
    return path


def qualcoder(path, text=BARE):
    rows = []
    for code, words, time in SAID:
        start, end = place(text, words, time)
        at = {"pos0": units(text[:start]), "pos1": units(text[:end])}
        rows.append(
            {
                "cid": list(CODES).index(code) + 1,
                "fid": 1,
                "seltext": words,
                "owner": "Erika Muster",
                "memo": "",
                "date": "",
                **at,
            }
        )
    return build(
        path, QUALCODER,
        {
            "project": [{"databaseversion": "v14", "about": "QualCoder 3.7"}],
            "source": [{"id": 1, "name": "I1", "fulltext": text, "owner": "x", "memo": "", "date": ""}],
            "code_name": [{"cid": n, "name": code, "memo": "", "owner": "x", "color": "#AABBCC"} for n, code in enumerate(CODES, 1)],
            "code_text": rows,
        },
    )  # fmt: skip


def taguette(path, text=BARE):
    rows, tags = [], []
    for number, (code, words, time) in enumerate(SAID, 1):
        start, end = place(text, words, time)
        at = {"start_offset": octets(text[:start]), "end_offset": octets(text[:end])}
        rows.append({"id": number, "document_id": 1, "snippet": words, **at})
        tags.append({"highlight_id": number, "tag_id": list(CODES).index(code) + 1})
    about = {
        "name": "I1",
        "description": "",
        "filename": "I1.txt",
        "created": "",
        "project_id": 1,
        "text_direction": "LEFT_TO_RIGHT",
    }
    return build(
        path, TAGUETTE,
        {
            "projects": [{"id": 1, "name": "p", "description": "", "created": ""}],
            "documents": [{"id": 1, "contents": text, **about}],
            "tags": [{"id": n, "project_id": 1, "path": f"theme.{code}", "description": ""} for n, code in enumerate(CODES, 1)],
            "highlights": rows,
            "highlight_tags": tags,
        },
    )  # fmt: skip


def markup(path, text=BARE):
    marks = sorted(
        (place(text, words, time)[side], ("<", "</")[side] + f"{code}>")
        for code, words, time in SAID
        for side in (0, 1)
    )
    for at, mark in reversed(marks):
        text = text[:at] + mark + text[at:]
    path.write_text(text, encoding="utf-8")
    return path


FORMS = {
    "table.csv": table,
    "without_numbers.csv": lambda path: table(path, numbers=False),
    "own.qdpx": exchanged,
    "nvivo.qdpx": lambda path: exchanged(path, origin="NVivo 15", unit=units),
    "from_one.qdpx": lambda path: exchanged(path, origin="Some program", unit=lambda text: len(text) + 1),
    "raw.qdpx": None,
    "data.qda": qualcoder,
    "taguette.sqlite3": taguette,
    "marks.txt": markup,
}


def read(path, texts=None, gate=None, unit="c1"):
    source = Source(line=2, source="s", kind="coding", path=str(path), unit=unit)
    return read_codings([source], texts or TEXTS, CODES, gate=gate)


def in_bare(records):
    """Return code and words of records in the text without names, as the rule moves them there."""
    rows, shift = [], 0
    for received, shown in REPLACED:
        start = RAW.index(received)
        rows.append(("I1", start, start + len(received), start + shift, start + shift + len(shown)))
        shift += len(shown) - len(received)
    replacements = pd.DataFrame(rows, columns=["interview", "start", "end", "new_start", "new_end"])
    texts = pd.DataFrame([("I1", BARE)], columns=["interview", "text"])
    kept = pd.DataFrame(records)[["coder", "interview", "code", "start", "end", "quote"]]
    return sorted(
        (one["code"], one["start"], one["quote"]) for one in moved(kept, replacements, texts).to_dict("records")
    )


@pytest.mark.parametrize("name", [name for name, make in FORMS.items() if make])
def test_the_same_codings_from_every_program(tmp_path, name):
    """Coders worked on the text without names; whatever their program, the words they marked are found."""
    found = read(FORMS[name](tmp_path / name))
    assert [one for one in found.problems if one.level != "NOTE"] == [] or name == "without_numbers.csv"
    assert {one["coder"] for one in found.records} == {"c1"}
    for one in found.records:
        assert RAW[one["start"] : one["end"]] == one["quote"]
    wanted = sorted((code, place(BARE, words, time)[0], words) for code, words, time in SAID)
    if name == "without_numbers.csv":  # a word that is said twice is nowhere without a number
        wanted = [one for one in wanted if one[2] != "Ja."]
        assert [one.rule for one in found.problems] == ["coding.quote"]
    assert in_bare(found.records) == wanted
    assert found.ledger[0]["rows_read"] == len(found.records) + found.ledger[0]["quarantined"]
    assert "Erika" not in "".join(one.sentence() for one in found.problems)


def test_passages_on_the_text_as_received_stay_as_they_are(tmp_path):
    (tmp_path / "x.qdpx").write_bytes(project_of_a_coder(RAW, name="I1", codes=CODES, words=("Anna", "Ja.\n")))
    found = read(tmp_path / "x.qdpx")
    assert found.problems == []
    assert [one["quote"] for one in found.records] == ["Anna", "Ja.\n"]


def test_highlights_of_taguette_as_a_table(tmp_path):
    path = tmp_path / "highlights.csv"
    rows = [
        ["id", "document", "tag", "content"],
        ["1", "I1.txt", "theme.A_ONE", "half mir 😀."],
        ["2", "I9", "B_TWO", "x"],
        ["3", "I1", "B_TWO", "Ja."],
    ]
    with path.open("w", encoding="utf-8", newline="") as handle:
        csv.writer(handle).writerows(rows)
    found = read(path)
    assert [(one["interview"], one["code"], one["quote"]) for one in found.records] == [("I1", "A_ONE", "half mir 😀.")]
    assert [one.sentence() for one in found.problems] == [
        f"{path}, row 3, column document: the document is none of the transcripts. Name the text as its interview, or "
        "code the text as it was exported. (row set aside)",
        f"{path}, row 4, column quote: its words stand at several places, and the number tells none of them. Export the "
        "codings again from the program they were made in, with the text that was coded. (coding set aside)",
    ]
    assert found.ledger[0] == {"source": "s", "kind": "coding", "wave": "", "rows_read": 3, "quarantined": 2, "excluded": 0, "withdrawn": 0}  # fmt: skip
    assert [one.rule for one in read(path, unit="").problems][:1] == ["coding.coder"]


@pytest.mark.parametrize("name", [name for name, make in FORMS.items() if make])
def test_codings_of_who_withdrew_are_passed_over_unread(tmp_path, name):
    """The interview is not among the texts; nothing of its codings comes in, and a person is told to delete them."""
    gate = Gate(interviews={"I1": "withdrawn"})
    path = FORMS[name](tmp_path / name)
    found = read(path, {"I2": TEXTS["I2"]}, gate)
    assert found.records == []
    if name == "marks.txt":  # marks in a text of no name belong to no transcript, whoever spoke
        assert [one.rule for one in found.problems] == ["coding.source"]
        assert found.quarantine[0]["value"] == ""
        return
    assert {one.rule for one in found.problems} <= {"coding.left-out"} and found.quarantine == []
    assert (found.ledger[0]["rows_read"], found.ledger[0]["withdrawn"]) == (len(SAID), len(SAID))
    source = Source(line=2, source="s", kind="coding", path=str(path), unit="c1")
    whole = "the row" if path.suffix == ".csv" else "the text and its codings, in the coding program"
    assert {one["delete"] for one in gate.to_delete([source])} == {whole}


def test_coders_of_one_file_are_told_apart_and_their_names_stay_in_it(tmp_path):
    (tmp_path / "two.qdpx").write_bytes(project_of_a_coder(RAW, name="I1", codes=CODES, words=("Anna", "Ja.\n"), users=("Erika Muster", "Max Mann")))  # fmt: skip
    found = read(tmp_path / "two.qdpx", unit="")
    assert {one["coder"] for one in found.records} == {f"coder-{refi.guid('user', name)[:8]}" for name in ("Erika Muster", "Max Mann")}  # fmt: skip
    assert found.problems == []


def test_suggestions_that_come_back_are_no_codings_of_a_person(tmp_path):
    """What was exported stands under the name of the dictionary; it is known by its id, or by the cue in its memo."""
    start, end = place(RAW, "half mir")
    machine, human = refi.User(refi.guid("user", refi.DICTIONARY), refi.DICTIONARY), refi.User(refi.guid("h"), "c")
    source = refi.source_guid("I1", RAW)
    spot = (source, start, end, "A_ONE", refi.DICTIONARY)
    own = refi.Coding(refi.guid("coding", *spot), refi.code_guid("A_ONE"), machine.guid)
    passages = (
        refi.Selection(refi.guid("selection", *spot), start, end, "half mir", codings=(own,)),
        refi.Selection(refi.guid("a"), start, end, "half mir", "cue: half", codings=(refi.Coding(refi.guid("b"), refi.code_guid("B_TWO"), machine.guid),)),
        refi.Selection(refi.guid("c"), 3, 6, "Wie", codings=(refi.Coding(refi.guid("d"), refi.code_guid("B_TWO"), machine.guid),)),
        refi.Selection(refi.guid("e"), 3, 6, "Wie", codings=(refi.Coding(refi.guid("f"), refi.code_guid("A_ONE"), human.guid),)),
    )  # fmt: skip
    codes = tuple(refi.Code(refi.code_guid(code), code) for code in CODES)
    project = refi.Project("p", users=(human, machine), codes=codes, sources=(refi.Source(source, "I1", RAW, selections=passages),))  # fmt: skip
    refi.write_project(project, tmp_path / "p.qdpx")
    found = read(tmp_path / "p.qdpx")
    assert [(one["code"], one["quote"]) for one in found.records] == [("A_ONE", "Wie")]
    (told,) = found.problems
    assert told.sentence() == (
        f"{tmp_path}/p.qdpx: 1 codings stand under the name of the dictionary and are none of its suggestions. Let "
        "coders work under a name of their own and give these codes again. (codings set aside)"
    )
    assert (found.ledger[0]["rows_read"], found.ledger[0]["quarantined"]) == (2, 1)


def test_a_text_that_was_changed_is_searched_by_words_and_what_is_gone_is_told(tmp_path):
    changed = RAW.replace("Wie geht's", "Wie geht es Ihnen").replace("war gut", "war schlecht")
    (tmp_path / "x.qdpx").write_bytes(project_of_a_coder(changed, name="I1", codes=CODES, words=("half mir 😀", "war schlecht")))  # fmt: skip
    found = read(tmp_path / "x.qdpx")
    assert [one["quote"] for one in found.records] == ["half mir 😀"]
    assert [one.sentence() for one in found.problems] == [
        f"{tmp_path}/x.qdpx, row 2, column quote: its words stand nowhere in the transcript. Export the codings again "
        "from the program they were made in, with the text that was coded. (coding set aside)",
        f"{tmp_path}/x.qdpx, row 1, column start: a passage was not at the place given and found by the words, up to 7 "
        "signs away. Check some of them; places count the signs of the text from 0, with one sign for a line end.",
    ]


def test_a_text_without_a_name_is_told_by_its_words(tmp_path):
    (tmp_path / "x.qdpx").write_bytes(project_of_a_coder(BARE, name="document 7", codes=CODES, words=("half mir", "war gut")))  # fmt: skip
    found = read(tmp_path / "x.qdpx")
    assert {one["interview"] for one in found.records} == {"I1"}
    twins = {"I1": RAW, "I2": RAW}
    found = read(tmp_path / "x.qdpx", twins)
    assert [one.rule for one in found.problems] == ["coding.source"]


def test_the_example_comes_in_as_the_simulator_meant_it():
    """The project of the second coder holds the text without names; its passages are those of the text as received."""
    root = Path(__file__).resolve().parents[2]
    project = refi.read_project(root / "data/example/codings/coder-b.qdpx")
    assert len(project.sources) == 5
    assert any("[" in one.text for one in project.sources)
