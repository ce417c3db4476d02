"""The consumer against a Kinesis over HTTP: moto's everywhere, kinesalite where npm has put it."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any
from unittest.mock import patch

import pytest
from django.db import OperationalError, connection

from invencare.aws import kinesis as adapter
from invencare.aws.errors import Retryable, Terminal
from inventory.calc.events.generation import EventPlan, make_events
from inventory.models import InventoryTransaction, StockEvent, StockLevel, StreamShard
from inventory.services.events.sending import Sent, StreamTarget, Undelivered, send_events
from inventory.services.streams.consumer import ConsumerConfig, StreamConsumer, Summary
from tests.cast import NOW, Cast
from tests.inventory.events import kinesis
from tests.inventory.events.making import event

STEADY = "SKU-STEADY"


@pytest.fixture(params=["moto", "kinesalite"])
def aws(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    reason = kinesis.why_no_moto() if request.param == "moto" else kinesis.why_no_kinesalite()
    if reason:
        pytest.skip(reason)
    server = kinesis.moto_server() if request.param == "moto" else kinesis.kinesalite_server(tmp_path)
    with server as address, kinesis.aws_at(address) as client:
        yield client


def put(client: Any, *events: Any, key: str = "p") -> None:
    for said in events:
        client.put_record(StreamName="stock", PartitionKey=key, Data=json.dumps(said).encode())


def consume(owner: str = "a", **changes: Any) -> Summary:
    """Read to the tip of the stream."""
    config = ConsumerConfig(
        **{"stream": "stock", "owner": owner, "until_caught_up": True, "poll_seconds": 0.05, "backoff_seconds": 0.02}
        | changes
    )
    return StreamConsumer(config, clock=lambda: NOW, stop=Event()).run()


def test_what_was_put_is_taken_in_and_a_second_time_nothing_is(aws: Any, cast: Cast) -> None:
    kinesis.make_stream(aws, "stock", 2)
    put(aws, event("product_added", STEADY, 50), event("sale", STEADY, 3, minute=1), {"event_type": "gift"})
    put(aws, event("sale", STEADY, 1, minute=2), key="another")
    summary = consume()
    assert (summary.records, summary.outcomes["rejected"]) == (4, 1)
    assert StockEvent.objects.filter(sender="stock", source="stream").count() == 4
    assert consume("b").records == 0
    assert sum(StreamShard.objects.values_list("records_read", flat=True)) == 4
    assert set(StreamShard.objects.values_list("lease_owner", flat=True)) == {""}


def test_a_lost_checkpoint_brings_everything_again_and_changes_nothing(aws: Any, cast: Cast) -> None:
    kinesis.make_stream(aws, "stock", 1)
    put(aws, event("product_added", STEADY, 50), event("sale", STEADY, 3, minute=1))
    consume()
    StreamShard.objects.update(checkpoint="")
    assert consume().outcomes == {"duplicate": 2}
    assert StockLevel.objects.get().on_hand_units == 47
    assert InventoryTransaction.objects.count() == 2


def test_reading_goes_on_where_it_stopped(aws: Any, cast: Cast) -> None:
    kinesis.make_stream(aws, "stock", 1)
    put(aws, event("product_added", STEADY, 50))
    consume()
    put(aws, event("sale", STEADY, 3, minute=1))
    assert consume("b", batch_records=1).records == 1
    assert StockLevel.objects.get().on_hand_units == 47


def test_the_children_of_a_split_shard_are_read_after_it(aws: Any, cast: Cast) -> None:
    """With ids of their own: moto hands the parent's records on to its children under new numbers."""
    kinesis.make_stream(aws, "stock", 1)
    put(aws, event("product_added", STEADY, 50, event_id="a"))
    consume()
    put(aws, event("sale", STEADY, 3, minute=1, event_id="b"))
    aws.split_shard(StreamName="stock", ShardToSplit="shardId-000000000000", NewStartingHashKey=str(2**127))
    kinesis.wait_until_active(aws, "stock")
    put(aws, event("sale", STEADY, 1, minute=2, event_id="c"), key="0")
    put(aws, event("sale", STEADY, 1, minute=3, event_id="d"), key="1")
    consume()
    assert StockLevel.objects.get().on_hand_units == 45
    shards = {shard.shard_id[-1]: shard for shard in StreamShard.objects.all()}
    assert shards["0"].is_finished
    assert shards["1"].parent_ids == shards["2"].parent_ids == ["shardId-000000000000"]


def test_a_stream_that_is_not_there_ends_it_by_name(aws: Any, cast: Cast) -> None:
    with pytest.raises(Terminal, match="ResourceNotFoundException"):
        consume(stream="none")


