"""The package's numbers against numbers that R and published papers give for the same data.

Each row of a reference CSV (columns id, expected, dataset, r_call, implementation, note) is matched by its id to a
family of tests/families, which computes the number from the data set with functions of the package. Rows without a
family are counted and reported as not covered. To check another file of this format:

    pytest tests/unit/test_reference.py --reference FILE --data DIR
"""

from __future__ import annotations

import csv
import functools
import math
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import families  # noqa: F401 - registers the families
import pytest
from families.registry import DISPUTED, FAMILIES, Data, Family, Row

SHIPPED = Path(__file__).resolve().parents[1] / "reference"

#: Rows checked in each shipped file; raise the number when a family is added, never lower it.
FLOOR = {
    "agreement_delphi_expected.csv": 274,
    "extra_expected.csv": 133,
    "more_expected.csv": 20,
    "prepost_expected.csv": 368,
    "reliability_expected.csv": 587,
}


def reference_files(config) -> list[Path]:
    given = config.getoption("--reference")
    return [Path(name) for name in given] if given else sorted(SHIPPED.glob("*_expected.csv"))


@functools.cache
def data_folder(config) -> Data:
    return Data(Path(config.getoption("--data") or SHIPPED / "data"))


@functools.cache
def rows(file: Path) -> tuple[Row, ...]:
    with file.open(encoding="utf-8", newline="") as lines:
        table = csv.DictReader(lines)
        lacking = {"id", "expected", "dataset", "r_call"} - set(table.fieldnames or ())
        if lacking:
            raise pytest.UsageError(f"{file} has no column {', '.join(sorted(lacking))}")
        return tuple(
            Row(file.name, line["id"], float(line["expected"]), line["dataset"], line["r_call"]) for line in table
        )


@functools.cache
def find(row: Row, data: Data) -> tuple[Family, re.Match] | None:
    """Family and match of a row, or None where the package has no function or the folder no data for it."""
    if not data.has(row):
        return None
    for registered in FAMILIES:
        match = re.fullmatch(registered.pattern, row.id)
        if match and registered.applies(row, data):
            return registered, match
    return None


def find_disputed(row: Row) -> tuple[Callable, re.Match] | None:
    for pattern, _, compute in DISPUTED:
        match = re.fullmatch(pattern, row.id)
        if match:
            return compute, match
    return None


def pytest_generate_tests(metafunc):
    if "covered_row" not in metafunc.fixturenames:
        return
    data = data_folder(metafunc.config)
    covered = [row for file in reference_files(metafunc.config) for row in rows(file) if find(row, data)]
    metafunc.parametrize("covered_row", [pytest.param(row, id=row.id) for row in covered])


def test_reference_value(covered_row, pytestconfig):
    data = data_folder(pytestconfig)
    covering, match = find(covered_row, data)
    without_answer = replace(covered_row, expected=math.nan)  # what is computed cannot come from the expected number
    value = covering.compute(match, without_answer, data)
    assert value is not None
    absolute = max(covering.absolute, 1e-9 if covered_row.expected == 0 else 0)
    expected = pytest.approx(covered_row.expected, rel=covering.relative, abs=absolute)
    if find_disputed(covered_row):
        other_program, match = find_disputed(covered_row)
        assert float(other_program(match, without_answer, data)) == expected
        assert float(value) != expected
    else:
        assert float(value) == expected


def test_reference_coverage(pytestconfig, record_property):
    """Count what is checked, tell what is not, and never check fewer of the shipped rows than before."""
    data = data_folder(pytestconfig)
    checked, in_dispute, missing, per_file, below = 0, 0, Counter(), [], []
    for file in reference_files(pytestconfig):
        covered = [row for row in rows(file) if find(row, data)]
        missing.update(row.id.split(".")[0] for row in rows(file) if not find(row, data))
        checked += len(covered)
        in_dispute += sum(find_disputed(row) is not None for row in covered)
        per_file.append(f"{file.name} {len(covered)} of {len(rows(file))}")
        floor = FLOOR.get(file.name, 0) if file.resolve().parent == SHIPPED else 0
        if len(covered) < floor:
            below.append(f"{file.name}: {len(covered)} rows checked, {floor} expected")
    uncovered = ", ".join(f"{name} {count}" for name, count in missing.most_common())
    record_property(
        "reference values",
        f"{checked} checked ({in_dispute} of them in dispute, the other program's slip shown), "
        f"{missing.total()} not covered yet" + (f" ({uncovered})" if uncovered else ""),
    )
    record_property("reference values", "; ".join(per_file))
    assert not below
