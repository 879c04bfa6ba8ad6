"""The check of all inputs: everything is read once and every problem is told, before anything is computed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from piloteval.config import read_instruments, read_tsv, scales_of
from piloteval.errors import ConfigError, DataError
from piloteval.intake import audits, plausibility, received, redcap
from piloteval.intake.catalogue import RULES, Problem, by_gravity, problem
from piloteval.intake.catalogues import check_standards, read_standards
from piloteval.intake.codings import read_codings
from piloteval.intake.decisions import Decisions, read_decisions
from piloteval.intake.eligibility import reason_to_exclude
from piloteval.intake.gate import Gate, open_gate
from piloteval.intake.page import data_quality_page
from piloteval.intake.questionnaires import read_questionnaires
from piloteval.intake.records import Intake, delphi_columns, read_records, statement_numbers
from piloteval.intake.sheet import Source, by_place, check_sheet, of_kind
from piloteval.intake.tabular import Unreadable, read_table
from piloteval.intake.transcripts import read_interviews

#: How many STOP sentences the console shows; the rest are counted.
SHOWN = 20

#: What is counted of a file; how many people of an institution answered is restricted.
COUNTS = ("rows_read", "quarantined")

#: Columns of the list of problems.
COLUMNS = ("level", "rule", "who", "file", "sheet", "row", "column", "found", "expected", "remedy", "effect")


@dataclass
class Checked:
    """What the check of a study found.

    Attributes
    ----------
    problems : list of Problem
        Every problem of every file, without values.
    values : dict
        Value and suggestion of a problem by :func:`place` (restricted).
    ledger : list of dict
        Entries read and set aside, by source and wave.
    forms : dict of str to (str, str)
        Form and platform of every file by its source.
    deletions : list of dict
        Rows of people who withdrew or did not consent, which a person must delete (restricted).
    """

    problems: list[Problem] = field(default_factory=list)
    values: dict[tuple[Any, ...], tuple[str, str]] = field(default_factory=dict)
    ledger: list[dict[str, Any]] = field(default_factory=list)
    forms: dict[str, tuple[str, str]] = field(default_factory=dict)
    deletions: list[dict[str, Any]] = field(default_factory=list)

    def add(self, intake: Intake) -> Intake:
        """Take over what reading one kind of file gave."""
        self.problems += intake.problems
        self.ledger += intake.ledger
        self.forms |= intake.forms
        for one in intake.quarantine:
            at = (one["file"], one["sheet"], one["row"], one["column"], one["rule"])
            before = self.values.get(at, ("", ""))[0]  # two waves of a person may stand in one row
            self.values[at] = (one["value"] if before in ("", one["value"]) else f"{before} / {one['value']}", "")
        return intake

    def tell(self, told: Iterable[plausibility.Told]) -> None:
        """Take over notes with their values and suggestions."""
        for found, value, suggestion in told:
            self.problems.append(found)
            self.values[place(found)] = (value, suggestion)


def place(one: Problem) -> tuple[Any, ...]:
    """Return what tells a problem apart from all others."""
    return one.file, one.sheet, one.row, one.column, one.rule


def check_study(
    sources: list[Source],
    *,
    sites: list[dict[str, str]],
    instruments: list[str],
    cohorts: Iterable[str],
    standards: list[str],
    statements: str | None,
    codes: dict[str, str],
    outcomes: list[str],
    settings: dict[str, Any],
    criteria: dict[str, Any],
    enrolment: int | None = None,
) -> Checked:
    """Read every file of the study and collect what is wrong with it.

    Parameters
    ----------
    sources : list of Source
        Rows of the landing sheet whose file exists.
    sites, instruments, cohorts, standards, statements, codes, outcomes
        What the configuration knows.
    settings : dict
        What readers of raw files need to know, see :meth:`piloteval.plan.Study.settings`.
    criteria : dict
        Criteria of eligibility.
    enrolment : int, optional
        How many people the registry entry says will take part.
    """
    known = read_instruments(instruments)
    missing = [name for name in outcomes if name not in scales_of(known)]
    if missing:
        raise ConfigError(
            f"config/config.yaml: `outcomes` names the scale `{missing[0]}`, which its instrument does not have. "
            "Correct the name."
        )
    catalogue = read_standards(standards)
    domains = {
        "sites": [site["site"] for site in sites],
        "cohorts": list(cohorts),
        "standards": [one["code"] for one in catalogue],
        "statements": [one["statement"] for one in read_tsv(statements, "statements")] if statements else [],
    }
    checked = Checked()
    decisions, gate = read_decisions(sources, whole=True), open_gate(sources)
    checked.problems += [*decisions.problems, *check_standards(standards, settings.get("expected_standards"))]
    checked.values |= {
        (one["file"], one["sheet"], one["row"], one["column"], one["rule"]): (str(one["value"]), "")
        for one in decisions.quarantine
    }
    limits = tuple(settings["rating_range"])
    found = {
        kind: read_records(kind, of_kind(sources, kind), domains, limits=limits, decisions=decisions, gate=gate)
        for kind in ("register", "withdrawals", *audits.KINDS, "rating", "statement_map", "indicator", "interview_list")
    }
    numbers = statement_numbers(found["statement_map"], sources)
    told = _check_audits(found, sources, catalogue, sites, settings)
    read = {kind: checked.add(one) for kind, one in found.items()}
    checked.tell(told)
    _suggest(checked, read.values(), "standard.unknown", domains["standards"])
    for kind in ("deny_list", "signoff", "identifiers"):
        read[kind] = checked.add(read_records(kind, of_kind(sources, kind), domains, decisions=decisions, gate=gate))
    columns, key = delphi_columns(settings["dimensions"], *settings["range"])
    read["delphi"] = checked.add(
        read_records(
            "delphi",
            of_kind(sources, "delphi"),
            domains,
            columns=columns,
            key=key,
            decisions=decisions,
            gate=gate,
            numbers=numbers,
        )
    )
    registered = bool(of_kind(sources, "register"))
    # What a register that cannot be read would say of every id is not told: it is to be mended first.
    readable = registered and not any(one.level == "STOP" for one in read["register"].problems)
    people = {one["participant"] for one in read["register"].records} if readable else None
    seen = read["register"].seen
    answers = read_questionnaires(
        sources,
        known,
        people=people,
        settings=settings,
        decisions=decisions,
        set_aside=seen - (people or set()),
        gate=gate,
    )
    checked.add(answers)
    if people is not None:
        for at, ids in plausibility.suggestions(answers, people).items():
            checked.values[at] = (checked.values[at][0], ids)
    of = {one.source: one for one in sources}
    listed = read["interview_list"].records
    respondents = [
        {"participant": person, "source": file.source.source, "row": entry.row}
        for person, entry, file in answers.respondents()
    ]
    everybody = seen if readable else {one["participant"] for one in [*respondents, *listed]}
    checked.tell(plausibility.straight_lines(answers))
    checked.tell(plausibility.reversed_items(answers, known))
    checked.tell(plausibility.wordings(answers))
    if settings["participant_column"]:
        checked.tell(plausibility.unmatched(answers, settings["waves"]))
        checked.tell(plausibility.alike_ids(read["register"].records if registered else respondents, of))
    checked.tell(plausibility.other_site(answers, read["register"]))
    checked.tell(plausibility.across(PHASES, read, everybody, of))
    _check_enrolment(checked, read["register"], gate, criteria, enrolment, of)
    texts = _check_interviews(checked, sources, listed, codes, decisions, settings, gate)
    _check_names(checked, read, texts, of)
    if readable or not registered:  # when all files are read, it is known who is met and who is not
        checked.problems += gate.unknown(everybody)
    if not registered:
        checked.problems += plausibility.withdrawn_alike(gate, everybody)
    checked.deletions = gate.to_delete(sources)
    _check_dictionaries(checked, sources)
    checked.problems = decisions.answered(checked.problems, sources) + decisions.unused()
    return checked


#: What coders and those who decide on their codes hand in besides the codings.
CODERS = ("coder_work", "code_decisions", "claim_decisions", "approved_quotes")

#: Column of the ids in the files of other phases.
PHASES = {
    "audit": "auditor",
    "auditors": "auditor",
    "audit_effort": "auditor",
    "rating": "rater",
    "delphi": "panellist",
}


def _check_audits(
    found: dict[str, Intake],
    sources: list[Source],
    catalogue: list[dict[str, str]],
    sites: list[dict[str, str]],
    settings: dict[str, Any],
) -> list[plausibility.Told]:
    """Set aside verdicts that must not count, and return the notes on the audits."""
    window = settings.get("audit_window")
    told = audits.visits_without_verdicts(found["audit_effort"], found["audit"], sources)
    audits.check_audits(found["audit"], found["auditors"], sources, window=window)
    told += audits.notes(found, sources, standards=catalogue, sites=sites, window=window)
    listed = found["auditors"].seen
    return [
        (one, value, _near(value, listed) if one.rule == "audit.unlisted" else suggestion)
        for one, value, suggestion in told
    ]


def _suggest(checked: Checked, read: Iterable[Intake], rule: str, codes: Iterable[str]) -> None:
    """Set the codes of a catalogue beside an unknown one that they nearly are."""
    for intake in read:
        for one in intake.quarantine:
            at = (one["file"], one["sheet"], one["row"], one["column"], one["rule"])
            if one["rule"] == rule:
                checked.values[at] = (checked.values[at][0], _near(one["value"], codes))


def _near(values: str, known: Iterable[str]) -> str:
    """Return what is known and nearly one of these values."""
    known = list(known)
    return " / ".join(dict.fromkeys(near for one in values.split(" / ") for near in plausibility.near(one, known)))


def _check_interviews(
    checked: Checked,
    sources: list[Source],
    listed: list[dict[str, Any]],
    codes: dict[str, str],
    decisions: Decisions,
    settings: dict[str, Any],
    gate: Gate,
) -> dict[str, str]:
    """Read transcripts and codings; return the stored texts."""
    transcripts, problems, ledger = read_interviews(
        sources,
        settings["interviewers"],
        settings["participants"],
        other_labels=settings["others"],
        not_labels=settings["not_labels"],
        gate=gate,
    )
    checked.problems += problems
    checked.ledger += ledger
    names = {one["interview"] for one in listed}
    for source in of_kind(sources, "transcript"):
        checked.forms[source.source] = (Path(source.path).suffix.removeprefix(".").upper(), "")
        if source.unit not in names and source.unit not in gate.interviews:
            checked.problems.append(problem("transcript.unlisted", source.path))
    texts = {one.interview: one.text for one in transcripts}
    codings = checked.add(read_codings(of_kind(sources, "coding"), texts, codes, decisions=decisions, gate=gate))
    _suggest(checked, [codings], "coding.code", codes)
    domains = {"interviews": list(texts), "codes": list(codes)}
    for kind in CODERS:
        checked.add(read_records(kind, of_kind(sources, kind), domains, decisions=decisions, gate=gate))
    return texts


def _check_names(checked: Checked, read: dict[str, Intake], texts: dict[str, str], of: dict[str, Source]) -> None:
    """Check that labels and sign-offs belong to a transcript, and that entries of the deny-list name each other."""
    names = {one["text"] for one in read["deny_list"].records}
    for rule, column, wrong in (
        ("deny-list.short", "text", [one for one in read["deny_list"].records if _letters(one["text"]) < 3]),
        ("transcript.label-place", "start", [one for one in read["identifiers"].records if not _inside(one, texts)]),
        ("transcript.sign-off", "interview", [one for one in read["signoff"].records if one["interview"] not in texts]),
        (
            "deny-list.same-as",
            "same_as",
            [one for one in read["deny_list"].records if one["same_as"] and one["same_as"] not in names],
        ),
    ):
        for one in wrong:
            checked.problems.append(problem(rule, of[one["source"]].path, row=one["row"], column=column))


def _letters(text: str) -> int:
    return sum(map(str.isalpha, text))


def _inside(label: dict[str, Any], texts: dict[str, str]) -> bool:
    return label["start"] < label["end"] <= len(texts.get(label["interview"], ""))


def _check_enrolment(
    checked: Checked,
    register: Intake,
    gate: Gate,
    criteria: dict[str, Any],
    enrolment: int | None,
    of: dict[str, Source],
) -> None:
    """Note when more people can take part than the registry entry says."""
    able = [
        one
        for one in register.records
        if not gate.fate("survey", one["participant"]) and not reason_to_exclude(one, **criteria)
    ]
    if enrolment is not None and len(able) > enrolment:
        found = f"{len(able)} people are eligible, and the registry entry says {enrolment}"
        checked.problems.append(problem("person.enrolment", of[able[0]["source"]].path, found=found))


def _check_dictionaries(checked: Checked, sources: list[Source]) -> None:
    """Read the data dictionaries that no questionnaire names."""
    for source in of_kind(sources, "dictionary"):
        try:
            redcap.read_dictionary(read_table(source))
        except Unreadable as fault:
            checked.problems += [one for one in fault.problems if one not in checked.problems]
        checked.forms[source.source] = ("CSV", "REDCap, data dictionary")


def stop(problems: Iterable[Problem]) -> None:
    """Raise when a problem stops the run.

    Raises
    ------
    DataError
        One sentence a problem, the gravest first, and how many more there are.
    """
    grave = [one for one in problems if one.level == "STOP"]
    if grave:
        sentences = [one.sentence() for one in grave[:SHOWN]]
        if len(grave) > SHOWN:
            sentences.append(f"and {len(grave) - SHOWN} more of this gravity; mend these first.")
        raise DataError("\n".join(sentences))


def _listed(checked: Checked, sources: Iterable[Source]) -> list[dict[str, Any]]:
    """Return the problems with all that is known of each, gravest first."""
    of = by_place(sources)
    return [
        {
            **asdict(one),
            "who": RULES[one.rule].who,
            "source": of(one.file, one.sheet),
            "value": checked.values.get(place(one), ("", ""))[0],
            "suggestion": checked.values.get(place(one), ("", ""))[1],
        }
        for one in by_gravity(checked.problems)
    ]


def _files(
    sources: Iterable[Source], checked: Checked, digests: dict[str, str], events: dict[str, str]
) -> list[dict[str, Any]]:
    """Return the raw files with what they are and the entries read, one row a file and wave."""
    counted: dict[str, list[dict[str, Any]]] = {}
    for entry in checked.ledger:
        counted.setdefault(entry["source"], []).append(entry)
    rows = []
    for one in sources:
        form, dialect = checked.forms.get(one.source, ("", ""))
        wave = "" if one.kind in ("transcript", "coding") else one.wave or one.unit
        for entry in counted.get(one.source, [{"wave": wave, "rows_read": None, "quarantined": None}]):
            rows.append(
                {
                    "source": one.source,
                    "kind": one.kind,
                    "path": one.path,
                    "site": one.site,
                    "wave": entry["wave"] or wave,
                    "form": form,
                    "dialect": dialect,
                    "bytes": Path(one.path).stat().st_size if Path(one.path).is_file() else None,
                    "sha256": digests.get(one.path, ""),
                    "received": events.get(one.path, ""),
                    "rows_read": entry["rows_read"],
                    "quarantined": entry["quarantined"],
                }
            )
    return rows


def _copies(sheet: str, sources: list[Source], digests: dict[str, str]) -> list[Problem]:
    """Name files that are the same as another one of the sheet, byte for byte; a dictionary may serve several sites."""
    first: dict[str, Source] = {}
    problems = []
    for one in (source for source in sources if source.kind != "dictionary"):
        before = first.setdefault(digests.get(one.path, one.path), one)
        if before.path != one.path and digests.get(one.path) != "missing":
            found = f"the file {one.path} is the same as {before.path}, byte for byte"
            problems.append(problem("sheet.copy", sheet, row=one.line, column="path", found=found))
    return problems


def _received(
    sources: list[Source], ledger: list[str], changed: str, digests: dict[str, str]
) -> tuple[list[Problem], dict[str, str]]:
    """Compare the files with the ledger of received files, where the study keeps one."""
    if not ledger:
        return [], {}
    history = received.read_history(ledger[0])
    happened = received.events(history, [one.path for one in sources], "", digests)
    events = {one.path: one.event for one in happened}
    words = {received.RECEIVED: "new", received.CHANGED: "changed"}
    told = {one.path: words.get(events.get(one.path, ""), "as received") for one in sources}
    return received.problems(happened, history, ledger[0], stop=changed == "stop"), told


def run(
    sources: list[Source],
    codes: dict[str, str],
    *,
    sheet: list[str],
    sites: list[str],
    instruments: list[str],
    standards: list[str],
    statements: list[str],
    received: list[str],
    pins: dict[str, str],
    found: list[str],
    cohorts: list[str],
    outcomes: list[str],
    settings: dict[str, Any],
    criteria: dict[str, Any],
    about: dict[str, Any],
    floor: int,
) -> tuple[dict[str, list[dict[str, Any]]], str, list[Problem]]:
    """Check the study and return the tables of the check.

    Parameters
    ----------
    sources : list of Source
        Rows of the landing sheet.
    codes : dict of str to str
        Codes of the codebook, with their names.
    sheet, sites, instruments, standards, statements, received : list of str
        Files of the configuration.
    pins : dict of str to str
        Digest of every raw file.
    found : list of str
        Files in the data folder.
    cohorts, outcomes, settings, criteria
        What the configuration knows.
    about : dict
        ``title``, ``waves``, ``banner``, ``changed_files`` and ``registered_enrolment``: facts about the study.
    floor : int
        Smallest count of people the page shows.

    Returns
    -------
    tables : dict of str to list of dict
        Rows of ``problems`` (without values), ``values`` (the same with values), ``files``, ``rows`` (read and
        set aside) and ``deletions``.
    page : str
        The page for the institutions.
    problems : list of Problem
        Every problem; pass it to :func:`stop` when the tables are written.
    """
    places = read_tsv(sites[0], "sites") if sites else []
    checked = Checked(check_sheet(sheet[0], sources, found, settings))
    if not any(one.level == "STOP" for one in checked.problems):
        # Files are only read when the sheet says rightly what they are.
        notes = checked.problems
        checked = check_study(
            sources,
            sites=places,
            instruments=instruments,
            cohorts=cohorts,
            standards=standards,
            statements=statements[0] if statements else None,
            codes=codes,
            outcomes=outcomes,
            settings=settings,
            criteria=criteria,
            enrolment=about["registered_enrolment"],
        )
        checked.problems = [*notes, *checked.problems]
    told, events = _received(sources, received, about["changed_files"], pins)
    checked.problems += [*told, *_copies(sheet[0], sources, pins)]
    problems, files = _listed(checked, sources), _files(sources, checked, pins, events)
    page = data_quality_page(
        problems,
        files,
        title=about["title"],
        sites=places,
        waves=about["waves"],
        floor=floor,
        banner=about["banner"],
    )
    tables = {
        "problems": [{name: one[name] for name in COLUMNS} for one in problems],
        "values": [{name: one[name] for name in ("source", *COLUMNS, "value", "suggestion")} for one in problems],
        "files": [{name: one[name] for name in one if name not in COUNTS} for one in files],
        "rows": [{name: one[name] for name in ("source", "kind", "wave", *COUNTS)} for one in files],
        "deletions": checked.deletions,
    }
    return tables, page, checked.problems
