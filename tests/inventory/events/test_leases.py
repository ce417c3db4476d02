"""Leases on shards: shared fairly, followed when their holder is gone, fenced against one who comes back late."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from inventory.models import StreamShard
from inventory.services.streams.leases import Lease, checkpoint, give_up, note_shards, take_share
from tests.cast import NOW

pytestmark = pytest.mark.django_db


def take(owner: str, now: datetime = NOW) -> list[Lease]:
    return take_share("stock", owner=owner, now=now, lease_seconds=30)


def names(leases: list[Lease]) -> str:
    return "".join(lease.shard_id for lease in leases)


def shards(**parents: list[str]) -> None:
    note_shards("stock", parents)


def test_one_consumer_takes_all_and_a_second_is_given_its_share() -> None:
    shards(a=[], b=[], c=[], d=[])
    assert names(take("one")) == "abcd"
    assert names(take("two")) == "a"
    assert names(take("one")) == "bcd"
    assert names(take("two")) == "ab"
    assert (names(take("one")), names(take("two"))) == ("cd", "ab")
    assert names(take("three")) == ""  # nobody has more than a fair share of four for three


def test_noting_shards_again_keeps_how_far_they_were_read() -> None:
    shards(a=[])
    (lease,) = take("one")
    assert checkpoint(lease, at="7", read=3, behind_seconds=1.5, is_finished=False, now=NOW)
    shards(a=[], b=["a"])
    row = StreamShard.objects.get(shard_id="a")
    assert (row.checkpoint, row.records_read, row.behind_seconds) == ("7", 3, 1.5)


def test_a_dead_ones_shards_are_taken_when_its_lease_has_run_out() -> None:
    shards(a=[], b=[])
    take("one")
    give_up(take("two")[0])
    later = NOW + timedelta(seconds=31)
    assert names(take("two", later)) == "ab"


def test_who_lost_a_shard_writes_no_checkpoint_any_more() -> None:
    shards(a=[])
    (old,) = take("one")
    (new,) = take("two", NOW + timedelta(seconds=31))
    assert not checkpoint(old, at="9", read=1, behind_seconds=0, is_finished=False, now=NOW)
    give_up(old)
    assert checkpoint(new, at="5", read=1, behind_seconds=0, is_finished=False, now=NOW)
    assert StreamShard.objects.get().checkpoint == "5"


def test_a_lease_that_went_away_and_came_back_is_another_one() -> None:
    shards(a=[])
    (first,) = take("one")
    take("two", NOW + timedelta(seconds=31))
    (again,) = take("one", NOW + timedelta(seconds=62))
    assert not checkpoint(first, at="1", read=1, behind_seconds=0, is_finished=False, now=NOW)
    assert checkpoint(again, at="2", read=1, behind_seconds=0, is_finished=False, now=NOW)


def test_a_child_waits_for_every_parent_that_is_still_there() -> None:
    shards(a=[], b=[], m=["a", "b"], x=["trimmed long ago"])
    held = take("one")
    assert names(held) == "abx"
    for lease in held[:2]:
        assert "m" not in names(take("one"))
        checkpoint(lease, at="1", read=1, behind_seconds=0, is_finished=True, now=NOW)
    assert sorted(names(take("one"))) == ["m", "x"]


def test_streams_do_not_mix() -> None:
    shards(a=[])
    note_shards("other", {"a": []})
    assert names(take("one")) == "a"
    assert StreamShard.objects.get(stream="other").lease_owner == ""
