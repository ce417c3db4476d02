"""The days on which a supplier takes orders."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError

from inventory.calc.order_days import order_calendar, read_weekdays
from inventory.models import Supplier

pytestmark = pytest.mark.django_db
MONDAY = date(2026, 3, 16)


@pytest.mark.parametrize(
    ("text", "weekdays"), [("", ()), ("Tue, Fri", (1, 4)), ("friday,TUE , tue", (1, 4)), ("Sun", (6,))]
)
def test_weekdays_are_read(text: str, weekdays: tuple[int, ...]) -> None:
    assert read_weekdays(text) == weekdays


@pytest.mark.parametrize("text", ["Dienstag", "Tue Fri", "2", "Tu"])
def test_what_is_no_weekday_is_named(text: str) -> None:
    with pytest.raises(ValueError) as refused:
        read_weekdays(text)
    assert str(refused.value).startswith(f"“{text}” is no weekday; write some of Mon, Tue")
    with pytest.raises(ValidationError) as invalid:
        Supplier(code="S", name="S", order_weekdays=text).full_clean()
    assert set(invalid.value.message_dict) == {"order_weekdays"}


@pytest.mark.parametrize(
    ("days_on", "weekdays", "expected"),
    [
        (0, (), (0, 10)),
        (0, (1, 4), (1, 3)),  # Monday: Tuesday, then Friday
        (1, (1, 4), (0, 3)),
        (2, (1, 4), (2, 4)),  # Wednesday: Friday, then Tuesday
        (5, (1,), (3, 7)),
        (6, (6,), (0, 7)),
    ],
)
def test_the_next_two_chances_to_order(days_on: int, weekdays: tuple[int, ...], expected: tuple[int, int]) -> None:
    assert order_calendar(MONDAY + timedelta(days=days_on), review_days=10, weekdays=weekdays) == expected
