"""The gate: whose rows are passed over unread, before anything else is done with them.

Who withdrew, or did not consent, is turned away at the place where a file is opened. Of such a row only its number and
the fact are kept, for the accounting and for the list of what a person must delete; nothing else of it is typed,
checked, told or given a pseudonym. What comes after the gate works as if the row had never been there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from piloteval.intake.catalogue import Problem, problem
from piloteval.intake.decisions import read_decisions
from piloteval.intake.records import RECORDS, consented, read_records
from piloteval.intake.sheet import Source, of_kind
from piloteval.intake.tabular import Closed, RawTable, Turned, Unreadable, alike, read_table

WITHDRAWN, EXCLUDED = "withdrawn", "excluded"
NO_CONSENT, NOT_RECORDED = "no consent", "consent not recorded"

#: Scopes of a consent and of a withdrawal; a withdrawal from `all` is one from each of them.
SURVEY, INTERVIEW, QUOTES, PANEL = "survey", "interview", "quotes", "panel"
SCOPES = (SURVEY, INTERVIEW, QUOTES, PANEL)

#: Columns of the kinds whose ids are asked for at the gate, and the scope that decides; for the register a person must
#: be out of survey and interview. Questionnaires are asked by the columns the study names.
ASKED = {
    "register": ("participant", "all"),
    "interview_list": ("participant", INTERVIEW),
    "rating": ("rater", PANEL),
    **dict.fromkeys(("audit", "auditors", "audit_effort"), ("auditor", PANEL)),
    "delphi": ("panellist", PANEL),
}

#: Kinds of other phases; their people need not be in the register, and its consents are not theirs.
PANELS = ("rating", "audit", "auditors", "audit_effort", "delphi")

#: Kinds whose rows go with an interview.
BY_INTERVIEW = ("coding", "coder_work", "code_decisions", "approved_quotes", "signoff", "identifiers")

#: Endings of the files coders are given.
ENDINGS = (".txt", ".md", ".docx", ".odt", ".rtf", ".pdf")

#: Kinds a person must delete after a withdrawal, by its scope; after one from everything all others as well.
DELETED = {
    SURVEY: ("questionnaire",),
    INTERVIEW: ("interview_list", "transcript", *BY_INTERVIEW),
    QUOTES: (),
    PANEL: PANELS,
}


@dataclass
class Gate:
    """Who is turned away, and what was turned away.

    Attributes
    ----------
    withdrawn : dict of str to set of str
        Scopes each person withdrew from.
    refused : dict of (str, str) to str
        Why a registered person did not consent, by scope and id.
    registered : set of str
        Ids of the register, also of people who are turned away.
    interviews : dict of str to str
        Fate of the interviews that are turned away.
    places : dict of str to list of (str, int, tuple of str, bool)
        File, row and scopes of every withdrawal by id, and whether the raw data are said to be deleted.
    turned : list of (str, Turned)
        Source and row of everything turned away, each once.
    kinds : dict of str to str
        Kind of the sources of what was turned away.
    problems : list of Problem
        What keeps the gate from knowing everybody it must turn away; who reads behind it must stop.
    heard : set of str
        Ids in the lists of interviews.
    """

    withdrawn: dict[str, set[str]] = field(default_factory=dict)
    refused: dict[tuple[str, str], str] = field(default_factory=dict)
    registered: set[str] = field(default_factory=set)
    interviews: dict[str, str] = field(default_factory=dict)
    places: dict[str, list[tuple[str, int, tuple[str, ...], bool]]] = field(default_factory=dict)
    turned: list[tuple[str, Turned]] = field(default_factory=list)
    kinds: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    heard: set[str] = field(default_factory=set)

    def fate(self, scope: str, person: str) -> str:
        """Return why a person is turned away in a scope, or an empty text; for `all`, in survey and interview."""
        if scope == "all":
            both = [self.fate(SURVEY, person), self.fate(INTERVIEW, person)]
            return "" if "" in both else WITHDRAWN if WITHDRAWN in both else EXCLUDED
        if scope in self.withdrawn.get(person, ()):
            return WITHDRAWN
        return EXCLUDED if (scope, person) in self.refused else ""

    def closed(self, kind: str, columns: Collection[str] = (), items: Collection[str] = ()) -> Closed | None:
        """Return whom the reader of a kind of file turns away, and in which columns their ids stand.

        Parameters
        ----------
        kind : str
            Kind of the file.
        columns : collection of str
            Columns of a questionnaire that may hold the participant's id; the first one that is there counts.
        items : collection of str
            Names of a questionnaire's items, for files whose columns are persons.
        """
        if kind in BY_INTERVIEW:
            # Coding programs call a text by the name of its file.
            called = {f"{one}{ending}": fate for one, fate in self.interviews.items() for ending in ("", *ENDINGS)}
            return Closed(called, ("interview", "document")) if called else None
        column, scope = ASKED.get(kind, ("", SURVEY))
        known = {*self.withdrawn, *(person for _scope, person in self.refused)}
        people = {person: fate for person in known if (fate := self.fate(scope, person))}
        if not people or not (column or columns):
            return None
        unit = "interview" if kind == "interview_list" else ""
        return Closed(people, (column,) if column else tuple(columns), frozenset(items), unit)

    def note(self, source: Source, turned: Iterable[Turned]) -> None:
        """Remember what a reader turned away."""
        known = {(name, one) for name, one in self.turned}
        self.turned += [(source.source, one) for one in turned if (source.source, one) not in known]
        self.kinds[source.source] = source.kind

    def unknown(self, everybody: Collection[str], *, panels: bool = True) -> list[Problem]:
        """Name withdrawals of people nobody knows, and people who came back after their data were deleted.

        Parameters
        ----------
        everybody : collection of str
            Ids that were read; those turned away at the gate are added.
        panels : bool
            Whether the files of panels were read too; who did not read them knows nothing of a withdrawal from a panel.
        """
        met = {one.person for _source, one in self.turned} | {*everybody, *self.registered}
        problems = []
        for person, places in self.places.items():
            gone = {scope for _file, _row, scopes, deleted in places if deleted for scope in scopes}
            for file, row, scopes, deleted in places:
                if scopes == (PANEL,) and not panels:
                    continue
                at = {"row": row, "column": "participant"}
                if deleted and self._is_there(person, scopes, gone, met):
                    problems.append(problem("person.returned", file, row=row, column="deleted_on"))
                elif not deleted and person not in met and not {SURVEY, INTERVIEW} <= gone:
                    found = ""
                    if scopes == (PANEL,):
                        found = "the list of withdrawals names somebody who is in no file of a panel, rater or auditor"
                    elif not self.registered:
                        found = "the list of withdrawals names somebody who neither answered nor was interviewed"
                    remedy = "Correct the id; if the person never took part, remove the row." if found else ""
                    problems.append(problem("person.withdrawal", file, **at, found=found, remedy=remedy))
        return problems

    def _is_there(self, person: str, scopes: Collection[str], gone: Collection[str], met: Collection[str]) -> bool:
        """Tell whether data of these scopes are there again, when those ``gone`` are said to be deleted.

        Who left a part of the study only stays in the register.
        """
        if {SURVEY, INTERVIEW} <= {*gone}:
            return person in met
        kinds = {kind for scope in scopes for kind in DELETED[scope]}
        return any(one.person == person and self.kinds[name] in kinds for name, one in self.turned)

    def to_delete(self, sources: Iterable[Source]) -> list[dict[str, Any]]:
        """List the rows and files of the raw data that a person must delete: of people who withdrew or did not consent.

        Returns
        -------
        list of dict
            Columns of ``restricted/people/deletions.csv``. No id is repeated here: the row is enough to find it.
        """
        of = {one.source: one for one in sources}
        rows = [
            {
                "why": "withdrew" if one.fate == WITHDRAWN else "did not consent",
                "source": name,
                "file": of[name].path,
                "sheet": one.sheet,
                "row": one.row,
                "column": one.column,
                "delete": _what(of[name].kind, one),
            }
            for name, one in self.turned
            # Who said no stays in the register, so that nobody asks again.
            if one.fate == WITHDRAWN or of[name].kind != "register"
        ]
        return sorted(rows, key=lambda row: (row["file"], row["sheet"], row["row"] or 0, row["column"]))


def _what(kind: str, one: Turned) -> str:
    """Say what a person must delete: a coding program's file holds the texts of others as well."""
    if one.row is None and not one.column:
        return "the text and its codings, in the coding program" if kind == "coding" else "the file"
    return "the column" if one.column else "the row"


