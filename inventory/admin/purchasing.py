"""Purchase orders: the list, the page with its lines, and the buttons of their life."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget

from invencare.lib import clock
from inventory.admin.base import BoundedPaginator, ReadOnlyAdmin, ScopedFilter
from inventory.admin.documents import DocumentAdmin, without_version
from inventory.admin.steps import TypedLines, add_errors, posted_units, posted_words, units_by_sku
from inventory.models import PurchaseOrder, PurchaseOrderLine, Receipt, Store, Supplier
from inventory.services import purchasing
from inventory.services.access import scope_of_user
from inventory.services.documents import last_note

MAY_CHANGE = "inventory.change_purchaseorder"
MAY_RECEIVE = "inventory.add_receipt"
Status = PurchaseOrder.Status
MailState = PurchaseOrder.MailState

MAIL_LABELS = {
    "Waiting": "info",
    "Being sent": "info",
    "Mailed": "success",
    "Failed": "danger",
    "No address": "warning",
}
STATUS_LABELS = {
    "Draft": "info",
    "Approved": "primary",
    "Sent": "warning",
    "Partly received": "warning",
    "Received": "success",
    "Cancelled": "danger",
}


class OrderForm(forms.Form):
    """Which supplier delivers to which store; the lines are typed below."""

    store = forms.ModelChoiceField(queryset=Store.objects.none(), widget=UnfoldAdminSelectWidget)
    supplier = forms.ModelChoiceField(queryset=Supplier.objects.filter(is_active=True), widget=UnfoldAdminSelectWidget)

    def __init__(self, *args: Any, stores: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        store: Any = self.fields["store"]
        store.queryset = stores


@admin.register(PurchaseOrder)
class PurchaseOrderAdmin(DocumentAdmin):
    """Every change is a step of ``inventory.services.purchasing``; nothing is edited past it."""

    filled_by = "Approve a recommendation, and its draft order is here."
    steps = {
        "lines": (MAY_CHANGE, "change_lines"),
        "approve": (MAY_CHANGE, "approve"),
        "send": (MAY_CHANGE, "send"),
        "mail": (MAY_CHANGE, "mail"),
        "receive": (MAY_RECEIVE, "receive"),
        "close": (MAY_CHANGE, "close"),
        "cancel": (MAY_CHANGE, "cancel"),
    }
    downloads = ("csv", "pdf")
    related = ("store", "supplier")
    id_argument = "order_id"
    list_display = [
        "show_number",
        "show_supplier",
        "show_store",
        "show_status",
        "show_mail",
        "show_units",
        "show_value",
        "order_date",
        "expected_date",
    ]
    list_select_related = ()  # see get_queryset
    list_filter = [
        ("status", ChoicesDropdownFilter),
        ("mail_state", ChoicesDropdownFilter),
        ("store", ScopedFilter),
        ("supplier", ScopedFilter),
    ]
    search_fields = ["number", "supplier__name"]
    search_help_text = "Order number or supplier"

    def get_queryset(self, request: HttpRequest) -> Any:
        """Suppliers and stores come by two queries of their own: joined, MariaDB totals all orders to find 50."""
        rows: Any = super().get_queryset(request)
        return rows.with_totals().prefetch_related("supplier", "store")

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """A buyer's own order; it joins the open draft of its supplier and store."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        stores = Store.objects.active().visible_to(scope_of_user(request.user))
        form = OrderForm(request.POST or None, stores=stores)
        lines = TypedLines(request.POST or None, prefix="lines")
        user: Any = request.user
        if request.method == "POST" and form.is_valid() and lines.is_valid():
            try:
                order = purchasing.create_draft_order(
                    **form.cleaned_data, units_by_sku=units_by_sku(lines), actor=user, now=clock.now()
                )
            except ValidationError as refusal:
                add_errors(form, refusal)
            else:
                self.message_user(request, f"On draft {order.number}.")
                return HttpResponseRedirect(self.page_address(order))
        return self.add_page(
            request,
            title="New purchase order",
            form=form,
            lines=lines,
            button="Add to the draft",
            **(extra_context or {}),
        )

    def change_lines(self, request: HttpRequest, who: dict[str, Any]) -> str:
        order = purchasing.change_draft_lines(units=posted_units(request), **who)
        return f"The lines of {order.number} are saved."

    def approve(self, request: HttpRequest, who: dict[str, Any]) -> str:
        return f"{purchasing.approve_order(**who).number} is approved."

    def send(self, request: HttpRequest, who: dict[str, Any]) -> str:
        order = purchasing.send_order(**who)
        self._warn_of_mail(request, order)
        return f"{order.number} is sent, expected {order.expected_date:%d %b %Y}. {last_note(order)}"

    def mail(self, request: HttpRequest, who: dict[str, Any]) -> str:
        key = request.POST.get("mail_key", "")
        order = purchasing.resend_order(idempotency_key=key, **without_version(who))
        self._warn_of_mail(request, order)
        return f"{order.number}: {last_note(order)}"

    def receive(self, request: HttpRequest, who: dict[str, Any]) -> str:
        order = purchasing.receive_order(
            lines=_posted_arrivals(request),
            idempotency_key=f"admin:{request.POST.get('idempotency_key', '')}",
            **without_version(who),
        )
        return f"Received: {order.number} is {order.get_status_display().lower()}."

    def close(self, request: HttpRequest, who: dict[str, Any]) -> str:
        order = purchasing.close_order(reason=request.POST.get("reason", ""), **who)
        return f"{order.number} is closed short."

    def cancel(self, request: HttpRequest, who: dict[str, Any]) -> str:
        order = purchasing.cancel_order(reason=request.POST.get("reason", "")[:200], **who)
        return f"{order.number} is cancelled."

    def csv_view(self, request: HttpRequest, document_id: int) -> HttpResponse:
        order = self.document(request, document_id)
        return _download(purchasing.order_csv(order), "text/csv; charset=utf-8", f"{order.number}.csv")

    def pdf_view(self, request: HttpRequest, document_id: int) -> HttpResponse:
        order = self.document(request, document_id)
        return _download(purchasing.order_pdf(order), "application/pdf", f"{order.number}.pdf")

    def page_of(self, request: HttpRequest, document: Any) -> dict[str, Any]:
        order: PurchaseOrder = document
        user: Any = request.user
        lines: list[Any] = list(order.lines.select_related("product").order_by("product__sku"))
        is_draft = order.status == Status.DRAFT
        is_coming = order.status in {Status.SENT, Status.PARTLY_RECEIVED}
        for line in lines:
            line.typed = request.POST.get(f"units_{line.pk}", line.ordered_units if is_draft else line.open_units)
            line.typed_refused = request.POST.get(f"refused_{line.pk}", "")
            line.typed_close = request.POST.get(f"close_{line.pk}", "")
        value = sum(line.line_total for line in lines)
        may_change = user.has_perm(MAY_CHANGE)
        is_mailing = order.mail_state in {MailState.WAITING, MailState.SENDING}
        return {
            "title": f"{order.number} · {order.supplier.name} for {order.store.name}",
            "order": order,
            "lines": lines,
            "value": value,
            "ordered_units": sum(line.ordered_units for line in lines),
            "is_under_minimum": value < order.supplier.minimum_order_value,
            "has_refused": any(line.refused_units for line in lines),
            "has_cancelled": any(line.cancelled_units for line in lines),
            "receipts": _receipts(order),
            "receipt_key": uuid.uuid4().hex,
            "close_reasons": PurchaseOrderLine.CloseReason.choices,
            "tolerance": settings.OVER_DELIVERY_TOLERANCE * 100,
            "has_mail_failed": is_coming and order.mail_state == MailState.FAILED,
            "has_no_address": is_coming and order.mail_state == MailState.NO_ADDRESS,
            "may_edit": may_change and is_draft,
            "may_approve": may_change and is_draft and bool(lines),
            "may_send": may_change and order.status == Status.APPROVED,
            "may_mail": may_change and is_coming and bool(order.supplier.email) and not is_mailing,
            "may_receive": user.has_perm(MAY_RECEIVE) and is_coming,
            "may_close": may_change and order.status == Status.PARTLY_RECEIVED,
            "may_cancel": may_change and order.status in {Status.DRAFT, Status.APPROVED, Status.SENT},
        }

    def _warn_of_mail(self, request: HttpRequest, order: PurchaseOrder) -> None:
        if order.mail_state == MailState.FAILED:
            self.message_user(request, f"The order is kept, its e-mail failed: {order.mail_problem}", messages.WARNING)

    @display(description="number", ordering="pk")
    def show_number(self, order: PurchaseOrder) -> SafeString:
        return format_html('<span style="white-space: nowrap">{}</span>', order.number)

    @display(description="supplier", ordering="supplier__name")
    def show_supplier(self, order: PurchaseOrder) -> str:
        return order.supplier.name

    @display(description="store", ordering="store__code")
    def show_store(self, order: PurchaseOrder) -> str:
        return order.store.code

    @display(description="status", ordering="status", label=STATUS_LABELS)
    def show_status(self, order: PurchaseOrder) -> str:
        return order.get_status_display()

    @display(description="e-mail", ordering="mail_state", label=MAIL_LABELS)
    def show_mail(self, order: PurchaseOrder) -> str:
        return "" if order.mail_state == MailState.NOT_ASKED else order.get_mail_state_display()

    @display(description="units", ordering="ordered_units_sum")
    def show_units(self, order: Any) -> str:
        return f"{order.ordered_units_sum or 0:,}"

    @display(description="value", ordering="order_value")
    def show_value(self, order: Any) -> SafeString:
        value = f"{order.order_value or 0:,.2f} {order.store.currency}"
        return format_html('<span style="white-space: nowrap">{}</span>', value)


