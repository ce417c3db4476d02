"""The addresses under which people read the calendar of due deliveries."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from unfold.decorators import display

from invencare.lib import clock
from inventory.admin.base import ScopedModelAdmin
from inventory.models import CalendarFeed
from inventory.services.calendar_feeds import create_feed, revoke_feed, token_of

PAGE = "admin:inventory_calendarfeed_change"


@admin.register(CalendarFeed)
class CalendarFeedAdmin(ScopedModelAdmin):
    """Everybody makes, sees and revokes their own; who manages people sees and revokes all, but reads no address."""

    list_display = ["name", "owner", "show_state", "created_at", "last_read_at"]
    list_select_related = ["owner"]
    actions = None
    change_form_outer_before_template = "admin/inventory/calendarfeed/address.html"

    def visible(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows if request.user.has_perm("auth.change_user") else rows.filter(owner_id=request.user.pk)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Revoked, not deleted: who had one stays known."""
        return False

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["name"] if obj is None else ["name", "show_state", "created_at", "last_read_at"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        if obj is None:
            return []
        return [field for field in self.get_fields(request, obj) if field != "name" or obj.owner_id != request.user.pk]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.revoke_view)
        return [path("<int:feed_id>/revoke/", view, name="inventory_calendarfeed_revoke"), *super().get_urls()]

    def save_model(self, request: HttpRequest, obj: CalendarFeed, form: Any, change: bool) -> None:  # noqa: FBT001  (Django's)
        if change:
            obj.save(update_fields=["name"])
            return
        user: Any = request.user
        obj.__dict__.update(create_feed(owner=user, name=obj.name, now=clock.now()).__dict__)

    def response_add(self, request: HttpRequest, obj: CalendarFeed, post_url_continue: Any = None) -> HttpResponse:
        """To the page with the address, which is what the feed was made for."""
        return HttpResponseRedirect(reverse(PAGE, args=[obj.pk]))

    def revoke_view(self, request: HttpRequest, feed_id: int) -> HttpResponse:
        feed = self.get_queryset(request).filter(pk=feed_id).first()
        if feed is None or not self.has_change_permission(request, feed):
            raise PermissionDenied
        if request.method == "POST":
            user: Any = request.user
            revoke_feed(feed_id=feed.pk, actor=user, now=clock.now())
            self.message_user(request, f"“{feed.name}” is revoked: its address opens nothing any more.")
        return HttpResponseRedirect(reverse(PAGE, args=[feed.pk]))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        feed = self.get_object(request, object_id)
        context = {"feed": feed, "address": address_of(request, feed) if feed else "", **(extra_context or {})}
        return super().change_view(request, object_id, form_url, context)

    @display(description="state", label={"Open": "success", "Revoked": "danger"})
    def show_state(self, feed: CalendarFeed) -> str:
        return "Revoked" if feed.revoked_at else "Open"


def address_of(request: HttpRequest, feed: CalendarFeed) -> str:
    """The whole address, for its owner while it is open."""
    if feed.owner_id != request.user.pk or feed.revoked_at:
        return ""
    return request.build_absolute_uri(reverse("calendar-feed", args=[token_of(feed)]))
