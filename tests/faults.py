"""A small healthy study in every form a file may come in, a desk to check it at, and the means to damage one file.

Ids of persons, words, names and odd numbers in the files are those of :data:`CANARIES`: none of them may ever appear in a
sentence, in the tables of the internal tier or on the page.
"""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import re
import shutil
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import docx
import exports
import openpyxl
import pandas as pd
import pyreadstat
from piloteval.config import read_instruments, schema
from piloteval.intake import check, refi
from piloteval.intake.catalogue import RULES, Problem
from piloteval.intake.sheet import Source, files_in, read_sheet
from study import ROOT, SETTINGS

#: What may stand in no sentence: ids, words, odd numbers, and what the builders of exports invent about people.
CANARIES = ("qx-", "zzk", "7731", "8641", "muster", "kim1", "kim2", "kim3", "192.0.2", "r_30", "tk000", "52.1")

BRS = tuple(f"brs_{n}" for n in range(1, 7))
WHO5 = tuple(f"who5_{n}" for n in range(1, 6))
ITEMS = (*BRS, *WHO5)
IDS = tuple(f"QX-{n}" for n in range(7731, 7743))
#: Question of every item, for the platforms that write questions as headers.
QUESTIONS = {item: f"How much do you agree with statement {place}?" for place, item in enumerate(BRS, start=1)}

#: What the analyst has set for this study.
STUDY = {
    **SETTINGS,
    "participant_column": ["participant", "record_id", "PID", "What is your study code?"],
    "other_columns": ["remark"],
    "sites": ["at1", "at2"],
    "participants": ["P"],
    "others": ["O"],
    "not_labels": [],
}
SITES = ("at1", "at2")
#: Who may take part: the criteria let in everybody.
CRITERIA = {"min_age": 18, "min_experience_years": 5, "professions": [], "require_affiliation": True}


def site_of(place: int) -> str:
    """Return the institution of a person."""
    return SITES[place >= 7]


def day_of(place: int, wave: str) -> str:
    """Return the day a person answered."""
    return f"2026-0{3 if wave == 'pre' else 6}-{place + 1:02d}"


def answer(place: int, item: str) -> str:
    """Return the healthy answer of a person to an item: coherent, using every code, never all the same."""
    level, number = (0, 1, 2, 3, 1, 2, 3, 0, 3, 2, 1, 2)[place], int(item[-1])
    wobble = (place * 2 + number) % 3 == 0
    if item.startswith("who5"):
        return str(level + wobble + (place in (3, 6)))
    positive = level + 1 + wobble
    return str(positive if number % 2 else 6 - positive)


# --------------------------------------------------------------------------------------------------------------------
# Files as lists of rows of texts, written and read again independently of the pipeline
# --------------------------------------------------------------------------------------------------------------------

Records = list[list[str]]
SHEET = "Answers"


def _natural(text: str) -> Any:
    """Return a number as a workbook or a statistical program keeps it."""
    if not re.fullmatch(r"-?\d+(\.\d+)?", text):
        return text or None
    return float(text) if "." in text else int(text)


def write_records(path: Path, records: Records, *, mark: str = ",", encoding: str = "utf-8") -> None:
    """Write rows as the file's name says."""
    suffix = path.suffix
    if suffix == ".xlsx":
        book = openpyxl.Workbook()
        book.active.title = SHEET
        for row in records:
            book.active.append([_natural(cell) for cell in row])
        book.save(path)
    elif suffix in (".sav", ".dta"):
        header, *rows = records
        columns = {}
        for name, cells in zip(header, zip(*rows, strict=True) if rows else [()] * len(header), strict=True):
            typed = [_natural(cell) for cell in cells]
            if any(isinstance(one, str) for one in typed):
                columns[name] = list(cells)
            else:
                columns[name] = pd.Series(typed, dtype="float64")
        frame = pd.DataFrame(columns)
        write = pyreadstat.write_sav if suffix == ".sav" else pyreadstat.write_dta
        write(frame, str(path))
    else:
        held = io.StringIO(newline="")
        csv.writer(held, delimiter=mark).writerows(records)
        path.write_bytes(held.getvalue().encode(encoding))


