"""Anomalies as rows: silence told apart from a bad day, the calendar, money, runs that are done again, dismissing."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from analytics.models import (
    Anomaly,
    AnomalyDecision,
    CategoryDailyMetrics,
    CompanyDailyMetrics,
    ProductDailyMetrics,
    StoreDailyMetrics,
)
from analytics.services.anomalies import SpecialDays, refresh_anomalies
from analytics.services.dismissing import decide_anomaly
from forecasting.models import CalendarEvent
from forecasting.services.special_days import special_days
from insights.services.anomalies import find_anomalies
from inventory.models import Store
from inventory.querysets.scope import EVERY_STORE, NO_STORE, StoreScope
from inventory.services.errors import Conflict
from tests.api.conftest import machine, person
from tests.cast import NOW, TODAY, Cast

YESTERDAY = TODAY - timedelta(days=1)  # a Sunday
DAYS = 120
WEEK = [60, 55, 50, 58, 80, 130, 110]


def sums(model: Any, units: Any, day: date, **whose: Any) -> Any:
    lines = {"transactions": int(units)}
    return model(business_date=day, units=int(units), revenue=5 * int(units), **lines, **whose)


def open_shop(cast: Cast, *stores: Store, last: dict[int, Any] | None = None) -> None:
    """Poisson days around a week, up to yesterday, at 5.00 a unit; ``last`` changes days by how far back they lie: a
    factor, or None for a day of which nothing came in."""
    changed = last or {}
    for number, store in enumerate(stores or (cast.north,)):
        rng = np.random.default_rng(number)
        rows = []
        for back in range(DAYS - 1, -1, -1):
            day = YESTERDAY - timedelta(days=back)
            units = rng.poisson(WEEK[day.weekday()])
            if back in changed and number == 0:
                if changed[back] is None:
                    continue
                units = round(units * changed[back])
            rows.append((day, units))
        StoreDailyMetrics.objects.bulk_create(sums(StoreDailyMetrics, units, day, store=store) for day, units in rows)
        if number == 0:
            currency = store.currency
            for model, whose in [
                (CompanyDailyMetrics, {}),
                (CategoryDailyMetrics, {"category": "Coffee"}),
                (ProductDailyMetrics, {"product": cast.steady}),
            ]:
                model.objects.bulk_create(sums(model, units, day, currency=currency, **whose) for day, units in rows)


def find(*, special: SpecialDays | None = None, last_day: date = YESTERDAY) -> int:
    return refresh_anomalies(last_day=last_day, special=special or SpecialDays(), now=NOW)


def kinds() -> set[tuple[str, str, str]]:
    return set(Anomaly.objects.values_list("level", "metric", "kind"))


def test_usual_days_have_none(cast: Cast) -> None:
    open_shop(cast)
    assert find() == 0


def test_a_bad_day_is_found_at_every_level_with_its_range_size_and_money(cast: Cast) -> None:
    open_shop(cast, last={0: 0.3})
    find()
    assert kinds() == {
        *(("store", metric, "day") for metric in ("revenue", "units", "transactions")),
        *((level, metric, "day") for level in ("company", "category") for metric in ("revenue", "units")),
        ("product", "units", "day"),
    }
    row = Anomaly.objects.get(level="store", metric="revenue")
    assert (row.store, row.business_date, row.currency) == (cast.north, YESTERDAY, "GBP")
    assert row.expected == pytest.approx(5 * 110, rel=0.12)
    assert row.actual < row.lower < row.expected < row.upper
    assert row.deviations < -4
    assert row.money == pytest.approx(row.actual - row.expected, abs=0.01)
    assert row.money_size == -row.money
    units = Anomaly.objects.get(level="product")
    assert (units.product, units.money) == (cast.steady, pytest.approx(5 * (units.actual - units.expected), abs=0.01))


@pytest.mark.parametrize("is_empty_row", [False, True])
def test_sales_that_are_missing_are_told_once_and_apart_from_a_bad_day(cast: Cast, is_empty_row: bool) -> None:
    open_shop(cast, last={0: 0 if is_empty_row else None})
    find()
    rows = Anomaly.objects.filter(level="store")
    assert [(row.kind, row.metric, row.actual) for row in rows] == [("silent", "revenue", 0)]
    assert rows[0].money == pytest.approx(-550, rel=0.12)


def test_a_closed_day_or_a_holiday_is_neither_silent_nor_odd(cast: Cast) -> None:
    open_shop(cast, last={0: None, 1: 0.2})
    known = {cast.north.pk: {YESTERDAY, YESTERDAY - timedelta(days=1)}}
    Store.objects.exclude(pk=cast.north.pk).update(is_active=False)
    assert find(special=SpecialDays(known)) == 0


def test_what_is_special_to_few_stores_is_not_to_the_company(cast: Cast) -> None:
    day = {YESTERDAY}
    assert SpecialDays({1: day}).of_most(2) == day
    assert SpecialDays({1: day}).of_most(3) == set()


def test_the_calendar_knows_holidays_and_closed_days_of_each_store(cast: Cast) -> None:
    Store.objects.filter(pk=cast.north.pk).update(country="GB", region="SCT")
    Store.objects.filter(pk=cast.south.pk).update(country="GR")

    def event(name: str, back: int, **values: Any) -> CalendarEvent:
        day = YESTERDAY - timedelta(days=back)
        made = {"kind": "holiday", "first_day": day, "last_day": day, "created_at": NOW, "updated_at": NOW}
        row: CalendarEvent = CalendarEvent.objects.create(name=name, **{**made, **values})
        return row

    event("everywhere", 0)
    event("Scotland", 1, country="GB", region="SCT")
    event("England", 2, country="GB", region="ENG")
    event("stocktaking", 3, kind="closure").stores.add(cast.south)
    event("coffee week", 4, categories=["Coffee"])
    event("a promotion", 5, kind="promotion")
    event("called off", 6, is_active=False)
    found = special_days(first_day=YESTERDAY - timedelta(days=9), last_day=YESTERDAY)
    assert {pk: {(YESTERDAY - day).days for day in days} for pk, days in found.items()} == {
        cast.north.pk: {0, 1},
        cast.south.pk: {0, 3},
    }


def test_the_nights_step_reads_the_calendar(cast: Cast) -> None:
    open_shop(cast, last={0: None})
    made = {"first_day": YESTERDAY, "last_day": YESTERDAY, "created_at": NOW, "updated_at": NOW}
    assert find_anomalies(last_day=YESTERDAY, now=NOW) > 0
    CalendarEvent.objects.create(name="stocktaking", kind="closure", **made)
    assert find_anomalies(last_day=YESTERDAY, now=NOW) == 0
    assert not Anomaly.objects.exists()


def test_a_day_examined_again_updates_drops_and_keeps_what_was_dismissed(cast: Cast) -> None:
    open_shop(cast, last={0: 0.3, 1: 0.3})
    find()
    first = {row.pk: row.actual for row in Anomaly.objects.filter(level="store")}
    dismissed = Anomaly.objects.get(level="store", metric="units", kind="day", business_date=YESTERDAY)
    decide(dismissed, cast)
    find()
    assert {row.pk: row.actual for row in Anomaly.objects.filter(level="store")} == first
    StoreDailyMetrics.objects.filter(business_date=YESTERDAY).update(units=112, revenue=560, transactions=112)
    find()
    left = Anomaly.objects.filter(level="store", kind="day", business_date=YESTERDAY)
    assert [(row.pk, row.status) for row in left] == [(dismissed.pk, "dismissed")]
    before = Anomaly.objects.filter(level="store", kind="day", business_date=YESTERDAY - timedelta(days=1))
    assert before.count() == 3


def test_a_store_stands_out_unless_everybodys_day_was_the_same(cast: Cast) -> None:
    more = [Store.objects.create(code=f"T{n}", name=f"T{n}", currency="GBP") for n in range(9)]
    open_shop(cast, cast.north, *more, last={0: 0.3})
    find()
    assert Anomaly.objects.get(level="store", metric="units").stands_out is True


def test_old_anomalies_go(cast: Cast) -> None:
    open_shop(cast, last={0: 0.3})
    find()
    find(last_day=YESTERDAY + timedelta(days=401))
    assert not Anomaly.objects.exists()


@pytest.mark.parametrize("stores", [1, 6])
def test_the_queries_do_not_grow_with_the_stores(cast: Cast, stores: int) -> None:
    more = [Store.objects.create(code=f"T{n}", name=f"T{n}", currency="GBP") for n in range(stores)]
    open_shop(cast, *more, last={0: 0.3})
    with CaptureQueriesContext(connection) as queries:
        find()
    assert len(queries) == 10


def decide(row: Anomaly, cast: Cast, *, action: str = "dismiss", who: str = "analyst", reason: str = "A fair") -> Any:
    return decide_anomaly(anomaly_id=row.pk, action=action, reason=reason, actor=cast.people[who], now=NOW)


@pytest.fixture
def odd(cast: Cast) -> Cast:
    open_shop(cast, cast.north, last={0: 0.3})
    StoreDailyMetrics.objects.bulk_create(
        sums(StoreDailyMetrics, row.units, row.business_date, store=cast.south)
        for row in StoreDailyMetrics.objects.filter(store=cast.north)
    )
    find()
    return cast


def one(cast: Cast, store: Store | None = None) -> Anomaly:
    row: Anomaly = Anomaly.objects.get(level="store", metric="units", store=store or cast.north)
    return row


def test_dismissing_and_opening_again_keep_who_when_and_why(odd: Cast) -> None:
    row = one(odd)
    decide(row, odd)
    with pytest.raises(Conflict, match="dismissed already"):
        decide(row, odd)
    decide(row, odd, action="reopen", who="store_manager", reason=" Was no fair ")
    with pytest.raises(Conflict, match="open already"):
        decide(row, odd, action="reopen")
    row.refresh_from_db()
    kept = AnomalyDecision.objects.order_by("pk").values_list("action", "reason", "decided_by_name", "decided_at")
    assert (row.status, list(kept)) == (
        "open",
        [("dismiss", "A fair", "ana", NOW), ("reopen", "Was no fair", "max", NOW)],
    )


@pytest.mark.parametrize("reason", ["", "   ", "x" * 301])
def test_without_a_reason_nothing_is_dismissed(odd: Cast, reason: str) -> None:
    with pytest.raises(ValidationError) as refused:
        decide(one(odd), odd, reason=reason)
    assert refused.value.message_dict == {"reason": ["Give a reason of 1 to 300 letters."]}
    assert (one(odd).status, AnomalyDecision.objects.count()) == ("open", 0)


def test_another_stores_or_the_companys_is_not_a_managers_to_dismiss(odd: Cast) -> None:
    for row in (one(odd, odd.south), Anomaly.objects.get(level="company", metric="units")):
        with pytest.raises(PermissionDenied):
            decide(row, odd, who="store_manager")
    assert not AnomalyDecision.objects.exists()


def test_who_may_see_which(odd: Cast) -> None:
    own = Anomaly.objects.visible_to(StoreScope(store_ids=frozenset({odd.north.pk})))
    assert set(own.values_list("level", "store__code")) == {("store", "N1")}
    assert Anomaly.objects.visible_to(EVERY_STORE).count() == Anomaly.objects.count() > own.count()
    assert not Anomaly.objects.visible_to(NO_STORE).exists()


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("viewer", 403),
        ("store_manager", 200),
        ("buyer", 200),
        ("analyst", 200),
        ("administrator", 200),
        ("outsider", 403),
    ],
)
def test_the_api_lists_and_dismisses_by_role(odd: Cast, who: str, status: int) -> None:
    row, client = one(odd), person(odd.people[who])
    answer = client.post(f"/api/v1/anomalies/{row.pk}/dismiss", {"reason": "A fair"}, format="json")
    assert answer.status_code == status
    assert (one(odd).status, AnomalyDecision.objects.count()) == (("dismissed", 1) if status == 200 else ("open", 0))
    if status == 200:
        assert answer.json()["status"] == "dismissed"
        again = client.post(f"/api/v1/anomalies/{row.pk}/dismiss", {"reason": "A fair"}, format="json")
        assert again.status_code == 409
        assert client.post(f"/api/v1/anomalies/{row.pk}/reopen", {}, format="json").status_code == 400


def test_the_api_shows_range_size_and_money_of_the_readers_stores(odd: Cast) -> None:
    rows = person(odd.store_manager).get("/api/v1/anomalies?metric=revenue&status=open").json()["results"]
    (row,) = rows
    assert {name: row[name] for name in ("store_id", "product_id", "level", "kind", "metric", "currency")} == {
        "store_id": "N1", "product_id": None, "level": "store", "kind": "day", "metric": "revenue", "currency": "GBP",
    }  # fmt: skip
    assert row["actual"] < row["lower"] < row["expected"] < row["upper"]
    assert person(odd.store_manager).get(f"/api/v1/anomalies/{one(odd, odd.south).pk}").status_code == 404
    assert person(odd.viewer).get("/api/v1/anomalies?level=moon").status_code == 400
    key = machine(odd.analyst, ["analytics:read"], stores=[odd.north])
    assert {row["level"] for row in key.get("/api/v1/anomalies").json()["results"]} == {"store"}
    assert key.post(f"/api/v1/anomalies/{row['id']}/dismiss", {"reason": "x"}, format="json").status_code == 403


def test_the_page_shows_the_days_around_it_and_dismisses(odd: Cast, client: Client) -> None:
    client.force_login(odd.store_manager)
    row = one(odd)
    address = reverse("admin:analytics_anomaly_change", args=[row.pk])
    text = client.get(address).content.decode()
    assert "Why it needs no attention" in text
    assert 'id="anomaly-chart"' in text
    decide_url = reverse("admin:analytics_anomaly_decide", args=[row.pk, "dismiss"])
    assert "Give a reason of 1 to 300 letters." in client.post(decide_url, {"reason": ""}, follow=True).content.decode()
    assert "A fair" in client.post(decide_url, {"reason": "A fair"}, follow=True).content.decode()
    assert one(odd).status == "dismissed"
    listed = client.get(reverse("admin:analytics_anomaly_changelist")).context["cl"].result_list
    assert row.pk not in {other.pk for other in listed}
    assert {other.store_id for other in listed} == {odd.north.pk}


@pytest.mark.parametrize(
    ("who", "where", "status"), [("viewer", "north", 403), ("store_manager", "south", 404), ("outsider", "north", 403)]
)
def test_the_page_refuses_who_may_not(odd: Cast, client: Client, who: str, where: str, status: int) -> None:
    client.force_login(odd.people[who])
    row = one(odd, getattr(odd, where))
    answer = client.post(reverse("admin:analytics_anomaly_decide", args=[row.pk, "dismiss"]), {"reason": "A fair"})
    assert (answer.status_code, one(odd, getattr(odd, where)).status) == (status, "open")


@pytest.mark.parametrize("level", ["company", "category", "store", "product"])
def test_every_levels_page_opens(odd: Cast, client: Client, level: str) -> None:
    client.force_login(odd.viewer)
    row = Anomaly.objects.filter(level=level).first()
    assert row is not None
    response = client.get(reverse("admin:analytics_anomaly_change", args=[row.pk]))
    assert response.status_code == 200
    values = response.context["chart"]["series"][0]["values"]
    assert (len(values), values[-1]) == (56, row.actual)
