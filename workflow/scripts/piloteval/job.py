"""The one place that knows Snakemake: log, one-sentence errors, typed reading, atomic writing.

A shim opens its job, calls one function of the package and writes what it returns::

    with job(snakemake) as this:
        from piloteval.measures import scoring

        this.write(scores=scoring.score(this.read("responses"), ...))
"""

from __future__ import annotations

import logging
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

# Two jobs share two cores; a second team of threads in each would only slow both,
# and one thread gives the same digits everywhere.
for _library in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_library, "1")

from piloteval import tables, tiers  # noqa: E402
from piloteval.errors import FOREIGN, ContractError, PilotError  # noqa: E402
from piloteval.summary import STOPPED  # noqa: E402

if TYPE_CHECKING:
    import pandas as pd

#: Full traces can hold values from the data, so they go to the restricted tier, never to the console or the log.
TRACES = Path("results/restricted/traces")


class _Foreign(logging.Handler):
    """Writes errors of other programs to the restricted tier, when there are any."""

    def __init__(self, rule: str) -> None:
        super().__init__()
        self.path = TRACES / f"{rule}_files.txt"
        self.path.unlink(missing_ok=True)

    def emit(self, record: logging.LogRecord) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(f"{self.format(record)}\n")


class Job:
    """What a rule gave its script: named inputs, params and outputs.

    Parameters
    ----------
    snakemake : snakemake.iocontainers.Snakemake
        The object Snakemake puts into every script.
    """

    def __init__(self, snakemake: Any) -> None:
        self.rule: str = snakemake.rule
        self.input = snakemake.input
        self.output = snakemake.output
        self.params = snakemake.params
        self.wildcards = snakemake.wildcards
        self.threads: int = snakemake.threads
        self._waiting: dict[Path, Path] = {}
        self._kept: dict[Path, Path] = {}

    def values(self, *names: str) -> dict[str, Any]:
        """Return named params as plain values, ready to pass on by name."""
        return {name: self.params[name] for name in names}

    def paths(self, *names: str) -> dict[str, list[str]]:
        """Return the paths of named inputs, ready to pass on by name."""
        return {name: self.files(name) for name in names}

    def files(self, name: str) -> list[str]:
        """Return the paths of a named input as a list, however many there are."""
        paths = self.input.get(name) or []
        return [paths] if isinstance(paths, str) else list(paths)

    def read(self, name: str) -> pd.DataFrame | None:
        """Read a named input table by its contract; None when the study has no such part."""
        paths = self.files(name)
        return tables.read(paths[0]) if paths else None

    def read_all(self, name: str) -> dict[str, pd.DataFrame]:
        """Read every table of a named input, by its path below ``results/``."""
        return {tables.contract(path).path: tables.read(path) for path in self.files(name)}

    def target(self, path: str) -> Path:
        """Return the temporary place of an output; it is moved to its own name when the job has succeeded."""
        final = Path(path)
        if "results/" not in f"{final.as_posix()}" or final.as_posix().rpartition("results/")[2].split("/")[0] not in (
            "restricted",
            "internal",
            "release",
        ):
            raise ContractError(
                f"{final} lies in no tier. Give every output a place in restricted, internal or release."
            )
        final.parent.mkdir(parents=True, exist_ok=True)
        place = final.with_name(f".{final.stem}.part{final.suffix}")
        self._waiting[final] = place
        return place

    def tier(self, name: str) -> tiers.Tier:
        """Return a tier with the limits of the study (params ``tiers``)."""
        limits = self.params.tiers
        if name == "internal":
            return tiers.internal(limits["internal_floor"])
        if name == "release":
            return tiers.release(limits["release_floor"], limits["release_round_to"], limits["release_decimals"])
        return tiers.RESTRICTED

    def write(self, **results: pd.DataFrame | list[dict[str, Any]] | str) -> None:
        """Write named outputs: tables, plain rows or a page; what their tier may not show is withheld at this door."""
        for name, result in results.items():
            if isinstance(result, str):
                self.target(self.output[name]).write_text(result, encoding="utf-8")
            elif isinstance(result, bytes):
                self.target(self.output[name]).write_bytes(result)
            else:
                self.write_to(self.output[name], result)

    def write_to(self, path: str, table: pd.DataFrame | list[dict[str, Any]]) -> None:
        """Write one table, or its plain rows, to a path with a contract."""
        one = tables.contract(path)
        if isinstance(table, list):
            self.target(path).write_bytes(tables.rows_to_bytes(table, one))
            return
        shown = tables.present(table, one, self.tier(one.tier))
        self.target(path).write_bytes(tables.to_bytes(shown, one))

    def keep_when_stopped(self, *names: str) -> None:
        """Keep named outputs in a folder ``stopped`` beside their place when a known fault stops the job.

        Snakemake deletes the outputs of a failed job; these are what the analyst needs to mend it. The next good run
        removes them.
        """
        self._kept = {Path(self.output[name]): Path(self.output[name]).parent / "stopped" for name in names}

    def place(self) -> None:
        """Move all outputs to their names: each is whole or absent."""
        for final, folder in self._kept.items():
            (folder / final.name).unlink(missing_ok=True)
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()
        for final, waiting in self._waiting.items():
            with waiting.open("rb") as handle:
                os.fsync(handle.fileno())
            waiting.replace(final)

    def discard(self) -> None:
        """Remove what a failed job had begun, except what is kept for mending."""
        for final, waiting in self._waiting.items():
            if final in self._kept and waiting.is_file():
                self._kept[final].mkdir(parents=True, exist_ok=True)
                waiting.replace(self._kept[final] / final.name)
            waiting.unlink(missing_ok=True)


