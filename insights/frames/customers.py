"""What each customer bought on each day, read from the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import chain
from typing import Any

import numpy as np
from django.db.models import Case, Count, F, FloatField, Max, Min, Q, Sum, Value, When
from django.db.models.functions import Cast

from forecasting.frames.days import DayNumber
from insights.calc.customers.days import CustomerDays, Ints, sum_by
from inventory.models import InventoryTransaction

SLICE_DAYS = 92  # a quarter at a time: millions of grouped rows would lie in memory twice otherwise
COST_KNOWN_SHARE = 0.95  # of the money, from which lifetime value is made of margin
COLUMNS = 8
SALE, RETURN = InventoryTransaction.Type.SALE, InventoryTransaction.Type.RETURN


@dataclass(frozen=True)
class CustomerFrame:
    """``days`` of the customers whose ids are ``days.customer_ids``; ``home_store`` the store id of each, by purchases."""

    currency: str
    first_day: date
    last_day: date
    days: CustomerDays
    home_store: Ints


def customer_sales(*, currency: str) -> Any:
    """Priced sales and returns of known customers, in one currency."""
    return InventoryTransaction.objects.filter(
        movement_type__in=[SALE, RETURN],
        customer__isnull=False,
        customer__forgotten_at__isnull=True,
        total__isnull=False,
        store__currency=currency,
    )


def customer_currencies() -> list[str]:
    """Currencies in which somebody known has bought."""
    rows = InventoryTransaction.objects.filter(movement_type=SALE, customer__isnull=False, total__isnull=False)
    return sorted(rows.order_by().values_list("store__currency", flat=True).distinct())


def load_customer_days(*, currency: str, until: date, most_days: int) -> CustomerFrame | None:
    """Everything of the last ``most_days`` before the end of ``until``; None where no known customer bought anything.

    ``last_day`` is the newest day with such a sale. One query for the bounds and one a quarter, whatever the rows.
    """
    rows = customer_sales(currency=currency).filter(business_date__lte=until)
    bounds = rows.aggregate(first=Min("business_date"), last=Max("business_date"))
    if bounds["last"] is None:
        return None
    last = bounds["last"]
    first = max(bounds["first"], last - timedelta(days=most_days - 1))
    table = np.concatenate([_read(rows, *part) for part in _slices(first, last)])
    return _frame(currency, first, last, table)


def _slices(first: date, last: date) -> Iterator[tuple[date, date]]:
    while first <= last:
        end = min(first + timedelta(days=SLICE_DAYS - 1), last)
        yield first, end
        first = end + timedelta(days=1)


def _read(rows: Any, first: date, last: date) -> np.ndarray:
    """Customer id, day, store id, units sold, money, cost, money whose cost is known, lines: float64, rows × 8."""
    signed = Case(When(movement_type=SALE, then=F("quantity")), default=-F("quantity"))
    costed = Q(product__unit_cost__gt=0)
    zero = Value(0.0, output_field=FloatField())
    found = (
        rows.between(first, last)
        .order_by()
        .values_list("customer_id", DayNumber("business_date"), "store_id")
        .annotate(
            units=Cast(Sum(Case(When(movement_type=SALE, then=F("quantity")), default=0)), FloatField()),
            money=Cast(Sum("total"), FloatField()),
            cost=Cast(Sum(signed * F("product__unit_cost")), FloatField()),
            costed=Sum(Case(When(costed, then=Cast("total", FloatField())), default=zero)),
            lines=Count("pk"),
        )
    )
    return np.fromiter(chain.from_iterable(found), dtype=np.float64).reshape(-1, COLUMNS)


def _frame(currency: str, first: date, last: date, table: np.ndarray) -> CustomerFrame:
    ids, customer = np.unique(table[:, 0].astype(np.int64), return_inverse=True)
    offset = first.toordinal()
    span = last.toordinal() - offset + 1
    key, place = np.unique(customer * span + table[:, 1].astype(np.int64) - offset, return_inverse=True)
    units, money, cost, costed = (sum_by(place, table[:, column], len(key)) for column in (3, 4, 5, 6))
    whole = float(np.abs(money).sum())
    days = CustomerDays(
        customer_ids=ids,
        customer=key // span,
        day=key % span + offset,
        sold_units=units,
        money=money,
        margin=money - cost,
        uses_margin=whole > 0 and float(np.abs(costed).sum()) / whole >= COST_KNOWN_SHARE,
    )
    return CustomerFrame(currency, first, last, days, _home_stores(customer, table[:, 2].astype(np.int64), len(ids)))


def _home_stores(customer: Ints, store: Ints, count: int) -> Ints:
    """The store with most of each customer's days; of two alike the one that was made first."""
    stores = np.unique(store)
    pair = customer * len(stores) + np.searchsorted(stores, store)
    days = np.bincount(pair, minlength=count * len(stores)).reshape(count, len(stores))
    return np.asarray(stores[days.argmax(axis=1)])
