"""Trends of sales: over one week and four, whose they are, and who may see them."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analytics.calc.sales_trend import HISTORY_DAYS, daily_trend
from analytics.models import SalesTrend
from analytics.services.metrics import refresh_metrics
from analytics.services.trends import refresh_trends
from inventory.models import Store
from inventory.querysets.scope import EVERY_STORE, NO_STORE, StoreScope
from tests.api.conftest import person
from tests.cast import NOW, TODAY, Cast, sell_daily

YESTERDAY = TODAY - timedelta(days=1)
WEEK = np.array([10.0, 12, 11, 13, 18, 30, 22])


def test_a_strong_week_alone_is_no_trend() -> None:
    days = np.tile(WEEK, 9)
    assert {daily_trend(days, window=window).verdict() for window in (7, 28)} == {"no clear trend"}  # type: ignore[union-attr]


@pytest.mark.parametrize(("window", "per_day"), [(7, 2.0), (28, 2.0)])
def test_a_rise_on_top_of_the_week_is_found_with_its_size_per_day(window: int, per_day: float) -> None:
    days = np.tile(WEEK, 9)
    days[-window:] += per_day * np.arange(window)
    trend = daily_trend(days, window=window)
    assert trend is not None
    assert (trend.verdict(), trend.slope) == ("rising", pytest.approx(per_day))


@pytest.mark.parametrize("window", [7, 28])
def test_too_few_known_days_have_no_trend(window: int) -> None:
    days = np.full(HISTORY_DAYS, np.nan)
    days[-3:] = 5
    assert daily_trend(days, window=window) is None


def test_a_first_week_has_no_week_to_compare_with() -> None:
    days = np.full(HISTORY_DAYS, np.nan)
    days[-7:] = np.arange(7)
    assert daily_trend(days, window=7) is None


def rising(store: Store, cast: Cast) -> None:
    sell_daily(store, cast.steady, [10 + day for day in range(HISTORY_DAYS)], last_day=YESTERDAY)


def test_company_categories_and_stores_have_their_trends(cast: Cast) -> None:
    rising(cast.north, cast)
    refresh_metrics(now=NOW)
    assert refresh_trends(business_date=YESTERDAY, now=NOW) == 3 * 2 * 2
    store = SalesTrend.objects.get(level="store", metric="units", window_days=28)
    assert (store.store, store.verdict, store.slope_per_day) == (cast.north, "rising", 1.0)
    assert store.mean_per_day == pytest.approx(10 + HISTORY_DAYS - 1 - 13.5)
    money = SalesTrend.objects.get(level="company", metric="revenue", window_days=28)
    assert (money.currency, money.slope_per_day) == ("GBP", pytest.approx(5.0))
    assert SalesTrend.objects.get(level="category", metric="units", window_days=7).category == cast.steady.category


def test_a_second_run_of_a_day_replaces_its_rows_and_old_ones_go(cast: Cast) -> None:
    rising(cast.north, cast)
    refresh_metrics(now=NOW)
    for _ in range(2):
        refresh_trends(business_date=YESTERDAY, now=NOW)
    assert SalesTrend.objects.count() == 12
    refresh_trends(business_date=YESTERDAY + timedelta(days=401), now=NOW)
    assert not SalesTrend.objects.exists()


def test_without_sales_there_is_no_trend(cast: Cast) -> None:
    assert refresh_trends(business_date=YESTERDAY, now=NOW) == 0


def test_who_may_not_see_every_store_sees_neither_company_nor_category(cast: Cast) -> None:
    for store in (cast.north, cast.south):
        rising(store, cast)
    refresh_metrics(now=NOW)
    refresh_trends(business_date=YESTERDAY, now=NOW)
    north = SalesTrend.objects.visible_to(StoreScope(store_ids=frozenset({cast.north.pk})))
    assert set(north.values_list("level", "store__code")) == {("store", cast.north.code)}
    assert not SalesTrend.objects.visible_to(NO_STORE).exists()
    assert SalesTrend.objects.visible_to(EVERY_STORE).count() == SalesTrend.objects.count() == 24


@pytest.mark.parametrize("stores", [1, 12])
def test_the_queries_do_not_grow_with_the_stores(stores: int, cast: Cast) -> None:
    for n in range(stores):
        rising(Store.objects.create(code=f"T{n}", name=f"T{n}", currency="GBP"), cast)
    refresh_metrics(now=NOW)
    with CaptureQueriesContext(connection) as queries:
        refresh_trends(business_date=YESTERDAY, now=NOW)
    assert len(queries) == 8


@pytest.mark.parametrize(("path", "rows"), [("trends", 24), ("metrics", 2 * HISTORY_DAYS)])
def test_the_api_lists_what_the_reader_may_see(path: str, rows: int, cast: Cast) -> None:
    for store in (cast.north, cast.south):
        rising(store, cast)
    refresh_metrics(now=NOW)
    refresh_trends(business_date=YESTERDAY, now=NOW)
    assert person(cast.viewer).get(f"/api/v1/{path}").json()["count"] == rows
    own = person(cast.store_manager).get(f"/api/v1/{path}?page_size=500").json()["results"]
    assert {row["store_id"] for row in own} == {cast.north.code}
    assert person(cast.outsider).get(f"/api/v1/{path}").status_code == 403
    wrong = person(cast.viewer).get(f"/api/v1/{path}?date_from=tomorrow")
    assert (wrong.status_code, "date_from" in wrong.json()["error"]["fields"]) == (400, True)
