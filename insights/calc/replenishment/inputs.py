"""One product at one store in plain numbers, as a dossier keeps it, and many of them as the policy's arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from insights.calc.replenishment.arrays import Bools, Floats
from insights.calc.replenishment.demand import DemandSums
from insights.calc.replenishment.lead_times import LIKELY_LENGTHS, likely_lead_times
from insights.calc.replenishment.rows import Rows

MOST_ARRIVALS = 4
SHORTEST_LEAD_DAYS = 0.5  # a delivery on the day of the order comes in the middle of it
NO_FORECAST_DAYS = (7.0, 14.0)  # stands where no forecast says how long its sums are


@dataclass(frozen=True)
class OrderInputs:
    """Everything that the policy looks at for one row. Units, days from the day of the recommendation, money per unit.

    - ``on_hand_units`` as recorded; stock that was never counted (``is_counted``) counts as 0. ``committed_units`` of it are
      promised to other stores. ``on_order_units`` and ``in_transit_units`` come in as ``arrivals`` say: [[days, units], …].
    - ``lead_time_days``, ``lead_time_sd_days``; where measured, ``lead_time_shares`` [[whole days, share], …] and their
      ``lead_time_source``. ``wait_days`` until the supplier takes the next order; ``review_days`` from then to the one after.
    - ``demand_days`` the lengths of the forecast's sums (lead time, protection interval), ``demand_means`` and
      ``demand_quantiles`` (lengths × ``demand_levels``) of them; empty without a usable forecast. ``sold_units`` so far.
    - ``minimum_units``; ``maximum_units``, ``shelf_life_days``: 0 for none. ``pack_size``, ``minimum_order_units``.
    - ``unit_cost``, ``unit_margin``, ``unit_goodwill``, ``unit_salvage``, ``holding_per_day`` of a unit.
    """

    on_hand_units: int
    is_counted: bool
    committed_units: int
    on_order_units: int
    in_transit_units: int
    arrivals: Sequence[Sequence[float]]
    lead_time_days: float
    lead_time_sd_days: float
    lead_time_source: str
    lead_time_shares: Sequence[Sequence[float]]
    wait_days: float
    review_days: float
    demand_days: Sequence[float]
    demand_levels: Sequence[float]
    demand_means: Sequence[float]
    demand_quantiles: Sequence[Sequence[float]]
    sold_units: int
    minimum_units: int
    maximum_units: int
    shelf_life_days: int
    pack_size: int
    minimum_order_units: int
    unit_cost: float
    unit_margin: float
    unit_goodwill: float
    unit_salvage: float
    holding_per_day: float
    abc_class: str
    xyz_class: str
    supplier_id: int | None
    is_discontinued: bool

    @property
    def stock_units(self) -> int:
        """What counts as on hand."""
        return self.on_hand_units if self.is_counted else 0

    def as_json(self) -> dict[str, Any]:
        """The fields by name, lists as they are: ``asdict`` would copy each number."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def inputs_from_json(values: Mapping[str, Any]) -> OrderInputs:
    """The inputs as a dossier keeps them. Raises ``ValueError`` naming what is missing or not known."""
    names = {field.name for field in fields(OrderInputs)}
    if differing := sorted(names.symmetric_difference(values)):
        raise ValueError(f"the inputs lack or do not know: {', '.join(differing)}")
    return OrderInputs(**values)


def rows_of(inputs: Sequence[OrderInputs]) -> Rows:
    """The rows of the policy, in the order of ``inputs``; a row is the same alone and among others.

    Levels are those of the first row with a forecast: a forecast at other levels counts as none, as does one whose sums fall or
    are no numbers.
    """
    levels = next((tuple(one.demand_levels) for one in inputs if one.demand_levels), (0.1, 0.9))
    arrivals, arrival_periods = _arrivals(inputs)
    suppliers = [-1 if one.supplier_id is None else one.supplier_id for one in inputs]
    return Rows(
        demand=_demand(inputs, levels),
        fallback_units=_column(inputs, "sold_units"),
        on_hand=_column(inputs, "stock_units"),
        committed=_column(inputs, "committed_units"),
        arrivals=arrivals,
        arrival_periods=arrival_periods,
        lead_times=lead_times_of(inputs),
        review_periods=_column(inputs, "review_days"),
        minimum_units=_column(inputs, "minimum_units"),
        maximum_units=_column(inputs, "maximum_units"),
        shelf_life_periods=_column(inputs, "shelf_life_days"),
        pack_size=_column(inputs, "pack_size"),
        minimum_order=_column(inputs, "minimum_order_units"),
        unit_cost=_column(inputs, "unit_cost"),
        margin=_column(inputs, "unit_margin"),
        goodwill=_column(inputs, "unit_goodwill"),
        holding=_column(inputs, "holding_per_day"),
        salvage=_column(inputs, "unit_salvage"),
        abc_xyz=np.array([one.abc_class + one.xyz_class for one in inputs], dtype=np.str_),
        supplier=np.array(suppliers, dtype=np.int64),
        discontinued=np.array([one.is_discontinued for one in inputs], dtype=bool),
    )


