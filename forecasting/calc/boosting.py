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

from forecasting.calc.arrays import Floats, Ints
from forecasting.calc.direct_features import DirectFeatures, OtherFeaturesError
from forecasting.calc.refitted import Refitted, refit_starts
from forecasting.calc.sales_history import History

if TYPE_CHECKING:
    from types import ModuleType

# What a year ago or the day of the year says is learned from this many weeks on. In less every such number occurs once: it
# would only tell trees the date, and what they make of the last days is noise (slow movers forecast at a third).
YEARLY_FROM_WEEKS = 91
ROWS_AT_ONCE = 100_000  # of one answer: the most that lies in memory beside the panel


class BoostingMissingError(ImportError):
    """LightGBM is not installed, or cannot be loaded here."""


@dataclass(frozen=True)
class BoostingConfig:
    """Size of the training sample and of the trees. ``rows_per_series`` bounds the cost, ``most_rows`` the memory.

    ``refits`` earlier models, more in short histories, answer at the backtest's origins, each trained before the first
    origin that it answers.
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
    tweedie_power: float = 1.5
    weight_power: float = 0.5
    most_multiple: float = 5.0
    heaviest_level: float = 50.0
    training_weeks: int = 104
    seed: int = 3


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
        self.is_yearly_ = False
        self.learned_before_day_ = features.history.day_of(until)
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
        names = features.names(is_yearly=self.is_yearly_)
        quiet = {"verbosity": -1}
        data = lightgbm.Dataset(rows, multiple, weight=weight / weight.mean(), feature_name=names, params=quiet)
        self.booster_ = lightgbm.train(self._parameters(), data, config.rounds)
        return self

    @property
    def is_trained(self) -> bool:
        return self.booster_ is not None

    def predict(self, features: DirectFeatures, origins: Ints, periods: int) -> Floats:
        """Units, S × origins × periods; NaN at origins that lie before the end of what was learned, or unlearned.

        NaN as well for a series that had sold nothing by then: it has no level to multiply, and any floor under it is a
        guess that is infinitely wrong in the series' own measure. The plain models answer it: with nothing. Raises
        ``OtherFeaturesError`` where the model learned from other numbers than this panel has.
        """
        series_count = features.history.demand.shape[0]
        paths = np.full((series_count, len(origins), periods), np.nan)
        if self.booster_ is None:
            return paths
        if self.booster_.feature_name() != features.names(is_yearly=self.is_yearly_):
            raise OtherFeaturesError(self.booster_.feature_name(), features.names(is_yearly=self.is_yearly_))
        block = max(ROWS_AT_ONCE // periods, 1)
        for place, origin in enumerate(origins):
            if features.history.day_of(int(origin)) < self.learned_before_day_:
                continue
            for first in range(0, series_count, block):
                series = np.arange(first, min(first + block, series_count))
                paths[series, place] = self._path(features, series, int(origin), periods)
        return paths

    def feature_names(self) -> list[str]:
        """The columns that it was trained on, in their order; none where it was not."""
        return [] if self.booster_ is None else list(self.booster_.feature_name())

    def gains(self) -> dict[str, float]:
        """Share of the trees' gain by feature, greatest first; those that no tree uses are left out."""
        if self.booster_ is None:
            return {}
        gain = self.booster_.feature_importance("gain")
        shares = zip(self.booster_.feature_name(), gain / max(gain.sum(), 1e-12), strict=True)
        return {name: round(float(share), 4) for name, share in sorted(shares, key=lambda one: -one[1]) if share > 0}

    def _path(self, features: DirectFeatures, series: Ints, origin: int, periods: int) -> Floats:
        each = np.repeat(series, periods)
        start = np.full(len(each), origin)
        level = features.level(each, start)
        target = start + np.tile(np.arange(periods), len(series))
        rows = features.rows(each, start, target, level, is_yearly=self.is_yearly_)
        units = np.maximum(self.booster_.predict(rows, num_threads=1), 0.0) * level
        has_sold = features.last_sale[series, origin][:, None] >= 0
        return np.where(has_sold, units.reshape(len(series), periods), np.nan)

    def _sample(self, features: DirectFeatures, until: int, periods: int) -> tuple[Ints, Ints, Ints]:
        """Random (series, origin, target) with a known target, and a week of history and a sale before the origin."""
        config = self.config
        series_count = features.history.demand.shape[0]
        count = min(config.rows_per_series * series_count, config.most_rows)
        first = max(
            until - config.training_weeks * features.week, int(features.first_known.min(initial=0)) + features.week
        )
        if until - first < 2 * features.week or not series_count:
            nothing = np.empty(0, dtype=np.int64)
            return nothing, nothing, nothing
        random = np.random.default_rng(config.seed)
        series = random.integers(0, series_count, count)
        target = random.integers(first, until, count)
        origin = target + 1 - random.integers(1, periods + 1, count)
        usable = (origin >= features.first_known[series] + features.week) & features.known[series, target]
        usable[usable] = features.last_sale[series[usable], origin[usable]] >= 0
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


def train_boosting(history: History, origins: Ints, periods: int, config: BoostingConfig | None = None) -> Refitted:
    """Fit the final model and, for the backtest, ``refits`` earlier ones before origins spread evenly.

    Raises ``BoostingMissingError`` without LightGBM.
    """
    load_lightgbm()
    config = config or BoostingConfig()
    features = DirectFeatures(history)
    ends = [*refit_starts(origins, config.refits), history.demand.shape[1]]
    *earlier, final = (GradientBoosting(config).fit(features, until=end, periods=periods) for end in ends)
    return Refitted(final, tuple(earlier), features.panel_sums, history.first_day, history.plans)


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
