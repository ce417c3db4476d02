"""PA-8 by its three faces: the numbers, the echo, money of one currency, and what is refused."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from analytics.services.metrics import refresh_metrics
from forecasting.models import DemandForecastTotal
from insights.services.dashboard.payload import _buckets, dashboard_answer
from insights.tasks import generate_dashboard
from invencare.entrypoints.functions import analytics_dashboard_generator
from inventory.models import Product, Store
from inventory.querysets.scope import EVERY_STORE, StoreScope
from inventory.services.alerts import NewAlert, open_alerts
from tests.api.conftest import person
from tests.cast import NOW, TODAY, Cast, movement, record, set_bounds
from tests.insights.proposals import recommend

YESTERDAY = TODAY - timedelta(days=1)


def sell(store: Store, product: Product, units: int, day: date, price: str = "5.00") -> None:
    record(movement(store, product, "sale", units, day=day, unit_price=Decimal(price)))


@pytest.fixture
def sold(cast: Cast) -> Cast:
    """North: 100 and 2 counted; yesterday 10 + 4 sold, a week before 6."""
    record(movement(cast.north, cast.steady, "count", 100, day=TODAY - timedelta(days=40)))
    record(movement(cast.north, cast.new, "count", 6, day=TODAY - timedelta(days=40)))
    sell(cast.north, cast.steady, 10, YESTERDAY)
    sell(cast.north, cast.new, 4, YESTERDAY, price="2.50")
    sell(cast.north, cast.steady, 6, YESTERDAY - timedelta(days=7))
    sell(cast.south, cast.steady, 99, YESTERDAY)
    set_bounds(cast.north, cast.new, minimum=3, maximum=50)
    refresh_metrics(now=NOW)
    return cast


def answer(cast: Cast, **asked: Any) -> dict[str, Any]:
    defaults: dict[str, Any] = {
        "scope": EVERY_STORE,
        "store": cast.north,
        "period": "daily",
        "include_forecasts": True,
        "include_recommendations": True,
        "now": NOW,
    }
    return dashboard_answer(**{**defaults, **asked})


def test_the_summary_of_a_day_beside_the_same_weekday_before(sold: Cast) -> None:
    found = answer(sold)
    assert (found["first_day"], found["last_day"], found["currency"]) == (YESTERDAY, YESTERDAY, "GBP")
    assert found["summary"]["sales"] == {
        "revenue": Decimal("60.00"),
        "transactions": 2,
        "units": 14,
        "distinct_products": 2,
        "average_transaction_value": Decimal("30.00"),
        "revenue_before": Decimal("30.00"),
        "units_before": 6,
    }


def test_the_inventory_and_its_health_from_its_parts(sold: Cast) -> None:
    inventory = answer(sold)["summary"]["inventory"]
    parts = inventory.pop("stock_health_parts")
    assert inventory == {
        "products": 2,
        "units": 86,  # 84 and 2
        "value": Decimal("258.00"),
        "low": 1,
        "out": 0,
        "overstocked": 0,
        "stock_health_score": 85.0,
    }
    assert [part["points"] for part in parts] == [50.0, 15.0, 20.0]


def test_products_and_categories(sold: Cast) -> None:
    found = answer(sold)
    assert [(row["product_id"], row["units"], row["revenue"]) for row in found["top_products"]] == [
        ("SKU-STEADY", 10, Decimal("50.00")),
        ("SKU-NEW", 4, Decimal("10.00")),
    ]
    assert [
        (row["category"], row["share_of_revenue"], row["revenue_before"]) for row in found["category_performance"]
    ] == [
        ("Coffee", 0.8333, Decimal("30.00")),
        ("Tools", 0.1667, Decimal("0.00")),
    ]


@pytest.mark.parametrize(("period", "buckets", "units"), [("daily", 7, 14), ("weekly", 4, 20), ("monthly", 12, 20)])
def test_trends_hold_as_many_buckets_as_the_contract_says(period: str, buckets: int, units: int, sold: Cast) -> None:
    trends = answer(sold, period=period)["sales_trends"]
    assert len(trends) == buckets
    assert sum(bucket["units"] for bucket in trends) == units
    assert trends[-1]["last_day"] == YESTERDAY
    days = [(bucket["first_day"], bucket["last_day"]) for bucket in trends]
    assert all(first - last == timedelta(days=1) for (_, last), (first, _) in pairwise(days))


def test_months_are_the_calendars_and_the_newest_is_the_part_that_is_over() -> None:
    months = _buckets(date(2026, 3, 15), "monthly")
    assert (months[0].first, months[0].last) == (date(2025, 4, 1), date(2025, 4, 30))
    assert (months[-2].last, months[-1].first, months[-1].last) == (
        date(2026, 2, 28),
        date(2026, 3, 1),
        date(2026, 3, 15),
    )


def test_alerts_come_with_type_and_severity_worst_first(sold: Cast) -> None:
    for cause, money in (("small", 5), ("big", 500)):
        alert = NewAlert("anomaly", "high", cause, cause, sold.north.pk, sold.steady.pk, Decimal(money), "GBP")
        open_alerts([alert], now=NOW)
    alerts = [row for row in answer(sold)["inventory_alerts"] if row["type"] == "anomaly"]
    assert [(row["message"], row["severity"], row["product_id"]) for row in alerts] == [
        ("big", "high", "SKU-STEADY"),
        ("small", "high", "SKU-STEADY"),
    ]


def test_forecasts_and_recommendations_come_where_they_are_wanted(sold: Cast) -> None:
    recommend(sold.north, sold.steady, sold.supplier, urgency_level="critical", money_at_risk=Decimal("40.00"))
    DemandForecastTotal.objects.create(
        level="store",
        key="1",
        store=sold.north,
        forecast_date=TODAY,
        forecast_period=2,
        series=7,
        expected_units=9,
        daily={"mean": [4.0, 5.0]},
        horizon={"intervals": {"0.95": [3.0, 15.0]}},
        created_at=NOW,
    )
    found = answer(sold)
    assert found["demand_forecasts"] == {
        "forecast_date": TODAY,
        "forecast_period": 2,
        "series": 7,
        "expected_units": 9.0,
        "confidence_level": 0.95,
        "confidence_interval_lower": 3.0,
        "confidence_interval_upper": 15.0,
    }
    assert found["recommendations"] == {
        "total": 1,
        "by_urgency": {"critical": 1, "high": 0, "medium": 0, "low": 0},
        "money_at_risk": Decimal("40.00"),
    }
    without = answer(sold, include_forecasts=False, include_recommendations=False)
    assert (without["demand_forecasts"], without["recommendations"]) == (None, None)


def test_an_empty_shop_has_answers_and_no_made_up_numbers(cast: Cast) -> None:
    found = answer(cast)
    assert found["summary"]["sales"]["average_transaction_value"] is None
    assert found["summary"]["inventory"]["stock_health_score"] is None
    assert (found["demand_forecasts"], found["sales_as_of"], found["nightly_is_late"]) == (None, None, True)
    assert (found["top_products"], found["last_day"]) == ([], YESTERDAY)


def test_the_period_ends_with_a_day_that_is_over(sold: Cast) -> None:
    sell(sold.north, sold.steady, 1, TODAY)
    refresh_metrics(now=NOW)
    assert answer(sold)["last_day"] == YESTERDAY


def test_currencies_are_not_added_up(sold: Cast) -> None:
    with pytest.raises(ValidationError, match="EUR, GBP, which do not add up"):
        answer(sold, store=None)
    with pytest.raises(ValidationError, match="None of your stores trades in USD"):
        answer(sold, store=None, currency="USD")
    assert answer(sold, store=None, currency="EUR")["summary"]["sales"]["units"] == 99
    only_north = StoreScope(store_ids=frozenset({sold.north.pk}))
    assert answer(sold, store=None, scope=only_north)["summary"]["sales"]["units"] == 14


def call(event: Any) -> tuple[int, dict[str, Any]]:
    found = analytics_dashboard_generator(event, None)
    return found["statusCode"], json.loads(found["body"])


def test_the_function_speaks_its_contract(sold: Cast) -> None:
    status, body = call({"storeId": "N1", "period": "weekly", "includeForecasts": False})
    assert (status, body["success"], body["storeId"], body["period"]) == (200, True, "N1", "weekly")
    assert (body["includeForecasts"], body["includeRecommendations"]) == (False, True)
    assert set(body) >= {
        *("summary", "topProducts", "categoryPerformance", "inventoryAlerts", "salesTrends"),
        *("demandForecasts", "recommendations", "timestamp"),
    }
    assert body["summary"]["inventory"]["stockHealthScore"] == 85.0
    assert isinstance(body["summary"]["sales"]["revenue"], float)
    assert isinstance(body["summary"]["sales"]["averageTransactionValue"], float)


@pytest.mark.parametrize(
    ("event", "status", "field"),
    [
        ({"storeId": "NOWHERE"}, 404, "storeId"),
        ({"storeId": "N1", "period": "hourly"}, 400, "period"),
        ({"storeId": "N1", "includeForecasts": "perhaps"}, 400, "includeForecasts"),
        ({"store_id": "N1"}, 400, "store_id"),
        ({}, 400, "currency"),
    ],
)
def test_what_is_wrong_is_named(event: dict[str, Any], status: int, field: str, sold: Cast) -> None:
    code, body = call(event)
    assert (code, body["success"], list(body["fields"])) == (status, False, [field])


def test_get_and_post_answer_the_same_and_a_task_too(sold: Cast) -> None:
    client = person(sold.viewer)
    got = client.get("/api/v1/dashboard?store_id=N1&period=weekly&include_forecasts=false")
    posted = client.post(
        "/api/v1/dashboard", {"store_id": "N1", "period": "weekly", "include_forecasts": False}, format="json"
    )
    assert got.status_code == 200
    assert got.json() == posted.json()
    worked = generate_dashboard("N1", "weekly")
    assert worked["summary"]["inventory"]["value"] == got.json()["summary"]["inventory"]["value"]


def test_a_store_manager_sees_the_own_stores_alone(sold: Cast) -> None:
    client = person(sold.store_manager)
    assert client.get("/api/v1/dashboard?store_id=S1").status_code == 404
    assert client.get("/api/v1/dashboard").json()["currency"] == "GBP"
