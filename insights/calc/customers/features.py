"""Numbers about each customer, frozen at a cut-off: nothing after it enters them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from insights.calc.customers.days import CustomerDays, Floats, Ints, PurchaseSummary, sum_by, summarise

PRIOR_GAPS = 2.0  # the company's usual gap counts as this many of the customer's own
RECENT_DAYS = (30, 90, 180, 365)
FEATURES = (
    "days_since_last",
    "purchase_days",
    "age_days",
    "typical_gap_days",
    "lateness",
    "last_gap_days",
    "longest_gap_days",
    "gap_variation",
    "purchases_30",
    "purchases_90",
    "purchases_180",
    "purchases_365",
    "mean_value",
    "last_value",
    "money_90",
    "money_365",
    "units_per_purchase",
    "total_money",
)


@dataclass(frozen=True)
class CustomerFeatures:
    """``rows`` M × len(FEATURES), one row per customer of ``summary``; ``typical_gap_days`` M, over 0."""

    summary: PurchaseSummary
    rows: Floats
    typical_gap_days: Floats


def customer_features(days: CustomerDays, *, end_day: int) -> CustomerFeatures:
    """What is known of each customer at the end of ``end_day``. Raises ``TooFewCustomersError`` without purchases.

    ``typical_gap_days`` is the customer's mean gap between purchase days, drawn to the company's usual gap by
    ``PRIOR_GAPS``; somebody who bought once has the company's. ``lateness`` is days since the last purchase over it.
    """
    known = days.where(days.day <= end_day)
    summary = summarise(known, end_day=end_day)
    bought = known.where(known.is_purchase)
    ends = np.cumsum(summary.purchase_days.astype(np.int64))
    starts = ends - summary.purchase_days.astype(np.int64)
    gaps = _gaps(bought.day, starts, ends, summary)
    recent = [_sum_since(bought, known, end_day - span, summary) for span in RECENT_DAYS]
    units = np.add.reduceat(bought.sold_units, starts)
    money = np.add.reduceat(bought.money, starts)
    columns = {
        "days_since_last": summary.days_since_last,
        "purchase_days": summary.purchase_days,
        "age_days": summary.age_weeks * 7,
        **gaps,
        "lateness": summary.days_since_last / gaps["typical_gap_days"],
        **{f"purchases_{span}": found[0] for span, found in zip(RECENT_DAYS, recent, strict=True)},
        "mean_value": money / summary.purchase_days,
        "last_value": bought.money[ends - 1],
        "money_90": recent[1][1],
        "money_365": recent[3][1],
        "units_per_purchase": units / summary.purchase_days,
        "total_money": summary.total_money,
    }
    rows = np.column_stack([columns[name] for name in FEATURES])
    return CustomerFeatures(summary, rows, gaps["typical_gap_days"])


def _gaps(day: Ints, starts: Ints, ends: Ints, summary: PurchaseSummary) -> dict[str, Floats]:
    """Of each customer's gaps between purchase days; −1 where there is none."""
    has_gap = summary.frequency > 0
    gap = np.diff(day, prepend=day[0]).astype(np.float64)
    gap[starts] = 0.0
    total = np.add.reduceat(gap, starts)
    squares = np.add.reduceat(gap**2, starts)
    count = np.maximum(summary.frequency, 1)
    mean = total / count
    usual = float(np.median(mean[has_gap])) if has_gap.any() else float(np.median(summary.age_weeks) * 7) or 1.0
    spread = np.sqrt(np.maximum(squares / count - mean**2, 0))
    return {
        "typical_gap_days": np.maximum((total + PRIOR_GAPS * usual) / (summary.frequency + PRIOR_GAPS), 1.0),
        "last_gap_days": np.where(has_gap, gap[ends - 1], -1.0),
        "longest_gap_days": np.where(has_gap, np.maximum.reduceat(gap, starts), -1.0),
        "gap_variation": np.where(has_gap, spread / np.maximum(mean, 1.0), -1.0),
    }


def _sum_since(
    bought: CustomerDays, known: CustomerDays, after_day: int, summary: PurchaseSummary
) -> tuple[Floats, Floats]:
    """Purchase days and net money after a day."""
    count = len(known.customer_ids)
    purchases = np.bincount(bought.customer[bought.day > after_day], minlength=count)
    late = known.day > after_day
    money = sum_by(known.customer[late], known.money[late], count)
    return purchases[summary.place].astype(np.float64), money[summary.place]
