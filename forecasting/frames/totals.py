"""The forecasts of one day, product by product, as batches of series."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from forecasting.calc.error_bytes import unpack_errors
from forecasting.calc.totals import SeriesBatch
from forecasting.models import ProductDemandForecast

BATCH_SERIES = 2000


@dataclass(frozen=True)
class ForecastBatch:
    """Whole products, ascending: ids of the product and store (n each), the product's category, and the series."""

    product_ids: npt.NDArray[np.int64]
    store_ids: npt.NDArray[np.int64]
    categories: list[str]
    series: SeriesBatch


def load_forecast_batches(*, forecast_date: date, horizon_days: int) -> Iterator[ForecastBatch]:
    """All forecasts of the day with this horizon, in batches of about 2,000. One query, read as it goes."""
    rows = (
        ProductDemandForecast.objects.filter(forecast_date=forecast_date, forecast_period=horizon_days)
        .order_by("product_id", "store_id")
        .values_list("product_id", "store_id", "product__category", "daily", "backtest_errors")
    )
    kept: list[Any] = []
    for row in rows.iterator(chunk_size=BATCH_SERIES):
        if len(kept) >= BATCH_SERIES and row[0] != kept[-1][0]:
            yield _batch(kept)
            kept = []
        kept.append(row)
    if kept:
        yield _batch(kept)


def _batch(rows: list[Any]) -> ForecastBatch:
    errors = [unpack_errors(bytes(packed)) if packed else None for *_, packed in rows]
    return ForecastBatch(
        product_ids=np.array([row[0] for row in rows], dtype=np.int64),
        store_ids=np.array([row[1] for row in rows], dtype=np.int64),
        categories=[row[2] for row in rows],
        series=SeriesBatch.of([row[3]["mean"] for row in rows], errors),
    )
