"""``manage.py generate_events``: random stock events from a seed, to a stream, to a site, or straight in."""

from __future__ import annotations

import os
import signal
from datetime import timedelta
from threading import Event
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from invencare.aws.errors import Terminal
from invencare.lib import clock
from inventory.calc.events.generation import EventPlan, make_events
from inventory.models import Product, Store
from inventory.services.events.sending import (
    DirectTarget,
    Sent,
    SiteTarget,
    StreamTarget,
    Target,
    Undelivered,
    send_events,
)

KEY_VARIABLE = "INVENCARE_API_KEY"


class Command(BaseCommand):
    help = "Send random stock events of this site's stores and products, the same ones for the same seed."

    def add_arguments(self, parser: CommandParser) -> None:
        to = parser.add_mutually_exclusive_group()
        to.add_argument("--stream", default="", metavar="NAME", help="to a Kinesis stream, by PutRecords")
        to.add_argument(
            "--url", default="", metavar="https://…", help=f"to a site's API, with the key in {KEY_VARIABLE}"
        )
        parser.add_argument("--count", type=int, default=1000, help="of events (1,000)")
        parser.add_argument(
            "--rate", type=float, default=None, metavar="N", help="events a second; as fast as it goes if not given"
        )
        parser.add_argument("--batch", type=int, default=100, metavar="N", help="events a batch (100)")
        parser.add_argument("--seed", type=int, default=1, help="of all chance (1)")
        parser.add_argument("--stores", default="", metavar="A,B", help="codes; every active store if not given")
        parser.add_argument("--products", type=int, default=50, metavar="N", help="of this site, the first by SKU (50)")
        parser.add_argument("--bad", type=float, default=0.0, metavar="SHARE", help="events that are wrong, 0 to 1")
        parser.add_argument("--duplicates", type=float, default=0.0, metavar="SHARE", help="events that come twice")
        parser.add_argument("--out-of-order", type=float, default=0.0, metavar="SHARE", help="events that come late")

    def handle(self, *args: Any, **options: Any) -> None:
        _check(options)
        stop = Event()
        _stop_on_signals(stop)
        plan, target = _plan(options), _target(options)
        step = timedelta(seconds=1 / options["rate"]) if options["rate"] else timedelta(milliseconds=1)
        now = clock.now()
        start = now if options["rate"] else now - options["count"] * step  # never of the future
        sent = Sent()
        try:
            send_events(
                make_events(plan, options["count"], start=start, step=step),
                target,
                per_second=options["rate"],
                batch=options["batch"],
                stop=stop,
                sent=sent,
            )
        except (Undelivered, Terminal) as error:
            self._say(sent, "Stopped")
            raise CommandError(str(error)) from error
        self._say(sent, "Stopped by you" if stop.is_set() else "Done")

    def _say(self, sent: Sent, how: str) -> None:
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(sent.kinds.items())) or "none"
        outcomes = ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(sent.outcomes.items())) or "none"
        rate = sent.events / sent.seconds if sent.seconds else 0.0
        self.stdout.write(f"{how}: {sent.events:,} events in {sent.seconds:.1f} s ({rate:,.0f} a second).")
        self.stdout.write(f"  sent: {kinds}")
        self.stdout.write(f"  outcome: {outcomes}")


def _check(options: dict[str, Any]) -> None:
    if options["count"] < 1 or options["batch"] < 1 or options["products"] < 1:
        raise CommandError("--count, --batch and --products take 1 or more.")
    if options["rate"] is not None and options["rate"] <= 0:
        raise CommandError("--rate takes more than 0 events a second.")


def _plan(options: dict[str, Any]) -> EventPlan:
    stores = [code for code in options["stores"].split(",") if code] or list(
        Store.objects.active().order_by("code").values_list("code", flat=True)
    )
    products = list(Product.objects.on_sale().order_by("sku").values_list("sku", "name")[: options["products"]])
    try:
        return EventPlan(
            seed=options["seed"],
            stores=stores,
            products=products,
            bad_share=options["bad"],
            duplicate_share=options["duplicates"],
            disorder_share=options["out_of_order"],
        )
    except ValueError as error:
        raise CommandError(f"{error}.") from error


def _target(options: dict[str, Any]) -> Target:
    if options["stream"]:
        return StreamTarget(options["stream"])
    if options["url"]:
        key = os.environ.get(KEY_VARIABLE, "")
        if not key:
            raise CommandError(f"Put an API key with the scope events:write into {KEY_VARIABLE}.")
        try:
            return SiteTarget(options["url"], key)
        except Undelivered as error:
            raise CommandError(str(error)) from error
    return DirectTarget(clock.now)


def _stop_on_signals(stop: Event) -> None:
    """The first signal stops after the batch at work, the second at once."""

    def ask(number: int, frame: Any) -> None:
        signal.signal(number, signal.SIG_DFL)
        stop.set()

    signal.signal(signal.SIGINT, ask)
    signal.signal(signal.SIGTERM, ask)
