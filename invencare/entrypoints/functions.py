"""The callable functions of product analytics, by the names of their contract (SPEC, PA)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from analytics.api.performance import analyse_for
from analytics.api.serializers import PerformanceQuerySerializer, PerformanceSerializer
from forecasting.api.generate import generate_for
from forecasting.api.serializers import GenerateSerializer
from insights.api.optimize import OptimizeQuerySerializer, optimize_for
from invencare.entrypoints.frame import callable_function
from inventory.querysets.scope import EVERY_STORE

MONEY = ("total_sales_revenue", "average_sale_price")


@callable_function(PerformanceQuerySerializer)
def product_performance_analyzer(query: Any, now: datetime) -> dict[str, Any]:
    """PA-1. Money is a number here, as the contract has it; the API gives exact text."""
    row = analyse_for(query, scope=EVERY_STORE, now=now)
    numbers = {name: None if getattr(row, name) is None else float(getattr(row, name)) for name in MONEY}
    return {**PerformanceSerializer(row).data, **numbers}


@callable_function(GenerateSerializer, data_keys=frozenset({"forecasts"}))
def demand_forecasting_engine(query: Any, now: datetime) -> dict[str, Any]:
    """PA-4."""
    return generate_for(query, scope=EVERY_STORE, now=now)


@callable_function(OptimizeQuerySerializer)
def inventory_optimizer(query: Any, now: datetime) -> dict[str, Any]:
    """PA-6."""
    return optimize_for(query, scope=EVERY_STORE, now=now)
