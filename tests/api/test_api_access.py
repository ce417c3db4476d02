"""The whole cast over every endpoint: who may, who may not, and that a refusal changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from forecasting.models import DemandForecastTotal
from invencare.lib import clock
from inventory.models import DailySales
from inventory.services.api_keys import SCOPES
from tests.api.conftest import World, machine, once, person, total
from tests.cast import sell_daily

SEERS = frozenset({"viewer", "store_manager", "buyer", "analyst", "administrator"})
STOCK = frozenset({"store_manager", "buyer", "administrator"})
BUYING = frozenset({"buyer", "administrator"})
UPLOADERS = frozenset({"store_manager", "buyer", "analyst", "administrator"})
FORECASTERS = frozenset({"store_manager", "buyer", "analyst", "administrator"})
PLANNERS = frozenset({"store_manager", "buyer", "analyst", "administrator"})
STARTERS = frozenset({"analyst", "administrator"})
ADMINISTRATOR = frozenset({"administrator"})
CUSTOMER_ANALYSTS = frozenset({"analyst", "administrator"})
PRICE_READERS = frozenset({"buyer", "analyst", "administrator"})


@dataclass(frozen=True)
class Endpoint:
    """One operation of the document, a request to it that is right, and who may send it."""

    method: str
    template: str
    allowed: frozenset[str]
    scope: str
    path: Callable[[World], str]
    body: Callable[[World], Any] = lambda world: None
    status: int = 200
    options: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.method.upper()} {self.template}"

    def send(self, client: APIClient, world: World) -> Any:
        path, _, query = self.path(world).partition("?")
        url = f"/api/v1/{path}" + (f"?{query}" if query else "")
        return getattr(client, self.method)(
            url, self.body(world), format=self.options.get("format", "json"), headers=once()
        )


def _fixed(path: str) -> Callable[[World], str]:
    return lambda world: path


def _north(path: str) -> Callable[[World], str]:
    """The path with ids of rows in the north: ``stock/{level}``."""
    return lambda world: path.format(**{name: getattr(row, "pk", row) for name, row in world.north.items()})


def _get(template: str, scope: str, path: Callable[[World], str] | None = None) -> Endpoint:
    return Endpoint("get", template, SEERS, scope, path or _fixed(template))


def _post(
    template: str,
    allowed: frozenset[str],
    scope: str,
    body: Any,
    *,
    path: Callable[[World], str] | None = None,
    status: int = 200,
    **options: Any,
) -> Endpoint:
    make_body = body if callable(body) else lambda world: body
    return Endpoint("post", template, allowed, scope, path or _fixed(template), make_body, status, options)


def _forecast_product(world: World) -> dict[str, str]:
    """What the night sums over all stores, made once."""
    if not DemandForecastTotal.objects.filter(level="product").exists():
        total(None, level="product", key="1", product=world.cast.steady)
    return {"product_id": "SKU-STEADY"}


def _insights() -> list[Endpoint]:
    """What is learned of customers is the analyst's alone; of prices, also for whoever sets them."""
    readings = {"segments": "demand-insights/segments", "at-risk": "demand-insights/at-risk-customers"}
    best = {"product_id": "SKU-STEADY", "current_price": 6, "current_quantity": 100, "cost_per_unit": 4}
    return [
        *(Endpoint("get", path, CUSTOMER_ANALYSTS, "customers:read", _fixed(path)) for path in readings.values()),
        _post("demand-insights/forecast", SEERS, "forecasts:read", _forecast_product),
        _post("demand-insights/clv", CUSTOMER_ANALYSTS, "customers:read", {}),
        _post("demand-insights/churn", CUSTOMER_ANALYSTS, "customers:read", {}),
        _post("demand-insights/price-elasticity", PRICE_READERS, "prices:read", {"product_id": "SKU-STEADY"}),
        _post("demand-insights/price-optimization", PRICE_READERS, "prices:read", best),
    ]