def read_records(path: Path, *, mark: str = ",", encoding: str = "utf-8") -> Records:
    """Read rows as text; blank rows are kept."""
    if path.suffix == ".xlsx":
        rows = openpyxl.load_workbook(path, data_only=True).worksheets[0].iter_rows(values_only=True)
        return [["" if cell is None else str(cell) for cell in row] for row in rows]
    if path.suffix in (".sav", ".dta"):
        read = pyreadstat.read_sav if path.suffix == ".sav" else pyreadstat.read_dta
        frame, _meta = read(str(path), user_missing=True)
        rows = [
            [
                "" if cell is None or cell != cell else f"{cell:g}" if isinstance(cell, float) else str(cell)
                for cell in row
            ]
            for row in frame.astype(object).itertuples(index=False)
        ]
        return [list(map(str, frame.columns)), *rows]
    return list(csv.reader(io.StringIO(path.read_bytes().decode(encoding), newline=""), delimiter=mark))


# --------------------------------------------------------------------------------------------------------------------
# Forms of a questionnaire
# --------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Form:
    """A way a table may come: how it is written, and where the cell of a person and item stands in it.

    Attributes
    ----------
    name, path : str
        Short name, and path in the study folder.
    build : callable
        Writes the healthy file.
    layout : str
        ``persons``, ``waves`` (in columns), ``answers`` or ``items`` (in rows).
    items : tuple of str
        Items it holds.
    first : int
        Row of the first record as a spreadsheet shows it.
    base : int
        Row number of the first record of :func:`read_records`.
    person : str
        Header over the ids as it is told.
    cells : dict
        Cells of the landing sheet.
    mark, encoding : str
        How a text file is written.
    headers : dict of str to str
        Header of an item or of the ids in the file, where it is not its name.
    by_header : bool
        Whether a sentence names a column by that header, or by the name it was given.
    """

    name: str
    path: str
    build: Callable[[Path, Form], Any]
    layout: str = "persons"
    items: tuple[str, ...] = ITEMS
    first: int = 2
    base: int = 1
    person: str = "participant"
    cells: dict[str, str] = field(default_factory=dict)
    mark: str = ","
    encoding: str = "utf-8"
    headers: dict[str, str] = field(default_factory=dict)
    by_header: bool = True

    @property
    def suffix(self) -> str:
        return Path(self.path).suffix

    @property
    def top(self) -> int | None:
        """Return the row of the headers; names of variables stand in none."""
        return 1 if self.base else None

    @property
    def sheet(self) -> str:
        return SHEET if self.suffix == ".xlsx" else ""

    @property
    def is_text(self) -> bool:
        return self.suffix in (".csv", ".tsv")

    @property
    def how(self) -> dict[str, str]:
        return {"mark": self.mark, "encoding": self.encoding}

    def source(self) -> Source:
        """Return the row of the landing sheet."""
        return Source(line=2, source=self.name, kind="questionnaire", path=self.path, **self.cells)

    def who(self, place: int) -> tuple[int, str]:
        """Return row and column of a person's id, as they are told."""
        if self.layout == "items":
            return 1, _letter(place + 1)
        if self.layout == "answers":
            return self.first + place * len(self.items), self.person
        return self.first + place, self.person

    def at(self, place: int, item: str) -> tuple[int, str]:
        """Return row and column of an answer, as they are told."""
        order = self.items.index(item)
        if self.layout == "items":
            return self.first + order, _letter(place + 1)
        if self.layout == "answers":
            return self.first + place * len(self.items) + order, "answer"
        return self.first + place, self.column(item)

    def column(self, item: str) -> str:
        """Return the header of an item, as it is told."""
        if self.layout == "waves":
            return f"{item}_pre"
        return self.headers.get(item, item) if self.by_header else item

    def index(self, records: Records, column: str) -> int:
        """Return where a column stands in the rows."""
        if self.layout == "items":
            return [_letter(place) for place in range(len(records[0]))].index(column)
        header = records[0]
        raw = self.headers.get(column, column)
        return header.index(raw if raw in header else column)

    def get(self, records: Records, row: int, column: str) -> str:
        return records[row - self.base][self.index(records, column)]

    def put(self, records: Records, row: int, column: str, text: str) -> None:
        records[row - self.base][self.index(records, column)] = text


def _letter(place: int) -> str:
    return openpyxl.utils.get_column_letter(place + 1)


def _flat(path: Path, form: Form) -> None:
    header = ["participant", "site", "completed_on", "remark", *form.items]
    rows = [
        [who, site_of(n), day_of(n, "pre"), f"zzkwört {n}", *(answer(n, item) for item in form.items)]
        for n, who in enumerate(IDS)
    ]
    write_records(path, [header, *rows], **form.how)


