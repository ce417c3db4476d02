"""Sums that forget: what exponential smoothing remembers at some origins, without a loop over time.

Simple smoothing with gain α started at the first value is, for long histories, Σ λ^age y / Σ λ^age with λ = 1 - α: two
discounted sums. In this form unknown periods, uneven exposure (weekday, season of the year, promotion) and the start
need no special case, and all gains, origins and series are one matrix product.
"""

from __future__ import annotations

import numpy as np

from forecasting.calc.arrays import Floats, Ints

TINY = np.float32(1e-12)


def kernel(periods: int, origins: Ints, decays: Floats) -> Floats:
    """λ^(o - 1 - t) for t < o, else 0: origins × decays × periods, float32."""
    age = origins[:, None] - 1 - np.arange(periods)
    weight = np.asarray(decays, dtype=np.float64)[None, :, None] ** np.maximum(age, 0)[:, None, :]
    return np.where(age[:, None, :] >= 0, weight, 0.0).astype(np.float32)


def discounted_sums(values: Floats, weights: Floats, season: int) -> Floats:
    """Σ over the periods of each weekday of weight × value: origins × decays × season × S.

    ``values`` is T × S and ``weights`` (of ``kernel``) origins × decays × T. Weekday d is the periods t with
    t mod season = d; origins are multiples of the season, so that d is also the distance from the origin.

    Worked: values 4, 8, season 1, λ = 0.5, origin 2: 0.5 × 4 + 8 = 10.
    """
    origins, decays, periods = weights.shape
    by_season = values.reshape(periods // season, season, -1)
    flat = weights.reshape(origins * decays, periods // season, season)
    sums = np.empty((origins * decays, season, values.shape[1]), np.float32)
    for day in range(season):
        sums[:, day] = np.ascontiguousarray(flat[:, :, day]) @ by_season[:, day]
    return sums.reshape(origins, decays, season, -1)


def levels(units: Floats, exposure: Floats) -> Floats:
    """units / exposure along the first axis (decays, slowest first); a faster one that has forgotten all is the slower.

    0 where nothing was ever known.
    """
    level = np.zeros_like(units)
    slower = np.zeros_like(units[0])
    for position in range(len(units)):
        enough = exposure[position] > 1e-6
        slower = np.where(enough, units[position] / np.maximum(exposure[position], TINY), slower)
        level[position] = slower
    return level
