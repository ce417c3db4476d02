"""Every model that a forecast kept is held against what came, served or not, per series and over any group of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse

from forecasting.calc.config import MODELS, STORED_MODELS
from forecasting.calc.model_bytes import (
    ERROR_NAMES,
    errors_of_models,
    pack_errors_of_models,
    pack_paths,
    unpack_paths,
)
from forecasting.models import ForecastAccuracyHistory, ForecastLiveAccuracy, ProductDemandForecast
from forecasting.services.accuracy_history import keep_live
from forecasting.services.generate import forecast_series
from forecasting.services.leaderboard import Selection, leaderboard
from forecasting.services.live_accuracy import measure_live
from inventory.models import DailySales
from inventory.querysets.scope import EVERY_STORE
from tests.api.conftest import person
from tests.cast import NOW, TODAY, Cast, sell_daily
from tests.insights.proposals import make_products

YESTERDAY = TODAY - timedelta(days=1)
MONDAY = TODAY - timedelta(days=7)
BEFORE = [6, 4, 7, 5, 3, 9, 1, 5, 5, 8, 4, 3, 7, 2] * 10
CAME = [8, 3, 7, 6, 2, 9, 2]


@pytest.fixture
def week(cast: Cast) -> Cast:
    """A forecast as of last Monday, and the sales of its first week."""
    sell_daily(cast.north, cast.steady, BEFORE + CAME, last_day=YESTERDAY)
    night(cast)
    return cast


def night(cast: Cast, *ids: int) -> None:
    forecast_series(store=cast.north, product_ids=ids or [cast.steady.pk], forecast_date=MONDAY, now=NOW)


def measure(cast: Cast, *ids: int) -> None:
    measure_live(store=cast.north, product_ids=ids or [cast.steady.pk], first_day=MONDAY, last_day=YESTERDAY)
    keep_live(first_day=MONDAY)


def paths() -> dict[str, Any]:
    kept = unpack_paths(bytes(ProductDemandForecast.objects.get().model_paths), 28)
    return {model: path for model, path in zip(STORED_MODELS, kept, strict=True) if np.isfinite(path).all()}


def test_a_forecast_keeps_the_path_of_every_model_that_has_one(week: Cast) -> None:
    row, kept = ProductDemandForecast.objects.get(), paths()
    assert set(MODELS) <= set(STORED_MODELS)
    assert set(kept) == set(MODELS)
    np.testing.assert_allclose(kept["ensemble"], row.daily["mean"], rtol=2e-3)
    np.testing.assert_allclose(kept["seasonal_naive"], row.daily["naive"], rtol=2e-3)
    assert kept["linear"].sum() == pytest.approx(row.linear_forecast, rel=2e-3)
    assert len(row.model_paths) < 700


def test_every_model_is_measured_on_the_days_that_are_over(week: Cast) -> None:
    measure(week)
    row = ForecastLiveAccuracy.objects.get()
    found = errors_of_models(bytes(row.model_errors))
    assert set(found) == set(MODELS)
    daily = ProductDemandForecast.objects.get().daily
    scale = daily["scales"]
    for model, path in (paths() | {"seasonal_naive": np.array(daily["naive"])}).items():
        error = np.array(CAME) - path[:7]
        assert found[model] == pytest.approx(
            {
                "absolute_error": np.abs(error).sum(),
                "signed_error": error.sum(),
                "squared_error": (error**2).sum(),
                "scaled_absolute_error": np.abs(error).sum() / scale[0] if scale[0] else 0.0,
                "scaled_squared_error": (error**2).sum() / scale[1],
            },
            rel=1e-4,
            abs=1e-4,
        ), model
    assert found["seasonal_naive"]["absolute_error"] == pytest.approx(row.naive_absolute_error, rel=1e-6)


def test_days_without_stock_count_for_no_model(week: Cast) -> None:
    DailySales.objects.filter(business_date=MONDAY).update(units=0, out_of_stock_seconds=86_400)
    measure(week)
    row = ForecastLiveAccuracy.objects.get()
    assert (row.points, row.censored_points) == (6, 1)
    linear = np.abs(np.array(CAME) - paths()["linear"][:7])[1:].sum()
    assert errors_of_models(bytes(row.model_errors))["linear"]["absolute_error"] == pytest.approx(linear, rel=1e-4)


def test_a_board_of_one_product_and_one_of_its_store_say_the_same(week: Cast) -> None:
    measure(week)
    alone = leaderboard(Selection(EVERY_STORE, store=week.north, product=week.steady), kind="live")
    store = leaderboard(Selection(EVERY_STORE, store=week.north, category="Coffee"), kind="live")
    assert [line.model for line in store.models] == [line.model for line in alone.models]
    assert {line.model for line in store.models} == set(MODELS)
    for one, other in zip(store.models, alone.models, strict=True):
        assert (one.measured, one.served, one.measures.points) == (other.measured, other.served, 7)
        for name in ("wape", "bias", "mase", "rmsse", "value_added", "naive_wape"):
            assert getattr(one.measures, name) == pytest.approx(getattr(other.measures, name), abs=1e-4), name
    served = ProductDemandForecast.objects.get().model
    assert {line.model for line in store.models if line.served} == {served}
    naive = next(line for line in store.models if line.model == "seasonal_naive")
    assert naive.measures.value_added == pytest.approx(0, abs=1e-6)


def test_sums_of_many_series_are_those_of_each(cast: Cast) -> None:
    random = np.random.default_rng(5)
    products = make_products(6)
    for product in products:
        sell_daily(cast.north, product, random.poisson(5, 150).tolist(), last_day=YESTERDAY)
    ids = [product.pk for product in products]
    night(cast, *ids)
    measure(cast, *ids)
    total = sum(
        errors_of_models(bytes(row.model_errors))["theta"]["absolute_error"]
        for row in ForecastLiveAccuracy.objects.all()
    )
    rows = ForecastAccuracyHistory.objects.live_models().filter(model="theta")
    assert sum(row.absolute_error for row in rows) == pytest.approx(total, rel=1e-5)
    assert (sum(row.series for row in rows), sum(row.points for row in rows)) == (6, 42)


def test_measuring_and_summing_again_changes_nothing(week: Cast) -> None:
    measure(week)
    before = list(
        ForecastAccuracyHistory.objects.order_by("kind", "model").values_list("kind", "model", "absolute_error")
    )
    measure(week)
    after = list(
        ForecastAccuracyHistory.objects.order_by("kind", "model").values_list("kind", "model", "absolute_error")
    )
    assert after == before
    assert len(before) == len(MODELS) + 1


def test_a_week_whose_forecasts_kept_no_paths_tells_what_was_served(week: Cast) -> None:
    ProductDemandForecast.objects.update(model_paths=None)
    measure(week)
    board = leaderboard(Selection(EVERY_STORE), kind="live")
    assert [line.model for line in board.models] == [ProductDemandForecast.objects.get().model]
    assert board.measured == 1


def test_the_api_and_the_page_tell_every_models_live_error(week: Cast, client: Client) -> None:
    measure(week)
    live = person(week.viewer).get("/api/v1/forecasts/SKU-STEADY/accuracy?store_id=N1").json()["live"]
    assert {line["model"] for line in live["models"]} == set(MODELS)
    theta = next(line["measures"]["wape"] for line in live["models"] if line["model"] == "theta")
    client.force_login(week.analyst)
    row = ProductDemandForecast.objects.get()
    page = client.get(reverse("admin:forecasting_productdemandforecast_change", args=[row.pk]))
    assert "WAPE live" in page.text
    assert f"{100 * theta:.1f} %" in page.text.replace("\u00a0", " ")


# The bytes.


def test_paths_come_back_to_three_digits_and_models_without_one_as_unknown() -> None:
    made = np.array([[1.0, 250.5, 0.0], [np.nan] * 3, [3.25, 4.5, 1e-3]])
    kept = unpack_paths(pack_paths(["naive", "arima", "lstm"], made), 4)
    assert kept.shape == (len(STORED_MODELS), 4)
    np.testing.assert_allclose(kept[0, :3], made[0], rtol=1e-3)
    np.testing.assert_allclose(kept[STORED_MODELS.index("lstm"), :2], made[2, :2], rtol=1e-3)
    assert np.isnan(kept[STORED_MODELS.index("arima")]).all()
    assert np.isnan(kept[:, 3]).all()
    assert unpack_paths(pack_paths(["naive"], np.zeros((1, 3))), 3)[0].tolist() == [0, 0, 0]


def test_a_model_that_is_not_stored_and_bytes_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="not in"):
        pack_paths(["oracle"], np.zeros((1, 3)))
    with pytest.raises(ValueError, match="too few bytes"):
        unpack_paths(b"abc", 3)
    with pytest.raises(ValueError, match="length"):
        unpack_paths(pack_paths(["naive"], np.zeros((1, 3))) + b"x", 3)
    with pytest.raises(ValueError, match="length"):
        errors_of_models(b"abc")


def test_errors_that_were_packed_before_a_model_was_there_are_read() -> None:
    errors = np.full((len(STORED_MODELS), len(ERROR_NAMES)), np.nan)
    errors[0] = [1, 2, 3, 4, 5]
    packed = pack_errors_of_models(errors)[: -4 * len(ERROR_NAMES)]
    assert errors_of_models(packed) == {"naive": dict(zip(ERROR_NAMES, [1, 2, 3, 4, 5], strict=True))}
