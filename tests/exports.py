"""Builders of files in the shape of the survey platforms' exports.

Every builder takes ``(path, items, rows, *, texts=None, ...)`` and returns the path. ``items`` are column codes; a row is
a dict with ``id``, ``date`` (``2026-03-01 10:22:11``) and the answer to every item, and may say ``finished=False``,
``preview=True``, ``event`` and ``language``; ``texts`` are the question texts by item. The name of the file decides
between CSV, tab-separated text and a workbook. What the platforms add of their own is there too, with invented people.
"""

from __future__ import annotations

import csv
import datetime
from pathlib import Path

import openpyxl

#: Words of answers that are given as codes.
WORDS = {
    "1": "Strongly disagree",
    "2": "Disagree",
    "3": "Neither agree nor disagree",
    "4": "Agree",
    "5": "Strongly agree",
}


def write(path, records):
    """Write records as the file's name says: .xlsx, .tsv or .txt with tabs, anything else with commas."""
    path = Path(path)
    if path.suffix == ".xlsx":
        book = openpyxl.Workbook()
        for row in records:
            book.active.append([cell if cell != "" else None for cell in row])
        book.save(path)
        return path
    mark = "\t" if path.suffix in (".tsv", ".txt") else ","
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=mark).writerows(records)
    return path


def people(items, count=4, answer=lambda person, place: str((person + place) % 5 + 1)):
    """Return rows of so many invented people; ``answer`` gives the answer of a person to an item, both as numbers."""
    return [
        {
            "id": f"P{person:03d}",
            "date": f"2026-03-{person:02d} 10:22:11",
            **{item: answer(person, place) for place, item in enumerate(items)},
        }
        for person in range(1, count + 1)
    ]


def _time(row):
    return datetime.datetime.fromisoformat(row["date"])


def _earlier(row):
    return (_time(row) - datetime.timedelta(minutes=9)).isoformat(sep=" ")


def _words(row, item):
    return WORDS.get(row.get(item, ""), row.get(item, ""))


def _text(texts, item):
    return (texts or {}).get(item, item)


# REDCap


def redcap_raw(
    path,
    items,
    rows,
    *,
    texts=None,
    form="questionnaire",
    record="record_id",
    event=None,
    survey=True,
    group=None,
    complete=True,
):
    """REDCap, "Data Exports, Reports, and Stats": CSV / Microsoft Excel (raw data).

    ``event`` names the event of a longitudinal project (a row's own ``event`` comes first), ``group`` a data access
    group, ``survey=False`` leaves out identifier and time mark. ``texts`` do not appear in a raw export.
    """
    header = [record]
    header += ["redcap_event_name"] if event else []
    header += ["redcap_data_access_group"] if group else []
    header += ["redcap_survey_identifier", f"{form}_timestamp"] if survey else []
    header += [*items]
    header += [f"{form}_complete"] if complete else []
    records = [header]
    for row in rows:
        done = row.get("finished", True)
        records.append(
            [row["id"]]
            + ([row.get("event", event)] if event else [])
            + ([group] if group else [])
            + (["", row["date"] if done else "[not completed]"] if survey else [])
            + [row.get(item, "") for item in items]
            + (["2" if done else "0"] if complete else [])
        )
    return write(path, records)


def redcap_labels(
    path, items, rows, *, texts=None, record="Record ID", event=None, survey=True, group=None, choices=None
):
    """REDCap, "Data Exports, Reports, and Stats": CSV / Microsoft Excel (labels).

    Headers are the field labels; ``choices`` gives the label of the choice a checkbox item stands for, whose header
    becomes ``text (choice=label)`` and whose answers Checked and Unchecked.
    """
    choices = choices or {}
    header = [record]
    header += ["Event Name"] if event else []
    header += ["Data Access Group"] if group else []
    header += ["Survey Identifier", "Survey Timestamp"] if survey else []
    header += [_text(texts, item) + (f" (choice={choices[item]})" if item in choices else "") for item in items]
    header += ["Complete?"]
    records = [header]
    for row in rows:
        done = row.get("finished", True)
        records.append(
            [row["id"]]
            + ([row.get("event", event)] if event else [])
            + ([group] if group else [])
            + (["", row["date"] if done else "[not completed]"] if survey else [])
            + [
                ("Checked" if row.get(item) == "1" else "Unchecked") if item in choices else _words(row, item)
                for item in items
            ]
            + ["Complete" if done else "Incomplete"]
        )
    return write(path, records)


