from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from insights.calc.inventory_theory.loss import poisson_loss
from insights.calc.replenishment.sharing import fill_to_minimum, groups_of, spend_budget

UNIT_COSTS, WORTH, MEANS = np.array([4, 10, 1.5]), [2, 5, 20], [10, 6, 30]


def saved(row: int, start: float, end: float) -> float:
    return WORTH[row] * (poisson_loss(start, mean=MEANS[row]) - poisson_loss(end, mean=MEANS[row]))


def spend(budget: float) -> tuple[list[float], float, float]:
    one = np.ones(3)
    spending = spend_budget(
        budget, unit_cost=UNIT_COSTS, step=one, first_step=one, most=np.full(3, np.inf), benefit=saved
    )
    left = sum(
        worth * poisson_loss(units, mean=mean)
        for worth, mean, units in zip(WORTH, MEANS, spending.quantities, strict=True)
    )
    return spending.quantities.tolist(), left, spending.spent


@pytest.mark.parametrize(
    ("budget", "orders", "left", "spent"),
    [(60, [0, 0, 40], 51.904163, 60), (100, [5, 2, 40], 32.089119, 100), (140, [9, 4, 42], 15.567186, 139)],
)
def test_a_budget_goes_where_a_unit_of_money_saves_most(  # computed anew by independent code
    budget: float, orders: list[int], left: float, spent: float
) -> None:
    assert spend(budget) == (orders, pytest.approx(left, abs=1e-6), spent)


def test_without_money_nothing_is_ordered_and_an_unknown_budget_is_refused() -> None:
    assert spend(0)[0] == [0, 0, 0]
    with pytest.raises(ValueError) as refusal:
        spend(float("nan"))
    assert str(refusal.value) == "a budget must be at least 0"


def test_minimum_orders_and_packs_are_steps_of_a_budget() -> None:
    spending = spend_budget(
        60,
        unit_cost=UNIT_COSTS,
        step=np.array([1, 1, 4]),
        first_step=np.array([1, 1, 12]),
        most=np.array([5, 5, 22]),
        benefit=saved,
    )
    assert spending.quantities.tolist() == [5, 1, 20]  # 20 × 1.5, then the 4s, then one 10
    assert spending.spent == 60


def test_a_suppliers_minimum_is_filled_where_it_saves_most() -> None:
    filled = fill_to_minimum(
        np.array([10.0, 0.0, 30.0]),
        120,
        unit_cost=UNIT_COSTS,
        step=np.array([1.0, 0.0, 1.0]),
        most=np.array([40.0, 40.0, 41.0]),
        benefit=saved,
    )
    assert filled is not None
    assert filled.tolist() == [15, 0, 41]  # from 85: first what is worth most, 121.5 in the end
    assert stats.poisson.sf(40, 30) * WORTH[2] / 1.5 > stats.poisson.sf(10, 10) * WORTH[0] / 4


def test_a_suppliers_minimum_out_of_reach_is_said_so() -> None:
    one = np.ones(3)
    assert fill_to_minimum(one, 1000, unit_cost=UNIT_COSTS, step=one, most=one * 5, benefit=saved) is None


def test_rows_without_a_supplier_form_no_group() -> None:
    assert [part.tolist() for part in groups_of(np.array([3, -1, 0, 3, -1]))] == [[2], [0, 3]]
