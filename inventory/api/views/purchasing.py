"""Purchase orders and their steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from invencare.lib import clock
from inventory.api import filters
from inventory.api.actors import scope_of
from inventory.api.files import AnyAccepted, file_response
from inventory.api.idempotency import Handler, effect_key, given_key, idempotent, key_parameter
from inventory.api.serializers.purchasing import (
    CancelSerializer,
    CloseSerializer,
    OrderDetailSerializer,
    OrderSerializer,
    ReceiveSerializer,
    StepSerializer,
)
from inventory.api.strict import StrictSerializer
from inventory.api.views.base import ApiViewSet
from inventory.models import PurchaseOrder
from inventory.services import purchasing

CHANGE = "inventory.change_purchaseorder"


def _step(summary: str, *, request: type[BaseSerializer[Any]] = StepSerializer) -> Callable[[Handler], Handler]:
    described: Callable[[Handler], Handler] = extend_schema(
        summary=summary, request=request, responses=OrderDetailSerializer
    )
    return described


class PurchaseOrderViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, ApiViewSet):
    """Orders to suppliers: draft → approved → sent → partly received → received, or cancelled."""

    queryset = PurchaseOrder.objects.with_totals().order_by("-pk")
    permissions_by_action = {
        "list": "inventory.view_purchaseorder",
        "retrieve": "inventory.view_purchaseorder",
        "approve": CHANGE,
        "send": CHANGE,
        "mail": CHANGE,
        "pdf": "inventory.view_purchaseorder",
        "csv": "inventory.view_purchaseorder",
        "cancel": CHANGE,
        "close": CHANGE,
        "receive": "inventory.add_receipt",
    }
    filterset_class = filters.OrderFilters
    ordering_fields = ["created_at", "expected_date"]

    def get_serializer_class(self) -> type[BaseSerializer[Any]]:
        return OrderSerializer if self.action == "list" else OrderDetailSerializer

    def get_queryset(self) -> Any:
        orders = super().get_queryset()
        if self.action == "list":  # not joined: with LIMIT, MariaDB would total all orders to find the first page
            return orders.prefetch_related("store", "supplier")
        return orders.select_related("store", "supplier").prefetch_related("lines__product")

    @_step("Approve a draft order")
    @action(detail=True, methods=["post"])
    @idempotent(required=False)
    def approve(self, request: Request, pk: str) -> Response:
        return self._done(purchasing.approve_order)

    @_step("Send an approved order to its supplier")
    @action(detail=True, methods=["post"])
    def send(self, request: Request, pk: str) -> Response:
        return self._done(purchasing.send_order)

    @extend_schema(
        summary="Mail a sent order to its supplier once more",
        description="The same Idempotency-Key again, and a request while a mail is on its way, mail nothing.",
        parameters=[key_parameter(required=False)],
        request=None,
        responses=OrderDetailSerializer,
    )
    @action(detail=True, methods=["post"])
    def mail(self, request: Request, pk: str) -> Response:
        key = given_key(request)
        return self._done(purchasing.resend_order, StrictSerializer, idempotency_key=effect_key(request) if key else "")

    @extend_schema(summary="The order as PDF", responses={(200, "application/pdf"): OpenApiTypes.BINARY})
    @action(detail=True, methods=["get"], content_negotiation_class=AnyAccepted)
    def pdf(self, request: Request, pk: str) -> HttpResponse:
        order = self.get_object()
        return file_response(purchasing.order_pdf(order), "application/pdf", f"{order.number}.pdf")

    @extend_schema(summary="The order as CSV", responses={(200, "text/csv"): OpenApiTypes.STR})
    @action(detail=True, methods=["get"], content_negotiation_class=AnyAccepted)
    def csv(self, request: Request, pk: str) -> HttpResponse:
        order = self.get_object()
        return file_response(purchasing.order_csv(order), "text/csv; charset=utf-8", f"{order.number}.csv")

    @_step("Cancel an order of which nothing was received", request=CancelSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        return self._done(purchasing.cancel_order, CancelSerializer)

    @_step("Close an order of which nothing more will come", request=CloseSerializer)
    @action(detail=True, methods=["post"])
    def close(self, request: Request, pk: str) -> Response:
        return self._done(purchasing.close_order, CloseSerializer)

    @extend_schema(
        summary="Receive an order in part or whole: what is taken moves stock, what is refused does not",
        request=ReceiveSerializer,
        responses=OrderDetailSerializer,
    )
    @action(detail=True, methods=["post"])
    @idempotent(required=True)
    def receive(self, request: Request, pk: str) -> Response:
        return self._done(purchasing.receive_order, ReceiveSerializer, idempotency_key=effect_key(request))

    def _done(
        self, service: Any, serializer_class: type[BaseSerializer[Any]] = StepSerializer, **options: Any
    ) -> Response:
        order, body = self.get_object(), self.read_body(serializer_class)
        service(
            order_id=order.pk,
            **body,
            actor=self.request.user,
            now=clock.now(),
            scope=scope_of(self.request),
            **options,
        )
        return Response(OrderDetailSerializer(self.get_queryset().get(pk=order.pk)).data)
