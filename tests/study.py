"""What several test files need to read raw files without a whole study around them."""

from __future__ import annotations

from pathlib import Path

from piloteval.intake.sheet import Source

ROOT = Path(__file__).resolve().parents[1]

#: What a job is told about the raw files when the configuration says nothing of its own.
SETTINGS = {
    "participant_column": "participant",
    "site_column": "site",
    "wave_column": "wave",
    "wave_names": {},
    "date_column": "completed_on",
    "item_column": "item",
    "answer_column": "answer",
    "other_columns": [],
    "rating_range": [1, 5],
    "dimensions": ["feasibility"],
    "range": [1, 5],
    "interviewers": ["I"],
    "participants": ["P"],
    "others": [],
    "not_labels": [],
    "sites": [],
    "waves": ["pre", "post"],
    "instruments": ["brs", "who5"],
    "languages": ["en"],
}


#: The same for the example, whose institutions call the columns in their own way.
EXAMPLE = {
    **SETTINGS,
    "participant_column": ["participant", "record_id"],
    "wave_names": {"before_arm_1": "pre", "after_arm_1": "post"},
}


def source(path, kind="questionnaire", name="s", **cells):
    """Return a row of the landing sheet."""
    return Source(line=2, source=name, kind=kind, path=str(path), **cells)


def told(found, folder):
    """Return the sentences of an intake's problems, without the folder; blank answers are not told."""
    problems = [one for one in found.problems if one.rule != "answer.blank"]
    return [one.sentence().removeprefix(f"{folder}/") for one in problems]


def example_sources():
    """Return the landing sheet of the example, with paths that hold from anywhere."""
    from piloteval.intake.sheet import read_sheet

    return [Source(**{**one.__dict__, "path": str(ROOT / one.path)}) for one in read_sheet(ROOT / "config/inputs.tsv")]
