from __future__ import annotations

from itertools import islice
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from inventory.services.rebuild import find_differences, rebuild

SHOWN = 100


class Command(BaseCommand):
    help = "Make stock levels and daily sales again from the ledger, or only --check that they agree with it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing; exit 1 with the differences")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["check"]:
            self.stdout.write(f"{rebuild()} stock levels made again from the ledger")
        differences = find_differences()
        shown = list(islice(differences, SHOWN))
        if not shown:
            self.stdout.write(self.style.SUCCESS("ledger = stock levels = daily sales"))
            return
        for difference in shown:
            self.stderr.write(str(difference))
        more = sum(1 for _ in differences)
        raise CommandError(f"{len(shown) + more} differences" + (f", {more} of them not shown" if more else ""))
