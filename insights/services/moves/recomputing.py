"""A row's answer again, from nothing but its dossier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from insights.calc.replenishment.arrays import Bools
from insights.calc.replenishment.inputs import OrderInputs, inputs_from_json, rows_of
from insights.calc.replenishment.matching import plan_pair
from insights.calc.replenishment.moves import KEEP, MARK_DOWN, MOVE_ON, STOP_ORDERING
from insights.calc.replenishment.places import MovesConfig, Places, judge_places, weigh_places
from insights.calc.replenishment.rows import Rows
from insights.models import ExcessRecommendation

ACTIONS = {
    KEEP: "",
    STOP_ORDERING: ExcessRecommendation.Action.STOP_ORDERING.value,
    MOVE_ON: ExcessRecommendation.Action.MOVE.value,
    MARK_DOWN: ExcessRecommendation.Action.MARK_DOWN.value,
}


def weigh(inputs: Sequence[OrderInputs], config: MovesConfig) -> tuple[Rows, Places]:
    """The policy's rows and the sides of a move, in the order of ``inputs``."""
    rows = rows_of(inputs)
    return rows, weigh_places(rows, may_send(inputs), may_receive(inputs), config)


def may_send(inputs: Sequence[OrderInputs]) -> Bools:
    """Counted stock of what is forecast, or no longer sold: without either nobody knows what is spare."""
    known = [one.is_counted and (bool(one.demand_days) or one.is_discontinued) for one in inputs]
    return np.array(known, dtype=bool)


def may_receive(inputs: Sequence[OrderInputs]) -> Bools:
    """Counted stock of what is sold here and forecast to sell."""
    known = [
        one.is_counted and bool(one.demand_days) and one.demand_means[-1] > 0 and not one.is_discontinued
        for one in inputs
    ]
    return np.array(known, dtype=bool)


def transfer_units(dossier: Mapping[str, Any]) -> int:
    config = MovesConfig(**dossier["config"])
    sides = [inputs_from_json(dossier[side]) for side in ("sender", "receiver")]
    _, places = weigh(sides, config)
    return int(plan_pair(places, 0, 1, dossier["given"], dossier["taken"], config).quantity[0])


def excess_action(dossier: Mapping[str, Any]) -> tuple[str, int]:
    config = MovesConfig(**dossier["config"])
    rows, places = weigh([inputs_from_json(dossier["inputs"])], config)
    excess = judge_places(rows, places, np.array([bool(dossier["moves"])]), config)
    return ACTIONS[int(excess.action[0])], int(excess.units[0])
