from __future__ import annotations

from datetime import date, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

from forecasting.models import (
    ForecastAccuracy,
    ForecastAccuracyHistory,
    ForecastLiveAccuracy,
    ForecastRun,
    ProductDemandForecast,
)
from forecasting.services import generate, runs
from forecasting.services.runs import backfill_days, forecast_all, measure_all
from invencare.lib import clock
from inventory.models import Product, Store
from tests.cast import NOW, TODAY, Cast, sell_daily
from tests.forecasting.libraries import needs_boosting

YESTERDAY = TODAY - timedelta(days=1)
UNEVEN = [4, 6, 5, 3, 4, 8, 1, 5, 4, 4, 6, 2, 9, 0] * 10
Kind = ForecastRun.Kind
NO_MODEL = "gradient_boosting: never trained on this site; the nightly run does it"


def read_clock() -> datetime:
    return NOW


def sell(cast: Cast) -> None:
    """Three series in the north store, one in the south, and one that is too new."""
    for store, product in [(cast.north, cast.steady), (cast.north, cast.seasonal), (cast.south, cast.steady)]:
        sell_daily(store, product, UNEVEN, last_day=YESTERDAY)
    sell_daily(cast.north, cast.new, [3] * 4, last_day=YESTERDAY)


def forecast(day: date = TODAY, kind: ForecastRun.Kind = Kind.FORECAST, **options: Any) -> ForecastRun:
    return forecast_all(kind=kind, forecast_date=day, read_clock=read_clock, **options)


def breaks(monkeypatch: pytest.MonkeyPatch, *products: Product, error: type[BaseException] = ArithmeticError) -> None:
    plain = generate._forecast_row

    def forecast_row(panel: Any, row: int, *, product_id: int, **own: Any) -> ProductDemandForecast:
        if product_id in {product.pk for product in products}:
            raise error("no such number")
        return plain(panel, row, product_id=product_id, **own)

    monkeypatch.setattr(generate, "_forecast_row", forecast_row)


def test_every_series_is_forecast_and_the_run_says_so(cast: Cast) -> None:
    sell(cast)
    run = forecast()
    assert (run.kind, run.status, run.forecast_date, run.horizon_days) == ("forecast", "done", TODAY, 28)
    assert (run.series_total, run.series_done, run.series_skipped, run.series_failed) == (4, 3, 1, 0)
    assert (run.seed, run.code_version, run.started_at, run.finished_at) == (20_260_316, "0.1.0", NOW, NOW)
    assert (run.progress, run.seconds) == (1.0, 0.0)
    assert {row.run for row in ProductDemandForecast.objects.all()} == {run}
    assert ForecastAccuracyHistory.objects.backtests().filter(day=TODAY, model="ensemble").count() == 2


