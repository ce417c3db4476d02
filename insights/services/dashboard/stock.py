"""What is in stock now, and how healthy that is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef

from analytics.models import MetricsState, ProductStock, StoreStock
from insights.calc.stock_health import StockHealth, stock_health
from insights.services.dashboard.reach import Reach
from insights.services.dashboard.sales import Money, by_currency
from inventory.models import Product, StockLevel


@dataclass(frozen=True)
class StockTotals:
    """Levels of products on sale as of ``as_of`` (None: never added up); ``value`` is at unit cost."""

    products: int
    levels: int
    out_of_stock: int
    low: int
    overstocked: int
    units: int
    value: Money
    health: StockHealth | None
    as_of: datetime | None


def read_stock(reach: Reach, state: MetricsState) -> StockTotals:
    """Two queries."""
    rows = list(reach.rows(StoreStock).order_by())
    money = [{"currency": reach.stores[row.store_id].currency, "money": row.value} for row in rows]
    counts = {
        name: sum(getattr(row, name) for row in rows) for name in ("levels", "out_of_stock", "low", "overstocked")
    }
    return StockTotals(
        products=_products(reach),
        units=sum(row.units for row in rows),
        value=by_currency(money),
        health=stock_health(**counts),
        as_of=state.stock_refreshed_at,
        **counts,
    )


def _products(reach: Reach) -> int:
    """Products on sale somewhere within the reach."""
    if reach.is_everything:
        return ProductStock.objects.count()
    here = reach.rows(StockLevel).filter(product=OuterRef("pk"), is_on_sale=True, store__is_active=True)
    return Product.objects.filter(Exists(here), status=Product.Status.ACTIVE).order_by().count()
