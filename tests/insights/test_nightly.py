from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError

from analytics.models import ProductPerformance
from forecasting.calc.config import MODELS
from forecasting.models import (
    ForecastAccuracy,
    ForecastAccuracyHistory,
    ForecastLiveAccuracy,
    ForecastRun,
    ProductDemandForecast,
    TrainedModel,
)
from forecasting.services import generate
from forecasting.services.generate import forecast_series
from forecasting.services.training import TOO_SHORT
from insights.models import AnalysisRun, AnalysisRunChunk, ReorderRecommendation
from insights.services import nightly, reorder, run_training
from insights.services.dossier import explain, recompute
from inventory.models import DailySales, Product, StockLevel, SupplierItem
from tests.cast import NOW, TODAY, Cast, movement, record, sell_daily, set_bounds
from tests.forecasting.libraries import needs_boosting
from tests.insights.proposals import make_products, recommend

YESTERDAY = TODAY - timedelta(days=1)
QUERIES = 49  # 30 to read, 7 to write, 12 savepoints; the run's count comes after the commit


def small_night(cast: Cast) -> None:
    """Every case of the cast in the north store: steady, weekly, intermittent, new, and stock that never sold."""
    sell_daily(cast.north, cast.steady, [4] * 60, last_day=YESTERDAY, opening=250)
    sell_daily(cast.north, cast.seasonal, [3, 3, 3, 3, 3, 12, 15] * 20, last_day=YESTERDAY, opening=850)
    sell_daily(cast.north, cast.intermittent, [0, 0, 0, 2, 0, 0, 0, 0, 5] * 15, last_day=YESTERDAY, opening=110)
    sell_daily(cast.north, cast.new, [5] * 4, last_day=YESTERDAY, opening=25)
    record(movement(cast.north, cast.dead, "count", 2, day=YESTERDAY))
    set_bounds(cast.north, cast.dead, minimum=8, maximum=20)


def start(cast: Cast, products: list[Product] | None = None, **changes: Any) -> AnalysisRunChunk:
    """A prepared run with one chunk."""
    chosen = cast.products if products is None else products
    run = AnalysisRun.objects.create(
        **{"kind": "nightly", "business_date": YESTERDAY, "created_at": NOW, "series_total": len(chosen)} | changes
    )
    nightly.prepare(run=run, now=NOW)
    ids = [product.pk for product in chosen]
    return AnalysisRunChunk.objects.create(run=run, position=0, store=cast.north, product_ids=ids)


def test_a_night_measures_forecasts_and_recommends(cast: Cast) -> None:
    small_night(cast)
    chunk = start(cast)

    result = nightly.analyse_chunk(chunk=chunk, now=NOW)

    assert result == nightly.ChunkResult(series_done=5, failures=[])
    assert (
        ProductPerformance.objects.filter(analysis_date=YESTERDAY, period_type="monthly", period_days=30).count() == 5
    )
    forecasts = ProductDemandForecast.objects.filter(forecast_date=TODAY, forecast_period=28)
    assert {row.product for row in forecasts} == {cast.steady, cast.seasonal, cast.intermittent}
    assert {row.run_id for row in forecasts} == {chunk.run.parameters["forecast_run_id"]}
    rows = list(ReorderRecommendation.objects.filter(recommendation_date=TODAY, status="pending"))
    assert {row.product for row in rows} == set(cast.products)
    for row in rows:
        assert recompute(row.dossier) == row.recommended_order_quantity
        assert len(explain(row.dossier)) >= 4
        assert json.dumps(row.dossier, allow_nan=False)


def counts() -> list[int]:
    models = (ProductPerformance, ProductDemandForecast, ForecastAccuracy, ReorderRecommendation, ForecastRun)
    return [model.objects.count() for model in models]


def test_a_second_night_of_the_same_day_updates_and_never_adds(cast: Cast) -> None:
    small_night(cast)
    chunk = start(cast)
    nightly.analyse_chunk(chunk=chunk, now=NOW)
    before = counts()
    nightly.prepare(run=chunk.run, now=NOW)
    nightly.analyse_chunk(chunk=chunk, now=NOW)
    assert counts() == before == [5, 3, 3 * len(MODELS), 5, 1]


