"""What each list can be filtered by: explicit fields, by the outside world's names."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters

from invencare.lib import clock
from inventory.models import (
    Alert,
    InventoryTransaction,
    Product,
    PurchaseOrder,
    SalesFile,
    StockEvent,
    StockTransfer,
)

STOCK_STATUSES = ("Out of Stock", "Low Stock", "Overstocked", "Normal")


class StoreFilters(filters.FilterSet):
    is_active = filters.BooleanFilter()


class SupplierFilters(filters.FilterSet):
    is_active = filters.BooleanFilter()


class ProductFilters(filters.FilterSet):
    category = filters.CharFilter()
    status = filters.ChoiceFilter(choices=Product.Status.choices)


class SupplierItemFilters(filters.FilterSet):
    supplier_id = filters.CharFilter(field_name="supplier__code", label="The supplier's code.")
    product_id = filters.CharFilter(field_name="product__sku", label="The product's SKU.")
    is_preferred = filters.BooleanFilter()


class StockFilters(filters.FilterSet):
    store_id = filters.CharFilter(field_name="store__code", label="The store's code.")
    product_id = filters.CharFilter(field_name="product__sku", label="The product's SKU.")
    category = filters.CharFilter(field_name="product__category")
    stock_status = filters.ChoiceFilter(choices=[(status, status) for status in STOCK_STATUSES])


class TransactionFilters(filters.FilterSet):
    store_id = filters.CharFilter(field_name="store__code", label="The store's code.")
    product_id = filters.CharFilter(field_name="product__sku", label="The product's SKU.")
    movement_type = filters.ChoiceFilter(choices=InventoryTransaction.Type.choices)
    date_from = filters.DateFilter(field_name="business_date", lookup_expr="gte", label="First business day.")
    date_to = filters.DateFilter(field_name="business_date", lookup_expr="lte", label="Last business day, included.")


class DailySalesFilters(filters.FilterSet):
    store_id = filters.CharFilter(field_name="store__code", label="The store's code.")
    date_from = filters.DateFilter(field_name="business_date", lookup_expr="gte", label="First business day.")
    date_to = filters.DateFilter(field_name="business_date", lookup_expr="lte", label="Last business day, included.")


class SalesFileFilters(filters.FilterSet):
    store_id = filters.CharFilter(field_name="store__code", label="The store's code.")
    status = filters.ChoiceFilter(choices=SalesFile.Status.choices)


class OrderFilters(filters.FilterSet):
    store_id = filters.CharFilter(field_name="store__code", label="The store's code.")
    supplier_id = filters.CharFilter(field_name="supplier__code", label="The supplier's code.")
    status = filters.ChoiceFilter(choices=PurchaseOrder.Status.choices)
    mail_state = filters.ChoiceFilter(choices=PurchaseOrder.MailState.choices)
    is_open = filters.BooleanFilter(method="only_open", label="Not yet received in full, nor cancelled.")

    def only_open(self, orders: Any, name: str, is_open: bool) -> QuerySet[Any]:  # noqa: FBT001  as called
        still_open: QuerySet[Any] = orders.open()
        closed: QuerySet[Any] = orders.exclude(pk__in=still_open.values("pk"))
        return still_open if is_open else closed


class TransferFilters(filters.FilterSet):
    from_store_id = filters.CharFilter(field_name="from_store__code", label="The sending store's code.")
    to_store_id = filters.CharFilter(field_name="to_store__code", label="The receiving store's code.")
    status = filters.ChoiceFilter(choices=StockTransfer.Status.choices)


class StockEventFilters(filters.FilterSet):
    store_id = filters.CharFilter(field_name="store__code", label="The store's code.")
    product_id = filters.CharFilter(field_name="product__sku", label="The product's SKU.")
    event_id = filters.CharFilter(field_name="identity", label="The event's id.")
    outcome = filters.ChoiceFilter(choices=StockEvent.Outcome.choices)
    source = filters.ChoiceFilter(choices=StockEvent.Source.choices)


class AlertFilters(filters.FilterSet):
    """Open alerts that nobody has put off, unless ``state`` names others."""

    store_id = filters.CharFilter(field_name="store__code", label="The store's code.")
    product_id = filters.CharFilter(field_name="product__sku", label="The product's SKU.")
    kind = filters.ChoiceFilter(choices=Alert.Kind.choices)
    severity = filters.ChoiceFilter(choices=Alert.Severity.choices)
    assigned_to = filters.CharFilter(field_name="assigned_to__username", label="A user name.")
    state = filters.ChoiceFilter(
        choices=[(word, word) for word in ("open", "snoozed", "closed", "all")],
        method="in_state",
        label="Left out on a list: open.",
    )

    def filter_queryset(self, queryset: Any) -> Any:
        """Also without ``state``, which is open; one alert by its id is found in any."""
        rows = super().filter_queryset(queryset)
        is_list = getattr(self.request.parser_context["view"], "action", "") == "list"
        return self.in_state(rows, "state", "open") if is_list and not self.form.cleaned_data.get("state") else rows

    def in_state(self, alerts: Any, name: str, state: str) -> QuerySet[Any]:
        now = clock.now()
        if state == "closed":
            found: QuerySet[Any] = alerts.filter(closed_at__isnull=False)
        elif state == "all":
            found = alerts
        else:
            found = alerts.open().awake(now) if state == "open" else alerts.open().snoozed(now)
        return found
