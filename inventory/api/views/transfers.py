"""Transfers between stores and their steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from invencare.lib import clock
from inventory.api import filters
from inventory.api.actors import scope_of
from inventory.api.idempotency import Handler, effect_key, idempotent
from inventory.api.serializers.purchasing import CancelSerializer, StepSerializer
from inventory.api.serializers.transfers import (
    ArrivalSerializer,
    CloseTransferSerializer,
    DispatchSerializer,
    NewTransferSerializer,
    TransferDetailSerializer,
    TransferSerializer,
)
from inventory.api.views.base import ApiViewSet, known_row
from inventory.models import StockTransfer, Store
from inventory.services import transfers

CHANGE = "inventory.change_stocktransfer"


def _step(summary: str, request: type[BaseSerializer[Any]] = StepSerializer) -> Callable[[Handler], Handler]:
    described: Callable[[Handler], Handler] = extend_schema(
        summary=summary, request=request, responses=TransferDetailSerializer
    )
    return described


class TransferViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, ApiViewSet):
    """Stock between stores: draft → approved → sent → partly received → received, or cancelled.

    Both ends see a transfer; the sending store approves and dispatches it, the receiving store receives and closes it.
    """

    queryset = StockTransfer.objects.order_by("-pk")
    permissions_by_action = {
        "list": "inventory.view_stocktransfer",
        "retrieve": "inventory.view_stocktransfer",
        "create": "inventory.add_stocktransfer",
        "approve": CHANGE,
        "send": CHANGE,
        "receive": CHANGE,
        "close": CHANGE,
        "cancel": CHANGE,
    }
    filterset_class = filters.TransferFilters
    ordering_fields = ["created_at", "expected_date"]

    def get_serializer_class(self) -> type[BaseSerializer[Any]]:
        return TransferSerializer if self.action == "list" else TransferDetailSerializer

    def get_queryset(self) -> Any:
        rows = super().get_queryset().select_related("from_store", "to_store")
        return rows if self.action == "list" else rows.prefetch_related("lines__product")

    @extend_schema(summary="Make a draft", request=NewTransferSerializer, responses={201: TransferDetailSerializer})
    @idempotent(required=True)
    def create(self, request: Request) -> Response:
        body = self.read_body(NewTransferSerializer)
        stores = Store.objects.active()
        transfer = transfers.create_transfer_by_sku(
            from_store=known_row(stores, field="from_store_id", code=body["from_store_id"]),
            to_store=known_row(stores, field="to_store_id", code=body["to_store_id"]),
            units_by_sku=body["lines"],
            notes=body["notes"],
            **self._who(),
        )
        return Response(self._shown(transfer.pk), status=status.HTTP_201_CREATED)

    @_step("Approve a draft, as the sending store")
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: str) -> Response:
        return self._done(transfers.approve_transfer)

    @_step("Dispatch an approved transfer: its units leave the sending store", DispatchSerializer)
    @action(detail=True, methods=["post"])
    def send(self, request: Request, pk: str) -> Response:
        return self._done(transfers.dispatch_transfer, DispatchSerializer)

    @_step("Receive a transfer in part or whole, as the receiving store", ArrivalSerializer)
    @action(detail=True, methods=["post"])
    @idempotent(required=True)
    def receive(self, request: Request, pk: str) -> Response:
        return self._done(transfers.receive_transfer, ArrivalSerializer, idempotency_key=effect_key(request))

    @_step("Close a transfer of which nothing more will arrive: the rest is written off", CloseTransferSerializer)
    @action(detail=True, methods=["post"])
    def close(self, request: Request, pk: str) -> Response:
        return self._done(transfers.close_transfer, CloseTransferSerializer)

    @_step("Cancel a transfer that has not left", CancelSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        return self._done(transfers.cancel_transfer, CancelSerializer)

    def _done(
        self, service: Any, serializer_class: type[BaseSerializer[Any]] = StepSerializer, **options: Any
    ) -> Response:
        transfer, body = self.get_object(), self.read_body(serializer_class)
        service(transfer_id=transfer.pk, **body, **self._who(), **options)
        return Response(self._shown(transfer.pk))

    def _who(self) -> dict[str, Any]:
        return {"actor": self.request.user, "now": clock.now(), "scope": scope_of(self.request)}

    def _shown(self, pk: int) -> dict[str, Any]:
        return dict(TransferDetailSerializer(self.get_queryset().get(pk=pk)).data)
