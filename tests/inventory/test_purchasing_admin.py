"""Orders, receipts and transfers in the admin: buttons, rights of the whole cast, and refusals without a trace."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from inventory.models import (
    InventoryTransaction,
    PurchaseOrder,
    PurchaseOrderLine,
    Receipt,
    StockLevel,
    StockTransfer,
    StockTransferLine,
    Store,
    Supplier,
    TransferReceipt,
)
from inventory.services.purchasing import OrderItem, add_to_draft_order, approve_order
from inventory.services.transfers import TransferItem, approve_transfer, create_transfer, dispatch_transfer
from tests.cast import NOW, Cast

ORDERS = reverse("admin:inventory_purchaseorder_changelist")
TRANSFERS = reverse("admin:inventory_stocktransfer_changelist")
ORDER_STEPS = ["lines", "approve", "send", "mail", "close", "cancel"]


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def order_url(order: PurchaseOrder, step: str = "change") -> str:
    return reverse(f"admin:inventory_purchaseorder_{step}", args=[order.pk])


def transfer_url(transfer: StockTransfer, step: str = "change") -> str:
    return reverse(f"admin:inventory_stocktransfer_{step}", args=[transfer.pk])


def said(response: Any) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def draft_at(cast: Cast, store: Any, units: int = 12) -> PurchaseOrder:
    items = [OrderItem(cast.steady.pk, units, Decimal("3.00"))]
    return add_to_draft_order(store=store, supplier=cast.supplier, items=items, actor=cast.buyer, now=NOW)


def sent_at(cast: Cast, store: Any) -> PurchaseOrder:
    order = draft_at(cast, store)
    PurchaseOrder.objects.filter(pk=order.pk).update(status="sent", expected_date=NOW.date())
    order.refresh_from_db()
    return order


def sent_transfer(cast: Cast, up_to: str = "sent") -> StockTransfer:
    """Ten of the steady product from south to north."""
    item = [TransferItem(cast.steady.pk, 10)]
    transfer = create_transfer(from_store=cast.south, to_store=cast.north, items=item, actor=cast.buyer, now=NOW)
    if up_to in {"approved", "sent"}:
        approve_transfer(transfer_id=transfer.pk, actor=cast.buyer, now=NOW)
    if up_to == "sent":
        dispatch_transfer(transfer_id=transfer.pk, actor=cast.buyer, now=NOW)
    return transfer


def everything() -> list[Any]:
    """All that an order's buttons could change."""
    tables = (PurchaseOrder, PurchaseOrderLine, Receipt, StockLevel, InventoryTransaction)
    tables += (StockTransfer, StockTransferLine, TransferReceipt)
    return [list(table.objects.order_by("pk").values()) for table in tables]


def receipt_of(order: PurchaseOrder, units: object, key: str = "k1") -> dict[str, Any]:
    return {f"units_{order.lines.get().pk}": units, "idempotency_key": key}


@pytest.mark.parametrize("count", [3, 30])
def test_the_list_of_orders_takes_the_same_queries_for_any_number_of_rows(
    cast: Cast, count: int, django_assert_num_queries: Callable[..., Any]
) -> None:
    suppliers = [Supplier.objects.create(code=f"S{i}", name=f"Supplier {i}") for i in range(count)]
    for supplier in suppliers:
        items = [OrderItem(product.pk, 6, Decimal(3)) for product in cast.products[:2]]
        add_to_draft_order(store=cast.north, supplier=supplier, items=items, actor=cast.buyer, now=NOW)
    client = signed_in(cast.buyer)
    with django_assert_num_queries(10):  # stores and suppliers are read after LIMIT, two queries more than a join
        response = client.get(ORDERS)
    rows = response.context["cl"].result_list
    assert [(row.line_count, row.ordered_units_sum, float(row.order_value)) for row in rows] == [(2, 12, 36.0)] * count


@pytest.mark.parametrize("count", [3, 30])
def test_the_list_of_transfers_takes_the_same_queries_for_any_number_of_rows(
    cast: Cast, count: int, django_assert_num_queries: Callable[..., Any]
) -> None:
    for _ in range(count):
        item = [TransferItem(cast.steady.pk, 1)]
        create_transfer(from_store=cast.south, to_store=cast.north, items=item, actor=cast.buyer, now=NOW)
    client = signed_in(cast.buyer)
    with django_assert_num_queries(8):
        response = client.get(TRANSFERS)
    assert len(response.context["cl"].result_list) == count


