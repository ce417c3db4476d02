"""What a page with buttons needs: a service's refusals on the form or as messages, and typed lines of SKUs."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextInputWidget

from inventory.services.errors import Conflict

TYPED_LINES = 8
MOST_TYPED_LINES = 200
MOST_UNITS = 10_000_000
LINE_ID = re.compile("[0-9]{1,18}")
UNITS = re.compile("-?[0-9]{1,8}")


def add_errors(form: forms.Form, refusal: ValidationError) -> None:
    """Each message on the form's field of that name, the others above the form."""
    fields = refusal.message_dict if hasattr(refusal, "error_dict") else {"": refusal.messages}
    for name, texts in fields.items():
        for text in texts:
            form.add_error(name if name in form.fields else None, text)


def tell_outcome(request: HttpRequest, work: Callable[[], str]) -> bool:
    """Do ``work`` and say what it says; a refusal is said instead. Whether it was done."""
    try:
        said = work()
    except ValidationError as refusal:
        for text in refusal.messages:
            messages.error(request, text)
    except Conflict as conflict:
        messages.error(request, str(conflict))
    else:
        messages.success(request, said)
        return True
    return False


def posted_units(request: HttpRequest, kind: str = "units") -> dict[int, int]:
    """The whole numbers of the fields ``<kind>_<line id>``; an empty field is left out.

    Raises ``ValidationError`` (field ``lines``) for anything else in them.
    """
    units: dict[int, int] = {}
    for line_id, text in posted_words(request, kind).items():
        if not UNITS.fullmatch(text):
            raise ValidationError({"lines": f"“{text[:20]}” is no number of units; use whole numbers."})
        units[line_id] = int(text)
    return units


def posted_words(request: HttpRequest, kind: str) -> dict[int, str]:
    """The fields ``<kind>_<line id>`` that are filled in, by line id."""
    words: dict[int, str] = {}
    for name, value in request.POST.items():
        line_id = name.removeprefix(f"{kind}_")
        text = str(value).strip()
        if line_id == name or not text:
            continue
        if not LINE_ID.fullmatch(line_id):
            raise ValidationError({"lines": f"“{line_id[:20]}” is no line."})
        words[int(line_id)] = text
    return words


class TypedLine(forms.Form):
    """One product by its SKU, with units."""

    sku = forms.CharField(label="SKU", max_length=64, required=False, widget=UnfoldAdminTextInputWidget)
    units = forms.IntegerField(min_value=1, max_value=MOST_UNITS, required=False, widget=UnfoldAdminIntegerFieldWidget)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if bool(data.get("sku")) != (data.get("units") is not None) and not self.errors:
            raise ValidationError("Give both the SKU and the units, or neither.")
        return data


TypedLines = forms.formset_factory(
    TypedLine, extra=TYPED_LINES, max_num=MOST_TYPED_LINES, absolute_max=MOST_TYPED_LINES
)


def units_by_sku(lines: Any) -> dict[str, int]:
    """The filled-in rows of a valid ``TypedLines``; a SKU given twice is added up."""
    units: dict[str, int] = {}
    for row in lines.cleaned_data:
        if row.get("sku"):
            units[row["sku"]] = units.get(row["sku"], 0) + row["units"]
    return units
