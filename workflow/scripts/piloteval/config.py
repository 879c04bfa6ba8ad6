"""The study's configuration: closed schemas, sentences for every fault, typed records for the jobs."""

from __future__ import annotations

import copy
import csv
import difflib
import math
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from piloteval.errors import ConfigError

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"


# --------------------------------------------------------------------------------------------------------------------
# Reading and checking files of the configuration
# --------------------------------------------------------------------------------------------------------------------


TWICE = "a key is given twice"


@cache
def yaml_loader() -> type:
    """Return a reader of YAML 1.2 (core schema) on top of the fast scanner of PyYAML.

    PyYAML itself reads YAML 1.1, in which a bare ``NO`` is a truth value, and silently takes the last of two keys.
    """
    import yaml

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        yaml_implicit_resolvers: ClassVar[dict[str, list[Any]]] = {}

        def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
            seen = set()
            for key, _value in node.value:
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(problem=TWICE, problem_mark=key.start_mark)
                seen.add(key.value)
            return super().construct_mapping(node, deep=deep)

    for tag, pattern, first in (
        ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
        ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
        ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
        ("float", r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", list("-+.0123456789")),
    ):
        Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(f"(?:{pattern})$"), first)
    return Loader


def read_yaml(path: str | Path) -> Any:
    """Read a YAML 1.2 file; ``NO`` stays text and a key given twice is refused.

    Raises
    ------
    ConfigError
        The file is missing, is not valid YAML, or repeats a key.
    """
    import yaml

    try:
        return yaml.load(Path(path).read_text(encoding="utf-8"), yaml_loader())
    except FileNotFoundError:
        raise ConfigError(f"{path}: the file is missing. Create it, or correct the key that names it.") from None
    except yaml.MarkedYAMLError as fault:
        line = fault.problem_mark.line + 1 if fault.problem_mark else "?"
        if fault.problem == TWICE:
            raise ConfigError(f"{path}, line {line}: {TWICE}. Keep one of the two.") from None
        raise ConfigError(
            f"{path}, line {line}: this is not valid YAML. Check indentation, quotes and colons."
        ) from None
    except (UnicodeDecodeError, yaml.YAMLError):
        raise ConfigError(f"{path}: the file is not text in UTF-8. Save it as UTF-8.") from None


@cache
def schema(name: str) -> dict[str, Any]:
    """Return the JSON schema (2020-12) of a kind of configuration file."""
    return read_yaml(SCHEMAS / f"{name}.schema.yaml")


#: What a schema's types are called in sentences and in the reference page.
TYPE_NAMES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a set of keys",
    "null": "empty",
}


def type_in_words(rule: dict[str, Any]) -> str:
    """Say the types a schema allows, for example ``a whole number or empty``."""
    kinds = rule.get("type", "a value")
    return " or ".join(TYPE_NAMES.get(kind, kind) for kind in ([kinds] if isinstance(kinds, str) else kinds))


def _wanted(rule: dict[str, Any]) -> str:
    """Say in words what a schema allows."""
    if "const" in rule:
        return f"`{rule['const']}`"
    if "enum" in rule:
        return "one of " + ", ".join(f"`{value}`" for value in rule["enum"])
    words = type_in_words(rule)
    if "minimum" in rule and "maximum" in rule:
        words += f" from {rule['minimum']} to {rule['maximum']}"
    elif "minimum" in rule:
        words += f" of at least {rule['minimum']}"
    if "pattern" in rule:
        words += f" of the form {rule['pattern']}"
    return words


def _sentences(where: str, error: Any) -> list[str]:
    """Turn one schema violation into sentences with their remedy.

    That is one sentence, or one a key when several are unknown or missing.
    """
    key = ".".join(str(part) for part in error.absolute_path)
    at = f"{where}: `{key}`" if key else where
    if error.validator == "additionalProperties":
        known = list(error.schema.get("properties", {}))
        found = []
        for name in (str(name) for name in error.instance if name not in known):
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"Did you mean `{near[0]}`?" if near else f"Known keys: {', '.join(known)}."
            found.append(f"{where}: `{f'{key}.{name}' if key else name}` is not a known key. {hint}")
        return found
    if error.validator == "required":
        found = []
        for missing in (name for name in error.validator_value if name not in error.instance):
            about = error.schema.get("properties", {}).get(missing, {}).get("description", "")
            found.append(f"{at} needs `{missing}`" + (f" ({about.rstrip('.')})" if about else "") + ". Add it.")
        return found
    if error.validator in ("minItems", "minProperties"):
        return [
            f"{at} {'has too few entries' if error.instance else 'is empty'}. Give at least {error.validator_value}."
        ]
    if error.validator == "maxItems":
        return [f"{at} has too many entries. Give at most {error.validator_value}."]
    if error.validator == "uniqueItems":
        return [f"{at} names something twice. Keep one of the two."]
    return [f"{at} must be {_wanted(error.schema)}. Correct the value."]


def _unquoted(where: str, value: Any, key: str = "") -> list[str]:
    """Name the places whose keys are no text.

    Snakemake's reader takes a bare ``NO`` for a truth value and ``1`` for a number.
    """
    found = []
    for name, part in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        if isinstance(value, dict) and not isinstance(name, str):
            found.append(f"{where}: {f'a key of `{key}`' if key else 'a key'} is not text. Put it in quotes.")
        found += _unquoted(where, part, f"{key}.{name}" if key else str(name))
    return found


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
    errors = sorted(
        Draft202012Validator(rule).iter_errors(filled), key=lambda error: [str(p) for p in error.absolute_path]
    )
    sentences = [sentence for error in errors for sentence in _sentences(where, error)] or _unquoted(where, value)
    if sentences:
        raise ConfigError("\n".join(dict.fromkeys(sentences)))
    return filled


