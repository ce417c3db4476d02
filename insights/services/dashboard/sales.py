"""What was sold in a period and in the one before it: by day, product, category and store.

Read from sums over days, never from the ledger. Money is kept apart by currency, because stores may trade in
different ones and sums over them mean nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from analytics.models import CompanyDailyMetrics, ProductDailyMetrics, ProductStock, StoreDailyMetrics
from insights.services.dashboard.periods import Period
from insights.services.dashboard.reach import Reach
from inventory.models import DailySales, Product, StockLevel

Money = Mapping[str, Decimal]
"""Amounts by currency code."""

SHOWN_PRODUCTS = 10


@dataclass(frozen=True)
class SalesTotals:
    """Net of returns; ``transactions`` counts sale lines."""

    revenue: Money
    units: int
    transactions: int


@dataclass(frozen=True)
class DaySales:
    day: date
    units: int
    revenue: Money
    transactions: int = 0


@dataclass(frozen=True)
class Group:
    """A category's or a store's sales beside those of the period before. ``key`` is the category or the store's id."""

    key: Any
    units: int
    money: Decimal
    units_before: int
    money_before: Decimal


@dataclass(frozen=True)
class ProductSales:
    """``in_stock_units`` is what lies there now, for products that hardly sell; None where it was not asked for."""

    product_id: int
    units: int
    money: Decimal
    in_stock_units: int | None = None


@dataclass(frozen=True)
class Sales:
    """``days`` are those of the period, each of them; ``products_sold`` counts products with a sale line.

    Groups come by money of one currency, else by units. ``bottom`` are the products in stock that sold least.
    """

    totals: SalesTotals
    previous: SalesTotals
    days: Sequence[DaySales]
    products_sold: int
    top: Sequence[ProductSales]
    bottom: Sequence[ProductSales]
    categories: Sequence[Group]
    stores: Sequence[Group]


def read_sales(reach: Reach, period: Period) -> Sales:
    """Nine queries at the most, whatever the number of days, products and stores."""
    before = period.previous
    rows = sales_by_day(reach, Period(before.first, period.last))
    inside = [row for row in rows if period.holds(row["business_date"])]
    products, products_before = _by_product(reach, period), _by_product(reach, before)
    catalogue = dict(Product.objects.order_by().values_list("pk", "category"))
    return Sales(
        totals=_totals(inside),
        previous=_totals([row for row in rows if before.holds(row["business_date"])]),
        days=_days(inside, period),
        products_sold=sum(1 for row in products if row["lines"] > 0),
        top=_top(products),
        bottom=_bottom(reach, products),
        categories=_groups(_into(products, catalogue), _into(products_before, catalogue), reach),
        stores=_stores(reach, period),
    )


def sales_by_day(reach: Reach, period: Period) -> list[dict[str, Any]]:
    """Rows that are of one day and one currency each: ``business_date``, ``currency`` and the sums.

    The company's own sums where every store is read. Otherwise the stores' rows, which are not joined to the stores:
    that takes three times as long.
    """
    if reach.is_everything:
        days = CompanyDailyMetrics.objects.all().between(period.first, period.last)
        return list(days.totals_by("business_date", "currency"))
    days = reach.rows(StoreDailyMetrics).between(period.first, period.last)
    if len(reach.currencies) <= 1:
        currency = next(iter(reach.currencies), "")
        return [{**row, "currency": currency} for row in days.totals_by("business_date")]
    rows = days.totals_by("business_date", "store_id")
    return [{**row, "currency": reach.stores[row["store_id"]].currency} for row in rows]


def _by_product(reach: Reach, period: Period) -> list[dict[str, Any]]:
    """One row per product that sold. Over all stores from sums over them; else from each store's own days."""
    rows = ProductDailyMetrics.objects.all() if reach.is_everything else reach.rows(DailySales)
    return list(rows.between(period.first, period.last).totals_by("product_id"))


def _totals(rows: Sequence[dict[str, Any]]) -> SalesTotals:
    return SalesTotals(
        revenue=by_currency(rows),
        units=sum(int(row["net_units"]) for row in rows),
        transactions=sum(int(row["lines"]) for row in rows),
    )


def by_currency(rows: Sequence[dict[str, Any]], amount: str = "money") -> Money:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        sums[row["currency"]] += row[amount] or Decimal(0)
    return dict(sums)


def _days(rows: Sequence[dict[str, Any]], period: Period) -> list[DaySales]:
    """Every day of the period, those without a sale too."""
    by_day: dict[date, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        by_day[row["business_date"]].append(row)
    found = []
    for day in period.dates():
        total = _totals(by_day[day])
        found.append(DaySales(day, total.units, total.revenue, total.transactions))
    return found


def _top(rows: Sequence[dict[str, Any]]) -> list[ProductSales]:
    best = sorted(rows, key=lambda row: (-row["net_units"], row["product_id"]))[:SHOWN_PRODUCTS]
    return [ProductSales(row["product_id"], row["net_units"], row["money"] or Decimal(0)) for row in best]


def _bottom(reach: Reach, rows: Sequence[dict[str, Any]]) -> list[ProductSales]:
    """Products in stock that sold least, those of which most lies there first: they tie up shelves and money."""
    sold = {row["product_id"]: row for row in rows}
    nothing: dict[str, Any] = {"net_units": 0, "money": Decimal(0)}
    found = [
        ProductSales(
            product_id,
            sold.get(product_id, nothing)["net_units"],
            sold.get(product_id, nothing)["money"] or Decimal(0),
            in_stock,
        )
        for product_id, in_stock in _in_stock(reach)
    ]
    found.sort(key=lambda row: (row.units, -(row.in_stock_units or 0), row.product_id))
    return found[:SHOWN_PRODUCTS]


def _in_stock(reach: Reach) -> list[tuple[int, int]]:
    if reach.is_everything:
        return list(ProductStock.objects.filter(units__gt=0).order_by().values_list("product_id", "units"))
    levels = reach.rows(StockLevel).on_sale().filter(on_hand_units__gt=0)
    sums: dict[int, int] = defaultdict(int)
    for product_id, units in levels.order_by().values_list("product_id", "on_hand_units"):
        sums[product_id] += units
    return list(sums.items())


def _into(rows: Sequence[dict[str, Any]], category_of: Mapping[int, str]) -> dict[Any, tuple[int, Decimal]]:
    """Units and money per category. A second sum in the database, over a join, takes longer."""
    sums: dict[Any, tuple[int, Decimal]] = {}
    for row in rows:
        units, money = sums.get(category_of[row["product_id"]], (0, Decimal(0)))
        sums[category_of[row["product_id"]]] = (units + row["net_units"], money + (row["money"] or Decimal(0)))
    return sums


def _stores(reach: Reach, period: Period) -> list[Group]:
    """Each store beside the others; none where one was chosen."""
    if reach.store is not None:
        return []

    def sums(one: Period) -> dict[Any, tuple[int, Decimal]]:
        rows = reach.rows(StoreDailyMetrics).between(one.first, one.last).totals_by("store_id")
        return {row["store_id"]: (row["net_units"], row["money"] or Decimal(0)) for row in rows}

    return _groups(sums(period), sums(period.previous), reach)


def _groups(
    now: Mapping[Any, tuple[int, Decimal]], before: Mapping[Any, tuple[int, Decimal]], reach: Reach
) -> list[Group]:
    nothing = (0, Decimal(0))
    groups = [Group(key, *now.get(key, nothing), *before.get(key, nothing)) for key in {*now, *before}]
    by_money = len(reach.currencies) <= 1
    return sorted(groups, key=lambda group: (-(group.money if by_money else group.units), str(group.key)))
