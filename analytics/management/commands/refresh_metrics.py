"""The sums over days from the command line: brought up to date, or all made again."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from tqdm import tqdm

from analytics.services.metrics import note_all_days, refresh_metrics
from invencare.lib import clock


class Command(BaseCommand):
    help = "Bring the daily metrics of stores, products, categories and the company up to date with the sales."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--rebuild", action="store_true", help="make every day again, e.g. after products changed their category"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["rebuild"]:
            note_all_days()
        with tqdm(unit=" days", desc="Daily metrics", mininterval=0.5) as bar:

            def show(done: int, total: int) -> None:
                bar.total = total
                bar.update(done - bar.n)

            days = refresh_metrics(now=clock.now(), after_days=show)
        self.stdout.write(f"Daily metrics: {days} days brought up to date.")
