"""What a unit sells for: past days and the days ahead, where prices are planned."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
from django.db.models import F, Q

from forecasting.calc.promotions import promoted_days
from forecasting.frames.demand import DailyDemand
from forecasting.models import PlannedPrice
from inventory.models import Store

Floats = npt.NDArray[np.float64]


def load_prices(
    *, store: Store, history: DailyDemand, periods: int, ahead: int, known_by: datetime | None = None
) -> Floats | None:
    """What a unit regularly sold for in the last ``periods`` days (in the store's currency; NaN before the first sale),
    carried on over days without sales, over promotions and ``ahead``; from a planned price on, that. One query.

    None where no price of these products is planned in the days ahead (by plans made before ``known_by``): a model that
    learned from prices that nobody could know ahead would be judged by what it will not have. Nor is a promotion's price
    one to carry on: it would last for weeks after the promotion, and tell of promotions that are on no calendar.
    """
    plans = PlannedPrice.objects.filter(Q(store=store) | Q(store__isnull=True), product_id__in=history.product_ids)
    coming = (history.last_day + timedelta(days=1), history.last_day + timedelta(days=ahead))
    # The later ones lie over the earlier: plans for all stores first, then by the time when they were made.
    in_order = (F("store_id").asc(nulls_first=True), "created_at", "pk")
    planned = list(plans.known_by(known_by).between(*coming).order_by(*in_order))
    if not planned:
        return None
    price = np.full((len(history.product_ids), periods + ahead), np.nan)
    price[:, :periods] = _paid(history, periods)
    last = np.maximum.accumulate(np.where(np.isfinite(price), np.arange(periods + ahead), -1), axis=1)
    price = np.where(last >= 0, np.take_along_axis(price, np.maximum(last, 0), axis=1), np.nan)
    row_of = {product_id: row for row, product_id in enumerate(history.product_ids)}
    for plan in planned:
        start = max((plan.first_day - coming[0]).days, 0)
        end = ahead if plan.last_day is None else (plan.last_day - coming[0]).days + 1
        price[row_of[plan.product_id], periods + start : periods + end] = float(plan.price)
    return price


def _paid(history: DailyDemand, periods: int) -> Floats:
    """Revenue per unit of each day; NaN on days without sales and on promotion."""
    units, lines = history.sold_units[:, -periods:], history.promotion_lines[:, -periods:]
    net = units - history.returned_units[:, -periods:]
    revenue = history.revenue[:, -periods:]
    known = (net > 0) & (revenue > 0) & ~promoted_days(lines, units)
    return np.where(known, revenue / np.where(known, net, 1.0), np.nan)
