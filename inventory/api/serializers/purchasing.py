"""Purchase orders, as the API shows and takes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from rest_framework import serializers

from inventory.api.strict import OutputSerializer, StrictSerializer, UnitsField, VersionField
from inventory.models import PurchaseOrder, PurchaseOrderLine
from inventory.services.purchasing import Arrival

Line = TypeVar("Line")


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
            "refused_units",
            "cancelled_units",
            "close_reason",
            "over_units",
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
            "mail_state",
            "mail_at",
            "mail_problem",
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


class CloseSerializer(StepSerializer):
    reason = serializers.ChoiceField(
        choices=PurchaseOrderLine.CloseReason.choices,
        default=PurchaseOrderLine.CloseReason.SHORT,
        help_text="Why the rest will not come; all but not_needed count against the supplier's fill rate.",
    )


class ReceivedLineSerializer(StrictSerializer):
    """Units taken into stock, units refused, and a reason where the rest of the line will not come."""

    line_id = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    units = UnitsField(default=0)
    refused_units = UnitsField(default=0, help_text="Came damaged or wrong: recorded, never stock.")
    refusal = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    close_reason = serializers.ChoiceField(
        choices=PurchaseOrderLine.CloseReason.choices, required=False, allow_blank=True, default=""
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not (attrs["units"] or attrs["refused_units"] or attrs["close_reason"]):
            raise serializers.ValidationError({"units": "Take, refuse or close something."})
        return attrs


class ReceiveSerializer(StrictSerializer):
    lines = serializers.ListField(child=ReceivedLineSerializer(), min_length=1, max_length=500)

    def validate_lines(self, lines: list[dict[str, Any]]) -> dict[int, Arrival]:
        return by_line(lines, lambda line: Arrival(**line))


def by_line(lines: list[dict[str, Any]], made_of: Callable[..., Line]) -> dict[int, Line]:
    """The lines of a body by their id, each named once."""
    made = {line.pop("line_id"): made_of(line) for line in [dict(line) for line in lines]}
    if len(made) < len(lines):
        raise serializers.ValidationError("Name every line once.")
    return made
