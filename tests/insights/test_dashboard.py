"""The home page's numbers: periods, scope, currencies, the forecast ahead, and whether the nightly run is late."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analytics.services.metrics import refresh_metrics
from forecasting.models import DemandForecastTotal
from insights.models import AnalysisRun
from insights.services.dashboard import Dashboard, Period, build_dashboard, newest_sales_day
from inventory.models import DailySales, Store
from inventory.querysets.scope import EVERY_STORE, NO_STORE, StoreScope
from tests.cast import NOW, TODAY, Cast, make_person, movement, record, set_bounds
from tests.insights.proposals import recommend

YESTERDAY = TODAY - timedelta(days=1)
WEEK = Period.ending(YESTERDAY, days=7)


def sell(store: Store, cast: Cast, units: int, day: date, *, price: str = "5.00") -> None:
    record(movement(store, cast.steady, "sale", units, day=day, unit_price=Decimal(price)))


def shown(scope: StoreScope = EVERY_STORE, *, store: Store | None = None, period: Period = WEEK) -> Dashboard:
    """The home page's numbers right after a refresh."""
    refresh_metrics(now=NOW)
    return build_dashboard(scope=scope, store=store, period=period, now=NOW)


def test_a_period_has_both_ends_and_one_as_long_before_it() -> None:
    assert (WEEK.first, WEEK.last, WEEK.days) == (date(2026, 3, 9), date(2026, 3, 15), 7)
    assert WEEK.previous == Period(date(2026, 3, 2), date(2026, 3, 8))


def test_sales_are_net_of_returns_and_compared_with_the_period_before(cast: Cast) -> None:
    sell(cast.north, cast, 10, YESTERDAY)
    record(movement(cast.north, cast.steady, "return", 2, day=YESTERDAY, unit_price=Decimal("5.00")))
    sell(cast.north, cast, 4, WEEK.first - timedelta(days=1))
    board = shown()
    assert (board.totals.units, board.totals.revenue) == (8, {"GBP": Decimal("40.0000")})
    assert (board.previous.units, board.previous.transactions) == (4, 1)
    assert [day.units for day in board.days] == [0, 0, 0, 0, 0, 0, 8]


def test_money_of_two_currencies_is_never_added_up(cast: Cast) -> None:
    sell(cast.north, cast, 1, YESTERDAY)
    sell(cast.south, cast, 2, YESTERDAY)
    board = shown()
    assert board.totals.revenue == {"GBP": Decimal("5.0000"), "EUR": Decimal("10.0000")}
    assert board.currencies == ["EUR", "GBP"]


def test_the_scope_cuts_every_number(cast: Cast) -> None:
    for store in (cast.north, cast.south):
        record(movement(store, cast.steady, "count", 30, day=TODAY - timedelta(days=20)))
        sell(store, cast, 3, YESTERDAY)
        recommend(store, cast.steady, cast.supplier)
    board = shown(StoreScope(store_ids=frozenset({cast.north.pk})))
    assert (board.totals.units, board.stock.levels, {urgency: one.count for urgency, one in board.pending.items()}) == (
        3,
        1,
        {"high": 1},
    )
    nothing = shown(NO_STORE)
    assert (nothing.totals.units, nothing.stock.levels, nothing.pending, nothing.top_products) == (0, 0, {}, [])


def test_one_store_can_be_chosen(cast: Cast) -> None:
    sell(cast.north, cast, 3, YESTERDAY)
    sell(cast.south, cast, 5, YESTERDAY)
    board = shown(store=cast.south)
    assert board.totals.units == 5


def test_stock_is_counted_by_its_state_and_valued_at_cost(cast: Cast) -> None:
    record(movement(cast.north, cast.steady, "count", 10), movement(cast.north, cast.seasonal, "count", 2))
    record(movement(cast.north, cast.new, "count", 1), movement(cast.north, cast.new, "sale", 3))
    set_bounds(cast.north, cast.seasonal, minimum=5, maximum=50)
    stock = shown().stock
    assert (stock.levels, stock.out_of_stock, stock.low, stock.overstocked) == (3, 1, 1, 0)
    assert stock.value == {"GBP": Decimal("36.0000")}  # 12 units at 3.00; what is missing has no value


def test_top_products_and_categories_come_by_units(cast: Cast) -> None:
    sell(cast.north, cast, 3, YESTERDAY)
    record(movement(cast.north, cast.new, "sale", 7, day=YESTERDAY, unit_price=Decimal("1.00")))
    board = shown()
    assert [(board.products[row.product_id].sku, row.units) for row in board.top_products] == [
        ("SKU-NEW", 7),
        ("SKU-STEADY", 3),
    ]
    assert [(group.key, group.units) for group in board.categories] == [("Tools", 7), ("Coffee", 3)]


def total(level: str, store: Store | None, mean: list[float], **changes: Any) -> None:
    DemandForecastTotal.objects.create(
        level=level,
        key=str(store.pk) if store else "",
        store=store,
        forecast_date=TODAY,
        forecast_period=len(mean),
        series=2,
        expected_units=sum(mean),
        daily={"mean": mean, "intervals": {"0.95": [[m - 1 for m in mean], [m + 1 for m in mean]]}},
        horizon={"mean": sum(mean), "intervals": {"0.95": [5.0, 50.0]}},
        created_at=changes.pop("created_at", NOW),
        **changes,
    )


