"""Products, stores, suppliers and supplier items: written by machines as carefully as by people (FM-1)."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from inventory.models import Product, StockLevel, Supplier, SupplierItem
from inventory.services import catalogue
from inventory.services.errors import Conflict
from tests.api.conftest import World, person
from tests.cast import Cast


@pytest.fixture
def buyer(cast: Cast) -> APIClient:
    return person(cast.buyer)


def test_product_is_made_read_changed_and_taken_back(buyer: APIClient) -> None:
    made = buyer.post("/api/v1/products", {"sku": "T/1 é", "name": "Tea", "price": "2.5"}, format="json")
    assert made.status_code == 201
    assert {name: made.json()[name] for name in ("sku", "price", "pack_size", "status", "shelf_life_days")} == {
        "sku": "T/1 é",
        "price": "2.5000",
        "pack_size": 1,
        "status": "active",
        "shelf_life_days": None,
    }
    path = "/api/v1/products/T%2F1%20%C3%A9"
    changed = buyer.patch(path, {"status": "discontinued"}, format="json")
    assert (changed.status_code, changed.json()["status"], changed.json()["name"]) == (200, "discontinued", "Tea")
    assert buyer.get(path).json()["status"] == "discontinued"
    assert buyer.delete(path).status_code == 204
    assert buyer.get(path).status_code == 404


def test_product_with_history_stays_and_the_way_out_is_named(world: World) -> None:
    response = person(world.cast.buyer).delete("/api/v1/products/SKU-STEADY")
    assert (response.status_code, response.json()["error"]["code"]) == (409, "conflict")
    assert response.json()["error"]["message"] == (
        "SKU-STEADY has history and cannot be deleted. Set its status to “discontinued” instead."
    )
    assert Product.objects.filter(sku="SKU-STEADY").exists()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"sku": "SKU-STEADY", "name": "Twice"}, "sku"),
        ({"sku": "X"}, "name"),
        ({"sku": "", "name": "X"}, "sku"),
        ({"sku": "x" * 65, "name": "X"}, "sku"),
        ({"sku": "X", "name": "X", "price": "-0.01"}, "price"),
        ({"sku": "X", "name": "X", "price": "1.00001"}, "price"),
        ({"sku": "X", "name": "X", "pack_size": 0}, "pack_size"),
        ({"sku": "X", "name": "X", "pack_size": 10**12}, "pack_size"),
        ({"sku": "X", "name": "X", "shelf_life_days": 0}, "shelf_life_days"),
        ({"sku": "X", "name": "X", "status": "sold"}, "status"),
        ({"sku": "X", "name": "X", "created_at": "2020-01-01T00:00:00Z"}, "created_at"),
        ({"sku": "X", "name": "X", "colour": "red"}, "colour"),
    ],
)
def test_product_that_makes_no_sense_is_refused_by_field(body: dict[str, Any], field: str, buyer: APIClient) -> None:
    response = buyer.post("/api/v1/products", body, format="json")
    assert response.status_code == 400
    assert set(response.json()["error"]["fields"]) == {field}
    assert Product.objects.count() == 5


def test_of_two_who_make_the_same_product_one_is_told(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Product, "full_clean", lambda self: None)  # both have looked before either saves
    with pytest.raises(Conflict, match="made by somebody else at the same moment"):
        catalogue.create_row(Product, values={"sku": "SKU-STEADY", "name": "Late"})
    assert Product.objects.get(sku="SKU-STEADY").name == "Steady product"


def test_supplier_item_names_supplier_and_product_by_code(buyer: APIClient, cast: Cast) -> None:
    SupplierItem.objects.all().delete()
    body = {"supplier_id": "ACME", "product_id": "SKU-NEW", "unit_cost": "2.25", "lead_time_days": "3.5"}
    made = buyer.post("/api/v1/supplier-items", body, format="json")
    assert made.status_code == 201
    assert (made.json()["supplier_id"], made.json()["product_id"]) == ("ACME", "SKU-NEW")
    again = buyer.post("/api/v1/supplier-items", body, format="json")
    assert again.status_code == 400
    unknown = buyer.post("/api/v1/supplier-items", {**body, "product_id": "🦄"}, format="json")
    assert set(unknown.json()["error"]["fields"]) == {"product_id"}
    assert SupplierItem.objects.count() == 1


def test_store_with_a_time_zone_that_does_not_exist(cast: Cast) -> None:
    body = {"code": "W1", "name": "West", "time_zone": "Mars/Olympus"}
    response = person(cast.administrator).post("/api/v1/stores", body, format="json")
    assert (response.status_code, set(response.json()["error"]["fields"])) == (400, {"time_zone"})


def test_bounds_are_set_and_stock_is_not(world: World) -> None:
    client, level = person(world.cast.store_manager), world.north["level"]
    path = f"/api/v1/stock/{level.pk}"
    answer = client.patch(path, {"minimum_units": 36, "maximum_units": 90}, format="json").json()
    assert (answer["minimum_units"], answer["maximum_units"], answer["stock_status"]) == (36, 90, "Low Stock")
    refused = {
        "on_hand_units": client.patch(path, {"on_hand_units": 1}, format="json"),
        "is_on_sale": client.patch(path, {"is_on_sale": False}, format="json"),
        "minimum_units": client.patch(path, {"minimum_units": -1}, format="json"),
        "body": client.patch(path, {"maximum_units": 35}, format="json"),
    }
    for field, response in refused.items():
        assert (response.status_code, set(response.json()["error"]["fields"])) == (400, {field})
    level = StockLevel.objects.get(pk=level.pk)
    assert (level.on_hand_units, level.minimum_units, level.maximum_units, level.is_on_sale) == (36, 36, 90, True)


def test_bounds_written_while_stock_moves_keep_the_stock(world: World) -> None:
    stale = StockLevel.objects.get(pk=world.north["level"].pk)
    StockLevel.objects.filter(pk=stale.pk).update(on_hand_units=5)
    catalogue.change_row(stale, values={"minimum_units": 3})
    fresh = StockLevel.objects.get(pk=stale.pk)
    assert (fresh.on_hand_units, fresh.minimum_units) == (5, 3)


def test_what_was_measured_of_a_supplier_is_read_and_never_set(cast: Cast, buyer: APIClient) -> None:
    measured = {"measured_lead_time_days": "6.25", "lead_time_observations": 40, "observed_lead_times": [[6, 1.0]]}
    for model, row in ((Supplier, cast.supplier.pk), (SupplierItem, cast.supplier.items.get(product=cast.steady).pk)):
        model._default_manager.filter(pk=row).update(**measured)
    Supplier.objects.update(fill_rate=0.975, on_time_share=0.8)
    item = cast.supplier.items.get(product=cast.steady)
    for path in ("suppliers/ACME", f"supplier-items/{item.pk}"):
        shown = buyer.get(f"/api/v1/{path}").json()
        assert {name: shown[name] for name in measured} == measured
        response = buyer.patch(f"/api/v1/{path}", {"measured_lead_time_days": "1.00"}, format="json")
        assert (response.status_code, set(response.json()["error"]["fields"])) == (400, {"measured_lead_time_days"})
    assert buyer.get("/api/v1/suppliers/ACME").json()["fill_rate"] == 0.975
    item.refresh_from_db()
    assert (str(item.measured_lead_time_days), str(item.lead_time_days)) == ("6.25", "5.00")
