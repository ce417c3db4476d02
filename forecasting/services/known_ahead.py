"""What the forecast knows beside the sales (calendar, prices), and what people laid over it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import numpy as np

from forecasting.calc.arrays import Floats
from forecasting.calc.demand import net_sales
from forecasting.calc.error_bytes import pack_errors
from forecasting.calc.panel import Panel, PanelForecast
from forecasting.calc.protection import LONGEST_DAYS
from forecasting.frames.calendar import Coming, load_panel_calendar
from forecasting.frames.demand import DailyDemand
from forecasting.models import ProductDemandForecast
from forecasting.services.overrides import lay_over, load_overrides
from inventory.models import Store

DECIMALS = 4
LEAST_DAYS = 7
LEAST_EFFECT = 0.005


def load_panel(
    *, store: Store, history: DailyDemand, known_by: datetime | None, whole: bool = False
) -> tuple[Panel, tuple[Coming, ...]]:
    """What a store's products sold, with the share of each day in stock and all that is known ahead; and what is on ahead,
    by name. Three queries.

    Begins on the first day that any of the products is known on; ``whole``: on the history's own.
    """
    sold = net_sales(sold_units=history.sold_units, returned_units=history.returned_units, started=history.started)
    periods = sold.shape[1] if whole else _known_periods(sold)
    known = load_panel_calendar(store=store, history=history, periods=periods, ahead=LONGEST_DAYS, known_by=known_by)
    panel = Panel(
        sold[:, -periods:],
        in_stock=1 - np.clip(history.out_of_stock_share[:, -periods:], 0.0, 1.0),
        groups=np.unique(history.categories, return_inverse=True)[1],
        promotion=known.promotion,
        price=known.price,
        effects=known.effects,
        given=known.given,
        first_day=known.first_day,
    )
    return panel, known.coming


def _known_periods(sold: Floats) -> int:
    """The days from the first known one of any product to the end; at least a week."""
    known = np.flatnonzero(np.isfinite(sold).any(axis=0))
    days = sold.shape[1] - int(known[0]) if known.size else 0
    return max(days, LEAST_DAYS)


def coming_effects(panel: PanelForecast, row: int, coming: Sequence[Coming]) -> dict[str, Any]:
    """What the calendar does to the horizon, as the forecast's row keeps it.

    ``factor``: the multiple of usual demand by place of the day, of those that differ; ``uplifts``: what was learned,
    by the name of the event; ``events``: the names of what is on, by place of the day.
    """
    factors = panel.calendar[row]
    return {
        "events": _names_by_day(coming, row, len(factors)),
        "factor": {
            str(day): round(float(factors[day]), DECIMALS)
            for day in np.flatnonzero(np.abs(factors - 1) > LEAST_EFFECT).tolist()
        },
        "uplifts": {
            name: round(float(uplift), DECIMALS)
            for name, uplift in zip(panel.effects, panel.uplifts[row].tolist(), strict=True)
            if abs(uplift - 1) > LEAST_EFFECT
        },
    }


def _names_by_day(coming: Sequence[Coming], row: int, horizon: int) -> dict[str, list[str]]:
    names: dict[int, list[str]] = {}
    for one in coming:
        if row in one.rows:
            for day in one.days:
                if day < horizon:
                    names.setdefault(day, []).append(one.name)
    return {str(day): list(dict.fromkeys(names[day])) for day in sorted(names)}


def packed_errors(panel: PanelForecast, row: int) -> bytes:
    """The row's backtest errors, with the origins counted from the end: those of all products lie on one another."""
    return pack_errors(panel.backtest_errors[row], panel.periods - panel.origins)


def lay_over_new(
    rows: Sequence[ProductDemandForecast], *, store_id: int, forecast_date: date, known_by: datetime | None
) -> None:
    """Lay the overrides in force over the day's new rows. One query."""
    ids = [row.product_id for row in rows]
    lay_over(rows, load_overrides(store_id=store_id, product_ids=ids, first_day=forecast_date, known_by=known_by))
