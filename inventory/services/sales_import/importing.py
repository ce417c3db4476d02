"""A sales file into the ledger: batch by batch, safe to run again, and to run twice at once."""

from __future__ import annotations

import gc
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.db import DatabaseError

from inventory.calc.reading.cells import Problem, code_of
from inventory.models import Alert, InventoryTransaction, SalesFile
from inventory.querysets.scope import EVERY_STORE, StoreScope
from inventory.services import alerts
from inventory.services.ledger import History, record_movements
from inventory.services.sales_import.catalogue import Catalogue
from inventory.services.sales_import.claims import claimed
from inventory.services.sales_import.lines import LineReader, ReadBatch, SalesLine, make_missing, movements_of
from inventory.services.sales_import.options import ImportOptions
from inventory.services.sales_import.plan import ReadingPlan, plan_reading, reading_errors_named
from inventory.services.sales_import.rejects import RejectsFile
from inventory.services.sales_import.uploads import (
    file_row,
    fingerprint_of,
    kept_path,
    rejects_path,
    scope_as_json,
    scope_from_json,
)

logger = logging.getLogger(__name__)

# Levels are locked, read and saved once a batch: a longer batch spreads that over more rows (0.33 of the raw insert at
# 10,000 on MariaDB, 0.40 here), and holds its locks for about a second.
BATCH_ROWS = 20_000
GC_THRESHOLD = 200_000
SOURCE = "import"


@dataclass(frozen=True)
class Progress:
    """How far an import is; ``rows_expected`` is an estimate from the share of the file that was read."""

    rows_read: int
    rows_rejected: int
    rows_expected: int | None


ProgressListener = Callable[[Progress], None]
PlanListener = Callable[[ReadingPlan], None]


def import_sales_file(
    *,
    path: Path,
    name: str,
    options: ImportOptions,
    now: datetime,
    uploaded_by: Any = None,
    scope: StoreScope = EVERY_STORE,
    progress: ProgressListener | None = None,
    planned: PlanListener | None = None,
    rejects_to: Path | None = None,
    wait_seconds: float = 0,
) -> SalesFile:
    """Bring the rows of a file into the ledger and return the file's row with the outcome.

    A row is known by its file (SHA-256 of the bytes) and its line, so that an import that was cut short, or run
    again, adds only what is missing. Each batch is one transaction of the ledger. ``planned`` hears how the file
    will be read before the first row, ``progress`` hears of every batch.

    Raises ``ValidationError`` when the file cannot be read as asked (nothing more is recorded then) or was
    recorded under another reading, and ``Conflict`` when another import of it runs for longer than the wait.
    """
    fingerprint = fingerprint_of(path)
    sales_file = file_row(fingerprint, name=name, uploaded_by=uploaded_by)
    with claimed(fingerprint.checksum, wait_seconds=wait_seconds):
        sales_file.refresh_from_db()
        plan, catalogue = _prepared(sales_file, path, options, scope, now=now)
        if planned is not None:
            planned(plan)
        run = _Run(sales_file, plan, catalogue, options, now=now, rejects_to=rejects_to or rejects_path(sales_file))
        run.start(scope)
        with run.failures_recorded():
            run.import_rows(progress)
            run.finish()
    return sales_file


def import_kept_file(*, sales_file_id: int, now: datetime, progress: ProgressListener | None = None) -> SalesFile:
    """Import, or continue, a file that was uploaded, with the options and within the stores of its uploader."""
    sales_file = SalesFile.objects.select_related("uploaded_by").get(pk=sales_file_id)
    path = kept_path(sales_file)
    if not path.is_file():
        _fail(sales_file, "Its upload is not kept here. Run the import command on the file again.", now=now)
        raise ValidationError({"file": sales_file.message})
    return import_sales_file(
        path=path,
        name=sales_file.name,
        options=ImportOptions.from_json(sales_file.mapping.get("options", {})),
        now=now,
        uploaded_by=sales_file.uploaded_by,
        scope=scope_from_json(sales_file.mapping.get("scope") or scope_as_json(StoreScope())),
        progress=progress,
    )


def _prepared(
    sales_file: SalesFile, path: Path, options: ImportOptions, scope: StoreScope, *, now: datetime
) -> tuple[ReadingPlan, Catalogue]:
    """The plan and the catalogue, or a ``ValidationError``; a file that has no rows yet is marked as failed then."""
    try:
        plan = plan_reading(path, options)
        catalogue = Catalogue(scope=scope, create_missing=options.create_missing, time_zone=options.time_zone)
        _refuse_unknown_constants(plan, catalogue)
        _refuse_other_reading(sales_file, plan)
    except ValidationError as error:
        if not _has_rows(sales_file):
            _fail(sales_file, " ".join(error.messages), now=now)
        raise
    return plan, catalogue


