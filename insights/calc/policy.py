"""The order policy: from stock, demand and the supplier's terms to a quantity, step by step.

Order up to the quantile of demand over lead time plus review. Free of NumPy, so that a page can recompute a row.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from insights.calc.demand_quantiles import DemandQuantiles

FORECAST = "forecast"
NEW_PRODUCT = "new product"
NEVER_SOLD = "never sold"

CRITICAL, HIGH, MEDIUM, LOW = "critical", "high", "medium", "low"
URGENCY_RANK = {CRITICAL: 0, HIGH: 1, MEDIUM: 2, LOW: 3}

LARGEST_QUANTITY = 2_147_483_647


@dataclass(frozen=True)
class PolicyConfig:
    """Cycle service level by ABC class: the chance, per order cycle, that demand is served in full.

    A class that is not known ("": nothing sold in the period) has the level of C. The probabilities are those of a
    stock-out before an order placed now arrives.
    """

    service_levels: Mapping[str, float] = field(default_factory=lambda: {"A": 0.98, "B": 0.95, "C": 0.90, "": 0.90})
    critical_probability: float = 0.5
    high_probability: float = 0.2


@dataclass(frozen=True)
class OrderInputs:
    """Everything that the policy looks at. Units and days; money per unit in the store's currency.

    ``demand_basis`` is ``FORECAST``, or says why there is none. ``protection`` and ``lead_time`` are quantiles of
    demand summed over ``protection_days`` and ``lead_days``, by level as text; empty without a forecast.
    ``sold_units`` are all units sold so far, used without a forecast.
    """

    on_hand_units: int
    is_counted: bool
    on_order_units: int
    in_transit_units: int
    minimum_units: int
    maximum_units: int
    abc_class: str
    demand_basis: str
    protection_days: int
    lead_days: int
    lead_time_sd_days: float
    demand_per_day: float
    protection: Mapping[str, float]
    lead_time: Mapping[str, float]
    sold_units: int
    pack_size: int
    minimum_order_quantity: int
    unit_cost: float
    unit_price: float


@dataclass(frozen=True)
class Order:
    """The quantity (0: nothing to order), each step towards it, and how much it matters.

    ``lead_time_stockout_probability`` and ``stockout_probability`` are None without a forecast.
    """

    counted_on_hand_units: int
    position_units: int
    service_level: float
    demand_target_units: float
    order_up_to_units: float
    is_capped_by_maximum: bool
    need_units: int
    quantity: int
    passes_maximum_by_units: int
    days_of_cover: float | None
    lead_time_stockout_probability: float | None
    stockout_probability: float | None
    expected_lost_units: float
    money_at_risk: float
    urgency: str
    confidence: str


def plan_order(inputs: OrderInputs, config: PolicyConfig | None = None) -> Order:
    """The order that the policy asks for.

    1. Stock on hand counts as it is, also when negative; stock that was never counted counts as 0.
    2. Inventory position = on hand + on order + in transit.
    3. Demand target = the quantile, at the class's service level, of demand over the protection interval, widened
       by the lead time's deviation (μ per day × deviation). Without a forecast: what has sold so far.
    4. Order up to the target, at least to the minimum, at most to the maximum where one is set.
    5. Need = what is missing from the position, rounded up; then at least the minimum order, then whole packs.

    Worked: 20 on hand, 10 on order, 95 % quantile 47.2, packs of 6: need 18 (47.2 - 30, up), order 18.
    """
    config = config or PolicyConfig()
    on_hand = inputs.on_hand_units if inputs.is_counted else 0
    position = on_hand + inputs.on_order_units + inputs.in_transit_units
    level = config.service_levels[inputs.abc_class]
    protection, lead_time = _demand(inputs, inputs.protection), _demand(inputs, inputs.lead_time)
    target = protection.at(level) if protection else float(inputs.sold_units)
    up_to = max(target, float(inputs.minimum_units))
    is_capped = bool(inputs.maximum_units) and up_to > inputs.maximum_units
    up_to = float(inputs.maximum_units) if is_capped else up_to
    need = max(math.ceil(up_to - position), 0)
    quantity = _whole_order(need, position, inputs)
    lost = protection.expected_above(position) if protection else 0.0
    at_arrival = lead_time.chance_above(position) if lead_time else None
    return Order(
        counted_on_hand_units=on_hand,
        position_units=position,
        service_level=level,
        demand_target_units=target,
        order_up_to_units=up_to,
        is_capped_by_maximum=is_capped,
        need_units=need,
        quantity=quantity,
        passes_maximum_by_units=_beyond_maximum(position + quantity, inputs) if quantity else 0,
        days_of_cover=max(on_hand, 0) / inputs.demand_per_day if inputs.demand_per_day > 0 else None,
        lead_time_stockout_probability=at_arrival,
        stockout_probability=protection.chance_above(position) if protection else None,
        expected_lost_units=lost,
        money_at_risk=lost * max(inputs.unit_price - inputs.unit_cost, 0.0),
        urgency=_urgency(inputs, position, at_arrival, config),
        confidence=LOW if not inputs.is_counted or protection is None else "normal",
    )


def _demand(inputs: OrderInputs, quantiles: Mapping[str, float]) -> DemandQuantiles | None:
    if not quantiles:
        return None
    pairs = sorted((float(level), units) for level, units in quantiles.items())
    known = DemandQuantiles(tuple(level for level, _ in pairs), tuple(units for _, units in pairs))
    return known.widened(inputs.demand_per_day * inputs.lead_time_sd_days)


def _whole_order(need: int, position: int, inputs: OrderInputs) -> int:
    """The need as an order: at least the minimum order, in whole packs, rounded up.

    Rounded down instead where rounding up would pass the maximum and the smaller order keeps to the minimum order
    and to the minimum stock. Raises ``ValueError`` for a quantity that no order line can hold.
    """
    if need <= 0:
        return 0
    pack = max(inputs.pack_size, 1)
    least = max(inputs.minimum_order_quantity, 1)
    packs = math.ceil(max(need, least) / pack)
    smaller = (packs - 1) * pack
    if (
        _beyond_maximum(position + packs * pack, inputs)
        and smaller >= least
        and position + smaller >= inputs.minimum_units
    ):
        return smaller
    if packs * pack > LARGEST_QUANTITY:
        raise ValueError(f"an order of {packs * pack} units is more than an order line can hold")
    return packs * pack


def _beyond_maximum(units: int, inputs: OrderInputs) -> int:
    return max(units - inputs.maximum_units, 0) if inputs.maximum_units else 0


def _urgency(inputs: OrderInputs, position: int, at_arrival: float | None, config: PolicyConfig) -> str:
    """By the chance that stock runs out before an order placed now arrives, and by the days that it lasts.

    Stock that was never counted is medium at most: count it first. Without a forecast, high where nothing is left.
    """
    if not inputs.is_counted:
        return MEDIUM
    if at_arrival is None:
        return HIGH if position <= 0 else MEDIUM
    if at_arrival >= config.critical_probability:
        return CRITICAL
    if at_arrival >= config.high_probability or position < inputs.demand_per_day * inputs.lead_days:
        return HIGH
    return MEDIUM if position < inputs.demand_per_day * inputs.protection_days else LOW


def inputs_from_json(values: Mapping[str, Any]) -> OrderInputs:
    """The inputs as a dossier keeps them."""
    return OrderInputs(**values)
