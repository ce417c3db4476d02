"""Weights of the ensemble: a pooled least-squares stack, bent for each series by its own backtest."""

from __future__ import annotations

import numpy as np

from forecasting.calc.arrays import Floats, Ints

STEPS = 400
MOST_TIMES_BEST = 10.0
STACK_SHARE = 0.75
POOLED_SHARPNESS = 25.0
OWN_SHARPNESS = 8.0
POOL_POINTS = 700.0
GROUP_SERIES = 20.0
TINY = 1e-9


def stacked(gram: Floats) -> Floats:
    """Weights w ≥ 0, Σ w = 1, that make w' G w least, by exponentiated gradient from equal weights.

    G (… × C × C) is the mean product of the candidates' scaled errors over the panel, so w' G w is the error of the mixture.
    A candidate whose own error is ``MOST_TIMES_BEST`` that of the best one takes no part: the step would follow its size,
    and the others would stay where they began.
    """
    own = np.diagonal(gram, axis1=-2, axis2=-1)
    useful = own <= MOST_TIMES_BEST * own.min(axis=-1, keepdims=True)
    weights: Floats = useful / useful.sum(axis=-1, keepdims=True)
    gram = np.where(useful[..., :, None] & useful[..., None, :], gram, 0.0)
    largest = np.abs(gram).max(axis=(-2, -1), initial=0)[..., None]
    step = np.where(largest > 0, 4.0 / np.where(largest > 0, largest, 1.0), 0.0)
    for _ in range(STEPS):
        slope = (gram @ weights[..., None])[..., 0]
        weights = weights * np.exp(-step * (slope - (slope * weights).sum(axis=-1, keepdims=True)))
        weights /= weights.sum(axis=-1, keepdims=True)
    return weights


def ensemble_weights(squared: Floats, points: Floats, stack: Floats, groups: Ints, credit: Floats) -> Floats:
    """Weights C × S from Σ scaled error² (C × S), the number of errors (S), the panel's ``stacked`` weights, the groups, and the
    ``credit`` (C) that candidates have beyond their backtest, of which Σ is under 1.

    w ∝ pooled × exp(-8 × (own - pooled relative log error) × n / (n + 700)): a series that was tested often goes its own
    way, a short one goes its group's.
    """
    mean_square = np.log(np.maximum(squared / np.maximum(points, 1), TINY))
    relative = mean_square - mean_square.mean(axis=0)
    useful = (points > 0) & (squared.min(axis=0) > TINY)
    common = relative[:, useful].mean(axis=1) if useful.any() else np.zeros(len(squared))
    by_group = _group_means(relative, useful, common, groups)
    lowest = np.exp(-POOLED_SHARPNESS * (common - common.min()))
    pooled = STACK_SHARE * stack + (1 - STACK_SHARE) * lowest / lowest.sum()
    pooled = (1 - credit.sum()) * pooled + credit
    own_share = points / (points + POOL_POINTS)
    bend = own_share * relative + (1 - own_share) * by_group - common[:, None]
    score = np.log(np.maximum(pooled, 1e-6))[:, None] - OWN_SHARPNESS * bend
    weights = np.exp(score - score.max(axis=0))
    share: Floats = (weights / weights.sum(axis=0)).astype(np.float32)
    return share


def _group_means(relative: Floats, useful: Floats, common: Floats, groups: Ints) -> Floats:
    """Mean of each series' group, drawn towards the panel's by ``GROUP_SERIES`` series: C × S."""
    number = int(groups.max(initial=0)) + 1
    if number == 1:
        return np.broadcast_to(common[:, None], relative.shape)
    member = np.zeros((len(groups), number), np.float32)
    member[np.arange(len(groups)), groups] = useful
    total = relative @ member + GROUP_SERIES * common[:, None]
    means: Floats = (total / (member.sum(axis=0) + GROUP_SERIES))[:, groups]
    return means
