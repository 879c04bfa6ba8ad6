"""What Snakemake leaves behind: files no rule makes any more, remains of a killed run, and people who withdrew since.

Snakemake makes again what depends on a changed file and leaves everything else where it is. A report in a format that
is not asked for any more, a table of a part that was taken out, a copy kept for mending: each may hold a person who
has withdrawn since. So before a plain run nothing stays below ``results/`` that the run does not answer for.
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from piloteval.intake.sheet import digest, of_kind

if TYPE_CHECKING:
    from piloteval.plan import Study

RESULTS = Path("results")

#: The withdrawals that the results on disk honour, as the rule that admits people wrote them down.
HONOURED = RESULTS / "restricted/people/withdrawals.csv"

#: Folders that other programs fill with copies of what they rendered or ran.
CACHES = (".quarto", "_freeze", ".jupyter_cache", ".ipynb_checkpoints", "*_cache", "*_files")
PLACES = ("reports", "notebooks")


def _many(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def orphans(made: Iterable[str]) -> list[Path]:
    """Return the files below ``results/`` that are none of those made."""
    kept = {Path(path) for path in made}
    return sorted(path for path in RESULTS.rglob("*") if (path.is_file() or path.is_symlink()) and path not in kept)


def withdrawals_changed(study: Study) -> bool:
    """Tell whether the results on disk were made under other lists of withdrawals than there are now."""
    if not RESULTS.is_dir():
        return False
    now = {one.path: digest(one.path) for one in of_kind(study.sources, "withdrawals")}
    if not HONOURED.is_file():  # nobody was admitted yet, or by a program that kept no account of it
        return bool(now) and (HONOURED.parent / "pseudonyms.parquet").is_file()
    with HONOURED.open(encoding="utf-8", newline="") as handle:
        return {row["file"]: row["sha256"] for row in csv.DictReader(handle)} != now


def caches() -> list[Path]:
    """Return the folders in which other programs keep copies of results."""
    return sorted(path for place in PLACES for name in CACHES for path in Path(place).rglob(name) if path.is_dir())


def sweep(study: Study, dag: Any) -> list[str]:
    """Remove what the run that begins does not answer for, and say what was removed.

    Parameters
    ----------
    study : Study
        The study.
    dag : snakemake.dag.DAG
        The jobs of the run. Only the plain run, which makes everything, tells an orphan from a file of another target.

    Returns
    -------
    list of str
        A sentence for each kind of thing that was removed, without names of files that may come from data.

    Notes
    -----
    When the list of withdrawals has changed, every result is removed at once that the run does not find up to date,
    also with another target than the plain run: if it stops half way, no result with the person is left. What is up to
    date does not depend on that list.
    """
    said = []
    for path in Path(".snakemake/scripts").glob("tmp*"):  # scripts of a killed run, with all their parameters
        path.unlink(missing_ok=True)
    if any(job.rule.name == "all" for job in dag.jobs):  # with --until or --omit-from it is not
        left = orphans(str(path) for job in dag.jobs for path in job.output)
        for path in left:
            path.unlink(missing_ok=True)
        if left:
            said.append(f"Removed from results/ what no rule makes any more: {_many(len(left), 'file')}.")
    if withdrawals_changed(study):
        again = {str(path) for job in dag.needrun_jobs() for path in job.output}
        there = orphans(str(path) for job in dag.jobs for path in job.output if str(path) not in again)
        for path in there:
            path.unlink()
        copies = caches()
        for folder in copies:
            shutil.rmtree(folder, ignore_errors=True)
        if there or copies:
            said.append(
                f"The list of withdrawals has changed: {_many(len(there), 'result')} and "
                f"{_many(len(copies), 'folder')} of copies were removed before they are made again."
            )
    for folder in sorted((path for path in RESULTS.rglob("*") if path.is_dir()), reverse=True):
        if not any(folder.iterdir()):
            folder.rmdir()
    return said
