"""A consumer of a stream on a server: takes its share of the shards, reads them in order, hands records to the intake.

One thread, its shards in turn. Each page of records is one batch of the intake, and then a checkpoint; a crash between
the two brings the page again, which changes nothing. Whatever can pass by itself (throttling, a database that is away,
an iterator that is too old) is waited out per shard, each time longer.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event

from django.db import Error as DatabaseError

from invencare.aws import kinesis
from invencare.aws.errors import Retryable
from inventory.calc.events.records import read_data
from inventory.calc.events.verdicts import Outcome
from inventory.services.events import EventResult, Sender, latest_instant, take_in
from inventory.services.locking import drop_broken_connection
from inventory.services.streams import leases
from inventory.services.streams.leases import Lease

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ConsumerConfig:
    """How one consumer reads. Times in seconds; ``owner`` has to be its own."""

    stream: str
    owner: str
    batch_records: int = 500
    lease_seconds: float = 30.0
    poll_seconds: float = 1.0  # Kinesis answers a shard five times a second, for all its readers together
    discover_seconds: float = 30.0
    report_seconds: float = 10.0
    backoff_seconds: float = 0.2
    longest_backoff_seconds: float = 20.0
    newest: bool = False  # begin shards without a checkpoint at their tip
    until_caught_up: bool = False


@dataclass
class ShardReader:
    """A shard while it is read; ``wait_until`` and ``next_poll`` by the monotonic clock."""

    lease: Lease
    checkpoint: str
    iterator: str = ""
    failures: int = 0
    wait_until: float = 0.0
    behind_seconds: float = 0.0
    is_caught_up: bool = False


@dataclass
class Summary:
    """What one consumer did."""

    records: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    retries: int = 0

    def __str__(self) -> str:
        said = ", ".join(f"{count:,} {name}" for name, count in sorted(self.outcomes.items())) or "none"
        return f"{self.records:,} events taken in ({said}), {self.retries:,} retries"


class StreamConsumer:
    """Reads until ``stop`` is set, or, with ``until_caught_up``, to the tip of every shard that it holds."""

    def __init__(self, config: ConsumerConfig, *, clock: Callable[[], datetime], stop: Event) -> None:
        self.config = config
        self.summary = Summary()
        self._clock = clock
        self._stop = stop
        self._readers: dict[str, ShardReader] = {}
        self._closed: set[str] = set()
        self._share_due = self._discovery_due = 0.0
        self._report_due = time.monotonic() + config.report_seconds
        self._failures = 0

    def run(self) -> Summary:
        """Read; at the end give the leases up. Raises ``Terminal`` for what no waiting mends."""
        try:
            while not self._stop.is_set():
                self._keep_share()
                waiting = self._read_round()
                self._report()
                if self.config.until_caught_up and self._is_done():
                    break
                if waiting > 0:
                    self._stop.wait(waiting)
        finally:
            self._give_up()
        return self.summary

    def _keep_share(self) -> None:
        """Look for shards and renew the leases when it is time."""
        now = time.monotonic()
        if now < self._share_due:
            return
        try:
            if now >= self._discovery_due:
                shards = kinesis.list_shards(self.config.stream)
                leases.note_shards(self.config.stream, {shard.shard_id: shard.parents for shard in shards})
                self._closed = {shard.shard_id for shard in shards if shard.is_closed}
                self._discovery_due = now + self.config.discover_seconds
            held = leases.take_share(
                self.config.stream,
                owner=self.config.owner,
                now=self._clock(),
                lease_seconds=self.config.lease_seconds,
            )
        except (Retryable, DatabaseError) as error:
            self._failures += 1
            self._share_due = now + self._pause(self._failures, error, "leases")
            return
        self._failures = 0
        self._share_due = now + self.config.lease_seconds / 3
        self._hold(held)

    def _hold(self, held: list[Lease]) -> None:
        readers = {}
        for lease in held:
            reader = self._readers.get(lease.shard_id)
            if reader is None or reader.lease.count != lease.count:
                logger.info("reading %s from %s", lease.shard_id, lease.checkpoint or "its start")
                reader = ShardReader(lease, lease.checkpoint)
            readers[lease.shard_id] = reader
        self._readers = readers

    def _read_round(self) -> float:
        """Read a page of each shard that is due; the seconds until the next is."""
        for reader in list(self._readers.values()):
            if self._stop.is_set():
                return 0.0
            if time.monotonic() >= reader.wait_until:
                self._read(reader)
            if time.monotonic() >= self._share_due:
                return 0.0  # a slow shard must not cost the others their leases
        due = min((reader.wait_until for reader in self._readers.values()), default=time.monotonic() + 0.5)
        return max(0.0, min(due, self._share_due) - time.monotonic())

    def _read(self, reader: ShardReader) -> None:
        try:
            if not reader.iterator:
                reader.iterator = kinesis.place_in_shard(
                    self.config.stream, reader.lease.shard_id, after=reader.checkpoint, newest=self.config.newest
                )
            page = kinesis.read_page(reader.iterator, limit=self.config.batch_records)
            self._take_in(reader, page)
        except kinesis.IteratorExpired:
            reader.iterator = ""
        except (Retryable, DatabaseError) as error:
            self._wait(reader, error)

    def _take_in(self, reader: ShardReader, page: kinesis.Page) -> None:
        """One page into the intake, and the checkpoint behind what went in."""
        now = self._clock()
        stream, shard_id, latest = self.config.stream, reader.lease.shard_id, latest_instant(now)
        received = [
            read_data(
                record.data,
                shard_id=shard_id,
                sequence_number=record.sequence_number,
                stream=stream,
                latest=latest,
            )
            for record in page.records
        ]
        intake = take_in(received, sender=Sender(name=stream), now=now) if received else None
        taken = len(intake.results) if intake else 0
        is_whole = taken == len(received)
        if taken and intake:
            reader.checkpoint = received[taken - 1].sequence_number
            self._count(intake.results)
        # Kinesis ends a closed shard with an empty iterator; some that speak its language never do.
        is_at_end = shard_id in self._closed and not page.records and page.behind_seconds == 0
        is_finished = is_whole and (not page.next_iterator or is_at_end)
        kept = leases.checkpoint(
            reader.lease,
            at=reader.checkpoint if taken else "",
            read=taken,
            behind_seconds=page.behind_seconds,
            is_finished=is_finished,
            now=now,
        )
        if not kept:
            logger.info("%s is read by another consumer now", shard_id)
            self._readers.pop(shard_id, None)
            return
        if intake is not None and intake.failure is not None:
            raise Retryable(str(intake.failure)) from intake.failure
        self._go_on(reader, page, is_finished=is_finished)

    def _go_on(self, reader: ShardReader, page: kinesis.Page, *, is_finished: bool) -> None:
        reader.failures = 0
        reader.iterator = page.next_iterator
        reader.behind_seconds = page.behind_seconds
        reader.is_caught_up = not page.records and page.behind_seconds == 0
        if not page.records:
            reader.wait_until = time.monotonic() + self.config.poll_seconds
        if is_finished:
            logger.info("%s is read to its end", reader.lease.shard_id)
            self._readers.pop(reader.lease.shard_id, None)
            self._share_due = self._discovery_due = 0.0  # its children can be read now

    def _wait(self, reader: ShardReader, error: Exception) -> None:
        reader.failures += 1
        reader.iterator = ""
        reader.is_caught_up = False
        reader.wait_until = time.monotonic() + self._pause(reader.failures, error, reader.lease.shard_id)

    def _pause(self, failures: int, error: Exception, what: str) -> float:
        """Seconds to wait before the next try: doubled each time up to a bound, and jittered."""
        self.summary.retries += 1
        drop_broken_connection()
        longest = min(self.config.longest_backoff_seconds, self.config.backoff_seconds * 2 ** min(failures, 16))
        seconds = random.uniform(longest / 2, longest)  # noqa: S311  jitter, not a secret
        logger.warning("%s: %s; next try in %.1f s", what, error, seconds)
        return seconds

    def _count(self, results: list[EventResult]) -> None:
        self.summary.records += len(results)
        for result in results:
            name = Outcome(result.outcome).value
            self.summary.outcomes[name] = self.summary.outcomes.get(name, 0) + 1

    def _report(self) -> None:
        if time.monotonic() >= self._report_due:
            self._report_due = time.monotonic() + self.config.report_seconds
            behind = max((reader.behind_seconds for reader in self._readers.values()), default=0.0)
            logger.info(
                "%s: %d shards, %.0f s behind, %s", self.config.stream, len(self._readers), behind, self.summary
            )

    def _is_done(self) -> bool:
        """At the tip of every shard that it holds, with no look for others due."""
        is_settled = not self._failures and time.monotonic() < self._share_due
        return is_settled and all(reader.is_caught_up for reader in self._readers.values())

    def _give_up(self) -> None:
        for reader in self._readers.values():
            try:
                leases.give_up(reader.lease)
            except DatabaseError as error:  # it runs out by itself
                logger.warning("the lease of %s was not given up: %s", reader.lease.shard_id, error)
