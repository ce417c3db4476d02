"""From the recommendation to the delivery, the stored forecast, performance and runs."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from rest_framework.test import APIClient

from analytics.models import ProductPerformance
from insights import tasks
from insights.models import AnalysisRun, Decision
from invencare.lib import clock
from inventory.models import PurchaseOrder, StockLevel
from tests.api.conftest import World, machine, once, person
from tests.cast import Cast, movement, record


@pytest.fixture
def buyer(world: World) -> APIClient:
    return person(world.cast.buyer)


def test_the_whole_loop_by_key(world: World) -> None:
    scopes = ["recommendations:read", "recommendations:decide", "orders:read", "orders:write"]
    client = machine(world.cast.buyer, scopes, stores=[world.cast.north])
    PurchaseOrder.objects.filter(status="draft").delete()
    (row,) = client.get("/api/v1/recommendations?status=pending&product_id=SKU-STEADY").json()["results"]
    decision = client.post(
        f"/api/v1/recommendations/{row['id']}/approve",
        {"quantity": 30, "reason": "fair on Sunday", "version": row["version"]},
        format="json",
    )
    assert decision.status_code == 201
    assert (decision.json()["quantity"], decision.json()["decided_by"]) == (30, "bo")
    detail = client.get(f"/api/v1/recommendations/{row['id']}").json()
    assert (detail["status"], detail["approved_quantity"], detail["dossier"]) == (
        "approved",
        30,
        {"policy": {"units": 24}},
    )
    assert [made["reason"] for made in detail["decisions"]] == ["fair on Sunday"]
    path = f"/api/v1/purchase-orders/{detail['purchase_order_id']}"
    assert client.get(path).json()["order_value"] == "90.0000"
    for step, status in [("approve", "approved"), ("send", "sent")]:
        assert client.post(f"{path}/{step}", {}, format="json").json()["status"] == status
    line = client.get(path).json()["lines"][0]
    partly = client.post(
        f"{path}/receive", {"lines": [{"line_id": line["id"], "units": 18}]}, format="json", headers=once()
    ).json()
    assert (partly["status"], partly["lines"][0]["open_units"]) == ("partly_received", 12)
    closed = client.post(f"{path}/close", {}, format="json").json()
    assert closed["status"] == "received"
    level = StockLevel.objects.get(store=world.cast.north, product=world.cast.steady)
    assert level.on_hand_units == 36 + 18


def test_second_decision_is_told_who_was_first(buyer: APIClient, world: World) -> None:
    path = f"/api/v1/recommendations/{world.north['recommendation'].pk}"
    assert buyer.post(f"{path}/reject", {"reason": "enough"}, format="json").status_code == 201
    late = person(world.cast.administrator).post(f"{path}/approve", {}, format="json")
    assert (late.status_code, late.json()["error"]["code"]) == (409, "conflict")
    assert "was rejected by bo at" in late.json()["error"]["message"]
    assert Decision.objects.count() == 1


@pytest.mark.parametrize(
    ("verb", "body", "status", "field"),
    [
        ("approve", {"quantity": 0}, 400, "quantity"),
        ("approve", {"quantity": 25}, 400, "quantity"),  # not in packs of 6
        ("approve", {"version": 7}, 409, None),
        ("approve", {"units": 6}, 400, "units"),
        ("reject", {}, 400, "reason"),
        ("reject", {"reason": "  "}, 400, "reason"),
        ("reject", {"reason": "x" * 501}, 400, "reason"),
    ],
)
def test_decision_that_makes_no_sense_is_refused(
    verb: str, body: Any, status: int, field: str | None, buyer: APIClient, world: World
) -> None:
    row = world.north["recommendation"]
    response = buyer.post(f"/api/v1/recommendations/{row.pk}/{verb}", body, format="json")
    assert response.status_code == status
    assert set(response.json()["error"]["fields"]) == ({field} if field else set())
    row.refresh_from_db()
    assert (row.status, Decision.objects.count()) == ("pending", 0)


def test_value_over_the_limit_waits_for_a_second_person(world: World, settings: Any) -> None:
    settings.DECISION_VALUE_LIMIT = 50
    path = f"/api/v1/recommendations/{world.north['recommendation'].pk}"
    PurchaseOrder.objects.filter(status="draft").delete()
    first = person(world.cast.buyer).post(f"{path}/approve", {}, format="json")
    assert (first.status_code, first.json()["action"], first.json()["status_after"]) == (202, "propose", "proposed")
    assert not PurchaseOrder.objects.filter(status="draft").exists()
    shown = person(world.cast.viewer).get(path).json()
    assert (shown["status"], shown["proposed_by"], shown["proposed_quantity"]) == ("proposed", "bo", 24)
    again = person(world.cast.buyer).post(f"{path}/approve", {}, format="json")
    assert (again.status_code, "You proposed this yourself" in again.json()["error"]["message"]) == (403, True)
    second = person(world.cast.administrator).post(f"{path}/approve", {}, format="json")
    assert (second.status_code, second.json()["proposed_by"], second.json()["decided_by"]) == (201, "bo", "ada")
    assert PurchaseOrder.objects.get(status="draft").lines.get().ordered_units == 24


def test_bulk_rejection_names_what_was_skipped(buyer: APIClient, world: World) -> None:
    ours, decided = world.north["recommendation"], world.north["other_recommendation"]
    buyer.post(f"/api/v1/recommendations/{decided.pk}/approve", {}, format="json")
    body = {"recommendation_ids": [ours.pk, decided.pk, ours.pk], "reason": "season is over"}
    outcome = buyer.post("/api/v1/recommendations/reject", body, format="json").json()
    assert outcome["done"] == [ours.pk]
    assert [skipped["id"] for skipped in outcome["skipped"]] == [decided.pk]
    for wrong in ([], ["x"], [0], list(range(1, 1_002)), 5):
        response = buyer.post("/api/v1/recommendations/reject", {**body, "recommendation_ids": wrong}, format="json")
        assert response.status_code == 400


@pytest.mark.parametrize(
    ("row", "step"),
    [("sent", "approve"), ("draft", "send"), ("sent", "close"), ("partly", "cancel")],
)
def test_step_that_the_order_does_not_allow(row: str, step: str, buyer: APIClient, world: World) -> None:
    before = world.north[row].status
    response = buyer.post(f"/api/v1/purchase-orders/{world.north[row].pk}/{step}", {}, format="json")
    assert (response.status_code, response.json()["error"]["code"]) == (409, "conflict")
    world.north[row].refresh_from_db()
    assert world.north[row].status == before


def test_step_on_another_version_is_refused(buyer: APIClient, world: World) -> None:
    path = f"/api/v1/purchase-orders/{world.north['draft'].pk}"
    assert buyer.post(f"{path}/approve", {"version": 2}, format="json").status_code == 409
    assert buyer.post(f"{path}/approve", {"version": 1, "now": True}, format="json").status_code == 400
    assert buyer.post(f"{path}/cancel", {"version": 1, "reason": "late"}, format="json").json()["status"] == "cancelled"


@pytest.mark.parametrize("units", [0, -1, 10**10, 25, "six"])
def test_delivery_that_makes_no_sense_is_refused(units: Any, buyer: APIClient, world: World) -> None:
    sent = world.north["sent"]
    body = {"lines": [{"line_id": sent.lines.get().pk, "units": units}]}
    response = buyer.post(f"/api/v1/purchase-orders/{sent.pk}/receive", body, format="json", headers=once())
    assert response.status_code == 400
    assert sent.lines.get().received_units == 0


def test_lines_of_another_order_and_lines_named_twice_are_refused(buyer: APIClient, world: World) -> None:
    sent, other = world.north["sent"], world.north["partly"].lines.get().pk
    own = sent.lines.get().pk
    for lines in ([{"line_id": other, "units": 1}], [{"line_id": own, "units": 1}, {"line_id": own, "units": 1}]):
        path = f"/api/v1/purchase-orders/{sent.pk}/receive"
        response = buyer.post(path, {"lines": lines}, format="json", headers=once())
        assert (response.status_code, set(response.json()["error"]["fields"])) == (400, {"lines"})
    assert sent.lines.get().received_units == 0


def test_performance_of_a_product(cast: Cast) -> None:
    yesterday = clock.business_date(clock.now(), cast.north.zone) - timedelta(days=1)
    record(
        movement(cast.north, cast.steady, "count", 50, day=yesterday - timedelta(days=20)),
        movement(cast.north, cast.steady, "sale", 10, day=yesterday, unit_price=Decimal("5.00")),
        now=clock.now(),
    )
    body = {"product_id": "SKU-STEADY", "store_id": "N1", "analysis_period": 10}
    answer = person(cast.viewer).post("/api/v1/performance", body, format="json").json()
    expected = {
        "product_id": "SKU-STEADY",
        "store_id": "N1",
        "analysis_period": 10,
        "period_type": "weekly",
        "product_name": "Steady product",
        "category": "Coffee",
        "store_name": "North",
        "total_sales_volume": 10,
        "total_sales_revenue": "50.0000",
        "average_sale_price": "5.0000",
        "sales_velocity": 1.0,
        "current_stock": 40,
        "stock_status": "Normal",
        "stock_risk": "Low",
        "abc_classification": "A",
        "transaction_count": 1,
        "analysis_date": yesterday.isoformat(),
    }
    assert {name: answer[name] for name in expected} == expected
    assert 0 <= answer["performance_score"] <= 100
    assert person(cast.viewer).post("/api/v1/performance", body, format="json").json() == answer
    assert ProductPerformance.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"product_id": None}, 400, "product_id"),
        ({"store_id": None}, 400, "store_id"),
        ({"analysis_period": 0}, 400, "analysis_period"),
        ({"analysis_period": "month"}, 400, "analysis_period"),
        ({"analysisPeriod": 30}, 400, "analysisPeriod"),
        ({"product_id": "SKU-NONE"}, 404, "product_id"),
        ({"store_id": "NOWHERE"}, 404, "store_id"),
    ],
)
def test_performance_names_what_is_wrong(changes: dict[str, Any], status: int, field: str, cast: Cast) -> None:
    body = {"product_id": "SKU-STEADY", "store_id": "N1", **changes}
    body = {name: value for name, value in body.items() if value is not None}
    response = person(cast.viewer).post("/api/v1/performance", body, format="json")
    assert (response.status_code, set(response.json()["error"]["fields"])) == (status, {field})
    assert not ProductPerformance.objects.exists()


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01", "1999-12-31", "2026-02-30", "today"])
def test_run_of_a_day_that_cannot_be_analysed(day: str, cast: Cast) -> None:
    response = person(cast.analyst).post("/api/v1/runs", {"business_date": day}, format="json")
    assert (response.status_code, set(response.json()["error"]["fields"])) == (400, {"business_date"})
    assert not AnalysisRun.objects.exists()


def test_run_is_started_once_and_workers_are_told(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    told: list[int] = []
    monkeypatch.setattr(tasks, "dispatch", told.append)
    client = person(cast.analyst)
    answers = []
    for _ in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            answers.append(client.post("/api/v1/runs", {"business_date": "2026-03-15"}, format="json"))
    run = AnalysisRun.objects.get()
    assert [answer.status_code for answer in answers] == [202, 202]
    assert [answer.json()["id"] for answer in answers] == [run.pk, run.pk]
    assert (run.started_by, told) == (cast.analyst, [run.pk, run.pk])
    assert client.get(f"/api/v1/runs/{run.pk}").json()["failures"] == []
