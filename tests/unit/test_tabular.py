"""Reading tables: text comes in as text, with the row a spreadsheet shows, and nothing is repaired by guessing."""

from __future__ import annotations

import csv
import datetime
import io

import openpyxl
import pandas as pd
import pyreadstat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from piloteval.intake.sheet import Source
from piloteval.intake.tabular import TOTALS, Unreadable, alike, number, read_table
from piloteval.intake.text import damage, normalise

repeated = settings(max_examples=100, deadline=None, derandomize=True, database=None)

STUBBORN = ["NA", "007", "NO", "1e3", "12345678901234567890", "0.10", "TRUE", "null", "-", "1,5"]


def source(path, **cells):
    return Source(line=2, source="s", kind="questionnaire", path=str(path), **cells)


def read(folder, raw, name="x.csv", **cells):
    path = folder / name
    path.write_bytes(raw if isinstance(raw, bytes) else raw.encode())
    return read_table(source(path, **cells))


def refused(folder, raw, name="x.csv", **cells):
    """Return the sentences a file is refused with, without its path."""
    with pytest.raises(Unreadable) as fault:
        read(folder, raw, name, **cells)
    path = str(folder / name)
    assert all(one.level == "STOP" for one in fault.value.problems)
    found = [one.sentence() for one in fault.value.problems]
    assert all(one.startswith(path) for one in found)
    return [one.removeprefix(path) for one in found]


def workbook(path, **sheets):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        page = book.create_sheet(name)
        for line, row in enumerate(rows, start=1):
            for place, value in enumerate(row, start=1):
                if value is not None:
                    page.cell(line, place, value)
    book.save(path)
    return path


# Delimited text


@pytest.mark.parametrize(("mark", "name"), [(",", "comma"), (";", "semicolon"), ("\t", "tab")])
def test_separator_is_found_or_named(tmp_path, mark, name):
    text = f"a{mark}b\n1{mark}2\n"
    for table in (read(tmp_path, text), read(tmp_path, text, delimiter=name)):
        assert (table.columns, table.rows, table.numbers) == (["a", "b"], [["1", "2"]], [2])


def test_separator_in_quotes_does_not_count(tmp_path):
    table = read(tmp_path, '"Q1, how, are, you";Q2\n1;2\n')
    assert table.columns == ["Q1, how, are, you", "Q2"]


def test_separator_named_in_the_sheet_wins(tmp_path):
    assert read(tmp_path, "a,b;c\n1,2;3\n", delimiter="semicolon").columns == ["a,b", "c"]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_line_endings(tmp_path, ending):
    table = read(tmp_path, ending.join(["a,b", "1,2", "3,4", ""]))
    assert (table.rows, table.numbers) == ([["1", "2"], ["3", "4"]], [2, 3])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le-mark", "utf-16-be-mark"])
def test_encodings_that_need_no_word(tmp_path, encoding):
    text = "unit,größe\nÅsa,5\n"
    raw = {
        "utf-16-le-mark": b"\xff\xfe" + text.encode("utf-16-le"),
        "utf-16-be-mark": b"\xfe\xff" + text.encode("utf-16-be"),
    }.get(encoding) or text.encode(encoding)
    table = read(tmp_path, raw)
    assert (table.columns, table.rows) == (["unit", "größe"], [["Åsa", "5"]])


def test_cp1252_is_read_when_named(tmp_path):
    raw = "unit,größe\nChloë – “ok”,5\n".encode("cp1252")
    assert read(tmp_path, raw, encoding="cp1252").rows == [["Chloë – “ok”", "5"]]


def test_cp1252_is_not_guessed(tmp_path):
    assert refused(tmp_path, "a,b\nö,1\n".encode("cp1252")) == [
        ", row 2: the file is not in utf-8. Save it as UTF-8, or name its encoding in the sheet's column `encoding`."
    ]


def test_byte_order_mark_wins_over_the_sheet(tmp_path):
    assert read(tmp_path, "a,b\nö,1\n".encode("utf-8-sig"), encoding="cp1252").rows == [["ö", "1"]]


