from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from forecasting.calc.config import MODELS
from forecasting.models import ForecastAccuracy, ForecastAccuracyHistory
from forecasting.services.accuracy_history import keep_backtests, thin_history
from forecasting.services.generate import forecast_series
from inventory.models import Product
from tests.cast import NOW, TODAY, Cast, sell_daily

YESTERDAY = TODAY - timedelta(days=1)
UNEVEN = [4, 6, 5, 3, 4, 8, 1, 5, 4, 4, 6, 2, 9, 0] * 10


def forecast(cast: Cast, *products: Product, day: date = TODAY) -> None:
    ids = [product.pk for product in products or (cast.steady,)]
    forecast_series(store=cast.north, product_ids=ids, forecast_date=day, now=NOW)


def test_every_measure_of_the_backtest_is_kept(cast: Cast) -> None:
    sell_daily(cast.north, cast.steady, UNEVEN, last_day=YESTERDAY)
    forecast(cast)
    rows = {row.model: row for row in ForecastAccuracy.objects.all()}
    assert set(rows) == set(MODELS)
    served = rows["ensemble"]
    assert {row.points for row in rows.values() if row.wape is not None} == {served.points}
    assert served.demand_units == pytest.approx(served.points * 61 / 14, rel=0.02)
    assert all(getattr(served, name) is not None for name in ("wape", "mase", "rmsse", "bias", "pinball"))
    assert 0 < served.coverage_80 <= served.coverage_95 <= 1
    assert (rows["naive"].pinball, rows["naive"].coverage_80) == (None, None)
    ranked = sorted((row for row in rows.values() if row.rank), key=lambda row: row.rank)
    assert [row.rmsse for row in ranked] == sorted(row.rmsse for row in ranked)
    assert ranked[0].rank == 1


def test_the_next_night_replaces_the_rows_and_adds_none(cast: Cast) -> None:
    sell_daily(cast.north, cast.steady, UNEVEN, last_day=YESTERDAY)
    forecast(cast, day=YESTERDAY)
    ForecastAccuracy.objects.create(
        store=cast.north, product=cast.steady, model="retired", forecast_date=YESTERDAY, wape=0.1
    )
    forecast(cast)
    rows = ForecastAccuracy.objects.values_list("model", "forecast_date")
    assert set(rows) == {(model, TODAY) for model in MODELS}


def test_forecasting_a_past_day_again_does_not_set_the_backtest_back(cast: Cast) -> None:
    sell_daily(cast.north, cast.steady, UNEVEN, last_day=YESTERDAY)
    sell_daily(cast.north, cast.seasonal, UNEVEN, last_day=YESTERDAY)
    forecast(cast)
    before = list(ForecastAccuracy.objects.order_by("pk").values())
    forecast(cast, cast.steady, cast.seasonal, day=TODAY - timedelta(days=20))
    assert list(ForecastAccuracy.objects.filter(product=cast.steady).order_by("pk").values()) == before
    assert set(ForecastAccuracy.objects.filter(product=cast.seasonal).values_list("forecast_date", flat=True)) == {
        TODAY - timedelta(days=20)
    }


def test_a_series_that_became_too_short_has_no_backtest_any_more(cast: Cast) -> None:
    ForecastAccuracy.objects.create(
        store=cast.north, product=cast.new, model="naive", forecast_date=YESTERDAY, wape=0.1
    )
    sell_daily(cast.north, cast.new, [3] * 4, last_day=YESTERDAY)
    forecast(cast, cast.new)
    assert not ForecastAccuracy.objects.exists()


def backtest_row(cast: Cast, product: Product, model: str, **changes: Any) -> None:
    own = {"wape": 0.5, "bias": 0.1, "mase": 1.0, "rmsse": 2.0, "points": 10, "demand_units": 40.0}
    ForecastAccuracy.objects.create(
        store=cast.north, product=product, model=model, forecast_date=TODAY, **(own | changes)
    )


def test_a_nights_backtests_are_summed_per_store_category_and_model(cast: Cast) -> None:
    backtest_row(cast, cast.steady, "ensemble", is_chosen=True, pinball=2.0, coverage_80=0.8, coverage_95=0.9)
    backtest_row(cast, cast.steady, "seasonal_naive", wape=0.75)
    backtest_row(
        cast, cast.seasonal, "ensemble", demand_units=60.0, wape=0.25, pinball=1.0, coverage_80=1, coverage_95=1
    )
    backtest_row(cast, cast.dead, "ensemble", wape=None, bias=None, mase=None, rmsse=None)

    assert keep_backtests(forecast_date=TODAY) == 2
    assert keep_backtests(forecast_date=TODAY) == 2

    row = ForecastAccuracyHistory.objects.get(model="ensemble")
    assert (row.kind, row.day, row.weeks_ahead, row.store, row.category) == ("backtest", TODAY, 0, cast.north, "Coffee")
    assert (row.series, row.series_served, row.points, row.actual_units) == (2, 1, 20, 100)
    assert (row.absolute_error, row.signed_error) == (20 + 15, 4 + 6)
    assert (row.scaled_points, row.scaled_absolute_error, row.scaled_squared_error) == (20, 20, 80)
    assert (row.band_points, row.pinball_loss, row.inside_80, row.inside_95) == (20, 30, 18, 19)
    # The seasonal naive of one of the two is known: 0.75 × 40, where the ensemble erred 20.
    assert (row.naive_points, row.naive_absolute_error, row.beside_naive_absolute_error) == (10, 30, 20)
    assert row.beside_naive_actual_units == 40


def history_row(cast: Cast, day: date, **changes: Any) -> None:
    own: dict[str, Any] = {"kind": "backtest", "store": cast.north, "model": "ensemble", "day": day}
    ForecastAccuracyHistory.objects.create(**(own | changes))


def test_history_grows_thinner_with_age(cast: Cast, settings: Any) -> None:
    settings.ACCURACY_HISTORY_WEEKS = 10
    kept = [TODAY, TODAY - timedelta(days=27), TODAY - timedelta(days=28), TODAY - timedelta(weeks=10)]
    gone = [TODAY - timedelta(days=29), TODAY - timedelta(days=34), TODAY - timedelta(weeks=11)]
    for day in [*kept, *gone]:
        history_row(cast, day)
    history_row(cast, TODAY - timedelta(weeks=9), kind="live", weeks_ahead=1)
    assert thin_history(today=TODAY) == len(gone)
    days = ForecastAccuracyHistory.objects.backtests().order_by("-day").values_list("day", flat=True)
    assert list(days) == kept
    assert ForecastAccuracyHistory.objects.live().count() == 1
