"""Reading one event: what is taken, and what is refused by the name of its field."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from inventory.calc.events.contract import InvalidEvent, read_event

LATEST = datetime(2026, 3, 16, 9, 5, tzinfo=UTC)


def payload(**changes: Any) -> dict[str, Any]:
    product = {"product_id": "P3", "product_name": "Tablet", "quantity": 5, "timestamp": "2026-03-16T09:00:00Z"}
    whole: dict[str, Any] = {"event_type": "sale", "store_id": "N1", "event_id": "e-1", "product": product}
    for name, value in changes.items():
        target = whole if name in {"event_type", "store_id", "event_id", "product"} else product
        target[name] = value
    return whole


def errors_of(said: Any) -> dict[str, str]:
    with pytest.raises(InvalidEvent) as caught:
        read_event(said, latest=LATEST)
    return caught.value.errors


def test_a_full_event_is_read() -> None:
    event = read_event(payload(unit_price="2.50"), latest=LATEST)
    assert event == (
        "sale", "P3", "Tablet", 5, datetime(2026, 3, 16, 9, tzinfo=UTC), "N1", "e-1", Decimal("2.50"),
    )  # fmt: skip


@pytest.mark.parametrize(("said", "units"), [("5", 5), (" 7 ", 7), ("5.0", 5), (5.0, 5), ("+3", 3)])
def test_a_quantity_in_other_clothes_is_read(said: Any, units: int) -> None:
    assert read_event(payload(quantity=said), latest=LATEST).quantity == units


def test_a_change_is_signed() -> None:
    assert read_event(payload(event_type="product_quantity_changed", quantity="-4"), latest=LATEST).quantity == -4


@pytest.mark.parametrize(
    "said", ["five", "", "5.5", 5.5, True, None, [5], float("nan"), float("inf"), "1e3", "٥", 10**10, -1, 0]
)
def test_any_other_quantity_of_a_sale_is_refused(said: Any) -> None:
    assert list(errors_of(payload(quantity=said))) == ["product.quantity"]


def test_a_removal_needs_no_quantity() -> None:
    assert read_event(payload(event_type="product_removed", quantity="?"), latest=LATEST).quantity == 0


def test_stock_is_not_set_to_less_than_nothing() -> None:
    assert errors_of(payload(event_type="product_added", quantity=-1)) == {
        "product.quantity": "The stock to set cannot be negative."
    }


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("2026-03-16T11:00:00+02:00", datetime(2026, 3, 16, 9, tzinfo=UTC)),
        ("2026-03-16 09:00:00.25", datetime(2026, 3, 16, 9, 0, 0, 250_000, tzinfo=UTC)),  # no offset: UTC
        (1773651600, datetime(2026, 3, 16, 9, tzinfo=UTC)),
        (1773651600000, datetime(2026, 3, 16, 9, tzinfo=UTC)),
        ("1773651600.5", datetime(2026, 3, 16, 9, 0, 0, 500_000, tzinfo=UTC)),
    ],
)
def test_instants_as_producers_write_them(said: Any, read: datetime) -> None:
    assert read_event(payload(timestamp=said), latest=LATEST).occurred_at == read


@pytest.mark.parametrize(
    "said",
    ["yesterday", None, True, "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", 1e300, 12, "2026-02-30", {}],
)
def test_any_other_instant_is_refused(said: Any) -> None:
    assert list(errors_of(payload(timestamp=said))) == ["product.timestamp"]


def test_an_event_from_the_future_is_refused_by_a_microsecond() -> None:
    read_event(payload(timestamp=LATEST.isoformat()), latest=LATEST)
    late = (LATEST + timedelta(microseconds=1)).isoformat()
    assert errors_of(payload(timestamp=late)) == {
        "product.timestamp": "This lies in the future: is the sender's clock right?"
    }


def test_every_wrong_field_is_named_at_once() -> None:
    wrong = payload(event_type="gift", product_id="", quantity="x", timestamp="x", store_id=["N1"], event_id="e" * 91)
    assert list(errors_of(wrong)) == [
        "event_type", "store_id", "event_id", "product.product_id", "product.quantity", "product.timestamp",
    ]  # fmt: skip


@pytest.mark.parametrize("said", [None, [], "sale", 3, True])
def test_what_is_no_object_is_no_event(said: Any) -> None:
    assert list(errors_of(said)) == [""]


@pytest.mark.parametrize("said", ["a\x00b", "a\nb", "\ud800", "P" * 65, 3.5, {}])
def test_a_product_id_that_no_table_holds_is_refused(said: Any) -> None:
    assert list(errors_of(payload(product_id=said))) == ["product.product_id"]


def test_a_number_stands_for_a_code() -> None:
    assert read_event(payload(product_id=10), latest=LATEST).product_code == "10"


@pytest.mark.parametrize("said", ["dear", -1, "NaN", 10**9, True, [1]])
def test_a_price_that_is_none_is_refused(said: Any) -> None:
    assert list(errors_of(payload(unit_price=said))) == ["product.unit_price"]


def test_what_the_contract_does_not_name_is_left_alone() -> None:
    said = payload(colour="red")
    said["till"] = 3
    assert read_event(said, latest=LATEST).product_code == "P3"
