from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from insights.calc.replenishment.demand import DemandSums, cumulative_demand, path_points, variation
from tests.insights.replenishment.makers import LEVELS, poisson_sums, sums_of


def paths(sums: DemandSums, times: list[float], count: int = 512, main: int = -1) -> np.ndarray:
    shaped = np.array(times, dtype=float).reshape(1, -1, 1).repeat(len(sums.mean), axis=0)
    return cumulative_demand(sums, shaped, path_points(count, len(times)), main=main)


def test_the_last_sum_has_exactly_the_forecasts_quantiles() -> None:
    sums = poisson_sums([4.0])
    last = np.sort(paths(sums, [7, 14], 256)[0, -1])
    assert last.tolist() == stats.poisson(56).ppf(LEVELS).tolist()


def test_the_chosen_sum_has_exactly_the_forecasts_quantiles() -> None:
    middle = np.sort(paths(poisson_sums([4.0], 7, 7), [7, 14, 21], 256, main=1)[0, 1])
    assert middle.tolist() == stats.poisson(56).ppf(LEVELS).tolist()


def test_each_earlier_sum_keeps_its_own_mean_and_variance() -> None:
    first = paths(poisson_sums([4.0]), [7, 14], 2048)[0, 0]
    assert first.mean() == pytest.approx(28, abs=0.15)
    assert first.var() == pytest.approx(28, rel=0.06)


def test_independent_periods_stay_independent_and_common_errors_stay_common() -> None:
    independent = sums_of([[stats.norm(100, 10), stats.norm(200, np.sqrt(200))]], [[1, 2]], whole=False)
    first, both = paths(independent, [1, 2], 4096)[0]
    assert np.corrcoef(first, both - first)[0, 1] == pytest.approx(0, abs=0.05)
    common = sums_of([[stats.norm(100, 10), stats.norm(200, 20)]], [[1, 2]], whole=False)
    first, both = paths(common, [1, 2], 4096)[0]
    assert np.corrcoef(first, both - first)[0, 1] > 0.95


def test_how_much_periods_go_wrong_together_is_read_from_the_sums() -> None:
    """Worked: variance 4 over 1 period and 24 over 3: 2 n + 2 n²."""
    sums = sums_of([[stats.norm(50, 2), stats.norm(150, np.sqrt(24))]], [[1, 3]], whole=False)
    found = variation(sums)
    assert (found.own[0], found.common[0]) == (pytest.approx(2, rel=0.03), pytest.approx(2, rel=0.03))


def test_sums_between_and_beyond_the_known_lengths() -> None:
    sums = sums_of([[stats.norm(100, 10), stats.norm(400, 20)]], [[1, 4]], whole=False)
    for length, mean in ((2, 200.0), (6, 600.0)):
        units = paths(sums, [length], 1024)[0, 0]
        assert units.mean() == pytest.approx(mean, rel=0.01)
        assert units.std() == pytest.approx(10 * np.sqrt(length), rel=0.05)
    assert (paths(sums, [0.0, 1.0])[0, 0] == 0).all()


def test_the_tail_goes_on_beyond_the_highest_level() -> None:
    levels = np.array([0.1, 0.5, 0.9, 0.95])
    demand = stats.expon(scale=10)
    sums = DemandSums(np.array([[1.0]]), levels, demand.ppf(levels)[None, None], np.array([[10.0]]), np.array([False]))
    top = np.sort(paths(sums, [1.0], 1024)[0, 0])[-5:]
    assert top == pytest.approx(demand.ppf((np.arange(1019, 1024) + 0.5) / 1024), rel=1e-3)


def test_no_path_falls_and_none_is_negative() -> None:
    sums = sums_of(
        [[stats.nbinom(0.5, 0.2), stats.nbinom(1.0, 0.2)], [stats.norm(1, 5), stats.norm(2, 9)]], [[3, 6]] * 2
    )
    found = paths(sums, [1, 2, 3, 5, 6, 9])
    assert (np.diff(found, axis=1) >= 0).all()
    assert found.min() == 0
    assert (found == np.rint(found)).all()


def test_a_rows_paths_do_not_depend_on_the_rows_beside_it() -> None:
    together = paths(poisson_sums([4.0, 0.3, 90.0]), [7, 14])
    assert (together[1] == paths(poisson_sums([0.3]), [7, 14])[0]).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"mean": np.zeros((1, 1))}, "quantiles must be rows × lengths × levels, and the mean rows × lengths"),
        ({"levels": np.array([0.9, 0.1])}, "at least two levels, rising, between 0 and 1"),
        ({"periods": np.array([[2.0, 2.0]])}, "lengths must be above 0 and rise"),
    ],
)
def test_sums_that_make_no_sense_are_refused(changes: dict[str, np.ndarray], message: str) -> None:
    good = {
        "periods": np.array([[1.0, 2.0]]),
        "levels": np.array([0.1, 0.9]),
        "quantiles": np.ones((1, 2, 2)),
        "mean": np.ones((1, 2)),
        "whole": np.array([True]),
    }
    with pytest.raises(ValueError) as refusal:
        DemandSums(**{**good, **changes})
    assert str(refusal.value) == message
