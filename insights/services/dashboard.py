"""The home page's numbers (PA-8, first cut): one period of one store or of all stores that the reader may see.

Reads sums over days and the derived tables, never the ledger, with a constant number of queries. Money is kept
apart by currency, because stores may trade in different ones and sums over them mean nothing. Sales are shown up to the
last refresh of the metrics (``sales_as_of``), which is a minute ago at the most while the jobs run.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import zip_longest
from typing import Any

from django.db.models import Case, Count, DecimalField, ExpressionWrapper, F, IntegerField, Max, Q, Sum, Value, When

from analytics.models import ProductDailyMetrics, StoreDailyMetrics
from analytics.services.metrics import metrics_as_of
from forecasting.models import ProductDemandForecast
from insights.models import AnalysisRun, ReorderRecommendation
from insights.services.runs import last_complete_day
from inventory.models import Alert, DailySales, Product, PurchaseOrder, StockLevel, Store
from inventory.querysets.scope import StoreScope

Money = Mapping[str, Decimal]
"""Amounts by currency code."""

TOP_PRODUCTS = 10
TOP_CATEGORIES = 20
SHOWN_ALERTS = 8
MOST_FORECASTS = 2_000
"""Up to this many forecasts are summed day by day; of more, a page would read tens of megabytes."""


@dataclass(frozen=True)
class Period:
    """Whole business days, both ends included."""

    first: date
    last: date

    @classmethod
    def ending(cls, last: date, *, days: int) -> Period:
        return cls(last - timedelta(days=days - 1), last)

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def previous(self) -> Period:
        """As many days, right before."""
        return Period.ending(self.first - timedelta(days=1), days=self.days)

    def dates(self) -> list[date]:
        return [self.first + timedelta(days=i) for i in range(self.days)]


@dataclass(frozen=True)
class SalesTotals:
    """Net of returns; ``transactions`` counts sale lines."""

    revenue: Money
    units: int
    transactions: int


@dataclass(frozen=True)
class DaySales:
    day: date
    units: int
    revenue: Money


@dataclass(frozen=True)
class Sales:
    """The sums that read the most rows: per day and currency of this period and the one before, and of this period the
    best products and categories, most units first (units add up over currencies)."""

    by_day: Sequence[dict[str, Any]]
    top_products: Sequence[dict[str, Any]]
    categories: Sequence[dict[str, Any]]


@dataclass(frozen=True)
class StockTotals:
    """Stock of products on sale, now; ``value`` is at unit cost."""

    levels: int
    out_of_stock: int
    low: int
    overstocked: int
    value: Money


@dataclass(frozen=True)
class ForecastAhead:
    """Expected units per day, from ``first`` on; empty ``units_per_day`` where there are too many series to add up."""

    first: date
    units_per_day: Sequence[float]


@dataclass(frozen=True)
class NightlyState:
    """The newest nightly run whatever became of it, the newest whose results are shown, and whether those are late."""

    latest: AnalysisRun | None
    completed: AnalysisRun | None
    is_late: bool


@dataclass(frozen=True)
class Dashboard:
    period: Period
    totals: SalesTotals
    previous: SalesTotals
    days: Sequence[DaySales]
    top_products: Sequence[dict[str, Any]]
    categories: Sequence[dict[str, Any]]
    stock: StockTotals
    pending: Mapping[str, int]
    open_orders: Mapping[str, int]
    alert_counts: Mapping[str, int]
    alerts: Sequence[Alert]
    forecast: ForecastAhead | None
    nightly: NightlyState
    sales_as_of: datetime | None

    @property
    def currencies(self) -> list[str]:
        return sorted({*self.totals.revenue, *self.previous.revenue, *self.stock.value})


def newest_sales_day(*, scope: StoreScope, store: Store | None) -> date | None:
    """The last business day with a sale, None without any: old imports are shown at their own end, not at today's.

    Days that only tell of missing stock go on after the last sale, so they do not count.
    """
    days = _rows(DailySales, scope, store).filter(transactions__gt=0).order_by("-business_date")
    found: date | None = days.values_list("business_date", flat=True).first()
    return found


def build_dashboard(*, scope: StoreScope, store: Store | None, period: Period, now: datetime) -> Dashboard:
    """Every number of the home page. ``store`` must lie in the scope; None is all stores of the scope."""
    currency_of = _currencies(scope, store)
    as_of = metrics_as_of()
    sales = _sum_sales(scope, store, period, currency_of)
    inside = [row for row in sales.by_day if row["business_date"] >= period.first]
    before = [row for row in sales.by_day if row["business_date"] < period.first]
    return Dashboard(
        period=period,
        totals=_totals(inside),
        previous=_totals(before),
        days=_days(inside, period),
        top_products=_with_products(sales.top_products),
        categories=sales.categories,
        stock=_stock(scope, store),
        pending=_pending(scope, store),
        open_orders=_open_orders(scope, store),
        alert_counts=_alert_counts(scope, store),
        alerts=_worst_alerts(scope, store),
        forecast=_forecast_ahead(scope, store),
        nightly=_nightly_state(now),
        sales_as_of=as_of,
    )


def _rows(model: Any, scope: StoreScope, store: Store | None) -> Any:
    rows = model.objects.visible_to(scope)
    return rows.at(store) if store is not None else rows


def _sum_sales(scope: StoreScope, store: Store | None, period: Period, currency_of: Mapping[int, str]) -> Sales:
    by_day = _rows(StoreDailyMetrics, scope, store).between(period.previous.first, period.last)
    by_product = _sales_by_product(scope, store, period)
    return Sales(
        by_day=_sales_by_day(by_day, currency_of),
        top_products=sorted(by_product, key=lambda row: (-row["net_units"], row["product_id"]))[:TOP_PRODUCTS],
        categories=_categories(by_product),
    )


def _sales_by_product(scope: StoreScope, store: Store | None, period: Period) -> list[dict[str, Any]]:
    """One row per product that sold: read once, for the best products and for the categories.

    Over all stores from sums over them; else from the days of each product in the stores that are shown.
    """
    every_store = store is None and scope.all_stores
    rows = ProductDailyMetrics.objects.all() if every_store else _rows(DailySales, scope, store)
    return list(rows.between(period.first, period.last).totals_by("product_id"))


def _currencies(scope: StoreScope, store: Store | None) -> dict[int, str]:
    """The currency of each store that is shown, by the store's primary key."""
    if store is not None:
        return {store.pk: store.currency}
    return dict(Store.objects.visible_to(scope).order_by().values_list("pk", "currency"))


