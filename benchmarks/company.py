"""The company that the pages are measured on: 40 stores, 500 products, 20,000 stock levels, 540 days of sales; or a big one.

Millions of rows go in by one statement of the engine's own each, into tables whose indexes are taken off before and
built by sorting after: in 3 million rows, filling seven indexes row by row takes half an hour. Forecasts and
recommendations of one chunk come from the real analysis; those of the other levels are copies of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from benchmarks.stage import timed

DAYS = 540
ANALYSED = 60  # series of the first store that the real analysis goes over
PENDING = 5_000
ORDERS, LINES_PER_ORDER = 1_000, 10
SLICE = 500_000  # ledger rows a statement


@dataclass(frozen=True)
class Size:
    """``performance_days`` of performance rows for every level; ``forecasts`` of the newest night (6 kB each)."""

    rows: int = 3_000_000
    stores: int = 40
    products: int = 500
    performance_days: int = 10
    forecasts: int = 20_000

    @property
    def levels(self) -> int:
        return self.stores * self.products


FULL = Size(rows=10_000_000, stores=500, products=2_000, performance_days=1, forecasts=100_000)


def make_company(size: Size) -> None:
    with timed("catalogue and levels"):
        make_catalogue(size)
    with timed(f"{size.rows:,} ledger rows"), without_indexes("inventory_transactions"):
        fill_ledger(size)
    with timed("daily sales"), without_indexes("daily_sales"):
        sum_days()
    with timed("daily metrics"):
        add_up_days()
    with timed("statistics of the optimiser"):
        refresh_statistics()
    with timed(f"real analysis of {ANALYSED} series"):
        analyse()
    with timed("copies of its results over the other levels, orders"):
        copy_results(size)
        place_orders(size)
        refresh_statistics()


def add_up_days() -> None:
    from analytics.services.metrics import note_all_days, refresh_metrics

    note_all_days()
    refresh_metrics(now=datetime.now(UTC))


def make_catalogue(size: Size) -> None:
    from inventory.models import Product, StockLevel, Store, Supplier, SupplierItem

    Store.objects.bulk_create([Store(code=f"S{i:03}", name=f"Store {i}") for i in range(1, size.stores + 1)])
    suppliers = Supplier.objects.bulk_create([Supplier(code=f"V{i:02}", name=f"Supplier {i}") for i in range(20)])
    products = [
        Product(sku=f"P{i:04}", name=f"Product {i}", category=f"Category {i % 12}", price=9, unit_cost=5)
        for i in range(1, size.products + 1)
    ]
    Product.objects.bulk_create(products)
    products = list(Product.objects.order_by("pk"))
    SupplierItem.objects.bulk_create(
        [
            SupplierItem(supplier=suppliers[i % 20], product=product, unit_cost=5, is_preferred=True)
            for i, product in enumerate(products)
        ]
    )
    opened = today() - timedelta(days=DAYS)
    for store in Store.objects.order_by("pk"):
        StockLevel.objects.bulk_create(
            [
                StockLevel(
                    store=store, product=product, on_hand_units=product.pk % 40, minimum_units=10, maximum_units=60,
                    tracked_from=opened,
                )
                for product in products
            ],
            batch_size=2_000,
        )  # fmt: skip


def fill_ledger(size: Size) -> None:
    """Sales, oldest first, over stores and products in turn; one in 40 is a return."""
    from django.db import connection

    from inventory.models import Product, Store

    first_store = Store.objects.earliest("pk").pk
    first_product = Product.objects.earliest("pk").pk
    for start in range(0, size.rows, SLICE):
        numbers, key, day = _dialect(connection.vendor, start, min(start + SLICE, size.rows), size.rows)
        statement = f"""
            INSERT INTO inventory_transactions
                (store_id, product_id, movement_type, quantity, stock_change, before_units, after_units, unit_price,
                 total, is_promotion, reference, reason, occurred_at, business_date, source, idempotency_key,
                 recorded_by, recorded_at)
            SELECT {first_store} + (i * 7) % {size.stores}, {first_product} + (i * 13 + i / {size.products}) % {size.products},
                   CASE WHEN i / 40 % 40 = 0 THEN 'return' ELSE 'sale' END, 1,
                   CASE WHEN i / 40 % 40 = 0 THEN 1 ELSE -1 END, 100, CASE WHEN i / 40 % 40 = 0 THEN 101 ELSE 99 END,
                   9, CASE WHEN i / 40 % 40 = 0 THEN -9 ELSE 9 END, 0, '', '', {day}, {day}, 'bench', {key}, '',
                   '{today()} 00:00:00'
            FROM {numbers} ORDER BY i"""
        with connection.cursor() as cursor:
            cursor.execute(statement.replace("/", " DIV ") if connection.vendor == "mysql" else statement)


def _dialect(vendor: str, start: int, stop: int, rows: int) -> tuple[str, str, str]:
    """Per engine: a source of whole numbers ``i`` in [start, stop), a key that sorts like i, and the day of i."""
    opened, offset = today() - timedelta(days=DAYS), f"i * {DAYS} / {rows}"
    if vendor == "mysql":
        numbers = f"(SELECT seq AS i FROM seq_{start}_to_{stop - 1}) AS numbers"
        return numbers, "CONCAT('bench:', LPAD(i, 9, '0'))", f"DATE_ADD('{opened}', INTERVAL ({offset}) DAY)"
    numbers = f"""(WITH RECURSIVE counter(i) AS
        (SELECT {start} UNION ALL SELECT i + 1 FROM counter WHERE i + 1 < {stop}) SELECT i FROM counter)"""
    return numbers, "printf('bench:%09d', i)", f"date('{opened}', '+' || ({offset}) || ' days')"


def sum_days() -> None:
    from django.db import connection

    sorting = "SQL_BIG_RESULT" if connection.vendor == "mysql" else ""  # or it builds millions of groups in a hash
    with connection.cursor() as cursor:
        cursor.execute(
            f"""INSERT INTO daily_sales (store_id, product_id, business_date, units, returned_units, revenue,
                                         transactions, promotion_lines, out_of_stock_seconds)
                SELECT {sorting} store_id, product_id, business_date,
                       SUM(CASE WHEN movement_type = 'sale' THEN quantity ELSE 0 END),
                       SUM(CASE WHEN movement_type = 'return' THEN quantity ELSE 0 END),
                       SUM(total), COUNT(*), 0, 0
                FROM inventory_transactions
                GROUP BY store_id, product_id, business_date ORDER BY store_id, product_id, business_date"""
        )


@contextmanager
def without_indexes(table: str) -> Iterator[None]:
    """Take the table's secondary indexes off, and build them by sorting at the end."""
    from django.db import connection

    if connection.vendor == "mysql":
        with _without_mysql_indexes(table):
            yield
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = %s AND sql <> ''", [table]
        )
        indexes = cursor.fetchall()
        for name, _ in indexes:
            cursor.execute(f'DROP INDEX "{name}"')
        yield
        for _, statement in indexes:
            cursor.execute(statement)


