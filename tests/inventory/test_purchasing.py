"""The life of a purchase order: draft, approved, sent, received, and what each step refuses."""

from __future__ import annotations

import smtplib
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.mail import EmailMessage

from inventory.models import InventoryTransaction, PurchaseOrder, PurchaseOrderLine, Receipt, StockLevel, SupplierItem
from inventory.querysets.scope import EVERY_STORE, NO_STORE, StoreScope
from inventory.services.errors import Conflict
from inventory.services.purchasing import (
    OrderItem,
    add_to_draft_order,
    add_to_draft_orders,
    approve_order,
    cancel_order,
    change_draft_lines,
    close_order,
    create_draft_order,
    order_csv,
    receive_order,
    resend_order,
    send_order,
)
from tests.cast import NOW, Cast

Commit = Callable[..., Any]


@pytest.fixture
def draft(cast: Cast) -> PurchaseOrder:
    items = [OrderItem(cast.steady.pk, 12, Decimal("3.00")), OrderItem(cast.seasonal.pk, 6, Decimal("2.50"))]
    return add_to_draft_order(store=cast.north, supplier=cast.supplier, items=items, actor=cast.buyer, now=NOW)


@pytest.fixture
def sent(cast: Cast, draft: PurchaseOrder, django_capture_on_commit_callbacks: Commit) -> PurchaseOrder:
    approve_order(order_id=draft.pk, actor=cast.buyer, now=NOW)
    with django_capture_on_commit_callbacks(execute=True):
        return send_order(order_id=draft.pk, actor=cast.buyer, now=NOW)


def line_of(order: PurchaseOrder, product: Any) -> PurchaseOrderLine:
    return order.lines.get(product=product)


def on_hand(store: Any, product: Any) -> int | None:
    level = StockLevel.objects.filter(store=store, product=product).first()
    return None if level is None else level.on_hand_units


def test_a_draft_is_numbered_by_its_key_and_says_who_began_it(cast: Cast, draft: PurchaseOrder) -> None:
    assert (draft.number, draft.status, draft.created_by) == (f"PO-{draft.pk}", "draft", cast.buyer)
    assert draft.notes == "2026-03-16 09:00 UTC: bo began this draft\n"


def test_items_for_the_same_supplier_and_store_end_in_one_draft(cast: Cast, draft: PurchaseOrder) -> None:
    items = [OrderItem(cast.steady.pk, 6, Decimal("3.10")), OrderItem(cast.new.pk, 18, Decimal("1.00"))]
    again = add_to_draft_order(store=cast.north, supplier=cast.supplier, items=items, actor=cast.buyer, now=NOW)
    assert again.pk == draft.pk
    lines = again.lines.order_by("pk").values_list("product__sku", "ordered_units", "unit_cost")
    assert list(lines) == [
        ("SKU-STEADY", 18, Decimal("3.1000")),
        ("SKU-SEASONAL", 6, Decimal("2.5000")),
        ("SKU-NEW", 18, Decimal("1.0000")),
    ]
    assert again.version == draft.version + 1


def test_another_store_and_an_approved_order_get_a_draft_of_their_own(cast: Cast, draft: PurchaseOrder) -> None:
    item = [OrderItem(cast.steady.pk, 6, Decimal(3))]
    south = add_to_draft_order(store=cast.south, supplier=cast.supplier, items=item, actor=cast.buyer, now=NOW)
    approve_order(order_id=draft.pk, actor=cast.buyer, now=NOW)
    later = add_to_draft_order(store=cast.north, supplier=cast.supplier, items=item, actor=cast.buyer, now=NOW)
    assert len({draft.pk, south.pk, later.pk}) == 3


def test_adding_to_many_drafts_takes_the_same_queries_for_any_number_of_items(
    cast: Cast, django_assert_num_queries: Commit
) -> None:
    def wanted(count: int) -> dict[tuple[int, int], list[OrderItem]]:
        items = [OrderItem(product.pk, 6, Decimal(3)) for product in cast.products[:count]]
        return {(store.pk, cast.supplier.pk): items for store in (cast.north, cast.south)}

    for count in (1, 5):
        PurchaseOrder.objects.all().delete()
        with django_assert_num_queries(11):
            add_to_draft_orders(wanted=wanted(count), actor=cast.buyer, now=NOW, scope=EVERY_STORE)


