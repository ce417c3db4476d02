"""Stock events over REST (SPEC RT-2), and the events that were received by any door."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, status
from rest_framework.request import Request
from rest_framework.response import Response

from invencare.lib import clock
from inventory.api import filters
from inventory.api.actors import actor_name, scope_of
from inventory.api.errors import Busy
from inventory.api.pagination import LedgerPagination
from inventory.api.serializers.events import EventResultsSerializer, StockEventSerializer
from inventory.api.views.base import ApiViewSet
from inventory.calc.events.records import read_payloads
from inventory.calc.events.schema import EVENTS_SCHEMA, MAX_EVENTS
from inventory.models import StockEvent
from inventory.services.events import Sender, latest_instant, take_in


@extend_schema_view(
    list=extend_schema(summary="Events that were received, newest first, with what became of them"),
    retrieve=extend_schema(summary="One event that was received"),
)
class StockEventViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, ApiViewSet):
    """Stock events in, and the record of those that came in by any door."""

    # Not joined: with LIMIT, MariaDB would read the few stores first and sort all rows to find the first page.
    queryset = StockEvent.objects.prefetch_related("store", "product").order_by("-pk")
    serializer_class = StockEventSerializer
    pagination_class = LedgerPagination
    permissions_by_action = {
        "list": "inventory.view_stockevent",
        "retrieve": "inventory.view_stockevent",
        "create": "inventory.add_stockevent",
    }
    filterset_class = filters.StockEventFilters

    @extend_schema(
        summary=f"Send one stock event, or 1 to {MAX_EVENTS}; each has an outcome of its own",
        description=(
            "Safe to send again: an event that was received before changes nothing and answers 409 (or 400 with the "
            "same reason, where it was rejected). A rejected event may be sent again, corrected, under its `event_id`. "
            "A key needs the scope `events:write`; events may add and rename products where its owner may."
        ),
        request={"application/json": EVENTS_SCHEMA},
        responses={207: EventResultsSerializer},
    )
    def create(self, request: Request) -> Response:
        user: Any = request.user
        now = clock.now()
        sender = Sender(
            source=StockEvent.Source.API,
            name=actor_name(request),
            scope=scope_of(request),
            may_add_products=user.has_perm("inventory.add_product"),
            may_rename_products=user.has_perm("inventory.change_product"),
        )
        intake = take_in(read_payloads(_events(request.data), latest=latest_instant(now)), sender=sender, now=now)
        if intake.failure is not None:
            raise Busy("The database is busy; send the same events again: those that are in already are known.")
        return Response(EventResultsSerializer({"results": intake.results}).data, status=status.HTTP_207_MULTI_STATUS)


def _events(body: Any) -> list[Any]:
    events = body if isinstance(body, list) else [body]
    if not 1 <= len(events) <= MAX_EVENTS:
        raise ValidationError({"body": f"Send 1 to {MAX_EVENTS} events at a time, not {len(events):,}."})
    return events
