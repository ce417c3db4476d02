"""The file that tells a person which rows were not taken, and why."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

from inventory.calc.reading.cells import safe_cell
from inventory.services.sales_import.lines import Reject

COLUMNS = ("line", "field", "value", "reason")
KEPT_ON_THE_ROW = 1_000


class RejectsFile:
    """Writes rejects as they come; at the end there is a file if there was a reject, and none otherwise.

    The rejects of an earlier run stay in place until this one ends, however it ends.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.row_count = 0
        self.first: list[dict[str, Any]] = []
        self.reasons: Counter[str] = Counter()
        self._last_line: int | None = None
        self._unfinished = path.with_name(f"{path.name}.{uuid4().hex}.part")

    def __enter__(self) -> Self:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._stream = self._unfinished.open("w", encoding="utf-8", newline="")
        self._writer = csv.writer(self._stream)
        self._writer.writerow(COLUMNS)
        return self

    def add(self, rejects: Iterable[Reject]) -> None:
        """Rejects in the order of their lines; those of one line are one rejected row."""
        for reject in rejects:
            if reject.line != self._last_line:
                self.row_count += 1
                self._last_line = reject.line
            self.reasons[f"{reject.field} {reject.reason}"] += 1
            if len(self.first) < KEPT_ON_THE_ROW:
                self.first.append(reject._asdict())
            self._writer.writerow((reject.line, reject.field, safe_cell(reject.value), safe_cell(reject.reason)))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()
        if self.row_count:
            self._unfinished.replace(self.path)
            return
        self._unfinished.unlink()
        if kind is None:
            self.path.unlink(missing_ok=True)