@pytest.mark.parametrize("name", ["latin-99", "base64"])
def test_unknown_encoding(tmp_path, name):
    assert refused(tmp_path, "a,b\n1,2\n", encoding=name) == [
        ": the encoding named in the sheet is not known. Save it as UTF-8, or name its encoding in the sheet's column "
        "`encoding`."
    ]


def test_quotes_with_line_breaks_keep_the_row_numbers_of_a_spreadsheet(tmp_path):
    table = read(tmp_path, 'id,comment\n1,"two\nlines, and ""more"""\n2,x\n\n3,y\n')
    assert table.rows == [["1", 'two\nlines, and "more"'], ["2", "x"], ["3", "y"]]
    assert table.numbers == [2, 3, 5]


def test_blank_rows_are_skipped_and_keep_their_number(tmp_path):
    table = read(tmp_path, "a,b\n,\n1,2\n  ,  \n3,\n")
    assert (table.rows, table.numbers) == ([["1", "2"], ["3", ""]], [3, 5])


def test_cells_and_headers_are_trimmed(tmp_path):
    table = read(tmp_path, " a , b\xa0\n 1 ,\t2\n", delimiter="comma")
    assert (table.columns, table.rows) == (["a", "b"], [["1", "2"]])


def test_empty_columns_at_the_end_are_left_out(tmp_path):
    table = read(tmp_path, "a,b,,\n1,2,,\n3,4,,\n")
    assert (table.columns, table.rows) == (["a", "b"], [["1", "2"], ["3", "4"]])


@pytest.mark.parametrize("text", STUBBORN)
def test_text_survives_csv(tmp_path, text):
    assert read(tmp_path, f'a;b\n"{text}";x\n').rows == [[text, "x"]]


@pytest.mark.parametrize(
    ("raw", "sentences"),
    [
        (
            "a,b\n1,2,3\n4\n",
            [
                ", row 2: the row has 3 cells; expected 2 as in the header. Check separators and quotes in this row.",
                ", row 3: the row has 1 cells; expected 2 as in the header. Check separators and quotes in this row.",
            ],
        ),
        ("a,,c\n1,2,3\n", [", row 1: the header of column B is blank. Give every column its own name."]),
        (
            "a,b,a\n1,2,3\n",
            [", row 1: the header of column C repeats that of column A. Give every column its own name."],
        ),
        ("", [": the file is empty (0 bytes). Send the full export, or remove its row from the sheet."]),
        ("\n,\n", [": a file holds no rows of data. Send the full export, or remove its row from the sheet."]),
        ("a,b\n", [": a file holds no rows of data. Send the full export, or remove its row from the sheet."]),
        ("\na,b\n1,2\n", [", row 1: the first row is blank. Put the header into the first row."]),
        ('a,b\n"1,2\n', [", row 2: a quotation mark is opened and not closed. Export the file again as CSV."]),
    ],
)
def test_sentence_of_each_fault(tmp_path, raw, sentences):
    assert refused(tmp_path, raw) == sentences


def test_repeated_header_is_told_without_its_text(tmp_path):
    # A file without a header: its first row is somebody's answers.
    assert "secret" not in " ".join(refused(tmp_path, "AT1-01,secret,secret\nAT1-02,3,4\n"))


def test_format_that_is_not_read(tmp_path):
    assert refused(tmp_path, "x", "x.ods") == [
        ": files ending in .ods are not read; expected one of .csv, .tsv, .txt, .xlsx, .xls, .sav, .zsav, .dta. Export it again in "
        "the format of its name."
    ]


def test_file_that_is_not_there(tmp_path):
    with pytest.raises(Unreadable) as fault:
        read_table(source(tmp_path / "none.csv"))
    (one,) = fault.value.problems
    assert one.sentence() == f"{tmp_path}/none.csv: the file is not there. Put the file there, or remove the row."


cells = (
    st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=12)
    .map(lambda text: normalise(text).strip())
    .filter(lambda text: not damage(text) and text.rstrip(":").casefold() not in TOTALS)
)
names = st.lists(
    st.text(st.characters(categories=("L", "N")), min_size=1, max_size=8).map(lambda text: f"q{normalise(text)}"),
    min_size=1,
    max_size=3,
    unique_by=alike,
)