@pytest.mark.parametrize(("units", "cost"), [(0, "1"), (-1, "1"), (10_000_001, "1"), (1, "-0.01")])
def test_an_impossible_item_is_refused_and_no_draft_begun(cast: Cast, units: int, cost: str) -> None:
    items = [OrderItem(cast.steady.pk, units, Decimal(cost))]
    with pytest.raises(ValidationError):
        add_to_draft_order(store=cast.north, supplier=cast.supplier, items=items, actor=cast.buyer, now=NOW)
    assert PurchaseOrder.objects.count() == 0


def test_a_buyers_own_order_takes_the_suppliers_cost_and_names_every_bad_line(cast: Cast) -> None:
    SupplierItem.objects.filter(product=cast.steady).update(unit_cost=Decimal("2.75"))
    order = create_draft_order(
        store=cast.north, supplier=cast.supplier, units_by_sku={"SKU-STEADY": 12}, actor=cast.buyer, now=NOW
    )
    assert line_of(order, cast.steady).unit_cost == Decimal("2.7500")
    bad = {"SKU-STEADY": 7, "NOPE": 6}
    with pytest.raises(ValidationError) as refused:
        create_draft_order(store=cast.north, supplier=cast.supplier, units_by_sku=bad, actor=cast.buyer, now=NOW)
    assert refused.value.message_dict == {
        "lines": [
            "SKU-STEADY: 7 units cannot be ordered: packs of 6, at least 6. Use 6 or 12.",
            "“NOPE” is no product; use its SKU.",
        ]
    }
    assert line_of(order, cast.steady).ordered_units == 12


def test_lines_of_a_draft_are_changed_and_taken_out(cast: Cast, draft: PurchaseOrder) -> None:
    units = {line_of(draft, cast.steady).pk: 24, line_of(draft, cast.seasonal).pk: 0}
    change_draft_lines(order_id=draft.pk, units=units, version=draft.version, actor=cast.buyer, now=NOW)
    assert list(draft.lines.values_list("product__sku", "ordered_units")) == [("SKU-STEADY", 24)]


def test_a_line_off_the_pack_is_refused_by_name_and_nothing_changes(cast: Cast, draft: PurchaseOrder) -> None:
    units = {line_of(draft, cast.steady).pk: 13, line_of(draft, cast.seasonal).pk: 12}
    with pytest.raises(ValidationError) as refused:
        change_draft_lines(order_id=draft.pk, units=units, actor=cast.buyer, now=NOW)
    assert refused.value.messages == ["SKU-STEADY: 13 units cannot be ordered: packs of 6, at least 6. Use 12 or 18."]
    assert list(draft.lines.order_by("pk").values_list("ordered_units", flat=True)) == [12, 6]


def test_a_draft_that_grew_since_it_was_opened_cannot_be_approved_unseen(cast: Cast, draft: PurchaseOrder) -> None:
    item = [OrderItem(cast.new.pk, 6, Decimal(1))]
    add_to_draft_order(store=cast.north, supplier=cast.supplier, items=item, actor=cast.buyer, now=NOW)
    with pytest.raises(Conflict, match="was changed since you opened it"):
        approve_order(order_id=draft.pk, version=draft.version, actor=cast.buyer, now=NOW)
    draft.refresh_from_db()
    assert draft.status == "draft"


def test_of_two_people_with_the_same_page_one_approves_and_the_other_is_told_who(
    cast: Cast, draft: PurchaseOrder
) -> None:
    approve_order(order_id=draft.pk, version=draft.version, actor=cast.buyer, now=NOW)
    with pytest.raises(Conflict) as told:
        approve_order(order_id=draft.pk, version=draft.version, actor=cast.administrator, now=NOW)
    assert str(told.value) == (
        f"PO-{draft.pk} is approved; only draft orders can be approved. 2026-03-16 09:00 UTC: bo approved it"
    )


