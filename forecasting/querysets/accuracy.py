"""The reading vocabulary of accuracy: newest first, one distance at a time, and sums that add up over any group."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from typing import Any, Self

from django.db.models import Case, Count, F, FloatField, Max, Min, OuterRef, Q, Subquery, Sum, Value, When
from django.db.models.functions import Cast, Coalesce

from forecasting.calc.error_sums import SUM_NAMES
from inventory.querysets.scope import StoreScopedQuerySet

NAIVE = "seasonal_naive"
SERVED = "ensemble"  # its backtest is that of what is served, also where a plainer model is served


class _MeasuredQuerySet(StoreScopedQuerySet):
    """Rows of errors. ``day_column`` is what tells an older measurement from a newer one."""

    day_column = "day"

    def days(self) -> tuple[date | None, date | None]:
        """The oldest and the newest day of these rows."""
        found = self.aggregate(first=Min(self.day_column), last=Max(self.day_column))
        return found["first"], found["last"]

    def newest_weeks(self, weeks: int) -> Self:
        """The rows of the last ``weeks`` calendar weeks that any of these rows measured."""
        newest = self.days()[1]
        if newest is None:
            return self.none()
        return self.filter(**{f"{self.day_column}__gt": newest - timedelta(weeks=weeks)})

    def sums(self, *by: str, names: Collection[str] = ()) -> Any:
        """One dict per group with the names of ``ErrorSums``, ``series`` and ``series_served``, or with these ``names``
        alone; nothing known is 0."""
        own = {
            f"sum_{name}": Coalesce(total, Value(0.0), output_field=FloatField())
            for name, total in self._totals().items()
            if not names or name in names
        }
        return self.order_by().values(*by).annotate(**own)

    def _totals(self) -> dict[str, Any]:
        raise NotImplementedError


def _total(value: Any, **options: Any) -> Any:
    return Sum(Cast(value, FloatField()), output_field=FloatField(), **options)


class ForecastAccuracyQuerySet(_MeasuredQuerySet):
    """Rows of series and models; what could not be measured (no demand in the backtest) takes no part in sums."""

    day_column = "forecast_date"

    def of_series(self, *, store_id: int, product_id: int) -> Self:
        return self.filter(store_id=store_id, product_id=product_id)

    def best_first(self) -> Self:
        """By rank; those that could not be measured (rank 0) come last."""
        return self.order_by(Case(When(rank=0, then=Value(1)), default=Value(0)), "rank", "model")

    def with_naive_wape(self) -> Self:
        """Annotate ``naive_wape``: that of the same series' seasonal naive."""
        naive = self.model.objects.filter(store_id=OuterRef("store_id"), product_id=OuterRef("product_id"), model=NAIVE)
        return self.annotate(naive_wape=Subquery(naive.values("wape")[:1]))

    def sums(self, *by: str, names: Collection[str] = ()) -> Any:
        measured = self.filter(wape__isnull=False).with_naive_wape()
        return super(ForecastAccuracyQuerySet, measured).sums(*by, names=names)

    def _totals(self) -> dict[str, Any]:
        demand, points = F("demand_units"), Cast(F("points"), FloatField())
        scaled, banded, beside = Q(mase__isnull=False), Q(pinball__isnull=False), Q(naive_wape__isnull=False)
        return {
            "points": _total("points"),
            "actual_units": _total("demand_units"),
            "absolute_error": _total(F("wape") * demand),
            "signed_error": _total(F("bias") * demand),
            "scaled_points": _total("points", filter=scaled),
            "scaled_absolute_error": _total(F("mase") * points),
            "scaled_squared_error": _total(F("rmsse") * F("rmsse") * points, filter=scaled),
            "band_points": _total("points", filter=banded),
            "pinball_loss": _total(F("pinball") * points),
            "inside_80": _total(F("coverage_80") * points, filter=banded),
            "inside_95": _total(F("coverage_95") * points, filter=banded),
            "naive_points": _total("points", filter=beside),
            "beside_naive_actual_units": _total("demand_units", filter=beside),
            "naive_absolute_error": _total(F("naive_wape") * demand),
            "beside_naive_absolute_error": _total(F("wape") * demand, filter=beside),
            "series": Count("pk"),
            "series_served": Count("pk", filter=Q(is_chosen=True)),
        }


class ForecastLiveAccuracyQuerySet(_MeasuredQuerySet):
    day_column = "week"

    def between(self, first: date, last: date) -> Self:
        """Weeks (Mondays) from ``first`` to ``last``, both included."""
        return self.filter(week__gte=first, week__lte=last)

    def _totals(self) -> dict[str, Any]:
        return {**{name: _total(name) for name in SUM_NAMES}, "series": Count("pk"), "series_served": Count("pk")}


class ForecastAccuracyHistoryQuerySet(_MeasuredQuerySet):
    def backtests(self) -> Self:
        return self.filter(kind="backtest")

    def live(self) -> Self:
        return self.filter(kind="live")

    def live_models(self) -> Self:
        return self.filter(kind="models")

    def _totals(self) -> dict[str, Any]:
        return {name: _total(name) for name in (*SUM_NAMES, "series", "series_served")}
