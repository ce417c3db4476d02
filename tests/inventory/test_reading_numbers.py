"""Quantities and prices out of cells."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.calc.reading.numbers import LARGEST_QUANTITY, decimal_mark, price_of, quantity_of


@pytest.mark.parametrize(
    ("cell", "units"),
    [("3", 3), ("3.0", 3), (3.0, 3), ("-3", -3), ("+3", 3), ("0", 0), ("1,000", 1000), ("1e2", 100), (" 7 ", 7)],
)
def test_whole_quantities_are_read(cell: object, units: int) -> None:
    assert quantity_of(cell) == units


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("2.5", "is not a whole number of units"),
        (2.5, "is not a whole number of units"),
        ("10000001", "is beyond 10,000,000 units"),
        ("-10000001", "is beyond 10,000,000 units"),
        ("1e99", "is beyond 10,000,000 units"),
        ("1e999999999", "is not a number"),
        ("", "is missing"),
        ("  ", "is missing"),
        (None, "is missing"),
        (float("nan"), "is missing"),
        (float("inf"), "is not a number"),
        ("nan", "is not a number"),
        ("three", "is not a number"),
        ("=1+1", "is not a number"),
        ("٣", "is not a number"),
        ("1,00", "is not a number"),
        (True, "is not a number"),
    ],
)
def test_other_quantities_say_why_not(cell: object, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        quantity_of(cell)


@given(st.integers(-LARGEST_QUANTITY, LARGEST_QUANTITY))
def test_every_whole_number_in_bounds_survives_every_spelling(units: int) -> None:
    assert {quantity_of(cell) for cell in (units, float(units), str(units), f"{units}.0", f"{units:,}")} == {units}


@pytest.mark.parametrize(
    ("cell", "price"),
    [
        ("4.25", Decimal("4.2500")),
        ("$4.25", Decimal("4.2500")),
        ("1 234.5", Decimal("1234.5000")),
        (0.8500000238418579, Decimal("0.8500")),  # 0.85 as a 32-bit fraction
        ("-11062.06", Decimal("-11062.0600")),
        ("0", Decimal("0.0000")),
        ("", None),
        (None, None),
        ("NULL", None),
        (float("nan"), None),
    ],
)
def test_prices_are_read_to_four_decimals(cell: object, price: Decimal | None) -> None:
    assert price_of(cell) == price


@pytest.mark.parametrize("cell", ["abc", "1e12", "1000000000", "4.2.5"])
def test_other_prices_are_refused(cell: str) -> None:
    with pytest.raises(ValueError, match=r"is not a number|is beyond 1,000,000,000"):
        price_of(cell)


@pytest.mark.parametrize(
    ("cells", "mark"),
    [
        (["1.99", "2.50"], "."),
        (["1,99", "2,50"], ","),
        (["1.234,50"], ","),
        (["1,234.50", "1,234"], "."),
        (["7", "8"], "."),
        ([7, 8.5], "."),
        (["1,234", "5"], ""),
        (["1,99", "2.50"], "."),
    ],
)
def test_the_decimal_mark_of_a_column_needs_proof(cells: list[object], mark: str) -> None:
    assert decimal_mark(cells) == mark


def test_a_comma_that_nothing_decides_is_not_guessed() -> None:
    with pytest.raises(ValueError, match="can be read two ways"):
        price_of("1,234", mark="")


def test_a_comma_column_reads_points_as_thousands() -> None:
    assert price_of("1.234,50", mark=",") == Decimal("1234.5000")
    assert quantity_of("1.234", mark=",") == 1234
