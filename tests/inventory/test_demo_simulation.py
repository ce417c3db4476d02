"""The simulated chain: it repeats, it adds up, and what was planted can be found again."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from invencare.lib.clock import seconds_by_day
from inventory.calc.simulation.config import FULL, SMALL, DemoConfig, config_for
from inventory.calc.simulation.events import Kind, reported_sales
from inventory.calc.simulation.replenishment import RETURN_AFTER_DAYS
from inventory.calc.simulation.shelf import balances
from inventory.calc.simulation.simulate import Simulation, simulate

LAST_DAY = date(2026, 3, 15)
seeds = st.integers(min_value=0, max_value=2**32 - 1)


def small(seed: int = 7, **changes: Any) -> Simulation:
    config = DemoConfig(**{**vars(SMALL), "seed": seed, **changes})
    return simulate(config, np.random.default_rng(seed), last_day=LAST_DAY)


@pytest.fixture(scope="module")
def full() -> Simulation:
    return simulate(FULL, np.random.default_rng(FULL.seed), last_day=LAST_DAY)


def test_the_same_seed_gives_the_same_movements_and_another_seed_others() -> None:
    assert small(7).fingerprint() == small(7).fingerprint()
    assert small(7).fingerprint() != small(8).fingerprint()


@hypothesis_settings(max_examples=25, deadline=None)
@given(seeds)
def test_units_are_conserved_and_stock_never_falls_below_zero(seed: int) -> None:
    stock = small(seed).stock
    moved = stock.received + stock.returned - stock.sold - stock.written_off - stock.shrunk
    np.testing.assert_array_equal(stock.opening[:, :, None] + moved.cumsum(axis=2), stock.closing)
    assert stock.closing.min() >= 0
    assert min(flow.min() for flow in (stock.sold, stock.received, stock.returned, stock.written_off)) >= 0


@hypothesis_settings(max_examples=25, deadline=None)
@given(seeds)
def test_what_is_sold_is_what_is_wanted_and_there(seed: int) -> None:
    simulation = small(seed)
    np.testing.assert_array_equal(simulation.stock.sold, np.minimum(simulation.stock.for_sale, simulation.demand.units))


@hypothesis_settings(max_examples=25, deadline=None)
@given(seeds)
def test_the_movements_in_order_of_time_never_take_a_stock_below_zero_and_end_at_the_closing_stock(seed: int) -> None:
    simulation = small(seed)
    events = simulation.events
    assert (np.diff(events.at) >= 0).all()
    order, after = balances(events, simulation.config.products)
    assert after.min() >= 0
    last = {(events.store[place], events.product[place]): stock for place, stock in zip(order, after, strict=True)}
    closing = simulation.stock.closing[:, :, -1]
    assert last == {(s, p): closing[s, p] for s in range(SMALL.stores) for p in range(SMALL.products)}


@hypothesis_settings(max_examples=25, deadline=None)
@given(seeds)
def test_customers_and_anonymous_buyers_together_are_the_reported_sales(seed: int) -> None:
    simulation = small(seed)
    events = simulation.events
    sold = np.zeros(simulation.shape, dtype=np.int64)
    is_sale = events.kind == Kind.SALE
    np.add.at(sold, (events.store[is_sale], events.product[is_sale], events.day[is_sale]), -events.change[is_sale])
    np.testing.assert_array_equal(sold, reported_sales(simulation.demand, simulation.stock))


@hypothesis_settings(max_examples=15, deadline=None)
@given(seeds)
def test_out_of_stock_seconds_are_those_of_a_walk_through_the_movements(seed: int) -> None:
    simulation = small(seed)
    np.testing.assert_array_equal(simulation.out_of_stock_seconds, walked_out_of_stock_seconds(simulation))


def walked_out_of_stock_seconds(simulation: Simulation) -> np.ndarray[Any, Any]:
    """The slow twin: one movement after the other, one stock-out after the other."""
    seconds = np.zeros(simulation.shape, dtype=np.int64)
    stock: dict[tuple[int, int], int] = {}
    out_since: dict[tuple[int, int], datetime] = {}

    def add(series: tuple[int, int], until: datetime) -> None:
        zone = ZoneInfo(simulation.catalogue.stores[series[0]].time_zone)
        for day, part in seconds_by_day(out_since.pop(series), until, zone).items():
            seconds[*series, (day - simulation.first_day).days] += part

    events = simulation.events
    rows = (events.store, events.product, events.change, events.at)
    for store, product, change, at in zip(*(column.tolist() for column in rows), strict=True):
        series, instant = (store, product), datetime.fromtimestamp(at, UTC)
        stock[series] = stock.get(series, 0) + change
        if stock[series] > 0 and series in out_since:
            add(series, instant)
        elif stock[series] <= 0:
            out_since.setdefault(series, instant)
    for series in list(out_since):
        zone = ZoneInfo(simulation.catalogue.stores[series[0]].time_zone)
        add(series, datetime.combine(simulation.last_day + timedelta(days=1), time.min, tzinfo=zone))
    return seconds


def test_the_true_rate_is_the_baseline_times_the_price_effect_where_there_is_no_offer() -> None:
    simulation = small()
    demand, product = simulation.demand, simulation.catalogue.products[0]
    plain = ~demand.is_promotion[0]
    effect = (demand.price_cents[0] / product.price_cents) ** -product.elasticity
    ratio = demand.rate[0, 0, plain] / demand.baseline[0, 0, plain]
    np.testing.assert_allclose(ratio, effect[plain], rtol=1e-12)


def test_a_log_log_regression_on_the_true_demand_recovers_the_planted_elasticities(full: Simulation) -> None:
    """The least-squares slope of log(units / baseline) on log(price), days without offer, all stores together."""
    demand = full.demand
    errors, scores = [], []
    for index, product in enumerate(full.catalogue.products):
        units, baseline = demand.units[:, index].sum(axis=0), demand.baseline[:, index].sum(axis=0)
        price = np.log(demand.price_cents[index] / product.price_cents)
        usable = ~demand.is_promotion[index] & (units > 0)
        if product.kind in ("slow", "new", "dead") or baseline.mean() < 20 or price[usable].std() < 0.04:
            continue
        y, x = np.log(units[usable] / baseline[usable]), price[usable] - price[usable].mean()
        slope = x @ y / (x @ x)
        residual = y - y.mean() - slope * x
        error = slope + product.elasticity
        errors.append(error)
        scores.append(abs(error) / np.sqrt(residual @ residual / (len(x) - 2) / (x @ x)))
    assert len(errors) >= 30
    assert abs(np.mean(errors)) < 0.06  # no bias
    assert float(np.median(np.abs(errors))) < 0.15
    assert np.mean(np.array(scores) < 2) > 0.85  # the regression's own errors are honest


def test_the_season_and_the_week_average_one() -> None:
    demand = small(days=1_095).demand
    np.testing.assert_allclose(demand.week_factor.mean(axis=1), 1.0, rtol=1e-12)
    np.testing.assert_allclose(demand.season_factor.mean(axis=1), 1.0, atol=0.005)


def test_two_to_five_percent_of_the_series_days_are_stock_outs(full: Simulation) -> None:
    is_out = ((full.stock.for_sale == 0) & (full.demand.rate > 0)) | (full.stock.hidden(full.demand) > 0)
    assert 0.02 < is_out.mean() < 0.05
    assert full.stock.hidden(full.demand).sum() / full.demand.units.sum() == pytest.approx(0.03, abs=0.015)


def test_the_full_demo_has_the_size_that_the_ledger_is_promised(full: Simulation) -> None:
    assert full.shape == (8, 120, 540)
    assert 400_000 < len(full.events) < 700_000
    assert len({store.time_zone for store in full.catalogue.stores}) == 2
    assert len(full.catalogue.suppliers) == len({product.supplier for product in full.catalogue.products}) == 14
    assert len({product.category for product in full.catalogue.products}) == 10
    assert len({product.name for product in full.catalogue.products}) == 120
    assert len({product.barcode for product in full.catalogue.products}) == 120
    assert len(full.shoppers.home_store) == 2_500


def test_the_last_day_leaves_something_to_decide(full: Simulation) -> None:
    stock = full.stock
    final = stock.closing[:, :, -1]
    is_over = (final > stock.minimum) & (final >= 0.9 * stock.maximum)
    is_low = (final > 0) & (final <= stock.minimum)
    assert 20 < (final == 0).sum() < 100
    assert 60 < is_low.sum() < 250
    assert 60 < is_over.sum() < 250
    open_orders = [order for order in stock.orders if any(line.received_units < line.units for line in order.lines)]
    assert 10 < len(open_orders) < 100
    assert any(line.received_units for order in open_orders for line in order.lines)


def test_the_spike_is_far_above_the_days_before_it(full: Simulation) -> None:
    spike = full.demand.spike
    sold = full.stock.sold[spike.store, spike.product]
    assert sold[spike.day] > 4 * sold[spike.day - 28 : spike.day].mean()
    assert sold[spike.day] == full.demand.units[spike.store, spike.product, spike.day]


def test_the_silent_store_reports_nothing_that_day_and_counts_the_next_morning(full: Simulation) -> None:
    events, demand = full.events, full.demand
    at_store = events.store == demand.silent_store
    kinds = set(events.kind[at_store & (events.day == demand.silent_day)].tolist())
    assert not kinds & {Kind.SALE, Kind.RETURN}
    counts = at_store & (events.day == demand.silent_day + 1) & (events.kind == Kind.COUNT)
    unreported = full.stock.sold[demand.silent_store, :, demand.silent_day]
    assert -events.change[counts].sum() == unreported.sum() > 100
    np.testing.assert_array_equal(
        events.counted[counts],
        full.stock.closing[demand.silent_store, events.product[counts], demand.silent_day],
    )


def test_the_dead_product_stops_with_stock_left_and_the_new_one_starts_at_its_launch(full: Simulation) -> None:
    dead, new = full.catalogue.index_of_kind("dead"), full.catalogue.index_of_kind("new")
    died = FULL.day_index(FULL.dead_days_before_end)
    launched = FULL.day_index(FULL.launch_days_before_end)
    assert full.demand.units[:, dead, died + 1 :].sum() == 0
    assert full.demand.units[:, dead, : died + 1].sum() > 0
    assert (full.stock.closing[:, dead, -1] > 0).all()
    assert full.demand.units[:, new, :launched].sum() == 0
    assert full.stock.sold[:, new, launched:].sum() > 0
    assert full.events.day[full.events.product == new].min() == launched - 1  # its first delivery


def test_lead_times_vary_around_what_the_supplier_promises(full: Simulation) -> None:
    first: dict[int, int] = {}
    for delivery in full.stock.deliveries:
        first.setdefault(delivery.order, delivery.day)
    for number, supplier in enumerate(full.catalogue.suppliers):
        taken = np.array(
            [
                day - full.stock.orders[order].day
                for order, day in first.items()
                # Orders of the last weeks that took long have not arrived: leave those weeks out.
                if full.stock.orders[order].supplier == number and full.stock.orders[order].day < FULL.days - 60
            ]
        )
        standard_error = taken.std() / len(taken) ** 0.5
        assert abs(taken.mean() - supplier.lead_time_days) < 4 * standard_error + 0.1, supplier.code


def test_orders_are_whole_packs_of_at_least_the_minimum(full: Simulation) -> None:
    for order in full.stock.orders:
        for line in order.lines:
            product = full.catalogue.products[line.product]
            assert line.units % product.pack_size == 0
            assert line.units >= product.minimum_order_quantity
            assert line.received_units <= line.units


def test_planted_churners_do_not_come_back(full: Simulation) -> None:
    events, shoppers = full.events, full.shoppers
    known = events.customer >= 0
    last_day = np.full(len(shoppers.lost_day), -1)
    np.maximum.at(last_day, events.customer[known], events.day[known])
    gone = shoppers.lost_day >= 0
    assert shoppers.is_churner.sum() > 200
    assert (shoppers.lost_day[shoppers.is_churner] >= 0).all()
    assert (last_day[gone] < shoppers.lost_day[gone]).all()


def test_an_invoice_is_one_customer_in_one_store_at_one_moment(full: Simulation) -> None:
    events = full.events
    known = (events.kind == Kind.SALE) & (events.customer >= 0)
    facts = np.stack([events.document, events.customer, events.store, events.at], axis=1)[known]
    assert len(np.unique(facts, axis=0)) == len(np.unique(facts[:, 0])) > 30_000


def test_sales_happen_in_the_opening_hours_of_each_store_and_on_its_local_day(full: Simulation) -> None:
    events = full.events
    for store, entry in enumerate(full.catalogue.stores):
        zone = ZoneInfo(entry.time_zone)
        chosen = np.flatnonzero((events.kind == Kind.SALE) & (events.store == store))[::50]
        for at, day in zip(events.at[chosen].tolist(), events.day[chosen].tolist(), strict=True):
            local = datetime.fromtimestamp(at, zone)
            assert time(9, 30) <= local.time() <= time(20)
            assert local.date() == full.date_of(day)


def test_an_empty_shelf_on_the_day_the_clocks_go_forward_is_empty_for_23_hours() -> None:
    config = DemoConfig(**{**vars(SMALL), "seed": 5})  # a seed with a stock-out over that day
    simulation = simulate(config, np.random.default_rng(5), last_day=date(2026, 4, 12))
    changed = (date(2026, 3, 29) - simulation.first_day).days
    longest = simulation.out_of_stock_seconds.max(axis=(0, 1))
    assert longest[changed - 1 : changed + 2].tolist() == [86_400, 82_800, 86_400]
    np.testing.assert_array_equal(simulation.out_of_stock_seconds, walked_out_of_stock_seconds(simulation))


def test_returns_bring_back_a_few_of_the_units_sold_days_before(full: Simulation) -> None:
    returned = full.stock.returned
    assert (returned[:, :, RETURN_AFTER_DAYS:] <= full.stock.sold[:, :, :-RETURN_AFTER_DAYS]).all()
    assert returned.sum() / full.stock.sold.sum() == pytest.approx(0.003, abs=0.0003)


def test_a_config_of_the_full_length_is_the_full_demo_and_a_short_one_moves_what_is_planted() -> None:
    assert config_for(seed=7, days=540) == FULL
    assert config_for(seed=7, days=30).silent_days_before_end == 20


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"days": 29}, "a demo has 30 to 1,100 days"),
        ({"days": 1_101}, "a demo has 30 to 1,100 days"),
        ({"dead_days_before_end": 51}, "the planted facts lie 10 days or more after the first day"),
        ({"stores": 1}, "a demo has 2 to 8 stores, 6 to 120 products and 2 to 14 suppliers"),
        ({"products": 121}, "a demo has 2 to 8 stores, 6 to 120 products and 2 to 14 suppliers"),
        ({"suppliers": 15}, "a demo has 2 to 8 stores, 6 to 120 products and 2 to 14 suppliers"),
        ({"customers": 0}, "a demo has at least 1 customer"),
        ({"spike_days_before_end": 20}, "the spike and the silent day are two days"),
    ],
)
def test_a_config_that_cannot_be_simulated_is_refused(changes: dict[str, int], why: str) -> None:
    with pytest.raises(ValueError) as refusal:
        DemoConfig(**{**vars(SMALL), **changes})
    assert str(refusal.value) == why


@pytest.mark.parametrize("days", [30, 45, 100, 211])
def test_short_demos_of_the_whole_chain_can_be_simulated(days: int) -> None:
    simulation = simulate(config_for(seed=3, days=days), np.random.default_rng(3), last_day=LAST_DAY)
    assert simulation.stock.closing.min() >= 0
    assert simulation.shape == (8, 120, days)
