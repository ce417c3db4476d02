"""Draft orders: one per supplier and store, to which approvals add and which buyers edit."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db.models import CharField, F, Value
from django.db.models.functions import Cast, Concat

from inventory.calc.packs import PackRule
from inventory.models import Product, PurchaseOrder, PurchaseOrderLine, Store, Supplier, SupplierItem
from inventory.querysets.scope import StoreScope
from inventory.services.documents import move_document
from inventory.services.locking import in_one_transaction, lock_rows
from inventory.services.people import log_line, name_of, require_store
from inventory.services.purchasing.orders import Status, lock_order

MOST_UNITS = 10_000_000
"""More units than this in one line is a slip of the keyboard, and is refused."""

Place = tuple[int, int]
"""The ids of a store and of a supplier: what has one open draft."""


@dataclass(frozen=True)
class OrderItem:
    """Units of one product to order, and what one unit costs in the store's currency."""

    product_id: int
    units: int
    unit_cost: Decimal


def add_to_draft_order(
    *,
    store: Store,
    supplier: Supplier,
    items: Sequence[OrderItem],
    actor: User,
    now: datetime,
    scope: StoreScope | None = None,
) -> PurchaseOrder:
    """Add ``items`` to the open draft of this supplier for this store, made if there is none."""
    place = (store.pk, supplier.pk)
    lines = add_to_draft_orders(wanted={place: items}, actor=actor, now=now, scope=scope)
    return next(iter(lines.values())).purchase_order


@in_one_transaction
def add_to_draft_orders(
    *, wanted: Mapping[Place, Sequence[OrderItem]], actor: User, now: datetime, scope: StoreScope | None = None
) -> dict[tuple[int, int, int], PurchaseOrderLine]:
    """Add items to many drafts in a constant number of queries.

    Returns the line of each (store id, supplier id, product id). A product that the draft has already gets the
    units added and the newer cost. The suppliers' rows are locked, in primary-key order, so that two approvals at
    once end in one draft.
    """
    for place, items in wanted.items():
        require_store(place[0], actor=actor, scope=scope)
        _check_items(items)
    lock_rows(Supplier, {supplier_id for _, supplier_id in wanted})
    drafts = _open_drafts(wanted)
    missing = [place for place in wanted if place not in drafts]
    if missing:
        _create_drafts(missing, actor=actor, now=now)
        drafts = _open_drafts(wanted)
    _write_lines(drafts, wanted)
    PurchaseOrder.objects.filter(pk__in=[draft.pk for draft in drafts.values()]).update(version=F("version") + 1)
    lines = PurchaseOrderLine.objects.filter(purchase_order__in=drafts.values()).select_related("purchase_order")
    asked = {(*place, item.product_id) for place, items in wanted.items() for item in items}
    found = {(line.purchase_order.store_id, line.purchase_order.supplier_id, line.product_id): line for line in lines}
    return {key: found[key] for key in sorted(asked)}


@in_one_transaction
def create_draft_order(
    *,
    store: Store,
    supplier: Supplier,
    units_by_sku: Mapping[str, int],
    actor: User,
    now: datetime,
    scope: StoreScope | None = None,
) -> PurchaseOrder:
    """A buyer's own order, by SKU: into the open draft of the supplier and store, at the supplier's cost.

    Raises ``ValidationError`` (field ``lines``) naming every SKU that is unknown or not in whole packs.
    """
    products = {product.sku: product for product in Product.objects.filter(sku__in=units_by_sku)}
    listed = {
        item.product_id: item for item in SupplierItem.objects.filter(supplier=supplier, product__sku__in=units_by_sku)
    }
    problems, items = [], []
    for sku, units in units_by_sku.items():
        product = products.get(sku)
        if product is None:
            problems.append(f"“{sku}” is no product; use its SKU.")
            continue
        source = listed.get(product.pk, product)
        refusal = PackRule(source.pack_size, source.minimum_order_quantity).refusal(units)
        problems += [f"{sku}: {refusal}"] if refusal else []
        items.append(OrderItem(product_id=product.pk, units=units, unit_cost=source.unit_cost))
    if not units_by_sku:
        problems.append("Give at least one product with its units.")
    if problems:
        raise ValidationError({"lines": problems})
    return add_to_draft_order(store=store, supplier=supplier, items=items, actor=actor, now=now, scope=scope)


