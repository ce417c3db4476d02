"""The engine's entry: the forecast of many series at once, in chunks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np

from forecasting.calc.arrays import Floats, Ints
from forecasting.calc.config import MODELS, ForecastConfig
from forecasting.calc.contract import Accuracy, DemandSum, Effect, ExtraCandidate, Panel, PanelForecast
from forecasting.calc.engine import forecast_chunk
from forecasting.calc.history import short_season
from forecasting.calc.origins import origins_before

__all__ = [
    "Accuracy",
    "DemandSum",
    "Effect",
    "ExtraCandidate",
    "Panel",
    "PanelForecast",
    "backtest_origins",
    "days_ahead",
    "forecast_panel",
]


def days_ahead(config: ForecastConfig, sum_periods: Sequence[Ints] = ()) -> int:
    """Periods that every candidate path has: the horizon, or the longest sum where that is longer."""
    return max([config.horizon, *(int(periods.max(initial=0)) for periods in sum_periods)])


def backtest_origins(panel: Panel, config: ForecastConfig) -> Ints:
    """The origins of the backtest, oldest first, without T itself. Extra candidates answer at these and at T."""
    return origins_before(panel.demand.shape[1], short_season(panel), config.backtest_origins)[:-1]


def forecast_panel(
    panel: Panel,
    config: ForecastConfig,
    *,
    sum_periods: Sequence[Ints] = (),
    extra: Sequence[ExtraCandidate] = (),
) -> PanelForecast:
    """Forecast the periods that follow the panel. ``sum_periods`` asks for sums over so many first periods, per series.

    Works in chunks of ``config.chunk_series`` series, each a panel of its own: memory does not grow with the panel, and
    time grows in proportion to it. Answers: no history, or less than ``minimum_history`` periods: ``is_forecast`` is
    False; all zeros: zeros; NaN, infinite: unknown; negative: 0. Raises ``ValueError`` for shapes that do not fit, unknown models, a
    horizon under 1 or over ``longest_horizon``, and sums under 1 or over ``longest_sum``.
    """
    _check(panel, config, sum_periods, extra)
    ahead = days_ahead(config, sum_periods)
    size = config.chunk_series
    chunks = [slice(start, start + size) for start in range(0, max(len(panel.demand), 1), size)]
    parts = [
        forecast_chunk(
            _rows_of_panel(panel, rows),
            config,
            ahead,
            [periods[rows] for periods in sum_periods],
            [replace(one, paths=one.paths[rows]) for one in extra],
        )
        for rows in chunks
    ]
    return parts[0] if len(parts) == 1 else _joined(parts)


def _rows_of_panel(panel: Panel, rows: slice) -> Panel:
    own: dict[str, Any] = {
        name: None if getattr(panel, name) is None else getattr(panel, name)[rows]
        for name in ("demand", "groups", "in_stock", "promotion", "price", "given")
    }
    effects = tuple(replace(effect, strength=effect.strength[rows]) for effect in panel.effects)
    return replace(panel, **own, effects=effects)


def _joined(parts: list[PanelForecast]) -> PanelForecast:
    """One answer from the chunks': arrays put below each other; names and origins are the same in all."""
    first = parts[0]
    shared = {
        "models",
        "origins",
        "horizon",
        "sums",
        "accuracy",
        "candidates",
        "weights",
        "effects",
        "uplifts",
        "periods",
    }
    arrays: dict[str, Any] = {
        field.name: np.concatenate([getattr(part, field.name) for part in parts])
        for field in fields(PanelForecast)
        if field.name not in shared
    }
    candidates = tuple(dict.fromkeys(name for part in parts for name in part.candidates))
    effects = tuple(dict.fromkeys(name for part in parts for name in part.effects))
    return replace(
        first,
        **arrays,
        candidates=candidates,
        weights=np.concatenate([_placed(part.weights, part.candidates, candidates, 0.0) for part in parts]),
        effects=effects,
        uplifts=np.concatenate([_placed(part.uplifts, part.effects, effects, 1.0) for part in parts]),
        accuracy=tuple(
            _joined_accuracy([part.accuracy[place] for part in parts]) for place in range(len(first.models))
        ),
        horizon=_joined_sum([part.horizon for part in parts]),
        sums=tuple(_joined_sum([part.sums[place] for part in parts]) for place in range(len(first.sums))),
    )


def _placed(values: Floats, own: tuple[str, ...], everyone: tuple[str, ...], otherwise: float) -> Floats:
    """A chunk's columns in the columns of all chunks: one chunk may know the year, or an event, where another does not."""
    placed = np.full((len(values), len(everyone)), otherwise, np.float32)
    placed[:, [everyone.index(name) for name in own]] = values
    return placed


def _joined_accuracy(parts: list[Accuracy]) -> Accuracy:
    own: dict[str, Any] = {
        field.name: np.concatenate([getattr(part, field.name) for part in parts])
        for field in fields(Accuracy)
        if field.name != "model"
    }
    return replace(parts[0], **own)


def _joined_sum(parts: list[DemandSum]) -> DemandSum:
    return DemandSum(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(DemandSum)))


def _check(panel: Panel, config: ForecastConfig, sum_periods: Sequence[Ints], extra: Sequence[ExtraCandidate]) -> None:
    if panel.demand.ndim != 2:
        raise ValueError("demand must be series × periods")
    if not 1 <= config.horizon <= config.longest_horizon:
        raise ValueError(f"the horizon must be 1 to {config.longest_horizon} periods")
    series = len(panel.demand)
    _check_beside(panel)
    for asked in sum_periods:
        if asked.shape != (series,) or (asked < 1).any() or (asked > config.longest_sum).any():
            raise ValueError(f"sums need one number of periods per series, from 1 to {config.longest_sum}")
    unknown = set(config.models) - {*MODELS, *(one.model for one in extra)}
    if unknown or not config.models:
        raise ValueError(f"no such model here: {', '.join(sorted(unknown)) or 'none was named'}")
    expected = (series, len(backtest_origins(panel, config)) + 1, days_ahead(config, sum_periods))
    for one in extra:
        if one.paths.shape != expected:
            raise ValueError(f"the paths of {one.model} must have the shape {expected}")


def _check_beside(panel: Panel) -> None:
    """What is known beside the demand fits it."""
    series, periods = panel.demand.shape
    for name in ("in_stock", "promotion", "price", "groups", "given"):
        beside = getattr(panel, name)
        if beside is not None and (len(beside) != series or (beside.ndim == 2 and beside.shape[1] < periods)):
            raise ValueError(f"{name} must have a row for each series and a column for each period")
    for effect in panel.effects:
        if effect.strength.shape != (series, len(effect.periods)) or (np.diff(effect.periods) <= 0).any():
            raise ValueError(f"the effect {effect.name} needs ascending periods and its strength for each series")
