"""Write the synthetic pilot.

``python -m piloteval.simulate`` from the repository makes data/example, the landing sheet and the ledger again.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from piloteval.config import read_instruments, read_tsv, read_yaml
from piloteval.intake import received
from piloteval.intake.catalogues import read_standards
from piloteval.intake.sheet import Source, digest
from piloteval.intake.transcripts import read_interviews
from piloteval.qualitative.codebook import read_codebook
from piloteval.qualitative.prepare import Prepared, prepare, read_entries
from piloteval.simulate import coders, exports, files, institutions, interviews, questionnaires

SEED = 6888297
#: The day the invented files are said to have come.
RECEIVED_ON = "2025-12-15"
README = (
    "# A synthetic pilot\n\n"
    "Everything in this folder is invented by `python -m piloteval.simulate`: "
    "persons, institutions, answers, audits, ratings, interviews\n"
    "and codings. Nothing here is a real person's, and nothing here says anything about RESCUE. "
    "`truth/` holds what the simulator knows\n"
    "and an analyst could not: true change and reliability, gold codes, identifying details. "
    "Tests read it; no rule does.\n"
)
#: Transcripts that come in another format than the rest.
TRANSCRIPTS = {"I14": "odt", "I15": "srt"}
#: Language versions of the questionnaires by country; the institutions of a country take them in turn.
SPOKEN = {"AT": ["de"], "BE": ["nl", "fr"], "PT": ["pt"], "ES": ["es"], "IE": ["en"], "DE": ["de"]}
#: How the institutions send their questionnaires, in turn.
FORMATS = ("csv;", "redcap", "sav", "csv,", "wide", "csv;", "limesurvey", "csv,", "xlsx")


def _stream(seed: int, number: int) -> np.random.Generator:
    """Return a stream of chance of its own for each kind of data, so that one does not move another."""
    return np.random.default_rng([seed, number])


def _sites(study: Path, count: int) -> list[dict[str, str]]:
    """Return the sites of the study, made up to the number asked for, and write the sheet when it grew."""
    path = study / "config/sites.tsv"
    sites: list[dict[str, str]] = [
        {key: str(value) for key, value in row.items() if key != "line"} for row in read_tsv(path, "sites")
    ]
    if count == len(sites):
        return sites
    base, sites = list(sites), sites[:count]
    for number in range(len(sites), count):
        like = base[number % len(base)]
        sites.append({**like, "site": f"{like['site']}-{number + 1}", "name": f"{like['name']}-{number + 1}"})
    files.write_csv(path, list(sites[0]), [list(site.values()) for site in sites], delimiter="\t")
    return sites


def _questionnaires(
    folder: Path, sites: list[dict[str, str]], people: list[questionnaires.Person], seed: int, study: Path
) -> list[dict[str, Any]]:
    """Write one file a site and wave, each in the site's own format, with the small faults of real exports."""
    config = read_yaml(study / "config/config.yaml")
    instruments = read_instruments([str(study / f"config/instruments/{name}.yaml") for name in config["instruments"]])
    items = [item for instrument in instruments.values() for item in instrument.items]
    number = {site["site"]: place for place, site in enumerate(sites)}
    site = np.array([number[person.site] for person in people])
    cohort = np.array([questionnaires.COHORTS.index(person.cohort) for person in people])
    rng = _stream(seed, 2)
    waves = dict(zip(("pre", "post"), questionnaires.make_answers(rng, site, cohort, instruments), strict=True))
    eligible = [place for place, person in enumerate(people) if person.eligible]
    order = rng.permutation(eligible)
    late = set(order[: round(0.075 * len(order))].tolist())
    gone = set(order[-round(0.14 * len(order)) :].tolist())
    header = ["participant", "completed_on", *items]
    tables: dict[tuple[str, str], list[list[Any]]] = {}
    for wave, answers in waves.items():
        for one in sites:
            table = tables[one["site"], wave] = []
            for who, person in enumerate(people):
                if (
                    person.site != one["site"]
                    or person.consent_survey != "yes"
                    or who in (late if wave == "pre" else gone)
                ):
                    continue
                if not person.eligible and wave == "post":
                    continue
                cells: list[Any] = [
                    person.participant,
                    f"2025-{'09' if wave == 'pre' else '11'}-{int(rng.integers(1, 28)):02d}",
                ]
                for item in items:
                    gap = rng.random()
                    cells.append(None if gap < 0.012 else -99 if gap < 0.018 else int(answers[item][who]))
                table.append(cells)
            if one["site"] == "be2" and wave == "pre":  # an answer typed as 9 on a scale of 1 to 5
                table[2][header.index("brs_3")] = 9
            if one["site"] == "ie1" and wave == "post":  # an id with a letter for a digit
                table[1][0] = table[1][0].replace("-0", "-O")
            if one["site"] == "es1" and wave == "post":  # the same person sent twice
                table.append(list(table[0]))
    rows: list[dict[str, Any]] = []
    for wave in waves:
        for place, one in enumerate(sites):
            kind = FORMATS[place % len(FORMATS)]
            source = {"source": f"answers-{one['site']}", "kind": "questionnaire", "site": one["site"]}
            if kind in ("redcap", "wide"):
                if wave == "pre":
                    both = {name: tables[one["site"], name] for name in waves}
                    rows += exports.write_both_waves(folder / "questionnaires", source, kind, header, both, instruments)
                continue
            table = tables[one["site"], wave]
            named = folder / f"questionnaires/{one['site']}_{wave}"
            if kind.startswith("csv"):
                path = named.with_suffix(".csv")
                files.write_csv(path, header, table, delimiter=kind[3])
            elif kind == "limesurvey":
                path = named.with_suffix(".csv")
                exports.write_limesurvey(path, header, table, instruments)
            elif kind == "xlsx":  # with a column nobody asked for
                path = named.with_suffix(".xlsx")
                files.write_workbook(path, "answers", [*header, "remarks"], [[*cells, None] for cells in table])
            else:
                path = named.with_suffix(".sav")
                files.write_spss(path, header, table)
            rows.append({**source, "source": f"answers-{one['site']}-{wave}", "path": path, "wave": wave})
    country = {one["site"]: one["country"] for one in sites}
    for row in rows:
        if row["kind"] == "questionnaire":
            versions = SPOKEN.get(country[row["site"]], [""])
            row["language"] = versions[(int("".join(filter(str.isdigit, row["site"])) or 1) - 1) % len(versions)]
    truth = questionnaires.true_values(_stream(seed, 3), instruments)
    files.write_csv(
        folder / "truth/scales.csv",
        ["scale", "cohort", "true_mean_pre", "true_mean_post", "true_change", "true_sd_change", "true_alpha_pre"],
        truth,
    )
    return rows


