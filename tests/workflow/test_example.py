"""The example run: results that keep their contracts, tiers that leak nothing, a report in good health."""

import base64
import csv
import html
import re
import unicodedata
from pathlib import Path

import pandas as pd
import pytest
from piloteval import tables
from piloteval.report.page import Page, format_number
from piloteval.tables import CONTRACTS

AUDIENCES = ("internal", "release")


def outputs(example, *tiers):
    return [path for tier in tiers for path in (example.folder / "results" / tier).rglob("*") if path.is_file()]


def read_csv(path):
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


# ------------------------------------------------------------------------------------------------------- the run


def test_the_run_says_what_it_does_and_where_the_report_is(example):
    text = example.first_run
    assert "Checking the raw files against the sheet" in text
    assert "Problems that wait for a person: 4 set aside, 31 notes." in text
    assert "Report: results/internal/report/evaluation.html" in text
    assert "Report: results/release/report/evaluation.html" in text


def test_every_output_carries_a_tier_label(example):
    for path in outputs(example, "restricted", "internal", "release"):
        if path.suffix in (".csv", ".parquet"):
            assert tables.contract(path).tier == path.relative_to(example.folder / "results").parts[0]
        else:
            for_coders = path.is_relative_to(example.folder / "results/restricted") and path.suffix in (".qdpx", ".qdc")
            assert path.suffix in (".png", ".html") or for_coders
    manifest = read_csv(example.folder / "results/internal/provenance/manifest.csv")
    assert {row["tier"] for row in manifest} == {"internal", "release"}
    assert all(row["rule"] and len(row["sha256"]) == 64 for row in manifest)


def test_every_contract_is_kept_and_used(example):
    written = set()
    for path in outputs(example, "restricted", "internal", "release"):
        if path.suffix in (".csv", ".parquet"):
            tables.read(path)
            written.add(tables.contract(path).path)
    # The example's codebook has no version before; the study of interviews in test_cases.py has one.
    assert written == set(CONTRACTS) - {"internal/themes/codebook_changes.csv"}


def test_nothing_is_left_half_made(example):
    assert not list((example.folder / "results").rglob(".*"))
    assert not (example.folder / "results/restricted/traces").exists()


def test_rows_add_up(example):
    for row in read_csv(example.folder / "results/internal/quality/accounting.csv"):
        parts = sum(int(row[column]) for column in ("analysed", "quarantined", "excluded", "withdrawn"))
        assert int(row["rows_read"]) == parts, row
    flow = {
        (row["step"], row["wave"]): int(row["people"])
        for row in read_csv(example.folder / "results/internal/quality/flow.csv")
        if not row["by"]
    }
    assert flow["enrolled", ""] == 66
    left = ("withdrew", "did not consent", "row set aside", "not eligible")
    assert flow["registered", ""] == flow["enrolled", ""] + sum(flow.get((step, ""), 0) for step in left)
    for wave in ("pre", "post"):
        assert flow["enrolled", ""] == flow["answered", wave] + flow["did not answer", wave]


def test_every_statistic_row_says_what_it_is(example):
    for path in outputs(example, "internal"):
        columns = (
            CONTRACTS[path.relative_to(example.folder / "results").as_posix()].columns if path.suffix == ".csv" else {}
        )
        if "question" not in columns:
            continue
        for row in read_csv(path):
            assert row["question"], path
            assert row["estimate"] or row["note"], (path, row["question"])
            assert row["n"] or row["note"], (path, row["question"])
            assert row["method"], (path, row["question"])
            if row["ci_low"]:
                assert row["ci_method"], (path, row["question"])
            if row.get("n_dropped", "") not in ("", "0"):
                assert row["dropped_reason"], (path, row["question"])


# ------------------------------------------------------------------------------------------------------- the tiers


@pytest.mark.parametrize(("tier", "floor"), [("internal", 5), ("release", 10)])
def test_no_cell_under_the_floor(example, tier, floor):
    for path in outputs(example, tier):
        if path.suffix != ".csv":
            continue
        one = tables.contract(path)
        table = tables.read(path)
        for column in one.people:
            assert not (table[column].dropna() < floor).any(), (path, column)
        for part, whole, _told in one.parts:
            shown = table.dropna(subset=[part])
            assert (shown[part] >= floor).all() and (shown[whole] - shown[part] >= floor - 5).all(), (path, part)


