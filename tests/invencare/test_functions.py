"""The callable functions, as AWS Lambda calls them: an event in, a status and a JSON text out."""

from __future__ import annotations

import base64
import json
import logging
import subprocess
import sys
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from analytics.models import ProductPerformance
from forecasting.models import ProductDemandForecast
from forecasting.services import on_demand
from invencare.entrypoints.frame import camel
from invencare.entrypoints.functions import demand_forecasting_engine, product_performance_analyzer
from invencare.lib import clock
from tests.cast import Cast, movement, record, sell_daily

ROOT = Path(__file__).resolve().parents[2]
WEEK = [4, 4, 4, 4, 4, 8, 0]
EVENT = {"productId": "SKU-STEADY", "storeId": "N1", "forecastPeriod": 7}
CONTEXT = SimpleNamespace(aws_request_id="8f0c-1")


@pytest.fixture
def sold(cast: Cast) -> Cast:
    """20 equal weeks in the north up to yesterday."""
    sell_daily(cast.north, cast.steady, WEEK * 20, last_day=today_in(cast) - timedelta(days=1))
    return cast


def today_in(cast: Cast) -> date:
    return clock.business_date(clock.now(), cast.north.zone)


def call(function: Any, event: Any) -> tuple[int, dict[str, Any]]:
    answer = function(event, CONTEXT)
    assert set(answer) == {"statusCode", "body"}
    assert isinstance(answer["body"], str)
    body = json.loads(answer["body"])
    assert body.pop("timestamp").endswith("+00:00")
    return answer["statusCode"], body


def test_forecast_has_the_form_of_its_contract(sold: Cast) -> None:
    status, body = call(demand_forecasting_engine, EVENT)
    forecasts = body.pop("forecasts")
    assert (status, body) == (
        200,
        {
            "success": True,
            "productId": "SKU-STEADY",
            "storeId": "N1",
            "forecastPeriod": 7,
            "models": ["linear", "seasonal", "ensemble"],
            "forecastDate": today_in(sold).isoformat(),
            "historicalDataPoints": 140,
            "servedModel": "seasonal_naive",
            "servedReason": "A plain model did best.",
            "servedForecast": 28.0,
            "confidenceLevel": 0.95,
            "confidenceIntervalLower": 28.0,
            "confidenceIntervalUpper": 28.0,
            "accuracyScore": 100.0,
        },
    )
    assert list(forecasts) == ["linear", "seasonal", "ensemble"]
    ensemble = forecasts["ensemble"]
    assert {name: value for name, value in ensemble.items() if name != "daily"} == {
        "total": 28.0,
        "confidenceIntervalLower": 28.0,
        "confidenceIntervalUpper": 28.0,
        "accuracyScore": 100.0,
    }
    assert [day["forecast"] for day in ensemble["daily"]] == WEEK
    assert ensemble["daily"][0] == {
        "date": today_in(sold).isoformat(),
        "forecast": 4.0,
        "confidenceIntervalLower": 4.0,
        "confidenceIntervalUpper": 4.0,
    }
    assert ProductDemandForecast.objects.get().forecast_period == 7


@pytest.mark.parametrize(
    "event",
    [
        {"httpMethod": "POST", "body": json.dumps(EVENT)},
        {"body": base64.b64encode(json.dumps(EVENT).encode()).decode(), "isBase64Encoded": True},
        {"version": "2.0", "requestContext": {}, "body": EVENT},
    ],
    ids=["text", "base64", "object"],
)
def test_payload_may_come_as_the_body_of_an_api_gateway_event(event: Any, sold: Cast) -> None:
    status, body = call(demand_forecasting_engine, event)
    assert (status, body["productId"], body["forecastPeriod"]) == (200, "SKU-STEADY", 7)


@pytest.mark.parametrize(
    ("changes", "status", "error", "fields"),
    [
        ({"productId": None}, 400, "Missing required parameter: productId", {"productId"}),
        ({"storeId": None}, 400, "Missing required parameter: storeId", {"storeId"}),
        ({"forecastPeriod": 0}, 400, "The request was refused: see forecastPeriod.", {"forecastPeriod"}),
        ({"forecastPeriod": 1000}, 400, "The request was refused: see forecastPeriod.", {"forecastPeriod"}),
        ({"models": ["lstm"]}, 400, "The request was refused: see models.", {"models"}),
        ({"models": ["prophet"]}, 400, "The request was refused: see models.0.", {"models.0"}),
        ({"forecastDate": "9999-12-31"}, 400, "The request was refused: see forecastDate.", {"forecastDate"}),
        ({"product_id": "SKU-STEADY"}, 400, "The request was refused: see product_id.", {"product_id"}),
        ({"productId": "SKU-NONE"}, 404, "Not found.", {"productId"}),
        ({"storeId": "NOWHERE"}, 404, "Not found.", {"storeId"}),
        ({"productId": "SKU-DEAD"}, 400, "Insufficient historical data", set()),
    ],
)
def test_what_is_wrong_is_named(changes: dict[str, Any], status: int, error: str, fields: set[str], sold: Cast) -> None:
    event = {name: value for name, value in {**EVENT, **changes}.items() if value is not None}
    answer, body = call(demand_forecasting_engine, event)
    assert (answer, body["success"], body["error"]) == (status, False, error)
    assert set(body["fields"]) == fields
    assert set(body) == {"success", "error", "code", "fields", "errorId"}
    assert not ProductDemandForecast.objects.exists()


