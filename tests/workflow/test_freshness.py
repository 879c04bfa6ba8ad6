"""Edit this, and exactly these rules run again; then a second run does nothing."""

import os
import time

import pytest
from forked import not_loaded

END = {"release_tables", "draw_figures", "write_provenance", "render_report"}
MEASURES = {"describe_sample", "estimate_reliability", "compare_waves", "profile_competences"}
THEMES = {"code_segments", "export_coding", "check_coders", "build_themes", "map_themes", "choose_quotes"}
AUDIT = {"assess_certification", "compare_raters", "decide_levels"}
REPORT = {"write_provenance", "render_report"}
AFTER_CODERS = {"check_coders", "build_themes", "map_themes", "choose_quotes", "join_findings", *END}
PEOPLE = {
    "admit_participants",
    "score_scales",
    "prepare_transcripts",
    "measure_recall",
    "join_findings",
    *MEASURES,
    *THEMES,
    *END,
}
PACKAGE = "workflow/scripts/piloteval"

#: file, how it is edited, rules that run again
EDITS = [
    (
        "data/example/questionnaires/at1_pre.csv",
        "older",
        {"check_inputs", "score_scales", "join_findings", *MEASURES, *END},
    ),
    (
        "data/example/questionnaires/at2_redcap_dictionary.csv",
        "text",
        {"check_inputs", "score_scales", "join_findings", *MEASURES, *END},
    ),
    ("config/received.tsv", "text", {"check_inputs", *REPORT}),
    (
        "data/example/withdrawals.csv",
        "row",
        {"check_inputs", *AUDIT, "assess_consensus", *PEOPLE},
    ),
    (
        "data/example/interviews/deny_list.csv",
        "row",
        {"check_inputs", "prepare_transcripts", "measure_recall", "join_findings", *THEMES, *END},
    ),
    ("data/example/register.csv", "text", {"check_inputs", *PEOPLE}),
    ("data/example/audits/external.csv", "older", {"check_inputs", *AUDIT, *END}),
    ("data/example/indicators.csv", "text", {"check_inputs", *AUDIT, "profile_competences", *END}),
    ("data/example/consensus/round2.csv", "text", {"check_inputs", "assess_consensus", *END}),
    (
        "data/example/interviews/I04.txt",
        "text",
        {"check_inputs", "prepare_transcripts", "measure_recall", "join_findings", *THEMES, *END},
    ),
    (
        "data/example/codings/coder-a.csv",
        "text",
        {"check_inputs", *AFTER_CODERS},
    ),
    ("data/example/codings/coder_work.csv", "text", {"check_inputs", *AFTER_CODERS}),
    ("data/example/codings/approved_quotes.csv", "text", {"check_inputs", "choose_quotes", *REPORT}),
    ("config/instruments/brs.yaml", "text", {"check_inputs", "score_scales", "join_findings", *MEASURES, *END}),
    ("config/codebook.yaml", "text", {"check_inputs", "join_findings", *THEMES, *END}),
    ("config/standards/training.tsv", "row", {"check_inputs", *AUDIT, "profile_competences", *END}),
    ("config/levels.yaml", "text", {"decide_levels", "draw_figures", *REPORT}),
    ("config/statements.tsv", "row", {"check_inputs", "assess_consensus", *END}),
    (f"{PACKAGE}/measures/reliability.py", "text", {"estimate_reliability", "compare_waves", "join_findings", *END}),
    (
        f"{PACKAGE}/measures/prepost.py",
        "text",
        {
            "compare_waves",
            "profile_competences",
            "assess_consensus",
            "map_themes",
            "choose_quotes",
            "join_findings",
            *AUDIT,
            *END,
        },
    ),
    (f"{PACKAGE}/measures/levels.py", "text", {"decide_levels", "draw_figures", *REPORT}),
    (f"{PACKAGE}/report/feedback.py", "text", {"assess_consensus", *END}),
    (
        f"{PACKAGE}/measures/agreement.py",
        "text",
        {
            *AUDIT,
            "assess_consensus",
            "compare_waves",
            "profile_competences",
            "measure_recall",
            *AFTER_CODERS,
        },
    ),
    (f"{PACKAGE}/qualitative/coding.py", "text", {"join_findings", *THEMES, *END}),
    (f"{PACKAGE}/qualitative/exchange.py", "text", {"export_coding", *REPORT}),
    (f"{PACKAGE}/synthesis/joint.py", "text", {"join_findings", *END}),
    (f"{PACKAGE}/report/figures.py", "text", {"draw_figures", *REPORT}),
    (f"{PACKAGE}/report/prose.py", "text", REPORT),
    (f"{PACKAGE}/report/filters/qmd.lua", "lua", {"render_report"}),
    ("reports/_sections/_change.qmd", "text", {"render_report"}),
    ("reports/style/report.css", "css", {"render_report"}),
]

