"""On which days a product was on promotion, from the sales that say so."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]
Bools = npt.NDArray[np.bool_]

LONGEST_GAP_DAYS = 14


def promoted_days(promotion_lines: Floats, sold_units: Floats) -> Bools:
    """Days with a sale on promotion, and days without any sale between two such (S × T).

    A day on which nothing sold has no line to say that it was promoted. Left out, promotions would look better than they
    are: only their days with sales would count. A gap is filled where the sales on both sides of it, at most 14 days
    apart, were on promotion.
    """
    sold = sold_units > 0
    promoted: Bools = (promotion_lines > 0) & sold
    day = np.arange(sold.shape[1])
    before = np.maximum.accumulate(np.where(sold, day, -1), axis=1)
    after = np.minimum.accumulate(np.where(sold, day, sold.shape[1])[:, ::-1], axis=1)[:, ::-1]
    inside = (before >= 0) & (after < sold.shape[1]) & (after - before <= LONGEST_GAP_DAYS)
    both = np.take_along_axis(promoted, np.maximum(before, 0), axis=1) & np.take_along_axis(
        promoted, np.minimum(after, sold.shape[1] - 1), axis=1
    )
    filled: Bools = promoted | (inside & both)
    return filled
