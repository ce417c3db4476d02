"""Sales files in, daily sales out (FM-2)."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Any, cast

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from invencare.lib import clock
from inventory.api import filters
from inventory.api.actors import scope_of
from inventory.api.serializers.sales import (
    MAX_SUMMARY_DAYS,
    DailySalesSerializer,
    SalesFileDetailSerializer,
    SalesFileSerializer,
    SalesSummarySerializer,
    SummaryQuerySerializer,
)
from inventory.api.views.base import ApiViewSet, known_row, period
from inventory.models import DailySales, Product, SalesFile, Store
from inventory.querysets.stock import DailySalesQuerySet
from inventory.services.kept_sums import kept_sums
from inventory.services.sales_import import sent_within


class SalesHistoryViewSet(mixins.ListModelMixin, ApiViewSet):
    """One product's sales day by day."""

    # Not joined: with LIMIT, MariaDB would read the few stores first and sort all rows to find the first page.
    queryset = DailySales.objects.prefetch_related("store").order_by("-business_date", "store_id")
    serializer_class = DailySalesSerializer
    permissions_by_action = {"list": "inventory.view_dailysales"}
    filterset_class = filters.DailySalesFilters

    def get_queryset(self) -> QuerySet[Any]:
        sales = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return sales
        product = known_row(Product.objects.all(), field="product_id", sku=self.kwargs["product_id"])
        return sales.filter(product=product)

    @extend_schema(
        summary="Daily sales of one product, newest first",
        description="A day without a row had no sale and was in stock.",
        parameters=[OpenApiParameter("product_id", str, OpenApiParameter.PATH, description="The product's SKU.")],
    )
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().list(request, *args, **kwargs)


class SalesSummaryViewSet(ApiViewSet):
    """Sums of sales over a period, per store."""

    queryset = DailySales.objects.all()
    serializer_class = SalesSummarySerializer
    permissions_by_action = {"list": "inventory.view_dailysales"}
    pagination_class = None
    filter_backends = []

    @extend_schema(
        summary="Sums of sales over a period, in all and per store",
        parameters=[SummaryQuerySerializer],
        responses=SalesSummarySerializer,
    )
    def list(self, request: Request) -> Response:
        query = self.read_query(SummaryQuerySerializer)
        first, last = period(query, today=clock.now().date())
        if not 0 <= (last - first).days < MAX_SUMMARY_DAYS:
            raise ValidationError({"date_from": f"The period is 1 to {MAX_SUMMARY_DAYS} days that end on date_to."})
        sales = cast("DailySalesQuerySet", self.get_queryset()).between(first, last)
        scope = scope_of(request)
        whose: object = (scope.all_stores, sorted(scope.store_ids))
        if "store_id" in query:
            store = known_row(Store.objects.visible_to(scope), field="store_id", code=query["store_id"])
            sales, whose = sales.at(store), store.pk
        sums = kept_sums(("summary", first, last, whose), lambda: list(sales.sums_by_store()))
        return Response(SalesSummarySerializer(_summed(_named(sums), first, last)).data)


class SalesFileViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, ApiViewSet):
    """The sales files that were uploaded or imported, with what became of them."""

    queryset = SalesFile.objects.select_related("store").order_by("-pk")
    permissions_by_action = {"list": "inventory.view_salesfile", "retrieve": "inventory.view_salesfile"}
    filterset_class = filters.SalesFileFilters

    def get_serializer_class(self) -> type[BaseSerializer[Any]]:
        return SalesFileSerializer if self.action == "list" else SalesFileDetailSerializer

    def get_queryset(self) -> QuerySet[Any]:
        files = super().get_queryset()
        return files.defer("row_errors", "mapping") if self.action == "list" else files

    def get_object(self) -> SalesFile:
        """A file of several stores, or not read yet, is also for who sent it, within the stores it was sent for."""
        sent: SalesFile | None = SalesFile.objects.filter(
            pk=self.kwargs["pk"], uploaded_by_id=self.request.user.pk
        ).first()
        if sent is not None and scope_of(self.request).covers(sent_within(sent)):
            return sent
        found: SalesFile = super().get_object()
        return found


def _named(sums: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The sums with each store's code and currency, in order of the code."""
    stores = Store.objects.in_bulk([row["store"] for row in sums])
    named = [{**row, "store_id": stores[row["store"]].code, "currency": stores[row["store"]].currency} for row in sums]
    return sorted(named, key=lambda row: row["store_id"])


def _summed(stores: list[dict[str, Any]], first: date, last: date) -> dict[str, Any]:
    revenue: defaultdict[str, Decimal] = defaultdict(Decimal)
    for store in stores:
        revenue[store["currency"]] += store["revenue"]
    return {
        "date_from": first,
        "date_to": last,
        **{name: sum(store[name] for store in stores) for name in ("units", "returned_units", "transactions")},
        "revenue": [{"currency": currency, "revenue": revenue[currency]} for currency in sorted(revenue)],
        "stores": stores,
    }
