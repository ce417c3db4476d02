"""An order as PDF: its pages, and names of every script."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from invencare.lib import pdf_text
from inventory.models import Company, Product, PurchaseOrder, SupplierItem
from inventory.services.purchasing import OrderItem, add_to_draft_order, order_pdf
from inventory.services.purchasing.drawing import draw_order
from inventory.services.purchasing.papers import OrderSheet, Party, SheetLine, order_sheet
from tests.cast import NOW, Cast

NAMES = [
    "Café Olé – grão 1 kg",
    "Żółta łódź",
    "Кофе «Утро»",
    "Ελληνικός καφές",
    "咖啡豆 深度烘焙",
    "コーヒー豆",
    "커피 원두",
    "قهوة عربية",
    "emoji 🛒 cart",
    "x" * 200,
    "<b>bold & co</b>",
    "two\nlines",
    "",
]


def sheet(lines: int = 1, **changes: Any) -> OrderSheet:
    one = [
        SheetLine(f"SKU-{n}", NAMES[n % len(NAMES)], "84100001", 12, 6, Decimal("3.0000"), Decimal("36.0000"))
        for n in range(lines)
    ]
    values = {
        "number": "PO-1",
        "state": "sent",
        "order_date": date(2026, 3, 16),
        "expected_date": None,
        "currency": "EUR",
        "store_code": "N1",
        "company": Party("Armazém, Lda.", ("Rua Garrett 12", "Lisboa")),
        "supplier": Party("Кофейная компания", ("Москва",)),
        "deliver_to": Party("North (N1)"),
        "lines": tuple(one),
    }
    return OrderSheet(**{**values, **changes})


def pages(pdf: bytes) -> int:
    return len(re.findall(rb"/Type /Page\b", pdf))


def drawn(monkeypatch: pytest.MonkeyPatch, what: OrderSheet) -> list[str]:
    """Every text that is drawn, as it was given."""
    seen: list[str] = []
    markup = pdf_text.markup

    def watched(text: str, *, bold: bool = False) -> str:
        seen.append(text)
        return markup(text, bold=bold)

    monkeypatch.setattr(pdf_text, "markup", watched)
    draw_order(what)
    return seen


@pytest.mark.parametrize(("lines", "expected"), [(0, 1), (1, 1), (200, 11)])
def test_as_many_pages_as_the_lines_take(lines: int, expected: int) -> None:
    pdf = draw_order(sheet(lines))
    assert pdf.startswith(b"%PDF-")
    assert pages(pdf) == pytest.approx(expected, abs=0 if lines < 2 else 1)  # the fonts of a machine differ a little


def test_pages_are_numbered_and_the_total_adds_up(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = drawn(monkeypatch, sheet(100))
    numbered = [text for text in texts if text.startswith("Page ")]
    assert numbered == [f"Page {n} of {len(numbered)}" for n in range(1, len(numbered) + 1)]
    assert len(numbered) > 1
    assert {"100 lines, 1,200 units", "3,600.00 EUR", "2 × 6", "Кофейная компания", "Armazém, Lda."} <= set(texts)


def test_a_draft_and_a_cancelled_order_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Draft of purchase order PO-1" in drawn(monkeypatch, sheet(state="draft"))
    assert "Cancelled purchase order PO-1" in drawn(monkeypatch, sheet(state="cancelled"))
    assert "Purchase order PO-1" in drawn(monkeypatch, sheet())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("has_dejavu", [True, False])
def test_no_name_breaks_it_with_and_without_the_systems_font(
    name: str, has_dejavu: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not has_dejavu:
        monkeypatch.setattr(pdf_text, "SYSTEM_FONTS", ())
    pdf_text._register.cache_clear()
    line = SheetLine(name or "S", name, "", 7, 6, Decimal("0.1234"), Decimal("0.8638"))
    company = Party(name, (name,))
    assert pages(draw_order(replace(sheet(company=company, supplier=company), lines=(line,)))) == 1
    pdf_text._register.cache_clear()


def test_each_script_is_drawn_in_a_font_that_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """With reportlab's own fonts alone: accents it lacks are left off, what nobody has is a question mark."""
    monkeypatch.setattr(pdf_text, "SYSTEM_FONTS", ())
    pdf_text._register.cache_clear()
    plain, japanese, chinese, korean = pdf_text.PLAIN, pdf_text.JAPANESE, pdf_text.CHINESE, pdf_text.KOREAN
    assert pdf_text.markup("Café") == f'<font name="{plain}">Café</font>'
    assert pdf_text.markup("ąę") == f'<font name="{plain}">ae</font>'
    assert pdf_text.markup("Кофе 咖啡") == (
        f'<font name="{japanese}">Кофе</font><font name="{plain}"> </font><font name="{chinese}">咖啡</font>'
    )
    assert pdf_text.markup("豆コ") == f'<font name="{japanese}">豆コ</font>'
    assert pdf_text.markup("커") == f'<font name="{korean}">커</font>'
    assert pdf_text.markup("🛒<") == f'<font name="{plain}">?&lt;</font>'
    pdf_text._register.cache_clear()


def test_a_font_of_the_setting_comes_before_all_others(settings: Any, tmp_path: Any) -> None:
    font = tmp_path / "Own.ttf"
    font.touch()
    settings.PDF_FONT = str(font)
    assert pdf_text._files() == (str(font), str(font))
    font.with_name("Own-Bold.ttf").touch()
    assert pdf_text._files() == (str(font), str(font.with_name("Own-Bold.ttf")))


@pytest.fixture
def order(cast: Cast) -> PurchaseOrder:
    items = [OrderItem(product.pk, 12, Decimal("3.00")) for product in cast.products]
    return add_to_draft_order(store=cast.north, supplier=cast.supplier, items=items, actor=cast.buyer, now=NOW)


def test_the_sheet_tells_the_supplier_all_it_needs(cast: Cast, order: PurchaseOrder) -> None:
    Company.objects.create(name="Azul", address=" Rua 1 \n\nLisboa ", tax_number="PT 5")
    SupplierItem.objects.filter(product=cast.steady).update(pack_size=5)
    SupplierItem.objects.filter(product=cast.dead).delete()
    told = order_sheet(order)
    assert told.company == Party("Azul", ("Rua 1", "Lisboa", "PT 5"))
    assert (told.supplier, told.deliver_to) == (Party("Acme Wholesale", ("orders@acme.example",)), Party("North (N1)"))
    packs = {line.sku: line.packs for line in told.lines}
    # In the supplier's packs; in the product's own where the supplier's list lost it; none where they do not fit.
    assert (packs["SKU-NEW"], packs["SKU-DEAD"], packs["SKU-STEADY"]) == ("2 × 6", "2 × 6", "")
    assert (told.units, told.total) == (60, Decimal("180.0000"))


@pytest.mark.parametrize("count", [3, 30])
def test_it_takes_the_same_queries_for_any_number_of_lines(cast: Cast, order: PurchaseOrder, count: int) -> None:
    for n in range(count):
        product = Product.objects.create(sku=f"P-{n}", name=f"Product {n}")
        order.lines.create(product=product, ordered_units=1, unit_cost=1)
    whole = PurchaseOrder.objects.select_related("store", "supplier").get(pk=order.pk)
    with CaptureQueriesContext(connection) as queries:
        order_pdf(whole)
    assert len(queries) == 3
