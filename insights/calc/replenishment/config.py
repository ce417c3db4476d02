"""Every choice of the order policy in one frozen object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from insights.calc.replenishment.service_classes import FILL_RATES

COST, SERVICE_LEVEL, BALANCED = "cost", "service_level", "balanced"
# optimizationGoal: how much of the order the fill-rate target decides; the rest is decided by cost.
SERVICE_SHARE: Mapping[str, float] = {COST: 0.0, BALANCED: 0.5, SERVICE_LEVEL: 1.0}


@dataclass(frozen=True)
class PolicyConfig:
    """Options of the policy.

    - ``goal``: ``cost``, ``service_level`` or ``balanced``; see ``SERVICE_SHARE``.
    - ``fill_rates``: target by ABC × XYZ class, e.g. ``AX``; a class that is not in it has that of "".
    - ``has_backorders``: unmet demand waits instead of being lost.
    - ``paths``: how many paths of demand are looked at.
    - ``critical_probability``, ``high_probability``: of running out before an order placed now comes in, for the urgency.
    - ``tolerated_waste``: the most that the last unit ordered may be likely to pass its shelf life.
    - ``replenish_by_level``: how sure the replenish-by date is to come before stock runs out.
    """

    goal: str = BALANCED
    fill_rates: Mapping[str, float] = field(default_factory=lambda: dict(FILL_RATES))
    has_backorders: bool = False
    paths: int = 256
    critical_probability: float = 0.5
    high_probability: float = 0.2
    tolerated_waste: float = 0.5
    replenish_by_level: float = 0.9

    def __post_init__(self) -> None:
        if self.goal not in SERVICE_SHARE:
            raise ValueError(f"the goal must be one of {', '.join(sorted(SERVICE_SHARE))}, not {self.goal!r}")
        if "" not in self.fill_rates or not all(0 < rate < 1 for rate in self.fill_rates.values()):
            raise ValueError("fill rates must lie between 0 and 1, and there must be one for products without a class")
        if self.paths < 16 or self.paths & (self.paths - 1):
            raise ValueError("the number of paths must be a power of two, and at least 16")

    @property
    def service_share(self) -> float:
        return SERVICE_SHARE[self.goal]

    def fill_rate(self, abc_xyz: str) -> float:
        """The target of a class: of ABC and XYZ, else of ABC alone, else of products without a class."""
        return self.fill_rates.get(abc_xyz, self.fill_rates.get(abc_xyz[:1], self.fill_rates[""]))
