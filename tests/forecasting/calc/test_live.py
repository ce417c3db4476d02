from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from forecasting.calc.config import STORED_MODELS
from forecasting.calc.error_sums import SUM_NAMES
from forecasting.calc.live import Vintages, measure

MONDAY = date(2026, 3, 2).toordinal()
LEVELS = (0.1, 0.5, 0.9)
NAN = np.nan


def vintages(first_days: list[int], mean: object, *, series: list[int] | None = None, **changes: object) -> Vintages:
    path = np.atleast_2d(np.array(mean, dtype=float))
    count, horizon = path.shape
    shape = (count, horizon, 2, 2)
    own = {
        "series": np.array(series or [0] * count),
        "first_day": np.array(first_days),
        "mean": path,
        "naive": np.full(path.shape, NAN),
        "baseline": np.full(path.shape, NAN),
        "levels": LEVELS,
        "quantiles": np.stack([path - 2, path, path + 2], axis=-1),
        "intervals": np.broadcast_to(np.array([[-2.0, 2.0], [-3.0, 3.0]]), shape) + path[..., None, None],
        "scales": np.full((count, 2), NAN),
        "models": np.full((count, len(STORED_MODELS), horizon), NAN),
    }
    return Vintages(**(own | changes))  # type: ignore[arg-type]


def test_a_days_error_is_what_was_wanted_less_what_was_forecast() -> None:
    made = vintages([MONDAY], [3.0] * 7, naive=np.full((1, 7), 1.0), scales=np.array([[4.0, 16.0]]))
    actual = np.array([[5.0] + [NAN] * 6])

    found = measure(made, actual, MONDAY)

    assert (found.series.tolist(), found.week.tolist(), found.weeks_ahead.tolist()) == ([0], [MONDAY], [1])
    assert found.censored.tolist() == [6]
    sums = {name: found.sums[name][0] for name in SUM_NAMES}
    # Quantiles 1, 3, 5 at 0.1, 0.5, 0.9 with 5 wanted: 0.1 × 4, 0.5 × 2 and 0.
    assert sums == {
        "points": 1,
        "actual_units": 5,
        "absolute_error": 2,
        "signed_error": 2,
        "squared_error": 4,
        "scaled_points": 1,
        "scaled_absolute_error": 0.5,
        "scaled_squared_error": 0.25,
        "band_points": 1,
        "pinball_loss": pytest.approx(1.4 / 3),
        "inside_80": 1,
        "inside_95": 1,
        "naive_points": 1,
        "beside_naive_actual_units": 5,
        "naive_absolute_error": 4,
        "beside_naive_absolute_error": 2,
        "overridden_points": 0,
        "overridden_absolute_error": 0,
        "overridden_signed_error": 0,
        "baseline_absolute_error": 0,
    }


def test_the_bounds_themselves_are_inside() -> None:
    made = vintages([MONDAY], [10.0] * 5)
    found = measure(made, np.array([[8.0, 12.0, 7.0, 13.5, 12.5]]), MONDAY)
    assert (found.sums["inside_80"][0], found.sums["inside_95"][0]) == (2, 4)


def test_each_week_is_a_week_further_ahead() -> None:
    made = vintages([MONDAY], np.arange(28.0))
    found = measure(made, np.zeros((1, 28)), MONDAY)
    assert found.week.tolist() == [MONDAY, MONDAY + 7, MONDAY + 14, MONDAY + 21]
    assert found.weeks_ahead.tolist() == [1, 2, 3, 4]
    assert found.sums["absolute_error"].tolist() == [sum(range(k, k + 7)) for k in (0, 7, 14, 21)]


def test_a_forecast_of_a_wednesday_counts_its_own_weeks_in_calendar_weeks() -> None:
    made = vintages([MONDAY + 2], np.ones(9))
    found = measure(made, np.zeros((1, 14)), MONDAY)
    rows = list(zip(found.week.tolist(), found.weeks_ahead.tolist(), found.sums["points"].tolist(), strict=True))
    assert sorted(rows) == [(MONDAY, 1, 5), (MONDAY + 7, 1, 2), (MONDAY + 7, 2, 2)]


