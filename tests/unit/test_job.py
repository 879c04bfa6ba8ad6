"""The job: everything printed goes to the log, one sentence to the console, outputs appear whole or not at all."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "workflow/scripts"
FLOW = "results/internal/quality/flow.csv"

HEAD = f"""
import os, subprocess, sys, warnings
from types import SimpleNamespace
sys.path.insert(0, {str(SCRIPTS)!r})
from piloteval.job import job

class Named(dict):
    __getattr__ = dict.__getitem__

limits = Named(internal_floor=5)
snakemake = SimpleNamespace(
    rule="describe_sample", input=Named(), output=Named(flow={FLOW!r}, other="results/elsewhere.csv"),
    params=Named(tiers=limits), wildcards=Named(), threads=1, log=["logs/describe_sample.log"],
)
import pandas as pd
flow = pd.DataFrame({{"step": ["enrolled"], "wave": "", "by": "", "group": "", "people": [66], "note": ""}})
"""


def run(tmp_path, body):
    (tmp_path / "script.py").write_text(HEAD + body, encoding="utf-8")
    return subprocess.run([sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True)


def test_outputs_of_a_good_job_are_in_place_and_its_talk_is_in_the_log(tmp_path):
    done = run(
        tmp_path,
        """
with job(snakemake) as this:
    print("printed")
    warnings.warn("warned")
    subprocess.run(["echo", "child process"])
    this.write(flow=flow)
print("after the job")
""",
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "after the job\n"
    assert done.stderr == ""
    log = (tmp_path / "logs/describe_sample.log").read_text()
    assert all(word in log for word in ("printed", "warned", "child process"))
    assert (tmp_path / FLOW).read_text() == "step,wave,by,group,people,note\nenrolled,,,,66,\n"
    assert [path.name for path in (tmp_path / FLOW).parent.iterdir()] == ["flow.csv"]


def test_a_known_fault_is_one_sentence(tmp_path):
    done = run(
        tmp_path,
        """
from piloteval.errors import DataError
with job(snakemake) as this:
    this.write(flow=flow)
    raise DataError("data/x.csv, row 4, column q1: the answer is not allowed; expected one of 1, 2. Correct the cell.")
""",
    )
    sentence = "data/x.csv, row 4, column q1: the answer is not allowed; expected one of 1, 2. Correct the cell.\n"
    assert done.returncode == 1
    assert done.stderr == sentence
    assert done.stdout == ""
    assert (tmp_path / "logs/stopped.txt").read_text() == sentence
    assert not (tmp_path / FLOW).exists()
    assert not list((tmp_path / FLOW).parent.iterdir())


def test_an_unexpected_fault_keeps_its_text_in_the_restricted_tier(tmp_path):
    done = run(
        tmp_path,
        """
with job(snakemake) as this:
    pd.to_numeric(pd.Series(["Maria Novak"]))
""",
    )
    assert done.returncode == 1
    assert "Maria Novak" not in done.stderr + done.stdout + (tmp_path / "logs/describe_sample.log").read_text()
    assert done.stderr.startswith("describe_sample: an unexpected ValueError stopped this step. The full trace is in")
    assert "Maria Novak" in (tmp_path / "results/restricted/traces/describe_sample.txt").read_text()


def test_a_fault_in_the_package_names_its_place(tmp_path):
    done = run(
        tmp_path,
        """
from piloteval.measures.flow import describe_flow
with job(snakemake) as this:
    describe_flow(flow, flow, flow, flow, ["pre"])
""",
    )
    assert "an unexpected KeyError in piloteval/measures/flow.py, line " in done.stderr


@pytest.mark.parametrize(
    ("write", "sentence"),
    [
        ('this.write_to("results/internal/sample/unknown.csv", flow)', "has no table contract, so no tier"),
        ("this.target(this.output.other)", "lies in no tier"),
        ("this.write(flow=flow.assign(extra=1))", "internal/quality/flow.csv: columns missing [], extra ['extra']"),
    ],
)
def test_an_output_without_a_label_or_against_its_contract_fails(tmp_path, write, sentence):
    done = run(tmp_path, f"\nwith job(snakemake) as this:\n    {write}\n")
    assert done.returncode == 1
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_good_output_survives_a_failing_second_run(tmp_path):
    good = "\nwith job(snakemake) as this:\n    this.write(flow=flow)\n"
    assert run(tmp_path, good).returncode == 0
    before = (tmp_path / FLOW).read_bytes()
    assert run(tmp_path, good + "    raise RuntimeError('no space left')\n").returncode == 1
    assert (tmp_path / FLOW).read_bytes() == before


def test_error_of_another_program_about_a_file_stays_in_the_restricted_tier(tmp_path):
    done = run(
        tmp_path,
        """
with job(snakemake) as this:
    from piloteval.errors import PilotError, keep_foreign

    try:
        raise ValueError("Maria Novak")
    except ValueError:
        keep_foreign("data/x.sav")
    raise PilotError("data/x.sav: this is not an SPSS file that can be opened.")
""",
    )
    assert "Maria Novak" not in done.stdout + done.stderr
    assert "Maria Novak" not in (tmp_path / "logs/describe_sample.log").read_text()
    kept = (tmp_path / "results/restricted/traces/describe_sample_files.txt").read_text()
    assert "data/x.sav" in kept
    assert "ValueError: Maria Novak" in kept
