"""Who may see which stores: the one vocabulary that admin and API share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from django.db import models


@dataclass(frozen=True)
class StoreScope:
    """The stores that an actor may see and change.

    ``all_stores`` opens every store; otherwise only ``store_ids``. The empty scope sees nothing.
    """

    all_stores: bool = False
    store_ids: frozenset[int] = field(default_factory=frozenset)

    def allows(self, store_id: int | None) -> bool:
        return self.all_stores or (store_id is not None and store_id in self.store_ids)

    def covers(self, other: StoreScope) -> bool:
        """Whether whatever ``other`` opens is open here too."""
        return self.all_stores or (not other.all_stores and other.store_ids <= self.store_ids)


EVERY_STORE = StoreScope(all_stores=True)
NO_STORE = StoreScope()


class StoreScopedQuerySet(models.QuerySet[Any]):
    """A queryset whose rows belong to stores; ``store_path`` is the look-up of the store's id."""

    store_path: ClassVar[str] = "store_id"

    def visible_to(self, scope: StoreScope) -> Self:
        """Only the rows of the stores that ``scope`` opens."""
        if scope.all_stores:
            return self.all()
        if not scope.store_ids:
            return self.none()
        return self.filter(**{f"{self.store_path}__in": sorted(scope.store_ids)})

    def at(self, *stores: Any) -> Self:
        """Only the rows of these stores (objects or primary keys)."""
        return self.filter(**{f"{self.store_path}__in": [getattr(store, "pk", store) for store in stores]})
