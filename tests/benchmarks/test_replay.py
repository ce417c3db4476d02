"""The replay's books, by hand: what comes in when, what is charged, what a policy may see."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.replay import Case, Situation, replay

CASE = Case(
    series=("a",),
    period_days=7,
    history=np.array([[2.0, 3.0]]),
    history_in_stock=np.ones((1, 2)),
    actuals=np.array([[4.0, 4.0, 4.0, 4.0, 4.0]]),
    actuals_in_stock=np.ones((1, 5)),
    on_hand=np.array([5.0]),
    in_transit=np.array([[3.0, 1.0]]),
    lead_time=2,
    holding_cost=0.2,
    lost_sale_cost=1.0,
    orders=3,
)


def orders_of(*quantities: float):  # noqa: ANN201
    """A policy that orders these in turn and remembers what it was shown."""
    shown: list[Situation] = []

    def policy(situation: Situation) -> np.ndarray:
        shown.append(situation)
        return np.array([quantities[len(shown) - 1]])

    return policy, shown


def test_the_books_of_five_periods() -> None:
    """Orders of 6, 4, 0 placed at the ends of periods 0, 1 and 2 with a lead time of 2 are sold from in 3, 4 and 5.

    5 + 3 - 4 = 4; + 1 - 4 = 1; + 6 - 4 = 3; + 4 - 4 = 3; + 0: 3 sold, 1 lost.
    """
    policy, shown = orders_of(6, 4, 0)
    outcome = replay(CASE, policy)
    assert outcome.costs.tolist() == pytest.approx([0.8, 0.2, 0.6, 0.6, 1.0])
    assert outcome.total_cost == pytest.approx(3.2)
    assert (outcome.fill_rate, outcome.order_count) == (pytest.approx(19 / 20), 2)
    assert [one.on_hand.tolist() for one in shown] == [[5], [4], [1]]
    assert [one.due.tolist() for one in shown] == [[[3, 1]], [[1, 6]], [[6, 4]]]


def test_a_policy_sees_demand_up_to_now_and_no_more() -> None:
    policy, shown = orders_of(0, 0, 0)
    replay(replace(CASE, actuals=np.array([[4.0, 9.0, 7.0, 7.0, 7.0]])), policy)
    assert [one.demand.tolist() for one in shown] == [[[2, 3]], [[2, 3, 4]], [[2, 3, 4, 9]]]


def test_a_policy_cannot_change_what_is_replayed() -> None:
    def spoiler(situation: Situation) -> np.ndarray:
        situation.on_hand[:] = 100
        situation.due[:] = 100
        situation.demand[:] = 0
        return np.zeros(1)

    assert replay(CASE, spoiler).total_cost == replay(CASE, lambda situation: np.zeros(1)).total_cost


def test_without_demand_only_holding_is_charged_and_the_fill_rate_is_whole() -> None:
    outcome = replay(replace(CASE, actuals=np.zeros((1, 5))), lambda situation: np.zeros(1))
    assert outcome.costs.tolist() == pytest.approx([1.6, 1.8, 1.8, 1.8, 1.8])
    assert outcome.fill_rate == 1


def test_the_replay_ends_where_the_orders_reach() -> None:
    long = replace(CASE, actuals=np.full((1, 40), 4.0))
    assert len(replay(long, lambda situation: np.zeros(1)).costs) == 5


def test_fewer_actuals_than_the_orders_reach_end_the_replay_earlier() -> None:
    policy, shown = orders_of(6, 4, 9)
    outcome = replay(replace(CASE, actuals=CASE.actuals[:, :3]), policy)
    assert outcome.costs.tolist() == pytest.approx([0.8, 0.2, 0.6])
    assert len(shown) == 3


def test_an_order_of_period_0_that_is_already_in_transit_makes_period_1_the_first() -> None:
    policy, shown = orders_of(4, 0, 0)
    outcome = replay(replace(CASE, in_transit=np.array([[3.0, 1.0, 6.0]]), actuals=np.full((1, 6), 4.0)), policy)
    assert [one.period for one in shown] == [1, 2, 3]
    assert outcome.costs.tolist() == pytest.approx([0.8, 0.2, 0.6, 0.6, 1.0, 4.0])


def test_without_lead_time_an_order_is_sold_from_in_the_next_period() -> None:
    policy, _ = orders_of(4, 4, 4)
    outcome = replay(replace(CASE, lead_time=0, in_transit=np.zeros((1, 0)), on_hand=np.zeros(1)), policy)
    assert outcome.costs.tolist() == [0, 0, 0]


@pytest.mark.parametrize("quantity", [np.array([-1.0]), np.array([np.nan]), np.zeros(2)])
def test_an_order_that_is_none_is_refused(quantity: np.ndarray) -> None:
    with pytest.raises(ValueError) as refusal:
        replay(CASE, lambda situation: quantity)
    assert str(refusal.value) == "a policy must order one finite quantity of at least 0 per series"
