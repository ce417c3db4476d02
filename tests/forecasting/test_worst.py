from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from forecasting.services.calendar import create_event
from forecasting.services.leaderboard import Selection
from forecasting.services.worst import worst_series
from inventory.models import DailySales, Product, Store
from inventory.querysets.scope import EVERY_STORE, NO_STORE
from inventory.services.access import scope_of_user
from tests.cast import NOW, TODAY, Cast
from tests.forecasting.test_leaderboard import WEEK, backtest, live
from tests.insights.proposals import make_products

EVERYTHING = Selection(EVERY_STORE)


def sell(store: Store, product: Product, units: int, *, days: int = 200) -> None:
    DailySales.objects.bulk_create(
        DailySales(
            store=store, product=product, business_date=WEEK + timedelta(days=6 - ago), units=units, revenue=units * 5
        )
        for ago in range(days)
    )


def test_series_come_with_most_money_first_and_with_their_numbers(cast: Cast) -> None:
    Product.objects.filter(pk=cast.seasonal.pk).update(price=50)
    Product.objects.filter(pk=cast.dead.pk).update(price=0, unit_cost=2)
    for product, error in [(cast.steady, 40), (cast.seasonal, 10), (cast.dead, 30)]:
        sell(cast.north, product, 14)
        live(cast.north, product, error)
        live(cast.north, product, 1000, weeks_ahead=2)
    worst = worst_series(EVERYTHING)
    assert [(row.product, row.error_units, row.error_money) for row in worst.rows] == [
        (cast.seasonal, 10, 500),
        (cast.steady, 40, 200),
        (cast.dead, 30, 60),
    ]
    assert [row.product for row in worst_series(EVERYTHING, order="units").rows] == [
        cast.steady, cast.dead, cast.seasonal,
    ]  # fmt: skip
    first = worst.rows[0]
    assert (first.store, first.measures.wape, first.measures.value_added) == (cast.north, 0.1, 0.8)
    assert [row.product for row in worst_series(EVERYTHING, limit=1).rows] == [cast.seasonal]


def test_causes_speak_of_the_measured_days(cast: Cast) -> None:
    sell(cast.north, cast.steady, 14, days=20)
    live(cast.north, cast.steady, 90, signed_error=90.0, naive_absolute_error=45.0)
    [row] = worst_series(EVERYTHING).rows
    assert [cause.code for cause in row.causes] == ["short_history", "biased_low", "worse_than_naive"]
    assert row.causes[0].numbers == {"history_days": 14}  # sold from 20 days before the week's end: 14 up to the Monday
    assert (row.first, row.last) == (WEEK, WEEK)


def test_a_day_without_stock_is_no_day_without_demand(cast: Cast) -> None:
    sell(cast.north, cast.steady, 14)
    DailySales.objects.filter(business_date__gt=WEEK - timedelta(days=30), business_date__lt=WEEK).update(
        units=0, out_of_stock_seconds=86_400
    )
    live(cast.north, cast.steady, 60)
    [row] = worst_series(EVERYTHING).rows
    [cause] = [cause for cause in row.causes if cause.code == "out_of_stock"]
    assert (cause.numbers["days"], cause.numbers["unknown_days"]) == (57, 29)


@pytest.mark.parametrize(
    ("made", "changes", "planned"),
    [
        (WEEK - timedelta(days=3), {}, 4),
        (WEEK + timedelta(days=1), {}, 2),  # known from the next day on
        (WEEK + timedelta(days=9), {}, 0),
        (WEEK - timedelta(days=3), {"categories": ["Tools"]}, 0),
        (WEEK - timedelta(days=3), {"country": "GR"}, 0),
        (WEEK - timedelta(days=3), {"kind": "other"}, 0),
    ],
)
def test_a_promotion_is_held_against_the_calendar_as_it_was(
    cast: Cast, made: date, changes: dict[str, Any], planned: int
) -> None:
    sell(cast.north, cast.steady, 10)
    promoted = DailySales.objects.filter(business_date__range=(WEEK, WEEK + timedelta(days=3)))
    promoted.update(units=40, revenue=200, promotion_lines=5)
    live(cast.north, cast.steady, 120, measured_through=WEEK + timedelta(days=6))
    Store.objects.filter(pk=cast.south.pk).update(country="GR")
    values = {"name": "Offers", "kind": "promotion", "first_day": WEEK, "last_day": WEEK + timedelta(days=3)}
    create_event(values=values | changes, actor=cast.analyst, now=datetime.combine(made, time(12), UTC))
    [row] = worst_series(EVERYTHING).rows
    [cause] = [cause for cause in row.causes if cause.code == "promotion"]
    assert (cause.numbers["promoted_days"], cause.numbers["planned_days"]) == (4, planned)


def test_money_of_different_currencies_is_not_compared(cast: Cast) -> None:
    for store in (cast.north, cast.south):
        sell(store, cast.steady, 14)
        live(store, cast.steady, 40)
    worst = worst_series(EVERYTHING)
    assert (worst.currency, worst.other_currencies) == ("GBP", ["EUR"])
    assert [row.store for row in worst.rows] == [cast.north]
    assert [row.store for row in worst_series(EVERYTHING, currency="EUR").rows] == [cast.south]
    assert {row.store for row in worst_series(EVERYTHING, order="units").rows} == {cast.north, cast.south}


def test_a_backtest_is_told_for_four_weeks(cast: Cast) -> None:
    sell(cast.north, cast.steady, 14)
    backtest(cast.north, cast.steady, "ensemble", 0.5, points=56)
    backtest(cast.north, cast.steady, "naive", 0.9)
    [row] = worst_series(EVERYTHING, kind="backtest").rows
    assert (row.error_units, row.error_money) == (25, 125)
    assert (row.first, row.last) == (TODAY - timedelta(days=28), TODAY - timedelta(days=1))


@pytest.mark.parametrize("kind", ["backtest", "live"])
def test_a_store_manager_sees_the_own_store_alone(cast: Cast, kind: Any) -> None:
    for store in (cast.north, cast.south):
        backtest(store, cast.steady, "ensemble", 0.5)
        live(store, cast.steady, 40)
    own = scope_of_user(cast.store_manager)
    found = worst_series(Selection(own), kind=kind, order="units")
    assert [row.store for row in found.rows] == [cast.north]
    assert (found.currency, found.other_currencies) == ("GBP", [])
    assert worst_series(Selection(own, store=cast.south), kind=kind, order="units").rows == []
    assert worst_series(Selection(NO_STORE), kind=kind).rows == []


@pytest.mark.parametrize("count", [3, 30])
def test_the_list_takes_the_same_queries_for_3_and_for_30_series(
    cast: Cast, count: int, django_assert_num_queries: Any
) -> None:
    for product in make_products(count):
        sell(cast.north, product, 14, days=30)
        live(cast.north, product, 50)
    values = {"name": "Offers", "kind": "promotion", "first_day": WEEK, "last_day": WEEK}
    create_event(values=values, actor=cast.analyst, now=NOW)
    with django_assert_num_queries(13):
        assert len(worst_series(EVERYTHING, limit=50).rows) == count
