"""Stock events and the dead letters among them: what came in, what became of it, and what people do about it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter, DropdownFilter
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from invencare.lib import clock
from inventory.admin.base import BoundedPaginator, ReadOnlyAdmin, ScopedFilter
from inventory.admin.steps import add_errors
from inventory.calc.events.verdicts import Outcome
from inventory.models import StockEvent
from inventory.services.errors import Conflict, Unknown
from inventory.services.events import dead_letters
from inventory.services.events.dead_letters import LONGEST_NOTE, MOST_AT_ONCE, REPLAYABLE, Handled

PAGE = "admin:inventory_stockevent_change"
LIST = "admin:inventory_stockevent_changelist"
EDITABLE_CHARACTERS = 64 * 1024
SHOWN_ROWS = 20
SHOWN_SKIPS = 10


class StateFilter(DropdownFilter):
    """Dead letters unless somebody asks for others: they are what people come here for."""

    title = "outcome"
    parameter_name = "outcome"
    all_option = None

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        others = [(value, label) for value, label in StockEvent.Outcome.choices if value != "rejected"]
        return [("rejected", "Dead letters"), *others, ("all", "All")]

    def value(self) -> str:
        return super().value() or "rejected"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset if self.value() == "all" else queryset.filter(outcome=self.value())


class ReplayForm(forms.Form):
    payload = forms.CharField(
        label="What the event says",
        strip=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 12, "spellcheck": "false", "style": "font-family: monospace"}),
        help_text="Correct it here if need be. Its identity stays, so that it is applied once.",
    )
    note = forms.CharField(
        label="Note",
        max_length=LONGEST_NOTE,
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text="Kept in its history.",
    )


class DiscardForm(forms.Form):
    reason = forms.CharField(
        label="Reason",
        max_length=LONGEST_NOTE,
        widget=UnfoldAdminTextInputWidget,
        help_text="Why it will never be applied.",
    )


@admin.register(StockEvent)
class StockEventAdmin(ReadOnlyAdmin):
    """Rows are written by the intake; people replay and discard."""

    filled_by = (
        "Events come from the stream, or by POST to /api/v1/events; “manage.py generate_events” sends some to try."
    )
    paginator = BoundedPaginator
    list_display = [
        "received_at",
        "show_outcome",
        "event_type",
        "store",
        "product",
        "show_change",
        "show_reason",
        "sender",
    ]
    list_display_links = ["received_at"]
    list_filter = [
        StateFilter,
        ("store", ScopedFilter),
        ("product", AutocompleteSelectFilter),
        ("source", ChoicesDropdownFilter),
    ]
    list_select_related = ()
    search_fields = ["identity__exact"]
    search_help_text = "The event's id, in full"
    ordering = ["-id"]
    sortable_by: list[str] = []
    actions = ["replay_selected", "discard_selected"]
    list_before_template = "admin/inventory/stockevent/before_list.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Stores and products by two queries: joined, MariaDB would sort the table to find the newest 50."""
        return super().get_queryset(request).defer("payload").prefetch_related("store", "product")

    def has_handle_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("inventory.change_stockevent"))

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        context = {"shown_outcome": request.GET.get("outcome") or "rejected", **(extra_context or {})}
        return super().changelist_view(request, context)

    @action(description="Replay …", permissions=["handle"])
    def replay_selected(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        return self._bulk(request, queryset, verb="replay")

    @action(description="Discard …", permissions=["handle"])
    def discard_selected(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        return self._bulk(request, queryset, verb="discard")

    def _bulk(self, request: HttpRequest, queryset: QuerySet[Any], *, verb: str) -> HttpResponse | None:
        """Show what is chosen; once confirmed, one service call and what it did."""
        form = DiscardForm(request.POST if "confirmed" in request.POST else None) if verb == "discard" else None
        ids = list(queryset.order_by("pk").values_list("pk", flat=True)[: MOST_AT_ONCE + 1])
        if "confirmed" in request.POST and (form is None or form.is_valid()):
            try:
                handled = self._handle(request, ids, verb, form)
            except ValidationError as refusal:
                messages.error(request, " ".join(refusal.messages))
            else:
                _tell(request, handled)
            return None
        context = {
            **self.admin_site.each_context(request),
            "title": f"{verb.title()} {len(ids):,} {'event' if len(ids) == 1 else 'events'}",
            "opts": self.opts,
            "form": form,
            "verb": verb,
            "rows": queryset.order_by("pk")[:SHOWN_ROWS],
            "more": max(0, len(ids) - SHOWN_ROWS),
            "ids": ids,
            "action_name": f"{verb}_selected",
            "checkbox_name": helpers.ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(request, "admin/inventory/stockevent/confirm.html", context)

    def _handle(self, request: HttpRequest, ids: list[int], verb: str, form: Any) -> Handled:
        if form is not None:
            reason = form.cleaned_data["reason"]
            return dead_letters.discard(event_ids=ids, actor=request.user, now=clock.now(), reason=reason)
        return dead_letters.replay_many(event_ids=ids, actor=request.user, now=clock.now())

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The page of one event; a POST replays or discards it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        rows = self.visible(request, StockEvent.objects.select_related("store", "product"))
        event = rows.filter(pk=object_id).first() if object_id.isdecimal() else None
        if event is None:
            raise Http404("There is no such event in your stores.")
        discarding = request.POST.get("verb") == "discard"
        replay_form = ReplayForm(
            request.POST if request.method == "POST" and not discarding else None, initial={"payload": event.payload}
        )
        discard_form = DiscardForm(request.POST if discarding else None)
        if request.method == "POST":
            if not self.has_handle_permission(request):
                raise PermissionDenied
            form = discard_form if discarding else replay_form
            if form.is_valid() and self._one(request, event, form, discarding=discarding):
                return HttpResponseRedirect(reverse(PAGE, args=[event.pk]))
        context = {
            **self.admin_site.each_context(request),
            "title": f"Event {event.identity}",
            "opts": self.opts,
            "event": event,
            "is_open": event.outcome in REPLAYABLE,
            "may_handle": self.has_handle_permission(request) and event.outcome in REPLAYABLE,
            "is_editable": len(event.payload) <= EDITABLE_CHARACTERS,
            "shown_payload": event.payload[:EDITABLE_CHARACTERS],
            "steps": event.steps.select_related("taken_by"),
            "replay_form": replay_form,
            "discard_form": discard_form,
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/inventory/stockevent/change_form.html", context)

    def _one(self, request: HttpRequest, event: StockEvent, form: Any, *, discarding: bool) -> bool:
        """Do what the button says; False when the form has to be shown again."""
        now = clock.now()
        try:
            if discarding:
                reason = form.cleaned_data["reason"]
                _tell(request, dead_letters.discard(event_ids=[event.pk], actor=request.user, now=now, reason=reason))
                return True
            payload = form.cleaned_data["payload"].replace("\r\n", "\n")
            result = dead_letters.replay(
                event_id=event.pk, actor=request.user, now=now, payload=payload, note=form.cleaned_data["note"]
            )
        except ValidationError as refusal:
            add_errors(form, refusal)
            return False
        except (Conflict, Unknown) as refusal:
            messages.error(request, str(refusal))
            return True
        _tell(request, Handled(results=[result]))
        return True

    @display(
        description="outcome",
        label={
            "Applied": "success",
            "Rejected": "danger",
            "Stale": "warning",
            "Nothing to remove": "info",
        },
    )
    def show_outcome(self, event: StockEvent) -> str:
        return event.get_outcome_display()

    @display(description="stock (units)")
    def show_change(self, event: StockEvent) -> str:
        return "" if event.after_units is None else f"{event.before_units:,} → {event.after_units:,}"

    @display(description="why")
    def show_reason(self, event: StockEvent) -> str:
        text = event.reason or event.warning
        return text if len(text) <= 120 else f"{text[:119]}…"


def _tell(request: HttpRequest, handled: Handled) -> None:
    """What was done, and what still is not."""
    if applied := handled.count(Outcome.APPLIED):
        messages.success(request, f"{applied:,} applied.")
    if handled.discarded:
        messages.success(request, f"{handled.discarded:,} discarded.")
    for result in [result for result in handled.results if result.outcome is not Outcome.APPLIED][:SHOWN_SKIPS]:
        messages.warning(request, f"{result.received.identity}: {result.outcome.value}. {result.reason}")
    for why in list(handled.skipped.values())[:SHOWN_SKIPS]:
        messages.warning(request, why)
