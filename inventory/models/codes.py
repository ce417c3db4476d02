"""Codes of the outside world: compared to the letter on every engine, searched without regard to case."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models.lookups import IContains, IExact, IStartsWith

EXACT_ON_MYSQL = "utf8mb4_bin"
SEARCHED_ON_MYSQL = "utf8mb4_general_ci"


class CodeField(models.CharField):  # type: ignore[type-arg]
    """Text in which ``a1`` and ``A1`` are two codes, and so are two emoji.

    SQLite compares so by itself; MySQL's usual collations would take them for one, and refuse the second.
    """

    def db_parameters(self, connection: Any) -> dict[str, Any]:
        parameters: dict[str, Any] = super().db_parameters(connection)
        if connection.vendor == "mysql":
            parameters["collation"] = EXACT_ON_MYSQL
        return parameters


class _Searched:
    """A look-up that compares in a collation without case, where the column's own has it."""

    def process_lhs(self, compiler: Any, connection: Any, lhs: Any = None) -> tuple[str, Any]:
        sql, params = super().process_lhs(compiler, connection, lhs)  # type: ignore[misc]
        if connection.vendor == "mysql":
            sql = f"{sql} COLLATE {SEARCHED_ON_MYSQL}"
        return sql, params


@CodeField.register_lookup
class CodeContains(_Searched, IContains):
    pass


@CodeField.register_lookup
class CodeStartsWith(_Searched, IStartsWith):
    pass


@CodeField.register_lookup
class CodeExact(_Searched, IExact):
    pass
