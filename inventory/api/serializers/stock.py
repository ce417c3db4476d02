"""Stock levels and the ledger, as the API shows and takes them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from inventory.api.strict import OutputSerializer, StrictModelSerializer, StrictSerializer, UnitsField
from inventory.calc.balances import MAX_UNITS
from inventory.calc.movements import ADJUSTMENT, COUNT, RETURN, SALE, WRITE_OFF
from inventory.models import InventoryTransaction, StockLevel
from inventory.services import catalogue
from inventory.services.reported_movements import ReportedMovement

REPORTABLE = (SALE, RETURN, WRITE_OFF, ADJUSTMENT, COUNT)
NEEDS_REASON = frozenset({WRITE_OFF, ADJUSTMENT, COUNT})
MAX_MOVEMENTS = 500


class StockLevelSerializer(StrictModelSerializer):
    """Only the bounds can be set; stock moves by the ledger alone."""

    store_id = serializers.CharField(source="store.code", read_only=True)
    product_id = serializers.CharField(source="product.sku", read_only=True)
    product_name = serializers.CharField(source="product.name", read_only=True)
    stock_status = serializers.CharField(read_only=True)
    minimum_units = UnitsField(required=False)
    maximum_units = UnitsField(required=False, help_text="0: no maximum is set.")

    class Meta:
        model = StockLevel
        fields = [
            "id",
            "store_id",
            "product_id",
            "product_name",
            "on_hand_units",
            "minimum_units",
            "maximum_units",
            "stock_status",
            "is_on_sale",
            "tracked_from",
            "last_event_at",
        ]
        read_only_fields = ["on_hand_units", "is_on_sale", "tracked_from", "last_event_at"]

    def update(self, instance: StockLevel, validated_data: dict[str, Any]) -> StockLevel:
        return catalogue.change_row(instance, values=validated_data)


class AdjustmentSerializer(StrictSerializer):
    change = serializers.IntegerField(
        min_value=-MAX_UNITS, max_value=MAX_UNITS, help_text="Units to add, or with a minus to take away; not 0."
    )
    reason = serializers.CharField(max_length=200)

    def validate_change(self, change: int) -> int:
        if change == 0:
            raise serializers.ValidationError("An adjustment changes something.")
        return change


class CountSerializer(StrictSerializer):
    counted_units = UnitsField(help_text="The units that are there now.")
    reason = serializers.CharField(max_length=200)


class TransactionSerializer(OutputSerializer):
    store_id = serializers.CharField(source="store.code", read_only=True)
    product_id = serializers.CharField(source="product.sku", read_only=True)
    customer_id = serializers.CharField(source="customer.code", read_only=True, allow_null=True, default=None)

    class Meta:
        model = InventoryTransaction
        fields = [
            "id",
            "store_id",
            "product_id",
            "movement_type",
            "quantity",
            "stock_change",
            "before_units",
            "after_units",
            "unit_price",
            "total",
            "is_promotion",
            "customer_id",
            "reference",
            "reason",
            "occurred_at",
            "business_date",
            "source",
            "recorded_by",
            "recorded_at",
        ]


class MovementSerializer(StrictSerializer):
    """One movement: a sale, return or write-off of ``quantity`` units, a signed adjustment, or a count."""

    store_id = serializers.CharField(max_length=64, help_text="The store's code.")
    product_id = serializers.CharField(max_length=64, help_text="The product's SKU.")
    movement_type = serializers.ChoiceField(choices=REPORTABLE)
    quantity = serializers.IntegerField(
        min_value=-MAX_UNITS,
        max_value=MAX_UNITS,
        help_text="Units. Not negative, but for an adjustment: the signed change. For a count: the units there now.",
    )
    occurred_at = serializers.DateTimeField(
        required=False, allow_null=True, default=None, help_text="When; now, where it is left out."
    )
    unit_price = serializers.DecimalField(
        max_digits=14,
        decimal_places=4,
        min_value=0,
        max_value=10**9,
        required=False,
        allow_null=True,
        default=None,
        help_text="Of a sale or return; without it the units count, and no revenue.",
    )
    customer_id = serializers.CharField(max_length=64, required=False, allow_blank=True, default="")
    is_promotion = serializers.BooleanField(required=False, default=False)
    reference = serializers.CharField(max_length=64, required=False, allow_blank=True, default="")
    reason = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        kind, quantity = attrs["movement_type"], attrs["quantity"]
        if kind == ADJUSTMENT and quantity == 0:
            raise serializers.ValidationError({"quantity": "An adjustment changes something."})
        if kind == COUNT and quantity < 0:
            raise serializers.ValidationError({"quantity": "A count is not negative."})
        if kind not in {ADJUSTMENT, COUNT} and quantity < 1:
            raise serializers.ValidationError({"quantity": f"A {kind} moves at least 1 unit."})
        if kind in NEEDS_REASON and not attrs["reason"]:
            raise serializers.ValidationError({"reason": f"A {kind} needs a reason."})
        return attrs


class MovementsSerializer(StrictSerializer):
    movements = serializers.ListField(child=MovementSerializer(), min_length=1, max_length=MAX_MOVEMENTS)

    def reported(self) -> list[ReportedMovement]:
        return [ReportedMovement(**movement) for movement in self.validated_data["movements"]]


class RecordedSerializer(serializers.Serializer[Any]):
    """What was written: rows added, and rows that the ledger had already from the same request."""

    added = serializers.IntegerField()
    known = serializers.IntegerField()
