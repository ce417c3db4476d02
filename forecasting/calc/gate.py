"""The gate: nothing is served that loses to a plain model on its own backtest, beyond what chance explains."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecasting.calc.arrays import Bools, Floats, Ints
from forecasting.calc.contract import AS_ASKED, AS_WEIGHTED, DRAWN_TO_PLAIN, PLAIN_IS_BEST, UNTESTED, WITHIN_CHANCE

LEAST_POINTS = 8  # errors without which nothing has proved itself
LEAST_FREEDOM = 0.5
ALL_BUT = 0.995
EXACT = 1e-9


@dataclass(frozen=True)
class Gate:
    """``share`` (S): how much of the plain path is mixed in, 0 to 1; ``plain`` (S): which one; ``reason`` (S)."""

    share: Floats
    plain: Ints
    reason: Ints

    def drawn(self, ensemble: Floats, plain: Floats) -> Floats:
        """The ensemble's paths (… × D × S) with their share of the plain ones (P × … × D × S)."""
        paths = ensemble
        for place, path in enumerate(plain):
            paths = paths + self.share * (self.plain == place) * (path - ensemble)
        return paths


def open_gate(series: int) -> Gate:
    """The gate of models that were asked for by name: nothing is drawn to a plain one."""
    nothing = np.zeros(series, np.int64)
    return Gate(nothing.astype(np.float32), nothing, np.full(series, AS_ASKED, np.int64))


@dataclass(frozen=True)
class ErrorSums:
    """Sums over the horizon, per origin (O × S) and, of P plain models, P × O × S.

    ``own`` Σ e² of the ensemble, ``plain`` Σ p², ``apart`` Σ (e - p)², ``cross`` Σ e (e - p), ``units`` Σ demand².
    ``new``: how much of an origin's horizon the origin before it has not seen, 0 to 1.
    """

    own: Floats
    plain: Floats
    apart: Floats
    cross: Floats
    units: Floats
    points: Floats
    new: float

    def gate(self, origins: Bools) -> Gate:
        """The gate as the errors at some origins (O) have it.

        The least share s of the better plain path that takes the loss away: e² - 2 s Σ e (e - p) + s² Σ (e - p)² is
        the squared error of the mixture.
        """
        chosen = origins.astype(np.float64)
        own, units, points = chosen @ self.own, chosen @ self.units, chosen @ self.points
        squared, apart, cross = (np.einsum("o,pos->ps", chosen, part) for part in (self.plain, self.apart, self.cross))
        better = squared.argmin(axis=0)
        series = np.arange(len(better))
        least, spread, agree = squared[better, series], apart[better, series], cross[better, series]
        worse = (points >= LEAST_POINTS) & (own >= least)
        exact = (units > 0) & (least <= EXACT * units)  # a pattern that repeats itself; zeros alone prove little
        loss = np.where(exact, own - least, self._loss(origins, better))
        loses = worse & (exact | (loss > 0))
        root = np.sqrt(np.maximum(agree**2 - spread * loss, 0))
        share = np.where(loses, np.clip((agree - root) / np.where(spread > 0, spread, 1.0), 0, 1), 0)
        share = np.where(loses & (exact | (share > ALL_BUT)), 1.0, share)
        reason = np.select(
            [points < LEAST_POINTS, ~worse, ~loses, share >= 1],
            [UNTESTED, AS_WEIGHTED, WITHIN_CHANCE, PLAIN_IS_BEST],
            DRAWN_TO_PLAIN,
        )
        return Gate(share.astype(np.float32), better.astype(np.int64), reason.astype(np.int64))

    def _loss(self, origins: Bools, better: Ints) -> Floats:
        """Squared error lost to the plain model ``better`` (S), as far as chance does not explain it: the standard error is
        that over the origins, whose horizons overlap. All of it where the panel lost."""
        chosen = np.flatnonzero(origins)
        plain = np.take_along_axis(self.plain[:, chosen], better[None, None], axis=0)[0]
        lost = self.own[chosen] - plain
        total = lost.sum(axis=0)
        return np.where(self._panel_lost(chosen)[better], total, self._beyond_chance(lost))

    def _panel_lost(self, chosen: Ints) -> Bools:
        """To which plain models (P) the whole panel lost beyond chance, every series in the size of its own demand."""
        units = self.units[chosen].sum(axis=0)
        sold = units > 0
        lost = (self.own[chosen] - self.plain[:, chosen])[:, :, sold] / units[sold]
        beyond: Bools = self._beyond_chance(lost.sum(axis=2).T) > 0
        return beyond

    def _beyond_chance(self, lost: Floats) -> Floats:
        """D (1 - s² / D²), at least 0, of losses by origin (chosen origins × any): what is left of their sum D."""
        total, count = lost.sum(axis=0), max(len(lost), 1)
        freedom = max(count * self.new - 1, LEAST_FREEDOM)
        square_error = ((lost - total / count) ** 2).sum(axis=0) * count / freedom
        kept = 1 - square_error / np.maximum(total**2, np.finfo(np.float64).tiny)
        beyond: Floats = np.maximum(total, 0) * np.maximum(kept, 0)
        return beyond


def error_sums(ensemble: Floats, plain: Floats, actual: Floats, new: float = 1.0) -> ErrorSums:
    """How far each series' ensemble must be drawn to the better plain model so that it does not lose to it: what it takes.

    ``actual`` is O × H × S, ``ensemble`` O × D × S and ``plain`` P × O × D × S, of which the first H periods count. Judged
    by the mean squared error, whose best answer is the mean that is served. Where the ensemble does as well as the plain
    models, or worse by no more than chance explains (adr/0011), the share is 0; where the whole panel lost beyond chance, no loss of a series counts as chance. A
    series with too few errors keeps its weights.
    """
    count, horizon, series = actual.shape
    own, units, points = (np.zeros((count, series)) for _ in range(3))
    squares, apart, cross = (np.zeros((len(plain), count, series)) for _ in range(3))
    for place, after in enumerate(actual):  # origin by origin: what lies in between stays small
        known = np.isfinite(after)
        demand = np.where(known, after, np.float32(0))
        error = (demand - ensemble[place, :horizon]) * known
        own[place], units[place], points[place] = _squares(error), _squares(demand), known.sum(axis=0)
        for row, paths in enumerate(plain):
            plain_error = (demand - paths[place, :horizon]) * known
            difference = error - plain_error
            squares[row, place], apart[row, place] = _squares(plain_error), _squares(difference)
            cross[row, place] = np.einsum("hs,hs->s", error, difference)
    return ErrorSums(own, squares, apart, cross, units, points, new)


def _squares(values: Floats) -> Floats:
    total: Floats = np.einsum("hs,hs->s", values, values)
    return total
