"""The loop by mouse: approve a recommendation, send its order, receive it; then correct the stock."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail

from insights.models import ReorderRecommendation
from inventory.models import InventoryTransaction, PurchaseOrder, StockLevel
from tests.cast import Cast

pytestmark = pytest.mark.browser


def proposal_at(cast: Cast) -> ReorderRecommendation:
    return ReorderRecommendation.objects.get(store=cast.north)


def stock_at(cast: Cast) -> int:
    return StockLevel.objects.get(store=cast.north, product=cast.steady).on_hand_units


def wait_for_state(page: Any, state: str) -> None:
    page.locator(".ic-chip strong", has_text=re.compile(f"^{state}$")).wait_for()


def test_a_buyer_approves_sends_and_a_store_manager_receives(
    stocked: Cast, log_in: Callable[..., Any], mailoutbox: list[mail.EmailMessage]
) -> None:
    before = stock_at(stocked)
    page = log_in(stocked.buyer)
    page.goto(f"/admin/insights/reorderrecommendation/{proposal_at(stocked).pk}/change/")
    page.locator("input[name=quantity]").fill("24")
    page.get_by_label("In your words").fill("a holiday is coming")
    page.get_by_role("button", name="Approve").click()
    page.get_by_role("link", name=re.compile(", draft$")).wait_for()
    order = PurchaseOrder.objects.get()
    assert (order.status, order.lines.get().ordered_units) == ("draft", 24)

    page.goto(f"/admin/inventory/purchaseorder/{order.pk}/change/")
    page.get_by_role("button", name="Approve").click()
    page.get_by_role("button", name="Send to orders@acme.example").click()
    wait_for_state(page, "Sent")
    assert [message.to for message in mailoutbox] == [["orders@acme.example"]]

    shop = log_in(stocked.store_manager)
    shop.goto(f"/admin/inventory/purchaseorder/{order.pk}/change/")
    shop.get_by_label("Units of SKU-STEADY taken now").fill("10")
    shop.get_by_role("button", name="Receive").click()
    wait_for_state(shop, "Partly received")
    assert stock_at(stocked) == before + 10
    shop.get_by_role("button", name="Receive").click()
    wait_for_state(shop, "Received")
    order.refresh_from_db()
    assert (order.status, stock_at(stocked)) == ("received", before + 24)


def test_a_rejection_needs_a_reason(stocked: Cast, log_in: Callable[..., Any]) -> None:
    page = log_in(stocked.buyer)
    proposal = proposal_at(stocked)
    page.goto(f"/admin/insights/reorderrecommendation/{proposal.pk}/change/")
    page.get_by_role("button", name="Reject").click()
    page.locator(".errorlist").first.wait_for()
    page.get_by_label("In your words").fill("the product is being replaced")
    page.get_by_role("button", name="Reject").click()
    page.get_by_text("the product is being replaced").first.wait_for()
    proposal.refresh_from_db()
    assert proposal.status == "rejected"


def test_a_double_click_adjusts_the_stock_once(stocked: Cast, log_in: Callable[..., Any]) -> None:
    before = stock_at(stocked)
    level = StockLevel.objects.get(store=stocked.north, product=stocked.steady)
    page = log_in(stocked.store_manager)
    page.goto(f"/admin/inventory/stocklevel/{level.pk}/change/")
    page.get_by_label("Change (units, + or −)").fill("-4")
    page.locator("#adjust_reason").fill("broken in the shop")
    page.get_by_role("button", name="Adjust").dblclick()
    page.get_by_text("The stock was adjusted.").first.wait_for()
    assert stock_at(stocked) == before - 4
    assert InventoryTransaction.objects.filter(movement_type="adjustment").count() == 1


def test_sales_are_previewed_and_imported(
    stocked: Cast, log_in: Callable[..., Any], settings: Any, tmp_path: Any
) -> None:
    settings.MEDIA_ROOT = tmp_path
    file = tmp_path / "sales.csv"
    file.write_text("store,product,date,quantity\nN1,SKU-NEW,2026-03-01,4\nN1,SKU-NOBODY,2026-03-01,4\n")
    page = log_in(stocked.store_manager)
    page.goto("/admin/inventory/salesfile/upload/")
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Preview").click()
    page.get_by_text("Rows that would be rejected").wait_for()
    assert not InventoryTransaction.objects.filter(product=stocked.new).exists()
    page.get_by_role("button", name="Import this file").click()
    page.get_by_text("Rows read").wait_for()
