"""Codings made in QualCoder, in Taguette and as marks in a text: read as they are, or refused in plain words."""

from __future__ import annotations

import html
import json
import random
import re
import sqlite3
import time
from contextlib import closing
from html.parser import HTMLParser

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from piloteval.intake import coding_tools, refi
from piloteval.intake.catalogue import RULES
from piloteval.intake.coding_tools import (
    html_text,
    is_taguette_table,
    read_coding_tool,
    read_markup,
    read_qualcoder,
    read_taguette,
)
from piloteval.intake.guards import Refused

FULL = settings.default.max_examples > 1000
tried = settings(
    max_examples=1000 if FULL else 80,
    deadline=None,
    derandomize=not FULL,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)

#: Tables of QualCoder: those of a new project of 4.0 Beta (github.com/ccbogel/QualCoder, src/qualcoder/__main__.py,
#: new_project(), commit 002f8faeadefa431c422b8dc7fcd9a0c3d5a5c2d, database v16).
QUALCODER = {
    "project": "databaseversion text, date text, memo text, about text, bookmarkfile integer, bookmarkpos integer, "
    "codername text, recently_used_codes text, avbookmarkfile integer, avbookmarkmsec integer, avbookmarktext integer",
    "source": "id integer primary key, name text, fulltext text, mediapath text, memo text, owner text, date text, "
    "av_text_id integer, risid integer, unique(name)",
    "code_image": "imid integer primary key, id integer, x1 integer, y1 integer, width integer, height integer, "
    "cid integer, memo text, date text, owner text, important integer, pdf_page integer",
    "code_av": "avid integer primary key, id integer, pos0 integer, pos1 integer, cid integer, memo text, date text, "
    "owner text, important integer",
    "annotation": "anid integer primary key, fid integer, pos0 integer, pos1 integer, memo text, owner text, "
    "date text, unique(fid, pos0, pos1, owner)",
    "attribute": "attrid integer primary key, name text, attr_type text, value text, id integer, date text, "
    "owner text, unique(name, attr_type, id)",
    "cases": "caseid integer primary key, name text, memo text, owner text, date text, constraint ucm unique(name)",
    "code_cat": "catid integer primary key, name text, owner text, date text, memo text, supercatid integer, "
    "unique(name)",
    "code_text": "ctid integer primary key, cid integer, fid integer, seltext text, pos0 integer, pos1 integer, "
    "owner text, date text, memo text, avid integer, important integer, unique(cid, fid, pos0, pos1, owner)",
    "code_name": "cid integer primary key, name text, memo text, catid integer, owner text, date text, color text, "
    "supercid integer, unique(name)",
    "journal": "jid integer primary key, name text, jentry text, date text, owner text, unique(name)",
    "coder_names": "name text unique not null, visibility integer not null default 1 check (visibility in (0, 1))",
}
#: What v14 (QualCoder 3.7) did not have: columns in open_project(), same file.
OLDER = QUALCODER | {
    "project": QUALCODER["project"].partition(", avbookmarkfile")[0],
    "code_name": QUALCODER["code_name"].replace("supercid integer, ", ""),
}
#: v1 (QualCoder 1.0): neither ctid nor importance, nor the tables of coders.
OLDEST = {name: columns for name, columns in OLDER.items() if name != "coder_names"} | {
    "project": "databaseversion text, date text, memo text, about text",
    "source": "id integer primary key, name text, fulltext text, mediapath text, memo text, owner text, date text",
    "code_text": "cid integer, fid integer, seltext text, pos0 integer, pos1 integer, owner text, date text, memo text",
}
#: Every QualCoder since 3.6 makes this view in its projects.
VIEW = (
    "create view code_text_visible as select t.* from code_text t where not exists "
    "(select 1 from coder_names c where c.name = t.owner and c.visibility = 0)"
)

#: Tables of Taguette (github.com/remram44/taguette, taguette/database/models.py, commit 00cc79db; as SQL also in
#: QualCoder's src/qualcoder/taguette.py).
TAGUETTE = {
    "projects": "id integer not null primary key autoincrement, name varchar(200) not null, "
    "description text not null, created datetime not null",
    "users": "login varchar(30) not null primary key, created datetime not null, hashed_password varchar(192)",
    "project_members": "project_id integer not null, user_login varchar(30) not null, privileges varchar(11) not null",
    "documents": "id integer not null primary key autoincrement, name varchar(200) not null, description text not "
    "null, filename varchar(200) not null, created datetime not null, project_id integer not null references "
    "projects (id), text_direction varchar(13) not null check (text_direction in ('LEFT_TO_RIGHT', "
    "'RIGHT_TO_LEFT')), contents text not null",
    "commands": "id integer not null primary key autoincrement, date datetime not null, user_login varchar(30) not "
    "null, project_id integer not null, document_id integer, payload text not null",
    "tags": "id integer not null primary key autoincrement, project_id integer not null, path varchar(200) not null, "
    "description text not null, unique (project_id, path)",
    "highlights": "id integer not null primary key autoincrement, document_id integer not null, start_offset integer "
    "not null, end_offset integer not null, snippet text not null",
    "highlight_tags": "highlight_id integer not null, tag_id integer not null, primary key (highlight_id, tag_id)",
    "alembic_version": "version_num varchar(32) not null primary key",
}
#: Since the migration 63d7ca28fc0c of October 2024, tags may have parents.
TAGUETTE_NEW = TAGUETTE | {"tags": TAGUETTE["tags"].replace("unique", "parent_id integer, unique")}


def build(path, tables, rows, *more):
    """Write a database: rows of a table are dicts; what else is to be done is SQL."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        for name, columns in tables.items():
            connection.execute(f"create table {name} ({columns})")
        for name, many in rows.items():
            for row in many:
                marks = ", ".join("?" * len(row))
                connection.execute(f"insert into {name} ({', '.join(row)}) values ({marks})", list(row.values()))
        for one in more:
            connection.execute(one)
        connection.commit()
    return path


def refused(reader, *given):
    with pytest.raises(Refused) as caught:
        reader(*given)
    one = caught.value.finding
    assert one.rule in RULES
    assert caught.value.__cause__ is None
    return one.rule, one.found


# QualCoder

ABOUT = {"databaseversion": "v16", "about": "QualCoder 4.0 Beta", "memo": "A pilot.", "date": "2026-02-01 08:00:00"}
TEXT = "I: Wie geht’s?\nP: Gut 😀, e\u0301s la\u0301 – danke.\nSehr gut 👩‍🚀!\nI: So."


def units(text):
    """Return the length of a text as Qt has it."""
    return len(text.encode("utf-16-le")) // 2


def marked(text, words, number=1, *, place=-1, **more):
    """Return what QualCoder stores of words that a person marks: places of Qt, and Qt's sign for a line end."""
    start = text.index(words) if place < 0 else place
    return {
        **{"cid": number, "fid": 1, "seltext": words.replace("\n", "\u2029"), "owner": "anna", "memo": ""},
        **{"pos0": units(text[:start]), "pos1": units(text[:start] + words), "date": "2026-02-03 10:11:12"},
        **more,
    }


