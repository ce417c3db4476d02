"""How long an order can wait, and how much it matters that it does not."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from insights.calc.replenishment.arrays import Bools, Floats, Ints
from insights.calc.replenishment.config import PolicyConfig
from insights.calc.replenishment.demand import sum_at, variation
from insights.calc.replenishment.points import even_points, normal_scores
from insights.calc.replenishment.rows import Rows

LONGEST_WAIT = 31  # periods; "at least so long" where the answer is this
TOO_LATE = -1
POINTS = 64
CRITICAL, HIGH, MEDIUM, LOW = range(4)
URGENCIES = ("critical", "high", "medium", "low")


def periods_to_wait(rows: Rows, level: float) -> Ints:
    """The most periods (N, whole) after which an order would still come in before stock runs out with probability ``level``.

    ``TOO_LATE`` where an order of now would not; ``LONGEST_WAIT`` where there is no hurry. What is on its way counts from the
    period in which it comes in. Found by halving, as if to wait longer never helped. Worked: 20 on hand, exactly 2 a
    period, lead time 7: 3 periods (20 cover 10).
    """
    points = even_points(POINTS, 2)
    scores = np.broadcast_to(normal_scores(points[:, 0]), (len(rows), POINTS))
    lead = rows.lead_times[:, (points[:, 1] * rows.lead_times.shape[1]).astype(np.int64)]
    spread = variation(rows.demand)
    low = np.full(len(rows), TOO_LATE)
    high = np.full(len(rows), LONGEST_WAIT)
    for _ in range(int(np.ceil(np.log2(LONGEST_WAIT + 2)))):
        middle = (low + high + 1) // 2
        until = middle[:, None] + lead
        lasts = (sum_at(rows.demand, spread, until, scores) <= _stock_at(rows, until)).mean(axis=1) >= level
        low, high = np.where(lasts, middle, low), np.where(lasts, high, np.maximum(middle - 1, low))
    return low.astype(np.int64)


def _stock_at(rows: Rows, periods: Floats) -> Floats:
    """Units on hand and come in by then, before any demand (N × D)."""
    stock = np.broadcast_to((rows.on_hand - rows.committed)[:, None], periods.shape).copy()
    for place in range(rows.arrivals.shape[1]):
        stock += rows.arrivals[:, [place]] * (rows.arrival_periods[:, [place]] <= periods)
    return stock


def urgency(
    rows: Rows, runs_out_before: Floats, wait: Ints, *, is_forecast: Bools, is_counted: Bools, config: PolicyConfig
) -> Ints:
    """A place in ``URGENCIES`` for each row (N).

    Critical, high: stock runs out before an order of now comes in with at least the probability of the config. Medium: it has
    to be ordered before the next chance to order. Low: it can wait until then. Without a forecast high where nothing is
    left, else medium; stock that was never counted is medium: count it first.
    """
    cases: list[npt.NDArray[np.bool_]] = [
        ~is_counted,
        ~is_forecast & (rows.position <= 0),
        ~is_forecast,
        runs_out_before >= config.critical_probability,
        runs_out_before >= config.high_probability,
        wait < rows.review_periods,
    ]
    return np.select(cases, [MEDIUM, HIGH, MEDIUM, CRITICAL, HIGH, MEDIUM], LOW).astype(np.int64)