SOLD = {
    "event_type": "sale",
    "store_id": "N1",
    "product": {"product_id": "SKU-STEADY", "quantity": "2", "timestamp": "2026-03-15T09:00:00Z"},
}
NEW_PRODUCT = {"sku": "NEW-1", "name": "New one"}
NEW_SUPPLIER = {"code": "NEW", "name": "New supplier"}
NEW_STORE = {"code": "W1", "name": "West"}
NEW_EVENT = {
    "name": "Fair",
    "kind": "other",
    "first_day": "2099-05-01",
    "last_day": "2099-05-03",
    "store_ids": ["N1"],
}
NEW_OVERRIDE = {
    "product_id": "SKU-STEADY",
    "store_id": "N1",
    "first_day": "2099-05-01",
    "last_day": "2099-05-03",
    "action": "multiply",
    "amount": 1.5,
    "reason": "a fair next door",
}


def _new_item(world: World) -> dict[str, Any]:
    world.cast.supplier.items.filter(product=world.cast.new).delete()
    return {"supplier_id": "ACME", "product_id": "SKU-NEW", "unit_cost": "2.00"}


def _item(world: World) -> str:
    return f"supplier-items/{world.cast.supplier.items.get(product=world.cast.dead).pk}"


def _sale(world: World) -> dict[str, Any]:
    sale = {"store_id": "N1", "product_id": "SKU-STEADY", "movement_type": "sale", "quantity": 1}
    return {"movements": [sale]}


def _arrived(world: World) -> dict[str, Any]:
    return {"lines": [{"line_id": world.north["sent"].lines.get().pk, "units": 6}]}


def _transfer(world: World) -> dict[str, Any]:
    return {"from_store_id": "N1", "to_store_id": "S1", "lines": [{"product_id": "SKU-STEADY", "units": 2}]}


def _arrived_transfer(world: World) -> dict[str, Any]:
    return {"lines": [{"line_id": world.north["arriving"].lines.get().pk, "units": 6}]}


def _file(world: World) -> dict[str, Any]:
    rows = b"store,product,date,quantity\nN1,SKU-STEADY,2026-03-14,3\n"
    return {"file": SimpleUploadedFile("day.csv", rows, content_type="text/csv"), "store_id": "N1"}


def _history(world: World) -> dict[str, Any]:
    """Days enough for a forecast that begins today, whenever that is."""
    if not DailySales.objects.filter(product=world.cast.dead).exists():
        yesterday = clock.now().date() - timedelta(days=1)
        sell_daily(world.cast.north, world.cast.dead, [2] * 9, last_day=yesterday)
    return {"store_id": "N1", "product_id": "SKU-DEAD", "forecast_period": 3}


def _ids(world: World) -> dict[str, Any]:
    return {"recommendation_ids": [world.north["recommendation"].pk], "reason": "agreed"}


def _each(world: World) -> dict[str, Any]:
    return {"decisions": [{"id": world.north["recommendation"].pk, "action": "approve"}]}


def _each_of(name: str) -> Callable[[World], dict[str, Any]]:
    return lambda world: {"decisions": [{"id": world.north[name].pk, "action": "approve"}]}


def _proposals(path: str, row: str) -> list[Endpoint]:
    """What the night proposes and people decide: transfers, excess."""
    one, decide = f"{path}/{{id}}", "recommendations:decide"
    return [
        _get(path, "recommendations:read"),
        _get(one, "recommendations:read", _north(f"{path}/{{{row}}}")),
        _get(f"{one}/history", "recommendations:read", _north(f"{path}/{{{row}}}/history")),
        *[
            _post(
                f"{one}/{verb}",
                STOCK,
                decide,
                {"reason": "agreed"},
                path=_north(f"{path}/{{{row}}}/{verb}"),
                status=201,
            )
            for verb in ("approve", "reject")
        ],
        _post(
            f"{one}/snooze",
            STOCK,
            decide,
            lambda world: {"until": _tomorrow()},
            path=_north(f"{path}/{{{row}}}/snooze"),
            status=201,
        ),
        _post(f"{path}/decide", STOCK, decide, _each_of(row)),
    ]


def _tomorrow() -> str:
    return (clock.now().date() + timedelta(days=2)).isoformat()


def _writes(template: str, model: str, body: Any, change: Any, path: Callable[[World], str]) -> list[Endpoint]:
    allowed = ADMINISTRATOR if model == "stores" else BUYING
    detail = f"{model}/{template}"
    whole = body if model != "supplier-items" else {"supplier_id": "ACME", "product_id": "SKU-DEAD", "unit_cost": "2"}
    return [
        _post(model, allowed, "catalogue:write", body, status=201),
        Endpoint("patch", detail, allowed, "catalogue:write", path, lambda world: change),
        Endpoint("put", detail, allowed, "catalogue:write", path, lambda world: {**whole, **change}),
    ]


