"""Does the order policy hold its fill rates? Simulated on demand whose distribution is known: ``python -m benchmarks.fill_rates``.

Daily orders in whole units. With backorders the achieved fill rate is to lie within 0.5 points of its target, or over it where one
unit less would miss it; with lost sales not under it. Every order is the policy's own (``plan_orders``), from the state of that day.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass

import numpy as np
from scipy import stats

from insights.calc.replenishment.arrays import Floats, Ints
from insights.calc.replenishment.config import SERVICE_LEVEL, PolicyConfig
from insights.calc.replenishment.demand import DemandSums
from insights.calc.replenishment.plan import plan_orders
from insights.calc.replenishment.rows import Rows

LEVELS = np.concatenate([(np.arange(500) + 0.5) / 500, [0.9995, 0.9999]])
LONGEST_DAY = 400
TOLERANCE = 0.005
NOISE = 0.001  # of a simulation
PATHS, PATHS_ONCE = 256, 8192


@dataclass(frozen=True)
class Demand:
    """Units of a day: ``pmf[u]`` is the probability of u. Days are independent."""

    name: str
    pmf: Floats

    @property
    def mean(self) -> float:
        return float(self.pmf @ np.arange(len(self.pmf)))

    def quantiles(self, days: int) -> Floats:
        """Of the sum over so many days."""
        total = np.array([1.0])
        for _ in range(days):
            total = np.convolve(total, self.pmf)
        cumulated = np.cumsum(total) / total.sum()
        return np.searchsorted(cumulated, LEVELS - 1e-12).astype(float)

    def sample(self, days: int, stores: int, rng: np.random.Generator) -> Ints:
        return rng.choice(len(self.pmf), size=(days, stores), p=self.pmf / self.pmf.sum())


def demands() -> list[Demand]:
    """Poisson, negative binomial (variance 3 and 4 × mean), and intermittent: something on 3 days of 10, and then in lumps."""
    units = np.arange(LONGEST_DAY)
    lumps = stats.nbinom.pmf(units - 1, 2, 0.25)  # at least 1, 7 on average
    intermittent = 0.3 * lumps + 0.7 * (units == 0)
    return [
        Demand("Poisson, 120 a day", stats.poisson.pmf(units, 120)),
        Demand("Poisson, 2 a day", stats.poisson.pmf(units, 2)),
        Demand("negative binomial, 60 a day", stats.nbinom.pmf(units, 20, 1 / 4)),
        Demand("negative binomial, 2 a day", stats.nbinom.pmf(units, 1, 1 / 3)),
        Demand("intermittent, 2.1 a day", intermittent),
    ]


@dataclass(frozen=True)
class Study:
    """One line of the table. ``order_up_to``: with backorders, the level that the policy keeps."""

    demand: str
    lead_time: int
    target: float
    has_backorders: bool
    achieved: float
    order_up_to: float
    with_one_less: float

    @property
    def is_held(self) -> bool:
        """With lost sales never under the target; with backorders near it, or over it where one unit less would miss it."""
        over = self.achieved - self.target
        if not self.has_backorders:
            return over >= -NOISE
        return abs(over) <= TOLERANCE or (over > 0 and self.with_one_less < self.target)


def simulate(
    demand: Demand, lead_time: int, target: float, *, has_backorders: bool, days: int, stores: int, seed: int
) -> Study:
    """``stores`` × ``days`` after a warm-up of three lead times and a month.

    What is ordered in the evening of day t is sold from on day t + 1 + L: L days of demand come before it.
    """
    policy = _Policy(demand, lead_time, target, has_backorders=has_backorders)
    asked = demand.sample(days + 3 * lead_time + 30, stores, np.random.default_rng(seed))
    achieved = _fill_rate(policy, asked, asked[:-days])
    level, with_one_less = policy.level, float("nan")
    if has_backorders and achieved > target + TOLERANCE:
        policy.level -= 1
        with_one_less = _fill_rate(policy, asked, asked[:-days])
    return Study(demand.name, lead_time, target, has_backorders, achieved, level, with_one_less)


def _fill_rate(policy: _Policy, asked: Ints, warm_up: Ints) -> float:
    """Served on the day over asked for, after the days of the warm-up."""
    on_hand = np.full(asked.shape[1], np.ceil(policy.mean * (policy.lead_time + 1)))
    due = np.zeros((asked.shape[1], policy.lead_time + 1))  # column k comes in after k + 1 nights
    served = 0.0
    for day, units in enumerate(asked):
        on_hand = on_hand + due[:, 0]
        due[:, :-1] = due[:, 1:]
        due[:, -1] = 0
        sold = np.minimum(np.maximum(on_hand, 0), units)
        on_hand = on_hand - (units if policy.config.has_backorders else sold)
        served += float(sold.sum()) if day >= len(warm_up) else 0.0
        due[:, -1] = policy.order(on_hand, due[:, :-1])
    return served / float(asked[len(warm_up) :].sum())


class _Policy:
    """``plan_orders`` for stores that differ in their stock alone. With backorders only the position counts: one level, asked once."""

    def __init__(self, demand: Demand, lead_time: int, target: float, *, has_backorders: bool) -> None:
        self.config = PolicyConfig(
            goal=SERVICE_LEVEL,
            fill_rates={"": target},
            has_backorders=has_backorders,
            paths=PATHS_ONCE if has_backorders else PATHS,
        )
        self.lead_time = lead_time
        self.mean = demand.mean
        self.quantiles = np.stack([demand.quantiles(length) for length in (lead_time, lead_time + 1)])
        self.level = float("nan")
        if has_backorders:
            self.level = float(self._plan(np.zeros(1), np.zeros((1, lead_time)))[0])

    def order(self, on_hand: Floats, due: Floats) -> Floats:
        if np.isfinite(self.level):
            return np.maximum(self.level - on_hand - due.sum(axis=1), 0)
        return self._plan(on_hand, due)

    def _plan(self, on_hand: Floats, due: Floats) -> Floats:
        stores = len(on_hand)
        zeros, ones = np.zeros(stores), np.ones(stores)
        lengths = np.array([self.lead_time, self.lead_time + 1.0])
        sums = DemandSums(
            periods=np.tile(lengths, (stores, 1)),
            levels=LEVELS,
            quantiles=np.tile(self.quantiles, (stores, 1, 1)),
            mean=np.tile(lengths * self.mean, (stores, 1)),
            whole=np.ones(stores, dtype=bool),
        )
        rows = Rows(
            demand=sums,
            fallback_units=zeros,
            on_hand=on_hand,
            committed=zeros,
            arrivals=due,
            arrival_periods=np.tile(np.arange(float(self.lead_time)), (stores, 1)),
            lead_times=np.full((stores, 1), float(self.lead_time)),
            review_periods=ones,
            minimum_units=zeros,
            maximum_units=zeros,
            shelf_life_periods=zeros,
            pack_size=ones,
            minimum_order=zeros,
            unit_cost=ones,
            margin=ones,
            goodwill=zeros,
            holding=ones,
            salvage=ones,
            abc_xyz=np.full(stores, ""),
            supplier=np.zeros(stores, dtype=np.int64),
            discontinued=np.zeros(stores, dtype=bool),
        )
        return plan_orders(rows, self.config).quantity


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fill_rates", description=__doc__)
    parser.add_argument("--lead-times", default="1,2,4,7,14", help="days, with commas between")
    parser.add_argument("--targets", default="0.9,0.95,0.98")
    arguments = parser.parse_args(argv)
    print(f"{'demand':<28}{'lead time':>10}{'target':>8}{'backorders':>12}{'level':>7}{'lost sales':>12}")
    is_held = True
    for demand in demands():
        for lead_time in (int(part) for part in arguments.lead_times.split(",")):
            for target in (float(part) for part in arguments.targets.split(",")):
                owed = simulate(demand, lead_time, target, has_backorders=True, days=2000, stores=500, seed=1)
                lost = simulate(demand, lead_time, target, has_backorders=False, days=150, stores=100, seed=2)
                marks = ["" if one.is_held else " !" for one in (owed, lost)]
                print(
                    f"{demand.name:<28}{lead_time:>10}{target:>8.0%}{owed.achieved:>11.2%}{marks[0]:>2}"
                    f"{owed.order_up_to:>6.0f}{lost.achieved:>11.2%}{marks[1]:>2}",
                    flush=True,
                )
                is_held = is_held and owed.is_held and lost.is_held
    return 0 if is_held else 1


if __name__ == "__main__":
    sys.exit(main())