def project(tmp_path, *, text=TEXT, coded=(), tables=QUALCODER, more=(), **rows):
    given = {
        "project": [ABOUT if tables is not OLDEST else {**ABOUT, "databaseversion": "v1", "about": "QualCoder 1.0"}],
        "source": [{"id": 1, "name": "I01.txt", "fulltext": text, "owner": "anna", "memo": "Calm."}],
        "code_name": [{"cid": 1, "name": "JOY", "color": "#99CC00", "memo": "Gladness."}],
        "code_text": coded,
        **rows,
    }
    return build(tmp_path / "Pilot one.qda" / "data.qda", tables, given, *more)


def said(project):
    """Return the passages of the first source with the words at their places."""
    text = project.sources[0].text
    return [(text[one.start : one.end], one.name) for one in project.sources[0].selections]


@pytest.mark.parametrize("tables", [QUALCODER, OLDER, OLDEST], ids=["v16", "v14", "v1"])
def test_a_qualcoder_project_is_read_with_all_it_says(tmp_path, tables):
    coded = [marked(TEXT, "Gut"), marked(TEXT, "So", owner="Bert", memo="Short.\r\nDry."), marked(TEXT, "geht", 2)]
    rows = {
        "code_cat": [
            {"catid": 1, "name": "Mood", "memo": "How one is."},
            {"catid": 2, "name": "Feelings", "supercatid": 1},
        ],
        "code_name": [
            {"cid": 1, "name": "JOY", "color": "#99CC00", "memo": "Gladness.", "catid": 2},
            {"cid": 2, "name": "Loose", "color": "green"},
        ],
    }
    more = () if tables is OLDEST else (VIEW,)
    read = read_qualcoder(project(tmp_path, coded=coded, tables=tables, more=more, **rows))
    assert read.name == "Pilot one"
    assert read.origin == ("QualCoder 1.0 (database v1)" if tables is OLDEST else "QualCoder 4.0 Beta (database v16)")
    assert (read.description, read.created) == ("A pilot.", "2026-02-01T08:00:00")
    assert [(one.name, one.id) for one in read.users] == [("Bert", ""), ("anna", "")]
    assert [one.guid for one in read.users] == [refi.guid("user", "Bert"), refi.guid("user", "anna")]
    listed = [(code.name, path, code.codable, code.colour, code.description) for code, path in refi.walk(read.codes)]
    assert listed == [
        ("Mood", (), False, "", "How one is."),
        ("Feelings", ("Mood",), False, "", ""),
        ("JOY", ("Mood", "Feelings"), True, "#99CC00", "Gladness."),
        ("Loose", (), True, "", ""),
    ]
    (source,) = read.sources
    assert (source.name, source.text, source.description) == ("I01.txt", TEXT, "Calm.")
    assert source.guid == refi.source_guid("I01.txt", TEXT)
    assert said(read) == [("Gut", "Gut"), ("So", "So"), ("geht", "geht")]
    one = source.selections[1]
    assert one.description == "Short.\nDry."
    assert one.user == one.codings[0].user == refi.guid("user", "Bert")
    assert one.created == one.codings[0].created == "2026-02-03T10:11:12"
    names = {code.guid: code.name for code, _ in refi.walk(read.codes)}
    assert [names[one.codings[0].code] for one in source.selections] == ["JOY", "JOY", "Loose"]
    # "So" stands behind two emoji, which Qt counts as two.
    assert read.left_out == (("passages that were not counted in characters, and are read as they were counted", 1),)
    assert read_qualcoder(tmp_path / "Pilot one.qda" / "data.qda") == read
    assert refi.write_project(read)


def test_a_code_in_a_code_counts_more_than_its_category_and_circles_are_opened(tmp_path):
    rows = {
        "code_cat": [{"catid": 1, "name": "A", "supercatid": 2}, {"catid": 2, "name": "B", "supercatid": 1}],
        "code_name": [
            {"cid": 1, "name": "X", "catid": 2},
            {"cid": 2, "name": "Y", "catid": 2, "supercid": 1},
            {"cid": 3, "name": "Z", "catid": 77},
            {"cid": 4, "name": "W", "catid": 1, "supercid": 77},
            {"cid": 5, "name": "V", "supercid": 5},
        ],
    }
    read = read_qualcoder(project(tmp_path, **rows))
    paths = {code.name: path for code, path in refi.walk(read.codes)}
    assert paths == {"A": (), "B": ("A",), "X": ("A", "B"), "Y": ("A", "B", "X"), "W": ("A",), "Z": (), "V": ()}
    assert read.left_out == (("codes that stand within themselves, put at the top", 2),)


def test_codes_of_one_name_and_codes_too_deep_are_refused(tmp_path):
    tables = QUALCODER | {"code_name": QUALCODER["code_name"].replace(", unique(name)", "")}
    twice = [{"cid": 1, "name": "JOY"}, {"cid": 2, "name": "JOY"}]
    found = "two codes have the same name, so codings cannot be told apart"
    assert refused(read_qualcoder, project(tmp_path / "a", tables=tables, code_name=twice)) == (
        "file.unreadable",
        found,
    )
    deep = [{"catid": number, "name": str(number), "supercatid": number - 1} for number in range(1, 60)]
    found = "codes stand within codes more than 50 deep"
    assert refused(read_qualcoder, project(tmp_path / "b", code_cat=deep)) == ("file.unreadable", found)


CR = TEXT.replace("\n", "\r\n")


