"""Numbers as a reader says them."""

from __future__ import annotations


def units_in_words(units: float) -> str:
    """1 unit, 1,200 units, 3.5 units."""
    number = f"{units:,.0f}" if float(units).is_integer() else f"{units:,.1f}"
    return f"{number} unit" if abs(units) == 1 else f"{number} units"


def days_in_words(days: float) -> str:
    return f"{days:g} day" if days == 1 else f"{days:g} days"
