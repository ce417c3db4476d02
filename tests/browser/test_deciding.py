"""Deciding by keyboard alone, on a phone, and by two people."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps

from insights.models import Decision, ReorderRecommendation
from insights.services.decision_reasons import create_reasons
from insights.services.decision_value import value_decisions
from insights.services.decisions import reject
from invencare.lib import clock
from inventory.models import PurchaseOrder
from inventory.querysets.scope import EVERY_STORE
from tests.browser.conftest import PHONE
from tests.cast import Cast
from tests.insights.proposals import recommend

pytestmark = pytest.mark.browser

SCROLLS_SIDEWAYS = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


@pytest.fixture
def desk(stocked: Cast) -> Cast:
    create_reasons(apps)  # the test before this one emptied the tables
    return stocked


def page_of(cast: Cast) -> str:
    return f"/admin/insights/reorderrecommendation/{ReorderRecommendation.objects.get(store=cast.north).pk}/change/"


def press(page: Any, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def focused(page: Any) -> str:
    return str(page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()"))


def test_a_recommendation_is_changed_approved_and_left_by_keyboard_alone(
    desk: Cast, log_in: Callable[..., Any]
) -> None:
    page = log_in(desk.buyer)
    page.goto(page_of(desk))
    page.wait_for_function("document.activeElement.id === 'id_quantity'")
    press(page, "Control+a")
    page.keyboard.type("18")
    press(page, "Tab")
    assert focused(page) == "id_reason_code"
    page.keyboard.type("A promo")  # a select is chosen from by typing
    press(page, "Tab")
    page.keyboard.type("fair")
    press(page, "Enter")
    page.get_by_text("18 units instead of 12 by bo").wait_for()
    kept = Decision.objects.get()
    assert (kept.quantity, kept.why) == (18, "A promotion or an event is coming: fair")
    page.wait_for_function("document.activeElement.id === 'next-pending'")
    press(page, "Enter")
    page.wait_for_url(lambda url: not url.endswith(page_of(desk)))


def test_rows_of_the_list_are_chosen_and_rejected_by_keyboard_alone(desk: Cast, log_in: Callable[..., Any]) -> None:
    page = log_in(desk.buyer)
    page.goto("/admin/insights/reorderrecommendation/")
    box = page.locator("input.action-select").first
    box.focus()
    press(page, "Space")
    page.locator("select[name=action]").focus()
    page.keyboard.type("Reject")
    page.locator("button[name=index]").focus()
    press(page, "Enter")
    page.locator("#id_reason_code").focus()
    page.keyboard.type("There is")
    press(page, "Tab", "Tab")
    assert focused(page) == "Reject 1"
    press(page, "Enter")
    page.get_by_text("1 rejected.").wait_for()
    assert Decision.objects.get().why == "There is enough"


def test_an_order_over_the_limit_is_proposed_by_one_and_approved_by_another(
    desk: Cast, log_in: Callable[..., Any], settings: Any
) -> None:
    settings.DECISION_VALUE_LIMIT = 1.0
    first = log_in(desk.buyer)
    first.goto(page_of(desk))
    first.get_by_role("button", name="Propose").click()
    first.get_by_text("Somebody else has to approve it").wait_for()
    first.get_by_role("button", name="Approve").click()
    first.get_by_text("You proposed this yourself").wait_for()
    assert not PurchaseOrder.objects.exists()
    second = log_in(desk.administrator)
    second.goto("/admin/insights/reorderrecommendation/")
    second.get_by_role("link", name="1 proposal waits for a second person.").click()
    second.locator("#result_list tbody a").first.click()
    second.get_by_role("button", name="Approve").click()
    second.get_by_text("Approved what bo proposed").wait_for()
    assert PurchaseOrder.objects.get().lines.get().ordered_units == 12


def test_a_phone_snoozes_and_nothing_scrolls_sideways(desk: Cast, log_in: Callable[..., Any]) -> None:
    page = log_in(desk.buyer, viewport=PHONE)
    page.goto(page_of(desk))
    assert page.evaluate(SCROLLS_SIDEWAYS) is False
    day = clock.now().date() + timedelta(days=4)
    page.get_by_label("Snooze until").fill(day.isoformat())
    page.get_by_role("button", name="Snooze").click()
    page.get_by_text("Snoozed until").first.wait_for()
    assert Decision.objects.get().snoozed_until == day
    assert page.evaluate(SCROLLS_SIDEWAYS) is False


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_report_of_what_decisions_were_worth_fits_a_phone(
    desk: Cast, log_in: Callable[..., Any], scheme: str
) -> None:
    long_ago = clock.now() - timedelta(days=20)
    row = recommend(desk.north, desk.new, desk.supplier, recommendation_date=long_ago.date())
    reject(recommendation_id=row.pk, actor=desk.buyer, now=long_ago, reason="enough", scope=EVERY_STORE)
    assert value_decisions(now=clock.now()) == 1
    page = log_in(desk.viewer, viewport=PHONE, color_scheme=scheme)
    page.goto("/admin/insights/decisionvalue/report/")
    page.wait_for_function("Chart.getChart('worth-gbp')?.data.datasets[0].data.length === 1")
    assert page.evaluate(SCROLLS_SIDEWAYS) is False
    assert page.locator("#worth tbody th").all_text_contents() == ["bo"]