def test_counts_for_the_public_are_multiples_of_five_and_statistics_have_one_decimal(example):
    for path in outputs(example, "release"):
        if path.suffix != ".csv":
            continue
        one = tables.contract(path)
        table = tables.read(path)
        for column in {*one.people, *one.rounded}:
            assert (table[column].dropna() % 5 == 0).all(), (path, column)
        for column in {*one.statistics, *(part for part, *_rest in one.parts)}:
            values = table[column].dropna()
            if pd.api.types.is_float_dtype(values):
                assert (values.round(1) == values).all(), (path, column)
            elif column.startswith("n_") or column in [part for part, *_rest in one.parts]:
                assert (values % 5 == 0).all(), (path, column)
            if column in one.percents:
                assert (values % 5 == 0).all(), (path, column)
            if column in one.coefficients:
                # Points of a scale and test statistics have no bound, and alpha none below.
                named = table["statistic"] if "statistic" in table else pd.Series("", index=table.index)
                values = values[~named.str.contains("measurement|detectable|equal alphas|change")]
                assert (values < 1).all() if column == "estimate" else (values <= 1).all(), (path, column)
        for column in {"note", "dropped_reason"} & set(one.columns):
            remarks = table[column][~table[column].str.contains("withheld|undefined: fewer")]
            assert not remarks.str.contains(r"\d").any(), (path, column)


def test_nobody_can_be_found_outside_the_restricted_tier(example):
    """Raw ids, pseudonyms, names and places of the interviews, and words of participants are in no internal or public file."""
    truth = example.folder / "data/example/truth"
    restricted = example.folder / "results/restricted"
    people = tables.read(restricted / "people/pseudonyms.parquet")
    interviewees = tables.read(restricted / "people/interviewees.parquet")
    segments = tables.read(restricted / "interviews/segments.parquet")
    needles = {row["participant"] for row in read_csv(example.folder / "data/example/register.csv")}
    needles |= {*people["person"], *interviewees["speaker"]} - {""}
    needles |= {
        row["text"]
        for row in read_csv(truth / "identifiers.csv")
        if row["kind"] in ("person", "phone", "email", "ward", "organisation")
    }
    needles |= {text[:40] for text in segments["text"] if len(text) > 40}
    needles |= {row["quote"][:40] for row in read_csv(truth / "gold_codes.csv") if len(row["quote"]) > 40}
    assert len(needles) > 700

    def folded(text):
        return unicodedata.normalize("NFKD", html.unescape(text)).casefold()

    # Words a person approved and the rules of quoting let the team read; the public reads none.
    quoted = [folded(row["quote"]) for row in read_csv(restricted / "coding/quotes.csv") if row["used"] == "yes"]
    assert len(quoted) > 10
    allowed = {needle for needle in needles if any(folded(needle) in one for one in quoted)}
    team = (
        example.folder / "results/internal/themes/quotes.csv",
        example.folder / "results/internal/report/evaluation.html",
    )

    found = []
    for path in [*outputs(example, "internal", "release"), *(example.folder / "logs").glob("*")]:
        text = path.read_bytes().decode("utf-8", "ignore")
        text = re.sub(r"data:image/png;base64,[A-Za-z0-9+/=]+", "", text)
        text = folded(text)
        asked = needles - allowed if path in team else needles
        found += [(path.name, needle) for needle in asked if folded(needle) in text]
    assert not found, found[:5]


def test_pictures_carry_no_clock_user_or_program(example):
    for path in (example.folder / "results").rglob("*.png"):
        data = path.read_bytes()
        assert b"tEXt" not in data, path
        assert b"tIME" not in data, path


# ------------------------------------------------------------------------------------------------------- the report


@pytest.fixture(scope="module", params=AUDIENCES)
def report(request, example):
    return request.param, (example.folder / f"results/{request.param}/report/evaluation.html").read_text(
        encoding="utf-8"
    )


def text_of(page):
    page = re.sub(r"<(style|script|math)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]+>", " ", page))


def test_report_health(report):
    _tier, page = report
    words = text_of(page)
    for sign in (
        "Traceback",
        "Error:",
        "Warning",
        "Exception",
        "?@",
        "?fig",
        "?tbl",
        "```",
        ":::",
        "{python}",
        "<NA>",
        "NaT",
        "None",
    ):
        assert sign not in words, sign
    assert not re.search(r"\bnan\b", words, re.IGNORECASE)


def test_report_has_no_empty_section(report):
    _tier, page = report
    sections = re.split(r'<section id="sec-', page)[1:]
    assert len(sections) >= 10
    for section in sections:
        assert len(text_of(section).split()) > 25, section[:200]


def test_report_is_self_contained(report):
    _tier, page = report
    assert "<script" not in page
    assert not re.search(r"""(src|href)\s*=\s*["'](?!#|data:|https?://doi\.org/)""", page)
    assert not re.search(r"url\((?!['\"]?data:)", page)


def test_report_has_at_least_eight_figures_and_tables(report):
    tier, page = report
    figures, captions = len(re.findall(r"<img\b", page)), len(set(re.findall(r"Table\s+\d+:", text_of(page))))
    assert figures >= (11 if tier == "internal" else 9)
    assert captions >= 8
    assert all('alt="' in tag for tag in re.findall(r"<img\b[^>]*>", page))


