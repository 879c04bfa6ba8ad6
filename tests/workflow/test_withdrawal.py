"""Withdrawing somebody is deleting them: the results with a person in the list of withdrawals are those without the data.

Study A is the example with one more row in the list of withdrawals. Study B is the example with every row, file, coding
and row of the landing sheet of that person deleted, and the row in the list of withdrawals says so. Of a few people the
rules that read raw files are compared here, table by table; ``--full`` compares them for everybody who takes part, and
once all files of two whole runs.
"""

import csv
import inspect
import re
import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd
import pytest
from piloteval.intake import refi
from piloteval.intake.gate import BY_INTERVIEW
from workflow.conftest import ROOT, Workflow

WITHDRAWN_ON, DELETED_ON = "2026-01-15", "2026-02-01"
LIST = "data/example/withdrawals.csv"
SHEET = "config/inputs.tsv"

#: SPSS, a wide workbook and a CSV file with a fault, with and without interview; `make test-full` withdraws everybody.
SPREAD = ("BE1-01", "PT1-01", "BE2-03")


# --------------------------------------------------------------------------------------------------------------------
# The two studies
# --------------------------------------------------------------------------------------------------------------------


@dataclass
class Left:
    """What was deleted of a person in study B."""

    rows: dict[str, list[int]] = field(default_factory=dict)
    interviews: set[str] = field(default_factory=set)
    files: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)  # files of coding programs that held a text of the person


def sheet_rows(folder):
    with (folder / SHEET).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def listed(folder):
    """Return the interviewee of every interview."""
    with (folder / "data/example/interviews/interviews.csv").open(encoding="utf-8", newline="") as file:
        return {one["interview"]: one["participant"] for one in csv.DictReader(file)}


def _text(path, names, values):
    """Delete rows of a text file; the others keep every character."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    mark = max(",;\t", key=lines[0].count)
    cells = [next(csv.reader([line], delimiter=mark)) for line in lines]
    assert all(len(one) == len(cells[0]) for one in cells if one), path  # no cell goes over two lines
    place = next((n for n, name in enumerate(cells[0]) if name in names), None)
    gone = [n for n, row in enumerate(cells) if n and place is not None and row and row[place] in values]
    path.write_text("".join(line for n, line in enumerate(lines) if n not in gone), encoding="utf-8")
    return [n + 1 for n in gone]


def _workbook(path, names, values):
    import openpyxl

    book, gone = openpyxl.load_workbook(path), []
    for sheet in book.worksheets:
        header = [cell.value for cell in sheet[1]]
        place = next((n for n, name in enumerate(header) if name in names), None)
        rows = [
            row[place].row for row in sheet.iter_rows(min_row=2) if place is not None and row[place].value in values
        ]
        for row in reversed(rows):
            sheet.delete_rows(row)
        gone += rows
    if gone:
        book.save(path)
    return gone


def _statistical(path, names, values):
    import pyreadstat

    frame, meta = pyreadstat.read_sav(str(path), user_missing=True)
    name = next((one for one in frame.columns if one in names), None)
    out = frame[name].isin(values) if name else pd.Series(False, index=frame.index)
    if out.any():
        pyreadstat.write_sav(
            frame[~out],
            str(path),
            column_labels=meta.column_labels,
            variable_value_labels=meta.variable_value_labels,
            missing_ranges=meta.missing_ranges,
            variable_format=meta.original_variable_types,
        )
    return [int(n) + 1 for n in frame.index[out]]


def _project(path, _names, values):
    """Delete the text of an interview with its codings, as a person does in the coding program."""
    project = refi.read_project(path)
    kept = [one for one in project.sources if one.name not in values]
    gone = len(kept) < len(project.sources)
    if gone:
        cases = tuple(one for one in project.cases if one.name not in values)
        refi.write_project(replace(project, sources=tuple(kept), cases=cases), path)
    return [None] * gone


DELETE = {".csv": _text, ".xlsx": _workbook, ".sav": _statistical, ".qdpx": _project}


def withdraw(folder, person, deleted=""):
    """Enter a withdrawal from everything."""
    path = folder / LIST
    path.write_text(f"{path.read_text(encoding='utf-8')}{person},{WITHDRAWN_ON},all,{deleted}\n", encoding="utf-8")


def delete(folder, person):
    """Delete everything of a person, as the data manager does, and say so in the list of withdrawals."""
    left = Left(interviews={one for one, who in listed(folder).items() if who == person})
    sheet = sheet_rows(folder)
    for one in sheet:
        path = folder / one["path"]
        if one["kind"] in ("withdrawals", "deny_list", "dictionary", "indicator", "resolutions"):
            continue
        if one["kind"] == "transcript":
            if one["unit"] in left.interviews:
                path.unlink()
                left.files.append(one["path"])
            continue
        by_interview = one["kind"] in BY_INTERVIEW
        names = ("interview",) if by_interview else ("participant", "record_id", "rater", "auditor", "panellist")
        rows = DELETE[path.suffix](path, names, left.interviews if by_interview else {person})
        if rows == [None]:
            left.texts.append(one["path"])
        elif rows:
            left.rows[one["path"]] = rows
    _text(folder / SHEET, ("unit",), left.interviews)
    withdraw(folder, person, DELETED_ON)
    return left


def copy(folder):
    for name in ("config", "data"):
        shutil.copytree(ROOT / name, folder / name)
    # Which files were received when is the business of the files, which differ.
    path = folder / "config/config.yaml"
    text = path.read_text(encoding="utf-8")
    assert "  received: config/received.tsv\n" in text
    path.write_text(
        text.replace("  received: config/received.tsv\n", "  received: null\n").replace("draws: 2000", "draws: 200"),
        encoding="utf-8",
    )
    return folder


# --------------------------------------------------------------------------------------------------------------------
# The rules that read raw files, in this process
# --------------------------------------------------------------------------------------------------------------------


def call(run, known, kinds=()):
    """Call a rule's function with what it asks for by name."""
    asked = inspect.signature(run).parameters
    missing = [name for name, one in asked.items() if name not in known and one.default is one.empty]
    assert missing == [], f"{run.__module__} asks for {missing}; tell the test where that comes from"
    return run(**{name: known[name] for name in asked if name in known})