#: Header of REDCap's data dictionary.
DICTIONARY = [
    "Variable / Field Name",
    "Form Name",
    "Section Header",
    "Field Type",
    "Field Label",
    "Choices, Calculations, OR Slider Labels",
    "Field Note",
    "Text Validation Type OR Show Slider Number",
    "Text Validation Min",
    "Text Validation Max",
    "Identifier?",
    "Branching Logic (Show field only if...)",
    "Required Field?",
    "Custom Alignment",
    "Question Number (surveys only)",
    "Matrix Group Name",
    "Matrix Ranking?",
    "Field Annotation",
]


def redcap_dictionary(path, items, rows=(), *, texts=None, form="questionnaire", record="record_id", fields=()):
    """REDCap, "Data Dictionary": the CSV that is downloaded from, and uploaded to, a project.

    Items are radio fields with :data:`WORDS` as choices. ``fields`` are further fields, or changes to the ones of the
    same name: dicts by the names in :data:`DICTIONARY`. ``rows`` are not used.
    """
    name, label, kind = DICTIONARY[0], DICTIONARY[4], DICTIONARY[3]
    choices = " | ".join(f"{code}, {words}" for code, words in WORDS.items())
    made = {record: {name: record, kind: "text", label: "Record ID"}}
    for item in items:
        made[item] = {name: item, kind: "radio", label: _text(texts, item), DICTIONARY[5]: choices}
    for field in fields:
        made[field[name]] = {**made.get(field[name], {}), **field}
    whole = [{DICTIONARY[1]: form, **field} for field in made.values()]
    return write(path, [DICTIONARY, *([field.get(column, "") for column in DICTIONARY] for field in whole)])


# LimeSurvey

#: Default columns of LimeSurvey by language, as headings of full texts.
LIMESURVEY_HEADINGS = {
    "en": [
        "Response ID",
        "Date submitted",
        "Last page",
        "Start language",
        "Seed",
        "Access code",
        "Date started",
        "Date last action",
        "IP address",
        "Referrer URL",
    ],
    "de": [
        "Antwort ID",
        "Datum Abgeschickt",
        "Letzte Seite",
        "Start-Sprache",
        "Zufallsstartwert",
        "Zugangsschlüssel",
        "Datum gestartet",
        "Datum letzte Aktivität",
        "IP-Adresse",
        "Weiterleitungs-URL",
    ],
    "fr": [
        "ID de la réponse",
        "Date de soumission",
        "Dernière page",
        "Langue de départ",
        "Tête de série",
        "Token",
        "Date de lancement",
        "Date de la dernière action",
        "Adresse IP",
        "Referrer URL",
    ],
    "es": [
        "ID de respuesta",
        "Fecha de envío",
        "Última página",
        "Lenguaje inicial",
        "Semilla",
        "Contraseña",
        "Date started",
        "Fecha de la última acción",
        "Dirección IP",
        "Referrer URL",
    ],
    "pt": [
        "ID da resposta",
        "Data de envio",
        "Última página",
        "Idioma inicial",
        "Seed",
        "Código de acesso",
        "Data de início",
        "Data da última ação",
        "Endereço IP",
        "Referrer URL",
    ],
}
LIMESURVEY_CODES = [
    "id",
    "submitdate",
    "lastpage",
    "startlanguage",
    "seed",
    "token",
    "startdate",
    "datestamp",
    "ipaddr",
    "refurl",
]


def _limesurvey_defaults(place, row, language):
    done = row.get("finished", True)
    return [
        str(place),
        row["date"] if done else "",
        "3" if done else "1",
        row.get("language", language),
        str(1_500_000_000 + 7919 * place),
        f"tk{place:04d}",
        _earlier(row),
        row["date"],
        f"192.0.2.{place}",
        "https://example.org/invitation",
    ]


def limesurvey(
    path, items, rows, *, texts=None, heading="code", answers="codes", language="en", separator=". ", timings=False
):
    """LimeSurvey manual, "Exporting results": headings as question code, full text, or code and text.

    ``heading`` is ``code``, ``text`` or ``both``; ``answers`` ``codes`` or ``texts``. The participant's id is the first
    question, with the code ``PID``.
    """
    names = LIMESURVEY_HEADINGS[language]
    codes, full = [*LIMESURVEY_CODES, "PID", *items], [*names, "Your code", *(_text(texts, item) for item in items)]
    if timings:
        codes += ["interviewtime", "groupTime12", "PIDTime"]
        full += ["Total time", "Group time: First page", "Question time: PID"]
    both = [f"{code}{separator}{text}" for code, text in zip(codes, full, strict=True)]
    records = [{"code": codes, "text": full, "both": both}[heading]]
    for place, row in enumerate(rows, start=1):
        given = [_words(row, item) if answers == "texts" else row.get(item, "") for item in items]
        records.append([*_limesurvey_defaults(place, row, language), row["id"], *given])
        records[-1] += ["540.12", "61.5", "12.3"] if timings else []
    return write(path, records)


