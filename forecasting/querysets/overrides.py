from __future__ import annotations

from datetime import date, datetime
from typing import Self

from django.db.models import Q

from inventory.querysets.scope import StoreScopedQuerySet


class ForecastOverrideQuerySet(StoreScopedQuerySet):
    def active(self) -> Self:
        return self.filter(withdrawn_at__isnull=True)

    def in_force_at(self, instant: datetime | None) -> Self:
        """Those that had been made, and not yet withdrawn, before that time; None: those in force now."""
        if instant is None:
            return self.active()
        return self.filter(Q(withdrawn_at__isnull=True) | Q(withdrawn_at__gte=instant), created_at__lt=instant)

    def between(self, first_day: date, last_day: date) -> Self:
        """Those that touch these days, both included."""
        return self.filter(first_day__lte=last_day, last_day__gte=first_day)
