"""Purchase orders and their steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from invencare.lib import clock
from inventory.api import filters
from inventory.api.actors import scope_of
from inventory.api.idempotency import Handler, effect_key, idempotent
from inventory.api.serializers.purchasing import (
    CancelSerializer,
    OrderDetailSerializer,
    OrderSerializer,
    ReceiveSerializer,
    StepSerializer,
)
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

    @_step("Cancel an order of which nothing was received", request=CancelSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        return self._done(purchasing.cancel_order, CancelSerializer)

    @_step("Close an order of which nothing more will come")
    @action(detail=True, methods=["post"])
    def close(self, request: Request, pk: str) -> Response:
        return self._done(purchasing.close_order)

    @extend_schema(
        summary="Receive an order in part or whole: stock moves through the ledger",
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
