"""p95 of the ten main pages and of the API lists at 3 (or 10) million transactions, against a bare view in the same run.

``DATABASE_URL=mysql://… python -m benchmarks.pages [--rows 3000000 | --full] [--keep FOLDER] [--queries]``. The data is that of
``benchmarks.company``. Requests go through the whole stack in this process (middleware, session, view, template,
database), signed in as an administrator, who sees the most. They go round: each round asks every address once, the bare
view too, so that a noisy moment of the machine spoils one request of many and not one page. The bare view is
``/version``: the same middleware, no query.

``× bare`` is the ratio of the medians. A page's time has three parts: ``CPU`` is what this process worked, ``SQL`` what it waited for the database, and what
is missing to the median was spent in the queue for a processor.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from benchmarks.company import FULL, Size, make_company, today
from benchmarks.dashboard_rows import make_dashboard_rows
from benchmarks.stage import load, stage

if TYPE_CHECKING:
    from django.test import Client

ROUNDS, WARM_UPS = 20, 2
SLOWEST_PAGE_MS, SLOWEST_LIST_MS = 300, 100
SLOWEST_DASHBOARD_MS, SLOWEST_KEPT_MS = 400, 50
BARE = "/version"
ANEW = " sums anew"  # behind an address: as the first reader after a sale gets it, with nothing kept in the process
LISTS = (
    "stores suppliers products supplier-items stock transactions purchase-orders recommendations runs sales-data/files "
    "alerts"
)


@dataclass
class Asked:
    """What each request of one address took, in milliseconds."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    sql: list[float] = field(default_factory=list)
    slowest: dict[str, float] = field(default_factory=dict)  # statement → its median, once finished

    @property
    def p95(self) -> float:
        return statistics.quantiles(self.wall, n=20)[-1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=3_000_000, help="ledger rows of 40 stores and 500 products")
    parser.add_argument("--full", action="store_true", help="10 million rows, 500 stores, 2,000 products")
    parser.add_argument("--keep", default="", metavar="FOLDER", help="keep the data, and take it up the next time")
    parser.add_argument("--queries", action="store_true", help="print each page's queries over 5 ms")
    given = parser.parse_args()
    with stage("pages", keep=given.keep) as engine:
        size = make_company_once(FULL if given.full else Size(rows=given.rows))
        print(f"Pages and lists on {engine} at {size.rows:,} transactions: {ROUNDS} requests each; load {load()}")
        make_dashboard_rows(today())
        addresses = {BARE: ("bare", 0), **dashboards(), **pages(), **lists()}
        asked = ask(signed_in(), list(addresses))
        show(addresses, asked, queries=given.queries)
        print(f"  load at the end {load()}")


def make_company_once(size: Size) -> Size:
    """Make it, or take up the kept one. Raises ``ValueError`` where another size is kept."""
    from inventory.models import Product, Store

    if not Store.objects.exists():
        make_company(size)
    kept = (Store.objects.count(), Product.objects.count())
    if kept != (size.stores, size.products):
        raise ValueError(f"Kept are {kept[0]} stores and {kept[1]} products: use another folder for another size.")
    return size


def dashboards() -> dict[str, tuple[str, int]]:
    """The home page and PA-8's answer, first with nothing kept, then as the next reader gets them."""
    from inventory.models import Product, Store

    store, product = Store.objects.earliest("pk").code, Product.objects.earliest("pk").pk
    cold = ["/admin/", "/admin/?period=quarter", f"/admin/?store={store}", "/api/v1/dashboard?period=monthly"]
    pairs = {}
    for address in cold:  # each right after it was made anew, which drops everything that was kept
        pairs[f"{address}{ANEW}"] = ("cold", SLOWEST_DASHBOARD_MS)
        pairs[address] = ("kept", SLOWEST_KEPT_MS)
    return {
        **pairs,
        f"/admin/product/{product}/": ("page", SLOWEST_PAGE_MS),
        f"/admin/product/{product}/?store={store}": ("page", SLOWEST_PAGE_MS),
        "/admin/inventory/alert/": ("page", SLOWEST_PAGE_MS),
    }


