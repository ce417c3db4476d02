"""What recommendations of orders, transfers and excess have in common: lists, pages, and decisions on single rows."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from insights.api.decision_serializers import (
    ApproveSerializer,
    DecideSerializer,
    DecisionSerializer,
    HistorySerializer,
    RejectSerializer,
    ResultsSerializer,
    SnoozeSerializer,
)
from insights.models import Decision
from insights.services import decisions
from insights.services.decisions import Kind, Wish
from invencare.lib import clock
from inventory.api.actors import scope_of
from inventory.api.idempotency import idempotent
from inventory.api.views.base import ApiViewSet


class DecidedViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, ApiViewSet):
    """Rows that the night proposes and people decide, most money first."""

    kind: ClassVar[Kind]
    row_serializer: ClassVar[type[BaseSerializer[Any]]]
    detail_serializer: ClassVar[type[BaseSerializer[Any]]]
    detail_related: ClassVar[tuple[str, ...]] = ()

    def get_serializer_class(self) -> type[BaseSerializer[Any]]:
        return self.row_serializer if self.action == "list" else self.detail_serializer

    def get_queryset(self) -> QuerySet[Any]:
        rows = super().get_queryset()
        if self.action == "list":  # not joined: with LIMIT, MariaDB would sort all rows to find the first page
            return rows.defer("dossier").prefetch_related(*self.kind.related)
        return rows.select_related(*self.kind.related, *self.detail_related).prefetch_related("decisions__reason_code")

    @extend_schema(
        summary="Approve it, and set going what it says",
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

    def _decided(self, service: Any, serializer_class: type[BaseSerializer[Any]]) -> Response:
        decision = service(recommendation_id=self.get_object().pk, **self.read_body(serializer_class), **self._actor())
        waits = decision.action == Decision.Action.PROPOSE
        code = status.HTTP_202_ACCEPTED if waits else status.HTTP_201_CREATED
        return Response(DecisionSerializer(decision).data, status=code)

    def _actor(self) -> dict[str, Any]:
        return {
            "actor": self.request.user,
            "now": clock.now(),
            "scope": scope_of(self.request),
            "kind": self.kind,
        }


def permissions_on(model: str) -> dict[str, str]:
    """By action: who sees the rows of the model, and who decides them."""
    see, decide = f"insights.view_{model}", f"insights.decide_{model}"
    return {
        "list": see,
        "retrieve": see,
        "approve": decide,
        "reject": decide,
        "snooze": decide,
        "decide": decide,
        "history": "insights.view_decision",
    }
