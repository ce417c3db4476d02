"""Sales files and daily sales, as the API shows and takes them."""

from __future__ import annotations

import json
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from inventory.api.strict import OutputSerializer, StrictSerializer
from inventory.models import DailySales, SalesFile
from inventory.services.sales_import.options import DATE_ORDERS, DECIMAL_MARKS, STOCK_EFFECTS

MAX_SUMMARY_DAYS = 366


@extend_schema_field(OpenApiTypes.STR)
class ColumnsField(serializers.JSONField):
    """A JSON object of strings, as one part of a form."""

    def to_internal_value(self, data: Any) -> dict[str, str]:
        try:
            columns = json.loads(data) if isinstance(data, str) else data
        except (ValueError, RecursionError):
            columns = None
        if not isinstance(columns, dict) or not all(isinstance(name, str) for name in columns.values()):
            raise serializers.ValidationError("Give a JSON object from field to column name.")
        return columns


class DailySalesSerializer(OutputSerializer):
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


class UploadSerializer(StrictSerializer):
    """The file and how to read it; what is left empty is found out from the file."""

    file = serializers.FileField(max_length=255, help_text="CSV, Parquet or XLSX.")
    store_id = serializers.CharField(
        source="store", max_length=64, default="", allow_blank=True, help_text="For a file without a store column."
    )
    product_id = serializers.CharField(
        source="product", max_length=64, default="", allow_blank=True, help_text="For a file without a product column."
    )
    columns = ColumnsField(
        default=dict, help_text='A JSON object from field to column name, such as `{"quantity": "units sold"}`.'
    )
    create_missing = serializers.BooleanField(default=False, help_text="Make unknown stores and products.")
    stock = serializers.ChoiceField(
        choices=list(STOCK_EFFECTS),
        default="auto",
        help_text="Whether sales move stock: auto (not before a level was first counted), move or history (never).",
    )
    date_order = serializers.ChoiceField(choices=list(DATE_ORDERS), default="", allow_blank=True)
    date_format = serializers.CharField(max_length=40, default="", allow_blank=True)
    decimal_mark = serializers.ChoiceField(choices=list(DECIMAL_MARKS), default="", allow_blank=True)
    delimiter = serializers.CharField(max_length=10, default="", allow_blank=True, trim_whitespace=False)
    encoding = serializers.CharField(max_length=40, default="", allow_blank=True)
    sheet = serializers.CharField(max_length=100, default="", allow_blank=True)
    time_zone = serializers.CharField(max_length=64, default="", allow_blank=True, help_text="Of stores made.")


class AcceptedFileSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    status = serializers.ChoiceField(choices=SalesFile.Status.choices)
    status_url = serializers.URLField()


class SalesFileSerializer(OutputSerializer):
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
    value = serializers.CharField()
    reason = serializers.CharField()


class SalesFileDetailSerializer(SalesFileSerializer):
    row_errors = RowErrorSerializer(many=True, help_text="The first 1,000 rejected rows.")

    class Meta(SalesFileSerializer.Meta):
        fields = [*SalesFileSerializer.Meta.fields, "row_errors"]
