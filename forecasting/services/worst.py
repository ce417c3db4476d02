"""Where the forecast is worst, in units and in money, and why. Limited to the stores of the scope; nothing numeric."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import reduce
from operator import or_
from typing import Any, Literal

from django.db.models import Case, F, FloatField, Min, Q, When
from django.db.models.functions import Cast

from forecasting.calc.causes import Cause, Day, SeriesFacts, causes_of
from forecasting.calc.error_sums import Measures, measures_of
from forecasting.models import CalendarEvent
from forecasting.querysets.accuracy import SERVED
from forecasting.services.calendar import concerns, held_in
from forecasting.services.leaderboard import LIVE_WEEKS, Kind, Selection, rows_of_series, sums_of
from invencare.lib import clock
from inventory.models import DailySales, Product, Store

FACTS_DAYS = 180  # before the measured days
BACKTEST_DAYS = 28  # a backtest's error is told for so many days, as the live one is for four weeks
HALF_A_DAY_SECONDS = 43_200

Order = Literal["money", "units"]
Key = tuple[int, int]


@dataclass(frozen=True)
class WorstSeries:
    """One series, its error in units over the measured days (backtest: over 28 days) and at its selling price, and why.

    Where no price is known, the unit cost counts. ``first`` and ``last`` are the days that the causes speak of.
    """

    store: Store
    product: Product
    error_units: float
    error_money: float
    measures: Measures
    causes: list[Cause]
    first: date
    last: date


@dataclass(frozen=True)
class Worst:
    """Most error first. Money of different currencies is not compared: the list is of ``currency`` alone where it is
    sorted by money, and ``other_currencies`` are what else the selection's stores trade in."""

    rows: list[WorstSeries]
    currency: str
    other_currencies: list[str]


def worst_series(
    selection: Selection,
    *,
    kind: Kind = "live",
    order: Order = "money",
    currency: str = "",
    weeks: int = LIVE_WEEKS,
    limit: int = 20,
) -> Worst:
    """The ``limit`` series with most error, each with the causes that the facts show. Thirteen queries at most.

    Live: one week ahead, over the last ``weeks`` measured weeks, so that every day counts once. By money, of the stores
    with ``currency``; without one, of that which most of the stores have.
    """
    counts = _currencies(selection)
    chosen = currency or max(counts, key=lambda code: (counts[code], code), default="")
    rows = rows_of_series(selection, kind)
    own = {"weeks_ahead": 1} if kind == "live" else {"model": SERVED, "points__gt": 0}
    rows = (rows.newest_weeks(weeks) if kind == "live" else rows).filter(**own)
    if order == "money":
        rows = rows.filter(store__currency=chosen)
    first, last = _measured_days(rows, kind)
    found = _most_error_first(rows, kind, order, limit)
    if last is None or first is None:
        return Worst([], chosen, sorted(set(counts) - {chosen}))
    stores = Store.objects.in_bulk({row["store_id"] for row in found})
    products = Product.objects.in_bulk({row["product_id"] for row in found})
    facts = _facts(found, stores, products, first=first, last=last)
    return Worst(
        [
            WorstSeries(
                store=stores[row["store_id"]],
                product=products[row["product_id"]],
                error_units=row["error_units"],
                error_money=row["error_money"],
                measures=measures_of(sums_of(row)),
                causes=causes_of(facts[row["store_id"], row["product_id"]]),
                first=first,
                last=last,
            )
            for row in found
        ],
        chosen,
        sorted(set(counts) - {chosen}),
    )


def _currencies(selection: Selection) -> dict[str, int]:
    """Stores by currency."""
    stores = Store.objects.visible_to(selection.scope)
    if selection.store is not None:
        stores = stores.at(selection.store)
    counts: dict[str, int] = defaultdict(int)
    for code in stores.order_by().values_list("currency", flat=True):
        counts[code] += 1
    return dict(counts)


def _measured_days(rows: Any, kind: Kind) -> tuple[date | None, date | None]:
    """The days whose sales are looked at: those measured, or the four weeks before the backtested forecast."""
    first, last = rows.days()
    if first is None or last is None:
        return None, None
    if kind == "backtest":
        return last - timedelta(days=BACKTEST_DAYS), last - timedelta(days=1)
    through = rows.order_by("-measured_through").values_list("measured_through", flat=True).first()
    return first, through


