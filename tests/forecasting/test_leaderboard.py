from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from forecasting.models import ForecastAccuracy, ForecastAccuracyHistory, ForecastLiveAccuracy
from forecasting.services.accuracy_history import keep_backtests, keep_live
from forecasting.services.leaderboard import Selection, breakdown, leaderboard, over_time, override_value
from inventory.models import Product, Store
from inventory.querysets.scope import EVERY_STORE, NO_STORE
from inventory.services.access import scope_of_user
from tests.cast import TODAY, Cast
from tests.insights.proposals import make_products

EVERYTHING = Selection(EVERY_STORE)
WEEK = TODAY - timedelta(days=7)


def backtest(store: Store, product: Product, model: str, wape: float, **changes: Any) -> None:
    own = {"points": 28, "demand_units": 100.0, "bias": 0.0, "mase": 1.0, "rmsse": 1.0, "rank": 1}
    ForecastAccuracy.objects.create(
        store=store, product=product, model=model, wape=wape, forecast_date=TODAY, **(own | changes)
    )


def live(
    store: Store, product: Product, error: float, *, week: date = WEEK, weeks_ahead: int = 1, **changes: Any
) -> None:
    own = {
        "model": "ensemble", "points": 7, "actual_units": 100.0, "absolute_error": error, "naive_points": 7,
        "beside_naive_actual_units": 100.0, "naive_absolute_error": 50.0, "beside_naive_absolute_error": error,
    }  # fmt: skip
    ForecastLiveAccuracy.objects.create(
        store=store, product=product, week=week, weeks_ahead=weeks_ahead, **({"measured_through": week} | own | changes)
    )


def fill(cast: Cast) -> None:
    for store, product, wape in [
        (cast.north, cast.steady, 0.1),
        (cast.north, cast.intermittent, 0.6),
        (cast.south, cast.steady, 0.3),
    ]:
        backtest(store, product, "ensemble", wape, is_chosen=True, pinball=1.0, coverage_80=0.75, coverage_95=1.0)
        backtest(store, product, "seasonal_naive", 0.5)
        backtest(store, product, "linear", 0.05 if store == cast.south else 0.7)
        live(store, product, 100 * wape)
        live(store, product, 200 * wape, weeks_ahead=2)
        live(store, product, 99, week=WEEK - timedelta(weeks=4))
    keep_backtests(forecast_date=TODAY)
    keep_live(first_day=WEEK - timedelta(weeks=4))


def test_models_are_ordered_by_their_backtest(cast: Cast) -> None:
    fill(cast)
    board = leaderboard(EVERYTHING, kind="backtest")
    assert (board.first, board.last) == (TODAY, TODAY)
    assert [(line.model, line.measured, line.served) for line in board.models] == [
        ("ensemble", 3, 3),
        ("linear", 3, 0),
        ("seasonal_naive", 3, 0),
    ]
    ensemble = board.models[0].measures
    assert ensemble == board.served
    assert (ensemble.points, ensemble.wape, ensemble.naive_wape) == (84, pytest.approx(1 / 3), 0.5)
    assert ensemble.value_added == pytest.approx(1 / 3)
    assert (ensemble.coverage_80, ensemble.coverage_95, ensemble.pinball) == (0.75, 1.0, 1.0)
    assert board.models[1].measures.coverage_80 is None


def test_live_is_what_was_served_in_the_last_weeks(cast: Cast) -> None:
    fill(cast)
    board = leaderboard(EVERYTHING, kind="live")
    assert (board.first, board.last) == (WEEK, WEEK)
    assert board.served.wape == pytest.approx(0.5)
    assert leaderboard(EVERYTHING, kind="live", weeks_ahead=1).served.wape == pytest.approx(1 / 3)
    assert leaderboard(EVERYTHING, kind="live", weeks_ahead=1).served.value_added == pytest.approx(1 / 3)
    assert leaderboard(EVERYTHING, kind="live", weeks=5).first == WEEK - timedelta(weeks=4)


@pytest.mark.parametrize("kind", ["backtest", "live"])
def test_a_store_a_category_and_a_product_have_boards_of_their_own(cast: Cast, kind: Any) -> None:
    fill(cast)

    def wape(**changes: Any) -> float | None:
        return leaderboard(Selection(EVERY_STORE, **changes), kind=kind, weeks_ahead=1).served.wape

    assert wape(store=cast.south) == pytest.approx(0.3)
    assert wape(category="Tools") == pytest.approx(0.6)
    assert wape(category="Coffee", store=cast.north) == pytest.approx(0.1)
    assert wape(product=cast.steady) == pytest.approx(0.2)
    assert wape(product=cast.steady, store=cast.north) == pytest.approx(0.1)
    assert wape(product=cast.dead) is None


