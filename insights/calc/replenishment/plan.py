"""The order policy: from what is known of many products to quantities, step by step.

raw need → pack → minimum order → supplier's minimum → maximum → shelf life → budget. Every step is kept, and the last one that
changed the quantity is named. Theory and cost model: docs/replenishment.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any

import numpy as np

from insights.calc.replenishment import limits, sharing
from insights.calc.replenishment import rows as reasons
from insights.calc.replenishment.arrays import Bools, Floats, Ints
from insights.calc.replenishment.config import PolicyConfig
from insights.calc.replenishment.expectations import (
    Needs,
    UnitCosts,
    chance_needed,
    expected_cost,
    expected_left,
    expected_missed,
    expected_wasted,
    fill_rate_quantity,
    least_cost_quantity,
)
from insights.calc.replenishment.outlook import Outlook, look_ahead
from insights.calc.replenishment.replenish_by import periods_to_wait
from insights.calc.replenishment.rows import Repaired, Rows, repair

ROWS_AT_ONCE = 2000

NOTHING, DEMAND, MINIMUM_STOCK, PACK, MINIMUM_ORDER, SUPPLIER_MINIMUM, MAXIMUM, SHELF_LIFE, BUDGET, ENDED = range(10)
BINDINGS = (
    "nothing is needed",
    "demand",
    "minimum stock",
    "pack size",
    "minimum order",
    "supplier's minimum order value",
    "maximum stock",
    "shelf life",
    "budget",
    "discontinued",
)


@dataclass(frozen=True)
class Sharing:
    """What rows share: minimum order value by supplier number, and the money for all of them (None: no bound).

    ``supplier_units``, ``budget_units`` (N each, NaN: not decided): what was so decided before among more rows. With them a row
    alone comes to the same order as it did among all.
    """

    supplier_minimums: Mapping[int, float] = field(default_factory=dict)
    budget: float | None = None
    supplier_units: Floats | None = None
    budget_units: Floats | None = None


@dataclass(frozen=True)
class Steps:
    """Units after each step (N each); ``budget`` is the order."""

    raw: Floats
    pack: Floats
    minimum_order: Floats
    supplier_minimum: Floats
    maximum: Floats
    shelf_life: Floats
    budget: Floats


@dataclass(frozen=True)
class Consequences:
    """With the order and without it (N each): probability of running out between its arrival and the next one's, units
    missed until then, and in money the margin missed, the holding until the next arrival, and the waste that the order brings.
    ``saved``: expected cost without less with it. ``runs_out_before``: probability before any order placed now could come in."""

    runs_out_before: Floats
    stockout_without: Floats
    stockout_with: Floats
    lost_units_without: Floats
    lost_units_with: Floats
    lost_margin_without: Floats
    lost_margin_with: Floats
    holding_with: Floats
    waste_with: Floats
    saved: Floats


@dataclass(frozen=True)
class Plan:
    """N rows. ``quantity`` units to order (0: nothing). ``binding``: place in ``BINDINGS`` of what decided the quantity.

    ``target_level``: what the expected stock on the order's arrival is brought to. ``critical_ratio``: of the costs that
    decided, after the look ahead; ``fill_rate_target``: of the class. ``passes_maximum``: units over a maximum that a minimum
    order made unavoidable. ``wait``: periods for which the order can wait (``replenish_by.periods_to_wait``).
    """

    quantity: Floats
    binding: Ints
    steps: Steps
    position: Floats
    projected_level: Floats
    target_level: Floats
    critical_ratio: Floats
    fill_rate_target: Floats
    demand_cover: Floats
    demand_protection: Floats
    passes_maximum: Floats
    consequences: Consequences
    wait: Ints
    found: dict[str, Bools]

    def reasons(self, row: int) -> list[str]:
        """What the reader of a row must know beside the arithmetic."""
        return self.all_reasons.get(row, [])

    @cached_property
    def all_reasons(self) -> dict[int, list[str]]:
        """The reasons of every row that has any, in the order of ``REASONS``."""
        told: dict[int, list[str]] = {}
        for reason in reasons.REASONS:
            for row in np.flatnonzero(self.found[reason]).tolist():
                told.setdefault(row, []).append(reason)
        return told


@dataclass(frozen=True)
class _Prepared:
    """Everything of the rows that later steps need, without the paths themselves."""

    needs: Needs
    costs: UnitCosts
    raw: Floats
    required: Bools
    projected_level: Floats
    critical_ratio: Floats
    demand_cover: Floats
    demand_protection: Floats
    runs_out_before: Floats
    lost_before: Floats


def plan_orders(rows: Rows, config: PolicyConfig | None = None, sharing_terms: Sharing | None = None) -> Plan:
    """The orders of all rows; see the module. Odd input gives a named reason on its row, never an exception.

    Rows share only what ``sharing_terms`` says: without it, a row's order does not depend on the rows beside it. No rows: an
    empty plan.
    """
    config, terms = config or PolicyConfig(), sharing_terms or Sharing()
    repaired = repair(rows)
    prepared = _prepare_all(repaired, config)
    steps, waits = _take_steps(repaired.rows, prepared, config, terms)
    found = {
        **repaired.found,
        reasons.SUPPLIER_MINIMUM_OVER_NEED: waits,
        reasons.TOO_LARGE: steps.maximum > limits.LARGEST_QUANTITY,
    }
    return _answer(repaired.rows, prepared, steps, config, found)


def _prepare_all(repaired: Repaired, config: PolicyConfig) -> _Prepared:
    """Block by block: of the paths only the needs are kept, in single precision, and in one place from the start."""
    rows = repaired.rows
    until_next = np.empty((len(rows), config.paths), np.float32)
    in_shelf_life = np.empty_like(until_next) if (rows.shelf_life_periods > 0).any() else None
    parts: list[_Prepared] = []
    for start in range(0, max(len(rows), 1), ROWS_AT_ONCE):
        block = slice(start, start + ROWS_AT_ONCE)
        part = _prepare(repaired, block, config)
        until_next[block] = part.needs.until_next
        if in_shelf_life is not None:
            in_shelf_life[block] = np.inf if part.needs.in_shelf_life is None else part.needs.in_shelf_life
        parts.append(replace(part, needs=Needs(until_next[block])))
    own: dict[str, Any] = {
        one.name: np.concatenate([getattr(part, one.name) for part in parts])
        for one in fields(_Prepared)
        if one.name not in {"needs", "costs"}
    }
    costs = [np.concatenate([getattr(part.costs, one.name) for part in parts]) for one in fields(UnitCosts)]
    return _Prepared(needs=Needs(until_next, in_shelf_life), costs=UnitCosts(*costs), **own)


def _prepare(repaired: Repaired, part: slice, config: PolicyConfig) -> _Prepared:
    rows = repaired.rows.take(part)
    lost = UnitCosts(
        missed=rows.margin + rows.goodwill,
        held=rows.holding * rows.review_periods,
        wasted=np.maximum(rows.unit_cost - rows.salvage, 0.0),
    )
    outlook = look_ahead(rows, lost, config)
    share = np.where(repaired.found[reasons.NO_COST][part], 1.0, config.service_share)
    raw, costs = _raw_need(rows, outlook, lost, share, config)
    is_forecast = ~repaired.found[reasons.NO_FORECAST][part]
    floor = np.where(is_forecast, rows.minimum_units, np.maximum(rows.minimum_units, rows.fallback_units))
    missing = np.maximum(floor - rows.position, 0.0)
    raw = np.where(is_forecast, raw, 0.0)
    return _Prepared(
        needs=outlook.needs,
        costs=costs,
        raw=np.maximum(raw, missing),
        required=missing >= np.maximum(raw, 1e-9),
        projected_level=outlook.projected_level,
        critical_ratio=costs.missed / np.maximum(costs.missed + costs.held, 1e-12),
        demand_cover=outlook.demand_cover,
        demand_protection=outlook.demand_protection,
        runs_out_before=outlook.runs_out_before,
        lost_before=outlook.lost_before,
    )


def _raw_need(
    rows: Rows, outlook: Outlook, lost: UnitCosts, share: Floats, config: PolicyConfig
) -> tuple[Floats, UnitCosts]:
    """Units by cost and by fill rate, mixed by ``share``, and the costs that stand behind the mixture.

    A fill rate implies a cost of a missed unit: the one with which its quantity would be the cheapest, held × τ / (1 - τ) with τ
    the probability that it is enough.
    """
    by_cost_costs = UnitCosts(outlook.missed_value, lost.held, lost.wasted)
    by_cost = least_cost_quantity(outlook.needs, by_cost_costs)
    if not share.any():
        return by_cost, by_cost_costs
    need = outlook.needs.until_next
    by_service = fill_rate_quantity(need, outlook.owed, outlook.demand_cover, _targets(rows, config))
    enough = np.minimum(1 - chance_needed(need, by_service), 1 - 0.5 / need.shape[1])
    held = np.where(lost.held > 0, lost.held, 1.0)
    implied = held * enough / (1 - enough)
    missed = (1 - share) * outlook.missed_value + share * implied
    return (1 - share) * by_cost + share * by_service, UnitCosts(missed, held, lost.wasted)


def _targets(rows: Rows, config: PolicyConfig) -> Floats:
    return np.array([config.fill_rate(str(name)) for name in rows.abc_xyz], dtype=float).reshape(len(rows))


def _take_steps(rows: Rows, prepared: _Prepared, config: PolicyConfig, terms: Sharing) -> tuple[Steps, Bools]:
    """All steps in their order, and which rows wait because their supplier's minimum is out of reach."""
    needs, costs, required = prepared.needs, prepared.costs, prepared.required
    raw = np.where(rows.discontinued, 0.0, prepared.raw)
    up = np.ceil(raw / rows.pack_size - 1e-9) * rows.pack_size
    pack = np.where(required, up, limits.to_packs(raw, rows.pack_size, needs, costs))
    minimum = limits.to_minimum_order(pack, rows.minimum_order, rows.pack_size, needs, costs, required)
    room = limits.room_under_maximum(rows.position, rows.maximum_units, rows.pack_size)
    # A minimum order above the maximum cannot be kept: the order passes the maximum, and says so.
    room = np.where(rows.minimum_order > rows.maximum_units, np.maximum(room, minimum), room)
    life = limits.room_in_shelf_life(needs, rows.pack_size, config.tolerated_waste)
    least = np.ceil(rows.minimum_order / rows.pack_size - 1e-9) * rows.pack_size
    most = np.minimum(room, life)
    supplier, waits = _supplier_minimums(rows, prepared, minimum, most, terms)
    maximum = limits.within(supplier, room, least)
    shelf_life = limits.within(maximum, life, least)
    # No order line holds it: nothing is ordered, and somebody has to look.
    shelf_life = np.where(shelf_life > limits.LARGEST_QUANTITY, 0.0, shelf_life)
    budget = _within_budget(rows, prepared, shelf_life, least, terms)
    return Steps(raw, pack, minimum, supplier, maximum, shelf_life, budget), waits


