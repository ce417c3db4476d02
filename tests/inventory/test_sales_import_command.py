"""``manage.py import_sales``: what a person sees."""

from __future__ import annotations

from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Sum

from inventory.models import InventoryTransaction, Product, SalesFile, Store
from tests.cast import Cast

HEADER = "Shop,SKU,Day,Units,Cost\n"


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path / "files"
    settings.VAR_DIR = tmp_path


def run(path: Path, *flags: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("import_sales", str(path), *flags, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


@pytest.fixture
def sales(tmp_path: Path) -> Path:
    path = tmp_path / "sales.csv"
    path.write_text(HEADER + "N1,SKU-STEADY,2026-03-01,3,9\nN1,NEW,2026-03-01,4,9\nN1,SKU-STEADY,2026-03-02,-1,9\n")
    return path


def test_it_prints_mapping_outcome_and_where_the_rejects_are(cast: Cast, sales: Path, tmp_path: Path) -> None:
    out, err = run(sales, "--rejects", str(tmp_path / "bad.csv"))
    assert "  quantity     from Units\n" in out
    assert "  not used: Cost\n" in out
    assert "3 rows read: 2 added, 0 known from before, 1 rejected.\n" in out
    assert "Net 2 units, no prices, from 2026-03-01 to 2026-03-02.\n" in out
    assert "The first: line 3, product “NEW”: is not a known product." in out
    assert (tmp_path / "bad.csv").read_text().splitlines()[1] == "3,product,NEW,is not a known product"
    assert "100%" in err
    assert "rows/s" in err


def test_create_missing_adds_the_rest_once(cast: Cast, sales: Path) -> None:
    run(sales, "--no-progress")
    for added, known in ((1, 2), (0, 3)):
        out, err = run(sales, "--create-missing", "--no-progress")
        assert f"3 rows read: {added} added, {known} known from before, 0 rejected." in out
        assert err == ""
    assert Product.objects.filter(sku="NEW").count() == 1


def test_flags_map_columns_and_read_dates_and_decimals(cast: Cast, tmp_path: Path) -> None:
    path = tmp_path / "german.csv"
    path.write_bytes("Artikel;Tag;Anzahl;Preis\nSKU-STEADY;03/02/2026;3;1,50\n".encode("cp1252"))
    out, _ = run(
        path, "--store", "N1", "--column", "date=Tag", "--column", "quantity=Anzahl", "--column", "price=Preis",
        "--dates", "day-first", "--no-progress",
    )  # fmt: skip
    assert "  store        from always “N1”\n" in out
    row = InventoryTransaction.objects.get()
    assert (str(row.business_date), row.quantity, str(row.unit_price)) == ("2026-02-03", 3, "1.5000")


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--column", "quantity"], "write FIELD=NAME"),
        (["--column", "colour=Units"], "“colour” is not known; fields are: store, product"),
        (["--column", "quantity=Nope"], "There is no column “Nope”.* --column quantity=NAME"),
        (["--store", "X9"], "“X9” is not a known store.* --store"),
        (["--delimiter", "ab"], "a delimiter is one sign"),
        (["--time-zone", "Mars"], "use a name such as Europe/London"),
    ],
)
def test_what_is_wrong_is_told_with_the_flag_that_helps(
    cast: Cast, sales: Path, flags: list[str], message: str
) -> None:
    with pytest.raises(CommandError, match=message):
        run(sales, *flags, "--no-progress")
    assert not InventoryTransaction.objects.exists()


def test_a_missing_file_and_one_without_a_good_row_fail(cast: Cast, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="There is no file"):
        run(tmp_path / "nope.csv")
    path = tmp_path / "bad.csv"
    path.write_text(HEADER + "N1,SKU-STEADY,2026-03-01,2.5,9\n")
    with pytest.raises(CommandError, match=r"Nothing was imported\. 1 row rejected: quantity is not a whole number"):
        run(path, "--no-progress")


@pytest.mark.shared_data
@pytest.mark.django_db
def test_the_online_retail_invoices_load_with_their_published_totals(shared_data: Path) -> None:
    out, _ = run(shared_data / "online_retail_tx.parquet", "--create-missing", "--store", "UK", "--no-progress")
    assert "541,909 rows read: 541,909 added, 0 known from before, 0 rejected." in out
    assert "Net 5,176,450 units, value 9,747,747.93, from 2010-12-01 to 2011-12-09." in out
    done = SalesFile.objects.get()
    assert done.mapping["outcome"] == {
        "history_rows": 541_909,
        "return_rows": 10_624,
        "price_not_positive_rows": 2_517,
        "made_stores": 1,
        "made_products": 4_070,
        "made_customers": 4_372,
    }
    assert InventoryTransaction.objects.filter(customer=None).count() == 135_080
    assert InventoryTransaction.objects.values("reference").distinct().count() == 25_900
    value = InventoryTransaction.objects.aggregate(value=Sum("total"))["value"]
    assert round(value, 2) == Decimal("9747747.93")  # SQLite adds in binary fractions
    assert SalesFile.objects.get().revenue == Decimal("9747747.9340")


@pytest.mark.shared_data
@pytest.mark.django_db
def test_the_store_item_days_load_with_their_published_totals(shared_data: Path) -> None:
    out, _ = run(shared_data / "store_item_daily_to_2017-06-30.parquet", "--create-missing", "--no-progress")
    assert "821,000 rows read: 821,000 added, 0 known from before, 0 rejected." in out
    assert InventoryTransaction.objects.aggregate(units=Sum("quantity")) == {"units": 42_056_286}
    assert (Store.objects.count(), Product.objects.count()) == (10, 50)
