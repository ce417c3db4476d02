"""Price elasticities of many products at once: log quantity on log price with item, store and week effects.

    log q = item in store (+ the item's trend) + store in quarter + week + β_item · log price + γ · promotion + error

Lasting differences of price between stores say nothing here: whoever is dearer may be so because it sells more.

Least squares by turns: given store and week effects the items' own lines have a closed form, given those the effects
are means; the turns end at the common least-squares solution. Errors of β_item are clustered by four weeks of the item
over all stores, because a chain's prices and shocks move together. Item slopes are then drawn to their category's mean
by how uncertain they are (empirical Bayes; DerSimonian & Laird 1986 for the spread between items).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

from insights.calc.pricing.linear_model import Bools, Floats, Ints
from insights.calc.pricing.panel import PricePanel

QUARTER_WEEKS = 13
TOO_FEW_PRICES = "fewer than 4 distinct prices"
TOO_LITTLE_VARIATION = "the price varied by less than 3 %"
TOO_FEW_WEEKS = "fewer than 12 weeks at a known price, or too few sales in them"
NOT_SEPARABLE = "the price moved together with the weeks: its effect cannot be told from theirs"
SPANS_ZERO = "the interval reaches 0: whether price moves demand cannot be told"


@dataclass(frozen=True)
class ElasticityConfig:
    """``least_items`` a category or company has in a week for the week to have an effect there; with fewer, quarters have."""

    least_distinct_prices: int = 4
    least_variation: float = 0.03
    least_rows: int = 12
    least_units_of_a_row: float = 2.0
    least_items: float = 5.0
    least_own_variation: float = 0.05
    cluster_weeks: int = 4
    confidence: float = 0.95
    most_turns: int = 300
    tolerance: float = 1e-5


@dataclass(frozen=True)
class Slopes:
    """Items' own least-squares slopes and what they rest on; arrays by item code (I)."""

    slope: Floats
    error: Floats
    degrees: Floats
    rows: Ints
    distinct_prices: Ints
    variation: Floats
    r2: Floats
    own_variation: Floats
    promotion_lift: float
    time_effects: str


@dataclass(frozen=True)
class Elasticities:
    """By item code: own and shrunk elasticity, interval, and ``refusal`` ("" where it can be used).

    ``category_mean`` and ``category_error`` by category code, NaN where no product could be measured; ``spread`` is the
    deviation between items of a category.
    """

    slopes: Slopes
    elasticity: Floats
    error: Floats
    lower: Floats
    upper: Floats
    refusal: list[str]
    category_mean: Floats
    category_error: Floats
    category_spread: Floats


def estimate(panel: PricePanel, *, items: int, config: ElasticityConfig | None = None) -> Elasticities:
    """Elasticities of the item codes 0 … ``items`` − 1. Refusals are reasons, never errors; an empty panel refuses all."""
    config = config or ElasticityConfig()
    slopes = item_slopes(panel, items=items, config=config)
    refusal = _refusals(panel, slopes, items, config)
    usable = np.array([not why for why in refusal], dtype=np.bool_)
    shrunk = _shrink(slopes, usable, panel.category)
    critical = student.ppf((1 + config.confidence) / 2, np.maximum(slopes.degrees, 1))
    lower, upper = shrunk.mean - critical * shrunk.error, shrunk.mean + critical * shrunk.error
    for place in np.flatnonzero(usable & (upper >= 0)).tolist():
        refusal[place] = SPANS_ZERO
    return Elasticities(
        slopes, shrunk.mean, shrunk.error, lower, upper, refusal, shrunk.group_mean, shrunk.group_error, shrunk.spread
    )


