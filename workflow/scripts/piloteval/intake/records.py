"""Typed reading of raw tables: cells are checked against what their column allows, nothing is lost.

Every reader returns an :class:`Intake`: the typed table, the problems found, the values set aside and the ledger of
rows. A value that is set aside appears only in ``quarantine``, which stays in the restricted tier.
"""

from __future__ import annotations

import datetime
import logging
import re
import statistics
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from piloteval.intake.catalogue import RULES, Problem, problem
from piloteval.intake.catalogues import spelling
from piloteval.intake.dialects import NAMES
from piloteval.intake.sheet import Source
from piloteval.intake.tabular import RawTable, Unreadable, alike, cells_aside, described, number, read_table

if TYPE_CHECKING:
    import pandas as pd

    from piloteval.intake.decisions import Decisions
    from piloteval.intake.gate import Gate

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Column:
    """What a column of a raw table holds.

    Attributes
    ----------
    name : str
        Header of the column.
    kind : str
        ``text``, ``number``, ``whole``, ``date`` or ``choice``.
    required : bool
        Whether an empty or unusable cell sets the whole row aside; otherwise only the cell.
    choices : str or tuple of str
        For ``choice``: the allowed texts, or the name of a domain the study defines.
    low, high : float or None
        For numbers: the range.
    optional : bool
        Whether the column may be missing altogether.
    rated : bool
        Whether the study's configuration gives the range.
    coded : bool
        For ``choice``: whether the allowed texts are the codes of a catalogue. Zeros too many in front of the number do
        not matter then, and an unknown code stops the run, since nobody can count what nobody knows.
    """

    name: str
    kind: str = "text"
    required: bool = False
    choices: str | tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    optional: bool = False
    rated: bool = False
    coded: bool = False


YES_NO = ("yes", "no")

#: Tracks of the certification, as in the catalogue of standards.
TRACKS = ("intervention", "training", "competences")

#: Rounds of an audit: the institution's own, that of the auditors, and the meeting that settles what they dispute.
AUDIT_ROUNDS = ("self", "external", "final")

#: Why a conference revises or removes a standard.
REASONS = (
    "overlap",
    "low feasibility",
    "regulatory conflict",
    "insufficient evidence",
    "unclear wording",
    "hard to audit",
    "other",
)

#: What became of a statement since the round before. The parts of a split one and the whole of merged ones are
#: statements of their own; those that went into a whole are dropped.
CHANGES = ("same", "reworded", "split", "merged", "new", "dropped")

#: What an identifying detail of an interview can be: a name, or a thing known by its form.
NAMES_OF = ("person", "organisation", "ward", "place", "other")
PATTERNED = ("email", "url", "phone", "id", "date", "room", "case", "plate")

