"""The gate: nothing is served that loses to a plain model on its own backtest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecasting.calc.arrays import Bools, Floats, Ints
from forecasting.calc.contract import AS_ASKED, AS_WEIGHTED, DRAWN_TO_PLAIN, PLAIN_IS_BEST, UNTESTED

LEAST_POINTS = 8  # errors without which nothing has proved itself
ALL_BUT = 0.995


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
    """

    own: Floats
    plain: Floats
    apart: Floats
    cross: Floats
    units: Floats
    points: Floats

    def gate(self, origins: Bools) -> Gate:
        """The gate as the errors at some origins (O) have it."""
        chosen = origins.astype(np.float64)
        own, units, points = chosen @ self.own, chosen @ self.units, chosen @ self.points
        squared, apart, cross = (np.einsum("o,pos->ps", chosen, part) for part in (self.plain, self.apart, self.cross))
        better = squared.argmin(axis=0)
        series = np.arange(len(better))
        least, spread = squared[better, series], apart[better, series]
        tested = points >= LEAST_POINTS
        exact = least <= 1e-9 * units
        loses = tested & (own >= least)
        share = np.where(loses, np.clip(cross[better, series] / np.where(spread > 0, spread, 1.0), 0, 1), 0)
        share = np.where(loses & (exact | (share > ALL_BUT)), 1.0, share)
        reason = np.select([~tested, ~loses, share >= 1], [UNTESTED, AS_WEIGHTED, PLAIN_IS_BEST], DRAWN_TO_PLAIN)
        return Gate(share.astype(np.float32), better.astype(np.int64), reason.astype(np.int64))


def error_sums(ensemble: Floats, plain: Floats, actual: Floats) -> ErrorSums:
    """How far each series' ensemble must be drawn to the better plain model so that it does not lose to it: what it takes.

    ``actual`` is O × H × S, ``ensemble`` O × D × S and ``plain`` P × O × D × S, of which the first H periods count. Judged
    by the mean squared error, whose best answer is the mean that is served. Where the ensemble does better than the plain
    models, the share is 0. Else (or where both are alike) it is the best one, Σ e (e - p) / Σ (e - p)² with e and p the
    two errors, which does at least as well as the better plain model, because it could be that model itself. A series with
    too few errors keeps its weights.
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
    return ErrorSums(own, squares, apart, cross, units, points)


def _squares(values: Floats) -> Floats:
    total: Floats = np.einsum("hs,hs->s", values, values)
    return total
