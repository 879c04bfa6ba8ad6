"""Generated files of the repository: the reference in config/README.md and the pins in environment.yml.

``python -m piloteval.upkeep`` tells what has drifted, ``--fix`` writes it again. A test runs the same check.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import Any

from piloteval.config import SCHEMAS, read_yaml, type_in_words
from piloteval.intake.catalogue import RULES
from piloteval.intake.dialects import NAMES
from piloteval.intake.records import RECORDS
from piloteval.intake.sheet import NEEDS
from piloteval.tables import CONTRACTS

ROOT = SCHEMAS.parents[1]
MARK = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)

#: Packages conda does not have, or has under another build; conda installs them with pip.
PIP_ONLY = (
    "krippendorff",
    "ordinalcorr",
    "pypandoc-binary",
    "pyrefiqda",
    "python-calamine",
    "simplemma",
    "typst",
    "webvtt-py",
)
#: Names that differ between PyPI and the conda channels.
CONDA_NAMES = {"snakemake": "snakemake-minimal", "great-tables": "great_tables"}
FIX = "Run `make docs` and commit what it writes."


def _kind(rule: dict[str, Any]) -> str:
    if "enum" in rule:
        return ", ".join(f"`{value}`" if value != "" else "empty" for value in rule["enum"])
    return type_in_words(rule)


def _keys(rule: dict[str, Any], prefix: str = "") -> list[tuple[str, dict[str, Any], bool]]:
    """Return every key of a schema with its own rule and whether it is needed, depth first."""
    found = []
    for name, part in rule.get("properties", {}).items():
        found.append((f"{prefix}{name}", part, name in rule.get("required", [])))
        inner = part["items"] if part.get("type") == "array" and isinstance(part.get("items"), dict) else part
        found += _keys(inner, f"{prefix}{name}{'[]' if inner is not part else ''}.")
    return found


def _schema_table(name: str) -> str:
    rule = read_yaml(SCHEMAS / f"{name}.schema.yaml")
    lines = [f"{rule['description']}", "", "| Key | Value | Default | Meaning |", "|:--|:--|:--|:--|"]
    for key, part, needed in _keys(rule):
        default = (
            "needed"
            if needed
            else ""
            if part.get("default") in (None, "", [], {})
            else f"`{part['default']}`".replace("'", "")
        )
        lines.append(f"| `{key}` | {_kind(part)} | {default} | {part.get('description', '')} |")
    return "\n".join(lines)


def _schema_sections() -> str:
    names = ("config", "inputs", "received", "sites", "instrument", "codebook", "standards", "statements")
    titles = {name: read_yaml(SCHEMAS / f"{name}.schema.yaml")["title"] for name in names}
    return "\n\n".join(f"### {titles[name]}\n\n{_schema_table(name)}" for name in names)


def _records() -> str:
    lines = []
    for kind, (columns, key) in RECORDS.items():
        lines += [
            f"### {kind}",
            "",
            f"One row is named by {', '.join(f'`{name}`' for name in key)}.",
            "",
            "| Column | Content | Needed |",
            "|:--|:--|:--|",
        ]
        for one in columns:
            content = (
                one.kind
                if one.kind != "choice"
                else f"one of the study's {one.choices}"
                if isinstance(one.choices, str)
                else ", ".join(f"`{c}`" for c in one.choices)
            )
            if one.low is not None:
                content += f" from {one.low:g}" + ("" if one.high is None else f" to {one.high:g}")
            needed = (
                "yes; an unusable cell sets the row aside"
                if one.required
                else "the column may be missing"
                if one.optional
                else "the column; an unusable cell is set aside"
            )
            lines.append(f"| `{one.name}` | {content} | {needed} |")
        lines.append("")
    needs = "; ".join(f"{kind}: {', '.join(f'`{column}`' for column in columns)}" for kind, columns in NEEDS.items())
    return "\n".join(lines) + f"\nBesides `source`, `kind` and `path`, a row of the landing sheet needs: {needs}."


def _rules() -> str:
    lines = ["| Rule | Level | Who mends | What it finds | How to mend |", "|:--|:--|:--|:--|:--|"]
    lines += [f"| `{one.id}` | {one.level} | {one.who} | {one.meaning} | {one.remedy} |" for one in RULES.values()]
    return "\n".join(lines)


def _tables() -> str:
    lines = ["| Table | A row is | Tier | For the public |", "|:--|:--|:--|:--|"]
    for one in CONTRACTS.values():
        if one.tier != "release":
            lines.append(
                f"| `results/{one.path}` | {one.what} | {one.tier} | {'yes, limited' if one.released else 'no'} |"
            )
    return "\n".join(lines)


def _platforms() -> str:
    lines = ["| Platform | Word for the column `dialect` |", "|:--|:--|"]
    return "\n".join(
        lines + [f"| {words} | `{name}` |" for name, words in NAMES.items() if name != "redcap_dictionary"]
    )


SECTIONS = {
    "platforms": _platforms,
    "schemas": _schema_sections,
    "records": _records,
    "rules": _rules,
    "tables": _tables,
}


def reference(text: str) -> str:
    """Return the reference page with its generated parts made anew."""
    return MARK.sub(lambda match: f"{match[1]}\n{SECTIONS[match[2]]()}\n\n{match[3]}", text)


def locked() -> dict[str, str]:
    """Return the locked version of every package; of several, the one for Python 3.12."""
    versions: dict[str, str] = {}
    for match in re.finditer(
        r"^([a-z0-9][a-z0-9._-]*)(?:\[[^\]]*\])?==([^ ;\\]+)( ; [^\\]*)?",
        (ROOT / "requirements.lock").read_text(encoding="utf-8"),
        re.MULTILINE,
    ):
        marker = match[3] or ""
        if "< '3.12'" not in marker and "== '3.13" not in marker:
            versions[match[1]] = match[2]
    return versions


def direct() -> list[str]:
    """Return the packages the project names itself."""
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = [
        re.split(r"[<>=\[ ]", line)[0] for line in (*project["dependencies"], *project["optional-dependencies"]["dev"])
    ]
    return [name.lower() for name in names]


def environment() -> str:
    """Return environment.yml with the versions of the lock."""
    versions = locked()
    head = (
        "# The environment of the workflow with conda: `conda env create -f environment.yml`, then `snakemake`.\n"
        "# Versions are those of requirements.lock; `make docs` writes them here, and a test keeps the two in step.\n"
        "name: rescue-pilot-evaluation\nchannels:\n  - conda-forge\n  - bioconda\n  - nodefaults\n"
        "dependencies:\n  - python =3.12\n  - quarto >=1.6\n  - pip\n"
    )
    conda = [f"  - {CONDA_NAMES.get(name, name)} ={versions[name]}\n" for name in direct() if name not in PIP_ONLY]
    pip = [f"      - {name}=={versions[name]}\n" for name in direct() if name in PIP_ONLY]
    return head + "".join(conda) + "  - pip:\n" + "".join(pip)


def drift() -> dict[Path, str]:
    """Return the generated files that differ from what they should be, with their right content."""
    page = ROOT / "config" / "README.md"
    wanted = {page: reference(page.read_text(encoding="utf-8")), ROOT / "environment.yml": environment()}
    return {
        path: text for path, text in wanted.items() if not path.is_file() or path.read_text(encoding="utf-8") != text
    }


def main() -> None:
    """Tell or mend the drift."""
    parser = argparse.ArgumentParser(prog="python -m piloteval.upkeep", description=__doc__)
    parser.add_argument("--fix", action="store_true", help="write the files again")
    fix = parser.parse_args().fix
    for path, text in drift().items():
        if fix:
            path.write_text(text, encoding="utf-8")
        print(f"{path.relative_to(ROOT)}: {'written' if fix else 'out of date. ' + FIX}")
    if not fix and drift():
        sys.exit(1)


if __name__ == "__main__":
    main()
