"""The textbook's safety stock. The order policy does not use it: demand is skewed and periods are not independent."""

from __future__ import annotations

import math

from scipy import stats


def sd_of_lead_time_demand(
    *, demand_per_day: float, sd_per_day: float, lead_time_days: float, lead_time_sd: float = 0.0
) -> float:
    """√(L σ² + d² s²) units. Worked: 2,500 ± 500 a day, 7 ± 7 days: 17,549.9."""
    return math.sqrt(lead_time_days * sd_per_day**2 + (demand_per_day * lead_time_sd) ** 2)


def safety_stock(*, sd: float, cycle_service_level: float) -> float:
    """z σ. Worked: 17,549.9 at 90 %: 22,491."""
    return sd * float(stats.norm.ppf(cycle_service_level))


def order_up_to_for_cycle_service(*, mean: float, sd: float, cycle_service_level: float) -> float:
    """μ + z σ of demand over lead time plus review. Worked: N(120, 34.64) at 98 %: 191.14."""
    return mean + safety_stock(sd=sd, cycle_service_level=cycle_service_level)