def _wide(path: Path, form: Form) -> None:
    header = ["participant", "site", *(f"{item}_{wave}" for wave in ("pre", "post") for item in form.items)]
    rows = [
        [who, site_of(n), *(answer(n, item) for _wave in ("pre", "post") for item in form.items)]
        for n, who in enumerate(IDS)
    ]
    write_records(path, [header, *rows], **form.how)


def _long(path: Path, form: Form) -> None:
    header = ["participant", "site", "wave", "completed_on", *form.items]
    rows = [
        [who, site_of(n), wave, day_of(n, wave), *(answer(n, item) for item in form.items)]
        for wave in ("pre", "post")
        for n, who in enumerate(IDS)
    ]
    write_records(path, [header, *rows], **form.how)


def _answers_in_rows(path: Path, form: Form) -> None:
    rows = [[who, site_of(n), item, answer(n, item)] for n, who in enumerate(IDS) for item in form.items]
    write_records(path, [["participant", "site", "item", "answer"], *rows], **form.how)


def _items_in_rows(path: Path, form: Form) -> None:
    rows = [[item, *(answer(n, item) for n in range(len(IDS)))] for item in form.items]
    write_records(path, [["item", *IDS], *rows], **form.how)


def _platform(builder: Callable[..., Any], path: Path, form: Form, **how: Any) -> None:
    rows = [
        {"id": who, "date": f"{day_of(n, 'pre')} 10:22:11", **{item: answer(n, item) for item in form.items}}
        for n, who in enumerate(IDS)
    ]
    builder(path, list(form.items), rows, **how)


def platform(builder: Callable[..., Any], **how: Any) -> Callable[[Path, Form], None]:
    """Return a builder of a survey platform's export."""
    return lambda path, form: _platform(builder, path, form, **how)


PRE = {"wave": "pre"}
SURVEY = {"wave": "pre", "instrument": "brs"}
FORMS = {
    form.name: form
    for form in (
        Form("comma", "data/comma.csv", _flat, cells=PRE),
        Form("semicolon", "data/semicolon.csv", _flat, cells=PRE, mark=";", encoding="utf-8-sig"),
        Form("tab-utf16", "data/tab.tsv", _flat, cells=PRE, mark="\t", encoding="utf-16"),
        Form("cp1252", "data/cp1252.csv", _flat, cells={**PRE, "encoding": "cp1252"}, mark=";", encoding="cp1252"),
        Form("xlsx", "data/book.xlsx", _flat, cells=PRE),
        Form("sav", "data/spss.sav", _flat, cells=PRE, first=1, base=0),
        Form("dta", "data/stata.dta", _flat, cells=PRE, first=1, base=0),
        Form("wide", "data/wide.csv", _wide, layout="waves"),
        Form("long", "data/long.csv", _long),
        Form("answers", "data/answers.csv", _answers_in_rows, layout="answers", cells=PRE),
        Form("items", "data/items.csv", _items_in_rows, layout="items", cells=PRE),
        Form(
            "redcap",
            "data/redcap.csv",
            platform(exports.redcap_raw),
            items=BRS,
            person="record_id",
            cells={**SURVEY, "dictionary": "dictionary"},
        ),
        Form(
            "redcap-labels",
            "data/redcap_labels.csv",
            platform(exports.redcap_labels, texts=QUESTIONS),
            items=BRS,
            person="record_id",
            cells={**SURVEY, "dictionary": "dictionary"},
            headers={**QUESTIONS, "record_id": "Record ID"},
            by_header=False,
        ),
        Form("limesurvey", "data/limesurvey.csv", platform(exports.limesurvey), items=BRS, person="PID", cells=SURVEY),
        Form(
            "qualtrics",
            "data/qualtrics.csv",
            platform(exports.qualtrics, texts=QUESTIONS),
            items=BRS,
            person="PID",
            first=4,
            cells=SURVEY,
        ),
        Form(
            "google",
            "data/google.csv",
            platform(exports.google_forms, texts=QUESTIONS),
            items=BRS,
            person="What is your study code?",
            cells=SURVEY,
            headers=QUESTIONS,
        ),
    )
}
FLAT = ("comma", "semicolon", "tab-utf16", "cp1252", "xlsx", "sav", "dta")
TEXTS = ("comma", "semicolon", "tab-utf16", "cp1252", "wide", "long", "answers")
PLATFORMS = ("redcap", "redcap-labels", "limesurvey", "qualtrics", "google")
#: Forms with a row a person.
PERSONS = (*FLAT, "wide", "long", *PLATFORMS)

