from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.calc.first_backtest import run_backtest
from forecasting.calc.first_candidates import candidate_paths, smooth
from forecasting.calc.first_config import MODELS, SEASONAL_NAIVE, SUM_LEVELS, WEEKDAY_MEAN, ForecastConfig
from forecasting.calc.demand import history_days
from forecasting.calc.first_panel import PanelForecast, _sum, forecast_panel
from forecasting.calc.first_weekdays import weekday_history
from tests.forecasting import oracles

CONFIG = ForecastConfig()
WEEK = [10.0, 12.0, 9.0, 11.0, 20.0, 30.0, 0.0]


def forecast(demand: np.ndarray, *, days: int = 14, lead: int = 7) -> PanelForecast:
    series = len(demand)
    return forecast_panel(demand, sum_days=(np.full(series, days), np.full(series, lead)), config=CONFIG)


def random_demand(series: int, days: int, *, seed: int = 5, unknown: float = 0.05) -> np.ndarray:
    random = np.random.default_rng(seed)
    weekly = 1 + 0.5 * np.sin(2 * np.pi * np.arange(days) / 7)
    demand = random.poisson(random.gamma(2, 4, (series, 1)) * weekly).astype(float)
    demand[random.random(demand.shape) < unknown] = np.nan
    return demand


def test_a_pure_weekly_pattern_is_forecast_exactly_and_without_spread() -> None:
    panel = forecast(np.array([WEEK * 40]))
    assert panel.mean[0] == pytest.approx(WEEK * 4)
    assert panel.quantiles[0, :, 0] == pytest.approx(WEEK * 4)
    assert panel.quantiles[0, :, -1] == pytest.approx(WEEK * 4)
    assert panel.sums[0].mean[0] == pytest.approx(2 * sum(WEEK))
    assert panel.sums[0].quantiles[0] == pytest.approx([2 * sum(WEEK)] * len(SUM_LEVELS))


@pytest.mark.parametrize("cut", range(1, 8))
def test_the_weekly_pattern_does_not_shift_with_the_length_of_the_history(cut: int) -> None:
    panel = forecast(np.array([(WEEK * 40)[cut:]]))
    assert panel.mean[0] == pytest.approx(WEEK * 4)


@pytest.mark.parametrize("extra", range(1, 8))
def test_the_weekly_pattern_goes_on_where_the_history_stops(extra: int) -> None:
    panel = forecast(np.array([WEEK * 40 + WEEK[:extra]]))
    assert panel.mean[0] == pytest.approx((WEEK * 5)[extra : extra + 28])


def test_every_model_agrees_with_its_slow_twin_at_several_origins() -> None:
    demand = random_demand(4, 100, unknown=0.15)
    demand[1, :60] = np.nan
    history = weekday_history(demand, CONFIG)
    front = history.days - demand.shape[1]
    origins = np.array([front + 70, front + 83, front + 100])
    paths = list(candidate_paths(history, smooth(history, CONFIG), origins, 9, CONFIG))
    for series in range(4):
        for position, origin in enumerate((70, 83, 100)):
            past = demand[series, :origin].tolist()
            expected = [oracles.seasonal_naive(past, 9, CONFIG), oracles.weekday_mean(past, 9, CONFIG)]
            expected += [oracles.smoothing(past, 9, CONFIG, gain) for gain in CONFIG.smoothing_gains]
            for path, twin in zip(paths, expected, strict=False):
                assert path.units[series, position] == pytest.approx(twin), path.model


def test_changing_the_future_changes_no_past_forecast() -> None:
    demand = random_demand(3, 200)
    changed = demand.copy()
    changed[:, 150:] = 10_000.0
    paths = []
    for values in (demand, changed):
        history = weekday_history(values, CONFIG)
        origins = np.arange(100, 151) + history.days - 200
        paths.append([path.units for path in candidate_paths(history, smooth(history, CONFIG), origins, 28, CONFIG)])
    for before, after in zip(*paths, strict=True):
        assert before.tolist() == after.tolist()


def test_what_is_served_did_no_worse_in_the_backtest_than_either_plain_model() -> None:
    panel = forecast(random_demand(60, 300))
    wape = np.stack([accuracy.wape for accuracy in panel.accuracy], axis=1)
    served = wape[np.arange(60), panel.chosen]
    assert (served <= wape[:, MODELS.index(SEASONAL_NAIVE)] + 1e-12).all()
    assert (served <= wape[:, MODELS.index(WEEKDAY_MEAN)] + 1e-12).all()
    assert len(set(panel.chosen.tolist())) > 1


