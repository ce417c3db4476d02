from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from forecasting.calc.config import MODELS
from forecasting.models import ForecastAccuracy, ForecastRun, ProductDemandForecast
from forecasting.services.generate import ForecastResults, forecast_series
from inventory.models import DailySales, Product, SupplierItem
from tests.cast import NOW, TODAY, Cast, movement, record, sell_daily
from tests.insights.proposals import make_products

YESTERDAY = TODAY - timedelta(days=1)
WEEK = [4, 4, 4, 4, 4, 8, 0]
STATEMENTS_OF_A_CHUNK = 16


def forecast(cast: Cast, *products: Product, **changes: Any) -> ForecastResults:
    arguments: dict[str, Any] = {"store": cast.north, "forecast_date": TODAY, "now": NOW} | changes
    return forecast_series(product_ids=[product.pk for product in products], **arguments)


def strict_json(value: object) -> str:
    return json.dumps(value, allow_nan=False)


def test_a_forecast_is_written_with_its_path_its_quantiles_and_its_sums(cast: Cast) -> None:
    sell_daily(cast.north, cast.steady, WEEK * 20, last_day=YESTERDAY, opening=10_000)
    run = ForecastRun.objects.create(forecast_date=TODAY, horizon_days=28, started_at=NOW)

    forecast(cast, cast.steady, run=run)

    row = ProductDemandForecast.objects.get()
    assert (row.product, row.store, row.forecast_date, row.forecast_period) == (cast.steady, cast.north, TODAY, 28)
    assert row.run == run
    assert row.daily["mean"] == WEEK * 4
    assert list(row.daily["quantiles"]) == ["0.025", "0.1", "0.25", "0.5", "0.75", "0.9", "0.975"]
    assert row.daily["quantiles"]["0.9"] == WEEK * 4
    assert row.daily["intervals"]["0.8"] == [WEEK * 4, WEEK * 4]
    assert (row.daily["reason"], row.daily["rank"]["seasonal_naive"]) == ("A plain model did best.", 1)
    # Acme delivers in 5 days and is ordered from every 7: 12 days, of which 5 of lead time.
    assert (row.protection["days"], row.protection["mean"]) == (12, sum((WEEK * 2)[:12]))
    assert (row.protection["lead_time"]["days"], row.protection["lead_time"]["mean"]) == (5, 20)
    assert row.protection["quantiles"]["0.98"] == sum((WEEK * 2)[:12])
    assert row.protection["basis"] == "backtest errors"
    assert row.ensemble_forecast == 112
    assert row.seasonal_forecast == pytest.approx(112, abs=0.1)
    assert (row.confidence_interval_lower, row.confidence_interval_upper) == (112, 112)
    assert row.forecast_accuracy_score == 100
    assert row.historical_data_points == 140
    assert row.arima_forecast == pytest.approx(112, abs=0.1)
    assert row.lstm_forecast is None


@pytest.mark.parametrize("count", [3, 30])
def test_a_chunk_is_read_and_written_in_the_same_statements_for_3_and_for_30_series(
    cast: Cast, count: int, django_assert_num_queries: Any
) -> None:
    """Sales, products, sources; the calendar and planned prices; overrides; rows, newer backtests, theirs, old ones; a model."""
    products = make_products(count)
    DailySales.objects.bulk_create(
        DailySales(store=cast.north, product=product, business_date=YESTERDAY - timedelta(days=ago), units=2 + ago % 7)
        for product in products
        for ago in range(60)
    )
    with django_assert_num_queries(STATEMENTS_OF_A_CHUNK):
        assert len(forecast(cast, *products).forecasts) == count
    with django_assert_num_queries(STATEMENTS_OF_A_CHUNK):
        forecast(cast, *products)
    assert ProductDemandForecast.objects.count() == count


def test_every_model_is_measured_and_one_is_chosen(cast: Cast) -> None:
    sell_daily(cast.north, cast.steady, WEEK * 20, last_day=YESTERDAY)
    forecast(cast, cast.steady)
    rows = ForecastAccuracy.objects.filter(product=cast.steady, store=cast.north, forecast_date=TODAY)
    assert {row.model for row in rows} == set(MODELS)
    assert [(row.model, row.wape) for row in rows if row.is_chosen] == [("seasonal_naive", 0)]


