"""Global gradient boosting: one model of trees for all series, direct over the horizon.

Every training row is one pair (origin, target period) of one series: what was known at the origin, and the demand of
the target as a multiple of the series' level at the origin. Nothing from the origin on enters a row but what is known
ahead (calendar, planned price and promotion), so a forecast from a past origin is what it would have been then.

The trees are LightGBM's. On the same rows scikit-learn's histogram boosting was as accurate and took four times the
processor's time; LightGBM is 10 MB more. Tweedie loss: Poisson and squared loss are led astray by the rare huge orders
of slow movers (retail items: WAPE .94 against .99 and 1.04), and are no better elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from types import ModuleType

Floats = npt.NDArray[np.floating[Any]]
Rows = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

GRADIENT_BOOSTING = "gradient_boosting"
YEAR_WEEKS = 52
WINDOW_WEEKS = (1, 2, 4, 8, 13, 26, 52)
# The level that a series' demand is divided by: half its last four weeks, half its last thirteen.
LEVEL_WEEKS = (4, 13)
# From this age on a series is not new any more. A longer count would be a calendar by another name.
GROWN_WEEKS = 26
# What a year ago or the day of the year says is learned from this many weeks on. In less every such number occurs once: it
# would only tell trees the date, and what they make of the last days is noise (slow movers forecast at a third).
YEARLY_FROM_WEEKS = 91
LEAST_LEVEL = 0.05
ROWS_AT_ONCE = 200_000  # of one answer: the most that lies in memory beside the panel


class BoostingMissingError(ImportError):
    """LightGBM is not installed, or cannot be loaded here."""


@dataclass(frozen=True)
class BoostingConfig:
    """Size of the training sample and of the trees. ``rows_per_series`` bounds the cost, ``most_rows`` the memory.

    ``refits`` earlier models answer at the backtest's origins, each trained before the first origin that it answers.
    A row weighs level ** ``weight_power``: 1 serves the sum of errors (WAPE), 0 every series alike (RMSSE). Demand over
    ``most_multiple`` times the series' usual sale is learned as that much: one huge order teaches trees only itself.
    """

    rows_per_series: int = 150
    most_rows: int = 200_000
    fewest_rows: int = 1_000
    refits: int = 2
    rounds: int = 80
    learning_rate: float = 0.1
    leaves: int = 15
    least_rows_in_leaf: int = 60
    tweedie_power: float = 1.3
    weight_power: float = 0.5
    most_multiple: float = 5.0
    heaviest_level: float = 50.0
    training_weeks: int = 104
    seed: int = 3


@dataclass(frozen=True)
class History:
    """Demand of S series over T periods (NaN: unknown) and what is known beside it.

    ``first_day`` is the number of days of period 0 since 1970-01-01, ``period_days`` 1 or 7, ``season`` the periods of
    one season. ``price`` and ``promotion`` are S × T or wider (known ahead), ``in_stock`` S × T; NaN where not known.
    """

    demand: Floats
    first_day: int
    period_days: int = 1
    season: int = 7
    price: Floats | None = None
    promotion: Floats | None = None
    in_stock: Floats | None = None


class DirectFeatures:
    """Turns (series, origin, target) triples into rows of numbers for the trees. Sums are kept once, cumulated.

    ``panel_sums`` (T + 1, cumulated units of the whole panel) where these series are only a part of it.
    """

    def __init__(self, history: History, panel_sums: Floats | None = None) -> None:
        self.history = history
        self.week = max(7 // history.period_days, 1)
        demand = history.demand
        known = np.isfinite(demand)
        filled = np.where(known, demand, 0.0)
        self.filled = filled
        self.known = known
        self.sums = _cumulated(filled)
        self.squares = _cumulated(filled**2)
        self.counts = _cumulated(known)
        self.sold = _cumulated(filled > 0)
        period = np.arange(demand.shape[1])
        last = np.maximum.accumulate(np.where(filled > 0, period, -1), axis=1)
        self.last_sale = np.concatenate([np.full((len(demand), 1), -1), last], axis=1)
        self.first_known = np.where(known.any(axis=1), known.argmax(axis=1), demand.shape[1])
        self.panel_sums = self.sums.sum(axis=0) if panel_sums is None else panel_sums
        self.plans = [_Plan.of(plan) for plan in (history.price, history.promotion, history.in_stock)]

    def level(self, series: Ints, origin: Ints) -> Floats:
        """Units per period at the origin; at least a twentieth unit, so that a sleeping series can be divided by it."""
        means = np.stack([self._mean(series, origin - weeks * self.week, origin) for weeks in LEVEL_WEEKS])
        known = np.isfinite(means)
        level = np.where(known, means, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        floored: Floats = np.maximum(level, LEAST_LEVEL)
        return floored

    def usual_sale(self, series: Ints, origin: Ints) -> Floats:
        """Mean units of the year's periods with sales; 1 where there were none. Of a slow mover it is far over the level."""
        start = np.maximum(origin - YEAR_WEEKS * self.week, 0)
        sales = self.sold[series, origin] - self.sold[series, start]
        units = self.sums[series, origin] - self.sums[series, start]
        return np.where(sales > 0, units / np.maximum(sales, 1), 1.0)

    def rows(self, series: Ints, origin: Ints, target: Ints, level: Floats, *, is_yearly: bool) -> Rows:
        yearly = [*self._year_columns(series, origin, target, level), self._day_of_year(target)] if is_yearly else []
        columns = [
            *self._level_columns(series, origin, level),
            *self._calendar_columns(origin, target),
            *self._season_columns(series, origin, target, level),
            *yearly,
            *self._plan_columns(series, origin, target),
        ]
        return np.stack([np.asarray(column, dtype=np.float32) for column in columns], axis=1)

    def _level_columns(self, series: Ints, origin: Ints, level: Floats) -> list[npt.NDArray[np.generic]]:
        means = [self._mean(series, origin - weeks * self.week, origin) / level for weeks in WINDOW_WEEKS]
        start = np.maximum(origin - 13 * self.week, 0)
        count = np.maximum(self.counts[series, origin] - self.counts[series, start], 1)
        square = (self.squares[series, origin] - self.squares[series, start]) / count
        mean = (self.sums[series, origin] - self.sums[series, start]) / count
        return [
            *means,
            np.log(level),
            (self.sold[series, origin] - self.sold[series, start]) / count,
            np.sqrt(np.maximum(square - mean**2, 0)) / level,
            np.minimum(origin - self.last_sale[series, origin], YEAR_WEEKS * self.week),
            np.clip(origin - self.first_known[series], 0, GROWN_WEEKS * self.week),
        ]

    def _calendar_columns(self, origin: Ints, target: Ints) -> list[npt.NDArray[np.generic]]:
        day = (self.history.first_day + target * self.history.period_days).astype("datetime64[D]")
        month = day.astype("datetime64[M]")
        return [
            target - origin,
            (day.astype(np.int64) + 3) % 7,
            (day - month).astype(np.int64),
        ]

    def _day_of_year(self, target: Ints) -> Ints:
        day = (self.history.first_day + target * self.history.period_days).astype("datetime64[D]")
        days: Ints = (day - day.astype("datetime64[Y]")).astype(np.int64)
        return days

    def _season_columns(self, series: Ints, origin: Ints, target: Ints, level: Floats) -> list[npt.NDArray[np.generic]]:
        """Demand at the target's place in the season: the last four times before the origin, and their mean of eight."""
        season = self.history.season
        newest = target - season * ((target - origin) // season + 1)
        lags = np.stack([self._at(series, newest - season * back) for back in range(8)])
        known = np.isfinite(lags)
        total = np.where(known, lags, 0.0).sum(axis=0)
        mean = np.where(known.any(axis=0), total / np.maximum(known.sum(axis=0), 1), np.nan)
        return [*(lags[:4] / level), mean / level]

    def _year_columns(self, series: Ints, origin: Ints, target: Ints, level: Floats) -> list[npt.NDArray[np.generic]]:
        """A year before the target, a week wide, against the level then: of the series, and of the panel as a whole."""
        year, half = YEAR_WEEKS * self.week, self.week // 2
        columns: list[npt.NDArray[np.generic]] = []
        for back in (year, 2 * year):
            around = self._mean(series, target - back - half, target - back + half + 1, inside=True, before=origin)
            columns.append(around / level)
        month = 4 * self.week
        before = self._mean(series, origin - year - month, origin - year, inside=True, before=origin)
        around = self._mean(series, target - year - half, target - year + half + 1, inside=True, before=origin)
        columns.append(np.where(before > 0, around / np.where(before > 0, before, 1.0), np.nan))
        columns.append(self._panel_ratio(origin, target, year, half, month))
        return columns

    def _panel_ratio(self, origin: Ints, target: Ints, year: int, half: int, month: int) -> Floats:
        first, last = target - year - half, target - year + half + 1
        usable = (origin - year - month >= 0) & (last <= origin)
        around = self._panel_mean(np.where(usable, first, 0), np.where(usable, last, 1))
        before = self._panel_mean(np.where(usable, origin - year - month, 0), np.where(usable, origin - year, 1))
        return np.where(usable & (before > 0), around / np.where(before > 0, before, 1.0), np.nan)

    def _panel_mean(self, first: Ints, last: Ints) -> Floats:
        mean: Floats = (self.panel_sums[last] - self.panel_sums[first]) / (last - first)
        return mean

    def _plan_columns(self, series: Ints, origin: Ints, target: Ints) -> list[npt.NDArray[np.generic]]:
        """Price against its mean of the last eight weeks, promotion and how usual it was, share in stock lately.

        What is not known ahead is left out: trees that learned from it would miss it on the days that count.
        """
        price, promotion, in_stock = self.plans
        columns: list[npt.NDArray[np.generic]] = []
        start = np.maximum(origin - 8 * self.week, 0)
        if price is not None and self._reaches_ahead(price):
            usual = price.mean(series, start, origin)
            columns.append(price.at(series, target) / np.where(usual > 0, usual, np.nan))
        if promotion is not None and self._reaches_ahead(promotion):
            columns += [promotion.at(series, target), promotion.mean(series, start, origin)]
        if in_stock is not None:
            columns.append(in_stock.mean(series, start, origin))
        return columns

    def _reaches_ahead(self, plan: _Plan) -> bool:
        width: int = plan.values.shape[1]
        return width > int(self.history.demand.shape[1])

    def _at(self, series: Ints, period: Ints) -> Floats:
        inside = period >= 0
        place = np.where(inside, period, 0)
        return np.where(inside & self.known[series, place], self.filled[series, place], np.nan)

    def _mean(
        self, series: Ints, first: Ints, last: Ints, *, inside: bool = False, before: Ints | None = None
    ) -> Floats:
        """Mean of the known demand of periods first … last - 1; NaN where none is known.

        ``inside`` wants the whole window within the history, ``before`` wants it over by that origin.
        """
        start = np.maximum(first, 0)
        usable = (first >= 0) if inside else np.ones(len(first), dtype=bool)
        if before is not None:
            usable &= last <= before
        start, stop = np.where(usable, start, 0), np.where(usable, last, 0)
        count = self.counts[series, stop] - self.counts[series, start]
        total = self.sums[series, stop] - self.sums[series, start]
        return np.where(count > 0, total / np.maximum(count, 1), np.nan)


@dataclass(frozen=True)
class _Plan:
    """What is known beside demand, perhaps past its end; sums kept cumulated."""

    values: Floats
    sums: Floats
    counts: Floats

    @classmethod
    def of(cls, values: Floats | None) -> _Plan | None:
        if values is None:
            return None
        known = np.isfinite(values)
        return cls(values, _cumulated(np.where(known, values, 0.0)), _cumulated(known))

    def at(self, series: Ints, period: Ints) -> Floats:
        width = self.values.shape[1]
        return np.where(period < width, self.values[series, np.minimum(period, width - 1)], np.nan)

    def mean(self, series: Ints, first: Ints, last: Ints) -> Floats:
        count = self.counts[series, last] - self.counts[series, first]
        total = self.sums[series, last] - self.sums[series, first]
        return np.where(count > 0, total / np.maximum(count, 1), np.nan)


class GradientBoosting:
    """Trees for demand over level, trained on a random sample of rows of all series, and answering any origin.

    Worked: a panel whose every series sells 10 on each day of its history is forecast 10.
    """

    def __init__(self, config: BoostingConfig | None = None) -> None:
        self.config = config or BoostingConfig()

    def fit(self, features: DirectFeatures, *, until: int, periods: int) -> GradientBoosting:
        """Learn from targets before column ``until`` alone. Leaves ``booster_`` None where there are too few rows."""
        config = self.config
        self.booster_: Any = None
        self.trained_until_ = until
        series, origin, target = self._sample(features, until, periods)
        if len(series) < config.fewest_rows:
            return self
        level = features.level(series, origin)
        most = config.most_multiple * np.maximum(features.usual_sale(series, origin), level)
        multiple = np.minimum(features.filled[series, target], most) / level
        if not multiple.any():
            return self  # nothing was ever sold: the loss has no logarithm to start from
        weight = np.minimum(level, config.heaviest_level) ** config.weight_power
        self.is_yearly_ = until - int(features.first_known.min()) >= YEARLY_FROM_WEEKS * features.week
        rows = features.rows(series, origin, target, level, is_yearly=self.is_yearly_)
        lightgbm = load_lightgbm()
        data = lightgbm.Dataset(rows, multiple, weight=weight / weight.mean(), params={"verbosity": -1})
        self.booster_ = lightgbm.train(self._parameters(), data, config.rounds)
        return self

    def predict(self, features: DirectFeatures, origins: Ints, periods: int) -> Floats:
        """Units, S × origins × periods; NaN at origins that lie before the end of what was learned, or unlearned."""
        series_count = features.history.demand.shape[0]
        paths = np.full((series_count, len(origins), periods), np.nan)
        if self.booster_ is None:
            return paths
        block = max(ROWS_AT_ONCE // periods, 1)
        for place, origin in enumerate(origins):
            if origin < self.trained_until_:
                continue
            for first in range(0, series_count, block):
                series = np.arange(first, min(first + block, series_count))
                paths[series, place] = self._path(features, series, int(origin), periods)
        return paths

    def _path(self, features: DirectFeatures, series: Ints, origin: int, periods: int) -> Floats:
        each = np.repeat(series, periods)
        start = np.full(len(each), origin)
        level = features.level(each, start)
        target = start + np.tile(np.arange(periods), len(series))
        rows = features.rows(each, start, target, level, is_yearly=self.is_yearly_)
        units = np.maximum(self.booster_.predict(rows, num_threads=1), 0.0) * level
        known = features.first_known[series][:, None] < origin
        return np.where(known, units.reshape(len(series), periods), np.nan)

    def _sample(self, features: DirectFeatures, until: int, periods: int) -> tuple[Ints, Ints, Ints]:
        """Random (series, origin, target) with a known target and at least a week of history before the origin."""
        config = self.config
        series_count = features.history.demand.shape[0]
        count = min(config.rows_per_series * series_count, config.most_rows)
        first = max(until - config.training_weeks * features.week, features.week)
        if until - first < 2 * features.week or not series_count:
            nothing = np.empty(0, dtype=np.int64)
            return nothing, nothing, nothing
        random = np.random.default_rng(config.seed)
        series = random.integers(0, series_count, count)
        target = random.integers(first, until, count)
        origin = target + 1 - random.integers(1, periods + 1, count)
        usable = (origin >= features.first_known[series] + features.week) & features.known[series, target]
        return series[usable], origin[usable], target[usable]

    def _parameters(self) -> dict[str, Any]:
        config = self.config
        return {
            "objective": "tweedie",
            "tweedie_variance_power": config.tweedie_power,
            "learning_rate": config.learning_rate,
            "num_leaves": config.leaves,
            "min_data_in_leaf": config.least_rows_in_leaf,
            "feature_fraction": 0.8,
            "bagging_fraction": 0.8,
            "bagging_freq": 1,
            "seed": config.seed,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": 1,
            "verbosity": -1,
        }


@dataclass(frozen=True)
class TrainedBoosting:
    """The model of today and the earlier ones that answer at the backtest's origins, oldest first."""

    final: GradientBoosting
    earlier: tuple[GradientBoosting, ...]
    panel_sums: Floats

    @property
    def is_trained(self) -> bool:
        return self.final.booster_ is not None

    def paths(self, history: History, origins: Ints, periods: int) -> Floats:
        """Units, S × (origins + 1) × periods: from each origin by the last model that had not seen past it; last from T.

        The panel may hold other series than those trained on; its columns are the same periods.
        """
        features = DirectFeatures(history, self.panel_sums)
        end = history.demand.shape[1]
        paths = np.full((history.demand.shape[0], len(origins) + 1, periods), np.nan)
        latest = np.searchsorted([model.trained_until_ for model in self.earlier], origins, side="right") - 1
        for place, model in enumerate(self.earlier):
            own = np.flatnonzero(latest == place)
            paths[:, own] = model.predict(features, origins[own], periods)
        paths[:, -1:] = self.final.predict(features, np.array([end]), periods)
        return paths


def train_boosting(
    history: History, origins: Ints, periods: int, config: BoostingConfig | None = None
) -> TrainedBoosting:
    """Fit the final model and, for the backtest, ``refits`` earlier ones before origins spread evenly.

    Raises ``BoostingMissingError`` without LightGBM.
    """
    load_lightgbm()
    config = config or BoostingConfig()
    features = DirectFeatures(history)
    starts = sorted({int(part[0]) for part in np.array_split(np.sort(origins), config.refits) if len(part)})
    earlier = tuple(GradientBoosting(config).fit(features, until=start, periods=periods) for start in starts)
    final = GradientBoosting(config).fit(features, until=history.demand.shape[1], periods=periods)
    return TrainedBoosting(final, earlier, features.panel_sums)


def load_lightgbm() -> ModuleType:
    try:
        import lightgbm  # the extra "boosting", and half a second to import
    except (ImportError, OSError) as error:  # OSError: the system lacks the OpenMP library libgomp
        raise BoostingMissingError(
            f"Gradient boosting needs LightGBM, the extra “boosting” of this package, and the system's OpenMP library"
            f" (libgomp1): {error}"
        ) from error
    module: ModuleType = lightgbm
    return module


def boosting_is_installed() -> bool:
    try:
        load_lightgbm()
    except BoostingMissingError:
        return False
    return True


def _cumulated(values: npt.NDArray[np.generic]) -> Floats:
    """Sums of the first 0, 1, … T columns, so that a window's sum is one subtraction."""
    sums = np.zeros((values.shape[0], values.shape[1] + 1))
    np.cumsum(values, axis=1, out=sums[:, 1:])
    return sums
