"""Customer lifetime value: expected purchases times their expected value, discounted, with an interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from insights.calc.customers.days import Floats, PurchaseSummary
from insights.calc.customers.purchases import PurchaseModel
from insights.calc.customers.spending import SpendingModel

MONTHS = 12
WEEKS_OF_A_MONTH = 365.25 / 7 / 12
CUSTOMERS_AT_ONCE = 20_000  # × draws numbers in memory


@dataclass(frozen=True)
class LifetimeConfig:
    """``discount_per_month`` 0.01 is about 12.7 % a year. The interval holds ``coverage`` of the outcomes."""

    months: int = MONTHS
    discount_per_month: float = 0.01
    weeks_of_a_month: float = WEEKS_OF_A_MONTH
    coverage: float = 0.8
    draws: int = 200
    seed: int = 5

    @property
    def horizon_weeks(self) -> float:
        return self.months * self.weeks_of_a_month


@dataclass(frozen=True)
class Interval:
    lower: Floats
    upper: Floats


def expected_values(spending: SpendingModel | None, summary: PurchaseSummary) -> Floats:
    """The mean value of each customer's next purchase.

    Without a spending model: the customer's own mean, and the mean of all who came back for whoever has none.
    """
    if spending is not None:
        return spending.expected_value(summary.frequency, summary.mean_value)
    came_back = summary.frequency > 0
    company = float(summary.mean_value[came_back].mean()) if came_back.any() else 0.0
    return np.where(came_back, summary.mean_value, company)


def discounted_purchases(purchases: PurchaseModel, summary: PurchaseSummary, config: LifetimeConfig) -> Floats:
    """Expected purchases, month by month, each discounted to today: the factor of the value of one purchase."""
    total = np.zeros(len(summary.frequency))
    before = np.zeros(len(summary.frequency))
    alive = purchases.probability_alive(summary.frequency, summary.recency_weeks, summary.age_weeks)
    for month in range(1, config.months + 1):
        until = purchases.expected_if_alive(summary.frequency, summary.age_weeks, month * config.weeks_of_a_month)
        total += (until - before) / (1 + config.discount_per_month) ** month
        before = until
    return np.asarray(total * alive)


def value_interval(
    purchases: PurchaseModel,
    spending: SpendingModel | None,
    summary: PurchaseSummary,
    config: LifetimeConfig,
) -> Interval:
    """Where the undiscounted money of the horizon will lie, by drawing from the models' posterior.

    Given the history a living customer has λ ~ Gamma(r + x, α + T) and p ~ Beta(a, b + chances to leave); the purchases to
    come are the smaller of Poisson(λ·horizon) and Geometric(p); their sum is Gamma distributed. Without a spending model
    each purchase is worth its expected value.
    """
    random = np.random.default_rng(config.seed)
    lower, upper = np.empty(len(summary.frequency)), np.empty(len(summary.frequency))
    alive = purchases.probability_alive(summary.frequency, summary.recency_weeks, summary.age_weeks)
    value = expected_values(spending, summary)
    tails = [(1 - config.coverage) / 2, (1 + config.coverage) / 2]
    for start in range(0, len(lower), CUSTOMERS_AT_ONCE):
        part = slice(start, start + CUSTOMERS_AT_ONCE)
        shape = (len(lower[part]), config.draws)
        count = _drawn_purchases(purchases, summary, part, alive[part], config, random, shape)
        if spending is None:
            money = count * value[part][:, None]
        else:
            money = _drawn_money(spending, summary, part, count, random)
        lower[part], upper[part] = np.quantile(money, tails, axis=1)
    return Interval(lower, upper)


def _drawn_purchases(
    model: PurchaseModel,
    summary: PurchaseSummary,
    part: slice,
    alive: Floats,
    config: LifetimeConfig,
    random: np.random.Generator,
    shape: tuple[int, int],
) -> Floats:
    x, age = summary.frequency[part][:, None], summary.age_weeks[part][:, None]
    rate = random.gamma(model.r + x, 1 / (model.alpha + age), shape)
    leaves = random.beta(model.a, model.b + model.chances_to_leave(x), shape)
    wanted = random.poisson(rate * config.horizon_weeks)
    until_left = random.geometric(np.clip(leaves, 1e-9, 1.0))
    return np.asarray(np.where(random.random(shape) < alive[:, None], np.minimum(wanted, until_left), 0), np.float64)


def _drawn_money(
    model: SpendingModel, summary: PurchaseSummary, part: slice, count: Floats, random: np.random.Generator
) -> Floats:
    x, mean = summary.frequency[part][:, None], np.maximum(summary.mean_value[part], 0.0)[:, None]
    inverse_scale = random.gamma(model.p * x + model.q, 1.0, count.shape) / (model.v + x * mean)
    return np.asarray(random.gamma(np.maximum(model.p * count, 1e-12), 1.0) / inverse_scale * (count > 0))
