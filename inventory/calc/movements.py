"""What a movement is, and the arithmetic of a batch of them: running balances, day sums, stock-outs."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

SALE = "sale"
RETURN = "return"
RECEIPT = "receipt"
ADJUSTMENT = "adjustment"
TRANSFER_IN = "transfer_in"
TRANSFER_OUT = "transfer_out"
WRITE_OFF = "write_off"
COUNT = "count"
SET = "set"

INWARD = frozenset({RETURN, RECEIPT, TRANSFER_IN})
OUTWARD = frozenset({SALE, TRANSFER_OUT, WRITE_OFF})
ABSOLUTE = frozenset({COUNT, SET})
TYPES = INWARD | OUTWARD | ABSOLUTE | {ADJUSTMENT}


class Movement(NamedTuple):
    """One movement that somebody asks to be recorded.

    ``quantity`` is in units. For sales, returns, receipts, transfers and write-offs it is not negative and the
    type gives the direction; for an adjustment it is the signed change; for a count or a set it is the stock that
    is there now.
    """

    store_id: int
    product_id: int
    movement_type: str
    quantity: int
    occurred_at: datetime
    business_date: date
    idempotency_key: str
    unit_price: Decimal | None = None
    customer_id: int | None = None
    is_promotion: bool = False
    reference: str = ""
    reason: str = ""
