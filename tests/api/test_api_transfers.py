"""Transfers by the API: their life, whose step is whose, and orders' papers beside them."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from inventory.models import InventoryTransaction, PurchaseOrder, StockLevel, StockTransfer, Store
from tests.api.conftest import World, machine, once, person, transfer
from tests.api.test_api_access import everything
from tests.cast import Cast


def post(client: APIClient, path: str, body: dict[str, Any], key: str = "") -> Any:
    headers = {"Idempotency-Key": key} if key else once()
    return client.post(f"/api/v1/{path}", body, format="json", headers=headers)


@pytest.fixture
def buyer(cast: Cast) -> APIClient:
    return person(cast.buyer)


def test_a_transfer_lives_from_draft_to_received(cast: Cast, buyer: APIClient) -> None:
    body = {"from_store_id": "S1", "to_store_id": "N1", "lines": [{"product_id": "SKU-STEADY", "units": 10}]}
    made = post(buyer, "transfers", body, "new-1").json()
    assert post(buyer, "transfers", body, "new-1").json() == made
    assert (made["status"], made["from_store_id"], StockTransfer.objects.count()) == ("draft", "S1", 1)
    path, line = f"transfers/{made['id']}", made["lines"][0]["id"]
    assert post(buyer, f"{path}/send", {}).status_code == 409
    assert post(buyer, f"{path}/approve", {"version": made["version"]}).json()["status"] == "approved"
    sent = post(buyer, f"{path}/send", {"expected_date": "2999-01-01"}).json()
    assert (sent["status"], sent["expected_date"], sent["lines"][0]["open_units"]) == ("sent", "2999-01-01", 10)
    manager = person(cast.store_manager)
    partly = post(manager, f"{path}/receive", {"lines": [{"line_id": line, "units": 7}]}).json()
    assert (partly["status"], partly["lines"][0]["open_units"]) == ("partly_received", 3)
    closed = post(manager, f"{path}/close", {"reason": "lost"}).json()
    assert (closed["status"], closed["lines"][0]["lost_units"]) == ("received", 3)
    assert dict(StockLevel.objects.values_list("store__code", "on_hand_units")) == {"S1": -10, "N1": 7}


def test_the_same_arrival_again_is_answered_again_and_booked_once(cast: Cast, world: World) -> None:
    arriving = world.north["arriving"]
    body = {"lines": [{"line_id": arriving.lines.get().pk, "units": 6}]}
    client = person(cast.store_manager)
    answers = [post(client, f"transfers/{arriving.pk}/receive", body, "a-1") for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert InventoryTransaction.objects.filter(movement_type="transfer_in").count() == 1


def test_a_transfer_between_strange_stores_is_not_there_and_cannot_be_written(cast: Cast, world: World) -> None:
    east = Store.objects.create(code="E1", name="East")
    strange = transfer(cast.south, east, cast.steady, "sent")
    key = machine(cast.administrator, ["transfers:read", "transfers:write"], stores=[cast.north])
    before = everything()
    for client in (person(cast.store_manager), key):
        assert client.get(f"/api/v1/transfers/{strange.pk}").status_code == 404
        assert strange.pk not in [row["id"] for row in client.get("/api/v1/transfers").json()["results"]]
        for step, body in [("approve", {}), ("send", {}), ("cancel", {}), ("close", {"reason": "x"})]:
            assert post(client, f"transfers/{strange.pk}/{step}", body).status_code == 404
        wanted = {"from_store_id": "S1", "to_store_id": "E1", "lines": [{"product_id": "SKU-STEADY", "units": 1}]}
        assert post(client, "transfers", wanted).status_code == 403
    assert everything() == before


def test_the_other_ends_steps_are_refused_and_change_nothing(cast: Cast, world: World) -> None:
    manager = person(cast.store_manager)  # of the north
    arriving, leaving = world.south["leaving_draft"], world.south["arriving"]  # from south to north, and back
    line = leaving.lines.get().pk
    before = everything()
    for path, body in [
        (f"transfers/{arriving.pk}/approve", {}),
        (f"transfers/{world.south['leaving_approved'].pk}/send", {}),
        (f"transfers/{leaving.pk}/receive", {"lines": [{"line_id": line, "units": 1}]}),
        (f"transfers/{leaving.pk}/close", {"reason": "lost"}),
    ]:
        assert post(manager, path, body).status_code == 403, path
    assert everything() == before


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"to_store_id": "N1"}, 400, "to_store_id"),
        ({"to_store_id": "NOWHERE"}, 404, "to_store_id"),
        ({"lines": []}, 400, "lines"),
        ({"lines": [{"product_id": "SKU-STEADY", "units": 0}]}, 400, "lines.0.units"),
        ({"lines": [{"product_id": "NOPE", "units": 1}]}, 400, "lines"),
        ({"lines": [{"product_id": "SKU-STEADY", "units": 1}] * 2}, 400, "lines"),
        ({"status": "sent"}, 400, "status"),
    ],
)
def test_a_transfer_that_cannot_be_is_refused_by_field(
    cast: Cast, buyer: APIClient, body: dict[str, Any], status: int, field: str
) -> None:
    right = {"from_store_id": "N1", "to_store_id": "S1", "lines": [{"product_id": "SKU-STEADY", "units": 2}]}
    response = post(buyer, "transfers", {**right, **body})
    assert (response.status_code, list(response.json()["error"]["fields"])) == (status, [field])
    assert not StockTransfer.objects.exists()


def test_transfers_are_filtered(cast: Cast, world: World, buyer: APIClient) -> None:
    found = buyer.get("/api/v1/transfers?from_store_id=N1&status=approved").json()["results"]
    assert [row["id"] for row in found] == [world.north["leaving_approved"].pk]


@pytest.mark.parametrize(
    ("paper", "kind", "begins"), [("pdf", "application/pdf", b"%PDF-"), ("csv", "text/csv", b"order,")]
)
@pytest.mark.parametrize("accept", ["*/*", "application/pdf", "text/html"])
def test_papers_of_an_order_are_downloads(
    world: World, buyer: APIClient, paper: str, kind: str, begins: bytes, accept: str
) -> None:
    order: PurchaseOrder = world.north["sent"]
    response = buyer.get(f"/api/v1/purchase-orders/{order.pk}/{paper}", headers={"Accept": accept})
    assert (response.status_code, response.headers["Content-Type"].partition(";")[0]) == (200, kind)
    assert response.headers["Content-Disposition"] == f'attachment; filename="{order.number}.{paper}"'
    assert response.content.startswith(begins)
    missing = buyer.get(f"/api/v1/purchase-orders/999/{paper}", headers={"Accept": accept})
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "not_found")


def test_a_delivery_with_refused_and_cancelled_units_is_shown_as_such(world: World, buyer: APIClient) -> None:
    order = world.north["sent"]
    line = {"line_id": order.lines.get().pk, "units": 5, "refused_units": 2, "refusal": "wet", "close_reason": "short"}
    answer = post(buyer, f"purchase-orders/{order.pk}/receive", {"lines": [line]}).json()
    shown = {
        name: answer["lines"][0][name] for name in ("received_units", "refused_units", "cancelled_units", "open_units")
    }
    assert shown == {"received_units": 5, "refused_units": 2, "cancelled_units": 7, "open_units": 0}
    assert (answer["status"], answer["lines"][0]["close_reason"]) == ("received", "short")


@pytest.mark.parametrize("line", [{}, {"units": 0}, {"close_reason": "because", "units": 1}, {"refused_units": -1}])
def test_a_line_of_a_delivery_says_something_that_can_be(world: World, buyer: APIClient, line: dict[str, Any]) -> None:
    order = world.north["sent"]
    body = {"lines": [{"line_id": order.lines.get().pk, **line}]}
    assert post(buyer, f"purchase-orders/{order.pk}/receive", body).status_code == 400
    assert order.lines.get().received_units == 0


def test_mailing_again_with_one_key_mails_once(
    world: World, buyer: APIClient, mailoutbox: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    order = world.north["sent"]
    for _ in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            answer = post(buyer, f"purchase-orders/{order.pk}/mail", {}, "mail-1")
    assert (answer.json()["mail_state"], len(mailoutbox)) == ("mailed", 1)
    assert [row["id"] for row in buyer.get("/api/v1/purchase-orders?mail_state=mailed").json()["results"]] == [order.pk]