@pytest.mark.parametrize(
    "raw", [TEXT, CR, "\ufeff" + TEXT, "\ufeff" + CR, TEXT.replace("\n", "\r")], ids=["lf", "crlf", "bom", "both", "cr"]
)
@pytest.mark.parametrize("by", ["person", "program"])
def test_places_are_read_as_qt_or_python_has_counted_them(tmp_path, raw, by):
    """Qt: UTF-16, one for a line end, and the byte order mark; Python: the stored string. The quotes tell."""
    passages = ["geht", "Gut 😀, e\u0301s", "danke.\nSehr", "👩‍🚀!\nI: So.", "I: Wie"]
    coded = []
    for number, words in enumerate(passages):
        start = TEXT.index(words)
        if by == "person":
            mark = raw.startswith("\ufeff")
            places = mark + units(TEXT[:start]), mark + units(TEXT[:start] + words)
            quote = words.replace("\n", "\u2029")
        else:
            quote = words.replace("\n", "\r\n" if "\r\n" in raw else "\r" if "\r" in raw else "\n")
            places = raw.index(quote), raw.index(quote) + len(quote)
        coded.append(marked(TEXT, words, pos0=places[0], pos1=places[1], seltext=quote, owner=f"c{number}"))
    read = read_qualcoder(project(tmp_path, text=raw, coded=coded))
    assert read.sources[0].text == TEXT
    assert said(read) == [(words, words) for words in passages]


def test_where_words_fit_two_ways_of_counting_most_others_tell():
    text = "😀aaaaaa bb cc"
    rows = [(3, 5, "aa"), (8, 10, "bb"), (11, 13, "cc")]
    as_python = coding_tools._placed(rows, text, text, coding_tools.Counter())
    assert as_python == [(3, 5, "aa"), (8, 10, "bb"), (11, 13, "cc")]
    rows = [(3, 5, "aa"), (9, 11, "bb"), (12, 14, "cc")]
    as_qt = coding_tools._placed(rows, text, text, coding_tools.Counter())
    assert as_qt == [(2, 4, "aa"), (8, 10, "bb"), (11, 13, "cc")]
    mixed = coding_tools._placed([(3, 5, "aa"), (9, 11, "bb"), (11, 13, "cc")], text, text, coding_tools.Counter())
    assert [one[2] for one in mixed] == ["aa", "bb", "cc"]


def test_a_quote_that_stands_elsewhere_is_kept_and_nothing_is_moved(tmp_path):
    """The place stays that of the tool; its words are the name, so that later checks see both."""
    coded = [
        marked("Gut gesagt. Gut.", "Gut", pos0=4, pos1=7),
        marked("Gut gesagt. Gut.", "gesagt", pos0=4, pos1=300),
        marked("Gut gesagt. Gut.", "Gut", pos0=-4, pos1=3),
        marked("Gut gesagt. Gut.", "Gut", pos0=9, pos1=3),
        marked("Gut gesagt. Gut.", "Gut", pos0=None, pos1=None),
        marked("Gut gesagt. Gut.", "Gut", pos0="here", pos1="there"),
        marked("Gut gesagt. Gut.", "Gut", pos0=0, pos1=3, seltext=""),
        marked("Gut gesagt. Gut.", "Gut", pos0=0, pos1=3, seltext=None, owner="b"),
        marked("Gut gesagt. Gut.", "Gut", pos0=None, pos1=None, seltext=None, owner="c"),
        marked("Gut gesagt. Gut.", "Gut", pos0=5, pos1=5),
    ]
    read = read_qualcoder(project(tmp_path, text="Gut gesagt. Gut.", coded=coded))
    assert [(one.start, one.end, one.name) for one in read.sources[0].selections] == [
        (4, 7, "Gut"),
        (4, 300, "gesagt"),
        *[(0, 0, "Gut")] * 4,
        (0, 3, ""),
        (0, 3, ""),
    ]
    assert read.left_out == (
        ("passages of which nobody knows place or words", 1),
        ("passages without a character", 1),
    )


def test_what_is_no_coding_of_a_text_is_listed_or_counted(tmp_path):
    rows = {
        "source": [
            {"id": 1, "name": "I01", "fulltext": "Gut.", "mediapath": None},
            {"id": 2, "name": "p.png", "mediapath": "/images/p.png"},
            {"id": 3, "name": "a.mp3", "mediapath": "audio:/home/x/a.mp3"},
            {"id": 4, "name": "v.mp4", "mediapath": "/video/v.mp4"},
            {"id": 5, "name": "d.pdf", "fulltext": "Blatt.", "mediapath": "/docs/d.pdf"},
            {"id": 6, "name": "e.pdf", "mediapath": "docs:/x/e.pdf"},
        ],
        "code_image": [{"id": 2, "cid": 1}, {"id": 2, "cid": 1}, {"id": 5, "cid": 1}, {"id": 99, "cid": 1}],
        "code_av": [{"id": 3, "cid": 1}],
        "annotation": [
            {"fid": 1, "pos0": 0, "pos1": 3, "memo": "Smiles.", "owner": "Cleo", "date": "2026-02-03 10:11:12"},
            {"fid": 1, "pos0": 1, "pos1": 3, "memo": "", "owner": "Cleo"},
        ],
        "cases": [{"name": "P1"}],
        "journal": [{"name": "Diary"}],
        "attribute": [{"name": "Age", "value": "40"}],
    }
    coded = [
        marked("Gut.", "Gut", important=1),
        marked("Gut.", "Gut", 7),
        marked("Gut.", "Gut", fid=7),
        marked("Gut.", "Gut", fid=2),
    ]
    read = read_qualcoder(project(tmp_path, coded=coded, **rows))
    assert [(one.name, one.text) for one in read.sources] == [("I01", "Gut."), ("d.pdf", "Blatt."), ("e.pdf", "")]
    assert [(one.kind, one.name, one.codings) for one in read.media] == [
        ("picture", "p.png", 2),
        ("audio", "a.mp3", 1),
        ("video", "v.mp4", 0),
    ]
    assert read.left_out == (
        ("cases", 1),
        ("coded areas of pages", 1),
        ("codings of sources that are not in the file", 3),
        ("codings of what is no code of the codebook", 1),
        ("entries of journals", 1),
        ("marks of importance", 1),
        ("values of attributes", 1),
    )
    remark = read.sources[0].selections[-1]
    assert (remark.start, remark.end, remark.codings, remark.description) == (0, 3, (), "Smiles.")
    assert [one.name for one in read.users] == ["Cleo", "anna"]
    assert remark.user == refi.guid("user", "Cleo")


