from __future__ import annotations

from datetime import date
from typing import Self

from inventory.querysets.scope import StoreScopedQuerySet


class ForecastOverrideQuerySet(StoreScopedQuerySet):
    def active(self) -> Self:
        return self.filter(withdrawn_at__isnull=True)

    def between(self, first_day: date, last_day: date) -> Self:
        """Those that touch these days, both included."""
        return self.filter(first_day__lte=last_day, last_day__gte=first_day)
