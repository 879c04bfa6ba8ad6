"""Canaries: invented names, numbers and words, planted into every kind of raw file of a copy of the example study.

Nothing planted stops a run. Each canary stands in one place only and nowhere else, so one that is found outside the
restricted tier shows a hole. Addresses are of example domains, numbers visibly impossible, all persons invented.
"""

from __future__ import annotations

import csv
import hashlib
import io
import random
import re
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from piloteval.intake import refi
from piloteval.leakscan import Needle

LANGUAGES = ("de", "nl", "fr", "pt", "es", "en")
KINDS = (
    "name", "inflected name", "mail address", "phone", "national id", "network address", "token", "licence plate", "hospital",
    "ward", "city", "date", "case number", "participant id", "row value",
)  # fmt: skip
INPUTS = (
    "register", "questionnaire", "dictionary", "audit", "rating", "indicator", "delphi", "transcript", "coding",
    "interview_list", "deny_list", "signoff", "identifiers", "resolutions", "withdrawals", "landing sheet",
)  # fmt: skip


@dataclass(frozen=True)
class Canary(Needle):
    """A needle that was planted.

    Attributes
    ----------
    kind, language, where : str
        Kind of thing, language it is written in, kind of raw file it stands in.
    kept : bool
        Whether the restricted tier must hold it after a run.
    """

    kind: str = ""
    language: str = ""
    where: str = ""
    kept: bool = False


_FIRST = {
    "de": ("Walpurga", "Ottokar", "Notburga", "Gisbert"),
    "nl": ("Wijnanda", "Sjoerdtje", "Gerbrand", "Fokelien"),
    "fr": ("Apolline", "Théophraste", "Cunégonde", "Barnabé"),
    "pt": ("Hermengarda", "Zeferino", "Iracema", "Belmiro"),
    "es": ("Eufrasia", "Hermenegildo", "Sinforosa", "Wenceslao"),
    "en": ("Philippa", "Thaddeus", "Winifred", "Barnaby"),
}
_STEMS = {
    "de": ("Zwirn", "Quast", "Krümm", "Pfnür", "Schnöll", "Wözel", "Trüxl", "Gschwö"),
    "nl": ("Zwaluw", "Quaed", "Krijts", "Pluijs", "Schuyl", "Wouds", "Tjeerd", "Gruyt"),
    "fr": ("Vauquel", "Quétr", "Thibaud", "Brézol", "Châtel", "Méraud", "Guérig", "Lécuyr"),
    "pt": ("Quintel", "Zarcão", "Brandel", "Falcôm", "Moutin", "Vilhaç", "Xaregão", "Lobéi"),
    "es": ("Zubiqu", "Ñurrib", "Quiñar", "Berrúez", "Goñixa", "Azpíl", "Larrañ", "Xirgú"),
    "en": ("Thwaite", "Quill", "Featherst", "Cholmond", "Wrigley", "Hawksw", "Osgath", "Pennyw"),
}
_ENDS = {
    "de": (
        "hauber",
        "lechner",
        "bichler",
        "egger",
        "mösler",
        "reuther",
        "wieser",
        "kofler",
        "stadler",
        "gassner",
        "thaler",
        "moosbauer",
    ),
    "nl": ("hoven", "wijk", "stra", "dijkema", "voort", "kamper", "laarman", "beemster", "sloter", "brinke", "holthe"),
    "fr": ("ières", "oncourt", "ardin", "ossière", "evigny", "anvers", "uzolles", "erault", "imbert", "ondeville"),
    "pt": ("eiro", "andosa", "inhais", "avides", "ozende", "urães", "etalha", "oreira", "alvim"),
    "es": (
        "arreta",
        "oechea",
        "izabal",
        "uriaga",
        "endoza",
        "iturbe",
        "agaray",
        "olabide",
        "esteban",
        "mendia",
        "olazar",
    ),
    "en": ("bury", "worthy", "leyshaw", "combe", "thorpe", "bridger", "mereson", "holtby", "wickes"),
}
_INFLECTED = {
    "de": "die {}sche Akte",
    "nl": "{}s dossier",
    "fr": "le dossier d’{}",
    "pt": "a senhora {}zinha",
    "es": "la {}ita",
    "en": "{}’s chart",
}
_PLACES = {
    "de": ("Landesklinik {}tal", "Station {} 7b", "{}kirchen am See"),
    "nl": ("Ziekenhuis {}berg", "afdeling {} 4 West", "{}drecht aan Zee"),
    "fr": ("Clinique Saint-{}", "unité {} 3e étage", "{}-sur-Loire"),
    "pt": ("Hospital de {}lhão", "enfermaria {} B", "{}lhal do Norte"),
    "es": ("Hospital de {}ar", "planta {} sur", "{}illo de la Sierra"),
    "en": ("{} General Infirmary", "{} Ward East", "{}-on-the-Wold"),
}
_MONTHS = {
    "fr": ("janvier", "mars", "mai"),
    "pt": ("janeiro", "março", "maio"),
    "es": ("enero", "marzo", "mayo"),
    "en": ("January", "March", "May"),
}
#: Sentences for turns of speech; each takes one canary.
_SPOKEN = {
    "de": ("Das war dann {}, glaub ich.", "Und dort stand {}, ja."),
    "nl": ("Dat was toen {}, denk ik.", "En daar stond {}, ja."),
    "fr": ("C’était {}, je crois.", "Et il y avait {}, oui."),
    "pt": ("Aquilo era {}, acho eu.", "E lá estava {}, sim."),
    "es": ("Aquello era {}, creo yo.", "Y allí ponía {}, sí."),
    "en": ("That was {}, I believe.", "And it said {}, yes."),
}


