"""``manage.py train_demand_insights``: analyse customers and prices now, in this process."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from invencare.lib import clock

PARTS = ("customers", "prices")


class Command(BaseCommand):
    help = (
        "Learn segments, lifetime values, churn and price elasticities from what is in the ledger, as the nightly jobs do. "
        "The same day again replaces its rows."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--only", choices=PARTS, help="one part alone")
        parser.add_argument("--until", type=date.fromisoformat, metavar="YYYY-MM-DD", help="last day to look at")

    def handle(self, *args: Any, **options: Any) -> None:
        now, until = clock.now(), options["until"]
        done = [self._customers, self._prices]
        told = [part(now, until) for name, part in zip(PARTS, done, strict=True) if options["only"] in (None, name)]
        if not any(told):
            raise CommandError("There is nothing to learn from: import sales first (manage.py import_sales).")

    def _customers(self, now: Any, until: date | None) -> bool:
        # Numeric, and this module is read whenever commands are listed.
        from insights.services.customer_training import train_customers

        outcomes = train_customers(now=now, until=until)
        for outcome in outcomes:
            self.stdout.write(
                f"Customers in {outcome.currency} as of {outcome.as_of_date}: {outcome.customers:,} scored."
            )
            for remark in outcome.remarks:
                self.stdout.write(f"  {remark}")
        if not outcomes:
            self.stdout.write("Customers: no priced sale names one.")
        return bool(outcomes)

    def _prices(self, now: Any, until: date | None) -> bool:
        # Numeric, and this module is read whenever commands are listed.
        from insights.services.price_training import train_prices

        outcomes = train_prices(now=now, until=until)
        for outcome in outcomes:
            self.stdout.write(
                f"Prices in {outcome.currency} as of {outcome.as_of_date}: {outcome.measured:,} products measured,"
                f" {outcome.refused:,} refused with a reason."
            )
        return bool(outcomes)
