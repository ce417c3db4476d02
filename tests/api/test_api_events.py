"""``POST /api/v1/events``: one event or up to 500, an outcome each, within the sender's stores and rights."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.db import OperationalError
from django.test import override_settings
from rest_framework.test import APIClient

from invencare.lib import clock
from inventory.models import InventoryTransaction, Product, StockEvent, StockLevel
from tests.api.conftest import machine, person
from tests.cast import Cast


def sale(quantity: Any = 1, **changes: Any) -> dict[str, Any]:
    product = {"product_id": "SKU-STEADY", "quantity": quantity, "timestamp": "2026-03-15T09:00:00Z"}
    product |= {name: changes.pop(name) for name in list(changes) if name in {"product_id", "timestamp"}}
    return {"event_type": "sale", "store_id": "N1", "product": product, **changes}


def send(client: APIClient, body: Any) -> Any:
    return client.post("/api/v1/events", body, format="json")


def test_one_event_is_answered_with_what_it_did(cast: Cast) -> None:
    response = send(machine(cast.administrator, ["events:write"]), sale("3", event_id="till-1:9"))
    assert response.status_code == 207
    assert response.json() == {
        "results": [
            {
                "event_id": "till-1:9",
                "status": 200,
                "outcome": "applied",
                "reason": "",
                "fields": {},
                "warning": "",
                "before_units": 0,
                "after_units": -3,
            }
        ]
    }
    row = InventoryTransaction.objects.get()
    assert (row.source, row.idempotency_key) == ("event", "event:till-1:9")
    assert StockEvent.objects.get().source == "api"


def test_each_of_many_has_its_own_outcome(cast: Cast) -> None:
    bad = sale("many", event_id="b")
    response = send(person(cast.buyer), [sale(event_id="a"), bad, sale(event_id="a"), sale(2, event_id="c")])
    results = response.json()["results"]
    assert [result["status"] for result in results] == [200, 400, 409, 200]
    assert results[1]["fields"] == {"product.quantity": "This must be a whole number of units."}
    assert StockLevel.objects.get().on_hand_units == -3


def test_sending_again_changes_nothing_also_without_ids(cast: Cast) -> None:
    client = person(cast.buyer)
    send(client, [sale(), sale(2)])
    assert [result["status"] for result in send(client, [sale(2), sale()]).json()["results"]] == [409, 409]
    assert StockLevel.objects.get().on_hand_units == -3


@pytest.mark.parametrize("count", [0, 501])
def test_none_and_too_many_are_refused_whole(count: int, cast: Cast) -> None:
    response = send(person(cast.buyer), [sale(n + 1) for n in range(count)])
    assert (response.status_code, list(response.json()["error"]["fields"])) == (400, ["body"])
    assert not StockEvent.objects.exists()


def test_five_hundred_are_taken(cast: Cast) -> None:
    response = send(person(cast.buyer), [sale(1, event_id=str(n)) for n in range(500)])
    assert {result["status"] for result in response.json()["results"]} == {200}
    assert StockLevel.objects.get().on_hand_units == -500


def test_another_store_is_not_there_and_the_attempt_leaves_nothing(cast: Cast) -> None:
    for client in (person(cast.store_manager), machine(cast.administrator, ["events:write"], stores=[cast.north])):
        (result,) = send(client, sale(store_id="S1")).json()["results"]
        assert (result["status"], result["fields"]) == (400, {"store_id": "There is no store “S1” here."})
    assert not StockEvent.objects.exists()
    assert not StockLevel.objects.exists()


def test_a_store_manager_adds_no_product_by_an_event_and_a_buyer_does(cast: Cast) -> None:
    added = {**sale(7, product_id="P9"), "event_type": "product_added"}
    (refused,) = send(person(cast.store_manager), added).json()["results"]
    assert refused["status"] == 400
    assert not Product.objects.filter(sku="P9").exists()
    (done,) = send(person(cast.buyer), {**added, "event_id": "x"}).json()["results"]
    assert (done["status"], done["after_units"]) == (200, 7)


@override_settings(EVENT_DEFAULT_STORES={"*": "S1"})
def test_without_a_store_the_default_one_is_meant_and_the_scope_still_holds(cast: Cast) -> None:
    event = sale()
    del event["store_id"]
    assert send(person(cast.store_manager), event).json()["results"][0]["status"] == 400
    assert send(person(cast.buyer), event).json()["results"][0]["status"] == 200
    assert StockLevel.objects.get().store == cast.south


def test_an_event_of_the_future_is_refused_by_its_field(cast: Cast) -> None:
    soon = (clock.now() + timedelta(minutes=4)).isoformat()
    late = (clock.now() + timedelta(minutes=6)).isoformat()
    results = send(person(cast.buyer), [sale(timestamp=late), sale(timestamp=soon)]).json()["results"]
    assert [result["status"] for result in results] == [400, 200]
    assert list(results[0]["fields"]) == ["product.timestamp"]


def test_a_database_that_is_away_says_so_and_asks_for_the_same_again(cast: Cast) -> None:
    client = person(cast.buyer)
    with patch("inventory.services.events.intake.apply_batch", side_effect=OperationalError(2006, "gone")):
        response = send(client, sale())
    assert (response.status_code, response.headers["Retry-After"]) == (503, "1")
    assert send(client, sale()).json()["results"][0]["status"] == 200


def test_what_was_received_is_read_by_outcome_and_in_ones_own_stores(cast: Cast) -> None:
    send(person(cast.buyer), [sale(), sale("x"), sale(store_id="S1"), sale(store_id="X9")])
    client = person(cast.store_manager)
    seen = client.get("/api/v1/events").json()["results"]
    assert [(row["outcome"], row["store_id"]) for row in seen] == [("applied", "N1")]
    every = person(cast.viewer).get("/api/v1/events?outcome=rejected").json()["results"]
    assert [row["reason"] for row in every] == [
        "store_id: There is no store “X9” here.",
        "product.quantity: This must be a whole number of units.",
    ]
    assert json.loads(every[0]["payload"])["store_id"] == "X9"