def test_records_that_are_not_taken_are_put_again(aws: Any, cast: Cast) -> None:
    kinesis.make_stream(aws, "stock", 1)
    plan = EventPlan(seed=3, stores=["N1"], products=[(STEADY, "Steady product")])
    events = make_events(plan, 40, start=NOW - timedelta(hours=1), step=timedelta(seconds=1))
    real, calls = adapter.put_records, []

    def half(stream: str, entries: Any) -> list[int]:
        calls.append(len(entries))
        if len(calls) == 1:
            real(stream, entries[:10])
            return list(range(10, len(entries)))
        if len(calls) == 2:
            raise Retryable("ProvisionedThroughputExceededException: slow down")
        return real(stream, entries)

    sent = Sent()
    with (
        patch.object(adapter, "put_records", half),
        patch("inventory.services.events.sending.FIRST_PAUSE_SECONDS", 0.01),
    ):
        send_events(events, StreamTarget("stock"), per_second=None, batch=100, stop=Event(), sent=sent)
    assert calls == [40, 30, 30]
    assert (sent.events, consume().outcomes) == (40, {"applied": 40})


def test_a_stream_that_never_takes_anything_is_said_so(settings: Any) -> None:
    plan = EventPlan(seed=1, stores=["N1"], products=[("P", "p")])
    made = list(make_events(plan, 2, start=NOW, step=timedelta(seconds=1)))
    refusing = patch.object(adapter, "put_records", side_effect=Retryable("Throttling: no"))
    with refusing, patch("inventory.services.events.sending.FIRST_PAUSE_SECONDS", 0.001), pytest.raises(Undelivered):
        StreamTarget("stock").send(made)


def failing(times: int, error: Exception, real: Callable[..., Any]) -> Callable[..., Any]:
    left = [times]

    def call(*args: Any, **options: Any) -> Any:
        if left[0]:
            left[0] -= 1
            raise error
        return real(*args, **options)

    return call


@pytest.mark.parametrize(
    "error",
    [Retryable("ProvisionedThroughputExceededException: slow"), adapter.IteratorExpired("ExpiredIteratorException")],
)
def test_throttles_and_old_iterators_are_waited_out(error: Exception, aws: Any, cast: Cast) -> None:
    kinesis.make_stream(aws, "stock", 1)
    put(aws, event("sale", STEADY, 3))
    with patch.object(adapter, "read_page", failing(3, error, adapter.read_page)):
        summary = consume()
    assert summary.outcomes == {"applied": 1}
    assert summary.retries == (0 if isinstance(error, adapter.IteratorExpired) else 3)


def test_a_database_that_is_away_is_waited_out_and_nothing_is_lost(aws: Any, cast: Cast) -> None:
    from inventory.services.events import intake

    kinesis.make_stream(aws, "stock", 1)
    put(aws, event("sale", STEADY, 3), event("sale", STEADY, 4, minute=1))
    away = failing(2, OperationalError(2006, "Server has gone away"), intake.apply_batch)
    with patch.object(intake, "apply_batch", away):
        summary = consume()
    assert (summary.outcomes, summary.retries) == ({"applied": 2}, 2)
    assert StockLevel.objects.get().on_hand_units == -7


@pytest.mark.mariadb
@pytest.mark.django_db(transaction=True)
def test_two_consumers_share_a_stream_and_nothing_is_applied_twice(aws: Any, cast: Cast) -> None:
    kinesis.make_stream(aws, "stock", 4)
    plan = EventPlan(seed=5, stores=["N1", "S1"], products=[(p.sku, p.name) for p in cast.products])
    events = list(make_events(plan, 400, start=NOW - timedelta(hours=1), step=timedelta(seconds=1)))
    aws.put_records(
        StreamName="stock", Records=[{"PartitionKey": made.partition_key, "Data": made.data} for made in events]
    )
    stop, consumers = Event(), []
    for owner in "ab":
        config = ConsumerConfig(
            stream="stock", owner=owner, batch_records=10, lease_seconds=1, poll_seconds=0.02, discover_seconds=1
        )
        consumers.append(StreamConsumer(config, clock=_now, stop=stop))
    threads = [Thread(target=_run, args=[consumer]) for consumer in consumers]
    for thread in threads:
        thread.start()
    try:
        _wait(lambda: StockEvent.objects.count() == 400)
        _wait(lambda: all(consumer._readers for consumer in consumers))
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert InventoryTransaction.objects.count() == 400 - StockEvent.objects.exclude(outcome="applied").count()


def _now() -> Any:
    from invencare.lib import clock

    return clock.now()


def _run(consumer: StreamConsumer) -> None:
    try:
        consumer.run()
    finally:
        connection.close()


def _wait(condition: Callable[[], bool]) -> None:
    from tests.live.site import wait_until

    wait_until(condition, seconds=30, what="both consumers read all")


def test_how_far_behind_it_is_is_logged(aws: Any, cast: Cast, caplog: pytest.LogCaptureFixture) -> None:
    kinesis.make_stream(aws, "stock", 1)
    put(aws, event("sale", STEADY, 3))
    with caplog.at_level(logging.INFO):
        consume(report_seconds=0)
    assert "stock: 1 shards, 0 s behind" in caplog.text
