"""From what was sold to what was wanted: the history that models may learn from."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

HALF_A_DAY = 0.5


def net_sales(*, sold_units: Floats, returned_units: Floats, started: Bools) -> Floats:
    """Units sold less what came back, per day, never under 0; NaN before the first sale. Series × days.

    A sale undone on the same day was no demand; a return of an older sale does not make today's demand negative.
    ``started`` (series): it had sold before the first column. What stock-outs took away is not put back: that is the
    engine's, from the share of the day in stock (``forecasting.calc.history.uncensored``). Worked: sold 6, returned 1: 5.
    """
    has_begun = np.logical_or.accumulate(sold_units > 0, axis=1) | started[:, None]
    return np.where(has_begun, np.maximum(sold_units - returned_units, 0.0), np.nan)


def observed_demand(
    *, sold_units: Floats, returned_units: Floats, out_of_stock_share: Floats, started: Bools
) -> Floats:
    """Demand of each day in units, to be compared with a forecast of that day: series × days; NaN where it is not known.

    It is ``net_sales``; a day that was out of stock for more than half of its time says nothing about demand and is NaN;
    one that was out for a share s up to a half is raised to demand / (1 - s). Means must not be made from it: days that
    sold out early were days of high demand.

    Worked: sold 6, returned 1, out for a quarter of the day: 5 / 0.75 = 6.67 units.
    """
    net = net_sales(sold_units=sold_units, returned_units=returned_units, started=started)
    out = np.clip(out_of_stock_share, 0.0, 1.0)
    known = out <= HALF_A_DAY
    return np.where(known, net / np.where(known, 1.0 - out, 1.0), np.nan)


def history_days(demand: Floats) -> Ints:
    """Days from the first known one to the end, per series; 0 where nothing is known."""
    days: Ints = np.logical_or.accumulate(np.isfinite(demand), axis=1).sum(axis=1).astype(np.int64)
    return days
