"""What only several files together can tell of an audit: who audited whom, when, and by which right.

A verdict that must not count is set aside before anybody counts it, so the check of the inputs and the rule that
assesses the certification both call :func:`check_audits`. All else is told and sets nothing aside.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from piloteval.intake.catalogue import Problem, problem
from piloteval.intake.records import Intake
from piloteval.intake.sheet import Source

#: Kinds of files that belong to an audit, in the order in which they are read.
KINDS = ("audit", "auditors", "audit_effort", "application", "standard_decisions")

#: A problem with the value and the suggestion that only the restricted list shows.
Told = tuple[Problem, str, str]


def check_audits(
    audits: Intake, auditors: Intake, sources: Iterable[Source], *, window: Sequence[str | None] | None = None
) -> list[Problem]:
    """Set aside the verdicts that must not count.

    Parameters
    ----------
    audits : Intake
        Verdicts; those set aside are taken out of its records and counted in its ledger.
    auditors : Intake
        The list of auditors; empty where the study has none.
    sources : iterable of Source
        Rows of the landing sheet.
    window : sequence of str, optional
        First and last day of the audits as year-month-day; an empty one leaves that end open.

    Returns
    -------
    list of Problem
        One a verdict, in this order: dated outside the window; given by an auditor of the institution itself in the
        rounds that look at it from outside. They are in ``audits.problems`` too. A verdict without a date stays, since
        nobody can say that it lies outside.
    """
    sources = list(sources)
    first, last = window or ("", "")
    told = []
    for wrong, found in (
        (lambda day: bool(first) and day < str(first), "the verdict is dated before the audit window"),
        (lambda day: bool(last) and day > str(last), "the verdict is dated after the audit window"),
    ):
        outside = [one for one in audits.records if one["audited_on"] and wrong(one["audited_on"])]
        told += audits.take_out(outside, sources, "audit.window", "audited_on", found=found, expected=_days(window))
    home = _homes(auditors)
    own = [one for one in audits.records if one["round"] != "self" and home.get(one["auditor"]) == one["site"]]
    return told + audits.take_out(own, sources, "audit.own", "auditor")


def visits_without_verdicts(effort: Intake, audits: Intake, sources: Iterable[Source]) -> list[Told]:
    """Note visits whose auditor gave no verdict there; to be asked before :func:`check_audits` sets verdicts aside."""
    given = {(one["site"], one["round"], one["auditor"]) for one in audits.records}
    alone = [one for one in effort.records if (one["site"], one["round"], one["auditor"]) not in given]
    found = _said("a visit is", "visits are", "of an auditor who gave no verdict in that institution and round")
    return _by_file(effort, alone, sources, "audit.effort", "auditor", found, value="auditor") if given else []


def notes(
    read: Mapping[str, Intake],
    sources: Iterable[Source],
    *,
    standards: Iterable[Mapping[str, str]],
    sites: Iterable[Mapping[str, str]],
    window: Sequence[str | None] | None = None,
) -> list[Told]:
    """Note what is allowed and yet unlikely, once a file; nothing is set aside.

    Parameters
    ----------
    read : mapping of str to Intake
        What was read, by the kinds of :data:`KINDS`; of the audits, what :func:`check_audits` left.
    sources : iterable of Source
        Rows of the landing sheet.
    standards, sites : iterable of mapping
        The catalogue and the list of institutions.
    window : sequence of str, optional
        As for :func:`check_audits`.
    """
    sources, audits, auditors = list(sources), read["audit"], read["auditors"]
    home, tracks = _homes(auditors), tracks_of(sites)
    track_of = {one["code"]: one["track"] for one in standards}
    outside = [one for one in audits.records if one["round"] != "self"]
    there = {(one["site"], one["auditor"]) for one in outside}
    at_home = [
        one
        for one in audits.records
        if one["round"] == "self"
        and ((one["site"], one["auditor"]) in there or home.get(one["auditor"], one["site"]) != one["site"])
    ]
    # The meeting that settles disputes is no auditor, so the list need not know it.
    unlisted = [
        one
        for one in audits.records
        if one["round"] == "external" and auditors.seen and one["auditor"] not in auditors.seen
    ]
    undated = [one for one in audits.records if window and any(window) and not one["audited_on"]]
    elsewhere = [
        one
        for one in audits.records
        if tracks.get(one["site"]) and track_of.get(one["standard"]) not in tracks[one["site"]]
    ]
    unnamed = [
        one
        for one in read["application"].records
        if tracks.get(one["site"]) and one["track"] not in tracks[one["site"]]
    ]
    unreasoned = [one for one in read["standard_decisions"].records if one["decision"] != "keep" and not one["reason"]]
    applications, decisions = read["application"], read["standard_decisions"]
    return [
        *_by_file(
            audits, undated, sources, "audit.undated", "audited_on",
            _said("a verdict has", "verdicts have", "no date, so nobody can say whether they lie in the audit window"),
        ),
        *_by_file(
            audits, unlisted, sources, "audit.unlisted", "auditor",
            _said("an auditor of this file is", "auditors of this file are", "not in the list of auditors"),
            value="auditor", count=lambda rows: len({one["auditor"] for one in rows}),
        ),
        *_by_file(
            audits, at_home, sources, "audit.self", "auditor",
            _said("a verdict of a self-assessment is", "verdicts of self-assessments are",
                  "by somebody who audits the institution from outside"),
            value="auditor",
        ),
        *_by_file(
            audits, elsewhere, sources, "audit.track", "standard",
            _said("a verdict is", "verdicts are", "on a standard of a track the institution does not apply for"),
        ),
        *_without_evidence(audits, sources),
        *_by_file(
            applications, unnamed, sources, "application.track", "track",
            _said("an application is", "applications are", "for a track which the list of institutions does not name"),
        ),
        *_by_file(
            decisions, unreasoned, sources, "decision.reason", "reason",
            _said("a decision gives", "decisions give", "no reason to revise or remove the standard"),
        ),
    ]  # fmt: skip


def tracks_of(sites: Iterable[Mapping[str, str]]) -> dict[str, set[str]]:
    """Return the tracks every institution applies for, as the list of institutions names them."""
    return {one["site"]: {name.strip() for name in one.get("tracks", "").split(",") if name.strip()} for one in sites}


def _homes(auditors: Intake) -> dict[str, str]:
    """Return the institution of every auditor who comes from one of the study's."""
    return {one["auditor"]: one["site"] for one in auditors.records if one["site"]}


