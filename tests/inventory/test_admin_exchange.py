"""Import and export of the catalogue: natural keys, preview, row errors, scope, and cells that must not run."""

from __future__ import annotations

import io
from typing import Any

import openpyxl
import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from invencare.lib.spreadsheets import escape_cell
from inventory.admin import formats
from inventory.admin.formats import unescape_cell
from inventory.models import InventoryTransaction, Product, StockLevel, Store, Supplier, SupplierItem
from tests.cast import Cast, movement, record, set_bounds

CSV_FORMAT, XLSX_FORMAT = "0", "1"


def preview(client: Client, user: User, model: str, content: bytes, file_format: str = CSV_FORMAT) -> Any:
    """What the first step answers; its confirm form is in ``context["confirm_form"]`` when there is no error."""
    client.force_login(user)
    upload = SimpleUploadedFile("file.csv" if file_format == CSV_FORMAT else "file.xlsx", content)
    return client.post(
        reverse(f"admin:inventory_{model}_import"), {"import_file": upload, "format": file_format, "resource": ""}
    )


def confirm(client: Client, model: str, previewed: Any) -> Any:
    data = {name: value for name, value in previewed.context["confirm_form"].initial.items() if value is not None}
    return client.post(reverse(f"admin:inventory_{model}_process_import"), data)


def row_messages(previewed: Any) -> str:
    """Every row error and field error of a preview, as one text."""
    result = previewed.context["result"]
    errors = [str(error.error) for row in result.rows for error in row.errors]
    invalid = [str(row.error_dict) for row in result.invalid_rows]
    return " ".join([*errors, *invalid])


def export(client: Client, user: User, model: str, file_format: str = CSV_FORMAT) -> bytes:
    client.force_login(user)
    response = client.post(reverse(f"admin:inventory_{model}_export"), {"format": file_format, "resource": ""})
    assert response.status_code == 200
    content: bytes = response.content
    return content


def test_a_preview_writes_nothing_and_its_confirmation_does(cast: Cast, client: Client) -> None:
    previewed = preview(client, cast.buyer, "product", b"sku,name,category,price\nNEW-1,Kettle,Kitchen,12.50\n")
    assert previewed.status_code == 200
    assert not Product.objects.filter(sku="NEW-1").exists()
    assert confirm(client, "product", previewed).status_code == 302
    assert list(Product.objects.filter(sku="NEW-1").values_list("name", "category")) == [("Kettle", "Kitchen")]


def test_a_row_is_known_by_its_natural_key_and_only_given_columns_change(cast: Cast, client: Client) -> None:
    previewed = preview(client, cast.buyer, "product", b"sku,price\nSKU-STEADY,9.99\n")
    confirm(client, "product", previewed)
    cast.steady.refresh_from_db()
    assert (str(cast.steady.price), cast.steady.name) == ("9.9900", "Steady product")
    assert Product.objects.count() == 5


def test_a_bad_row_is_named_and_stops_the_file(cast: Cast, client: Client) -> None:
    content = b"sku,name,price,pack_size\nNEW-1,Kettle,12.50,1\nNEW-2,Pan,-3,1\n,Nameless,1,1\n"
    previewed = preview(client, cast.buyer, "product", content)
    assert "confirm_form" not in previewed.context or previewed.context["confirm_form"] is None
    assert "greater than or equal to 0" in row_messages(previewed)
    assert "The column “sku” is empty." in row_messages(previewed)
    assert Product.objects.count() == 5


def test_supplier_items_name_supplier_and_product_by_code(cast: Cast, client: Client) -> None:
    Supplier.objects.create(code="BETA", name="Beta")
    content = b"supplier,product,unit_cost,lead_time_days\nBETA,SKU-STEADY,2.5,3\n"
    confirm(client, "supplieritem", preview(client, cast.buyer, "supplieritem", content))
    item = SupplierItem.objects.get(supplier__code="BETA")
    assert (item.product_id, str(item.unit_cost), str(item.lead_time_days)) == (cast.steady.pk, "2.5000", "3.00")


def test_an_unknown_code_is_a_row_error(cast: Cast, client: Client) -> None:
    previewed = preview(client, cast.buyer, "supplieritem", b"supplier,product,unit_cost\nNOBODY,SKU-STEADY,1\n")
    assert "No supplier “NOBODY” exists" in row_messages(previewed)


def test_bounds_are_imported_and_the_ledger_stays_as_it_is(cast: Cast, client: Client) -> None:
    record(movement(cast.north, cast.steady, "count", 40))
    content = b"store,product,minimum_units,maximum_units\nN1,SKU-STEADY,5,50\n"
    confirm(client, "stocklevel", preview(client, cast.store_manager, "stocklevel", content))
    level = StockLevel.objects.get(store=cast.north, product=cast.steady)
    assert (level.on_hand_units, level.minimum_units, level.maximum_units) == (40, 5, 50)
    assert InventoryTransaction.objects.count() == 1


