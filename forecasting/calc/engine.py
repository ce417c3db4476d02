"""The forecast of one chunk of series: backtest, weights, gate, intervals, sums, in this order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from forecasting.calc.arrays import Bools, Floats, Ints
from forecasting.calc.backtest import Scores, crossed_weights, demand_after, mixed_path, score
from forecasting.calc.candidates import Candidate, candidates
from forecasting.calc.config import ENSEMBLE, EXPONENTIAL_SMOOTHING, MODELS, PLAIN_MODELS, WEEKDAY_MEAN, ForecastConfig
from forecasting.calc.contract import PLAIN_IS_BEST, Accuracy, ExtraCandidate, Panel, PanelForecast
from forecasting.calc.gate import Gate, pass_gate
from forecasting.calc.history import History, clean
from forecasting.calc.intermittent import follow_occurrences
from forecasting.calc.intervals import Spread, learn_spread, quantiles_of
from forecasting.calc.measures import accuracy_of, best_candidates, ranks, with_coverage, yardsticks
from forecasting.calc.origins import least_known, origins_before
from forecasting.calc.plain import PlainMemory
from forecasting.calc.sums import SumErrors
from forecasting.calc.view import Views

UNTESTED_MODELS = (WEEKDAY_MEAN, EXPONENTIAL_SMOOTHING)


class Forecasters:
    """All candidates of a chunk at any of its origins, extra ones included."""

    def __init__(self, history: History, origins: Ints, ahead: int, extra: Sequence[ExtraCandidate]) -> None:
        self.views = Views(history, origins, ahead)
        self.plain = PlainMemory(history)
        self.occurrences = follow_occurrences(history, origins)
        self.extra = extra

    def at(self, position: int) -> list[Candidate]:
        made = list(candidates(self.views.at(position), self.plain, self.occurrences))
        fallback = made[2].path
        for one in self.extra:
            path = one.paths[:, position].T
            answered = np.isfinite(path)
            made.append(Candidate(one.model, one.model, np.where(answered, np.maximum(path, 0), fallback)))
        return made


@dataclass(frozen=True)
class Served:
    """What is served: at the backtest's origins (O × D × S), from the end (D × S), and how it came about."""

    backtest: Floats
    path: Floats
    final: list[Candidate]
    weights: Floats
    gate: Gate


def forecast_chunk(
    panel: Panel, config: ForecastConfig, ahead: int, sum_periods: Sequence[Ints], extra: Sequence[ExtraCandidate]
) -> PanelForecast:
    """One chunk's answer; see ``forecast_panel``. ``ahead`` is the longest path that is needed."""
    history = clean(panel, ahead)
    added = history.periods - panel.demand.shape[1]
    origins = origins_before(panel.demand.shape[1], history.season, config.backtest_origins) + added
    forecasters = Forecasters(history, origins, ahead, extra)
    least = least_known(panel.demand.shape[1], history.season)
    actual = demand_after(history, origins[:-1], ahead, least)
    mean, dispersion = (part[-1] for part in forecasters.views.moments)
    scale = np.sqrt(np.maximum(mean * dispersion, 1e-12))
    scores = _score(forecasters, actual[:, : config.horizon], scale, history.series)
    served = _serve(forecasters, scores, actual, config, history)
    spread = learn_spread(
        served.backtest, actual, mean, dispersion, history.whole, config.levels + (0.5,), config.interval_levels
    )
    return _answer(panel, history, config, forecasters, scores, served, spread, actual, sum_periods, origins - added)


def _score(forecasters: Forecasters, actual: Floats, scale: Floats, series: int) -> Scores:
    if len(actual):
        return score(forecasters.at, actual, scale)
    made = forecasters.at(0)
    shape = (1, len(made), series)
    nothing = np.zeros(shape, np.float32)
    gram = np.zeros((1, len(made), len(made)))
    names, models = tuple(one.name for one in made), tuple(one.model for one in made)
    return Scores(names, models, nothing, nothing, nothing, np.zeros((1, series), np.float32), gram, scale)


def _serve(
    forecasters: Forecasters, scores: Scores, actual: Floats, config: ForecastConfig, history: History
) -> Served:
    allowed = _allowed(scores, config)
    crossed, weights = crossed_weights(scores, allowed, history.groups)
    plain_places = [scores.models.index(name) for name in PLAIN_MODELS]
    mixed = np.empty(actual.shape, np.float32)
    plain = np.empty((len(plain_places), *actual.shape), np.float32)
    for position in range(len(actual)):
        made = forecasters.at(position)
        mixed[position] = mixed_path(made, crossed[position])
        for row, place in enumerate(plain_places):
            plain[row, position] = made[place].path
    horizon = config.horizon
    gate = pass_gate(mixed[:, :horizon], plain[:, :, :horizon], actual[:, :horizon])
    series = np.arange(history.series)
    chosen_plain = plain[gate.plain, :, :, series].transpose(1, 2, 0)
    final = forecasters.at(len(forecasters.views.origins) - 1)
    final_plain = np.stack([final[place].path for place in plain_places])[gate.plain, :, series].T
    weights = weights * (1 - gate.share)
    for row, place in enumerate(plain_places):
        weights[place] += gate.share * (gate.plain == row)
    return Served(
        backtest=mixed + gate.share * (chosen_plain - mixed),
        path=mixed_path(final, weights),
        final=final,
        weights=weights,
        gate=gate,
    )


