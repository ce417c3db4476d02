"""The reasons that a new site offers: the one table that the migration and the tests read."""

from __future__ import annotations

from typing import Any

REASONS: dict[str, tuple[tuple[str, str], ...]] = {
    "change": (
        ("promotion", "A promotion or an event is coming"),
        ("local_knowledge", "I know of demand that the forecast cannot know"),
        ("demand_falls", "Demand is about to fall"),
        ("stock_wrong", "The stock on hand is not what the system says"),
        ("supplier", "The supplier's terms, or delivery is uncertain"),
        ("space_or_budget", "Space or budget"),
        ("other", "Another reason"),
    ),
    "reject": (
        ("enough_stock", "There is enough"),
        ("delisted", "The product is being taken off sale"),
        ("demand_falls", "Demand is about to fall"),
        ("forecast_wrong", "The forecast is wrong"),
        ("supplier", "The supplier's terms, or delivery is uncertain"),
        ("space_or_budget", "Space or budget"),
        ("other", "Another reason"),
    ),
    "snooze": (
        ("count_first", "The stock has to be counted first"),
        ("delivery_expected", "A delivery is expected"),
        ("ask_supplier", "The supplier has to be asked"),
        ("other", "Another reason"),
    ),
}


def create_reasons(apps: Any) -> None:
    """Add those that are missing; what somebody edited stays. Works with historical and with present models."""
    DecisionReason = apps.get_model("insights", "DecisionReason")
    for kind, reasons in REASONS.items():
        for position, (code, label) in enumerate(reasons, start=1):
            DecisionReason.objects.get_or_create(
                kind=kind, code=code, defaults={"label": label, "position": 10 * position}
            )
