"""Two imports of one file at once, with and without the claim that keeps them apart."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.db.models import Sum

from inventory.models import Customer, DailySales, InventoryTransaction, Product, SalesFile
from inventory.services.sales_import import ImportOptions, import_sales_file, importing
from tests.cast import NOW

pytestmark = [pytest.mark.mariadb, pytest.mark.django_db(transaction=True)]
ROWS = 400


@pytest.fixture
def sales(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    settings.MEDIA_ROOT = tmp_path / "files"
    settings.VAR_DIR = tmp_path
    monkeypatch.setattr(importing, "BATCH_ROWS", 50)
    path = tmp_path / "sales.csv"
    rows = (f"S{row % 3},P{row % 40},2026-03-{1 + row % 15:02},1,2,C{row % 30}\n" for row in range(ROWS))
    path.write_text("store,product,date,quantity,price,customer\n" + "".join(rows))
    return path


def import_twice_at_once(path: Path) -> list[SalesFile | BaseException]:
    outcomes: list[SalesFile | BaseException] = []
    start = threading.Barrier(2)

    def run() -> None:
        try:
            start.wait(10)
            options = ImportOptions(create_missing=True)
            outcomes.append(import_sales_file(path=path, name="sales.csv", options=options, now=NOW, wait_seconds=60))
        except BaseException as error:  # noqa: BLE001  the test looks at it
            outcomes.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return outcomes


def assert_everything_is_there_once() -> None:
    assert InventoryTransaction.objects.count() == ROWS
    assert DailySales.objects.aggregate(units=Sum("units")) == {"units": ROWS}
    assert (SalesFile.objects.count(), Product.objects.count(), Customer.objects.count()) == (1, 40, 30)


def test_the_second_waits_and_finds_every_row_known(sales: Path) -> None:
    outcomes = import_twice_at_once(sales)
    assert sorted((done.rows_added, done.rows_known) for done in outcomes) == [(0, ROWS), (ROWS, 0)]
    assert {done.status for done in outcomes} == {"done"}
    assert_everything_is_there_once()


def test_without_the_claim_the_ledgers_keys_alone_keep_the_totals_right(
    sales: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def unclaimed(checksum: str, *, wait_seconds: float = 0) -> Iterator[None]:
        yield

    monkeypatch.setattr(importing, "claimed", unclaimed)
    outcomes = import_twice_at_once(sales)
    assert sum(done.rows_added for done in outcomes) == ROWS
    assert sum(done.rows_known for done in outcomes) == ROWS
    assert_everything_is_there_once()
