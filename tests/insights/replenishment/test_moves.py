from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.calc.replenishment.moves import (
    EXCESS_ACTIONS,
    VERDICTS,
    MoveTerms,
    Side,
    Stocked,
    judge_excess,
    plan_transfers,
)


def one(value: float) -> np.ndarray:
    return np.array([float(value)])


def side(needs: list[float], missed: float = 5.0, held: float = 0.5) -> Side:
    return Side(np.sort(np.array([needs], dtype=float), axis=1), one(missed), one(held))


def terms(**changes: float) -> MoveTerms:
    values = {
        "fixed_cost": 8.0,
        "unit_cost": 0.25,
        "periods": 1.0,
        "supplier_periods": 7.0,
        "pack": 1.0,
        "donor_level": 0.9,
        **changes,
    }
    return MoveTerms(**{name: one(value) for name, value in values.items()})


# The donor will have 20 to 29 left over, the receiver misses 6 to 15.
DONOR = [-20.0 - step for step in range(10)]
RECEIVER = [6.0 + step for step in range(10)]


def test_a_move_that_gains_more_than_it_costs() -> None:
    """All 15 pay: the last unit is needed with 1 of 10 chances (5 × 0.1 - 0.5 × 0.9 + 0.5 saved at the donor > 0.25)."""
    found = plan_transfers(side(DONOR), side(RECEIVER), one(40), terms())
    assert (found.quantity[0], VERDICTS[found.verdict[0]]) == (15, "move")
    assert found.gain[0] == pytest.approx(5 * 10.5 - 0.5 * 4.5)
    assert found.loss[0] == pytest.approx(-0.5 * 15)  # the donor saves holding
    assert found.cost[0] == 8 + 0.25 * 15
    assert found.net[0] == pytest.approx(found.gain[0] - found.loss[0] - found.cost[0])


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({"supplier_periods": 1.0}, "an order from the supplier is there as soon"),
        ({"fixed_cost": 500.0}, "the gain is less than the move costs"),
        ({"pack": 40.0}, "the donor needs what it has"),
    ],
)
def test_a_move_that_does_not_pay_says_why(changes: dict[str, float], verdict: str) -> None:
    found = plan_transfers(side(DONOR), side(RECEIVER), one(40), terms(**changes))
    assert (found.quantity[0], VERDICTS[found.verdict[0]]) == (0, verdict)


def test_the_donor_keeps_its_own_quantile_and_gives_no_more_than_it_has() -> None:
    thirsty = side([50.0] * 10)
    assert plan_transfers(side(DONOR), thirsty, one(40), terms()).quantity[0] == 21  # with 9 of 10 chances 21 are left
    assert plan_transfers(side(DONOR), thirsty, one(40), terms(donor_level=0.5)).quantity[0] == 25
    assert plan_transfers(side(DONOR), thirsty, one(3), terms()).quantity[0] == 3


@given(
    st.lists(st.integers(-40, 10), min_size=4, max_size=20),
    st.lists(st.integers(-10, 40), min_size=4, max_size=20),
    st.integers(1, 7),
)
def test_the_number_of_packs_is_the_best_of_all(donor: list[float], receiver: list[float], pack: int) -> None:
    asked = terms(pack=pack, fixed_cost=0.0)
    giver, taker = side(donor), side(receiver)
    found = plan_transfers(giver, taker, one(30), asked)
    spare = min(max(-sorted(donor)[int(np.ceil(0.9 * len(donor) - 1e-9)) - 1], 0), 30)
    net = [
        float((taker.cost(one(0)) - taker.cost(one(units)) - giver.cost(one(-units)) + giver.cost(one(0)))[0])
        - 0.25 * units
        for units in range(0, spare + 1, pack)
    ]
    assert max(found.net[0], 0) == pytest.approx(max(net))


STOCKED = Stocked(
    position=one(100),
    wanted=one(40),
    demand=one(2),
    holding=one(0.1),
    unit_cost=one(6),
    price=one(10),
    salvage=one(1),
    shelf_life=one(0),
    on_order=one(0),
    can_move=np.array([False]),
)


def judged(**changes: Any) -> tuple[str, Any]:
    found = judge_excess(replace(STOCKED, **changes), patience=30)
    return EXCESS_ACTIONS[found.action[0]], found


def test_excess_in_numbers() -> None:
    action, found = judged()
    assert (action, found.units[0], found.periods_to_sell[0]) == ("mark down", 60, 50)
    assert (found.holding[0], found.mark_down_to[0]) == (pytest.approx(210), pytest.approx(6.5))


@pytest.mark.parametrize(
    ("changes", "action"),
    [
        ({"wanted": one(120)}, "keep"),
        ({"on_order": one(12)}, "stop ordering"),
        ({"demand": one(5)}, "stop ordering"),
        ({"can_move": np.array([True])}, "move to another store"),
        ({"demand": one(0)}, "mark down"),
    ],
)
def test_what_to_do_with_excess(changes: dict[str, Any], action: str) -> None:
    assert judged(**changes)[0] == action


def test_what_passes_its_shelf_life_is_worth_its_salvage() -> None:
    _, found = judged(shelf_life=one(25))
    assert found.waste[0] == 50 * 5  # 20 periods of wanted stock come first; in the 5 left 10 sell
    assert found.mark_down_to[0] == pytest.approx((10 * (10 - 2.5) + 50 * 1) / 60)


def test_what_never_sells_never_ends() -> None:
    _, found = judged(demand=one(0))
    assert np.isinf(found.periods_to_sell[0])
    assert np.isfinite([found.holding[0], found.waste[0], found.mark_down_to[0]]).all()
