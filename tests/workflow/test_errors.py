"""Faults of the data and the configuration: one sentence each, the right end, nothing lost."""

import csv

import pytest

SHEET = "config/inputs.tsv"


def edit(study, name, before, after):
    path = study.folder / name
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), encoding="utf-8")


def stopped(study, *sentences):
    """The check stops with these sentences, exit 1, no traceback and no half-made table."""
    done = study.run("check")
    text = done.said
    assert done.code == 1, text
    for sentence in sentences:
        assert sentence in text.splitlines(), text
    assert "Traceback" not in text
    assert not (study.folder / "results/internal/quality/problems.csv").exists()
    # Snakemake deletes what a failed job wrote; the lists an analyst needs to mend it are kept beside.
    kept = study.folder / "results/internal/quality/stopped"
    with (kept / "problems.csv").open(encoding="utf-8") as handle:
        assert "STOP" in {row["level"] for row in csv.DictReader(handle)}
    assert "The run stops here" in (kept / "data_quality.html").read_text(encoding="utf-8")
    assert (study.folder / "results/restricted/quality/stopped/problems.csv").exists()
    return text


def test_wrong_site_in_the_sheet(study):
    edit(study, SHEET, "at1_pre.csv\tat1\t", "at1_pre.csv\tvienna\t")
    stopped(
        study,
        "config/inputs.tsv, row 3, column site: the site `vienna` is not in the configuration; "
        "expected one of at1, at2, be1, be2, pt1, es1, es2, ie1, de1. Correct the cell.",
    )


def test_missing_file(study):
    (study.folder / "data/example/indicators.csv").unlink()
    rows = (study.folder / SHEET).read_text().splitlines()
    row = next(number for number, line in enumerate(rows, start=1) if line.startswith("indicators"))
    stopped(
        study,
        f"config/inputs.tsv, row {row}, column path: there is no file data/example/indicators.csv. Put the file there, or remove the row.",
    )


def test_file_without_a_row(study):
    (study.folder / "data/example/late answers.csv").write_text("participant\n")
    stopped(
        study,
        "config/inputs.tsv: the file data/example/late answers.csv has no row. Paste this line (columns are separated by tabs) and fill in "
        "the rest, or move the file away: late-answers\tquestionnaire\tdata/example/late answers.csv",
    )


def test_all_problems_at_once(study):
    (study.folder / "data/example/indicators.csv").unlink()
    edit(study, SHEET, "at1_pre.csv\tat1\tpre", "at1_pre.csv\tat1\tbefore")
    text = stopped(study)
    assert "there is no file data/example/indicators.csv" in text
    assert "the wave `before` is not in the configuration; expected one of pre, post" in text


def test_missing_column(study):
    edit(study, "data/example/questionnaires/at1_pre.csv", ";who5_3;", ";well_3;")
    stopped(
        study,
        "data/example/questionnaires/at1_pre.csv, row 1, column who5_3: the column is missing. Add the column, or correct its name.",
    )


def test_ragged_row(study):
    edit(study, "data/example/audits/self.csv", "\nat1,", "\nat1,at1,")
    text = stopped(study)
    assert (
        "data/example/audits/self.csv, row 2: the row has 8 cells; expected 7 as in the header. Check separators and quotes in this row."
        in text
    )


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        (
            "report:\n  engine:",
            "report:\n  engin:",
            "config/config.yaml: `report.engin` is not a known key. Did you mean `engine`?",
        ),
        (
            "engine: auto",
            "engine: latex",
            "config/config.yaml: `report.engine` must be one of `auto`, `quarto`, `builtin`. Correct the value.",
        ),
        (
            "{scale: brs.total, role: secondary}",
            "{scale: mbi.total, role: secondary}",
            "config/config.yaml: `outcomes.2.scale` names the instrument of `mbi.total`, which is not in `instruments`. "
            "Add it there, or remove the outcome.",
        ),
        (
            "data_status: synthetic",
            "data_status: real",
            "config/config.yaml: `participants.key_file` is the example's key, which everybody knows. "
            "Make your own with `make key`, since `study.data_status` is real.",
        ),
        (
            "internal_floor: 5",
            "internal_floor: 1",
            "config/config.yaml: `tiers.internal_floor` must be a whole number of at least 5. Correct the value.",
        ),
    ],
)
def test_configuration_faults(study, before, after, sentence):
    edit(study, "config/config.yaml", before, after)
    done = study.run("check")
    text = done.said
    assert done.code == 1
    assert sentence in text.splitlines(), text
    assert "Traceback" not in text


def test_an_answer_off_the_scale_is_set_aside_and_nothing_is_lost(example):
    # The example holds a 9 on a scale of 1 to 5, an id nobody has, and a person sent twice.
    with (example.folder / "results/internal/quality/problems.csv").open(encoding="utf-8") as handle:
        problems = list(csv.DictReader(handle))
    off = next(row for row in problems if row["rule"] == "answer.range")
    assert (off["file"], off["row"], off["column"], off["level"]) == (
        "data/example/questionnaires/be2_pre.csv",
        "4",
        "brs_3",
        "QUARANTINE",
    )
    assert off["expected"] == "one of 1, 2, 3, 4, 5"
    assert {row["rule"] for row in problems if row["level"] != "NOTE"} == {
        "answer.range",
        "person.duplicate",
        "person.unknown",
    }
    with (example.folder / "results/restricted/quality/problems.csv").open(encoding="utf-8") as handle:
        kept = next(row for row in csv.DictReader(handle) if row["rule"] == "answer.range")
    assert kept["value"] == "9"


def test_withdrawal_of_somebody_unknown_stops(study):
    path = study.folder / "data/example/withdrawals.csv"
    with path.open("a") as handle:
        handle.write("XX1-99,2025-12-02,all,\n")
    done = study.run("results/restricted/people/participants.parquet")
    text = done.said
    assert done.code == 1
    assert "the list of withdrawals names somebody the register does not know" in text
    assert "XX1-99" not in text


def test_withdrawal_takes_a_person_out(study):
    path = study.folder / "data/example/withdrawals.csv"
    with path.open("a") as handle:
        handle.write("AT1-03,2025-12-02,all,\n")
    done = study.run("results/internal/quality/flow.csv", "results/restricted/quality/rows_questionnaires.csv")
    assert done.code == 0, done.said
    with (study.folder / "results/internal/quality/flow.csv").open() as handle:
        flow = {(row["step"], row["wave"]): row["people"] for row in csv.DictReader(handle) if not row["by"]}
    assert flow["registered", ""] == "70"
    assert flow["withdrew", ""] == "2"
    assert flow["enrolled", ""] == "65"