def test_the_backtests_errors_are_the_demand_less_the_forecast_made_then() -> None:
    demand = random_demand(1, 160, unknown=0)
    history = weekday_history(demand, CONFIG)
    backtest = run_backtest(history, smooth(history, CONFIG), history_days(demand), 28, CONFIG)
    naive = backtest.accuracy[MODELS.index(SEASONAL_NAIVE)]
    errors, total = [], 0.0
    for origin in range(20, 160):
        path = oracles.seasonal_naive(demand[0, :origin].tolist(), 28, CONFIG)
        actual = demand[0, origin : origin + 28]
        errors += (actual - path[: len(actual)]).tolist()
        total += actual.sum()
    assert naive.points[0] == len(errors)
    assert naive.wape[0] == pytest.approx(np.abs(errors).sum() / total)
    assert naive.bias[0] == pytest.approx(np.sum(errors) / total)
    scale = np.abs(demand[0, 7:] - demand[0, :-7]).mean()
    assert naive.mase[0] == pytest.approx(np.abs(errors).mean() / scale)


def test_the_spread_of_a_sum_is_that_of_the_backtests_sums_and_not_the_sum_of_daily_spreads() -> None:
    panel = forecast(random_demand(40, 399, unknown=0), days=14)
    high = SUM_LEVELS.index(0.975)
    summed = panel.sums[0].quantiles[:, high] - panel.sums[0].mean
    daily = (panel.quantiles[:, :14, -1] - panel.mean[:, :14]).sum(axis=1)
    assert panel.sums[0].from_backtest.all()
    # Independent days: the deviation of 14 days is √14 = 3.7 times that of one, and not 14 times.
    assert 3 < np.median(14 * summed / daily) < 5


def test_the_eighty_percent_interval_holds_what_it_promises_on_later_days() -> None:
    panel = forecast(random_demand(80, 399, unknown=0))
    coverage = np.array([panel.accuracy[model].coverage_80[row] for row, model in enumerate(panel.chosen)])
    assert 0.75 < coverage.mean() < 0.87


def test_a_sum_that_reaches_past_the_end_of_the_history_is_not_counted_in_part() -> None:
    # Each of the last 140 days came out one unit over its forecast of 5, so 14 days come out 14 over.
    errors = np.ones((1, 140, 28))
    for origin in range(140):
        errors[0, origin, 140 - origin :] = np.nan
    summed = _sum(np.full((1, 28), 5.0), errors, np.array([14]), np.zeros(1), CONFIG)
    assert summed.mean.tolist() == [70]
    assert summed.quantiles[0].tolist() == [84] * len(SUM_LEVELS)


def test_unknown_days_count_as_forecast_and_a_sum_with_too_many_of_them_is_left_out() -> None:
    errors = np.ones((1, 140, 28))
    errors[0, :60, 3] = np.nan  # 9 of 10 days known: these sums are 9
    errors[0, 60:120, :4] = np.nan  # 6 of 10: left out
    errors[0, 120:, 27] = np.nan
    summed = _sum(np.full((1, 28), 5.0), errors, np.array([10]), np.zeros(1), CONFIG)
    assert summed.quantiles[0, 0] == 59
    assert summed.quantiles[0, -1] == 60
    assert summed.from_backtest.tolist() == [True]


def test_a_busy_weekday_has_a_wider_interval_by_the_root_of_its_demand() -> None:
    random = np.random.default_rng(3)
    demand = random.poisson([4, 4, 4, 64, 4, 4, 4], (60, 57, 7)).reshape(60, 399).astype(float)
    panel = forecast(demand)
    width = (panel.quantiles[:, :, 5] - panel.quantiles[:, :, 1]).mean(axis=0)[:7]
    quiet, busy = np.delete(width, 3).mean(), width[3]
    assert 3 < busy / quiet < 4.5  # √64 / √4 = 4, less what rounding at 0 and the factor's prior take
    assert 0.8 < busy / (2 * 1.2816 * 8) < 1.35


def test_coverage_is_judged_on_days_that_did_not_make_the_interval() -> None:
    random = np.random.default_rng(4)
    deviation = np.where(np.arange(399) < 399 - 70, 2.0, 30.0)  # far wilder from the middle of the backtest on
    demand = np.maximum(100 + deviation * random.standard_normal((20, 399)), 0)
    coverage = forecast(demand).accuracy[MODELS.index(WEEKDAY_MEAN)].coverage_80
    assert coverage.max() < 0.3