def _refuse_unknown_constants(plan: ReadingPlan, catalogue: Catalogue) -> None:
    constants = plan.columns.constants
    catalogue.learn_stores({constants["store"]} if "store" in constants else set(), code_of)
    catalogue.learn_products({constants["product"]} if "product" in constants else set(), code_of)
    for field_name, known in (("store", catalogue.stores), ("product", catalogue.products)):
        found = known.get(constants.get(field_name))
        if isinstance(found, Problem):
            raise ValidationError({field_name: f"“{constants[field_name]}” {found.reason}."})


def _refuse_other_reading(sales_file: SalesFile, plan: ReadingPlan) -> None:
    """Rows in the ledger are known by their line alone: the same lines cannot be read in a second way."""
    before = sales_file.mapping.get("decisions")
    if before is not None and before != plan.decisions() and _has_rows(sales_file):
        raise ValidationError(
            {
                "columns": "Rows of this file are in the ledger already, read in another way"
                f" ({_in_words(before)}). Use the same columns and options, or correct the ledger by adjustments."
            }
        )


def _in_words(decisions: dict[str, Any]) -> str:
    order, date_format, _ = decisions["dates"]
    columns = ", ".join(f"{name} from {column}" for name, column in decisions["columns"].items())
    return f"{columns}; dates {date_format or order or 'year-first'}"


def _has_rows(sales_file: SalesFile) -> bool:
    """Whether any row of the file is in the ledger: a range of the unique index (“;” follows “:”)."""
    return InventoryTransaction.objects.filter(
        idempotency_key__gte=f"file:{sales_file.pk}:", idempotency_key__lt=f"file:{sales_file.pk};"
    ).exists()


@dataclass
class _Tally:
    """What the rows of this run came to."""

    added: int = 0
    known: int = 0
    history: int = 0
    returns: int = 0
    price_not_positive: int = 0
    units: int = 0
    revenue: Decimal = Decimal(0)
    first_date: date | None = None
    last_date: date | None = None
    store_ids: set[int] = field(default_factory=set)

    def count(self, lines: list[SalesLine]) -> None:
        if not lines:
            return
        days = {line.moment[1] for line in lines}
        self.first_date = min(days) if self.first_date is None else min(self.first_date, *days)
        self.last_date = max(days) if self.last_date is None else max(self.last_date, *days)
        for line in lines:
            quantity, price = line.quantity, line.price
            self.units += quantity
            if quantity < 0:
                self.returns += 1
            if price is not None:
                self.revenue += price * quantity
                if price <= 0:
                    self.price_not_positive += 1
        self.store_ids |= {line.store.pk for line in lines if line.store.pk is not None}


_WHY_HISTORY = {
    History.AUTO: "dated before stock was first counted there, a row counts as a sale alone. Count the stock or"
    " receive goods; sales dated from that day on move it.",
    History.ALWAYS: "the file was imported as history, and its rows count as sales alone.",
    History.NEVER: "",
}


def counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


