"""The recommendations that a decision is about: locked, read, and told apart from those that somebody decided."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from insights.models import Decision, ReorderRecommendation
from insights.services.decisions.wishes import LARGEST_KEY
from inventory.calc.packs import PackRule
from inventory.models import SupplierItem
from inventory.services.locking import in_chunks, lock_rows

Status = ReorderRecommendation.Status


def lock_recommendations(ids: Iterable[int]) -> dict[int, ReorderRecommendation]:
    """The rows that exist, by id, locked in primary-key order and then read with what decisions need of them."""
    locked = lock_rows(ReorderRecommendation, [pk for pk in ids if 0 < pk <= LARGEST_KEY])
    rows: dict[int, ReorderRecommendation] = {}
    for some in in_chunks(locked):
        found = ReorderRecommendation.objects.filter(pk__in=some)
        rows |= {row.pk: row for row in found.select_related("store", "product", "supplier")}
    return rows


def who_decided(rows: Sequence[ReorderRecommendation]) -> dict[int, str]:
    """For each decided row one sentence: what became of it, by whom and when in the store's time."""
    last: dict[int, Decision] = {}
    for ids in in_chunks(row.pk for row in rows):
        last |= {
            decision.recommendation_id: decision
            for decision in Decision.objects.filter(recommendation__in=ids).defer("shown").order_by("pk")
        }
    return {row.pk: _sentence(row, last) for row in rows}


def _sentence(row: ReorderRecommendation, last: Mapping[int, Decision]) -> str:
    decision = last.get(row.pk)
    if row.status == Status.EXPIRED or decision is None:
        return f"{row.product.sku} for {row.store.code} was {row.get_status_display().lower()}; nobody decided it."
    what = row.get_status_display().lower() if not row.is_open else "decided"
    local = decision.decided_at.astimezone(row.store.zone)
    return (
        f"{row.product.sku} for {row.store.code} was {what} by {decision.decided_by_name} at {local:%d %b %Y %H:%M %Z}."
    )


def pack_rules(rows: Sequence[ReorderRecommendation]) -> dict[int, PackRule]:
    """The supplier's pack and minimum for each row; the product's own where the supplier does not list it."""
    listed: dict[tuple[int, int], SupplierItem] = {}
    for ids in in_chunks({row.product_id for row in rows}):
        for item in SupplierItem.objects.filter(product__in=ids):
            listed[item.supplier_id, item.product_id] = item
    rules = {}
    for row in rows:
        source = listed.get((row.supplier_id or 0, row.product_id), row.product)
        rules[row.pk] = PackRule(source.pack_size, source.minimum_order_quantity)
    return rules