@admin.register(Receipt)
class ReceiptAdmin(ReadOnlyAdmin):
    """Deliveries, newest first; each moved stock through the ledger and is never changed."""

    store_lookup = "line__purchase_order__store_id"
    paginator = BoundedPaginator
    list_display = ["received_on", "show_order", "show_product", "units", "over_units", "refused_units", "received_by"]
    list_select_related = ["line__purchase_order", "line__product", "received_by"]
    list_filter = [("line__purchase_order__store", ScopedFilter)]
    search_fields = ["line__purchase_order__number", "line__product__sku"]
    search_help_text = "Order number or SKU"

    @display(description="order")
    def show_order(self, receipt: Receipt) -> str:
        return receipt.line.purchase_order.number

    @display(description="product")
    def show_product(self, receipt: Receipt) -> str:
        return str(receipt.line.product)


def _receipts(order: PurchaseOrder) -> Any:
    """Deliveries by day, product and person, the newest first; a hundred are enough for a page."""
    receipts = Receipt.objects.filter(line__purchase_order=order).order_by("-received_on", "line__product__sku")
    rows = receipts.values("received_on", "line__product__sku", "received_by__username")
    return rows.annotate(total_units=Sum("units"), refused=Sum("refused_units"), over=Sum("over_units"))[:100]


def _posted_arrivals(request: HttpRequest) -> dict[int, purchasing.Arrival]:
    """What the receive form says of each line: units taken and refused, and why the rest will not come."""
    units, refused = posted_units(request), posted_units(request, "refused")
    closed = posted_words(request, "close")
    refusal = request.POST.get("refusal", "")[:200]
    return {
        line_id: purchasing.Arrival(
            units=units.get(line_id, 0),
            refused_units=refused.get(line_id, 0),
            refusal=refusal,
            close_reason=closed.get(line_id, ""),
        )
        for line_id in {*units, *refused, *closed}
    }


def _download(content: str | bytes, content_type: str, name: str) -> HttpResponse:
    return HttpResponse(
        content, content_type=content_type, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
