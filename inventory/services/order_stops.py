"""Products that a store orders no more of for a while, because it has too much of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from inventory.models import StockLevel
from inventory.services.locking import in_chunks, in_one_transaction, lock_levels

Place = tuple[int, int]
"""The ids of a store and of a product."""


@in_one_transaction
def stop_orders(until: Mapping[Place, date]) -> int:
    """Recommend no order of these before the given day; a longer stop stays. The number of levels that changed."""
    levels = _levels(until)
    changed = []
    for level in lock_levels(level.pk for level in levels):
        day = until[level.store_id, level.product_id]
        if level.orders_stopped_until is None or level.orders_stopped_until < day:
            level.orders_stopped_until = day
            changed.append(level)
    StockLevel.objects.bulk_update(changed, ["orders_stopped_until"], batch_size=400)
    return len(changed)


@in_one_transaction
def resume_orders(places: Iterable[Place]) -> int:
    """Lift the stops of these; the number of levels that had one."""
    ids = [level.pk for level in _levels(set(places))]
    lifted = 0
    for some in in_chunks(level.pk for level in lock_levels(ids)):
        stopped = StockLevel.objects.filter(pk__in=some, orders_stopped_until__isnull=False)
        lifted += stopped.update(orders_stopped_until=None)
    return lifted


def stopped_products(*, store_id: int, product_ids: Sequence[int], day: date) -> set[int]:
    """Those of the products that are not ordered for this store on ``day``. One query."""
    levels = StockLevel.objects.filter(store_id=store_id, product_id__in=product_ids, orders_stopped_until__gt=day)
    return set(levels.order_by().values_list("product_id", flat=True))


def _levels(places: Iterable[Place]) -> list[StockLevel]:
    by_store: dict[int, list[int]] = {}
    for store_id, product_id in places:
        by_store.setdefault(store_id, []).append(product_id)
    found: list[StockLevel] = []
    for store_id, product_ids in sorted(by_store.items()):
        for some in in_chunks(sorted(product_ids)):
            found += StockLevel.objects.filter(store_id=store_id, product_id__in=some)
    return found
