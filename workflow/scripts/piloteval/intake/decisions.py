"""Decisions of people about single rows: which of several copies counts, which note is accepted."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from piloteval.intake.catalogue import RULES, Problem, problem
from piloteval.intake.records import read_records
from piloteval.intake.sheet import Source, by_place, digest, of_kind

NO_DIGEST = "this is not the beginning of a SHA-256"

#: Rules whose rows a person may keep although they were set aside.
KEEPABLE = ("person.duplicate", "record.duplicate", "wave.order", "person.collision")


@dataclass
class Decisions:
    """The list of resolutions, ready to be asked.

    Attributes
    ----------
    kept, accepted : set of (str, int, str)
        Source, row and rule that were decided on.
    used : set of (str, int, str)
        Decisions that were asked for; the rest decides nothing.
    places : dict
        File and row of every decision in the list.
    """

    kept: set[tuple[str, int, str]] = field(default_factory=set)
    accepted: set[tuple[str, int, str]] = field(default_factory=set)
    used: set[tuple[str, int, str]] = field(default_factory=set)
    places: dict[tuple[str, int, str], tuple[str, int]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    ledger: list[dict[str, object]] = field(default_factory=list)
    quarantine: list[dict[str, object]] = field(default_factory=list)

    def keeps(self, source: str, row: int, rule: str) -> bool:
        """Tell whether a person decided that this row counts."""
        key = (source, row, rule)
        if key in self.kept:
            self.used.add(key)
        return key in self.kept

    def only(self, copies: Iterable[tuple[str, int]], rule: str) -> tuple[str, int] | None:
        """Return the one copy (source, row) that a person decided to keep; None where none is, or several are."""
        kept = [(source, row) for source, row in copies if self.keeps(source, row, rule)]
        return kept[0] if len(kept) == 1 else None

    def answered(self, problems: Iterable[Problem], sources: Iterable[Source]) -> list[Problem]:
        """Mark the notes a person accepted; the last word is in their effect."""
        of = by_place(sources)
        told = []
        for one in problems:
            key = (of(one.file, one.sheet), one.row or 0, one.rule)
            if key in self.accepted and one.level == "NOTE":
                self.used.add(key)
                told.append(replace(one, effect="accepted in the list of resolutions"))
            else:
                told.append(one)
        return told

    def unused(self) -> list[Problem]:
        """Name the decisions that decide nothing any more."""
        return [
            problem("resolution.unused", file, row=row)
            for key, (file, row) in self.places.items()
            if key not in self.used
        ]


def read_decisions(sources: Iterable[Source], *, whole: bool = False) -> Decisions:
    """Read the list of resolutions.

    Parameters
    ----------
    sources : iterable of Source
        Rows of the landing sheet; those of kind ``resolutions`` are read, the others may be decided on.
    whole : bool
        Whether these are all rows of the sheet, so that a decision on an unknown source is a mistake.

    Returns
    -------
    Decisions
        A decision holds for the file as it was when it was taken: its SHA-256 is part of the decision, since another
        export has other rows.
    """
    sources = list(sources)
    intake = read_records("resolutions", of_kind(sources, "resolutions"), {})
    found = Decisions(problems=intake.problems, ledger=intake.ledger, quarantine=intake.quarantine)
    by_name = {one.source: one for one in sources}
    for one in intake.records:
        listed = by_name[one["source"]].path
        decided = by_name.get(one["of_source"])
        rule, decision = one["rule"], one["decision"]
        fits = rule in KEEPABLE if decision == "keep" else rule in RULES and RULES[rule].level == "NOTE"
        if not re.fullmatch(r"[0-9a-fA-F]{8,64}", one["sha256"]):
            expected = "at least the first 8 characters of the file's SHA-256"
            found.problems.append(
                problem("resolution.stale", listed, row=one["row"], column="sha256", found=NO_DIGEST, expected=expected)
            )
            continue
        if not fits:
            wanted = ", ".join(KEEPABLE) if decision == "keep" else "the id of a note"
            found.problems.append(problem("resolution.place", listed, row=one["row"], column="rule", expected=wanted))
        if decided is None and whole:
            found.problems.append(
                problem(
                    "resolution.place",
                    listed,
                    row=one["row"],
                    column="of_source",
                    expected="a source of the landing sheet",
                )
            )
        if decided is None or not Path(decided.path).is_file():
            continue  # a rule reads some files only; the check reads all
        if not digest(decided.path).startswith(one["sha256"].lower()):
            found.problems.append(problem("resolution.stale", listed, row=one["row"], column="sha256"))
            continue
        key = (one["of_source"], one["of_row"] or 0, rule)
        (found.kept if decision == "keep" else found.accepted).add(key)
        found.places[key] = (listed, one["row"])
    return found
