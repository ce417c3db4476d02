"""The panel's standing miss: where forecast after forecast came out too low or too high, and by how much."""

from __future__ import annotations

import numpy as np

from forecasting.calc.arrays import Floats, Ints
from forecasting.calc.origins import own_share

HALF_LIFE_ORIGINS = 2.0
CAUTION = 2.0
LEAST_ORIGINS = 3
LEAST_FREEDOM = 0.5
MOST = 0.3


def drift_factors(paths: Floats, actual: Floats, origins: Ints) -> Floats:
    """What the forecasts of each origin, and of the end (O + 1), are to be multiplied by. 1: nothing stands out.

    ``paths`` are O × D × S and ``actual`` is O × H × S, NaN unknown. Models of a level lag behind a panel that grows. The
    log of demand over forecast, summed over the panel, is followed from origin to origin; each origin knows only
    forecasts made before it, and of these only what had come by then. Newer misses count for more (half after two
    origins). Their mean m counts by 1 - 2 s² / m², at least 0, with s its standard error: a miss that changes its
    sign is no drift. At most e^0.3 either way.
    """
    known = np.isfinite(actual)
    demand = np.where(known, actual, 0).sum(axis=2, dtype=np.float64)
    forecast = np.where(known, paths[:, : actual.shape[1]], 0).sum(axis=2, dtype=np.float64)
    ends = [*origins.tolist(), np.inf]
    period = origins[:, None] + np.arange(actual.shape[1])
    new = own_share(origins, actual.shape[1])
    factors = np.ones(len(ends), np.float32)
    for place in range(LEAST_ORIGINS, len(ends)):
        seen = period[:place] < ends[place]
        factors[place] = np.exp(
            _standing_miss((demand[:place] * seen).sum(axis=1), (forecast[:place] * seen).sum(axis=1), new)
        )
    return factors


def _standing_miss(demand: Floats, forecast: Floats, new: float) -> float:
    """m × (1 - 2 s² / m²) from sums per origin, oldest first. ``new``: how much of each is new against the last.

    Worked: demand twice the forecast at every origin: ln 2, bounded to 0.3.
    """
    some = (demand > 0) & (forecast > 0)
    if some.sum() < LEAST_ORIGINS:
        return 0.0
    miss = np.log(demand[some] / forecast[some])
    age = np.arange(len(miss))[::-1]
    weight = demand[some] * 0.5 ** (age / HALF_LIFE_ORIGINS)
    weight /= weight.sum()
    mean = float(weight @ miss)
    freedom = max(new / float(weight @ weight) - 1, LEAST_FREEDOM)
    square_error = float(weight @ (miss - mean) ** 2) / freedom
    kept = max(1 - CAUTION * square_error / max(mean * mean, 1e-12), 0.0)
    return float(np.clip(mean * kept, -MOST, MOST))
