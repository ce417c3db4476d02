"""Days as numbers, made by the database: a million dates cost more to make than all that is read beside them."""

from __future__ import annotations

from typing import Any

from django.db.models import Field, Func


class DayNumber(Func):
    """A date as Python's ``date.toordinal`` counts it: 1 is 1 January of the year 1."""

    output_field: Any = Field()  # of no type: for an integer's, each number would go through a function of Python

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(
            compiler, connection, template="CAST(julianday(%(expressions)s) - 1721424.5 AS INTEGER)", **context
        )

    def as_mysql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="(TO_DAYS(%(expressions)s) - 365)", **context)
