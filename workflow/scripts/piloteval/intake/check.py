"""The check of all inputs: everything is read once and every problem is told, before anything is computed."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from piloteval.config import read_instruments, read_tsv, scales_of
from piloteval.errors import ConfigError, DataError
from piloteval.intake import catalogue
from piloteval.intake.catalogue import Problem, problem
from piloteval.intake.catalogues import read_standards
from piloteval.intake.codings import read_codings
from piloteval.intake.records import Intake, delphi_columns, read_questionnaires, read_records
from piloteval.intake.sheet import Source, check_sheet, of_kind
from piloteval.intake.transcripts import read_interviews

if TYPE_CHECKING:
    import pandas as pd

#: How many STOP sentences the console shows; the rest are counted.
SHOWN = 20


def check_study(
    sources: list[Source],
    *,
    sites: list[dict[str, str]],
    instruments: list[str],
    cohorts: Collection[str],
    standards: list[str],
    statements: str | None,
    codes: Collection[str],
    outcomes: list[str],
    settings: dict[str, Any],
) -> tuple[list[Problem], list[dict[str, Any]], list[dict[str, Any]]]:
    """Read every file of the study and collect what is wrong with it.

    Parameters
    ----------
    sources : list of Source
        Rows of the landing sheet whose file exists.
    sites, instruments, cohorts, standards, statements, codes, outcomes
        What the configuration knows.
    settings : dict
        ``participant_column``, ``other_columns``, ``rating_range``, ``dimensions``, ``range``,
        ``interviewers``, ``participants``.

    Returns
    -------
    problems : list of Problem
        Every problem of every file.
    quarantine : list of dict
        Values set aside (restricted).
    ledger : list of dict
        Rows read and set aside, one entry a file.
    """
    known = read_instruments(instruments)
    missing = [name for name in outcomes if name not in scales_of(known)]
    if missing:
        raise ConfigError(
            f"config/config.yaml: `outcomes` names the scale `{missing[0]}`, which its instrument does not have. "
            "Correct the name."
        )
    domains: dict[str, Collection[str]] = {
        "sites": [site["site"] for site in sites],
        "cohorts": list(cohorts),
        "standards": [one["code"] for one in read_standards(standards)],
        "statements": [one["statement"] for one in read_tsv(statements, "statements")] if statements else [],
    }
    intakes: list[Intake] = []
    register = read_records("register", of_kind(sources, "register"), domains)
    people = {one["participant"] for one in register.records} if of_kind(sources, "register") else None
    intakes.append(register)
    withdrawals = read_records("withdrawals", of_kind(sources, "withdrawals"), domains)
    intakes.append(withdrawals)
    for kind in ("audit", "rating", "indicator", "interview_list"):
        intakes.append(read_records(kind, of_kind(sources, kind), domains, limits=tuple(settings["rating_range"])))
    interviews = intakes[-1].records
    listed = {one["interview"] for one in interviews}
    low, high = settings["range"]
    columns, key = delphi_columns(settings["dimensions"], low, high)
    intakes.append(read_records("delphi", of_kind(sources, "delphi"), domains, columns=columns, key=key))
    intakes.append(
        read_questionnaires(
            of_kind(sources, "questionnaire"),
            known,
            participant_column=settings["participant_column"],
            other_columns=settings["other_columns"],
            people=people,
        )
    )
    if people is None:
        people = {one["participant"] for one in [*intakes[-1].records, *interviews]}
    transcripts, problems, ledger = read_interviews(sources, settings["interviewers"], settings["participants"])
    of = {one.source: one for one in sources}
    for one in withdrawals.records:
        if one["participant"] not in people:
            at = {"row": one["row"], "column": "participant"}
            problems.append(problem("person.withdrawal", of[one["source"]].path, **at))
    for source in of_kind(sources, "transcript"):
        if source.unit not in listed:
            problems.append(problem("transcript.unlisted", source.path))
    texts = {one.interview: one.text for one in transcripts}
    intakes.append(read_codings(of_kind(sources, "coding"), texts, codes))
    problems += [found for intake in intakes for found in intake.problems]
    quarantine = [value for intake in intakes for value in intake.quarantine]
    return problems, quarantine, ledger + [entry for intake in intakes for entry in intake.ledger]


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


def problems_table(problems: Iterable[Problem]) -> pd.DataFrame:
    """Return the problems as a table, gravest first."""
    import pandas as pd

    return pd.DataFrame(
        catalogue.rows(problems),
        columns=["level", "rule", "file", "sheet", "row", "column", "found", "expected", "remedy", "effect"],
    )


def files_table(sources: Iterable[Source], ledger: Iterable[dict[str, Any]], digests: dict[str, str]) -> pd.DataFrame:
    """Return the raw files with size, digest and rows."""
    import pandas as pd

    counted = {entry["source"]: entry for entry in ledger}
    rows = []
    for one in sources:
        entry = counted.get(one.source, {"rows_read": None, "quarantined": None})
        rows.append(
            {
                "source": one.source,
                "kind": one.kind,
                "site": one.site,
                "wave": one.wave or one.unit if one.kind != "transcript" else "",
                "bytes": Path(one.path).stat().st_size,
                "sha256": digests[one.path],
                "rows_read": entry["rows_read"],
                "quarantined": entry["quarantined"],
            }
        )
    return pd.DataFrame(rows)


def run(
    sources: list[Source],
    codes: list[str],
    *,
    sheet: list[str],
    sites: list[str],
    instruments: list[str],
    standards: list[str],
    statements: list[str],
    pins: dict[str, str],
    found: list[str],
    cohorts: list[str],
    outcomes: list[str],
    settings: dict[str, Any],
) -> dict[str, pd.DataFrame]:
    """Check the study and return the tables of the check.

    Parameters
    ----------
    sources : list of Source
        Rows of the landing sheet.
    codes : list of str
        Codes of the codebook.
    sheet, sites, instruments, standards, statements : list of str
        Files of the configuration.
    pins : dict of str to str
        Digest of every raw file.
    found : list of str
        Files in the data folder.
    cohorts, outcomes, settings
        What the configuration knows.

    Raises
    ------
    DataError
        A problem of level STOP; every one of them in its sentence.
    """
    import pandas as pd

    places = read_tsv(sites[0], "sites") if sites else []
    problems = check_sheet(sheet[0], sources, found, settings)
    stop(problems)  # files are only read when the sheet says rightly what they are
    more, quarantine, ledger = check_study(
        sources,
        sites=places,
        instruments=instruments,
        cohorts=cohorts,
        standards=standards,
        statements=statements[0] if statements else None,
        codes=codes,
        outcomes=outcomes,
        settings=settings,
    )
    problems += more
    stop(problems)
    columns = ["source", "file", "sheet", "row", "column", "rule", "value"]
    return {
        "problems": problems_table(problems),
        "files": files_table(sources, ledger, pins),
        "quarantine": pd.DataFrame(quarantine, columns=columns),
    }
