"""Days of sales with their prices, for some products in the stores of one currency."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain

import numpy as np
from django.db.models import FloatField
from django.db.models.functions import Cast

from forecasting.frames.days import DayNumber
from insights.calc.pricing.panel import DailyPrices
from inventory.models import DailySales
from inventory.querysets.scope import EVERY_STORE, StoreScope

COLUMNS = 8


@dataclass(frozen=True)
class PriceFrame:
    """``days`` with the codes of ``product_ids`` and ``categories`` (their places)."""

    product_ids: tuple[int, ...]
    categories: tuple[str, ...]
    days: DailyPrices


def load_daily_prices(
    *,
    currency: str,
    category_of: Mapping[int, str],
    first: date,
    last: date,
    scope: StoreScope = EVERY_STORE,
) -> PriceFrame:
    """One query. ``category_of`` names the products; net units, net revenue, promotion, and whether stock ran out."""
    ids = tuple(sorted(category_of))
    names = tuple(sorted(set(category_of.values())))
    rows = (
        DailySales.objects.visible_to(scope)
        .filter(product_id__in=ids, store__currency=currency)
        .between(first, last)
        .order_by()
        .values_list(
            "product_id",
            "store_id",
            DayNumber("business_date"),
            "units",
            "returned_units",
            Cast("revenue", FloatField()),
            "promotion_lines",
            "out_of_stock_seconds",
        )
    )
    table = np.fromiter(chain.from_iterable(rows), dtype=np.float64).reshape(-1, COLUMNS)
    place_of_name = {name: place for place, name in enumerate(names)}
    return PriceFrame(
        ids,
        names,
        DailyPrices(
            item=np.searchsorted(np.array(ids, dtype=np.int64), table[:, 0].astype(np.int64)),
            store=np.unique(table[:, 1].astype(np.int64), return_inverse=True)[1],
            day=table[:, 2].astype(np.int64),
            units=table[:, 3] - table[:, 4],
            revenue=table[:, 5],
            is_promotion=table[:, 6] > 0,
            is_out=table[:, 7] > 0,
            category=_codes([place_of_name[category_of[one]] for one in ids]),
        ),
    )


def _codes(places: Sequence[int]) -> np.ndarray:
    return np.array(places, dtype=np.int64)