def _plain(text: str) -> str:
    apart = unicodedata.normalize("NFD", text)
    return "".join(sign for sign in apart if sign.isascii() and sign.isalnum()).lower()


class Aviary:
    """Makes canaries, each another, and counts them."""

    def __init__(self) -> None:
        self.made: list[Canary] = []
        self._chance = random.Random(66)
        self._surnames = {
            language: [stem + end for end in _ENDS[language] for stem in _STEMS[language]] for language in LANGUAGES
        }
        self._kinds = dict.fromkeys(LANGUAGES, 0)

    def take(self, where: str, language: str, kind: str = "", *, kept: bool = False) -> str:
        """Return the text of a new canary; without a kind the kinds come in turn."""
        if not kind:
            kind = KINDS[self._kinds[language] % len(KINDS)]
            self._kinds[language] += 1
        text = self._text(kind, language, len(self.made))
        name = f"{kind} {len(self.made)} ({language}, {where})"
        self.made.append(Canary(text, name, kind, language, where, kept))
        return text

    def several(self, count: int, where: str, language: str, *, kept: bool = False) -> list[str]:
        """Return so many canaries."""
        return [self.take(where, language, kept=kept) for _ in range(count)]

    def _text(self, kind: str, language: str, number: int) -> str:
        def surname() -> str:
            return self._surnames[language].pop(0)

        if kind == "name":
            return f"{_FIRST[language][number % 4]} {surname()}"
        if kind == "inflected name":
            return _INFLECTED[language].format(surname())
        if kind == "mail address":
            return f"{_plain(surname())}.{number}@{language}.example.org"
        if kind in ("hospital", "ward", "city"):
            return _PLACES[language][("hospital", "ward", "city").index(kind)].format(surname())
        if kind == "phone":
            return f"0555 {number:04d} 17"
        if kind == "national id":
            return f"00{number:04d}99{language.upper()}X"
        if kind == "network address":
            return f"203.0.113.{sum(one.kind == kind for one in self.made) + 1}"
        if kind == "token":
            return "tk" + "".join(self._chance.choices("abcdefghjkmnpqrstuvwxyz23456789", k=18))
        if kind == "licence plate":
            return f"ZQ-{number:03d}-XJ{language.upper()}"
        if kind == "date":
            day, month, year = number % 28 + 1, number // 28 % 3, 1930 + (number * 7) % 57
            if language in ("de", "nl"):
                return f"{day:02d}{'.-'[language == 'nl']}0{2 * month + 1}{'.-'[language == 'nl']}{year}"
            of = " de " if language in ("pt", "es") else " "
            return f"{day}{of}{_MONTHS[language][month]}{of}{year}"
        if kind == "case number":
            return f"QF87/{number:05d}-{language}"
        if kind == "participant id":
            return f"{language.upper()}9-{number:03d}Q"
        return f"9{number:04d}7.31"


