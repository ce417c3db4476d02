"""What lists of forecasts can be filtered by."""

from __future__ import annotations

from django_filters import rest_framework as filters


class ForecastFilters(filters.FilterSet):
    store_id = filters.CharFilter(field_name="store__code", label="The store's code.")
    product_id = filters.CharFilter(field_name="product__sku", label="The product's SKU.")
    category = filters.CharFilter(field_name="product__category")
    forecast_date = filters.DateFilter(label="First day that is forecast.")
