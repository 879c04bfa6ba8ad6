"""Audits and what belongs to them, ratings of the standards, indicators and Delphi rounds of the synthetic pilot."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np

VERDICTS = ("not met", "partly met", "met")
DIMENSIONS = ("feasibility", "clarity", "evidence_sufficiency", "audit_operability")
AUDITORS = tuple(f"AUD{number:02d}" for number in range(1, 8))
#: Who signs what the auditors agreed on in their meeting.
MEETING = "AUD-PANEL"
MEETING_ON, CONFERENCE_ON = "2025-11-24", "2025-12-04"
#: What a standard's lowest rating gives as the reason to change it.
REASON_OF = dict(
    zip(DIMENSIONS, ("low feasibility", "unclear wording", "insufficient evidence", "hard to audit"), strict=True)
)
#: The one level of a track of which no levels are known.
ONE_LEVEL = "accredited"
#: What the institutions apply for, in turn: the level, for how long the programme has been running, and for how long it
#: has held a certificate of a level, in days. Some have what the level asks for (a year of experience, a cycle of three
#: years as certified), some fall short of it, and one does not say.
APPLIED = (
    ("execution", (500, 900), None, None),
    ("design", None, None, None),
    ("comprehensive", (1900, 2400), "execution", (1130, 1400)),
    ("execution", (120, 300), None, None),
    ("comprehensive", (1200, 1600), "execution", (400, 800)),
    ("execution", (400, 700), "design", (380, 390)),
    ("design", (30, 90), None, None),
    ("comprehensive", (1500, 1900), None, None),
    ("execution", None, None, None),
)


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


def make_auditors(rng: np.random.Generator, sites: list[dict[str, str]], external: list[list[Any]]) -> list[list[Any]]:
    """Give every auditor a home institution that another one audited, the next after the home of the one before.

    Who audited all institutions comes from none of them.
    """
    rows: list[list[Any]] = []
    names = [site["site"] for site in sites]
    place = -1
    for auditor in AUDITORS:
        audited = {row[0] for row in external if row[3] == auditor}
        free = [name for name in names[place + 1 :] + names[: place + 1] if name not in audited]
        place = names.index(free[0]) if free else place
        trained = datetime.date(2025, 6, 2) + datetime.timedelta(int(rng.integers(0, 75)))
        rows.append([auditor, free[0] if free else "", "" if free else "ORG-1", trained.isoformat()])
    return rows


def make_final(rng: np.random.Generator, external: list[list[Any]]) -> list[list[Any]]:
    """Settle some of the standards on which the auditors differed: the meeting takes the verdict of one of them."""
    given: dict[tuple[str, str], list[str]] = {}
    for site, standard, _round, _auditor, verdict, *_rest in external:
        given.setdefault((site, standard), []).append(verdict)
    rows: list[list[Any]] = []
    for (site, standard), verdicts in given.items():
        settled, side, document = rng.random() < 0.7, rng.integers(len(verdicts)), rng.integers(100, 999)
        if len(set(verdicts)) > 1 and settled:
            rows.append([site, standard, "final", MEETING, verdicts[side], f"doc-{document}", MEETING_ON])
    return rows


def make_effort(rng: np.random.Generator, external: list[list[Any]]) -> list[list[Any]]:
    """Draw the minutes and the cost of every visit: some minutes a standard, an hourly rate and the way there."""
    visits: dict[tuple[str, str, str], int] = {}
    for site, _standard, _round, auditor, _verdict, _evidence, day in external:
        visits[site, auditor, day] = visits.get((site, auditor, day), 0) + 1
    rows: list[list[Any]] = []
    for (site, auditor, day), standards in visits.items():
        minutes = 5 * round((60 + standards * rng.normal(9.0, 1.2)) / 5)
        cost = round(float(minutes / 60 * 55 + rng.uniform(40, 260)), 2)
        told = rng.random() > 0.1
        rows.append([site, "external", auditor, day, minutes, cost if told else None, "EUR" if told else None])
    return rows


def make_applications(rng: np.random.Generator, sites: list[dict[str, str]]) -> list[list[Any]]:
    """Write one application an institution and track, as :data:`APPLIED` has them in turn."""
    rows: list[list[Any]] = []
    for place, site in enumerate(sites):
        applied = datetime.date(2025, 7, 1) + datetime.timedelta(int(rng.integers(0, 45)))
        level, running, held, holding = APPLIED[place % len(APPLIED)]
        since = [
            (applied - datetime.timedelta(int(rng.integers(*days)))).isoformat() if days else ""
            for days in (running, holding)
        ]
        for track in (name.strip() for name in site["tracks"].split(",")):
            if track == "intervention":
                rows.append([site["site"], track, level, since[0], held or "", since[1], applied.isoformat()])
            else:
                rows.append([site["site"], track, ONE_LEVEL, since[0], "", "", applied.isoformat()])
    return rows


def make_decisions(rng: np.random.Generator, ratings: list[list[Any]]) -> list[list[Any]]:
    """Decide on the standards with the lowest and the highest ratings, as a conference would.

    The two lowest are removed and the next four revised, for the dimension rated lowest or, of one each, for a reason
    that no rating tells; the three highest are kept.
    """
    marks: dict[str, list[list[float]]] = {}
    for _rater, _site, standard, *given in ratings:
        for place, mark in enumerate(given):
            marks.setdefault(standard, [[] for _dimension in DIMENSIONS])[place] += [] if mark is None else [mark]
    means = {standard: [float(np.mean(one)) if one else 9.0 for one in given] for standard, given in marks.items()}
    order = sorted(means, key=lambda standard: (min(means[standard]), standard))
    lowest = {standard: REASON_OF[DIMENSIONS[int(np.argmin(means[standard]))]] for standard in order[:6]}
    removed, revised = order[:2], order[2:6]
    lowest |= dict(zip(removed[1:], ["overlap"], strict=False))
    lowest |= {revised[int(rng.integers(len(revised)))]: "regulatory conflict"} if revised else {}
    decided = {
        **dict.fromkeys(removed, "remove"),
        **dict.fromkeys(revised, "revise"),
        **dict.fromkeys([one for one in order[-3:] if one not in lowest], "keep"),
    }
    return [
        [standard, decided[standard], lowest.get(standard, ""), "conference", CONFERENCE_ON, ""]
        for standard in sorted(decided)
    ]


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


def make_statement_map(
    rng: np.random.Generator, statements: list[str], first: list[list[Any]], second: list[list[Any]]
) -> list[list[Any]]:
    """Give the statements numbers: in the first round as they are listed, in the second those still open anew.

    Three of them are reworded, and what is not asked again is dropped. :func:`renumbered` writes a round with the
    numbers in place of the statements.
    """
    asked = [{row[1] for row in rows} for rows in (first, second)]
    rows = [
        ["1", str(place), one, "new"] for place, one in enumerate((s for s in statements if s in asked[0]), start=1)
    ]
    still = [one for one in statements if one in asked[1]]
    reworded = {still[place] for place in rng.choice(len(still), min(3, len(still)), replace=False)}
    rows += [
        ["2", str(place), one, "reworded" if one in reworded else "same"] for place, one in enumerate(still, start=1)
    ]
    return rows + [["2", "", one, "dropped"] for one in statements if one in asked[0] - asked[1]]


def renumbered(rows: list[list[Any]], mapping: list[list[Any]], number: str) -> list[list[Any]]:
    """Return the rows of a round with the numbers it used in place of the statements."""
    of = {statement: used for of_round, used, statement, _change in mapping if of_round == number and used}
    return [[row[0], of[row[1]], *row[2:]] for row in rows]