def _beside_audits(
    folder: Path, sites: list[dict[str, str]], external: list[list[Any]], ratings: list[list[Any]], seed: int
) -> list[dict[str, Any]]:
    """Write what belongs to the audits: who audited, for what, at which effort, and what was settled and decided."""
    verdict = ["site", "standard", "round", "auditor", "verdict", "evidence", "audited_on"]
    level = ["site", "track", "level", "running_since", "certified_level", "certified_since", "applied_on"]
    rows = []
    for name, kind, header, table in (
        (
            "auditors",
            "auditors",
            ["auditor", "site", "organisation", "trained_on"],
            institutions.make_auditors(_stream(seed, 10), sites, external),
        ),
        ("applications", "application", level, institutions.make_applications(_stream(seed, 11), sites)),
        (
            "effort",
            "audit_effort",
            ["site", "round", "auditor", "visited_on", "minutes", "cost", "currency"],
            institutions.make_effort(_stream(seed, 12), external),
        ),
        ("final", "audit", verdict, institutions.make_final(_stream(seed, 13), external)),
        (
            "standard_decisions",
            "standard_decisions",
            ["standard", "decision", "reason", "decided_by", "decided_on", "note"],
            institutions.make_decisions(_stream(seed, 14), ratings),
        ),
    ):
        path = folder / f"audits/{name}.csv"
        files.write_csv(path, header, table)
        source = "audit-final" if name == "final" else name.replace("_", "-")
        rows.append({"source": source, "kind": kind, "path": path})
    return rows