# How tables are written


def _rows(path: Path, mark: str) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file, delimiter=mark))


def _save(path: Path, rows: Iterable[Iterable[str]], mark: str) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=mark, lineterminator="\n").writerows(rows)


def _widen(rows: list[list[str]], column: str, cells: list[str]) -> None:
    """Add a column: the cells to the first rows, the rest stays empty."""
    rows[0].append(column)
    for place, row in enumerate(rows[1:]):
        row.append(cells[place] if place < len(cells) else "")


def _parts(path: Path, change: Callable[[dict[str, bytes]], None]) -> None:
    """Change the packed files of an office file."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)


# Kinds of raw files


def _register(data: Path, birds: Aviary) -> None:
    path = data / "register.csv"
    rows = _rows(path, ",")
    for place, column in enumerate(("remark", "contact", "home", "born", "email")):
        _widen(rows, column, birds.several(6, "register", LANGUAGES[place]))
    # A person of another profession, who is left out, and a row whose institution nobody knows, which is set aside.
    rows.append(
        ["QX8-01", "at1", "peer_supporters", birds.take("register", "de", "hospital"), *rows[1][4:11], *[""] * 5]
    )
    rows.append(
        [
            birds.take("register", "en", "participant id"),
            birds.take("register", "en", "city", kept=True),
            *rows[1][2:11],
            *[""] * 5,
        ]
    )
    _save(path, rows, ",")


def _answers(path: Path, mark: str, language: str, birds: Aviary, personal: Iterable[str] = ()) -> None:
    """Plant into a text export: free text, personal columns, an unknown person, wrong answers, rows below the data."""
    rows = _rows(path, mark)
    width = len(rows[0])
    who = next(place for place, name in enumerate(rows[0]) if name in ("participant", "record_id"))
    items = [place for place, name in enumerate(rows[0]) if name.startswith(("brs", "who5", "gse"))]
    rows.append([*rows[1]])
    rows[-1][who] = birds.take("questionnaire", language, "participant id", kept=True)
    rows[3][items[3]] = birds.take("questionnaire", language, "name", kept=True)
    rows[4][items[4]] = birds.take("questionnaire", language, "row value", kept=True)
    if "ipaddr" in rows[0]:
        for row in rows[1:5]:
            row[rows[0].index("ipaddr")] = birds.take("questionnaire", language, "network address")
    for column in ("comment", *personal):
        _widen(rows, column, birds.several(3, "questionnaire", language))
    if not personal:
        rows.append([""] * len(rows[0]))
        rows.append([birds.take("questionnaire", language, "inflected name", kept=True), *[""] * (len(rows[0]) - 1)])
    assert width < len(rows[0])
    _save(path, rows, mark)


def _workbook(path: Path, language: str, birds: Aviary, where: str = "questionnaire") -> None:
    """Plant into a workbook: cells, comments, a hidden sheet, properties, names, header and footer of the page."""
    import openpyxl
    from openpyxl.comments import Comment
    from openpyxl.workbook.defined_name import DefinedName

    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    column = sheet.max_column + 1
    for place, text in enumerate(["remark", *birds.several(3, where, language)], start=1):
        sheet.cell(place, column, text)
    sheet["A1"].comment = Comment(birds.take(where, language), birds.take(where, language, "name"))
    hidden = book.create_sheet("aside")
    hidden.append(birds.several(2, where, language))
    hidden.sheet_state = "hidden"
    properties = book.properties
    for name in ("creator", "lastModifiedBy", "title", "subject", "description", "keywords", "category"):
        setattr(properties, name, birds.take(where, language))
    book.defined_names["who"] = DefinedName("who", attr_text=f'"{birds.take(where, language, "city")}"')
    sheet.oddHeader.center.text = birds.take(where, language, "hospital")
    sheet.oddFooter.center.text = birds.take(where, language, "ward")
    book.save(path)


def _spss(path: Path, language: str, birds: Aviary) -> None:
    """Plant into an SPSS file: a column of text, labels of variables and values, the file's label and notes."""
    import pyreadstat

    table, _meta = pyreadstat.read_sav(path)
    texts = birds.several(3, "questionnaire", language)
    table["remark"] = [texts[place] if place < len(texts) else "" for place in range(len(table))]
    table["ward_no"] = 1.0
    pyreadstat.write_sav(
        table,
        path,
        file_label=birds.take("questionnaire", language, "hospital"),
        note=birds.take("questionnaire", language, "name"),
        column_labels={
            "remark": birds.take("questionnaire", language, "city"),
            "participant": birds.take("questionnaire", language),
            "completed_on": birds.take("questionnaire", language),
        },
        variable_value_labels={
            "ward_no": {1: birds.take("questionnaire", language, "ward"), 2: birds.take("questionnaire", language)}
        },
    )