def read_raw(folder, monkeypatch, *, interviews=True):
    """Run the rules that read raw files and hold people of the register; return their tables and pages."""
    from piloteval import people
    from piloteval.config import read_yaml
    from piloteval.intake import check
    from piloteval.measures import scoring
    from piloteval.plan import Study
    from piloteval.qualitative import coders, coding, machines, quotes, segments
    from piloteval.qualitative.codebook import code_names, read_codebook

    monkeypatch.chdir(folder)
    study = Study(read_yaml("config/config.yaml"))
    config = study.config
    common = {
        "sources": study.sources,
        "settings": study.settings(),
        "criteria": study.criteria(),
        "about": study.about(),
        "cohorts": list(config["study"]["cohorts"]),
        "outcomes": [one["scale"] for one in config["outcomes"]],
        "confidence": config["statistics"]["confidence"],
        "models": config["interviews"].get("entity_models", {}),
        "banner": study.about()["banner"],
        "instruments": study.instruments,
        "sheet": [SHEET],
        **{name: study.files(name) for name in ("sites", "standards", "statements", "key", "received")},
        "codebook": study.files("codebook")[0],
        "codes": code_names(study.files("codebook")),
        "registered": True,
        "pins": study.pins(),
        "found": study.found(),
        "floor": config["tiers"]["internal_floor"],
        "final_codes": config["interviews"]["final_codes"],
        "roles": config["interviews"]["role_labels"],
    }
    tables, page, problems = call(check.run, common)
    check.stop(problems)
    made = {"check": {**tables, "page": page}}
    made["people"] = call(people.run, common)
    common |= made["people"]
    made["scoring"] = call(scoring.run, common)
    if interviews:
        made["segments"] = call(segments.run, common)
        common |= made["segments"] | {"without_names": made["segments"]["texts"]}
        # A rule between the two, which reads no raw file.
        book = read_codebook(common["codebook"])
        common["suggestions"] = coding.suggest(common["segments"], book)
        common["extra"] = machines.suggest(common["segments"], book, {})
        made["coders"] = call(coders.run, common)
        common["counted"] = made["coders"]["counted"]
        made["quotes"] = call(quotes.run, common)
    return {
        rule: {name: pd.DataFrame(one) if isinstance(one, list) else one for name, one in several.items()}
        for rule, several in made.items()
    }


