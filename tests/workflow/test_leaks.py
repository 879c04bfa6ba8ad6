"""Nothing planted in the raw data, no id, no word of a participant and no key leaves the restricted tier.

A copy of the example study is planted with canaries and run once with a key of its own, then started again, in processes
of its own, and killed.
This takes longer than other tests (about a minute), since a hole can be anywhere.
"""

import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import canaries
import pytest
from forked import snakemake
from piloteval.leakscan import Needle, files_to_scan, look, needles_of

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Planted:
    """The planted study after its run."""

    folder: Path
    birds: list[canaries.Canary]
    own: list[Needle]
    key: Needle
    console: Path


def start(folder, console, *targets):
    """Start the workflow in a session of its own; what it says goes to a file."""
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    command = [sys.executable, "-m", "snakemake", "-s", str(ROOT / "Snakefile"), "-d", str(folder), "--cores", "2"]
    with console.open("w", encoding="utf-8") as said:
        return subprocess.Popen(
            [*command, *targets],
            cwd=folder,
            env=environment,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    base = tmp_path_factory.mktemp("leaks")
    folder = base / "study"
    for name in ("config", "data"):
        shutil.copytree(ROOT / name, folder / name)
    birds = canaries.plant(folder)
    secret = base / "kept" / "pilot.key"
    secret.parent.mkdir()
    secret.write_bytes(secrets.token_bytes(32))
    secret.chmod(0o600)
    settings = folder / "config/config.yaml"
    text = settings.read_text(encoding="utf-8")
    assert "key_file: config/demo.key" in text
    text = text.replace("key_file: config/demo.key", f"key_file: {secret}")
    text = text.replace("draws: 2000", "draws: 200").replace(
        "imputations: 20", "imputations: 5"
    )  # numbers matter less here
    settings.write_text(text, encoding="utf-8")
    (folder / "config/demo.key").unlink()
    more = (
        "results/internal/provenance/manifest.csv",
        "results/internal/report/evaluation.html",
        "results/internal/report/evaluation.docx",
        "results/release/report/evaluation.pdf",
    )
    console = base / "console.txt"
    code, said = snakemake(["-s", str(ROOT / "Snakefile"), "-d", str(folder), "--cores", "2", *more], folder)
    console.write_text(said, encoding="utf-8")
    assert code == 0, said[-3000:]
    assert all((folder / path).is_file() for path in more)
    return Planted(folder, birds, needles_of(folder), Needle(secret.read_bytes(), "key"), console)


def found(paths, needles, root):
    return Counter(one.what for one in look(paths, needles, root=root).leaks)


def test_nothing_planted_leaves_the_restricted_tier(planted, record_property):
    needles = [*planted.birds, *planted.own, planted.key]
    report = look(files_to_scan(planted.folder), needles, root=planted.folder)
    said = look([planted.console], needles, root=planted.console.parent)
    record_property("figures", f"leak scan: {len(planted.birds)} canaries planted; {report.figures()}")
    assert not report.leaks, report.leaks[:20]
    assert not said.leaks, said.leaks[:20]
    assert not report.unopened, report.unopened[:20]
    suffixes = {path.suffix for path in files_to_scan(planted.folder)}
    assert {".csv", ".html", ".docx", ".pdf", ".png", ".log"} <= suffixes


def test_every_canary_stands_in_the_raw_data(planted):
    raw = [path for name in ("config", "data") for path in (planted.folder / name).rglob("*") if path.is_file()]
    there = found(raw, planted.birds, planted.folder)
    assert not [one.what for one in planted.birds if not there[one.what]]


def test_what_passes_the_door_stands_in_the_restricted_tier(planted):
    """Else the study would not have read what was planted, and finding nothing outside would say nothing."""
    restricted = [path for path in (planted.folder / "results/restricted").rglob("*") if path.is_file()]
    there = found(restricted, [*planted.birds, *planted.own], planted.folder)
    assert sum(one.kept for one in planted.birds) > 150
    assert not [one.what for one in planted.birds if one.kept and not there[one.what]]
    kinds = {"participant id", "pseudonym", "sentence of a participant", "coded passage", "name of the deny-list"}
    assert kinds <= set(there)


def test_the_needles_of_the_study_are_those_a_reader_would_name(planted):
    """Ids of everybody, names, addresses, free text, words; and the key the study was run with."""
    count = Counter(one.what for one in planted.own)
    assert count["participant id"] >= 70 and count["pseudonym"] >= 70
    assert count["sentence of a participant"] > 700
    for what in ("rater id", "auditor id", "coder id", "mail address", "network address", "name of the deny-list"):
        assert count[what] >= 2, what
    assert planted.key in planted.own
    texts = [one.text for one in planted.own]
    assert not any("Example institution" in str(text) for text in texts)
    assert len(texts) > 2000


def test_a_killed_run_leaves_no_key_and_no_canary(planted):
    """SIGKILL to the whole session while jobs run; what they had begun lies about and is looked through."""
    register = planted.folder / "data/example/register.csv"
    text = register.read_text(encoding="utf-8")
    assert ",13,yes" in text
    register.write_text(text.replace(",13,yes", ",14,yes", 1), encoding="utf-8")
    started = time.time()
    console = planted.console.with_name("killed.txt")
    run = start(planted.folder, console)
    scripts = planted.folder / ".snakemake/scripts"
    while time.time() < started + 60 and run.poll() is None and not list(scripts.glob("*.py")):
        time.sleep(0.05)
    time.sleep(0.7)
    os.killpg(run.pid, signal.SIGKILL)
    assert run.wait(30) == -signal.SIGKILL
    left = [path for path in files_to_scan(planted.folder) if path.stat().st_mtime >= started - 1]
    assert any(".snakemake/scripts" in path.as_posix() for path in left), "the run was killed too early or too late"
    needles = [*planted.birds, *planted.own, planted.key]
    assert not look(left, needles, root=planted.folder).leaks
    assert not look([console], needles, root=console.parent).leaks
