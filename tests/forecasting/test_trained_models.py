"""Global models in the database: trained once, stored as text, found by day, and at work in a store's forecast."""

from __future__ import annotations

import json
import sys
import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import F

from forecasting.calc.config import LSTM, ForecastConfig
from forecasting.calc.refitted import Refitted
from forecasting.calc.sales_history import History
from forecasting.calc.trial import Trial
from forecasting.models import ForecastAccuracy, ForecastRun, ProductDemandForecast, TrainedModel
from forecasting.services import trained_models, training
from forecasting.services.calendar import create_event
from forecasting.services.generate import ForecastResults, forecast_series, load_store_panel
from forecasting.services.global_models import GLOBAL_MODELS
from forecasting.services.tiers import tier_parameters
from forecasting.services.trained_models import ModelKey, UnreadableModel, load, newest_models
from forecasting.services.training import TrainingOutcome, train_models
from inventory.models import DailySales, Product, Store
from tests.cast import NOW, TODAY, Cast
from tests.forecasting.libraries import needs_boosting, needs_neural

YESTERDAY = TODAY - timedelta(days=1)
DAYS = 200
BOOSTING = "gradient_boosting"


def sell(store: Store, products: list[Product], *, days: int = DAYS, last_day: date = YESTERDAY) -> None:
    """Poisson sales with a weekly pattern, different in each product."""
    random = np.random.default_rng(store.pk)
    weekly = 1 + 0.6 * np.sin(2 * np.pi * np.arange(days) / 7)
    DailySales.objects.bulk_create(
        DailySales(store=store, product=product, business_date=last_day - timedelta(days=days - 1 - day), units=units)
        for place, product in enumerate(products)
        for day, units in enumerate(random.poisson((4 + place) * weekly).tolist())
    )


def make_products(number: int) -> list[Product]:
    return Product.objects.bulk_create(Product(sku=f"T{place}", name=f"T{place}") for place in range(number))


@pytest.fixture
def products(cast: Cast) -> list[Product]:
    """Twelve products that sold in the north store for 200 days."""
    made = make_products(12)
    sell(cast.north, made)
    return made


def train(cast: Cast, products: list[Product], **changes: Any) -> TrainingOutcome:
    arguments: dict[str, Any] = {
        "names": [BOOSTING],
        "series": [(cast.north.pk, product.pk) for product in products],
        "last_day": YESTERDAY,
        "horizon_days": 28,
        "seed": 7,
        "code_version": "0.1.0 abc",
        "now": NOW,
    }
    return train_models(**(arguments | changes))


def forecast(cast: Cast, products: list[Product], **changes: Any) -> ForecastResults:
    arguments: dict[str, Any] = {"store": cast.north, "forecast_date": TODAY, "now": NOW} | changes
    return forecast_series(product_ids=[product.pk for product in products], **arguments)


def opened_run(outcome: TrainingOutcome) -> ForecastRun:
    return ForecastRun.objects.create(
        forecast_date=TODAY,
        horizon_days=28,
        started_at=NOW,
        parameters=tier_parameters(outcome.models, outcome.problems),
    )


def test_a_trained_model_is_stored_with_all_that_it_was_made_of(cast: Cast, products: list[Product]) -> None:
    needs_boosting()
    outcome = train(cast, products)

    row = TrainedModel.objects.get()
    assert outcome == TrainingOutcome([ModelKey(BOOSTING, row.pk, row.checksum)], {})
    assert (row.kind, row.name, row.version) == ("demand", BOOSTING, 1)
    assert (row.trained_from, row.trained_until) == (YESTERDAY - timedelta(days=1091), YESTERDAY)
    assert (row.seed, row.code_version, row.created_at) == (7, "0.1.0 abc", NOW)
    assert (row.parameters["seed"], row.parameters["horizon_days"], row.parameters["rounds"]) == (7, 28, 80)
    assert (row.metrics["series"], row.metrics["days"]) == (12, DAYS)
    assert row.size_bytes == len(row.payload)
    assert sum(row.features["gains"].values()) == pytest.approx(1, abs=0.01)
    assert "share_in_stock" not in row.features["gains"]  # never out of stock: nothing to gain from
    document = json.loads(zlib.decompress(bytes(row.payload)))
    assert document["models"][-1]["trees"].startswith("tree\nversion=")
    assert "share_in_stock" in document["models"][-1]["trees"]


