"""Demand that comes now and then: Croston with Syntetos and Boylan's correction, and TSB, chosen by class."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from forecasting.calc.arrays import Bools, Floats, Ints
from forecasting.calc.history import History
from forecasting.calc.view import View

GAIN = 0.1
INTERVAL_BORDER = 1.32
VARIATION_BORDER = 0.49


@dataclass(frozen=True)
class Occurrences:
    """Rates of demand per period at each origin by both methods, and whether demand is lumpy: origins × S each.

    Not intermittent (``is_intermittent`` False): neither is meant to be used.
    """

    origins: Ints
    sba: Floats
    tsb: Floats
    is_intermittent: Bools
    is_lumpy: Bools


def intermittent_rate(view: View, occurrences: Occurrences) -> Floats:
    """SBA for intermittent, TSB for lumpy demand; a plain level for smooth and erratic demand, which comes always."""
    at = int(np.searchsorted(occurrences.origins, view.origin))
    rate = np.where(occurrences.is_lumpy[at], occurrences.tsb[at], occurrences.sba[at])
    chosen: Floats = np.where(occurrences.is_intermittent[at], rate, view.bases[0].level[-2])
    return chosen


def follow_occurrences(history: History, origins: Ints) -> Occurrences:
    """Run both recursions once over the series that are intermittent at any origin, and keep what they knew at each.

    Size z and interval q change when demand comes, z ← z + α (y - z), q ← q + α (gap - q), both from the first
    demand's (the first gap counts from the first known period); TSB's probability p changes every known period,
    p ← p + α ([y > 0] - p). SBA: (1 - α / 2) z / q. TSB: p z. Teunter, Syntetos & Babai 2011; Syntetos & Boylan 2005.
    """
    is_intermittent, is_lumpy = classify(history, origins)
    sba, tsb = np.zeros(is_lumpy.shape, np.float32), np.zeros(is_lumpy.shape, np.float32)
    rows = np.flatnonzero(is_intermittent.any(axis=0))
    if rows.size:
        sba[:, rows], tsb[:, rows] = _recursions(history.demand[:, rows], history.known[:, rows], origins)
    return Occurrences(origins, sba, tsb, is_intermittent, is_lumpy)


def classify(history: History, origins: Ints) -> tuple[Bools, Bools]:
    """Whether the mean interval between demands is over 1.32 periods, and whether their squared variation is over 0.49."""
    parts = np.concatenate([[0], origins])
    sums = np.zeros((4, history.series))
    intermittent, lumpy = [], []
    for start, end in pairwise(parts):
        units = history.demand[start:end].astype(np.float64)
        sums += [
            history.known[start:end].sum(axis=0),
            (units > 0).sum(axis=0),
            units.sum(axis=0),
            (units**2).sum(axis=0),
        ]
        known, times, total, squares = sums
        sold = np.maximum(times, 1)
        intermittent.append(known > INTERVAL_BORDER * times)
        variation = squares / sold - (total / sold) ** 2
        lumpy.append(variation > VARIATION_BORDER * (total / sold) ** 2)
    return np.array(intermittent), np.array(lumpy)


def _recursions(demand: Floats, known: Floats, origins: Ints) -> tuple[Floats, Floats]:
    series = demand.shape[1]
    size, interval, chance, gap = (np.zeros(series, np.float32) for _ in range(4))
    seen = np.zeros(series, np.float32)
    sba, tsb = np.zeros((len(origins), series), np.float32), np.zeros((len(origins), series), np.float32)
    comes = (demand > 0).astype(np.float32)
    start = 0
    gain = np.float32(GAIN)
    for position, origin in enumerate(origins.tolist()):
        for period in range(start, origin):
            now, is_known = comes[period], known[period]
            gap += is_known
            first = (size == 0) * now
            step = np.maximum(gain * now, first)
            size += step * (demand[period] - size)
            interval += step * (gap - interval)
            gap *= 1 - now
            seen += is_known
            chance += np.maximum(gain, 1 / np.maximum(seen, 1)) * is_known * (now - chance)
        start = origin
        sba[position] = (1 - GAIN / 2) * size / np.maximum(interval, 1)
        tsb[position] = chance * size
    return sba, tsb