@pytest.mark.parametrize("count", [1, 5])
def test_the_page_of_an_order_takes_the_same_queries_for_any_number_of_lines(
    cast: Cast, count: int, django_assert_num_queries: Callable[..., Any]
) -> None:
    items = [OrderItem(product.pk, 6, Decimal(3)) for product in cast.products[:count]]
    order = add_to_draft_order(store=cast.north, supplier=cast.supplier, items=items, actor=cast.buyer, now=NOW)
    client = signed_in(cast.buyer)
    with django_assert_num_queries(7):
        response = client.get(order_url(order))
    assert len(response.context["lines"]) == count


@pytest.mark.parametrize(
    ("person", "listed", "own_page", "other_page"),
    [
        ("viewer", 2, 200, 200),
        ("store_manager", 1, 200, 404),
        ("buyer", 2, 200, 200),
        ("analyst", 2, 200, 200),
        ("administrator", 2, 200, 200),
        ("outsider", None, 403, 403),
    ],
)
def test_everybody_sees_the_orders_of_own_stores_and_no_others(
    cast: Cast, person: str, listed: int | None, own_page: int, other_page: int
) -> None:
    own, other = draft_at(cast, cast.north), draft_at(cast, cast.south)
    client = signed_in(cast.people[person])
    response = client.get(ORDERS)
    if listed is None:
        assert response.status_code == 403
    else:
        assert len(response.context["cl"].result_list) == listed
    for step in ("change", "csv", "pdf"):
        assert client.get(order_url(own, step)).status_code == own_page
        assert client.get(order_url(other, step)).status_code == other_page


@pytest.mark.parametrize("person", ["viewer", "store_manager", "analyst", "outsider"])
@pytest.mark.parametrize("step", ORDER_STEPS)
def test_only_buyers_take_the_steps_of_an_order(cast: Cast, person: str, step: str) -> None:
    order = draft_at(cast, cast.north)
    before = everything()
    assert signed_in(cast.people[person]).post(order_url(order, step)).status_code == 403
    assert everything() == before


@pytest.mark.parametrize(
    ("person", "status"),
    [
        ("viewer", 403),
        ("store_manager", 302),
        ("buyer", 302),
        ("analyst", 403),
        ("administrator", 302),
        ("outsider", 403),
    ],
)
def test_those_who_work_in_the_store_receive(cast: Cast, person: str, status: int) -> None:
    order = sent_at(cast, cast.north)
    before = everything()
    response = signed_in(cast.people[person]).post(order_url(order, "receive"), receipt_of(order, 12))
    assert response.status_code == status
    if status == 403:
        assert everything() == before
    else:
        assert StockLevel.objects.get().on_hand_units == 12


def test_a_manager_of_another_store_receives_nothing_there(cast: Cast) -> None:
    order = sent_at(cast, cast.south)
    before = everything()
    response = signed_in(cast.store_manager).post(order_url(order, "receive"), receipt_of(order, 12))
    assert response.status_code == 404
    assert everything() == before


@pytest.mark.parametrize("step", [*ORDER_STEPS, "receive"])
def test_a_link_moves_nothing(cast: Cast, step: str) -> None:
    order = draft_at(cast, cast.north)
    before = everything()
    response = signed_in(cast.buyer).get(order_url(order, step))
    assert (response.status_code, response["Location"]) == (302, order_url(order))
    assert everything() == before


@pytest.mark.parametrize("step", [*ORDER_STEPS, "receive"])
def test_without_a_csrf_token_nothing_moves(cast: Cast, step: str) -> None:
    order = draft_at(cast, cast.north)
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.buyer)
    before = everything()
    assert client.post(order_url(order, step)).status_code == 403
    assert everything() == before