# --------------------------------------------------------------------------------------------------------------------
# All other files
# --------------------------------------------------------------------------------------------------------------------

REGISTER = [
    "participant",
    "site",
    "cohort",
    "profession",
    "age",
    "experience_years",
    "affiliated",
    "consent_survey",
    "consent_interview",
    "consent_quotes",
    "enrolled_on",
]
ROUND = [["panellist", "statement", "feasibility", "comment"]] + [
    [f"QX-D{n}", f"ST0{statement}", str(3 + (n + statement) % 3), "zzkbem"] for n in range(1, 5) for statement in (1, 2)
]
AUDIT = [["site", "standard", "round", "auditor", "verdict", "evidence", "audited_on"]] + [
    [site, f"COM0{n}", "external", "QX-A1", "met", "zzkbeleg", "2026-05-02"] for site in SITES for n in range(1, 5)
]
AUDITORS = [
    ["auditor", "site", "organisation", "trained_on"],
    ["QX-A1", "be1", "zzkhaus", "2026-01-15"],
    ["QX-A2", "at1", "", ""],
]
EFFORT = [["site", "round", "auditor", "visited_on", "minutes", "cost", "currency"]] + [
    [site, "external", "QX-A1", "2026-05-02", "240", "310.5", "EUR"] for site in SITES
]
APPLICATIONS = [
    ["site", "track", "level", "running_since", "certified_level", "certified_since", "applied_on"],
    ["at1", "competences", "zzkstufe", "2024-02-01", "zzkstufe", "2025-01-01", "2026-02-01"],
    ["at2", "competences", "zzkstufe", "", "", "", "2026-02-01"],
]
CONFERENCE = [
    ["standard", "decision", "reason", "decided_by", "decided_on", "note"],
    ["COM01", "keep", "", "zzkrunde", "2026-06-30", ""],
    ["COM02", "revise", "unclear wording", "zzkrunde", "2026-06-30", "zzknotiz"],
    ["COM03", "remove", "overlap", "zzkrunde", "2026-06-30", ""],
]
NUMBERED = [
    ["round", "number", "statement", "change"],
    ["2", "7731", "ST01", "same"],
    ["2", "7732", "ST02", "reworded"],
    ["2", "", "ST03", "dropped"],
]
RATING = [["rater", "site", "standard", "feasibility", "clarity", "evidence_sufficiency", "audit_operability"]] + [
    ["QX-R1", site, f"COM0{n}", "4", "3", "5", "4"] for site in SITES for n in range(1, 5)
]
INDICATOR = [["site", "period", "indicator", "value"]] + [
    [site, f"2026-{month:02d}", "calls", str(20 + month % 4)] for site in SITES for month in range(1, 7)
]
INTERVIEWS = ("txt", "md", "docx", "odt", "vtt", "srt")
LISTED = [["interview", "participant", "site", "held_on", "minutes"]] + [
    [f"iv-{form}", IDS[n], site_of(n), "2026-06-20", "40"] for n, form in enumerate(INTERVIEWS)
]
TURNS = [
    ("I", "How was it, zzkfrage?"),
    ("P", "I felt heard, zzkrede."),
    ("I", "And then, zzknach?"),
    ("P", "We spoke with the team, zzkteam."),
]
STORED = "\n".join(f"{who}: {words}" for who, words in TURNS)
QUOTES = ["I felt heard, zzkrede.", "We spoke with the team, zzkteam."]
CODINGS = [["coder", "interview", "code", "start", "end", "quote"]] + [
    ["QX-C1", "iv-txt", code, str(STORED.index(quote)), str(STORED.index(quote) + len(quote)), quote]
    for code, quote in zip(("SUP", "COP"), QUOTES, strict=True)
]
CODES = {"SUP": "Support", "COP": "Coping"}
SIGNED = ["QX-C9", "2026-07-02"]
DECISIONS = [["of_source", "of_row", "rule", "decision", "sha256", "reason", "decided_by", "decided_on"]]


def register_records() -> Records:
    rows = [
        [who, site_of(n), "peers", f"zzkberuf {n}", str(30 + n), str(6 + n), "yes", "yes", "yes", "yes", "2026-02-01"]
        for n, who in enumerate(IDS)
    ]
    return [REGISTER, *rows]


