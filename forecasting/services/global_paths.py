"""What stored global models say about some products of one store, as candidates of their forecast."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
from django.core.exceptions import ValidationError

from forecasting.calc.arrays import Ints
from forecasting.calc.config import ENSEMBLE, GRADIENT_BOOSTING, MODELS, ForecastConfig
from forecasting.calc.direct_features import OtherFeaturesError
from forecasting.calc.event_plans import event_plans
from forecasting.calc.history import uncensored
from forecasting.calc.panel import ExtraCandidate, Panel, backtest_origins, days_ahead
from forecasting.calc.protection import LONGEST_DAYS
from forecasting.calc.sales_history import History
from forecasting.models import ForecastRun
from forecasting.services.global_models import GLOBAL_MODELS
from forecasting.services.tiers import tier_parameters
from forecasting.services.trained_models import ModelKey, UnreadableModel, load, newest_models, why_untrained

logger = logging.getLogger(__name__)

EPOCH = date(1970, 1, 1)


def global_candidates(
    panel: Panel,
    config: ForecastConfig,
    *,
    last_day: date,
    sum_periods: Sequence[Ints],
    run: ForecastRun | None,
) -> list[ExtraCandidate]:
    """The paths of the run's models; without a run, of the newest ones that had seen nothing after ``last_day``.

    A model that the ensemble would only have gained from is left out where it cannot be read, and the run's row says so. One that was asked for by name raises ``ValidationError``.
    """
    unknown = sorted(set(config.models) - {*MODELS, *GLOBAL_MODELS})
    if unknown:
        raise ValidationError({"models": f"no such model here: {', '.join(unknown)}"})
    named = [name for name in config.models if name in GLOBAL_MODELS]
    wanted = named or ([GRADIENT_BOOSTING] if ENSEMBLE in config.models else [])
    keys = newest_models(wanted, last_day=last_day) if run is None or named else _models_of(run)
    missing = sorted(set(named) - {key.name for key in keys})
    if missing:
        raise ValidationError({"models": _why_missing(missing[0], last_day)})
    history = store_history(panel, last_day=last_day)
    origins = backtest_origins(panel, config)
    candidates = []
    for key in keys:
        try:
            paths = load(key).paths(history, origins, days_ahead(config, sum_periods))
        except (UnreadableModel, OtherFeaturesError, ImportError) as error:
            if key.name in named:
                raise ValidationError({"models": f"{key.name}: {error}"}) from error
            _say(run, key.name, str(error))
        else:
            candidates.append(ExtraCandidate(key.name, paths))
    return candidates


def store_history(panel: Panel, *, last_day: date) -> History:
    """A store's panel, whose last day is ``last_day``, as the global models see it.

    Demand of a day is what was sold over the share of the day in stock, unknown under a half, as the engine's backtest
    has it. What people gave as a multiple of the usual is taken out: the engine multiplies every path by it. Holidays and
    named events are plans where any is on; which columns a model learned from is kept with it.
    """
    days = panel.demand.shape[1]
    in_stock = np.ones(panel.demand.shape) if panel.in_stock is None else panel.in_stock
    demand = uncensored(panel.demand, in_stock)[0]
    if panel.given is not None:
        given = panel.given[:, :days].astype(np.float32)
        demand = np.where(given > 0, demand / np.where(given > 0, given, 1), np.float32(np.nan))
    on = event_plans(panel.effects, demand, LONGEST_DAYS)
    beside: dict[str, Any] = {} if on is None else vars(on)
    return History(
        demand,
        first_day=(last_day - EPOCH).days - days + 1,
        price=panel.price,
        promotion=panel.promotion,
        in_stock=in_stock.astype(np.float32),
        **beside,
    )


def tier_of_day(names: Sequence[str], *, last_day: date) -> dict[str, object]:
    """What a run that trains nothing itself says about its tier: of ``names`` the newest models that had seen nothing after
    ``last_day``. One query each, and two more for a model that is not there."""
    keys = newest_models(names, last_day=last_day)
    missing = [name for name in names if name not in {key.name for key in keys}]
    left_out = {} if GRADIENT_BOOSTING in names else {GRADIENT_BOOSTING: "not in NIGHTLY_MODELS"}
    return tier_parameters(keys, left_out | {name: why_untrained(name, last_day=last_day) for name in missing})


def _models_of(run: ForecastRun) -> list[ModelKey]:
    return [ModelKey(name, **stored) for name, stored in run.parameters.get("trained_models", {}).items()]


def _why_missing(name: str, last_day: date) -> str:
    reason = why_untrained(name, last_day=last_day)
    return f"{name} has not been trained on this site in the last week: {reason}"


def _say(run: ForecastRun | None, name: str, problem: str) -> None:
    """Write on the run's row, once, that a worker had to go without a model."""
    logger.warning("%s takes no part in the forecast: %s", name, problem)
    if run is None:
        return
    locked = ForecastRun.objects.select_for_update().get(pk=run.pk)
    said = f"{name}, on a part of the workers: {problem}"
    if said not in locked.parameters.get("tier_reason", ""):
        reasons = [locked.parameters.get("tier_reason", ""), said]
        locked.parameters = {**locked.parameters, "tier_reason": "; ".join(filter(None, reasons))}
        locked.save(update_fields=["parameters"])