#: Columns of each kind of record, and the columns that together name a record.
RECORDS: dict[str, tuple[tuple[Column, ...], tuple[str, ...]]] = {
    "register": (
        (
            Column("participant", required=True),
            Column("site", "choice", required=True, choices="sites"),
            Column("cohort", "choice", required=True, choices="cohorts"),
            Column("profession"),
            Column("age", "number", low=0, high=120),
            Column("experience_years", "number", low=0, high=80),
            Column("affiliated", "choice", choices=YES_NO),
            Column("consent_survey", "choice", choices=YES_NO),
            Column("consent_interview", "choice", choices=YES_NO),
            Column("consent_quotes", "choice", choices=YES_NO),
            Column("enrolled_on", "date"),
        ),
        ("participant",),
    ),
    "withdrawals": (
        (
            Column("participant", required=True),
            Column("withdrawn_on", "date"),
            Column("scope", "choice", required=True, choices=("survey", "interview", "quotes", "panel", "all")),
            Column("deleted_on", "date", optional=True),
        ),
        ("participant", "scope"),
    ),
    "audit": (
        (
            Column("site", "choice", required=True, choices="sites"),
            Column("standard", "choice", required=True, choices="standards", coded=True),
            Column("round", "choice", required=True, choices=AUDIT_ROUNDS),
            Column("auditor", required=True),
            Column(
                "verdict",
                "choice",
                required=True,
                choices=("met", "partly met", "not met", "not applicable", "not assessed"),
            ),
            Column("evidence", optional=True),
            Column("audited_on", "date", optional=True),
        ),
        ("site", "standard", "round", "auditor"),
    ),
    "auditors": (
        (
            Column("auditor", required=True),
            Column("site", "choice", choices="sites", optional=True),
            Column("organisation", optional=True),
            Column("trained_on", "date", optional=True),
        ),
        ("auditor",),
    ),
    "audit_effort": (
        (
            Column("site", "choice", required=True, choices="sites"),
            Column("round", "choice", required=True, choices=AUDIT_ROUNDS),
            Column("auditor", required=True),
            Column("visited_on", "date", optional=True),
            Column("minutes", "number", low=0),
            Column("cost", "number", low=0, optional=True),
            Column("currency", optional=True),
        ),
        ("site", "round", "auditor", "visited_on"),
    ),
    "application": (
        (
            Column("site", "choice", required=True, choices="sites"),
            Column("track", "choice", required=True, choices=TRACKS),
            Column("level", required=True),
            Column("running_since", "date", optional=True),
            Column("certified_level", optional=True),
            Column("certified_since", "date", optional=True),
            Column("applied_on", "date", optional=True),
        ),
        ("site", "track"),
    ),
    "standard_decisions": (
        (
            Column("standard", "choice", required=True, choices="standards", coded=True),
            Column("decision", "choice", required=True, choices=("keep", "revise", "remove")),
            Column("reason", "choice", choices=REASONS),
            Column("decided_by"),
            Column("decided_on", "date"),
            Column("note", optional=True),
        ),
        ("standard",),
    ),
    "statement_map": (
        (
            Column("round", required=True),
            Column("number"),
            Column("statement", "choice", required=True, choices="statements"),
            Column("change", "choice", required=True, choices=CHANGES),
        ),
        ("round", "statement"),
    ),
    "rating": (
        (
            Column("rater", required=True),
            Column("site", "choice", required=True, choices="sites"),
            Column("standard", "choice", required=True, choices="standards", coded=True),
            Column("feasibility", "number", rated=True),
            Column("clarity", "number", rated=True),
            Column("evidence_sufficiency", "number", rated=True),
            Column("audit_operability", "number", rated=True),
        ),
        ("rater", "site", "standard"),
    ),
    "indicator": (
        (
            Column("site", "choice", required=True, choices="sites"),
            Column("period", required=True),
            Column("indicator", required=True),
            Column("value", "number"),
        ),
        ("site", "period", "indicator"),
    ),
    "interview_list": (
        (
            Column("interview", required=True),
            Column("participant", optional=True),
            Column("cohort", "choice", choices="cohorts", optional=True),
            Column("site", "choice", choices="sites", optional=True),
            Column("held_on", "date", optional=True),
            Column("minutes", "number", low=0, high=600, optional=True),
            Column("wave", optional=True),
        ),
        ("interview",),
    ),
    "resolutions": (
        (
            Column("of_source", required=True),
            Column("of_row", "whole", low=1),
            Column("rule", required=True),
            Column("decision", "choice", required=True, choices=("keep", "accept")),
            Column("sha256", required=True),
            Column("reason", required=True),
            Column("decided_by", required=True),
            Column("decided_on", "date", required=True),
        ),
        ("of_source", "of_row", "rule"),
    ),
    "deny_list": (
        (
            Column("kind", "choice", required=True, choices=(*NAMES_OF, "harmless")),
            Column("text", required=True),
            Column("role", optional=True),
            Column("same_as", optional=True),
        ),
        ("text",),
    ),
    "signoff": (
        (
            Column("interview", required=True),
            Column("sha256", required=True),
            Column("signed_by", required=True),
            Column("signed_on", "date", required=True),
        ),
        ("interview", "sha256", "signed_by"),
    ),
    "identifiers": (
        (
            Column("interview", required=True),
            Column("kind", "choice", required=True, choices=(*NAMES_OF, *PATTERNED, "period")),
            Column("start", "whole", required=True, low=0),
            Column("end", "whole", required=True, low=0),
            Column("listed", "choice", choices=YES_NO, optional=True),
        ),
        ("interview", "start", "end"),
    ),
    "coding": (
        (
            Column("coder", required=True),
            Column("interview", "choice", required=True, choices="interviews"),
            Column("code", required=True),
            Column("start", "whole", low=0),
            Column("end", "whole", low=0),
            Column("quote", required=True),
        ),
        ("coder", "interview", "code", "start", "end", "quote"),
    ),
    "coder_work": (
        (
            Column("coder", required=True),
            Column("interview", "choice", required=True, choices="interviews"),
            Column("saw_suggestions", "choice", choices=YES_NO, optional=True),
        ),
        ("coder", "interview"),
    ),
    "code_decisions": (
        (
            Column("interview", "choice", required=True, choices="interviews"),
            Column("segment", "whole", required=True, low=0),
            Column("code", "choice", required=True, choices="codes"),
            Column("decision", "choice", required=True, choices=("keep", "drop")),
            Column("decided_by", required=True),
            Column("decided_on", "date", required=True),
            Column("reason", required=True),
            Column("digest", optional=True),
        ),
        ("interview", "segment", "code"),
    ),
    "claim_decisions": (
        (
            Column("code", "choice", required=True, choices="codes"),
            Column("decision", "choice", required=True, choices=("use", "do not use")),
            Column("decided_by", required=True),
            Column("decided_on", "date", required=True),
            Column("reason", required=True),
        ),
        ("code",),
    ),
    "approved_quotes": (
        (
            Column("interview", "choice", required=True, choices="interviews"),
            Column("quote", required=True),
            Column("start", "whole", low=0, optional=True),
            Column("approved_by", required=True),
            Column("approved_on", "date", required=True),
        ),
        ("interview", "quote", "start"),
    ),
}


