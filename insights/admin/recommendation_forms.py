"""What a reader of recommendations chooses and types: filters, the decision, the confirmation of a bulk decision."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from unfold.contrib.filters.admin import DropdownFilter
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from insights.models import DecisionReason, ReorderRecommendation
from insights.services.decisions import LONGEST_REASON, LONGEST_SNOOZE_DAYS
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


class DateInput(UnfoldAdminTextInputWidget):
    input_type = "date"


class _ReasonForm(forms.Form):
    """A reason from the list, a typed one, or both."""

    reason_code = forms.ChoiceField(label="Reason", required=False, widget=UnfoldAdminSelectWidget)
    reason = forms.CharField(
        label="In your words", required=False, max_length=LONGEST_REASON, widget=UnfoldAdminTextInputWidget
    )

    def __init__(self, *args: Any, kinds: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = reason_choices(kinds)
        field: Any = self.fields["reason_code"]
        field.choices = choices
        field.widget.choices = choices
        self.fields["reason"].widget.attrs["autocomplete"] = "off"

    def clean_reason_code(self) -> str:
        """The code alone: its kind is that of the button that was pressed."""
        return str(self.cleaned_data["reason_code"]).rpartition(".")[2]


def reason_choices(kinds: Sequence[str]) -> list[tuple[str, Any]]:
    """The offered reasons; under the names of their kinds where there are several."""
    by_kind: dict[str, list[tuple[str, str]]] = {kind: [] for kind in kinds}
    for reason in DecisionReason.objects.filter(kind__in=kinds, is_active=True):
        by_kind[reason.kind].append((f"{reason.kind}.{reason.code}", reason.label))
    groups = [(str(DecisionReason.Kind(kind).label), choices) for kind, choices in by_kind.items() if choices]
    return [("", "–"), *(groups if len(groups) > 1 else [choice for _, choices in groups for choice in choices])]


class DecisionForm(_ReasonForm):
    """The quantity, the reason and the day; ``version`` says which numbers the reader had before the eyes."""

    quantity = forms.IntegerField(
        label="Order (units)", required=False, max_value=10_000_000, widget=UnfoldAdminIntegerFieldWidget
    )
    until = forms.DateField(label="Snooze until", required=False, widget=DateInput)
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, rule: PackRule, first_day: date, **kwargs: Any) -> None:
        super().__init__(*args, kinds=["change", "reject", "snooze"], **kwargs)
        quantity = self.fields["quantity"]
        quantity.widget.attrs.update(step=rule.pack_units, min=rule.smallest_units, inputmode="numeric")
        quantity.help_text = f"Packs of {rule.pack_units:,}, at least {rule.smallest_units:,}."
        self.fields["until"].widget.attrs.update(
            min=first_day.isoformat(), max=(first_day + timedelta(days=LONGEST_SNOOZE_DAYS - 1)).isoformat()
        )


class BulkForm(_ReasonForm):
    """The confirmation of a bulk decision: the rows as one field, so that a thousand of them fit into a form."""

    ids = forms.CharField(widget=forms.HiddenInput)
    percent = forms.IntegerField(
        label="Percent of the recommended order",
        required=False,
        min_value=1,
        max_value=1_000,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="In whole packs, rounded up.",
    )
    until = forms.DateField(label="Until", required=False, widget=DateInput)

    def __init__(self, *args: Any, action: str, **kwargs: Any) -> None:
        super().__init__(*args, kinds=["change"] if action == "approve" else [action], **kwargs)
        if action != "approve":
            del self.fields["percent"]
        if action != "snooze":
            del self.fields["until"]
        self.fields["reason"].label = "In your words" if action == "reject" else "In your words (may stay empty)"

    def clean_ids(self) -> list[int]:
        ids: str = self.cleaned_data["ids"]
        if not IDS.fullmatch(ids):
            raise ValidationError("The chosen rows cannot be read; choose them again.")
        return [int(pk) for pk in ids.split(",")]