def _days(window: Sequence[str | None] | None) -> str:
    """Say the window in words."""
    first, last = window or ("", "")
    if first and last:
        return f"a day from {first} to {last}"
    return f"a day from {first} on" if first else f"a day up to {last}"


def _without_evidence(audits: Intake, sources: Iterable[Source]) -> list[Told]:
    """Note files in which some verdicts met name evidence and others do not."""
    met: dict[str, list[dict[str, Any]]] = {}
    for one in audits.records:
        if one["verdict"] == "met":
            met.setdefault(one["source"], []).append(one)
    told: list[Told] = []
    for rows in met.values():
        bare = [one for one in rows if not one["evidence"]]
        if len(bare) < len(rows):
            found = f"{len(bare)} of {len(rows)} verdicts “met” name no evidence"
            told += _by_file(audits, bare, sources, "audit.evidence", "evidence", lambda _many, said=found: said)
    return told


def _said(one: str, several: str, rest: str) -> Callable[[int], str]:
    """Return what says how many there are."""
    return lambda many: f"{one} {rest}" if many == 1 else f"{many} {several} {rest}"


def _by_file(
    intake: Intake,
    rows: Collection[dict[str, Any]],
    sources: Iterable[Source],
    rule: str,
    column: str,
    found: Callable[[int], str],
    *,
    value: str = "",
    count: Callable[[list[dict[str, Any]]], int] = len,
) -> list[Told]:
    """Return a note for every file with such rows, at the first of them; ids go into the restricted list only."""
    sources = list(sources)
    of: dict[str, list[dict[str, Any]]] = {}
    for one in rows:
        of.setdefault(one["source"], []).append(one)
    told: list[Told] = []
    for here in of.values():
        where = intake.place(min(here, key=lambda one: one["row"]), sources)
        values = dict.fromkeys(str(one[value]) for one in here) if value else ()
        told.append((problem(rule, **where, column=column, found=found(count(here))), " / ".join(values), ""))
    return told
