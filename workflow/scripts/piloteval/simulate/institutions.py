"""Audits, ratings of the standards, indicators and the Delphi rounds of the synthetic pilot."""

from __future__ import annotations

from typing import Any

import numpy as np

VERDICTS = ("not met", "partly met", "met")
DIMENSIONS = ("feasibility", "clarity", "evidence_sufficiency", "audit_operability")


def make_audits(
    rng: np.random.Generator, sites: list[dict[str, str]], standards: dict[str, list[str]]
) -> dict[str, list[list[Any]]]:
    """Draw verdicts of a self-audit and of two external auditors an institution.

    An institution has a maturity, a standard a difficulty; an external auditor sees the same with a little noise, the
    institution sees itself kindlier.
    """
    difficulty = {code: rng.normal(-0.55, 0.75) for codes in standards.values() for code in codes}
    external, own = [], []
    for place, site in enumerate(sites):
        maturity = rng.normal(0.35, 0.45)
        auditors = [f"AUD{1 + (2 * place) % 7:02d}", f"AUD{1 + (2 * place + 3) % 7:02d}"]
        day = f"2025-10-{6 + place % 20:02d}"
        for track in (name.strip() for name in site["tracks"].split(",")):
            for code in standards[track]:
                level = maturity - difficulty[code] + rng.normal(0, 0.5)
                if rng.random() < 0.03:
                    for auditor in auditors:
                        external.append([site["site"], code, "external", auditor, "not applicable", "", day])
                    own.append(
                        [site["site"], code, "self", f"{site['site'].upper()}-SELF", "not applicable", "", "2025-09-15"]
                    )
                    continue
                for auditor in auditors:
                    seen = level + rng.normal(0, 0.22)
                    verdict = VERDICTS[int(np.searchsorted([0.05, 0.55], seen))]
                    external.append(
                        [site["site"], code, "external", auditor, verdict, f"doc-{rng.integers(100, 999)}", day]
                    )
                verdict = VERDICTS[int(np.searchsorted([-0.15, 0.30], level + rng.normal(0, 0.25)))]
                own.append(
                    [
                        site["site"],
                        code,
                        "self",
                        f"{site['site'].upper()}-SELF",
                        verdict,
                        f"doc-{rng.integers(100, 999)}",
                        "2025-09-15",
                    ]
                )
    return {"external": external, "self": own}


def make_ratings(
    rng: np.random.Generator, sites: list[dict[str, str]], standards: dict[str, list[str]], raters: int
) -> list[list[Any]]:
    """Draw ratings of the standards from 1 to 5 by ``raters`` people an institution on four dimensions."""
    quality = {(code, d): rng.normal(0.75, 0.55) for codes in standards.values() for code in codes for d in DIMENSIONS}
    rows = []
    for site in sites:
        tracks = [name.strip() for name in site["tracks"].split(",")]
        for number in range(1, raters + 1):
            mood = rng.normal(0, 0.35)
            for code in (code for track in tracks for code in standards[track]):
                marks = []
                for dimension in DIMENSIONS:
                    mark = 1 + int(
                        np.searchsorted([-1.4, -0.6, 0.1, 0.9], quality[code, dimension] + mood + rng.normal(0, 0.75))
                    )
                    marks.append(None if rng.random() < 0.015 else mark)
                rows.append([f"{site['site'].upper()}-R{number}", site["site"], code, *marks])
    return rows


def make_indicators(rng: np.random.Generator, sites: list[dict[str, str]]) -> list[list[Any]]:
    """Draw three institution indicators in the year before and the year of the pilot."""
    model = {
        "turnover_percent": (11.0, 3.0, -0.6),
        "burnout_percent": (34.0, 6.0, -1.2),
        "patient_satisfaction": (7.9, 0.5, 0.1),
    }
    rows = []
    for site in sites:
        for name, (mean, sd, change) in model.items():
            level = rng.normal(mean, sd)
            for period, shift in (("2024", 0.0), ("2025", change)):
                value = None if rng.random() < 0.04 else round(float(level + shift + rng.normal(0, sd / 4)), 1)
                rows.append([site["site"], period, name, value])
    return rows


def make_delphi(rng: np.random.Generator, statements: list[str], panellists: int) -> dict[str, list[list[Any]]]:
    """Draw two Delphi rounds: in the second, fewer people rate the open statements, closer to the first median."""
    names = [f"PAN{number:02d}" for number in range(1, panellists + 1)]
    comments = (
        "Needs a definition of the time frame.",
        "Depends on the size of the institution.",
        "Overlaps with what is asked elsewhere.",
    )
    first, second = [], []
    worth = {(s, d): rng.normal(0.95, 0.7) for s in statements for d in ("feasibility", "sensitivity")}
    cuts = [-1.5, -0.7, 0.0, 0.9]
    latent = {}
    for name in names:
        leaning = rng.normal(0, 0.3)
        for statement in statements:
            marks = []
            for dimension in ("feasibility", "sensitivity"):
                value = worth[statement, dimension] + leaning + rng.normal(0, 0.7)
                latent[name, statement, dimension] = value
                marks.append(None if rng.random() < 0.01 else 1 + int(np.searchsorted(cuts, value)))
            first.append([name, statement, *marks, str(rng.choice(comments)) if rng.random() < 0.04 else ""])
    stayed = names[: max(3, round(panellists * 0.85))]
    still_open = [s for s in statements if min(worth[s, "feasibility"], worth[s, "sensitivity"]) < 0.75]
    for name in stayed:
        for statement in still_open:
            marks = []
            for dimension in ("feasibility", "sensitivity"):
                value = (
                    0.5 * latent[name, statement, dimension]
                    + 0.5 * (worth[statement, dimension] + 0.25)
                    + rng.normal(0, 0.25)
                )
                marks.append(1 + int(np.searchsorted(cuts, value)))
            second.append([name, statement, *marks, ""])
    return {"1": first, "2": second}
