from __future__ import annotations

import pickle
import sys
from dataclasses import replace

import numpy as np
import pytest

from forecasting.calc.boosting import (
    BoostingConfig,
    BoostingMissingError,
    GradientBoosting,
    boosting_is_installed,
    train_boosting,
)
from forecasting.calc.direct_features import DirectFeatures, OtherFeaturesError
from forecasting.calc.refitted import Refitted
from forecasting.calc.sales_history import History
from tests.forecasting.libraries import needs_boosting

MONDAY = 19_723  # 2024-01-01
SMALL = BoostingConfig(rounds=30, rows_per_series=400, fewest_rows=50, least_rows_in_leaf=5)


def history(series: int = 6, periods: int = 440, *, seed: int = 1) -> History:
    random = np.random.default_rng(seed)
    weekly = 1 + 0.6 * np.sin(2 * np.pi * np.arange(periods) / 7)
    demand = random.poisson(random.uniform(3, 30, (series, 1)) * weekly).astype(float)
    demand[0, :200] = np.nan
    return History(
        demand,
        first_day=MONDAY,
        price=random.uniform(1, 3, (series, periods + 28)),
        promotion=(random.random((series, periods + 28)) < 0.1).astype(float),
        in_stock=np.ones((series, periods)),
    )


def triples(origin: int, *, series: int = 6, ahead: int = 28) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rows = np.repeat(np.arange(series), ahead)
    return rows, np.full(len(rows), origin), origin + np.tile(np.arange(ahead), series)


def rows_at(panel: History, origin: int, panel_sums: np.ndarray | None = None) -> np.ndarray:
    features = DirectFeatures(panel, panel_sums)
    series, origins, targets = triples(origin, series=len(panel.demand))
    return features.rows(series, origins, targets, features.level(series, origins), is_yearly=True)


@pytest.mark.parametrize("origin", [30, 200, 380, 412])
def test_no_row_knows_what_was_sold_or_in_stock_from_its_origin_on(origin: int) -> None:
    panel = history()
    later = panel.demand.copy()
    later[:, origin:] = 7_777
    stock = panel.in_stock.copy()
    stock[:, origin:] = 0
    changed = replace(panel, demand=later, in_stock=stock)
    np.testing.assert_array_equal(rows_at(panel, origin), rows_at(changed, origin))


def test_a_row_changes_with_the_demand_of_the_day_before_its_origin() -> None:
    panel = history()
    earlier = panel.demand.copy()
    earlier[:, 379] += 50
    assert not np.array_equal(rows_at(panel, 380), rows_at(replace(panel, demand=earlier), 380), equal_nan=True)


def test_a_row_knows_the_planned_price_and_promotion_of_its_target_and_of_no_other_day() -> None:
    panel = history()
    price = panel.price.copy()
    price[:, 385] *= 2
    before, after = rows_at(panel, 380), rows_at(replace(panel, price=price), 380)
    differs = (before != after) & ~(np.isnan(before) & np.isnan(after))
    targets = triples(380)[2]
    assert set(targets[differs.any(axis=1)]) == {385}


def test_a_price_and_a_promotion_that_are_not_known_ahead_enter_no_row() -> None:
    panel = history()
    past = replace(panel, price=panel.price[:, :440], promotion=panel.promotion[:, :440])
    without = replace(panel, price=None, promotion=None)
    np.testing.assert_array_equal(rows_at(past, 412), rows_at(without, 412))


def test_rows_are_the_same_for_demand_counted_in_tens_but_for_the_size_itself() -> None:
    panel = history()
    before, after = rows_at(panel, 412), rows_at(replace(panel, demand=panel.demand * 10), 412)
    differs = np.flatnonzero(~np.isclose(before, after, equal_nan=True, rtol=1e-4).all(axis=0))
    assert len(differs) == 1
    np.testing.assert_allclose(after[:, differs[0]] - before[:, differs[0]], np.log(10), rtol=1e-5)


def test_the_level_is_half_the_last_four_weeks_and_half_the_last_thirteen() -> None:
    demand = np.concatenate([np.full(63, 4.0), np.full(28, 13.0)])[None]
    features = DirectFeatures(History(demand, first_day=MONDAY))
    at_end = features.level(np.array([0]), np.array([91]))
    assert at_end == pytest.approx([(13 + (63 * 4 + 28 * 13) / 91) / 2])


def test_a_series_that_sleeps_or_is_unknown_has_the_least_level() -> None:
    features = DirectFeatures(History(np.array([np.zeros(60), np.full(60, np.nan)]), first_day=MONDAY))
    assert features.level(np.array([0, 1]), np.array([60, 60])).tolist() == [0.05, 0.05]


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    assert not boosting_is_installed()
    with pytest.raises(BoostingMissingError, match="extra “boosting”"):
        train_boosting(history(), np.array([300]), 28)


