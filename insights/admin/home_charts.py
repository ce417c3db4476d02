"""The charts of the home page, as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from insights.services.dashboard import Dashboard, ForecastAhead, Period
from invencare.lib.charts import chart_band, chart_data, chart_series

CURRENCY_COLOURS = ("primary", "accent", "warning", "danger")
SHOWN_CATEGORIES = 12
LONGEST_GAP_DAYS = 7
"""A forecast that begins later than this after the period is another time's."""


def units_chart(board: Dashboard) -> dict[str, Any]:
    """Units per day, and the forecast with its interval where one was made right after the period."""
    series = [chart_series("Units sold", [day.units for day in board.days])]
    days, shown = _days_ahead(board)
    if board.forecast is not None and shown:
        mean = [round(units, 1) for units in board.forecast.units_per_day]
        series.append(chart_series("Forecast", _placed(board, mean, shown), colour="accent", dashed=True))
        if board.forecast.interval is not None:
            low, high = ([round(units, 1) for units in bound] for bound in board.forecast.interval)
            series.append(chart_band("95 % of days", _placed(board, low, shown), _placed(board, high, shown)))
    return chart_data(labels=[day.isoformat() for day in days], series=series, y_title="Units")


def revenue_chart(board: Dashboard) -> dict[str, Any]:
    """One line per currency, and ahead the units forecast per store at that store's mean price of the period."""
    codes = sorted(board.totals.revenue)
    days, shown = _days_ahead(board)
    expected = _expected_revenue(board) if shown else {}
    series = []
    for i, code in enumerate(codes):
        colour = CURRENCY_COLOURS[i % len(CURRENCY_COLOURS)]
        sold = [float(day.revenue.get(code, 0)) for day in board.days]
        series.append(chart_series(f"Revenue ({code})", sold, colour=colour))
        if code in expected:
            name = f"Forecast at the period's mean price ({code})"
            series.append(chart_series(name, _placed(board, expected[code], shown), colour=colour, dashed=True))
    return chart_data(labels=[day.isoformat() for day in days], series=series, y_title=f"Revenue ({', '.join(codes)})")


def category_chart(board: Dashboard) -> dict[str, Any]:
    """Categories of this period beside the one before: money of one currency, else units."""
    groups = board.categories[:SHOWN_CATEGORIES]
    in_money = len(board.currencies) == 1
    now_ = [float(group.money) if in_money else group.units for group in groups]
    before = [float(group.money_before) if in_money else group.units_before for group in groups]
    return chart_data(
        labels=[group.key or "Without category" for group in groups],
        series=[
            chart_series("This period", now_, kind="bar"),
            chart_series("The period before", before, kind="bar", colour="muted"),
        ],
        x_title="Category",
        y_title=f"Revenue ({board.currencies[0]})" if in_money else "Units",
        lies=True,
    )


def _days_ahead(board: Dashboard) -> tuple[list[date], int]:
    """The labels of the chart, and how many days of the forecast they hold (0: none fits)."""
    ahead, last = board.forecast, board.period.last
    if ahead is None or not ahead.units_per_day or not 0 < (ahead.first - last).days <= LONGEST_GAP_DAYS:
        return board.period.dates(), 0
    shown = min(len(ahead.units_per_day), max(board.period.days, LONGEST_GAP_DAYS))
    end = ahead.first + timedelta(days=shown - 1)
    return Period(board.period.first, end).dates(), shown


def _placed(board: Dashboard, values: Sequence[float], shown: int) -> list[float | None]:
    ahead: Any = board.forecast
    before: list[float | None] = [None] * (ahead.first - board.period.first).days
    return before + list(values[:shown])


def _expected_revenue(board: Dashboard) -> dict[str, list[float]]:
    """Expected revenue per day by currency; a store that sold nothing in the period has no price, and adds nothing."""
    ahead: ForecastAhead | None = board.forecast
    if ahead is None:
        return {}
    sums: dict[str, list[float]] = {}
    for store_id, price in _mean_prices(board).items():
        total = sums.setdefault(board.stores[store_id].currency, [0.0] * len(ahead.units_per_day))
        for i, units in enumerate(ahead.by_store.get(store_id, ())):
            total[i] += units * price
    return {code: [round(money, 2) for money in days] for code, days in sums.items()}


def _mean_prices(board: Dashboard) -> dict[int, float]:
    if board.sales.stores:
        sold = {group.key: (group.units, group.money) for group in board.sales.stores}
    else:  # one store was chosen
        sold = {pk: (board.totals.units, sum(board.totals.revenue.values(), Decimal(0))) for pk in board.stores}
    return {store_id: float(money) / units for store_id, (units, money) in sold.items() if units > 0}
