"""Contracts of the result tables: closed columns, the tier of the folder, bytes that come back."""

from __future__ import annotations

import io

import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from piloteval import tables, tiers
from piloteval.errors import ContractError
from piloteval.tables import CONTRACTS, NUMBER, TEXT, WHOLE, Table

repeated = settings(max_examples=60, deadline=None, derandomize=True, database=None)

#: Columns that hold one person's or one answer's data, or the words somebody said.
ROW_LEVEL = {
    "person", "participant", "speaker", "interview", "segment", "text", "quote", "value", "answer", "score", "age",
    "rater", "panellist", "auditor", "coder", "coder_with", "coder_without", "cue", "start", "end", "comment",
    "evidence", "enrolled_on", "completed_on",
}  # fmt: skip
#: `value` is a fact about the run there.
#: Facts of the study, indicators of institutions, and what the rule answers for them: none is of a person.
EXCEPTED = {
    ("internal/provenance/study.csv", "value"),
    ("internal/certification/points.csv", "value"),
    ("internal/themes/quotes.csv", "quote"),  # words a person approved, of a theme of three people or more
    *((f"internal/certification/{name}.csv", "answer") for name in ("alternatives", "sensitivity", "to_next_level")),
}

TOY = Table(
    "internal/toy.csv",
    "a toy",
    {"name": TEXT, "count": WHOLE, "share": NUMBER, "note": TEXT},
    keys=("name",),
)


def toy(**columns):
    base = {"name": ["a", "b"], "count": [1, None], "share": [0.5, None], "note": ["", ""]}
    return pd.DataFrame(base | columns)


@pytest.fixture
def registered(monkeypatch):
    monkeypatch.setitem(CONTRACTS, TOY.path, TOY)


def kept(table, folder, one=TOY):
    """Write a table as a job does and read it back."""
    path = folder / "results" / one.path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(tables.to_bytes(tables.conform(table, one), one))
    return tables.read(path)


def refused(table, one=TOY):
    with pytest.raises(ContractError) as fault:
        tables.conform(table, one)
    return str(fault.value)


# Labels


@pytest.mark.parametrize("path", ["results/internal/other.csv", "results/other/quality/flow.csv", "flow.csv"])
def test_output_without_a_label_fails(path):
    with pytest.raises(ContractError) as fault:
        tables.contract(path)
    assert str(fault.value) == f"{path} has no table contract, so no tier. Register it in piloteval/tables.py."


def test_label_is_found_from_any_study_folder():
    assert tables.contract("/some/results/of/a/study/results/internal/quality/flow.csv").tier == "internal"


@pytest.mark.parametrize("path", sorted(CONTRACTS))
def test_contract_is_sound(path):
    one = CONTRACTS[path]
    assert path == one.path
    assert one.tier == path.split("/")[0]
    assert one.tier in ("restricted", "internal", "release")
    named = [*one.keys, *one.people, *one.statistics, *one.rounded, *(column for column, _total in one.margins)]
    named += [column for share in one.shares for column in share]
    assert set(named) <= set(one.columns)
    assert {one.columns[column] for column in one.people} <= {WHOLE}
    assert not set(one.people) & set(one.statistics)
    if one.people:
        assert "note" in one.columns
    if one.tier == "restricted":
        assert not one.released


@pytest.mark.parametrize("path", sorted(path for path, one in CONTRACTS.items() if one.tier != "restricted"))
def test_no_row_of_a_person_below_the_restricted_tier(path):
    assert {
        column for column in CONTRACTS[path].columns if column in ROW_LEVEL and (path, column) not in EXCEPTED
    } == set()


def test_released_tables_have_the_same_contract_as_the_internal_ones():
    for path, one in CONTRACTS.items():
        twin = CONTRACTS.get("release" + path.removeprefix("internal")) if one.tier == "internal" else None
        assert (twin is not None) == one.released
        if twin:
            assert (twin.columns, twin.keys, twin.people, twin.margins) == (
                one.columns,
                one.keys,
                one.people,
                one.margins,
            )
            assert (twin.statistics, twin.rounded, twin.shares) == (one.statistics, one.rounded, one.shares)
    internal = {path.removeprefix("internal/") for path in CONTRACTS if path.startswith("internal/")}
    assert {path.removeprefix("release/") for path in CONTRACTS if path.startswith("release/")} <= internal


