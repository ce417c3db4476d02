"""Sales files into the ledger: what enters, what is rejected, and that nothing enters twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from inventory.models import Alert, Customer, DailySales, InventoryTransaction, Product, SalesFile, StockLevel, Store
from inventory.querysets.scope import StoreScope
from inventory.services.errors import Conflict
from inventory.services.sales_import import (
    ImportOptions,
    Progress,
    claims,
    import_kept_file,
    import_sales_file,
    importing,
    keep_upload,
    kept_path,
    preview_sales_file,
    rejects_path,
    stale_files,
)
from inventory.tasks import import_sales_file as import_task
from inventory.tasks import resume_sales_files
from tests.cast import NOW, Cast, movement, record

HEADER = "store,product,date,quantity,price\n"
Import = Callable[..., SalesFile]


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path / "files"
    settings.VAR_DIR = tmp_path


@pytest.fixture
def bring(tmp_path: Path) -> Import:
    """Write the rows under a header and import the file; options by name."""

    def run(
        rows: str, *, header: str = HEADER, scope: Any = None, name: str = "sales.csv", **options: Any
    ) -> SalesFile:
        path = tmp_path / name
        path.write_text(header + rows, encoding="utf-8")
        extra = {"scope": scope} if scope else {}
        return import_sales_file(path=path, name=name, options=ImportOptions(**options), now=NOW, **extra)

    return run


def ledger() -> list[tuple[Any, ...]]:
    rows = InventoryTransaction.objects.filter(source="import").order_by("id")
    return list(rows.values_list("store__code", "product__sku", "movement_type", "quantity", "business_date"))


def test_rows_enter_the_ledger_as_sales_and_returns(cast: Cast, bring: Import) -> None:
    done = bring("N1,SKU-STEADY,2026-03-01,3,1.5\nN1,SKU-STEADY,2026-03-02,-2,1.5\nS1,SKU-NEW,2026-03-02,0,\n")
    assert ledger() == [
        ("N1", "SKU-STEADY", "sale", 3, date(2026, 3, 1)),
        ("N1", "SKU-STEADY", "return", 2, date(2026, 3, 2)),
        ("S1", "SKU-NEW", "sale", 0, date(2026, 3, 2)),
    ]
    assert (done.status, done.rows_read, done.rows_added, done.rows_known, done.rows_rejected) == ("done", 3, 3, 0, 0)
    assert (done.units, done.revenue) == (1, Decimal("1.5000"))
    assert (done.first_date, done.last_date) == (date(2026, 3, 1), date(2026, 3, 2))
    day = DailySales.objects.get(store=cast.north, business_date=date(2026, 3, 2))
    assert (day.units, day.returned_units, day.revenue) == (0, 2, Decimal("-3.0000"))


def test_the_same_file_again_changes_nothing(cast: Cast, bring: Import) -> None:
    rows = "N1,SKU-STEADY,2026-03-01,3,1.5\nN1,SKU-STEADY,2026-03-01,3,1.5\n"
    first = bring(rows)
    again = bring(rows, name="renamed.csv")
    assert again.pk == first.pk
    assert (again.rows_added, again.rows_known, again.units) == (0, 2, 6)
    assert InventoryTransaction.objects.count() == 2  # two equal lines of one file are two sales
    assert DailySales.objects.get().units == 6


def test_bad_rows_are_told_by_line_field_value_and_reason_and_cost_nothing_else(cast: Cast, bring: Import) -> None:
    done = bring(
        "N1,SKU-STEADY,2026-03-01,3,1\n"
        "N1,SKU-STEADY,2026-03-01,2.5,x\n"
        "N9,=cmd(),2026-03-01,1,1\n"
        "N1,SKU-STEADY,1989-12-31,1,1\n"
        "N1,SKU-STEADY,2026-03-18,1,1\n"
        "N1,SKU-STEADY,2026-03-17,1,1\n"
        "N1,SKU-STEADY\n"
        f"N1,{'P' * 65},2026-03-01,1,1\n"
    )
    assert done.status == "partial"
    assert (done.rows_read, done.rows_added, done.rows_rejected) == (8, 2, 6)
    assert [(error["line"], error["field"], error["value"], error["reason"]) for error in done.row_errors] == [
        (3, "quantity", "2.5", "is not a whole number of units"),
        (3, "price", "x", "is not a number"),
        (4, "store", "N9", "is not a known store"),
        (4, "product", "=cmd()", "is not a known product"),
        (5, "date", "1989-12-31", "is before 01 January 1990"),
        (6, "date", "2026-03-18", "is in the future"),
        (8, "line", "N1 | SKU-STEADY", "has 2 columns, the header has 5"),
        (9, "product", "P" * 65, "is longer than 64 characters"),
    ]
    written = rejects_path(done).read_text(encoding="utf-8").splitlines()
    assert written[0] == "line,field,value,reason"
    assert written[4] == "4,product,'=cmd(),is not a known product"
    assert len(written) == 9
    alert = Alert.objects.open().get(kind=Alert.Kind.FILE_REJECTED)
    assert "6 rows rejected" in alert.message


def test_after_create_missing_only_what_was_rejected_is_added(cast: Cast, bring: Import) -> None:
    rows = "N1,SKU-STEADY,2026-03-01,3,1\nN7,🧦-1,2026-03-01,5,2.5\n"
    assert bring(rows).rows_rejected == 1
    assert not Product.objects.filter(sku="🧦-1").exists()
    done = bring(rows, create_missing=True, time_zone="Asia/Tokyo")
    assert (done.status, done.rows_added, done.rows_known, done.rows_rejected) == ("done", 1, 1, 0)
    assert Store.objects.get(code="N7").time_zone == "Asia/Tokyo"
    assert Product.objects.get(sku="🧦-1").price == Decimal("2.5000")
    assert not rejects_path(done).exists()
    assert not Alert.objects.open().filter(kind=Alert.Kind.FILE_REJECTED).exists()


def test_nothing_is_made_for_rows_that_are_rejected(cast: Cast, bring: Import) -> None:
    bring("N7,NEW-1,2026-03-01,2.5,1\n", create_missing=True)
    assert not Store.objects.filter(code="N7").exists()
    assert not Product.objects.filter(sku="NEW-1").exists()


def test_made_products_take_name_and_category_from_the_file(cast: Cast, bring: Import) -> None:
    bring(
        "N1,P1,2026-03-01,1,,\nN1,P1,2026-03-01,1,RED HEART,Gifts\nN1,P1,2026-03-01,1,other,Other\n",
        header="store,sku,date,qty,description,category\n",
        create_missing=True,
    )
    product = Product.objects.get(sku="P1")
    assert (product.name, product.category) == ("RED HEART", "Gifts")


def test_customers_are_made_once_with_the_day_they_were_first_seen(cast: Cast, bring: Import) -> None:
    Customer.objects.create(code="OLD", first_seen=date(2026, 3, 5))
    bring(
        "N1,SKU-STEADY,2026-03-04,1,C1\nN1,SKU-STEADY,2026-03-02,1,C1\nN1,SKU-STEADY,2026-03-03,1,OLD\n"
        "N1,SKU-STEADY,2026-03-03,1,\n",
        header="store,sku,date,qty,customer\n",
    )
    assert dict(Customer.objects.values_list("code", "first_seen")) == {
        "C1": date(2026, 3, 2),
        "OLD": date(2026, 3, 3),
    }
    assert InventoryTransaction.objects.filter(customer=None).count() == 1


def test_invoice_and_promotion_reach_the_ledger(cast: Cast, bring: Import) -> None:
    bring("N1,SKU-STEADY,2026-03-04,1,INV-1,yes\n", header="store,sku,date,qty,invoice,promo\n")
    row = InventoryTransaction.objects.get()
    assert (row.reference, row.is_promotion) == ("INV-1", True)


def test_sales_from_before_the_first_count_are_history_unless_told_otherwise(cast: Cast, bring: Import) -> None:
    record(movement(cast.north, cast.steady, "count", 100, day=date(2026, 3, 5)))
    done = bring("N1,SKU-STEADY,2026-03-04,7,1\nN1,SKU-STEADY,2026-03-06,5,1\n")
    assert StockLevel.objects.get().on_hand_units == 95
    assert done.mapping["outcome"]["history_rows"] == 1
    assert "1 row moved no stock" in done.message
    bring("N1,SKU-STEADY,2026-03-04,3,1\n", stock="move")
    assert StockLevel.objects.get().on_hand_units == 92
    bring("N1,SKU-STEADY,2026-03-07,2,1\n", stock="history")
    assert StockLevel.objects.get().on_hand_units == 92


@pytest.mark.parametrize(
    ("store", "cell", "instant", "day"),
    [
        ("N1", "2026-03-01 23:30", datetime(2026, 3, 1, 23, 30, tzinfo=UTC), date(2026, 3, 1)),
        ("S1", "2026-03-01 23:30", datetime(2026, 3, 1, 21, 30, tzinfo=UTC), date(2026, 3, 1)),
        # An instant belongs to the store's own day: Athens is two hours ahead.
        ("S1", "2026-03-01T23:30:00Z", datetime(2026, 3, 1, 23, 30, tzinfo=UTC), date(2026, 3, 2)),
        ("N1", "2026-03-01", datetime(2026, 3, 1, 12, 0, tzinfo=UTC), date(2026, 3, 1)),
        # 30 March 2025, 01:30, does not exist in London; 26 October, 01:30, comes twice and is taken first.
        ("N1", "2025-03-30 01:30", datetime(2025, 3, 30, 1, 30, tzinfo=UTC), date(2025, 3, 30)),
        ("N1", "2025-10-26 01:30", datetime(2025, 10, 26, 0, 30, tzinfo=UTC), date(2025, 10, 26)),
    ],
)
def test_instants_and_business_days_follow_the_stores_zone(
    cast: Cast, bring: Import, store: str, cell: str, instant: datetime, day: date
) -> None:
    bring(f"{store},SKU-STEADY,{cell},1,1\n")
    row = InventoryTransaction.objects.get()
    assert (row.occurred_at, row.business_date) == (instant, day)


def test_a_time_column_completes_the_date_and_may_be_empty(cast: Cast, bring: Import) -> None:
    bring("S1,SKU-STEADY,2026-03-01,13:45,1\nS1,SKU-STEADY,2026-03-01,,1\n", header="store,sku,date,time,qty\n")
    assert list(InventoryTransaction.objects.order_by("id").values_list("occurred_at", flat=True)) == [
        datetime(2026, 3, 1, 11, 45, tzinfo=UTC),
        datetime(2026, 3, 1, 10, 0, tzinfo=UTC),
    ]


def test_a_file_without_a_store_column_needs_the_store(cast: Cast, bring: Import) -> None:
    with pytest.raises(ValidationError, match="No column holds the store"):
        bring("SKU-STEADY,2026-03-01,1\n", header="sku,date,qty\n")
    with pytest.raises(ValidationError, match="“X9” is not a known store"):
        bring("SKU-STEADY,2026-03-01,1\n", header="sku,date,qty\n", store="X9")
    done = bring("SKU-STEADY,2026-03-01,1\n", header="sku,date,qty\n", store="N1")
    assert (done.store, done.status, ledger()[0][0]) == (cast.north, "done", "N1")


def test_rows_of_other_peoples_stores_are_rejected_and_not_told_apart_from_unknown_ones(
    cast: Cast, bring: Import
) -> None:
    scope = StoreScope(store_ids=frozenset({cast.north.pk}))
    rows = "N1,SKU-STEADY,2026-03-01,1,1\nS1,SKU-STEADY,2026-03-01,1,1\nX9,SKU-STEADY,2026-03-01,1,1\n"
    done = bring(rows, scope=scope, create_missing=True)
    assert {store for store, *_ in ledger()} == {"N1"}
    assert [error["reason"] for error in done.row_errors] == ["is not one of your stores"] * 2
    assert done.store == cast.north
    assert not Store.objects.filter(code="X9").exists()


def test_a_line_is_never_read_in_a_second_way(cast: Cast, bring: Import) -> None:
    rows, header = "N1,SKU-STEADY,2026-03-01,1,9\n", "store,sku,date,units,sales\n"
    bring(rows, header=header)
    with pytest.raises(ValidationError, match="read in another way"):
        bring(rows, header=header, columns={"quantity": "sales"})
    assert ledger()[0][3] == 1
    assert SalesFile.objects.get().status == "done"


def test_a_wrong_reading_that_recorded_nothing_may_be_put_right(cast: Cast, bring: Import) -> None:
    rows, header = "N1,SKU-STEADY,2026-03-01,1.5,9\n", "store,sku,date,units,sales\n"
    assert bring(rows, header=header).status == "failed"
    assert bring(rows, header=header, columns={"quantity": "sales"}).units == 9


@pytest.mark.parametrize(
    ("rows", "header", "message"),
    [
        ("", "", "The file is empty"),
        ("", "\n\n", "The file holds no text"),
        ("N1,A,03/04/2024,1,1\n", HEADER, "has the day or the month first"),
        ("N1,A,2024-01-01,1,1\n", "store,sku,date,qty,qty\n", "stands 2 times"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_failed_row_with_the_reason(
    db: None, bring: Import, rows: str, header: str, message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        bring(rows, header=header)
    failed = SalesFile.objects.get()
    assert failed.status == "failed"
    assert message in failed.message


def test_a_header_alone_is_a_failed_import(db: None, bring: Import) -> None:
    done = bring("")
    assert (done.status, done.message) == ("failed", "The file has a header and no rows.")


def test_an_import_cut_short_goes_on_where_it_stopped(
    cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH_ROWS", 10)
    path = tmp_path / "long.csv"
    path.write_text(HEADER + "N1,SKU-STEADY,2026-03-01,1,2\n" * 35)

    def break_off(progress: Progress) -> None:
        if progress.rows_read == 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_sales_file(path=path, name="long.csv", options=ImportOptions(), now=NOW, progress=break_off)
    stopped = SalesFile.objects.get()
    assert (stopped.status, stopped.rows_added) == ("failed", 20)
    assert "Stopped by hand" in stopped.message
    done = import_sales_file(path=path, name="long.csv", options=ImportOptions(), now=NOW)
    assert (done.status, done.rows_added, done.rows_known, done.units) == ("done", 15, 20, 35)
    assert DailySales.objects.get().units == 35


def test_progress_estimates_the_rows_to_come(cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "BATCH_ROWS", 10)
    path = tmp_path / "long.csv"
    path.write_text(HEADER + "N1,SKU-STEADY,2026-03-01,1,2\n" * 20 + "N1,SKU-STEADY,2026-03-01,?,2\n")
    heard: list[Progress] = []
    import_sales_file(path=path, name="long.csv", options=ImportOptions(), now=NOW, progress=heard.append)
    assert [(progress.rows_read, progress.rows_rejected) for progress in heard] == [(10, 0), (20, 0), (21, 1)]
    assert heard[-1].rows_expected == 21


def test_the_number_of_queries_does_not_grow_with_the_rows(
    cast: Cast, tmp_path: Path, django_assert_max_num_queries: Any
) -> None:
    def queries_of(rows: int) -> int:
        path = tmp_path / f"{rows}.csv"
        path.write_text(HEADER + f"N1,SKU-STEADY,2026-03-01,1,{rows}\n" * rows)
        with django_assert_max_num_queries(60) as seen:
            import_sales_file(path=path, name="x.csv", options=ImportOptions(), now=NOW)
        return len(seen)

    queries_of(1)  # makes the level
    assert queries_of(3) == queries_of(300)


def test_a_preview_shows_the_reading_and_writes_nothing(cast: Cast, tmp_path: Path) -> None:
    path = tmp_path / "sales.csv"
    path.write_text(HEADER + "S1,SKU-STEADY,2026-03-01,-2,1.5\nX9,NEW-1,2026-03-01,1,\nN1,SKU-STEADY,2026-03-01,?,1\n")
    preview = preview_sales_file(path=path, options=ImportOptions(create_missing=True), now=NOW)
    assert preview.columns == {name: name for name in ("store", "product", "date", "quantity", "price")}
    assert [(row.store, row.quantity, row.date, row.makes) for row in preview.rows] == [
        ("S1", -2, "2026-03-01 12:00", ()),
        ("X9", 1, "2026-03-01 12:00", ("store", "product")),
    ]
    assert [(reject.line, reject.field) for reject in preview.rejects] == [(4, "quantity")]
    assert not SalesFile.objects.exists()
    assert not Store.objects.filter(code="X9").exists()
    assert len(preview_sales_file(path=path, options=ImportOptions(), limit=1, now=NOW).rows) == 1


# Uploads and the worker


def upload(rows: str, *, by: Any = None, scope: StoreScope | None = None, **options: Any) -> SalesFile:
    from io import BytesIO

    extra = {"scope": scope} if scope else {}
    return keep_upload(
        file=BytesIO((HEADER + rows).encode()),
        name="upload.csv",
        uploaded_by=by,
        now=NOW,
        options=ImportOptions(**options),
        **extra,
    )


def test_an_upload_is_kept_and_imported_by_the_worker_with_its_options(cast: Cast) -> None:
    sales_file = upload("N1,NEW-1,2026-03-01,3,1\n", by=cast.buyer, create_missing=True)
    assert (sales_file.status, sales_file.uploaded_by) == ("pending", cast.buyer)
    assert kept_path(sales_file).read_text().endswith("NEW-1,2026-03-01,3,1\n")
    for _ in range(2):  # a message may be delivered twice
        import_task(sales_file.pk)
    sales_file.refresh_from_db()
    assert (sales_file.status, sales_file.rows_added, sales_file.rows_known) == ("done", 0, 1)
    assert InventoryTransaction.objects.get().recorded_by == "bo"


def test_an_upload_stays_within_the_stores_of_its_uploader(cast: Cast) -> None:
    scope = StoreScope(store_ids=frozenset({cast.north.pk}))
    sales_file = upload("S1,SKU-STEADY,2026-03-01,3,1\n", by=cast.store_manager, scope=scope)
    import_task(sales_file.pk)
    sales_file.refresh_from_db()
    assert (sales_file.status, sales_file.rows_rejected) == ("failed", 1)
    assert not InventoryTransaction.objects.exists()


def test_an_upload_that_cannot_be_read_leaves_its_reason_and_the_worker_goes_on(cast: Cast) -> None:
    sales_file = upload("N1,SKU-STEADY,03/04/2024,3,1\n")
    import_task(sales_file.pk)
    sales_file.refresh_from_db()
    assert sales_file.status == "failed"
    assert "Nothing shows whether" in sales_file.message


def test_empty_and_oversized_uploads_are_refused_and_not_kept(cast: Cast, settings: Any) -> None:
    from io import BytesIO

    with pytest.raises(ValidationError, match="The file is empty"):
        keep_upload(file=BytesIO(b""), name="x", uploaded_by=None, now=NOW, options=ImportOptions())
    settings.SALES_FILE_MAX_BYTES = 10
    with pytest.raises(ValidationError, match="larger than 10 bytes"):
        upload("N1,SKU-STEADY,2026-03-01,3,1\n")
    assert not SalesFile.objects.exists()
    assert list((Path(settings.MEDIA_ROOT) / "sales_files").iterdir()) == []


def test_files_left_behind_by_a_killed_worker_are_found_and_taken_up(cast: Cast, settings: Any) -> None:
    settings.CELERY_TASK_ALWAYS_EAGER = True
    dead = upload("N1,SKU-STEADY,2026-03-01,3,1\n")
    SalesFile.objects.filter(pk=dead.pk).update(status="running")
    fresh = upload("N1,SKU-STEADY,2026-03-01,4,1\n")
    created = SalesFile.objects.get(pk=fresh.pk).created_at
    assert [sales_file.pk for sales_file in stale_files(created)] == [dead.pk]
    later = created + timedelta(seconds=settings.RUN_LEASE_SECONDS + 60)
    assert [sales_file.pk for sales_file in stale_files(later)] == [dead.pk, fresh.pk]
    import_kept_file(sales_file_id=dead.pk, now=NOW)
    assert [sales_file.pk for sales_file in stale_files(created)] == []


def test_resuming_orders_every_file_that_was_left_behind(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    ordered: list[int] = []
    monkeypatch.setattr(import_task, "delay", ordered.append)
    dead = upload("N1,SKU-STEADY,2026-03-01,3,1\n")
    SalesFile.objects.filter(pk=dead.pk).update(status="running")
    SalesFile.objects.create(name="by command", checksum="0" * 64, status="running")  # its bytes are not here
    resume_sales_files()
    assert ordered == [dead.pk]


def test_a_running_import_is_not_disturbed(cast: Cast, bring: Import) -> None:
    waiting = upload("N1,SKU-STEADY,2026-03-01,3,1\n")
    SalesFile.objects.filter(pk=waiting.pk).update(status="running")
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        with claims.claimed(waiting.checksum):
            held.set()
            release.wait(10)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        assert held.wait(10)
        assert stale_files(NOW + timedelta(days=400)) == []
        with pytest.raises(Conflict):
            upload("N1,SKU-STEADY,2026-03-01,3,1\n")
        with pytest.raises(Conflict):
            bring("N1,SKU-STEADY,2026-03-01,3,1\n")
        import_task(waiting.pk)  # the other worker has it
        assert not InventoryTransaction.objects.exists()
    finally:
        release.set()
        holder.join()
    assert bring("N1,SKU-STEADY,2026-03-01,3,1\n").rows_added == 1


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"columns": {"colour": "x"}}, "columns"),
        ({"stock": "sometimes"}, "stock"),
        ({"date_order": "year-first"}, "date_order"),
        ({"decimal_mark": ";"}, "decimal_mark"),
        ({"delimiter": "ab"}, "delimiter"),
        ({"time_zone": "Mars/Base"}, "time_zone"),
    ],
)
def test_wrong_options_are_refused_by_name(wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        ImportOptions(**wrong)
    assert list(caught.value.message_dict) == [field]


def test_options_survive_being_kept_as_json() -> None:
    options = ImportOptions(columns={"store": "Shop"}, delimiter="tab", create_missing=True)
    assert ImportOptions.from_json(options.as_json()) == options
    with pytest.raises(ValidationError):
        ImportOptions.from_json({"colour": "red"})