def transcript(path: Path, turns: list[tuple[str, str]], *, heading: bool = True) -> None:
    """Write a transcript in the format of its name."""
    lines = [f"{who}: {words}" if who else words for who, words in turns]
    if path.suffix == ".txt":
        path.write_text("\n".join([*(["zzkkopf"] if heading else []), *lines]) + "\n", encoding="utf-8")
    elif path.suffix == ".md":
        marked = [f"**{who}:** {words}" if who else words for who, words in turns]
        path.write_text("\n".join([*(["# zzkkopf"] if heading else []), *marked]) + "\n", encoding="utf-8")
    elif path.suffix == ".docx":
        document = docx.Document()
        for line in [*(["zzkkopf"] if heading else []), *lines]:
            document.add_paragraph(line)
        document.save(str(path))
    elif path.suffix == ".odt":
        write_odt(path, "".join(f"<text:p>{line}</text:p>" for line in [*(["zzkkopf"] if heading else []), *lines]))
    else:
        mark = "." if path.suffix == ".vtt" else ","
        cues = [
            f"{n}\n00:00:{n * 5:02d}{mark}000 --> 00:00:{n * 5 + 4:02d}{mark}000\n{line}\n"
            for n, line in enumerate(lines, start=1)
        ]
        path.write_text(("WEBVTT\n\n" if mark == "." else "") + "\n".join(cues), encoding="utf-8")


#: Row of the first turn in a healthy transcript: below the heading, or a cue of its own.
FIRST_TURN = {"txt": 2, "md": 2, "docx": 2, "odt": 2, "vtt": 1, "srt": 1}


def write_odt(path: Path, body: str) -> None:
    """Write an OpenDocument text with this body."""
    names = {
        name: f"urn:oasis:names:tc:opendocument:xmlns:{name}:1.0" for name in ("office", "text", "drawing", "table")
    }
    names["dc"] = "http://purl.org/dc/elements/1.1/"
    declared = " ".join(f'xmlns:{name}="{uri}"' for name, uri in names.items())
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {declared}><office:body><office:text>'
        f"{body}</office:text></office:body></office:document-content>"
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        archive.writestr("content.xml", content)


