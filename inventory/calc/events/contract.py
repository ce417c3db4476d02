"""What one stock event says (SPEC RT-1), read from JSON and checked field by field.

``{"event_type", "product": {"product_id", "product_name", "quantity", "timestamp"}}``, optional ``store_id`` and
``event_id``; of a sale or return also ``product.unit_price``. Fields that the contract does not name are left alone: a
producer may add to its events. Plain Python, about 6 µs an event: the web process and Lambda read events.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from inventory.calc.balances import MAX_PRICE, MAX_UNITS

ADDED = "product_added"
REMOVED = "product_removed"
CHANGED = "product_quantity_changed"
SOLD = "sale"
RETURNED = "return"
EVENT_TYPES = (ADDED, REMOVED, CHANGED, SOLD, RETURNED)
TRADE = frozenset({SOLD, RETURNED})

MAX_CODE_LENGTH = 64
MAX_NAME_LENGTH = 200
MAX_ID_LENGTH = 90
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
MILLISECONDS_FROM = 100_000_000_000  # as seconds the year 5138, as milliseconds 1973
CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")  # with what no database encodes: lone surrogates
WHOLE = re.compile(r"[+-]?[0-9]{1,12}(?:\.0+)?")
NUMBER = re.compile(r"[0-9]{1,16}(?:\.[0-9]{1,9})?")


class StockEvent(NamedTuple):
    """One event of one product in one store.

    ``quantity`` is in units: the stock to set for ``product_added``, the signed change for
    ``product_quantity_changed``, units moved (1 or more) for a sale or return, 0 for a removal. ``store_code`` is empty
    where the event names none; ``event_id`` where it has none.
    """

    event_type: str
    product_code: str
    product_name: str
    quantity: int
    occurred_at: datetime
    store_code: str = ""
    event_id: str = ""
    unit_price: Decimal | None = None


class InvalidEvent(ValueError):
    """What is wrong, by field (``product.quantity``); empty name: the event as a whole."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__(reason_of(errors))
        self.errors = errors


def reason_of(errors: Mapping[str, str]) -> str:
    """The errors as one sentence a field."""
    return " ".join(f"{name}: {why}" if name else why for name, why in errors.items())


def read_event(payload: Any, *, latest: datetime) -> StockEvent:
    """The event that ``payload`` (parsed JSON) says; raises ``InvalidEvent`` naming every field that is wrong.

    ``latest`` is the last instant that an event may carry: one from the future would make all that follow stale.
    """
    if not isinstance(payload, Mapping):
        raise InvalidEvent({"": f"The event must be a JSON object, not {_kind(payload)}."})
    errors: dict[str, str] = {}
    product = payload.get("product")
    if not isinstance(product, Mapping):
        errors["product"] = "This field is missing." if product is None else "This must be an object."
        product = None
    event_type = _event_type(payload.get("event_type"), errors)
    store_code = _text(payload, "store_id", errors, most=MAX_CODE_LENGTH)
    event_id = _text(payload, "event_id", errors, most=MAX_ID_LENGTH)
    if product is None:
        raise InvalidEvent(errors)
    event = StockEvent(
        event_type=event_type,
        product_code=_text(product, "product_id", errors, most=MAX_CODE_LENGTH, within="product.", required=True),
        product_name=_text(product, "product_name", errors, most=MAX_NAME_LENGTH, within="product."),
        quantity=_quantity(product.get("quantity"), event_type, errors),
        occurred_at=_instant(product.get("timestamp"), latest, errors),
        store_code=store_code,
        event_id=event_id,
        unit_price=_price(product.get("unit_price"), event_type, errors) if "unit_price" in product else None,
    )
    if errors:
        raise InvalidEvent(errors)
    return event


def event_id_of(payload: Any) -> str:
    """The event's own id, also of an event that is wrong otherwise; empty without a usable one."""
    return _text(payload, "event_id", {}, most=MAX_ID_LENGTH) if isinstance(payload, Mapping) else ""


