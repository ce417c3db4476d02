"""The daily sales of some products of one store, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import chain

import numpy as np
import numpy.typing as npt
from django.db.models import Exists, OuterRef

from forecasting.frames.days import DayNumber
from inventory.models import DailySales, Product

SECONDS_OF_A_DAY = 86_400


@dataclass(frozen=True)
class DailyDemand:
    """Rows are ``product_ids`` in their order, columns the days up to ``last_day``; float64, 0 where no row is.

    ``sold_units`` and ``returned_units`` in units, ``out_of_stock_share`` of the day (0 to 1 and, on a day with
    25 hours, a little over); ``started`` (bool, one per product): sold before the first column. ``known_ids``
    are those of the products that exist.
    """

    product_ids: tuple[int, ...]
    last_day: date
    sold_units: npt.NDArray[np.float64]
    returned_units: npt.NDArray[np.float64]
    out_of_stock_share: npt.NDArray[np.float64]
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
        .values_list("product_id", DayNumber("business_date"), "units", "returned_units", "out_of_stock_seconds")
    )
    before = own.filter(product_id=OuterRef("pk"), business_date__lt=first_day, units__gt=0)
    started = dict(Product.objects.filter(pk__in=ids).values_list("pk", Exists(before)))
    values = np.zeros((3, len(ids), days))
    if rows:
        table = np.fromiter(chain.from_iterable(rows), dtype=np.int64, count=5 * len(rows)).reshape(-1, 5)
        at = np.searchsorted(ids, table[:, 0])
        values[:, at, table[:, 1] - first_day.toordinal()] = table[:, 2:].T
    return DailyDemand(
        product_ids=ids,
        last_day=last_day,
        sold_units=values[0],
        returned_units=values[1],
        out_of_stock_share=values[2] / SECONDS_OF_A_DAY,
        started=np.array([started.get(product_id, False) for product_id in ids], dtype=np.bool_),
        known_ids=frozenset(started),
    )
