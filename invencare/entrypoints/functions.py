"""The callable functions of product analytics, by the names of their contract (SPEC, PA)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from analytics.api.performance import analyse_for
from analytics.api.serializers import PerformanceQuerySerializer
from analytics.services.answers import performance_answer
from forecasting.api.generate import generate_for
from forecasting.api.serializers import GenerateSerializer
from invencare.entrypoints.frame import callable_function
from inventory.querysets.scope import EVERY_STORE


@callable_function(PerformanceQuerySerializer)
def product_performance_analyzer(query: Any, now: datetime) -> dict[str, Any]:
    """PA-1."""
    return performance_answer(analyse_for(query, scope=EVERY_STORE, now=now))


@callable_function(GenerateSerializer, data_keys=frozenset({"forecasts"}))
def demand_forecasting_engine(query: Any, now: datetime) -> dict[str, Any]:
    """PA-4."""
    return generate_for(query, scope=EVERY_STORE, now=now)
