"""Row locks in one order, and the retry of what a database gives up for lack of them."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial, wraps
from typing import Any, ParamSpec, TypeVar

from django.db import OperationalError, connection, transaction
from django.db.models import Model

from inventory.models import StockLevel

logger = logging.getLogger(__name__)

Result = TypeVar("Result")
Arguments = ParamSpec("Arguments")

# Below SQLite's oldest bound on variables, and short enough for MySQL's range optimiser.
IN_LIST = 900
MYSQL_GAVE_UP = frozenset({1205, 1213})  # lock wait timeout, deadlock
ATTEMPTS = 8


def in_chunks(values: Iterable[Any], size: int = IN_LIST) -> Iterator[list[Any]]:
    """The values in lists of at most ``size``, in their order."""
    chunk: list[Any] = []
    for value in values:
        chunk.append(value)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def lock_levels(level_ids: Iterable[int]) -> list[StockLevel]:
    """The levels, locked to the end of the transaction, in primary-key order: two callers never wait in a ring."""
    levels: list[StockLevel] = []
    for ids in in_chunks(sorted(set(level_ids))):
        levels.extend(StockLevel.objects.select_for_update().filter(pk__in=ids).order_by("pk"))
    return levels


def lock_rows(model: type[Model], ids: Iterable[int]) -> list[int]:
    """Lock rows of any table in primary-key order; returns the ids that exist, in that order.

    Without joins: a joined FOR UPDATE would lock the rows of the joined tables as well.
    """
    locked: list[int] = []
    for some in in_chunks(sorted(set(ids))):
        rows = model._default_manager.select_for_update().filter(pk__in=some).order_by("pk")
        locked.extend(rows.values_list("pk", flat=True))
    return locked


def in_one_transaction(service: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Make a service one transaction that is run again when the database gave it up for locks (see ``retried``)."""
    whole = transaction.atomic(service)

    @wraps(service)
    def run(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        return retried(partial(whole, *args, **kwargs))

    return run


def retried(work: Callable[[], Result]) -> Result:
    """Run ``work`` again when the database gave its transaction up for a deadlock or a lock wait.

    ``work`` must be one whole transaction. Inside a transaction of the caller nothing can be run again, so the
    error goes through to whoever opened it.
    """
    if connection.in_atomic_block:
        return work()
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return work()
        except OperationalError as error:
            if attempt == ATTEMPTS or not gave_up_for_locks(error):
                raise
            pause_seconds = random.uniform(0, 0.02 * 2**attempt)  # noqa: S311  jitter, not a secret
            logger.info("transaction given up for locks (%s), attempt %d follows", error, attempt + 1)
            time.sleep(pause_seconds)
    raise AssertionError("unreachable: the last attempt returns or raises")


def drop_broken_connection() -> None:
    """Let the next query connect anew where the server went away. Within a transaction that is its owner's business."""
    if not connection.in_atomic_block:
        connection.close_if_unusable_or_obsolete()


def gave_up_for_locks(error: OperationalError) -> bool:
    """Whether the engine says that another transaction was in the way, and nothing else is wrong."""
    code = error.args[0] if error.args else None
    return code in MYSQL_GAVE_UP or "database is locked" in str(error)
