"""The forecast of one product in one store when somebody asks for it, by the models that they name (PA-4, PA-5)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import numpy as np
from django.core.exceptions import ValidationError
from django.db import transaction

from forecasting.calc.arrays import Floats
from forecasting.calc.config import (
    ARIMA,
    DEFAULT_MODELS,
    ENSEMBLE,
    INTERVAL_LEVELS,
    LINEAR,
    LSTM,
    NAMED_MODELS,
    SEASONAL,
    SUM_LEVELS,
    ForecastConfig,
)
from forecasting.calc.panel import PanelForecast, forecast_panel
from forecasting.calc.protection import LONGEST_DAYS
from forecasting.frames.peers import load_peer_ids
from forecasting.models import ProductDemandForecast
from forecasting.services.errors import InsufficientHistory, ModelUnavailable
from forecasting.services.generate import DECIMALS, StorePanel, load_store_panel, unwritten_forecast
from forecasting.services.known_ahead import lay_over_new
from invencare.lib import clock
from invencare.lib.upsert import upsert
from inventory.models import Product, Store

MOST_PEERS = (
    119  # with the product itself a panel of 120: about what a shop's night sees together, in well under a second
)
LOWEST, HIGHEST = SUM_LEVELS.index(0.025), SUM_LEVELS.index(0.975)
# The columns of PA-5 that hold a model's sum over the period.
COLUMNS = {LINEAR: "linear_forecast", SEASONAL: "seasonal_forecast", ARIMA: "arima_forecast", LSTM: "lstm_forecast"}


@transaction.atomic
def generate_forecast(
    *,
    store: Store,
    product: Product,
    horizon_days: int = 30,
    models: Sequence[str] = DEFAULT_MODELS,
    forecast_date: date | None = None,
    now: datetime,
) -> ProductDemandForecast:
    """Forecast ``horizon_days`` from ``forecast_date`` on (today in the store), and write it over that day's forecast.

    The row serves what the night would: the ensemble past its gate. ``daily["models"]`` holds each model asked for, as
    it is, with bounds from its own backtest: ``mean``, ``lower`` and ``upper`` per day, ``total`` with its bounds and
    ``accuracy_score``. The product is seen together with up to 119 others of the store, as at night, so that it borrows
    what it cannot know.

    Raises ``ValidationError`` for a horizon that is not 1 to 91 days, no or an unknown model, and a day that has not
    come; ``InsufficientHistory``; and ``ModelUnavailable``.
    """
    today = clock.business_date(now, store.zone)
    day = forecast_date or today
    asked = _checked(horizon_days=horizon_days, models=models, day=day, today=today)
    peers = load_peer_ids(store_id=store.pk, product=product, most=MOST_PEERS)
    loaded = load_store_panel(store=store, product_ids=[product.pk, *peers], forecast_date=day, now=now)
    place = loaded.product_ids.index(product.pk)
    served = _forecast(loaded, ForecastConfig(horizon=horizon_days, longest_sum=LONGEST_DAYS))
    if not served.is_forecast[place]:
        raise InsufficientHistory(int(served.history_periods[place]))
    named = {model: _named(loaded, model, horizon_days, place) for model in asked if model != ENSEMBLE}
    own: dict[str, Any] = {"product_id": product.pk, "store_id": store.pk, "forecast_date": day, "created_at": now}
    row = unwritten_forecast(served, place, coming=loaded.coming, **own)
    for model, column in COLUMNS.items():
        if model in named:
            setattr(row, column, named[model]["total"])
    lay_over_new([row], store_id=store.pk, forecast_date=day, known_by=loaded.known_by)
    row.daily["models"] = {model: named.get(model) or _served(row) for model in asked}
    upsert([row], key=("product", "store", "forecast_date", "forecast_period"))
    return row


def _checked(*, horizon_days: int, models: Sequence[str], day: date, today: date) -> list[str]:
    """The models, each once, in the order of ``NAMED_MODELS``."""
    errors = {}
    if not 1 <= horizon_days <= LONGEST_DAYS:
        errors["forecast_period"] = f"The period is 1 to {LONGEST_DAYS} days."
    unknown = sorted(set(models) - set(NAMED_MODELS))
    if unknown or not models:
        errors["models"] = f"Choose from {', '.join(NAMED_MODELS)}."
    if day > today:
        errors["forecast_date"] = f"The sales of the days before {day} are not known yet: today is {today} there."
    if errors:
        raise ValidationError(errors)
    return [model for model in NAMED_MODELS if model in models]


def _served(row: ProductDemandForecast) -> dict[str, Any]:
    """What the ensemble answers: what is served, with what people laid over it."""
    lower, upper = row.daily["intervals"]["0.95"]
    return {
        "mean": row.daily["mean"],
        "lower": lower,
        "upper": upper,
        "total": row.ensemble_forecast,
        "total_lower": row.confidence_interval_lower,
        "total_upper": row.confidence_interval_upper,
        "accuracy_score": row.forecast_accuracy_score,
    }


def _forecast(loaded: StorePanel, config: ForecastConfig) -> PanelForecast:
    """The panel's forecast with what was trained on all series; raises ``ModelUnavailable`` where a named one was not."""
    try:
        extra = loaded.global_candidates(config)
    except ValidationError as error:
        raise ModelUnavailable(config.models[0], " ".join(error.messages)) from error
    return forecast_panel(loaded.panel, config, sum_periods=loaded.sum_periods, extra=extra)


def _named(loaded: StorePanel, model: str, horizon_days: int, place: int) -> dict[str, Any]:
    """One model's answer for the product, by itself."""
    panel = _forecast(
        loaded, ForecastConfig(horizon=horizon_days, longest_sum=LONGEST_DAYS, models=(model,), gated=False)
    )
    bounds = panel.intervals[place, :, INTERVAL_LEVELS.index(0.95)]
    total = panel.horizon.quantiles[place]
    answer: dict[str, Any] = {
        "mean": _listed(panel.mean[place]),
        "lower": _listed(bounds[:, 0]),
        "upper": _listed(bounds[:, 1]),
        "total": _rounded(panel.horizon.mean[place]),
        "total_lower": _rounded(total[LOWEST]),
        "total_upper": _rounded(total[HIGHEST]),
    }
    if not all(np.isfinite(part).all() for part in answer.values()):
        raise ValueError(f"the forecast of {model} for product {loaded.product_ids[place]} is no finite number")
    wape = float(panel.accuracy[panel.models.index(ENSEMBLE)].wape[place])
    score = round(max(100 * (1 - wape), 0.0), 2) if np.isfinite(wape) else None
    return {**answer, "accuracy_score": score}


def _listed(values: Floats) -> list[float]:
    return [_rounded(value) for value in values]


def _rounded(value: Any) -> float:
    return round(float(value), DECIMALS)
