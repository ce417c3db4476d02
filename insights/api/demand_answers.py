"""DI-1 and DI-3 to DI-7 behind their doors: from checked input to the answer, the same for the REST and the Lambda call."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from rest_framework import exceptions, status

from insights.api.demand_serializers import (
    AtRiskListSerializer,
    ChurnsSerializer,
    ElasticitiesSerializer,
    ExpectedDemandSerializer,
    LifetimesSerializer,
    PriceAnswerSerializer,
    SegmentsSerializer,
)
from insights.models import DemandAnalysis
from insights.services import demand_insights
from insights.services.demand_forecast import NoForecast, boosting_features, days_of, expected_demand
from insights.services.demand_insights import AnalysisUnavailable, current_analysis
from insights.services.price_choice import PriceQuestion, find_best_price
from inventory.api.errors import NotHere
from inventory.api.views.base import known_row
from inventory.models import Product
from inventory.querysets.scope import StoreScope

Kind = DemandAnalysis.Kind


class AnalysisUnavailableError(exceptions.APIException):
    """The analysis is missing or stale: nothing is learned inside a request."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE

    def __init__(self, refusal: AnalysisUnavailable) -> None:
        super().__init__(str(refusal), code="model_stale" if refusal.is_stale else "model_missing")


def segments_for(query: Mapping[str, Any], *, scope: StoreScope, now: datetime) -> dict[str, Any]:
    """DI-1."""
    analysis = _analysis(Kind.CUSTOMERS, query, now)
    found = demand_insights.read_segments(analysis, n_clusters=query.get("n_clusters"), scope=scope)
    return _shown(
        SegmentsSerializer,
        analysis,
        method=found.method,
        n_clusters=found.n_clusters,
        reason=found.reason,
        quality=found.quality,
        segments=found.rows,
        tried=analysis.results["segments"]["clusterings"],
        migration=found.migration,
    )


def forecast_for(query: Mapping[str, Any], *, scope: StoreScope, now: datetime) -> dict[str, Any]:
    """DI-2."""
    product, category = None, query.get("category_id")
    if "product_id" in query:
        product = known_row(Product.objects.all(), field="product_id", sku=query["product_id"])
    if category is not None:
        known_row(Product.objects.all(), field="category_id", category=category)
    try:
        found = expected_demand(scope=scope, product=product, category=category, days=query["forecast_days"])
    except NoForecast as refusal:
        raise AnalysisUnavailableError(AnalysisUnavailable(str(refusal), is_stale=False)) from refusal
    answer = {
        "product_id": product and product.sku,
        "category_id": category,
        "forecast_days": len(found.mean),
        "series": found.series,
        "expected_units": round(sum(found.mean), 4),
        "days": days_of(found),
        "feature_importance": boosting_features(),
    }
    return dict(ExpectedDemandSerializer(answer).data)


def lifetimes_for(query: Mapping[str, Any], *, scope: StoreScope, now: datetime) -> dict[str, Any]:
    """DI-5."""
    return _customers(LifetimesSerializer, "lifetime", "clv", query, scope, now)


def churn_for(query: Mapping[str, Any], *, scope: StoreScope, now: datetime) -> dict[str, Any]:
    """DI-6."""
    return _customers(ChurnsSerializer, "churn", "churn_probability", query, scope, now)


def at_risk_for(query: Mapping[str, Any], *, scope: StoreScope, now: datetime) -> dict[str, Any]:
    """DI-7."""
    analysis = _analysis(Kind.CUSTOMERS, query, now)
    _check_learned(analysis, "churn")
    total, rows = demand_insights.read_at_risk(
        analysis, threshold=query["threshold"], limit=query["limit"], scope=scope
    )
    return _shown(AtRiskListSerializer, analysis, threshold=query["threshold"], total=total, customers=rows)


def elasticities_for(query: Mapping[str, Any], *, scope: StoreScope, now: datetime) -> dict[str, Any]:
    """DI-3. Elasticities are the company's: no store's sales stand in them."""
    analysis = _analysis(Kind.PRICES, query, now)
    product = None
    if "product_id" in query:
        product = known_row(Product.objects.all(), field="product_id", sku=query["product_id"])
    rows = demand_insights.read_elasticities(analysis, product=product, category=query.get("category"))
    return _shown(ElasticitiesSerializer, analysis, results=rows)


def best_price_for(query: Mapping[str, Any], *, scope: StoreScope, now: datetime) -> dict[str, Any]:
    """DI-4."""
    analysis = _analysis(Kind.PRICES, query, now)
    product = known_row(Product.objects.all(), field="product_id", sku=query["product_id"])
    question = PriceQuestion(
        current_price=query["current_price"],
        current_quantity=query["current_quantity"],
        cost_per_unit=query["cost_per_unit"],
        most_step=query["most_step"],
        least_margin=query["least_margin"],
        ending=query["price_ending"],
        uses_category=query["use_category"],
    )
    try:
        answer = find_best_price(analysis, product=product, question=question)
    except ModuleNotFoundError as error:
        raise NotHere from error
    return _shown(PriceAnswerSerializer, analysis, product_id=product.sku, **answer)


def _customers(
    serializer: Any, part: str, by: str, query: Mapping[str, Any], scope: StoreScope, now: datetime
) -> dict[str, Any]:
    analysis = _analysis(Kind.CUSTOMERS, query, now)
    _check_learned(analysis, part)
    page = demand_insights.read_scores(
        analysis,
        customer_codes=query["customer_ids"],
        scope=scope,
        limit=query["limit"],
        offset=query["offset"],
        by=by,
    )
    return _shown(
        serializer,
        analysis,
        model=analysis.results[part],
        total=page.total,
        unknown_customer_ids=page.unknown,
        customers=page.rows,
    )


def _check_learned(analysis: DemandAnalysis, part: str) -> None:
    reason = analysis.results[part]["reason"]
    if reason:
        raise AnalysisUnavailableError(
            AnalysisUnavailable(f"As of {analysis.as_of_date} nothing could be learned: {reason}.", is_stale=False)
        )


def _analysis(kind: Kind, query: Mapping[str, Any], now: datetime) -> DemandAnalysis:
    try:
        return current_analysis(kind, currency=query["currency"], now=now)
    except AnalysisUnavailable as refusal:
        raise AnalysisUnavailableError(refusal) from refusal


def _shown(serializer: Any, analysis: DemandAnalysis, **answer: Any) -> dict[str, Any]:
    whole = {
        "currency": analysis.currency,
        "first_date": analysis.first_date,
        "as_of_date": analysis.as_of_date,
        "analysed_at": analysis.created_at,
        **answer,
    }
    return dict(serializer(whole).data)
