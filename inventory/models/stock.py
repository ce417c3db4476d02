"""The ledger and what is derived from it."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from inventory.models.catalogue import Product
from inventory.models.codes import CodeField
from inventory.models.customers import Customer
from inventory.models.places import Store
from inventory.querysets.stock import DailySalesQuerySet, InventoryTransactionQuerySet, StockLevelQuerySet


class StockLevel(models.Model):
    """What one store has of one product now. Only the ledger service writes the stock; people set the bounds.

    ``on_hand_units`` is the sum of the ledger's ``stock_change`` for the pair and may be negative: more was sold
    than was counted. A level is *tracked* from its first count, receipt or other stock record on; sales files
    that lie before it are history and move no stock.
    """

    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="stock_levels")
    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="stock_levels")
    on_hand_units = models.BigIntegerField("on hand (units)", default=0)
    minimum_units = models.PositiveIntegerField("minimum (units)", default=0)
    maximum_units = models.PositiveIntegerField("maximum (units)", default=0, help_text="0: no maximum is set.")
    is_on_sale = models.BooleanField("on sale here", default=True)
    tracked_from = models.DateField(
        null=True, blank=True, help_text="First business date on which stock was recorded; empty: never counted."
    )
    out_of_stock_since = models.DateTimeField(
        null=True, blank=True, help_text="When the stock that is missing now ran out; empty while in stock."
    )
    out_of_stock_closed_to = models.DateTimeField(
        null=True, blank=True, help_text="Up to when daily sales already hold the present stock-out."
    )
    orders_stopped_until = models.DateField(
        null=True, blank=True, help_text="No order is recommended before this day; empty: orders go on."
    )
    last_event_at = models.DateTimeField("last movement", null=True, blank=True)
    events_applied_to = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Time of the newest stock event applied; older ones are stale."
    )

    objects = StockLevelQuerySet.as_manager()

    class Meta:
        db_table = "stock_levels"
        ordering = ["store", "product"]
        constraints = [
            models.UniqueConstraint(
                fields=["product", "store"],
                name="stock_level_once",
                violation_error_message="This store already has a stock level for this product.",
            ),
            models.CheckConstraint(
                condition=Q(maximum_units=0) | Q(maximum_units__gte=F("minimum_units")),
                name="stock_level_maximum_over_minimum",
                violation_error_message="The maximum is 0 (none) or at least the minimum.",
            ),
        ]
        indexes = [
            # A store's stock list and the nightly run's chunks, in product order.
            models.Index(fields=["store", "product"], name="stock_level_by_store"),
            # The nightly close of stock-outs that are still open.
            models.Index(fields=["out_of_stock_since"], name="stock_level_out_since"),
        ]

    def __str__(self) -> str:
        return f"{self.product} @ {self.store}"


class InventoryTransaction(models.Model):
    """One movement of the append-only ledger: never updated, never deleted; a correction is a new row.

    Grain: one line of a sale, receipt, count … for one product in one store. Written by
    ``inventory.services.ledger.record_movements`` alone. ``quantity`` is never negative, ``movement_type`` gives
    its direction; ``stock_change`` is what it did to the stock (0 for history before the stock was counted);
    ``total`` is signed like money: returns are negative.
    """

    class Type(models.TextChoices):
        SALE = "sale", "Sale"
        RETURN = "return", "Return"
        RECEIPT = "receipt", "Receipt"
        ADJUSTMENT = "adjustment", "Adjustment"
        TRANSFER_IN = "transfer_in", "Transfer in"
        TRANSFER_OUT = "transfer_out", "Transfer out"
        WRITE_OFF = "write_off", "Write-off"
        COUNT = "count", "Count"
        SET = "set", "Set"

    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="movements")
    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="movements")
    movement_type = models.CharField("type", max_length=16, choices=Type.choices)
    quantity = models.BigIntegerField("quantity (units)")
    stock_change = models.BigIntegerField("stock change (units)")
    before_units = models.BigIntegerField("before")
    after_units = models.BigIntegerField("after")
    unit_price = models.DecimalField(max_digits=14, decimal_places=4, null=True, blank=True)
    total = models.DecimalField(max_digits=18, decimal_places=4, null=True, blank=True)
    is_promotion = models.BooleanField("promotion", default=False)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, null=True, blank=True, related_name="movements")
    reference = models.CharField(max_length=64, blank=True, help_text="Invoice, purchase order or count sheet.")
    reason = models.CharField(max_length=200, blank=True)
    occurred_at = models.DateTimeField()
    business_date = models.DateField()
    source = models.CharField(max_length=32, help_text="What sent it: import, api, admin, demo, purchase order …")
    idempotency_key = CodeField(max_length=100, unique=True)
    recorded_by = models.CharField(max_length=150, blank=True, help_text="User name or API key name.")
    recorded_at = models.DateTimeField()

    objects = InventoryTransactionQuerySet.as_manager()

    class Meta:
        db_table = "inventory_transactions"
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(after_units=F("before_units") + F("stock_change")),
                name="movement_adds_up",
                violation_error_message="After must be before plus the stock change.",
            ),
            models.CheckConstraint(
                condition=Q(quantity__gte=0),
                name="movement_quantity_not_negative",
                violation_error_message="The quantity is never negative; the type gives the direction.",
            ),
        ]
        indexes = [
            # The ledger of one product in one store, newest first, and its rebuild in order.
            models.Index(fields=["store", "product", "id"], name="movement_by_level"),
            # A store's or the company's movements of a period, and the rebuild of its days.
            models.Index(fields=["store", "business_date", "id"], name="movement_by_store_date"),
            # The lists of a rare type or of a past period, newest first: without them, one such filter reads every row
            # (the primary key comes last in every index).
            models.Index(fields=["movement_type"], name="movement_by_type"),
            models.Index(fields=["business_date"], name="movement_by_date"),
        ]

    def __str__(self) -> str:
        return f"{self.get_movement_type_display()} {self.stock_change:+d} → {self.after_units}"


class DailySales(models.Model):
    """What one store sold of one product on one business day. Derived from the ledger and rebuildable.

    Written by whatever writes the ledger. Net units are ``units - returned_units``; a day without a row had no
    sale and was in stock. ``out_of_stock_seconds`` counts the part of the local day without stock.
    """

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="daily_sales")
    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="daily_sales")
    business_date = models.DateField()
    units = models.BigIntegerField("units sold", default=0)
    returned_units = models.BigIntegerField(default=0)
    revenue = models.DecimalField(max_digits=18, decimal_places=4, default=0, help_text="Net of returns.")
    transactions = models.PositiveIntegerField("sale lines", default=0)
    promotion_lines = models.PositiveIntegerField(default=0)
    out_of_stock_seconds = models.IntegerField(default=0)

    objects = DailySalesQuerySet.as_manager()

    class Meta:
        db_table = "daily_sales"
        verbose_name_plural = "daily sales"
        ordering = ["-business_date"]
        constraints = [
            models.UniqueConstraint(fields=["store", "product", "business_date"], name="daily_sales_once"),
        ]
        indexes = [
            # The dashboard's period sums of one store, and the list of days of one store, newest first.
            models.Index(fields=["store", "business_date"], name="daily_sales_by_store_date"),
            # The same for all stores at once, read from the index alone: a month of a big company is 5 % of the table,
            # and fetching that many rows one by one takes seconds.
            models.Index(
                fields=["business_date", "product", "store", "units", "returned_units", "revenue", "transactions"],
                name="daily_sales_by_date",
            ),
            # The list of days of all stores, newest first (the primary key comes last in every index).
            models.Index(fields=["business_date"], name="daily_sales_newest"),
            # The API's history of one product: newest day first, in it store by store.
            models.Index(fields=["product", "-business_date", "store"], name="daily_sales_by_product"),
        ]

    def __str__(self) -> str:
        return f"{self.product_id} @ {self.store_id} {self.business_date}: {self.units}"


class SalesDayChange(models.Model):
    """One store's business day whose daily sales changed since the sums over them were made last.

    Inserted, never updated, in the transaction that changes the day: two writers do not wait for each other, and a row
    becomes visible together with its change, however late that commits. Whoever has made the day's sums again
    (``analytics.services.metrics``) deletes the rows that it saw.
    """

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+")
    business_date = models.DateField()

    class Meta:
        db_table = "sales_day_changes"

    def __str__(self) -> str:
        return f"{self.store_id} {self.business_date}"
