"""``manage.py forecast_file IN OUT``: forecasts of a long-form file, without a database."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

if TYPE_CHECKING:
    from forecasting.services.files.forecast import FileForecast

# Seconds between two drawings of the bar where it goes to a log and not to a screen.
LOG_INTERVAL_SECONDS = 5.0
FLAGS = {"in": "IN", "out": "OUT"}


class Command(BaseCommand):
    help = (
        "Forecast every series of a CSV or Parquet file (series_id,date,quantity and, if known, price, promotion,"
        " in_stock, store, category) for the periods after its last date. No database is used."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("source", type=Path, metavar="IN", help="CSV or Parquet, one row per series and date")
        parser.add_argument("target", type=Path, metavar="OUT", help="CSV or Parquet, by its ending")
        parser.add_argument("--horizon", type=int, default=28, help="periods to forecast (28)")
        parser.add_argument("--levels", default="80,95", help="percents of the intervals (80,95)")
        parser.add_argument(
            "--models",
            default="ensemble",
            metavar="NAMES",
            help="with commas between: linear, seasonal, arima, gradient_boosting, intermittent, ensemble …",
        )
        parser.add_argument("--season", type=int, help="periods of a season (7 of days, none of weeks)")
        parser.add_argument("--freq", choices=("D", "W"), help="days or weeks (by the dates)")
        parser.add_argument("--jobs", type=int, default=1, help="processes (1)")
        parser.add_argument("--no-boosting", action="store_true", help="keep gradient boosting out of the ensemble")
        parser.add_argument("--bad-rows", type=Path, metavar="FILE", help="where refused rows go (OUT.bad-rows.csv)")
        parser.add_argument("--no-progress", action="store_true", help="no progress bar")

    def handle(self, *args: Any, **options: Any) -> None:
        # NumPy comes with these: a light installation must still list the command.
        try:
            from forecasting.services.files.forecast import forecast_file
            from forecasting.services.files.options import FileOptions, read_levels
        except ModuleNotFoundError as error:
            raise CommandError(
                f"This needs the extra “analysis”: pip install 'invencare[analysis]' ({error})."
            ) from error

        with self._bar(is_off=options["no_progress"]) as bar:

            def draw(done: int, total: int) -> None:
                bar.set_description("Forecasting", refresh=False)
                bar.total = total
                bar.update(done - bar.n)

            try:
                outcome = forecast_file(
                    source=options["source"],
                    target=options["target"],
                    options=FileOptions(
                        horizon=options["horizon"],
                        levels=read_levels(options["levels"]),
                        models=tuple(name.strip() for name in options["models"].split(",") if name.strip()),
                        season=options["season"],
                        frequency=options["freq"],
                        jobs=options["jobs"],
                        bad_rows_to=options["bad_rows"],
                        has_boosting=not options["no_boosting"],
                    ),
                    progress=draw,
                )
            except ValidationError as error:
                raise CommandError(_in_words(error)) from error
            except KeyboardInterrupt:
                raise CommandError("Stopped. Nothing was written.") from None
        self._say(outcome, options["target"], options["horizon"])

    def _bar(self, *, is_off: bool) -> Any:
        is_screen = self.stderr.isatty()
        return tqdm(
            desc="Reading",
            unit=" series",
            disable=is_off,
            mininterval=0.1 if is_screen else LOG_INTERVAL_SECONDS,
            file=self.stderr,
        )

    def _say(self, outcome: FileForecast, target: Path, horizon: int) -> None:
        for line in _report(outcome, target, horizon):
            self.stdout.write(line)


def _report(outcome: FileForecast, target: Path, horizon: int) -> list[str]:
    summary, calendar = outcome.summary, outcome.calendar
    unit = "days" if calendar.period_days == 1 else "weeks"
    first_day = _day(calendar.end + calendar.period_days)
    lines = [
        f"{summary.rows:,} rows of {summary.series:,} series, {unit} from {_day(summary.first_day)} to {_day(calendar.end)}.",
        f"Forecast {outcome.answered:,} series, {horizon} {unit} from {first_day}, to {target}.",
        f"Tier: {outcome.tier}" + (f" ({outcome.tier_reason})." if outcome.tier_reason else "."),
    ]
    if summary.merged_rows:
        lines.append(f"{summary.merged_rows:,} rows repeated a series and date: their quantities were added.")
    if summary.returned_days:
        lines.append(f"{summary.returned_days:,} {unit} with more returns than sales count as 0.")
    if summary.ended_series:
        after = "unknown (the file writes zeros out)" if summary.is_complete else "zero sales"
        lines.append(
            f"{summary.ended_series:,} series end before {_day(calendar.end)}: what follows counts as {after}."
        )
    if summary.skipped_early_rows:
        lines.append(f"{summary.skipped_early_rows:,} rows before {_day(calendar.start)} were not used.")
    if summary.short_series:
        lines.append(
            f"{summary.short_series:,} series have under 7 {unit} of history: their forecasts lean on the others."
        )
    if outcome.unanswered:
        lines.append(f"{outcome.unanswered:,} series have no known quantity at all and are not in {target.name}.")
    if outcome.bad_rows:
        lines.append(f"{summary.bad_fields:,} bad fields, with line and reason: {outcome.bad_rows}")
    return lines


def _day(days: int) -> date:
    return date(1970, 1, 1) + timedelta(days=days)


def _in_words(error: ValidationError) -> str:
    return "\n".join(
        f"{FLAGS.get(field, f'--{field}')}: {' '.join(messages)}" for field, messages in error.message_dict.items()
    )
