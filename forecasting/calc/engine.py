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
from forecasting.calc.drift import drift_factors
from forecasting.calc.gate import Gate, error_sums, open_gate
from forecasting.calc.history import History, clean
from forecasting.calc.intermittent import follow_occurrences
from forecasting.calc.intervals import Spread, learn_spread, quantiles_of
from forecasting.calc.measures import accuracy_of, best_candidates, ranks, scales, with_coverage, yardsticks
from forecasting.calc.origins import judges, least_known, origins_before, own_share
from forecasting.calc.plain import PlainMemory
from forecasting.calc.sums import SumErrors
from forecasting.calc.view import Views

UNTESTED_MODELS = (WEEKDAY_MEAN, EXPONENTIAL_SMOOTHING)
TINY_VARIANCE = 1e-12


class Forecasters:
    """All candidates of a chunk at any of its origins, extra ones included."""

    def __init__(self, history: History, origins: Ints, ahead: int, extra: Sequence[ExtraCandidate]) -> None:
        self.views = Views(history, origins, ahead)
        self.plain = PlainMemory(history)
        self.occurrences = follow_occurrences(history, origins)
        self.extra = extra

    def at(self, position: int) -> list[Candidate]:
        given = self.views.given_ahead(position)
        made = self._made(position)
        return made if given is None else [replace(one, path=one.path * given) for one in made]

    def _made(self, position: int) -> list[Candidate]:
        made = list(candidates(self.views.at(position), self.plain, self.occurrences))
        fallback = made[2].path
        for one in self.extra:
            path = one.paths[:, position].T
            answered = np.isfinite(path)
            made.append(Candidate(one.model, one.model, np.where(answered, np.maximum(path, 0), fallback)))
        return made


@dataclass(frozen=True)
class Tested:
    """A chunk after its backtest. ``actual`` is O × D × S: what came after each origin but the last; NaN unknown."""

    config: ForecastConfig
    history: History
    forecasters: Forecasters
    origins: Ints
    actual: Floats
    scores: Scores

    @property
    def near(self) -> Floats:
        """What came within the horizon: O × H × S."""
        return self.actual[:, : self.config.horizon]


@dataclass(frozen=True)
class Served:
    """What is served: at the backtest's origins (O × D × S), from the end (D × S), and how it came about.

    ``honest`` is what would have been served at an origin by the weights and the gate of those that judge it: its errors are
    out of sample, and intervals are made from them.
    """

    backtest: Floats
    honest: Floats
    path: Floats
    final: list[Candidate]
    weights: Floats
    gate: Gate


def forecast_chunk(
    panel: Panel, config: ForecastConfig, ahead: int, sum_periods: Sequence[Ints], extra: Sequence[ExtraCandidate]
) -> PanelForecast:
    """One chunk's answer; see ``forecast_panel``. ``ahead`` is the longest path that is needed."""
    periods = panel.demand.shape[1]
    history = clean(panel, ahead)
    added = history.periods - periods
    origins = origins_before(periods, history.season, config.backtest_origins)
    forecasters = Forecasters(history, origins + added, ahead, extra)
    actual = demand_after(history, origins[:-1] + added, ahead, least_known(periods, history.season))
    for position in range(len(actual) if history.given is not None else 0):
        actual[position] *= forecasters.views.given_ahead(position)
    mean, dispersion = (part[-1] for part in forecasters.views.moments)
    scale = np.sqrt(np.maximum(mean * dispersion, TINY_VARIANCE))
    scores = score(forecasters.at, actual[:, : config.horizon], scale)
    tested = Tested(config, history, forecasters, origins[:-1], actual, scores)
    judging = judges(origins[:-1], config.horizon)
    served = _serve(tested, judging)
    is_seldom = forecasters.occurrences.is_intermittent[-1]
    spread = learn_spread(served.honest, actual, mean, dispersion, history.whole, is_seldom, judging, config)
    return _answer(tested, served, spread, sum_periods, origins)


