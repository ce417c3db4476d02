"""Files as tables: formats by content, encodings, delimiters, and files that mean harm."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import duckdb
import openpyxl
import pytest

from inventory.calc.reading.cells import ReadingError
from inventory.services.sales_import.tables import csv_table, open_table, xlsx_table

HEADER = "store,product,date,quantity\n"
MakeFile = Callable[..., Path]


@pytest.fixture
def make_file(tmp_path: Path) -> MakeFile:
    def make(content: str | bytes, name: str = "file.csv", encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    return make


def rows_of(path: Path, **options: str) -> list[tuple[int, list[object]]]:
    table = open_table(path, **options)
    return [(line, list(row)) for batch in table.batches(2) for line, row in zip(batch.lines, batch.rows, strict=True)]


def damages_of(path: Path) -> list[tuple[int, str, str]]:
    return [tuple(damage) for batch in open_table(path).batches(2) for damage in batch.damages]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "latin-1"])
def test_every_usual_encoding_is_found(make_file: MakeFile, encoding: str) -> None:
    path = make_file(HEADER + "N1,Bücher,2024-01-05,3\n" * 5, encoding=encoding)
    assert open_table(path).header == ("store", "product", "date", "quantity")
    assert rows_of(path)[0] == (2, ["N1", "Bücher", "2024-01-05", "3"])


def test_a_guessed_encoding_is_said_and_a_wrong_one_refused(make_file: MakeFile) -> None:
    path = make_file(HEADER + "N1,Bücher,2024-01-05,3\n", encoding="cp1252")
    assert "read as Windows-1252" in open_table(path).remarks[0]
    with pytest.raises(ReadingError, match="The file is not utf-8: it breaks near byte 32"):
        open_table(path, encoding="utf-8")
    with pytest.raises(ReadingError, match="no encoding that is known"):
        open_table(path, encoding="klingon")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_every_usual_delimiter_is_found(make_file: MakeFile, delimiter: str) -> None:
    path = make_file((HEADER + "N1,A,2024-01-05,3\n").replace(",", delimiter))
    assert rows_of(path) == [(2, ["N1", "A", "2024-01-05", "3"])]


def test_excels_separator_line_and_blank_lines_are_not_rows(make_file: MakeFile) -> None:
    path = make_file("sep=;\n\nstore;product\n\nN1;A\n\n\nN1;B")
    assert rows_of(path) == [(5, ["N1", "A"]), (8, ["N1", "B"])]


def test_quoted_line_ends_belong_to_the_cell_and_lines_keep_their_numbers(make_file: MakeFile) -> None:
    path = make_file('store,product\nN1,"A\r\nB"\r\nN1,C\r\n')
    assert rows_of(path) == [(2, ["N1", "A\nB"]), (4, ["N1", "C"])]


def test_a_stray_quote_costs_its_own_line_alone(make_file: MakeFile) -> None:
    path = make_file('store,product\nN1,"A\nN1,B\nN1,"C"\nN1,"D\nN1,E\n')
    assert rows_of(path) == [(3, ["N1", "B"]), (4, ["N1", "C"]), (6, ["N1", "E"])]
    assert [(line, value) for line, value, _ in damages_of(path)] == [(2, 'N1,"A'), (5, 'N1,"D')]


def test_an_overlong_line_is_passed_over_and_told(make_file: MakeFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_table, "LONGEST_LINE", 1_000)
    monkeypatch.setattr(csv_table, "CHUNK_CHARACTERS", 100)
    path = make_file("store,product\nN1,A\nN1," + "x" * 5_000 + "\nN1,B\nN1," + "y" * 5_000)
    assert rows_of(path) == [(2, ["N1", "A"]), (4, ["N1", "B"])]
    assert [(line, value[:4], reason) for line, value, reason in damages_of(path)] == [
        (3, "N1,x", "is longer than 1,000 characters"),
        (5, "N1,y", "is longer than 1,000 characters"),
    ]


def test_an_overlong_first_line_is_refused(make_file: MakeFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_table, "LONGEST_LINE", 1_000)
    with pytest.raises(ReadingError, match="The first line is longer"):
        open_table(make_file("x" * 5_000))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\n\n", "holds no text"),
        (b"\x1f\x8b\x08\x00", "gzip"),
        (b"\xd0\xcf\x11\xe0" + bytes(100), "old Excel file"),
        (b"%PDF-1.7", "a PDF"),
        (b"\x89PNG\r\n\x1a\n", "a picture"),
        (bytes(range(256)) * 20, "neither CSV nor Parquet nor XLSX"),
        (b"PAR1" + b"x" * 50 + b"PAR1", "The Parquet file cannot be read"),
        (b"PK\x03\x04junk", "The workbook cannot be opened"),
    ],
)
def test_what_is_no_table_says_what_to_do(make_file: MakeFile, content: bytes, message: str) -> None:
    with pytest.raises(ReadingError, match=message):
        open_table(make_file(content))


def test_parquet_is_read_in_order_by_its_content_whatever_its_name(tmp_path: Path) -> None:
    path = tmp_path / "sales [1]*.csv"
    duckdb.sql(
        "COPY (SELECT 'N1' AS store, i AS product, TIMESTAMPTZ '2024-01-05 10:00:00+02' AS at, 1.5::FLOAT AS f,"
        f" [i] AS list FROM range(5) t(i)) TO '{tmp_path}/plain.parquet' (FORMAT parquet)"
    )
    (tmp_path / "plain.parquet").rename(path)
    table = open_table(path)
    assert (table.kind, table.header) == ("Parquet", ("store", "product", "at", "f", "list"))
    assert rows_of(path)[4] == (5, ["N1", 4, "2024-01-05T08:00:00.000000Z", 1.5, "[4]"])
    assert list(next(table.batches(1, wanted={1})).rows[0]) == [None, 0, None, None, None]


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append([])
    sheet.append(["store", "product", "quantity"])
    sheet.append(["N1", datetime(2024, 1, 5), 3])
    sheet.append([None, None, None])
    sheet.append(["N1", True, 2.5])
    sheet.append(["N1"])
    book.create_sheet("Other").append(["a"])
    path = tmp_path / "book.csv"  # its name lies
    book.save(tmp_path / "book.xlsx")
    (tmp_path / "book.xlsx").rename(path)
    return path


def test_a_workbook_is_read_by_its_content_with_sheet_rows_as_lines(workbook: Path) -> None:
    table = open_table(workbook)
    assert (table.kind, table.header) == ("XLSX", ("store", "product", "quantity"))
    assert "not read: Other" in table.remarks[0]
    assert rows_of(workbook) == [
        (3, ["N1", datetime(2024, 1, 5), 3]),
        (5, ["N1", "true", 2.5]),
        (6, ["N1", None, None]),
    ]
    assert open_table(workbook, sheet="Other").header == ("a",)
    with pytest.raises(ReadingError, match="There is no sheet “Nope”"):
        open_table(workbook, sheet="Nope")


def _with_part(workbook: Path, part: str, content: bytes) -> Path:
    """A copy of the workbook with one part replaced, packed well."""
    target = workbook.with_name("changed.xlsx")
    with zipfile.ZipFile(workbook) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in source.namelist():
            archive.writestr(name, content if name == part else source.read(name))
    return target


def test_a_zip_bomb_is_not_opened(workbook: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openpyxl, "load_workbook", lambda *args, **kwargs: pytest.fail("the bomb was opened"))
    bomb = _with_part(workbook, "xl/worksheets/sheet1.xml", b" " * (xlsx_table.RATIO_MATTERS_BYTES + 1))
    with pytest.raises(ReadingError, match=r"unpacks from [\d,]+ to 20,\d{3},\d{3} bytes; it is not opened"):
        open_table(bomb)
    fat_part = _with_part(workbook, "xl/styles.xml", b" " * (xlsx_table.LARGEST_PART_BYTES + 1))
    with pytest.raises(ReadingError, match="it is not opened"):
        open_table(fat_part)


def test_an_entity_bomb_is_refused(workbook: Path) -> None:
    bomb = (
        b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;&b;&b;">]>'
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1">'
        b'<c r="A1" t="inlineStr"><is><t>&c;</t></is></c></row></sheetData></worksheet>'
    )
    with pytest.raises(ReadingError, match="EntitiesForbidden"):
        open_table(_with_part(workbook, "xl/worksheets/sheet1.xml", bomb))


def test_another_archive_is_no_workbook(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("sales.csv", HEADER)
    with pytest.raises(ReadingError, match="a ZIP archive, not an XLSX workbook"):
        open_table(path)
