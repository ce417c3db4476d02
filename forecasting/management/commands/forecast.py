"""The forecast alone, of one day and every series, in this process."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from forecasting.management.days import day
from forecasting.models import ForecastRun
from invencare.lib import clock
from invencare.lib.correlation import correlated
from inventory.services.business_days import last_complete_day


class Command(BaseCommand):
    help = (
        "Forecast every product in every store from a day on, without the rest of the nightly analysis. A run that was "
        "cut short is taken up; a finished day is forecast anew and its rows replaced. Exits 1 on any failure."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--date", type=day, metavar="YYYY-MM-DD", help="first day forecast; default: after the last complete day"
        )
        parser.add_argument("--horizon", type=int, default=28, metavar="DAYS", help="days ahead, 1 to 91; default: 28")

    def handle(self, *args: Any, **options: Any) -> None:
        # Numeric, and this module is read whenever commands are listed.
        from forecasting.services.runs import forecast_all
        from forecasting.services.tiers import tier_sentence

        first_day = options["date"] or last_complete_day(now=clock.now()) + timedelta(days=1)
        with correlated(), tqdm(unit=" series", desc=f"Forecast of {first_day}", mininterval=0.5) as bar:
            try:
                run = forecast_all(
                    kind=ForecastRun.Kind.FORECAST,
                    forecast_date=first_day,
                    horizon_days=options["horizon"],
                    read_clock=clock.now,
                    after_chunk=lambda run: show_progress(bar, run),
                )
            except ValidationError as error:
                raise CommandError("; ".join(error.messages)) from error
        self.stdout.write(
            f"{run} in {run.seconds:.1f} s: {run.series_total} series, {run.series_done} forecast, {run.series_skipped} "
            f"with too little history, {run.series_failed} failed."
        )
        self.stdout.write(tier_sentence(run))
        for failure in run.failures[:10]:
            self.stdout.write("  " + " · ".join(str(value) for value in failure.values() if value))
        if run.status != ForecastRun.Status.DONE:
            raise CommandError(f"{run.series_failed} series failed; run {run.pk} names them.")


def show_progress(bar: Any, run: ForecastRun) -> None:
    bar.total = run.series_total
    bar.update(run.series_behind - bar.n)