def trained(panel: History, origins: list[int], periods: int = 28) -> Refitted:
    needs_boosting()
    return train_boosting(panel, np.array(origins), periods, SMALL)


def test_a_steady_panel_is_forecast_steady() -> None:
    panel = History(np.full((5, 200), 10.0), first_day=MONDAY)
    paths = trained(panel, [120, 150]).paths(panel, np.array([120, 150]), 28)
    assert paths.shape == (5, 3, 28)
    np.testing.assert_allclose(paths, 10, rtol=0.01)


def test_the_weekly_pattern_is_learned_and_continued() -> None:
    week = np.array([2.0, 4, 6, 8, 10, 20, 0])
    panel = History(np.tile(week, (5, 40)), first_day=MONDAY)
    paths = trained(panel, [200]).paths(panel, np.array([200]), 14)
    expected = np.tile(np.concatenate([week, week]), (5, 1))
    assert np.abs(paths[:, -1] - expected).sum() / expected.sum() < 0.1


def test_a_planned_promotion_raises_the_forecast_of_its_day_alone() -> None:
    random = np.random.default_rng(2)
    promotion = (random.random((20, 328)) < 0.15).astype(float)
    promotion[:, 300:] = 0
    promotion[:, 310] = 1
    demand = 10.0 * (1 + promotion[:, :300])
    panel = History(demand, first_day=MONDAY, promotion=promotion)
    path = trained(panel, [250]).paths(panel, np.array([250]), 28)[:, -1].mean(axis=0)
    assert path[10] == pytest.approx(20, rel=0.1)
    assert np.delete(path, 10).max() < 11.5


def test_the_usual_sale_is_the_mean_of_the_years_periods_with_sales() -> None:
    demand = np.array([[0.0, 6, 0, 0, 2, 0], [0, 0, 0, 0, 0, 0]])
    usual = DirectFeatures(History(demand, first_day=MONDAY)).usual_sale(np.array([0, 0, 1]), np.array([6, 2, 6]))
    assert usual.tolist() == [4, 6, 1]


def test_slow_movers_whose_every_sale_is_many_times_their_level_keep_their_mean() -> None:
    needs_boosting()
    demand = (np.random.default_rng(6).random((300, 400)) < 0.05).astype(float)
    panel = History(demand, first_day=MONDAY)
    model = GradientBoosting().fit(DirectFeatures(panel), until=400, periods=28)
    path = model.predict(DirectFeatures(panel), np.array([400]), 28)
    assert path.mean() == pytest.approx(0.05, rel=0.2)


def test_one_huge_order_moves_the_forecast_of_the_other_series_little() -> None:
    panel = history()
    orders = panel.demand.copy()
    orders[5, 420] = 100_000
    before = trained(panel, [300]).paths(panel, np.array([300]), 28)[1:5, -1]
    changed = replace(panel, demand=orders)
    after = trained(changed, [300]).paths(changed, np.array([300]), 28)[1:5, -1]
    assert after.sum() == pytest.approx(before.sum(), rel=0.1)


def test_changing_the_future_moves_no_path_from_an_earlier_origin() -> None:
    panel, origins = history(), [300, 330, 360, 390]
    later = panel.demand.copy()
    later[:, 360:] = 500
    changed = replace(panel, demand=later)
    before = trained(panel, origins).paths(panel, np.array(origins), 28)
    after = trained(changed, origins).paths(changed, np.array(origins), 28)
    np.testing.assert_array_equal(before[:, :3], after[:, :3])
    assert not np.array_equal(before[:, 4], after[:, 4])


def test_each_origin_is_answered_by_the_last_model_that_had_not_seen_past_it() -> None:
    panel, origins = history(), [300, 330, 360, 390]
    boosting = trained(panel, origins)
    assert [model.learned_before_day_ - MONDAY for model in boosting.earlier] == [300, 360]
    paths = boosting.paths(panel, np.array(origins), 28)
    later = boosting.earlier[1].predict(DirectFeatures(panel), np.array([390]), 28)
    np.testing.assert_array_equal(paths[:, 3], later[:, 0])


def test_a_series_that_has_sold_nothing_yet_is_not_answered() -> None:
    panel = history()
    panel.demand[3, :350] = 0
    paths = trained(panel, [300, 360]).paths(panel, np.array([300, 360]), 28)
    assert np.isnan(paths[3, 0]).all()
    assert np.isfinite(paths[3, 1:]).all()


