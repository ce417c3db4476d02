"""A recurrent network for all series: two LSTMs, one that reads the past and one that walks over the days ahead.

The encoder reads the last weeks of a series as multiples of its level at the origin. Its state starts the decoder,
which goes over the days ahead with what trees see of each (``direct_features``: means, lags, calendar, plans) and gives
a multiple of the level for each. It never reads its own answers, so that an error does not feed the next one. The loss
is Tweedie's, as the trees': the mean of counts with many zeros.

PyTorch trains; NumPy answers, with the same arithmetic, so that a worker that serves the model needs nothing more.
"""

from __future__ import annotations

import numpy as np

from forecasting.calc.arrays import Floats, Ints
from forecasting.calc.direct_features import Columns, DirectFeatures, OtherFeaturesError
from forecasting.calc.recurrent_network import Network, standardised
from forecasting.calc.recurrent_training import RecurrentConfig, Windows, load_torch, train_network
from forecasting.calc.refitted import Refitted, refit_starts
from forecasting.calc.sales_history import History

YEARLY_FROM_WEEKS = 91  # see boosting
WEEK_DAYS = 7
YEAR_DAYS = 365.25
LEAST_DEVIATION = 1e-6
ROWS_AT_ONCE = 100_000
CELLS_AT_ONCE = 1_000_000  # windows × past periods


