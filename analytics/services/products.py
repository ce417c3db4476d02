"""Products that a caller names must be there."""

from __future__ import annotations

from collections.abc import Container, Sequence

from django.core.exceptions import ValidationError

NAMED_IN_MESSAGE = 10


def require_known_products(product_ids: Sequence[int], known_ids: Container[int]) -> None:
    """Raise ``ValidationError`` naming the first ids that are not known.

    Without it SQLite would find out at the commit, when it is too late to tell which product was wrong.
    """
    unknown = [product_id for product_id in product_ids if product_id not in known_ids]
    if unknown:
        named = ", ".join(str(product_id) for product_id in unknown[:NAMED_IN_MESSAGE])
        raise ValidationError({"product_ids": f"There is no product with the id {named}."})
