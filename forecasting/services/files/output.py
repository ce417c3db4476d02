"""Forecasts gathered chunk by chunk in the staging database, and written to OUT in one piece at the end."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from forecasting.services.files.options import is_parquet, level_name
from forecasting.services.files.stage import Staging
from forecasting.services.files.work import ChunkForecast

DECIMALS = 4


def create_results(staging: Staging, levels: tuple[float, ...]) -> None:
    bounds = "".join(f', "{column}" DOUBLE' for column in _bound_columns(levels))
    staging.connection.execute(
        f"CREATE TABLE results (key INTEGER, step INTEGER, mean DOUBLE, median DOUBLE{bounds}, model VARCHAR);"
        "CREATE TABLE unanswered (key INTEGER, history_periods INTEGER)"
    )


def add_results(staging: Staging, forecast: ChunkForecast) -> None:
    answered = forecast.model != ""
    horizon = forecast.mean.shape[1]
    keys = forecast.keys[answered]
    bounds = forecast.bounds[answered].reshape(len(keys) * horizon, -1)
    columns = {
        "key": np.repeat(keys, horizon),
        "step": np.tile(np.arange(1, horizon + 1), len(keys)),
        "mean": forecast.mean[answered].reshape(-1),
        "median": forecast.median[answered].reshape(-1),
        **{f"bound_{place}": np.ascontiguousarray(bounds[:, place]) for place in range(bounds.shape[1])},
        "model": np.repeat(forecast.model[answered], horizon),
    }
    if len(keys):
        staging.connection.register("part", columns)
        staging.connection.execute("INSERT INTO results SELECT * FROM part")
        staging.connection.unregister("part")
    if not answered.all():
        rows = zip(forecast.keys[~answered].tolist(), forecast.history_periods[~answered].tolist(), strict=True)
        staging.connection.executemany("INSERT INTO unanswered VALUES (?, ?)", list(rows))


def write_results(staging: Staging, target: Path, levels: tuple[float, ...]) -> None:
    """Write beside OUT and rename: a reader never sees half a file, and a failure leaves an earlier OUT alone."""
    numbers = ", ".join(
        f'round("{column}", {DECIMALS}) AS "{column}"' for column in ("mean", "median", *_bound_columns(levels))
    )
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.part")
    kind = "FORMAT parquet, COMPRESSION zstd" if is_parquet(target) else "FORMAT csv, HEADER"
    path = str(unfinished).replace("'", "''")
    try:
        staging.connection.execute(
            f"COPY (SELECT {_series_id(staging)} AS series_id, {_date(staging, target)} AS date, {numbers}, model"
            f" FROM results JOIN series USING (key) ORDER BY key, step) TO '{path}' ({kind})"
        )
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


def _bound_columns(levels: tuple[float, ...]) -> list[str]:
    return [f"{side}-{level_name(level)}" for level in levels for side in ("lo", "hi")]


def _series_id(staging: Staging) -> str:
    """In the type of IN, so that the two files join."""
    kind = staging.kinds["series_id"]
    return "series_id" if kind == "VARCHAR" else f"CAST(series_id AS {kind})"


def _date(staging: Staging, target: Path) -> str:
    """A calendar day; in Parquet in the type of IN's dates where those were dates."""
    calendar = staging.calendar
    day = f"(DATE '1970-01-01' + ({calendar.end} + step * {calendar.period_days})::INTEGER)"
    kind = staging.kinds["date"]
    keeps_kind = is_parquet(target) and is_parquet(staging.source) and kind != "VARCHAR"
    return f"CAST({day} AS {kind})" if keeps_kind else day
