"""A forecast on demand: the models named, each as it is; what is served beside them; one row a day."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from forecasting import tasks
from forecasting.calc.config import NAMED_MODELS, ForecastConfig
from forecasting.calc.contract import AS_ASKED, AS_WEIGHTED, WITHIN_CHANCE
from forecasting.calc.panel import Panel, forecast_panel
from forecasting.frames.peers import load_peer_ids
from forecasting.models import ForecastAccuracy, ProductDemandForecast
from forecasting.services.answers import generated_answer
from forecasting.services.errors import InsufficientHistory, ModelUnavailable
from forecasting.services.generate import forecast_series
from forecasting.services.on_demand import generate_forecast
from forecasting.services.overrides import add_override
from forecasting.services.training import train_models
from inventory.models import Product, StockLevel
from tests.cast import NOW, TODAY, Cast, movement, record, sell_daily
from tests.forecasting.libraries import needs_boosting
from tests.insights.proposals import make_products

YESTERDAY = TODAY - timedelta(days=1)
WEEK = [4, 4, 4, 4, 4, 8, 0]
STATISTICAL = ["linear", "seasonal", "arima", "intermittent", "ensemble"]


def generate(cast: Cast, **changes: Any) -> ProductDemandForecast:
    arguments: dict[str, Any] = {"store": cast.north, "product": cast.steady, "now": NOW, "horizon_days": 14} | changes
    return generate_forecast(**arguments)


def noisy(days: int, *, seed: int = 1, mean: float = 6.0) -> list[int]:
    weekly = mean * np.resize([0.8, 0.8, 0.9, 1.0, 1.2, 1.5, 0.8], days)
    return [int(units) for units in np.random.default_rng(seed).poisson(weekly)]


def test_each_model_answers_with_a_path_bounds_and_its_own_score(cast: Cast) -> None:
    sell_daily(cast.north, cast.steady, noisy(140), last_day=YESTERDAY)
    row = generate(cast, models=STATISTICAL)
    assert list(row.daily["models"]) == STATISTICAL
    for path in row.daily["models"].values():
        assert [len(path[name]) for name in ("mean", "lower", "upper")] == [14, 14, 14]
        assert all(
            low <= mean <= high for low, mean, high in zip(path["lower"], path["mean"], path["upper"], strict=True)
        )
        assert path["total"] == pytest.approx(sum(path["mean"]), abs=0.01)
        assert 0 <= path["total_lower"] < path["total"] < path["total_upper"]
        # Days do not all go wrong together: the sum is better known than the days added up.
        assert path["total_upper"] - path["total_lower"] < sum(path["upper"]) - sum(path["lower"])
        assert 0 < path["accuracy_score"] < 100
    scores = {path["accuracy_score"] for path in row.daily["models"].values()}
    assert len(scores) == len(STATISTICAL)


def test_the_ensemble_is_what_the_night_would_serve(cast: Cast) -> None:
    for seed, product in enumerate(cast.products):
        sell_daily(cast.north, product, noisy(120, seed=seed, mean=3 + seed), last_day=YESTERDAY)
    night = forecast_series(
        store=cast.north,
        product_ids=[product.pk for product in cast.products],
        forecast_date=TODAY,
        horizon_days=14,
        now=NOW,
    ).forecasts[cast.steady.pk]
    row = generate(cast)
    named = row.daily["models"]["ensemble"]
    assert (named["mean"], named["total"]) == (night.daily["mean"], night.ensemble_forecast)
    assert [named["lower"], named["upper"]] == night.daily["intervals"]["0.95"]
    assert (row.protection, row.model) == (night.protection, night.model)
    assert {name: value for name, value in row.daily.items() if name != "models"} == night.daily


def test_a_model_that_a_plain_one_beats_is_not_served_but_answers_as_itself(cast: Cast) -> None:
    """The same week for ever: the seasonal naive is exact, the line is not."""
    sell_daily(cast.north, cast.steady, [9, 0, 0, 0, 0, 0, 1] * 6, last_day=YESTERDAY)
    row = generate(cast, models=["linear"])
    assert (row.model, row.daily["mean"]) == ("seasonal_naive", [9, 0, 0, 0, 0, 0, 1] * 2)
    linear = row.daily["models"]["linear"]
    assert linear["mean"] != row.daily["mean"]
    assert linear["accuracy_score"] < row.forecast_accuracy_score
    assert row.linear_forecast == linear["total"]


def test_an_open_gate_changes_nothing_but_the_gate(cast: Cast) -> None:
    demand = np.random.default_rng(3).poisson(5, (8, 140)).astype(float)
    demand[6:] += 20 * (np.arange(140) // 20 % 2)  # up and down again: a line is always late
    open_, gated = (
        forecast_panel(Panel(demand), ForecastConfig(horizon=7, models=("linear",), gated=gated))
        for gated in (False, True)
    )
    assert set(open_.reason.tolist()) == {AS_ASKED}
    untouched = np.isin(gated.reason, [AS_WEIGHTED, WITHIN_CHANCE])
    assert untouched.any()
    assert not untouched.all()
    np.testing.assert_allclose(open_.mean[untouched], gated.mean[untouched], rtol=1e-5)
    assert not np.allclose(open_.mean[~untouched], gated.mean[~untouched])


def test_the_row_is_that_of_the_day_and_a_second_request_writes_over_it(cast: Cast) -> None:
    sell_daily(cast.north, cast.steady, noisy(60), last_day=YESTERDAY)
    generate(cast)
    first = ProductDemandForecast.objects.get()
    assert (first.forecast_date, first.forecast_period, first.run) == (TODAY, 14, None)
    record(movement(cast.north, cast.steady, "sale", 70, day=YESTERDAY))

    generate(cast, models=["arima"], now=NOW + timedelta(minutes=5))

    second = ProductDemandForecast.objects.get()
    assert second.pk == first.pk
    assert second.created_at == NOW + timedelta(minutes=5)
    assert list(second.daily["models"]) == ["arima"]
    assert second.ensemble_forecast > first.ensemble_forecast
    assert second.arima_forecast == second.daily["models"]["arima"]["total"]


def test_an_override_in_force_is_in_what_is_served_and_not_in_a_model_by_itself(cast: Cast) -> None:
    sell_daily(cast.north, cast.steady, [6] * 60, last_day=YESTERDAY)
    before = generate(cast, models=["linear", "ensemble"]).daily["models"]
    add_override(
        product=cast.steady,
        store=cast.north,
        first_day=TODAY,
        last_day=TODAY,
        action="set",
        amount=50.0,
        reason="fair",
        actor=cast.buyer,
        now=NOW,
    )
    row = generate(cast, models=["linear", "ensemble"])
    named = row.daily["models"]
    assert named["linear"] == before["linear"]
    assert (named["ensemble"]["mean"], row.daily["baseline"]["mean"]) == ([50] + [6] * 13, [6] * 14)
    assert (named["ensemble"]["total"], row.ensemble_forecast) == (128, 128)


def test_accuracy_stays_the_nights(cast: Cast) -> None:
    sell_daily(cast.north, cast.steady, noisy(60), last_day=YESTERDAY)
    generate(cast)
    assert not ForecastAccuracy.objects.exists()


def test_another_first_day_sees_what_was_sold_before_it_alone(cast: Cast) -> None:
    sell_daily(cast.north, cast.steady, [5] * 60, last_day=YESTERDAY)
    record(movement(cast.north, cast.steady, "sale", 900, day=YESTERDAY - timedelta(days=3)))
    past = generate(cast, forecast_date=TODAY - timedelta(days=10))
    assert (past.forecast_date, past.daily["mean"]) == (TODAY - timedelta(days=10), [5] * 14)


def test_peers_of_the_category_come_first_and_are_bounded(cast: Cast) -> None:
    for product in cast.products:
        sell_daily(cast.north, product, [1], last_day=YESTERDAY)
    sell_daily(cast.south, cast.intermittent, [1], last_day=YESTERDAY)
    StockLevel.objects.filter(product=cast.dead).update(is_on_sale=False)
    peers = load_peer_ids(store_id=cast.north.pk, product=cast.steady, most=119)
    assert peers == [cast.seasonal.pk, cast.intermittent.pk, cast.new.pk]
    assert load_peer_ids(store_id=cast.north.pk, product=cast.steady, most=1) == [cast.seasonal.pk]


def test_a_short_history_borrows_its_week_from_the_store(cast: Cast) -> None:
    pattern = [2, 2, 2, 2, 2, 30, 2]
    sell_daily(cast.north, cast.new, pattern[4:] + pattern[:5], last_day=YESTERDAY)  # 8 days: one Saturday
    alone = generate(cast, product=cast.new, models=["linear"]).daily["models"]["linear"]["mean"]
    for seed, product in enumerate([cast.steady, cast.seasonal, cast.intermittent]):
        sell_daily(cast.north, product, (pattern * 20)[seed % 2 * 7 :], last_day=YESTERDAY - timedelta(days=2))
    together = generate(cast, product=cast.new, models=["linear"]).daily["models"]["linear"]["mean"]
    assert together != alone


def test_fewer_than_seven_days_of_history_are_refused_and_nothing_is_written(cast: Cast) -> None:
    sell_daily(cast.north, cast.new, [3] * 6, last_day=YESTERDAY)
    for product, days in [(cast.new, 6), (cast.dead, 0)]:
        with pytest.raises(InsufficientHistory, match=r"^Insufficient historical data$") as refused:
            generate(cast, product=product)
        assert refused.value.days == days
    assert not ProductDemandForecast.objects.exists()


@pytest.mark.parametrize("model", ["lstm", "gradient_boosting"])
def test_a_model_that_is_not_here_is_named_and_no_other_answers(cast: Cast, model: str) -> None:
    sell_daily(cast.north, cast.steady, noisy(60), last_day=YESTERDAY)
    with pytest.raises(ModelUnavailable, match=f"“{model}” is not available"):
        generate(cast, models=["linear", model])
    assert not ProductDemandForecast.objects.exists()


def test_a_model_that_a_night_has_trained_answers_as_it_is_and_serves_with_the_others(cast: Cast) -> None:
    needs_boosting()
    products = make_products(12)
    week = np.array([30, 40, 50, 60, 70, 90, 20])
    chance = np.random.default_rng(2)
    for product in products:  # not the same every week, or the naive would know as much as a model that learns
        sold = np.tile(week, 25) + chance.integers(-6, 7, 175)
        sell_daily(cast.north, product, sold.tolist(), last_day=YESTERDAY)
    outcome = train_models(
        names=["gradient_boosting"],
        series=[(cast.north.pk, product.pk) for product in products],
        last_day=YESTERDAY,
        horizon_days=28,
        seed=7,
        code_version="test",
        now=NOW,
    )
    assert [key.name for key in outcome.models] == ["gradient_boosting"]
    row = generate(cast, product=products[0], models=["gradient_boosting", "ensemble"])
    answers = row.daily["models"]
    assert answers["gradient_boosting"]["mean"][:7] == pytest.approx(week.tolist(), abs=5)
    assert "gradient_boosting" in row.daily["rank"]
    with pytest.raises(ModelUnavailable, match="lstm has not been trained on this site"):
        generate(cast, product=products[0], models=["lstm"])


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"horizon_days": 0}, "forecast_period"),
        ({"horizon_days": 92}, "forecast_period"),
        ({"models": []}, "models"),
        ({"models": ["linear", "prophet"]}, "models"),
        ({"forecast_date": TODAY + timedelta(days=1)}, "forecast_date"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(cast: Cast, changes: dict[str, Any], field: str) -> None:
    sell_daily(cast.north, cast.steady, noisy(60), last_day=YESTERDAY)
    with pytest.raises(ValidationError) as refused:
        generate(cast, **changes)
    assert list(refused.value.message_dict) == [field]


def test_models_are_named_once_and_in_one_order(cast: Cast) -> None:
    sell_daily(cast.north, cast.steady, noisy(30), last_day=YESTERDAY)
    assert list(generate(cast, models=["ensemble", "linear", "ensemble"]).daily["models"]) == ["linear", "ensemble"]
    assert set(STATISTICAL) < set(NAMED_MODELS)


@pytest.mark.parametrize("count", [3, 30])
def test_queries_do_not_grow_with_the_peers(cast: Cast, count: int) -> None:
    products = Product.objects.bulk_create(Product(sku=f"P{n}", name=f"P{n}", category="Coffee") for n in range(count))
    sales = [
        movement(cast.north, product, "sale", 2, day=YESTERDAY - timedelta(days=day))
        for product in [*products, cast.steady]
        for day in range(10)
    ]
    record(*sales)
    with CaptureQueriesContext(connection) as queries:
        generate(cast)
    assert len(queries) == 11  # of them one for the newest trained model


def test_the_task_gives_the_same_answer_as_plain_json(cast: Cast) -> None:
    sell_daily(cast.north, cast.steady, noisy(60), last_day=YESTERDAY)
    answer = tasks.generate_forecast("SKU-STEADY", "N1", 7, ["linear"])
    row = ProductDemandForecast.objects.get()
    assert answer == generated_answer(row)
    assert json.loads(json.dumps(answer, allow_nan=False)) == answer
    assert (answer["product_id"], answer["store_id"], answer["forecast_period"]) == ("SKU-STEADY", "N1", 7)
