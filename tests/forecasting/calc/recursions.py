"""The vectorised sums and models once more, one series at a time: slow, plain, and written from their definitions."""

from __future__ import annotations

import math
from collections.abc import Sequence


def discounted_level(past: Sequence[float], decay: float, exposure: Sequence[float] | None = None) -> float:
    """Simple exponential smoothing of demand over exposure, as a recursion; unknown periods only forget."""
    units = shown = 0.0
    for period, demand in enumerate(past):
        units, shown = units * decay, shown * decay
        if not math.isnan(demand):
            units += demand
            shown += 1.0 if exposure is None else exposure[period]
    return units / shown if shown > 0 else 0.0


def seasonal_naive(past: Sequence[float], horizon: int, season: int) -> list[float]:
    """The last known value of each weekday; every history here has one."""
    path = []
    for ahead in range(horizon):
        place = len(past) - season + ahead % season
        while math.isnan(past[place]):
            place -= season
        path.append(past[place])
    return path


def weekday_mean(past: Sequence[float], horizon: int, season: int, seasons: int) -> list[float]:
    path = []
    for ahead in range(horizon):
        places = [len(past) - season * back + ahead % season for back in range(1, seasons + 1)]
        known = [past[place] for place in places if place >= 0 and not math.isnan(past[place])]
        path.append(sum(known) / len(known))
    return path


def croston_and_tsb(past: Sequence[float], gain: float) -> tuple[float, float]:
    """Rates of demand by Syntetos and Boylan's Croston, and by Teunter, Syntetos and Babai's method."""
    size = interval = chance = 0.0
    gap = seen = 0
    for demand in past:
        if math.isnan(demand):
            continue
        gap, seen = gap + 1, seen + 1
        chance += max(gain, 1 / seen) * ((demand > 0) - chance)
        if demand > 0:
            first = size == 0
            size = demand if first else size + gain * (demand - size)
            interval = gap if first else interval + gain * (gap - interval)
            gap = 0
    return (1 - gain / 2) * size / max(interval, 1), chance * size


def slope_by_least_squares(past: Sequence[float], decay: float) -> float:
    """Slope per period of the line with the least Σ λ^age (y - a - b t)²."""
    weights = [decay ** (len(past) - 1 - place) for place in range(len(past))]
    total = sum(weights)
    middle = sum(w * place for place, w in enumerate(weights)) / total
    mean = sum(w * y for y, w in zip(past, weights, strict=True)) / total
    above = sum(w * (place - middle) * (y - mean) for place, (y, w) in enumerate(zip(past, weights, strict=True)))
    return above / sum(w * (place - middle) ** 2 for place, w in enumerate(weights))
