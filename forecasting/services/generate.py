"""Forecasts of many products of one store, written in one step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from django.core.exceptions import ValidationError
from django.db import transaction

from analytics.services.products import require_known_products
from forecasting.calc.arrays import Floats
from forecasting.calc.config import (
    ARIMA,
    DAY_LEVELS,
    ENSEMBLE,
    INTERVAL_LEVELS,
    LINEAR,
    LSTM,
    SEASONAL,
    SEASONAL_NAIVE,
    SUM_LEVELS,
    ForecastConfig,
)
from forecasting.calc.contract import REASONS
from forecasting.calc.model_bytes import pack_paths
from forecasting.calc.panel import DemandSum, ExtraCandidate, Panel, PanelForecast, forecast_panel
from forecasting.calc.protection import (
    ASSUMED_LEAD_TIME_DAYS,
    ASSUMED_REVIEW_DAYS,
    LONGEST_DAYS,
    lead_days,
    protection_days,
)
from forecasting.frames.calendar import Coming
from forecasting.frames.demand import load_daily_demand
from forecasting.frames.supply import Source, load_sources
from forecasting.models import ForecastRun, ProductDemandForecast
from forecasting.services.as_of import as_of
from forecasting.services.backtests import forget_backtests, replace_backtests
from forecasting.services.forecastability import classify_series
from forecasting.services.global_paths import global_candidates
from forecasting.services.known_ahead import coming_effects, lay_over_new, load_panel, packed_errors
from invencare.lib.upsert import upsert_values
from inventory.models import Store

HISTORY_DAYS = 1092  # 156 weeks: two years to know the season of the year from, and one to test it on
DECIMALS = 4
BAND_DECIMALS = 2  # of quantiles and bounds by day: the bulk of a row


@dataclass(frozen=True)
class ForecastResults:
    """What one call wrote: the forecasts by product id, and the days of history of those with too few."""

    forecasts: dict[int, ProductDemandForecast]
    too_short: dict[int, int]


@dataclass(frozen=True)
class StorePanel:
    """Products of one store as the engine takes them, up to ``last_day``, with what was known before ``known_by`` (None: now);
    ``coming``: what is on ahead, by name; ``sum_periods``: days of protection and of lead time, one each."""

    product_ids: tuple[int, ...]
    last_day: date
    known_by: datetime | None
    panel: Panel
    coming: tuple[Coming, ...]
    sum_periods: tuple[Any, Any]

    def global_candidates(self, config: ForecastConfig, *, run: ForecastRun | None = None) -> list[ExtraCandidate]:
        """What the models that were trained on all series say (see ``forecasting.services.global_paths``)."""
        return global_candidates(self.panel, config, last_day=self.last_day, sum_periods=self.sum_periods, run=run)


@transaction.atomic
def forecast_series(
    *,
    store: Store,
    product_ids: Sequence[int],
    forecast_date: date,
    horizon_days: int = 28,
    models: tuple[str, ...] = (ENSEMBLE,),
    run: ForecastRun | None = None,
    now: datetime,
) -> ForecastResults:
    """Forecast ``horizon_days`` from ``forecast_date`` on, from the sales up to the day before it.

    Replaces what was forecast for that day, and keeps each product's XYZ class. A product with fewer than 7 days
    since its first sale is not forecast and loses a forecast of that day that it had. Takes about 0.1 MB of memory a product: call it with some hundreds
    at a time. Raises ``ValidationError`` for a horizon that is not 1 to 91 days and for
    unknown products.
    """
    if not 1 <= horizon_days <= LONGEST_DAYS:
        raise ValidationError({"horizon_days": f"The horizon is 1 to {LONGEST_DAYS} days."})
    if not product_ids:
        return ForecastResults({}, {})
    loaded = load_store_panel(store=store, product_ids=product_ids, forecast_date=forecast_date, now=now)
    config = ForecastConfig(horizon=horizon_days, longest_sum=LONGEST_DAYS, models=models)
    panel = forecast_panel(
        loaded.panel, config, sum_periods=loaded.sum_periods, extra=loaded.global_candidates(config, run=run)
    )
    classify_series(panel, loaded.panel.demand, loaded.product_ids, store_id=store.pk, forecast_date=forecast_date)
    return _write(panel, loaded, store_id=store.pk, forecast_date=forecast_date, run=run, now=now)


def load_store_panel(*, store: Store, product_ids: Sequence[int], forecast_date: date, now: datetime) -> StorePanel:
    """What these products sold in this store up to the day before ``forecast_date``, when they were in stock, and what is
    known ahead: for a past day, what was known when it began.

    Raises ``ValidationError`` for unknown products.
    """
    history = load_daily_demand(
        store_id=store.pk, product_ids=product_ids, last_day=forecast_date - timedelta(days=1), days=HISTORY_DAYS
    )
    known_by = as_of(store=store, forecast_date=forecast_date, now=now)
    require_known_products(history.product_ids, history.known_ids)
    panel, coming = load_panel(store=store, history=history, known_by=known_by)
    return StorePanel(
        product_ids=history.product_ids,
        last_day=history.last_day,
        panel=panel,
        coming=coming,
        known_by=known_by,
        sum_periods=_sum_days(history.product_ids, load_sources(history.product_ids)),
    )


def unwritten_forecast(
    panel: PanelForecast, row: int, *, product_id: int, coming: Sequence[Coming], **own: Any
) -> ProductDemandForecast:
    """The row of one series as a night writes it, not yet written. Raises ``ValueError`` for a number that is none."""
    _require_finite(panel, row, product_id)
    return _forecast_row(panel, row, run=None, product_id=product_id, coming=coming, **own)


def _write(
    panel: PanelForecast,
    loaded: StorePanel,
    *,
    store_id: int,
    forecast_date: date,
    run: ForecastRun | None,
    now: datetime,
) -> ForecastResults:
    """Replace the day's rows of the series that are forecast, and delete those of the others."""
    product_ids = loaded.product_ids
    day: dict[str, Any] = {"store_id": store_id, "forecast_date": forecast_date}
    forecasts: dict[int, ProductDemandForecast] = {}
    for row in np.flatnonzero(panel.is_forecast).tolist():
        product_id = product_ids[row]
        _require_finite(panel, row, product_id)
        forecasts[product_id] = _forecast_row(
            panel, row, product_id=product_id, run=run, coming=loaded.coming, created_at=now, **day
        )
    lay_over_new(list(forecasts.values()), known_by=loaded.known_by, **day)
    _write_forecasts(list(forecasts.values()))
    replace_backtests(panel, product_ids, **day)
    too_short = {
        product_ids[row]: int(panel.history_periods[row]) for row in np.flatnonzero(~panel.is_forecast).tolist()
    }
    if too_short:
        ProductDemandForecast.objects.filter(product_id__in=too_short, **day).delete()
        forget_backtests(too_short, **day)
    return ForecastResults(forecasts, too_short)


