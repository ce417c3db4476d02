"""Purchase orders, as the API shows and takes them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from inventory.api.strict import OutputSerializer, StrictSerializer, UnitsField, VersionField
from inventory.models import PurchaseOrder, PurchaseOrderLine


class OrderLineSerializer(OutputSerializer):
    product_id = serializers.CharField(source="product.sku", read_only=True)
    product_name = serializers.CharField(source="product.name", read_only=True)
    line_total = serializers.DecimalField(max_digits=18, decimal_places=4, read_only=True)

    class Meta:
        model = PurchaseOrderLine
        fields = [
            "id",
            "product_id",
            "product_name",
            "ordered_units",
            "received_units",
            "open_units",
            "unit_cost",
            "line_total",
        ]


class OrderSerializer(OutputSerializer):
    store_id = serializers.CharField(source="store.code", read_only=True)
    supplier_id = serializers.CharField(source="supplier.code", read_only=True)
    line_count = serializers.IntegerField(read_only=True)
    order_value = serializers.DecimalField(
        max_digits=18, decimal_places=4, read_only=True, allow_null=True, help_text="Empty without lines."
    )

    class Meta:
        model = PurchaseOrder
        fields = [
            "id",
            "number",
            "store_id",
            "supplier_id",
            "status",
            "version",
            "line_count",
            "order_value",
            "order_date",
            "expected_date",
            "notes",
            "created_at",
            "sent_at",
            "closed_at",
        ]


class OrderDetailSerializer(OrderSerializer):
    lines = OrderLineSerializer(many=True, read_only=True)

    class Meta(OrderSerializer.Meta):
        fields = [*OrderSerializer.Meta.fields, "lines"]


class StepSerializer(StrictSerializer):
    version = VersionField()


class CancelSerializer(StepSerializer):
    reason = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class ReceivedLineSerializer(StrictSerializer):
    line_id = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    units = UnitsField(min_value=1)


class ReceiveSerializer(StrictSerializer):
    lines = serializers.ListField(child=ReceivedLineSerializer(), min_length=1, max_length=500)

    def validate_lines(self, lines: list[dict[str, Any]]) -> dict[int, int]:
        units = {line["line_id"]: line["units"] for line in lines}
        if len(units) < len(lines):
            raise serializers.ValidationError("Name every line once.")
        return units