# --------------------------------------------------------------------------------------------------------------------
# The comparison, with everything that may differ
# --------------------------------------------------------------------------------------------------------------------


def rows_moved(table, left):
    """Return a table with row numbers as they are when the person's rows are not in the files."""

    def moved(file, row):
        return row if pd.isna(row) else row - sum(one < row for one in left.rows.get(file, ()))

    return table.assign(row=[moved(file, row) for file, row in zip(table["file"], table["row"], strict=True)])


def without_rows(table, left, path):
    """Return a table without the person's rows, which only study A can list."""
    gone = [
        (row in left.rows.get(file, ())) or file in left.files or (pd.isna(row) and file in left.texts)
        for file, row in zip(table["file"], table["row"], strict=True)
    ]
    assert path != "deletions" or sum(gone) == sum(map(len, left.rows.values())) + len(left.files) + len(left.texts)
    assert path == "deletions" or sum(gone) == 0  # nothing else may tell of them
    return table[[not one for one in gone]]


def ledger(table, sources):
    """Return a ledger without what the gate turned away: rows read less withdrawn; lines of other sources only."""
    table = table[~table["source"].isin(sources)]
    table = table.assign(rows_read=table["rows_read"] - table["withdrawn"]).drop(columns="withdrawn")
    return table[table["rows_read"] > 0]


def assert_equal(first, second, where):
    first, second = first.reset_index(drop=True), second.reset_index(drop=True)
    if first.empty and second.empty:
        assert list(first.columns) == list(second.columns) or first.columns.empty or second.columns.empty, where
        return
    pd.testing.assert_frame_equal(first, second, check_dtype=False, obj=where)


def compare(a, b, left, sources):
    """Compare the tables of both studies cell by cell.

    Exempt are size, digest and rows read in ``files``, rows read and withdrawn in the ledgers, numbers of rows, what is
    still to be deleted, the digest of the list of withdrawals, and on the page of data quality the same numbers.
    """
    assert a.keys() == b.keys()
    for rule in a:
        assert a[rule].keys() == b[rule].keys()
        for name in a[rule]:
            first, second, where = a[rule][name], b[rule][name], f"{rule}.{name}"
            if isinstance(first, str):
                if rule == "check":
                    first, second = (quality_lines(one, left) for one in (first, second))
                assert first == second, where
            elif (rule, name) == ("check", "files"):
                first = first[~first["source"].isin(sources)]
                exempt = ["bytes", "sha256"]
                assert_equal(first.drop(columns=exempt), second.drop(columns=exempt), where)
            elif (rule, name) == ("check", "rows"):
                pass  # what the ledgers below say with the rows withdrawn beside them
            elif rule == "check":
                assert_equal(rows_moved(without_rows(first, left, name), left), second, where)
            elif (rule, name) == ("people", "withdrawals"):  # the list itself, by its digest
                assert_equal(first.drop(columns="sha256"), second.drop(columns="sha256"), where)
            elif name == "rows":
                assert_equal(ledger(first, sources), ledger(second, sources), where)
            else:
                assert_equal(first, second, where)


def quality_lines(page, left):
    """Return the lines of the page of data quality without numbers, and without those of a deleted transcript.

    Under the floor a number of rows is told in words.
    """
    page = re.sub(r"(?:all but )?fewer than ([0-9]+)", r"\1", page).replace(" rows in each file", " rows")
    names = [Path(one).name for one in left.files]
    lines = [line for line in page.splitlines() if not any(name in line.replace("<wbr>", "") for name in names)]
    return [re.sub(r"[0-9]+", "#", line) for line in lines]


