"""The nightly analysis from the command line: in this process, or through the workers."""

from __future__ import annotations

import argparse
import time
from datetime import date, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from tqdm import tqdm

from insights import tasks
from insights.models import AnalysisRun
from insights.services import runs
from insights.services.dashboard import newest_sales_day
from insights.services.run_workers import this_worker
from invencare.lib import clock
from invencare.lib.correlation import correlated
from inventory.querysets.scope import EVERY_STORE

OLD_SALES_DAYS = 7
POLL_SECONDS = 1.0


class Command(BaseCommand):
    help = "Analyse every product and store of a day: performance, forecast, recommendation. Exits 1 on any failure."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--date", type=_day, metavar="YYYY-MM-DD", help="default: the last day that is over in every store"
        )
        parser.add_argument("--if-missing", action="store_true", help="do nothing when the day has had its run")
        where = parser.add_mutually_exclusive_group()
        where.add_argument("--inline", action="store_true", help="work in this process (the default)")
        where.add_argument("--enqueue", action="store_true", help="leave the work to the Celery workers")
        parser.add_argument("--workers", type=int, help="with --enqueue: how many workers to wake up")
        parser.add_argument("--wait", action="store_true", help="with --enqueue: stay until the run has ended")

    def handle(self, *args: Any, **options: Any) -> None:
        with correlated():
            run = runs.start_nightly(business_date=options["date"], now=clock.now(), rerun=not options["if_missing"])
            if run.is_finished:
                self.stdout.write(f"{run}: already {run.get_status_display().lower()}, nothing to do.")
                return
            if options["enqueue"]:
                transaction.on_commit(lambda: tasks.dispatch(run.pk, workers=options["workers"]))
            if options["enqueue"] and not options["wait"]:
                self.stdout.write(f"{run}: run {run.pk} with {run.series_total} series was given to the workers.")
                return
            self._follow(run, join_in=not options["enqueue"])
        self._report(run)

    def _follow(self, run: AnalysisRun, *, join_in: bool) -> None:
        """Work along (or only watch) until the run has ended; others may hold its last chunks."""
        with tqdm(total=run.series_total, unit=" series", desc=str(run), mininterval=0.5) as bar:

            def show() -> None:
                run.refresh_from_db()
                bar.update(run.series_done + run.series_failed - bar.n)

            while not run.is_finished:
                if join_in:
                    runs.work_on(run.pk, worker=this_worker(), read_clock=clock.now, after_chunk=show)
                show()
                if not run.is_finished:
                    time.sleep(POLL_SECONDS)

    def _report(self, run: AnalysisRun) -> None:
        seconds = (run.finished_at - run.created_at).total_seconds() if run.finished_at else 0.0
        self.stdout.write(
            f"{run}: {run.get_status_display().lower()} in {seconds:.1f} s; {run.series_total} series, "
            f"{run.series_done} done, {run.series_failed} failed."
        )
        newest = newest_sales_day(scope=EVERY_STORE, store=None)
        if newest is not None and newest < run.business_date - timedelta(days=OLD_SALES_DAYS):
            self.stdout.write(
                f"The newest sales are of {newest}: import newer ones, or analyse that day by nightly --date {newest}."
            )
        for failure in run.failures[:10]:
            self.stdout.write("  " + " · ".join(str(value) for value in failure.values() if value))
        if run.status != AnalysisRun.Status.DONE:
            raise CommandError(run.message)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date like 2026-11-20") from error
