"""ABC over all stores of a currency: which products the company lives from, kept with every move."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction

from analytics.calc.abc import NOT_RANKED, rank
from analytics.models import ClassMove, CompanyClass, ProductDailyMetrics
from invencare.lib.upsert import upsert
from inventory.models import Product

Key = tuple[str, int]
"""Currency and product id."""
SCHEMES = {ClassMove.Scheme.ABC: "abc_class", ClassMove.Scheme.MARGIN: "margin_class"}


@transaction.atomic
def refresh_company_classes(*, last_day: date, period_days: int = 30) -> int:
    """Class every product by what it brought over all stores in the days that end with ``last_day``; how many moved.

    Reads the daily metrics, which must be up to date. A product that is classed and no longer sells has no class any
    more. An older day than the last changes nothing; the same day again replaces its moves. Eight queries at most.
    """
    known = {(row.currency, row.product_id): row for row in CompanyClass.objects.order_by("pk")}
    if any(row.abc_on > last_day for row in known.values()):
        return 0
    sums = _sums(last_day - timedelta(days=period_days - 1), last_day)
    unit_costs = dict(Product.objects.order_by().values_list("pk", "unit_cost"))
    rows = _classed({**dict.fromkeys(known, _NOTHING), **sums}, unit_costs, last_day)
    before = {key: {column: getattr(row, column) for column in SCHEMES.values()} for key, row in known.items()}
    _take_back(before, last_day)
    upsert(rows, key=("product", "currency"))
    moves = _moves(rows, before, last_day)
    ClassMove.objects.bulk_create(moves, batch_size=500)
    return len(moves)


_NOTHING: tuple[int, Decimal] = (0, Decimal(0))


def _sums(first_day: date, last_day: date) -> dict[Key, tuple[int, Decimal]]:
    """Net units and revenue."""
    totals = ProductDailyMetrics.objects.between(first_day, last_day).totals_by("currency", "product_id")
    return {(row["currency"], row["product_id"]): (row["net_units"], row["money"]) for row in totals}


def _classed(
    sums: Mapping[Key, tuple[int, Decimal]], unit_costs: Mapping[int, Decimal], last_day: date
) -> list[CompanyClass]:
    margins = {
        (currency, product_id): revenue - units * unit_costs[product_id]
        for (currency, product_id), (units, revenue) in sums.items()
        if unit_costs[product_id]
    }
    rows = []
    for currency in sorted({currency for currency, _ in sums}):
        own = {product_id: both for (where, product_id), both in sums.items() if where == currency}
        by_revenue = rank({product_id: float(revenue) for product_id, (_, revenue) in own.items()})
        by_margin = rank({pk: float(margins[currency, pk]) for pk in own if (currency, pk) in margins})
        for product_id, (units, revenue) in sorted(own.items()):
            standing = by_revenue[product_id]
            rows.append(
                CompanyClass(
                    product_id=product_id,
                    currency=currency,
                    abc_on=last_day,
                    units=units,
                    revenue=revenue,
                    margin=margins.get((currency, product_id)),
                    revenue_share=standing.share if standing.abc_class else None,
                    abc_class=standing.abc_class,
                    margin_class=by_margin.get(product_id, NOT_RANKED).abc_class,
                )
            )
    return rows


def _take_back(before: Mapping[Key, dict[str, str]], day: date) -> None:
    """Undo the moves of a day that is classed again, so that they are told from the day before."""
    done = list(ClassMove.objects.filter(moved_on=day, store__isnull=True))
    for move in done:
        before[move.currency, move.product_id][SCHEMES[ClassMove.Scheme(move.scheme)]] = move.from_class
    ClassMove.objects.filter(moved_on=day, store__isnull=True).delete()


def _moves(rows: Sequence[CompanyClass], before: Mapping[Key, Mapping[str, str]], day: date) -> list[ClassMove]:
    found: list[Any] = []
    for row in rows:
        earlier = before.get((row.currency, row.product_id))
        if earlier is None:
            continue
        found += [
            ClassMove(
                product_id=row.product_id,
                currency=row.currency,
                scheme=scheme,
                moved_on=day,
                from_class=earlier[column],
                to_class=getattr(row, column),
            )
            for scheme, column in SCHEMES.items()
            if earlier[column] != getattr(row, column)
        ]
    return found
