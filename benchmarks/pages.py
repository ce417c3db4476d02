"""p95 of the ten main pages and of the API lists at 3 million transactions, against a bare view in the same run.

``DATABASE_URL=mysql://… python -m benchmarks.pages [--rows 3000000]``. The company: 40 stores, 500 products, 20,000
stock levels, 540 days. The ledger is filled straight by SQL; forecasts and recommendations of one chunk come from the
real analysis, and the other pending recommendations are copies of them. Requests go through the whole stack in this
process (middleware, session, view, template, database), one after another, signed in as an administrator, who sees
the most. The bare view is ``/version``: the same middleware, no query.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING

from benchmarks.stage import stage, timed

if TYPE_CHECKING:
    from django.test import Client

STORES, PRODUCTS, DAYS = 40, 500, 540
ANALYSED = 60  # series of the first store that the real analysis goes over
PENDING = 5_000
WARM_UPS, REQUESTS = 2, 20
SLICE = 250_000  # ledger rows a statement
SLOWEST_PAGE_MS, SLOWEST_LIST_MS = 300, 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=3_000_000, help="ledger rows")
    rows: int = parser.parse_args().rows
    with stage("pages") as engine:
        print(f"Pages and lists on {engine} at {rows:,} transactions: p95 of {REQUESTS} requests each")
        make_company(rows)
        client = signed_in()
        bare = p95(client, "/version")
        print(f"  {'bare view':<44} {bare:>8.1f} ms    1.0")
        for title, paths, aim in (("page", pages(), SLOWEST_PAGE_MS), ("list", lists(), SLOWEST_LIST_MS)):
            for path in paths:
                measured = p95(client, path)
                verdict = "" if measured <= aim else f"   over the aim of {aim} ms"
                print(f"  {title} {path:<39} {measured:>8.1f} ms {measured / bare:>6.1f}{verdict}", flush=True)


def pages() -> list[str]:
    from insights.models import ReorderRecommendation
    from inventory.models import StockLevel

    recommendation = ReorderRecommendation.objects.earliest("pk").pk
    level = StockLevel.objects.earliest("pk").pk
    return [
        "/admin/",
        "/admin/insights/reorderrecommendation/",
        f"/admin/insights/reorderrecommendation/{recommendation}/change/",
        "/admin/inventory/stocklevel/",
        f"/admin/inventory/stocklevel/{level}/change/",
        "/admin/inventory/inventorytransaction/",
        "/admin/inventory/product/",
        "/admin/inventory/purchaseorder/",
        "/admin/analytics/productperformance/",
        "/admin/inventory/dailysales/",
    ]


def lists() -> list[str]:
    names = "stores suppliers products supplier-items stock transactions purchase-orders recommendations runs"
    return [f"/api/v1/{name}" for name in names.split()] + ["/api/v1/sales-data/summary", "/api/v1/sales-data/P0001"]


def p95(client: Client, path: str) -> float:
    """Milliseconds that 95 of 100 requests stay under; raises unless every answer is 200."""
    taken = []
    for _ in range(WARM_UPS + REQUESTS):
        began = time.perf_counter()
        response = client.get(path)
        taken.append((time.perf_counter() - began) * 1000)
        if response.status_code != 200:
            raise RuntimeError(f"{path} answered {response.status_code}")
    return statistics.quantiles(taken[WARM_UPS:], n=20)[-1]


def signed_in() -> Client:
    from django.contrib.auth.models import User
    from django.test import Client

    client = Client(raise_request_exception=True)
    client.force_login(User.objects.create_superuser("bench", password=None))
    return client


# The company


def make_company(rows: int) -> None:
    with timed("catalogue and levels"):
        make_catalogue()
    with timed(f"{rows:,} ledger rows"):
        fill_ledger(rows)
    with timed("daily sales"):
        sum_days()
    with timed(f"real analysis of {ANALYSED} series"):
        analyse()
    with timed("copies of its recommendations, performance of every level, orders"):
        copy_recommendations()
        copy_performance()
        place_orders()


def make_catalogue() -> None:
    from inventory.models import Product, StockLevel, Store, Supplier, SupplierItem

    Store.objects.bulk_create([Store(code=f"S{i:03}", name=f"Store {i}") for i in range(1, STORES + 1)])
    suppliers = Supplier.objects.bulk_create([Supplier(code=f"V{i:02}", name=f"Supplier {i}") for i in range(20)])
    products = [
        Product(sku=f"P{i:04}", name=f"Product {i}", category=f"Category {i % 12}", price=9, unit_cost=5)
        for i in range(1, PRODUCTS + 1)
    ]
    Product.objects.bulk_create(products)
    products = list(Product.objects.order_by("pk"))
    SupplierItem.objects.bulk_create(
        [
            SupplierItem(supplier=suppliers[i % 20], product=product, unit_cost=5, is_preferred=True)
            for i, product in enumerate(products)
        ]
    )
    opened = _today() - timedelta(days=DAYS)
    StockLevel.objects.bulk_create(
        [
            StockLevel(
                store=store, product=product, on_hand_units=product.pk % 40, minimum_units=10, maximum_units=60,
                tracked_from=opened,
            )
            for store in Store.objects.order_by("pk")
            for product in products
        ],
        batch_size=2_000,
    )  # fmt: skip


def fill_ledger(rows: int) -> None:
    """Sales, oldest first, over stores and products in turn; one in 40 is a return."""
    from django.db import connection

    from inventory.models import Product, Store

    first_store = Store.objects.earliest("pk").pk
    first_product = Product.objects.earliest("pk").pk
    for start, stop in slices(rows):
        number, text, day = _dialect(connection.vendor, start, stop)
        statement = f"""
            INSERT INTO inventory_transactions
                (store_id, product_id, movement_type, quantity, stock_change, before_units, after_units, unit_price,
                 total, is_promotion, reference, reason, occurred_at, business_date, source, idempotency_key,
                 recorded_by, recorded_at)
            SELECT {first_store} + (i * 7) % {STORES}, {first_product} + (i * 13 + i / {PRODUCTS}) % {PRODUCTS},
                   CASE WHEN i % 40 = 0 THEN 'return' ELSE 'sale' END, 1,
                   CASE WHEN i % 40 = 0 THEN 1 ELSE -1 END, 100, CASE WHEN i % 40 = 0 THEN 101 ELSE 99 END,
                   9, CASE WHEN i % 40 = 0 THEN -9 ELSE 9 END, 0, '', '', {day.format(offset=f"i * {DAYS} / {rows}")},
                   {day.format(offset=f"i * {DAYS} / {rows}")}, 'bench', {text}, '', '{_today()} 00:00:00'
            FROM {number}"""
        with connection.cursor() as cursor:
            cursor.execute(statement.replace("/", " DIV ") if connection.vendor == "mysql" else statement)


def slices(rows: int) -> Iterator[tuple[int, int]]:
    for start in range(0, rows, SLICE):
        yield start, min(start + SLICE, rows)


def _dialect(vendor: str, start: int, stop: int) -> tuple[str, str, str]:
    """Per engine: a row source of whole numbers ``i`` in [start, stop), a key made of i, and a day as a function."""
    opened = _today() - timedelta(days=DAYS)
    if vendor == "mysql":
        numbers = f"(SELECT seq AS i FROM seq_{start}_to_{stop - 1}) AS numbers"
        return numbers, "CONCAT('bench:', i)", f"DATE_ADD('{opened}', INTERVAL ({{offset}}) DAY)"
    numbers = f"""(WITH RECURSIVE counter(i) AS
        (SELECT {start} UNION ALL SELECT i + 1 FROM counter WHERE i + 1 < {stop}) SELECT i FROM counter)"""
    return numbers, "'bench:' || i", f"date('{opened}', '+' || ({{offset}}) || ' days')"


def sum_days() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO daily_sales (store_id, product_id, business_date, units, returned_units, revenue,
                                        transactions, promotion_lines, out_of_stock_seconds)
               SELECT store_id, product_id, business_date,
                      SUM(CASE WHEN movement_type = 'sale' THEN quantity ELSE 0 END),
                      SUM(CASE WHEN movement_type = 'return' THEN quantity ELSE 0 END),
                      SUM(total), COUNT(*), 0, 0
               FROM inventory_transactions GROUP BY store_id, product_id, business_date"""
        )
        names = "inventory_transactions daily_sales stock_levels".split()
        cursor.execute(f"ANALYZE TABLE {', '.join(names)}" if connection.vendor == "mysql" else "ANALYZE")


