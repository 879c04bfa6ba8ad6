"""Survey platforms: which one a table was exported from, and what its header rows and columns mean.

A platform is recognised by what its export cannot be without; in doubt a table is ``plain``. The shapes follow the
platforms' own manuals and, where these are silent, the source of the export (LimeSurvey) or files in the wild. Only
the header and the first rows are looked at.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

#: Texts of a platform's column that mark some of its rows: the column and the texts.
Mark = tuple[str, frozenset[str]]

#: Platforms in the words of the log.
NAMES = {
    "redcap": "REDCap, raw export",
    "redcap_labels": "REDCap, export with labels",
    "redcap_dictionary": "REDCap, data dictionary",
    "limesurvey": "LimeSurvey, question codes as headings",
    "limesurvey_texts": "LimeSurvey, question texts as headings",
    "qualtrics": "Qualtrics",
    "google_forms": "Google Forms",
    "microsoft_forms": "Microsoft Forms",
    "surveymonkey": "SurveyMonkey",
}

#: What a table may be; ``plain`` is every table no platform is recognised in.
DIALECTS = ("plain", *NAMES)

#: Rows that are looked at, header included.
_LOOKED_AT = 5


class NotThisExport(ValueError):
    """The landing sheet names a platform whose header rows the file does not have."""

    def __init__(self, dialect: str) -> None:
        super().__init__(f"the header rows are not those of {NAMES.get(dialect, 'a platform that is known')}")


@dataclass(frozen=True)
class Export:
    """What a platform's export says about itself.

    A column that holds the respondent, the wave or an answer is in neither ``personal`` nor ``technical``. Columns
    are named as in ``columns``; where headers repeat, a name stands for all columns of that name.

    Attributes
    ----------
    dialect : str
        One of :data:`DIALECTS`.
    header_rows : int
        How many rows of the table are header.
    columns : list of str
        The header to use, one name a column, trimmed; as many as the header row has cells. Names repeat where the
        platform repeats them.
    texts : dict of str to str
        Question text of a column, where the file carries it.
    personal : frozenset of str
        Columns that say who answered or from where.
    technical : frozenset of str
        The platform's own columns that are known and not needed.
    id_columns, wave_columns, date_columns : tuple of str
        What the platform calls the respondent, the occasion, and the time of completion, the best first.
    preview : tuple of str and frozenset of str, or None
        Column and texts that mark a preview or test.
    unfinished : tuple of str and frozenset of str, or None
        Column and texts that mark a person who did not finish.
    blank : frozenset of str
        Texts the platform writes into any column for a question that was not shown.
    """

    dialect: str
    header_rows: int
    columns: list[str]
    texts: dict[str, str]
    personal: frozenset[str]
    technical: frozenset[str]
    id_columns: tuple[str, ...]
    wave_columns: tuple[str, ...]
    date_columns: tuple[str, ...]
    preview: Mark | None
    unfinished: Mark | None
    blank: frozenset[str] = frozenset()


def _key(name: str) -> str:
    """Reduce a header to its letters and digits, without accents and capitals."""
    return "".join(one for one in unicodedata.normalize("NFKD", name).casefold() if one.isalnum())


def _keys(names: str) -> frozenset[str]:
    """Reduce names that are listed with commas."""
    return frozenset(_key(name) for name in names.split(","))


#: Headers that say who or where in any table, since sites add them: exact names only, so that no item is taken for one.
_PERSONAL = frozenset().union(
    _keys(
        "name, full name, first name, given name, last name, family name, surname, user name, date of birth,"
        "email, email address, mail address, phone, phone number, telephone, telephone number, mobile number,"
        "mobile phone, IP address, ipaddr, token, address, postal address, home address, street, street address,"
        "zip code, postal code, postcode, GPS, GPS coordinates, GPS location, latitude, longitude, geolocation"
    ),
    _keys(
        "vollständiger Name, Vorname, Nachname, Familienname, Vor- und Nachname, Vorname Nachname, Benutzername,"
        "Nutzername, Geburtsdatum, E-Mail-Adresse, Mailadresse, Telefon, Telefonnummer, Handynummer, Mobilnummer,"
        "IP-Adresse, Adresse, Anschrift, Postanschrift, Straße, Straße und Hausnummer, Postleitzahl, PLZ,"
        "GPS-Koordinaten, Breitengrad, Längengrad"
    ),
    _keys(
        "nom, nom complet, nom de famille, prénom, nom et prénom, nom d'utilisateur, date de naissance,"
        "adresse e-mail, adresse email, adresse mail, adresse électronique, adresse de messagerie, courriel,"
        "téléphone, numéro de téléphone, adresse IP, adresse postale, rue, code postal, coordonnées GPS"
    ),
    _keys(
        "nombre completo, nombre y apellidos, apellido, apellidos, primer apellido, nombre de usuario,"
        "fecha de nacimiento, correo electrónico, dirección de correo electrónico, teléfono, número de teléfono,"
        "dirección IP, dirección postal, calle, código postal, coordenadas GPS, latitud, longitud"
    ),
    _keys(
        "nome, nome completo, primeiro nome, sobrenome, apelido, último nome, nome de usuário, nome de utilizador,"
        "data de nascimento, correio eletrónico, correio eletrônico, endereço de e-mail, telefone,"
        "número de telefone, telemóvel, endereço IP, endereço, morada, rua, coordenadas de GPS"
    ),
    _keys(
        "naam, volledige naam, voornaam, achternaam, familienaam, gebruikersnaam, geboortedatum, e-mailadres,"
        "telefoon, telefoonnummer, mobiel nummer, IP-adres, adres, postadres, straat, straatnaam, breedtegraad,"
        "lengtegraad, GPS-coördinaten"
    ),
)


def _named(columns: Sequence[str], roles: Sequence[str], role: str) -> tuple[str, ...]:
    """Return the names of the columns in a role, each once, in their order."""
    return tuple(dict.fromkeys(name for name, one in zip(columns, roles, strict=True) if one == role))


def _export(
    dialect: str,
    columns: list[str],
    roles: Sequence[str],
    *,
    header_rows: int = 1,
    texts: Sequence[str] = (),
    preview: Mark | None = None,
    unfinished: Mark | None = None,
    blank: frozenset[str] = frozenset(),
) -> Export:
    """Sort the columns by their roles.

    Parameters
    ----------
    dialect : str
        Platform.
    columns : list of str
        Header to use.
    roles : sequence of str
        Role of each column: ``id``, ``wave``, ``date``, ``personal``, ``technical``, or empty for an answer.
    header_rows, preview, unfinished, blank
        As in :class:`Export`.
    texts : sequence of str
        Question text of each column; empty where the file carries none.

    Returns
    -------
    Export
    """
    roles = ["personal" if _key(name) in _PERSONAL else role for name, role in zip(columns, roles, strict=True)]
    return Export(
        dialect,
        header_rows,
        columns,
        {name: text for name, role, text in zip(columns, roles, texts, strict=False) if text and not role},
        frozenset(_named(columns, roles, "personal")),
        frozenset(_named(columns, roles, "technical") + _named(columns, roles, "date")),
        _named(columns, roles, "id"),
        _named(columns, roles, "wave"),
        _named(columns, roles, "date"),
        preview,
        unfinished,
        blank,
    )


def _cells(records: Sequence[Sequence[str]], place: int, first: int = 1) -> list[str]:
    """Return what stands in a column below the header, without empty cells."""
    return [row[place] for row in records[first:] if place < len(row) and row[place]]


def _row(records: Sequence[Sequence[str]], number: int, width: int) -> list[str]:
    """Return a row as long as the header; a row that is not there is blank."""
    cells = list(records[number][:width]) if number < len(records) else []
    return cells + [""] * (width - len(cells))


# --------------------------------------------------------------------------------------------------------------------
# REDCap: "Exporting Data" of the help, and `exportSurveyFields`, `exportDataAccessGroups` of the API's documentation
# --------------------------------------------------------------------------------------------------------------------

_REDCAP = {
    "redcap_event_name": "wave",
    "redcap_repeat_instrument": "technical",
    "redcap_repeat_instance": "technical",
    "redcap_data_access_group": "technical",
    "redcap_survey_identifier": "personal",
}
_REDCAP_LABELS = {
    "Event Name": "wave",
    "Repeat Instrument": "technical",
    "Repeat Instance": "technical",
    "Data Access Group": "technical",
    "Survey Identifier": "personal",
    "Survey Timestamp": "date",
    "Complete?": "technical",
}
_VARIABLE = re.compile(r"[a-z][a-z0-9_]*")
_CHECKBOX = re.compile(r"[a-z][a-z0-9_]*___\w+")
_CHOICE = re.compile(r"\(choice=.*\)$", re.DOTALL)
_FORM_STATUS = frozenset({"0", "1", "2", "Incomplete", "Unverified", "Complete"})
_BEYOND_YES_NO = frozenset({"2", "Unverified", "Complete"})
_DICTIONARY = ("Variable / Field Name", "Form Name", "Section Header", "Field Type", "Field Label")


def _status(records: list[list[str]], place: int) -> set[str]:
    """Return the form statuses in a column; nothing when it holds anything else."""
    cells = set(_cells(records, place))
    return cells if cells <= _FORM_STATUS else set()


def _redcap(records: list[list[str]], columns: list[str], asked: bool) -> Export | None:
    forms = {name.removesuffix("_complete"): place for place, name in enumerate(columns) if name.endswith("_complete")}
    stamps = [name for name in columns if name.endswith("_timestamp") and name.removesuffix("_timestamp") in forms]
    signs = (
        (columns[0] == "record_id")
        + any(_status(records, place) for place in forms.values())
        + any(map(_CHECKBOX.fullmatch, columns))
        + bool(stamps)
    )
    own = any(name in _REDCAP for name in columns)
    variables = all(map(_VARIABLE.fullmatch, columns))
    # With one form, no checkbox and another first field only the form's status is left; a yes or no ends at 1.
    last = len(columns) - 1
    closes = variables and last in forms.values() and bool(_status(records, last) & _BEYOND_YES_NO)
    if not (own or signs >= 2 or closes or (asked and (signs or variables))):
        return None

    kinds = {
        **dict.fromkeys((f"{form}_complete" for form in forms), "technical"),
        # The code by which a person comes back to the answers.
        **dict.fromkeys((f"{form}_return_code" for form in forms), "personal"),
        **dict.fromkeys(stamps, "date"),
        **_REDCAP,
    }
    roles = [kinds.get(name, "") for name in columns]
    roles[0] = roles[0] or "id"
    return _export("redcap", columns, roles, unfinished=_not_completed(stamps))


def _not_completed(stamps: Sequence[str]) -> Mark | None:
    """Mark surveys begun and not sent off; with several surveys in a row none of them speaks for the row."""
    return (stamps[0], frozenset({"[not completed]"})) if len(stamps) == 1 else None


def _redcap_labels(records: list[list[str]], columns: list[str], asked: bool) -> Export | None:
    own = {name for name in columns if name in _REDCAP_LABELS}
    signs = len(own) + any(map(_CHOICE.search, columns))
    status = any(name == "Complete?" and _status(records, place) for place, name in enumerate(columns))
    if not (status or signs >= (1 if asked else 2)):
        return None
    roles = [_REDCAP_LABELS.get(name, "") for name in columns]
    roles[0] = roles[0] or "id"
    stamps = [name for name in columns if name == "Survey Timestamp"]
    return _export("redcap_labels", columns, roles, texts=columns, unfinished=_not_completed(stamps))


def _redcap_dictionary(_records: list[list[str]], columns: list[str], _asked: bool) -> Export | None:
    if not set(map(_key, _DICTIONARY)) <= set(map(_key, columns)):
        return None
    # The columns describe fields, and none of them a person.
    nobody: frozenset[str] = frozenset()
    return Export("redcap_dictionary", 1, columns, {}, nobody, nobody, (), (), (), None, None)


# --------------------------------------------------------------------------------------------------------------------
# LimeSurvey: "Exporting results" of the manual; names and headings from its source (field map, writer, VV export)
# --------------------------------------------------------------------------------------------------------------------

_LIMESURVEY = {
    "id": "id",
    "submitdate": "date",
    "lastpage": "technical",
    "startlanguage": "technical",
    "seed": "technical",
    "startdate": "technical",
    "datestamp": "date",
    "interviewtime": "technical",
    "token": "personal",
    "ipaddr": "personal",
    "refurl": "personal",
}
#: What a survey with a list of participants adds on demand; only taken for it beside the columns above.
_LIMESURVEY_PARTICIPANT = {
    "tid": "personal",
    "participant_id": "personal",
    "firstname": "personal",
    "lastname": "personal",
    "email": "personal",
    "emailstatus": "technical",
    "sent": "technical",
    "remindersent": "technical",
    "remindercount": "technical",
    "completed": "technical",
    "usesleft": "technical",
    "validfrom": "technical",
    "validuntil": "technical",
}
#: Headings of the default columns as texts, in English, German, French, Spanish and Portuguese.
_LIMESURVEY_TEXTS = {
    _key(text): code
    for code, texts in {
        "id": "Response ID, Antwort ID, ID de la réponse, ID de respuesta, ID da resposta",
        "submitdate": "Date submitted, Datum Abgeschickt, Date de soumission, Fecha de envío, Data de envio,"
        "Data de submissão",
        "lastpage": "Last page, Letzte Seite, Dernière page, Última página",
        "startlanguage": "Start language, Start-Sprache, Langue de départ, Lenguaje inicial, Idioma inicial",
        "seed": "Seed, Zufallsstartwert, Zufallsgeneratorstartwert, Tête de série, Semilla",
        "startdate": "Date started, Datum gestartet, Date de lancement, Data de início",
        "datestamp": "Date last action, Datum letzte Aktivität, Date de la dernière action,"
        "Fecha de la última acción, Data da última ação",
        "interviewtime": "Total time, Tiempo total",
        "token": "Token, Access code, Zugangsschlüssel, Contraseña, Código de acesso",
        "ipaddr": "IP address, IP-Adresse, Endereço IP",
        "refurl": "Referrer URL, Weiterleitungs-URL",
    }.items()
    for text in texts.split(",")
}
_ATTRIBUTE = re.compile(r"attribute_\d+")
_TIMING = re.compile(r"groupTime\d+|(?:Group|Question) time: .*", re.DOTALL)
_CODE_AND_TEXT = re.compile(r"([A-Za-z0-9_]+(?:\[[^\]]*\])*)\s*[.:;|–-](?:\s+(.*))?", re.DOTALL)
_DATE_TIME = re.compile(r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}[ T,].*\d{1,2}[:.]\d{2}.*")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z-]+)?")


def _limesurvey_codes(columns: Iterable[str]) -> bool:
    found = {name for name in columns if name in _LIMESURVEY}
    return ("submitdate" in found and len(found) >= 2) or {"lastpage", "startlanguage"} <= found


def _limesurvey_export(
    dialect: str, columns: list[str], codes: Sequence[str], texts: Sequence[str], header_rows: int = 1
) -> Export:
    """Sort the columns by the codes of the default columns.

    Parameters
    ----------
    dialect : str
        Platform.
    columns : list of str
        Header to use.
    codes : sequence of str
        Code of each column; of a question's column anything that is no default column's code.
    texts : sequence of str
        Question text of each column, or nothing.
    header_rows : int
        How many rows are header.

    Returns
    -------
    Export
    """
    questions = {code.split("[")[0] for code in codes}

    def role(code: str) -> str:
        if _ATTRIBUTE.fullmatch(code):
            return "personal"
        if _TIMING.fullmatch(code) or (code.endswith("Time") and code.removesuffix("Time") in questions):
            return "technical"
        return _LIMESURVEY.get(code) or _LIMESURVEY_PARTICIPANT.get(code, "")

    sent = next((name for name, code in zip(columns, codes, strict=True) if code == "submitdate"), "")
    return _export(
        dialect,
        columns,
        [role(code) for code in codes],
        header_rows=header_rows,
        texts=texts,
        unfinished=(sent, frozenset({"", "NULL"})) if sent else None,
        # Only the VV export has two header rows, and only it says what was not shown.
        blank=frozenset({"{question_not_shown}"} if header_rows == 2 else ()),
    )


def _limesurvey(records: list[list[str]], columns: list[str], _asked: bool) -> Export | None:
    if _limesurvey_codes(columns):
        return _limesurvey_export("limesurvey", columns, columns, ())
    below = _row(records, 1, len(columns))
    if _limesurvey_codes(below):
        return _limesurvey_export("limesurvey", below, below, columns, header_rows=2)
    split = [_CODE_AND_TEXT.fullmatch(name) for name in columns]
    codes = [match[1] if match else name for match, name in zip(split, columns, strict=True)]
    if _limesurvey_codes(codes):
        texts = [(match[2] or "") if match else "" for match in split]
        return _limesurvey_export("limesurvey", codes, codes, texts)
    return None


def _limesurvey_texts(records: list[list[str]], columns: list[str], asked: bool) -> Export | None:
    if _limesurvey(records, columns, asked):
        return None  # the headings are codes; a second header row would be taken for a person
    codes = [_LIMESURVEY_TEXTS.get(_key(name), name) for name in columns]
    found = {_LIMESURVEY_TEXTS[_key(name)] for name in columns if _key(name) in _LIMESURVEY_TEXTS}
    # Other platforms have a "Response ID" and a "Date submitted" too; the page and the language are LimeSurvey's.
    own = found & {"lastpage", "startlanguage"}
    if not ((own or "submitdate" in found) if asked else (own and len(found) >= 3)):
        if not (asked and _limesurvey_order(records)):
            return None
        codes[:4] = ("id", "submitdate", "lastpage", "startlanguage")
    return _limesurvey_export("limesurvey_texts", columns, codes, columns)


def _limesurvey_order(records: list[list[str]]) -> bool:
    """Tell whether the first columns are the default ones by their content: headings come in eighty languages."""
    number, sent, page, language = (_cells(records, place) for place in range(4))
    return (
        bool(number and language)
        and all(map(str.isdecimal, [*number, *page]))
        and all(map(_DATE_TIME.fullmatch, sent))
        and all(map(_LANGUAGE.fullmatch, language))
    )


# --------------------------------------------------------------------------------------------------------------------
# Qualtrics: "Understanding Your Dataset" of the support pages, and its older version on legacy exports
# --------------------------------------------------------------------------------------------------------------------

_QUALTRICS = {
    "startdate": "technical",
    "enddate": "date",
    "status": "technical",
    "ipaddress": "personal",
    "progress": "technical",
    "duration (in seconds)": "technical",
    "finished": "technical",
    "recordeddate": "date",
    "responseid": "id",
    "responseset": "technical",
    "name": "personal",
    "recipientlastname": "personal",
    "recipientfirstname": "personal",
    "recipientemail": "personal",
    "emailaddress": "personal",
    "externalreference": "personal",
    "externaldatareference": "personal",
    "locationlatitude": "personal",
    "locationlongitude": "personal",
    "locationaccuracy": "technical",
    "distributionchannel": "technical",
    "userlanguage": "technical",
    "q_recaptchascore": "technical",
    "q_relevantidduplicate": "technical",
    "q_relevantidduplicatescore": "technical",
    "q_relevantidfraudscore": "technical",
    "q_relevantidlaststartdate": "technical",
    "q_ballotboxstuffing": "technical",
    "q_duplicaterespondent": "technical",
    "q_totalduration": "technical",
}
#: Words that other tables use as headers too.
_COMMON_WORDS = frozenset({"status", "progress", "finished", "name", "startdate", "enddate", "emailaddress"})
#: Columns that hold digits in every answer, and none in their heading, whatever its language.
_WITH_DIGITS = frozenset(
    {"startdate", "enddate", "recordeddate", "ipaddress", "progress", "duration (in seconds)", "locationlatitude"}
)
_LEGACY_NAME = re.compile(r"V\d+")
#: Response types of previews and tests, as choice text and as number.
_PREVIEW = frozenset(
    {"Survey Preview", "1", "Survey Test", "2", "Survey Preview Spam", "9", "Offline Survey Preview", "17"}
)
_NOT_FINISHED = frozenset(
    # A spreadsheet writes the logical value in its own language when it saves the file again.
    {"0", "False", "FALSE", "false", "FALSCH", "FAUX", "FALSO", "ONWAAR"}
)


def _qualtrics_names(columns: Iterable[str]) -> bool:
    found = {name.lower() for name in columns} & set(_QUALTRICS)
    return len(found) >= 3 and len(found - _COMMON_WORDS) >= 2


def _import_ids(cells: Iterable[str]) -> bool:
    return any(cell.startswith("{") and cell.lstrip("{ \"'").startswith("ImportId") for cell in cells)


def _is_heading(columns: Sequence[str], cells: Sequence[str]) -> bool:
    """Tell whether the second row holds the question texts, in whatever language, and not a person."""
    filled = [(name.lower(), cell) for name, cell in zip(columns, cells, strict=True) if cell]
    numbers = [cell for name, cell in filled if name in _WITH_DIGITS]
    ids = [cell for name, cell in filled if name == "responseid"]
    return (
        bool(numbers or ids)
        and not any(map(str.isdigit, "".join(numbers)))
        and not any(cell.startswith("R_") for cell in ids)
    )


def _qualtrics(records: list[list[str]], columns: list[str], _asked: bool) -> Export | None:
    second, third = (_row(records, number, len(columns)) for number in (1, 2))
    if any(map(_LEGACY_NAME.fullmatch, columns)) and _qualtrics_names(second):
        # Legacy exports number the default columns, and name them in the second row.
        numbered = zip(columns, second, strict=True)
        columns = [below if _LEGACY_NAME.fullmatch(name) and below else name for name, below in numbered]
        header_rows, texts = 2, second
    elif not (_qualtrics_names(columns) or _import_ids(second) or _import_ids(third)):
        return None
    elif _import_ids(second):
        header_rows, texts = 2, []
    elif _import_ids(third) or _is_heading(columns, second):
        header_rows, texts = 2, second
    else:
        header_rows, texts = 1, []
    if texts and _import_ids(third):
        header_rows = 3
    by_name = {name.lower(): name for name in columns}
    preview = None
    if "status" in by_name:
        preview = (by_name["status"], _PREVIEW)
    elif "distributionchannel" in by_name:
        preview = (by_name["distributionchannel"], frozenset({"preview"}))
    return _export(
        "qualtrics",
        columns,
        [_QUALTRICS.get(name.lower(), "") for name in columns],
        header_rows=header_rows,
        texts=texts,
        preview=preview,
        unfinished=(by_name["finished"], _NOT_FINISHED) if "finished" in by_name else None,
    )


# --------------------------------------------------------------------------------------------------------------------
# Google Forms: "View & manage form responses" of the help; the time mark comes in the language of the form's owner
# --------------------------------------------------------------------------------------------------------------------

_TIMESTAMP = _keys(
    "Timestamp, Zeitstempel, Horodateur, Marca temporal, Carimbo de data/hora, Tijdstempel, Informazioni cronologiche"
)
_GRID_ROW = re.compile(r".+\[[^\]]+\]", re.DOTALL)


def _is_question(name: str) -> bool:
    return "?" in name or bool(_GRID_ROW.fullmatch(name)) or len(name.split()) >= 4


def _google_forms(records: list[list[str]], columns: list[str], asked: bool) -> Export | None:
    if _key(columns[0]) not in _TIMESTAMP:
        return None
    times = _cells(records, 0)
    dated = bool(times) and all(map(_DATE_TIME.fullmatch, times))
    if not asked and not (dated and any(map(_is_question, columns[1:]))):
        return None
    roles = ["date", *("" for _ in columns[1:])]
    return _export("google_forms", columns, roles, texts=columns)


# --------------------------------------------------------------------------------------------------------------------
# Microsoft Forms: "Check and share your form results" of the support pages; headings in the language of the owner
# --------------------------------------------------------------------------------------------------------------------

_BEGUN = _keys("Start time, Startzeit, Heure de début, Hora de inicio, Hora de início, Begintijd")
_DONE = _keys(
    "Completion time, Fertigstellungszeit, Heure de fin, Hora de finalización, Hora de conclusão, Tijd van voltooien"
)
_MICROSOFT = {
    "id": "id",
    **dict.fromkeys(_BEGUN, "technical"),
    **dict.fromkeys(_DONE, "date"),
    # In Spanish the name is "Nombre", which in a table of another origin may be a number.
    **dict.fromkeys(_keys("Email, E-mail, Name, Nombre"), "personal"),
    **dict.fromkeys(
        _keys("Last modified time, Heure de la dernière modification, Total points, Quiz feedback, Grade posted time"),
        "technical",
    ),
}


def _microsoft_forms(_records: list[list[str]], columns: list[str], _asked: bool) -> Export | None:
    keys = [_key(name) for name in columns]
    if keys[0] != "id" or not (_BEGUN & set(keys[:4]) and _DONE & set(keys[:4])):
        return None
    return _export("microsoft_forms", columns, [_MICROSOFT.get(key, "") for key in keys], texts=columns)


# --------------------------------------------------------------------------------------------------------------------
# SurveyMonkey: "Exporting survey results", all responses data; two header rows, the second with the answer options
# --------------------------------------------------------------------------------------------------------------------

_SURVEYMONKEY = {
    "respondentid": "id",
    "collectorid": "technical",
    "startdate": "technical",
    "datecreated": "technical",
    "enddate": "date",
    "datemodified": "date",
    "ipaddress": "personal",
    "emailaddress": "personal",
    "firstname": "personal",
    "lastname": "personal",
}
_CUSTOM_DATA = re.compile(r"customdata\d*|customvalue\d*")
_ONE_ANSWER = frozenset({"", "Response", "Open-Ended Response"})
#: Fields of the platform's question for contact details.
_CONTACT = frozenset(
    {
        "Name",
        "Company",
        "Address",
        "Address 2",
        "City/Town",
        "State/Province",
        "ZIP/Postal Code",
        "Country",
        "Email Address",
        "Phone Number",
    }
)


def _surveymonkey(records: list[list[str]], columns: list[str], _asked: bool) -> Export | None:
    keys = [_key(name) for name in columns]
    if not {"respondentid", "collectorid"} <= set(keys):
        return None
    second = _row(records, 1, len(columns))
    two = any(second) and not second[keys.index("respondentid")]
    below = second if two else [""] * len(columns)
    roles = ["personal" if _CUSTOM_DATA.fullmatch(key) else _SURVEYMONKEY.get(key, "") for key in keys]
    questions: list[str] = []
    for name, option in zip(columns, below, strict=True):
        # A question with several columns stands over the first of them.
        questions.append(name or (questions[-1] if option and questions else ""))
    contact = Counter(question for question, option in zip(questions, below, strict=True) if option in _CONTACT)
    for place, (question, option) in enumerate(zip(questions, below, strict=True)):
        if option in _CONTACT and contact[question] >= 3:
            roles[place] = "personal"
    names = [
        question if option in _ONE_ANSWER else f"{question} [{option}]"
        for question, option in zip(questions, below, strict=True)
    ]
    return _export("surveymonkey", names, roles, header_rows=2 if two else 1, texts=names)


# --------------------------------------------------------------------------------------------------------------------


def _plain(_records: list[list[str]], columns: list[str], _asked: bool) -> Export:
    return _export("plain", columns, [""] * len(columns))


#: Recognisers in the order they are asked; each knows its own shape, and says nothing to any other.
_RECOGNISERS: Mapping[str, Callable[[list[list[str]], list[str], bool], Export | None]] = {
    "redcap_dictionary": _redcap_dictionary,
    "qualtrics": _qualtrics,
    "surveymonkey": _surveymonkey,
    "microsoft_forms": _microsoft_forms,
    "limesurvey": _limesurvey,
    "limesurvey_texts": _limesurvey_texts,
    "redcap": _redcap,
    "redcap_labels": _redcap_labels,
    "google_forms": _google_forms,
    "plain": _plain,
}


def recognise(records: list[list[str]], hint: str = "") -> Export:
    """Tell from which survey platform a table was exported.

    Parameters
    ----------
    records : list of list of str
        All rows as trimmed text, header rows included; only the first few are looked at.
    hint : str
        Platform named in the landing sheet, one of :data:`DIALECTS`; empty to find it out. A platform that is named
        needs fewer signs to be believed.

    Returns
    -------
    Export
        What the header rows and columns mean; ``plain`` where no platform is recognised. In a plain table too,
        columns that say who or where are personal.

    Raises
    ------
    NotThisExport
        The header rows are not those of the platform named.
    """
    rows = [[cell.strip() for cell in row] for row in records[:_LOOKED_AT]]
    columns = rows[0] if rows else []
    if not any(columns) and hint in ("", "plain"):
        return _plain(rows, columns, False)
    for dialect in [hint] if hint else _RECOGNISERS:
        recogniser = _RECOGNISERS.get(dialect)
        found = recogniser(rows, columns, bool(hint)) if recogniser and any(columns) else None
        if found:
            return found
    raise NotThisExport(hint)
