"""``manage.py load_holidays``: the public holidays of every store's country, or of those named, as calendar events."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from forecasting.services import holiday_loading
from invencare.lib import clock


class Command(BaseCommand):
    help = "Load public holidays as calendar events; those that are there stay as they are. Safe to run again."

    def add_arguments(self, parser: CommandParser) -> None:
        first, last = holiday_loading.usual_years(clock.now().date())
        parser.add_argument(
            "--country", action="append", default=[], metavar="PT or GB-SCT", help="Only these, not every store's."
        )
        parser.add_argument("--from-year", type=int, default=first, help=f"First year ({first}).")
        parser.add_argument("--to-year", type=int, default=last, help=f"Last year ({last}).")

    def handle(self, *args: Any, **options: Any) -> None:
        years = {"first_year": options["from_year"], "last_year": options["to_year"]}
        places = [place.partition("-")[::2] for place in options["country"]]
        try:
            if places:
                loaded = holiday_loading.load_holidays(places=places, now=clock.now(), **years)
            else:
                loaded = holiday_loading.load_for_stores(now=clock.now(), **years)
        except ValidationError as refusal:
            raise CommandError(" ".join(refusal.messages)) from refusal
        self.stdout.write(loaded.sentence())
