"""The one writer of the ledger, of stock levels and of daily sales. (Being written: the signature is final.)"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from inventory.calc.movements import Movement


class History(StrEnum):
    """What sales and returns from before the stock was first counted do: be history, or move stock."""

    NEVER = "never"  # every movement moves stock: live sources
    AUTO = "auto"  # rows dated before the level's tracked_from (or of a level never counted) are history
    ALWAYS = "always"  # no row moves stock


@dataclass(frozen=True)
class Recorded:
    """What one call wrote: rows added, and rows whose idempotency key was there already (left alone)."""

    added: int
    known: int


def record_movements(
    movements: Sequence[Movement],
    *,
    source: str,
    now: datetime,
    recorded_by: str = "",
    history: History = History.NEVER,
) -> Recorded:
    raise NotImplementedError