@pytest.mark.parametrize("path", sorted(path for path, one in CONTRACTS.items() if one.released and "n" in one.columns))
def test_everything_that_rests_on_n_is_withheld_with_it(path):
    one = CONTRACTS[path]
    assert "n" in one.people
    free = {
        "question", "method", "ci_method", "p_method", "note",  # words about the method
        "items", "range_low", "range_high", "relevant_change", "published_low", "published_high",  # facts of the instrument
        "of_interviews",  # limited by a floor of its own
    }  # fmt: skip
    computed = {column for column, kind in one.columns.items() if kind != TEXT} | {
        "dropped_reason",
        "agreed",
        "reading",
    }
    computed &= set(one.columns)
    assert computed - free - set(one.keys) <= {*one.people, *one.statistics}


# Conforming


def test_columns_come_in_the_order_of_the_contract():
    assert list(tables.conform(toy()[["note", "share", "name", "count"]], TOY).columns) == list(TOY.columns)


def test_missing_and_extra_columns():
    table = toy(extra=1).drop(columns="note")
    assert refused(table) == (
        "internal/toy.csv: columns missing ['note'], extra ['extra']. Mend the function that makes the table."
    )


def test_key_that_repeats():
    assert (
        refused(toy(name=["a", "a"]))
        == "internal/toy.csv: the key name repeats. Mend the function that makes the table."
    )


@pytest.mark.parametrize(
    ("column", "values", "kind"),
    [("count", [1.5, 2], WHOLE), ("count", ["x", 1], WHOLE), ("share", ["many", 1], NUMBER)],
)
def test_values_of_another_kind(column, values, kind):
    assert refused(toy(**{column: values})) == (
        f"internal/toy.csv: column {column} is not of kind {kind}. Mend the function that makes the table."
    )


def test_kinds():
    table = tables.conform(toy(count=[1.0, None], share=[None, 2], name=["a", "b"], note=[None, "x"]), TOY)
    assert [str(kind) for kind in table.dtypes] == ["str", "Int64", "float64", "str"]
    assert table["note"].tolist() == ["", "x"]
    assert table["count"].isna().tolist() == [False, True]


def test_table_without_any_row_keeps_its_shape():
    for empty in (pd.DataFrame([]), toy().iloc[:0]):
        table = tables.conform(empty, TOY)
        assert list(table.columns) == list(TOY.columns)
        assert len(table) == 0


@pytest.mark.parametrize("path", sorted(CONTRACTS))
def test_every_table_can_be_empty(path, tmp_path):
    one = CONTRACTS[path]
    shown = tables.present(
        pd.DataFrame([]),
        one,
        {"restricted": tiers.RESTRICTED, "internal": tiers.internal(5)}.get(one.tier, tiers.release(10, 5, 1)),
    )
    assert list(kept(shown, tmp_path, one).columns) == list(one.columns)


# Bytes


def test_same_table_same_bytes():
    first, second = (tables.to_bytes(tables.conform(toy(), TOY), TOY) for _ in range(2))
    assert first == second == b"name,count,share,note\na,1,0.5,\nb,,,\n"


def test_same_parquet_same_bytes():
    one = CONTRACTS["restricted/people/screening.parquet"]
    table = pd.DataFrame({"cohort": ["a"], "country": ["AT"], "status": ["admitted"], "reason": [""]})
    first, second = (tables.to_bytes(tables.conform(table.copy(), one), one) for _ in range(2))
    assert first == second


def test_order_of_columns_in_memory_does_not_change_the_bytes():
    first = tables.to_bytes(tables.conform(toy(), TOY), TOY)
    assert tables.to_bytes(tables.conform(toy()[["share", "note", "count", "name"]], TOY), TOY) == first


