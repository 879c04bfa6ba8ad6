"""What a run says at its end: what changed, where the report is, how many problems wait for a person."""

from __future__ import annotations

import csv
import hashlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

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
        if path.parts[2] not in ("provenance", "quality")
    }


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def begin() -> None:
    """Remember the results as they were before the run."""
    STOPPED.unlink(missing_ok=True)
    _BEFORE.update(_results())


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
    for path in study.reports():
        if Path(path).is_file():
            _say(f"Report: {path}")


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
