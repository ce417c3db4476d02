"""Demand insights over the API (SPEC, DI): forms, scopes of stores, missing and stale analyses, queries."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from insights.models import DemandAnalysis
from invencare.lib import clock
from inventory.models import Customer, InventoryTransaction
from tests.api.conftest import machine, person, total
from tests.cast import Cast
from tests.insights.demand_rows import customer_analysis, price_analysis, sale, score

ROOT = "/api/v1/demand-insights"


@pytest.fixture
def learned(cast: Cast) -> Cast:
    now = clock.now()
    analysis = customer_analysis(created_at=now)
    score(analysis, cast.south, "ann", clv=500.0, churn_probability=0.9, money_at_stake=450.0)
    score(analysis, cast.north, "bob", clv=50.0, churn_probability=0.65, money_at_stake=900.0)
    score(analysis, cast.south, "cy", clv=900.0, churn_probability=0.1, money_at_stake=90.0, risk_level="low")
    DemandAnalysis.objects.filter(pk=analysis.pk).update(subjects=3)
    price_analysis(cast, created_at=now)
    return cast


def test_the_served_segments(learned: Cast) -> None:
    client = person(learned.analyst)
    body = client.get(f"{ROOT}/segments").json()
    assert (body["method"], body["n_clusters"], body["quality"]["silhouette"]) == ("k_means", 2, 0.5)
    assert [one["name"] for one in body["segments"]] == ["Segment 0 of 2", "Segment 1 of 2"]
    assert [one["customer_share"] for one in body["segments"]] == [0.5, 0.5]


def test_another_number_of_segments_is_read_not_trained(learned: Cast) -> None:
    client = person(learned.analyst)
    assert len(client.get(f"{ROOT}/segments?n_clusters=3").json()["segments"]) == 3
    refused = client.get(f"{ROOT}/segments?n_clusters=7")
    assert refused.status_code == 400
    assert refused.json()["error"]["fields"]["n_clusters"] == [
        "This number was not tried; the analysis tried from 2 to 3."
    ]


def test_lifetime_values_most_valuable_first_and_by_name(learned: Cast) -> None:
    client = person(learned.analyst)
    body = client.post(f"{ROOT}/clv", {}, format="json").json()
    assert [(one["customer_id"], one["clv"]) for one in body["customers"]] == [("cy", 900), ("ann", 500), ("bob", 50)]
    assert body["total"] == 3
    named = client.post(f"{ROOT}/clv", {"customer_ids": ["bob", "nobody"]}, format="json").json()
    assert [one["customer_id"] for one in named["customers"]] == ["bob"]
    assert named["unknown_customer_ids"] == ["nobody"]
    assert client.post(f"{ROOT}/clv", {"customer_ids": ["nobody"]}, format="json").status_code == 404


def test_churn_says_probability_and_risk(learned: Cast) -> None:
    body = person(learned.analyst).post(f"{ROOT}/churn", {"customer_ids": ["ann"]}, format="json").json()
    (row,) = body["customers"]
    assert (row["churn_probability"], row["risk_level"], row["churn_window_days"]) == (0.9, "high", 40)
    assert body["model"]["served"] == "gradient_boosting"


def test_customers_at_risk_most_money_at_stake_first(learned: Cast) -> None:
    client = person(learned.analyst)
    body = client.get(f"{ROOT}/at-risk-customers").json()
    assert [one["customer_id"] for one in body["customers"]] == ["bob", "ann"]
    assert (body["threshold"], body["total"]) == (0.6, 2)
    one = client.get(f"{ROOT}/at-risk-customers?threshold=0.5&limit=1").json()
    assert (len(one["customers"]), one["total"]) == (1, 2)
    assert client.get(f"{ROOT}/at-risk-customers?threshold=1.5").status_code == 400
    assert client.get(f"{ROOT}/at-risk-customers?treshold=0.5").status_code == 400


def test_a_key_of_one_store_sees_the_customers_at_home_there(learned: Cast) -> None:
    key = machine(learned.analyst, ["customers:read"], stores=[learned.south])
    customers = key.post(f"{ROOT}/clv", {}, format="json").json()["customers"]
    assert [one["customer_id"] for one in customers] == ["cy", "ann"]
    assert key.post(f"{ROOT}/clv", {"customer_ids": ["bob"]}, format="json").status_code == 404
    assert key.get(f"{ROOT}/at-risk-customers").json()["total"] == 1
    segments = key.get(f"{ROOT}/segments").json()["segments"]
    assert [(one["name"], one["customers"]) for one in segments] == [("Segment 0 of 2", 2)]
    assert key.get(f"{ROOT}/segments?n_clusters=3").status_code == 400


def test_elasticities_of_a_product_a_category_and_all(learned: Cast) -> None:
    client = person(learned.buyer)
    (row,) = client.post(f"{ROOT}/price-elasticity", {"product_id": "SKU-STEADY"}, format="json").json()["results"]
    assert (row["verdict"], row["elasticity"], row["standard_error"]) == ("elastic", -2.5, 0.2)
    tools = client.post(f"{ROOT}/price-elasticity", {"category": "Tools"}, format="json").json()["results"]
    assert [(one["product_id"], one["verdict"]) for one in tools] == [
        (None, "elastic"),
        ("SKU-DEAD", "not_enough_price_variation"),
    ]
    assert len(client.post(f"{ROOT}/price-elasticity", {}, format="json").json()["results"]) == 2
    assert client.post(f"{ROOT}/price-elasticity", {"product_id": "SKU-NEW"}, format="json").status_code == 404
    both = client.post(f"{ROOT}/price-elasticity", {"product_id": "SKU-NEW", "category": "Tools"}, format="json")
    assert both.status_code == 400


def test_the_best_price(learned: Cast) -> None:
    asked = {"product_id": "SKU-STEADY", "current_price": 6, "current_quantity": 100, "cost_per_unit": 4}
    body = person(learned.buyer).post(f"{ROOT}/price-optimization", asked, format="json").json()
    assert body["best"]["price"] == pytest.approx(20 / 3)
    assert body["current"]["profit"] == pytest.approx(200)
    assert body["profit_change"] > 0


def test_a_refused_product_has_no_best_price(learned: Cast) -> None:
    asked = {"product_id": "SKU-DEAD", "current_price": 5, "current_quantity": 100, "cost_per_unit": 4}
    client = person(learned.buyer)
    refused = client.post(f"{ROOT}/price-optimization", asked, format="json")
    assert refused.status_code == 409
    assert "fewer than 4 distinct prices" in refused.json()["error"]["message"]
    assert client.post(f"{ROOT}/price-optimization", {**asked, "use_category": True}, format="json").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "job"),
    [
        ("get", "segments", "Analyse customers"),
        ("post", "clv", "Analyse customers"),
        ("post", "churn", "Analyse customers"),
        ("get", "at-risk-customers", "Analyse customers"),
        ("post", "price-elasticity", "Measure price elasticities"),
    ],
)
def test_nothing_learned_names_the_job(cast: Cast, method: str, path: str, job: str) -> None:
    answer = getattr(person(cast.analyst), method)(f"{ROOT}/{path}", format="json")
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "model_missing"
    assert job in answer.json()["error"]["message"]


def test_an_old_analysis_is_stale(cast: Cast) -> None:
    customer_analysis(created_at=clock.now() - timedelta(days=40))
    answer = person(cast.analyst).get(f"{ROOT}/segments")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "model_stale")


def test_named_sales_that_went_on_make_it_stale(cast: Cast) -> None:
    day = clock.now().date() - timedelta(days=1)
    customer_analysis(created_at=clock.now(), day=day - timedelta(days=60))
    InventoryTransaction.objects.bulk_create([sale(cast.south, cast.steady, day, 5.0)])  # of nobody known
    client = person(cast.analyst)
    assert client.get(f"{ROOT}/segments").status_code == 200
    ann = Customer.objects.create(code="ann")
    InventoryTransaction.objects.bulk_create([sale(cast.south, cast.steady, day, 5.0, customer=ann)])
    assert client.get(f"{ROOT}/segments").json()["error"]["code"] == "model_stale"


def test_what_could_not_be_learned_is_said(cast: Cast) -> None:
    analysis = customer_analysis(created_at=clock.now())
    results = {**analysis.results, "churn": {"served": "", "reason": "churn needs 57 days"}}
    DemandAnalysis.objects.filter(pk=analysis.pk).update(results=results)
    answer = person(cast.analyst).post(f"{ROOT}/churn", {}, format="json")
    assert answer.status_code == 503
    assert "churn needs 57 days" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("method", "path", "queries"), [("get", "at-risk-customers", 8), ("post", "clv", 7), ("post", "churn", 7)]
)
def test_queries_do_not_grow_with_customers(
    learned: Cast, method: str, path: str, queries: int, django_assert_num_queries: Any
) -> None:
    client = person(learned.analyst)
    ask = getattr(client, method)
    ask(f"{ROOT}/{path}", format="json")
    analysis = DemandAnalysis.objects.get(kind="customers")
    counts = []
    for more in (0, 5):
        for one in range(more):
            score(analysis, learned.south, f"more-{one}")
        with django_assert_num_queries(queries):
            counts.append(len(ask(f"{ROOT}/{path}", format="json").json()["customers"]))
    assert counts[1] == counts[0] + 5


def test_the_expected_demand_of_everything_and_of_a_category(learned: Cast) -> None:
    total(None)
    total(None, level="category", key="Coffee", category="Coffee", expected_units=3.0)
    client = person(learned.analyst)
    body = client.post(f"{ROOT}/forecast", {}, format="json").json()
    assert (body["forecast_days"], body["expected_units"], body["series"]) == (2, 5.0, 3)
    assert body["days"][0] == {
        "date": "2026-03-16",
        "expected_units": 2.0,
        "lower_80": 1.0,
        "upper_80": 3.0,
        "lower_95": 0.0,
        "upper_95": 4.0,
    }
    coffee = client.post(f"{ROOT}/forecast", {"category_id": "Coffee", "forecast_days": 1}, format="json").json()
    assert (coffee["forecast_days"], coffee["expected_units"]) == (1, 2.0)


def test_some_stores_are_summed_without_bounds(learned: Cast) -> None:
    total(learned.south)
    key = machine(learned.analyst, ["forecasts:read"], stores=[learned.south])
    body = key.post(f"{ROOT}/forecast", {}, format="json").json()
    assert (body["expected_units"], body["days"][0]["lower_80"]) == (5.0, None)


def test_what_the_night_does_not_forecast_is_refused(learned: Cast) -> None:
    client = person(learned.analyst)
    assert client.post(f"{ROOT}/forecast", {}, format="json").json()["error"]["code"] == "model_missing"
    total(None)
    far = client.post(f"{ROOT}/forecast", {"forecast_days": 60}, format="json")
    assert far.json()["error"]["fields"] == {
        "forecast_days": ["The night forecasts 2 days; ask for at most that many."]
    }
    assert client.post(f"{ROOT}/forecast", {"category_id": "Nothing"}, format="json").status_code == 404
    both = {"category_id": "Coffee", "product_id": "SKU-STEADY"}
    assert client.post(f"{ROOT}/forecast", both, format="json").status_code == 400
