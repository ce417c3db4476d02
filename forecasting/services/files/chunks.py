"""Series of a staged file as the arrays that the engine takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from forecasting.services.files.stage import Calendar, Staging

MOST_SERIES = 1000
# A panel with more series than this goes in at least two chunks, so that a second process has work.
SPLIT_FROM = 500
BOOSTING_SAMPLE_SERIES = 2000

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Chunk:
    """S series over the file's T periods: see ``forecasting.calc.panel.Panel`` for what the arrays mean."""

    keys: Ints
    demand: Floats
    groups: Ints | None
    in_stock: Floats | None
    promotion: Floats | None
    price: Floats | None


def chunk_bounds(series: int) -> list[tuple[int, int]]:
    """Half-open ranges of keys, of equal size but for one; they depend on the number of series alone, never on jobs.

    Worked: 2,500 series → 834, 833, 833.
    """
    chunks = max(-(-series // MOST_SERIES), 2 if series > SPLIT_FROM else 1)
    edges = [-(-series * place // chunks) for place in range(chunks + 1)]
    return [(first, last) for first, last in pairwise(edges) if last > first]


def read_chunks(staging: Staging, horizon: int) -> Iterator[Chunk]:
    for first, last in chunk_bounds(staging.summary.series):
        yield read_chunk(staging, np.arange(first, last), f"key BETWEEN {first} AND {last - 1}", horizon)


def read_sample(staging: Staging, horizon: int) -> Chunk:
    """Up to ``BOOSTING_SAMPLE_SERIES`` series, evenly over the file: what the global model is trained on."""
    series = staging.summary.series
    step = max(-(-series // BOOSTING_SAMPLE_SERIES), 1)
    return read_chunk(staging, np.arange(0, series, step), f"key % {step} = 0", horizon)


def read_chunk(staging: Staging, keys: Ints, chosen: str, horizon: int) -> Chunk:
    """The series of ``keys`` (rising), which the condition ``chosen`` finds in the tables."""
    calendar = staging.calendar
    rows = staging.connection.execute(
        f"SELECT key, period, quantity, price, promotion, in_stock FROM periods WHERE {chosen}"
        f" AND period < {calendar.periods + horizon} ORDER BY key, period"
    ).fetchnumpy()
    spans = staging.connection.execute(
        f"SELECT first, last, category_code, store_code FROM series WHERE {chosen} ORDER BY key"
    ).fetchnumpy()
    row = np.searchsorted(keys, np.asarray(rows["key"]))
    period = np.asarray(rows["period"])
    first = (np.asarray(spans["first"]) - calendar.start) // calendar.period_days
    last = (np.asarray(spans["last"]) - calendar.start) // calendar.period_days
    known_until = last if staging.summary.is_complete else np.full(len(keys), calendar.periods - 1)
    past = period < calendar.periods
    return Chunk(
        keys=keys,
        demand=_demand(calendar, first, known_until, row[past], period[past], np.asarray(rows["quantity"])[past]),
        groups=_groups(staging, spans),
        in_stock=_in_stock(staging, len(keys), row[past], period[past], np.asarray(rows["in_stock"])[past]),
        promotion=_promotion(staging, len(keys), horizon, row, period, np.asarray(rows["promotion"])),
        price=_price(staging, len(keys), horizon, row, period, np.asarray(rows["price"])),
    )


def _demand(calendar: Calendar, first: Ints, known_until: Ints, row: Ints, period: Ints, quantity: Floats) -> Floats:
    """Days without a row are zero sales from a series' first row on, and unknown before."""
    column = np.arange(calendar.periods)
    is_on = (column >= first[:, None]) & (column <= known_until[:, None])
    demand = np.where(is_on, 0.0, np.nan)
    demand[row, period] = quantity
    return demand


def _groups(staging: Staging, spans: dict[str, npt.NDArray[np.int32]]) -> Ints | None:
    for column in ("category", "store"):
        if staging.has(column):
            return np.asarray(spans[f"{column}_code"], dtype=np.int64)
    return None


def _in_stock(staging: Staging, series: int, row: Ints, period: Ints, share: Floats) -> Floats | None:
    if not staging.has("in_stock"):
        return None
    in_stock = np.ones((series, staging.calendar.periods), dtype=np.float32)
    in_stock[row, period] = share
    return in_stock


def _promotion(staging: Staging, series: int, horizon: int, row: Ints, period: Ints, strength: Floats) -> Floats | None:
    """No row, no promotion; known past the end where the file plans ahead at all."""
    if not staging.has("promotion"):
        return None
    width = staging.calendar.periods + (horizon if staging.plans_ahead else 0)
    promotion = np.zeros((series, width), dtype=np.float32)
    inside = period < width
    promotion[row[inside], period[inside]] = strength[inside]
    return promotion


def _price(staging: Staging, series: int, horizon: int, row: Ints, period: Ints, price: Floats) -> Floats | None:
    """Days without a price keep the last one; past the end, where the file plans ahead at all, today's."""
    if not staging.has("price"):
        return None
    periods = staging.calendar.periods
    prices = np.full((series, periods + (horizon if staging.plans_ahead else 0)), np.nan, dtype=np.float32)
    inside = period < prices.shape[1]
    prices[row[inside], period[inside]] = price[inside]
    known = np.isfinite(prices[:, :periods])
    latest = np.maximum.accumulate(np.where(known, np.arange(periods), -1), axis=1)
    carried = np.take_along_axis(prices[:, :periods], np.maximum(latest, 0), axis=1)
    prices[:, :periods] = np.where(latest >= 0, carried, np.nan)
    planned = prices[:, periods:]
    planned[:] = np.where(np.isfinite(planned), planned, prices[:, periods - 1 : periods])
    return prices