def _benefit(needs: Needs, costs: UnitCosts, places: Ints) -> sharing.Benefit:
    """Money saved by going from one quantity to another in one of the ``places``."""

    def saved(row: int, start: float, end: float) -> float:
        place = slice(int(places[row]), int(places[row]) + 1)
        life = None if needs.in_shelf_life is None else needs.in_shelf_life[place]
        own, own_costs = (
            Needs(needs.until_next[place], life),
            UnitCosts(costs.missed[place], costs.held[place], costs.wasted[place]),
        )
        at = [expected_cost(own, own_costs, np.array([units]))[0] for units in (start, end)]
        return float(at[0] - at[1])

    return saved


def _supplier_minimums(
    rows: Rows, prepared: _Prepared, quantity: Floats, most: Floats, terms: Sharing
) -> tuple[Floats, Bools]:
    """Each supplier's order, raised to its minimum value where the order so raised still saves money, else left out."""
    result, waits = quantity.copy(), np.zeros(len(rows), dtype=bool)
    if terms.supplier_units is not None:
        decided = np.isfinite(terms.supplier_units)
        result = np.where(decided, terms.supplier_units, quantity)
        return result, decided & (result <= 0) & (quantity > 0)
    for places in sharing.groups_of(rows.supplier):
        minimum = terms.supplier_minimums.get(int(rows.supplier[places[0]]), 0.0)
        value = float((np.minimum(quantity, most) * rows.unit_cost)[places].sum())
        if not 0 < value < minimum:
            continue
        benefit = _benefit(prepared.needs, prepared.costs, places)
        step = np.where(quantity[places] > 0, rows.pack_size[places], 0.0)
        filled = sharing.fill_to_minimum(
            np.minimum(quantity, most)[places],
            minimum,
            unit_cost=rows.unit_cost[places],
            step=np.where(rows.discontinued[places], 0.0, step),
            most=most[places],
            benefit=benefit,
        )
        saved = -1.0 if filled is None else sum(benefit(row, 0.0, float(units)) for row, units in enumerate(filled))
        if filled is None or (saved <= 0 and not prepared.required[places].any()):
            waits[places] = quantity[places] > 0
            result[places] = 0.0
        else:
            result[places] = filled
    return result, waits


