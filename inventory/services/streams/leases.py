"""Who reads which shard: leases in the database, each taken, renewed and given up by one conditional UPDATE.

A lease runs out by itself, so that a consumer that dies is followed by another. Two may read one shard for a while,
when a slow one comes back: events are applied once whoever brings them, and the late one's checkpoint is refused.
Consumers' clocks have to agree to a few seconds.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, QuerySet

from inventory.models import StreamShard


@dataclass(frozen=True)
class Lease:
    """The right to read one shard from ``checkpoint`` on; ``count`` tells it from earlier and later ones."""

    pk: int
    shard_id: str
    checkpoint: str
    owner: str
    count: int


def note_shards(stream: str, shards: Mapping[str, Iterable[str]]) -> None:
    """Make rows for shards (id → ids of its parents) that have none."""
    known = set(StreamShard.objects.filter(stream=stream).values_list("shard_id", flat=True))
    StreamShard.objects.bulk_create(
        [
            StreamShard(stream=stream, shard_id=shard_id, parent_ids=list(parents))
            for shard_id, parents in sorted(shards.items())
            if shard_id not in known
        ],
        ignore_conflicts=True,
    )


def take_share(stream: str, *, owner: str, now: datetime, lease_seconds: float) -> list[Lease]:
    """Renew what ``owner`` holds, and take its fair share: what is free first, then one from whoever has too many.

    A shard is ready once its parents were read to their end, so that the order of each product is kept.
    """
    rows = list(StreamShard.objects.filter(stream=stream).order_by("shard_id"))
    there = {row.shard_id: row for row in rows}
    ready = [row for row in rows if not row.is_finished and all(_is_read(there.get(p)) for p in row.parent_ids)]
    until = now + timedelta(seconds=lease_seconds)
    held = Counter(row.lease_owner for row in ready if _is_held(row, now))
    mine = [row for row in ready if row.lease_owner == owner and _is_held(row, now)]
    leases = [lease for row in mine if (lease := _take(row, owner, until)) is not None]
    share = math.ceil(len(ready) / len({*held, owner})) if ready else 0
    for row in ready:
        if len(leases) < share and not _is_held(row, now) and (lease := _take(row, owner, until)) is not None:
            leases.append(lease)
    surplus = _surplus(ready, held, owner, share, now) if len(leases) < share else None
    if surplus is not None and (lease := _take(surplus, owner, until)) is not None:
        leases.append(lease)
    return leases


def checkpoint(lease: Lease, *, at: str, read: int, behind_seconds: float, is_finished: bool, now: datetime) -> bool:
    """Note how far the shard was taken in; False when the lease is somebody else's by now."""
    changes = {"checkpoint": at} if at else {}
    return bool(
        _held_by(lease).update(
            **changes,
            is_finished=is_finished,
            behind_seconds=behind_seconds,
            records_read=F("records_read") + read,
            updated_at=now,
        )
    )


def give_up(lease: Lease) -> None:
    """Leave the shard to others at once."""
    _held_by(lease).update(lease_owner="", lease_until=None)


def _held_by(lease: Lease) -> QuerySet[StreamShard]:
    return StreamShard.objects.filter(pk=lease.pk, lease_owner=lease.owner, lease_count=lease.count)


def _is_read(parent: StreamShard | None) -> bool:
    """A parent that the stream no longer lists has no records left."""
    return parent is None or parent.is_finished


def _is_held(row: StreamShard, now: datetime) -> bool:
    return bool(row.lease_owner) and row.lease_until is not None and row.lease_until > now


def _take(row: StreamShard, owner: str, until: datetime) -> Lease | None:
    """The lease, if nobody took it since ``row`` was read. One's own stays the same lease and is only made longer."""
    count = row.lease_count if row.lease_owner == owner else row.lease_count + 1
    unchanged = StreamShard.objects.filter(pk=row.pk, lease_owner=row.lease_owner, lease_count=row.lease_count)
    taken = unchanged.update(lease_owner=owner, lease_until=until, lease_count=count)
    return Lease(row.pk, row.shard_id, row.checkpoint, owner, count) if taken else None


def _surplus(ready: list[StreamShard], held: Counter[str], owner: str, share: int, now: datetime) -> StreamShard | None:
    """A shard of whoever holds most, if that is more than a fair share."""
    others = [(count, name) for name, count in held.items() if name != owner and count > share]
    if not others:
        return None
    _, richest = max(others)
    return next(row for row in ready if row.lease_owner == richest and _is_held(row, now))