@repeated
@given(st.data(), names, st.sampled_from(",;\t"))
def test_what_csv_writes_comes_back(tmp_path_factory, data, header, mark):
    rows = data.draw(st.lists(st.lists(cells, min_size=len(header), max_size=len(header)), min_size=1, max_size=5))
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=mark, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerows([header, *rows])
    kept = [(row, number) for number, row in enumerate(rows, start=2) if any(row)]
    name = {",": "comma", ";": "semicolon", "\t": "tab"}[mark]
    folder = tmp_path_factory.mktemp("round")
    if not kept:
        assert refused(folder, buffer.getvalue(), delimiter=name)
        return
    table = read(folder, buffer.getvalue(), delimiter=name)
    assert table.columns == header
    assert list(zip(table.rows, table.numbers, strict=True)) == kept


# Workbooks


def test_workbook_gives_text_as_a_person_sees_it(tmp_path):
    day, moment = datetime.datetime(2025, 11, 3), datetime.datetime(2025, 11, 3, 9, 30)
    row = ["x", 3, 3.0, 2.5, True, day, moment, "007", "NA", None]
    path = workbook(tmp_path / "x.xlsx", one=[list("abcdefghij"), row])
    table = read_table(source(path))
    assert table.rows == [["x", "3", "3", "2.5", "TRUE", "2025-11-03", "2025-11-03 09:30:00", "007", "NA", ""]]
    assert (table.sheet, table.numbers) == ("one", [2])


@pytest.mark.parametrize("text", STUBBORN)
def test_text_survives_xlsx(tmp_path, text):
    path = workbook(tmp_path / "x.xlsx", one=[["a", "b"], [text, "x"]])
    assert read_table(source(path)).rows == [[text, "x"]]


def test_empty_rows_of_a_workbook_keep_their_number(tmp_path):
    path = workbook(tmp_path / "x.xlsx", one=[["a", "b"], [1, 2], [None, None], [None, None], [3, 4]])
    table = read_table(source(path))
    assert (table.rows, table.numbers) == ([["1", "2"], ["3", "4"]], [2, 5])


def test_sheet_of_a_workbook_is_named(tmp_path):
    path = workbook(tmp_path / "x.xlsx", first=[["a"], [1]], second=[["b"], [2]])
    assert read_table(source(path, sheet="second")).columns == ["b"]


@pytest.mark.parametrize(
    ("sheet", "found"),
    [
        ("", "the workbook has 2 sheets and none is named"),
        ("third", "the sheet named in the landing sheet is not in the workbook"),
    ],
)
def test_sheet_that_cannot_be_told(tmp_path, sheet, found):
    path = workbook(tmp_path / "x.xlsx", first=[["a"], [1]], second=[["b"], [2]])
    with pytest.raises(Unreadable) as fault:
        read_table(source(path, sheet=sheet))
    (one,) = fault.value.problems
    assert one.sentence() == f"{path}: {found}. Name the sheet in the column `sheet` of the landing sheet."


def test_table_that_does_not_begin_in_the_first_row(tmp_path):
    path = workbook(tmp_path / "x.xlsx", one=[[None, None], ["a", "b"], [1, 2]])
    with pytest.raises(Unreadable) as fault:
        read_table(source(path))
    assert {one.row for one in fault.value.problems} == {1}


def test_workbook_in_name_only(tmp_path):
    assert refused(tmp_path, "a,b\n1,2\n", "x.xlsx") == [
        ": this is plain text saved under the name of a workbook. Open it in a spreadsheet program and save it as .xlsx; "
        "renaming does not convert it."
    ]


# SPSS


def test_spss_gives_text_and_case_numbers(tmp_path):
    path = tmp_path / "x.sav"
    frame = pd.DataFrame({"id": ["007", "NA", "NO"], "q1": [1.0, None, 2.5], "q2": [1000.0, -99.0, 3.0]})
    pyreadstat.write_sav(frame, str(path))
    table = read_table(source(path))
    assert table.columns == ["id", "q1", "q2"]
    assert table.rows == [["007", "1", "1000"], ["NA", "", "-99"], ["NO", "2.5", "3"]]
    assert table.numbers == [1, 2, 3]