class Recurrent:
    """The network, trained on a random sample of windows of all series, and answering any origin.

    Worked: a panel whose every series sells 10 on each day of its history is forecast about 10.
    """

    def __init__(self, config: RecurrentConfig | None = None) -> None:
        self.config = config or RecurrentConfig()

    def fit(self, features: DirectFeatures, *, until: int, periods: int) -> Recurrent:
        """Learn from targets before column ``until`` alone. Leaves ``network_`` None where there is too little.

        Raises ``NeuralMissingError`` without PyTorch.
        """
        config = self.config
        self.network_: Network | None = None
        self.feature_names_: list[str] = []
        self.learned_before_day_ = features.history.day_of(until)
        self.is_yearly_ = until - int(features.first_known.min(initial=0)) >= YEARLY_FROM_WEEKS * features.week
        steps = min(periods, config.longest_trained)
        random = np.random.default_rng(config.seed)
        series, origin = self._windows(features, until, steps, random)
        if len(series) < config.fewest_windows:
            return self
        level = features.level(series, origin)
        demand, known = _targets(features, series, origin, until, steps)
        if not demand.any():
            return self
        most = config.most_multiple * np.maximum(features.usual_sale(series, origin), level)
        multiple = np.minimum(demand, most[:, None]) / level[:, None]
        weight = known * np.minimum(level, config.heaviest_level)[:, None] ** config.weight_power
        rows, self.feature_names_ = self._rows(features, series, origin, steps)
        mean, deviation = _moments(rows.reshape(-1, rows.shape[2]))
        windows = Windows(
            past=self._past(features, series, origin),
            ahead=rows,
            multiple=multiple.astype(np.float32),
            weight=(weight / weight.mean()).astype(np.float32),
            feature_mean=mean,
            feature_deviation=deviation,
        )
        self.network_ = train_network(windows, config, random)
        return self

    @property
    def is_trained(self) -> bool:
        return self.network_ is not None

    def predict(self, features: DirectFeatures, origins: Ints, periods: int) -> Floats:
        """Units, S × origins × periods; NaN at origins before the end of what was learned, and where nothing sold yet."""
        count = features.history.demand.shape[0]
        paths = np.full((count, len(origins), periods), np.nan)
        if self.network_ is None:
            return paths
        block = max(min(ROWS_AT_ONCE // periods, CELLS_AT_ONCE // (self.config.past_weeks * features.week)), 1)
        for place, origin in enumerate(origins):
            if features.history.day_of(int(origin)) < self.learned_before_day_:
                continue
            for first in range(0, count, block):
                series = np.arange(first, min(first + block, count))
                paths[series, place] = self._path(self.network_, features, series, int(origin), periods)
        return paths

    def _path(self, network: Network, features: DirectFeatures, series: Ints, origin: int, periods: int) -> Floats:
        start = np.full(len(series), origin)
        rows, names = self._rows(features, series, start, periods)
        if names != self.feature_names_:
            raise OtherFeaturesError(self.feature_names_, names)
        multiple = network.multiples(
            self._past(features, series, start), standardised(rows, network.feature_mean, network.feature_deviation)
        )
        has_sold = features.last_sale[series, start] >= 0
        return np.where(has_sold[:, None], multiple * features.level(series, start)[:, None], np.nan)

    def _windows(
        self, features: DirectFeatures, until: int, steps: int, random: np.random.Generator
    ) -> tuple[Ints, Ints]:
        """Random (series, origin) with a week of history and a sale before the origin, and a day or more to learn from."""
        config, count = self.config, features.history.demand.shape[0]
        begin = int(features.first_known.min(initial=0)) + features.week
        first = max(until - config.training_weeks * features.week, begin)
        if until - first < 2 * features.week or not count:
            nothing = np.empty(0, dtype=np.int64)
            return nothing, nothing
        number = min(config.windows, config.windows_per_series * count, config.most_rows // steps)
        series = random.integers(0, count, number)
        # Up to the last day: the newest windows have fewer days to learn from, and the newest days are learned, too.
        origin = random.integers(max(first - steps, begin), until, number)
        usable = origin >= features.first_known[series] + features.week
        usable[usable] = features.last_sale[series[usable], origin[usable]] >= 0
        return series[usable], origin[usable]

    def _rows(self, features: DirectFeatures, series: Ints, origin: Ints, steps: int) -> tuple[Floats, list[str]]:
        """N × H × F features of each window's days ahead, and their names."""
        each, start = np.repeat(series, steps), np.repeat(origin, steps)
        target = start + np.tile(np.arange(steps), len(series))
        level = np.repeat(features.level(series, origin), steps)
        columns = _inputs(features.columns(each, start, target, level, is_yearly=self.is_yearly_))
        rows = np.empty((len(each), len(columns)), np.float32)
        for place, column in enumerate(columns.values()):
            rows[:, place] = column
        return rows.reshape(len(series), steps, len(columns)), list(columns)

    def _past(self, features: DirectFeatures, series: Ints, origin: Ints) -> Floats:
        """N × L × 4: log(1 + demand / level), whether it is known, and the place in the season, oldest first."""
        length = self.config.past_weeks * features.week
        period = origin[:, None] - np.arange(length, 0, -1)
        place = np.maximum(period, 0)
        known = (period >= 0) & features.known[series[:, None], place]
        units = np.where(known, features.filled[series[:, None], place], 0.0)
        season = features.history.season
        angle = 2 * np.pi * ((features.history.day_of(0) // features.history.period_days + period) % season) / season
        multiple = units / features.level(series, origin)[:, None]
        return np.stack([np.log1p(multiple), known, np.sin(angle), np.cos(angle)], axis=2).astype(np.float32)


def train_recurrent(history: History, origins: Ints, periods: int, config: RecurrentConfig | None = None) -> Refitted:
    """Fit the final network and, for the backtest, ``refits`` earlier ones before origins spread evenly.

    Raises ``NeuralMissingError`` without PyTorch.
    """
    load_torch()
    config = config or RecurrentConfig()
    features = DirectFeatures(history)
    ends = [*refit_starts(origins, config.refits), history.demand.shape[1]]
    *earlier, final = (Recurrent(config).fit(features, until=end, periods=periods) for end in ends)
    return Refitted(final, tuple(earlier), features.panel_sums, history.first_day, history.plans)


def _inputs(columns: Columns) -> Columns:
    """The features of trees as a network takes them: dates as places on a circle, multiples with their tails drawn in."""
    week_day: Floats = np.asarray(columns.pop("week_day"), dtype=np.float64)
    month: Floats = 2 * np.pi / 31 * np.asarray(columns.pop("day_of_month"), dtype=np.float64)
    inputs: Columns = {name: np.arcsinh(values) for name, values in columns.items() if name != "day_of_year"}
    inputs |= {f"week_day_{day}": week_day == day for day in range(WEEK_DAYS)}
    inputs |= {"month_sine": np.sin(month), "month_cosine": np.cos(month)}
    if "day_of_year" in columns:
        year: Floats = 2 * np.pi / YEAR_DAYS * np.asarray(columns["day_of_year"], dtype=np.float64)
        for wave in (1, 2, 3):
            inputs |= {f"year_sine_{wave}": np.sin(wave * year), f"year_cosine_{wave}": np.cos(wave * year)}
    return inputs


def _targets(features: DirectFeatures, series: Ints, origin: Ints, until: int, steps: int) -> tuple[Floats, Floats]:
    """Units (0 where unknown) and whether they may be learned from: N × H each."""
    period = origin[:, None] + np.arange(steps)
    place = np.minimum(period, until - 1)
    known = (period < until) & features.known[series[:, None], place]
    return np.where(known, features.filled[series[:, None], place], 0.0), known.astype(np.float64)


def _moments(rows: Floats) -> tuple[Floats, Floats]:
    """Mean and deviation (1 where nothing varies) of each column's known values."""
    known = np.isfinite(rows)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, rows, 0.0).sum(axis=0) / count
    deviation = np.sqrt((np.where(known, rows - mean, 0.0) ** 2).sum(axis=0) / count)
    return mean.astype(np.float32), np.where(deviation > LEAST_DEVIATION, deviation, 1.0).astype(np.float32)
