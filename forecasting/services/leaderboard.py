"""Which model does best where: backtest and live, per store, category and product, now and over time.

Reads sums and loads nothing numeric: pages and the API call it in the light web process. Everything here is limited to
the stores of the scope that it is given.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from forecasting.calc.error_sums import SUM_NAMES, ErrorSums, Measures, measures_of
from forecasting.calc.model_bytes import errors_of_models
from forecasting.models import ForecastAccuracy, ForecastAccuracyHistory, ForecastLiveAccuracy
from forecasting.querysets.accuracy import SERVED
from inventory.models import Product, Store
from inventory.querysets.scope import StoreScope

Kind = Literal["backtest", "live"]
By = Literal["store", "category", "product"]
LIVE_WEEKS = 4


@dataclass(frozen=True)
class Selection:
    """The series that a question is about: those in the scope's stores, or fewer."""

    scope: StoreScope
    store: Store | None = None
    category: str | None = None
    product: Product | None = None


@dataclass(frozen=True)
class ModelMeasures:
    """One model's line. ``measured``: how many series' backtests, or (live) how many series' weeks, stand behind it;
    ``served``: in how many of them it was the model that is served."""

    model: str
    measured: int
    served: int
    measures: Measures


@dataclass(frozen=True)
class Leaderboard:
    """Models, least WAPE first; those that could not be measured come last. ``served`` is all that is served, as one.

    Backtest: every model; ``ensemble`` is what is served. Live: every model on all series' weeks that it had a path for,
    without what people laid over it; ``served`` is with it. Of weeks whose forecasts kept no paths of their models (before
    they were kept) the models that were served are told, each on its own series. The seasonal naive is in every line as
    ``naive_wape``. ``first`` and ``last`` are the days forecast (backtest) or the measured Mondays (live); None: nothing was
    measured yet. ``measured``: the series, or series' weeks, behind ``served``.
    """

    kind: Kind
    first: date | None
    last: date | None
    models: list[ModelMeasures]
    served: Measures
    measured: int


@dataclass(frozen=True)
class GroupMeasures:
    """What was served in one store, category or product. ``key`` is its primary key, or the category's name."""

    key: int | str
    label: str
    measured: int
    measures: Measures


@dataclass(frozen=True)
class DayMeasures:
    """One model in one day's backtests, or what it served in the week of this Monday."""

    day: date
    model: str
    measures: Measures


def leaderboard(
    selection: Selection, *, kind: Kind, weeks: int = LIVE_WEEKS, weeks_ahead: int | None = None
) -> Leaderboard:
    """The newest backtests, or the last ``weeks`` measured weeks. Four queries at most.

    ``weeks_ahead`` (live): 1 is forecasts made 1 to 7 days before, 2 those of 8 to 14 days before …; None: all.
    """
    rows = _newest(selection, kind, weeks, weeks_ahead)
    first, last = rows.days()
    sums = {row["model"]: row for row in rows.sums("model")}
    models = [
        ModelMeasures(model, int(row["sum_series"]), int(row["sum_series_served"]), measures_of(sums_of(row)))
        for model, row in sums.items()
    ]
    served = [row for model, row in sums.items() if kind == "live" or model == SERVED]
    if kind == "live" and first is not None and last is not None:
        counts = {line.model: line.served for line in models}
        models = _every_model(selection, rows, first, last, weeks_ahead, counts) or models
    models.sort(key=lambda line: (line.measures.wape is None, line.measures.wape, line.model))
    measured = sum(int(row["sum_series"]) for row in served)
    return Leaderboard(kind, first, last, models, measures_of(_added(served)), measured)


def breakdown(
    selection: Selection, *, by: By, kind: Kind, weeks: int = LIVE_WEEKS, weeks_ahead: int | None = None
) -> list[GroupMeasures]:
    """What is served per store, category or product, most error first. Four queries at most.

    By product it has a line for every product of the selection: give a store or a category, or a page will be long.
    """
    series = by == "product"
    rows = _newest(selection, kind, weeks, weeks_ahead, of_series=series)
    if kind == "backtest":
        rows = rows.filter(model=SERVED)
    column = {"store": "store_id", "category": "category", "product": "product_id"}[by]
    if by == "category" and rows.model is not ForecastAccuracyHistory:
        column = "product__category"
    found = sorted(rows.sums(column), key=lambda row: (-row["sum_absolute_error"], row[column]))
    labels = _labels(by, [row[column] for row in found])
    return [
        GroupMeasures(row[column], labels[row[column]], int(row["sum_series"]), measures_of(sums_of(row)))
        for row in found
    ]


def over_time(selection: Selection, *, kind: Kind, weeks_ahead: int | None = None) -> list[DayMeasures]:
    """Every model's measures day by day (backtests of each run) or week by week (live), oldest first.

    Of one product only live ones are kept; its backtests are replaced every night.
    """
    if selection.product is not None:
        rows = rows_of_series(selection, "live") if kind == "live" else ForecastAccuracy.objects.none()
    else:
        rows = _history(selection, kind)
    if weeks_ahead is not None:
        rows = rows.filter(weeks_ahead=weeks_ahead)
    day = rows.day_column
    return [
        DayMeasures(row[day], row["model"], measures_of(sums_of(row)))
        for row in sorted(rows.sums(day, "model"), key=lambda row: (row[day], row["model"]))
    ]


