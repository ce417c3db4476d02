"""Many products through the order policy at once, each with every step in plain numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from insights.calc.replenishment import rows as reasons
from insights.calc.replenishment.config import PolicyConfig
from insights.calc.replenishment.inputs import OrderInputs, rows_of
from insights.calc.replenishment.plan import BINDINGS, Consequences, Plan, Sharing, Steps, plan_orders
from insights.calc.replenishment.replenish_by import URGENCIES, urgency
from insights.calc.replenishment.rows import Rows

DECIMALS = 6
TOLD = {reasons.SUPPLIER_MINIMUM_OVER_NEED, reasons.DISCONTINUED_ON_ORDER, reasons.TOO_LARGE}
NUMBERS = (
    "position",
    "projected_level",
    "target_level",
    "critical_ratio",
    "fill_rate_target",
    "demand_cover",
    "demand_protection",
    "passes_maximum",
)


@dataclass(frozen=True)
class Planned:
    """One product's order. ``steps``: units after each step; ``result``: what stands behind them and what follows, in plain
    numbers (see ``insights.services.dossier.version_2``); ``shared``: units that were decided together with other rows."""

    inputs: OrderInputs
    quantity: int
    urgency: str
    wait_days: int
    reasons: list[str]
    steps: dict[str, float]
    result: dict[str, Any]
    shared: dict[str, float]

    @property
    def margin_at_risk(self) -> float:
        """Margin expected to be lost without the order."""
        return float(self.result["lost_margin_without"])

    @property
    def is_worth_a_row(self) -> bool:
        """Something to order; or nothing, where somebody has to know why."""
        is_stuck = reasons.MOQ_OVER_MAXIMUM in self.reasons and self.steps["raw"] > 0
        is_told = not TOLD.isdisjoint(self.reasons)
        return self.quantity > 0 or is_stuck or is_told


def plan_products(
    inputs: Mapping[int, OrderInputs], config: PolicyConfig, sharing: Sharing | None = None
) -> dict[int, Planned]:
    """The order of every product, by its id."""
    rows = rows_of(list(inputs.values()))
    plan = plan_orders(rows, config, sharing)
    columns = _columns(rows, plan, list(inputs.values()), config)
    shared = _shared(plan, sharing)
    return {
        product_id: Planned(
            inputs=own,
            quantity=round(columns["quantity"][row]),
            urgency=columns["urgency"][row],
            wait_days=columns["wait"][row],
            reasons=plan.reasons(row),
            steps={name: columns["steps"][name][row] for name in columns["steps"]},
            result={name: values[row] for name, values in columns["result"].items()},
            shared={name: values[row] for name, values in shared.items() if values[row] == values[row]},
        )
        for row, (product_id, own) in enumerate(inputs.items())
    }


def policy_json(config: PolicyConfig, fill_rate: float) -> dict[str, Any]:
    """The choices behind one row; of the matrix, the fill rate of its class alone."""
    return {**_plain(config), "fill_rates": {"": fill_rate}}


def config_of(policy: Mapping[str, Any]) -> PolicyConfig:
    """The choices as a dossier keeps them."""
    return PolicyConfig(**policy)


def recompute_quantity(dossier: Mapping[str, Any], inputs: OrderInputs) -> int:
    """One row's quantity (units) from its own inputs, and from what was decided for it together with others."""
    shared = dossier["shared"]
    sharing = Sharing(
        supplier_units=np.array([shared.get("supplier_units", np.nan)]),
        budget_units=np.array([shared.get("budget_units", np.nan)]),
    )
    plan = plan_orders(rows_of([inputs]), config_of(dossier["policy"]), sharing)
    return round(float(plan.quantity[0]))


def _plain(config: PolicyConfig) -> dict[str, Any]:
    return {field.name: getattr(config, field.name) for field in fields(config) if field.name != "fill_rates"}


def _columns(rows: Rows, plan: Plan, inputs: list[OrderInputs], config: PolicyConfig) -> dict[str, Any]:
    urgent = urgency(
        rows,
        plan.consequences.runs_out_before,
        plan.wait,
        is_forecast=~plan.found[reasons.NO_FORECAST],
        is_counted=np.array([one.is_counted for one in inputs], dtype=bool),
        config=config,
    )
    result: dict[str, list[Any]] = {name: _listed(getattr(plan, name)) for name in NUMBERS}
    result |= {field.name: _listed(getattr(plan.consequences, field.name)) for field in fields(Consequences)}
    result["binding"] = [BINDINGS[place] for place in plan.binding]
    result["wait_days"] = plan.wait.tolist()
    return {
        "quantity": plan.quantity.tolist(),
        "urgency": [URGENCIES[place] for place in urgent],
        "wait": plan.wait.tolist(),
        "steps": {field.name: _listed(getattr(plan.steps, field.name)) for field in fields(Steps)},
        "result": result,
    }


def _shared(plan: Plan, sharing: Sharing | None) -> dict[str, list[float]]:
    """What was decided among the rows: the supplier's minimum where one is given, the budget where there is one. NaN: nothing."""
    if sharing is None:
        return {}
    shared = {}
    if sharing.supplier_minimums:
        changed = plan.found[reasons.SUPPLIER_MINIMUM_OVER_NEED] | (
            plan.steps.supplier_minimum != plan.steps.minimum_order
        )
        shared["supplier_units"] = np.where(changed, plan.steps.supplier_minimum, np.nan).tolist()
    if sharing.budget is not None:
        cut = plan.steps.budget != plan.steps.shelf_life
        shared["budget_units"] = np.where(cut, plan.steps.budget, np.nan).tolist()
    return shared


def _listed(values: Any) -> list[float]:
    listed: list[float] = np.round(np.asarray(values, dtype=np.float64), DECIMALS).tolist()
    return listed
