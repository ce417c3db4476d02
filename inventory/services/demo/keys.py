"""Names that are made again, the same, by a second run."""

from __future__ import annotations

ORDER_PREFIX = "PO-D"


def movement_key(seed: int, position: int) -> str:
    """The idempotency key of the movement at this place of the simulated events."""
    return f"demo:{seed}:{position}"


def order_number(index: int) -> str:
    return f"{ORDER_PREFIX}{index + 1:05d}"


def invoice_number(visit: int) -> str:
    return f"INV-{visit + 1:06d}"


def customer_code(index: int) -> str:
    return f"C-{index + 1:05d}"