def read_tsv(path: str | Path, name: str) -> list[dict[str, str]]:
    """Read a tab-separated sheet of the configuration as text.

    Returns
    -------
    list of dict
        One a row, with the columns of schema ``name`` in its order (an absent optional column is empty) and ``line``,
        the row as a spreadsheet shows it.

    Raises
    ------
    ConfigError
        The file is missing or its header is not the documented one.
    """
    path = Path(path)
    if not path.is_file():
        raise ConfigError(
            f"{path}: the file is missing. Create it, or correct the key in config/config.yaml that names it."
        )
    rule = schema(name)
    known, required = list(rule["properties"]), rule.get("required", [])
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            rows = list(csv.reader(handle, delimiter="\t"))
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: the file is not text in UTF-8. Save it as UTF-8.") from None
    header = [cell.strip() for cell in rows[0]] if rows else []
    for place, column in enumerate(header):
        if column in header[:place]:
            raise ConfigError(f"{path}, row 1: the column `{column}` is given twice. Keep one of the two.")
        if column not in known:
            near = difflib.get_close_matches(column, known, n=1)
            hint = f"Did you mean `{near[0]}`?" if near else f"Known columns: {', '.join(known)}."
            raise ConfigError(f"{path}, row 1: the column `{column}` is not known. {hint}")
    for column in required:
        if column not in header:
            raise ConfigError(
                f"{path}, row 1: the column `{column}` is missing. Add it (columns are separated by tabs)."
            )
    records = []
    for line, row in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in row):
            continue
        if len(row) > len(header):
            raise ConfigError(
                f"{path}, row {line}: {len(row)} cells under {len(header)} columns. Remove the extra tabs."
            )
        cells = dict(zip(header, (cell.strip() for cell in row), strict=False))
        records.append({"line": line, **{column: cells.get(column, "") for column in known}})
    faults = [] if name == "inputs" else _cell_faults(path, records, rule)  # the landing sheet has a check of its own
    if faults:
        raise ConfigError("\n".join(faults))
    return records


def _cell_faults(path: Path, records: list[dict[str, Any]], rule: dict[str, Any]) -> list[str]:
    """Say which cells of a sheet its schema does not allow, and which ids are given twice."""
    faults, seen = [], set()
    for row in records:
        for column, part in rule["properties"].items():
            cell, at = row[column], f"{path}, row {row['line']}, column {column}"
            if not cell:
                if column in rule.get("required", []):
                    faults.append(f"{at}: the cell is empty. Fill it in.")
            elif ("enum" in part and cell not in part["enum"]) or (
                "pattern" in part and not re.search(part["pattern"], cell)
            ):
                faults.append(f"{at}: the cell must be {_wanted(part)}. Correct the cell.")
            elif "unique" in part.get("description", ""):
                if (column, cell) in seen:
                    faults.append(f"{at}: `{cell}` is given twice. Keep one of the two rows.")
                seen.add((column, cell))
    return faults


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

    @property
    def decimals(self) -> int:
        """Decimals of a mean: about a two-hundredth of the range, so that means of many do not give those of few."""
        return max(0, math.ceil(-math.log10((self.range[1] - self.range[0]) / 200)))


@dataclass(frozen=True, eq=False)
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
    columns: dict[str, Any] = field(default_factory=dict)
    texts: dict[str, float] = field(default_factory=dict)
    standards: dict[str, str] = field(default_factory=dict)


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
    for named, what in [(set(raw["reverse"]), "reverse"), (set(raw["standards"]), "standards")] + [
        (set(scale.items), f"scale {scale.id}") for scale in scales
    ]:
        strangers = sorted(named - set(items))
        if strangers:
            raise ConfigError(
                f"{path}: {what} names `{strangers[0]}`, which is not in `items`. Correct the name, or add the item."
            )
    for place, scale in enumerate(scales):
        twice = [item for item in scale.items if scale.items.count(item) > 1]
        if twice:
            raise ConfigError(f"{path}: scale {scale.id} names `{twice[0]}` twice. Keep one of the two.")
        if scale.id in [other.id for other in scales[:place]]:
            raise ConfigError(f"{path}: the scale `{scale.id}` is given twice. Keep one of the two.")
    if raw["responses"]["values"] != sorted(raw["responses"]["values"]):
        raise ConfigError(f"{path}: `responses.values` must run from the lowest to the highest answer. Sort them.")
    if raw["instrument"] != Path(path).stem:
        raise ConfigError(
            f"{path}: `instrument` must be the file's own name, `{Path(path).stem}`. Rename one of the two."
        )
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
        columns=raw["columns"],
        texts=raw["responses"]["texts"],
        standards=raw["standards"],
    )


def read_instruments(paths: list[str]) -> dict[str, Instrument]:
    """Read several instrument files; the order of ``paths`` is kept."""
    return {one.id: one for one in map(read_instrument, paths)}


def scales_of(instruments: dict[str, Instrument]) -> dict[str, Scale]:
    """Return every scale of the instruments by its id, in order."""
    return {scale.id: scale for instrument in instruments.values() for scale in instrument.scales}
