"""Platforms: the same people give the same answers in the export of every survey platform and statistical program."""

from __future__ import annotations

import csv
from dataclasses import replace

import exports
import pandas as pd
import pyreadstat
import pytest
from piloteval.config import read_instruments
from piloteval.intake.layout import Wording, wanted
from piloteval.intake.plausibility import wordings
from piloteval.intake.questionnaires import read_questionnaires
from piloteval.intake.tabular import read_table
from study import ROOT, SETTINGS, source, told

ITEMS = [f"brs_{place}" for place in range(1, 7)]
TEXTS = {item: f"In trying times I do invented thing {place}." for place, item in enumerate(ITEMS, start=1)}
GRID = {item: f"How much do you agree? [Thing {place}]" for place, item in enumerate(ITEMS, start=1)}
INSTRUMENTS = read_instruments([str(ROOT / "config/instruments/brs.yaml"), str(ROOT / "config/instruments/who5.yaml")])
PLAIN = INSTRUMENTS["brs"]

#: The questionnaire with what an analyst writes down about the platforms of a study.
BRS = replace(
    PLAIN,
    columns={
        "redcap": ["q_{nn}"],
        "limesurvey": {item: [f"G01Q02[SQ{place:03d}]", TEXTS[item]] for place, item in enumerate(ITEMS, start=1)},
        "qualtrics": ["Q5_{n}"],
        "google_forms": TEXTS,
        "microsoft_forms": TEXTS,
        "surveymonkey": {item: [TEXTS[item], GRID[item]] for item in ITEMS},
    },
    texts={words: float(code) for code, words in exports.WORDS.items()},
)
REDCAP = [f"q_{place:02d}" for place in range(1, 7)]
LIMESURVEY = [f"G01Q02[SQ{place:03d}]" for place in range(1, 7)]
QUALTRICS = [f"Q5_{place}" for place in range(1, 7)]

#: What a study that uses all platforms calls the participant.
PARTICIPANT = ["participant", "record_id", "PID", "Your code", "What is your study code?"]
COMMA, TAB, WORKBOOK = "CSV, UTF-8, comma", "TSV, UTF-8, tab", "Excel workbook"

#: What the builders put into columns that say who answered.
WHO = ("kim", "Kim", "Muster", "192.0.2", "tk000", "52.1", "5.1", "example.org", "+00 000")


def by_place(texts, items):
    return dict(zip(items, texts.values(), strict=True))


def plain(path, items, rows, **_more):
    return exports.write(
        path, [["participant", *items], *([row["id"], *(row[item] for item in items)] for row in rows)]
    )


def statistical(path, items, rows, **more):
    frame = pd.DataFrame([[row["id"], *(float(row[item] or "nan") for item in items)] for row in rows])
    frame.columns = ["participant", *items]
    write = pyreadstat.write_sav if path.suffix == ".sav" else pyreadstat.write_dta
    write(frame, path, **more)
    return path


