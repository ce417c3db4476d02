"""What the page of one product's elasticity shows: what was sold at which price, the fitted curve, and a price tried out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from insights.models import PriceElasticity
from inventory.querysets.scope import StoreScope

CURVE_POINTS = 25
MOST_LEVELS = 40


@dataclass(frozen=True)
class PriceLevel:
    """All days that the product cost about ``price``: ``units_per_day`` over them, of one store, ``days`` of exposure."""

    price: float
    units_per_day: float
    days: float


def price_levels(row: PriceElasticity, *, scope: StoreScope) -> list[PriceLevel]:
    """What was sold at each price in the stores of the scope, in the analysis' days; lowest price first. One query."""
    # Numeric: at the top it would load numpy into every web process.
    import numpy as np

    from insights.calc.pricing.panel import make_panel
    from insights.frames.prices import load_daily_prices

    analysis = row.analysis
    if row.product_id is None:
        return []
    frame = load_daily_prices(
        currency=analysis.currency,
        category_of={row.product_id: row.category},
        first=analysis.first_date,
        last=analysis.as_of_date,
        scope=scope,
    )
    panel = make_panel(frame.days)
    if not len(panel.price):
        return []
    wide = max(float(np.log(panel.price.max() / panel.price.min())) / MOST_LEVELS, 0.01)
    level = np.rint(np.log(panel.price) / wide).astype(np.int64)
    level -= level.min()
    days, units, money = (
        np.bincount(level, weights=values) for values in (panel.exposure_days, panel.units, panel.units * panel.price)
    )
    seen = np.flatnonzero(units)
    return [PriceLevel(float(money[one] / units[one]), float(units[one] / days[one]), float(days[one])) for one in seen]


def fitted_units(row: PriceElasticity, levels: Sequence[PriceLevel]) -> list[float | None]:
    """The curve of the row's elasticity through the mean of what was sold, at each level's price."""
    if row.elasticity is None or not levels:
        return [None] * len(levels)
    days = sum(level.days for level in levels)
    price = sum(level.price * level.days for level in levels) / days
    units = sum(level.units_per_day * level.days for level in levels) / days
    return [round(units * (level.price / price) ** row.elasticity, 3) for level in levels]


@dataclass(frozen=True)
class TriedPrice:
    """The outcome of one price, and the curve of profit with its band from bound to bound of the rules."""

    outcome: Any
    prices: list[float]
    profit: list[float]
    lower: list[float]
    upper: list[float]


def try_price(row: PriceElasticity, *, current: float, quantity: float, cost: float, tried: float) -> TriedPrice:
    """What ``tried`` would sell and earn where ``quantity`` is sold at ``current``. Raises ``ValueError`` naming the input."""
    # Numeric: at the top it would load numpy into every web process.
    import numpy as np

    from insights.calc.pricing.optimum import DRAWS, Demand, outcome_at

    demand = Demand(current, quantity, cost, float(row.elasticity or 0.0), float(row.standard_error or 0.0))
    slopes = np.random.default_rng(23).normal(demand.elasticity, demand.error, DRAWS)
    low = min(row.lowest_price or current, current, tried) * 0.9
    high = max(row.highest_price or current, current, tried) * 1.1
    prices = np.linspace(low, high, CURVE_POINTS).tolist()
    outcomes = [outcome_at(demand, price, slopes) for price in prices]
    return TriedPrice(
        outcome_at(demand, tried, slopes),
        prices,
        [one.profit for one in outcomes],
        [one.profit_bounds[0] for one in outcomes],
        [one.profit_bounds[1] for one in outcomes],
    )
