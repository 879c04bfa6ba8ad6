"""The ledger of received files: a changed file is an event with a name and a day."""

from __future__ import annotations

import hashlib

import pytest
from piloteval.errors import ConfigError
from piloteval.intake import received
from piloteval.intake.received import CHANGED, RECEIVED, TAKEN_OUT, events, problems, read_history, receive
from study import ROOT

DAY = "2026-01-15"


@pytest.fixture
def study(tmp_path, monkeypatch):
    """A study of two files with an empty ledger; the working directory is the study."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config").mkdir()
    (tmp_path / "config/config.yaml").write_text(
        "study: {title: T, waves: {pre: Before}}\n"
        "inputs: {sheet: config/inputs.tsv, folder: data, received: config/received.tsv}\n",
        encoding="utf-8",
    )
    (tmp_path / "config/inputs.tsv").write_text("source\tkind\tpath\na\tregister\ta.csv\nb\taudit\tb.csv\n")
    (tmp_path / "a.csv").write_text("x\n1\n")
    (tmp_path / "b.csv").write_text("y\n2\n")
    return tmp_path


def sentences(*paths, stop=False):
    history = read_history("config/received.tsv")
    found = problems(events(history, paths, ""), history, "config/received.tsv", stop=stop)
    return [f"{one.level} {one.sentence()}" for one in found]


def test_first_entry_names_size_and_digest(study):
    first, second = receive(on=DAY)
    assert (first.path, first.event, first.bytes, first.on) == ("a.csv", RECEIVED, "4", DAY)
    assert first.sha256 == hashlib.sha256(b"x\n1\n").hexdigest()
    assert second.path == "b.csv"
    lines = (study / "config/received.tsv").read_text().splitlines()
    assert lines[0] == "path\tevent\tbytes\tsha256\ton"
    assert len(lines) == 3
    assert receive(on=DAY) == []
    assert sentences("a.csv", "b.csv") == []


def test_file_not_yet_entered(study):
    assert sentences("a.csv") == [
        "NOTE a.csv: the file is not yet entered in config/received.tsv. Run `make receive` to enter it."
    ]


@pytest.mark.parametrize(("stop", "level"), [(False, "NOTE"), (True, "STOP")])
def test_changed_file_is_named_with_both_sizes(study, stop, level):
    receive(on=DAY)
    (study / "a.csv").write_text("x\n11\n")
    assert sentences("a.csv", "b.csv", stop=stop) == [
        f"{level} a.csv: the file is not the one entered on {DAY} (4 bytes then, 5 now). Put the file back as it was "
        "received; if the site sent a new one, run `make receive` to enter it."
    ]


def test_changed_file_of_the_same_size_is_noticed(study):
    receive(on=DAY)
    (study / "a.csv").write_text("x\n2\n")
    assert [one.event for one in events(read_history("config/received.tsv"), ["a.csv", "b.csv"], "")] == [CHANGED]


def test_older_version_put_back_is_told_as_such(study):
    receive(on=DAY)
    (study / "a.csv").write_text("x\n2\n")
    receive(on="2026-02-01")
    (study / "a.csv").write_text("x\n1\n")
    (sentence,) = sentences("a.csv", "b.csv")
    assert f"the file is the older one entered on {DAY}, not the one entered on 2026-02-01" in sentence


def test_entering_a_change_keeps_the_line_before(study):
    receive(on=DAY)
    (study / "a.csv").write_text("x\n2\n")
    (changed,) = receive(on="2026-02-01")
    assert (changed.event, changed.on) == (CHANGED, "2026-02-01")
    lines = (study / "config/received.tsv").read_text().splitlines()
    assert [line.split("\t")[:2] for line in lines[1:]] == [
        ["a.csv", RECEIVED],
        ["b.csv", RECEIVED],
        ["a.csv", CHANGED],
    ]
    assert sentences("a.csv", "b.csv") == []


def test_file_taken_out_and_back(study):
    receive(on=DAY)
    assert sentences("a.csv") == [
        f"NOTE b.csv: the file was entered on {DAY} and is not in the sheet any more. Put the file and its row back, or "
        "run `make receive` to enter that it was taken out."
    ]
    (study / "config/inputs.tsv").write_text("source\tkind\tpath\na\tregister\ta.csv\n")
    assert [(one.path, one.event) for one in receive(on=DAY)] == [("b.csv", TAKEN_OUT)]
    assert sentences("a.csv") == []
    (study / "config/inputs.tsv").write_text("source\tkind\tpath\na\tregister\ta.csv\nb\taudit\tb.csv\n")
    assert [(one.path, one.event) for one in receive(on=DAY)] == [("b.csv", RECEIVED)]


def test_study_without_a_ledger_says_how_to_have_one(study):
    text = (study / "config/config.yaml").read_text().replace(", received: config/received.tsv", "")
    (study / "config/config.yaml").write_text(text)
    with pytest.raises(ConfigError) as fault:
        receive()
    assert str(fault.value) == (
        "config/config.yaml: `inputs.received` names no ledger. Name a file, for example config/received.tsv."
    )


def test_command_says_what_it_entered(study, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["received", "--on", DAY])
    received.main()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("received: a.csv, 4 bytes, SHA-256 ")
    assert lines[-1] == "2 entered."
    received.main()
    assert capsys.readouterr().out == "Every file is as it was received.\n"


def test_ledger_of_the_example_holds(monkeypatch):
    monkeypatch.chdir(ROOT)
    from piloteval.intake.sheet import read_sheet

    paths = [one.path for one in read_sheet("config/inputs.tsv")]
    assert len(paths) > 30
    assert events(read_history("config/received.tsv"), paths, "") == []