def test_spss_gives_codes_and_not_labels(tmp_path):
    path = tmp_path / "x.sav"
    labels = {"q1": {1.0: "never", 2.0: "always"}}
    pyreadstat.write_sav(pd.DataFrame({"q1": [1.0, 2.0]}), str(path), variable_value_labels=labels)
    assert read_table(source(path)).rows == [["1"], ["2"]]


def test_spss_without_cases(tmp_path):
    path = tmp_path / "x.sav"
    pyreadstat.write_sav(pd.DataFrame({"q1": pd.Series([], dtype="float64")}), str(path))
    with pytest.raises(Unreadable) as fault:
        read_table(source(path))
    assert [one.rule for one in fault.value.problems] == ["file.empty"]


def test_spss_in_name_only(tmp_path):
    assert refused(tmp_path, "a,b\n", "x.sav") == [
        ": this is plain text saved under the name of an SPSS file. Export it again from SPSS as .sav."
    ]


def test_three_formats_give_the_same_table(tmp_path):
    rows = [["AT1-01", 3, None], ["AT1-02", 5, 1]]
    header = ["participant", "q1", "q2"]
    text = "\n".join(",".join("" if cell is None else str(cell) for cell in row) for row in [header, *rows])
    pyreadstat.write_sav(pd.DataFrame(rows, columns=header), str(tmp_path / "x.sav"))
    workbook(tmp_path / "x.xlsx", one=[header, *rows])
    (tmp_path / "x.csv").write_text(text, encoding="utf-8")
    found = [read_table(source(tmp_path / f"x.{kind}")) for kind in ("csv", "xlsx", "sav")]
    assert {tuple(map(tuple, one.rows)) for one in found} == {(("AT1-01", "3", ""), ("AT1-02", "5", "1"))}


# What spreadsheets put above and below a table


def test_header_below_titles_is_found_and_told(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("Pilot data\n\nid,q1,q2\n1,2,3\n", encoding="utf-8")
    with pytest.raises(Unreadable) as fault:
        read_table(source(path), {"id", "q1", "q2"})
    assert [one.sentence() for one in fault.value.problems] == [
        f"{path}, row 1: the header seems to stand in row 3. Delete the rows above the header, so that it stands in the "
        "first row."
    ]


def test_header_with_a_cell_too_many_is_one_sentence(tmp_path):
    assert refused(tmp_path, "a,b,c\n1,2\n3,4\n5,6\n") == [
        ", row 2: every row has 2 cells; expected 3 as in the header. Check the header's cells and the separator."
    ]


def test_line_of_the_separator_is_no_row(tmp_path):
    table = read(tmp_path, "sep=;\r\na;b\r\n1;2\r\n")
    assert (table.columns, table.rows, table.numbers) == (["a", "b"], [["1", "2"]], [2])


def test_many_blank_headers_are_one_sentence(tmp_path):
    assert refused(tmp_path, "a,,,,\n1,2,3,4,5\n") == [
        ", row 1: 4 columns have no header; the first is column B. Give every column its own name."
    ]


def test_id_that_is_a_word_for_a_sum_stays_in_the_middle(tmp_path):
    table = read(tmp_path, "id,q\nMAX,1\nb,2\nc,3\nd,4\nSum:,10\n")
    assert [row[0] for row in table.rows] == ["MAX", "b", "c", "d"]
    assert [(one.rule, one.row) for one, _value in table.aside] == [("table.total-row", 6)]


@pytest.mark.parametrize(
    ("text", "comma", "value"),
    [("1,000", False, None), ("1,000", True, 1.0), ("1.000", False, 1.0), ("1.000", True, None), ("1,5", False, 1.5), ("1.5", True, 1.5)],
)  # fmt: skip
def test_number_of_thousands_or_of_decimals(text, comma, value):
    assert number(text, comma=comma) == value
