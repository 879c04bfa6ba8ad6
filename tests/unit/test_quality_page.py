"""The data-quality page: what it says, what it does not say, and that no name from a file becomes markup."""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import sys
from html.parser import HTMLParser

import pytest
from piloteval.intake.page import data_quality_page

SITES = [
    {"site": "at1", "name": "Clinic of the Valley", "country": "AT"},
    {"site": "be1", "name": "", "country": "BE"},
    {"site": "de1", "name": "", "country": ""},
]
WAVES = {"pre": "Before", "post": "After"}
VOID = {"meta", "col", "wbr"}


class Page(HTMLParser):
    """A page as its readers meet it: text, headings, tables, and every tag with its attributes."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.headings, self.tables, self.open = [], [], [], []
        self.said = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag in ("h1", "h2", "h3", "h4"):
            self.headings.append((int(tag[1]), ""))
        elif tag == "table":
            self.tables.append({"caption": "", "rows": [], "scopes": [], "class": dict(attrs)["class"]})
        elif tag == "tr":
            self.tables[-1]["rows"].append([])
        elif tag in ("th", "td"):
            self.tables[-1]["rows"][-1].append("")
            if tag == "th":
                self.tables[-1]["scopes"].append(dict(attrs).get("scope"))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"</{tag}> closes another tag"

    def handle_data(self, data):
        if "style" in self.open or "title" in self.open:
            return
        self.said.append(data)
        if {"h1", "h2", "h3"} & set(self.open):
            level, text = self.headings[-1]
            self.headings[-1] = (level, text + data)
        elif "caption" in self.open:
            self.tables[-1]["caption"] += data
        elif "tr" in self.open and self.tables[-1]["rows"][-1]:
            self.tables[-1]["rows"][-1][-1] += data

    @property
    def text(self):
        return " ".join("".join(self.said).split())

    def table(self, style):
        return next(one for one in self.tables if one["class"] == style)["rows"]


def entry(path, kind="questionnaire", site="at1", wave="pre", rows=12, aside=0, **more):
    return {
        "source": "s",
        "kind": kind,
        "path": path,
        "site": site,
        "wave": wave,
        "form": "CSV, UTF-8, semicolon",
        "dialect": "",
        "bytes": 100,
        "received": "as received",
        "rows_read": rows,
        "quarantined": aside,
        **more,
    }


def found(level="QUARANTINE", file="data/at1_pre.csv", row=4, column="who5_3", who="site", rule="answer.range", **more):
    return {
        "level": level,
        "rule": rule,
        "who": who,
        "file": file,
        "sheet": "",
        "row": row,
        "column": column,
        "found": "an answer lies outside the range of the item",
        "expected": "a number from 0 to 5",
        "remedy": "Correct the answer in the raw file.",
        "effect": "cell set aside",
        **more,
    }


def built(problems=(), files=None, **more):
    files = [entry("data/at1_pre.csv")] if files is None else files
    given = {"title": "The pilot", "sites": SITES, "waves": WAVES, "floor": 5, **more}
    return data_quality_page(list(problems), files, **given)


def page(*args, **more):
    return Page(built(*args, **more))


def grid(files, **more):
    return page(files=files, **more).table("grid")


def summary(text):
    return re.search(r'<p class="summary">(.*)</p>', text)[1]


# ------------------------------------------------------------------------------------------------------ the summary
def test_summary_of_a_study_with_little_to_tell():
    problems = [found(), found(row=9), *(found("NOTE", rule=f"note.{n}") for n in range(3))]
    files = [entry(f"data/{n}.csv") for n in range(38)]
    assert summary(built(problems, files)) == (
        "38 files were read. Nothing stops the run; 2 rows or cells are set aside and wait for an institution "
        "and 3 notes are for information."
    )


def test_summary_in_the_singular():
    problems = [found(), found(who="analyst"), found("NOTE")]
    assert summary(built(problems)) == (
        "1 file was read. Nothing stops the run; 1 row or cell is set aside and waits for an institution, "
        "1 row or cell is set aside and waits for the analyst and 1 note is for information."
    )


def test_summary_of_an_empty_study():
    text = "No file was received. Nothing stops the run; nothing is set aside and there are no notes."
    assert summary(built(files=[])) == text


def test_summary_of_a_run_that_stops():
    problems = [found("STOP"), found("STOP", row=7), found("STOP", column="who5_4", row=8)]
    text = "1 file was checked. 2 problems stop the run; nothing is set aside and there are no notes."
    assert summary(built(problems)) == text


def test_a_file_with_several_waves_is_one_file():
    files = [entry("data/long.csv", site="", wave="pre"), entry("./data/long.csv", site="", wave="post")]
    assert summary(built(files=files)).startswith("1 file was read.")


# ------------------------------------------------------------------------------------------------------- the stops
def test_the_stop_block_comes_first_and_says_why():
    shown = page([found("STOP", sheet="Data", remedy="Export it again.", effect="")])
    assert [text for _, text in shown.headings[:3]] == ["Data quality", "■ The run stops here", "What was received"]
    assert (
        "at1_pre.csv, sheet Data, row 4, column who5_3: an answer lies outside the range of the item; "
        "expected a number from 0 to 5. Export it again." in shown.text
    )


def test_no_stop_block_when_nothing_stops():
    assert "The run stops here" not in page([found(), found("NOTE")]).text


def test_many_stops_are_counted_in_the_block_and_all_in_the_table():
    shown = page([found("STOP", column=f"c{n}", row=n) for n in range(2, 25)])
    assert shown.text.count(" Correct the answer in the raw file.") == 20
    assert "And 3 more; all are in the tables below." in shown.text
    assert len(shown.table("wide waits")) == 1 + 23


def test_a_stop_waits_for_its_institution_and_says_what_it_changes():
    row = page([found("STOP", effect="")]).table("wide waits")[1]
    assert row[0].startswith("■ Stops the run at1_pre.csv")
    assert row[4] == "Nothing is computed until this is mended"


# ------------------------------------------------------------------------------------------------ what was received
def test_grid_of_institutions_and_waves():
    files = [entry("a.csv"), entry("b.csv", wave="post", rows=3), entry("c.csv", site="be1", rows=0)]
    assert grid(files) == [
        ["Institution", "Before", "After"],
        ["Clinic of the Valley (at1, AT)", "✓ received, 12 rows", "✓ received, fewer than 5 rows"],
        ["be1 (BE)", "✓ received, no rows", "○ not received"],
        ["de1", "○ not received", "○ not received"],
    ]


def test_waves_keep_their_order():
    assert grid([], waves={"t2": "Later", "t1": "Earlier"})[0] == ["Institution", "Later", "Earlier"]


def test_files_of_several_institutions_have_a_row_and_no_institution_is_blamed():
    files = [entry("long.csv", site="", rows=80), entry("own.csv", site="be1", rows=9)]
    assert grid(files)[1:] == [
        ["Clinic of the Valley (at1, AT)", "↓ see last row", "○ not received"],
        ["be1 (BE)", "✓ received, 9 rows", "○ not received"],
        ["de1", "↓ see last row", "○ not received"],
        ["Files of several institutions", "✓ received, 80 rows", "○ not received"],
    ]


def test_waves_and_institutions_nobody_planned_are_shown():
    rows = grid([entry("a.csv", wave="t9"), entry("b.csv", site="xx9")])
    assert rows[0] == ["Institution", "Before", "After", "Wave not known"]
    assert rows[1][3] == "✓ received, 12 rows"
    assert rows[-1][:2] == ["xx9", "✓ received, 12 rows"]


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ((12, 8), "✓ received, 20 rows, 2 files"),
        ((12, 3), "✓ received, at least 12 rows, 2 files"),
        ((4, 4), "✓ received, fewer than 5 rows in each file, 2 files"),
        ((4, 0), "✓ received, fewer than 5 rows, 2 files"),
        ((12, None), "✓ received, 12 rows, 2 files, 1 not read"),
        ((None,), "✓ received, not read"),
    ],
)
def test_several_files_of_one_wave(counts, said):
    assert grid([entry(f"{n}.csv", rows=count) for n, count in enumerate(counts)])[1][1] == said


def test_other_kinds_are_counted_by_file():
    files = [
        entry("b.xlsx", kind="audit"),
        entry("b.xlsx", kind="audit", site="be1"),
        entry("a.csv", kind="register"),
        entry("c.csv", kind="audit"),
        entry("x.csv", kind="diary"),
        entry("y.csv", kind="delphi"),
    ]
    shown = page(files=files, kinds={"delphi": "Round of experts"})
    assert shown.table("other") == [
        ["Kind", "Files"],
        ["Audit", "2"],
        ["Register of participants", "1"],
        ["diary", "1"],
        ["Round of experts", "1"],
    ]


def test_a_study_without_institutions_has_no_grid():
    shown = page(files=[], sites=[], waves={})
    assert shown.tables == []
    assert "No institutions or no waves of questionnaires are planned." in shown.text


# ------------------------------------------------------------------------------------------------------ what waits
def test_parts_for_institutions_then_the_analyst_then_all():
    files = [
        entry("data/at1_pre.csv"),
        entry("data/be1_pre.csv", site="be1"),
        entry("data/long.csv", site=""),
        entry("data/book.xlsx", site="at1"),
        entry("data/book.xlsx", site="be1"),
    ]
    problems = [
        found(file="data/long.csv"),
        found(file="data/book.xlsx"),
        found(file="config/inputs.tsv", who="analyst", column="wave"),
        found(file="data/be1_pre.csv"),
        found(file="./data/at1_pre.csv"),
        found(file="data/at1_pre.csv", who="analyst", rule="table.ambiguous"),
    ]
    shown = page(problems, files)
    parts = [text for level, text in shown.headings if level == 3]
    assert parts == ["Clinic of the Valley (at1, AT)", "be1 (BE)", "The analyst", "All institutions"]
    places = [[row[0] for row in one["rows"][1:]] for one in shown.tables if one["class"] == "wide waits"]
    assert places == [
        ["▲ Set aside at1_pre.csv, row 4, column who5_3"],
        ["▲ Set aside be1_pre.csv, row 4, column who5_3"],
        ["▲ Set aside inputs.tsv, row 4, column wave", "▲ Set aside at1_pre.csv, row 4, column who5_3"],
        ["▲ Set aside long.csv, row 4, column who5_3", "▲ Set aside book.xlsx, row 4, column who5_3"],
    ]
    links = [attrs["href"] for tag, attrs in shown.tags if tag == "a"]
    ids = [attrs["id"] for tag, attrs in shown.tags if tag == "h3"]
    assert links == [f"#{one}" for one in ids] == [f"#waits-{n}" for n in (1, 2, 3, 4)]
    assert "Nothing waits for an institution that is not named here." in shown.text


def test_nothing_waits():
    shown = page([found("NOTE")])
    assert "Nothing waits for anybody." in shown.text
    assert not [one for one in shown.tables if one["class"] == "wide waits"]


def test_the_table_says_everything_once():
    shown = page([found(row=row) for row in (4, 7, 9)])
    assert shown.table("wide waits") == [
        ["Place", "What was found", "What was expected", "How to mend it", "What it changes"],
        [
            "▲ Set aside at1_pre.csv, rows 4, 7 and 9, column who5_3",
            "An answer lies outside the range of the item",
            "a number from 0 to 5",
            "Correct the answer in the raw file.",
            "Cell set aside",
        ],
    ]
    assert shown.tables[1]["caption"] == "Clinic of the Valley (at1, AT): 3 rows or cells set aside"


def test_the_caption_tells_stops_from_what_is_set_aside():
    shown = page([found("STOP"), found(row=5), found("STOP", rule="file.size", row=None, column="")])
    assert shown.tables[1]["caption"].endswith(": 2 problems stop the run, 1 row or cell set aside")


def test_only_so_many_rows_are_listed():
    place = page([found(row=row) for row in range(2, 22)]).table("wide waits")[1][0]
    assert place.endswith("at1_pre.csv, rows 2, 3, 4, 5, 6, 7, 8, 9 and 12 more, column who5_3")
    place = page([found(row=row) for row in range(2, 10)]).table("wide waits")[1][0]
    assert place.endswith("rows 2, 3, 4, 5, 6, 7, 8 and 9, column who5_3")


def test_columns_with_the_same_rows_are_told_together():
    problems = [found(row=row, column=column) for row in (4, 6) for column in ("a", "b", "c")]
    rows = page([*problems, found(row=5, column="d")]).table("wide waits")[1:]
    assert [row[0] for row in rows] == [
        "▲ Set aside at1_pre.csv, rows 4 and 6, columns a, b and c",
        "▲ Set aside at1_pre.csv, row 5, column d",
    ]


@pytest.mark.parametrize("key", ["level", "rule", "file", "sheet", "column", "who"])
def test_what_differs_is_not_grouped(key):
    other = {"level": "STOP", "who": "analyst"}.get(key, "other")
    shown = page([found(), found(**{"row": 5, key: other})])
    assert sum(len(one["rows"]) - 1 for one in shown.tables if one["class"] == "wide waits") == 2


def test_different_sentences_of_a_group_name_their_rows():
    problems = [found(row=4, found="this repeats row 2"), found(row=8, found="this repeats row 2")]
    problems += [found(row=9, found="this repeats row 3", expected="")]
    row = page(problems).table("wide waits")[1]
    assert row[1] == "Rows 4 and 8: this repeats row 2; row 9: this repeats row 3"
    assert row[2:4] == ["a number from 0 to 5", "Correct the answer in the raw file."]


def test_only_so_many_sentences_are_told():
    row = page([found(row=n, found=f"this repeats row {n - 1}") for n in range(3, 15)]).table("wide waits")[1]
    assert row[1].startswith("Row 3: this repeats row 2; row 4: this repeats row 3;")
    assert row[1].endswith("; row 10: this repeats row 9; and 4 more")


def test_a_problem_of_a_whole_file_has_no_row():
    row = page([found("STOP", row=None, column="", expected="", rule="file.size")] * 2).table("wide waits")[1]
    assert row[0] == "■ Stops the run at1_pre.csv"
    assert row[2] == "–"


def test_files_of_the_same_name_are_told_apart():
    files = [entry("pre/at1.csv"), entry("post/at1.csv", wave="post"), entry("pre/be1.csv", site="be1")]
    shown = page([found(file="post/at1.csv")], files)
    assert [row[0] for row in shown.table("wide files")[1:]] == ["pre/at1.csv", "post/at1.csv", "be1.csv"]
    assert shown.table("wide waits")[1][0].startswith("▲ Set aside post/at1.csv")


def test_long_headers_are_shortened_in_the_middle():
    place = page([found(column="How often " * 40 + "[with my superior]")]).table("wide waits")[1][0]
    assert place.endswith("column How often How often How often How often How often How … ow often [with my superior]")
    assert len(place) < 140


def test_a_line_to_paste_keeps_its_tabs():
    text = built([found("STOP", remedy="Paste this line: a\tquestionnaire\tdata/a.csv", who="analyst")])
    assert text.count('class="as-typed"') == 2
    assert text.count("Paste this line: a\tquestionnaire\tdata/a.csv") == 2


def test_backticks_set_code():
    text = built([found(remedy="Correct `responses` or `columns`.")])
    assert "Correct <code>responses</code> or <code>columns</code>." in text


# ----------------------------------------------------------------------------------------------------------- notes
def test_notes_of_several_files_are_one_line():
    files = [entry("data/at1_pre.csv"), entry("data/be1_pre.csv", site="be1")]
    notes = [
        found("NOTE", file=file, row=1, column=column, expected="", effect="left out", found="nobody asked for this")
        for file in ("data/at1_pre.csv", "data/be1_pre.csv")
        for column in ("token", "seed")
    ]
    notes.append(found("NOTE", who="analyst", effect=""))
    assert page(notes, files).table("wide notes") == [
        ["What was found", "Where", "What you can do", "For whom"],
        [
            "Nobody asked for this (left out)",
            "at1_pre.csv, row 1, columns token and seedbe1_pre.csv, row 1, columns token and seed",
            "Correct the answer in the raw file.",
            "Institution",
        ],
        [
            "An answer lies outside the range of the item; expected a number from 0 to 5",
            "at1_pre.csv, row 4, column who5_3",
            "Correct the answer in the raw file.",
            "Analyst",
        ],
    ]


def test_notes_that_name_rows_stay_with_their_file():
    notes = [
        found("NOTE", file=file, row=row, found=f"this repeats row {row - 1}", expected="", effect="")
        for file in ("a.csv", "b.csv")
        for row in (4, 8)
    ]
    rows = page(notes).table("wide notes")[1:]
    assert [row[1] for row in rows] == ["a.csv, rows 4 and 8, column who5_3", "b.csv, rows 4 and 8, column who5_3"]


def test_notes_say_that_nothing_was_set_aside():
    shown = page([found("NOTE")])
    assert "These notes are for information. No row and no cell was set aside for them." in shown.text
    assert "There are no notes." in page().text


# ----------------------------------------------------------------------------------------------------------- files
def test_table_of_files():
    files = [
        entry("data/at1_pre.csv", dialect="REDCap, raw export", aside=7, rows=30),
        entry("data/d1.csv", kind="delphi", site="", wave="", rows=3, aside=1, received="new", form=""),
        entry("data/i1.docx", kind="transcript", site="", wave="", rows=None, aside=None, received=""),
    ]
    assert page(files=files).table("wide files") == [
        ["File", "Kind", "Institution", "Wave", "Form", "Platform", "Rows read", "Set aside", "Received"],
        [
            "at1_pre.csv",
            "Questionnaire",
            "at1",
            "Before",
            "CSV, UTF-8, semicolon",
            "REDCap, raw export",
            "30",
            "7",
            "as received",
        ],
        ["d1.csv", "Delphi round", "several", "–", "–", "–", "3", "1", "new"],
        ["i1.docx", "Interview transcript", "several", "–", "CSV, UTF-8, semicolon", "–", "–", "–", "–"],
    ]


@pytest.mark.parametrize("kind", ["questionnaire", "register", "withdrawals", "interview_list"])
@pytest.mark.parametrize(
    ("rows", "aside", "said"),
    [
        (12, 0, ["12", "0"]),
        (12, 1, ["12", "fewer than 5"]),
        (12, 4, ["12", "fewer than 5"]),
        (12, 5, ["12", "5"]),
        (12, 7, ["12", "7"]),
        (12, 8, ["12", "all but fewer than 5"]),
        (12, 11, ["12", "all but fewer than 5"]),
        (12, 12, ["12", "12"]),
        (5, 0, ["5", "0"]),
        (4, 0, ["fewer than 5", "0"]),
        (4, 4, ["fewer than 5", "fewer than 5"]),
        (0, 0, ["0", "0"]),
    ],
)
def test_small_numbers_of_people_are_not_shown(kind, rows, aside, said):
    files = [entry("a.csv", kind=kind, rows=rows, aside=aside)]
    assert page(files=files).table("wide files")[1][6:8] == said


def test_no_floor_shows_every_number():
    shown = page(files=[entry("a.csv", rows=1, aside=1)], floor=1)
    assert shown.table("wide files")[1][6:8] == ["1", "1"]
    assert shown.table("grid")[1][1] == "✓ received, 1 row"
    assert "fewer than" not in shown.text


def test_small_numbers_are_nowhere_else_on_the_page():
    files = [entry("a.csv", rows=43, aside=41), entry("b.csv", rows=3), entry("c.csv", kind="withdrawals", rows=3)]
    text = page(files=[*files, *(entry(f"audit{n}.csv", kind="audit", rows=60) for n in range(6))]).text
    assert not re.search(r"\b(46|41|3)\b", text)
    assert "at least 43 rows" in text and "all but fewer than 5" in text
    assert "Small numbers of people are not shown: “fewer than 5” stands for 1 to 4." in text


# ------------------------------------------------------------------------------------------------- the page as such
TYPICAL = (
    [
        found("STOP", who="analyst", file="config/inputs.tsv"),
        found("STOP", file="data/be1_pre.csv"),
        found(),
        found(file="data/long.csv"),
        found("NOTE"),
    ],
    [
        entry("data/at1_pre.csv"),
        entry("data/be1_pre.csv", site="be1"),
        entry("data/long.csv", site=""),
        entry("data/a.xlsx", kind="audit"),
    ],
)


@pytest.mark.parametrize("study", [TYPICAL, ([], [])])
def test_headings_tables_and_ids_are_in_order(study):
    shown = page(*study, banner="The data are synthetic.")
    levels = [level for level, _ in shown.headings]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    names = [text for level, text in shown.headings if level == 2 and "stops" not in text]
    assert names == ["What was received", "What waits, and for whom", "Notes", "How to read this page", "Files"]
    assert shown.open == []
    ids = [attrs["id"] for _, attrs in shown.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert {attrs["aria-labelledby"] for _, attrs in shown.tags if "aria-labelledby" in attrs} <= set(ids)
    for one in shown.tables:
        head, *body = one["rows"]
        assert one["caption"] and one["scopes"] == ["col"] * len(head) + ["row"] * len(body)
        assert {len(row) for row in body} == {len(head)}


def test_the_page_needs_nothing_from_elsewhere():
    text = built(*TYPICAL)
    shown = Page(text)
    assert text.startswith('<!DOCTYPE html>\n<html lang="en">')
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:" in text
    assert "http" not in text.replace("http-equiv", "")
    assert not re.search(r"url\(|@import|@font-face", text)
    assert not {tag for tag, _ in shown.tags} & {"script", "link", "img", "iframe", "form", "object", "svg"}


def test_no_sign_stands_without_words():
    assert re.search(r'aria-hidden="true">■</span> Stops the run', built(*TYPICAL))
    for sign, words in (("✓", "received"), ("○", "not received"), ("↓", "see last row"), ("▲", "Set aside")):
        assert f'<span aria-hidden="true">{sign}</span> {words}' in built(*TYPICAL)


def test_how_to_read_the_page():
    text = page().text
    for sentence in (
        "■ Stops the run: no result is computed until this is mended.",
        "▲ Set aside: the row or the cell waits and does not count; all the rest is computed.",
        "● For information: nothing was set aside.",
        "No answers of persons are shown here.",
        "Rows are counted as a spreadsheet shows them, with the header in row 1.",
        "Raw files are never changed here: correct the file at the institution and send it again.",
    ):
        assert sentence in text


def test_banner_and_title():
    shown = page(banner="The data are synthetic.")
    assert shown.text.startswith("Data quality The pilot The data are synthetic. 1 file was read.")
    assert "<title>Data quality – The pilot</title>" in built()
    assert 'role="note"' not in built()
    assert "<title>Data quality</title>" in built(title="")


def test_same_input_same_page():
    assert built(*TYPICAL) == built(*TYPICAL)
    given = [dict(one) for one in TYPICAL[0]]
    built(given, TYPICAL[1])
    assert given == TYPICAL[0]


def test_the_module_loads_no_library():
    code = "import sys, piloteval.intake.page; print(sorted({'pandas', 'numpy', 'jinja2', 'yaml'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.stdout.strip() == "[]"


# ------------------------------------------------------------------------------------------------- hostile names
PAYLOADS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    '" style="position:fixed" x="',
    "</style><script>1</script>",
    "</table></main><h1>Owned</h1>",
    "<!-- open",
    "]]><![CDATA[<b>",
    "<svg onload=1>",
    "&lt;b&gt;&#60;i&#62;&amp",
    "[click](javascript:alert(1)) ![x](data:x)",
    "**bold** _em_ # head | cell |",
    "{{7*7}} ${7*7} {0} %s",
    "`rm -rf` <kbd>",
    "=cmd|' /C calc'!A0",
    "</title><meta charset=x>",
    "\ud83d half a pair",
    "a\u202egpj.exe\u2066\u200b\u0000\u001b[31m\r\nnew line\u2028end",
]
MARKS = {"wbr", "code"}


def shape(text):
    """Tags and attributes without those of the text itself; class and header texts are checked apart."""
    return [(tag, sorted(attrs)) for tag, attrs in Page(text).tags if tag not in MARKS]


def everywhere(words):
    """Build a page with the same words wherever something comes from outside."""
    file = f"data/{words.replace('/', ':')}.csv"
    texts = {"found": words, "expected": words, "remedy": words, "effect": words, "sheet": words, "column": words}
    problems = [found(level, file=file, **texts) for level in ("STOP", "QUARANTINE", "NOTE")]
    problems.append(found(row=5, file=file, **{**texts, "found": f"other {words}"}))
    files = [
        entry(file, form=words, dialect=words, received=words, wave=words),
        entry(f"z/{file}", kind=words, site=words),
    ]
    return data_quality_page(
        problems,
        files,
        title=words,
        sites=[{"site": "at1", "name": words, "country": words}],
        waves={"pre": words},
        kinds={words: words},
        floor=5,
        banner=words,
    )


@pytest.mark.parametrize("payload", PAYLOADS)
def test_hostile_words_are_inert(payload):
    text = everywhere(payload)
    assert shape(text) == shape(everywhere("plain words"))
    for tag, attrs in Page(text).tags:
        assert not [name for name in attrs if name.startswith("on") or name in ("src", "style")]
        assert attrs.get("href", "#waits-").startswith("#waits-")
        if tag == "html":
            assert attrs == {"lang": "en"}


@pytest.mark.parametrize("payload", PAYLOADS[:-2])
def test_hostile_words_are_still_read_as_they_are(payload):
    shown = page([found(column=payload)], title=payload)
    words = " ".join(payload.split())
    assert shown.table("wide waits")[1][0].endswith(f"column {words}")
    assert f"Data quality {words} 1 file" in shown.text


def test_characters_that_are_not_seen_become_one_blank():
    name = "a\u202e\u2066b\u200b\u0000 \u001bc\r\n\ud83dd.csv"
    text = built(files=[entry(f"data/{name}")])
    assert Page(text).table("wide files")[1][0] == "a b c d.csv"
    assert text.encode("utf-8").isascii() is False
    assert all(one.isprintable() or one in "\n" for one in text)
    assert page(files=[entry("\u202e")]).table("wide files")[1][0] == "without a name"
