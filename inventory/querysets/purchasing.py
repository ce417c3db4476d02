from __future__ import annotations

from typing import Any, Self

from django.db.models import Count, DecimalField, ExpressionWrapper, F, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce

from inventory.querysets.scope import StoreScopedQuerySet

MONEY = DecimalField(max_digits=18, decimal_places=4)


class PurchaseOrderQuerySet(StoreScopedQuerySet):
    def open(self) -> Self:
        return self.filter(status__in=["draft", "approved", "sent", "partly_received"])

    def with_totals(self) -> Self:
        """Annotate ``line_count``, ``ordered_units_sum`` and ``order_value``; the sums are empty without lines.

        By subqueries, so that a page sums its own orders and not, as a GROUP BY would, every order there is.
        """
        lines = self.model._meta.get_field("lines").related_model._default_manager
        of_order = lines.filter(purchase_order=OuterRef("pk")).order_by().values("purchase_order")
        value: Any = ExpressionWrapper(F("ordered_units") * F("unit_cost"), output_field=MONEY)
        return self.annotate(
            line_count=Coalesce(Subquery(of_order.annotate(found=Count("pk")).values("found")), 0),
            ordered_units_sum=Subquery(of_order.annotate(found=Sum("ordered_units")).values("found")),
            order_value=Subquery(of_order.annotate(found=Sum(value)).values("found"), output_field=MONEY),
        )


class PurchaseOrderLineQuerySet(StoreScopedQuerySet):
    store_path = "purchase_order__store_id"

    def still_to_come(self) -> Self:
        """Lines of open orders of which units will still come; their number is ``coming_units``."""
        return self.annotate(coming_units=F("ordered_units") - F("received_units") - F("cancelled_units")).filter(
            purchase_order__status__in=["draft", "approved", "sent", "partly_received"],
            ordered_units__gt=F("received_units") + F("cancelled_units"),
        )
