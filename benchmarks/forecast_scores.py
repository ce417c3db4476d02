"""How good a forecast was: by class of demand and by week of the horizon. Arrays are S series × H periods."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

CLASSES = ("smooth", "erratic", "intermittent", "lumpy")
# Syntetos, Boylan and Croston (2005): mean interval between sales, and squared variation of their sizes.
INTERVAL_LIMIT = 1.32
VARIATION_LIMIT = 0.49


@dataclass(frozen=True)
class Answer:
    """``bounds`` is S × H × 4: lo-80, hi-80, lo-95, hi-95."""

    mean: Floats
    median: Floats
    bounds: Floats


@dataclass(frozen=True)
class Fold:
    """The history that a method was given (S × T, NaN unknown) and what came (S × H)."""

    history: Floats
    actual: Floats


@dataclass(frozen=True)
class Scores:
    """WAPE and bias over all units; RMSSE and scaled pinball are means over series; coverages are shares."""

    wape: float
    rmsse: float
    bias: float
    pinball: float
    coverage_80: float
    coverage_95: float


def score(answer: Answer, fold: Fold, chosen: Bools) -> Scores:
    """Scores of the series × periods that are ``chosen``. Scales are the history's change from period to period."""
    known = chosen & np.isfinite(fold.actual)
    error = np.where(known, answer.mean - fold.actual, 0.0)
    units = np.where(known, fold.actual, 0.0).sum()
    change = np.diff(fold.history, axis=1)
    return Scores(
        wape=_ratio(np.abs(error).sum(), units),
        rmsse=_mean(np.sqrt(_by_series(error**2, known) / _scale(change**2))),
        bias=_ratio(error.sum(), units),
        pinball=_mean(_by_series(_pinball(answer, fold.actual), known) / _scale(np.abs(change))),
        coverage_80=_covered(answer.bounds[:, :, 0], answer.bounds[:, :, 1], fold.actual, known),
        coverage_95=_covered(answer.bounds[:, :, 2], answer.bounds[:, :, 3], fold.actual, known),
    )


def demand_classes(history: Floats) -> npt.NDArray[np.str_]:
    """Class of each series by Syntetos and Boylan's two numbers."""
    known = np.isfinite(history).sum(axis=1)
    sold = np.where(history > 0, history, np.nan)
    sales = np.isfinite(sold).sum(axis=1)
    mean = np.nansum(sold, axis=1) / np.maximum(sales, 1)
    variance = np.nansum((sold - mean[:, None]) ** 2, axis=1) / np.maximum(sales, 1)
    is_rare = known / np.maximum(sales, 1) > INTERVAL_LIMIT
    is_varied = variance / np.maximum(mean**2, 1e-12) > VARIATION_LIMIT
    return np.array(CLASSES)[2 * is_rare + is_varied]


def slices(fold: Fold, week: int) -> Iterator[tuple[str, Bools]]:
    """All, each class that occurs, each week of the horizon (``week`` periods long)."""
    series, horizon = fold.actual.shape
    yield "all", np.ones((series, horizon), dtype=bool)
    classes = demand_classes(fold.history)
    for name in CLASSES:
        if (classes == name).any():
            yield name, np.broadcast_to((classes == name)[:, None], (series, horizon))
    for first in range(0, horizon, week):
        yield (
            f"week {first // week + 1}",
            np.broadcast_to(np.arange(horizon) // week == first // week, (series, horizon)),
        )


def average(scores: list[Scores]) -> Scores:
    """Of several folds."""
    return Scores(*(float(np.nanmean([getattr(one, name) for one in scores])) for name in Scores.__dataclass_fields__))


def _pinball(answer: Answer, actual: Floats) -> Floats:
    quantiles = np.concatenate([answer.median[:, :, None], answer.bounds], axis=2)
    levels = np.array([0.5, 0.1, 0.9, 0.025, 0.975])
    short = actual[:, :, None] - quantiles
    loss: Floats = np.maximum(levels * short, (levels - 1) * short).mean(axis=2)
    return loss


def _by_series(values: Floats, known: Bools) -> Floats:
    count = known.sum(axis=1)
    return np.where(count > 0, np.where(known, values, 0.0).sum(axis=1) / np.maximum(count, 1), np.nan)


def _scale(change: Floats) -> Floats:
    known = np.isfinite(change)
    scale = np.where(known, change, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return np.where(scale > 0, scale, np.nan)


def _covered(lower: Floats, upper: Floats, actual: Floats, known: Bools) -> float:
    inside = (lower <= actual) & (actual <= upper) & known
    return _ratio(inside.sum(), known.sum())


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole else float("nan")


def _mean(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")
