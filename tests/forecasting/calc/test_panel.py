from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.calc.config import ENSEMBLE, PLAIN_MODELS, SEASONAL, ForecastConfig
from forecasting.calc.contract import PLAIN_IS_BEST, UNTESTED, WITHIN_CHANCE
from forecasting.calc.history import uncensored
from forecasting.calc.panel import ExtraCandidate, Panel, backtest_origins, forecast_panel
from tests.forecasting.calc.panels import WEEK, assert_answers, counts, forecast


def test_a_pure_weekly_pattern_is_forecast_exactly_and_without_spread() -> None:
    answer = forecast([WEEK * 40], sums=14)
    assert answer.mean[0].tolist() == WEEK * 4
    assert answer.intervals[0, :, 1] == pytest.approx(np.array([WEEK * 4] * 2).T, abs=0.01)
    assert answer.sums[0].mean[0] == 2 * sum(WEEK)
    assert answer.reason[0] == PLAIN_IS_BEST
    assert answer.models[answer.chosen[0]] == "seasonal_naive"


@pytest.mark.parametrize("cut", range(1, 8))
def test_the_weekly_pattern_does_not_shift_with_the_length_of_the_history(cut: int) -> None:
    assert forecast([(WEEK * 40)[cut:]]).mean[0].tolist() == WEEK * 4


def test_nothing_is_served_that_loses_to_a_plain_model_on_its_own_backtest() -> None:
    answer = forecast(np.concatenate([counts(60, 300), counts(60, 300, mean=0.4)]))
    rmsse = {one.model: one.rmsse for one in answer.accuracy}
    plain = np.minimum(*(rmsse[name] for name in PLAIN_MODELS))
    within_chance = answer.reason == WITHIN_CHANCE
    assert (rmsse[ENSEMBLE] <= plain * (1 + 1e-5))[~within_chance].all()
    assert (rmsse[ENSEMBLE] <= 1.02 * plain)[within_chance].all()
    assert (rmsse[ENSEMBLE] ** 2).sum() < 0.97 * (plain**2).sum()


def test_the_models_are_ranked_by_their_backtest_error() -> None:
    answer = forecast(counts(10, 300))
    rmsse = np.stack([one.rmsse for one in answer.accuracy], axis=1)
    for series in range(10):
        ranked = [rmsse[series, place] for place in np.argsort(answer.rank[series]) if answer.rank[series, place]]
        assert ranked == sorted(ranked)
    assert answer.rank[0, answer.models.index(SEASONAL)] > 0


def test_a_models_backtest_error_is_the_demand_less_the_forecast_made_then() -> None:
    demand = counts(1, 161)
    answer = forecast(demand)
    errors, total = [], 0.0
    for origin in answer.origins:
        actual = demand[0, origin : origin + 28]
        errors += (actual - np.tile(demand[0, origin - 7 : origin], 4)[: len(actual)]).tolist()
        total += actual.sum()
    naive = answer.accuracy[answer.models.index("seasonal_naive")]
    assert naive.points[0] == len(errors)
    assert naive.wape[0] == pytest.approx(np.abs(errors).sum() / total)
    assert naive.bias[0] == pytest.approx(np.sum(errors) / total, abs=1e-6)
    seasonal = np.abs(demand[0, 7:] - demand[0, :-7]).mean()
    assert naive.mase[0] == pytest.approx(np.abs(errors).mean() / seasonal)
    change = (np.diff(demand[0]) ** 2).mean()
    assert naive.rmsse[0] == pytest.approx(np.sqrt(np.mean(np.square(errors)) / change))


def test_what_is_served_beats_the_plain_models_on_days_that_nobody_has_seen() -> None:
    demand = counts(200, 428)
    answer = forecast(demand[:, :400])
    error = np.abs(demand[:, 400:] - answer.mean).sum()
    for plain in PLAIN_MODELS:
        path = answer.model_paths[:, answer.models.index(plain)]
        assert error < 0.97 * np.abs(demand[:, 400:] - path).sum()


@pytest.mark.parametrize(("mean", "days"), [(40.0, 400), (8.0, 400), (2.0, 400), (8.0, 90)])
def test_intervals_hold_what_they_promise_on_days_that_nobody_has_seen(mean: float, days: int) -> None:
    demand = counts(400, days + 28, mean=mean)
    answer = forecast(demand[:, :days])
    after = demand[:, days:, None]
    held = ((after >= answer.intervals[..., 0]) & (after <= answer.intervals[..., 1])).mean(axis=(0, 1))
    # A fifth of a Poisson mean of 2 is 0: its intervals cannot leave as much out.
    assert held == pytest.approx([0.80, 0.95], abs=0.03)


