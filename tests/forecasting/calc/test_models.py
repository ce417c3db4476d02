from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.calc.candidates import Candidate, candidates, trend_line
from forecasting.calc.discounted import discounted_sums, kernel, levels
from forecasting.calc.history import History, clean
from forecasting.calc.intermittent import GAIN, classify, follow_occurrences
from forecasting.calc.origins import judges, origins_before
from forecasting.calc.panel import Panel
from forecasting.calc.plain import MEAN_SEASONS, PlainMemory
from forecasting.calc.view import Views
from forecasting.calc.weekdays import weekday_factors
from forecasting.calc.year import yearly_index
from tests.forecasting.calc import recursions
from tests.forecasting.calc.panels import WEEK, counts


def history_of(demand: np.ndarray, **panel: Any) -> History:
    return clean(Panel(demand, **panel), 28)


def paths(demand: np.ndarray, origins: list[int], position: int, ahead: int = 28) -> dict[str, np.ndarray]:
    history = history_of(demand)
    at = np.array(origins) + history.periods - demand.shape[1]
    views = Views(history, at, ahead)
    made: list[Candidate] = list(candidates(views.at(position), PlainMemory(history), follow_occurrences(history, at)))
    return {one.name: one.path for one in made}


def test_a_discounted_sum_by_hand() -> None:
    values = np.array([[4.0], [8.0]], np.float32)
    sums = discounted_sums(values, kernel(2, np.array([1, 2]), np.array([0.5])), 1)
    assert sums.ravel().tolist() == [4, 10]


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 1000), st.floats(0, 0.6), st.sampled_from([0.5, 0.9, 0.99]))
def test_levels_without_a_loop_are_those_of_the_recursion(seed: int, unknown: float, decay: float) -> None:
    demand = counts(3, 70, seed=seed, unknown=unknown)
    history = history_of(demand)
    weights = kernel(70, np.array([35, 70]), np.array([decay]))
    units = discounted_sums(history.demand, weights, 7).sum(axis=2)
    shown = discounted_sums(history.known, weights, 7).sum(axis=2)
    for position, origin in enumerate((35, 70)):
        level = levels(units[position], shown[position])[0]
        expected = [recursions.discounted_level(row[:origin].tolist(), decay) for row in demand]
        assert level.tolist() == pytest.approx(expected, rel=1e-4)


def test_a_fast_level_that_has_forgotten_everything_is_the_slower_one() -> None:
    units, shown = np.array([[10.0], [1e-9]]), np.array([[5.0], [1e-10]])
    assert levels(units, shown).tolist() == [[2.0], [2.0]]


@pytest.mark.parametrize("origin", [70, 84, 98])
def test_the_plain_models_agree_with_their_slow_twins(origin: int) -> None:
    demand = counts(4, 98, unknown=0.15)
    made = paths(demand, [70, 84, 98], [70, 84, 98].index(origin), ahead=10)
    for series in range(4):
        past = demand[series, :origin].tolist()
        assert made["seasonal_naive"][:, series].tolist() == recursions.seasonal_naive(past, 10, 7)
        expected = recursions.weekday_mean(past, 10, 7, MEAN_SEASONS)
        assert made["weekday_mean"][:, series].tolist() == pytest.approx(expected, rel=1e-5)


def test_croston_and_tsb_agree_with_their_slow_twins() -> None:
    demand = counts(6, 140, mean=0.3, unknown=0.05)
    history, origins = history_of(demand), np.array([98, 140])
    followed = follow_occurrences(history, origins)
    for position, origin in enumerate(origins):
        for series in np.flatnonzero(followed.is_intermittent.any(axis=0)):
            sba, tsb = recursions.croston_and_tsb(demand[series, :origin].tolist(), GAIN)
            assert followed.sba[position, series] == pytest.approx(sba, rel=1e-4)
            assert followed.tsb[position, series] == pytest.approx(tsb, rel=1e-4)


def test_demand_is_classed_by_its_interval_and_the_variation_of_its_size() -> None:
    every_day, now_and_then, in_lumps = (
        [2.0] * 28,
        [0, 0, 0, 2.0] * 7,
        [0, 0, 0, 1, 0, 0, 0, 30.0, 0, 0, 0, 1, 0, 0] * 2,
    )
    intermittent, lumpy = classify(history_of(np.array([every_day, now_and_then, in_lumps])), np.array([28]))
    assert intermittent.tolist() == [[False, True, True]]
    assert lumpy.tolist() == [[False, False, True]]


