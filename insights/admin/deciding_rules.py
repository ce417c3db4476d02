"""What administrators set: the reasons to choose from, and how much each role may commit alone."""

from __future__ import annotations

from django.contrib import admin
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from insights.models import DecisionLimit, DecisionReason
from inventory.admin.base import ScopedModelAdmin


@admin.register(DecisionReason)
class DecisionReasonAdmin(ScopedModelAdmin):
    """One list per kind of decision. A reason in use cannot be deleted: take it off the list instead."""

    list_display = ["label", "kind", "code", "position", "is_active"]
    list_filter = [("kind", ChoicesDropdownFilter)]
    search_fields = ["label", "code"]


@admin.register(DecisionLimit)
class DecisionLimitAdmin(ScopedModelAdmin):
    """Without a row, a role may commit ``DECISION_VALUE_LIMIT``; with the right to decide any value, anything."""

    list_display = ["role", "most_per_decision", "most_per_day"]
    list_select_related = ["role"]