#: Builder, suffix, names of the items, further settings of the builder; form, platform, personal columns of the table.
EXPORTS = {
    "CSV": (plain, ".csv", ITEMS, {}, (COMMA, ""), 0),
    "TSV": (plain, ".tsv", ITEMS, {}, (TAB, ""), 0),
    "XLSX": (plain, ".xlsx", ITEMS, {}, (WORKBOOK, ""), 0),
    "SAV": (statistical, ".sav", ITEMS, {}, ("SPSS", ""), 0),
    "ZSAV": (statistical, ".sav", ITEMS, {"compress": True}, ("SPSS", ""), 0),
    "DTA": (statistical, ".dta", ITEMS, {}, ("Stata", ""), 0),
    "REDCap": (exports.redcap_raw, ".csv", REDCAP, {}, (COMMA, "REDCap, raw export"), 1),
    "REDCap, no survey": (exports.redcap_raw, ".csv", REDCAP, {"survey": False, "group": "at1"}, (COMMA, "REDCap, raw export"), 0),
    "LimeSurvey, codes": (
        exports.limesurvey, ".csv", LIMESURVEY, {},
        (COMMA, "LimeSurvey, question codes as headings"), 3,
    ),
    "LimeSurvey, codes, timings": (
        exports.limesurvey, ".xlsx", LIMESURVEY, {"timings": True},
        (WORKBOOK, "LimeSurvey, question codes as headings"), 3,
    ),
    "LimeSurvey, codes with words": (
        exports.limesurvey, ".csv", LIMESURVEY, {"answers": "texts"},
        (COMMA, "LimeSurvey, question codes as headings"), 3,
    ),
    "LimeSurvey, texts": (
        exports.limesurvey, ".csv", ITEMS, {"texts": TEXTS, "heading": "text"},
        (COMMA, "LimeSurvey, question texts as headings"), 3,
    ),
    "LimeSurvey, German texts with words": (
        exports.limesurvey, ".csv", ITEMS, {"texts": TEXTS, "heading": "text", "answers": "texts", "language": "de"},
        (COMMA, "LimeSurvey, question texts as headings"), 3,
    ),
    "LimeSurvey, both": (
        exports.limesurvey, ".csv", LIMESURVEY, {"texts": by_place(TEXTS, LIMESURVEY), "heading": "both"},
        (COMMA, "LimeSurvey, question codes as headings"), 3,
    ),
    "LimeSurvey, both with words": (
        exports.limesurvey, ".csv", LIMESURVEY,
        {"texts": by_place(TEXTS, LIMESURVEY), "heading": "both", "answers": "texts", "language": "fr"},
        (COMMA, "LimeSurvey, question codes as headings"), 3,
    ),
    "LimeSurvey, VV": (
        exports.limesurvey_vv, ".txt", LIMESURVEY, {"texts": by_place(TEXTS, LIMESURVEY)},
        (TAB, "LimeSurvey, question codes as headings"), 3,
    ),
    "Qualtrics, numbers": (exports.qualtrics, ".csv", QUALTRICS, {}, (COMMA, "Qualtrics"), 7),
    "Qualtrics, words": (exports.qualtrics, ".csv", QUALTRICS, {"numeric": False}, (COMMA, "Qualtrics"), 7),
    "Qualtrics, TSV": (exports.qualtrics, ".tsv", QUALTRICS, {"numeric": False}, (TAB, "Qualtrics"), 7),
    "Qualtrics, XLSX": (exports.qualtrics, ".xlsx", QUALTRICS, {"xlsx": True}, (WORKBOOK, "Qualtrics"), 7),
    "Qualtrics, XLSX, words": (
        exports.qualtrics, ".xlsx", QUALTRICS, {"xlsx": True, "numeric": False}, (WORKBOOK, "Qualtrics"), 7,
    ),
    "Qualtrics, one header row": (exports.qualtrics, ".csv", QUALTRICS, {"header_rows": 1}, (COMMA, "Qualtrics"), 7),
    "Qualtrics, legacy": (exports.qualtrics_legacy, ".csv", QUALTRICS, {}, (COMMA, "Qualtrics"), 4),
    "Google Forms": (exports.google_forms, ".csv", ITEMS, {"texts": TEXTS}, (COMMA, "Google Forms"), 1),
    "Google Forms, Dutch": (
        exports.google_forms, ".xlsx", ITEMS, {"texts": TEXTS, "language": "nl"}, (WORKBOOK, "Google Forms"), 1,
    ),
    "Microsoft Forms": (exports.microsoft_forms, ".xlsx", ITEMS, {"texts": TEXTS}, (WORKBOOK, "Microsoft Forms"), 2),
    "Microsoft Forms, CSV, French": (
        exports.microsoft_forms, ".csv", ITEMS, {"texts": TEXTS, "language": "fr"}, (COMMA, "Microsoft Forms"), 2,
    ),
    "SurveyMonkey": (exports.surveymonkey, ".csv", ITEMS, {"texts": TEXTS}, (COMMA, "SurveyMonkey"), 5),
    "SurveyMonkey, grid and contact": (
        exports.surveymonkey, ".xlsx", ITEMS, {"texts": GRID, "contact": True}, (WORKBOOK, "SurveyMonkey"), 8,
    ),
    "SurveyMonkey, one header row": (
        exports.surveymonkey, ".csv", ITEMS, {"texts": TEXTS, "header_rows": 1}, (COMMA, "SurveyMonkey"), 5,
    ),
}  # fmt: skip

