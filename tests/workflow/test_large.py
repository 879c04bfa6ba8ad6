"""Large studies, made by the same simulator with other sizes (``make test-full``)."""

import csv
import shutil

import pytest
from piloteval.simulate.__main__ import write_study
from workflow.conftest import ROOT, Workflow


def test_ten_times_the_people_run_to_the_end(request, tmp_path):
    if not request.config.getoption("--full"):
        pytest.skip("a large study; make test-full runs it")
    shutil.copytree(ROOT / "config", tmp_path / "config")
    sizes = {
        "participants": 660,
        "sites": 30,
        "items": 20,
        "transcripts": 64,
        "words": 2000,
        "panellists": 60,
        "raters": 3,
    }
    write_study(tmp_path, seed=1, **sizes)
    study = Workflow(tmp_path, ROOT / "Snakefile")
    done = study.run("results/internal/provenance/manifest.csv")
    assert done.code == 0, done.said
    with (tmp_path / "results/internal/quality/flow.csv").open() as handle:
        flow = {row["step"]: int(row["people"]) for row in csv.DictReader(handle) if not row["by"]}
    assert flow["enrolled"] == 660
    assert study.planned() <= {"render_report"}