def test_a_rerun_replaces_the_days_forecast(cast: Cast) -> None:
    sell_daily(cast.north, cast.steady, WEEK * 10, last_day=YESTERDAY)
    forecast(cast, cast.steady)
    first = ProductDemandForecast.objects.get()
    record(movement(cast.north, cast.steady, "sale", 700, day=YESTERDAY))

    forecast(cast, cast.steady)

    second = ProductDemandForecast.objects.get()
    assert second.pk == first.pk
    assert second.ensemble_forecast > first.ensemble_forecast
    assert ForecastAccuracy.objects.count() == len(MODELS)


def test_sales_of_the_forecast_day_itself_are_not_looked_at(cast: Cast) -> None:
    sell_daily(cast.north, cast.steady, WEEK * 10, last_day=YESTERDAY)
    forecast(cast, cast.steady)
    before = ProductDemandForecast.objects.get().daily
    record(movement(cast.north, cast.steady, "sale", 700, day=TODAY))
    forecast(cast, cast.steady)
    assert ProductDemandForecast.objects.get().daily == before


def test_fewer_than_seven_days_of_history_are_named_and_not_forecast(cast: Cast) -> None:
    sell_daily(cast.north, cast.new, [3] * 6, last_day=YESTERDAY)
    results = forecast(cast, cast.new, cast.dead)
    assert results.too_short == {cast.new.pk: 6, cast.dead.pk: 0}
    assert not ProductDemandForecast.objects.exists()
    assert not ForecastAccuracy.objects.exists()


def test_a_product_that_last_sold_before_the_window_is_forecast_zero(cast: Cast) -> None:
    record(movement(cast.north, cast.dead, "sale", 3, day=YESTERDAY - timedelta(days=500)))
    forecast(cast, cast.dead)
    row = ProductDemandForecast.objects.get()
    assert row.daily["mean"] == [0] * 28
    assert row.protection["quantiles"]["0.99"] == 0
    assert row.forecast_accuracy_score is None


def test_days_out_of_stock_are_no_days_without_demand(cast: Cast) -> None:
    sell_daily(cast.north, cast.steady, [6] * 60, last_day=YESTERDAY - timedelta(days=10))
    for day in range(10):
        DailySales.objects.create(
            store=cast.north,
            product=cast.steady,
            business_date=YESTERDAY - timedelta(days=day),
            out_of_stock_seconds=86_400,
        )
    forecast(cast, cast.steady)
    row = ProductDemandForecast.objects.get()
    assert row.daily["mean"] == [6] * 28
    assert row.historical_data_points == 60


def test_only_the_stores_own_sales_count(cast: Cast) -> None:
    sell_daily(cast.north, cast.steady, [6] * 30, last_day=YESTERDAY)
    sell_daily(cast.south, cast.steady, [60] * 30, last_day=YESTERDAY)
    forecast(cast, cast.steady)
    assert ProductDemandForecast.objects.get().daily["mean"] == [6] * 28


def test_a_product_without_a_supplier_is_planned_for_two_weeks(cast: Cast) -> None:
    SupplierItem.objects.all().delete()
    sell_daily(cast.north, cast.steady, [6] * 30, last_day=YESTERDAY)
    forecast(cast, cast.steady)
    protection = ProductDemandForecast.objects.get().protection
    assert (protection["days"], protection["lead_time"]["days"], protection["mean"]) == (14, 7, 84)


def test_nothing_that_json_does_not_know_is_stored(cast: Cast) -> None:
    sell_daily(cast.north, cast.steady, [5, 0, 3] * 30, last_day=YESTERDAY)
    sell_daily(cast.north, cast.new, [2] * 7, last_day=YESTERDAY)
    record(movement(cast.north, cast.dead, "return", 3, day=YESTERDAY - timedelta(days=20)))
    record(movement(cast.north, cast.dead, "sale", 1, day=YESTERDAY - timedelta(days=30)))
    forecast(cast, *cast.products)
    rows = list(ProductDemandForecast.objects.all())
    assert len(rows) == 3
    for row in rows:
        assert strict_json([row.daily, row.protection])


@pytest.mark.parametrize("days", [0, 92])
def test_a_horizon_out_of_bounds_is_refused(cast: Cast, days: int) -> None:
    with pytest.raises(ValidationError) as refused:
        forecast(cast, cast.steady, horizon_days=days)
    assert refused.value.message_dict == {"horizon_days": ["The horizon is 1 to 91 days."]}
