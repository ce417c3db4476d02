"""One envelope for everything that goes wrong, and nothing that a caller sends makes the server fall."""

from __future__ import annotations

import json
import logging
import os
from base64 import b64encode
from typing import Any

import pytest
from django.core.cache import caches
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError
from rest_framework.test import APIClient

from inventory.api.views import uploads
from inventory.api.views.catalogue import StoreViewSet
from inventory.services.errors import Conflict
from tests.api.conftest import World, once, person
from tests.api.test_api_access import everything
from tests.cast import Cast

ENVELOPE = {"code", "message", "fields", "id"}
SALE = {"store_id": "N1", "product_id": "SKU-STEADY", "movement_type": "sale", "quantity": 1}


def _error(response: Any) -> dict[str, Any]:
    error: dict[str, Any] = response.json()["error"]
    assert set(response.json()) == {"error"}
    assert set(error) == ENVELOPE
    assert error["id"] == response.headers["X-Request-ID"]
    return error


def _outcome(response: Any) -> tuple[int, str, list[str]]:
    error = _error(response)
    return response.status_code, error["code"], sorted(error["fields"])


@pytest.fixture
def buyer(cast: Cast) -> APIClient:
    return person(cast.buyer)


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete", "options"])
@pytest.mark.parametrize("path", ["/api/", "/api/v1/nothing", "/api/v2/stores", "/api/v1/stores/", "/api"])
def test_unknown_path_answers_in_the_envelope(method: str, path: str, db: None) -> None:
    assert _outcome(getattr(APIClient(), method)(path)) == (404, "not_found", [])


@pytest.mark.parametrize(
    ("method", "path"),
    [("delete", "stores/N1"), ("put", "stock/1"), ("post", "forecasts/SKU-STEADY"), ("options", "stores")],
)
def test_method_that_a_path_lacks(method: str, path: str, buyer: APIClient) -> None:
    assert _outcome(getattr(buyer, method)(f"/api/v1/{path}")) == (405, "method_not_allowed", [])


def test_unexpected_error_has_an_id_and_no_internals(
    buyer: APIClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fall(*args: Any) -> None:
        raise RuntimeError("password=hunter2 at 10.0.0.7")

    monkeypatch.setattr(StoreViewSet, "get_queryset", fall)
    with caplog.at_level(logging.ERROR, logger="inventory.api.errors"):
        response = buyer.get("/api/v1/stores", headers={"X-Request-ID": "call-7"})
    assert _outcome(response) == (500, "internal_error", [])
    assert _error(response)["id"] == "call-7"
    assert "hunter2" not in response.content.decode()
    assert "hunter2" in caplog.text


@pytest.mark.parametrize(
    ("raised", "status", "code"),
    [
        (Conflict("somebody was first"), 409, "conflict"),
        (OperationalError(1213, "Deadlock found"), 503, "busy"),
        (OperationalError("database is locked"), 503, "busy"),
        (OperationalError(2006, "server has gone away"), 500, "internal_error"),
    ],
)
def test_refusals_of_services_and_the_database(
    raised: Exception, status: int, code: str, buyer: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: Any) -> None:
        raise raised

    monkeypatch.setattr(StoreViewSet, "get_queryset", refuse)
    response = buyer.get("/api/v1/stores")
    assert _outcome(response) == (status, code, [])
    assert response.headers.get("Retry-After") == ("1" if status == 503 else None)


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"\xff\xfe",
        b'{"a": NaN}',
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b'{"quantity": ' + b"9" * 5_000 + b"}",
        b"",
        b"null x",
    ],
    ids=["cut", "bytes", "nan", "deep list", "deep object", "endless number", "empty", "trailing"],
)
def test_body_that_is_no_json(body: bytes, buyer: APIClient) -> None:
    response = buyer.post("/api/v1/transactions", body, content_type="application/json", headers=once())
    status, code, _ = _outcome(response)
    assert (status, code) == ((400, "invalid") if not body else (400, "parse_error"))


