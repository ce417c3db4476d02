from __future__ import annotations

import numpy as np
import pytest

from forecasting.calc.error_bytes import BacktestErrors, pack_errors, unpack_errors
from forecasting.calc.totals import PLACES, GroupSums, SeriesBatch, learn_level, total_up

HORIZON = 28
ORIGINS = 13


def errors(series: int, *, together: float, seed: int = 1, sd: float = 5.0) -> np.ndarray:
    """Normal errors (n × O × H) of which the share ``together`` of the variance is common to all series."""
    random = np.random.default_rng(seed)
    common = random.normal(0, 1, (1, ORIGINS, HORIZON))
    own = random.normal(0, 1, (series, ORIGINS, HORIZON))
    made: np.ndarray = sd * (np.sqrt(together) * common + np.sqrt(1 - together) * own)
    return made


def batch(made: np.ndarray, *, mean: float = 25.0) -> SeriesBatch:
    before = np.arange(ORIGINS, 0, -1) * 14
    packed = [unpack_errors(pack_errors(own, before)) for own in made]
    return SeriesBatch.of([[mean] * HORIZON] * len(made), packed)


def totals_of(made: np.ndarray, groups: np.ndarray, **options: float):  # noqa: ANN201
    sums = GroupSums(HORIZON)
    sums.add(batch(made, **options), groups)
    level = learn_level(sums)
    return level, total_up(sums, level)


def test_errors_survive_their_packing_to_three_digits() -> None:
    made = errors(1, together=0.0, sd=1e6)[0]
    made[3, 4] = np.nan
    again = unpack_errors(pack_errors(made, np.arange(ORIGINS, 0, -1) * 14))
    assert again.errors == pytest.approx(made, abs=1e3, nan_ok=True)
    assert again.before.tolist() == (np.arange(ORIGINS, 0, -1) * 14).tolist()
    assert len(pack_errors(made, again.before)) < 800


@pytest.mark.parametrize("made", [np.full((2, 3), np.nan), np.zeros((2, 3)), np.zeros((0, 3))])
def test_no_errors_and_unknown_ones_are_packed_too(made: np.ndarray) -> None:
    again = unpack_errors(pack_errors(made, np.arange(len(made))))
    assert again.errors == pytest.approx(made, nan_ok=True)


def test_bytes_that_are_no_errors_are_refused() -> None:
    with pytest.raises(ValueError, match="too few bytes"):
        unpack_errors(b"no")
    with pytest.raises(ValueError, match="the length does not fit"):
        unpack_errors(pack_errors(np.zeros((2, 3)), np.arange(2))[:-1])


@pytest.mark.parametrize("together", [0.0, 0.1, 0.5])
def test_how_much_series_err_together_is_seen_in_the_backtest(together: float) -> None:
    level, _ = totals_of(errors(200, together=together), np.arange(200) % 4)
    assert level.correlation == pytest.approx(together, rel=0.15, abs=0.02)


@pytest.mark.parametrize("together", [0.0, 0.3])
def test_a_totals_interval_holds_what_it_promises(together: float) -> None:
    series, groups = 400, np.arange(400) % 20
    random = np.random.default_rng(7)
    _, totals = totals_of(errors(series, together=together), groups)
    actual = np.zeros((20, HORIZON))
    common = random.normal(0, 1, (1, HORIZON))
    own = random.normal(0, 1, (series, HORIZON))
    np.add.at(actual, groups, 25 + 5 * (np.sqrt(together) * common + np.sqrt(1 - together) * own))
    held = [
        ((actual >= totals.intervals[..., place, 0]) & (actual <= totals.intervals[..., place, 1])).mean()
        for place in (0, 1)
    ]
    assert held == pytest.approx([0.8, 0.95], abs=0.05 if together == 0 else 0.12)


def test_independent_errors_add_up_as_roots_and_not_as_they_are() -> None:
    _, totals = totals_of(errors(100, together=0.0), np.zeros(100, int))
    width = totals.intervals[0, :, 0, 1] - totals.intervals[0, :, 0, 0]
    assert width.mean() == pytest.approx(2 * 1.2816 * 5 * np.sqrt(100), rel=0.15)


def test_the_sum_over_the_horizon_has_its_own_interval() -> None:
    _, totals = totals_of(errors(100, together=0.0), np.arange(100) % 10)
    width = totals.sum_intervals[:, 0, 1] - totals.sum_intervals[:, 0, 0]
    assert width.mean() == pytest.approx(2 * 1.2816 * 5 * np.sqrt(10 * HORIZON), rel=0.25)
    assert totals.sums.tolist() == [10 * HORIZON * 25] * 10


def test_groups_added_in_batches_are_the_groups_added_at_once() -> None:
    made, groups = errors(60, together=0.2), np.arange(60) % 7
    at_once, in_batches = GroupSums(HORIZON), GroupSums(HORIZON)
    at_once.add(batch(made), groups)
    for start in range(0, 60, 13):
        in_batches.add(batch(made[start : start + 13]), groups[start : start + 13])
    for name in ("series", "mean", "errors", "seen", "roots", "squares"):
        assert getattr(in_batches, name) == pytest.approx(getattr(at_once, name), rel=1e-4, abs=1e-3)


def test_a_sum_is_what_a_plain_loop_says() -> None:
    made, groups = errors(30, together=0.2), np.arange(30) % 4
    sums = GroupSums(HORIZON)
    sums.add(batch(made), groups)
    for group in range(4):
        own = [place for place in range(30) if groups[place] == group]
        assert sums.series[group] == len(own)
        for origin in range(ORIGINS):
            place = (ORIGINS - origin) * 2 - 1
            assert sums.errors[group, place] == pytest.approx(sum(made[one, origin] for one in own), abs=0.05)


def test_series_without_a_backtest_vary_as_counts_do() -> None:
    sums = GroupSums(HORIZON)
    sums.add(SeriesBatch.of([[4.0] * HORIZON] * 9, [None] * 9), np.zeros(9, int))
    totals = total_up(sums, learn_level(sums))
    assert totals.mean[0, 0] == 36
    assert totals.intervals[0, 0, 0].tolist() == pytest.approx([36 - 1.2816 * 6, 36 + 1.2816 * 6], rel=0.01)


def test_errors_of_other_horizons_and_odd_origins_are_left_out() -> None:
    other = BacktestErrors(np.ones((1, 7), np.float32), np.array([14]))
    odd = BacktestErrors(np.ones((2, HORIZON), np.float32), np.array([3, 7 * (PLACES + 1)]))
    assert np.isnan(SeriesBatch.of([[1.0] * HORIZON] * 2, [other, odd]).errors).all()


def test_nothing_expected_is_nothing_at_all() -> None:
    sums = GroupSums(HORIZON)
    sums.add(SeriesBatch.of([[0.0] * HORIZON], [None]), np.zeros(1, int))
    totals = total_up(sums, learn_level(sums))
    assert not totals.mean.any()
    assert np.isfinite(totals.intervals).all()
    assert totals.intervals.max() < 1e-3
