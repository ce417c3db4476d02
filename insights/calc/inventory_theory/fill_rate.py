"""Which share of demand is served from the shelf, for a given stock; and the stock for a given share.

Chopra and Meindl, Supply Chain Management, chapter 12; Nahmias, chapter 5 (type 1 and type 2 service); the exact
periodic form after Johnson, Lee, Davis and Hall 1995.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from scipy import optimize, stats

from insights.calc.inventory_theory.distributions import Distribution
from insights.calc.inventory_theory.loss import discrete_loss, normal_loss, standard_normal_loss

LARGEST_Z = 12.0


@dataclass(frozen=True)
class ContinuousFillRate:
    """Of a reorder point with a fixed quantity. Units, and shares from 0 to 1."""

    safety_stock: float
    sd_lead_time: float
    cycle_service_level: float
    expected_shortage_per_cycle: float
    fill_rate: float


def continuous_fill_rate(
    *, mean: float, sd: float, lead_time: float, order_quantity: float, reorder_point: float
) -> ContinuousFillRate:
    """Demand of ``mean`` and ``sd`` per period, ordered when the position falls to ``reorder_point``.

    Expected shortage per cycle over the quantity is lost. Worked (Chopra 11-4): 250 ± 150 a week, 2 weeks, Q 1,000,
    reorder at 600: safety stock 100, shortage 43.86, fill rate 0.9561.
    """
    demand, deviation = mean * lead_time, sd * math.sqrt(lead_time)
    shortage = normal_loss(reorder_point, mean=demand, sd=deviation)
    return ContinuousFillRate(
        safety_stock=reorder_point - demand,
        sd_lead_time=deviation,
        cycle_service_level=float(stats.norm.cdf(reorder_point, demand, deviation)),
        expected_shortage_per_cycle=shortage,
        fill_rate=1 - shortage / order_quantity,
    )


@dataclass(frozen=True)
class ReorderPointForFillRate:
    """``shortage`` units per cycle allowed, its standardised ``loss``, the ``z`` that has it, and the reorder point."""

    shortage: float
    loss: float
    z: float
    reorder_point: float


def reorder_point_for_fill_rate(
    *, mean: float, sd: float, order_quantity: float, fill_rate: float
) -> ReorderPointForFillRate:
    """Type 2 service: n(R) = (1 - β) Q of a normal lead-time demand. Worked (Nahmias): N(100, 25), Q 100, 98 %: R 125.5."""
    _require_share(fill_rate)
    shortage = (1 - fill_rate) * order_quantity
    z = float(optimize.brentq(lambda one: standard_normal_loss(one) - shortage / sd, -1e3, LARGEST_Z))
    return ReorderPointForFillRate(shortage, shortage / sd, z, mean + z * sd)


def periodic_fill_rate(
    order_up_to: float,
    *,
    loss_protection: Callable[[float], float],
    loss_lead_time: Callable[[float], float],
    demand_per_review: float,
) -> float:
    """Exact, with backorders: 1 - (E[(D(L+R) - S)+] - E[(D(L) - S)+]) / E[D(R)].

    What is owed at the end of a cycle less what was owed at its start is what this cycle could not serve. Leaving the second
    term out counts the same unit in several cycles. The losses are functions of S.
    """
    return 1 - (loss_protection(order_up_to) - loss_lead_time(order_up_to)) / demand_per_review


def periodic_fill_rate_normal(order_up_to: float, *, mean: float, sd: float, lead_time: float, review: float) -> float:
    """Demand of ``mean`` and ``sd`` per period, independent. Worked: 40 ± 20, L 2, R 1, S 120: 0.6796."""
    return periodic_fill_rate(
        order_up_to,
        loss_protection=lambda x: normal_loss(
            x, mean=mean * (lead_time + review), sd=sd * math.sqrt(lead_time + review)
        ),
        loss_lead_time=lambda x: normal_loss(x, mean=mean * lead_time, sd=sd * math.sqrt(lead_time)),
        demand_per_review=mean * review,
    )


def periodic_fill_rate_discrete(order_up_to: float, *, protection: Distribution, lead_time: Distribution) -> float:
    """``protection`` and ``lead_time`` are the distributions of demand over L + R and L, in whole units."""
    return periodic_fill_rate(
        order_up_to,
        loss_protection=lambda x: discrete_loss(x, protection),
        loss_lead_time=lambda x: discrete_loss(x, lead_time),
        demand_per_review=float(protection.mean() - lead_time.mean()),
    )


def order_up_to_for_fill_rate_normal(
    fill_rate: float, *, mean: float, sd: float, lead_time: float, review: float
) -> float:
    """The S whose exact fill rate is asked for. Worked: 40 ± 20, L 2, R 1, 98 %: 175.52."""
    _require_share(fill_rate)
    top = mean * (lead_time + review) + LARGEST_Z * sd * math.sqrt(lead_time + review)
    return float(
        optimize.brentq(
            lambda s: periodic_fill_rate_normal(s, mean=mean, sd=sd, lead_time=lead_time, review=review) - fill_rate,
            0.0,
            top,
        )
    )


def order_up_to_for_fill_rate_discrete(fill_rate: float, *, protection: Distribution, lead_time: Distribution) -> int:
    """The least whole S with at least the fill rate asked for."""
    _require_share(fill_rate)
    order_up_to = 0
    while periodic_fill_rate_discrete(order_up_to, protection=protection, lead_time=lead_time) < fill_rate:
        order_up_to += 1
    return order_up_to


def _require_share(fill_rate: float) -> None:
    if not 0 < fill_rate < 1:
        raise ValueError("a fill rate must be between 0 and 1")