@pytest.mark.parametrize("kind", ["backtest", "live"])
def test_a_store_manager_sees_the_own_store_alone(cast: Cast, kind: Any) -> None:
    fill(cast)
    own = Selection(scope_of_user(cast.store_manager))
    assert leaderboard(own, kind=kind, weeks_ahead=1).served.wape == pytest.approx(0.35)
    assert [group.key for group in breakdown(own, by="store", kind=kind)] == [cast.north.pk]
    assert [group.key for group in breakdown(own, by="product", kind=kind)] == [cast.intermittent.pk, cast.steady.pk]
    asked = Selection(own.scope, store=cast.south)
    assert leaderboard(asked, kind=kind).models == []
    assert over_time(asked, kind=kind) == []
    nobody = Selection(NO_STORE)
    assert leaderboard(nobody, kind=kind).last is None
    assert breakdown(nobody, by="category", kind=kind) == []


def test_groups_come_with_most_error_first(cast: Cast) -> None:
    fill(cast)
    categories = breakdown(EVERYTHING, by="category", kind="backtest")
    assert [(group.key, group.label, group.measures.wape) for group in categories] == [
        ("Tools", "Tools", pytest.approx(0.6)),
        ("Coffee", "Coffee", pytest.approx(0.2)),
    ]
    stores = breakdown(EVERYTHING, by="store", kind="live", weeks_ahead=1)
    assert [(group.key, group.measures.wape) for group in stores] == [
        (cast.north.pk, pytest.approx(0.35)),
        (cast.south.pk, pytest.approx(0.3)),
    ]
    assert stores[0].label == str(cast.north)


def test_history_is_told_day_by_day_and_week_by_week(cast: Cast) -> None:
    fill(cast)
    ForecastAccuracyHistory.objects.create(
        kind="backtest", day=TODAY - timedelta(days=1), store=cast.north, model="ensemble", points=1, actual_units=2,
        absolute_error=1,
    )  # fmt: skip
    told = over_time(EVERYTHING, kind="backtest")
    assert [(point.day, point.model) for point in told] == [
        (TODAY - timedelta(days=1), "ensemble"),
        (TODAY, "ensemble"),
        (TODAY, "linear"),
        (TODAY, "seasonal_naive"),
    ]
    assert [point.measures.wape for point in told][:2] == [0.5, pytest.approx(1 / 3)]
    weeks = over_time(Selection(EVERY_STORE, product=cast.steady), kind="live", weeks_ahead=1)
    assert [(point.day, point.measures.wape) for point in weeks] == [
        (WEEK - timedelta(weeks=4), 0.99),
        (WEEK, pytest.approx(0.2)),
    ]


def test_overrides_are_told_with_those_that_harmed_first(cast: Cast) -> None:
    for product, error in [(cast.steady, 5), (cast.seasonal, 30), (cast.dead, 0)]:
        changed = {"overridden_points": 3, "overridden_absolute_error": error, "baseline_absolute_error": 10}
        live(cast.north, product, 40, **(changed if error else {}))
    keep_live(first_day=WEEK)
    found = override_value(EVERYTHING, by="product")
    assert [(group.key, group.measures.override_value_added) for group in found] == [
        (cast.seasonal.pk, -2.0),
        (cast.steady.pk, 0.5),
    ]
    assert [group.measures.override_value_added for group in override_value(EVERYTHING, by="store")] == [-0.75]


@pytest.mark.parametrize("count", [3, 30])
def test_boards_take_the_same_queries_for_3_and_for_30_series(
    cast: Cast, count: int, django_assert_num_queries: Any
) -> None:
    for product in make_products(count):
        backtest(cast.north, product, "ensemble", 0.5)
        live(cast.north, product, 50)
    keep_backtests(forecast_date=TODAY)
    keep_live(first_day=WEEK)
    with django_assert_num_queries(3):
        leaderboard(EVERYTHING, kind="backtest")
    with django_assert_num_queries(4):
        leaderboard(EVERYTHING, kind="live")
    with django_assert_num_queries(2):
        assert len(breakdown(EVERYTHING, by="product", kind="backtest")) == count
    with django_assert_num_queries(3):
        assert len(breakdown(EVERYTHING, by="product", kind="live")) == count