platforms = pytest.mark.parametrize("name", EXPORTS)


def export(folder, name, people, **more):
    """Write people, whose answers are by the items' ids, as a platform exports them; return the row of the sheet."""
    build, suffix, items, settings, _form, _personal = EXPORTS[name]
    rows = [{**row, **{column: row.get(item, "") for column, item in zip(items, ITEMS, strict=True)}} for row in people]
    path = build(folder / f"q{suffix}", items, rows, **{**settings, **more})
    return source(path, wave="pre", instrument="brs", site="at1")


def read(*sources, people=None, instrument=BRS, **said):
    settings = {**SETTINGS, "participant_column": PARTICIPANT, **said}
    return read_questionnaires(sources, {**INSTRUMENTS, "brs": instrument}, people=people, settings=settings)


def table(one):
    return read_table(one, wanted([BRS], Wording.of({**SETTINGS, "participant_column": PARTICIPANT})))


def answers(found):
    return {(one["participant"], one["wave"], one["item"]): one["value"] for one in found.answers}


def expected(people, wave="pre"):
    return {
        (row["id"], row.get("wave", wave), item): float(row[item]) if row[item] else None
        for row in people
        for item in ITEMS
    }


def grave(found):
    return [one.sentence() for one in found.problems if one.level != "NOTE"]


# Every platform


@platforms
def test_every_platform_gives_the_same_answers(tmp_path, name):
    people = exports.people(ITEMS, count=5)
    people[1]["brs_4"] = ""
    one = export(tmp_path, name, people)
    found = read(one, people={row["id"] for row in people})
    assert grave(found) == []
    assert answers(found) == expected(people)
    assert [(line["wave"], line["rows_read"], line["quarantined"]) for line in found.ledger] == [("pre", 5, 0)]
    assert found.forms == {"s": EXPORTS[name][4]}


@platforms
def test_rows_are_numbered_as_a_program_shows_them(tmp_path, name):
    people = exports.people(ITEMS, count=3)
    one = export(tmp_path, name, people)
    numbers = sorted({line["row"] for line in read(one).answers})
    header = table(one).export.header_rows if one.path[-4:] not in (".sav", ".dta") else 0
    assert numbers == [header + 1, header + 2, header + 3]


@platforms
def test_header_rows_are_never_people(tmp_path, name):
    people = exports.people(ITEMS, count=2)
    found = read(export(tmp_path, name, people))
    assert {line["participant"] for line in found.answers} == {"P001", "P002"}
    assert found.quarantine == []


@platforms
def test_columns_about_the_person_are_dropped_and_counted(tmp_path, name):
    one, many = export(tmp_path, name, exports.people(ITEMS)), EXPORTS[name][5]
    raw = table(one)
    notes = [problem.found for problem in raw.problems if problem.rule == "table.metadata"]
    names = ", ".join(f"`{column}`" for column in raw.export.columns if column in raw.export.personal)
    start = f"{many} columns" if many > 1 else "a column"
    assert notes == ([f"{start} with personal data of the survey platform ({names})"] if many else [])
    assert not [value for value in WHO if value in repr((raw.rows, raw.texts, raw.labels, raw.missing, raw.aside))]
    assert {len(row) for row in raw.rows} == {len(raw.columns)}
    assert not raw.export.personal & set(raw.columns)


