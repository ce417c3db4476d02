"""``manage.py forget_customer``: erase one customer's code and scores."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from insights.services.forgetting import forget_customer
from invencare.lib import clock
from inventory.services.errors import Unknown


class Command(BaseCommand):
    help = (
        "Erase a customer: the code is replaced by a random one and every score is deleted. Sales stay in the ledger, of "
        "nobody. Reads the code from standard input, so that it stands in no shell history."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("code", nargs="?", default="-", help="the customer's code, or - to read it (default)")

    def handle(self, *args: Any, **options: Any) -> None:
        code = sys.stdin.readline().strip() if options["code"] == "-" else options["code"]
        try:
            gone = forget_customer(code=code, now=clock.now())
        except Unknown as error:
            raise CommandError("There is no customer of this code.") from error
        self.stdout.write(f"Forgotten. {gone} scores were deleted.")