def _dictionary(path: Path, birds: Aviary) -> None:
    rows = _rows(path, ",")
    label, note, mark = (rows[0].index(name) for name in ("Field Label", "Field Note", "Field Annotation"))
    rows[1][label] += f" {birds.take('dictionary', 'de', 'name')}"
    for place, row in enumerate(rows[1:6]):
        row[note] = birds.take("dictionary", LANGUAGES[place])
        row[mark] = birds.take("dictionary", LANGUAGES[place])
    for text in birds.several(6, "dictionary", "de"):
        new = [""] * len(rows[0])
        new[:4] = [f"extra_{len(rows)}", "questionnaire", "", "notes"]
        new[label] = text
        rows.append(new)
    _save(path, rows, ",")


def _audits(data: Path, birds: Aviary) -> None:
    for name, language in (("external", "en"), ("self", "es")):
        path = data / f"audits/{name}.csv"
        rows = _rows(path, ",")
        header = rows[0]
        for row, text in zip(rows[1:], birds.several(9, "audit", language), strict=False):
            row[header.index("evidence")] = text
        rows[1][header.index("audited_on")] = birds.take("audit", language, "date", kept=True)
        rows[2][header.index("verdict")] = birds.take("audit", language, "city", kept=True)
        auditor, known = birds.take("audit", language, "name"), rows[5][header.index("auditor")]
        for row in rows[1:]:
            if row[header.index("auditor")] == known:
                row[header.index("auditor")] = auditor
        _save(path, rows, ",")


def _ratings(data: Path, birds: Aviary) -> None:
    import openpyxl

    path = data / "audits/ratings.xlsx"
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    rater, known = birds.take("rating", "fr", "name"), sheet["A2"].value
    for row in sheet.iter_rows(min_row=2, max_col=1):
        row[0].value = rater if row[0].value == known else row[0].value
    sheet["D3"] = birds.take("rating", "fr", "token", kept=True)
    book.save(path)
    _workbook(path, "fr", birds, "rating")


def _indicators(data: Path, birds: Aviary) -> None:
    path = data / "indicators.csv"
    rows = _rows(path, ",")
    rows[1][3] = birds.take("indicator", "pt", "name", kept=True)
    rows[2][0] = birds.take("indicator", "pt", "city", kept=True)
    _widen(rows, "remark", birds.several(8, "indicator", "pt"))
    _save(path, rows, ",")


def _consensus(data: Path, birds: Aviary) -> None:
    panellist = birds.take("delphi", "nl", "name")
    for turn, language in (("round1", "nl"), ("round2", "fr")):
        path = data / f"consensus/{turn}.csv"
        rows = _rows(path, ",")
        for row, text in zip(rows[1:], birds.several(10, "delphi", language), strict=False):
            row[4] = text
        rows[3][2] = birds.take("delphi", language, "case number", kept=True)
        for row in rows[1:]:
            row[0] = panellist if row[0] == "PAN02" else row[0]
        _save(path, rows, ",")


def _turns(language: str, birds: Aviary, labels: tuple[str, str]) -> list[tuple[str, str]]:
    """Return turns of interviewer and participant with canaries in their sentences."""
    turns = []
    for place, label in enumerate((labels[0], labels[1], labels[0], labels[1])):
        texts = birds.several(3, "transcript", language, kept=True)
        turns.append((label, " ".join(_SPOKEN[language][(place + n) % 2].format(text) for n, text in enumerate(texts))))
    return turns