@in_one_transaction
def change_draft_lines(
    *,
    order_id: int,
    units: Mapping[int, int],
    actor: User,
    now: datetime,
    version: int | None = None,
    scope: StoreScope | None = None,
) -> PurchaseOrder:
    """Set the ordered units of lines of a draft, by line id; 0 takes the line out.

    Raises ``ValidationError`` (field ``lines``) naming the lines that are not in whole packs, ``Conflict`` once
    the order is no draft any more.
    """
    order = lock_order(order_id, actor=actor, scope=scope)
    lines = {line.pk: line for line in order.lines.select_related("product")}
    strangers = sorted(set(units) - set(lines))
    if strangers:
        raise ValidationError({"lines": [f"Line {pk} is not a line of {order.number}." for pk in strangers]})
    changed = [line for pk, line in lines.items() if pk in units and units[pk] != line.ordered_units]
    kept = [line for line in changed if units[line.pk] != 0]
    _check_packs(order, kept, units)
    for line in kept:
        line.ordered_units = units[line.pk]
    order = move_document(
        order,
        verb="changed",
        come_from=[Status.DRAFT],
        version=version,
        note=log_line(f"{name_of(actor)} changed {len(changed)} lines", now=now),
    )
    PurchaseOrderLine.objects.bulk_update(kept, ["ordered_units"])
    order.lines.filter(pk__in=[line.pk for line in changed if units[line.pk] == 0]).delete()
    return order


def _check_items(items: Sequence[OrderItem]) -> None:
    if not items:
        raise ValidationError({"items": "An order needs at least one item."})
    for item in items:
        if not 0 < item.units <= MOST_UNITS:
            raise ValidationError({"items": f"Order 1 to {MOST_UNITS:,} units of a product, not {item.units:,}."})
        if item.unit_cost < 0:
            raise ValidationError({"items": "A unit cost cannot be negative."})


def _check_packs(order: PurchaseOrder, lines: Sequence[PurchaseOrderLine], units: Mapping[int, int]) -> None:
    listed = {
        item.product_id: item
        for item in SupplierItem.objects.filter(
            supplier_id=order.supplier_id, product__in=[line.product_id for line in lines]
        )
    }
    problems = []
    for line in lines:
        source = listed.get(line.product_id, line.product)
        wanted = units[line.pk]
        refusal = PackRule(source.pack_size, source.minimum_order_quantity).refusal(wanted)
        if wanted > MOST_UNITS:
            refusal = f"{wanted:,} units are more than one line may order ({MOST_UNITS:,})."
        if refusal:
            problems.append(f"{line.product.sku}: {refusal}")
    if problems:
        raise ValidationError({"lines": problems})


def _open_drafts(wanted: Mapping[Place, object]) -> dict[Place, PurchaseOrder]:
    """The oldest open draft of each place, locked."""
    rows = (
        PurchaseOrder.objects.select_for_update()
        .filter(
            status=Status.DRAFT,
            store__in={store_id for store_id, _ in wanted},
            supplier__in={supplier_id for _, supplier_id in wanted},
        )
        .order_by("pk")
    )
    drafts: dict[Place, PurchaseOrder] = {}
    for draft in rows:
        place = (draft.store_id, draft.supplier_id)
        if place in wanted:
            drafts.setdefault(place, draft)
    return drafts


def _create_drafts(places: Sequence[Place], *, actor: User, now: datetime) -> None:
    """Insert drafts and number them by primary key, in two queries whatever their number."""
    batch = uuid.uuid4().hex[:20]
    PurchaseOrder.objects.bulk_create(
        PurchaseOrder(
            number=f"{batch}-{position}",
            store_id=store_id,
            supplier_id=supplier_id,
            created_by=actor,
            notes=f"{log_line(f'{name_of(actor)} began this draft', now=now)}\n",
        )
        for position, (store_id, supplier_id) in enumerate(places)
    )
    PurchaseOrder.objects.filter(number__startswith=f"{batch}-").update(
        number=Concat(Value("PO-"), Cast("pk", CharField()), output_field=CharField())
    )


def _write_lines(drafts: Mapping[Place, PurchaseOrder], wanted: Mapping[Place, Sequence[OrderItem]]) -> None:
    present = {
        (line.purchase_order_id, line.product_id): line
        for line in PurchaseOrderLine.objects.filter(purchase_order__in=drafts.values())
    }
    fresh: dict[tuple[int, int], PurchaseOrderLine] = {}
    touched: dict[tuple[int, int], PurchaseOrderLine] = {}
    for place, items in wanted.items():
        for item in items:
            key = (drafts[place].pk, item.product_id)
            line = present.get(key) or fresh.get(key)
            if line is None:
                line = PurchaseOrderLine(purchase_order_id=key[0], product_id=item.product_id, ordered_units=0)
                fresh[key] = line
            elif key in present:
                touched[key] = line
            line.ordered_units += item.units
            line.unit_cost = item.unit_cost
    PurchaseOrderLine.objects.bulk_create(fresh.values())
    PurchaseOrderLine.objects.bulk_update(touched.values(), ["ordered_units", "unit_cost"])
