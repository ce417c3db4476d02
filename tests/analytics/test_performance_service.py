from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from analytics.models import ProductClass, ProductPerformance
from analytics.services.performance import analyse_performance
from invencare.lib import clock
from inventory.models import Product
from inventory.services.stockouts import close_days
from tests.cast import NOW, TODAY, Cast, movement, record, sell_daily, set_bounds

YESTERDAY = TODAY - timedelta(days=1)


def analyse(cast: Cast, *products: Product, days: int = 30) -> list[ProductPerformance]:
    ids = [product.pk for product in products or cast.products]
    return analyse_performance(store=cast.north, product_ids=ids, analysis_date=YESTERDAY, period_days=days, now=NOW)


def figures(product: Product) -> ProductPerformance:
    return ProductPerformance.objects.get(product=product)


def test_a_month_by_hand(cast: Cast) -> None:
    # 100 counted before the period, 2 a day for 30 days: 98, 96, … 40 at the ends of the days, 69 on average.
    sell_daily(cast.north, cast.steady, [2] * 30, last_day=YESTERDAY, opening=100)
    set_bounds(cast.north, cast.steady, minimum=40, maximum=120)

    analyse(cast, cast.steady)

    row = figures(cast.steady)
    assert (row.total_sales_volume, row.total_sales_revenue, row.average_sale_price) == (60, 300, 5)
    assert (row.sales_velocity, row.average_stock_units) == (2, 69)
    assert row.inventory_turnover == pytest.approx(2 * 365 / 69)
    assert row.days_inventory_outstanding == pytest.approx(34.5)
    assert (row.current_stock, row.stock_status, row.stock_risk) == (40, "Low Stock", "High")
    assert (row.abc_class, row.revenue_share, row.transaction_count) == ("A", 1, 30)
    assert (row.period_type, row.period_days, row.analysis_date) == ("monthly", 30, YESTERDAY)
    assert (row.gross_margin, row.margin_class, row.stock_value) == (120, "A", 120)  # a unit costs 3
    assert row.gross_margin_return == pytest.approx(120 / 30 * 365 / (69 * 3))
    assert (row.sell_through, row.lost_units, row.lost_revenue) == (0.6, 0, 0)
    assert (row.movement, row.last_sale_on) == ("moving", YESTERDAY)


def test_the_class_looks_at_the_whole_store_and_at_no_other(cast: Cast) -> None:
    for product, units in [(cast.steady, 50), (cast.seasonal, 30), (cast.intermittent, 15), (cast.new, 5)]:
        record(movement(cast.north, product, "sale", units, day=YESTERDAY, unit_price=Decimal(1)))
    record(movement(cast.south, cast.new, "sale", 10_000, day=YESTERDAY, unit_price=Decimal(1)))

    analyse(cast, cast.intermittent, cast.new, cast.dead)

    assert [figures(product).abc_class for product in (cast.intermittent, cast.new, cast.dead)] == ["B", "C", ""]
    assert figures(cast.new).revenue_share == pytest.approx(0.05)
    assert figures(cast.dead).revenue_share is None


def test_movements_after_the_period_do_not_change_its_average_stock(cast: Cast) -> None:
    sell_daily(cast.north, cast.steady, [2] * 30, last_day=YESTERDAY, opening=100)
    record(movement(cast.north, cast.steady, "receipt", 500, day=TODAY))
    analyse(cast, cast.steady)
    row = figures(cast.steady)
    assert (row.average_stock_units, row.current_stock) == (69, 540)


def test_a_second_run_of_the_day_updates_the_row(cast: Cast) -> None:
    sell_daily(cast.north, cast.steady, [2] * 30, last_day=YESTERDAY)
    analyse(cast, cast.steady)
    first = figures(cast.steady)
    record(movement(cast.north, cast.steady, "sale", 40, day=YESTERDAY))
    analyse(cast, cast.steady)
    second = figures(cast.steady)
    assert (second.pk, first.total_sales_volume, second.total_sales_volume) == (first.pk, 60, 100)


def test_each_period_type_has_its_own_row(cast: Cast) -> None:
    sell_daily(cast.north, cast.steady, [2] * 30, last_day=YESTERDAY)
    for days in (1, 6, 7, 30):
        analyse(cast, cast.steady, days=days)
    rows = ProductPerformance.objects.order_by("period_days").values_list(
        "period_type", "period_days", "total_sales_volume"
    )
    assert list(rows) == [("daily", 6, 12), ("weekly", 7, 14), ("monthly", 30, 60)]


def test_empty_and_all_return_histories_are_answered(cast: Cast) -> None:
    record(movement(cast.north, cast.steady, "return", 3, day=YESTERDAY, unit_price=Decimal(5)))
    rows = {row.product_id: row for row in analyse(cast)}
    returned, dead = rows[cast.steady.pk], rows[cast.dead.pk]
    assert (returned.total_sales_volume, returned.total_sales_revenue) == (-3, -15)
    assert (returned.sales_velocity, returned.abc_class) == (0, "")
    assert (dead.total_sales_volume, dead.sales_velocity, dead.current_stock, dead.performance_score) == (0, None, 0, 0)
    assert all(json.dumps(row.score_parts, allow_nan=False) for row in rows.values())


