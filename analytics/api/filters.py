"""What metrics and trends can be filtered by."""

from __future__ import annotations

from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema_field

from analytics.models import SalesTrend


class StoreMetricsFilters(filters.FilterSet):
    store_id = filters.CharFilter(field_name="store__code", label="The store's code.")
    date_from = filters.DateFilter(field_name="business_date", lookup_expr="gte", label="First business day.")
    date_to = filters.DateFilter(field_name="business_date", lookup_expr="lte", label="Last business day, included.")


@extend_schema_field({"type": "integer", "enum": [7, 28]})  # the column's own bounds differ by database
class WindowFilter(filters.ChoiceFilter):
    """One of the windows that trends are tested over, in days."""


class SalesTrendFilters(filters.FilterSet):
    level = filters.ChoiceFilter(choices=SalesTrend.Level.choices)
    store_id = filters.CharFilter(field_name="store__code", label="The store's code.")
    category = filters.CharFilter()
    metric = filters.ChoiceFilter(choices=SalesTrend.Metric.choices)
    window_days = WindowFilter(choices=[(7, "7"), (28, "28")])
    verdict = filters.ChoiceFilter(choices=SalesTrend.Verdict.choices)
    date_from = filters.DateFilter(field_name="business_date", lookup_expr="gte", label="First last day of a window.")
    date_to = filters.DateFilter(field_name="business_date", lookup_expr="lte", label="Last day, included.")
