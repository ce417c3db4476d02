"""Whose rows the home page sums: the stores of the reader, or one of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from inventory.models import Store
from inventory.querysets.scope import StoreScope


@dataclass(frozen=True)
class Reach:
    """``store`` lies in the scope; None is all stores of the scope. ``stores`` are the rows by primary key."""

    scope: StoreScope
    store: Store | None
    stores: Mapping[int, Store]

    @property
    def is_everything(self) -> bool:
        """Whether sums over every store may be read instead of the stores' own."""
        return self.store is None and self.scope.all_stores

    @property
    def currencies(self) -> list[str]:
        return sorted({store.currency for store in self.stores.values()})

    @property
    def key(self) -> tuple[Any, ...]:
        """What tells one reach from another wherever results are kept."""
        stores = "every" if self.is_everything else tuple(sorted(self.stores))
        return (stores, tuple(self.currencies))

    def rows(self, model: Any) -> Any:
        """The rows of a store-scoped model that lie within the reach."""
        rows = model.objects.visible_to(self.scope)
        return rows.at(self.store) if self.store is not None else rows


def reach_of(*, scope: StoreScope, store: Store | None) -> Reach:
    rows = [store] if store is not None else Store.objects.visible_to(scope)
    return Reach(scope=scope, store=store, stores={row.pk: row for row in rows})
