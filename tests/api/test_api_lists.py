"""Lists: the same number of queries at 3 and at 30 rows, pages, filters and orders."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from analytics.models import Anomaly, ClassMove, ProductClass, SalesTrend, StoreDailyMetrics
from analytics.services.performance import analyse_performance
from insights.models import AnalysisRun
from inventory.models import Customer, Product, SalesFile, StockLevel, Store, StoreMembership, Supplier, SupplierItem
from tests.api.conftest import (
    alert,
    event,
    forecast,
    machine,
    order,
    override,
    person,
    recommendation,
    stock_event,
    total,
    transfer,
)
from tests.cast import NOW, TODAY, Cast, movement, record, sell_daily, set_bounds
from tests.insights.move_proposals import propose_excess, propose_transfer


def _stores(cast: Cast, rows: int) -> None:
    stores = Store.objects.bulk_create(Store(code=f"X{n}", name=f"Store {n}") for n in range(rows))
    StoreMembership.objects.bulk_create(StoreMembership(user=cast.store_manager, store=store) for store in stores)


def _products(rows: int) -> list[Product]:
    return Product.objects.bulk_create(Product(sku=f"P{n:03}", name=f"Product {n}") for n in range(rows))


def _suppliers(cast: Cast, rows: int) -> None:
    Supplier.objects.bulk_create(Supplier(code=f"S{n}", name=f"Supplier {n}") for n in range(rows))


def _items(cast: Cast, rows: int) -> None:
    SupplierItem.objects.bulk_create(
        SupplierItem(supplier=cast.supplier, product=product, unit_cost=1) for product in _products(rows)
    )


def _levels(cast: Cast, rows: int) -> None:
    StockLevel.objects.bulk_create(StockLevel(store=cast.north, product=product) for product in _products(rows))


def _movements(cast: Cast, rows: int) -> None:
    customer = Customer.objects.create(code="C1")
    record(
        *(
            movement(cast.north, product, "sale", 1, unit_price=Decimal(2), customer_id=customer.pk)
            for product in _products(rows)
        )
    )


def _stock_events(cast: Cast, rows: int) -> None:
    for product in _products(rows):
        stock_event(cast.north, product)


def _files(cast: Cast, rows: int) -> None:
    SalesFile.objects.bulk_create(SalesFile(name="f", checksum=str(n), store=cast.north) for n in range(rows))


def _days(cast: Cast, rows: int) -> None:
    sell_daily(cast.north, cast.steady, [2] * rows, last_day=TODAY)


def _orders(cast: Cast, rows: int) -> None:
    for _ in range(rows):
        order(cast, cast.north, cast.steady)


def _transfers(cast: Cast, rows: int) -> None:
    for _ in range(rows):
        transfer(cast.south, cast.north, cast.steady)


def _recommendations(cast: Cast, rows: int) -> None:
    for product in _products(rows):
        recommendation(cast, cast.north, product)


def _transfer_proposals(cast: Cast, rows: int) -> None:
    for product in _products(rows):
        propose_transfer(cast.north, cast.south, product)


def _excess(cast: Cast, rows: int) -> None:
    for product in _products(rows):
        propose_excess(cast.north, product)


def _forecasts(cast: Cast, rows: int) -> None:
    for product in _products(rows):
        forecast(cast.north, product)


def _runs(cast: Cast, rows: int) -> None:
    AnalysisRun.objects.bulk_create(
        AnalysisRun(kind="nightly", business_date=TODAY - timedelta(days=n), created_at=NOW) for n in range(rows)
    )


def _trends(cast: Cast, rows: int) -> None:
    measured = {"known_days": 28, "mean_per_day": 5, "slope_per_day": 1, "slope_low": 0, "slope_high": 2, "tau": 0.3}
    SalesTrend.objects.bulk_create(
        SalesTrend(
            business_date=TODAY - timedelta(days=n),
            level="store",
            store=cast.north,
            currency="GBP",
            scope_key="1",
            metric="units",
            window_days=28,
            p_value=0.04,
            verdict="rising",
            updated_at=NOW,
            **measured,
        )
        for n in range(rows)
    )


def _metrics(cast: Cast, rows: int) -> None:
    StoreDailyMetrics.objects.bulk_create(
        StoreDailyMetrics(store=cast.north, business_date=TODAY - timedelta(days=n), units=n) for n in range(rows)
    )


def _alerts(cast: Cast, rows: int) -> None:
    for product in _products(rows):
        alert(cast.north, product, assigned_to=cast.buyer)


def _classes(cast: Cast, rows: int) -> None:
    ProductClass.objects.bulk_create(ProductClass(store=cast.north, product=product) for product in _products(rows))


def _moves(cast: Cast, rows: int) -> None:
    ClassMove.objects.bulk_create(
        ClassMove(store=cast.north, product=product, scheme="abc", moved_on=TODAY, from_class="A", to_class="B")
        for product in _products(rows)
    )


def _anomalies(cast: Cast, rows: int) -> None:
    figures = {"actual": 1, "expected": 5, "lower": 3, "upper": 7, "deviations": -6, "money": -20, "money_size": 20}
    Anomaly.objects.bulk_create(
        Anomaly(
            business_date=TODAY - timedelta(days=n),
            level="store",
            store=cast.north,
            currency="GBP",
            scope_key="1",
            metric="units",
            kind="day",
            updated_at=NOW,
            **figures,
        )
        for n in range(rows)
    )


def _performance(cast: Cast, rows: int) -> None:
    ids = [product.pk for product in _products(rows)]
    analyse_performance(store=cast.north, product_ids=ids, analysis_date=TODAY, now=NOW)


def _events(cast: Cast, rows: int) -> None:
    for product in _products(rows):
        event(cast.north, product)


def _overrides(cast: Cast, rows: int) -> None:
    for product in _products(rows):
        override(cast.north, product)


def _totals(cast: Cast, rows: int) -> None:
    for product in _products(rows):
        total(cast.north, product=product, key=str(product.pk))


# Path, how its rows are made, and the queries of its own: with a count, or by cursor without one.
LISTS: list[tuple[str, Callable[[Cast, int], object], int]] = [
    ("stores", _stores, 2),
    ("suppliers", _suppliers, 2),
    ("products", lambda _, rows: _products(rows), 2),
    ("supplier-items", _items, 2),
    ("stock", _levels, 4),  # stores and products by a query each: a join would sort the whole table
    ("transactions", _movements, 4),  # and customers
    ("events", _stock_events, 3),
    ("sales-data/files", _files, 2),
    ("sales-data/SKU-STEADY", _days, 4),  # the product first, the stores last
    ("purchase-orders", _orders, 4),
    ("transfers", _transfers, 2),
    ("recommendations", _recommendations, 5),  # and suppliers
    ("transfer-recommendations", _transfer_proposals, 5),  # both stores and the product by a query each
    ("excess-recommendations", _excess, 4),
    ("forecasts", _forecasts, 3),  # no count; stores and products
    ("alerts", _alerts, 5),  # stores, products and people
    ("calendar-events", _events, 4),  # stores and products by a query each
    ("forecast-overrides", _overrides, 4),
    ("forecasts/totals", _totals, 4),
    ("runs", _runs, 2),
    ("trends", _trends, 2),
    ("metrics", _metrics, 2),
    ("performance", _performance, 3),  # no count; stores and products
    ("product-classes", _classes, 3),
    ("class-moves", _moves, 3),
    ("anomalies", _anomalies, 3),  # and stores; nobody has a product
]
PERSON = 4  # session, user, permissions of the user and of the groups
MANAGER = PERSON + 1  # the stores; runs belong to none
MACHINE = 5  # key with owner, permissions of the owner twice, stores of the key, last use


def _queries(client: APIClient, path: str) -> tuple[int, int]:
    """Queries of a request and rows of its answer."""
    with CaptureQueriesContext(connection) as queries:
        response = client.get(f"/api/v1/{path}?page_size=100")
    assert response.status_code == 200, response.content
    return len(queries), len(response.json()["results"])


@pytest.mark.parametrize(("path", "make", "own"), LISTS, ids=[path for path, _, _ in LISTS])
@pytest.mark.parametrize("rows", [3, 30])
def test_queries_do_not_grow_with_rows(
    rows: int, path: str, make: Callable[[Cast, int], object], own: int, cast: Cast
) -> None:
    make(cast, rows)
    is_scoped = path not in {"suppliers", "products", "supplier-items", "runs"}
    viewer, seen = _queries(person(cast.viewer), path)
    assert seen >= rows
    assert viewer == PERSON + own
    assert _queries(person(cast.store_manager), path)[0] == (MANAGER if is_scoped else PERSON) + own
    scopes = (
        *(
            "catalogue",
            "stock",
            "sales",
            "orders",
            "transfers",
            "recommendations",
            "runs",
            "analytics",
            "forecasts",
            "alerts",
            "events",
        ),
    )
    key = machine(cast.viewer, [f"{word}:read" for word in scopes], stores=[cast.north])
    assert _queries(key, path)[0] == MACHINE + own


@pytest.mark.parametrize("rows", [3, 30])
def test_order_and_recommendation_pages_take_the_same_queries(rows: int, cast: Cast) -> None:
    big = order(cast, cast.north, cast.steady)
    for product in _products(rows):
        big.lines.create(product=product, ordered_units=6, unit_cost=1)
    row = recommendation(cast, cast.north, cast.steady)
    for path, own in [(f"purchase-orders/{big.pk}", 3), (f"recommendations/{row.pk}", 2)]:
        client = person(cast.viewer)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(f"/api/v1/{path}").status_code == 200
        assert len(queries) == PERSON + own, path


@pytest.mark.parametrize("movements", [3, 300])
def test_posting_movements_takes_queries_by_the_batch(movements: int, cast: Cast) -> None:
    record(*(movement(cast.north, product, "count", 10_000) for product in cast.products))
    sale = {"store_id": "N1", "movement_type": "sale", "quantity": 1, "customer_id": "C1"}
    body = {"movements": [{**sale, "product_id": cast.products[n % 3].sku} for n in range(movements)]}
    client = person(cast.buyer)
    with CaptureQueriesContext(connection) as queries:
        response = client.post("/api/v1/transactions", body, format="json", headers={"Idempotency-Key": "k"})
    assert response.json() == {"added": movements, "known": 0}
    assert len(queries) == 28


def test_pages_are_bounded_and_linked(cast: Cast) -> None:
    _products(60)
    client = person(cast.viewer)
    first = client.get("/api/v1/products").json()
    assert (first["count"], len(first["results"]), first["previous"]) == (65, 50, None)
    last = client.get(first["next"]).json()
    assert (len(last["results"]), last["next"]) == (15, None)
    assert len(client.get("/api/v1/products?page_size=500").json()["results"]) == 65


def test_ledger_is_paged_by_cursor_without_a_count(cast: Cast) -> None:
    record(*(movement(cast.north, cast.steady, "sale", 1) for _ in range(5)))
    client = person(cast.viewer)
    page = client.get("/api/v1/transactions?page_size=3").json()
    assert set(page) == {"next", "previous", "results"}
    record(movement(cast.north, cast.steady, "sale", 1))  # what comes in meanwhile moves no page
    rest = client.get(page["next"]).json()["results"]
    ids = [row["id"] for row in [*page["results"], *rest]]
    assert len(ids) == 5
    assert ids == sorted(ids, reverse=True)


def test_the_ledger_of_a_period_is_paged_by_day_and_comes_back_the_same_way(cast: Cast) -> None:
    """Newest day first, in it newest row first, whatever the order in which the days were recorded."""
    days = [TODAY - timedelta(days=n) for n in (3, 0, 2, 2, 5, 2, 3)]
    record(*(movement(cast.north, cast.steady, "sale", n + 1, day=day) for n, day in enumerate(days)))
    client = person(cast.viewer)
    address = f"/api/v1/transactions?page_size=2&date_from={TODAY - timedelta(days=4)}"
    pages, links = [], []
    while address:
        page = client.get(address).json()
        pages.append([row["quantity"] for row in page["results"]])
        links.append(page["previous"])
        address = page["next"]
    assert pages == [[2, 6], [4, 3], [7, 1]]
    back = client.get(links[2]).json()
    assert [row["quantity"] for row in back["results"]] == pages[1]
    assert [row["quantity"] for row in client.get(back["previous"]).json()["results"]] == pages[0]
    assert [row["quantity"] for row in client.get(back["next"]).json()["results"]] == pages[2]
    assert client.get(back["previous"]).json()["previous"] is None


def test_what_comes_in_meanwhile_moves_no_page_of_a_period(cast: Cast) -> None:
    record(*(movement(cast.north, cast.steady, "sale", n) for n in range(1, 6)))
    client = person(cast.viewer)
    page = client.get(f"/api/v1/transactions?page_size=3&date_to={TODAY}").json()
    record(movement(cast.north, cast.steady, "sale", 9))
    rest = client.get(page["next"]).json()
    assert [row["quantity"] for row in [*page["results"], *rest["results"]]] == [5, 4, 3, 2, 1]
    assert rest["next"] is None


@pytest.mark.parametrize("position", ["2026-03-14", "2026-02-30~5", "0000-01-01~5", "5", "2026-03-14~-1", "~"])
def test_a_cursor_of_a_period_that_we_never_gave_is_not_there(cast: Cast, position: str) -> None:
    cursor = b64encode(f"p={position}".encode()).decode()
    response = person(cast.viewer).get(f"/api/v1/transactions?date_to={TODAY}&cursor={cursor}")
    assert response.status_code == 404


def test_a_cursor_of_a_period_is_of_no_use_without_it(cast: Cast) -> None:
    cursor = b64encode(b"p=2026-03-14~5").decode()
    assert person(cast.viewer).get(f"/api/v1/transactions?cursor={cursor}").status_code == 404


def _ids(client: APIClient, path: str, field: str) -> list[Any]:
    return [row[field] for row in client.get(f"/api/v1/{path}").json()["results"]]


def test_stock_is_filtered_by_store_product_category_and_status(cast: Cast) -> None:
    for store in (cast.north, cast.south):
        record(movement(store, cast.steady, "count", 50), movement(store, cast.dead, "count", 3))
    set_bounds(cast.north, cast.dead, minimum=5, maximum=10)
    set_bounds(cast.north, cast.steady, minimum=1, maximum=55)
    record(movement(cast.north, cast.new, "count", 0))
    client = person(cast.viewer)
    assert _ids(client, "stock?store_id=S1", "product_id") == ["SKU-STEADY", "SKU-DEAD"]
    assert _ids(client, "stock?product_id=SKU-DEAD", "store_id") == ["N1", "S1"]
    assert _ids(client, "stock?category=Coffee", "product_id") == ["SKU-STEADY"] * 2
    by_status = {
        status: _ids(client, f"stock?store_id=N1&stock_status={status}", "product_id")
        for status in ("Out of Stock", "Low Stock", "Overstocked", "Normal")
    }
    assert by_status == {
        "Out of Stock": ["SKU-NEW"],
        "Low Stock": ["SKU-DEAD"],
        "Overstocked": ["SKU-STEADY"],
        "Normal": [],
    }
    assert _ids(client, "stock?store_id=N1&ordering=-on_hand_units", "on_hand_units") == [50, 3, 0]


def test_transactions_are_filtered_by_place_type_and_day(cast: Cast) -> None:
    record(
        movement(cast.north, cast.steady, "count", 50, day=TODAY - timedelta(days=9)),
        movement(cast.north, cast.steady, "sale", 1, day=TODAY - timedelta(days=2)),
        movement(cast.north, cast.dead, "sale", 2, day=TODAY),
        movement(cast.south, cast.dead, "sale", 3, day=TODAY),
    )
    client = person(cast.viewer)
    assert _ids(client, "transactions?store_id=N1", "quantity") == [2, 1, 50]
    assert _ids(client, "transactions?product_id=SKU-DEAD", "quantity") == [3, 2]
    assert _ids(client, "transactions?movement_type=count", "quantity") == [50]
    assert _ids(client, "transactions?date_from=2026-03-14&date_to=2026-03-15", "quantity") == [1]


def test_recommendations_come_worst_first_and_are_filtered(cast: Cast) -> None:
    low = recommendation(cast, cast.north, cast.steady, urgency_level="low", urgency_rank=3, money_at_risk=5)
    worst = recommendation(cast, cast.north, cast.dead, urgency_level="critical", urgency_rank=0, money_at_risk=900)
    gone = recommendation(cast, cast.south, cast.new, status="rejected", supplier=None)
    client = person(cast.viewer)
    assert _ids(client, "recommendations", "id") == [worst.pk, gone.pk, low.pk]
    assert _ids(client, "recommendations?status=pending&urgency_level=low", "id") == [low.pk]
    assert _ids(client, "recommendations?supplier_id=ACME&ordering=-urgency_rank", "id") == [low.pk, worst.pk]
    assert _ids(client, "recommendations?store_id=S1", "supplier_id") == [None]


def test_orders_are_filtered_and_summed(cast: Cast) -> None:
    draft = order(cast, cast.north, cast.steady)
    draft.lines.create(product=cast.dead, ordered_units=6, unit_cost=Decimal("1.50"))
    done = order(cast, cast.south, cast.steady, "received")
    client = person(cast.viewer)
    assert _ids(client, "purchase-orders?is_open=true", "id") == [draft.pk]
    assert _ids(client, "purchase-orders?is_open=false", "id") == [done.pk]
    assert _ids(client, "purchase-orders?store_id=S1&supplier_id=ACME&status=received", "id") == [done.pk]
    (row,) = client.get("/api/v1/purchase-orders?store_id=N1").json()["results"]
    assert (row["line_count"], row["order_value"]) == (2, "45.0000")


def test_search_finds_by_code_and_name_without_regard_to_case(cast: Cast) -> None:
    client = person(cast.viewer)
    assert _ids(client, "products?search=sku-ST", "sku") == ["SKU-STEADY"]
    assert _ids(client, "products?search=dead&status=active&category=Tools", "sku") == ["SKU-DEAD"]
    assert _ids(client, "stores?search=nor&ordering=-code", "code") == ["N1"]