def test_an_order_goes_from_draft_to_received(cast: Cast, django_capture_on_commit_callbacks: Any) -> None:
    order = draft_at(cast, cast.north)
    client, line = signed_in(cast.buyer), order.lines.get()
    number = order.number

    def post(step: str, data: dict[str, Any]) -> list[str]:
        with django_capture_on_commit_callbacks(execute=True):
            client.post(order_url(order, step), data)
        return said(client.get(order_url(order)))

    version = PurchaseOrder.objects.get().version
    assert post("lines", {f"units_{line.pk}": "24", "version": version}) == [f"The lines of {number} are saved."]
    assert post("approve", {"version": version + 1}) == [f"{number} is approved."]
    [sent] = post("send", {"version": version + 2})
    assert sent.startswith(f"{number} is sent, expected ")
    assert [message.to for message in mail.outbox] == [["orders@acme.example"]]
    assert post("receive", receipt_of(order, 10)) == [f"Received: {number} is partly received."]
    assert post("receive", receipt_of(order, 14, "k2")) == [f"Received: {number} is received."]
    assert StockLevel.objects.get().on_hand_units == 24


def test_the_receive_form_is_filled_with_what_is_still_to_come(cast: Cast) -> None:
    order = sent_at(cast, cast.north)
    client = signed_in(cast.store_manager)
    client.post(order_url(order, "receive"), receipt_of(order, 5))
    text = client.get(order_url(order)).content.decode()
    assert f'name="units_{order.lines.get().pk}" value="7"' in text


def test_a_double_click_on_receive_books_once(cast: Cast) -> None:
    order = sent_at(cast, cast.north)
    client = signed_in(cast.buyer)
    for _ in range(2):
        client.post(order_url(order, "receive"), receipt_of(order, 5))
    assert (Receipt.objects.count(), StockLevel.objects.get().on_hand_units) == (1, 5)


@pytest.mark.parametrize(
    ("units", "message"),
    [
        ("25", "SKU-STEADY: 25 units would have arrived of 12 ordered; at most 24 are accepted."),
        ("-1", "SKU-STEADY: -1 units cannot arrive; correct the stock by a count instead."),
        ("1.5", "“1.5” is no number of units; use whole numbers."),
        ("=cmd()", "“=cmd()” is no number of units; use whole numbers."),
        ("99999999999999999999", "“99999999999999999999” is no number of units; use whole numbers."),
        ("--5", "“--5” is no number of units; use whole numbers."),
        ("٣", "“٣” is no number of units; use whole numbers."),
        ("", "Give the units that arrived of at least one line."),
    ],
)
def test_a_bad_delivery_is_said_and_moves_nothing(cast: Cast, units: str, message: str) -> None:
    order = sent_at(cast, cast.north)
    before = everything()
    response = signed_in(cast.buyer).post(order_url(order, "receive"), receipt_of(order, units), follow=True)
    assert said(response) == [message]
    assert everything() == before


def test_a_refused_delivery_keeps_what_was_typed(cast: Cast) -> None:
    order = sent_at(cast, cast.north)
    response = signed_in(cast.store_manager).post(order_url(order, "receive"), receipt_of(order, '25"><b>'))
    text = response.content.decode()
    assert f'name="units_{order.lines.get().pk}" value="25&quot;&gt;&lt;b&gt;"' in text


def test_a_stale_page_is_told_and_approves_nothing(cast: Cast) -> None:
    """Two pages on version 1 of the draft: the first changed the lines, the second would approve what it never saw."""
    order = draft_at(cast, cast.north)
    version = PurchaseOrder.objects.get().version
    stale = {"version": version}
    draft_at(cast, cast.north)
    response = signed_in(cast.buyer).post(order_url(order, "approve"), stale, follow=True)
    assert said(response) == [
        f"{order.number} was changed since you opened it; look at it again before it is approved."
    ]
    assert PurchaseOrder.objects.get().status == "draft"


def test_the_page_offers_only_the_steps_that_can_be_taken(cast: Cast) -> None:
    order = draft_at(cast, cast.north)
    names = ["may_edit", "may_approve", "may_send", "may_mail", "may_receive", "may_close", "may_cancel"]

    def offered(status: str, person: Any) -> set[str]:
        PurchaseOrder.objects.filter(pk=order.pk).update(status=status)
        context = signed_in(person).get(order_url(order)).context
        return {name.removeprefix("may_") for name in names if context[name]}

    assert {status: offered(status, cast.buyer) for status in PurchaseOrder.Status.values} == {
        "draft": {"edit", "approve", "cancel"},
        "approved": {"send", "cancel"},
        "sent": {"mail", "receive", "cancel"},
        "partly_received": {"mail", "receive", "close"},
        "received": set(),
        "cancelled": set(),
    }
    assert offered("sent", cast.store_manager) == {"receive"}
    assert offered("sent", cast.viewer) == set()