def _interviews(
    folder: Path, people: list[questionnaires.Person], seed: int, count: int, words: int
) -> tuple[list[dict[str, Any]], list[interviews.Interview]]:
    """Write transcripts, the list of interviews, labels of names, the list of names, and the truth about them."""
    made = interviews.make_interviews(_stream(seed, 4), count, words)
    free = [person for person in people if person.eligible and person.consent_interview == "yes"]
    rows: list[dict[str, Any]] = []
    listed = []
    for place, one in enumerate(made):
        same = [person for person in free if person.site == one.site and person.cohort == one.cohort] or free
        person = same[0]
        free.remove(person)
        listed.append([one.interview, person.participant, f"2025-11-{3 + place % 25:02d}", one.minutes])
        suffix = TRANSCRIPTS.get(one.interview, ("txt", "docx", "vtt")[place % 3])
        path = folder / f"interviews/{one.interview}.{suffix}"
        if suffix == "txt":
            head = f"Interview {one.interview}\nsynthetic, no real person speaks here\n\n"
            files.write_text(path, head + "\n\n".join(f"{label}: {speech}" for label, speech in one.turns) + "\n")
        elif suffix in ("docx", "odt"):
            write = files.write_document if suffix == "docx" else files.write_open_document
            write(path, [f"Interview {one.interview}", "", *(f"{label}: {speech}" for label, speech in one.turns)])
        elif suffix == "srt":
            files.write_text(path, interviews.as_subrip(one))
        else:
            files.write_text(path, interviews.as_webvtt(one))
        rows.append(
            {
                "source": f"interview-{one.interview.lower()}",
                "kind": "transcript",
                "path": path,
                "unit": one.interview,
                "language": one.language,
            }
        )
    files.write_csv(folder / "interviews/interviews.csv", ["interview", "participant", "held_on", "minutes"], listed)
    rows.append({"source": "interviews", "kind": "interview_list", "path": folder / "interviews/interviews.csv"})
    gold = [
        [one.interview, span.what, span.start, span.end, one.text[span.start : span.end]]
        for one in made
        for span in one.codes
    ]
    files.write_csv(folder / "truth/gold_codes.csv", ["interview", "code", "start", "end", "quote"], gold)
    deny_list = (interviews.SOURCES / "deny_list.csv").read_text(encoding="utf-8")
    files.write_text(folder / "interviews/deny_list.csv", deny_list)
    listed_names = {line.split(",")[1] for line in deny_list.splitlines()[1:]}
    named = [
        [one.interview, span.what, span.start, span.end, "yes" if text in listed_names else "no", text]
        for one in made
        for span in one.identifiers
        for text in [one.text[span.start : span.end]]
    ]
    header = ["interview", "kind", "start", "end", "listed", "text"]
    files.write_csv(folder / "interviews/identifiers.csv", header[:-1], [row[:-1] for row in named])
    files.write_csv(folder / "truth/identifiers.csv", header, named)
    for name, kind in (("deny_list", "deny_list"), ("identifiers", "identifiers")):
        rows.append({"source": name.replace("_", "-"), "kind": kind, "path": folder / f"interviews/{name}.csv"})
    return rows, made


def _prepared(study: Path, rows: list[dict[str, Any]], people: list[questionnaires.Person]) -> dict[str, Prepared]:
    """Return the transcripts with names taken out, as the study takes them out."""
    config = read_yaml(study / "config/config.yaml")
    fields = [
        {**row, "path": str(row["path"]), "line": 0} for row in rows if row["kind"] in ("transcript", "deny_list")
    ]
    sources = [Source(**row) for row in fields]
    labels = config["interviews"]["interviewer_labels"], config["interviews"]["participant_labels"]
    transcripts, _problems, _ledger = read_interviews(sources, *labels)
    entries, _listed = read_entries(sources, [str(study / config["inputs"]["sites"])])
    made = prepare(transcripts, entries, {person.participant for person in people})
    return {one.received.interview: one for one in made}


def _sign_offs(folder: Path, prepared: dict[str, Prepared]) -> tuple[dict[str, Any], set[str]]:
    """Write the sign-offs of the transcripts in which no name is left; of these one was changed since.

    The interviews that are signed off as they are now come back too.
    """
    with (folder / "interviews/identifiers.csv").open(encoding="utf-8", newline="") as handle:
        names = [row for row in csv.DictReader(handle) if row["kind"] in ("person", "organisation", "place")]
    left = {row["interview"] for row in names if row["listed"] == "no"}
    signed, now = [], set()
    for place, one in enumerate(prepared.values()):
        text = hashlib.sha256(b"an earlier text").hexdigest() if place % 16 == 12 else one.digest
        if one.received.interview not in left:
            signed.append([one.received.interview, text[:16], "reader-1", f"2025-12-{1 + place % 28:02d}"])
            now |= {one.received.interview} if text == one.digest else set()
    path = folder / "interviews/signoff.csv"
    files.write_csv(path, ["interview", "sha256", "signed_by", "signed_on"], signed)
    return {"source": "signoff", "kind": "signoff", "path": path}, now


