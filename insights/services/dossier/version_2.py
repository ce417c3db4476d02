"""Rows of the order policy (docs/replenishment.md). Free of NumPy but for ``recompute``.

``{"version": 2, "policy": the choices, "inputs": OrderInputs, "shared": units decided together with other rows, "steps": units after
each step, "result": what stands behind them and what follows, "urgency", "confidence", "reasons", "facts": for the reader}``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from insights.services.dossier.words import days_in_words, units_in_words

VERSION = 2
FORECAST, UNUSABLE, NEW_PRODUCT, NEVER_SOLD = "forecast", "unusable forecast", "new product", "never sold"
STEP_WORDS = (
    ("pack", "in whole packs of {pack}"),
    ("minimum_order", "for the minimum order of {moq}"),
    ("supplier_minimum", "for the supplier's minimum order value"),
    ("maximum", "to keep to the maximum of {maximum}"),
    ("shelf_life", "so that it sells within {life} of shelf life"),
    ("budget", "within the budget"),
)
GOAL_WORDS = {
    "cost": "The order is what costs least on average.",
    "service_level": "The order is the least that serves the class as it should be.",
    "balanced": "The order lies half way between what costs least on average and what serves the class as it should be.",
}
ALREADY_LATE, NO_HURRY = -1, 31


def recompute(dossier: Mapping[str, Any]) -> int:
    """The quantity (units) from the dossier alone."""
    # Numeric: at the top it would load numpy into the web process, which explains rows through this module.
    from insights.calc.replenishment.inputs import inputs_from_json
    from insights.services.policy.planning import recompute_quantity

    return recompute_quantity(dossier, inputs_from_json(dossier["inputs"]))


def explain(dossier: Mapping[str, Any]) -> list[str]:
    """The arithmetic in plain words, one step a line, in the order of the arithmetic."""
    return [
        *_stock_lines(dossier["inputs"], dossier["result"]),
        *_time_lines(dossier["inputs"]),
        *_demand_lines(dossier),
        *_target_lines(dossier),
        *_quantity_lines(dossier),
        *_risk_lines(dossier),
        *_confidence_lines(dossier),
        *(f"Note: {reason}." for reason in dossier["reasons"]),
    ]


def _stock_lines(inputs: Mapping[str, Any], result: Mapping[str, Any]) -> list[str]:
    stock = (
        f"On hand are {units_in_words(inputs['on_hand_units'])}"
        if inputs["is_counted"]
        else "The stock was never counted and is taken as 0 units"
    )
    coming = f"{units_in_words(inputs['on_order_units'])} are on order and {units_in_words(inputs['in_transit_units'])} in transit"
    promised = inputs["committed_units"]
    taken = f", {units_in_words(promised)} are promised to other stores" if promised else ""
    return [f"{stock}; {coming}{taken}: the inventory position is {units_in_words(result['position'])}."]


def _time_lines(inputs: Mapping[str, Any]) -> list[str]:
    lead, sd = round(inputs["lead_time_days"], 1), round(inputs["lead_time_sd_days"], 1)
    source = "as deliveries were measured" if inputs["lead_time_source"] == "measured" else "as stated"
    varies = f", give or take {days_in_words(sd)}" if sd else ""
    wait = f"The supplier takes the next order in {days_in_words(inputs['wait_days'])}. " if inputs["wait_days"] else ""
    return [
        (
            f"{wait}An order comes in after {days_in_words(lead)} ({source}{varies}); the next one can be placed "
            f"{days_in_words(inputs['review_days'])} after it, so that this one has to last until then."
        )
    ]


def _demand_lines(dossier: Mapping[str, Any]) -> list[str]:
    inputs, result, facts = dossier["inputs"], dossier["result"], dossier["facts"]
    basis = facts["demand_basis"]
    if basis == NEW_PRODUCT:
        first_sale = f"The first sale was on {facts['first_sale']}: too few days for a forecast."
        sold = units_in_words(inputs["sold_units"])
        return [f"{first_sale} Until there is one, what has sold so far is replaced: {sold}."]
    if basis == NEVER_SOLD:
        return ["It has never sold here: nothing is expected, and only the minimum counts."]
    if basis == UNUSABLE:
        return ["The forecast holds what is no number: only the minimum counts until there is another."]
    per_day = inputs["demand_means"][1] / inputs["demand_days"][1]
    high = dict(zip(inputs["demand_levels"], inputs["demand_quantiles"][1], strict=True)).get(0.9)
    length = days_in_words(inputs["demand_days"][1])
    range_words = "" if high is None else f", in 9 of 10 cases at most {units_in_words(round(high, 1))} in {length}"
    return [
        (
            f"Expected demand is {per_day:.2f} units a day, {result['demand_protection']:.1f} until the next order comes in"
            f"{range_words} ({_forecast_words(facts)})."
        ),
        (
            f"When this order comes in, {result['projected_level']:.1f} units are expected to be left, "
            f"and {result['demand_cover']:.1f} to be asked for until the next one."
        ),
    ]


def _forecast_words(facts: Mapping[str, Any]) -> str:
    model = str(facts["model"]).replace("_", " ")
    score = facts["accuracy_score"]
    return f"{model}, accuracy not measured" if score is None else f"{model}, accuracy {score:.0f} of 100 in backtest"


def _target_lines(dossier: Mapping[str, Any]) -> list[str]:
    if dossier["facts"]["demand_basis"] != FORECAST:
        return []
    inputs, result, policy = dossier["inputs"], dossier["result"], dossier["policy"]
    missed = inputs["unit_margin"] + inputs["unit_goodwill"]
    held = inputs["holding_per_day"] * inputs["review_days"]
    name = inputs["abc_class"] + inputs["xyz_class"]
    of_class = f"products of class {name}" if name else "products without a class"
    return [
        (
            f"A unit that is missing costs {missed:,.2f}, one left over {held:,.3f} until the next order comes in; {of_class} are to be "
            f"served {result['fill_rate_target']:.2%} of what is asked for. {GOAL_WORDS[policy['goal']]}"
        ),
        (
            f"So the stock when it comes in is brought to {result['target_level']:.1f} units, enough in "
            f"{result['critical_ratio']:.1%} of cases."
        ),
    ]


def _quantity_lines(dossier: Mapping[str, Any]) -> list[str]:
    inputs, steps, result = dossier["inputs"], dossier["steps"], dossier["result"]
    values = {
        "pack": f"{inputs['pack_size']:,}",
        "moq": units_in_words(inputs["minimum_order_units"]),
        "maximum": units_in_words(inputs["maximum_units"]),
        "life": days_in_words(inputs["shelf_life_days"]),
    }
    changes, before = [], steps["raw"]
    for name, words in STEP_WORDS:
        if steps[name] != before:
            changes.append(f"{units_in_words(steps[name])} {words.format(**values)}")
        before = steps[name]
    path = "; ".join([f"Needed are {units_in_words(round(steps['raw'], 1))}", *changes])
    lines = [f"{path}. What decided the quantity: {result['binding']}."]
    if result["passes_maximum"]:
        over = units_in_words(result["passes_maximum"])
        lines.append(f"The minimum order passes the maximum stock by {over}.")
    return lines


def _risk_lines(dossier: Mapping[str, Any]) -> list[str]:
    facts, result = dossier["facts"], dossier["result"]
    if facts["demand_basis"] != FORECAST:
        return []
    lines = (
        [] if facts["days_of_cover"] is None else [f"The stock on hand lasts {days_in_words(facts['days_of_cover'])}."]
    )
    before, without = result["runs_out_before"], max(result["runs_out_before"], result["stockout_without"])
    lines.append(
        f"Stock runs out before an order can come in with {before:.0%} probability; until the next one comes in with "
        f"{without:.0%} without this order and {max(before, result['stockout_with']):.0%} with it."
    )
    lines.append(
        f"Expected lost margin is {result['lost_margin_without']:,.2f} without the order and {result['lost_margin_with']:,.2f} with it, "
        f"at {result['holding_with']:,.2f} of holding and {result['waste_with']:,.2f} of waste."
    )
    return [*lines, _replenish_words(dossier)]


def _replenish_words(dossier: Mapping[str, Any]) -> str:
    wait, sure = dossier["result"]["wait_days"], dossier["policy"]["replenish_by_level"]
    if wait == ALREADY_LATE:
        return f"Even an order of today comes in before stock runs out with less than {sure:.0%} probability: ask for it sooner."
    if wait >= NO_HURRY:
        return f"There is no hurry: it can wait for {days_in_words(NO_HURRY)} and more."
    return f"Replenish by {dossier['facts']['replenish_by']}: ordered later, stock lasts with less than {sure:.0%} probability."


def _confidence_lines(dossier: Mapping[str, Any]) -> list[str]:
    facts = dossier["facts"]
    history = f"{days_in_words(facts['known_days'])} of history"
    unseen = f"{days_in_words(round(facts['stock_out_days'], 1))} of the last 30 without stock, whose demand nobody saw"
    return [f"Confidence is {dossier['confidence']}: {history}; {unseen}."]
