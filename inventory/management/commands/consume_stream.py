"""``manage.py consume_stream STREAM``: stock events from a Kinesis stream, until it is stopped."""

from __future__ import annotations

import secrets
import signal
import socket
from os import getpid
from threading import Event
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from invencare.aws.errors import Terminal
from invencare.lib import clock
from inventory.services.streams.consumer import ConsumerConfig, StreamConsumer


class Command(BaseCommand):
    help = "Take stock events in from a Kinesis stream. Start several: they share the shards, and follow a dead one."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("stream", help="the name of the stream")
        parser.add_argument("--batch", type=int, default=500, metavar="N", help="records a batch, 1 to 10,000 (500)")
        parser.add_argument(
            "--newest",
            action="store_true",
            help="begin shards that were never read at their newest record, not the oldest",
        )
        parser.add_argument("--until-caught-up", action="store_true", help="stop at the tip of the stream")
        parser.add_argument(
            "--lease-seconds", type=float, default=30.0, help="how long a dead consumer's shards wait (30)"
        )
        parser.add_argument("--poll-seconds", type=float, default=1.0, help="between two looks at an empty shard (1)")
        parser.add_argument("--name", default="", help="of this consumer; host and process if not given")

    def handle(self, *args: Any, **options: Any) -> None:
        if not 1 <= options["batch"] <= 10_000:
            raise CommandError("--batch takes 1 to 10,000 records.")
        if options["lease_seconds"] < 1 or options["poll_seconds"] <= 0:
            raise CommandError("--lease-seconds takes 1 or more, --poll-seconds more than 0.")
        config = ConsumerConfig(
            stream=options["stream"],
            owner=options["name"] or f"{socket.gethostname()[:60]}:{getpid()}:{secrets.token_hex(3)}",
            batch_records=options["batch"],
            lease_seconds=options["lease_seconds"],
            poll_seconds=options["poll_seconds"],
            newest=options["newest"],
            until_caught_up=options["until_caught_up"],
        )
        stop = Event()
        _stop_on_signals(stop)
        self.stderr.write(f"{config.owner} reads {config.stream}; Ctrl-C stops after the batch at work.")
        try:
            summary = StreamConsumer(config, clock=clock.now, stop=stop).run()
        except Terminal as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{summary}.")


def _stop_on_signals(stop: Event) -> None:
    """The first signal stops after the batch at work, the second at once."""

    def ask(number: int, frame: Any) -> None:
        signal.signal(number, signal.SIG_DFL)
        stop.set()

    signal.signal(signal.SIGINT, ask)
    signal.signal(signal.SIGTERM, ask)