def test_days_out_of_stock_do_not_pull_the_forecast_down() -> None:
    demand = np.array([WEEK * 40, WEEK * 40])
    demand[1, -10:] = np.nan
    panel = forecast(demand)
    assert panel.mean[1] == pytest.approx(panel.mean[0])


def test_fewer_than_seven_days_are_not_forecast_and_seven_are() -> None:
    demand = np.full((3, 60), np.nan)
    demand[0, -6:] = 4
    demand[1, -7:] = 4
    panel = forecast(demand)
    assert panel.is_forecast.tolist() == [False, True, False]
    assert panel.history_days.tolist() == [6, 7, 0]


def test_a_week_of_history_is_served_the_weekday_mean_with_at_least_poissons_spread() -> None:
    demand = np.full((1, 60), np.nan)
    demand[0, -7:] = 4
    panel = forecast(demand)
    assert MODELS[panel.chosen[0]] == WEEKDAY_MEAN
    assert panel.mean[0].tolist() == [4] * 28
    assert not panel.sums[0].from_backtest[0]
    # √mean = 2 a day, √14 × 2 for 14 days, 97.5 %: 56 + 1.96 × 7.483
    assert panel.sums[0].quantiles[0, SUM_LEVELS.index(0.975)] == pytest.approx(56 + 1.959964 * 2 * 14**0.5)
    assert np.isnan(panel.accuracy[0].wape[0])


def test_a_history_of_zeros_is_forecast_zero_for_certain() -> None:
    panel = forecast(np.zeros((1, 200)))
    assert panel.is_forecast[0]
    assert panel.mean[0].tolist() == [0] * 28
    assert panel.quantiles[0].ravel().tolist() == [0] * 28 * 7
    assert panel.sums[0].quantiles[0].tolist() == [0] * len(SUM_LEVELS)
    assert np.isnan(panel.accuracy[0].wape[0])


@pytest.mark.parametrize("days", [0, 1, 6, 7, 8, 13, 15, 40])
def test_any_length_of_window_is_answered_without_a_missing_number(days: int) -> None:
    panel = forecast(np.full((2, days), 3.0))
    assert panel.is_forecast.tolist() == [days >= 7] * 2
    assert np.isfinite(panel.mean).all()
    assert np.isfinite(panel.quantiles).all()


@pytest.mark.parametrize("bad", [-1.0, np.inf])
def test_negative_and_infinite_demand_is_refused(bad: float) -> None:
    demand = np.ones((1, 30))
    demand[0, 3] = bad
    with pytest.raises(ValueError) as refused:
        forecast(demand)
    assert str(refused.value) == "demand must be finite and not negative (NaN: unknown)"


@pytest.mark.parametrize("days", [0, 92])
def test_a_sum_over_no_day_or_too_many_is_refused(days: int) -> None:
    with pytest.raises(ValueError) as refused:
        forecast(np.ones((1, 30)), days=days)
    assert str(refused.value) == "sums need one number of days per series, from 1 to 91"


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 10_000), st.sampled_from([0.25, 2.0, 1024.0]))
def test_forecasts_and_quantiles_scale_with_the_demand(seed: int, factor: float) -> None:
    demand = random_demand(3, 220, seed=seed)
    plain, scaled = forecast(demand), forecast(demand * factor)
    assert scaled.mean == pytest.approx(plain.mean * factor)
    assert scaled.quantiles == pytest.approx(plain.quantiles * factor)
    assert scaled.sums[0].quantiles == pytest.approx(plain.sums[0].quantiles * factor)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000), st.integers(0, 200), st.floats(0, 0.9))
def test_quantiles_never_fall_with_the_level_and_nothing_is_negative(seed: int, days: int, unknown: float) -> None:
    panel = forecast(random_demand(4, days, seed=seed, unknown=unknown), days=35)
    for quantiles in (panel.quantiles, panel.sums[0].quantiles, panel.sums[1].quantiles, panel.horizon.quantiles):
        assert (np.diff(quantiles, axis=-1) >= 0).all()
        assert (quantiles >= 0).all()
    assert (panel.mean >= 0).all()


def test_a_series_is_forecast_the_same_alone_and_among_others() -> None:
    demand = random_demand(20, 250)
    together, alone = forecast(demand), forecast(demand[7:8])
    assert alone.mean[0] == pytest.approx(together.mean[7])
    assert alone.sums[0].quantiles[0] == pytest.approx(together.sums[0].quantiles[7])
