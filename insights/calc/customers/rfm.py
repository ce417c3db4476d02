"""Rule-based RFM: scores of 1 to 5 from the company's own fifths, and ten segments by rules on the scores.

The rules and the binning are those of the R package ``rfm`` (its customer-level tutorial): a threshold is a fifth's
quantile plus ``offset``, an interval is closed on its left; the first rule that fits names the segment.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from insights.calc.customers.days import Floats, Ints, TooFewCustomersError

FIFTHS = (0.2, 0.4, 0.6, 0.8)
OTHERS = "Others"
Range = tuple[int, int]
# Segment, and the inclusive ranges of the scores of recency, frequency and monetary value. In order.
SEGMENT_RULES: tuple[tuple[str, Range, Range, Range], ...] = (
    ("Champions", (5, 5), (5, 5), (5, 5)),
    ("Potential Loyalist", (3, 5), (3, 5), (2, 5)),
    ("Loyal Customers", (2, 4), (2, 4), (2, 4)),
    ("Promising", (3, 4), (1, 3), (3, 5)),
    ("New Customers", (4, 5), (1, 3), (1, 5)),
    ("Can't Lose Them", (1, 2), (3, 4), (4, 5)),
    ("At Risk", (1, 2), (2, 5), (4, 5)),
    ("Need Attention", (1, 3), (3, 5), (3, 5)),
    ("About To Sleep", (2, 3), (1, 3), (1, 4)),
    ("Lost", (1, 1), (1, 5), (1, 5)),
)
SEGMENTS = (*(rule[0] for rule in SEGMENT_RULES), OTHERS)


@dataclass(frozen=True)
class RfmScores:
    """Scores of 1 to 5 (5 is best) and each customer's segment as a place in ``SEGMENTS``; arrays of N.

    The thresholds are four each, rising: days, purchases, money.
    """

    recency: Ints
    frequency: Ints
    monetary: Ints
    segment: Ints
    recency_thresholds: Floats
    frequency_thresholds: Floats
    monetary_thresholds: Floats


def score_rfm(*, recency_days: Floats, frequency: Floats, monetary: Floats, offset: Floats | float = 1.0) -> RfmScores:
    """Score N customers against each other. Raises ``TooFewCustomersError`` for none, ``ValueError`` for NaN.

    ``offset`` is what the published form adds to each quantile, so that on whole numbers the quantile itself falls
    into the lower interval; or three, of recency, frequency and money. Worked: recency thresholds 115, 181, 297.4, 482: 205 days score 3, 98 days score 5.
    """
    if not len(recency_days):
        raise TooFewCustomersError("there is no customer to score")
    if not all(np.isfinite(values).all() for values in (recency_days, frequency, monetary)):
        raise ValueError("recency, frequency and monetary value must be finite numbers")
    offsets = np.broadcast_to(np.asarray(offset, dtype=np.float64), 3)
    columns = (recency_days, frequency, monetary)
    thresholds = [np.quantile(values, FIFTHS) + more for values, more in zip(columns, offsets, strict=True)]
    r = 5 - np.searchsorted(thresholds[0], recency_days, side="right")
    f = 1 + np.searchsorted(thresholds[1], frequency, side="right")
    m = 1 + np.searchsorted(thresholds[2], monetary, side="right")
    return RfmScores(r, f, m, segment_of_scores(r, f, m), *thresholds)


def segment_of_scores(recency: Ints, frequency: Ints, monetary: Ints) -> Ints:
    """Places in ``SEGMENTS``: the first rule that fits, else ``Others``."""
    found = np.full(len(recency), len(SEGMENT_RULES))
    for place in range(len(SEGMENT_RULES) - 1, -1, -1):
        _, *ranges = SEGMENT_RULES[place]
        fits = np.ones(len(recency), dtype=np.bool_)
        for scores, (low, high) in zip((recency, frequency, monetary), ranges, strict=True):
            fits &= (scores >= low) & (scores <= high)
        found[fits] = place
    return found
