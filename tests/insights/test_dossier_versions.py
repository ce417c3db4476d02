"""Rows of the first policy stay explained and recomputable, as they were made."""

from __future__ import annotations

from typing import Any

from insights.services.dossier import explain, recompute

# As version 1 kept it: 4 a day without spread, 5 days of lead time give or take 1, 7 of review.
FLAT = ("0.025", "0.1", "0.25", "0.5", "0.75", "0.9", "0.95", "0.975", "0.98", "0.99")
VERSION_1: dict[str, Any] = {
    "version": 1,
    "policy": {
        "service_levels": {"A": 0.98, "B": 0.95, "C": 0.9, "": 0.9},
        "critical_probability": 0.5,
        "high_probability": 0.2,
    },
    "inputs": {
        "on_hand_units": 20,
        "is_counted": True,
        "on_order_units": 0,
        "in_transit_units": 0,
        "minimum_units": 0,
        "maximum_units": 0,
        "abc_class": "A",
        "demand_basis": "forecast",
        "protection_days": 12,
        "lead_days": 5,
        "lead_time_sd_days": 1.0,
        "demand_per_day": 4.0,
        "protection": dict.fromkeys(FLAT, 48.0),
        "lead_time": dict.fromkeys(FLAT, 20.0),
        "sold_units": 0,
        "pack_size": 6,
        "minimum_order_quantity": 6,
        "unit_cost": 3.0,
        "unit_price": 5.0,
    },
    "steps": {
        "counted_on_hand_units": 20,
        "position_units": 20,
        "service_level": 0.98,
        "demand_target_units": 56.214996,
        "order_up_to_units": 56.214996,
        "is_capped_by_maximum": False,
        "need_units": 37,
        "quantity": 42,
        "passes_maximum_by_units": 0,
        "days_of_cover": 5.0,
        "lead_time_stockout_probability": 0.5,
        "stockout_probability": 0.987755,
        "expected_lost_units": 28.01,
        "money_at_risk": 56.02,
        "urgency": "critical",
        "confidence": "normal",
    },
    "reasons": [],
    "facts": {
        "lead_time_days": 5.0,
        "review_days": 7,
        "model": "seasonal_naive",
        "accuracy_score": 100.0,
        "first_sale": "",
    },
}


def test_a_dossier_of_version_1_is_recomputed_to_its_quantity() -> None:
    assert recompute(VERSION_1) == 42


def test_a_dossier_of_version_1_is_told_as_it_was_made() -> None:
    assert explain(VERSION_1) == [
        "On hand are 20 units; 0 units are on order and 0 units in transit: the inventory position is 20 units.",
        "An order has to last 12 days: 5 days of lead time and 7 days until the next order, rounded up.",
        "Expected demand is 4.00 units a day, 48.0 in 12 days (seasonal naive, accuracy 100 of 100 in backtest).",
        "The lead time varies by 1 day, which widens what may be needed.",
        "In 98% of cases (class A) demand stays within 56.2 units.",
        "Order up to 56.2 units.",
        "Missing are 37 units; in packs of 6 with a minimum order of 6 units the order is 42 units.",
        "The stock on hand lasts 5 days at the expected demand.",
        (
            "Without this order it runs out before an order could arrive with 50% probability, and within 12 days "
            "with 99%; 28.0 units of sales would be lost, a margin of 56.02."
        ),
    ]
