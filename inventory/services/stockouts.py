"""Stock-outs that are still open, brought into the day sums once a day is over."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import partial

from django.db import transaction

from invencare.lib import clock
from inventory.calc.balances import DayChange, DayKey
from inventory.models import StockLevel, Store
from inventory.services import day_sums
from inventory.services.ledger import balances_of
from inventory.services.locking import in_chunks, lock_levels, retried

BATCH = 2000


def close_days(*, through: date | None = None, now: datetime) -> int:
    """Add the out-of-stock time of every level that is still out, up to the end of ``through``.

    ``through`` is a business date of each store, and never later than its last complete day, which is the default.
    Safe to run again: each level remembers up to when it is closed. Returns the number of levels that changed.
    """
    open_ids = StockLevel.objects.filter(out_of_stock_since__isnull=False).order_by("pk").values_list("pk", flat=True)
    return sum(retried(partial(_close, ids, through, now)) for ids in in_chunks(list(open_ids), BATCH))


@transaction.atomic
def _close(level_ids: list[int], through: date | None, now: datetime) -> int:
    levels = {(level.store_id, level.product_id): level for level in lock_levels(level_ids)}
    stores = Store.objects.in_bulk({store_id for store_id, _ in levels})
    days: dict[DayKey, DayChange] = {}
    changed: list[StockLevel] = []
    for key, balance in balances_of(levels.values()).items():
        level = levels[key]
        zone = stores[level.store_id].zone
        last = clock.business_date(now, zone) - timedelta(days=1)
        end = clock.day_start(min(through or last, last) + timedelta(days=1), zone)
        seconds = balance.close_to(end)
        if seconds:
            level.out_of_stock_closed_to = balance.out_closed_to
            changed.append(level)
        for day, amount in seconds.items():
            days[*key, day] = DayChange(out_of_stock_seconds=amount)
    day_sums.add_to_days(days)
    StockLevel.objects.bulk_update(changed, ["out_of_stock_closed_to"], batch_size=300)
    return len(changed)