def test_an_order_without_lines_is_not_approved(cast: Cast, draft: PurchaseOrder) -> None:
    draft.lines.all().delete()
    with pytest.raises(ValidationError, match="nothing to approve"):
        approve_order(order_id=draft.pk, actor=cast.buyer, now=NOW)


def test_sending_dates_the_order_and_mails_it_with_its_lines(cast: Cast, sent: PurchaseOrder) -> None:
    assert (sent.status, sent.order_date, sent.expected_date) == ("sent", date(2026, 3, 16), date(2026, 3, 21))
    [message] = mail.outbox
    assert (message.to, message.subject) == (["orders@acme.example"], f"Purchase order PO-{sent.pk} for North")
    [(pdf_name, pdf, pdf_kind), (name, content, kind)] = message.attachments
    assert (pdf_name, pdf_kind, pdf[:5]) == (f"PO-{sent.pk}.pdf", "application/pdf", b"%PDF-")
    assert (name, kind) == (f"PO-{sent.pk}.csv", "text/csv")
    assert content == order_csv(sent)
    assert "2026-03-16 09:00 UTC: mailed to orders@acme.example\n" in sent.notes
    assert (sent.mail_state, sent.mail_at, sent.mail_problem) == ("mailed", NOW, "")


def test_the_csv_makes_formulas_text(cast: Cast, draft: PurchaseOrder) -> None:
    cast.steady.name = "=cmd()"
    cast.steady.save(update_fields=["name"])
    rows = order_csv(draft).splitlines()
    assert rows[0] == "order,store,sku,product,barcode,units,unit cost,line total,currency"
    assert rows[2] == f"PO-{draft.pk},N1,SKU-STEADY,'=cmd(),,12,3.0000,36.0000,GBP"


def test_a_mail_failure_keeps_the_order_sent_and_it_can_be_mailed_again(
    cast: Cast, draft: PurchaseOrder, django_capture_on_commit_callbacks: Commit, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: EmailMessage, fail_silently: bool = False) -> int:
        raise smtplib.SMTPServerDisconnected("gone")

    approve_order(order_id=draft.pk, actor=cast.buyer, now=NOW)
    with monkeypatch.context() as broken:
        broken.setattr(EmailMessage, "send", fail)
        with django_capture_on_commit_callbacks(execute=True):
            order = send_order(order_id=draft.pk, actor=cast.buyer, now=NOW)
    order.refresh_from_db()
    assert (order.status, len(mail.outbox)) == ("sent", 0)
    assert "mail to orders@acme.example failed (SMTPServerDisconnected); send it again\n" in order.notes
    assert (order.mail_state, order.mail_problem) == ("failed", "SMTPServerDisconnected: gone")
    with django_capture_on_commit_callbacks(execute=True):
        resend_order(order_id=order.pk, actor=cast.buyer, now=NOW)
    assert len(mail.outbox) == 1


def test_a_supplier_without_an_address_is_said_so(
    cast: Cast, draft: PurchaseOrder, django_capture_on_commit_callbacks: Commit
) -> None:
    cast.supplier.email = ""
    cast.supplier.save(update_fields=["email"])
    approve_order(order_id=draft.pk, actor=cast.buyer, now=NOW)
    with django_capture_on_commit_callbacks(execute=True):
        order = send_order(order_id=draft.pk, actor=cast.buyer, now=NOW)
    assert order.notes.endswith(
        "not mailed: ACME · Acme Wholesale has no e-mail address; send the PDF or the CSV yourself\n"
    )
    with pytest.raises(ValidationError, match="has no e-mail address"):
        resend_order(order_id=order.pk, actor=cast.buyer, now=NOW)


def test_only_an_approved_order_is_sent(cast: Cast, draft: PurchaseOrder) -> None:
    with pytest.raises(Conflict, match="only approved orders can be sent"):
        send_order(order_id=draft.pk, actor=cast.buyer, now=NOW)