def lead_times_of(inputs: Sequence[OrderInputs]) -> Floats:
    """N × ``LIKELY_LENGTHS`` equally likely days until an order of today comes in: the wait, and what was measured or stated.

    NaN where the lead time is not above 0.
    """
    mean, sd = _column(inputs, "lead_time_days"), _column(inputs, "lead_time_sd_days")
    known: Bools = np.isfinite(mean) & (mean > 0)
    stated = likely_lead_times(np.where(known, mean, 1.0), np.where(known, np.maximum(np.nan_to_num(sd), 0), 0.0))
    lengths = np.where(known[:, None], stated, np.nan)
    for row, one in enumerate(inputs):
        if one.lead_time_shares and known[row]:
            lengths[row] = _measured(one.lead_time_shares)
    return lengths + _column(inputs, "wait_days")[:, None]


def _measured(shares: Sequence[Sequence[float]]) -> Floats:
    """The quantiles of what deliveries took. Worked: 2 days for a half, 4 for the other: eight 2s and eight 4s."""
    days, weights = np.array(sorted(map(tuple, shares)), dtype=float).T
    levels = (np.arange(LIKELY_LENGTHS) + 0.5) / LIKELY_LENGTHS
    place = np.searchsorted(np.cumsum(weights / weights.sum()) + 1e-9, levels)
    lengths: Floats = np.maximum(days[np.minimum(place, len(days) - 1)], SHORTEST_LEAD_DAYS)
    return lengths


def _column(inputs: Sequence[OrderInputs], name: str) -> Floats:
    return np.array([getattr(one, name) for one in inputs], dtype=np.float64)


def _arrivals(inputs: Sequence[OrderInputs]) -> tuple[Floats, Floats]:
    """Units and days, N × A, sooner first; room that a row does not need comes before what it does."""
    kept = [_merged(one.arrivals) for one in inputs]
    most = max(1, *map(len, kept)) if kept else 1
    units, days = np.zeros((2, len(inputs), most))
    for row, arrivals in enumerate(kept):
        for place, (day, coming) in enumerate(arrivals, start=most - len(arrivals)):
            units[row, place], days[row, place] = coming, day
    return units, days


def _merged(arrivals: Sequence[Sequence[float]]) -> list[tuple[float, float]]:
    """Sorted by day; from the fourth on, all on the day of the last."""
    by_day = sorted((max(float(day), 0.0), float(units)) for day, units in arrivals if units > 0)
    if len(by_day) <= MOST_ARRIVALS:
        return by_day
    rest = by_day[MOST_ARRIVALS - 1 :]
    return [*by_day[: MOST_ARRIVALS - 1], (rest[-1][0], sum(units for _, units in rest))]


def _demand(inputs: Sequence[OrderInputs], levels: tuple[float, ...]) -> DemandSums:
    count = len(inputs)
    periods = np.tile(np.array(NO_FORECAST_DAYS), (count, 1))
    means = np.full((count, 2), np.nan)
    quantiles = np.full((count, 2, len(levels)), np.nan)
    for row, one in enumerate(inputs):
        if tuple(one.demand_levels) == levels:
            periods[row], means[row], quantiles[row] = one.demand_days, one.demand_means, one.demand_quantiles
    falls = (np.diff(quantiles, axis=2) < 0).any(axis=(1, 2))
    means[falls] = np.nan
    return DemandSums(
        periods=periods,
        levels=np.array(levels),
        quantiles=quantiles,
        mean=means,
        whole=np.ones(count, dtype=bool),
    )