def item_slopes(panel: PricePanel, *, items: int, config: ElasticityConfig) -> Slopes:
    """The common least-squares solution, and each slope's clustered error."""
    item, x, y = panel.item, np.log(panel.price), panel.log_quantity
    rows = np.maximum(np.bincount(item, minlength=items), 1)
    time, time_effects = _time_codes(panel, config)
    span = int(panel.store.max(initial=0)) + 1
    store = np.unique(panel.week // QUARTER_WEEKS * span + panel.store, return_inverse=True)[1]
    own = _OwnLines(item, panel.store, x, panel.week.astype(np.float64), panel.promotion, items)
    effects = _by_turns(own, y, store, time, config)
    residual = y - own.fitted(effects.lines, effects.lift) - effects.store[store] - effects.time[time]
    score = _partialled(item, own.price, store, time)
    error, degrees, left = _clustered_errors(
        item, panel.week // config.cluster_weeks, score, own.price, residual, items
    )
    mean_y = (np.bincount(item, weights=y, minlength=items) / rows)[item]
    total = np.bincount(item, weights=(y - mean_y) ** 2, minlength=items)
    unexplained = np.bincount(item, weights=residual**2, minlength=items)
    square = np.bincount(
        item, weights=(x - (np.bincount(item, weights=x, minlength=items) / rows)[item]) ** 2, minlength=items
    )
    return Slopes(
        slope=effects.lines[2],
        error=error,
        degrees=degrees,
        rows=np.bincount(item, minlength=items),
        distinct_prices=_distinct(panel, items),
        variation=_variation(panel, items),
        r2=np.where(total > 0, 1 - unexplained / np.where(total > 0, total, 1), 0.0),
        own_variation=np.where(square > 0, left / np.where(square > 0, square, 1), 0.0),
        promotion_lift=float(np.exp(effects.lift)),
        time_effects=time_effects,
    )


def _time_codes(panel: PricePanel, config: ElasticityConfig) -> tuple[Ints, str]:
    """Weeks of each category where it has enough products, else weeks of the company, else quarters; codes from 0."""
    category = panel.category[panel.item]
    span = int(panel.week.max(initial=0)) + 1
    own_week = category * span + panel.week
    if _products_of(own_week, panel.item) >= config.least_items:
        codes, name = own_week, "week of category"
    elif _products_of(panel.week, panel.item) >= config.least_items:
        codes, name = panel.week, "week"
    else:
        codes, name = panel.week // QUARTER_WEEKS, "quarter"
    return np.unique(codes, return_inverse=True)[1], name


def _products_of(time: Ints, item: Ints) -> float:
    """Products that the usual time has."""
    span = int(item.max(initial=0)) + 1
    return (
        float(np.median(np.unique(np.unique(time * span + item) // span, return_counts=True)[1])) if len(time) else 0.0
    )


@dataclass(frozen=True)
class _Effects:
    lines: tuple[Floats, Floats, Floats]
    lift: float
    store: Floats
    time: Floats


class _OwnLines:
    """Each item's intercept, trend and price slope, and the promotion's common lift, jointly by least squares.

    An intercept is of the item in one store (R of them), trend and slope are of the item (I). The columns are made
    orthogonal, so that each coefficient is a ratio of sums.
    """

    def __init__(self, item: Ints, store: Ints, log_price: Floats, week: Floats, promotion: Floats, items: int) -> None:
        self.item, self.promotion, self.items = item, promotion, items
        series, self.series = np.unique(item * (int(store.max(initial=0)) + 1) + store, return_inverse=True)
        self.rows = np.bincount(self.series, minlength=len(series))
        self.week = week - self._mean(week)[self.series]
        self.week_inverse = _inverse(self._sum(self.week**2))
        price = log_price - self._mean(log_price)[self.series]
        self.price = price - (self._sum(self.week * price) * self.week_inverse)[item] * self.week
        self.price_inverse = _inverse(self._sum(self.price**2))
        self.free_promotion = promotion - self.fitted(self._lines(promotion), 0.0)
        self.promotion_square = float(self.free_promotion @ self.free_promotion)

    def fitted(self, lines: tuple[Floats, Floats, Floats], lift: float) -> Floats:
        level, trend, slope = lines
        item = self.item
        own = trend[item] * self.week + slope[item] * self.price
        return np.asarray(level[self.series] + own + lift * self.promotion)

    def fit(self, target: Floats) -> tuple[tuple[Floats, Floats, Floats], float]:
        has_free = self.promotion_square > 1e-8 * max(len(target), 1)
        lift = float(self.free_promotion @ target) / self.promotion_square if has_free else 0.0
        return self._lines(target - lift * self.promotion), lift

    def _lines(self, target: Floats) -> tuple[Floats, Floats, Floats]:
        trend = self._sum(self.week * target) * self.week_inverse
        return self._mean(target), trend, self._sum(self.price * target) * self.price_inverse

    def _sum(self, values: Floats) -> Floats:
        return np.asarray(np.bincount(self.item, weights=values, minlength=self.items), dtype=np.float64)

    def _mean(self, values: Floats) -> Floats:
        return np.asarray(np.bincount(self.series, weights=values, minlength=len(self.rows)) / self.rows)


def _inverse(square: Floats) -> Floats:
    return np.where(square > 1e-10, 1 / np.where(square > 1e-10, square, 1.0), 0.0)


def _by_turns(own: _OwnLines, y: Floats, store: Ints, time: Ints, config: ElasticityConfig) -> _Effects:
    store_rows, time_rows = np.maximum(np.bincount(store), 1), np.maximum(np.bincount(time), 1)
    of_store, of_time = np.zeros(len(store_rows)), np.zeros(len(time_rows))
    before = np.full(own.items, np.inf)
    lines, lift = own.fit(y)
    for _ in range(config.most_turns):
        if float(np.abs(lines[2] - before).max(initial=0.0)) < config.tolerance:
            break
        before = lines[2]
        left = y - own.fitted(lines, lift)
        of_store = np.bincount(store, weights=left - of_time[time], minlength=len(store_rows)) / store_rows
        of_time = np.bincount(time, weights=left - of_store[store], minlength=len(time_rows)) / time_rows
        lines, lift = own.fit(y - of_store[store] - of_time[time])
    return _Effects(lines, lift, of_store, of_time)


def _partialled(item: Ints, price: Floats, store: Ints, time: Ints) -> Floats:
    """Each item's own price column less what the effects of time and store take of it, to first order.

    The column of one item is 0 in all other rows, so that an effect shared by many items takes little of it; where the item
    is alone in its weeks, all.
    """
    score = price.copy()
    for code in (time, store):
        members = np.bincount(code)
        pairs, pair = np.unique(item * len(members) + code, return_inverse=True)
        shared = np.bincount(pair, weights=score) / members[pairs % len(members)]
        score = score - shared[pair]
    return score


def _clustered_errors(
    item: Ints, block: Ints, score: Floats, price: Floats, residual: Floats, items: int
) -> tuple[Floats, Floats, Floats]:
    """Standard errors, degrees of freedom and what is left of the price's sum of squares, by item.

    A cluster's share h of the squares enters as 1 / (1 − h) (the jackknife's CR3: Bell & McCaffrey 2002), and the degrees of
    freedom are those of the clusters that matter: (Σh)² / Σh² − 1. Infinite errors where one cluster holds it all.
    """
    span = int(block.max(initial=0)) + 1
    clusters, code = np.unique(item * span + block, return_inverse=True)
    owner = clusters // span
    squares = np.maximum(np.bincount(code, weights=score * price, minlength=len(clusters)), 0.0)
    left = np.asarray(np.bincount(owner, weights=squares, minlength=items), dtype=np.float64)
    share = squares * _inverse(left)[owner]
    sums = np.bincount(code, weights=score * residual, minlength=len(clusters)) / np.maximum(1 - share, 0.05)
    meat = np.bincount(owner, weights=sums**2, minlength=items)
    concentration = np.bincount(owner, weights=share**2, minlength=items)
    degrees = 1 / np.where(concentration > 0, concentration, 1.0) - 1
    usable = (left > 1e-10) & (degrees > 0.5)
    error = np.where(usable, np.sqrt(meat) * _inverse(left), np.inf)
    return error, np.maximum(degrees, 1.0), left


def _distinct(panel: PricePanel, items: int) -> Ints:
    level = np.rint(np.log(panel.price) * 100).astype(np.int64)
    level -= level.min(initial=0)
    span = int(level.max(initial=0)) + 1
    return np.bincount(np.unique(panel.item * span + level) // span, minlength=items)


def _variation(panel: PricePanel, items: int) -> Floats:
    """Coefficient of variation of the price over the spells."""
    rows = np.maximum(np.bincount(panel.item, minlength=items), 1)
    mean = np.bincount(panel.item, weights=panel.price, minlength=items) / rows
    square = np.bincount(panel.item, weights=(panel.price - mean[panel.item]) ** 2, minlength=items) / rows
    return np.asarray(np.sqrt(square) / np.where(mean > 0, mean, 1.0))


def _refusals(panel: PricePanel, slopes: Slopes, items: int, config: ElasticityConfig) -> list[str]:
    rows = np.maximum(slopes.rows, 1)
    units = np.bincount(panel.item, weights=panel.units, minlength=items) / rows
    conditions = (
        ((slopes.rows < config.least_rows) | (units < config.least_units_of_a_row), TOO_FEW_WEEKS),
        (slopes.distinct_prices < config.least_distinct_prices, TOO_FEW_PRICES),
        (slopes.variation < config.least_variation, TOO_LITTLE_VARIATION),
        ((slopes.own_variation < config.least_own_variation) | ~np.isfinite(slopes.error), NOT_SEPARABLE),
    )
    return [next((why for fails, why in conditions if fails[place]), "") for place in range(items)]


@dataclass(frozen=True)
class _Shrunk:
    mean: Floats
    error: Floats
    group_mean: Floats
    group_error: Floats
    spread: Floats


LEAST_OF_A_CATEGORY = 3


def _shrink(slopes: Slopes, usable: Bools, category: Ints) -> _Shrunk:
    """Draw each slope to the mean of its category, or of everything where the category has under 3 usable items."""
    count = int(category.max(initial=-1)) + 1
    mean, error = slopes.slope.copy(), slopes.error.copy()
    group_mean, group_error, spread = (np.full(count, np.nan) for _ in range(3))
    overall = _random_effects(slopes.slope[usable], slopes.error[usable])
    for code in range(count):
        members = usable & (category == code)
        if not members.any():
            continue
        own = _random_effects(slopes.slope[members], slopes.error[members])
        group_mean[code], group_error[code], spread[code] = own
        centre, centre_error, between = own if members.sum() >= LEAST_OF_A_CATEGORY else overall
        if usable.sum() < LEAST_OF_A_CATEGORY:
            continue  # nothing to learn from others
        weight = between**2 / (between**2 + slopes.error[members] ** 2)
        mean[members] = weight * slopes.slope[members] + (1 - weight) * centre
        error[members] = np.sqrt(weight * slopes.error[members] ** 2 + ((1 - weight) * centre_error) ** 2)
    return _Shrunk(mean, error, group_mean, group_error, spread)


def _random_effects(slope: Floats, error: Floats) -> tuple[float, float, float]:
    """Mean, its error and the deviation between items (DerSimonian & Laird), NaN for none."""
    if not len(slope):
        return float("nan"), float("nan"), float("nan")
    weight = 1 / np.maximum(error, 1e-6) ** 2
    fixed = float((weight * slope).sum() / weight.sum())
    q = float((weight * (slope - fixed) ** 2).sum())
    scale = float(weight.sum() - (weight**2).sum() / weight.sum())
    between = max((q - (len(slope) - 1)) / scale, 0.0) if scale > 0 else 0.0
    both = 1 / (1 / weight + between)
    return float((both * slope).sum() / both.sum()), float(both.sum() ** -0.5), float(between**0.5)