def test_a_part_delivery_enters_the_ledger_and_leaves_the_rest_open(cast: Cast, sent: PurchaseOrder) -> None:
    line = line_of(sent, cast.steady)
    order = receive_order(order_id=sent.pk, lines={line.pk: 5}, idempotency_key="d1", actor=cast.buyer, now=NOW)
    assert (order.status, order.closed_at, line_of(order, cast.steady).open_units) == ("partly_received", None, 7)
    movement = InventoryTransaction.objects.get()
    assert (movement.movement_type, movement.quantity, movement.after_units) == ("receipt", 5, 5)
    assert (movement.unit_price, movement.reference, movement.recorded_by) == (Decimal("3.0000"), sent.number, "bo")
    receipt = Receipt.objects.get()
    assert (receipt.units, receipt.received_on, receipt.received_by) == (5, date(2026, 3, 16), cast.buyer)


def test_the_last_delivery_ends_the_order(cast: Cast, sent: PurchaseOrder) -> None:
    everything = {line.pk: line.ordered_units for line in sent.lines.all()}
    order = receive_order(order_id=sent.pk, lines=everything, idempotency_key="d1", actor=cast.buyer, now=NOW)
    assert (order.status, order.closed_at) == ("received", NOW)
    assert (on_hand(cast.north, cast.steady), on_hand(cast.north, cast.seasonal)) == (12, 6)


def test_the_same_request_twice_is_booked_once_even_after_the_end(cast: Cast, sent: PurchaseOrder) -> None:
    everything = {line.pk: line.ordered_units for line in sent.lines.all()}
    for _ in range(2):
        receive_order(order_id=sent.pk, lines=everything, idempotency_key="d1", actor=cast.buyer, now=NOW)
    assert (Receipt.objects.count(), InventoryTransaction.objects.count()) == (2, 2)
    assert on_hand(cast.north, cast.steady) == 12


def test_the_same_key_with_other_units_is_a_conflict(cast: Cast, sent: PurchaseOrder) -> None:
    line = line_of(sent, cast.steady)
    receive_order(order_id=sent.pk, lines={line.pk: 5}, idempotency_key="d1", actor=cast.buyer, now=NOW)
    with pytest.raises(Conflict, match="is booked already, with other units"):
        receive_order(order_id=sent.pk, lines={line.pk: 6}, idempotency_key="d1", actor=cast.buyer, now=NOW)
    assert on_hand(cast.north, cast.steady) == 5


def test_up_to_twice_the_order_may_arrive_and_not_more(cast: Cast, sent: PurchaseOrder) -> None:
    line = line_of(sent, cast.steady)
    with pytest.raises(ValidationError) as refused:
        receive_order(order_id=sent.pk, lines={line.pk: 25}, idempotency_key="d1", actor=cast.buyer, now=NOW)
    assert refused.value.message_dict == {
        "lines": ["SKU-STEADY: 25 units would have arrived of 12 ordered; at most 24 are accepted."]
    }
    assert InventoryTransaction.objects.count() == 0
    receive_order(order_id=sent.pk, lines={line.pk: 24}, idempotency_key="d2", actor=cast.buyer, now=NOW)
    assert on_hand(cast.north, cast.steady) == 24


def test_bad_deliveries_are_refused_by_line_and_nothing_moves(cast: Cast, sent: PurchaseOrder) -> None:
    line = line_of(sent, cast.steady)
    for lines, message in (
        ({}, "Give the units that arrived of at least one line."),
        ({line.pk: 0}, "Give the units that arrived of at least one line."),
        ({line.pk: -1}, "SKU-STEADY: -1 units cannot arrive; correct the stock by a count instead."),
        ({0: 1}, f"Line 0 is not a line of PO-{sent.pk}."),
    ):
        with pytest.raises(ValidationError) as refused:
            receive_order(order_id=sent.pk, lines=lines, idempotency_key="d1", actor=cast.buyer, now=NOW)
        assert refused.value.messages == [message]
    assert (Receipt.objects.count(), InventoryTransaction.objects.count()) == (0, 0)


