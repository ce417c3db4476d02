"""Recommendations with their decisions, and analysis runs."""

from __future__ import annotations

from datetime import date
from typing import Any, cast

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from insights import tasks
from insights.api.decision_serializers import (
    ApproveManySerializer,
    ApproveSerializer,
    DecideSerializer,
    DecisionSerializer,
    HistorySerializer,
    OutcomeSerializer,
    RejectManySerializer,
    RejectSerializer,
    ResultsSerializer,
    SnoozeManySerializer,
    SnoozeSerializer,
)
from insights.api.filters import RecommendationFilters, RunFilters
from insights.api.serializers import (
    RecommendationDetailSerializer,
    RecommendationSerializer,
    RunDetailSerializer,
    RunSerializer,
    StartRunSerializer,
)
from insights.models import AnalysisRun, Decision, ReorderRecommendation
from insights.services import decisions, runs
from insights.services.decisions import Wish
from invencare.lib import clock
from inventory.api.actors import scope_of
from inventory.api.errors import NotHere
from inventory.api.idempotency import idempotent
from inventory.api.views.base import ApiViewSet
from inventory.services.business_days import last_complete_day

EARLIEST_RUN = date(2000, 1, 1)
DECIDE = "insights.decide_reorderrecommendation"


class RecommendationViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, ApiViewSet):
    """Proposals to order, most money at risk first, with the arithmetic behind each."""

    queryset = ReorderRecommendation.objects.worst_first()
    permissions_by_action = {
        "list": "insights.view_reorderrecommendation",
        "retrieve": "insights.view_reorderrecommendation",
        "approve": DECIDE,
        "reject": DECIDE,
        "snooze": DECIDE,
        "history": "insights.view_decision",
        "decide": DECIDE,
        "approve_many": DECIDE,
        "reject_many": DECIDE,
        "snooze_many": DECIDE,
    }
    filterset_class = RecommendationFilters
    ordering_fields = ["urgency_rank", "money_at_risk", "recommendation_date", "recommended_order_quantity"]

    def get_serializer_class(self) -> type[BaseSerializer[Any]]:
        return RecommendationSerializer if self.action == "list" else RecommendationDetailSerializer

    def get_queryset(self) -> QuerySet[Any]:
        rows = super().get_queryset()
        if self.action == "list":  # not joined: with LIMIT, MariaDB would sort all rows to find the first page
            return rows.defer("dossier").prefetch_related("store", "product", "supplier")
        rows = rows.select_related("store", "product", "supplier", "purchase_order_line")
        return rows.prefetch_related("decisions__reason_code")

    @extend_schema(
        summary="Approve: the quantity goes on the supplier's draft order for the store",
        description="Over your limit it becomes a proposal (202, `action` is `propose`) that a second person approves.",
        request=ApproveSerializer,
        responses={201: DecisionSerializer, 202: DecisionSerializer},
    )
    @action(detail=True, methods=["post"])
    @idempotent(required=False)
    def approve(self, request: Request, pk: str) -> Response:
        return self._decided(decisions.approve, ApproveSerializer)

    @extend_schema(summary="Reject, with the reason", request=RejectSerializer, responses={201: DecisionSerializer})
    @action(detail=True, methods=["post"])
    @idempotent(required=False)
    def reject(self, request: Request, pk: str) -> Response:
        return self._decided(decisions.reject, RejectSerializer)

    @extend_schema(
        summary="Put off until a day, on which it comes back by itself",
        request=SnoozeSerializer,
        responses={201: DecisionSerializer},
    )
    @action(detail=True, methods=["post"])
    @idempotent(required=False)
    def snooze(self, request: Request, pk: str) -> Response:
        return self._decided(decisions.snooze, SnoozeSerializer)

    @extend_schema(summary="Everything that happened to it, oldest first", responses=HistorySerializer)
    @action(detail=True, methods=["get"])
    def history(self, request: Request, pk: str) -> Response:
        return Response(HistorySerializer({"events": decisions.history(self.get_object())}).data)

    @extend_schema(
        summary="Decide up to 1,000, each in its own way; one result a row",
        description="What can be done is done, in one transaction; what cannot be is named with the code of a refusal.",
        request=DecideSerializer,
        responses=ResultsSerializer,
    )
    @action(detail=False, methods=["post"])
    @idempotent(required=False)
    def decide(self, request: Request) -> Response:
        rows = self.read_body(DecideSerializer)["decisions"]
        wishes = [Wish(recommendation_id=row.pop("id"), **row) for row in rows]
        results = decisions.decide_many(wishes=wishes, **self._actor())
        return Response(ResultsSerializer({"results": results}).data)

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

    def _decided(self, service: Any, serializer_class: type[BaseSerializer[Any]]) -> Response:
        decision = service(recommendation_id=self.get_object().pk, **self.read_body(serializer_class), **self._actor())
        waits = decision.action == Decision.Action.PROPOSE
        code = status.HTTP_202_ACCEPTED if waits else status.HTTP_201_CREATED
        return Response(DecisionSerializer(decision).data, status=code)

    def _decided_many(self, service: Any, serializer_class: type[BaseSerializer[Any]]) -> Response:
        outcome = service(**self.read_body(serializer_class), **self._actor())
        skipped = [{"id": pk, "why": why} for pk, why in outcome.skipped]
        return Response(
            OutcomeSerializer({"done": outcome.done, "proposed": outcome.proposed, "skipped": skipped}).data
        )

    def _actor(self) -> dict[str, Any]:
        return {"actor": self.request.user, "now": clock.now(), "scope": scope_of(self.request)}


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
