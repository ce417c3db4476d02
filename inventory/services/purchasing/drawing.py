"""An order drawn on A4 with reportlab. Imported by ``order_pdf`` when a PDF is asked for, never before."""

from __future__ import annotations

import io
from typing import Any

from django.utils.formats import date_format, number_format
from reportlab.lib import colors
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import KeepTogether, LongTable, Paragraph, SimpleDocTemplate, Spacer, Table

from invencare.lib import pdf_text
from inventory.services.purchasing.papers import OrderSheet, Party, SheetLine

MARGIN = 18 * mm
FRAME_PADDING = 6  # points, reportlab's own
WIDTH = A4[0] - 2 * MARGIN
GREY = colors.HexColor("#5b6470")
LINE = colors.HexColor("#c9ced6")
COLUMNS = ("SKU", "Product", "Units", "Packs", "Unit cost", "Total")
WIDTHS = [26 * mm, WIDTH - 110 * mm, 16 * mm, 21 * mm, 21 * mm, 26 * mm]

TEXT = ParagraphStyle("text", fontName=pdf_text.PLAIN, fontSize=9, leading=12)
UNSPACED = ParagraphStyle("unspaced", parent=TEXT, wordWrap="CJK")
RIGHT = ParagraphStyle("right", parent=TEXT, alignment=TA_RIGHT)
SMALL = ParagraphStyle("small", parent=TEXT, fontSize=8, leading=10, textColor=GREY)
SMALL_RIGHT = ParagraphStyle("small right", parent=SMALL, alignment=TA_RIGHT)
TITLE = ParagraphStyle("title", parent=TEXT, fontSize=17, leading=22)
# The outer columns begin and end with the page's text.
FLUSH = [
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("LEFTPADDING", (0, 0), (0, -1), 0),
    ("RIGHTPADDING", (-1, 0), (-1, -1), 0),
]


def draw_order(sheet: OrderSheet) -> bytes:
    """The order as a PDF: letterhead, the two parties, the lines on as many pages as they take, the total."""
    file = io.BytesIO()
    document = SimpleDocTemplate(
        file,
        pagesize=A4,
        leftMargin=MARGIN - FRAME_PADDING,
        rightMargin=MARGIN - FRAME_PADDING,
        topMargin=MARGIN,
        bottomMargin=22 * mm,
        title=f"Purchase order {sheet.number}",
        author=sheet.company.name,
    )

    class NumberedCanvas(_NumberedCanvas):
        footer = " · ".join(filter(None, [sheet.company.name, f"Purchase order {sheet.number}"]))

    document.build([*_head(sheet), _lines(sheet), *_foot(sheet)], canvasmaker=NumberedCanvas)
    return file.getvalue()


class _NumberedCanvas(Canvas):  # type: ignore[misc]  # reportlab is untyped
    """Keeps the pages back until their number is known."""

    footer = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._kept: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802  reportlab's name
        self._kept.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        for number, page in enumerate(self._kept, start=1):
            self.__dict__.update(page)
            self._draw_footer(f"Page {number} of {len(self._kept)}")
            super().showPage()
        super().save()

    def _draw_footer(self, page: str) -> None:
        row = Table(
            [[_paragraph(self.footer, SMALL), _paragraph(page, SMALL_RIGHT)]],
            colWidths=[WIDTH - 30 * mm, 30 * mm],
            style=FLUSH,
        )
        row.wrapOn(self, WIDTH, MARGIN)
        row.drawOn(self, MARGIN, 10 * mm)


def _head(sheet: OrderSheet) -> list[Any]:
    words = {"draft": "Draft of purchase order", "cancelled": "Cancelled purchase order"}
    title = f"{words.get(sheet.state, 'Purchase order')} {sheet.number}"
    dates = [
        ("Order date", date_format(sheet.order_date) if sheet.order_date else "not sent yet"),
        ("Expected", date_format(sheet.expected_date) if sheet.expected_date else "–"),
        ("Currency", sheet.currency),
    ]
    head = Table([[_party("", sheet.company), _facts(dates)]], colWidths=[WIDTH * 0.6, WIDTH * 0.4], style=FLUSH)
    parties = Table(
        [[_party("Supplier", sheet.supplier), _party("Deliver to", sheet.deliver_to)]],
        colWidths=[WIDTH / 2] * 2,
        style=FLUSH,
    )
    return [head, Spacer(1, 6 * mm), _paragraph(title, TITLE, bold=True), Spacer(1, 3 * mm), parties, Spacer(1, 7 * mm)]


def _facts(facts: list[tuple[str, str]]) -> Table:
    rows = [[_paragraph(name, SMALL), _paragraph(value, RIGHT)] for name, value in facts]
    tight = [("TOPPADDING", (0, 0), (-1, -1), 1), ("BOTTOMPADDING", (0, 0), (-1, -1), 1)]
    return Table(rows, colWidths=[WIDTH * 0.2, WIDTH * 0.2 - FRAME_PADDING], style=[*FLUSH, *tight])


def _party(label: str, party: Party) -> list[Paragraph]:
    rows = [_paragraph(label, SMALL)] if label else []
    rows += [_paragraph(party.name, TEXT, bold=True)] if party.name else []
    return [*rows, *(_paragraph(line, TEXT) for line in party.lines)]


def _lines(sheet: OrderSheet) -> LongTable:
    head = [_paragraph(name, SMALL if place < 2 else SMALL_RIGHT, bold=True) for place, name in enumerate(COLUMNS)]
    table = LongTable([head, *map(_row, sheet.lines)], colWidths=WIDTHS, repeatRows=1)
    table.setStyle(
        [
            *FLUSH,
            ("LINEBELOW", (0, 0), (-1, 0), 0.8, colors.black),
            ("LINEBELOW", (0, 1), (-1, -1), 0.3, LINE),
        ]
    )
    return table


def _row(line: SheetLine) -> list[Any]:
    name: list[Any] = [_paragraph(line.name, TEXT)]
    if line.barcode:
        name.append(_paragraph(line.barcode, SMALL))
    numbers = [f"{line.units:,}", line.packs, _money(line.unit_cost), _money(line.total)]
    return [_paragraph(line.sku, TEXT), name, *(_paragraph(number, RIGHT) for number in numbers)]


def _foot(sheet: OrderSheet) -> list[Any]:
    count = f"{len(sheet.lines):,} {'line' if len(sheet.lines) == 1 else 'lines'}, {sheet.units:,} units"
    total = f"{_money(sheet.total)} {sheet.currency}"
    row = [_paragraph(count, TEXT), _paragraph("Total", RIGHT, bold=True), _paragraph(total, RIGHT, bold=True)]
    return [Spacer(1, 3 * mm), KeepTogether(Table([row], colWidths=[WIDTH - 70 * mm, 30 * mm, 40 * mm], style=FLUSH))]


def _paragraph(text: str, style: ParagraphStyle, *, bold: bool = False) -> Paragraph:
    if style is TEXT and pdf_text.breaks_anywhere(text):
        style = UNSPACED
    return Paragraph(pdf_text.markup(text, bold=bold), style)


def _money(amount: Any) -> str:
    """At least cents; the further digits of a unit cost only where there are any."""
    exact = f"{amount:.4f}"
    return number_format(exact if exact[-2:] != "00" else exact[:-2], force_grouping=True)