def delphi_columns(dimensions: Collection[str], low: float, high: float) -> tuple[tuple[Column, ...], tuple[str, ...]]:
    """Return the columns of a Delphi file, whose rated dimensions the study names."""
    rated = tuple(Column(name, "number", low=low, high=high, rated=True) for name in dimensions)
    columns = (
        Column("panellist", required=True),
        Column("statement", "choice", required=True, choices="statements"),
        *rated,
    )
    return (*columns, Column("comment", optional=True)), ("panellist", "statement")


@dataclass
class Intake:
    """What reading one kind of file gave.

    Attributes
    ----------
    records : list of dict
        Typed records; ``source`` and ``row`` say where each came from.
    problems : list of Problem
        Everything to tell the analyst, without values.
    quarantine : list of dict
        Values set aside, with file, row and column (restricted).
    ledger : list of dict
        Rows read and set aside, one entry a file.
    columns : list of str
        Columns of the typed table, so that an empty one keeps its shape.
    forms : dict of str to (str, str)
        Form and platform of every file, by its source.
    seen : set of str
        First key column of every row, also of those set aside.
    sheets : dict of str to str
        Sheet of every file that is a workbook, by its source.
    """

    columns: list[str]
    records: list[dict[str, Any]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    quarantine: list[dict[str, Any]] = field(default_factory=list)
    ledger: list[dict[str, Any]] = field(default_factory=list)
    forms: dict[str, tuple[str, str]] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    sheets: dict[str, str] = field(default_factory=dict)

    def table(self) -> pd.DataFrame:
        """Return the typed records as a data frame with all columns, in file order."""
        import pandas as pd

        return pd.DataFrame(self.records, columns=self.columns)

    def set_aside(self, found: Problem, value: str, source: Source) -> None:
        """Put a value into quarantine and tell about it."""
        self.problems.append(found)
        self._keep(found, value, source)

    def _keep(self, found: Problem, value: str, source: Source) -> None:
        self.quarantine.append(
            {
                "source": source.source,
                "file": found.file,
                "sheet": found.sheet,
                "row": found.row,
                "column": found.column,
                "rule": found.rule,
                "value": value,
            }
        )

    def count_out(self, source: Source) -> None:
        """Count one more row of a file as set aside."""
        next(entry for entry in self.ledger if entry["source"] == source.source)["quarantined"] += 1

    def place(self, record: Mapping[str, Any], sources: Iterable[Source]) -> dict[str, Any]:
        """Return file, sheet and row of a record, as a problem names them."""
        path = next(one.path for one in sources if one.source == record["source"])
        return {"file": path, "sheet": self.sheets.get(record["source"], ""), "row": record["row"]}

    def take_out(
        self, wrong: Iterable[dict[str, Any]], sources: Iterable[Source], rule: str, column: str, **said: str
    ) -> list[Problem]:
        """Set records aside that were read well and yet cannot count.

        Parameters
        ----------
        wrong : iterable of dict
            Some of the records.
        sources : iterable of Source
            Their files.
        rule, column : str
            Rule they break, and column whose value is set aside.
        **said : str
            What is found and expected, when the catalogue does not say it.

        Returns
        -------
        list of Problem
            What was told, one problem a record; they are in ``problems`` too.
        """
        of = {one.source: one for one in sources}
        told = []
        for one in (wrong := list(wrong)):
            where = self.place(one, of.values())
            told.append(problem(rule, **where, column=column, effect="row set aside", **said))
            self.set_aside(told[-1], "" if one[column] is None else str(one[column]), of[one["source"]])
            self.count_out(of[one["source"]])
        gone = {id(one) for one in wrong}
        self.records = [one for one in self.records if id(one) not in gone]
        return told


#: A number with a decimal comma that cannot be taken for a sign of thousands.
_COMMA = re.compile(r"[-+]?[0-9]+,(?:[0-9]{1,2}|[0-9]{4,})")


def _typed(column: Column, text: str, domains: dict[str, Collection[str]], comma: bool = False) -> tuple[Any, str, str]:
    """Return the typed value with two empty texts, or None with the rule broken and what was expected."""
    if column.kind == "choice":
        choices = domains[column.choices] if isinstance(column.choices, str) else column.choices
        if text in choices:
            return text, "", ""
        lowered = {choice.casefold(): choice for choice in choices}
        if text.casefold() in lowered:
            return lowered[text.casefold()], "", ""
        few = list(choices)
        many = f"one of the {len(few)} known {column.choices}"
        return None, "record.choice", "one of " + ", ".join(few) if len(few) <= 8 else many
    if column.kind == "date":
        try:
            return datetime.datetime.fromisoformat(text).date().isoformat(), "", ""
        except ValueError:
            return None, "record.type", "a date as year-month-day"
    if column.kind in ("number", "whole"):
        value = number(text, comma=comma)
        bounds = (
            ""
            if column.low is None
            else f" from {column.low:g}" + ("" if column.high is None else f" to {column.high:g}")
        )
        wanted = ("a whole number" if column.kind == "whole" else "a number") + bounds
        if value is None or (column.kind == "whole" and not value.is_integer()):
            return None, "record.type", wanted
        if (column.low is not None and value < column.low) or (column.high is not None and value > column.high):
            return None, "record.range", wanted
        return (int(value) if column.kind == "whole" else value), "", ""
    return text, "", ""


def consented(text: str, words: Mapping[str, str]) -> str:
    """Return ``yes`` or ``no`` as a cell says it, by itself or through the words of its code; else nothing."""
    said = [one.casefold() for one in (text, words.get(text, "")) if one.casefold() in YES_NO]
    return said[0] if said else ""


def _open(source: Source, names: Iterable[str], intake: Intake, gate: Gate | None) -> RawTable | None:
    """Read the file, or note why it cannot be read."""
    try:
        raw = read_table(source, {alike(name) for name in names}, gate.closed(source.kind) if gate else None)
    except Unreadable as fault:
        intake.problems.extend(fault.problems)
        return None
    log.info("%s: %s", source.path, described(raw))
    intake.forms[source.source] = (raw.form, NAMES.get(raw.export.dialect, ""))
    intake.sheets[source.source] = raw.sheet
    intake.problems += raw.problems
    # Headers are compared without regard to capital letters and blanks, and go by the study's spelling from here on.
    own = {alike(name): name for name in names}
    spelled = {name: own.get(alike(name), name) for name in raw.columns}
    labels = {spelled.get(name, name): words for name, words in raw.labels.items()}
    return replace(raw, columns=list(spelled.values()), labels=labels)


def _columns_there(raw: RawTable, needed: Iterable[str], known: Collection[str], intake: Intake) -> bool:
    """Check that needed columns are there, and name the ones nobody asked for.

    Where none is there, the first row may be data, so nothing of it is told.
    """
    needed = list(needed)
    if not set(needed) & set(raw.columns):
        found = "none of the columns needed is in the first row"
        remedy = "Put the header into the first row, or correct the file's row in the landing sheet."
        intake.problems.append(
            problem("table.no-column", raw.file, sheet=raw.sheet, row=raw.top, found=found, remedy=remedy)
        )
        return False
    complete = True
    for name in needed:
        if name not in raw.columns:
            intake.problems.append(
                problem(
                    "table.no-column",
                    raw.file,
                    sheet=raw.sheet,
                    row=raw.top,
                    column=name,
                    found="the column is missing",
                )
            )
            complete = False
    technical = {*raw.export.technical, *raw.export.id_columns, *raw.export.wave_columns, *raw.export.date_columns}
    for name in raw.columns:
        if name not in known and name not in technical:
            intake.problems.append(
                problem(
                    "table.extra-column",
                    raw.file,
                    sheet=raw.sheet,
                    row=raw.top,
                    column=name,
                    found="the study does not know this column",
                    effect="left out",
                )
            )
    return complete


def read_records(
    kind: str,
    sources: Iterable[Source],
    domains: dict[str, Collection[str]],
    *,
    limits: tuple[float, float] | None = None,
    columns: tuple[Column, ...] | None = None,
    key: tuple[str, ...] | None = None,
    decisions: Decisions | None = None,
    gate: Gate | None = None,
    numbers: Mapping[tuple[str, str], str] | None = None,
) -> Intake:
    """Read all files of one kind of record.

    Parameters
    ----------
    kind : str
        A key of :data:`RECORDS`, or any name when ``columns`` and ``key`` are given.
    sources : iterable of Source
        The files.
    domains : dict of str to collection of str
        Allowed values of the choice columns that name a domain, for example ``{"sites": [...]}``.
    limits : tuple of float, optional
        Lowest and highest value of the rated columns, which only the study knows.
    columns, key : tuple, optional
        Columns and key of a kind that depends on the study.
    decisions : Decisions, optional
        Which of several rows with the same key counts.
    gate : Gate, optional
        Whose rows are passed over; the ledger counts them.
    numbers : mapping of (str, str) to str, optional
        Statement behind a round and a number of it, see :func:`statement_numbers`. In a round that has numbers only
        these count, since a number may look like the id of another statement. Records carry the text as ``number``.

    Returns
    -------
    Intake
        Records carry ``source``, ``row`` and, for files of a single site or round, the sheet's ``site`` and ``unit``.

    Notes
    -----
    An unusable cell in a required column sets the row aside, in any other column only the cell; in the list of
    withdrawals it stops the run, since a row set aside there would keep a person in who wants to be out. Records with
    the same key, in one file or in several of the same unit, are all set aside: the pipeline does not choose. A
    withdrawal said twice is a withdrawal. A code that is in no catalogue stops the run and is told once a file.
    """
    if columns is None or key is None:
        columns, key = RECORDS[kind]
    if limits is not None:
        columns = tuple(replace(one, low=limits[0], high=limits[1]) if one.rated else one for one in columns)
    names = [column.name for column in columns]
    numbered = {of_round for of_round, _number in numbers or ()}
    intake = Intake([*names, *(["number"] if numbered else []), "unit", "source", "row"])
    own = {one.name: spelling(domains[str(one.choices)]) for one in columns if one.coded}
    kept: list[tuple[dict[str, Any], RawTable, Source]] = []
    unusable: Counter[str] = Counter()
    grave: dict[str, str] = {}
    if kind == "withdrawals":
        grave = {"rule": "person.withdrawal", "remedy": "Correct the cell; else a person stays in who wants to be out."}
    for source in sources:
        raw = _open(source, names, intake, gate)
        if raw is None:
            continue
        if gate:
            gate.note(source, raw.turned)
        filled = {"site"} if source.site else set()
        if not _columns_there(raw, [c.name for c in columns if not c.optional and c.name not in filled], names, intake):
            continue
        for found, value in [*cells_aside(raw), *raw.aside]:
            if grave and found.rule.startswith(
                "table."
            ):  # what looks like a remark may be somebody who wants to be out
                where = {"sheet": raw.sheet, "row": found.row, "column": "participant"}
                said = {"found": "a row of the list cannot be read", "remedy": "Fill in the row, or remove it."}
                found = problem("person.withdrawal", raw.file, **where, **said)
            intake.set_aside(found, value, source)
        numeric = [raw.columns.index(one.name) for one in columns if one.kind == "number" and one.name in raw.columns]
        comma = any(_COMMA.fullmatch(cells[place]) for cells in raw.rows for place in numeric)
        unknown: dict[tuple[str, str], list[int]] = {}
        zeros: dict[str, list[tuple[int, str]]] = {}
        for cells, row in zip(raw.rows, raw.numbers, strict=True):
            given = dict(zip(raw.columns, cells, strict=True))
            record: dict[str, Any] = {}
            usable = True
            intake.seen |= {given[key[0]]} - {""} if key[0] in given else set()
            for column in columns:
                text = given.get(column.name, "") or (source.site if column.name == "site" else "")
                if not text:
                    record[column.name] = None if column.kind in ("number", "whole") else ""
                    if column.required:
                        usable = False
                        intake.set_aside(
                            problem(
                                **{"rule": "record.blank", **grave},
                                file=raw.file,
                                sheet=raw.sheet,
                                row=row,
                                column=column.name,
                                found="the cell is empty",
                                expected="a value",
                                effect="row set aside",
                            ),
                            "",
                            source,
                        )
                    continue
                if column.coded and (code := own[column.name](text)) != text:
                    zeros.setdefault(column.name, []).append((row, code))
                    text = code
                if numbers and column.choices == "statements":
                    record["number"] = text
                if numbers and column.choices == "statements" and source.unit in numbered:
                    value = numbers.get((source.unit, text))
                    rule, expected = (
                        ("", "") if value else ("record.choice", "a number of this round in its list of numbers")
                    )
                else:
                    value, rule, expected = _typed(column, text, domains, comma)
                if column.name == "site" and source.site and not rule and value != source.site:
                    rule, expected = "site.other", "the institution of the landing sheet, or an empty cell"
                words = raw.labels.get(column.name, {}).get(text)
                if rule != "site.other" and rule and words:  # the file keeps a code and says its word beside it
                    value, rule, expected = _typed(column, words, domains)
                if rule and column.coded:
                    unknown.setdefault((column.name, text), []).append(row)
                    usable = False
                elif rule:
                    effect = "row set aside" if column.required else "cell set aside"
                    intake.set_aside(
                        problem(
                            **{"rule": rule, **(grave if column.required else {})},
                            file=raw.file,
                            sheet=raw.sheet,
                            row=row,
                            column=column.name,
                            found="" if rule == "site.other" else "the value is not allowed",
                            expected=expected,
                            effect=effect,
                        ),
                        text,
                        source,
                    )
                    usable = usable and not column.required
                    value = None if column.kind in ("number", "whole") else ""
                record[column.name] = value
            if usable:
                kept.append(({**record, "unit": source.unit, "source": source.source, "row": row}, raw, source))
            else:
                unusable[source.source] += 1
        intake.problems += _respelled(raw, zeros)
        _tell_unknown(intake, raw, source, unknown)
        intake.ledger.append(
            {
                "source": source.source,
                "kind": source.kind,
                # Of codings the unit is a coder, who is nobody's business outside.
                "wave": "" if source.kind == "coding" else source.wave or source.unit,
                "rows_read": len(raw.rows) + len(raw.aside) + len(raw.turned),
                "quarantined": unusable[source.source] + len(raw.aside),
                **{fate: sum(one.fate == fate for one in raw.turned) for fate in ("excluded", "withdrawn")},
            }
        )
    places: dict[tuple[Any, ...], list[tuple[str, int]]] = {}
    for record, _raw, source in kept:
        places.setdefault(tuple(record[name] for name in (*key, "unit")), []).append((source.source, record["row"]))
    for record, raw, source in kept:
        copies = places[tuple(record[name] for name in (*key, "unit"))]
        there = [name for name, _row in copies]
        decided = decisions is not None and len(copies) > 1 and decisions.only(copies, "record.duplicate")
        if len(copies) == 1 or kind == "withdrawals" or decided == (source.source, record["row"]):
            intake.records.append(record)
            continue
        where = "another row of this file" if there.count(source.source) > 1 else "a row of another file"
        intake.set_aside(
            problem(
                "record.duplicate",
                raw.file,
                sheet=raw.sheet,
                row=record["row"],
                column=", ".join(key),
                found=f"{where} has the same key",
                effect="row set aside",
            ),
            " / ".join(str(record[name]) for name in key),
            source,
        )
        intake.count_out(source)
    intake.problems += _outliers(kind, columns, [(record, raw) for record, raw, _source in kept])
    return intake


def _respelled(raw: RawTable, zeros: Mapping[str, list[tuple[int, str]]]) -> Iterable[Problem]:
    """Note codes that were written with more zeros than in their catalogue, once a file."""
    for name, cells in zeros.items():
        codes, rows = {code for _row, code in cells}, {row for row, _code in cells}
        found = (
            f"{'a code' if len(codes) == 1 else f'{len(codes)} codes'} in "
            f"{'one row' if len(rows) == 1 else f'{len(rows)} rows, of which this is the first,'} "
            f"{'has' if len(codes) == 1 else 'have'} more zeros than in the catalogue"
        )
        where = {"sheet": raw.sheet, "row": min(rows), "column": name}
        yield problem("standard.code", raw.file, **where, found=found, effect="read without these zeros")


def _tell_unknown(intake: Intake, raw: RawTable, source: Source, unknown: Mapping[tuple[str, str], list[int]]) -> None:
    """Stop at every code that is in no catalogue, once a file; all its rows are kept aside."""
    for (name, code), rows in unknown.items():
        found = RULES["standard.unknown"].meaning
        found += f", in {len(rows)} rows of which this is the first" if len(rows) > 1 else ""
        where = {"sheet": raw.sheet, "row": rows[0], "column": name}
        told = problem("standard.unknown", raw.file, **where, found=found, effect="row set aside")
        intake.set_aside(told, code, source)
        for row in rows[1:]:
            intake._keep(replace(told, row=row), code, source)


def statement_numbers(found: Intake, sources: Iterable[Source]) -> dict[tuple[str, str], str]:
    """Return the statement behind every number of a round, and set aside what names none.

    Parameters
    ----------
    found : Intake
        Rows of the kind ``statement_map``.
    sources : iterable of Source
        Their files.

    Returns
    -------
    dict of (str, str) to str
        Statement by round, as the landing sheet writes it in ``unit``, and number. Within a round numbers and
        statements belong together one to one; a number that stands for several statements stands for none. A dropped
        statement needs no number.
    """
    sources = list(sources)
    asked = [one for one in found.records if one["change"] != "dropped"]
    blank = [one for one in asked if not one["number"]]
    found.take_out(blank, sources, "record.blank", "number", expected="a value, unless the statement was dropped")
    many = Counter((one["round"], one["number"]) for one in asked)
    twice = [one for one in asked if one["number"] and many[one["round"], one["number"]] > 1]
    found.take_out(twice, sources, "statement.number", "number")
    return {(one["round"], one["number"]): one["statement"] for one in found.records if one["change"] != "dropped"}


def _outliers(kind: str, columns: Iterable[Column], kept: list[tuple[dict[str, Any], RawTable]]) -> list[Problem]:
    """Note numbers far from the others of their column, or of their indicator.

    Far is a modified z-score 0.6745 (x - median) / MAD beyond 3.5 (Iglewicz and Hoaglin 1993), with ten numbers or
    more that are not mostly equal.
    """
    problems = []
    for column in columns:
        if column.kind != "number" or column.rated:
            continue
        groups: dict[str, list[tuple[float, dict[str, Any], RawTable]]] = {}
        for record, raw in kept:
            if record[column.name] is not None:
                group = record["indicator"] if kind == "indicator" else ""
                groups.setdefault(group, []).append((record[column.name], record, raw))
        for members in groups.values():
            middle = statistics.median(value for value, _record, _raw in members)
            spread = statistics.median(abs(value - middle) for value, _record, _raw in members)
            for value, record, raw in members if len(members) >= 10 and spread else ():
                if 0.6745 * abs(value - middle) / spread > 3.5:
                    where = {"sheet": raw.sheet, "row": record["row"], "column": column.name}
                    problems.append(problem("record.outlier", raw.file, **where))
    return problems