def test_an_import_cannot_change_the_stock(cast: Cast, client: Client) -> None:
    record(movement(cast.north, cast.steady, "count", 40))
    content = b"store,product,on_hand_units,minimum_units\nN1,SKU-STEADY,9999,5\n"
    previewed = preview(client, cast.store_manager, "stocklevel", content)
    assert "The stock is 40 units, the file says 9999." in row_messages(previewed)
    assert StockLevel.objects.get().on_hand_units == 40


def test_a_store_manager_cannot_import_another_stores_rows(cast: Cast, client: Client) -> None:
    level = set_bounds(cast.south, cast.steady, minimum=1, maximum=10)
    content = b"store,product,minimum_units\nS1,SKU-STEADY,9\n"
    previewed = preview(client, cast.store_manager, "stocklevel", content)
    assert "No store “S1” exists, or it is not one of yours." in row_messages(previewed)
    level.refresh_from_db()
    assert level.minimum_units == 1


def test_who_may_change_but_not_add_is_told_so(cast: Cast, client: Client) -> None:
    content = b"store,product,minimum_units\nN1,SKU-STEADY,9\n"
    previewed = preview(client, cast.store_manager, "stocklevel", content)
    assert "You may change stock levels, but not add new ones." in row_messages(previewed)
    assert not StockLevel.objects.exists()


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"sku\n\x00\xff"])
def test_a_file_that_cannot_be_read_is_a_message_on_the_form(content: bytes, cast: Cast, client: Client) -> None:
    previewed = preview(client, cast.buyer, "product", content)
    assert previewed.status_code == 200
    assert previewed.context["form"].errors["import_file"]
    assert Product.objects.count() == 5


def test_no_zip_bomb_is_unpacked(cast: Cast, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "LARGEST_UNPACKED_BYTES", 1000)
    workbook = openpyxl.Workbook()
    workbook.active.append(["sku", "name"])
    file = io.BytesIO()
    workbook.save(file)
    previewed = preview(client, cast.buyer, "product", file.getvalue(), XLSX_FORMAT)
    assert "larger than" in str(previewed.context["form"].errors)


def test_an_export_has_natural_keys_and_can_be_imported_again(cast: Cast, client: Client) -> None:
    record(movement(cast.north, cast.steady, "count", 40))
    content = export(client, cast.store_manager, "stocklevel")
    lines = content.decode().splitlines()
    assert lines[0] == "store,product,on_hand_units,minimum_units,maximum_units,is_on_sale"
    assert lines[1] == "N1,SKU-STEADY,40,0,0,1"
    previewed = preview(client, cast.store_manager, "stocklevel", content)
    assert row_messages(previewed) == ""
    assert previewed.context["result"].totals["skip"] == 1


def test_an_export_holds_only_the_own_stores(cast: Cast, client: Client) -> None:
    record(movement(cast.north, cast.steady, "count", 40), movement(cast.south, cast.steady, "count", 7))
    lines = export(client, cast.store_manager, "stocklevel").decode().splitlines()
    assert [line.split(",")[0] for line in lines] == ["store", "N1"]


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0", "+1+1", "-1+1", "@SUM(A1)"])
def test_a_cell_that_a_spreadsheet_would_run_is_exported_as_text(name: str, cast: Cast, client: Client) -> None:
    Product.objects.filter(pk=cast.steady.pk).update(name=name)
    rows = export(client, cast.viewer, "product", XLSX_FORMAT)
    sheet = openpyxl.load_workbook(io.BytesIO(rows)).active
    names = {row[0].value: row[1].value for row in sheet.iter_rows(min_row=2)}
    assert names["SKU-STEADY"] == f"'{name}"
    assert f"'{name}" in export(client, cast.viewer, "product").decode()


@pytest.mark.parametrize("cell", ["=1", "+x", "-x", "@x", "plain", "-5", "", "'quoted"])
def test_escaping_is_undone_by_the_import(cell: str) -> None:
    assert unescape_cell(escape_cell(cell)) == cell


def test_stores_are_imported_by_administrators_with_their_time_zone_checked(cast: Cast, client: Client) -> None:
    good = b"code,name,time_zone,currency\nW1,West,Europe/Lisbon,EUR\n"
    confirm(client, "store", preview(client, cast.administrator, "store", good))
    assert Store.objects.get(code="W1").time_zone == "Europe/Lisbon"
    bad = preview(client, cast.administrator, "store", b"code,name,time_zone\nW2,West,Moon/Base\n")
    assert "is no IANA time zone" in row_messages(bad)
