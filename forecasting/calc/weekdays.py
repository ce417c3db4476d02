"""The pattern within the season (of the week), per series, drawn towards the panel's."""

from __future__ import annotations

import numpy as np

from forecasting.calc.arrays import Floats

LEAST_FACTOR = 0.02
LEAST_VARIANCE = 1e-4
WEIGHTY = 0.9


def weekday_factors(units: Floats, exposure: Floats, dispersion: Floats) -> Floats:
    """Factor of each weekday, season × S, with mean near 1: (units + c g) / (expected units + c).

    g is the panel's own factor, and c the units that the panel's pattern is worth: dispersion / τ², with τ² the
    variance of the series' true factors, by the method of moments from how much they differ beyond what chance
    (dispersion × g / expected units) explains. ``units`` and ``exposure`` are season × S, ``dispersion`` (variance
    over mean) S. Nothing sold: the panel's factors; nothing known anywhere: 1.
    """
    season = len(units)
    if season == 1:
        return np.ones_like(units)
    level = units.sum(axis=0) / np.maximum(exposure.sum(axis=0), 1e-6)
    expected = level * exposure
    voice = _voices(units, exposure)
    total = (expected * voice).sum(axis=1, keepdims=True)
    common = np.where(total > 0, (units * voice).sum(axis=1, keepdims=True) / np.maximum(total, 1e-6), 1.0)
    common = common / max(float(common.mean()), 1e-6)
    prior = dispersion / _variance_of_factors(units, expected, common, dispersion)
    factors = (units + prior * common) / (expected + prior)
    clipped: Floats = np.maximum(factors, LEAST_FACTOR).astype(np.float32)
    return clipped


def _voices(units: Floats, exposure: Floats) -> Floats:
    """What a series' units count for in the panel's factors (S): in full up to the panel's ninth decile, and as many beyond.

    One wrong number, or one giant, is not the panel; and who does not know a whole week yet says nothing of it, where others
    do. Worked: 9 series of 10 units and one of 1,000: 1, …, 0.01.
    """
    total = units.sum(axis=0)
    speaks = (total > 0) & (exposure > 0).all(axis=0)
    if not speaks.any():
        return np.ones_like(total)
    most = np.quantile(total[speaks], WEIGHTY, method="lower")
    voices: Floats = np.where(speaks, np.minimum(1.0, most / np.where(speaks, total, most)), 0.0).astype(np.float32)
    return voices


def _variance_of_factors(units: Floats, expected: Floats, common: Floats, dispersion: Floats) -> float:
    """τ², weighted by the expected units, of which no series counts for more than the panel's ninth decile."""
    some = expected > 0
    if not some.any():
        return 1.0
    weight = np.where(some, np.minimum(expected, np.quantile(expected[some], WEIGHTY)), 0.0)
    safe = np.where(some, expected, 1.0)
    beyond = np.where(some, (units / safe - common) ** 2 - dispersion * common / safe, 0.0) * weight
    return max(float(beyond.sum() / weight.sum()), LEAST_VARIANCE)
