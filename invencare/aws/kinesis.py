"""Kinesis data streams: shards, records in order, and records put by the batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from invencare.aws.errors import Retryable
from invencare.aws.session import client, translated

MOST_PUT = 500
MOST_PUT_BYTES = 5 * 1024 * 1024


class IteratorExpired(Retryable):
    """A place in a shard that was asked for more than five minutes ago; ask for the place again."""


@dataclass(frozen=True)
class Shard:
    """One shard of a stream; ``parents`` are those that it was split or merged from. A closed one gets no records any more."""

    shard_id: str
    parents: tuple[str, ...]
    is_closed: bool


@dataclass(frozen=True)
class Record:
    """One record as it was put."""

    sequence_number: str
    data: bytes


@dataclass(frozen=True)
class Page:
    """Records in order; ``next_iterator`` is empty at the end of a closed shard, ``behind_seconds`` the way to its tip."""

    records: list[Record]
    next_iterator: str
    behind_seconds: float


def list_shards(stream: str) -> list[Shard]:
    """Every shard that still has records, open or closed."""
    kinesis = client("kinesis")
    shards: list[Shard] = []
    arguments = {"StreamName": stream}
    while arguments:
        with translated():
            answer = kinesis.list_shards(**arguments)
        for shard in answer["Shards"]:
            parents = (shard.get("ParentShardId"), shard.get("AdjacentParentShardId"))
            is_closed = bool(shard["SequenceNumberRange"].get("EndingSequenceNumber"))
            shards.append(Shard(shard["ShardId"], tuple(parent for parent in parents if parent), is_closed))
        arguments = {"NextToken": answer["NextToken"]} if answer.get("NextToken") else {}
    return shards


def place_in_shard(stream: str, shard_id: str, *, after: str = "", newest: bool = False) -> str:
    """An iterator after the sequence number ``after``; without one from the oldest record, or from now on."""
    where = {"ShardIteratorType": "LATEST" if newest else "TRIM_HORIZON"}
    if after:
        where = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": after}
    kinesis = client("kinesis")
    with translated():
        iterator: str = kinesis.get_shard_iterator(StreamName=stream, ShardId=shard_id, **where)["ShardIterator"]
    return iterator


def read_page(iterator: str, *, limit: int) -> Page:
    """Up to ``limit`` records from a place on. Raises ``IteratorExpired`` for a place that is too old."""
    kinesis = client("kinesis")
    try:
        with translated("ExpiredIteratorException"):
            answer = kinesis.get_records(ShardIterator=iterator, Limit=limit)
    except Retryable as error:
        if str(error).startswith("ExpiredIteratorException"):
            raise IteratorExpired(str(error)) from error
        raise
    records = [Record(record["SequenceNumber"], bytes(record["Data"])) for record in answer["Records"]]
    behind_seconds = float(answer.get("MillisBehindLatest") or 0) / 1000
    return Page(records, answer.get("NextShardIterator") or "", behind_seconds)


def put_records(stream: str, entries: Sequence[tuple[str, bytes]]) -> list[int]:
    """Put up to 500 records, each with its partition key; the positions of those that were not taken, to try again."""
    kinesis = client("kinesis")
    with translated():
        answer = kinesis.put_records(
            StreamName=stream, Records=[{"PartitionKey": key, "Data": data} for key, data in entries]
        )
    return [position for position, record in enumerate(answer["Records"]) if record.get("ErrorCode")]
