"""Sums over days: right at every level, kept up by notes, and never missing what commits late."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from threading import Barrier, Thread
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from analytics.models import (
    CategoryDailyMetrics,
    CompanyDailyMetrics,
    MetricsState,
    ProductDailyMetrics,
    StoreDailyMetrics,
)
from analytics.services.metrics import note_all_days, refresh_metrics
from analytics.services.metrics_state import metrics_state
from inventory.models import DailySales, Product, SalesDayChange, Store
from inventory.services.rebuild import rebuild
from tests.cast import NOW, TODAY, Cast, movement, record

YESTERDAY = TODAY - timedelta(days=1)


def sell(store: Store, product: Product, units: int, *, day: Any = YESTERDAY, price: str = "2.00") -> None:
    record(movement(store, product, "sale", units, day=day, unit_price=Decimal(price)))


def test_every_level_is_the_sum_of_the_daily_sales(cast: Cast) -> None:
    sell(cast.north, cast.steady, 3)
    sell(cast.north, cast.seasonal, 4)
    record(movement(cast.north, cast.steady, "return", 1, day=YESTERDAY, unit_price=Decimal("2.00")))
    sell(cast.south, cast.steady, 5, price="1.00")
    assert refresh_metrics(now=NOW) == 1

    store = StoreDailyMetrics.objects.get(store=cast.north)
    assert (store.units, store.returned_units, store.revenue, store.transactions) == (7, 1, Decimal(12), 2)
    assert (store.products_sold, store.promotion_lines) == (2, 0)
    product = ProductDailyMetrics.objects.filter(product=cast.steady).order_by("currency")
    assert [(row.currency, row.units, row.revenue) for row in product] == [
        ("EUR", 5, Decimal(5)),
        ("GBP", 3, Decimal(4)),
    ]
    company = CompanyDailyMetrics.objects.order_by("currency")
    assert [(row.currency, row.units, row.revenue, row.stores) for row in company] == [
        ("EUR", 5, Decimal(5), 1),
        ("GBP", 7, Decimal(12), 1),
    ]
    category = CategoryDailyMetrics.objects.get(category=cast.steady.category, currency="GBP")
    same = Product.objects.filter(category=cast.steady.category, pk__in=[cast.steady.pk, cast.seasonal.pk]).count()
    assert (category.units, category.products_sold) == (7 if same == 2 else 3, same)


def test_only_days_that_were_noted_are_made_again(cast: Cast) -> None:
    sell(cast.north, cast.steady, 3, day=YESTERDAY - timedelta(days=1))
    sell(cast.north, cast.steady, 4)
    refresh_metrics(now=NOW)
    StoreDailyMetrics.objects.update(units=99)
    sell(cast.north, cast.steady, 1)
    assert refresh_metrics(now=NOW) == 1
    assert list(StoreDailyMetrics.objects.order_by("business_date").values_list("units", flat=True)) == [99, 5]
    assert not SalesDayChange.objects.exists()


def test_what_is_noted_during_a_refresh_is_left_to_the_next(cast: Cast) -> None:
    sell(cast.north, cast.steady, 3)
    refresh_metrics(now=NOW, after_days=lambda done, total: sell(cast.north, cast.steady, 4))
    assert StoreDailyMetrics.objects.get().units == 3
    assert SalesDayChange.objects.count() == 1
    refresh_metrics(now=NOW)
    assert StoreDailyMetrics.objects.get().units == 7


def test_a_change_that_is_rolled_back_leaves_no_note(cast: Cast) -> None:
    with transaction.atomic():
        sell(cast.north, cast.steady, 3)
        transaction.set_rollback(True)
    assert refresh_metrics(now=NOW) == 0


def test_the_age_is_that_of_the_last_refresh(cast: Cast) -> None:
    assert metrics_state().refreshed_at is None
    refresh_metrics(now=NOW)
    assert metrics_state().refreshed_at == NOW
    assert MetricsState.objects.count() == 1


def test_progress_is_told_by_days(cast: Cast) -> None:
    for back in range(25):
        sell(cast.north, cast.steady, 1, day=YESTERDAY - timedelta(days=back))
    told: list[tuple[int, int]] = []
    refresh_metrics(now=NOW, after_days=lambda done, total: told.append((done, total)))
    assert told == [(20, 25), (25, 25)]


@pytest.mark.parametrize("products", [3, 30])
def test_the_queries_of_a_day_do_not_grow_with_its_products(products: int, cast: Cast) -> None:
    made = Product.objects.bulk_create(
        Product(sku=f"Q{n}", name=f"Q{n}", category="Q", price=1) for n in range(products)
    )
    record(*(movement(cast.north, product, "sale", 1, day=YESTERDAY) for product in made))
    with CaptureQueriesContext(connection) as queries:
        refresh_metrics(now=NOW)
    assert len(queries) == 38


def test_a_rebuild_follows_a_product_into_another_category_and_drops_days_that_are_gone(cast: Cast) -> None:
    sell(cast.north, cast.steady, 3)
    sell(cast.north, cast.seasonal, 1, day=YESTERDAY - timedelta(days=3))
    refresh_metrics(now=NOW)
    Product.objects.filter(pk=cast.steady.pk).update(category="Elsewhere")
    DailySales.objects.filter(product=cast.seasonal).delete()
    call_command("refresh_metrics", rebuild=True)
    assert list(CategoryDailyMetrics.objects.values_list("category", "units")) == [("Elsewhere", 3)]
    assert list(StoreDailyMetrics.objects.values_list("business_date", "units")) == [(YESTERDAY, 3)]


def test_levels_made_again_from_the_ledger_note_their_days(cast: Cast) -> None:
    sell(cast.north, cast.steady, 3)
    refresh_metrics(now=NOW)
    DailySales.objects.update(units=77)
    rebuild()
    refresh_metrics(now=NOW)
    assert StoreDailyMetrics.objects.get().units == 3


def test_without_sales_there_is_nothing_to_do(cast: Cast) -> None:
    assert (note_all_days(), refresh_metrics(now=NOW)) == (0, 0)


@pytest.mark.mariadb
@pytest.mark.django_db(transaction=True)
def test_two_refreshes_and_two_writers_at_once_end_with_every_sale(cast: Cast) -> None:
    start = Barrier(4)

    def write(store: Store) -> None:
        start.wait()
        for _ in range(30):
            sell(store, cast.steady, 1)
        connection.close()

    def refresh() -> None:
        start.wait()
        for _ in range(15):
            refresh_metrics(now=NOW)
        connection.close()

    threads = [Thread(target=write, args=(store,)) for store in (cast.north, cast.south)]
    threads += [Thread(target=refresh) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    refresh_metrics(now=NOW)
    assert dict(StoreDailyMetrics.objects.values_list("store__code", "units")) == {
        cast.north.code: 30,
        cast.south.code: 30,
    }
    assert sum(CompanyDailyMetrics.objects.values_list("units", flat=True)) == 60
    assert not SalesDayChange.objects.exists()
