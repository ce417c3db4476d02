"""An order on paper: what its supplier reads, as one value, and as CSV and PDF made of it."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from inventory.models import Product, PurchaseOrder, SupplierItem
from inventory.models.company import our_company


@dataclass(frozen=True)
class SheetLine:
    """One product: ``packs`` is empty where the units are no whole packs of the supplier's."""

    sku: str
    name: str
    barcode: str
    units: int
    pack_size: int
    unit_cost: Decimal
    total: Decimal

    @property
    def packs(self) -> str:
        return f"{self.units // self.pack_size:,} × {self.pack_size:,}" if self.units % self.pack_size == 0 else ""


@dataclass(frozen=True)
class Party:
    """A name with the lines under it: address, e-mail, numbers."""

    name: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class OrderSheet:
    """All that the supplier is told."""

    number: str
    state: str
    order_date: date | None
    expected_date: date | None
    currency: str
    store_code: str
    company: Party
    supplier: Party
    deliver_to: Party
    lines: tuple[SheetLine, ...]

    @property
    def units(self) -> int:
        return sum(line.units for line in self.lines)

    @property
    def total(self) -> Decimal:
        return sum((line.total for line in self.lines), Decimal(0))


def order_sheet(order: PurchaseOrder) -> OrderSheet:
    """What the order's supplier is told, lines by SKU: three queries besides the order with store and supplier."""
    company, supplier, store = our_company(), order.supplier, order.store
    packs = dict(SupplierItem.objects.filter(supplier_id=supplier.pk).values_list("product_id", "pack_size"))
    return OrderSheet(
        number=order.number,
        state=order.status,
        order_date=order.order_date,
        expected_date=order.expected_date,
        currency=store.currency,
        store_code=store.code,
        company=_party(company.name, company.address, company.email, company.phone, company.tax_number),
        supplier=_party(supplier.name, supplier.address, supplier.email),
        deliver_to=_party(f"{store.name} ({store.code})", store.address),
        lines=tuple(
            _sheet_line(line.product, line.ordered_units, line.unit_cost, packs.get(line.product_id))
            for line in order.lines.select_related("product").order_by("product__sku")
        ),
    )


def order_csv(order: PurchaseOrder) -> str:
    """The order as its supplier gets it: one row per line. Cells that a spreadsheet would run are made text."""
    sheet = order_sheet(order)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["order", "store", "sku", "product", "barcode", "units", "unit cost", "line total", "currency"])
    for line in sheet.lines:
        names = [sheet.number, sheet.store_code, line.sku, line.name, line.barcode]
        writer.writerow([*map(_inert, names), line.units, line.unit_cost, line.total, _inert(sheet.currency)])
    return text.getvalue()


def order_pdf(order: PurchaseOrder) -> bytes:
    """The same on A4, pages numbered."""
    from inventory.services.purchasing.drawing import draw_order  # reportlab: a second that only a PDF needs

    return draw_order(order_sheet(order))


def _sheet_line(product: Product, units: int, unit_cost: Decimal, pack_size: int | None) -> SheetLine:
    return SheetLine(
        sku=product.sku,
        name=product.name,
        barcode=product.barcode,
        units=units,
        pack_size=pack_size or product.pack_size,
        unit_cost=unit_cost,
        total=unit_cost * units,
    )


def _party(name: str, address: str, *more: str) -> Party:
    return Party(name, tuple(line for text in (*address.splitlines(), *more) if (line := text.strip())))


def _inert(value: str) -> str:
    """The text with an apostrophe before it where a spreadsheet would take it for a formula."""
    return f"'{value}" if value.startswith(("=", "+", "-", "@", "\t", "\r")) else value
