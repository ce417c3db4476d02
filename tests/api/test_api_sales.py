"""Sales: movements and files in, days and sums out (FM-2)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from inventory import tasks
from inventory.models import Customer, DailySales, InventoryTransaction, SalesFile
from tests.api.conftest import machine, once, person
from tests.cast import TODAY, Cast, make_person, movement, record

CSV = b"store,product,date,quantity,price\nN1,SKU-STEADY,2026-03-14,3,5.00\nN1,SKU-NONE,2026-03-14,1,5.00\n"


@pytest.fixture
def orders(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The files that the worker was told of."""
    settings.MEDIA_ROOT = tmp_path
    told: list[int] = []
    monkeypatch.setattr(tasks.import_sales_file, "delay", told.append)
    return told


def _upload(client: APIClient, content: bytes = CSV, name: str = "day.csv", **form: Any) -> Any:
    return client.post(
        "/api/v1/sales-data/upload", {"file": SimpleUploadedFile(name, content), **form}, format="multipart"
    )


def test_file_is_accepted_imported_by_the_worker_and_its_status_read(
    cast: Cast, orders: list[int], django_capture_on_commit_callbacks: Any
) -> None:
    client = person(cast.store_manager)
    with django_capture_on_commit_callbacks(execute=True):
        accepted = _upload(client, stock="move")
    assert (accepted.status_code, accepted.json()["status"]) == (202, "pending")
    assert accepted.headers["Location"] == accepted.json()["status_url"]
    assert orders == [accepted.json()["id"]]
    tasks.import_sales_file(orders[0])
    seen = client.get(accepted.json()["status_url"]).json()
    assert {name: seen[name] for name in ("status", "rows_read", "rows_added", "rows_rejected", "units")} == {
        "status": "partial",
        "rows_read": 2,
        "rows_added": 1,
        "rows_rejected": 1,
        "units": 3,
    }
    (error,) = seen["row_errors"]
    assert (error["line"], error["field"], error["value"]) == (3, "product", "SKU-NONE")
    history = client.get("/api/v1/sales-data/SKU-STEADY").json()["results"]
    assert [(day["business_date"], day["net_units"], day["revenue"]) for day in history] == [
        ("2026-03-14", 3, "15.0000")
    ]


