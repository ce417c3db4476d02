"""Series as the global models take them: demand by day, and what is known beside it, perhaps ahead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from forecasting.calc.arrays import Floats, Ints

# What may be known beside demand, and what stands for it where it is not.
PLANS = {
    "price": np.nan,
    "promotion": 0.0,
    "in_stock": 1.0,
    "holiday": 0.0,
    "event": 0.0,
    "event_uplift": 1.0,
}


@dataclass(frozen=True)
class History:
    """Demand of S series over T periods (NaN: unknown) and what is known beside it.

    ``first_day`` is the number of days of period 0 since 1970-01-01, ``period_days`` 1 or 7, ``season`` the periods of
    one season. ``price`` and ``promotion`` are S × T or wider (known ahead), ``in_stock`` S × T; NaN where not known.
    ``holiday``, ``event`` and ``event_uplift`` as in ``forecasting.calc.event_plans``.
    """

    demand: Floats
    first_day: int
    period_days: int = 1
    season: int = 7
    price: Floats | None = None
    promotion: Floats | None = None
    in_stock: Floats | None = None
    holiday: Floats | None = None
    event: Floats | None = None
    event_uplift: Floats | None = None

    def day_of(self, period: int) -> int:
        """The first day of a period, counted from 1970-01-01."""
        return self.first_day + period * self.period_days

    @property
    def ahead(self) -> int:
        """How many periods past the last known one its plans reach."""
        widths = [int(values.shape[1]) for values in self._beside().values() if values is not None]
        return max([0, *(width - int(self.demand.shape[1]) for width in widths)])

    @property
    def plans(self) -> tuple[str, ...]:
        """What is known beside demand and can be learned from: all but stock only if known ahead, too."""
        return tuple(name for name in PLANS if self._plan(name) is not None)

    def with_plans(self, plans: Sequence[str], periods: int) -> History:
        """The history with just these ``plans``: what it does not know is no promotion, no event, no known price, always in
        stock."""
        beside: dict[str, Any] = {name: self._plan_or_usual(name, periods) if name in plans else None for name in PLANS}
        return replace(self, **beside)

    def since(self, period: int) -> History:
        """Without the periods before this one."""
        beside: dict[str, Any] = {
            name: None if values is None else values[:, period:] for name, values in self._beside().items()
        }
        return replace(self, demand=self.demand[:, period:], first_day=self.day_of(period), **beside)

    def rows(self, rows: Ints) -> History:
        """Some of the series."""
        beside: dict[str, Any] = {
            name: None if values is None else values[rows] for name, values in self._beside().items()
        }
        return replace(self, demand=self.demand[rows], **beside)

    def _beside(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in PLANS}

    def _plan(self, name: str) -> Floats | None:
        values: Floats | None = getattr(self, name)
        if values is None or name == "in_stock" or values.shape[1] > self.demand.shape[1]:
            return values
        return None

    def _plan_or_usual(self, name: str, periods: int) -> Floats:
        values = self._plan(name)
        if values is not None:
            return values
        series, known = self.demand.shape
        return np.full((series, known + (0 if name == "in_stock" else periods)), PLANS[name], np.float32)


def joined(parts: Sequence[History]) -> History:
    """Series of the same periods below each other, knowing beside demand what any of them knows."""
    plans = [name for name in PLANS if any(name in part.plans for part in parts)]
    ahead = max(part.ahead for part in parts)
    same = [part.with_plans(plans, ahead) for part in parts]
    beside: dict[str, Any] = {name: np.concatenate([getattr(part, name) for part in same]) for name in plans}
    bare = parts[0].with_plans([], 0)
    return replace(bare, demand=np.concatenate([part.demand for part in parts]), **beside)