def test_days_before_and_after_what_is_known_are_not_looked_at() -> None:
    made = vintages([MONDAY - 3, MONDAY + 5], np.ones((2, 4)), series=[0, 1])
    found = measure(made, np.zeros((2, 7)), MONDAY)
    rows = zip(found.series.tolist(), found.week.tolist(), found.sums["points"].tolist(), strict=True)
    assert sorted(rows) == [(0, MONDAY, 1), (1, MONDAY, 2)]


def test_an_override_counts_on_the_days_that_it_changed_alone() -> None:
    baseline = np.array([[4.0, 4.0, 4.0]])
    made = vintages([MONDAY], [4.0, 9.0, 1.0], baseline=baseline)
    found = measure(made, np.array([[5.0, 8.0, 4.0]]), MONDAY)
    names = ("overridden_points", "overridden_absolute_error", "overridden_signed_error", "baseline_absolute_error")
    assert [found.sums[name][0] for name in names] == [2, 1 + 3, -1 + 3, 4 + 0]


def test_what_was_never_stored_is_no_point_of_it() -> None:
    made = vintages([MONDAY], [4.0], quantiles=np.full((1, 1, 3), NAN))
    found = measure(made, np.array([[5.0]]), MONDAY)
    counts = [found.sums[name][0] for name in ("points", "band_points", "naive_points", "scaled_points")]
    assert counts == [1, 0, 0, 0]


def test_nothing_to_measure_gives_no_rows() -> None:
    found = measure(vintages([MONDAY + 30], [4.0]), np.zeros((1, 7)), MONDAY)
    assert (found.series.size, found.sums) == (0, {})


def test_the_newest_of_two_forecasts_names_the_week() -> None:
    made = vintages([MONDAY + 1, MONDAY - 5], np.ones((2, 7)))
    found = measure(made, np.zeros((1, 7)), MONDAY)
    assert (found.weeks_ahead.tolist(), found.newest.tolist()) == ([1], [0])


def slowly(made: Vintages, actual: np.ndarray, first: int) -> dict[tuple[int, int, int], list[float]]:
    """The readable twin: day by day."""
    rows: dict[tuple[int, int, int], list[float]] = {}
    for place, series in enumerate(made.series.tolist()):
        for ahead, mean in enumerate(made.mean[place].tolist()):
            day = int(made.first_day[place]) + ahead
            if not 0 <= day - first < actual.shape[1]:
                continue
            monday = day - date.fromordinal(day).weekday()
            row = rows.setdefault((series, monday, ahead // 7 + 1), [0.0, 0.0, 0.0, 0.0])
            wanted = actual[series, day - first]
            if np.isnan(wanted):
                row[3] += 1
                continue
            row[0] += 1
            row[1] += abs(wanted - mean)
            for column, level in enumerate(made.levels):
                miss = wanted - made.quantiles[place, ahead, column]
                row[2] += max(level * miss, (level - 1) * miss) / len(made.levels)
    return rows


def test_it_does_what_the_slow_twin_does() -> None:
    generator = np.random.default_rng(5)
    first_days = (MONDAY + generator.integers(-20, 20, 40)).tolist()
    made = vintages(first_days, generator.poisson(4, (40, 28)), series=generator.integers(0, 9, 40).tolist())
    actual = generator.poisson(4, (9, 21)).astype(float)
    actual[generator.random(actual.shape) < 0.2] = NAN

    found = measure(made, actual, MONDAY)

    keys = zip(found.series.tolist(), found.week.tolist(), found.weeks_ahead.tolist(), strict=True)
    names = ("points", "absolute_error", "pinball_loss")
    values = np.stack([*(found.sums[name] for name in names), found.censored], axis=1)
    expected = slowly(made, actual, MONDAY)
    mine = dict(zip(keys, values.tolist(), strict=True))
    assert mine.keys() == expected.keys()
    for key, row in expected.items():
        assert mine[key] == pytest.approx(row)