def _own_line(fault: BaseException) -> str:
    """Say where in the package an unexpected fault arose, without its text."""
    here = Path(__file__).parent
    frames = [frame for frame in traceback.extract_tb(fault.__traceback__) if Path(frame.filename).is_relative_to(here)]
    inside = [frame for frame in frames if Path(frame.filename).name != "job.py"]
    return (
        f" in {Path(inside[-1].filename).relative_to(here.parent).as_posix()}, line {inside[-1].lineno}"
        if inside
        else ""
    )


@contextmanager
def job(snakemake: Any) -> Iterator[Job]:
    """Run the body of a shim as a job.

    Everything printed, warned or written by child processes goes to the rule's log. A known fault (:class:`PilotError`)
    is said on the console in its own sentence; of any other only type and place are said, and the trace goes to the
    restricted tier. Outputs appear under their names only when the body has succeeded.
    """
    log = Path(snakemake.log[0])
    log.parent.mkdir(parents=True, exist_ok=True)
    console = os.dup(2)
    keep = os.dup(1)
    with log.open("w", encoding="utf-8") as handle:
        sys.stdout.flush()
        sys.stderr.flush()
        os.dup2(handle.fileno(), 1)
        os.dup2(handle.fileno(), 2)

        def say(text: str) -> None:
            os.write(console, f"{text}\n".encode())
            print(text, flush=True)
            with STOPPED.open("a", encoding="utf-8") as stopped:
                stopped.write(f"{text}\n")

        logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(message)s", force=True)
        this = Job(snakemake)
        FOREIGN.addHandler(_Foreign(this.rule))
        FOREIGN.setLevel(logging.INFO)
        failed = False
        try:
            yield this
            this.place()
        except PilotError as fault:
            failed = True
            say(str(fault))
        except BaseException as fault:
            failed = True
            trace = TRACES / f"{this.rule}.txt"
            trace.parent.mkdir(parents=True, exist_ok=True)
            trace.write_text(traceback.format_exc(), encoding="utf-8")
            say(
                f"{this.rule}: an unexpected {type(fault).__name__}{_own_line(fault)} stopped this step. "
                f"The full trace is in {trace} (restricted); please report it."
            )
        finally:
            if failed:
                this.discard()
            sys.stdout.flush()
            sys.stderr.flush()
            os.dup2(keep, 1)
            os.dup2(console, 2)
            os.close(keep)
            os.close(console)
    if failed:
        raise SystemExit(1)