def open_gate(sources: Iterable[Source]) -> Gate:
    """Read who withdrew and who did not consent.

    Parameters
    ----------
    sources : iterable of Source
        Files of the kinds ``withdrawals``, ``register`` and ``interview_list`` are read; others are passed over.

    Returns
    -------
    Gate
        Consent that is not written as yes is no consent. A person registered twice is let in when one row says yes,
        since copies are set aside; where a person decided on the copies, the one that counts says it. What cannot be
        read is told by the reader of the file.
    """
    sources = list(sources)
    gate = Gate()
    listed = of_kind(sources, "withdrawals")
    of = {one.source: one for one in listed}
    withdrawals = read_records("withdrawals", listed, {})
    gate.problems += [one for one in withdrawals.problems if one.level == "STOP"]
    for one in withdrawals.records:
        scopes = SCOPES if one["scope"] == "all" else (one["scope"],)
        gate.withdrawn.setdefault(one["participant"], set()).update(scopes)
        place = (of[one["source"]].path, one["row"], scopes, bool(one["deleted_on"]))
        gate.places.setdefault(one["participant"], []).append(place)
    said: dict[str, dict[tuple[str, int], dict[str, str]]] = {}
    for source in of_kind(sources, "register"):
        raw = _readable(source, gate)
        gate.registered |= {one.person for one in raw.turned} if raw else set()
        for row, person, consents in _consents(raw) if raw else ():
            said.setdefault(person, {})[source.source, row] = consents
    gate.registered |= said.keys()
    decisions = read_decisions(sources) if any(len(rows) > 1 for rows in said.values()) else None
    for person, rows in said.items():
        kept = decisions.only(rows, "record.duplicate") if decisions and len(rows) > 1 else None
        for scope in (SURVEY, INTERVIEW):
            answers = {consents[scope] for place, consents in rows.items() if kept in (None, place)}
            if "yes" not in answers:
                gate.refused[scope, person] = NO_CONSENT if "no" in answers else NOT_RECORDED
    for source in of_kind(sources, "interview_list"):
        raw = _readable(source, gate)
        gate.interviews |= {one.unit: one.fate for one in raw.turned if one.unit} if raw else {}
        names = {alike(name): place for place, name in enumerate(raw.columns)} if raw else {}
        gate.heard |= (
            {row[names["participant"]] for row in raw.rows} - {""} if raw and "participant" in names else set()
        )
    return gate


def _readable(source: Source, gate: Gate) -> RawTable | None:
    """Read a file as its reader will, behind the gate as far as it is known, so that both find the same rows.

    Were a fault in the row of somebody who withdrew to hide the file from here, the consents of all others would be.
    """
    try:
        return read_table(source, {alike(one.name) for one in RECORDS[source.kind][0]}, gate.closed(source.kind))
    except Unreadable as fault:
        gate.problems += fault.problems
        return None


def _consents(raw: RawTable) -> Iterable[tuple[int, str, dict[str, str]]]:
    """Yield row, id and consents of everybody in a register; a consent is yes, no or nothing."""
    places = {alike(name): place for place, name in enumerate(raw.columns)}
    if "participant" not in places:
        return
    columns = {scope: places.get(f"consent_{scope}") for scope in (SURVEY, INTERVIEW)}
    for row, at in zip(raw.rows, raw.numbers, strict=True):
        person = row[places["participant"]]
        if person:  # a row without an id is nobody's, and is set aside
            yield (
                at,
                person,
                {
                    scope: "" if place is None else consented(row[place], raw.labels.get(raw.columns[place], {}))
                    for scope, place in columns.items()
                },
            )
