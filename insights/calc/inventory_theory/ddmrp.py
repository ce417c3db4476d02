"""Demand Driven MRP: a buffer of three zones, and what its net flow asks for. Ptak and Smith, 2nd edition."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Buffer:
    """Units: the red zone, and the tops of yellow and green."""

    red: float
    top_of_yellow: float
    top_of_green: float


def size_buffer(
    *,
    average_daily_usage: float,
    decoupled_lead_time_days: float,
    lead_time_factor: float,
    variability_factor: float,
    order_cycle_days: float = 0.0,
    minimum_order: float = 0.0,
) -> Buffer:
    """Yellow: usage over the lead time. Red: yellow × lead time factor × (1 + variability factor). Green: the largest of
    yellow × lead time factor, usage over the order cycle, and the minimum order.

    Worked: 4 a day, 10 days, factors 0.5: red 30, yellow to 70, green to 90.
    """
    yellow = average_daily_usage * decoupled_lead_time_days
    base = yellow * lead_time_factor
    red = base * (1 + variability_factor)
    green = max(base, average_daily_usage * order_cycle_days, minimum_order)
    return Buffer(red, red + yellow, red + yellow + green)


def net_flow(*, on_hand: float, incoming: float, qualified_demand: float) -> float:
    """What is there and comes, less what is already asked for today and in spikes ahead."""
    return on_hand + incoming - qualified_demand


def buffer_order(buffer: Buffer, flow: float) -> float:
    """Up to the top of green once the net flow is at or under the top of yellow. Worked: 50 of the buffer above: 40."""
    return buffer.top_of_green - flow if flow <= buffer.top_of_yellow else 0.0
