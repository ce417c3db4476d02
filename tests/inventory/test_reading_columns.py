"""Columns by name, and single cells."""

from __future__ import annotations

import pytest

from inventory.calc.reading.cells import (
    Memo,
    Problem,
    ReadingError,
    code_of,
    customer_code_of,
    label_of,
    optional_code_of,
    promotion_of,
    safe_cell,
    shown,
)
from inventory.calc.reading.columns import map_columns


def test_the_names_of_other_systems_are_known() -> None:
    online = [
        "InvoiceNo",
        "StockCode",
        "Description",
        "Quantity",
        "InvoiceDate",
        "UnitPrice",
        "CustomerID",
        "Store Nbr",
    ]
    assert map_columns(online).names() == {
        "store": "Store Nbr",
        "product": "StockCode",
        "date": "InvoiceDate",
        "quantity": "Quantity",
        "price": "UnitPrice",
        "customer": "CustomerID",
        "invoice": "InvoiceNo",
        "description": "Description",
    }
    assert map_columns(["date", "store", "item", "sales"]).columns == {
        "store": 1,
        "product": 2,
        "date": 0,
        "quantity": 3,
    }


def test_what_is_said_stands_and_a_constant_needs_no_column() -> None:
    mapped = map_columns(
        ["d", "sku", "qty", "Units"], chosen={"date": "d", "quantity": "units"}, constants={"store": "N1"}
    )
    assert mapped.columns == {"date": 0, "quantity": 3, "product": 1}
    assert mapped.names()["store"] == "always “N1”"


def test_a_country_is_taken_for_the_store_only_in_want_of_a_better_and_is_said() -> None:
    assert map_columns(["country", "store", "sku", "date", "qty"]).columns["store"] == 1
    mapped = map_columns(["country", "sku", "date", "qty"])
    assert mapped.columns["store"] == 0
    assert "“country” is taken for it" in mapped.remarks[0]


def test_a_date_beside_a_timestamp_gives_day_and_time() -> None:
    assert map_columns(["store", "sku", "date", "timestamp", "qty"]).columns == {
        "store": 0,
        "product": 1,
        "date": 2,
        "quantity": 4,
        "time": 3,
    }


@pytest.mark.parametrize(
    ("header", "chosen", "field", "message"),
    [
        (
            ["store", "sku", "date"],
            {},
            "quantity",
            "No column holds the quantity. The file has: “store”, “sku”, “date”",
        ),
        (["store", "sku", "date", "qty"], {"price": "cost"}, "price", "There is no column “cost”"),
        (["store", "sku", "date", "qty", "qty"], {}, "quantity", r"“qty” stands 2 times \(columns 4, 5\)"),
    ],
)
def test_what_cannot_be_mapped_names_the_field(
    header: list[str], chosen: dict[str, str], field: str, message: str
) -> None:
    with pytest.raises(ReadingError, match=message) as caught:
        map_columns(header, chosen=chosen)
    assert caught.value.field == field


def test_a_name_that_stands_twice_and_is_not_used_does_no_harm() -> None:
    assert map_columns(["store", "sku", "date", "qty", "note", "note"]).columns["quantity"] == 3


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("0007", "0007"),
        (17850, "17850"),
        (17850.0, "17850"),
        (" =cmd() ", "=cmd()"),
        ("👩‍👩‍👧", "👩‍👩‍👧"),
        ("x" * 64, "x" * 64),
    ],
)
def test_codes_are_kept_as_written(cell: object, code: str) -> None:
    assert code_of(cell) == code


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("", "is missing"),
        (None, "is missing"),
        (float("nan"), "is missing"),
        ("x" * 65, "is longer than 64 characters"),
        ("A\x00B", "holds a control character"),
        ("A\nB", "holds a control character"),
        ("\ud800", "holds a control character"),
    ],
)
def test_what_is_no_code_says_why(cell: object, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        code_of(cell)


def test_absent_customers_and_pandas_spelling() -> None:
    assert [customer_code_of(cell) for cell in ("NULL", "nan", "", None, "17850.0", "C-1.0")] == [
        *[""] * 4,
        "17850",
        "C-1.0",
    ]
    assert optional_code_of("17850.0") == "17850.0"


def test_promotions_say_yes_or_no_or_why_not() -> None:
    assert [promotion_of(cell) for cell in ("Yes", "1", 2, True, "x", "", None, "0", "no", False)] == [True] * 5 + [
        False
    ] * 5
    with pytest.raises(ValueError, match="is neither yes nor no"):
        promotion_of("maybe")


def test_a_label_is_cut_and_never_a_reason_to_reject() -> None:
    assert label_of("  RED\nHEART\x00 ", 200) == "RED HEART"
    assert label_of("x" * 300, 200) == "x" * 200
    assert label_of(None, 200) == ""


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\tx", "\rx"])
def test_a_cell_that_a_spreadsheet_would_run_gets_an_apostrophe(text: str) -> None:
    assert safe_cell(text) == "'" + text
    assert safe_cell("a" + text) == "a" + text


def test_a_bad_value_is_shown_on_one_line_and_cut() -> None:
    assert shown("a\x00\nb") == "a\\x00\\nb"
    assert len(shown("x" * 1000)) == 200


def test_a_memo_parses_each_cell_once_and_stays_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []

    def parse(cell: str) -> int:
        parsed.append(cell)
        return int(cell)

    monkeypatch.setattr(Memo, "LIMIT", 2)
    memo = Memo(parse)
    assert [memo["1"], memo["1"], memo["x"].__class__] == [1, 1, Problem]
    assert parsed == ["1", "x"]
    assert memo["2"] == 2
    assert list(memo) == ["2"]
