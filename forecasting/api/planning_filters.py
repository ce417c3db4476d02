"""What events, overrides and totals can be filtered by."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters

from forecasting.models import CalendarEvent, DemandForecastTotal
from inventory.models import Store


class CalendarEventFilters(filters.FilterSet):
    kind = filters.ChoiceFilter(choices=CalendarEvent.Kind.choices)
    name = filters.CharFilter()
    is_active = filters.BooleanFilter()
    date_from = filters.DateFilter(field_name="last_day", lookup_expr="gte", label="Events that end on it or later.")
    date_to = filters.DateFilter(field_name="first_day", lookup_expr="lte", label="Events that begin on it or before.")
    store_id = filters.CharFilter(method="held_at", label="The store's code: events that are held there.")

    def held_at(self, events: Any, name: str, code: str) -> QuerySet[Any]:
        held: QuerySet[Any] = events.at(*Store.objects.filter(code=code))
        return held


class ForecastOverrideFilters(filters.FilterSet):
    store_id = filters.CharFilter(field_name="store__code", label="The store's code.")
    product_id = filters.CharFilter(field_name="product__sku", label="The product's SKU.")
    is_active = filters.BooleanFilter(field_name="withdrawn_at", lookup_expr="isnull", label="In force.")
    date_from = filters.DateFilter(field_name="last_day", lookup_expr="gte", label="That end on it or later.")
    date_to = filters.DateFilter(field_name="first_day", lookup_expr="lte", label="That begin on it or before.")


class ForecastTotalFilters(filters.FilterSet):
    level = filters.ChoiceFilter(choices=DemandForecastTotal.Level.choices)
    store_id = filters.CharFilter(field_name="store__code", label="The store's code.")
    product_id = filters.CharFilter(field_name="product__sku", label="The product's SKU.")
    category = filters.CharFilter()
    forecast_date = filters.DateFilter(label="First day forecast.")
