"""Names of segments from their own numbers, the same for the same numbers in every run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from insights.calc.customers.days import Floats

# (up to this many times the median of all customers, word)
RECENCY = ((0.6, "Recent"), (1.6, "Current"), (float("inf"), "Lapsed"))
MONEY = ((0.6, "low spend"), (1.6, "medium spend"), (float("inf"), "high spend"))
FREQUENCY = ((0.6, "rare"), (1.6, "occasional"), (float("inf"), "frequent"))


def name_segments(centres: Floats, medians: Floats) -> list[str]:
    """One name per row of ``centres`` (k × 3: recency days, purchase days, money) against the company's ``medians``.

    Two segments of one name are told apart by their numbers. Worked: medians (60, 4, 400); the centre (10, 12, 2000)
    is "Recent, frequent, high spend".
    """
    names = [_name(row, medians) for row in centres]
    seen = Counter(names)
    return [
        f"{name} (about {row[1]:,.0f} purchases, {row[0]:,.0f} days ago, {row[2]:,.0f})" if seen[name] > 1 else name
        for name, row in zip(names, centres, strict=True)
    ]


def _name(centre: Floats, medians: Floats) -> str:
    recency = _word(centre[0], medians[0], RECENCY)
    frequency = "one-time" if centre[1] <= 1 else _word(centre[1], medians[1], FREQUENCY)
    return f"{recency}, {frequency}, {_word(centre[2], medians[2], MONEY)}"


def _word(value: float, median: float, words: Sequence[tuple[float, str]]) -> str:
    ratio = value / median if median > 0 else np.inf if value > 0 else 1.0
    return next(word for limit, word in words if ratio <= limit)
