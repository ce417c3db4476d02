"""Transfers between stores, as the API shows and takes them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from inventory.api.serializers.purchasing import StepSerializer, by_line
from inventory.api.strict import OutputSerializer, StrictSerializer, UnitsField
from inventory.models import StockTransfer, StockTransferLine


class TransferLineSerializer(OutputSerializer):
    product_id = serializers.CharField(source="product.sku", read_only=True)
    product_name = serializers.CharField(source="product.name", read_only=True)
    open_units = serializers.IntegerField(read_only=True, help_text="Still to leave, or in transit.")

    class Meta:
        model = StockTransferLine
        fields = ["id", "product_id", "product_name", "units", "received_units", "lost_units", "open_units"]


class TransferSerializer(OutputSerializer):
    from_store_id = serializers.CharField(source="from_store.code", read_only=True)
    to_store_id = serializers.CharField(source="to_store.code", read_only=True)

    class Meta:
        model = StockTransfer
        fields = [
            "id",
            "number",
            "from_store_id",
            "to_store_id",
            "status",
            "version",
            "expected_date",
            "notes",
            "created_at",
            "sent_at",
            "closed_at",
        ]


class TransferDetailSerializer(TransferSerializer):
    lines = TransferLineSerializer(many=True, read_only=True)

    class Meta(TransferSerializer.Meta):
        fields = [*TransferSerializer.Meta.fields, "lines"]


class WantedLineSerializer(StrictSerializer):
    product_id = serializers.CharField(max_length=64, help_text="The product's SKU.")
    units = UnitsField(min_value=1)


class NewTransferSerializer(StrictSerializer):
    from_store_id = serializers.CharField(max_length=64, help_text="The sending store's code.")
    to_store_id = serializers.CharField(max_length=64, help_text="The receiving store's code.")
    lines = serializers.ListField(child=WantedLineSerializer(), min_length=1, max_length=500)
    notes = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")

    def validate_lines(self, lines: list[dict[str, Any]]) -> dict[str, int]:
        units = {line["product_id"]: line["units"] for line in lines}
        if len(units) < len(lines):
            raise serializers.ValidationError("Name every product once.")
        return units

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["from_store_id"] == attrs["to_store_id"]:
            raise serializers.ValidationError({"to_store_id": "A transfer goes from one store to another."})
        return attrs


class DispatchSerializer(StepSerializer):
    expected_date = serializers.DateField(
        allow_null=True, default=None, help_text="When it should arrive; left out, the usual days later."
    )


class CloseTransferSerializer(StepSerializer):
    reason = serializers.CharField(max_length=150, help_text="Why the rest did not arrive: it is written off.")


class ArrivedLineSerializer(StrictSerializer):
    line_id = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    units = UnitsField(min_value=1)


class ArrivalSerializer(StrictSerializer):
    lines = serializers.ListField(child=ArrivedLineSerializer(), min_length=1, max_length=500)

    def validate_lines(self, lines: list[dict[str, Any]]) -> dict[int, int]:
        return by_line(lines, lambda line: line["units"])
