"""A planned order as a row of the recommendations, with its dossier."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from insights.calc.policy import URGENCY_RANK
from insights.calc.replenishment import rows as reasons
from insights.calc.replenishment.config import PolicyConfig
from insights.calc.replenishment.replenish_by import LONGEST_WAIT, TOO_LATE
from insights.frames.reorder import FirstSales, ForecastFacts, LevelTerms, MonthFacts, ReorderFrame
from insights.models import ReorderRecommendation
from insights.services import dossier
from insights.services.dossier import version_2
from insights.services.policy.planning import Planned, policy_json

CENTS = Decimal("0.01")
KNOWN_LONG, KNOWN_SHORT = 182, 28
ACCURATE = 60.0
BLIND_DAYS, CLEAR_DAYS = 10.0, 3.0


def proposal(
    frame: ReorderFrame, product_id: int, planned: Planned, *, config: PolicyConfig, today: date
) -> ReorderRecommendation:
    """An unsaved row of ``today``, pending."""
    inputs, level = planned.inputs, frame.levels.get(product_id, LevelTerms())
    forecast = frame.forecasts.get(product_id)
    source, product = frame.sources.get(product_id), frame.products[product_id]
    facts = _facts(frame, product_id, planned, today)
    notes = _reasons(planned, facts["demand_basis"])
    is_forecast = facts["demand_basis"] == version_2.FORECAST
    return ReorderRecommendation(
        product_id=product_id,
        supplier_id=inputs.supplier_id,
        recommendation_date=today,
        forecast_date=forecast.forecast_date if forecast else None,
        current_stock=level.on_hand_units,
        on_order_units=inputs.on_order_units + inputs.in_transit_units,
        minimum_stock=level.minimum_units,
        maximum_stock=level.maximum_units,
        projected_demand_14_days=_projected(forecast, today=today, days=14),
        recommended_order_quantity=planned.quantity,
        unit_cost=source.unit_cost if source else product.unit_cost,
        money_at_risk=Decimal(repr(planned.result["lost_margin_without"])).quantize(CENTS),
        stockout_probability=_runs_out(planned) if is_forecast else None,
        replenish_by=replenish_by(planned, today) if is_forecast else None,
        urgency_level=planned.urgency,
        urgency_rank=URGENCY_RANK[planned.urgency],
        abc_class=inputs.abc_class,
        xyz_class=inputs.xyz_class,
        status=ReorderRecommendation.Status.PENDING,
        notes="; ".join(notes),
        dossier={
            "version": dossier.CURRENT,
            "policy": policy_json(config, planned.result["fill_rate_target"]),
            "inputs": inputs.as_json(),
            "shared": planned.shared,
            "steps": planned.steps,
            "result": planned.result,
            "urgency": planned.urgency,
            "confidence": confidence(planned, facts),
            "reasons": notes,
            "facts": facts,
        },
    )


def shared_again(row: ReorderRecommendation, planned: Planned, *, config: PolicyConfig) -> None:
    """Put on a row what was decided for it together with others; inputs and facts stay."""
    notes = _reasons(planned, row.dossier["facts"]["demand_basis"])
    row.recommended_order_quantity = planned.quantity
    row.notes = "; ".join(notes)
    row.dossier = {
        **row.dossier,
        "policy": policy_json(config, planned.result["fill_rate_target"]),
        "shared": planned.shared,
        "steps": planned.steps,
        "result": planned.result,
        "reasons": notes,
    }


def replenish_by(planned: Planned, today: date) -> date | None:
    """The last day on which an order still comes in before stock is likely to run out; yesterday where today is too late, None
    where it is not soon."""
    if planned.wait_days >= LONGEST_WAIT:
        return None
    return today + timedelta(days=max(planned.wait_days, TOO_LATE))


def confidence(planned: Planned, facts: Mapping[str, Any]) -> str:
    """How much stands behind the numbers.

    Low: never counted, no forecast, under 4 weeks of history, or 10 days and more of the last 30 without stock. High: half a
    year of history, accuracy from 60 of 100, and under 3 days without stock. Else normal.
    """
    is_blind = facts["stock_out_days"] >= BLIND_DAYS or facts["known_days"] < KNOWN_SHORT
    if not planned.inputs.is_counted or facts["demand_basis"] != version_2.FORECAST or is_blind:
        return "low"
    is_long = facts["known_days"] >= KNOWN_LONG and facts["stock_out_days"] < CLEAR_DAYS
    return "high" if is_long and (facts["accuracy_score"] or 0.0) >= ACCURATE else "normal"


def _runs_out(planned: Planned) -> float:
    """Before an order could come in, or from then until the next one does, without the order."""
    return max(float(planned.result["runs_out_before"]), float(planned.result["stockout_without"]))


def _reasons(planned: Planned, demand_basis: str) -> list[str]:
    """What the reader must know beside the arithmetic; of no forecast, why there is none."""
    found = [reason for reason in planned.reasons if reason != reasons.NO_FORECAST]
    why_none = {
        version_2.NEW_PRODUCT: "new product: fewer than 7 days of sales",
        version_2.NEVER_SOLD: "no sales here yet",
        version_2.UNUSABLE: reasons.NO_FORECAST,
    }.get(demand_basis)
    uncounted = [] if planned.inputs.is_counted else [dossier.NEVER_COUNTED]
    return [*([why_none] if why_none else []), *uncounted, *found]


def _facts(frame: ReorderFrame, product_id: int, planned: Planned, today: date) -> dict[str, Any]:
    """What the explanation names beside the policy's inputs."""
    product, source = frame.products[product_id], frame.sources.get(product_id)
    forecast = frame.forecasts.get(product_id)
    first = frame.first_sales.get(product_id, FirstSales()).first_sale
    due = replenish_by(planned, today)
    return {
        "sku": product.sku,
        "product": product.name,
        "category": product.category,
        "supplier": source.supplier_name if source else "",
        "demand_basis": _basis(forecast, planned, first),
        "model": forecast.model if forecast else "",
        "accuracy_score": forecast.accuracy_score if forecast else None,
        "known_days": forecast.known_days if forecast else 0,
        "stock_out_days": frame.months.get(product_id, MonthFacts()).stock_out_days,
        "first_sale": first.isoformat() if first else "",
        "replenish_by": due.isoformat() if due else "",
        "days_of_cover": _days_of_cover(planned),
    }


def _basis(forecast: ForecastFacts | None, planned: Planned, first: date | None) -> str:
    if planned.inputs.demand_days:
        return version_2.FORECAST
    if forecast is not None:
        return version_2.UNUSABLE
    return version_2.NEW_PRODUCT if first else version_2.NEVER_SOLD


def _days_of_cover(planned: Planned) -> float | None:
    inputs = planned.inputs
    per_day = inputs.demand_means[1] / inputs.demand_days[1] if inputs.demand_days else 0.0
    return round(max(inputs.stock_units, 0) / per_day, 1) if per_day > 0 else None


def _projected(forecast: ForecastFacts | None, *, today: date, days: int) -> float | None:
    """Units expected in the next ``days``; None without a forecast that reaches so far."""
    if forecast is None:
        return None
    start = (today - forecast.forecast_date).days
    path = (forecast.mean_path or [])[start : start + days]
    return round(float(sum(path)), 4) if len(path) == days else None
