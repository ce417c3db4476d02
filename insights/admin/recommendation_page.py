"""What the page of one recommendation shows: facts, the steps of the arithmetic, and the outlook as a chart."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from insights.models import Decision, ReorderRecommendation, TransferRecommendation
from insights.services.decisions import BY_ITSELF, Limits, history, numbers_age_days, staleness_warning
from insights.services.dossier import explain, recompute
from insights.services.stock_outlook import HISTORY_DAYS, StockOutlook, stock_outlook
from invencare.lib.charts import chart_data, chart_series
from inventory.calc.packs import PackRule

EARLIER_DECISIONS = 5


def order_value(row: ReorderRecommendation) -> Any:
    waiting = row.proposed_quantity if row.status == row.Status.PROPOSED else None
    return row.unit_cost * (row.approved_quantity or waiting or row.recommended_order_quantity)


def page_context(
    row: ReorderRecommendation,
    rule: PackRule,
    *,
    limits: Limits,
    reader: Any,
    now: datetime,
    next_row: ReorderRecommendation | None,
    recomputes: bool = False,
) -> dict[str, Any]:
    """``recomputes``: whether to work the quantity out again from the row alone, which loads the numeric stack."""
    outlook = stock_outlook(row)
    return {
        "title": f"{row.product} @ {row.store}",
        "row": row,
        "rule": rule,
        "packs": row.recommended_order_quantity / rule.pack_units,
        "value": order_value(row),
        "chance": None if row.stockout_probability is None else round(100 * row.stockout_probability),
        "reasons": explain(row.dossier),
        "steps": _steps(row.dossier),
        "recomputed": _recomputed(row) if recomputes else "",
        "is_late": row.replenish_by is not None and row.replenish_by < row.recommendation_date,
        "outlook": outlook,
        "outlook_chart": _chart(outlook),
        "chart_title": f"Sales of {HISTORY_DAYS} days, the forecast, and how long the stock lasts",
        "model_name": outlook.model.replace("_", " "),
        "events": list(reversed(history(row))),
        "earlier": _earlier(row),
        "stale": staleness_warning(numbers_age_days(row, now=now)) if row.is_open else "",
        "why_over": _why_over(row, limits),
        "is_own_proposal": row.status == row.Status.PROPOSED and row.proposed_by_id == reader.pk,
        "next_row": next_row,
        "moves_here": _moves_here(row) if row.is_open else [],
    }


STEPS = (
    ("raw", "Needed"),
    ("pack", "Whole packs"),
    ("minimum_order", "Minimum order"),
    ("supplier_minimum", "Supplier's minimum"),
    ("maximum", "Maximum stock"),
    ("shelf_life", "Shelf life"),
    ("budget", "Budget"),
)


def _steps(dossier: dict[str, Any]) -> list[dict[str, Any]]:
    """The units after each step, and whether the step changed them; empty for a row of the first policy."""
    units = dossier.get("steps", {})
    if not all(name in units for name, _ in STEPS):
        return []
    before = [units["raw"], *(units[name] for name, _ in STEPS)]
    return [
        {"label": label, "units": round(units[name], 1), "is_change": units[name] != before[place]}
        for place, (name, label) in enumerate(STEPS)
    ]


def _recomputed(row: ReorderRecommendation) -> str:
    """What the row alone comes to, in one sentence."""
    try:
        quantity = recompute(row.dossier)
    except ModuleNotFoundError:
        return "This server has no numeric packages, so that it cannot recompute."
    except (ValueError, KeyError, TypeError) as error:
        return f"This row cannot be recomputed: {error}."
    if quantity == row.recommended_order_quantity:
        return f"Recomputed from this row alone: {quantity:,} units, the same."
    return (
        f"Recomputed from this row alone: {quantity:,} units, not the {row.recommended_order_quantity:,} recommended."
    )


def _why_over(row: ReorderRecommendation, limits: Limits) -> str:
    """Why the reader cannot commit this order alone; empty where they can, or where nobody decides any more."""
    if not row.is_open or row.supplier_id is None:
        return ""
    units = row.proposed_quantity if row.status == row.Status.PROPOSED else row.recommended_order_quantity
    return limits.why_over(row.unit_cost * (units or 0), row.store.currency)


def _moves_here(row: ReorderRecommendation) -> list[TransferRecommendation]:
    """Transfers of the same day that would bring this product here: what they bring need not be ordered."""
    moves = TransferRecommendation.objects.filter(
        product=row.product_id,
        to_store=row.store_id,
        recommendation_date=row.recommendation_date,
        status__in=["pending", "proposed", "approved"],
    )
    return list(moves.select_related("from_store").defer("dossier"))


def _earlier(row: ReorderRecommendation) -> Any:
    """The last decisions on other days' recommendations of the same product here."""
    others = Decision.objects.filter(recommendation__product_id=row.product_id, recommendation__store_id=row.store_id)
    others = others.exclude(recommendation=row).exclude(decided_by_name=BY_ITSELF)
    return others.select_related("recommendation", "reason_code").defer("shown", "recommendation__dossier")[
        :EARLIER_DECISIONS
    ]


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