@pytest.mark.parametrize("body", [[], "text", 7, None, [SALE]])
def test_body_that_is_no_object(body: Any, buyer: APIClient) -> None:
    response = buyer.post("/api/v1/transactions", json.dumps(body), content_type="application/json", headers=once())
    assert response.status_code == 400
    assert _error(response)["code"] == "invalid"


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"quantity": -1}, 400, "quantity"),
        ({"quantity": 0}, 400, "quantity"),
        ({"quantity": 1.5}, 400, "quantity"),
        ({"quantity": "many"}, 400, "quantity"),
        ({"quantity": True}, 400, "quantity"),
        ({"quantity": None}, 400, "quantity"),
        ({"quantity": 10**30}, 400, "quantity"),
        ({"quantity": [1]}, 400, "quantity"),
        ({"movement_type": "receipt"}, 400, "movement_type"),
        ({"movement_type": {}}, 400, "movement_type"),
        ({"movement_type": "adjustment", "quantity": 0, "reason": "x"}, 400, "quantity"),
        ({"movement_type": "adjustment", "quantity": 1}, 400, "reason"),
        ({"movement_type": "count", "quantity": -1, "reason": "x"}, 400, "quantity"),
        ({"store_id": "NOWHERE"}, 404, "store_id"),
        ({"store_id": ""}, 400, "store_id"),
        ({"product_id": "🦄"}, 404, "product_id"),
        ({"product_id": "a\x00b"}, 400, "product_id"),
        ({"product_id": "\ud800"}, 400, "product_id"),
        ({"product_id": "x" * 65}, 400, "product_id"),
        ({"product_id": ["SKU-STEADY"]}, 400, "product_id"),
        ({"unit_price": "-1"}, 400, "unit_price"),
        ({"unit_price": "NaN"}, 400, "unit_price"),
        ({"unit_price": "1e40"}, 400, "unit_price"),
        ({"occurred_at": "2999-01-01T00:00:00Z"}, 400, "occurred_at"),
        ({"occurred_at": "yesterday"}, 400, "occurred_at"),
        ({"occurred_at": "0001-01-01T00:00:00+14:00"}, 400, "occurred_at"),
        ({"customer_id": "c" * 65}, 400, "customer_id"),
        ({"stock_change": 5}, 400, "stock_change"),
        ({"\ud83d\ud800": 5}, 400, None),
    ],
    ids=str,
)
def test_wrong_movement_is_named_and_none_is_written(
    changes: dict[str, Any], status: int, field: str | None, world: World
) -> None:
    before = everything()
    body = json.dumps({"movements": [SALE, {**SALE, **changes}]})
    response = person(world.cast.buyer).post(
        "/api/v1/transactions", body, content_type="application/json", headers=once()
    )
    assert response.status_code == status
    fields = list(_error(response)["fields"])
    assert fields == [f"movements.1.{field}"] if field else len(fields) == 1
    assert everything() == before


@pytest.mark.parametrize("movements", [[], [SALE] * 501, {}, "x", None])
def test_number_of_movements_is_bounded(movements: Any, buyer: APIClient) -> None:
    response = buyer.post("/api/v1/transactions", {"movements": movements}, format="json", headers=once())
    assert _outcome(response) == (400, "invalid", ["movements"])


def test_wrong_content_type(buyer: APIClient) -> None:
    for content_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        response = buyer.post("/api/v1/transactions", b"quantity=1", content_type=content_type, headers=once())
        assert _outcome(response) == (415, "unsupported_media_type", [])
    upload = buyer.post("/api/v1/sales-data/upload", {"a": 1}, format="json")
    assert _outcome(upload) == (415, "unsupported_media_type", [])


def test_body_over_the_bound(buyer: APIClient, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    body = {"movements": [{**SALE, "reason": "x" * 1000}]}
    response = buyer.post("/api/v1/transactions", body, format="json", headers=once())
    assert _outcome(response) == (413, "too_large", [])


def test_upload_over_the_bound_is_refused_before_it_is_read(
    buyer: APIClient, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SALES_FILE_MAX_BYTES = 10
    monkeypatch.setattr(uploads, "FORM_BYTES", 100)
    upload = {"file": SimpleUploadedFile("day.csv", b"x" * 200)}
    response = buyer.post("/api/v1/sales-data/upload", upload, format="multipart")
    assert _outcome(response) == (413, "too_large", [])


@pytest.mark.parametrize("body", [b"", b"--x", b"--x\r\nContent-Disposition: form-data\r\n\r\n"])
def test_form_that_cannot_be_read(body: bytes, buyer: APIClient) -> None:
    response = buyer.post("/api/v1/sales-data/upload", body, content_type="multipart/form-data; boundary=x")
    assert response.status_code == 400
    assert _error(response)["code"] in {"invalid", "parse_error"}
    no_boundary = buyer.post("/api/v1/sales-data/upload", b"abc", content_type="multipart/form-data")
    assert _outcome(no_boundary)[:2] == (400, "parse_error")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("page_size=0", "page_size"),
        ("page_size=501", "page_size"),
        ("page_size=all", "page_size"),
        ("page_size=٣", "page_size"),
        ("sotre_id=N1", "sotre_id"),
        ("ordering=store__code", "ordering"),
        ("ordering=", None),
        ("stock_status=Fine", "stock_status"),
        ("store_id=%00", "store_id"),
        ("%F0%9F%A6%84=1", r"\U0001f984"),
    ],
)
def test_query_is_checked_by_name(query: str, field: str | None, buyer: APIClient) -> None:
    response = buyer.get(f"/api/v1/stock?{query}")
    if field is None:
        assert response.status_code == 200
    else:
        assert _outcome(response) == (400, "invalid", [field])


