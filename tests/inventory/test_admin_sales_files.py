"""Sales files in the admin: previewed before anything is written, then handed to the worker, for own stores alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from invencare.celery import app
from inventory.models import DailySales, InventoryTransaction, SalesFile
from tests.cast import Cast

UPLOAD = reverse("admin:inventory_salesfile_upload")
CONFIRM = reverse("admin:inventory_salesfile_confirm")
GOOD = b"store,product,date,quantity,price\nN1,SKU-STEADY,2026-03-01,4,5.00\nN1,SKU-NEW,2026-03-02,2,1.50\n"
MIXED = GOOD + b"N1,SKU-NOBODY,2026-03-02,1,1.00\nN1,SKU-NEW,yesterday,1,1.00\n"


@pytest.fixture(autouse=True)
def _kept_files(settings: Any, tmp_path: Path) -> Iterator[None]:
    """Uploads of this test alone; the worker's task runs at once."""
    settings.MEDIA_ROOT = tmp_path
    before = app.conf.task_always_eager
    app.conf.task_always_eager = True
    yield
    app.conf.task_always_eager = before


def upload(client: Client, user: Any, content: bytes, **said: str) -> Any:
    client.force_login(user)
    file = SimpleUploadedFile("sales.csv", content)
    return client.post(UPLOAD, {"file": file, "store": "", "stock": "auto", "columns": "", "date_order": "", **said})


def confirm(client: Client, previewed: Any) -> Any:
    return client.post(CONFIRM, {"token": previewed.context["token"]}, follow=True)


def test_a_preview_shows_good_and_bad_rows_and_writes_nothing(cast: Cast, client: Client) -> None:
    previewed = upload(client, cast.analyst, MIXED)
    preview = previewed.context["preview"]
    assert [(row.product, row.quantity) for row in preview.rows] == [("SKU-STEADY", 4), ("SKU-NEW", 2)]
    assert [(reject.line, reject.field) for reject in preview.rejects] == [(4, "product"), (5, "date")]
    assert (SalesFile.objects.count(), InventoryTransaction.objects.count()) == (0, 0)


def test_a_confirmed_file_is_imported_and_its_rejected_rows_can_be_downloaded(cast: Cast, client: Client) -> None:
    page = confirm(client, upload(client, cast.analyst, MIXED))
    sales_file = SalesFile.objects.get()
    assert (sales_file.status, sales_file.rows_added, sales_file.rows_rejected) == ("partial", 2, 2)
    assert sales_file.uploaded_by == cast.analyst
    assert DailySales.objects.count() == 2
    assert "Download all rejected rows" in page.content.decode()
    rejects = client.get(reverse("admin:inventory_salesfile_rejects", args=[sales_file.pk]))
    lines = b"".join(rejects.streaming_content).decode().splitlines()
    assert [line.split(",")[0] for line in lines] == ["line", "4", "5"]


def test_a_file_can_be_confirmed_once(cast: Cast, client: Client) -> None:
    previewed = upload(client, cast.analyst, GOOD)
    confirm(client, previewed)
    again = confirm(client, previewed)
    assert "This preview is no longer there." in again.content.decode()
    assert InventoryTransaction.objects.count() == 2


def test_the_same_file_again_counts_nothing_twice(cast: Cast, client: Client) -> None:
    for _ in range(2):
        confirm(client, upload(client, cast.analyst, GOOD))
    assert (SalesFile.objects.count(), InventoryTransaction.objects.count()) == (1, 2)


def test_another_persons_preview_cannot_be_confirmed(cast: Cast, client: Client) -> None:
    previewed = upload(client, cast.analyst, GOOD)
    client.force_login(cast.buyer)
    assert "no longer there" in confirm(client, previewed).content.decode()
    assert not SalesFile.objects.exists()


def test_a_forged_token_opens_nothing(cast: Cast, client: Client) -> None:
    client.force_login(cast.analyst)
    response = client.post(CONFIRM, {"token": "../../etc/passwd"}, follow=True)
    assert "no longer there" in response.content.decode()


def test_a_store_managers_file_reaches_the_own_store_alone(cast: Cast, client: Client) -> None:
    content = GOOD + b"S1,SKU-STEADY,2026-03-01,9,5.00\n"
    page = confirm(client, upload(client, cast.store_manager, content))
    assert set(InventoryTransaction.objects.values_list("store__code", flat=True)) == {"N1"}
    assert page.status_code == 200  # the uploader sees the outcome, rejected row and all
    assert SalesFile.objects.get().rows_rejected == 1


def test_a_store_manager_does_not_see_the_files_of_others(cast: Cast, client: Client) -> None:
    confirm(client, upload(client, cast.analyst, GOOD.replace(b"N1", b"S1")))
    sales_file = SalesFile.objects.get()
    client.force_login(cast.store_manager)
    for address in (
        reverse("admin:inventory_salesfile_change", args=[sales_file.pk]),
        reverse("admin:inventory_salesfile_rejects", args=[sales_file.pk]),
    ):
        assert client.get(address).status_code in (302, 404)


@pytest.mark.parametrize(
    ("content", "said", "message"),
    [
        (b"", {}, "empty"),
        (b"a,b\n1,2\n", {}, "column"),
        (GOOD, {"columns": "quantity"}, "Write field=column"),
        (GOOD, {"columns": "colour=x"}, "not known"),
        (GOOD, {"store": "NOPE"}, "Select a valid choice"),
    ],
)
def test_what_cannot_be_read_is_said_on_the_form(
    content: bytes, said: dict[str, str], message: str, cast: Cast, client: Client
) -> None:
    response = upload(client, cast.analyst, content, **said)
    assert response.status_code == 200
    assert message in str(response.context["form"].errors)
    assert not SalesFile.objects.exists()


def test_only_who_may_add_stores_and_products_may_have_them_made(cast: Cast, client: Client) -> None:
    client.force_login(cast.buyer)
    assert "create_missing" not in client.get(UPLOAD).context["form"].fields
    page = confirm(client, upload(client, cast.buyer, MIXED, create_missing="on"))
    assert page.status_code == 200
    assert SalesFile.objects.get().rows_rejected == 2


@pytest.mark.parametrize("person", ["viewer", "outsider"])
def test_who_only_looks_uploads_nothing(person: str, cast: Cast, client: Client) -> None:
    assert upload(client, cast.people[person], GOOD).status_code == 403
    assert client.post(CONFIRM, {"token": ""}).status_code == 403