@contextmanager
def _without_mysql_indexes(table: str) -> Iterator[None]:
    """Foreign keys are not checked meanwhile: they would hold on to the indexes under them."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SET SESSION foreign_key_checks = 0, unique_checks = 0")
        cursor.execute(
            """SELECT index_name, MIN(non_unique), GROUP_CONCAT(CONCAT('`', column_name, '`') ORDER BY seq_in_index)
               FROM information_schema.statistics
               WHERE table_schema = DATABASE() AND table_name = %s AND index_name <> 'PRIMARY' GROUP BY index_name""",
            [table],
        )
        indexes = cursor.fetchall()
        drops = ", ".join(f"DROP INDEX `{name}`" for name, _, _ in indexes)
        cursor.execute(f"ALTER TABLE {table} {drops}")
        yield
        for name, non_unique, columns in indexes:
            cursor.execute(f"ALTER TABLE {table} ADD {'' if non_unique else 'UNIQUE '}INDEX `{name}` ({columns})")
        cursor.execute("SET SESSION foreign_key_checks = 1, unique_checks = 1")


def refresh_statistics() -> None:
    from django.db import connection

    tables = (
        "inventory_transactions daily_sales stock_levels product_reorder_recommendations "
        "product_performance_analytics product_classes product_demand_forecasts purchase_orders purchase_order_lines"
    ).split()
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE TABLE {', '.join(tables)}" if connection.vendor == "mysql" else "ANALYZE")


def analyse() -> None:
    from insights.models import AnalysisRun, AnalysisRunChunk
    from insights.services.nightly import analyse_chunk, prepare
    from invencare.lib import clock
    from inventory.models import Product, Store

    now = clock.now()
    run = AnalysisRun.objects.create(
        kind=AnalysisRun.Kind.NIGHTLY, status=AnalysisRun.Status.DONE, created_at=now, started_at=now, finished_at=now,
        business_date=today() - timedelta(days=1), series_total=ANALYSED, series_done=ANALYSED,
    )  # fmt: skip
    products = list(Product.objects.order_by("pk").values_list("pk", flat=True)[:ANALYSED])
    chunk = AnalysisRunChunk.objects.create(
        run=run, position=0, store=Store.objects.earliest("pk"), product_ids=products
    )
    prepare(run=run, now=now)
    result = analyse_chunk(chunk=chunk, now=now)
    if result.failures:
        raise RuntimeError(f"the analysis failed: {result.failures[0]}")


def copy_results(size: Size) -> None:
    from analytics.models import ProductClass, ProductPerformance
    from forecasting.models import ProductDemandForecast
    from insights.models import ReorderRecommendation

    copy_over_levels(ReorderRecommendation, "recommendation_date", limit=PENDING)
    copy_over_levels(ProductDemandForecast, "forecast_date", limit=size.forecasts)
    for days_back in range(size.performance_days):
        copy_over_levels(ProductPerformance, "analysis_date", days_back=days_back, limit=size.levels)
    copy_over_levels(ProductClass, "abc_on", limit=size.levels)


def copy_over_levels(model: Any, day_column: str, *, days_back: int = 0, limit: int) -> None:
    """Copies of one row for the levels without a row on that day, by the engine itself."""
    from django.db import connection

    original = model.objects.earliest("pk")
    columns = [field.column for field in model._meta.concrete_fields if not field.primary_key]
    own = {"store_id": "level.store_id", "product_id": "level.product_id", day_column: "%s"}
    chosen = ", ".join(own.get(column, f"original.{column}") for column in columns)
    day = getattr(original, day_column) - timedelta(days=days_back)
    table = model._meta.db_table
    statement = f"""
        INSERT INTO {table} ({", ".join(columns)})
        SELECT {chosen} FROM stock_levels AS level JOIN {table} AS original ON original.id = %s
        WHERE NOT EXISTS (SELECT 1 FROM {table} AS there WHERE there.store_id = level.store_id
                          AND there.product_id = level.product_id AND there.{day_column} = %s)
        ORDER BY level.id LIMIT {limit}"""
    with connection.cursor() as cursor:
        cursor.execute(statement, [day, original.pk, day])


def place_orders(size: Size) -> None:
    from inventory.models import Product, PurchaseOrder, PurchaseOrderLine, Store, Supplier

    stores, suppliers = list(Store.objects.all()), list(Supplier.objects.all())
    PurchaseOrder.objects.bulk_create(
        [
            PurchaseOrder(
                number=f"PO-{i:06}", store=stores[i % size.stores], supplier=suppliers[i % 20], order_date=today()
            )
            for i in range(ORDERS)
        ]
    )
    products = list(Product.objects.all()[:LINES_PER_ORDER])
    PurchaseOrderLine.objects.bulk_create(
        [
            PurchaseOrderLine(purchase_order=order, product=product, ordered_units=12, unit_cost=5)
            for order in PurchaseOrder.objects.all()
            for product in products
        ],
        batch_size=2_000,
    )


def today() -> date:
    from invencare.lib import clock

    return clock.now().date()