@pytest.mark.parametrize(
    "path",
    [
        "stock?page=2",
        "stock?page=99999999999999999999999",
        "stock?page=-1",
        "stock?page=x",
        "transactions?cursor=rubbish",
        "transactions?cursor=cD1hYmM=",  # p=abc
        "transactions?cursor=cD0lMDA=",  # p=%00
        "transactions?cursor=cD0tMQ==",  # p=-1
        f"transactions?cursor={b64encode(b'p=' + b'9' * 30).decode()}",
        "stock/999999999999999999",
        "stock/9999999999999999999999999",
        "stock/abc",
        "transactions/0",
        "products/%F0%9F%A6%84",
        "products/a%00b",
        "stores/%FF%FE",
        "sales-data/SKU-NONE",
        "forecasts/SKU-NEW?store_id=N1",
        "sales-data/files/1",
        "runs/1",
    ],
)
def test_what_is_not_there(path: str, buyer: APIClient) -> None:
    assert _outcome(buyer.get(f"/api/v1/{path}"))[:2] == (404, "not_found")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("date_from=2026-02-30", "date_from"),
        ("date_from=2020-01-01&date_to=2026-01-01", "date_from"),
        ("date_from=2026-02-01&date_to=2026-01-01", "date_from"),
        ("date_to=0001-01-01", "date_to"),
        ("from=2026-01-01", "from"),
    ],
)
def test_period_of_the_summary_is_checked(query: str, field: str, buyer: APIClient) -> None:
    assert _outcome(buyer.get(f"/api/v1/sales-data/summary?{query}")) == (400, "invalid", [field])


def test_session_without_its_token_is_refused(cast: Cast) -> None:
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(cast.buyer)
    response = client.post("/api/v1/products", {"sku": "X", "name": "X"}, format="json")
    assert _outcome(response) == (403, "permission_denied", [])
    assert "CSRF" in _error(response)["message"]


def test_actor_over_the_rate_is_told_when_to_come_back(cast: Cast, settings: Any) -> None:
    settings.REST_FRAMEWORK = {
        **settings.REST_FRAMEWORK,
        "DEFAULT_THROTTLE_RATES": {"actor": "2/min", "anonymous": "1/min"},
    }
    viewer, buyer, nobody = person(cast.viewer), person(cast.buyer), APIClient()
    assert [viewer.get("/api/v1/stores").status_code for _ in range(2)] == [200, 200]
    response = viewer.get("/api/v1/stores")
    assert _outcome(response) == (429, "throttled", [])
    assert 1 <= int(response.headers["Retry-After"]) <= 60
    assert buyer.get("/api/v1/stores").status_code == 200
    assert [nobody.get("/api/v1/stores").status_code for _ in range(2)] == [401, 429]
    wrong_key = APIClient(headers={"Authorization": "Api-Key x.y"})
    assert wrong_key.get("/api/v1/stores", REMOTE_ADDR="10.9.8.7").status_code == 401
    assert wrong_key.get("/api/v1/stores", REMOTE_ADDR="10.9.8.7").status_code == 429


def test_forwarded_address_is_not_believed(db: None, settings: Any) -> None:
    settings.REST_FRAMEWORK = {
        **settings.REST_FRAMEWORK,
        "DEFAULT_THROTTLE_RATES": {"actor": "2/min", "anonymous": "1/min"},
    }
    statuses = [
        APIClient().get("/api/v1/stores", headers={"X-Forwarded-For": f"10.0.0.{host}"}).status_code for host in (1, 2)
    ]
    assert statuses == [401, 429]


@pytest.mark.redis
def test_rate_is_counted_across_processes_in_a_shared_cache(cast: Cast, settings: Any) -> None:
    port = os.environ.get("TEST_REDIS_PORT", "6379")
    shared = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": f"redis://127.0.0.1:{port}/10"}
    settings.CACHES = {"default": {**shared, "KEY_PREFIX": f"test-{os.getpid()}"}}
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": {"actor": "2/min"}}
    statuses = []
    for _ in range(3):
        caches.close_all()  # each request with a connection of its own, as another process has
        statuses.append(person(cast.viewer).get("/api/v1/stores").status_code)
    assert statuses == [200, 200, 429]