def _within_budget(rows: Rows, prepared: _Prepared, quantity: Floats, least: Floats, terms: Sharing) -> Floats:
    if terms.budget_units is not None:
        return np.where(np.isfinite(terms.budget_units), terms.budget_units, quantity)
    if terms.budget is None or float((quantity * rows.unit_cost).sum()) <= terms.budget:
        return quantity
    places = np.flatnonzero(quantity > 0).astype(np.int64)
    spending = sharing.spend_budget(
        terms.budget,
        unit_cost=rows.unit_cost[places],
        step=rows.pack_size[places],
        first_step=np.maximum(least, rows.pack_size)[places],
        most=quantity[places],
        benefit=_benefit(prepared.needs, prepared.costs, places),
    )
    result = np.zeros(len(rows))
    result[places] = spending.quantities
    return result


def _binding(rows: Rows, prepared: _Prepared, steps: Steps) -> Ints:
    """The last step that changed the quantity; before any, what the need was made of."""
    binding = np.where(steps.raw > 0, np.where(prepared.required, MINIMUM_STOCK, DEMAND), NOTHING)
    whole = np.ceil(steps.raw - 1e-6)
    binding = np.where(np.abs(steps.pack - whole) >= 1, PACK, binding)
    before = steps.pack
    for code, name in (
        (MINIMUM_ORDER, "minimum_order"),
        (SUPPLIER_MINIMUM, "supplier_minimum"),
        (MAXIMUM, "maximum"),
        (SHELF_LIFE, "shelf_life"),
        (BUDGET, "budget"),
    ):
        after = getattr(steps, name)
        binding, before = np.where(after != before, code, binding), after
    binding = np.where(rows.discontinued, ENDED, binding)
    return binding.astype(np.int64)


