from __future__ import annotations

import numpy as np
import pytest

from forecasting.calc.config import ForecastConfig
from forecasting.calc.contract import AS_WEIGHTED, DRAWN_TO_PLAIN, PLAIN_IS_BEST, UNTESTED, WITHIN_CHANCE
from forecasting.calc.drift import drift_factors
from forecasting.calc.gate import error_sums
from forecasting.calc.intervals import Spread, learn_spread, quantiles_of, rising, rounded
from forecasting.calc.measures import ranks
from forecasting.calc.rise import learn_rise
from forecasting.calc.sums import SumErrors
from forecasting.calc.weights import ensemble_weights, stacked
from tests.forecasting.calc.panels import counts, forecast

CONFIG = ForecastConfig()


def test_stacked_weights_by_hand() -> None:
    # Independent errors with variances 1 and 4: the best mixture has weights 4/5 and 1/5.
    assert stacked(np.diag([1.0, 4.0])).tolist() == pytest.approx([0.8, 0.2], abs=1e-3)


def test_stacks_of_several_panels_are_found_at_once() -> None:
    grams = np.stack([np.diag([1.0, 4.0]), np.diag([3.0, 1.0]), np.zeros((2, 2))])
    assert stacked(grams) == pytest.approx(np.stack([stacked(gram) for gram in grams]))


def test_a_candidate_that_only_repeats_a_better_one_with_more_noise_gets_nothing() -> None:
    assert stacked(np.array([[1.0, 1.0], [1.0, 2.0]]))[1] < 0.01


def test_a_candidate_that_is_wrong_beyond_measure_leaves_the_others_their_weights() -> None:
    assert stacked(np.diag([1.0, 4.0, 1e8])).tolist() == pytest.approx([0.8, 0.2, 0], abs=1e-3)


def test_a_series_that_was_tested_often_goes_its_own_way_and_a_short_one_the_panels() -> None:
    squared = np.array([[100.0, 1.0, 100.0], [400.0, 4.0, 25.0]])  # the last series favours the second candidate
    points = np.array([3000.0, 1.0, 3000.0])
    weights = ensemble_weights(squared, points, np.array([0.5, 0.5]), np.zeros(3, np.int64), np.zeros(2))
    assert weights.sum(axis=0).tolist() == pytest.approx([1, 1, 1])
    assert weights[0, 0] > 0.99
    assert weights[1, 2] > 0.99
    assert 0.2 < weights[0, 1] < 0.999


def test_what_a_backtest_cannot_know_of_a_candidate_is_credited_to_it() -> None:
    # Alike in their errors, half each; a fifth of all is the second one's beforehand: 0.4 and 0.4 + 0.2.
    weights = ensemble_weights(
        np.full((2, 1), 9.0), np.ones(1), np.array([0.5, 0.5]), np.zeros(1, np.int64), np.array([0.0, 0.2])
    )
    assert weights[:, 0].tolist() == pytest.approx([0.4, 0.6])


def gate(ensemble_error: float, plain_error: float, points: int = 10) -> tuple[float, int]:
    actual = np.full((1, points, 1), 10.0)
    plain = np.stack([actual - plain_error, actual - 50.0])
    answer = error_sums(actual - ensemble_error, plain, actual).gate(np.array([True]))
    return float(answer.share[0]), int(answer.reason[0])


def test_the_gate_by_hand() -> None:
    assert gate(1.0, 2.0) == (0.0, AS_WEIGHTED)
    # Errors of 2 and -1: with a third of the plain path the mixture errs by 2 - 3 / 3 = 1, as much as the plain path.
    assert gate(2.0, -1.0)[0] == pytest.approx(1 / 3)
    assert gate(2.0, -1.0)[1] == DRAWN_TO_PLAIN
    # Errors of 3 and 1 on the same side: nothing between them is as good as the plain path.
    assert gate(3.0, 1.0) == (1.0, PLAIN_IS_BEST)
    assert gate(3.0, 1.0, points=7) == (0.0, UNTESTED)


def beside_a_good_one(losses: list[float], new: float = 1.0) -> tuple[float, int]:
    """The gate of a series that lost so much squared error to the plain model at each origin, in a panel that did not lose.

    The plain model's error is 1 and the ensemble's on the other side, so that its square is 1 + the loss.
    """
    actual = np.full((len(losses), 10, 2), 10.0)
    error = np.sqrt(1 + np.array(losses))[:, None, None] * np.array([1.0, 0.1])
    plain = np.stack([actual + 1.0, actual + 50.0])
    answer = error_sums(actual - error, plain, actual, new).gate(np.ones(len(losses), dtype=bool))
    return float(answer.share[0]), int(answer.reason[0])