def _serve(tested: Tested, judging: Bools) -> Served:
    """Weigh the candidates, take out the standing miss, draw the mixture to the better plain model where it lost, and go on
    from the end."""
    forecasters, scores, actual, near = tested.forecasters, tested.scores, tested.actual, tested.near
    allowed = _allowed(scores, tested.config)
    crossed, weights = crossed_weights(scores, allowed, tested.history.groups, judging, _credit(tested, allowed))
    places = [scores.models.index(name) for name in PLAIN_MODELS]
    mixed = np.empty(actual.shape, np.float32)
    plain = np.empty((len(places), *actual.shape), np.float32)
    for position in range(len(actual)):
        made = forecasters.at(position)
        mixed[position] = mixed_path(made, crossed[position])
        for row, place in enumerate(places):
            plain[row, position] = made[place].path
    factors = np.ones(len(actual) + 1, np.float32)
    if ENSEMBLE in tested.config.models:  # a model that was asked for by its name stays what it is
        factors = drift_factors(mixed, near, tested.origins)
    mixed *= factors[:-1, None, None]
    gate, honest = _gated(mixed, plain, tested, judging) if tested.config.gated else (open_gate(near.shape[2]), mixed)
    final = forecasters.at(len(actual))
    path = gate.drawn(factors[-1] * mixed_path(final, weights), np.stack([final[place].path for place in places]))
    weights = weights * (1 - gate.share)
    for row, place in enumerate(places):
        weights[place] += gate.share * (gate.plain == row)
    return Served(gate.drawn(mixed, plain), honest, path, final, weights, gate)


def _gated(mixed: Floats, plain: Floats, tested: Tested, judging: Bools) -> tuple[Gate, Floats]:
    """The gate of all origins, and each origin's paths as the gate of those that judge it would have drawn them."""
    near = tested.near
    sums = error_sums(mixed, plain, near, own_share(tested.origins, near.shape[1]))
    honest = np.empty_like(mixed)
    for position, origins in enumerate(judging):
        honest[position] = sums.gate(origins).drawn(mixed[position], plain[:, position])
    return sums.gate(np.ones(len(near), dtype=bool)), honest


def _allowed(scores: Scores, config: ForecastConfig) -> Bools:
    """The candidates that the ensemble is made of: those of the models asked for, or all.

    Smoothing and the weekday mean where nothing could be tested, and where none of the models asked for can answer: the
    season of the year in the first year.
    """
    allowed = np.array([ENSEMBLE in config.models or model in config.models for model in scores.models])
    plain = np.array([model in UNTESTED_MODELS for model in scores.models])
    untested = ENSEMBLE in config.models and not scores.points.any()
    return plain if untested or not allowed.any() else allowed


def _credit(tested: Tested, allowed: Bools) -> Floats:
    """What the models from outside weigh beyond their backtest (C), together: the share of the history that they had not seen there.

    They learn from all that is known, and what answers at a past origin is an earlier one that knew less: of 90 days perhaps 60. Its
    errors are no measure of today's. Nothing where no other model is in the ensemble.
    """
    learned = allowed & np.array([model not in MODELS for model in tested.scores.models])
    if not learned.any() or learned[allowed].all() or not len(tested.origins):
        return np.zeros(len(allowed))
    unseen = 1 - float(tested.origins.mean()) / tested.history.periods
    return np.where(learned, unseen / learned.sum(), 0.0)


