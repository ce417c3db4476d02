"""Recommendations from stored forecasts and the review list: ``python -m benchmarks.recommendations [--rows 100000]``.

Makes stock, terms and forecasts of N products in stores in a database of its own, recommends for all of them chunk by
chunk (two processes on MariaDB, one on SQLite), then for some one by one, and opens the review list. Prints the seconds on the wall, the
processor time and memory of the processes, the ratio to one product at a time, and p95 of the list at 50,000 pending rows or as many as there are.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import statistics
import sys
import time
from dataclasses import dataclass
from typing import Any

from benchmarks.company import today
from benchmarks.stage import load, stage, timed

SEED = 20_261_125
PRODUCTS_PER_STORE = 2_000
CHUNK = 1_000
SINGLY = 100
PENDING = 50_000
SECONDS, MEGABYTES, LIST_MS = 60, 1024, 500


@dataclass(frozen=True)
class Worked:
    """What one process did: rows written, seconds of the processor, largest memory in MB."""

    written: int
    cpu: float
    megabytes: float


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recommendations", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000, help="products in stores")
    parser.add_argument("--chunk", type=int, default=CHUNK, help="products of one store at a time")
    arguments = parser.parse_args()
    with stage("recommendations") as engine:
        with timed(f"stock, terms and forecasts of {arguments.rows:,} products in stores"):
            make_rows(arguments.rows)
        print(f"Recommendations on {engine}; load {load()}")
        fast = recommend_all(engine, arguments.rows, arguments.chunk)
        is_quick = open_list()
        return 0 if fast and is_quick else 1


def make_rows(count: int) -> None:
    """Half fast and half slow movers; a fifth of the suppliers' lead times vary, some products wait for goods."""
    import numpy as np
    from django.db import transaction

    from inventory.models import Product, PurchaseOrder, PurchaseOrderLine, StockLevel, Store, Supplier, SupplierItem

    each = min(count, PRODUCTS_PER_STORE)
    stores = Store.objects.bulk_create([Store(code=f"S{i:03}", name=f"Store {i}") for i in range(-(-count // each))])
    suppliers = Supplier.objects.bulk_create(
        [Supplier(code=f"V{i:02}", name=f"Supplier {i}", minimum_order_value=50 * (i % 2)) for i in range(20)]
    )
    Product.objects.bulk_create(
        [
            Product(
                sku=f"P{i:04}", name=f"Product {i}", category=f"Category {i % 12}", price=9, unit_cost=5,
                shelf_life_days=21 if i % 10 == 0 else None,
            )
            for i in range(each)
        ],
        batch_size=1_000,
    )  # fmt: skip
    suppliers, stores = list(Supplier.objects.order_by("pk")), list(Store.objects.order_by("pk"))
    ids = list(Product.objects.order_by("pk").values_list("pk", flat=True))
    SupplierItem.objects.bulk_create(
        [
            SupplierItem(
                supplier=suppliers[i % 20], product_id=pk, unit_cost=5, lead_time_days=7, pack_size=1 + i % 12,
                lead_time_sd_days=2 if i % 5 == 0 else 0, minimum_order_quantity=i % 13, is_preferred=True,
            )
            for i, pk in enumerate(ids)
        ],
        batch_size=1_000,
    )  # fmt: skip
    generator = np.random.default_rng(SEED)
    forecasts = _forecasts(each, generator)  # the same in every store, whose stock differs
    left = count
    for store in stores:
        own = ids[: min(left, each)]
        left -= len(own)
        with transaction.atomic():
            StockLevel.objects.bulk_create(
                [
                    StockLevel(
                        store=store, product_id=pk, on_hand_units=units, minimum_units=2, tracked_from=today(),
                        maximum_units=400 if pk % 5 == 0 else 0,
                    )
                    for pk, units in zip(own, generator.integers(0, 40, len(own)).tolist(), strict=True)
                ],
                batch_size=2_000,
            )  # fmt: skip
            _store_forecasts(store.pk, own, forecasts)
            order = PurchaseOrder.objects.create(
                number=f"PO-{store.pk}", store=store, supplier=suppliers[0], status="sent", expected_date=today()
            )
            PurchaseOrderLine.objects.bulk_create(
                PurchaseOrderLine(purchase_order=order, product_id=pk, ordered_units=12, unit_cost=5)
                for pk in own[::10]
            )


def _forecasts(count: int, generator: Any) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Days and sums of N products as the nightly run stores them."""
    import numpy as np
    from scipy import stats

    from forecasting.calc.config import DAY_LEVELS, SUM_LEVELS

    mean = np.where(np.arange(count) % 2, generator.gamma(2.0, 2.0, count), generator.gamma(1, 0.2, count)) + 0.02
    sums = {days: stats.nbinom.ppf(SUM_LEVELS, (mean * days / 1.5)[:, None], 0.4).tolist() for days in (7, 14)}
    daily = stats.nbinom.ppf(DAY_LEVELS, (mean / 1.5)[:, None], 0.4).tolist()

    def protection(row: int, days: int) -> dict[str, Any]:
        quantiles = dict(zip(map(str, SUM_LEVELS), sums[days][row], strict=True))
        return {"days": days, "mean": round(float(mean[row]) * days, 4), "quantiles": quantiles}

    return [
        (
            {
                "mean": [round(float(mean[row]), 4)] * 28,
                "quantiles": {str(level): [daily[row][place]] * 28 for place, level in enumerate(DAY_LEVELS)},
                "naive": [1] * 28,
            },
            {**protection(row, 14), "lead_time": protection(row, 7)},
        )
        for row in range(count)
    ]


def _store_forecasts(store_id: int, product_ids: list[int], forecasts: list[Any]) -> None:
    from forecasting.models import ProductDemandForecast
    from invencare.lib import clock
    from invencare.lib.upsert import upsert_values

    columns = (
        "store_id product_id forecast_date forecast_period model historical_data_points forecast_accuracy_score "
        "daily protection created_at"
    ).split()
    now = clock.now()
    rows = (
        [store_id, pk, today(), 28, "ensemble", 400, 60.0, daily, protection, now]
        for pk, (daily, protection) in zip(product_ids, forecasts, strict=False)
    )
    upsert_values(ProductDemandForecast, columns, rows, key=("product", "store", "forecast_date", "forecast_period"))


def recommend_all(engine: str, count: int, chunk: int) -> bool:
    from inventory.models import Store

    stores = list(Store.objects.order_by("pk").values_list("pk", flat=True))
    processes = 2 if engine == "MariaDB" else 1
    shares = [stores[start::processes] for start in range(processes)]
    began = time.perf_counter()
    from django.db import connections

    connections.close_all()
    with multiprocessing.get_context("fork").Pool(processes) as pool:
        done = pool.starmap(work, [(share, chunk) for share in shares])
    wall = time.perf_counter() - began
    cpu, memory = sum(one.cpu for one in done), sum(one.megabytes for one in done)
    print(
        f"{count:,} products in chunks of {chunk:,}: {wall:.1f} s on the wall (aim under {SECONDS}), {cpu:.1f} s of the processor in "
        f"{processes} process(es), {memory:,.0f} MB together (aim under {MEGABYTES:,}); {sum(one.written for one in done):,} rows written"
    )
    singly = _one_by_one(stores[0])
    print(f"one product at a time: {singly / (cpu / count):.0f} times as much of the processor a product")
    return wall * 100_000 / count < SECONDS and memory < MEGABYTES


def work(stores: list[int], chunk: int) -> Worked:
    """Recommend for all products of some stores, then what the rows of each share."""
    from insights.services.joint_orders import share_orders
    from insights.services.policy.company import company_policy
    from insights.services.undecided import recommend_undecided
    from invencare.lib import clock
    from inventory.models import StockLevel, Store

    began, written = time.process_time(), 0
    config, now = company_policy(), clock.now()
    for store in Store.objects.filter(pk__in=stores).order_by("pk"):
        ids = list(StockLevel.objects.filter(store=store).order_by("product_id").values_list("product_id", flat=True))
        for start in range(0, len(ids), chunk):
            done = recommend_undecided(
                store=store, product_ids=ids[start : start + chunk], recommendation_date=today(), now=now, config=config
            )
            written += len(done.written)
        share_orders(store=store, recommendation_date=today(), now=now, config=config)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Worked(written, time.process_time() - began, peak)


def _one_by_one(store_id: int) -> float:
    """Seconds of the processor a product."""
    from insights.services.undecided import recommend_undecided
    from invencare.lib import clock
    from inventory.models import StockLevel, Store

    store = Store.objects.get(pk=store_id)
    ids = list(
        StockLevel.objects.filter(store=store).order_by("product_id").values_list("product_id", flat=True)[:SINGLY]
    )
    began = time.process_time()
    for pk in ids:
        recommend_undecided(store=store, product_ids=[pk], recommendation_date=today(), now=clock.now())
    return (time.process_time() - began) / len(ids)


def open_list() -> bool:
    from benchmarks.pages import ask, signed_in
    from insights.models import ReorderRecommendation

    pending = ReorderRecommendation.objects.pending()
    if extra := pending.count() - PENDING:
        ids = list(pending.order_by("money_at_risk").values_list("pk", flat=True)[: max(extra, 0)])
        for start in range(0, len(ids), 5_000):
            ReorderRecommendation.objects.filter(pk__in=ids[start : start + 5_000]).update(status="expired")
    row = pending.worst_first().first()
    addresses = [
        "/admin/insights/reorderrecommendation/",
        f"/admin/insights/reorderrecommendation/?store__id__exact={row.store_id}",
        f"/admin/insights/reorderrecommendation/{row.pk}/change/",
        "/api/v1/recommendations?status=pending",
    ]
    asked = ask(signed_in(), addresses)
    print(
        f"  at {pending.count():,} pending rows of {ReorderRecommendation.objects.count():,}, milliseconds (aim {LIST_MS})"
    )
    for address, one in asked.items():
        wall, cpu, sql = (statistics.median(times) for times in (one.wall, one.cpu, one.sql))
        print(f"  {address:<62} p95 {one.p95:7.1f}   median {wall:7.1f}   processor {cpu:6.1f}   SQL {sql:6.1f}")
    return all(one.p95 < LIST_MS for one in asked.values())


if __name__ == "__main__":
    sys.exit(main())
