"""What every table offers to the import."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

Row = Sequence[Any]


class Damage(NamedTuple):
    """A line that is no row: its number, the start of it, and what is wrong."""

    line: int
    value: str
    reason: str


@dataclass(slots=True)
class Batch:
    """Some rows in file order; ``lines[i]`` is where ``rows[i]`` stands in the file, from 1.

    ``read_share`` is how much of the file has been read so far, from 0 to 1.
    """

    lines: list[int] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    damages: list[Damage] = field(default_factory=list)
    read_share: float = 0.0


class Table(Protocol):
    kind: str
    header: tuple[Any, ...]
    remarks: tuple[str, ...]

    def batches(self, rows_per_batch: int, wanted: Collection[int] | None = None) -> Iterator[Batch]:
        """The rows from the first on; a new call starts again. Cells outside ``wanted`` may be left empty.

        Raises ``ReadingError`` where the file breaks off.
        """
        ...
