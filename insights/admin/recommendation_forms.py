"""What a reader of recommendations chooses and types: filters, the decision, the confirmation of a bulk decision."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from unfold.contrib.filters.admin import DropdownFilter
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextInputWidget

from insights.models import ReorderRecommendation
from insights.services.decisions import LONGEST_REASON
from inventory.calc.packs import PackRule

IDS = re.compile("[0-9]{1,18}(,[0-9]{1,18})*")


class StatusFilter(DropdownFilter):
    """What is still to be decided, unless somebody asks for the rest."""

    title = "status"
    parameter_name = "status__exact"
    all_option = None

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [*[(str(value), str(label)) for value, label in ReorderRecommendation.Status.choices], ("all", "All")]

    def value(self) -> str:
        return super().value() or "pending"

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset if self.value() == "all" else queryset.filter(status=self.value())


class DecisionForm(forms.Form):
    """The quantity and the reason; ``version`` says which numbers the reader had before the eyes."""

    quantity = forms.IntegerField(
        label="Order (units)", required=False, max_value=10_000_000, widget=UnfoldAdminIntegerFieldWidget
    )
    reason = forms.CharField(
        required=False,
        max_length=LONGEST_REASON,
        widget=UnfoldAdminTextInputWidget,
        help_text="Needed to reject.",
    )
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, rule: PackRule, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        quantity = self.fields["quantity"]
        quantity.widget.attrs.update(step=rule.pack_units, min=rule.smallest_units, inputmode="numeric")
        quantity.help_text = f"Packs of {rule.pack_units:,}, at least {rule.smallest_units:,}."
        self.fields["reason"].widget.attrs["autocomplete"] = "off"


class BulkForm(forms.Form):
    """The confirmation of a bulk decision: the rows as one field, so that a thousand of them fit into a form."""

    ids = forms.CharField(widget=forms.HiddenInput)
    reason = forms.CharField(required=False, max_length=LONGEST_REASON, widget=UnfoldAdminTextInputWidget)

    def clean_ids(self) -> list[int]:
        ids: str = self.cleaned_data["ids"]
        if not IDS.fullmatch(ids):
            raise ValidationError("The chosen rows cannot be read; choose them again.")
        return [int(pk) for pk in ids.split(",")]
