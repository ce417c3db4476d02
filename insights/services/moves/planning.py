"""From what the company's stores have of some products to unsaved recommendations: moves, and what to do with excess."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from insights.calc.replenishment import rows as reasons
from insights.calc.replenishment.inputs import OrderInputs
from insights.calc.replenishment.matching import Move, match_places
from insights.calc.replenishment.moves import KEEP, MARK_DOWN, STOP_ORDERING, Excess
from insights.calc.replenishment.places import MovesConfig, Places, judge_places, stop_days
from insights.calc.replenishment.rows import repair
from insights.frames.company import CompanyFrame
from insights.models import ExcessRecommendation, TransferRecommendation
from insights.services.moves.dossier import VERSION, config_json
from insights.services.moves.recomputing import ACTIONS, may_receive, may_send, weigh
from insights.services.policy.inputs import order_inputs

CENTS = Decimal("0.01")
DECIMALS = 6
DAYS_OF_A_WEEK = 7
FOREVER_DAYS = 5 * 365  # what takes longer does not sell
# What a buyer of orders has to know, and a mover of stock has not.
NOT_ABOUT_STOCK = {reasons.NO_SUPPLIER, reasons.MOQ_OVER_MAXIMUM, reasons.NO_PACK, reasons.NO_COST}


def plan_rows(
    frame: CompanyFrame, *, day: date, config: MovesConfig
) -> tuple[list[TransferRecommendation], list[ExcessRecommendation]]:
    """The day's rows, all pending and without version and time."""
    keys, inputs = _inputs(frame, day)
    if not keys:
        return [], []
    rows, places = weigh(inputs, config)
    repaired = repair(rows)
    currencies = sorted({store.currency for store in frame.stores.values()})
    moves = match_places(
        places,
        np.array([product_id for _, product_id in keys], dtype=np.int64),
        np.array([currencies.index(frame.stores[store_id].currency) for store_id, _ in keys], dtype=np.int64),
        ~(may_send(inputs) | may_receive(inputs)),
        config,
    )
    notes = [[one for one in repaired.reasons(row) if one not in NOT_ABOUT_STOCK] for row in range(len(keys))]
    desk = _Desk(frame=frame, day=day, config=config, keys=keys, inputs=inputs, places=places, notes=notes)
    sends = np.zeros(len(keys), dtype=bool)
    sends[[move.sender for move in moves]] = True
    excess = judge_places(rows, places, sends, config)
    return [_transfer(desk, move) for move in moves], _excess_rows(desk, excess, moves)


@dataclass(frozen=True)
class _Desk:
    frame: CompanyFrame
    day: date
    config: MovesConfig
    keys: list[tuple[int, int]]
    inputs: list[OrderInputs]
    places: Places
    notes: list[list[str]]

    def store(self, row: int) -> Any:
        return self.frame.stores[self.keys[row][0]]

    def product(self, row: int) -> Any:
        store_id, product_id = self.keys[row]
        return self.frame.by_store[store_id].products[product_id]

    def facts(self, row: int) -> dict[str, Any]:
        store_id, product_id = self.keys[row]
        product, forecast = self.product(row), self.frame.by_store[store_id].forecasts.get(product_id)
        return {
            "sku": product.sku,
            "product": product.name,
            "category": product.category,
            "currency": self.store(row).currency,
            "model": forecast.model if forecast else "",
            "known_days": forecast.known_days if forecast else 0,
        }


def _inputs(frame: CompanyFrame, day: date) -> tuple[list[tuple[int, int]], list[OrderInputs]]:
    """Every level of the products, by store and product: what there is none of may still receive."""
    keys: list[tuple[int, int]] = []
    inputs: list[OrderInputs] = []
    for store_id, own in frame.by_store.items():
        for product_id, one in order_inputs(own, own.levels, today=day).items():
            keys.append((store_id, product_id))
            inputs.append(one)
    return keys, inputs


