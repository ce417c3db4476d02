from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from forecasting.models import ForecastAccuracyHistory, ForecastLiveAccuracy, ForecastRun, ProductDemandForecast
from forecasting.services.accuracy_history import keep_live
from forecasting.services.generate import forecast_series
from forecasting.services.live_accuracy import measure_from, measure_live
from inventory.models import DailySales, Product, Store
from tests.cast import NOW, TODAY, Cast, movement, record, sell_daily
from tests.insights.proposals import make_products

YESTERDAY = TODAY - timedelta(days=1)  # a Sunday
MONDAY = TODAY - timedelta(days=7)


def forecast_row(store: Store, product: Product, day: date = MONDAY, **changes: Any) -> ProductDemandForecast:
    """Four a day for 28 days, between 2 and 6 (80 %) and 1 and 7 (95 %); the naive says 3."""
    daily = {
        "mean": [4.0] * 28,
        "intervals": {"0.8": [[2] * 28, [6] * 28], "0.95": [[1] * 28, [7] * 28]},
        "quantiles": {level: [4] * 28 for level in ("0.025", "0.1", "0.25", "0.5", "0.75", "0.9", "0.975")},
        "naive": [3] * 28,
        "scales": [2.0, 4.0],
    }
    return ProductDemandForecast.objects.create(
        store=store,
        product=product,
        forecast_date=day,
        forecast_period=changes.pop("forecast_period", 28),
        model="ensemble",
        daily=daily | changes.pop("daily", {}),
        created_at=NOW,
        **changes,
    )


def sold(store: Store, product: Product, units: list[int], *, first: date = MONDAY, **changes: Any) -> None:
    DailySales.objects.create(store=store, product=product, business_date=first - timedelta(days=60), units=1)
    DailySales.objects.bulk_create(
        DailySales(store=store, product=product, business_date=first + timedelta(days=place), units=one, **changes)
        for place, one in enumerate(units)
        if one or changes
    )


def measure(cast: Cast, *products: Product, first_day: date = MONDAY, last_day: date = YESTERDAY) -> int:
    ids = [product.pk for product in products or (cast.steady,)]
    return measure_live(store=cast.north, product_ids=ids, first_day=first_day, last_day=last_day)


def test_a_week_that_is_over_is_held_against_what_was_forecast(cast: Cast) -> None:
    forecast_row(cast.north, cast.steady)
    sold(cast.north, cast.steady, [4, 5, 2, 4, 7, 0, 4])

    assert measure(cast) == 1

    row = ForecastLiveAccuracy.objects.get()
    assert (row.store, row.product, row.week, row.weeks_ahead, row.model) == (
        cast.north, cast.steady, MONDAY, 1, "ensemble",
    )  # fmt: skip
    assert (row.measured_through, row.points, row.censored_points, row.actual_units) == (YESTERDAY, 7, 0, 26)
    assert (row.absolute_error, row.signed_error, row.squared_error) == (10, -2, 30)
    assert (row.scaled_points, row.scaled_absolute_error, row.scaled_squared_error) == (7, 5, 7.5)
    assert (row.band_points, row.inside_80, row.inside_95) == (7, 5, 6)
    assert row.pinball_loss == 5  # every quantile is 4: half of the error, mean over levels that are even
    assert (row.naive_points, row.naive_absolute_error, row.beside_naive_absolute_error) == (7, 13, 10)
    assert row.overridden_points == 0


def test_days_out_of_stock_are_left_out_and_counted(cast: Cast) -> None:
    forecast_row(cast.north, cast.steady)
    sold(cast.north, cast.steady, [4, 4, 4, 4])
    for place in (4, 5):
        DailySales.objects.create(
            store=cast.north, product=cast.steady, business_date=MONDAY + timedelta(days=place),
            out_of_stock_seconds=86_400,
        )  # fmt: skip
    measure(cast)
    row = ForecastLiveAccuracy.objects.get()
    assert (row.points, row.censored_points, row.absolute_error) == (5, 2, 4)


def test_measuring_again_changes_nothing_and_adds_nothing(cast: Cast) -> None:
    forecast_row(cast.north, cast.steady)
    sold(cast.north, cast.steady, [4, 5, 2, 4, 7, 0, 4])
    measure(cast)
    before = ForecastLiveAccuracy.objects.values().get()
    measure(cast)
    assert ForecastLiveAccuracy.objects.values().get() == before


def test_a_late_correction_is_in_when_the_week_is_measured_again(cast: Cast) -> None:
    forecast_row(cast.north, cast.steady)
    sell_daily(cast.north, cast.steady, [4] * 30, last_day=YESTERDAY)
    measure(cast)
    record(movement(cast.north, cast.steady, "sale", 3, day=MONDAY))
    measure(cast)
    row = ForecastLiveAccuracy.objects.get()
    assert (row.points, row.actual_units, row.absolute_error) == (7, 31, 3)


def test_a_week_in_its_middle_is_measured_up_to_the_last_day(cast: Cast) -> None:
    forecast_row(cast.north, cast.steady)
    sold(cast.north, cast.steady, [4] * 7)
    measure(cast, last_day=MONDAY + timedelta(days=2))
    row = ForecastLiveAccuracy.objects.get()
    assert (row.points, row.measured_through) == (3, MONDAY + timedelta(days=2))


def test_older_forecasts_speak_for_the_same_week_from_further_away(cast: Cast) -> None:
    for weeks in range(6):
        forecast_row(cast.north, cast.steady, MONDAY - timedelta(weeks=weeks), daily={"mean": [4.0 + weeks] * 28})
    sold(cast.north, cast.steady, [4] * 7)
    measure(cast)
    rows = ForecastLiveAccuracy.objects.order_by("weeks_ahead").values_list("week", "weeks_ahead", "absolute_error")
    assert list(rows) == [(MONDAY, 1, 0), (MONDAY, 2, 7), (MONDAY, 3, 14), (MONDAY, 4, 21)]