def test_owners_without_a_name_are_one_user_without_a_name(tmp_path):
    coded = [marked(TEXT, "Gut", owner=None), marked(TEXT, "So", owner=" "), marked(TEXT, "geht", owner="dictionary")]
    read = read_qualcoder(project(tmp_path, coded=coded))
    assert [(one.name, one.id) for one in read.users] == [("", ""), ("dictionary", "")]
    assert read.users[1].guid == refi.guid("user", refi.DICTIONARY)
    assert {one.user for one in read.sources[0].selections} == {one.guid for one in read.users}


def test_equal_rows_keep_different_guids(tmp_path):
    """Projects before v4 may hold a coding twice."""
    read = read_qualcoder(project(tmp_path, coded=[marked(TEXT, "Gut")] * 2, tables=OLDEST))
    first, second = read.sources[0].selections
    assert first.guid != second.guid and first.codings[0].guid != second.codings[0].guid
    assert (first.start, first.name) == (second.start, second.name)
    assert refi.write_project(read)


def test_tables_that_only_some_versions_have_may_be_missing(tmp_path):
    tables = {name: QUALCODER[name] for name in ("project", "source", "code_name", "code_text")}
    read = read_qualcoder(project(tmp_path, coded=[marked(TEXT, "Gut")], tables=tables))
    assert said(read) == [("Gut", "Gut")] and read.left_out == () and read.media == ()


@pytest.mark.parametrize("about", ["QualCoder 3.5", "QualCoder <b>x</b>", "Anna Blum", None, "QualCoder " + "9" * 90])
def test_only_what_looks_like_a_version_is_repeated(tmp_path, about):
    row = {**ABOUT, "about": about, "databaseversion": "v11' drop"}
    read = read_qualcoder(project(tmp_path, project=[row]))
    assert read.origin == ("QualCoder 3.5" if about == "QualCoder 3.5" else "QualCoder")


@tried
@given(
    text=st.text(st.sampled_from("ab😀\u0301é \n"), max_size=40),
    spans=st.lists(st.tuples(st.integers(0, 40), st.integers(1, 8)), max_size=6),
    ends=st.sampled_from(["\n", "\r\n"]),
    mark=st.booleans(),
)
def test_every_passage_a_person_marks_is_read_as_it_was_marked(text, spans, ends, mark):
    raw = "\ufeff" * mark + text.replace("\n", ends)
    spans = [(start, min(start + length, len(text))) for start, length in spans if start < len(text)]
    rows = [(mark + units(text[:start]), mark + units(text[:end]), text[start:end]) for start, end in spans]
    placed = coding_tools._placed(rows, raw, text, coding_tools.Counter())
    assert [text[start:end] for start, end, _ in placed] == [text[start:end] for start, end in spans]
    if not any(letter in text for letter in "😀") and ends == "\n":
        assert [one[:2] for one in placed] == spans


# Taguette

#: A document as Taguette's convert.py leaves it, and its text.
CONTENTS = (
    "<h1>Wörter &amp; Sätze</h1><p>I: <strong>Gut</strong> 😀, e\u0301s &lt;so&gt;<br>gesagt.</p>\n\n"
    '<p>P: <a href="http://x/?a=1&amp;b=2" title="c > d">Ja</a>.</p>'
)
WORDS = "Wörter & SätzeI: Gut 😀, e\u0301s <so>gesagt.\n\nP: Ja."


def octets(text):
    return len(text.encode())


def highlight(words, number, snippet=None, text=WORDS, **more):
    start = text.index(words)
    return {
        **{"id": number, "document_id": 1, "start_offset": octets(text[:start])},
        **{"end_offset": octets(text[:start] + words)},
        "snippet": f"<p>{html.escape(words, quote=False)}</p>" if snippet is None else snippet,
        **more,
    }


def taguette(path, *, contents=CONTENTS, highlights=(), tags=(), tagged=(), tables=TAGUETTE, more=(), **rows):
    given = {
        "projects": [
            {"id": 1, "name": "Pilot", "description": "Three talks.", "created": "2026-02-01 08:00:00.000000"}
        ],
        "users": [{"login": "anna.blum@x.org", "created": "2026", "hashed_password": "scrypt:1"}],
        "commands": [
            {"date": "2026", "user_login": "anna.blum@x.org", "project_id": 1, "payload": json.dumps({"type": "x"})}
        ],
        "documents": [
            {
                **{"id": 1, "name": "I01", "description": "Calm.", "filename": "I01.docx", "created": "2026"},
                **{"project_id": 1, "text_direction": "LEFT_TO_RIGHT", "contents": contents},
            }
        ],
        "tags": [{"description": "", "project_id": 1, **one} for one in tags],
        "highlights": highlights,
        "highlight_tags": [{"highlight_id": one, "tag_id": other} for one, other in tagged],
        "alembic_version": [{"version_num": "63d7ca28fc0c" if tables is TAGUETTE_NEW else "db5e31a0233d"}],
        **rows,
    }
    return build(path, tables, given, *more)


def test_a_taguette_project_is_read_with_all_it_says(tmp_path):
    path = taguette(
        tmp_path / "2026-02-01_Pilot.sqlite3",
        highlights=[
            highlight("Gut", 1, "<p><strong>Gut</strong></p>"),
            highlight("😀, e\u0301s <so>gesagt.", 2, "<p>😀, e\u0301s &lt;so&gt;<br/>gesagt.</p>"),
            highlight("gesagt.\n\nP: Ja", 3, '<p>gesagt.</p>\n\n<p>P: <a href="http://x/">Ja</a></p>'),
            highlight("Ja", 4),
        ],
        tags=[
            {"id": 1, "path": "JOY", "description": "Gladness."},
            {"id": 2, "path": "mood.LOW"},
            {"id": 3, "path": "mood.LOW.very"},
            {"id": 4, "path": "Dr. Blum"},
        ],
        tagged=[(1, 1), (1, 2), (2, 3), (3, 4)],
    )
    read = read_taguette(path)
    assert (read.name, read.description, read.users) == ("Pilot", "Three talks.", ())
    assert read.origin == "Taguette (database db5e31a0233d)"
    listed = [(code.name, path, code.codable, code.description) for code, path in refi.walk(read.codes)]
    assert listed == [
        ("JOY", (), True, "Gladness."),
        ("mood", (), False, ""),
        ("LOW", ("mood",), True, ""),
        ("very", ("mood", "LOW"), True, ""),
        ("Dr. Blum", (), True, ""),
    ]
    (source,) = read.sources
    assert (source.name, source.text, source.description) == ("I01", WORDS, "Calm.")
    assert said(read) == [(words, words) for words in ("Gut", "😀, e\u0301s <so>gesagt.", "gesagt.\n\nP: Ja", "Ja")]
    names = {code.guid: code.name for code, _ in refi.walk(read.codes)}
    given_codes = [[names[one.code] for one in selection.codings] for selection in source.selections]
    assert given_codes == [["JOY", "LOW"], ["very"], ["Dr. Blum"], []]
    assert read.left_out == ()
    assert "blum@x" not in repr(read)
    assert refi.write_project(read)


