"""Where the backtest stands: origins a whole number of seasons before the end."""

from __future__ import annotations

import numpy as np

from forecasting.calc.arrays import Bools, Ints

# From so many seasons (periods, where there is no season) on, origins lie two and three of them apart.
TWO_APART = 42
THREE_APART = 150
KNOWN_SEASONS = 4
KNOWN_PERIODS_WITHOUT_SEASON = 8


def least_known(periods: int, season: int) -> int:
    """Known periods that a backtest origin needs: four weeks, or one where the history is under eight.

    Without a season: 8 periods, or half of a shorter history.
    """
    if season == 1:
        return min(KNOWN_PERIODS_WITHOUT_SEASON, max(periods // 2, 2))
    return season * (KNOWN_SEASONS if periods >= 2 * KNOWN_SEASONS * season else 1)


def origins_before(periods: int, season: int, most: int) -> Ints:
    """Up to ``most`` origins before ``periods``, oldest first, then ``periods`` itself.

    ``periods`` need not be whole seasons; the origins are whole seasons before it. Worked: 90 days, season 7, 13: every
    week from day 34 on, 8 origins, then 90.
    """
    apart = 1 + (periods >= TWO_APART * season) + (season == 1 and periods >= THREE_APART)
    origins = periods - np.arange(most, 0, -1) * apart * season
    usable = origins[origins >= least_known(periods, season)]
    return np.append(usable, periods).astype(np.int64)


def judges(origins: Ints, horizon: int) -> Bools:
    """Which origins (columns) may say how each origin (rows) is to be forecast: those that share no period with it.

    Where a long horizon leaves less than half of them, the farther half.

    Worked: origins 0, 14, 28, 42 and 28 periods ahead: 0 is judged by 28 and 42, 14 by 42, and by
    0 and 28, because 42 alone is less than half.
    """
    distance = np.abs(origins[:, None] - origins)
    enough = np.sort(distance, axis=1)[:, len(origins) - len(origins) // 2 :].min(
        axis=1, initial=np.iinfo(np.int64).max
    )
    apart: Bools = distance >= np.minimum(enough, horizon)[:, None]
    return apart | (len(origins) == 1)


def own_share(origins: Ints, horizon: int) -> float:
    """How much of each origin's horizon is new against the origin before it, 0 to 1. Worked: 14 apart, 28 ahead: ½."""
    apart = float(np.median(np.diff(origins))) if len(origins) > 1 else 1.0
    return min(apart / horizon, 1.0)