def test_a_loss_that_chance_explains_moves_nothing() -> None:
    # 0.5, -0.4, 0.6, -0.5: mean 0.05 with a standard error of 0.29.
    assert beside_a_good_one([0.5, -0.4, 0.6, -0.5]) == (0.0, WITHIN_CHANCE)


def test_a_loss_beyond_chance_is_taken_away() -> None:
    share, reason = beside_a_good_one([0.5, 0.5, 0.5, 0.5])
    # The least share that makes (√1.5 (1 - s) - s)² as small as 1.
    assert share == pytest.approx((np.sqrt(1.5) - 1) / (np.sqrt(1.5) + 1))
    assert reason == DRAWN_TO_PLAIN


def test_origins_that_overlap_are_less_evidence_of_a_loss() -> None:
    losses = [0.3, 0.1, 0.3, 0.1, 0.3, 0.1, 0.3, 0.1]
    assert beside_a_good_one(losses)[0] > beside_a_good_one(losses, new=0.3)[0] > 0


def test_where_the_whole_panel_lost_no_loss_counts_as_chance() -> None:
    actual = np.full((4, 10, 20), 10.0)
    losses = np.full((4, 20), 0.5)
    losses[:, 0] = 0.5, -0.4, 0.6, -0.5
    error = np.sqrt(1 + losses)[:, None]
    answer = error_sums(actual - error, np.stack([actual + 1.0, actual + 50.0]), actual).gate(np.ones(4, dtype=bool))
    assert set(answer.reason.tolist()) == {DRAWN_TO_PLAIN}
    assert answer.share[0] > 0


def test_the_gate_of_an_origin_asks_the_origins_that_judge_it_alone() -> None:
    actual = np.full((2, 10, 1), 10.0)
    ensemble = actual - np.array([1.0, 5.0])[:, None, None]
    sums = error_sums(ensemble, np.stack([actual - 2.0, actual - 50.0]), actual)
    assert sums.gate(np.array([True, False])).share.tolist() == [0.0]
    assert sums.gate(np.array([False, True])).share.tolist() == [1.0]


def drift(ratios: list[float], horizon: int = 14) -> list[float]:
    """Factors where every forecast was 10 and demand 10 × the origin's ratio."""
    actual = np.full((len(ratios), horizon, 3), 10.0) * np.array(ratios)[:, None, None]
    return drift_factors(np.full(actual.shape, 10.0), actual, np.arange(len(ratios)) * 14).tolist()


def test_a_panel_that_was_always_forecast_too_low_is_raised_by_as_much() -> None:
    # The first three origins have nothing, or too little, before them.
    assert drift([1.2] * 5) == pytest.approx([1, 1, 1, 1.2, 1.2, 1.2])
    assert drift([3.0] * 4)[-1] == pytest.approx(np.exp(0.3))


def test_a_miss_that_changes_its_sign_is_no_drift() -> None:
    assert drift([1.2, 0.85] * 4)[-1] == 1.0
    assert 1.1 < drift([1.1, 1.3] * 4)[-1] < 1.23


def test_drift_knows_nothing_that_came_after_the_origin() -> None:
    paths, actual = np.full((5, 28, 2), 10.0), np.full((5, 28, 2), 12.0)
    origins = np.arange(5) * 14
    early = drift_factors(paths, actual, origins)
    actual[3, :, :], actual[2, 14:, :] = 500.0, 500.0  # after origin 3 began
    late = drift_factors(paths, actual, origins)
    assert late[:4].tolist() == early[:4].tolist()
    assert late[4] != early[4]


def test_a_panel_without_demand_has_no_drift() -> None:
    assert drift([0.0] * 5) == [1.0] * 6


def test_quantiles_are_whole_for_small_counts_alone() -> None:
    values = np.array([-2.0, 2.4, 2.6, 40.4])
    assert rounded(values, np.array([True])).tolist() == pytest.approx([0, 2, 3, 40.4])
    assert rounded(values, np.array([False])).tolist() == pytest.approx([0, 2.4, 2.6, 40.4])


def test_quantiles_that_would_cross_are_raised() -> None:
    assert rising(np.array([[1.0, 0.5, 2.0, 1.0]])).tolist() == [[1, 1, 2, 2]]


def normal_spread(origins: int = 12, series: int = 300) -> tuple[Spread, np.ndarray, np.ndarray]:
    """Forecasts of 100 that erred by a normal deviation of 10, learned from."""
    random = np.random.default_rng(8)
    paths = np.full((origins, 28, series), 100.0)
    actual = paths + random.normal(0, 10, paths.shape)
    mean, dispersion = np.full(series, 100.0), np.ones(series)
    others = ~np.eye(origins, dtype=bool)
    return (
        learn_spread(paths, actual, mean, dispersion, *[np.zeros(series, dtype=bool)] * 2, others, CONFIG),
        paths,
        actual,
    )