def test_the_forecast_ahead_adds_up_stores_and_counts_each_once(cast: Cast) -> None:
    total("store", cast.north, [1.0, 2.0, 3.0])
    total("store", cast.north, [1.0, 2.0])  # the same store over a shorter horizon
    total("store", cast.south, [10.0, 20.0])
    ahead = shown().forecast
    assert ahead is not None
    assert (ahead.first, list(ahead.units_per_day), ahead.series) == (TODAY, [11.0, 22.0, 3.0], 4)
    assert ahead.interval is None  # the company's total, which would have it, was not made


def test_an_interval_is_the_one_of_what_is_shown_and_is_never_added_up(cast: Cast) -> None:
    west = Store.objects.create(code="W1", name="West", currency="GBP")
    for store in (cast.north, cast.south, west):
        total("store", store, [4.0, 4.0])
    total("company", None, [12.0, 12.0])

    def interval(scope: StoreScope = EVERY_STORE, store: Store | None = None) -> Any:
        ahead = shown(scope, store=store).forecast
        assert ahead is not None
        return ahead.interval

    assert interval() == ([11.0, 11.0], [13.0, 13.0])
    assert interval(store=cast.north) == ([3.0, 3.0], [5.0, 5.0])
    assert interval(StoreScope(store_ids=frozenset({cast.north.pk, west.pk}))) is None


def test_a_rerun_of_the_night_is_shown_at_once(cast: Cast) -> None:
    total("store", cast.north, [1.0])
    assert shown().forecast is not None
    DemandForecastTotal.objects.update(daily={"mean": [9.0]}, created_at=NOW + timedelta(minutes=1))
    ahead = shown().forecast
    assert ahead is not None
    assert list(ahead.units_per_day) == [9.0]


def run_of(day: date, status: str) -> AnalysisRun:
    return AnalysisRun.objects.create(kind="nightly", business_date=day, status=status, created_at=NOW)


@pytest.mark.parametrize(("days_ago", "is_late"), [(1, False), (2, False), (3, True)])
def test_figures_are_late_when_a_night_was_missed(days_ago: int, is_late: bool, cast: Cast) -> None:
    run_of(TODAY - timedelta(days=days_ago), "done")
    assert shown().nightly.is_late is is_late


def test_a_failed_run_makes_nothing_newer(cast: Cast) -> None:
    old = run_of(TODAY - timedelta(days=9), "done")
    failed = run_of(YESTERDAY, "failed")
    state = shown().nightly
    assert (state.completed, state.latest, state.is_late) == (old, failed, True)


def test_the_newest_sales_day_is_that_of_the_scope(cast: Cast) -> None:
    sell(cast.south, cast, 1, YESTERDAY)
    sell(cast.north, cast, 1, YESTERDAY - timedelta(days=5))
    assert newest_sales_day(scope=EVERY_STORE, store=None) == YESTERDAY
    assert newest_sales_day(scope=StoreScope(store_ids=frozenset({cast.north.pk})), store=None) == date(2026, 3, 10)
    assert newest_sales_day(scope=NO_STORE, store=None) is None


def test_a_day_that_only_tells_of_missing_stock_is_no_sales_day(cast: Cast) -> None:
    sell(cast.north, cast, 1, YESTERDAY)
    DailySales.objects.create(store=cast.north, product=cast.new, business_date=TODAY, out_of_stock_seconds=86_400)
    assert newest_sales_day(scope=EVERY_STORE, store=None) == YESTERDAY


@pytest.mark.parametrize("days", [1, 20])
def test_the_dashboard_asks_a_fixed_number_of_queries(days: int, cast: Cast) -> None:
    for i in range(days):
        for store in (cast.north, cast.south):
            for product in cast.products:
                record(movement(store, product, "sale", i + 1, day=YESTERDAY - timedelta(days=i)))
    make_person("somebody", "Viewer")
    refresh_metrics(now=NOW)
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            build_dashboard(scope=EVERY_STORE, store=None, period=WEEK, now=NOW)
        counts.append(len(queries))
    assert counts == [21, 11]  # anew, and with its heavy parts kept


def test_sales_are_shown_up_to_the_last_refresh(cast: Cast) -> None:
    def now_shown() -> tuple[int, datetime | None]:
        board = build_dashboard(scope=EVERY_STORE, store=None, period=WEEK, now=NOW)
        return board.totals.units, board.sales_as_of

    sell(cast.north, cast, 3, YESTERDAY)
    assert now_shown() == (0, None)
    refresh_metrics(now=NOW)
    sell(cast.north, cast, 4, YESTERDAY)
    assert now_shown() == (3, NOW)
    later = NOW + timedelta(minutes=1)
    refresh_metrics(now=later)
    assert now_shown() == (7, later)


def test_sums_are_those_of_the_scope_the_store_and_the_period(cast: Cast) -> None:
    sell(cast.north, cast, 3, YESTERDAY)
    sell(cast.south, cast, 5, YESTERDAY - timedelta(days=10))
    north = StoreScope(store_ids=frozenset({cast.north.pk}))
    longer = Period.ending(WEEK.last, days=28)
    units = [
        shown(scope, store=store, period=period).totals.units
        for scope, store, period in [
            (EVERY_STORE, None, WEEK),
            (EVERY_STORE, None, longer),
            (north, None, longer),
            (EVERY_STORE, cast.south, longer),
            (NO_STORE, None, longer),
        ]
    ]
    assert units == [3, 8, 3, 5, 0]
