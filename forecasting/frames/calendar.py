"""What is on, and at what price, for some products of one store: past days and the days ahead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
import numpy.typing as npt
from django.db.models import Prefetch

from forecasting.calc.contract import Effect
from forecasting.calc.promotions import promoted_days
from forecasting.frames.demand import DailyDemand
from forecasting.frames.prices import load_prices
from forecasting.models import CalendarEvent
from inventory.models import Product, Store

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
# Demand moves before and after a holiday too: these days from it are effects of their own.
AROUND_HOLIDAYS = {-2: "2 days before", -1: "the day before", 1: "the day after"}
EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class Coming:
    """Something that is on ahead: ``days`` are places in the days ahead, ``rows`` those of the products that it concerns."""

    name: str
    days: tuple[int, ...]
    rows: frozenset[int]


@dataclass(frozen=True)
class PanelCalendar:
    """Rows are the products of the frame in their order, columns its last ``periods`` days and ``ahead`` more.

    ``effects`` and ``given`` as ``forecasting.calc.contract.Panel`` takes them (``given`` None: nobody gave any);
    ``promotion`` 0 or 1, None where nobody plans promotions, for then none is known ahead; ``price`` as of ``load_prices``;
    ``first_day`` since 1970-01-01; ``coming``: what is on in the days ahead, by name, learned or given.
    """

    effects: tuple[Effect, ...]
    given: Floats | None
    promotion: Floats | None
    price: Floats | None
    first_day: int
    coming: tuple[Coming, ...]


def load_panel_calendar(
    *, store: Store, history: DailyDemand, periods: int, ahead: int, known_by: datetime | None = None
) -> PanelCalendar:
    """What was known before ``known_by`` (None: all that is known now). Three queries, whatever the number of products, days
    and events."""
    first = history.last_day - timedelta(days=periods - 1)
    last = history.last_day + timedelta(days=ahead)
    products = Prefetch("products", queryset=Product.objects.only("pk"))
    events = list(
        CalendarEvent.objects.active()
        .known_by(known_by)
        .at(store)
        .between(first - timedelta(days=2), last + timedelta(days=2))
        .order_by("first_day", "pk")
        .prefetch_related(products)
    )
    board = _Board(history, first, periods, ahead)
    holidays = {day for event in events if event.kind == CalendarEvent.Kind.HOLIDAY for day in board.days_of(event)}
    for event in events:
        board.put(event, holidays)
    return PanelCalendar(
        effects=board.effects(),
        given=board.given if (board.given != 1).any() else None,
        promotion=board.promotion(events),
        price=load_prices(store=store, history=history, periods=periods, ahead=ahead, known_by=known_by),
        first_day=(first - EPOCH).days,
        coming=tuple(board.coming),
    )


class _Board:
    """The days as a board of products × days, on which the events are put one by one."""

    def __init__(self, history: DailyDemand, first: date, periods: int, ahead: int) -> None:
        self.history, self.first, self.periods = history, first, periods
        self.shape = (len(history.product_ids), periods + ahead)
        self.given = np.ones(self.shape)
        self.named: dict[str, dict[int, Bools]] = {}
        self.days_from_holiday: dict[str, int] = {}
        self.coming: list[Coming] = []
        self.planned = np.zeros(self.shape, dtype=bool)
        self.has_own_uplift = np.zeros(self.shape, dtype=bool)

    def days_of(self, event: CalendarEvent, shift: int = 0) -> list[int]:
        """The event's columns, ``shift`` days later."""
        start = (event.first_day - self.first).days + shift
        end = (event.last_day - self.first).days + shift
        return list(range(max(start, 0), min(end + 1, self.shape[1])))

    def put(self, event: CalendarEvent, holidays: set[int]) -> None:
        rows = self._rows(event)
        days = self.days_of(event)
        cells = np.ix_(rows, np.array(days, dtype=np.int64))
        self._tell(event.name, days, rows)
        if event.kind == CalendarEvent.Kind.CLOSURE:
            self.given[cells] = 0.0
        elif event.given_uplift is not None:
            self.given[cells] *= event.given_uplift
            self.has_own_uplift[cells] = True
        elif event.kind == CalendarEvent.Kind.PROMOTION and not self._has_past(event):
            self.planned[cells] = True
        else:
            self._name(event.name, days, rows)
            self.has_own_uplift[cells] |= event.kind == CalendarEvent.Kind.PROMOTION
        if event.kind == CalendarEvent.Kind.HOLIDAY:
            self.days_from_holiday.setdefault(event.name, 0)
            for shift, when in AROUND_HOLIDAYS.items():
                around = [day for day in self.days_of(event, shift) if day not in holidays]
                self._name(f"{event.name}: {when}", around, rows)
                self._tell(f"{event.name}: {when}", around, rows)
                self.days_from_holiday.setdefault(f"{event.name}: {when}", shift)

    def effects(self) -> tuple[Effect, ...]:
        return tuple(
            Effect(
                name,
                np.array(sorted(days)),
                np.stack([days[day] for day in sorted(days)], axis=1).astype(np.float32),
                self.days_from_holiday.get(name),
            )
            for name, days in self.named.items()
        )

    def promotion(self, events: Sequence[CalendarEvent]) -> Floats | None:
        """Promoted days without an uplift of their own: those that the ledger knows, and those that are planned."""
        if not any(event.kind == CalendarEvent.Kind.PROMOTION for event in events):
            return None
        promoted = self.planned.copy()
        lines, sold = (values[:, -self.periods :] for values in (self.history.promotion_lines, self.history.sold_units))
        promoted[:, : self.periods] |= promoted_days(lines, sold)
        return (promoted & ~self.has_own_uplift).astype(np.float64)

    def _has_past(self, event: CalendarEvent) -> bool:
        """Whether an earlier event of its name has been put: they come oldest first."""
        return event.name in self.named or (event.first_day - self.first).days < self.periods

    def _tell(self, name: str, days: list[int], rows: npt.NDArray[np.int64]) -> None:
        """Keep what is on in the days ahead, for people."""
        ahead = tuple(day - self.periods for day in days if day >= self.periods)
        if ahead and rows.size:
            self.coming.append(Coming(name, ahead, frozenset(rows.tolist())))

    def _name(self, name: str, days: list[int], rows: npt.NDArray[np.int64]) -> None:
        if not days:
            return
        own = self.named.setdefault(name, {})
        for day in days:
            own.setdefault(day, np.zeros(self.shape[0], dtype=bool))[rows] = True

    def _rows(self, event: CalendarEvent) -> npt.NDArray[np.int64]:
        """The places of the products that the event concerns."""
        chosen = {product.pk for product in event.products.all()}
        if not chosen and not event.categories:
            return np.arange(self.shape[0])
        categories = set(event.categories)
        places = [
            place
            for place, (product_id, category) in enumerate(
                zip(self.history.product_ids, self.history.categories, strict=True)
            )
            if product_id in chosen or category in categories
        ]
        return np.array(places, dtype=np.int64)
