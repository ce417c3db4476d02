"""The order of the movements' list: as recorded, and in a period by its days."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tests.cast import PASSWORD, TODAY, Cast, movement, record


def test_movements_come_as_recorded_and_in_a_period_by_day(cast: Cast, client: Client) -> None:
    for units, days_ago in [(1, 1), (2, 3), (3, 2), (4, 9)]:
        record(movement(cast.north, cast.steady, "sale", units, day=TODAY - timedelta(days=days_ago)))
    client.force_login(User.objects.create_superuser("root", password=PASSWORD))

    def units(**query: str) -> list[int]:
        page = client.get(reverse("admin:inventory_inventorytransaction_changelist"), query)
        return [row.quantity for row in page.context["cl"].result_list]

    assert units() == [4, 3, 2, 1]
    period = {"business_date_from": str(TODAY - timedelta(days=5)), "business_date_to": str(TODAY)}
    assert units(**period) == [1, 3, 2]