def test_a_panel_that_begins_later_and_one_that_ends_later_are_answered_by_the_same_days() -> None:
    panel = history()
    panel.demand[:, :70] = np.nan
    boosting = trained(panel, [300, 360])
    whole = boosting.paths(panel, np.array([300, 360]), 28)
    later = replace(
        panel,
        demand=panel.demand[:, 70:],
        first_day=MONDAY + 70,
        price=panel.price[:, 70:],
        promotion=panel.promotion[:, 70:],
        in_stock=panel.in_stock[:, 70:],
    )
    np.testing.assert_array_equal(boosting.paths(later, np.array([230, 290]), 28), whole)
    longer = replace(
        panel, demand=np.pad(panel.demand, ((0, 0), (0, 7))), in_stock=np.pad(panel.in_stock, ((0, 0), (0, 7)))
    )
    after = boosting.paths(longer, np.array([299, 360]), 21)
    assert np.isnan(after[:, 0]).all()
    np.testing.assert_array_equal(after[:, 1], whole[:, 1, :21])


def test_a_model_of_other_features_is_refused() -> None:
    panel = history()
    boosting = trained(panel, [300])
    boosting.final.is_yearly_ = True
    with pytest.raises(OtherFeaturesError, match=r"trained on other columns \(not known to it: day_of_year"):
        boosting.paths(panel, np.array([300]), 28)


def test_a_panel_that_knows_less_beside_demand_is_answered_as_a_usual_one() -> None:
    panel = history()
    panel.promotion[:] = np.random.default_rng(3).random(panel.promotion.shape) < 0.3
    boosting = trained(panel, [300])
    assert boosting.plans == ("price", "promotion", "in_stock")
    bare = boosting.paths(replace(panel, price=None, promotion=None, in_stock=None), np.array([300]), 28)
    usual = replace(panel, price=np.full((6, 468), np.nan), promotion=np.zeros((6, 468)), in_stock=np.ones((6, 440)))
    np.testing.assert_array_equal(bare, boosting.paths(usual, np.array([300]), 28))
    assert not np.array_equal(bare, boosting.paths(panel, np.array([300]), 28))


def test_a_panel_that_knows_more_beside_demand_is_answered_without_it() -> None:
    panel = history()
    plain = replace(panel, price=None, promotion=None, in_stock=None)
    boosting = trained(plain, [300])
    expected = boosting.paths(plain, np.array([300]), 28)
    np.testing.assert_array_equal(boosting.paths(panel, np.array([300]), 28), expected)


def test_an_origin_before_all_that_was_learned_is_not_answered() -> None:
    panel = history()
    paths = trained(panel, [300, 360]).paths(panel, np.array([290, 300]), 28)
    assert np.isnan(paths[:, 0]).all()
    assert np.isfinite(paths[1:, 1]).all()


def test_a_part_of_the_panel_is_answered_as_the_whole_is() -> None:
    panel = history()
    boosting = pickle.loads(pickle.dumps(trained(panel, [300, 360])))
    whole = boosting.paths(panel, np.array([300, 360]), 28)
    part = replace(
        panel,
        demand=panel.demand[2:4],
        price=panel.price[2:4],
        promotion=panel.promotion[2:4],
        in_stock=panel.in_stock[2:4],
    )
    np.testing.assert_array_equal(boosting.paths(part, np.array([300, 360]), 28), whole[2:4])


def test_twice_the_same_panel_gives_twice_the_same_numbers() -> None:
    panel = history()
    first, second = (trained(panel, [300]).paths(panel, np.array([300]), 28) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(
    "demand", [np.full((3, 10), 4.0), np.zeros((3, 400)), np.full((3, 400), np.nan), np.empty((0, 400))]
)
def test_too_little_nothing_sold_or_nothing_known_trains_no_model(demand: np.ndarray) -> None:
    panel = History(demand, first_day=MONDAY)
    boosting = trained(panel, [8])
    assert not boosting.is_trained
    assert np.isnan(boosting.paths(panel, np.array([8]), 28)).all()


def test_weeks_are_forecast_from_weeks() -> None:
    year = 50 + 20 * np.sin(2 * np.pi * np.arange(208) / 52)
    panel = History(np.tile(year[:196], (8, 1)), first_day=MONDAY, period_days=7, season=1)
    path = trained(panel, [170], periods=12).paths(panel, np.array([170]), 12)[:, -1]
    np.testing.assert_allclose(path, np.tile(year[196:], (8, 1)), rtol=0.1)


def test_a_model_that_was_not_given_rows_answers_nothing() -> None:
    needs_boosting()
    features = DirectFeatures(history())
    model = GradientBoosting(BoostingConfig(fewest_rows=10**9)).fit(features, until=400, periods=28)
    assert np.isnan(model.predict(features, np.array([400]), 28)).all()