def override_value(selection: Selection, *, by: By, weeks: int = LIVE_WEEKS) -> list[GroupMeasures]:
    """What people's overrides were worth: groups with any, least value added first.

    ``measures.override_value_added`` is 1 - error of the overridden forecast / error of the engine's, on the days that
    were changed and have passed.
    """
    groups = [
        group for group in breakdown(selection, by=by, kind="live", weeks=weeks) if group.measures.overridden_points
    ]
    return sorted(groups, key=lambda group: group.measures.override_value_added or 0.0)


def _newest(selection: Selection, kind: Kind, weeks: int, weeks_ahead: int | None, *, of_series: bool = False) -> Any:
    """The rows of now: per series where a product is asked for (or ``of_series``), else the sums kept per category."""
    of_series = of_series or selection.product is not None
    if kind == "backtest":
        if of_series:
            return rows_of_series(selection, kind)
        rows = _history(selection, kind)
        return rows.filter(day=rows.days()[1])
    rows = rows_of_series(selection, "live") if of_series else _history(selection, kind)
    rows = rows.newest_weeks(weeks)
    return rows if weeks_ahead is None else rows.filter(weeks_ahead=weeks_ahead)


def rows_of_series(selection: Selection, kind: Kind) -> Any:
    """The selection's rows per series: of every model's newest backtest, or of every measured week."""
    rows = _in_stores(ForecastAccuracy if kind == "backtest" else ForecastLiveAccuracy, selection)
    if selection.product is not None:
        rows = rows.filter(product=selection.product)
    return rows if selection.category is None else rows.filter(product__category=selection.category)


def _every_model(
    selection: Selection, rows: Any, first: date, last: date, weeks_ahead: int | None, served: Mapping[str, int]
) -> list[ModelMeasures]:
    """Every model's live errors in the weeks from ``first`` to ``last``. One query."""
    if selection.product is not None:
        return _every_model_of_series(rows, served)
    kept = _history(selection, "models").filter(day__gte=first, day__lte=last)
    kept = kept if weeks_ahead is None else kept.filter(weeks_ahead=weeks_ahead)
    return [
        ModelMeasures(row["model"], int(row["sum_series"]), served.get(row["model"], 0), measures_of(sums_of(row)))
        for row in kept.sums("model")
    ]


def _every_model_of_series(rows: Any, served: Mapping[str, int]) -> list[ModelMeasures]:
    """The same of one product's rows, which keep the errors in bytes; in plain Python, since the rows are few."""
    sums: dict[str, ErrorSums] = {}
    counts: dict[str, int] = {}
    for row in rows.exclude(model_errors=None).filter(points__gt=0):
        for model, errors in errors_of_models(bytes(row.model_errors)).items():
            sums[model] = sums.get(model, ErrorSums()) + _on_the_rows_days(row, errors)
            counts[model] = counts.get(model, 0) + 1
    return [ModelMeasures(model, counts[model], served.get(model, 0), measures_of(own)) for model, own in sums.items()]


def _on_the_rows_days(row: ForecastLiveAccuracy, errors: Mapping[str, float]) -> ErrorSums:
    """A model's errors with what it shares with the row: days, demand, and the naive where that is known on all of them."""
    beside: dict[str, float] = {}
    if row.naive_points == row.points:
        beside = {
            "naive_points": row.naive_points,
            "beside_naive_actual_units": row.beside_naive_actual_units,
            "naive_absolute_error": row.naive_absolute_error,
            "beside_naive_absolute_error": errors["absolute_error"],
        }
    return ErrorSums(
        points=row.points, actual_units=row.actual_units, scaled_points=row.scaled_points, **errors, **beside
    )


def _history(selection: Selection, kind: Kind | Literal["models"]) -> Any:
    rows = _in_stores(ForecastAccuracyHistory, selection).filter(kind=kind)
    return rows if selection.category is None else rows.filter(category=selection.category)


def _in_stores(model: Any, selection: Selection) -> Any:
    rows = model.objects.visible_to(selection.scope)
    return rows if selection.store is None else rows.at(selection.store)


def sums_of(row: Mapping[str, Any]) -> ErrorSums:
    """The sums of one row of ``sums()``."""
    return ErrorSums(**{name: row.get(f"sum_{name}", 0.0) for name in SUM_NAMES})


def _added(rows: Iterable[Mapping[str, Any]]) -> ErrorSums:
    return sum((sums_of(row) for row in rows), ErrorSums())


def _labels(by: By, keys: list[Any]) -> dict[Any, str]:
    if by == "store":
        return {store.pk: str(store) for store in Store.objects.filter(pk__in=keys)}
    if by == "product":
        return {product.pk: str(product) for product in Product.objects.filter(pk__in=keys)}
    return {key: key for key in keys}
