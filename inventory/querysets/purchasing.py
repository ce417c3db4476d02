from __future__ import annotations

from typing import Any, Self

from django.db.models import Count, DecimalField, ExpressionWrapper, F, Sum

from inventory.querysets.scope import StoreScopedQuerySet


class PurchaseOrderQuerySet(StoreScopedQuerySet):
    def open(self) -> Self:
        return self.filter(status__in=["draft", "approved", "sent", "partly_received"])

    def with_totals(self) -> Self:
        """Annotate ``line_count``, ``ordered_units_sum`` and ``order_value``."""
        value: Any = ExpressionWrapper(
            F("lines__ordered_units") * F("lines__unit_cost"),
            output_field=DecimalField(max_digits=18, decimal_places=4),
        )
        return self.annotate(
            line_count=Count("lines"), ordered_units_sum=Sum("lines__ordered_units"), order_value=Sum(value)
        )


class PurchaseOrderLineQuerySet(StoreScopedQuerySet):
    store_path = "purchase_order__store_id"

    def still_to_come(self) -> Self:
        """Lines of open orders that are not received in full."""
        return self.filter(
            purchase_order__status__in=["draft", "approved", "sent", "partly_received"],
            received_units__lt=F("ordered_units"),
        )
