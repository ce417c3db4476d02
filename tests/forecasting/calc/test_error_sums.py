from __future__ import annotations

import pytest

from forecasting.calc.error_sums import ErrorSums, measures_of


def test_ratios_come_from_sums() -> None:
    sums = ErrorSums(
        points=4,
        actual_units=20,
        absolute_error=8,
        signed_error=-2,
        scaled_points=2,
        scaled_absolute_error=3,
        scaled_squared_error=8,
        band_points=4,
        pinball_loss=6,
        inside_80=3,
        inside_95=4,
        naive_points=3,
        beside_naive_actual_units=16,
        naive_absolute_error=12,
        beside_naive_absolute_error=6,
        overridden_points=2,
        overridden_absolute_error=5,
        baseline_absolute_error=4,
    )
    found = measures_of(sums)
    assert (found.points, found.wape, found.bias, found.mase, found.rmsse) == (4, 0.4, -0.1, 1.5, 2.0)
    assert (found.pinball, found.coverage_80, found.coverage_95) == (1.5, 0.75, 1.0)
    assert (found.naive_wape, found.value_added) == (0.75, 0.5)
    assert (found.overridden_points, found.override_value_added) == (2, -0.25)


def test_nothing_measured_is_no_number() -> None:
    found = measures_of(ErrorSums())
    values = [
        getattr(found, name) for name in ("wape", "bias", "mase", "rmsse", "pinball", "coverage_80", "value_added")
    ]
    assert values == [None] * 7


def test_errors_without_demand_have_no_wape_but_a_mase() -> None:
    found = measures_of(ErrorSums(points=2, absolute_error=3, scaled_points=2, scaled_absolute_error=1))
    assert (found.wape, found.mase) == (None, 0.5)


def test_groups_add_up() -> None:
    first, second = ErrorSums(points=1, absolute_error=2.5), ErrorSums(points=3, absolute_error=0.5, inside_80=2)
    assert first + second == ErrorSums(points=4, absolute_error=3.0, inside_80=2)
    assert measures_of(first + ErrorSums(actual_units=5)).wape == pytest.approx(0.5)
