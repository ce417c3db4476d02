"""Why a quantity is recommended: kept on the row, recomputed and told from the row alone. Free of NumPy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from insights.calc.policy import (
    FORECAST,
    NEVER_SOLD,
    NEW_PRODUCT,
    Order,
    OrderInputs,
    PolicyConfig,
    inputs_from_json,
    plan_order,
)

VERSION = 1
DECIMALS = 6
NO_SUPPLIER = "no supplier lists this product"
NEVER_COUNTED = "stock never counted"


def build(
    inputs: OrderInputs, order: Order, *, config: PolicyConfig, facts: Mapping[str, Any], reasons: list[str]
) -> dict[str, Any]:
    """The JSON to keep: ``inputs`` as the policy got them, ``steps`` and result, ``facts`` for the reader."""
    return {
        "version": VERSION,
        "policy": {**asdict(config), "service_levels": dict(config.service_levels)},
        "inputs": {**asdict(inputs), "protection": dict(inputs.protection), "lead_time": dict(inputs.lead_time)},
        "steps": {
            name: round(value, DECIMALS) if isinstance(value, float) else value for name, value in asdict(order).items()
        },
        "reasons": reasons,
        "facts": dict(facts),
    }


def recompute(dossier: Mapping[str, Any]) -> int:
    """The quantity (units) from the dossier alone. Raises ``ValueError`` for a version that is not known."""
    if dossier.get("version") != VERSION:
        raise ValueError(f"the dossier's version is {dossier.get('version')!r}; only {VERSION} can be recomputed")
    return plan_order(inputs_from_json(dossier["inputs"]), PolicyConfig(**dossier["policy"])).quantity


def explain(dossier: Mapping[str, Any]) -> list[str]:
    """The arithmetic in plain words, one step a line, in the order of the arithmetic; empty without a dossier."""
    if dossier.get("version") != VERSION:
        return []
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
        f"On hand are {_units(inputs['on_hand_units'])}"
        if inputs["is_counted"]
        else "The stock was never counted and is taken as 0 units"
    )
    coming = f"{_units(inputs['on_order_units'])} are on order and {_units(inputs['in_transit_units'])} in transit"
    return [f"{stock}; {coming}: the inventory position is {_units(steps['position_units'])}."]


def _demand_lines(inputs: Mapping[str, Any], steps: Mapping[str, Any], facts: Mapping[str, Any]) -> list[str]:
    target = f"{steps['demand_target_units']:.1f} units"
    if inputs["demand_basis"] == NEW_PRODUCT:
        first_sale = f"The first sale was on {facts['first_sale']}: too few days for a forecast."
        return [f"{first_sale} Until there is one, what has sold so far is replaced: {target}."]
    if inputs["demand_basis"] == NEVER_SOLD:
        return ["It has never sold here: nothing is expected, and only the minimum counts."]
    days = inputs["protection_days"]
    per_day = inputs["demand_per_day"]
    parts = f"{_days(facts['lead_time_days'])} of lead time and {_days(facts['review_days'])} until the next order"
    lines = [
        f"An order has to last {_days(days)}: {parts}, rounded up.",
        f"Expected demand is {per_day:.2f} units a day, {per_day * days:.1f} in {_days(days)} ({_forecast_words(facts)}).",
    ]
    if inputs["lead_time_sd_days"]:
        lines.append(f"The lead time varies by {_days(inputs['lead_time_sd_days'])}, which widens what may be needed.")
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
        return [f"{up_to}: the maximum of {_units(inputs['maximum_units'])} is lower than what may be needed."]
    if inputs["minimum_units"] > steps["demand_target_units"]:
        return [f"{up_to}: the minimum of {_units(inputs['minimum_units'])} is higher than what may be needed."]
    return [f"{up_to}."]


def _quantity_lines(inputs: Mapping[str, Any], steps: Mapping[str, Any]) -> list[str]:
    line = (
        f"Missing are {_units(steps['need_units'])}; in packs of {inputs['pack_size']:,} with a minimum order of "
        f"{_units(inputs['minimum_order_quantity'])} the order is {_units(steps['quantity'])}."
    )
    if steps["passes_maximum_by_units"]:
        return [line, f"Pack and minimum order pass the maximum by {_units(steps['passes_maximum_by_units'])}."]
    return [line]


def _risk_lines(inputs: Mapping[str, Any], steps: Mapping[str, Any]) -> list[str]:
    if inputs["demand_basis"] != FORECAST:
        return []
    cover = steps["days_of_cover"]
    lines = [] if cover is None else [f"The stock on hand lasts {_days(round(cover, 1))} at the expected demand."]
    lines.append(
        f"Without this order it runs out before an order could arrive with {steps['lead_time_stockout_probability']:.0%} "
        f"probability, and within {_days(inputs['protection_days'])} with {steps['stockout_probability']:.0%}; "
        f"{steps['expected_lost_units']:.1f} units of sales would be lost, a margin of {steps['money_at_risk']:,.2f}."
    )
    return lines


def _units(units: int) -> str:
    return f"{units:,} unit" if abs(units) == 1 else f"{units:,} units"


def _days(days: float) -> str:
    return f"{days:g} day" if days == 1 else f"{days:g} days"
