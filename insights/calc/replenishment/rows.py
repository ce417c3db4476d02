"""What the policy is told of N products at one place, and what it will not take as it is: each oddity with its name."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from insights.calc.replenishment.arrays import Bools, Floats, Ints
from insights.calc.replenishment.demand import DemandSums

NO_FORECAST = "no usable forecast: only the minimum and what has sold so far are kept"
NO_LEAD_TIME = "no lead time is known: a week is assumed"
NO_PACK = "the pack size is under 1: units are ordered singly"
MOQ_OVER_MAXIMUM = "the minimum order is above the maximum stock"
NO_SUPPLIER = "no supplier lists this product"
NEGATIVE_STOCK = "stock on hand is negative and counts as 0: count it"
DISCONTINUED = "discontinued: nothing more is ordered"
DISCONTINUED_ON_ORDER = "discontinued, with units still on order"
NO_COST = "no margin or no holding cost is known: the fill rate of the class decides"
SUPPLIER_MINIMUM_OVER_NEED = "the supplier's minimum order is above what pays: wait or add by hand"
TOO_LARGE = "the need is more than an order line can hold: check the sales and the forecast"
REASONS = (
    NO_FORECAST,
    NO_LEAD_TIME,
    NO_PACK,
    MOQ_OVER_MAXIMUM,
    NO_SUPPLIER,
    NEGATIVE_STOCK,
    DISCONTINUED,
    DISCONTINUED_ON_ORDER,
    NO_COST,
    SUPPLIER_MINIMUM_OVER_NEED,
    TOO_LARGE,
)
ASSUMED_LEAD_TIME = 7.0
ASSUMED_REVIEW = 7.0


@dataclass(frozen=True)
class Rows:
    """N products, arrays of N unless said otherwise; units, periods (days or weeks) from now, and money per unit.

    - ``demand``: the forecast's sums; ``fallback_units``: what to have without a forecast (e.g. all that has sold so far).
    - ``on_hand``; ``committed``: promised to customers out of it.
    - ``arrivals``, ``arrival_periods`` N × A: what comes in when, sooner first; 0 units for none.
    - ``lead_times`` N × J: equally likely ones; ``review_periods`` until the next order can be placed.
    - ``minimum_units``; ``maximum_units``, ``shelf_life_periods``: 0 for none. ``pack_size``, ``minimum_order`` units.
    - ``unit_cost``; ``margin`` and ``goodwill`` lost with a missed unit; ``holding`` per unit and period; ``salvage`` of a unit
      that passed its shelf life.
    - ``abc_xyz``: class names; ``supplier``: a number, -1 for none; ``discontinued``.
    """

    demand: DemandSums
    fallback_units: Floats
    on_hand: Floats
    committed: Floats
    arrivals: Floats
    arrival_periods: Floats
    lead_times: Floats
    review_periods: Floats
    minimum_units: Floats
    maximum_units: Floats
    shelf_life_periods: Floats
    pack_size: Floats
    minimum_order: Floats
    unit_cost: Floats
    margin: Floats
    goodwill: Floats
    holding: Floats
    salvage: Floats
    abc_xyz: npt.NDArray[np.str_]
    supplier: Ints
    discontinued: Bools

    def __len__(self) -> int:
        return len(self.on_hand)

    @property
    def position(self) -> Floats:
        """On hand + on order - committed."""
        position: Floats = self.on_hand - self.committed + self.arrivals.sum(axis=1)
        return position

    @property
    def is_forecast(self) -> Bools:
        known = np.isfinite(self.demand.quantiles).all(axis=(1, 2)) & np.isfinite(self.demand.mean).all(axis=1)
        return np.asarray(known, dtype=np.bool_)

    def take(self, rows: slice | Ints) -> Rows:
        """Some of the rows."""
        own = {
            name: getattr(self, name)[rows]
            for name in self.__dataclass_fields__
            if name != "demand"
        }  # fmt: skip
        demand = replace(
            self.demand,
            periods=self.demand.periods[rows],
            quantiles=self.demand.quantiles[rows],
            mean=self.demand.mean[rows],
            whole=self.demand.whole[rows],
        )
        return Rows(demand=demand, **own)


@dataclass(frozen=True)
class Repaired:
    """``rows`` as the policy can take them; ``found``: for each of ``REASONS``, which rows (N) it holds for."""

    rows: Rows
    found: dict[str, Bools]

    def reasons(self, row: int) -> list[str]:
        """The reasons of one row, in the order of ``REASONS``."""
        return [reason for reason in REASONS if self.found[reason][row]]


def repair(rows: Rows) -> Repaired:
    """Put something usable in the place of what is not, and say so. Never raises for a single row.

    Worked: a pack size of 0 becomes 1; 5 under nothing on hand become 0 with lost sales; a NaN quantile makes the row one
    without a forecast.
    """
    forecast = rows.is_forecast
    lead_times: Bools = np.asarray((np.isfinite(rows.lead_times) & (rows.lead_times > 0)).all(axis=1))
    review = np.isfinite(rows.review_periods) & (rows.review_periods > 0)
    has_pack = np.isfinite(rows.pack_size) & (rows.pack_size >= 1)
    on_order = rows.arrivals.sum(axis=1) > 0
    costs = (
        np.isfinite(rows.margin + rows.goodwill + rows.holding) & (rows.margin + rows.goodwill > 0) & (rows.holding > 0)
    )
    pack = np.where(has_pack, rows.pack_size, 1.0)
    minimum_order = np.where(np.isfinite(rows.minimum_order), np.maximum(rows.minimum_order, 0), 0)
    found: dict[str, Bools] = dict.fromkeys(REASONS, np.zeros(len(rows), dtype=bool)) | {
        NO_FORECAST: ~forecast,
        NO_LEAD_TIME: ~lead_times,
        NO_PACK: ~has_pack,
        MOQ_OVER_MAXIMUM: (rows.maximum_units > 0) & (minimum_order > rows.maximum_units),
        NO_SUPPLIER: rows.supplier < 0,
        NEGATIVE_STOCK: rows.on_hand < 0,
        DISCONTINUED: rows.discontinued & ~on_order,
        DISCONTINUED_ON_ORDER: rows.discontinued & on_order,
        NO_COST: ~costs,
    }
    usable = replace(
        rows,
        demand=replace(
            rows.demand,
            quantiles=np.where(forecast[:, None, None], rows.demand.quantiles, 0.0),
            mean=np.where(forecast[:, None], rows.demand.mean, 0.0),
        ),
        on_hand=np.maximum(np.nan_to_num(rows.on_hand), 0.0),
        lead_times=np.where(lead_times[:, None], rows.lead_times, ASSUMED_LEAD_TIME),
        review_periods=np.where(review, rows.review_periods, ASSUMED_REVIEW),
        pack_size=pack,
        minimum_order=minimum_order,
        margin=np.maximum(np.nan_to_num(rows.margin), 0.0),
        goodwill=np.maximum(np.nan_to_num(rows.goodwill), 0.0),
        holding=np.maximum(np.nan_to_num(rows.holding), 0.0),
    )
    return Repaired(usable, found)
