from __future__ import annotations

from datetime import datetime
from typing import Self

from django.db.models import Q

from inventory.querysets.scope import StoreScopedQuerySet


class AlertQuerySet(StoreScopedQuerySet):
    def open(self) -> Self:
        return self.filter(closed_at__isnull=True)

    def awake(self, now: datetime) -> Self:
        """Not put off until later."""
        return self.filter(Q(snoozed_until__isnull=True) | Q(snoozed_until__lte=now))

    def snoozed(self, now: datetime) -> Self:
        return self.filter(snoozed_until__gt=now)

    def worst_first(self) -> Self:
        """What everything else depends on, then by money; the amounts of two currencies are compared as they stand."""
        return self.order_by("-is_pinned", "-money", "-id")