def test_progress_is_seen_while_chunks_are_committed(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    sell(cast)
    monkeypatch.setattr(runs, "CHUNK_SERIES", 1)
    seen: list[tuple[int, int, float]] = []
    forecast(after_chunk=lambda run: seen.append((run.series_done, run.series_skipped, run.progress)))
    assert seen == [(1, 0, 0.25), (2, 0, 0.5), (2, 1, 0.75), (3, 1, 1.0)]


def test_a_series_that_fails_is_named_and_stops_nobody(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    sell(cast)
    breaks(monkeypatch, cast.seasonal)
    run = forecast()
    assert (run.status, run.series_done, run.series_skipped, run.series_failed) == ("partial", 2, 1, 1)
    assert run.failures == [
        {
            "product": "SKU-SEASONAL",
            "product_id": cast.seasonal.pk,
            "store": "N1",
            "step": "forecast",
            "message": "ArithmeticError: no such number",
        }
    ]


def test_a_finished_day_is_forecast_anew_and_adds_no_row(cast: Cast) -> None:
    sell(cast)
    first = forecast()
    rows = set(ProductDemandForecast.objects.values_list("pk", flat=True))
    second = forecast()
    assert second.pk != first.pk
    assert set(ProductDemandForecast.objects.values_list("pk", "run")) == {(pk, second.pk) for pk in rows}


def test_a_run_that_was_cut_short_goes_on_from_what_it_committed(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    sell(cast)
    monkeypatch.setattr(runs, "CHUNK_SERIES", 1)
    with monkeypatch.context() as patched:
        breaks(patched, cast.seasonal, error=KeyboardInterrupt)
        with pytest.raises(KeyboardInterrupt):
            forecast()
    cut = ForecastRun.objects.get()
    assert (cut.status, cut.series_done, cut.finished_at) == ("running", 1, None)
    done: list[list[int]] = []
    plain = runs.forecast_series

    def remembers(*, product_ids: list[int], **options: Any) -> Any:
        done.append(product_ids)
        return plain(product_ids=product_ids, **options)

    monkeypatch.setattr(runs, "forecast_series", remembers)
    run = forecast()
    assert (run.pk, run.status, run.series_done, run.series_skipped) == (cut.pk, "done", 3, 1)
    assert done == [[cast.seasonal.pk], [cast.new.pk], [cast.steady.pk]]


@pytest.mark.parametrize("days", [0, 92])
def test_a_horizon_out_of_bounds_opens_no_run(cast: Cast, days: int) -> None:
    with pytest.raises(ValidationError, match="The horizon is 1 to 91 days"):
        forecast(horizon_days=days)
    assert not ForecastRun.objects.exists()


def test_a_backfill_sees_nothing_of_what_came_later(cast: Cast) -> None:
    day = TODAY - timedelta(days=14)
    sell_daily(cast.north, cast.steady, UNEVEN, last_day=day - timedelta(days=1))
    forecast(day, Kind.BACKFILL)
    before = ProductDemandForecast.objects.get().daily
    ProductDemandForecast.objects.all().delete()
    sell_daily(cast.north, cast.steady, [99] * 14, last_day=YESTERDAY)
    forecast(day, Kind.BACKFILL)
    assert ProductDemandForecast.objects.get().daily == before


def test_a_backfill_leaves_alone_what_was_really_forecast(cast: Cast) -> None:
    sell(cast)
    day = TODAY - timedelta(days=14)
    served = ProductDemandForecast.objects.create(
        store=cast.north, product=cast.steady, forecast_date=day, forecast_period=28, model="naive", created_at=NOW
    )
    run = forecast(day, Kind.BACKFILL)
    assert run.series_done == 2
    served.refresh_from_db()
    assert (served.model, served.run) == ("naive", None)
    assert not ForecastAccuracyHistory.objects.exists(), "a past day's backtest is no news"


def test_mondays_are_filled_in_unless_every_day_is_asked_for() -> None:
    assert backfill_days(last_day=YESTERDAY, days=21) == [TODAY - timedelta(days=days) for days in (21, 14, 7)]
    assert backfill_days(last_day=YESTERDAY, days=2) == [YESTERDAY]
    assert backfill_days(last_day=YESTERDAY, days=2, every_day=True) == [YESTERDAY - timedelta(days=1), YESTERDAY]


@pytest.mark.parametrize("days", [0, 92])
def test_going_back_further_than_is_kept_is_refused(days: int) -> None:
    with pytest.raises(ValidationError, match="Go back 1 to 91 days"):
        backfill_days(last_day=YESTERDAY, days=days)


def test_all_series_are_measured_and_the_runs_say_up_to_when(cast: Cast) -> None:
    sell(cast)
    days = backfill_days(last_day=YESTERDAY, days=14)
    filled = [forecast(day, Kind.BACKFILL) for day in days]
    told: list[int] = []
    measure_all(first_day=days[0], last_day=YESTERDAY, runs=filled, after_chunk=told.append)
    weeks = ForecastLiveAccuracy.objects.values_list("week", "weeks_ahead").distinct()
    assert set(weeks) == {(days[0], 1), (days[1], 1), (days[1], 2)}
    assert told == [3, 1]
    assert ForecastAccuracyHistory.objects.live().count() == 6
    assert set(ForecastRun.objects.values_list("measured_through", flat=True)) == {YESTERDAY}


def command(name: str, *arguments: str) -> str:
    out = StringIO()
    call_command(name, *arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


@pytest.fixture
def at_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", read_clock)


@pytest.mark.usefixtures("at_noon")
def test_the_command_forecasts_the_day_after_the_last_complete_one(cast: Cast) -> None:
    needs_boosting()
    sell(cast)
    assert command("forecast") == (
        "Forecast of 2026-03-16 (Done) in 0.0 s: 4 series, 3 forecast, 1 with too little history, 0 failed.\n"
        f"Statistical tier alone: {NO_MODEL}.\n"
    )
    assert ForecastAccuracy.objects.exists()


@pytest.mark.usefixtures("at_noon")
def test_the_command_ends_badly_when_a_series_failed(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    sell(cast)
    breaks(monkeypatch, cast.seasonal)
    with pytest.raises(CommandError, match="1 series failed"):
        command("forecast", "--date", "2026-03-16")


@pytest.mark.usefixtures("at_noon")
@pytest.mark.parametrize("arguments", [("forecast", "--horizon", "0"), ("backfill_forecasts", "--days", "0")])
def test_a_command_with_numbers_out_of_bounds_says_which_are_allowed(cast: Cast, arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError, match="1 to 91 days"):
        command(*arguments)


@pytest.mark.usefixtures("at_noon")
def test_the_backfill_command_leaves_live_accuracy_behind(cast: Cast) -> None:
    needs_boosting()
    sell(cast)
    assert command("backfill_forecasts", "--days", "14") == (
        f"2026-03-02: Statistical tier alone: {NO_MODEL}.\n2026-03-09: Statistical tier alone: {NO_MODEL}.\n"
        "2 days from 2026-03-02 to 2026-03-09 forecast as of then, 6 forecasts, 0 failed; measured up to 2026-03-15.\n"
    )
    assert ForecastLiveAccuracy.objects.filter(store=Store.objects.get(code="N1")).count() == 6
