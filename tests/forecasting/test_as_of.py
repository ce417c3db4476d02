"""A past day is forecast as it was when it began: nothing that came later, by the calendar, people or models, takes part."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from forecasting.frames.calendar import load_panel_calendar
from forecasting.frames.demand import load_daily_demand
from forecasting.models import (
    CalendarEvent,
    ForecastAccuracy,
    ForecastOverride,
    ForecastRun,
    PlannedPrice,
    ProductDemandForecast,
)
from forecasting.services import holiday_loading
from forecasting.services.as_of import as_of
from forecasting.services.calendar import create_event
from forecasting.services.on_demand import generate_forecast
from forecasting.services.overrides import lay_over_day
from forecasting.services.runs import forecast_all
from forecasting.services.tiers import tier_sentence
from invencare.lib import clock
from inventory.models import Product, Store
from tests.cast import NOW, TODAY, Cast, sell_daily
from tests.forecasting.libraries import needs_boosting
from tests.forecasting.test_trained_models import BOOSTING, make_products, sell, train

DAY = TODAY - timedelta(days=14)
BEFORE = datetime.combine(DAY - timedelta(days=2), time(12), UTC)
LATER = datetime.combine(DAY + timedelta(days=1), time(12), UTC)
Kind = ForecastRun.Kind


def backfill(day: date = DAY) -> ProductDemandForecast:
    ProductDemandForecast.objects.all().delete()
    forecast_all(kind=Kind.BACKFILL, forecast_date=day, read_clock=lambda: NOW)
    return ProductDemandForecast.objects.get()


def override(cast: Cast, made: datetime, **changes: Any) -> ForecastOverride:
    values: dict[str, Any] = {
        "product": cast.steady, "store": cast.north, "first_day": DAY, "last_day": DAY + timedelta(days=6),
        "action": "set", "amount": 50.0, "reason": "a fair next door", "created_by_name": "bo", "created_at": made,
    }  # fmt: skip
    return ForecastOverride.objects.create(**values | changes)


@pytest.fixture
def sold(cast: Cast) -> Cast:
    sell_daily(cast.north, cast.steady, [6, 4] * 60, last_day=TODAY - timedelta(days=1))
    return cast


def test_today_is_forecast_with_all_that_is_known_and_a_past_day_by_its_beginning_in_the_store(cast: Cast) -> None:
    assert as_of(store=cast.south, forecast_date=TODAY, now=NOW) is None
    began = as_of(store=cast.south, forecast_date=DAY, now=NOW)
    assert began == datetime.fromisoformat(f"{DAY}T00:00:00+02:00")


def test_an_override_that_was_made_later_is_not_laid_over(sold: Cast) -> None:
    override(sold, LATER)
    assert "overrides" not in backfill().daily
    known = override(sold, BEFORE)
    row = backfill()
    assert row.daily["overrides"] == [known.pk]
    assert row.daily["mean"][:7] == [50.0] * 7


def test_an_override_that_was_withdrawn_later_was_still_in_force(sold: Cast) -> None:
    known = override(sold, BEFORE, withdrawn_at=LATER)
    override(sold, BEFORE, withdrawn_at=BEFORE + timedelta(hours=1))
    assert backfill().daily["overrides"] == [known.pk]
    assert lay_over_day(DAY, now=NOW) == 1
    assert ProductDemandForecast.objects.get().daily["overrides"] == [known.pk]


def test_an_override_is_laid_over_todays_forecast_at_a_nights_end_whenever_it_was_made(sold: Cast) -> None:
    late = override(sold, NOW, first_day=TODAY, last_day=TODAY)
    forecast_all(kind=Kind.FORECAST, forecast_date=TODAY, read_clock=lambda: NOW)
    assert lay_over_day(TODAY, now=NOW) == 1
    assert ProductDemandForecast.objects.get().daily["overrides"] == [late.pk]


@pytest.mark.parametrize("changes", [{"given_uplift": 3.0}, {"kind": "closure"}])
def test_an_event_that_was_entered_later_changes_nothing(sold: Cast, changes: dict[str, Any]) -> None:
    plain = backfill().daily["mean"]
    values = {"name": "Fair", "kind": "other", "first_day": DAY, "last_day": DAY, **changes}
    event = create_event(values=values, actor=sold.analyst, now=LATER)
    assert backfill().daily["mean"] == plain
    CalendarEvent.objects.filter(pk=event.pk).update(created_at=BEFORE)
    assert backfill().daily["mean"][0] == pytest.approx(plain[0] * changes.get("given_uplift", 0), rel=0.01)


def test_a_forecast_on_demand_of_a_past_day_is_as_of_then_too(sold: Cast) -> None:
    override(sold, LATER)
    values = {"name": "Fair", "kind": "other", "first_day": DAY, "last_day": DAY, "given_uplift": 3.0}
    create_event(values=values, actor=sold.analyst, now=LATER)
    row = generate_forecast(store=sold.north, product=sold.steady, forecast_date=DAY, horizon_days=28, now=NOW)
    assert "overrides" not in row.daily
    assert row.daily["mean"] == pytest.approx(backfill().daily["mean"])


def test_public_holidays_were_known_whenever_they_were_loaded(cast: Cast) -> None:
    Store.objects.filter(pk=cast.north.pk).update(country="PT")
    holiday_loading.load_for_stores(first_year=2026, last_year=2026, now=NOW)
    cast.north.refresh_from_db()
    new_year = date(2026, 1, 1)
    seen = known(cast, new_year, by=datetime.combine(new_year - timedelta(days=9), time(12), UTC))
    assert [effect.name for effect in seen.effects][:1] == ["New Year's Day"]


def test_a_price_that_was_planned_later_is_not_known(cast: Cast) -> None:
    PlannedPrice.objects.create(product=cast.steady, first_day=DAY, price=Decimal("2.5"), created_at=LATER)
    place = sorted(product.pk for product in cast.products).index(cast.steady.pk)
    assert known(cast, DAY, by=LATER + timedelta(hours=1)).price[place, 30] == 2.5
    assert known(cast, DAY, by=LATER).price is None


def known(cast: Cast, day: date, *, by: datetime) -> Any:
    """The calendar of the 30 days before ``day`` and 7 from it on, as it was known ``by`` a time."""
    ids = [product.pk for product in cast.products]
    sales = load_daily_demand(store_id=cast.north.pk, product_ids=ids, last_day=day - timedelta(days=1), days=30)
    return load_panel_calendar(store=cast.north, history=sales, periods=30, ahead=7, known_by=by)


# Models that were trained on all series.


@pytest.fixture
def products(cast: Cast) -> list[Product]:
    made = make_products(12)
    sell(cast.north, made)
    return made


def test_a_run_uses_the_newest_model_of_the_week_before_its_day_and_says_so(
    cast: Cast, products: list[Product]
) -> None:
    needs_boosting()
    train(cast, products, last_day=DAY - timedelta(days=3))
    train(cast, products)  # until yesterday: a fortnight of what is forecast as of DAY
    run = forecast_all(kind=Kind.BACKFILL, forecast_date=DAY, read_clock=lambda: NOW)
    assert (run.parameters["tier"], run.parameters["tier_reason"]) == ("full", "")
    assert tier_sentence(run) == f"Full tier: {BOOSTING} version 1, trained until {DAY - timedelta(days=3)}."
    assert ForecastAccuracy.objects.filter(model=BOOSTING, forecast_date=DAY, points__gt=0).count() == 12
    now = forecast_all(kind=Kind.FORECAST, forecast_date=TODAY, read_clock=lambda: NOW)
    assert tier_sentence(now) == f"Full tier: {BOOSTING} version 2, trained until {TODAY - timedelta(days=1)}."


@pytest.mark.parametrize(
    ("trained_until", "reason"),
    [
        (None, "never trained on this site; the nightly run does it"),
        (
            DAY,
            f"trained on days after {DAY - timedelta(days=1)} alone, of which a forecast as of then must know nothing",
        ),
        (
            DAY - timedelta(days=9),
            f"last trained until {DAY - timedelta(days=9)}, more than a week before the last day that is known, {DAY - timedelta(days=1)}",
        ),
    ],
)
def test_without_a_model_of_that_week_the_statistical_tier_answers_and_the_run_says_why(
    cast: Cast, products: list[Product], trained_until: date | None, reason: str
) -> None:
    needs_boosting()
    if trained_until:
        train(cast, products, last_day=trained_until)
    run = forecast_all(kind=Kind.BACKFILL, forecast_date=DAY, read_clock=lambda: NOW)
    assert tier_sentence(run) == f"Statistical tier alone: {BOOSTING}: {reason}."
    assert run.series_done == 12
    assert not ForecastAccuracy.objects.filter(model=BOOSTING).exists()


def test_the_commands_say_which_tier_it_was(cast: Cast, products: list[Product], monkeypatch: Any) -> None:
    needs_boosting()
    monkeypatch.setattr(clock, "now", lambda: NOW)
    train(cast, products)
    out = StringIO()
    call_command("forecast", stdout=out, stderr=StringIO())
    assert f"Full tier: {BOOSTING} version 1, trained until {TODAY - timedelta(days=1)}." in out.getvalue()
    out = StringIO()
    call_command("backfill_forecasts", "--days", "7", stdout=out, stderr=StringIO())
    assert f"2026-03-09: Statistical tier alone: {BOOSTING}: trained on days after 2026-03-08 alone" in out.getvalue()
