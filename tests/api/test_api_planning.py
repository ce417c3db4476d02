"""Calendar events, overrides and totals over the API: scope, filters, refusals."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from forecasting.models import CalendarEvent, DemandForecastTotal, ForecastOverride, ProductDemandForecast
from tests.api.conftest import World, event, forecast, machine, override, person, total
from tests.cast import TODAY, Cast

EVENTS, OVERRIDES, TOTALS = "/api/v1/calendar-events", "/api/v1/forecast-overrides", "/api/v1/forecasts/totals"
LATER = "2099-05-01"


def ids(client: Any, address: str) -> list[int]:
    response = client.get(address)
    assert response.status_code == 200, response.content
    return [row["id"] for row in response.json()["results"]]


def test_an_event_is_planned_read_and_switched_off(cast: Cast) -> None:
    client = person(cast.analyst)
    body = {
        "name": "Fair",
        "kind": "other",
        "first_day": LATER,
        "last_day": "2099-05-03",
        "store_ids": ["N1", "S1"],
        "product_ids": ["SKU-STEADY"],
        "categories": ["Tools"],
        "given_uplift": 1.5,
    }
    made = client.post(EVENTS, body, format="json")
    assert made.status_code == 201, made.content
    row = made.json()
    assert {name: row[name] for name in body} == body
    assert (row["is_active"], row["created_by_name"]) == (True, "ana")
    changed = client.patch(f"{EVENTS}/{row['id']}", {"is_active": False, "store_ids": ["N1"]}, format="json").json()
    assert (changed["is_active"], changed["store_ids"], changed["categories"]) == (False, ["N1"], ["Tools"])
    assert client.get(f"{EVENTS}/{row['id']}").json() == changed
    assert client.delete(f"{EVENTS}/{row['id']}").status_code == 405


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "party"}, "kind"),
        ({"last_day": "2099-04-30"}, "body"),
        ({"store_ids": ["NOWHERE"]}, "store_ids"),
        ({"store_ids": ["N1"], "country": "PT"}, "country"),
        ({"given_uplift": 99}, "given_uplift"),
        ({"created_by_name": "me"}, "created_by_name"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_an_event_that_makes_no_sense_is_refused_by_its_field(changes: dict[str, Any], field: str, cast: Cast) -> None:
    body = {"name": "Fair", "kind": "other", "first_day": LATER, "last_day": LATER, **changes}
    refused = person(cast.analyst).post(EVENTS, body, format="json")
    assert refused.status_code == 400
    assert field in refused.json()["error"]["fields"]
    assert not CalendarEvent.objects.exists()


def test_a_store_manager_sees_and_plans_own_stores_events(world: World) -> None:
    north, south = world.north["event"], world.south["event"]
    manager = person(world.cast.store_manager)
    assert ids(manager, EVENTS) == [north.pk]
    assert manager.get(f"{EVENTS}/{south.pk}").status_code == 404
    assert manager.patch(f"{EVENTS}/{south.pk}", {"is_active": False}, format="json").status_code == 404
    body = {"name": "Fair", "kind": "other", "first_day": LATER, "last_day": LATER}
    for reach in ({}, {"store_ids": ["S1"]}):
        refused = manager.post(EVENTS, {**body, **reach}, format="json")
        assert (refused.status_code, list(refused.json()["error"]["fields"])) == (400, ["store_ids"])
    both = event(world.cast.north, name="Both")
    both.stores.add(world.cast.south)
    assert manager.get(f"{EVENTS}/{both.pk}").json()["store_ids"] == ["N1"]
    assert manager.patch(f"{EVENTS}/{both.pk}", {"is_active": False}, format="json").status_code == 403
    everywhere = event(world.cast.north, name="Everywhere")
    everywhere.stores.clear()
    refused = manager.patch(f"{EVENTS}/{everywhere.pk}", {"is_active": False}, format="json")
    assert refused.status_code == 403
    everywhere.refresh_from_db()
    assert everywhere.is_active


def test_a_key_of_one_store_plans_there_alone(cast: Cast) -> None:
    key = machine(cast.administrator, ["forecasts:write", "forecasts:read"], stores=[cast.north])
    body = {"name": "Fair", "kind": "other", "first_day": LATER, "last_day": LATER}
    assert key.post(EVENTS, body, format="json").status_code == 400
    assert key.post(EVENTS, {**body, "store_ids": ["N1"]}, format="json").status_code == 201
    correction = {**body, "product_id": "SKU-STEADY", "action": "set", "amount": 3, "reason": "known"}
    del correction["name"], correction["kind"]
    assert key.post(OVERRIDES, {**correction, "store_id": "S1"}, format="json").status_code == 404
    assert key.post(OVERRIDES, {**correction, "store_id": "N1"}, format="json").status_code == 201


def test_events_are_filtered(cast: Cast) -> None:
    client = person(cast.viewer)
    fair = event(cast.north)
    closed = event(
        cast.south,
        name="Stocktaking",
        kind="closure",
        first_day=TODAY + timedelta(days=9),
        last_day=TODAY + timedelta(days=9),
    )
    off = event(
        cast.north, name="Off", is_active=False, first_day=TODAY - timedelta(days=9), last_day=TODAY - timedelta(days=9)
    )
    assert ids(client, EVENTS) == [closed.pk, fair.pk, off.pk]
    assert ids(client, f"{EVENTS}?kind=closure") == [closed.pk]
    assert ids(client, f"{EVENTS}?store_id=N1&is_active=true") == [fair.pk]
    assert ids(client, f"{EVENTS}?store_id=NOWHERE") == []
    assert ids(client, f"{EVENTS}?date_from={TODAY}&date_to={TODAY}") == [fair.pk]
    assert ids(client, f"{EVENTS}?search=stock") == [closed.pk]
    assert ids(client, f"{EVENTS}?ordering=first_day") == [off.pk, fair.pk, closed.pk]


def test_an_override_is_added_read_and_withdrawn(cast: Cast) -> None:
    forecast(cast.north, cast.steady)
    client = person(cast.buyer)
    ProductDemandForecast.objects.update(forecast_date="2099-05-01")
    body = {
        "product_id": "SKU-STEADY",
        "store_id": "N1",
        "first_day": LATER,
        "last_day": LATER,
        "action": "set",
        "amount": 9.0,
        "reason": "a fair",
    }
    made = client.post(OVERRIDES, body, format="json")
    assert made.status_code == 201, made.content
    row = made.json()
    assert {name: row[name] for name in body} == body
    assert (row["is_active"], row["created_by_name"], row["withdrawn_at"]) == (True, "bo", None)
    assert ProductDemandForecast.objects.get().daily["mean"] == [9.0, 3.0]
    assert client.post(f"{OVERRIDES}/{row['id']}/withdraw", {}, format="json").status_code == 400
    withdrawn = client.post(f"{OVERRIDES}/{row['id']}/withdraw", {"reason": "off"}, format="json").json()
    assert (withdrawn["is_active"], withdrawn["withdrawal_reason"]) == (False, "off")
    assert ProductDemandForecast.objects.get().daily["mean"] == [2.0, 3.0]
    assert client.post(f"{OVERRIDES}/{row['id']}/withdraw", {"reason": "off"}, format="json").status_code == 409
    assert client.get(f"{OVERRIDES}/{row['id']}").json() == withdrawn


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"product_id": "NO-SUCH"}, 404, "product_id"),
        ({"store_id": "NOWHERE"}, 404, "store_id"),
        ({"first_day": "2020-01-01", "last_day": "2020-01-01"}, 400, "last_day"),
        ({"amount": "many"}, 400, "amount"),
        ({"amount": 1e12}, 400, "amount"),
        ({"reason": ""}, 400, "reason"),
        ({"action": "guess"}, 400, "action"),
        ({"note": "x"}, 400, "note"),
    ],
)
def test_a_wrong_override_is_refused_by_its_field(changes: dict[str, Any], status: int, field: str, cast: Cast) -> None:
    body = {
        "product_id": "SKU-STEADY",
        "store_id": "N1",
        "first_day": LATER,
        "last_day": LATER,
        "action": "set",
        "amount": 9.0,
        "reason": "a fair",
    }
    refused = person(cast.buyer).post(OVERRIDES, {**body, **changes}, format="json")
    assert (refused.status_code, list(refused.json()["error"]["fields"])) == (status, [field])
    assert not ForecastOverride.objects.exists()


def test_a_store_manager_sees_and_withdraws_own_stores_overrides(world: World) -> None:
    manager = person(world.cast.store_manager)
    north, south = world.north["override"], world.south["override"]
    assert ids(manager, OVERRIDES) == [north.pk]
    assert manager.post(f"{OVERRIDES}/{south.pk}/withdraw", {"reason": "x"}, format="json").status_code == 404
    south.refresh_from_db()
    assert south.is_active


def test_overrides_are_filtered(cast: Cast) -> None:
    client = person(cast.viewer)
    live = override(cast.north, cast.steady)
    gone = override(
        cast.south, cast.dead, withdrawn_at="2026-03-16T10:00:00Z", first_day=TODAY, last_day=TODAY + timedelta(days=9)
    )
    assert ids(client, OVERRIDES) == [gone.pk, live.pk]
    assert ids(client, f"{OVERRIDES}?is_active=true") == [live.pk]
    assert ids(client, f"{OVERRIDES}?is_active=false&store_id=S1&product_id=SKU-DEAD") == [gone.pk]
    assert ids(client, f"{OVERRIDES}?date_from={TODAY + timedelta(days=1)}") == [gone.pk]


def test_totals_over_stores_are_shown_to_who_sees_every_store(world: World) -> None:
    company = total(None)
    product = total(None, level="product", key="1", product=world.cast.steady)
    north = world.north["total"]
    assert ids(person(world.cast.viewer), TOTALS) == [product.pk, company.pk, world.south["total"].pk, north.pk]
    assert ids(person(world.cast.store_manager), TOTALS) == [north.pk]
    key = machine(world.cast.administrator, ["forecasts:read"], stores=[world.cast.south])
    assert ids(key, TOTALS) == [world.south["total"].pk]


def test_a_total_has_its_days_with_bounds(cast: Cast) -> None:
    total(cast.north, level="store_category", category="Tools", key="1:Tools")
    total(cast.south)
    (row,) = person(cast.viewer).get(f"{TOTALS}?level=store_category&category=Tools&store_id=N1").json()["results"]
    assert (row["level"], row["store_id"], row["category"], row["product_id"], row["series"]) == (
        "store_category",
        "N1",
        "Tools",
        None,
        3,
    )
    assert row["horizon"] == {"mean": 5.0, "lower_80": 4.0, "upper_80": 6.0, "lower_95": 3.0, "upper_95": 7.0}
    assert row["daily"][1] == {"mean": 3.0, "lower_80": 2.0, "upper_80": 4.0, "lower_95": 1.0, "upper_95": 5.0}
    client = person(cast.viewer)
    assert client.get(f"{TOTALS}?forecast_date={TODAY - timedelta(days=1)}").json()["results"] == []
    assert client.get(f"{TOTALS}?level=planet").status_code == 400
    assert client.get(f"{TOTALS}?levl=store").status_code == 400
    assert DemandForecastTotal.objects.count() == 2
