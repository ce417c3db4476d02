"""When the next order can be placed with a supplier, and when the one after that."""

from __future__ import annotations

from datetime import date

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
WHOLE = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def read_weekdays(text: str) -> tuple[int, ...]:
    """“Tue, Fri” as (1, 4), Monday being 0; nothing as (). Raises ``ValueError`` naming what is no weekday."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    wrong = [name for name in names if name.title() not in WEEKDAYS + WHOLE]
    if wrong:
        raise ValueError(f"“{wrong[0]}” is no weekday; write some of {', '.join(WEEKDAYS)} with commas between.")
    return tuple(sorted({WEEKDAYS.index(name.title()[:3]) for name in names}))


def order_calendar(today: date, *, review_days: int, weekdays: tuple[int, ...]) -> tuple[int, int]:
    """Days until the next order can be placed (0: today), and days from then until the one after it.

    With ``weekdays`` the supplier takes orders on these alone; without, on any day, and the next one ``review_days`` later.
    Worked: Tuesdays and Fridays, asked on a Wednesday: 2 days to Friday, 4 from there to Tuesday.
    """
    if not weekdays:
        return 0, review_days
    wait = _until(today.weekday(), weekdays)
    placed = (today.weekday() + wait) % 7
    return wait, 1 + _until((placed + 1) % 7, weekdays)


def _until(weekday: int, weekdays: tuple[int, ...]) -> int:
    """Days from a weekday to the next of some, 0 where it is one of them."""
    return min((one - weekday) % 7 for one in weekdays)
