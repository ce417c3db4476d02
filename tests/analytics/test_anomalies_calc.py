"""What a day is expected to be: from the past alone, weekday by weekday, unmoved by odd days."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.calc.anomalies import WatchConfig, Watched, alerts, odd_days, odd_weeks, transform, untransform, watch

WEEK = np.array([60.0, 55, 50, 58, 80, 130, 110])
CONFIG = WatchConfig()


def shop(weeks: int = 27, *, series: int = 1, seed: int = 3, level: float = 1.0) -> np.ndarray:
    """Poisson days around a strong week."""
    rng = np.random.default_rng(seed)
    return rng.poisson(np.tile(WEEK * level, (series, weeks))).astype(float)


def judge(values: np.ndarray, **options: object) -> Watched:
    return watch(values, unit_value=np.ones(len(values)), first_weekday=0, **options)  # type: ignore[arg-type]


def test_the_worked_example() -> None:
    days = np.full((1, 100), 10.0)
    days[0, -1] = 30
    seen = judge(days)
    assert seen.deviations[0, -2] == pytest.approx(0)
    assert seen.expected[0, -1] == pytest.approx(10)
    assert seen.deviations[0, -1] == pytest.approx(4.27, abs=0.01)


def test_a_quiet_weekday_is_not_odd_and_a_saturday_as_quiet_is() -> None:
    values = shop()
    assert not odd_days(judge(values), CONFIG).any()
    values[0, -2] = 55  # a Saturday like a Tuesday
    seen = judge(values)
    assert odd_days(seen, CONFIG)[0].nonzero()[0].tolist() == [values.shape[1] - 2]
    assert seen.expected[0, -2] == pytest.approx(130, rel=0.1)
    assert seen.lower[0, -2] > 55


def test_the_future_changes_no_verdict_of_the_past() -> None:
    values = shop(series=6)
    changed = values.copy()
    changed[:, 150:] = 999
    groups = np.zeros(6, dtype=np.int64)
    for name in ("expected", "lower", "upper", "deviations", "week_expected", "week_deviations"):
        before, after = (getattr(judge(days, groups=groups), name)[:, :150] for days in (values, changed))
        np.testing.assert_array_equal(before, after)


def test_an_odd_day_moves_what_is_expected_only_a_little() -> None:
    values = shop()
    spiked = values.copy()
    spiked[0, 150] *= 10
    assert judge(spiked).expected[0, 157] == pytest.approx(judge(values).expected[0, 157], rel=0.1)


def test_a_new_level_becomes_the_usual_one() -> None:
    values = shop()
    values[0, 130:] *= 2
    found = odd_days(judge(values), CONFIG)[0].nonzero()[0]
    assert {131, 132} <= set(found.tolist())
    assert found.max() < 144
    assert judge(values).expected[0, -1] == pytest.approx(220, rel=0.15)


def test_a_drop_by_a_fifth_is_found_as_a_week_where_each_day_alone_is_not() -> None:
    values = shop(series=8, level=3)
    values[0, -7:] *= 0.78
    seen = judge(values, groups=np.zeros(8, dtype=np.int64))
    assert not odd_days(seen, CONFIG)[0, -7:].all()
    assert odd_weeks(seen, CONFIG)[0, -7:].sum() == 1  # told once
    assert not odd_weeks(seen, CONFIG)[1:].any()


def test_a_season_that_all_peers_share_is_no_odd_week() -> None:
    values = shop(series=8, level=3) * np.linspace(1, 1, 189)
    values[:, -14:] *= 0.75
    alone = judge(values)
    together = judge(values, groups=np.zeros(8, dtype=np.int64))
    assert odd_weeks(alone, CONFIG)[:, -14:].any(axis=1).all()
    assert not odd_weeks(together, CONFIG).any()


def test_days_not_to_be_judged_are_neither_judged_nor_learned_from() -> None:
    values = shop()
    values[0, 160] = np.nan
    seen = judge(values)
    assert np.isnan(seen.deviations[0, 160])
    closed = values.copy()
    closed[0, 160] = 0
    assert judge(closed).expected[0, 161] < seen.expected[0, 161]


@pytest.mark.parametrize(
    "values",
    [
        np.zeros((1, 120)),
        np.full((1, 120), np.nan),
        np.full((1, 120), -4.0),
        shop(7),
        np.ones((1, 120)),
        np.zeros((0, 90)),
    ],
)
def test_too_little_to_go_by_has_no_verdict(values: np.ndarray) -> None:
    assert not alerts(judge(values)).any()
    assert np.isnan(judge(values).expected).all()


def test_money_is_judged_as_the_units_behind_it() -> None:
    units = shop()
    money = watch(units * 12.5, unit_value=np.array([12.5]), first_weekday=0)
    np.testing.assert_allclose(money.deviations, judge(units).deviations, atol=1e-9)
    np.testing.assert_allclose(money.expected, judge(units).expected * 12.5)


@pytest.mark.parametrize("unit_value", [np.array([0.0]), np.array([-1.0]), np.array([np.nan]), np.ones(2)])
def test_a_unit_must_be_worth_something(unit_value: np.ndarray) -> None:
    with pytest.raises(ValueError, match="unit_value"):
        watch(shop(), unit_value=unit_value, first_weekday=0)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=8), st.sampled_from([0.001, 0.02, 0.5]))
def test_the_transform_goes_back(units: list[float], dispersion: float) -> None:
    values = np.array(units)
    np.testing.assert_allclose(untransform(transform(values, dispersion), dispersion), values, rtol=1e-6, atol=1e-9)


def test_series_do_not_influence_each_other_without_groups() -> None:
    values = shop(series=3)
    np.testing.assert_allclose(judge(values).deviations[1:2], judge(values[1:2]).deviations)


def test_steady_shops_are_judged_by_at_least_five_per_cent() -> None:
    values = np.tile(WEEK * 1000, (1, 27))
    values[0, -3] *= 0.85
    values[0, -1] *= 0.7
    found = odd_days(judge(values), CONFIG)[0, -3:]
    assert found.tolist() == [False, False, True]