def test_normal_errors_give_normal_quantiles_and_intervals() -> None:
    spread, paths, _ = normal_spread()
    quantiles, intervals, median = quantiles_of(spread, paths[0])
    z = np.array([-1.95996, -1.28155, -0.67449, 0, 0.67449, 1.28155, 1.95996])
    assert quantiles.mean(axis=(0, 1)) == pytest.approx(100 + 10 * z, abs=0.4)
    assert intervals.mean(axis=(0, 1)) == pytest.approx(100 + 10 * np.array([[-1.28, 1.28], [-1.96, 1.96]]), abs=0.4)
    assert median.mean() == pytest.approx(100, abs=0.4)


def excess(power: float, usual: float, *, whole: bool = True) -> float:
    """What is learned from series that sell between a half and one and a half of ``usual``, with errors like path^power."""
    random = np.random.default_rng(3)
    paths = np.full((8, 28, 50), usual) * np.linspace(0.5, 1.5, 28)[:, None]
    known, is_count = np.ones(paths.shape, dtype=bool), np.full(50, whole)
    learned = learn_rise(paths, random.normal(0, 1, paths.shape) * paths**power, known, is_count)
    assert learned.usual.tolist() == pytest.approx([usual] * 50)
    return float(learned.excess.mean())


def test_how_errors_rise_within_a_series_is_learned_and_counts_keep_the_root() -> None:
    assert excess(1.0, 50.0) == pytest.approx(0.5, abs=0.1)  # a little less: the largest errors are cut
    assert excess(0.75, 50.0) == pytest.approx(0.25, abs=0.1)
    assert excess(0.2, 50.0) == 0
    assert excess(1.0, 0.5) == 0
    assert excess(1.0, 0.5, whole=False) == excess(1.0, 50.0)


def test_a_series_that_will_sell_twice_as_much_is_as_unsure_again_where_its_errors_are_a_share() -> None:
    random = np.random.default_rng(4)
    paths = np.full((12, 28, 60), 100.0) * np.linspace(0.5, 1.5, 28)[:, None]
    actual = paths * random.normal(1, 0.1, paths.shape)
    others = ~np.eye(12, dtype=bool)
    no_counts = np.zeros(60, dtype=bool)
    spread = learn_spread(paths, actual, np.full(60, 100.0), np.ones(60), no_counts, no_counts, others, CONFIG)
    _, intervals, _ = quantiles_of(spread, np.full((28, 60), 200.0))
    assert (intervals[14, :, 1, 1] - 200).mean() == pytest.approx(1.96 * 20, rel=0.1)


def test_the_sum_of_independent_errors_grows_with_the_root_of_the_periods() -> None:
    spread, paths, actual = normal_spread()
    total = SumErrors(paths, actual, spread, (0.025, 0.5, 0.975)).demand(paths[0], np.full(300, 25))
    assert total.mean.tolist() == [2500] * 300
    assert total.quantiles.mean(axis=0) == pytest.approx([2500 - 98, 2500, 2500 + 98], abs=6)


def test_the_sum_of_errors_that_come_together_grows_with_the_periods() -> None:
    spread, paths, _ = normal_spread()
    together = np.random.default_rng(9).normal(0, 10, (paths.shape[0], 1, paths.shape[2]))
    total = SumErrors(paths, paths + together, spread, (0.975,)).demand(paths[0], np.full(300, 25))
    assert total.quantiles.mean() == pytest.approx(2500 + 1.96 * 250, rel=0.01)


def test_a_sum_longer_than_any_that_is_over_is_raised_from_the_longest() -> None:
    spread, paths, actual = normal_spread()
    short = SumErrors(paths[:, :14], actual[:, :14], spread, (0.975,))
    path = np.full((56, 300), 100.0)
    known = SumErrors(paths, actual, spread, (0.975,)).demand(path, np.full(300, 28))
    actual[:, 14:] = np.nan
    raised = SumErrors(paths, actual, spread, (0.975,)).demand(path, np.full(300, 28))
    assert known.from_backtest.all()
    assert not raised.from_backtest.any()
    assert raised.quantiles.mean() - 2800 == pytest.approx(known.quantiles.mean() - 2800, rel=0.1)
    assert short.demand(path, np.full(300, 14)).from_backtest.all()


def test_ranks_by_hand() -> None:
    assert ranks(np.array([[2.0, 1.0, np.nan, 1.0]])).tolist() == [[3, 1, 0, 2]]


def test_what_the_intervals_held_is_kept_with_the_accuracy() -> None:
    answer = forecast(counts(200, 400))
    served = answer.accuracy[-1]
    assert served.coverage_80.mean() == pytest.approx(0.8, abs=0.02)
    assert served.coverage_95.mean() == pytest.approx(0.95, abs=0.02)
    assert (served.pinball > 0).all()
    assert np.isnan(answer.accuracy[0].coverage_80).all()
