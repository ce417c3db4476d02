from __future__ import annotations

import numpy as np

from forecasting.calc.sales_history import History, joined


def a_history(**beside: np.ndarray) -> History:
    return History(np.arange(20.0).reshape(2, 10), first_day=100, **beside)


def test_prices_and_promotions_are_plans_only_where_they_reach_ahead() -> None:
    past, ahead = np.ones((2, 10)), np.ones((2, 13))
    assert a_history(price=past, promotion=past, in_stock=past).plans == ("in_stock",)
    assert a_history(price=ahead, promotion=ahead).plans == ("price", "promotion")


def test_what_is_not_known_beside_demand_counts_as_usual() -> None:
    known = a_history(promotion=np.ones((2, 13))).with_plans(["price", "in_stock"], 4)
    assert known.promotion is None
    assert known.price is not None
    assert known.in_stock is not None
    assert (known.price.shape, np.isnan(known.price).all()) == ((2, 14), True)
    assert (known.in_stock.shape, known.in_stock.min()) == ((2, 10), 1)


def test_a_later_start_leaves_the_days_where_they_are() -> None:
    later = a_history(promotion=np.arange(26.0).reshape(2, 13)).since(3)
    assert (later.first_day, later.demand[0, 0], later.day_of(0)) == (103, 3, 103)
    assert later.promotion is not None
    assert (later.promotion.shape, later.promotion[1, 0]) == ((2, 10), 16)


def test_stores_of_which_one_plans_promotions_are_joined_without_promotions_in_the_other() -> None:
    both = joined([a_history(promotion=np.ones((2, 13)), in_stock=np.zeros((2, 10))), a_history()])
    assert both.demand.shape == (4, 10)
    assert both.promotion is not None
    assert both.in_stock is not None
    assert both.promotion[:, 0].tolist() == [1, 1, 0, 0]
    assert both.in_stock[:, 9].tolist() == [0, 0, 1, 1]
    assert (both.price, both.promotion.shape) == (None, (4, 13))