@platforms
def test_no_sentence_names_a_person_or_an_answer(tmp_path, name):
    people = exports.people(ITEMS)
    people[0]["brs_2"], people[2]["id"] = "7", "P-unknown"
    found = read(export(tmp_path, name, people), people={"P001", "P002", "P004"})
    assert {one.rule for one in found.problems} >= {"answer.range", "person.unknown"}
    text = " ".join(one.sentence() for one in found.problems).replace(str(tmp_path), "")
    assert not [value for value in ("P001", "P-unknown", *WHO) if value in text]


# What a platform says about its rows


@pytest.mark.parametrize("name", [name for name in EXPORTS if name.startswith("Qualtrics")])
def test_previews_are_set_aside_and_unfinished_are_counted(tmp_path, name):
    people = exports.people(ITEMS, count=4)
    people[0]["preview"], people[2]["finished"], people[2]["brs_6"] = True, False, ""
    one = export(tmp_path, name, people)
    found, first = read(one), table(one).export.header_rows + 1
    assert answers(found) == expected(people[1:])
    where = "q.xlsx, sheet Sheet" if one.path.endswith(".xlsx") else f"q{EXPORTS[name][1]}"
    assert [line for line in told(found, tmp_path) if "preview" in line or "sent off" in line] == [
        f"{where}, column Finished: 1 of 3 answers were not sent off. Nothing to do.",
        f"{where}, row {first}, column Status: a row is a preview or a test of the survey, not an "
        "answer. Nothing to do; leave test answers out of the next export. (row set aside)",
    ]
    (aside,) = found.quarantine
    assert (aside["rule"], aside["row"], aside["column"]) == ("platform.preview", first, "Status")
    assert [(line["rows_read"], line["quarantined"]) for line in found.ledger] == [(4, 1)]


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("REDCap", "questionnaire_timestamp"),
        ("LimeSurvey, codes", "submitdate"),
        ("LimeSurvey, both", "submitdate"),
        ("LimeSurvey, texts", "Date submitted"),
        ("LimeSurvey, VV", "submitdate"),
    ],
)
def test_unfinished_answers_count_as_far_as_they_go(tmp_path, name, column):
    people = exports.people(ITEMS, count=3)
    people[1]["finished"], people[1]["brs_6"] = False, ""
    found = read(export(tmp_path, name, people))
    assert answers(found) == expected(people)
    assert [(one.column, one.found) for one in found.problems if one.rule == "platform.unfinished"] == [
        (column, "1 of 3 answers were not sent off")
    ]


def test_question_that_was_not_shown_is_no_answer(tmp_path):
    people = exports.people(ITEMS, count=3)
    rows = [{**row, **{code: row[item] for code, item in zip(LIMESURVEY, ITEMS, strict=True)}} for row in people]
    del rows[1][LIMESURVEY[2]]
    people[1]["brs_3"] = ""
    path = exports.limesurvey_vv(tmp_path / "vv.txt", LIMESURVEY, rows)
    found = read(source(path, wave="pre", instrument="brs"))
    assert answers(found) == expected(people)
    assert grave(found) == []


def test_words_that_nobody_declared_stop(tmp_path):
    found = read(export(tmp_path, "Qualtrics, words", exports.people(ITEMS)), instrument=replace(BRS, texts={}))
    assert grave(found) == [
        f"{tmp_path}/q.csv, column brs_1 to brs_6: columns hold the words of the answers instead of their codes; expected "
        "the codes 1, 2, 3, 4, 5. Export the codes, or declare the words under `responses.texts` of the instrument."
    ]


def test_platform_named_in_the_sheet_must_be_that_of_the_file(tmp_path):
    one = export(tmp_path, "Qualtrics, numbers", exports.people(ITEMS))
    assert grave(read(replace(one, dialect="qualtrics"))) == []
    found = read(replace(one, dialect="limesurvey"))
    assert grave(found) == [
        f"{tmp_path}/q.csv, row 1: the header rows are not those of the survey platform named in the sheet. Export the "
        "file again with the platform's own settings, or correct the column `dialect`."
    ]


# REDCap with events


