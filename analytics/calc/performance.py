"""How one product did in one store over a period (PA-1, PA-3): facts in, figures out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from analytics.calc.abc import Standing

DAYS_OF_A_YEAR = 365
OVERSTOCKED_FROM = Decimal("0.9")

REVENUE_POINTS = 40.0
AVAILABILITY_POINTS = 30.0
STOCK_POINTS = 20.0
RETURN_POINTS = 10.0
# Stock for a month earns all points of the part, stock for half a year none.
DAYS_OF_STOCK_BEST = 30.0
DAYS_OF_STOCK_WORST = 180.0

NEW_DAYS = 28
DEAD_AFTER_DAYS = 90
SLOW_OVER_DAYS = 180


@dataclass(frozen=True)
class PeriodFacts:
    """What the ledger says about the period. Units unless the name says otherwise.

    ``days_on_shelf`` are the days of the period since the product was first there (None: it never was, as far as
    is known). ``closing_stock`` is the stock at the end of each day on which stock was recorded; empty where it
    was never counted. ``unit_cost`` 0 is not known. ``days_since_sale`` and ``days_tracked`` are up to the period's end,
    None: never sold, never counted.
    """

    days_on_shelf: int | None
    sold_units: int
    returned_units: int
    revenue: Decimal
    transactions: int
    stock_out_days: float
    closing_stock: Sequence[int]
    on_hand_units: int
    minimum_units: int
    maximum_units: int
    standing: Standing
    unit_cost: Decimal = Decimal(0)
    days_since_sale: int | None = None
    days_tracked: int | None = None


@dataclass(frozen=True)
class Performance:
    """The figures; None where there is nothing to measure (see ``measure``)."""

    net_units: int
    average_price: Decimal | None
    velocity: float | None
    turnover: float | None
    days_of_stock: float | None
    average_stock_units: float | None
    sell_through: float | None
    gross_margin: Decimal | None
    gross_margin_return: float | None
    lost_units: float | None
    lost_revenue: Decimal | None
    stock_value: Decimal | None
    movement: str
    stock_status: str
    stock_risk: str
    score: float
    score_parts: dict[str, dict[str, Any]]


def period_type(period_days: int) -> str:
    """PA-2: ``daily`` under 7 days, ``weekly`` under 28, else ``monthly``."""
    if period_days < 7:
        return "daily"
    return "weekly" if period_days < 28 else "monthly"


def stock_status(*, on_hand_units: int, minimum_units: int, maximum_units: int) -> tuple[str, str]:
    """PA-3: status and risk. A minimum or a maximum of 0 is none."""
    if on_hand_units <= 0:
        return "Out of Stock", "Critical"
    if on_hand_units <= minimum_units:
        return "Low Stock", "High"
    if maximum_units and on_hand_units >= OVERSTOCKED_FROM * maximum_units:
        return "Overstocked", "Medium"
    return "Normal", "Low"


def measure(facts: PeriodFacts) -> Performance:
    """All figures of one product.

    Velocity is net units per day in stock; None where it was never in stock. Average stock is the mean of the
    closing stocks, negative ones as 0; None where never counted. Turnover is net units a year over average stock
    (None with none in stock), days of inventory its inverse in days (None with nothing sold). A period of returns
    alone has a velocity of 0 and no turnover. The average price needs more sold than returned.

    Sell-through is net units over net units and the stock at the end, which is what there was to sell (None: never
    counted, or nothing there). Lost sales are the velocity times the days without stock, at the average price: an
    estimate that takes those days for usual ones (None: never in stock, or no price). Gross margin is revenue less
    unit costs and GMROI what it makes a year of the average stock at cost (None: no unit cost, no stock).

    Worked: 60 units for 240 in 30 days of which 6 without stock, 20 on the shelf on average, 0 at the end, a unit costs 3:
    60 / 24 = 2.5 units a day, 60 / 30 × 365 / 20 = 36.5 turns a year, 20 / 2 = 10 days of stock, 60 / 60 = 100 %
    sold through, 2.5 × 6 = 15 units lost, 240 - 180 = 60 of margin, 60 / 30 × 365 / (20 × 3) = 12.2 back a year.
    """
    net = facts.sold_units - facts.returned_units
    per_day = max(net, 0) / facts.days_on_shelf if facts.days_on_shelf else None
    average_stock = _average_stock(facts.closing_stock)
    days_of_stock = average_stock / per_day if per_day and average_stock is not None else None
    status, risk = stock_status(
        on_hand_units=facts.on_hand_units, minimum_units=facts.minimum_units, maximum_units=facts.maximum_units
    )
    parts = _score_parts(facts, average_stock=average_stock, days_of_stock=days_of_stock)
    average_price = facts.revenue / net if net > 0 else None
    velocity = _velocity(facts, max(net, 0))
    lost_units = lost_sales(velocity, facts.stock_out_days)
    margin = facts.revenue - net * facts.unit_cost if facts.unit_cost else None
    return Performance(
        net_units=net,
        average_price=average_price,
        velocity=velocity,
        turnover=per_day * DAYS_OF_A_YEAR / average_stock if per_day is not None and average_stock else None,
        days_of_stock=days_of_stock,
        average_stock_units=average_stock,
        sell_through=_sell_through(net, facts.closing_stock),
        gross_margin=margin,
        gross_margin_return=_margin_return(margin, facts, average_stock),
        lost_units=lost_units,
        lost_revenue=_worth(lost_units, average_price),
        stock_value=max(facts.on_hand_units, 0) * facts.unit_cost if facts.unit_cost else None,
        movement=movement_of(facts, per_day=per_day),
        stock_status=status,
        stock_risk=risk,
        score=_score(parts),
        score_parts=parts,
    )


def lost_sales(velocity: float | None, stock_out_days: float) -> float | None:
    """Units that days without stock would have sold at the velocity of the days in stock; None where that is not known.

    >>> lost_sales(2.5, 6.0)
    15.0
    """
    if stock_out_days <= 0:
        return 0.0
    return None if velocity is None else velocity * stock_out_days


def movement_of(facts: PeriodFacts, *, per_day: float | None) -> str:
    """Whether what is in stock moves; empty with nothing in stock.

    ``new`` under 28 days after the first count, unless it sold before. ``dead``: nothing sold for 90 days, or never in the
    90 days and more that it has been there. ``slow``: nothing sold in the period, or stock for over 180 days at its pace.
    """
    if facts.on_hand_units <= 0:
        return ""
    quiet_days = facts.days_tracked if facts.days_since_sale is None else facts.days_since_sale
    if quiet_days is None or (facts.days_since_sale is None and quiet_days < NEW_DAYS):
        return "new"
    if quiet_days >= DEAD_AFTER_DAYS:
        return "dead"
    return "slow" if not per_day or facts.on_hand_units / per_day > SLOW_OVER_DAYS else "moving"


def _sell_through(net_units: int, closing_stock: Sequence[int]) -> float | None:
    if not closing_stock:
        return None
    there_was = max(net_units, 0) + max(closing_stock[-1], 0)
    return max(net_units, 0) / there_was if there_was else None


def _margin_return(margin: Decimal | None, facts: PeriodFacts, average_stock: float | None) -> float | None:
    if margin is None or not average_stock or not facts.days_on_shelf:
        return None
    return float(margin) / facts.days_on_shelf * DAYS_OF_A_YEAR / (average_stock * float(facts.unit_cost))


def _worth(units: float | None, price: Decimal | None) -> Decimal | None:
    if units == 0:
        return Decimal(0)
    return None if units is None or price is None else Decimal(units) * price


def _average_stock(closing_stock: Sequence[int]) -> float | None:
    if not closing_stock:
        return None
    return sum(max(units, 0) for units in closing_stock) / len(closing_stock)


def _velocity(facts: PeriodFacts, net_units: int) -> float | None:
    in_stock_days = (facts.days_on_shelf or 0) - facts.stock_out_days
    return net_units / in_stock_days if in_stock_days > 0 else None


def _score(parts: dict[str, dict[str, Any]]) -> float:
    """100 × points over the points that could be had: what is not known neither helps nor harms."""
    points = float(sum(part["points"] for part in parts.values()))
    return round(100 * points / float(sum(part["of"] for part in parts.values())), 2)


def _score_parts(
    facts: PeriodFacts, *, average_stock: float | None, days_of_stock: float | None
) -> dict[str, dict[str, Any]]:
    """Points of each part, how many it could have, and the sentence that explains them."""
    standing = facts.standing
    parts = {
        "revenue": _part(
            1 - standing.share_before,
            REVENUE_POINTS,
            f"products that earn more bring {standing.share_before:.0%} of the store's revenue"
            if standing.abc_class
            else "brought no revenue",
        )
    }
    if facts.days_on_shelf:
        in_stock = 1 - facts.stock_out_days / facts.days_on_shelf
        parts["availability"] = _part(
            in_stock, AVAILABILITY_POINTS, f"out of stock on {facts.stock_out_days:.1f} of {facts.days_on_shelf} days"
        )
    if average_stock:
        parts["stock"] = _stock_part(days_of_stock)
    if facts.sold_units + facts.returned_units:
        returned = facts.returned_units / max(facts.sold_units, facts.returned_units)
        parts["returns"] = _part(
            1 - returned, RETURN_POINTS, f"{facts.returned_units} returned, {facts.sold_units} sold"
        )
    return parts


def _stock_part(days_of_stock: float | None) -> dict[str, Any]:
    if days_of_stock is None:
        return _part(0.0, STOCK_POINTS, "in stock, and nothing sold")
    kept_low = (DAYS_OF_STOCK_WORST - days_of_stock) / (DAYS_OF_STOCK_WORST - DAYS_OF_STOCK_BEST)
    return _part(kept_low, STOCK_POINTS, f"stock for {days_of_stock:.0f} days on average")


def _part(share: float, of: float, why: str) -> dict[str, Any]:
    return {"points": round(min(max(share, 0.0), 1.0) * of, 2), "of": of, "why": why}