def typed(lines: list[tuple[str, str]], **fields: Any) -> dict[str, Any]:
    data = {"lines-TOTAL_FORMS": str(len(lines)), "lines-INITIAL_FORMS": "0", **fields}
    for i, (sku, units) in enumerate(lines):
        data |= {f"lines-{i}-sku": sku, f"lines-{i}-units": units}
    return data


def test_a_buyer_types_an_order_by_sku(cast: Cast) -> None:
    data = typed([("SKU-STEADY", "6"), ("", ""), ("SKU-STEADY", "6")], store=cast.north.pk, supplier=cast.supplier.pk)
    response = signed_in(cast.buyer).post(reverse("admin:inventory_purchaseorder_add"), data)
    order = PurchaseOrder.objects.get()
    assert response["Location"] == order_url(order)
    assert list(order.lines.values_list("product__sku", "ordered_units")) == [("SKU-STEADY", 12)]


@pytest.mark.parametrize("lines", [[("NOPE", "6")], [("SKU-STEADY", "7")], [("SKU-STEADY", "")], [("", "")]])
def test_a_typed_order_that_cannot_be_is_shown_again(cast: Cast, lines: list[tuple[str, str]]) -> None:
    data = typed(lines, store=cast.north.pk, supplier=cast.supplier.pk)
    response = signed_in(cast.buyer).post(reverse("admin:inventory_purchaseorder_add"), data)
    assert response.status_code == 200
    assert not PurchaseOrder.objects.exists()


@pytest.mark.parametrize("person", ["viewer", "store_manager", "analyst", "outsider"])
def test_nobody_else_types_an_order(cast: Cast, person: str) -> None:
    data = typed([("SKU-STEADY", "6")], store=cast.north.pk, supplier=cast.supplier.pk)
    response = signed_in(cast.people[person]).post(reverse("admin:inventory_purchaseorder_add"), data)
    assert response.status_code == 403
    assert not PurchaseOrder.objects.exists()


def test_nobody_deletes_an_order(cast: Cast) -> None:
    order = draft_at(cast, cast.north)
    response = signed_in(cast.administrator).post(order_url(order, "delete"), {"post": "yes"})
    assert response.status_code == 403
    assert PurchaseOrder.objects.count() == 1


def test_the_csv_is_a_download(cast: Cast) -> None:
    order = draft_at(cast, cast.north)
    response = signed_in(cast.viewer).get(order_url(order, "csv"))
    assert response["Content-Disposition"] == f'attachment; filename="{order.number}.csv"'
    assert response.content.decode().splitlines()[1] == (
        f"{order.number},N1,SKU-STEADY,Steady product,,12,3.0000,36.0000,GBP"
    )


def test_the_pdf_is_a_download_and_can_be_had_again(cast: Cast) -> None:
    order = draft_at(cast, cast.north)
    for _ in range(2):
        response = signed_in(cast.viewer).get(order_url(order, "pdf"))
        assert response["Content-Disposition"] == f'attachment; filename="{order.number}.pdf"'
        assert response.content.startswith(b"%PDF-")


def test_a_delivery_says_what_was_refused_and_what_will_not_come(cast: Cast) -> None:
    order = sent_at(cast, cast.north)
    line = order.lines.get()
    data = {**receipt_of(order, 5), f"refused_{line.pk}": "2", "refusal": "crushed", f"close_{line.pk}": "short"}
    signed_in(cast.store_manager).post(order_url(order, "receive"), data)
    line.refresh_from_db()
    assert (line.received_units, line.refused_units, line.cancelled_units, line.close_reason) == (5, 2, 7, "short")
    assert Receipt.objects.get().refusal == "crushed"
    text = signed_in(cast.viewer).get(order_url(order)).content.decode()
    assert "Supplier is short of it" in text


def test_a_refused_delivery_keeps_all_that_was_typed(cast: Cast) -> None:
    order = sent_at(cast, cast.north)
    line = order.lines.get()
    data = {**receipt_of(order, 99), f"refused_{line.pk}": "2", f"close_{line.pk}": "short"}
    text = signed_in(cast.buyer).post(order_url(order, "receive"), data).content.decode()
    assert f'name="refused_{line.pk}" value="2"' in text
    assert '<option value="short" selected>' in text