def events(people):
    """Return people with answers before and after."""
    after = [{**row, "date": row["date"].replace("-03-", "-09-"), "wave": "post"} for row in people[:3]]
    for row in after:
        row.update({item: str(6 - int(row[item])) for item in ITEMS})
    return [{**row, "wave": "pre"} for row in people] + after


def test_events_of_redcap_are_waves(tmp_path):
    rows = events(exports.people(ITEMS))
    named = [
        {**row, "event": {"pre": "t0_arm_1", "post": "t1_arm_1"}[row["wave"]], **dict(zip(REDCAP, (row[item] for item in ITEMS), strict=True))}
        for row in rows
    ]  # fmt: skip
    path = exports.redcap_raw(tmp_path / "q.csv", REDCAP, named, event="t0_arm_1")
    one = source(path, instrument="brs")
    found = read(one, wave_names={"t0_arm_1": "pre", "t1_arm_1": "post"})
    assert answers(found) == expected(rows)
    assert grave(found) == []
    assert [(line["wave"], line["rows_read"]) for line in found.ledger] == [("pre", 4), ("post", 3)]
    found = read(one, wave_names={"t0_arm_1": "pre"})
    assert answers(found) == expected([row for row in rows if row["wave"] == "pre"])
    assert {(aside["rule"], aside["column"]) for aside in found.quarantine} == {("wave.value", "redcap_event_name")}
    assert [(line["rows_read"], line["quarantined"]) for line in found.ledger] == [(7, 3)]


def test_labels_of_redcap_are_codes_with_the_dictionary(tmp_path):
    rows = events(exports.people(ITEMS))
    rows[2]["brs_5"] = ""
    named = [{**row, "event": {"pre": "Before", "post": "After"}[row["wave"]]} for row in rows]
    path = exports.redcap_labels(tmp_path / "q.csv", ITEMS, named, texts=TEXTS, event="Before", group="Vienna")
    dictionary = exports.redcap_dictionary(tmp_path / "dictionary.csv", ITEMS, texts=TEXTS)
    sources = [
        source(path, instrument="brs", dictionary="codes"),
        source(dictionary, "dictionary", "codes"),
    ]
    found = read(*sources, instrument=PLAIN, wave_names={"Before": "pre", "After": "post"})
    assert grave(found) == []
    assert answers(found) == expected(rows)
    assert found.forms == {"s": (COMMA, "REDCap, export with labels")}
    assert [one.column for one in found.problems if one.rule == "table.no-column"] == []
    without = read(sources[0], instrument=PLAIN, wave_names={"Before": "pre", "After": "post"})
    assert {one.rule for one in without.problems if one.level == "STOP"} == {"table.no-column"}


def test_labels_of_redcap_that_repeat_are_told_apart_by_the_dictionary(tmp_path):
    """Two forms with the same questions, one a wave: the labels repeat, the variables do not."""
    people = exports.people(ITEMS)
    items = [f"{item}_{wave}" for wave in ("pre", "post") for item in ITEMS]
    texts = {f"{item}_{wave}": TEXTS[item] for wave in ("pre", "post") for item in ITEMS}
    rows = [{**row, **{f"{item}_{wave}": row[item] for wave in ("pre", "post") for item in ITEMS}} for row in people]
    path = exports.redcap_labels(tmp_path / "q.csv", items, rows, texts=texts)
    dictionary = exports.redcap_dictionary(tmp_path / "dictionary.csv", items, texts=texts)
    sources = [source(path, instrument="brs", dictionary="codes"), source(dictionary, "dictionary", "codes")]
    found = read(*sources, instrument=PLAIN)
    assert grave(found) == []
    assert answers(found) == {**expected(people, "pre"), **expected(people, "post")}


# SPSS and Stata

CODES = {float(code): words for code, words in exports.WORDS.items()}


def sav(folder, people, name="q.sav", **more):
    return source(
        statistical(folder / name, ITEMS, people, **more), name=name, wave="pre", instrument="brs", site="at1"
    )