def analyse() -> None:
    from insights.models import AnalysisRun, AnalysisRunChunk
    from insights.services.nightly import analyse_chunk
    from invencare.lib import clock
    from inventory.models import Product, Store

    now = clock.now()
    run = AnalysisRun.objects.create(
        kind=AnalysisRun.Kind.NIGHTLY, status=AnalysisRun.Status.DONE, created_at=now, started_at=now, finished_at=now,
        business_date=_today() - timedelta(days=1), series_total=ANALYSED, series_done=ANALYSED,
    )  # fmt: skip
    products = list(Product.objects.order_by("pk").values_list("pk", flat=True)[:ANALYSED])
    chunk = AnalysisRunChunk.objects.create(
        run=run, position=0, store=Store.objects.earliest("pk"), product_ids=products
    )
    result = analyse_chunk(chunk=chunk, now=now)
    if result.failures:
        raise RuntimeError(f"the analysis failed: {result.failures[0]}")


def copy_recommendations() -> None:
    from insights.models import ReorderRecommendation

    _copy_over_levels(ReorderRecommendation.objects.earliest("pk"), PENDING)


def copy_performance() -> None:
    from analytics.models import ProductPerformance

    _copy_over_levels(ProductPerformance.objects.earliest("pk"), STORES * PRODUCTS)


def _copy_over_levels(original: object, wanted: int) -> None:
    """Copies of one row for the levels that the analysis left out."""
    from inventory.models import StockLevel

    model = type(original)
    there = set(model.objects.values_list("store_id", "product_id"))  # type: ignore[attr-defined]
    columns = [field for field in model._meta.concrete_fields if not field.primary_key]  # type: ignore[attr-defined]
    values = {field.attname: getattr(original, field.attname) for field in columns}
    levels = StockLevel.objects.order_by("pk").values_list("store_id", "product_id")
    free = [level for level in levels if level not in there][: wanted - len(there)]
    rows = [model(**values | {"store_id": store, "product_id": product}) for store, product in free]
    model.objects.bulk_create(rows, batch_size=1_000)  # type: ignore[attr-defined]


def place_orders() -> None:
    from inventory.models import Product, PurchaseOrder, PurchaseOrderLine, Store, Supplier

    stores, suppliers = list(Store.objects.all()), list(Supplier.objects.all())
    PurchaseOrder.objects.bulk_create(
        [
            PurchaseOrder(
                number=f"PO-{i:06}", store=stores[i % STORES], supplier=suppliers[i % 20], order_date=_today()
            )
            for i in range(1_000)
        ]
    )
    products = list(Product.objects.all()[:10])
    PurchaseOrderLine.objects.bulk_create(
        [
            PurchaseOrderLine(purchase_order=order, product=product, ordered_units=12, unit_cost=5)
            for order in PurchaseOrder.objects.all()
            for product in products
        ],
        batch_size=2_000,
    )


def _today() -> date:
    from invencare.lib import clock

    return clock.now().date()


if __name__ == "__main__":
    main()