def assert_gone(made, person, names, speech):
    """Assert that no table of study A but those that list the person's rows by number shows anything of the person."""
    for rule, several in made.items():
        for name, table in several.items():
            text = table if isinstance(table, str) else table.to_csv()
            assert [one for one in (person, *names, *speech) if one and one in text] == [], f"{rule}.{name}"


def pseudonyms_of(person, interviews, key):
    from piloteval.keys import INTERVIEW, RELEASE, SURVEY, pseudonym

    domains = (SURVEY, INTERVIEW, RELEASE)
    return [pseudonym(key, domain, one) for domain in domains for one in (person, *interviews)]


def speech_of(folder, left, length=40):
    """Return stretches of what the person said in the interview, none of which another interview holds as well."""
    from piloteval.intake.sheet import Source
    from piloteval.intake.transcripts import read_transcript

    stretches = []
    for one in sheet_rows(folder):
        if one["kind"] == "transcript" and one["unit"] in left.interviews:
            source = Source(0, "t", "transcript", str(folder / one["path"]), unit=one["unit"], language=one["language"])
            read, _problems = read_transcript(source, ["I", "INT", "E", "Q"], ["B", "R", "P"])
            for turn in read.turns:
                if turn.role == "participant":
                    stretches += [turn.speech[at : at + length] for at in range(0, len(turn.speech) - length, length)]
    return stretches


def withdraw_and_delete(person, tmp_path, monkeypatch, *, interviews):
    """Compare study A and study B of a person."""
    from piloteval.keys import read_key

    a, b = copy(tmp_path / "a"), copy(tmp_path / "b")
    withdraw(a, person)
    left = delete(b, person)
    assert any("questionnaires" in path for path in left.rows), "nobody of that name answered"
    sources = [one["source"] for one in sheet_rows(a) if one["path"] in left.files]
    interviews = interviews or bool(left.interviews)
    first = read_raw(a, monkeypatch, interviews=interviews)
    second = read_raw(b, monkeypatch, interviews=interviews)
    compare(first, second, left, sources)
    names = pseudonyms_of(person, left.interviews, read_key(a / "config/demo.key"))
    assert_gone(first, person, names, speech_of(a, left))
    return left