def _most_error_first(rows: Any, kind: Kind, order: Order, limit: int) -> list[dict[str, Any]]:
    """The sums of the first ``limit`` series. They are found by their error alone: all sums of all series take five
    times as long. Two queries."""
    heads = _ordered(rows, kind, order, names=("absolute_error", "points"))[:limit]
    keys = [(row["store_id"], row["product_id"]) for row in heads]
    return list(_ordered(rows.filter(_of_series(keys)), kind, order)) if keys else []


def _ordered(rows: Any, kind: Kind, order: Order, *, names: tuple[str, ...] = ()) -> Any:
    price = Case(When(product__price__gt=0, then=F("product__price")), default=F("product__unit_cost"))
    priced = rows.annotate(unit_price=Cast(price, FloatField()))
    summed = priced.sums("store_id", "product_id", "unit_price", names=names)
    units: Any = F("sum_absolute_error")
    if kind == "backtest":
        units = units * BACKTEST_DAYS / F("sum_points")
    summed = summed.annotate(error_units=units).annotate(error_money=F("error_units") * F("unit_price"))
    return summed.filter(sum_absolute_error__gt=0).order_by(f"-error_{order}", "store_id", "product_id")


def _facts(
    found: list[dict[str, Any]], stores: dict[int, Store], products: dict[int, Product], *, first: date, last: date
) -> dict[Key, SeriesFacts]:
    """What is known of these series' days. Five queries at most."""
    keys = [(row["store_id"], row["product_id"]) for row in found]
    start = first - timedelta(days=FACTS_DAYS)
    sold = _days_of(keys, start, last)
    begun = _first_sales(keys)
    plans = _promotion_plans(stores.values(), start, last)
    days = [start + timedelta(days=ago) for ago in range((last - start).days + 1)]
    facts = {}
    for key, row in zip(keys, found, strict=True):
        opened = begun.get(key, last)
        planned = _planned_days(plans, stores[key[0]], products[key[1]], start, last)
        own = [replace(sold[key].get(day, Day(0.0)), is_planned=day in planned) for day in days if day >= opened]
        measured = sum(day >= max(first, opened) for day in days)
        facts[key] = SeriesFacts(
            before=own[: len(own) - measured],
            measured=own[len(own) - measured :],
            history_days=(last - opened).days + 1,
            sums=sums_of(row),
        )
    return facts


def _promotion_plans(stores: Iterable[Store], first: date, last: date) -> list[CalendarEvent]:
    """The promotions on the calendar of any of these stores. Three queries at most."""
    events = CalendarEvent.objects.active().filter(kind=CalendarEvent.Kind.PROMOTION).between(first, last).at(*stores)
    return list(events.prefetch_related("stores", "products"))


def _planned_days(plans: list[CalendarEvent], store: Store, product: Product, first: date, last: date) -> set[date]:
    """The days for which the calendar had a promotion of the product in the store before they began."""
    days: set[date] = set()
    for event in plans:
        if held_in(event, store) and concerns(event, product.pk, product.category):
            known_from = clock.business_date(event.created_at, store.zone) + timedelta(days=1)
            day = max(event.first_day, known_from, first)
            days.update(day + timedelta(days=more) for more in range((min(event.last_day, last) - day).days + 1))
    return days


def _of_series(keys: list[Key]) -> Q:
    return reduce(or_, (Q(store_id=store_id, product_id=product_id) for store_id, product_id in keys), Q(pk__in=[]))


def _days_of(keys: list[Key], start: date, last: date) -> dict[Key, dict[date, Day]]:
    days: dict[Key, dict[date, Day]] = defaultdict(dict)
    rows = DailySales.objects.filter(_of_series(keys)).between(start, last).order_by()
    for store_id, product_id, day, *numbers in rows.values_list(
        "store_id", "product_id", "business_date", "units", "returned_units", "revenue", "promotion_lines",
        "out_of_stock_seconds",
    ):  # fmt: skip
        units, returned, revenue, promoted, seconds = numbers
        net = max(units - returned, 0)
        days[store_id, product_id][day] = Day(
            demand=None if seconds > HALF_A_DAY_SECONDS else float(net),
            is_promoted=promoted > 0,
            price=float(revenue) / net if net and revenue > 0 else None,
        )
    return days


def _first_sales(keys: list[Key]) -> dict[Key, date]:
    rows = DailySales.objects.filter(_of_series(keys), units__gt=0).order_by()
    return {
        (row["store_id"], row["product_id"]): row["first"]
        for row in rows.values("store_id", "product_id").annotate(first=Min("business_date"))
    }
