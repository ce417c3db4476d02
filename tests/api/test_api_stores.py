"""Store scope: another store's rows are not there, by list, by id and by name, for people and for keys."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from inventory.models import SalesFile, StockLevel
from tests.api.conftest import World, machine, once, person
from tests.api.test_api_access import everything

LISTS = {
    "stores": "code",
    "stock": "store_id",
    "transactions": "store_id",
    "events": "store_id",
    "sales-data/files": "store_id",
    "sales-data/SKU-STEADY": "store_id",
    "purchase-orders": "store_id",
    "recommendations": "store_id",
    "forecasts": "store_id",
}
DETAILS = {
    "stock/{level}": "get",
    "sales-data/files/{file}": "get",
    "purchase-orders/{draft}": "get",
    "recommendations/{recommendation}": "get",
}
WRITES: dict[str, Any] = {
    "stock/{level}/adjust": {"change": 1, "reason": "found"},
    "stock/{level}/count": {"counted_units": 1, "reason": "shelf"},
    "purchase-orders/{sent}/receive": {"lines": [{"line_id": 1, "units": 1}]},
    "recommendations/{recommendation}/approve": {},
    "recommendations/{recommendation}/reject": {"reason": "no"},
}


@pytest.fixture
def manager(world: World) -> APIClient:
    return person(world.cast.store_manager)


@pytest.fixture
def north_key(world: World) -> APIClient:
    """A key of the administrator, who sees every store, tied to the north."""
    scopes = ["catalogue:read", "stock:read", "events:read", "stock:write", "sales:read", "sales:write", "orders:read"]
    scopes += ["orders:write", "recommendations:read", "recommendations:decide", "analytics:read"]
    scopes += ["forecasts:read", "forecasts:write"]
    return machine(world.cast.administrator, scopes, stores=[world.cast.north])


@pytest.fixture(params=["manager", "north_key"])
def in_the_north(request: pytest.FixtureRequest) -> APIClient:
    client: APIClient = request.getfixturevalue(request.param)
    return client


def _path(template: str, rows: dict[str, Any]) -> str:
    return "/api/v1/" + template.format(**{name: getattr(row, "pk", row) for name, row in rows.items()})


@pytest.mark.parametrize("path", LISTS)
def test_lists_hold_own_stores_alone(path: str, in_the_north: APIClient, world: World) -> None:
    field = LISTS[path]
    everywhere = {row[field] for row in person(world.cast.viewer).get(f"/api/v1/{path}").json()["results"]}
    here = {row[field] for row in in_the_north.get(f"/api/v1/{path}").json()["results"]}
    assert (everywhere, here) == ({"N1", "S1"}, {"N1"})


@pytest.mark.parametrize("template", DETAILS)
def test_another_stores_row_is_not_there(template: str, in_the_north: APIClient, world: World) -> None:
    assert in_the_north.get(_path(template, world.north)).status_code == 200
    response = in_the_north.get(_path(template, world.south))
    assert (response.status_code, response.json()["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize("template", WRITES)
def test_another_stores_row_cannot_be_written(template: str, in_the_north: APIClient, world: World) -> None:
    before = everything()
    response = in_the_north.post(_path(template, world.south), WRITES[template], format="json", headers=once())
    assert response.status_code == 404
    assert everything() == before


def test_bounds_of_another_store_stay(in_the_north: APIClient, world: World) -> None:
    path = _path("stock/{level}", world.south)
    assert in_the_north.patch(path, {"minimum_units": 9}, format="json").status_code == 404
    assert StockLevel.objects.get(pk=world.south["level"].pk).minimum_units == 0


def test_movement_for_another_store_is_refused_with_all_others(in_the_north: APIClient, world: World) -> None:
    sale = {"product_id": "SKU-STEADY", "movement_type": "sale", "quantity": 1}
    before = everything()
    response = in_the_north.post(
        "/api/v1/transactions",
        {"movements": [{**sale, "store_id": "N1"}, {**sale, "store_id": "S1"}]},
        format="json",
        headers=once(),
    )
    assert response.status_code == 404
    assert response.json()["error"]["fields"] == {"movements.1.store_id": ["There is no store “S1” here."]}
    assert everything() == before


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("post", "performance", {"product_id": "SKU-STEADY", "store_id": "S1"}),
        ("get", "forecasts/SKU-STEADY?store_id=S1", None),
        ("get", "forecasts/SKU-STEADY/accuracy?store_id=S1", None),
        ("get", "forecasts/accuracy?store_id=S1", None),
        ("post", "forecasts/generate", {"product_id": "SKU-STEADY", "store_id": "S1"}),
        ("get", "sales-data/summary?store_id=S1", None),
    ],
)
def test_another_store_cannot_be_named(
    method: str, path: str, body: Any, in_the_north: APIClient, world: World
) -> None:
    response = getattr(in_the_north, method)(f"/api/v1/{path}", body, format="json")
    assert response.status_code == 404
    assert response.json()["error"]["fields"] == {"store_id": ["There is no “S1” here."]}


def test_bulk_decision_names_what_is_not_ours(in_the_north: APIClient, world: World) -> None:
    ours, theirs = world.north["recommendation"].pk, world.south["recommendation"].pk
    response = in_the_north.post(
        "/api/v1/recommendations/approve", {"recommendation_ids": [ours, theirs]}, format="json"
    )
    assert response.json() == {
        "done": [ours],
        "proposed": [],
        "skipped": [{"id": theirs, "why": "It does not exist, or its store is not one of yours."}],
    }
    world.south["recommendation"].refresh_from_db()
    assert world.south["recommendation"].status == "pending"


def test_summary_sums_own_stores_alone(in_the_north: APIClient, world: World) -> None:
    period = "date_from=2026-03-01&date_to=2026-03-31"
    summary = in_the_north.get(f"/api/v1/sales-data/summary?{period}").json()
    assert summary["revenue"] == [{"currency": "GBP", "revenue": "20.0000"}]
    assert [store["store_id"] for store in summary["stores"]] == ["N1"]


def test_failures_of_a_run_name_own_stores_alone(manager: APIClient, world: World) -> None:
    assert manager.get(_path("runs/{run}", world.south)).json()["failures"] == []
    seen = manager.get(_path("runs/{run}", world.north)).json()["failures"]
    assert seen == [{"store": "N1", "product": "SKU-STEADY", "step": "forecast", "message": "no history"}]


def test_file_sent_for_own_stores_is_seen_by_its_sender_before_it_is_read(manager: APIClient, world: World) -> None:
    wider = SalesFile.objects.create(
        name="wide.csv",
        checksum="w",
        uploaded_by=world.cast.store_manager,
        mapping={"scope": {"all_stores": True, "store_ids": []}},
    )
    own = SalesFile.objects.create(
        name="own.csv",
        checksum="o",
        uploaded_by=world.cast.store_manager,
        mapping={"scope": {"all_stores": False, "store_ids": [world.cast.north.pk]}},
    )
    assert manager.get(f"/api/v1/sales-data/files/{own.pk}").status_code == 200
    assert manager.get(f"/api/v1/sales-data/files/{wider.pk}").status_code == 404


def test_key_never_reaches_past_its_owner(world: World) -> None:
    scopes = ["stock:read"]
    key = machine(world.cast.store_manager, scopes)
    stores = {row["store_id"] for row in key.get("/api/v1/stock").json()["results"]}
    assert stores == {"N1"}
    world.cast.store_manager.store_memberships.all().delete()
    assert key.get("/api/v1/stock").json()["results"] == []
