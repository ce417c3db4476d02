"""Whether the demo's transfers and excess agree with what was simulated. Nothing is planted: they follow from the demo."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from insights.models import ExcessRecommendation, TransferRecommendation
from insights.services.moves.recomputing import excess_action, transfer_units
from inventory.models import InventoryTransaction
from inventory.services.demo.seeding import SOURCE
from inventory.services.demo.truth import Truth, read_truth
from inventory.services.demo.verification import Verdict

DEAD = "dead"
LAST_DAYS = 28
LEAST_RATE = 0.05  # units a day: what sells less does not sell
SURE_VALUE = Decimal(100)  # dead stock of this much, at cost, must be found


def verify_moves() -> Verdict:
    """Every row recomputes alone; what is said not to sell was not wanted; dead stock of some worth was found.

    Before the first nightly run there is nothing to differ.
    """
    truth = read_truth()
    excess = list(ExcessRecommendation.objects.select_related("store", "product").order_by("pk"))
    transfers = list(TransferRecommendation.objects.select_related("from_store", "to_store", "product").order_by("pk"))
    differences = [*_not_recomputed(transfers, excess), *_wanted_after_all(truth, excess)]
    if excess:
        differences += _dead_but_not_found(truth, excess)
    return Verdict("moves", differences)


def _not_recomputed(transfers: list[Any], excess: list[Any]) -> Iterator[str]:
    for move in transfers:
        units = transfer_units(move.dossier)
        if units != move.recommended_quantity:
            yield f"transfer {move.pk}, {move}: recomputed to {units} units"
    for row in excess:
        answer = excess_action(row.dossier)
        if answer != (row.action, row.recommended_quantity):
            yield f"excess {row.pk}, {row}: recomputed to {answer[0]} {answer[1]} units"


def _wanted_after_all(truth: Truth, excess: list[Any]) -> Iterator[str]:
    stores, products = _places(truth)
    rate = truth.days["demand_rate"][:, :, -LAST_DAYS:].mean(axis=2)
    for row in excess:
        if row.weeks_of_cover is None and row.store.code in stores and row.product.sku in products:
            wanted = float(rate[stores[row.store.code], products[row.product.sku]])
            if wanted > LEAST_RATE:
                yield f"{row.store.code} {row.product.sku} is said not to sell; {wanted:.2f} a day were wanted"


def _dead_but_not_found(truth: Truth, excess: list[Any]) -> Iterator[str]:
    found = {(row.store.code, row.product.sku) for row in excess}
    moved = set(InventoryTransaction.objects.exclude(source=SOURCE).values_list("store__code", "product__sku"))
    final = truth.document["final_stock_units"]
    for place, product in enumerate(truth.document["products"]):
        if product["kind"] != DEAD:
            continue
        for row, store in enumerate(truth.document["stores"]):
            key = (store["code"], product["sku"])
            value = Decimal(final[row][place] * product["cost_cents"]) / 100
            if value >= SURE_VALUE and key not in found and key not in moved:
                yield f"{key[0]} {key[1]}: dead stock worth {value:,.2f} is not among the excess"


def _places(truth: Truth) -> tuple[dict[str, int], dict[str, int]]:
    return (
        {store["code"]: place for place, store in enumerate(truth.document["stores"])},
        {product["sku"]: place for place, product in enumerate(truth.document["products"])},
    )
