"""Questionnaires as survey platforms export them: REDCap with its data dictionary, LimeSurvey, waves in columns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from piloteval.config import Instrument
from piloteval.simulate import files

#: Events of the REDCap project and the wave each stands for; config.yaml names the same.
EVENTS = {"pre": "before_arm_1", "post": "after_arm_1"}

#: Header of a data dictionary as REDCap downloads it.
DICTIONARY = (
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
)


def write_both_waves(
    folder: Path,
    source: dict[str, Any],
    kind: str,
    header: list[str],
    tables: dict[str, list[list[Any]]],
    instruments: dict[str, Instrument],
) -> list[dict[str, Any]]:
    """Write one file of both waves, as REDCap's events or as columns of a workbook; return its rows of the sheet."""
    name, site = source["source"], source["site"]
    if kind == "wide":
        path = folder / f"{site}.xlsx"
        items = header[2:]
        people = list(dict.fromkeys(row[0] for table in tables.values() for row in table))
        answers = {wave: {row[0]: row[2:] for row in table} for wave, table in tables.items()}
        none = [None] * len(items)
        files.write_workbook(
            path,
            "answers",
            ["participant", *(f"{item}_{wave}" for wave in tables for item in items)],
            [[one, *(cell for wave in tables for cell in answers[wave].get(one, none))] for one in sorted(people)],
        )
        return [{**source, "path": path}]
    path, dictionary = folder / f"{site}_redcap.csv", folder / f"{site}_redcap_dictionary.csv"
    files.write_csv(
        path,
        ["record_id", "redcap_event_name", "completed_on", *header[2:], "questionnaire_complete"],
        sorted(
            ([row[0], EVENTS[wave], *row[1:], 2] for wave, table in tables.items() for row in table),
            key=lambda row: (row[0], list(EVENTS.values()).index(row[1])),
        ),
    )
    files.write_csv(dictionary, DICTIONARY, _fields(instruments))
    of_dictionary = {"source": f"{name}-dictionary", "kind": "dictionary", "site": site, "path": dictionary}
    return [{**source, "path": path, "dictionary": of_dictionary["source"]}, of_dictionary]


def _fields(instruments: dict[str, Instrument]) -> list[list[str]]:
    """Return the rows of the data dictionary; labels say the item's place, since texts belong to their authors."""

    def field(name: str, kind: str, label: str, choices: str = "", validation: str = "", need: str = "") -> list[str]:
        row = dict.fromkeys(DICTIONARY, "")
        row |= dict(zip(DICTIONARY, (name, "questionnaire", "", kind, label, choices, "", validation), strict=False))
        return list((row | {"Required Field?": need}).values())

    rows = [
        field("record_id", "text", "Participant id"),
        field("completed_on", "text", "Day of completion", validation="date_ymd", need="y"),
    ]
    for instrument in instruments.values():
        choices = " | ".join(f"{value:g}, {value:g}" for value in instrument.values)
        for place, item in enumerate(instrument.items, start=1):
            rows.append(field(item, "radio", f"{instrument.name}, item {place}", choices))
    return rows


def write_limesurvey(path: Path, header: list[str], table: list[list[Any]], instruments: dict[str, Instrument]) -> None:
    """Write an export with question codes; the addresses are of the range kept for documentation (RFC 5737)."""
    codes = [f"{one.id}[SQ{place:03d}]" for one in instruments.values() for place in range(1, len(one.items) + 1)]
    files.write_csv(
        path,
        ["id", "submitdate", "lastpage", "startlanguage", "seed", "ipaddr", header[0], *codes],
        [
            [place, f"{row[1]} 10:{place:02d}:00", 7, "es", 1000 + place, f"192.0.2.{place}", row[0], *row[2:]]
            for place, row in enumerate(table, start=1)
        ],
    )
