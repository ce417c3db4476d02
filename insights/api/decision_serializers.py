"""Decisions, their reasons, their history and what they were worth, as the API shows and takes them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from insights.models import Decision, DecisionReason, ReorderRecommendation
from insights.services.decision_report import GROUPS
from insights.services.decisions import LONGEST_REASON, Result, staleness_warning
from inventory.api.errors import code_and_fields
from inventory.api.strict import OutputSerializer, StrictSerializer, UnitsField, VersionField

MAX_BULK = 1_000
ACTIONS = ("approve", "reject", "snooze")


class DecisionSerializer(OutputSerializer):
    decided_by = serializers.CharField(source="decided_by_name", read_only=True)
    proposed_by = serializers.CharField(
        source="proposed_by_name", read_only=True, help_text="Who proposed what a second person approved; else empty."
    )
    reason_code = serializers.CharField(source="reason_code.code", read_only=True, allow_null=True, default=None)
    warning = serializers.SerializerMethodField(help_text="That the numbers were old; else empty.")

    class Meta:
        model = Decision
        fields = [
            "id",
            "action",
            "status_before",
            "status_after",
            "quantity",
            "recommended_quantity",
            "value",
            "reason_code",
            "reason",
            "snoozed_until",
            "is_over_limit",
            "proposed_by",
            "decided_by",
            "decided_at",
            "numbers_age_days",
            "warning",
        ]

    def get_warning(self, decision: Decision) -> str:
        return staleness_warning(decision.numbers_age_days)


class _ReasonSerializer(StrictSerializer):
    reason = serializers.CharField(max_length=LONGEST_REASON, required=False, allow_blank=True, default="")
    reason_code = serializers.CharField(
        max_length=32, required=False, allow_blank=True, default="", help_text="One of `decisions/reasons`."
    )


class ApproveSerializer(_ReasonSerializer):
    quantity = UnitsField(
        min_value=1,
        required=False,
        allow_null=True,
        default=None,
        help_text="The recommended one, if left out; of a proposal, the proposed one.",
    )
    version = VersionField()


class RejectSerializer(_ReasonSerializer):
    version = VersionField()


class SnoozeSerializer(_ReasonSerializer):
    until = serializers.DateField(help_text="The day on which it comes back, in the store's time zone.")
    version = VersionField()


class _BulkSerializer(_ReasonSerializer):
    recommendation_ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1), min_length=1, max_length=MAX_BULK
    )


class ApproveManySerializer(_BulkSerializer):
    percent = serializers.IntegerField(
        min_value=1,
        max_value=1_000,
        required=False,
        allow_null=True,
        default=None,
        help_text="Of the recommended units, rounded up to whole packs.",
    )


class RejectManySerializer(_BulkSerializer):
    pass


class SnoozeManySerializer(_BulkSerializer):
    until = serializers.DateField(help_text="The day on which they come back, in each store's time zone.")


class SkippedSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    why = serializers.CharField()


class OutcomeSerializer(serializers.Serializer[Any]):
    """What a bulk decision did, what now waits for a second person, and what it left alone."""

    done = serializers.ListField(child=serializers.IntegerField())
    proposed = serializers.ListField(child=serializers.IntegerField())
    skipped = SkippedSerializer(many=True)


class WishSerializer(_ReasonSerializer):
    id = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    action = serializers.ChoiceField(choices=ACTIONS)
    quantity = UnitsField(min_value=1, required=False, allow_null=True, default=None)
    until = serializers.DateField(required=False, allow_null=True, default=None)
    version = VersionField()


class DecideSerializer(StrictSerializer):
    decisions = serializers.ListField(child=WishSerializer(), min_length=1, max_length=MAX_BULK)


class ResultSerializer(serializers.Serializer[Any]):
    """What became of one row. ``code``, ``message`` and ``field_errors`` say why it was refused; else they are empty."""

    id = serializers.IntegerField(source="recommendation_id")
    outcome = serializers.ChoiceField(choices=["approved", "proposed", "rejected", "snoozed", "refused"])
    code = serializers.SerializerMethodField()
    message = serializers.CharField(source="why")
    field_errors = serializers.SerializerMethodField()
    warning = serializers.SerializerMethodField(help_text="That the numbers were old; else empty.")

    def get_code(self, result: Result) -> str:
        return code_and_fields(result.refusal)[0] if result.refusal else ""

    def get_field_errors(self, result: Result) -> dict[str, list[str]]:
        return code_and_fields(result.refusal)[1] if result.refusal else {}

    def get_warning(self, result: Result) -> str:
        return staleness_warning(result.decision.numbers_age_days) if result.decision else ""


class ResultsSerializer(serializers.Serializer[Any]):
    """One result a row, in the order of the request."""

    results = ResultSerializer(many=True)


class EventSerializer(serializers.Serializer[Any]):
    """One step in the life of a recommendation: who, when, what was shown, and what changed from what to what."""

    action = serializers.ChoiceField(choices=["recommend", *Decision.Action.values])
    at = serializers.DateTimeField(allow_null=True, help_text="Empty for the night's run: see `day`.")
    day = serializers.DateField(help_text="In the store's time zone.")
    by = serializers.CharField()
    status_before = serializers.CharField(allow_blank=True)
    status_after = serializers.ChoiceField(choices=ReorderRecommendation.Status.choices)
    quantity_before = serializers.IntegerField(allow_null=True)
    quantity_after = serializers.IntegerField(allow_null=True)
    decision = DecisionSerializer(allow_null=True)
    shown = serializers.DictField(help_text="The facts that were on the page when it was decided.")


class HistorySerializer(serializers.Serializer[Any]):
    events = EventSerializer(many=True)


class ReasonSerializer(OutputSerializer):
    class Meta:
        model = DecisionReason
        fields = ["kind", "code", "label"]


class WorthQuerySerializer(StrictSerializer):
    by = serializers.ChoiceField(choices=list(GROUPS), default="person", help_text="What the sums are grouped by.")
    date_from = serializers.DateField(required=False, help_text="91 days before date_to, if left out.")
    date_to = serializers.DateField(required=False, help_text="Today, if left out.")
    store_id = serializers.CharField(required=False, max_length=64, help_text="The store's code.")


class WorthSerializer(serializers.Serializer[Any]):
    """One group in one currency. ``value``: what was decided against what was recommended; negative: it cost money."""

    group = serializers.CharField(allow_blank=True)
    label = serializers.CharField()  # type: ignore[assignment]  # a field of this name, not the field's own label
    currency = serializers.CharField()
    decisions = serializers.IntegerField()
    better = serializers.IntegerField(help_text="Decisions that were worth more than the recommendation.")
    worse = serializers.IntegerField()
    value = serializers.DecimalField(max_digits=18, decimal_places=2)
    value_of_ordering = serializers.DecimalField(max_digits=18, decimal_places=2, help_text="Against ordering nothing.")
    lost_units = serializers.FloatField()
    stockout_days = serializers.IntegerField(help_text="Days with lost sales, as decided.")
    stockout_days_avoided = serializers.IntegerField(help_text="Against the recommendation.")
    stockout_days_avoided_by_ordering = serializers.IntegerField(help_text="Against ordering nothing.")
    excess_units = serializers.FloatField(help_text="Left beyond what another such period sells, as decided.")
    excess_units_avoided = serializers.FloatField(help_text="Against the recommendation.")
    forecast_value_added_units = serializers.FloatField(
        help_text="How many units nearer to what was needed than the recommendation."
    )
    estimated_share = serializers.FloatField(help_text="Share of the demand that was estimated, on days without stock.")


class WorthReportSerializer(serializers.Serializer[Any]):
    by = serializers.ChoiceField(choices=list(GROUPS))
    date_from = serializers.DateField()
    date_to = serializers.DateField()
    results = WorthSerializer(many=True)
