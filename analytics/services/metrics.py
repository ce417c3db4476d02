"""Sums over days of sales, kept up with what the ledger's writers note as changed.

A note (``sales_day_changes``) commits with the change that it tells of, and a refresh deletes only the notes that it
saw, in the transaction that reads the sales: a writer that began early and commits late is not missed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, F, Max, Q, Sum, Value

from analytics.models import (
    CategoryDailyMetrics,
    CompanyDailyMetrics,
    MetricsState,
    ProductDailyMetrics,
    StoreDailyMetrics,
)
from analytics.services.metrics_state import STATE_ID
from analytics.services.stock_sums import refresh_stock_sums
from inventory.models import DailySales, SalesDayChange, Store
from inventory.services.day_sums import note_changed
from inventory.services.locking import in_chunks, in_one_transaction

DAYS_AT_ONCE = 20

StoreDays = dict[date, set[int]]
"""Ids of the stores whose sales changed, by business date."""


def refresh_metrics(*, now: datetime, after_days: Callable[[int, int], None] | None = None) -> int:
    """Make the sums of every noted day again; the number of days. Safe to run again, and from many places at once.

    Newest days first, some in a transaction. ``after_days(done, total)`` is called after each of these. What is noted
    while this runs is left to the next call. What is in stock now is added up again, too, where it changed.
    """
    MetricsState.objects.get_or_create(pk=STATE_ID)
    last_note = SalesDayChange.objects.aggregate(last=Max("pk"))["last"] or 0
    noted = SalesDayChange.objects.filter(pk__lte=last_note).order_by("-business_date")
    days = list(noted.values_list("business_date", flat=True).distinct())
    for done, some in enumerate(in_chunks(days, DAYS_AT_ONCE)):
        _refresh_days(some)
        if after_days:
            after_days(done * DAYS_AT_ONCE + len(some), len(days))
    MetricsState.objects.filter(pk=STATE_ID).update(refreshed_at=now)
    refresh_stock_sums(now=now)
    return len(days)


@transaction.atomic
def note_all_days() -> int:
    """Note every day of every store as changed, for a rebuild of all metrics; the number of days noted."""
    known = set(DailySales.objects.order_by().values_list("store_id", "business_date").distinct())
    known |= set(StoreDailyMetrics.objects.order_by().values_list("store_id", "business_date"))
    note_changed(known)
    return len(known)


@in_one_transaction
def _refresh_days(days: Sequence[date]) -> None:
    # The lock comes before the first plain read, which fixes what this transaction sees: never less than the last
    # refresh saw.
    MetricsState.objects.select_for_update().get(pk=STATE_ID)
    notes = list(SalesDayChange.objects.filter(business_date__in=days).values_list("pk", "business_date", "store_id"))
    changed: StoreDays = defaultdict(set)
    for _, day, store_id in notes:
        changed[day].add(store_id)
    currency_of = dict(Store.objects.values_list("pk", "currency"))
    _write_stores(changed)
    _write_products(changed, currency_of)
    _write_categories(changed)
    _write_company(changed, currency_of)
    for ids in in_chunks(pk for pk, _, _ in notes):
        SalesDayChange.objects.filter(pk__in=ids).delete()
    MetricsState.objects.filter(pk=STATE_ID).update(version=F("version") + 1)


# Whatever filters on a column comes before the sum that takes the column's name.
_SUMS = {
    "units": Sum("units"),
    "returned_units": Sum("returned_units"),
    "revenue": Sum("revenue"),
    "transactions": Sum("transactions"),
}


def _write_stores(changed: StoreDays) -> None:
    for day, store_ids in changed.items():
        for ids in in_chunks(sorted(store_ids)):
            sums = (
                DailySales.objects.filter(business_date=day, store_id__in=ids)
                .order_by()
                .values("business_date", "store_id")
                .annotate(
                    products_sold=Count("pk", filter=Q(units__gt=0)),
                    promotion_lines=Sum("promotion_lines"),
                    out_of_stock_seconds=Sum("out_of_stock_seconds"),
                    **_SUMS,
                )
            )
            _replace(StoreDailyMetrics.objects.filter(business_date=day, store_id__in=ids), sums)


def _write_products(changed: StoreDays, currency_of: dict[int, str]) -> None:
    """The whole day over all stores, from an index alone; stores are not joined, which takes three times as long."""
    currencies = sorted(set(currency_of.values()))
    for day in changed:
        sales = DailySales.objects.filter(business_date=day).order_by()
        if len(currencies) == 1:
            sums = sales.values("business_date", "product_id").annotate(currency=Value(currencies[0]), **_SUMS)
        else:
            sums = sales.values("business_date", "product_id", currency=F("store__currency")).annotate(**_SUMS)
        _replace(ProductDailyMetrics.objects.filter(business_date=day), sums)


def _write_categories(changed: StoreDays) -> None:
    rows = (
        ProductDailyMetrics.objects.filter(business_date__in=list(changed))
        .order_by()
        .values("business_date", "currency", category=F("product__category"))
        .annotate(products_sold=Count("product_id", filter=Q(units__gt=0), distinct=True), **_SUMS)
    )
    _replace(CategoryDailyMetrics.objects.filter(business_date__in=list(changed)), rows)


def _write_company(changed: StoreDays, currency_of: dict[int, str]) -> None:
    rows = (
        StoreDailyMetrics.objects.filter(business_date__in=list(changed))
        .order_by()
        .values("business_date", currency=F("store__currency"))
        .annotate(stores=Count("pk", filter=Q(transactions__gt=0)), **_SUMS)
    )
    _replace(CompanyDailyMetrics.objects.filter(business_date__in=list(changed)), rows)


def _replace(stale: Any, sums: Iterable[dict[str, Any]]) -> None:
    """Put the sums in the place of the stale rows."""
    rows = [stale.model(**row) for row in sums]
    stale.delete()
    stale.model.objects.bulk_create(rows, batch_size=1000)
