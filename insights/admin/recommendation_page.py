"""What the page of one recommendation shows: facts, the steps of the arithmetic, and the outlook as a chart."""

from __future__ import annotations

from typing import Any

from insights.models import ReorderRecommendation
from insights.services.dossier import explain
from insights.services.stock_outlook import HISTORY_DAYS, StockOutlook, stock_outlook
from invencare.lib.charts import chart_data, chart_series
from inventory.calc.packs import PackRule


def order_value(row: ReorderRecommendation) -> Any:
    return row.unit_cost * (row.approved_quantity or row.recommended_order_quantity)


def page_context(
    row: ReorderRecommendation, rule: PackRule, *, next_row: ReorderRecommendation | None
) -> dict[str, Any]:
    outlook = stock_outlook(row)
    return {
        "title": f"{row.product} @ {row.store}",
        "row": row,
        "rule": rule,
        "packs": row.recommended_order_quantity / rule.pack_units,
        "value": order_value(row),
        "chance": None if row.stockout_probability is None else round(100 * row.stockout_probability),
        "reasons": explain(row.dossier),
        "outlook": outlook,
        "outlook_chart": _chart(outlook),
        "chart_title": f"Sales of {HISTORY_DAYS} days, the forecast, and how long the stock lasts",
        "model_name": outlook.model.replace("_", " "),
        "decisions": row.decisions.order_by("-pk"),
        "next_row": next_row,
    }


def _chart(outlook: StockOutlook) -> dict[str, Any]:
    """Sales and the forecast with its 80 % band on the left axis, the projected stock on the right one."""
    days = outlook.days
    series = [chart_series("Sold", [day.sold_units for day in days], kind="bar", colour="muted")]
    if outlook.model:
        low = chart_series("80 % of days: from", _rounded([day.low_units for day in days]), colour="accent")
        high = chart_series("80 % of days: to", _rounded([day.high_units for day in days]), colour="accent")
        series += [
            {**low, "width": 0.5},
            {**high, "width": 0.5, "fill": "-1"},
            chart_series("Forecast", _rounded([day.expected_units for day in days]), colour="accent", dashed=True),
            chart_series(
                "Stock without this order",
                _rounded([day.stock_units for day in days]),
                colour="danger",
                axis="right",
                stepped=True,
            ),
            chart_series(
                "Stock with this order",
                _rounded([day.stock_with_order_units for day in days]),
                axis="right",
                stepped=True,
            ),
        ]
    return chart_data(
        labels=[day.day.isoformat() for day in days],
        series=series,
        y_title="Units per day",
        y_right_title="Stock (units)",
    )


def _rounded(values: list[float | None]) -> list[float | None]:
    return [None if value is None else round(value, 2) for value in values]
