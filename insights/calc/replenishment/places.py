"""Every product at every store as a side of a move: what it can spare, what it will miss, what its excess costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from insights.calc.replenishment.arrays import Bools, Floats
from insights.calc.replenishment.demand import cumulative_demand, mean_at
from insights.calc.replenishment.expectations import expected_missed, quantile
from insights.calc.replenishment.moves import Excess, Side, Stocked, judge_excess
from insights.calc.replenishment.points import even_points, normal_scores
from insights.calc.replenishment.rows import Rows, repair

# How sure a store wants to be that what it keeps lasts until the next order can come in, by ABC class ("": not known).
KEPT_LEVELS: Mapping[str, float] = {"A": 0.98, "B": 0.95, "C": 0.90, "": 0.90}
LEAST_STOP_DAYS = 7


@dataclass(frozen=True)
class MovesConfig:
    """Options of moves. Money in the stores' currency, ``transfer_days`` and ``patience_days`` in days.

    ``fixed_cost`` of a move of one product, ``unit_cost`` of each unit; ``kept_levels``: the quantile of its own demand that a
    sender keeps; ``patience_days``: what sells within them is left to sell; ``least_net_gain`` of a move, and ``least_excess_cost``: excess that costs
    less to keep is not worth a decision; ``paths`` of demand (a power of two).
    """

    transfer_days: float
    fixed_cost: float
    unit_cost: float
    least_net_gain: float = 2.0
    least_excess_cost: float = 2.0
    patience_days: float = 90.0
    kept_levels: Mapping[str, float] = field(default_factory=lambda: dict(KEPT_LEVELS))
    paths: int = 256


@dataclass(frozen=True)
class Places:
    """N rows, one a product and store; money per unit, time in days. ``D`` paths, sorted.

    - ``sending`` and ``receiving``: the sides of a move that leaves, or comes in.
    - ``spare``: units that may leave: over the kept quantile of demand until an order comes in (of what is on hand) and until
      the next one does (with what is on its way).
    - ``room``: units up to ``wanted``, the most that the store has use for: the kept quantile and one pack or minimum order.
    - ``runs_out``: probability of running out between a move's and an order's arrival; ``supplier_days`` until that order.
    - ``demand`` a day; ``position``; ``on_order``.
    """

    sending: Side
    receiving: Side
    spare: Floats
    room: Floats
    wanted: Floats
    runs_out: Floats
    supplier_days: Floats
    demand: Floats
    position: Floats
    on_order: Floats
    level: Floats


def weigh_places(rows: Rows, can_send: Bools, can_receive: Bools, config: MovesConfig) -> Places:
    """The sides of all rows. Only those that ``can_send`` spare anything, only those that ``can_receive`` have room.

    A unit that is left over at the sender is held until its position has sold, at the receiver likewise (at least until the next
    order, at most ``patience_days``): that is what moving from slow to fast saves. Without a forecast nothing is expected to
    sell. A row is the same alone and among others.
    """
    usable = repair(rows).rows
    points = even_points(config.paths, 4)
    lead = usable.lead_times[:, (points[:, 3] * usable.lead_times.shape[1]).astype(np.int64)]
    review = usable.review_periods[:, None]
    times = np.stack([np.minimum(config.transfer_days, lead), lead, lead + review], axis=1)
    demand = cumulative_demand(usable.demand, times, normal_scores(points[:, :3]))
    until_move, until_order, until_next = demand[:, 0], demand[:, 1], demand[:, 2]
    on_hand = usable.on_hand - usable.committed
    is_early = usable.arrival_periods <= config.transfer_days
    early = on_hand + np.where(is_early, usable.arrivals, 0).sum(axis=1)
    late = np.where(is_early, 0, usable.arrivals).sum(axis=1)
    left = np.maximum(early[:, None] - until_move, 0) + late[:, None]
    receiving_need = np.sort(until_order - until_move - left, axis=1)
    sending_need = np.sort(until_next - usable.position[:, None], axis=1)
    level = np.array([config.kept_levels.get(str(name)[:1], config.kept_levels[""]) for name in usable.abc_xyz])
    level = level.reshape(len(usable)).astype(np.float64)
    kept = np.maximum(quantile(np.sort(until_next, axis=1), level), usable.minimum_units)
    wanted = _wanted(usable, kept)
    per_day = mean_at(usable.demand, usable.demand.periods[:, -1:])[:, 0] / usable.demand.periods[:, -1]
    spare_now = on_hand - quantile(np.sort(until_order, axis=1), level)
    spare = np.minimum(np.minimum(usable.position - kept, spare_now), on_hand)
    horizon = (lead + review).mean(axis=1)
    missed = usable.margin + usable.goodwill
    held = usable.holding * _wait(usable.position, per_day, horizon, config)
    return Places(
        sending=Side(sending_need, missed, held),
        receiving=Side(receiving_need, missed, held),
        spare=np.where(can_send, np.floor(np.maximum(spare, 0) + 1e-9), 0.0),
        room=np.where(can_receive, np.floor(np.maximum(wanted - usable.position, 0) + 1e-9), 0.0),
        wanted=wanted,
        runs_out=(receiving_need > 0).mean(axis=1),
        supplier_days=lead.mean(axis=1),
        demand=per_day,
        position=usable.position,
        on_order=usable.arrivals.sum(axis=1),
        level=level,
    )


def worth_receiving(places: Places) -> Floats:
    """The most that any move could gain at each place (N): all that is missed now."""
    gain: Floats = places.receiving.missed * expected_missed(places.receiving.need, np.zeros(len(places.demand)))
    return gain  # fmt: skip


def judge_places(rows: Rows, places: Places, can_move: Bools, config: MovesConfig) -> Excess:
    """What lies over ``wanted`` at each place, and what to do with it."""
    usable = repair(rows).rows
    return judge_excess(
        Stocked(
            position=places.position,
            wanted=places.wanted,
            demand=places.demand,
            holding=usable.holding,
            unit_cost=usable.unit_cost,
            price=usable.unit_cost + usable.margin,
            salvage=usable.salvage,
            shelf_life=usable.shelf_life_periods,
            on_order=places.on_order,
            can_move=can_move,
        ),
        patience=config.patience_days,
    )


def stop_days(places: Places, config: MovesConfig) -> Floats:
    """Days until the position has sold down to what is wanted (N): a week at least, ``patience_days`` at most."""
    over = np.maximum(places.position - places.wanted, 0)
    days = np.divide(over, places.demand, out=np.full(len(over), np.inf), where=places.demand > 0)
    bounded: Floats = np.ceil(np.clip(days, LEAST_STOP_DAYS, config.patience_days))
    return bounded


def _wanted(rows: Rows, kept: Floats) -> Floats:
    """The most that the store has use for: an order comes in whole packs and minimums. Nothing of what is discontinued."""
    step = np.maximum(rows.pack_size, rows.minimum_order)
    wanted = np.ceil(kept + step)
    capped = np.where(rows.maximum_units > 0, np.minimum(wanted, np.maximum(rows.maximum_units, kept)), wanted)
    return np.where(rows.discontinued, 0.0, capped)


def _wait(position: Floats, per_day: Floats, horizon: Floats, config: MovesConfig) -> Floats:
    days = np.divide(np.maximum(position, 0), per_day, out=np.full(len(position), np.inf), where=per_day > 0)
    longest = np.maximum(config.patience_days, horizon)
    wait: Floats = np.clip(days, horizon, longest)
    return wait