def enrolled():
    """Return everybody of the example who takes part."""
    with (ROOT / "data/example/register.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    from piloteval.config import read_yaml
    from piloteval.intake.eligibility import reason_to_exclude

    keys = ("min_age", "min_experience_years", "professions", "require_affiliation")
    wanted = read_yaml(ROOT / "config/config.yaml")["participants"]
    criteria = {key: wanted[key] for key in keys}
    numbers = [{**one, **{name: float(one[name] or "nan") for name in ("age", "experience_years")}} for one in rows]
    withdrew = {line.split(",")[0] for line in (ROOT / LIST).read_text(encoding="utf-8").splitlines() if ",all" in line}
    return [
        one["participant"]
        for one in numbers
        if one["consent_survey"] == "yes" and one["participant"] not in withdrew
        if not reason_to_exclude(one, **criteria)
    ]


@pytest.mark.parametrize("person", SPREAD)
def test_withdrawing_is_deleting(person, tmp_path, monkeypatch):
    withdraw_and_delete(person, tmp_path, monkeypatch, interviews=False)


def test_spread_is_of_every_kind():
    """Every format of questionnaires, people with and without interview, one whose row has a fault, one coded."""
    people = enrolled()
    assert set(SPREAD) <= set(people)
    formats = {Path(one["path"]).suffix for one in sheet_rows(ROOT) if one["kind"] == "questionnaire"}
    named = {one["site"]: Path(one["path"]).suffix for one in sheet_rows(ROOT) if one["kind"] == "questionnaire"}
    assert {named[one[:3].lower()] for one in SPREAD} == formats
    interviewed = set(listed(ROOT).values())
    assert interviewed & set(SPREAD)
    assert set(SPREAD) - interviewed
    coded = set()
    with (ROOT / "data/example/codings/coder-a.csv").open(encoding="utf-8", newline="") as file:
        coded |= {listed(ROOT)[one["interview"]] for one in csv.DictReader(file)}
    assert coded & set(SPREAD)
    project = refi.read_project(ROOT / "data/example/codings/coder-b.qdpx")
    assert {listed(ROOT)[one.name] for one in project.sources} & set(SPREAD)


def test_no_other_rule_reads_raw_files_of_people():
    """What is compared here is all that reads raw files, but for the rules about other phases and about indicators."""
    compared = {
        "check_inputs",
        "admit_participants",
        "score_scales",
        "prepare_transcripts",
        "check_coders",
        "choose_quotes",
    }
    readers = set()
    for path in sorted((ROOT / "workflow/rules").glob("*.smk")):
        for rule in re.split(r"^(?=(?:rule|checkpoint) )", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
            if re.search(r"study\.(?:raw|rows|found)\(", rule):
                readers.add(re.match(r"\w+ (\w+):", rule)[1])
    assert readers == compared | {"assess_certification", "assess_consensus", "profile_competences"}


# --------------------------------------------------------------------------------------------------------------------
# Everybody, and whole runs (--full)
# --------------------------------------------------------------------------------------------------------------------


def test_everybody_can_withdraw(request, tmp_path, monkeypatch, record_property):
    if not request.config.getoption("--full"):
        pytest.skip("everybody who takes part; make test-full runs it")
    people = enrolled()
    done = 0
    for person in people:
        with monkeypatch.context() as here:
            withdraw_and_delete(person, tmp_path / person, here, interviews=True)
        shutil.rmtree(tmp_path / person)
        done += 1
    line = f"withdrawal: {done} of {len(people)} people withdrawn, with the same tables as with their data deleted"
    record_property("figures", line)
    assert done == 66


#: Files of a run that say what the raw files are, or when and how it ran, rather than what follows from them.
ABOUT_FILES = (
    "internal/provenance/*",
    "internal/quality/files.csv",
    "internal/quality/problems.csv",
    "internal/quality/data_quality.html",
    "*/quality/accounting.csv",
    "restricted/quality/*",
    "restricted/people/deletions.csv",
    "restricted/people/withdrawals.csv",
    "*/report/*",
)


def test_whole_run_is_the_run_without_the_person(request, tmp_path):
    """Every other file is the same byte for byte, and nothing outside the raw data shows anything of the person."""
    if not request.config.getoption("--full"):
        pytest.skip("two whole runs; make test-full runs them")
    from piloteval.keys import read_key

    person = "AT2-01"
    a, b = copy(tmp_path / "a"), copy(tmp_path / "b")
    withdraw(a, person)
    left = delete(b, person)
    assert left.interviews
    for folder in (a, b):
        done = Workflow(folder, ROOT / "Snakefile").run()
        assert done.code == 0, done.said
        (folder / "console.txt").write_text(done.said, encoding="utf-8")
    files = [
        sorted(path.relative_to(folder / "results") for path in (folder / "results").rglob("*") if path.is_file())
        for folder in (a, b)
    ]
    assert files[0] == files[1]
    compared = [one for one in files[0] if not any(one.match(pattern) for pattern in ABOUT_FILES)]
    assert len(compared) > 30
    other = [
        one.as_posix() for one in compared if (a / "results" / one).read_bytes() != (b / "results" / one).read_bytes()
    ]
    assert other == []
    needles = [person, *pseudonyms_of(person, left.interviews, read_key(a / "config/demo.key")), *speech_of(a, left)]
    for path in a.rglob("*"):
        if path.is_file() and (a / "data") not in path.parents and path.suffix not in (".png", ".key"):
            if path.suffix == ".parquet":
                text = pd.read_parquet(path).to_csv()
            else:
                text = path.read_bytes().decode("utf-8", errors="replace")
            assert [one for one in needles if one in text] == [], path.relative_to(a)
