"""Survey platforms: recognised by their signature only, header rows are no people, and who answered stays out."""

from __future__ import annotations

import csv

import exports
import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from piloteval.intake.dialects import DIALECTS, NAMES, NotThisExport, recognise

ITEMS = ["ttm_b01", "ttm_b02", "ttm_b03"]
GRID = ["G01Q02[SQ001]", "G01Q02[SQ002]", "G01Q03"]
TEXTS = {
    **dict(
        zip(ITEMS, ["I know where to turn.", "How often did you feel alone?", "I know where to turn."], strict=True)
    ),
    **dict(zip(GRID, ["How true is it? [I cope]", "How true is it? [I rest]", "Any comments?"], strict=True)),
}
PEOPLE = exports.people(ITEMS)
GRID_PEOPLE = exports.people(GRID)


def records(path):
    """Return all rows of a file as trimmed text."""
    if path.suffix == ".xlsx":
        sheet = openpyxl.load_workbook(path).active
        return [["" if cell is None else str(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file, delimiter="\t" if path.suffix in (".tsv", ".txt") else ","))


def built(folder, builder, name="x.csv", items=ITEMS, rows=PEOPLE, hint="", **more):
    """Write an export and recognise it."""
    rows_read = records(builder(folder / name, items, rows, texts=TEXTS, **more))
    export = recognise(rows_read, hint)
    assert len(export.columns) == len(rows_read[0])
    return export, rows_read[export.header_rows :]


def table(header, *rows):
    return [header, *(list(map(str, row)) for row in rows)]


# Every platform

EXPORTS = {
    "redcap_raw": ("redcap", exports.redcap_raw, {}),
    "redcap_events": ("redcap", exports.redcap_raw, {"event": "pre_arm_1", "group": "site_a"}),
    "redcap_no_survey": ("redcap", exports.redcap_raw, {"survey": False, "record": "code"}),
    "redcap_labels": ("redcap_labels", exports.redcap_labels, {"event": "Before"}),
    "redcap_labels_plainest": ("redcap_labels", exports.redcap_labels, {"survey": False}),
    "limesurvey": ("limesurvey", exports.limesurvey, {"items": GRID, "rows": GRID_PEOPLE, "timings": True}),
    "limesurvey_both": ("limesurvey", exports.limesurvey, {"items": GRID, "rows": GRID_PEOPLE, "heading": "both"}),
    "limesurvey_vv": ("limesurvey", exports.limesurvey_vv, {"name": "x.txt"}),
    "limesurvey_texts": ("limesurvey_texts", exports.limesurvey, {"heading": "text", "answers": "texts"}),
    "qualtrics": ("qualtrics", exports.qualtrics, {}),
    "qualtrics_words": ("qualtrics", exports.qualtrics, {"numeric": False}),
    "qualtrics_workbook": ("qualtrics", exports.qualtrics, {"name": "x.xlsx", "xlsx": True}),
    "qualtrics_legacy": ("qualtrics", exports.qualtrics_legacy, {}),
    "google_forms": ("google_forms", exports.google_forms, {}),
    "microsoft_forms": ("microsoft_forms", exports.microsoft_forms, {"name": "x.xlsx"}),
    "surveymonkey": ("surveymonkey", exports.surveymonkey, {}),
}


@pytest.fixture(params=EXPORTS)
def export(request, tmp_path):
    """Return the platform that was built, what was recognised, the rows below the header, and the ids of the people."""
    dialect, builder, more = EXPORTS[request.param]
    found, rows = built(tmp_path, builder, **more)
    return dialect, found, rows, more


def test_every_platform_is_recognised_and_its_header_rows_are_no_people(export):
    dialect, found, rows, _more = export
    assert found.dialect == dialect
    assert len(rows) == len(PEOPLE)
    assert all(any(cell.startswith("P0") for cell in row) for row in rows)


def test_no_column_has_two_meanings_and_none_is_invented(export):
    _dialect, found, _rows, _more = export
    kinds = [found.personal, found.technical, set(found.id_columns), set(found.wave_columns)]
    assert sum(map(len, kinds)) == len(set().union(*kinds))
    assert set().union(*kinds, found.date_columns, found.texts) <= set(found.columns)
    assert set(found.date_columns) <= found.technical


def test_answers_and_the_code_of_the_person_stay(export):
    dialect, found, _rows, more = export
    dropped = found.personal | found.technical | {*found.id_columns, *found.wave_columns}
    answers = [name for name in found.columns if name and name not in dropped]
    own_code = 0 if dialect.startswith("redcap") else 1
    assert len(answers) == len(more.get("items", ITEMS)) + own_code


def test_nothing_that_says_who_or_where_stays(export):
    _dialect, found, rows, _more = export
    kept = [place for place, name in enumerate(found.columns) if name not in found.personal]
    told = {row[place] for row in rows for place in kept if place < len(row)}
    assert not any("example.org" in one or "192.0.2" in one or "Muster" in one or "Kim" in one for one in told)
    assert not any(one.startswith("tk0") for one in told)


def test_a_time_of_completion_is_known(export):
    _dialect, found, rows, more = export
    if not more.get("survey", True):
        assert found.date_columns == ()
        return
    places = [found.columns.index(name) for name in found.date_columns]
    assert places
    assert all("2026" in row[place] for row in rows for place in places)


def test_every_platform_passes_with_its_own_name_as_hint_and_with_no_other(tmp_path):
    for key, (dialect, builder, more) in EXPORTS.items():
        found, _rows = built(tmp_path, builder, hint=dialect, **more)
        assert found.dialect == dialect, key
        for other in set(NAMES) - {dialect}:
            with pytest.raises(NotThisExport):
                built(tmp_path, builder, hint=other, **more)


def test_the_names_of_the_log_cover_every_dialect_but_the_plain_one():
    assert set(DIALECTS) - set(NAMES) == {"plain"}
    assert DIALECTS[0] == "plain"


# Hints


@pytest.mark.parametrize("hint", sorted(set(NAMES) - {"redcap"}))
def test_a_platform_named_and_not_found_is_refused_without_a_value(hint):
    with pytest.raises(NotThisExport) as fault:
        recognise(table(["Participant", "Secret"], ["P1", "x"]), hint)
    assert str(fault.value) == f"the header rows are not those of {NAMES[hint]}"
    assert isinstance(fault.value, ValueError)


def test_a_raw_redcap_export_named_in_the_sheet_may_be_a_report_of_fields_only():
    assert recognise(table(["code", "age", "ttm_b01"], ["P1", 44, 3])).dialect == "plain"
    found = recognise(table(["code", "age", "ttm_b01"], ["P1", 44, 3]), "redcap")
    assert (found.dialect, found.id_columns) == ("redcap", ("code",))
    with pytest.raises(NotThisExport, match=r"^the header rows are not those of REDCap, raw export$"):
        recognise(table(["Participant code", "ttm_b01"], ["P1", 3]), "redcap")


def test_an_unknown_platform_is_refused():
    with pytest.raises(NotThisExport, match=r"^the header rows are not those of a platform that is known$"):
        recognise(table(["a"], ["1"]), "typeform")


def test_a_file_named_plain_is_plain(tmp_path):
    found, _rows = built(tmp_path, exports.google_forms, hint="plain")
    assert (found.dialect, found.header_rows, found.texts) == ("plain", 1, {})
    assert found.personal == {"Email Address"}


# Plain tables

LOOKALIKES = [
    table(["id", "date", "ttm_b01"], [1, "2026-03-01 10:22:11", 4]),
    table(["id", "token", "startdate", "ttm_b01"], [1, "x", "2026-03-01", 4]),
    table(["id", "seed", "language", "ttm_b01"], [1, 7, "nl", 4]),
    table(["Response ID", "Date submitted", "Status", "Comments"], [1, "2026-03-01 10:22", "Complete", "-"]),
    table(["Timestamp", "participant", "ttm_b01"], ["2026-03-01 10:22:11", "P1", 4]),
    table(["Timestamp", "How do you feel today?"], ["before", "fine"]),
    table(["Timestamp", "How do you feel today?"]),
    table(["Status", "Progress", "Finished", "participant"], ["done", 100, "True", "P1"]),
    table(["StartDate", "EndDate", "Status", "participant"], ["2026-03-01", "2026-03-02", "done", "P1"]),
    table(["Start Date", "End Date", "Respondent ID", "ttm_b01"], ["2026-03-01", "2026-03-02", 7, 4]),
    table(["ID", "Start time", "Email", "ttm_b01"], [1, "10:00", "-", 4]),
    table(["participant", "ttm_b01", "training_complete"], ["P1", 4, 1], ["P2", 3, 0]),
    table(["participant", "training_complete", "ttm_b01"], ["P1", 2, 4]),
    table(["Code", "ttm_b01", "scale_complete"], ["P1", 4, 2]),
    table(["participant", "submitdate", "ttm_b01"], ["P1", "2026-03-01", 4]),
    table(["ResponseId", "IPAddress", "participant"], ["R_1", "192.0.2.1", "P1"]),
    table(["Export of March", "", ""], ["ResponseId", "IPAddress", "RecordedDate"], ["R_1", "192.0.2.1", "2026"]),
    table(["ID", "Completion time", "Email", "ttm_b01"], [1, "10:00", "-", 4]),
    table(["Participant", "Complete?", "ttm_b01"], ["P1", "yes", 4]),
    table(["Participant", "Event Name", "ttm_b01"], ["P1", "Kick-off", 4]),
    table(["record_id", "ttm_b01"], ["1", 4]),
    table(["Form Name", "Field Type", "Field Label"], ["a", "b", "c"]),
    table(["V1", "V2", "V3"], [1, 2, 3], [4, 5, 6]),
]


@pytest.mark.parametrize("rows", LOOKALIKES, ids=lambda rows: ", ".join(rows[0]))
def test_a_plain_table_with_a_typical_name_is_not_taken_for_an_export(rows):
    found = recognise(rows)
    assert (found.dialect, found.header_rows, found.columns) == ("plain", 1, rows[0])
    assert (found.texts, found.technical, found.id_columns, found.date_columns) == ({}, frozenset(), (), ())


def test_only_the_first_rows_are_looked_at():
    header = ["Timestamp", "How do you feel today?"]
    good, late = ["2026-03-01 10:22:11", "fine"], ["see note", "fine"]
    assert recognise(table(header, good, good, good, good, late)).dialect == "google_forms"
    assert recognise(table(header, good, late)).dialect == "plain"


PERSONAL = {
    "en": ["E-mail", "email_address", "IP Address", "First Name", "SURNAME", "Phone number", "Token", "Street", "GPS"],
    "de": ["E-Mail-Adresse", "IP-Adresse", "Vorname", "Nachname", "Telefonnummer", "Straße", "STRASSE", "PLZ"],
    "fr": ["Adresse e-mail", "Prénom", "Prenom", "Nom de famille", "Numéro de téléphone", "Rue", "Code postal"],
    "es": ["Correo electrónico", "Apellidos", "Teléfono", "Calle", "Código postal", "Dirección IP"],
    "pt": ["Endereço de e-mail", "Sobrenome", "Telefone", "Rua", "Endereço IP", "Data de nascimento"],
    "nl": ["E-mailadres", "Voornaam", "Achternaam", "Telefoonnummer", "Straat", "IP-adres"],
}


@pytest.mark.parametrize("language", PERSONAL)
def test_who_and_where_is_personal_in_a_plain_table_too(language):
    header = ["participant", *PERSONAL[language], "ttm_b01"]
    assert recognise(table(header)).personal == set(PERSONAL[language])


STUDY = [
    *("participant", "site", "cohort", "profession", "age", "experience_years", "affiliated", "consent_survey", "wave"),
    *("auditor", "rater", "panellist", "interview", "coder", "code", "quote", "statement", "comment", "indicator"),
    *("value", "period", "minutes", "round", "standard", "gender", "country", "language", "unit", "ward", "role"),
    *("city", "id", "ID", "record_id", "date", "group", "enrolled_on", "evidence", "direction", "nombre", "numéro"),
    *("phone_use", "email_overload", "token_economy", "streetwise", "address_1", "gps01", "ip", "names", "mail"),
    *("Name of the training", "I answer my e-mail at night.", "How useful is it? [Phone]"),
]


def test_no_column_of_a_study_is_personal():
    assert recognise(table(STUDY)).personal == frozenset()


def test_headers_are_trimmed_and_stay_as_many_as_the_header_row_has():
    found = recognise([[" participant ", "", "ttm_b01\u00a0", ""], ["P1", "", "4", ""]])
    assert found.columns == ["participant", "", "ttm_b01", ""]


@pytest.mark.parametrize("rows", [[], [[]], [["", ""]]])
def test_a_table_without_a_header_is_plain_and_no_other(rows):
    assert recognise(rows).dialect == "plain"
    assert not any(recognise(rows).columns)
    for hint in NAMES:
        with pytest.raises(NotThisExport):
            recognise(rows, hint)


@settings(max_examples=80, deadline=None, derandomize=True, database=None)
@given(
    st.lists(
        st.lists(
            st.sampled_from(
                [
                    "",
                    "id",
                    "submitdate",
                    "record_id",
                    "a_complete",
                    "Timestamp",
                    "StartDate",
                    "ResponseId",
                    "V1",
                    "2",
                    "?",
                ]
            )
            | st.text(max_size=4),
            max_size=6,
        ),
        max_size=7,
    )
)
def test_any_table_of_text_is_something(rows):
    found = recognise(rows)
    assert found.dialect in DIALECTS
    assert len(found.columns) == len(rows[0] if rows else [])
    assert 1 <= found.header_rows <= 3


# REDCap


def test_redcap_says_who_when_and_on_which_occasion(tmp_path):
    found, _rows = built(tmp_path, exports.redcap_raw, event="pre_arm_1", group="site_a", record="study_code")
    assert found.id_columns == ("study_code",)
    assert found.wave_columns == ("redcap_event_name",)
    assert found.date_columns == ("questionnaire_timestamp",)
    assert found.personal == {"redcap_survey_identifier"}
    assert found.technical == {"redcap_data_access_group", "questionnaire_timestamp", "questionnaire_complete"}
    assert found.unfinished == ("questionnaire_timestamp", {"[not completed]"})
    assert found.texts == {}


def test_redcap_labels_say_the_same_in_words(tmp_path):
    found, _rows = built(tmp_path, exports.redcap_labels, event="Before", choices={"ttm_b03": "yes"})
    assert found.id_columns == ("Record ID",)
    assert found.wave_columns == ("Event Name",)
    assert found.date_columns == ("Survey Timestamp",)
    assert found.personal == {"Survey Identifier"}
    assert found.technical == {"Survey Timestamp", "Complete?"}
    assert found.columns[-2] == "I know where to turn. (choice=yes)"
    assert found.texts["How often did you feel alone?"] == "How often did you feel alone?"
    assert "Complete?" not in found.texts


def test_one_sign_is_enough_when_the_sheet_names_redcap_labels():
    header = ["Study code", "Event Name", "I know where to turn."]
    found = recognise(table(header, ["P1", "Before", "Agree"]), "redcap_labels")
    assert (found.id_columns, found.wave_columns, found.unfinished) == (("Study code",), ("Event Name",), None)


def test_one_form_of_a_project_with_its_own_first_field_is_known_by_its_status():
    header = ["code", "ttm_b01", "training_complete", "scale_complete"]
    assert recognise(table(header, ["P1", 4, 1, 2], ["P2", 3, 0, 0])).dialect == "redcap"
    assert recognise(table(header, ["P1", 4, 1, "Complete"], ["P2", 3, 0, "Incomplete"])).dialect == "redcap"
    assert recognise(table(header, ["P1", 4, 1, "2 times"])).dialect == "plain"


@pytest.mark.parametrize(
    "header",
    [
        ["record_id", "ttm_b01___1", "ttm_b01___2"],
        ["code", "ttm_b01___1", "form_timestamp", "form_complete"],
        ["code", "ttm_b01", "form_timestamp", "form_complete"],
        ["Own Name", "redcap_event_name", "ttm_b01"],
        ["code", "ttm_b01", "redcap_repeat_instance"],
    ],
)
def test_two_signs_or_a_name_of_its_own_are_enough_for_redcap(header):
    assert recognise(table(header, ["1", "1", "1", "1"][: len(header)])).dialect == "redcap"


def test_with_two_surveys_in_a_row_none_says_whether_the_person_finished():
    header = ["record_id", "a_timestamp", "ttm_b01", "a_complete", "b_timestamp", "ttm_b02", "b_complete"]
    found = recognise(table(header, [1, "2026-03-01 10:22:11", 4, 2, "[not completed]", 3, 0]))
    assert found.date_columns == ("a_timestamp", "b_timestamp")
    assert found.unfinished is None
    assert recognise(table(["record_id", "ward_timestamp", "a_complete"], [1, 2, 2])).date_columns == ()


def test_the_code_to_come_back_to_a_survey_is_personal():
    header = ["record_id", "a_timestamp", "a_return_code", "ttm_b01", "a_complete"]
    assert recognise(table(header, [1, "", "XYZ", 4, 2])).personal == {"a_return_code"}


def test_a_data_dictionary_is_no_table_of_people(tmp_path):
    found, rows = built(tmp_path, exports.redcap_dictionary, rows=())
    assert (found.dialect, found.header_rows, found.columns) == ("redcap_dictionary", 1, exports.DICTIONARY)
    assert [row[0] for row in rows] == ["record_id", *ITEMS]
    assert (found.personal, found.technical, found.id_columns) == (frozenset(), frozenset(), ())


def test_a_data_dictionary_holds_choices_and_further_fields(tmp_path):
    extra = {"Variable / Field Name": "age", "Field Type": "text", "Text Validation Min": "18"}
    path = exports.redcap_dictionary(tmp_path / "d.csv", ITEMS[:1], fields=[extra])
    header, record, item, age = records(path)
    choices = header.index("Choices, Calculations, OR Slider Labels")
    assert item[choices].startswith("1, Strongly disagree | 2, Disagree")
    assert (record[0], age[0], age[header.index("Text Validation Min")]) == ("record_id", "age", "18")


# LimeSurvey


def test_limesurvey_codes(tmp_path):
    found, _rows = built(tmp_path, exports.limesurvey, items=GRID, rows=GRID_PEOPLE, timings=True)
    assert found.id_columns == ("id",)
    assert found.date_columns == ("submitdate", "datestamp")
    assert found.personal == {"token", "ipaddr", "refurl"}
    assert {"lastpage", "startlanguage", "seed", "interviewtime", "groupTime12", "PIDTime"} <= found.technical
    assert found.unfinished == ("submitdate", {"", "NULL"})
    assert found.blank == frozenset()


def test_limesurvey_without_its_dates_says_nothing_of_who_finished():
    found = recognise(table(["lastpage", "startlanguage", "G01Q01"], [3, "nl", 4]))
    assert (found.dialect, found.unfinished, found.date_columns) == ("limesurvey", None, ())


@pytest.mark.parametrize("separator", [". ", ": ", " - ", " | "])
def test_with_code_and_text_the_code_is_the_column_and_the_text_its_question(tmp_path, separator):
    found, _rows = built(
        tmp_path, exports.limesurvey, items=GRID, rows=GRID_PEOPLE, heading="both", separator=separator
    )
    assert found.columns == [*exports.LIMESURVEY_CODES, "PID", *GRID]
    assert found.texts == {"PID": "Your code", **{item: TEXTS[item] for item in GRID}}


def test_blanks_of_a_heading_may_be_underscores_and_its_text_may_be_missing():
    header = ["id. Response_ID", "submitdate. Date_submitted", "G01Q02[SQ001]. How_true_is_it?_[I_cope]", "G01Q03."]
    found = recognise(table(header, [1, "", 4, 3]))
    assert found.columns == ["id", "submitdate", "G01Q02[SQ001]", "G01Q03"]
    assert found.texts == {"G01Q02[SQ001]": "How_true_is_it?_[I_cope]"}


@pytest.mark.parametrize("language", exports.LIMESURVEY_HEADINGS)
def test_limesurvey_texts_in_every_language(tmp_path, language):
    names = exports.LIMESURVEY_HEADINGS[language]
    found, _rows = built(tmp_path, exports.limesurvey, heading="text", language=language)
    assert found.dialect == "limesurvey_texts"
    assert found.id_columns == (names[0],)
    assert found.date_columns == (names[1], names[7])
    assert {names[5], names[8], names[9]} <= found.personal
    assert {names[2], names[3], names[4], names[6]} <= found.technical
    assert found.unfinished == (names[1], {"", "NULL"})
    assert found.columns.count("I know where to turn.") == 2


def test_headings_in_a_language_not_known_need_the_platform_in_the_sheet():
    header = ["Antwoordnummer", "Verzonden", "Bladzijde", "Taal", "Hoe vaak voelde u zich alleen?"]
    rows = table(header, [1, "2026-03-01 10:22:11", 3, "nl", 4], [2, "", 1, "nl-informal", ""])
    assert recognise(rows).dialect == "plain"
    found = recognise(rows, "limesurvey_texts")
    assert (found.id_columns, found.date_columns) == (("Antwoordnummer",), ("Verzonden",))
    assert found.technical == {"Verzonden", "Bladzijde", "Taal"}
    assert list(found.texts) == header[4:]
    for other in (
        ["P1", "2026-03-01 10:22:11", 3, "nl"],
        [1, "soon", 3, "nl"],
        [1, "", "x", "nl"],
        [1, "", 3, "Dutch"],
    ):
        with pytest.raises(NotThisExport):
            recognise(table(header, [*other, 4]), "limesurvey_texts")
    with pytest.raises(NotThisExport):
        recognise(table(header), "limesurvey_texts")


def test_a_vv_export_has_two_header_rows_and_says_what_was_not_shown(tmp_path):
    people = [{key: value for key, value in PEOPLE[0].items() if key != "ttm_b02"}, {**PEOPLE[1], "finished": False}]
    found, rows = built(tmp_path, exports.limesurvey_vv, name="x.txt", rows=people)
    assert (found.dialect, found.header_rows) == ("limesurvey", 2)
    assert found.columns == [*exports.LIMESURVEY_CODES, "PID", *ITEMS, ""]
    assert found.texts == {"PID": "Your code", **{item: TEXTS[item] for item in ITEMS}}
    assert found.blank == {"{question_not_shown}"} and rows[0][12] in found.blank
    column, marks = found.unfinished
    assert [row[found.columns.index(column)] in marks for row in rows] == [False, True]
    with pytest.raises(NotThisExport):
        built(tmp_path, exports.limesurvey_vv, name="x.txt", hint="limesurvey_texts")


def test_what_a_list_of_participants_adds_is_personal():
    header = ["id", "submitdate", "firstname", "lastname", "email", "attribute_1", "emailstatus", "G01Q01"]
    found = recognise(table(header, [1, "2026-03-01 10:22:11", "a", "b", "c", "d", "OK", 4]))
    assert found.personal == {"firstname", "lastname", "email", "attribute_1"}
    assert "emailstatus" in found.technical


# Qualtrics


def test_qualtrics(tmp_path):
    found, _rows = built(tmp_path, exports.qualtrics)
    assert found.header_rows == 3
    assert found.id_columns == ("ResponseId",)
    assert found.date_columns == ("EndDate", "RecordedDate")
    assert found.texts == {"PID": "PID", **{item: TEXTS[item] for item in ITEMS}}
    assert "ExternalReference" in found.personal and "DistributionChannel" in found.technical


@pytest.mark.parametrize("numeric", [True, False])
@pytest.mark.parametrize("name", ["x.csv", "x.xlsx"])
def test_previews_and_people_who_did_not_finish_are_told_apart(tmp_path, numeric, name):
    people = [PEOPLE[0], {**PEOPLE[1], "preview": True}, {**PEOPLE[2], "finished": False}]
    found, rows = built(tmp_path, exports.qualtrics, name=name, rows=people, numeric=numeric)

    def marked(mark):
        return [row[found.columns.index(mark[0])] in mark[1] for row in rows]

    assert marked(found.preview) == [False, True, False]
    assert marked(found.unfinished) == [False, False, True]


@pytest.mark.parametrize(("header_rows", "texts"), [(1, False), (2, True), (3, True)])
@pytest.mark.parametrize("name", ["x.csv", "x.xlsx"])
def test_header_rows_that_were_taken_out_are_not_missed(tmp_path, name, header_rows, texts):
    found, rows = built(tmp_path, exports.qualtrics, name=name, header_rows=header_rows)
    assert (found.dialect, found.header_rows, len(rows)) == ("qualtrics", header_rows, len(PEOPLE))
    assert bool(found.texts) is texts


def test_the_second_row_is_known_in_any_language_and_when_only_the_import_ids_are_left(tmp_path):
    rows = records(exports.qualtrics(tmp_path / "x.csv", ITEMS, PEOPLE, texts=TEXTS))
    german = [rows[0], ["Startdatum", "Enddatum", "Antworttyp", *rows[1][3:]], *rows[3:]]
    assert recognise(german).header_rows == 2
    assert recognise([rows[0], *rows[2:]]).header_rows == 2
    assert recognise([rows[0], *rows[2:]]).texts == {}
    questions = ["" if place < 17 else text for place, text in enumerate(rows[1])]
    assert recognise([rows[0], questions, *rows[2:]]).header_rows == 3


def test_a_short_export_is_known_by_its_response_id():
    header = ["Status", "Finished", "ResponseId", "DistributionChannel", "PID", "ttm_b01"]
    person = ["0", "1", "R_abcdefghijklmno", "anonymous", "P1", "4"]
    assert recognise([header, person]).header_rows == 1
    heading = ["Antworttyp", "Beendet", "Antwort-ID", "Kanal", "PID", "I know where to turn."]
    assert recognise([header, heading, person]).header_rows == 2
    dated = ["StartDate", "RecordedDate", "UserLanguage", "IPAddress", "ttm_b01"]
    assert recognise([dated, ["2026-03-01 10:22:11", "2026-03-01 10:31:11", "EN", "", "4"]]).header_rows == 1
    assert recognise([dated, ["Startdatum", "Opgenomen", "Taal", "", "Q1"]]).header_rows == 2
    without_status = recognise([header[1:], person[1:]])
    assert without_status.preview == ("DistributionChannel", {"preview"})


def test_a_legacy_export_takes_its_names_from_the_second_row(tmp_path):
    found, _rows = built(tmp_path, exports.qualtrics_legacy)
    assert found.header_rows == 2
    assert found.columns == [*exports.QUALTRICS_LEGACY, "PID", *ITEMS]
    assert found.id_columns == ("ResponseID",)
    assert found.personal == {"Name", "ExternalDataReference", "EmailAddress", "IPAddress"}
    assert found.texts["ttm_b02"] == TEXTS["ttm_b02"]


# Forms


@pytest.mark.parametrize("language", exports.GOOGLE_HEADINGS)
def test_google_forms_in_every_language(tmp_path, language):
    found, _rows = built(tmp_path, exports.google_forms, language=language)
    stamp, address, _pattern = exports.GOOGLE_HEADINGS[language]
    assert (found.dialect, found.date_columns, found.personal) == ("google_forms", (stamp,), {address})
    assert found.id_columns == ()
    assert found.texts["How often did you feel alone?"] == "How often did you feel alone?"


def test_repeated_questions_keep_their_header(tmp_path):
    found, _rows = built(tmp_path, exports.google_forms)
    assert found.columns.count("I know where to turn.") == 2


def test_the_workbook_of_a_google_sheet_has_times_of_its_own_form():
    header = ["Timestamp", "Code", "How true is it? [I cope]"]
    assert recognise(table(header, ["2026-03-01 10:22:11.482000", "P1", 4])).dialect == "google_forms"
    assert recognise(table(header[:2], ["2026-03-01 10:22:11", "P1"])).dialect == "plain"
    assert recognise(table(header[:2], ["2026-03-01 10:22:11", "P1"]), "google_forms").dialect == "google_forms"


@pytest.mark.parametrize("language", exports.MICROSOFT_HEADINGS)
def test_microsoft_forms_in_every_language(tmp_path, language):
    number, begun, done, address, name = exports.MICROSOFT_HEADINGS[language]
    found, _rows = built(tmp_path, exports.microsoft_forms, name="x.xlsx", language=language)
    assert (found.dialect, found.id_columns, found.date_columns) == ("microsoft_forms", (number,), (done,))
    assert found.personal == {address, name}
    assert found.technical == {begun, done}


def test_what_a_quiz_adds_is_technical():
    header = ["Id", "Start time", "Completion time", "Email", "Name", "Total points", "Quiz feedback", "A question?"]
    found = recognise(table(header, [1, "", "", "anonymous", "", "", "", 4]))
    assert {"Total points", "Quiz feedback"} <= found.technical
    assert list(found.texts) == ["A question?"]


# SurveyMonkey


def test_a_question_with_several_columns_stands_over_all_of_them(tmp_path):
    found, rows = built(tmp_path, exports.surveymonkey, items=GRID, rows=GRID_PEOPLE)
    assert found.header_rows == 2
    assert found.columns[9:] == ["What is your study code?", *(TEXTS[item] for item in GRID)]
    assert found.id_columns == ("Respondent ID",)
    assert found.date_columns == ("End Date",)
    assert found.personal == {"IP Address", "Email Address", "First Name", "Last Name", "Custom Data 1"}
    assert found.technical == {"Collector ID", "Start Date", "End Date"}
    assert rows[0][10:] == [GRID_PEOPLE[0][item] for item in GRID]


def test_the_fields_of_the_question_for_contact_details_are_personal(tmp_path):
    found, _rows = built(tmp_path, exports.surveymonkey, contact=True)
    reach = {f"How can we reach you? [{field}]" for field in ("Name", "Email Address", "Phone Number")}
    assert reach <= found.personal
    header = ["Respondent ID", "Collector ID", "Which do you use at night?", ""]
    devices = recognise([header, ["", "", "Phone Number", "Pager"], ["1", "2", "x", ""]])
    assert devices.personal == frozenset()


def test_a_file_saved_with_one_header_row_loses_no_person(tmp_path):
    found, rows = built(tmp_path, exports.surveymonkey, items=ITEMS[:2], header_rows=1)
    assert (found.dialect, found.header_rows, len(rows)) == ("surveymonkey", 1, len(PEOPLE))
    assert found.columns[-1] == TEXTS["ttm_b02"]
