"""What the order policy is told of each product of a store, from what the frame read."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from django.conf import settings

from forecasting.calc.config import SUM_LEVELS
from forecasting.calc.protection import ASSUMED_LEAD_TIME_DAYS, ASSUMED_REVIEW_DAYS
from forecasting.frames.supply import STATED, Source
from insights.calc.decision_value import DAYS_OF_A_YEAR
from insights.calc.replenishment.inputs import OrderInputs
from insights.frames.reorder import Coming, FirstSales, ForecastFacts, LevelTerms, MonthFacts, ReorderFrame
from inventory.calc.order_days import order_calendar

LATE_DAYS = 1.0
"""A delivery that is overdue is expected tomorrow."""


def order_inputs(frame: ReorderFrame, product_ids: Iterable[int], *, today: date) -> dict[int, OrderInputs]:
    """The inputs of each product, by its id; ``today`` is the day on which the order would be placed."""
    return {product_id: _inputs(frame, product_id, today) for product_id in product_ids}


def _inputs(frame: ReorderFrame, product_id: int, today: date) -> OrderInputs:
    product, source = frame.products[product_id], frame.sources.get(product_id)
    level = frame.levels.get(product_id, LevelTerms())
    on_order, in_transit = frame.on_order.get(product_id, []), frame.in_transit.get(product_id, [])
    lead_time = source.lead_time_days if source else ASSUMED_LEAD_TIME_DAYS
    unit_cost = float(source.unit_cost if source else product.unit_cost)
    wait, review = _calendar(source, today)
    margin = max(float(product.price) - unit_cost, 0.0)
    month = frame.months.get(product_id, MonthFacts())
    return OrderInputs(
        on_hand_units=level.on_hand_units,
        is_counted=level.tracked_from is not None,
        committed_units=frame.committed_units.get(product_id, 0),
        on_order_units=sum(units for _, units in on_order),
        in_transit_units=sum(units for _, units in in_transit),
        arrivals=_arrivals([*on_order, *in_transit], today=today, lead_time_days=lead_time),
        lead_time_days=lead_time,
        lead_time_sd_days=source.lead_time_sd_days if source else 0.0,
        lead_time_source=source.lead_time_source if source else STATED,
        lead_time_shares=[[days, share] for days, share in source.lead_time_shares] if source else [],
        wait_days=wait,
        review_days=review,
        **_demand(frame.forecasts.get(product_id)),
        sold_units=frame.first_sales.get(product_id, FirstSales()).sold_units,
        minimum_units=level.minimum_units,
        maximum_units=level.maximum_units,
        shelf_life_days=product.shelf_life_days or 0,
        pack_size=(source or product).pack_size,
        minimum_order_units=(source or product).minimum_order_quantity,
        unit_cost=unit_cost,
        unit_margin=margin,
        unit_goodwill=margin * settings.GOODWILL_PER_MARGIN,
        unit_salvage=0.0,
        holding_per_day=unit_cost * settings.HOLDING_COST_PER_YEAR / DAYS_OF_A_YEAR,
        abc_class=month.abc,
        xyz_class=frame.xyz_classes.get(product_id, ""),
        supplier_id=source.supplier_id if source else None,
        is_discontinued=not (product.is_active and level.is_on_sale),
    )


def _calendar(source: Source | None, today: date) -> tuple[int, int]:
    """Days until the supplier takes the next order, and from then until the one after it."""
    if source is None:
        return 0, ASSUMED_REVIEW_DAYS
    return order_calendar(today, review_days=source.review_days, weekdays=source.order_weekdays)


def _arrivals(coming: Sequence[Coming], *, today: date, lead_time_days: float) -> list[list[float]]:
    """[[days from today, units], …], sooner first. Without a day, it comes when an order of today would."""
    by_day: dict[float, float] = {}
    for day, units in coming:
        days = lead_time_days if day is None else float((day - today).days)
        days = days if days > 0 else LATE_DAYS
        by_day[days] = by_day.get(days, 0) + units
    return [[days, units] for days, units in sorted(by_day.items())]


def _demand(forecast: ForecastFacts | None) -> dict[str, Any]:
    """The sums over lead time and protection interval; empty where the forecast lacks one or holds what is no number."""
    nothing: dict[str, Any] = dict.fromkeys(("demand_days", "demand_levels", "demand_means", "demand_quantiles"), ())
    protection = forecast.protection if forecast else {}
    sums = [_sum(protection.get("lead_time") or {}), _sum(protection)]
    if not all(sums):
        return nothing
    (short, *_), (long, *_) = sums
    if long <= short:  # both cut to the longest interval that is forecast: the lead time's is read a day shorter
        days, mean, quantiles = sums[1]
        share = (days - 1) / days if days > 1 else 0.5
        sums[0] = [days * share, mean * share, [units * share for units in quantiles]]
    return {
        "demand_days": [days for days, *_ in sums],
        "demand_levels": list(SUM_LEVELS),
        "demand_means": [mean for _, mean, _ in sums],
        "demand_quantiles": [quantiles for *_, quantiles in sums],
    }


def _sum(kept: dict[str, Any]) -> list[Any]:
    """[days, mean, quantiles at ``SUM_LEVELS``] of one stored sum; empty where one of them is missing or no number."""
    quantiles = kept.get("quantiles") or {}
    numbers: list[Any] = [kept.get("days"), kept.get("mean"), *(quantiles.get(str(level)) for level in SUM_LEVELS)]
    if not all(isinstance(number, (int, float)) and math.isfinite(number) for number in numbers) or numbers[0] <= 0:
        return []
    days, mean, *units = (float(number) for number in numbers)
    return [days, mean, units]
