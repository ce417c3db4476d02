from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from forecasting.models import ForecastAccuracy, ForecastLiveAccuracy, ProductDemandForecast
from forecasting.services.live_accuracy import measure_from, measure_live
from forecasting.services.retention import forget_old_forecasts
from insights.tasks import forget_old_forecasts as forget_task
from inventory.models import Store
from tests.cast import NOW, TODAY, Cast

MONDAY = TODAY  # the cast's day is one


def forecast_of(cast: Cast, day: date, store: Store | None = None) -> None:
    ProductDemandForecast.objects.create(
        store=store or cast.north, product=cast.steady, forecast_date=day, forecast_period=28, model="ensemble",
        daily={"mean": [1.0] * 28}, created_at=NOW,
    )  # fmt: skip


def days_kept(store: Store) -> list[date]:
    return list(
        ProductDemandForecast.objects.filter(store=store)
        .order_by("forecast_date")
        .values_list("forecast_date", flat=True)
    )


def test_all_of_two_weeks_and_then_the_first_of_each_week_are_kept(cast: Cast) -> None:
    for ago in range(100):
        forecast_of(cast, TODAY - timedelta(days=ago))
    forgotten = forget_old_forecasts(today=TODAY)
    recent = [TODAY - timedelta(days=ago) for ago in range(14, -1, -1)]
    mondays = [MONDAY - timedelta(weeks=weeks) for weeks in (6, 5, 4, 3)]
    assert days_kept(cast.north) == mondays + recent
    assert forgotten.forecasts == 100 - len(mondays + recent)
    assert forget_old_forecasts(today=TODAY).forecasts == 0


def test_a_store_that_is_forecast_on_thursdays_keeps_its_thursdays(cast: Cast) -> None:
    thursdays = [MONDAY - timedelta(weeks=weeks, days=4) for weeks in (5, 4, 3)]
    for day in [*thursdays, *(day + timedelta(days=1) for day in thursdays)]:
        forecast_of(cast, day, cast.south)
    for weeks in (5, 4, 3):
        forecast_of(cast, MONDAY - timedelta(weeks=weeks))
    forget_old_forecasts(today=TODAY)
    assert days_kept(cast.south) == thursdays


def test_what_a_night_measures_again_is_never_forgotten(cast: Cast) -> None:
    for ago in range(60):
        forecast_of(cast, TODAY - timedelta(days=ago))
    measured_from = TODAY - timedelta(days=1 + 7)
    measure = {"store": cast.north, "product_ids": [cast.steady.pk], "first_day": measured_from, "last_day": TODAY}
    for today in (TODAY + timedelta(days=days) for days in range(7)):
        first = measured_from + (today - TODAY)
        measure |= {"first_day": first, "last_day": today - timedelta(days=1)}
        before = measure_live(**measure)
        forget_old_forecasts(today=today)
        assert measure_live(**measure) == before > 0, today
    assert measure_from(last_day=TODAY) is not None


def test_backtests_and_live_errors_that_are_too_old_go(cast: Cast, settings: Any) -> None:
    settings.LIVE_ACCURACY_WEEKS = 2
    for days in (60, 61):
        ForecastAccuracy.objects.create(
            store=cast.north,
            product=cast.products[days - 60],
            model="naive",
            forecast_date=TODAY - timedelta(days=days),
        )
    for weeks in (2, 3):
        week = MONDAY - timedelta(weeks=weeks)
        ForecastLiveAccuracy.objects.create(
            store=cast.north, product=cast.steady, week=week, weeks_ahead=1, model="naive", measured_through=week
        )
    forgotten = forget_old_forecasts(today=TODAY)
    assert (forgotten.backtests, forgotten.live) == (1, 1)
    assert ForecastAccuracy.objects.get().forecast_date == TODAY - timedelta(days=60)
    assert ForecastLiveAccuracy.objects.get().week == MONDAY - timedelta(weeks=2)


def test_the_job_reports_how_many_rows_went(cast: Cast) -> None:
    forecast_of(cast, date(2020, 1, 6))
    assert forget_task() == 1
