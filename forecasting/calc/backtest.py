"""Rolling-origin backtest: what each candidate would have said from past origins, and how wrong it was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from forecasting.calc.arrays import Bools, Floats, Ints
from forecasting.calc.candidates import Candidate
from forecasting.calc.history import History
from forecasting.calc.weights import ensemble_weights, stacked

CandidatesAt = Callable[[int], list[Candidate]]


@dataclass(frozen=True)
class Scores:
    """Errors (demand - forecast) of C candidates, summed over the horizon: O × C × S; ``points`` O × S.

    ``gram`` (O × C × C) holds the sums of the products of the errors over the series' own deviation, ``scale`` (S).
    """

    names: tuple[str, ...]
    models: tuple[str, ...]
    squared: Floats
    absolute: Floats
    signed: Floats
    points: Floats
    gram: Floats
    scale: Floats


def demand_after(history: History, origins: Ints, ahead: int, least_known: int) -> Floats:
    """What came after each origin (O × D × S); NaN where unknown, and for series with too little history by then."""
    values = np.where(history.known > 0, history.demand, np.float32(np.nan))
    extended = np.concatenate([values, np.full((ahead, history.series), np.nan, np.float32)])
    after: Floats = extended[origins[:, None] + np.arange(ahead)]
    too_early = origins[:, None] - history.first < least_known
    after[np.broadcast_to(too_early[:, None], after.shape)] = np.nan
    return after


def score(candidates_at: CandidatesAt, actual: Floats, scale: Floats) -> Scores:
    """Forecast from every origin with every candidate. ``actual`` is O × H × S, ``scale`` S units.

    Without an origin the sums are 0, at one that stands for the end.
    """
    horizon = actual.shape[1]
    rows = []
    made = candidates_at(0)
    for position, after in enumerate(actual if len(actual) else np.full((1, *actual.shape[1:]), np.nan, np.float32)):
        made = candidates_at(position) if position else made
        known = np.isfinite(after)
        demand = np.where(known, after, np.float32(0))
        errors = np.empty((len(made), horizon, actual.shape[2]), np.float32)
        for place, one in enumerate(made):
            np.multiply(demand - one.path[:horizon], known, out=errors[place])
        rows.append(_summed(errors, known, scale))
    names, models = tuple(one.name for one in made), tuple(one.model for one in made)
    squared, absolute, signed, points, gram = (np.stack(part) for part in zip(*rows, strict=True))
    return Scores(names, models, squared, absolute, signed, points, gram, scale)


def _summed(errors: Floats, known: Bools, scale: Floats) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    squared = np.einsum("chs,chs->cs", errors, errors)
    signed = errors.sum(axis=1)
    absolute = np.abs(errors).sum(axis=1)
    np.divide(errors, scale, out=errors)
    scaled = errors.reshape(len(errors), -1)
    return squared, absolute, signed, known.sum(axis=0).astype(np.float32), (scaled @ scaled.T).astype(np.float64)


def crossed_weights(
    scores: Scores, allowed: Bools, groups: Ints, judging: Bools, credit: Floats
) -> tuple[Floats, Floats]:
    """Weights for each origin from those that judge it (O × C × S; ``judging`` is O × O), and from all of them (C × S).

    ``credit`` (C) is what candidates weigh beyond what their backtest says.

    An origin's own errors, and those of origins that share periods with it, say nothing about the weights it is judged
    with.
    """
    count = len(judging)
    chosen = np.ones((count + 1, len(scores.points)), np.float32)
    chosen[:count, :count] = judging
    within = scores.gram[:, allowed][:, :, allowed]
    stacks = stacked(np.tensordot(chosen, within, axes=1))
    weights = np.zeros((count + 1, *scores.squared.shape[1:]), np.float32)
    for position, origins in enumerate(chosen):
        weights[position, allowed] = ensemble_weights(
            np.tensordot(origins, scores.squared, axes=1)[allowed] / scores.scale**2,
            origins @ scores.points,
            stacks[position],
            groups,
            credit[allowed],
        )
    return weights[:-1], weights[-1]


def mixed_path(made: list[Candidate], weights: Floats) -> Floats:
    """Σ weight × path: D × S."""
    path = np.zeros(made[0].path.shape, np.float32)
    for one, weight in zip(made, weights, strict=True):
        if weight.any():
            path += weight * one.path
    return path
