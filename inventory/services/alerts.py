"""The one service through which every app opens and closes alerts: one open alert per cause."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from inventory.models import Alert, Product, StockLevel, Store
from inventory.services.locking import in_chunks

MESSAGE_LENGTH = 300


@dataclass(frozen=True)
class NewAlert:
    """What is wrong; ``cause_key`` names the cause, so that the same one is not opened twice.

    ``money`` is what it is expected to cost if nobody acts, in ``currency``; None is not known yet. ``is_pinned`` is for
    what has no price because everything depends on it: it stands above all that has one.
    """

    kind: str
    severity: str
    message: str
    cause_key: str
    store_id: int | None = None
    product_id: int | None = None
    money: Decimal | None = None
    currency: str = ""
    is_pinned: bool = False


def open_alerts(new: Iterable[NewAlert], *, now: datetime) -> None:
    """Open each alert whose cause has none open yet."""
    Alert.objects.bulk_create(
        [
            Alert(
                kind=alert.kind,
                severity=alert.severity,
                message=alert.message[:MESSAGE_LENGTH],
                cause_key=alert.cause_key,
                open_key=alert.cause_key,
                store_id=alert.store_id,
                product_id=alert.product_id,
                money=alert.money or 0,
                currency=alert.currency,
                is_pinned=alert.is_pinned,
                valued_at=None if alert.money is None else now,
                opened_at=now,
            )
            for alert in new
        ],
        ignore_conflicts=True,
        batch_size=500,
    )


def close_alerts(cause_keys: Iterable[str], *, now: datetime) -> int:
    """Close the open alerts of these causes; the number closed."""
    return sum(
        Alert.objects.filter(open_key__in=keys).update(open_key=None, closed_at=now) for keys in in_chunks(cause_keys)
    )


def follow_state(kinds: Iterable[str], wrong: Iterable[NewAlert], *, now: datetime) -> None:
    """Make the open alerts of these kinds those of ``wrong``, and no others: open, refresh and close what differs.

    For whoever looks at a state from time to time (overdue orders, anomalies, dead letters), instead of being told of
    each change. A cause that stays keeps its alert, with its words and its money brought up to date.
    """
    wanted = {alert.cause_key: alert for alert in wrong}
    there = {alert.cause_key: alert for alert in Alert.objects.open().filter(kind__in=list(kinds))}
    close_alerts([key for key in there if key not in wanted], now=now)
    changed = [alert for key, alert in there.items() if key in wanted and _brought_up_to_date(alert, wanted[key], now)]
    Alert.objects.bulk_update(changed, ["severity", "message", "money", "currency", "valued_at"], batch_size=300)
    open_alerts([alert for key, alert in wanted.items() if key not in there], now=now)


def _brought_up_to_date(alert: Alert, new: NewAlert, now: datetime) -> bool:
    """Whether the row differs from what is so now; it is changed to it, unsaved."""
    before = (alert.severity, alert.message, alert.money, alert.currency)
    alert.severity, alert.message = new.severity, new.message[:MESSAGE_LENGTH]
    if new.money is not None:
        alert.money, alert.currency, alert.valued_at = new.money.quantize(Decimal("0.01")), new.currency, now
    return before != (alert.severity, alert.message, alert.money, alert.currency)


def follow_stock(
    levels: Iterable[StockLevel], stock_before: Mapping[tuple[int, int], int | None], *, now: datetime
) -> None:
    """Open and close the stock alerts of levels whose state changed since ``stock_before`` (None: not tracked yet)."""
    opened: list[tuple[Alert.Kind, StockLevel]] = []
    closed: list[str] = []
    for level in levels:
        before = stock_before[level.store_id, level.product_id]
        was = None if before is None else _state(before, level.minimum_units)
        state = None if level.tracked_from is None else _state(level.on_hand_units, level.minimum_units)
        if was == state:
            continue
        if was is not None:
            closed.append(_cause(level, was))
        if state is not None:
            opened.append((state, level))
    if closed:
        close_alerts(closed, now=now)
    if opened:
        open_alerts(_described(opened), now=now)


_SEVERITY = {
    Alert.Kind.OVERSOLD: Alert.Severity.CRITICAL,
    Alert.Kind.OUT_OF_STOCK: Alert.Severity.CRITICAL,
    Alert.Kind.BELOW_MINIMUM: Alert.Severity.HIGH,
}


def _state(on_hand_units: int, minimum_units: int) -> Alert.Kind | None:
    if on_hand_units < 0:
        return Alert.Kind.OVERSOLD
    if on_hand_units == 0:
        return Alert.Kind.OUT_OF_STOCK
    return Alert.Kind.BELOW_MINIMUM if on_hand_units <= minimum_units else None


def _cause(level: StockLevel, kind: Alert.Kind) -> str:
    return f"stock:{level.store_id}:{level.product_id}:{kind}"


def _described(opened: list[tuple[Alert.Kind, StockLevel]]) -> list[NewAlert]:
    stores = Store.objects.in_bulk({level.store_id for _, level in opened})
    products: dict[int, Product] = {}
    for ids in in_chunks({level.product_id for _, level in opened}):
        products |= Product.objects.in_bulk(ids)
    return [
        NewAlert(
            kind=kind,
            severity=_SEVERITY[kind],
            message=(
                f"{products[level.product_id].name} at {stores[level.store_id].name}: "
                f"{level.on_hand_units} units on hand, minimum {level.minimum_units}"
            ),
            cause_key=_cause(level, kind),
            store_id=level.store_id,
            product_id=level.product_id,
            currency=stores[level.store_id].currency,
        )
        for kind, level in opened
    ]