class _Run:
    """One run of one import, and what it tells the file's row."""

    def __init__(
        self,
        sales_file: SalesFile,
        plan: ReadingPlan,
        catalogue: Catalogue,
        options: ImportOptions,
        *,
        now: datetime,
        rejects_to: Path,
    ) -> None:
        self._file = sales_file
        self._plan = plan
        self._catalogue = catalogue
        self._options = options
        self._now = now
        self._started = time.monotonic()
        self._tally = _Tally()
        self._rejects = RejectsFile(rejects_to)
        self._reader = LineReader(plan, catalogue, now=now)

    def start(self, scope: StoreScope) -> None:
        store = self._catalogue.stores.get(self._plan.columns.constants.get("store"))
        self._save(
            status=SalesFile.Status.RUNNING,
            store_id=getattr(store, "pk", None) or self._file.store_id,
            started_at=self._now,
            finished_at=None,
            message="",
            mapping={
                **self._file.mapping,
                "options": self._options.as_json(),
                "scope": scope_as_json(scope),
                "format": self._plan.table.kind,
                "columns": self._plan.columns.names(),
                "decisions": self._plan.decisions(),
                "remarks": list(self._plan.remarks),
            },
            **self._counters(),
        )

    def import_rows(self, progress: ProgressListener | None) -> None:
        with self._rejects, reading_errors_named(), _rare_search_for_cycles():
            for batch in self._plan.table.batches(BATCH_ROWS, wanted=self._reader.wanted_columns):
                self._record(make_missing(self._reader.read(batch), self._catalogue))
                if progress is not None:
                    progress(self._progress(batch.read_share))

    def finish(self) -> None:
        tally, rejected = self._tally, self._rejects.row_count
        status = SalesFile.Status.PARTIAL if rejected else SalesFile.Status.DONE
        if not tally.added + tally.known:
            status = SalesFile.Status.FAILED
        only_store = next(iter(tally.store_ids)) if len(tally.store_ids) == 1 else None
        self._save(
            status=status,
            message=" ".join(self._sentences()),
            store_id=self._file.store_id or only_store,
            finished_at=self._end(),
            mapping={**self._file.mapping, "outcome": self._outcome()},
            **self._counters(),
        )
        self._tell()

    @contextmanager
    def failures_recorded(self) -> Iterator[None]:
        """Leave the reason on the file's row when the run breaks off; the rows recorded so far stay."""
        stays = "What was recorded stays; run the import again to go on."
        try:
            yield
        except ValidationError as error:
            self._fail(f"{' '.join(error.messages)} {stays}")
            raise
        except KeyboardInterrupt:
            self._fail(f"Stopped by hand. {stays}")
            raise
        except Exception as error:
            logger.exception("import of sales file %s broke off", self._file.pk)
            try:
                self._fail(f"Stopped by an unexpected error ({type(error).__name__}). {stays}")
            except DatabaseError:
                logger.exception("the row of sales file %s stays running; resuming finds it", self._file.pk)
            raise

    def _record(self, read: ReadBatch) -> None:
        recorded = record_movements(
            movements_of(read.lines, self._file.pk),
            source=SOURCE,
            now=self._now,
            recorded_by=getattr(self._file.uploaded_by, "username", ""),
            history=self._options.history,
        )
        self._tally.added += recorded.added
        self._tally.known += recorded.known
        self._tally.history += recorded.history
        self._tally.count(read.lines)
        self._rejects.add(read.rejects)
        self._save(**self._counters())

    def _progress(self, read_share: float) -> Progress:
        rows_read = self._rows_read
        expected = round(rows_read / read_share) if read_share > 0 else None
        return Progress(rows_read=rows_read, rows_rejected=self._rejects.row_count, rows_expected=expected)

    @property
    def _rows_read(self) -> int:
        return self._tally.added + self._tally.known + self._rejects.row_count

    def _counters(self) -> dict[str, Any]:
        tally = self._tally
        return {
            "rows_read": self._rows_read,
            "rows_added": tally.added,
            "rows_known": tally.known,
            "rows_rejected": self._rejects.row_count,
            "row_errors": self._rejects.first,
            "units": tally.units,
            "revenue": tally.revenue,
            "first_date": tally.first_date,
            "last_date": tally.last_date,
        }

    def _outcome(self) -> dict[str, int]:
        return {
            "history_rows": self._tally.history,
            "return_rows": self._tally.returns,
            "price_not_positive_rows": self._tally.price_not_positive,
            "made_stores": self._catalogue.made_stores,
            "made_products": self._catalogue.made_products,
            "made_customers": self._catalogue.made_customers,
        }

    def _sentences(self) -> Iterator[str]:
        """What a person should know of the outcome, and do about it."""
        tally, catalogue = self._tally, self._catalogue
        if not self._rows_read:
            yield "The file has a header and no rows."
        made = {
            "store": catalogue.made_stores,
            "product": catalogue.made_products,
            "customer": catalogue.made_customers,
        }
        if any(made.values()):
            yield f"Made {', '.join(counted(number, noun) for noun, number in made.items() if number)}."
        if tally.price_not_positive:
            yield f"{counted(tally.price_not_positive, 'row')} with a price of 0 or less were taken."
        if tally.history:
            yield f"{counted(tally.history, 'row')} moved no stock: {_WHY_HISTORY[self._options.history]}"
        if self._rejects.row_count:
            reasons = ", ".join(f"{reason} ({times:,})" for reason, times in self._rejects.reasons.most_common(3))
            yield (
                f"{counted(self._rejects.row_count, 'row')} rejected: {reasons}. Make what is missing, or have it made,"
                " and import the file again: only these rows are added then."
            )

    def _tell(self) -> None:
        cause = f"file:{self._file.pk}"
        if self._file.status == SalesFile.Status.DONE:
            alerts.close_alerts([cause], now=self._now)
            return
        failed = self._file.status == SalesFile.Status.FAILED
        alert = alerts.NewAlert(
            kind=Alert.Kind.FILE_REJECTED,
            severity=Alert.Severity.HIGH if failed else Alert.Severity.MEDIUM,
            message=f"Sales file {self._file.name[-100:]}: {counted(self._file.rows_rejected, 'row')} rejected. {self._file.message}",
            cause_key=cause,
            store_id=self._file.store_id,
        )
        alerts.open_alerts([alert], now=self._now)

    def _fail(self, message: str) -> None:
        _fail(self._file, message, now=self._end(), **self._counters())
        self._tell()

    def _end(self) -> datetime:
        return self._now + timedelta(seconds=time.monotonic() - self._started)

    def _save(self, **values: Any) -> None:
        _save(self._file, **values)


@contextmanager
def _rare_search_for_cycles() -> Iterator[None]:
    """A batch makes some hundred thousand small objects and no cycle; Python would look through the living ones
    after every 700 of them, which takes a third of the whole import (measured)."""
    thresholds = gc.get_threshold()
    gc.set_threshold(GC_THRESHOLD, *thresholds[1:])
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)


def _fail(sales_file: SalesFile, message: str, *, now: datetime, **counters: Any) -> None:
    _save(sales_file, status=SalesFile.Status.FAILED, message=message, finished_at=now, **counters)


def _save(sales_file: SalesFile, **values: Any) -> None:
    for name, value in values.items():
        setattr(sales_file, name, value)
    SalesFile.objects.filter(pk=sales_file.pk).update(**values)
