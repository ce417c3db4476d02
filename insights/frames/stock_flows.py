"""What moved the stock of some products of one store, day by day, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
from django.db.models import Case, IntegerField, Sum, Value, When

from inventory.models import InventoryTransaction, StockLevel


@dataclass(frozen=True)
class StockFlows:
    """Rows are ``product_ids`` in their order, columns the days from ``first_day``; units.

    ``opening_units`` is the stock at the start of each day, ``other_units`` every change of the day but sales.
    """

    product_ids: tuple[int, ...]
    first_day: date
    opening_units: npt.NDArray[np.float64]
    other_units: npt.NDArray[np.float64]


def load_stock_flows(*, store_id: int, product_ids: Sequence[int], first_day: date, last_day: date) -> StockFlows:
    """Two queries. The stock of a past day is today's less every change since; ``last_day`` is not in the future."""
    ids = tuple(sorted(set(product_ids)))
    row_of = {product_id: row for row, product_id in enumerate(ids)}
    days = (last_day - first_day).days + 1
    changes = np.zeros((2, len(ids), days + 1))  # all, and without sales; the last column: after ``last_day``
    is_sale = Case(When(movement_type="sale", then=Value(1)), default=Value(0), output_field=IntegerField())
    moved = InventoryTransaction.objects.filter(store_id=store_id, product_id__in=ids, business_date__gte=first_day)
    sums = moved.order_by().annotate(is_sale=is_sale).values_list("product_id", "business_date", "is_sale")
    for product_id, day, of_sales, change in sums.annotate(Sum("stock_change")):
        column = min((day - first_day).days, days)
        changes[0, row_of[product_id], column] += change
        if not of_sales:
            changes[1, row_of[product_id], column] += change
    now_units = np.zeros(len(ids))
    levels = StockLevel.objects.filter(store_id=store_id, product_id__in=ids)
    for product_id, units in levels.values_list("product_id", "on_hand_units"):
        now_units[row_of[product_id]] = units
    since = np.cumsum(changes[0][:, ::-1], axis=1)[:, ::-1]  # of the day and later
    opening = now_units[:, None] - since
    return StockFlows(ids, first_day, opening_units=opening[:, :days], other_units=changes[1][:, :days])
