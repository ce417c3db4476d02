"""What decisions were worth, and the reasons that they can have."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from insights.api.decision_serializers import ReasonSerializer, WorthQuerySerializer, WorthReportSerializer
from insights.models import DecisionReason, DecisionValue
from insights.services.decision_report import decision_worth
from invencare.lib import clock
from inventory.api.actors import scope_of
from inventory.api.views.base import ApiViewSet, known_row
from inventory.models import Store

DEFAULT_DAYS = 91


class DecisionWorthViewSet(ApiViewSet):
    """What approvals, changes and rejections were worth, once the days that they had to cover were over."""

    queryset = DecisionValue.objects.all()
    serializer_class = WorthReportSerializer
    permissions_by_action = {"list": "insights.view_decisionvalue"}
    pagination_class = None
    filter_backends = []

    @extend_schema(
        summary="What decisions were worth, by person, supplier, reason or kind",
        description="Of decisions whose covered days ended in the period. Currencies are kept apart.",
        parameters=[WorthQuerySerializer],
        responses=WorthReportSerializer,
    )
    def list(self, request: Request) -> Response:
        query = self.read_query(WorthQuerySerializer)
        last = query.get("date_to") or clock.now().date()
        try:
            first = query.get("date_from") or last - timedelta(days=DEFAULT_DAYS - 1)
        except OverflowError as error:
            raise ValidationError({"date_to": "There is no calendar that early."}) from error
        if first > last:
            raise ValidationError({"date_from": "The first day is after the last one."})
        scope, store = scope_of(request), None
        if "store_id" in query:
            store = known_row(Store.objects.visible_to(scope), field="store_id", code=query["store_id"])
        rows = decision_worth(scope=scope, by=query["by"], first=first, last=last, store=store)
        report: dict[str, Any] = {"by": query["by"], "date_from": first, "date_to": last, "results": rows}
        return Response(WorthReportSerializer(report).data)


class DecisionReasonViewSet(ApiViewSet):
    """The reasons that a decision can name."""

    queryset = DecisionReason.objects.filter(is_active=True)
    serializer_class = ReasonSerializer
    permissions_by_action = {"list": "insights.view_decisionreason"}
    pagination_class = None
    filter_backends = []

    @extend_schema(summary="The reasons that are offered, by kind of decision", responses=ReasonSerializer(many=True))
    def list(self, request: Request) -> Response:
        return Response(ReasonSerializer(self.get_queryset(), many=True).data)
