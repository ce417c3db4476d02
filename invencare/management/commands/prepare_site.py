"""What ``make run`` needs before it serves, in one process: tables, schedules, the demo, a first nightly.

A demo also gets forecasts of the last weeks, as of then, so that live accuracy has something to say on the first day, and
what the weekly jobs learn of its customers and prices.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from forecasting.models import ForecastLiveAccuracy
from insights.models import AnalysisRun, DemandAnalysis
from insights.services import runs
from invencare.lib import clock
from inventory.models import Store
from inventory.services.alert_values import value_alerts
from inventory.services.demo.marker import read_marker
from inventory.services.overdue_orders import follow_orders

DEMO_BACKFILL_DAYS = 21  # three Mondays: about three seconds each


class Command(BaseCommand):
    help = "Migrate, sync the jobs, seed the demo and run the first nightly: each only where it has not been done."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--no-demo", action="store_true", help="leave an empty database empty")

    def handle(self, *args: Any, **options: Any) -> None:
        settings.VAR_DIR.mkdir(parents=True, exist_ok=True)
        if _migrations_are_missing():
            self.stdout.write("Database: making the tables …")
            call_command("migrate", verbosity=0)
        call_command("sync_jobs", stdout=self.stdout)
        if not options["no_demo"] and _demo_is_missing():
            call_command("seed_demo", stdout=self.stdout)
        if Store.objects.exists():
            self._have_a_nightly()
        if Store.objects.exists():
            now = clock.now()
            follow_orders(now=now)
            value_alerts(now=now)
        if _is_demo() and not ForecastLiveAccuracy.objects.exists():
            call_command("backfill_forecasts", days=DEMO_BACKFILL_DAYS, stdout=self.stdout)
        if _is_demo() and not DemandAnalysis.objects.exists():
            self.stdout.write("Customers and prices: learning, about 15 s …")
            call_command("train_demand_insights", stdout=self.stdout)

    def _have_a_nightly(self) -> None:
        """The first one is worth waiting for; a later day's is left to the worker, so that the site is there at once."""
        if not AnalysisRun.objects.completed().exists():
            call_command("nightly", stdout=self.stdout)
            return
        run = runs.start_nightly(now=clock.now(), rerun=False)
        if not run.is_finished:
            self.stdout.write(f"{run}: the worker will do it, see the runs in the admin.")
            # Imported here: Celery is not needed when there is nothing to send.
            from insights.tasks import dispatch

            dispatch(run.pk)


def _migrations_are_missing() -> bool:
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _is_demo() -> bool:
    marker = read_marker()
    return marker is not None and marker.is_complete


def _demo_is_missing() -> bool:
    """An empty database, or a demo that was cut short; never a database with other data."""
    marker = read_marker()
    return not marker.is_complete if marker else not Store.objects.exists()