def _answer(rows: Rows, prepared: _Prepared, steps: Steps, config: PolicyConfig, found: dict[str, Bools]) -> Plan:
    quantity = steps.budget
    over = np.maximum(rows.position + quantity - rows.maximum_units, 0.0)
    return Plan(
        quantity=quantity,
        binding=_binding(rows, prepared, steps),
        steps=steps,
        position=rows.position,
        projected_level=prepared.projected_level,
        target_level=prepared.projected_level + steps.raw,
        critical_ratio=prepared.critical_ratio,
        fill_rate_target=_targets(rows, config),
        demand_cover=prepared.demand_cover,
        demand_protection=prepared.demand_protection,
        passes_maximum=np.where((rows.maximum_units > 0) & (quantity > 0), over, 0.0),
        consequences=_consequences(rows, prepared, quantity),
        wait=_waits(rows, config),
        found=found,
    )


def _waits(rows: Rows, config: PolicyConfig) -> Ints:
    blocks = range(0, max(len(rows), 1), ROWS_AT_ONCE)
    parts = [
        periods_to_wait(rows.take(slice(start, start + ROWS_AT_ONCE)), config.replenish_by_level) for start in blocks
    ]
    return np.concatenate(parts)


def _consequences(rows: Rows, prepared: _Prepared, quantity: Floats) -> Consequences:
    needs, nothing = prepared.needs, np.zeros(len(rows))
    without = prepared.lost_before + expected_missed(needs.until_next, nothing)
    with_it = prepared.lost_before + expected_missed(needs.until_next, quantity)
    real = UnitCosts(
        rows.margin + rows.goodwill,
        rows.holding * rows.review_periods,
        np.maximum(rows.unit_cost - rows.salvage, 0.0),
    )
    return Consequences(
        runs_out_before=prepared.runs_out_before,
        stockout_without=chance_needed(needs.until_next, nothing),
        stockout_with=chance_needed(needs.until_next, quantity),
        lost_units_without=without,
        lost_units_with=with_it,
        lost_margin_without=without * rows.margin,
        lost_margin_with=with_it * rows.margin,
        holding_with=real.held * expected_left(needs.until_next, quantity),
        waste_with=real.wasted * expected_wasted(needs, quantity),
        saved=expected_cost(needs, real, nothing) - expected_cost(needs, real, quantity),
    )
