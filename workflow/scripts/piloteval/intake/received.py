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
from piloteval.intake.sheet import digest, read_sheet

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


def read_history(path: str | Path) -> dict[str, list[Event]]:
    """Return the events of every file, the last one last; an absent ledger is empty.

    Raises
    ------
    ConfigError
        The ledger is not a sheet of its kind.
    """
    history: dict[str, list[Event]] = {}
    for row in read_tsv(path, "received") if Path(path).is_file() else []:
        history.setdefault(row["path"], []).append(Event(**{name: row[name] for name in COLUMNS}))
    return history


def events(
    history: Mapping[str, list[Event]], paths: Iterable[str], on: str, digests: Mapping[str, str] | None = None
) -> list[Event]:
    """Compare the files with the ledger.

    Parameters
    ----------
    history : mapping of str to list of Event
        Events of every file.
    paths : iterable of str
        Files of the landing sheet.
    on : str
        Day of the comparison, as year-month-day.
    digests : mapping of str to str, optional
        SHA-256 of the files, where it is known already.

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
        last = history[path][-1] if path in history else None
        sha256 = (digests or {}).get(path) or digest(path)
        now = Event(path, RECEIVED, str(Path(path).stat().st_size), sha256, on)
        if last is None or last.event == TAKEN_OUT:
            found.append(now)
        elif last.sha256 != now.sha256:
            found.append(replace(now, event=CHANGED))
    gone = [past[-1] for path, past in history.items() if path not in seen and past[-1].event != TAKEN_OUT]
    return found + [replace(one, event=TAKEN_OUT, on=on or one.on) for one in gone]


def problems(happened: Iterable[Event], history: Mapping[str, list[Event]], where: str, *, stop: bool) -> list[Problem]:
    """Name the files that are not as they were received.

    Parameters
    ----------
    happened : iterable of Event
        What has happened since the last entry.
    history : mapping of str to list of Event
        Events of every file.
    where : str
        Path of the ledger, for the sentences.
    stop : bool
        Whether a changed file stops the run.
    """
    told = []
    for one in happened:
        if one.event == CHANGED:
            last = history[one.path][-1]
            found = f"the file is not the one entered on {last.on} ({last.bytes} bytes then, {one.bytes} now)"
            older = [past.on for past in history[one.path] if past.sha256 == one.sha256]
            if older:
                found = f"the file is the older one entered on {older[-1]}, not the one entered on {last.on}"
            changed = problem("received.changed", one.path, found=found)
            told.append(replace(changed, level="STOP") if stop else changed)
        elif one.event == RECEIVED:
            told.append(problem("received.new", one.path, found=f"the file is not yet entered in {where}"))
        else:
            found = f"the file was entered on {history[one.path][-1].on} and is not in the sheet any more"
            told.append(problem("received.gone", one.path, found=found))
    return told


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
    added = events(read_history(path), [one.path for one in read_sheet(inputs["sheet"])], day)
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
