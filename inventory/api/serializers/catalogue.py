"""Stores, suppliers, products and who delivers them, as the API shows and takes them."""

from __future__ import annotations

from typing import Any

from django.db import models
from rest_framework import serializers

from inventory.api.strict import StrictModelSerializer, UnitsField
from inventory.models import Product, Store, Supplier, SupplierItem
from inventory.services import catalogue

MEASURED = [
    "measured_lead_time_days",
    "measured_lead_time_sd_days",
    "lead_time_observations",
    "observed_lead_times",
    "measured_at",
]
"""What the night wrote beside what people stated; nobody sets it by hand."""


class CatalogueSerializer(StrictModelSerializer):
    """A catalogue row: what the database would refuse is refused with the field's name."""

    def create(self, validated_data: dict[str, Any]) -> models.Model:
        return catalogue.create_row(self.Meta.model, values=validated_data)

    def update(self, instance: models.Model, validated_data: dict[str, Any]) -> models.Model:
        return catalogue.change_row(instance, values=validated_data)


class StoreSerializer(CatalogueSerializer):
    class Meta:
        model = Store
        fields = ["code", "name", "time_zone", "currency", "address", "country", "region", "is_active", "created_at"]


class SupplierSerializer(CatalogueSerializer):
    review_period_days = serializers.IntegerField(min_value=1, max_value=366, default=7)

    class Meta:
        model = Supplier
        fields = [
            "code",
            "name",
            "email",
            "address",
            "order_cost",
            "minimum_order_value",
            "review_period_days",
            "order_weekdays",
            "is_active",
            *MEASURED,
            "fill_rate",
            "on_time_share",
        ]
        read_only_fields = [*MEASURED, "fill_rate", "on_time_share"]


class ProductSerializer(CatalogueSerializer):
    pack_size = UnitsField(min_value=1, default=1)
    minimum_order_quantity = UnitsField(default=1)
    shelf_life_days = serializers.IntegerField(min_value=1, max_value=36_500, allow_null=True, default=None)

    class Meta:
        model = Product
        fields = [
            "sku",
            "name",
            "category",
            "price",
            "unit_cost",
            "barcode",
            "pack_size",
            "minimum_order_quantity",
            "shelf_life_days",
            "status",
            "created_at",
            "updated_at",
        ]


class SupplierItemSerializer(CatalogueSerializer):
    supplier_id = serializers.SlugRelatedField(
        source="supplier", slug_field="code", queryset=Supplier.objects.all(), help_text="The supplier's code."
    )
    product_id = serializers.SlugRelatedField(
        source="product", slug_field="sku", queryset=Product.objects.all(), help_text="The product's SKU."
    )
    pack_size = UnitsField(min_value=1, default=1)
    minimum_order_quantity = UnitsField(default=1)

    class Meta:
        model = SupplierItem
        fields = [
            "id",
            "supplier_id",
            "product_id",
            "unit_cost",
            "lead_time_days",
            "lead_time_sd_days",
            "pack_size",
            "minimum_order_quantity",
            "is_preferred",
            *MEASURED,
        ]
        read_only_fields = MEASURED
