"""The study's configuration: closed schemas, sentences for every fault, typed records for the jobs."""

from __future__ import annotations

import copy
import csv
import difflib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from piloteval.errors import ConfigError

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"


# --------------------------------------------------------------------------------------------------------------------
# Reading and checking files of the configuration
# --------------------------------------------------------------------------------------------------------------------


def read_yaml(path: str | Path) -> Any:
    """Read a YAML 1.2 file; ``NO`` stays text and a key given twice is refused.

    Raises
    ------
    ConfigError
        The file is missing, is not valid YAML, or repeats a key.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.constructor import DuplicateKeyError
    from ruamel.yaml.error import MarkedYAMLError

    try:
        return YAML(typ="safe", pure=True).load(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: the file is missing. Create it, or correct the key that names it.") from None
    except DuplicateKeyError as fault:
        line = fault.problem_mark.line + 1 if fault.problem_mark else "?"
        raise ConfigError(f"{path}, line {line}: a key is given twice. Keep one of the two.") from None
    except MarkedYAMLError as fault:
        line = fault.problem_mark.line + 1 if fault.problem_mark else "?"
        raise ConfigError(f"{path}, line {line}: this is not valid YAML. Check indentation, quotes and colons.") from None


@cache
def schema(name: str) -> dict[str, Any]:
    """Return the JSON schema (2020-12) of a kind of configuration file."""
    return read_yaml(SCHEMAS / f"{name}.schema.yaml")


def _wanted(rule: dict[str, Any]) -> str:
    """Say in words what a schema allows."""
    if "const" in rule:
        return f"`{rule['const']}`"
    if "enum" in rule:
        return "one of " + ", ".join(f"`{value}`" for value in rule["enum"])
    kind = rule.get("type", "a value")
    kinds = [kind] if isinstance(kind, str) else kind
    names = {
        "string": "text",
        "integer": "a whole number",
        "number": "a number",
        "boolean": "true or false",
        "array": "a list",
        "object": "a set of keys",
        "null": "empty",
    }
    words = " or ".join(names.get(one, one) for one in kinds)
    if "minimum" in rule and "maximum" in rule:
        words += f" from {rule['minimum']} to {rule['maximum']}"
    elif "minimum" in rule:
        words += f" of at least {rule['minimum']}"
    if "pattern" in rule:
        words += f" of the form {rule['pattern']}"
    return words


def _sentence(where: str, error: Any) -> str:
    """Turn one schema violation into one sentence with its remedy."""
    key = ".".join(str(part) for part in error.absolute_path)
    at = f"{where}: `{key}`" if key else where
    if error.validator == "additionalProperties":
        known = list(error.schema.get("properties", {}))
        unknown = [name for name in error.instance if name not in known]
        name = str(unknown[0])
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"Did you mean `{near[0]}`?" if near else f"Known keys: {', '.join(known)}."
        full = f"{key}.{name}" if key else name
        return f"{where}: `{full}` is not a known key. {hint}"
    if error.validator == "required":
        missing = next(name for name in error.validator_value if name not in error.instance)
        about = error.schema.get("properties", {}).get(missing, {}).get("description", "")
        return f"{at} needs `{missing}`" + (f" ({about.rstrip('.')})" if about else "") + ". Add it."
    if error.validator in ("minItems", "minProperties"):
        return f"{at} is empty. Give at least {error.validator_value}."
    if error.validator == "uniqueItems":
        return f"{at} names something twice. Keep one of the two."
    return f"{at} must be {_wanted(error.schema)}. Correct the value."


def _fill_defaults(rule: dict[str, Any], value: Any) -> Any:
    """Add the defaults a schema declares, at every depth."""
    if isinstance(value, dict):
        for name, part in rule.get("properties", {}).items():
            if name not in value and "default" in part:
                value[name] = copy.deepcopy(part["default"])
            if name in value:
                value[name] = _fill_defaults(part, value[name])
        inner = rule.get("additionalProperties")
        if isinstance(inner, dict):
            for name in value:
                value[name] = _fill_defaults(inner, value[name])
    if isinstance(value, list) and isinstance(rule.get("items"), dict):
        return [_fill_defaults(rule["items"], one) for one in value]
    return value


def check(name: str, value: Any, where: str) -> Any:
    """Check a value against a schema and return it with defaults filled in.

    Parameters
    ----------
    name : str
        The schema, for example ``"instrument"``.
    value : object
        What the file held.
    where : str
        The file, as the analyst knows it, for the sentence.

    Raises
    ------
    ConfigError
        One sentence a fault, all faults at once.
    """
    from jsonschema import Draft202012Validator

    rule = schema(name)
    filled = _fill_defaults(rule, copy.deepcopy(value))
    errors = sorted(Draft202012Validator(rule).iter_errors(filled), key=lambda error: [str(p) for p in error.absolute_path])
    if errors:
        raise ConfigError("\n".join(dict.fromkeys(_sentence(where, error) for error in errors)))
    return filled


def read_tsv(path: str | Path, name: str) -> list[dict[str, str]]:
    """Read a tab-separated sheet of the configuration as text.

    Returns
    -------
    list of dict
        One a row, with the columns of schema ``name`` in its order (an absent optional column is empty) and ``line``, the row as a
        spreadsheet shows it.

    Raises
    ------
    ConfigError
        The file is missing or its header is not the documented one.
    """
    path = Path(path)
    if not path.is_file():
        raise ConfigError(f"{path}: the file is missing. Create it, or correct the key in config/config.yaml that names it.")
    rule = schema(name)
    known, required = list(rule["properties"]), rule.get("required", [])
    with path.open(encoding="utf-8-sig", newline="") as handle:
        rows = list(csv.reader(handle, delimiter="\t"))
    header = [cell.strip() for cell in rows[0]] if rows else []
    for column in header:
        if column not in known:
            near = difflib.get_close_matches(column, known, n=1)
            hint = f"Did you mean `{near[0]}`?" if near else f"Known columns: {', '.join(known)}."
            raise ConfigError(f"{path}, row 1: the column `{column}` is not known. {hint}")
    for column in required:
        if column not in header:
            raise ConfigError(f"{path}, row 1: the column `{column}` is missing. Add it (columns are separated by tabs).")
    records = []
    for line, row in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in row):
            continue
        if len(row) > len(header):
            raise ConfigError(f"{path}, row {line}: {len(row)} cells under {len(header)} columns. Remove the extra tabs.")
        cells = dict(zip(header, (cell.strip() for cell in row), strict=False))
        records.append({"line": line, **{column: cells.get(column, "") for column in known}})
    return records


# --------------------------------------------------------------------------------------------------------------------
# Typed records
# --------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Scale:
    """A scale of an instrument; ``id`` is ``<instrument>.<scale>``."""

    id: str
    instrument: str
    label: str
    items: tuple[str, ...]
    score: str
    multiply: float
    range: tuple[float, float]
    higher_is_better: bool
    min_answered: float
    smallest_relevant_change: float | None
    published: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class Instrument:
    """A questionnaire by its keys: items, allowed answers, reversal and scales; no item texts."""

    id: str
    name: str
    version: str
    status: str
    source: str
    values: tuple[float, ...]
    missing_codes: tuple[str, ...]
    items: tuple[str, ...]
    reverse: frozenset[str]
    scales: tuple[Scale, ...]
    notes: tuple[str, ...] = field(default=())


def read_instrument(path: str | Path) -> Instrument:
    """Read and check an instrument file (``config/instruments/<id>.yaml``).

    Raises
    ------
    ConfigError
        The file breaks its schema, or a scale or reversal names an item the instrument does not have.
    """
    raw = check("instrument", read_yaml(path), str(path))
    items = tuple(raw["items"])
    scales = []
    for one in raw["scales"]:
        members = items if one["items"] == "all" else tuple(one["items"])
        scales.append(
            Scale(
                id=f"{raw['instrument']}.{one['scale']}",
                instrument=raw["instrument"],
                label=one["label"],
                items=members,
                score=one["score"],
                multiply=one["multiply"],
                range=tuple(one["range"]),
                higher_is_better=one["direction"] == "higher is better",
                min_answered=one["min_answered"],
                smallest_relevant_change=one["smallest_relevant_change"],
                published=tuple(one["published"]),
            )
        )
    for named, what in [(set(raw["reverse"]), "reverse")] + [(set(scale.items), f"scale {scale.id}") for scale in scales]:
        strangers = sorted(named - set(items))
        if strangers:
            raise ConfigError(f"{path}: {what} names `{strangers[0]}`, which is not in `items`. Correct the name, or add the item.")
    if raw["instrument"] != Path(path).stem:
        raise ConfigError(f"{path}: `instrument` must be the file's own name, `{Path(path).stem}`. Rename one of the two.")
    return Instrument(
        id=raw["instrument"],
        name=raw["name"],
        version=raw["version"],
        status=raw["status"],
        source=raw["source"],
        values=tuple(raw["responses"]["values"]),
        missing_codes=tuple(raw["missing_codes"]),
        items=items,
        reverse=frozenset(raw["reverse"]),
        scales=tuple(scales),
        notes=tuple(raw["notes"]),
    )


def read_instruments(paths: list[str]) -> dict[str, Instrument]:
    """Read several instrument files; the order of ``paths`` is kept."""
    return {one.id: one for one in map(read_instrument, paths)}


def scales_of(instruments: dict[str, Instrument]) -> dict[str, Scale]:
    """Return every scale of the instruments by its id, in order."""
    return {scale.id: scale for instrument in instruments.values() for scale in instrument.scales}
