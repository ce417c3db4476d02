"""What recommendations and runs can be filtered by."""

from __future__ import annotations

from django_filters import rest_framework as filters

from insights.models import AnalysisRun, ExcessRecommendation, ReorderRecommendation


class RecommendationFilters(filters.FilterSet):
    store_id = filters.CharFilter(field_name="store__code", label="The store's code.")
    product_id = filters.CharFilter(field_name="product__sku", label="The product's SKU.")
    supplier_id = filters.CharFilter(field_name="supplier__code", label="The supplier's code.")
    status = filters.ChoiceFilter(choices=ReorderRecommendation.Status.choices)
    urgency_level = filters.ChoiceFilter(choices=ReorderRecommendation.Urgency.choices)
    abc_class = filters.ChoiceFilter(choices=[(letter, letter) for letter in "ABC"])
    recommendation_date = filters.DateFilter()


class TransferRecommendationFilters(filters.FilterSet):
    from_store_id = filters.CharFilter(field_name="from_store__code", label="The sending store's code.")
    to_store_id = filters.CharFilter(field_name="to_store__code", label="The receiving store's code.")
    product_id = filters.CharFilter(field_name="product__sku", label="The product's SKU.")
    status = filters.ChoiceFilter(choices=ReorderRecommendation.Status.choices)
    recommendation_date = filters.DateFilter()


class ExcessFilters(filters.FilterSet):
    store_id = filters.CharFilter(field_name="store__code", label="The store's code.")
    product_id = filters.CharFilter(field_name="product__sku", label="The product's SKU.")
    action = filters.ChoiceFilter(choices=ExcessRecommendation.Action.choices)
    status = filters.ChoiceFilter(choices=ReorderRecommendation.Status.choices)
    recommendation_date = filters.DateFilter()


class RunFilters(filters.FilterSet):
    status = filters.ChoiceFilter(choices=AnalysisRun.Status.choices)
    business_date = filters.DateFilter()
