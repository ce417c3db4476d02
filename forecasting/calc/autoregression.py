"""The ARIMA family, batched: autoregression of seasonal totals about their mean, order chosen for the panel."""

from __future__ import annotations

import numpy as np

from forecasting.calc.arrays import Floats
from forecasting.calc.view import FIRST_LEVEL, Basis, View

MOST_LAGS = 4
PRIOR_PERIODS = 26.0
WINDOW = 104
RIDGE = 0.02
SMALLEST = 1e-9


def autoregressive_paths(view: View, basis: Basis) -> Floats:
    """AR(p) of demand per period, by weeks where there is a weekly season, iterated and spread over the weekdays.

    The autocorrelations of each series (demand over pattern, last ``WINDOW`` weeks) are drawn towards the panel's by
    ``PRIOR_PERIODS``; p = 0 … 4 has the least BIC for the panel, by the innovation variances of Durbin-Levinson; the
    coefficients solve each series' own Yule-Walker equations.
    """
    season = view.history.season
    mean = basis.level[FIRST_LEVEL]
    values, known = _deviations(view, basis, mean)
    coefficients = _coefficients(*_autocovariances(values, known))
    steps = -(-len(view.phase) // season)
    path = np.maximum(mean + _iterated(coefficients, values, steps), 0)[np.arange(len(view.phase)) // season]
    spread: Floats = (path * basis.pattern).astype(np.float32)
    return spread


def _coefficients(covariances: Floats, weights: Floats) -> Floats:
    """p × S; p = 0 where nothing varies."""
    useful = covariances[0] > SMALLEST * covariances[0].max(initial=0)
    if not useful.any():
        return np.zeros((0, covariances.shape[1]))
    correlations = np.where(useful, covariances / np.where(useful, covariances[0], 1.0), 0.0)
    pooled = (correlations * weights)[:, useful].sum(axis=1) / weights[useful].sum()
    order = _order(pooled, float(weights[useful].sum()))
    share = weights / (weights + PRIOR_PERIODS)
    return _yule_walker(share * correlations + (1 - share) * pooled[:, None], order)


def _iterated(coefficients: Floats, values: Floats, steps: int) -> Floats:
    """The deviations of the next periods (steps × S), each from the p before it."""
    recent = list(values[::-1][: len(coefficients)])
    ahead = np.zeros((steps, values.shape[1]))
    for step in range(steps if recent else 0):
        ahead[step] = sum(coefficient * value for coefficient, value in zip(coefficients, recent, strict=True))
        recent = [ahead[step], *recent[:-1]]
    return ahead


def _deviations(view: View, basis: Basis, mean: Floats) -> tuple[Floats, Floats]:
    """Mean demand of each of the last weeks less the level; 0 where unknown (weeks × S), and whether it is known."""
    season = view.history.season
    weeks = min(view.origin // season, WINDOW)
    last = view.origin // season
    units, count = (sums[last - weeks : last] for sums in view.history.by_season)
    if basis.past is not None:
        count = count * basis.past[view.origin - weeks * season :].reshape(weeks, season).mean(axis=1)[:, None]
    known = count > 0
    deviations = np.where(known, units / np.maximum(count, 1e-3) - mean, 0.0)
    return deviations.astype(np.float32), known.astype(np.float32)


def _autocovariances(values: Floats, known: Floats) -> tuple[Floats, Floats]:
    lags = min(MOST_LAGS, len(values) - 1)
    count = np.maximum(known.sum(axis=0), 1)
    centred = (values - values.sum(axis=0) / count) * known
    rows = [(centred[lag:] * centred[: len(centred) - lag]).sum(axis=0) for lag in range(lags + 1)]
    return np.array(rows) / count, known.sum(axis=0)


def _order(correlations: Floats, points: float) -> int:
    """Order with the least BIC, n log σ² + p log n, over Durbin-Levinson's innovation variances."""
    variance, phi = 1.0, np.zeros(0)
    best, order = 0.0, 0
    for lag in range(1, len(correlations)):
        reflection = (correlations[lag] - phi @ correlations[lag - 1 : 0 : -1]) / max(variance, 1e-6)
        reflection = float(np.clip(reflection, -0.98, 0.98))
        phi = np.append(phi - reflection * phi[::-1], reflection)
        variance *= 1 - reflection**2
        score = points * np.log(max(variance, 1e-6)) + lag * np.log(max(points, 2.0))
        if score < best:
            best, order = score, lag
    return order


def _yule_walker(correlations: Floats, order: int) -> Floats:
    """Coefficients (order × S) that solve R φ = r per series, with a little ridge."""
    if order == 0:
        return np.zeros((0, correlations.shape[1]))
    distance = np.abs(np.arange(order)[:, None] - np.arange(order))
    system = correlations[distance].transpose(2, 0, 1) + RIDGE * np.eye(order)
    solution: Floats = np.linalg.solve(system, correlations[1 : order + 1].T[:, :, None])[:, :, 0].T
    return solution