def test_a_bad_product_is_named_and_stops_nobody(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    small_night(cast)
    good = reorder.proposal

    def broken(frame: Any, product_id: int, *rest: Any, **options: Any) -> Any:
        if product_id == cast.steady.pk:
            raise ValueError("no such thing")
        return good(frame, product_id, *rest, **options)

    monkeypatch.setattr(reorder, "proposal", broken)
    chunk = start(cast)

    result = nightly.analyse_chunk(chunk=chunk, now=NOW)

    assert result.series_done == 4
    [failure] = result.failures
    message = failure.pop("message")
    assert failure == {"product": "SKU-STEADY", "product_id": cast.steady.pk, "store": "N1", "step": "recommendation"}
    assert message == "ValueError: no such thing"
    assert {row.product for row in ReorderRecommendation.objects.all()} == set(cast.products) - {cast.steady}


def test_a_product_that_fails_early_takes_no_part_in_later_steps(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    small_night(cast)
    plain = generate._forecast_row

    def breaks(panel: Any, row: int, *, product_id: int, **own: Any) -> ProductDemandForecast:
        if product_id in {cast.steady.pk, cast.new.pk, cast.intermittent.pk}:
            raise ArithmeticError("no such number")
        return plain(panel, row, product_id=product_id, **own)

    monkeypatch.setattr(generate, "_forecast_row", breaks)
    result = nightly.analyse_chunk(chunk=start(cast), now=NOW)

    assert result.series_done == 3
    assert [(failure["product"], failure["step"], failure["message"]) for failure in result.failures] == [
        ("SKU-STEADY", "forecast", "ArithmeticError: no such number"),
        ("SKU-INTERMITTENT", "forecast", "ArithmeticError: no such number"),
    ]
    assert {row.product for row in ReorderRecommendation.objects.all()} == {cast.seasonal, cast.new, cast.dead}
    assert ProductPerformance.objects.count() == 5


def test_a_product_that_is_gone_is_a_failure_of_its_own(cast: Cast) -> None:
    small_night(cast)
    chunk = start(cast)
    chunk.product_ids = [*chunk.product_ids, 10**6]
    result = nightly.analyse_chunk(chunk=chunk, now=NOW)
    assert result.series_done == 5
    [failure] = result.failures
    assert (failure["product"], failure["product_id"], failure["step"]) == ("", 10**6, "performance")
    assert "There is no product with the id 1000000." in failure["message"]


def test_a_deadlock_is_no_products_fault(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    small_night(cast)
    chunk = start(cast)

    def gives_up(*args: Any, **options: Any) -> None:
        raise OperationalError(1213, "Deadlock found")

    monkeypatch.setattr(generate, "load_daily_demand", gives_up)
    with pytest.raises(OperationalError):
        nightly.analyse_chunk(chunk=chunk, now=NOW)


@pytest.mark.parametrize("count", [3, 30])
def test_a_chunk_takes_the_same_queries_for_3_and_for_30_series(
    cast: Cast, count: int, django_assert_num_queries: Any
) -> None:
    products = make_products(count)
    SupplierItem.objects.bulk_create(
        SupplierItem(supplier=cast.supplier, product=product, unit_cost=3) for product in products
    )
    first = YESTERDAY - timedelta(days=39)
    StockLevel.objects.bulk_create(
        StockLevel(store=cast.north, product=product, tracked_from=first) for product in products
    )
    DailySales.objects.bulk_create(
        DailySales(store=cast.north, product=product, business_date=first + timedelta(days=day), units=day % 5 + i % 3)
        for i, product in enumerate(products)
        for day in range(40)
    )
    chunk = start(cast, products)
    with django_assert_num_queries(QUERIES):
        nightly.analyse_chunk(chunk=chunk, now=NOW)
    assert ReorderRecommendation.objects.count() == count
    with django_assert_num_queries(QUERIES):
        nightly.analyse_chunk(chunk=chunk, now=NOW)


def test_prepare_closes_the_days_stock_outs(cast: Cast) -> None:
    sell_daily(cast.north, cast.steady, [4] * 10, last_day=YESTERDAY - timedelta(days=3), opening=40)
    start(cast)
    out = DailySales.objects.filter(business_date__gt=YESTERDAY - timedelta(days=3)).values_list(
        "business_date", "out_of_stock_seconds"
    )
    assert sorted(out) == [(YESTERDAY - timedelta(days=ago), 86_400) for ago in (2, 1, 0)]


def test_prepare_opens_one_forecast_run_however_often_it_is_called(cast: Cast) -> None:
    chunk = start(cast, seed=7, code_version="0.1.0 abc")
    stale_copy = AnalysisRun(pk=chunk.run.pk, business_date=YESTERDAY)
    nightly.prepare(run=stale_copy, now=NOW)
    run = ForecastRun.objects.get()
    assert chunk.run.parameters == stale_copy.parameters == {"forecast_run_id": run.pk}
    assert (run.forecast_date, run.horizon_days, run.seed, run.code_version) == (TODAY, 28, 7, "0.1.0 abc")
    assert (run.status, run.finished_at) == ("running", None)


def test_the_forecast_run_counts_while_chunks_are_done(cast: Cast, django_capture_on_commit_callbacks: Any) -> None:
    small_night(cast)
    chunk = start(cast)
    run = ForecastRun.objects.get()
    assert (run.series_total, run.progress, run.seconds) == (5, 0, None)
    with django_capture_on_commit_callbacks(execute=True):
        nightly.analyse_chunk(chunk=chunk, now=NOW + timedelta(seconds=9))
    run.refresh_from_db()
    assert (run.series_done, run.series_skipped, run.series_failed, run.progress) == (3, 2, 0, 1)
    assert (run.status, run.finished_at, run.seconds) == ("running", None, 9)


def test_a_night_measures_what_was_forecast_before(cast: Cast) -> None:
    small_night(cast)
    monday = YESTERDAY - timedelta(days=6)
    forecast_series(store=cast.north, product_ids=[cast.steady.pk], forecast_date=monday, now=NOW)
    chunk = start(cast)
    assert ForecastRun.objects.get().measures_from == monday
    nightly.analyse_chunk(chunk=chunk, now=NOW)
    nightly.finish(run=chunk.run, now=NOW)
    row = ForecastLiveAccuracy.objects.get()
    assert (row.product, row.week, row.weeks_ahead, row.points, row.absolute_error) == (cast.steady, monday, 1, 7, 0)
    assert ForecastRun.objects.get().measured_through == YESTERDAY
    kept = ForecastAccuracyHistory.objects.live().get()
    assert (kept.day, kept.store, kept.category, kept.points) == (monday, cast.north, "Coffee", 7)
    backtests = ForecastAccuracyHistory.objects.backtests().filter(day=TODAY, model="ensemble")
    assert {(row.category, row.series) for row in backtests} == {("Coffee", 2), ("Tools", 1)}


def test_a_series_that_cannot_be_measured_is_still_forecast(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    small_night(cast)
    forecast_series(store=cast.north, product_ids=[cast.steady.pk], forecast_date=YESTERDAY, now=NOW)

    def cannot(**options: Any) -> int:
        raise ArithmeticError("no such week")

    monkeypatch.setattr(nightly, "measure_live", cannot)
    result = nightly.analyse_chunk(chunk=start(cast, [cast.steady]), now=NOW)
    assert [(failure["step"], failure["message"]) for failure in result.failures] == [
        ("accuracy", "ArithmeticError: no such week")
    ]
    assert ProductDemandForecast.objects.filter(forecast_date=TODAY, product=cast.steady).exists()
    assert ReorderRecommendation.objects.get().product == cast.steady


@pytest.mark.parametrize(
    ("models", "reason"),
    [
        ([], "gradient_boosting: not in NIGHTLY_MODELS"),
        (["gradient_boosting"], f"gradient_boosting: {TOO_SHORT}"),
    ],
)
def test_the_runs_row_says_why_the_tier_is_not_the_full_one(
    cast: Cast, settings: Any, models: list[str], reason: str
) -> None:
    if models:
        needs_boosting()
    settings.NIGHTLY_MODELS = models
    run = AnalysisRun.objects.create(kind="nightly", business_date=YESTERDAY, created_at=NOW)
    run_training.train_once(run, worker="w1", read_clock=lambda: NOW)
    nightly.prepare(run=run, now=NOW)
    parameters = ForecastRun.objects.get().parameters
    assert parameters == {
        "analysis_run_id": run.pk,
        "tier": "statistical",
        "tier_reason": reason,
        "trained_models": {},
    }


def test_a_night_trains_its_model_and_forecasts_with_it(cast: Cast) -> None:
    needs_boosting()
    products = make_products(12)
    for place, product in enumerate(products):
        sell_daily(cast.north, product, [3 + place, 4, 5, 6, 7, 9, 2] * 25, last_day=YESTERDAY, opening=9_000)
    run = AnalysisRun.objects.create(kind="nightly", business_date=YESTERDAY, created_at=NOW, seed=7)
    chunk = AnalysisRunChunk.objects.create(
        run=run, position=0, store=cast.north, product_ids=[product.pk for product in products]
    )
    run_training.train_once(run, worker="w1", read_clock=lambda: NOW)
    nightly.prepare(run=run, now=NOW)
    chunk.refresh_from_db()
    assert nightly.analyse_chunk(chunk=chunk, now=NOW).series_done == 12
    model = TrainedModel.objects.get()
    assert ForecastRun.objects.get().parameters == {
        "analysis_run_id": run.pk,
        "tier": "full",
        "tier_reason": "",
        "trained_models": {"gradient_boosting": {"id": model.pk, "checksum": model.checksum}},
    }
    assert ForecastAccuracy.objects.filter(model="gradient_boosting", points__gt=0).count() == 12


def test_finish_closes_the_forecast_run_with_its_counts_and_only_once(cast: Cast) -> None:
    small_night(cast)
    chunk = start(cast)
    nightly.analyse_chunk(chunk=chunk, now=NOW)
    nightly.finish(run=chunk.run, now=NOW)
    nightly.finish(run=chunk.run, now=NOW + timedelta(hours=1))
    run = ForecastRun.objects.get()
    assert (run.status, run.series_total, run.series_done, run.series_failed) == ("done", 5, 3, 0)
    assert run.finished_at == NOW


@pytest.mark.parametrize(("has_forecasts", "status"), [(True, "partial"), (False, "failed")])
def test_finish_tells_a_run_with_failures(cast: Cast, has_forecasts: bool, status: str) -> None:
    small_night(cast)
    failure = {"product": "X", "store": "N1", "step": "forecast", "message": "ValueError: no"}
    other = failure | {"step": "recommendation"}
    chunk = start(cast, failures=[failure, other], series_failed=2)
    if has_forecasts:
        nightly.analyse_chunk(chunk=chunk, now=NOW)
    nightly.finish(run=chunk.run, now=NOW)
    run = ForecastRun.objects.get()
    assert (run.status, run.series_failed, run.failures) == (status, 1, [failure])


def test_pending_rows_a_week_old_expire_and_decided_ones_stay(cast: Cast) -> None:
    old, older = TODAY - timedelta(days=7), TODAY - timedelta(days=8)
    rows = {
        "a week": recommend(cast.north, cast.steady, cast.supplier, recommendation_date=old),
        "more": recommend(cast.north, cast.steady, cast.supplier, recommendation_date=older),
        "rejected": recommend(cast.north, cast.new, cast.supplier, recommendation_date=older, status="rejected"),
    }
    start(cast)
    for row in rows.values():
        row.refresh_from_db()
    assert {name: row.status for name, row in rows.items()} == {
        "a week": "pending",
        "more": "expired",
        "rejected": "rejected",
    }
    assert rows["more"].version == 2


def test_finish_expires_what_is_pending_for_products_that_are_no_longer_sold(cast: Cast) -> None:
    for product in (cast.steady, cast.dead):
        set_bounds(cast.north, product, minimum=1, maximum=9)
        recommend(cast.north, product, cast.supplier)
    Product.objects.filter(pk=cast.dead.pk).update(status="discontinued")
    nightly.finish(run=start(cast).run, now=NOW)
    statuses = dict(ReorderRecommendation.objects.values_list("product__sku", "status"))
    assert statuses == {"SKU-STEADY": "pending", "SKU-DEAD": "expired"}


def test_the_plan_takes_every_series_once_store_by_store(cast: Cast) -> None:
    for product in cast.products[:3]:
        set_bounds(cast.north, product, minimum=1, maximum=0)
    sell_daily(cast.north, cast.steady, [2] * 5, last_day=YESTERDAY)
    sell_daily(cast.south, cast.new, [2] * 5, last_day=YESTERDAY)
    plan = nightly.plan_chunks(business_date=YESTERDAY, chunk_series=2)
    first, second, third = sorted(product.pk for product in cast.products[:3])
    assert plan == [(cast.north.pk, [first, second]), (cast.north.pk, [third]), (cast.south.pk, [cast.new.pk])]


def test_the_plan_keeps_delisted_products_while_they_have_recent_sales(cast: Cast) -> None:
    for product, ago in [(cast.steady, 399), (cast.dead, 400)]:
        sell_daily(cast.north, product, [2], last_day=YESTERDAY - timedelta(days=ago))
    StockLevel.objects.update(is_on_sale=False)
    plan = nightly.plan_chunks(business_date=YESTERDAY, chunk_series=10)
    assert plan == [(cast.north.pk, [cast.steady.pk])]


def test_the_plan_leaves_out_closed_stores(cast: Cast) -> None:
    sell_daily(cast.north, cast.steady, [2] * 5, last_day=YESTERDAY)
    cast.north.is_active = False
    cast.north.save(update_fields=["is_active"])
    assert nightly.plan_chunks(business_date=YESTERDAY, chunk_series=10) == []
