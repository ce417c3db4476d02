"""DI-2: the demand expected of a product, a category or everything, out of what the night served; light."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.core.exceptions import ValidationError

from forecasting.models import DemandForecastTotal, ProductDemandForecast, TrainedModel
from inventory.querysets.scope import StoreScope

Level = DemandForecastTotal.Level
DEFAULT_DAYS = 30
INNER, OUTER = "0.8", "0.95"


class NoForecast(Exception):
    """The night has made no forecast of this."""


@dataclass(frozen=True)
class ExpectedDemand:
    """Units a day from ``first_day`` on, summed over ``series`` forecasts of a product in a store.

    ``intervals`` maps 0.8 and 0.95 to lower and upper days; empty where only some stores' sums are known. Sums are from the
    bottom, so that categories agree with their products.
    """

    first_day: date
    mean: list[float]
    intervals: dict[str, list[list[float]]]
    series: int
    horizon_days: int


def expected_demand(*, scope: StoreScope, product: Any, category: str | None, days: int | None) -> ExpectedDemand:
    """The newest night's sum. Raises ``NoForecast``, and ``ValidationError`` for more days than the night forecasts."""
    rows = _company_rows(product, category) if scope.all_stores else _scoped_rows(scope, product, category)
    newest = rows.order_by("-forecast_date", "-forecast_period").values_list("forecast_date", "forecast_period").first()
    if newest is None:
        raise NoForecast("The night has made no forecast of this. Run the job “Nightly analysis” (manage.py nightly).")
    first_day, horizon = newest
    asked = min(DEFAULT_DAYS, horizon) if days is None else days
    if asked > horizon:
        raise ValidationError({"forecast_days": f"The night forecasts {horizon} days; ask for at most that many."})
    paths = list(rows.filter(forecast_date=first_day, forecast_period=horizon))
    mean = [sum(path.daily["mean"][day] for path in paths) for day in range(asked)]
    whole = paths[0] if scope.all_stores else None
    intervals = whole.daily.get("intervals", {}) if whole else {}
    return ExpectedDemand(
        first_day=first_day,
        mean=[round(value, 4) for value in mean],
        intervals={
            level: [side[:asked] for side in intervals[level]] for level in (INNER, OUTER) if level in intervals
        },
        series=sum(getattr(path, "series", 1) for path in paths),
        horizon_days=horizon,
    )


def _company_rows(product: Any, category: str | None) -> Any:
    rows = DemandForecastTotal.objects.all()
    if product is not None:
        return rows.filter(level=Level.PRODUCT, product=product)
    if category is not None:
        return rows.filter(level=Level.CATEGORY, category=category)
    return rows.filter(level=Level.COMPANY)


def _scoped_rows(scope: StoreScope, product: Any, category: str | None) -> Any:
    if product is not None:
        return ProductDemandForecast.objects.visible_to(scope).filter(product=product)
    rows = DemandForecastTotal.objects.visible_to(scope)
    if category is not None:
        return rows.filter(level=Level.STORE_CATEGORY, category=category)
    return rows.filter(level=Level.STORE)


def boosting_features() -> dict[str, float]:
    """Share of the trees' gain by feature of the newest gradient boosting, greatest first; empty where none is kept."""
    newest = TrainedModel.objects.filter(kind=TrainedModel.Kind.DEMAND, name="gradient_boosting")
    features = newest.order_by("-trained_until", "-version").values_list("features", flat=True).first() or {}
    return dict(sorted(features.get("gains", {}).items(), key=lambda one: -one[1]))


def days_of(expected: ExpectedDemand) -> list[dict[str, Any]]:
    """One dict per day, with the bounds where they are known."""
    answer = []
    for place, units in enumerate(expected.mean):
        day: dict[str, Any] = {"date": expected.first_day + timedelta(days=place), "expected_units": units}
        for level, name in ((INNER, "80"), (OUTER, "95")):
            bounds = expected.intervals.get(level)
            day[f"lower_{name}"] = bounds[0][place] if bounds else None
            day[f"upper_{name}"] = bounds[1][place] if bounds else None
        answer.append(day)
    return answer
