"""50,000 events with faults, consumers killed ten times and MariaDB restarted twice: nothing is lost, nothing twice.

On a MariaDB of its own, because it is restarted (once politely, once by SIGKILL), and a Kinesis on loopback. The real
commands run as processes; what they come to is compared with a readable oracle over the same events.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from inventory.calc.events.generation import EventPlan, make_events
from inventory.services.events.sending import StreamTarget
from tests.inventory.events import kinesis
from tests.inventory.events.oracle import Oracle
from tests.live.site import kill, wait_until

EVENTS = 50_000
KILLS, RESTARTS = 10, 2
STORES = ["N1", "S1", "E1"]
PRODUCTS = [(f"P{i}", f"Product {i}") for i in range(12)]
PLAN = EventPlan(seed=41, stores=STORES, products=PRODUCTS, bad_share=0.01, duplicate_share=0.02, disorder_share=0.01)
WITHIN_SECONDS = 900.0  # a machine that many share; alone it takes a small part of that


def why_not() -> str | None:
    if reason := kinesis.why_no_moto():
        return reason
    if find_spec("MySQLdb") is None:
        return "needs mysqlclient: install the extra “mysql”"
    if _program("mariadbd") is None or shutil.which("mariadb-install-db") is None:
        return "needs MariaDB's server, to start one that may be restarted"
    return None


def _program(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")


@dataclass
class Server:
    """A MariaDB in a folder, durable as in production."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None
    account: list[str] = field(default_factory=lambda: ["--user=root"] if os.geteuid() == 0 else [])

    @property
    def url(self) -> str:
        return f"mysql://root@127.0.0.1:{self.port}/faults"

    def install(self) -> None:
        command = ["mariadb-install-db", "--no-defaults", *self.account, f"--datadir={self.folder}", "--skip-test-db"]
        subprocess.run([*command, "--auth-root-authentication-method=normal"], check=True, capture_output=True)

    def start(self) -> None:
        server = [str(_program("mariadbd")), "--no-defaults", *self.account, f"--datadir={self.folder}"]
        places = [f"--socket={self.folder}/socket", f"--port={self.port}", "--bind-address=127.0.0.1"]
        sizes = ["--innodb-buffer-pool-size=256M", "--innodb-flush-log-at-trx-commit=1"]
        with (self.folder.parent / "mariadb.log").open("ab") as log:
            self.process = subprocess.Popen([*server, *places, *sizes], stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while self.connect() is None:
            assert self.process.poll() is None, (self.folder.parent / "mariadb.log").read_text()[-2000:]
            assert time.monotonic() < deadline, "MariaDB did not start"
            time.sleep(0.1)

    def connect(self, database: str = "") -> Any:
        import MySQLdb

        try:
            return MySQLdb.connect(
                host="127.0.0.1", port=self.port, user="root", database=database, autocommit=True, connect_timeout=3
            )
        except MySQLdb.Error:
            return None

    def flush_commits(self, *, always: bool) -> None:
        """Whether each commit waits for the disk, as in production; making the tables need not."""
        self.connect().cursor().execute(f"SET GLOBAL innodb_flush_log_at_trx_commit = {int(always)}")

    def stop(self, number: signal.Signals) -> None:
        if self.process is not None:
            with suppress(ProcessLookupError):
                self.process.send_signal(number)
            self.process.wait()


@contextmanager
def own_mariadb(folder: Path) -> Iterator[Server]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        server = Server(folder / "mariadb", probe.getsockname()[1])
    server.folder.mkdir()
    server.install()
    server.start()
    try:
        server.connect().cursor().execute("CREATE DATABASE faults CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci")
        yield server
    finally:
        server.stop(signal.SIGKILL)


@dataclass
class Commands:
    """``manage.py`` on that database and that stream."""

    environment: dict[str, str]
    folder: Path
    started: int = 0
    log_of: dict[int, Path] = field(default_factory=dict)  # by process id

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=settings.BASE_DIR,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def consumer(self) -> subprocess.Popen[bytes]:
        self.started += 1
        options = ["--batch=200", "--lease-seconds=2", "--poll-seconds=0.1", f"--name=consumer-{self.started}"]
        path = self.folder / f"consumer-{self.started}.log"
        with path.open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "manage.py", "consume_stream", "stock", *options],
                cwd=settings.BASE_DIR,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.log_of[process.pid] = path
        return process

    def are_up(self, consumers: list[subprocess.Popen[bytes]]) -> bool:
        """Whether these have got as far as to stop cleanly when they are asked to."""
        return all("reads stock" in self.log_of[consumer.pid].read_text() for consumer in consumers)

    def logs(self) -> str:
        """The end of each consumer's log."""
        logs = sorted(self.folder.glob("consumer-*.log"))
        return "\n".join(f"{log.name}: {log.read_text()[-1500:]}" for log in logs)


