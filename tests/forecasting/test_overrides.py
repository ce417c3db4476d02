"""Overrides: laid over, kept beside the engine's forecast, withdrawn; by whom, and where."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from forecasting.models import ForecastOverride, ProductDemandForecast
from forecasting.services import overrides
from forecasting.services.calendar import overrides_of
from forecasting.services.generate import forecast_series
from inventory.models import Store
from inventory.services.errors import Conflict
from tests.cast import NOW, TODAY, Cast, sell_daily

YESTERDAY = TODAY - timedelta(days=1)
SERVED = ("daily", "protection", "ensemble_forecast", "confidence_interval_lower", "confidence_interval_upper")
MONDAY = {"first_day": TODAY, "last_day": TODAY}


@pytest.fixture
def sold(cast: Cast) -> Cast:
    sell_daily(cast.north, cast.steady, [6, 4] * 60, last_day=YESTERDAY)
    night(cast)
    return cast


def night(cast: Cast, *, day: date = TODAY) -> None:
    forecast_series(store=cast.north, product_ids=[cast.steady.pk], forecast_date=day, now=NOW)


def add(cast: Cast, **changes: Any) -> ForecastOverride:
    values: dict[str, Any] = {
        "product": cast.steady,
        "store": cast.north,
        "action": "set",
        "amount": 50.0,
        "reason": "a fair next door",
        "actor": cast.buyer,
        "now": NOW,
    }
    return overrides.add_override(**{**values, **MONDAY, **changes})


def served() -> dict[str, Any]:
    row = ProductDemandForecast.objects.get()
    return {name: getattr(row, name) for name in SERVED}


def test_an_override_is_laid_over_the_newest_forecast_at_once(sold: Cast) -> None:
    before = served()
    override = add(sold)
    after = served()
    engine, daily = before["daily"], after["daily"]
    assert daily["mean"] == [50.0, *engine["mean"][1:]]
    more = 50 - engine["mean"][0]
    assert after["ensemble_forecast"] == pytest.approx(before["ensemble_forecast"] + more, abs=1e-3)
    assert after["protection"]["mean"] == pytest.approx(before["protection"]["mean"] + more, abs=1e-3)
    assert after["protection"]["lead_time"]["mean"] == pytest.approx(
        before["protection"]["lead_time"]["mean"] + more, abs=1e-3
    )
    assert daily["overrides"] == [override.pk]
    assert daily["baseline"]["mean"] == engine["mean"]
    assert after["protection"]["baseline"]["quantiles"] == before["protection"]["quantiles"]


def test_quantiles_intervals_and_sums_move_with_the_mean(sold: Cast) -> None:
    before = served()
    add(sold)
    daily, engine = served()["daily"], before["daily"]
    for level in engine["quantiles"]:
        assert daily["quantiles"][level][0] > engine["quantiles"][level][0] + 25
        assert daily["quantiles"][level][1:] == engine["quantiles"][level][1:]
    lower, upper = daily["intervals"]["0.95"]
    assert lower[0] <= 50 <= upper[0]
    sums = [after for _, after in sorted(served()["protection"]["quantiles"].items(), key=lambda item: float(item[0]))]
    assert sums == sorted(sums)
    assert sums[-1] > before["protection"]["quantiles"]["0.99"] + 25


def test_an_override_in_force_is_laid_over_every_nights_forecast(sold: Cast) -> None:
    add(sold, first_day=TODAY, last_day=TODAY + timedelta(days=2))
    night(sold, day=TODAY + timedelta(days=1))
    row = ProductDemandForecast.objects.get(forecast_date=TODAY + timedelta(days=1))
    assert row.daily["mean"][:2] == [50.0, 50.0]
    assert row.daily["mean"][2] < 10
    assert row.daily["baseline"]["mean"][0] < 10


def test_overrides_are_laid_over_in_the_order_in_which_they_were_made(sold: Cast) -> None:
    add(sold, amount=10.0)
    add(sold, action="multiply", amount=3.0)
    assert served()["daily"]["mean"][0] == 30.0


def test_withdrawing_brings_the_engines_forecast_back(sold: Cast) -> None:
    before = served()
    first = add(sold)
    second = add(sold, action="add", amount=-3.0)
    overrides.withdraw_override(override_id=first.pk, reason="cancelled", actor=sold.analyst, now=NOW)
    assert served()["daily"]["mean"][0] == pytest.approx(before["daily"]["mean"][0] - 3, abs=1e-3)
    overrides.withdraw_override(override_id=second.pk, reason="cancelled", actor=sold.analyst, now=NOW)
    assert served() == before
    first.refresh_from_db()
    assert (first.withdrawn_by, first.withdrawn_at, first.withdrawal_reason) == (sold.analyst, NOW, "cancelled")


def test_of_two_who_withdraw_one_is_told(sold: Cast) -> None:
    override = add(sold)
    overrides.withdraw_override(override_id=override.pk, reason="mine", actor=sold.analyst, now=NOW)
    with pytest.raises(Conflict, match="ana has withdrawn this override already"):
        overrides.withdraw_override(override_id=override.pk, reason="mine", actor=sold.buyer, now=NOW)
    override.refresh_from_db()
    assert override.withdrawn_by == sold.analyst


def test_an_override_that_came_while_the_night_was_at_work_is_laid_over_at_its_end(sold: Cast) -> None:
    override = add(sold)
    ProductDemandForecast.objects.all().delete()
    ForecastOverride.objects.update(withdrawn_at=NOW)
    night(sold)
    ForecastOverride.objects.update(withdrawn_at=None)
    assert overrides.lay_over_day(TODAY, now=NOW) == 1
    assert served()["daily"]["overrides"] == [override.pk]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"last_day": YESTERDAY, "first_day": YESTERDAY}, "last_day"),
        ({"last_day": TODAY + timedelta(days=366)}, "last_day"),
        ({"amount": float("nan")}, "amount"),
        ({"amount": 2e6}, "amount"),
        ({"action": "multiply", "amount": 101.0}, "amount"),
        ({"amount": -1.0}, "__all__"),
        ({"first_day": TODAY + timedelta(days=1)}, "__all__"),
        ({"reason": "  "}, "reason"),
        ({"action": "guess"}, "action"),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(changes: dict[str, Any], field: str, sold: Cast) -> None:
    before = served()
    with pytest.raises(ValidationError) as refused:
        add(sold, **changes)
    assert list(refused.value.message_dict) == [field]
    assert served() == before
    assert not ForecastOverride.objects.exists()


def test_the_database_refuses_what_the_service_would(sold: Cast) -> None:
    override = add(sold)
    for wrong in ({"amount": -1.0}, {"reason": ""}, {"last_day": YESTERDAY}):
        with pytest.raises(IntegrityError), transaction.atomic():
            ForecastOverride.objects.filter(pk=override.pk).update(**wrong)


def test_another_stores_forecast_is_not_a_store_managers_to_override(sold: Cast) -> None:
    with pytest.raises(PermissionDenied):
        add(sold, store=sold.south, actor=sold.store_manager)
    theirs = add(sold, store=sold.south)
    with pytest.raises(PermissionDenied):
        overrides.withdraw_override(override_id=theirs.pk, reason="not mine", actor=sold.store_manager, now=NOW)
    theirs.refresh_from_db()
    assert theirs.is_active


def test_a_product_without_a_forecast_can_be_overridden(cast: Cast) -> None:
    assert add(cast).is_active


def test_the_overrides_of_some_days_are_listed_for_charts(sold: Cast) -> None:
    override = add(sold)
    add(sold, first_day=TODAY + timedelta(days=9), last_day=TODAY + timedelta(days=9))
    listed = overrides_of(product=sold.steady, store=sold.north, first_day=YESTERDAY, last_day=TODAY)
    assert listed == [override]


# The admin.

ADD = reverse("admin:forecasting_forecastoverride_add")


def form(cast: Cast, store: Store, **changes: Any) -> dict[str, Any]:
    values = {
        "store": store.pk,
        "sku": cast.steady.sku,
        "first_day": "2099-05-01",
        "last_day": "2099-05-03",
        "action": "multiply",
        "amount": "1.5",
        "reason": "a fair",
    }
    return {**values, **changes}


@pytest.mark.parametrize(
    ("person", "status"),
    [
        ("viewer", 403),
        ("store_manager", 302),
        ("buyer", 302),
        ("analyst", 302),
        ("administrator", 302),
        ("outsider", 403),
    ],
)
def test_who_may_add_an_override_in_the_admin(person: str, status: int, cast: Cast, client: Client) -> None:
    client.force_login(cast.people[person])
    assert client.post(ADD, form(cast, cast.north)).status_code == status
    assert ForecastOverride.objects.count() == (status == 302)


def test_a_store_manager_cannot_choose_another_store(cast: Cast, client: Client) -> None:
    client.force_login(cast.store_manager)
    page = client.post(ADD, form(cast, cast.south))
    assert "Select a valid choice" in page.content.decode()
    assert not ForecastOverride.objects.exists()


def test_a_refusal_is_said_on_its_field(cast: Cast, client: Client) -> None:
    client.force_login(cast.buyer)
    page = client.post(ADD, form(cast, cast.north, sku="NO-SUCH")).content.decode()
    assert "No product has the SKU “NO-SUCH”." in page
    page = client.post(ADD, form(cast, cast.north, first_day="2020-01-01", last_day="2020-01-02")).content.decode()
    assert "These days are over." in page


def test_the_forecasts_page_leads_to_its_override(sold: Cast, client: Client) -> None:
    client.force_login(sold.buyer)
    row = ProductDemandForecast.objects.get()
    page = client.get(reverse("admin:forecasting_productdemandforecast_change", args=[row.pk])).content.decode()
    link = f"{ADD}?store={sold.north.pk}&amp;sku=SKU-STEADY"
    assert link in page
    filled = client.get(link.replace("&amp;", "&")).content.decode()
    assert f'<option value="{sold.north.pk}" selected>' in filled
    assert 'value="SKU-STEADY"' in filled


def test_an_override_is_withdrawn_on_its_page(sold: Cast, client: Client) -> None:
    override = add(sold)
    client.force_login(sold.store_manager)
    page = reverse("admin:forecasting_forecastoverride_change", args=[override.pk])
    withdraw = reverse("admin:forecasting_forecastoverride_withdraw", args=[override.pk])
    assert "Why it is withdrawn" in client.get(page).content.decode()
    told = client.post(withdraw, {"reason": ""}, follow=True).content.decode()
    assert "Say in up to 500 characters why it is withdrawn." in told
    told = client.post(withdraw, {"reason": "not this year"}, follow=True).content.decode()
    assert "not this year" in told
    override.refresh_from_db()
    assert override.withdrawn_by == sold.store_manager


@pytest.mark.parametrize(("person", "status"), [("viewer", 403), ("outsider", 403), ("store_manager", 404)])
def test_who_may_not_withdraw_changes_nothing(person: str, status: int, cast: Cast, client: Client) -> None:
    override = add(cast, store=cast.south)
    client.force_login(cast.people[person])
    address = reverse("admin:forecasting_forecastoverride_withdraw", args=[override.pk])
    assert client.post(address, {"reason": "no"}).status_code == status
    override.refresh_from_db()
    assert override.is_active
