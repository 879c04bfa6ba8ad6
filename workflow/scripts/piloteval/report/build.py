"""Build a report: gather pages, tables and figures in a scratch folder, keep the sections the study has, and render."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

from piloteval.config import read_instruments
from piloteval.report import engines

#: Sections that belong to a part of the study; others are always shown.
PART_SECTIONS = (
    "instruments",
    "sample",
    "characteristics",
    "scores",
    "reliability",
    "raters",
    "change",
    "certification",
    "levels",
    "competences",
    "consensus",
    "interviews",
    "coders",
    "synthesis",
    "references",
)
_INCLUDE = re.compile(r"^\{\{<\s*include\s+_sections/_(\w+)\.qmd\s*>\}\}$", re.MULTILINE)


def keep_sections(page: str, parts: list[str], internal: bool) -> str:
    """Drop the include lines of parts the study does not have, and of sections for the team from a page for the public.

    Parameters
    ----------
    page : str
        Text of the main .qmd.
    parts : list of str
        Parts of the study.
    internal : bool
        Whether the team reads.
    """

    def keep(match: re.Match[str]) -> str:
        name = match[1]
        absent = name in PART_SECTIONS and name not in parts
        return "" if absent or (name in ("raters", "levels", "competences", "coders") and not internal) else match[0]

    return _INCLUDE.sub(keep, page)


def _front_matter(page: str, values: dict[str, str]) -> str:
    """Fill title, subtitle and date of the page from the study."""
    for key, value in values.items():
        page = re.sub(
            rf"^{key}: .*$",
            lambda _match, k=key, v=value: f"{k}: {json.dumps(v, ensure_ascii=False)}",
            page,
            count=1,
            flags=re.MULTILINE,
        )
    return page


def instrument_facts(paths: list[str]) -> list[dict[str, Any]]:
    """Return what the report says about each instrument."""
    return [
        {
            "id": one.id,
            "name": one.name,
            "version": one.version,
            "status": one.status,
            "items": len(one.items),
            "scales": len(one.scales),
            "low": one.values[0],
            "high": one.values[-1],
            "reversed": len(one.reverse),
            "source": one.source,
            "notes": list(one.notes),
        }
        for one in read_instruments(paths).values()
    ]


def build(
    output: Path,
    to: str,
    tier: str,
    *,
    pages: list[str],
    tables: list[str],
    figures: list[str],
    alt: list[str],
    instruments: list[str],
    facts: dict[str, Any],
    engine: str,
) -> None:
    """Render the evaluation report of one tier in one format.

    Parameters
    ----------
    output : Path
        The file to make.
    to : str
        ``html``, ``docx`` or ``pdf``.
    tier : str
        Tier of the tables and figures.
    pages, tables, figures, alt, instruments : list of str
        Files the report is made of.
    facts : dict
        What the report says about the study besides its results.
    engine : str
        ``quarto`` or ``builtin``.
    """
    here = Path(__file__).resolve()
    root = Path(next(path for path in pages if Path(path).name == "evaluation.qmd")).resolve().parent
    with tempfile.TemporaryDirectory(prefix="report-") as scratch:
        work = Path(scratch)
        for path in pages:
            target = work / Path(path).resolve().relative_to(root)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        for path in [*tables, *alt]:
            target = work / "tables" / path[path.index("results/") :]
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        (work / "figures").mkdir(exist_ok=True)
        for path in figures:
            shutil.copyfile(path, work / "figures" / Path(path).name)
        report = {**facts, "tier": tier, "engine": engine, "instruments": instrument_facts(instruments)}
        (work / "report.json").write_text(json.dumps(report, ensure_ascii=False, indent=1), encoding="utf-8")
        source = work / "evaluation.qmd"
        cited = facts["study"]["registry"] or {"reliability", "raters", "change", "certification", "coders"} & set(
            facts["parts"]
        )
        flags = [
            *facts["parts"],
            *(["instruments"] if instruments else []),
            *(["scores"] if "sample" in facts["parts"] else []),
            *(["characteristics"] if "sample" in facts["parts"] and facts["registered"] else []),
            *(["references"] if cited else []),
        ]
        text = keep_sections(source.read_text(encoding="utf-8"), flags, tier == "internal")
        audience = "Report for the study team" if tier == "internal" else "Report for the public"
        study = facts["study"]
        text = _front_matter(
            text,
            {"title": study["title"], "subtitle": " · ".join(part for part in (study["subtitle"], audience) if part)},
        )
        source.write_text(text, encoding="utf-8")
        engines.render(source, output, to=to, engine=engine, workdir=work, python_path=[here.parents[2]])
