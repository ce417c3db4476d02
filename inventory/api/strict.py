"""Serializers that refuse what they do not know, instead of leaving it out in silence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from inventory.calc.balances import MAX_UNITS


def shown(name: Any) -> str:
    """A name that came from outside, fit to be said back: short, printable, and always encodable."""
    return ascii(name)[1:-1][:60] if isinstance(name, str) and not name.isascii() else str(name)[:60]


class _StrictFields:
    """Refuses by name a field that does not exist or is read-only."""

    fields: Any

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            self._refuse_unknown(data)
        return super().to_internal_value(data)  # type: ignore[misc]

    def _refuse_unknown(self, data: Mapping[Any, Any]) -> None:
        errors: dict[str, list[str]] = {}
        for name in data:
            if name not in self.fields:
                errors[shown(name)] = ["Unknown field."]
            elif self.fields[name].read_only:
                errors[shown(name)] = ["This field cannot be set."]
        if errors:
            raise serializers.ValidationError(errors)


class StrictSerializer(_StrictFields, serializers.Serializer[Any]):
    """The input of an action."""


class StrictModelSerializer(_StrictFields, serializers.ModelSerializer[Any]):
    """The input and output of a catalogue row."""


class OutputSerializer(serializers.ModelSerializer[Any]):
    """A row as it is shown. Its columns are read-only, so that no database's own bounds come into the document."""

    def get_extra_kwargs(self) -> dict[str, dict[str, Any]]:
        return {name: {"read_only": True} for name in self.Meta.fields if name not in self._declared_fields}


class UnitsField(serializers.IntegerField):
    """Whole units from ``min_value`` (0) to what the ledger can hold; the same bounds on every database."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("min_value", 0)
        options.setdefault("max_value", MAX_UNITS)
        super().__init__(**options)


class VersionField(serializers.IntegerField):
    """The version of the row that the caller looked at; left out, the caller does not mind."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("min_value", 1)
        options.setdefault("max_value", 2**31 - 1)
        options.setdefault("allow_null", True)
        options.setdefault("default", None)
        options.setdefault("help_text", "The version that was shown; another one now is refused with 409.")
        super().__init__(**options)