def limesurvey_vv(path, items, rows, *, texts=None, language="en"):
    """LimeSurvey manual, "Exporting results", Export a VV survey file: tabs, a row of texts, a row of codes.

    Both header rows end with a tab, the others do not; a question that was not shown is ``{question_not_shown}``, the
    date of an answer that was not sent off ``NULL``.
    """
    header = [*LIMESURVEY_HEADINGS[language], "Your code", *(_text(texts, item) for item in items), ""]
    codes = [*LIMESURVEY_CODES, "PID", *items, ""]
    records = [header, codes]
    for place, row in enumerate(rows, start=1):
        given = [row.get(item, "{question_not_shown}") for item in items]
        defaults = [cell or "NULL" for cell in _limesurvey_defaults(place, row, language)]
        records.append([*defaults, row["id"], *given])
    return write(path, records)


# Qualtrics

QUALTRICS = [
    ("StartDate", "Start Date", "startDate"),
    ("EndDate", "End Date", "endDate"),
    ("Status", "Response Type", "status"),
    ("IPAddress", "IP Address", "ipAddress"),
    ("Progress", "Progress", "progress"),
    ("Duration (in seconds)", "Duration (in seconds)", "duration"),
    ("Finished", "Finished", "finished"),
    ("RecordedDate", "Recorded Date", "recordedDate"),
    ("ResponseId", "Response ID", "_recordId"),
    ("RecipientLastName", "Recipient Last Name", "recipientLastName"),
    ("RecipientFirstName", "Recipient First Name", "recipientFirstName"),
    ("RecipientEmail", "Recipient Email", "recipientEmail"),
    ("ExternalReference", "External Data Reference", "externalDataReference"),
    ("LocationLatitude", "Location Latitude", "locationLatitude"),
    ("LocationLongitude", "Location Longitude", "locationLongitude"),
    ("DistributionChannel", "Distribution Channel", "distributionChannel"),
    ("UserLanguage", "User Language", "userLanguage"),
]


def qualtrics(path, items, rows, *, texts=None, numeric=True, xlsx=False, header_rows=None):
    """Qualtrics support, "Understanding Your Dataset": names, question texts, and the row of import ids.

    ``numeric`` chooses between "Use numeric values" and "Use choice text". A workbook (``xlsx=True``) has no row of
    import ids; ``header_rows`` says otherwise. The participant's id is embedded data, in the column ``PID``.
    """
    columns = [*QUALTRICS, ("PID", "PID", "PID"), *((item, _text(texts, item), f"QID{item}") for item in items)]
    header = [
        [name for name, _text, _id in columns],
        [text for _name, text, _id in columns],
        ['{"ImportId":"' + one + '"}' for _name, _text, one in columns],
    ]
    records = header[: header_rows or (2 if xlsx else 3)]
    for place, row in enumerate(rows, start=1):
        done, test = row.get("finished", True), row.get("preview", False)
        given = [row.get(item, "") if numeric else _words(row, item) for item in items]
        records.append(
            [
                _earlier(row),
                row["date"],
                ("1" if test else "0") if numeric else ("Survey Preview" if test else "IP Address"),
                f"192.0.2.{place}",
                "100" if done else "40",
                "540",
                ("1" if done else "0") if numeric else ("True" if done else "False"),
                row["date"],
                f"R_3{place:014d}",
                "Muster",
                "Kim",
                f"kim{place}@example.org",
                "",
                "52.1",
                "5.1",
                "preview" if test else "anonymous",
                row.get("language", "EN"),
                row["id"],
                *given,
            ]
        )
    return write(path, records)


#: Default columns of a legacy export: their numbers stand in the first row, their names in the second.
QUALTRICS_LEGACY = [
    "ResponseID",
    "ResponseSet",
    "Name",
    "ExternalDataReference",
    "EmailAddress",
    "IPAddress",
    "Status",
    "StartDate",
    "EndDate",
    "Finished",
]


def qualtrics_legacy(path, items, rows, *, texts=None):
    """Qualtrics support, "Understanding Your Dataset", older version: V1, V2 ... and a second row with the names."""
    numbers = [f"V{place}" for place in range(1, len(QUALTRICS_LEGACY) + 1)]
    records = [
        [*numbers, "PID", *items],
        [*QUALTRICS_LEGACY, "PID", *(_text(texts, item) for item in items)],
    ]
    for place, row in enumerate(rows, start=1):
        test, done = row.get("preview", False), row.get("finished", True)
        records.append(
            [
                f"R_3{place:014d}",
                "Default Response Set",
                "Muster, Kim",
                "",
                f"kim{place}@example.org",
                f"192.0.2.{place}",
                "1" if test else "0",
                _earlier(row),
                row["date"],
                "1" if done else "0",
                row["id"],
                *(row.get(item, "") for item in items),
            ]
        )
    return write(path, records)


