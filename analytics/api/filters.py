"""What metrics and trends can be filtered by."""

from __future__ import annotations

from typing import Any

from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema_field

from analytics.models import Anomaly, ClassMove, ProductPerformance, SalesTrend


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


LETTERS = [("A", "A"), ("B", "B"), ("C", "C"), ("none", "No class")]


class ClassLetterFilter(filters.ChoiceFilter):
    """A letter, or ``none`` for what has no class."""

    def filter(self, qs: Any, value: Any) -> Any:
        return qs.filter(**{str(self.field_name): ""}) if value == "none" else super().filter(qs, value)


class _InAStore(filters.FilterSet):
    store_id = filters.CharFilter(field_name="store__code", label="The store's code.")
    product_id = filters.CharFilter(field_name="product__sku", label="The product's SKU.")


class PerformanceFilters(_InAStore):
    category = filters.CharFilter(field_name="product__category")
    period_type = filters.ChoiceFilter(choices=ProductPerformance.PeriodType.choices)
    movement = filters.ChoiceFilter(choices=ProductPerformance.Movement.choices)
    stock_status = filters.ChoiceFilter(choices=ProductPerformance.StockStatus.choices)
    abc_class = ClassLetterFilter(choices=LETTERS)
    date_from = filters.DateFilter(field_name="analysis_date", lookup_expr="gte", label="First day analysed.")
    date_to = filters.DateFilter(field_name="analysis_date", lookup_expr="lte", label="Last day, included.")


class ProductClassFilters(_InAStore):
    abc_class = ClassLetterFilter(choices=LETTERS)
    margin_class = ClassLetterFilter(choices=LETTERS)
    xyz_class = ClassLetterFilter(choices=[("X", "X"), ("Y", "Y"), ("Z", "Z"), ("none", "No class")])


class ClassMoveFilters(_InAStore):
    scheme = filters.ChoiceFilter(choices=ClassMove.Scheme.choices)
    date_from = filters.DateFilter(field_name="moved_on", lookup_expr="gte", label="First day.")
    date_to = filters.DateFilter(field_name="moved_on", lookup_expr="lte", label="Last day, included.")


class AnomalyFilters(_InAStore):
    level = filters.ChoiceFilter(choices=Anomaly.Level.choices)
    category = filters.CharFilter()
    metric = filters.ChoiceFilter(choices=Anomaly.Metric.choices)
    kind = filters.ChoiceFilter(choices=Anomaly.Kind.choices)
    status = filters.ChoiceFilter(choices=Anomaly.Status.choices)
    date_from = filters.DateFilter(field_name="business_date", lookup_expr="gte", label="First business day.")
    date_to = filters.DateFilter(field_name="business_date", lookup_expr="lte", label="Last business day, included.")