@pytest.mark.parametrize(
    ("start", "end", "snippet"),
    # TestMeasure.test_extract_highlight in Taguette's tests.py.
    [(7, 15, "<p>R\xe9mi <i>wh</i></p>"), (1, 5, "<p><u>\xe9ll</u></p>"), (7, 12, "<p>R\xe9mi</p>")],
)
def test_taguettes_own_examples_stand_where_they_should(tmp_path, start, end, snippet):
    contents = "<p><u>H\xe9llo</u> R\xe9mi <i>what is</i> up ?</p>"
    one = {"id": 1, "document_id": 1, "start_offset": start, "end_offset": end, "snippet": snippet}
    ((words, name),) = said(read_taguette(taguette(tmp_path / "p.db", contents=contents, highlights=[one])))
    assert words == name == re.sub("<.*?>", "", snippet)


def test_words_that_newer_versions_put_before_a_highlight_are_not_read(tmp_path):
    """Beautiful Soup 4.15 writes for the first example <p><u>Héllo</u>Rémi <i>wh</i></p>."""
    contents = "<p><u>H\xe9llo</u> R\xe9mi <i>what is</i> up ?</p>"
    early = {
        "id": 1,
        "document_id": 1,
        "start_offset": 7,
        "end_offset": 15,
        "snippet": "<p><u>Héllo</u>Rémi <i>wh</i></p>",
    }
    # The end fits, but what stands before it stands nowhere: not this fault.
    other = {**early, "id": 2, "snippet": "<p>Hallo Rémi wh</p>"}
    read = read_taguette(taguette(tmp_path / "p.db", contents=contents, highlights=[early, other]))
    assert said(read) == [("Rémi wh", "Rémi wh"), ("Rémi wh", "Hallo Rémi wh")]
    assert read.left_out == (("highlights stored with words before them, which are not read", 1),)


def test_offsets_within_a_character_behind_the_text_or_missing(tmp_path):
    contents = "<p>é😀abc</p>"
    given_ = [(1, 6), (3, 6), (6, 900), (-1, 3), (7, 6), (6, 6), ("x", 3)]
    highlights = [
        {"id": number, "document_id": 1, "start_offset": start, "end_offset": end, "snippet": "<p>abc</p>"}
        for number, (start, end) in enumerate(given_, start=1)
    ]
    nowhere = {"id": 9, "document_id": 1, "start_offset": -1, "end_offset": 3, "snippet": "<p></p>"}
    lost = {"id": 10, "document_id": 5, "start_offset": 0, "end_offset": 3, "snippet": ""}
    path = taguette(
        tmp_path / "p.db",
        contents=contents,
        highlights=[*highlights, nowhere, lost],
        tags=[{"id": 1, "path": "A"}],
        tagged=[(1, 1), (1, 8), (10, 1)],
    )
    read = read_taguette(path)
    assert [(one.start, one.end) for one in read.sources[0].selections] == [
        (1, 2),
        (2, 2),
        (2, 896),
        (0, 0),
        (0, 0),
        (0, 0),
    ]
    assert {one.name for one in read.sources[0].selections} == {"abc"}
    assert read.left_out == (
        ("codings of sources that are not in the file", 1),
        ("codings of what is no code of the codebook", 1),
        ("passages of which nobody knows place or words", 1),
        ("passages without a character", 1),
    )


def test_tags_with_parents_stand_in_them(tmp_path):
    tags = [
        {"id": 1, "path": "low", "parent_id": 2},
        {"id": 2, "path": "mood", "parent_id": None},
        {"id": 3, "path": "lost", "parent_id": 99},
        {"id": 4, "path": "itself", "parent_id": 4},
    ]
    read = read_taguette(taguette(tmp_path / "p.db", tags=tags, tables=TAGUETTE_NEW))
    assert {code.name: path for code, path in refi.walk(read.codes)} == {
        **{"mood": (), "low": ("mood",), "lost": (), "itself": ()}
    }
    assert read.origin == "Taguette (database 63d7ca28fc0c)"
    assert read.left_out == (("codes that stand within themselves, put at the top", 1),)


def test_one_project_in_a_file(tmp_path):
    one = {"name": "A", "description": "", "created": "2026"}
    for many, found in ((0, "the database holds no project"), (3, "the database holds 3 projects")):
        path = taguette(tmp_path / f"{many}.sqlite3", projects=[one] * many)
        assert refused(read_taguette, path) == ("file.kind", found)


