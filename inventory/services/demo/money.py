"""The simulation counts money in cents, the database in units of the currency."""

from __future__ import annotations

from decimal import Decimal
from functools import cache


@cache
def money(cents: int) -> Decimal:
    """349 → Decimal("3.49")."""
    return Decimal(cents).scaleb(-2)
