"""Reports to read and to take along (FM-4): JSON, CSV in a stream, or XLSX."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from django.http import FileResponse, HttpResponseBase, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from forecasting.models import ProductDemandForecast
from insights.models import ReorderRecommendation
from insights.services import reports
from invencare.lib.spreadsheets import csv_lines, xlsx_file
from inventory.api.actors import scope_of
from inventory.api.files import AnyAccepted
from inventory.api.strict import StrictSerializer
from inventory.api.views.base import ApiViewSet, known_row
from inventory.models import Store

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
NIGHTLY_HORIZON_DAYS = 28


class _ReportQuerySerializer(StrictSerializer):
    file_format = serializers.ChoiceField(choices=["json", "csv", "xlsx"], default="json")
    store_id = serializers.CharField(
        required=False, max_length=64, help_text="The store's code; all of yours, if left out."
    )
    category = serializers.CharField(required=False, max_length=100)


class ForecastReportQuerySerializer(_ReportQuerySerializer):
    forecast_date = serializers.DateField(required=False, help_text="The newest day there is, if left out.")
    horizon_days = serializers.IntegerField(min_value=1, max_value=365, default=NIGHTLY_HORIZON_DAYS)


class RecommendationReportQuerySerializer(_ReportQuerySerializer):
    kind = serializers.ChoiceField(choices=list(reports.KINDS), required=False, help_text="All three, if left out.")
    status = serializers.ChoiceField(
        choices=[*ReorderRecommendation.Status.values, "all"], default=ReorderRecommendation.Status.PENDING.value
    )


class ForecastStoreSerializer(serializers.Serializer[Any]):
    """One store's sums."""

    store_id = serializers.CharField()
    series = serializers.IntegerField(help_text="Products forecast there.")
    expected_units = serializers.FloatField()
    measured_series = serializers.IntegerField(help_text="With an accuracy from the backtest.")
    mean_accuracy_score = serializers.FloatField(allow_null=True)


class ForecastLineSerializer(serializers.Serializer[Any]):
    store_id = serializers.CharField()
    product_id = serializers.CharField()
    product_name = serializers.CharField()
    category = serializers.CharField(allow_blank=True)
    forecast_date = serializers.DateField()
    horizon_days = serializers.IntegerField()
    model = serializers.CharField()
    expected_units = serializers.FloatField(allow_null=True)
    lower_units = serializers.FloatField(allow_null=True)
    upper_units = serializers.FloatField(allow_null=True)
    expected_units_7_days = serializers.FloatField(allow_null=True)
    expected_units_14_days = serializers.FloatField(allow_null=True)
    accuracy_score = serializers.FloatField(allow_null=True)
    history_days = serializers.IntegerField()
    on_hand_units = serializers.IntegerField(allow_null=True)
    days_of_stock = serializers.FloatField(allow_null=True)


class ForecastReportSerializer(serializers.Serializer[Any]):
    forecast_date = serializers.DateField(allow_null=True)
    horizon_days = serializers.IntegerField()
    count = serializers.IntegerField()
    stores = ForecastStoreSerializer(many=True)
    results = ForecastLineSerializer(many=True)


class RecommendationSumSerializer(serializers.Serializer[Any]):
    """Sums of one kind by urgency or action, in one currency."""

    kind = serializers.CharField(help_text="`order`, `transfer` or `excess`.")
    group = serializers.CharField(help_text="The urgency of orders, the action of excess.")
    currency = serializers.CharField()
    recommendations = serializers.IntegerField()
    units = serializers.IntegerField()
    value = serializers.DecimalField(max_digits=20, decimal_places=2, help_text="Units at cost.")
    money = serializers.DecimalField(
        max_digits=20, decimal_places=2, help_text="Margin at risk, net gain, or money at stake."
    )


class RecommendationLineSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField(help_text="`order`, `transfer` or `excess`.")
    id = serializers.IntegerField()
    recommendation_date = serializers.DateField()
    store_id = serializers.CharField(help_text="Of a transfer, the sender.")
    to_store_id = serializers.CharField(allow_null=True)
    product_id = serializers.CharField()
    product_name = serializers.CharField()
    category = serializers.CharField(allow_blank=True)
    supplier_id = serializers.CharField(allow_null=True)
    action = serializers.CharField()
    units = serializers.IntegerField()
    unit_cost = serializers.DecimalField(max_digits=14, decimal_places=4)
    value = serializers.DecimalField(max_digits=20, decimal_places=2)
    money = serializers.DecimalField(max_digits=16, decimal_places=2)
    currency = serializers.CharField()
    urgency_level = serializers.CharField(allow_null=True)
    stockout_probability = serializers.FloatField(allow_null=True)
    on_hand_units = serializers.IntegerField()
    on_order_units = serializers.IntegerField(allow_null=True)
    status = serializers.ChoiceField(choices=ReorderRecommendation.Status.choices)
    notes = serializers.CharField(allow_blank=True)