ENDPOINTS = [
    _get("stores", "catalogue:read"),
    _get("stores/{code}", "catalogue:read", _fixed("stores/N1")),
    *_writes("{code}", "stores", NEW_STORE, {"code": "N1", "name": "Up north"}, _fixed("stores/N1")),
    _get("suppliers", "catalogue:read"),
    _get("suppliers/{code}", "catalogue:read", _fixed("suppliers/ACME")),
    *_writes("{code}", "suppliers", NEW_SUPPLIER, {"code": "ACME", "name": "Acme Ltd"}, _fixed("suppliers/ACME")),
    _get("products", "catalogue:read"),
    _get("products/{sku}", "catalogue:read", _fixed("products/SKU-STEADY")),
    *_writes("{sku}", "products", NEW_PRODUCT, {"sku": "SKU-DEAD", "name": "Dead"}, _fixed("products/SKU-DEAD")),
    Endpoint("delete", "products/{sku}", BUYING, "catalogue:write", _fixed("products/SKU-NEW"), status=204),
    _get("supplier-items", "catalogue:read"),
    _get("supplier-items/{id}", "catalogue:read", _item),
    *_writes("{id}", "supplier-items", _new_item, {"unit_cost": "2.50"}, _item),
    Endpoint("delete", "supplier-items/{id}", BUYING, "catalogue:write", _item, status=204),
    _get("stock", "stock:read"),
    _get("stock/{id}", "stock:read", _north("stock/{level}")),
    Endpoint("patch", "stock/{id}", STOCK, "stock:write", _north("stock/{level}"), lambda world: {"minimum_units": 5}),
    _post(
        "stock/{id}/adjust",
        STOCK,
        "stock:write",
        {"change": -2, "reason": "broken"},
        path=_north("stock/{level}/adjust"),
        status=201,
    ),
    _post(
        "stock/{id}/count",
        STOCK,
        "stock:write",
        {"counted_units": 7, "reason": "shelf"},
        path=_north("stock/{level}/count"),
        status=201,
    ),
    _get("transactions", "stock:read"),
    _get("transactions/{id}", "stock:read", lambda world: f"transactions/{_first_movement(world)}"),
    _post("transactions", STOCK, "sales:write", _sale, status=201),
    _get("events", "events:read"),
    _get("events/{id}", "events:read", _north("events/{stock_event}")),
    _post("events", STOCK, "events:write", SOLD, status=207),
    _post("sales-data/upload", UPLOADERS, "sales:write", _file, status=202, format="multipart"),
    _get("sales-data/files", "sales:read"),
    _get("sales-data/files/{id}", "sales:read", _north("sales-data/files/{file}")),
    _get("sales-data/summary", "sales:read"),
    _get("sales-data/{product_id}", "sales:read", _fixed("sales-data/SKU-STEADY")),
    _get("purchase-orders", "orders:read"),
    _get("purchase-orders/{id}", "orders:read", _north("purchase-orders/{draft}")),
    *[
        _post(
            f"purchase-orders/{{id}}/{step}",
            BUYING,
            "orders:write",
            {},
            path=_north(f"purchase-orders/{{{row}}}/{step}"),
        )
        for step, row in [("approve", "draft"), ("send", "approved"), ("cancel", "draft"), ("close", "partly")]
    ],
    _post(
        "purchase-orders/{id}/receive",
        STOCK,
        "orders:write",
        _arrived,
        path=_north("purchase-orders/{sent}/receive"),
    ),
    *[
        _get(f"purchase-orders/{{id}}/{paper}", "orders:read", _north(f"purchase-orders/{{draft}}/{paper}"))
        for paper in ("pdf", "csv")
    ],
    _post("purchase-orders/{id}/mail", BUYING, "orders:write", {}, path=_north("purchase-orders/{sent}/mail")),
    _get("transfers", "transfers:read"),
    _get("transfers/{id}", "transfers:read", _north("transfers/{leaving_draft}")),
    _post("transfers", STOCK, "transfers:write", _transfer, status=201),
    *[
        _post(
            f"transfers/{{id}}/{step}",
            STOCK,
            "transfers:write",
            body,
            path=_north(f"transfers/{{{row}}}/{step}"),
        )
        for step, row, body in [
            ("approve", "leaving_draft", {}),
            ("send", "leaving_approved", {}),
            ("cancel", "leaving_draft", {"reason": "no van"}),
            ("close", "arriving", {"reason": "lost"}),
        ]
    ],
    _post(
        "transfers/{id}/receive",
        STOCK,
        "transfers:write",
        _arrived_transfer,
        path=_north("transfers/{arriving}/receive"),
    ),
    _get("recommendations", "recommendations:read"),
    _get("recommendations/{id}", "recommendations:read", _north("recommendations/{recommendation}")),
    *[
        _post(
            f"recommendations/{{id}}/{verb}",
            STOCK,
            "recommendations:decide",
            {"reason": "agreed"},
            path=_north(f"recommendations/{{recommendation}}/{verb}"),
            status=201,
        )
        for verb in ("approve", "reject")
    ],
    _post(
        "recommendations/{id}/snooze",
        STOCK,
        "recommendations:decide",
        lambda world: {"until": _tomorrow()},
        path=_north("recommendations/{recommendation}/snooze"),
        status=201,
    ),
    _get("recommendations/{id}/history", "recommendations:read", _north("recommendations/{recommendation}/history")),
    *[_post(f"recommendations/{verb}", STOCK, "recommendations:decide", _ids) for verb in ("approve", "reject")],
    _get("forecasts", "forecasts:read"),
    _post("forecasts/generate", FORECASTERS, "forecasts:write", _history),
    _get("forecasts/accuracy", "forecasts:read"),
    _get("forecasts/accuracy/worst", "forecasts:read"),
    _get("forecasts/{product_id}/accuracy", "forecasts:read", _fixed("forecasts/SKU-STEADY/accuracy?store_id=N1")),
    _post(
        "recommendations/snooze",
        STOCK,
        "recommendations:decide",
        lambda world: {**_ids(world), "until": _tomorrow()},
    ),
    _post("recommendations/decide", STOCK, "recommendations:decide", _each),
    *_proposals("transfer-recommendations", "transfer_proposal"),
    *_proposals("excess-recommendations", "excess"),
    _get("reports/forecast-summary", "forecasts:read"),
    _get("reports/inventory-recommendations", "recommendations:read"),
    _get("decisions/value", "recommendations:read"),
    _get("decisions/reasons", "recommendations:read"),
    _get("forecasts/{product_id}", "forecasts:read", _fixed("forecasts/SKU-STEADY?store_id=N1")),
    _get("forecasts/totals", "forecasts:read"),
    _get("calendar-events", "forecasts:read"),
    _get("calendar-events/{id}", "forecasts:read", _north("calendar-events/{event}")),
    _post("calendar-events", PLANNERS, "forecasts:write", NEW_EVENT, status=201),
    Endpoint(
        "patch",
        "calendar-events/{id}",
        PLANNERS,
        "forecasts:write",
        _north("calendar-events/{event}"),
        lambda world: {"is_active": False},
    ),
    _get("forecast-overrides", "forecasts:read"),
    _get("forecast-overrides/{id}", "forecasts:read", _north("forecast-overrides/{override}")),
    _post("forecast-overrides", PLANNERS, "forecasts:write", NEW_OVERRIDE, status=201),
    _post(
        "forecast-overrides/{id}/withdraw",
        PLANNERS,
        "forecasts:write",
        {"reason": "a mistake"},
        path=_north("forecast-overrides/{override}/withdraw"),
    ),
    _get("service-targets", "recommendations:read"),
    _post("optimize", STOCK, "recommendations:decide", {"store_id": "N1"}),
    _post("performance", SEERS, "analytics:read", {"product_id": "SKU-STEADY", "store_id": "N1"}),
    _get("performance", "analytics:read"),
    _get("product-classes", "analytics:read"),
    _get("class-moves", "analytics:read"),
    _get("anomalies", "analytics:read"),
    _get("anomalies/{id}", "analytics:read", _north("anomalies/{anomaly}")),
    *[
        _post(
            f"anomalies/{{id}}/{step}",
            PLANNERS,
            "analytics:write",
            {"reason": "a street fair"},
            path=_north(f"anomalies/{{{row}}}/{step}"),
        )
        for step, row in [("dismiss", "anomaly"), ("reopen", "dismissed_anomaly")]
    ],
    _get("trends", "analytics:read"),
    _get("metrics", "sales:read"),
    _get("dashboard", "analytics:read", _fixed("dashboard?store_id=N1")),
    _post("dashboard", SEERS, "analytics:read", {"store_id": "N1", "period": "weekly"}),
    _get("alerts", "alerts:read"),
    _get("alerts/{id}", "alerts:read", _north("alerts/{alert}")),
    _post(
        "alerts/{id}/snooze",
        STOCK,
        "alerts:write",
        lambda world: {"until": f"{_tomorrow()}T09:00:00Z"},
        path=_north("alerts/{alert}/snooze"),
    ),
    _post("alerts/{id}/wake", STOCK, "alerts:write", {}, path=_north("alerts/{alert}/wake")),
    _post("alerts/{id}/assign", STOCK, "alerts:write", {"assigned_to": "bo"}, path=_north("alerts/{alert}/assign")),
    _get("alerts/preferences", "alerts:read"),
    *_insights(),
    _get("runs", "runs:read"),
    _get("runs/{id}", "runs:read", _north("runs/{run}")),
    _post("runs", STARTERS, "runs:write", {}, status=202),
]


