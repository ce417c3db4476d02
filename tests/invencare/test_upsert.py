from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from forecasting.models import ForecastAccuracy, ProductDemandForecast
from invencare.lib.upsert import upsert_values
from tests.cast import NOW, TODAY, Cast

COLUMNS = ("store_id", "product_id", "forecast_date", "forecast_period", "model", "ensemble_forecast", "daily",
           "protection", "historical_data_points", "created_at")  # fmt: skip
KEY = ("product", "store", "forecast_date", "forecast_period")


def write(cast: Cast, *rows: tuple[Any, ...]) -> None:
    own = [
        (cast.north.pk, product.pk, TODAY, 28, model, units, daily, {}, 3, NOW) for product, model, units, daily in rows
    ]
    upsert_values(ProductDemandForecast, COLUMNS, own, key=KEY)


def test_bare_values_come_back_as_what_they_were(cast: Cast) -> None:
    write(cast, (cast.steady, "naïve – “q”", 1.5, {"mean": [1.0, 2], "é": None}), (cast.new, "", None, {}))
    row = ProductDemandForecast.objects.get(product=cast.steady)
    assert (row.model, row.ensemble_forecast, row.daily) == ("naïve – “q”", 1.5, {"mean": [1.0, 2], "é": None})
    assert (row.forecast_date, row.created_at, row.store_id) == (TODAY, NOW, cast.north.pk)
    assert (row.created_at.tzinfo, type(row.forecast_date)) == (UTC, date)
    assert ProductDemandForecast.objects.get(product=cast.new).ensemble_forecast is None


def test_a_row_that_is_there_is_replaced_and_keeps_its_primary_key_and_other_columns(cast: Cast) -> None:
    write(cast, (cast.steady, "naive", 1.5, {}))
    before = ProductDemandForecast.objects.get()
    ProductDemandForecast.objects.update(lstm_forecast=7.0)
    write(cast, (cast.steady, "linear", 2.5, {"mean": [1]}))
    row = ProductDemandForecast.objects.get()
    assert (row.pk, row.model, row.ensemble_forecast, row.daily) == (before.pk, "linear", 2.5, {"mean": [1]})
    assert row.lstm_forecast == 7.0


def test_nothing_writes_nothing(cast: Cast, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        upsert_values(ProductDemandForecast, COLUMNS, [], key=KEY)


@pytest.mark.parametrize("count", [3, 300])
def test_many_rows_are_one_statement(cast: Cast, count: int, django_assert_num_queries: Any) -> None:
    columns = ("store_id", "product_id", "model", "forecast_date", "points", "demand_units", "rank", "is_chosen")
    rows = [
        (cast.north.pk, cast.steady.pk, f"model {place}", TODAY - timedelta(days=place % 3), place, 0.5, 1, place == 1)
        for place in range(count)
    ]
    with django_assert_num_queries(1):
        upsert_values(ForecastAccuracy, columns, rows, key=("store", "product", "model"))
    assert ForecastAccuracy.objects.count() == count
    assert ForecastAccuracy.objects.get(is_chosen=True).points == 1


def test_an_instant_of_another_zone_is_the_same_instant(cast: Cast) -> None:
    there = datetime.fromisoformat("2026-03-16T11:00:00+02:00")
    row = (cast.north.pk, cast.steady.pk, TODAY, 28, "", 1.0, {}, {}, 3, there)
    upsert_values(ProductDemandForecast, COLUMNS, [row], key=KEY)
    assert ProductDemandForecast.objects.get().created_at == NOW
