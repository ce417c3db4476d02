"""What a person should look at: the open alerts, most money at stake first; put off, given to somebody, mailed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import action, display
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectMultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldBooleanSwitchWidget,
)

from invencare.lib import clock
from inventory.admin.base import ReadOnlyAdmin, ScopedFilter
from inventory.admin.filters import OpenAlertFilter
from inventory.admin.steps import add_errors, tell_outcome
from inventory.models import Alert, AlertDigest, AlertPreference, Store
from inventory.services.access import scope_of_user
from inventory.services.alert_preferences import CHOICES, preference_of, set_preference
from inventory.services.alert_steps import MAY, assign_alerts, people_for, snooze_alerts, wake_alerts

SNOOZES = {"1": "a day", "7": "a week", "28": "four weeks"}
SHOWN_DIGESTS = 7
PAGE = "admin:inventory_alert_change"


class SnoozeForm(forms.Form):
    days = forms.ChoiceField(label="Put off for", choices=list(SNOOZES.items()), widget=UnfoldAdminSelectWidget)


class AssignForm(forms.Form):
    assigned_to = forms.ModelChoiceField(
        label="Given to",
        queryset=User.objects.none(),
        required=False,
        empty_label="Nobody",
        widget=UnfoldAdminSelectWidget,
    )

    def __init__(self, *args: Any, people: list[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["assigned_to"]
        field.queryset = User.objects.filter(pk__in=[one.pk for one in people]).order_by("username")


class PreferenceForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = AlertPreference
        fields = [*CHOICES, "stores"]
        widgets = {
            "most_alerts": UnfoldAdminIntegerFieldWidget,
            "wants_digest": UnfoldBooleanSwitchWidget,
            "digest_hour": UnfoldAdminIntegerFieldWidget,
            "stores": UnfoldAdminSelectMultipleWidget,
        }

    def __init__(self, *args: Any, stores: QuerySet[Store], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["stores"]
        field.queryset = stores


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
    """Alerts open and close by themselves, with their cause."""

    filled_by = "Nothing needs attention: alerts open by themselves."
    actions = ["snooze_a_day", "snooze_a_week", "wake", "take"]
    change_form_template = "admin/inventory/alert/change_form.html"
    list_before_template = "admin/inventory/alert/before_list.html"
    list_display = [
        "show_severity",
        "show_money",
        "message",
        "kind",
        "store",
        "opened_at",
        "show_state",
        "assigned_to",
    ]
    list_display_links = ["message"]
    list_select_related = ["store", "assigned_to"]
    ordering = ["-is_pinned", "-money", "-id"]
    list_filter = [
        OpenAlertFilter,
        ("store", ScopedFilter),
        ("severity", ChoicesDropdownFilter),
        ("kind", ChoicesDropdownFilter),
    ]
    search_fields = ["message", "product__sku"]
    search_help_text = "Message or SKU"
    fields = [
        "show_severity",
        "kind",
        "message",
        "show_money",
        "valued_at",
        "store",
        "product",
        "opened_at",
        "closed_at",
        "snoozed_until",
        "assigned_to",
    ]
    readonly_fields = fields

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("preferences/", view(self.preferences_view), name="inventory_alert_preferences"),
            path("<int:alert_id>/snooze/", view(self.snooze_view), name="inventory_alert_snooze"),
            path("<int:alert_id>/wake/", view(self.wake_view), name="inventory_alert_wake"),
            path("<int:alert_id>/assign/", view(self.assign_view), name="inventory_alert_assign"),
            *super().get_urls(),
        ]

    def has_follow_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(MAY))

    @action(description="Put off for a day", permissions=["follow"])
    def snooze_a_day(self, request: HttpRequest, queryset: QuerySet[Alert]) -> None:
        self._snooze(request, _ids(queryset), days=1)

    @action(description="Put off for a week", permissions=["follow"])
    def snooze_a_week(self, request: HttpRequest, queryset: QuerySet[Alert]) -> None:
        self._snooze(request, _ids(queryset), days=7)

    @action(description="Take back what was put off", permissions=["follow"])
    def wake(self, request: HttpRequest, queryset: QuerySet[Alert]) -> None:
        tell_outcome(request, lambda: _told("taken back", wake_alerts(alert_ids=_ids(queryset), actor=_user(request))))

    @action(description="I take care of it", permissions=["follow"])
    def take(self, request: HttpRequest, queryset: QuerySet[Alert]) -> None:
        user = _user(request)
        tell_outcome(
            request, lambda: _told("yours", assign_alerts(alert_ids=_ids(queryset), assignee=user, actor=user))
        )

    def snooze_view(self, request: HttpRequest, alert_id: int) -> HttpResponse:
        form = SnoozeForm(request.POST)

        def step() -> None:
            if form.is_valid():
                self._snooze(request, [alert_id], days=int(form.cleaned_data["days"]))

        return self._stepped(request, alert_id, step)

    def wake_view(self, request: HttpRequest, alert_id: int) -> HttpResponse:
        def step() -> None:
            tell_outcome(request, lambda: _told("taken back", wake_alerts(alert_ids=[alert_id], actor=_user(request))))

        return self._stepped(request, alert_id, step)

    def assign_view(self, request: HttpRequest, alert_id: int) -> HttpResponse:
        def step() -> None:
            alert = self._alert(request, alert_id)
            form = AssignForm(request.POST, people=people_for(alert))
            if form.is_valid():
                assignee, actor = form.cleaned_data["assigned_to"], _user(request)
                words = f"given to {assignee.get_username()}" if assignee else "nobody's"
                tell_outcome(
                    request,
                    lambda: _told(words, assign_alerts(alert_ids=[alert_id], assignee=assignee, actor=actor)),
                )

        return self._stepped(request, alert_id, step)

    def preferences_view(self, request: HttpRequest) -> HttpResponse:
        """The person's own: how many, of which stores, and when by mail."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        user = _user(request)
        stores = Store.objects.visible_to(scope_of_user(user))
        form = PreferenceForm(request.POST or None, instance=preference_of(user), stores=stores)
        if request.method == "POST" and form.is_valid():
            values = {name: form.cleaned_data[name] for name in CHOICES}
            try:
                set_preference(user=user, values=values, stores=form.cleaned_data["stores"])
            except forms.ValidationError as refusal:
                add_errors(form, refusal)  # type: ignore[arg-type]
            else:
                self.message_user(request, "Your preferences are saved.")
                return HttpResponseRedirect(reverse("admin:inventory_alert_preferences"))
        context = {
            **self.admin_site.each_context(request),
            "title": "My alerts",
            "opts": self.opts,
            "form": form,
            "digests": AlertDigest.objects.filter(user=user).order_by("-day")[:SHOWN_DIGESTS],
        }
        return TemplateResponse(request, "admin/inventory/alert/preferences.html", context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        alert = self.get_object(request, object_id)
        context = dict(extra_context or {})
        if alert is not None:
            may = self.has_follow_permission(request) and alert.closed_at is None
            context |= {
                "title": alert.message,
                "alert": alert,
                "cause_url": _cause_address(alert),
                "is_snoozed": _is_snoozed(alert),
                "snooze_form": SnoozeForm(auto_id="snooze_%s") if may else None,
                "assign_form": AssignForm(
                    initial={"assigned_to": alert.assigned_to_id}, people=people_for(alert), auto_id="assign_%s"
                )
                if may
                else None,
            }
        return super().change_view(request, object_id, form_url, context)

    def _alert(self, request: HttpRequest, alert_id: int) -> Alert:
        alert: Alert | None = self.get_queryset(request).filter(pk=alert_id).first()
        if alert is None:
            raise Http404("There is no such alert in your stores.")
        return alert

    def _stepped(self, request: HttpRequest, alert_id: int, step: Callable[[], None]) -> HttpResponse:
        """Do one step on an alert of the reader's stores, and go back to its page."""
        self._alert(request, alert_id)
        if not self.has_follow_permission(request):
            raise PermissionDenied
        if request.method == "POST":
            step()
        return HttpResponseRedirect(reverse(PAGE, args=[alert_id]))

    def _snooze(self, request: HttpRequest, ids: list[int], *, days: int) -> None:
        now = clock.now()
        until = now + timedelta(days=days)
        words = f"put off until {until:%d %b %Y}"
        tell_outcome(
            request,
            lambda: _told(words, snooze_alerts(alert_ids=ids, until=until, actor=_user(request), now=now)),
        )

    @display(
        description="severity",
        ordering="severity",
        label={"Critical": "danger", "High": "warning", "Medium": "info"},
    )
    def show_severity(self, alert: Alert) -> str:
        return alert.get_severity_display()

    @display(description="at stake", ordering="money")
    def show_money(self, alert: Alert) -> str:
        if alert.is_pinned:
            return "everything after it"
        return f"{alert.currency} {alert.money:,.2f}" if alert.valued_at else "not reckoned yet"

    @display(description="state", label={"Open": "warning", "Put off": "info", "Closed": "success"})
    def show_state(self, alert: Alert) -> str:
        if alert.closed_at is not None:
            return "Closed"
        return "Put off" if _is_snoozed(alert) else "Open"


# Where a cause can be dealt with, by the first word of its key and the primary key after it.
CAUSE_PAGES = {
    "order": "admin:inventory_purchaseorder_change",
    "mail": "admin:inventory_purchaseorder_change",
    "file": "admin:inventory_salesfile_change",
}


def _cause_address(alert: Alert) -> str:
    """The page of the row that the alert is about; empty where its cause has none."""
    word, _, rest = alert.cause_key.partition(":")
    pk = rest.partition(":")[0]
    return reverse(CAUSE_PAGES[word], args=[pk]) if word in CAUSE_PAGES and pk.isdecimal() else ""


def _is_snoozed(alert: Alert) -> bool:
    return alert.snoozed_until is not None and alert.snoozed_until > clock.now()


def _ids(rows: QuerySet[Alert]) -> list[int]:
    return list(rows.values_list("pk", flat=True))


def _user(request: HttpRequest) -> User:
    user: Any = request.user
    return user


def _told(what: str, count: int) -> str:
    return f"{count:,} alert{'' if count == 1 else 's'} {'is' if count == 1 else 'are'} {what}."
