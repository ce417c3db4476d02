"""The nightly run beside people who decide, on MariaDB with a connection each."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Event

import pytest
from django.db import connection, transaction

from insights.models import ReorderRecommendation
from insights.services.decisions import approve
from insights.services.reorder import recommend
from inventory.models import PurchaseOrderLine
from inventory.querysets.scope import EVERY_STORE
from inventory.services.errors import Conflict
from tests.cast import NOW, TODAY, Cast, sell_daily, set_bounds

pytestmark = [pytest.mark.mariadb, pytest.mark.django_db(transaction=True)]

TOMORROW = TODAY + timedelta(days=1)
WAIT_SECONDS = 20
MOMENT = 0.5  # long enough for the other thread to reach the lock


def new_product(cast: Cast) -> ReorderRecommendation:
    """Sold for four days, so that a recommendation needs no forecast, and recommended for today."""
    sell_daily(cast.north, cast.new, [5] * 4, last_day=TODAY - timedelta(days=1), opening=21)
    set_bounds(cast.north, cast.new, minimum=10, maximum=0)
    recommend(store=cast.north, product_ids=[cast.new.pk], recommendation_date=TODAY, now=NOW)
    row: ReorderRecommendation = ReorderRecommendation.objects.get()
    return row


@pytest.mark.parametrize("day", [TODAY, TOMORROW], ids=["same day", "next day"])
def test_a_run_waits_for_a_decision_under_way_and_then_leaves_it_alone(cast: Cast, day: date) -> None:
    row = new_product(cast)
    decided = Event()

    def night() -> list[int]:
        try:
            decided.wait(WAIT_SECONDS)
            return recommend(store=cast.north, product_ids=[cast.new.pk], recommendation_date=day, now=NOW).written
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            approve(recommendation_id=row.pk, actor=cast.buyer, now=NOW, scope=EVERY_STORE)
            decided.set()
            running = pool.submit(night)
            with pytest.raises(TimeoutError):
                running.result(timeout=MOMENT)  # it waits for the lock
        assert running.result(timeout=WAIT_SECONDS) == []  # decided, or on order by now: never ordered twice
    assert ReorderRecommendation.objects.get().status == "approved"
    assert PurchaseOrderLine.objects.get().ordered_units == 24


def test_a_decision_waits_for_the_run_and_is_told_that_the_row_expired(cast: Cast) -> None:
    row = new_product(cast)
    locked = Event()

    def decide() -> str:
        try:
            locked.wait(WAIT_SECONDS)
            approve(recommendation_id=row.pk, actor=cast.buyer, now=NOW, scope=EVERY_STORE, version=row.version)
        except Conflict as conflict:
            return str(conflict)
        finally:
            connection.close()
        return "approved"

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            recommend(store=cast.north, product_ids=[cast.new.pk], recommendation_date=TOMORROW, now=NOW)
            locked.set()
            deciding = pool.submit(decide)
            with pytest.raises(TimeoutError):
                deciding.result(timeout=MOMENT)
        assert deciding.result(timeout=WAIT_SECONDS) != "approved"
    assert not PurchaseOrderLine.objects.exists()
    statuses = dict(ReorderRecommendation.objects.values_list("recommendation_date", "status"))
    assert statuses == {TODAY: "expired", TOMORROW: "pending"}
