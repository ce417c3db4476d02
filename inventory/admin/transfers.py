"""Transfers between stores: the list, the page with its lines, and the buttons of their life."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from invencare.lib import clock
from inventory.admin.base import ScopedFilter
from inventory.admin.documents import DocumentAdmin, without_version
from inventory.admin.steps import TypedLines, add_errors, posted_units, units_by_sku
from inventory.models import StockTransfer, Store
from inventory.services import transfers
from inventory.services.access import scope_of_user

MAY_CHANGE = "inventory.change_stocktransfer"
Status = StockTransfer.Status
ON_THE_WAY = {Status.SENT, Status.PARTLY_RECEIVED}

STATUS_LABELS = {
    "Draft": "info",
    "Approved": "primary",
    "In transit": "warning",
    "Partly received": "warning",
    "Received": "success",
    "Cancelled": "danger",
}


class TransferForm(forms.Form):
    """From where to where; the lines are typed below. One end has to be a store of the person's."""

    from_store = forms.ModelChoiceField(queryset=Store.objects.active(), widget=UnfoldAdminSelectWidget)
    to_store = forms.ModelChoiceField(queryset=Store.objects.active(), widget=UnfoldAdminSelectWidget)
    notes = forms.CharField(required=False, max_length=500, widget=UnfoldAdminTextInputWidget)


@admin.register(StockTransfer)
class StockTransferAdmin(DocumentAdmin):
    """Every change is a step of ``inventory.services.transfers``; nothing is edited past it."""

    filled_by = "Approve a transfer proposal, or make a transfer here."
    steps = {
        "lines": (MAY_CHANGE, "change_lines"),
        "approve": (MAY_CHANGE, "approve"),
        "dispatch": (MAY_CHANGE, "dispatch_goods"),
        "receive": (MAY_CHANGE, "receive"),
        "close": (MAY_CHANGE, "close"),
        "cancel": (MAY_CHANGE, "cancel"),
    }
    related = ("from_store", "to_store")
    id_argument = "transfer_id"
    list_display = [
        "number",
        "from_store",
        "to_store",
        "show_status",
        "created_at",
        "sent_at",
        "expected_date",
        "closed_at",
    ]
    list_select_related = ["from_store", "to_store"]
    list_filter = [("status", ChoicesDropdownFilter), ("from_store", ScopedFilter), ("to_store", ScopedFilter)]
    search_fields = ["number"]
    search_help_text = "Transfer number"

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = TransferForm(request.POST or None)
        lines = TypedLines(request.POST or None, prefix="lines")
        user: Any = request.user
        if request.method == "POST" and form.is_valid() and lines.is_valid():
            try:
                transfer = transfers.create_transfer_by_sku(
                    **form.cleaned_data, units_by_sku=units_by_sku(lines), actor=user, now=clock.now()
                )
            except ValidationError as refusal:
                add_errors(form, refusal)
            else:
                self.message_user(request, f"{transfer.number} is a draft; the sending store approves it.")
                return HttpResponseRedirect(self.page_address(transfer))
        return self.add_page(
            request, title="New transfer", form=form, lines=lines, button="Make the draft", **(extra_context or {})
        )

    def change_lines(self, request: HttpRequest, who: dict[str, Any]) -> str:
        transfer = transfers.change_transfer_lines(units=posted_units(request), **who)
        return f"The lines of {transfer.number} are saved."

    def approve(self, request: HttpRequest, who: dict[str, Any]) -> str:
        return f"{transfers.approve_transfer(**who).number} is approved."

    def dispatch_goods(self, request: HttpRequest, who: dict[str, Any]) -> str:
        transfer = transfers.dispatch_transfer(expected_date=_posted_day(request), **who)
        return f"{transfer.number} is on its way, expected {transfer.expected_date:%d %b %Y}."

    def receive(self, request: HttpRequest, who: dict[str, Any]) -> str:
        transfer = transfers.receive_transfer(
            lines=posted_units(request),
            idempotency_key=f"admin:{request.POST.get('idempotency_key', '')}",
            **without_version(who),
        )
        return f"Received: {transfer.number} is {transfer.get_status_display().lower()}."

    def close(self, request: HttpRequest, who: dict[str, Any]) -> str:
        transfer = transfers.close_transfer(reason=request.POST.get("reason", "")[:200], **who)
        return f"{transfer.number} is closed; what did not arrive is written off."

    def cancel(self, request: HttpRequest, who: dict[str, Any]) -> str:
        transfer = transfers.cancel_transfer(reason=request.POST.get("reason", "")[:200], **who)
        return f"{transfer.number} is cancelled."

    def page_of(self, request: HttpRequest, document: Any) -> dict[str, Any]:
        transfer: StockTransfer = document
        user: Any = request.user
        scope = scope_of_user(user)
        may_change = user.has_perm(MAY_CHANGE)
        may_send = may_change and scope.allows(transfer.from_store_id)
        may_take = may_change and scope.allows(transfer.to_store_id) and transfer.status in ON_THE_WAY
        is_draft = transfer.status == Status.DRAFT
        lines: list[Any] = list(transfer.lines.select_related("product").order_by("product__sku"))
        for line in lines:
            line.typed = request.POST.get(f"units_{line.pk}", line.units if is_draft else line.open_units)
        return {
            "title": f"{transfer.number} · {transfer.from_store.name} to {transfer.to_store.name}",
            "transfer": transfer,
            "lines": lines,
            "receipt_key": uuid.uuid4().hex,
            "has_left": transfer.sent_at is not None,
            "usual_days": settings.TRANSFER_DAYS,
            "may_edit": may_change and is_draft,
            "may_approve": may_send and is_draft and bool(lines),
            "may_dispatch": may_send and transfer.status == Status.APPROVED,
            "may_receive": may_take,
            "may_close": may_take,
            "may_cancel": may_change and transfer.status in {Status.DRAFT, Status.APPROVED},
        }

    @display(description="status", ordering="status", label=STATUS_LABELS)
    def show_status(self, transfer: StockTransfer) -> str:
        return transfer.get_status_display()


def _posted_day(request: HttpRequest) -> date | None:
    text = request.POST.get("expected_date", "").strip()
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ValidationError({"expected_date": f"“{text[:20]}” is no day; use YYYY-MM-DD."}) from error