def _transcripts(data: Path, birds: Aviary) -> None:
    """Plant behind the last turn of interviews nobody has coded, and into what is no speech of any."""
    folder = data / "interviews"
    for name, language in (
        ("I01.txt", "de"),
        ("I04.txt", "en"),
        ("I07.txt", "nl"),
        ("I13.txt", "pt"),
        ("I16.txt", "es"),
    ):
        path = folder / name
        text = path.read_text(encoding="utf-8")
        labels = re.findall(r"^(\w+):", text, re.MULTILINE)[:2]
        head = "\n".join(birds.several(2, "transcript", language))
        speech = "\n\n".join(f"{label}: {words}" for label, words in _turns(language, birds, (labels[0], labels[1])))
        path.write_text(f"{head}\n{text.rstrip()}\n\n{speech}\n", encoding="utf-8")
    for name, language in (("I05.docx", "en"), ("I08.docx", "nl"), ("I11.docx", "pt")):
        _word(folder / name, language, birds)
    for name, language in (("I03.vtt", "de"), ("I09.vtt", "fr"), ("I12.vtt", "pt")):
        path = folder / name
        text = path.read_text(encoding="utf-8").rstrip()
        notes = "".join(f"NOTE {words}\n\n" for words in birds.several(2, "transcript", language))
        labels = list(dict.fromkeys(re.findall(r"<v (\w+)>", text)))
        cues = "".join(
            f"\n\n01:{place:02d}:00.000 --> 01:{place:02d}:50.000\n<v {label}>{words}"
            for place, (label, words) in enumerate(_turns(language, birds, (labels[0], labels[1])))
        )
        path.write_text(text.replace("WEBVTT\n\n", f"WEBVTT\n\n{notes}", 1) + cues + "\n", encoding="utf-8")
    path = folder / "I15.srt"
    text = path.read_text(encoding="utf-8").rstrip()
    cues = "".join(
        f"\n\n{900 + place}\n01:{place:02d}:00,000 --> 01:{place:02d}:50,000\n{label}: {words}"
        for place, (label, words) in enumerate(_turns("es", birds, ("E", "P")))
    )
    path.write_text(text + cues + "\n", encoding="utf-8")
    creator, title, word = birds.several(3, "transcript", "es")
    meta = (
        '<?xml version="1.0" encoding="UTF-8"?><office:document-meta '
        'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:meta="urn:oasis:names:tc:opendocument:xmlns:meta:1.0"><office:meta>'
        f"<dc:creator>{creator}</dc:creator><dc:title>{title}</dc:title><meta:keyword>{word}</meta:keyword>"
        "</office:meta></office:document-meta>"
    )
    _parts(folder / "I14.odt", lambda members: members.update({"meta.xml": meta.encode()}))


def _word(path: Path, language: str, birds: Aviary) -> None:
    """Plant into a document: speech, comments, header and footer, properties."""
    import docx

    document = docx.Document(path)
    labels = list(
        dict.fromkeys(re.findall(r"^(\w+):", "\n".join(one.text for one in document.paragraphs), re.MULTILINE))
    )
    for label, words in _turns(language, birds, (labels[0], labels[1])):
        document.add_paragraph(f"{label}: {words}")
    runs = document.paragraphs[-1].runs
    document.add_comment(
        runs, text=birds.take("transcript", language), author=birds.take("transcript", language, "name"), initials="x"
    )
    document.sections[0].header.paragraphs[0].text = birds.take("transcript", language, "hospital")
    document.sections[0].footer.paragraphs[0].text = birds.take("transcript", language, "case number")
    for name in ("author", "last_modified_by", "title", "subject", "comments", "keywords"):
        setattr(document.core_properties, name, birds.take("transcript", language))
    document.save(path)


