"""How good forecasts have been: of one product in one store, and as a leaderboard (FM-3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from forecasting.api.serializers import (
    AccuracyQuerySerializer,
    ForecastAccuracySerializer,
    LeaderboardQuerySerializer,
    LeaderboardSerializer,
    WorstQuerySerializer,
    WorstSerializer,
)
from forecasting.models import ForecastAccuracy
from forecasting.services.leaderboard import GroupMeasures, Leaderboard, Selection, breakdown, leaderboard, over_time
from forecasting.services.worst import worst_series
from inventory.api.actors import scope_of
from inventory.api.pagination import BoundedPagination
from inventory.api.views.base import ApiViewSet, known_row
from inventory.models import Product, Store

VIEW = "forecasting.view_forecastaccuracy"
COMPANY = "company"


class LeaderboardViewSet(ApiViewSet):
    """Forecast accuracy per store, category or product, and of all together."""

    queryset = ForecastAccuracy.objects.all()
    serializer_class = LeaderboardSerializer
    permissions_by_action = {"retrieve": VIEW}
    pagination_class = None  # the page is a part of the answer
    filter_backends = []

    @extend_schema(
        operation_id="forecasts_accuracy_leaderboard",
        summary="How good forecasts have been, per store, category or product, in the backtest or live",
        parameters=[LeaderboardQuerySerializer],
        responses=LeaderboardSerializer,
    )
    def retrieve(self, request: Request) -> Response:
        query = self.read_query(LeaderboardQuerySerializer)
        selection = _selection(request, query)
        measured = {"kind": query["basis"], "weeks": query["weeks"], "weeks_ahead": query.get("weeks_ahead")}
        board = leaderboard(selection, **measured)
        level = query["level"]
        groups = [_company(board)] if level == COMPANY else breakdown(selection, by=level, **measured)
        pages = BoundedPagination()
        page = pages.paginate_queryset(groups, request) or []
        answer = {
            "level": level,
            "basis": board.kind,
            "first": board.first,
            "last": board.last,
            "models": board.models,
            **pages.get_paginated_response(_keyed(level, page)).data,
        }
        return Response(LeaderboardSerializer(answer).data)


class WorstViewSet(ApiViewSet):
    """Where the forecast is worst, and why."""

    queryset = ForecastAccuracy.objects.all()
    serializer_class = WorstSerializer
    permissions_by_action = {"retrieve": VIEW}
    pagination_class = None
    filter_backends = []

    @extend_schema(
        operation_id="forecasts_accuracy_worst",
        summary="The products and stores with most error, with the facts that speak for why",
        parameters=[WorstQuerySerializer],
        responses=WorstSerializer,
    )
    def retrieve(self, request: Request) -> Response:
        query = self.read_query(WorstQuerySerializer)
        selection = _selection(request, query)
        worst = worst_series(
            selection,
            kind=query["basis"],
            order=query["order"],
            currency=query.get("currency", ""),
            weeks=query["weeks"],
            limit=query["limit"],
        )
        answer = {
            "basis": query["basis"],
            "currency": worst.currency,
            "other_currencies": worst.other_currencies,
            "results": worst.rows,
        }
        return Response(WorstSerializer(answer).data)


class AccuracyViewSet(ApiViewSet):
    """How good the forecasts of one product in one store have been."""

    queryset = ForecastAccuracy.objects.all()
    serializer_class = ForecastAccuracySerializer
    permissions_by_action = {"retrieve": VIEW}
    pagination_class = None
    filter_backends = []
    lookup_field = "product_id"

    @extend_schema(
        operation_id="forecasts_accuracy",
        summary="The backtest of every model, and what came of each when time has passed",
        parameters=[
            AccuracyQuerySerializer,
            OpenApiParameter("product_id", str, OpenApiParameter.PATH, description="The product's SKU."),
        ],
        responses=ForecastAccuracySerializer,
    )
    def retrieve(self, request: Request, product_id: str) -> Response:
        query = self.read_query(AccuracyQuerySerializer)
        scope = scope_of(request)
        store = known_row(Store.objects.visible_to(scope), field="store_id", code=query["store_id"])
        product = known_row(Product.objects.all(), field="product_id", sku=product_id)
        selection = Selection(scope, store=store, product=product)
        board = leaderboard(selection, kind="live")
        rows = ForecastAccuracy.objects.of_series(store_id=store.pk, product_id=product.pk)
        answer = {
            "product_id": product.sku,
            "store_id": store.code,
            "backtest": rows.best_first(),
            "live": {
                "first": board.first,
                "last": board.last,
                "served": board.served,
                "models": board.models,
                "weeks": over_time(selection, kind="live"),
            },
        }
        return Response(ForecastAccuracySerializer(answer).data)


def _selection(request: Request, query: Mapping[str, Any]) -> Selection:
    """The store and the category that the query names, within the actor's stores."""
    scope = scope_of(request)
    stores = Store.objects.visible_to(scope)
    store = known_row(stores, field="store_id", code=query["store_id"]) if "store_id" in query else None
    return Selection(scope, store=store, category=query.get("category"))


def _company(board: Leaderboard) -> GroupMeasures:
    return GroupMeasures(COMPANY, COMPANY, board.measured, board.served)


def _keyed(level: str, groups: list[GroupMeasures]) -> list[dict[str, Any]]:
    """Groups under the outside world's names: a store's code, a product's SKU."""
    keys = [group.key for group in groups]
    codes: dict[Any, Any] = {key: key for key in keys}
    if level == "store":
        codes = dict(Store.objects.filter(pk__in=keys).values_list("pk", "code"))
    elif level == "product":
        codes = dict(Product.objects.filter(pk__in=keys).values_list("pk", "sku"))
    return [
        {
            "key": codes[group.key],
            "name": group.label,
            "measured": group.measured,
            "measures": group.measures,
        }
        for group in groups
    ]
