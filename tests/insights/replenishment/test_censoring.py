from __future__ import annotations

import numpy as np

from insights.calc.replenishment.censoring import uncensored_demand


def test_a_period_that_sold_out_counts_as_more_than_it_sold() -> None:
    demand = np.full((1, 20), 10.0)
    demand[0, 10] = 12.0
    in_stock = np.ones((1, 20))
    in_stock[0, 10] = 0
    found, share = uncensored_demand(demand, in_stock)
    assert found[0, 10] > 12
    assert share[0, 10] == 1
    assert np.delete(found[0], 10).tolist() == [10.0] * 19


def test_a_period_without_any_sale_stays_unknown() -> None:
    demand, in_stock = np.array([[5.0, 0.0, 5.0]]), np.array([[1.0, 0.0, 1.0]])
    found, share = uncensored_demand(demand, in_stock)
    assert (found.tolist(), share.tolist()) == ([[5, 0, 5]], [[1, 0, 1]])


def test_leaving_sold_out_weeks_out_forecasts_too_low_and_this_does_not() -> None:
    rng = np.random.default_rng(4)
    wanted = rng.poisson(8, (300, 80)).astype(float)
    stock = rng.integers(6, 14, wanted.shape)
    sold, in_stock = np.minimum(wanted, stock), (wanted <= stock).astype(float)
    left_out = sold[in_stock > 0].mean()
    found, _ = uncensored_demand(sold, in_stock)
    assert left_out < 0.92 * wanted.mean()
    assert abs(found.mean() / wanted.mean() - 1) < 0.02


def test_unknown_periods_stay_unknown_and_whole_numbers_whole() -> None:
    demand = np.array([[np.nan, 3.0, 4.0, 2.0]])
    found, _ = uncensored_demand(demand, np.array([[1.0, 1.0, 0.0, 1.0]]))
    assert np.isnan(found[0, 0])
    assert (found[0, 1:] == np.rint(found[0, 1:])).all()
