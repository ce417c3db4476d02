"""The contract of an event as JSON Schema, for the OpenAPI document and for producers. ``contract`` reads by it."""

from __future__ import annotations

from typing import Any

from inventory.calc.balances import MAX_UNITS
from inventory.calc.events.contract import (
    ADDED,
    CHANGED,
    EVENT_TYPES,
    MAX_CODE_LENGTH,
    MAX_ID_LENGTH,
    MAX_NAME_LENGTH,
    REMOVED,
)

MAX_EVENTS = 500

EVENT_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "One stock event. Fields that are not named here are left alone.",
    "required": ["event_type", "product"],
    "properties": {
        "event_type": {
            "type": "string",
            "enum": list(EVENT_TYPES),
            "description": (
                f"`{ADDED}` sets the stock, and adds the product where it is new; `{REMOVED}` takes it off sale here with "
                f"a stock of 0; `{CHANGED}` adds a signed number; `sale` and `return` move units."
            ),
        },
        "store_id": {
            "type": "string",
            "maxLength": MAX_CODE_LENGTH,
            "description": "The store's code; left out, the default store of the site.",
        },
        "event_id": {
            "type": "string",
            "maxLength": MAX_ID_LENGTH,
            "description": (
                "What makes it the same event when it comes again. Without it, an event that says the same, to the "
                "microsecond of its time, is the same."
            ),
        },
        "product": {
            "type": "object",
            "required": ["product_id", "timestamp"],
            "properties": {
                "product_id": {"type": "string", "minLength": 1, "maxLength": MAX_CODE_LENGTH},
                "product_name": {"type": "string", "maxLength": MAX_NAME_LENGTH},
                "quantity": {
                    "description": "Whole units, also as a text; not needed for a removal.",
                    "oneOf": [
                        {"type": "integer", "minimum": -MAX_UNITS, "maximum": MAX_UNITS},
                        {"type": "string", "pattern": r"^\s*[+-]?[0-9]{1,12}(\.0+)?\s*$"},
                    ],
                },
                "timestamp": {
                    "description": "ISO 8601 (without an offset: UTC), or seconds or milliseconds since 1970.",
                    "oneOf": [{"type": "string"}, {"type": "number"}],
                },
                "unit_price": {
                    "description": "Of a sale or return, in the store's currency; without it units count, no revenue.",
                    "oneOf": [{"type": "string"}, {"type": "number"}],
                },
            },
        },
    },
}
EVENTS_SCHEMA: dict[str, Any] = {
    "oneOf": [EVENT_SCHEMA, {"type": "array", "minItems": 1, "maxItems": MAX_EVENTS, "items": EVENT_SCHEMA}]
}
