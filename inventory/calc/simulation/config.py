"""What a demo is made of: sizes and planted facts, as one frozen value."""

from __future__ import annotations

from dataclasses import dataclass

MOST_DAYS = 1_100  # three years: the arrays of a full chain then take about a gigabyte


@dataclass(frozen=True)
class DemoConfig:
    """Sizes of the chain and the days, counted back from the last one, on which the planted facts happen.

    The first and the last day are days of sales. ``days_before_end`` of 0 is the last day.
    """

    seed: int = 7
    days: int = 540
    stores: int = 8
    products: int = 120
    suppliers: int = 14
    customers: int = 2_500
    launch_days_before_end: int = 45  # the new product's first day of sales
    dead_days_before_end: int = 200  # the dead product's last day of demand
    spike_days_before_end: int = 20
    silent_days_before_end: int = 33
    # The last orders that the old policy placed: since then stock has run down and waits for somebody to order.
    last_order_days_before_end: int = 3
    churner_share: float = 0.12

    def __post_init__(self) -> None:
        planted = (
            self.launch_days_before_end,
            self.dead_days_before_end,
            self.spike_days_before_end,
            self.silent_days_before_end,
        )
        if not 30 <= self.days <= MOST_DAYS:
            raise ValueError(f"a demo has 30 to {MOST_DAYS:,} days")
        if max(planted) > self.days - 10:
            raise ValueError("the planted facts lie 10 days or more after the first day")
        if not (2 <= self.stores <= 8 and 6 <= self.products <= 120 and 2 <= self.suppliers <= 14):
            raise ValueError("a demo has 2 to 8 stores, 6 to 120 products and 2 to 14 suppliers")
        if self.customers < 1:
            raise ValueError("a demo has at least 1 customer")
        if self.spike_days_before_end == self.silent_days_before_end:
            raise ValueError("the spike and the silent day are two days")

    def day_index(self, days_before_end: int) -> int:
        """The index, counted from the first day, of a day counted back from the last."""
        return self.days - 1 - days_before_end


FULL = DemoConfig()
SMALL = DemoConfig(
    days=60,
    stores=2,
    products=6,
    suppliers=2,
    customers=40,
    launch_days_before_end=15,
    dead_days_before_end=30,
    spike_days_before_end=10,
    silent_days_before_end=20,
)


def config_for(*, seed: int, days: int) -> DemoConfig:
    """The full demo over ``days`` days; in a short one the planted facts move closer to the end.

    ``config_for(seed=7, days=540)`` is ``FULL``; from 210 days on nothing moves.
    """
    latest = days - 10
    return DemoConfig(
        seed=seed,
        days=days,
        launch_days_before_end=min(FULL.launch_days_before_end, latest),
        dead_days_before_end=min(FULL.dead_days_before_end, latest),
        spike_days_before_end=min(FULL.spike_days_before_end, latest - 1),
        silent_days_before_end=min(FULL.silent_days_before_end, latest),
    )
