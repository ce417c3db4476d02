"""What rows share is decided after them, and kept on each."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from insights.models import ReorderRecommendation
from insights.services.dossier import explain, recompute
from insights.services.joint_orders import share_everywhere, share_orders
from insights.services.reorder import recommend
from inventory.models import PurchaseOrder, PurchaseOrderLine, Supplier
from tests.cast import NOW, TODAY, Cast, movement, record
from tests.insights.made_forecasts import forecast


@pytest.fixture
def rows(cast: Cast) -> list[ReorderRecommendation]:
    """Two products of one supplier: 30 units each at 3.00 are needed, together 180.00."""
    products = (cast.steady, cast.seasonal)
    for product in products:
        record(movement(cast.north, product, "count", 20))
        forecast(cast, product)
    ids = [product.pk for product in products]
    recommend(store=cast.north, product_ids=ids, recommendation_date=TODAY, now=NOW)
    found = list(ReorderRecommendation.objects.order_by("pk"))
    assert [row.recommended_order_quantity for row in found] == [30, 30]
    return found


def quantities() -> list[int]:
    return list(ReorderRecommendation.objects.order_by("pk").values_list("recommended_order_quantity", flat=True))


def share(cast: Cast, **options: Any) -> Any:
    return share_orders(store=cast.north, recommendation_date=TODAY, now=NOW, **options)


def test_an_order_is_raised_to_the_suppliers_minimum_and_each_row_comes_to_it_alone(
    cast: Cast, rows: list[ReorderRecommendation]
) -> None:
    Supplier.objects.update(minimum_order_value=Decimal(210))
    assert sorted(share(cast).changed) == sorted([cast.steady.pk, cast.seasonal.pk])
    assert sum(quantities()) * 3 >= 210
    assert sum(quantities()) * 3 < 210 + 2 * 18  # by packs of 6, the cheapest ones
    for row in ReorderRecommendation.objects.all():
        assert recompute(row.dossier) == row.recommended_order_quantity
        assert row.dossier["result"]["binding"] == "supplier's minimum order value"
        assert any("for the supplier's minimum order value" in line for line in explain(row.dossier))
        assert row.version == 2


def test_sharing_again_changes_nothing(cast: Cast, rows: list[ReorderRecommendation]) -> None:
    Supplier.objects.update(minimum_order_value=Decimal(210))
    share(cast)
    before = list(ReorderRecommendation.objects.order_by("pk").values())
    share(cast)
    assert list(ReorderRecommendation.objects.order_by("pk").values()) == before


def test_a_minimum_that_is_reached_changes_nothing(cast: Cast, rows: list[ReorderRecommendation]) -> None:
    Supplier.objects.update(minimum_order_value=Decimal(180))
    assert share(cast).changed == []
    assert {row.version for row in ReorderRecommendation.objects.all()} == {1}


def test_what_lies_in_the_draft_counts_towards_the_minimum(cast: Cast, rows: list[ReorderRecommendation]) -> None:
    Supplier.objects.update(minimum_order_value=Decimal(210))
    draft = PurchaseOrder.objects.create(number="PO-1", supplier=cast.supplier, store=cast.north)
    PurchaseOrderLine.objects.create(purchase_order=draft, product=cast.dead, ordered_units=10, unit_cost=3)
    assert share(cast).changed == []
    assert quantities() == [30, 30]


def test_a_decided_row_is_left_alone(cast: Cast, rows: list[ReorderRecommendation]) -> None:
    Supplier.objects.update(minimum_order_value=Decimal(210))
    ReorderRecommendation.objects.filter(pk=rows[0].pk).update(status="rejected")
    before = ReorderRecommendation.objects.filter(pk=rows[0].pk).values().get()
    share(cast)
    assert ReorderRecommendation.objects.filter(pk=rows[0].pk).values().get() == before
    assert ReorderRecommendation.objects.get(pk=rows[1].pk).recommended_order_quantity >= 70


def test_a_budget_cuts_what_saves_least_and_each_row_comes_to_it_alone(
    cast: Cast, rows: list[ReorderRecommendation]
) -> None:
    share(cast, budget=90.0)
    assert sum(quantities()) == 30
    for row in ReorderRecommendation.objects.all():
        assert recompute(row.dossier) == row.recommended_order_quantity
        assert row.dossier["result"]["binding"] == "budget"


def test_the_night_shares_in_every_store_with_a_minimum_and_names_what_fails(
    cast: Cast, rows: list[ReorderRecommendation]
) -> None:
    assert share_everywhere(recommendation_date=TODAY, now=NOW) == []
    assert quantities() == [30, 30]
    Supplier.objects.update(minimum_order_value=Decimal(210))
    rows[0].dossier["inputs"].pop("pack_size")
    rows[0].save(update_fields=["dossier"])
    [failure] = share_everywhere(recommendation_date=TODAY, now=NOW)
    assert failure == {
        "store": "N1",
        "product": "",
        "step": "joint order",
        "message": "the inputs lack or do not know: pack_size",
    }


@pytest.mark.parametrize("count", [1, 2])
def test_the_number_of_queries_does_not_grow(
    cast: Cast, rows: list[ReorderRecommendation], count: int, django_assert_num_queries: Any
) -> None:
    ReorderRecommendation.objects.filter(pk__in=[row.pk for row in rows[count:]]).delete()
    Supplier.objects.update(minimum_order_value=Decimal(210))
    with django_assert_num_queries(8):  # the targets, the minimums, drafts and sums, the rows, the upsert, a savepoint
        share(cast)