def _codings(
    study: Path,
    folder: Path,
    made: list[interviews.Interview],
    prepared: dict[str, Prepared],
    signed: set[str],
    seed: int,
) -> list[dict[str, Any]]:
    """Write the codings of all interviews by one coder, of a third by another, and what was decided on them.

    The first coder hands in a table on the transcripts as received, the second a project of a coding program on the
    texts without names.
    """
    book = read_codebook(str(study / "config/codebook.yaml"))
    codes = list(book.codes)
    third = [one for place, one in enumerate(made) if place % 3 == 2]
    first = interviews.make_codings(_stream(seed, 5), made, "coder-a", 0.10, codes)
    second = interviews.make_codings(_stream(seed, 15), third, "coder-b", 0.16, codes)
    path = folder / "codings/coder-a.csv"
    files.write_csv(path, coders.CODING, first)
    rows: list[dict[str, Any]] = [{"source": "codings-coder-a", "kind": "coding", "path": path}]
    path = folder / "codings/coder-b.qdpx"
    path.write_bytes(coders.make_project(second, prepared, book, "coder-b", "A synthetic pilot: second coder"))
    rows.append({"source": "codings-coder-b", "kind": "coding", "path": path, "unit": "coder-b"})
    lists = coders.make_lists({"coder-a": first, "coder-b": second}, made, prepared, book, signed)
    for kind, (header, lines) in lists.items():
        path = folder / f"codings/{kind}.csv"
        files.write_csv(path, header, lines)
        rows.append({"source": kind.replace("_", "-"), "kind": kind, "path": path})
    return rows


def _withdrawals(folder: Path, people: list[questionnaires.Person]) -> dict[str, Any]:
    """Write the list of withdrawals: somebody from everything, and an interviewee from being quoted."""
    with (folder / "interviews/interviews.csv").open(encoding="utf-8", newline="") as handle:
        interviewed = [row["participant"] for row in csv.DictReader(handle)]
    gone = next(one.participant for one in people if not one.eligible and one.consent_survey == "yes")
    quoted = next(one for one in people if one.participant in interviewed and one.consent_quotes == "yes")
    path = folder / "withdrawals.csv"
    files.write_csv(
        path,
        ["participant", "withdrawn_on", "scope", "deleted_on"],
        [[gone, "2025-11-20", "all", ""], [quoted.participant, "2025-12-01", "quotes", ""]],
    )
    return {"source": "withdrawals", "kind": "withdrawals", "path": path}


