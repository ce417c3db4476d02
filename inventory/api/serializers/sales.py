"""Sales files and daily sales, as the API shows and takes them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from inventory.api.strict import StrictSerializer
from inventory.models import DailySales, SalesFile

MAX_SUMMARY_DAYS = 366


class DailySalesSerializer(serializers.ModelSerializer[DailySales]):
    store_id = serializers.CharField(source="store.code", read_only=True)
    net_units = serializers.SerializerMethodField()

    class Meta:
        model = DailySales
        fields = [
            "business_date",
            "store_id",
            "units",
            "returned_units",
            "net_units",
            "revenue",
            "transactions",
            "promotion_lines",
            "out_of_stock_seconds",
        ]

    def get_net_units(self, row: DailySales) -> int:
        return row.units - row.returned_units


class SummaryQuerySerializer(StrictSerializer):
    store_id = serializers.CharField(required=False, max_length=64, help_text="The store's code; all, if left out.")
    date_from = serializers.DateField(required=False, help_text="First day; 28 days up to the last, if left out.")
    date_to = serializers.DateField(required=False, help_text="Last day, included; today (UTC), if left out.")


class StoreSalesSerializer(serializers.Serializer[Any]):
    store_id = serializers.CharField()
    currency = serializers.CharField()
    units = serializers.IntegerField()
    returned_units = serializers.IntegerField()
    revenue = serializers.DecimalField(max_digits=18, decimal_places=4)
    transactions = serializers.IntegerField()
    products = serializers.IntegerField(help_text="Distinct products with sales or returns.")


class CurrencyRevenueSerializer(serializers.Serializer[Any]):
    currency = serializers.CharField()
    revenue = serializers.DecimalField(max_digits=18, decimal_places=4)


class SalesSummarySerializer(serializers.Serializer[Any]):
    """Sums over the period; money per currency, because stores have their own."""

    date_from = serializers.DateField()
    date_to = serializers.DateField()
    units = serializers.IntegerField()
    returned_units = serializers.IntegerField()
    transactions = serializers.IntegerField()
    revenue = CurrencyRevenueSerializer(many=True)
    stores = StoreSalesSerializer(many=True)


class SalesFileSerializer(serializers.ModelSerializer[SalesFile]):
    store_id = serializers.CharField(source="store.code", read_only=True, allow_null=True, default=None)

    class Meta:
        model = SalesFile
        fields = [
            "id",
            "name",
            "checksum",
            "store_id",
            "status",
            "size_bytes",
            "rows_read",
            "rows_added",
            "rows_known",
            "rows_rejected",
            "units",
            "revenue",
            "first_date",
            "last_date",
            "message",
            "created_at",
            "started_at",
            "finished_at",
        ]


class RowErrorSerializer(serializers.Serializer[Any]):
    line = serializers.IntegerField()
    field = serializers.CharField()
    reason = serializers.CharField()


class SalesFileDetailSerializer(SalesFileSerializer):
    row_errors = RowErrorSerializer(many=True, help_text="The first 1,000 rejected rows.")

    class Meta(SalesFileSerializer.Meta):
        fields = [*SalesFileSerializer.Meta.fields, "row_errors"]