def test_velocity_counts_the_days_in_stock(cast: Cast) -> None:
    # Sold out at noon of the last of 10 days: 9.5 days in stock.
    sell_daily(cast.north, cast.steady, [4] * 10, last_day=YESTERDAY - timedelta(days=20), opening=40)
    close_days(through=YESTERDAY, now=NOW)
    analyse(cast, cast.steady)
    row = figures(cast.steady)
    assert row.stock_out_days == pytest.approx(20.5)
    assert row.sales_velocity == pytest.approx(40 / 9.5)


@pytest.mark.parametrize("days", [0, 732])
def test_a_period_out_of_bounds_is_refused(cast: Cast, days: int) -> None:
    with pytest.raises(ValidationError) as refused:
        analyse(cast, days=days)
    assert refused.value.message_dict == {"period_days": ["The period is 1 to 731 days."]}
    assert not ProductPerformance.objects.exists()


@pytest.mark.parametrize("count", [1, 5])
def test_the_number_of_queries_does_not_grow(cast: Cast, count: int, django_assert_num_queries: Any) -> None:
    for product in cast.products:
        sell_daily(cast.north, product, [2] * 40, last_day=YESTERDAY, opening=100)
    with django_assert_num_queries(8):  # five to read, one to write, two of the transaction
        analyse(cast, *cast.products[:count])


def test_margin_classes_differ_from_revenue_classes_and_need_a_unit_cost(cast: Cast) -> None:
    for product, units, cost in [(cast.steady, 80, "0.97"), (cast.seasonal, 15, "0.10"), (cast.new, 5, "0")]:
        record(movement(cast.north, product, "sale", units, day=YESTERDAY, unit_price=Decimal(1)))
        Product.objects.filter(pk=product.pk).update(unit_cost=Decimal(cost))
    analyse(cast, cast.steady, cast.seasonal, cast.new)
    assert [figures(product).abc_class for product in (cast.steady, cast.seasonal, cast.new)] == ["A", "B", "C"]
    assert [figures(product).margin_class for product in (cast.steady, cast.seasonal, cast.new)] == ["B", "A", ""]


def test_a_period_that_somebody_asks_about_changes_no_classes(cast: Cast) -> None:
    sell_daily(cast.north, cast.steady, [2] * 30, last_day=YESTERDAY)
    analyse(cast, cast.steady)
    assert not ProductClass.objects.exists()
    analyse_performance(
        store=cast.north, product_ids=[cast.steady.pk], analysis_date=YESTERDAY, now=NOW, keeps_classes=True
    )
    assert ProductClass.objects.get().abc_class == "A"


def test_stock_that_sold_long_ago_is_dead_and_the_period_does_not_see_later_sales(cast: Cast) -> None:
    sell_daily(cast.north, cast.steady, [2], last_day=YESTERDAY - timedelta(days=90), opening=9)
    record(movement(cast.north, cast.steady, "sale", 1, day=TODAY))
    analyse(cast, cast.steady)
    row = figures(cast.steady)
    assert (row.movement, row.last_sale_on) == ("dead", YESTERDAY - timedelta(days=90))
    assert row.stock_value == 18


def test_every_door_gives_the_same_answer(cast: Cast) -> None:
    from analytics.tasks import analyse_performance as task
    from invencare.entrypoints.frame import camel
    from invencare.entrypoints.functions import product_performance_analyzer
    from tests.api.conftest import person

    sell_daily(cast.north, cast.steady, [2] * 30, last_day=clock.now().date(), opening=100)
    query = {"product_id": "SKU-STEADY", "store_id": "N1", "analysis_period": 14}
    by_task = task(**query)
    by_api = person(cast.viewer).post("/api/v1/performance", query, format="json").json()
    by_lambda = json.loads(product_performance_analyzer(camel(query), None)["body"])
    assert set(by_lambda) == {"success", "timestamp", *camel(by_api)}
    assert {name: by_lambda[name] for name in camel(by_task)} == camel(by_task)
    assert set(by_task) == set(by_api)
    money = {name for name in by_api if by_api[name] != by_task[name]}
    assert {name: float(by_api[name]) for name in money} == {name: by_task[name] for name in money}
    contract = (
        "productName category storeName totalSalesVolume totalSalesRevenue averageSalePrice salesVelocity "
        "inventoryTurnover daysInventoryOutstanding currentStock minimumStock maximumStock stockStatus stockRisk "
        "abcClassification performanceScore transactionCount analysisDate productId storeId analysisPeriod"
    )
    assert set(contract.split()) <= set(by_lambda)
    assert ProductPerformance.objects.count() == 1
