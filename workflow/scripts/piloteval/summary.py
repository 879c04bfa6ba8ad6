"""What a run says at its end: what changed, where the report is, how many problems wait for a person."""

from __future__ import annotations

import csv
import hashlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from piloteval.sweep import sweep

if TYPE_CHECKING:
    from piloteval.plan import Study

#: Where jobs leave the sentence they stopped with.
STOPPED = Path("logs/stopped.txt")

_BEFORE: dict[str, str] = {}


def _results() -> dict[str, str]:
    """Return the digest of every table of statistics."""
    folder = Path("results/internal")
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.glob("*/*.csv"))
        if path.parts[2] not in ("provenance", "quality") or path.name == "flow.csv"
    }


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def begin(study: Study, dag: Any) -> None:
    """Remember the results as they were before the run, and remove what the run does not answer for."""
    STOPPED.unlink(missing_ok=True)
    _BEFORE.update(_results())
    for sentence in sweep(study, dag):
        _say(sentence)


def end(study: Study) -> None:
    """Say what the run changed and what waits for a person."""
    now = _results()
    new = [path for path in now if path not in _BEFORE]
    changed = [path for path in now if path in _BEFORE and now[path] != _BEFORE[path]]
    if not _BEFORE:
        _say(f"\nDone: {len(now)} tables of results.")
    elif changed or new:
        _say("\nDone. Changed since the last run: " + ", ".join([*changed, *(f"{path} (new)" for path in new)]) + ".")
    else:
        _say("\nDone. No number changed since the last run.")
    problems = Path("results/internal/quality/problems.csv")
    if problems.is_file():
        with problems.open(encoding="utf-8", newline="") as handle:
            levels = [row["level"] for row in csv.DictReader(handle)]
        waiting, notes = levels.count("QUARANTINE"), levels.count("NOTE")
        _say(
            f"Problems that wait for a person: {waiting} set aside, {notes} notes. They are listed in {problems}, "
            "and for the institutions in results/internal/quality/data_quality.html."
        )
    deletions = Path("results/restricted/people/deletions.csv")
    if deletions.is_file():
        with deletions.open(encoding="utf-8", newline="") as handle:
            waiting = sum(1 for _row in csv.DictReader(handle))
        if waiting:
            many = "1 row or file" if waiting == 1 else f"{waiting} rows and files"
            _say(f"Raw data that a person must delete: {many}, listed in {deletions}.")
    _say_what_waits_for_a_reader()
    for path in study.reports():
        if Path(path).is_file():
            _say(f"Report: {path}")


def _say_what_waits_for_a_reader() -> None:
    """Say how many transcripts nobody has signed off as they are now."""
    counts, page = (
        Path("results/internal/interviews/transcripts.csv"),
        Path("results/restricted/interviews/review.html"),
    )
    if not counts.is_file() or not page.is_file():
        return
    with counts.open(encoding="utf-8", newline="") as handle:
        row = next((row for row in csv.DictReader(handle) if row["cohort"] == "all" and row["interviews"]), None)
    if row and int(row["interviews"]) > int(row["signed_off"]):
        waiting = int(row["interviews"]) - int(row["signed_off"])
        _say(f"Transcripts not signed off: {waiting} of {row['interviews']}. They can be read in {page}.")


def stopped(log: list[str] | str) -> None:
    """Say again, below all that Snakemake printed, why the run stopped."""
    _say("\nThe run stopped. Nothing half-made was left.")
    if STOPPED.is_file():
        _say(STOPPED.read_text(encoding="utf-8").rstrip())
    kept = Path("results/internal/quality/stopped")
    if (kept / "problems.csv").is_file():
        _say(f"Every problem is listed in {kept}/problems.csv, and for the institutions in {kept}/data_quality.html.")
    own = log if isinstance(log, str) else " ".join(log)
    _say(f"More is in logs/, and of the run itself in {own}")
