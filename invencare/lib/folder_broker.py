"""The embedded message broker: kombu's filesystem transport, made safe for several processes.

Three races of the original matter as soon as web, worker and beat share one folder: a message or an exchange
table could be read while it was still empty, and a message could be taken twice where the temporary folder is on
another disk. Here a message appears and is taken by one atomic rename, and tables are read and written under a
lock. A message taken by a worker that is then killed is lost; unfinished work is found from its rows instead.
"""

from __future__ import annotations

import fcntl
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.transport import filesystem
from kombu.utils.json import dumps, loads


class Channel(filesystem.Channel):
    """Messages are files ``{time}_{id}.{queue}.msg`` in ``data_folder_in``; the oldest name is taken first."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._taken_folder = self.control_folder / "taken"
        for folder in (self.data_folder_in, self.data_folder_out, self._taken_folder):
            Path(folder).mkdir(parents=True, exist_ok=True)

    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:  # type: ignore[override]  # as in filesystem
        unfinished = Path(self.data_folder_out) / f"{time.time_ns():020d}_{uuid.uuid4()}.{queue}.part"
        unfinished.write_text(dumps(payload))
        unfinished.rename(unfinished.with_suffix(".msg"))

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        for message in sorted(Path(self.data_folder_in).iterdir()):
            if message.name.partition(".")[2] != f"{queue}.msg":
                continue
            taken = self._taken_folder / message.name
            try:
                message.rename(taken)
            except FileNotFoundError:  # another worker was faster
                continue
            payload = loads(taken.read_text())
            taken.unlink()
            return payload
        raise Empty

    def get_table(self, exchange: str) -> Any:
        with self._locked():
            return super().get_table(exchange)

    def _queue_bind(self, *args: Any) -> None:
        with self._locked():
            super()._queue_bind(*args)

    def _delete(self, *args: Any, **kwargs: Any) -> None:
        with self._locked():
            super()._delete(*args, **kwargs)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (self.control_folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


class Transport(filesystem.Transport):
    Channel = Channel
