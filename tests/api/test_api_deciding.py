"""Deciding by machine: an outcome per row, snooze, history, reasons, and keys that make a repeat harmless."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from rest_framework.test import APIClient

from insights.models import Decision, ReorderRecommendation
from insights.services.decision_reasons import create_reasons
from invencare.lib import clock
from inventory.models import PurchaseOrder
from tests.api.conftest import World, machine, once, person, recommendation
from tests.api.test_api_access import everything

DECIDE = "/api/v1/recommendations/decide"


@pytest.fixture(autouse=True)
def reasons(db: None) -> None:
    create_reasons(apps)


@pytest.fixture
def buyer(world: World) -> APIClient:
    PurchaseOrder.objects.filter(status="draft").delete()
    return person(world.cast.buyer)


def in_days(days: int) -> str:
    return (clock.now().date() + timedelta(days=days)).isoformat()


def ids(world: World) -> tuple[int, int, int]:
    return (
        world.north["recommendation"].pk,
        world.north["other_recommendation"].pk,
        world.south["recommendation"].pk,
    )


def test_each_row_has_its_own_outcome_and_refusals_leave_the_others_alone(buyer: APIClient, world: World) -> None:
    one, two, three = ids(world)
    body = {
        "decisions": [
            {"id": one, "action": "approve", "quantity": 30, "version": 1},
            {"id": two, "action": "approve", "quantity": 25},
            {"id": three, "action": "reject", "reason_code": "enough_stock"},
            {"id": 999_999, "action": "snooze", "until": in_days(3)},
        ]
    }
    answer = buyer.post(DECIDE, body, format="json")
    assert answer.status_code == 200
    results = answer.json()["results"]
    assert [(row["id"], row["outcome"], row["code"]) for row in results] == [
        (one, "approved", ""),
        (two, "refused", "invalid"),
        (three, "rejected", ""),
        (999_999, "refused", "not_found"),
    ]
    assert results[1]["field_errors"] == {
        "quantity": ["25 units cannot be ordered: packs of 6, at least 6. Use 24 or 30."]
    }
    assert results[0]["warning"].startswith("The forecast and the stock behind this recommendation are")
    assert PurchaseOrder.objects.get(status="draft").lines.get().ordered_units == 30
    assert ReorderRecommendation.objects.get(pk=two).status == "pending"


@pytest.mark.parametrize(
    ("decisions", "field"),
    [
        ([], "decisions"),
        ("all", "decisions"),
        ([{"action": "approve"}], "decisions.0.id"),
        ([{"id": 1, "action": "praise"}], "decisions.0.action"),
        ([{"id": 1, "action": "approve", "units": 6}], "decisions.0.units"),
        ([{"id": 1, "action": "approve", "quantity": 0}], "decisions.0.quantity"),
        ([{"id": 1, "action": "snooze", "until": "someday"}], "decisions.0.until"),
        ([{"id": 1, "action": "approve"}, {"id": 1, "action": "approve"}], "recommendation_ids"),
        ([{"id": n + 1, "action": "approve"} for n in range(1_001)], "decisions"),
    ],
)
def test_a_body_that_makes_no_sense_decides_nothing(decisions: Any, field: str, buyer: APIClient, world: World) -> None:
    before = everything()
    answer = buyer.post(DECIDE, {"decisions": decisions}, format="json")
    assert (answer.status_code, set(answer.json()["error"]["fields"])) == (400, {field})
    assert everything() == before


def test_a_store_manager_decides_own_rows_alone(world: World) -> None:
    one, _, three = ids(world)
    body = {"decisions": [{"id": pk, "action": "approve"} for pk in (one, three)]}
    before = ReorderRecommendation.objects.filter(pk=three).values().get()
    results = person(world.cast.store_manager).post(DECIDE, body, format="json").json()["results"]
    assert [row["outcome"] for row in results] == ["approved", "refused"]
    assert ReorderRecommendation.objects.filter(pk=three).values().get() == before


def test_the_same_request_again_gets_the_first_answer_and_orders_nothing_more(buyer: APIClient, world: World) -> None:
    key, (one, _, _) = once(), ids(world)
    body = {"decisions": [{"id": one, "action": "approve"}]}
    answers = [buyer.post(DECIDE, body, format="json", headers=key) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["Idempotent-Replayed"] == "true"
    assert PurchaseOrder.objects.get(status="draft").lines.get().ordered_units == 24
    assert Decision.objects.count() == 1
    [late] = buyer.post(DECIDE, body, format="json", headers=once()).json()["results"]
    assert (late["outcome"], late["code"]) == ("refused", "conflict")
    assert "was approved by bo" in late["message"]


def test_a_snooze_is_shown_and_refused_without_a_sensible_day(buyer: APIClient, world: World) -> None:
    path = f"/api/v1/recommendations/{ids(world)[0]}"
    for wrong in ({}, {"until": in_days(-1)}, {"until": in_days(200)}, {"until": "0001-01-01"}):
        refused = buyer.post(f"{path}/snooze", wrong, format="json")
        assert (refused.status_code, set(refused.json()["error"]["fields"])) == (400, {"until"})
    assert not Decision.objects.exists()
    day = in_days(5)
    kept = buyer.post(f"{path}/snooze", {"until": day, "reason_code": "count_first"}, format="json")
    assert (kept.status_code, kept.json()["snoozed_until"], kept.json()["reason_code"]) == (201, day, "count_first")
    shown = buyer.get(path).json()
    assert (shown["status"], shown["snoozed_until"], shown["version"]) == ("snoozed", day, 2)
    assert [row["id"] for row in buyer.get("/api/v1/recommendations?status=snoozed").json()["results"]] == [
        ids(world)[0]
    ]


def test_many_are_put_off_or_ordered_in_part(buyer: APIClient, world: World) -> None:
    one, two, three = ids(world)
    body = {"recommendation_ids": [one], "until": in_days(4)}
    assert buyer.post("/api/v1/recommendations/snooze", body, format="json").json()["done"] == [one]
    body = {"recommendation_ids": [two, three], "percent": 50, "reason_code": "space_or_budget"}
    assert buyer.post("/api/v1/recommendations/approve", body, format="json").json()["done"] == [two, three]
    assert set(Decision.objects.filter(action="approve").values_list("quantity", flat=True)) == {12}


def test_history_has_every_step_and_what_was_shown(buyer: APIClient, world: World) -> None:
    path = f"/api/v1/recommendations/{ids(world)[0]}"
    buyer.post(f"{path}/snooze", {"until": in_days(5)}, format="json")
    buyer.post(f"{path}/approve", {"quantity": 30}, format="json")
    events = buyer.get(f"{path}/history").json()["events"]
    assert [(event["action"], event["by"], event["status_before"], event["status_after"]) for event in events] == [
        ("recommend", "the nightly run", "", "pending"),
        ("snooze", "bo", "pending", "snoozed"),
        ("approve", "bo", "snoozed", "approved"),
    ]
    assert (events[2]["quantity_before"], events[2]["quantity_after"]) == (24, 30)
    assert events[2]["shown"]["dossier"] == {"policy": {"units": 24}}
    assert person(world.cast.store_manager).get(f"/api/v1/recommendations/{ids(world)[2]}/history").status_code == 404


def test_the_reasons_are_listed_by_kind(buyer: APIClient, world: World) -> None:
    rows = buyer.get("/api/v1/decisions/reasons").json()
    assert {"kind": "reject", "code": "delisted", "label": "The product is being taken off sale"} in rows


def test_a_key_cannot_sign_what_its_owner_proposed(world: World, settings: Any) -> None:
    settings.DECISION_VALUE_LIMIT = 50
    path = f"/api/v1/recommendations/{recommendation(world.cast, world.cast.north, world.cast.new).pk}/approve"
    assert person(world.cast.buyer).post(path, {}, format="json").status_code == 202
    key = machine(world.cast.buyer, ["recommendations:decide"])
    before = everything()
    assert key.post(path, {}, format="json").status_code == 403
    assert everything() == before
