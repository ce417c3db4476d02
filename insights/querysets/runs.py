"""The reading vocabulary of runs: which are unfinished, and which of their chunks a worker may take."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from django.db import models
from django.db.models import Q

MAX_ATTEMPTS = 3
UNFINISHED = ("pending", "running")


class AnalysisRunQuerySet(models.QuerySet[Any, Any]):
    def unfinished(self) -> Self:
        return self.filter(status__in=UNFINISHED)

    def completed(self) -> Self:
        """Runs whose results can be used, with or without single failures."""
        return self.filter(status__in=["done", "partial"])


class AnalysisRunChunkQuerySet(models.QuerySet[Any, Any]):
    def open(self) -> Self:
        """Neither done nor given up."""
        return self.filter(status__in=UNFINISHED)

    def leased(self, now: datetime) -> Self:
        """Held by a worker that may still be alive."""
        return self.filter(status="running", lease_until__gte=now)

    def abandoned(self, now: datetime) -> Self:
        """Held by a worker whose lease ran out."""
        return self.filter(status="running", lease_until__lt=now)

    def claimable(self, now: datetime) -> Self:
        """What a worker may take: waiting, or abandoned with an attempt left."""
        return self.filter(Q(status="pending") | Q(status="running", lease_until__lt=now), attempts__lt=MAX_ATTEMPTS)
