"""Default fill rates by ABC (revenue) and XYZ (how steady demand is: X smooth, Z hard to forecast); "" is not classed yet."""

from __future__ import annotations

from collections.abc import Mapping

FILL_RATES: Mapping[str, float] = {
    "AX": 0.99, "AY": 0.98, "AZ": 0.96,
    "BX": 0.97, "BY": 0.96, "BZ": 0.94,
    "CX": 0.95, "CY": 0.92, "CZ": 0.88,
    "A": 0.98, "B": 0.96, "C": 0.92, "": 0.92,
}  # fmt: skip