def _write_forecasts(forecasts: list[ProductDemandForecast]) -> None:
    columns = [field.attname for field in ProductDemandForecast._meta.concrete_fields if not field.primary_key]
    rows = ([getattr(forecast, column) for column in columns] for forecast in forecasts)
    upsert_values(ProductDemandForecast, columns, rows, key=("product", "store", "forecast_date", "forecast_period"))


def _sum_days(product_ids: Sequence[int], sources: dict[int, Source]) -> tuple[Any, Any]:
    """Days of the protection interval and of the lead time, one of each per product."""
    protection, lead = [], []
    for product_id in product_ids:
        source = sources.get(product_id)
        lead_time = source.lead_time_days if source else ASSUMED_LEAD_TIME_DAYS
        review = source.review_days if source else ASSUMED_REVIEW_DAYS
        protection.append(protection_days(lead_time_days=lead_time, review_days=review))
        lead.append(lead_days(lead_time))
    return np.array(protection, dtype=np.int64), np.array(lead, dtype=np.int64)


def _require_finite(panel: PanelForecast, row: int, product_id: int) -> None:
    numbers = [panel.mean[row], panel.quantiles[row], panel.intervals[row]]
    numbers += [part.quantiles[row] for part in (panel.horizon, *panel.sums)]
    if not all(np.isfinite(part).all() for part in numbers):
        raise ValueError(f"the forecast of product {product_id} is no finite number")


