"""PA-6: one service behind the REST call, the task and the Lambda call."""

from __future__ import annotations

import json
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from rest_framework.test import APIClient

from insights.models import ReorderRecommendation
from insights.services import reorder
from insights.services.decisions import reject, snooze
from insights.services.optimize import optimize_store
from insights.tasks import optimize_store as optimize_task
from invencare.entrypoints.functions import inventory_optimizer
from invencare.lib import clock
from inventory.models import Supplier
from inventory.querysets.scope import EVERY_STORE
from tests.cast import NOW, TODAY, Cast, movement, record, set_bounds
from tests.insights.made_forecasts import forecast

KEYS = (
    "productId productName category currentStock recommendedStock recommendedOrderQuantity urgencyLevel recommendationType "
    "estimatedDailyDemand daysOfStockCurrent serviceLevel stockoutProbability estimatedCostSavings reasoning "
    "implementationPriority"
).split()


@pytest.fixture
def store(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Cast:
    """Low, full and comfortable stock: 20 of 30, 95 of 100, 60 of 10 to 100 units; 4 a day are expected of each."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
    for product, units, minimum, maximum in [
        (cast.steady, 20, 30, 100),
        (cast.seasonal, 95, 10, 100),
        (cast.intermittent, 60, 10, 100),
    ]:
        record(movement(cast.north, product, "count", units))
        set_bounds(cast.north, product, minimum=minimum, maximum=maximum)
        forecast(cast, product)
    return cast


def skus(found: Any) -> list[str]:
    return [one["product_id"] for one in found.recommendations]


def test_only_what_lies_near_its_bounds_unless_all_is_asked_for(store: Cast) -> None:
    near = optimize_store(store=store.north, now=NOW)
    assert skus(near) == ["SKU-STEADY", "SKU-SEASONAL"]
    every = optimize_store(store=store.north, now=NOW, include_all_products=True)
    assert skus(every) == ["SKU-STEADY", "SKU-INTERMITTENT", "SKU-SEASONAL"]
    assert [one["implementation_priority"] for one in every.recommendations] == [1, 2, 3]
    assert [one["recommendation_type"] for one in every.recommendations] == ["order", "maintain", "reduce"]
    assert (every.goal, every.recommendation_date, every.forecast_date, every.failures) == (
        "balanced",
        TODAY,
        TODAY,
        [],
    )


def test_what_is_said_of_a_product(store: Cast) -> None:
    [order, _] = optimize_store(store=store.north, now=NOW).recommendations
    row = ReorderRecommendation.objects.get()
    reasoning = order.pop("reasoning")
    assert order == {
        "product_id": "SKU-STEADY",
        "product_name": "Steady product",
        "category": "Coffee",
        "current_stock": 20,
        "recommended_stock": order["recommended_stock"],
        "recommended_order_quantity": row.recommended_order_quantity,
        "urgency_level": row.urgency_level,
        "recommendation_type": "order",
        "estimated_daily_demand": 4.0,
        "days_of_stock_current": 5.0,
        "service_level": 0.92,
        "stockout_probability": pytest.approx(row.stockout_probability, abs=1e-4),
        "estimated_cost_savings": pytest.approx(row.dossier["result"]["saved"], abs=0.01),
        "implementation_priority": 1,
    }
    assert order["recommended_stock"] >= row.dossier["result"]["target_level"]
    assert reasoning.startswith(f"{row.recommended_order_quantity} units bring the stock")
    assert row.status == "pending"


def test_the_goals_are_the_policys(store: Cast) -> None:
    """A fill rate of 92 % is less than what costs least at a margin of 2.00 against 0.012 of holding."""
    orders = {}
    for goal in ("service_level", "balanced", "cost"):
        found = optimize_store(store=store.north, now=NOW, goal=goal)
        assert found.goal == goal
        orders[goal] = ReorderRecommendation.objects.get().dossier["steps"]["raw"]
        assert ReorderRecommendation.objects.get().dossier["policy"]["goal"] == goal
    assert orders["service_level"] < orders["balanced"] < orders["cost"]


def test_an_older_forecast_is_used_and_the_row_knows_its_day(store: Cast) -> None:
    later = NOW + timedelta(days=2)
    found = optimize_store(store=store.north, now=later)
    row = ReorderRecommendation.objects.get()
    assert (found.forecast_date, row.forecast_date) == (TODAY, TODAY)
    assert row.recommendation_date == TODAY + timedelta(days=2)


def test_a_forecast_that_is_too_old_is_none(store: Cast) -> None:
    found = optimize_store(store=store.north, now=NOW + timedelta(days=15))
    assert found.forecast_date is None
    assert found.recommendations[0]["estimated_daily_demand"] is None


def test_what_people_decided_or_put_off_stays(store: Cast) -> None:
    record(movement(store.north, store.dead, "count", 2))
    set_bounds(store.north, store.dead, minimum=30, maximum=0)
    optimize_store(store=store.north, now=NOW)
    first, second = ReorderRecommendation.objects.order_by("pk")
    reject(recommendation_id=first.pk, actor=store.buyer, now=NOW, scope=EVERY_STORE, reason="seen")
    snooze(recommendation_id=second.pk, until=TODAY + timedelta(days=3), actor=store.buyer, now=NOW, scope=EVERY_STORE)
    before = list(ReorderRecommendation.objects.order_by("pk").values())
    found = optimize_store(store=store.north, now=NOW, goal="cost")
    assert list(ReorderRecommendation.objects.order_by("pk").values()) == before
    assert {"SKU-STEADY", "SKU-DEAD"} <= set(skus(found))


def test_one_bad_product_is_named_and_stops_no_other(store: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    good = reorder.proposal

    def broken(frame: Any, product_id: int, *rest: Any, **options: Any) -> Any:
        if product_id == store.steady.pk:
            raise ValueError("no such thing")
        return good(frame, product_id, *rest, **options)

    monkeypatch.setattr(reorder, "proposal", broken)
    found = optimize_store(store=store.north, now=NOW, include_all_products=True)
    assert skus(found) == ["SKU-INTERMITTENT", "SKU-SEASONAL"]
    assert found.failures == [{"product_id": "SKU-STEADY", "message": "ValueError: no such thing"}]


def test_a_supplier_whose_minimum_does_not_pay_makes_it_wait(store: Cast) -> None:
    Supplier.objects.update(minimum_order_value=1_000_000)
    set_bounds(store.north, store.steady, minimum=17, maximum=0)
    [waiting, _] = optimize_store(store=store.north, now=NOW).recommendations
    assert (waiting["recommended_order_quantity"], waiting["recommendation_type"]) == (0, "wait")
    assert "the supplier's minimum order is above what pays" in waiting["reasoning"]


def test_the_lambda_call_answers_in_the_form_of_its_contract(store: Cast) -> None:
    answer = inventory_optimizer({"storeId": "N1", "optimizationGoal": "cost"}, SimpleNamespace(aws_request_id="1"))
    body = json.loads(answer["body"])
    assert answer["statusCode"] == 200
    assert body.pop("timestamp") == NOW.isoformat()
    [first, second] = body.pop("recommendations")
    assert body == {
        "success": True,
        "storeId": "N1",
        "includeAllProducts": False,
        "optimizationGoal": "cost",
        "recommendationDate": TODAY.isoformat(),
        "forecastDate": TODAY.isoformat(),
        "totalRecommendations": 2,
        "failures": [],
    }
    assert sorted(first) == sorted(second) == sorted(KEYS)
    assert first["productId"] == "SKU-STEADY"


@pytest.mark.parametrize(
    ("event", "status", "error"),
    [
        ({}, 400, "Missing required parameter: storeId"),
        ({"storeId": "N1", "optimizationGoal": "profit"}, 400, "The request was refused: see optimizationGoal."),
        ({"storeId": "N1", "includeAllProducts": "perhaps"}, 400, "The request was refused: see includeAllProducts."),
        ({"storeId": "N1", "budget": -1}, 400, "The request was refused: see budget."),
        ({"storeId": "NOWHERE"}, 404, "Not found."),
    ],
)
def test_what_the_lambda_call_refuses(store: Cast, event: Any, status: int, error: str) -> None:
    answer = inventory_optimizer(event, None)
    assert (answer["statusCode"], json.loads(answer["body"])["error"]) == (status, error)
    assert not ReorderRecommendation.objects.exists()


def test_the_task_does_the_same(store: Cast) -> None:
    assert optimize_task(store_id="N1", include_all_products=True) == {"planned": 3, "failed": 0}
    assert ReorderRecommendation.objects.count() == 1


def ask(user: Any, **body: Any) -> Any:
    client = APIClient()
    client.force_login(user)
    return client.post("/api/v1/optimize", {"store_id": "N1", **body}, format="json")


def test_the_api_answers_in_snake_case(store: Cast) -> None:
    answer = ask(store.buyer, include_all_products=True, budget=100)
    assert answer.status_code == 200
    assert answer.json()["total_recommendations"] == 3
    assert answer.json()["recommendations"][0]["recommended_order_quantity"] * 3 <= 100


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("administrator", 200),
        ("buyer", 200),
        ("store_manager", 200),
        ("analyst", 403),
        ("viewer", 403),
        ("outsider", 403),
    ],
)
def test_who_may_plan(store: Cast, name: str, status: int) -> None:
    assert ask(store.people[name]).status_code == status
    assert ReorderRecommendation.objects.exists() == (status == 200)


def test_a_store_manager_plans_own_stores_alone(store: Cast) -> None:
    assert ask(store.store_manager, store_id="S1").status_code == 404
