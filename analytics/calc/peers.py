"""Whether one's odd day was everybody's."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analytics.calc.outliers import generalised_esd

LEAST_PEERS = 8
MOST_OUTLIERS_SHARE = 0.3


def who_stands_out(deviations: NDArray[np.float64], place: int) -> bool | None:
    """Whether the day at ``place`` is an outlier among all stores' deviations (S) of that day; None with under 8 known.

    By the generalised ESD test with up to 30 % outliers. Where snow keeps everybody at home, nobody stands out.

    Worked: -6 among eight stores within ±1 stands out; -6 among eight between -7 and -5 does not.
    """
    known = np.flatnonzero(np.isfinite(deviations))
    if len(known) < LEAST_PEERS or place not in known:
        return None
    found = generalised_esd(deviations[known], most=max(int(MOST_OUTLIERS_SHARE * len(known)), 1))
    return bool(place in known[found.outliers])