def _first_movement(world: World) -> int:
    return int(world.cast.north.movements.order_by("pk").values_list("pk", flat=True)[0])


@pytest.fixture(autouse=True)
def _files_and_workers_apart(settings: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.MEDIA_ROOT = tmp_path
    # What is asked here is who may enqueue; that the work is done is asked elsewhere.
    monkeypatch.setattr("celery.app.task.Task.apply_async", lambda *args, **kwargs: None)


def everything() -> dict[str, list[Any]]:
    """Every row of our apps: a refusal leaves this as it was."""
    return {
        model._meta.label: list(model._default_manager.order_by("pk").values())
        for app in ("inventory", "analytics", "forecasting", "insights")
        for model in apps.get_app_config(app).get_models()
        if model._meta.model_name != "apikey"  # last_used_at says when a key came, refused or not
    }


def test_table_names_every_operation_of_the_document() -> None:
    paths = SchemaGenerator().get_schema(request=None, public=True)["paths"]
    documented = {
        (method, path.removeprefix("/api/v1/")) for path, operations in paths.items() for method in operations
    }
    documented.remove(("get", "calendar/{token}.ics"))  # its token is the right: tests/inventory/test_calendar_feeds.py
    documented.remove(("patch", "alerts/preferences"))  # for people, never for keys: tests/api/test_api_alerts.py
    assert documented == {(endpoint.method, endpoint.template) for endpoint in ENDPOINTS}


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=str)
def test_each_role_is_let_in_or_refused(endpoint: Endpoint, world: World) -> None:
    answers = {role: _tried(endpoint, user, world) for role, user in world.cast.people.items()}
    assert answers == {role: endpoint.status if role in endpoint.allowed else 403 for role in world.cast.people}


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=str)
def test_without_session_or_key_nothing_opens(endpoint: Endpoint, world: World) -> None:
    endpoint.body(world)  # may prepare rows
    before = everything()
    response = endpoint.send(APIClient(), world)
    assert (response.status_code, response.json()["error"]["code"]) == (401, "not_authenticated")
    assert response.headers["WWW-Authenticate"] == "Api-Key"
    assert everything() == before


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=str)
def test_key_opens_by_its_scope_alone(endpoint: Endpoint, world: World) -> None:
    owner = world.cast.administrator
    endpoint.body(world)
    shut = machine(owner, set(SCOPES) - _scopes_that_open(endpoint))
    before = everything()
    refused = endpoint.send(shut, world)
    assert refused.status_code == 403
    assert endpoint.scope in refused.json()["error"]["message"]
    assert everything() == before
    assert endpoint.send(machine(owner, [endpoint.scope]), world).status_code == endpoint.status


def _scopes_that_open(endpoint: Endpoint) -> set[str]:
    is_movement = (endpoint.method, endpoint.template) == ("post", "transactions")
    return {"sales:write", "stock:write"} if is_movement else {endpoint.scope}


def _tried(endpoint: Endpoint, user: User, world: World) -> int:
    """The status of the answer; what was done is taken back for the next one, a refusal must have done nothing."""
    with transaction.atomic():
        endpoint.body(world)
        before = everything()
        status = int(endpoint.send(person(user), world).status_code)
        if status == 403:
            assert everything() == before
        transaction.set_rollback(True)
    return status