def _forecast_row(
    panel: PanelForecast, row: int, *, run: ForecastRun | None, coming: Sequence[Coming], **own: Any
) -> ProductDemandForecast:
    totals = dict(zip(panel.models, panel.model_paths[row].sum(axis=1).tolist(), strict=True))
    seasonal = totals[SEASONAL] if np.isfinite(totals[SEASONAL]) else totals[SEASONAL_NAIVE]
    interval = _levels(panel.horizon.quantiles[row], SUM_LEVELS)
    wape = _known(panel.accuracy[panel.models.index(ENSEMBLE)].wape[row])
    protection, lead_time = panel.sums
    return ProductDemandForecast(
        run=run,
        forecast_period=panel.mean.shape[1],
        linear_forecast=_known(totals[LINEAR]),
        seasonal_forecast=_known(seasonal),
        arima_forecast=_known(totals[ARIMA]),
        lstm_forecast=_known(totals.get(LSTM, np.nan)),
        ensemble_forecast=_rounded(panel.horizon.mean[row]),
        confidence_interval_lower=interval["0.025"],
        confidence_interval_upper=interval["0.975"],
        forecast_accuracy_score=None if wape is None else round(max(100 * (1 - wape), 0.0), 2),
        model=panel.models[panel.chosen[row]],
        historical_data_points=int(panel.known_periods[row]),
        sold_mean=_known(panel.sold_mean[row]),
        demand_mean=_known(panel.demand_mean[row]),
        daily={
            "mean": _listed(panel.mean[row]),
            "intervals": {
                str(level): [_listed(panel.intervals[row, :, column, side], BAND_DECIMALS) for side in (0, 1)]
                for column, level in enumerate(INTERVAL_LEVELS)
            },
            "effects": coming_effects(panel, row, coming),
            "reason": REASONS[panel.reason[row]],
            "rank": {model: int(rank) for model, rank in zip(panel.models, panel.rank[row], strict=True) if rank},
            "quantiles": {
                str(level): _listed(panel.quantiles[row, :, column], BAND_DECIMALS)
                for column, level in enumerate(DAY_LEVELS)
            },
            "naive": _path(panel.model_paths[row, panel.models.index(SEASONAL_NAIVE)]),
            "scales": [_known(scale) for scale in panel.scales[row]],
        },
        backtest_errors=packed_errors(panel, row),
        model_paths=pack_paths(panel.models, panel.model_paths[row]),
        protection={**_sum_json(protection, row), "lead_time": _sum_json(lead_time, row)},
        **own,
    )


def _sum_json(demand: DemandSum, row: int) -> dict[str, Any]:
    return {
        "days": int(demand.periods[row]),
        "mean": _rounded(demand.mean[row]),
        "quantiles": _levels(demand.quantiles[row], SUM_LEVELS),
        "basis": "backtest errors" if demand.from_backtest[row] else "normal spread",
    }


def _levels(quantiles: Any, levels: tuple[float, ...]) -> dict[str, float]:
    return {str(level): _rounded(value) for level, value in zip(levels, quantiles, strict=True)}


def _known(value: Any) -> float | None:
    """A number for the database, or nothing where it could not be measured."""
    return _rounded(value) if np.isfinite(value) else None


def _path(values: Floats) -> list[float] | None:
    """A model's path, or nothing where it has none."""
    return _listed(values) if np.isfinite(values).all() else None


def _listed(values: Floats, decimals: int = DECIMALS) -> list[float]:
    """As short as JSON can say it: slow movers' quantiles are whole numbers, which take a quarter of the room."""
    rounded = values.astype(np.float64).round(decimals)
    whole = rounded.astype(np.int64)
    listed: list[float] = (whole if (whole == rounded).all() else rounded).tolist()
    return listed


def _rounded(value: Any) -> float:
    return round(float(value), DECIMALS)