def test_the_line_has_the_slope_of_least_squares() -> None:
    random = np.random.default_rng(3)
    demand = 5 + 0.1 * np.arange(98) + random.normal(0, 0.5, (2, 98))
    views = Views(history_of(demand, season=1), np.array([98]), 4)
    view = views.at(0)
    slope, _ = trend_line(view, view.bases[0])
    decay = float(views.gains.decays[views.gains.pattern])
    expected = [recursions.slope_by_least_squares(row.tolist(), decay) for row in demand]
    assert slope.tolist() == pytest.approx(expected, rel=1e-3)


def test_weekday_factors_by_hand() -> None:
    # One series: 30 units on the first of two days, 10 on the second, once each. Its own pattern is the panel's.
    factors = weekday_factors(np.array([[30.0], [10.0]]), np.ones((2, 1)), np.ones(1))
    assert factors.ravel().tolist() == pytest.approx([1.5, 0.5])


def test_a_series_that_sold_nothing_has_the_panels_weekdays() -> None:
    units = np.array([[30.0, 0.0], [10.0, 0.0]])
    assert weekday_factors(units, np.ones((2, 2)), np.ones(2))[:, 1].tolist() == pytest.approx([1.5, 0.5])


def test_one_giant_is_not_the_panels_week() -> None:
    units = np.array([[30.0] * 9 + [10.0], [10.0] * 9 + [30_000.0]])
    factors = weekday_factors(units, np.ones((2, 10)), np.full(10, 1e9))  # so uneven that everybody follows the panel
    # The giant's 30,010 units count as 40: 27.0 + 0.01 on the first of two days, 9 + 4.0 on the second, out of 40.
    assert factors[:, 0].tolist() == pytest.approx([270.013 / 200, 129.987 / 200], abs=1e-4)


def test_who_does_not_know_a_whole_week_says_nothing_of_the_panels() -> None:
    units, exposure = np.array([[30.0, 0.0], [10.0, 40.0]]), np.array([[1.0, 0.0], [1.0, 1.0]])
    assert weekday_factors(units, exposure, np.full(2, 1e9))[:, 0].tolist() == pytest.approx([1.5, 0.5])


@pytest.mark.parametrize("extra", range(8))
def test_the_weekly_pattern_goes_on_where_the_history_stops(extra: int) -> None:
    demand = np.array([(WEEK * 30)[: 203 + extra]])
    for name in ("seasonal_naive", "weekday_mean", "weekday_ses_0.2"):
        path = paths(demand, [demand.shape[1]], 0)[name][:, 0]
        assert path.tolist() == pytest.approx((WEEK * 5)[extra : extra + 28], abs=0.2), name


def test_the_index_of_the_year_is_that_of_earlier_years() -> None:
    day = np.arange(364 * 3)
    season = 1 + 0.5 * np.sin(2 * np.pi * day / 364)
    index = yearly_index(season * 100, np.full(len(day), 100.0), 364 * 2, 364, 364)
    assert index[364 * 2 :] == pytest.approx(season[:364], abs=0.05)


def test_there_is_no_index_of_the_year_in_the_first_one() -> None:
    assert np.isnan(yearly_index(np.ones(300), np.ones(300), 300, 28, 364)).all()


def test_changing_the_future_changes_no_candidate_of_the_past() -> None:
    demand = counts(5, 1092, unknown=0.02)
    changed = demand.copy()
    changed[:, 1050:] = 10_000.0
    origins = [1022, 1050, 1092]
    for position in (0, 1):
        before, after = (paths(values, origins, position) for values in (demand, changed))
        for name, path in before.items():
            assert path.tolist() == after[name].tolist(), name
    assert "ses_0.03_year" in before


@pytest.mark.parametrize(
    ("periods", "season", "expected"),
    [
        (90, 7, [*range(34, 90, 7), 90]),
        (400, 7, [*range(218, 400, 14), 400]),
        (20, 7, [13, 20]),
        (6, 7, [6]),
        (100, 1, [*range(74, 100, 2), 100]),
        (200, 1, [*range(161, 200, 3), 200]),
    ],
)
def test_the_backtest_stands_whole_seasons_before_the_end(periods: int, season: int, expected: list[int]) -> None:
    assert origins_before(periods, season, 13).tolist() == expected


def test_an_origin_is_judged_by_those_that_share_no_period_with_it() -> None:
    assert judges(np.arange(5) * 14, 28)[0].tolist() == [False, False, True, True, True]
    assert judges(np.arange(5) * 14, 28)[2].tolist() == [True, False, False, False, True]


def test_where_a_horizon_reaches_over_most_origins_the_farther_half_judges() -> None:
    judging = judges(np.arange(5) * 14, 365)
    assert judging[0].tolist() == [False, False, False, True, True]
    assert (judging.sum(axis=1) >= 2).all()
    assert not judging.diagonal().any()


def test_a_single_origin_has_no_other_judge_than_itself() -> None:
    assert judges(np.array([30]), 28).tolist() == [[True]]
