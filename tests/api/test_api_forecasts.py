"""Forecasts by the API: made on demand, listed, and read day by day."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from forecasting.models import ProductDemandForecast
from forecasting.services import on_demand
from forecasting.services.overrides import add_override
from invencare.lib import clock
from tests.api.conftest import World, forecast, person
from tests.cast import NOW, TODAY, Cast, sell_daily

GENERATE = "/api/v1/forecasts/generate"
BODY = {"product_id": "SKU-STEADY", "store_id": "N1", "forecast_period": 7}
WEEK = [4, 4, 4, 4, 4, 8, 0]


def today_in(cast: Cast) -> date:
    return clock.business_date(clock.now(), cast.north.zone)


@pytest.fixture
def sold(cast: Cast) -> Cast:
    """20 equal weeks in the north up to yesterday."""
    sell_daily(cast.north, cast.steady, WEEK * 20, last_day=today_in(cast) - timedelta(days=1))
    return cast


def test_generated_forecast_has_the_form_of_its_contract(sold: Cast) -> None:
    response = person(sold.buyer).post(GENERATE, BODY, format="json")
    assert response.status_code == 200
    answer = response.json()
    forecasts = answer.pop("forecasts")
    first = today_in(sold)
    assert answer == {
        "product_id": "SKU-STEADY",
        "store_id": "N1",
        "forecast_period": 7,
        "models": ["linear", "seasonal", "ensemble"],
        "forecast_date": first.isoformat(),
        "historical_data_points": 140,
        "served_model": "seasonal_naive",
        "served_reason": "A plain model did best.",
        "served_forecast": 28.0,
        "confidence_level": 0.95,
        "confidence_interval_lower": 28.0,
        "confidence_interval_upper": 28.0,
        "accuracy_score": 100.0,
    }
    assert list(forecasts) == ["linear", "seasonal", "ensemble"]
    assert forecasts["ensemble"] == {
        "total": 28.0,
        "confidence_interval_lower": 28.0,
        "confidence_interval_upper": 28.0,
        "accuracy_score": 100.0,
        "daily": [
            {
                "date": (first + timedelta(days=day)).isoformat(),
                "forecast": units,
                "confidence_interval_lower": units,
                "confidence_interval_upper": units,
            }
            for day, units in enumerate(map(float, WEEK))
        ],
    }
    row = ProductDemandForecast.objects.get()
    assert (row.store, row.product, row.forecast_date, row.forecast_period) == (sold.north, sold.steady, first, 7)


def test_a_forecast_is_for_30_days_unless_another_period_is_asked_for(sold: Cast) -> None:
    body = {name: BODY[name] for name in ("product_id", "store_id")}
    answer = person(sold.analyst).post(GENERATE, body, format="json").json()
    assert answer["forecast_period"] == 30
    assert [len(model["daily"]) for model in answer["forecasts"].values()] == [30, 30, 30]


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"product_id": None}, 400, "product_id"),
        ({"store_id": None}, 400, "store_id"),
        ({"product_id": ""}, 400, "product_id"),
        ({"forecast_period": 0}, 400, "forecast_period"),
        ({"forecast_period": 92}, 400, "forecast_period"),
        ({"forecast_period": "month"}, 400, "forecast_period"),
        ({"models": []}, 400, "models"),
        ({"models": "linear"}, 400, "models"),
        ({"models": ["prophet"]}, 400, "models.0"),
        ({"models": [["linear"]]}, 400, "models.0"),
        ({"models": ["lstm"]}, 400, "models"),
        ({"models": ["linear", "gradient_boosting"]}, 400, "models"),
        ({"forecast_date": "9999-12-31"}, 400, "forecast_date"),
        ({"forecast_date": "0001-01-01"}, 400, "forecast_date"),
        ({"forecast_date": "yesterday"}, 400, "forecast_date"),
        ({"forecastPeriod": 30}, 400, "forecastPeriod"),
        ({"product_id": "SKU-NONE"}, 404, "product_id"),
        ({"store_id": "NOWHERE"}, 404, "store_id"),
    ],
)
def test_generate_names_what_is_wrong(changes: dict[str, Any], status: int, field: str, sold: Cast) -> None:
    body = {name: value for name, value in {**BODY, **changes}.items() if value is not None}
    response = person(sold.buyer).post(GENERATE, body, format="json")
    assert (response.status_code, set(response.json()["error"]["fields"])) == (status, {field})
    assert not ProductDemandForecast.objects.exists()


ENDLESS = b'{"product_id": "SKU-STEADY", "store_id": "N1", "forecast_period": 1e400}'


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"null", b"\xff\xfe", b"[" * 20_000, ENDLESS])
def test_garbage_is_refused_in_the_envelope(body: bytes, sold: Cast) -> None:
    response = person(sold.buyer).post(GENERATE, body, content_type="application/json")
    assert response.status_code == 400
    assert set(response.json()["error"]) == {"code", "message", "fields", "id"}


def test_too_short_a_history_is_said_in_these_words(sold: Cast) -> None:
    sell_daily(sold.north, sold.new, [3] * 6, last_day=today_in(sold) - timedelta(days=1))
    response = person(sold.buyer).post(GENERATE, {**BODY, "product_id": "SKU-NEW"}, format="json")
    error = response.json()["error"]
    assert (response.status_code, error["message"]) == (400, "Insufficient historical data")
    assert error["code"] == "insufficient_history"


def test_a_failure_that_nobody_foresaw_leaves_the_old_forecast(sold: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    client = person(sold.buyer)
    client.raise_request_exception = False
    assert client.post(GENERATE, BODY, format="json").status_code == 200
    before = ProductDemandForecast.objects.values().get()

    def fail(*args: Any, **options: Any) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(on_demand, "upsert", fail)
    response = client.post(GENERATE, BODY, format="json")
    assert (response.status_code, response.json()["error"]["code"]) == (500, "internal_error")
    assert b"secret" not in response.content
    assert ProductDemandForecast.objects.values().get() == before


def test_a_server_without_the_numeric_stack_says_so(sold: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "forecasting.services.on_demand", None)
    response = person(sold.buyer).post(GENERATE, BODY, format="json")
    assert (response.status_code, response.json()["error"]["code"]) == (503, "not_available_here")


def test_stored_forecast_is_given_day_by_day(world: World) -> None:
    row = world.north["forecast"]
    row.daily |= {
        "intervals": {"0.8": [[1.5, 2.5], [3.5, 4.5]], "0.95": [[0.5, 1.5], [4.5, 5.5]]},
        "reason": "A plain model did best.",
        "rank": {"seasonal": 1, "naive": 2},
        "effects": {
            "factor": {"1": 1.5},
            "uplifts": {"Fair": 1.5},
            "events": {"1": ["Fair", "Easter: the day before"]},
        },
    }
    row.save(update_fields=["daily"])
    answer = person(world.cast.viewer).get("/api/v1/forecasts/SKU-STEADY?store_id=N1").json()
    assert (answer["model"], answer["ensemble_forecast"], answer["forecast_period"]) == ("seasonal", 5.0, 2)
    assert (answer["baseline_forecast"], answer["overrides"]) == (None, [])
    assert (answer["reason"], answer["rank"]) == ("A plain model did best.", {"seasonal": 1, "naive": 2})
    assert answer["daily"] == [
        {
            "date": "2026-03-16",
            "mean": 2.0,
            "baseline": 2.0,
            "lower_80": 1.5,
            "upper_80": 3.5,
            "lower_95": 0.5,
            "upper_95": 4.5,
            "quantiles": {"0.1": 1.0, "0.9": 4.0},
            "effects": {"factor": 1.0, "events": [], "overrides": []},
        },
        {
            "date": "2026-03-17",
            "mean": 3.0,
            "baseline": 3.0,
            "lower_80": 2.5,
            "upper_80": 4.5,
            "lower_95": 1.5,
            "upper_95": 5.5,
            "quantiles": {"0.1": 2.0, "0.9": 5.0},
            "effects": {"factor": 1.5, "events": ["Fair", "Easter: the day before"], "overrides": []},
        },
    ]


def test_an_override_is_served_beside_what_the_engine_said(cast: Cast) -> None:
    forecast(cast.north, cast.steady)
    override = add_override(
        product=cast.steady,
        store=cast.north,
        first_day=TODAY,
        last_day=TODAY,
        action="add",
        amount=4.0,
        reason="fair",
        actor=cast.buyer,
        now=NOW,
    )
    answer = person(cast.viewer).get("/api/v1/forecasts/SKU-STEADY?store_id=N1").json()
    assert (answer["ensemble_forecast"], answer["baseline_forecast"]) == (9.0, 5.0)
    assert answer["overrides"] == [override.pk]
    assert [(day["mean"], day["baseline"]) for day in answer["daily"]] == [(6.0, 2.0), (3.0, 3.0)]
    assert [day["effects"]["overrides"] for day in answer["daily"]] == [[override.pk], []]


def test_a_forecast_without_intervals_has_empty_ones(world: World) -> None:
    day = person(world.cast.viewer).get("/api/v1/forecasts/SKU-STEADY?store_id=N1").json()["daily"][0]
    assert [day[name] for name in ("lower_80", "upper_80", "lower_95", "upper_95")] == [None] * 4


def test_the_forecast_of_a_day_is_found_by_it(world: World) -> None:
    client = person(world.cast.viewer)
    path = "/api/v1/forecasts/SKU-STEADY?store_id=N1&forecast_date="
    assert client.get(f"{path}2026-03-16").status_code == 200
    assert client.get(f"{path}2026-03-15").status_code == 404
    assert client.get(f"{path}soon").status_code == 400
    assert set(client.get("/api/v1/forecasts/SKU-STEADY").json()["error"]["fields"]) == {"store_id"}


def _listed(client: APIClient, query: str = "") -> list[tuple[str, str]]:
    rows = client.get(f"/api/v1/forecasts{query}").json()["results"]
    return [(row["store_id"], row["product_id"]) for row in rows]


def test_forecasts_are_listed_newest_first_without_their_days(world: World) -> None:
    forecast(world.cast.south, world.cast.dead)
    client = person(world.cast.viewer)
    assert _listed(client) == [("S1", "SKU-DEAD"), ("S1", "SKU-STEADY"), ("N1", "SKU-STEADY")]
    page = client.get("/api/v1/forecasts?page_size=1").json()
    assert set(page) == {"next", "previous", "results"}
    assert not {"daily", "rank", "reason"} & set(page["results"][0])
    assert page["results"][0]["forecast_date"] == "2026-03-16"


def test_forecasts_are_filtered_by_store_product_category_and_day(world: World) -> None:
    forecast(world.cast.south, world.cast.dead)
    client = person(world.cast.viewer)
    assert _listed(client, "?store_id=N1") == [("N1", "SKU-STEADY")]
    assert _listed(client, "?product_id=SKU-DEAD") == [("S1", "SKU-DEAD")]
    assert _listed(client, "?category=Tools") == [("S1", "SKU-DEAD")]
    assert _listed(client, "?forecast_date=2026-03-15") == []
    assert client.get("/api/v1/forecasts?store=N1").status_code == 400
    assert client.get("/api/v1/forecasts?page_size=501").status_code == 400