@pytest.mark.parametrize(
    "event",
    [
        None,
        [],
        "text",
        5,
        {"body": "{"},
        {"body": "[]"},
        {"body": 5},
        {"body": "[" * 20_000},
        {"body": "%%%", "isBase64Encoded": True},
        {"body": "/w==", "isBase64Encoded": True},
    ],
)
def test_garbage_is_refused(event: Any, db: None) -> None:
    status, body = call(demand_forecasting_engine, event)
    assert (status, body["success"], body["code"]) == (400, False, "parse_error")


def test_an_empty_event_names_every_missing_parameter(db: None) -> None:
    for event in ({}, {"body": None}, {"body": ""}):
        status, body = call(demand_forecasting_engine, event)
        assert (status, body["error"]) == (400, "Missing required parameter: productId, storeId")


def test_what_nobody_foresaw_is_an_id_outside_and_a_traceback_in_the_log(
    sold: Cast, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*args: Any, **options: Any) -> None:
        raise RuntimeError("password of the database")

    monkeypatch.setattr(on_demand, "upsert", fail)
    with caplog.at_level(logging.ERROR):
        status, body = call(demand_forecasting_engine, EVENT)
    assert (status, body["success"], body["code"], body["errorId"]) == (500, False, "internal_error", "8f0c-1")
    assert "password" not in json.dumps(body)
    assert "password of the database" in caplog.text
    assert not ProductDemandForecast.objects.exists()


def test_performance_has_the_names_of_its_contract(cast: Cast) -> None:
    yesterday = today_in(cast) - timedelta(days=1)
    record(
        movement(cast.north, cast.steady, "count", 50, day=yesterday - timedelta(days=20)),
        movement(cast.north, cast.steady, "sale", 10, day=yesterday, unit_price=Decimal(5)),
        now=clock.now(),
    )
    status, body = call(
        product_performance_analyzer, {"productId": "SKU-STEADY", "storeId": "N1", "analysisPeriod": 10}
    )
    expected = {
        "success": True,
        "productId": "SKU-STEADY",
        "storeId": "N1",
        "analysisPeriod": 10,
        "productName": "Steady product",
        "category": "Coffee",
        "storeName": "North",
        "totalSalesVolume": 10,
        "totalSalesRevenue": 50.0,
        "averageSalePrice": 5.0,
        "salesVelocity": 1.0,
        "currentStock": 40,
        "minimumStock": 0,
        "maximumStock": 0,
        "stockStatus": "Normal",
        "stockRisk": "Low",
        "abcClassification": "A",
        "transactionCount": 1,
        "analysisDate": yesterday.isoformat(),
    }
    assert (status, {name: body[name] for name in expected}) == (200, expected)
    assert {"inventoryTurnover", "daysInventoryOutstanding", "performanceScore"} <= set(body)
    assert ProductPerformance.objects.count() == 1


def test_performance_names_what_is_wrong(cast: Cast) -> None:
    status, body = call(product_performance_analyzer, {"productId": "SKU-STEADY", "storeId": "N1", "analysisPeriod": 0})
    assert (status, set(body["fields"])) == (400, {"analysisPeriod"})
    assert call(product_performance_analyzer, {"productId": "x", "storeId": "N1"})[0] == 404


def test_names_become_camel_case_at_any_depth_and_data_keys_stay() -> None:
    value = {"a_b": [{"c_d": 1}], "by_model": {"gradient_boosting": {"e_f": 2}}}
    assert camel(value, frozenset({"by_model"})) == {"aB": [{"cD": 1}], "byModel": {"gradient_boosting": {"eF": 2}}}


def test_a_handler_is_imported_before_anything_has_started_the_site(tmp_path: Path) -> None:
    code = "from invencare.entrypoints import functions; print(functions.demand_forecasting_engine([], None)['statusCode'])"
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"PATH": "/usr/bin", "INVENCARE_VAR_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (run.returncode, run.stdout) == (0, "400\n"), run.stderr
