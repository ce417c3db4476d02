"""The reading vocabulary of accuracy: newest first, one distance at a time, sums that add up."""

from __future__ import annotations

from datetime import date
from typing import Any, Self

from inventory.querysets.scope import StoreScopedQuerySet


class ForecastAccuracyQuerySet(StoreScopedQuerySet):
    def of_series(self, *, store_id: int, product_id: int) -> Self:
        return self.filter(store_id=store_id, product_id=product_id)

    def served(self) -> Self:
        """Of each series, the model that is served."""
        return self.filter(is_chosen=True)


class ForecastLiveAccuracyQuerySet(StoreScopedQuerySet):
    def between(self, first: date, last: date) -> Self:
        """Weeks (Mondays) from ``first`` to ``last``, both included."""
        return self.filter(week__gte=first, week__lte=last)


class ForecastAccuracyHistoryQuerySet(StoreScopedQuerySet):
    def backtests(self) -> Self:
        return self.filter(kind="backtest")

    def live(self) -> Self:
        return self.filter(kind="live")

    def newest_day(self) -> Any:
        """The newest day of these rows, or None."""
        return self.order_by("-day").values_list("day", flat=True).first()
