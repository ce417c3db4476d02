"""In which classes a product is, and how it came there."""

from __future__ import annotations

from django.db import models

from analytics.querysets.classes import ClassMoveQuerySet, CompanyClassQuerySet, ProductClassQuerySet
from inventory.models import Product, Store


class ProductClass(models.Model):
    """One product's classes in one store now: ABC by revenue and by margin, XYZ by how well it can be forecast.

    One row per product and store, from its first night on; what it was before is in ``class_moves``. The night's
    performance writes the ABC columns, every forecast the XYZ columns (``analytics.services.classes``). An empty class
    is none: nothing sold, no margin, or too little history to know.
    """

    class Basis(models.TextChoices):
        BACKTEST = "backtest", "Backtest of the forecast"
        VARIABILITY = "variability", "Variability of demand"

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="classes")
    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="product_classes")
    abc_class = models.CharField("ABC (revenue)", max_length=1, blank=True, default="", db_default="")
    margin_class = models.CharField("ABC (margin)", max_length=1, blank=True, default="", db_default="")
    abc_on = models.DateField(null=True, blank=True, help_text="Last day of the period that the ABC classes are of.")
    xyz_class = models.CharField("XYZ", max_length=1, blank=True, default="", db_default="")
    xyz_on = models.DateField(null=True, blank=True, help_text="First day of the forecast that XYZ was measured with.")
    week_error = models.FloatField(
        null=True, blank=True, help_text="Sum of absolute errors of weeks over their demand; 0 is exact."
    )
    error_basis = models.CharField(max_length=12, choices=Basis.choices, blank=True, default="", db_default="")
    error_weeks = models.PositiveIntegerField(default=0, db_default=0, help_text="Weeks that were measured.")

    objects = ProductClassQuerySet.as_manager()

    class Meta:
        db_table = "product_classes"
        verbose_name_plural = "product classes"
        ordering = ["store", "product"]
        constraints = [models.UniqueConstraint(fields=["store", "product"], name="product_class_once")]
        indexes = [
            # The ABC-XYZ matrix of one store and of all, counted from the index alone; and the list behind each cell.
            models.Index(fields=["store", "abc_class", "xyz_class"], name="product_class_matrix"),
        ]

    def __str__(self) -> str:
        return f"{self.product_id} @ {self.store_id}: {self.abc_class or '–'}{self.xyz_class or '–'}"


class CompanyClass(models.Model):
    """One product's ABC classes over all stores of one currency, of the period that ended on ``abc_on``.

    Replaced by every night (``analytics.services.company_classes``); earlier classes are in ``class_moves``.
    """

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="company_classes")
    currency = models.CharField(max_length=3)
    abc_on = models.DateField(help_text="Last day of the period.")
    units = models.BigIntegerField("units sold, net")
    revenue = models.DecimalField(max_digits=20, decimal_places=4)
    margin = models.DecimalField(
        max_digits=20, decimal_places=4, null=True, blank=True, help_text="Empty: no unit cost."
    )
    revenue_share = models.FloatField(null=True, blank=True)
    abc_class = models.CharField("ABC (revenue)", max_length=1, blank=True)
    margin_class = models.CharField("ABC (margin)", max_length=1, blank=True)

    objects = CompanyClassQuerySet.as_manager()

    class Meta:
        db_table = "company_product_classes"
        verbose_name_plural = "company classes"
        ordering = ["currency", "-revenue"]
        constraints = [models.UniqueConstraint(fields=["product", "currency"], name="company_class_once")]
        indexes = [
            # The list of a class, the most revenue first.
            models.Index(fields=["currency", "abc_class", "revenue"], name="company_class_by_revenue"),
        ]

    def __str__(self) -> str:
        return f"{self.product_id} {self.currency}: {self.abc_class or '–'}"


class ClassMove(models.Model):
    """A product left one class for another on a day. The first class that it ever had is no move.

    ``store`` is empty for the company's classes, which are per currency. A night that is done again replaces its moves.
    """

    class Scheme(models.TextChoices):
        ABC = "abc", "ABC by revenue"
        MARGIN = "margin", "ABC by margin"
        XYZ = "xyz", "XYZ by forecastability"

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="class_moves")
    store = models.ForeignKey(Store, on_delete=models.CASCADE, null=True, blank=True, related_name="class_moves")
    currency = models.CharField(max_length=3, blank=True, help_text="Of the company's classes; empty for a store's.")
    scheme = models.CharField(max_length=8, choices=Scheme.choices)
    moved_on = models.DateField()
    from_class = models.CharField("from", max_length=1, blank=True)
    to_class = models.CharField("to", max_length=1, blank=True)

    objects = ClassMoveQuerySet.as_manager()

    class Meta:
        db_table = "class_moves"
        ordering = ["-moved_on", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(from_class=models.F("to_class")),
                name="class_move_moves",
                violation_error_message="A move goes from one class to another.",
            ),
            models.CheckConstraint(
                condition=(models.Q(store__isnull=True) & ~models.Q(currency=""))
                | models.Q(store__isnull=False, currency=""),
                name="class_move_of_store_or_company",
                violation_error_message="A move is one in a store, or one of the company in a currency.",
            ),
        ]
        indexes = [
            # The newest moves of all stores, and the moves of a night that is done again.
            models.Index(fields=["moved_on", "store", "product"], name="class_move_by_day"),
            # One product's way through the classes of a store.
            models.Index(fields=["store", "product", "scheme"], name="class_move_by_product"),
        ]

    def __str__(self) -> str:
        return f"{self.product_id}: {self.from_class or '–'} → {self.to_class or '–'} on {self.moved_on}"