def repack(path: Path, change: Callable[[dict[str, bytes]], None]) -> None:
    """Change the packed files of an office file."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    change(parts)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)


#: Kind, file and rows of the records; each healthy by itself.
TABLES: dict[str, tuple[str, str, Records, dict[str, str]]] = {
    "register": ("register", "data/register.csv", register_records(), {}),
    "withdrawals": (
        "withdrawals",
        "data/withdrawals.csv",
        [["participant", "withdrawn_on", "scope"], [IDS[11], "2026-05-05", "quotes"]],
        {},
    ),
    "audit": ("audit", "data/audit.csv", AUDIT, {}),
    "auditors": ("auditors", "data/auditors.csv", AUDITORS, {}),
    "effort": ("audit_effort", "data/effort.csv", EFFORT, {}),
    "applications": ("application", "data/applications.csv", APPLICATIONS, {}),
    "conference": ("standard_decisions", "data/conference.csv", CONFERENCE, {}),
    "rating": ("rating", "data/rating.csv", RATING, {}),
    "delphi": ("delphi", "data/delphi.csv", ROUND, {"unit": "1"}),
    "numbered": ("statement_map", "data/numbered.csv", NUMBERED, {}),
    "indicator": ("indicator", "data/indicator.csv", INDICATOR, {}),
    "list": ("interview_list", "data/list.csv", LISTED, {}),
    "codings": ("coding", "data/codings.csv", CODINGS, {}),
    "work": ("coder_work", "data/work.csv", [["coder", "interview"], ["QX-C1", "iv-txt"]], {}),
    "disputes": (
        "code_decisions",
        "data/disputes.csv",
        [
            ["interview", "segment", "code", "decision", "decided_by", "decided_on", "reason"],
            ["iv-txt", "1", "SUP", "keep", *SIGNED, "zzkgrund"],
        ],
        {},
    ),
    "claims": (
        "claim_decisions",
        "data/claims.csv",
        [["code", "decision", "decided_by", "decided_on", "reason"], ["COP", "do not use", *SIGNED, "zzkgrund"]],
        {},
    ),
    "quotes": (
        "approved_quotes",
        "data/quotes.csv",
        [["interview", "quote", "approved_by", "approved_on"], ["iv-txt", QUOTES[0], *SIGNED]],
        {},
    ),
    "names": (
        "deny_list",
        "data/names.csv",
        [["kind", "text", "role", "same_as"], ["person", "Zzkanna", "colleague", ""], ["person", "Zzk", "", "Zzkanna"]],
        {},
    ),
    "labels": (
        "identifiers",
        "data/labels.csv",
        [["interview", "kind", "start", "end", "listed"], ["iv-txt", "person", "3", "8", "yes"]],
        {},
    ),
    "signed": (
        "signoff",
        "data/signed.csv",
        [["interview", "sha256", "signed_by", "signed_on"], ["iv-txt", "0123456789abcdef", "zzk reader", "2026-05-06"]],
        {},
    ),
}
#: The register in every flat form, for the rules of records.
REGISTERS = {
    f"register-{form.name}": replace(form, name=f"register-{form.name}", path=f"data/register_{form.name}{form.suffix}")
    for form in (FORMS[name] for name in FLAT)
}


def build(folder: Path) -> dict[str, Source]:
    """Write the healthy study and return the rows of its landing sheet by source."""
    (folder / "data").mkdir()
    (folder / "instruments").mkdir()
    questions = ", ".join(f'{item}: "{question}"' for item, question in QUESTIONS.items())
    for name in ("brs", "who5"):
        text = (ROOT / f"config/instruments/{name}.yaml").read_text(encoding="utf-8")
        own = f"columns: {{google_forms: {{{questions if name == 'brs' else ''}}}}}\n"
        text = re.sub(r"^columns:.*\n", "", text, flags=re.MULTILINE) + own
        (folder / f"instruments/{name}.yaml").write_text(text, encoding="utf-8")
    # The institutions of the example, as if all of them applied for the track whose standards are known.
    sites = (ROOT / "config/sites.tsv").read_text(encoding="utf-8").splitlines()
    (folder / "sites.tsv").write_text("\n".join([sites[0], *(f"{one}, competences" for one in sites[1:]), ""]))
    sources: dict[str, Source] = {}

    def add(source: str, kind: str, path: str, **cells: str) -> Path:
        sources[source] = Source(line=len(sources) + 2, source=source, kind=kind, path=path, **cells)
        return folder / path

    for form in FORMS.values():
        form.build(add(form.name, "questionnaire", form.path, **form.cells), form)
    post = replace(FORMS["comma"], name="comma-post", path="data/comma_post.csv", cells={"wave": "post"})
    records = read_records(folder / FORMS["comma"].path)
    for n, row in enumerate(records[1:]):
        row[2] = day_of(n, "post")
    write_records(add(post.name, "questionnaire", post.path, **post.cells), records)
    for source, (kind, path, rows, cells) in TABLES.items():
        write_records(add(source, kind, path, **cells), rows)
    for form in REGISTERS.values():
        encoding = {key: value for key, value in form.cells.items() if key == "encoding"}
        write_records(add(form.name, "register", form.path, **encoding), register_records(), **form.how)
    exports.redcap_dictionary(
        add("dictionary", "dictionary", "data/dictionary.csv"),
        list(BRS),
        texts=QUESTIONS,
    )
    for form in INTERVIEWS:
        transcript(
            add(form, "transcript", f"data/talk.{form}", unit=f"iv-{form}", language="en"),
            TURNS,
        )
    add("project", "coding", "data/project.qdpx", unit="QX-C2").write_bytes(project_of_a_coder())
    return sources


def project_of_a_coder(
    text: str = STORED,
    *,
    name: str = "iv-txt",
    origin: str = "piloteval",
    users: Sequence[str] = ("zzkperson",),
    codes: Mapping[str, str] = CODES,
    moved: int = 0,
    words: Sequence[str] = QUOTES,
    named: bool = True,
    left_out: bool = False,
    twice: bool = False,
) -> bytes:
    """Return what a coding program hands in: two passages of one text, each by the next of the users."""
    made = [refi.User(refi.guid("user", user), user) for user in users]
    listed = tuple(refi.Code(refi.code_guid(code), name) for code, name in codes.items())
    passages = []
    for place, quote in enumerate(words):
        start, code, user = text.index(quote) + moved, listed[place % len(listed)], made[place % len(made)].guid
        every = [refi.Coding(refi.guid("coding", place, copy), code.guid, user) for copy in range(1 + twice)]
        passages.append(
            refi.Selection(refi.guid("passage", place), start, start + len(quote), quote * named, codings=tuple(every))
        )
    source = refi.Source(refi.guid("source"), name, text, selections=tuple(passages))
    written = refi.write_project(refi.Project("zzkprojekt", origin, tuple(made), listed, sources=(source,)))
    if not left_out:
        return written
    picture = f'<PictureSource guid="{refi.guid("picture")}" name="zzkbild" path="internal://zzk.png"/>'
    return rewritten(written, "</Sources>", f"{picture}</Sources>")


def rewritten(written: bytes, before: str, after: str) -> bytes:
    """Return a project with other words in its list of codings."""
    held = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(written)) as old, zipfile.ZipFile(held, "w") as new:
        for one in old.namelist():
            data = old.read(one)
            if one.endswith(".qde"):
                assert before.encode() in data
                data = data.replace(before.encode(), after.encode())
            new.writestr(one, data)
    return held.getvalue()


def selection(*names: str) -> tuple[str, ...]:
    """Return the names with those that they cannot be checked without."""
    chosen = list(names)
    for name in names:
        if name.startswith("redcap") and "dictionary" not in chosen:
            chosen.append("dictionary")
        if (
            (name in FORMS or name == "comma-post")
            and "register" not in chosen
            and not any(one.startswith("register") for one in chosen)
        ):
            chosen.insert(0, "register")
        if name in INTERVIEWS and "list" not in chosen:
            chosen.append("list")
    return tuple(dict.fromkeys(chosen))


# --------------------------------------------------------------------------------------------------------------------
# The desk: a copy of some files of the healthy study, to be damaged and checked
# --------------------------------------------------------------------------------------------------------------------


_KNOWN: dict[tuple[bytes, ...], Any] = {}


def _read_once(paths: list[str]) -> Any:
    """Read the instruments; half of the time of a check would go into the same two files."""
    key = tuple(Path(path).read_bytes() for path in paths)
    if key not in _KNOWN:
        _KNOWN[key] = read_instruments(paths)
    return _KNOWN[key]


@dataclass
class Outcome:
    """What a check gave."""

    problems: list[Problem]
    tables: dict[str, pd.DataFrame]
    page: str
    kept: Counter[tuple[str, str]]
    read: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def places(self) -> set[tuple[Any, ...]]:
        return {(one.level, one.rule, one.file, one.sheet, one.row, one.column) for one in self.problems}

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Return the rows of a table."""
        return self.tables[table]


