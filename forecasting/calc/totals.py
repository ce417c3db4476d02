"""Forecasts of sums over many series: means add up, intervals come from the errors of the sums themselves.

Bottom-up: the mean of a group is the sum of its series' means, so that every level adds up exactly. Quantiles do not add up:
series err partly together and partly each for itself. How much together is seen in the backtest: the errors of a group's
series, added up origin by origin and day by day, are the errors that its total would have had.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forecasting.calc.arrays import Bools, Floats, Ints
from forecasting.calc.error_bytes import BacktestErrors
from forecasting.calc.intervals import rising
from forecasting.calc.normal import normal_scores

WEEK = 7
PLACES = 26  # origins lie whole weeks before the end, up to half a year
LEAST_SHARE = 0.5  # of a group's series' squared errors that a cell must hold
LEVEL_ORIGINS = 8.0  # how many origins of its own the level's evidence is worth to a group
NORMAL_CELLS = 200.0
INTERVAL_LEVELS = (0.8, 0.95)
TAILS = (0.025, 0.1, 0.9, 0.975)  # lower bounds outermost first, as ``INTERVAL_LEVELS`` have them reversed
SMALLEST = 1e-12


@dataclass(frozen=True)
class SeriesBatch:
    """Some series: ``mean`` n × H; ``errors`` n × places × H (NaN unknown), place p being p + 1 weeks before the end."""

    mean: Floats
    errors: Floats

    @classmethod
    def of(cls, means: Sequence[Sequence[float]], errors: Sequence[BacktestErrors | None]) -> SeriesBatch:
        """Errors of origins that are not whole weeks before the end, or longer ago than half a year, are left out."""
        mean = np.array(means, dtype=np.float64)
        placed = np.full((len(means), PLACES, mean.shape[1]), np.nan, np.float32)
        for row, own in enumerate(errors):
            if own is not None and own.errors.shape[1] == mean.shape[1]:
                place = own.before // WEEK - 1
                usable = (own.before % WEEK == 0) & (place >= 0) & (place < PLACES)
                placed[row, place[usable]] = own.errors[usable]
        return cls(mean, placed)


class GroupSums:
    """What is known of the groups of one level, series by series added up. Grows with the groups, not with the series."""

    def __init__(self, horizon: int) -> None:
        self.horizon = horizon
        self.series = np.zeros(0, np.int64)
        self.mean = np.zeros((0, horizon))
        self.errors = np.zeros((0, PLACES, horizon), np.float32)
        self.seen = np.zeros((0, PLACES, horizon), np.float32)
        self.roots = np.zeros(0)
        self.squares = np.zeros(0)

    def add(self, batch: SeriesBatch, groups: Ints) -> None:
        """Add a batch whose series belong to ``groups`` (n, from 0)."""
        self._grow(int(groups.max(initial=-1)) + 1)
        known = np.isfinite(batch.errors)
        errors = np.where(known, batch.errors, np.float32(0))
        count = known.sum(axis=(1, 2))
        # A series without a backtest is taken to vary as counts do.
        square = np.where(count > 0, (errors**2).sum(axis=(1, 2)) / np.maximum(count, 1), batch.mean.mean(axis=1))
        order = np.argsort(groups, kind="stable")
        starts = np.flatnonzero(np.diff(groups[order], prepend=-1))
        at = groups[order][starts]
        self.series[at] += np.diff(np.append(starts, len(order)))
        self.mean[at] += np.add.reduceat(batch.mean[order], starts)
        self.errors[at] += np.add.reduceat(errors[order], starts)
        self.seen[at] += np.add.reduceat((known * square[:, None, None]).astype(np.float32)[order], starts)
        self.roots[at] += np.add.reduceat(np.sqrt(square)[order], starts)
        self.squares[at] += np.add.reduceat(square[order], starts)

    def _grow(self, number: int) -> None:
        more = number - len(self.series)
        if more > 0:
            for name in ("series", "mean", "errors", "seen", "roots", "squares"):
                old = getattr(self, name)
                setattr(self, name, np.concatenate([old, np.zeros((more, *old.shape[1:]), old.dtype)]))


@dataclass(frozen=True)
class Totals:
    """G groups: ``mean`` G × H and ``intervals`` G × H × levels × 2 a day; ``sums`` (G) and ``sum_intervals`` over all days."""

    series: Ints
    mean: Floats
    intervals: Floats
    sums: Floats
    sum_intervals: Floats


@dataclass(frozen=True)
class LevelErrors:
    """What a level's groups have in common: how errors go together (ρ), grow with the distance, are spread, and add up."""

    correlation: float
    growth: Floats
    scores: Floats
    sum_ratio: float
    sum_scores: Floats