def _answer(
    tested: Tested, served: Served, spread: Spread, sum_periods: Sequence[Ints], origins: Ints
) -> PanelForecast:
    config, history, scores = tested.config, tested.history, tested.scores
    *_, periods = origins.tolist()
    models = _models(scores)
    best = best_candidates(scores, models)
    quantiles, intervals, median = quantiles_of(spread, served.path[: config.horizon])
    coming = _calendar(tested)
    closed = coming == 0  # nobody can buy: there is nothing to be unsure about
    quantiles[closed], intervals[closed], median[closed] = 0, 0, 0
    sums = SumErrors(served.honest, tested.actual, spread, config.sum_levels)
    accuracy = _accuracies(models, best, tested, served, spread)
    return PanelForecast(
        is_forecast=history.periods - history.first >= config.minimum_history,
        history_periods=history.periods - history.first,
        known_periods=history.known.sum(axis=0).astype(np.int64),
        repaired=history.repaired,
        sold_mean=history.sold_mean,
        demand_mean=tested.forecasters.views.moments[0][-1],
        mean=served.path[: config.horizon].T,
        median=median.T,
        quantiles=quantiles.transpose(1, 0, 2),
        intervals=intervals.transpose(1, 0, 2, 3),
        models=models,
        model_paths=_model_paths(models, best, served, config.horizon),
        chosen=_chosen(models, served.gate, config),
        reason=served.gate.reason,
        rank=ranks(np.stack([one.rmsse for one in accuracy], axis=1)),
        candidates=scores.names,
        weights=served.weights.T,
        accuracy=accuracy,
        scales=scales(history),
        periods=periods,
        origins=origins[:-1],
        backtest_paths=served.backtest[:, : config.horizon].transpose(2, 0, 1),
        backtest_errors=(tested.near - served.honest[:, : config.horizon]).transpose(2, 0, 1),
        effects=tuple(effect.name for effect in history.effects),
        uplifts=_uplifts(tested),
        calendar=coming.T,
        horizon=sums.demand(served.path, np.full(history.series, config.horizon, dtype=np.int64)),
        sums=tuple(sums.demand(served.path, periods) for periods in sum_periods),
    )


def _calendar(tested: Tested) -> Floats:
    """What effects, days of the month and given multiples make of the horizon: H × S."""
    views, horizon = tested.forecasters.views, tested.config.horizon
    coming = np.broadcast_to(views.calendar_ahead(-1), (views.ahead, tested.history.series))[:horizon]
    given = views.given_ahead(-1)
    return coming.copy() if given is None else coming * given[:horizon]


def _uplifts(tested: Tested) -> Floats:
    """The effects' uplifts as they are known now: S × effects."""
    calendar = tested.forecasters.views.calendars[-1]
    return np.ones((tested.history.series, 0), np.float32) if calendar is None else calendar.uplifts.T


def _models(scores: Scores) -> tuple[str, ...]:
    """The engine's models, the extra ones before the ensemble."""
    own = tuple(model for model in MODELS if model != ENSEMBLE)
    return own + tuple(dict.fromkeys(model for model in scores.models if model not in MODELS)) + (ENSEMBLE,)


def _chosen(models: tuple[str, ...], gate: Gate, config: ForecastConfig) -> Ints:
    asked = config.models[0] if len(config.models) == 1 else ENSEMBLE
    plain = np.array([models.index(name) for name in PLAIN_MODELS])[gate.plain]
    chosen: Ints = np.where(gate.reason == PLAIN_IS_BEST, plain, models.index(asked)).astype(np.int64)
    return chosen


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
    models: tuple[str, ...], best: dict[str, Ints], tested: Tested, served: Served, spread: Spread
) -> tuple[Accuracy, ...]:
    """One for each model, by its best candidate per series; of the ensemble, with what its intervals held."""
    against = yardsticks(tested.history, tested.near)
    series = np.arange(tested.history.series)
    scores = tested.scores
    totals = [part.sum(axis=0) for part in (scores.squared, scores.absolute, scores.signed)]
    nothing = np.full(len(series), np.nan)
    rows = []
    for model in models[:-1]:
        own = [total[best[model], series] for total in totals] if model in best else [nothing] * 3
        rows.append(accuracy_of(model, own[0], own[1], own[2], against))
    paths = served.backtest[:, : tested.config.horizon]
    error = np.where(np.isfinite(tested.near), tested.near - paths, 0)
    squared = np.einsum("ohs,ohs->s", error, error)
    ensemble = accuracy_of(ENSEMBLE, squared, np.abs(error).sum(axis=(0, 1)), error.sum(axis=(0, 1)), against)
    rows.append(with_coverage(ensemble, spread, served.honest[:, : tested.config.horizon], tested.near, tested.config))
    return tuple(rows)