@dataclass
class Desk:
    """Files of a study in the working folder, with the rows of their landing sheet."""

    healthy: Path
    sources: dict[str, Source]
    settings: dict[str, Any] = field(default_factory=lambda: dict(STUDY))
    pins: dict[str, str] = field(default_factory=dict)
    received: list[str] = field(default_factory=list)
    instruments: Path | None = None
    standards: str = str(ROOT / "config/standards/competences.tsv")
    enrolment: int | None = None

    def lay(self) -> None:
        """Copy the files that are to be checked."""
        Path("data").mkdir()
        for one in self.sources.values():
            shutil.copyfile(self.healthy / one.path, one.path)

    def remove(self, source: str) -> None:
        """Take a file and its row of the landing sheet away."""
        Path(self.sources.pop(source).path).unlink()

    def change(self, source: str, /, **cells: Any) -> None:
        """Change cells of the landing sheet."""
        self.sources[source] = replace(self.sources[source], **cells)

    def add(self, source: str, kind: str, path: str, **cells: str) -> None:
        """Add a row to the landing sheet."""
        line = max(one.line for one in self.sources.values()) + 1
        self.sources[source] = Source(line=line, source=source, kind=kind, path=path, **cells)

    @contextlib.contextmanager
    def rows(self, form: Form | None = None, *, path: str = "") -> Iterator[Records]:
        """Give the rows of a file to be changed, and write them."""
        target, how = (Path(form.path), form.how) if form else (Path(path), {})
        records = read_records(target, **how)
        yield records
        write_records(target, records, **how)

    def decide(self, *rows: tuple[str, int, str, str], **cells: str) -> None:
        """Write a list of resolutions: source, row, rule and decision of each."""
        decided = []
        for of, row, rule, decision in rows:
            path = self.sources[of].path if of in self.sources else "data/register.csv"
            sha = cells.get("sha256") or hashlib.sha256(Path(path).read_bytes()).hexdigest()
            decided.append([of, str(row), rule, decision, sha, "zzkgrund", "zzkname", "2026-07-01"])
        write_records(Path("data/resolutions.csv"), [*DECISIONS, *decided])
        self.add("resolutions", "resolutions", "data/resolutions.csv")

    def write_sheet(self) -> None:
        """Write the landing sheet as a file."""
        columns = list(schema("inputs")["properties"])
        lines = [columns, *([getattr(one, name) for name in columns] for one in self.sources.values())]
        Path("inputs.tsv").write_text("".join("\t".join(line) + "\n" for line in lines), encoding="utf-8")

    def read_sheet(self) -> None:
        """Take the landing sheet from its file."""
        self.sources = {one.source: one for one in read_sheet("inputs.tsv")}

    def check(self) -> Outcome:
        """Read the study as the pipeline does; count independently what the readers kept."""
        kept: Counter[tuple[str, str]] = Counter()
        add, talk = check.Checked.add, check.read_interviews

        def counted(self: Any, intake: Any) -> Any:
            if hasattr(intake, "files"):
                kept.update((file.source.source, one.wave) for file in intake.files for one in file.layout.entries)
            else:
                kept.update((one["source"], "") for one in intake.records)
            return add(self, intake)

        def heard(sources: Any, *labels: Any, **more: Any) -> Any:
            transcripts, problems, ledger = talk(sources, *labels, **more)
            units = {one.interview for one in transcripts}
            kept.update((one.source, "") for one in sources if one.kind == "transcript" and one.unit in units)
            return transcripts, problems, ledger

        sources = list(self.sources.values())
        check.Checked.add, check.read_interviews, check.read_instruments = counted, heard, _read_once
        try:
            tables, page, problems = check.run(
                sources,
                dict(CODES),
                sheet=["inputs.tsv"],
                sites=[str(self.healthy / "sites.tsv")],
                instruments=[
                    str((self.instruments or self.healthy / "instruments") / f"{name}.yaml") for name in ("brs", "who5")
                ],
                standards=[self.standards],
                statements=[str(ROOT / "config/statements.tsv")],
                received=self.received,
                pins=self.pins,
                found=files_in("data", []),
                cohorts=["peers"],
                outcomes=["brs.total"],
                settings=self.settings,
                criteria=CRITERIA,
                about={
                    "title": "",
                    "waves": {"pre": "Before", "post": "After"},
                    "banner": "",
                    "changed_files": "note",
                    "registered_enrolment": self.enrolment,
                },
                floor=5,
            )
        finally:
            check.Checked.add, check.read_interviews, check.read_instruments = add, talk, read_instruments
        return Outcome(problems, tables, page, kept)


