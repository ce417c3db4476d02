"""The embedded broker: messages arrive once and whole, whoever reads and writes at the same moment."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from kombu import Connection, Exchange, Queue

import invencare.celery  # noqa: F401  (puts the transport in the place of kombu's own)
from invencare.lib.folder_broker import Transport

EXCHANGE = Exchange("work", type="direct")


@pytest.fixture
def connect(tmp_path: Path) -> Callable[[], Connection]:
    folders = {"data_folder_in": "queue", "data_folder_out": "queue", "control_folder": "control"}
    options = {name: str(tmp_path / "broker" / folder) for name, folder in folders.items()}
    return lambda: Connection("filesystem://", transport_options=options)


def test_the_filesystem_scheme_is_ours(connect: Callable[[], Connection]) -> None:
    assert isinstance(connect().transport, Transport)


def test_messages_come_out_in_the_order_they_went_in_and_leave_nothing_behind(
    connect: Callable[[], Connection], tmp_path: Path
) -> None:
    with connect() as connection:
        simple = connection.SimpleQueue("work")
        for number in range(3):
            simple.put({"number": number})
        received = [simple.get(timeout=1) for _ in range(3)]
        for message in received:
            message.ack()
        with pytest.raises(Empty):
            simple.get(block=False)
        simple.close()

    assert [message.payload["number"] for message in received] == [0, 1, 2]
    assert list((tmp_path / "broker" / "queue").iterdir()) == []
    assert list((tmp_path / "broker" / "control" / "taken").iterdir()) == []


def test_an_unfinished_message_is_not_seen(connect: Callable[[], Connection], tmp_path: Path) -> None:
    with connect() as connection:
        channel: Any = connection.channel()
        (tmp_path / "broker" / "queue" / "0001_x.work.part").write_text('{"half":')
        with pytest.raises(Empty):
            channel._get("work")


def test_four_readers_share_two_hundred_messages_without_loss_or_doubles(connect: Callable[[], Connection]) -> None:
    with connect() as connection:
        channel: Any = connection.channel()
        for number in range(200):
            channel._put("work", {"number": number})
    taken: list[int] = []

    def read() -> None:
        with connect() as own:
            own_channel: Any = own.channel()
            while True:
                try:
                    taken.append(own_channel._get("work")["number"])
                except Empty:
                    return

    run_together([read] * 4)

    assert Counter(taken) == Counter(range(200))


def test_queues_declared_at_the_same_moment_are_all_bound(connect: Callable[[], Connection]) -> None:
    def declare(number: int) -> Callable[[], None]:
        def bind() -> None:
            with connect() as own:
                Queue(f"q{number}", EXCHANGE, routing_key=f"r{number}", channel=own.channel()).declare()

        return bind

    run_together([declare(number) for number in range(12)])

    with connect() as connection:
        channel: Any = connection.channel()
        assert {row.queue for row in channel.get_table("work")} == {f"q{number}" for number in range(12)}


def run_together(actions: list[Callable[[], None]]) -> None:
    barrier = threading.Barrier(len(actions))
    errors: list[BaseException] = []

    def one(action: Callable[[], None]) -> None:
        try:
            barrier.wait()
            action()
        except BaseException as error:  # noqa: BLE001  (shown by the assertion)
            errors.append(error)

    threads = [threading.Thread(target=one, args=(action,)) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
