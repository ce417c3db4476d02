"""Customers with a card: how often they come, when they stop for good, and what they put in the basket.

Visits follow the buy-till-you-die story of BG/NBD: each customer has a rate of visits, and after every visit stays
away for good with some chance. Planted churners are frequent customers who stop on a day that is known. Baskets
are taken out of what was sold, so that customers and anonymous buyers together are the sales.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inventory.calc.simulation.catalogue import Catalogue
from inventory.calc.simulation.config import DemoConfig
from inventory.calc.simulation.demand import BoolArray, FloatArray, IntArray

RATE_SHAPE, MEAN_VISITS_PER_DAY = 1.3, 0.05
DROPOUT_ALPHA, DROPOUT_BETA = 1.0, 30.0  # of the chance to stay away after a visit
CHURNER_VISITS_PER_DAY = (0.08, 0.2)
OTHER_STORE_SHARE = 0.06


@dataclass(frozen=True)
class Shoppers:
    """The planted customers, one entry each; days are indices, -1 where there is none."""

    home_store: IntArray
    visits_per_day: FloatArray
    dropout_chance: FloatArray
    lines_per_visit: FloatArray  # mean; the spread between customers is what CLV has to find
    first_day: IntArray
    is_churner: BoolArray
    lost_day: IntArray  # first day on which the customer would not have come again; -1: still a customer at the end


@dataclass(frozen=True)
class Visits:
    """One entry per visit, by day."""

    customer: IntArray
    store: IntArray
    day: IntArray


@dataclass(frozen=True)
class Baskets:
    """One entry per sale line of a known customer; ``visit`` counts the visits that bought something, from 0."""

    visit: IntArray
    customer: IntArray
    store: IntArray
    product: IntArray
    day: IntArray
    units: IntArray


def draw_shoppers(config: DemoConfig, catalogue: Catalogue, rng: np.random.Generator) -> tuple[Shoppers, Visits]:
    """The customers and every visit they would make; visits on a day without sales buy nothing."""
    count = config.customers
    size = np.array([store.size for store in catalogue.stores])
    home = rng.choice(len(size), count, p=size / size.sum())
    is_churner = rng.random(count) < config.churner_share
    rate = rng.gamma(RATE_SHAPE, MEAN_VISITS_PER_DAY / RATE_SHAPE, count)
    rate[is_churner] = rng.uniform(*CHURNER_VISITS_PER_DAY, is_churner.sum())
    dropout = np.where(is_churner, 0.0, rng.beta(DROPOUT_ALPHA, DROPOUT_BETA, count))
    first = np.where(rng.random(count) < 0.65, rng.integers(0, 45, count), rng.integers(0, config.days - 10, count))
    first = np.minimum(first, config.days - 1)
    first[is_churner] = rng.integers(0, max(1, config.days // 5), is_churner.sum())
    leaves = rng.integers(int(config.days * 0.45), int(config.days * 0.85), count)
    lost = np.full(count, -1)
    visits: list[tuple[int, int]] = []
    for customer in range(count):
        stop = int(leaves[customer]) if is_churner[customer] else config.days
        days, went = _visit_days(int(first[customer]), stop, rate[customer], dropout[customer], rng)
        lost[customer] = stop if is_churner[customer] else (days[-1] + 1 if went else -1)
        visits += [(day, customer) for day in days]
    visits.sort()
    day, customer_of = (np.array(column, dtype=np.int64) for column in zip(*visits, strict=True))
    elsewhere = rng.random(len(visits)) < OTHER_STORE_SHARE
    store = np.where(elsewhere, rng.integers(0, len(size), len(visits)), home[customer_of])
    lines = 1.2 + rng.gamma(2.0, 0.9, count)
    shoppers = Shoppers(home, rate, dropout, lines, first, is_churner, lost)
    return shoppers, Visits(customer_of, store, day)


def _visit_days(
    first: int, stop: int, rate: float, dropout_chance: float, rng: np.random.Generator
) -> tuple[list[int], bool]:
    """Days of visit from ``first``, before ``stop``, and whether the customer stayed away after the last one."""
    expected = rate * max(0, stop - first)
    gaps = rng.exponential(1 / rate, int(expected + 6 * expected**0.5 + 10))
    times = first + np.concatenate([[0.0], np.cumsum(gaps)])
    drops = rng.random(len(times)) < dropout_chance
    last = int(np.argmax(drops)) if drops.any() else len(times)
    came = [int(time) for time in times[: last + 1] if time < stop]
    return sorted(set(came)), bool(drops.any()) and times[last] < stop


def fill_baskets(
    shoppers: Shoppers, visits: Visits, catalogue: Catalogue, available: IntArray, rng: np.random.Generator
) -> Baskets:
    """Give each visit some lines out of ``available`` [S, P, T] units; never more of a product than there are."""
    categories = np.array([product.category for product in catalogue.products])
    taste = rng.gamma(0.8, 1.0, (len(shoppers.home_store), len(catalogue.categories)))[:, categories] + 0.05
    lines = np.minimum(1 + rng.poisson(shoppers.lines_per_visit[visits.customer] - 1), available.shape[1])
    order = np.lexsort((visits.store, visits.day))
    starts = np.flatnonzero(np.diff(visits.day[order] * available.shape[0] + visits.store[order], prepend=-1))
    found = [_fill_store_day(group, visits, lines, taste, available, rng) for group in np.split(order, starts[1:])]
    visit, product, units = (np.concatenate(column) for column in zip(*found, strict=True))
    by_visit = np.lexsort((product, visit))
    visit, product, units = visit[by_visit], product[by_visit], units[by_visit]
    return Baskets(
        visit=np.unique(visit, return_inverse=True)[1],
        customer=visits.customer[visit],
        store=visits.store[visit],
        product=product,
        day=visits.day[visit],
        units=units,
    )


def _fill_store_day(
    group: IntArray,
    visits: Visits,
    lines: IntArray,
    taste: FloatArray,
    available: IntArray,
    rng: np.random.Generator,
) -> tuple[IntArray, IntArray, IntArray]:
    """The lines of one store's visits of one day as (visit, product, units).

    Products are drawn without replacement by the largest of log weight + Gumbel noise; the running sum over the
    visits cuts off what is no longer there.
    """
    on_shelf = available[visits.store[group[0]], :, visits.day[group[0]]]
    weight = on_shelf * taste[visits.customer[group]]
    with np.errstate(divide="ignore"):
        keys = np.log(weight) + rng.gumbel(size=weight.shape)
    rank = np.argsort(np.argsort(-keys, axis=1), axis=1)
    chosen = (rank < lines[group][:, None]) & (weight > 0)
    units = np.where(chosen, 1 + (rng.random(chosen.shape) < 0.18), 0)
    units[np.cumsum(units, axis=0) > on_shelf] = 0
    row, product = np.nonzero(units)
    return group[row], product, units[row, product]