def test_the_first_forecast_of_a_week_is_the_one_that_is_measured(cast: Cast) -> None:
    forecast_row(cast.north, cast.steady)
    forecast_row(cast.north, cast.steady, MONDAY + timedelta(days=1), daily={"mean": [40.0] * 28})
    forecast_row(cast.north, cast.steady, forecast_period=7, daily={"mean": [50.0] * 7})
    sold(cast.north, cast.steady, [4] * 7)
    measure(cast)
    assert ForecastLiveAccuracy.objects.get().absolute_error == 0


def test_what_people_changed_is_held_against_what_it_was(cast: Cast) -> None:
    mean = [4.0, 10.0, 10.0, *[4.0] * 25]
    forecast_row(
        cast.north, cast.steady, daily={"mean": mean, "baseline": {"mean": [4.0] * 28, "total": [112, 90, 140]}}
    )
    sold(cast.north, cast.steady, [4, 9, 4, 4, 4, 4, 4])
    measure(cast)
    row = ForecastLiveAccuracy.objects.get()
    assert (row.overridden_points, row.overridden_absolute_error, row.baseline_absolute_error) == (2, 1 + 6, 5 + 0)


def test_a_forecast_from_before_the_naive_was_kept_is_measured_without_it(cast: Cast) -> None:
    forecast_row(cast.north, cast.steady, daily={"naive": None, "scales": [None, None], "intervals": {}})
    sold(cast.north, cast.steady, [4] * 7)
    measure(cast)
    row = ForecastLiveAccuracy.objects.get()
    assert (row.points, row.naive_points, row.scaled_points, row.band_points) == (7, 0, 0, 0)


def test_a_week_whose_forecasts_are_gone_stays_as_it_was_measured(cast: Cast) -> None:
    forecast_row(cast.north, cast.steady)
    sold(cast.north, cast.steady, [5] * 7)
    measure(cast)
    ProductDemandForecast.objects.all().delete()
    assert measure(cast) == 0
    assert ForecastLiveAccuracy.objects.get().absolute_error == 7


def test_what_the_service_forecasts_can_be_measured(cast: Cast) -> None:
    sell_daily(cast.north, cast.steady, [4, 4, 4, 4, 4, 8, 0] * 20, last_day=YESTERDAY)
    forecast_series(store=cast.north, product_ids=[cast.steady.pk], forecast_date=MONDAY, now=NOW)
    measure(cast)
    row = ForecastLiveAccuracy.objects.get()
    assert (row.points, row.absolute_error, row.naive_absolute_error, row.naive_points) == (7, 0, 0, 7)
    assert (row.band_points, row.inside_80, row.scaled_points) == (7, 7, 0)  # it never changes from week to week


@pytest.mark.parametrize("count", [3, 30])
def test_measuring_takes_the_same_queries_for_3_and_for_30_series(
    cast: Cast, count: int, django_assert_num_queries: Any
) -> None:
    products = make_products(count)
    for product in products:
        forecast_row(cast.north, product)
        sold(cast.north, product, [4] * 7)
    with django_assert_num_queries(7):  # 4 to read, 1 to write, 2 for the savepoint
        assert measure(cast, *products) == count


def test_measuring_starts_where_the_last_night_ended_less_the_late_days(cast: Cast) -> None:
    assert measure_from(last_day=YESTERDAY) is None
    forecast_row(cast.north, cast.steady, TODAY)
    assert measure_from(last_day=YESTERDAY) is None
    forecast_row(cast.north, cast.steady, MONDAY - timedelta(days=20))
    assert measure_from(last_day=YESTERDAY) == MONDAY - timedelta(days=21)
    run = ForecastRun.objects.create(
        forecast_date=YESTERDAY, horizon_days=28, started_at=NOW, measured_through=YESTERDAY - timedelta(days=1)
    )
    assert measure_from(last_day=YESTERDAY) == MONDAY - timedelta(days=21), "an unfinished run has measured nothing"
    run.finished_at = NOW
    run.save(update_fields=["finished_at"])
    assert measure_from(last_day=YESTERDAY) == MONDAY - timedelta(days=7)


def test_after_a_long_rest_no_more_is_measured_than_is_kept(cast: Cast, settings: Any) -> None:
    settings.LIVE_ACCURACY_WEEKS = 3
    forecast_row(cast.north, cast.steady, MONDAY - timedelta(days=200))
    assert measure_from(last_day=YESTERDAY) == MONDAY - timedelta(weeks=2)


def test_weeks_are_summed_per_store_category_and_model(cast: Cast) -> None:
    for store, product in [(cast.north, cast.steady), (cast.north, cast.seasonal), (cast.north, cast.intermittent)]:
        forecast_row(store, product)
        sold(store, product, [5] * 7)
    measure(cast, cast.steady, cast.seasonal, cast.intermittent)

    assert keep_live(first_day=YESTERDAY) == 2
    assert keep_live(first_day=YESTERDAY) == 2

    rows = ForecastAccuracyHistory.objects.order_by("category")
    assert [(row.kind, row.day, row.weeks_ahead, row.store, row.category, row.model) for row in rows] == [
        ("live", MONDAY, 1, cast.north, "Coffee", "ensemble"),
        ("live", MONDAY, 1, cast.north, "Tools", "ensemble"),
    ]
    assert [(row.series, row.points, row.absolute_error, row.naive_absolute_error) for row in rows] == [
        (2, 14, 14, 28),
        (1, 7, 7, 14),
    ]
