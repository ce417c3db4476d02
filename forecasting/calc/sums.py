"""Demand summed over several periods: its own quantiles, because periods do not go wrong independently."""

from __future__ import annotations

import numpy as np

from forecasting.calc.arrays import Bools, Floats, Ints
from forecasting.calc.contract import DemandSum
from forecasting.calc.intervals import Spread, rising, rounded
from forecasting.calc.kinds import borders
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
            bins = np.digitize(mean[rows], edges)
            quantiles[rows] = mean[rows, None] + deviation[rows, None] * scores[bins]
            from_backtest[rows] = tested[rows]
        return DemandSum(periods, mean, rising(rounded(quantiles, self.spread.whole[:, None])), from_backtest)

    def _deviation(self, total: Floats, length: int) -> Floats:
        """What the deviation would be if periods erred independently: the scores hold how much more it is."""
        growth = float(np.sqrt(np.mean(self.spread.growth[:length] ** 2)))
        size = np.maximum(total, FLOOR * self.spread.least * length)
        deviation: Floats = self.spread.scale * growth * np.sqrt(size) * self.spread.rise.of(size / length)
        return deviation

    def _scores(self, length: int) -> tuple[Floats, Floats, Bools]:
        """Quantiles of the standardised sums (bins × levels), the bins' borders on the sum, and which series took part.

        Where too few sums of this length are over, those of the longest length that has enough speak, made wider as if the
        periods' common correlation went on. Without any: as if periods erred independently and normally.
        """
        ended = self._longest_over(length)
        if ended == 0:
            return normal_scores(self.levels)[None], np.zeros(0), np.zeros(self.errors.shape[2], dtype=bool)
        over = self._over(ended)
        total = self.totals[:, ended - 1]
        standard = (self.errors[:, ended - 1] / np.maximum(self._deviation(total, ended), 1e-9))[over]
        edges = borders(total[over], int(np.clip(len(standard) // BIN_SUMS, 1, MOST_BINS)))
        bins = np.digitize(total[over], edges)
        scores = np.stack([self._quantiles(standard[bins == place]) for place in range(len(edges) + 1)])
        wider = _wider(float(np.mean(standard**2)), ended, length)
        tested: Bools = over.any(axis=0) & np.array(ended == length)
        return scores * wider, edges * (length / ended), tested

    def _longest_over(self, length: int) -> int:
        """The longest length up to ``length`` of which enough sums are over; 0 for none."""
        return next((ended for ended in range(length, 0, -1) if self._over(ended).sum() >= LEAST_SUMS), 0)

    def _over(self, length: int) -> Bools:
        observed: Bools = self.known[:, length - 1] >= LEAST_OBSERVED_SHARE * length
        over: Bools = observed & (self.ended >= length)[:, None]
        return over

    def _quantiles(self, standard: Floats) -> Floats:
        """Few sums are mixed with a normal distribution of their own size."""
        share = len(standard) / (len(standard) + NORMAL_SUMS)
        usual = np.sqrt(np.mean(standard**2)) * normal_scores(self.levels)
        quantiles: Floats = share * np.quantile(standard, self.levels) + (1 - share) * usual
        return quantiles


def _wider(square: float, ended: int, length: int) -> float:
    """How much more a standardised sum of ``length`` periods varies than one of ``ended``, whose mean square is known.

    With a correlation ρ between any two periods the mean square of n is 1 + (n - 1) ρ. Worked: 5 periods with 5 (they go
    wrong together, ρ = 1), 20 asked for: √(20 / 5) = 2.
    """
    correlation = min(max((square - 1) / max(ended - 1, 1), 0.0), 1.0)
    return float(np.sqrt((1 + (length - 1) * correlation) / (1 + (ended - 1) * correlation)))
