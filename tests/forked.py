"""Runs of Snakemake that start fast: each is forked from a process that has loaded Snakemake once."""

from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
from pathlib import Path

#: What Snakemake loads on its way to the first job, named here since loading it takes longer than a dry run itself. A
#: name that is not there is passed over silently, so a test counts what is loaded.
LOADED = (
    "snakemake.cli",
    *(
        f"snakemake.{name}"
        for name in ("executors.dryrun", "executors.local", "report.html_reporter", "scheduling.milp")
    ),
    *("cloudpickle", "jsonschema", "nbformat", "pandas", "pyarrow", "referencing", "requests", "smart_open"),
)
_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(list(LOADED))


def _run(arguments: list[str], folder: str, said: str) -> None:
    handle = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    os.chdir(folder)
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    from snakemake.cli import main

    main(arguments)


def _missing(said: str) -> None:
    Path(said).write_text(" ".join(name for name in LOADED if name not in sys.modules), encoding="utf-8")


def _in_a_fork(what, *arguments) -> tuple[int, str]:
    handle, said = tempfile.mkstemp()
    os.close(handle)
    process = _SERVER.Process(target=what, args=(*arguments, said))
    process.start()
    process.join()
    text = Path(said).read_text(encoding="utf-8")
    Path(said).unlink()
    return process.exitcode, text


def snakemake(arguments: list[str], folder: Path) -> tuple[int, str]:
    """Run Snakemake in a folder; return its exit code and what it said."""
    return _in_a_fork(_run, arguments, str(folder))


def not_loaded() -> str:
    """Return which modules a run would still have to load."""
    return _in_a_fork(_missing)[1]