class Parser(HTMLParser):
    """The standard library's reader of HTML, as another way to the words."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.words = []

    def handle_data(self, data):
        """Keep."""
        self.words.append(data)


PIECES = [
    "<p>",
    "</p>",
    "<b>",
    "</b>",
    "<br>",
    '<a href="x?y=1&amp;z=2" title="u > v">',
    "</a>",
    "\n",
    " ",
    "é😀",
    "e\u0301",
]
PIECES += [
    "&lt;",
    "&amp;",
    "&nbsp;",
    "&#233;",
    "&amp;lt;",
    "<li>",
    "</li>",
    "x < y",
    "a & b",
    "'",
    '"',
    "=",
    "<img src='/a>b'>",
]


@tried
@given(st.lists(st.sampled_from(PIECES), max_size=20).map("".join))
@example("<p>1 < 2</p>")
def test_words_of_html_are_those_another_reader_finds(contents):
    parser = Parser()
    parser.feed(contents)
    parser.close()
    assert html_text(contents) == "".join(parser.words)


@pytest.mark.parametrize(
    ("contents", "words"),
    [
        ("", ""),
        ("a\r\nb\rc&#13;d\0e", "a\nb\nc\nde"),
        ("a<!-- b > c -->d<!-->e<?php x?>f</>g</ h>i", "adefgi"),
        ("<pre>\na\n</pre><textarea>\n\nb", "a\n\nb"),
        ("a<b", "a"),
        ("a<b c='d>e", "a"),
        ("a<!-- b", "a"),
        ("a < b <3 <", "a < b <3 <"),
        ("<P CLASS=x>a</P >&notanentity; &amp", "a¬anentity; &"),
    ],
)
def test_words_of_odd_html(contents, words):
    assert html_text(contents) == words


@pytest.mark.parametrize("piece", ["<", "<a", "<a ", '<a b="', "<a b='x' ", "<!--", "<!", "</", "&", "&#", "<a =", "="])
def test_broken_html_takes_no_time(piece):
    html_text(piece * 100_000)  # a reader that is quadratic here takes hours


# Taguette's table


def test_taguettes_table_is_told_by_its_header():
    assert is_taguette_table(["id", "document", "tag", "content"])
    assert is_taguette_table(["Document", " Tag", "Content", "context"])
    assert not is_taguette_table(["coder", "interview", "code", "start", "end", "quote"])
    assert not is_taguette_table(["document", "tag", "content", "start", "end"])
    assert not is_taguette_table(["tag", "description", "number of highlights"])
    assert not is_taguette_table([])


# Marks in the text


def passages(read):
    names = {code.guid: code.name for code, _ in refi.walk(read.codes)}
    (source,) = read.sources
    assert all(source.text[one.start : one.end] == one.name for one in source.selections)
    return [(names[one.codings[0].code], one.name) for one in source.selections]


def test_tags_may_nest_cut_each_other_and_cross_lines():
    read = read_markup("A <JOY>gut <LOW>und\r\nschlecht</JOY> und</LOW> <JOY>😀<JOY>e\u0301</JOY></JOY>.\n", "I01")
    assert read.sources[0].text == "A gut und\nschlecht und 😀e\u0301.\n"
    assert passages(read) == [
        ("JOY", "gut und\nschlecht"),
        ("LOW", "und\nschlecht und"),
        ("JOY", "😀e\u0301"),
        ("JOY", "e\u0301"),
    ]
    assert (read.name, read.sources[0].name, read.users, read.left_out) == ("I01", "I01", (), ())
    assert [code.name for code in read.codes] == ["JOY", "LOW"]
    assert refi.write_project(read)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("1 < 2 <3 <-- <> < A> <A > </ A> <ä> <a@b.org> <https://x.y/z> &amp;lt; &lt;A&gt;", None),
        ("&lt;A>&lt;/A>", "<A></A>"),
        (
            "&amp;amp; &#91;[A]] [[unverständlich]] [[00:12]] [x] [[ ]]",
            "&amp; [[A]] [[unverständlich]] [[00:12]] [x] [[ ]]",
        ),
        ("--- <A ---\n---\nI: Ja.\n---\n", "--- <A ---\n---\nI: Ja.\n---\n"),
    ],
)
def test_what_is_no_mark_stands_for_itself(text, plain):
    read = read_markup(text, "x")
    wanted = "1 < 2 <3 <-- <> < A> <A > </ A> <ä> <a@b.org> <https://x.y/z> &lt; <A&gt;" if plain is None else plain
    assert read.sources[0].text == wanted
    assert read.codes == () and read.sources[0].selections == () and read.left_out == ()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a\n<GEHEIM>b\n<X>c</X>", "line 2: a tag is opened and not closed"),
        ("a\nb</GEHEIM>", "line 2: a tag is closed that was not opened"),
        ("<A>\n\n</A></A>", "line 3: a tag is closed that was not opened"),
        ("<A><B>\n</A>", "line 1: a tag is opened and not closed"),
        ("<a>x</A>", "line 1: a tag is closed that was not opened"),
        ('\n<A note="geheim">x</A>', "line 2: a tag has attributes"),
        ("---\nk: v\n---\n<A>", "line 4: a tag is opened and not closed"),
    ],
)
def test_a_tag_without_its_other_half_is_refused_with_its_line(text, found):
    assert refused(read_markup, text, "x") == ("file.unreadable", found)


def test_empty_passages_are_counted():
    assert read_markup("a<A></A>b", "x").left_out == (("passages without a character", 1),)


#: After the example of the R package (inst/extdata/example-1.rock of cran/rock 0.9), shortened, with our own words.
ROCK = """---
metadata:
  -
    caseId: 1
---

[[cid=1]]

Wie geht es Ihnen? [[uid:73xk2q07]]
[[uid=73xk6950]] Gut, mit dem Team. [[mood>joy]] [[intensity||2]]
  Auch [[team]] mit der Leitung.   [[joy]]  [[a->b||causes]]
Und [[joy]][[mood>joy>deep]]schön.
[[joy]]

---<<frage_2>>---
---paragraph-break---
Ende. [[ joy ; 1-3 ]] ---<a>---

---
codes:
  -
    id: joy
