"""The calendar, the overrides and the totals of the levels above product and store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from forecasting.api.planning_filters import CalendarEventFilters, ForecastOverrideFilters, ForecastTotalFilters
from forecasting.api.planning_serializers import (
    AddOverrideSerializer,
    CalendarEventSerializer,
    ForecastOverrideSerializer,
    ForecastTotalSerializer,
    WithdrawOverrideSerializer,
)
from forecasting.models import CalendarEvent, DemandForecastTotal, ForecastOverride
from forecasting.services import calendar, overrides
from invencare.lib import clock
from inventory.api.actors import scope_of
from inventory.api.views.base import ApiViewSet, known_row
from inventory.models import Product, Store

API_NAMES = {"stores": "store_ids", "products": "product_ids"}


@contextmanager
def _api_names() -> Iterator[None]:
    """The service's refusals by the names that the API has for the fields."""
    try:
        yield
    except ValidationError as refusal:
        if not hasattr(refusal, "error_dict"):
            raise
        renamed = {API_NAMES.get(name, name): errors for name, errors in refusal.error_dict.items()}
        raise ValidationError(renamed) from refusal


class CalendarEventViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, ApiViewSet):
    """Holidays, promotions, closures and other events of the actor's stores, newest first."""

    queryset = CalendarEvent.objects.all()
    serializer_class = CalendarEventSerializer
    permissions_by_action = {
        "list": "forecasting.view_calendarevent",
        "retrieve": "forecasting.view_calendarevent",
        "create": "forecasting.add_calendarevent",
        "partial_update": "forecasting.change_calendarevent",
    }
    filterset_class = CalendarEventFilters
    search_fields = ["name"]
    ordering_fields = ["first_day", "name"]

    def get_queryset(self) -> QuerySet[Any]:
        rows: Any = super().get_queryset()
        shown: QuerySet[Any] = rows.with_places_and_products(scope_of(self.request))
        return shown

    @extend_schema(summary="Plan an event; who works in some stores alone names them")
    def create(self, request: Request) -> Response:
        values = self.read_body(CalendarEventSerializer)
        with _api_names():
            event = calendar.create_event(values=values, **self._actor())
        return Response(self.get_serializer(event).data, status=status.HTTP_201_CREATED)

    @extend_schema(summary="Change an event, or switch it off with `is_active`; it is never deleted")
    def partial_update(self, request: Request, pk: str) -> Response:
        event = self.get_object()
        serializer = self.get_serializer(event, data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        with _api_names():
            calendar.change_event(event=event, values=serializer.validated_data, **self._actor())
        return Response(self.get_serializer(self.get_object()).data)

    def _actor(self) -> dict[str, Any]:
        return {"actor": self.request.user, "now": clock.now(), "scope": scope_of(self.request)}


class ForecastOverrideViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, ApiViewSet):
    """People's corrections of forecasts, newest first, with those that were withdrawn."""

    queryset = ForecastOverride.objects.prefetch_related("store", "product")
    permissions_by_action = {
        "list": "forecasting.view_forecastoverride",
        "retrieve": "forecasting.view_forecastoverride",
        "create": "forecasting.add_forecastoverride",
        "withdraw": "forecasting.change_forecastoverride",
    }
    filterset_class = ForecastOverrideFilters
    ordering_fields = ["first_day", "created_at"]
    serializer_class: type[BaseSerializer[Any]] = ForecastOverrideSerializer

    @extend_schema(
        summary="Override a forecast: laid over the newest one at once, and over every night's until it ends",
        request=AddOverrideSerializer,
        responses={201: ForecastOverrideSerializer},
    )
    def create(self, request: Request) -> Response:
        body = self.read_body(AddOverrideSerializer)
        stores = Store.objects.visible_to(scope_of(request))
        override = overrides.add_override(
            store=known_row(stores, field="store_id", code=body.pop("store_id")),
            product=known_row(Product.objects.all(), field="product_id", sku=body.pop("product_id")),
            **body,
            **self._actor(),
        )
        return Response(ForecastOverrideSerializer(override).data, status=status.HTTP_201_CREATED)

    @extend_schema(
        summary="Withdraw an override; it stays as a record",
        request=WithdrawOverrideSerializer,
        responses=ForecastOverrideSerializer,
    )
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        override = overrides.withdraw_override(
            override_id=self.get_object().pk, **self.read_body(WithdrawOverrideSerializer), **self._actor()
        )
        return Response(ForecastOverrideSerializer(override).data)

    def _actor(self) -> dict[str, Any]:
        return {"actor": self.request.user, "now": clock.now(), "scope": scope_of(self.request)}


class ForecastTotalViewSet(mixins.ListModelMixin, ApiViewSet):
    """Demand over many series. Totals over stores are shown to who sees every store."""

    queryset = DemandForecastTotal.objects.order_by("-forecast_date", "-pk").prefetch_related("store", "product")
    serializer_class = ForecastTotalSerializer
    permissions_by_action = {"list": "forecasting.view_demandforecasttotal"}
    filterset_class = ForecastTotalFilters
    ordering_fields = ["forecast_date", "expected_units"]

    @extend_schema(
        operation_id="forecasts_totals_list",
        summary="Totals of the nightly forecasts by company, store, category, category in a store, or product",
    )
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().list(request, *args, **kwargs)