@pytest.mark.parametrize("text", ["NA", "007", "NO", "1e3", "null", "nan", "", "True", 'ä, ö; "ü"', "two\nlines"])
def test_text_comes_back(registered, tmp_path, text):
    assert kept(toy(name=[text, "b"]), tmp_path)["name"].tolist() == [text, "b"]


@pytest.mark.parametrize(("text", "back"), [("a\rb", "a\nb"), ("a\r\nb", "a\nb"), ("\r=1", "'\n=1")])
def test_carriage_return_does_not_cut_a_row(registered, tmp_path, text, back):
    assert kept(toy(name=[text, "b"]), tmp_path)["name"].tolist() == [back, "b"]


def test_empty_cells_come_back_as_missing_numbers_and_empty_text(registered, tmp_path):
    back = kept(toy(), tmp_path)
    assert back["count"].tolist()[0] == 1
    assert back.loc[1, ["count", "share"]].isna().all()
    assert back["note"].tolist() == ["", ""]


def test_all_numbers_missing(registered, tmp_path):
    back = kept(toy(count=[None, None], share=[None, None]), tmp_path)
    assert [str(kind) for kind in back.dtypes] == ["str", "Int64", "float64", "str"]


def test_numbers_come_back_to_the_last_digit(registered, tmp_path):
    assert kept(toy(share=[0.1 + 0.2, 1e-300]), tmp_path)["share"].tolist() == [0.1 + 0.2, 1e-300]


cells = st.text(
    st.one_of(st.sampled_from("\r\n\t,\"'=-;"), st.characters(codec="utf-8", exclude_characters="\x00")), max_size=8
)


@repeated
@given(
    st.lists(cells, min_size=1, max_size=4, unique=True),
    st.lists(st.one_of(st.none(), st.integers(-(2**53), 2**53)), min_size=4, max_size=4),
)
def test_any_text_and_number_comes_back(tmp_path_factory, names, counts):
    table = pd.DataFrame({"name": names, "count": counts[: len(names)], "share": None, "note": names})
    folder = tmp_path_factory.mktemp("t")
    CONTRACTS[TOY.path] = TOY
    try:
        back = kept(table, folder)
    finally:
        del CONTRACTS[TOY.path]
    plain = [text.replace("\r\n", "\n").replace("\r", "\n") for text in names]
    harmless = [f"'{text}" if text[:1] in set("=+-@\t\n") else text for text in plain]
    assert back["name"].tolist() == harmless
    assert [None if pd.isna(one) else one for one in back["count"]] == counts[: len(names)]


@pytest.mark.parametrize("text", ["=1+1", "-x", "+1", "@SUM(A1)", "\t=1", "-99"])
def test_text_cannot_become_a_formula(registered, tmp_path, text):
    back = kept(toy(name=[text, "b"]), tmp_path)
    assert back["name"].tolist() == [f"'{text}", "b"]
    # A second writing does not add another mark.
    assert kept(back, tmp_path)["name"].tolist() == [f"'{text}", "b"]


def test_negative_number_stays_a_number(registered, tmp_path):
    assert kept(toy(count=[-3, 1], share=[-0.5, 1]), tmp_path)["share"].tolist() == [-0.5, 1.0]


def test_what_a_spreadsheet_would_open_holds_no_formula(tmp_path):
    raw = tables.to_bytes(tables.conform(toy(name=["=1+1", "@x"]), TOY), TOY).decode()
    page = openpyxl.Workbook().active
    for line in pd.read_csv(io.StringIO(raw), dtype=str, keep_default_na=False).itertuples(index=False):
        page.append(list(line))
    assert [cell.data_type for row in page.iter_rows() for cell in row if cell.value] == ["s"] * 4


def test_file_that_does_not_keep_its_contract(registered, tmp_path):
    path = tmp_path / "results" / TOY.path
    path.parent.mkdir(parents=True)
    path.write_text("name,count\na,1\n", encoding="utf-8")
    with pytest.raises(ContractError):
        tables.read(path)
