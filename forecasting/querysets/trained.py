from __future__ import annotations

from datetime import date
from typing import Any, Self

from django.db import models


class TrainedModelQuerySet(models.QuerySet[Any]):
    def named(self, kind: str, name: str) -> Self:
        return self.filter(kind=kind, name=name)

    def promoted(self) -> Self:
        return self.filter(is_promoted=True)

    def trained_between(self, oldest: date, newest: date) -> Self:
        """Those whose last day lies between both, newest first."""
        return self.filter(trained_until__range=(oldest, newest)).order_by("-trained_until", "-version")
