"""The whole dashboard, composed of its parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from analytics.models import MetricsState
from analytics.services.metrics_state import metrics_state
from insights.services.dashboard.ahead import ForecastAhead, newest_forecast, read_ahead
from insights.services.dashboard.attention import (
    NightlyState,
    Pending,
    counted,
    nightly_state,
    read_open_orders,
    read_pending,
)
from insights.services.dashboard.kept import kept
from insights.services.dashboard.periods import Period
from insights.services.dashboard.reach import Reach, reach_of
from insights.services.dashboard.sales import DaySales, Group, ProductSales, Sales, SalesTotals, read_sales
from insights.services.dashboard.stock import StockTotals, read_stock
from insights.services.matrix import Matrix, abc_xyz_matrix
from inventory.models import Alert, DailySales, Product, Store
from inventory.querysets.scope import StoreScope

SHOWN_ALERTS = 8


@dataclass(frozen=True)
class Dashboard:
    """``products`` holds the catalogue's rows of ``top`` and ``bottom`` by primary key, ``stores`` those of ``stores``."""

    period: Period
    sales: Sales
    products: Mapping[int, Product]
    stores: Mapping[int, Store]
    stock: StockTotals
    matrix: Matrix
    pending: Mapping[str, Pending]
    open_orders: Mapping[str, int]
    alert_counts: Mapping[str, int]
    alerts: Sequence[Alert]
    forecast: ForecastAhead | None
    nightly: NightlyState
    sales_as_of: datetime | None

    @property
    def totals(self) -> SalesTotals:
        return self.sales.totals

    @property
    def previous(self) -> SalesTotals:
        return self.sales.previous

    @property
    def days(self) -> Sequence[DaySales]:
        return self.sales.days

    @property
    def top_products(self) -> Sequence[ProductSales]:
        return self.sales.top

    @property
    def categories(self) -> Sequence[Group]:
        return self.sales.categories

    @property
    def currencies(self) -> list[str]:
        return sorted({*self.totals.revenue, *self.previous.revenue, *self.stock.value})


def newest_sales_day(*, scope: StoreScope, store: Store | None) -> date | None:
    """The last business day with a sale, None without any: old imports are shown at their own end, not at today's.

    Days that only tell of missing stock go on after the last sale, so they do not count.
    """
    rows = DailySales.objects.visible_to(scope)
    days = (rows.at(store) if store is not None else rows).filter(transactions__gt=0)
    found: date | None = days.order_by("-business_date").values_list("business_date", flat=True).first()
    return found


def build_dashboard(
    *,
    scope: StoreScope,
    store: Store | None,
    period: Period,
    now: datetime,
    most_alerts: int = SHOWN_ALERTS,
) -> Dashboard:
    """Every number of the dashboard. ``store`` must lie in the scope; None is all stores of the scope."""
    reach, state = reach_of(scope=scope, store=store), metrics_state()
    sales = _kept_sales(reach, period, state)
    alerts = reach.rows(Alert).open().awake(now)
    nightly, newest = nightly_state(now), newest_forecast(reach)
    return Dashboard(
        period=period,
        sales=sales,
        products=Product.objects.in_bulk({row.product_id for row in (*sales.top, *sales.bottom)}),
        stores=reach.stores,
        stock=_kept_stock(reach, state),
        matrix=_kept_matrix(reach, version=(nightly.completed.pk if nightly.completed else None, newest)),
        pending=read_pending(reach),
        open_orders=read_open_orders(reach),
        alert_counts=counted(alerts, "severity"),
        alerts=list(alerts.worst_first().select_related("store", "product", "assigned_to")[:most_alerts]),
        forecast=_kept_ahead(reach, newest),
        nightly=nightly,
        sales_as_of=state.refreshed_at,
    )


def _kept_sales(reach: Reach, period: Period, state: MetricsState) -> Sales:
    """By the version of the sums over days: a sale counts as soon as the refresh that the page names has run."""
    version = (state.version, state.stock_refreshed_at) if state.refreshed_at else None
    return kept("sales", version=version, of=(reach.key, period), work=lambda: read_sales(reach, period))


def _kept_stock(reach: Reach, state: MetricsState) -> StockTotals:
    return kept("stock", version=state.stock_refreshed_at, of=reach.key, work=lambda: read_stock(reach, state))


def _kept_ahead(reach: Reach, newest: tuple[date, datetime] | None) -> ForecastAhead | None:
    if newest is None:
        return None
    return kept("ahead", version=newest, of=reach.key, work=lambda: read_ahead(reach, newest[0]))


def _kept_matrix(reach: Reach, *, version: object) -> Matrix:
    """By the night that classed the products."""
    return kept(
        "matrix", version=version, of=reach.key, work=lambda: abc_xyz_matrix(scope=reach.scope, store=reach.store)
    )