def _transfer(desk: _Desk, move: Move) -> TransferRecommendation:
    sender, receiver, places = desk.inputs[move.sender], desk.inputs[move.receiver], desk.places
    from_id, product_id = desk.keys[move.sender]
    runs_out = float(places.runs_out[move.receiver])
    steps = {
        "kept_level": float(places.level[move.sender]),
        "spare": float(places.spare[move.sender]) - move.given,
        "room": float(places.room[move.receiver]) - move.taken,
        "receiver_per_day": float(places.demand[move.receiver]),
        "supplier_days": float(places.supplier_days[move.receiver]),
        "runs_out": runs_out,
        "units": move.units,
        "gain": move.gain,
        "loss": move.loss,
        "cost": move.cost,
        "net": move.net,
    }
    notes = list(dict.fromkeys([*desk.notes[move.sender], *desk.notes[move.receiver]]))
    return TransferRecommendation(
        product_id=product_id,
        from_store_id=from_id,
        to_store_id=desk.keys[move.receiver][0],
        recommendation_date=desk.day,
        recommended_quantity=move.units,
        unit_cost=Decimal(str(sender.unit_cost)),
        sender_stock=sender.on_hand_units,
        receiver_stock=receiver.on_hand_units,
        transfer_days=round(desk.config.transfer_days),
        supplier_days=round(places.supplier_days[move.receiver]),
        gain=_money(move.gain),
        loss=_money(move.loss),
        cost=_money(move.cost),
        net_gain=_money(move.net),
        stockout_probability=runs_out,
        notes="; ".join(notes),
        dossier={
            "version": VERSION,
            "config": config_json(desk.config),
            "sender": sender.as_json(),
            "receiver": receiver.as_json(),
            "given": move.given,
            "taken": move.taken,
            "steps": _rounded(steps),
            "reasons": notes,
            "facts": {
                **desk.facts(move.receiver),
                "from": desk.store(move.sender).code,
                "to": desk.store(move.receiver).code,
            },
        },
    )


def _excess_rows(desk: _Desk, excess: Excess, moves: list[Move]) -> list[ExcessRecommendation]:
    moves_of: dict[int, list[Move]] = {}
    for move in moves:
        moves_of.setdefault(move.sender, []).append(move)
    known = may_send(desk.inputs)
    until = stop_days(desk.places, desk.config)
    rows = []
    for row in np.flatnonzero((excess.units >= 1) & known & (excess.action != KEEP)).tolist():
        action = int(excess.action[row])
        at_stake = float(excess.holding[row] + excess.waste[row])
        stop_until = desk.day + timedelta(days=int(until[row]))
        if at_stake < desk.config.least_excess_cost:
            continue
        if action == STOP_ORDERING and _is_pointless_stop(desk, row):
            continue
        rows.append(_excess(desk, excess, row, moves_of.get(row, []), at_stake=at_stake, stop_until=stop_until))
    return rows


def _is_pointless_stop(desk: _Desk, row: int) -> bool:
    """Nothing is on its way, so that no order would follow either; or orders are stopped already."""
    stop = desk.frame.stops.get(desk.keys[row])
    return desk.places.on_order[row] <= 0 or (stop is not None and stop > desk.day)


def _excess(
    desk: _Desk, excess: Excess, row: int, moves: list[Move], *, at_stake: float, stop_until: date
) -> ExcessRecommendation:
    inputs, places = desk.inputs[row], desk.places
    store_id, product_id = desk.keys[row]
    action, units = ACTIONS[int(excess.action[row])], int(excess.units[row])
    days = float(excess.periods_to_sell[row])
    sells = days <= FOREVER_DAYS
    price = _money(excess.mark_down_to[row]) if int(excess.action[row]) == MARK_DOWN else None
    tied_up = units * inputs.unit_cost
    steps = {
        "kept_level": float(places.level[row]),
        "position": float(places.position[row]),
        "wanted": float(places.wanted[row]),
        "per_day": float(places.demand[row]),
        "units": units,
        "tied_up": tied_up,
        "days_to_sell": days if sells else None,
        "holding": float(excess.holding[row]),
        "waste": float(excess.waste[row]),
        "mark_down_to": float(excess.mark_down_to[row]),
        "action": action,
    }
    is_stop = action == ExcessRecommendation.Action.STOP_ORDERING
    return ExcessRecommendation(
        product_id=product_id,
        store_id=store_id,
        recommendation_date=desk.day,
        action=action,
        recommended_quantity=units,
        unit_cost=Decimal(str(inputs.unit_cost)),
        current_stock=inputs.on_hand_units,
        on_order_units=inputs.on_order_units + inputs.in_transit_units,
        wanted_units=int(places.wanted[row]),
        tied_up_value=_money(tied_up),
        value_at_stake=_money(at_stake),
        weeks_of_cover=round(days / DAYS_OF_A_WEEK, 1) if sells else None,
        stop_until=stop_until if is_stop else None,
        mark_down_to=price,
        notes="; ".join(desk.notes[row]),
        dossier={
            "version": VERSION,
            "config": config_json(desk.config),
            "inputs": inputs.as_json(),
            "moves": [{"to": desk.store(move.receiver).code, "units": move.units} for move in moves],
            "steps": _rounded(steps),
            "reasons": desk.notes[row],
            "facts": {**desk.facts(row), "store": desk.store(row).code, "stop_until": stop_until.isoformat()},
        },
    )


def _money(amount: Any) -> Decimal:
    return Decimal(repr(float(amount))).quantize(CENTS)


def _rounded(values: dict[str, Any]) -> dict[str, Any]:
    return {name: round(value, DECIMALS) if isinstance(value, float) else value for name, value in values.items()}
