"""The columns of each catalogue table as a file: natural keys (codes, SKUs), never primary keys.

A resource is made for one user: it reads and writes only the rows of that user's stores.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from import_export.fields import Field
from import_export.resources import ModelResource
from import_export.widgets import ForeignKeyWidget

from inventory.admin.base import visible_rows
from inventory.models import Product, StockLevel, Store, Supplier, SupplierItem
from inventory.querysets.scope import NO_STORE, StoreScope
from inventory.services.access import scope_of_user


class CodeWidget(ForeignKeyWidget):
    """A foreign key written as its natural key; an unknown one, or one of another store, is a row error."""

    def __init__(self, model: Any, field: str) -> None:
        super().__init__(model, field=field)
        self.scope: StoreScope = NO_STORE

    def get_queryset(self, value: Any, row: Any, *args: Any, **kwargs: Any) -> QuerySet[Any]:
        return visible_rows(self.model._default_manager.all(), self.scope)

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Any:
        try:
            found = super().clean(value, row, **kwargs)
        except self.model.DoesNotExist:
            raise ValueError(self._unknown(value)) from None
        if found is None:
            raise ValueError(f"{self.model._meta.verbose_name.capitalize()} is missing.")
        return found

    def _unknown(self, value: Any) -> str:
        name = self.model._meta.verbose_name
        return f"No {name} “{value}” exists, or it is not one of yours."


class ScopedResource(ModelResource):
    """A table as a file, for one user. Rows that are unchanged are skipped, so that a file can be sent twice."""

    def __init__(self, user: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.user = user
        self.scope = scope_of_user(user)
        for field in self.fields.values():
            if isinstance(field.widget, CodeWidget):
                field.widget.scope = self.scope

    def get_queryset(self) -> QuerySet[Any]:
        return visible_rows(super().get_queryset(), self.scope)

    def before_import_row(self, row: Any, **kwargs: Any) -> None:
        """Say which cells are missing before anything is looked up by them."""
        for name in self._meta.import_id_fields:
            if row.get(name) in (None, ""):
                raise ValueError(f"The column “{name}” is empty.")

    def import_instance(self, instance: Any, row: Any, **kwargs: Any) -> None:
        if instance.pk is None and not self.user.has_perm(self._permission("add")):
            raise ValidationError(f"You may change {self._names()}, but not add new ones.")
        super().import_instance(instance, row, **kwargs)

    def _permission(self, verb: str) -> str:
        options = self._meta.model._meta
        return f"{options.app_label}.{verb}_{options.model_name}"

    def _names(self) -> str:
        return str(self._meta.model._meta.verbose_name_plural)

    class Meta:
        clean_model_instances = True
        skip_unchanged = True
        report_skipped = True
        use_transactions = True


class StoreResource(ScopedResource):
    class Meta(ScopedResource.Meta):
        model = Store
        import_id_fields = ["code"]
        fields = ("code", "name", "time_zone", "currency", "address", "country", "region", "is_active")


class SupplierResource(ScopedResource):
    class Meta(ScopedResource.Meta):
        model = Supplier
        import_id_fields = ["code"]
        fields = (
            "code",
            "name",
            "email",
            "address",
            "order_cost",
            "minimum_order_value",
            "review_period_days",
            "order_weekdays",
            "is_active",
        )


class ProductResource(ScopedResource):
    class Meta(ScopedResource.Meta):
        model = Product
        import_id_fields = ["sku"]
        fields = (
            "sku",
            "name",
            "category",
            "price",
            "unit_cost",
            "barcode",
            "pack_size",
            "minimum_order_quantity",
            "shelf_life_days",
            "status",
        )


class SupplierItemResource(ScopedResource):
    supplier = Field("supplier", "supplier", widget=CodeWidget(Supplier, "code"))
    product = Field("product", "product", widget=CodeWidget(Product, "sku"))

    class Meta(ScopedResource.Meta):
        model = SupplierItem
        import_id_fields = ["supplier", "product"]
        fields = (
            "supplier",
            "product",
            "unit_cost",
            "lead_time_days",
            "lead_time_sd_days",
            "pack_size",
            "minimum_order_quantity",
            "is_preferred",
        )


class StockLevelResource(ScopedResource):
    """Stock levels' bounds. The stock itself is exported, never imported: only the ledger writes it."""

    store = Field("store", "store", widget=CodeWidget(Store, "code"))
    product = Field("product", "product", widget=CodeWidget(Product, "sku"))
    on_hand_units = Field("on_hand_units", "on_hand_units", readonly=True)

    class Meta(ScopedResource.Meta):
        model = StockLevel
        import_id_fields = ["store", "product"]
        fields = ("store", "product", "on_hand_units", "minimum_units", "maximum_units", "is_on_sale")

    def get_queryset(self) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset().select_related("store", "product")
        return rows

    def before_import_row(self, row: Any, **kwargs: Any) -> None:
        super().before_import_row(row, **kwargs)
        level = self._level(row)
        given = row.get("on_hand_units")
        if level is not None and given not in (None, "") and str(given).strip() != str(level.on_hand_units):
            raise ValueError(
                f"The stock is {level.on_hand_units} units, the file says {given}. "
                "An import changes bounds only: count or adjust the stock on its page."
            )

    def _level(self, row: Any) -> StockLevel | None:
        found: StockLevel | None = (
            self.get_queryset().filter(store__code=row.get("store"), product__sku=row.get("product")).first()
        )
        return found