def digests() -> dict[str, str]:
    """Return the digest of every file in the working folder."""
    return {
        path.as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(Path().rglob("*"))
        if path.is_file()
    }


# --------------------------------------------------------------------------------------------------------------------
# Faults
# --------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Expected:
    """A problem that a fault must give, and where."""

    rule: str
    file: str
    row: int | None = None
    column: str = ""
    sheet: str = ""

    def place(self) -> tuple[Any, ...]:
        return RULES[self.rule].level, self.rule, self.file, self.sheet, self.row, self.column


@dataclass(frozen=True)
class Case:
    """A fault in one form of file."""

    kind: str
    form: str
    sources: tuple[str, ...]
    damage: Callable[[Desk], list[Expected]]


CASES: list[Case] = []


def in_forms(*names: str, beside: tuple[str, ...] = ()) -> Callable[[Any], Any]:
    """Register a fault ``(desk, form) -> expected`` for every form of questionnaire named."""

    def register(fault: Callable[[Desk, Form], list[Expected]]) -> Any:
        for name in names:
            form = REGISTERS.get(name) or FORMS[name]
            chosen = selection(name, *beside)
            CASES.append(Case(fault.__name__, name, chosen, partial(fault, form=form)))
        return fault

    return register


def on(*sources: str, forms: tuple[Any, ...] = ("",)) -> Callable[[Any], Any]:
    """Register a fault on named files: ``(desk)``, or ``(desk, which)`` where it comes in several variants."""

    def register(fault: Callable[..., list[Expected]]) -> Any:
        for which in forms:
            chosen = selection(*(one.format(which) for one in sources))
            damage = fault if forms == ("",) else partial(fault, which=which)
            CASES.append(Case(fault.__name__, which or "-".join(sources), chosen, damage))
        return fault

    return register


def here(form: Form, rule: str, row: int | None = None, column: str = "", *, inside: bool = True) -> Expected:
    """Return a problem in a form's file; before a workbook's sheet is known it has no sheet."""
    return Expected(rule, form.path, row, column, form.sheet if inside else "")
