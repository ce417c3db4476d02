"""Insert rows or update those that are there, in one statement, on both engines."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from functools import cache
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


def upsert_values(
    model: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[Any]], *, key: Sequence[str]
) -> None:
    """Write bare values, one row of them per ``columns`` (attribute names), as ``upsert`` writes objects.

    For tens of thousands of rows: without objects it costs a fifth. Columns that are not named get no value on insert,
    and keep theirs on update. Numbers, texts and NULL go to the driver as they are. One statement to the caller, however
    many rows; the key is a unique constraint, as for ``upsert``.
    """
    keys = [_field(model, name).column for name in key]
    _execute(model, columns, rows, keys)


def insert_values(model: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write bare values as ``upsert_values`` does, and replace nothing: a row that is there is an ``IntegrityError``."""
    _execute(model, columns, rows, [])


def _execute(model: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[Any]], keys: list[str]) -> None:
    """Insert the rows; where one with the same ``keys`` is there, replace it. Without keys nothing is replaced."""
    connection = connections[router.db_for_write(model)]
    fields = [_field(model, name) for name in columns]
    places = [
        (place, _converter(field, connection)) for place, field in enumerate(fields) if not isinstance(field, _BARE)
    ]
    values = [list(row) for row in rows]
    for row in values:
        for place, convert in places:
            row[place] = convert(row[place])
    if values:
        with connection.cursor() as cursor:
            cursor.executemany(_statement(connection, model, [field.column for field in fields], keys), values)


def _field(model: type[models.Model], attname: str) -> Any:
    return next(field for field in model._meta.concrete_fields if attname in {field.attname, field.name})


# What every driver takes as Python has it.
_BARE = (models.FloatField, models.IntegerField, models.CharField, models.BooleanField, models.ForeignKey)


def _converter(field: Any, connection: Any) -> Callable[[Any], Any]:
    """JSON without spaces, and everything else as its field says; a day or an instant that comes again is converted once."""
    if isinstance(field, models.JSONField):
        return lambda value: json.dumps(value, separators=(",", ":"), cls=field.encoder)
    convert = lambda value: field.get_db_prep_save(value, connection)  # noqa: E731  one of three
    return cache(convert) if isinstance(field, models.DateField) else convert


def _statement(connection: Any, model: type[models.Model], columns: list[str], keys: list[str]) -> str:
    quote = connection.ops.quote_name
    names = ", ".join(map(quote, columns))
    insert = f"INSERT INTO {quote(model._meta.db_table)} ({names}) VALUES ({', '.join(['%s'] * len(columns))})"  # noqa: S608  our own names
    if not keys:
        return insert
    others = [quote(column) for column in columns if column not in keys]
    if connection.vendor == "mysql":
        return f"{insert} ON DUPLICATE KEY UPDATE {', '.join(f'{name} = VALUES({name})' for name in others)}"
    conflict = ", ".join(map(quote, keys))
    return (
        f"{insert} ON CONFLICT ({conflict}) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in others)}"
    )
