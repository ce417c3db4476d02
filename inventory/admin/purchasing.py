"""Purchase orders: the list, the page with its lines, and the buttons of their life."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Sum
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget

from invencare.lib import clock
from inventory.admin.base import BoundedPaginator, ReadOnlyAdmin, ScopedFilter, ScopedModelAdmin
from inventory.admin.steps import TypedLines, add_errors, posted_units, tell_outcome, units_by_sku
from inventory.models import PurchaseOrder, Receipt, Store, Supplier
from inventory.services import purchasing
from inventory.services.access import scope_of_user

PAGE = "admin:inventory_purchaseorder_change"
MAY_CHANGE = "inventory.change_purchaseorder"
MAY_RECEIVE = "inventory.add_receipt"
Status = PurchaseOrder.Status

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
class PurchaseOrderAdmin(ScopedModelAdmin):
    """Every change is a step of ``inventory.services.purchasing``; nothing is edited past it."""

    paginator = BoundedPaginator
    list_display = [
        "show_number",
        "show_supplier",
        "show_store",
        "show_status",
        "show_lines",
        "show_units",
        "show_value",
        "order_date",
        "expected_date",
    ]
    list_select_related = ()  # see get_queryset
    list_filter = [("status", ChoicesDropdownFilter), ("store", ScopedFilter), ("supplier", ScopedFilter)]
    search_fields = ["number", "supplier__name"]
    search_help_text = "Order number or supplier"
    actions = None

    def get_queryset(self, request: HttpRequest) -> Any:
        """Suppliers and stores come by two queries of their own: joined, MariaDB totals all orders to find 50."""
        rows: Any = super().get_queryset(request)
        return rows.with_totals().prefetch_related("supplier", "store")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Orders are cancelled, never deleted."""
        return False

    def get_urls(self) -> list[URLPattern]:
        steps: dict[str, Callable[..., HttpResponse]] = {
            "lines": self.lines_view,
            "approve": self.approve_view,
            "send": self.send_view,
            "mail": self.mail_view,
            "receive": self.receive_view,
            "close": self.close_view,
            "cancel": self.cancel_view,
            "csv": self.csv_view,
        }
        view = self.admin_site.admin_view
        return [
            *(
                path(f"<int:order_id>/{name}/", view(step), name=f"inventory_purchaseorder_{name}")
                for name, step in steps.items()
            ),
            *super().get_urls(),
        ]

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
                return HttpResponseRedirect(reverse(PAGE, args=[order.pk]))
        context = {
            **self.admin_site.each_context(request),
            "title": "New purchase order",
            "opts": self.opts,
            "form": form,
            "lines": lines,
            "button": "Add to the draft",
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/inventory/purchaseorder/add_form.html", context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The page of one order; its buttons post to the steps."""
        if request.method not in {"GET", "HEAD"}:
            return HttpResponseNotAllowed(["GET"])
        order = self._order(request, int(object_id) if object_id.isdecimal() else 0)
        return self._show(request, order, extra_context=extra_context)

    def lines_view(self, request: HttpRequest, order_id: int) -> HttpResponse:
        def change(who: dict[str, Any]) -> str:
            order = purchasing.change_draft_lines(units=posted_units(request), **who)
            return f"The lines of {order.number} are saved."

        return self._step(request, order_id, MAY_CHANGE, change)

    def approve_view(self, request: HttpRequest, order_id: int) -> HttpResponse:
        return self._step(
            request, order_id, MAY_CHANGE, lambda who: f"{purchasing.approve_order(**who).number} is approved."
        )

    def send_view(self, request: HttpRequest, order_id: int) -> HttpResponse:
        def send(who: dict[str, Any]) -> str:
            order = purchasing.send_order(**who)
            return f"{order.number} is sent, expected {order.expected_date:%d %b %Y}. {_last_note(order)}"

        return self._step(request, order_id, MAY_CHANGE, send)

    def mail_view(self, request: HttpRequest, order_id: int) -> HttpResponse:
        def mail(who: dict[str, Any]) -> str:
            order = purchasing.resend_order(order_id=order_id, actor=who["actor"], now=who["now"])
            return f"{order.number}: {_last_note(order)}"

        return self._step(request, order_id, MAY_CHANGE, mail)

    def receive_view(self, request: HttpRequest, order_id: int) -> HttpResponse:
        def receive(who: dict[str, Any]) -> str:
            order = purchasing.receive_order(
                order_id=order_id,
                lines=posted_units(request),
                idempotency_key=f"admin:{request.POST.get('idempotency_key', '')}",
                actor=who["actor"],
                now=who["now"],
            )
            return f"Received: {order.number} is {order.get_status_display().lower()}."

        return self._step(request, order_id, MAY_RECEIVE, receive)

    def close_view(self, request: HttpRequest, order_id: int) -> HttpResponse:
        return self._step(
            request, order_id, MAY_CHANGE, lambda who: f"{purchasing.close_order(**who).number} is closed short."
        )

    def cancel_view(self, request: HttpRequest, order_id: int) -> HttpResponse:
        def cancel(who: dict[str, Any]) -> str:
            order = purchasing.cancel_order(reason=request.POST.get("reason", "")[:200], **who)
            return f"{order.number} is cancelled."

        return self._step(request, order_id, MAY_CHANGE, cancel)

    def csv_view(self, request: HttpRequest, order_id: int) -> HttpResponse:
        order = self._order(request, order_id)
        response = HttpResponse(purchasing.order_csv(order), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="{order.number}.csv"'
        return response

    def _order(self, request: HttpRequest, order_id: int) -> PurchaseOrder:
        if not self.has_view_permission(request):
            raise PermissionDenied
        orders = PurchaseOrder.objects.visible_to(scope_of_user(request.user)).select_related("store", "supplier")
        order: PurchaseOrder | None = orders.filter(pk=order_id).first()
        if order is None:
            raise Http404("There is no such order in your stores.")
        return order

    def _step(
        self, request: HttpRequest, order_id: int, permission: str, work: Callable[[dict[str, Any]], str]
    ) -> HttpResponse:
        """One POST of a button: rights, the service call with what every step is given, and back to the page."""
        order = self._order(request, order_id)
        page = HttpResponseRedirect(reverse(PAGE, args=[order.pk]))
        if request.method != "POST":  # the address that a refused form leaves in the browser
            return page
        if not request.user.has_perm(permission):
            raise PermissionDenied
        version = request.POST.get("version", "")
        who = {
            "order_id": order.pk,
            "actor": request.user,
            "now": clock.now(),
            "version": int(version) if version.isdecimal() else None,
        }
        if tell_outcome(request, lambda: work(who)):
            return page
        return self._show(request, self._order(request, order_id))

    def _show(self, request: HttpRequest, order: PurchaseOrder, *, extra_context: Any = None) -> HttpResponse:
        """The page; after a refusal with the units that were typed, so that nobody types a delivery twice."""
        context = {
            **self.admin_site.each_context(request),
            **self._page(request, order),
            "opts": self.opts,
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/inventory/purchaseorder/change_form.html", context)

    def _page(self, request: HttpRequest, order: PurchaseOrder) -> dict[str, Any]:
        user: Any = request.user
        lines: list[Any] = list(order.lines.select_related("product").order_by("product__sku"))
        is_draft = order.status == Status.DRAFT
        for line in lines:
            line.typed = request.POST.get(f"units_{line.pk}", line.ordered_units if is_draft else line.open_units)
        value = sum(line.line_total for line in lines)
        may_change = user.has_perm(MAY_CHANGE)
        is_coming = order.status in {Status.SENT, Status.PARTLY_RECEIVED}
        return {
            "title": f"{order.number} · {order.supplier.name} for {order.store.name}",
            "order": order,
            "lines": lines,
            "value": value,
            "ordered_units": sum(line.ordered_units for line in lines),
            "is_under_minimum": value < order.supplier.minimum_order_value,
            "receipts": _receipts(order),
            "notes": [line for line in order.notes.splitlines() if line],
            "receipt_key": uuid.uuid4().hex,
            "over_delivery_factor": purchasing.OVER_DELIVERY_FACTOR,
            "may_edit": may_change and is_draft,
            "may_approve": may_change and is_draft and bool(lines),
            "may_send": may_change and order.status == Status.APPROVED,
            "may_mail": may_change and is_coming and bool(order.supplier.email),
            "may_receive": user.has_perm(MAY_RECEIVE) and is_coming,
            "may_close": may_change and order.status == Status.PARTLY_RECEIVED,
            "may_cancel": may_change and order.status in {Status.DRAFT, Status.APPROVED, Status.SENT},
        }

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

    @display(description="lines", ordering="line_count")
    def show_lines(self, order: Any) -> str:
        return f"{order.line_count:,}"

    @display(description="ordered (units)", ordering="ordered_units_sum")
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
    list_display = ["received_on", "show_order", "show_product", "units", "received_by"]
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
    return rows.annotate(total_units=Sum("units"))[:100]


def _last_note(order: PurchaseOrder) -> str:
    return order.notes.strip().rpartition("\n")[2]