@pytest.mark.parametrize("suffix", [".sav", ".dta"])
def test_value_labels_do_not_replace_codes(tmp_path, suffix):
    people = exports.people(ITEMS)
    codes = {int(code): words for code, words in CODES.items()} if suffix == ".dta" else CODES
    one = sav(tmp_path, people, f"q{suffix}", variable_value_labels=dict.fromkeys(ITEMS, codes))
    found = read(one, instrument=PLAIN)
    assert answers(found) == expected(people)
    assert grave(found) == []
    assert table(one).labels["brs_1"] == exports.WORDS


@pytest.mark.parametrize(
    ("missing", "codes"),
    [
        ([{"lo": 99, "hi": 99}], ["99", "99"]),
        ([{"lo": 97, "hi": 99}], ["97", "98"]),
        ([{"lo": -9, "hi": -1}, 99], ["-5", "99"]),
        ([98, 99], ["99", "98"]),
    ],
)
def test_user_missing_values_of_spss_are_no_answer_and_told_apart(tmp_path, missing, codes):
    people = exports.people(ITEMS)
    people[0]["brs_1"], people[1]["brs_6"], people[2]["brs_2"] = *codes, ""
    found = read(sav(tmp_path, people, missing_ranges=dict.fromkeys(ITEMS, missing)), instrument=PLAIN)
    people[0]["brs_1"] = people[1]["brs_6"] = ""
    assert answers(found) == expected(people)
    assert [line.replace(str(tmp_path), "") for line in (one.sentence() for one in found.problems)] == [
        "/q.sav: 1 of 24 answers are empty. Nothing to do if the persons left them empty; else send the full export.",
        "/q.sav: 2 of 24 answers are declared as missing in the file itself. Nothing to do.",
    ]
    assert found.quarantine == []


def test_the_same_codes_without_the_declaration_are_set_aside(tmp_path):
    people = exports.people(ITEMS)
    people[0]["brs_1"] = "99"
    found = read(sav(tmp_path, people, missing_ranges={"brs_2": [99]}), instrument=PLAIN)
    assert [(one["rule"], one["value"], one["row"], one["column"]) for one in found.quarantine] == [
        ("answer.range", "99", 1, "brs_1")
    ]


def test_a_value_within_the_range_may_be_declared_as_missing(tmp_path):
    people = exports.people(ITEMS)
    people[0]["brs_1"] = "5"
    found = read(sav(tmp_path, people, missing_ranges={"brs_1": [5]}), instrument=PLAIN)
    assert answers(found)["P001", "pre", "brs_1"] is None
    assert answers(found)["P004", "pre", "brs_2"] is not None


def test_user_missing_values_of_stata_are_no_answer_and_told_apart(tmp_path):
    people = exports.people(ITEMS)
    frame = pd.DataFrame([[row["id"], *(float(row[item]) for item in ITEMS)] for row in people])
    frame.columns = ["participant", *ITEMS]
    frame = frame.astype({item: object for item in ("brs_1", "brs_6")})
    frame.loc[0, "brs_1"], frame.loc[1, "brs_1"], frame.loc[2, "brs_6"], frame.loc[3, "brs_2"] = (
        "a",
        "z",
        "b",
        float("nan"),
    )
    path = tmp_path / "q.dta"
    pyreadstat.write_dta(frame, path, missing_user_values={"brs_1": ["a", "z"], "brs_6": ["b"]})
    found = read(source(path, wave="pre", instrument="brs"), instrument=PLAIN)
    people[0]["brs_1"] = people[1]["brs_1"] = people[2]["brs_6"] = people[3]["brs_2"] = ""
    assert answers(found) == expected(people)
    assert [(one.rule, one.found) for one in found.problems] == [
        ("answer.blank", "1 of 24 answers are empty"),
        ("answer.user-missing", "3 of 24 answers are declared as missing in the file itself"),
    ]


def waves_in_columns(people):
    """Return people, their columns and their answers, the same before and after."""
    frame = pd.DataFrame({"participant": [row["id"] for row in people]})
    for wave in ("pre", "post"):
        for item in ITEMS:
            frame[f"{item}_{wave}"] = [float(row[item]) for row in people]
    return frame


