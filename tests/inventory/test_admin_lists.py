"""What lists of ledger size do otherwise: bounded counts, searches that begin with the product, streamed downloads."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from inventory.admin import base, exchange
from inventory.models import InventoryTransaction
from tests.cast import Cast, movement, record

LEDGER = reverse("admin:inventory_inventorytransaction_changelist")


@pytest.fixture
def moved(cast: Cast) -> Cast:
    record(*(movement(cast.north, product, "count", 9) for product in cast.products))
    return cast


def ledger(client: Client, cast: Cast, **query: Any) -> Any:
    client.force_login(cast.viewer)
    response = client.get(LEDGER, query)
    assert response.status_code == 200
    return response


@pytest.mark.parametrize(
    ("term", "skus"),
    [
        ("steady", {"SKU-STEADY"}),
        ("SKU-NEW", {"SKU-NEW"}),
        ("product", {"SKU-STEADY", "SKU-SEASONAL", "SKU-INTERMITTENT", "SKU-NEW", "SKU-DEAD"}),
        ("nothing of this name", set()),
        ("%", set()),
    ],
)
def test_the_ledger_is_searched_by_sku_and_product_name(term: str, skus: set[str], moved: Cast, client: Client) -> None:
    rows = ledger(client, moved, q=term).context["cl"].result_list
    assert {row.product.sku for row in rows} == skus


def test_a_long_list_is_counted_up_to_its_bound_and_says_so(
    moved: Cast, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "COUNTED_ROWS", 3)
    response = ledger(client, moved)
    assert response.context["cl"].result_count == 3
    assert "The first 3 inventory transactions; filter to see others" in response.content.decode()


def test_a_short_list_is_counted_exactly(moved: Cast, client: Client) -> None:
    response = ledger(client, moved)
    assert response.context["cl"].result_count == 5
    assert "The first" not in response.content.decode()


def test_a_download_beyond_its_bound_is_refused_with_advice(
    moved: Cast, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "EXPORT_ROWS", 4)
    client.force_login(moved.viewer)
    response = client.get(reverse("admin:inventory_inventorytransaction_export_csv"), follow=True)
    assert "That is more than 4 rows. Choose a store or dates, then export." in response.content.decode()


def test_a_download_escapes_cells_that_a_spreadsheet_would_run(moved: Cast, client: Client) -> None:
    record(movement(moved.north, moved.steady, "adjustment", -2, reason="=cmd|' /C calc'!A0"))
    client.force_login(moved.viewer)
    response = client.get(reverse("admin:inventory_inventorytransaction_export_csv"))
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    assert "'=cmd|' /C calc'!A0" in text
    newest = InventoryTransaction.objects.latest("pk")
    assert f"\n{newest.pk},2026-03-16,N1,SKU-STEADY,adjustment,2,-2,9,7," in text.replace("\r\n", "\n")


def test_a_wrong_filter_in_the_address_is_no_error_page(moved: Cast, client: Client) -> None:
    client.force_login(moved.viewer)
    for query in ("?store__id__exact=abc", "?business_date__gte=never", "?nonsense=1", "?p=99999", "?o=x"):
        assert client.get(LEDGER + query).status_code in (200, 302), query
