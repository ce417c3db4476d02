"""Recommendations with their decisions, and analysis runs."""

from __future__ import annotations

from datetime import date
from typing import Any, cast

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from insights import tasks
from insights.api.deciding_views import DecidedViewSet, permissions_on
from insights.api.decision_serializers import (
    ApproveManySerializer,
    OutcomeSerializer,
    RejectManySerializer,
    SnoozeManySerializer,
)
from insights.api.filters import RecommendationFilters, RunFilters
from insights.api.serializers import (
    RecommendationDetailSerializer,
    RecommendationSerializer,
    RunDetailSerializer,
    RunSerializer,
    StartRunSerializer,
)
from insights.models import AnalysisRun, ReorderRecommendation
from insights.services import decisions, runs
from insights.services.decisions import ORDERS
from invencare.lib import clock
from inventory.api.errors import NotHere
from inventory.api.idempotency import idempotent
from inventory.api.views.base import ApiViewSet
from inventory.services.business_days import last_complete_day

EARLIEST_RUN = date(2000, 1, 1)
DECIDE = "insights.decide_reorderrecommendation"


@extend_schema_view(
    approve=extend_schema(summary="Approve: the quantity goes on the supplier's draft order for the store"),
)
class RecommendationViewSet(DecidedViewSet):
    """Proposals to order, most money at risk first, with the arithmetic behind each."""

    kind = ORDERS
    queryset = ReorderRecommendation.objects.worst_first()
    permissions_by_action = {
        **permissions_on("reorderrecommendation"),
        "approve_many": DECIDE,
        "reject_many": DECIDE,
        "snooze_many": DECIDE,
    }
    row_serializer = RecommendationSerializer
    detail_serializer = RecommendationDetailSerializer
    detail_related = ("purchase_order_line",)
    filterset_class = RecommendationFilters
    ordering_fields = ["urgency_rank", "money_at_risk", "recommendation_date", "recommended_order_quantity"]

    @extend_schema(
        operation_id="recommendations_approve_many",
        summary="Approve up to 1,000 as recommended, or a share of it; those that cannot be are named",
        request=ApproveManySerializer,
        responses=OutcomeSerializer,
    )
    @action(detail=False, methods=["post"], url_path="approve")
    @idempotent(required=False)
    def approve_many(self, request: Request) -> Response:
        return self._decided_many(decisions.approve_many, ApproveManySerializer)

    @extend_schema(
        operation_id="recommendations_reject_many",
        summary="Reject up to 1,000 for one reason; those that cannot be are named",
        request=RejectManySerializer,
        responses=OutcomeSerializer,
    )
    @action(detail=False, methods=["post"], url_path="reject")
    @idempotent(required=False)
    def reject_many(self, request: Request) -> Response:
        return self._decided_many(decisions.reject_many, RejectManySerializer)

    @extend_schema(
        operation_id="recommendations_snooze_many",
        summary="Put up to 1,000 off until one day; those that cannot be are named",
        request=SnoozeManySerializer,
        responses=OutcomeSerializer,
    )
    @action(detail=False, methods=["post"], url_path="snooze")
    @idempotent(required=False)
    def snooze_many(self, request: Request) -> Response:
        return self._decided_many(decisions.snooze_many, SnoozeManySerializer)

    def _decided_many(self, service: Any, serializer_class: type[BaseSerializer[Any]]) -> Response:
        outcome = service(**self.read_body(serializer_class), **self._actor())
        skipped = [{"id": pk, "why": why} for pk, why in outcome.skipped]
        return Response(
            OutcomeSerializer({"done": outcome.done, "proposed": outcome.proposed, "skipped": skipped}).data
        )


class RunViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, ApiViewSet):
    """Nightly analyses with their progress and failures."""

    queryset = AnalysisRun.objects.order_by("-pk")
    permissions_by_action = {
        "list": "insights.view_analysisrun",
        "retrieve": "insights.view_analysisrun",
        "create": "insights.add_analysisrun",
    }
    filterset_class = RunFilters

    def get_serializer_class(self) -> type[BaseSerializer[Any]]:
        return RunSerializer if self.action == "list" else RunDetailSerializer

    def get_queryset(self) -> QuerySet[Any]:
        rows = super().get_queryset()
        return rows.defer("failures", "parameters") if self.action == "list" else rows

    @extend_schema(
        summary="Start the nightly analysis of a day, or get the unfinished one that is there",
        request=StartRunSerializer,
        responses={202: RunSerializer},
    )
    def create(self, request: Request) -> Response:
        day, now = self.read_body(StartRunSerializer)["business_date"], clock.now()
        if day is not None and not EARLIEST_RUN <= day <= last_complete_day(now=now):
            raise ValidationError({"business_date": "This day is not over, or too long ago to be analysed."})
        try:  # it plans its chunks with the numeric part, which the light package lacks
            run = runs.start_nightly(business_date=day, started_by=cast("User", request.user), now=now)
        except ModuleNotFoundError as error:
            raise NotHere from error
        # Robust: a broker that is away loses nothing, the job “Resume runs” takes the run up.
        transaction.on_commit(lambda: tasks.dispatch(run.pk), robust=True)
        return Response(RunSerializer(run).data, status=status.HTTP_202_ACCEPTED)