def test_user_missing_values_of_a_file_with_waves_in_columns(tmp_path):
    people = exports.people(ITEMS)
    frame = waves_in_columns(people)
    frame.loc[0, "brs_1_post"] = 99
    pyreadstat.write_sav(frame, tmp_path / "q.sav", missing_ranges={"brs_1_post": [99]})
    found = read(source(tmp_path / "q.sav", instrument="brs"), instrument=PLAIN)
    assert answers(found) == {
        **expected(people, "pre"),
        **expected(people, "post"),
        ("P001", "post", "brs_1"): None,
    }
    assert [one.rule for one in found.problems] == ["answer.user-missing"]


SHIFTED = {float(code) - 1: words for code, words in exports.WORDS.items()}


@pytest.mark.parametrize("wave", ["pre", ""])
def test_value_labels_that_are_shifted_against_the_instrument_stop(tmp_path, wave):
    people = exports.people(ITEMS, answer=lambda person, place: str((person + place) % 3 + 1))
    frame = pd.DataFrame([[row["id"], "pre", *(float(row[item]) for item in ITEMS)] for row in people])
    frame.columns = ["participant", "wave", *ITEMS]
    pyreadstat.write_sav(frame, tmp_path / "q.sav", variable_value_labels=dict.fromkeys(ITEMS, SHIFTED))
    found = read(source(tmp_path / "q.sav", wave=wave, instrument="brs"), instrument=PLAIN)
    assert grave(found) == [
        f"{tmp_path}/q.sav, column brs_1 to brs_6: an instrument is coded otherwise than its file says; "
        "expected the codes 1, 2, 3, 4, 5. Export again with the codes of the instrument, or correct `responses` of the "
        "instrument."
    ]


def test_shifted_value_labels_of_a_file_with_waves_in_columns_stop(tmp_path):
    frame = waves_in_columns(exports.people(ITEMS, answer=lambda person, place: str((person + place) % 3 + 1)))
    labels = {f"{item}_{wave}": SHIFTED for item in ITEMS for wave in ("pre", "post")}
    pyreadstat.write_sav(frame, tmp_path / "q.sav", variable_value_labels=labels)
    found = read(source(tmp_path / "q.sav", instrument="brs"), instrument=PLAIN)
    assert [one.rule for one in found.problems if one.level == "STOP"] == ["answer.shifted"]


@pytest.mark.parametrize("codes", [{**CODES, 9.0: "Refused"}, {1.0: "Never", 5.0: "Always"}])
def test_value_labels_beside_or_at_the_ends_of_the_scale_do_not_stop(tmp_path, codes):
    people = exports.people(ITEMS)
    found = read(sav(tmp_path, people, variable_value_labels=dict.fromkeys(ITEMS, codes)), instrument=PLAIN)
    assert answers(found) == expected(people)


def test_words_of_a_personal_column_are_dropped_with_it(tmp_path):
    frame = pd.DataFrame({"participant": ["P1"], "name": [1.0], **{item: [3.0] for item in ITEMS}})
    path = tmp_path / "q.sav"
    pyreadstat.write_sav(frame, path, variable_value_labels={"name": {1.0: "Kim Muster"}}, missing_ranges={"name": [1]})
    raw = table(source(path, wave="pre", instrument="brs"))
    assert "name" not in raw.columns
    assert "Muster" not in repr(raw.labels)
    assert "name" not in raw.missing


# Question texts and versions


def labelled(folder, name, texts, **cells):
    people = exports.people(ITEMS)
    labels = ["", *(texts[item] for item in ITEMS)]
    return replace(sav(folder, people, name, column_labels=labels), **cells)


def wording_notes(found, folder):
    return [one.sentence().removeprefix(f"{folder}/") for one, _value, _suggestion in wordings(found)]


CHANGED = {**TEXTS, "brs_3": "Another question?", "brs_5": "And one more?"}