def _codings(data: Path, birds: Aviary) -> None:
    """Plant into codings, in a table and in the project of a coding program, and into what goes with them."""
    path = data / "codings/coder-a.csv"
    rows = _rows(path, ",")
    code = rows[1][2]
    for place, text in enumerate(birds.several(8, "coding", "de", kept=True)):
        rows.append(["coder-a", "I02", code, str(9000 + place), str(9000 + place + len(text)), text])
    rows.append(
        [birds.take("coding", "de", "name"), "I02", code, birds.take("coding", "de", "phone", kept=True), "9", "q"]
    )
    _save(path, rows, ",")
    path = data / "codings/coder-b.qdpx"
    project = refi.read_project(path)
    first = project.sources[0]
    own = [
        refi.Code(refi.guid("own", place), name, "", birds.take("coding", "nl"))
        for place, name in enumerate(birds.several(4, "coding", "nl", kept=True))
    ]
    user = project.users[0]
    more = []
    for place, code in enumerate(own):
        coding = refi.Coding(refi.guid("coding", place), code.guid, user.guid)
        memo = birds.take("coding", "nl", "name")
        more.append(refi.Selection(refi.guid("passage", place), 0, 9, first.text[:9], memo, codings=(coding,)))
    refi.write_project(
        replace(
            project,
            name=birds.take("coding", "nl", "hospital"),
            description=birds.take("coding", "nl"),
            users=(replace(user, name=birds.take("coding", "nl", "name")),),
            codes=(*project.codes, *own),
            sources=(replace(first, selections=(*first.selections, *more)), *project.sources[1:]),
        ),
        path,
    )
    for name, row in (
        ("coder_work", ["coder-a", birds.take("coding", "de", kept=True)]),
        ("code_decisions", ["I02", "1", code_of(rows), "keep", *_decided_by(birds), birds.take("coding", "de"), ""]),
        ("claim_decisions", [code_of(rows), birds.take("coding", "de", kept=True), *_decided_by(birds), "why"]),
        ("approved_quotes", ["I02", "9", birds.take("coding", "de"), *_decided_by(birds)]),
    ):
        listed = _rows(data / f"codings/{name}.csv", ",")
        _save(data / f"codings/{name}.csv", [*listed, row], ",")


def code_of(rows: list[list[str]]) -> str:
    """Return a code that somebody gave."""
    return rows[1][2]


def _decided_by(birds: Aviary) -> list[str]:
    """Return name and day of a decision."""
    return [birds.take("coding", "de", "name"), "2025-12-20"]


def _lists(data: Path, birds: Aviary) -> None:
    path = data / "interviews/interviews.csv"
    rows = _rows(path, ",")
    for column in ("name", "room", "remark"):
        _widen(rows, column, birds.several(4, "interview_list", "fr"))
    rows[3][2] = birds.take("interview_list", "en", "date", kept=True)
    _save(path, rows, ",")


def _names(data: Path, birds: Aviary) -> None:
    """Plant into the deny-list, the sign-offs and the labels; the names of the deny-list are also spoken."""
    folder = data / "interviews"
    rows = _rows(folder / "deny_list.csv", ",")
    spoken = []
    for place, kind in enumerate(("name", "hospital", "ward", "city") * 3):
        spoken.append(birds.take("deny_list", "de", kind, kept=True))
        rows.append(
            [("person", "organisation", "ward", "place")[place % 4], spoken[-1], "colleague" * (place % 4 == 0), ""]
        )
    _widen(rows, "remark", birds.several(3, "deny_list", "nl"))
    _save(folder / "deny_list.csv", rows, ",")
    path = folder / "I01.txt"
    text = path.read_text(encoding="utf-8").rstrip()
    path.write_text(f"{text} {' '.join(_SPOKEN['de'][1].format(one) for one in spoken)}\n", encoding="utf-8")
    rows = _rows(folder / "signoff.csv", ",")
    rows[1][2] = birds.take("signoff", "nl", "name")
    rows[2][3] = birds.take("signoff", "nl", "date", kept=True)
    _widen(rows, "remark", birds.several(8, "signoff", "fr"))
    _save(folder / "signoff.csv", rows, ",")
    rows = _rows(folder / "identifiers.csv", ",")
    _widen(rows, "words", birds.several(10, "identifiers", "pt"))
    _save(folder / "identifiers.csv", rows, ",")


