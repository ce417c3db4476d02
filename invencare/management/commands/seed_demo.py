from __future__ import annotations

from argparse import ArgumentTypeError
from datetime import date
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from invencare.lib import clock
from inventory.services.demo import login_lines
from inventory.services.errors import Conflict


class Command(BaseCommand):
    help = "Fill an empty database with a simulated chain of stores; run again, it finishes what was cut short."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--seed", type=int, help="of all chance; 7 if not given")
        parser.add_argument("--days", type=int, help="of sales; 540 if not given")
        parser.add_argument("--today", type=_day, help="the day after the last one, as YYYY-MM-DD")

    def handle(self, *args: Any, **options: Any) -> None:
        # NumPy is loaded by who simulates, not by whoever lists the commands.
        from insights.services.demo_decisions import plant_decisions
        from inventory.calc.simulation.config import FULL, config_for
        from inventory.services.demo.seeding import Outcome, seed_demo

        seed, days = options["seed"], options["days"]
        try:
            config = None
            if seed is not None or days is not None:
                config = config_for(seed=FULL.seed if seed is None else seed, days=FULL.days if days is None else days)
            with tqdm(desc="Demo", unit=" movements", unit_scale=True, disable=None) as bar:
                now = clock.now()
                seeded = seed_demo(now=now, config=config, today=options["today"], progress=_follow(bar))
            planted = plant_decisions(now=now)
        except (Conflict, PermissionDenied, ValueError) as refusal:
            raise CommandError(str(refusal)) from None
        except ValidationError as refusal:
            raise CommandError("; ".join(refusal.messages)) from None
        did = {
            Outcome.SEEDED: f"Made the demo: {seeded.movements_added:,} movements",
            Outcome.COMPLETED: f"Finished the demo: {seeded.movements_added:,} movements were missing",
            Outcome.TRUTH_WRITTEN: "The demo is there; wrote its truth again",
            Outcome.THERE: "The demo is there",
        }[seeded.outcome]
        self.stdout.write(f"{did} (seed {seeded.config.seed}, {seeded.config.days} days before {seeded.today}).")
        if planted:
            self.stdout.write(f"Planted {planted} decisions in its past, good ones and bad ones.")
        self.stdout.write("Log in as one of (user, password, role):")
        for line in login_lines():
            self.stdout.write(f"  {line}")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"“{text}” is no day; write it as YYYY-MM-DD") from None


def _follow(bar: Any) -> Any:
    def progress(done: int, total: int) -> None:
        bar.total = total
        bar.update(done - bar.n)

    return progress
