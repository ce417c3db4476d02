"""What the ledger says about a period of one store, by product."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.db.models import Exists, Min, OuterRef, Q, Subquery, Sum

from inventory.models import DailySales, InventoryTransaction, Product, StockLevel


@dataclass(frozen=True)
class SalesOfPeriod:
    """Sums of one product's days; ``first_sale`` is the first day of the period on which it sold."""

    sold_units: int = 0
    returned_units: int = 0
    revenue: Decimal = Decimal(0)
    transactions: int = 0
    out_of_stock_seconds: int = 0
    first_sale: date | None = None


@dataclass(frozen=True)
class LevelNow:
    """Stock now and its bounds, in units. The answers without a level: nothing there, no bounds, never counted."""

    on_hand_units: int = 0
    minimum_units: int = 0
    maximum_units: int = 0
    tracked_from: date | None = None


@dataclass(frozen=True)
class PeriodFrame:
    """Five queries, whatever the number of products.

    ``sales`` holds every product of the store with a row in the period, because shares need the whole store, and
    ``unit_costs`` what a unit of these and of those asked for costs (0: not known); the others hold the products asked
    for, and ``sold_before`` (the period) and ``last_sales`` (up to its end) all of those that exist. ``stock_changes`` are the net changes by day from the first day of the period on, and past its
    end up to now.
    """

    sales: dict[int, SalesOfPeriod]
    unit_costs: dict[int, Decimal]
    levels: dict[int, LevelNow]
    sold_before: dict[int, bool]
    last_sales: dict[int, date | None]
    stock_changes: dict[int, dict[date, int]] = field(default_factory=dict)

    def margins(self) -> dict[int, Decimal]:
        """Revenue less the cost of the net units, of every product of the store with a row in the period and a known
        unit cost."""
        return {
            product_id: sales.revenue - (sales.sold_units - sales.returned_units) * self.unit_costs[product_id]
            for product_id, sales in self.sales.items()
            if self.unit_costs[product_id]
        }


def load_period(*, store_id: int, product_ids: Sequence[int], first_day: date, last_day: date) -> PeriodFrame:
    """Both days included."""
    levels = StockLevel.objects.filter(store_id=store_id, product_id__in=product_ids).values_list(
        "product_id", "on_hand_units", "minimum_units", "maximum_units", "tracked_from"
    )
    before = DailySales.objects.filter(
        store_id=store_id, product_id=OuterRef("pk"), business_date__lt=first_day, units__gt=0
    )
    sales = DailySales.objects.filter(
        store_id=store_id, product_id=OuterRef("pk"), business_date__lte=last_day, units__gt=0
    )
    last_sale = Subquery(sales.order_by("-business_date").values("business_date")[:1])
    asked = Product.objects.filter(pk__in=product_ids).annotate(has_sold=Exists(before), last_sale=last_sale)
    products = list(asked.order_by().values_list("pk", "unit_cost", "has_sold", "last_sale"))
    in_period = DailySales.objects.filter(store_id=store_id, product_id=OuterRef("pk")).between(first_day, last_day)
    sold = Product.objects.filter(Exists(in_period)).order_by().values_list("pk", "unit_cost")
    return PeriodFrame(
        sales=_sales(store_id, first_day, last_day),
        unit_costs=dict(sold) | {product_id: unit_cost for product_id, unit_cost, *_ in products},
        levels={product_id: LevelNow(*values) for product_id, *values in levels},
        sold_before={product_id: has_sold for product_id, _, has_sold, _ in products},
        last_sales={product_id: last for product_id, *_, last in products},
        stock_changes=_stock_changes(store_id, product_ids, first_day),
    )


def _sales(store_id: int, first_day: date, last_day: date) -> dict[int, SalesOfPeriod]:
    days = DailySales.objects.filter(store_id=store_id).between(first_day, last_day).order_by()
    rows = days.values("product_id").annotate(
        sold=Sum("units"),
        came_back=Sum("returned_units"),
        net_revenue=Sum("revenue"),
        lines=Sum("transactions"),
        out_seconds=Sum("out_of_stock_seconds"),
        first_sale=Min("business_date", filter=Q(units__gt=0)),
    )
    return {
        row["product_id"]: SalesOfPeriod(
            row["sold"], row["came_back"], row["net_revenue"], row["lines"], row["out_seconds"], row["first_sale"]
        )
        for row in rows
    }


def _stock_changes(store_id: int, product_ids: Sequence[int], first_day: date) -> dict[int, dict[date, int]]:
    changes: dict[int, dict[date, int]] = {}
    rows = (
        InventoryTransaction.objects.filter(store_id=store_id, product_id__in=product_ids, business_date__gte=first_day)
        .exclude(stock_change=0)
        .order_by()
        .values_list("product_id", "business_date")
        .annotate(net=Sum("stock_change"))
    )
    for product_id, day, net in rows:
        changes.setdefault(product_id, {})[day] = net
    return changes