@pytest.mark.parametrize("wave", ["post", ""])
def test_question_texts_of_spss_that_differ_within_an_institution_are_noted(tmp_path, wave):
    first = labelled(tmp_path, "one.sav", TEXTS)
    second = labelled(tmp_path, "two.sav", CHANGED, wave="post")
    found = read(first, second, instrument=PLAIN)
    assert wording_notes(found, tmp_path) == [
        "two.sav, column brs_3: the question texts of 2 items, this the first, differ from those in "
        f"{tmp_path}/one.sav. Check that both files were made with the same version and translation."
    ]


def test_question_texts_may_differ_between_institutions_and_in_blanks(tmp_path):
    first = labelled(tmp_path, "one.sav", TEXTS)
    elsewhere = labelled(tmp_path, "two.sav", CHANGED, wave="post", site="be1")
    spaced = {item: f" {text.upper().replace(' ', '  ')}" for item, text in TEXTS.items()}
    same = labelled(tmp_path, "three.sav", spaced, wave="post")
    assert wordings(read(first, elsewhere, instrument=PLAIN)) == []
    assert wordings(read(first, same, instrument=PLAIN)) == []


def test_question_texts_of_qualtrics_and_spss_are_compared(tmp_path):
    first = labelled(tmp_path, "one.sav", TEXTS)
    for texts, many in ((TEXTS, 0), (CHANGED, 1)):
        two = export(tmp_path, "Qualtrics, numbers", exports.people(ITEMS), texts=by_place(texts, QUALTRICS))
        found = read(first, replace(two, wave="post", source="two"))
        assert grave(found) == []
        notes = wording_notes(found, tmp_path)
        assert len(notes) == many
        assert all(one.startswith("q.csv, row 1, column Q5_3: the question texts of 2 items") for one in notes)


def test_question_texts_of_a_file_with_waves_in_columns_are_compared(tmp_path):
    first = labelled(tmp_path, "one.sav", TEXTS, wave="pre")
    frame = waves_in_columns([{**row, "id": f"Q{row['id']}"} for row in exports.people(ITEMS)])
    labels = ["", *(TEXTS[item] for item in ITEMS), *(CHANGED[item] for item in ITEMS)]
    pyreadstat.write_sav(frame, tmp_path / "two.sav", column_labels=labels)
    found = read(first, source(tmp_path / "two.sav", name="two", instrument="brs", site="at1"), instrument=PLAIN)
    assert [one.rule for one, _value, _suggestion in wordings(found)] == ["instrument.wording"]


def lines(path, header, *rows):
    with path.open("w", encoding="utf-8", newline="") as handle:
        csv.writer(handle).writerows([header, *rows])
    return path


def test_version_of_the_sheet_is_that_of_the_instrument(tmp_path):
    path = lines(tmp_path / "q.csv", ["participant", *ITEMS], ["P1", *"123451"])
    one = source(path, wave="pre", instrument="brs", version="2008")
    assert grave(read(one)) == []
    found = read(replace(one, version="2015"))
    assert grave(found) == [
        f"{path}: a file was made with another version of the questionnaire than the instrument file describes; expected "
        "version 2008, as the instrument file says. Describe the version in an instrument file of its own; versions are "
        "never mixed."
    ]
    assert found.answers == []


def test_version_of_a_column_is_that_of_the_instrument(tmp_path):
    rows = [["P1", "2008", *"123451"], ["P2", "", *"123451"], ["P3", "2008", *"123451"]]
    path = lines(tmp_path / "q.csv", ["participant", "brs_version", *ITEMS], *rows)
    one = source(path, wave="pre", instrument="brs")
    found = read(one)
    assert len(found.answers) == 18
    assert told(found, tmp_path) == []
    rows[2][1] = "2015"
    lines(path, ["participant", "brs_version", *ITEMS], *rows)
    found = read(one)
    assert [(one.rule, one.row, one.column) for one in found.problems if one.level == "STOP"] == [
        ("instrument.version", 4, "brs_version")
    ]
    assert "2015" not in found.problems[0].sentence()
    assert found.answers == []