---
"""


def test_rock_codes_its_lines():
    read = read_markup(ROCK, "I01")
    assert read.sources[0].text == (
        "\n\n\nWie geht es Ihnen?\nGut, mit dem Team.\n  Auch mit der Leitung.\nUnd schön.\n\n\n\n\nEnde.\n\n"
    )
    assert passages(read) == [
        ("joy", "Gut, mit dem Team."),
        ("joy", "Auch mit der Leitung."),
        ("team", "Auch mit der Leitung."),
        ("deep", "Und schön."),
        ("joy", "Und schön."),
        ("joy", "Ende."),
    ]
    listed = {code.name: (path, code.codable) for code, path in refi.walk(read.codes)}
    assert listed == {
        "mood": ((), False),
        "joy": (("mood",), True),
        "deep": (("mood", "joy"), True),
        "team": ((), True),
    }
    assert read.left_out == (
        ("codings of lines without words", 1),
        ("identifiers", 3),
        ("lines of YAML", 10),
        ("ranges within a line, read as the whole line", 1),
        ("section breaks", 3),
        ("values and relations of codes", 2),
    )


def test_rock_codes_in_a_circle_stand_where_they_were_put_first():
    read = read_markup("x [[a>b]]\ny [[b>a]]\nz [[c>c]]\nw [[a>c]]", "x")
    assert {code.name: path for code, path in refi.walk(read.codes)} == {"a": (), "b": ("a",), "c": ("a",)}
    deep = "x [[" + ">".join(f"c{number}" for number in range(80)) + "]]"
    assert refused(read_markup, deep, "x") == ("file.unreadable", "codes stand within codes more than 50 deep")


def test_tags_and_rock_in_one_line_keep_the_blanks_of_a_passage():
    read = read_markup("Das <A>war  </A> [[b]]  <A>so </A>[[b]]", "x")
    assert read.sources[0].text == "Das war   so "
    assert sorted(passages(read)) == [("A", "so "), ("A", "war  "), ("b", "Das war   so")]


CODES = ["A", "B1", "c.d-e_f", "Joy"]
LETTERS = st.sampled_from("ab \n<>&;[]/-A😀\u0301é")


@tried
@given(
    text=st.text(LETTERS, max_size=40),
    spans=st.lists(st.tuples(st.integers(0, 40), st.integers(1, 20), st.sampled_from(CODES)), max_size=8),
    ends=st.sampled_from(["\n", "\r\n", "\r"]),
)
@example(text="&lt;<A>[[b]]", spans=[(0, 4, "A"), (2, 8, "Joy")], ends="\n")
def test_whatever_is_written_with_tags_is_read_as_it_was(text, spans, ends):
    """The writer puts ends before beginnings and longer passages outside, so that every end has its beginning."""
    spans = sorted(
        {(start, min(start + length, len(text)), code) for start, length, code in spans if start < len(text)}
    )
    # Two passages of one code that cut each other cannot be told apart from two that nest.
    kept = []
    for start, end, code in spans:
        if not any(code == other and first < start < last < end for first, last, other in kept):
            kept.append((start, end, code))
    written = []
    for place in range(len(text) + 1):
        written += [f"</{code}>" for start, end, code in sorted(kept, reverse=True) if end == place]
        for start, _end, code in sorted(kept, key=lambda one: -one[1]):
            if start == place:
                written.append(f"<{code}>")
        if place < len(text):
            letter = {"<": "&lt;", "&": "&amp;", "[": "&#91;", "\n": ends}.get(text[place], text[place])
            written.append(letter)
    read = read_markup("".join(written), "x")
    assert read.sources[0].text == text
    names = {code.guid: code.name for code, _ in refi.walk(read.codes)}
    found = sorted((one.start, one.end, names[one.codings[0].code]) for one in read.sources[0].selections)
    assert found == sorted(kept)


@pytest.mark.parametrize(
    "piece", ["<A", "[[a", "[[a>", "[[a||", "&l", "<A ", "[", " ", "---<", "[[a ", "\n---\n", "<A>x</A>", "&lt;"]
)
def test_odd_texts_take_no_time(piece):
    start = time.process_time()
    read_markup(piece * 8_000, "x")
    assert time.process_time() - start < 2


def test_passages_that_hold_more_words_than_a_text_can_are_refused(monkeypatch):
    monkeypatch.setattr(coding_tools, "MAX_UNPACKED", 1_000)
    text = "<A>" * 200 + "x" * 10 + "</A>" * 200
    found = "the passages hold more words than those of an interview"
    assert refused(read_markup, text, "x") == ("file.size", found)


# Whichever it is


def test_a_file_is_read_by_the_reader_it_belongs_to(tmp_path):
    path = project(tmp_path, coded=[marked(TEXT, "Gut")])
    assert read_coding_tool(path) == read_qualcoder(path) == read_coding_tool(path.parent)
    tag = taguette(tmp_path / "ä # 100%?.sqlite3", highlights=[highlight("Gut", 1)])
    assert read_coding_tool(tag) == read_taguette(tag)
    for ending in (".txt", ".md", ".TXT"):
        text = tmp_path / f"I01{ending}"
        text.write_bytes("\ufeffA <JOY>gut</JOY>\r\n".encode())
        assert passages(read_coding_tool(text)) == [("JOY", "gut")]
        assert read_coding_tool(text).sources[0].name == "I01"
    exported = tmp_path / "p.qdpx"
    refi.write_project(read_taguette(tag), exported)
    assert read_coding_tool(exported).sources[0].text == WORDS


def test_a_file_that_is_something_else_is_refused(tmp_path):
    path = project(tmp_path)
    data = path.read_bytes()
    cases = {
        "a.txt": (data, "file.kind", "the file is no plain text"),
        "a.qda": (b"PK\x03\x04" + bytes(100), "file.kind", "the file is no database of a coding program"),
        "b.qda": (b"", "file.empty", "the file is empty (0 bytes)"),
        "b.txt": (b"", "file.empty", "the file is empty (0 bytes)"),
        "c.txt": (b"a\nGeheim \xff", "file.encoding", "line 2: the file is not in utf-8"),
        "d.txt": (
            "a\nGeheimnis fÃ¼r".encode(),
            "file.damaged",
            "line 2: a text was read in a wrong encoding before it was saved, and letters are lost",
        ),
        "e.rqda": (data, "file.kind", "files with this ending are not read as codings"),
    }
    for name, (content, *wanted) in cases.items():
        (tmp_path / name).write_bytes(content)
        assert [*refused(read_coding_tool, tmp_path / name)] == wanted, name
    for name in ("no.qda", "no.txt", "no.qdpx"):
        assert refused(read_coding_tool, tmp_path / name) == ("file.unreadable", "this is not a file")
    (tmp_path / "folder.qda").mkdir()
    assert refused(read_coding_tool, tmp_path / "folder.qda") == ("file.unreadable", "this is not a file")
    other = build(tmp_path / "other.db", {"source": "id integer"}, {})
    found = "the database is that of neither QualCoder nor Taguette"
    assert refused(read_coding_tool, other) == ("file.kind", found)
    assert refused(read_qualcoder, other) == ("file.kind", "the database is not that of a QualCoder project")
    assert refused(read_taguette, path) == ("file.kind", "the database is not that of Taguette")


def test_files_too_large_are_refused(tmp_path, monkeypatch):
    path = tmp_path / "big.qda"
    with path.open("wb") as handle:
        handle.write(b"SQLite format 3\0")
        handle.truncate(150_000_000)
    assert refused(read_qualcoder, path) == ("file.size", "the file has 150 MB")
    text = tmp_path / "big.txt"
    text.write_bytes(b"a b\n" * 30)
    monkeypatch.setattr(coding_tools, "_MAX_TEXT", 100)
    assert refused(read_coding_tool, text) == ("file.size", "the text has 0 MB")


def test_a_file_that_may_not_be_opened_is_refused(tmp_path, monkeypatch):
    path = project(tmp_path)

    def closed(*_given, **_named):
        raise PermissionError("/home/anna")

    monkeypatch.setattr(type(path), "open", closed)
    assert refused(read_qualcoder, path) == ("file.unreadable", "the file cannot be opened")


# Hostile databases

DAMAGED = ("file.unreadable", "the database is cut short or damaged")


def test_a_database_cut_short_anywhere_is_refused(tmp_path):
    coded = [marked(TEXT, "Gut", owner=f"coder {number}") for number in range(300)]
    source = TEXT + "\nNoch ein Satz, der Platz braucht." * 2_000
    data = project(tmp_path, text=source, coded=coded).read_bytes()
    path = tmp_path / "cut.qda"
    for size in (100, 1_000, 4_095, 4_096, 8_192, len(data) // 3, len(data) // 2, len(data) - 4_096, len(data) - 1):
        path.write_bytes(data[:size])
        assert refused(read_qualcoder, path) == DAMAGED, size


def test_a_database_with_changed_pages_is_refused_or_read_but_never_breaks(tmp_path):
    coded = [marked(TEXT, "Gut", owner=f"coder {number}") for number in range(60)]
    data = bytearray(project(tmp_path, coded=coded).read_bytes())
    noise, path = random.Random(7), tmp_path / "noise.qda"
    outcomes = set()
    for _each in range(60 if not FULL else 2_000):
        changed = bytearray(data)
        for _byte in range(noise.choice((1, 20, 200))):
            changed[noise.randrange(20, len(changed))] = noise.randrange(256)
        path.write_bytes(changed)
        try:
            read_qualcoder(path)
            outcomes.add("read")
        except Refused as fault:
            assert "coder" not in fault.finding.found.replace("coding", "")
            outcomes.add(fault.finding.rule)
    assert "file.unreadable" in outcomes


STRANGE = ("file.unreadable", "something else in the database has the name of a table of the program")


@pytest.mark.parametrize("table", ["source", "code_text", "code_cat", "annotation", "cases"])
def test_a_view_in_place_of_a_table_is_refused(tmp_path, table):
    more = (f"alter table {table} rename to hidden", f"create view {table} as select * from hidden")
    assert refused(read_qualcoder, project(tmp_path, more=more)) == STRANGE


def test_a_virtual_table_and_a_trigger_of_its_name_are_refused(tmp_path):
    more = ("alter table source rename to hidden", "create virtual table SOURCE using fts5(id, name, fulltext)")
    assert refused(read_qualcoder, project(tmp_path / "a", more=more)) == STRANGE
    more = ("create trigger code_text after insert on source begin select 1; end",)
    assert refused(read_qualcoder, project(tmp_path / "b", more=more)) == STRANGE


def test_computed_columns_are_refused(tmp_path):
    columns = "id integer primary key, name text, fulltext text as (upper(name)), owner text, memo text"
    rows = [{"id": 1, "name": "geheim"}]
    path = build(
        tmp_path / "data.qda",
        QUALCODER | {"source": columns},
        {"project": [ABOUT], "source": rows},
    )
    found = "a column of the database is computed, not stored"
    assert refused(read_qualcoder, path) == ("file.unreadable", found)


def test_a_missing_column_is_named(tmp_path):
    tables = QUALCODER | {"code_text": "ctid integer primary key, cid integer, fid integer, seltext text, owner text"}
    path = build(tmp_path / "data.qda", tables, {"project": [ABOUT]})
    found = "the table `code_text` of the database has no column `pos0`"
    assert refused(read_qualcoder, path) == ("table.no-column", found)


def test_texts_that_are_none_are_refused(tmp_path):
    more = ("update source set fulltext = cast(x'47656865696dff' as text)",)
    found = "a text in the database is not in UTF-8"
    assert refused(read_qualcoder, project(tmp_path / "a", more=more)) == ("file.encoding", found)
    more = ("update source set fulltext = x'476568'",)
    found = "a text of the database is stored as binary data"
    assert refused(read_qualcoder, project(tmp_path / "b", more=more)) == ("file.unreadable", found)


@pytest.mark.parametrize("ending", ["-wal", "-journal"])
def test_a_project_that_is_still_open_is_refused(tmp_path, ending):
    path = project(tmp_path)
    beside = path.with_name(path.name + ending)
    beside.write_bytes(b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7")
    with pytest.raises(Refused) as caught:
        read_qualcoder(path)
    assert caught.value.finding.found == f"the program has left a part of the database in a second file ({ending})"
    assert caught.value.finding.remedy == "Close the coding program, then copy the project again."
    beside.write_bytes(b"")
    if ending == "-journal":
        assert read_qualcoder(path)
    else:
        assert refused(read_qualcoder, path)[0] == "file.unreadable"


def test_a_project_written_through_a_log_is_read_once_it_is_closed(tmp_path):
    path = project(tmp_path, coded=[marked(TEXT, "Gut")])
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("pragma journal_mode=wal")
        connection.execute("update source set name = 'I02'")
        connection.commit()
        assert refused(read_qualcoder, path)[0] == "file.unreadable"
    before = path.read_bytes()
    assert read_qualcoder(path).sources[0].name == "I02"
    assert path.read_bytes() == before
    assert [one.name for one in path.parent.iterdir()] == ["data.qda"]


def test_limits_on_rows_characters_texts_and_steps(tmp_path, monkeypatch):
    coded = [marked(TEXT, "Gut", owner=f"coder {number}") for number in range(200)]
    path = project(tmp_path, text=TEXT * 100, coded=coded)
    for name, limit, found in (
        ("_MAX_ROWS", 150, "a table of the database has too many rows"),
        ("MAX_UNPACKED", 6_000, "the database holds more text than a project of interviews"),
        ("_MAX_TEXT", 2_000, "a text of the database is too long"),
        ("_MAX_STEPS", 2, "reading the database takes longer than that of any project"),
    ):
        with monkeypatch.context() as patched:
            patched.setattr(coding_tools, name, limit)
            assert refused(read_qualcoder, path) == ("file.size", found)
    assert len(read_qualcoder(path).sources[0].selections) == 200


def test_three_thousand_codings_of_sixty_interviews_take_no_time(tmp_path):
    text = "Wort 😀 und noch eins. " * 2_000
    sources = [{"id": number, "name": f"I{number:02}", "fulltext": text} for number in range(1, 61)]
    coded = [
        marked(text, "Wort 😀", fid=number, place=22 * each, owner="anna")
        for number in range(1, 61)
        for each in range(50)
    ]
    path = project(tmp_path, coded=coded, **{"source": sources})
    start = time.process_time()
    read = read_qualcoder(path)
    assert time.process_time() - start < 2
    assert sum(len(one.selections) for one in read.sources) == 3_000
    assert all(words == name == "Wort 😀" for words, name in said(read))
