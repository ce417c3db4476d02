"""The daily sales of some products of one store, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import chain

import numpy as np
import numpy.typing as npt
from django.db.models import Exists, FloatField, OuterRef
from django.db.models.functions import Cast

from forecasting.frames.days import DayNumber
from inventory.models import DailySales, Product

SECONDS_OF_A_DAY = 86_400


@dataclass(frozen=True)
class DailyDemand:
    """Rows are ``product_ids`` in their order, columns the days up to ``last_day``; float64, 0 where no row is.

    ``sold_units`` and ``returned_units`` in units, ``out_of_stock_share`` of the day (0 to 1 and, on a day with
    25 hours, a little over); ``revenue`` net of returns; ``promotion_lines`` sales on promotion; ``started`` (bool, one per product): sold before the first column. ``known_ids``
    are those of the products that exist; ``categories`` are the products' ("" for none).
    """

    product_ids: tuple[int, ...]
    last_day: date
    sold_units: npt.NDArray[np.float64]
    returned_units: npt.NDArray[np.float64]
    out_of_stock_share: npt.NDArray[np.float64]
    revenue: npt.NDArray[np.float64]
    promotion_lines: npt.NDArray[np.float64]
    categories: tuple[str, ...]
    started: npt.NDArray[np.bool_]
    known_ids: frozenset[int]


def load_daily_demand(*, store_id: int, product_ids: Sequence[int], last_day: date, days: int) -> DailyDemand:
    """Two queries, whatever the number of products and days."""
    ids = tuple(sorted(set(product_ids)))
    first_day = last_day - timedelta(days=days - 1)
    own = DailySales.objects.filter(store_id=store_id)
    rows = list(
        own.filter(product_id__in=ids)
        .between(first_day, last_day)
        .order_by()
        .values_list(
            "product_id",
            DayNumber("business_date"),
            "units",
            "returned_units",
            "out_of_stock_seconds",
            Cast("revenue", FloatField()),  # a float at once: half a million decimals take a second to make
            "promotion_lines",
        )
    )
    before = own.filter(product_id=OuterRef("pk"), business_date__lt=first_day, units__gt=0)
    products = {
        pk: (has_started, category)
        for pk, has_started, category in Product.objects.filter(pk__in=ids).values_list(
            "pk", Exists(before), "category"
        )
    }
    values = np.zeros((5, len(ids), days))
    if rows:
        table = np.fromiter(chain.from_iterable(rows), dtype=np.float64, count=7 * len(rows)).reshape(-1, 7)
        product, day = table[:, :2].T.astype(np.int64)
        values[:, np.searchsorted(ids, product), day - first_day.toordinal()] = table[:, 2:].T
    return DailyDemand(
        product_ids=ids,
        last_day=last_day,
        sold_units=values[0],
        returned_units=values[1],
        out_of_stock_share=values[2] / SECONDS_OF_A_DAY,
        revenue=values[3],
        promotion_lines=values[4],
        categories=tuple(products.get(product_id, (False, ""))[1] for product_id in ids),
        started=np.array([products.get(product_id, (False, ""))[0] for product_id in ids], dtype=np.bool_),
        known_ids=frozenset(products),
    )
