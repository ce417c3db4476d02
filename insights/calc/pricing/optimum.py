"""The price that makes the most profit: in closed form for three demand curves, and within a buyer's bounds."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import lambertw

from insights.calc.pricing.linear_model import Floats

GRID = 2_001
DRAWS = 2_000


class NoOptimumError(ValueError):
    """Demand is inelastic: every higher price earns more, so that there is no best one."""


def constant_elasticity_price(*, unit_cost: float, elasticity: float) -> float:
    """c·ε / (1 + ε), from Lerner's (p − c)/p = −1/ε. Raises ``NoOptimumError`` for ε ≥ −1. Worked: c 4, ε −2.5: 6.67."""
    if elasticity >= -1:
        raise NoOptimumError("demand is inelastic (elasticity −1 or weaker): every higher price earns more")
    return unit_cost * elasticity / (1 + elasticity)


def linear_price(*, intercept: float, slope: float, unit_cost: float) -> float:
    """Demand a + b·p with b < 0: (c − a/b) / 2. Worked: 10,000 − 800·p at cost 5: 8.75."""
    if slope >= 0:
        raise NoOptimumError("demand does not fall with the price (slope 0 or over)")
    return (unit_cost - intercept / slope) / 2


def logit_price(*, a: float, b: float, unit_cost: float) -> float:
    """Demand 1 / (1 + e^(b·p − a)): c + (1 + W(e^(a − 1 − b·c))) / b, W Lambert's. Worked: a 5, b 0.5, c 4: 9.114."""
    if b <= 0:
        raise NoOptimumError("demand does not fall with the price (b 0 or under)")
    return unit_cost + (1 + float(lambertw(math.exp(a - 1 - b * unit_cost)).real)) / b


@dataclass(frozen=True)
class PriceRules:
    """``lowest`` and ``highest`` the price observed; the bounds reach ``reach`` beyond. Shares of the price.

    ``least_margin`` of the price must stay; one change moves it by ``most_step`` at most; prices end on ``ending`` of a
    unit (such as 0.99), or anyhow for None.
    """

    lowest: float
    highest: float
    reach: float = 0.10
    least_margin: float = 0.0
    most_step: float = 0.20
    ending: float | None = None


@dataclass(frozen=True)
class Outcome:
    """Per period of ``current_quantity``. Bounds hold the confidence of the elasticity's interval."""

    price: float
    quantity: float
    revenue: float
    profit: float
    quantity_bounds: tuple[float, float]
    profit_bounds: tuple[float, float]


@dataclass(frozen=True)
class PriceAnswer:
    """``binding`` says what kept the price from its free optimum: "" nothing, else words; ``free_price`` None: there is none."""

    current: Outcome
    best: Outcome
    free_price: float | None
    bounds: tuple[float, float]
    binding: str
    chance_of_more_profit: float


@dataclass(frozen=True)
class Demand:
    """What is sold at the current price, and how that answers to price. ``error`` of the elasticity, normal."""

    price: float
    quantity: float
    unit_cost: float
    elasticity: float
    error: float


def best_price(demand: Demand, rules: PriceRules, *, seed: int = 23) -> PriceAnswer:
    """The most profitable price within the rules under constant elasticity. Raises ``ValueError`` naming the field.

    Worked: price 6, quantity 100, cost 4, elasticity −2.5 and free bounds: 6.67.
    """
    _check(demand)
    low, high, why_low, why_high = _bounds(demand, rules)
    free = None
    if demand.elasticity < -1:
        free = constant_elasticity_price(unit_cost=demand.unit_cost, elasticity=demand.elasticity)
    wanted = high if free is None else min(max(free, low), high)
    price = _ended(wanted, low, high, rules.ending)
    binding = ""
    if free is None:
        binding = f"demand is inelastic, so that the best price is the bound: {why_high}"
    elif free > high:
        binding = why_high
    elif free < low:
        binding = why_low
    slopes = np.random.default_rng(seed).normal(demand.elasticity, demand.error, DRAWS)
    now, best = outcome_at(demand, demand.price, slopes), outcome_at(demand, price, slopes)
    gains = (price - demand.unit_cost) * _quantities(demand, price, slopes) > now.profit
    chance = float(gains.mean()) if price != demand.price else 0.0
    return PriceAnswer(now, best, free, (low, high), binding, chance)


def outcome_at(demand: Demand, price: float, slopes: Floats) -> Outcome:
    """What the price would sell and earn; ``slopes`` are draws of the elasticity."""
    quantity = float(_quantities(demand, price, np.array([demand.elasticity]))[0])
    low, high = np.quantile(_quantities(demand, price, slopes), [0.025, 0.975]).tolist()
    margin = price - demand.unit_cost
    bounds = sorted((margin * low, margin * high))
    return Outcome(price, quantity, price * quantity, margin * quantity, (low, high), (bounds[0], bounds[1]))


def _quantities(demand: Demand, price: float, slopes: Floats) -> Floats:
    return np.asarray(demand.quantity * (price / demand.price) ** np.minimum(slopes, 0.0))


def _check(demand: Demand) -> None:
    for name in ("price", "quantity"):
        value = getattr(demand, name)
        if not (math.isfinite(value) and value > 0):
            raise ValueError(f"the current {name} must be over 0")
    if not (math.isfinite(demand.unit_cost) and demand.unit_cost >= 0):
        raise ValueError("the cost per unit must be 0 or more")
    if not (math.isfinite(demand.elasticity) and demand.error >= 0):
        raise ValueError("the elasticity must be a number, its error 0 or more")


def _bounds(demand: Demand, rules: PriceRules) -> tuple[float, float, str, str]:
    lows = [
        (rules.lowest * (1 - rules.reach), f"{rules.reach:.0%} under the lowest price observed"),
        (demand.price * (1 - rules.most_step), f"a step of {rules.most_step:.0%} down"),
        (demand.unit_cost / (1 - rules.least_margin), f"a margin of {rules.least_margin:.0%}"),
    ]
    highs = [
        (rules.highest * (1 + rules.reach), f"{rules.reach:.0%} over the highest price observed"),
        (demand.price * (1 + rules.most_step), f"a step of {rules.most_step:.0%} up"),
    ]
    low, why_low = max(lows)
    high, why_high = min(highs)
    if low > high:
        raise ValueError(f"no price fits the rules: at least {low:.2f} ({why_low}), at most {high:.2f} ({why_high})")
    return low, high, why_low, why_high


def _ended(price: float, low: float, high: float, ending: float | None) -> float:
    """The nearest price within the bounds that ends so; the price itself where none does."""
    if ending is None:
        return price
    near = [whole + ending for whole in range(int(price) - 1, int(price) + 2)]
    allowed = [one for one in near if low <= one <= high]
    return min(allowed, key=lambda one: abs(one - price)) if allowed else price
