"""The example study is run once a test session, in a copy of the repository; all workflow tests share it."""

import fcntl
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pytest
from forked import snakemake

ROOT = Path(__file__).resolve().parents[2]


LEFT_BEHIND = {
    ".git",
    ".venv",
    ".snakemake",
    "results",
    "logs",
    "benchmarks",
    "__pycache__",
    ".pytest_cache",
    ".ruff_cache",
    ".hypothesis",
}


def copy_repository(target: Path) -> Path:
    """Copy the repository without results, caches and the venv."""
    shutil.copytree(ROOT, target, dirs_exist_ok=True, ignore=lambda _folder, names: LEFT_BEHIND & set(names))
    return target


class Done(NamedTuple):
    """What a run left: its exit code, and what it said on both streams."""

    code: int
    said: str


@dataclass
class Workflow:
    """A study folder and the Snakefile that runs it."""

    folder: Path
    snakefile: Path
    first_run: str = ""

    def start(self) -> Done:
        """Run as an analyst does, in a process of its own."""
        environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
        command = [sys.executable, "-m", "snakemake", *self._where()]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, env=environment)
        return Done(done.returncode, done.stdout + done.stderr)

    def run(self, *arguments: str) -> Done:
        """Run with a quick start."""
        return Done(*snakemake([*self._where(), *arguments], self.folder))

    def _where(self) -> list[str]:
        return ["-s", str(self.snakefile), "-d", str(self.folder), "--cores", "2"]

    def console(self, *arguments: str) -> str:
        """Run and return what the analyst reads."""
        return self.run(*arguments).said

    def planned(self) -> set[str]:
        """Return the rules a dry run says would run, without the target rules."""
        done = self.run("-n", "--quiet", "host")
        assert done.code == 0, done.said
        text = done.said
        if "Nothing to be done" in text:
            return set()
        table = text[text.index("Job stats:") :]
        return set(re.findall(r"^([a-z_]+) +\d+$", table, re.MULTILINE)) - {"all", "total", "job"}


@pytest.fixture(scope="session")
def example(tmp_path_factory, worker_id):
    """Return the example study after one full run, which all workers share: the first makes it, the others wait."""
    shared = tmp_path_factory.getbasetemp() if worker_id == "master" else tmp_path_factory.getbasetemp().parent
    folder = shared / "example"
    workflow = Workflow(folder, folder / "Snakefile")
    with (shared / "example.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        said = shared / "example.txt"
        if not said.exists():
            copy_repository(folder)
            done = workflow.start()
            said.write_text(f"{done.code}\n{done.said}", encoding="utf-8")
    code, workflow.first_run = said.read_text(encoding="utf-8").split("\n", 1)
    assert code == "0", workflow.first_run
    return workflow


@pytest.fixture
def study(tmp_path):
    """Return a fresh study folder with the example's data, run with the repository's own Snakefile."""
    for name in ("config", "data"):
        shutil.copytree(ROOT / name, tmp_path / name)
    return Workflow(tmp_path, ROOT / "Snakefile")
