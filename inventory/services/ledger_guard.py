"""The triggers that keep the ledger append-only, on both engines.

They hold against a raw UPDATE or DELETE as well. Installed by a migration; removed only by its reverse (and by
the test runner around its flush). TRUNCATE on MySQL passes triggers: production accounts need no DROP right.
"""

from __future__ import annotations

from typing import Any

TABLES = ("inventory_transactions",)
REASON = "the ledger is append-only: record a correcting movement instead"


def install_triggers(connection: Any) -> None:
    """Create the two triggers per table; safe to call again."""
    remove_triggers(connection)
    with connection.cursor() as cursor:
        for table in TABLES:
            for verb in ("UPDATE", "DELETE"):
                cursor.execute(_trigger_sql(connection.vendor, table, verb))


def remove_triggers(connection: Any) -> None:
    with connection.cursor() as cursor:
        for table in TABLES:
            for verb in ("UPDATE", "DELETE"):
                cursor.execute(f"DROP TRIGGER IF EXISTS {table}_no_{verb.lower()}")


def _trigger_sql(vendor: str, table: str, verb: str) -> str:
    name = f"{table}_no_{verb.lower()}"
    if vendor == "sqlite":
        return f"CREATE TRIGGER {name} BEFORE {verb} ON {table} BEGIN SELECT RAISE(ABORT, '{REASON}'); END"
    if vendor == "mysql":
        return (
            f"CREATE TRIGGER {name} BEFORE {verb} ON {table} FOR EACH ROW "
            f"SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '{REASON}'"
        )
    raise NotImplementedError(f"no append-only trigger is written for {vendor}")