def test_sums_over_two_weeks_hold_what_they_promise() -> None:
    demand = counts(600, 428)
    answer = forecast(demand[:, :400], sums=14)
    total = demand[:, 400:414].sum(axis=1)
    levels = ForecastConfig().sum_levels
    for level in (0.1, 0.5, 0.9, 0.95):
        share = (total <= answer.sums[0].quantiles[:, levels.index(level)]).mean()
        assert share == pytest.approx(level, abs=0.05), level
    assert answer.sums[0].from_backtest.all()


def test_quantiles_of_slow_movers_are_whole_numbers() -> None:
    answer = forecast(counts(30, 300, mean=0.5))
    assert (answer.quantiles == np.rint(answer.quantiles)).all()
    assert (answer.intervals == np.rint(answer.intervals)).all()


def test_amounts_that_are_no_counts_are_not_rounded() -> None:
    answer = forecast(counts(30, 300, mean=2.0) * 0.37)
    assert (answer.quantiles != np.rint(answer.quantiles)).any()


def test_changing_the_future_changes_no_past_forecast() -> None:
    demand = counts(20, 400)
    early = forecast(demand[:, :350]).mean
    demand[:, 350:] = 1e6
    assert forecast(demand[:, :350]).mean.tolist() == early.tolist()


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 10_000), st.sampled_from([0.125, 8.0, 1024.0]))
def test_forecasts_scale_with_the_unit_of_measurement(seed: int, factor: float) -> None:
    demand = counts(5, 200, seed=seed) * 0.37
    plain, scaled = forecast(demand, sums=9), forecast(demand * factor, sums=9)
    assert scaled.mean == pytest.approx(plain.mean * factor, rel=2e-3, abs=1e-3 * factor)
    assert scaled.quantiles == pytest.approx(plain.quantiles * factor, rel=2e-2, abs=2e-2 * factor)
    assert scaled.sums[0].quantiles == pytest.approx(plain.sums[0].quantiles * factor, rel=2e-2, abs=2e-2 * factor)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000), st.integers(0, 200), st.floats(0, 0.9))
def test_any_panel_is_answered_with_finite_rising_quantiles(seed: int, days: int, unknown: float) -> None:
    assert_answers(forecast(counts(4, days, seed=seed, unknown=unknown), sums=35))


@pytest.mark.parametrize("days", [0, 1, 6, 7, 8, 13, 15, 55, 56])
def test_under_seven_days_of_history_are_not_forecast(days: int) -> None:
    answer = forecast(np.full((2, days), 3.0))
    assert answer.is_forecast.tolist() == [days >= 7] * 2
    assert_answers(answer)


def test_no_series_at_all_give_no_forecasts() -> None:
    assert forecast(np.zeros((0, 100))).mean.shape == (0, 28)


def test_a_short_series_is_weighted_like_the_others() -> None:
    demand = counts(20, 400)
    demand[0, :-10] = np.nan
    answer = forecast(demand)
    assert (answer.is_forecast[0], answer.reason[0]) == (True, UNTESTED)
    assert answer.weights[0] @ answer.weights[1:].mean(axis=0) > 0
    assert answer.mean[0].mean() == pytest.approx(np.nanmean(demand[0]), rel=0.25)


def test_one_point_is_no_history_and_does_not_move_the_others() -> None:
    demand = counts(20, 200)
    without = forecast(demand[1:])
    demand[0] = np.nan
    demand[0, -1] = 1e6
    answer = forecast(demand)
    assert (answer.is_forecast[0], answer.known_periods[0]) == (False, 1)
    assert_answers(answer)
    np.testing.assert_allclose(answer.mean[1:], without.mean, rtol=0.05)


def test_all_zeros_are_forecast_zero() -> None:
    answer = forecast(np.zeros((2, 200)), sums=14)
    assert not answer.mean.any()
    assert not answer.quantiles.any()
    assert not answer.sums[0].quantiles.any()


def test_unknown_infinite_and_negative_values_are_repaired_and_counted() -> None:
    demand = np.full((1, 120), 5.0)
    demand[0, [20, 30, 40]] = np.nan, np.inf, -4.0
    answer = forecast(demand)
    assert (answer.repaired.tolist(), answer.known_periods.tolist()) == ([2], [118])
    assert answer.mean[0] == pytest.approx([5.0] * 28, abs=0.2)


def test_a_single_spike_is_not_expected_again_every_day() -> None:
    demand = np.zeros((1, 200))
    demand[0, 100] = 100.0
    answer = forecast(demand, sums=14)
    assert answer.mean.max() < 1
    assert answer.sums[0].quantiles.max() <= 150