def test_pictures_in_the_report_are_the_figures_of_its_tier(report, example):
    tier, page = report
    embedded = {base64.b64decode(data) for data in re.findall(r"data:image/png;base64,([A-Za-z0-9+/=]+)", page)}
    own = {path.read_bytes() for path in (example.folder / f"results/{tier}/figures").glob("*.png")}
    assert embedded <= own


def test_every_number_in_the_text_is_read_from_a_table(report, example):
    """Each number in prose names table, row and column; reading them again gives the same text."""
    tier, page = report
    spans = re.findall(r'<span class="num" data-source="([^"]*)"[^>]*>([^<]*)</span>', page)
    assert len(spans) > 40
    checked = 0
    for source, shown in spans:
        parts = [part.strip() for part in html.unescape(source).split("|")]
        if len(parts) != 3:
            continue
        path, where, column = parts
        table = tables.read(example.folder / "results" / path)
        for condition in where.split(", "):
            key, value = condition.split("=", 1)
            table = table[table[key].astype(str) == value]
        assert len(table) == 1, source
        value = table.iloc[0][column]
        texts = {format_number(value, digits, sign) for digits in range(4) for sign in (False, True)}
        assert html.unescape(shown) in texts, (source, shown, value)
        assert path.startswith(tier) or path.startswith("internal/provenance")
        checked += 1
    assert checked > 25


def test_no_number_is_typed_into_the_pages():
    """Outside of cells the pages hold no digit but those of names; in sentences of the program, digits stand only in names."""
    root = Path(__file__).resolve().parents[2] / "reports"
    for path in [root / "evaluation.qmd", *sorted((root / "_sections").glob("*.qmd"))]:
        text = re.sub(r"^---\n.*?\n---\n", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        prose = re.sub(r"```\{python\}.*?```", "", text, flags=re.DOTALL)
        assert not re.search(r"\d", prose), path
        captions = re.findall(r'(?:tbl-cap: |figure\("\w+", )"([^"]*)"', text)
        assert not any(re.search(r"\d", caption) for caption in captions), path


def test_numbers_left_in_the_prose_belong_to_names(report):
    """After taking out sourced numbers, tables, captions, numbering and references, only digits of names remain."""
    _tier, page = report
    body = page[page.index("<main") :]
    body = re.sub(r'<section id="(references|refs)".*', "", body, flags=re.DOTALL)
    for element in ("table", "figcaption", "svg", "nav", "blockquote"):  # quotes are compared with their table below
        body = re.sub(rf"<{element}\b.*?</{element}>", " ", body, flags=re.DOTALL)
    body = re.sub(r'<span class="num".*?</span>', " ", body, flags=re.DOTALL)
    body = re.sub(r'<span class="header-section-number">.*?</span>', " ", body, flags=re.DOTALL)
    body = re.sub(
        r'<a [^>]*class="[^"]*(?:quarto-xref|xref|cross-ref|citation)[^"]*".*?</a>', " ", body, flags=re.DOTALL
    )
    body = re.sub(r"<a [^>]*href=\"#[^>]*>.*?</a>", " ", body, flags=re.DOTALL)
    start = body.find('id="sec-instruments"')
    end = body.find('<section id="sec-', start + 1)
    assert 0 < start < end
    body = body[:start] + body[end:]  # notes and sources of the instruments are quoted from their files
    left = re.findall(r"\S*\d\S*", text_of(body))
    names = re.compile(r"NCT\d+|WHO-5|COM\d+|SHA-256|d_z|AC[12]|F1|[“”\"(]*")
    assert [word for word in left if names.sub("", word).strip(".,;:()") != ""] == []


def test_the_page_module_refuses_an_ambiguous_number(example, tmp_path):
    folder = tmp_path
    (folder / "tables/results/internal/quality").mkdir(parents=True)
    (folder / "tables/results/internal/quality/flow.csv").write_bytes(
        (example.folder / "results/internal/quality/flow.csv").read_bytes()
    )
    (folder / "report.json").write_text(
        '{"tier": "internal", "engine": "builtin", "study": {}, "parts": [], "tiers": {}}'
    )
    assert (
        Page(folder)
        .value("quality/flow.csv", "people", 0, step="answered", wave="pre", by="")
        .startswith("[61]{.num source=")
    )
    with pytest.raises(KeyError, match="names 3 rows"):
        Page(folder).value("quality/flow.csv", "people", step="answered", by="")


def test_quotes_in_the_report_are_those_of_the_table_to_the_letter(report, example):
    """Nobody is quoted but in words a person approved; the public reads none."""
    tier, page = report
    shown = [text_of(one) for one in re.findall(r"<blockquote>.*?</blockquote>", page, flags=re.DOTALL)]
    table = tables.read(example.folder / "results/internal/themes/quotes.csv")
    wanted = [f"“{' '.join(row['quote'].split())}” — {row['role']}" for row in table.to_dict("records")]
    assert len(wanted) > 10
    assert [" ".join(one.split()) for one in shown] == (wanted if tier == "internal" else [])
