"""The supervisor with small children: restarts, giving up, stopping."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from invencare import supervisor
from invencare.supervisor import ChildGaveUp, Program, Supervisor

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"


def program(tmp_path: Path, code: str, name: str = "child") -> Program:
    return Program(name=name, argv=[sys.executable, "-u", "-c", code], log_path=tmp_path / "log" / f"{name}.log")


def stop_when(condition: Callable[[], bool]) -> Callable[[], None]:
    """A tick that sends this process Ctrl-C once the condition holds."""
    sent = False

    def tick() -> None:
        nonlocal sent
        if not sent and condition():
            sent = True
            os.kill(os.getpid(), signal.SIGINT)

    return tick


def test_what_children_print_is_in_their_logs_and_errors_are_told_too(tmp_path: Path) -> None:
    told: list[str] = []
    noisy = program(tmp_path, "import time; print('2026 INFO fine'); print('2026 ERROR broken'); time.sleep(60)")
    watched = Supervisor([noisy], tell=told.append)
    watched.run(on_tick=stop_when(lambda: "broken" in noisy.log_path.read_text()))

    assert noisy.log_path.read_text() == "2026 INFO fine\n2026 ERROR broken\n"
    assert told == ["child: 2026 ERROR broken", "Stopping …  (Ctrl-C again to kill)", "Stopped."]


def test_a_child_that_dies_is_started_again(tmp_path: Path) -> None:
    told: list[str] = []
    lives = tmp_path / "lives"
    code = f"import os, time; n = open({str(lives)!r}, 'a'); n.write('x'); n.close(); time.sleep(60)"
    watched = Supervisor([program(tmp_path, code)], tell=told.append)
    child = watched.children[0]

    def tick() -> None:
        count = len(lives.read_text()) if lives.exists() else 0
        if count == 1 and child.process and child.is_alive:
            child.process.kill()
        elif count == 2:
            stop()

    stop = stop_when(lambda: True)
    watched.run(on_tick=tick)

    assert lives.read_text() == "xx"
    assert told[0] == "child: ended with exit -9, starting again in 1 s"


def test_a_child_that_keeps_dying_stops_everything_and_shows_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "LONGEST_PAUSE_SECONDS", 0.01)
    bad = program(tmp_path, "print('no such module'); raise SystemExit(3)", name="bad")
    good = program(tmp_path, "import time; time.sleep(60)", name="good")
    watched = Supervisor([bad, good], tell=lambda line: None)

    with pytest.raises(ChildGaveUp) as stopped:
        watched.run(on_tick=lambda: None)

    assert str(stopped.value).startswith("bad died 6 times (last exit 3). The end of ")
    assert "no such module" in str(stopped.value)
    assert not watched.children[1].is_alive


def test_a_second_signal_kills_what_does_not_stop(tmp_path: Path) -> None:
    told: list[str] = []
    stubborn = program(tmp_path, STUBBORN)
    watched = Supervisor([stubborn], tell=told.append)
    again = threading.Timer(1.5, os.kill, (os.getpid(), signal.SIGINT))
    first = stop_when(lambda: "up" in stubborn.log_path.read_text())

    def tick() -> None:
        first()
        if watched.stop_requests and not again.is_alive():
            again.start()

    began = time.monotonic()
    watched.run(on_tick=tick)

    assert time.monotonic() - began < supervisor.STOP_SECONDS
    assert told[-2:] == ["Killing child; what they were doing is taken up again at the next start.", "Stopped."]
    assert not watched.children[0].is_alive


def test_a_child_that_does_not_stop_in_time_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "STOP_SECONDS", 0.3)
    stubborn = program(tmp_path, STUBBORN)
    watched = Supervisor([stubborn], tell=lambda line: None)
    watched.run(on_tick=stop_when(lambda: "up" in stubborn.log_path.read_text()))

    assert not watched.children[0].is_alive


def test_a_grandchild_does_not_outlive_the_end(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    code = (
        "import subprocess, sys, time; "
        f"p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); "
        f"open({str(pid_file)!r}, 'w').write(str(p.pid)); print('up'); time.sleep(60)"
    )
    parent = program(tmp_path, code)
    watched = Supervisor([parent], tell=lambda line: None)
    watched.run(on_tick=stop_when(lambda: "up" in parent.log_path.read_text()))

    assert not is_running(int(pid_file.read_text()))


def is_running(pid: int) -> bool:
    for _ in range(50):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return False
        if state == "Z":  # dead, and not yet collected by init
            return False
        time.sleep(0.05)
    return True
