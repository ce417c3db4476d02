"""The clocks of the simulated stores."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from inventory.calc.simulation.catalogue import Catalogue
from inventory.calc.simulation.demand import IntArray

HOUR = 3_600  # seconds


class LocalTime:
    """Turns a store's day and second of the day into seconds since 1970, for every zone and day once."""

    def __init__(self, catalogue: Catalogue, first_day: date, days: int) -> None:
        dates = [first_day + timedelta(days=day) for day in range(days + 1)]
        zones = [ZoneInfo(store.time_zone) for store in catalogue.stores]
        # Noon less twelve hours: right for every time after the clock change of the small hours.
        self.from_noon = np.array([[_epoch(day, time(12), zone) - 12 * HOUR for day in dates] for zone in zones])
        self.midnight = np.array([[_epoch(day, time.min, zone) for day in dates] for zone in zones])

    def at(self, store: IntArray, day: IntArray, second_of_day: NDArray[np.float64] | IntArray) -> IntArray:
        return np.asarray(self.from_noon[store, day] + np.asarray(second_of_day).astype(np.int64))


def _epoch(day: date, clock: time, zone: ZoneInfo) -> int:
    return round(datetime.combine(day, clock, tzinfo=zone).timestamp())
