"""The projected stock: sums that can be checked by hand."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from forecasting.models import ProductDemandForecast
from insights.services.stock_outlook import closing_stock, stock_outlook
from inventory.models import PurchaseOrder
from inventory.services.purchasing import OrderItem, add_to_draft_order
from tests.cast import NOW, TODAY, Cast, sell_daily
from tests.insights.proposals import recommend

UNITS = st.floats(0, 1_000)


def forecast(cast: Cast, mean: list[float], *, first_day: date = TODAY) -> None:
    ProductDemandForecast.objects.create(
        store=cast.north,
        product=cast.steady,
        forecast_date=first_day,
        forecast_period=len(mean),
        model="seasonal_naive",
        forecast_accuracy_score=80.0,
        daily={"mean": mean, "quantiles": {}},
        created_at=NOW,
    )


def test_the_worked_example() -> None:
    assert closing_stock(5, demand=[3, 3, 3], arrivals={2: 10}) == [2, 0, 7]


def test_stock_that_is_owed_begins_at_nothing() -> None:
    assert closing_stock(-4, demand=[1, 1], arrivals={1: 3}) == [0, 2]


@given(UNITS, st.lists(UNITS, max_size=30), UNITS)
def test_more_to_begin_with_never_ends_with_less(opening: float, demand: list[float], more: float) -> None:
    low, high = (closing_stock(units, demand=demand, arrivals={}) for units in (opening, opening + more))
    assert all(a <= b for a, b in zip(low, high, strict=True))
    assert all(units >= 0 for units in low)


def test_days_without_sales_are_zeros_and_returns_are_taken_off(cast: Cast) -> None:
    sell_daily(cast.north, cast.steady, [2, 0, 4], last_day=TODAY - timedelta(days=1))
    outlook = stock_outlook(recommend(cast.north, cast.steady, cast.supplier), history_days=4)
    assert [(day.day.isoformat(), day.sold_units) for day in outlook.days] == [
        ("2026-03-12", 0),
        ("2026-03-13", 2),
        ("2026-03-14", 0),
        ("2026-03-15", 4),
    ]
    assert (outlook.model, outlook.accuracy_score) == ("", None)


def test_the_order_comes_after_the_lead_time_and_other_orders_on_their_day(cast: Cast) -> None:
    forecast(cast, [1.0] * 5)
    other = add_to_draft_order(
        store=cast.north,
        supplier=cast.supplier,
        items=[OrderItem(cast.steady.pk, 6, Decimal(3))],
        actor=cast.buyer,
        now=NOW,
    )
    PurchaseOrder.objects.filter(pk=other.pk).update(status="sent", expected_date=TODAY + timedelta(days=1))
    row = recommend(cast.north, cast.steady, cast.supplier, dossier={"inputs": {"lead_days": 3}})
    future = stock_outlook(row).days[-5:]
    assert [day.stock_units for day in future] == [3, 8, 7, 6, 5]
    assert [day.stock_with_order_units for day in future] == [3, 8, 7, 18, 17]


def test_a_forecast_of_an_earlier_day_is_read_from_the_day_of_the_recommendation(cast: Cast) -> None:
    forecast(cast, [9.0, 1.0, 2.0], first_day=TODAY - timedelta(days=1))
    future = stock_outlook(recommend(cast.north, cast.steady, cast.supplier)).days[-2:]
    assert [(day.day, day.expected_units) for day in future] == [(TODAY, 1.0), (TODAY + timedelta(days=1), 2.0)]


def test_a_later_forecast_is_not_what_the_recommendation_knew(cast: Cast) -> None:
    forecast(cast, [9.0], first_day=TODAY + timedelta(days=1))
    assert stock_outlook(recommend(cast.north, cast.steady, cast.supplier)).model == ""