def learn_level(groups: GroupSums) -> LevelErrors:
    """From the backtest of the sums, pooled over the groups that have one.

    With equal correlation ρ between any two of a group's series, the mean squared error of the sum is
    Σ r² + ρ ((Σ r)² - Σ r²), with r the series' own root mean squared errors. A group of one series says nothing about ρ.
    """
    usable, errors = _usable(groups)
    own, known = _mean_squares(errors, usable)
    pairs = groups.roots**2 - groups.squares
    together = float(((own - groups.squares) * known).sum() / max(float((pairs * known).sum()), SMALLEST))
    correlation = float(np.clip(together, 0.0, 1.0)) if (pairs * known).sum() > SMALLEST else 0.0
    standard = np.where(usable, errors / np.sqrt(np.maximum(own, SMALLEST))[:, None, None], 0)
    growth = _growth(standard, usable)
    sums, over = _horizon_sums(errors, usable)
    ratio = np.where(over, sums / np.sqrt(np.maximum(own * groups.horizon, SMALLEST))[:, None], 0)
    sum_ratio = float((ratio**2).sum() / over.sum()) if over.any() else 1 + (groups.horizon - 1) * correlation
    return LevelErrors(
        correlation=correlation,
        growth=growth,
        scores=_scores((standard / growth)[usable]),
        sum_ratio=sum_ratio,
        sum_scores=_scores((ratio / np.sqrt(max(sum_ratio, SMALLEST)))[over]),
    )


def total_up(groups: GroupSums, level: LevelErrors) -> Totals:
    """Means and intervals of the groups. A group's squared error is its own, and the level's for what it lacks."""
    usable, errors = _usable(groups)
    own, _ = _mean_squares(errors, usable)
    expected = groups.squares + level.correlation * (groups.roots**2 - groups.squares)
    origins = usable.any(axis=2).sum(axis=1)
    square = (origins * own + LEVEL_ORIGINS * expected) / (origins + LEVEL_ORIGINS)
    usual = np.maximum(groups.mean.mean(axis=1, keepdims=True), SMALLEST)
    deviation = np.sqrt(square[:, None] * groups.mean / usual) * level.growth
    sums, over = _horizon_sums(errors, usable)
    count = over.sum(axis=1)
    of_sums = (sums**2).sum(axis=1) / np.maximum(count, 1)
    of_level = level.sum_ratio * square * groups.horizon
    sum_deviation = np.sqrt((count * of_sums + LEVEL_ORIGINS * of_level) / (count + LEVEL_ORIGINS))
    total = groups.mean.sum(axis=1)
    return Totals(
        series=groups.series,
        mean=groups.mean,
        intervals=_bounds(groups.mean, deviation, level.scores),
        sums=total,
        sum_intervals=_bounds(total, sum_deviation, level.sum_scores),
    )


def _usable(groups: GroupSums) -> tuple[Bools, Floats]:
    """Cells of the backtest that hold most of a group, and their errors raised to what the whole group's would be."""
    share = groups.seen / np.maximum(groups.squares, SMALLEST)[:, None, None]
    usable: Bools = (share >= LEAST_SHARE) & (groups.squares > SMALLEST)[:, None, None]
    return usable, np.where(usable, groups.errors / np.sqrt(np.where(usable, share, 1)), 0)


def _mean_squares(errors: Floats, usable: Bools) -> tuple[Floats, Bools]:
    """Mean squared error of each group, and which have one."""
    cells = usable.sum(axis=(1, 2))
    return (errors.astype(np.float64) ** 2).sum(axis=(1, 2)) / np.maximum(cells, 1), cells > 0


def _growth(standard: Floats, usable: Bools) -> Floats:
    """How errors grow with the distance (H), never falling; 1 on average."""
    count = usable.sum(axis=(0, 1)) + NORMAL_CELLS
    squares = ((standard.astype(np.float64) ** 2).sum(axis=(0, 1)) + NORMAL_CELLS) / count
    rising_squares = np.maximum.accumulate(np.convolve(np.pad(squares, 3, "edge"), np.full(7, 1 / 7), "valid"))
    growth: Floats = np.sqrt(rising_squares / rising_squares.mean())
    return growth


def _horizon_sums(errors: Floats, usable: Bools) -> tuple[Floats, Bools]:
    """Errors of the sum over the horizon (G × places), of the origins whose horizon is over."""
    over = np.asarray(usable.all(axis=2))
    return np.where(over, errors.sum(axis=2, dtype=np.float64), 0), over


def _scores(standard: Floats) -> Floats:
    """Quantiles of standardised errors at ``TAILS``; few of them are mixed with the normal distribution's."""
    normal = normal_scores(TAILS)
    if not len(standard):
        return normal
    share = len(standard) / (len(standard) + NORMAL_CELLS)
    scores: Floats = share * np.quantile(standard, TAILS) + (1 - share) * normal
    return scores


def _bounds(mean: Floats, deviation: Floats, scores: Floats) -> Floats:
    """… × levels × 2: at least 0, the wider level around the narrower."""
    bounds = rising(np.maximum(mean[..., None] + deviation[..., None] * np.sort(scores), 0))
    return np.stack([bounds[..., [1, 2]], bounds[..., [0, 3]]], axis=-2)