def test_after_a_step_the_new_level_is_forecast() -> None:
    demand = np.zeros((1, 200))
    demand[0, 120:] = 10.0
    assert forecast(demand).mean[0] == pytest.approx([10.0] * 28, abs=0.5)


def test_after_a_year_of_zeros_what_sells_now_is_forecast() -> None:
    demand = np.zeros((3, 500))
    demand[:, 420:] = counts(3, 80, mean=6.0)
    now = demand[:, 444:].mean(axis=1)
    assert forecast(demand).mean.mean(axis=1) == pytest.approx(now, rel=0.25)


def test_a_horizon_of_a_thousand_days_neither_explodes_nor_dies() -> None:
    demand = counts(5, 800)
    answer = forecast(demand, horizon=1000)
    assert_answers(answer)
    assert answer.mean.mean(axis=1) == pytest.approx(demand.mean(axis=1), rel=0.3)


@pytest.mark.parametrize("horizon", [0, 1001])
def test_a_horizon_out_of_bounds_is_refused(horizon: int) -> None:
    with pytest.raises(ValueError, match="the horizon must be 1 to 1000 periods"):
        forecast(np.ones((1, 30)), horizon=horizon)


@pytest.mark.parametrize("periods", [0, 92])
def test_a_sum_over_nothing_or_too_much_is_refused(periods: int) -> None:
    with pytest.raises(ValueError, match="from 1 to 91"):
        forecast(np.ones((1, 30)), sums=periods)


def test_an_unknown_model_is_refused() -> None:
    with pytest.raises(ValueError, match="no such model here: lstm"):
        forecast_panel(Panel(np.ones((1, 30))), ForecastConfig(models=("lstm",)))


def test_one_model_is_served_alone_when_it_is_asked_for() -> None:
    answer = forecast_panel(Panel(counts(9, 200)), ForecastConfig(models=("linear",)))
    own = {name for place, name in enumerate(answer.candidates) if answer.weights[:, place].any()}
    assert own <= {"linear", "seasonal_naive", "weekday_mean"}
    assert "linear" in {answer.models[place] for place in answer.chosen}


def test_weeks_have_a_season_of_the_year_and_none_within() -> None:
    week = np.arange(52 * 4)
    random = np.random.default_rng(1)
    demand = random.poisson(50 * (1 + 0.6 * np.sin(2 * np.pi * week / 52)), (40, len(week))).astype(float)
    answer = forecast(demand[:, :-26], horizon=26, season=52, year=52)
    expected = 50 * (1 + 0.6 * np.sin(2 * np.pi * week[-26:] / 52))
    assert answer.mean.mean(axis=0) == pytest.approx(expected, rel=0.1)


def test_days_out_of_stock_are_no_days_without_demand() -> None:
    random = np.random.default_rng(2)
    wanted = random.poisson(6.0, (50, 300)).astype(float)
    share = np.where(random.random(wanted.shape) < 0.25, random.random(wanted.shape), 1.0)
    sold = random.binomial(wanted.astype(int), share).astype(float)
    raw, corrected = (forecast(sold).mean.mean(), forecast(sold, in_stock=share).mean.mean())
    assert abs(corrected - 6) < abs(raw - 6) / 8


def test_a_promotion_known_ahead_is_forecast_on_its_days_alone() -> None:
    random = np.random.default_rng(4)
    promotion = (random.random((30, 428)) < 0.1).astype(float)
    demand = random.poisson(8 * (1 + 1.5 * promotion[:, :400])).astype(float)
    answer = forecast(demand, promotion=promotion)
    ahead = promotion[:, 400:] > 0
    assert answer.mean[ahead].mean() == pytest.approx(20, rel=0.1)
    assert answer.mean[~ahead].mean() == pytest.approx(8, rel=0.1)


def test_a_promotion_that_is_not_known_ahead_is_not_used() -> None:
    demand = counts(10, 200)
    flags = np.zeros_like(demand)
    flags[:, ::9] = 1
    assert forecast(demand, promotion=flags).mean.tolist() == forecast(demand).mean.tolist()


def test_a_model_from_outside_takes_part_and_is_weighted_by_its_backtest() -> None:
    random = np.random.default_rng(6)
    truth = random.gamma(2, 10, (20, 228))
    demand = random.poisson(truth).astype(float)
    panel, config = Panel(demand[:, :200]), ForecastConfig()
    origins = [*backtest_origins(panel, config), 200]
    knowing = np.stack([truth[:, o : o + 28] if o + 28 <= 228 else truth[:, 200:228] for o in origins], axis=1)
    answer = forecast_panel(panel, config, extra=[ExtraCandidate("gradient_boosting", knowing)])
    assert answer.weights[:, answer.candidates.index("gradient_boosting")].mean() > 0.9
    assert answer.mean == pytest.approx(truth[:, 200:], rel=0.2, abs=0.5)


