"""The newest backtest of every series and model, replaced by each new one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import numpy as np

from forecasting.calc.arrays import Floats
from forecasting.calc.contract import Accuracy
from forecasting.calc.panel import PanelForecast
from forecasting.models import ForecastAccuracy
from invencare.lib.upsert import upsert_values
from inventory.services.locking import in_chunks

MEASURES = ("wape", "mase", "rmsse", "bias", "pinball", "coverage_80", "coverage_95")
COLUMNS = ("store_id", "product_id", "model", "forecast_date", *MEASURES, "points", "demand_units", "rank", "is_chosen")
DECIMALS = 4


def replace_backtests(panel: PanelForecast, product_ids: Sequence[int], *, store_id: int, forecast_date: date) -> None:
    """Write the panel's backtests; what models measured before and no longer do goes. Three queries, and
    one more where something goes.

    A series that has a newer backtest keeps it: forecasting a past day again must not set it back.
    """
    newer = ForecastAccuracy.objects.filter(
        store_id=store_id, product_id__in=product_ids, forecast_date__gt=forecast_date
    )
    keep = set(newer.order_by().values_list("product_id", flat=True).distinct())
    rows = [row for row in np.flatnonzero(panel.is_forecast).tolist() if product_ids[row] not in keep]
    ids = [product_ids[row] for row in rows]
    values: list[tuple[Any, ...]] = []
    for place, accuracy in enumerate(panel.accuracy):
        values += zip(
            *_constants(len(rows), store_id, ids, accuracy.model, forecast_date),
            *(_known(getattr(accuracy, name)[rows]) for name in MEASURES),
            accuracy.points[rows].tolist(),
            _demand(accuracy, rows),
            panel.rank[rows, place].tolist(),
            (panel.chosen[rows] == place).tolist(),
            strict=True,
        )
    upsert_values(ForecastAccuracy, COLUMNS, values, key=("store", "product", "model"))
    _drop(ForecastAccuracy.objects.filter(store_id=store_id, product_id__in=ids, forecast_date__lt=forecast_date))


def forget_backtests(product_ids: Iterable[int], *, store_id: int, forecast_date: date) -> None:
    """Of series that have too little history on that day."""
    rows = ForecastAccuracy.objects.filter(store_id=store_id, product_id__in=list(product_ids))
    _drop(rows.filter(forecast_date__lte=forecast_date))


def _drop(rows: Any) -> None:
    """Delete by primary key, what a plain read found: a DELETE by date would look through the index of days and wait for
    the rows that other workers are just writing, who wait for ours."""
    ids = list(rows.order_by("pk").values_list("pk", flat=True))
    for some in in_chunks(ids):
        ForecastAccuracy.objects.filter(pk__in=some).delete()


def _constants(count: int, store_id: int, ids: list[int], model: str, day: date) -> tuple[list[Any], ...]:
    return [store_id] * count, ids, [model] * count, [day] * count


def _demand(accuracy: Accuracy, rows: list[int]) -> list[float]:
    demand: list[float] = np.nan_to_num(accuracy.demand[rows]).round(DECIMALS).tolist()
    return demand


def _known(values: Floats) -> list[float | None]:
    """Numbers for the database, and nothing where it could not be measured."""
    rounded = values.astype(np.float64).round(DECIMALS)
    return [
        value if known else None for value, known in zip(rounded.tolist(), np.isfinite(rounded).tolist(), strict=True)
    ]
