"""Proposals of transfers and of what to do with excess, with their decisions."""

from __future__ import annotations

from insights.api.deciding_views import DecidedViewSet, permissions_on
from insights.api.filters import ExcessFilters, TransferRecommendationFilters
from insights.api.move_serializers import (
    ExcessRecommendationDetailSerializer,
    ExcessRecommendationSerializer,
    TransferRecommendationDetailSerializer,
    TransferRecommendationSerializer,
)
from insights.models import ExcessRecommendation, TransferRecommendation
from insights.services.decisions import EXCESS, TRANSFERS


class TransferRecommendationViewSet(DecidedViewSet):
    """Proposed moves between stores, the largest net gain first. Both ends see one; the sender's people decide it."""

    kind = TRANSFERS
    queryset = TransferRecommendation.objects.worst_first()
    permissions_by_action = permissions_on("transferrecommendation")
    row_serializer = TransferRecommendationSerializer
    detail_serializer = TransferRecommendationDetailSerializer
    detail_related = ("stock_transfer_line",)
    filterset_class = TransferRecommendationFilters
    ordering_fields = ["net_gain", "recommendation_date", "recommended_quantity"]


class ExcessRecommendationViewSet(DecidedViewSet):
    """Stock over what a store has use for, the most money at stake first: stop ordering, move, or mark down."""

    kind = EXCESS
    queryset = ExcessRecommendation.objects.worst_first()
    permissions_by_action = permissions_on("excessrecommendation")
    row_serializer = ExcessRecommendationSerializer
    detail_serializer = ExcessRecommendationDetailSerializer
    filterset_class = ExcessFilters
    ordering_fields = ["value_at_stake", "tied_up_value", "recommendation_date", "recommended_quantity"]
