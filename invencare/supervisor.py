"""Runs the site's processes as children: restarts one that dies, stops all of them in good order.

One loop, no threads. A child leads its own process group, so that Ctrl-C in the terminal reaches the supervisor
alone, and so that nothing of a child outlives its end.
"""

from __future__ import annotations

import ctypes
import os
import re
import selectors
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

STOP_SECONDS = 10.0  # a work task ends within a slice of 5 s and a chunk; what is killed later is taken up again
LONGEST_PAUSE_SECONDS = 8.0
STEADY_SECONDS = 60.0  # a child that lived this long starts counting its deaths anew
DEATHS_ALLOWED = 5
LOG_BYTES = 10 * 1024 * 1024
PR_SET_PDEATHSIG = 1

_ALARMING = re.compile(r"\b(ERROR|CRITICAL)\b")


class ChildGaveUp(Exception):
    """A child died too often; the text holds the end of its log."""


@dataclass(frozen=True)
class Program:
    """What to run as one child, and the file for all that it prints."""

    name: str
    argv: Sequence[str]
    log_path: Path
    environment: Mapping[str, str] = field(default_factory=dict)


class Child:
    """One program's present process, its log and its deaths."""

    def __init__(self, program: Program, *, tell: Callable[[str], None]) -> None:
        self.program = program
        self.tell = tell
        self.process: subprocess.Popen[bytes] | None = None
        self.deaths = 0
        self.start_at = 0.0
        self.started = 0.0
        self.tail: deque[str] = deque(maxlen=20)
        self._partial = b""
        self._log = _open_log(program.log_path)

    @property
    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> IO[bytes]:
        """Start the process; what it prints comes out of the returned pipe, which never blocks."""
        self.process = subprocess.Popen(  # noqa: S603  (our own commands, no shell)
            self.program.argv,
            env={**os.environ, **self.program.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_end_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509  (one thread)
        )
        self.started = time.monotonic()
        pipe = self.process.stdout
        if pipe is None:
            raise RuntimeError("a process started with a pipe has none")
        os.set_blocking(pipe.fileno(), False)
        return pipe

    def take_output(self, pipe: IO[bytes]) -> bool:
        """Move what was printed to the log, errors to the console too; False at the end of the pipe."""
        data: bytes | None = pipe.read(65536)  # None: nothing there for now
        if data is None:
            return True
        *lines, self._partial = (self._partial + data).split(b"\n")
        for line in lines:
            self._record(line.decode(errors="replace"))
        return data != b""

    def record_death(self, *, now: float) -> None:
        """Plan the next start, later after each quick death; raise after too many."""
        code = self.process.returncode if self.process else None
        self.process = None
        self.deaths = 1 if now - self.started > STEADY_SECONDS else self.deaths + 1
        if self.deaths > DEATHS_ALLOWED:
            last = "\n  ".join(self.tail)
            raise ChildGaveUp(
                f"{self.program.name} died {self.deaths} times (last exit {code}). "
                f"The end of {self.program.log_path}:\n  {last}"
            )
        pause = min(2.0 ** (self.deaths - 1), LONGEST_PAUSE_SECONDS)
        self.start_at = now + pause
        self.tell(f"{self.program.name}: ended with exit {code}, starting again in {pause:.0f} s")

    def signal(self, number: signal.Signals) -> None:
        if self.is_alive and self.process:
            self.process.send_signal(number)

    def kill_group(self) -> None:
        """End whatever is left of the child's group: after a clean stop, usually nothing."""
        if self.process is None:
            return
        with suppress(ProcessLookupError, PermissionError):  # the second: macOS, for a group of zombies
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def close(self) -> None:
        self._log.close()

    def _record(self, line: str) -> None:
        self._log.write(line + "\n")
        self._log.flush()
        self.tail.append(line)
        if _ALARMING.search(line):  # the trace that may follow is in the log
            self.tell(f"{self.program.name}: {line}")


class Supervisor:
    """Keeps children running until a signal asks to stop, or one of them gives up."""

    def __init__(self, programs: Sequence[Program], *, tell: Callable[[str], None]) -> None:
        self.tell = tell
        self.children = [Child(program, tell=tell) for program in programs]
        self.stop_requests = 0
        self._selector = selectors.DefaultSelector()

    def run(self, *, on_tick: Callable[[], None]) -> None:
        """Run until SIGINT or SIGTERM. Raises ``ChildGaveUp`` after having stopped everything."""
        before = {number: signal.signal(number, self._on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            while not self.stop_requests:
                self._start_due()
                self._collect(timeout=0.2)
                on_tick()
        finally:
            self._stop()
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on_signal(self, number: int, frame: object) -> None:
        self.stop_requests += 1

    def _start_due(self) -> None:
        now = time.monotonic()
        for child in self.children:
            if child.process is not None and not child.is_alive:
                child.kill_group()
                child.record_death(now=now)
            if child.process is None and now >= child.start_at:
                self._selector.register(child.start(), selectors.EVENT_READ, child)

    def _collect(self, *, timeout: float) -> None:
        for key, _ in self._selector.select(timeout):
            pipe: Any = key.fileobj
            if not key.data.take_output(pipe):
                self._selector.unregister(pipe)
                pipe.close()

    def _stop(self) -> None:
        """Ask every child to end and wait; a second signal, or too long a wait, kills."""
        asked = self.stop_requests
        self.tell("Stopping …  (Ctrl-C again to kill)")
        for child in self.children:
            child.signal(signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while any(child.is_alive for child in self.children):
            if self.stop_requests > asked or time.monotonic() > deadline:
                names = ", ".join(child.program.name for child in self.children if child.is_alive)
                self.tell(f"Killing {names}; what they were doing is taken up again at the next start.")
                break
            self._collect(timeout=0.1)
        for child in self.children:
            child.kill_group()
        self._collect(timeout=0)
        for child in self.children:
            child.close()
        self.tell("Stopped.")


def _open_log(path: Path) -> IO[str]:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > LOG_BYTES:
        path.replace(path.with_suffix(".log.1"))
    return path.open("a", encoding="utf-8")


def _end_with_parent() -> None:
    """Linux sends the child SIGTERM when the supervisor itself is killed: no orphan keeps the port."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