def write_study(
    study: Path,
    *,
    seed: int,
    participants: int,
    sites: int,
    items: int,
    transcripts: int,
    words: int,
    panellists: int,
    raters: int,
) -> None:
    """Write the data and the landing sheet of a synthetic pilot into a study folder that has a ``config/``.

    Parameters
    ----------
    study : Path
        The study folder.
    seed : int
        The same seed and sizes give the same bytes.
    participants, sites, transcripts, panellists : int
        How many of each; an eighteenth of the participants more are registered and not eligible.
    items : int
        Items of an extra questionnaire; 0 for none.
    words : int
        Least number of words a transcript; 0 keeps the authored length.
    raters : int
        People an institution who rate the standards.
    """
    folder = Path("data/example")
    target = study / folder
    if target.exists():
        shutil.rmtree(target)
    if items:
        _extra_instrument(study, items)
    places = _sites(study, sites)
    people = questionnaires.make_people(
        _stream(seed, 1), [site["site"] for site in places], participants, max(4, participants // 18)
    )
    columns = list(questionnaires.Person.__dataclass_fields__)
    files.write_csv(
        target / "register.csv", columns, [[getattr(person, column) for column in columns] for person in people]
    )
    rows: list[dict[str, Any]] = [{"source": "register", "kind": "register", "path": target / "register.csv"}]
    rows += _questionnaires(target, places, people, seed, study)

    standards: dict[str, list[str]] = {}
    catalogue = read_yaml(study / "config/config.yaml")["certification"]["standards"]
    for row in read_standards([str(study / path) for path in catalogue]):
        standards.setdefault(row["track"], []).append(row["code"])
    audits = institutions.make_audits(_stream(seed, 6), places, standards)
    for name, table in audits.items():
        path = target / f"audits/{name}.csv"
        files.write_csv(path, ["site", "standard", "round", "auditor", "verdict", "evidence", "audited_on"], table)
        rows.append({"source": f"audit-{name}", "kind": "audit", "path": path})
    path = target / "audits/ratings.xlsx"
    ratings = institutions.make_ratings(_stream(seed, 7), places, standards, raters)
    files.write_workbook(path, "ratings", ["rater", "site", "standard", *institutions.DIMENSIONS], ratings)
    rows.append({"source": "ratings", "kind": "rating", "path": path})
    rows += _beside_audits(target, places, audits["external"], ratings, seed)
    path = target / "indicators.csv"
    files.write_csv(
        path, ["site", "period", "indicator", "value"], institutions.make_indicators(_stream(seed, 8), places)
    )
    rows.append({"source": "indicators", "kind": "indicator", "path": path})
    statements = [row["statement"] for row in read_tsv(study / "config/statements.tsv", "statements")]
    for number, table in institutions.make_delphi(_stream(seed, 9), statements, panellists).items():
        path = target / f"consensus/round{number}.csv"
        files.write_csv(path, ["panellist", "statement", "feasibility", "sensitivity", "comment"], table)
        rows.append({"source": f"delphi-round{number}", "kind": "delphi", "path": path, "unit": number})
    listed, made = _interviews(target, people, seed, transcripts, words)
    rows += listed
    prepared = _prepared(study, rows, people)
    sign_offs, signed = _sign_offs(target, prepared)
    rows.append(sign_offs)
    rows += _codings(study, target, made, prepared, signed, seed)
    rows.append(_withdrawals(target, people))
    files.write_text(target / "README.md", README)

    sheet = [
        "source",
        "kind",
        "path",
        "site",
        "wave",
        "instrument",
        "unit",
        "language",
        "encoding",
        "delimiter",
        "sheet",
        "dialect",
        "dictionary",
        "version",
        "received_on",
        "note",
    ]
    table = [
        [row["path"].relative_to(study).as_posix() if column == "path" else row.get(column, "") for column in sheet]
        for row in rows
    ]
    files.write_csv(study / "config/inputs.tsv", sheet, table, delimiter="\t")
    ledger = study / "config/received.tsv"
    ledger.unlink(missing_ok=True)
    for row in table:
        path = study / row[2]
        now = received.Event(row[2], received.RECEIVED, str(path.stat().st_size), digest(path), RECEIVED_ON)
        received.enter(ledger, [now])


def _extra_instrument(study: Path, items: int) -> None:
    """Add a questionnaire of the given length to the study's configuration."""
    names = ", ".join(f'"extra_{number}"' for number in range(1, items + 1))
    files.write_text(
        study / "config/instruments/extra.yaml",
        "instrument: extra\nname: Extra questionnaire for benchmarks\nversion: none\nstatus: unconfirmed\n"
        "source: made by the simulator\n"
        f'responses: {{values: [1, 2, 3, 4, 5]}}\ncolumns: {{limesurvey: ["extra[SQ{{nnn}}]"]}}\nitems: [{names}]\n'
        "scales:\n  - {scale: total, label: Extra, items: all, score: mean, range: [1, 5], "
        "direction: higher is better, min_answered: 0.5}\n",
    )
    path = study / "config/config.yaml"
    text = path.read_text(encoding="utf-8")
    if '"extra"' not in text:
        files.write_text(path, text.replace('instruments: ["com"', 'instruments: ["extra", "com"'))


def main() -> None:
    """Read the sizes from the command line and write the study."""
    parser = argparse.ArgumentParser(prog="python -m piloteval.simulate", description=__doc__)
    parser.add_argument("--study", type=Path, default=Path(), help="study folder; a new one gets a copy of ./config")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--participants", type=int, default=66)
    parser.add_argument("--sites", type=int, default=9)
    parser.add_argument("--items", type=int, default=0, help="items of an extra questionnaire")
    parser.add_argument("--transcripts", type=int, default=16)
    parser.add_argument("--words", type=int, default=0, help="least number of words a transcript")
    parser.add_argument("--panellists", type=int, default=20)
    parser.add_argument("--raters", type=int, default=3, help="raters an institution")
    arguments = vars(parser.parse_args())
    study = arguments.pop("study")
    if not (study / "config").is_dir():
        shutil.copytree("config", study / "config")
    write_study(study, **arguments)


if __name__ == "__main__":
    main()
