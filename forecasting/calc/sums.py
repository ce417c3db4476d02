"""Demand summed over several periods: its own quantiles, because periods do not go wrong independently."""

from __future__ import annotations

import numpy as np

from forecasting.calc.arrays import Bools, Floats, Ints
from forecasting.calc.contract import DemandSum
from forecasting.calc.intervals import Spread, rising, rounded
from forecasting.calc.normal import normal_scores

LEAST_OBSERVED_SHARE = 0.7
LEAST_SUMS = 3  # of the panel
NORMAL_SUMS = 20.0
BIN_SUMS = 200
FLOOR = 6.0  # of the least daily demand that deviations are made from: a sum has no closed days
MOST_BINS = 6


class SumErrors:
    """Errors of the backtest added up over the first n periods after each origin, and the quantiles that they give."""

    def __init__(self, paths: Floats, actual: Floats, spread: Spread, levels: tuple[float, ...]) -> None:
        known = np.isfinite(actual)
        self.errors = np.cumsum(np.where(known, actual - paths, 0), axis=1, dtype=np.float32)
        self.known = np.cumsum(known, axis=1, dtype=np.float32)
        self.totals = np.cumsum(paths, axis=1, dtype=np.float32)
        # A sum is over when its last period is: what lies after the end of the history is not known yet.
        last = np.where(known.any(axis=2), np.arange(1, paths.shape[1] + 1), 0).max(axis=1)
        self.ended = np.maximum(last, 0)
        self.spread = spread
        self.levels = levels

    def demand(self, path: Floats, periods: Ints) -> DemandSum:
        """The sums over the first ``periods`` (S) of ``path`` (D × S): mean and quantiles."""
        series = np.arange(len(periods))
        mean = np.cumsum(path, axis=0)[periods - 1, series]
        quantiles = np.empty((len(periods), len(self.levels)), np.float32)
        from_backtest = np.zeros(len(periods), dtype=bool)
        for length in np.unique(periods).tolist():
            rows = periods == length
            scores, edges, tested = self._scores(length)
            deviation = self._deviation(np.cumsum(path, axis=0)[length - 1], length)
            bins = np.digitize(np.log(np.maximum(mean[rows], 1e-12)), edges)
            quantiles[rows] = mean[rows, None] + deviation[rows, None] * scores[bins]
            from_backtest[rows] = tested[rows]
        return DemandSum(
            periods, mean, rising(rounded(quantiles, self.spread.whole[:, None])), from_backtest
        )

    def _deviation(self, total: Floats, length: int) -> Floats:
        """What the deviation would be if periods erred independently: the scores hold how much more it is."""
        growth = float(np.sqrt(np.mean(self.spread.growth[:length] ** 2)))
        deviation: Floats = self.spread.scale * growth * np.sqrt(np.maximum(total, FLOOR * self.spread.least * length))
        return deviation

    def _scores(self, length: int) -> tuple[Floats, Floats, Bools]:
        """Quantiles of the standardised sums (bins × levels) with the bins' borders, and which series took part.

        Where too few sums of this length are over, those of the longest length that has enough, raised by the root of
        how much longer the sum is: as if the correlation went on.
        """
        normal = normal_scores(self.levels)[None]
        longer = 1.0
        ended = length
        while True:
            over = (self.ended >= ended)[:, None] & (self.known[:, ended - 1] >= LEAST_OBSERVED_SHARE * ended)
            if over.sum() >= LEAST_SUMS:
                longer = np.sqrt(length / ended)
                break
            ended -= 1
            if ended == 0:
                return normal, np.zeros(0), np.zeros(over.shape[1], dtype=bool)
        deviation = self._deviation(self.totals[:, ended - 1], ended)
        standard = (self.errors[:, ended - 1] / np.maximum(deviation, 1e-9))[over]
        sizes = np.log(np.maximum(self.totals[:, ended - 1][over], 1e-12))
        number = int(np.clip(len(standard) // BIN_SUMS, 1, MOST_BINS))
        edges = np.unique(np.quantile(sizes, np.arange(1, number) / number)) if number > 1 else np.zeros(0)
        bins = np.digitize(sizes, edges)
        scores = np.tile(normal, (len(edges) + 1, 1))
        for place in range(len(edges) + 1):
            own = standard[bins == place]
            share = len(own) / (len(own) + NORMAL_SUMS)
            if len(own):
                usual = np.sqrt(np.mean(own**2)) * normal[0]
                scores[place] = share * np.quantile(own, self.levels) + (1 - share) * usual
        tested = over.any(axis=0) & (ended == length)
        return scores * longer, edges + np.log(length / ended), tested
