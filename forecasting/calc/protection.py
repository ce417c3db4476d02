"""How long an order has to last: until the next one can arrive."""

from __future__ import annotations

import math

# Where nobody has said who delivers a product.
ASSUMED_LEAD_TIME_DAYS = 7.0
ASSUMED_REVIEW_DAYS = 7
LONGEST_DAYS = 91


def protection_days(*, lead_time_days: float, review_days: int) -> int:
    """Whole days of the protection interval, lead time plus review, rounded up; from 1 to ``LONGEST_DAYS``.

    What is ordered now comes after the lead time, and the next order, placed a review period later, a lead time
    after that: until then today's order has to last. Worked: 4.5 and 7 days are 12.
    """
    return _whole(lead_time_days + review_days)


def lead_days(lead_time_days: float) -> int:
    """Whole days until an order placed now arrives, rounded up; from 1 to ``LONGEST_DAYS``."""
    return _whole(lead_time_days)


def _whole(days: float) -> int:
    return min(max(math.ceil(days), 1), LONGEST_DAYS)
