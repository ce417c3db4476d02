"""Everything that an order depends on, for some products of one store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import F, Min, Sum

from analytics.models import ProductPerformance
from forecasting.frames.supply import Source, load_sources
from forecasting.models import ProductDemandForecast
from inventory.models import DailySales, Product, PurchaseOrderLine, StockLevel, StockTransferLine


@dataclass(frozen=True)
class ProductTerms:
    """What the catalogue says; pack and minimum order in units, used where no supplier is known."""

    sku: str
    name: str
    category: str
    price: Decimal
    unit_cost: Decimal
    pack_size: int
    minimum_order_quantity: int
    status: str

    @property
    def is_active(self) -> bool:
        return self.status == Product.Status.ACTIVE


@dataclass(frozen=True)
class LevelTerms:
    """Stock now and its bounds, in units. The answers without a level: nothing, no bounds, never counted."""

    on_hand_units: int = 0
    minimum_units: int = 0
    maximum_units: int = 0
    is_on_sale: bool = True
    tracked_from: date | None = None


@dataclass(frozen=True)
class FirstSales:
    """When a product without a forecast first sold here, and net units since then."""

    first_sale: date | None = None
    sold_units: int = 0


@dataclass(frozen=True)
class ReorderFrame:
    """By product id; eight queries at most, whatever the number of products."""

    products: dict[int, ProductTerms]
    levels: dict[int, LevelTerms]
    sources: dict[int, Source]
    on_order_units: dict[int, int]
    in_transit_units: dict[int, int]
    forecasts: dict[int, ProductDemandForecast]
    abc_classes: dict[int, str]
    first_sales: dict[int, FirstSales] = field(default_factory=dict)


def load_reorder_frame(*, store_id: int, product_ids: Sequence[int], recommendation_date: date) -> ReorderFrame:
    """Stock and orders as they are now; forecast and class of the nightly run of ``recommendation_date``."""
    own: dict[str, Any] = {"store_id": store_id, "product_id__in": product_ids}
    forecasts = {
        forecast.product_id: forecast
        for forecast in ProductDemandForecast.objects.filter(forecast_date=recommendation_date, **own).order_by(
            "forecast_period"
        )
    }
    last_day = recommendation_date - timedelta(days=1)
    return ReorderFrame(
        products=_products(product_ids),
        levels={
            product_id: LevelTerms(*values)
            for product_id, *values in StockLevel.objects.filter(**own).values_list(
                "product_id", "on_hand_units", "minimum_units", "maximum_units", "is_on_sale", "tracked_from"
            )
        },
        sources=load_sources(product_ids),
        on_order_units=_on_order(store_id, product_ids),
        in_transit_units=_in_transit(store_id, product_ids),
        forecasts=forecasts,
        abc_classes=dict(
            ProductPerformance.objects.filter(
                analysis_date=last_day, period_type=ProductPerformance.PeriodType.MONTHLY, **own
            ).values_list("product_id", "abc_class")
        ),
        first_sales=_first_sales(store_id, sorted(set(product_ids) - forecasts.keys()), last_day),
    )


def _products(product_ids: Sequence[int]) -> dict[int, ProductTerms]:
    rows = Product.objects.filter(pk__in=product_ids).values_list(
        "pk", "sku", "name", "category", "price", "unit_cost", "pack_size", "minimum_order_quantity", "status"
    )
    return {product_id: ProductTerms(*values) for product_id, *values in rows}


def _on_order(store_id: int, product_ids: Sequence[int]) -> dict[int, int]:
    """Units of open orders that are still to come, drafts included: they are decided."""
    lines = PurchaseOrderLine.objects.still_to_come().filter(
        purchase_order__store_id=store_id, product_id__in=product_ids
    )
    rows = lines.order_by().values_list("product_id").annotate(units=Sum("coming_units"))
    return dict(rows)


def _in_transit(store_id: int, product_ids: Sequence[int]) -> dict[int, int]:
    """Units that have left another store for this one and have not arrived."""
    lines = StockTransferLine.objects.in_transit().at(store_id).filter(product_id__in=product_ids)
    rows = lines.order_by().values_list("product_id").annotate(units=Sum("coming_units"))
    return dict(rows)


def _first_sales(store_id: int, product_ids: Sequence[int], last_day: date) -> dict[int, FirstSales]:
    days = DailySales.objects.filter(
        store_id=store_id, product_id__in=product_ids, business_date__lte=last_day, units__gt=0
    )
    rows = (
        days.order_by()
        .values_list("product_id")
        .annotate(first_sale=Min("business_date"), net=Sum(F("units") - F("returned_units")))
    )
    return {product_id: FirstSales(first, max(net, 0)) for product_id, first, net in rows}