@pytest.mark.parametrize("days", [91, 364])
def test_a_model_from_outside_weighs_beforehand_what_its_backtest_could_not_see(days: int) -> None:
    demand = counts(40, days)
    panel, config = Panel(demand), ForecastConfig()
    origins = backtest_origins(panel, config)
    too_high = np.repeat(1.5 * demand.mean(axis=1), (len(origins) + 1) * 28).reshape(40, -1, 28)
    answer = forecast_panel(panel, config, extra=[ExtraCandidate("outside", too_high)])
    unseen = 1 - origins.mean() / days
    assert answer.weights[:, answer.candidates.index("outside")].mean() == pytest.approx(unseen, rel=0.25)


def test_extra_paths_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match="the paths of boosting must have the shape"):
        forecast_panel(
            Panel(np.ones((2, 60))), ForecastConfig(), extra=[ExtraCandidate("boosting", np.ones((2, 1, 28)))]
        )


def test_a_panel_is_answered_chunk_by_chunk_as_each_chunk_would_be() -> None:
    demand = counts(30, 200)
    config = ForecastConfig(chunk_series=15)
    whole, second = forecast_panel(Panel(demand), config), forecast_panel(Panel(demand[15:]), config)
    assert whole.mean[15:].tolist() == second.mean.tolist()
    assert whole.accuracy[0].wape[15:].tolist() == second.accuracy[0].wape.tolist()
    assert whole.horizon.quantiles[15:].tolist() == second.horizon.quantiles.tolist()


def test_a_chunk_of_a_thousand_series_takes_under_eighty_megabytes() -> None:
    demand = counts(1000, 730).astype(np.float32)
    tracemalloc.start()
    try:
        forecast_panel(Panel(demand), ForecastConfig())
        assert tracemalloc.get_traced_memory()[1] < 80e6
    finally:
        tracemalloc.stop()


def test_a_part_of_a_day_in_stock_counts_as_that_part() -> None:
    demand, sold, share = uncensored(np.array([6.0, 3.0, 5.0, np.nan]), np.array([0.75, 0.25, 0.0, 1.0]))
    assert demand.tolist() == pytest.approx([8, np.nan, np.nan, np.nan], nan_ok=True)
    assert sold.tolist() == [6, 3, 0, 0]
    assert share.tolist() == [0.75, 0.25, 0, 0]


def sold_out(
    mean: float, shelf: int, *, series: int = 40, days: int = 364, out_from: float = 0
) -> tuple[Any, Any, Any]:
    """True demand, what was sold and the share in stock, of shelves that are filled up once a week.

    Customers come at random times of the day; once the shelf is empty they leave with nothing. ``out_from``: share of days
    that are out of stock from the start by chance as well.
    """
    random = np.random.default_rng(5)
    true = random.poisson(mean, (series, days))
    sold, share = np.zeros(true.shape), np.ones(true.shape)
    for row in range(series):
        left = 0
        for day in range(days):
            left = left if day % 7 else shelf
            wanted = true[row, day]
            if random.random() < out_from:
                sold[row, day] = share[row, day] = 0
            elif wanted >= left:
                sold[row, day] = left
                share[row, day] = np.sort(random.random(wanted))[left - 1] if left else 0
                left = 0
            else:
                sold[row, day] = wanted
                left -= wanted
    return true, sold, share


@pytest.mark.parametrize(
    ("mean", "shelf", "out_from"), [(10.0, 60, 0.0), (3.0, 20, 0.0), (0.5, 3, 0.0), (4.0, 30, 0.15)]
)
def test_stock_outs_leave_a_tenth_of_the_bias_that_they_make(mean: float, shelf: int, out_from: float) -> None:
    """Days that sell out early are days of high demand: leaving them out would be a bias of its own."""
    true, sold, share = sold_out(mean, shelf, out_from=out_from)
    answer = forecast_panel(Panel(sold, in_stock=share), ForecastConfig())
    raw = answer.sold_mean.mean() / true.mean() - 1
    corrected = answer.demand_mean.mean() / true.mean() - 1
    assert raw < -0.1
    assert abs(corrected) <= 0.1 * abs(raw)
    assert answer.mean.mean() == pytest.approx(true.mean(), rel=0.05)


def test_without_stock_outs_what_was_sold_is_what_was_wanted() -> None:
    demand = counts(5, 100)
    answer = forecast_panel(Panel(demand, in_stock=np.ones(demand.shape)), ForecastConfig())
    assert answer.sold_mean == pytest.approx(demand.mean(axis=1))
    assert answer.demand_mean == pytest.approx(demand.mean(axis=1))
    assert answer.mean.tolist() == forecast(demand).mean.tolist()