def pages() -> dict[str, tuple[str, int]]:
    from insights.models import ReorderRecommendation
    from inventory.models import StockLevel

    recommendation = ReorderRecommendation.objects.earliest("pk").pk
    level = StockLevel.objects.earliest("pk").pk
    addresses = [
        "/admin/insights/reorderrecommendation/",
        f"/admin/insights/reorderrecommendation/{recommendation}/change/",
        "/admin/inventory/stocklevel/",
        f"/admin/inventory/stocklevel/{level}/change/",
        "/admin/inventory/inventorytransaction/",
        "/admin/inventory/product/",
        "/admin/inventory/purchaseorder/",
        "/admin/analytics/productperformance/",
        "/admin/forecasting/productdemandforecast/",
        "/admin/inventory/dailysales/",
    ]
    return dict.fromkeys(addresses, ("page", SLOWEST_PAGE_MS))


def lists() -> dict[str, tuple[str, int]]:
    from inventory.models import InventoryTransaction

    addresses = [f"/api/v1/{name}" for name in LISTS.split()]
    first = InventoryTransaction.objects.order_by("business_date").values_list("business_date", flat=True)[0]
    addresses.append(f"/api/v1/transactions?date_from={first}&date_to={first + timedelta(days=6)}")
    addresses += [f"/api/v1/sales-data/summary{ANEW}", "/api/v1/sales-data/summary", "/api/v1/sales-data/P0001"]
    return dict.fromkeys(addresses, ("list", SLOWEST_LIST_MS))


def ask(client: Client, addresses: list[str]) -> dict[str, Asked]:
    """Raises unless every answer is 200."""
    asked = {address: Asked() for address in addresses}
    taken: dict[str, dict[str, list[float]]] = {address: {} for address in addresses}
    for round_ in range(WARM_UPS + ROUNDS):
        for address in addresses:
            wall, cpu, queries = _request(client, address)
            if round_ < WARM_UPS:
                continue
            asked[address].wall.append(wall)
            asked[address].cpu.append(cpu)
            asked[address].sql.append(sum(queries.values()))
            for statement, milliseconds in queries.items():
                taken[address].setdefault(statement, []).append(milliseconds)
    for address, statements in taken.items():
        asked[address].slowest = {statement: statistics.median(times) for statement, times in statements.items()}
    return asked


def _request(client: Client, address: str) -> tuple[float, float, dict[str, float]]:
    from django.core.cache import caches
    from django.db import connection

    path = address.removesuffix(ANEW)
    if path != address:
        caches["process"].clear()
    queries: dict[str, float] = {}

    def watch(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        began = time.perf_counter()
        try:
            return execute(sql, *rest)
        finally:
            queries[sql] = queries.get(sql, 0.0) + (time.perf_counter() - began) * 1000

    began, worked = time.perf_counter(), time.process_time()
    with connection.execute_wrapper(watch):
        response = client.get(path)
    wall, cpu = (time.perf_counter() - began) * 1000, (time.process_time() - worked) * 1000
    if response.status_code != 200:
        raise RuntimeError(f"{address} answered {response.status_code}")
    return wall, cpu, queries


def show(addresses: dict[str, tuple[str, int]], asked: dict[str, Asked], *, queries: bool) -> None:
    print(f"  {'milliseconds':<52} {'p95':>7} {'× bare':>7} {'median':>7} {'CPU':>7} {'SQL':>7}")
    bare = statistics.median(asked[BARE].wall)
    for address, (kind, aim) in addresses.items():
        one = asked[address]
        middle = [statistics.median(times) for times in (one.wall, one.cpu, one.sql)]
        numbers = f"{one.p95:>7.1f} {middle[0] / bare:>7.1f} " + " ".join(f"{ms:>7.1f}" for ms in middle)
        verdict = f"   over the aim of {aim} ms" if aim and one.p95 > aim else ""
        print(f"  {kind} {address:<47} {numbers}{verdict}")
        for statement, milliseconds in one.slowest.items() if queries else ():
            if milliseconds > 5:
                print(f"      {milliseconds:7.1f} ms  {statement[:1500]}")


def signed_in() -> Client:
    from django.contrib.auth.models import User
    from django.test import Client

    client = Client(raise_request_exception=True)
    user, _ = User.objects.get_or_create(username="bench", defaults={"is_staff": True, "is_superuser": True})
    client.force_login(user)
    return client


if __name__ == "__main__":
    main()
