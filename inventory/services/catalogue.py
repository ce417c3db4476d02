"""Catalogue rows as people and machines write them: checked wholly, then saved in one step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from django.db import IntegrityError, models, transaction
from django.db.models import ProtectedError

from inventory.models import Product
from inventory.services.errors import Conflict

Row = TypeVar("Row", bound=models.Model)


def create_row(model: type[Row], *, values: Mapping[str, Any]) -> Row:
    """A new row of ``values``. Raises ``ValidationError``, or ``Conflict`` when somebody made it at the same moment."""
    row = model(**values)
    row.full_clean()
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        raise Conflict(f"This {model._meta.verbose_name} was made by somebody else at the same moment.") from error
    return row


def change_row(row: Row, *, values: Mapping[str, Any]) -> Row:
    """Set ``values`` on an existing row and save these columns alone. Raises ``ValidationError``."""
    for name, value in values.items():
        setattr(row, name, value)
    row.full_clean()
    touched = [field.name for field in row._meta.concrete_fields if getattr(field, "auto_now", False)]
    with transaction.atomic():
        row.save(update_fields=[*values, *touched])
    return row


def delete_product(product: Product) -> None:
    """Take back a product that was never used. Raises ``Conflict`` for one with history, which is kept."""
    try:
        with transaction.atomic():
            product.delete()
    except ProtectedError as error:
        raise Conflict(
            f"{product.sku} has history and cannot be deleted. Set its status to “discontinued” instead."
        ) from error
