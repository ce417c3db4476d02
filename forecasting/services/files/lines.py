"""From the file to the table ``lines``: every field read or, with its text, refused."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError

from forecasting.services.files.options import is_parquet
from forecasting.services.files.stage import Staging

NEEDED = ("series_id", "date", "quantity")
OPTIONAL = ("price", "promotion", "in_stock", "store", "category")
DELIMITERS = (",", ";", "\t", "|")
# What a number must be. An empty field is unknown, not bad; so is a price of 0 (of a day without sales).
_VALID = {
    "quantity": "isfinite(value)",
    "price": "isfinite(value) AND value >= 0",
    "promotion": "isfinite(value) AND value >= 0",
    "in_stock": "value BETWEEN 0 AND 1",
}


def read_lines(staging: Staging) -> None:
    """Table ``lines``: one row per row of the file, values as read (NULL where bad) and the bad texts beside them."""
    table = _scan(staging.source)
    described = staging.connection.execute(f"DESCRIBE SELECT * FROM {table}").fetchall()
    _name_columns(staging, {str(name): str(kind) for name, kind, *_ in described})
    values = ", ".join(_value(staging, column) for column in (*NEEDED, *OPTIONAL))
    named = ", ".join(f"{_quoted(name)} AS {column}_raw" for column, name in staging.columns.items())
    place = "file_row_number + 1" if is_parquet(staging.source) else "row_number() OVER ()"
    staging.connection.execute(
        f"CREATE TABLE lines AS WITH raw AS (SELECT {place} AS place, {named} FROM {table}) "
        f"SELECT place, NULL::VARCHAR AS week_day_bad, {values} FROM raw"
    )
    if not staging.one("SELECT count(*) FROM lines")[0]:
        raise ValidationError({"in": f"{staging.source.name} has no rows."})


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _scan(source: Path) -> str:
    path = str(source).replace("'", "''")
    if is_parquet(source):
        return f"read_parquet('{path}', file_row_number = true)"
    return (
        f"read_csv('{path}', header = true, all_varchar = true, delim = '{_delimiter(source)}', quote = '\"',"
        " escape = '\"', store_rejects = true, rejects_limit = 0)"
    )


def _delimiter(source: Path) -> str:
    with opened(source) as lines:
        header = lines.readline().decode("utf-8", errors="replace")
    return max(DELIMITERS, key=header.count)


def opened(source: Path) -> Any:
    return gzip.open(source, "rb") if source.name.lower().endswith(".gz") else source.open("rb")


def _name_columns(staging: Staging, kinds: dict[str, str]) -> None:
    found: dict[str, str] = {}
    for name in kinds:
        found.setdefault(name.strip().strip("\ufeff").lower(), name)
    missing = [column for column in NEEDED if column not in found]
    if missing:
        raise ValidationError(
            {
                "in": f"There is no column {', '.join(missing)}. A long file has {', '.join(NEEDED)} and, if known,"
                f" {', '.join(OPTIONAL)}; this one has {', '.join(n for n in kinds if n != 'file_row_number')}."
            }
        )
    staging.columns = {column: found[column] for column in (*NEEDED, *OPTIONAL) if column in found}
    staging.kinds = {column: kinds[name] for column, name in staging.columns.items()}


def _value(staging: Staging, column: str) -> str:
    """SQL of one field: its value (NULL where empty or bad) and, as ``{column}_bad``, the text that was refused."""
    if not staging.has(column):
        return {"store": "'' AS store", "category": "'' AS category"}.get(
            column, f"NULL::DOUBLE AS {column}, NULL::VARCHAR AS {column}_bad"
        )
    raw = f"{column}_raw"
    if column in ("store", "category"):
        return f"coalesce(trim({raw}::VARCHAR), '') AS {column}"
    if column == "series_id":
        return f"nullif(trim({raw}::VARCHAR), '') AS series_id"
    if column == "date":
        return _checked(column, raw, _day(staging.kinds[column], raw), "TRUE")
    return _checked(column, raw, _number(column, raw), _VALID[column])


def _day(kind: str, raw: str) -> str:
    day = f"TRY_CAST({raw} AS DATE)"
    if kind == "VARCHAR":
        day = f"coalesce({day}, TRY_CAST(TRY_CAST({raw} AS TIMESTAMP) AS DATE))"
    in_range = f"CASE WHEN {day} BETWEEN DATE '1900-01-01' AND DATE '2200-12-31' THEN {day} END"
    return f"({in_range} - DATE '1970-01-01')::INTEGER"


def _number(column: str, raw: str) -> str:
    number = f"TRY_CAST({raw} AS DOUBLE)"
    if column in ("promotion", "in_stock"):
        number = f"coalesce({number}, TRY_CAST({raw} AS BOOLEAN)::INTEGER::DOUBLE)"
    return number


def _checked(column: str, raw: str, value: str, valid: str) -> str:
    text = f"nullif(trim({raw}::VARCHAR), '')"
    empty = f"({text} IS NULL OR lower({text}) = 'nan')"
    good = valid.replace("value", f"({value})")
    kept = f"nullif({value}, 0)" if column == "price" else value
    name = "day" if column == "date" else column
    return (
        f"CASE WHEN NOT {empty} AND {good} THEN {kept} END AS {name},"
        f" CASE WHEN {_bad(column, empty)} AND ({value} IS NULL OR NOT ({good})) THEN coalesce({text}, '') END"
        f" AS {column}_bad"
    )


def _bad(column: str, empty: str) -> str:
    return "TRUE" if column == "date" else f"NOT {empty}"
