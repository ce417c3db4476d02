"""Alerts, worst first, with what people do about them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from invencare.lib import clock
from inventory.api import filters
from inventory.api.actors import key_of, scope_of
from inventory.api.serializers.alerts import (
    AlertPreferenceSerializer,
    AlertSerializer,
    AssignAlertSerializer,
    ChangePreferenceSerializer,
    SnoozeAlertSerializer,
)
from inventory.api.views.base import ApiViewSet, known_row
from inventory.models import Alert, AlertPreference, Store
from inventory.services.alert_preferences import CHOICES, preference_of, set_preference
from inventory.services.alert_steps import MAY, assign_alerts, snooze_alerts, wake_alerts
from inventory.services.errors import Conflict


class AlertViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, ApiViewSet):
    """What is wrong now, most money at stake first; alerts close by themselves, with their cause."""

    queryset = Alert.objects.prefetch_related("store", "product", "assigned_to").worst_first()
    serializer_class = AlertSerializer
    permissions_by_action = {
        "list": "inventory.view_alert",
        "retrieve": "inventory.view_alert",
        "snooze": MAY,
        "wake": MAY,
        "assign": MAY,
    }
    filterset_class = filters.AlertFilters

    @extend_schema(summary="Put off until then", request=SnoozeAlertSerializer, responses=AlertSerializer)
    @action(detail=True, methods=["post"])
    def snooze(self, request: Request, pk: str) -> Response:
        until = self.read_body(SnoozeAlertSerializer)["until"]
        return self._stepped(lambda who: snooze_alerts(until=until, now=clock.now(), **who))

    @extend_schema(summary="Take back what was put off", request=None, responses=AlertSerializer)
    @action(detail=True, methods=["post"])
    def wake(self, request: Request, pk: str) -> Response:
        return self._stepped(lambda who: wake_alerts(**who), may_do_nothing=True)

    @extend_schema(
        summary="Give it to somebody, or to nobody", request=AssignAlertSerializer, responses=AlertSerializer
    )
    @action(detail=True, methods=["post"])
    def assign(self, request: Request, pk: str) -> Response:
        name = self.read_body(AssignAlertSerializer)["assigned_to"]
        people = User.objects.filter(is_active=True)
        assignee = None if name is None else known_row(people, field="assigned_to", username=name)
        return self._stepped(lambda who: assign_alerts(assignee=assignee, **who))

    def _stepped(self, step: Callable[[dict[str, Any]], int], *, may_do_nothing: bool = False) -> Response:
        user: Any = self.request.user
        alert = self.get_object()
        done = step({"alert_ids": [alert.pk], "actor": user, "scope": scope_of(self.request)})
        if not done and not may_do_nothing:
            raise Conflict("This alert has closed meanwhile.")
        return Response(AlertSerializer(self.get_queryset().get(pk=alert.pk)).data)


class AlertPreferenceViewSet(ApiViewSet):
    """One's own preferences: how many alerts, of which stores, and when by mail."""

    queryset = AlertPreference.objects.all()
    serializer_class = AlertPreferenceSerializer
    permissions_by_action = {"retrieve": "inventory.view_alert", "partial_update": "inventory.view_alert"}
    filter_backends = []
    pagination_class = None

    @extend_schema(summary="How many alerts you want, of which stores, and when by mail")
    def retrieve(self, request: Request) -> Response:
        return Response(_shown(preference_of(request.user)))

    @extend_schema(
        summary="Change what is named; what is left out stays",
        request=ChangePreferenceSerializer,
        responses=AlertPreferenceSerializer,
    )
    def partial_update(self, request: Request) -> Response:
        if key_of(request) is not None:
            raise PermissionDenied("A person's preferences are changed by the person, not by a key.")
        values = self.read_body(ChangePreferenceSerializer)
        codes = values.pop("store_ids", None)
        rows = Store.objects.visible_to(scope_of(request))
        stores = None if codes is None else [known_row(rows, field="store_ids", code=code) for code in codes]
        return Response(_shown(set_preference(user=request.user, values=values, stores=stores)))


def _shown(row: AlertPreference) -> dict[str, Any]:
    stores = row.stores.order_by("code").values_list("code", flat=True) if row.pk else []
    return {**{name: getattr(row, name) for name in CHOICES}, "store_ids": list(stores)}
