"""The gate: nothing is served that loses to a plain model on its own backtest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecasting.calc.arrays import Floats, Ints
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


def pass_gate(ensemble: Floats, plain: Floats, actual: Floats) -> Gate:
    """How far each series' ensemble must be drawn to the better plain model so that it does not lose to it.

    ``actual`` is O × H × S, ``ensemble`` O × D × S and ``plain`` P × O × D × S, of which the first H periods count. Judged by the mean squared error, whose best
    answer is the mean that is served. Where the ensemble does better than the plain models, the share is 0.
    Else (or where both are alike) it is the best one, Σ e (e - p) / Σ (e - p)² with e and p the two errors, which does at least as well as the
    better plain model, because it could be that model itself. A series with too few errors keeps its weights.
    """
    horizon = actual.shape[1]
    ensemble, plain = ensemble[:, :horizon], plain[:, :, :horizon]
    known = np.isfinite(actual)
    error = np.where(known, actual - ensemble, 0)
    own = np.einsum("ohs,ohs->s", error, error)
    plain_errors = np.where(known, actual - plain, 0)
    squared = np.einsum("pohs,pohs->ps", plain_errors, plain_errors)
    better = squared.argmin(axis=0)
    series = np.arange(len(better))
    best_error = plain_errors[better, :, :, series].transpose(1, 2, 0)
    difference = error - best_error
    spread = np.einsum("ohs,ohs->s", difference, difference)
    cross = np.einsum("ohs,ohs->s", error, difference)
    tested = known.sum(axis=(0, 1)) >= LEAST_POINTS
    exact = squared[better, series] <= 1e-9 * np.nansum(actual**2, axis=(0, 1))
    loses = tested & (own >= squared[better, series])
    share = np.where(loses, np.clip(cross / np.where(spread > 0, spread, 1.0), 0, 1), 0)
    share = np.where(loses & (exact | (share > ALL_BUT)), 1.0, share)
    reason = np.select([~tested, ~loses, share >= 1], [UNTESTED, AS_WEIGHTED, PLAIN_IS_BEST], DRAWN_TO_PLAIN)
    return Gate(share.astype(np.float32), better.astype(np.int64), reason.astype(np.int64))