CATALOGUE = f"""
from inventory.models import Product, Store
for code in {STORES!r}: Store.objects.create(code=code, name=code)
for sku, name in {PRODUCTS!r}: Product.objects.create(sku=sku, name=name)
"""
STATE = """
import json
from django.db.models import Count
from inventory.models import InventoryTransaction, StockEvent, StockLevel
levels = {f"{l.store.code} {l.product.sku}": [l.on_hand_units, l.is_on_sale] for l in StockLevel.objects.select_related("store", "product")}
outcomes = dict(StockEvent.objects.order_by().values_list("outcome").annotate(Count("pk")))
print(json.dumps([levels, outcomes, InventoryTransaction.objects.count()]))
"""


@pytest.mark.skipif(why_not() is not None, reason=why_not() or "")
def test_killed_consumers_and_a_restarted_database_lose_nothing_and_count_nothing_twice(tmp_path: Path) -> None:
    start = datetime.now(UTC) - timedelta(hours=2)
    events = list(make_events(PLAN, EVENTS, start=start, step=timedelta(milliseconds=100)))
    oracle = Oracle(set(STORES), {sku for sku, _ in PRODUCTS}).read(event.data for event in events)
    with own_mariadb(tmp_path) as server, kinesis.moto_server() as address, kinesis.aws_at(address) as client:
        commands = Commands(_environment(server, address, tmp_path), tmp_path)
        server.flush_commits(always=False)
        commands.run("migrate", "--verbosity=0")
        commands.run("shell", "-c", CATALOGUE)
        server.flush_commits(always=True)
        kinesis.make_stream(client, "stock", 4)
        target = StreamTarget("stock")
        for first in range(0, EVENTS, 500):
            target.send(events[first : first + 500])
        kept = EVENTS - oracle.outcomes["duplicate"]
        _consume_through_faults(commands, server, kept)
        levels, outcomes, movements = json.loads(commands.run("shell", "--verbosity=0", "-c", STATE).splitlines()[-1])
        assert "differ" not in commands.run("rebuild_levels", "--check")
    assert levels == {f"{store} {sku}": [shelf.units, shelf.on_sale] for (store, sku), shelf in oracle.shelves.items()}
    assert outcomes == {name: count for name, count in oracle.outcomes.items() if name != "duplicate"}
    assert movements == oracle.outcomes["applied"]
    assert oracle.outcomes["stale"] > 0
    assert oracle.outcomes["rejected"] > EVENTS * 0.008


def _environment(server: Server, address: str, folder: Path) -> dict[str, str]:
    return {
        **os.environ,
        **kinesis.CREDENTIALS,
        "DATABASE_URL": server.url,
        "AWS_ENDPOINT_URL": address,
        "AWS_REGION": "eu-west-1",
        "INVENCARE_VAR_DIR": str(folder / "var"),
        "LOG_LEVEL": "INFO",
    }


def _consume_through_faults(commands: Commands, server: Server, kept: int) -> None:
    """Two consumers until ``kept`` events are in; at random points of the way one is killed, or the server restarted."""
    chance = random.Random(41)
    kills = sorted(chance.uniform(0.02, 0.9) for _ in range(KILLS))
    restarts = {2: signal.SIGTERM, 6: signal.SIGKILL}  # after the so-many-th kill
    consumers = [commands.consumer() for _ in range(2)]
    deadline = time.monotonic() + WITHIN_SECONDS
    killed = 0
    try:
        while (done := _events_in(server)) < kept:
            assert time.monotonic() < deadline, f"{done:,} of {kept:,} events after {WITHIN_SECONDS} s"
            if killed < KILLS and done >= kills[killed] * kept:
                place = chance.randrange(len(consumers))
                kill(consumers[place])
                killed += 1
                if killed in restarts:
                    server.stop(restarts[killed])
                    server.start()
                consumers[place] = commands.consumer()
            assert all(consumer.poll() is None for consumer in consumers), commands.logs()
            time.sleep(0.05)
        wait_until(lambda: commands.are_up(consumers), seconds=WITHIN_SECONDS, what="both consumers are up")
        for consumer in consumers:
            consumer.send_signal(signal.SIGTERM)
        assert [consumer.wait(60) for consumer in consumers] == [0, 0]
    finally:
        for consumer in consumers:
            kill(consumer)
    assert killed == KILLS


def _events_in(server: Server) -> int:
    connection = server.connect("faults")
    if connection is None:
        return 0
    try:
        cursor = connection.cursor()
        cursor.execute("SELECT COUNT(*) FROM stock_events")
        return int(cursor.fetchone()[0])
    finally:
        connection.close()
