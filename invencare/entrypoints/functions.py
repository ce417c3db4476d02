"""The callable functions of product analytics and demand insights, by the names of their contract (SPEC, PA and DI)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from analytics.api.performance import analyse_for
from analytics.api.serializers import PerformanceQuerySerializer
from analytics.services.answers import performance_answer
from forecasting.api.generate import generate_for
from forecasting.api.serializers import GenerateSerializer
from insights.api.dashboard import DashboardQuerySerializer, dashboard_for
from insights.api.demand_answers import (
    at_risk_for,
    best_price_for,
    churn_for,
    elasticities_for,
    forecast_for,
    lifetimes_for,
    segments_for,
)
from insights.api.demand_serializers import (
    AtRiskQuerySerializer,
    CustomersQuerySerializer,
    ElasticityQuerySerializer,
    ForecastQuerySerializer,
    PriceQuerySerializer,
    SegmentsQuerySerializer,
)
from insights.api.optimize import OptimizeQuerySerializer, optimize_for
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


@callable_function(DashboardQuerySerializer)
def analytics_dashboard_generator(query: Any, now: datetime) -> dict[str, Any]:
    """PA-8."""
    answer: dict[str, Any] = _numbers(dashboard_for(query, scope=EVERY_STORE, now=now))
    return answer


def _numbers(value: Any) -> Any:
    """The value with its money as numbers and its days and instants as text, at any depth."""
    if isinstance(value, Mapping):
        return {name: _numbers(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_numbers(inner) for inner in value]
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if hasattr(value, "isoformat") else value


@callable_function(OptimizeQuerySerializer)
def inventory_optimizer(query: Any, now: datetime) -> dict[str, Any]:
    """PA-6."""
    return optimize_for(query, scope=EVERY_STORE, now=now)


@callable_function(SegmentsQuerySerializer, data_keys=frozenset({"migration"}))
def customer_segments(query: Any, now: datetime) -> dict[str, Any]:
    """DI-1."""
    return segments_for(query, scope=EVERY_STORE, now=now)


@callable_function(ForecastQuerySerializer, data_keys=frozenset({"feature_importance"}))
def demand_forecast(query: Any, now: datetime) -> dict[str, Any]:
    """DI-2."""
    answer: dict[str, Any] = _numbers(forecast_for(query, scope=EVERY_STORE, now=now))
    return answer


@callable_function(ElasticityQuerySerializer)
def price_elasticity(query: Any, now: datetime) -> dict[str, Any]:
    """DI-3."""
    return elasticities_for(query, scope=EVERY_STORE, now=now)


@callable_function(PriceQuerySerializer)
def price_optimization(query: Any, now: datetime) -> dict[str, Any]:
    """DI-4."""
    return best_price_for(query, scope=EVERY_STORE, now=now)


@callable_function(CustomersQuerySerializer, data_keys=frozenset({"held_out"}))
def customer_lifetime_value(query: Any, now: datetime) -> dict[str, Any]:
    """DI-5."""
    return lifetimes_for(query, scope=EVERY_STORE, now=now)


@callable_function(CustomersQuerySerializer, data_keys=frozenset({"held_out", "importance"}))
def churn_prediction(query: Any, now: datetime) -> dict[str, Any]:
    """DI-6."""
    return churn_for(query, scope=EVERY_STORE, now=now)


@callable_function(AtRiskQuerySerializer)
def at_risk_customers(query: Any, now: datetime) -> dict[str, Any]:
    """DI-7."""
    return at_risk_for(query, scope=EVERY_STORE, now=now)
