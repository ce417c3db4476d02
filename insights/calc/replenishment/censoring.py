"""What was wanted in periods that ran out of stock: at least what was sold, and on average more."""

from __future__ import annotations

import numpy as np
from scipy import special

from insights.calc.replenishment.arrays import Bools, Floats

AROUND = 13
ROUNDS = 4
HALF = 0.5
LEAST_DISPERSION = 1.0


def uncensored_demand(demand: Floats, in_stock: Floats, *, around: int = AROUND) -> tuple[Floats, Floats]:
    """``demand`` and ``in_stock`` (S × T; share of the period in stock) with the periods that ran out made useful.

    A period in stock for less than half of its time whose sales are above 0 becomes E[D | D ≥ sold] of a gamma distribution with
    the mean of the ``around`` periods before and after and the series' own dispersion, and counts as known. To leave such
    periods out, as one must where nothing could be sold (0 sold: they stay unknown), forgets just the weeks of high demand
    and forecasts too low. In four rounds, as the estimates enter the means. Whole numbers stay whole.
    """
    known = np.isfinite(demand)
    ran_out = known & (in_stock < HALF)
    sold_out = ran_out & (demand > 0)
    if not sold_out.any():
        return demand, in_stock
    sold = np.nan_to_num(demand)
    estimate, counted = sold.copy(), known & ~ran_out
    for _ in range(ROUNDS):
        mean = _around(estimate, counted, around)
        variance = np.where(counted, (estimate - mean) ** 2, 0).sum(axis=1)
        dispersion = variance / np.maximum(np.where(counted, mean, 0).sum(axis=1), 1e-9)
        expected = _mean_above(sold, mean, np.maximum(dispersion, LEAST_DISPERSION)[:, None])
        estimate = np.where(sold_out, np.maximum(expected, sold), sold)
        counted = (known & ~ran_out) | sold_out
    whole = np.nanmax(np.abs(demand - np.rint(demand)), axis=1, initial=0.0) < 1e-4
    estimate = np.where(whole[:, None], np.rint(estimate), estimate)
    return np.where(known, estimate, np.nan), np.where(sold_out, 1.0, in_stock)


def _around(values: Floats, counted: Bools, around: int) -> Floats:
    """Mean of the counted values up to ``around`` periods before and after each; 0 where there is none."""
    periods = values.shape[1]
    first = np.maximum(np.arange(periods) - around, 0)
    last = np.minimum(np.arange(periods) + around + 1, periods)
    totals = np.concatenate([np.zeros((len(values), 1)), np.cumsum(np.where(counted, values, 0), axis=1)], axis=1)
    counts = np.concatenate([np.zeros((len(values), 1)), np.cumsum(counted, axis=1)], axis=1)
    mean: Floats = (totals[:, last] - totals[:, first]) / np.maximum(counts[:, last] - counts[:, first], 1)
    return mean


def _mean_above(bound: Floats, mean: Floats, dispersion: Floats) -> Floats:
    """E[D | D ≥ bound] of a gamma distribution with variance = dispersion × mean: μ (1 - F_{k+1}) / (1 - F_k)."""
    shape = np.maximum(mean / dispersion, 1e-3)
    beyond = special.gammaincc(shape, bound / dispersion)
    expected = mean * special.gammaincc(shape + 1, bound / dispersion) / np.maximum(beyond, 1e-9)
    return np.where(beyond > 1e-6, expected, bound + dispersion)