def test_a_stored_model_answers_what_the_trained_one_did(cast: Cast, products: list[Product]) -> None:
    needs_boosting()
    made = []
    key = _train_with(cast, products, made.append).models[0]
    history = History(
        np.random.default_rng(3).poisson(6, (5, 150)).astype(float), first_day=20_000, in_stock=np.ones((5, 150))
    )
    origins = np.array([100, 140])
    trained_models._loaded.cache_clear()
    assert load(key) is load(key)
    ends_now = replace(history, first_day=(YESTERDAY - date(1970, 1, 1)).days - 149)
    np.testing.assert_array_equal(load(key).paths(ends_now, origins, 28), made[0].paths(ends_now, origins, 28))
    assert np.isfinite(load(key).paths(ends_now, origins, 28)).all()


def _train_with(cast: Cast, products: list[Product], seen: Callable[[Refitted], None]) -> TrainingOutcome:
    """Train, and show the model as it was before it was stored."""
    model = GLOBAL_MODELS[BOOSTING]

    def write(trained: Refitted) -> dict[str, Any]:
        seen(trained)
        return model.write(trained)

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(GLOBAL_MODELS, BOOSTING, replace(model, write=write))
        return train(cast, products)


def test_what_is_stored_is_not_trained_again(
    cast: Cast, products: list[Product], monkeypatch: pytest.MonkeyPatch
) -> None:
    needs_boosting()
    first = train(cast, products)
    monkeypatch.setattr(training, "_train", lambda *args, **kwargs: pytest.fail("trained twice"))
    assert train(cast, products, now=NOW + timedelta(hours=1)) == first


@pytest.mark.parametrize("change", [{"seed": 8}, {"horizon_days": 14}, {"last_day": YESTERDAY - timedelta(days=1)}])
def test_another_seed_horizon_or_day_makes_another_version(
    cast: Cast, products: list[Product], change: dict[str, Any]
) -> None:
    needs_boosting()
    train(cast, products)
    train(cast, products, **change)
    assert sorted(TrainedModel.objects.values_list("version", flat=True)) == [1, 2]


def test_of_two_workers_that_trained_the_same_at_once_the_first_ones_model_stays(
    cast: Cast, products: list[Product], monkeypatch: pytest.MonkeyPatch
) -> None:
    needs_boosting()
    first = train(cast, products)
    monkeypatch.setattr(training, "find_trained", lambda _: None)  # what the second saw before the first committed
    assert train(cast, products) == first
    assert TrainedModel.objects.count() == 1


def test_sales_after_the_last_day_change_nothing(cast: Cast, products: list[Product]) -> None:
    needs_boosting()
    day = YESTERDAY - timedelta(days=30)
    before = train(cast, products, last_day=day)
    TrainedModel.objects.all().delete()
    DailySales.objects.filter(business_date__gt=day).update(units=999)
    after = train(cast, products, last_day=day)
    assert [key.checksum for key in after.models] == [key.checksum for key in before.models]


def test_the_oldest_versions_are_deleted(cast: Cast, products: list[Product]) -> None:
    needs_boosting()
    for seed in range(trained_models.KEPT_VERSIONS + 2):
        train(cast, products, seed=seed)
    kept = TrainedModel.objects.order_by("version").values_list("version", flat=True)
    assert list(kept) == list(range(3, trained_models.KEPT_VERSIONS + 3))