def _decided(data: Path, birds: Aviary) -> None:
    """Plant into the withdrawals, and write a list of resolutions."""
    path = data / "withdrawals.csv"
    register, rows = _rows(data / "register.csv", ","), _rows(path, ",")
    there = {row[0] for row in rows}
    people = [row[0] for row in register[1:12] if row[0] not in there][:5]
    rows += [[person, "2026-05-05", "quotes", *[""] * (len(rows[0]) - 3)] for person in people]
    rows[-1][1] = birds.take("withdrawals", "en", "date", kept=True)
    _widen(rows, "remark", birds.several(5, "withdrawals", "es"))
    _widen(rows, "phone", [birds.take("withdrawals", "en", "phone") for _ in range(5)])
    _save(path, rows, ",")
    # These decide nothing, which is only noted; so all numbers stay as they are.
    digest = hashlib.sha256((data / "indicators.csv").read_bytes()).hexdigest()
    rows = [["of_source", "of_row", "rule", "decision", "sha256", "reason", "decided_by", "decided_on", "remark"]]
    for place in range(6):
        reason, name, remark = (
            birds.take("resolutions", "en"),
            birds.take("resolutions", "nl", "name"),
            birds.take("resolutions", "de"),
        )
        decided = ["indicators", str(50 + place), "record.outlier", "accept", digest]
        rows.append([*decided, reason, name, "2026-07-01", remark])
    _save(data / "resolutions.csv", rows, ",")


def plant(study: Path) -> list[Canary]:
    """Plant canaries into a copy of the example study.

    Parameters
    ----------
    study : Path
        A folder with ``config/`` and ``data/`` of the example; its files are changed.

    Returns
    -------
    list of Canary
        Everything planted; the kind a leak is told with names the single canary.
    """
    birds, data = Aviary(), study / "data/example"
    answers = data / "questionnaires"
    _register(data, birds)
    for name, mark, language in (
        ("at1_pre", ";", "de"), ("at1_post", ";", "de"), ("be2_pre", ",", "fr"), ("be2_post", ",", "fr"), ("es1_pre", ";", "es"),
        ("es1_post", ";", "es"), ("ie1_pre", ",", "en"), ("ie1_post", ",", "en"),
    ):  # fmt: skip
        _answers(answers / f"{name}.csv", mark, language, birds)
    for name in ("es2_pre", "es2_post"):
        _answers(answers / f"{name}.csv", ",", "es", birds, ("firstname", "lastname", "email", "token"))
    _answers(answers / "at2_redcap.csv", ",", "de", birds, ("redcap_survey_identifier", "name", "telefon"))
    for name, language in (("de1_pre", "de"), ("de1_post", "de"), ("pt1", "pt")):
        _workbook(answers / f"{name}.xlsx", language, birds)
    for name in ("be1_pre", "be1_post"):
        _spss(answers / f"{name}.sav", "nl", birds)
    _dictionary(answers / "at2_redcap_dictionary.csv", birds)
    _audits(data, birds)
    _ratings(data, birds)
    _indicators(data, birds)
    _consensus(data, birds)
    _transcripts(data, birds)
    _codings(data, birds)
    _lists(data, birds)
    _names(data, birds)
    _decided(data, birds)
    sheet = study / "config/inputs.tsv"
    rows = _rows(sheet, "\t")
    listed = ["resolutions", "resolutions", "data/example/resolutions.csv"]
    rows.append([*listed, *[""] * (len(rows[0]) - len(listed))])
    for place, row in enumerate(rows[1:19]):
        row[rows[0].index("note")] = birds.take("landing sheet", LANGUAGES[place % 6])
    text = io.StringIO()
    csv.writer(text, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_NONE, quotechar=None).writerows(rows)
    sheet.write_text(text.getvalue(), encoding="utf-8")
    _check(birds.made)
    return birds.made


def _check(made: list[Canary]) -> None:
    """Check that there are enough canaries of every kind, language and kind of file, each once."""
    kinds, languages, inputs = (Counter(getattr(one, name) for one in made) for name in ("kind", "language", "where"))
    assert len(made) >= 400 and len({one.text for one in made}) == len(made)
    assert set(kinds) == set(KINDS) and min(kinds.values()) >= 15, kinds
    assert set(languages) == set(LANGUAGES) and min(languages.values()) >= 40, languages
    assert set(inputs) == set(INPUTS) and min(inputs.values()) >= 10, inputs
