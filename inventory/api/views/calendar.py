"""The calendar of due deliveries, for calendar programs: they know an address and no login."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny
from rest_framework.request import Request

from invencare.lib import clock
from inventory.api.files import AnyAccepted, file_response
from inventory.api.views.base import ThrottledFirst
from inventory.services.calendar_feeds import Due, NoSuchFeed, calendar_of, open_feed


class CalendarView(ThrottledFirst):
    """What is on its way to the stores of whoever made the address."""

    authentication_classes = []  # the token says who reads; a session or a key beside it counts for nothing
    permission_classes = [AllowAny]
    content_negotiation_class = AnyAccepted

    @extend_schema(
        operation_id="calendar_retrieve",
        summary="Due deliveries and arrivals as iCalendar; the admin makes the address and revokes it",
        responses={(200, "text/calendar"): OpenApiTypes.STR},
    )
    def get(self, request: Request, token: str) -> HttpResponse:
        now = clock.now()
        try:
            feed = open_feed(token=token, now=now)
        except NoSuchFeed as refusal:
            raise NotFound("There is no such calendar, or it was revoked.") from refusal

        def address_of(due: Due) -> str:
            return request.build_absolute_uri(reverse(f"admin:inventory_{due.kind}_change", args=[due.pk]))

        calendar = calendar_of(feed, now=now, address_of=address_of)
        response = file_response(calendar, "text/calendar; charset=utf-8", "deliveries.ics")
        response["Cache-Control"] = "private, max-age=300"
        return response
