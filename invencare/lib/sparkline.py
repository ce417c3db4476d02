"""A line as small as a word: the points of an SVG polyline."""

from __future__ import annotations

from collections.abc import Sequence

WIDTH, HEIGHT, EDGE = 100, 24, 2


def sparkline(values: Sequence[float]) -> str:
    """``x,y`` pairs in a box of 100 × 24 for ``<polyline points>``, highest value on top; empty under two values.

    Values that are all the same give a line through the middle.
    """
    if len(values) < 2:
        return ""
    lowest, span = min(values), max(values) - min(values)
    step, room = WIDTH / (len(values) - 1), HEIGHT - 2 * EDGE
    heights = [(value - lowest) / span if span else 0.5 for value in values]
    return " ".join(f"{i * step:.1f},{HEIGHT - EDGE - height * room:.1f}" for i, height in enumerate(heights))
