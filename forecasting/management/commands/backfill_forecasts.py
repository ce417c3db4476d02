"""Forecasts of past days, as of then, so that live accuracy has something to say at once."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from forecasting.models import ForecastRun
from invencare.lib import clock
from invencare.lib.correlation import correlated
from inventory.services.business_days import last_complete_day


class Command(BaseCommand):
    help = (
        "Forecast past days again, each from the sales of the days before it alone, and measure what came of them. What was "
        "really forecast on a day stays as it was served. Events, prices and overrides count as they were known then, and "
        "of the trained models those that had seen nothing later. Corrections that came later to the sales are in."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=int, default=28, help="how far to go back; default: 28")
        parser.add_argument(
            "--every-day",
            action="store_true",
            help="every day's forecast, not only Mondays', which are what is measured",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        # Numeric, and this module is read whenever commands are listed.
        from forecasting.services.runs import backfill_days, forecast_all, measure_all
        from forecasting.services.tiers import tier_sentence

        last_day = last_complete_day(now=clock.now())
        try:
            days = backfill_days(last_day=last_day, days=options["days"], every_day=options["every_day"])
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from error
        with correlated():
            runs = [self._forecast(forecast_all, day) for day in days]
            with tqdm(unit=" series", desc="Live accuracy", mininterval=0.5) as bar:
                measure_all(first_day=days[0], last_day=last_day, runs=runs, after_chunk=bar.update)
        for run in runs:
            self.stdout.write(f"{run.forecast_date}: {tier_sentence(run)}")
        failed = sum(run.series_failed for run in runs)
        self.stdout.write(
            f"{len(runs)} days from {days[0]} to {days[-1]} forecast as of then, "
            f"{sum(run.series_done for run in runs)} forecasts, {failed} failed; measured up to {last_day}."
        )

    def _forecast(self, forecast_all: Any, day: date) -> ForecastRun:
        with tqdm(unit=" series", desc=f"Forecast of {day}", mininterval=0.5) as bar:

            def show(run: ForecastRun) -> None:
                bar.total = run.series_total
                bar.update(run.series_behind - bar.n)

            run: ForecastRun = forecast_all(
                kind=ForecastRun.Kind.BACKFILL, forecast_date=day, read_clock=clock.now, after_chunk=show
            )
        return run