def _sales_by_day(sales: Any, currency_of: Mapping[int, str]) -> list[dict[str, Any]]:
    """Rows that are of one day and one currency each.

    The stores are not joined: that takes three times as long. Where all trade in one currency, the days are summed
    in the order of the index; otherwise per store, which takes twice as long.
    """
    only = next(iter(currency_of.values()), "") if len(set(currency_of.values())) <= 1 else None
    columns = ["business_date"] if only is not None else ["business_date", "store_id"]
    return [
        {**row, "currency": currency_of[row["store_id"]] if only is None else only} for row in sales.totals_by(*columns)
    ]


def _totals(rows: Sequence[dict[str, Any]]) -> SalesTotals:
    return SalesTotals(
        revenue=_by_currency(rows),
        units=sum(int(row["net_units"]) for row in rows),
        transactions=sum(int(row["lines"]) for row in rows),
    )


def _by_currency(rows: Sequence[dict[str, Any]], amount: str = "money") -> Money:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        sums[row["currency"]] += row[amount] or Decimal(0)
    return dict(sums)


def _days(rows: Sequence[dict[str, Any]], period: Period) -> list[DaySales]:
    """Every day of the period, those without a sale too."""
    by_day: dict[date, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        by_day[row["business_date"]].append(row)
    return [
        DaySales(day, sum(int(row["net_units"]) for row in by_day[day]), _by_currency(by_day[day]))
        for day in period.dates()
    ]


def _with_products(top: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    products = Product.objects.in_bulk([row["product_id"] for row in top])
    return [{**row, "product": products[row["product_id"]]} for row in top]


def _categories(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Most units first. A second sum in the database, over a join, takes longer than reading the catalogue's words."""
    category_of = dict(Product.objects.order_by().values_list("pk", "category"))
    sums: dict[str, dict[str, Any]] = {}
    for row in rows:
        category = category_of[row["product_id"]]
        added = sums.setdefault(category, {"category": category, "net_units": 0, "money": Decimal(0)})
        added["net_units"] += row["net_units"]
        added["money"] += row["money"] or Decimal(0)
    return sorted(sums.values(), key=lambda row: (-row["net_units"], row["category"]))[:TOP_CATEGORIES]


def _stock(scope: StoreScope, store: Store | None) -> StockTotals:
    is_out = Q(on_hand_units__lte=0)
    is_low = Q(on_hand_units__gt=0, on_hand_units__lte=F("minimum_units"))
    is_over = Q(maximum_units__gt=0, on_hand_units__gte=F("maximum_units") * 0.9, on_hand_units__gt=F("minimum_units"))
    value: Any = ExpressionWrapper(
        F("on_hand_units") * F("product__unit_cost"), output_field=DecimalField(max_digits=20, decimal_places=4)
    )
    rows = list(
        _rows(StockLevel, scope, store)
        .on_sale()
        .order_by()
        .values(currency=F("store__currency"))
        .annotate(
            levels=Count("pk"),
            out=Count("pk", filter=is_out),
            low=Count("pk", filter=is_low),
            over=Count("pk", filter=is_over),
            money=Sum(value, filter=Q(on_hand_units__gt=0)),
        )
    )
    return StockTotals(
        levels=sum(row["levels"] for row in rows),
        out_of_stock=sum(row["out"] for row in rows),
        low=sum(row["low"] for row in rows),
        overstocked=sum(row["over"] for row in rows),
        value=_by_currency(rows),
    )


def _pending(scope: StoreScope, store: Store | None) -> dict[str, int]:
    """Recommendations that wait for a decision, by urgency."""
    rows = _rows(ReorderRecommendation, scope, store).pending()
    return _counts(rows, "urgency_level")


def _open_orders(scope: StoreScope, store: Store | None) -> dict[str, int]:
    return _counts(_rows(PurchaseOrder, scope, store).open(), "status")


def _alert_counts(scope: StoreScope, store: Store | None) -> dict[str, int]:
    return _counts(_rows(Alert, scope, store).open(), "severity")


def _counts(rows: Any, column: str) -> dict[str, int]:
    return dict(rows.order_by().values_list(column).annotate(Count("pk")))


def _worst_alerts(scope: StoreScope, store: Store | None) -> list[Alert]:
    severity = Case(
        When(severity=Alert.Severity.CRITICAL, then=Value(0)),
        When(severity=Alert.Severity.HIGH, then=Value(1)),
        default=Value(2),
        output_field=IntegerField(),
    )
    rows = _rows(Alert, scope, store).open().select_related("store", "product")
    return list(rows.order_by(severity, "-id")[:SHOWN_ALERTS])


def _forecast_ahead(scope: StoreScope, store: Store | None) -> ForecastAhead | None:
    rows = _rows(ProductDemandForecast, scope, store)
    newest = rows.aggregate(newest=Max("forecast_date"))["newest"]
    if newest is None:
        return None
    paths = rows.filter(forecast_date=newest)
    if paths.order_by()[: MOST_FORECASTS + 1].count() > MOST_FORECASTS:
        return ForecastAhead(newest, [])
    # A series may have paths of several horizons on one day: the longest one, which comes last, is the one kept.
    means = {
        (store_id, product_id): mean or []
        for store_id, product_id, mean in paths.order_by("forecast_period").values_list(
            "store_id", "product_id", "daily__mean"
        )
    }
    return ForecastAhead(newest, [sum(day) for day in zip_longest(*means.values(), fillvalue=0.0)])


def _nightly_state(now: datetime) -> NightlyState:
    """Late: the newest analysed day is older than the day before the last complete one, or there is none."""
    runs = AnalysisRun.objects.filter(kind=AnalysisRun.Kind.NIGHTLY)
    completed = runs.completed().order_by("-business_date", "-id").first()
    latest = runs.order_by("-id").first()
    expected = last_complete_day(now=now) - timedelta(days=1)
    return NightlyState(latest, completed, is_late=completed is None or completed.business_date < expected)
