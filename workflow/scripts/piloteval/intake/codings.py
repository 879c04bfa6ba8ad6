"""Codings of people, from tables and from the files of coding programs, found again in the stored text by their words.

Whatever a coder worked with and on, a coding that is kept holds ``text[start:end] == quote`` in the transcript as it
was received. Coders may have worked on that text or on the text without names, and their programs may count otherwise;
what the words do not settle is set aside, and everything that was moved is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from piloteval.intake import refi
from piloteval.intake.catalogue import RULES, problem
from piloteval.intake.coding_tools import is_taguette_table, read_coding_tool
from piloteval.intake.decisions import Decisions
from piloteval.intake.gate import ENDINGS, Gate
from piloteval.intake.guards import Refused, guard
from piloteval.intake.places import Found, align, locate
from piloteval.intake.records import Column, Intake, read_records
from piloteval.intake.sheet import Source
from piloteval.intake.tabular import Turned, Unreadable, read_table

#: Endings of the files of coding programs; all others are tables.
PROGRAMS = (".qdpx", ".qda", ".sqlite3", ".sqlite", ".db", ".txt", ".md")
#: A project that any program wrote, and a codebook alone.
EXCHANGED, CODEBOOK = ".qdpx", ".qdc"

#: Where a passage stands and its words; without a start nobody knows, without an end only the words tell.
_Place = tuple[int | None, int | None, str]

#: The table of highlights that Taguette exports has no coder and no numbers.
TAGUETTE = (
    (
        Column("document", required=True),
        Column("tag", required=True),
        Column("content", required=True),
        Column("id", optional=True),
    ),
    ("document", "tag", "content", "id"),
)

#: What tells one coding from another, once its words are found.
KEYS = ("coder", "interview", "code", "start", "end")


@dataclass(frozen=True)
class _Passage:
    """A coding on its way into the stored text; ``row`` is its row, or its number in the file of a program."""

    source: Source
    row: int
    sheet: str
    coder: str
    interview: str
    code: str
    start: int | None
    end: int | None
    words: str


def read_codings(
    sources: list[Source],
    texts: Mapping[str, str],
    codes: Mapping[str, str],
    *,
    decisions: Decisions | None = None,
    gate: Gate | None = None,
) -> Intake:
    """Read codings and set aside those whose words cannot be found or whose code is not in the codebook.

    Parameters
    ----------
    sources : list of Source
        Files of the kind ``coding``. In the file of a coding program ``unit`` of the sheet is the coder.
    texts : mapping of str to str
        Stored text of every interview that may be heard, as it was received.
    codes : mapping of str to str
        Codes of the study's codebook, with their names.
    decisions : Decisions, optional
        Which of several equal codings counts.
    gate : Gate, optional
        Interviews whose codings are passed over.

    Returns
    -------
    Intake
        Every record fulfils ``text[start:end] == quote``.
    """
    of_programs = [one for one in sources if Path(one.path).suffix.lower() in (*PROGRAMS, CODEBOOK)]
    tables = [one for one in sources if one not in of_programs]
    intake = Intake([*KEYS, "quote", "unit", "source", "row"])
    passages = list(_of_tables(intake, tables, texts, decisions, gate))
    for source in of_programs:
        passages += _of_program(intake, source, texts, codes, gate)
    passages = list(_with_known_codes(intake, passages, codes))
    for group in _by_text(passages):
        _keep_found(intake, group, texts)
    _drop_repeated(intake, of_programs)
    intake.records.sort(key=lambda one: ([each.source for each in sources].index(one["source"]), one["row"]))
    return intake


def _take_over(intake: Intake, found: Intake) -> None:
    for name in ("problems", "quarantine", "ledger"):
        getattr(intake, name).extend(getattr(found, name))
    intake.forms |= found.forms
    intake.seen |= found.seen
    intake.sheets |= found.sheets


def _of_tables(
    intake: Intake,
    sources: Iterable[Source],
    texts: Mapping[str, str],
    decisions: Decisions | None,
    gate: Gate | None,
) -> Iterator[_Passage]:
    """Yield the codings of tables: our own, and the one that Taguette exports."""
    domains = {"interviews": list(texts)}
    own, taguette = [], []
    for one in sources:
        (taguette if _is_taguette(one) else own).append(one)
    found = read_records("coding", own, domains, decisions=decisions, gate=gate)
    _take_over(intake, found)
    of = {one.source: one for one in (*own, *taguette)}
    for one in found.records:
        words = (one["coder"], one["interview"], one["code"], one["start"], one["end"], one["quote"])
        yield _Passage(of[one["source"]], one["row"], found.sheets.get(one["source"], ""), *words)
    columns, key = TAGUETTE
    for source in taguette:
        found = read_records("coding", [source], domains, columns=columns, key=key, decisions=decisions, gate=gate)
        if not source.unit:
            intake.problems.append(problem("coding.coder", source.path))
            found.records.clear()
        called = {f"{name}{ending}".casefold(): name for name in texts for ending in ("", *ENDINGS)}
        strange = [one for one in found.records if one["document"].casefold() not in called]
        found.take_out(strange, [source], "coding.source", "document", found="the document is none of the transcripts")
        _take_over(intake, found)
        for one in found.records:
            interview = called[one["document"].casefold()]
            words = (source.unit, interview, one["tag"].rpartition(".")[2], None, None, one["content"])
            yield _Passage(source, one["row"], found.sheets.get(one["source"], ""), *words)


def _is_taguette(source: Source) -> bool:
    """Tell the highlights of Taguette by their header; what cannot be read is told by the reader of the table."""
    try:
        return is_taguette_table(read_table(source).columns)
    except Unreadable:
        return False


# Files of coding programs


def _of_program(
    intake: Intake, source: Source, texts: Mapping[str, str], codes: Mapping[str, str], gate: Gate | None
) -> Iterator[_Passage]:
    """Yield the codings of one file, in the order of the file."""
    intake.problems += (refused := guard(Path(source.path), source.path))
    if refused:
        return
    try:
        if Path(source.path).suffix.lower() == CODEBOOK:
            _compare_codes(intake, source, refi.read_codebook(Path(source.path)), codes)
            return
        project = read_coding_tool(Path(source.path))
    except Refused as fault:
        one = fault.finding
        told = problem(one.rule, source.path, found=one.found, expected=one.expected, remedy=one.remedy)
        intake.problems.append(told)
        return
    intake.forms[source.source] = ("project of a coding program", refi.program(project.origin))
    entry = {
        **{"source": source.source, "kind": source.kind, "wave": ""},
        **dict.fromkeys(("rows_read", "quarantined", "excluded", "withdrawn"), 0),
    }
    intake.ledger.append(entry)
    _tell_left_out(intake, source, project)
    coder_of = _coders(intake, source, project)
    if coder_of is None:
        return
    known, _unknown = refi.recognise(project.codes, codes)
    names = {code.guid: code.name for code, _path in refi.walk(project.codes)}
    machine, strays = _machine(project), 0
    belongs = refi.match(project, texts)
    row = 0
    for number, text in enumerate(project.sources, start=1):
        wanted = []
        for selection in (*text.selections, refi.Selection("", 0, 0, codings=text.codings)):
            for one in selection.codings:
                if (one.user or selection.user) not in machine:
                    wanted.append((selection, one))
                elif not _suggested(text, selection, one, known.get(one.code, "")):
                    strays += 1
        entry["rows_read"] += len(wanted)
        fate = _turned_away(text.name, gate)
        if fate and gate:
            interview, why = fate
            entry[why] += len(wanted)
            row += len(wanted)
            gate.note(source, [Turned(interview, why, "", None, unit=interview)])
            continue
        which = f"text {number} of the file"
        laid = _lay(intake, source, which, text, project, belongs.get(text.guid, ""), texts, len(wanted))
        for selection, one in wanted:
            row += 1
            if laid is None:
                continue
            interview, places = laid
            start, end, words = places[selection.guid]
            code = known.get(one.code) or names.get(one.code, "")
            coder = coder_of[one.user or selection.user]
            yield _Passage(source, row, "", coder, interview, code, start, end, words)
    if strays:
        entry["rows_read"] += strays
        found = f"{strays} codings stand under the name of the dictionary and are none of its suggestions"
        told = problem("coding.dictionary", source.path, found=found, effect="codings set aside")
        intake.set_aside(told, "", source)
        for _each in range(strays):
            intake.count_out(source)


def _machine(project: refi.Project) -> set[str]:
    """Return the guids under which the suggestions of the dictionary stand."""
    own = refi.guid("user", refi.DICTIONARY)
    return {one.guid for one in project.users if one.guid == own or one.name.strip().casefold() == refi.DICTIONARY}


def _suggested(text: refi.Source, selection: refi.Selection, one: refi.Coding, code: str) -> bool:
    """Tell a suggestion that was exported from what a coder gave under the dictionary's name.

    It has the guid of its place, or still carries the cue as its memo.
    """
    place = (text.guid, selection.start, selection.end, code, refi.DICTIONARY)
    return one.guid == refi.guid("coding", *place) or selection.description.startswith(refi.CUE)


def _coders(intake: Intake, source: Source, project: refi.Project) -> dict[str, str] | None:
    """Return the coder's code by guid of the user, or None and tell why nobody knows.

    Names of users never get out: one coder is called as the sheet says, several by the beginning of their guid.
    """
    machine = _machine(project)
    passages = [one for text in project.sources for one in (text, *text.selections)]
    people = sorted({coding.user or one.user for one in passages for coding in one.codings} - machine)
    if len(people) == 1 and source.unit:
        return {people[0]: source.unit}
    named = {one.guid for one in project.users if one.name.strip() or one.id.strip()}
    if len(people) > 1 and not source.unit and named.issuperset(people):
        return {one: f"coder-{one[:8]}" for one in people}
    if not people:
        return {}
    found = remedy = ""
    if len(people) > 1:
        found = "several people coded in the file, and the sheet names one coder"
        remedy = "Empty the column `unit` of the sheet; the coders are then told apart by their ids in the file."
        if not source.unit:
            found = "several people coded in the file, and one of them has no name"
            remedy = "Let every coder work under a name of their own, or send a file for each."
    intake.problems.append(problem("coding.coder", source.path, column="unit", found=found, remedy=remedy))
    return None


def _turned_away(name: str, gate: Gate | None) -> tuple[str, str] | None:
    """Return interview and fate when the text of this name is of somebody who is turned away."""
    called = {one.casefold(): one for one in gate.interviews} if gate else {}
    said = name.strip().casefold()
    interview = called.get(said) or called.get(Path(said).stem)
    return (interview, gate.interviews[interview]) if interview and gate else None


def _tell_left_out(intake: Intake, source: Source, project: refi.Project) -> None:
    parts = [(f"{one.kind} sources", one.codings) for one in project.media]
    kinds = {kind: sum(many for said, many in parts if said == kind) for kind, _many in parts}
    left = [f"{sum(said == kind for said, _ in parts)} {kind} ({many} codings)" for kind, many in kinds.items()]
    left += [f"{many} {what}" for what, many in project.left_out]
    if left:
        found = f"parts of the file are left out, or read in another way than they stand there: {', '.join(left)}"
        intake.problems.append(problem("coding.left-out", source.path, found=found))


def _lay(
    intake: Intake,
    source: Source,
    which: str,
    text: refi.Source,
    project: refi.Project,
    interview: str,
    texts: Mapping[str, str],
    many: int,
) -> tuple[str, dict[str, _Place]] | None:
    """Return the interview a text of a program belongs to, and place and words of its passages in the stored text.

    None where the text is no transcript, or nobody knows how the program has counted; its codings are then set aside.
    """
    plain, selections = refi.unify(text.text), text.selections
    exchanged = Path(source.path).suffix.lower() == EXCHANGED
    if exchanged:
        repair = refi.repair(selections, text.text, origin=project.origin)
        if repair.refused:
            _refuse(intake, source, "coding.counted", f"{which}: {repair.refused}", many)
            return None
        if repair.moved:
            intake.problems.append(problem("coding.read-as", source.path, found=f"{which}: {repair.sentence[:-1]}"))
        selections = repair.selections
    aligned = {name: align(plain, texts[name]) for name in ([interview] if interview else texts)}
    fitting = [name for name, there in aligned.items() if there is not None]
    if not interview and len(fitting) != 1:
        _refuse(intake, source, "coding.source", f"{which} is none of the transcripts", many)
        return None
    interview = interview or fitting[0]
    there, own = aligned[interview], texts[interview]
    places: dict[str, _Place] = {one.guid: (None, None, "") for one in text.selections}  # empty ones were dropped
    for one in (*selections, refi.Selection("", 0, len(plain), name=plain)):
        words = plain[one.start : one.end]
        span = there.span(one.start, one.end) if there else None
        if not exchanged and one.name and refi.unify(one.name) != words:
            places[one.guid] = (None, None, one.name)  # the program's own words of the passage stand elsewhere
        elif span is None:
            places[one.guid] = (one.start, None, words)
        elif plain == own:  # as the coder marked it, with the blanks at its ends
            places[one.guid] = (one.start, one.end, words)
        else:
            places[one.guid] = (*span, own[slice(*span)])
    return interview, places


def _refuse(intake: Intake, source: Source, rule: str, found: str, many: int) -> None:
    """Set all codings of a text aside."""
    effect = f"its {many} codings set aside" if many != 1 else "its coding set aside"
    intake.set_aside(problem(rule, source.path, found=found, effect=effect), "", source)
    for _each in range(many):
        intake.count_out(source)


def _compare_codes(intake: Intake, source: Source, theirs: refi.Project, codes: Mapping[str, str]) -> None:
    """Tell in which codes a codebook of a program differs from that of the study."""
    intake.forms[source.source] = ("codebook of a coding program", refi.program(theirs.origin))
    known, unknown = refi.recognise(theirs.codes, codes)
    names = {code.guid: code.name for code, _path in refi.walk(theirs.codes)}
    missing = sorted(set(codes) - set(known.values()))
    if unknown or missing:
        found = f"{len(unknown)} codes are not in the codebook of the study, and {len(missing)} of the study's are not"
        found += " in the file"
        told = problem("coding.codebook", source.path, found=found)
        intake.set_aside(told, " / ".join([*(names[one] for one in unknown), *missing]), source)
    entry = {"source": source.source, "kind": source.kind, "wave": ""}
    intake.ledger.append({**entry, "rows_read": 0, "quarantined": 0})


# All codings


def _with_known_codes(intake: Intake, passages: Iterable[_Passage], codes: Mapping[str, str]) -> Iterator[_Passage]:
    """Yield what has a code of the codebook; every other code is told once a file, and its codings are set aside."""
    spelled = {code.casefold(): code for code in codes}
    unknown: dict[tuple[str, str], list[_Passage]] = {}
    for one in passages:
        code = spelled.get(one.code.strip().casefold())
        if code:
            yield replace(one, code=code)
        else:
            unknown.setdefault((one.source.source, one.code), []).append(one)
    for codings in unknown.values():
        one = codings[0]
        found = RULES["coding.code"].meaning
        found += f", in {len(codings)} codings of which this is the first" if len(codings) > 1 else ""
        where = {"sheet": one.sheet, "row": one.row, "column": "code"}
        told = problem("coding.code", one.source.path, **where, found=found, effect="codings set aside")
        intake.set_aside(told, one.code, one.source)
        for other in codings[1:]:
            intake._keep(replace(told, row=other.row), other.code, one.source)
        for _each in codings:
            intake.count_out(one.source)


def _by_text(passages: Iterable[_Passage]) -> list[list[_Passage]]:
    """Put together what was made on one form of one text: by file, coder and interview."""
    groups: dict[tuple[str, str, str], list[_Passage]] = {}
    for one in passages:
        groups.setdefault((one.source.source, one.coder, one.interview), []).append(one)
    return list(groups.values())


def _keep_found(intake: Intake, passages: list[_Passage], texts: Mapping[str, str]) -> None:
    """Find the passages of one coder in one text, and tell how many were moved and which were not found."""
    text, source = texts[passages[0].interview], passages[0].source
    exact = [one.end is not None and text[one.start or 0 : one.end] == one.words != "" for one in passages]
    left = [one for one, there in zip(passages, exact, strict=True) if not there]
    # Those at their place go along, since they tell how far the others may have moved.
    looked = iter(locate([(one.start, one.words) for one in passages], text) if left else ())
    shifts = []
    for one, there in zip(passages, exact, strict=True):
        found = next(looked, None)
        if there or found is None:
            found = Found(one.start or 0, one.end or 0)
        elif found.why:
            where = {"sheet": one.sheet, "row": one.row, "column": "quote"}
            told = problem("coding.quote", source.path, **where, found=found.why, effect="coding set aside")
            intake.set_aside(told, one.words, source)
            intake.count_out(source)
            continue
        elif one.start is not None:
            shifts.append((abs(found.start - one.start), one))
        intake.records.append(
            {
                **{"coder": one.coder, "interview": one.interview, "code": one.code},
                **{"start": found.start, "end": found.end, "quote": text[found.start : found.end]},
                **{"unit": source.unit, "source": source.source, "row": one.row},
            }
        )
    if shifts:
        first = min((one for _shift, one in shifts), key=lambda one: one.row)
        many = "a passage was" if len(shifts) == 1 else f"{len(shifts)} passages of a coder in a text were"
        found = f"{many} not at the place given and found by the words, up to {max(shift for shift, _ in shifts)} signs"
        where = {"sheet": first.sheet, "row": first.row, "column": "start"}
        intake.problems.append(problem("coding.moved", source.path, **where, found=f"{found} away"))


def _drop_repeated(intake: Intake, of_programs: Iterable[Source]) -> None:
    """Let a coding that a program's file repeats count once; nothing tells the copies apart."""
    of = {one.source: one for one in of_programs}
    seen: set[tuple[Any, ...]] = set()
    kept, repeated = [], dict.fromkeys(of, 0)
    for one in intake.records:
        key = tuple(one[name] for name in KEYS)
        if key in seen and one["source"] in of:
            repeated[one["source"]] += 1
            intake.count_out(of[one["source"]])
            continue
        seen.add(key)
        kept.append(one)
    intake.records = kept
    for name, many in repeated.items():
        if many:
            found = "a coding is given twice" if many == 1 else f"{many} codings are given twice"
            intake.problems.append(problem("coding.repeated", of[name].path, found=found, effect="counted once"))
