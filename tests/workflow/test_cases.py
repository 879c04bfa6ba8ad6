"""Studies with one part only run by data and configuration alone, and their report says what is not part of them."""

import csv
import os
import re
import shutil

import pytest
from workflow.conftest import ROOT, Workflow

REFERENCE = ROOT / "tests/reference/reliability_expected.csv"


def run_case(name, tmp_path_factory):
    folder = tmp_path_factory.mktemp(name)
    shutil.copytree(ROOT / "tests/cases" / name, folder, dirs_exist_ok=True)
    case = Workflow(folder, ROOT / "Snakefile")
    done = case.run()
    assert done.code == 0, done.said
    return case


@pytest.fixture(scope="module")
def questionnaires(tmp_path_factory):
    return run_case("questionnaires_only", tmp_path_factory)


@pytest.fixture(scope="module")
def interviews(tmp_path_factory):
    return run_case("interviews_only", tmp_path_factory)


def report_of(case):
    page = (case.folder / "results/internal/report/evaluation.html").read_text(encoding="utf-8")
    return " ".join(re.sub(r"<[^>]+>", " ", re.sub(r"<style.*?</style>", "", page, flags=re.DOTALL)).split())


def test_questionnaires_only(questionnaires):
    text = report_of(questionnaires)
    assert (
        "This study has no data for: change between the waves, audits and ratings of the standards, consensus of a panel, interviews and"
        in text
    )
    assert "The study has no register, so consent and eligibility were not checked here" in text
    assert "Themes by cohort" not in text
    assert not (questionnaires.folder / "results/internal/interviews").exists()
    assert questionnaires.planned() == set()


def test_alpha_of_real_answers_equals_psych(questionnaires):
    """Alpha and interval of the published answers, incomplete rows dropped, are those of R's psych."""
    with REFERENCE.open(encoding="utf-8") as handle:
        expected = {row["id"]: float(row["expected"]) for row in csv.DictReader(handle)}
    with (questionnaires.folder / "results/internal/reliability/scales.csv").open(encoding="utf-8") as handle:
        rows = {row["scale"]: row for row in csv.DictReader(handle) if row["statistic"] == "alpha"}
    agreeableness = rows["bfi.agreeableness"]
    assert float(agreeableness["estimate"]) == pytest.approx(expected["alpha.bfi66_A_listwise.raw"], rel=1e-6)
    assert float(agreeableness["ci_low"]) == pytest.approx(expected["alpha.bfi66_A_listwise.feldt.lower"], rel=1e-6)
    assert float(agreeableness["ci_high"]) == pytest.approx(expected["alpha.bfi66_A_listwise.feldt.upper"], rel=1e-6)
    assert (agreeableness["n"], agreeableness["n_dropped"]) == ("65", "1")


def test_interviews_only(interviews):
    text = report_of(interviews)
    assert "6 interviews in 2 languages hold 13 sentences of participants." in text
    assert "This study has no data for: participants and scores, reliability of the scales" in text
    assert "Cronbach" not in text
    assert not (interviews.folder / "results/internal/reliability").exists()
    assert interviews.planned() == set()


def test_changes_of_the_codebook_are_reported(interviews):
    with (interviews.folder / "results/internal/themes/codebook_changes.csv").open(encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    assert [(row["code"], row["change"]) for row in rows] == [
        ("HELP_PEER", "cues"),
        ("TIME_LACK", "added"),
        ("TIME_SHORT", "vanished"),
        ("all", "sentences"),
    ]
    text = report_of(interviews)
    assert "3 codes differ from the version before" in text and "added: → Lack of time" in text


def test_an_older_raw_file_really_changes_the_numbers(questionnaires):
    """A file restored from a backup, older than the results, is read again; then nothing is left to do."""
    results = questionnaires.folder / "results/internal"
    path = questionnaires.folder / "data/bfi_66x25_missing.csv"
    lines = path.read_text().splitlines()
    lines[1] = "6" + lines[1][1:]
    path.write_text("\n".join(lines) + "\n")
    os.utime(path, (1_600_000_000, 1_600_000_000))
    before = (results / "reliability/scales.csv").read_bytes()
    text = questionnaires.console("reliability")
    assert "Changed since the last run: reliability/" in text
    assert (results / "reliability/scales.csv").read_bytes() != before
    assert "Nothing to be done" in questionnaires.console("reliability")


def test_nothing_is_written_into_the_repository(questionnaires, interviews):
    for case in (questionnaires, interviews):
        assert (case.folder / "results").is_dir()
        assert (case.folder / ".snakemake").is_dir()
