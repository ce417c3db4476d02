"""Insert rows or update those that are there, in one statement, on both engines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connections, models, router


def upsert(rows: Sequence[models.Model], *, key: Sequence[str]) -> None:
    """Write ``rows`` of one model; where a row with the same ``key`` (a unique constraint) is there, replace it.

    The primary key and the key fields stay. SQLite takes 999 values a statement, so that it gets several for long
    lists; MySQL names no key, so that the constraint of ``key`` must be the only one that can be hit.
    """
    if not rows:
        return
    model = type(rows[0])
    takes_target = connections[router.db_for_write(model)].features.supports_update_conflicts_with_target
    options: dict[str, Any] = {"unique_fields": list(key)} if takes_target else {}
    model._default_manager.bulk_create(
        rows,
        update_conflicts=True,
        update_fields=[
            field.name for field in model._meta.concrete_fields if not field.primary_key and field.name not in key
        ],
        **options,
    )
