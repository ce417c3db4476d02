"""One global model at several ages, so that the backtest of today's is answered by what was known at each origin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from forecasting.calc.arrays import Floats, Ints
from forecasting.calc.direct_features import DirectFeatures
from forecasting.calc.sales_history import History

MOST_GROWTH = 1.25


class GlobalEstimator(Protocol):
    """Learned from targets before ``learned_before_day_`` (days since 1970-01-01); answers no earlier origin."""

    learned_before_day_: int

    @property
    def is_trained(self) -> bool: ...

    def predict(self, features: DirectFeatures, origins: Ints, periods: int) -> Floats: ...


@dataclass(frozen=True)
class Refitted:
    """The model of today and the earlier ones that answer at the backtest's origins, oldest first.

    ``panel_sums`` are the trained panel's units, cumulated from ``first_day`` on: what the year does to it as a whole.
    ``plans`` is what was known beside demand.
    """

    final: GlobalEstimator
    earlier: tuple[GlobalEstimator, ...]
    panel_sums: Floats
    first_day: int
    plans: tuple[str, ...]

    @property
    def is_trained(self) -> bool:
        return self.final.is_trained

    @property
    def models(self) -> tuple[GlobalEstimator, ...]:
        return (*self.earlier, self.final)

    def paths(self, history: History, origins: Ints, periods: int) -> Floats:
        """Units, S × (origins + 1) × periods: from each origin by the last model that had not seen past it; last from T.

        The panel may hold other series than those trained on, begin on another day, end later, and know more or less
        beside demand: what was not learned from is left out, what is not known counts as usual.
        """
        features = DirectFeatures(history.with_plans(self.plans, periods), self._sums_for(history))
        every = np.append(origins, history.demand.shape[1])
        days = np.array([history.day_of(int(origin)) for origin in every])
        latest = np.searchsorted([model.learned_before_day_ for model in self.models], days, side="right") - 1
        paths = np.full((history.demand.shape[0], len(every), periods), np.nan)
        for place, model in enumerate(self.models):
            own = np.flatnonzero(latest == place)
            paths[:, own] = model.predict(features, every[own], periods)
        return paths

    def _sums_for(self, history: History) -> Floats:
        """``panel_sums`` at the columns of ``history``; NaN where the trained panel knows nothing."""
        place = np.arange(history.demand.shape[1] + 1) + (history.first_day - self.first_day) // history.period_days
        inside = (place >= 0) & (place < len(self.panel_sums))
        return np.where(inside, self.panel_sums[np.where(inside, place, 0)], np.nan)


def refit_starts(origins: Ints, refits: int) -> list[int]:
    """The first origin that each earlier model answers.

    ``refits`` of them, spread evenly; more where the history was short then: no model answers an origin that had a
    quarter more history than the model learned from. A model of 34 days is no witness for one of 90, and the weights
    would believe it. Worked: 300, 310 … 350 and 2: 300 and 330. 34, 41 … 83 and 2: 34, 48, 62 and 83.
    """
    ascending = np.sort(origins).tolist()
    by_growth: list[int] = []
    for origin in ascending:
        if not by_growth or origin > MOST_GROWTH * by_growth[-1]:
            by_growth.append(origin)
    evenly = sorted({int(part[0]) for part in np.array_split(ascending, refits) if len(part)})
    return by_growth if len(by_growth) > len(evenly) else evenly
