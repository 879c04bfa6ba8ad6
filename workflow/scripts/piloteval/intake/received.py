"""The ledger of received files: size and SHA-256 of every raw file as it came, so that a changed file is an event.

``make receive`` enters what is new, what changed and what was taken out; the check compares. Lines are only ever added.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from piloteval.config import check, read_tsv, read_yaml
from piloteval.errors import ConfigError, PilotError
from piloteval.intake.catalogue import Problem, problem
from piloteval.intake.sheet import Source, digest, read_sheet

RECEIVED, CHANGED, TAKEN_OUT = "received", "changed", "taken out"
COLUMNS = ("path", "event", "bytes", "sha256", "on")


@dataclass(frozen=True)
class Event:
    """One line of the ledger: what happened to a file, and what it was afterwards."""

    path: str
    event: str
    bytes: str
    sha256: str
    on: str


def read_ledger(path: str | Path) -> dict[str, Event]:
    """Return the last event of every file; an absent ledger is empty.

    Raises
    ------
    ConfigError
        The ledger is not a sheet of its kind.
    """
    if not Path(path).is_file():
        return {}
    return {row["path"]: Event(**{name: row[name] for name in COLUMNS}) for row in read_tsv(path, "received")}


def events(ledger: Mapping[str, Event], paths: Iterable[str], on: str) -> list[Event]:
    """Compare the files with the ledger.

    Parameters
    ----------
    ledger : mapping of str to Event
        Last event of every file.
    paths : iterable of str
        Files of the landing sheet.
    on : str
        Day of the comparison, as year-month-day.

    Returns
    -------
    list of Event
        What has happened since, one line a file, in the order of the sheet; files taken out come last.
    """
    found, seen = [], set()
    for path in dict.fromkeys(paths):
        if not Path(path).is_file():
            continue
        seen.add(path)
        last = ledger.get(path)
        now = Event(path, RECEIVED, str(Path(path).stat().st_size), digest(path), on)
        if last is None or last.event == TAKEN_OUT:
            found.append(now)
        elif last.sha256 != now.sha256:
            found.append(replace(now, event=CHANGED))
    gone = [one for path, one in ledger.items() if path not in seen and one.event != TAKEN_OUT]
    return found + [replace(one, event=TAKEN_OUT, on=on) for one in gone]


def compare(sources: Iterable[Source], ledger: Mapping[str, Event], where: str, *, stop: bool) -> list[Problem]:
    """Name the files that are not as they were received.

    Parameters
    ----------
    sources : iterable of Source
        Rows of the landing sheet.
    ledger : mapping of str to Event
        Last event of every file.
    where : str
        Path of the ledger, for the sentences.
    stop : bool
        Whether a changed file stops the run.
    """
    problems = []
    for one in events(ledger, [source.path for source in sources], ""):
        last = ledger.get(one.path)
        if one.event == CHANGED and last is not None:
            found = f"the file is not the one entered on {last.on} ({last.bytes} bytes then, {one.bytes} now)"
            changed = problem("received.changed", one.path, found=found)
            problems.append(replace(changed, level="STOP") if stop else changed)
        elif one.event == RECEIVED:
            problems.append(problem("received.new", one.path, found=f"the file is not yet entered in {where}"))
        else:
            found = f"the file was entered on {last.on if last else one.on} and is not in the sheet any more"
            problems.append(problem("received.gone", one.path, found=found))
    return problems


def receive(config: str | Path = "config/config.yaml", on: str = "") -> list[Event]:
    """Enter into the ledger what has happened to the files.

    Returns
    -------
    list of Event
        The lines added.

    Raises
    ------
    ConfigError
        The study keeps no ledger.
    """
    inputs = check("config", read_yaml(config), str(config))["inputs"]
    if not inputs["received"]:
        raise ConfigError(f"{config}: `inputs.received` names no ledger. Name a file, for example config/received.tsv.")
    path = Path(inputs["received"])
    day = on or datetime.date.today().isoformat()
    added = events(read_ledger(path), [one.path for one in read_sheet(inputs["sheet"])], day)
    enter(path, added)
    return added


def enter(path: Path, added: Iterable[Event]) -> None:
    """Add lines to the ledger, with a header when it is new."""
    lines = [[getattr(one, name) for name in COLUMNS] for one in added]
    if lines:
        new = not path.is_file()
        with path.open("a", encoding="utf-8", newline="") as handle:
            writer = csv.writer(handle, delimiter="\t", lineterminator="\n")
            writer.writerows([COLUMNS, *lines] if new else lines)


def main() -> None:
    """Enter the files and say what was entered."""
    parser = argparse.ArgumentParser(prog="python -m piloteval.intake.received", description=__doc__)
    parser.add_argument("--on", default="", help="day of the entry as year-month-day; today when left out")
    try:
        added = receive(on=parser.parse_args().on)
    except PilotError as fault:
        sys.exit(str(fault))
    for one in added:
        print(f"{one.event}: {one.path}, {one.bytes} bytes, SHA-256 {one.sha256[:12]}...")
    print(f"{len(added)} entered." if added else "Every file is as it was received.")


if __name__ == "__main__":
    main()
