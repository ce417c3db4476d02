"""Training of the global models on a sample of a company's series: once a night, never inside a web request."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

import numpy as np
from django.db import OperationalError

from forecasting.calc.config import ForecastConfig
from forecasting.calc.panel import Panel, backtest_origins
from forecasting.calc.sales_history import History, joined
from forecasting.calc.trial import Trial, try_model
from forecasting.frames.demand import load_daily_demand
from forecasting.services.as_of import as_of
from forecasting.services.global_models import GLOBAL_MODELS
from forecasting.services.global_paths import store_history
from forecasting.services.known_ahead import load_panel
from forecasting.services.trained_models import ModelKey, Stored, Training, find_trained, keep
from inventory.models import Store

logger = logging.getLogger(__name__)

HISTORY_DAYS = 1092  # as much as a forecast looks at
LEAST_DAYS = 7
MOST_SERIES = 1000
TOO_SHORT = "the histories are too short to train it on"
MESSAGE_LENGTH = 300

Series = tuple[int, int]
"""(store id, product id)"""


@dataclass(frozen=True)
class TrainingOutcome:
    """The models that can be used, and by name why the others cannot."""

    models: list[ModelKey] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)


def train_models(
    *,
    names: Sequence[str],
    series: Iterable[Series],
    last_day: date,
    horizon_days: int,
    seed: int,
    code_version: str,
    now: datetime,
) -> TrainingOutcome:
    """Train each of ``names`` on up to 1,000 of the ``series``, drawn by ``seed``, and store it; what is stored stays.

    Sees no sales after ``last_day``. A model that loses to the seasonal naive on its trial is stored and not promoted. Nothing that goes wrong with a model stops the others: it is a problem of the
    outcome. Only a failing database goes through to the caller. Holds no transaction while it works.
    """
    outcome = TrainingOutcome()
    sample = _Sample(series, last_day=last_day, seed=seed, now=now)
    for name in names:
        if name not in GLOBAL_MODELS:
            outcome.problems[name] = f"there is no such model; there are {', '.join(GLOBAL_MODELS)}"
            continue
        training = Training(
            name,
            first_day=last_day - timedelta(days=HISTORY_DAYS - 1),
            last_day=last_day,
            horizon_days=horizon_days,
            seed=seed,
            code_version=code_version,
        )
        try:
            stored = find_trained(training) or _train(training, sample, now=now)
        except OperationalError:
            raise
        except ImportError as error:
            outcome.problems[name] = str(error)
        except Exception as error:
            logger.exception("%s could not be trained", name)
            outcome.problems[name] = f"{type(error).__name__}: {error}"[:MESSAGE_LENGTH]
        else:
            if stored is None:
                outcome.problems[name] = TOO_SHORT
            elif stored.refusal:
                outcome.problems[name] = f"not promoted: {stored.refusal}"
            else:
                outcome.models.append(stored.key)
    return outcome


class _Sample:
    """The sampled series' history, read when the first model wants it."""

    def __init__(self, series: Iterable[Series], *, last_day: date, seed: int, now: datetime) -> None:
        self._series = series
        self._last_day = last_day
        self._seed = seed
        self._now = now

    @cached_property
    def history(self) -> History:
        by_store: dict[int, list[int]] = {}
        for store_id, product_id in _drawn(self._series, self._seed):
            by_store.setdefault(store_id, []).append(product_id)
        stores = Store.objects.in_bulk(by_store)
        parts = [self._of_store(stores[store_id], product_ids) for store_id, product_ids in by_store.items()]
        return _without_empty_front(joined(parts) if parts else _nothing(self._last_day))

    def _of_store(self, store: Store, product_ids: list[int]) -> History:
        sales = load_daily_demand(
            store_id=store.pk, product_ids=product_ids, last_day=self._last_day, days=HISTORY_DAYS
        )
        known_by = as_of(store=store, forecast_date=self._last_day + timedelta(days=1), now=self._now)
        panel, _ = load_panel(store=store, history=sales, known_by=known_by, whole=True)
        return store_history(panel, last_day=self._last_day)


def _drawn(series: Iterable[Series], seed: int) -> list[Series]:
    every = sorted(series)
    if len(every) <= MOST_SERIES:
        return every
    chosen = np.random.default_rng(seed).choice(len(every), MOST_SERIES, replace=False)
    return [every[place] for place in sorted(chosen.tolist())]


def _without_empty_front(history: History) -> History:
    """Without the days before any of the series is known; at least a week is left."""
    days = history.demand.shape[1]
    known = np.flatnonzero(np.isfinite(history.demand).any(axis=0))
    return history.since(min(int(known[0]) if known.size else days, days - LEAST_DAYS))


def _nothing(last_day: date) -> History:
    return store_history(Panel(np.empty((0, HISTORY_DAYS), np.float32)), last_day=last_day)


def _train(training: Training, sample: _Sample, *, now: datetime) -> Stored | None:
    """The stored model, or None where the histories are too short for one."""
    model = GLOBAL_MODELS[training.name]
    history = sample.history
    began = time.process_time()
    origins = backtest_origins(Panel(history.demand), ForecastConfig(horizon=training.horizon_days))
    trained = model.train(history, origins, training.horizon_days, training.seed)
    if not trained.is_trained:
        return None
    trial = try_model(trained, history, origins, training.horizon_days)
    metrics: dict[str, Any] = {
        "series": int(history.demand.shape[0]),
        "days": int(history.demand.shape[1]),
        "processor_seconds": round(time.process_time() - began, 2),
        "trial": asdict(trial),
    }
    return keep(trained, training, metrics=metrics, refusal="" if trial.is_passed else _refusal(trial), now=now)


def _refusal(trial: Trial) -> str:
    return f"it lost to the seasonal naive on its trial: WAPE {trial.wape:.1%} against {trial.naive_wape:.1%}."
