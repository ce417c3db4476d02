"""A move by keyboard and mouse: approve a proposal, dispatch it, receive it short; and the pages on a dark phone."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from insights.models import TransferRecommendation
from invencare.lib import clock
from inventory.models import StockLevel, StockTransfer
from tests.browser.conftest import PHONE
from tests.cast import Cast, make_person
from tests.insights.move_proposals import make_east, propose_excess, propose_transfer

pytestmark = pytest.mark.browser
SCROLLS_SIDEWAYS = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


@pytest.fixture
def proposal(stocked: Cast) -> TransferRecommendation:
    today = clock.business_date(clock.now(), stocked.north.zone)
    return propose_transfer(stocked.north, make_east(), stocked.steady, recommendation_date=today)


def on_hand(store_id: int, cast: Cast) -> int:
    level = StockLevel.objects.filter(store=store_id, product=cast.steady).first()
    return level.on_hand_units if level else 0


def test_a_proposal_is_approved_sent_and_received_short(
    stocked: Cast, proposal: TransferRecommendation, log_in: Callable[..., Any]
) -> None:
    before = on_hand(stocked.north.pk, stocked)
    sender = log_in(stocked.store_manager)
    sender.goto(f"/admin/insights/transferrecommendation/{proposal.pk}/change/")
    sender.wait_for_function("document.activeElement.name === 'quantity'")
    sender.keyboard.press("Enter")
    sender.get_by_role("link", name=re.compile("^On TR-.*, draft$")).click()
    sender.get_by_role("button", name="Approve").click()
    sender.get_by_role("button", name="Dispatch: it leaves N1 now").click()
    sender.locator(".ic-chip strong", has_text="In transit").wait_for()
    assert on_hand(stocked.north.pk, stocked) == before - 10

    transfer = StockTransfer.objects.get()
    receiver = log_in(make_person("eve", "Store manager", stores=[proposal.to_store]))
    receiver.goto(f"/admin/inventory/stocktransfer/{transfer.pk}/change/")
    receiver.get_by_label("Units of SKU-STEADY that arrived now").fill("8")
    receiver.get_by_role("button", name="Receive").click()
    receiver.locator(".ic-chip strong", has_text="Partly received").wait_for()
    receiver.get_by_label("What is still in transit is lost because").fill("two were broken")
    receiver.get_by_role("button", name="Write off the rest and close").click()
    receiver.locator(".ic-chip strong", has_text=re.compile("^Received$")).wait_for()
    assert on_hand(proposal.to_store_id, stocked) == 8
    assert transfer.lines.get().lost_units == 2


def test_the_pages_fit_a_dark_phone(
    stocked: Cast, proposal: TransferRecommendation, log_in: Callable[..., Any]
) -> None:
    today = proposal.recommendation_date
    excess = propose_excess(
        stocked.north, stocked.steady, recommendation_date=today, stop_until=today + timedelta(days=60)
    )
    phone = log_in(stocked.buyer, viewport=PHONE, color_scheme="dark")
    for row in (proposal, excess):
        phone.goto(f"/admin/insights/{row._meta.model_name}/{row.pk}/change/")
        phone.get_by_role("button", name=re.compile("^Approve: ")).wait_for()
        assert not phone.evaluate(SCROLLS_SIDEWAYS)
    phone.get_by_role("button", name="Approve: stop ordering").click()
    phone.get_by_role("button", name="Order it again").wait_for()