def test_a_draft_is_not_received(cast: Cast, draft: PurchaseOrder) -> None:
    lines = {line_of(draft, cast.steady).pk: 1}
    with pytest.raises(Conflict, match="only sent orders can be received"):
        receive_order(order_id=draft.pk, lines=lines, idempotency_key="d1", actor=cast.buyer, now=NOW)


def test_a_partly_received_order_is_closed_short_and_not_cancelled(cast: Cast, sent: PurchaseOrder) -> None:
    line = line_of(sent, cast.steady)
    receive_order(order_id=sent.pk, lines={line.pk: 5}, idempotency_key="d1", actor=cast.buyer, now=NOW)
    with pytest.raises(Conflict, match="is partly received: close it"):
        cancel_order(order_id=sent.pk, actor=cast.buyer, now=NOW)
    order = close_order(order_id=sent.pk, actor=cast.buyer, now=NOW)
    assert (order.status, order.closed_at) == ("received", NOW)
    assert order.notes.endswith("bo closed it 13 units short: supplier is short of it\n")


@pytest.mark.parametrize("step", ["draft", "approved", "sent"])
def test_what_nothing_came_of_is_cancelled_with_its_reason(
    cast: Cast, draft: PurchaseOrder, step: str, django_capture_on_commit_callbacks: Commit
) -> None:
    if step != "draft":
        approve_order(order_id=draft.pk, actor=cast.buyer, now=NOW)
    if step == "sent":
        send_order(order_id=draft.pk, actor=cast.buyer, now=NOW)
    order = cancel_order(order_id=draft.pk, actor=cast.buyer, now=NOW, reason="supplier closed")
    assert order.status == "cancelled"
    assert order.notes.endswith("bo cancelled it: supplier closed\n")
    with pytest.raises(Conflict, match="is cancelled"):
        approve_order(order_id=draft.pk, actor=cast.buyer, now=NOW)


def test_a_manager_of_another_store_is_refused_at_every_step_and_nothing_changes(cast: Cast) -> None:
    item = [OrderItem(cast.steady.pk, 6, Decimal(3))]
    order = add_to_draft_order(store=cast.south, supplier=cast.supplier, items=item, actor=cast.buyer, now=NOW)
    line = line_of(order, cast.steady)
    who: dict[str, Any] = {"actor": cast.store_manager, "now": NOW}
    steps: list[Callable[[], object]] = [
        lambda: add_to_draft_order(store=cast.south, supplier=cast.supplier, items=item, **who),
        lambda: change_draft_lines(order_id=order.pk, units={line.pk: 12}, **who),
        lambda: approve_order(order_id=order.pk, **who),
        lambda: send_order(order_id=order.pk, **who),
        lambda: resend_order(order_id=order.pk, **who),
        lambda: receive_order(order_id=order.pk, lines={line.pk: 1}, idempotency_key="d", **who),
        lambda: close_order(order_id=order.pk, **who),
        lambda: cancel_order(order_id=order.pk, **who),
    ]
    before = PurchaseOrder.objects.values().get(), PurchaseOrderLine.objects.values().get()
    for step in steps:
        with pytest.raises(PermissionDenied):
            step()
    assert (PurchaseOrder.objects.values().get(), PurchaseOrderLine.objects.values().get()) == before
    assert InventoryTransaction.objects.count() == 0


def test_a_scope_that_the_door_gives_stands_before_the_persons_own(cast: Cast, draft: PurchaseOrder) -> None:
    with pytest.raises(PermissionDenied):
        approve_order(order_id=draft.pk, actor=cast.buyer, now=NOW, scope=NO_STORE)
    only_north = StoreScope(store_ids=frozenset({cast.north.pk}))
    assert approve_order(order_id=draft.pk, actor=cast.buyer, now=NOW, scope=only_north).status == "approved"
