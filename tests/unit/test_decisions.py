"""The list of resolutions: a person decides on single rows, for one state of a file."""

from __future__ import annotations

import hashlib

import pytest
from piloteval.config import read_instruments
from piloteval.intake.catalogue import problem
from piloteval.intake.decisions import read_decisions
from piloteval.intake.questionnaires import read_questionnaires
from piloteval.intake.records import read_records
from study import ROOT, SETTINGS, source, told

INSTRUMENTS = read_instruments([str(ROOT / "config/instruments/who5.yaml")])
HEADER = "of_source,of_row,rule,decision,sha256,reason,decided_by,decided_on"
ANSWERS = "participant,completed_on,who5_1,who5_2,who5_3,who5_4,who5_5"


class Study:
    """Questionnaires and decisions in a folder."""

    def __init__(self, folder):
        self.folder, self.sources = folder, []

    def file(self, name, *lines, wave="pre", header=ANSWERS, kind="questionnaire"):
        path = self.folder / f"{name}.csv"
        path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
        self.sources.append(source(path, kind, name, wave=wave if kind == "questionnaire" else ""))
        return hashlib.sha256(path.read_bytes()).hexdigest()

    def decide(self, *lines):
        self.file("resolutions", *lines, header=HEADER, kind="resolutions")

    def read(self, people=None):
        return read_questionnaires(self.sources, INSTRUMENTS, people=people, settings=SETTINGS)


@pytest.fixture
def study(tmp_path):
    return Study(tmp_path)


def line(name, row, rule, digest, decision="keep"):
    return f"{name},{row},{rule},{decision},{digest[:12]},Looked at the paper,KL,2026-01-20"


def kept(found):
    return {(entry.person, file.source.source, entry.row) for _person, entry, file in found.respondents()}


def test_one_of_two_copies_counts_when_it_was_decided(study):
    digest = study.file("pre", "P1,,1,1,1,1,1", "P1,,2,2,2,2,2", "P2,,3,3,3,3,3")
    assert kept(study.read()) == {("P2", "pre", 4)}
    study.decide(line("pre", 3, "person.duplicate", digest))
    found = study.read()
    assert kept(found) == {("P1", "pre", 3), ("P2", "pre", 4)}
    assert [one.row for one in found.problems if one.rule == "person.duplicate"] == [2]
    (ledger,) = found.ledger
    assert (ledger["rows_read"], ledger["quarantined"]) == (3, 1)


def test_two_copies_kept_decide_nothing(study):
    digest = study.file("pre", "P1,,1,1,1,1,1", "P1,,2,2,2,2,2")
    study.decide(line("pre", 2, "person.duplicate", digest), line("pre", 3, "person.duplicate", digest))
    assert kept(study.read()) == set()


def test_copies_in_two_files(study):
    digest = study.file("one", "P1,,1,1,1,1,1")
    study.file("two", "P1,,2,2,2,2,2")
    study.decide(line("one", 2, "person.duplicate", digest))
    assert kept(study.read()) == {("P1", "one", 2)}


def test_waves_in_the_wrong_order_are_kept_when_both_rows_were_decided(study):
    before = study.file("pre", "P1,2026-03-01,1,1,1,1,1")
    after = study.file("post", "P1,2026-02-01,1,1,1,1,1", wave="post")
    assert kept(study.read()) == set()
    study.decide(line("pre", 2, "wave.order", before), line("post", 2, "wave.order", after))
    assert kept(study.read()) == {("P1", "pre", 2), ("P1", "post", 2)}


def test_decision_on_another_state_of_the_file_stops(study, tmp_path):
    study.file("pre", "P1,,1,1,1,1,1", "P1,,2,2,2,2,2")
    study.decide(line("pre", 3, "person.duplicate", "0" * 64))
    found = read_decisions(study.sources)
    assert told(found, tmp_path) == [
        "resolutions.csv, row 2, column sha256: the file has changed since the decision was taken, so the row may be "
        "another. Look at the file again and renew the decision with the file's new SHA-256."
    ]
    found = study.read()
    assert kept(found) == set()
    # Every rule that reads the answers refuses as well, not only the check.
    assert [one.rule for one in found.problems if one.level == "STOP"] == ["resolution.stale"]


@pytest.mark.parametrize(
    ("decision", "rule", "expected"),
    [
        ("keep", "person.unknown", "person.duplicate, record.duplicate, wave.order, person.collision"),
        ("accept", "person.duplicate", "the id of a note"),
        ("accept", "no.such.rule", "the id of a note"),
    ],
)
def test_decision_on_what_cannot_be_decided(study, tmp_path, decision, rule, expected):
    digest = study.file("pre", "P1,,1,1,1,1,1")
    study.decide(line("pre", 2, rule, digest, decision))
    assert told(read_decisions(study.sources), tmp_path) == [
        "resolutions.csv, row 2, column rule: a decision names a source that is not there, or a rule it cannot decide; "
        f"expected {expected}. Correct the row of the list of resolutions."
    ]


def test_decision_on_an_unknown_source(study, tmp_path):
    study.decide(line("nowhere", 2, "person.duplicate", "0" * 64))
    assert told(read_decisions(study.sources), tmp_path) == []  # a rule that reads other files does not know it
    assert told(read_decisions(study.sources, whole=True), tmp_path) == [
        "resolutions.csv, row 2, column of_source: a decision names a source that is not there, or a rule it cannot "
        "decide; expected a source of the landing sheet. Correct the row of the list of resolutions."
    ]


def test_accepted_note_says_so_and_an_idle_decision_is_named(study, tmp_path):
    digest = study.file("pre", "P1,,1,1,1,1,1")
    study.decide(line("pre", 2, "record.outlier", digest, "accept"), line("pre", 9, "record.outlier", digest, "accept"))
    decisions = read_decisions(study.sources)
    path = str(tmp_path / "pre.csv")
    notes = [problem("record.outlier", path, row=2), problem("record.outlier", path, row=3)]
    assert [one.effect for one in decisions.answered(notes, study.sources)] == [
        "accepted in the list of resolutions",
        "",
    ]
    assert [(one.rule, one.row) for one in decisions.unused()] == [("resolution.unused", 3)]


def test_records_with_the_same_key_are_decided_too(study, tmp_path):
    header = "site,period,indicator,value"
    digest = study.file("ind", "at1,2024,turnover,1", "at1,2024,turnover,2", header=header, kind="indicator")
    study.decide(line("ind", 3, "record.duplicate", digest))
    found = read_records("indicator", study.sources[:1], {"sites": ["at1"]}, decisions=read_decisions(study.sources))
    assert [(one["row"], one["value"]) for one in found.records] == [(3, 2)]
    assert [(one.rule, one.row) for one in found.problems] == [("record.duplicate", 2)]
