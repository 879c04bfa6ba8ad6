"""What is removed before a run begins: orphans, remains of a killed run, results made with somebody who withdrew."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from piloteval import sweep
from piloteval.intake.sheet import Source, digest

FLOW, REPORT, ODD = "results/internal/quality/flow.csv", "results/internal/report/evaluation.html", "results/odd.pdf"
HONOURED = "results/restricted/people/withdrawals.csv"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return a study folder with results of an earlier run, which is the working folder."""
    monkeypatch.chdir(tmp_path)
    for name in (FLOW, REPORT, "withdrawals.csv"):
        write(name)
    honour()
    return tmp_path


def write(name, text="x"):
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def honour(*files):
    lines = [f"{name},{digest(name)}" for name in files or ("withdrawals.csv",)]
    write(HONOURED, "\n".join(["file,sha256", *lines, ""]))


def study(*withdrawals):
    return SimpleNamespace(
        sources=[Source(2, name, "withdrawals", name) for name in withdrawals or ("withdrawals.csv",)]
    )


def dag(*again, target="all", kept=()):
    """Return a stand-in for Snakemake's jobs: those that run again, and those that are up to date."""
    other = SimpleNamespace(name="other")
    jobs = [SimpleNamespace(output=[path], rule=other) for path in again]
    others = [SimpleNamespace(output=[path], rule=other) for path in kept]
    last = SimpleNamespace(output=[], rule=SimpleNamespace(name=target))
    return SimpleNamespace(jobs=[*jobs, *others, last], needrun_jobs=lambda: [*jobs, last])


def test_a_plain_run_removes_what_no_rule_makes(folder):
    write(ODD)
    write("results/internal/quality/stopped/problems.csv")
    write("results/restricted/traces/score_scales.txt")
    write("results/internal/quality/.flow.part.csv")
    said = sweep.sweep(study(), dag(REPORT, kept=[FLOW, HONOURED]))
    assert said == ["Removed from results/ what no rule makes any more: 4 files."]
    assert sorted(str(path) for path in Path("results").rglob("*") if path.is_file()) == sorted(
        [FLOW, REPORT, HONOURED]
    )
    assert not Path("results/restricted/traces").exists()


def test_another_target_removes_nothing(folder):
    write(ODD)
    assert sweep.sweep(study(), dag(FLOW, target="check")) == []
    assert Path(ODD).exists()


def test_nothing_outside_of_results_is_an_orphan(folder):
    write("data/raw/answers.csv")
    write("notes.txt")
    sweep.sweep(study(), dag(REPORT, kept=[FLOW, HONOURED]))
    assert Path("data/raw/answers.csv").exists() and Path("notes.txt").exists()


def test_results_stay_while_the_withdrawals_are_the_same(folder):
    assert sweep.sweep(study(), dag(REPORT, kept=[FLOW, HONOURED])) == []
    assert Path(REPORT).exists()


@pytest.mark.parametrize("target", ["all", "check", "themes"])
def test_a_changed_list_removes_at_once_what_is_made_again(folder, target):
    write("withdrawals.csv", "one more")
    write("reports/_freeze/evaluation/figure.json")
    write("notebooks/.ipynb_checkpoints/look.ipynb")
    write("reports/evaluation.qmd")
    said = sweep.sweep(study(), dag(REPORT, HONOURED, target=target, kept=[FLOW]))
    assert said == [
        "The list of withdrawals has changed: 2 results and 2 folders of copies were removed before they are made again."
    ]
    assert not Path(REPORT).exists() and not Path(HONOURED).exists()
    assert Path(FLOW).exists()  # up to date, so it does not rest on the list
    assert not Path("reports/_freeze").exists() and Path("reports/evaluation.qmd").exists()


@pytest.mark.parametrize("lists", [("withdrawals.csv", "more.csv"), ("other.csv",), ()])
def test_a_list_that_came_or_went_is_a_change(folder, lists):
    for name in lists:
        write(name)
    there = SimpleNamespace(sources=[Source(2, name, "withdrawals", name) for name in lists])
    assert sweep.withdrawals_changed(there)


def test_first_run_removes_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write("withdrawals.csv")
    assert sweep.sweep(study(), dag(REPORT)) == []


def test_results_without_an_account_of_the_withdrawals(folder):
    Path(HONOURED).unlink()
    assert not sweep.withdrawals_changed(study())  # nobody was admitted: `snakemake certification` alone
    write("results/restricted/people/pseudonyms.parquet")
    assert sweep.withdrawals_changed(study())
    assert not sweep.withdrawals_changed(SimpleNamespace(sources=[]))


def test_scripts_of_a_killed_run_go(folder):
    write(".snakemake/scripts/tmpabc.people.py", "parameters of the job")
    write(".snakemake/metadata/kept")
    sweep.sweep(study(), dag(FLOW, target="check"))
    assert not list(Path(".snakemake/scripts").iterdir())
    assert Path(".snakemake/metadata/kept").exists()


def test_links_are_removed_and_not_followed(folder):
    write("elsewhere/file.txt")
    Path("results/link").symlink_to(folder / "elsewhere/file.txt")
    sweep.sweep(study(), dag(REPORT, kept=[FLOW, HONOURED]))
    assert not Path("results/link").is_symlink()
    assert Path("elsewhere/file.txt").exists()
