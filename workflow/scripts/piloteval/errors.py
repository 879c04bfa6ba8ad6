"""Errors that speak to the analyst: one sentence, no value from the data."""

from __future__ import annotations

import logging


class PilotError(Exception):
    """A fault the analyst can mend; its text is one sentence, or one a line, fit for the console.

    The text names the file, the row as a spreadsheet shows it, the column, what was expected and how to mend it.
    It never holds a value from the data.
    """


class ConfigError(PilotError):
    """A fault in a file of the study's ``config/`` folder."""


class DataError(PilotError):
    """A fault in a raw file that stops the run."""


class ContractError(PilotError):
    """A result that breaks its own table contract: a fault of the program, not of the data."""


#: For texts of other programs' errors, which may hold values of the data: a job writes them to the restricted tier.
FOREIGN = logging.getLogger("piloteval.foreign")
FOREIGN.propagate = False
FOREIGN.addHandler(logging.NullHandler())


def keep_foreign(path: object) -> None:
    """Keep the error being handled, which a program we use has raised about a file, for the restricted tier."""
    FOREIGN.info("%s", path, exc_info=True)
