"""What every desk of decisions has in common: the list, the page whose POST decides, and decisions on many rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.contrib import messages
from django.contrib.admin import helpers
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import action, display

from insights.admin.recommendation_forms import BulkForm, DecisionForm
from insights.models import Decision, ReorderRecommendation
from insights.services import decisions
from insights.services.decisions import MOST_AT_ONCE, Kind, Outcome, pack_rule, staleness_warning
from invencare.lib import clock
from inventory.admin.base import BoundedPaginator, ReadOnlyAdmin
from inventory.admin.steps import add_errors
from inventory.calc.packs import PackRule
from inventory.querysets.scope import StoreScope
from inventory.services.access import scope_of_user
from inventory.services.errors import Conflict

DONE_WORDS = {"approve": "approved", "reject": "rejected", "snooze": "snoozed"}
SHOWN_ROWS = 20
SHOWN_SKIPS = 10
Status = ReorderRecommendation.Status
STATUS_LABELS = {
    "Pending": "warning",
    "Waits for a second person": "danger",
    "Snoozed": "info",
    "Approved": "success",
    "Rejected": "danger",
    "Expired": "info",
}


class DecidingAdmin(ReadOnlyAdmin):
    """Rows are written by the nightly run; people only decide, by ``insights.services.decisions``.

    A desk says what kind of rows it has, who may decide, and what its page and its lists of rows show.
    """

    kind: ClassVar[Kind]
    may_decide: ClassVar[str]
    page: ClassVar[str]
    page_template: ClassVar[str]
    related: ClassVar[tuple[str, ...]]
    has_quantity: ClassVar[bool] = True
    quantity_verb: ClassVar[str] = "order"
    noun: ClassVar[str] = "recommendation"
    nouns: ClassVar[str] = "recommendations"
    approval_says: ClassVar[str]
    columns: ClassVar[Sequence[tuple[str, bool]]]
    """Titles of the confirmation's table, and whether they are numbers."""

    paginator = BoundedPaginator
    list_select_related = ()  # see get_queryset of the desks
    search_fields = ["product__sku", "product__name"]
    search_help_text = "SKU or product name"
    actions = ["approve_selected", "snooze_selected", "reject_selected"]
    list_before_template = "admin/insights/reorderrecommendation/before_list.html"

    def page_of(self, request: HttpRequest, row: Any, rule: PackRule, *, now: datetime) -> dict[str, Any]:
        """What the page of one row shows beside the decision."""
        raise NotImplementedError

    def said(self, decision: Decision) -> SafeString | str:
        """What an approval set going."""
        raise NotImplementedError

    def said_of_many(self, count: str) -> SafeString | str:
        raise NotImplementedError

    def cells(self, row: Any) -> list[str]:
        """One row of the confirmation's table."""
        raise NotImplementedError

    def totals(self, rows: Any) -> list[tuple[str, Any]]:
        """What the rows commit, by currency."""
        raise NotImplementedError

    def decides(self, row: Any, scope: StoreScope) -> bool:
        """Whether the row is one that people of these stores decide."""
        return scope.allows(row.store_id)

    def has_decide_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(self.may_decide))

    @action(description="Approve …", permissions=["decide"])
    def approve_selected(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        return self._bulk(request, queryset, verb="approve")

    @action(description="Snooze …", permissions=["decide"])
    def snooze_selected(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        return self._bulk(request, queryset, verb="snooze")

    @action(description="Reject …", permissions=["decide"])
    def reject_selected(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        return self._bulk(request, queryset, verb="reject")

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The list, and above it how many wait for a second person: they are easily forgotten elsewhere."""
        waiting = self._visible(request).filter(status=Status.PROPOSED).count()
        context = {"waiting": waiting, "is_shown": request.GET.get("status__exact") == Status.PROPOSED}
        return super().changelist_view(request, {**context, **(extra_context or {})})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The page of one row; a POST decides it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        rows = self._visible(request).select_related(*self.related)
        row = rows.filter(pk=object_id).first() if object_id.isdecimal() else None
        if row is None:
            raise Http404(f"There is no such {self.noun} in your stores.")
        rule, now = pack_rule(row, kind=self.kind), clock.now()
        may_decide = self.has_decide_permission(request) and self.decides(row, scope_of_user(request.user))
        form = self._form(request, row, rule, now=now)
        if request.method == "POST":
            if not may_decide:
                raise PermissionDenied
            if form.is_valid() and self._decide(request, row, form, now=now):
                return HttpResponseRedirect(reverse(self.page, args=[row.pk]))
        context = {
            **self.admin_site.each_context(request),
            **self.page_of(request, row, rule, now=now),
            "opts": self.opts,
            "form": form,
            "free_change": f"{100 * settings.DECISION_FREE_CHANGE:g}",
            "may_decide": may_decide and row.is_open,
            **(extra_context or {}),
        }
        return TemplateResponse(request, self.page_template, context)

    def next_row(self, request: HttpRequest, row: Any) -> Any:
        """The pending row behind this one in the list, else the first of the list."""
        pending = self._visible(request).pending().exclude(pk=row.pk)
        pending = pending.worst_first().select_related("product").only("product__sku", "status")
        return pending.after(row).first() or pending.first()

    @display(description="product", ordering="product__sku")
    def show_product(self, row: Any) -> SafeString:
        return format_html('<span style="display: block; min-width: 11rem">{}</span>', str(row.product))

    @display(description="status", ordering="status", label=STATUS_LABELS)
    def show_status(self, row: Any) -> str:
        return str(row.get_status_display())

    def _visible(self, request: HttpRequest) -> Any:
        return self.kind.model.objects.visible_to(scope_of_user(request.user))

    def _form(self, request: HttpRequest, row: Any, rule: PackRule, *, now: datetime) -> DecisionForm:
        tomorrow = clock.business_date(now, row.store.zone) + timedelta(days=1)
        form = DecisionForm(request.POST or None, rule=rule, first_day=tomorrow, initial=self._initial(row))
        if self.has_quantity:
            form.fields["quantity"].label = f"{self.quantity_verb.title()} (units)"
        else:
            del form.fields["quantity"]
        return form

    def _initial(self, row: Any) -> dict[str, Any]:
        proposed = row.proposed_quantity if row.status == Status.PROPOSED else None
        return {"quantity": proposed or self.kind.recommended(row), "version": row.version}

    def _decide(self, request: HttpRequest, row: Any, form: DecisionForm, *, now: datetime) -> bool:
        """Ask the service for what the pressed button says; False when the form has to be shown again."""
        given = form.cleaned_data
        verb = request.POST.get("decision", "approve")
        quantity = given.get("quantity")
        if verb == "approve" and self.has_quantity and quantity is None:
            form.add_error("quantity", f"Give the units to {self.quantity_verb}.")
            return False
        who: dict[str, Any] = {
            "recommendation_id": row.pk,
            "actor": request.user,
            "now": now,
            "reason": given["reason"],
            "reason_code": given["reason_code"],
            "version": given["version"],
            "scope": scope_of_user(request.user),
            "kind": self.kind,
        }
        try:
            if verb == "reject":
                decision = decisions.reject(**who)
            elif verb == "snooze":
                decision = decisions.snooze(until=given["until"], **who)
            else:
                decision = decisions.approve(quantity=quantity, **who)
        except ValidationError as refusal:
            add_errors(form, refusal)
            return False
        except PermissionDenied as refusal:  # one's own proposal, or over the limit: said where the button is
            form.add_error(None, str(refusal))
            return False
        except Conflict as conflict:
            messages.error(request, str(conflict))
        else:
            messages.success(request, self._said(decision))
            if warning := staleness_warning(decision.numbers_age_days):
                messages.warning(request, warning)
        return True

    def _said(self, decision: Decision) -> SafeString | str:
        what = self.kind.words(decision.row)
        if decision.action == Decision.Action.REJECT:
            return f"Rejected: {what}."
        if decision.action == Decision.Action.SNOOZE:
            return f"Snoozed until {decision.snoozed_until:%-d %b %Y}: {what}."
        if decision.action == Decision.Action.PROPOSE:
            units = f"{decision.quantity or 0:,} units of {what}"
            return f"Proposed: {units}. It is over your limit, so a second person has to approve it."
        return self.said(decision)

    def _bulk(self, request: HttpRequest, queryset: Any, *, verb: str) -> HttpResponse | None:
        """Show what is about to be decided and ask for the reason; then one service call and its outcome."""
        if "confirmed" not in request.POST:
            ids = list(queryset.order_by().values_list("pk", flat=True)[: MOST_AT_ONCE + 1])
            if len(ids) > MOST_AT_ONCE:
                messages.error(request, f"Choose at most {MOST_AT_ONCE:,} at once; filter the list to fewer.")
                return None
            form = self._bulk_form(verb, initial={"ids": ",".join(map(str, ids)), "percent": 100})
            return self._confirm(request, form, ids, verb=verb)
        form = self._bulk_form(verb, request.POST)
        if "ids" in form.errors or not form.data.get("ids"):
            messages.error(request, "The chosen rows cannot be read; choose them again.")
            return None
        ids = form.cleaned_data["ids"]
        if not form.is_valid():
            return self._confirm(request, form, ids, verb=verb)
        given = {name: value for name, value in form.cleaned_data.items() if name != "ids"}
        decide: Any = {
            "approve": decisions.approve_many,
            "reject": decisions.reject_many,
            "snooze": decisions.snooze_many,
        }[verb]
        try:
            outcome = decide(
                recommendation_ids=ids,
                actor=request.user,
                now=clock.now(),
                scope=scope_of_user(request.user),
                kind=self.kind,
                **given,
            )
        except ValidationError as refusal:
            add_errors(form, refusal)
            return self._confirm(request, form, ids, verb=verb)
        except Conflict as conflict:
            messages.error(request, f"Nothing was decided: {conflict}")
        else:
            self._tell(request, outcome, word=DONE_WORDS[verb])
        return HttpResponseRedirect(request.get_full_path())

    def _bulk_form(self, verb: str, data: Any = None, **options: Any) -> BulkForm:
        form = BulkForm(data, action=verb, **options)
        if not self.has_quantity:
            form.fields.pop("percent", None)
        return form

    def _confirm(self, request: HttpRequest, form: BulkForm, ids: list[int], *, verb: str) -> HttpResponse:
        rows = self._visible(request).filter(Q(pk__in=ids))
        shown = rows.worst_first().select_related(*self.kind.related).defer("dossier")[:SHOWN_ROWS]
        context = {
            **self.admin_site.each_context(request),
            "title": f"{verb.title()} {len(ids):,} {self._named(ids)}",
            "opts": self.opts,
            "form": form,
            "free_change": f"{100 * settings.DECISION_FREE_CHANGE:g}",
            "verb": verb,
            "noun": self._named(ids),
            "approval_says": self.approval_says,
            "count": len(ids),
            "totals": self.totals(rows),
            "columns": self.columns,
            "rows": [list(zip(self.cells(row), self.columns, strict=True)) for row in shown],
            "hidden_rows": max(len(ids) - SHOWN_ROWS, 0),
            "action_name": f"{verb}_selected",
            "checkbox_name": helpers.ACTION_CHECKBOX_NAME,
            "first_id": ids[0] if ids else "",
        }
        return TemplateResponse(request, "admin/insights/reorderrecommendation/confirm.html", context)

    def _named(self, ids: Sequence[int]) -> str:
        return self.noun if len(ids) == 1 else self.nouns

    def _tell(self, request: HttpRequest, outcome: Outcome, *, word: str) -> None:
        count = f"{len(outcome.done):,}"
        if outcome.done:
            messages.success(request, self.said_of_many(count) if word == "approved" else f"{count} {word}.")
        if outcome.proposed:
            messages.warning(
                request, f"{len(outcome.proposed):,} proposed: over your limit, so a second person has to approve them."
            )
        if outcome.skipped:
            reasons = " · ".join(why for _, why in outcome.skipped[:SHOWN_SKIPS])
            more = len(outcome.skipped) - SHOWN_SKIPS
            rest = f" · and {more:,} more" if more > 0 else ""
            messages.warning(request, f"{len(outcome.skipped):,} skipped: {reasons}{rest}")


def unbroken(text: str) -> SafeString:
    """The text on one line, however narrow its column."""
    return format_html('<span style="white-space: nowrap">{}</span>', text)
