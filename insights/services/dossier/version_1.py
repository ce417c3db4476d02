"""Rows of the first policy: still explained and recomputed as they were made; no longer written. Free of NumPy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from insights.calc.policy import (
    FORECAST,
    NEVER_SOLD,
    NEW_PRODUCT,
    PolicyConfig,
    inputs_from_json,
    plan_order,
)
from insights.services.dossier.words import days_in_words, units_in_words


def recompute(dossier: Mapping[str, Any]) -> int:
    """The quantity (units) from the dossier alone."""
    return plan_order(inputs_from_json(dossier["inputs"]), PolicyConfig(**dossier["policy"])).quantity


def explain(dossier: Mapping[str, Any]) -> list[str]:
    """The arithmetic in plain words, one step a line, in the order of the arithmetic."""
    inputs, steps = dossier["inputs"], dossier["steps"]
    return [
        *_stock_lines(inputs, steps),
        *_demand_lines(inputs, steps, dossier["facts"]),
        *_bound_lines(inputs, steps),
        *_quantity_lines(inputs, steps),
        *_risk_lines(inputs, steps),
        *(f"Note: {reason}." for reason in dossier["reasons"]),
    ]


def _stock_lines(inputs: Mapping[str, Any], steps: Mapping[str, Any]) -> list[str]:
    stock = (
        f"On hand are {units_in_words(inputs['on_hand_units'])}"
        if inputs["is_counted"]
        else "The stock was never counted and is taken as 0 units"
    )
    coming = f"{units_in_words(inputs['on_order_units'])} are on order and {units_in_words(inputs['in_transit_units'])} in transit"
    return [f"{stock}; {coming}: the inventory position is {units_in_words(steps['position_units'])}."]


def _demand_lines(inputs: Mapping[str, Any], steps: Mapping[str, Any], facts: Mapping[str, Any]) -> list[str]:
    target = f"{steps['demand_target_units']:.1f} units"
    if inputs["demand_basis"] == NEW_PRODUCT:
        first_sale = f"The first sale was on {facts['first_sale']}: too few days for a forecast."
        return [f"{first_sale} Until there is one, what has sold so far is replaced: {target}."]
    if inputs["demand_basis"] == NEVER_SOLD:
        return ["It has never sold here: nothing is expected, and only the minimum counts."]
    days = inputs["protection_days"]
    per_day = inputs["demand_per_day"]
    parts = f"{days_in_words(facts['lead_time_days'])} of lead time and {days_in_words(facts['review_days'])} until the next order"
    lines = [
        f"An order has to last {days_in_words(days)}: {parts}, rounded up.",
        f"Expected demand is {per_day:.2f} units a day, {per_day * days:.1f} in {days_in_words(days)} ({_forecast_words(facts)}).",
    ]
    if inputs["lead_time_sd_days"]:
        lines.append(
            f"The lead time varies by {days_in_words(inputs['lead_time_sd_days'])}, which widens what may be needed."
        )
    abc_class = f"class {inputs['abc_class']}" if inputs["abc_class"] else "a product without a class"
    lines.append(f"In {steps['service_level']:.0%} of cases ({abc_class}) demand stays within {target}.")
    return lines


def _forecast_words(facts: Mapping[str, Any]) -> str:
    model = str(facts["model"]).replace("_", " ")
    score = facts["accuracy_score"]
    return f"{model}, accuracy not measured" if score is None else f"{model}, accuracy {score:.0f} of 100 in backtest"


def _bound_lines(inputs: Mapping[str, Any], steps: Mapping[str, Any]) -> list[str]:
    up_to = f"Order up to {steps['order_up_to_units']:.1f} units"
    if steps["is_capped_by_maximum"]:
        return [f"{up_to}: the maximum of {units_in_words(inputs['maximum_units'])} is lower than what may be needed."]
    if inputs["minimum_units"] > steps["demand_target_units"]:
        return [f"{up_to}: the minimum of {units_in_words(inputs['minimum_units'])} is higher than what may be needed."]
    return [f"{up_to}."]


def _quantity_lines(inputs: Mapping[str, Any], steps: Mapping[str, Any]) -> list[str]:
    line = (
        f"Missing are {units_in_words(steps['need_units'])}; in packs of {inputs['pack_size']:,} with a minimum order of "
        f"{units_in_words(inputs['minimum_order_quantity'])} the order is {units_in_words(steps['quantity'])}."
    )
    if steps["passes_maximum_by_units"]:
        return [line, f"Pack and minimum order pass the maximum by {units_in_words(steps['passes_maximum_by_units'])}."]
    return [line]


def _risk_lines(inputs: Mapping[str, Any], steps: Mapping[str, Any]) -> list[str]:
    if inputs["demand_basis"] != FORECAST:
        return []
    cover = steps["days_of_cover"]
    lines = (
        [] if cover is None else [f"The stock on hand lasts {days_in_words(round(cover, 1))} at the expected demand."]
    )
    lines.append(
        f"Without this order it runs out before an order could arrive with {steps['lead_time_stockout_probability']:.0%} "
        f"probability, and within {days_in_words(inputs['protection_days'])} with {steps['stockout_probability']:.0%}; "
        f"{steps['expected_lost_units']:.1f} units of sales would be lost, a margin of {steps['money_at_risk']:,.2f}."
    )
    return lines
