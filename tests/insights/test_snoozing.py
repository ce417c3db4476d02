"""Snoozed recommendations: out of the way until their day, back by themselves, respected by the night."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from insights.models import AnalysisRun, Decision, ReorderRecommendation
from insights.services import nightly
from insights.services.decisions import approve, bring_back, let_lapse, snooze, snooze_many
from insights.services.undecided import recommend_undecided
from inventory.models import PurchaseOrder
from inventory.querysets.scope import EVERY_STORE, StoreScope
from tests.cast import NOW, TODAY, Cast, sell_daily
from tests.insights.proposals import recommend

TOMORROW = TODAY + timedelta(days=1)


@pytest.fixture
def row(cast: Cast) -> ReorderRecommendation:
    return recommend(cast.north, cast.steady, cast.supplier)


def put_off(row: ReorderRecommendation, cast: Cast, until: date | None, **changes: Any) -> Decision:
    given = {"recommendation_id": row.pk, "until": until, "actor": cast.buyer, "now": NOW, "scope": EVERY_STORE}
    return snooze(**{**given, **changes})


def status_of(row: ReorderRecommendation) -> str:
    row.refresh_from_db()
    return str(row.status)


def test_a_snooze_is_kept_with_its_day_and_orders_nothing(cast: Cast, row: ReorderRecommendation) -> None:
    kept = put_off(row, cast, TOMORROW, reason="counting first")
    row.refresh_from_db()
    assert (row.status, row.snoozed_until, row.version) == ("snoozed", TOMORROW, 2)
    assert (kept.action, kept.snoozed_until, kept.reason, kept.status_before) == (
        "snooze",
        TOMORROW,
        "counting first",
        "pending",
    )
    assert not PurchaseOrder.objects.exists()


@pytest.mark.parametrize("until", [None, TODAY, TODAY - timedelta(days=1), TODAY + timedelta(days=91), date.max])
def test_a_snooze_ends_on_a_day_within_90_days(cast: Cast, row: ReorderRecommendation, until: date | None) -> None:
    with pytest.raises(ValidationError) as refused:
        put_off(row, cast, until)
    assert list(refused.value.message_dict) == ["until"]
    assert (status_of(row), Decision.objects.count()) == ("pending", 0)


def test_it_comes_back_by_itself_when_its_day_begins_in_its_store(cast: Cast, row: ReorderRecommendation) -> None:
    far = recommend(cast.south, cast.steady, cast.supplier)  # Athens is two hours ahead
    for each in (row, far):
        put_off(each, cast, TOMORROW)
    evening = datetime(2026, 3, 16, 22, 30, tzinfo=UTC)
    assert bring_back(now=evening - timedelta(hours=1)) == 0
    assert bring_back(now=evening) == 1
    assert (status_of(far), status_of(row)) == ("pending", "snoozed")
    assert bring_back(now=evening + timedelta(hours=2)) == 1
    assert (status_of(row), row.version) == ("pending", 3)
    assert bring_back(now=evening + timedelta(hours=2)) == 0
    back = Decision.objects.filter(recommendation=row).latest("pk")
    assert (back.action, back.status_before, back.status_after, back.decided_by) == (
        "return",
        "snoozed",
        "pending",
        None,
    )
    assert back.decided_by_name == "InvenCare"


def test_a_snoozed_row_can_be_decided_before_its_day(cast: Cast, row: ReorderRecommendation) -> None:
    put_off(row, cast, TOMORROW)
    kept = approve(recommendation_id=row.pk, actor=cast.buyer, now=NOW, version=2, scope=EVERY_STORE)
    assert (kept.status_before, status_of(row)) == ("snoozed", "approved")
    assert bring_back(now=NOW + timedelta(days=3)) == 0


def test_many_are_put_off_at_once_and_others_stores_are_named(cast: Cast, row: ReorderRecommendation) -> None:
    other = recommend(cast.south, cast.steady, cast.supplier)
    north = StoreScope(store_ids=frozenset({cast.north.pk}))
    outcome = snooze_many(
        recommendation_ids=[row.pk, other.pk], until=TOMORROW, actor=cast.store_manager, now=NOW, scope=north
    )
    assert (outcome.done, [pk for pk, _ in outcome.skipped]) == ([row.pk], [other.pk])
    assert status_of(other) == "pending"


def night(day: date = TODAY) -> AnalysisRun:
    run = AnalysisRun.objects.create(kind="nightly", business_date=day - timedelta(days=1), created_at=NOW)
    nightly.prepare(run=run, now=NOW)
    return run


def rerun(cast: Cast, day: date) -> None:
    recommend_undecided(store=cast.north, product_ids=[cast.steady.pk], recommendation_date=day, now=NOW)


def rows() -> list[tuple[date, str]]:
    found = ReorderRecommendation.objects.order_by("pk")
    return list(found.values_list("recommendation_date", "status"))


@pytest.mark.parametrize("day", [TODAY, TOMORROW])
def test_the_night_leaves_what_is_snoozed_past_its_day_and_adds_nothing_beside_it(
    cast: Cast, row: ReorderRecommendation, day: date
) -> None:
    sell_daily(cast.north, cast.steady, [4] * 6, last_day=TODAY - timedelta(days=1), opening=25)
    put_off(row, cast, TODAY + timedelta(days=2))
    before = list(ReorderRecommendation.objects.values())
    night(day)
    rerun(cast, day)
    assert list(ReorderRecommendation.objects.values()) == before


def test_the_night_of_its_day_renews_what_was_snoozed(cast: Cast, row: ReorderRecommendation) -> None:
    sell_daily(cast.north, cast.steady, [4] * 6, last_day=TODAY - timedelta(days=1), opening=25)
    put_off(row, cast, TOMORROW)
    night(TOMORROW)
    assert rows() == [(TODAY, "pending")]
    rerun(cast, TOMORROW)
    assert rows() == [(TODAY, "expired"), (TOMORROW, "pending")]


def test_the_night_leaves_a_proposal_and_adds_nothing_beside_it(
    cast: Cast, row: ReorderRecommendation, settings: Any
) -> None:
    settings.DECISION_VALUE_LIMIT = 1.0
    sell_daily(cast.north, cast.steady, [4] * 6, last_day=TODAY - timedelta(days=1), opening=25)
    approve(recommendation_id=row.pk, actor=cast.buyer, now=NOW, scope=EVERY_STORE)
    night(TOMORROW)
    rerun(cast, TOMORROW)
    assert rows() == [(TODAY, "proposed")]


def test_a_proposal_that_nobody_signed_lapses_after_a_week(
    cast: Cast, row: ReorderRecommendation, settings: Any
) -> None:
    settings.DECISION_VALUE_LIMIT = 1.0
    approve(recommendation_id=row.pk, actor=cast.buyer, now=NOW, scope=EVERY_STORE)
    night(TODAY + timedelta(days=7))
    assert status_of(row) == "proposed"
    night(TODAY + timedelta(days=8))
    assert status_of(row) == "expired"
    lapsed = Decision.objects.filter(recommendation=row).latest("pk")
    assert (lapsed.action, lapsed.quantity, lapsed.decided_by_name) == ("expire", 12, "InvenCare")
    assert let_lapse(before=TODAY + timedelta(days=9), now=NOW) == 0