#: key of config.yaml, from, to, rules that run again
SETTINGS = [
    ("min_n: 10", "min_n: 12", {"estimate_reliability", "compare_waves", "join_findings", *END}),
    (
        "confidence: 0.95",
        "confidence: 0.90",
        {
            "estimate_reliability",
            "compare_waves",
            "profile_competences",
            *AUDIT,
            "assess_consensus",
            "measure_recall",
            *AFTER_CODERS,
        },
    ),
    ("factor_min_n: 50", "factor_min_n: 60", {"estimate_reliability", *END}),
    ("threshold_percent: 70", "threshold_percent: 75", {"assess_consensus", *END}),
    ("min_experience_years: 5", "min_experience_years: 6", {"check_inputs", *PEOPLE}),
    ("release_floor: 10", "release_floor: 15", END),
    (
        'title: "RESCUE pilot evaluation"',
        'title: "A pilot"',
        {"check_inputs", "assess_consensus", "export_coding", "map_themes", *END},
    ),
    ("rating_agree_from: 4", "rating_agree_from: 5", {*AUDIT, *END}),
]


class Edit:
    """An edit of a file that is taken back with content and date."""

    def __init__(self, path, content, seconds):
        self.path, self.content, self.seconds = path, content, seconds

    def __enter__(self):
        self.before, self.times = self.path.read_bytes(), (self.path.stat().st_atime_ns, self.path.stat().st_mtime_ns)
        self.path.write_bytes(self.content(self.before))
        when = time.time() + self.seconds
        os.utime(self.path, (when, when))

    def __exit__(self, *_):
        self.path.write_bytes(self.before)
        os.utime(self.path, ns=self.times)


CONTENT = {
    "older": lambda data: data[:-3] + bytes([data[-3] ^ 1]) + data[-2:],
    "text": lambda data: data + b"\n# a remark\n",
    "row": lambda data: data + b"\n",
    "lua": lambda data: data + b"\n-- a remark\n",
    "css": lambda data: data + b"\n/* a remark */\n",
}


def test_forked_runs_start_with_everything_loaded():
    assert not_loaded() == ""


def test_a_second_run_does_nothing(example):
    assert example.planned() == set()
    assert "Nothing to be done" in example.console()


@pytest.mark.parametrize(("name", "how", "expected"), EDITS, ids=[f"{name}-{how}" for name, how, _ in EDITS])
def test_an_edited_file_runs_exactly_what_depends_on_it(example, name, how, expected):
    # A raw file restored from a backup carries an old date; Snakemake alone would not see it.
    with Edit(example.folder / name, CONTENT[how], -10_000_000 if how == "older" else 2):
        assert example.planned() == expected


@pytest.mark.parametrize(("before", "after", "expected"), SETTINGS, ids=[setting[1] for setting in SETTINGS])
def test_a_changed_setting_runs_exactly_what_uses_it(example, before, after, expected):
    def content(data):
        assert before.encode() in data
        return data.replace(before.encode(), after.encode())

    with Edit(example.folder / "config/config.yaml", content, 2):
        assert example.planned() == expected


def test_touched_files_run_nothing(example):
    for path in [
        *example.folder.glob("workflow/scripts/piloteval/**/*.py"),
        *example.folder.glob("data/example/**/*.*"),
    ]:
        os.utime(path)
    assert example.planned() == set()


def test_a_new_file_in_the_data_folder_is_checked(example):
    stray = example.folder / "data/example/questionnaires/late.csv"
    stray.write_text("participant\n")
    try:
        assert "check_inputs" in example.planned()
    finally:
        stray.unlink()


def test_removing_a_source_runs_what_read_it(example):
    def without_interview(data):
        return b"\n".join(line for line in data.split(b"\n") if not line.startswith(b"interview-i16"))

    with Edit(example.folder / "config/inputs.tsv", without_interview, 2):
        planned = example.planned()
    assert {"check_inputs", "prepare_transcripts", *THEMES} <= planned
    assert not planned & {"score_scales", "assess_consensus", "assess_certification", *MEASURES}


def test_an_edit_of_data_and_code_at_once_is_not_half_done(example):
    # `ancient()` inputs would hide the second reason behind the first.
    code = Edit(example.folder / PACKAGE / "measures/delphi.py", CONTENT["text"], 2)
    data = Edit(example.folder / "data/example/interviews/I07.txt", CONTENT["text"], 2)
    with code, data:
        assert {"check_inputs", "assess_consensus", "prepare_transcripts"} <= example.planned()
