from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from inventory.services.errors import Conflict

SHOWN = 20  # differences of one check


class Command(BaseCommand):
    help = "Check that the database holds what the demo planted; exit 1 with the differences."

    def handle(self, *args: Any, **options: Any) -> None:
        # NumPy is loaded by who verifies, not by whoever lists the commands.
        from insights.services.demo_decisions import verify_decisions
        from insights.services.demo_insights import verify_insights
        from insights.services.demo_moves import verify_moves
        from inventory.services.demo.verification import verify_demo

        try:
            verdicts = [*verify_demo(), verify_decisions(), verify_moves(), *verify_insights()]
        except Conflict as refusal:
            raise CommandError(str(refusal)) from None
        for verdict in verdicts:
            count = len(verdict.differences)
            self.stdout.write(f"{verdict.name:<16} {f'{count:,} differences' if count else 'as simulated'}")
            for difference in verdict.differences[:SHOWN]:
                self.stderr.write(f"  {difference}")
            if count > SHOWN:
                self.stderr.write(f"  … and {count - SHOWN:,} more")
        failed = [verdict.name for verdict in verdicts if verdict.differences]
        if failed:
            raise CommandError(f"The database differs from the demo's truth in: {', '.join(failed)}.")