def test_file_is_kept_and_accepted_while_the_broker_is_away(
    cast: Cast, orders: list[int], monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    def refuse(pk: int) -> None:
        raise ConnectionError("no broker")

    monkeypatch.setattr(tasks.import_sales_file, "delay", refuse)
    with django_capture_on_commit_callbacks(execute=True):
        assert _upload(person(cast.buyer)).status_code == 202
    assert SalesFile.objects.get().status == "pending"


def test_same_bytes_are_the_same_file_and_count_once(
    cast: Cast, orders: list[int], django_capture_on_commit_callbacks: Any
) -> None:
    client = person(cast.buyer)
    for _ in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            assert _upload(client).status_code == 202
        tasks.import_sales_file(orders[-1])
    assert orders[0] == orders[1]
    assert (SalesFile.objects.count(), InventoryTransaction.objects.count()) == (1, 1)
    assert SalesFile.objects.get().rows_known == 1


@pytest.mark.parametrize(
    ("content", "name", "form", "field"),
    [
        (b"", "empty.csv", {}, "file"),
        (CSV, "d.csv", {"columns": "{"}, "columns"),
        (CSV, "d.csv", {"columns": '{"quantity": 1}'}, "columns"),
        (CSV, "d.csv", {"columns": '{"colour": "x"}'}, "columns"),
        (CSV, "d.csv", {"stock": "perhaps"}, "stock"),
        (CSV, "d.csv", {"date_order": "year-first"}, "date_order"),
        (CSV, "d.csv", {"delimiter": ",,"}, "delimiter"),
        (CSV, "d.csv", {"time_zone": "Mars/Olympus"}, "time_zone"),
        (CSV, "d.csv", {"create_missing": "perhaps"}, "create_missing"),
        (CSV, "d.csv", {"colour": "red"}, "colour"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_form_that_makes_no_sense_is_refused_by_field(
    content: bytes, name: str, form: dict[str, str], field: str, cast: Cast, orders: list[int]
) -> None:
    response = _upload(person(cast.buyer), content, name, **form)
    assert (response.status_code, set(response.json()["error"]["fields"])) == (400, {field})
    assert not SalesFile.objects.exists()
    assert orders == []


def test_form_without_a_file(cast: Cast) -> None:
    response = person(cast.buyer).post("/api/v1/sales-data/upload", {"stock": "auto"}, format="multipart")
    assert response.json()["error"]["fields"] == {"file": ["No file was submitted."]}


def test_another_store_cannot_be_given_for_a_file(cast: Cast, orders: list[int]) -> None:
    response = _upload(person(cast.store_manager), store_id="S1")
    assert (response.status_code, set(response.json()["error"]["fields"])) == (404, {"store_id"})
    assert not SalesFile.objects.exists()


def test_only_who_may_add_stores_and_products_has_them_made(cast: Cast, orders: list[int]) -> None:
    narrow = machine(cast.administrator, ["sales:write"])
    wide = machine(cast.administrator, ["sales:write", "catalogue:write"])
    statuses = [
        _upload(client, create_missing="true").status_code
        for client in (person(cast.buyer), person(cast.analyst), narrow, wide, person(cast.administrator))
    ]
    assert statuses == [403, 403, 403, 202, 202]


def test_movements_of_every_kind_enter_the_ledger(cast: Cast) -> None:
    place = {"store_id": "N1", "product_id": "SKU-STEADY"}
    movements = [
        {**place, "movement_type": "count", "quantity": 20, "reason": "opening"},
        {
            **place,
            "movement_type": "sale",
            "quantity": 30,
            "unit_price": "4.50",
            "customer_id": "C-9",
            "reference": "INV-1",
            "is_promotion": True,
            "occurred_at": "2026-03-10T23:30:00-05:00",
        },
        {**place, "movement_type": "return", "quantity": 1, "unit_price": "4.50", "customer_id": "C-9"},
        {**place, "movement_type": "adjustment", "quantity": -2, "reason": "theft"},
        {**place, "movement_type": "write_off", "quantity": 1, "reason": "broken"},
    ]
    response = person(cast.store_manager).post(
        "/api/v1/transactions", {"movements": movements}, format="json", headers=once()
    )
    assert response.json() == {"added": 5, "known": 0}
    rows = InventoryTransaction.objects.order_by("pk")
    assert [(row.movement_type, row.stock_change, row.after_units) for row in rows] == [
        ("count", 20, 20),
        ("sale", -30, -10),  # more than was there is a fact
        ("return", 1, -9),
        ("adjustment", -2, -11),
        ("write_off", -1, -12),
    ]
    sale = rows[1]
    assert (sale.total, sale.is_promotion, sale.reference, sale.source, sale.recorded_by) == (
        Decimal("135.0000"),
        True,
        "INV-1",
        "api",
        "max",
    )
    assert sale.business_date.isoformat() == "2026-03-11"  # 04:30 in London
    assert sale.customer == Customer.objects.get() == rows[2].customer


def test_history_of_a_product_by_store_and_period(cast: Cast) -> None:
    for days_ago, store in [(3, cast.north), (1, cast.north), (1, cast.south)]:
        day = TODAY - timedelta(days=days_ago)
        record(
            movement(store, cast.steady, "sale", 4, day=day, unit_price=Decimal(2)),
            movement(store, cast.steady, "return", 1, day=day, unit_price=Decimal(2)),
        )
    client = person(cast.viewer)

    def days(query: str) -> list[tuple[str, str]]:
        rows = client.get(f"/api/v1/sales-data/SKU-STEADY?{query}").json()["results"]
        return [(row["business_date"], row["store_id"]) for row in rows]

    assert days("") == [("2026-03-15", "N1"), ("2026-03-15", "S1"), ("2026-03-13", "N1")]
    assert days("store_id=N1&date_from=2026-03-14&date_to=2026-03-15") == [("2026-03-15", "N1")]
    assert client.get("/api/v1/sales-data/SKU-STEADY?store_id=S1").json()["results"] == [
        {
            "business_date": "2026-03-15",
            "store_id": "S1",
            "units": 4,
            "returned_units": 1,
            "net_units": 3,
            "revenue": "6.0000",
            "transactions": 1,
            "promotion_lines": 0,
            "out_of_stock_seconds": 0,
        }
    ]
    assert client.get("/api/v1/sales-data/SKU-DEAD").json()["results"] == []


def test_summary_keeps_currencies_apart_and_agrees_with_the_days(cast: Cast) -> None:
    for store, product, units in [
        (cast.north, cast.steady, 4),
        (cast.north, cast.dead, 2),
        (cast.south, cast.steady, 7),
    ]:
        record(movement(store, product, "sale", units, day=TODAY, unit_price=Decimal("1.50")))
    record(movement(cast.south, cast.steady, "return", 1, day=TODAY, unit_price=Decimal("1.50")))
    record(movement(cast.south, cast.steady, "sale", 9, day=TODAY - timedelta(days=5)))
    path = "/api/v1/sales-data/summary?date_from=2026-03-15&date_to=2026-03-16"
    summary = person(cast.viewer).get(path).json()
    north = {"store_id": "N1", "currency": "GBP", "units": 6, "returned_units": 0, "revenue": "9.0000"}
    south = {"store_id": "S1", "currency": "EUR", "units": 7, "returned_units": 1, "revenue": "9.0000"}
    assert summary == {
        "date_from": "2026-03-15",
        "date_to": "2026-03-16",
        "units": 13,
        "returned_units": 1,
        "transactions": 3,
        "revenue": [{"currency": "EUR", "revenue": "9.0000"}, {"currency": "GBP", "revenue": "9.0000"}],
        "stores": [{**north, "transactions": 2, "products": 2}, {**south, "transactions": 1, "products": 1}],
    }
    assert sum(DailySales.objects.filter(business_date=TODAY).values_list("units", flat=True)) == 13
    one = person(cast.viewer).get(f"{path}&store_id=S1").json()
    assert [store["store_id"] for store in one["stores"]] == ["S1"]


def test_summary_kept_for_one_reader_is_not_shown_to_another(cast: Cast) -> None:
    record(movement(cast.north, cast.steady, "sale", 4), movement(cast.south, cast.steady, "sale", 7))
    path = "/api/v1/sales-data/summary?date_from=2026-03-01&date_to=2026-03-31"

    def units(user: Any, query: str = "") -> int:
        return int(person(user).get(path + query).json()["units"])

    assert (units(cast.viewer), units(cast.store_manager), units(make_person("new", "Store manager"))) == (11, 4, 0)
    assert [units(cast.viewer, f"&store_id={code}") for code in ("N1", "S1")] == [4, 7]
    assert units(cast.viewer) == 11


def test_summary_of_nothing_is_zero(cast: Cast) -> None:
    summary = person(cast.viewer).get("/api/v1/sales-data/summary?date_to=2020-01-28").json()
    assert (summary["date_from"], summary["units"], summary["revenue"], summary["stores"]) == (
        "2020-01-01",
        0,
        [],
        [],
    )