def _allowed(scores: Scores, config: ForecastConfig) -> Bools:
    """The candidates that the ensemble is made of: those of the models asked for, or all.

    Smoothing and the weekday mean where nothing could be tested, and where none of the models asked for can answer: the
    season of the year in the first year.
    """
    allowed = np.array([ENSEMBLE in config.models or model in config.models for model in scores.models])
    plain = np.array([model in UNTESTED_MODELS for model in scores.models])
    untested = ENSEMBLE in config.models and not scores.points.any()
    return plain if untested or not allowed.any() else allowed


def _answer(
    panel: Panel,
    history: History,
    config: ForecastConfig,
    forecasters: Forecasters,
    scores: Scores,
    served: Served,
    spread: Spread,
    actual: Floats,
    sum_periods: Sequence[Ints],
    origins: Ints,
) -> PanelForecast:
    horizon, series = config.horizon, history.series
    models = _models(scores)
    best = best_candidates(scores, models)
    quantiles, intervals = quantiles_of(spread, served.path[:horizon])
    sums = SumErrors(served.backtest, actual, spread, config.sum_levels)
    whole_horizon = np.full(series, horizon, dtype=np.int64)
    accuracy = _accuracies(models, best, scores, served, spread, actual[:, :horizon], history, config)
    squared = np.stack([one.rmsse for one in accuracy], axis=1)
    history_periods = history.periods - history.first
    asked = config.models[0] if len(config.models) == 1 else ENSEMBLE
    plain = np.array([models.index(name) for name in PLAIN_MODELS])[served.gate.plain]
    chosen = np.where(served.gate.reason == PLAIN_IS_BEST, plain, models.index(asked))
    return PanelForecast(
        is_forecast=history_periods >= config.minimum_history,
        history_periods=history_periods.astype(np.int64),
        known_periods=history.known.sum(axis=0).astype(np.int64),
        repaired=history.repaired,
        mean=served.path[:horizon].T,
        median=quantiles[:, :, -1].T,
        quantiles=quantiles[:, :, :-1].transpose(1, 0, 2),
        intervals=intervals.transpose(1, 0, 2, 3),
        models=models,
        model_paths=_model_paths(models, best, served, horizon),
        chosen=chosen,
        reason=served.gate.reason,
        rank=ranks(squared),
        candidates=scores.names,
        weights=served.weights.T,
        accuracy=accuracy,
        origins=origins[:-1],
        backtest_paths=served.backtest[:, :horizon].transpose(2, 0, 1),
        horizon=sums.demand(served.path, whole_horizon),
        sums=tuple(sums.demand(served.path, periods) for periods in sum_periods),
    )


def _models(scores: Scores) -> tuple[str, ...]:
    """The engine's models, the extra ones before the ensemble."""
    own = tuple(model for model in MODELS if model != ENSEMBLE)
    return own + tuple(dict.fromkeys(model for model in scores.models if model not in MODELS)) + (ENSEMBLE,)


def _model_paths(models: tuple[str, ...], best: dict[str, Ints], served: Served, horizon: int) -> Floats:
    """Each model's best candidate, S × M × H; NaN for a model that has none (no yearly one in the first year)."""
    series = served.path.shape[1]
    paths = np.full((len(models), horizon, series), np.nan, np.float32)
    made = np.stack([one.path[:horizon] for one in served.final])
    for place, model in enumerate(models):
        if model == ENSEMBLE:
            paths[place] = served.path[:horizon]
        elif model in best:
            paths[place] = made[best[model], :, np.arange(series)].T
    return paths.transpose(2, 0, 1)


def _accuracies(
    models: tuple[str, ...],
    best: dict[str, Ints],
    scores: Scores,
    served: Served,
    spread: Spread,
    actual: Floats,
    history: History,
    config: ForecastConfig,
) -> tuple[Accuracy, ...]:
    against = yardsticks(history, actual)
    series = np.arange(history.series)
    totals = [part.sum(axis=0) for part in (scores.squared, scores.absolute, scores.signed)]
    paths = served.backtest[:, : actual.shape[1]]
    error = np.where(np.isfinite(actual), actual - paths, 0)
    nothing = np.full(history.series, np.nan)
    rows = []
    for model in models[:-1]:
        own = [total[best[model], series] for total in totals] if model in best else [nothing] * 3
        rows.append(accuracy_of(model, own[0], own[1], own[2], against))
    squared = np.einsum("ohs,ohs->s", error, error)
    ensemble = accuracy_of(ENSEMBLE, squared, np.abs(error).sum(axis=(0, 1)), error.sum(axis=(0, 1)), against)
    rows.append(with_coverage(ensemble, spread, paths, actual, config.levels, config.interval_levels))
    return tuple(rows)
