"""Stored forecasts for tests, without the engine."""

from __future__ import annotations

from typing import Any

from forecasting.calc.config import SUM_LEVELS
from forecasting.models import ProductDemandForecast
from inventory.models import Product
from tests.cast import NOW, TODAY, Cast


def sums(days: int, mean: float, step: float = 1.0) -> dict[str, Any]:
    """Quantiles of a sum that rise by ``step`` around the mean."""
    units = {str(level): max(mean + step * (place - 3), 0.0) for place, level in enumerate(SUM_LEVELS)}
    return {"days": days, "mean": mean, "quantiles": units, "basis": "backtest errors"}


def forecast(cast: Cast, product: Product, *, per_day: float = 4.0, **changes: Any) -> ProductDemandForecast:
    """A stored forecast of ``per_day`` units a day with a little spread, for lead time 5 and review 7."""
    columns: dict[str, Any] = {
        "product": product,
        "store": cast.north,
        "forecast_date": TODAY,
        "forecast_period": 28,
        "model": "linear",
        "daily": {"mean": [per_day] * 28, "quantiles": {}},
        "protection": {**sums(12, 12 * per_day), "lead_time": sums(5, 5 * per_day)},
        "created_at": NOW,
        **changes,
    }
    made: ProductDemandForecast = ProductDemandForecast.objects.create(**columns)
    return made
