"""Stock levels with their adjustments and counts, and the ledger."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from invencare.lib import clock
from inventory.api import filters
from inventory.api.actors import actor_name, key_of, scope_of
from inventory.api.idempotency import effect_key, idempotent
from inventory.api.pagination import LedgerPagination
from inventory.api.serializers.stock import (
    AdjustmentSerializer,
    CountSerializer,
    MovementsSerializer,
    RecordedSerializer,
    StockLevelSerializer,
    TransactionSerializer,
)
from inventory.api.views.base import ApiViewSet, PatchMixin
from inventory.calc.movements import RETURN, SALE
from inventory.models import InventoryTransaction, StockLevel
from inventory.services.counts import adjust_stock, count_stock
from inventory.services.reported_movements import ReportedMovement, record_reported

SALES_SCOPE = "sales:write"
STOCK_SCOPE = "stock:write"


@extend_schema_view(partial_update=extend_schema(summary="Set the minimum and the maximum; stock moves by the ledger"))
class StockViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, PatchMixin, ApiViewSet):
    """What each store has of each product now."""

    # Not joined: with LIMIT, MariaDB would read the few stores first and sort all rows to find the first page.
    queryset = StockLevel.objects.with_stock_status().prefetch_related("store", "product").order_by("pk")
    serializer_class = StockLevelSerializer
    permissions_by_action = {
        "list": "inventory.view_stocklevel",
        "retrieve": "inventory.view_stocklevel",
        "partial_update": "inventory.change_stocklevel",
        "adjust": "inventory.change_stocklevel",
        "count": "inventory.change_stocklevel",
    }
    filterset_class = filters.StockFilters
    ordering_fields = ["on_hand_units", "last_event_at"]

    @extend_schema(
        summary="Change the stock by a signed number of units, with the reason",
        request=AdjustmentSerializer,
        responses={201: TransactionSerializer},
    )
    @action(detail=True, methods=["post"])
    @idempotent(required=True)
    def adjust(self, request: Request, pk: str) -> Response:
        return self._moved(adjust_stock, AdjustmentSerializer)

    @extend_schema(
        summary="Set the stock to what was counted, with the reason",
        request=CountSerializer,
        responses={201: TransactionSerializer},
    )
    @action(detail=True, methods=["post"])
    @idempotent(required=True)
    def count(self, request: Request, pk: str) -> Response:
        return self._moved(count_stock, CountSerializer)

    def _moved(self, service: Any, serializer_class: Any) -> Response:
        level = self.get_object()
        movement = service(
            store=level.store,
            product=level.product,
            **self.read_body(serializer_class),
            actor_name=actor_name(self.request),
            now=clock.now(),
            idempotency_key=effect_key(self.request),
            scope=scope_of(self.request),
        )
        return Response(TransactionSerializer(movement).data, status=status.HTTP_201_CREATED)


class TransactionViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, ApiViewSet):
    """The append-only ledger, newest first."""

    queryset = InventoryTransaction.objects.prefetch_related("store", "product", "customer").order_by("-pk")
    serializer_class = TransactionSerializer
    pagination_class = LedgerPagination
    permissions_by_action = {
        "list": "inventory.view_inventorytransaction",
        "retrieve": "inventory.view_inventorytransaction",
        "create": "inventory.add_inventorytransaction",
    }
    filterset_class = filters.TransactionFilters

    @extend_schema(
        summary="Record 1 to 500 movements, wholly or not at all",
        description=(
            "Sales and returns need a key's scope `sales:write`, everything else `stock:write`. Selling more than "
            "is on hand is recorded, and opens an alert. Receipts come through purchase orders."
        ),
        request=MovementsSerializer,
        responses={201: RecordedSerializer},
    )
    @idempotent(required=True)
    def create(self, request: Request) -> Response:
        serializer = MovementsSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        reported = serializer.reported()
        _check_scopes(request, reported)
        recorded = record_reported(
            reported=reported,
            scope=scope_of(request),
            recorded_by=actor_name(request),
            idempotency_key=effect_key(request),
            now=clock.now(),
        )
        return Response(RecordedSerializer(recorded).data, status=status.HTTP_201_CREATED)


def _check_scopes(request: Request, reported: list[ReportedMovement]) -> None:
    """A till's key records sales and nothing else; one for the stock room no sales."""
    key = key_of(request)
    if key is None:
        return
    needed = {SALES_SCOPE if movement.movement_type in {SALE, RETURN} else STOCK_SCOPE for movement in reported}
    missing = sorted(needed - set(key.scopes))
    if missing:
        raise PermissionDenied(f"This API key needs the scope {' and '.join(missing)}.")