# Forms

GOOGLE_HEADINGS = {
    "en": ("Timestamp", "Email Address", "%Y/%m/%d %I:%M:%S %p GMT+1"),
    "de": ("Zeitstempel", "E-Mail-Adresse", "%d.%m.%Y %H:%M:%S"),
    "fr": ("Horodateur", "Adresse e-mail", "%d/%m/%Y %H:%M:%S"),
    "es": ("Marca temporal", "Dirección de correo electrónico", "%d/%m/%Y %H:%M:%S"),
    "pt": ("Carimbo de data/hora", "Endereço de e-mail", "%d/%m/%Y %H:%M:%S"),
    "nl": ("Tijdstempel", "E-mailadres", "%d-%m-%Y %H:%M:%S"),
}


def google_forms(path, items, rows, *, texts=None, language="en", email=True, code="What is your study code?"):
    """Google Docs Editors Help, "View & manage form responses": download of the responses, or of their sheet.

    Headers are the questions; items of a grid have texts such as ``Question [row]``, and questions may repeat.
    """
    stamp, address, pattern = GOOGLE_HEADINGS[language]
    records = [[stamp, *([address] if email else []), code, *(_text(texts, item) for item in items)]]
    for place, row in enumerate(rows, start=1):
        known = [f"kim{place}@example.org"] if email else []
        records.append([_time(row).strftime(pattern), *known, row["id"], *(row.get(item, "") for item in items)])
    return write(path, records)


MICROSOFT_HEADINGS = {
    "en": ["ID", "Start time", "Completion time", "Email", "Name"],
    "de": ["ID", "Startzeit", "Fertigstellungszeit", "E-Mail", "Name"],
    "fr": ["ID", "Heure de début", "Heure de fin", "Adresse de messagerie", "Nom"],
    "es": ["ID", "Hora de inicio", "Hora de finalización", "Correo electrónico", "Nombre"],
    "pt": ["ID", "Hora de início", "Hora de conclusão", "Email", "Nome"],
    "nl": ["ID", "Begintijd", "Tijd van voltooien", "E-mail", "Naam"],
}


def microsoft_forms(path, items, rows, *, texts=None, language="en", code="What is your study code?"):
    """Microsoft support, "Check and share your form results": Open in Excel. A workbook has real times."""
    records = [[*MICROSOFT_HEADINGS[language], code, *(_text(texts, item) for item in items)]]
    real = Path(path).suffix == ".xlsx"
    for place, row in enumerate(rows, start=1):
        begun, done = datetime.datetime.fromisoformat(_earlier(row)), _time(row)
        times = [begun, done] if real else [f"{one:%m/%d/%Y %H:%M:%S}" for one in (begun, done)]
        number = place if real else str(place)
        given = [row.get(item, "") for item in items]
        records.append([number, *times, "anonymous", f"Kim Muster {place}", row["id"], *given])
    return write(path, records)


SURVEYMONKEY = [
    "Respondent ID",
    "Collector ID",
    "Start Date",
    "End Date",
    "IP Address",
    "Email Address",
    "First Name",
    "Last Name",
    "Custom Data 1",
]


def surveymonkey(path, items, rows, *, texts=None, code="What is your study code?", header_rows=2, contact=False):
    """SurveyMonkey help, "Exporting survey results": All responses data.

    A text ``Question [row]`` becomes a column of that question: the question stands over the first of its columns only,
    the row in the second header row. ``contact=True`` adds the platform's question for contact details.
    """
    split = [_text(texts, item).rstrip("]").partition(" [") for item in items]
    top, below = [*SURVEYMONKEY, code], [*("" for _ in SURVEYMONKEY), "Open-Ended Response"]
    last = None
    for question, _mark, option in split:
        top.append("" if option and question == last else question)
        below.append(option or "Response")
        last = question
    if contact:
        top += ["How can we reach you?", "", ""]
        below += ["Name", "Email Address", "Phone Number"]
    records = [top, below][:header_rows]
    for place, row in enumerate(rows, start=1):
        records.append(
            [
                str(11_800_000_000 + place),
                "430000001",
                *(
                    f"{datetime.datetime.fromisoformat(one):%m/%d/%Y %I:%M:%S %p}"
                    for one in (_earlier(row), row["date"])
                ),
                f"192.0.2.{place}",
                f"kim{place}@example.org",
                "Kim",
                "Muster",
                "",
                row["id"],
                *(row.get(item, "") for item in items),
                *(["Kim Muster", f"kim{place}@example.org", "+00 000 0000"] if contact else []),
            ]
        )
    return write(path, records)