def _kind(value: Any) -> str:
    names = {list: "a list", str: "a text", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")


def _event_type(value: Any, errors: dict[str, str]) -> str:
    if isinstance(value, str) and value in EVENT_TYPES:
        return value
    if value is None:
        errors["event_type"] = "This field is missing."
    else:
        said = value[:40] if isinstance(value, str) else _kind(value)
        errors["event_type"] = f"“{CONTROL.sub('?', said)}” is no event type; use one of {', '.join(EVENT_TYPES)}."
    return ""


def _text(
    source: Mapping[str, Any], name: str, errors: dict[str, str], *, most: int, within: str = "", required: bool = False
) -> str:
    """The text of a field; a whole number stands for its digits. Empty where it is left out or wrong."""
    value = source.get(name)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**18:
        value = str(value)
    if value is None or value == "":
        if required:
            errors[within + name] = "This field is missing."
        return ""
    if not isinstance(value, str):
        errors[within + name] = f"This must be a text, not {_kind(value)}."
        return ""
    value = value.strip()
    if not 0 < len(value) <= most:
        errors[within + name] = f"This needs 1 to {most} characters."
        return ""
    if CONTROL.search(value):
        errors[within + name] = "This has characters that cannot be printed."
        return ""
    return value


def _quantity(value: Any, event_type: str, errors: dict[str, str]) -> int:
    if event_type == REMOVED:
        return 0  # whatever is said: the stock goes to zero
    units = _whole(value)
    if value is None:
        wrong = "This field is missing."
    elif units is None:
        wrong = "This must be a whole number of units."
    elif abs(units) > MAX_UNITS:
        wrong = f"This is over {MAX_UNITS:,} units."
    elif event_type == ADDED and units < 0:
        wrong = "The stock to set cannot be negative."
    elif event_type in TRADE and units < 1:
        wrong = f"A {event_type} moves at least 1 unit."
    else:
        return units
    errors["product.quantity"] = wrong
    return 0


def _whole(value: Any) -> int | None:
    """A whole number, also as 3.0 or as the text of one; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else None  # not for NaN and infinities either
    if isinstance(value, str) and WHOLE.fullmatch(text := value.strip()):
        return int(text.partition(".")[0])
    return None


def _price(value: Any, event_type: str, errors: dict[str, str]) -> Decimal | None:
    if value is None:
        return None
    try:
        price = None if isinstance(value, bool) else Decimal(str(value))
    except InvalidOperation:
        price = None
    if price is None or not price.is_finite() or not 0 <= price < MAX_PRICE:
        errors["product.unit_price"] = "This must be an amount from 0 to under a thousand million."
        return None
    return price if event_type in TRADE else None


def _instant(value: Any, latest: datetime, errors: dict[str, str]) -> datetime:
    """ISO 8601 (without an offset: UTC) or a count of seconds or milliseconds since 1970."""
    try:
        instant = _read_instant(value)
    except (ValueError, OverflowError, OSError):
        instant = None
    if value is None:
        wrong = "This field is missing."
    elif instant is None:
        wrong = "This must be an instant such as 2026-03-16T09:00:00Z, or seconds since 1970."
    elif instant < EARLIEST:
        wrong = "This lies before the year 2000."
    elif instant > latest:
        wrong = "This lies in the future: is the sender's clock right?"
    else:
        return instant
    errors["product.timestamp"] = wrong
    return latest


def _read_instant(value: Any) -> datetime | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        text = value.strip()
        if not NUMBER.fullmatch(text):
            instant = datetime.fromisoformat(text)
            if instant.tzinfo is None or instant.tzinfo is UTC:  # naive is UTC by contract
                return instant.replace(tzinfo=UTC)
            return instant.astimezone(UTC)  # fails outside of the calendar
        value = float(text)
    if isinstance(value, (int, float)):
        return datetime.fromtimestamp(value / 1000 if value >= MILLISECONDS_FROM else value, UTC)
    return None
