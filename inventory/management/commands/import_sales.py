"""``manage.py import_sales FILE``: sales from a CSV, Parquet or XLSX file into the ledger."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from invencare.lib import clock
from inventory.calc.reading.columns import FIELDS
from inventory.models import SalesFile
from inventory.services.errors import Conflict
from inventory.services.sales_import import ImportOptions, Progress, ReadingPlan, import_sales_file, rejects_path
from inventory.services.sales_import.options import DATE_ORDERS, DECIMAL_MARKS, STOCK_EFFECTS

LONGEST_WAIT_SECONDS = 6 * 3600
# Seconds between two drawings of the bar where it goes to a log and not to a screen.
LOG_INTERVAL_SECONDS = 5.0

# The option of the command for each field that the service may complain of.
FLAGS = {
    "columns": "--column",
    "date": "--dates or --date-format",
    "store": "--store or --column store=NAME",
    "product": "--product or --column product=NAME",
    "quantity": "--column quantity=NAME",
    "sheet": "--sheet",
    "encoding": "--encoding",
    "delimiter": "--delimiter",
}


class Command(BaseCommand):
    help = "Import sales from a CSV, Parquet or XLSX file; the same file again adds only what is missing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        columns = parser.add_argument_group("what the columns are", "what is not said is guessed and printed")
        columns.add_argument(
            "--column", action="append", default=[], metavar="FIELD=NAME", help=f"fields: {', '.join(FIELDS)}"
        )
        columns.add_argument("--store", default="", metavar="CODE", help="the store of every row")
        columns.add_argument("--product", default="", metavar="SKU", help="the product of every row")
        reading = parser.add_argument_group("how the text is read")
        reading.add_argument("--dates", default="", choices=DATE_ORDERS[1:], help="in 03/04/2024, what comes first")
        reading.add_argument("--date-format", default="", metavar="FORMAT", help="such as %%d-%%b-%%Y (strptime)")
        reading.add_argument("--decimal", default="", choices=DECIMAL_MARKS[1:], help="the decimal mark")
        reading.add_argument("--delimiter", default="", help="one sign, or comma, semicolon, tab, bar")
        reading.add_argument("--encoding", default="", help="such as cp1252")
        reading.add_argument("--sheet", default="", help="the sheet of a workbook (its first)")
        effect = parser.add_argument_group("what the import does")
        effect.add_argument("--create-missing", action="store_true", help="make unknown stores and products")
        effect.add_argument("--time-zone", default="", metavar="ZONE", help="of stores that are made")
        effect.add_argument(
            "--stock",
            default="auto",
            choices=list(STOCK_EFFECTS),
            help="auto: sales from before stock was first counted move none; move: all do; history: none does",
        )
        effect.add_argument("--rejects", type=Path, metavar="FILE", help="where rejected rows are written")
        effect.add_argument("--no-progress", action="store_true", help="no progress bar")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        if not path.is_file():
            raise CommandError(f"There is no file {path}.")
        with self._bar(is_off=options["no_progress"]) as bar:
            try:
                sales_file = import_sales_file(
                    path=path,
                    name=path.name,
                    options=_import_options(options),
                    now=clock.now(),
                    progress=_drawn_on(bar),
                    planned=self._say_plan,
                    rejects_to=options["rejects"],
                    wait_seconds=LONGEST_WAIT_SECONDS,
                )
            except ValidationError as error:
                raise CommandError(_in_words(error)) from error
            except Conflict as error:
                raise CommandError(str(error)) from error
            except KeyboardInterrupt:
                raise CommandError("Stopped. What was recorded stays; run the import again to go on.") from None
        self._say_outcome(sales_file, options["rejects"] or rejects_path(sales_file))

    def _bar(self, *, is_off: bool) -> Any:
        is_screen = self.stderr.isatty()
        return tqdm(
            desc="Importing",
            unit=" rows",
            unit_scale=True,
            disable=is_off,
            mininterval=0.1 if is_screen else LOG_INTERVAL_SECONDS,
            file=self.stderr,
        )

    def _say_plan(self, plan: ReadingPlan) -> None:
        self.stdout.write(f"{plan.table.kind} file. Columns:")
        for field, column in plan.columns.names().items():
            self.stdout.write(f"  {field:<12} from {column}")
        unused = [name for place, name in enumerate(plan.columns.header) if place not in plan.columns.columns.values()]
        if unused:
            self.stdout.write(f"  not used: {', '.join(unused)}")
        for remark in plan.remarks:
            self.stdout.write(remark)

    def _say_outcome(self, sales_file: SalesFile, rejects: Path) -> None:
        self.stdout.write(
            f"{sales_file.rows_read:,} rows read: {sales_file.rows_added:,} added, {sales_file.rows_known:,} known from"
            f" before, {sales_file.rows_rejected:,} rejected."
        )
        if sales_file.first_date:
            value = f"value {sales_file.revenue:,.2f}" if "price" in sales_file.mapping["columns"] else "no prices"
            self.stdout.write(
                f"Net {sales_file.units:,} units, {value}, from {sales_file.first_date} to {sales_file.last_date}."
            )
        if sales_file.message and sales_file.status != SalesFile.Status.FAILED:
            self.stdout.write(sales_file.message)
        if sales_file.rows_rejected:
            first = sales_file.row_errors[0]
            self.stdout.write(
                f"The first: line {first['line']}, {first['field']} “{first['value']}”: {first['reason']}."
                f" All of them: {rejects}"
            )
        if sales_file.status == SalesFile.Status.FAILED:
            raise CommandError(f"Nothing was imported. {sales_file.message}")


def _import_options(options: dict[str, Any]) -> ImportOptions:
    columns: dict[str, str] = {}
    for pair in options["column"]:
        field, sign, name = pair.partition("=")
        if not sign or not name:
            raise CommandError(f"--column {pair}: write FIELD=NAME, such as quantity=Units.")
        columns[field.strip()] = name.strip()
    return ImportOptions(
        columns=columns,
        store=options["store"],
        product=options["product"],
        create_missing=options["create_missing"],
        stock=options["stock"],
        date_order=options["dates"],
        date_format=options["date_format"],
        decimal_mark=options["decimal"],
        delimiter=options["delimiter"],
        encoding=options["encoding"],
        sheet=options["sheet"],
        time_zone=options["time_zone"],
    )


def _drawn_on(bar: Any) -> Any:
    """A progress listener that moves the bar; the expected total is put right with every batch."""

    def draw(progress: Progress) -> None:
        bar.total = progress.rows_expected
        bar.set_postfix(rejected=progress.rows_rejected, refresh=False)
        bar.update(progress.rows_read - bar.n)

    return draw


def _in_words(error: ValidationError) -> str:
    if not hasattr(error, "error_dict"):
        return " ".join(error.messages)
    return " ".join(
        " ".join(messages) + (f" (option {FLAGS[field]})" if field in FLAGS else "")
        for field, messages in error.message_dict.items()
    )