def test_a_failed_mail_is_shown_with_the_button_to_send_it_again(
    cast: Cast, django_capture_on_commit_callbacks: Any
) -> None:
    order = sent_at(cast, cast.north)
    PurchaseOrder.objects.filter(pk=order.pk).update(mail_state="failed", mail_problem="SMTPServerDisconnected: gone")
    client = signed_in(cast.buyer)
    text = client.get(order_url(order)).content.decode()
    assert "its e-mail to orders@acme.example failed: SMTPServerDisconnected: gone" in text
    assert ">Send again</button>" in text
    assert signed_in(cast.store_manager).get(order_url(order)).context["may_mail"] is False
    for _ in range(2):  # a double click
        with django_capture_on_commit_callbacks(execute=True):
            client.post(order_url(order, "mail"), {"mail_key": "page-1"})
    assert len(mail.outbox) == 1
    assert "failed" not in client.get(order_url(order)).content.decode().split("What happened")[0]


def test_an_order_is_closed_for_a_reason(cast: Cast) -> None:
    order = sent_at(cast, cast.north)
    client = signed_in(cast.buyer)
    client.post(order_url(order, "receive"), receipt_of(order, 5))
    response = client.post(order_url(order, "close"), {"reason": ""}, follow=True)
    assert said(response)[-1] == "“” is no reason to close an order."
    client.post(order_url(order, "close"), {"reason": "not_needed"})
    assert order.lines.get().close_reason == "not_needed"


def test_receipts_are_listed_for_own_stores(cast: Cast) -> None:
    for store in (cast.north, cast.south):
        order = sent_at(cast, store)
        signed_in(cast.buyer).post(order_url(order, "receive"), receipt_of(order, 5, store.code))
    address = reverse("admin:inventory_receipt_changelist")
    assert len(signed_in(cast.buyer).get(address).context["cl"].result_list) == 2
    own = signed_in(cast.store_manager).get(address).context["cl"].result_list
    assert [receipt.line.purchase_order.store for receipt in own] == [cast.north]


def test_a_transfer_goes_from_draft_to_received(cast: Cast) -> None:
    client = signed_in(cast.buyer)
    data = typed([("SKU-STEADY", "10")], from_store=cast.south.pk, to_store=cast.north.pk, notes="for the fair")
    client.post(reverse("admin:inventory_stocktransfer_add"), data)
    transfer = StockTransfer.objects.get()
    field = f"units_{transfer.lines.get().pk}"
    client.post(transfer_url(transfer, "lines"), {field: "12", "version": transfer.version})
    client.post(transfer_url(transfer, "approve"), {"version": transfer.version + 1})
    client.post(transfer_url(transfer, "dispatch"), {"version": transfer.version + 2, "expected_date": "2999-01-31"})
    text = client.get(transfer_url(transfer)).content.decode()
    assert f'name="{field}" value="12"' in text
    for _ in range(2):  # a double click
        client.post(transfer_url(transfer, "receive"), {field: "9", "idempotency_key": "k1"})
    assert f'name="{field}" value="3"' in client.get(transfer_url(transfer)).content.decode()
    client.post(transfer_url(transfer, "close"), {"reason": "box fell"})
    transfer.refresh_from_db()
    assert (transfer.status, transfer.notes.splitlines()[0]) == ("received", "for the fair")
    assert (str(transfer.expected_date), transfer.lines.get().lost_units) == ("2999-01-31", 3)
    levels = dict(StockLevel.objects.values_list("store__code", "on_hand_units"))
    assert levels == {"S1": -12, "N1": 9}


@pytest.mark.parametrize("day", ["tomorrow", "2026-02-30", "1999-01-01"])
def test_a_transfer_is_not_dispatched_for_a_day_that_cannot_be(cast: Cast, day: str) -> None:
    transfer = sent_transfer(cast, up_to="approved")
    before = everything()
    response = signed_in(cast.buyer).post(transfer_url(transfer, "dispatch"), {"expected_date": day}, follow=True)
    [message] = said(response)
    assert day in message
    assert everything() == before


