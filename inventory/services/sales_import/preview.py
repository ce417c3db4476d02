"""What an import would do with the first rows of a file, without doing it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from invencare.lib import clock
from inventory.querysets.scope import EVERY_STORE, StoreScope
from inventory.services.sales_import.catalogue import Catalogue
from inventory.services.sales_import.lines import LineReader, Reject, SalesLine
from inventory.services.sales_import.options import ImportOptions
from inventory.services.sales_import.plan import plan_reading, reading_errors_named


@dataclass(frozen=True)
class PreviewRow:
    """One good row as it would be recorded; ``makes`` names what would be made for it (store, product, customer)."""

    line: int
    store: str
    product: str
    date: str
    quantity: int
    price: str
    customer: str
    invoice: str
    is_promotion: bool
    makes: tuple[str, ...]


@dataclass(frozen=True)
class Preview:
    """How a file would be read, and what becomes of its first rows."""

    format: str
    header: tuple[str, ...]
    columns: dict[str, str]
    remarks: tuple[str, ...]
    rows: tuple[PreviewRow, ...]
    rejects: tuple[Reject, ...]


def preview_sales_file(
    *,
    path: Path,
    options: ImportOptions,
    limit: int = 50,
    scope: StoreScope = EVERY_STORE,
    now: datetime | None = None,
) -> Preview:
    """The mapping, and the first ``limit`` rows parsed or rejected. Writes nothing. Raises ``ValidationError``.

    ``now`` decides which dates lie in the future; left out, it is the present.
    """
    plan = plan_reading(path, options)
    catalogue = Catalogue(scope=scope, create_missing=options.create_missing, time_zone=options.time_zone)
    reader = LineReader(plan, catalogue, now=now or clock.now())
    with reading_errors_named():
        batches = plan.table.batches(limit, wanted=reader.wanted_columns)
        read = reader.read(next(batches))
    return Preview(
        format=plan.table.kind,
        header=plan.columns.header,
        columns=plan.columns.names(),
        remarks=plan.remarks,
        rows=tuple(map(_row, read.lines)),
        rejects=tuple(read.rejects),
    )


def _row(line: SalesLine) -> PreviewRow:
    at, day = line.moment
    local = at.astimezone(line.store.zone)
    refs = (("store", line.store), ("product", line.product), ("customer", line.customer))
    return PreviewRow(
        line=line.line,
        store=line.store.code,
        product=line.product.code,
        date=f"{day} {local:%H:%M}",
        quantity=line.quantity,
        price="" if line.price is None else str(line.price),
        customer=line.customer.code if line.customer else "",
        invoice=line.invoice,
        is_promotion=line.is_promotion,
        makes=tuple(name for name, ref in refs if ref is not None and ref.pk is None),
    )
