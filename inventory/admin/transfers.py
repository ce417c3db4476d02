"""Transfers between stores: a draft with its lines, dispatch, receipt."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from invencare.lib import clock
from inventory.admin.base import BoundedPaginator, ScopedFilter, ScopedModelAdmin
from inventory.admin.steps import TypedLines, add_errors, posted_units, tell_outcome, units_by_sku
from inventory.models import StockTransfer, Store
from inventory.services import transfers
from inventory.services.access import scope_of_user

PAGE = "admin:inventory_stocktransfer_change"
MAY_CHANGE = "inventory.change_stocktransfer"
Status = StockTransfer.Status

STATUS_LABELS = {"Draft": "info", "In transit": "warning", "Received": "success", "Cancelled": "danger"}


class TransferForm(forms.Form):
    """From where to where; the lines are typed below. One end has to be a store of the person's."""

    from_store = forms.ModelChoiceField(queryset=Store.objects.active(), widget=UnfoldAdminSelectWidget)
    to_store = forms.ModelChoiceField(queryset=Store.objects.active(), widget=UnfoldAdminSelectWidget)
    notes = forms.CharField(required=False, max_length=500, widget=UnfoldAdminTextInputWidget)


@admin.register(StockTransfer)
class StockTransferAdmin(ScopedModelAdmin):
    """Every change is a step of ``inventory.services.transfers``; nothing is edited past it."""

    paginator = BoundedPaginator
    list_display = ["number", "from_store", "to_store", "show_status", "created_at", "sent_at", "closed_at"]
    list_select_related = ["from_store", "to_store"]
    list_filter = [("status", ChoicesDropdownFilter), ("from_store", ScopedFilter), ("to_store", ScopedFilter)]
    search_fields = ["number"]
    search_help_text = "Transfer number"
    actions = None

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Transfers are cancelled, never deleted."""
        return False

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        name = "inventory_stocktransfer"
        return [
            path("<int:transfer_id>/dispatch/", view(self.dispatch_view), name=f"{name}_dispatch"),
            path("<int:transfer_id>/receive/", view(self.receive_view), name=f"{name}_receive"),
            path("<int:transfer_id>/cancel/", view(self.cancel_view), name=f"{name}_cancel"),
            *super().get_urls(),
        ]

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
                self.message_user(request, f"{transfer.number} is a draft; dispatch it when it leaves.")
                return HttpResponseRedirect(reverse(PAGE, args=[transfer.pk]))
        context = {
            **self.admin_site.each_context(request),
            "title": "New transfer",
            "opts": self.opts,
            "form": form,
            "lines": lines,
            "button": "Make the draft",
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/inventory/stocktransfer/add_form.html", context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The page of one transfer; its buttons post to the steps."""
        if request.method not in {"GET", "HEAD"}:
            return HttpResponseNotAllowed(["GET"])
        transfer = self._transfer(request, int(object_id) if object_id.isdecimal() else 0)
        return self._show(request, transfer, extra_context=extra_context)

    def dispatch_view(self, request: HttpRequest, transfer_id: int) -> HttpResponse:
        return self._step(
            request, transfer_id, lambda who: f"{transfers.dispatch_transfer(**who).number} is on its way."
        )

    def receive_view(self, request: HttpRequest, transfer_id: int) -> HttpResponse:
        def receive(who: dict[str, Any]) -> str:
            transfer = transfers.receive_transfer(lines=posted_units(request), **who)
            return f"{transfer.number} is received."

        return self._step(request, transfer_id, receive)

    def cancel_view(self, request: HttpRequest, transfer_id: int) -> HttpResponse:
        return self._step(request, transfer_id, lambda who: f"{transfers.cancel_transfer(**who).number} is cancelled.")

    def _transfer(self, request: HttpRequest, transfer_id: int) -> StockTransfer:
        if not self.has_view_permission(request):
            raise PermissionDenied
        visible = StockTransfer.objects.visible_to(scope_of_user(request.user))
        transfer: StockTransfer | None = visible.select_related("from_store", "to_store").filter(pk=transfer_id).first()
        if transfer is None:
            raise Http404("There is no such transfer in your stores.")
        return transfer

    def _step(self, request: HttpRequest, transfer_id: int, work: Callable[[dict[str, Any]], str]) -> HttpResponse:
        """One POST of a button: rights, the service call with what every step is given, and back to the page."""
        transfer = self._transfer(request, transfer_id)
        page = HttpResponseRedirect(reverse(PAGE, args=[transfer.pk]))
        if request.method != "POST":  # the address that a refused form leaves in the browser
            return page
        if not request.user.has_perm(MAY_CHANGE):
            raise PermissionDenied
        version = request.POST.get("version", "")
        who = {
            "transfer_id": transfer.pk,
            "actor": request.user,
            "now": clock.now(),
            "version": int(version) if version.isdecimal() else None,
        }
        if tell_outcome(request, lambda: work(who)):
            return page
        return self._show(request, self._transfer(request, transfer_id))

    def _show(self, request: HttpRequest, transfer: StockTransfer, *, extra_context: Any = None) -> HttpResponse:
        """The page; after a refusal with the units that were typed."""
        context = {
            **self.admin_site.each_context(request),
            **_page(request, transfer),
            "opts": self.opts,
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/inventory/stocktransfer/change_form.html", context)

    @display(description="status", ordering="status", label=STATUS_LABELS)
    def show_status(self, transfer: StockTransfer) -> str:
        return transfer.get_status_display()


def _page(request: HttpRequest, transfer: StockTransfer) -> dict[str, Any]:
    user: Any = request.user
    scope = scope_of_user(user)
    may_change = user.has_perm(MAY_CHANGE)
    is_draft = transfer.status == Status.DRAFT
    lines: list[Any] = list(transfer.lines.select_related("product").order_by("product__sku"))
    for line in lines:
        line.typed = request.POST.get(f"units_{line.pk}", line.units)
    return {
        "title": f"{transfer.number} · {transfer.from_store.name} to {transfer.to_store.name}",
        "transfer": transfer,
        "lines": lines,
        "notes": [line for line in transfer.notes.splitlines() if line],
        "is_over": transfer.status == Status.RECEIVED,
        "may_dispatch": may_change and is_draft and scope.allows(transfer.from_store_id),
        "may_receive": may_change and transfer.status == Status.SENT and scope.allows(transfer.to_store_id),
        "may_cancel": may_change and is_draft,
    }
