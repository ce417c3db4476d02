"""PA-6: what to order for a store now, for its whole range or for what lies near its bounds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from django.db.models import F, Max, Q

from forecasting.models import ProductDemandForecast
from insights.calc.policy import URGENCY_RANK
from insights.calc.replenishment.config import PolicyConfig
from insights.models import ReorderRecommendation
from insights.services.joint_orders import share_orders
from insights.services.policy.company import company_policy
from insights.services.policy.planning import Planned
from insights.services.undecided import recommend_undecided
from invencare.lib import clock
from invencare.lib.isolation import isolated
from inventory.models import Product, StockLevel, Store

NEAR_MINIMUM, NEAR_MAXIMUM = 1.2, 0.9
OLDEST_FORECAST_DAYS = 14
PRODUCTS_AT_ONCE = 1000
ORDER, WAIT, REDUCE, MAINTAIN = "order", "wait", "reduce", "maintain"
MESSAGE_LENGTH = 300


@dataclass(frozen=True)
class Optimized:
    """``recommendations``: one mapping a product, the most pressing first; ``failures``: products that could not be planned, with
    the reason. ``forecast_date`` is the day of the forecast behind them, None where the store has none."""

    goal: str
    recommendation_date: date
    forecast_date: date | None
    recommendations: list[dict[str, Any]] = field(default_factory=list)
    failures: list[dict[str, str]] = field(default_factory=list)


def optimize_store(
    *,
    store: Store,
    now: datetime,
    include_all_products: bool = False,
    goal: str = "",
    budget: float | None = None,
) -> Optimized:
    """Plan the store's products with the newest forecast and the stock as it is now, and write the day's pending rows.

    Without ``include_all_products`` only stock at or under 1.2 × its minimum, or at or over 0.9 × its maximum. Rows that a person
    decided, snoozed or proposed stay as they are. A product that fails is named and stops no other. ``budget`` is money for all
    orders of this store.
    """
    today = clock.business_date(now, store.zone)
    config = company_policy(goal=goal)
    forecast_date = _newest_forecast(store, today)
    product_ids = _chosen(store, include_all_products=include_all_products)
    planned: dict[int, Planned] = {}
    step = partial(_plan, store, today, now, config, forecast_date, planned)
    failed: dict[int, Exception] = {}
    for start in range(0, len(product_ids), PRODUCTS_AT_ONCE):
        failed |= isolated(step, product_ids[start : start + PRODUCTS_AT_ONCE])
    share_orders(store=store, recommendation_date=today, now=now, config=config, budget=budget)
    products = Product.objects.in_bulk(product_ids)
    return Optimized(
        goal=config.goal,
        recommendation_date=today,
        forecast_date=forecast_date,
        recommendations=_answers(
            store, today, products, {pk: plan for pk, plan in planned.items() if pk not in failed}
        ),
        failures=[
            {"product_id": products[pk].sku, "message": f"{type(error).__name__}: {error}"[:MESSAGE_LENGTH]}
            for pk, error in sorted(failed.items())
        ],
    )


def _plan(
    store: Store,
    today: date,
    now: datetime,
    config: PolicyConfig,
    forecast_date: date | None,
    planned: dict[int, Planned],
    product_ids: list[int],
) -> None:
    done = recommend_undecided(
        store=store,
        product_ids=product_ids,
        recommendation_date=today,
        now=now,
        config=config,
        forecast_date=forecast_date,
    )
    planned.update(done.planned)


def _newest_forecast(store: Store, today: date) -> date | None:
    rows = ProductDemandForecast.objects.filter(
        store=store, forecast_date__lte=today, forecast_date__gte=today - timedelta(days=OLDEST_FORECAST_DAYS)
    )
    newest: date | None = rows.aggregate(Max("forecast_date"))["forecast_date__max"]
    return newest


def _chosen(store: Store, *, include_all_products: bool) -> list[int]:
    levels = StockLevel.objects.on_sale().filter(store=store)
    if not include_all_products:
        levels = levels.filter(
            Q(on_hand_units__lte=F("minimum_units") * NEAR_MINIMUM)
            | Q(maximum_units__gt=0, on_hand_units__gte=F("maximum_units") * NEAR_MAXIMUM)
        )
    return sorted(levels.values_list("product_id", flat=True))


def _answers(
    store: Store, today: date, products: Mapping[int, Product], planned: Mapping[int, Planned]
) -> list[dict[str, Any]]:
    """By urgency, then by the margin at risk. Where there is a row of today, its quantity and status are what counts."""
    rows = {
        row.product_id: row
        for row in ReorderRecommendation.objects.filter(
            store=store, recommendation_date=today, product_id__in=planned
        ).only("product_id", "recommended_order_quantity", "status", "notes")
    }
    first = sorted(
        planned, key=lambda pk: (URGENCY_RANK[planned[pk].urgency], -planned[pk].margin_at_risk, products[pk].sku)
    )
    return [
        {**_answer(products[pk], planned[pk], rows.get(pk)), "implementation_priority": place}
        for place, pk in enumerate(first, start=1)
    ]


def _answer(product: Product, plan: Planned, row: ReorderRecommendation | None) -> dict[str, Any]:
    inputs, result = plan.inputs, plan.result
    is_pending = row is not None and row.status == ReorderRecommendation.Status.PENDING
    quantity = row.recommended_order_quantity if row is not None and is_pending else plan.quantity
    per_day = inputs.demand_means[1] / inputs.demand_days[1] if inputs.demand_days else None
    kind = _kind(plan, quantity)
    return {
        "product_id": product.sku,
        "product_name": product.name,
        "category": product.category,
        "current_stock": inputs.on_hand_units,
        "recommended_stock": math.ceil(result["target_level"] - 1e-6),
        "recommended_order_quantity": quantity,
        "urgency_level": plan.urgency,
        "recommendation_type": kind,
        "estimated_daily_demand": None if per_day is None else round(per_day, 4),
        "days_of_stock_current": round(max(inputs.stock_units, 0) / per_day, 1) if per_day else None,
        "service_level": result["fill_rate_target"],
        "stockout_probability": round(max(result["runs_out_before"], result["stockout_without"]), 4)
        if per_day
        else None,
        "estimated_cost_savings": round(max(result["saved"], 0.0), 2) if quantity else 0.0,
        "reasoning": _reasoning(plan, kind, quantity, notes=row.notes if row is not None and is_pending else ""),
    }


def _kind(plan: Planned, quantity: int) -> str:
    inputs = plan.inputs
    if quantity:
        return ORDER
    if plan.is_worth_a_row:
        return WAIT
    is_full = inputs.maximum_units > 0 and inputs.on_hand_units >= NEAR_MAXIMUM * inputs.maximum_units
    return REDUCE if is_full and inputs.on_hand_units > plan.result["target_level"] else MAINTAIN


def _reasoning(plan: Planned, kind: str, quantity: int, *, notes: str) -> str:
    """One or two sentences and what is odd; the whole arithmetic is on the recommendation's row."""
    result = plan.result
    position, target = f"{result['position']:,.0f}", f"{result['target_level']:,.1f}"
    words = {
        ORDER: f"{quantity:,} units bring the stock that is there when they come in to what is needed until the next order; "
        f"{result['projected_level']:,.1f} would be left without, {target} are needed. Decided by: {result['binding']}.",
        WAIT: "Nothing can be ordered as it stands.",
        REDUCE: f"On hand are {plan.inputs.on_hand_units:,} units and {target} are needed until the next order comes in: "
        "order nothing, and sell or move what is too much.",
        MAINTAIN: f"A position of {position} units is enough until the next order comes in.",
    }[kind]
    return f"{words} Note: {notes or '; '.join(plan.reasons)}." if notes or plan.reasons else words
