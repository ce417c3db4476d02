"""One bad item stops nobody: a step done for many at once, and where it fails for fewer."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from django.db import OperationalError, transaction

logger = logging.getLogger(__name__)

Step = Callable[[list[int]], object]


def isolated(step: Step, ids: Sequence[int]) -> dict[int, Exception]:
    """Do ``step`` for all ids in one savepoint; where that fails, for each half. The errors of single ids.

    A deadlock or a lost connection is no item's fault and goes through to the caller.
    """
    try:
        with transaction.atomic():
            step(list(ids))
    except OperationalError:
        raise
    except Exception as error:
        if len(ids) == 1:
            logger.exception("%s failed in a step over many", ids[0])
            return {ids[0]: error}
        half = len(ids) // 2
        return isolated(step, ids[:half]) | isolated(step, ids[half:])
    return {}