class RecommendationReportSerializer(serializers.Serializer[Any]):
    count = serializers.IntegerField()
    sums = RecommendationSumSerializer(many=True)
    results = RecommendationLineSerializer(many=True)


def _answers(serializer: Any) -> dict[Any, Any]:
    return {
        (200, "application/json"): serializer,
        (200, "text/csv"): OpenApiTypes.STR,
        (200, XLSX): OpenApiTypes.BINARY,
    }


class _ReportViewSet(ApiViewSet):
    """A table of the actor's stores, bounded: what is longer is refused with what to narrow."""

    pagination_class = None
    filter_backends = []
    content_negotiation_class = AnyAccepted

    def filters(self, query: dict[str, Any]) -> dict[str, Any]:
        """What both reports are narrowed by; another store's code is not there (404)."""
        scope = scope_of(self.request)
        code = query.get("store_id", "")
        if code:
            known_row(Store.objects.visible_to(scope), field="store_id", code=code)
        return {"scope": scope, "store_code": code, "category": query.get("category", "")}

    def file(self, file_format: str, name: str, columns: Sequence[str], lines: Iterator[Any]) -> HttpResponseBase:
        if file_format == "csv":
            response: HttpResponseBase = StreamingHttpResponse(
                csv_lines(columns, lines), content_type="text/csv; charset=utf-8"
            )
            response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
            return response
        table = xlsx_file(name, columns, lines)
        return FileResponse(table, as_attachment=True, filename=f"{name}.xlsx", content_type=XLSX)


class ForecastSummaryViewSet(_ReportViewSet):
    """What is forecast, by product and store."""

    queryset = ProductDemandForecast.objects.all()
    serializer_class = ForecastReportSerializer
    permissions_by_action = {"list": "forecasting.view_productdemandforecast"}

    @extend_schema(
        operation_id="reports_forecast_summary",
        summary="The forecast summary as JSON, CSV or XLSX",
        parameters=[ForecastReportQuerySerializer],
        responses=_answers(ForecastReportSerializer),
    )
    def list(self, request: Request) -> HttpResponseBase:
        query = self.read_query(ForecastReportQuerySerializer)
        report = reports.forecast_summary(
            horizon_days=query["horizon_days"], forecast_date=query.get("forecast_date"), **self.filters(query)
        )
        file_format = query["file_format"]
        reports.check_size(report.count, is_file=file_format != "json")
        if file_format != "json":
            name = f"forecast-summary-{_day(report.forecast_date)}"
            return self.file(file_format, name, reports.FORECAST_COLUMNS, report.lines)
        answer = {
            "forecast_date": report.forecast_date,
            "horizon_days": report.horizon_days,
            "count": report.count,
            "stores": report.stores,
            "results": _named(reports.FORECAST_COLUMNS, report.lines),
        }
        return Response(ForecastReportSerializer(answer).data)


class InventoryReportViewSet(_ReportViewSet):
    """What is recommended: orders, transfers and what to do with excess."""

    queryset = ReorderRecommendation.objects.all()
    serializer_class = RecommendationReportSerializer
    permissions_by_action = {"list": "insights.view_reorderrecommendation"}

    @extend_schema(
        operation_id="reports_inventory_recommendations",
        summary="Recommended orders, transfers and excess as JSON, CSV or XLSX",
        parameters=[RecommendationReportQuerySerializer],
        responses=_answers(RecommendationReportSerializer),
    )
    def list(self, request: Request) -> HttpResponseBase:
        query = self.read_query(RecommendationReportQuerySerializer)
        status = "" if query["status"] == "all" else query["status"]
        kinds = [query["kind"]] if "kind" in query else reports.KINDS
        report = reports.inventory_recommendations(kinds=kinds, status=status, **self.filters(query))
        file_format = query["file_format"]
        reports.check_size(report.count, is_file=file_format != "json")
        if file_format != "json":
            return self.file(file_format, "inventory-recommendations", reports.RECOMMENDATION_COLUMNS, report.lines)
        results = _named(reports.RECOMMENDATION_COLUMNS, report.lines)
        answer = {"count": report.count, "sums": report.sums, "results": results}
        return Response(RecommendationReportSerializer(answer).data)


def _named(columns: Sequence[str], lines: Iterator[Any]) -> list[dict[str, Any]]:
    return [dict(zip(columns, line, strict=True)) for line in lines]


def _day(day: date | None) -> str:
    return day.isoformat() if day else "none"
