"""A global model on trial: its answers at the backtest's origins, which it had not seen, against last week's same day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecasting.calc.arrays import Floats, Ints
from forecasting.calc.refitted import Refitted
from forecasting.calc.sales_history import History

MOST_SERIES = 200
TOLERANCE = 0.01


@dataclass(frozen=True)
class Trial:
    """WAPE (Σ|error| / Σ demand) and bias (Σ (demand - forecast) / Σ demand) over the ``points`` that both answered, in
    parts of demand; None without any demand there."""

    points: int
    wape: float | None
    bias: float | None
    naive_wape: float | None

    @property
    def is_passed(self) -> bool:
        """It did no worse than the seasonal naive by more than a hundredth of demand (where every week is the same, the naive
        errs by nothing), or could not be tried: each series' own gate still holds."""
        return self.wape is None or self.naive_wape is None or self.wape <= self.naive_wape + TOLERANCE


def try_model(trained: Refitted, history: History, origins: Ints, periods: int) -> Trial:
    """The trial of a trained model on up to 200 series of ``history``, spread evenly over them.

    Worked: demand of 10 on every day, forecast 9, last week's day 10: WAPE .1 against 0, not passed; forecast 9.9: passed.
    """
    rows = np.unique(np.linspace(0, len(history.demand) - 1, min(len(history.demand), MOST_SERIES)).astype(np.int64))
    sample = history.rows(rows)
    paths = trained.paths(sample, origins, periods)
    sums = np.zeros(4)
    points = 0
    for place, origin in enumerate(origins.tolist()):
        actual = sample.demand[:, origin : origin + periods]
        path, naive = paths[:, place, : actual.shape[1]], _last_season(sample, origin, actual.shape[1])
        known = np.isfinite(actual) & np.isfinite(path) & np.isfinite(naive)
        demand, error, naive_error = actual[known], (actual - path)[known], (actual - naive)[known]
        sums += [demand.sum(), np.abs(error).sum(), error.sum(), np.abs(naive_error).sum()]
        points += int(known.sum())
    if sums[0] <= 0:
        return Trial(points, None, None, None)
    wape, bias, naive_wape = (round(float(part), 4) for part in sums[1:] / sums[0])
    return Trial(points, wape, bias, naive_wape)


def _last_season(history: History, origin: int, periods: int) -> Floats:
    """The last season before the origin, again and again; NaN where it is not known or there was none."""
    ahead = np.arange(periods)
    place = origin - history.season + ahead % history.season
    return np.where(place >= 0, history.demand[:, np.maximum(place, 0)], np.nan)