def test_the_page_of_a_transfer_offers_only_the_steps_that_can_be_taken(cast: Cast) -> None:
    transfer = sent_transfer(cast, up_to="draft")
    names = ["may_edit", "may_approve", "may_dispatch", "may_receive", "may_close", "may_cancel"]

    def offered(status: str, person: Any) -> set[str]:
        StockTransfer.objects.filter(pk=transfer.pk).update(status=status)
        context = signed_in(person).get(transfer_url(transfer)).context
        return {name.removeprefix("may_") for name in names if context[name]}

    assert {status: offered(status, cast.buyer) for status in StockTransfer.Status.values} == {
        "draft": {"edit", "approve", "cancel"},
        "approved": {"dispatch", "cancel"},
        "sent": {"receive", "close"},
        "partly_received": {"receive", "close"},
        "received": set(),
        "cancelled": set(),
    }
    # The manager of the receiving store may ask and receive, and not send.
    assert offered("draft", cast.store_manager) == {"edit", "cancel"}
    assert offered("approved", cast.store_manager) == {"cancel"}
    assert offered("sent", cast.store_manager) == {"receive", "close"}
    assert offered("sent", cast.viewer) == set()


@pytest.mark.parametrize(
    ("person", "page", "strange_page"),
    [
        ("viewer", 200, 200),
        ("store_manager", 200, 404),
        ("buyer", 200, 200),
        ("analyst", 200, 200),
        ("administrator", 200, 200),
        ("outsider", 403, 403),
    ],
)
def test_both_ends_of_a_transfer_see_it_and_others_do_not(
    cast: Cast, person: str, page: int, strange_page: int
) -> None:
    item = [TransferItem(cast.steady.pk, 1)]
    east = Store.objects.create(code="E1", name="East")
    own = create_transfer(from_store=cast.south, to_store=cast.north, items=item, actor=cast.buyer, now=NOW)
    strange = create_transfer(from_store=cast.south, to_store=east, items=item, actor=cast.buyer, now=NOW)
    client = signed_in(cast.people[person])
    assert client.get(transfer_url(own)).status_code == page
    assert client.get(transfer_url(strange)).status_code == strange_page
    before = everything()
    assert client.post(transfer_url(strange, "receive")).status_code in {200, 403, 404}  # it is a draft still
    assert everything() == before


def test_a_refused_receipt_of_a_transfer_keeps_what_was_typed(cast: Cast) -> None:
    transfer = sent_transfer(cast)
    field = f"units_{transfer.lines.get().pk}"
    data = {field: "21", "idempotency_key": "k1"}
    response = signed_in(cast.store_manager).post(transfer_url(transfer, "receive"), data)
    assert said(response) == ["SKU-STEADY: 0 to 20 units can arrive, not 21."]
    assert f'name="{field}" value="21"' in response.content.decode()


@pytest.mark.parametrize("person", ["viewer", "analyst", "outsider"])
@pytest.mark.parametrize("step", ["lines", "approve", "dispatch", "receive", "close", "cancel"])
def test_only_those_who_work_with_stock_take_the_steps_of_a_transfer(cast: Cast, person: str, step: str) -> None:
    transfer = sent_transfer(
        cast, up_to={"dispatch": "approved", "receive": "sent", "close": "sent"}.get(step, "draft")
    )
    before = everything()
    assert signed_in(cast.people[person]).post(transfer_url(transfer, step)).status_code == 403
    assert everything() == before


def test_a_manager_of_the_receiving_store_cannot_dispatch(cast: Cast) -> None:
    item = [TransferItem(cast.steady.pk, 1)]
    transfer = create_transfer(from_store=cast.south, to_store=cast.north, items=item, actor=cast.buyer, now=NOW)
    before = everything()
    client = signed_in(cast.store_manager)
    for step in ("approve", "dispatch"):
        assert client.get(transfer_url(transfer)).context[f"may_{step}"] is False
        assert client.post(transfer_url(transfer, step)).status_code == 403
    assert everything() == before


def test_approved_orders_are_not_edited(cast: Cast) -> None:
    order = draft_at(cast, cast.north)
    approve_order(order_id=order.pk, actor=cast.buyer, now=NOW)
    data = {f"units_{order.lines.get().pk}": "24"}
    response = signed_in(cast.buyer).post(order_url(order, "lines"), data, follow=True)
    [message] = said(response)
    assert "only draft orders can be changed" in message
    assert order.lines.get().ordered_units == 12
