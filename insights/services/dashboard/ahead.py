"""What is expected to be sold: the night's totals, which were summed from the series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import zip_longest
from typing import Any

from forecasting.models import DemandForecastTotal
from insights.services.dashboard.reach import Reach

Level = DemandForecastTotal.Level
SHOWN_INTERVAL = "0.95"


@dataclass(frozen=True)
class ForecastAhead:
    """Expected units per day from ``first`` on: their sum, the stores' own, and the interval of the sum.

    ``interval`` (lower and upper units per day) and ``horizon_interval`` (of the whole horizon) are empty over several
    stores that are not all: intervals do not add up, and nobody has computed theirs.
    """

    first: date
    series: int
    units_per_day: Sequence[float]
    by_store: Mapping[int, Sequence[float]]
    interval: tuple[Sequence[float], Sequence[float]] | None = None
    horizon_interval: tuple[float, float] | None = None

    @property
    def expected_units(self) -> float:
        return sum(self.units_per_day)


def newest_forecast(reach: Reach) -> tuple[date, datetime] | None:
    """The newest day from which totals run, and when these were written; a rerun of the day writes them anew."""
    totals = reach.rows(DemandForecastTotal).filter(level=Level.STORE).order_by("-forecast_date", "-pk")
    found: tuple[date, datetime] | None = totals.values_list("forecast_date", "created_at").first()
    return found


def read_ahead(reach: Reach, newest: date) -> ForecastAhead:
    """Two queries. Where a store has totals of several horizons on that day, the longest counts."""
    totals = reach.rows(DemandForecastTotal).filter(forecast_date=newest)
    rows = totals.filter(level=Level.STORE).order_by("forecast_period")
    stores = {
        store_id: (mean or [], series)
        for store_id, series, mean in rows.values_list("store_id", "series", "daily__mean")
    }
    by_store = {store_id: mean for store_id, (mean, _) in stores.items()}
    whole = totals.filter(level=Level.COMPANY if reach.is_everything else Level.STORE).order_by("-forecast_period")
    total = whole.first() if reach.is_everything or len(by_store) == 1 else None
    return ForecastAhead(
        first=newest,
        series=sum(series for _, series in stores.values()),
        units_per_day=[sum(day) for day in zip_longest(*by_store.values(), fillvalue=0.0)],
        by_store=by_store,
        interval=_interval(total.daily if total else {}),
        horizon_interval=_interval(total.horizon if total else {}),
    )


def _interval(kept: Mapping[str, Any]) -> Any:
    bounds = kept.get("intervals", {}).get(SHOWN_INTERVAL)
    return None if bounds is None else (bounds[0], bounds[1])
