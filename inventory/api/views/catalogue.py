"""Stores, suppliers, products and supplier items: lists, and what buyers and administrators write."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins

from inventory.api import filters
from inventory.api.serializers.catalogue import (
    ProductSerializer,
    StoreSerializer,
    SupplierItemSerializer,
    SupplierSerializer,
)
from inventory.api.views.base import ApiViewSet
from inventory.models import Product, Store, Supplier, SupplierItem
from inventory.services import catalogue

OUTSIDE_ID = ".+"  # a code may hold a slash; nothing lies below these paths


def _crud(model: str) -> dict[str, str]:
    return {
        "list": f"inventory.view_{model}",
        "retrieve": f"inventory.view_{model}",
        "create": f"inventory.add_{model}",
        "update": f"inventory.change_{model}",
        "partial_update": f"inventory.change_{model}",
    }


class CatalogueViewSet(
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.CreateModelMixin,
    mixins.UpdateModelMixin,
    ApiViewSet,
):
    """What the four catalogue lists share."""


class StoreViewSet(CatalogueViewSet):
    """The stores of the actor."""

    queryset = Store.objects.all()
    serializer_class = StoreSerializer
    permissions_by_action = _crud("store")
    filterset_class = filters.StoreFilters
    search_fields = ["code", "name"]
    ordering_fields = ["code", "name"]
    lookup_field = "code"
    lookup_value_regex = OUTSIDE_ID


class SupplierViewSet(CatalogueViewSet):
    """The company's suppliers."""

    queryset = Supplier.objects.all()
    serializer_class = SupplierSerializer
    permissions_by_action = _crud("supplier")
    filterset_class = filters.SupplierFilters
    search_fields = ["code", "name"]
    ordering_fields = ["code", "name"]
    lookup_field = "code"
    lookup_value_regex = OUTSIDE_ID


@extend_schema_view(
    destroy=extend_schema(
        summary="Take back a product that was never used; one with history is refused with 409: discontinue it"
    )
)
class ProductViewSet(mixins.DestroyModelMixin, CatalogueViewSet):
    """The company's catalogue, by SKU."""

    queryset = Product.objects.all()
    serializer_class = ProductSerializer
    # To take back what was never used is part of adding it; what was used, nobody deletes.
    permissions_by_action = {**_crud("product"), "destroy": "inventory.add_product"}
    filterset_class = filters.ProductFilters
    search_fields = ["sku", "name", "barcode"]
    ordering_fields = ["sku", "name", "category", "price", "updated_at"]
    lookup_field = "sku"
    lookup_value_regex = OUTSIDE_ID

    def perform_destroy(self, instance: Any) -> None:
        catalogue.delete_product(instance)


class SupplierItemViewSet(mixins.DestroyModelMixin, CatalogueViewSet):
    """Which supplier delivers which product, at what cost and lead time."""

    queryset = SupplierItem.objects.select_related("supplier", "product").order_by("pk")
    serializer_class = SupplierItemSerializer
    permissions_by_action = {**_crud("supplieritem"), "destroy": "inventory.delete_supplieritem"}
    filterset_class = filters.SupplierItemFilters
    ordering_fields = ["unit_cost", "lead_time_days"]
