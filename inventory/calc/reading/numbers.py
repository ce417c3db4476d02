"""Quantities and prices out of cells: exact, bounded, and never guessed row by row."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from inventory.calc.reading.cells import is_nan

LARGEST_QUANTITY = 10_000_000
PRICE_STEP = Decimal("0.0001")
# The ledger's own bound on a price, and a bound on a line's value that leaves its column room for sums.
LARGEST_PRICE = Decimal(10) ** 9
LARGEST_TOTAL = Decimal(10) ** 12

PLAIN = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})?")
GROUPED_BY_COMMA = re.compile(r"[+-]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]*)?")
GROUPED_BY_DOT = re.compile(r"[+-]?[0-9]{1,3}(?:\.[0-9]{3})+(?:,[0-9]*)?")
COMMA_DECIMAL = re.compile(r"[+-]?[0-9]*,[0-9]+")
ONE_COMMA_THREE_DIGITS = re.compile(r"[+-]?[0-9]{1,3},[0-9]{3}")
ORNAMENT = str.maketrans("", "", "$€£¥ \u00a0\u202f\u2009'")


def decimal_mark(cells: Iterable[Any]) -> str:
    """The decimal mark of a column of text: ``"."``, ``","``, or ``""`` where its commas can be read both ways.

    A comma is the mark when some value proves it (``1,5``; ``1.234,50``) and none proves the dot (``1.5``;
    ``1,234.50``). A column without commas is read with the dot; in one where every comma is followed by exactly
    three digits nothing is proved. ``["1,99", "2,50"]`` gives ``","``.
    """
    comma = dot = doubt = False
    for cell in cells:
        if not isinstance(cell, str) or "," not in cell:
            dot = dot or (isinstance(cell, str) and "." in cell and not GROUPED_BY_DOT.fullmatch(cell.strip()))
            continue
        text = cell.translate(ORNAMENT)
        if ONE_COMMA_THREE_DIGITS.fullmatch(text):
            doubt = True
        elif COMMA_DECIMAL.fullmatch(text) or GROUPED_BY_DOT.fullmatch(text):
            comma = True
        elif GROUPED_BY_COMMA.fullmatch(text):
            dot = True
    if comma and not dot:
        return ","
    return "." if dot or not doubt else ""


def number_of(raw: Any, mark: str) -> Decimal:
    """The exact number in a cell; raises ``ValueError`` with the reason.

    ``mark`` is the column's decimal mark as :func:`decimal_mark` gives it. Currency signs and spaces between
    digits are passed over. A binary fraction of a typed file is taken by its shortest spelling: 0.85 is 0.85.
    """
    if isinstance(raw, bool):
        raise ValueError("is not a number")
    if isinstance(raw, (int, Decimal)):
        number = Decimal(raw)
    elif isinstance(raw, float):
        number = Decimal(repr(raw))
    else:
        number = Decimal(_plain_text(str(raw), mark))
    if not number.is_finite():
        raise ValueError("is not a number")
    return number


def quantity_of(raw: Any, mark: str = ".") -> int:
    """Whole units, negative for a return; raises ``ValueError`` with the reason. ``"3.0"`` is 3."""
    if isinstance(raw, str) and raw.isdecimal() and raw.isascii() and len(raw) < 8:
        return int(raw)
    if raw is None or raw == "" or is_nan(raw):
        raise ValueError("is missing")
    number = number_of(raw, mark)
    if abs(number) > LARGEST_QUANTITY:
        raise ValueError(f"is beyond {LARGEST_QUANTITY:,} units")
    if number != number.to_integral_value():
        raise ValueError("is not a whole number of units")
    return int(number)


def price_of(raw: Any, mark: str = ".") -> Decimal | None:
    """The price of a unit to 4 decimals, ``None`` where the cell is empty; raises ``ValueError`` with the reason."""
    if raw is None or is_nan(raw) or (isinstance(raw, str) and raw.strip().casefold() in {"", "null", "nan", "none"}):
        return None
    number = number_of(raw, mark)
    if abs(number) >= LARGEST_PRICE:
        raise ValueError(f"is beyond {LARGEST_PRICE:,.0f}")
    return number.quantize(PRICE_STEP, rounding=ROUND_HALF_EVEN)


def _plain_text(cell: str, mark: str) -> str:
    text = cell.translate(ORNAMENT)
    if not text:
        raise ValueError("is missing")
    if "," in text:
        if mark == "":
            raise ValueError("can be read two ways: say which sign is the decimal mark")
        text = _without_commas(text, mark)
    elif mark == "," and GROUPED_BY_DOT.fullmatch(text):
        text = text.replace(".", "")
    if not PLAIN.fullmatch(text):
        raise ValueError("is not a number")
    return text


def _without_commas(text: str, mark: str) -> str:
    if mark == "," and (COMMA_DECIMAL.fullmatch(text) or GROUPED_BY_DOT.fullmatch(text)):
        return text.replace(".", "").replace(",", ".")
    if mark == "." and GROUPED_BY_COMMA.fullmatch(text):
        return text.replace(",", "")
    raise ValueError("is not a number")
