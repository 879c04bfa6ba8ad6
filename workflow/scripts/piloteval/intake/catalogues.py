"""The catalogue of standards, which the owner of the certification fills."""

from __future__ import annotations

from collections.abc import Iterable

from piloteval.config import read_tsv
from piloteval.errors import ConfigError


def read_standards(paths: Iterable[str]) -> list[dict[str, str]]:
    """Read the standards catalogue.

    Raises
    ------
    ConfigError
        A code is given twice.
    """
    standards: dict[str, dict[str, str]] = {}
    for path in paths:
        for row in read_tsv(path, "standards"):
            if row["code"] in standards:
                raise ConfigError(
                    f"{path}, row {row['line']}: the code `{row['code']}` is given twice. Keep one of the two rows."
                )
            standards[row["code"]] = row
    return list(standards.values())