def test_without_the_library_the_reason_is_told_and_nothing_is_stored(
    cast: Cast, products: list[Product], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    outcome = train(cast, products)
    assert outcome.models == []
    assert "the extra “boosting”" in outcome.problems[BOOSTING]
    assert tier_parameters(outcome.models, outcome.problems) == {
        "tier": "statistical",
        "tier_reason": f"{BOOSTING}: {outcome.problems[BOOSTING]}",
        "trained_models": {},
    }
    assert not TrainedModel.objects.exists()


def test_a_training_that_breaks_is_told_and_stops_nobody(
    cast: Cast, products: list[Product], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise MemoryError("no room")

    monkeypatch.setitem(GLOBAL_MODELS, BOOSTING, replace(GLOBAL_MODELS[BOOSTING], train=broken))
    assert train(cast, products).problems == {BOOSTING: "MemoryError: no room"}


@pytest.mark.parametrize("number", [0, 2])
def test_few_or_short_histories_train_nothing(cast: Cast, number: int) -> None:
    needs_boosting()
    made = make_products(number)
    sell(cast.north, made, days=20)
    assert train(cast, made).problems == {BOOSTING: training.TOO_SHORT}


def test_the_sample_is_bounded_and_drawn_by_the_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "MOST_SERIES", 5)
    series = [(store, product) for store in (1, 2) for product in range(20)]
    drawn = training._drawn(series, 7)
    assert len(set(drawn)) == 5
    assert drawn == training._drawn(reversed(series), 7) != training._drawn(series, 8)
    assert training._drawn(series[:4], 7) == series[:4]


@pytest.mark.parametrize("number", [3, 30])
def test_training_reads_each_store_in_four_queries(
    cast: Cast, number: int, django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make_products(number)
    sell(cast.north, made, days=30)
    sell(cast.south, made, days=30)
    monkeypatch.setitem(GLOBAL_MODELS, BOOSTING, replace(GLOBAL_MODELS[BOOSTING], train=lambda *_: Untrained()))
    series = [(store.pk, product.pk) for store in (cast.north, cast.south) for product in made]
    with django_assert_num_queries(2 + 4 * 2):
        train(cast, made, series=series)


class Untrained:
    is_trained = False


def test_the_newest_model_of_the_last_week_that_saw_nothing_later_is_found(cast: Cast, products: list[Product]) -> None:
    needs_boosting()
    keys = {ago: train(cast, products, last_day=YESTERDAY - timedelta(days=ago)).models[0] for ago in (10, 4, 1)}
    found = {ago: newest_models([BOOSTING], last_day=YESTERDAY - timedelta(days=ago)) for ago in (0, 1, 2, 5, 12, 18)}
    assert found == {0: [keys[1]], 1: [keys[1]], 2: [keys[4]], 5: [keys[10]], 12: [], 18: []}


def test_a_forecast_of_a_run_has_its_model_among_ranks_accuracy_and_paths(cast: Cast, products: list[Product]) -> None:
    needs_boosting()
    run = opened_run(train(cast, products))
    forecast(cast, products, run=run)
    row = ProductDemandForecast.objects.get(product=products[3])
    assert 1 <= row.daily["rank"][BOOSTING] <= 12
    accuracy = ForecastAccuracy.objects.get(product=products[3], model=BOOSTING)
    assert accuracy.points > 0
    assert accuracy.wape < 0.6
    run.refresh_from_db()
    assert (run.parameters["tier"], run.parameters["tier_reason"]) == ("full", "")


def test_a_forecast_without_a_run_uses_the_newest_model_of_the_last_week(cast: Cast, products: list[Product]) -> None:
    needs_boosting()
    train(cast, products, last_day=YESTERDAY - timedelta(days=2))
    forecast(cast, products)
    forecast(cast, products, forecast_date=TODAY - timedelta(days=3))  # before the model's last day
    rows = ForecastAccuracy.objects.filter(model=BOOSTING)
    assert set(rows.values_list("forecast_date", flat=True)) == {TODAY}


def test_a_run_without_models_is_of_the_statistical_tier_alone(cast: Cast, products: list[Product]) -> None:
    needs_boosting()
    train(cast, products)
    forecast(cast, products, run=opened_run(TrainingOutcome()))
    assert not ForecastAccuracy.objects.filter(model=BOOSTING).exists()


def test_a_loaded_model_costs_no_query(cast: Cast, products: list[Product], django_assert_num_queries: Any) -> None:
    needs_boosting()
    run, bare = opened_run(train(cast, products)), opened_run(TrainingOutcome())
    forecast(cast, products, run=run)
    with django_assert_num_queries(_queries_of(lambda: forecast(cast, products, run=bare))):
        forecast(cast, products, run=run)


def _queries_of(action: Callable[[], object]) -> int:
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as queries:
        action()
    return len(queries)


def damage(key: ModelKey) -> None:
    trained_models._loaded.cache_clear()
    TrainedModel.objects.filter(pk=key.id).update(payload=b"damaged")


def test_a_damaged_model_serves_nobody_and_the_run_says_so_once(cast: Cast, products: list[Product]) -> None:
    needs_boosting()
    outcome = train(cast, products)
    damage(outcome.models[0])
    run = opened_run(outcome)
    with pytest.raises(UnreadableModel, match="damaged"):
        load(outcome.models[0])
    for _ in range(2):
        assert len(forecast(cast, products, run=run).forecasts) == 12
    run.refresh_from_db()
    reason = f"the stored model {BOOSTING} {outcome.models[0].id} is damaged: its checksum differs"
    assert run.parameters["tier_reason"] == f"{BOOSTING}, on a part of the workers: {reason}"
    assert not ForecastAccuracy.objects.filter(model=BOOSTING).exists()


def test_a_model_of_another_format_or_one_that_is_gone_is_refused(cast: Cast, products: list[Product]) -> None:
    needs_boosting()
    with pytest.MonkeyPatch.context() as patch:
        model = GLOBAL_MODELS[BOOSTING]
        patch.setitem(GLOBAL_MODELS, BOOSTING, replace(model, write=lambda made: {**model.write(made), "format": 99}))
        key = train(cast, products).models[0]
    with pytest.raises(UnreadableModel, match="format 99"):
        load(key)
    TrainedModel.objects.all().delete()
    with pytest.raises(UnreadableModel, match="no longer there"):
        load(key)


def test_a_model_asked_for_by_name_serves_alone(cast: Cast, products: list[Product]) -> None:
    needs_boosting()
    train(cast, products)
    forecast(cast, products, models=(BOOSTING,))
    served = set(ProductDemandForecast.objects.values_list("model", flat=True))
    assert BOOSTING in served
    assert served <= {BOOSTING, "seasonal_naive", "weekday_mean"}


def test_a_model_asked_for_by_name_is_never_replaced_silently(cast: Cast, products: list[Product]) -> None:
    needs_boosting()
    with pytest.raises(ValidationError, match="gradient_boosting has not been trained on this site in the last week"):
        forecast(cast, products, models=(BOOSTING,))
    damage(train(cast, products).models[0])
    with pytest.raises(ValidationError, match=r"gradient_boosting: the stored model .* is damaged"):
        forecast(cast, products, models=(BOOSTING,))
    assert not ProductDemandForecast.objects.exists()


def test_an_unknown_model_is_refused_by_name(cast: Cast, products: list[Product]) -> None:
    with pytest.raises(ValidationError, match="no such model here: oracle"):
        forecast(cast, products, models=("oracle",))


def test_the_network_is_stored_and_serves_by_name(
    cast: Cast, products: list[Product], monkeypatch: pytest.MonkeyPatch
) -> None:
    needs_neural()
    assert train(cast, products, names=[LSTM]).problems == {}
    row = TrainedModel.objects.get()
    assert (row.name, row.version, row.parameters["hidden"]) == (LSTM, 1, 32)
    assert "share_in_stock" in row.features["names"]
    trained_models._loaded.cache_clear()
    monkeypatch.setitem(sys.modules, "torch", None)  # a worker that only serves
    forecast(cast, products, models=(LSTM,))
    rows = list(ProductDemandForecast.objects.all())
    assert LSTM in {row.model for row in rows} <= {LSTM, "seasonal_naive", "weekday_mean"}
    assert all(row.daily["rank"][LSTM] and row.lstm_forecast > 0 for row in rows)
    assert ForecastAccuracy.objects.filter(model=LSTM, points__gt=0).count() == 12


def test_an_ensemble_has_the_network_only_where_it_is_named(cast: Cast, products: list[Product]) -> None:
    needs_neural()
    outcome = train(cast, products, names=[LSTM])
    forecast(cast, products)
    assert set(ProductDemandForecast.objects.values_list("lstm_forecast", flat=True)) == {None}
    forecast(cast, products, models=("ensemble", LSTM))
    assert None not in ProductDemandForecast.objects.values_list("lstm_forecast", flat=True)
    ProductDemandForecast.objects.all().delete()
    forecast(cast, products, run=opened_run(outcome))  # the night's NIGHTLY_MODELS name it
    assert None not in ProductDemandForecast.objects.values_list("lstm_forecast", flat=True)


def test_without_pytorch_the_network_is_refused_with_the_name_of_the_extra(
    cast: Cast, products: list[Product], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    assert "the extra “neural”" in train(cast, products, names=[LSTM]).problems[LSTM]
    with pytest.raises(ValidationError, match=r"lstm has not been trained .*the extra “neural”"):
        forecast(cast, products, models=(LSTM,))
    assert not ProductDemandForecast.objects.exists()


def plan_fair(cast: Cast, *days: date) -> None:
    for day in days:
        values = {"name": "Fair", "kind": "promotion", "first_day": day, "last_day": day}
        create_event(values=values, actor=cast.analyst, now=NOW)


def test_holidays_and_events_are_columns_of_the_model_and_move_its_days(cast: Cast) -> None:
    """A promotion by name that was held five times before trebles sales; the sixth is planned for Thursday week."""
    needs_boosting()
    products = make_products(50)
    sell(cast.north, products)
    held = [YESTERDAY - timedelta(days=ago) for ago in (20, 60, 100, 140, 180)]
    coming = TODAY + timedelta(days=10)
    DailySales.objects.filter(business_date__in=held).update(units=F("units") * 3)
    plan_fair(cast, *held, coming)
    outcome = train(cast, products)
    assert {"holiday", "event", "event_uplift"} <= set(TrainedModel.objects.get().features["names"])
    loaded = load_store_panel(
        store=cast.north, product_ids=[product.pk for product in products], forecast_date=TODAY, now=NOW
    )
    (candidate,) = loaded.global_candidates(ForecastConfig(horizon=28), run=opened_run(outcome))
    fair, same_days = candidate.paths[:, -1, 10], candidate.paths[:, -1, [3, 17, 24]].mean(axis=1)
    assert fair.sum() > 1.8 * same_days.sum()


def test_a_model_that_knows_other_columns_takes_no_part_and_the_run_says_which(
    cast: Cast, products: list[Product]
) -> None:
    needs_boosting()
    with pytest.MonkeyPatch.context() as patch:
        model = GLOBAL_MODELS[BOOSTING]
        patch.setitem(
            GLOBAL_MODELS, BOOSTING, replace(model, write=lambda made: model.write(made) | {"plans": ["sky"]})
        )
        outcome = train(cast, products)
    run = opened_run(outcome)
    assert len(forecast(cast, products, run=run).forecasts) == 12
    run.refresh_from_db()
    assert run.parameters["tier_reason"].endswith("it was trained on columns that are not known here: sky")
    assert not ForecastAccuracy.objects.filter(model=BOOSTING).exists()


def test_a_model_that_loses_to_the_naive_on_its_trial_is_kept_and_serves_nobody(
    cast: Cast, products: list[Product], monkeypatch: pytest.MonkeyPatch
) -> None:
    needs_boosting()
    monkeypatch.setattr(training, "try_model", lambda *_: Trial(900, 0.52, -0.1, 0.41))
    reason = "it lost to the seasonal naive on its trial: WAPE 52.0% against 41.0%."
    outcome = train(cast, products)
    assert outcome == TrainingOutcome([], {BOOSTING: f"not promoted: {reason}"})
    row = TrainedModel.objects.get()
    assert (row.is_promoted, row.promotion_reason, row.metrics["trial"]["wape"]) == (False, reason, 0.52)
    monkeypatch.setattr(training, "_train", lambda *args, **kwargs: pytest.fail("trained twice"))
    assert train(cast, products) == outcome
    run = opened_run(outcome)
    forecast(cast, products, run=run)
    assert (run.parameters["tier"], run.parameters["tier_reason"]) == (
        "statistical",
        f"{BOOSTING}: not promoted: {reason}",
    )
    with pytest.raises(ValidationError, match="was not promoted: it lost to the seasonal naive"):
        forecast(cast, products, models=(BOOSTING,))


def test_a_model_is_tried_on_what_it_had_not_seen(cast: Cast, products: list[Product]) -> None:
    needs_boosting()
    train(cast, products)
    trial = TrainedModel.objects.get().metrics["trial"]
    assert trial["points"] > 1000
    assert 0.15 < trial["wape"] < trial["naive_wape"] < 0.6  # Poisson sales of 4 to 15 a day: nobody is right
    assert abs(trial["bias"]) < 0.1
