"""Demand insights as Lambda calls: camelCase in and out, the same answers, refusals with their code."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

from invencare.entrypoints.functions import (
    at_risk_customers,
    churn_prediction,
    customer_lifetime_value,
    customer_segments,
    demand_forecast,
    price_elasticity,
    price_optimization,
)
from invencare.lib import clock
from tests.api.conftest import total
from tests.cast import Cast
from tests.insights.demand_rows import customer_analysis, price_analysis, score

CONTEXT = SimpleNamespace(aws_request_id="8f0c-2")


def call(function: Any, event: Any) -> tuple[int, dict[str, Any]]:
    answer = function(event, CONTEXT)
    return answer["statusCode"], json.loads(answer["body"])


def test_customers_by_their_contract(cast: Cast) -> None:
    score(customer_analysis(created_at=clock.now()), cast.south, "ann")
    status, body = call(customer_segments, {"nClusters": 3})
    assert (status, body["nClusters"], len(body["segments"])) == (200, 3, 3)
    status, body = call(customer_lifetime_value, {"customerIds": ["ann"]})
    assert (status, body["customers"][0]["customerId"], body["customers"][0]["clv"]) == (200, "ann", 80.0)
    assert call(churn_prediction, {})[1]["customers"][0]["churnProbability"] == 0.7
    assert call(at_risk_customers, {"threshold": 0.9})[1]["customers"] == []


def test_prices_by_their_contract(cast: Cast) -> None:
    price_analysis(cast, created_at=clock.now())
    status, body = call(price_elasticity, {"productId": "SKU-STEADY"})
    assert (status, body["results"][0]["standardError"]) == (200, 0.2)
    event = {"productId": "SKU-STEADY", "currentPrice": 6, "currentQuantity": 100, "costPerUnit": 4}
    assert round(call(price_optimization, event)[1]["best"]["price"], 2) == 6.67


def test_the_expected_demand_by_its_contract(cast: Cast) -> None:
    total(None)
    status, body = call(demand_forecast, {"forecastDays": 2})
    assert (status, body["expectedUnits"], body["days"][0]["lower80"]) == (200, 5.0, 1.0)


def test_nothing_learned_is_a_503_with_its_code(cast: Cast) -> None:
    status, body = call(customer_segments, {})
    assert (status, body["success"], body["code"]) == (503, False, "model_missing")
    assert "Analyse customers" in body["error"]
