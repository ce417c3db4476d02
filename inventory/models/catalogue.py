"""What is sold, and who delivers it."""

from __future__ import annotations

from decimal import Decimal

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q

from inventory.calc.order_days import read_weekdays
from inventory.models.codes import CodeField
from inventory.querysets.catalogue import ProductQuerySet, SupplierItemQuerySet

NOT_NEGATIVE = [MinValueValidator(Decimal(0))]


def validate_weekdays(text: str) -> None:
    try:
        read_weekdays(text)
    except ValueError as error:
        raise ValidationError(str(error)) from error


class MeasuredLeadTime(models.Model):
    """What deliveries say of a lead time, beside what people stated. Written by the nightly measurement alone.

    Empty while there are too few deliveries to say anything (``inventory.services.lead_times``).
    """

    measured_lead_time_days = models.DecimalField(
        "measured lead time (days)", max_digits=6, decimal_places=2, null=True, blank=True, editable=False
    )
    measured_lead_time_sd_days = models.DecimalField(
        "measured deviation (days)", max_digits=6, decimal_places=2, null=True, blank=True, editable=False
    )
    lead_time_observations = models.PositiveIntegerField("deliveries measured", default=0, editable=False)
    observed_lead_times = models.JSONField(
        default=list, blank=True, editable=False, help_text="[[whole days, share], …], shares adding up to 1."
    )
    measured_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        abstract = True


class Supplier(MeasuredLeadTime):
    """One company that delivers. Written by buyers and by the catalogue import; the measures by the night."""

    code = CodeField(max_length=64, unique=True)
    name = models.CharField(max_length=200)
    email = models.EmailField(blank=True)
    address = models.TextField(blank=True)
    order_cost = models.DecimalField(
        max_digits=12, decimal_places=2, default=0, validators=NOT_NEGATIVE, help_text="Cost of placing one order."
    )
    minimum_order_value = models.DecimalField(max_digits=12, decimal_places=2, default=0, validators=NOT_NEGATIVE)
    review_period_days = models.PositiveSmallIntegerField(
        default=7, validators=[MinValueValidator(1)], help_text="Days between two chances to order."
    )
    order_weekdays = models.CharField(
        max_length=60,
        blank=True,
        validators=[validate_weekdays],
        help_text="Days on which the supplier takes orders, such as Tue, Fri. Empty: any day, and the next after the review period.",
    )
    is_active = models.BooleanField("active", default=True)
    fill_rate = models.FloatField(
        null=True, blank=True, editable=False, help_text="Units delivered of units ordered, lines that are over."
    )
    on_time_share = models.FloatField(
        null=True, blank=True, editable=False, help_text="Lines that came in full by their expected day, of those due."
    )

    class Meta:
        db_table = "suppliers"
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                condition=Q(order_cost__gte=0, minimum_order_value__gte=0),
                name="supplier_costs_not_negative",
                violation_error_message="Order cost and minimum order value cannot be negative.",
            ),
            models.CheckConstraint(
                condition=Q(review_period_days__gte=1),
                name="supplier_review_at_least_a_day",
                violation_error_message="The review period is at least 1 day.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} · {self.name}"


class Product(models.Model):
    """One SKU of the company's catalogue. Written by buyers and by imports; its history is never deleted."""

    class Status(models.TextChoices):
        ACTIVE = "active", "Active"
        DISCONTINUED = "discontinued", "Discontinued"

    sku = CodeField("SKU", max_length=64, unique=True, help_text="The outside world's product id.")
    name = models.CharField(max_length=200)
    category = models.CharField(max_length=100, blank=True)
    price = models.DecimalField(max_digits=14, decimal_places=4, default=0, validators=NOT_NEGATIVE)
    unit_cost = models.DecimalField(max_digits=14, decimal_places=4, default=0, validators=NOT_NEGATIVE)
    barcode = models.CharField(max_length=64, blank=True)
    pack_size = models.PositiveIntegerField(default=1, help_text="Units in a pack; orders are whole packs.")
    minimum_order_quantity = models.PositiveIntegerField(default=1, help_text="Fewest units of one order.")
    shelf_life_days = models.PositiveIntegerField(null=True, blank=True)
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.ACTIVE)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ProductQuerySet.as_manager()

    class Meta:
        db_table = "products"
        ordering = ["sku"]
        indexes = [
            # The category filter of the catalogue list and of the recommendations.
            models.Index(fields=["category", "sku"], name="product_by_category"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(price__gte=0, unit_cost__gte=0),
                name="product_money_not_negative",
                violation_error_message="Price and unit cost cannot be negative.",
            ),
            models.CheckConstraint(
                condition=Q(pack_size__gte=1),
                name="product_pack_at_least_one",
                violation_error_message="The pack size is at least 1 unit.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sku} · {self.name}"


class SupplierItem(MeasuredLeadTime):
    """One product as one supplier delivers it: cost, lead time, pack. Written by buyers and by the import."""

    supplier = models.ForeignKey(Supplier, on_delete=models.PROTECT, related_name="items")
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="supplier_items")
    unit_cost = models.DecimalField(max_digits=14, decimal_places=4, validators=NOT_NEGATIVE)
    lead_time_days = models.DecimalField(
        "lead time (days)", max_digits=6, decimal_places=2, default=7, validators=NOT_NEGATIVE
    )
    lead_time_sd_days = models.DecimalField(
        "lead time deviation (days)", max_digits=6, decimal_places=2, default=0, validators=NOT_NEGATIVE
    )
    pack_size = models.PositiveIntegerField(default=1, validators=[MinValueValidator(1)])
    minimum_order_quantity = models.PositiveIntegerField(default=1)
    is_preferred = models.BooleanField("preferred", default=False)

    objects = SupplierItemQuerySet.as_manager()

    class Meta:
        db_table = "supplier_items"
        ordering = ["product", "supplier"]
        constraints = [
            models.UniqueConstraint(
                fields=["supplier", "product"],
                name="supplier_item_once",
                violation_error_message="This supplier already lists this product.",
            ),
            models.CheckConstraint(
                condition=Q(unit_cost__gte=0, lead_time_days__gte=0, lead_time_sd_days__gte=0),
                name="supplier_item_not_negative",
                violation_error_message="Cost and lead time cannot be negative.",
            ),
            models.CheckConstraint(
                condition=Q(pack_size__gte=1),
                name="supplier_item_pack_at_least_one",
                violation_error_message="The pack size is at least 1 unit.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product} from {self.supplier}"
