"""How a row of a reference file finds the function of the package that computes it."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

CLOSED_FORM = 1e-6
FIVE_DECIMALS = 5.1e-6  # irrCAC prints coefficients and standard errors with five decimals
NORMAL_975 = 1.959963984540054  # quantile of the normal distribution
THREE_DECIMALS = 5.1e-4  # and limits of intervals with three


@dataclass(frozen=True)
class Row:
    """One expected number."""

    file: str
    id: str
    expected: float
    dataset: str
    r_call: str


@dataclass(frozen=True)
class Data:
    """Folder of the data sets."""

    folder: Path

    @functools.cache  # noqa: B019 - one object for each run
    def frame(self, name: str) -> pd.DataFrame:
        return pd.read_csv(self.folder / name)

    def has(self, row: Row) -> bool:
        return all((self.folder / name).is_file() for name in re.findall(r"[\w-]+\.csv", row.dataset))


@dataclass(frozen=True)
class Family:
    """Rows computed by one function of the package."""

    pattern: str
    compute: Callable[[re.Match, Row, Data], float | None]
    relative: float = CLOSED_FORM
    absolute: float = 0
    applies: Callable[[Row, Data], bool] = lambda row, data: True


FAMILIES: list[Family] = []

#: Families of rows the package does not meet on purpose: pattern, reason and what the other program computed instead.
DISPUTED: list[tuple[str, str, Callable[[re.Match, Row, Data], float]]] = []


def family(pattern: str, **options):
    """Register a function as the one that computes the rows whose whole id matches the pattern."""

    def register(compute):
        FAMILIES.append(Family(pattern, compute, **options))
        return compute

    return register


def disputed(pattern: str, reason: str):
    """Register what another program computed where the package holds its number to be wrong."""

    def register(compute):
        DISPUTED.append((pattern, reason, compute))
        return compute

    return register


def limit(statistic, name: str) -> float | None:
    """Estimate or a limit of the interval, by the name the rows use."""
    if name.startswith(("lower", "wlower")):
        return statistic.ci_low
    return statistic.ci_high if name.startswith(("upper", "wupper")) else statistic.estimate
