"""Dry runs of Snakemake that start fast: each is forked from a process that has imported Snakemake once."""

from __future__ import annotations

import multiprocessing
import os
import tempfile
from pathlib import Path

_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(["snakemake.cli"])


def _run(arguments: list[str], folder: str, said: str) -> None:
    handle = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    os.chdir(folder)
    from snakemake.cli import main

    main(arguments)


def dry_run(arguments: list[str], folder: Path) -> tuple[int, str]:
    """Run Snakemake in a folder; return its exit code and what it said."""
    handle, said = tempfile.mkstemp()
    os.close(handle)
    process = _SERVER.Process(target=_run, args=(["-n", *arguments], str(folder), said))
    process.start()
    process.join()
    text = Path(said).read_text(encoding="utf-8")
    Path(said).unlink()
    return process.exitcode, text
